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
#include <core/work.h>
#include <kernel/random.h>
#include <uapi/linux/netlink.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

#define ADDR_HASH	256u

static struct hlist_head addr_hash[ADDR_HASH];	/* [rtnl; r]; entries name their net by device */

static u64 addr_keys[3];	/* [I] random */

static u64 fold_product(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

u32 ipaddr_hash(const struct ipaddr *a, u32 seed)
{
	u64 high = (u64)a->w[0].raw << 32 | a->w[1].raw, low = (u64)a->w[2].raw << 32 | a->w[3].raw;

	return (u32)fold_product(fold_product(high ^ addr_keys[0], low ^ addr_keys[1]) ^ seed, addr_keys[2]);
}

static int addr_hash_init(void)
{
	random_bytes(addr_keys, sizeof(addr_keys));
	addr_keys[2] |= 1;
	return 0;
}
INITCALL_CORE(addr_hash_init);

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
	const struct ipaddr *dst, u8 len, const struct ipaddr *src)
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
	if (a->family == AF_INET && src) {
		r->prefsrc = *src;
		r->has_prefsrc = true;
	} else if (a->family == AF_INET6 && type == RTN_UNICAST && !r->priority) {
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

/* Whose address routes of a name as source: of a secondary one its primary's. */
static const struct ipaddr *route_src(const struct net_ifaddr *a)
{
	struct net_ifaddr *p;

	if (a->family == AF_INET && a->flags & IFA_F_SECONDARY)
		list_for_each_entry(p, &dev_inet(a->dev)->addrs4, link)
			if (!(p->flags & IFA_F_SECONDARY) && p->prefixlen == a->prefixlen && same_net(p, &a->peer))
				return &p->local;
	return &a->local;
}

static void prefix_route(struct net *net, struct net_ifaddr *a, bool add)
{
	struct net_device *dev = a->dev;
	u8 full = a->family == AF_INET ? 32 : 128;
	bool point = !ipaddr_eq(&a->local, &a->peer);

	if (a->flags & IFA_F_NOPREFIXROUTE || (a->prefixlen == full && !point))
		return;
	if (a->family == AF_INET6 && (a->slaac || dev->flags & IFF_LOOPBACK || (!add && prefix_shared(a))))
		return;
	magic(net, add, dev, a, dev->flags & IFF_LOOPBACK ? RTN_LOCAL : RTN_UNICAST, point ? &a->peer : &a->local, a->prefixlen,
	      &a->local);
}

void inet_addr_routes(struct net *net, struct net_ifaddr *a, bool add, bool local)
{
	struct net_device *dev = a->dev;
	u8 full = a->family == AF_INET ? 32 : 128;
	bool secondary = a->family == AF_INET && a->flags & IFA_F_SECONDARY;
	const struct ipaddr *src = route_src(a);
	struct ipaddr bc;

	if (local)
		magic(net, add, dev, a, RTN_LOCAL, &a->local, full, add ? src : NULL);
	if (add && !netdev_running(dev))
		return;
	/* A secondary one's broadcast route is its primary's as well. */
	if (a->family == AF_INET && be32(a->broadcast.w[3]) && be32(a->broadcast.w[3]) != INADDR_BROADCAST && (add || !secondary))
		magic(net, add, dev, a, RTN_BROADCAST, &a->broadcast, full, src);
	if (secondary)
		return;
	prefix_route(net, a, add);
	if (a->family == AF_INET && a->prefixlen < 31) {
		bc = a->peer;
		bc.w[3] = to_be32(be32(bc.w[3]) | (0xffffffffu >> a->prefixlen));
		if (!ipaddr_eq(&bc, &a->broadcast))
			magic(net, add, dev, a, RTN_BROADCAST, &bc, full, src);
	}
}

/* --- how long they live: IPv4; IPv6's are addrconf's --- */

static void set_life(struct net_ifaddr *a, u32 valid, u32 preferred)
{
	a->flags &= ~(IFA_F_PERMANENT | IFA_F_DEPRECATED);
	a->flags |= (valid == INFINITY_LIFE ? IFA_F_PERMANENT : 0) | (preferred ? 0 : IFA_F_DEPRECATED);
	a->valid_lft = valid;
	a->preferred_lft = preferred;
	a->updated_ns = clock_monotonic_ns();
}

void inet_addr_left(const struct net_ifaddr *a, u32 *valid, u32 *preferred)
{
	u64 age = (clock_monotonic_ns() - a->updated_ns) / NSEC_PER_SEC;

	*valid = a->valid_lft;
	*preferred = a->preferred_lft;
	if (*valid != INFINITY_LIFE)
		*valid -= (u32)min_t(u64, *valid, age);
	if (*preferred != INFINITY_LIFE)
		*preferred -= (u32)min_t(u64, *preferred, age);
}

static struct delayed_work life_work;	/* [o] its own lock */

/* One device's; seconds to the next change, at most *next. */
static void check_life(struct net *net, struct inet_dev *id, u32 *next)
{
	struct net_ifaddr *a, *n;

	list_for_each_entry_safe(a, n, &id->addrs4, link) {
		u32 valid, preferred;

		if (a->valid_lft == INFINITY_LIFE)
			continue;
		inet_addr_left(a, &valid, &preferred);
		if (!valid) {
			inet_addr_remove(net, a);
			*next = 0;	/* others may have gone with it: look again */
			return;
		}
		if (!preferred && !(a->flags & IFA_F_DEPRECATED)) {
			a->flags |= IFA_F_DEPRECATED;
			net_notify(net, NET_ADDR_ADD, a);
		}
		*next = min(*next, preferred ? min(preferred, valid) : valid);
	}
}

static void life_work_fn(struct work *w)
{
	u32 next = INFINITY_LIFE;
	struct net_device *dev;

	(void)w;
	rtnl_lock();
	for_each_netdev(dev, &init_net)
		if (dev_inet(dev))
			check_life(&init_net, dev_inet(dev), &next);
	rtnl_unlock();
	if (next != INFINITY_LIFE)	/* at least each second: another may come that lives shorter */
		(void)delayed_work_queue(system_wq, &life_work, min(next, 1u) * NSEC_PER_SEC + NSEC_PER_MSEC);
}

static void life_changed(const struct net_ifaddr *a)
{
	if (a->family == AF_INET && a->valid_lft != INFINITY_LIFE)
		(void)delayed_work_queue(system_wq, &life_work, NSEC_PER_MSEC);
}

void inet_addr_change(struct net *net, struct net_ifaddr *a, u32 valid, u32 preferred, u32 metric, u8 proto)
{
	ASSERT(rtnl_is_locked());
	if (metric != a->metric && !(a->flags & IFA_F_SECONDARY && a->family == AF_INET)) {
		prefix_route(net, a, false);
		a->metric = metric;
		prefix_route(net, a, true);
	}
	a->metric = metric;
	a->proto = proto;
	if (a->family == AF_INET6) {
		a->valid_lft = valid;
		a->preferred_lft = preferred;
		a->updated_ns = clock_monotonic_ns();
		inet_addr_changed(net, a);
		return;
	}
	set_life(a, valid, preferred);
	life_changed(a);
	net_notify(net, NET_ADDR_ADD, a);
}

/* --- change --- */

static void addr_put(struct net_ifaddr *a)
{
	if (ref_put(&a->ref))
		kfree_rcu(a, rcu);
}

/* Is it there already, what does it follow (NULL: nothing), is it secondary? IPv4. */
static int find_place(struct list_head *list, struct net_ifaddr *a, struct net_ifaddr **after)
{
	struct net_ifaddr *o;

	list_for_each_entry(o, list, link) {
		if (!(o->flags & IFA_F_SECONDARY) && a->scope <= o->scope)
			*after = o;
		if (o->prefixlen != a->prefixlen || !same_net(o, &a->peer))
			continue;
		if (ipaddr_eq(&o->local, &a->local))
			return -EEXIST;
		if (o->scope != a->scope)
			return -EINVAL;
		a->flags |= IFA_F_SECONDARY;
	}
	return 0;
}

int inet_addr_add(struct net *net, struct net_device *dev, const struct net_ifaddr *in)
{
	struct inet_dev *id = dev_inet(dev);
	struct net_ifaddr *a, *o, *after = NULL;
	struct list_head *list;
	int err;

	ASSERT(rtnl_is_locked());
	if (!id)
		return -ENOBUFS;
	if (in->prefixlen > (in->family == AF_INET ? 32 : 128))
		return -EINVAL;
	list = in->family == AF_INET ? &id->addrs4 : &id->addrs6;
	a = kmemdup(in, sizeof(*in), GFP_KERNEL);
	if (!a)
		return -ENOBUFS;
	ref_init(&a->ref, 1);
	a->dev = dev;
	if (a->family == AF_INET) {
		a->flags &= ~IFA_F_SECONDARY;
		err = find_place(list, a, &after);
		if (err) {
			kfree(a);
			return err;
		}
		id->conf4_set = id->parms4_set = ~0ull;	/* as on Linux: what it has now is its own */
		set_life(a, a->valid_lft, a->preferred_lft);
	} else {
		list_for_each_entry(o, list, link) {
			if (ipaddr_eq(&o->local, &in->local)) {
				kfree(a);
				return -EEXIST;
			}
		}
		err = addrconf6_adding(id, a);
		if (err) {
			kfree(a);
			return err;
		}
		if (a->valid_lft == INFINITY_LIFE && !a->slaac)
			a->flags |= IFA_F_PERMANENT;
		a->updated_ns = clock_monotonic_ns();
	}
	a->created_ns = a->updated_ns;
	if (a->family == AF_INET6 || a->flags & IFA_F_SECONDARY)
		list_add_tail(&a->link, list);
	else
		list_add(&a->link, after ? &after->link : list);
	hlist_add_head(&a->hash, &addr_hash[ipaddr_hash(&a->local, 0) % ADDR_HASH]);
	life_changed(a);
	net_notify(net, NET_ADDR_ADD, a);
	/* A tentative address is not ours yet: packets to it are not taken. */
	inet_addr_routes(net, a, true, !(a->flags & IFA_F_TENTATIVE && a->family == AF_INET6));
	route_cache_bump(net);
	if (a->family == AF_INET6)
		addrconf6_added(net, a);
	return 0;
}

/* Another address of the same value may need the local route. */
static void addr_unlink(struct net *net, struct net_ifaddr *a)
{
	list_del_rcu(&a->link);
	hlist_del_init_rcu(&a->hash);
	net_notify(net, NET_ADDR_DEL, a);
	inet_addr_routes(net, a, false, !inet_addr_find(net, &a->local, a->dev));
	if (a->family == AF_INET6)
		addrconf6_removed(net, a);
	if (!inet_addr_find(net, &a->local, NULL))
		fib_flush_src(net, &a->local);
	if (a->family == AF_INET && list_empty(&dev_inet(a->dev)->addrs4))
		fib_flush_dev(net, a->dev, AF_INET, true);
	route_cache_bump(net);
}

/* The secondary addresses of a primary one that goes: they go first, or the first of them takes its place. */
static struct net_ifaddr *secondaries(struct net *net, struct inet_dev *id, struct net_ifaddr *a)
{
	struct net_ifaddr *s, *n;

	list_for_each_entry_safe(s, n, &id->addrs4, link) {
		if (!(s->flags & IFA_F_SECONDARY) || s->prefixlen != a->prefixlen || !same_net(a, &s->peer))
			continue;
		if (CONF4_OR(net, id, promote_secondaries))
			return s;
		addr_unlink(net, s);
		addr_put(s);
	}
	return NULL;
}

/* After the primary one went, its routes with it. */
static void promote(struct net *net, struct inet_dev *id, struct net_ifaddr *p)
{
	struct net_ifaddr *s;

	p->flags &= ~IFA_F_SECONDARY;
	net_notify(net, NET_ADDR_ADD, p);
	magic(net, false, p->dev, p, RTN_LOCAL, &p->local, 32, NULL);
	inet_addr_routes(net, p, true, true);
	list_for_each_entry(s, &id->addrs4, link) {	/* their routes name the new one as source */
		if (!(s->flags & IFA_F_SECONDARY) || s->prefixlen != p->prefixlen || !same_net(p, &s->peer))
			continue;
		magic(net, false, s->dev, s, RTN_LOCAL, &s->local, 32, NULL);
		inet_addr_routes(net, s, true, true);
	}
	route_cache_bump(net);
}

void inet_addr_remove(struct net *net, struct net_ifaddr *a)
{
	struct inet_dev *id = dev_inet(a->dev);
	struct net_ifaddr *heir = NULL;

	ASSERT(rtnl_is_locked());
	if (a->family == AF_INET && !(a->flags & IFA_F_SECONDARY))
		heir = secondaries(net, id, a);
	addr_unlink(net, a);
	if (heir)
		promote(net, id, heir);
	addr_put(a);
}

int inet_addr_del(struct net *net, struct net_device *dev, u8 family, const struct ipaddr *local, u8 prefixlen)
{
	struct inet_dev *id = dev_inet(dev);
	struct net_ifaddr *a;

	ASSERT(rtnl_is_locked());
	if (!id)
		return -EADDRNOTAVAIL;
	list_for_each_entry(a, family == AF_INET ? &id->addrs4 : &id->addrs6, link) {
		if (ipaddr_eq(&a->local, local) && (a->prefixlen == prefixlen || prefixlen == 255)) {
			inet_addr_remove(net, a);
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
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
	if (mib6_attach(id)) {
		kfree(id);
		return;
	}
	id->dev = dev;
	list_init(&id->addrs4);
	list_init(&id->addrs6);
	list_init(&id->mc4);
	list_init(&id->mc6);
	list_init(&id->igmp.gone);
	list_init(&id->mld.gone);
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
	igmp_up(id);
	addrconf6_up(net, id);
	route_cache_bump(net);
}

static void dev_free(struct rcu_head *h)
{
	struct inet_dev *id = container_of(h, struct inet_dev, rcu);

	kfree(id->mib6);
	kfree(id);
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
	inet_mc_dev_flush(id);
	addrconf6_detach(id);
	call_rcu(&id->rcu, dev_free);
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
		if (dev_inet(object)) {
			igmp_down(dev_inet(object));
			addrconf6_down(net, dev_inet(object));
		}
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

	delayed_work_init(&life_work, life_work_fn);
	rtnl_lock();
	net_notifier_register(&devinet_notifier);
	for_each_netdev(dev, net)
		dev_attach(net, dev);
	rtnl_unlock();
}
