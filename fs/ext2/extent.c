/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Between dirty pages and pointers: the parts of a file that have no pointer yet (ei->exts), and what the
 * page cache asks (iomap).
 *
 * A write to a hole promises blocks (an extent without a place). Write-back gives the extent a place
 * (map_blocks), writes the data there, and only then are pointers made (written): the commit can
 * never meet a pointer whose data is not on the device. disksize follows: it is what the inode on the disk
 * may show.
 *
 * Locks: ei->map_sem for the tree.
 */
#include <base/math.h>
#include <core/init.h>
#include "ext2.h"

#define PLACE_MAX	2048u		/* blocks that get a place at once */

static struct kmem_cache *ext_cache;

/* --- the tree --- */

struct ext2_ext *ext2_ext_find(struct ext2_inode_info *ei, u64 lblk)
{
	struct rb_node *n = ei->exts.node;
	struct ext2_ext *best = NULL;

	while (n) {
		struct ext2_ext *e = rb_entry(n, struct ext2_ext, node);

		if (e->lblk + e->n > lblk) {
			best = e;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

static bool touches(const struct ext2_ext *a, u64 lblk, u64 pblk)
{
	return a->lblk + a->n == lblk && (pblk ? a->pblk && a->pblk + a->n == pblk : !a->pblk) && a->n < 1u << 30;
}

static void ext_free(struct ext2_inode_info *ei, struct ext2_ext *e)
{
	rb_erase(&e->node, &ei->exts);
	kmem_cache_free(ext_cache, e);
	ei->nr_exts--;
}

int ext2_ext_insert(struct ext2_inode_info *ei, u64 lblk, u64 pblk, u32 n)
{
	struct rb_node **link = &ei->exts.node, *parent = NULL;
	struct ext2_ext *e, *prev = NULL, *next = NULL;

	while (*link) {
		e = rb_entry(*link, struct ext2_ext, node);
		parent = *link;
		if (lblk < e->lblk) {
			next = e;
			link = &parent->left;
		} else {
			prev = e;
			link = &parent->right;
		}
	}
	if (prev && touches(prev, lblk, pblk)) {
		prev->n += n;
		if (next && touches(prev, next->lblk, next->pblk)) {
			prev->n += next->n;
			ext_free(ei, next);
		}
		return 0;
	}
	if (next && lblk + n == next->lblk && (pblk ? next->pblk == pblk + n : !next->pblk) && next->n < 1u << 30) {
		next->lblk = lblk;
		next->pblk = pblk;
		next->n += n;
		return 0;
	}
	e = kmem_cache_alloc(ext_cache, GFP_NOFS);
	if (!e)
		return -ENOMEM;
	e->lblk = lblk;
	e->pblk = pblk;
	e->n = n;
	rb_link_node(&e->node, parent, link);
	rb_insert(&e->node, &ei->exts);
	ei->nr_exts++;
	return 0;
}

int ext2_ext_remove(struct ext2_inode_info *ei, u64 lblk, u64 n, void (*fn)(struct ext2_inode_info *ei, u64 l, u64 p, u32 n))
{
	u64 end = lblk + n < lblk ? ~0ull : lblk + n;
	struct ext2_ext *e;

	while ((e = ext2_ext_find(ei, lblk)) != NULL && e->lblk < end) {
		u64 from = max(e->lblk, lblk), to = min(e->lblk + e->n, end), l = from;
		u64 p = e->pblk ? e->pblk + (from - e->lblk) : 0;
		u32 k = (u32)(to - from);

		if (from > e->lblk && to < e->lblk + e->n) {
			u64 old_end = e->lblk + e->n, rest = e->pblk ? e->pblk + (to - e->lblk) : 0;
			u32 old_n = e->n;
			int err;

			e->n = (u32)(from - e->lblk);
			err = ext2_ext_insert(ei, to, rest, (u32)(old_end - to));
			if (err) {
				e->n = old_n;
				return err;
			}
		} else if (from > e->lblk) {
			e->n = (u32)(from - e->lblk);
		} else if (to < e->lblk + e->n) {
			e->n -= k;
			e->lblk = to;
			e->pblk = e->pblk ? e->pblk + k : 0;
		} else {
			ext_free(ei, e);
		}
		if (fn)
			fn(ei, l, p, k);
		lblk = to;
	}
	return 0;
}

/* Index blocks that the extents may come to need: each may stand alone. */
static u32 meta_need(const struct ext2_inode_info *ei)
{
	u32 per = EXT2_SB(ei->vfs.sb)->l.block_size / 4;

	if (!ei->nr_exts)
		return 0;
	return ei->nr_exts * 3 + 3 + (u32)(ei->promised / per);
}

static void meta_settle(struct ext2_inode_info *ei)
{
	u32 need = meta_need(ei);

	if (ei->meta_promised > need) {
		ext2_unreserve(EXT2_SB(ei->vfs.sb), ei->meta_promised - need);
		ei->meta_promised = need;
	}
}

/* n blocks more from lblk will be written. -ENOSPC. */
static int promise(struct ext2_inode_info *ei, u64 lblk, u32 n)
{
	struct ext2_sb *s = EXT2_SB(ei->vfs.sb);
	u32 before = ei->meta_promised, need;
	int err = ext2_ext_insert(ei, lblk, 0, n);

	if (err)
		return err;
	ei->promised += n;
	need = max(meta_need(ei), before);
	err = ext2_reserve(s, (s64)n + need - before);
	if (err) {
		ei->promised -= n;
		(void)!ext2_ext_remove(ei, lblk, n, NULL);
		return err;
	}
	ei->meta_promised = need;
	return 0;
}

static void give_up(struct ext2_inode_info *ei, u64 l, u64 p, u32 n)
{
	struct ext2_sb *s = EXT2_SB(ei->vfs.sb);

	if (p) {
		ext2_free_blocks(s, p, n, true);
	} else {
		ei->promised -= n;
		ext2_unreserve(s, n);
	}
}

/* map_sem held for writing; within a batch (or nothing of it has a place). */
void ext2_ext_drop(struct inode *inode, u64 lblk, u64 end)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (ei->nr_exts) {
		(void)!ext2_ext_remove(ei, lblk, end - lblk, give_up);
		meta_settle(ei);
	}
}

/* --- iomap --- */

static void fill(struct inode *inode, struct iomap *m, u64 lblk, u32 n, u32 type, u64 pblk)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);

	m->offset = lblk << s->l.block_bits;
	m->length = (u64)n << s->l.block_bits;
	m->addr = type == IOMAP_MAPPED ? pblk << s->l.block_bits : IOMAP_NULL_ADDR;
	m->type = (u16)type;
	m->flags = 0;
	m->bdev = s->bdev;
	m->private = NULL;
}

/* What is there now. *hole: blocks free to be promised (0: none). map_sem held. */
static int look(struct inode *inode, u64 lblk, u32 max, struct iomap *m, u32 *hole)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct ext2_ext *e = ei->nr_exts ? ext2_ext_find(ei, lblk) : NULL;
	u64 pblk;
	u32 n;
	int err;

	*hole = 0;
	if (e && e->lblk <= lblk) {
		/* With a place or without: the data is in the page cache only. */
		fill(inode, m, lblk, (u32)(e->lblk + e->n - lblk), IOMAP_DELALLOC, 0);
		return 0;
	}
	if (e)
		max = (u32)min_t(u64, max, e->lblk - lblk);
	err = ext2_map_lookup(inode, lblk, max, &pblk, &n);
	if (err == -EFBIG) {
		/* Beyond what pointers reach: nothing is there. */
		fill(inode, m, lblk, max, IOMAP_HOLE, 0);
		return 0;
	}
	if (err)
		return err;
	fill(inode, m, lblk, n, pblk ? IOMAP_MAPPED : IOMAP_HOLE, pblk);
	if (!pblk)
		*hole = n;
	return 0;
}

static u32 block_span(const struct ext2_sb *s, loff_t pos, u64 length, u64 *lblk)
{
	u64 end = (u64)pos + min_t(u64, length, 1ull << 40);

	*lblk = (u64)pos >> s->l.block_bits;
	return (u32)min_t(u64, ((end - 1) >> s->l.block_bits) - *lblk + 1, 1u << 24);
}

/* Give blocks from lblk a place: an extent with one replaces what was promised. Within a batch. */
static int place(struct inode *inode, u64 lblk, u32 want, bool promised, u64 *pblk, u32 *got)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err = ext2_alloc_blocks(s, inode, ext2_goal(inode, lblk), min(want, PLACE_MAX),
				    promised ? ALLOC_RESERVED : 0, pblk, got);

	if (err)
		return err;
	if (promised) {
		err = ext2_ext_remove(ei, lblk, *got, NULL);
		if (!err)
			ei->promised -= *got;
	}
	if (!err)
		err = ext2_ext_insert(ei, lblk, *pblk, *got);
	if (err) {
		ext2_free_blocks(s, *pblk, *got, true);
		return err;
	}
	ei->goal = *pblk + *got;
	return 0;
}

static int begin_write(struct inode *inode, u64 lblk, u32 max, struct iomap *m)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 hole, n;
	int err;

	down_write(&ei->map_sem);
	err = look(inode, lblk, max, m, &hole);
	if (!err && hole) {
		n = min(hole, max);
		err = promise(ei, lblk, n);
		if (err == -ENOSPC && n > 1) {
			n = 1;
			err = promise(ei, lblk, n);
		}
		if (!err) {
			fill(inode, m, lblk, n, IOMAP_DELALLOC, 0);
			m->flags = IOMAP_F_NEW;
		}
	}
	up_write(&ei->map_sem);
	return err;
}

static int ext2_iomap_begin(struct inode *inode, loff_t pos, u64 length, u32 flags, struct iomap *m)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 lblk;
	u32 max = block_span(s, pos, length, &lblk), hole;
	int err;

	if ((flags & IOMAP_WRITE) && !(flags & IOMAP_ZERO)) {
		if (READ_ONCE(s->aborted))
			return -EROFS;
		for (int again = 0;; again++) {
			err = begin_write(inode, lblk, max, m);
			/* Blocks that were freed and not committed may be what is missing. */
			if (err != -ENOSPC || again || !ext2_has_pending(s))
				break;
			(void)ext2_commit(s);
		}
	} else {
		down_read(&ei->map_sem);
		err = look(inode, lblk, max, m, &hole);
		up_read(&ei->map_sem);
	}
	if (!err && (ei->sync_id > READ_ONCE(s->committed_id)))
		m->flags |= IOMAP_F_DIRTY;
	return err;
}

/* Data of [pos, pos + length) is on the device: make pointers, or give the place up. */
static int install(struct inode *inode, loff_t pos, u64 length, int error)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 lblk = (u64)pos >> s->l.block_bits, end = ((u64)pos + length + s->l.block_size - 1) >> s->l.block_bits, size;
	struct ext2_ext *e;
	int err = 0;

	if (!error)
		WRITE_ONCE(s->data_done, true);
	size = min_t(u64, (u64)pos + length, (u64)inode_size(inode));
	if (!READ_ONCE(ei->nr_exts) && (error || size <= READ_ONCE(ei->disksize)))
		return 0;
	ext2_begin_always(s);
	down_write(&ei->map_sem);
	while ((e = ext2_ext_find(ei, lblk)) != NULL && e->lblk < end) {
		u64 l = max(e->lblk, lblk), stop = min(e->lblk + e->n, end), p;

		lblk = stop;
		if (!e->pblk)
			continue;		/* written to again meanwhile, somewhere else */
		p = e->pblk + (l - e->lblk);
		err = ext2_ext_remove(ei, l, stop - l, error ? give_up : NULL);
		if (err)
			break;
		if (error)
			continue;
		err = ext2_map_install(inode, l, p, (u32)(stop - l), ALLOC_RESERVED);
		if (err) {
			mapping_set_error(&inode->data, err);
			break;
		}
	}
	if (!error && !err && size > ei->disksize) {
		ei->disksize = min_t(u64, size, (u64)inode_size(inode));
		ext2_dirty_data(inode);
	}
	meta_settle(ei);
	up_write(&ei->map_sem);
	ext2_end(s);
	return err;
}

static int ext2_iomap_end(struct inode *inode, loff_t pos, u64 length, u64 done, u32 flags, struct iomap *m)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 first, end = ((u64)pos + length + s->l.block_size - 1) >> s->l.block_bits;

	if (!(flags & IOMAP_WRITE) || !(m->flags & IOMAP_F_NEW))
		return 0;
	first = ((u64)pos + done + s->l.block_size - 1) >> s->l.block_bits;
	if (done >= length || first >= end)
		return 0;
	end = min(end, (m->offset + m->length) >> s->l.block_bits);
	ext2_begin_always(s);
	down_write(&ei->map_sem);
	if (first < end)
		ext2_ext_drop(inode, first, end);
	up_write(&ei->map_sem);
	ext2_end(s);
	return 0;
}

static int ext2_map_blocks(struct inode *inode, loff_t pos, u64 length, struct iomap *m)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 lblk, pblk = 0;
	u32 max = block_span(s, pos, length, &lblk), n = 0;
	struct ext2_ext *e;
	int err;

	/* Overwriting what has pointers needs no batch. */
	if (!READ_ONCE(ei->nr_exts)) {
		down_read(&ei->map_sem);
		err = ext2_map_lookup(inode, lblk, max, &pblk, &n);
		up_read(&ei->map_sem);
		if (err || pblk)
			goto out;
	}
	err = ext2_begin(s);
	if (err)
		return err;
	down_write(&ei->map_sem);
	e = ext2_ext_find(ei, lblk);
	if (e && e->lblk <= lblk) {
		n = (u32)(e->lblk + e->n - lblk);
		if (e->pblk)
			pblk = e->pblk + (lblk - e->lblk);
		else
			err = place(inode, lblk, n, true, &pblk, &n);
	} else {
		if (e)
			max = (u32)min_t(u64, max, e->lblk - lblk);
		err = ext2_map_lookup(inode, lblk, max, &pblk, &n);
		if (!err && !pblk)
			err = place(inode, lblk, n, false, &pblk, &n);
	}
	up_write(&ei->map_sem);
	ext2_end(s);
out:
	if (!err)
		fill(inode, m, lblk, n, IOMAP_MAPPED, pblk);
	return err;
}

static void ext2_written(struct inode *inode, loff_t pos, u64 length, const struct iomap *m, int error)
{
	(void)install(inode, pos, length, error);
}

/* Something for the next flush. */
static void ext2_overwritten(struct inode *inode)
{
	WRITE_ONCE(EXT2_SB(inode->sb)->data_done, true);
}

const struct iomap_ops ext2_iomap_ops = {
	.begin = ext2_iomap_begin,
	.end = ext2_iomap_end,
	.map_blocks = ext2_map_blocks,
	.written = ext2_written,
	.overwritten = ext2_overwritten,
};

static int ext2_ext_init(void)
{
	ext_cache = kmem_cache_create("ext2_extent", sizeof(struct ext2_ext), 8, 0, NULL);
	return ext_cache ? 0 : -ENOMEM;
}
INITCALL_CORE(ext2_ext_init);
