/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The initramfs: images that the boot loader put into memory are unpacked into the root file system
 * before the first program starts. Format and hostile input are kernel/lib's matter (initramfs_unpack);
 * here entries become files. A name with ".." stays inside: the root is the root. A later entry
 * replaces an earlier one of the same name, as Linux has it; a directory stays and gets the new mode.
 */
#include "internal.h"
#include <base/cpio.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/printk.h>
#include <kernel/task.h>

struct unpack {
	struct file *f;			/* regular file under way */
	loff_t pos;
	char path[PATH_MAX + 2];	/* absolute */
};

/* Absolute form of a name, directories missing in between are not made (as on Linux). */
static int full_path(struct unpack *u, const char *name)
{
	while (*name == '/')
		name++;
	if (strlen(name) + 2 > sizeof(u->path))
		return -ENAMETOOLONG;
	u->path[0] = '/';
	memcpy(u->path + 1, name, strlen(name) + 1);
	return 0;
}

/* Owner, mode and times of what u->path names now. */
static void set_attributes(struct unpack *u, const struct cpio_entry *e)
{
	struct iattr attr = {
		.valid = ATTR_FORCE | ATTR_UID | ATTR_GID | ATTR_MTIME | ATTR_MTIME_SET | ATTR_ATIME | ATTR_ATIME_SET,
		.uid = kuid(e->uid),
		.gid = kgid(e->gid),
		.mtime = { .sec = e->mtime },
		.atime = { .sec = e->mtime },
	};
	struct inode *inode;
	struct path p;

	if (kern_path(u->path, 0, &p))
		return;
	inode = p.dentry->inode;
	if (!S_ISLNK_I(inode)) {
		attr.valid |= ATTR_MODE;
		attr.mode = (umode_t)((inode->mode & S_IFMT) | (e->mode & S_IALLUGO));
	}
	inode_lock(inode);
	(void)!inode_change_attr(p.dentry, &attr);
	inode_unlock(inode);
	path_put(&p);
}

/* What is in the way of a new entry; a directory for a directory may stay. */
static void clear_way(struct unpack *u, umode_t mode)
{
	struct path p;
	bool keep;

	if (kern_path(u->path, 0, &p))
		return;
	keep = (p.dentry->inode->mode & S_IFMT) == (mode & S_IFMT) && (S_ISDIR(mode) || S_ISREG(mode));
	path_put(&p);
	if (!keep)
		(void)!kern_unlink(u->path);
}

static int soft(int err, const struct unpack *u)
{
	/* Out of room ends it; a single bad entry does not. */
	if (err == -ENOSPC || err == -ENOMEM)
		return err;
	if (err && err != -EEXIST)
		pr_warn("initramfs: %s: error %d\n", u->path, -err);
	return 0;
}

static int unpack_entry(void *ctx, const struct cpio_entry *e)
{
	struct unpack *u = ctx;
	umode_t mode = e->mode;
	int err = full_path(u, e->name);

	if (err)
		return 0;
	clear_way(u, mode);
	switch (mode & S_IFMT) {
	case S_IFREG:
		u->f = file_open(u->path, O_WRONLY | O_CREAT | O_TRUNC | O_LARGEFILE, mode & S_IALLUGO);
		u->pos = 0;
		if (IS_ERR(u->f)) {
			err = (int)PTR_ERR(u->f);
			u->f = NULL;
		}
		return soft(err, u);
	case S_IFDIR:
		err = kern_mkdir(u->path, mode & S_IALLUGO);
		break;
	case S_IFLNK:
		err = kern_symlink(e->target, u->path);
		break;
	default:
		err = kern_mknod(u->path, mode, mkdev(e->rdev_major, e->rdev_minor));
		break;
	}
	if (!err || err == -EEXIST)
		set_attributes(u, e);
	return soft(err, u);
}

static int unpack_link(void *ctx, const struct cpio_entry *e, const char *first)
{
	struct unpack *u = ctx;
	char *old;
	int err;

	err = full_path(u, first);
	if (err)
		return 0;
	old = kstrdup(u->path, GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	err = full_path(u, e->name);
	if (!err) {
		clear_way(u, e->mode == 0 ? S_IFREG : S_IFIFO);
		err = kern_link(old, u->path);
	}
	/* The contents may come with the last name. */
	if (!err && S_ISREG(e->mode) && e->size) {
		u->f = file_open(u->path, O_WRONLY | O_LARGEFILE, 0);
		u->pos = 0;
		if (IS_ERR(u->f))
			u->f = NULL;
	}
	kfree(old);
	return soft(err, u);
}

static int unpack_data(void *ctx, const void *p, size_t n)
{
	struct unpack *u = ctx;

	while (n && u->f) {
		ssize_t w = kernel_write(u->f, p, n, &u->pos);

		if (w < 0)
			return (int)w;
		if (w == 0)
			return -EIO;
		p = (const char *)p + w;
		n -= (size_t)w;
	}
	return 0;
}

static int unpack_end(void *ctx, const struct cpio_entry *e)
{
	struct unpack *u = ctx;

	if (u->f) {
		file_put_sync(u->f);
		u->f = NULL;
		if (!full_path(u, e->name))
			set_attributes(u, e);
	}
	return 0;
}

static const struct cpio_ops unpack_ops = {
	.entry = unpack_entry,
	.link = unpack_link,
	.data = unpack_data,
	.end = unpack_end,
};

static void unpack_image(struct unpack *u, unsigned int nr, const void *image, size_t size)
{
	struct initramfs_result res = { 0 };
	int err = initramfs_unpack(image, size, &unpack_ops, u, &res);

	if (u->f) {
		file_put_sync(u->f);
		u->f = NULL;
	}
	if (!err) {
		pr_info("initramfs: image %u: %llu entries from %zu bytes\n", nr, (unsigned long long)res.entries, size);
		return;
	}
	if (err == -ENOSPC || err == -ENOMEM)
		pr_err("initramfs: image %u does not fit into memory (error %d after %llu entries): give the machine more, or a smaller image\n",
		       nr, -err, (unsigned long long)res.entries);
	else
		pr_err("initramfs: image %u is bad at byte %llu: %s; make it with cpio -H newc, plain or gzip\n", nr,
		       (unsigned long long)res.offset, res.error ? res.error : "unreadable");
}

static int initramfs_init(void)
{
	struct unpack *u;
	const void *image;
	size_t size;

	mount_init_root();
	/* As Linux's built-in image has it, before any other: so init can speak whatever the images hold. */
	(void)!kern_mkdir("/dev", 0755);
	(void)!kern_mknod("/dev/console", S_IFCHR | 0600, mkdev(5, 1));
	(void)!kern_mkdir("/root", 0700);
	if (!boot_module(0, &size))
		return 0;
	u = kmalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	u->f = NULL;
	for (unsigned int i = 0; (image = boot_module(i, &size)) != NULL; i++)
		unpack_image(u, i, image, size);
	kfree(u);
	return 0;
}
INITCALL_LATE(initramfs_init);
