/* SPDX-License-Identifier: MPL-2.0 */
/* Sockets of IPv4, of packets and of netlink when memory fails. */
#include "failnth.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

unsigned kt_case_seconds = 330;
static int udp, tcp_listener, tcp[2], route;
static struct sockaddr_in udp_addr, tcp_addr;
static char block[60000];

static long keep(int fd, bool ok)
{
	int e = errno;

	fail_pause();
	if (fd >= 0)
		CHECK_OK(close(fd));
	errno = e;
	return ok ? 0 : -1;
}
static long new_tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static long new_udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
static long new_raw(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static long new_packet(void) { return socket(AF_PACKET, SOCK_RAW, htons(3)); }
static long new_route(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
static long bind_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return keep(fd, fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)));
}
static long listening(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return keep(fd, fd >= 0 && !listen(fd, 4));
}
static long connect_udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return keep(fd, fd >= 0 && !connect(fd, (struct sockaddr *)&udp_addr, sizeof(udp_addr)));
}
/* Started, not waited for: a segment that was lost comes again in its time. */
static long connect_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bool ok = fd >= 0 && (!connect(fd, (struct sockaddr *)&tcp_addr, sizeof(tcp_addr)) || errno == EINPROGRESS);
	int e = errno, got;

	/* Both ends at once, so that no port waits for a late segment. */
	fail_pause();
	if (fd >= 0)
		CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)));
	errno = e;
	(void)keep(fd, ok);
	while ((got = accept(tcp_listener, NULL, NULL)) >= 0) {
		CHECK_OK(setsockopt(got, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)));
		close(got);
	}
	errno = e;
	return ok ? 0 : -1;
}
static long send_udp(void) { return sendto(udp, block, 500, MSG_DONTWAIT, (struct sockaddr *)&udp_addr, sizeof(udp_addr)); }
/* It may have been lost on its way, that is not a failure of sendto. */
static void take_udp(long n)
{
	while (recv(udp, block, sizeof(block), MSG_DONTWAIT) >= 0)
		;
}
static long send_large(void) { return sendto(udp, block, 20000, MSG_DONTWAIT, (struct sockaddr *)&udp_addr, sizeof(udp_addr)); }
static long send_tcp(void) { return send(tcp[0], block, 3000, MSG_DONTWAIT); }
static void take_tcp(long n)
{
	while (n > 0) {
		struct pollfd p = { tcp[1], POLLIN, 0 };
		ssize_t r;

		/* What was lost on its way comes again. */
		if (poll(&p, 1, 30000) != 1)
			FAIL("%ld bytes never come", n);
		r = CHECK_OK(recv(tcp[1], block, (size_t)n < sizeof(block) ? (size_t)n : sizeof(block), 0));

		CHECK_GT(r, 0);
		n -= r;
	}
}
static long join(void)
{
	struct ip_mreqn m = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3"), .imr_ifindex = 1 };

	return setsockopt(udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m));
}
static void leave(long r)
{
	struct ip_mreqn m = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3"), .imr_ifindex = 1 };

	CHECK_OK(setsockopt(udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
}
static long links(void)
{
	static struct { struct nlmsghdr h; struct ifinfomsg i; } req;
	static char b[16384];
	long n;

	memset(&req, 0, sizeof(req));
	req.h = (struct nlmsghdr){ sizeof(req), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 };
	n = send(route, &req, sizeof(req), 0);
	if (n < 0)
		return -1;
	fail_pause();
	while (recv(route, b, sizeof(b), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	return 0;
}
static long new_addr(void)
{
	static struct { struct nlmsghdr h; struct ifaddrmsg a; struct rtattr r; struct in_addr in; } req;
	static struct { struct nlmsghdr h; int error; char more[200]; } ack;

	memset(&req, 0, sizeof(req));
	req.h = (struct nlmsghdr){ sizeof(req), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 2, 0 };
	req.a = (struct ifaddrmsg){ .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 1 };
	req.r = (struct rtattr){ sizeof(req.r) + 4, IFA_LOCAL };
	req.in.s_addr = inet_addr("127.9.9.9");
	if (send(route, &req, sizeof(req), 0) < 0)
		return -1;
	if (recv(route, &ack, sizeof(ack), MSG_DONTWAIT) < 0)
		return errno == EAGAIN || errno == ENOBUFS ? 1 : -1;	/* the answer had no memory */
	errno = -ack.error;
	return ack.error ? -1 : 1;
}
static void del_addr(long r)
{
	struct { struct nlmsghdr h; struct ifaddrmsg a; struct rtattr r; struct in_addr in; } req = {
		.h = { sizeof(req), RTM_DELADDR, NLM_F_REQUEST, 3, 0 },
		.a = { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 1 },
		.r = { sizeof(req.r) + 4, IFA_LOCAL }, .in.s_addr = inet_addr("127.9.9.9") };
	static char b[4096];

	CHECK_OK(send(route, &req, sizeof(req), 0));
	while (recv(route, b, sizeof(b), MSG_DONTWAIT) >= 0)
		;
}

static bool up(void)
{
	struct { char name[16]; short flags; char pad[22]; } ifr = { "lo", 0x49, { 0 } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return false;
	CHECK_OK(ioctl(fd, 0x8914 /* SIOCSIFFLAGS */, &ifr));
	close(fd);
	return true;
}

static void ready(void)
{
	socklen_t n = sizeof(udp_addr);

	fail_open();
	if (!up())
		SKIP("no IPv4");
	memset(block, 6, sizeof(block));
	udp_addr = tcp_addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	udp = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(bind(udp, (struct sockaddr *)&udp_addr, sizeof(udp_addr)));
	CHECK_OK(getsockname(udp, (struct sockaddr *)&udp_addr, &n));
	tcp_listener = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(bind(tcp_listener, (struct sockaddr *)&tcp_addr, sizeof(tcp_addr)));
	CHECK_OK(listen(tcp_listener, 64));
	CHECK_OK(getsockname(tcp_listener, (struct sockaddr *)&tcp_addr, &n));
	tcp[0] = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(connect(tcp[0], (struct sockaddr *)&tcp_addr, sizeof(tcp_addr)));
	tcp[1] = CHECK_OK(accept(tcp_listener, NULL, NULL));
	CHECK_OK(fcntl(tcp_listener, F_SETFL, O_NONBLOCK));
}

CASE(sockets)
{
	static const struct fail_call calls[] = {
		{ "socket, TCP", new_tcp, fail_close, { ENFILE, ENOBUFS } },
		{ "socket, UDP", new_udp, fail_close, { ENFILE, ENOBUFS } },
		{ "socket, raw", new_raw, fail_close, { ENFILE, ENOBUFS } },
		{ "socket, packets", new_packet, fail_close, { ENFILE, ENOBUFS } },
		{ "socket, netlink", new_route, fail_close, { ENFILE, ENOBUFS } },
		{ "bind, UDP", bind_udp, NULL, { ENFILE, ENOBUFS } },
		{ "listen", listening, NULL, { ENFILE, ENOBUFS } },
		{ "connect, UDP", connect_udp, NULL, { ENFILE, ENOBUFS } },
		{ "connect, TCP", connect_tcp, NULL, { ENFILE, ENOBUFS } },
		{ "sendto", send_udp, take_udp, { ENOBUFS } },
		{ "sendto, in fragments", send_large, take_udp, { ENOBUFS } },
		{ "send, TCP", send_tcp, take_tcp, { ENOBUFS, EAGAIN } },
		{ "IP_ADD_MEMBERSHIP", join, leave, { ENOBUFS } },
		{ "RTM_GETLINK", links, NULL, { ENOBUFS } },
		{ "RTM_NEWADDR", new_addr, del_addr, { ENOBUFS } },
	};

	ready();
	route = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	FAIL_GROUP(calls);
}

/* --- what a stream refers to: pages of files and pipes, notes of calls --- */

static int file, ring[2];

static long file_tcp(void) { return sendfile(tcp[0], file, &(off_t){ 100 }, 9000); }

static long drain(void)
{
	long n = 0, r;

	while ((r = read(ring[0], block, sizeof(block))) > 0)
		n += r;
	return n;
}

/* What does not go stays in the pipe. */
static long pipe_tcp(void)
{
	long n, e;

	fail_pause();
	for (int i = 0; i < 22; i++)		/* more pieces than a packet has room for */
		CHECK_EQ(write(ring[1], block, 3000), 3000);
	fail_resume();
	n = splice(ring[0], NULL, tcp[0], NULL, 66000, SPLICE_F_NONBLOCK);
	e = errno;
	fail_pause();
	CHECK_EQ(drain(), 66000 - (n > 0 ? n : 0));
	errno = (int)e;
	return n;
}

static long file_pipe(void)
{
	loff_t off = 100;
	long n = splice(file, &off, ring[1], NULL, 9000, SPLICE_F_NONBLOCK);
	int e = errno;

	fail_pause();
	CHECK_EQ(off, 100 + (n > 0 ? n : 0));
	CHECK_EQ(drain(), n > 0 ? n : 0);
	errno = e;
	return n;
}

static void news(void)
{
	static char b[2048], c[512];
	struct iovec v = { b, sizeof(b) };
	struct msghdr m;

	do
		m = (struct msghdr){ .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = sizeof(c) };
	while (recvmsg(tcp[0], &m, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
}

static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }

static void take_told(long n)
{
	take_tcp(n);
	news();
}

static long told(int how, int flags)
{
	long n;

	fail_pause();
	CHECK_OK(set(tcp[0], SO_TIMESTAMPING, how));
	fail_resume();
	n = send(tcp[0], block, 3000, MSG_DONTWAIT | flags);
	return n;
}

#define SENT	(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE)

static long stamped(void) { return told(SENT, 0); }
static long stats(void) { return told(SENT | SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_STATS, 0); }
static long zerocopy(void) { return told(0, 0x4000000 /* MSG_ZEROCOPY */); }

/* Two that share a port, and a program that chooses. */
static long group(void)
{
	struct sock_filter f = { BPF_RET | BPF_K, 0, 0, 1 };
	struct sock_fprog prog = { 1, &f };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int s[2] = { -1, -1 };
	bool ok = true;

	for (int i = 0; i < 2 && ok; i++) {
		s[i] = socket(AF_INET, SOCK_DGRAM, 0);
		ok = s[i] >= 0 && !set(s[i], SO_REUSEPORT, 1) && !bind(s[i], (struct sockaddr *)&a, sizeof(a));
		if (!i)
			ok = ok && !getsockname(s[0], (struct sockaddr *)&a, &len) &&
				!setsockopt(s[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog));
	}
	(void)keep(s[0], ok);
	return keep(s[1], ok);
}

CASE(streams)
{
	static const struct fail_call calls[] = {
		{ "sendfile, TCP", file_tcp, take_tcp, { ENOBUFS, EAGAIN } },
		{ "splice, pipe to TCP", pipe_tcp, take_tcp, { ENOBUFS, EAGAIN } },
		{ "splice, file to pipe", file_pipe },
		{ "SO_TIMESTAMPING, TCP", stamped, take_told, { ENOBUFS, EAGAIN } },
		{ "OPT_STATS", stats, take_told, { ENOBUFS, EAGAIN } },
		{ "MSG_ZEROCOPY, TCP", zerocopy, take_told, { ENOBUFS, EAGAIN } },
		{ "SO_ATTACH_REUSEPORT_CBPF", group, NULL, { ENFILE, ENOBUFS, EADDRINUSE } },
	};

	ready();
	file = CHECK_OK(open("data", O_CREAT | O_RDWR, 0600));
	CHECK_EQ(write(file, block, 20000), 20000);
	CHECK_OK(pipe2(ring, O_NONBLOCK));
	CHECK_OK(fcntl(ring[1], F_SETPIPE_SZ, 131072));
	CHECK_OK(set(tcp[0], 60 /* SO_ZEROCOPY */, 1));
	FAIL_GROUP(calls);
}
