/* SPDX-License-Identifier: MPL-2.0 */
/* TCP over loopback: connecting, listening, data both ways, ends, errors, poll. */
#include "inet.h"

CASE(connect_accept_addresses)
{
	int port, l, c, a;
	struct sockaddr_in x, y;
	socklen_t len = sizeof(x);

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 4), 0);
	c = socket(AF_INET, SOCK_STREAM, 0);
	x = lo_addr(port);
	CHECK_EQ(connect(c, (void *)&x, sizeof(x)), 0);
	a = accept(l, (void *)&y, &len);
	CHECK(a >= 0);
	CHECK_EQ(len, sizeof(y));
	CHECK(lo_is(&y));
	CHECK_EQ(getsockname(c, (void *)&x, &len), 0);
	CHECK_EQ(x.sin_port, y.sin_port);
	CHECK_EQ(getpeername(c, (void *)&x, &len), 0);
	CHECK_EQ(ntohs(x.sin_port), port);
	CHECK_EQ(getsockname(a, (void *)&x, &len), 0);
	CHECK_EQ(ntohs(x.sin_port), port);
	CHECK_ERR(connect(c, (void *)&x, sizeof(x)), EISCONN);
	CHECK_ERR(syscall(SYS_accept4, l, NULL, NULL, 0x40000000), EINVAL);
}

CASE(data_both_ways)
{
	int fd[2];
	char buf[32];

	lo_up();
	tcp_pair(fd);
	CHECK_ERR(send(fd[0], (void *)16, 10, 0), EFAULT);
	CHECK_EQ(write(fd[0], "ping", 4), 4);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 4);
	CHECK_MEM(buf, "ping", 4);
	CHECK_EQ(write(fd[1], "pong!", 5), 5);
	CHECK_EQ(recv(fd[0], buf, 2, 0), 2);
	CHECK_EQ(recv(fd[0], buf, sizeof(buf), MSG_PEEK), 3);
	CHECK_MEM(buf, "ng!", 3);
	CHECK_EQ(recv(fd[0], buf, sizeof(buf), 0), 3);
	CHECK_ERR(recv(fd[0], buf, 1, MSG_DONTWAIT), EAGAIN);
}

static void *pump(void *arg)
{
	static unsigned char out[1 << 16];
	int fd = *(int *)arg;
	size_t done = 0, total = 16u << 20;

	while (done < total) {
		ssize_t n;

		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (unsigned char)((done + i) * 31 + ((done + i) >> 13));
		n = write(fd, out, sizeof(out) < total - done ? sizeof(out) : total - done);
		if (n <= 0)
			return (void *)1;
		done += (size_t)n;
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

CASE(bulk_is_whole)
{
	static unsigned char in[70000];
	size_t done = 0;
	void *res;
	pthread_t t;
	int fd[2];

	lo_up();
	tcp_pair(fd);
	pthread_create(&t, NULL, pump, &fd[0]);
	for (;;) {
		ssize_t n = read(fd[1], in, 1 + done % sizeof(in));

		CHECK(n >= 0);
		if (!n)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (in[i] != (unsigned char)((done + i) * 31 + ((done + i) >> 13)))
				CHECK_EQ(done + i, 0);
		done += (size_t)n;
	}
	CHECK_EQ(done, 16u << 20);
	pthread_join(t, &res);
	CHECK(!res);
}

CASE(refused)
{
	int port, l, c;
	struct sockaddr_in x;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	x = lo_addr(port);
	CHECK_ERR(connect(c, (void *)&x, sizeof(x)), ECONNREFUSED);
	CHECK_EQ(listen(l, 1), 0);
	CHECK_EQ(connect(c, (void *)&x, sizeof(x)), 0);
	close(c);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	x = lo_addr(port);
	close(l);
	if (connect(c, (void *)&x, sizeof(x)) < 0 && errno == EINPROGRESS) {
		WAIT_EVENTS(c, POLLOUT);
		AWAIT(poll_now(c, POLLOUT) == (POLLOUT | POLLERR | POLLHUP));
		CHECK_EQ(so_error(c), ECONNREFUSED);
		CHECK_EQ(so_error(c), 0);
	} else {
		CHECK_EQ(errno, ECONNREFUSED);
	}
}

CASE(close_gives_eof_then_pipe)
{
	int fd[2];
	char b;

	lo_up();
	signal(SIGPIPE, SIG_IGN);
	tcp_pair(fd);
	CHECK_EQ(write(fd[0], "x", 1), 1);
	close(fd[0]);
	CHECK_EQ(read(fd[1], &b, 1), 1);
	CHECK_EQ(read(fd[1], &b, 1), 0);
	CHECK_EQ(poll_now(fd[1], POLLIN | POLLOUT | POLLRDHUP), POLLIN | POLLOUT | POLLRDHUP);
	CHECK_EQ(write(fd[1], "y", 1), 1);	/* answered by a reset */
	wait_reset(fd[1]);
	CHECK_ERR(write(fd[1], "z", 1), EPIPE);
}

CASE(unread_data_resets)
{
	int fd[2];
	char b;

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(write(fd[0], "unread", 6), 6);
	CHECK_EQ(WAIT_EVENTS(fd[1], POLLIN), POLLIN);
	close(fd[1]);
	wait_reset(fd[0]);
	CHECK_EQ(poll_now(fd[0], POLLIN), POLLIN | POLLERR | POLLHUP);
	CHECK_ERR(read(fd[0], &b, 1), ECONNRESET);
	CHECK_EQ(read(fd[0], &b, 1), 0);
}

CASE(linger_zero_resets)
{
	struct linger l = { 1, 0 };
	int fd[2];
	char b;

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	close(fd[0]);
	wait_reset(fd[1]);
	CHECK_ERR(read(fd[1], &b, 1), ECONNRESET);
}

static int unread(int fd)
{
	int n = -1;

	CHECK_EQ(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

/* The reading half is shut for who reads, not for the peer: what still comes can be read. */
CASE(data_after_shut_rd)
{
	char b[8];
	int fd[2];

	lo_up();
	tcp_pair(fd);
	CHECK_EQ(shutdown(fd[0], SHUT_RD), 0);
	CHECK_EQ(read(fd[0], b, sizeof(b)), 0);
	CHECK_EQ(write(fd[1], "late", 4), 4);
	/* Reading never waits any more, and poll() always says that it would not: only the count tells when they are there. */
	AWAIT(unread(fd[0]) == 4);
	CHECK_EQ(read(fd[0], b, sizeof(b)), 4);
	CHECK_EQ(write(fd[0], "back", 4), 4);
	CHECK_EQ(read(fd[1], b, sizeof(b)), 4);
	CHECK_EQ(read(fd[0], b, sizeof(b)), 0);
}

CASE(shutdown_halves)
{
	int fd[2];
	char b[4];

	lo_up();
	signal(SIGPIPE, SIG_IGN);
	tcp_pair(fd);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_EQ(read(fd[1], b, 1), 0);
	CHECK_ERR(write(fd[0], "x", 1), EPIPE);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	CHECK_EQ(recv(fd[0], b, 3, MSG_WAITALL), 3);
	CHECK_EQ(poll_now(fd[1], POLLIN | POLLRDHUP | POLLOUT), POLLIN | POLLRDHUP | POLLOUT);
	CHECK_EQ(shutdown(fd[1], SHUT_RDWR), 0);
	CHECK_EQ(WAIT_EVENTS(fd[0], 0), POLLHUP);
	CHECK_EQ(read(fd[0], b, 1), 0);
	CHECK(poll_now(fd[0], POLLIN | POLLOUT) & POLLHUP);
}

CASE(not_connected)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	char b;

	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(read(s, &b, 1), ENOTCONN);
	CHECK_ERR(write(s, "x", 1), EPIPE);
	CHECK_ERR(accept(s, NULL, NULL), EINVAL);
	CHECK_EQ(poll_now(s, POLLIN | POLLOUT), POLLOUT | POLLHUP);
	CHECK_ERR(shutdown(s, SHUT_RDWR), ENOTCONN);
	CHECK_EQ(poll_now(s, POLLIN | POLLOUT), POLLIN | POLLOUT | POLLHUP);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
}

CASE(waitall_and_lowat)
{
	int fd[2];
	pid_t p;
	char b[8];

	lo_up();
	tcp_pair(fd);
	CHILD(p) {
		WAIT_BLOCKED(getppid());
		CHECK_EQ(write(fd[0], "ab", 2), 2);
		AWAIT(!unread(fd[1]));		/* the reader has them, and waits for more */
		WAIT_BLOCKED(getppid());
		CHECK_EQ(write(fd[0], "cdef", 4), 4);
	}
	CHECK_EQ(recv(fd[1], b, 6, MSG_WAITALL), 6);
	CHECK_MEM(b, "abcdef", 6);
	WAIT_EXIT(p, 0);
}

CASE(window_fills_and_opens)
{
	static char big[1 << 16];
	size_t sent, got = 0;
	int fd[2];

	lo_up();
	tcp_pair(fd);
	sent = tcp_fill(fd[0], sizeof(big));
	CHECK_EQ(poll_now(fd[0], POLLOUT), 0);
	while (got < sent) {
		CHECK_EQ(WAIT_EVENTS(fd[1], POLLIN), POLLIN);
		got += (size_t)CHECK_OK(read(fd[1], big, sizeof(big)));
	}
	CHECK_EQ(got, sent);
	CHECK_EQ(poll_now(fd[1], POLLIN), 0);
	CHECK_EQ(WAIT_EVENTS(fd[0], POLLOUT), POLLOUT);
}

CASE(backlog_of_many)
{
	int port, l = 0, c[100], n = 0;
	struct sockaddr_in x;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(listen(l, 128), 0);
	x = lo_addr(port);
	for (int i = 0; i < 100; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM, 0);
		CHECK_EQ(connect(c[i], (void *)&x, sizeof(x)), 0);
	}
	for (; n < 100; n++)
		CHECK_EQ(write(CHECK_OK(accept(l, NULL, NULL)), "!", 1), 1);
	fcntl(l, F_SETFL, O_NONBLOCK);
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
}

/* Does /proc tell of a connection from this port in TIME_WAIT? */
static bool in_time_wait(int port)
{
	static const char *const path[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	char line[256];
	bool is = false;

	for (int i = 0; i < 2; i++) {
		FILE *f = fopen(path[i], "r");
		unsigned from, state;

		CHECK(f != NULL);
		while (fgets(line, sizeof(line), f))
			is |= sscanf(line, "%*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &from, &state) == 2 &&
			      (int)from == port && state == TCP_TIME_WAIT;
		fclose(f);
	}
	return is;
}

CASE(reuse_after_close)
{
	int port, l, c, a, one = 1;
	struct sockaddr_in x;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	CHECK_EQ(listen(l, 1), 0);
	x = lo_addr(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(c, (void *)&x, sizeof(x)), 0);
	a = accept(l, NULL, NULL);
	close(a);
	CHECK_EQ(WAIT_EVENTS(c, POLLRDHUP), POLLRDHUP);
	close(c);
	close(l);
	AWAIT(in_time_wait(port));	/* our side: no socket is left that could be asked */
	l = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERR(bind(l, (void *)&x, sizeof(x)), EADDRINUSE);
	CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	CHECK_EQ(bind(l, (void *)&x, sizeof(x)), 0);
	CHECK_EQ(listen(l, 1), 0);
}

CASE(options)
{
	int fd[2], v;
	socklen_t len;
	struct tcp_info i;
	char name[16];

	lo_up();
	tcp_pair(fd);
	v = 1;
	CHECK_EQ(setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)), 0);
	len = sizeof(v);
	CHECK_EQ(getsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &v, &len), 0);
	CHECK_EQ(v, 1);
	v = 0;
	CHECK_ERR(setsockopt(fd[0], IPPROTO_TCP, TCP_KEEPIDLE, &v, sizeof(v)), EINVAL);
	CHECK_ERR(setsockopt(fd[0], IPPROTO_TCP, 4711, &v, sizeof(v)), ENOPROTOOPT);
	len = sizeof(i);
	CHECK_EQ(getsockopt(fd[0], IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	CHECK_EQ(i.tcpi_state, TCP_ESTABLISHED);
	len = sizeof(name);
	CHECK_EQ(getsockopt(fd[0], IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	CHECK_EQ(setsockopt(fd[0], IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
	CHECK_ERR(setsockopt(fd[0], IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6), ENOENT);
}

struct parcel { int fd, flags; ssize_t sent; };

static void *send_parcel(void *arg)
{
	static char out[100000];
	struct parcel *p = arg;

	p->sent = send(p->fd, "first", 5, 0);
	if (p->sent == 5)
		p->sent = send(p->fd, out, sizeof(out), p->flags);
	shutdown(p->fd, SHUT_WR);
	return NULL;
}

/* A segment can be larger than the buffer: what would wait for more must go when the buffer is full. From both ends. */
CASE(full_buffer_is_sent)
{
	static char in[70000];

	lo_up();
	alarm(60);
	for (int i = 0; i < 6; i++) {
		struct parcel p = { .flags = i / 2 == 1 ? MSG_MORE : 0 };
		int fd[2], one = 1, small = 8192;
		size_t got = 0;
		pthread_t t;
		ssize_t n;

		tcp_pair(fd);
		p.fd = fd[i % 2];
		if (i & 2)
			CHECK_EQ(setsockopt(p.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
		if (i / 2 == 2)
			CHECK_EQ(setsockopt(p.fd, IPPROTO_TCP, TCP_CORK, &one, sizeof(one)), 0);
		pthread_create(&t, NULL, send_parcel, &p);
		while ((n = read(fd[!(i % 2)], in, sizeof(in))) > 0)
			got += (size_t)n;
		CHECK_EQ(n, 0);
		pthread_join(t, NULL);
		CHECK_EQ(p.sent, 100000);
		CHECK_EQ(got, 100005);
		close(fd[0]);
		close(fd[1]);
	}
	alarm(0);
}

/* iperf3's server: the listener goes, its connection stays, another listener comes to the same port. */
CASE(listen_beside_a_connection)
{
	lo_sa a;
	int port, l, c, s, l2, on = 1;

	lo_up();
	l = lo_sock(SOCK_STREAM, &port);
	a = lo_addr(port);
	close(l);
	l = CHECK_OK(socket(LO_FAMILY, SOCK_STREAM, 0));
	CHECK_OK(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	CHECK_OK(bind(l, (void *)&a, sizeof(a)));
	CHECK_OK(listen(l, 4));
	c = CHECK_OK(socket(LO_FAMILY, SOCK_STREAM, 0));
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	s = CHECK_OK(accept(l, NULL, NULL));
	l2 = CHECK_OK(socket(LO_FAMILY, SOCK_STREAM, 0));
	CHECK_OK(setsockopt(l2, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	CHECK_ERR(bind(l2, (void *)&a, sizeof(a)), EADDRINUSE);
	close(l);
	CHECK_OK(bind(l2, (void *)&a, sizeof(a)));
	CHECK_OK(listen(l2, 4));
	l = CHECK_OK(socket(LO_FAMILY, SOCK_STREAM, 0));
	CHECK_OK(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	CHECK_ERR(bind(l, (void *)&a, sizeof(a)), EADDRINUSE);
	CHECK_OK(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ 0 }, sizeof(int)));
	close(l2);
	CHECK_ERR(bind(l, (void *)&a, sizeof(a)), EADDRINUSE);
}
