/* SPDX-License-Identifier: MPL-2.0 */
/* procfs: the file system, its static entries, and the directory that holds the processes. */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <uapi/linux/magic.h>

#include "internal.h"

#define PROC_FIRST_PID_POS	0x10000	/* directory offsets: static entries below, pids above */

struct proc_entry proc_root = {
	.name = "", .mode = S_IFDIR | 0555, .ino = 1, .parent = &proc_root, .ref = REF_INIT(1), .next_pos = 2,
	.children = LIST_HEAD_INIT(proc_root.children),
};
static DEFINE_MUTEX(entries_lock, FS_META);

static struct proc_entry *find(struct proc_entry *dir, const char *name, size_t len)
{
	struct proc_entry *e;

	list_for_each_entry_rcu(e, &dir->children, sibling)
		if (!strncmp(e->name, name, len) && !e->name[len])
			return e;
	return NULL;
}

static void entry_rcu(struct rcu_head *h)
{
	struct proc_entry *e = container_of(h, struct proc_entry, rcu);

	kfree((void *)e->name);
	kfree(e);
}

static void entry_put(struct proc_entry *e)
{
	if (ref_put(&e->ref))
		call_rcu(&e->rcu, entry_rcu);
}

/* With a reference. */
static struct proc_entry *find_get(struct proc_entry *dir, const char *name, size_t len)
{
	struct proc_entry *e;

	rcu_read_lock();
	e = find(dir, name, len);
	if (e && !ref_get_unless_zero(&e->ref))
		e = NULL;
	rcu_read_unlock();
	return e;
}

/* entries_lock held. */
static struct proc_entry *add(struct proc_entry *dir, const char *name, size_t len, umode_t mode, const struct proc_entry *like)
{
	struct proc_entry *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	e->name = kstrndup(name, len, GFP_KERNEL);
	if (!e->name) {
		kfree(e);
		return NULL;
	}
	if (like) {
		e->show = like->show;
		e->fops = like->fops;
		e->target = like->target;
		e->sysctl = like->sysctl;
		e->priv = like->priv;
	}
	ref_init(&e->ref, 1);
	e->mode = mode;
	e->ino = inode_next_ino();
	e->parent = dir;
	e->pos = dir->next_pos++;
	e->next_pos = 2;
	list_init(&e->children);
	list_add_tail(&e->sibling, &dir->children);
	return e;
}

/* Directories on the way are made; the last part must be new, unless both are directories. */
struct proc_entry *proc_entry_make(const char *path, umode_t mode, const struct proc_entry *like)
{
	struct proc_entry *dir = &proc_root, *e = NULL;

	mutex_lock(&entries_lock);
	while (dir) {
		const char *slash = strchr(path, '/');
		size_t len = slash ? (size_t)(slash - path) : strlen(path);

		e = find(dir, path, len);
		if (!slash) {
			if (!e)
				e = add(dir, path, len, mode, like);
			else if ((mode & S_IFMT) != S_IFDIR)
				e = NULL;
			break;
		}
		dir = e ? e : add(dir, path, len, S_IFDIR | 0555, NULL);
		path = slash + 1;
		e = NULL;
	}
	mutex_unlock(&entries_lock);
	return e;
}

/* entries_lock held. Children first: each has its reference in the tree. */
static void unlink_tree(struct proc_entry *e)
{
	struct proc_entry *c, *n;

	list_for_each_entry_safe(c, n, &e->children, sibling)
		unlink_tree(c);
	list_del_rcu(&e->sibling);
	WRITE_ONCE(e->dead, true);
	entry_put(e);
}

void proc_remove(const char *path)
{
	struct proc_entry *e = &proc_root;

	mutex_lock(&entries_lock);
	for (;;) {
		const char *slash = strchr(path, '/');

		e = find(e, path, slash ? (size_t)(slash - path) : strlen(path));
		if (!e || !slash)
			break;
		path = slash + 1;
	}
	if (e)
		unlink_tree(e);
	mutex_unlock(&entries_lock);
}

bool proc_entry_dead(const struct inode *inode)
{
	const struct proc_entry *e = inode->private;

	return e && READ_ONCE(e->dead);
}

int proc_create(const char *path, umode_t mode, int (*show)(struct seq_file *s, void *v), void *private)
{
	struct proc_entry like = { .show = show, .priv = private };

	return proc_entry_make(path, (umode_t)(S_IFREG | mode), &like) ? 0 : -ENOMEM;
}

int proc_create_fops(const char *path, umode_t mode, const struct file_ops *ops, void *private)
{
	struct proc_entry like = { .fops = ops, .priv = private };

	return proc_entry_make(path, (umode_t)(S_IFREG | mode), &like) ? 0 : -ENOMEM;
}

int proc_mkdir(const char *path)
{
	return proc_entry_make(path, S_IFDIR | 0555, NULL) ? 0 : -ENOMEM;
}

int proc_symlink(const char *path, const char *target)
{
	struct proc_entry like = { .target = target };

	return proc_entry_make(path, S_IFLNK | 0777, &like) ? 0 : -ENOMEM;
}

/* --- files --- */

static int entry_open(struct file *f, struct inode *inode)
{
	struct proc_entry *e = inode->private;

	return seq_open_single(f, e->show, e->priv);
}

static const struct file_ops entry_fops = {
	.open = entry_open, .read_iter = seq_read_iter, .llseek = seq_llseek, .release = seq_release,
};

/* --- self and thread-self --- */

static void free_text(void *p) { kfree(p); }

static const char *self_get_link(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	struct proc_entry *e = inode->private;
	char *buf;

	if (e->target)
		return e->target;
	if (!d)
		return ERR_PTR(-ECHILD);
	buf = kmalloc(40, GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	if (e->priv)
		scnprintf(buf, 40, "%d/task/%d", task_tgid_vnr(current), task_tid_vnr(current));
	else
		scnprintf(buf, 40, "%d", task_tgid_vnr(current));
	done->fn = free_text;
	done->arg = buf;
	return buf;
}

static const struct inode_ops link_iops = { .get_link = self_get_link };

/* --- directories --- */

static const struct inode_ops dir_iops, file_iops;
static const struct file_ops dir_fops;

/* Takes over a reference to e. */
static struct inode *entry_inode(struct super_block *sb, struct proc_entry *e)
{
	struct inode *inode = inode_get_locked(sb, e->ino);

	if (IS_ERR(inode) || !(inode->state & I_NEW)) {
		entry_put(e);
		return inode;
	}
	inode->mode = e->mode;
	inode->private = e;
	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		inode->ops = &dir_iops;
		inode->fops = &dir_fops;
		inode_set_nlink(inode, 2);
		break;
	case S_IFLNK:
		inode->ops = &link_iops;
		break;
	default:
		inode->ops = &file_iops;
		inode->fops = e->fops ? e->fops : &entry_fops;
	}
	inode_unlock_new(inode);
	return inode;
}

static struct dentry *dir_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	struct proc_entry *e = find_get(dir->private, d->name.name, d->name.len);
	struct inode *inode;

	(void)flags;
	if (!e && dir->private == &proc_root)
		return proc_pid_lookup(dir, d);
	if (!e)
		return ERR_PTR(-ENOENT);	/* no negative names: nothing can be made here */
	inode = entry_inode(dir->sb, e);
	return IS_ERR(inode) ? ERR_CAST(inode) : dentry_splice(d, inode);
}

/* The first entry at pos or behind it, with a reference: the listing sleeps between two. */
static struct proc_entry *entry_at(struct proc_entry *dir, loff_t pos)
{
	struct proc_entry *e, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(e, &dir->children, sibling) {
		if (e->pos >= pos && ref_get_unless_zero(&e->ref)) {
			found = e;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static int dir_iterate(struct file *f, struct dir_context *ctx)
{
	struct proc_entry *dir = f->inode->private, *e;

	if (!dir_emit_dots(f, ctx))
		return 0;
	while (ctx->pos < PROC_FIRST_PID_POS && (e = entry_at(dir, ctx->pos)) != NULL) {
		bool ok;

		ctx->pos = e->pos;
		ok = dir_emit(ctx, e->name, strlen(e->name), e->ino, e->mode >> 12);
		if (ok)
			ctx->pos = e->pos + 1;
		entry_put(e);
		if (!ok)
			return 0;
	}
	if (dir != &proc_root)
		return 0;
	if (ctx->pos < PROC_FIRST_PID_POS)
		ctx->pos = PROC_FIRST_PID_POS;
	ctx->pos -= PROC_FIRST_PID_POS;
	proc_pid_iterate(f, ctx);
	ctx->pos += PROC_FIRST_PID_POS;
	return 0;
}

static int proc_getattr(struct inode *inode, const struct path *path, struct kstat *st, u32 mask)
{
	int err = simple_getattr(inode, path, st, mask);

	/* As Linux: the link count of the root tells of the processes. */
	if (inode->private == &proc_root)
		st->nlink = (u32)(2 + atomic_read(&nr_threads_total));
	return err;
}

static const struct inode_ops dir_iops = { .lookup = dir_lookup, .getattr = proc_getattr };
static const struct file_ops dir_fops = { .iterate = dir_iterate, .llseek = generic_llseek };
static const struct inode_ops file_iops = { .setattr = NULL };

/* --- super block --- */

static void proc_evict_inode(struct inode *inode)
{
	inode_evict_plain(inode);
	/* Inodes of processes are not hashed and own their private part. */
	if (hlist_unhashed(&inode->hash) && inode->generation == PROC_PID_GENERATION) {
		pid_put(pid_inode(inode)->pid);
		kfree(inode->private);
	} else if (inode->private && inode->generation != PROC_PID_GENERATION) {
		entry_put(inode->private);
	}
}

static const struct super_ops proc_super_ops = {
	.statfs = simple_statfs, .evict_inode = proc_evict_inode, .remount = fs_remount_no_options,
};

static int proc_fill(struct super_block *sb, const char *options)
{
	struct inode *root;

	(void)options;
	sb->ops = &proc_super_ops;
	sb->dops = &proc_pid_dops;
	sb->magic = PROC_SUPER_MAGIC;
	sb->blocksize = PAGE_SIZE;
	sb->blkbits = 10;
	sb->time_gran = 1;
	ref_get(&proc_root.ref);
	root = entry_inode(sb, &proc_root);
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	sb->root = dentry_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static struct super_block *proc_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	/* hidepid=, gid=, subset= are missing: refused, not ignored. */
	int err = fs_refuse_options("proc", options);

	(void)source;
	if (err)
		return ERR_PTR(err);
	return super_get_single(t, flags, proc_fill, options);
}

static struct fs_type proc_type = { .name = "proc", .mount = proc_mount, .check_options = fs_no_options };

static int proc_init(void)
{
	struct proc_entry thread = { .priv = &proc_root };

	if (!proc_entry_make("self", S_IFLNK | 0777, NULL) || !proc_entry_make("thread-self", S_IFLNK | 0777, &thread))
		return -ENOMEM;
	return fs_register(&proc_type);
}
INITCALL_FS(proc_init);
