/* SPDX-License-Identifier: MPL-2.0 */
/* TCP under load: connections by the hundred, threads on one socket, epoll, connects that do not wait. */
#include "inet.h"

static int port;

static void *client(void *arg)
{
	struct sockaddr_in x = lo_addr(port);
	char b[64];

	(void)arg;
	for (int i = 0; i < 60; i++) {
		int c = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(c, (void *)&x, sizeof(x)) < 0 || write(c, "hello", 5) != 5 ||
		    recv(c, b, 5, MSG_WAITALL) != 5 || memcmp(b, "HELLO", 5))
			return (void *)(long)(i + 1);
		close(c);
	}
	return NULL;
}

static void *server(void *arg)
{
	int l = *(int *)arg;
	char b[64];

	for (;;) {
		int a = accept(l, NULL, NULL);

		if (a < 0)
			return NULL;
		if (recv(a, b, 5, MSG_WAITALL) == 5)
			write(a, "HELLO", 5);
		read(a, b, 1);
		close(a);
	}
}

CASE(churn)
{
	pthread_t c[4], s[2];
	int l;
	void *res;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 64), 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&s[i], NULL, server, &l);
	for (int i = 0; i < 4; i++)
		pthread_create(&c[i], NULL, client, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(c[i], &res);
		CHECK_EQ((long)res, 0);
	}
	shutdown(l, SHUT_RDWR);
	for (int i = 0; i < 2; i++)
		pthread_join(s[i], NULL);
}

CASE(epoll_edges)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	int fd[2], e = epoll_create1(0);
	char b[8];

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fd[1], &ev), 0);
	CHECK_EQ(epoll_wait(e, &got, 1, 0), 0);
	CHECK_EQ(write(fd[0], "a", 1), 1);
	CHECK_EQ(epoll_wait(e, &got, 1, kt_wait_ms()), 1);
	CHECK_EQ(got.events, EPOLLIN);
	CHECK_EQ(epoll_wait(e, &got, 1, 0), 0);
	CHECK_EQ(write(fd[0], "b", 1), 1);
	CHECK_EQ(epoll_wait(e, &got, 1, kt_wait_ms()), 1);
	CHECK_EQ(read(fd[1], b, 8), 2);
	close(fd[0]);
	CHECK_EQ(epoll_wait(e, &got, 1, kt_wait_ms()), 1);
	CHECK_EQ(got.events, EPOLLIN | EPOLLRDHUP);
}

CASE(connect_without_waiting)
{
	struct sockaddr_in x;
	int l, c;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 4), 0);
	x = lo_addr(port);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_ERR(connect(c, (void *)&x, sizeof(x)), EINPROGRESS);
	CHECK_EQ(WAIT_EVENTS(c, POLLOUT), POLLOUT);
	CHECK_EQ(so_error(c), 0);
	CHECK_EQ(connect(c, (void *)&x, sizeof(x)), 0);
	CHECK_ERR(connect(c, (void *)&x, sizeof(x)), EISCONN);
}

CASE(listener_closes_on_waiting)
{
	struct sockaddr_in x;
	int l, c;
	char b;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 4), 0);
	x = lo_addr(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(c, (void *)&x, sizeof(x)), 0);
	CHECK_EQ(WAIT_EVENTS(l, POLLIN), POLLIN);
	close(l);
	wait_reset(c);
	CHECK_ERR(read(c, &b, 1), ECONNRESET);
}

CASE(rcvtimeo)
{
	struct timeval tv = { 0, 100000 };
	int fd[2];
	char b;

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	CHECK_ERR(read(fd[0], &b, 1), EAGAIN);
}
