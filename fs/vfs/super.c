/* SPDX-License-Identifier: MPL-2.0 */
/*
 * File-system types by name, and their instances. An instance (super block) lives while mounts hold
 * its active count; the last one shuts it down: dentries dropped, written back, inodes evicted.
 *
 * Locks: sb_lock (list of all), sb->umount held for writing while it is filled, remounted or shut
 * down, for reading by those who use it from the list.
 */
#include "internal.h"
#include <mm/writeback.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/wait.h>
#include <fs/block.h>
#include <fs/seq_file.h>
#include <core/printk.h>
#include <kernel/syscall.h>
#include <uapi/linux/statfs.h>

static DEFINE_MUTEX(types_mutex, LEAF_MUTEX);
static LIST_HEAD(fs_types);			/* [types_mutex] */
static DEFINE_SPINLOCK(sb_lock, INODE_LIST);
static LIST_HEAD(super_blocks);			/* [sb_lock] */
static unsigned long anon_minors[BITS_TO_LONGS(4096)];	/* [sb_lock] device 0:n in use */
static DEFINE_WAIT_QUEUE(bdev_gone);		/* an instance on a device is no more */
static DEFINE_MUTEX(single_mutex, SYSTEM);	/* one at a time looks for or makes a single instance */

/* --- types --- */

int fs_register(struct fs_type *t)
{
	struct fs_type *o;

	mutex_lock(&types_mutex);
	list_for_each_entry(o, &fs_types, link) {
		if (streq(o->name, t->name)) {
			mutex_unlock(&types_mutex);
			return -EBUSY;
		}
	}
	list_add_tail(&t->link, &fs_types);
	mutex_unlock(&types_mutex);
	return 0;
}

struct fs_type *fs_type_find(const char *name)
{
	struct fs_type *t, *found = NULL;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &fs_types, link)
		if (streq(t->name, name)) {
			found = t;
			break;
		}
	mutex_unlock(&types_mutex);
	return found;
}

void fs_types_show(struct seq_file *s)
{
	struct fs_type *t;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &fs_types, link)
		seq_printf(s, "%s\t%s\n", t->flags & FS_REQUIRES_DEV ? "" : "nodev", t->name);
	mutex_unlock(&types_mutex);
}

bool fs_type_disk_name(u32 i, char *buf, size_t size)
{
	struct fs_type *t;
	bool found = false;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &fs_types, link)
		if (t->flags & FS_REQUIRES_DEV && !found && !i--) {
			strscpy(buf, t->name, size);
			found = true;
		}
	mutex_unlock(&types_mutex);
	return found;
}

static long fs_type_index(const char *name)
{
	struct fs_type *t;
	long i = 0, found = -EINVAL;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &fs_types, link) {
		if (streq(t->name, name)) {
			found = i;
			break;
		}
		i++;
	}
	mutex_unlock(&types_mutex);
	return found;
}

static long fs_type_copy_name(u64 index, uaddr_t buf)
{
	const char *name = NULL;
	struct fs_type *t;

	mutex_lock(&types_mutex);
	list_for_each_entry(t, &fs_types, link)
		if (index-- == 0) {
			name = t->name;
			break;
		}
	mutex_unlock(&types_mutex);
	return name ? copy_out_bytes(buf, name, strlen(name) + 1) : -EINVAL;
}

long sys_sysfs(int option, u64 arg1, u64 arg2)
{
	struct filename *n;
	struct fs_type *t;
	long r = 0;

	switch (option) {
	case 1:
		n = filename_get((uin_str){ .addr = arg1 }, LOOKUP_EMPTY);
		if (IS_ERR(n))
			return PTR_ERR(n);
		r = fs_type_index(n->name);
		filename_put(n);
		return r;
	case 2:
		return fs_type_copy_name((u32)arg1, uaddr(arg2));
	case 3:
		mutex_lock(&types_mutex);
		list_for_each_entry(t, &fs_types, link)
			r++;
		mutex_unlock(&types_mutex);
		return r;
	}
	return -EINVAL;
}

int fs_no_options(const char *options)
{
	return options && *options ? -ENOPARAM : 0;
}

int fs_remount_no_options(struct super_block *sb, u32 flags, const char *options)
{
	(void)flags;
	return fs_refuse_options(sb->type->name, options);
}

/* --- instances --- */

struct super_block *super_create(struct fs_type *t, u32 flags, void *private)
{
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	u64 minor;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->blocksize = PAGE_SIZE;
	sb->blkbits = PAGE_SHIFT;
	sb->maxbytes = LOFF_MAX;
	sb->type = t;
	sb->flags = flags;
	sb->private = private;
	sb->time_gran = 1;
	sb->time_min = -LOFF_MAX;
	sb->time_max = LOFF_MAX;
	ref_init(&sb->active, 1);
	rwsem_init(&sb->umount, SUPER);
	mutex_init(&sb->rename_mutex, RENAME);
	list_init(&sb->inodes);
	list_init(&sb->mounts);
	spin_lock_init(&sb->inode_list_lock, INODE_LIST);
	down_write(&sb->umount);
	spin_lock(&sb_lock);
	minor = bitmap_find_next_zero(anon_minors, 4096, 1);
	if (minor < 4096) {
		bitmap_set_bit(anon_minors, minor);
		list_add_tail(&sb->link, &super_blocks);
	}
	spin_unlock(&sb_lock);
	if (minor >= 4096) {
		kfree(sb);
		return ERR_PTR(-EMFILE);
	}
	sb->dev = mkdev(0, (u32)minor);
	snprintf(sb->id, sizeof(sb->id), "%s", t->name);
	return sb;
}

void super_activate(struct super_block *sb)
{
	wb_start(sb);
	sb->flags |= SB_ACTIVE;
	up_write(&sb->umount);
}

/* umount held for writing. Everything goes; the memory too. */
static void super_shutdown(struct super_block *sb)
{
	struct dentry *root = sb->root;
	u64 busy;

	if (root) {
		(void)super_sync(sb, true);
		wb_stop(sb);
		sb->flags &= ~SB_ACTIVE;
		dentry_shrink_tree(root);
		sb->root = NULL;
		dentry_unhash(root);
		dentry_put(root);
	}
	sb->flags &= ~SB_ACTIVE;
	(void)dentry_shrink_sb(sb);
	notify_unmount(sb);
	busy = inodes_evict_sb(sb);
	/* A file system that could not write may hold some: with the last reference they go at once now. */
	if (SOP(sb, put_super))
		sb->ops->put_super(sb);
	if (busy)
		busy = inodes_in_use(sb);
	if (busy)
		pr_err("VFS: %llu inodes of %s are in use after unmount\n", (unsigned long long)busy, sb->id);
	up_write(&sb->umount);
	if (sb->bdev) {
		(void)bdev_sync(sb->bdev);
		bdev_close(sb->bdev, sb->bdev_how, sb->type);
	}
	spin_lock(&sb_lock);
	list_del(&sb->link);
	if (!dev_major(sb->dev))
		bitmap_clear_bit(anon_minors, dev_minor(sb->dev));
	spin_unlock(&sb_lock);
	if (sb->bdev)
		wake_up_all(&bdev_gone);
	/* Inodes are freed by RCU and look at sb->ops then. */
	if (busy)
		return;
	wb_free(sb);
	super_freeze_fini(sb);
	rcu_barrier();
	kfree(sb);
}

void super_put_active(struct super_block *sb)
{
	if (!ref_put(&sb->active))
		return;
	down_write(&sb->umount);
	super_shutdown(sb);
}

/* A fresh one that could not be filled. */
static void super_abandon(struct super_block *sb)
{
	(void)!ref_put(&sb->active);
	super_shutdown(sb);
}

struct super_block *super_get_nodev(struct fs_type *t, u32 flags, int (*fill)(struct super_block *sb, const char *options),
				    const char *options)
{
	struct super_block *sb = super_create(t, flags, NULL);
	int err;

	if (IS_ERR(sb))
		return sb;
	err = fill(sb, options);
	if (err) {
		super_abandon(sb);
		return ERR_PTR(err);
	}
	super_activate(sb);
	return sb;
}

struct super_block *super_get_single(struct fs_type *t, u32 flags, int (*fill)(struct super_block *sb, const char *options),
				     const char *options)
{
	struct super_block *sb, *found = NULL;

	mutex_lock(&single_mutex);
	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, link) {
		if (sb->type == t && ref_get_unless_zero(&sb->active)) {
			found = sb;
			break;
		}
	}
	spin_unlock(&sb_lock);
	if (!found)
		found = super_get_nodev(t, flags, fill, options);
	mutex_unlock(&single_mutex);
	return found;
}

/* --- on block devices --- */

/* *dying: it is there and on its way out. An active reference is taken. */
static struct super_block *bdev_find_super(struct fs_type *t, const struct block_device *b, bool *dying)
{
	struct super_block *sb, *found = NULL;

	*dying = false;
	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, link) {
		if (sb->bdev != b || sb->type != t)
			continue;
		if (ref_get_unless_zero(&sb->active))
			found = sb;
		else
			*dying = true;
		break;
	}
	spin_unlock(&sb_lock);
	return found;
}

static bool bdev_has_super(struct fs_type *t, const struct block_device *b)
{
	struct super_block *sb;
	bool dying;

	sb = bdev_find_super(t, b, &dying);
	if (sb)
		super_put_active(sb);
	return dying;
}

/* The device is open; it goes to the new instance, also when filling that fails. */
static struct super_block *bdev_new_super(struct fs_type *t, u32 flags, struct block_device *b, u32 how,
					  int (*fill)(struct super_block *sb, const char *options), const char *options)
{
	struct super_block *sb = super_create(t, flags, NULL);
	int err;

	if (IS_ERR(sb)) {
		bdev_close(b, how, t);
		return sb;
	}
	spin_lock(&sb_lock);
	bitmap_clear_bit(anon_minors, dev_minor(sb->dev));
	sb->dev = bdev_dev(b);
	sb->bdev = b;
	sb->bdi = bdev_bdi(b);
	sb->bdev_how = how;
	spin_unlock(&sb_lock);
	strscpy(sb->id, bdev_name(b), sizeof(sb->id));
	err = super_set_blocksize(sb, max(bdev_logical_block_size(b), 512u));
	if (!err)
		err = fill(sb, options);
	if (!err)
		err = super_freeze_init(sb);
	if (err) {
		super_abandon(sb);
		return ERR_PTR(err);
	}
	super_activate(sb);
	return sb;
}

int super_set_blocksize(struct super_block *sb, u32 size)
{
	if (size < 512 || size > PAGE_SIZE || !is_pow2(size) || (sb->bdev && size < bdev_logical_block_size(sb->bdev)))
		return -EINVAL;
	sb->blocksize = size;
	sb->blkbits = (u32)ilog2(size);
	return 0;
}

struct super_block *super_get_bdev(struct fs_type *t, u32 flags, const char *source,
				   int (*fill)(struct super_block *sb, const char *options), const char *options)
{
	static DEFINE_MUTEX(mount_mutex, SYSTEM);	/* one at a time looks for or makes an instance */
	u32 how = BDEV_READ | BDEV_EXCL | (flags & SB_RDONLY ? 0 : BDEV_WRITE);
	struct super_block *sb;
	struct block_device *b;
	bool dying;

	if (!source || !*source)
		return ERR_PTR(-EINVAL);
	b = bdev_open_path(source, how, t);
	if (IS_ERR(b))
		return ERR_CAST(b);
	for (;;) {
		mutex_lock(&mount_mutex);
		sb = bdev_find_super(t, b, &dying);
		if (!dying)
			break;
		mutex_unlock(&mount_mutex);
		wait_event(&bdev_gone, !bdev_has_super(t, b));
	}
	if (!sb) {
		sb = bdev_new_super(t, flags, b, how, fill, options);
	} else {
		bdev_close(b, how, t);
		if ((flags ^ sb->flags) & SB_RDONLY) {
			super_put_active(sb);
			sb = ERR_PTR(-EBUSY);
		}
	}
	mutex_unlock(&mount_mutex);
	return sb;
}

void super_for_each(void (*fn)(struct super_block *sb, void *arg), void *arg)
{
	struct super_block *sb, *prev = NULL;

	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, link) {
		if (!(READ_ONCE(sb->flags) & SB_ACTIVE) || !ref_get_unless_zero(&sb->active))
			continue;
		spin_unlock(&sb_lock);
		if (prev)
			super_put_active(prev);
		down_read(&sb->umount);
		if (sb->root)
			fn(sb, arg);
		up_read(&sb->umount);
		prev = sb;
		spin_lock(&sb_lock);
	}
	spin_unlock(&sb_lock);
	if (prev)
		super_put_active(prev);
}

void super_for_each_quick(void (*fn)(struct super_block *sb, void *arg), void *arg)
{
	struct super_block *sb;

	spin_lock(&sb_lock);
	list_for_each_entry(sb, &super_blocks, link)
		if (READ_ONCE(sb->flags) & SB_ACTIVE)
			fn(sb, arg);
	spin_unlock(&sb_lock);
}

/* --- inside the kernel only --- */

struct super_block *super_pseudo(struct fs_type *t, u64 magic, const struct super_ops *ops, const struct dentry_ops *dops)
{
	static const struct inode_ops root_ops;
	static const struct super_ops plain_ops = { .statfs = simple_statfs };
	struct super_block *sb = super_create(t, SB_KERNMOUNT, NULL);
	struct inode *root;

	if (IS_ERR(sb))
		return sb;
	sb->magic = magic;
	sb->ops = ops ? ops : &plain_ops;
	sb->dops = dops;
	root = inode_new(sb);
	if (root) {
		root->mode = S_IFDIR | S_IRUSR | S_IWUSR;
		root->ops = &root_ops;
		sb->root = dentry_make_root(root);
	}
	if (!sb->root) {
		super_abandon(sb);
		return ERR_PTR(-ENOMEM);
	}
	super_activate(sb);
	return sb;
}

int simple_statfs(struct dentry *root, struct kstatfs *st)
{
	st->type = root->sb->magic;
	st->bsize = root->sb->blocksize;
	st->namelen = NAME_MAX;
	return 0;
}

int vfs_statfs(const struct path *p, struct kstatfs *st)
{
	struct super_block *sb = p->dentry->sb;
	u32 mf = READ_ONCE(p->mnt->flags);
	int err;

	memset(st, 0, sizeof(*st));
	if (!SOP(sb, statfs))
		return -ENOSYS;
	st->fsid = ((u64)dev_major(sb->dev) << 8) | (dev_minor(sb->dev) & 0xff) | ((u64)(dev_minor(sb->dev) & ~0xffu) << 12);
	err = sb->ops->statfs(p->dentry, st);
	if (err)
		return err;
	if (!st->frsize)
		st->frsize = st->bsize;
	st->flags = ST_VALID;
	st->flags |= (mf & MNT_READONLY) || (sb->flags & SB_RDONLY) ? ST_RDONLY : 0;
	st->flags |= mf & MNT_NOSUID ? ST_NOSUID : 0;
	st->flags |= mf & MNT_NODEV ? ST_NODEV : 0;
	st->flags |= mf & MNT_NOEXEC ? ST_NOEXEC : 0;
	st->flags |= mf & MNT_NOATIME ? ST_NOATIME : 0;
	st->flags |= mf & MNT_NODIRATIME ? ST_NODIRATIME : 0;
	st->flags |= mf & MNT_RELATIME ? ST_RELATIME : 0;
	st->flags |= mf & MNT_NOSYMFOLLOW ? ST_NOSYMFOLLOW : 0;
	st->flags |= sb->flags & SB_SYNCHRONOUS ? ST_SYNCHRONOUS : 0;
	st->flags |= sb->flags & SB_MANDLOCK ? ST_MANDLOCK : 0;
	return 0;
}
