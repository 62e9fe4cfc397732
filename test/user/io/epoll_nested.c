/* SPDX-License-Identifier: MPL-2.0 */
/* epoll inside epoll, loops refused, waiting threads, poll of an epoll descriptor. */
#include "ktest_user.h"

static struct epoll_event ev[16];

static int add(int ep, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}
CASE(nested)
{
	int outer = CHECK_OK(epoll_create1(0)), inner = CHECK_OK(epoll_create1(0)), p[2];
	struct pollfd f = { outer, POLLIN, 0 };
	char c;

	CHECK_OK(pipe(p));
	CHECK_OK(add(inner, p[0]));
	CHECK_OK(add(outer, inner));
	CHECK_EQ(epoll_wait(outer, ev, 16, 0), 0);
	CHECK_EQ(poll(&f, 1, 0), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(f.revents, POLLIN);
	CHECK_EQ(epoll_wait(outer, ev, 16, 0), 1);
	CHECK_EQ(ev[0].data.fd, inner);
	CHECK_EQ(epoll_wait(inner, ev, 16, 0), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(epoll_wait(outer, ev, 16, 0), 0);
	CHECK_ERR(add(inner, outer), ELOOP);
}
CASE(depth)
{
	int ep[8], i;

	ep[0] = CHECK_OK(epoll_create1(0));
	for (i = 1; i < 8; i++) {
		ep[i] = CHECK_OK(epoll_create1(0));
		if (add(ep[i], ep[i - 1]))
			break;
	}
	CHECK_EQ(errno, ELOOP);
	CHECK_EQ(i, 5);
}
CASE(waiter_is_woken)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	CHECK_OK(add(ep, p[0]));
	CHILD(pid) {
		CHECK_EQ(epoll_wait(ep, ev, 16, -1), 1);
		CHECK_EQ(ev[0].data.fd, p[0]);
	}
	WAIT_BLOCKED(pid);
	CHECK_EQ(write(p[1], "x", 1), 1);
	WAIT_EXIT(pid, 0);
}
CASE(added_while_waiting)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHILD(pid)
		CHECK_EQ(epoll_wait(ep, ev, 16, -1), 1);
	WAIT_BLOCKED(pid);
	CHECK_OK(add(ep, p[0]));
	WAIT_EXIT(pid, 0);
}
static void on_sig(int s) { }
CASE(pwait_mask_and_interrupt)
{
	int ep = CHECK_OK(epoll_create1(0));
	sigset_t m, none;
	pid_t p;

	sigemptyset(&none);
	CHILD(p) {
		struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_RESTART };
		CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
		sigemptyset(&m);
		sigaddset(&m, SIGUSR1);
		CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
		CHECK_ERR(epoll_pwait(ep, ev, 16, -1, &none), EINTR);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(timeouts)
{
	int ep = CHECK_OK(epoll_create1(0));
	long long t = kt_now();
	struct timespec ts = { 0, 15000000 };

	CHECK_EQ(epoll_wait(ep, ev, 16, 15), 0);
	CHECK_GE(kt_now() - t, 15000000);
	SKIP_IF_ENOSYS(syscall(SYS_epoll_pwait2, ep, ev, 16, &ts, NULL, 8));
	t = kt_now();
	CHECK_EQ(syscall(SYS_epoll_pwait2, ep, ev, 16, &ts, NULL, 8), 0);
	CHECK_GE(kt_now() - t, 15000000);
	ts.tv_nsec = -1;
	CHECK_ERR(syscall(SYS_epoll_pwait2, ep, ev, 16, &ts, NULL, 8), EINVAL);
}
