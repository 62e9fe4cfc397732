/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RTM_*NEIGH and RTM_GETNEIGHTBL: neighbours and the settings of their tables. Entries are those of net/inet/neigh.c; a
 * dump holds references of the ones that it shows.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>

#include "rt_impl.h"

#define NTF_USE		0x01

static const struct nl_policy policy[NDA_MAX + 1] = {
	[NDA_DST] = { NLP_MAX, NETDEV_MAX_ADDR }, [NDA_LLADDR] = { NLP_MAX, NETDEV_MAX_ADDR },
	[NDA_CACHEINFO] = { NLP_MIN, sizeof(struct nda_cacheinfo) }, [NDA_PROBES] = { NLP_MIN, 4 }, [NDA_VLAN] = { NLP_MIN, 2 },
	[NDA_PORT] = { NLP_MIN, 2 }, [NDA_VNI] = { NLP_MIN, 4 }, [NDA_IFINDEX] = { NLP_MIN, 4 }, [NDA_MASTER] = { NLP_MIN, 4 },
	[NDA_PROTOCOL] = { NLP_MIN, 1 }, [NDA_NH_ID] = { NLP_MIN, 4 }, [NDA_FLAGS_EXT] = { NLP_MIN, 4 },
};

/* --- telling --- */

static void fill_neigh(struct nlbuf *b, const void *object, const struct rt_msg *m)
{
	struct neigh *n = (struct neigh *)(uintptr_t)object;
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct ndmsg));
	struct nda_cacheinfo ci = { .ndm_refcnt = (u32)max(ref_read(&n->ref) - 2, 0) };
	struct ndmsg *d = nl_header(b, at);
	u8 ha[NETDEV_MAX_ADDR], state, flags, protocol;
	u64 now = clock_monotonic_ns();
	u32 probes;

	spin_lock(&n->lock);
	state = n->state;
	flags = n->flags;
	protocol = n->protocol;
	probes = n->probes;
	memcpy(ha, n->ha, sizeof(ha));
	ci.ndm_confirmed = rt_ticks(now - min(now, n->confirmed_ns));
	ci.ndm_used = rt_ticks(now - min(now, n->used_ns));
	ci.ndm_updated = rt_ticks(now - min(now, n->updated_ns));
	spin_unlock(&n->lock);
	if (d)
		*d = (struct ndmsg){ .ndm_family = n->family, .ndm_ifindex = n->dev->ifindex, .ndm_state = state,
				     .ndm_flags = flags, .ndm_type = ipaddr_multicast(&n->addr) ? RTN_MULTICAST : RTN_UNICAST };
	nl_put_ipaddr(b, NDA_DST, n->family, &n->addr);
	if (state & NUD_VALID)
		nl_put(b, NDA_LLADDR, ha, n->dev->addr_len);
	nl_put_u32(b, NDA_PROBES, probes);
	nl_put(b, NDA_CACHEINFO, &ci, sizeof(ci));
	if (protocol)
		nl_put_u8(b, NDA_PROTOCOL, protocol);
	nl_end(b, at);
}

static void put_neigh(void *object) { neigh_put(object); }

struct neigh_filter {
	struct rt_list *l;
	u32 index;			/* of the device; 0: all */
	u32 nr;
	struct neigh *some[64];		/* referenced */
	u32 skip;
};

/* In an RCU section: takes references of 64 at a time, behind those of the rounds before. */
static int pick_neigh(struct neigh *n, void *arg)
{
	struct neigh_filter *f = arg;

	if ((f->index && (u32)n->dev->ifindex != f->index) || READ_ONCE(n->state) == NUD_NONE)
		return 0;
	if (f->skip) {
		f->skip--;
		return 0;
	}
	if (f->nr == ARRAY_SIZE(f->some))
		return NL_MORE;
	if (ref_get_unless_zero(&n->ref))
		f->some[f->nr++] = n;
	return 0;
}

static int list_neighs(struct nl_dump *d, u8 family, u32 index)
{
	struct neigh_filter f = { .l = d->priv, .index = index };
	u32 seen = 0;
	int more, err = 0;

	do {
		f.nr = 0;
		f.skip = seen;
		rcu_read_lock();
		more = neigh_walk(d->net, family, pick_neigh, &f);
		rcu_read_unlock();
		seen += f.nr;
		for (u32 i = 0; i < f.nr; i++) {
			err = err ? err : rt_list_add(f.l, f.some[i]);
			if (err)
				neigh_put(f.some[i]);
		}
	} while (more && !err && f.nr);
	return err;
}

/* What a dump is to show. index: of the device, 0: all. */
static int check_dump(struct nl_dump *d, bool *proxy, u32 *index, bool *none)
{
	const struct ndmsg *n = nl_payload(d->request);
	const struct nlattr *tb[NDA_MAX + 1];
	int err;

	*proxy = nl_payload_len(d->request) >= sizeof(*n) && n->ndm_flags == NTF_PROXY;
	if (d->strict && nl_payload_len(d->request) < sizeof(*n))
		return nl_refuse(&d->x, -EINVAL, "Invalid header for neighbor dump request");
	if (d->strict && (n->ndm_pad1 || n->ndm_pad2 || n->ndm_ifindex || n->ndm_state || n->ndm_type))
		return nl_refuse(&d->x, -EINVAL, "Invalid values in header for neighbor dump request");
	if (d->strict && n->ndm_flags & ~NTF_PROXY)
		return nl_refuse(&d->x, -EINVAL, "Invalid flags in header for neighbor dump request");
	err = nl_parse_ext(d->request, sizeof(*n), tb, NDA_MAX, policy, d->strict, &d->x);
	if (err)
		return d->strict ? err : 0;
	for (u32 i = 0; i <= NDA_MAX; i++) {
		if (!tb[i])
			continue;
		if (i == NDA_IFINDEX)
			*index = nla_u32(tb[i]);
		else if (i == NDA_MASTER)
			*none = nla_u32(tb[i]) != 0;	/* no device has a master */
		else if (d->strict)
			return nl_refuse(&d->x, -EINVAL, "Unsupported attribute in neighbor dump request");
	}
	return 0;
}

static int dump_neighs(struct nl_dump *d, struct nlbuf *b)
{
	u8 family = *(const u8 *)nl_payload(d->request);
	bool proxy = false, none = false;
	u32 index = 0;
	int err;

	if (!d->priv) {
		err = check_dump(d, &proxy, &index, &none);
		if (!err)
			err = rt_list_new(d, put_neigh);
		if (err)
			return err;
		d->answer_flags = index || none ? NLM_F_DUMP_FILTERED : 0;
		if (!proxy && !none && (!family || family == AF_INET || family == AF_INET6))
			err = list_neighs(d, family, index);
		if (err)
			return err;
	}
	return rt_list_tell(d, b, fill_neigh, RTM_NEWNEIGH);
}

/* --- one --- */

/* NULL dev: none was named. */
static int named_dev(struct nl_request *r, const struct ndmsg *n, struct net_device **dev)
{
	*dev = NULL;
	if (!n->ndm_ifindex)
		return 0;
	*dev = netdev_by_index(r->net, n->ndm_ifindex);
	return *dev ? 0 : -ENODEV;
}

static int check_get(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr **tb)
{
	const struct ndmsg *n = nl_payload(h);
	int err;

	if (nl_payload_len(h) < sizeof(*n))
		return nl_refuse(&r->x, -EINVAL, "Invalid header for neighbor get request");
	if (n->ndm_pad1 || n->ndm_pad2 || n->ndm_state || n->ndm_type)
		return nl_refuse(&r->x, -EINVAL, "Invalid values in header for neighbor get request");
	if (n->ndm_flags & ~NTF_PROXY)
		return nl_refuse(&r->x, -EINVAL, "Invalid flags in header for neighbor get request");
	err = nl_parse_ext(h, sizeof(*n), tb, NDA_MAX, policy, true, &r->x);
	if (err)
		return err;
	if (n->ndm_family != AF_INET && n->ndm_family != AF_INET6)
		return nl_refuse(&r->x, -EAFNOSUPPORT, "Unsupported family in header for neighbor get request");
	for (u32 i = 0; i <= NDA_MAX; i++) {
		if (!tb[i])
			continue;
		if (i != NDA_DST)
			return nl_refuse(&r->x, -EINVAL, "Unsupported attribute in neighbor get request");
		if (nla_len(tb[i]) != rt_addr_len(n->ndm_family))
			return nl_refuse(&r->x, -EINVAL, "Invalid network address in neighbor get request");
	}
	return 0;
}

static int get_neigh(struct nl_request *r, const struct nlmsghdr *h)
{
	struct rt_msg m = { .portid = r->portid, .seq = h->nlmsg_seq, .type = RTM_NEWNEIGH };
	const struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *d = nl_payload(h);
	struct net_device *dev;
	struct ipaddr addr;
	struct neigh *n;
	struct nlbuf b;
	int err = check_get(r, h, tb);

	if (err)
		return err;
	if (named_dev(r, d, &dev))
		return nl_refuse(&r->x, -ENODEV, "Unknown device ifindex");
	if (!tb[NDA_DST])
		return nl_refuse(&r->x, -EINVAL, "Network address not specified");
	if (d->ndm_flags & NTF_PROXY)
		return nl_refuse(&r->x, -ENOENT, "Proxy neighbour entry not found");
	if (!dev)
		return nl_refuse(&r->x, -EINVAL, "No device specified");
	addr = nla_ipaddr(tb[NDA_DST], d->ndm_family);
	n = neigh_get(r->net, dev, &addr, false);
	if (!n)
		return nl_refuse(&r->x, -ENOENT, "Neighbour entry not found");
	nlbuf_init(&b, 256, false);
	fill_neigh(&b, n, &m);
	neigh_put(n);
	return nl_reply(r, &b);
}

/* What adding and deleting have in common. */
static int check_change(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr **tb, struct net_device **dev)
{
	const struct ndmsg *n = nl_payload(h);
	int err = nl_parse_ext(h, sizeof(*n), tb, NDA_MAX, policy, false, &r->x);

	if (err)
		return err;
	if (!tb[NDA_DST])
		return nl_refuse(&r->x, -EINVAL, "Network address not specified");
	err = named_dev(r, n, dev);
	if (err)
		return err;
	if (*dev && tb[NDA_LLADDR] && nla_len(tb[NDA_LLADDR]) < (*dev)->addr_len && h->nlmsg_type == RTM_NEWNEIGH)
		return nl_refuse(&r->x, -EINVAL, "Invalid link address");
	if (n->ndm_family != AF_INET && n->ndm_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (nla_len(tb[NDA_DST]) < rt_addr_len(n->ndm_family))
		return nl_refuse(&r->x, -EINVAL, "Invalid network address");
	if (n->ndm_flags & NTF_PROXY)
		return nl_refuse(&r->x, -EOPNOTSUPP, "proxies for neighbours are not there");
	if (tb[NDA_FLAGS_EXT] && nla_u32(tb[NDA_FLAGS_EXT]))
		return nl_refuse(&r->x, -EOPNOTSUPP, "managed neighbours are not there");
	return *dev ? 0 : nl_refuse(&r->x, -EINVAL, "Device not specified");
}

static int update(struct nl_request *r, struct neigh *n, const u8 *ha, u8 state, u32 flags)
{
	if (!ha && state & NUD_VALID && !(READ_ONCE(n->state) & NUD_VALID))
		return nl_refuse(&r->x, -EINVAL, "No link layer address given");
	return neigh_update(n, ha, state, flags);
}

/* Does it have a link address, and another than ha? */
static bool differs(struct neigh *n, const u8 *ha)
{
	bool d;

	spin_lock(&n->lock);
	d = n->state & NUD_VALID && memcmp(n->ha, ha, n->dev->addr_len);
	spin_unlock(&n->lock);
	return d;
}

static int new_neigh(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *d = nl_payload(h);
	u32 flags = NEIGH_ADMIN | NEIGH_OVERRIDE;
	struct net_device *dev;
	struct ipaddr addr;
	struct neigh *n;
	int err = check_change(r, h, tb, &dev);

	if (err)
		return err;
	addr = nla_ipaddr(tb[NDA_DST], d->ndm_family);
	n = neigh_get(r->net, dev, &addr, false);
	if (!n && !(h->nlmsg_flags & NLM_F_CREATE))
		return -ENOENT;
	if (n && h->nlmsg_flags & NLM_F_EXCL) {
		neigh_put(n);
		return -EEXIST;
	}
	/* Without NLM_F_REPLACE a link address that is there stays. */
	if (n && !(h->nlmsg_flags & NLM_F_REPLACE) && tb[NDA_LLADDR] && differs(n, nla_data(tb[NDA_LLADDR]))) {
		neigh_put(n);
		return 0;
	}
	if (!n)
		n = neigh_get(r->net, dev, &addr, true);
	if (!n)
		return -ENOBUFS;
	if (d->ndm_flags & NTF_ROUTER)
		flags |= NEIGH_IS_ROUTER;
	if (tb[NDA_PROTOCOL])
		WRITE_ONCE(n->protocol, *(const u8 *)nla_data(tb[NDA_PROTOCOL]));
	spin_lock(&n->lock);
	n->flags = (u8)((n->flags & ~NTF_EXT_LEARNED) | (d->ndm_flags & NTF_EXT_LEARNED));
	spin_unlock(&n->lock);
	if (d->ndm_flags & NTF_USE)
		neigh_use(n);
	else
		err = update(r, n, tb[NDA_LLADDR] ? nla_data(tb[NDA_LLADDR]) : NULL, (u8)d->ndm_state, flags);
	neigh_put(n);
	return err;
}

static int del_neigh(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *d = nl_payload(h);
	struct net_device *dev;
	struct ipaddr addr;
	struct neigh *n;
	int err = check_change(r, h, tb, &dev);

	if (err)
		return err;
	addr = nla_ipaddr(tb[NDA_DST], d->ndm_family);
	n = neigh_get(r->net, dev, &addr, false);
	if (!n)
		return -ENOENT;
	(void)neigh_update(n, NULL, NUD_FAILED, NEIGH_ADMIN | NEIGH_OVERRIDE);
	neigh_put(n);
	return neigh_delete(r->net, dev, &addr);
}

/* --- tables: RTM_GETNEIGHTBL --- */

/* What a full frame counts in a queue's bytes, for the setting that once counted packets. */
#define FRAME_TRUESIZE	2090u

static void put_ms(struct nlbuf *b, u16 type, int ms) { nl_put_u64(b, type, (u64)ms); }

/* Settings that there are; dev NULL: what new devices get. */
static void fill_params(struct nlbuf *b, struct net *net, u8 family, const struct net_device *dev)
{
	struct neigh_parms p = neigh_parms_of(net, dev, family);
	u32 at = nl_nest(b, NDTA_PARMS);

	if (dev)
		nl_put_u32(b, NDTPA_IFINDEX, (u32)dev->ifindex);
	nl_put_u32(b, NDTPA_QUEUE_LENBYTES, (u32)p.queue_bytes);
	nl_put_u32(b, NDTPA_QUEUE_LEN, (u32)p.queue_bytes / FRAME_TRUESIZE);
	nl_put_u32(b, NDTPA_UCAST_PROBES, (u32)p.ucast_probes);
	nl_put_u32(b, NDTPA_MCAST_PROBES, (u32)p.mcast_probes);
	put_ms(b, NDTPA_REACHABLE_TIME, p.reachable_ms);
	put_ms(b, NDTPA_BASE_REACHABLE_TIME, p.reachable_ms);
	nl_put_u64(b, NDTPA_GC_STALETIME, (u64)max(p.gc_stale_s, 0) * 1000);
	put_ms(b, NDTPA_DELAY_PROBE_TIME, p.delay_ms);
	put_ms(b, NDTPA_RETRANS_TIME, p.retrans_ms);
	put_ms(b, NDTPA_LOCKTIME, p.locktime_ms);
	nl_nest_end(b, at);
}

static int count_neigh(struct neigh *n, void *arg)
{
	(void)n;
	++*(u32 *)arg;
	return 0;
}

static void fill_table(struct nlbuf *b, struct net *net, u8 family, const struct net_device *dev, const struct rt_msg *m)
{
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct ndtmsg)), entries = 0;
	struct ndt_config c = { .ndtc_key_len = (u16)rt_addr_len(family), .ndtc_entry_size = sizeof(struct neigh) };
	const struct inet_sysctl *s = inet_sysctls(net);
	const int *thresh = family == AF_INET ? s->neigh_gc_thresh : s->neigh6_gc_thresh;
	struct ndtmsg *t = nl_header(b, at);

	if (t)
		t->ndtm_family = family;
	nl_put_str(b, NDTA_NAME, family == AF_INET ? "arp_cache" : "ndisc_cache");
	if (!dev) {
		rcu_read_lock();
		(void)neigh_walk(net, family, count_neigh, &entries);
		rcu_read_unlock();
		c.ndtc_entries = entries;
		for (u16 i = 0; i < 3; i++)
			nl_put_u32(b, (u16)(NDTA_THRESH1 + i), (u32)READ_ONCE(thresh[i]));
		nl_put(b, NDTA_CONFIG, &c, sizeof(c));
	}
	fill_params(b, net, family, dev);
	nl_end(b, at);
}

/* args[0]: 0 IPv4's, 1 IPv6's, 2 through; args[1]: 0 the table's own is to come, else 1 + index of the last device told. */
static int dump_tables(struct nl_dump *d, struct nlbuf *b)
{
	struct rt_msg m = { .portid = d->portid, .seq = d->seq, .type = RTM_NEWNEIGHTBL, .flags = NLM_F_MULTI };
	u8 wanted = *(const u8 *)nl_payload(d->request);
	u32 at = 0;

	rtnl_lock();
	for (; d->args[0] < 2 && !b->err; d->args[0]++, d->args[1] = 0) {
		u8 family = d->args[0] ? AF_INET6 : AF_INET;
		struct net_device *dev;

		if (wanted && wanted != family)
			continue;
		at = nlbuf_len(b);
		if (!d->args[1])
			fill_table(b, d->net, family, NULL, &m);
		if (b->err)
			break;
		d->args[1] = max(d->args[1], (u64)1);
		for_each_netdev(dev, d->net) {
			if ((u64)dev->ifindex < d->args[1])
				continue;
			at = nlbuf_len(b);
			fill_table(b, d->net, family, dev, &m);
			if (b->err)
				break;
			d->args[1] = (u64)dev->ifindex + 1;
		}
		if (b->err)
			break;
	}
	rtnl_unlock();
	if (!b->err)
		return 0;
	nl_cancel(b, at);
	return NL_MORE;
}

/* --- notices --- */

static void neigh_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	(void)n;
	if (ev == NET_NEIGH_UPDATE || ev == NET_NEIGH_DEL)
		rtnl_event(net, RTNLGRP_NEIGH, ev == NET_NEIGH_UPDATE ? RTM_NEWNEIGH : RTM_DELNEIGH, 0, fill_neigh, object);
}

static struct net_notifier notifier = { .fn = neigh_event };
static struct rtnl_handler handlers[] = {
	{ .type = RTM_NEWNEIGH, .doit = new_neigh }, { .type = RTM_DELNEIGH, .doit = del_neigh },
	{ .type = RTM_GETNEIGH, .doit = get_neigh, .dump = dump_neighs }, { .type = RTM_GETNEIGHTBL, .dump = dump_tables },
};

static int rt_neigh_init(void)
{
	rtnl_part_register(handlers, ARRAY_SIZE(handlers), &notifier);
	return 0;
}
INITCALL_DRIVER(rt_neigh_init);
