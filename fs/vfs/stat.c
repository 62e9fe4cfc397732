/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What files tell about themselves: the stat family, statx, statfs, readlink, getcwd.
 */
#include "internal.h"
#include <base/math.h>
#include <kernel/ns.h>
#include <kernel/syscall.h>
#include <uapi/linux/statfs.h>

static inline u64 user_dev(dev_t d)
{
	u32 major = dev_major(d), minor = dev_minor(d);

	return (minor & 0xff) | ((u64)major << 8) | ((u64)(minor & ~0xffu) << 12);
}

int vfs_getattr(const struct path *p, struct kstat *st, u32 mask, u32 flags)
{
	struct inode *inode = p->dentry->inode;
	int err;

	st->result_mask = STATX_BASIC_STATS;
	st->attributes = 0;
	st->attributes_mask = 0;
	st->btime.sec = 0;
	st->btime.nsec = 0;
	err = inode->ops->getattr ? inode->ops->getattr(inode, p, st, mask) : simple_getattr(inode, p, st, mask);
	if (err)
		return err;
	st->attributes_mask |= STATX_ATTR_AUTOMOUNT | STATX_ATTR_DAX | STATX_ATTR_MOUNT_ROOT;
	st->mnt_id = (u64)p->mnt->id;
	st->result_mask |= STATX_MNT_ID;
	if (p->mnt->root == p->dentry)
		st->attributes |= STATX_ATTR_MOUNT_ROOT;
	return 0;
}

static int stat_out(const struct kstat *st, uout_stat buf)
{
	struct user_ns *ns = current_cred()->user_ns;
	struct stat s;

	s.st_dev = user_dev(st->dev);
	s.st_ino = st->ino;
	s.st_nlink = st->nlink;
	s.st_mode = st->mode;
	s.st_uid = from_kuid(ns, st->uid);
	s.st_gid = from_kgid(ns, st->gid);
	s.__pad0 = 0;
	s.st_rdev = user_dev(st->rdev);
	s.st_size = st->size;
	s.st_blksize = st->blksize;
	s.st_blocks = (s64)st->blocks;
	s.st_atime = (u64)st->atime.sec;
	s.st_atime_nsec = st->atime.nsec;
	s.st_mtime = (u64)st->mtime.sec;
	s.st_mtime_nsec = st->mtime.nsec;
	s.st_ctime = (u64)st->ctime.sec;
	s.st_ctime_nsec = st->ctime.nsec;
	s.st_unused[0] = s.st_unused[1] = s.st_unused[2] = 0;
	return copy_out(buf, &s);
}

static inline void time_out(struct statx_timestamp *u, const struct timespec64 *t)
{
	u->tv_sec = t->sec;
	u->tv_nsec = t->nsec;
}

static int statx_out(const struct kstat *st, uout_statx buf)
{
	struct user_ns *ns = current_cred()->user_ns;
	struct statx s;

	memset(&s, 0, sizeof(s));
	s.stx_mask = st->result_mask;
	s.stx_blksize = st->blksize;
	s.stx_attributes = st->attributes & st->attributes_mask;
	s.stx_nlink = st->nlink;
	s.stx_uid = from_kuid(ns, st->uid);
	s.stx_gid = from_kgid(ns, st->gid);
	s.stx_mode = st->mode;
	s.stx_ino = st->ino;
	s.stx_size = (u64)st->size;
	s.stx_blocks = st->blocks;
	s.stx_attributes_mask = st->attributes_mask;
	time_out(&s.stx_atime, &st->atime);
	time_out(&s.stx_btime, &st->btime);
	time_out(&s.stx_ctime, &st->ctime);
	time_out(&s.stx_mtime, &st->mtime);
	s.stx_rdev_major = dev_major(st->rdev);
	s.stx_rdev_minor = dev_minor(st->rdev);
	s.stx_dev_major = dev_major(st->dev);
	s.stx_dev_minor = dev_minor(st->dev);
	s.stx_mnt_id = st->mnt_id;
	return copy_out(buf, &s);
}

static int stat_fd(int fd, struct kstat *st)
{
	struct fd f = fdget_raw(fd);
	int err;

	if (unlikely(!f.file))
		return -EBADF;
	err = vfs_getattr(&f.file->path, st, STATX_BASIC_STATS, 0);
	fdput(f);
	return err;
}

#define STAT_AT_KNOWN	(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)

static int stat_at(int dirfd, uin_str path, int flags, struct kstat *st, u32 mask)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path p;
	int err;

	if (flags & ~STAT_AT_KNOWN)
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	err = vfs_getattr(&p, st, mask, (u32)flags);
	path_put(&p);
	return err;
}

long sys_stat(uin_str path, uout_stat buf)
{
	struct kstat st;
	int err = stat_at(AT_FDCWD, path, 0, &st, STATX_BASIC_STATS);

	return err ? err : stat_out(&st, buf);
}

long sys_lstat(uin_str path, uout_stat buf)
{
	struct kstat st;
	int err = stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &st, STATX_BASIC_STATS);

	return err ? err : stat_out(&st, buf);
}

long sys_fstat(int fd, uout_stat buf)
{
	struct kstat st;
	int err = stat_fd(fd, &st);

	return err ? err : stat_out(&st, buf);
}

long sys_newfstatat(int dirfd, uin_str path, uout_stat buf, int flags)
{
	struct kstat st;
	int err;

	err = stat_at(dirfd, path, flags, &st, STATX_BASIC_STATS);
	return err ? err : stat_out(&st, buf);
}

long sys_statx(int dirfd, uin_str path, unsigned int flags, unsigned int mask, uout_statx buf)
{
	struct kstat st;
	int err;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_at(dirfd, path, (int)flags, &st, mask);
	return err ? err : statx_out(&st, buf);
}

/* --- statfs --- */

static int statfs_out(const struct kstatfs *k, uout_statfs buf)
{
	struct statfs s;

	memset(&s, 0, sizeof(s));
	s.f_type = (s64)k->type;
	s.f_bsize = (s64)k->bsize;
	s.f_blocks = (s64)k->blocks;
	s.f_bfree = (s64)k->bfree;
	s.f_bavail = (s64)k->bavail;
	s.f_files = (s64)k->files;
	s.f_ffree = (s64)k->ffree;
	s.f_fsid.val[0] = (s32)k->fsid;
	s.f_fsid.val[1] = (s32)(k->fsid >> 32);
	s.f_namelen = (s64)k->namelen;
	s.f_frsize = (s64)k->frsize;
	s.f_flags = (s64)k->flags;
	return copy_out(buf, &s);
}

long sys_statfs(uin_str path, uout_statfs buf)
{
	struct kstatfs k;
	struct path p;
	int err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (err)
		return err;
	err = vfs_statfs(&p, &k);
	path_put(&p);
	return err ? err : statfs_out(&k, buf);
}

long sys_fstatfs(int fd, uout_statfs buf)
{
	struct fd f = fdget_raw(fd);
	struct kstatfs k;
	int err;

	if (!f.file)
		return -EBADF;
	err = vfs_statfs(&f.file->path, &k);
	fdput(f);
	return err ? err : statfs_out(&k, buf);
}

struct ustat_find {
	u32 dev;
	bool found;
	struct kstatfs k;
	int err;
};

static void ustat_one(struct super_block *sb, void *arg)
{
	struct ustat_find *u = arg;

	if (u->found || user_dev(sb->dev) != u->dev)
		return;
	u->found = true;
	memset(&u->k, 0, sizeof(u->k));
	u->err = SOP(sb, statfs) ? sb->ops->statfs(sb->root, &u->k) : -ENOSYS;
}

long sys_ustat(u32 dev, uout_void buf)
{
	struct { s32 tfree; u32 pad; u64 tinode; char fname[6], fpack[6]; u32 pad2; } u = { 0 };
	struct ustat_find f = { .dev = dev };

	super_for_each(ustat_one, &f);
	if (!f.found)
		return -EINVAL;
	if (f.err)
		return f.err;
	u.tfree = (s32)f.k.bfree;
	u.tinode = f.k.ffree;
	return copy_out_bytes(uaddr(buf.addr), &u, sizeof(u));
}

/* --- readlink, getcwd --- */

static int readlink_path(const struct path *p, uaddr_t buf, size_t size)
{
	struct inode *inode = p->dentry->inode;
	struct delayed_put done = { NULL, NULL };
	const char *s;
	size_t n;
	int err;

	path_accessed(p, inode);
	s = inode->link ? inode->link : inode_get_link(inode, p->dentry, &done);
	if (IS_ERR(s))
		return (int)PTR_ERR(s);
	n = min(strlen(s), size);
	err = copy_out_bytes(buf, s, n);
	if (done.fn)
		done.fn(done.arg);
	return err ? err : (int)n;
}

long sys_readlinkat(int dirfd, uin_str path, uout_void buf, int size)
{
	struct path p;
	struct filename *n;
	bool empty;
	int err;

	if (size <= 0)
		return -EINVAL;
	n = filename_get(path, LOOKUP_EMPTY);
	if (IS_ERR(n))
		return PTR_ERR(n);
	empty = n->len == 0;
	err = path_lookup_at(dirfd, n, LOOKUP_EMPTY, &p);
	filename_put(n);
	if (err)
		return err;
	if (S_ISLNK_I(p.dentry->inode))
		err = readlink_path(&p, uaddr(buf.addr), (size_t)size);
	else
		err = empty ? -ENOENT : -EINVAL;
	path_put(&p);
	return err;
}

long sys_readlink(uin_str path, uout_void buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

long sys_getcwd(uout_void buf, size_t size)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL), *s;
	struct path pwd, root;
	long n;

	if (!page)
		return -ENOMEM;
	fs_get_pwd(current->fs, &pwd);
	fs_get_root(current->fs, &root);
	if (dentry_unhashed(pwd.dentry) && !dentry_is_root(pwd.dentry)) {
		n = -ENOENT;
		goto out;
	}
	s = path_text(&pwd, &root, page, PATH_MAX);
	if (IS_ERR(s)) {
		n = PTR_ERR(s);
		goto out;
	}
	n = (long)strlen(s) + 1;
	if ((size_t)n > size)
		n = -ERANGE;
	else if (copy_out_bytes(uaddr(buf.addr), s, (size_t)n))
		n = -EFAULT;
out:
	path_put(&root);
	path_put(&pwd);
	kfree(page);
	return n;
}
