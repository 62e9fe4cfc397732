/* SPDX-License-Identifier: MPL-2.0 */
/* SO_TIMESTAMP and its kin, SIGIO of sockets, and what the error queue says of messages that are too large. */
#include "inet.h"
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <sys/un.h>

static int get(int fd, int opt)
{
	int v = -1;
	socklen_t len = sizeof(v);

	CHECK_OK(getsockopt(fd, SOL_SOCKET, opt, &v, &len));
	return v;
}
static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }

/* Receive, and copy the control message of a type out: its length, 0: none. */
static int recv_cmsg(int fd, int type, void *to, size_t room)
{
	char data[64], ctl[256] __attribute__((aligned(8)));
	struct iovec v = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	int got = 0;

	CHECK_GE(recvmsg(fd, &m, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		size_t n = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != type)
			continue;
		got = (int)n;
		memcpy(to, CMSG_DATA(c), n < room ? n : room);
	}
	return got;
}

static long long now_ns(void)
{
	struct timespec t;

	CHECK_OK(clock_gettime(CLOCK_REALTIME, &t));
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Each form for one way to send from a to b. */
static void forms(int a, int b)
{
	struct { long long sec, part; } t[3];
	long long before, after;
	int n;
	static const struct { int opt; int unit; } how[] = { { 29, 1000 }, { 35, 1 }, { 63, 1000 }, { 64, 1 } };

	for (int i = 0; i < 4; i++) {
		CHECK_OK(set(b, how[i].opt, 1));
		CHECK_EQ(get(b, how[i].opt), 1);
		for (int k = 0; k < 4; k++)
			if (k != i && !(i == 3 && k == 2))	/* nanoseconds are microseconds, too, in the newer pair */
				CHECK_EQ(get(b, how[k].opt), 0);
		before = now_ns();
		CHECK_EQ(send(a, "x", 1, 0), 1);
		while (!(n = recv_cmsg(b, how[i].opt, t, sizeof(t))))	/* Linux's TCP takes the time somewhat later */
			CHECK_EQ(send(a, "x", 1, 0), 1);
		CHECK_EQ(n, 16);
		after = now_ns();
		t[0].sec = t[0].sec * 1000000000ll + t[0].part * how[i].unit;
		CHECK_GE(t[0].sec, before / how[i].unit * how[i].unit);
		CHECK_LE(t[0].sec, after);
		CHECK_OK(set(b, how[i].opt, 0));
		CHECK_EQ(get(b, how[i].opt), 0);
	}
	CHECK_EQ(send(a, "x", 1, 0), 1);
	CHECK_EQ(recv_cmsg(b, 29, t, sizeof(t)), 0);
}

CASE(udp)
{
	struct { long long sec, nsec; } t[3] = { 0 };
	int port, b, a, v[2] = { -1, -1 };
	struct sockaddr_in to;
	socklen_t len = sizeof(v);

	lo_up();
	b = lo_sock(SOCK_DGRAM, &port);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	to = lo_addr(port);
	CHECK_OK(connect(a, (void *)&to, sizeof(to)));
	forms(a, b);
	CHECK_ERR(set(b, SO_TIMESTAMPING, 1 << 30), EINVAL);
	CHECK_OK(set(b, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
	CHECK_OK(getsockopt(b, SOL_SOCKET, SO_TIMESTAMPING, v, &len));
	CHECK_EQ(len, 8);
	CHECK_EQ(v[0], SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	CHECK_EQ(v[1], 0);
	CHECK_EQ(send(a, "x", 1, 0), 1);
	CHECK_EQ(recv_cmsg(b, SO_TIMESTAMPING, t, sizeof(t)), 48);
	CHECK_GE(now_ns(), t[0].sec * 1000000000ll + t[0].nsec);
	CHECK_GT(t[0].sec, 0);
	CHECK_EQ(t[1].sec | t[1].nsec | t[2].sec | t[2].nsec, 0);
}
CASE(tcp)
{
	int p[2];

	lo_up();
	tcp_pair(p);
	forms(p[0], p[1]);
}
CASE(unix_datagram)
{
	int p[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	forms(p[0], p[1]);
}

/* --- SIGIO --- */

static volatile int got_band, got_fd, got_code;
static void on_io(int sig, siginfo_t *i, void *c)
{
	(void)sig;
	(void)c;
	got_band = (int)i->si_band;
	got_fd = i->si_fd;
	got_code = i->si_code;
}

static void expect_io(int from, int to)
{
	sigset_t none, io;

	got_code = 0;
	sigemptyset(&none);
	sigemptyset(&io);
	sigaddset(&io, SIGRTMIN);
	CHECK_OK(sigprocmask(SIG_BLOCK, &io, NULL));
	CHECK_EQ(send(from, "x", 1, 0), 1);
	while (!got_code)
		sigsuspend(&none);
	CHECK_EQ(got_code, POLL_IN);
	CHECK_EQ(got_fd, to);
	CHECK_EQ(got_band, POLLIN | POLLRDNORM);
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &io, NULL));
}

static void async(int from, int to)
{
	struct sigaction sa = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };
	int on = 1, who = 0;
	char buf[8];

	CHECK_OK(sigaction(SIGRTMIN, &sa, NULL));
	CHECK_OK(ioctl(to, FIOASYNC, &on));
	CHECK(fcntl(to, F_GETFL) & O_ASYNC);
	who = getpid();
	CHECK_OK(ioctl(to, FIOSETOWN, &who));
	CHECK_EQ(fcntl(to, F_GETOWN), getpid());
	CHECK_OK(fcntl(to, F_SETOWN, 0));
	CHECK_OK(ioctl(to, SIOCGPGRP, &who));
	CHECK_EQ(who, 0);
	who = getpid();
	CHECK_OK(ioctl(to, SIOCSPGRP, &who));
	CHECK_OK(fcntl(to, F_SETSIG, SIGRTMIN));
	expect_io(from, to);
	CHECK_OK(fcntl(to, F_SETFL, 0));
	got_code = 0;
	CHECK_EQ(send(from, "x", 1, 0), 1);
	CHECK_GE(recv(to, buf, 1, MSG_WAITALL), 1);
	CHECK_GE(recv(to, buf, 1, MSG_WAITALL), 1);
	CHECK_EQ(got_code, 0);
	CHECK_OK(fcntl(to, F_SETFL, O_ASYNC));
	expect_io(from, to);
	close(to);
}
CASE(sigio)
{
	struct sockaddr_in to;
	int p[2], port, a;

	lo_up();
	tcp_pair(p);
	async(p[0], p[1]);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	async(p[0], p[1]);
	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	async(p[0], p[1]);
	p[1] = lo_sock(SOCK_DGRAM, &port);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	to = lo_addr(port);
	CHECK_OK(connect(a, (void *)&to, sizeof(to)));
	async(a, p[1]);
}

/* --- too large --- */

CASE(raw_too_large)
{
	struct { struct icmphdr h; char data[65500 - 8]; } *m = calloc(1, sizeof(*m));
	struct sockaddr_in to = lo_addr(0), name;
	char ctl[256] __attribute__((aligned(8))), data[8];
	struct iovec v = { data, sizeof(data) };
	struct msghdr mh = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct sock_extended_err *e;
	struct ifreq r = { 0 };
	int fd, on = 1, pmtu = IP_PMTUDISC_DO;

	lo_up();
	fd = CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	strcpy(r.ifr_name, "lo");
	r.ifr_mtu = 1500;
	CHECK_OK(ioctl(fd, SIOCSIFMTU, &r));
	CHECK_OK(setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu)));
	CHECK_OK(setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof(on)));
	m->h.type = ICMP_ECHO;
	CHECK_EQ(sendto(fd, m, 1480, 0, (void *)&to, sizeof(to)), 1480);
	CHECK_ERR(sendto(fd, m, 1481, 0, (void *)&to, sizeof(to)), EMSGSIZE);
	CHECK(poll_now(fd, 0) & POLLERR);
	CHECK_EQ(recvmsg(fd, &mh, MSG_ERRQUEUE | MSG_DONTWAIT), 0);
	CHECK_EQ(CMSG_FIRSTHDR(&mh)->cmsg_level, SOL_IP);
	CHECK_EQ(CMSG_FIRSTHDR(&mh)->cmsg_type, IP_RECVERR);
	e = (void *)CMSG_DATA(CMSG_FIRSTHDR(&mh));
	CHECK_EQ(e->ee_errno, EMSGSIZE);
	CHECK_EQ(e->ee_origin, SO_EE_ORIGIN_LOCAL);
	CHECK_EQ(e->ee_info, 1500);
	CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	r.ifr_mtu = 65536;
	CHECK_OK(ioctl(fd, SIOCSIFMTU, &r));
}
