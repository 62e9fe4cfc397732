/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Hashes of names in indexed directories, and the index blocks (dx). Pure. The three hashes are what the
 * format says: "legacy", half of MD4 (three rounds over eight words), and TEA; each in a variant that
 * takes characters as signed and one as unsigned.
 */
#include <base/errno.h>
#include <base/string.h>
#include "format.h"

static inline u32 rol(u32 v, u32 n)
{
	return v << n | v >> (32 - n);
}

static inline u32 widen(char c, bool is_unsigned)
{
	return is_unsigned ? (u32)(unsigned char)c : (u32)(s32)(signed char)c;
}

static u32 legacy(const char *name, u32 len, bool is_unsigned)
{
	u32 h0 = 0x12a3fe2d, h1 = 0x37abe8f9;

	while (len--) {
		u32 h = h1 + (h0 ^ widen(*name++, is_unsigned) * 7152373u);

		if (h & 0x80000000u)
			h -= 0x7fffffffu;
		h1 = h0;
		h0 = h;
	}
	return h0 << 1;
}

/* Pack up to words * 4 characters; the rest is filled with the length. */
static void pack(const char *s, u32 len, u32 *out, u32 words, bool is_unsigned)
{
	u32 pad = len | len << 8, v, n = len < words * 4 ? len : words * 4, i, w = 0;

	pad |= pad << 16;
	v = pad;
	for (i = 0; i < n; i++) {
		v = widen(s[i], is_unsigned) + (v << 8);
		if (i % 4 == 3) {
			out[w++] = v;
			v = pad;
		}
	}
	if (w < words)
		out[w++] = v;
	while (w < words)
		out[w++] = pad;
}

static void tea(u32 buf[4], const u32 in[4])
{
	u32 sum = 0, a = buf[0], b = buf[1];

	for (int i = 0; i < 16; i++) {
		sum += 0x9e3779b9u;
		a += ((b << 4) + in[0]) ^ (b + sum) ^ ((b >> 5) + in[1]);
		b += ((a << 4) + in[2]) ^ (a + sum) ^ ((a >> 5) + in[3]);
	}
	buf[0] += a;
	buf[1] += b;
}

/* One step: the word `a` takes f(b, c, d) and an input word, turned by s. The roles go round. */
static void md4_round(u32 v[4], const u32 in[8], const u8 order[8], const u8 turn[4], u32 k, int kind)
{
	for (int i = 0; i < 8; i++) {
		u32 *a = &v[(4 - i) & 3], b = v[(5 - i) & 3], c = v[(6 - i) & 3], d = v[(7 - i) & 3], f;

		if (kind == 0)
			f = d ^ (b & (c ^ d));
		else if (kind == 1)
			f = (b & c) + ((b ^ c) & d);
		else
			f = b ^ c ^ d;
		*a = rol(*a + f + in[order[i]] + k, turn[i & 3]);
	}
}

static void half_md4(u32 buf[4], const u32 in[8])
{
	static const u8 o1[8] = { 0, 1, 2, 3, 4, 5, 6, 7 }, t1[4] = { 3, 7, 11, 19 };
	static const u8 o2[8] = { 1, 3, 5, 7, 0, 2, 4, 6 }, t2[4] = { 3, 5, 9, 13 };
	static const u8 o3[8] = { 3, 7, 2, 6, 1, 5, 0, 4 }, t3[4] = { 3, 9, 11, 15 };
	u32 v[4] = { buf[0], buf[1], buf[2], buf[3] };

	md4_round(v, in, o1, t1, 0, 0);
	md4_round(v, in, o2, t2, 0x5a827999u, 1);
	md4_round(v, in, o3, t3, 0x6ed9eba1u, 2);
	for (int i = 0; i < 4; i++)
		buf[i] += v[i];
}

int ext2_dirhash(const char *name, u32 len, u32 version, const u32 seed[4], u32 *major, u32 *minor)
{
	u32 buf[4] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u }, in[8], h;
	bool is_unsigned = version >= EXT2_HASH_LEGACY_UNSIGNED;
	s32 left = (s32)len;

	if (seed && (seed[0] | seed[1] | seed[2] | seed[3]))
		memcpy(buf, seed, sizeof(buf));
	*minor = 0;
	switch (version) {
	case EXT2_HASH_LEGACY:
	case EXT2_HASH_LEGACY_UNSIGNED:
		h = legacy(name, len, is_unsigned);
		break;
	case EXT2_HASH_HALF_MD4:
	case EXT2_HASH_HALF_MD4_UNSIGNED:
		for (; left > 0; left -= 32, name += 32) {
			pack(name, (u32)left, in, 8, is_unsigned);
			half_md4(buf, in);
		}
		h = buf[1];
		*minor = buf[2];
		break;
	case EXT2_HASH_TEA:
	case EXT2_HASH_TEA_UNSIGNED:
		for (; left > 0; left -= 16, name += 16) {
			pack(name, (u32)left, in, 4, is_unsigned);
			tea(buf, in);
		}
		h = buf[0];
		*minor = buf[1];
		break;
	default:
		return -EINVAL;
	}
	h &= ~1u;
	if (h == 0xfffffffeu)		/* kept for the end of a directory */
		h = 0xfffffffcu;
	*major = h;
	return 0;
}

/* --- index blocks --- */

struct ext2_dx_entry *ext2_dx_entries(void *block, u32 size, bool root, u32 *count, u32 *limit, const char **why)
{
	u32 off = root ? EXT2_DX_ROOT_OFF : EXT2_DX_NODE_OFF, room;
	const struct ext2_dirent *d = block;
	struct ext2_dx_countlimit *cl;

	if (root) {
		const struct ext2_dx_root_info *info = (void *)((char *)block + 24);

		if (le16(d->rec_len) != 12 || d->name_len != 1 || info->info_length != 8 || le32(info->reserved) ||
		    info->unused & 1) {
			*why = "bad root of a directory index";
			return NULL;
		}
	} else if (le32(d->ino) || le16(d->rec_len) != size) {
		*why = "bad node of a directory index";
		return NULL;
	}
	cl = (void *)((char *)block + off);
	room = (size - off) / (u32)sizeof(struct ext2_dx_entry);
	*count = le16(cl->count);
	*limit = le16(cl->limit);
	if (*limit > room || *limit < 2 || !*count || *count > *limit) {
		*why = "bad counts in a directory index";
		return NULL;
	}
	return (struct ext2_dx_entry *)cl;
}

u32 ext2_dx_search(const struct ext2_dx_entry *e, u32 count, u32 hash)
{
	u32 lo = 1, hi = count;			/* the first entry has no hash: it begins at zero */

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (le32(e[mid].hash) > hash)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo - 1;
}
