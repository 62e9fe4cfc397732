/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Routing rules: which table is asked for which packet. Two lists, by priority, changed under rtnl and read under RCU;
 * a rule belongs to its list. "goto" leads forward only, so that each walk ends.
 */
#include <base/string.h>
#include <core/slab.h>
#include <uapi/linux/rtnetlink.h>

#include "route_impl.h"

static struct list_head *rules_of(struct net *net, u8 family)
{
	struct fib_tables *t = net_inet(net)->fib;

	return family == AF_INET ? &t->rules4 : &t->rules6;
}

static bool rule_matches(const struct fib_rule *r, const struct flow *f, const struct net_device *iif,
	const struct net_device *oif)
{
	if (r->src_len && !ipaddr_prefix_eq(&r->src, &f->src, inet_key_len(r->family, r->src_len)))
		return false;
	if (r->dst_len && !ipaddr_prefix_eq(&r->dst, &f->dst, inet_key_len(r->family, r->dst_len)))
		return false;
	if ((r->tos && r->tos != f->tos) || ((r->mark ^ f->mark) & r->mark_mask) || (r->ipproto && r->ipproto != f->proto))
		return false;
	if (r->iifname[0] && (!iif || strncmp(iif->name, r->iifname, IFNAMSIZ)))
		return false;
	if (r->oifname[0] && (!oif || strncmp(oif->name, r->oifname, IFNAMSIZ)))
		return false;
	return !r->has_uid || (f->uid.v >= r->uid_start && f->uid.v <= r->uid_end);
}

/* The rule that "goto" names; NULL: not there. */
static struct fib_rule *rule_target(struct list_head *l, const struct fib_rule *r)
{
	struct fib_rule *t;

	list_for_each_entry_rcu(t, l, link)
		if (t->priority == r->target)
			return t;
	return NULL;
}

/* What one rule says. -EAGAIN: nothing. */
static int rule_lookup(struct net *net, const struct fib_rule *r, const struct flow *f, struct fib_route **found,
	const struct fib_nh **hop)
{
	int err;

	switch (r->action) {
	case FR_ACT_TO_TBL:
		break;
	case FR_ACT_NOP:
	case FR_ACT_GOTO:	/* to a rule that is not there */
		return -EAGAIN;
	case FR_ACT_UNREACHABLE:
		return -ENETUNREACH;
	default:
		return r->action == FR_ACT_PROHIBIT ? -EACCES : -EINVAL;
	}
	err = fib_table_lookup(net, r->table, f, found, hop);
	return !err && r->suppress && (*found)->dst_len < r->suppress ? -EAGAIN : err;
}

int fib_lookup(struct net *net, const struct flow *f, struct fib_route **found, const struct fib_nh **hop)
{
	struct net_device *iif = f->iif ? netdev_by_index(net, f->iif) : net->lo;
	struct net_device *oif = f->oif ? netdev_by_index(net, f->oif) : NULL;
	struct list_head *l = rules_of(net, f->family);
	struct fib_rule *r;

	list_for_each_entry_rcu(r, l, link) {
		struct fib_rule *to;
		int err;

		while (rule_matches(r, f, iif, oif) != !!(r->flags & FIB_RULE_INVERT) && r->action == FR_ACT_GOTO &&
		       (to = rule_target(l, r)) != NULL)
			r = to;
		if (rule_matches(r, f, iif, oif) == !!(r->flags & FIB_RULE_INVERT))
			continue;
		err = rule_lookup(net, r, f, found, hop);
		if (err != -EAGAIN)
			return err;
	}
	return -ENETUNREACH;
}

int fib_rule_add(struct net *net, const struct fib_rule *rule)
{
	struct list_head *l = rules_of(net, rule->family), *at = l;
	struct fib_rule *r, *n = kmemdup(rule, sizeof(*rule), GFP_KERNEL);

	ASSERT(rtnl_is_locked());
	if (!n)
		return -ENOMEM;
	ref_init(&n->ref, 1);
	list_for_each_entry(r, l, link) {
		if (r->priority > n->priority) {
			at = &r->link;
			break;
		}
	}
	list_add_tail(&n->link, at);
	route_cache_bump(net);
	net_notify(net, NET_RULE_ADD, n);
	return 0;
}

static bool rule_is(const struct fib_rule *r, const struct fib_rule *m)
{
	if ((m->action && r->action != m->action) || (m->table && r->table != m->table) ||
	    (m->priority && r->priority != m->priority))
		return false;
	if ((m->src_len && (r->src_len != m->src_len || !ipaddr_eq(&r->src, &m->src))) ||
	    (m->dst_len && (r->dst_len != m->dst_len || !ipaddr_eq(&r->dst, &m->dst))))
		return false;
	if ((m->tos && r->tos != m->tos) || (m->mark && r->mark != m->mark) || (m->mark_mask && r->mark_mask != m->mark_mask) ||
	    (m->ipproto && r->ipproto != m->ipproto) || (m->protocol && r->protocol != m->protocol))
		return false;
	if (m->has_uid && (!r->has_uid || r->uid_start != m->uid_start || r->uid_end != m->uid_end))
		return false;
	return (!m->suppress || r->suppress == m->suppress) && (!m->iifname[0] || !strncmp(r->iifname, m->iifname, IFNAMSIZ)) &&
	       (!m->oifname[0] || !strncmp(r->oifname, m->oifname, IFNAMSIZ));
}

int fib_rule_del(struct net *net, const struct fib_rule *m)
{
	struct fib_rule *r;

	ASSERT(rtnl_is_locked());
	list_for_each_entry(r, rules_of(net, m->family), link) {
		if (!rule_is(r, m))
			continue;
		if (r->flags & FIB_RULE_PERMANENT)
			return -EPERM;
		list_del_rcu(&r->link);
		route_cache_bump(net);
		net_notify(net, NET_RULE_DEL, r);
		kfree_rcu(r, rcu);
		return 0;
	}
	return -ENOENT;
}

int fib_rule_walk(struct net *net, u8 family, int (*fn)(struct fib_rule *r, void *arg), void *arg)
{
	struct fib_rule *r;
	int err;

	list_for_each_entry_rcu(r, rules_of(net, family), link) {
		err = fn(r, arg);
		if (err)
			return err;
	}
	return 0;
}

int fib_rules_init(struct net *net, struct fib_tables *t)
{
	static const struct { u32 priority, table; } usual[] = {
		{ 0, RT_TABLE_LOCAL }, { 32766, RT_TABLE_MAIN }, { 32767, RT_TABLE_DEFAULT },
	};
	int err = 0;

	list_init(&t->rules4);
	list_init(&t->rules6);
	rtnl_lock();
	for (int v6 = 0; v6 < 2; v6++) {
		for (u32 i = 0; i < 3 - (u32)v6; i++) {
			struct fib_rule r = { .family = v6 ? AF_INET6 : AF_INET, .action = FR_ACT_TO_TBL, .protocol = RTPROT_KERNEL,
				.priority = usual[i].priority, .table = usual[i].table };

			err = err ? err : fib_rule_add(net, &r);
		}
	}
	rtnl_unlock();
	return err;
}
