/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where the blocks of a file are: twelve direct pointers in the inode and trees of index blocks.
 *
 * An index block that the disk knows is not changed: the first change in a batch copies it to a fresh place
 * (copy on write up to the inode), so that writing the inode, which is less than a sector, switches
 * pointers, size and block count together. Only on a full disk is a block changed where it is.
 *
 * Locks: ei->map_sem; changes within a batch.
 */
#include <base/math.h>
#include "ext2.h"

static inline u32 per_block(const struct ext2_sb *s)
{
	return s->l.block_size / 4;
}

static int bad_pointer(struct inode *inode, u64 lblk, u64 pblk)
{
	return ext2_error(EXT2_SB(inode->sb), "inode %llu: invalid block %llu at offset %llu", (unsigned long long)inode->ino,
			  (unsigned long long)pblk, (unsigned long long)lblk);
}

static bool pointer_ok(struct ext2_sb *s, u64 b)
{
	return ext2_block_valid(s, b) && !ext2_block_is_system(s, b);
}

static struct buffer *read_index(struct inode *inode, u64 lblk, u64 pblk)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct buffer *bh;

	if (!pointer_ok(s, pblk))
		return ERR_PTR(bad_pointer(inode, lblk, pblk));
	bh = ext2_bread(s, pblk);
	if (IS_ERR(bh))
		ext2_io_error(s, pblk);
	return bh;
}

/* --- looking --- */

/* Blocks left in the subtree whose slot at level i is empty. */
static u64 hole_left(const struct ext2_path *p, u32 i, u32 bits)
{
	u64 span = 1ull << (bits * (p->depth - 1 - i)), in = 0;

	for (u32 k = i + 1; k < p->depth; k++)
		in = (in << bits) + p->slot[k];
	return span - in;
}

/* A run in one array of pointers. */
static int run_in(struct inode *inode, u64 lblk, const le32_t *p, u32 left, u32 max, u64 *pblk, u32 *n)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	u32 first = le32(p[0]), k = 1;

	max = min(max, left + 1);
	while (k < max && le32(p[k]) == (first ? first + k : 0))
		k++;
	*pblk = first;
	*n = k;
	if (first && (!ext2_block_valid(s, first) || !ext2_block_valid(s, first + k - 1ull) || ext2_run_is_system(s, first, k)))
		return bad_pointer(inode, lblk, first);
	return 0;
}

int ext2_map_lookup(struct inode *inode, u64 lblk, u32 max, u64 *pblk, u32 *n)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	const le32_t *array = EXT2_I(inode)->block;
	u32 bits = s->l.block_bits - 2;
	struct buffer *bh = NULL;
	struct ext2_path p;
	int err;

	ext2_block_path(s->l.block_bits, lblk, &p);
	if (!p.depth)
		return -EFBIG;
	for (u32 i = 0; i + 1 < p.depth; i++) {
		u32 nr = le32(array[p.slot[i]]);
		struct buffer *next;

		if (!nr) {
			*pblk = 0;
			*n = (u32)min_t(u64, max, hole_left(&p, i, bits));
			buffer_put(bh);
			return 0;
		}
		next = read_index(inode, lblk, nr);
		buffer_put(bh);
		if (IS_ERR(next))
			return (int)PTR_ERR(next);
		bh = next;
		array = buffer_data(bh);
	}
	err = run_in(inode, lblk, array + p.slot[p.depth - 1], p.left, max, pblk, n);
	buffer_put(bh);
	return err;
}

/* Near what is before it in the file; else near its inode, in a place of its own. */
u64 ext2_goal(struct inode *inode, u64 lblk)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 g = (u32)(inode->ino - 1) / s->l.inodes_per_group;
	u64 p = 0, colour;
	u32 n;

	if (ei->goal)
		return ei->goal;
	if (lblk && !ext2_map_lookup(inode, lblk - 1, 1, &p, &n) && p)
		return p + 1;
	/* Files of one directory side by side, those of others elsewhere in the group. */
	colour = ((ei->parent ? ei->parent : inode->ino) % 16) * (ext2_group_blocks(&s->l, g) / 16);
	return ext2_group_first(&s->l, g) + colour;
}

/* --- changing --- */

static void count_blocks(struct inode *inode, s64 n)
{
	s64 sectors = n * (EXT2_SB(inode->sb)->l.block_size >> SECTOR_SHIFT);

	spin_lock(&inode->state_lock);
	inode->blocks = (s64)inode->blocks + sectors < 0 ? 0 : (u64)((s64)inode->blocks + sectors);
	spin_unlock(&inode->state_lock);
}

/* A fresh block of metadata for the inode. */
static struct buffer *alloc_index(struct inode *inode, u64 goal)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer *bh;
	u64 b;
	u32 got;
	int err = ext2_alloc_blocks(s, inode, goal, 1, ALLOC_META | (ei->meta_promised ? ALLOC_RESERVED : 0), &b, &got);

	if (err)
		return ERR_PTR(err);
	if (ei->meta_promised)
		ei->meta_promised--;
	bh = buffer_get_zeroed(s->bdev, b, s->l.block_size);
	if (IS_ERR(bh)) {
		ext2_free_blocks(s, b, 1, true);
		return bh;
	}
	ext2_hold(s, bh, BH_FRESH);
	return bh;
}

/*
 * The index block behind *slot, so that it may be changed: made, or copied, or (full disk) as it is. bh is
 * NULL or what *slot names, consumed.
 */
static struct buffer *own_index(struct inode *inode, u64 lblk, le32_t *slot)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	u32 nr = le32(*slot);
	struct buffer *bh, *copy;

	if (!nr) {
		copy = alloc_index(inode, ext2_goal(inode, lblk));
		if (IS_ERR(copy))
			return copy;
		*slot = to_le32((u32)buffer_block(copy));
		count_blocks(inode, 1);
		return copy;
	}
	bh = read_index(inode, lblk, nr);
	if (IS_ERR(bh) || bh->state & (BH_FRESH | BH_INPLACE))
		return bh;
	copy = alloc_index(inode, nr + 1ull);
	if (IS_ERR(copy)) {
		if (PTR_ERR(copy) != -ENOSPC) {
			buffer_put(bh);
			return copy;
		}
		ext2_hold(s, bh, BH_INPLACE);
		return bh;
	}
	memcpy(buffer_data(copy), buffer_data(bh), s->l.block_size);
	*slot = to_le32((u32)buffer_block(copy));
	buffer_forget(bh);
	ext2_free_blocks(s, nr, 1, false);
	return copy;
}

/* Pointers of n blocks from lblk, as far as one array holds them. How many. */
static s64 install_some(struct inode *inode, u64 lblk, u64 pblk, u32 n, u32 how)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	le32_t *array = EXT2_I(inode)->block;
	struct buffer *bh = NULL;
	struct ext2_path p;

	ext2_block_path(s->l.block_bits, lblk, &p);
	if (!p.depth)
		return -EFBIG;
	for (u32 i = 0; i + 1 < p.depth; i++) {
		struct buffer *next = own_index(inode, lblk, &array[p.slot[i]]);

		buffer_put(bh);
		if (IS_ERR(next))
			return PTR_ERR(next);
		bh = next;
		array = buffer_data(bh);
	}
	n = min(n, p.left + 1);
	for (u32 i = 0; i < n; i++)
		array[p.slot[p.depth - 1] + i] = to_le32(pblk ? (u32)pblk + i : 0);
	buffer_put(bh);
	return n;
}

int ext2_map_install(struct inode *inode, u64 lblk, u64 pblk, u32 n, u32 how)
{
	ext2_dirty_data(inode);
	while (n) {
		s64 k = install_some(inode, lblk, pblk, n, how);

		if (k < 0)
			return (int)k;
		count_blocks(inode, k);
		lblk += (u64)k;
		pblk += (u64)k;
		n -= (u32)k;
	}
	EXT2_I(inode)->goal = pblk;
	return 0;
}

/* --- freeing --- */

struct free_ctx {
	struct inode *inode;
	u64 first, end;			/* logical blocks */
	u64 left;			/* a sane tree has no more */
	bool now;			/* nothing of it was ever on the disk */
	int err;
};

static void free_one(struct free_ctx *c, u64 b)
{
	struct ext2_sb *s = EXT2_SB(c->inode->sb);
	struct buffer *bh;

	if (!c->left) {
		if (!c->err)
			c->err = ext2_error(s, "inode %llu has more blocks than the file system",
					    (unsigned long long)c->inode->ino);
		return;
	}
	c->left--;
	/* A directory's block must not be written any more: it may soon be a file's. */
	if (!S_ISREG_I(c->inode) && (bh = buffer_find(s->bdev, b, s->l.block_size)) != NULL) {
		ext2_unhold(s, bh);
		buffer_forget(bh);
	}
	ext2_free_blocks(s, b, 1, c->now);
	count_blocks(c->inode, -1);
}

static bool all_zero(const struct ext2_sb *s, const struct buffer *bh)
{
	const u64 *p = bh->data;

	for (u32 i = 0; i < s->l.block_size / 8; i++)
		if (p[i])
			return false;
	return true;
}

/* The subtree in *slot covers span blocks from base; level 0 is data. Recursion ends at three. */
static void free_tree(struct free_ctx *c, le32_t *slot, u32 level, u64 base, bool whole_above)
{
	struct ext2_sb *s = EXT2_SB(c->inode->sb);
	u32 bits = s->l.block_bits - 2, nr = le32(*slot);
	u64 span = 1ull << (bits * level), child = level ? span >> bits : 0;
	bool whole = base >= c->first && base + span <= c->end;
	struct buffer *bh;
	le32_t *p;

	if (!nr || c->err || base + span <= c->first || base >= c->end)
		return;
	if (!level) {
		free_one(c, nr);
		if (!whole_above)
			*slot = to_le32(0);
		return;
	}
	bh = whole ? read_index(c->inode, base, nr) : own_index(c->inode, base, slot);
	if (IS_ERR(bh)) {
		c->err = (int)PTR_ERR(bh);
		return;
	}
	p = buffer_data(bh);
	for (u32 i = 0; i < per_block(s) && !c->err && c->left; i++)
		free_tree(c, &p[i], level - 1, base + i * child, whole);
	if (c->err || (!whole && !all_zero(s, bh))) {
		buffer_put(bh);
		return;
	}
	nr = (u32)buffer_block(bh);
	/* Nobody needs the contents any more; a fresh one was never written. */
	if (bh->state & BH_FRESH) {
		ext2_unhold(s, bh);
		buffer_forget(bh);
		if (c->left)
			c->left--;
		ext2_free_blocks(s, nr, 1, true);
		count_blocks(c->inode, -1);
	} else {
		ext2_unhold(s, bh);
		buffer_forget(bh);
		free_one(c, nr);
	}
	if (!whole_above)
		*slot = to_le32(0);
	cond_resched();
}

int ext2_map_free(struct inode *inode, u64 first, u64 end)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct free_ctx c = { .inode = inode, .first = first, .end = end, .left = s->l.blocks_count + 8 };
	u32 bits = s->l.block_bits - 2;
	u64 base = EXT2_NDIR;

	c.now = test_bit(EI_NEW, &ei->state);
	ext2_dirty_data(inode);
	for (u32 i = 0; i < EXT2_NDIR; i++)
		free_tree(&c, &ei->block[i], 0, i, false);
	for (u32 level = 1; level <= 3; level++) {
		free_tree(&c, &ei->block[EXT2_IND + level - 1], level, base, false);
		base += 1ull << (bits * level);
	}
	ei->goal = 0;
	return c.err;
}

/* --- blocks of directories and long links: through buffers --- */

struct buffer *ext2_dir_bread(struct inode *inode, u64 lblk)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer *bh;
	u64 pblk = 0;
	u32 n = 0;
	int err;

	down_read(&ei->map_sem);
	err = ext2_map_lookup(inode, lblk, 8, &pblk, &n);
	up_read(&ei->map_sem);
	if (err)
		return ERR_PTR(err);
	if (!pblk)
		return ERR_PTR(ext2_dir_corrupt(inode, lblk, "hole"));
	for (u32 i = 1; i < n; i++)
		buffer_readahead(s->bdev, pblk + i, s->l.block_size);
	bh = ext2_bread(s, pblk);
	if (IS_ERR(bh))
		ext2_io_error(s, pblk);
	return bh;
}

static struct buffer *dir_fresh(struct inode *inode, u64 goal)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct buffer *bh;
	u64 pblk;
	u32 got;
	int err = ext2_alloc_blocks(s, inode, goal, 1, 0, &pblk, &got);

	if (err)
		return ERR_PTR(err);
	bh = buffer_get_zeroed(s->bdev, pblk, s->l.block_size);
	if (IS_ERR(bh))
		ext2_free_blocks(s, pblk, 1, true);
	else
		ext2_hold(s, bh, BH_FRESH);
	return bh;
}

struct buffer *ext2_dir_append(struct inode *inode, u64 *lblk)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer *bh;
	int err;

	*lblk = (u64)inode->size >> s->l.block_bits;
	if (*lblk >= 0x7fffffff >> s->l.block_bits)
		return ERR_PTR(-ENOSPC);
	down_write(&ei->map_sem);
	bh = dir_fresh(inode, ext2_goal(inode, *lblk));
	if (IS_ERR(bh))
		goto out;
	err = ext2_map_install(inode, *lblk, buffer_block(bh), 1, 0);
	if (err) {
		u64 b = buffer_block(bh);

		ext2_unhold(s, bh);
		buffer_forget(bh);
		ext2_free_blocks(s, b, 1, true);
		bh = ERR_PTR(err);
		goto out;
	}
	inode_set_size(inode, (loff_t)((*lblk + 1) << s->l.block_bits));
	ei->disksize = (u64)inode->size;
out:
	up_write(&ei->map_sem);
	return bh;
}

struct buffer *ext2_dir_cow(struct inode *inode, u64 lblk, struct buffer *bh)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer *copy;
	u64 old = buffer_block(bh);
	s64 k;

	if (bh->state & BH_FRESH)
		return bh;
	down_write(&ei->map_sem);
	copy = dir_fresh(inode, old + 1);
	if (IS_ERR(copy))
		goto out;
	memcpy(buffer_data(copy), buffer_data(bh), s->l.block_size);
	ext2_dirty_data(inode);
	k = install_some(inode, lblk, buffer_block(copy), 1, 0);
	if (k < 0) {
		u64 b = buffer_block(copy);

		ext2_unhold(s, copy);
		buffer_forget(copy);
		ext2_free_blocks(s, b, 1, true);
		copy = ERR_PTR(k);
		goto out;
	}
	ext2_unhold(s, bh);
	buffer_forget(bh);
	ext2_free_blocks(s, old, 1, false);
out:
	up_write(&ei->map_sem);
	return copy;
}
