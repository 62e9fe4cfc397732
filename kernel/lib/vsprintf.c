/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Formatted output into memory: base/printf.h lists the conversions. One pass over the format; every
 * piece goes through put(), which drops what does not fit and still counts it. No allocation, no
 * locks, any context. An unknown conversion is printed as it stands, so that the mistake is seen.
 */
#include <base/assert.h>
#include <base/hash.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>

struct out {
	char *buf;
	size_t size;		/* of buf, with the NUL */
	size_t len;		/* of the text, stored or not */
};

#define F_LEFT	0x01
#define F_PLUS	0x02
#define F_SPACE	0x04
#define F_ALT	0x08
#define F_ZERO	0x10
#define F_UPPER	0x20
#define F_SIGN	0x40

struct spec {
	u32 flags;
	int width;		/* 0: none */
	int precision;		/* -1: none */
	int bytes;		/* of an integer argument: 1, 2, 4, 8 */
};

static void put(struct out *o, const char *s, size_t n)
{
	if (o->len < o->size)
		memcpy(o->buf + o->len, s, min(n, o->size - o->len));
	o->len += n;
}

static void put_char(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_pad(struct out *o, char c, int n)
{
	for (; n > 0; n--)
		put_char(o, c);
}

/* Text with the width and side that the spec asks for. */
static void put_field(struct out *o, const char *s, size_t n, const struct spec *sp)
{
	int pad = n < (size_t)sp->width ? sp->width - (int)n : 0;

	if (!(sp->flags & F_LEFT))
		put_pad(o, ' ', pad);
	put(o, s, n);
	if (sp->flags & F_LEFT)
		put_pad(o, ' ', pad);
}

static const char pairs[] =
	"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
	"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/* Digits of v, written before `end`; returns where they begin. No digits for 0. */
static char *format_digits(char *end, u64 v, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	if (base == 10) {
		for (; v >= 100; v /= 100) {
			end -= 2;
			memcpy(end, &pairs[v % 100 * 2], 2);
		}
		if (v >= 10) {
			end -= 2;
			memcpy(end, &pairs[v * 2], 2);
		} else if (v) {
			*--end = (char)('0' + v);
		}
		return end;
	}
	for (; v; v >>= base == 16 ? 4 : 3)
		*--end = digits[v & (base - 1)];
	return end;
}

static void put_number(struct out *o, u64 v, unsigned int base, const struct spec *sp)
{
	char buf[24], prefix[3], *end = buf + sizeof(buf), *p;
	int nprefix = 0, ndigits, zeros, pad;

	if (sp->flags & F_SIGN) {
		bool neg = (s64)v < 0;

		if (neg)
			v = 0 - v;
		if (neg || (sp->flags & (F_PLUS | F_SPACE)))
			prefix[nprefix++] = neg ? '-' : sp->flags & F_PLUS ? '+' : ' ';
	}
	p = format_digits(end, v, base, sp->flags & F_UPPER);
	ndigits = (int)(end - p);
	zeros = (sp->precision >= 0 ? sp->precision : 1) - ndigits;
	if (zeros < 0)
		zeros = 0;
	if (sp->flags & F_ALT) {
		if (base == 16 && v) {
			prefix[nprefix++] = '0';
			prefix[nprefix++] = sp->flags & F_UPPER ? 'X' : 'x';
		} else if (base == 8 && !zeros) {
			zeros = 1;
		}
	}
	pad = sp->width - nprefix - zeros - ndigits;
	if ((sp->flags & (F_ZERO | F_LEFT)) == F_ZERO && sp->precision < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!(sp->flags & F_LEFT))
		put_pad(o, ' ', pad);
	put(o, prefix, (size_t)nprefix);
	put_pad(o, '0', zeros);
	put(o, p, (size_t)ndigits);
	if (sp->flags & F_LEFT)
		put_pad(o, ' ', pad);
}

static void put_string(struct out *o, const char *s, const struct spec *sp)
{
	/* A small number is never a string: NULL plus an offset, an errno. */
	if ((u64)s < PAGE_SIZE)
		s = "(null)";
	else if ((u64)s >= (u64)-4095)
		s = "(error)";
	put_field(o, s, sp->precision >= 0 ? strnlen(s, (size_t)sp->precision) : strlen(s), sp);
}

static void put_uint(struct out *o, u64 v)
{
	char buf[24], *end = buf + sizeof(buf), *p = v ? format_digits(end, v, 10, false) : end - 1;

	if (!v)
		*p = '0';
	put(o, p, (size_t)(end - p));
}

static void put_hex_byte(struct out *o, u8 b)
{
	put_char(o, "0123456789abcdef"[b >> 4]);
	put_char(o, "0123456789abcdef"[b & 15]);
}

/* Bytes as two hex digits each, with a separator; at most 64. */
static void put_hex_bytes(struct out *o, const u8 *p, int n, char separator)
{
	for (int i = 0; i < n && i < 64; i++) {
		if (i && separator)
			put_char(o, separator);
		put_hex_byte(o, p[i]);
	}
}

static void put_uuid(struct out *o, const u8 *p)
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			put_char(o, '-');
		put_hex_byte(o, p[i]);
	}
}

static void put_ipv4(struct out *o, const u8 *p)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			put_char(o, '.');
		put_uint(o, p[i]);
	}
}

/* RFC 5952: the longest run of two or more zero groups, the first of equals, becomes "::". */
static void put_ipv6(struct out *o, const u8 *p)
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !p[2 * (i + n)] && !p[2 * (i + n) + 1])
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
	}
	for (int i = 0; i < 8; i++) {
		struct spec hex = { .precision = -1 };

		if (i == best) {
			put(o, "::", 2);
			i += best_len - 1;
			continue;
		}
		if (i && i != best + best_len)
			put_char(o, ':');
		else if (i && best < 0)
			put_char(o, ':');
		put_number(o, (u64)p[2 * i] << 8 | p[2 * i + 1], 16, &hex);
	}
}

static void put_symbol(struct out *o, u64 addr, bool with_offset)
{
	struct spec hex = { .precision = -1, .flags = F_ALT };
	u64 offset = 0, size = 0;
	const char *name = symbol_lookup(addr, &offset, &size);

	if (!name) {
		put_number(o, addr, 16, &hex);
		return;
	}
	put(o, name, strlen(name));
	if (with_offset) {
		put(o, "+0x", 3);
		hex.flags = 0;
		put_number(o, offset, 16, &hex);
		put(o, "/0x", 3);
		put_number(o, size, 16, &hex);
	}
}

/* The same address gives the same number within one boot, and says nothing about where things lie. */
static u64 hash_pointer(u64 v)
{
	static u64 key;
	struct siphash_key k;

	if (IS_DEBUG || !v)
		return v;
	if (!READ_ONCE(key)) {
		u64 zero = 0;

		__atomic_compare_exchange_n(&key, &zero, arch_entropy_u64() | 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
	k.k0 = READ_ONCE(key);
	k.k1 = ~k.k0;
	return siphash(&v, sizeof(v), &k) & 0xffffffff;
}

/* What follows %p. Returns how many characters of the format it took. */
static int put_pointer(struct out *o, const char *fmt, const void *ptr, struct spec *sp)
{
	switch (*fmt) {
	case 'S': case 's':
		put_symbol(o, (u64)ptr, *fmt == 'S');
		return 1;
	case 'x':
		sp->flags |= F_ZERO;
		sp->width = 16;
		put_number(o, (u64)ptr, 16, sp);
		return 1;
	case 'h':
		put_hex_bytes(o, ptr, sp->width ? sp->width : 1, ' ');
		return 1;
	case 'M':
		put_hex_bytes(o, ptr, 6, ':');
		return 1;
	case 'U':
		put_uuid(o, ptr);
		return 1;
	case 'I':
		if (fmt[1] == '4') {
			put_ipv4(o, ptr);
			return 2;
		}
		if (fmt[1] == '6') {
			put_ipv6(o, ptr);
			return 2;
		}
	}
	sp->flags |= F_ZERO;
	sp->width = 16;
	put_number(o, hash_pointer((u64)ptr), 16, sp);
	return 0;
}

/* An integer argument of any size, extended as its conversion wants. */
#define NEXT_INT(sp, ap) ({ \
	u64 _v = (sp)->bytes == 8 ? va_arg(ap, u64) : va_arg(ap, u32); \
	bool _s = (sp)->flags & F_SIGN; \
	(sp)->bytes == 8 ? _v : \
	(sp)->bytes == 4 ? (_s ? (u64)(s64)(s32)_v : _v) : \
	(sp)->bytes == 2 ? (_s ? (u64)(s64)(s16)_v : (u64)(u16)_v) : \
	(_s ? (u64)(s64)(s8)_v : (u64)(u8)_v); })

static const char *parse_flags(const char *fmt, struct spec *sp)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-': sp->flags |= F_LEFT; continue;
		case '+': sp->flags |= F_PLUS; continue;
		case ' ': sp->flags |= F_SPACE; continue;
		case '#': sp->flags |= F_ALT; continue;
		case '0': sp->flags |= F_ZERO; continue;
		}
		return fmt;
	}
}

static const char *parse_int(const char *fmt, int *v)
{
	/* Widths beyond any use are cut, so that nothing overflows. */
	for (*v = 0; isdigit(*fmt); fmt++)
		if (*v < 100000)
			*v = *v * 10 + (*fmt - '0');
	return fmt;
}

static const char *parse_length(const char *fmt, struct spec *sp)
{
	sp->bytes = 4;
	switch (*fmt) {
	case 'h':
		sp->bytes = fmt[1] == 'h' ? 1 : 2;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	case 'l':
		sp->bytes = 8;
		return fmt + (fmt[1] == 'l' ? 2 : 1);
	case 'z': case 't': case 'j': case 'L': case 'q':
		sp->bytes = 8;
		return fmt + 1;
	}
	return fmt;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { .buf = buf, .size = size };
	va_list ap;

	/* A copy has the type va_list here, whatever a parameter of that type decays to. */
	va_copy(ap, args);
	while (*fmt) {
		struct spec sp = { .precision = -1 };
		const char *start = fmt, *end = fmt;
		char c;

		while (*end && *end != '%')
			end++;
		if (end != fmt) {
			put(&o, fmt, (size_t)(end - fmt));
			fmt = end;
			continue;
		}
		fmt = parse_flags(fmt + 1, &sp);
		if (*fmt == '*') {
			sp.width = va_arg(ap, int);
			if (sp.width < 0) {
				sp.flags |= F_LEFT;
				sp.width = sp.width > -100000 ? -sp.width : 0;
			}
			fmt++;
		} else {
			fmt = parse_int(fmt, &sp.width);
		}
		if (*fmt == '.') {
			if (*++fmt == '*') {
				sp.precision = va_arg(ap, int);
				fmt++;
			} else {
				fmt = parse_int(fmt, &sp.precision);
			}
		}
		fmt = parse_length(fmt, &sp);
		switch (*fmt++) {
		case 'd': case 'i':
			sp.flags |= F_SIGN;
			put_number(&o, NEXT_INT(&sp, ap), 10, &sp);
			break;
		case 'u':
			put_number(&o, NEXT_INT(&sp, ap), 10, &sp);
			break;
		case 'X':
			sp.flags |= F_UPPER;
			fallthrough;
		case 'x':
			put_number(&o, NEXT_INT(&sp, ap), 16, &sp);
			break;
		case 'o':
			put_number(&o, NEXT_INT(&sp, ap), 8, &sp);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_field(&o, &c, 1, &sp);
			break;
		case 's':
			put_string(&o, va_arg(ap, const char *), &sp);
			break;
		case 'p':
			fmt += put_pointer(&o, fmt, va_arg(ap, const void *), &sp);
			break;
		case '%':
			put_char(&o, '%');
			break;
		default:
			/* Not known: show it, and do not run past a final '%'. */
			if (!fmt[-1])
				fmt--;
			put(&o, start, (size_t)(fmt - start));
		}
	}
	va_end(ap);
	if (size)
		buf[min(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if ((size_t)n < size)
		return n;
	return size ? (int)size - 1 : 0;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
