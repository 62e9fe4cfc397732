/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Setting up loop devices (loop(4)): binding a file, offset and limit, flags, block size. What changes
 * the contents seen drops the page cache first; partitions are scanned after loop.lock is let go, since
 * the disk's open mutex stands outside of it.
 */
#include "loop.h"

#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <fs/inode.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/major.h>

#define CONFIG_FLAGS	(LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN | LO_FLAGS_DIRECT_IO)
#define STATUS_SETTABLE	(LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN)
#define STATUS_CLEARABLE LO_FLAGS_AUTOCLEAR

static u64 user_dev(dev_t d)
{
	u32 minor = dev_minor(d);

	return ((u64)dev_major(d) << 8) | (minor & 0xff) | ((u64)(minor & ~0xffu) << 12);
}

/* A regular file or block device that does not stand on us. */
static int check_file(const struct loop *lo, const struct file *f)
{
	for (;;) {
		const struct inode *i = f->inode;
		const struct block_device *b;
		const struct loop *o;

		if (!S_ISREG_I(i) && !S_ISBLK(i->mode))
			return -EINVAL;
		b = S_ISBLK(i->mode) ? inode_bdev(i) : NULL;
		if (!b || dev_major(b->disk->whole->dev) != LOOP_MAJOR)
			return 0;
		o = b->disk->private;
		if (o == lo)
			return -EBADF;
		f = READ_ONCE(o->file);
		if (!f)
			return -EINVAL;
	}
}

static bool valid_block(u64 size) { return size >= SECTOR_SIZE && size <= PAGE_SIZE && is_pow2(size); }

static void set_block_size(struct loop *lo, u32 size)
{
	struct disk_limits *l = &lo->disk->limits;

	l->logical_block = l->physical_block = l->io_min = size;
	WRITE_ONCE(lo->disk->whole->soft_block, size);
}

static void set_discard(struct loop *lo)
{
	struct disk_limits *l = &lo->disk->limits;
	bool can = lo->file->ops->fallocate && lo->file->mode & FMODE_WRITE;

	l->max_discard = l->max_write_zeroes = can ? ~0u >> SECTOR_SHIFT : 0;
	l->discard_granularity = can ? lo->file->inode->sb->blocksize : 0;
}

/* Offset, limit and names as the caller wants them. lock held. */
static int take_info(struct loop *lo, const struct loop_info64 *info)
{
	if (info->lo_encrypt_key_size > LO_KEY_SIZE || info->lo_encrypt_type != LO_CRYPT_NONE)
		return -EINVAL;
	if (info->lo_offset > (u64)(~0ull >> 1) || info->lo_sizelimit > (u64)(~0ull >> 1))
		return -EOVERFLOW;
	lo->offset = info->lo_offset;
	lo->sizelimit = info->lo_sizelimit;
	memcpy(lo->name, info->lo_file_name, LO_NAME_SIZE);
	lo->name[LO_NAME_SIZE - 1] = '\0';
	memcpy(lo->crypt_name, info->lo_crypt_name, LO_NAME_SIZE);
	lo->crypt_name[LO_NAME_SIZE - 1] = '\0';
	return 0;
}

static void rescan(struct loop *lo)
{
	int err;

	mutex_lock(&lo->disk->open_mutex);
	err = disk_rescan(lo->disk);
	mutex_unlock(&lo->disk->open_mutex);
	if (err)
		pr_warn("%s: partition scan of %s failed (%d)\n", disk_name(lo->disk), lo->name, err);
}

/* lock held; the worker is there. */
static int prepare(struct loop *lo)
{
	if (!lo->vecs)
		lo->vecs = kmalloc(BIO_MAX_VECS * sizeof(*lo->vecs), GFP_KERNEL);
	if (!lo->wq)
		lo->wq = workqueue_create(disk_name(lo->disk), WQ_RECLAIM | WQ_ORDERED);
	return lo->vecs && lo->wq ? 0 : -ENOMEM;
}

static int bind_locked(struct loop *lo, u32 how, const struct loop_config *c, struct file *f)
{
	int err;

	if (lo->file)
		return -EBUSY;
	err = check_file(lo, f);
	if (err)
		return err;
	if (c->info.lo_flags & ~(u32)CONFIG_FLAGS)
		return -EINVAL;
	if (c->block_size && !valid_block(c->block_size))
		return -EINVAL;
	err = prepare(lo);
	if (!err)
		err = take_info(lo, &c->info);
	if (err)
		return err;
	lo->flags = c->info.lo_flags & ~(u32)LO_FLAGS_DIRECT_IO;	/* a wish: sysfs and status tell */
	if (!(f->mode & FMODE_WRITE) || !(how & BDEV_WRITE) || !f->ops->write_iter)
		lo->flags |= LO_FLAGS_READ_ONLY;
	set_block_size(lo, c->block_size ? c->block_size :
		       f->flags & O_DIRECT && f->inode->sb->bdev ? bdev_logical_block_size(f->inode->sb->bdev) : SECTOR_SIZE);
	lo->file = f;
	loop_update_dio(lo, c->info.lo_flags & LO_FLAGS_DIRECT_IO || f->flags & O_DIRECT);
	set_discard(lo);
	disk_set_read_only(lo->disk, lo->flags & LO_FLAGS_READ_ONLY);
	disk_set_capacity(lo->disk, loop_capacity(lo, f));
	disk_new_medium(lo->disk);
	lo->disk->no_partitions = !(lo->flags & LO_FLAGS_PARTSCAN);
	loop_make_sysfs(lo);
	return 0;
}

static long configure(struct loop *lo, u32 how, const struct loop_config *c)
{
	struct file *f = fget((int)c->fd);
	struct block_device *claimed = NULL;
	bool scan;
	int err;

	if (!f)
		return -EBADF;
	/* Nobody has it for himself: a mounted one is not bound anew. */
	if (!(how & BDEV_EXCL))
		claimed = bdev_open(lo->disk->whole->dev, BDEV_READ | BDEV_EXCL, lo);
	if (IS_ERR(claimed)) {
		file_put(f);
		return PTR_ERR(claimed);
	}
	mutex_lock(&lo->lock);
	err = bind_locked(lo, how, c, f);
	scan = !err && lo->flags & LO_FLAGS_PARTSCAN;
	mutex_unlock(&lo->lock);
	if (scan)
		rescan(lo);
	if (claimed)
		bdev_close(claimed, BDEV_READ | BDEV_EXCL, lo);
	if (err)
		file_put(f);
	return err;
}

static long set_fd(struct loop *lo, u32 how, u64 fd)
{
	struct loop_config *c = kzalloc(sizeof(*c), GFP_KERNEL);
	long err;

	if (!c)
		return -ENOMEM;
	c->fd = (u32)fd;
	err = configure(lo, how, c);
	kfree(c);
	return err;
}

static long configure_user(struct loop *lo, u32 how, u64 arg)
{
	struct loop_config *c = kmalloc(sizeof(*c), GFP_KERNEL);
	long err;

	if (!c)
		return -ENOMEM;
	err = copy_in_bytes(c, uaddr(arg), sizeof(*c));
	if (!err)
		err = configure(lo, how, c);
	kfree(c);
	return err;
}

/* Others have it open: it goes with the last of them. */
static long clear_fd(struct loop *lo)
{
	struct disk *d = lo->disk;
	long err = 0;

	mutex_lock(&d->open_mutex);
	mutex_lock(&lo->lock);
	if (!lo->file) {
		err = -ENXIO;
	} else if (d->whole->openers > 1) {
		lo->flags |= LO_FLAGS_AUTOCLEAR;
	} else {
		d->no_partitions = true;
		if (disk_rescan(d))
			lo->flags |= LO_FLAGS_AUTOCLEAR;	/* a partition is in use */
		else
			loop_unbind(lo);
	}
	mutex_unlock(&lo->lock);
	mutex_unlock(&d->open_mutex);
	return err;
}

/* The same size in another file, read-only devices only. */
static long change_fd(struct loop *lo, u64 fd)
{
	struct file *f = fget((int)fd), *old = NULL;
	bool scan = false;
	int err;

	if (!f)
		return -EBADF;
	mutex_lock(&lo->lock);
	err = -ENXIO;
	if (!lo->file)
		goto out;
	err = -EINVAL;
	if (!(lo->flags & LO_FLAGS_READ_ONLY))
		goto out;
	err = check_file(lo, f);
	if (err)
		goto out;
	err = -EINVAL;
	if (loop_capacity(lo, f) != loop_capacity(lo, lo->file))
		goto out;
	loop_drain(lo);
	old = lo->file;
	WRITE_ONCE(lo->file, f);
	loop_drain(lo);
	loop_update_dio(lo, lo->flags & LO_FLAGS_DIRECT_IO || f->flags & O_DIRECT);
	bdev_invalidate(lo->disk->whole);
	disk_new_medium(lo->disk);
	scan = lo->flags & LO_FLAGS_PARTSCAN;
	err = 0;
out:
	mutex_unlock(&lo->lock);
	if (scan)
		rescan(lo);
	file_put(err ? f : old);
	return err;
}

static long set_status(struct loop *lo, const struct loop_info64 *info)
{
	bool moved, scan = false;
	u32 old;
	int err;

	mutex_lock(&lo->lock);
	if (!lo->file) {
		mutex_unlock(&lo->lock);
		return -ENXIO;
	}
	moved = lo->offset != info->lo_offset || lo->sizelimit != info->lo_sizelimit;
	if (moved) {
		(void)bdev_sync(lo->disk->whole);
		bdev_invalidate(lo->disk->whole);
	}
	loop_drain(lo);
	err = take_info(lo, info);
	if (!err) {
		old = lo->flags;
		lo->flags = (info->lo_flags & STATUS_SETTABLE) | (old & ~(u32)STATUS_CLEARABLE);
		if (moved)
			disk_set_capacity(lo->disk, loop_capacity(lo, lo->file));
		loop_update_dio(lo, old & LO_FLAGS_DIRECT_IO || lo->file->flags & O_DIRECT);
		scan = lo->flags & LO_FLAGS_PARTSCAN && !(old & LO_FLAGS_PARTSCAN);
		if (scan)
			lo->disk->no_partitions = false;
	}
	mutex_unlock(&lo->lock);
	if (scan)
		rescan(lo);
	return err;
}

static long get_status(struct loop *lo, struct loop_info64 *info)
{
	const struct inode *i;

	memset(info, 0, sizeof(*info));
	mutex_lock(&lo->lock);
	if (!lo->file) {
		mutex_unlock(&lo->lock);
		return -ENXIO;
	}
	i = lo->file->inode;
	info->lo_number = lo->index;
	info->lo_device = user_dev(i->sb->dev);
	info->lo_inode = i->ino;
	info->lo_rdevice = S_ISBLK(i->mode) ? user_dev(i->rdev) : 0;
	info->lo_offset = lo->offset;
	info->lo_sizelimit = lo->sizelimit;
	info->lo_flags = lo->flags;
	memcpy(info->lo_file_name, lo->name, LO_NAME_SIZE);
	memcpy(info->lo_crypt_name, lo->crypt_name, LO_NAME_SIZE);
	mutex_unlock(&lo->lock);
	return 0;
}

static long status_out(struct loop *lo, u64 arg)
{
	struct loop_info64 info;
	long err = get_status(lo, &info);

	return err ? err : copy_out_bytes(uaddr(arg), &info, sizeof(info));
}

static long status_in(struct loop *lo, u64 arg)
{
	struct loop_info64 info;
	long err = copy_in_bytes(&info, uaddr(arg), sizeof(info));

	return err ? err : set_status(lo, &info);
}

/* The calls of old. */
static long old_status_out(struct loop *lo, u64 arg)
{
	struct loop_info old = { 0 };
	struct loop_info64 info;
	long err = get_status(lo, &info);

	if (err)
		return err;
	old.lo_number = (int)info.lo_number;
	old.lo_device = (__u16)info.lo_device;
	old.lo_inode = info.lo_inode;
	old.lo_rdevice = (__u16)info.lo_rdevice;
	old.lo_offset = (int)info.lo_offset;
	old.lo_flags = (int)info.lo_flags;
	memcpy(old.lo_name, info.lo_file_name, LO_NAME_SIZE);
	if (old.lo_device != info.lo_device || old.lo_rdevice != info.lo_rdevice || (u64)old.lo_offset != info.lo_offset ||
	    info.lo_sizelimit)
		return -EOVERFLOW;
	return copy_out_bytes(uaddr(arg), &old, sizeof(old));
}

static long old_status_in(struct loop *lo, u64 arg)
{
	struct loop_info64 info = { 0 };
	struct loop_info old;
	long err = copy_in_bytes(&old, uaddr(arg), sizeof(old));

	if (err)
		return err;
	info.lo_offset = (u64)(s64)old.lo_offset;
	info.lo_flags = (u32)old.lo_flags;
	info.lo_encrypt_type = (u32)old.lo_encrypt_type;
	info.lo_encrypt_key_size = (u32)old.lo_encrypt_key_size;
	memcpy(info.lo_file_name, old.lo_name, LO_NAME_SIZE);
	return set_status(lo, &info);
}

/* The rest: on a bound device, by whoever may write it. */
static long simple(struct loop *lo, u32 cmd, u64 arg)
{
	long err = 0;

	mutex_lock(&lo->lock);
	if (!lo->file) {
		err = -ENXIO;
	} else if (cmd == LOOP_SET_CAPACITY) {
		disk_set_capacity(lo->disk, loop_capacity(lo, lo->file));
	} else if (cmd == LOOP_SET_DIRECT_IO) {
		loop_update_dio(lo, arg != 0);
		err = !!(lo->flags & LO_FLAGS_DIRECT_IO) == !!arg ? 0 : -EINVAL;
	} else if (!valid_block(arg)) {
		err = -EINVAL;
	} else if (arg != lo->disk->limits.logical_block) {
		(void)bdev_sync(lo->disk->whole);
		bdev_invalidate(lo->disk->whole);
		loop_drain(lo);
		set_block_size(lo, (u32)arg);
		loop_update_dio(lo, lo->flags & LO_FLAGS_DIRECT_IO || lo->file->flags & O_DIRECT);
	}
	mutex_unlock(&lo->lock);
	return err;
}

long loop_ioctl(struct block_device *b, u32 how, u32 cmd, u64 arg)
{
	struct loop *lo = b->disk->private;
	bool may = how & BDEV_WRITE || capable(CAP_SYS_ADMIN);

	switch (cmd) {
	case LOOP_SET_FD:
		return set_fd(lo, how, arg);
	case LOOP_CONFIGURE:
		return configure_user(lo, how, arg);
	case LOOP_CHANGE_FD:
		return change_fd(lo, arg);
	case LOOP_CLR_FD:
		return clear_fd(lo);
	case LOOP_SET_STATUS:
		return may ? old_status_in(lo, arg) : -EPERM;
	case LOOP_GET_STATUS:
		return old_status_out(lo, arg);
	case LOOP_SET_STATUS64:
		return may ? status_in(lo, arg) : -EPERM;
	case LOOP_GET_STATUS64:
		return status_out(lo, arg);
	case LOOP_SET_CAPACITY:
	case LOOP_SET_DIRECT_IO:
	case LOOP_SET_BLOCK_SIZE:
		return may ? simple(lo, cmd, arg) : -EPERM;
	}
	return -ENOIOCTLCMD;
}
