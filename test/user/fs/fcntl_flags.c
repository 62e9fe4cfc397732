/* SPDX-License-Identifier: MPL-2.0 */
/* fcntl: F_GETFL and F_SETFL, F_GETOWN, F_GETPIPE_SZ, unknown commands. */
#include "ktest_user.h"

CASE(getfl)
{
	int p[2];
	int fd = CHECK_OK(open("f", O_CREAT | O_EXCL | O_TRUNC | O_RDWR | O_NOFOLLOW, 0644));

	/* creation flags are not kept; O_LARGEFILE (0100000) always is */
	CHECK_EQ(fcntl(fd, F_GETFL), 0100000 | O_RDWR | O_NOFOLLOW);
	CHECK_OK(pipe2(p, O_NONBLOCK));
	CHECK_EQ(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(p[1], F_GETFL), O_WRONLY | O_NONBLOCK);
}
CASE(setfl_changes_only_some)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_OK(fcntl(fd, F_SETFL, O_WRONLY | O_APPEND | O_NONBLOCK | O_CREAT | O_TRUNC));
	CHECK_EQ(fcntl(fd, F_GETFL) & ~0100000, O_RDWR | O_APPEND | O_NONBLOCK);
	CHECK_OK(fcntl(fd, F_SETFL, O_NOATIME));
	CHECK_EQ(fcntl(fd, F_GETFL) & ~0100000, O_RDWR | O_NOATIME);
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	CHECK_EQ(fcntl(fd, F_GETFL) & ~0100000, O_RDWR);
}
CASE(owner)
{
	int p[2];

	CHECK_OK(pipe(p));
	CHECK_EQ(fcntl(p[0], F_GETOWN), 0);
	CHECK_OK(fcntl(p[0], F_SETOWN, getpid()));
	CHECK_EQ(fcntl(p[0], F_GETOWN), getpid());
	CHECK_EQ(fcntl(p[0], F_GETSIG), 0);
	CHECK_OK(fcntl(p[0], F_SETSIG, SIGUSR1));
	CHECK_EQ(fcntl(p[0], F_GETSIG), SIGUSR1);
	CHECK_ERR(fcntl(p[0], F_SETSIG, 65), EINVAL);
}
CASE(pipe_size)
{
	int p[2];

	CHECK_OK(pipe(p));
	CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
	CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 5000), 8192);
	CHECK_EQ(fcntl(p[1], F_GETPIPE_SZ), 8192);
	CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1), 4096);
	CHECK_ERR(fcntl(CHECK_OK(open(".", O_RDONLY)), F_GETPIPE_SZ), EBADF);
}
CASE(errors)
{
	CHECK_ERR(syscall(SYS_fcntl, 0, 9999, 0), EINVAL);
	CHECK_ERR(fcntl(-1, F_GETFD), EBADF);
	CHECK_ERR(fcntl(-1, F_GETFL), EBADF);
	CHECK_ERR(syscall(SYS_fcntl, 0, F_GETLK, 8), EFAULT);
}
