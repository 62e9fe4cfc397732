/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*ADDR: addresses of lo, added, found, changed, aged, deleted; filters, errors, extended acknowledgements. */
#include <linux/if_addr.h>
#include "nl.h"

#define HDR sizeof(struct ifaddrmsg)

static void addr(int type, int flags, const char *ip, int len)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = len, .ifa_index = 1 };

	nl_begin(type, flags, &a, sizeof(a));
	if (ip) {
		nl_ip(IFA_LOCAL, ip);
		nl_ip(IFA_ADDRESS, ip);
	}
}
static int add(int fd, const char *ip, int len)
{
	addr(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ip, len);
	return nl_do(fd);
}
static int del(int fd, const char *ip, int len)
{
	addr(RTM_DELADDR, 0, ip, len);
	return nl_do(fd);
}

struct found {
	const char *ip;
	int n, all, flags, prefixlen, nlflags;
	unsigned ifa_flags, prefered, valid;
	char label[16], peer[64], broadcast[64];
};
static void look(struct nlmsghdr *h, void *arg)
{
	struct ifaddrmsg *a = NLMSG_DATA(h);
	struct found *f = arg;
	struct ifa_cacheinfo *ci;

	CHECK_EQ(h->nlmsg_type, RTM_NEWADDR);
	f->all++;
	f->nlflags = h->nlmsg_flags;
	if (a->ifa_family != AF_INET || strcmp(nl_getip(h, HDR, IFA_LOCAL), f->ip))
		return;
	f->n++;
	f->prefixlen = a->ifa_prefixlen;
	f->flags = a->ifa_flags;
	f->ifa_flags = nl_get32(h, HDR, IFA_FLAGS);
	ci = nl_need(h, HDR, IFA_CACHEINFO);
	f->prefered = ci->ifa_prefered;
	f->valid = ci->ifa_valid;
	strcpy(f->peer, nl_getip(h, HDR, IFA_ADDRESS));
	strcpy(f->broadcast, nl_getip(h, HDR, IFA_BROADCAST));
	strcpy(f->label, nl_need(h, HDR, IFA_LABEL));
	CHECK_EQ(a->ifa_index, 1);
}
static struct found find(int fd, const char *ip)
{
	struct found f = { .ip = ip };
	struct ifaddrmsg a = { .ifa_family = AF_INET };

	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	return f;
}
static void clean(int fd)
{
	del(fd, "192.0.2.1", 24);
	del(fd, "192.0.2.2", 24);
	del(fd, "192.0.2.3", 24);
	del(fd, "198.51.100.1", 32);
}

CASE(new_and_delete)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct found f;

	nl_lo_up(fd);
	clean(fd);
	CHECK_EQ(add(fd, "192.0.2.1", 24), 0);
	f = find(fd, "192.0.2.1");
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.prefixlen, 24);
	CHECK_EQ(f.flags, IFA_F_PERMANENT);
	CHECK_EQ(f.ifa_flags, IFA_F_PERMANENT);
	CHECK_EQ(f.valid, ~0u);
	CHECK_EQ(f.prefered, ~0u);
	CHECK_STR(f.label, "lo");
	CHECK_STR(f.peer, "192.0.2.1");
	CHECK_STR(f.broadcast, "-");
	CHECK_EQ(add(fd, "192.0.2.1", 24), EEXIST);
	addr(RTM_NEWADDR, 0, "192.0.2.1", 24);
	CHECK_EQ(nl_do(fd), EEXIST);
	CHECK_EQ(add(fd, "192.0.2.2", 24), 0);
	f = find(fd, "192.0.2.2");
	CHECK_EQ(f.flags, IFA_F_PERMANENT | IFA_F_SECONDARY);
	CHECK_EQ(del(fd, "192.0.2.9", 24), EADDRNOTAVAIL);
	CHECK_EQ(del(fd, "192.0.2.1", 25), EADDRNOTAVAIL);
	CHECK_EQ(del(fd, "192.0.2.1", 24), 0);
	CHECK_EQ(find(fd, "192.0.2.1").n, 0);
	clean(fd);
	CHECK_EQ(find(fd, "192.0.2.2").n, 0);
}
CASE(secondaries_go_with_their_primary)
{
	int fd = nl_open(NETLINK_ROUTE), conf, promote = 0;
	char c;

	nl_lo_up(fd);
	clean(fd);
	conf = open("/proc/sys/net/ipv4/conf/lo/promote_secondaries", O_RDONLY);
	if (conf >= 0 && read(conf, &c, 1) == 1)
		promote = c == '1';
	conf = open("/proc/sys/net/ipv4/conf/all/promote_secondaries", O_RDONLY);
	if (conf >= 0 && read(conf, &c, 1) == 1)
		promote |= c == '1';
	CHECK_EQ(add(fd, "192.0.2.1", 24), 0);
	CHECK_EQ(add(fd, "192.0.2.2", 24), 0);
	CHECK_EQ(add(fd, "192.0.2.3", 24), 0);
	CHECK_EQ(del(fd, "192.0.2.1", 24), 0);
	CHECK_EQ(find(fd, "192.0.2.2").n, promote);
	CHECK_EQ(find(fd, "192.0.2.3").n, promote);
	if (promote)
		CHECK_EQ(find(fd, "192.0.2.2").flags, IFA_F_PERMANENT);
	clean(fd);
}
CASE(peer_label_broadcast)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1 };
	struct found f;

	nl_lo_up(fd);
	clean(fd);
	nl_begin(RTM_NEWADDR, NLM_F_CREATE, &a, sizeof(a));
	nl_ip(IFA_LOCAL, "198.51.100.1");
	nl_ip(IFA_ADDRESS, "198.51.100.2");
	nl_ip(IFA_BROADCAST, "198.51.100.255");
	nl_str(IFA_LABEL, "lo:test");
	CHECK_EQ(nl_do(fd), 0);
	f = find(fd, "198.51.100.1");
	CHECK_EQ(f.n, 1);
	CHECK_STR(f.peer, "198.51.100.2");
	CHECK_STR(f.broadcast, "198.51.100.255");
	CHECK_STR(f.label, "lo:test");
	/* Another label is another address. */
	nl_begin(RTM_DELADDR, 0, &a, sizeof(a));
	nl_ip(IFA_LOCAL, "198.51.100.1");
	nl_str(IFA_LABEL, "lo:other");
	CHECK_EQ(nl_do(fd), EADDRNOTAVAIL);
	nl_begin(RTM_DELADDR, 0, &a, sizeof(a));
	nl_ip(IFA_LOCAL, "198.51.100.1");
	nl_str(IFA_LABEL, "lo:test");
	CHECK_EQ(nl_do(fd), 0);
}
CASE(lifetimes)
{
	int fd = nl_open(NETLINK_ROUTE), ear = nl_open(NETLINK_ROUTE);
	struct ifa_cacheinfo ci = { .ifa_valid = 3000, .ifa_prefered = 2000 };
	struct nlmsghdr *h;
	struct found f;

	nl_lo_up(fd);
	clean(fd);
	nl_join(ear, RTNLGRP_IPV4_IFADDR);
	addr(RTM_NEWADDR, NLM_F_CREATE, "192.0.2.1", 24);
	nl_attr(IFA_CACHEINFO, &ci, sizeof(ci));
	CHECK_EQ(nl_do(fd), 0);
	f = find(fd, "192.0.2.1");
	CHECK_EQ(f.flags, 0);
	CHECK(f.valid >= 2990 && f.valid <= 3000);
	CHECK(f.prefered >= 1990 && f.prefered <= 2000);
	ci.ifa_valid = 0;
	addr(RTM_NEWADDR, NLM_F_REPLACE, "192.0.2.1", 24);
	nl_attr(IFA_CACHEINFO, &ci, sizeof(ci));
	CHECK_EQ(nl_do(fd), EINVAL);
	ci = (struct ifa_cacheinfo){ .ifa_valid = 3000, .ifa_prefered = 0 };
	addr(RTM_NEWADDR, NLM_F_REPLACE, "192.0.2.1", 24);
	nl_attr(IFA_CACHEINFO, &ci, sizeof(ci));
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(find(fd, "192.0.2.1").flags, IFA_F_DEPRECATED);
	ci.ifa_valid = 2;
	addr(RTM_NEWADDR, NLM_F_REPLACE, "192.0.2.1", 24);
	nl_attr(IFA_CACHEINFO, &ci, sizeof(ci));
	CHECK_EQ(nl_do(fd), 0);
	do
		h = nl_recv(ear);
	while (h->nlmsg_type != RTM_DELADDR || strcmp(nl_getip(h, HDR, IFA_LOCAL), "192.0.2.1"));
	CHECK_EQ(find(fd, "192.0.2.1").n, 0);
}
CASE(errors)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 4711 };

	nl_begin(RTM_NEWADDR, NLM_F_CREATE, &a, sizeof(a));
	nl_ip(IFA_LOCAL, "192.0.2.1");
	CHECK_EQ(nl_do(fd), ENODEV);
	nl_begin(RTM_DELADDR, 0, &a, sizeof(a));
	CHECK_EQ(nl_do(fd), ENODEV);
	addr(RTM_NEWADDR, NLM_F_CREATE, "192.0.2.1", 33);
	CHECK_EQ(nl_do(fd), EINVAL);
	addr(RTM_NEWADDR, NLM_F_CREATE, NULL, 24);
	CHECK_EQ(nl_do(fd), EINVAL);
	addr(RTM_NEWADDR, NLM_F_CREATE, NULL, 24);
	nl_attr(IFA_LOCAL, "\300\0\2", 3);
	CHECK_EQ(nl_do(fd), ERANGE);
	addr(RTM_NEWADDR, NLM_F_CREATE, "192.0.2.1", 24);
	nl_str(IFA_LABEL, "a-label-that-is-too-long");
	CHECK_EQ(nl_do(fd), ERANGE);
	addr(RTM_NEWADDR, NLM_F_CREATE, "192.0.2.1", 24);
	nl_attr(IFA_CACHEINFO, "1234", 4);
	CHECK_EQ(nl_do(fd), ERANGE);
	CHECK_STR(nl_why, "Attribute failed policy validation");
	/* Short of its header. */
	addr(RTM_NEWADDR, NLM_F_CREATE, NULL, 24);
	nl_req.h.nlmsg_len -= 4;
	CHECK_EQ(nl_do(fd), EINVAL);
	/* Not asked for one alone, in IPv4. */
	addr(RTM_GETADDR, 0, "127.0.0.1", 8);
	CHECK_EQ(nl_do(fd), EOPNOTSUPP);
	addr(RTM_NEWADDR, NLM_F_CREATE, "192.0.2.1", 24);
	((struct ifaddrmsg *)NLMSG_DATA(&nl_req.h))->ifa_family = AF_UNIX;
	CHECK_EQ(nl_do(fd), EOPNOTSUPP);
}
CASE(strict_dumps)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_index = 1 };
	struct found f = { .ip = "127.0.0.1" };

	nl_lo_up(fd);
	nl_strict(fd);
	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	CHECK_EQ(f.n, 1);
	CHECK(f.nlflags & 0x20);	/* NLM_F_DUMP_FILTERED */
	a.ifa_index = 4711;
	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));
	CHECK_EQ(nl_dump(fd, NULL, NULL), ENODEV);
	a.ifa_prefixlen = 1;
	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	a.ifa_prefixlen = 0;
	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));
	nl_u32(IFA_FLAGS, 0);
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));
	nl_u32(999, 0);
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	nl_begin(RTM_GETADDR, 0, &a, 1);
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
}
CASE(loose_dumps)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_index = 4711, .ifa_prefixlen = 99 };
	struct rtgenmsg g = { AF_UNSPEC };
	struct found f = { .ip = "127.0.0.1" };

	nl_lo_up(fd);
	nl_begin(RTM_GETADDR, 0, &a, sizeof(a));	/* nothing of it is looked at */
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	CHECK_EQ(f.n, 1);
	f.n = 0;
	nl_begin(RTM_GETADDR, 0, &g, sizeof(g));
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	CHECK_EQ(f.n, 1);
}
CASE(privilege)
{
	int fd;

	kt_become(1000, 1000);
	fd = nl_open(NETLINK_ROUTE);
	CHECK_EQ(add(fd, "192.0.2.1", 24), EPERM);
	CHECK_EQ(del(fd, "127.0.0.1", 8), EPERM);
	CHECK_GE(find(fd, "127.0.0.1").all, 0);
}
