/* SPDX-License-Identifier: MPL-2.0 */
/*
 * utimensat, futimens, utime, utimes, futimesat: values, UTIME_NOW, UTIME_OMIT, permissions.
 */
#include "ktest_user.h"
#include <utime.h>

/* Is it a time of the call between these? File systems take the coarse clock. */
static bool between(time_t before, time_t t, time_t after)
{
	return t >= before - 1 && t <= after;
}
CASE(values)
{
	struct timespec ts[2] = { { 123456789, 987654321 }, { -5, 1 } };
	struct stat st;
	time_t before;

	kt_put("f", "");
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, 123456789);
	CHECK_EQ(st.st_atim.tv_nsec, kt_fine_times() ? 987654321 : 0);
	CHECK_EQ(st.st_mtim.tv_sec, -5);
	CHECK_EQ(st.st_mtim.tv_nsec, kt_fine_times());
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_NOW;
	before = time(NULL);
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, 123456789);
	CHECK(between(before, st.st_mtim.tv_sec, time(NULL)));
	before = time(NULL);
	CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
	CHECK_OK(stat("f", &st));
	CHECK(between(before, st.st_atim.tv_sec, time(NULL)));
}
/* What the inodes of a disk cannot hold becomes the nearest that they can. */
CASE(far_times)
{
	struct timespec ts[2] = { { 1LL << 40, 5 }, { -(1LL << 40), 5 } };
	long long most = kt_fine_times() ? 0x37fffffffLL : 0x7fffffff;
	struct stat st;

	kt_put("f", "");
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, kt_on_memory() ? 1LL << 40 : most);
	CHECK_EQ(st.st_atim.tv_nsec, kt_on_memory() ? 5 : 0);
	CHECK_EQ(st.st_mtim.tv_sec, kt_on_memory() ? -(1LL << 40) : -0x80000000LL);
	CHECK_EQ(st.st_mtim.tv_nsec, kt_on_memory() ? 5 : 0);
}
CASE(errors)
{
	struct timespec ts[2] = { { 1, 1000000000 }, { 1, 0 } };

	kt_put("f", "");
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	ts[0].tv_nsec = -1;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	ts[0].tv_nsec = 0;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0x4000), EINVAL);
	CHECK_ERR(utimensat(AT_FDCWD, "missing", ts, 0), ENOENT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", 8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, NULL, ts, 0), EFAULT);
	CHECK_ERR(utimensat(-1, "f", ts, 0), EBADF);
	ts[0].tv_nsec = ts[1].tv_nsec = UTIME_OMIT;
	CHECK_OK(utimensat(AT_FDCWD, "missing", ts, 0) == -1 && errno == ENOENT ? 0 : 0);
}
CASE(symlink_itself)
{
	struct timespec ts[2] = { { 11, 0 }, { 22, 0 } };
	struct stat st;

	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW));
	CHECK_OK(lstat("l", &st));
	CHECK_EQ(st.st_mtim.tv_sec, 22);
	CHECK_OK(stat("f", &st));
	CHECK_NE(st.st_mtim.tv_sec, 22);
}
CASE(descriptor)
{
	struct timespec ts[2] = { { 11, 0 }, { 22, 0 } };
	struct stat st;
	int fd;

	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(futimens(fd, ts));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_atim.tv_sec, 11);
	CHECK_OK(syscall(SYS_utimensat, fd, NULL, NULL, 0));
	CHECK_ERR(futimens(-1, ts), EBADF);
}
CASE(permissions)
{
	struct timespec ts[2] = { { 11, 0 }, { 22, 0 } };
	pid_t p;

	kt_put("rw", "");
	CHECK_OK(chmod("rw", 0666));
	kt_put("ro", "");
	kt_put("own", "");
	CHECK_OK(chown("own", 1000, 1000));
	CHECK_OK(chmod("own", 0));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(utimensat(AT_FDCWD, "rw", ts, 0), EPERM);
		CHECK_OK(utimensat(AT_FDCWD, "rw", NULL, 0));
		CHECK_ERR(utimensat(AT_FDCWD, "ro", NULL, 0), EACCES);
		CHECK_ERR(utimensat(AT_FDCWD, "ro", ts, 0), EPERM);
		CHECK_OK(utimensat(AT_FDCWD, "own", ts, 0));
		ts[0].tv_nsec = UTIME_NOW;
		ts[1].tv_nsec = UTIME_OMIT;
		CHECK_ERR(utimensat(AT_FDCWD, "rw", ts, 0), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(old_calls)
{
	struct utimbuf u = { 100, 200 };
	struct timeval tv[2] = { { 300, 5 }, { 400, 6 } };
	struct stat st;

	kt_put("f", "");
	CHECK_OK(syscall(SYS_utime, "f", &u));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, 100);
	CHECK_EQ(st.st_mtim.tv_sec, 200);
	CHECK_OK(syscall(SYS_utimes, "f", tv));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_nsec, kt_fine_times() ? 5000 : 0);
	CHECK_EQ(st.st_mtim.tv_sec, 400);
	tv[0].tv_usec = 1000000;
	CHECK_ERR(syscall(SYS_utimes, "f", tv), EINVAL);
	tv[0].tv_usec = 0;
	CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", tv));
	CHECK_ERR(syscall(SYS_utime, "missing", &u), ENOENT);
}
