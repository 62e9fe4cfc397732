/* SPDX-License-Identifier: MPL-2.0 */
/*
 * host-test: format.c dirblock.c dirhash.c xattrblock.c
 *
 * The pure parts of ext2 against values that e2fsprogs gives (debugfs: dx_hash, ea_set), their limits, and blocks
 * that lie.
 */
#include <base/alloc.h>
#include <base/errno.h>
#include <base/string.h>
#include <base/math.h>
#include <core/ktest.h>
#include "format.h"

/* --- hashes --- */

/* 00112233-4455-6677-8899-aabbccddeeff */
static const u8 seed_bytes[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

static void expect_hash(const char *name, u32 version, bool seeded, u32 major, u32 minor)
{
	u32 seed[4] = { 0 }, h = 0, m = 0;

	if (seeded)
		memcpy(seed, seed_bytes, 16);
	KEXPECT_EQ(ext2_dirhash(name, (u32)strlen(name), version, seed, &h, &m), 0);
	KEXPECT_EQ(h, major);
	KEXPECT_EQ(m, minor);
}

KTEST(ext2, hashes_of_names)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789_and_more";
	char x[256];

	memset(x, 'x', 255);
	x[255] = 0;
	expect_hash("a", EXT2_HASH_LEGACY, true, 0xe74b53e2, 0);
	expect_hash("a", EXT2_HASH_HALF_MD4, true, 0x93752ee6, 0x578c30ba);
	expect_hash("a", EXT2_HASH_TEA, true, 0xf9b90e84, 0x211795e4);
	expect_hash("hello", EXT2_HASH_LEGACY, true, 0x32252546, 0);
	expect_hash("hello", EXT2_HASH_HALF_MD4, true, 0x344ca36e, 0x2ef16de2);
	expect_hash("hello", EXT2_HASH_TEA, true, 0x9e019d48, 0xb0a99d55);
	expect_hash("hello", EXT2_HASH_HALF_MD4, false, 0x1746da32, 0x420013b5);
	expect_hash("hello", EXT2_HASH_TEA, false, 0x6f5bb1a8, 0x231917c2);
	expect_hash("lost+found", EXT2_HASH_LEGACY, true, 0x5e2aba24, 0);
	expect_hash("lost+found", EXT2_HASH_HALF_MD4, true, 0x1efb822c, 0x2a3bb222);
	expect_hash("lost+found", EXT2_HASH_TEA, true, 0xd06209f0, 0x605a7d48);
	expect_hash(alphabet, EXT2_HASH_LEGACY, true, 0xbcae2642, 0);
	expect_hash(alphabet, EXT2_HASH_HALF_MD4, true, 0x1257dbd8, 0x6e6df0a4);
	expect_hash(alphabet, EXT2_HASH_TEA, true, 0x77433b8c, 0x1d30b1ae);
	/* Characters above 127 count as negative, or not. */
	expect_hash("caf\303\251", EXT2_HASH_LEGACY, true, 0x96ca5a2c, 0);
	expect_hash("caf\303\251", EXT2_HASH_HALF_MD4, true, 0x5de1249a, 0xe530df75);
	expect_hash("caf\303\251", EXT2_HASH_TEA, true, 0x643516dc, 0x87a2cff9);
	expect_hash(x, EXT2_HASH_LEGACY, true, 0x30557da6, 0);
	expect_hash(x, EXT2_HASH_HALF_MD4, true, 0x5966f920, 0x26281ca3);
	expect_hash(x, EXT2_HASH_TEA, true, 0xc4143c16, 0xcb830954);
}

KTEST(ext2, hash_variants)
{
	u32 a, b, m;

	for (u32 v = 0; v < 3; v++) {
		KEXPECT_EQ(ext2_dirhash("plain", 5, v, NULL, &a, &m), 0);
		KEXPECT_EQ(ext2_dirhash("plain", 5, v + EXT2_HASH_LEGACY_UNSIGNED, NULL, &b, &m), 0);
		KEXPECT_EQ(a, b);
		KEXPECT_EQ(ext2_dirhash("\377\200", 2, v, NULL, &a, &m), 0);
		KEXPECT_EQ(ext2_dirhash("\377\200", 2, v + EXT2_HASH_LEGACY_UNSIGNED, NULL, &b, &m), 0);
		KEXPECT(a != b);
		KEXPECT_EQ(a & 1, 0);
	}
	KEXPECT_EQ(ext2_dirhash("a", 1, 6, NULL, &a, &m), -EINVAL);
	KEXPECT_EQ(ext2_dirhash("a", 1, ~0u, NULL, &a, &m), -EINVAL);
	KEXPECT_EQ(ext2_dirhash("", 0, EXT2_HASH_TEA, NULL, &a, &m), 0);
}

/* --- attributes --- */

/* user.one=1, user.twenty=abcdefgh, trusted.t=xyz, as debugfs wrote them. */
KTEST(ext2, xattr_block_as_e2fsprogs)
{
	u32 *block = kzalloc(1024, GFP_KERNEL);
	struct ext2_xattr_area a = { block, sizeof(struct ext2_xattr_header), 1024 };
	struct ext2_xattr_entry *e;

	KREQUIRE(block != NULL);
	KEXPECT_EQ(ext2_xattr_set(&a, 4, "t", 1, "xyz", 3, true), 0);
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "twenty", 6, "abcdefgh", 8, true), 0);
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "one", 3, "1", 1, true), 0);
	KEXPECT(!ext2_xattr_check(&a));
	ext2_xattr_rehash(&a);
	e = ext2_xattr_next(&a, NULL);
	KREQUIRE(e && e->name_len == 3 && !memcmp(e->name, "one", 3));
	KEXPECT_EQ(le32(e->hash), 0xb1a50030);
	e = ext2_xattr_next(&a, e);
	KREQUIRE(e && e->name_len == 6);
	KEXPECT_EQ(le32(e->hash), 0xe54534ff);
	e = ext2_xattr_next(&a, e);
	KREQUIRE(e && e->name_len == 1);
	KEXPECT_EQ(le32(e->hash), 0x000e7978);
	KEXPECT(!ext2_xattr_next(&a, e));
	kfree(block);
}

KTEST(ext2, xattr_block_full_and_empty)
{
	u8 *block = kzalloc(1024, GFP_KERNEL), *value = kzalloc(1024, GFP_KERNEL);
	struct ext2_xattr_area a = { block, sizeof(struct ext2_xattr_header), 1024 };
	char name[2] = "a";
	u32 n;

	if (!block || !value)
		goto out;
	for (n = 0; n < 26; n++, name[0]++) {
		int err;

		memset(value, name[0], 60);
		err = ext2_xattr_set(&a, 1, name, 1, value, 60, true);
		KEXPECT(!err || err == -ENOSPC);
		KEXPECT(!ext2_xattr_check(&a));
		if (err)
			break;
	}
	KEXPECT_EQ(n, (1024 - 32 - 4) / (20 + 60));
	/* A value that grows in place of the old one; one that does not fit leaves all as it was. */
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "c", 1, value, 120, true), -ENOSPC);
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "c", 1, value, 10, true), 0);
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "c", 1, value, 60, true), 0);
	for (name[0] = 'a'; n; n--, name[0]++) {
		struct ext2_xattr_entry *e = ext2_xattr_find(&a, 1, name, 1);

		KREQUIRE(e != NULL);
		if (name[0] != 'c')
			KEXPECT_EQ(block[le16(e->value_offs) + 59], name[0]);
		KEXPECT_EQ(ext2_xattr_set(&a, 1, name, 1, NULL, 0, true), 0);
		KEXPECT_EQ(ext2_xattr_set(&a, 1, name, 1, NULL, 0, true), -ENODATA);
		KEXPECT(!ext2_xattr_check(&a));
	}
	for (n = 32; n < 1024; n++)
		KEXPECT_EQ(block[n], 0);
out:
	kfree(block);
	kfree(value);
}

KTEST(ext2, xattr_blocks_that_lie)
{
	u8 *block = kzalloc(1024, GFP_KERNEL);
	struct ext2_xattr_area a = { block, sizeof(struct ext2_xattr_header), 1024 };
	struct ext2_xattr_entry *e, *f;

	KREQUIRE(block != NULL);
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "one", 3, "12345678", 8, true), 0);
	KEXPECT_EQ(ext2_xattr_set(&a, 1, "two", 3, "abcdefgh", 8, true), 0);
	e = ext2_xattr_find(&a, 1, "one", 3);
	f = ext2_xattr_find(&a, 1, "two", 3);
	KREQUIRE(e && f);
	KEXPECT(!ext2_xattr_check(&a));
	e->value_offs = to_le16((u16)(le16(f->value_offs) + 4));
	KEXPECT(ext2_xattr_check(&a));			/* values that overlap */
	e->value_offs = f->value_offs;
	KEXPECT(ext2_xattr_check(&a));
	e->value_offs = to_le16(1020);
	KEXPECT(ext2_xattr_check(&a));			/* beyond the end */
	e->value_offs = to_le16(40);
	KEXPECT(ext2_xattr_check(&a));			/* within the names */
	e->value_offs = to_le16(1001);
	KEXPECT(ext2_xattr_check(&a));
	e->value_offs = to_le16(900);
	KEXPECT(!ext2_xattr_check(&a));
	e->value_size = to_le32(0xfffffffe);
	KEXPECT(ext2_xattr_check(&a));
	e->value_size = to_le32(0);
	KEXPECT(!ext2_xattr_check(&a));
	e->value_block = to_le32(5);
	KEXPECT(ext2_xattr_check(&a));
	memset(block + 32, 0x41, 1024 - 32);
	KEXPECT(ext2_xattr_check(&a));			/* no end */
	a.end = 8192;
	KEXPECT(ext2_xattr_check(&a));
	kfree(block);
}

/* --- directory blocks --- */

KTEST(ext2, directory_block)
{
	u8 *b = kzalloc(1024, GFP_KERNEL);
	char name[8] = "name00";
	u32 at, n = 0;

	KREQUIRE(b != NULL);
	ext2_dirblock_init(b, 1024);
	KEXPECT(ext2_dirblock_empty(b, 1024, 100));
	for (;; n++) {
		name[4] = (char)('0' + n / 10);
		name[5] = (char)('0' + n % 10);
		at = ext2_dirblock_room(b, 1024, EXT2_DIRENT_LEN(6), 100);
		if (at == 1024)
			break;
		at = ext2_dirblock_insert(b, at, n + 11, name, 6, 1);
		KEXPECT_EQ(ext2_dirblock_find(b, 1024, name, 6, 200), at);
		KEXPECT(!ext2_dirblock_check(b, 1024, 200));
	}
	KEXPECT_EQ(n, 1024 / 16);
	KEXPECT(ext2_dirblock_check(b, 1024, 20));	/* an inode beyond the last one */
	KEXPECT_EQ(ext2_dirblock_find(b, 1024, "name07", 6, 200), 7 * 16);
	KEXPECT_EQ(ext2_dirblock_find(b, 1024, "name7", 5, 200), 1024);
	/* Removing makes room: the first entry's own, others join the one before. */
	KEXPECT(ext2_dirblock_remove(b, 1024, 7 * 16, 200));
	KEXPECT(ext2_dirblock_remove(b, 1024, 8 * 16, 200));
	KEXPECT(!ext2_dirblock_remove(b, 1024, 8 * 16, 200));
	KEXPECT(!ext2_dirblock_remove(b, 1024, 9 * 16 + 4, 200));
	KEXPECT_EQ(ext2_dirblock_room(b, 1024, EXT2_DIRENT_LEN(20), 200), 6 * 16);
	KEXPECT(ext2_dirblock_remove(b, 1024, 0, 200));
	KEXPECT_EQ(ext2_dirblock_room(b, 1024, EXT2_DIRENT_LEN(6), 200), 0);
	KEXPECT(!ext2_dirblock_check(b, 1024, 200));
	kfree(b);
}

KTEST(ext2, directory_blocks_that_lie)
{
	u8 *b = kzalloc(1024, GFP_KERNEL);
	struct ext2_dirent *d = (void *)b;
	static const u16 lens[] = { 0, 1, 8, 11, 13, 1028, 65535 };

	KREQUIRE(b != NULL);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		ext2_dirblock_init(b, 1024);
		d->rec_len = to_le16(lens[i]);
		KEXPECT(ext2_dirblock_check(b, 1024, 100));
		KEXPECT_EQ(ext2_dirblock_find(b, 1024, "x", 1, 100), EXT2_DIR_BAD);
		KEXPECT_EQ(ext2_dirblock_room(b, 1024, 12, 100), EXT2_DIR_BAD);
		KEXPECT(!ext2_dirblock_remove(b, 1024, 12, 100));
		KEXPECT(!ext2_dirblock_empty(b, 1024, 100));
	}
	ext2_dirblock_init(b, 1024);
	d->name_len = 255;
	d->rec_len = to_le16(200);
	KEXPECT(ext2_dirblock_check(b, 1024, 100));
	/* An entry in the last bytes. */
	ext2_dirblock_init(b, 1024);
	d->rec_len = to_le16(1016);
	KEXPECT(ext2_dirblock_check(b, 1024, 100));
	KEXPECT(ext2_dirent_check(b, 1024, 1020, 100));
	KEXPECT(ext2_dirent_check(b, 1024, 2, 100));
	kfree(b);
}

KTEST(ext2, index_blocks)
{
	u8 *b = kzalloc(1024, GFP_KERNEL);
	struct ext2_dirent *d = (void *)b;
	struct ext2_dx_countlimit *cl = (void *)(b + EXT2_DX_NODE_OFF);
	struct ext2_dx_entry *e;
	const char *why = NULL;
	u32 count, limit;

	KREQUIRE(b != NULL);
	d->rec_len = to_le16(1024);
	cl->limit = to_le16(127);
	cl->count = to_le16(3);
	e = ext2_dx_entries(b, 1024, false, &count, &limit, &why);
	KREQUIRE(e != NULL);
	KEXPECT_EQ(count, 3);
	e[1].hash = to_le32(100);
	e[2].hash = to_le32(200);
	KEXPECT_EQ(ext2_dx_search(e, count, 0), 0);
	KEXPECT_EQ(ext2_dx_search(e, count, 99), 0);
	KEXPECT_EQ(ext2_dx_search(e, count, 100), 1);
	KEXPECT_EQ(ext2_dx_search(e, count, 201), 2);
	KEXPECT_EQ(ext2_dx_search(e, count, ~0u), 2);
	cl->limit = to_le16(128);
	KEXPECT(!ext2_dx_entries(b, 1024, false, &count, &limit, &why));
	cl->limit = to_le16(127);
	cl->count = to_le16(128);
	KEXPECT(!ext2_dx_entries(b, 1024, false, &count, &limit, &why));
	cl->count = to_le16(0);
	KEXPECT(!ext2_dx_entries(b, 1024, false, &count, &limit, &why));
	KEXPECT(!ext2_dx_entries(b, 1024, true, &count, &limit, &why));
	kfree(b);
}

/* --- bitmaps --- */

KTEST(ext2, bitmap_search)
{
	u8 map[32];

	for (u32 fill = 0; fill < 2; fill++) {
		memset(map, fill ? 0xff : 0, sizeof(map));
		for (u32 from = 0; from < 256; from++) {
			KEXPECT_EQ(ext2_next_zero(map, 256, from), fill ? 256 : from);
			KEXPECT_EQ(ext2_next_set(map, 256, from), fill ? from : 256);
		}
	}
	for (u32 bit = 0; bit < 256; bit++) {
		memset(map, 0xff, sizeof(map));
		ext2_bit_clear(map, bit);
		for (u32 from = 0; from <= 256; from += 5) {
			KEXPECT_EQ(ext2_next_zero(map, 256, from), from <= bit ? bit : 256);
			KEXPECT_EQ(ext2_next_zero(map, bit, from), bit);
		}
		KEXPECT_EQ(ext2_count_zero(map, 256), 1);
		KEXPECT_EQ(ext2_count_zero(map, bit), 0);
		KEXPECT_EQ(ext2_count_zero(map, bit + 1), 1);
		ext2_bit_set(map, bit);
		KEXPECT_EQ(ext2_count_zero(map, 256), 0);
	}
}

/* --- paths and limits --- */

KTEST(ext2, block_paths)
{
	for (u32 bits = 10; bits <= 12; bits++) {
		u64 per = 1ull << (bits - 2), edges[] = { 0, EXT2_NDIR, EXT2_NDIR + per, EXT2_NDIR + per + per * per,
							  EXT2_NDIR + per + per * per + per * per * per };
		struct ext2_path p;

		for (u32 depth = 1; depth <= 4; depth++) {
			ext2_block_path(bits, edges[depth - 1], &p);
			KEXPECT_EQ(p.depth, depth);
			KEXPECT_EQ(p.slot[0], depth == 1 ? 0 : EXT2_NDIR + depth - 2);
			for (u32 i = 1; i < depth; i++)
				KEXPECT_EQ(p.slot[i], 0);
			KEXPECT_EQ(p.left, depth == 1 ? EXT2_NDIR - 1 : per - 1);
			ext2_block_path(bits, edges[depth] - 1, &p);
			KEXPECT_EQ(p.depth, depth);
			for (u32 i = 1; i < depth; i++)
				KEXPECT_EQ(p.slot[i], per - 1);
			KEXPECT_EQ(p.left, 0);
		}
		ext2_block_path(bits, edges[4], &p);
		KEXPECT_EQ(p.depth, 0);
		ext2_block_path(bits, ~0ull, &p);
		KEXPECT_EQ(p.depth, 0);
		/* The largest file has a path to its end and counts in 32 bits of sectors. */
		ext2_block_path(bits, (ext2_max_bytes(bits, true) >> bits) - 1, &p);
		KEXPECT_EQ(p.depth, 4);
		KEXPECT(ext2_max_bytes(bits, true) >> 9 <= 0xffffffffull);
		KEXPECT_EQ(ext2_max_bytes(bits, false), 0x7fffffff);
	}
	/* As Linux: 16 GiB, 256 GiB and something, almost 2 TiB. */
	KEXPECT_EQ(ext2_max_bytes(10, true), 17247252480ull);
	KEXPECT_EQ(ext2_max_bytes(11, true), 275415851008ull);
	KEXPECT(ext2_max_bytes(12, true) > 2194719883008ull && ext2_max_bytes(12, true) < 1ull << 41);
}

static void super_init(struct ext2_super *s, u32 log, u32 blocks, u32 groups, u32 inodes_per_group)
{
	memset(s, 0, sizeof(*s));
	s->magic = to_le16(EXT2_MAGIC);
	s->rev_level = to_le32(1);
	s->inode_size = to_le16(256);
	s->first_ino = to_le32(11);
	s->log_block_size = to_le32(log);
	s->first_data_block = to_le32(log ? 0 : 1);
	s->blocks_per_group = to_le32(8192u << log);
	s->inodes_per_group = to_le32(inodes_per_group);
	s->blocks_count = to_le32(blocks);
	s->inodes_count = to_le32(groups * inodes_per_group);
	s->feature_ro_compat = to_le32(EXT2_RO_SPARSE_SUPER);
}

/* 16 TiB less a block, the most that there can be: nothing is cut to 32 bits. */
KTEST(ext2, largest_file_system)
{
	const u32 blocks = 0xffffffff, groups = 131072;
	struct ext2_super s;
	struct ext2_layout l;
	const char *why = NULL;

	super_init(&s, 2, blocks, groups, 64);
	KEXPECT_EQ(ext2_layout_init(&l, &s, 1ull << 44, &why), 0);
	KEXPECT_EQ(l.nr_groups, groups);
	KEXPECT_EQ(l.gdt_blocks, 1024);
	KEXPECT_EQ(ext2_group_first(&l, groups - 1), 131071ull * 32768);
	KEXPECT_EQ(ext2_group_blocks(&l, groups - 1), 32767);
	KEXPECT_EQ(ext2_group_blocks(&l, 5), 32768);
	KEXPECT_EQ(ext2_gdt_block(&l, 1023, 0), 1024);
	KEXPECT(ext2_super_place(&l, 0) && ext2_super_place(&l, 32768) && ext2_super_place(&l, 3 * 32768));
	KEXPECT(!ext2_super_place(&l, 2 * 32768) && !ext2_super_place(&l, 32769) && !ext2_super_place(&l, 1ull << 40));
	KEXPECT_EQ(ext2_layout_init(&l, &s, (1ull << 44) - 8192, &why), -EINVAL);	/* a smaller device */
	super_init(&s, 2, 300000000, 9156, 128);	/* over 1 TiB */
	KEXPECT_EQ(ext2_layout_init(&l, &s, 300000000ull << 12, &why), 0);
	KEXPECT_EQ(l.nr_groups, 9156);
}

KTEST(ext2, super_blocks_that_lie)
{
	struct ext2_super s;
	struct ext2_layout l;
	const char *why;

#define LIE(set)	do { super_init(&s, 0, 8193, 1, 128); set; why = NULL; \
	KEXPECT_EQ(ext2_layout_init(&l, &s, 8193ull << 10, &why), -EINVAL); KEXPECT(why); } while (0)
	super_init(&s, 0, 8193, 1, 128);
	KEXPECT_EQ(ext2_layout_init(&l, &s, 8193ull << 10, &why), 0);
	LIE(s.magic = to_le16(0));
	LIE(s.log_block_size = to_le32(3));
	LIE(s.log_block_size = to_le32(~0u));
	LIE(s.inode_size = to_le16(0));
	LIE(s.inode_size = to_le16(192));
	LIE(s.inode_size = to_le16(2048));
	LIE(s.blocks_per_group = to_le32(0));
	LIE(s.blocks_per_group = to_le32(8193));
	LIE(s.blocks_per_group = to_le32(16384));
	LIE(s.blocks_per_group = to_le32(8));
	LIE(s.inodes_per_group = to_le32(0));
	LIE(s.inodes_per_group = to_le32(~0u));
	LIE(s.inodes_per_group = to_le32(256));
	LIE(s.first_data_block = to_le32(0));
	LIE(s.first_data_block = to_le32(~0u));
	LIE(s.blocks_count = to_le32(0));
	LIE(s.blocks_count = to_le32(8194));
	LIE(s.blocks_count = to_le32(~0u));
	LIE(s.inodes_count = to_le32(0));
	LIE(s.first_ino = to_le32(0));
	LIE(s.first_ino = to_le32(129));
#undef LIE
}

KTEST(ext2, times_and_features)
{
	/* 34 bits of seconds: from 1901 to 2446. */
	static const s64 secs[] = { -0x80000000ll, -1, 0, 0x7fffffff, 0x80000000ll, 0xffffffffll, 0x100000000ll, 0x37fffffffll };

	for (size_t i = 0; i < ARRAY_SIZE(secs); i++)
		KEXPECT_EQ(ext2_time_sec((u32)secs[i], ext2_time_extra(secs[i], 999999999)), secs[i]);
	KEXPECT_EQ(ext2_time_extra(5, 999999999) >> 2, 999999999);
	KEXPECT(streq(ext2_feature_name(1, EXT2_INCOMPAT_RECOVER), "needs_recovery"));
	KEXPECT(streq(ext2_feature_name(1, 0x40), "extents"));
	KEXPECT(streq(ext2_feature_name(2, 0x400), "metadata_csum"));
	KEXPECT(streq(ext2_feature_name(1, 0x80000000), "unknown"));
}
