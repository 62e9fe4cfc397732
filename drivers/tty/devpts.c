/* SPDX-License-Identifier: MPL-2.0 */
/*
 * devpts: the file system of pseudo-terminal slaves. Each mount is an instance of its own with its
 * own numbers and a ptmx node; the kernel makes the nodes. Options: uid=, gid=, mode=, ptmxmode=, max=.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <base/xarray.h>
#include <core/init.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <fs/fs_parse.h>
#include <fs/seq_file.h>
#include <fs/super.h>
#include <uapi/linux/magic.h>
#include <uapi/linux/major.h>

#include "internal.h"

#define PTMX_INO	2
#define PTS_INO		3

struct devpts {
	struct super_block *sb;		/* [I] */
	struct mutex lock;		/* class LEAF_MUTEX */
	struct xarray indices;		/* [lock] numbers in use */
	u32 max;			/* [sb umount lock] */
	kuid_t uid;			/* [sb umount lock to write; atomic reads] */
	kgid_t gid;			/* [as uid] */
	bool set_uid, set_gid;		/* [as uid] */
	umode_t mode, ptmx_mode;	/* [as uid] */
};

static struct devpts *sb_devpts(const struct super_block *sb) { return sb->private; }

/* --- options --- */

enum { OPT_UID, OPT_GID, OPT_MODE, OPT_PTMXMODE, OPT_MAX, OPT_NEWINSTANCE };

static const struct opt_spec devpts_specs[] = {
	{ "uid", OPT_UID, OPT_U64 },	 { "gid", OPT_GID, OPT_U64 },
	{ "mode", OPT_MODE, OPT_OCT },	 { "ptmxmode", OPT_PTMXMODE, OPT_OCT },
	{ "max", OPT_MAX, OPT_U64 },	 { "newinstance", OPT_NEWINSTANCE, OPT_NONE },	/* every mount is one */
};

static int parse_one(int id, const struct opt_value *v, void *arg)
{
	struct devpts *d = arg;

	if (v->num > ~0u)
		return -EINVAL;
	switch (id) {
	case OPT_UID:
		d->uid = kuid((u32)v->num);
		d->set_uid = true;
		break;
	case OPT_GID:
		d->gid = kgid((u32)v->num);
		d->set_gid = true;
		break;
	case OPT_MODE:
		d->mode = (umode_t)(v->num & 0777);
		break;
	case OPT_PTMXMODE:
		d->ptmx_mode = (umode_t)(v->num & 0777);
		break;
	case OPT_MAX:
		d->max = (u32)v->num;
		break;
	}
	return 0;
}

static const struct fs_options devpts_options = { "devpts", devpts_specs, ARRAY_SIZE(devpts_specs), parse_one };

static int parse_options(struct devpts *d, const char *options)
{
	d->mode = 0600;
	d->ptmx_mode = 0;
	d->max = 1 << 20;
	d->set_uid = d->set_gid = false;
	return fs_options_parse(&devpts_options, options, d);
}

static void devpts_show_options(struct seq_file *s, struct dentry *root)
{
	struct devpts *d = sb_devpts(root->sb);

	if (d->set_uid)
		seq_printf(s, ",uid=%u", d->uid.v);
	if (d->set_gid)
		seq_printf(s, ",gid=%u", d->gid.v);
	seq_printf(s, ",mode=%03o,ptmxmode=%03o", d->mode, d->ptmx_mode);
	if (d->max < 1 << 20)
		seq_printf(s, ",max=%u", d->max);
}

static int devpts_remount(struct super_block *sb, u32 flags, const char *options)
{
	struct devpts *d = sb_devpts(sb);
	struct dentry *ptmx;
	struct qstr q;
	int err;

	(void)flags;
	err = parse_options(d, options);
	if (err)
		return err;
	dentry_init_name(&q, "ptmx", 4, sb->root);
	ptmx = dentry_lookup(sb->root, &q);
	if (ptmx) {
		if (ptmx->inode)
			ptmx->inode->mode = (umode_t)(S_IFCHR | d->ptmx_mode);
		dentry_put(ptmx);
	}
	return 0;
}

/* --- nodes --- */

static struct inode *node_inode(struct devpts *d, u64 ino, umode_t mode, dev_t rdev)
{
	struct inode *inode = inode_new(d->sb);

	if (!inode)
		return NULL;
	inode->ino = ino;
	inode->uid = d->set_uid ? d->uid : current_fsuid();
	inode->gid = d->set_gid ? d->gid : current_fsgid();
	inode_set_special(inode, (umode_t)(S_IFCHR | mode), rdev);
	return inode;
}

/* Hang a node into the root directory. The inode reference is consumed. */
static int add_node(struct devpts *d, const char *name, struct inode *inode)
{
	struct dentry *root = d->sb->root, *de;
	struct qstr q;

	dentry_init_name(&q, name, strlen(name), root);
	inode_lock(root->inode);
	de = dentry_lookup_locked(root, &q, 0);	/* somebody may have asked for the name before */
	if (IS_ERR(de)) {
		inode_unlock(root->inode);
		inode_put(inode);
		return (int)PTR_ERR(de);
	}
	dentry_instantiate(de, inode);
	dentry_persist(de);
	dentry_put(de);
	inode_touch_mtime(root->inode);
	inode_unlock(root->inode);
	return 0;
}

int devpts_new_slave(void *instance, int index, struct tty *slave)
{
	struct devpts *d = instance;
	struct inode *inode;
	char name[12];

	inode = node_inode(d, PTS_INO + (u64)index, d->mode, mkdev(UNIX98_PTY_SLAVE_MAJOR, (u32)index));
	if (!inode) {
		tty_put(slave);
		return -ENOMEM;
	}
	inode->private = slave;		/* its reference now belongs to the node */
	scnprintf(name, sizeof(name), "%d", index);
	return add_node(d, name, inode);
}

void devpts_remove_slave(void *instance, int index)
{
	struct devpts *d = instance;
	struct dentry *root = d->sb->root, *de;
	char name[12];
	struct qstr q;

	scnprintf(name, sizeof(name), "%d", index);
	dentry_init_name(&q, name, strlen(name), root);
	inode_lock(root->inode);
	de = dentry_lookup(root, &q);
	if (de && de->inode) {
		inode_set_nlink(de->inode, 0);
		dentry_unhash(de);
	}
	if (de)
		dentry_put(de);
	inode_unlock(root->inode);
}

/* The node and its tty: the inode's end is the end of the node's reference. */
static void devpts_evict_inode(struct inode *inode)
{
	if (inode->private)
		tty_put(inode->private);
	inode->private = NULL;
	inode_evict_plain(inode);
}

struct tty *devpts_slave(struct inode *inode)
{
	return inode->sb->magic == DEVPTS_SUPER_MAGIC ? inode->private : NULL;
}

int devpts_new_index(void *instance)
{
	struct devpts *d = instance;
	u64 index = 0;
	int err;

	mutex_lock(&d->lock);
	err = d->max ? xa_alloc(&d->indices, &index, xa_mk_value(1), 0, d->max - 1, GFP_KERNEL) : -EBUSY;
	mutex_unlock(&d->lock);
	return err == -EBUSY ? -ENOSPC : err ? err : (int)index;
}

void devpts_free_index(void *instance, int index)
{
	struct devpts *d = instance;

	mutex_lock(&d->lock);
	xa_erase(&d->indices, (u64)index);
	mutex_unlock(&d->lock);
}

/* /dev/pts/ptmx means its own instance; /dev/ptmx the one that is mounted at pts beside it. */
void *devpts_instance(struct file *f)
{
	struct path at, dir = { f->path.mnt, NULL };
	void *d = NULL;

	if (f->inode->sb->magic == DEVPTS_SUPER_MAGIC)
		return sb_devpts(f->inode->sb);
	dir.dentry = dentry_get_parent(f->path.dentry);
	if (!path_lookup_from(&dir, "pts", LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &at)) {
		if (at.dentry->sb->magic == DEVPTS_SUPER_MAGIC && at.dentry == at.dentry->sb->root)
			d = sb_devpts(at.dentry->sb);
		path_put(&at);
	}
	dentry_put(dir.dentry);
	return d;
}

struct file *devpts_open_slave(struct file *master, int index, u32 oflags)
{
	struct devpts *d = file_tty(master)->devpts;
	struct path p = { master->path.mnt, NULL };
	struct file *f;
	char name[12];
	struct qstr q;

	scnprintf(name, sizeof(name), "%d", index);
	dentry_init_name(&q, name, strlen(name), d->sb->root);
	p.dentry = dentry_lookup(d->sb->root, &q);
	if (!p.dentry)
		return ERR_PTR(-EIO);
	f = file_open_path(&p, oflags, current_cred());
	dentry_put(p.dentry);
	return f;
}

/* --- instances --- */

static void devpts_put_super(struct super_block *sb)
{
	struct devpts *d = sb_devpts(sb);

	xa_destroy(&d->indices);
	kfree(d);
}

static const struct super_ops devpts_super_ops = {
	.statfs = simple_statfs,
	.remount = devpts_remount,
	.show_options = devpts_show_options,
	.evict_inode = devpts_evict_inode,
	.put_super = devpts_put_super,
};

static int devpts_fill(struct super_block *sb, const char *options)
{
	struct inode *root, *ptmx;
	struct devpts *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock, LEAF_MUTEX);
	xa_init(&d->indices);
	d->sb = sb;
	sb->private = d;
	sb->ops = &devpts_super_ops;
	sb->magic = DEVPTS_SUPER_MAGIC;
	sb->blocksize = 1024;
	sb->blkbits = 10;
	sb->time_gran = 1;
	err = parse_options(d, options);
	if (err)
		return err;
	root = inode_new(sb);
	if (!root)
		return -ENOMEM;
	root->ino = 1;
	root->mode = S_IFDIR | 0755;
	root->ops = &simple_dir_inode_ops;
	root->fops = &simple_dir_fops;
	inode_set_nlink(root, 2);
	sb->root = dentry_make_root(root);
	if (!sb->root)
		return -ENOMEM;
	ptmx = node_inode(d, PTMX_INO, d->ptmx_mode, mkdev(TTYAUX_MAJOR, 2));
	return ptmx ? add_node(d, "ptmx", ptmx) : -ENOMEM;
}

static struct super_block *devpts_mount(struct fs_type *t, u32 flags, const char *source, const char *options)
{
	(void)source;
	return super_get_nodev(t, flags, devpts_fill, options);
}

static int devpts_check(const char *options)
{
	struct devpts d = { 0 };

	return fs_options_check(&devpts_options, options, &d);
}

static struct fs_type devpts_type = { .name = "devpts", .mount = devpts_mount, .check_options = devpts_check };

static int devpts_init(void)
{
	return fs_register(&devpts_type);
}
INITCALL_FS(devpts_init);
