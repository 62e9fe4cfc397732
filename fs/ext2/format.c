/* SPDX-License-Identifier: MPL-2.0 */
/* Layout of an ext2 file system from its super block, paths to blocks, bitmaps. Pure. */
#include <base/bits.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include "format.h"

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

int ext2_layout_init(struct ext2_layout *l, const struct ext2_super *s, u64 dev_bytes, const char **why)
{
	u64 groups, left;

	memset(l, 0, sizeof(*l));
	if (le16(s->magic) != EXT2_MAGIC)
		return refuse(why, "no ext2 file system");
	l->rev = le32(s->rev_level);
	if (le32(s->log_block_size) > EXT2_MAX_BLOCK_BITS - EXT2_MIN_BLOCK_BITS)
		return refuse(why, "unsupported block size");
	l->block_bits = EXT2_MIN_BLOCK_BITS + le32(s->log_block_size);
	l->block_size = 1u << l->block_bits;
	l->inode_size = EXT2_INODE_SMALL;
	l->first_ino = 11;
	if (l->rev > 0) {
		l->inode_size = le16(s->inode_size);
		l->first_ino = le32(s->first_ino);
		l->compat = le32(s->feature_compat);
		l->incompat = le32(s->feature_incompat);
		l->ro_compat = le32(s->feature_ro_compat);
	}
	l->sparse = l->ro_compat & EXT2_RO_SPARSE_SUPER;
	if (l->inode_size < EXT2_INODE_SMALL || !is_pow2(l->inode_size) || l->inode_size > l->block_size)
		return refuse(why, "unsupported inode size");
	l->inodes_per_block = l->block_size / l->inode_size;
	l->inodes_per_group = le32(s->inodes_per_group);
	l->blocks_per_group = le32(s->blocks_per_group);
	l->first_data_block = le32(s->first_data_block);
	l->inodes_count = le32(s->inodes_count);
	l->blocks_count = le32(s->blocks_count);
	if (!l->blocks_per_group || l->blocks_per_group > l->block_size * 8 || l->blocks_per_group & 7)
		return refuse(why, "bad number of blocks per group");
	if (l->inodes_per_group < l->inodes_per_block || l->inodes_per_group > l->block_size * 8)
		return refuse(why, "bad number of inodes per group");
	if (l->first_data_block != (l->block_size == 1024 ? 1 : 0))
		return refuse(why, "bad first data block");
	if (l->blocks_count <= l->first_data_block + 3 || l->blocks_count > dev_bytes >> l->block_bits)
		return refuse(why, "larger than its device, or empty");
	l->itable_blocks = DIV_ROUND_UP(l->inodes_per_group, l->inodes_per_block);
	left = l->blocks_count - l->first_data_block;
	groups = DIV_ROUND_UP(left, l->blocks_per_group);
	if (l->itable_blocks + 3 > l->blocks_per_group)
		return refuse(why, "inode table larger than its group");
	if (groups * l->inodes_per_group != l->inodes_count)
		return refuse(why, "number of inodes does not fit the groups");
	if (l->first_ino < 11 || l->first_ino > l->inodes_per_group || l->first_ino > l->inodes_count)
		return refuse(why, "bad first inode");
	l->nr_groups = (u32)groups;
	l->descs_per_block = l->block_size / sizeof(struct ext2_group);
	l->gdt_blocks = DIV_ROUND_UP(l->nr_groups, l->descs_per_block);
	l->first_meta_bg = l->incompat & EXT2_INCOMPAT_META_BG ? le32(s->first_meta_bg) : l->gdt_blocks;
	if (l->first_meta_bg > l->gdt_blocks)
		return refuse(why, "bad first meta group");
	return 0;
}

u32 ext2_group_blocks(const struct ext2_layout *l, u32 g)
{
	return (u32)min_t(u64, l->blocks_per_group, l->blocks_count - ext2_group_first(l, g));
}

static bool power_of(u32 n, u32 base)
{
	while (n > base && n % base == 0)
		n /= base;
	return n == base;
}

bool ext2_group_has_super(const struct ext2_layout *l, u32 g)
{
	return !l->sparse || g <= 1 || power_of(g, 3) || power_of(g, 5) || power_of(g, 7);
}

bool ext2_super_place(const struct ext2_layout *l, u64 block)
{
	u64 off = block - l->first_data_block;

	return block >= l->first_data_block && block < l->blocks_count && off % l->blocks_per_group == 0 &&
	       ext2_group_has_super(l, (u32)(off / l->blocks_per_group));
}

u64 ext2_gdt_block(const struct ext2_layout *l, u32 i, u64 sb_block)
{
	u32 g = i * l->descs_per_block;

	if (i < l->first_meta_bg)
		return sb_block + 1 + i;
	return ext2_group_first(l, g) + ext2_group_has_super(l, g);
}

bool ext2_group_valid(const struct ext2_layout *l, u32 g, const struct ext2_group *d)
{
	u64 first = l->first_data_block + 1, end = l->blocks_count;
	u32 bb = le32(d->block_bitmap), ib = le32(d->inode_bitmap), it = le32(d->inode_table);

	/* Anywhere in the file system: with resizing and meta groups they need not lie in their own. */
	if (bb < first || bb >= end || ib < first || ib >= end || it < first || it + (u64)l->itable_blocks > end)
		return false;
	if (bb == ib || (bb >= it && bb < it + (u64)l->itable_blocks) || (ib >= it && ib < it + (u64)l->itable_blocks))
		return false;
	return le16(d->free_blocks) <= ext2_group_blocks(l, g) && le16(d->free_inodes) <= l->inodes_per_group;
}

const char *ext2_feature_name(int kind, u32 bit)
{
	static const char *const names[3][32] = {
		{ "dir_prealloc", "imagic_inodes", "has_journal", "ext_attr", "resize_inode", "dir_index", "lazy_bg", NULL,
		  NULL, "sparse_super2", "fast_commit", "stable_inodes", "orphan_file" },
		{ "compression", "filetype", "needs_recovery", "journal_dev", "meta_bg", NULL, "extents", "64bit", "mmp",
		  "flex_bg", "ea_inode", NULL, "dirdata", "metadata_csum_seed", "large_dir", "inline_data", "encrypt",
		  "casefold" },
		{ "sparse_super", "large_file", "btree_dir", "huge_file", "uninit_bg", "dir_nlink", "extra_isize", NULL,
		  "quota", "bigalloc", "metadata_csum", "replica", "read-only", "project", "shared_blocks", "verity",
		  "orphan_present" },
	};

	for (u32 i = 0; i < 32; i++)
		if (bit == 1u << i)
			return names[kind][i] ? names[kind][i] : "unknown";
	return "unknown";
}

void ext2_block_path(u32 block_bits, u64 lblk, struct ext2_path *p)
{
	u32 bits = block_bits - 2;
	u64 per = 1ull << bits;

	p->depth = 0;
	if (lblk < EXT2_NDIR) {
		p->depth = 1;
		p->slot[0] = (u32)lblk;
		p->left = (u32)(EXT2_NDIR - 1 - lblk);
		return;
	}
	lblk -= EXT2_NDIR;
	for (u32 level = 1; level <= 3; level++) {
		u64 span = 1ull << (bits * level);

		if (lblk < span) {
			p->depth = level + 1;
			p->slot[0] = EXT2_IND + level - 1;
			for (u32 i = 1; i <= level; i++)
				p->slot[i] = (u32)(lblk >> (bits * (level - i)) & (per - 1));
			p->left = (u32)(per - 1 - p->slot[level]);
			return;
		}
		lblk -= span;
	}
}

u64 ext2_max_bytes(u32 block_bits, bool large)
{
	u32 bits = block_bits - 2;
	u64 data = EXT2_NDIR + (1ull << bits) + (1ull << 2 * bits) + (1ull << 3 * bits), meta;
	u64 limit = (1ull << 32) - 1;		/* i_blocks counts sectors in 32 bits */

	if (!large)
		return 0x7fffffff;
	limit >>= block_bits - 9;
	meta = 1 + 1 + (1ull << bits) + 1 + (1ull << bits) + (1ull << 2 * bits);
	if (data + meta > limit) {
		/* As many data blocks as leave room for their own indirect ones. */
		data = limit;
		data -= DIV_ROUND_UP(limit, 1ull << bits) + DIV_ROUND_UP(limit, 1ull << 2 * bits) + 4;
	}
	return data << block_bits;
}

/* --- bitmaps --- */

static u32 next_bit(const u8 *map, u32 end, u32 from, u8 skip)
{
	while (from < end) {
		if (!(from & 7)) {
			while (from + 8 <= end && map[from >> 3] == skip)
				from += 8;
			if (from >= end)
				break;
		}
		if ((map[from >> 3] >> (from & 7) & 1) != (skip & 1))
			return from;
		from++;
	}
	return end;
}

u32 ext2_next_zero(const void *map, u32 end, u32 from)
{
	return next_bit(map, end, from, 0xff);
}

u32 ext2_next_set(const void *map, u32 end, u32 from)
{
	return next_bit(map, end, from, 0);
}

u32 ext2_count_zero(const void *map, u32 nbits)
{
	const u8 *p = map;
	u32 n = 0, i;

	for (i = 0; i + 8 <= nbits; i += 8)
		n += 8u - (u32)__builtin_popcount(p[i >> 3]);
	for (; i < nbits; i++)
		n += !ext2_bit(map, i);
	return n;
}
