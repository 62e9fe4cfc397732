/* SPDX-License-Identifier: MPL-2.0 */
/* MSG_ZEROCOPY: numbers of calls come back by the error queue, each once, in ranges; over loopback all is copied. */
#include "inet.h"
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/un.h>

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

static char buf[100000];

static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }

/* One completion; false: none within ms. */
static int completion(int fd, int level, int type, int ms, unsigned *lo, unsigned *hi)
{
	char ctl[256] __attribute__((aligned(8)));
	struct sockaddr_storage name;
	struct msghdr m = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct pollfd p = { .fd = fd };
	struct sock_extended_err e;
	struct cmsghdr *c;

	if (poll(&p, 1, ms) != 1)
		return 0;
	CHECK(p.revents & POLLERR);
	CHECK_EQ(recvmsg(fd, &m, MSG_ERRQUEUE), 0);
	CHECK(m.msg_flags & MSG_ERRQUEUE);
	CHECK_EQ(m.msg_namelen, 0);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_level == level && c->cmsg_type == type);
	CHECK(!CMSG_NXTHDR(&m, c));
	memcpy(&e, CMSG_DATA(c), sizeof(e));
	CHECK_EQ(e.ee_errno, 0);
	CHECK_EQ(e.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	CHECK_EQ(e.ee_type, 0);
	CHECK_EQ(e.ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	*lo = e.ee_info;
	*hi = e.ee_data;
	return 1;
}

/* All from *at up to n, in order and without a gap. */
static void completed(int fd, int level, int type, unsigned *at, unsigned n)
{
	unsigned lo, hi;

	while (*at < n) {
		CHECK(completion(fd, level, type, kt_wait_ms(), &lo, &hi));
		CHECK_EQ(lo, *at);
		CHECK(hi >= lo && hi < n);
		*at = hi + 1;
	}
}

static void drain(int fd, size_t n)
{
	while (n) {
		ssize_t k = recv(fd, buf, n < sizeof(buf) ? n : sizeof(buf), 0);

		CHECK(k > 0);
		n -= (size_t)k;
	}
}

CASE(option)
{
	socklen_t len = sizeof(int);
	int s, v = 7;

	s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(getsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &v, &len));
	CHECK_EQ(v, 0);
	CHECK_ERR(set(s, SO_ZEROCOPY, 2), EINVAL);
	CHECK_ERR(set(s, SO_ZEROCOPY, -1), EINVAL);
	CHECK_OK(set(s, SO_ZEROCOPY, 1));
	CHECK_OK(getsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &v, &len));
	CHECK_EQ(v, 1);
	CHECK_OK(set(s, SO_ZEROCOPY, 0));
	CHECK_OK(set(CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)), SO_ZEROCOPY, 1));
	CHECK_ERR(set(CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), SO_ZEROCOPY, 1), EOPNOTSUPP);
	CHECK_ERR(set(CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0)), SO_ZEROCOPY, 1), EOPNOTSUPP);
	CHECK_ERR(set(CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)), SO_ZEROCOPY, 1), EOPNOTSUPP);
}

CASE(stream)
{
	unsigned at = 0, lo, hi;
	int fd[2];

	lo_up();
	tcp_pair(fd);
	/* Not asked for: as without the flag. */
	CHECK_EQ(send(fd[0], buf, 100, MSG_ZEROCOPY), 100);
	drain(fd[1], 100);
	CHECK(!completion(fd[0], SOL_IP, IP_RECVERR, 50, &lo, &hi));
	CHECK_OK(set(fd[0], SO_ZEROCOPY, 1));
	for (unsigned i = 1; i <= 8; i++) {
		CHECK_EQ(send(fd[0], buf, 10000, MSG_ZEROCOPY), 10000);
		CHECK_EQ(send(fd[0], buf, 10, 0), 10);	/* has no number */
		drain(fd[1], 10010);
		completed(fd[0], SOL_IP, IP_RECVERR, &at, i);
	}
	/* No byte, no number. */
	CHECK_EQ(send(fd[0], buf, 0, MSG_ZEROCOPY), 0);
	CHECK_EQ(send(fd[0], buf, 1, MSG_ZEROCOPY), 1);
	completed(fd[0], SOL_IP, IP_RECVERR, &at, 9);
	drain(fd[1], 1);
	/* Unread, they become one. */
	for (unsigned i = 0; i < 40; i++) {
		CHECK_EQ(send(fd[0], buf, 1000, MSG_ZEROCOPY), 1000);
		drain(fd[1], 1000);
	}
	AWAIT(!tcp_unacked(fd[0]));
	CHECK(completion(fd[0], SOL_IP, IP_RECVERR, kt_wait_ms(), &lo, &hi));
	CHECK_EQ(lo, 9);
	CHECK_EQ(hi, 48);
	CHECK_ERR(recv(fd[0], buf, 1, MSG_ERRQUEUE | MSG_DONTWAIT), EAGAIN);
	/* The memory may be used again: what arrives is what was there when it was sent. */
	at = 49;
	for (unsigned i = 0; i < 20; i++) {
		static char in[70000];
		unsigned seen = at;

		memset(buf, 'a' + (int)i, sizeof(in));
		CHECK_EQ(send(fd[0], buf, sizeof(in), MSG_ZEROCOPY), (long)sizeof(in));
		for (size_t n = 0; n < sizeof(in); )
			n += (size_t)CHECK_OK((int)recv(fd[1], in + n, sizeof(in) - n, 0));
		completed(fd[0], SOL_IP, IP_RECVERR, &at, seen + 1);
		memset(buf, 0, sizeof(buf));
		for (size_t n = 0; n < sizeof(in); n++)
			CHECK_EQ(in[n], 'a' + (int)i);
	}
}

/* A call that takes only a part has a number; one that takes nothing has none. */
CASE(full_buffer)
{
	unsigned at = 0, n = 0;
	size_t sent = 0;
	ssize_t k;
	int fd[2];

	lo_up();
	tcp_pair(fd);
	CHECK_OK(set(fd[0], SO_ZEROCOPY, 1));
	while (n < 10 && (k = send(fd[0], buf, sizeof(buf), MSG_ZEROCOPY | MSG_DONTWAIT)) > 0) {
		sent += (size_t)k;
		n++;
	}
	CHECK(n > 0);
	drain(fd[1], sent);
	completed(fd[0], SOL_IP, IP_RECVERR, &at, n);
	CHECK_EQ(send(fd[0], buf, 1, MSG_ZEROCOPY), 1);
	completed(fd[0], SOL_IP, IP_RECVERR, &at, n + 1);
}

/* What was never acknowledged completes when the connection ends. */
CASE(reset)
{
	struct linger l = { 1, 0 };
	unsigned lo, hi;
	struct msghdr m = { 0 };
	int fd[2], n = 0, v = 4096;

	lo_up();
	tcp_pair(fd);
	CHECK_OK(set(fd[0], SO_ZEROCOPY, 1));
	CHECK_OK(set(fd[1], SO_RCVBUF, v));
	while (n < 10 && send(fd[0], buf, sizeof(buf), MSG_ZEROCOPY | MSG_DONTWAIT) > 0)
		n++;
	CHECK(n > 0);
	CHECK_OK(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(fd[1]);
	hi = 0;
	while (hi != (unsigned)n - 1) {
		char ctl[256] __attribute__((aligned(8)));
		struct sock_extended_err e;

		/* POLLERR does not tell: the socket's own error stays. */
		AWAIT((m = (struct msghdr){ .msg_control = ctl, .msg_controllen = sizeof(ctl) },
		       recvmsg(fd[0], &m, MSG_ERRQUEUE) == 0));
		memcpy(&e, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(e));
		CHECK_EQ(e.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
		lo = e.ee_info;
		hi = e.ee_data;
		CHECK(lo <= hi && hi < (unsigned)n);
	}
}

CASE(datagrams)
{
	unsigned at = 0, lo, hi;
	struct sockaddr_in to;
	int port, in, s;

	lo_up();
	in = lo_sock(SOCK_DGRAM, &port);
	to = lo_addr(port);
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(set(s, SO_ZEROCOPY, 1));
	/* A call that fails has no number. */
	CHECK_ERR(send(s, buf, 10, MSG_ZEROCOPY), EDESTADDRREQ);
	CHECK_ERR(sendto(s, buf, 66000, MSG_ZEROCOPY, (void *)&to, sizeof(to)), EMSGSIZE);
	CHECK_OK(connect(s, (void *)&to, sizeof(to)));
	for (unsigned i = 1; i <= 5; i++) {
		CHECK_EQ(send(s, buf, i * 1000, MSG_ZEROCOPY), i * 1000);
		CHECK_EQ(send(s, buf, 5, 0), 5);
		CHECK_EQ(recv(in, buf, sizeof(buf), 0), i * 1000);
		CHECK_EQ(recv(in, buf, sizeof(buf), 0), 5);
		completed(s, SOL_IP, IP_RECVERR, &at, i);
	}
	/* Parts of one datagram complete together, when it is out. */
	CHECK_EQ(send(s, buf, 1000, MSG_ZEROCOPY | MSG_MORE), 1000);
	CHECK_EQ(send(s, buf, 1000, MSG_ZEROCOPY | MSG_MORE), 1000);
	CHECK(!completion(s, SOL_IP, IP_RECVERR, 50, &lo, &hi));
	CHECK_EQ(send(s, buf, 1000, 0), 1000);
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 3000);
	CHECK(completion(s, SOL_IP, IP_RECVERR, kt_wait_ms(), &lo, &hi));
	CHECK_EQ(lo, 5);
	CHECK_EQ(hi, 6);
}

CASE(six)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof(a);
	unsigned at = 0;
	int s, in;

	lo_up();
	in = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	CHECK_OK(bind(in, (void *)&a, sizeof(a)));
	CHECK_OK(getsockname(in, (void *)&a, &len));
	s = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	CHECK_OK(set(s, SO_ZEROCOPY, 1));
	CHECK_EQ(sendto(s, buf, 1000, MSG_ZEROCOPY, (void *)&a, sizeof(a)), 1000);
	CHECK_EQ(sendto(s, buf, 1000, MSG_ZEROCOPY, (void *)&a, sizeof(a)), 1000);
	completed(s, SOL_IPV6, IPV6_RECVERR, &at, 2);
	CHECK_EQ(recv(in, buf, sizeof(buf), 0), 1000);
}
