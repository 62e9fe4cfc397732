/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Attribute trees in memory, shown as a file system (sysfs). Nodes are made and removed by the code
 * that owns what they show; the VFS side makes dentries and inodes for them when they are looked up,
 * and finds out by revalidation that a node has gone.
 *
 * One lock guards all links of a tree. A node's memory is counted: the tree, each inode and each
 * open file hold one. Using a node's private data takes an active count, which removal waits for.
 */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/wait.h>
#include <fs/kernfs.h>
#include <fs/mount.h>
#include <fs/poll.h>
#include <fs/super.h>
#include <uapi/linux/magic.h>

enum kn_type { KN_DIR, KN_FILE, KN_LINK };

struct kernfs_node {
	struct ref ref;
	enum kn_type type;		/* [I] */
	umode_t mode;			/* [I] but chmod on the inode */
	const char *name;		/* [I] own copy */
	u64 ino;			/* [I] */
	u64 size;			/* [I] as stat shows it */
	struct kernfs_root *root;	/* [I] */
	struct kernfs_node *parent;	/* [root lock] NULL: removed */
	struct list_head children;	/* [root lock] in order of making */
	struct list_head sibling;
	const struct kernfs_ops *ops;	/* [I] files */
	struct kernfs_node *target;	/* [I] links: referenced */
	void *priv;			/* owner's; use under an active count */
	atomic_t active;		/* users; negative: being removed */
	struct wait_queue wait;		/* removal waits for users; pollers */
	u32 event;			/* [a] kernfs_notify count */
};

struct kernfs_root {
	struct mutex lock;		/* class FS_META */
	struct kernfs_node *node;	/* [I] */
};

#define ACTIVE_DEAD	(-0x40000000)

static void node_put(struct kernfs_node *n)
{
	if (!ref_put(&n->ref))
		return;
	if (n->target)
		node_put(n->target);
	kfree((void *)n->name);
	kfree(n);
}

static bool active_get(struct kernfs_node *n)
{
	int v = atomic_read(&n->active);

	while (v >= 0) {
		int old = atomic_cmpxchg(&n->active, v, v + 1);

		if (old == v)
			return true;
		v = old;
	}
	return false;
}

static void active_put(struct kernfs_node *n)
{
	if (atomic_dec_return(&n->active) == ACTIVE_DEAD)
		wake_up_all(&n->wait);
}

/* --- the tree --- */

static struct kernfs_node *node_new(struct kernfs_root *root, const char *name, enum kn_type type, umode_t mode)
{
	struct kernfs_node *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return NULL;
	n->name = kstrdup(name, GFP_KERNEL);
	if (!n->name) {
		kfree(n);
		return NULL;
	}
	ref_init(&n->ref, 1);
	n->type = type;
	n->mode = mode;
	n->root = root;
	n->ino = inode_next_ino();
	list_init(&n->children);
	list_init(&n->sibling);
	wait_queue_init(&n->wait);
	return n;
}

static struct kernfs_node *find_locked(struct kernfs_node *parent, const char *name, size_t len)
{
	struct kernfs_node *n;

	list_for_each_entry(n, &parent->children, sibling)
		if (!strncmp(n->name, name, len) && !n->name[len])
			return n;
	return NULL;
}

static struct kernfs_node *add(struct kernfs_node *parent, struct kernfs_node *n)
{
	struct kernfs_root *root = parent->root;

	if (!n)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&root->lock);
	if (find_locked(parent, n->name, strlen(n->name))) {
		mutex_unlock(&root->lock);
		node_put(n);
		return ERR_PTR(-EEXIST);
	}
	n->parent = parent;
	list_add_tail(&n->sibling, &parent->children);
	mutex_unlock(&root->lock);
	return n;
}

struct kernfs_root *kernfs_create_root(const char *fs_name)
{
	struct kernfs_root *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return ERR_PTR(-ENOMEM);
	mutex_init(&r->lock, FS_META);
	r->node = node_new(r, fs_name, KN_DIR, S_IFDIR | 0555);
	if (!r->node) {
		kfree(r);
		return ERR_PTR(-ENOMEM);
	}
	r->node->parent = r->node;
	return r;
}

struct kernfs_node *kernfs_root_node(struct kernfs_root *r) { return r->node; }

struct kernfs_node *kernfs_mkdir(struct kernfs_node *parent, const char *name, umode_t mode, void *priv)
{
	struct kernfs_node *n;

	if (IS_ERR(parent))
		return parent;
	n = node_new(parent->root, name, KN_DIR, (umode_t)(S_IFDIR | mode));
	if (n)
		n->priv = priv;
	return add(parent, n);
}

struct kernfs_node *kernfs_create_file(struct kernfs_node *parent, const char *name, umode_t mode, u64 size,
				       const struct kernfs_ops *ops, void *priv)
{
	struct kernfs_node *n;

	if (IS_ERR(parent))
		return parent;
	n = node_new(parent->root, name, KN_FILE, (umode_t)(S_IFREG | mode));
	if (n) {
		n->ops = ops;
		n->priv = priv;
		n->size = size;
	}
	return add(parent, n);
}

struct kernfs_node *kernfs_symlink(struct kernfs_node *parent, const char *name, struct kernfs_node *target)
{
	struct kernfs_node *n;

	if (IS_ERR(parent))
		return parent;
	if (IS_ERR(target))
		return target;
	n = node_new(parent->root, name, KN_LINK, S_IFLNK | 0777);
	if (n) {
		ref_get(&target->ref);
		n->target = target;
	}
	return add(parent, n);
}

struct kernfs_node *kernfs_find(struct kernfs_node *parent, const char *name)
{
	struct kernfs_node *n;

	if (IS_ERR(parent))
		return NULL;
	mutex_lock(&parent->root->lock);
	n = find_locked(parent, name, strlen(name));
	mutex_unlock(&parent->root->lock);
	return n;
}

static void remove_one(struct kernfs_node *n)
{
	mutex_lock(&n->root->lock);
	list_del_init(&n->sibling);
	n->parent = NULL;
	mutex_unlock(&n->root->lock);
	atomic_add(&n->active, ACTIVE_DEAD);
	wait_event(&n->wait, atomic_read(&n->active) == ACTIVE_DEAD);
	wake_up_poll_all(&n->wait, EPOLLERR | EPOLLPRI);
	node_put(n);
}

void kernfs_remove(struct kernfs_node *n)
{
	for (;;) {
		struct kernfs_node *child;

		mutex_lock(&n->root->lock);
		child = list_first_entry_or_null(&n->children, struct kernfs_node, sibling);
		mutex_unlock(&n->root->lock);
		if (!child)
			break;
		kernfs_remove(child);
	}
	remove_one(n);
}

void *kernfs_priv(struct kernfs_node *n) { return n->priv; }
const char *kernfs_name(struct kernfs_node *n) { return n->name; }

void kernfs_notify(struct kernfs_node *n)
{
	__atomic_fetch_add(&n->event, 1, __ATOMIC_SEQ_CST);
	wake_up_poll_all(&n->wait, EPOLLERR | EPOLLPRI);
}

/* --- files --- */


static int kernfs_show(struct seq_file *s, void *v)
{
	struct kernfs_node *n = s->private;
	int err = -ENODEV;

	(void)v;
	if (!active_get(n))
		return err;
	err = n->ops->show ? n->ops->show(s, n->priv) : -EIO;
	active_put(n);
	return err;
}

static int kernfs_open(struct file *f, struct inode *inode)
{
	struct kernfs_node *n = inode->private;

	if (f->mode & FMODE_WRITE && !n->ops->store)
		return -EACCES;
	if (f->mode & FMODE_READ && !n->ops->show && !n->ops->read_bin)
		return -EACCES;
	if (n->ops->read_bin)
		return 0;
	return seq_open_single(f, kernfs_show, n);
}

static ssize_t read_bin(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct kernfs_node *n = f->inode->private;
	char *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	ssize_t got = -ENODEV;
	size_t want = iov_iter_count(to) < PAGE_SIZE ? iov_iter_count(to) : PAGE_SIZE;

	if (!page)
		return -ENOMEM;
	if (active_get(n)) {
		got = n->ops->read_bin(n, n->priv, page, want, k->pos);
		active_put(n);
	}
	if (got > 0 && copy_to_iter(page, (size_t)got, to) != (size_t)got)
		got = -EFAULT;
	if (got > 0)
		k->pos += got;
	kfree(page);
	return got;
}

static ssize_t kernfs_read_iter(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct kernfs_node *n = f->inode->private;

	if (n->ops->read_bin)
		return read_bin(f, k, to);
	if (k->pos == 0)
		f->ra.prev_pos = (s64)READ_ONCE(n->event);
	return seq_read_iter(f, k, to);
}

static ssize_t kernfs_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct kernfs_node *n = f->inode->private;
	size_t len = iov_iter_count(from);
	ssize_t res = -ENODEV;
	char *buf;

	if (len >= PAGE_SIZE)
		return -E2BIG;
	buf = kmalloc(len + 1, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (copy_from_iter(buf, len, from) != len) {
		kfree(buf);
		return -EFAULT;
	}
	buf[len] = '\0';
	if (active_get(n)) {
		res = n->ops->store(n, n->priv, buf, len);
		active_put(n);
	}
	kfree(buf);
	if (res > 0)
		k->pos += res;
	return res;
}

static u32 kernfs_poll(struct file *f, struct poll_table *pt)
{
	struct kernfs_node *n = f->inode->private;

	poll_wait(f, &n->wait, pt);
	if ((u32)f->ra.prev_pos != READ_ONCE(n->event) || atomic_read(&n->active) < 0)
		return EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLPRI;
	return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

static int kernfs_release(struct file *f, struct inode *inode)
{
	struct kernfs_node *n = inode->private;

	return n->ops->read_bin ? 0 : seq_release(f, inode);
}

static loff_t kernfs_llseek(struct file *f, loff_t off, int whence)
{
	struct kernfs_node *n = f->inode->private;

	return n->ops->read_bin ? generic_llseek(f, off, whence) : seq_llseek(f, off, whence);
}

static const struct file_ops kernfs_file_fops = {
	.open = kernfs_open,
	.release = kernfs_release,
	.read_iter = kernfs_read_iter,
	.write_iter = kernfs_write_iter,
	.llseek = kernfs_llseek,
	.poll = kernfs_poll,
};

/* --- directories --- */

static int kernfs_iterate(struct file *f, struct dir_context *ctx)
{
	struct kernfs_node *dir = f->inode->private, *n;
	loff_t at = 2;

	if (!dir_emit_dots(f, ctx))
		return 0;
	mutex_lock(&dir->root->lock);
	list_for_each_entry(n, &dir->children, sibling) {
		if (at++ < ctx->pos)
			continue;
		if (!dir_emit(ctx, n->name, strlen(n->name), n->ino, n->mode >> 12))
			break;
		ctx->pos = at;
	}
	mutex_unlock(&dir->root->lock);
	return 0;
}

static const struct file_ops kernfs_dir_fops = { .iterate = kernfs_iterate, .llseek = generic_llseek };

static const struct inode_ops kernfs_dir_inode_ops, kernfs_link_inode_ops, kernfs_file_inode_ops;

static struct inode *node_inode(struct super_block *sb, struct kernfs_node *n)
{
	struct inode *inode = inode_get_locked(sb, n->ino);

	if (IS_ERR(inode) || !(inode->state & I_NEW))
		return inode;
	ref_get(&n->ref);
	inode->private = n;
	inode->mode = n->mode;
	switch (n->type) {
	case KN_DIR:
		inode->ops = &kernfs_dir_inode_ops;
		inode->fops = &kernfs_dir_fops;
		inode_set_nlink(inode, 2);
		break;
	case KN_FILE:
		inode->ops = &kernfs_file_inode_ops;
		inode->fops = &kernfs_file_fops;
		inode_set_size(inode, (loff_t)n->size);
		break;
	case KN_LINK:
		inode->ops = &kernfs_link_inode_ops;
		break;
	}
	inode_unlock_new(inode);
	return inode;
}

static struct dentry *kernfs_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	struct kernfs_node *parent = dir->private, *n;
	struct inode *inode = NULL;

	(void)flags;
	mutex_lock(&parent->root->lock);
	n = find_locked(parent, d->name.name, d->name.len);
	if (n)
		ref_get(&n->ref);
	mutex_unlock(&parent->root->lock);
	if (n) {
		inode = node_inode(dir->sb, n);
		node_put(n);
		if (IS_ERR(inode))
			return ERR_CAST(inode);
	}
	return dentry_splice(d, inode);
}

int kernfs_path(struct kernfs_node *n, char *buf, size_t size)
{
	size_t at = size;

	if (!size)
		return -ENAMETOOLONG;
	buf[--at] = '\0';
	mutex_lock(&n->root->lock);
	for (; n->parent && n->parent != n; n = n->parent) {
		size_t len = strlen(n->name);

		if (len + 1 > at) {
			mutex_unlock(&n->root->lock);
			return -ENAMETOOLONG;
		}
		at -= len;
		memcpy(buf + at, n->name, len);
		buf[--at] = '/';
	}
	mutex_unlock(&n->root->lock);
	memmove(buf, buf + at, size - at);
	return (int)(size - at - 1);
}

/* Relative path from the link's directory to its target. */
static int link_path(struct kernfs_node *link, char *buf, size_t size)
{
	struct kernfs_node *chain[16], *n, *from = link->parent;
	int depth = 0, res = 0;

	if (!from)
		return -ENOENT;
	for (n = link->target; n && n->parent && n->parent != n && depth < (int)ARRAY_SIZE(chain); n = n->parent)
		chain[depth++] = n;
	for (n = from; n->parent && n->parent != n; n = n->parent)
		res += scnprintf(buf + res, size - (size_t)res, "../");
	while (depth-- > 0)
		res += scnprintf(buf + res, size - (size_t)res, "%s%s", chain[depth]->name, depth ? "/" : "");
	return res;
}

static void free_text(void *p) { kfree(p); }

static const char *kernfs_get_link(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	struct kernfs_node *n = inode->private;
	char *buf;
	int len;

	if (!d)
		return ERR_PTR(-ECHILD);
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&n->root->lock);
	len = link_path(n, buf, PATH_MAX);
	mutex_unlock(&n->root->lock);
	done->fn = free_text;
	done->arg = buf;
	return len < 0 ? (kfree(buf), done->fn = NULL, ERR_PTR(len)) : buf;
}

static const struct inode_ops kernfs_dir_inode_ops = { .lookup = kernfs_lookup };
static const struct inode_ops kernfs_link_inode_ops = { .get_link = kernfs_get_link };
static const struct inode_ops kernfs_file_inode_ops = { .setattr = NULL };

static int kernfs_revalidate(struct dentry *d, u32 flags)
{
	struct inode *inode = d->inode;
	struct kernfs_node *n;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	if (!inode)
		return 0;	/* a name that was missing may have come */
	n = inode->private;
	return READ_ONCE(n->parent) != NULL;
}

static const struct dentry_ops kernfs_dops = { .revalidate = kernfs_revalidate };

static void kernfs_evict(struct inode *inode)
{
	inode_evict_plain(inode);
	if (inode->private)
		node_put(inode->private);
	inode->private = NULL;
}

static const struct super_ops kernfs_super_ops = {
	.statfs = simple_statfs, .evict_inode = kernfs_evict, .remount = fs_remount_no_options,
};

/* --- sysfs --- */

struct kernfs_node *sysfs_root, *sysfs_devices, *sysfs_bus, *sysfs_class, *sysfs_block, *sysfs_dev_char,
	*sysfs_dev_block, *sysfs_kernel, *sysfs_module, *sysfs_firmware, *sysfs_fs;

static int sysfs_fill(struct super_block *sb, const char *options)
{
	struct inode *root;

	(void)options;
	sb->ops = &kernfs_super_ops;
	sb->dops = &kernfs_dops;
	sb->magic = SYSFS_MAGIC;
	sb->blocksize = PAGE_SIZE;
	sb->blkbits = PAGE_SHIFT;
	sb->time_gran = 1;
	root = node_inode(sb, sysfs_root);
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	sb->root = dentry_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static struct super_block *sysfs_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	int err = fs_refuse_options("sysfs", options);

	(void)source;
	if (err)
		return ERR_PTR(err);
	return super_get_single(t, flags, sysfs_fill, options);
}

static struct fs_type sysfs_type = { .name = "sysfs", .mount = sysfs_mount, .check_options = fs_no_options };

static int sysfs_init(void)
{
	struct kernfs_root *r = kernfs_create_root("");
	struct kernfs_node *dev;

	if (IS_ERR(r))
		return (int)PTR_ERR(r);
	sysfs_root = r->node;
	sysfs_devices = kernfs_mkdir(sysfs_root, "devices", 0755, NULL);
	sysfs_bus = kernfs_mkdir(sysfs_root, "bus", 0755, NULL);
	sysfs_class = kernfs_mkdir(sysfs_root, "class", 0755, NULL);
	sysfs_block = kernfs_mkdir(sysfs_root, "block", 0755, NULL);
	dev = kernfs_mkdir(sysfs_root, "dev", 0755, NULL);
	sysfs_dev_char = kernfs_mkdir(dev, "char", 0755, NULL);
	sysfs_dev_block = kernfs_mkdir(dev, "block", 0755, NULL);
	sysfs_kernel = kernfs_mkdir(sysfs_root, "kernel", 0755, NULL);
	sysfs_module = kernfs_mkdir(sysfs_root, "module", 0755, NULL);
	sysfs_firmware = kernfs_mkdir(sysfs_root, "firmware", 0755, NULL);
	sysfs_fs = kernfs_mkdir(sysfs_root, "fs", 0755, NULL);
	return fs_register(&sysfs_type);
}
INITCALL_FS(sysfs_init);
