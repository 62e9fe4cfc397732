/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Changing a file's size, holes and preallocation. ext2 cannot mark a block as not written: preallocated
 * blocks are zeroed on the device before they get a pointer, and none lie beyond the end of a file.
 *
 * The inode lock is held for writing throughout; blocks are freed while the invalidate lock is held, so
 * that no fault brings a page back in between.
 */
#include <base/math.h>
#include <kernel/task.h>
#include <uapi/linux/falloc.h>
#include "ext2.h"

static u64 last_block(const struct ext2_sb *s)
{
	return ext2_max_bytes(s->l.block_bits, true) >> s->l.block_bits;
}

static int note_large_file(struct ext2_sb *s, loff_t size)
{
	if (size <= 0x7fffffff || s->l.ro_compat & EXT2_RO_LARGE_FILE)
		return 0;
	if (s->l.rev == 0)
		return -EFBIG;
	mutex_lock(&s->alloc);
	s->l.ro_compat |= EXT2_RO_LARGE_FILE;
	s->es->feature_ro_compat = to_le32(s->l.ro_compat);
	mutex_unlock(&s->alloc);
	ext2_hold(s, s->sb_bh, BH_MAP);
	return 0;
}

static int grow(struct inode *inode, loff_t size)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	loff_t old = inode->size;
	int err;

	/* Zeros behind the old end, and data before it, must be on the device when the disk shows the new size. */
	err = filemap_write_and_wait(&inode->data, (loff_t)min_t(u64, ei->disksize, (u64)old & ~(PAGE_SIZE - 1)),
				     old | (loff_t)(PAGE_SIZE - 1));
	if (err)
		return err;
	err = ext2_begin(s);
	if (err)
		return err;
	err = note_large_file(s, size);
	if (!err) {
		inode_set_size(inode, size);
		down_write(&ei->map_sem);
		ei->disksize = (u64)size;
		up_write(&ei->map_sem);
		ext2_dirty_data(inode);
	}
	ext2_end(s);
	return err;
}

int ext2_truncate(struct inode *inode, loff_t size)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 bs = s->l.block_size, first = ((u64)size + bs - 1) >> s->l.block_bits;
	loff_t old = inode->size;
	int err;

	inode_dio_wait(inode);
	if (size > old)
		return grow(inode, size);
	/* What is left may end in a hole whose end no write-back will ever reach: then the disk learns it here. */
	if ((u64)size > READ_ONCE(ei->disksize)) {
		err = filemap_write_and_wait(&inode->data, (loff_t)ei->disksize, size - 1);
		if (err)
			return err;
	}
	if ((u64)size & (bs - 1)) {
		err = iomap_zero_range(inode, size, min_t(u64, bs - ((u64)size & (bs - 1)), (u64)(old - size)), &ext2_iomap_ops);
		if (err)
			return err;
	}
	inode_set_size(inode, size);
	truncate_pagecache(&inode->data, size);
	err = ext2_begin(s);
	if (err)
		return err;
	down_write(&ei->map_sem);
	ext2_ext_drop(inode, first, ~0ull);
	ei->disksize = (u64)size;
	err = ext2_map_free(inode, first, ~0ull >> 1);
	up_write(&ei->map_sem);
	ext2_dirty_data(inode);
	ext2_end(s);
	ext2_window_discard(s, ei);
	return err;
}

static int punch(struct inode *inode, loff_t off, loff_t len)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 bs = s->l.block_size, start = (u64)off, end, first, stop;
	int err = 0;

	if (off >= inode->size)
		return 0;
	/* Data that goes now may have been what would have told the disk the size. */
	if ((u64)inode->size > READ_ONCE(ei->disksize)) {
		err = grow(inode, inode->size);
		if (err)
			return err;
	}
	/* Up to the end of the last block, if it reaches the end of the file. */
	end = min_t(u64, start + (u64)len, ((u64)inode->size + bs - 1) & ~(bs - 1));
	first = (start + bs - 1) >> s->l.block_bits;
	stop = end >> s->l.block_bits;
	if (first > stop)
		return iomap_zero_range(inode, off, min_t(u64, end, (u64)inode->size) - start, &ext2_iomap_ops);
	if (start & (bs - 1))
		err = iomap_zero_range(inode, off, (first << s->l.block_bits) - start, &ext2_iomap_ops);
	if (!err && (end & (bs - 1)))
		err = iomap_zero_range(inode, (loff_t)(stop << s->l.block_bits), end & (bs - 1), &ext2_iomap_ops);
	if (err || first >= stop)
		return err;
	down_write(&inode->data.invalidate_lock);
	truncate_range_locked(&inode->data, (loff_t)(first << s->l.block_bits), (loff_t)(stop << s->l.block_bits));
	err = ext2_begin(s);
	if (!err) {
		down_write(&ei->map_sem);
		ext2_ext_drop(inode, first, stop);
		err = ext2_map_free(inode, first, stop);
		up_write(&ei->map_sem);
		ext2_end(s);
	}
	up_write(&inode->data.invalidate_lock);
	return err;
}

/* Blocks for the next hole at or after *lblk, zeroed on the device, then pointed to. */
static int fill_hole(struct inode *inode, u64 *lblk, u64 end)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 shift = s->l.block_bits - SECTOR_SHIFT, n, got;
	struct ext2_ext *e;
	u64 pblk;
	int err = ext2_begin(s);

	if (err)
		return err;
	down_write(&ei->map_sem);
	e = ext2_ext_find(ei, *lblk);
	if (e && e->lblk <= *lblk) {
		*lblk = e->lblk + e->n;			/* promised already */
		goto out;
	}
	n = (u32)min_t(u64, end - *lblk, 2048);
	if (e)
		n = (u32)min_t(u64, n, e->lblk - *lblk);
	err = ext2_map_lookup(inode, *lblk, n, &pblk, &n);
	if (err || pblk) {
		*lblk += n;
		goto out;
	}
	err = ext2_alloc_blocks(s, inode, ext2_goal(inode, *lblk), n, 0, &pblk, &got);
	if (err)
		goto out;
	/* Other operations wait for us at most in the commit: zeroing is short runs. */
	err = bdev_write_zeroes(s->bdev, pblk << shift, (u64)got << shift, true);
	if (!err) {
		WRITE_ONCE(s->data_done, true);
		err = ext2_map_install(inode, *lblk, pblk, got, 0);
	}
	if (err)
		ext2_free_blocks(s, pblk, got, true);
	else
		*lblk += got;
out:
	up_write(&ei->map_sem);
	ext2_end(s);
	return err;
}

static int preallocate(struct inode *inode, loff_t off, loff_t len, bool keep_size)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	u64 end = (u64)off + (u64)len, lblk = (u64)off >> s->l.block_bits;
	u64 stop = (end + s->l.block_size - 1) >> s->l.block_bits;
	int err = 0;

	/* Blocks behind the end of a file are damage to ext2. */
	if (keep_size && end > (((u64)inode->size + s->l.block_size - 1) & ~(u64)(s->l.block_size - 1)))
		return -EOPNOTSUPP;
	if (stop > last_block(s))
		return -EFBIG;
	if (stop - lblk > s->l.blocks_count)
		return -ENOSPC;
	/* The size first, so that no block ever lies behind it; a failure leaves a hole, as a short write would. */
	if (end > (u64)inode->size) {
		if ((s64)(stop - lblk) > ext2_available(s)) {
			if (ext2_has_pending(s))
				(void)ext2_commit(s);
			if ((s64)(stop - max_t(u64, lblk, (u64)inode->size >> s->l.block_bits)) > ext2_available(s))
				return -ENOSPC;
		}
		err = grow(inode, (loff_t)end);
	} else if (stop << s->l.block_bits > READ_ONCE(ei->disksize)) {
		err = grow(inode, inode->size);		/* of which the disk may show less yet */
	}
	while (!err && lblk < stop) {
		err = fill_hole(inode, &lblk, stop);
		if (err == -ENOSPC && ext2_has_pending(s)) {
			err = ext2_commit(s);
			if (!err)
				err = fill_hole(inode, &lblk, stop);
		}
		if (!err && signal_pending_state(TASK_KILLABLE))
			err = -EINTR;
		cond_resched();
	}
	return err;
}

long ext2_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct inode *inode = f->inode;
	u64 limit = rlimit_cur(RLIMIT_FSIZE);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	inode_lock(inode);
	inode_dio_wait(inode);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = punch(inode, off, len);
	} else if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > inode->size && limit != RLIM_INFINITY &&
		   (u64)(off + len) > limit) {
		signal_send(current, SIGXFSZ, SEND_NOINFO, SIG_TO_THREAD);
		err = -EFBIG;
	} else {
		err = preallocate(inode, off, len, mode & FALLOC_FL_KEEP_SIZE);
	}
	if (!err)
		err = file_update_for_write(f);
	inode_unlock(inode);
	if (!err && ((f->flags & (O_SYNC | O_DSYNC)) || (inode->flags & S_SYNC)))
		err = ext2_fsync_inode(inode, false);
	return err;
}
