/* SPDX-License-Identifier: MPL-2.0 */
/* statx: mask, fields as stat gives them, attributes, and refused flags. */
#include "ktest_user.h"
#include <linux/stat.h>

CASE(fields_match_stat)
{
	struct statx x;
	struct stat st;

	SKIP_IF_ENOSYS(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, &x));
	kt_put("f", "hello");
	memset(&x, 0xaa, sizeof(x));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	CHECK_EQ(x.stx_mode, st.st_mode);
	CHECK_EQ(x.stx_size, st.st_size);
	CHECK_EQ(x.stx_ino, st.st_ino);
	CHECK_EQ(x.stx_nlink, st.st_nlink);
	CHECK_EQ(x.stx_uid, st.st_uid);
	CHECK_EQ(x.stx_gid, st.st_gid);
	CHECK_EQ(x.stx_blocks, st.st_blocks);
	CHECK_EQ(x.stx_blksize, st.st_blksize);
	CHECK_EQ(x.stx_mtime.tv_sec, st.st_mtim.tv_sec);
	CHECK_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
	CHECK_EQ(x.stx_ctime.tv_nsec, st.st_ctim.tv_nsec);
	CHECK_EQ(x.stx_atime.tv_nsec, st.st_atim.tv_nsec);
	CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev);
}
CASE(device_numbers)
{
	struct statx x;

	SKIP_IF_ENOSYS(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, &x));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, STATX_TYPE, &x));
	CHECK_EQ(x.stx_rdev_major, 1);
	CHECK_EQ(x.stx_rdev_minor, 3);
}
CASE(mount_root_attribute)
{
	struct statx x;

	SKIP_IF_ENOSYS(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, &x));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "/proc", 0, 0, &x));
	CHECK(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT);
	CHECK(x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, ".", 0, 0, &x));
	CHECK(!(x.stx_attributes & STATX_ATTR_MOUNT_ROOT));
}
CASE(flags_and_errors)
{
	struct statx x;
	int fd;

	SKIP_IF_ENOSYS(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, &x));
	kt_put("f", "hello");
	CHECK_OK(symlink("f", "l"));
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
	CHECK_EQ(x.stx_size, 5);
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x));
	CHECK(S_ISLNK(x.stx_mode));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_FORCE_SYNC, STATX_SIZE, &x));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_DONT_SYNC, STATX_SIZE, &x));
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", AT_STATX_SYNC_TYPE, STATX_SIZE, &x), EINVAL);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0x20000, STATX_SIZE, &x), EINVAL);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX__RESERVED, &x), EINVAL);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_SIZE, 8), EFAULT);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "", 0, STATX_SIZE, &x), ENOENT);
	CHECK_ERR(syscall(SYS_statx, -1, "f", 0, STATX_SIZE, &x), EBADF);
}
