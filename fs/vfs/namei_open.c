/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Opening by name: the walk's last step with O_CREAT, O_EXCL, O_TMPFILE, O_PATH, and the rules about
 * who may open what. An existing file is opened without locking its directory; only a name that is
 * not there takes the directory's lock, looks again and creates.
 */
#include "internal.h"
#include <fs/posix_acl.h>
#include <uapi/linux/openat2.h>

#define O_PATH_FLAGS	(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)

/* open(2) drops what it does not know; openat2(2) checks before it comes here. */
int open_flags_build(u64 flags, u64 mode, u64 resolve, struct open_flags *op)
{
	u32 acc, lookup = 0;

	op->mode = 0;
	acc = (u32)(flags & O_ACCMODE);
	acc = acc == O_RDONLY ? MAY_READ : acc == O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
	if (flags & (O_CREAT | __O_TMPFILE))
		op->mode = (umode_t)((mode & S_IALLUGO) | S_IFREG);
	if (flags & __O_SYNC)
		flags |= O_DSYNC;
	if (flags & __O_TMPFILE) {
		if ((flags & O_TMPFILE_MASK) != O_TMPFILE)
			return -EINVAL;
		if (!(acc & MAY_WRITE))
			return -EINVAL;
	}
	if (flags & O_PATH) {
		flags &= O_PATH_FLAGS;
		acc = 0;
	}
	if (flags & O_TRUNC)
		acc |= MAY_WRITE;
	if (flags & O_APPEND)
		acc |= MAY_APPEND;
	op->flags = (u32)flags;
	op->acc = acc;
	if (flags & O_CREAT) {
		lookup |= LOOKUP_CREATE;
		if (flags & O_EXCL) {
			lookup |= LOOKUP_EXCL;
			flags |= O_NOFOLLOW;
		}
	}
	lookup |= (flags & O_PATH) ? 0 : LOOKUP_OPEN;
	if (flags & O_DIRECTORY)
		lookup |= LOOKUP_DIRECTORY;
	if (!(flags & O_NOFOLLOW))
		lookup |= LOOKUP_FOLLOW;
	if (resolve & RESOLVE_NO_XDEV)
		lookup |= LOOKUP_NO_XDEV;
	if (resolve & RESOLVE_NO_MAGICLINKS)
		lookup |= LOOKUP_NO_MAGICLINKS;
	if (resolve & RESOLVE_NO_SYMLINKS)
		lookup |= LOOKUP_NO_SYMLINKS;
	if (resolve & RESOLVE_BENEATH)
		lookup |= LOOKUP_BENEATH;
	if (resolve & RESOLVE_IN_ROOT)
		lookup |= LOOKUP_IN_ROOT;
	if (resolve & RESOLVE_CACHED) {
		if (flags & (O_TRUNC | O_CREAT | __O_TMPFILE))
			return -EAGAIN;
		lookup |= LOOKUP_CACHED;
	}
	op->lookup = lookup;
	return 0;
}

int may_open(const struct path *p, u32 acc, u32 flags)
{
	struct inode *inode = p->dentry->inode;
	int err;

	if (!inode)
		return -ENOENT;
	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (acc & MAY_WRITE)
			return -EISDIR;
		if (acc & MAY_EXEC)
			return -EACCES;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if ((READ_ONCE(p->mnt->flags) & MNT_NODEV))
			return -EACCES;
		fallthrough;
	case S_IFIFO:
	case S_IFSOCK:
		if (acc & MAY_EXEC)
			return -EACCES;
		flags &= ~O_TRUNC;
		break;
	case S_IFREG:
		if ((acc & MAY_EXEC) && (READ_ONCE(p->mnt->flags) & MNT_NOEXEC))
			return -EACCES;
		break;
	}
	err = inode_check_permission(inode, (int)(MAY_OPEN | acc));
	if (err)
		return err;
	if (inode->flags & S_APPEND) {
		if ((flags & O_ACCMODE) != O_RDONLY && !(flags & O_APPEND))
			return -EPERM;
		if (flags & O_TRUNC)
			return -EPERM;
	}
	if ((flags & O_NOATIME) && !inode_owner_or_capable(inode))
		return -EPERM;
	return 0;
}

/* sysctl fs.protected_fifos, protected_regular: O_CREAT of another's file in a sticky directory. */
static int may_create_in_sticky(const struct walk *w, const struct inode *inode)
{
	umode_t dmode = w->dir_mode;

	if ((!sysctl_protected_fifos && S_ISFIFO(inode->mode)) || (!sysctl_protected_regular && S_ISREG_I(inode)))
		return 0;
	if (!(S_ISFIFO(inode->mode) || S_ISREG_I(inode)) || !(dmode & S_ISVTX) || uid_eq(inode->uid, w->dir_uid) ||
	    uid_eq(current_fsuid(), inode->uid))
		return 0;
	if ((dmode & S_IWOTH) || ((dmode & S_IWGRP) && ((sysctl_protected_fifos >= 2 && S_ISFIFO(inode->mode)) ||
							(sysctl_protected_regular >= 2 && S_ISREG_I(inode)))))
		return -EACCES;
	return 0;
}

static int truncate_opened(struct file *f)
{
	struct inode *inode = f->inode;
	struct iattr attr = { .valid = ATTR_SIZE | ATTR_OPEN | ATTR_MTIME | ATTR_CTIME, .file = f };
	int err = get_write_access(inode);	/* a running program keeps its text, whatever the access mode */

	if (err)
		return err;
	inode_lock(inode);
	if (inode->mode & S_ISUID)
		attr.valid |= ATTR_KILL_SUID;
	if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		attr.valid |= ATTR_KILL_SGID;
	if ((attr.valid & (ATTR_KILL_SUID | ATTR_KILL_SGID)) && capable(CAP_FSETID))
		attr.valid &= ~(ATTR_KILL_SUID | ATTR_KILL_SGID);
	err = inode_change_attr(f->path.dentry, &attr);
	inode_unlock(inode);
	put_write_access(inode);
	return err;
}

/* The file is found (or was made): check, open, truncate. w->path goes to f. */
static int open_found(struct walk *w, const struct open_flags *op, struct file *f)
{
	struct inode *inode;
	u32 acc = op->acc, flags = op->flags;
	bool created = f->mode & FMODE_CREATED, want_write = false;
	int err;

	if (w->flags & LOOKUP_RCU || w->flags & LOOKUP_SCOPED) {
		err = walk_complete(w);
		if (err)
			return err;
	}
	inode = w->path.dentry->inode;
	if ((flags & O_CREAT) && !created) {
		if (flags & O_EXCL)
			return -EEXIST;
		if (S_ISDIR_I(inode))
			return -EISDIR;
		err = may_create_in_sticky(w, inode);
		if (err)
			return err;
	}
	if ((w->flags & LOOKUP_DIRECTORY) && !(inode->opflags & IOP_LOOKUP))
		return -ENOTDIR;
	if (created) {
		flags &= ~O_TRUNC;
		acc = 0;		/* a fresh file may be opened in any way */
	} else if (S_ISREG_I(inode) && (flags & O_TRUNC)) {
		err = mount_want_write(w->path.mnt);
		if (err)
			return err;
		want_write = true;
	}
	err = 0;
	if (!(flags & O_PATH))
		err = created ? 0 : may_open(&w->path, acc, flags);
	if (!err) {
		f->path = w->path;
		w->path.mnt = NULL;
		err = file_do_open(f, inode);
	}
	if (!err && want_write)
		err = truncate_opened(f);
	if (want_write)
		mount_drop_write(f->path.mnt ? f->path.mnt : w->path.mnt);
	return err;
}

/* Directory locked for writing, d negative: make the file. */
static int create_locked(struct walk *w, const struct open_flags *op, struct dentry *d)
{
	struct inode *dir = w->inode;
	umode_t mode;
	int err;

	if (dir->flags & S_DEAD)
		return -ENOENT;
	err = inode_check_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	mode = posix_acl_umask(dir, op->mode);
	err = inode_create(dir, d, mode, op->flags & O_EXCL);
	if (!err)
		notify_inode(dir, IN_CREATE, &d->name, 0);
	return err;
}

/* The last name with O_CREAT: look again under the directory's lock, create if it is not there. */
static int open_create(struct walk *w, const struct open_flags *op, struct file *f, const char **text)
{
	struct inode *dir;
	struct dentry *d;
	int err, ro;

	if (w->flags & LOOKUP_RCU) {
		if (w->depth)
			return -ECHILD;		/* the name lies in a link's text */
		err = walk_legitimize(w);
		if (err)
			return err;
	}
	dir = w->inode;
	ro = mount_want_write(w->path.mnt);
	inode_lock_nested(dir, INODE_LOCK_PARENT);
	d = dentry_lookup_locked(w->path.dentry, &w->last, LOOKUP_OPEN | LOOKUP_CREATE);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (!err && !d->inode) {
		err = ro ? ro : create_locked(w, op, d);
		if (!err)
			f->mode |= FMODE_CREATED;
	}
	inode_unlock(dir);
	if (!ro)
		mount_drop_write(w->path.mnt);
	if (err) {
		if (!IS_ERR(d))
			dentry_put(d);
		return err;
	}
	if ((op->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) && !(f->mode & FMODE_CREATED)) {
		dentry_put(d);
		return -EEXIST;
	}
	return walk_enter(w, d, text, !(w->flags & LOOKUP_FOLLOW));
}

/* One last component. 1: a link, go on with *text. */
static int open_last(struct walk *w, const struct open_flags *op, struct file *f, const char **text)
{
	int err;

	if (!(op->flags & O_CREAT))
		return walk_last(w, text, !(w->flags & LOOKUP_FOLLOW));
	if (w->last_type != LAST_NORM)
		return walk_last(w, text, true);
	if (walk_trailing_slash(w))
		return -EISDIR;
	if (!(op->flags & O_EXCL)) {
		/* Mostly it is there. Positive answers of the cache need no lock. */
		err = walk_last(w, text, !(w->flags & LOOKUP_FOLLOW));
		if (err != -ENOENT && err != -ECHILD)
			return err;
		if (err == -ECHILD && (w->flags & LOOKUP_RCU) &&
		    (read_seqretry(&w->path.dentry->seq, w->seq) || w->depth))
			return err;
	}
	return open_create(w, op, f, text);
}

static int open_tmpfile(struct walk *w, const struct open_flags *op, struct file *f)
{
	struct inode *dir;
	struct dentry *d;
	struct qstr name = { .name = "#tmp", .len = 4 };
	umode_t mode;
	int err;

	err = walk_complete(w);
	if (err)
		return err;
	dir = w->path.dentry->inode;
	if (!(dir->opflags & IOP_LOOKUP))
		return -ENOTDIR;
	err = mount_want_write(w->path.mnt);
	if (err)
		return err;
	err = inode_check_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		goto out;
	if (!dir->ops->tmpfile) {
		err = -EOPNOTSUPP;
		goto out;
	}
	d = dentry_alloc(w->path.dentry, &name);
	err = -ENOMEM;
	if (!d)
		goto out;
	mode = posix_acl_umask(dir, op->mode);
	inode_lock(dir);
	err = inode_tmpfile(dir, d, mode);
	inode_unlock(dir);
	if (err) {
		dentry_put(d);
		goto out;
	}
	if (!(op->flags & O_EXCL)) {
		spin_lock(&d->inode->state_lock);
		d->inode->state |= I_LINKABLE;
		spin_unlock(&d->inode->state_lock);
	}
	f->path = w->path;
	mount_get(f->path.mnt);
	f->path.dentry = d;
	f->mode |= FMODE_CREATED;
	err = file_do_open(f, d->inode);
out:
	mount_drop_write(w->path.mnt);
	return err;
}

static int open_once(int dirfd, const char *name, bool padded, const struct open_flags *op, u32 rcu,
		     const struct path *root, struct file *f)
{
	const char *text = name;
	struct walk w;
	int err;

	err = walk_begin(&w, dirfd, name, padded, op->lookup | rcu, root);
	if (err)
		goto out;
	do {
		err = walk_components(&w, text);
		if (err)
			goto out;
		err = op->flags & __O_TMPFILE ? walk_last(&w, &text, !(w.flags & LOOKUP_FOLLOW)) :
						open_last(&w, op, f, &text);
	} while (err == 1);
	if (!err)
		err = op->flags & __O_TMPFILE ? open_tmpfile(&w, op, f) : open_found(&w, op, f);
out:
	walk_end(&w);
	return err;
}

struct file *path_open(int dirfd, const char *name, bool padded, const struct open_flags *op, const struct path *root)
{
	struct file *f = file_alloc_empty(op->flags);
	int err;

	if (IS_ERR(f))
		return f;
	err = open_once(dirfd, name, padded, op, LOOKUP_RCU, root, f);
	if (unlikely(err == -ECHILD && !(f->mode & FMODE_OPENED))) {
		err = -EAGAIN;
		if (!(op->lookup & LOOKUP_CACHED))
			err = open_once(dirfd, name, padded, op, 0, root, f);
	}
	if (likely(!err))
		return f;
	/* An open that failed after ->open is closed as any other. */
	if (f->mode & FMODE_OPENED)
		file_put_sync(f);
	else
		file_free_empty(f);
	return ERR_PTR(err);
}
