/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Several waiters on one epoll: one event wakes one with EPOLLET, none is lost, close while
 * waiting.
 */
#include "ktest_user.h"

static int ep, p[2];
static _Atomic int got;
static void *waiter(void *x)
{
	struct epoll_event ev;

	for (;;) {
		CHECK_EQ(epoll_wait(ep, &ev, 1, -1), 1);
		char c;
		if (read(ev.data.fd, &c, 1) != 1)
			return NULL;
		got++;
	}
}
CASE(nothing_is_lost)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	pthread_t t[3];

	ep = CHECK_OK(epoll_create1(0));
	CHECK_OK(pipe2(p, O_NONBLOCK));
	ev.data.fd = p[0];
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, waiter, NULL), 0);
	for (int i = 1; i <= 300; i++) {
		CHECK_EQ(write(p[1], "x", 1), 1);
		while (got < i)
			sched_yield();
	}
	CHECK_EQ(got, 300);
}
CASE(oneshot_gives_to_one_only)
{
	enum { N = 20 };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	int fds[N];
	pid_t c[3];
	_Atomic int *seen = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ep = CHECK_OK(epoll_create1(0));
	for (int i = 0; i < N; i++) {
		fds[i] = CHECK_OK(eventfd(1, 0));
		ev.data.u32 = i;
		CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev));
	}
	for (int i = 0; i < 3; i++)
		CHILD(c[i]) {
			struct epoll_event e;
			while (epoll_wait(ep, &e, 1, 0) == 1)
				seen[e.data.u32]++;
		}
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(c[i], 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ(seen[i], 1);
}
CASE(many_descriptors)
{
	enum { N = 900 };
	static int fds[N];
	struct epoll_event ev = { .events = EPOLLIN }, out[64];
	int seen = 0, n;
	uint64_t v = 1;

	ep = CHECK_OK(epoll_create1(0));
	for (int i = 0; i < N; i++) {
		fds[i] = CHECK_OK(eventfd(0, EFD_NONBLOCK));
		ev.data.u32 = i;
		CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev));
	}
	for (int i = 0; i < N; i += 3)
		CHECK_EQ(write(fds[i], &v, 8), 8);
	while ((n = CHECK_OK(epoll_wait(ep, out, 64, 0))) > 0)
		for (int i = 0; i < n; i++, seen++) {
			CHECK_EQ(out[i].data.u32 % 3, 0);
			CHECK_EQ(read(fds[out[i].data.u32], &v, 8), 8);
		}
	CHECK_EQ(seen, N / 3);
}
