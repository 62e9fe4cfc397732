/* SPDX-License-Identifier: MPL-2.0 */
/*
 * devtmpfs: one tmpfs that the kernel fills with the nodes of its devices as they register; every
 * mount of the type shows the same instance. Nodes may lie in directories, which are made and
 * removed with them. What user space makes there is left alone: a node is removed only while it is
 * still the device's.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <drivers/device.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/super.h>
#include <fs/tmpfs.h>
#include <kernel/cred.h>
#include <uapi/linux/limits.h>

static struct mount *dev_mount;

static struct super_block *devtmpfs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	/* Options of later mounts have no say: the instance is there since boot. */
	return tmpfs_get_single(t, flags & ~SB_KERNMOUNT, "mode=0755");
}

static struct fs_type devtmpfs_type = { .name = "devtmpfs", .mount = devtmpfs_mount };

/* The child `name` (len bytes) of a locked directory; ERR_PTR. */
static struct dentry *child(struct dentry *dir, const char *name, size_t len)
{
	struct qstr q;

	if (!len || len > NAME_MAX)
		return ERR_PTR(-EINVAL);
	dentry_init_name(&q, name, len, dir);
	return dentry_lookup_locked(dir, &q, 0);
}

/*
 * Directory in which the last component of name lies, referenced; directories on the way are made.
 * *last points at that component. ERR_PTR.
 */
static struct dentry *dir_for(const char *name, const char **last, bool make)
{
	struct dentry *dir = dentry_get(dev_mount->root);

	for (;;) {
		const char *slash = strchr(name, '/');
		struct dentry *d;
		int err = 0;

		if (!slash) {
			*last = name;
			return dir;
		}
		inode_lock(dir->inode);
		d = child(dir, name, (size_t)(slash - name));
		if (!IS_ERR(d) && !d->inode)
			err = make ? inode_mkdir(dir->inode, d, 0755) : -ENOENT;
		else if (!IS_ERR(d) && !S_ISDIR_I(d->inode))
			err = -ENOTDIR;
		inode_unlock(dir->inode);
		dentry_put(dir);
		if (IS_ERR(d))
			return d;
		if (err) {
			dentry_put(d);
			return ERR_PTR(err);
		}
		dir = d;
		name = slash + 1;
	}
}

int devtmpfs_create_node(const char *name, umode_t mode, dev_t dev)
{
	const char *last;
	struct dentry *dir, *d;
	int err;

	if (!dev_mount)
		return -ENODEV;
	dir = dir_for(name, &last, true);
	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	inode_lock(dir->inode);
	d = child(dir, last, strlen(last));
	err = IS_ERR(d) ? (int)PTR_ERR(d) : d->inode ? -EEXIST : inode_mknod(dir->inode, d, mode, dev);
	if (!err) {
		d->inode->uid = kuid(0);
		d->inode->gid = kgid(0);
		d->inode->private = dev_mount;	/* ours to remove */
	}
	inode_unlock(dir->inode);
	if (!IS_ERR(d))
		dentry_put(d);
	dentry_put(dir);
	return err;
}

/* Remove d from dir (locked) by the file system's own operation. */
static int remove(struct dentry *dir, struct dentry *d)
{
	struct inode *inode = d->inode;
	int err;

	inode_lock_nested(inode, INODE_LOCK_CHILD);
	err = S_ISDIR_I(inode) ? inode_rmdir(dir->inode, d) : inode_unlink(dir->inode, d);
	if (!err && S_ISDIR_I(inode))
		inode->flags |= S_DEAD;
	inode_unlock(inode);
	if (!err)
		dentry_delete(d);
	return err;
}

int devtmpfs_delete_node(const char *name)
{
	const char *last;
	struct dentry *dir, *d, *up;
	int err = -ENOENT;

	if (!dev_mount)
		return -ENODEV;
	dir = dir_for(name, &last, false);
	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	inode_lock(dir->inode);
	d = child(dir, last, strlen(last));
	if (!IS_ERR(d)) {
		if (d->inode && d->inode->private == dev_mount)
			err = remove(dir, d);
		dentry_put(d);
	}
	inode_unlock(dir->inode);
	/* A directory that became empty goes as well, unless something is mounted there. */
	while (!err && dir != dev_mount->root && simple_empty(dir)) {
		up = dentry_get_parent(dir);
		inode_lock(up->inode);
		if (!(dir->flags & DCACHE_MOUNTED))
			(void)remove(up, dir);
		inode_unlock(up->inode);
		dentry_put(dir);
		dir = up;
	}
	dentry_put(dir);
	return err;
}

static int devtmpfs_init(void)
{
	int err = fs_register(&devtmpfs_type);

	if (err)
		return err;
	dev_mount = kern_mount(&devtmpfs_type);
	if (IS_ERR(dev_mount)) {
		err = (int)PTR_ERR(dev_mount);
		dev_mount = NULL;
	}
	return err;
}
INITCALL_FS(devtmpfs_init);
