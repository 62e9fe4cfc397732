/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One epoll over pipe, eventfd, timerfd, signalfd, inotify, socket and pty: each kind wakes a
 * sleeper.
 */
#include "ktest_user.h"

static pid_t wait_for(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
	int ep = CHECK_OK(epoll_create1(0));
	pid_t p;

	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	CHILD(p) {
		struct epoll_event e;
		CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
		CHECK_EQ(e.data.fd, fd);
		CHECK_EQ(e.events & EPOLLIN, EPOLLIN);
	}
	WAIT_BLOCKED(p);
	return p;
}
CASE(each)
{
	int p[2], s[2], fd, unlock = 0;
	uint64_t v = 1;
	struct itimerspec its = { .it_value = { 0, 1 } };
	pid_t c;

	CHECK_OK(pipe(p));
	c = wait_for(p[0]);
	CHECK_EQ(write(p[1], "x", 1), 1);
	WAIT_EXIT(c, 0);
	fd = CHECK_OK(eventfd(0, 0));
	c = wait_for(fd);
	CHECK_EQ(write(fd, &v, 8), 8);
	WAIT_EXIT(c, 0);
	fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	c = wait_for(fd);
	CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
	WAIT_EXIT(c, 0);
	fd = CHECK_OK(inotify_init1(0));
	CHECK_OK(inotify_add_watch(fd, ".", IN_CREATE));
	c = wait_for(fd);
	kt_put("f", "");
	WAIT_EXIT(c, 0);
	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	c = wait_for(s[0]);
	CHECK_EQ(write(s[1], "x", 1), 1);
	WAIT_EXIT(c, 0);
	fd = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(ioctl(fd, TIOCSPTLCK, &unlock));
	int n;
	char name[32];
	CHECK_OK(ioctl(fd, TIOCGPTN, &n));
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	int slave = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
	c = wait_for(slave);
	CHECK_EQ(write(fd, "line\n", 5), 5);
	WAIT_EXIT(c, 0);
	for (n = 0; n < 6; )	/* the echo, in pieces or whole */
		n += (int)CHECK_OK(read(fd, name, sizeof(name)));
	CHECK_EQ(n, 6);
	c = wait_for(fd);
	CHECK_EQ(write(slave, "x", 1), 1);
	WAIT_EXIT(c, 0);
}
