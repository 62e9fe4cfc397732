/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Block special files. An open one keeps its device open (file->private) and reads and writes through the
 * device's own mapping, whichever inode it was reached by. With O_EXCL the file itself is the holder of
 * the claim. Writing needs no inode lock: pages are locked one by one, as the size does not change.
 */
#include <fs/file.h>
#include <fs/iomap.h>
#include <uapi/linux/falloc.h>

#include "fops.h"

static u32 open_how(const struct file *f)
{
	return (f->mode & FMODE_READ ? BDEV_READ : 0) | (f->mode & FMODE_WRITE ? BDEV_WRITE : 0) |
	       (f->flags & O_EXCL ? BDEV_EXCL : 0);
}

static int blk_open(struct file *f, struct inode *inode)
{
	struct block_device *b = bdev_get_by_dev(inode->rdev);
	int err;

	if (!b)
		return -ENXIO;
	err = bdev_open_ref(b, open_how(f), f);
	if (err) {
		bdev_put(b);
		return err;
	}
	f->private = b;
	f->mapping = bdev_mapping(b);
	f->wb_err = mapping_error_sample(f->mapping);
	return 0;
}

static int blk_release(struct file *f, struct inode *inode)
{
	struct block_device *b = f->private;

	bdev_close(b, open_how(f), f);
	return 0;
}

static loff_t blk_llseek(struct file *f, loff_t off, int whence)
{
	loff_t size = (loff_t)bdev_bytes(f->private);

	return generic_llseek_size(f, off, whence, size, size);
}

static ssize_t blk_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	u64 size = bdev_bytes(f->private), left;
	size_t cut;
	ssize_t n;

	if ((u64)k->pos >= size || !iov_iter_count(to))
		return 0;
	left = size - (u64)k->pos;
	cut = iov_iter_count(to) > left ? iov_iter_count(to) - left : 0;
	iov_iter_truncate(to, left);
	if (k->flags & IOCB_DIRECT)
		n = f->mapping->ops->direct_io(k, to);
	else
		n = filemap_read(k, to);
	to->count += cut;
	return n;
}

static ssize_t blk_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct block_device *b = f->private;
	u64 size = bdev_bytes(b), left;
	struct blk_plug plug;
	size_t cut;
	ssize_t n;
	int err;

	if (bdev_read_only(b))
		return -EPERM;
	if (READ_ONCE(b->inode->flags) & S_SWAPFILE)
		return -ETXTBSY;
	if (!iov_iter_count(from))
		return 0;
	if (k->flags & IOCB_APPEND)
		k->pos = (loff_t)size;
	if ((u64)k->pos >= size)
		return -ENOSPC;
	left = size - (u64)k->pos;
	cut = iov_iter_count(from) > left ? iov_iter_count(from) - left : 0;
	iov_iter_truncate(from, left);
	blk_plug_start(&plug);
	if (k->flags & IOCB_DIRECT)
		n = f->mapping->ops->direct_io(k, from);
	else
		n = iomap_file_write(k, from, &bdev_iomap_ops);
	blk_plug_finish(&plug);
	from->count += cut;
	if (n > 0 && k->flags & (IOCB_DSYNC | IOCB_SYNC)) {
		err = filemap_write_and_wait(f->mapping, k->pos - n, k->pos - 1);
		if (!err)
			err = bdev_flush(b);
		if (err)
			return err;
	}
	return n;
}

/* Errors of write-back are told to each open file once; the flush's own come at once. */
static int blk_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct block_device *b = f->private;
	int err, e;

	(void)filemap_write_and_wait(f->mapping, start, end);
	err = mapping_check_error(f->mapping, &f->wb_err);
	e = bdev_flush(b);
	if (e == -EOPNOTSUPP)
		e = 0;
	return err ? err : e;
}

static int blk_mmap(struct file *f, struct vma *v)
{
	return filemap_mmap(f, v);
}

#define FALLOC_KNOWN	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_NO_HIDE_STALE)

static long blk_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct block_device *b = f->private;
	u64 size = bdev_bytes(b), mask = bdev_logical_block_size(b) - 1;
	loff_t end = off + len;
	sector_t first, n;
	int err;

	if (mode & ~FALLOC_KNOWN)
		return -EOPNOTSUPP;
	if ((u64)off >= size)
		return -EINVAL;
	if ((u64)end > size) {
		if (!(mode & FALLOC_FL_KEEP_SIZE))
			return -EINVAL;
		len = (loff_t)size - off;
		end = (loff_t)size;
	}
	if (((u64)off | (u64)len) & mask)
		return -EINVAL;
	first = (u64)off >> SECTOR_SHIFT;
	n = (u64)len >> SECTOR_SHIFT;
	/* What the cache has of the range must not come back. */
	err = blk_drop_range(b, off, end);
	if (err)
		return err;
	switch (mode) {
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
		err = bdev_write_zeroes(b, first, n, true);
		break;
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
		err = bdev_write_zeroes(b, first, n, false);
		break;
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE | FALLOC_FL_NO_HIDE_STALE:
		err = bdev_discard(b, first, n);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	return err;
}

const struct file_ops blkdev_fops = {
	.open = blk_open,
	.release = blk_release,
	.llseek = blk_llseek,
	.read_iter = blk_read,
	.write_iter = blk_write,
	.fsync = blk_fsync,
	.mmap = blk_mmap,
	.ioctl = blk_ioctl,
	.fallocate = blk_fallocate,
};
