/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*RULE: the usual rules, new ones with all keys, which one is deleted, what routing makes of them, errors. */
#include <linux/fib_rules.h>
#include "nl.h"

#define HDR sizeof(struct fib_rule_hdr)

static struct fib_rule_hdr *rule(int type, int flags, unsigned pref)
{
	struct fib_rule_hdr h = { .family = AF_INET, .action = FR_ACT_TO_TBL };

	nl_begin(type, flags, &h, sizeof(h));
	if (pref)
		nl_u32(FRA_PRIORITY, pref);
	return NLMSG_DATA(&nl_req.h);
}

struct found {
	unsigned pref, nr, all, last, unsorted;
	unsigned table, mark, mask, suppress, action, flags, proto;
	char src[64], iif[32];
};
static void look(struct nlmsghdr *h, void *arg)
{
	struct fib_rule_hdr *r = NLMSG_DATA(h);
	struct found *f = arg;
	unsigned pref;

	CHECK_EQ(h->nlmsg_type, RTM_NEWRULE);
	if (r->family != AF_INET)
		return;
	pref = nl_find(h, HDR, FRA_PRIORITY, NULL) ? nl_get32(h, HDR, FRA_PRIORITY) : 0;
	f->unsorted += f->all && pref < f->last;
	f->last = pref;
	f->all++;
	if (pref != f->pref)
		return;
	f->nr++;
	f->table = nl_get32(h, HDR, FRA_TABLE);
	f->action = r->action;
	f->flags = r->flags;
	f->mark = nl_find(h, HDR, FRA_FWMARK, NULL) ? nl_get32(h, HDR, FRA_FWMARK) : 0;
	f->mask = nl_find(h, HDR, FRA_FWMASK, NULL) ? nl_get32(h, HDR, FRA_FWMASK) : 0;
	f->suppress = nl_get32(h, HDR, FRA_SUPPRESS_PREFIXLEN);
	f->proto = *(unsigned char *)nl_need(h, HDR, FRA_PROTOCOL);
	strcpy(f->src, nl_getip(h, HDR, FRA_SRC));
	strcpy(f->iif, nl_find(h, HDR, FRA_IIFNAME, NULL) ? (char *)nl_find(h, HDR, FRA_IIFNAME, NULL) : "-");
}
static struct found find(int fd, unsigned pref)
{
	struct fib_rule_hdr h = { .family = AF_INET };
	struct found f = { .pref = pref };

	nl_begin(RTM_GETRULE, 0, &h, sizeof(h));
	CHECK_EQ(nl_dump(fd, look, &f), 0);
	CHECK_EQ(f.unsorted, 0);
	return f;
}

CASE(usual)
{
	int fd = nl_open(NETLINK_ROUTE);

	CHECK_EQ(find(fd, 0).table, RT_TABLE_LOCAL);
	CHECK_EQ(find(fd, 32766).table, RT_TABLE_MAIN);
	CHECK_EQ(find(fd, 32767).table, RT_TABLE_DEFAULT);
	CHECK_EQ(find(fd, 32766).proto, RTPROT_KERNEL);
	CHECK_EQ(find(fd, 32766).suppress, ~0u);
}
CASE(new_and_delete)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct found f;

	rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 1000)->src_len = 24;
	nl_ip(FRA_SRC, "192.0.2.0");
	nl_str(FRA_IIFNAME, "nosuch0");
	nl_u32(FRA_FWMARK, 5);
	nl_u32(FRA_TABLE, 1000);
	nl_u32(FRA_SUPPRESS_PREFIXLEN, 8);
	nl_u8(FRA_PROTOCOL, RTPROT_STATIC);
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(nl_do(fd), EEXIST);
	f = find(fd, 1000);
	CHECK_EQ(f.nr, 1);
	CHECK_EQ(f.table, 1000);
	CHECK_EQ(f.mark, 5);
	CHECK_EQ(f.mask, ~0u);
	CHECK_EQ(f.suppress, 8);
	CHECK_EQ(f.proto, RTPROT_STATIC);
	CHECK_EQ(f.flags, 8);	/* FIB_RULE_IIF_DETACHED */
	CHECK_STR(f.src, "192.0.2.0");
	CHECK_STR(f.iif, "nosuch0");
	rule(RTM_DELRULE, 0, 1000);
	nl_u32(FRA_TABLE, 1001);
	CHECK_EQ(nl_do(fd), ENOENT);
	rule(RTM_DELRULE, 0, 1001);
	CHECK_EQ(nl_do(fd), ENOENT);
	rule(RTM_DELRULE, 0, 1000);
	nl_u32(FRA_FWMARK, 6);
	CHECK_EQ(nl_do(fd), ENOENT);
	rule(RTM_DELRULE, 0, 1000);	/* what is not named may be anything */
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(find(fd, 1000).nr, 0);
	/* Without a priority: in front of the second. */
	rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 0)->table = 77;
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(find(fd, 32765).table, 77);
	rule(RTM_DELRULE, 0, 0)->table = 77;
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(find(fd, 32765).nr, 0);
}
static int way(int fd, const char *dst, unsigned mark)
{
	struct rtmsg m = { .rtm_family = AF_INET, .rtm_dst_len = 32 };

	nl_begin(RTM_GETROUTE, 0, &m, sizeof(m));
	nl_ip(RTA_DST, dst);
	if (mark)
		nl_u32(RTA_MARK, mark);
	nl_send(fd);
	return nl_recv(fd)->nlmsg_type == NLMSG_ERROR ? nl_error_in((void *)nl_buf) : 0;
}
CASE(effect)
{
	int fd = nl_open(NETLINK_ROUTE);

	nl_lo_up(fd);
	rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 2000)->action = FR_ACT_PROHIBIT;
	nl_u32(FRA_FWMARK, 9);
	CHECK_EQ(nl_do(fd), 0);
	rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 2001)->action = FR_ACT_UNREACHABLE;
	((struct fib_rule_hdr *)NLMSG_DATA(&nl_req.h))->dst_len = 24;
	nl_ip(FRA_DST, "203.0.113.0");
	CHECK_EQ(nl_do(fd), 0);
	rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 1999)->action = FR_ACT_GOTO;
	nl_u32(FRA_GOTO, 2001);
	nl_u32(FRA_FWMARK, 10);
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(way(fd, "127.0.0.1", 9), 0);	/* table local comes first */
	CHECK_EQ(way(fd, "198.51.100.1", 9), EACCES);
	CHECK_EQ(way(fd, "198.51.100.1", 0), ENETUNREACH);
	CHECK_EQ(way(fd, "203.0.113.4", 9), EACCES);
	CHECK_EQ(way(fd, "203.0.113.4", 0), ENETUNREACH);
	CHECK_EQ(way(fd, "203.0.113.4", 10), ENETUNREACH);
	for (unsigned pref = 1999; pref < 2002; pref++) {
		rule(RTM_DELRULE, 0, pref)->action = 0;
		CHECK_EQ(nl_do(fd), 0);
	}
	/* "not": the mark 9 is let through. */
	rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 2000)->action = FR_ACT_PROHIBIT;
	((struct fib_rule_hdr *)NLMSG_DATA(&nl_req.h))->flags = FIB_RULE_INVERT;
	nl_u32(FRA_FWMARK, 9);
	CHECK_EQ(nl_do(fd), 0);
	CHECK_EQ(way(fd, "198.51.100.1", 9), ENETUNREACH);
	CHECK_EQ(way(fd, "198.51.100.1", 8), EACCES);
	rule(RTM_DELRULE, 0, 2000)->action = 0;
	CHECK_EQ(nl_do(fd), 0);
}
CASE(errors)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct fib_rule_hdr h = { .family = AF_INET, .table = 1 };

	rule(RTM_NEWRULE, NLM_F_CREATE, 3000)->src_len = 24;
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Invalid source address");
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000)->src_len = 33;
	nl_ip(FRA_SRC, "192.0.2.0");
	CHECK_EQ(nl_do(fd), EINVAL);
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000)->action = FR_ACT_GOTO;
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Missing goto target for action goto");
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000)->action = FR_ACT_GOTO;
	nl_u32(FRA_GOTO, 2999);
	CHECK_EQ(nl_do(fd), EINVAL);
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000);
	nl_u32(FRA_GOTO, 3001);
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_STR(nl_why, "Unexpected goto");
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000);
	nl_attr(FRA_TABLE, "ab", 2);
	CHECK_EQ(nl_do(fd), ERANGE);
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000)->family = AF_UNIX;
	CHECK_EQ(nl_do(fd), EAFNOSUPPORT);
	rule(RTM_NEWRULE, NLM_F_CREATE, 0);
	nl_req.h.nlmsg_len -= 4;
	CHECK_EQ(nl_do(fd), EINVAL);
	CHECK_EQ(find(fd, 3000).nr, 0);
	nl_strict(fd);
	nl_begin(RTM_GETRULE, 0, &h, sizeof(h));
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	h.table = 0;
	nl_begin(RTM_GETRULE, 0, &h, sizeof(h));
	nl_u32(FRA_TABLE, 1);
	CHECK_EQ(nl_dump(fd, NULL, NULL), EINVAL);
	kt_become(1000, 1000);
	fd = nl_open(NETLINK_ROUTE);
	rule(RTM_NEWRULE, NLM_F_CREATE, 3000);
	CHECK_EQ(nl_do(fd), EPERM);
}
