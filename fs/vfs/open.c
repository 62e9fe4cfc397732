/* SPDX-License-Identifier: MPL-2.0 */
/*
 * System calls around opening and changing files by name: open, openat, openat2, creat, access,
 * chdir, fchdir, chroot, chmod, chown, truncate, fallocate families, getcwd. The walk and the
 * rules of opening are in namei_open.c.
 */
#include "internal.h"
#include <base/math.h>
#include <kernel/ns.h>
#include <kernel/syscall.h>
#include <uapi/linux/falloc.h>
#include <uapi/linux/openat2.h>

/* --- opening --- */

static long open_do(int dirfd, const struct filename *name, const struct open_flags *op)
{
	struct file *f;
	int fd = fd_alloc(op->flags);

	if (unlikely(fd < 0))
		return fd;
	f = path_open(dirfd, name->name, true, op, NULL);
	if (IS_ERR(f)) {
		fd_release(fd);
		return PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}

static long open_user(int dirfd, uin_str path, u64 flags, u64 mode, u64 resolve)
{
	struct open_flags op;
	struct filename *n;
	long r;

	r = open_flags_build(flags, mode, resolve, &op);
	if (r)
		return r;
	n = filename_get(path, 0);
	if (IS_ERR(n))
		return PTR_ERR(n);
	r = open_do(dirfd, n, &op);
	filename_put(n);
	return r;
}

#define OPEN_KNOWN	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | FASYNC | \
			 O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | __O_TMPFILE)

long sys_openat(int dirfd, uin_str path, int flags, umode_t mode)
{
	return open_user(dirfd, path, ((u32)flags & OPEN_KNOWN) | O_LARGEFILE, mode & S_IALLUGO, 0);
}

long sys_open(uin_str path, int flags, umode_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(uin_str path, umode_t mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

#define RESOLVE_KNOWN	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
			 RESOLVE_IN_ROOT | RESOLVE_CACHED)

/* A struct that may be longer than what we know: the rest must be zero. */
static int copy_struct_in(void *dst, size_t known, uaddr_t src, size_t size)
{
	u8 rest[64];
	int err;

	memset(dst, 0, known);
	for (size_t off = known; off < size; off += sizeof(rest)) {
		size_t n = min(size - off, sizeof(rest));

		err = copy_in_bytes(rest, uaddr_add(src, off), n);
		if (err)
			return err;
		for (size_t i = 0; i < n; i++)
			if (rest[i])
				return -E2BIG;
	}
	return copy_in_bytes(dst, src, min(size, known));
}

long sys_openat2(int dirfd, uin_str path, uin_open_how how, size_t size)
{
	struct open_how h;
	int err;

	if (size < OPEN_HOW_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_in(&h, sizeof(h), uaddr(how.addr), size);
	if (err)
		return err;
	if (h.flags & ~(u64)OPEN_KNOWN || h.resolve & ~(u64)RESOLVE_KNOWN)
		return -EINVAL;
	if ((h.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if (h.flags & (O_CREAT | __O_TMPFILE)) {
		if (h.mode & ~(u64)S_IALLUGO)
			return -EINVAL;
	} else if (h.mode) {
		return -EINVAL;
	}
	if ((h.flags & O_PATH) && (h.flags & ~(u64)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)))
		return -EINVAL;
	if (!(h.flags & O_PATH))
		h.flags |= O_LARGEFILE;
	return open_user(dirfd, path, h.flags, h.mode, h.resolve);
}

struct file *file_open(const char *name, u32 oflags, umode_t mode)
{
	struct open_flags op;
	int err = open_flags_build(oflags | O_LARGEFILE, mode, 0, &op);

	return err ? ERR_PTR(err) : path_open(AT_FDCWD, name, false, &op, NULL);
}

struct file *file_open_at(int dirfd, const struct filename *name, u32 oflags, umode_t mode, u32 resolve)
{
	struct open_flags op;
	int err = open_flags_build(oflags | O_LARGEFILE, mode, resolve, &op);

	return err ? ERR_PTR(err) : path_open(dirfd, name->name, true, &op, NULL);
}

struct file *file_open_path(const struct path *p, u32 oflags, const struct cred *cred)
{
	struct file *f = file_alloc_empty(oflags);
	int err;

	if (IS_ERR(f))
		return f;
	if (cred != f->cred) {
		cred_put(f->cred);
		f->cred = cred_get(cred);
	}
	path_get(p);
	f->path = *p;
	err = file_do_open(f, p->dentry->inode);
	if (!err)
		return f;
	if (f->mode & FMODE_OPENED)
		file_put_sync(f);
	else
		file_free_empty(f);
	return ERR_PTR(err);
}

/* For execve: a regular file that may be executed; nobody may write to it while it runs (deny_write by exec). */
struct file *file_open_exec(int dirfd, const struct filename *name, u32 at_flags)
{
	struct open_flags op = {
		.flags = O_LARGEFILE | O_RDONLY,
		.acc = MAY_EXEC,
		.lookup = LOOKUP_OPEN | LOOKUP_FOLLOW,
	};
	struct file *f;

	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	if (at_flags & AT_SYMLINK_NOFOLLOW)
		op.lookup &= ~LOOKUP_FOLLOW;
	if (at_flags & AT_EMPTY_PATH)
		op.lookup |= LOOKUP_EMPTY;
	f = path_open(dirfd, name->name, true, &op, NULL);
	if (IS_ERR(f))
		return f;
	if (!S_ISREG_I(f->inode) || (READ_ONCE(f->path.mnt->flags) & MNT_NOEXEC)) {
		file_put(f);
		return ERR_PTR(-EACCES);
	}
	return f;
}

/* --- access --- */

/* Real instead of effective ids, and capabilities as execve would give them. */
static struct cred *access_cred(void)
{
	const struct cred *c = current_cred();
	struct cred *n;

	/* The usual task's ids are all alike: nothing to override. */
	if (uid_eq(c->fsuid, c->uid) && gid_eq(c->fsgid, c->gid) &&
	    (c->uid.v == 0 ? c->effective.v == c->permitted.v : c->effective.v == 0))
		return NULL;
	n = cred_prepare();
	if (!n)
		return ERR_PTR(-ENOMEM);
	n->fsuid = n->uid;
	n->fsgid = n->gid;
	if (!(n->securebits & 4))		/* SECURE_NO_SETUID_FIXUP */
		n->effective = n->uid.v == 0 ? n->permitted : CAP_NONE;
	return n;
}

static int access_check(const struct path *p, int mode)
{
	struct inode *inode = p->dentry->inode;
	int err;

	if ((mode & MAY_EXEC) && S_ISREG_I(inode) && (READ_ONCE(p->mnt->flags) & MNT_NOEXEC))
		return -EACCES;
	err = inode_check_permission(inode, mode | MAY_ACCESS);
	if (err || !(mode & MAY_WRITE))
		return err;
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode) || S_ISFIFO(inode->mode) || S_ISSOCK(inode->mode))
		return 0;
	return mount_readonly(p->mnt) ? -EROFS : 0;
}

static long access_do(int dirfd, uin_str path, int mode, int flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	const struct cred *old = NULL;
	struct cred *c = NULL;
	struct path p;
	int err;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!(flags & AT_EACCESS)) {
		c = access_cred();
		if (IS_ERR(c))
			return PTR_ERR(c);
		if (c)
			old = cred_override(c);
	}
	err = user_path_at(dirfd, path, lookup, &p);
	if (!err) {
		err = access_check(&p, mode);
		path_put(&p);
	}
	if (c) {
		cred_revert(old);
		cred_put(c);
	}
	return err;
}

long sys_faccessat2(int dirfd, uin_str path, int mode, int flags)
{
	return access_do(dirfd, path, mode, flags);
}

long sys_faccessat(int dirfd, uin_str path, int mode)
{
	return access_do(dirfd, path, mode, 0);
}

long sys_access(uin_str path, int mode)
{
	return access_do(AT_FDCWD, path, mode, 0);
}

/* --- directories of the task --- */

static int chdir_path(const struct path *p)
{
	int err = inode_check_permission(p->dentry->inode, MAY_EXEC | MAY_CHDIR);

	if (!err)
		fs_set_pwd(current->fs, p);
	return err;
}

long sys_chdir(uin_str path)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = chdir_path(&p);
	path_put(&p);
	return err;
}

int ksys_chdir(const char *path)
{
	struct path p;
	int err = kern_path(path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	fs_set_pwd(current->fs, &p);
	path_put(&p);
	return 0;
}

long sys_fchdir(int fd)
{
	struct fd f = fdget_raw(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = S_ISDIR_I(f.file->inode) ? chdir_path(&f.file->path) : -ENOTDIR;
	fdput(f);
	return err;
}

long sys_chroot(uin_str path)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_check_permission(p.dentry->inode, MAY_EXEC | MAY_CHDIR);
	if (!err && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (!err)
		fs_set_root(current->fs, &p);
	path_put(&p);
	return err;
}

/* The kernel's own: the mount at the working directory becomes the root (after switch of rootfs). */
int kern_chroot_mount_init(void)
{
	struct path pwd;

	fs_get_pwd(current->fs, &pwd);
	fs_set_root(current->fs, &pwd);
	path_put(&pwd);
	return 0;
}

/* --- mode and owner --- */

static int chmod_path(const struct path *p, umode_t mode)
{
	struct inode *inode = p->dentry->inode;
	struct iattr attr;
	int err = mount_want_write(p->mnt);

	if (err)
		return err;
	inode_lock(inode);
	attr.valid = ATTR_MODE | ATTR_CTIME;
	attr.mode = (umode_t)((mode & S_IALLUGO) | (inode->mode & ~S_IALLUGO));
	err = inode_change_attr(p->dentry, &attr);
	inode_unlock(inode);
	mount_drop_write(p->mnt);
	return err;
}

long sys_fchmodat(int dirfd, uin_str path, umode_t mode)
{
	struct path p;
	int err = user_path_at(dirfd, path, LOOKUP_FOLLOW, &p);

	if (err)
		return err;
	err = chmod_path(&p, mode);
	path_put(&p);
	return err;
}

long sys_chmod(uin_str path, umode_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchmod(int fd, umode_t mode)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = chmod_path(&f.file->path, mode);
	fdput(f);
	return err;
}

static int chown_path(const struct path *p, u32 uid, u32 gid)
{
	struct inode *inode = p->dentry->inode;
	struct iattr attr = { .valid = ATTR_CTIME };
	int err;

	if (uid != ~0u) {
		attr.valid |= ATTR_UID;
		attr.uid = make_kuid(current_cred()->user_ns, uid);
		if (!uid_valid(attr.uid))
			return -EINVAL;
	}
	if (gid != ~0u) {
		attr.valid |= ATTR_GID;
		attr.gid = make_kgid(current_cred()->user_ns, gid);
		if (!gid_valid(attr.gid))
			return -EINVAL;
	}
	err = mount_want_write(p->mnt);
	if (err)
		return err;
	inode_lock(inode);
	if (!S_ISDIR_I(inode))
		attr.valid |= ATTR_KILL_SUID | ATTR_KILL_SGID;
	err = inode_change_attr(p->dentry, &attr);
	inode_unlock(inode);
	mount_drop_write(p->mnt);
	return err;
}

long sys_fchownat(int dirfd, uin_str path, u32 uid, u32 gid, int flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path p;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	err = chown_path(&p, uid, gid);
	path_put(&p);
	return err;
}

long sys_chown(uin_str path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(uin_str path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = chown_path(&f.file->path, uid, gid);
	fdput(f);
	return err;
}

/* --- size --- */

static int truncate_inode(struct dentry *d, loff_t len, u32 extra, struct file *f)
{
	struct inode *inode = d->inode;
	struct iattr attr = { .valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME | extra, .size = len, .file = f };
	int err;

	inode_lock(inode);
	if (!capable(CAP_FSETID)) {
		if (inode->mode & S_ISUID)
			attr.valid |= ATTR_KILL_SUID;
		if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			attr.valid |= ATTR_KILL_SGID;
	}
	err = inode_change_attr(d, &attr);
	inode_unlock(inode);
	return err;
}

int vfs_truncate(const struct path *p, loff_t len)
{
	struct inode *inode = p->dentry->inode;
	int err;

	if (S_ISDIR_I(inode))
		return -EISDIR;
	if (!S_ISREG_I(inode))
		return -EINVAL;
	err = mount_want_write(p->mnt);
	if (err)
		return err;
	err = inode_check_permission(inode, MAY_WRITE);
	if (!err && (inode->flags & S_APPEND))
		err = -EPERM;
	if (!err)
		err = get_write_access(inode);
	if (!err) {
		err = truncate_inode(p->dentry, len, 0, NULL);
		put_write_access(inode);
	}
	mount_drop_write(p->mnt);
	return err;
}

long sys_truncate(uin_str path, s64 length)
{
	struct path p;
	int err;

	if (length < 0)
		return -EINVAL;
	err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = vfs_truncate(&p, length);
	path_put(&p);
	return err;
}

long sys_ftruncate(int fd, s64 length)
{
	struct fd f;
	int err = -EINVAL;

	if (length < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (S_ISREG_I(f.file->inode) && (f.file->mode & FMODE_WRITE)) {
		file_start_write(f.file);
		err = f.file->inode->flags & S_APPEND ? -EPERM : truncate_inode(f.file->path.dentry, length, 0, f.file);
		file_end_write(f.file);
	}
	fdput(f);
	return err;
}

long vfs_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	long err;

	file_start_write(f);
	err = file_op_fallocate(f, mode, off, len);
	file_end_write(f);
	return err;
}

#define FALLOC_KNOWN	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE | \
			 FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE)

static long fallocate_do(struct file *f, int mode, loff_t off, loff_t len)
{
	struct inode *inode = f->inode;
	loff_t end;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~FALLOC_KNOWN)
		return -EOPNOTSUPP;
	if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_COLLAPSE_RANGE) && (mode & ~FALLOC_FL_COLLAPSE_RANGE))
		return -EINVAL;
	if ((mode & FALLOC_FL_INSERT_RANGE) && (mode & ~FALLOC_FL_INSERT_RANGE))
		return -EINVAL;
	if ((mode & FALLOC_FL_UNSHARE_RANGE) && (mode & ~(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE)))
		return -EINVAL;
	if (!(f->mode & FMODE_WRITE))
		return -EBADF;
	if ((mode & ~FALLOC_FL_KEEP_SIZE) && (inode->flags & S_APPEND))
		return -EPERM;
	if (inode->flags & S_IMMUTABLE)
		return -EPERM;
	if (inode->flags & S_SWAPFILE)
		return -ETXTBSY;
	if (S_ISFIFO(inode->mode))
		return -ESPIPE;
	if (S_ISDIR_I(inode))
		return -EISDIR;
	if (!S_ISREG_I(inode) && !S_ISBLK(inode->mode))
		return -ENODEV;
	if (check_add(off, len, &end) || end > (loff_t)inode->sb->maxbytes)
		return -EFBIG;
	return vfs_fallocate(f, mode, off, len);
}

long sys_fallocate(int fd, int mode, loff_t offset, loff_t len)
{
	struct fd f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = fallocate_do(f.file, mode, offset, len);
	if (!err && atomic_read(&notify_watches))
		notify_dentry(f.file->path.dentry, IN_MODIFY);
	fdput(f);
	return err;
}
