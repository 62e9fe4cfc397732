/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*RULE: routing rules of both families (net/inet/fib_rules.c), and RTM_GETNSID. Under rtnl but for dumps. */
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <kernel/cred.h>
#include <kernel/pid.h>

#include "rt_impl.h"

#define FRA_MAX		FRA_DPORT_RANGE
#define NO_PREFIX	0xffffffffu	/* FRA_SUPPRESS_PREFIXLEN: off */

static const struct nl_policy policy[FRA_MAX + 1] = {
	[FRA_IIFNAME] = { NLP_STRING, IFNAMSIZ }, [FRA_OIFNAME] = { NLP_STRING, IFNAMSIZ }, [FRA_PRIORITY] = { NLP_MIN, 4 },
	[FRA_GOTO] = { NLP_MIN, 4 }, [FRA_FWMARK] = { NLP_MIN, 4 }, [FRA_FLOW] = { NLP_MIN, 4 }, [FRA_TUN_ID] = { NLP_MIN, 8 },
	[FRA_SUPPRESS_IFGROUP] = { NLP_MIN, 4 }, [FRA_SUPPRESS_PREFIXLEN] = { NLP_MIN, 4 }, [FRA_TABLE] = { NLP_MIN, 4 },
	[FRA_FWMASK] = { NLP_MIN, 4 }, [FRA_L3MDEV] = { NLP_MIN, 1 },
	[FRA_UID_RANGE] = { NLP_MIN, sizeof(struct fib_rule_uid_range) }, [FRA_PROTOCOL] = { NLP_MIN, 1 },
	[FRA_IP_PROTO] = { NLP_MIN, 1 }, [FRA_SPORT_RANGE] = { NLP_MIN, sizeof(struct fib_rule_port_range) },
	[FRA_DPORT_RANGE] = { NLP_MIN, sizeof(struct fib_rule_port_range) },
};

/* --- telling --- */

static u32 lost_flags(struct net *net, const struct fib_rule *r)
{
	return (r->iifname[0] && !netdev_by_name(net, r->iifname) ? FIB_RULE_IIF_DETACHED : 0) |
	       (r->oifname[0] && !netdev_by_name(net, r->oifname) ? FIB_RULE_OIF_DETACHED : 0);
}

/* Under rtnl. */
static void fill_rule(struct nlbuf *b, const void *object, const struct rt_msg *m)
{
	const struct fib_rule *r = object;
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr *h = nl_header(b, at);

	if (h)
		*h = (struct fib_rule_hdr){ .family = r->family, .dst_len = r->dst_len, .src_len = r->src_len, .tos = r->tos,
			.table = (u8)(r->table < 256 ? r->table : RT_TABLE_COMPAT), .action = r->action,
			.flags = r->flags | lost_flags(&init_net, r) };
	nl_put_u32(b, FRA_TABLE, r->table);
	nl_put_u32(b, FRA_SUPPRESS_PREFIXLEN, r->suppress ? r->suppress - 1 : NO_PREFIX);
	nl_put_u8(b, FRA_PROTOCOL, r->protocol);
	if (r->iifname[0])
		nl_put_str(b, FRA_IIFNAME, r->iifname);
	if (r->oifname[0])
		nl_put_str(b, FRA_OIFNAME, r->oifname);
	if (r->priority)
		nl_put_u32(b, FRA_PRIORITY, r->priority);
	if (r->mark)
		nl_put_u32(b, FRA_FWMARK, r->mark);
	if (r->mark || r->mark_mask)
		nl_put_u32(b, FRA_FWMASK, r->mark_mask);
	if (r->target)
		nl_put_u32(b, FRA_GOTO, r->target);
	if (r->has_uid) {
		struct fib_rule_uid_range u = { r->uid_start, r->uid_end };

		nl_put(b, FRA_UID_RANGE, &u, sizeof(u));
	}
	if (r->ipproto)
		nl_put_u8(b, FRA_IP_PROTO, r->ipproto);
	if (r->dst_len)
		nl_put_ipaddr(b, FRA_DST, r->family, &r->dst);
	if (r->src_len)
		nl_put_ipaddr(b, FRA_SRC, r->family, &r->src);
	nl_end(b, at);
}

struct rule_walk {
	struct nl_dump *d;
	struct nlbuf *b;
	struct rt_msg m;
	u64 at, n;			/* of the rule at hand; how many of this family were told */
};

static int tell_rule(struct fib_rule *r, void *arg)
{
	struct rule_walk *w = arg;
	u32 at = nlbuf_len(w->b);

	if (w->at++ < w->n)
		return 0;
	fill_rule(w->b, r, &w->m);
	if (w->b->err) {
		nl_cancel(w->b, at);
		return NL_MORE;
	}
	w->n = w->at;
	return 0;
}

static int check_dump(struct nl_dump *d)
{
	const struct fib_rule_hdr *h = nl_payload(d->request);

	if (!d->strict)
		return 0;
	if (nl_payload_len(d->request) < sizeof(*h))
		return nl_refuse(&d->x, -EINVAL, "Invalid header for fib rule dump request");
	if (h->dst_len || h->src_len || h->tos || h->table || h->res1 || h->res2 || h->action || h->flags)
		return nl_refuse(&d->x, -EINVAL, "Invalid values in header for fib rule dump request");
	if (nl_payload_len(d->request) > sizeof(*h))
		return nl_refuse(&d->x, -EINVAL, "Invalid data after header in fib rule dump request");
	return 0;
}

/* args[0]: families that are through; args[1]: rules of the next that were told. */
static int dump_rules(struct nl_dump *d, struct nlbuf *b)
{
	static const u8 families[] = { AF_INET, AF_INET6 };
	u8 wanted = *(const u8 *)nl_payload(d->request);
	int r = check_dump(d);

	if (r)
		return r;
	if (wanted && wanted != AF_INET && wanted != AF_INET6)
		return -EAFNOSUPPORT;
	rtnl_lock();
	for (; d->args[0] < 2; d->args[0]++, d->args[1] = 0) {
		struct rule_walk w = { .d = d, .b = b, .n = d->args[1],
			.m = { .portid = d->portid, .seq = d->seq, .type = RTM_NEWRULE, .flags = NLM_F_MULTI } };

		if (wanted && wanted != families[d->args[0]])
			continue;
		r = fib_rule_walk(d->net, families[d->args[0]], tell_rule, &w);
		d->args[1] = w.n;
		if (r)
			break;
	}
	rtnl_unlock();
	return r;
}

/* --- new, delete --- */

static int read_address(struct nl_request *r, const struct nlattr *a, u8 family, u8 len, struct ipaddr *out, const char *why)
{
	if (!len)
		return 0;
	if (!a || len > rt_addr_len(family) * 8 || nla_len(a) != rt_addr_len(family))
		return nl_refuse(&r->x, -EINVAL, why);
	*out = nla_ipaddr(a, family);
	return 0;
}

static int read_goto(struct nl_request *r, const struct nlattr *const *tb, struct fib_rule *n)
{
	if (!tb[FRA_GOTO])
		return n->action == FR_ACT_GOTO ? nl_refuse(&r->x, -EINVAL, "Missing goto target for action goto") : 0;
	if (n->action != FR_ACT_GOTO)
		return nl_refuse(&r->x, -EINVAL, "Unexpected goto");
	n->target = nla_u32(tb[FRA_GOTO]);
	if (n->target <= n->priority)
		return nl_refuse(&r->x, -EINVAL, "Backward goto not supported");
	return 0;
}

static int read_uids(struct nl_request *r, const struct nlattr *a, struct fib_rule *n)
{
	struct fib_rule_uid_range u;

	if (!a)
		return 0;
	memcpy(&u, nla_data(a), sizeof(u));
	if (u.start == ~0u || u.end == ~0u || u.start > u.end)
		return nl_refuse(&r->x, -EINVAL, "Invalid uid range");
	n->has_uid = true;
	n->uid_start = u.start;
	n->uid_end = u.end;
	return 0;
}

static int first_two(struct fib_rule *r, void *arg)
{
	u32 *v = arg;

	v[++v[0]] = r->priority;
	return v[0] == 2;
}

/* In front of all but the first rule. */
static u32 usual_priority(struct net *net, u8 family)
{
	u32 v[3] = { 0 };

	(void)fib_rule_walk(net, family, first_two, v);
	return v[0] == 2 && v[2] ? v[2] - 1 : 0;
}

static int read_rule(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr **tb, struct fib_rule *n)
{
	const struct fib_rule_hdr *f = nl_payload(h);
	int err;

	if (nl_payload_len(h) < sizeof(*f))
		return nl_refuse(&r->x, -EINVAL, "Invalid msg length");
	if (f->family != AF_INET && f->family != AF_INET6)
		return nl_refuse(&r->x, -EAFNOSUPPORT, "Rule family not supported");
	err = nl_parse_ext(h, sizeof(*f), tb, FRA_MAX, policy, false, &r->x);
	if (err)
		return nl_refuse(&r->x, err, "Error parsing msg");
	*n = (struct fib_rule){ .family = f->family, .src_len = f->src_len, .dst_len = f->dst_len, .tos = f->tos,
				.action = f->action, .flags = f->flags };
	err = read_address(r, tb[FRA_SRC], f->family, f->src_len, &n->src, "Invalid source address");
	if (!err)
		err = read_address(r, tb[FRA_DST], f->family, f->dst_len, &n->dst, "Invalid dst address");
	if (err)
		return err;
	if (tb[FRA_L3MDEV] || tb[FRA_TUN_ID] || tb[FRA_SPORT_RANGE] || tb[FRA_DPORT_RANGE] ||
	    (tb[FRA_FLOW] && nla_u32(tb[FRA_FLOW])))
		return nl_refuse(&r->x, -EOPNOTSUPP, "not there: rules by port, tunnel, realm or l3mdev");
	if (tb[FRA_PRIORITY])
		n->priority = nla_u32(tb[FRA_PRIORITY]);
	else if (h->nlmsg_type == RTM_NEWRULE)
		n->priority = usual_priority(r->net, f->family);
	n->protocol = tb[FRA_PROTOCOL] ? nla_u8(tb[FRA_PROTOCOL]) : 0;
	if (tb[FRA_IIFNAME] && nla_string(tb[FRA_IIFNAME], n->iifname, IFNAMSIZ))
		return -EINVAL;
	if (tb[FRA_OIFNAME] && nla_string(tb[FRA_OIFNAME], n->oifname, IFNAMSIZ))
		return -EINVAL;
	n->mark = tb[FRA_FWMARK] ? nla_u32(tb[FRA_FWMARK]) : 0;
	n->mark_mask = tb[FRA_FWMASK] ? nla_u32(tb[FRA_FWMASK]) : n->mark ? ~0u : 0;
	n->table = tb[FRA_TABLE] ? nla_u32(tb[FRA_TABLE]) : f->table;
	n->suppress = tb[FRA_SUPPRESS_PREFIXLEN] ? nla_u32(tb[FRA_SUPPRESS_PREFIXLEN]) + 1 : 0;
	n->ipproto = tb[FRA_IP_PROTO] ? nla_u8(tb[FRA_IP_PROTO]) : 0;
	err = read_goto(r, tb, n);
	return err ? err : read_uids(r, tb[FRA_UID_RANGE], n);
}

/* The same rule in all that counts. */
static int same_rule(struct fib_rule *r, void *arg)
{
	const struct fib_rule *n = arg;

	return r->action == n->action && r->table == n->table && r->priority == n->priority && r->src_len == n->src_len &&
	       r->dst_len == n->dst_len && r->tos == n->tos && r->mark == n->mark && r->mark_mask == n->mark_mask &&
	       r->ipproto == n->ipproto && r->target == n->target && r->suppress == n->suppress && r->has_uid == n->has_uid &&
	       r->uid_start == n->uid_start && r->uid_end == n->uid_end && !strncmp(r->iifname, n->iifname, IFNAMSIZ) &&
	       !strncmp(r->oifname, n->oifname, IFNAMSIZ) && (!r->src_len || ipaddr_eq(&r->src, &n->src)) &&
	       (!r->dst_len || ipaddr_eq(&r->dst, &n->dst));
}

static int new_rule(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[FRA_MAX + 1];
	struct fib_rule n;
	int err = read_rule(r, h, tb, &n);

	if (err)
		return err;
	if (h->nlmsg_flags & NLM_F_EXCL && fib_rule_walk(r->net, n.family, same_rule, &n))
		return -EEXIST;
	if (n.tos & 3)
		return nl_refuse(&r->x, -EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	if (n.action == FR_ACT_TO_TBL && !n.table) {
		if (n.family == AF_INET6)
			return nl_refuse(&r->x, -EINVAL, "Invalid table");
		for (n.table = 1; n.table < RT_TABLE_DEFAULT && fib_table_exists(r->net, AF_INET, n.table); n.table++)
			;
		if (n.table == RT_TABLE_DEFAULT)
			return nl_refuse(&r->x, -ENOBUFS, "Invalid table");
	}
	return fib_rule_add(r->net, &n);
}

static int del_rule(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[FRA_MAX + 1];
	struct fib_rule n;
	int err = read_rule(r, h, tb, &n);

	return err ? err : fib_rule_del(r->net, &n);
}

/* --- numbers of namespaces: there is one, which has none for itself --- */

static int get_nsid(struct nl_request *r, const struct nlmsghdr *h)
{
	static const struct nl_policy ns_policy[NETNSA_CURRENT_NSID + 1] = {
		[NETNSA_NSID] = { NLP_MIN, 4 }, [NETNSA_PID] = { NLP_MIN, 4 }, [NETNSA_FD] = { NLP_MIN, 4 },
		[NETNSA_TARGET_NSID] = { NLP_MIN, 4 },
	};
	const struct nlattr *tb[ARRAY_SIZE(ns_policy)];
	struct pid *pid;
	struct nlbuf b;
	u32 at;
	int err = nl_parse_ext(h, sizeof(struct rtgenmsg), tb, NETNSA_CURRENT_NSID, ns_policy, r->strict, &r->x);

	if (err)
		return err;
	if (tb[NETNSA_NSID])
		return nl_refuse_at(&r->x, -ENOENT, tb[NETNSA_NSID], "Peer netns reference is invalid");
	if (!tb[NETNSA_PID])
		return nl_refuse(&r->x, tb[NETNSA_FD] ? -EOPNOTSUPP : -EINVAL, "Peer netns reference is missing");
	pid = pid_find_get((int)nla_u32(tb[NETNSA_PID]));
	if (!pid)
		return nl_refuse_at(&r->x, -ESRCH, tb[NETNSA_PID], "Peer netns reference is invalid");
	pid_put(pid);
	nlbuf_init(&b, 64, false);
	at = nl_begin(&b, r->portid, h->nlmsg_seq, RTM_NEWNSID, 0, sizeof(struct rtgenmsg));
	nl_put_u32(&b, NETNSA_NSID, (u32)-1);
	nl_end(&b, at);
	return nl_reply(r, &b);
}

static int dump_nsid(struct nl_dump *d, struct nlbuf *b)
{
	(void)d, (void)b;
	return 0;
}

/* --- notices --- */

static void rule_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	const struct fib_rule *r = object;

	(void)n;
	if (ev == NET_RULE_ADD || ev == NET_RULE_DEL)
		rtnl_event(net, r->family == AF_INET ? RTNLGRP_IPV4_RULE : RTNLGRP_IPV6_RULE,
			   ev == NET_RULE_ADD ? RTM_NEWRULE : RTM_DELRULE, 0, fill_rule, r);
}

static struct net_notifier notifier = { .fn = rule_event };
static struct rtnl_handler handlers[] = {
	{ .type = RTM_NEWRULE, .doit = new_rule }, { .type = RTM_DELRULE, .doit = del_rule },
	{ .type = RTM_GETRULE, .dump = dump_rules }, { .type = RTM_GETNSID, .doit = get_nsid, .dump = dump_nsid },
};

static int rt_rule_init(void)
{
	rtnl_part_register(handlers, ARRAY_SIZE(handlers), &notifier);
	return 0;
}
INITCALL_DRIVER(rt_rule_init);
