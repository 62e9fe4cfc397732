/* SPDX-License-Identifier: MPL-2.0 */
/* stat, fstat, lstat: every field for every kind of file, and the errors. */
#include "ktest_user.h"

CASE(regular)
{
	struct stat a, b;
	struct timespec t0, t1;

	clock_gettime(CLOCK_REALTIME_COARSE, &t0);
	kt_put("f", "hello");
	clock_gettime(CLOCK_REALTIME_COARSE, &t1);
	CHECK_OK(stat("f", &a));
	CHECK_EQ(a.st_mode, S_IFREG | 0644);
	CHECK_EQ(a.st_size, 5);
	CHECK_EQ(a.st_nlink, 1);
	CHECK_EQ(a.st_uid, 0);
	CHECK_EQ(a.st_gid, 0);
	CHECK_EQ(a.st_blksize, kt_block());
	CHECK_EQ(a.st_blocks, kt_used(0, 5));
	CHECK_EQ(a.st_rdev, 0);
	CHECK_GE(a.st_mtim.tv_sec, t0.tv_sec);
	CHECK_LE(a.st_mtim.tv_sec, t1.tv_sec);
	CHECK_OK(lstat("f", &b));
	CHECK_MEM(&a, &b, sizeof(a));
	CHECK_OK(fstat(CHECK_OK(open("f", O_RDONLY)), &b));
	CHECK_MEM(&a, &b, sizeof(a));
}
CASE(kinds)
{
	struct stat st;
	int p[2];

	CHECK_OK(mkdir("d", 0711));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_mode, S_IFDIR | 0711);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_nlink, 3);
	CHECK_OK(symlink("target", "l"));
	CHECK_OK(lstat("l", &st));
	CHECK_EQ(st.st_mode, S_IFLNK | 0777);
	CHECK_EQ(st.st_size, 6);
	CHECK_ERR(stat("l", &st), ENOENT);
	CHECK_OK(mkfifo("p", 0640));
	CHECK_OK(stat("p", &st));
	CHECK_EQ(st.st_mode, S_IFIFO | 0640);
	CHECK_OK(mknod("c", S_IFCHR | 0600, makedev(1, 3)));
	CHECK_OK(stat("c", &st));
	CHECK_EQ(st.st_mode, S_IFCHR | 0600);
	CHECK_EQ(st.st_rdev, makedev(1, 3));
	CHECK_OK(mknod("b", S_IFBLK | 0600, makedev(254, 1048575)));
	CHECK_OK(stat("b", &st));
	CHECK_EQ(st.st_mode, S_IFBLK | 0600);
	CHECK_EQ(st.st_rdev, makedev(254, 1048575));
	CHECK_OK(pipe(p));
	CHECK_OK(fstat(p[0], &st));
	CHECK_EQ(st.st_mode, S_IFIFO | 0600);
	CHECK_OK(fstat(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), &st));
	CHECK_EQ(st.st_mode, S_IFSOCK | 0777);
}
CASE(device_numbers_tell_file_systems_apart)
{
	struct stat a, b;

	CHECK_OK(stat("/proc", &a));
	CHECK_OK(stat("/tmp", &b));
	CHECK_NE(a.st_dev, b.st_dev);
	CHECK_OK(stat(".", &a));
	CHECK_EQ(a.st_dev, b.st_dev);
	CHECK_OK(stat("/dev/null", &a));
	CHECK_EQ(a.st_rdev, makedev(1, 3));
	CHECK(S_ISCHR(a.st_mode));
	CHECK_EQ(a.st_mode & 0777, 0666);
}
CASE(errors)
{
	struct stat st;
	pid_t p;

	CHECK_ERR(stat("missing", &st), ENOENT);
	CHECK_ERR(stat("", &st), ENOENT);
	CHECK_ERR(fstat(-1, &st), EBADF);
	CHECK_ERR(syscall(SYS_stat, ".", 8), EFAULT);
	CHECK_ERR(syscall(SYS_stat, 8, &st), EFAULT);
	CHECK_ERR(syscall(SYS_fstat, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_lstat, ".", -8L), EFAULT);
	kt_put("f", "");
	CHECK_ERR(stat("f/x", &st), ENOTDIR);
	CHECK_OK(mkdir("d", 0700));
	kt_put("d/f", "");
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(stat("d/f", &st), EACCES);
		CHECK_OK(stat("d", &st));
	}
	WAIT_EXIT(p, 0);
}
