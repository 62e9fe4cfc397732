/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Routing: tables of prefixes, look-up; fib_rules.c says which table is asked, route_hint.c what routers told of a
 * destination. A table is a hash of prefixes (address and length) and a count of prefixes for each length: a look-up
 * tries the lengths that exist, longest first.
 * Everything is read under RCU and changed under rtnl. A kept `struct route` is good while route_gen has not moved.
 */
#include <base/err.h>
#include <base/hash.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <kernel/cred.h>
#include <uapi/linux/netlink.h>

#include "route_impl.h"

#define PREFIX_HASH	256u

const char *fib_why;

struct fib_prefix {
	struct hlist_node hash;		/* [rtnl; r] */
	struct list_head routes;	/* [rtnl; r] fib_route by tos falling, priority rising */
	struct ipaddr dst;		/* [I] */
	u32 key_len;			/* [I] */
	struct rcu_head rcu;
};

struct fib_table {
	struct list_head link;		/* [rtnl; r] */
	u32 id;				/* [I] */
	u8 family;			/* [I] */
	u32 count[129];			/* [rtnl; a] prefixes of each length */
	struct hlist_head prefixes[PREFIX_HASH];	/* [rtnl; r] */
};

/* --- prefixes --- */

void ipaddr_mask(struct ipaddr *a, u32 key_len)
{
	for (u32 i = 0; i < 4; i++) {
		u32 bits = key_len > i * 32 ? min(key_len - i * 32, 32u) : 0;

		a->w[i] = bits ? to_be32(be32(a->w[i]) & ~(u32)((1ull << (32 - bits)) - 1)) : (be32_t){ 0 };
	}
}

bool ipaddr_prefix_eq(const struct ipaddr *a, const struct ipaddr *b, u32 key_len)
{
	for (u32 i = 0; i < 4 && key_len > i * 32; i++) {
		u32 bits = min(key_len - i * 32, 32u);
		u32 diff = be32(a->w[i]) ^ be32(b->w[i]);

		if (diff & ~(u32)((1ull << (32 - bits)) - 1))
			return false;
	}
	return true;
}

static struct fib_table *table_find(struct net *net, u8 family, u32 id)
{
	struct fib_table *t;

	list_for_each_entry_rcu(t, &net_inet(net)->fib->tables, link)
		if (t->id == id && t->family == family)
			return t;
	return NULL;
}

static struct fib_table *table_make(struct net *net, u8 family, u32 id)
{
	struct fib_table *t = table_find(net, family, id);

	if (t)
		return t;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return NULL;
	t->id = id;
	t->family = family;
	list_add_tail(&t->link, &net_inet(net)->fib->tables);
	return t;
}

/* Not ipaddr_hash(), whose key is another at each boot: tables are shown in this order, and who fills them is trusted. */
static struct hlist_head *prefix_head(struct fib_table *t, const struct ipaddr *dst, u32 key_len)
{
	u64 h = ((u64)dst->w[0].raw << 32 | dst->w[1].raw) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32 ^ (((u64)dst->w[2].raw << 32 | dst->w[3].raw) + key_len);
	h *= 0xff51afd7ed558ccdull;
	return &t->prefixes[(h >> 32) % PREFIX_HASH];
}

static struct fib_prefix *prefix_find(struct fib_table *t, const struct ipaddr *dst, u32 key_len)
{
	struct fib_prefix *p;

	hlist_for_each_entry_rcu(p, prefix_head(t, dst, key_len), hash)
		if (p->key_len == key_len && ipaddr_eq(&p->dst, dst))
			return p;
	return NULL;
}

/* --- look-up --- */

static bool nh_usable(const struct fib_nh *nh, const struct flow *f)
{
	if (nh->flags & RTNH_F_DEAD)
		return false;
	return !f->oif || (nh->dev && nh->dev->ifindex == f->oif);
}

static int route_error(const struct fib_route *r)
{
	switch (r->type) {
	case RTN_BLACKHOLE: return -EINVAL;
	case RTN_UNREACHABLE: return -EHOSTUNREACH;
	case RTN_PROHIBIT: return -EACCES;
	case RTN_THROW: return -EAGAIN;
	default: return 0;
	}
}

/* The hop for a flow: by weight and hash among the usable. */
static const struct fib_nh *nh_choose(const struct fib_route *r, const struct flow *f)
{
	u32 total = 0, at;

	if (r->nr_nh == 1)
		return nh_usable(&r->nh[0], f) ? &r->nh[0] : NULL;
	for (u32 i = 0; i < r->nr_nh; i++)
		total += nh_usable(&r->nh[i], f) ? r->nh[i].weight : 0;
	if (!total)
		return NULL;
	at = (f->hash ? f->hash : ipaddr_hash(&f->dst, 1)) % total;
	for (u32 i = 0; i < r->nr_nh; i++) {
		if (!nh_usable(&r->nh[i], f))
			continue;
		if (at < r->nh[i].weight)
			return &r->nh[i];
		at -= r->nh[i].weight;
	}
	return NULL;
}

/* In an RCU section. -EAGAIN: this table has nothing. */
static int table_lookup(struct fib_table *t, const struct flow *f, struct fib_route **found, const struct fib_nh **hop)
{
	u32 base = t->family == AF_INET ? 96 : 0;

	for (int len = 128; len >= (int)base; len--) {
		struct ipaddr key = f->dst;
		struct fib_prefix *p;
		struct fib_route *r;

		if (!READ_ONCE(t->count[len]))
			continue;
		ipaddr_mask(&key, (u32)len);
		p = prefix_find(t, &key, (u32)len);
		if (!p)
			continue;
		list_for_each_entry_rcu(r, &p->routes, link) {
			int err;

			if ((r->tos && r->tos != f->tos) || r->scope < f->scope)
				continue;
			if (r->expires_ns && clock_monotonic_ns() > r->expires_ns)
				continue;
			err = route_error(r);
			if (err)
				return err;
			*hop = nh_choose(r, f);
			if (!*hop)
				continue;
			*found = r;
			return 0;
		}
	}
	return -EAGAIN;
}

int fib_table_lookup(struct net *net, u32 id, const struct flow *f, struct fib_route **found, const struct fib_nh **hop)
{
	struct fib_table *t = table_find(net, f->family, id);

	return t ? table_lookup(t, f, found, hop) : -EAGAIN;
}

bool fib_table_exists(struct net *net, u8 family, u32 table)
{
	return table_find(net, family, table) != NULL;
}

int fib_local_type(struct net *net, struct net_device *dev, const struct ipaddr *a)
{
	struct flow f = { .dst = *a, .family = ipaddr_is4(a) ? AF_INET : AF_INET6, .oif = dev ? dev->ifindex : 0 };
	const struct fib_nh *nh;
	struct fib_route *r;
	struct fib_table *t;
	int type = RTN_UNICAST;

	rcu_read_lock();
	t = table_find(net, f.family, RT_TABLE_LOCAL);
	if (t && !table_lookup(t, &f, &r, &nh))
		type = r->type;
	rcu_read_unlock();
	return type;
}

/* --- resolved ways --- */

static void route_fill(struct net *net, struct route *r, struct net_device *dev, struct fib_route *fib, const struct ipaddr *dst)
{
	u32 pmtu = pmtu_get(net, dst);
	const struct inet_dev *id = dev_inet(dev);

	r->mtu = READ_ONCE(dev->mtu);
	if (r->family == AF_INET6 && id)	/* a router may have said less */
		r->mtu = min(r->mtu, (u32)READ_ONCE(id->conf6.mtu));
	if (fib && fib->metrics[FIB_METRIC_MTU])
		r->mtu = fib->metrics[FIB_METRIC_MTU];
	if (pmtu && pmtu < r->mtu && !(fib && fib->mtu_locked))
		r->mtu = pmtu;
	r->dev = dev;
	dev_get(dev);
	/* One that has been taken out meanwhile may be without references already: this packet goes without its metrics. */
	r->fib = fib && ref_get_unless_zero(&fib->ref) ? fib : NULL;
}

/* Before anything is looked up: what changes from now on makes the answer an old one. */
static u32 gen_of(const struct net *net) { return __atomic_load_n(&net_inet(net)->route_gen, __ATOMIC_ACQUIRE); }

/* No route is needed: the caller names the device (multicast, broadcast, or the administrator made no route). */
static int output_by_dev(struct net *net, const struct flow *f, struct net_device *dev, struct route *r, u8 type)
{
	r->type = type;
	r->gw = f->dst;
	r->src = f->src;
	if (ipaddr_any(&f->src)) {
		u8 scope = type == RTN_UNICAST ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;

		if (!inet_select_addr(net, dev, f->family == AF_INET6 || type == RTN_UNICAST ? &f->dst : NULL, scope, &r->src))
			r->src = f->family == AF_INET ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
	}
	route_fill(net, r, dev, NULL, &f->dst);
	return 0;
}

static void choose_src(struct net *net, const struct flow *f, const struct fib_route *fib, const struct fib_nh *nh,
	struct route *r)
{
	r->src = f->src;
	if (!ipaddr_any(&f->src))
		return;
	if (fib->has_prefsrc)
		r->src = fib->prefsrc;
	else if (fib->type == RTN_LOCAL)
		r->src = f->dst;
	else if (!inet_select_addr(net, nh->dev, nh->has_gw && f->family == AF_INET ? &nh->gw : &f->dst,
				   fib->type == RTN_UNICAST ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK, &r->src))
		r->src = f->family == AF_INET ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
}

/* In an RCU section. */
static int output(struct net *net, struct flow *f, struct route *r)
{
	bool mcast = ipaddr_multicast(&f->dst);
	bool bcast = f->family == AF_INET && be32(f->dst.w[3]) == INADDR_BROADCAST;
	struct net_device *dev = NULL;
	const struct fib_nh *nh;
	struct fib_route *fib;
	int err;

	if (f->oif) {
		dev = netdev_by_index(net, f->oif);
		if (!dev)
			return -ENODEV;
		if (!netdev_running(dev) || !dev_inet(dev))
			return -ENETUNREACH;
		if (mcast || bcast)
			return output_by_dev(net, f, dev, r, mcast ? RTN_MULTICAST : RTN_BROADCAST);
	} else if ((mcast || bcast) && !ipaddr_any(&f->src)) {
		struct net_ifaddr *a = inet_addr_find(net, &f->src, NULL);

		if (a)
			return output_by_dev(net, f, a->dev, r, mcast ? RTN_MULTICAST : RTN_BROADCAST);
	}
	if (ipaddr_any(&f->dst)) {
		f->dst = ipaddr_any(&f->src) ? (f->family == AF_INET ? ipaddr_v4(to_be32(INADDR_LOOPBACK)) :
			(struct ipaddr){ { { 0 }, { 0 }, { 0 }, to_be32(1) } }) : f->src;
	}
	err = fib_lookup(net, f, &fib, &nh);
	if (err == -ENETUNREACH && dev && f->family == AF_INET)
		return output_by_dev(net, f, dev, r, RTN_UNICAST);
	if (err)
		return err;
	if (f->onlink && nh->has_gw)
		return -ENETUNREACH;
	r->type = mcast ? RTN_MULTICAST : bcast ? RTN_BROADCAST : fib->type;
	/* A default route says by which device multicasts go, but not to whom. */
	r->has_gw = nh->has_gw && !(mcast && fib->dst_len < (f->family == AF_INET ? 4 : 8));
	r->gw = r->has_gw ? nh->gw : f->dst;
	if (r->has_gw && fib->type == RTN_UNICAST)
		route_redirected(net, &f->dst, &r->gw);
	choose_src(net, f, fib, nh, r);
	r->local_ifindex = nh->dev->ifindex;
	route_fill(net, r, r->type == RTN_LOCAL ? net->lo : nh->dev, fib, &f->dst);
	return 0;
}

int route_output(struct net *net, const struct flow *flow, struct route *r)
{
	struct flow f = *flow;
	int err;

	memset(r, 0, sizeof(*r));
	r->family = f.family;
	r->gen = gen_of(net);
	rcu_read_lock();
	err = output(net, &f, r);
	rcu_read_unlock();
	return err;
}

/*
 * May a packet with this source come in by dev (IPv4; RFC 1812, 5.3.8)? oif: where it would go on, 0: it is ours. 1: yes, and
 * the sender is on the link; 0: yes; -EINVAL: one of our own addresses, -EXDEV: rp_filter. In an RCU section.
 */
static int source_ok(struct net *net, struct net_device *dev, const struct inet_dev *id, const struct flow *in, int oif)
{
	struct flow f = { .dst = in->src, .src = in->dst, .family = AF_INET, .tos = in->tos,
		.mark = CONF4_OR(net, id, src_valid_mark) ? in->mark : 0 };
	int rpf = CONF4_MAX(net, id, rp_filter), err;
	bool local_ok = CONF4_OR(net, id, accept_local);
	const struct fib_nh *nh;
	struct fib_route *fib;

	if (!rpf && (dev->ifindex != oif || !CONF4_OR(net, id, send_redirects)))
		return local_ok || !inet_addr_find(net, &in->src, NULL) ? 0 : -EINVAL;
	err = fib_lookup(net, &f, &fib, &nh);
	if (!err && fib->type != RTN_UNICAST && (fib->type != RTN_LOCAL || !local_ok))
		return -EINVAL;
	if (!err) {
		for (u32 i = 0; i < fib->nr_nh; i++)
			if (fib->nh[i].dev == dev)
				return !nh->has_gw;
	}
	if (err || list_empty(&id->addrs4))
		return rpf ? -EXDEV : 0;
	if (rpf == 1)
		return -EXDEV;
	f.oif = dev->ifindex;
	return !fib_lookup(net, &f, &fib, &nh) && fib->type == RTN_UNICAST && !nh->has_gw;
}

/* What IPv4 asks before any look-up. 0: go on; 1: decided. */
static int input4_early(struct net *net, struct net_device *dev, const struct inet_dev *id, const struct flow *f, struct route *r)
{
	u32 src = be32(f->src.w[3]), dst = be32(f->dst.w[3]);
	bool lo = dev->flags & IFF_LOOPBACK;

	if (src == INADDR_BROADCAST)
		return -EINVAL;
	if (dst == INADDR_BROADCAST || (!dst && !src)) {
		r->type = RTN_BROADCAST;
		/* A source may be unknown (DHCP), not forged. */
		return src && !lo && source_ok(net, dev, id, f, 0) < 0 ? -EINVAL : 1;
	}
	if (!dst || (!src && !lo))
		return -EINVAL;
	if (!lo && (dst >> 24 == 127 || src >> 24 == 127) && !CONF4_OR(net, id, route_localnet))
		return -EINVAL;
	return 0;
}

/* IPv4's verdict about a packet whose route was found. */
static int input4_check(struct net *net, struct net_device *dev, const struct inet_dev *id, const struct flow *f,
	const struct fib_route *fib, const struct fib_nh *nh, struct route *r)
{
	int err;

	if (dev->flags & IFF_LOOPBACK)
		return 0;
	if (fib->type == RTN_LOCAL || fib->type == RTN_BROADCAST) {
		err = source_ok(net, dev, id, f, 0);
		return min(err, 0);
	}
	if (!READ_ONCE(id->conf4.forwarding))
		return -EHOSTUNREACH;
	if (fib->type != RTN_UNICAST)
		return -EINVAL;
	err = source_ok(net, dev, id, f, nh->dev->ifindex);
	if (err < 0)
		return err;
	/* The sender could have asked the next router by itself. */
	r->redirect = err && nh->dev == dev && CONF4_OR(net, id, send_redirects) &&
		(CONF4_OR(net, id, shared_media) || inet_addr_onlink(id, &f->src, &r->gw));
	return 0;
}

int route_input(struct net *net, struct net_device *dev, const struct ipaddr *src, const struct ipaddr *dst, u8 tos, u32 mark,
	struct route *r)
{
	struct flow f = { .dst = *dst, .src = *src, .iif = dev->ifindex, .mark = mark, .tos = tos };
	bool lo = dev->flags & IFF_LOOPBACK, v4 = ipaddr_is4(dst);
	const struct fib_nh *nh;
	const struct inet_dev *id;
	struct fib_route *fib;
	int err;

	memset(r, 0, sizeof(*r));
	f.family = r->family = v4 ? AF_INET : AF_INET6;
	if (lo && lo_route_find(net, src, dst, tos, mark, &r->local_ifindex)) {
		r->type = RTN_LOCAL;
		r->gw = *dst;
		return 0;
	}
	r->gen = gen_of(net);
	if (ipaddr_multicast(src))
		return -EINVAL;
	if (!v4 && !lo && (ipaddr_loopback(src) || ipaddr_loopback(dst)))
		return -EINVAL;
	if (!v4 && ipaddr_any(dst))
		return -EINVAL;
	if (!v4 && ipaddr_linklocal6(dst) && !lo)
		f.oif = dev->ifindex;
	rcu_read_lock();
	id = dev_inet(dev);
	err = !id ? -EINVAL : v4 ? input4_early(net, dev, id, &f, r) : 0;
	if (err) {
		rcu_read_unlock();
		return min(err, 0);
	}
	err = fib_lookup(net, &f, &fib, &nh);
	if (!err) {
		r->type = fib->type;
		r->has_gw = nh->has_gw;
		r->gw = nh->has_gw ? nh->gw : *dst;
		r->local_ifindex = nh->dev->ifindex;
		if (v4)
			err = input4_check(net, dev, id, &f, fib, nh, r);
		if (!err && fib->type == RTN_UNICAST)
			route_fill(net, r, nh->dev, fib, dst);
		if (!err && lo)
			lo_route_keep(net, &f, r, r->gen);
	} else if (v4 && !READ_ONCE(id->conf4.forwarding)) {
		err = -EHOSTUNREACH;
	}
	rcu_read_unlock();
	return err;
}

void route_put(struct route *r)
{
	if (r->dev)
		dev_put(r->dev);
	if (r->fib)
		fib_route_put(r->fib);
	r->dev = NULL;
	r->fib = NULL;
}

bool route_valid(struct net *net, const struct route *r)
{
	return r->dev && r->gen == READ_ONCE(net_inet(net)->route_gen);
}

void route_copy(struct route *to, const struct route *from)
{
	*to = *from;
	if (to->dev)
		dev_get(to->dev);
	if (to->fib)
		ref_get(&to->fib->ref);
}

void route_cache_bump(struct net *net)
{
	__atomic_fetch_add(&net_inet(net)->route_gen, 1, __ATOMIC_SEQ_CST);
}

/* --- configuration --- */

struct fib_route *fib_route_alloc(u32 nr_nh, gfp_t gfp)
{
	struct fib_route *r;

	if (nr_nh > FIB_MAX_NH)
		return NULL;
	r = kzalloc(sizeof(*r) + nr_nh * sizeof(r->nh[0]), gfp);
	if (!r)
		return NULL;
	ref_init(&r->ref, 1);
	r->nr_nh = nr_nh;
	for (u32 i = 0; i < nr_nh; i++)
		r->nh[i].weight = 1;
	return r;
}

static void route_rcu(struct rcu_head *h)
{
	struct fib_route *r = container_of(h, struct fib_route, rcu);

	for (u32 i = 0; i < r->nr_nh; i++)
		if (r->nh[i].dev)
			dev_put(r->nh[i].dev);
	kfree(r);
}

void fib_route_put(struct fib_route *r)
{
	if (ref_put(&r->ref))
		call_rcu(&r->rcu, route_rcu);
}

static bool same_hops(const struct fib_route *a, const struct fib_route *b)
{
	if (a->nr_nh != b->nr_nh)
		return false;
	for (u32 i = 0; i < a->nr_nh; i++)
		if (a->nh[i].dev != b->nh[i].dev || a->nh[i].has_gw != b->nh[i].has_gw || a->nh[i].weight != b->nh[i].weight ||
		    (a->nh[i].has_gw && !ipaddr_eq(&a->nh[i].gw, &b->nh[i].gw)))
			return false;
	return true;
}

/* The same in all but its place among others. */
static bool same_route(const struct fib_route *a, const struct fib_route *b)
{
	if (a->type != b->type || !same_hops(a, b))
		return false;
	if (a->family == AF_INET6)
		return true;
	return a->scope == b->scope && a->protocol == b->protocol && a->has_prefsrc == b->has_prefsrc &&
	       (!a->has_prefsrc || ipaddr_eq(&a->prefsrc, &b->prefsrc)) && !memcmp(a->metrics, b->metrics, sizeof(a->metrics));
}

static int refuse(int err, const char *why)
{
	fib_why = why;
	return err;
}

static int gateway4_onlink(struct net *net, const struct fib_route *r, struct fib_nh *nh)
{
	if (r->scope >= RT_SCOPE_LINK)
		return refuse(-EINVAL, "Nexthop has invalid scope");
	if (!nh->dev)
		return refuse(-ENODEV, "Nexthop device required for onlink");
	if (!netdev_running(nh->dev))
		return refuse(-ENETDOWN, "Nexthop device is not up");
	if (inet_addr_type(net, nh->dev, &nh->gw) != RTN_UNICAST)
		return refuse(-EINVAL, "Nexthop has invalid gateway");
	nh->scope = RT_SCOPE_LINK;
	return 0;
}

/* A gateway must be reached directly; its device is found when it was not named. */
static int gateway4(struct net *net, const struct fib_route *r, struct fib_nh *nh)
{
	struct flow f = { .dst = nh->gw, .family = AF_INET, .oif = nh->dev ? nh->dev->ifindex : 0 };
	const struct fib_nh *via;
	struct fib_route *fib;
	int err;

	if (nh->flags & RTNH_F_ONLINK)
		return gateway4_onlink(net, r, nh);
	f.scope = r->scope + 1 < RT_SCOPE_LINK ? RT_SCOPE_LINK : (u8)(r->scope + 1);
	rcu_read_lock();
	err = fib_lookup(net, &f, &fib, &via);
	if (!err && fib->type != RTN_UNICAST && fib->type != RTN_LOCAL)
		err = -EINVAL;
	if (err) {
		fib_why = "Nexthop has invalid gateway";
	} else {
		nh->scope = fib->scope;
		if (!nh->dev) {
			nh->dev = via->dev;
			dev_get(nh->dev);
		}
		err = netdev_running(nh->dev) ? 0 : -ENETDOWN;
	}
	rcu_read_unlock();
	return err;
}

static int check_hop4(struct net *net, struct fib_route *r, struct fib_nh *nh)
{
	if (r->scope == RT_SCOPE_HOST) {
		if (r->nr_nh != 1)
			return refuse(-EINVAL, "Route with host scope can not have multiple nexthops");
		if (nh->has_gw)
			return refuse(-EINVAL, "Route with host scope can not have a gateway");
		nh->scope = RT_SCOPE_NOWHERE;
		return nh->dev ? 0 : -ENODEV;
	}
	if (nh->has_gw)
		return gateway4(net, r, nh);
	if (nh->flags & RTNH_F_ONLINK)
		return refuse(-EINVAL, "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
	if (!nh->dev || !dev_inet(nh->dev))
		return -ENODEV;
	if (!netdev_running(nh->dev) && r->protocol != RTPROT_KERNEL)
		return refuse(-ENETDOWN, "Device for nexthop is not up");
	nh->scope = RT_SCOPE_HOST;
	return 0;
}

static int check_hop6(struct net *net, struct fib_route *r, struct fib_nh *nh)
{
	struct flow f = { .dst = nh->gw, .family = AF_INET6, .oif = nh->dev ? nh->dev->ifindex : 0 };
	const struct fib_nh *via;
	struct fib_route *fib;
	int err;

	if (nh->dev && !netdev_running(nh->dev) && r->protocol != RTPROT_KERNEL && !route_error(r))
		return refuse(-ENETDOWN, "Nexthop device is not up");
	if (!nh->has_gw || nh->flags & RTNH_F_ONLINK)
		return nh->dev ? 0 : -ENODEV;
	if (ipaddr_linklocal6(&nh->gw))
		return nh->dev ? 0 : -EINVAL;
	rcu_read_lock();
	err = fib_lookup(net, &f, &fib, &via);
	if (!err && fib->type != RTN_UNICAST)
		err = -EINVAL;
	if (!err && !nh->dev) {
		nh->dev = via->dev;
		dev_get(nh->dev);
	}
	rcu_read_unlock();
	if (err == -EINVAL)
		return refuse(err, "Invalid gateway address");
	return err ? -EHOSTUNREACH : 0;
}

static int check_hops(struct net *net, struct fib_route *r)
{
	int err = 0;

	for (u32 i = 0; i < r->nr_nh && !err; i++)
		err = r->family == AF_INET ? check_hop4(net, r, &r->nh[i]) : check_hop6(net, r, &r->nh[i]);
	return err;
}

static struct fib_prefix *prefix_make(struct fib_table *t, const struct ipaddr *dst, u32 key_len)
{
	struct fib_prefix *p = prefix_find(t, dst, key_len);

	if (p)
		return p;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return NULL;
	list_init(&p->routes);
	p->dst = *dst;
	p->key_len = key_len;
	hlist_add_head(&p->hash, prefix_head(t, dst, key_len));
	WRITE_ONCE(t->count[key_len], t->count[key_len] + 1);
	return p;
}

static void prefix_drop(struct fib_table *t, struct fib_prefix *p)
{
	if (!list_empty(&p->routes))
		return;
	hlist_del_init_rcu(&p->hash);
	WRITE_ONCE(t->count[p->key_len], t->count[p->key_len] - 1);
	kfree_rcu(p, rcu);
}

static int route_replace(struct net *net, struct fib_route *first, const struct fib_route *same, struct fib_route *r)
{
	if (same) {		/* as it is already; or as another one is */
		if (same != first)
			return -EEXIST;
		fib_route_put(r);
		return 0;
	}
	list_replace(&first->link, &r->link);
	route_cache_bump(net);
	net_notify(net, NET_ROUTE_REPLACE, r);
	fib_route_put(first);
	return 0;
}

static int route_insert(struct net *net, struct fib_table *t, struct fib_route *r, u32 nlm)
{
	struct fib_prefix *p = prefix_make(t, &r->dst, inet_key_len(r->family, r->dst_len));
	struct fib_route *o, *first = NULL, *same = NULL;
	struct list_head *at;

	if (!p)
		return -ENOBUFS;
	at = &p->routes;
	list_for_each_entry(o, &p->routes, link) {
		if (o->tos < r->tos || (o->tos == r->tos && o->priority > r->priority)) {
			at = &o->link;
			break;
		}
		if (o->tos == r->tos && o->priority == r->priority) {
			first = first ? first : o;
			same = same || !same_route(o, r) ? same : o;
		}
	}
	if (first && (nlm & NLM_F_EXCL))
		return -EEXIST;
	if (first && (nlm & NLM_F_REPLACE))
		return route_replace(net, first, same, r);
	if (same)
		return -EEXIST;
	if (!first && !(nlm & NLM_F_CREATE) && (r->family == AF_INET || nlm & NLM_F_REPLACE)) {
		prefix_drop(t, p);
		return -ENOENT;
	}
	/* A plain add goes before its equals, an append behind them. */
	if (first && !(nlm & NLM_F_APPEND) && r->family == AF_INET)
		at = &first->link;
	list_add_tail(&r->link, at);
	route_cache_bump(net);
	net_notify(net, NET_ROUTE_ADD, r);
	return 0;
}

/* Its prefix, its hops, its source. */
static int route_check(struct net *net, struct fib_route *r)
{
	struct ipaddr m = r->dst;
	int err;

	if (r->dst_len > (r->family == AF_INET ? 32 : 128))
		return refuse(-EINVAL, "Invalid prefix length");
	ipaddr_mask(&m, inet_key_len(r->family, r->dst_len));
	if (!ipaddr_eq(&m, &r->dst))
		return refuse(-EINVAL, "Invalid prefix for given prefix length");
	err = check_hops(net, r);
	if (err || !r->has_prefsrc || r->protocol == RTPROT_KERNEL || (r->type == RTN_LOCAL && ipaddr_eq(&r->prefsrc, &r->dst)))
		return err;
	return fib_local_type(net, NULL, &r->prefsrc) == RTN_LOCAL ? 0 : refuse(-EINVAL, r->family == AF_INET ?
		"Invalid prefsrc address" : "Invalid source address");
}

int fib_route_add(struct net *net, struct fib_route *r, u32 nlm)
{
	struct fib_table *t;
	int err;

	ASSERT(rtnl_is_locked());
	fib_why = NULL;
	if (!r->table)
		r->table = RT_TABLE_MAIN;
	err = route_check(net, r);
	t = err ? NULL : table_make(net, r->family, r->table);
	if (!err)
		err = t ? route_insert(net, t, r, nlm) : -ENOBUFS;
	if (err)
		fib_route_put(r);
	return err;
}

static bool hops_match(const struct fib_route *r, const struct fib_route *m)
{
	if (m->nr_nh > 1 && m->nr_nh != r->nr_nh)
		return false;
	for (u32 i = 0; i < m->nr_nh; i++) {
		const struct fib_nh *w = &m->nh[i], *h = i < r->nr_nh ? &r->nh[i] : NULL;

		if (!w->dev && !w->has_gw)
			continue;
		if (!h || (w->dev && w->dev != h->dev) || (w->has_gw && (!h->has_gw || !ipaddr_eq(&w->gw, &h->gw))))
			return false;
	}
	return true;
}

static bool route_matches(const struct fib_route *r, const struct fib_route *m)
{
	if (r->tos != m->tos || (m->type && r->type != m->type) || (m->protocol && r->protocol != m->protocol))
		return false;
	if (m->priority && r->priority != m->priority)
		return false;
	if (m->family == AF_INET && m->scope != RT_SCOPE_NOWHERE && r->scope != m->scope)
		return false;
	if (m->has_prefsrc && (!r->has_prefsrc || !ipaddr_eq(&m->prefsrc, &r->prefsrc)))
		return false;
	for (u32 i = 0; i < FIB_METRIC_COUNT; i++)
		if (m->metrics[i] && m->metrics[i] != r->metrics[i])
			return false;
	return hops_match(r, m);
}

static void route_remove(struct net *net, struct fib_table *t, struct fib_prefix *p, struct fib_route *r)
{
	list_del_rcu(&r->link);
	prefix_drop(t, p);
	route_cache_bump(net);
	net_notify(net, NET_ROUTE_DEL, r);
	fib_route_put(r);
}

int fib_route_del(struct net *net, const struct fib_route *m)
{
	struct fib_table *t = table_find(net, m->family, m->table ? m->table : RT_TABLE_MAIN);
	struct fib_prefix *p;
	struct fib_route *r;

	ASSERT(rtnl_is_locked());
	fib_why = t ? NULL : "FIB table does not exist";
	p = t ? prefix_find(t, &m->dst, inet_key_len(m->family, m->dst_len)) : NULL;
	if (!p)
		return -ESRCH;
	list_for_each_entry(r, &p->routes, link) {
		if (route_matches(r, m)) {
			route_remove(net, t, p, r);
			return 0;
		}
	}
	return -ESRCH;
}

/* What goes: everything by a device, or of a source address that is gone. */
struct flush {
	const struct net_device *dev;
	const struct ipaddr *src;
	u8 family;			/* 0: both */
	bool all;			/* local ones as well */
};

static bool flushed(struct fib_route *r, const struct flush *f)
{
	bool hit = false;
	u32 live = 0;

	if (f->family && r->family != f->family)
		return false;
	if (f->src)
		return r->has_prefsrc && ipaddr_eq(&r->prefsrc, f->src);
	for (u32 k = 0; k < r->nr_nh; k++) {
		if (r->nh[k].dev == f->dev && (f->all || r->type != RTN_LOCAL)) {
			hit = true;
			r->nh[k].flags |= RTNH_F_DEAD;
		}
		live += !(r->nh[k].flags & RTNH_F_DEAD);
	}
	return hit && !live;
}

static void flush_prefix(struct net *net, struct fib_table *t, struct fib_prefix *p, const struct flush *f)
{
	struct fib_route *r, *n;

	list_for_each_entry_safe(r, n, &p->routes, link) {
		if (!flushed(r, f))
			continue;
		r->flags |= r->family == AF_INET ? RTNH_F_DEAD : 0;
		list_del_rcu(&r->link);
		route_cache_bump(net);
		net_notify(net, NET_ROUTE_DEL, r);
		fib_route_put(r);
	}
	prefix_drop(t, p);
}

static void fib_flush(struct net *net, const struct flush *f)
{
	struct fib_table *t;

	list_for_each_entry(t, &net_inet(net)->fib->tables, link) {
		if (f->family && t->family != f->family)
			continue;
		for (u32 i = 0; i < PREFIX_HASH; i++) {
			struct hlist_node *hn;
			struct fib_prefix *p;

			hlist_for_each_entry_safe(p, hn, &t->prefixes[i], hash)
				flush_prefix(net, t, p, f);
		}
	}
}

void fib_flush_dev(struct net *net, struct net_device *dev, u8 family, bool all)
{
	struct flush f = { .dev = dev, .family = family, .all = all };

	fib_flush(net, &f);
}

void fib_flush_src(struct net *net, const struct ipaddr *src)
{
	struct flush f = { .src = src };

	fib_flush(net, &f);
}

int fib_walk(struct net *net, u8 family, u32 table, int (*fn)(struct fib_route *r, void *arg), void *arg)
{
	struct fib_table *t;

	list_for_each_entry_rcu(t, &net_inet(net)->fib->tables, link) {
		if ((family && t->family != family) || (table && t->id != table))
			continue;
		for (u32 i = 0; i < PREFIX_HASH; i++) {
			struct fib_prefix *p;
			struct fib_route *r;

			hlist_for_each_entry_rcu(p, &t->prefixes[i], hash) {
				list_for_each_entry_rcu(r, &p->routes, link) {
					int err = fn(r, arg);

					if (err)
						return err;
				}
			}
		}
	}
	return 0;
}

struct default_gw {
	const struct net_device *dev;
	const struct ipaddr *gw;
};

static int is_default(struct fib_route *r, void *arg)
{
	const struct default_gw *d = arg;

	if (r->dst_len || r->type != RTN_UNICAST)
		return 0;
	for (u32 i = 0; i < r->nr_nh; i++)
		if (r->nh[i].dev == d->dev && r->nh[i].has_gw && ipaddr_eq(&r->nh[i].gw, d->gw))
			return 1;
	return 0;
}

bool fib_is_default_gw(struct net *net, struct net_device *dev, const struct ipaddr *gw)
{
	struct default_gw d = { dev, gw };

	return fib_walk(net, AF_INET, 0, is_default, &d) == 1;
}

/* --- start --- */

int fib_init(struct net *net)
{
	struct fib_tables *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	list_init(&t->tables);
	net_inet(net)->fib = t;
	return fib_rules_init(net, t);
}
