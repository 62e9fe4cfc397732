/* SPDX-License-Identifier: MPL-2.0 */
/* ioctls that every file has: FIOCLEX, FIONBIO, FIOASYNC, FIONREAD, and ENOTTY. */
#include "ktest_user.h"

CASE(descriptor_flags)
{
	int on = 1, off = 0, p[2];

	CHECK_OK(pipe(p));
	CHECK_OK(ioctl(p[0], FIOCLEX));
	CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	CHECK_OK(ioctl(p[0], FIONCLEX));
	CHECK_EQ(fcntl(p[0], F_GETFD), 0);
	CHECK_OK(ioctl(p[0], FIONBIO, &on));
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_OK(ioctl(p[0], FIONBIO, &off));
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_ERR(syscall(SYS_ioctl, p[0], FIONBIO, 8), EFAULT);
}
CASE(fionread)
{
	int n, p[2], fd;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	CHECK_OK(ioctl(fd, FIONREAD, &n));
	CHECK_EQ(n, 3);
	CHECK_OK(pipe(p));
	CHECK_OK(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ(n, 0);
	CHECK_EQ(write(p[1], "abcd", 4), 4);
	CHECK_OK(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ(n, 4);
	CHECK_ERR(syscall(SYS_ioctl, p[0], FIONREAD, 8), EFAULT);
}
CASE(unknown)
{
	int x;

	kt_put("f", "hello");
	CHECK_ERR(ioctl(CHECK_OK(open("f", O_RDONLY)), 0x12345678, &x), ENOTTY);
	CHECK_ERR(ioctl(CHECK_OK(open("f", O_RDONLY)), TIOCGWINSZ, &x), ENOTTY);
	CHECK_ERR(ioctl(CHECK_OK(open("/dev/null", O_RDONLY)), 0x5401, &x), ENOTTY);
	CHECK_ERR(ioctl(-1, FIONREAD, &x), EBADF);
	CHECK_EQ(isatty(CHECK_OK(open(".", O_RDONLY))), 0);
}
