/* SPDX-License-Identifier: MPL-2.0 */
/* O_CLOEXEC and FD_CLOEXEC: set at open, kept apart by dup, applied by execve. */
#include "ktest_user.h"

CASE(flag)
{
	int fd = CHECK_OK(open(".", O_RDONLY | O_CLOEXEC));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(CHECK_OK(dup(fd)), F_GETFD), 0);
	CHECK_EQ(fcntl(CHECK_OK(open(".", O_RDONLY)), F_GETFD), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_CLOEXEC, 0);
	CHECK_OK(fcntl(fd, F_SETFD, 0));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, 0xfffe));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
}
CASE(execve_closes)
{
	int fds[2];
	char buf[256];
	ssize_t n;
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		for (int i = 3; i < 64; i++)
			if (i != fds[1])
				close(i);
		CHECK_OK(dup2(fds[1], 1));
		close(fds[1]);
		CHECK_EQ(CHECK_OK(open(".", O_RDONLY)), 3);
		CHECK_EQ(CHECK_OK(open(".", O_RDONLY | O_CLOEXEC)), 4);
		CHECK_EQ(CHECK_OK(open(".", O_RDONLY)), 5);
		execl("/test/aux/static", "static", "fds", NULL);
		FAIL("execl: errno %d", errno);
	}
	WAIT_EXIT(p, 0);
	close(fds[1]);
	n = CHECK_OK(read(fds[0], buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(buf, "0\n1\n2\n3\n5\n");
}
