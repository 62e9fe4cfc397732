/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Making and removing names: the checked vfs_*() operations on locked directories, and the system
 * calls mkdir, rmdir, mknod, symlink, link, unlink and rename with their *at forms.
 *
 * Locks: parent directory (INODE_LOCK_PARENT), then the child that is removed (INODE_LOCK_CHILD).
 * A rename between directories takes the instance's rename mutex first, then the directory that is
 * the ancestor, then the other (PARENT2), then the two files (CHILD, NONDIR2).
 */
#include "internal.h"
#include <base/math.h>
#include <fs/posix_acl.h>
#include <kernel/syscall.h>

/* --- checked operations --- */

int vfs_create(struct inode *dir, struct dentry *d, umode_t mode, bool excl)
{
	int err = may_create(dir, d);

	if (err)
		return err;
	err = inode_create(dir, d, (umode_t)((mode & S_IALLUGO) | S_IFREG), excl);
	if (!err)
		notify_inode(dir, IN_CREATE, &d->name, 0);
	return err;
}

int vfs_mkdir(struct inode *dir, struct dentry *d, umode_t mode)
{
	int err = may_create(dir, d);

	if (err)
		return err;
	err = inode_mkdir(dir, d, mode & (S_IRWXUGO | S_ISVTX));
	if (!err)
		notify_inode(dir, IN_CREATE | IN_ISDIR, &d->name, 0);
	return err;
}

int vfs_mknod(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev)
{
	int err = may_create(dir, d);

	if (err)
		return err;
	/* A character device 0:0 is a whiteout, which anyone may make. */
	if ((S_ISBLK(mode) || (S_ISCHR(mode) && dev.v != 0)) && !capable(CAP_MKNOD))
		return -EPERM;
	err = inode_mknod(dir, d, mode, dev);
	if (!err)
		notify_inode(dir, IN_CREATE, &d->name, 0);
	return err;
}

int vfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
	int err = may_create(dir, d);

	if (err)
		return err;
	err = inode_symlink(dir, d, target);
	if (!err)
		notify_inode(dir, IN_CREATE, &d->name, 0);
	return err;
}

int vfs_link(struct dentry *old, struct inode *dir, struct dentry *d)
{
	struct inode *inode = old->inode;
	int err;

	if (!inode)
		return -ENOENT;
	err = may_create(dir, d);
	if (err)
		return err;
	if (dir->sb != inode->sb)
		return -EXDEV;
	if (inode->flags & (S_APPEND | S_IMMUTABLE))
		return -EPERM;
	if (S_ISDIR_I(inode))
		return -EPERM;
	inode_lock_nested(inode, INODE_LOCK_CHILD);
	if (inode->nlink == 0 && !(inode->state & I_LINKABLE)) {
		err = -ENOENT;
	} else {
		err = inode_link(dir, old, d);
		if (!err && (inode->state & I_LINKABLE)) {
			spin_lock(&inode->state_lock);
			inode->state &= ~I_LINKABLE;
			spin_unlock(&inode->state_lock);
		}
	}
	inode_unlock(inode);
	if (!err) {
		notify_inode(inode, IN_ATTRIB, NULL, 0);
		notify_inode(dir, IN_CREATE, &d->name, 0);
	}
	return err;
}

/* The name goes: IN_DELETE_SELF, which the dentry's end sends, comes before the directory's IN_DELETE. */
static void delete_and_notify(struct inode *dir, struct dentry *d, struct inode *inode, u32 isdir)
{
	char namebuf[NAME_MAX + 1];
	struct qstr name = { .len = d->name.len, .hash = d->name.hash, .name = namebuf };

	memcpy(namebuf, d->name.name, d->name.len + 1);
	if (!isdir)
		notify_inode(inode, IN_ATTRIB, NULL, 0);
	dentry_delete(d);
	notify_inode(dir, IN_DELETE | isdir, &name, 0);
}

int vfs_unlink(struct inode *dir, struct dentry *d)
{
	struct inode *inode = d->inode;
	int err = may_delete(dir, d, false);

	if (err)
		return err;
	inode_lock_nested(inode, INODE_LOCK_CHILD);
	err = dentry_is_mountpoint_here(d) ? -EBUSY : inode_unlink(dir, d);
	inode_unlock(inode);
	if (err)
		return err;
	if (READ_ONCE(d->flags) & DCACHE_MOUNTED)
		dentry_detach_mounts(d);
	if (atomic_read(&notify_watches)) {
		inode_get(inode);
		delete_and_notify(dir, d, inode, 0);
		inode_put(inode);
	} else {
		dentry_delete(d);
	}
	return 0;
}

int vfs_rmdir(struct inode *dir, struct dentry *d)
{
	struct inode *inode = d->inode;
	int err = may_delete(dir, d, true);

	if (err)
		return err;
	inode_lock_nested(inode, INODE_LOCK_CHILD);
	err = dentry_is_mountpoint_here(d) ? -EBUSY : inode_rmdir(dir, d);
	if (!err)
		inode->flags |= S_DEAD;
	inode_unlock(inode);
	if (err)
		return err;
	if (!list_empty(&d->children))
		dentry_shrink_tree(d);
	if (READ_ONCE(d->flags) & DCACHE_MOUNTED)
		dentry_detach_mounts(d);
	if (atomic_read(&notify_watches))
		delete_and_notify(dir, d, inode, IN_ISDIR);
	else
		dentry_delete(d);
	return 0;
}

/* --- rename --- */

static atomic_t rename_cookie = ATOMIC_INIT(1);

static void notify_renamed(struct inode *olddir, struct inode *newdir, const struct qstr *oldname,
			   struct dentry *d, struct inode *inode, struct inode *replaced)
{
	u32 cookie = (u32)atomic_inc_return(&rename_cookie), isdir = S_ISDIR_I(inode) ? IN_ISDIR : 0;

	notify_inode(olddir, IN_MOVED_FROM | isdir, oldname, cookie);
	notify_inode(newdir, IN_MOVED_TO | isdir, &d->name, cookie);
	if (olddir == newdir)
		dnotify_renamed(olddir);
	if (replaced)
		notify_inode(replaced, IN_ATTRIB, NULL, 0);
	notify_inode(inode, IN_MOVE_SELF, NULL, 0);
}

static int rename_allowed(struct inode *olddir, struct dentry *od, struct inode *newdir, struct dentry *nd, u32 flags)
{
	bool isdir = S_ISDIR_I(od->inode);
	int err;

	err = may_delete(olddir, od, isdir);
	if (err)
		return err;
	if (!nd->inode)
		err = may_create(newdir, nd);
	else if (flags & RENAME_EXCHANGE)
		err = may_delete(newdir, nd, S_ISDIR_I(nd->inode));
	else
		err = may_delete(newdir, nd, isdir);
	if (err)
		return err;
	if (!olddir->ops->rename)
		return -EPERM;
	/* A directory that moves has its ".." rewritten. */
	if (olddir != newdir) {
		if (isdir) {
			err = inode_check_permission(od->inode, MAY_WRITE);
			if (err)
				return err;
		}
		if ((flags & RENAME_EXCHANGE) && S_ISDIR_I(nd->inode))
			return inode_check_permission(nd->inode, MAY_WRITE);
	}
	return 0;
}

/* Directories are not locked themselves unless they are replaced; files are, in address order. */
static void lock_two(struct inode *a, struct inode *b)
{
	if (b && S_ISDIR_I(b))
		b = NULL;
	if (a && S_ISDIR_I(a))
		a = NULL;
	if (a == b)
		b = NULL;
	if (a && b && a > b)
		swap(a, b);
	if (a)
		inode_lock_nested(a, INODE_LOCK_CHILD);
	if (b)
		inode_lock_nested(b, INODE_LOCK_NONDIR2);
}

static void unlock_two(struct inode *a, struct inode *b)
{
	if (a && !S_ISDIR_I(a))
		inode_unlock(a);
	if (b && b != a && !S_ISDIR_I(b))
		inode_unlock(b);
}

int vfs_rename(struct inode *olddir, struct dentry *od, struct inode *newdir, struct dentry *nd, u32 flags)
{
	struct inode *src = od->inode, *target = nd->inode;
	bool isdir = S_ISDIR_I(src), lock_target = target && S_ISDIR_I(target) && !(flags & RENAME_EXCHANGE);
	bool watched = atomic_read(&notify_watches) != 0;
	char namebuf[NAME_MAX + 1];
	struct qstr oldq;
	int err;

	if (src == target)
		return 0;
	err = rename_allowed(olddir, od, newdir, nd, flags);
	if (err)
		return err;
	oldq.len = od->name.len;
	oldq.hash = od->name.hash;
	oldq.name = namebuf;
	if (watched)
		memcpy(namebuf, od->name.name, od->name.len + 1);
	if (target)
		inode_get(target);
	if (lock_target)
		inode_lock_nested(target, INODE_LOCK_CHILD);
	else
		lock_two(src, target);
	err = -EBUSY;
	if (dentry_is_mountpoint_here(od) || (target && dentry_is_mountpoint_here(nd)))
		goto out;
	err = inode_rename(olddir, od, newdir, nd, flags);
	if (err)
		goto out;
	if (!(flags & RENAME_EXCHANGE) && target) {
		if (isdir) {
			target->flags |= S_DEAD;
			dentry_shrink_tree(nd);
		}
		if (READ_ONCE(nd->flags) & DCACHE_MOUNTED)
			dentry_detach_mounts(nd);
	}
	if (flags & RENAME_EXCHANGE)
		dentry_exchange(od, nd);
	else
		dentry_move(od, nd);
out:
	if (lock_target)
		inode_unlock(target);
	else
		unlock_two(src, target);
	if (!err && watched) {
		notify_renamed(olddir, newdir, &oldq, od, src, flags & RENAME_EXCHANGE ? NULL : target);
		if (flags & RENAME_EXCHANGE)
			notify_renamed(newdir, olddir, &od->name, nd, target, NULL);
	}
	if (target)
		inode_put(target);
	return err;
}

/*
 * Lock both directories. Returns the ancestor's child through which the other directory hangs when
 * one is below the other (NULL: unrelated or the same).
 */
static struct dentry *lock_rename(struct dentry *a, struct dentry *b)
{
	struct dentry *p;

	if (a == b) {
		inode_lock_nested(a->inode, INODE_LOCK_PARENT);
		return NULL;
	}
	mutex_lock(&a->sb->rename_mutex);
	for (p = b; !dentry_is_root(p); p = p->parent) {
		if (p->parent == a) {
			inode_lock_nested(a->inode, INODE_LOCK_PARENT);
			inode_lock_nested(b->inode, INODE_LOCK_PARENT2);
			return p;
		}
	}
	for (p = a; !dentry_is_root(p); p = p->parent) {
		if (p->parent == b) {
			inode_lock_nested(b->inode, INODE_LOCK_PARENT);
			inode_lock_nested(a->inode, INODE_LOCK_PARENT2);
			return p;
		}
	}
	inode_lock_nested(a->inode, INODE_LOCK_PARENT);
	inode_lock_nested(b->inode, INODE_LOCK_PARENT2);
	return NULL;
}

static void unlock_rename(struct dentry *a, struct dentry *b)
{
	inode_unlock(a->inode);
	if (a != b) {
		inode_unlock(b->inode);
		mutex_unlock(&a->sb->rename_mutex);
	}
}

struct rename_ctx {
	struct path op, np;		/* directories */
	struct qstr ol, nl;		/* last components */
	u32 flags;
};

/* Both directories locked. */
static int rename_locked(struct rename_ctx *c, struct dentry *trap)
{
	struct dentry *od, *nd;
	int err;

	od = dentry_lookup_locked(c->op.dentry, &c->ol, 0);
	if (IS_ERR(od))
		return (int)PTR_ERR(od);
	err = -ENOENT;
	if (!od->inode)
		goto out_old;
	nd = dentry_lookup_locked(c->np.dentry, &c->nl, LOOKUP_CREATE | LOOKUP_RENAME_TARGET);
	err = IS_ERR(nd) ? (int)PTR_ERR(nd) : 0;
	if (err)
		goto out_old;
	err = -EEXIST;
	if ((c->flags & RENAME_NOREPLACE) && nd->inode)
		goto out;
	if (c->flags & RENAME_EXCHANGE) {
		err = -ENOENT;
		if (!nd->inode)
			goto out;
		err = -ENOTDIR;
		if (!S_ISDIR_I(nd->inode) && c->nl.name[c->nl.len])
			goto out;
	}
	/* Only directories may be named with a slash at the end. */
	err = -ENOTDIR;
	if (!S_ISDIR_I(od->inode)) {
		if (c->ol.name[c->ol.len])
			goto out;
		if (!(c->flags & RENAME_EXCHANGE) && c->nl.name[c->nl.len])
			goto out;
	}
	err = -EINVAL;			/* into itself */
	if (od == trap)
		goto out;
	err = c->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;	/* over an ancestor */
	if (nd == trap)
		goto out;
	err = vfs_rename(c->op.dentry->inode, od, c->np.dentry->inode, nd, c->flags);
out:
	dentry_put(nd);
out_old:
	dentry_put(od);
	return err;
}

static long rename_do(int ofd, const struct filename *from, int nfd, const struct filename *to, u32 flags)
{
	struct rename_ctx c = { .flags = flags };
	enum last_type ot, nt;
	struct dentry *trap;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) && (flags & RENAME_EXCHANGE))
		return -EINVAL;
	err = path_parent(ofd, from, &c.op, &c.ol, &ot, 0);
	if (err)
		return err;
	err = path_parent(nfd, to, &c.np, &c.nl, &nt, 0);
	if (err)
		goto out_old;
	err = -EXDEV;
	if (c.op.mnt != c.np.mnt)
		goto out;
	err = -EBUSY;
	if (ot != LAST_NORM)
		goto out;
	if (flags & RENAME_NOREPLACE)
		err = -EEXIST;
	if (nt != LAST_NORM)
		goto out;
	err = mount_want_write(c.op.mnt);
	if (err)
		goto out;
	trap = lock_rename(c.np.dentry, c.op.dentry);
	err = rename_locked(&c, trap);
	unlock_rename(c.np.dentry, c.op.dentry);
	mount_drop_write(c.op.mnt);
out:
	path_put(&c.np);
out_old:
	path_put(&c.op);
	return err;
}

/* --- in kernel terms --- */

static long mkdir_do(int dirfd, const struct filename *name, umode_t mode)
{
	struct path parent;
	struct dentry *d = path_create(dirfd, name, 0, true, &parent);
	int err;

	if (IS_ERR(d))
		return PTR_ERR(d);
	err = vfs_mkdir(parent.dentry->inode, d, posix_acl_umask(parent.dentry->inode, mode));
	path_create_done(&parent, d);
	return err;
}

static long mknod_do(int dirfd, const struct filename *name, umode_t mode, u32 udev)
{
	dev_t dev = mkdev((udev >> 8) & 0xfff, (udev & 0xff) | ((udev >> 12) & 0xfff00));
	struct path parent;
	struct dentry *d;
	int err = 0;

	switch (mode & S_IFMT) {
	case S_IFREG: case 0: case S_IFCHR: case S_IFBLK: case S_IFIFO: case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	d = path_create(dirfd, name, 0, false, &parent);
	if (IS_ERR(d))
		return PTR_ERR(d);
	mode = posix_acl_umask(parent.dentry->inode, mode);
	if (S_ISREG(mode) || !(mode & S_IFMT))
		err = vfs_create(parent.dentry->inode, d, mode, true);
	else
		err = vfs_mknod(parent.dentry->inode, d, mode, S_ISCHR(mode) || S_ISBLK(mode) ? dev : mkdev(0, 0));
	path_create_done(&parent, d);
	return err;
}

static long symlink_do(const struct filename *target, int dirfd, const struct filename *name)
{
	struct path parent;
	struct dentry *d = path_create(dirfd, name, 0, false, &parent);
	int err;

	if (IS_ERR(d))
		return PTR_ERR(d);
	err = vfs_symlink(parent.dentry->inode, d, target->name);
	path_create_done(&parent, d);
	return err;
}

/* sysctl fs.protected_hardlinks: only what one could have made oneself. */
static int may_linkat(const struct path *p)
{
	struct inode *inode = p->dentry->inode;
	umode_t mode = inode->mode;

	if (!sysctl_protected_hardlinks)
		return 0;
	if (S_ISREG(mode) && !(mode & S_ISUID) && (mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	    inode_check_permission(inode, MAY_READ | MAY_WRITE) == 0)
		return 0;
	return inode_owner_or_capable(inode) ? 0 : -EPERM;
}

static long link_do(int ofd, const struct filename *from, int nfd, const struct filename *to, int flags)
{
	u32 lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	struct path old, parent;
	struct dentry *d;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = path_lookup_at(ofd, from, lookup | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &old);
	if (err)
		return err;
	d = path_create(nfd, to, 0, false, &parent);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (err)
		goto out;
	err = -EXDEV;
	if (old.mnt == parent.mnt) {
		err = may_linkat(&old);
		if (!err)
			err = vfs_link(old.dentry, parent.dentry->inode, d);
	}
	path_create_done(&parent, d);
out:
	path_put(&old);
	return err;
}

static long remove_do(int dirfd, const struct filename *name, bool dir)
{
	struct inode *inode = NULL;
	struct path parent;
	enum last_type type;
	struct dentry *d;
	struct qstr last;
	int err;

	err = path_parent(dirfd, name, &parent, &last, &type, 0);
	if (err)
		return err;
	if (type != LAST_NORM) {
		if (!dir)
			err = -EISDIR;
		else
			err = type == LAST_DOTDOT ? -ENOTEMPTY : type == LAST_DOT ? -EINVAL : -EBUSY;
		goto out;
	}
	err = mount_want_write(parent.mnt);
	if (err)
		goto out;
	inode_lock_nested(parent.dentry->inode, INODE_LOCK_PARENT);
	d = dentry_lookup_locked(parent.dentry, &last, 0);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (err)
		goto out_unlock;
	if (!d->inode) {
		err = -ENOENT;
	} else if (!dir && last.name[last.len]) {
		err = S_ISDIR_I(d->inode) ? -EISDIR : -ENOTDIR;
	} else {
		/* The last reference truncates: not under the directory's lock. */
		inode = d->inode;
		inode_get(inode);
		err = dir ? vfs_rmdir(parent.dentry->inode, d) : vfs_unlink(parent.dentry->inode, d);
	}
	dentry_put(d);
out_unlock:
	inode_unlock(parent.dentry->inode);
	inode_put(inode);
	mount_drop_write(parent.mnt);
out:
	path_put(&parent);
	return err;
}

/* --- system calls --- */

long sys_mkdirat(int dirfd, uin_str path, umode_t mode)
{
	struct filename *n = filename_get(path, 0);
	long err;

	if (IS_ERR(n))
		return PTR_ERR(n);
	err = mkdir_do(dirfd, n, mode);
	filename_put(n);
	return err;
}

long sys_mkdir(uin_str path, umode_t mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dirfd, uin_str path, umode_t mode, u32 dev)
{
	struct filename *n = filename_get(path, 0);
	long err;

	if (IS_ERR(n))
		return PTR_ERR(n);
	err = mknod_do(dirfd, n, mode, dev);
	filename_put(n);
	return err;
}

long sys_mknod(uin_str path, umode_t mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

long sys_symlinkat(uin_str target, int dirfd, uin_str path)
{
	struct filename *t = filename_get(target, 0), *n;
	long err;

	if (IS_ERR(t))
		return PTR_ERR(t);
	n = filename_get(path, 0);
	err = IS_ERR(n) ? PTR_ERR(n) : symlink_do(t, dirfd, n);
	filename_put(n);
	filename_put(t);
	return err;
}

long sys_symlink(uin_str target, uin_str path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

long sys_linkat(int olddirfd, uin_str oldpath, int newdirfd, uin_str newpath, int flags)
{
	struct filename *from, *to;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	from = filename_get(oldpath, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	if (IS_ERR(from))
		return PTR_ERR(from);
	to = filename_get(newpath, 0);
	err = IS_ERR(to) ? PTR_ERR(to) : link_do(olddirfd, from, newdirfd, to, flags);
	filename_put(to);
	filename_put(from);
	return err;
}

long sys_link(uin_str oldpath, uin_str newpath)
{
	return sys_linkat(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

static long remove_user(int dirfd, uin_str path, bool dir)
{
	struct filename *n = filename_get(path, 0);
	long err;

	if (IS_ERR(n))
		return PTR_ERR(n);
	err = remove_do(dirfd, n, dir);
	filename_put(n);
	return err;
}

long sys_unlinkat(int dirfd, uin_str path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return remove_user(dirfd, path, flags & AT_REMOVEDIR);
}

long sys_unlink(uin_str path)
{
	return remove_user(AT_FDCWD, path, false);
}

long sys_rmdir(uin_str path)
{
	return remove_user(AT_FDCWD, path, true);
}

long sys_renameat2(int olddirfd, uin_str oldpath, int newdirfd, uin_str newpath, unsigned int flags)
{
	struct filename *from = filename_get(oldpath, 0), *to;
	long err;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = filename_get(newpath, 0);
	err = IS_ERR(to) ? PTR_ERR(to) : rename_do(olddirfd, from, newdirfd, to, flags);
	filename_put(to);
	filename_put(from);
	return err;
}

long sys_renameat(int olddirfd, uin_str oldpath, int newdirfd, uin_str newpath)
{
	return sys_renameat2(olddirfd, oldpath, newdirfd, newpath, 0);
}

long sys_rename(uin_str oldpath, uin_str newpath)
{
	return sys_renameat2(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

/* --- from kernel code --- */

typedef int (*make_fn)(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev, const char *text);

static int kern_make(const char *path, bool is_dir, make_fn fn, umode_t mode, dev_t dev, const char *text)
{
	struct filename *n = filename_kernel(path);
	struct path parent;
	struct dentry *d;
	int err;

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	d = path_create(AT_FDCWD, n, 0, is_dir, &parent);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (!err) {
		err = fn(parent.dentry->inode, d, mode, dev, text);
		path_create_done(&parent, d);
	}
	filename_put(n);
	return err;
}

static int make_dir(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev, const char *text)
{
	return vfs_mkdir(dir, d, mode);
}

static int make_node(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev, const char *text)
{
	return vfs_mknod(dir, d, mode, dev);
}

static int make_link(struct inode *dir, struct dentry *d, umode_t mode, dev_t dev, const char *text)
{
	return vfs_symlink(dir, d, text);
}

int kern_mkdir(const char *path, umode_t mode)
{
	return kern_make(path, true, make_dir, mode, mkdev(0, 0), NULL);
}

int kern_mknod(const char *path, umode_t mode, dev_t dev)
{
	return kern_make(path, false, make_node, mode, dev, NULL);
}

int kern_symlink(const char *target, const char *path)
{
	return kern_make(path, false, make_link, 0, mkdev(0, 0), target);
}

int kern_link(const char *old, const char *path)
{
	struct filename *from = filename_kernel(old), *to;
	long err;

	if (IS_ERR(from))
		return (int)PTR_ERR(from);
	to = filename_kernel(path);
	err = IS_ERR(to) ? PTR_ERR(to) : link_do(AT_FDCWD, from, AT_FDCWD, to, 0);
	filename_put(to);
	filename_put(from);
	return (int)err;
}

int kern_unlink(const char *path)
{
	struct filename *n = filename_kernel(path);
	struct path p;
	long err;

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	err = path_lookup_at(AT_FDCWD, n, 0, &p);
	if (!err) {
		bool dir = S_ISDIR_I(p.dentry->inode);

		path_put(&p);
		err = remove_do(AT_FDCWD, n, dir);
	}
	filename_put(n);
	return (int)err;
}
