/* SPDX-License-Identifier: MPL-2.0 */
/* TCP's lesser options: what they take, what they say, what they do. */
#include "inet.h"

#ifndef TCP_THIN_LINEAR_TIMEOUTS
#define TCP_THIN_LINEAR_TIMEOUTS	16
#define TCP_THIN_DUPACK			17
#endif

static int get(int fd, int opt)
{
	int v = -12345;
	socklen_t len = sizeof(v);

	CHECK_EQ(getsockopt(fd, IPPROTO_TCP, opt, &v, &len), 0);
	return v;
}

static int set(int fd, int opt, int v)
{
	return setsockopt(fd, IPPROTO_TCP, opt, &v, sizeof(v));
}

CASE(values)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_EQ(get(s, TCP_LINGER2), 60);
	CHECK_EQ(set(s, TCP_LINGER2, 7), 0);
	CHECK_EQ(get(s, TCP_LINGER2), 7);
	CHECK_EQ(set(s, TCP_LINGER2, 100000), 0);
	CHECK_EQ(get(s, TCP_LINGER2), 120);
	CHECK_EQ(set(s, TCP_LINGER2, -5), 0);
	CHECK_EQ(get(s, TCP_LINGER2), -1);
	CHECK_EQ(get(s, TCP_WINDOW_CLAMP), 0);
	CHECK_EQ(set(s, TCP_WINDOW_CLAMP, 20000), 0);
	CHECK_EQ(get(s, TCP_WINDOW_CLAMP), 20000);
	CHECK_EQ(set(s, TCP_NOTSENT_LOWAT, 4096), 0);
	CHECK_EQ(get(s, TCP_NOTSENT_LOWAT), 4096);
	CHECK_EQ(set(s, TCP_THIN_LINEAR_TIMEOUTS, 1), 0);
	CHECK_EQ(get(s, TCP_THIN_LINEAR_TIMEOUTS), 1);
	CHECK_ERR(set(s, TCP_THIN_LINEAR_TIMEOUTS, 2), EINVAL);
	CHECK_EQ(set(s, TCP_THIN_DUPACK, 1), 0);
	CHECK_ERR(set(s, TCP_THIN_DUPACK, 2), EINVAL);
	CHECK_EQ(get(s, TCP_REPAIR), 0);
	CHECK_ERR(set(s, TCP_FASTOPEN, -1), EINVAL);
	CHECK_EQ(set(s, TCP_FASTOPEN, 5), 0);
	CHECK_EQ(get(s, TCP_FASTOPEN), 5);
	CHECK_ERR(set(s, TCP_FASTOPEN_CONNECT, 2), EINVAL);
}

/* A socket that connects to itself: both SYNs cross. */
CASE(simultaneous_open)
{
	struct sockaddr_in a;
	int port, s;
	char b[8];

	lo_up();
	s = lo_sock(SOCK_STREAM, &port);
	a = lo_addr(port);
	CHECK_EQ(connect(s, (void *)&a, sizeof(a)), 0);
	CHECK_EQ(send(s, "mirror", 6, 0), 6);
	CHECK_EQ(recv(s, b, sizeof(b), 0), 6);
	CHECK(!memcmp(b, "mirror", 6));
	CHECK_EQ(shutdown(s, SHUT_WR), 0);
	CHECK_EQ(recv(s, b, sizeof(b), 0), 0);
	close(s);
}

/* poll() waits until most of what was written has gone out. */
CASE(notsent_lowat)
{
	static char b[262144];
	int fd[2], n;

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(set(fd[0], TCP_NOTSENT_LOWAT, 4096), 0);
	n = (int)tcp_fill(fd[0], 2048);
	CHECK(n > 4096);
	CHECK_EQ(poll_now(fd[0], POLLOUT), 0);
	while (n > 0) {
		ssize_t k = read(fd[1], b, sizeof(b));

		CHECK(k > 0);
		n -= (int)k;
	}
	CHECK_EQ(WAIT_EVENTS(fd[0], POLLOUT), POLLOUT);
}

/* A writer that waits for it holds nothing back for what it will bring. */
CASE(notsent_lowat_waits)
{
	static char b[300000];
	size_t got = 0;
	int fd[2];
	pid_t p;

	lo_up();
	tcp_pair(fd);
	alarm(30);
	CHECK_EQ(set(fd[0], TCP_NOTSENT_LOWAT, 4096), 0);
	CHILD(p) {
		close(fd[1]);
		alarm(30);
		CHECK_EQ(send(fd[0], b, sizeof(b), 0), sizeof(b));
		CHECK_EQ(send(fd[0], b, 1000, 0), 1000);
		CHECK_EQ(set(fd[0], TCP_CORK, 1), 0);
		CHECK_EQ(send(fd[0], b, sizeof(b), 0), sizeof(b));
	}
	close(fd[0]);
	for (ssize_t k; (k = CHECK_OK(read(fd[1], b, sizeof(b)))) > 0; )
		got += k;
	CHECK_EQ(got, 601000);
	WAIT_EXIT(p, 0);
}

/* TCP_CORK: at most a fifth of a second. */
CASE(cork_ceiling)
{
	struct timeval limit = { .tv_sec = 10 };
	char b[200] = "";
	int fd[2];

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(set(fd[0], TCP_CORK, 1), 0);
	CHECK_OK(setsockopt(fd[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(send(fd[0], b, 100, 0), 100);
		CHECK_EQ(recv(fd[1], b, sizeof(b), 0), 100);
	}
	CHECK_EQ(get(fd[0], TCP_CORK), 1);
}

/* Nobody answers: TCP_USER_TIMEOUT ends it, long before the retries do. */
CASE(user_timeout)
{
	struct timespec t, u;
	int fd[2], rcv = 2304;
	static char b[400000];
	struct sockaddr_in a;
	int port, l;
	ssize_t n;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_RCVBUF, &rcv, sizeof(rcv)), 0);
	CHECK_EQ(listen(l, 1), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	a = lo_addr(port);
	CHECK_EQ(connect(fd[0], (void *)&a, sizeof(a)), 0);
	fd[1] = accept(l, NULL, NULL);
	CHECK_EQ(set(fd[0], TCP_USER_TIMEOUT, 700), 0);
	CHECK_EQ(get(fd[0], TCP_USER_TIMEOUT), 700);
	/* Its window stays shut. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (;;) {
		n = send(fd[0], b, sizeof(b), MSG_NOSIGNAL);
		if (n < 0)
			break;
	}
	CHECK_EQ(errno, ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &u);
	CHECK(u.tv_sec - t.tv_sec < 20);
}

CASE(keepalive_values)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_EQ(get(s, TCP_KEEPIDLE), 7200);
	CHECK_EQ(get(s, TCP_KEEPINTVL), 75);
	CHECK_EQ(get(s, TCP_KEEPCNT), 9);
	CHECK_EQ(set(s, TCP_KEEPIDLE, 3), 0);
	CHECK_EQ(set(s, TCP_KEEPINTVL, 2), 0);
	CHECK_EQ(set(s, TCP_KEEPCNT, 4), 0);
	CHECK_EQ(get(s, TCP_KEEPIDLE), 3);
	CHECK_ERR(set(s, TCP_KEEPCNT, 128), EINVAL);
	CHECK_ERR(set(s, TCP_KEEPINTVL, 0), EINVAL);
}

/* An idle connection whose keepalive is answered lives on. */
CASE(keepalive_answered)
{
	int fd[2], one = 1;
	char b[4];

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(set(fd[0], TCP_KEEPIDLE, 1), 0);
	CHECK_EQ(set(fd[0], TCP_KEEPINTVL, 1), 0);
	CHECK_EQ(set(fd[0], TCP_KEEPCNT, 1), 0);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)), 0);
	usleep(3500000);	/* without answers it would be over after 2 s */
	CHECK_EQ(so_error(fd[0]), 0);
	CHECK_EQ(write(fd[0], "a", 1), 1);
	CHECK_EQ(read(fd[1], b, 4), 1);
}
