/* SPDX-License-Identifier: MPL-2.0 */
/* Setting access and modification times: utimensat and its older forms. */
#include "internal.h"
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <uapi/linux/utime.h>

static bool nsec_ok(s64 n)
{
	return n == UTIME_NOW || n == UTIME_OMIT || (u64)n < 1000000000u;
}

/* times: two of them, or NULL for now. */
static int set_times(const struct path *p, const struct timespec *times)
{
	struct iattr attr = { .valid = ATTR_CTIME | ATTR_MTIME | ATTR_ATIME };
	struct inode *inode = p->dentry->inode;
	int err;

	if (times && times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)
		times = NULL;
	if (times) {
		if (times[0].tv_nsec == UTIME_OMIT) {
			attr.valid &= ~ATTR_ATIME;
		} else if (times[0].tv_nsec != UTIME_NOW) {
			attr.atime = (struct timespec64){ times[0].tv_sec, (u32)times[0].tv_nsec };
			attr.valid |= ATTR_ATIME_SET;
		}
		if (times[1].tv_nsec == UTIME_OMIT) {
			attr.valid &= ~ATTR_MTIME;
		} else if (times[1].tv_nsec != UTIME_NOW) {
			attr.mtime = (struct timespec64){ times[1].tv_sec, (u32)times[1].tv_nsec };
			attr.valid |= ATTR_MTIME_SET;
		}
		/* One of them "now", the other left: still the owner's right, not a writer's. */
		attr.valid |= ATTR_OWNER_ONLY;
	} else {
		attr.valid |= ATTR_TOUCH;
	}
	err = mount_want_write(p->mnt);
	if (err)
		return err;
	inode_lock(inode);
	err = inode_change_attr(p->dentry, &attr);
	inode_unlock(inode);
	mount_drop_write(p->mnt);
	return err;
}

static long utimes_fd(int fd, const struct timespec *times)
{
	struct fd f = fdget(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = set_times(&f.file->path, times);
	fdput(f);
	return err;
}

static long utimes_do(int dirfd, uin_str path, const struct timespec *times, int flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path p;
	int err;

	if (times && (!nsec_ok(times[0].tv_nsec) || !nsec_ok(times[1].tv_nsec)))
		return -EINVAL;
	if (!path.addr && dirfd != AT_FDCWD)
		return flags ? -EINVAL : utimes_fd(dirfd, times);
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dirfd, path, lookup, &p);
	if (err)
		return err;
	err = set_times(&p, times);
	path_put(&p);
	return err;
}

long sys_utimensat(int dirfd, uin_str path, uin_timespec times, int flags)
{
	struct timespec t[2];

	if (!times.addr)
		return utimes_do(dirfd, path, NULL, flags);
	if (copy_in_n(t, times, 2))
		return -EFAULT;
	/* Nothing to set: not even the path is looked at. */
	if (t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT)
		return 0;
	return utimes_do(dirfd, path, t, flags);
}

long sys_futimesat(int dirfd, uin_str path, uin_timeval times)
{
	struct timeval tv[2];
	struct timespec t[2];

	if (!times.addr)
		return utimes_do(dirfd, path, NULL, 0);
	if (copy_in_n(tv, times, 2))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if ((u64)tv[i].tv_usec >= 1000000)
			return -EINVAL;
		t[i].tv_sec = tv[i].tv_sec;
		t[i].tv_nsec = tv[i].tv_usec * 1000;
	}
	return utimes_do(dirfd, path, t, 0);
}

long sys_utimes(uin_str path, uin_timeval times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(uin_str path, uin_utimbuf times)
{
	struct timespec t[2] = { { 0 } };
	struct utimbuf b;

	if (!times.addr)
		return utimes_do(AT_FDCWD, path, NULL, 0);
	if (copy_in(&b, times))
		return -EFAULT;
	t[0].tv_sec = b.actime;
	t[1].tv_sec = b.modtime;
	return utimes_do(AT_FDCWD, path, t, 0);
}
