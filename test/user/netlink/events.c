/* SPDX-License-Identifier: MPL-2.0 */
/* Groups of rtnetlink: changes, over netlink or by ioctl, are told to those who listen; NLM_F_ECHO; requests of all sorts. */
#include <linux/if_addr.h>
#include <linux/fib_rules.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include "nl.h"

#define ADDR sizeof(struct ifaddrmsg)
#define ROUTE sizeof(struct rtmsg)

static void addr(int type, int flags, const char *ip)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1 };

	nl_begin(type, flags, &a, sizeof(a));
	nl_ip(IFA_LOCAL, ip);
}
static void route(int type, int flags, const char *dst)
{
	struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = 24, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
			   .rtm_type = RTN_UNICAST, .rtm_scope = RT_SCOPE_LINK };

	nl_begin(type, flags, &m, sizeof(m));
	nl_ip(RTA_DST, dst);
	nl_u32(RTA_OIF, 1);
}
static int ear(int group)
{
	int fd = nl_open(NETLINK_ROUTE);

	nl_join(fd, group);
	return fd;
}
/* The next message is of this type, and from whom it should be. */
static struct nlmsghdr *expect(int fd, int type, unsigned portid, unsigned seq)
{
	struct nlmsghdr *h = nl_recv(fd);

	CHECK_EQ(h->nlmsg_type, type);
	CHECK_EQ(h->nlmsg_pid, portid);
	CHECK_EQ(h->nlmsg_seq, seq);
	return h;
}
static void silence(int fd)
{
	CHECK_ERR(recv(fd, nl_buf, sizeof(nl_buf), MSG_DONTWAIT), EAGAIN);
}
static unsigned port_of(int fd)
{
	struct sockaddr_nl a;
	socklen_t n = sizeof(a);

	CHECK_OK(getsockname(fd, (void *)&a, &n));
	return a.nl_pid;
}
CASE(addresses)
{
	int fd = nl_open(NETLINK_ROUTE), e, r;
	unsigned seq;

	nl_lo_up(fd);
	addr(RTM_DELADDR, 0, "192.0.2.1");
	nl_do(fd);
	e = ear(RTNLGRP_IPV4_IFADDR);
	r = ear(RTNLGRP_IPV4_ROUTE);
	addr(RTM_NEWADDR, NLM_F_CREATE, "192.0.2.1");
	seq = nl_req.h.nlmsg_seq;
	CHECK_EQ(nl_do(fd), 0);
	CHECK_STR(nl_getip(expect(e, RTM_NEWADDR, port_of(fd), seq), ADDR, IFA_LOCAL), "192.0.2.1");
	/* The route that comes with it is the kernel's own doing. */
	CHECK_STR(nl_getip(expect(r, RTM_NEWROUTE, 0, 0), ROUTE, RTA_DST), "192.0.2.1");
	addr(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "192.0.2.1");
	CHECK_EQ(nl_do(fd), EEXIST);
	silence(e);
	addr(RTM_DELADDR, 0, "192.0.2.1");
	seq = nl_req.h.nlmsg_seq;
	CHECK_EQ(nl_do(fd), 0);
	CHECK_STR(nl_getip(expect(e, RTM_DELADDR, port_of(fd), seq), ADDR, IFA_LOCAL), "192.0.2.1");
	expect(r, RTM_DELROUTE, 0, 0);
	silence(e);
	silence(r);
}
CASE(routes)
{
	int fd = nl_open(NETLINK_ROUTE), e;
	struct nlmsghdr *h;

	nl_lo_up(fd);
	route(RTM_DELROUTE, 0, "198.51.100.0");
	nl_do(fd);
	e = ear(RTNLGRP_IPV4_ROUTE);
	route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "198.51.100.0");
	CHECK_EQ(nl_do(fd), 0);
	h = expect(e, RTM_NEWROUTE, port_of(fd), nl_req.h.nlmsg_seq);
	CHECK_EQ(h->nlmsg_flags, NLM_F_CREATE | NLM_F_EXCL);
	CHECK_STR(nl_getip(h, ROUTE, RTA_DST), "198.51.100.0");
	CHECK_EQ(nl_get32(h, ROUTE, RTA_OIF), 1);
	route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "198.51.100.0");
	((struct rtmsg *)NLMSG_DATA(&nl_req.h))->rtm_protocol = RTPROT_BOOT;
	CHECK_EQ(nl_do(fd), 0);
	h = expect(e, RTM_NEWROUTE, port_of(fd), nl_req.h.nlmsg_seq);
	CHECK_EQ(h->nlmsg_flags, NLM_F_REPLACE);
	CHECK_EQ(((struct rtmsg *)NLMSG_DATA(h))->rtm_protocol, RTPROT_BOOT);
	route(RTM_DELROUTE, 0, "198.51.100.0");
	((struct rtmsg *)NLMSG_DATA(&nl_req.h))->rtm_protocol = 0;
	CHECK_EQ(nl_do(fd), 0);
	expect(e, RTM_DELROUTE, port_of(fd), nl_req.h.nlmsg_seq);
	silence(e);
}
CASE(rules)
{
	int fd = nl_open(NETLINK_ROUTE), e = ear(RTNLGRP_IPV4_RULE);
	struct fib_rule_hdr r = { .family = AF_INET, .action = FR_ACT_TO_TBL, .table = 99 };

	for (int type = RTM_NEWRULE; type <= RTM_DELRULE; type++) {
		nl_begin(type, type == RTM_NEWRULE ? NLM_F_CREATE : 0, &r, sizeof(r));
		nl_u32(FRA_PRIORITY, 4000);
		CHECK_EQ(nl_do(fd), 0);
		CHECK_EQ(nl_get32(expect(e, type, port_of(fd), nl_req.h.nlmsg_seq), sizeof(r), FRA_TABLE), 99);
	}
	silence(e);
}
CASE(echo)
{
	int fd = nl_open(NETLINK_ROUTE), e;
	struct nlmsghdr *h;

	nl_lo_up(fd);
	route(RTM_DELROUTE, 0, "198.51.100.0");
	nl_do(fd);
	nl_join(fd, RTNLGRP_IPV4_ROUTE);
	e = ear(RTNLGRP_IPV4_ROUTE);
	route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_ECHO | NLM_F_ACK, "198.51.100.0");
	nl_send(fd);
	h = expect(fd, RTM_NEWROUTE, port_of(fd), nl_req.h.nlmsg_seq);	/* once, though it listens as well */
	CHECK_STR(nl_getip(h, ROUTE, RTA_DST), "198.51.100.0");
	h = nl_recv(fd);
	CHECK_EQ(h->nlmsg_type, NLMSG_ERROR);
	CHECK_EQ(nl_error_in(h), 0);
	expect(e, RTM_NEWROUTE, port_of(fd), nl_req.h.nlmsg_seq);
	silence(fd);
	route(RTM_DELROUTE, NLM_F_ACK, "198.51.100.0");
	nl_send(fd);
	expect(fd, RTM_DELROUTE, port_of(fd), nl_req.h.nlmsg_seq);	/* as one who listens */
	CHECK_EQ(nl_recv(fd)->nlmsg_type, NLMSG_ERROR);
	silence(fd);
}
CASE(ioctls)
{
	int fd = nl_open(NETLINK_ROUTE), s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), e, r;
	struct ifreq q = { .ifr_name = "lo:9" };
	struct sockaddr_in *a = (void *)&q.ifr_addr;
	struct rtentry t = { .rt_dev = "lo", .rt_flags = RTF_UP };

	nl_lo_up(fd);
	e = ear(RTNLGRP_IPV4_IFADDR);
	r = ear(RTNLGRP_IPV4_ROUTE);
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(0xc0000207);
	CHECK_OK(ioctl(s, SIOCSIFADDR, &q));
	CHECK_STR(nl_getip(expect(e, RTM_NEWADDR, 0, 0), ADDR, IFA_LOCAL), "192.0.2.7");
	a->sin_addr.s_addr = 0;
	CHECK_OK(ioctl(s, SIOCSIFADDR, &q));
	expect(e, RTM_DELADDR, 0, 0);
	while (recv(r, nl_buf, sizeof(nl_buf), MSG_DONTWAIT) > 0)
		;
	((struct sockaddr_in *)&t.rt_dst)->sin_family = AF_INET;
	((struct sockaddr_in *)&t.rt_dst)->sin_addr.s_addr = htonl(0xc6336400);
	((struct sockaddr_in *)&t.rt_genmask)->sin_family = AF_INET;
	((struct sockaddr_in *)&t.rt_genmask)->sin_addr.s_addr = htonl(0xffffff00);
	CHECK_OK(ioctl(s, SIOCADDRT, &t));
	CHECK_STR(nl_getip(expect(r, RTM_NEWROUTE, 0, 0), ROUTE, RTA_DST), "198.51.100.0");
	CHECK_OK(ioctl(s, SIOCDELRT, &t));
	expect(r, RTM_DELROUTE, 0, 0);
}
/* Requests of every kind with random bytes in them, by an administrator: answers, no harm. The state is put right afterwards. */
CASE(random_requests)
{
	static const unsigned char types[] = { 16, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29, 30, 32, 34, 66, 82, 90, 94, 106 };
	int fd = nl_open(NETLINK_ROUTE);
	unsigned seed = 20261121;

	for (int i = 0; i < 4000; i++) {
		unsigned char *p = (void *)&nl_req;
		unsigned len = 16;

		memset(&nl_req, 0, sizeof(nl_req));
		len += 4 * (i % 40);
		for (unsigned k = 16; k < len; k++) {
			seed = seed * 1103515245 + 12345;
			p[k] = seed >> 28 ? 0 : seed >> 16;
		}
		seed = seed * 1103515245 + 12345;
		nl_req.h.nlmsg_type = types[(seed >> 16) % sizeof(types)];
		nl_req.h.nlmsg_flags = NLM_F_REQUEST | (seed >> 8 & 0xf00);
		nl_req.h.nlmsg_len = len;
		if (len > 16)
			p[16] = seed & 1 ? AF_INET : seed & 2 ? AF_UNSPEC : AF_INET6;
		/* A device that is not there, or none: lo shall stay as it is. */
		if (len >= 24 && nl_req.h.nlmsg_type < 24)
			p[20] = p[21] = p[22] = p[23] = seed & 4 ? 77 : 0;
		if (nl_req.h.nlmsg_type == 24 || nl_req.h.nlmsg_type == 32)
			nl_req.h.nlmsg_flags &= ~NLM_F_CREATE;
		if (nl_req.h.nlmsg_type == 32 || nl_req.h.nlmsg_type == 25 || nl_req.h.nlmsg_type == 21)
			continue;
		nl_send(fd);
		while (recv(fd, nl_buf, sizeof(nl_buf), MSG_DONTWAIT) > 0)
			;
	}
	close(fd);
	fd = nl_open(NETLINK_ROUTE);
	nl_lo_up(fd);
}
