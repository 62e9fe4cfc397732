/* SPDX-License-Identifier: MPL-2.0 */
/* Times of sending of a stream's bytes (SO_TIMESTAMPING): scheduled, sent, acknowledged; numbered by byte; one call's choice. */
#include "inet.h"
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <poll.h>

#define OPT_ID_TCP	(1 << 16)	/* since Linux 6.2 */
#define ALL		(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK)
#define REPORT		SOF_TIMESTAMPING_SOFTWARE

struct got {
	struct sock_extended_err e;
	struct sockaddr_in from;
	struct in_pktinfo info;
	long long stamp[6];
	int len, namelen, recverr_len, has_info;
	unsigned char data[512];
};

static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }

static int next(int fd, int ms, struct got *g)
{
	char ctl[512] __attribute__((aligned(8)));
	struct sockaddr_storage name;
	struct iovec v = { g->data, sizeof(g->data) };
	struct msghdr m = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct pollfd p = { .fd = fd, .events = 0 };

	memset(g, 0, sizeof(*g));
	if (poll(&p, 1, ms) != 1)
		return 0;
	CHECK(p.revents & POLLERR);
	g->len = CHECK_OK((int)recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT));
	g->namelen = (int)m.msg_namelen;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING)
			memcpy(g->stamp, CMSG_DATA(c), sizeof(g->stamp));
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&g->info, CMSG_DATA(c), sizeof(g->info));
			g->has_info = 1;
		}
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) {
			memcpy(&g->e, CMSG_DATA(c), sizeof(g->e));
			memcpy(&g->from, CMSG_DATA(c) + sizeof(g->e), sizeof(g->from));
			g->recverr_len = (int)(c->cmsg_len - CMSG_LEN(0));
		}
	}
	CHECK_EQ(g->e.ee_errno, ENOMSG);
	CHECK_EQ(g->e.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
	CHECK_EQ(g->namelen, 0);
	CHECK_EQ(g->recverr_len, 32);
	CHECK(g->stamp[0] > 1500000000ll);
	CHECK_EQ(g->stamp[2] | g->stamp[3] | g->stamp[4] | g->stamp[5], 0);
	return 1;
}

static void pair(int fd[2])
{
	int on = 1;

	lo_up();
	tcp_pair(fd);
	CHECK_OK(setsockopt(fd[0], SOL_TCP, TCP_NODELAY, &on, sizeof(on)));
}

static void drain(int fd, size_t n)
{
	char buf[4096];

	while (n) {
		ssize_t k = recv(fd, buf, n < sizeof(buf) ? n : sizeof(buf), 0);

		CHECK(k > 0);
		n -= (size_t)k;
	}
}

static unsigned sent_again(int fd)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	CHECK_OK(getsockopt(fd, SOL_TCP, TCP_INFO, &i, &len));
	return i.tcpi_total_retrans;
}

/* What is sent again, by a guest that stood still for a moment, is told again. */
static bool told_again(int fd, const struct got *g)
{
	return (g->e.ee_info == SCM_TSTAMP_SCHED || g->e.ee_info == SCM_TSTAMP_SND) && sent_again(fd);
}

/* Nothing more is told. */
static void quiet(int fd)
{
	struct got g;

	while (next(fd, 50, &g))
		CHECK(told_again(fd, &g));
}

/* The three moments of one call, whose last byte has number `key`. */
static void three(int fd, unsigned key, int len)
{
	long long before = 0;

	for (int i = 0; i < 3; i++) {
		static const unsigned kind[] = { SCM_TSTAMP_SCHED, SCM_TSTAMP_SND, SCM_TSTAMP_ACK };
		struct got g;

		do
			CHECK(next(fd, kt_wait_ms(), &g));
		while ((g.e.ee_info != kind[i] || g.e.ee_data != key) && told_again(fd, &g));
		CHECK_EQ(g.e.ee_info, kind[i]);
		CHECK_EQ(g.e.ee_data, key);
		CHECK_EQ(g.len, len ? len + (i < 2 ? 14 + 20 + 32 : 0) : 0);
		CHECK(g.stamp[0] * 1000000000 + g.stamp[1] >= before);
		before = g.stamp[0] * 1000000000 + g.stamp[1];
	}
}

CASE(bytes)
{
	struct got g;
	int fd[2];

	pair(fd);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, ALL | REPORT | SOF_TIMESTAMPING_OPT_ID));
	CHECK_EQ(send(fd[0], "hello", 5, 0), 5);
	three(fd[0], 4, 5);
	CHECK_EQ(send(fd[0], "more", 4, 0), 4);
	three(fd[0], 8, 4);
	drain(fd[1], 9);
	/* The bytes that were sent are there, those acknowledged too. */
	CHECK_EQ(send(fd[0], "abc", 3, 0), 3);
	for (int told = 0; ; told++) {
		do
			CHECK(next(fd[0], kt_wait_ms(), &g));
		while (g.e.ee_data < 11 && told_again(fd[0], &g));
		CHECK(!memcmp(g.data + (g.e.ee_info == SCM_TSTAMP_ACK ? 0 : 66), "abc", 3));
		if (g.e.ee_info != SCM_TSTAMP_ACK)
			continue;
		CHECK(told == 2 || (told > 2 && sent_again(fd[0])));
		break;
	}
	if (!sent_again(fd[0]))
		CHECK_ERR(recv(fd[0], &g, sizeof(g), MSG_ERRQUEUE), EAGAIN);
	/* Off: quiet. On again: numbers begin anew. */
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, 0));
	CHECK_EQ(send(fd[0], "quiet", 5, 0), 5);
	drain(fd[1], 8);
	quiet(fd[0]);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, ALL | REPORT | SOF_TIMESTAMPING_OPT_ID));
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	three(fd[0], 0, 1);
}

CASE(only_the_time)
{
	static char big[200000];
	int fd[2];

	pair(fd);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, ALL | REPORT | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
	CHECK_EQ(send(fd[0], "hello", 5, 0), 5);
	three(fd[0], 4, 0);
	drain(fd[1], 5);
	/* However many packets a call is: one number, that of its last byte. */
	for (int i = 1; i <= 3; i++) {
		pid_t pid = CHECK_OK(fork());

		if (!pid) {
			drain(fd[1], sizeof(big));
			_exit(0);
		}
		CHECK_EQ(send(fd[0], big, sizeof(big), 0), (long)sizeof(big));
		three(fd[0], (unsigned)(i * sizeof(big) + 4), 0);
		CHECK_OK(waitpid(pid, NULL, 0));
	}
	quiet(fd[0]);
}

CASE(some_moments)
{
	struct got g;
	int fd[2];

	pair(fd);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_ACK | REPORT));
	CHECK_EQ(send(fd[0], "hello", 5, 0), 5);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	CHECK_EQ(g.e.ee_info, SCM_TSTAMP_ACK);
	CHECK_EQ(g.e.ee_data, 0);
	CHECK_EQ(g.len, 5);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | REPORT));
	CHECK_EQ(send(fd[0], "hello", 5, 0), 5);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	CHECK_EQ(g.e.ee_info, SCM_TSTAMP_SND);
	quiet(fd[0]);
}

CASE(one_call)
{
	char ctl[CMSG_SPACE(4)] __attribute__((aligned(8))) = { 0 };
	struct iovec v = { "hello", 5 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	unsigned want = SOF_TIMESTAMPING_TX_ACK;
	struct got g;
	int fd[2];

	pair(fd);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, REPORT | SOF_TIMESTAMPING_OPT_ID));
	CHECK_EQ(send(fd[0], "quiet", 5, 0), 5);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_TIMESTAMPING;
	c->cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(c), &want, 4);
	CHECK_EQ(CHECK_OK(sendmsg(fd[0], &m, 0)), 5);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	CHECK_EQ(g.e.ee_info, SCM_TSTAMP_ACK);
	CHECK_EQ(g.e.ee_data, 9);
	/* What is no moment of sending, and what nobody knows. */
	want = SOF_TIMESTAMPING_SOFTWARE;
	memcpy(CMSG_DATA(c), &want, 4);
	CHECK_ERR(sendmsg(fd[0], &m, 0), EINVAL);
	c->cmsg_type = 12345;
	CHECK_ERR(sendmsg(fd[0], &m, 0), EINVAL);
	c->cmsg_level = SOL_IP;		/* of another level: passed over */
	CHECK_EQ(sendmsg(fd[0], &m, 0), 5);
	drain(fd[1], 15);
}

CASE(state_and_flags)
{
	int s, fd[2], v, port;
	struct got g;
	socklen_t len = sizeof(v);

	lo_up();
	s = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERR(set(s, SO_TIMESTAMPING, ALL | SOF_TIMESTAMPING_OPT_ID), EINVAL);
	CHECK_OK(set(s, SO_TIMESTAMPING, ALL));
	CHECK_OK(getsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &v, &len));
	CHECK_EQ(v, ALL);
	s = lo_sock(SOCK_STREAM, &port);
	CHECK_OK(listen(s, 1));
	CHECK_ERR(set(s, SO_TIMESTAMPING, SOF_TIMESTAMPING_OPT_ID), EINVAL);
	CHECK_ERR(set(s, SO_TIMESTAMPING, OPT_ID_TCP), EINVAL);
	/* A connection has what its listener asked. */
	CHECK_OK(set(s, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_ACK | REPORT));
	fd[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(connect(fd[0], (void *)&(struct sockaddr_in){ AF_INET, htons(port), { htonl(INADDR_LOOPBACK) }, { 0 } },
		sizeof(struct sockaddr_in)));
	fd[1] = CHECK_OK(accept(s, NULL, NULL));
	CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	CHECK(next(fd[1], kt_wait_ms(), &g));
	CHECK_EQ(g.e.ee_info, SCM_TSTAMP_ACK);
}

/* The last bytes are acknowledged together with the end. */
CASE(with_fin)
{
	struct got g;
	int fd[2];

	pair(fd);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_ACK | REPORT | SOF_TIMESTAMPING_OPT_ID));
	CHECK_OK(shutdown(fd[1], SHUT_WR));
	CHECK_EQ(send(fd[0], "last", 4, 0), 4);
	CHECK_OK(shutdown(fd[0], SHUT_WR));
	CHECK(next(fd[0], kt_wait_ms(), &g));
	CHECK_EQ(g.e.ee_info, SCM_TSTAMP_ACK);
	CHECK_EQ(g.e.ee_data, 3);
}

/* All is acknowledged: nothing is sent again any more; what was told of that is gone. */
static void all_told(int fd)
{
	struct got g;

	AWAIT(!tcp_unacked(fd));
	while (next(fd, 0, &g))
		;
}

/* Where it went: with OPT_CMSG and IP_PKTINFO, and only if bytes come with the time. */
CASE(pktinfo)
{
	struct got g;
	int fd[2], on = 1;

	pair(fd);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | REPORT));
	CHECK_OK(setsockopt(fd[0], SOL_IP, IP_PKTINFO, &on, sizeof(on)));
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	all_told(fd[0]);
	CHECK(!g.has_info);
	CHECK_EQ(g.from.sin_family, 0);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | REPORT | SOF_TIMESTAMPING_OPT_CMSG));
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	CHECK(g.has_info);
	CHECK_EQ(g.info.ipi_ifindex, 1);
	CHECK_EQ(ntohl(g.info.ipi_addr.s_addr), INADDR_LOOPBACK);
	CHECK_EQ(ntohl(g.info.ipi_spec_dst.s_addr), INADDR_LOOPBACK);
	CHECK_EQ(g.from.sin_family, AF_INET);
	CHECK_EQ(ntohl(g.from.sin_addr.s_addr), INADDR_LOOPBACK);
	all_told(fd[0]);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | REPORT | SOF_TIMESTAMPING_OPT_CMSG |
		SOF_TIMESTAMPING_OPT_TSONLY));
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	CHECK(!g.has_info);
}

/* Numbers from the next byte written, not from the first that is not acknowledged. Linux before 6.2 has no such flag. */
CASE(from_what_is_written)
{
	static char big[4 << 20];
	unsigned queued = 0;
	struct got g;
	int fd[2];

	pair(fd);
	for (ssize_t k; (k = send(fd[0], big, sizeof(big), MSG_DONTWAIT)) > 0; )
		queued += (unsigned)k;
	if (set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_ACK | REPORT | SOF_TIMESTAMPING_OPT_ID | OPT_ID_TCP)) {
		CHECK_EQ(errno, EINVAL);
		CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_ACK | REPORT | SOF_TIMESTAMPING_OPT_ID));
		queued = 0;
	}
	if (!fork()) {
		char c;

		while (recv(fd[1], big, sizeof(big), 0) > 0 && recv(fd[1], &c, 1, MSG_PEEK) > 0)
			;
		_exit(0);
	}
	close(fd[1]);
	CHECK_EQ(send(fd[0], "hello", 5, 0), 5);
	CHECK(next(fd[0], kt_wait_ms(), &g));
	if (queued)
		CHECK_EQ(g.e.ee_data, 4);
	else
		CHECK(g.e.ee_data > 4);
}

/* The connection's numbers come with the time. */
static bool stats(void)
{
	unsigned long long sent = 0, segs = 0;
	unsigned cwnd = 0, queued = 99, unsent = 99, delivered = 0, srtt = 0;
	int fd[2];

	pair(fd);
	CHECK_ERR(set(fd[0], SO_TIMESTAMPING, ALL | REPORT | SOF_TIMESTAMPING_OPT_STATS), EINVAL);
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK | REPORT |
		SOF_TIMESTAMPING_OPT_STATS | SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID));
	CHECK_EQ(send(fd[0], "hello", 5, 0), 5);
	for (int i = 0; i < 2; i++) {
		char ctl[1024] __attribute__((aligned(8))), data[1024];
		struct iovec v = { data, sizeof(data) };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl) };
		int n, found = 0;

		WAIT_EVENTS(fd[0], 0);
		n = CHECK_OK((int)recvmsg(fd[0], &m, MSG_ERRQUEUE));
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			int len = (int)(c->cmsg_len - CMSG_LEN(0));

			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != 54 /* SCM_TIMESTAMPING_OPT_STATS */)
				continue;
			found = 1;
			CHECK_EQ(len, n);
			CHECK(!memcmp(CMSG_DATA(c), data, (size_t)n));
			for (int at = 0; at + 4 <= len; ) {
				unsigned short h[2];
				unsigned char *a = CMSG_DATA(c) + at;

				memcpy(h, a, 4);
				CHECK(h[0] >= 4 && at + h[0] <= len);
				if (h[1] == 4)
					memcpy(&segs, a + 4, 8);
				else if (h[1] == 8)
					memcpy(&cwnd, a + 4, 4);
				else if (h[1] == 13)
					memcpy(&queued, a + 4, 4);
				else if (h[1] == 16)
					memcpy(&delivered, a + 4, 4);
				else if (h[1] == 18)
					memcpy(&sent, a + 4, 8);
				else if (h[1] == 22)
					memcpy(&srtt, a + 4, 4);
				else if (h[1] == 24)
					memcpy(&unsent, a + 4, 4);
				at += (h[0] + 3) & ~3;
			}
		}
		CHECK(found);
		if (sent_again(fd[0]))
			break;
		CHECK_EQ(queued, i ? 0 : 5);
		/* Just going out: Linux still counts it as not sent. */
		CHECK(!unsent || (!i && unsent == 5));
		CHECK_EQ(segs, 1);
		CHECK_EQ(sent, 5);
		CHECK(cwnd >= 2 && cwnd < 1000);
	}
	segs = sent_again(fd[0]);
	CHECK(segs || (delivered >= 1 && srtt > 0));
	close(fd[0]);
	close(fd[1]);
	return !segs;
}

/* Where nothing was sent again: a guest may have stood still. */
CASE(stats)
{
	AWAIT(stats());
}

/* More calls than anybody could be told of, to a peer who does not read. */
CASE(many_calls)
{
	static char big[16384];
	size_t sent = 0;
	struct got g;
	int fd[2], left = 0;

	pair(fd);
	CHECK_OK(fcntl(fd[0], F_SETFL, O_NONBLOCK));
	while (!left) {
		ssize_t k = send(fd[0], big, sizeof(big), 0);

		CHECK_GT(k, 0);
		sent += (size_t)k;
		AWAIT(!tcp_unacked(fd[0]));	/* what is left then waits for the peer's window */
		CHECK_OK(ioctl(fd[0], TIOCOUTQ, &left));
	}
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, ALL | REPORT | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
	for (int i = 0; i < 10000; i++) {
		if (send(fd[0], "x", 1, MSG_EOR) != 1) {
			CHECK_EQ(errno, EAGAIN);
			break;
		}
		sent++;
	}
	drain(fd[1], sent);
	AWAIT(ioctl(fd[0], TIOCOUTQ, &left) == 0 && left == 0);
	while (next(fd[0], 200, &g))
		;
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, 0));
	CHECK_OK(set(fd[0], SO_TIMESTAMPING, ALL | REPORT | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
	CHECK_EQ(send(fd[0], "y", 1, 0), 1);
	three(fd[0], 0, 0);
}
