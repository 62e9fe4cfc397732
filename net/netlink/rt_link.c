/* SPDX-License-Identifier: MPL-2.0 */
/* RTM_*LINK: devices over rtnetlink, and what is told of them to those who listen. */
#include <base/errno.h>
#include <base/string.h>
#include <core/init.h>
#include <core/rcu.h>
#include <drivers/device.h>
#include <net/netdev.h>
#include <net/rtnetlink.h>

#define IFLA_MAX	IFLA_PARENT_DEV_BUS_NAME
#define GSO_MAX_SIZE	65536u
#define GSO_MAX_SEGS	65535u
#define TSO_MAX_LO	524280u

static const struct nl_policy policy[IFLA_MAX + 1] = {
	[IFLA_ADDRESS] = { NLP_ANY, 0 }, [IFLA_BROADCAST] = { NLP_ANY, 0 }, [IFLA_IFNAME] = { NLP_STRING, IFNAMSIZ },
	[IFLA_MTU] = { NLP_MIN, 4 }, [IFLA_TXQLEN] = { NLP_MIN, 4 }, [IFLA_EXT_MASK] = { NLP_MIN, 4 },
	[IFLA_LINKINFO] = { NLP_NESTED, 0 }, [IFLA_MASTER] = { NLP_MIN, 4 }, [IFLA_OPERSTATE] = { NLP_MIN, 1 },
	[IFLA_LINKMODE] = { NLP_MIN, 1 }, [IFLA_ALT_IFNAME] = { NLP_STRING, 0 }, [IFLA_GROUP] = { NLP_MIN, 4 },
};

/* --- what is said of a device: under rtnl --- */

static void fill_stats(struct nlbuf *b, struct net_device *dev)
{
	u32 narrow[sizeof(struct netdev_stats) / sizeof(u64)];
	struct netdev_stats s;

	netdev_get_stats(dev, &s);
	nl_put(b, IFLA_STATS64, &s, sizeof(s));
	for (u32 i = 0; i < sizeof(s) / sizeof(u64); i++)
		narrow[i] = (u32)((const u64 *)&s)[i];
	nl_put(b, IFLA_STATS, narrow, sizeof(narrow));
}

static const char *qdisc(const struct net_device *dev)
{
	if (dev->no_queue)
		return "noqueue";
	return netdev_running(dev) ? "pfifo" : "noop";
}

static void fill_addresses(struct nlbuf *b, const struct net_device *dev)
{
	static const u8 none[NETDEV_MAX_ADDR];

	if (!dev->addr_len)
		return;
	nl_put(b, IFLA_ADDRESS, dev->addr, dev->addr_len);
	nl_put(b, IFLA_BROADCAST, dev->broadcast, dev->addr_len);
	if (memcmp(dev->perm_addr, none, dev->addr_len))
		nl_put(b, IFLA_PERM_ADDRESS, dev->perm_addr, dev->addr_len);
}

static void fill_carrier(struct nlbuf *b, const struct net_device *dev)
{
	u32 changes = READ_ONCE(dev->carrier_changes), on = READ_ONCE(dev->carrier);

	nl_put_u8(b, IFLA_CARRIER, (u8)on);
	nl_put_u32(b, IFLA_CARRIER_CHANGES, changes);
	nl_put_u32(b, IFLA_CARRIER_UP_COUNT, (changes + on) / 2);
	nl_put_u32(b, IFLA_CARRIER_DOWN_COUNT, (changes + !on) / 2);
}

static void fill_parent(struct nlbuf *b, const struct net_device *dev)
{
	if (!dev->parent)
		return;
	nl_put_str(b, IFLA_PARENT_DEV_NAME, dev->parent->name);
	if (dev->parent->bus)
		nl_put_str(b, IFLA_PARENT_DEV_BUS_NAME, dev->parent->bus->name);
}

/* What is the same in an answer, a dump and a notice. */
struct link_msg {
	u32 portid, seq, change, ext_mask;
	u16 flags;
};

static void fill_link(struct nlbuf *b, struct net_device *dev, u16 type, const struct link_msg *m)
{
	static const struct { u64 mem_start, mem_end, base_addr; u16 irq; u8 dma, port; } map;	/* struct rtnl_link_ifmap */
	u32 at = nl_begin(b, m->portid, m->seq, type, m->flags, sizeof(struct ifinfomsg));
	struct ifinfomsg *i = nl_header(b, at);

	if (i)
		*i = (struct ifinfomsg){ .ifi_type = dev->type, .ifi_index = dev->ifindex, .ifi_flags = netdev_get_flags(dev),
					 .ifi_change = m->change };
	nl_put_str(b, IFLA_IFNAME, dev->name);
	nl_put_u32(b, IFLA_TXQLEN, dev->txqueuelen);
	nl_put_u8(b, IFLA_OPERSTATE, netdev_operstate(dev));
	nl_put_u8(b, IFLA_LINKMODE, 0);
	nl_put_u32(b, IFLA_MTU, dev->mtu);
	nl_put_u32(b, IFLA_MIN_MTU, dev->min_mtu);
	nl_put_u32(b, IFLA_MAX_MTU, dev->max_mtu);
	nl_put_u32(b, IFLA_GROUP, 0);
	nl_put_u32(b, IFLA_PROMISCUITY, dev->promisc);
	nl_put_u32(b, IFLA_ALLMULTI, dev->allmulti);
	nl_put_u32(b, IFLA_NUM_TX_QUEUES, dev->no_queue ? 1 : dev->nr_txq);
	nl_put_u32(b, IFLA_GSO_MAX_SEGS, GSO_MAX_SEGS);
	nl_put_u32(b, IFLA_GSO_MAX_SIZE, GSO_MAX_SIZE);
	nl_put_u32(b, IFLA_GRO_MAX_SIZE, GSO_MAX_SIZE);
	nl_put_u32(b, IFLA_TSO_MAX_SIZE, dev->flags & IFF_LOOPBACK ? TSO_MAX_LO : GSO_MAX_SIZE);
	nl_put_u32(b, IFLA_TSO_MAX_SEGS, GSO_MAX_SEGS);
	nl_put_u32(b, IFLA_NUM_RX_QUEUES, dev->no_queue ? 1 : dev->nr_rxq);
	fill_carrier(b, dev);
	nl_put_str(b, IFLA_QDISC, qdisc(dev));
	nl_put_u8(b, IFLA_PROTO_DOWN, 0);
	nl_put(b, IFLA_MAP, &map, sizeof(map));
	fill_addresses(b, dev);
	if (!(m->ext_mask & RTEXT_FILTER_SKIP_STATS))
		fill_stats(b, dev);
	fill_parent(b, dev);
	nl_end(b, at);
}

/* --- questions --- */

static u32 ext_mask(const struct nlattr *const *tb) { return tb[IFLA_EXT_MASK] ? nla_u32(tb[IFLA_EXT_MASK]) : 0; }

/* The device that a message names. ERR: NULL and *err. */
static struct net_device *named(struct nl_request *r, const struct nlmsghdr *h, const struct nlattr *const *tb, int *err)
{
	const struct ifinfomsg *i = nl_payload(h);
	struct net_device *dev = NULL;
	char name[IFNAMSIZ];

	*err = -EINVAL;
	if (i->ifi_index > 0) {
		dev = netdev_by_index(r->net, i->ifi_index);
	} else if (tb[IFLA_IFNAME]) {
		*err = nla_string(tb[IFLA_IFNAME], name, sizeof(name));
		if (*err)
			return NULL;
		dev = netdev_by_name(r->net, name);
	} else if (tb[IFLA_ALT_IFNAME] && nla_string(tb[IFLA_ALT_IFNAME], name, sizeof(name)) == 0) {
		dev = netdev_by_name(r->net, name);	/* no device has other names; ip(8) asks for the first one like this */
	} else if (!tb[IFLA_ALT_IFNAME]) {
		return NULL;
	}
	*err = dev ? 0 : -ENODEV;
	return dev;
}

static int get_link(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	struct link_msg m = { .portid = r->portid, .seq = h->nlmsg_seq };
	struct net_device *dev;
	struct nlbuf b;
	int err = nl_parse(h, sizeof(struct ifinfomsg), tb, IFLA_MAX, policy);

	if (err)
		return err;
	dev = named(r, h, tb, &err);
	if (!dev)
		return err;
	m.ext_mask = ext_mask(tb);
	nlbuf_init(&b, 1024, false);
	fill_link(&b, dev, RTM_NEWLINK, &m);
	return nl_reply(r, &b);
}

/* args[0]: index of the last device that was told. */
static int dump_links(struct nl_dump *d, struct nlbuf *b)
{
	struct link_msg m = { .portid = d->portid, .seq = d->seq, .flags = NLM_F_MULTI };
	const struct nlattr *tb[IFLA_MAX + 1];
	struct net_device *dev;
	int result = 0;

	if (nl_parse(d->request, sizeof(struct ifinfomsg), tb, IFLA_MAX, policy) == 0)	/* older programs send less */
		m.ext_mask = ext_mask(tb);
	rtnl_lock();
	if (d->args[0] && d->gen != d->net->dev_seq)
		d->inconsistent = true;
	d->gen = d->net->dev_seq;
	m.flags |= d->inconsistent ? NLM_F_DUMP_INTR : 0;
	for_each_netdev(dev, d->net) {
		u32 at = nlbuf_len(b);

		if ((u64)dev->ifindex <= d->args[0])
			continue;
		fill_link(b, dev, RTM_NEWLINK, &m);
		if (b->err) {
			nl_cancel(b, at);
			result = NL_MORE;
			break;
		}
		d->args[0] = (u64)dev->ifindex;
	}
	rtnl_unlock();
	return result;
}

/* --- changes --- */

static int set_address(struct nl_request *r, struct net_device *dev, const struct nlattr *a)
{
	u8 addr[NETDEV_MAX_ADDR] = { 0 };

	if (nla_len(a) < dev->addr_len || nla_len(a) > sizeof(addr)) {
		r->x.why = "the link address has another length";
		return -EINVAL;
	}
	memcpy(addr, nla_data(a), dev->addr_len);
	return netdev_set_mac(dev, addr);
}

static int set_name(struct net_device *dev, const struct nlattr *a, bool by_index)
{
	char name[IFNAMSIZ];
	int err = nla_string(a, name, sizeof(name));

	return err || !by_index || !name[0] ? err : netdev_rename(dev, name);
}

static int set_broadcast(struct net_device *dev, const struct nlattr *a)
{
	if (nla_len(a) < dev->addr_len)
		return -EINVAL;
	memcpy(dev->broadcast, nla_data(a), dev->addr_len);
	net_notify(dev->net, NETDEV_CHANGEADDR, dev);
	return 0;
}

/* What is known and cannot be set here: refused, before anything is changed. */
static bool asks_for_more(const struct nlattr *const *tb)
{
	static const u16 never[] = { IFLA_LINKINFO, IFLA_NET_NS_PID, IFLA_NET_NS_FD, IFLA_OPERSTATE, IFLA_LINKMODE, IFLA_CARRIER,
				     IFLA_AF_SPEC, IFLA_QDISC, IFLA_LINK, IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES };

	for (u32 i = 0; i < ARRAY_SIZE(never); i++)
		if (tb[never[i]])
			return true;
	return (tb[IFLA_MASTER] && nla_u32(tb[IFLA_MASTER])) || (tb[IFLA_GROUP] && nla_u32(tb[IFLA_GROUP])) ||
	       (tb[IFLA_PROTO_DOWN] && nla_len(tb[IFLA_PROTO_DOWN]) && nla_u8(tb[IFLA_PROTO_DOWN]));
}

static int change_link(struct nl_request *r, struct net_device *dev, const struct ifinfomsg *i, const struct nlattr *const *tb)
{
	int err = 0;

	if (asks_for_more(tb)) {
		r->x.why = "not there: kinds of links, namespaces, masters, groups, modes, settings of a family";
		return -EOPNOTSUPP;
	}
	if (tb[IFLA_ADDRESS])
		err = set_address(r, dev, tb[IFLA_ADDRESS]);
	if (!err && tb[IFLA_MTU])
		err = netdev_set_mtu(dev, nla_u32(tb[IFLA_MTU]));
	if (!err && tb[IFLA_IFNAME])
		err = set_name(dev, tb[IFLA_IFNAME], i->ifi_index > 0);
	if (!err && tb[IFLA_BROADCAST])
		err = set_broadcast(dev, tb[IFLA_BROADCAST]);
	if (!err && tb[IFLA_TXQLEN]) {
		WRITE_ONCE(dev->txqueuelen, nla_u32(tb[IFLA_TXQLEN]));
		net_notify(dev->net, NETDEV_CHANGE, dev);
	}
	if (!err && (i->ifi_flags || i->ifi_change))
		err = netdev_change_flags(dev, i->ifi_flags, i->ifi_change ? i->ifi_change : ~0u);
	return err;
}

static int set_link(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	struct net_device *dev;
	int err = nl_parse(h, sizeof(struct ifinfomsg), tb, IFLA_MAX, policy);

	if (err)
		return err;
	dev = named(r, h, tb, &err);
	return dev ? change_link(r, dev, nl_payload(h), tb) : err;
}

static int new_link(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *i;
	struct net_device *dev;
	int err = nl_parse(h, sizeof(*i), tb, IFLA_MAX, policy);

	if (err)
		return err;
	i = nl_payload(h);
	if (i->ifi_index < 0)
		return -EINVAL;
	dev = named(r, h, tb, &err);
	if (dev) {
		if (h->nlmsg_flags & NLM_F_EXCL)
			return -EEXIST;
		if (h->nlmsg_flags & NLM_F_REPLACE)
			return -EOPNOTSUPP;
		return change_link(r, dev, i, tb);
	}
	if (!(h->nlmsg_flags & NLM_F_CREATE))
		return -ENODEV;
	r->x.why = "Unknown device type";
	return -EOPNOTSUPP;
}

static int del_link(struct nl_request *r, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	int err = nl_parse(h, sizeof(struct ifinfomsg), tb, IFLA_MAX, policy);

	if (err)
		return err;
	return named(r, h, tb, &err) ? -EOPNOTSUPP : err;	/* cards and lo stay */
}

/* --- notices --- */

struct link_note {
	struct net_device *dev;
	u32 change;
};

static void fill_note(struct nlbuf *b, const void *object, u16 type)
{
	const struct link_note *n = object;
	struct link_msg m = { .change = n->change };

	fill_link(b, n->dev, type, &m);
}

static void link_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	struct link_note note = { .dev = object };
	u16 type = RTM_NEWLINK;

	(void)n;
	switch (ev) {
	case NETDEV_UNREGISTER:
		type = RTM_DELLINK;
		fallthrough;
	case NETDEV_REGISTER:
		note.change = ~0u;
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
		note.change = IFF_UP;
		break;
	case NETDEV_CHANGE:
	case NETDEV_CHANGEMTU:
	case NETDEV_CHANGEADDR:
	case NETDEV_CHANGENAME:
	case NETDEV_FEATURES:
		break;
	default:
		return;
	}
	rtnl_notify(net, RTNLGRP_LINK, 0, fill_note, &note, type);
}

static struct net_notifier link_notifier = { .fn = link_event };
static struct rtnl_handler link_handlers[] = {
	{ .type = RTM_NEWLINK, .doit = new_link }, { .type = RTM_DELLINK, .doit = del_link },
	{ .type = RTM_GETLINK, .doit = get_link, .dump = dump_links }, { .type = RTM_SETLINK, .doit = set_link },
};

static int rt_link_init(void)
{
	rtnl_part_register(link_handlers, ARRAY_SIZE(link_handlers), &link_notifier);
	return 0;
}
INITCALL_DRIVER(rt_link_init);
