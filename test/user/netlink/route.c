/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*ROUTE over lo: adding with all flags, hops, metrics, what is refused, dumps with filters, questions. */
#include "nl.h"

#define HDR sizeof(struct rtmsg)

static struct rtmsg *route(int type, int flags, const char *dst, int len)
{
	struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = len, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
			   .rtm_type = RTN_UNICAST, .rtm_scope = RT_SCOPE_LINK };

	if (type == RTM_DELROUTE) {
		m.rtm_scope = RT_SCOPE_NOWHERE;
		m.rtm_protocol = m.rtm_type = 0;
	}
	nl_begin(type, flags, &m, sizeof(m));
	if (dst)
		nl_ip(RTA_DST, dst);
	return NLMSG_DATA(&nl_req.h);
}
static int add(int fd, int flags, const char *dst, int len, unsigned metric)
{
	route(RTM_NEWROUTE, flags, dst, len);
	nl_u32(RTA_OIF, 1);
	if (metric)
		nl_u32(RTA_PRIORITY, metric);
	return nl_do(fd);
}
static int del(int fd, const char *dst, int len)
{
	route(RTM_DELROUTE, 0, dst, len);
	return nl_do(fd);
}
static void clean(int fd)
{
	while (del(fd, "198.51.100.0", 24) == 0 || del(fd, "203.0.113.0", 24) == 0)
		;
}

struct found {
	const char *dst;
	int n, all, nlflags;
	struct rtmsg m[8];
	unsigned metric[8], table[8];
	char last[64];
	int unsorted;
};
static void look(struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	const char *dst = nl_getip(h, HDR, RTA_DST);

	CHECK_EQ(h->nlmsg_type, RTM_NEWROUTE);
	f->all++;
	f->nlflags = h->nlmsg_flags;
	if (strcmp(dst, f->dst) || f->n == 8)
		return;
	f->m[f->n] = *(struct rtmsg *)NLMSG_DATA(h);
	f->table[f->n] = nl_get32(h, HDR, RTA_TABLE);
	f->metric[f->n] = nl_find(h, HDR, RTA_PRIORITY, NULL) ? nl_get32(h, HDR, RTA_PRIORITY) : 0;
	f->n++;
}
static struct found find(int fd, const char *dst)
{
	struct found f = { .dst = dst };
	struct rtmsg m = { .rtm_family = AF_INET };

	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	return f;
}

CASE(flags)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct found f;

	nl_lo_up(fd);
	clean(fd);
	CHECK_EQ(add(fd, 0, "198.51.100.0", 24, 0), ENOENT);
	CHECK_EQ(add(fd, NLM_F_REPLACE, "198.51.100.0", 24, 0), ENOENT);
	CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_EXCL, "198.51.100.0", 24, 0), 0);
	CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_EXCL, "198.51.100.0", 24, 0), EEXIST);
	CHECK_EQ(add(fd, NLM_F_CREATE, "198.51.100.0", 24, 0), EEXIST);	/* the very same */
	CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_APPEND, "198.51.100.0", 24, 0), EEXIST);
	CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_REPLACE, "198.51.100.0", 24, 0), 0);
	CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_EXCL, "198.51.100.0", 24, 7), 0);	/* another metric: another route */
	CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_EXCL, "198.51.100.0", 24, 3), 0);
	f = find(fd, "198.51.100.0");
	CHECK_EQ(f.n, 3);
	CHECK_EQ(f.metric[0], 0);
	CHECK_EQ(f.metric[1], 3);
	CHECK_EQ(f.metric[2], 7);
	CHECK_EQ(f.m[0].rtm_scope, RT_SCOPE_LINK);
	CHECK_EQ(f.m[0].rtm_protocol, RTPROT_STATIC);
	CHECK_EQ(f.m[0].rtm_type, RTN_UNICAST);
	CHECK_EQ(f.m[0].rtm_dst_len, 24);
	CHECK_EQ(f.table[0], RT_TABLE_MAIN);
	/* Deleted: the first that fits. */
	route(RTM_DELROUTE, 0, "198.51.100.0", 24);
	nl_u32(RTA_PRIORITY, 3);
	CHECK_EQ(nl_do(fd), 0);
	route(RTM_DELROUTE, 0, "198.51.100.0", 24);
	nl_u32(RTA_PRIORITY, 3);
	CHECK_EQ(nl_do(fd), ESRCH);
	CHECK_EQ(del(fd, "198.51.100.0", 24), 0);
	f = find(fd, "198.51.100.0");
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.metric[0], 7);
	route(RTM_DELROUTE, 0, "198.51.100.0", 24)->rtm_protocol = RTPROT_BOOT;
	CHECK_EQ(nl_do(fd), ESRCH);
	route(RTM_DELROUTE, 0, "198.51.100.0", 24)->rtm_scope = RT_SCOPE_UNIVERSE;
	CHECK_EQ(nl_do(fd), ESRCH);
	route(RTM_DELROUTE, 0, "198.51.100.0", 24)->rtm_tos = 16;
	CHECK_EQ(nl_do(fd), ESRCH);
	CHECK_EQ(del(fd, "198.51.100.0", 24), 0);
	CHECK_EQ(del(fd, "198.51.100.0", 24), ESRCH);
}
CASE(refused)
{
	int fd = nl_open(NETLINK_ROUTE);

	nl_lo_up(fd);
	clean(fd);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 33);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid prefix length");
	CHECK_EQ(add(fd, NLM_F_CREATE, "198.51.100.1", 24, 0), EINVAL);
	CHECK_STR(nl_why, "Invalid prefix for given prefix length");
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_type = 12;
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_type = 0;
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_tos = 1;
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	CHECK_EQ(nl_do(fd), ENODEV);	/* by which way? */
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_u32(RTA_OIF, 4711);
	CHECK_EQ(nl_do(fd), ENODEV);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_scope = 0;
	nl_ip(RTA_GATEWAY, "203.0.113.77");
	CHECK_EQ(nl_do(fd), ENETUNREACH);
	CHECK_STR(nl_why, "Nexthop has invalid gateway");
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_u32(RTA_OIF, 1);
	nl_ip(RTA_PREFSRC, "203.0.113.9");
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid prefsrc address");
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_type = RTN_LOCAL;
	nl_u32(RTA_OIF, 1);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid scope");
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_flags = RTNH_F_DEAD;
	nl_u32(RTA_OIF, 1);
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_type = RTN_BLACKHOLE;
	nl_u32(RTA_OIF, 1);
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_NEWROUTE, NLM_F_CREATE, NULL, 24);
	nl_attr(RTA_DST, "\306\63", 2);
	CHECK_EQ(nl_do(fd), ERANGE);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_attr(RTA_METRICS, "ab", 2);
	CHECK_EQ(nl_do(fd), ERANGE);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_u32(RTA_OIF, 1);
	nl_u32(RTA_NH_ID, 77);
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_req.h.nlmsg_len = NLMSG_LENGTH(4);
	CHECK_EQ(nl_do(fd), EINVAL);
	route(RTM_DELROUTE, 0, "198.51.100.0", 24)->rtm_table = 199;
	CHECK_EQ(nl_do(fd), ESRCH);
	CHECK_STR(nl_why, "FIB table does not exist");
	CHECK_EQ(find(fd, "198.51.100.0").n, 0);
}
CASE(metrics)
{
	int fd = nl_open(NETLINK_ROUTE), len;
	struct rtattr *n, *a;
	struct nlmsghdr *h;
	struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_flags = 0x2000 };	/* RTM_F_FIB_MATCH */
	unsigned seen = 0;

	nl_lo_up(fd);
	clean(fd);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_u32(RTA_OIF, 1);
	n = nl_nest(RTA_METRICS);
	nl_u32(RTAX_MTU, 1400);
	nl_u32(RTAX_ADVMSS, 70000);
	nl_u32(RTAX_HOPLIMIT, 300);
	nl_u32(RTAX_INITCWND, 0);
	nl_nest_end(n);
	CHECK_EQ(nl_do(fd), 0);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "198.51.100.9");
	h = nl_ask(fd);
	CHECK_STR(nl_getip(h, HDR, RTA_DST), "198.51.100.0");
	a = nl_find(h, HDR, RTA_METRICS, &len);
	CHECK(a != NULL);
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		unsigned v = *(unsigned *)RTA_DATA(a);

		seen |= 1u << a->rta_type;
		CHECK_EQ(v, a->rta_type == RTAX_MTU ? 1400u : a->rta_type == RTAX_ADVMSS ? 65495u : 255u);
	}
	CHECK_EQ(seen, 1u << RTAX_MTU | 1u << RTAX_ADVMSS | 1u << RTAX_HOPLIMIT);
	/* Deleted only with the metrics that it has. */
	route(RTM_DELROUTE, 0, "198.51.100.0", 24);
	n = nl_nest(RTA_METRICS);
	nl_u32(RTAX_MTU, 1300);
	nl_nest_end(n);
	CHECK_EQ(nl_do(fd), ESRCH);
	CHECK_EQ(del(fd, "198.51.100.0", 24), 0);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24);
	nl_u32(RTA_OIF, 1);
	n = nl_nest(RTA_METRICS);
	nl_u32(99, 1400);
	nl_nest_end(n);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid metric type");
}
CASE(no_way)
{
	static const struct { int type, error; } types[] = {
		{ RTN_UNREACHABLE, EHOSTUNREACH }, { RTN_BLACKHOLE, EINVAL }, { RTN_PROHIBIT, EACCES }, { RTN_THROW, ENETUNREACH },
	};
	int fd = nl_open(NETLINK_ROUTE);
	struct found f;

	nl_lo_up(fd);
	clean(fd);
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = 32 };

		route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "203.0.113.0", 24)->rtm_type = types[i].type;
		CHECK_EQ(nl_do(fd), 0);
		f = find(fd, "203.0.113.0");
		CHECK_EQ(f.n, 1);
		CHECK_EQ(f.m[0].rtm_type, types[i].type);
		nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
		nl_ip(RTA_DST, "203.0.113.5");
		if (types[i].type != RTN_THROW)
			CHECK_EQ(nl_do(fd), types[i].error);
		CHECK_EQ(del(fd, "203.0.113.0", 24), 0);
	}
}
static void hop(const char *gw, int index, int weight)
{
	struct rtattr *a;
	struct rtnexthop *h = (void *)(nl_req.bytes + nl_req.h.nlmsg_len);

	*h = (struct rtnexthop){ .rtnh_len = sizeof(*h), .rtnh_hops = weight - 1, .rtnh_ifindex = index };
	nl_req.h.nlmsg_len += sizeof(*h);
	if (gw) {
		nl_ip(RTA_GATEWAY, gw);
		a = (void *)(h + 1);
		h->rtnh_len += RTA_ALIGN(a->rta_len);
	}
}
CASE(multipath)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 1 };
	struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_flags = 0x2000 };
	int fd = nl_open(NETLINK_ROUTE), len, n = 0;
	struct rtnexthop *h;
	struct rtattr *mp;

	nl_lo_up(fd);
	clean(fd);
	nl_begin(RTM_NEWADDR, NLM_F_CREATE, &a, sizeof(a));
	nl_ip(IFA_LOCAL, "192.0.2.1");
	nl_do(fd);
	/* Gateways that are addresses of lo's subnet, which is local in whole. */
	route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "203.0.113.0", 24)->rtm_scope = 0;
	mp = nl_nest(RTA_MULTIPATH);
	hop("192.0.2.8", 1, 1);
	hop("192.0.2.9", 0, 3);
	nl_nest_end(mp);
	CHECK_EQ(nl_do(fd), 0);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "203.0.113.1");
	h = nl_find(nl_ask(fd), HDR, RTA_MULTIPATH, &len);
	CHECK(h != NULL);
	for (; RTNH_OK(h, len); n++, len -= NLMSG_ALIGN(h->rtnh_len), h = RTNH_NEXT(h)) {
		struct rtattr *g = RTNH_DATA(h);

		CHECK_EQ(h->rtnh_ifindex, 1);
		CHECK_EQ(h->rtnh_hops, n ? 2 : 0);
		CHECK_EQ(g->rta_type, RTA_GATEWAY);
		CHECK_EQ(ntohl(*(unsigned *)RTA_DATA(g)) & 255, n ? 9 : 8);
	}
	CHECK_EQ(n, 2);
	CHECK_EQ(del(fd, "203.0.113.0", 24), 0);
	/* Hops that are cut off. */
	route(RTM_NEWROUTE, NLM_F_CREATE, "203.0.113.0", 24);
	mp = nl_nest(RTA_MULTIPATH);
	hop("192.0.2.8", 1, 1);
	((struct rtnexthop *)RTA_DATA(mp))->rtnh_len = 200;
	nl_nest_end(mp);
	CHECK_EQ(nl_do(fd), EINVAL);
	nl_begin(RTM_DELADDR, 0, &a, sizeof(a));
	nl_ip(IFA_LOCAL, "192.0.2.1");
	CHECK_EQ(nl_do(fd), 0);
}
CASE(questions)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = 32 };
	struct nlmsghdr *h;

	nl_lo_up(fd);
	clean(fd);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "127.0.0.1");
	h = nl_ask(fd);
	CHECK_EQ(h->nlmsg_type, RTM_NEWROUTE);
	CHECK_EQ(h->nlmsg_flags, 0);
	CHECK_EQ(((struct rtmsg *)NLMSG_DATA(h))->rtm_type, RTN_LOCAL);
	CHECK_EQ(((struct rtmsg *)NLMSG_DATA(h))->rtm_flags, 0x80000200);
	CHECK_EQ(((struct rtmsg *)NLMSG_DATA(h))->rtm_dst_len, 32);
	CHECK_EQ(((struct rtmsg *)NLMSG_DATA(h))->rtm_table, RT_TABLE_MAIN);
	CHECK_EQ(nl_get32(h, HDR, RTA_OIF), 1);
	CHECK_EQ(nl_get32(h, HDR, RTA_UID), 0);
	CHECK_STR(nl_getip(h, HDR, RTA_PREFSRC), "127.0.0.1");
	nl_need(h, HDR, RTA_CACHEINFO);
	CHECK_EQ(add(fd, NLM_F_CREATE, "198.51.100.0", 24, 0), 0);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "198.51.100.77");
	nl_u32(RTA_MARK, 5);
	h = nl_ask(fd);
	CHECK_EQ(((struct rtmsg *)NLMSG_DATA(h))->rtm_type, RTN_UNICAST);
	CHECK_EQ(nl_get32(h, HDR, RTA_MARK), 5);
	CHECK_STR(nl_getip(h, HDR, RTA_DST), "198.51.100.77");
	CHECK_STR(nl_getip(h, HDR, RTA_GATEWAY), "-");
	CHECK_EQ(del(fd, "198.51.100.0", 24), 0);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "127.0.0.1");
	nl_u32(RTA_IIF, 4711);
	CHECK_EQ(nl_do(fd), ENODEV);
	nl_strict(fd);
	m.rtm_scope = 1;
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "127.0.0.1");
	CHECK_EQ(nl_do(fd), EINVAL);
	m.rtm_scope = 0;
	m.rtm_dst_len = 0;
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, "127.0.0.1");
	CHECK_EQ(nl_do(fd), EINVAL);
	m.rtm_dst_len = 32;
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_GATEWAY, "127.0.0.1");
	CHECK_EQ(nl_do(fd), EINVAL);
}
CASE(filters)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct rtmsg m = { .rtm_family = AF_INET };
	struct found f = { .dst = "198.51.100.0" };

	nl_lo_up(fd);
	clean(fd);
	route(RTM_NEWROUTE, NLM_F_CREATE, "198.51.100.0", 24)->rtm_table = 0;
	nl_u32(RTA_OIF, 1);
	nl_u32(RTA_TABLE, 1000);
	CHECK_EQ(nl_do(fd), 0);
	f = find(fd, "198.51.100.0");
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.table[0], 1000);
	CHECK_EQ(f.m[0].rtm_table, 252);	/* RT_TABLE_COMPAT */
	nl_strict(fd);
	f.n = f.all = 0;
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_u32(RTA_TABLE, 1000);
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.all, 1);
	CHECK(f.nlflags & 0x20);
	f.n = f.all = 0;
	m.rtm_table = RT_TABLE_LOCAL;
	m.rtm_type = RTN_LOCAL;
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_u32(RTA_OIF, 1);
	f.dst = "127.0.0.1";
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	CHECK_EQ(f.n, 1);
	CHECK_EQ(f.m[0].rtm_type, RTN_LOCAL);
	CHECK_EQ(f.m[0].rtm_scope, RT_SCOPE_HOST);
	CHECK_EQ(f.m[0].rtm_protocol, RTPROT_KERNEL);
	m = (struct rtmsg){ .rtm_family = AF_INET };
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_u32(RTA_TABLE, 4711);
	CHECK_EQ(nl_dump(fd, NULL, NULL), ENOENT);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_u32(RTA_OIF, 4711);
	CHECK_EQ(nl_dump(fd, NULL, NULL), ENODEV);
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_u32(RTA_PRIORITY, 1);
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	m.rtm_dst_len = 8;
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	route(RTM_DELROUTE, 0, "198.51.100.0", 24)->rtm_table = 0;
	nl_u32(RTA_TABLE, 1000);
	CHECK_EQ(nl_do(fd), 0);
}
static void sorted(struct nlmsghdr *h, void *arg)
{
	struct found *f = arg;
	struct in_addr a, b;
	const char *dst = nl_getip(h, HDR, RTA_DST);

	if (((struct rtmsg *)NLMSG_DATA(h))->rtm_table != RT_TABLE_MAIN || strncmp(dst, "203.0.", 6))
		return;
	inet_pton(AF_INET, dst, &a);
	if (f->last[0]) {
		inet_pton(AF_INET, f->last, &b);
		f->unsorted += ntohl(a.s_addr) < ntohl(b.s_addr);
	}
	strcpy(f->last, dst);
	f->n++;
}
CASE(many)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct found f = { .n = 0 };
	struct rtmsg m = { .rtm_family = AF_INET };
	char ip[32];

	nl_lo_up(fd);
	for (int i = 0; i < 1500; i++) {
		int k = i * 7 % 1500;

		snprintf(ip, sizeof(ip), "203.0.%d.%d", k / 256, k % 256);
		CHECK_EQ(add(fd, NLM_F_CREATE | NLM_F_EXCL, ip, 32, 0), 0);
	}
	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	CHECK_EQ(nl_dump(fd, sorted, &f), 0);
	CHECK_EQ(f.n, 1500);
	CHECK_EQ(f.unsorted, 0);
	for (int k = 0; k < 1500; k++) {
		snprintf(ip, sizeof(ip), "203.0.%d.%d", k / 256, k % 256);
		CHECK_EQ(del(fd, ip, 32), 0);
	}
}
CASE(privilege)
{
	int fd;

	kt_become(1000, 1000);
	fd = nl_open(NETLINK_ROUTE);
	CHECK_EQ(add(fd, NLM_F_CREATE, "198.51.100.0", 24, 0), EPERM);
	CHECK_EQ(del(fd, "127.0.0.0", 8), EPERM);
	CHECK_GE(find(fd, "127.0.0.1").all, 0);
}
