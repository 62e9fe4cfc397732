/* SPDX-License-Identifier: MPL-2.0 */
/* Urgent data over TCP: where the mark stands, who hears of it, what readers of the stream see. */
#include "inet.h"
#include <linux/sockios.h>

static void urgent_pair(int fd[2])
{
	lo_up();
	tcp_pair(fd);
}

/* Loopback delivers before send() returns, but nothing promises it. */
static void wait_for(int fd, int events)
{
	CHECK((WAIT_EVENTS(fd, events) & events) != 0);
}

/* All that was sent here has arrived there: what comes behind urgent data shows neither in poll() nor in FIONREAD. */
static void wait_arrived(int fd)
{
	int left;

	AWAIT(ioctl(fd, SIOCOUTQ, &left) == 0 && left == 0);
}

static int at_mark(int fd)
{
	int v = -1;

	CHECK_EQ(ioctl(fd, SIOCATMARK, &v), 0);
	return v;
}

static int readable(int fd)
{
	int v = -1;

	CHECK_EQ(ioctl(fd, FIONREAD, &v), 0);
	return v;
}

CASE(out_of_band)
{
	int fd[2];
	char b[16];

	urgent_pair(fd);
	CHECK_ERR(recv(fd[1], b, 1, MSG_OOB), EINVAL);
	CHECK_EQ(send(fd[0], "abc", 3, 0), 3);
	CHECK_EQ(send(fd[0], "xyU", 3, MSG_OOB), 3);
	CHECK_EQ(send(fd[0], "def", 3, 0), 3);
	wait_arrived(fd[0]);
	CHECK_EQ(poll_now(fd[1], POLLIN | POLLPRI), POLLIN | POLLPRI);
	CHECK_EQ(at_mark(fd[1]), 0);
	CHECK_EQ(recv(fd[1], b, sizeof(b), MSG_OOB | MSG_PEEK), 1);
	CHECK_EQ(b[0], 'U');
	/* A read ends before the urgent byte, */
	CHECK_EQ(readable(fd[1]), 5);
	CHECK_EQ(recv(fd[1], b, sizeof(b), 0), 5);
	CHECK(!memcmp(b, "abcxy", 5));
	CHECK_EQ(at_mark(fd[1]), 1);
	CHECK_EQ(recv(fd[1], b, sizeof(b), MSG_OOB), 1);
	CHECK_EQ(b[0], 'U');
	CHECK_ERR(recv(fd[1], b, sizeof(b), MSG_OOB), EINVAL);	/* once */
	/* the next one passes over it. */
	CHECK_EQ(recv(fd[1], b, sizeof(b), 0), 3);
	CHECK(!memcmp(b, "def", 3));
	CHECK_EQ(at_mark(fd[1]), 0);
}

CASE(flags_of_the_message)
{
	char b[4];
	struct iovec v = { b, sizeof(b) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int fd[2];

	urgent_pair(fd);
	CHECK_EQ(send(fd[0], "U", 1, MSG_OOB), 1);
	wait_for(fd[1], POLLPRI);
	CHECK_EQ(recvmsg(fd[1], &m, MSG_OOB), 1);
	CHECK((m.msg_flags & MSG_OOB) != 0);
	CHECK_EQ(b[0], 'U');
}

CASE(in_line)
{
	int fd[2], one = 1;
	char b[16];

	urgent_pair(fd);
	CHECK_EQ(setsockopt(fd[1], SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)), 0);
	CHECK_EQ(send(fd[0], "abU", 3, MSG_OOB), 3);
	CHECK_EQ(send(fd[0], "cd", 2, 0), 2);
	wait_arrived(fd[0]);
	CHECK_EQ(poll_now(fd[1], POLLPRI), POLLPRI);
	CHECK_ERR(recv(fd[1], b, 1, MSG_OOB), EINVAL);
	CHECK_EQ(readable(fd[1]), 5);
	CHECK_EQ(recv(fd[1], b, sizeof(b), 0), 2);	/* up to the mark */
	CHECK_EQ(at_mark(fd[1]), 1);
	CHECK_EQ(recv(fd[1], b, sizeof(b), 0), 3);
	CHECK(!memcmp(b, "Ucd", 3));
	CHECK_EQ(at_mark(fd[1]), 0);
}

CASE(a_newer_mark_takes_its_place)
{
	int fd[2];
	char b[16];

	urgent_pair(fd);
	CHECK_EQ(send(fd[0], "1", 1, MSG_OOB), 1);
	wait_for(fd[1], POLLPRI);
	CHECK_EQ(send(fd[0], "a2", 2, MSG_OOB), 2);
	wait_arrived(fd[0]);
	CHECK_EQ(recv(fd[1], b, sizeof(b), MSG_OOB), 1);
	CHECK_EQ(b[0], '2');
}

static volatile sig_atomic_t urgent;

static void on_urgent(int sig)
{
	urgent++;
}

CASE(signal_to_the_owner)
{
	struct sigaction sa = { .sa_handler = on_urgent };
	int fd[2];

	urgent_pair(fd);
	CHECK_EQ(sigaction(SIGURG, &sa, NULL), 0);
	CHECK_EQ(fcntl(fd[1], F_SETOWN, getpid()), 0);
	CHECK_EQ(send(fd[0], "a", 1, 0), 1);
	wait_arrived(fd[0]);
	CHECK_EQ(urgent, 0);
	CHECK_EQ(send(fd[0], "U", 1, MSG_OOB), 1);
	kt_wait_caught(SIGURG, &urgent, 1);
	CHECK_EQ(urgent, 1);
}

CASE(priority_to_pollers)
{
	struct epoll_event ev = { .events = EPOLLPRI };
	int fd[2], e = epoll_create1(0);
	char b[4];

	urgent_pair(fd);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fd[1], &ev), 0);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(epoll_wait(e, &ev, 1, 50), 0);
	CHECK_EQ(send(fd[0], "U", 1, MSG_OOB), 1);
	CHECK_EQ(epoll_wait(e, &ev, 1, kt_wait_ms()), 1);
	CHECK_EQ(ev.events, EPOLLPRI);
	CHECK_EQ(recv(fd[1], b, 1, MSG_OOB), 1);
	CHECK_EQ(epoll_wait(e, &ev, 1, 50), 0);
}

CASE(nobody_reads_it)
{
	int fd[2];
	char b[8];

	/* The urgent byte alone in the queue: nothing to read, then the end. */
	urgent_pair(fd);
	CHECK_EQ(send(fd[0], "U", 1, MSG_OOB), 1);
	wait_for(fd[1], POLLPRI);
	CHECK_ERR(recv(fd[1], b, sizeof(b), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	wait_for(fd[1], POLLIN);
	CHECK_EQ(recv(fd[1], b, sizeof(b), 0), 0);
}

/* Who only looks passes over the urgent byte as well, and does not find it instead of data. */
CASE(peek)
{
	int fd[2];
	char b[16];

	urgent_pair(fd);
	CHECK_EQ(send(fd[0], "U", 1, MSG_OOB), 1);
	wait_for(fd[1], POLLPRI);
	CHECK_ERR(recv(fd[1], b, sizeof(b), MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(send(fd[0], "abc", 3, 0), 3);
	wait_for(fd[1], POLLIN);
	CHECK_EQ(recv(fd[1], b, sizeof(b), MSG_PEEK), 3);
	CHECK(!memcmp(b, "abc", 3));
	CHECK_EQ(recv(fd[1], b, sizeof(b), MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL), 3);
	CHECK(!memcmp(b, "abc", 3));
}
