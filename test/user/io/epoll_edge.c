/* SPDX-License-Identifier: MPL-2.0 */
/* Edge-triggered and one-shot epoll, and EPOLLEXCLUSIVE, EPOLLRDHUP. */
#include "ktest_user.h"

static struct epoll_event ev[16];

static int ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	return epoll_ctl(ep, op, fd, &e);
}
CASE(edges)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];
	char c;

	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 0));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_EQ(write(p[1], "b", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);	/* new data: a new edge, though not drained */
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_OK(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 0));	/* re-arms */
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
}
CASE(oneshot)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];

	CHECK_OK(pipe(p));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLONESHOT, 0));
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_OK(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 0));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
}
CASE(rdhup)
{
	int ep = CHECK_OK(epoll_create1(0)), s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLRDHUP, 0));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_OK(shutdown(s[1], SHUT_WR));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(ev[0].events, EPOLLIN | EPOLLRDHUP);
	CHECK_OK(close(s[1]));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(ev[0].events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
}
CASE(exclusive_flags)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];

	CHECK_OK(pipe(p));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 0));
	CHECK_ERR(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 0), EINVAL);
	CHECK_ERR(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 0), EINVAL);
	CHECK_ERR(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 0), EINVAL);
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
}
