/* SPDX-License-Identifier: MPL-2.0 */
/* select and pselect6: sets, timeouts, nfds, bad descriptors, remaining time. */
#include "ktest_user.h"

CASE(sets)
{
	int p[2];
	fd_set r, w, e;
	struct timeval tv = { 0, 0 };

	CHECK_OK(pipe(p));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(p[0], &r);
	FD_SET(p[1], &w);
	FD_SET(p[0], &e);
	CHECK_EQ(select(p[1] + 1, &r, &w, &e, &tv), 1);
	CHECK(!FD_ISSET(p[0], &r));
	CHECK(FD_ISSET(p[1], &w));
	CHECK(!FD_ISSET(p[0], &e));
	CHECK_EQ(write(p[1], "x", 1), 1);
	FD_SET(p[0], &r);
	CHECK_EQ(select(p[1] + 1, &r, &w, NULL, NULL), 2);
	CHECK(FD_ISSET(p[0], &r));
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	CHECK_EQ(select(p[0], &r, NULL, NULL, &tv), 0);	/* nfds excludes it */
	CHECK_OK(close(p[1]));
	FD_SET(p[0], &r);
	CHECK_EQ(select(p[0] + 1, &r, NULL, NULL, &tv), 1);
}
CASE(same_descriptor_counts_twice)
{
	fd_set r, w;

	kt_put("f", "");
	int fd = CHECK_OK(open("f", O_RDWR));
	FD_ZERO(&r);
	FD_SET(fd, &r);
	w = r;
	CHECK_EQ(select(fd + 1, &r, &w, NULL, NULL), 2);
}
CASE(errors)
{
	fd_set r;
	struct timeval tv = { 0, 0 }, bad = { 0, -1 };

	FD_ZERO(&r);
	CHECK_EQ(dup2(0, 20), 20);
	CHECK_OK(close(20));
	FD_SET(20, &r);
	CHECK_ERR(select(21, &r, NULL, NULL, &tv), EBADF);
	CHECK_ERR(select(-1, NULL, NULL, NULL, &tv), EINVAL);
	CHECK_ERR(syscall(SYS_select, 1, 8, NULL, NULL, &tv), EFAULT);
	CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, &bad), EINVAL);
	CHECK_EQ(select(0, NULL, NULL, NULL, &tv), 0);
}
CASE(time_left)
{
	struct timeval tv = { 0, 20000 };
	long long t = kt_now();
	int p[2];
	fd_set r;

	CHECK_EQ(syscall(SYS_select, 0, NULL, NULL, NULL, &tv), 0);
	CHECK_GE(kt_now() - t, 20000000);
	CHECK_EQ(tv.tv_usec, 0);
	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "x", 1), 1);
	tv = (struct timeval){ 100, 0 };
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	CHECK_EQ(syscall(SYS_select, p[0] + 1, &r, NULL, NULL, &tv), 1);
	CHECK_GE(tv.tv_sec, 90);
}
static void on_sig(int s) { }
CASE(pselect_mask)
{
	sigset_t m;
	struct { const void *p; size_t n; } arg = { &m, 8 };
	pid_t p;

	CHILD(p) {
		kt_handle(SIGUSR1, on_sig);
		sigemptyset(&m);
		sigaddset(&m, SIGUSR1);
		CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
		sigemptyset(&m);
		CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &arg), EINTR);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
	arg.n = 7;
	CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &arg), EINVAL);
}
