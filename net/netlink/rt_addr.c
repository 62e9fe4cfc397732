/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*ADDR and RTM_GETNETCONF: addresses of devices, both families, and settings. The tables are those of net/inet. */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>

#include "rt_impl.h"

#define IFA_MAX		IFA_PROTO
#define IFA_ANYCAST	5
#define IFA_MULTICAST	7
#define IFA_TARGET_NETNSID 10
#define IFA_F_MCAUTOJOIN 0x400u
#define IFA_F_OPTIMISTIC 0x04u
#define IFA_F_HOMEADDRESS 0x10u
/* What a request may set of an IPv6 address. */
#define FLAGS6		(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN | \
			 IFA_F_OPTIMISTIC)

static const struct nl_policy policy4[IFA_MAX + 1] = {
	[IFA_ADDRESS] = { NLP_MIN, 4 }, [IFA_LOCAL] = { NLP_MIN, 4 }, [IFA_BROADCAST] = { NLP_MIN, 4 },
	[IFA_LABEL] = { NLP_STRING, IFNAMSIZ }, [IFA_CACHEINFO] = { NLP_MIN, sizeof(struct ifa_cacheinfo) },
	[IFA_FLAGS] = { NLP_MIN, 4 }, [IFA_RT_PRIORITY] = { NLP_MIN, 4 }, [IFA_TARGET_NETNSID] = { NLP_MIN, 4 },
	[IFA_PROTO] = { NLP_MIN, 1 },
};
static const struct nl_policy policy6[IFA_MAX + 1] = {
	[IFA_ADDRESS] = { NLP_MIN, 16 }, [IFA_LOCAL] = { NLP_MIN, 16 },
	[IFA_CACHEINFO] = { NLP_MIN, sizeof(struct ifa_cacheinfo) },
	[IFA_FLAGS] = { NLP_MIN, 4 }, [IFA_RT_PRIORITY] = { NLP_MIN, 4 }, [IFA_TARGET_NETNSID] = { NLP_MIN, 4 },
	[IFA_PROTO] = { NLP_MIN, 1 },
};

/* --- telling --- */

static void fill_names(struct nlbuf *b, const struct net_ifaddr *a)
{
	bool point = !ipaddr_eq(&a->local, &a->peer);

	if (a->family == AF_INET6) {
		if (point)
			nl_put_ipaddr(b, IFA_LOCAL, AF_INET6, &a->local);
		nl_put_ipaddr(b, IFA_ADDRESS, AF_INET6, point ? &a->peer : &a->local);
		return;
	}
	nl_put_ipaddr(b, IFA_ADDRESS, AF_INET, &a->peer);
	nl_put_ipaddr(b, IFA_LOCAL, AF_INET, &a->local);
	if (be32(a->broadcast.w[3]))
		nl_put_ipaddr(b, IFA_BROADCAST, AF_INET, &a->broadcast);
	if (a->label[0])
		nl_put_str(b, IFA_LABEL, a->label);
}

static void fill_addr(struct nlbuf *b, const void *object, const struct rt_msg *m)
{
	const struct net_ifaddr *a = object;
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *i = nl_header(b, at);
	struct ifa_cacheinfo ci = { .cstamp = rt_ticks(a->created_ns), .tstamp = rt_ticks(a->updated_ns) };

	if (i)
		*i = (struct ifaddrmsg){ a->family, a->prefixlen, (u8)a->flags, a->scope, (u32)a->dev->ifindex };
	if (a->flags & IFA_F_PERMANENT)
		ci.ifa_valid = ci.ifa_prefered = INFINITY_LIFE;
	else
		inet_addr_left(a, &ci.ifa_valid, &ci.ifa_prefered);
	fill_names(b, a);
	if (a->proto)
		nl_put_u8(b, IFA_PROTO, a->proto);
	nl_put_u32(b, IFA_FLAGS, a->flags);
	if (a->metric)
		nl_put_u32(b, IFA_RT_PRIORITY, a->metric);
	nl_put(b, IFA_CACHEINFO, &ci, sizeof(ci));
	nl_end(b, at);
}

static int check_dump(struct nl_dump *d, u8 family, u32 *index)
{
	const struct ifaddrmsg *i = nl_payload(d->request);
	const struct nlattr *tb[IFA_MAX + 1];
	int err;

	*index = 0;
	if (!d->strict)
		return 0;
	if (nl_payload_len(d->request) < sizeof(*i))
		return nl_refuse(&d->x, -EINVAL, family == AF_INET ? "ipv4: Invalid header for address dump request" :
				 "Invalid header for address dump request");
	if (i->ifa_prefixlen || i->ifa_flags || i->ifa_scope)
		return nl_refuse(&d->x, -EINVAL, family == AF_INET ? "ipv4: Invalid values in header for address dump request" :
				 "Invalid values in header for address dump request");
	err = nl_parse_ext(d->request, sizeof(*i), tb, IFA_MAX, family == AF_INET ? policy4 : policy6, true, &d->x);
	if (err)
		return err;
	for (u32 k = 0; k <= IFA_MAX; k++)
		if (tb[k])
			return nl_refuse(&d->x, -EINVAL, family == AF_INET ? "ipv4: Unsupported attribute in dump request" :
					 "Unsupported attribute in dump request");
	*index = i->ifa_index;
	return 0;
}

/* One device's addresses from the args[1]th on. 0 or NL_MORE. */
static int dump_dev(struct nl_dump *d, struct nlbuf *b, struct inet_dev *id, u8 family, const struct rt_msg *m)
{
	struct net_ifaddr *a;
	u64 n = 0;

	list_for_each_entry(a, family == AF_INET ? &id->addrs4 : &id->addrs6, link) {
		u32 at = nlbuf_len(b);

		if (n++ < d->args[1])
			continue;
		fill_addr(b, a, m);
		if (b->err) {
			nl_cancel(b, at);
			return NL_MORE;
		}
		d->args[1] = n;
	}
	d->args[1] = 0;
	return 0;
}

/* args[0]: index of the last device that is through; args[1]: addresses of the next that were told. */
static int dump_addrs(struct nl_dump *d, struct nlbuf *b, u8 family)
{
	struct rt_msg m = { .portid = d->portid, .seq = d->seq, .type = RTM_NEWADDR };
	struct net_device *dev;
	u32 index;
	int r = check_dump(d, family, &index);

	if (r)
		return r;
	d->answer_flags = index ? NLM_F_DUMP_FILTERED : 0;
	m.flags = (u16)(NLM_F_MULTI | d->answer_flags);
	rtnl_lock();
	if (index && !netdev_by_index(d->net, (int)index))
		r = -ENODEV;
	for_each_netdev(dev, d->net) {
		if (r)
			break;
		if ((u64)dev->ifindex <= d->args[0] || (index && (u32)dev->ifindex != index) || !dev_inet(dev))
			continue;
		r = dump_dev(d, b, dev_inet(dev), family, &m);
		if (!r)
			d->args[0] = (u64)dev->ifindex;
	}
	rtnl_unlock();
	return r;
}

static int dump4(struct nl_dump *d, struct nlbuf *b) { return dump_addrs(d, b, AF_INET); }
static int dump6(struct nl_dump *d, struct nlbuf *b) { return dump_addrs(d, b, AF_INET6); }

/* --- IPv4: new, delete --- */

static int life_of(const struct nlattr *a, u32 *valid, u32 *preferred)
{
	struct ifa_cacheinfo ci;

	*valid = *preferred = INFINITY_LIFE;
	if (!a)
		return 0;
	memcpy(&ci, nla_data(a), sizeof(ci));
	if (!ci.ifa_valid || ci.ifa_prefered > ci.ifa_valid)
		return -EINVAL;
	*valid = ci.ifa_valid;
	*preferred = ci.ifa_prefered;
	return 0;
}

static int read4(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb, struct net_device **dev,
		 struct net_ifaddr *a)
{
	const struct ifaddrmsg *i = nl_payload(h);

	if (i->ifa_prefixlen > 32 || !tb[IFA_LOCAL])
		return -EINVAL;
	*dev = netdev_by_index(r->net, (int)i->ifa_index);
	if (!*dev)
		return -ENODEV;
	if (!dev_inet(*dev))
		return -ENOBUFS;
	a->family = AF_INET;
	a->prefixlen = i->ifa_prefixlen;
	a->scope = i->ifa_scope;
	a->flags = tb[IFA_FLAGS] ? nla_u32(tb[IFA_FLAGS]) : i->ifa_flags;
	a->local = nla_ipaddr(tb[IFA_LOCAL], AF_INET);
	a->peer = tb[IFA_ADDRESS] ? nla_ipaddr(tb[IFA_ADDRESS], AF_INET) : a->local;
	a->broadcast = tb[IFA_BROADCAST] ? nla_ipaddr(tb[IFA_BROADCAST], AF_INET) : ipaddr_v4((be32_t){ 0 });
	a->proto = tb[IFA_PROTO] ? nla_u8(tb[IFA_PROTO]) : 0;
	a->metric = tb[IFA_RT_PRIORITY] ? nla_u32(tb[IFA_RT_PRIORITY]) : 0;
	if (tb[IFA_LABEL] && nla_string(tb[IFA_LABEL], a->label, sizeof(a->label)))
		return -EINVAL;
	if (!tb[IFA_LABEL])
		memcpy(a->label, (*dev)->name, IFNAMSIZ);
	return life_of(tb[IFA_CACHEINFO], &a->valid_lft, &a->preferred_lft);
}

static u32 mask4(u8 len) { return len ? ~0u << (32 - len) : 0; }

static bool same_subnet(const struct ipaddr *a, const struct ipaddr *b, u8 len)
{
	return !((be32(a->w[3]) ^ be32(b->w[3])) & mask4(len));
}

static struct net_ifaddr *find4(struct inet_dev *id, const struct net_ifaddr *a)
{
	struct net_ifaddr *o;

	list_for_each_entry(o, &id->addrs4, link)
		if (o->prefixlen == a->prefixlen && ipaddr_eq(&o->local, &a->local) &&
		    same_subnet(&o->peer, &a->peer, a->prefixlen))
			return o;
	return NULL;
}

static int new4(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFA_MAX + 1];
	struct net_ifaddr a = { 0 }, *old;
	struct net_device *dev;
	int err = nl_parse_ext(h, sizeof(struct ifaddrmsg), tb, IFA_MAX, policy4, false, &r->x);

	if (err)
		return err;
	err = read4(r, h, tb, &dev, &a);
	if (err)
		return err;
	old = find4(dev_inet(dev), &a);
	if (!old) {
		if (!be32(a.local.w[3]))
			return 0;	/* Linux's: thanks for nothing */
		return inet_addr_add(r->net, dev, &a);
	}
	if (h->nlmsg_flags & NLM_F_EXCL || !(h->nlmsg_flags & NLM_F_REPLACE))
		return -EEXIST;
	inet_addr_change(r->net, old, a.valid_lft, a.preferred_lft, a.metric, a.proto);
	return 0;
}

static int del4(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFA_MAX + 1];
	const struct ifaddrmsg *i;
	struct net_device *dev;
	struct net_ifaddr *a;
	struct ipaddr x;
	int err = nl_parse_ext(h, sizeof(*i), tb, IFA_MAX, policy4, false, &r->x);

	if (err)
		return err;
	i = nl_payload(h);
	dev = netdev_by_index(r->net, (int)i->ifa_index);
	if (!dev || !dev_inet(dev))
		return -ENODEV;
	list_for_each_entry(a, &dev_inet(dev)->addrs4, link) {
		char label[IFNAMSIZ];

		x = tb[IFA_LOCAL] ? nla_ipaddr(tb[IFA_LOCAL], AF_INET) : a->local;
		if (!ipaddr_eq(&x, &a->local))
			continue;
		if (tb[IFA_LABEL] && (nla_string(tb[IFA_LABEL], label, sizeof(label)) || strcmp(label, a->label)))
			continue;
		x = tb[IFA_ADDRESS] ? nla_ipaddr(tb[IFA_ADDRESS], AF_INET) : a->peer;
		if (tb[IFA_ADDRESS] && (i->ifa_prefixlen != a->prefixlen || !same_subnet(&x, &a->peer, a->prefixlen)))
			continue;
		inet_addr_remove(r->net, a);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

/* --- IPv6: new, delete, get --- */

static u8 scope6(const struct ipaddr *a)
{
	if (ipaddr_loopback(a))
		return RT_SCOPE_HOST;
	if (ipaddr_linklocal6(a))
		return RT_SCOPE_LINK;
	return (be32(a->w[0]) & 0xffc00000u) == 0xfec00000u ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

/* The address and its other end; -EINVAL: not named. */
static int names6(const struct nlattr *const *tb, struct net_ifaddr *a)
{
	const struct nlattr *pfx = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];

	if (!pfx)
		return -EINVAL;
	a->family = AF_INET6;
	a->local = nla_ipaddr(pfx, AF_INET6);
	a->peer = tb[IFA_ADDRESS] ? nla_ipaddr(tb[IFA_ADDRESS], AF_INET6) : a->local;
	return 0;
}

static struct net_ifaddr *find6(struct inet_dev *id, const struct ipaddr *local)
{
	struct net_ifaddr *a;

	list_for_each_entry(a, &id->addrs6, link)
		if (ipaddr_eq(&a->local, local))
			return a;
	return NULL;
}

static int check6(const struct net_device *dev, const struct net_ifaddr *a)
{
	if (a->prefixlen > 128 || (a->flags & IFA_F_MANAGETEMPADDR && a->prefixlen != 64))
		return -EINVAL;
	if (ipaddr_any(&a->local) || ipaddr_multicast(&a->local) || (ipaddr_loopback(&a->local) && !(dev->flags & IFF_LOOPBACK)))
		return -EADDRNOTAVAIL;
	return READ_ONCE(dev_inet(dev)->conf6.disable_ipv6) ? -EACCES : 0;
}

static int new6(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFA_MAX + 1];
	struct net_ifaddr a = { 0 }, *old;
	const struct ifaddrmsg *i;
	struct net_device *dev;
	int err = nl_parse_ext(h, sizeof(*i), tb, IFA_MAX, policy6, false, &r->x);

	if (!err)
		err = names6(tb, &a);
	if (!err)
		err = life_of(tb[IFA_CACHEINFO], &a.valid_lft, &a.preferred_lft);
	if (err)
		return err;
	i = nl_payload(h);
	a.prefixlen = i->ifa_prefixlen;
	a.scope = scope6(&a.local);
	a.flags = (tb[IFA_FLAGS] ? nla_u32(tb[IFA_FLAGS]) : i->ifa_flags) & FLAGS6;
	a.metric = tb[IFA_RT_PRIORITY] ? nla_u32(tb[IFA_RT_PRIORITY]) : 0;
	a.proto = tb[IFA_PROTO] ? nla_u8(tb[IFA_PROTO]) : 0;
	dev = netdev_by_index(r->net, (int)i->ifa_index);
	if (!dev)
		return -ENODEV;
	if (!dev_inet(dev))
		return -ENOBUFS;
	old = find6(dev_inet(dev), &a.local);
	if (!old) {
		err = check6(dev, &a);
		return err ? err : inet_addr_add(r->net, dev, &a);
	}
	if (h->nlmsg_flags & NLM_F_EXCL || !(h->nlmsg_flags & NLM_F_REPLACE))
		return -EEXIST;
	old->flags = (old->flags & ~FLAGS6) | a.flags;
	inet_addr_change(r->net, old, a.valid_lft, a.preferred_lft, a.metric, a.proto);
	return 0;
}

static int del6(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFA_MAX + 1];
	const struct ifaddrmsg *i;
	struct net_ifaddr want, *a;
	struct net_device *dev;
	int err = nl_parse_ext(h, sizeof(*i), tb, IFA_MAX, policy6, false, &r->x);

	if (!err)
		err = names6(tb, &want);
	if (err)
		return err;
	i = nl_payload(h);
	if (i->ifa_prefixlen > 128)
		return -EINVAL;
	dev = netdev_by_index(r->net, (int)i->ifa_index);
	if (!dev)
		return -ENODEV;
	a = dev_inet(dev) ? find6(dev_inet(dev), &want.local) : NULL;
	if (!a || a->prefixlen != i->ifa_prefixlen)
		return -EADDRNOTAVAIL;
	inet_addr_remove(r->net, a);
	return 0;
}

static int get6(struct nl_request *r, const struct nlmsghdr *h)
{
	struct rt_msg m = { .portid = r->portid, .seq = h->nlmsg_seq, .type = RTM_NEWADDR };
	const struct nlattr *tb[IFA_MAX + 1];
	struct net_ifaddr want, *a;
	struct net_device *dev;
	struct nlbuf b;
	int err = nl_parse_ext(h, sizeof(struct ifaddrmsg), tb, IFA_MAX, policy6, r->strict, &r->x);

	if (!err)
		err = names6(tb, &want);
	if (err)
		return err;
	dev = netdev_by_index(r->net, (int)((const struct ifaddrmsg *)nl_payload(h))->ifa_index);
	a = inet_addr_find(r->net, &want.local, dev);
	if (!a)
		return -EADDRNOTAVAIL;
	nlbuf_init(&b, 256, false);
	fill_addr(&b, a, &m);
	return nl_reply(r, &b);
}

/* --- settings: RTM_GETNETCONF. Those that there are: no forwarding of multicasts and broadcasts, no proxy_ndp. --- */

static void fill_conf(struct nlbuf *b, u8 family, int index, const struct inet_conf4 *c4, const struct inet_conf6 *c6,
		      const struct rt_msg *m)
{
	u32 at = nl_begin(b, m->portid, m->seq, m->type, m->flags, sizeof(struct netconfmsg));
	struct netconfmsg *n = nl_header(b, at);

	if (n)
		n->ncm_family = family;
	nl_put_u32(b, NETCONFA_IFINDEX, (u32)index);
	nl_put_u32(b, NETCONFA_FORWARDING, (u32)(c4 ? READ_ONCE(c4->forwarding) : READ_ONCE(c6->forwarding)));
	if (c4)
		nl_put_u32(b, NETCONFA_RP_FILTER, (u32)READ_ONCE(c4->rp_filter));
	if (c4)
		nl_put_u32(b, NETCONFA_PROXY_NEIGH, (u32)READ_ONCE(c4->proxy_arp));
	nl_end(b, at);
}

/* -EINVAL: no such device, or it has no settings. */
static int conf_of(struct nlbuf *b, struct net *net, u8 family, int index, const struct rt_msg *m)
{
	struct net_device *dev = index > 0 ? netdev_by_index(net, index) : NULL;
	struct inet_conf4 *c4;
	struct inet_conf6 *c6;

	if (index == NETCONFA_IFINDEX_ALL || index == NETCONFA_IFINDEX_DEFAULT) {
		c4 = index == NETCONFA_IFINDEX_ALL ? inet_conf4_all(net) : inet_conf4_default(net);
		c6 = index == NETCONFA_IFINDEX_ALL ? inet_conf6_all(net) : inet_conf6_default(net);
	} else {
		if (!dev || !dev_inet(dev))
			return -EINVAL;
		c4 = &dev_inet(dev)->conf4;
		c6 = &dev_inet(dev)->conf6;
	}
	fill_conf(b, family, index, family == AF_INET ? c4 : NULL, family == AF_INET ? NULL : c6, m);
	return 0;
}

static int get_conf(struct nl_request *r, const struct nlmsghdr *h)
{
	static const struct nl_policy policy[NETCONFA_BC_FORWARDING + 1] = { [NETCONFA_IFINDEX] = { NLP_MIN, 4 } };
	struct rt_msg m = { .portid = r->portid, .seq = h->nlmsg_seq, .type = RTM_NEWNETCONF };
	u8 family = *(const u8 *)nl_payload(h);
	const struct nlattr *tb[ARRAY_SIZE(policy)];
	struct nlbuf b;
	int err = nl_parse_ext(h, sizeof(struct netconfmsg), tb, NETCONFA_BC_FORWARDING, policy, r->strict, &r->x);

	if (err)
		return err;
	if (!tb[NETCONFA_IFINDEX])
		return -EINVAL;
	nlbuf_init(&b, 256, false);
	err = conf_of(&b, r->net, family, (int)nla_u32(tb[NETCONFA_IFINDEX]), &m);
	if (err) {
		nlbuf_free(&b);
		return err;
	}
	return nl_reply(r, &b);
}

/* args[0]: index of the last that was told; beyond all devices: those for all, for new ones. */
static int dump_conf(struct nl_dump *d, struct nlbuf *b, u8 family)
{
	struct rt_msg m = { .portid = d->portid, .seq = d->seq, .type = RTM_NEWNETCONF, .flags = NLM_F_MULTI };
	static const int last[] = { NETCONFA_IFINDEX_ALL, NETCONFA_IFINDEX_DEFAULT };
	struct net_device *dev;
	u32 at = 0;

	rtnl_lock();
	for_each_netdev(dev, d->net) {
		if (b->err || (u64)dev->ifindex <= d->args[0])
			continue;
		at = nlbuf_len(b);
		if (!conf_of(b, d->net, family, dev->ifindex, &m) && b->err)
			break;
		d->args[0] = (u64)dev->ifindex;
	}
	for (; !b->err && d->args[1] < 2; d->args[1]++) {
		at = nlbuf_len(b);
		(void)conf_of(b, d->net, family, last[d->args[1]], &m);
		if (b->err)
			break;
	}
	rtnl_unlock();
	if (!b->err)
		return 0;
	nl_cancel(b, at);
	return NL_MORE;
}

static int dump_conf4(struct nl_dump *d, struct nlbuf *b) { return dump_conf(d, b, AF_INET); }
static int dump_conf6(struct nl_dump *d, struct nlbuf *b) { return dump_conf(d, b, AF_INET6); }

/* --- notices --- */

static void addr_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	const struct net_ifaddr *a = object;

	(void)n;
	if (ev == NET_ADDR_ADD || ev == NET_ADDR_DEL)
		rtnl_event(net, a->family == AF_INET ? RTNLGRP_IPV4_IFADDR : RTNLGRP_IPV6_IFADDR,
			   ev == NET_ADDR_ADD ? RTM_NEWADDR : RTM_DELADDR, 0, fill_addr, a);
}

static struct net_notifier notifier = { .fn = addr_event };
static struct rtnl_handler handlers[] = {
	{ .type = RTM_NEWADDR, .family = AF_INET, .doit = new4 }, { .type = RTM_DELADDR, .family = AF_INET, .doit = del4 },
	{ .type = RTM_GETADDR, .family = AF_INET, .dump = dump4 },
	{ .type = RTM_NEWADDR, .family = AF_INET6, .doit = new6 }, { .type = RTM_DELADDR, .family = AF_INET6, .doit = del6 },
	{ .type = RTM_GETADDR, .family = AF_INET6, .doit = get6, .dump = dump6 },
	{ .type = RTM_GETNETCONF, .family = AF_INET, .doit = get_conf, .dump = dump_conf4 },
	{ .type = RTM_GETNETCONF, .family = AF_INET6, .doit = get_conf, .dump = dump_conf6 },
};

static int rt_addr_init(void)
{
	rtnl_part_register(handlers, ARRAY_SIZE(handlers), &notifier);
	return 0;
}
INITCALL_DRIVER(rt_addr_init);
