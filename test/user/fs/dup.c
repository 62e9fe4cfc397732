/* SPDX-License-Identifier: MPL-2.0 */
/* dup, dup2, dup3, F_DUPFD: numbers, shared offset, flags, limits, errors. */
#include "ktest_user.h"

CASE(numbers)
{
	int fd = CHECK_OK(open(".", O_RDONLY));

	CHECK_EQ(dup(fd), fd + 1);
	CHECK_EQ(dup2(fd, 50), 50);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_EQ(dup3(fd, 51, O_CLOEXEC), 51);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(50, F_GETFD), 0);
	CHECK_EQ(fcntl(fd, F_DUPFD, 60), 60);
	CHECK_EQ(fcntl(fd, F_DUPFD, 60), 61);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 0), fd + 2);
	CHECK_EQ(fcntl(fd + 2, F_GETFD), FD_CLOEXEC);
}
CASE(replaces_and_closes)
{
	int p[2];
	char c;

	CHECK_OK(pipe(p));
	CHECK_EQ(dup2(p[1], 40), 40);
	CHECK_OK(close(p[1]));
	CHECK_EQ(dup2(0, 40), 40);	/* that closed the last writer */
	CHECK_EQ(read(p[0], &c, 1), 0);
}
CASE(shared_state)
{
	int a, b;

	kt_put("f", "abcdef");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(dup(a));
	CHECK_EQ(lseek(a, 3, SEEK_SET), 3);
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 3);
	CHECK_OK(fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK));
	CHECK_EQ(fcntl(b, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
	CHECK_OK(fcntl(a, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(b, F_GETFD), 0);
	CHECK_OK(close(a));
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 3);
}
CASE(errors)
{
	struct rlimit rl;

	CHECK_ERR(dup(-1), EBADF);
	CHECK_ERR(dup2(-1, 5), EBADF);
	CHECK_ERR(dup2(0, -1), EBADF);
	CHECK_ERR(dup2(900, 900), EBADF);
	CHECK_ERR(syscall(SYS_dup3, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_dup3, 0, 5, O_APPEND), EINVAL);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	CHECK_ERR(dup2(0, rl.rlim_cur), EBADF);
	CHECK_ERR(fcntl(0, F_DUPFD, rl.rlim_cur), EINVAL);
	CHECK_ERR(fcntl(0, F_DUPFD, -1), EINVAL);
	rl.rlim_cur = 10;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	while (dup(0) >= 0)
		;
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(kt_nfds(), 10);
	CHECK_ERR(open(".", O_RDONLY), EMFILE);
	CHECK_ERR(fcntl(0, F_DUPFD, 5), EMFILE);
	CHECK_ERR(pipe((int[2]){ 0 }), EMFILE);
	CHECK_EQ(dup2(0, 9), 9);
}
