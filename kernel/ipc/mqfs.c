/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The file system of POSIX message queues: one directory of queues, one instance for an IPC namespace, which
 * mq_open(2) and mq_unlink(2) use through a mount inside the kernel and users may mount (`mount -t mqueue`). A queue is
 * an inode; its name lives in the dentry cache (DCACHE_PERSIST), as in tmpfs.
 *
 * What a queue may hold at most is charged to its maker when it is made (RLIMIT_MSGQUEUE).
 */
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/super.h>
#include <kernel/cred.h>
#include <kernel/syscall.h>
#include "mqueue.h"

#define MQUEUE_MAGIC	0x19800202
#define HARD_MSGS	65536
#define HARD_SIZE	(16l << 20)
#define NAME_SIZE	20		/* what a name adds to the directory's size, as Linux has it */
#define QUEUE_SIZE	80		/* of the text in a queue's file */
/* What Linux counts for a message, and for each priority that can be in use. */
#define MSG_COST	48
#define PRIO_COST	48

static struct kmem_cache *mq_cache;
static struct mount *mq_mount;		/* [I] of the initial namespace */
static const struct inode_ops mq_dir_iops, mq_file_iops;

/* --- inodes --- */

static struct inode *mq_alloc_inode(struct super_block *sb)
{
	struct mq *q = kmem_cache_alloc(mq_cache, GFP_KERNEL);

	if (!q)
		return NULL;
	mq_init(q);
	return &q->vfs;
}

static void mq_free_inode(struct inode *inode)
{
	kmem_cache_free(mq_cache, mq_of(inode));
}

static void mq_evict_inode(struct inode *inode)
{
	struct mq *q = mq_of(inode);

	inode_evict_plain(inode);
	if (!q->user)
		return;
	mq_free_messages(q);
	wake_up_pollfree(&q->poll);
	atomic64_sub(&q->user->mq_bytes, (s64)q->charged);
	user_put(q->user);
	atomic_dec(&q->ns->mq_count);
}

/* Sizes that current may ask for. */
static int attr_check(const struct ipc_ns *ns, s64 msgs, s64 size)
{
	s64 most = READ_ONCE(ns->mq_msg_max), largest = READ_ONCE(ns->mq_msgsize_max);

	if (capable(CAP_SYS_RESOURCE)) {
		most = HARD_MSGS;
		largest = HARD_SIZE;
	}
	return msgs <= 0 || size <= 0 || msgs > most || size > largest ? -EINVAL : 0;
}

static int charge(struct mq *q)
{
	struct user_struct *u = current_cred()->user;
	u64 msgs = (u64)q->max_msgs;
	u64 bytes = msgs * (u64)q->msg_size + msgs * MSG_COST + min_t(u64, msgs, MQ_PRIO_MAX) * PRIO_COST;

	if ((u64)atomic64_add_return(&u->mq_bytes, (s64)bytes) > rlimit_cur(RLIMIT_MSGQUEUE)) {
		atomic64_sub(&u->mq_bytes, (s64)bytes);
		return -EMFILE;
	}
	ref_get(&u->ref);
	q->user = u;
	q->charged = bytes;
	return 0;
}

/* A queue in the making; attr NULL: sizes by default. ERR_PTR. */
static struct inode *queue_new(struct super_block *sb, struct inode *dir, umode_t mode, const struct mq_attr *attr)
{
	struct ipc_ns *ns = sb->private;
	struct inode *inode;
	struct mq *q;
	int err;

	inode = inode_new(sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	q = mq_of(inode);
	inode_init_owner(inode, dir, mode | S_IFREG);
	mapping_init(&inode->data, inode, NULL);
	inode->ops = &mq_file_iops;
	inode->fops = &mq_fops;
	inode->size = QUEUE_SIZE;
	q->ns = ns;
	q->max_msgs = min(READ_ONCE(ns->mq_msg_max), READ_ONCE(ns->mq_msg_default));
	q->msg_size = min(READ_ONCE(ns->mq_msgsize_max), READ_ONCE(ns->mq_msgsize_default));
	if (attr) {
		q->max_msgs = attr->mq_maxmsg;
		q->msg_size = attr->mq_msgsize;
	}
	err = attr_check(ns, q->max_msgs, q->msg_size);
	if (!err)
		err = charge(q);
	if (err) {
		inode->nlink = 0;
		inode_put(inode);
		return ERR_PTR(err);
	}
	return inode;
}

static void dir_changed(struct inode *dir, s64 size)
{
	inode_set_size(dir, dir->size + size);
	inode_touch_mtime(dir);
}

/* The directory is locked for writing, d negative. */
static int queue_make(struct inode *dir, struct dentry *d, umode_t mode, const struct mq_attr *attr)
{
	struct ipc_ns *ns = dir->sb->private;
	struct inode *inode;

	if (atomic_inc_return(&ns->mq_count) > READ_ONCE(ns->mq_queues_max) && !capable(CAP_SYS_RESOURCE)) {
		atomic_dec(&ns->mq_count);
		return -ENOSPC;
	}
	inode = queue_new(dir->sb, dir, mode, attr);
	if (IS_ERR(inode)) {
		atomic_dec(&ns->mq_count);
		return (int)PTR_ERR(inode);
	}
	dir_changed(dir, NAME_SIZE);
	dentry_instantiate(d, inode);
	dentry_persist(d);
	return 0;
}

static int mqfs_create(struct inode *dir, struct dentry *d, umode_t mode, bool excl)
{
	return queue_make(dir, d, mode, NULL);
}

static int mqfs_unlink(struct inode *dir, struct dentry *d)
{
	dir_changed(dir, -NAME_SIZE);
	d->inode->ctime = dir->ctime;
	inode_drop_link(d->inode);
	return 0;
}

static const struct inode_ops mq_dir_iops = { .lookup = simple_lookup, .create = mqfs_create, .unlink = mqfs_unlink };
static const struct inode_ops mq_file_iops = { 0 };

/* --- mq_open, mq_unlink --- */

/* The name below the directory, whose lock is held. ERR_PTR. */
static struct dentry *name_lookup(struct dentry *root, const struct filename *n, u32 flags)
{
	struct qstr q;

	/* As any name inside one directory: -EACCES for what would lead out of it. */
	if (!n->len || strchr(n->name, '/') || streq(n->name, ".") || streq(n->name, ".."))
		return ERR_PTR(-EACCES);
	if (n->len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	dentry_init_name(&q, n->name, n->len, root);
	return dentry_lookup_locked(root, &q, flags);
}

/* The queue of d is there, or is made; may it be opened so? */
static int open_prepare(struct inode *dir, struct dentry *d, u32 oflags, umode_t mode, const struct mq_attr *attr)
{
	static const int access[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };
	int err;

	if (!d->inode) {
		if (!(oflags & O_CREAT))
			return -ENOENT;
		err = inode_check_permission(dir, MAY_WRITE | MAY_EXEC);
		return err ? err : queue_make(dir, d, (umode_t)(mode & 07777 & ~current->fs->umask), attr);
	}
	if ((oflags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((oflags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return inode_check_permission(d->inode, access[oflags & O_ACCMODE]);
}

static struct file *queue_open(const struct filename *n, u32 oflags, umode_t mode, const struct mq_attr *attr)
{
	struct path p = { .mnt = mq_mount };
	struct dentry *root = mq_mount->root;
	struct file *f;
	int err;

	inode_lock_nested(root->inode, INODE_LOCK_PARENT);
	p.dentry = name_lookup(root, n, LOOKUP_OPEN | (oflags & O_CREAT ? LOOKUP_CREATE : 0));
	if (IS_ERR(p.dentry)) {
		inode_unlock(root->inode);
		return ERR_CAST(p.dentry);
	}
	err = open_prepare(root->inode, p.dentry, oflags, mode, attr);
	inode_unlock(root->inode);
	f = err ? ERR_PTR(err) : file_open_path(&p, oflags & (O_ACCMODE | O_NONBLOCK | O_LARGEFILE), current_cred());
	dentry_put(p.dentry);
	return f;
}

long sys_mq_open(uin_str uname, int oflags, umode_t mode, uin_mq_attr uattr)
{
	struct mq_attr attr;
	struct filename *n;
	struct file *f;

	if (!uptr_null(uattr) && copy_in(&attr, uattr))
		return -EFAULT;
	n = filename_get(uname, 0);
	if (IS_ERR(n))
		return PTR_ERR(n);
	f = queue_open(n, (u32)oflags, mode, uptr_null(uattr) ? NULL : &attr);
	filename_put(n);
	return IS_ERR(f) ? PTR_ERR(f) : fd_add(f, O_CLOEXEC);
}

long sys_mq_unlink(uin_str uname)
{
	struct dentry *root = mq_mount->root, *d;
	struct inode *inode = NULL;
	struct filename *n;
	int err;

	n = filename_get(uname, 0);
	if (IS_ERR(n))
		return PTR_ERR(n);
	inode_lock_nested(root->inode, INODE_LOCK_PARENT);
	d = name_lookup(root, n, 0);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
		d = NULL;
	} else if (!d->inode) {
		err = -ENOENT;
	} else {
		inode = d->inode;
		inode_get(inode);	/* its end is not for under the lock */
		err = vfs_unlink(root->inode, d);
	}
	inode_unlock(root->inode);
	dentry_put(d);
	if (inode)
		inode_put(inode);
	filename_put(n);
	return err;
}

/* --- instances --- */

static const struct super_ops mq_super_ops = {
	.alloc_inode = mq_alloc_inode, .free_inode = mq_free_inode, .evict_inode = mq_evict_inode, .statfs = simple_statfs,
	.remount = fs_remount_no_options,
};

static int mqfs_fill(struct super_block *sb, const char *options)
{
	struct inode *root;

	sb->ops = &mq_super_ops;
	sb->magic = MQUEUE_MAGIC;
	sb->private = &init_ipc_ns;
	root = inode_new(sb);
	if (!root)
		return -ENOMEM;
	root->mode = S_IFDIR | S_ISVTX | 0777;
	root->uid = kuid(0);
	root->gid = kgid(0);
	root->nlink = 2;
	root->size = 2 * NAME_SIZE;
	root->ops = &mq_dir_iops;
	root->fops = &simple_dir_fops;
	sb->root = dentry_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static struct super_block *mqfs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	int err = fs_refuse_options("mqueue", options);

	return err ? ERR_PTR(err) : super_get_single(t, flags, mqfs_fill, options);
}

static struct fs_type mqfs_type = {
	.name = "mqueue", .flags = FS_USERNS_MOUNT, .mount = mqfs_mount, .check_options = fs_no_options,
};

static int mqfs_init(void)
{
	int err;

	mq_cache = kmem_cache_create("mqueue_inode_cache", sizeof(struct mq), 64, 0, NULL);
	if (!mq_cache)
		return -ENOMEM;
	err = fs_register(&mqfs_type);
	if (err)
		return err;
	mq_mount = kern_mount(&mqfs_type);
	if (IS_ERR(mq_mount))
		panic("no memory for the file system of message queues");
	return 0;
}
INITCALL_FS(mqfs_init);
