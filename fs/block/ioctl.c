/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ioctls of block special files. What the driver knows better it is asked first for; the rest is
 * answered here for every device.
 */
#include <base/list.h>
#include <core/usercopy.h>
#include <fs/file.h>
#include <kernel/cred.h>
#include <uapi/linux/blkpg.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/fs.h>
#include <uapi/linux/hdreg.h>

#include "fops.h"
#include "parts.h"

static long put_int(u64 arg, int v) { return copy_out_bytes(uaddr(arg), &v, sizeof(v)); }
static long put_uint(u64 arg, u32 v) { return copy_out_bytes(uaddr(arg), &v, sizeof(v)); }
static long put_short(u64 arg, u16 v) { return copy_out_bytes(uaddr(arg), &v, sizeof(v)); }
static long put_long(u64 arg, u64 v) { return copy_out_bytes(uaddr(arg), &v, sizeof(v)); }

int blk_drop_range(struct block_device *b, loff_t start, loff_t end)
{
	struct mapping *m = bdev_mapping(b);
	int err = filemap_write_and_wait(m, start, end - 1);

	if (err)
		return err;
	truncate_range(m, start, end);
	return 0;
}

static long set_read_only(struct block_device *b, u64 arg)
{
	int on, err;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	err = copy_in_bytes(&on, uaddr(arg), sizeof(on));
	if (err)
		return err;
	if (!on && b->disk->read_only)
		return -EACCES;		/* the device itself refuses writes */
	WRITE_ONCE(b->read_only, on != 0);
	return 0;
}

/* {start, length} in bytes, for the three calls that destroy a range. */
static long get_range(struct file *f, u64 arg, u64 align, u64 *start, u64 *len)
{
	struct block_device *b = f->private;
	u64 range[2], end;
	int err;

	if (!(f->mode & FMODE_WRITE))
		return -EBADF;
	err = copy_in_bytes(range, uaddr(arg), sizeof(range));
	if (err)
		return err;
	*start = range[0];
	*len = range[1];
	if ((*start | *len) & (align - 1))
		return -EINVAL;
	if (check_add(*start, *len, &end) || end > bdev_bytes(b) || !*len)
		return -EINVAL;
	return 0;
}

static long discard(struct file *f, u64 arg)
{
	struct block_device *b = f->private;
	u64 start, len;
	long err;

	if (!(f->mode & FMODE_WRITE))
		return -EBADF;
	if (!bdev_max_discard(b))
		return -EOPNOTSUPP;
	err = get_range(f, arg, SECTOR_SIZE, &start, &len);
	if (!err && (start | len) & (bdev_logical_block_size(b) - 1))
		err = -EINVAL;
	if (!err)
		err = blk_drop_range(b, (loff_t)start, (loff_t)(start + len));
	return err ? err : bdev_discard(b, start >> SECTOR_SHIFT, len >> SECTOR_SHIFT);
}

static long zero_out(struct file *f, u64 arg)
{
	struct block_device *b = f->private;
	u64 start, len;
	long err = get_range(f, arg, bdev_logical_block_size(b), &start, &len);

	if (!err)
		err = blk_drop_range(b, (loff_t)start, (loff_t)(start + len));
	return err ? err : bdev_write_zeroes(b, start >> SECTOR_SHIFT, len >> SECTOR_SHIFT, true);
}

/* No device here can erase so that nobody can read it any more. */
static long secure_discard(struct file *f)
{
	return f->mode & FMODE_WRITE ? -EOPNOTSUPP : -EBADF;
}

static long geometry(struct block_device *b, u64 arg)
{
	struct hd_geometry g = { .heads = 255, .sectors = 63 };

	if (!arg)
		return -EINVAL;
	if (!b->disk->has_geometry)
		return -ENOTTY;
	g.cylinders = (u16)min_t(u64, b->disk->whole->nr_sectors / (255 * 63), 0xffff);
	g.start = b->start;
	return copy_out_bytes(uaddr(arg), &g, sizeof(g));
}

static long set_block_size(struct file *f, u64 arg)
{
	struct block_device *b = f->private;
	int size, err;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (!arg)
		return -EINVAL;
	err = copy_in_bytes(&size, uaddr(arg), sizeof(size));
	if (err)
		return err;
	if (size < (int)SECTOR_SIZE || size > (int)PAGE_SIZE || !is_pow2((u32)size) || (u32)size < bdev_logical_block_size(b))
		return -EINVAL;
	if (!(f->flags & O_EXCL)) {
		err = bdev_open_ref(b, BDEV_EXCL, &err);	/* nobody may have it for himself */
		if (err)
			return err;
		ref_get(&b->ref);
		bdev_close(b, BDEV_EXCL, &err);
	}
	err = bdev_sync(b);
	WRITE_ONCE(b->soft_block, (u32)size);
	return err;
}

static long reread_partitions(struct file *f)
{
	struct block_device *b = f->private;
	long err;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (b->partno || b->disk->no_partitions)
		return -EINVAL;
	(void)bdev_sync(b);
	mutex_lock(&b->disk->open_mutex);
	err = disk_rescan(b->disk);
	mutex_unlock(&b->disk->open_mutex);
	return err;
}

static long partition_ioctl(struct file *f, u64 arg)
{
	struct block_device *b = f->private;
	struct blkpg_ioctl_arg a;
	struct blkpg_partition p;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	err = copy_in_bytes(&a, uaddr(arg), sizeof(a));
	if (!err)
		err = copy_in_bytes(&p, uaddr(a.data), sizeof(p));
	if (err)
		return err;
	if (b->partno)
		return -EINVAL;
	if (p.pno <= 0)
		return -EINVAL;
	if (a.op == BLKPG_DEL_PARTITION)
		return part_delete(b->disk, (u32)p.pno);
	if (a.op != BLKPG_ADD_PARTITION && a.op != BLKPG_RESIZE_PARTITION)
		return -EINVAL;
	if (p.start < 0 || p.length <= 0 || (u64)p.start + (u64)p.length < (u64)p.length)
		return -EINVAL;
	if (((u64)p.start | (u64)p.length) & (bdev_logical_block_size(b) - 1))
		return -EINVAL;
	if ((u64)p.start + (u64)p.length > bdev_bytes(b))
		return -EINVAL;
	if (a.op == BLKPG_ADD_PARTITION)
		return part_add_user(b->disk, (u32)p.pno, (u64)p.start >> SECTOR_SHIFT, (u64)p.length >> SECTOR_SHIFT);
	return part_resize(b->disk, (u32)p.pno, (u64)p.start >> SECTOR_SHIFT, (u64)p.length >> SECTOR_SHIFT);
}

static long set_readahead(struct file *f, u64 arg)
{
	struct block_device *b = f->private;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	WRITE_ONCE(b->disk->bdi.ra_pages, (u32)(arg >> (PAGE_SHIFT - SECTOR_SHIFT)));
	return 0;
}

static long flush_buffers(struct block_device *b)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	(void)bdev_sync(b);
	bdev_invalidate(b);
	return 0;
}

/* What is only to be read; -ENOIOCTLCMD: not one of these. */
static long query(struct file *f, u32 cmd, u64 arg)
{
	struct block_device *b = f->private;
	const struct disk_limits *lim = &b->disk->limits;
	u64 ra;

	switch (cmd) {
	case BLKROGET:
		return put_int(arg, bdev_read_only(b));
	case BLKGETSIZE:
		return put_long(arg, b->nr_sectors);
	case BLKGETSIZE64:
		return put_long(arg, bdev_bytes(b));
	case BLKSSZGET:
		return put_int(arg, (int)lim->logical_block);
	case BLKPBSZGET:
		return put_uint(arg, lim->physical_block);
	case BLKBSZGET:
		return put_int(arg, (int)READ_ONCE(b->soft_block));
	case BLKIOMIN:
		return put_uint(arg, lim->io_min);
	case BLKIOOPT:
		return put_uint(arg, lim->io_opt);
	case BLKALIGNOFF:
		return put_int(arg, (int)lim->alignment_offset);
	case BLKDISCARDZEROES:
		return put_uint(arg, 0);
	case BLKSECTGET:
		return put_short(arg, (u16)min(lim->max_sectors, 0xffffu));
	case BLKROTATIONAL:
		return put_short(arg, lim->rotational);
	case BLKGETDISKSEQ:
		return put_long(arg, b->disk->seq);
	case BLKRAGET:
	case BLKFRAGET:
		if (!arg)
			return -EINVAL;
		ra = READ_ONCE(b->disk->bdi.ra_pages);
		return put_long(arg, ra << (PAGE_SHIFT - SECTOR_SHIFT));
	case HDIO_GETGEO:
		return geometry(b, arg);
	}
	return -ENOIOCTLCMD;
}

long blk_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct block_device *b = f->private;
	u32 how = BDEV_READ | (f->mode & FMODE_WRITE ? BDEV_WRITE : 0) | (f->flags & O_EXCL ? BDEV_EXCL : 0);
	long r = b->disk->ops->ioctl ? b->disk->ops->ioctl(b, how, cmd, arg) : -ENOIOCTLCMD;

	if (r != -ENOIOCTLCMD)
		return r;
	r = query(f, cmd, arg);
	if (r != -ENOIOCTLCMD)
		return r;
	switch (cmd) {
	case BLKROSET:
		return set_read_only(b, arg);
	case BLKRRPART:
		return reread_partitions(f);
	case BLKPG:
		return partition_ioctl(f, arg);
	case BLKFLSBUF:
		return flush_buffers(b);
	case BLKRASET:
	case BLKFRASET:
		return set_readahead(f, arg);
	case BLKBSZSET:
		return set_block_size(f, arg);
	case BLKDISCARD:
		return discard(f, arg);
	case BLKSECDISCARD:
		return secure_discard(f);
	case BLKZEROOUT:
		return zero_out(f, arg);
	}
	return -ENOIOCTLCMD;
}
