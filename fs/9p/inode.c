/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Inodes and names. An inode is known by the path number of its qid. What the server says of it is taken
 * over at each look-up and stat; with cache=loose look-ups and attributes stay as they were.
 */
#include <kernel/task.h>
#include <uapi/linux/limits.h>
#include "internal.h"

static struct timespec64 to_time(struct p9_time t)
{
	return (struct timespec64){ .sec = (s64)t.sec, .nsec = (u32)t.nsec };
}

void p9_inode_update(struct inode *inode, const struct p9_attr *a)
{
	struct user_ns *ns = &init_user_ns;
	bool ours;

	spin_lock(&inode->state_lock);
	/* Pages written here that the server has not seen: size and times are ours. */
	ours = p9_ses(inode->sb)->cache != P9_CACHE_NONE && (inode->state & I_DIRTY);
	WRITE_ONCE(inode->mode, (umode_t)((inode->mode & S_IFMT) | (a->mode & 07777)));
	inode->uid = make_kuid(ns, a->uid);
	inode->gid = make_kgid(ns, a->gid);
	inode_set_nlink(inode, (u32)min_t(u64, a->nlink, ~0u));
	inode->blocks = a->blocks;
	inode->atime = to_time(a->atime);
	inode->ctime = to_time(a->ctime);
	if (!ours) {
		inode->mtime = to_time(a->mtime);
		inode_set_size(inode, (loff_t)a->size);
	}
	spin_unlock(&inode->state_lock);
}

static void inode_setup(struct inode *inode, const struct p9_attr *a)
{
	inode->mode = (umode_t)a->mode;
	inode->blkbits = PAGE_SHIFT;
	switch (a->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &p9_file_iops;
		inode->fops = &p9_file_fops;
		mapping_init(&inode->data, inode, &p9_mapping_ops);
		break;
	case S_IFDIR:
		inode->ops = &p9_dir_iops;
		inode->fops = &p9_dir_fops;
		break;
	case S_IFLNK:
		inode->ops = &p9_link_iops;
		break;
	default:
		inode->ops = &p9_special_iops;
		inode_set_special(inode, (umode_t)a->mode, mkdev((u32)(a->rdev >> 8) & 0xfff,
								  ((u32)a->rdev & 0xff) | ((u32)(a->rdev >> 12) & 0xfff00)));
		break;
	}
	p9_inode_update(inode, a);
}

static bool type_ok(u32 mode)
{
	u32 t = mode & S_IFMT;

	return !(mode & ~(u32)(S_IFMT | 07777)) && (t == S_IFREG || t == S_IFDIR || t == S_IFLNK || t == S_IFCHR ||
						    t == S_IFBLK || t == S_IFIFO || t == S_IFSOCK);
}

struct inode *p9_inode_get(struct super_block *sb, const struct p9_attr *a)
{
	struct inode *inode;

	if (!type_ok(a->mode))
		return ERR_PTR(-EIO);
	inode = inode_get_locked(sb, a->qid.path);
	if (IS_ERR(inode))
		return inode;
	if (inode->state & I_NEW) {
		inode_setup(inode, a);
		inode_unlock_new(inode);
		return inode;
	}
	if ((inode->mode & S_IFMT) == (a->mode & S_IFMT)) {
		p9_inode_update(inode, a);
		return inode;
	}
	/* The host gave the number to another file while somebody here still has the old one. */
	inode_put(inode);
	inode = inode_new(sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->ino = a->qid.path;
	inode_setup(inode, a);
	return inode;
}

/* --- look-up --- */

static const char *name_of(const struct dentry *d)
{
	return d->name.name;
}

/* d's file as the server has it; its fid goes to d. */
static struct inode *inode_by_walk(struct dentry *d, struct p9_fid *dirfid)
{
	const char *name = name_of(d);
	struct p9_fid *f = p9_walk(dirfid, &name, 1);
	struct inode *inode;
	struct p9_attr a;
	int err;

	if (IS_ERR(f))
		return ERR_CAST(f);
	err = p9_getattr(f, P9_ATTR_BASIC, &a);
	inode = err ? ERR_PTR(err) : p9_inode_get(d->sb, &a);
	if (IS_ERR(inode))
		p9_fid_put(f);
	else
		p9_fid_attach(d, f);
	return inode;
}

static struct dentry *p9_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	struct p9_fid *f;
	struct inode *inode;

	if (d->name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	f = p9_fid_of(d->parent);
	if (IS_ERR(f))
		return ERR_CAST(f);
	inode = inode_by_walk(d, f);
	p9_fid_put(f);
	if (IS_ERR(inode)) {
		if (PTR_ERR(inode) != -ENOENT)
			return ERR_CAST(inode);
		inode = NULL;
	}
	return dentry_splice(d, inode);
}

/* --- making names --- */

static u32 new_gid(const struct inode *dir)
{
	return from_kgid(&init_user_ns, dir->mode & S_ISGID ? dir->gid : current_cred()->fsgid);
}

/* The name was made: give d its inode. */
static int instantiate(struct inode *dir, struct dentry *d, struct p9_fid *dirfid)
{
	struct inode *inode = inode_by_walk(d, dirfid);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	dir->mtime = dir->ctime = current_time64();
	dentry_instantiate(d, inode);
	return 0;
}

/*
 * The new file is open from its making, for reading and writing, whatever its mode says: the open that
 * follows takes that fid.
 */
static int p9_create(struct inode *dir, struct dentry *d, umode_t mode, bool excl)
{
	struct p9_session *s = p9_ses(dir->sb);
	struct p9_fid *dirfid = p9_fid_of(d->parent), *f, *old;
	struct p9_inode *pi;
	int err;

	if (IS_ERR(dirfid))
		return (int)PTR_ERR(dirfid);
	p9_fids_drop(d);
	f = p9_walk(dirfid, NULL, 0);
	err = PTR_ERR_OR_ZERO(f);
	if (err)
		goto out;
	err = p9_lcreate(f, name_of(d), O_CREAT | O_EXCL | O_RDWR | O_LARGEFILE, mode | S_IFREG, new_gid(dir));
	if (!err)
		err = instantiate(dir, d, dirfid);
	if (err) {
		p9_fid_put(f);
		goto out;
	}
	pi = p9_i(d->inode);
	spin_lock(&s->lock);
	old = pi->fresh;
	pi->fresh = f;
	pi->fresh_for = current;
	spin_unlock(&s->lock);
	p9_fid_put(old);
out:
	p9_fid_put(dirfid);
	return err;
}

static int p9_mkdir_op(struct inode *dir, struct dentry *d, umode_t mode)
{
	struct p9_fid *f = p9_fid_of(d->parent);
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	p9_fids_drop(d);
	err = p9_mkdir(f, name_of(d), mode | (dir->mode & S_ISGID), new_gid(dir));
	if (!err)
		err = instantiate(dir, d, f);
	if (!err)
		inode_inc_link(dir);
	p9_fid_put(f);
	return err;
}

static int p9_mknod_op(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev)
{
	struct p9_fid *f = p9_fid_of(d->parent);
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	p9_fids_drop(d);
	err = p9_mknod(f, name_of(d), mode, dev, new_gid(dir));
	if (!err)
		err = instantiate(dir, d, f);
	p9_fid_put(f);
	return err;
}

static int p9_symlink_op(struct inode *dir, struct dentry *d, const char *target)
{
	struct p9_fid *f = p9_fid_of(d->parent);
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	p9_fids_drop(d);
	err = p9_symlink(f, name_of(d), target, new_gid(dir));
	if (!err)
		err = instantiate(dir, d, f);
	p9_fid_put(f);
	return err;
}

static int p9_link_op(struct inode *dir, struct dentry *old, struct dentry *d)
{
	struct p9_fid *f = p9_fid_of(d->parent), *of;
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	of = p9_fid_of(old);
	err = PTR_ERR_OR_ZERO(of);
	if (!err) {
		p9_fids_drop(d);
		err = p9_link(f, of, name_of(d));
		p9_fid_put(of);
	}
	if (!err) {
		struct inode *inode = old->inode;

		inode_inc_link(inode);
		inode->ctime = dir->mtime = dir->ctime = current_time64();
		inode_get(inode);
		dentry_instantiate(d, inode);
	}
	p9_fid_put(f);
	return err;
}

/* --- removing and moving --- */

static int remove_name(struct inode *dir, struct dentry *d, u32 flags)
{
	struct p9_fid *f = p9_fid_of(d->parent);
	int err;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = p9_unlinkat(f, name_of(d), flags);
	p9_fid_put(f);
	if (err)
		return err;
	p9_fids_drop(d);
	d->inode->ctime = dir->mtime = dir->ctime = current_time64();
	return 0;
}

static int p9_unlink_op(struct inode *dir, struct dentry *d)
{
	int err = remove_name(dir, d, 0);

	if (!err && d->inode->nlink)
		inode_drop_link(d->inode);
	return err;
}

static int p9_rmdir_op(struct inode *dir, struct dentry *d)
{
	int err = remove_name(dir, d, P9_AT_REMOVEDIR);

	if (err)
		return err;
	inode_set_nlink(d->inode, 0);
	if (dir->nlink > 2)
		inode_drop_link(dir);
	return 0;
}

static int p9_rename_op(struct inode *dir, struct dentry *d, struct inode *newdir, struct dentry *newd, u32 flags)
{
	struct p9_session *s = p9_ses(dir->sb);
	struct p9_fid *a, *b, *f;
	int err;

	/* The protocol knows no flags; that nothing is replaced was seen by the VFS, under both locks. */
	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	a = p9_fid_of(d->parent);
	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	b = p9_fid_of(newd->parent);
	if (IS_ERR(b)) {
		p9_fid_put(a);
		return (int)PTR_ERR(b);
	}
	down_write(&s->names_lock);
	err = p9_renameat(a, name_of(d), b, name_of(newd));
	up_write(&s->names_lock);
	if (err == -EOPNOTSUPP) {
		f = p9_fid_of(d);
		err = PTR_ERR_OR_ZERO(f);
		if (!err) {
			err = p9_rename(f, b, name_of(newd));
			p9_fid_put(f);
		}
	}
	p9_fid_put(a);
	p9_fid_put(b);
	if (err)
		return err;
	p9_fids_drop(newd);
	if (newd->inode) {
		newd->inode->ctime = current_time64();
		if (S_ISDIR_I(newd->inode))
			inode_set_nlink(newd->inode, 0);
		else if (newd->inode->nlink)
			inode_drop_link(newd->inode);
	}
	if (S_ISDIR_I(d->inode) && dir != newdir) {
		if (dir->nlink > 2)
			inode_drop_link(dir);
		if (!newd->inode)
			inode_inc_link(newdir);
	}
	d->inode->ctime = dir->mtime = dir->ctime = newdir->mtime = newdir->ctime = current_time64();
	return 0;
}

/* --- attributes --- */

static int p9_getattr_op(struct inode *inode, const struct path *p, struct kstat *st, u32 mask)
{
	struct p9_session *s = p9_ses(inode->sb);
	struct p9_attr a;
	struct p9_fid *f;
	int err = 0;

	if (s->cache != P9_CACHE_LOOSE) {
		f = p9_fid_of(p->dentry);
		err = PTR_ERR_OR_ZERO(f);
		if (!err) {
			err = p9_getattr(f, P9_ATTR_BASIC, &a);
			p9_fid_put(f);
		}
		if (!err)
			p9_inode_update(inode, &a);
		/* Open, but without a name any more: what we knew last. */
		if (err == -ENOENT && dentry_unhashed(p->dentry))
			err = 0;
	}
	if (!err)
		err = simple_getattr(inode, p, st, mask);
	st->blksize = s->msize - P9_IOHDR;
	return err;
}

static struct p9_time from_time(struct timespec64 t)
{
	return (struct p9_time){ .sec = (u64)t.sec, .nsec = t.nsec };
}

static void to_setattr(const struct iattr *attr, struct p9_setattr *a)
{
	static const struct { u32 ours, theirs; } bits[] = {
		{ ATTR_MODE, P9_SET_MODE }, { ATTR_UID, P9_SET_UID }, { ATTR_GID, P9_SET_GID }, { ATTR_SIZE, P9_SET_SIZE },
		{ ATTR_ATIME, P9_SET_ATIME }, { ATTR_MTIME, P9_SET_MTIME }, { ATTR_CTIME, P9_SET_CTIME },
		{ ATTR_ATIME_SET, P9_SET_ATIME_GIVEN }, { ATTR_MTIME_SET, P9_SET_MTIME_GIVEN },
	};

	memset(a, 0, sizeof(*a));
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		if (attr->valid & bits[i].ours)
			a->valid |= bits[i].theirs;
	if (attr->valid & ATTR_MODE)
		a->mode = attr->mode;
	if (attr->valid & ATTR_UID)
		a->uid = from_kuid(&init_user_ns, attr->uid);
	if (attr->valid & ATTR_GID)
		a->gid = from_kgid(&init_user_ns, attr->gid);
	if (attr->valid & ATTR_SIZE)
		a->size = (u64)attr->size;
	a->atime = from_time(attr->atime);
	a->mtime = from_time(attr->mtime);
}

static int p9_setattr_op(struct inode *inode, struct dentry *d, struct iattr *attr)
{
	struct p9_session *s = p9_ses(inode->sb);
	struct p9_setattr a;
	struct p9_fid *f;
	int err = setattr_prepare(inode, attr);

	if (err)
		return err;
	to_setattr(attr, &a);
	if (S_ISREG_I(inode) && s->cache != P9_CACHE_NONE)
		(void)filemap_write_and_wait(&inode->data, 0, (loff_t)(~0ull >> 1));
	if (attr->file && (attr->valid & ATTR_SIZE) && attr->file->ops == &p9_file_fops && p9_f(attr->file))
		f = p9_fid_get(p9_f(attr->file)->fid);
	else
		f = p9_fid_of(d);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	err = p9_setattr(f, &a);
	p9_fid_put(f);
	if (err)
		return err;
	if ((attr->valid & ATTR_SIZE) && S_ISREG_I(inode)) {
		loff_t old = inode->size;

		inode_set_size(inode, attr->size);
		if (attr->size < old && inode->data.nr_pages)
			truncate_pagecache(&inode->data, attr->size);
	}
	setattr_copy(inode, attr);
	return 0;
}

static void free_link(void *p)
{
	kfree(p);
}

static const char *p9_get_link(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	struct p9_fid *f;
	char *target;
	int err;

	if (!d)
		return ERR_PTR(-ECHILD);
	f = p9_fid_of(d);
	if (IS_ERR(f))
		return ERR_CAST(f);
	err = p9_readlink(f, &target);
	p9_fid_put(f);
	if (err)
		return ERR_PTR(err);
	done->fn = free_link;
	done->arg = target;
	return target;
}

/* --- tables --- */

#define ATTR_OPS	.getattr = p9_getattr_op, .setattr = p9_setattr_op, .listxattr = p9_listxattr, \
			.getxattr = p9_getxattr, .setxattr = p9_setxattr, .removexattr = p9_removexattr

const struct inode_ops p9_file_iops = { ATTR_OPS };
const struct inode_ops p9_special_iops = { ATTR_OPS };
const struct inode_ops p9_link_iops = { .get_link = p9_get_link, ATTR_OPS };
const struct inode_ops p9_dir_iops = {
	.create = p9_create, .lookup = p9_lookup, .link = p9_link_op, .unlink = p9_unlink_op,
	.symlink = p9_symlink_op, .mkdir = p9_mkdir_op, .rmdir = p9_rmdir_op, .mknod = p9_mknod_op,
	.rename = p9_rename_op, ATTR_OPS
};

static bool dentry_forget(const struct dentry *d)
{
	return true;
}

const struct dentry_ops p9_dops = { .delete = dentry_forget, .release = p9_fids_drop };
const struct dentry_ops p9_loose_dops = { .release = p9_fids_drop };
