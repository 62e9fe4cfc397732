/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Finding paths: names brought in from user space, the look-ups that the rest of the kernel calls
 * (each tries an RCU walk first, see walk.c), and the permission rules for names in directories.
 */
#include "internal.h"
#include <core/init.h>
#include <core/slab.h>
#include <kernel/syscall.h>

int sysctl_protected_symlinks = 0, sysctl_protected_hardlinks = 0, sysctl_protected_fifos = 0,
    sysctl_protected_regular = 0;

/* --- names --- */

#define NAME_SMALL	192
#define NAME_PAD	8		/* hashing reads whole words */

static struct kmem_cache *small_names, *large_names;

static struct filename *name_alloc(bool large)
{
	struct filename *n = kmem_cache_alloc(large ? large_names : small_names, GFP_KERNEL);

	if (n)
		n->name = (char *)(n + 1);
	return n;
}

void filename_put(struct filename *n)
{
	if (IS_ERR(n) || !n)
		return;
	kmem_cache_free(n->large ? large_names : small_names, n);
}

struct filename *filename_get(uin_str name, u32 lookup_flags)
{
	struct filename *n = name_alloc(false);
	ssize_t len;

	if (!n)
		return ERR_PTR(-ENOMEM);
	n->large = false;
	len = strncpy_in(n->name, name, NAME_SMALL);
	if (unlikely(len == -ENAMETOOLONG)) {
		filename_put(n);
		n = name_alloc(true);
		if (!n)
			return ERR_PTR(-ENOMEM);
		n->large = true;
		len = strncpy_in(n->name, name, PATH_MAX);
	}
	if (len == 0 && !(lookup_flags & LOOKUP_EMPTY))
		len = -ENOENT;
	if (unlikely(len < 0)) {
		filename_put(n);
		return ERR_PTR(len);
	}
	n->len = (u32)len;
	return n;
}

struct filename *filename_kernel(const char *name)
{
	size_t len = strlen(name);
	bool large = len >= NAME_SMALL;
	struct filename *n;

	if (len >= PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	n = name_alloc(large);
	if (!n)
		return ERR_PTR(-ENOMEM);
	n->large = large;
	memcpy(n->name, name, len + 1);
	n->len = (u32)len;
	return n;
}

/* --- look-ups --- */

static int lookup_once(int dirfd, const char *name, bool padded, u32 flags, const struct path *root, struct path *p)
{
	const char *text = name;
	struct walk w;
	int err;

	err = walk_begin(&w, dirfd, name, padded, flags, root);
	if (err)
		goto out;
	do {
		err = walk_components(&w, text);
		if (err)
			goto out;
		err = walk_last(&w, &text, !(w.flags & LOOKUP_FOLLOW));
	} while (err == 1);
	if (!err)
		err = walk_complete(&w);
	if (err)
		goto out;
	if (unlikely(w.flags & LOOKUP_DIRECTORY) && !(w.inode->opflags & IOP_LOOKUP)) {
		err = -ENOTDIR;
		goto out;
	}
	*p = w.path;
	w.path.mnt = NULL;
out:
	walk_end(&w);
	return err;
}

static int lookup(int dirfd, const char *name, bool padded, u32 flags, const struct path *root, struct path *p)
{
	int err = lookup_once(dirfd, name, padded, flags | LOOKUP_RCU, root, p);

	if (unlikely(err == -ECHILD)) {
		if (flags & LOOKUP_CACHED)
			return -EAGAIN;
		err = lookup_once(dirfd, name, padded, flags, root, p);
	}
	return err;
}

int path_lookup_at(int dirfd, const struct filename *name, u32 flags, struct path *p)
{
	return lookup(dirfd, name->name, true, flags, NULL, p);
}

int user_path_at(int dirfd, uin_str name, u32 flags, struct path *p)
{
	struct filename *n = filename_get(name, flags);
	int err;

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	err = lookup(dirfd, n->name, true, flags, NULL, p);
	filename_put(n);
	return err;
}

int kern_path(const char *name, u32 flags, struct path *p)
{
	return lookup(AT_FDCWD, name, false, flags, NULL, p);
}

int path_lookup_from(const struct path *start, const char *name, u32 flags, struct path *p)
{
	return lookup(AT_FDCWD, name, false, flags, start, p);
}

static int parent_once(int dirfd, const char *name, u32 flags, struct path *parent, struct qstr *last,
		       enum last_type *type)
{
	struct walk w;
	int err;

	err = walk_begin(&w, dirfd, name, true, flags, NULL);
	if (!err)
		err = walk_components(&w, name);
	if (!err)
		err = walk_complete(&w);
	if (!err && !(w.inode->opflags & IOP_LOOKUP))
		err = -ENOTDIR;
	if (!err) {
		*parent = w.path;
		*last = w.last;
		*type = w.last_type;
		w.path.mnt = NULL;
	}
	walk_end(&w);
	return err;
}

int path_parent(int dirfd, const struct filename *name, struct path *parent, struct qstr *last,
		enum last_type *type, u32 flags)
{
	int err = parent_once(dirfd, name->name, flags | LOOKUP_RCU, parent, last, type);

	if (err == -ECHILD)
		err = parent_once(dirfd, name->name, flags, parent, last, type);
	return err;
}

/* --- rules for names --- */

/* A sticky directory: only owners of the file or of the directory may take names away. */
int dir_check_sticky(const struct inode *dir, const struct inode *inode)
{
	kuid_t me;

	if (!(dir->mode & S_ISVTX))
		return 0;
	me = current_fsuid();
	if (uid_eq(inode->uid, me) || uid_eq(dir->uid, me) || capable(CAP_FOWNER))
		return 0;
	return -EPERM;
}

int may_create(struct inode *dir, struct dentry *d)
{
	if (d->inode)
		return -EEXIST;
	if (dir->flags & S_DEAD)
		return -ENOENT;
	return inode_check_permission(dir, MAY_WRITE | MAY_EXEC);
}

int may_delete(struct inode *dir, struct dentry *d, bool isdir)
{
	struct inode *inode = d->inode;
	int err;

	if (!inode)
		return -ENOENT;
	err = inode_check_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (dir->flags & S_APPEND)
		return -EPERM;
	err = dir_check_sticky(dir, inode);
	if (err)
		return err;
	if (inode->flags & (S_APPEND | S_IMMUTABLE | S_SWAPFILE))
		return -EPERM;
	if (isdir) {
		if (!S_ISDIR_I(inode))
			return -ENOTDIR;
		if (dentry_is_root(d))
			return -EBUSY;
	} else if (S_ISDIR_I(inode)) {
		return -EISDIR;
	}
	if (dir->flags & S_DEAD)
		return -ENOENT;
	return 0;
}

struct dentry *path_create(int dirfd, const struct filename *name, u32 flags, bool is_dir, struct path *parent)
{
	enum last_type type;
	struct dentry *d;
	struct qstr last;
	int err, ro;

	err = path_parent(dirfd, name, parent, &last, &type, flags);
	if (err)
		return ERR_PTR(err);
	d = ERR_PTR(-EEXIST);
	if (type != LAST_NORM)
		goto out_path;
	/* What exists is reported before the read-only file system is. */
	ro = mount_want_write(parent->mnt);
	inode_lock_nested(parent->dentry->inode, INODE_LOCK_PARENT);
	d = dentry_lookup_locked(parent->dentry, &last, LOOKUP_CREATE | LOOKUP_EXCL);
	if (IS_ERR(d))
		goto out_unlock;
	err = 0;
	if (d->inode)
		err = -EEXIST;
	else if (last.name[last.len] && !is_dir)
		err = -ENOENT;		/* "x/" names a directory, and there is none */
	else
		err = ro;
	if (!err)
		return d;
	dentry_put(d);
	d = ERR_PTR(err);
out_unlock:
	inode_unlock(parent->dentry->inode);
	if (!ro)
		mount_drop_write(parent->mnt);
out_path:
	path_put(parent);
	return d;
}

void path_create_done(struct path *parent, struct dentry *d)
{
	dentry_put(d);
	inode_unlock(parent->dentry->inode);
	mount_drop_write(parent->mnt);
	path_put(parent);
}

static int names_init(void)
{
	small_names = kmem_cache_create("names_small", sizeof(struct filename) + NAME_SMALL + NAME_PAD, 8, 0, NULL);
	large_names = kmem_cache_create("names_cache", sizeof(struct filename) + PATH_MAX + NAME_PAD, 8, 0, NULL);
	if (!small_names || !large_names)
		panic("no memory for path names");
	return 0;
}
INITCALL_CORE(names_init);
