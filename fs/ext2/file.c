/* SPDX-License-Identifier: MPL-2.0 */
/* Open files of ext2: reading, writing, mapping and fsync over the page cache and iomap. */
#include <base/math.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <mm/mm.h>
#include <uapi/linux/fs.h>
#include "ext2.h"

/* --- the page cache's side --- */

static int ext2_read_folio(struct file *f, struct folio *folio)
{
	return iomap_read_folio(folio, &ext2_iomap_ops);
}

static void ext2_readahead(struct readahead_control *ra)
{
	iomap_readahead(ra, &ext2_iomap_ops);
}

/*
 * What is written behind the size that the disk shows makes the file longer there. So a range that reaches so far
 * begins there: the longer file must not show zeros that it never had.
 */
static int ext2_writepages(struct mapping *m, struct writeback_control *wbc)
{
	u64 shown = READ_ONCE(EXT2_I(m->host)->disksize);

	if (S_ISREG_I(m->host) && wbc->start > shown)
		wbc->start = shown;
	return iomap_writepages(m, wbc, &ext2_iomap_ops);
}

static ssize_t ext2_direct_io(struct kiocb *k, struct iov_iter *i)
{
	return i->dir == ITER_DEST ? iomap_dio_read(k, i, &ext2_iomap_ops) : iomap_dio_write(k, i, &ext2_iomap_ops);
}

const struct mapping_ops ext2_mapping_ops = {
	.direct_io = ext2_direct_io,
	.read_folio = ext2_read_folio,
	.readahead = ext2_readahead,
	.writepages = ext2_writepages,
	.release_folio = iomap_release_folio,
	.invalidate_folio = iomap_invalidate_folio,
	.dirty_folio = iomap_dirty_folio,
};

/* --- fsync --- */

int ext2_fsync_inode(struct inode *inode, bool datasync)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err = 0;
	u64 id;

	if (s->vfs->flags & SB_RDONLY)
		return READ_ONCE(s->failed) ? -EROFS : 0;
	id = datasync ? READ_ONCE(ei->datasync_id) : READ_ONCE(ei->sync_id);
	if (id > READ_ONCE(s->committed_id))
		return ext2_commit_upto(s, id);
	/* Data only, or nothing at all. */
	mutex_lock(&s->commit);
	if (READ_ONCE(s->data_done))
		err = ext2_flush(s);
	mutex_unlock(&s->commit);
	return err;
}

/* The range, and what the disk does not show yet before it: the longer file must have no holes that were none. */
static int write_and_wait(struct inode *inode, loff_t start, loff_t end)
{
	return filemap_write_and_wait(&inode->data, (loff_t)min_t(u64, (u64)start, READ_ONCE(EXT2_I(inode)->disksize)), end);
}

int ext2_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct inode *inode = f->inode;
	int err = 0, e;

	if (S_ISREG_I(inode))
		err = write_and_wait(inode, start, end);
	e = ext2_fsync_inode(inode, datasync);
	err = err ? err : e;
	e = mapping_check_error(&inode->data, &f->wb_err);
	return err ? err : e;
}

/* --- reading and writing --- */

static ssize_t ext2_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	ssize_t n;

	if (k->flags & IOCB_DIRECT) {
		inode_lock_shared(f->inode);
		n = ext2_direct_io(k, to);
		inode_unlock_shared(f->inode);
	} else {
		n = filemap_read(k, to);
	}
	file_accessed(f);
	return n;
}

/*
 * A write that begins behind what the disk shows: what lies between must not be old bytes. Writing the last page
 * makes the file on the disk as long as it is, so whatever the disk does not show yet is written with it.
 */
static int close_gap(struct inode *inode, loff_t pos)
{
	if (pos <= inode->size || !((u64)inode->size & (PAGE_SIZE - 1)))
		return 0;
	return write_and_wait(inode, inode->size & ~(loff_t)(PAGE_SIZE - 1), inode->size);
}

static int mark_large(struct inode *inode, loff_t end)
{
	struct ext2_sb *s = EXT2_SB(inode->sb);
	int err;

	if (likely(end <= 0x7fffffff || s->l.ro_compat & EXT2_RO_LARGE_FILE))
		return 0;
	if (s->l.rev == 0)
		return -EFBIG;
	err = ext2_begin(s);
	if (err)
		return err;
	mutex_lock(&s->alloc);
	s->l.ro_compat |= EXT2_RO_LARGE_FILE;
	s->es->feature_ro_compat = to_le32(s->l.ro_compat);
	mutex_unlock(&s->alloc);
	ext2_hold(s, s->sb_bh, BH_MAP);
	ext2_end(s);
	return 0;
}

/*
 * Direct writes that only overwrite: many at a time. -EAGAIN when something else must happen (a hole, a longer
 * file, rights that a write takes away): then exclusively. Writers at the same time each set the time to now.
 */
static ssize_t write_overwrite(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = f->inode;
	ssize_t n;

	inode_lock_shared(inode);
	n = -EAGAIN;
	if (!(inode->flags & S_NOSEC) || inode->mode & (S_ISUID | S_ISGID) ||
	    (u64)k->pos + iov_iter_count(from) > (u64)inode->size)
		goto out;
	n = generic_write_checks(k, from);
	if (n > 0)
		n = file_update_for_write(f) ?: n;
	if (n > 0) {
		k->flags |= IOCB_OVERWRITE;
		n = ext2_direct_io(k, from);
		k->flags &= ~IOCB_OVERWRITE;
	}
out:
	inode_unlock_shared(inode);
	return n;
}

static ssize_t ext2_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = f->inode;
	ssize_t n, done = 0;
	loff_t pos;
	int err;

	if ((k->flags & (IOCB_DIRECT | IOCB_APPEND)) == IOCB_DIRECT) {
		n = write_overwrite(f, k, from);
		if ((n > 0 && !iov_iter_count(from)) || (n < 0 && n != -EAGAIN) || k->flags & IOCB_NOWAIT)
			return n;
		done = max_t(ssize_t, n, 0);
	}
	inode_lock(inode);
	n = generic_write_checks(k, from);
	if (n <= 0)
		goto out;
	pos = k->pos;
	err = file_update_for_write(f);
	if (!err)
		err = mark_large(inode, pos + n);
	if (!err)
		err = close_gap(inode, pos);
	n = err;
	if (err)
		goto out;
	if (k->flags & IOCB_DIRECT)
		n = ext2_direct_io(k, from);
	else
		n = iomap_file_write(k, from, &ext2_iomap_ops);
out:
	inode_unlock(inode);
	return done ? done + max_t(ssize_t, n, 0) : n;
}

static loff_t ext2_llseek(struct file *f, loff_t off, int whence)
{
	struct inode *inode = f->inode;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_llseek_size(f, off, whence, (loff_t)inode->sb->maxbytes, inode_size(inode));
	inode_lock_shared(inode);
	if (off < 0 || off >= inode->size)
		off = -ENXIO;
	else
		off = whence == SEEK_DATA ? iomap_seek_data(inode, off, &ext2_iomap_ops) :
					    iomap_seek_hole(inode, off, &ext2_iomap_ops);
	if (off >= 0)
		f->pos = off;
	inode_unlock_shared(inode);
	return off;
}

/* --- mappings --- */

static int ext2_page_mkwrite(struct vm_fault_ctx *c)
{
	struct inode *inode = folio_mapping(c->folio)->host;
	int err = iomap_page_mkwrite(c, &ext2_iomap_ops);

	if (!err)
		inode_update_times(inode);
	return err;
}

static const struct vma_ops ext2_vma_ops = {
	.fault = filemap_fault,
	.page_mkwrite = ext2_page_mkwrite,
};

static int ext2_mmap(struct file *f, struct vma *v)
{
	int err = filemap_mmap(f, v);

	if (!err)
		v->ops = &ext2_vma_ops;
	return err;
}

static int ext2_open(struct file *f, struct inode *inode)
{
	f->mode |= FMODE_NOWAIT;
	return 0;
}

static int ext2_release(struct file *f, struct inode *inode)
{
	if ((f->mode & FMODE_WRITE) && atomic_read(&inode->writecount) <= 1)
		ext2_window_discard(EXT2_SB(inode->sb), EXT2_I(inode));
	return 0;
}

/* Where a swap file lies. No block of it may come or go from here on: S_SWAPFILE sees to that. */
static int ext2_swap_extents(struct file *f, int (*fn)(void *arg, struct block_device *b, u64 first, u64 nr, sector_t sector),
	void *arg)
{
	return iomap_swap_extents(f->inode, &ext2_iomap_ops, fn, arg);
}

const struct file_ops ext2_fops = {
	.open = ext2_open,
	.release = ext2_release,
	.read_iter = ext2_read_iter,
	.write_iter = ext2_write_iter,
	.llseek = ext2_llseek,
	.mmap = ext2_mmap,
	.fsync = ext2_fsync,
	.fallocate = ext2_fallocate,
	.swap_extents = ext2_swap_extents,
	.ioctl = ext2_ioctl,
};

const struct file_ops ext2_dir_fops = {
	.iterate = ext2_iterate,
	.llseek = generic_llseek,
	.fsync = ext2_fsync,
	.ioctl = ext2_ioctl,
};
