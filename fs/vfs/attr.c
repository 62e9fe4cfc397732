/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Attributes: who may do what with an inode (mode bits and capabilities), and changing mode, owner,
 * size and times as chmod(2), chown(2), truncate(2) and utimensat(2) have it.
 *
 * inode_change_attr() is the one door: it stamps, removes set-id bits, asks ->setattr (which calls
 * setattr_prepare() and setattr_copy()) and tells watchers. The inode lock is held for writing.
 */
#include "internal.h"
#include <fs/posix_acl.h>

/*
 * Mode bits of the class that current falls into, against MAY_READ | MAY_WRITE | MAY_EXEC. An access control
 * list decides for all but the owner; where the group bits are empty it cannot grant anything.
 */
static int permission_by_mode(struct inode *inode, int mask)
{
	umode_t mode = READ_ONCE(inode->mode);

	if (uid_eq(current_fsuid(), READ_ONCE(inode->uid))) {
		mode >>= 6;
	} else {
		if ((inode->sb->flags & SB_POSIXACL) && (mode & S_IRWXG)) {
			int r = posix_acl_permission(inode, mask);

			if (r != -EAGAIN)
				return r;
		}
		/* The group counts only where its bits differ from others' in what is asked. */
		if ((mask & 7 & (mode ^ (mode >> 3))) && in_group(READ_ONCE(inode->gid)))
			mode >>= 3;
	}
	return (mask & 7 & ~mode) == 0 ? 0 : -EACCES;
}

int generic_permission(struct inode *inode, int mask)
{
	int err = permission_by_mode(inode, mask);

	if (err != -EACCES)
		return err;
	if (S_ISDIR_I(inode)) {
		if (!(mask & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH))
			return 0;
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if ((mask & (MAY_READ | MAY_WRITE | MAY_EXEC)) == MAY_READ && capable(CAP_DAC_READ_SEARCH))
		return 0;
	/* Executing needs one x bit, whoever asks. */
	if (!(mask & MAY_EXEC) || (inode->mode & S_IXUGO))
		return capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	return -EACCES;
}

int inode_check_permission(struct inode *inode, int mask)
{
	if (mask & MAY_WRITE) {
		umode_t fmt = inode->mode & S_IFMT;

		if ((inode->sb->flags & SB_RDONLY) && (fmt == S_IFREG || fmt == S_IFDIR || fmt == S_IFLNK))
			return -EROFS;
		if (inode->flags & S_IMMUTABLE)
			return -EPERM;
	}
	return inode_permission(inode, mask);
}

bool inode_owner_or_capable(const struct inode *inode)
{
	return uid_eq(current_fsuid(), inode->uid) || capable(CAP_FOWNER);
}

static int chown_ok(const struct inode *inode, const struct iattr *a)
{
	const struct cred *c = current_cred();

	if ((a->valid & ATTR_UID) && !(uid_eq(c->fsuid, inode->uid) && uid_eq(a->uid, inode->uid)) &&
	    !capable(CAP_CHOWN))
		return -EPERM;
	if ((a->valid & ATTR_GID) &&
	    !(uid_eq(c->fsuid, inode->uid) && (gid_eq(a->gid, inode->gid) || in_group(a->gid))) &&
	    !capable(CAP_CHOWN))
		return -EPERM;
	return 0;
}

int setattr_prepare(struct inode *inode, struct iattr *attr)
{
	u32 valid = attr->valid;
	int err;

	if (valid & ATTR_SIZE) {
		if (attr->size < 0)
			return -EINVAL;
		if (attr->size < inode->size && inode->flags & S_SWAPFILE)
			return -ETXTBSY;
		if (attr->size > inode->size) {
			u64 limit = rlimit_cur(RLIMIT_FSIZE);

			if (limit != RLIM_INFINITY && (u64)attr->size > limit) {
				signal_send(current, SIGXFSZ, SEND_NOINFO, SIG_TO_THREAD);
				return -EFBIG;
			}
			if (attr->size > (loff_t)inode->sb->maxbytes)
				return -EFBIG;
		}
	}
	if (valid & ATTR_FORCE)
		return 0;
	err = chown_ok(inode, attr);
	if (err)
		return err;
	if (valid & ATTR_MODE) {
		if (!inode_owner_or_capable(inode))
			return -EPERM;
		if (!in_group((valid & ATTR_GID) ? attr->gid : inode->gid) && !capable(CAP_FSETID))
			attr->mode &= ~S_ISGID;
	}
	if ((valid & (ATTR_MTIME_SET | ATTR_ATIME_SET | ATTR_OWNER_ONLY)) && !inode_owner_or_capable(inode))
		return -EPERM;
	return 0;
}

void setattr_copy(struct inode *inode, const struct iattr *attr)
{
	u32 valid = attr->valid;

	if (valid & ATTR_UID)
		inode->uid = attr->uid;
	if (valid & ATTR_GID)
		inode->gid = attr->gid;
	if (valid & ATTR_ATIME)
		inode->atime = attr->atime;
	if (valid & ATTR_MTIME)
		inode->mtime = attr->mtime;
	if (valid & ATTR_CTIME)
		inode->ctime = attr->ctime;
	if (valid & ATTR_MODE) {
		umode_t mode = attr->mode;

		if (!in_group(inode->gid) && !capable(CAP_FSETID))
			mode &= ~S_ISGID;
		WRITE_ONCE(inode->mode, mode);
	}
}

int simple_setattr(struct inode *inode, struct dentry *d, struct iattr *attr)
{
	int err = setattr_prepare(inode, attr);

	if (err)
		return err;
	if (attr->valid & ATTR_SIZE) {
		inode_set_size(inode, attr->size);
		truncate_pagecache(inode->mapping, attr->size);
	}
	setattr_copy(inode, attr);
	inode_mark_dirty(inode);
	return 0;
}

int simple_getattr(struct inode *inode, const struct path *path, struct kstat *st, u32 mask)
{
	st->dev = inode->sb->dev;
	st->ino = inode->ino;
	st->mode = READ_ONCE(inode->mode);
	st->nlink = READ_ONCE(inode->nlink);
	st->uid = READ_ONCE(inode->uid);
	st->gid = READ_ONCE(inode->gid);
	st->rdev = inode->rdev;
	st->size = inode_size(inode);
	st->atime = inode->atime;
	st->mtime = inode->mtime;
	st->ctime = inode->ctime;
	st->blksize = 1u << inode->blkbits;
	st->blocks = inode->blocks;
	return 0;
}

/* Removal of set-id bits asked for as KILL flags becomes a mode change. */
static void kill_to_mode(struct inode *inode, struct iattr *attr)
{
	umode_t mode = inode->mode;

	if (attr->valid & ATTR_KILL_SUID)
		mode &= ~S_ISUID;
	if ((attr->valid & ATTR_KILL_SGID) && (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		mode &= ~S_ISGID;
	attr->valid &= ~(ATTR_KILL_SUID | ATTR_KILL_SGID);
	if (mode != inode->mode) {
		attr->valid |= ATTR_MODE;
		attr->mode = mode;
	}
}

static u32 attr_event(u32 valid)
{
	u32 in = 0;

	if (valid & (ATTR_UID | ATTR_GID | ATTR_MODE))
		in |= IN_ATTRIB;
	if (valid & ATTR_SIZE)
		in |= IN_MODIFY;
	if ((valid & (ATTR_ATIME | ATTR_MTIME)) == (ATTR_ATIME | ATTR_MTIME))
		in |= IN_ATTRIB;
	else if (valid & ATTR_ATIME)
		in |= IN_ACCESS;
	else if (valid & ATTR_MTIME)
		in |= IN_MODIFY;
	return in;
}

int inode_change_attr(struct dentry *d, struct iattr *attr)
{
	struct inode *inode = d->inode;
	struct timespec64 now;
	u32 ev;
	int err;

	assert_held(&inode->rwsem);
	if ((attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_ATIME_SET | ATTR_MTIME_SET | ATTR_OWNER_ONLY)) &&
	    (inode->flags & (S_IMMUTABLE | S_APPEND)))
		return -EPERM;
	/* Setting both times to now is open to who may write. */
	if (attr->valid & ATTR_TOUCH) {
		if (inode->flags & S_IMMUTABLE)
			return -EPERM;
		if (!inode_owner_or_capable(inode)) {
			err = inode_check_permission(inode, MAY_WRITE);
			if (err)
				return err;
		}
	}
	if ((attr->valid & ATTR_MODE) && S_ISLNK_I(inode))
		return -EOPNOTSUPP;
	now = inode_now(inode);
	attr->ctime = now;
	attr->valid |= ATTR_CTIME;
	attr->atime = attr->valid & ATTR_ATIME_SET ? inode_fit_time(inode, attr->atime) : now;
	attr->mtime = attr->valid & ATTR_MTIME_SET ? inode_fit_time(inode, attr->mtime) : now;
	if (attr->valid & (ATTR_KILL_SUID | ATTR_KILL_SGID))
		kill_to_mode(inode, attr);
	if (attr->valid & (ATTR_UID | ATTR_GID | ATTR_SIZE) && !S_ISDIR_I(inode)) {
		err = inode_kill_caps(inode);
		if (err)
			return err;
	}
	ev = attr_event(attr->valid);
	err = inode_setattr(inode, d, attr);
	if (!err && (attr->valid & ATTR_MODE) && (inode->sb->flags & SB_POSIXACL))
		err = posix_acl_chmod(inode);
	if (!err) {
		inode->version++;
		if (ev && atomic_read(&notify_watches))
			notify_dentry(d, ev);
	}
	return err;
}
