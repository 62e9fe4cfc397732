/* SPDX-License-Identifier: MPL-2.0 */
/* BLAKE2s of RFC 7693: a hash of up to 32 bytes, keyed or not. */
#include <base/chacha.h>
#include <base/math.h>
#include <base/string.h>

static const u32 iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const u8 sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static inline u32 rotr32(u32 v, int n)
{
	return v >> n | v << (32 - n);
}

static void mix(u32 *v, int a, int b, int c, int d, u32 x, u32 y)
{
	v[a] += v[b] + x;
	v[d] = rotr32(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotr32(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = rotr32(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = rotr32(v[b] ^ v[c], 7);
}

static void compress(struct blake2s *b, bool last)
{
	u32 v[16], m[16];

	memcpy(m, b->buf, sizeof(m));
	memcpy(v, b->h, 32);
	memcpy(v + 8, iv, 32);
	v[12] ^= (u32)b->count;
	v[13] ^= (u32)(b->count >> 32);
	if (last)
		v[14] = ~v[14];
	for (int i = 0; i < 10; i++) {
		const u8 *s = sigma[i];

		mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
		mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
		mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
		mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
		mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
		mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
		mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
		mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
	}
	for (int i = 0; i < 8; i++)
		b->h[i] ^= v[i] ^ v[i + 8];
}

void blake2s_init(struct blake2s *b, size_t out_len, const void *key, size_t key_len)
{
	memcpy(b->h, iv, sizeof(iv));
	b->h[0] ^= 0x01010000 ^ (u32)key_len << 8 ^ (u32)out_len;
	b->count = 0;
	b->len = 0;
	b->out_len = (u32)out_len;
	memset(b->buf, 0, sizeof(b->buf));
	if (key_len) {
		memcpy(b->buf, key, key_len);
		b->len = 64;
	}
}

void blake2s_update(struct blake2s *b, const void *p, size_t n)
{
	const u8 *in = p;

	while (n) {
		size_t take;

		/* A full block waits, because the last one is treated in another way. */
		if (b->len == 64) {
			b->count += 64;
			compress(b, false);
			b->len = 0;
		}
		take = min(n, (size_t)(64 - b->len));
		memcpy(b->buf + b->len, in, take);
		b->len += (u32)take;
		in += take;
		n -= take;
	}
}

void blake2s_final(struct blake2s *b, u8 *out)
{
	b->count += b->len;
	memset(b->buf + b->len, 0, 64 - b->len);
	compress(b, true);
	memcpy(out, b->h, b->out_len);
	memset(b, 0, sizeof(*b));
}
