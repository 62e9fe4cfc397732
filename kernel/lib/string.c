/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory blocks and strings. keel: no-sanitize (used before the shadow memory exists, and by it).
 *
 * memcpy and memset are hot: copies of up to 64 bytes load everything and then store everything,
 * with overlapping words in place of a loop for the rest; longer ones go 64 bytes a turn. No vector
 * registers (they belong to user space) and no `rep` (an emulator runs it byte by byte). The same
 * scheme serves memmove, where all loads of a turn come before its stores.
 */
#include <base/bits.h>
#include <base/errno.h>
#include <base/string.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen

/* Words at any address and of any object. */
typedef u64 __attribute__((aligned(1), may_alias)) w64;
typedef u32 __attribute__((aligned(1), may_alias)) w32;
typedef u16 __attribute__((aligned(1), may_alias)) w16;
typedef u64 __attribute__((may_alias)) a64;

/* The compiler must not find a memcpy in memcpy, nor shadow checks in what reads whole words. */
#ifdef __clang__
#define RAW __attribute__((no_builtin, no_sanitize("address", "kernel-address", "undefined")))
#else
#define RAW __attribute__((optimize("no-tree-loop-distribute-patterns"), no_sanitize("address", "kernel-address", "undefined")))
#endif

#define W(p, off)	(*(w64 *)((char *)(p) + (off)))
#define WC(p, off)	(*(const w64 *)((const char *)(p) + (off)))

/* 0..64 bytes; the areas may overlap. */
static __always_inline void move_small(char *d, const char *s, size_t n)
{
	if (n > 32) {
		u64 a0 = WC(s, 0), a1 = WC(s, 8), a2 = WC(s, 16), a3 = WC(s, 24);
		u64 b0 = WC(s, n - 32), b1 = WC(s, n - 24), b2 = WC(s, n - 16), b3 = WC(s, n - 8);

		W(d, 0) = a0; W(d, 8) = a1; W(d, 16) = a2; W(d, 24) = a3;
		W(d, n - 32) = b0; W(d, n - 24) = b1; W(d, n - 16) = b2; W(d, n - 8) = b3;
	} else if (n > 16) {
		u64 a0 = WC(s, 0), a1 = WC(s, 8), b0 = WC(s, n - 16), b1 = WC(s, n - 8);

		W(d, 0) = a0; W(d, 8) = a1; W(d, n - 16) = b0; W(d, n - 8) = b1;
	} else if (n >= 8) {
		u64 a = WC(s, 0), b = WC(s, n - 8);

		W(d, 0) = a; W(d, n - 8) = b;
	} else if (n >= 4) {
		u32 a = *(const w32 *)s, b = *(const w32 *)(s + n - 4);

		*(w32 *)d = a; *(w32 *)(d + n - 4) = b;
	} else if (n >= 2) {
		u16 a = *(const w16 *)s, b = *(const w16 *)(s + n - 2);

		*(w16 *)d = a; *(w16 *)(d + n - 2) = b;
	} else if (n) {
		*d = *s;
	}
}

/* 64 bytes, loads first. */
static __always_inline void move_64(char *d, const char *s)
{
	u64 a0 = WC(s, 0), a1 = WC(s, 8), a2 = WC(s, 16), a3 = WC(s, 24);
	u64 a4 = WC(s, 32), a5 = WC(s, 40), a6 = WC(s, 48), a7 = WC(s, 56);

	W(d, 0) = a0; W(d, 8) = a1; W(d, 16) = a2; W(d, 24) = a3;
	W(d, 32) = a4; W(d, 40) = a5; W(d, 48) = a6; W(d, 56) = a7;
}

/* The areas do not overlap, so four registers at a time do, and none has to be saved. */
static __always_inline void copy_32(char *d, const char *s)
{
	u64 a0 = WC(s, 0), a1 = WC(s, 8), a2 = WC(s, 16), a3 = WC(s, 24);

	W(d, 0) = a0; W(d, 8) = a1; W(d, 16) = a2; W(d, 24) = a3;
	/* Keeps the compiler from loading all eight words of a turn first. */
	barrier();
}

/* More than 64 bytes: whole turns, then the last 64 once more or for the first time. */
static __noinline RAW void *copy_long(void *dst, const void *src, size_t n)
{
	char *d = dst, *last = d + n - 64;
	const char *s = src;

	do {
		copy_32(d, s);
		copy_32(d + 32, s + 32);
		d += 64;
		s += 64;
	} while (d < last);
	s -= d - last;
	copy_32(last, s);
	copy_32(last + 32, s + 32);
	return dst;
}

RAW void *memcpy(void *dst, const void *src, size_t n)
{
	if (n > 64)
		return copy_long(dst, src, n);
	if (n > 32) {
		copy_32(dst, src);
		copy_32((char *)dst + n - 32, (const char *)src + n - 32);
		return dst;
	}
	move_small(dst, src, n);
	return dst;
}

RAW void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if (d < s) {
		for (; n > 64; d += 64, s += 64, n -= 64)
			move_64(d, s);
	} else {
		while (n > 64) {
			n -= 64;
			move_64(d + n, s + n);
		}
	}
	move_small(d, s, n);
	return dst;
}

static __always_inline void fill_32(char *d, u64 v)
{
	W(d, 0) = v; W(d, 8) = v; W(d, 16) = v; W(d, 24) = v;
}

RAW void *memset(void *dst, int c, size_t n)
{
	u64 v = (u8)c * 0x0101010101010101ul;
	char *d = dst;

	if (n > 32) {
		char *last = d + n - 32;

		for (; d + 32 < last; d += 64) {
			fill_32(d, v);
			fill_32(d + 32, v);
		}
		/* At most 32 bytes lie before the last 32. */
		fill_32(d < last ? d : last, v);
		fill_32(last, v);
	} else if (n > 16) {
		W(d, 0) = v; W(d, 8) = v; W(d, n - 16) = v; W(d, n - 8) = v;
	} else if (n >= 8) {
		W(d, 0) = v; W(d, n - 8) = v;
	} else if (n >= 4) {
		*(w32 *)d = (u32)v; *(w32 *)(d + n - 4) = (u32)v;
	} else if (n >= 2) {
		*(w16 *)d = (u16)v; *(w16 *)(d + n - 2) = (u16)v;
	} else if (n) {
		*d = (char)v;
	}
	return dst;
}

static __always_inline int compare_words(u64 a, u64 b)
{
	a = __builtin_bswap64(a);
	b = __builtin_bswap64(b);
	return a < b ? -1 : a > b;
}

RAW int memcmp(const void *pa, const void *pb, size_t n)
{
	const char *a = pa, *b = pb;

	for (; n >= 8; a += 8, b += 8, n -= 8)
		if (WC(a, 0) != WC(b, 0))
			return compare_words(WC(a, 0), WC(b, 0));
	for (; n; a++, b++, n--)
		if (*a != *b)
			return (u8)*a - (u8)*b;
	return 0;
}

/* The top bit of each byte that is zero; exact in and below the first such byte. */
static __always_inline u64 zero_bytes(u64 v)
{
	return (v - 0x0101010101010101ul) & ~v & 0x8080808080808080ul;
}

RAW void *memchr(const void *s, int c, size_t n)
{
	const char *p = s;
	u64 want = (u8)c * 0x0101010101010101ul;

	for (; n >= 8; p += 8, n -= 8) {
		u64 hit = zero_bytes(WC(p, 0) ^ want);

		if (hit)
			return (void *)(p + __builtin_ctzl(hit) / 8);
	}
	for (; n; p++, n--)
		if (*p == (char)c)
			return (void *)p;
	return NULL;
}

/* Aligned words never cross into the next page, so reading past the NUL is harmless. */
RAW size_t strlen(const char *s)
{
	const char *p = s;
	u64 hit;

	for (; (u64)p & 7; p++)
		if (!*p)
			return (size_t)(p - s);
	while (!(hit = zero_bytes(*(const a64 *)p)))
		p += 8;
	return (size_t)(p - s) + (size_t)__builtin_ctzl(hit) / 8;
}

RAW size_t strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, 0, max);

	return end ? (size_t)(end - s) : max;
}

RAW int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

RAW int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; a++, b++, n--) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	while (*a && tolower((u8)*a) == tolower((u8)*b)) {
		a++;
		b++;
	}
	return tolower((u8)*a) - tolower((u8)*b);
}

RAW char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

RAW char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)last;
}

char *strstr(const char *s, const char *find)
{
	size_t n = strlen(find);

	for (size_t left = strlen(s); left >= n; s++, left--)
		if (memcmp(s, find, n) == 0)
			return (char *)s;
	return NULL;
}

size_t strspn(const char *s, const char *accept)
{
	size_t n = 0;

	while (s[n] && strchr(accept, s[n]))
		n++;
	return n;
}

size_t strcspn(const char *s, const char *reject)
{
	size_t n = 0;

	while (s[n] && !strchr(reject, s[n]))
		n++;
	return n;
}

char *strsep(char **s, const char *delims)
{
	char *start = *s, *end;

	if (!start)
		return NULL;
	end = start + strcspn(start, delims);
	*s = NULL;
	if (*end) {
		*end = '\0';
		*s = end + 1;
	}
	return start;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (n < size) {
		memcpy(dst, src, n + 1);
		return (ssize_t)n;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';
	return -E2BIG;
}

char *strstrip(char *s)
{
	size_t n;

	while (isspace((u8)*s))
		s++;
	n = strlen(s);
	while (n && isspace((u8)s[n - 1]))
		s[--n] = '\0';
	return s;
}

/*
 * Match one [set] at *p against c; *p is moved behind it. A set without its bracket is a plain '['.
 */
static bool glob_set(const char **pattern, char c)
{
	const char *p = *pattern + 1;
	bool invert = *p == '!' || *p == '^', hit = false;

	p += invert;
	do {
		u8 lo = (u8)*p++, hi = lo;

		if (!lo) {
			(*pattern)++;
			return c == '[';
		}
		if (*p == '-' && p[1] && p[1] != ']') {
			hi = (u8)p[1];
			p += 2;
		}
		hit |= lo <= (u8)c && (u8)c <= hi;
	} while (*p != ']');
	*pattern = p + 1;
	return hit != invert;
}

bool glob_match(const char *p, const char *s)
{
	/* Where to go on after the last '*' took one more character: linear, no recursion. */
	const char *star = NULL, *star_s = NULL;

	for (;;) {
		const char *next = p;
		bool ok;

		if (*p == '*') {
			star = ++p;
			star_s = s;
			continue;
		}
		if (!*s) {
			if (!*p)
				return true;
			return false;
		}
		if (*p == '?') {
			next = p + 1;
			ok = true;
		} else if (*p == '[') {
			ok = glob_set(&next, *s);
		} else {
			if (*p == '\\' && p[1])
				next = ++p;
			ok = *p == *s;
			next = p + (*p != '\0');
		}
		if (ok) {
			p = next;
			s++;
		} else if (star) {
			p = star;
			s = ++star_s;
		} else {
			return false;
		}
	}
}
