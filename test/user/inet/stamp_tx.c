/* SPDX-License-Identifier: MPL-2.0 */
/* Times of sending by the error queue (SO_TIMESTAMPING): UDP over both versions, raw, AF_PACKET; numbers, one message's choice. */
#include "inet.h"
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <netinet/ip_icmp.h>
#include <poll.h>

struct got {
	struct sock_extended_err e;
	long long stamp[6];
	int len, namelen, recverr_len, flags;
	unsigned char data[256];
};

static int set(int fd, int opt, int v) { return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v)); }

/* The next of the error queue; false: there is none. */
static int next(int fd, int level, int type, struct got *g)
{
	char ctl[512] __attribute__((aligned(8)));
	struct sockaddr_storage name;
	struct iovec v = { g->data, sizeof(g->data) };
	struct msghdr m = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl,
		.msg_controllen = sizeof(ctl) };

	memset(g, 0, sizeof(*g));
	CHECK(WAIT_EVENTS(fd, 0) & POLLERR);
	g->len = CHECK_OK((int)recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT));
	g->namelen = (int)m.msg_namelen;
	g->flags = m.msg_flags;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING)
			memcpy(g->stamp, CMSG_DATA(c), sizeof(g->stamp));
		if (c->cmsg_level == level && c->cmsg_type == type) {
			memcpy(&g->e, CMSG_DATA(c), sizeof(g->e));
			g->recverr_len = (int)(c->cmsg_len - CMSG_LEN(0));
		}
	}
	CHECK(g->flags & MSG_ERRQUEUE);
	CHECK_EQ(g->e.ee_errno, ENOMSG);
	CHECK_EQ(g->e.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
	return 1;
}

#define TX	(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE)

CASE(udp)
{
	struct got g;
	int port, s, in;
	struct sockaddr_in to;

	lo_up();
	in = lo_sock(SOCK_DGRAM, &port);
	to = lo_addr(port);
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(connect(s, (void *)&to, sizeof(to)));
	CHECK_OK(set(s, SO_TIMESTAMPING, TX | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_OPT_ID));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(send(s, "hello", 5, 0), 5);
		CHECK(next(s, SOL_IP, IP_RECVERR, &g));
		CHECK_EQ(g.e.ee_info, SCM_TSTAMP_SCHED);
		CHECK_EQ(g.e.ee_data, i);
		CHECK(next(s, SOL_IP, IP_RECVERR, &g));
		CHECK_EQ(g.e.ee_info, SCM_TSTAMP_SND);
		CHECK_EQ(g.e.ee_data, i);
		CHECK_EQ(g.recverr_len, 32);
		CHECK_EQ(g.namelen, 0);
		CHECK_EQ(g.len, 14 + 20 + 8 + 5);	/* as it went to the device */
		CHECK(!memcmp(g.data + 42, "hello", 5));
		CHECK(g.stamp[0] > 1500000000ll);
		CHECK_EQ(g.stamp[2] | g.stamp[3] | g.stamp[4] | g.stamp[5], 0);
	}
	/* It is no error of the socket, and the data arrived. */
	CHECK_EQ(send(s, "x", 1, 0), 1);
	CHECK_EQ(recv(in, g.data, sizeof(g.data), 0), 5);
	close(s);
	/* Only the time; numbers begin anew. */
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(set(s, SO_TIMESTAMPING, TX | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
	CHECK_EQ(sendto(s, "hello", 5, 0, (void *)&to, sizeof(to)), 5);
	CHECK(next(s, SOL_IP, IP_RECVERR, &g));
	CHECK_EQ(g.len, 0);
	CHECK_EQ(g.e.ee_data, 0);
	CHECK(g.stamp[0] > 1500000000ll);
	CHECK_ERR(recv(s, g.data, sizeof(g.data), MSG_ERRQUEUE), EAGAIN);
}
CASE(one_message_only)
{
	char ctl[CMSG_SPACE(4)] __attribute__((aligned(8))) = { 0 };
	struct iovec v = { "hello", 5 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	unsigned want = SOF_TIMESTAMPING_TX_SOFTWARE;
	struct sockaddr_in to;
	struct pollfd p;
	struct got g;
	int port, s;

	lo_up();
	lo_sock(SOCK_DGRAM, &port);
	to = lo_addr(port);
	s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_OK(connect(s, (void *)&to, sizeof(to)));
	CHECK_OK(set(s, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE));
	CHECK_EQ(send(s, "quiet", 5, 0), 5);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_TIMESTAMPING;
	c->cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(c), &want, 4);
	CHECK_EQ(CHECK_OK(sendmsg(s, &m, 0)), 5);
	CHECK(next(s, SOL_IP, IP_RECVERR, &g));
	CHECK(!memcmp(g.data + 42, "hello", 5));
	CHECK(g.stamp[0] > 1500000000ll);
	p = (struct pollfd){ .fd = s };
	CHECK_EQ(poll(&p, 1, 0), 0);
	want = SOF_TIMESTAMPING_SOFTWARE;
	memcpy(CMSG_DATA(c), &want, 4);
	CHECK_ERR(sendmsg(s, &m, 0), EINVAL);
}
CASE(six_and_raw)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct icmphdr h = { .type = ICMP_ECHOREPLY };
	struct sockaddr_in to = lo_addr(0);
	struct got g;
	int s;

	lo_up();
	s = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	CHECK_OK(set(s, SO_TIMESTAMPING, TX));
	CHECK_EQ(sendto(s, "six", 3, 0, (void *)&a, sizeof(a)), 3);
	CHECK(next(s, SOL_IPV6, IPV6_RECVERR, &g));
	CHECK_EQ(g.len, 14 + 40 + 8 + 3);
	CHECK_EQ(g.recverr_len, 44);
	CHECK_EQ(g.namelen, 0);
	s = CHECK_OK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	CHECK_OK(set(s, SO_TIMESTAMPING, TX | SOF_TIMESTAMPING_OPT_ID));
	CHECK_EQ(sendto(s, &h, sizeof(h), 0, (void *)&to, sizeof(to)), sizeof(h));
	CHECK(next(s, SOL_IP, IP_RECVERR, &g));
	CHECK_EQ(g.len, 14 + 20 + 8);
}
CASE(packet)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(0x88b5), .sll_ifindex = 1, .sll_halen = 6 };
	struct got g;
	int s;

	lo_up();
	s = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0));
	CHECK_OK(set(s, SO_TIMESTAMPING, TX | SOF_TIMESTAMPING_OPT_ID));
	CHECK_EQ(sendto(s, "frame", 5, 0, (void *)&a, sizeof(a)), 5);
	CHECK(next(s, 263, PACKET_TX_TIMESTAMP, &g));
	CHECK_EQ(g.recverr_len, 16);
	CHECK_EQ(g.len, 14 + 5);
	CHECK_EQ(g.e.ee_data, 0);
	CHECK(g.stamp[0] > 1500000000ll);
	CHECK_ERR(recv(s, g.data, sizeof(g.data), MSG_ERRQUEUE), EAGAIN);
}
