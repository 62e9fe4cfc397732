/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SipHash-1-3 (Aumasson, Bernstein: one round a word, three at the end), keyed, for tables whose keys
 * a user chooses; and hash_name, a seeded multiply-and-fold hash for path names, eight bytes a step.
 */
#include <base/hash.h>
#include <base/string.h>

static inline u64 rotl64(u64 v, int n)
{
	return v << n | v >> (64 - n);
}

static inline u64 load_word(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

/* The last 0..7 bytes, zeros above. */
static inline u64 load_rest(const u8 *p, size_t n)
{
	u64 v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (u64)p[i] << (8 * i);
	return v;
}

static inline void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[1] = rotl64(v[1], 13) ^ v[0];
	v[0] = rotl64(v[0], 32);
	v[2] += v[3];
	v[3] = rotl64(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl64(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl64(v[1], 17) ^ v[2];
	v[2] = rotl64(v[2], 32);
}

u64 siphash(const void *data, size_t len, const struct siphash_key *key)
{
	const u8 *p = data;
	u64 v[4] = {
		key->k0 ^ 0x736f6d6570736575ul, key->k1 ^ 0x646f72616e646f6dul,
		key->k0 ^ 0x6c7967656e657261ul, key->k1 ^ 0x7465646279746573ul,
	};
	u64 m;
	size_t left = len;

	for (; left >= 8; p += 8, left -= 8) {
		m = load_word(p);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = load_rest(p, left) | (u64)len << 56;
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Both halves of a 128-bit product: every input bit reaches every output bit. */
static inline u64 fold_mul(u64 a, u64 b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (u64)m ^ (u64)(m >> 64);
}

u32 hash_name(const char *name, size_t len, u64 seed)
{
	const u8 *p = (const u8 *)name;
	u64 h = seed ^ len * 0x9e3779b97f4a7c15ul;
	u64 w;

	for (size_t left = len; left > 8; p += 8, left -= 8)
		h = fold_mul(h ^ load_word(p), 0xd6e8feb86659fd93ul);
	/* The last 1..8 bytes; for names of 8 and more one load that overlaps what was taken. */
	if (len >= 8)
		w = load_word((const u8 *)name + len - 8);
	else if (len >= 4) {
		u32 a, b;

		__builtin_memcpy(&a, name, 4);
		__builtin_memcpy(&b, name + len - 4, 4);
		w = a | (u64)b << 32;
	} else
		w = load_rest(p, len);
	h = fold_mul(h ^ w, 0xa0761d6478bd642ful);
	return (u32)(h ^ h >> 32);
}
