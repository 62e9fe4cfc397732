/* SPDX-License-Identifier: MPL-2.0 */
/* Level-triggered epoll: add, modify, delete, data, closing, maxevents, fairness. */
#include "ktest_user.h"

static struct epoll_event ev[16];

static int ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	return epoll_ctl(ep, op, fd, &e);
}
CASE(ready_list)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];
	char c;

	CHECK_OK(pipe(p));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0x123456789abcdef0));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_EQ(write(p[1], "ab", 2), 2);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
		CHECK_EQ(ev[0].events, EPOLLIN);
		CHECK_EQ(ev[0].data.u64, 0x123456789abcdef0);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, -1), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_OK(close(p[1]));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(ev[0].events, EPOLLHUP);
}
CASE(modify_and_delete)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2];

	CHECK_OK(pipe(p));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 1));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_OK(ctl(ep, EPOLL_CTL_MOD, p[1], 0, 2));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_OK(ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT, 3));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 1);
	CHECK_EQ(ev[0].data.u64, 3);
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
	CHECK_ERR(ctl(ep, EPOLL_CTL_DEL, p[1], 0, 0), ENOENT);
	CHECK_ERR(ctl(ep, EPOLL_CTL_MOD, p[1], 0, 0), ENOENT);
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 1));
	CHECK_ERR(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 1), EEXIST);
}
CASE(close_removes_with_the_last_reference)
{
	int ep = CHECK_OK(epoll_create1(0)), p[2], d;

	CHECK_OK(pipe(p));
	d = CHECK_OK(dup(p[1]));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 1));
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, d, EPOLLOUT, 2));	/* another descriptor: another entry */
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 2);
	CHECK_OK(close(p[1]));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 2);	/* the open file is still there */
	CHECK_OK(close(d));
	CHECK_EQ(epoll_wait(ep, ev, 16, 0), 0);
}
CASE(maxevents_rotates)
{
	int ep = CHECK_OK(epoll_create1(0)), p[8][2], seen = 0;

	for (int i = 0; i < 8; i++) {
		CHECK_OK(pipe(p[i]));
		CHECK_EQ(write(p[i][1], "x", 1), 1);
		CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[i][0], EPOLLIN, i));
	}
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(epoll_wait(ep, ev, 2, 0), 2);
		seen |= 1 << ev[0].data.u32 | 1 << ev[1].data.u32;
	}
	CHECK_EQ(seen, 255);
}
CASE(errors)
{
	int ep = CHECK_OK(epoll_create1(EPOLL_CLOEXEC)), p[2];
	struct epoll_event e = { .events = EPOLLIN };

	CHECK_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
	kt_put("f", "");
	CHECK_OK(pipe(p));
	CHECK_ERR(epoll_create1(1), EINVAL);
	CHECK_ERR(syscall(SYS_epoll_create, 0), EINVAL);
	CHECK_OK(syscall(SYS_epoll_create, 1));
	CHECK_ERR(ctl(ep, EPOLL_CTL_ADD, CHECK_OK(open("f", O_RDWR)), EPOLLIN, 0), EPERM);
	CHECK_ERR(ctl(ep, EPOLL_CTL_ADD, CHECK_OK(open(".", O_RDONLY)), EPOLLIN, 0), EPERM);
	CHECK_ERR(ctl(ep, EPOLL_CTL_ADD, -1, EPOLLIN, 0), EBADF);
	CHECK_ERR(ctl(-1, EPOLL_CTL_ADD, p[0], EPOLLIN, 0), EBADF);
	CHECK_ERR(ctl(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN, 0), EINVAL);
	CHECK_ERR(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 0), EINVAL);
	CHECK_ERR(ctl(ep, 77, p[0], EPOLLIN, 0), EINVAL);
	CHECK_ERR(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], 8), EFAULT);
	CHECK_ERR(epoll_wait(ep, &e, 0, 0), EINVAL);
	CHECK_ERR(epoll_wait(ep, &e, -1, 0), EINVAL);
	CHECK_ERR(epoll_wait(p[0], &e, 1, 0), EINVAL);
	CHECK_ERR(epoll_wait(-1, &e, 1, 0), EBADF);
	CHECK_OK(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 0));
	CHECK_ERR(syscall(SYS_epoll_wait, ep, 8, 1, 0), EFAULT);
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 1);
	CHECK_ERR(read(ep, &e, 1), EINVAL);
}
