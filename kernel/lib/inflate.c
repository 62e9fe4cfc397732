/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Deflate (RFC 1951) and gzip (RFC 1952).
 *
 * Codes of up to FAST bits are decoded by one look into a table, longer ones by counting through the
 * canonical code. Output goes to a buffer of two windows; when it is full, the older half is handed
 * out and the newer one moved down, so that a match always finds its 32 KiB behind it. Input bits come
 * through a 64-bit buffer; what is missing at the end of the input is an error when it is needed, not
 * when it is loaded. Every length, distance and table is checked before use.
 */
#include <base/alloc.h>
#include <base/crc.h>
#include <base/errno.h>
#include <base/inflate.h>
#include <base/math.h>
#include <base/string.h>

#define WINDOW		32768u
#define BUFFER		(2 * WINDOW)
#define MAX_MATCH	258u
#define FAST		10
#define MAX_CODE	15
#define NR_LITLEN	288
#define NR_DIST		32
#define END_OF_BLOCK	256

struct huffman {
	u16 fast[1 << FAST];	/* symbol << 4 | length; 0: longer than FAST, or no code */
	u16 count[MAX_CODE + 1];
	u16 symbol[NR_LITLEN];	/* in order of code */
};

struct inflate {
	const u8 *in, *end;
	u64 bits;
	u32 nbits;
	u32 pos;		/* in out[] */
	u32 given;		/* of out[], handed out already */
	inflate_out_fn give;
	void *ctx;
	u32 crc;
	u32 total;
	bool fixed_ready;
	struct huffman litlen, dist, fixed_litlen, fixed_dist;
	u8 out[BUFFER];
};

/* ---- input ---- */

/* At least 56 bits if the input has them. */
static inline void refill(struct inflate *s)
{
	if (s->end - s->in >= 8) {
		u64 w;

		__builtin_memcpy(&w, s->in, 8);
		/* Bits above nbits are loaded twice, each time with the same value. */
		s->bits |= w << s->nbits;
		s->in += (63 - s->nbits) >> 3;
		s->nbits |= 56;
		return;
	}
	for (; s->nbits <= 56 && s->in < s->end; s->nbits += 8)
		s->bits |= (u64)*s->in++ << s->nbits;
}

static inline void drop_bits(struct inflate *s, u32 n)
{
	s->bits >>= n;
	s->nbits -= n;
}

/* n bits (at most 16) as a number, or -ENODATA. */
static inline int get_bits(struct inflate *s, u32 n)
{
	u32 v;

	if (s->nbits < n) {
		refill(s);
		if (s->nbits < n)
			return -ENODATA;
	}
	v = (u32)s->bits & ((1u << n) - 1);
	drop_bits(s, n);
	return (int)v;
}

/* Forget the rest of a byte and give whole bytes back to the input. */
static void align_input(struct inflate *s)
{
	s->in -= s->nbits / 8;
	s->bits = 0;
	s->nbits = 0;
}

/* ---- output ---- */

static int flush(struct inflate *s)
{
	u32 n = s->pos - s->given;
	int err = 0;

	if (n) {
		s->crc = crc32(s->crc, s->out + s->given, n);
		s->total += n;
		err = s->give(s->ctx, s->out + s->given, n);
	}
	s->given = s->pos;
	return err;
}

/* Make room for n bytes (at most MAX_MATCH). */
static inline int reserve(struct inflate *s, u32 n)
{
	int err;

	if (likely(s->pos + n <= BUFFER))
		return 0;
	err = flush(s);
	if (err)
		return err;
	memmove(s->out, s->out + s->pos - WINDOW, WINDOW);
	s->pos = s->given = WINDOW;
	return 0;
}

static inline void copy_match(struct inflate *s, u32 len, u32 dist)
{
	u8 *to = s->out + s->pos;
	const u8 *from = to - dist;

	s->pos += len;
	if (dist >= 8 && s->pos + 8 <= BUFFER) {
		/* May write up to 7 bytes too many; what follows overwrites them. */
		for (s32 left = (s32)len; left > 0; left -= 8, to += 8, from += 8) {
			u64 w;

			__builtin_memcpy(&w, from, 8);
			__builtin_memcpy(to, &w, 8);
		}
		return;
	}
	while (len--)
		*to++ = *from++;
}

/* ---- codes ---- */

static inline u32 reverse_bits(u32 v, u32 n)
{
	u32 r = 0;

	for (; n; n--, v >>= 1)
		r = r << 1 | (v & 1);
	return r;
}

enum code_kind { CODE_COMPLETE, CODE_DISTANCE };

/*
 * Tables for the code whose i-th symbol has length len[i]. A code must use up all bit patterns; a
 * distance code may also be a single symbol or none at all.
 */
static int make_code(struct huffman *h, const u8 *len, u32 n, enum code_kind kind)
{
	u16 first[MAX_CODE + 2], code[MAX_CODE + 2];
	s32 left = 1;
	u32 used = 0;

	memset(h->count, 0, sizeof(h->count));
	memset(h->fast, 0, sizeof(h->fast));
	for (u32 i = 0; i < n; i++)
		h->count[len[i]]++;
	h->count[0] = 0;
	first[1] = code[1] = 0;
	for (u32 l = 1; l <= MAX_CODE; l++) {
		left = left * 2 - h->count[l];
		if (left < 0)
			return -EINVAL;
		used += h->count[l];
		first[l + 1] = (u16)(first[l] + h->count[l]);
		code[l + 1] = (u16)((code[l] + h->count[l]) << 1);
	}
	if (left > 0 && !(kind == CODE_DISTANCE && used <= 1))
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		u32 l = len[i], c;

		if (!l)
			continue;
		h->symbol[first[l]++] = (u16)i;
		c = code[l]++;
		if (l > FAST)
			continue;
		for (u32 at = reverse_bits(c, l); at < 1u << FAST; at += 1u << l)
			h->fast[at] = (u16)(i << 4 | l);
	}
	return 0;
}

/* A code longer than FAST, bit by bit: codes of one length are consecutive numbers. */
static __noinline int decode_slow(struct inflate *s, const struct huffman *h)
{
	s32 code = 0, first = 0, index = 0;
	u64 bits = s->bits;

	for (u32 l = 1; l <= MAX_CODE; l++, bits >>= 1) {
		s32 count = h->count[l];

		if (l > s->nbits)
			return -ENODATA;
		code |= (s32)(bits & 1);
		if (code - count < first) {
			drop_bits(s, l);
			return h->symbol[index + (code - first)];
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return -EINVAL;
}

static inline int decode(struct inflate *s, const struct huffman *h)
{
	u32 e;

	if (s->nbits < MAX_CODE)
		refill(s);
	e = h->fast[s->bits & ((1 << FAST) - 1)];
	if (likely(e && (e & 15) <= s->nbits)) {
		drop_bits(s, e & 15);
		return (int)(e >> 4);
	}
	return decode_slow(s, h);
}

/* ---- blocks ---- */

static const u16 len_base[29] = {
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
};
static const u8 len_extra[29] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};
static const u16 dist_base[30] = {
	1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
	4097, 6145, 8193, 12289, 16385, 24577,
};
static const u8 dist_extra[30] = {
	0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
};

static int copy_one(struct inflate *s, u32 sym, const struct huffman *dist)
{
	int extra, d;
	u32 len, back;

	if (sym >= ARRAY_SIZE(len_base))
		return -EINVAL;
	extra = get_bits(s, len_extra[sym]);
	if (extra < 0)
		return extra;
	len = len_base[sym] + (u32)extra;
	d = decode(s, dist);
	if (d < 0)
		return d;
	if (d >= (int)ARRAY_SIZE(dist_base))
		return -EINVAL;
	extra = get_bits(s, dist_extra[d]);
	if (extra < 0)
		return extra;
	back = dist_base[d] + (u32)extra;
	extra = reserve(s, MAX_MATCH);
	if (extra)
		return extra;
	if (back > s->pos)
		return -EINVAL;
	copy_match(s, len, back);
	return 0;
}

static int coded_block(struct inflate *s, const struct huffman *litlen, const struct huffman *dist)
{
	for (;;) {
		int sym = decode(s, litlen), err;

		if (sym < 0)
			return sym;
		if (sym < END_OF_BLOCK) {
			err = reserve(s, 1);
			if (err)
				return err;
			s->out[s->pos++] = (u8)sym;
			continue;
		}
		if (sym == END_OF_BLOCK)
			return 0;
		err = copy_one(s, (u32)sym - END_OF_BLOCK - 1, dist);
		if (err)
			return err;
	}
}

static int stored_block(struct inflate *s)
{
	u32 len;

	align_input(s);
	if (s->end - s->in < 4)
		return -ENODATA;
	len = s->in[0] | (u32)s->in[1] << 8;
	if ((len ^ 0xffff) != (s->in[2] | (u32)s->in[3] << 8))
		return -EINVAL;
	s->in += 4;
	while (len) {
		u32 n = min(len, MAX_MATCH);
		int err;

		if ((u64)(s->end - s->in) < n)
			return -ENODATA;
		err = reserve(s, n);
		if (err)
			return err;
		memcpy(s->out + s->pos, s->in, n);
		s->pos += n;
		s->in += n;
		len -= n;
	}
	return 0;
}

static int fixed_block(struct inflate *s)
{
	if (!s->fixed_ready) {
		u8 len[NR_LITLEN];
		int err;

		memset(len, 8, 144);
		memset(len + 144, 9, 112);
		memset(len + 256, 7, 24);
		memset(len + 280, 8, 8);
		err = make_code(&s->fixed_litlen, len, NR_LITLEN, CODE_COMPLETE);
		memset(len, 5, NR_DIST);
		if (!err)
			err = make_code(&s->fixed_dist, len, NR_DIST, CODE_COMPLETE);
		if (err)
			return err;
		s->fixed_ready = true;
	}
	return coded_block(s, &s->fixed_litlen, &s->fixed_dist);
}

/* The code lengths of both codes, one list, with repeats. s->litlen has the code they are written in. */
static int read_lengths(struct inflate *s, u8 *len, u32 total)
{
	for (u32 i = 0; i < total;) {
		int sym = decode(s, &s->litlen), n;
		u8 v = 0;

		if (sym < 0)
			return sym;
		if (sym < 16) {
			len[i++] = (u8)sym;
			continue;
		}
		if (sym == 16) {
			if (!i)
				return -EINVAL;
			v = len[i - 1];
		}
		n = get_bits(s, sym == 16 ? 2 : sym == 17 ? 3 : 7);
		if (n < 0)
			return n;
		n += sym == 18 ? 11 : 3;
		if ((u32)n > total - i)
			return -EINVAL;
		memset(len + i, v, (size_t)n);
		i += (u32)n;
	}
	return 0;
}

static int dynamic_block(struct inflate *s)
{
	static const u8 order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	u8 len[NR_LITLEN + NR_DIST] = { 0 };
	int v = get_bits(s, 14), err;
	u32 nlit, ndist, ncode;

	if (v < 0)
		return v;
	nlit = (v & 31) + 257;
	ndist = (v >> 5 & 31) + 1;
	ncode = (u32)(v >> 10) + 4;
	if (nlit > 286 || ndist > 30)
		return -EINVAL;
	for (u32 i = 0; i < ncode; i++) {
		v = get_bits(s, 3);
		if (v < 0)
			return v;
		len[order[i]] = (u8)v;
	}
	err = make_code(&s->litlen, len, 19, CODE_COMPLETE);
	if (err)
		return err;
	memset(len, 0, 19);
	err = read_lengths(s, len, nlit + ndist);
	if (err)
		return err;
	if (!len[END_OF_BLOCK])
		return -EINVAL;
	err = make_code(&s->dist, len + nlit, ndist, CODE_DISTANCE);
	if (!err)
		err = make_code(&s->litlen, len, nlit, CODE_COMPLETE);
	return err ? err : coded_block(s, &s->litlen, &s->dist);
}

static int run(struct inflate *s)
{
	int head, err;

	do {
		head = get_bits(s, 3);
		if (head < 0)
			return head;
		switch (head >> 1) {
		case 0:
			err = stored_block(s);
			break;
		case 1:
			err = fixed_block(s);
			break;
		case 2:
			err = dynamic_block(s);
			break;
		default:
			err = -EINVAL;
		}
		if (err)
			return err;
	} while (!(head & 1));
	align_input(s);
	return flush(s);
}

/* The state for input at `in`; its crc and total are those of all output. NULL: no memory. */
static struct inflate *inflate_new(const u8 *in, const u8 *end, inflate_out_fn out, void *ctx)
{
	struct inflate *s = kvmalloc(sizeof(*s), GFP_KERNEL);

	if (s) {
		memset(s, 0, offsetof(struct inflate, litlen));
		s->in = in;
		s->end = end;
		s->give = out;
		s->ctx = ctx;
	}
	return s;
}

int inflate(const void *in, size_t len, size_t *used, inflate_out_fn out, void *ctx)
{
	const u8 *p = in;
	struct inflate *s = inflate_new(p, p + len, out, ctx);
	int err;

	*used = 0;
	if (!s)
		return -ENOMEM;
	err = run(s);
	*used = (size_t)(s->in - p);
	kvfree(s);
	return err;
}

/* ---- gzip ---- */

#define GZ_HCRC		0x02
#define GZ_EXTRA	0x04
#define GZ_NAME		0x08
#define GZ_COMMENT	0x10
#define GZ_RESERVED	0xe0

/* Skip a string with its NUL; NULL when the input ends before. */
static const u8 *skip_string(const u8 *p, const u8 *end)
{
	const u8 *nul = memchr(p, 0, (size_t)(end - p));

	return nul ? nul + 1 : NULL;
}

/* Length of the header, or -EINVAL, -ENODATA. */
static ssize_t gzip_header(const u8 *in, const u8 *end)
{
	const u8 *p = in + 10;

	if (end - in < 10)
		return -ENODATA;
	if (in[0] != 0x1f || in[1] != 0x8b || in[2] != 8 || (in[3] & GZ_RESERVED))
		return -EINVAL;
	if (in[3] & GZ_EXTRA) {
		size_t n;

		if (end - p < 2)
			return -ENODATA;
		n = p[0] | (size_t)p[1] << 8;
		p += 2;
		if ((size_t)(end - p) < n)
			return -ENODATA;
		p += n;
	}
	if ((in[3] & GZ_NAME) && !(p = skip_string(p, end)))
		return -ENODATA;
	if ((in[3] & GZ_COMMENT) && !(p = skip_string(p, end)))
		return -ENODATA;
	if (in[3] & GZ_HCRC) {
		if (end - p < 2)
			return -ENODATA;
		p += 2;
	}
	return p - in;
}

int gunzip(const void *in, size_t len, size_t *used, inflate_out_fn out, void *ctx)
{
	const u8 *p = in, *end = p + len;
	ssize_t head = gzip_header(p, end);
	struct inflate *s;
	u32 want[2];
	int err;

	*used = 0;
	if (head < 0)
		return (int)head;
	s = inflate_new(p + head, end, out, ctx);
	if (!s)
		return -ENOMEM;
	err = run(s);
	if (!err && s->end - s->in < 8)
		err = -ENODATA;
	if (!err) {
		memcpy(want, s->in, 8);
		s->in += 8;
		if (want[0] != s->crc || want[1] != s->total)
			err = -EINVAL;
	}
	*used = (size_t)(s->in - p);
	kvfree(s);
	return err;
}
