/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Descriptor exhaustion: RLIMIT_NOFILE, many open files, table growth, close of all at exit.
 */
#include "ktest_user.h"

CASE(thousands)
{
	struct rlimit rl = { 8192, 8192 };
	int p[2];

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_OK(pipe(p));
	for (int i = p[1] + 1; i < 8192; i++)
		CHECK_EQ(dup(p[i & 1]), i);
	CHECK_ERR(dup(0), EMFILE);
	CHECK_EQ(write(8191, "x", 1), 1);
	char c;
	CHECK_EQ(read(8190, &c, 1), 1);
	for (int i = p[1] + 1; i < 8192; i += 2)
		CHECK_OK(close(i));
	CHECK_EQ(dup(0), p[1] + 1);
	pid_t pid;
	CHILD(pid)
		CHECK_EQ(fcntl(8190, F_GETFD), 0);
	WAIT_EXIT(pid, 0);
}
CASE(limit_lowered_below_open)
{
	struct rlimit rl = { 5, 1024 };

	CHECK_EQ(dup2(0, 100), 100);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_OK(fcntl(100, F_GETFD));
	CHECK_ERR(dup2(0, 5), EBADF);
	while (dup(0) >= 0)
		;
	CHECK_EQ(errno, EMFILE);
	struct pollfd f[6] = { { 0, 0, 0 } };
	CHECK_ERR(poll(f, 6, 0), EINVAL);
}
CASE(everything_at_once)
{
	struct rlimit rl = { 64, 64 };
	int n = kt_nfds(), s[2];

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	for (int i = n; i < 64; i++)
		CHECK_OK(dup(0));
	CHECK_ERR(open("f", O_CREAT | O_RDWR, 0644), EMFILE);
	CHECK_ERR(access("f", F_OK), ENOENT);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
	CHECK_ERR(epoll_create1(0), EMFILE);
	CHECK_ERR(eventfd(0, 0), EMFILE);
	CHECK_ERR(inotify_init1(0), EMFILE);
	CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 0), EMFILE);
	CHECK_OK(close(63));
	CHECK_ERR(pipe(s), EMFILE);
	CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, s), EMFILE);
	CHECK_EQ(dup(0), 63);	/* the failures gave their number back */
}
