/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Addresses of devices, both families: the lists under inet_dev, the hash by address, the routes that an address
 * brings (its own in table local, its subnet's in main, broadcasts), settings per device.
 */
#include <base/err.h>
#include <base/hash.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/slab.h>
#include <uapi/linux/netlink.h>

#include "ip6_impl.h"

#define ADDR_HASH	256u

static struct hlist_head addr_hash[ADDR_HASH];	/* [rtnl; r]; entries name their net by device */

u32 ipaddr_hash(const struct ipaddr *a, u32 seed)
{
	u64 h = ((u64)a->w[0].raw << 32 | a->w[1].raw) * 0x9e3779b97f4a7c15ull;

	h ^= ((u64)a->w[2].raw << 32 | a->w[3].raw) + seed;
	h *= 0xff51afd7ed558ccdull;
	return (u32)(h >> 32);
}

static char *v6_str(const struct ipaddr *a, char *buf, size_t n)
{
	int best = -1, best_len = 1, at = -1, len = 0;
	size_t k = 0;
	u16 w[8];

	for (int i = 0; i < 8; i++) {
		w[i] = (u16)(be32(a->w[i / 2]) >> (i % 2 ? 0 : 16));
		if (w[i]) {
			at = -1;
			continue;
		}
		if (at < 0) {
			at = i;
			len = 0;
		}
		if (++len > best_len) {
			best = at;
			best_len = len;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			k += (size_t)scnprintf(buf + k, n - k, "::");
			i += best_len - 1;
			continue;
		}
		k += (size_t)scnprintf(buf + k, n - k, "%s%x", i && i != best + best_len ? ":" : "", w[i]);
	}
	return buf;
}

char *ipaddr_str(const struct ipaddr *a, char *buf, size_t n)
{
	u32 v = be32(a->w[3]);

	if (!ipaddr_is4(a))
		return v6_str(a, buf, n);
	scnprintf(buf, n, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
	return buf;
}

/* --- look-ups --- */

struct net_ifaddr *inet_addr_find(struct net *net, const struct ipaddr *local, struct net_device *dev)
{
	struct net_ifaddr *a;

	hlist_for_each_entry_rcu(a, &addr_hash[ipaddr_hash(local, 0) % ADDR_HASH], hash)
		if (ipaddr_eq(&a->local, local) && a->dev->net == net && (!dev || a->dev == dev))
			return a;
	return NULL;
}

static bool same_net(const struct net_ifaddr *a, const struct ipaddr *x)
{
	return ipaddr_prefix_eq(&a->peer, x, inet_key_len(a->family, a->prefixlen));
}

bool inet_addr_onlink(const struct inet_dev *id, const struct ipaddr *a, const struct ipaddr *b)
{
	const struct net_ifaddr *i;

	list_for_each_entry_rcu(i, ipaddr_is4(a) ? &id->addrs4 : &id->addrs6, link)
		if (same_net(i, a) && (ipaddr_any(b) || same_net(i, b)))
			return true;
	return false;
}

static bool confirm(const struct inet_dev *id, const struct ipaddr *dst, const struct ipaddr *local, u8 scope)
{
	const struct net_ifaddr *i;
	u8 most = CONF4_OR(id->dev->net, id, route_localnet) ? RT_SCOPE_LINK : RT_SCOPE_HOST;
	bool ours = false, near = ipaddr_any(dst);

	list_for_each_entry_rcu(i, &id->addrs4, link) {
		if (min(i->scope, most) <= scope && ipaddr_eq(&i->local, local))
			ours = true;
		if (same_net(i, dst) && same_net(i, local))
			near = true;
		if (ours && near)
			return true;
	}
	return false;
}

bool inet_addr_confirm(struct net *net, const struct inet_dev *id, const struct ipaddr *dst, const struct ipaddr *local, u8 scope)
{
	struct net_device *dev;

	if (id)
		return confirm(id, dst, local, scope);
	for_each_netdev_rcu(dev, net) {
		id = dev_inet(dev);
		if (id && confirm(id, dst, local, scope))
			return true;
	}
	return false;
}

/* IPv4's. */
static struct net_ifaddr *pick(struct inet_dev *id, const struct ipaddr *dst, u8 scope)
{
	struct net_ifaddr *a, *found = NULL;

	list_for_each_entry_rcu(a, &id->addrs4, link) {
		if (a->scope > scope || a->flags & IFA_F_SECONDARY)
			continue;
		if (!dst || same_net(a, dst))
			return a;
		if (!found)
			found = a;
	}
	return found;
}

bool inet_select_addr(struct net *net, struct net_device *dev, const struct ipaddr *dst, u8 scope, struct ipaddr *out)
{
	struct net_ifaddr *a = NULL;
	struct inet_dev *id;
	struct net_device *d;

	if (dst && !ipaddr_is4(dst))
		return ip6_select_addr(net, dev, dst, out);
	rcu_read_lock();
	id = dev ? dev_inet(dev) : NULL;
	if (id)
		a = pick(id, dst, scope);
	/* Another device's will do, but no address of a narrower scope. */
	if (!a) {
		for_each_netdev_rcu(d, net) {
			id = dev_inet(d);
			if (!id || d == dev)
				continue;
			a = pick(id, dst, scope);
			if (a && a->scope <= scope && a->scope != RT_SCOPE_LINK)
				break;
			a = NULL;
		}
	}
	if (a)
		*out = a->local;
	rcu_read_unlock();
	return a != NULL;
}

int inet_addr_type(struct net *net, struct net_device *dev, const struct ipaddr *a)
{
	u32 v = be32(a->w[3]);

	if (ipaddr_multicast(a))
		return RTN_MULTICAST;
	if (ipaddr_is4(a) && (v == 0 || v == INADDR_BROADCAST))
		return RTN_BROADCAST;
	return fib_local_type(net, dev, a);
}

/* --- routes of an address --- */

static void magic(struct net *net, bool add, struct net_device *dev, struct net_ifaddr *a, u8 type,
	const struct ipaddr *dst, u8 len)
{
	struct fib_route *r = fib_route_alloc(1, GFP_KERNEL);

	if (!r)
		return;
	r->family = a->family;
	r->type = type;
	r->table = type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
	r->scope = a->family == AF_INET6 ? RT_SCOPE_UNIVERSE : type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	r->protocol = RTPROT_KERNEL;
	r->dst = *dst;
	ipaddr_mask(&r->dst, inet_key_len(a->family, len));
	r->dst_len = len;
	r->priority = type == RTN_UNICAST ? a->metric : 0;
	if (a->family == AF_INET) {
		r->prefsrc = a->local;
		r->has_prefsrc = true;
	} else if (type == RTN_UNICAST && !r->priority) {
		r->priority = 256;
	}
	r->nh[0].dev = dev;
	dev_get(dev);
	r->nh[0].scope = type == RTN_LOCAL ? RT_SCOPE_NOWHERE : RT_SCOPE_HOST;
	if (add) {
		(void)fib_route_add(net, r, NLM_F_CREATE | NLM_F_APPEND);
	} else {
		(void)fib_route_del(net, r);
		fib_route_put(r);
	}
}

/* IPv6: does another address of the device need the same prefix route? */
static bool prefix_shared(const struct net_ifaddr *a)
{
	const struct net_ifaddr *o;

	list_for_each_entry(o, &dev_inet(a->dev)->addrs6, link)
		if (o != a && !o->slaac && !(o->flags & IFA_F_NOPREFIXROUTE) && o->prefixlen == a->prefixlen &&
		    o->metric == a->metric && same_net(o, &a->peer))
			return true;
	return false;
}

void inet_addr_routes(struct net *net, struct net_ifaddr *a, bool add, bool local)
{
	struct net_device *dev = a->dev;
	u8 full = a->family == AF_INET ? 32 : 128;
	bool point = !ipaddr_eq(&a->local, &a->peer);
	struct ipaddr bc;

	if (local)
		magic(net, add, dev, a, RTN_LOCAL, &a->local, full);
	if (add && !netdev_running(dev))
		return;
	if (a->family == AF_INET && be32(a->broadcast.w[3]) && be32(a->broadcast.w[3]) != INADDR_BROADCAST)
		magic(net, add, dev, a, RTN_BROADCAST, &a->broadcast, full);
	if (a->flags & (IFA_F_SECONDARY | IFA_F_NOPREFIXROUTE) && a->family == AF_INET)
		return;
	if (a->family == AF_INET6 && (a->flags & IFA_F_NOPREFIXROUTE || a->slaac || (dev->flags & IFF_LOOPBACK)))
		return;
	if (a->prefixlen == full && !point)
		return;
	if (!add && a->family == AF_INET6 && prefix_shared(a))
		return;
	magic(net, add, dev, a, dev->flags & IFF_LOOPBACK ? RTN_LOCAL : RTN_UNICAST, point ? &a->peer : &a->local, a->prefixlen);
	if (a->family == AF_INET && a->prefixlen < 31) {
		bc = a->local;
		bc.w[3] = to_be32(be32(bc.w[3]) | (0xffffffffu >> a->prefixlen));
		if (!ipaddr_eq(&bc, &a->broadcast))
			magic(net, add, dev, a, RTN_BROADCAST, &bc, full);
	}
}

/* --- change --- */

static void addr_put(struct net_ifaddr *a)
{
	if (ref_put(&a->ref))
		kfree_rcu(a, rcu);
}

int inet_addr_add(struct net *net, struct net_device *dev, const struct net_ifaddr *in)
{
	struct inet_dev *id = dev_inet(dev);
	struct net_ifaddr *a, *o, *after = NULL;
	struct list_head *list;

	ASSERT(rtnl_is_locked());
	if (!id)
		return -ENOBUFS;
	if (in->prefixlen > (in->family == AF_INET ? 32 : 128))
		return -EINVAL;
	list = in->family == AF_INET ? &id->addrs4 : &id->addrs6;
	list_for_each_entry(o, list, link)
		if (ipaddr_eq(&o->local, &in->local) && (in->family == AF_INET6 || o->prefixlen == in->prefixlen))
			return -EEXIST;
	a = kmemdup(in, sizeof(*in), GFP_KERNEL);
	if (!a)
		return -ENOBUFS;
	ref_init(&a->ref, 1);
	a->dev = dev;
	a->created_ns = a->updated_ns = clock_monotonic_ns();
	if (a->family == AF_INET6) {
		int err = addrconf6_adding(id, a);

		if (err) {
			kfree(a);
			return err;
		}
	}
	if (a->family == AF_INET) {
		id->conf4_set = id->parms4_set = ~0ull;	/* as on Linux: what it has now is its own */
		a->flags &= ~IFA_F_SECONDARY;
		list_for_each_entry(o, list, link) {
			if (o->flags & IFA_F_SECONDARY)
				continue;
			after = o;
			if (o->prefixlen == a->prefixlen && same_net(o, &a->peer))
				a->flags |= IFA_F_SECONDARY;
		}
	}
	if (a->valid_lft == INFINITY_LIFE && !a->slaac)
		a->flags |= IFA_F_PERMANENT;
	if (after && !(a->flags & IFA_F_SECONDARY))
		list_add(&a->link, &after->link);
	else
		list_add_tail(&a->link, list);
	hlist_add_head(&a->hash, &addr_hash[ipaddr_hash(&a->local, 0) % ADDR_HASH]);
	/* A tentative address is not ours yet: packets to it are not taken. */
	inet_addr_routes(net, a, true, !(a->flags & IFA_F_TENTATIVE));
	route_cache_bump(net);
	if (!(a->flags & IFA_F_TENTATIVE))
		net_notify(net, NET_ADDR_ADD, a);
	if (a->family == AF_INET6)
		addrconf6_added(net, a);
	return 0;
}

/* Another address of the same value may need the local route. */
static void addr_unlink(struct net *net, struct net_ifaddr *a)
{
	list_del_rcu(&a->link);
	hlist_del_init_rcu(&a->hash);
	inet_addr_routes(net, a, false, !inet_addr_find(net, &a->local, a->dev));
	route_cache_bump(net);
	if (a->family == AF_INET6)
		addrconf6_removed(net, a);
	net_notify(net, NET_ADDR_DEL, a);
}

int inet_addr_del(struct net *net, struct net_device *dev, u8 family, const struct ipaddr *local, u8 prefixlen)
{
	struct inet_dev *id = dev_inet(dev);
	struct net_ifaddr *a, *n, *promoted = NULL;
	struct list_head *list;

	ASSERT(rtnl_is_locked());
	if (!id)
		return -EADDRNOTAVAIL;
	list = family == AF_INET ? &id->addrs4 : &id->addrs6;
	list_for_each_entry(a, list, link)
		if (ipaddr_eq(&a->local, local) && (a->prefixlen == prefixlen || prefixlen == 255))
			goto found;
	return -EADDRNOTAVAIL;
found:
	addr_unlink(net, a);
	if (family == AF_INET && !(a->flags & IFA_F_SECONDARY)) {
		struct net_ifaddr *s;

		list_for_each_entry_safe(s, n, list, link) {
			if (!(s->flags & IFA_F_SECONDARY) || s->prefixlen != a->prefixlen || !same_net(a, &s->peer))
				continue;
			if (!CONF4_OR(net, id, promote_secondaries)) {
				addr_unlink(net, s);
				addr_put(s);
			} else if (!promoted) {
				promoted = s;
				s->flags &= ~IFA_F_SECONDARY;
				inet_addr_routes(net, s, true, false);
				net_notify(net, NET_ADDR_ADD, s);
			}
		}
	}
	addr_put(a);
	return 0;
}

void inet_addrs_flush(struct net *net, struct list_head *list)
{
	struct net_ifaddr *a, *n;

	list_for_each_entry_safe(a, n, list, link) {
		addr_unlink(net, a);
		addr_put(a);
	}
}

/* --- devices come and go --- */

static void dev_attach(struct net *net, struct net_device *dev)
{
	struct inet_dev *id = kzalloc(sizeof(*id), GFP_KERNEL);

	if (!id)
		return;
	id->dev = dev;
	list_init(&id->addrs4);
	list_init(&id->addrs6);
	list_init(&id->mc4);
	list_init(&id->mc6);
	spin_lock_init(&id->mc_lock, INET_DEV);
	id->conf4 = net_inet(net)->conf4_default;
	id->conf6 = net_inet(net)->conf6_default;
	id->parms4 = net_inet(net)->parms4_default;
	id->parms6 = net_inet(net)->parms6_default;
	id->conf6.mtu = (int)dev->mtu;
	addrconf6_attach(id);
	rcu_assign_pointer(dev->inet, id);
}

static void dev_up(struct net *net, struct net_device *dev)
{
	struct inet_dev *id = dev_inet(dev);
	struct net_ifaddr *a, lo = {
		.family = AF_INET, .prefixlen = 8, .scope = RT_SCOPE_HOST, .valid_lft = INFINITY_LIFE,
			.preferred_lft = INFINITY_LIFE,
		.broadcast = ipaddr_v4((be32_t){ 0 }),
	};

	if (!id)
		return;
	if (dev->flags & IFF_LOOPBACK && list_empty(&id->addrs4)) {
		lo.local = lo.peer = ipaddr_v4(to_be32(INADDR_LOOPBACK));
		memcpy(lo.label, dev->name, IFNAMSIZ);
		(void)inet_addr_add(net, dev, &lo);
	} else {
		list_for_each_entry(a, &id->addrs4, link)
			inet_addr_routes(net, a, true, false);
	}
	addrconf6_up(net, id);
	route_cache_bump(net);
}

static void dev_gone(struct net *net, struct net_device *dev)
{
	struct inet_dev *id = dev_inet(dev);

	if (!id)
		return;
	inet_addrs_flush(net, &id->addrs4);
	addrconf6_down(net, id);
	fib_flush_dev(net, dev, 0, true);
	neigh_flush_dev(net, dev);
	rcu_assign_pointer(dev->inet, NULL);
	addrconf6_detach(id);
	kfree_rcu(id, rcu);
}

static void devinet_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	(void)n;
	switch (ev) {
	case NETDEV_REGISTER:
		dev_attach(net, object);
		break;
	case NETDEV_UP:
		dev_up(net, object);
		break;
	case NETDEV_CHANGE:
		if (dev_inet(object))
			addrconf6_change(net, dev_inet(object));
		break;
	case NETDEV_DOWN:
		if (dev_inet(object))
			addrconf6_down(net, dev_inet(object));
		fib_flush_dev(net, object, 0, false);
		neigh_flush_dev(net, object);
		route_cache_bump(net);
		break;
	case NETDEV_CHANGEADDR:
		neigh_flush_dev(net, object);
		if (dev_inet(object))
			addrconf6_newaddr(net, dev_inet(object));
		break;
	case NETDEV_CHANGEMTU:
		if (dev_inet(object))
			addrconf6_newmtu(net, dev_inet(object));
		route_cache_bump(net);
		break;
	case NETDEV_UNREGISTER:
		dev_gone(net, object);
		break;
	default:
		break;
	}
}

static struct net_notifier devinet_notifier = { .fn = devinet_event };

void devinet_init(struct net *net)
{
	struct net_device *dev;

	rtnl_lock();
	net_notifier_register(&devinet_notifier);
	for_each_netdev(dev, net)
		dev_attach(net, dev);
	rtnl_unlock();
}
