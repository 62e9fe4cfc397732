/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Inode numbers: in which group a new file goes, and when a freed number may be used again.
 *
 * Directories below the root are spread over groups that have room; others stay near their parent unless
 * its group is fuller than average; files go to their directory's group.
 *
 * Locks: sb->alloc.
 */
#include <base/hash.h>
#include <base/math.h>
#include <kernel/random.h>
#include "ext2.h"

static bool group_good(struct ext2_sb *s, u32 g, s64 min_inodes, s64 min_blocks, s64 max_dirs)
{
	const struct ext2_group *d = ext2_group_desc(s, g);

	return le16(d->free_inodes) && le16(d->free_inodes) >= min_inodes && le16(d->free_blocks) >= min_blocks &&
	       le16(d->used_dirs) <= max_dirs && !s->groups[g].bad;
}

/* A group with free inodes at all. */
static s64 any_group(struct ext2_sb *s, u32 from)
{
	for (u32 i = 0; i < s->l.nr_groups; i++) {
		u32 g = (from + i) % s->l.nr_groups;

		if (le16(ext2_group_desc(s, g)->free_inodes) && !s->groups[g].bad)
			return g;
	}
	return -ENOSPC;
}

static s64 group_for_dir(struct ext2_sb *s, struct inode *parent)
{
	u32 n = s->l.nr_groups, from = (u32)(parent->ino - 1) / s->l.inodes_per_group;
	s64 avg_inodes = s->free_inodes / n, avg_blocks = s->free_blocks / n, avg_dirs = (s64)(s->dirs / n);
	s64 best = -1, best_dirs = (s64)s->l.inodes_per_group + 1;

	if (parent->ino == EXT2_ROOT_INO || (EXT2_I(parent)->flags & EXT2_TOPDIR_FL)) {
		from = random_u32_below(n);
		for (u32 i = 0; i < n; i++) {
			u32 g = (from + i) % n;
			s64 dirs = le16(ext2_group_desc(s, g)->used_dirs);

			if (dirs < best_dirs && group_good(s, g, avg_inodes, avg_blocks, best_dirs)) {
				best = g;
				best_dirs = dirs;
			}
		}
		if (best >= 0)
			return best;
		return any_group(s, from);
	}
	for (u32 i = 0; i < n; i++) {
		u32 g = (from + i) % n;

		if (group_good(s, g, max_t(s64, avg_inodes - s->l.inodes_per_group / 4, 1),
			       avg_blocks - s->l.blocks_per_group / 4, avg_dirs + s->l.inodes_per_group / 16))
			return g;
	}
	return any_group(s, from);
}

static s64 group_for_file(struct ext2_sb *s, struct inode *parent)
{
	u32 n = s->l.nr_groups, from = (u32)(parent->ino - 1) / s->l.inodes_per_group, g = from;

	if (group_good(s, g, 1, 1, ~0u))
		return g;
	/* A quadratic walk, so that the overflow of one directory does not all land next door. */
	g = (from + (u32)parent->ino) % n;
	for (u32 step = 1; step < n; step <<= 1) {
		g = (g + step) % n;
		if (group_good(s, g, 1, 1, ~0u))
			return g;
	}
	return any_group(s, from);
}

/* A free number in group g, taken. 0: none after all. */
static u32 take_in_group(struct ext2_sb *s, u32 g, bool dir)
{
	struct ext2_group *d = ext2_group_desc(s, g);
	u32 from = g == 0 ? s->l.first_ino - 1 : 0, bit;
	void *map = buffer_data(s->groups[g].ib);

	bit = ext2_next_zero(map, s->l.inodes_per_group, from);
	if (bit >= s->l.inodes_per_group) {
		if (le16(d->free_inodes)) {
			s->free_inodes -= le16(d->free_inodes);
			d->free_inodes = to_le16(0);
			(void)ext2_error(s, "group %u: no free inode although its count says so", g);
		}
		return 0;
	}
	ext2_bit_set(map, bit);
	d->free_inodes = to_le16((u16)(le16(d->free_inodes) - 1));
	s->free_inodes--;
	if (dir) {
		d->used_dirs = to_le16((u16)(le16(d->used_dirs) + 1));
		s->dirs++;
	}
	s->es->free_inodes_count = to_le32((u32)max_t(s64, s->free_inodes, 0));
	ext2_hold(s, s->groups[g].ib, BH_MAP);
	ext2_hold(s, s->gdt[g / s->l.descs_per_block], BH_MAP);
	ext2_hold(s, s->sb_bh, BH_MAP);
	return g * s->l.inodes_per_group + bit + 1;
}

static s64 take_number(struct ext2_sb *s, struct inode *parent, bool dir)
{
	s64 g;
	u32 ino = 0;
	int err;

	mutex_lock(&s->alloc);
	do {
		g = dir ? group_for_dir(s, parent) : group_for_file(s, parent);
		if (g < 0)
			break;
		err = ext2_group_bitmaps(s, (u32)g);
		if (err) {
			if (err != -EUCLEAN) {
				g = err;
				break;
			}
			continue;		/* that group is marked bad now */
		}
		ino = take_in_group(s, (u32)g, dir);
	} while (!ino);
	mutex_unlock(&s->alloc);
	return g < 0 ? g : ino;
}

void ext2_free_inode_number(struct ext2_sb *s, u32 ino, bool dir, bool now)
{
	u32 g = (ino - 1) / s->l.inodes_per_group, bit = (ino - 1) % s->l.inodes_per_group;
	struct ext2_group *d;
	void *map;

	mutex_lock(&s->alloc);
	if (!now) {
		if (s->nr_freed_inodes == s->max_freed_inodes) {
			u32 more = s->max_freed_inodes ? s->max_freed_inodes * 2 : 64;
			u32 *p = kvmalloc(more * sizeof(u32), GFP_NOFS);

			if (!p)
				goto out;	/* lost until e2fsck counts again */
			if (s->nr_freed_inodes)
				memcpy(p, s->freed_inodes, s->nr_freed_inodes * sizeof(u32));
			kvfree(s->freed_inodes);
			s->freed_inodes = p;
			s->max_freed_inodes = more;
		}
		s->freed_inodes[s->nr_freed_inodes++] = ino | (u32)dir << 31;
		goto out;
	}
	if (ext2_group_bitmaps(s, g))
		goto out;
	d = ext2_group_desc(s, g);
	map = buffer_data(s->groups[g].ib);
	if (!ext2_bit(map, bit)) {
		(void)ext2_error(s, "bit already cleared for inode %u", ino);
		goto out;
	}
	ext2_bit_clear(map, bit);
	d->free_inodes = to_le16((u16)min_t(u32, le16(d->free_inodes) + 1u, s->l.inodes_per_group));
	s->free_inodes++;
	if (dir && le16(d->used_dirs)) {
		d->used_dirs = to_le16((u16)(le16(d->used_dirs) - 1));
		s->dirs--;
	}
	s->es->free_inodes_count = to_le32((u32)s->free_inodes);
	ext2_hold(s, s->groups[g].ib, BH_MAP);
	ext2_hold(s, s->gdt[g / s->l.descs_per_block], BH_MAP);
	ext2_hold(s, s->sb_bh, BH_MAP);
out:
	mutex_unlock(&s->alloc);
}

/* What a new inode takes over from its directory. */
static u32 inherited_flags(const struct inode *dir, umode_t mode)
{
	u32 f = EXT2_I(dir)->flags & (EXT2_SYNC_FL | EXT2_IMMUTABLE_FL | EXT2_APPEND_FL | EXT2_NODUMP_FL |
				      EXT2_NOATIME_FL | EXT2_DIRSYNC_FL);

	f &= ~(EXT2_IMMUTABLE_FL | EXT2_APPEND_FL);
	if (S_ISDIR(mode))
		return f;
	f &= ~EXT2_DIRSYNC_FL;
	return S_ISREG(mode) ? f : f & (EXT2_NODUMP_FL | EXT2_NOATIME_FL);
}

/* The only inode of its block of the table: what stands there does not matter and need not be read. */
static void skip_itable_read(struct ext2_sb *s, u32 ino)
{
	u32 g = (ino - 1) / s->l.inodes_per_group, i = (ino - 1) % s->l.inodes_per_group;
	u32 first = i - i % s->l.inodes_per_block, end = min(first + s->l.inodes_per_block, s->l.inodes_per_group);
	const void *map = buffer_data(s->groups[g].ib);
	struct buffer *bh;
	u32 used = 0;

	mutex_lock(&s->alloc);
	for (u32 n = first; n < end; n++)
		used += ext2_bit(map, n);
	mutex_unlock(&s->alloc);
	if (used != 1 || (g == 0 && first < s->l.first_ino))
		return;
	bh = buffer_get(s->bdev, le32(ext2_group_desc(s, g)->inode_table) + (u64)(i / s->l.inodes_per_block),
			s->l.block_size);
	if (!IS_ERR(bh))
		buffer_put(bh);
}

struct inode *ext2_new_inode(struct inode *dir, umode_t mode, const struct qstr *name)
{
	struct ext2_sb *s = EXT2_SB(dir->sb);
	s64 ino = take_number(s, dir, S_ISDIR(mode));
	struct ext2_inode_info *ei;
	struct inode *inode;

	if (ino < 0)
		return ERR_PTR(ino);
	inode = inode_get_locked(dir->sb, (u64)ino);
	if (!IS_ERR(inode) && !(READ_ONCE(inode->state) & I_NEW)) {
		/* In use although its bit was clear: leave the bit set. */
		(void)ext2_error(s, "inode %lld is in use and marked free", (long long)ino);
		inode_put(inode);
		return ERR_PTR(-EUCLEAN);
	}
	if (IS_ERR(inode)) {
		ext2_free_inode_number(s, (u32)ino, S_ISDIR(mode), true);
		return inode;
	}
	ei = EXT2_I(inode);
	if (s->opts & MOPT_GRPID) {
		inode_init_owner(inode, NULL, mode);
		inode->gid = dir->gid;
	} else {
		inode_init_owner(inode, dir, mode);
	}
	inode->nlink = 1;
	inode->generation = (u32)random_u64();
	inode->atime = inode->mtime = inode->ctime = inode->btime = inode_now(inode);
	ei->flags = inherited_flags(dir, mode);
	ei->extra_isize = 0;
	if (s->l.inode_size > EXT2_INODE_SMALL)
		ei->extra_isize = (u16)(sizeof(struct ext2_inode) - EXT2_INODE_SMALL);
	ei->parent = (u32)dir->ino;
	skip_itable_read(s, (u32)ino);
	set_bit(EI_NEW, &ei->state);
	set_bit(EI_XATTR, &ei->state);		/* there are none to look for */
	ext2_set_vfs_flags(inode);
	return inode;
}
