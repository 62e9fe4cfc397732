/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What routers say: default routes, prefixes on the link and addresses out of them, hop limit, MTU; and redirects. Runs in
 * the worker of addrconf6.c under rtnl, on messages that ndisc6.c found well-formed (linear, hop limit 255, sender
 * link-local). Name servers (RDNSS) are the resolver's: raw sockets see the message. Sources: RFC 4861 6.3.4 and 8.3,
 * 4862 5.5.3.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <uapi/linux/netlink.h>

#include "ip6_impl.h"

#define TWO_HOURS	7200u
#define LEARNT_MAX	512u		/* routes that nobody here asked for: a flood ends there */
#define REDIRECT_NS	(600 * NSEC_PER_SEC)
#define PREFIXES_MAX	64u		/* advertised addresses of a device: a flood ends there */

static u32 get32(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }
static u32 get16(const u8 *p) { return (u32)p[0] << 8 | p[1]; }

/* Which route of table main; NULL where it does not matter. */
struct wanted {
	const struct net_device *dev;
	const struct ipaddr *gw, *dst;
	int dst_len, protocol;		/* -1 */
	u64 now;			/* expired ones only */
	u64 next;			/* out: earliest expiry */
	struct fib_route *found;
	u32 nr;
};

static int match(struct fib_route *r, void *arg)
{
	struct wanted *w = arg;

	if (w->now) {
		if (!r->expires_ns)
			return 0;
		if (r->expires_ns > w->now) {
			w->next = !w->next || r->expires_ns < w->next ? r->expires_ns : w->next;
			return 0;
		}
	}
	if ((w->protocol >= 0 && r->protocol != w->protocol) || (w->dst_len >= 0 && r->dst_len != w->dst_len) || r->nr_nh != 1)
		return 0;
	if ((w->dev && r->nh[0].dev != w->dev) || (w->dst && !ipaddr_eq(&r->dst, w->dst)) ||
	    (w->gw && (!r->nh[0].has_gw || !ipaddr_eq(&r->nh[0].gw, w->gw))))
		return 0;
	w->nr++;
	w->found = r;
	return 1;
}

static struct fib_route *find(struct net *net, struct wanted *w)
{
	w->found = NULL;
	(void)fib_walk(net, AF_INET6, RT_TABLE_MAIN, match, w);
	return w->found;
}

static void drop(struct net *net, const struct fib_route *r)
{
	(void)fib_route_del(net, r);
}

static int count(struct fib_route *r, void *arg)
{
	*(u32 *)arg += r->protocol == RTPROT_KERNEL || r->protocol == RTPROT_RA || r->protocol == RTPROT_REDIRECT;
	return 0;
}

static void add(struct net *net, struct net_device *dev, const struct ipaddr *dst, u8 len, const struct ipaddr *gw, u8 protocol,
	u32 priority, u64 expires)
{
	struct fib_route *r;
	u32 nr = 0;

	(void)fib_walk(net, AF_INET6, RT_TABLE_MAIN, count, &nr);
	r = nr < LEARNT_MAX ? fib_route_alloc(1, GFP_KERNEL) : NULL;
	if (!r)
		return;
	r->family = AF_INET6;
	r->type = RTN_UNICAST;
	r->table = RT_TABLE_MAIN;
	r->protocol = protocol;
	r->priority = priority;
	r->dst = *dst;
	r->dst_len = len;
	r->expires_ns = expires;
	r->nh[0].dev = dev;
	dev_get(dev);
	if (gw) {
		r->nh[0].gw = *gw;
		r->nh[0].has_gw = true;
	}
	(void)fib_route_add(net, r, NLM_F_CREATE | NLM_F_APPEND);
}

u64 ra6_expire(struct net *net, u64 now)
{
	struct wanted w = { .dst_len = -1, .protocol = -1, .now = now };

	while (find(net, &w)) {
		drop(net, w.found);
		w.next = 0;
	}
	return w.next;
}

void ra6_purge(struct net *net, struct net_device *dev)
{
	struct wanted w = { .dev = dev, .dst_len = 0, .protocol = RTPROT_RA };

	while (find(net, &w))
		drop(net, w.found);
}

/* --- advertisements --- */

static u64 after(u64 now, u32 seconds)
{
	return seconds == INFINITY_LIFE ? 0 : now + (u64)seconds * NSEC_PER_SEC;
}

static void default_route(struct net *net, struct inet_dev *id, const struct ipaddr *gw, u32 lifetime, u64 now)
{
	struct ipaddr any = { 0 };
	struct wanted w = { .dev = id->dev, .gw = gw, .dst_len = 0, .protocol = RTPROT_RA };
	struct fib_route *r = find(net, &w);
	u32 metric = (u32)max(id->conf6.ra_metric, 1);

	if (r && (!lifetime || r->priority != metric)) {
		drop(net, r);
		r = NULL;
	}
	if (r)
		WRITE_ONCE(r->expires_ns, after(now, lifetime));
	else if (lifetime)
		add(net, id->dev, &any, 0, gw, RTPROT_RA, metric, after(now, lifetime));
}

static void prefix_route(struct net *net, struct inet_dev *id, const struct ipaddr *prefix, u8 len, u32 valid, u64 now)
{
	struct wanted w = { .dev = id->dev, .dst = prefix, .dst_len = len, .protocol = RTPROT_KERNEL };
	struct fib_route *r = find(net, &w);

	if (r && !valid) {
		drop(net, r);
	} else if (r) {
		/* One that an address of the administrator brought stays for ever. */
		if (r->expires_ns || valid == INFINITY_LIFE)
			WRITE_ONCE(r->expires_ns, after(now, valid));
	} else if (valid) {
		add(net, id->dev, prefix, len, NULL, RTPROT_KERNEL, 256, after(now, valid));
	}
}

/* RFC 4862, 5.5.3 e: nobody may shorten a life below two hours at once. */
static void refresh(struct net *net, struct net_ifaddr *a, u32 valid, u32 preferred, u64 now)
{
	u32 age = (u32)((now - a->updated_ns) / NSEC_PER_SEC);
	u32 left = a->valid_lft == INFINITY_LIFE ? INFINITY_LIFE : a->valid_lft > age ? a->valid_lft - age : 0;

	if (valid <= TWO_HOURS && valid <= left)
		valid = min(left, TWO_HOURS);
	a->valid_lft = valid;
	a->preferred_lft = min(preferred, valid);
	a->updated_ns = now;
	inet_addr_changed(net, a);
}

static void autoconf(struct net *net, struct inet_dev *id, const struct ipaddr *prefix, u32 valid, u32 preferred, u64 now)
{
	struct net_ifaddr n = { .family = AF_INET6, .prefixlen = 64, .valid_lft = valid, .preferred_lft = preferred, .slaac = true,
		.flags = IFA_F_MANAGETEMPADDR }, *a;
	u32 nr = 0;
	u8 raw[16];

	memcpy(raw, prefix, 8);
	ip6_eui64(id->dev->addr, raw + 8);
	n.local = n.peer = ip6_addr(raw);
	list_for_each_entry(a, &id->addrs6, link) {
		nr += a->slaac;
		if (!ipaddr_eq(&a->local, &n.local))
			continue;
		if (a->slaac)
			refresh(net, a, valid, preferred, now);
		return;
	}
	if (valid && nr < PREFIXES_MAX)
		(void)inet_addr_add(net, id->dev, &n);
}

static void prefix_info(struct net *net, struct inet_dev *id, const u8 *o, u64 now)
{
	u32 valid = get32(o + 4), preferred = get32(o + 8);
	struct ipaddr prefix = ip6_addr(o + 16);
	u8 len = o[2], flags = o[3];

	if (len > 128 || preferred > valid || ipaddr_multicast(&prefix) || ipaddr_linklocal6(&prefix))
		return;
	ipaddr_mask(&prefix, len);
	if (ipaddr_is4(&prefix) || ipaddr_any(&prefix))
		return;
	if (flags & 0x80)
		prefix_route(net, id, &prefix, len, valid, now);
	if (flags & 0x40 && len == 64 && id->conf6.autoconf)
		autoconf(net, id, &prefix, valid, preferred, now);
}

static bool from_us(struct net *net, const struct pkt *p)
{
	bool ours;

	rcu_read_lock();
	ours = inet_addr_find(net, &ip_cb(p)->src, p->dev) != NULL;
	rcu_read_unlock();
	return ours;
}

void ra6_receive(struct net *net, struct pkt *p)
{
	struct inet_dev *id = dev_inet(p->dev);
	struct ip6_dev *d = id ? ip6_dev(id) : NULL;
	u64 now = clock_monotonic_ns();
	const u8 *h = p->data;
	struct nd_opts o;
	struct neigh *n;

	if (!d || !d->up || id->conf6.accept_ra < (id->conf6.forwarding ? 2 : 1) || from_us(net, p) ||
	    !nd_opts_parse(h + 16, p->len - 16, &o))
		return;
	d->rs_ns = 0;
	d->managed = h[5] & 0x80;
	d->other = h[5] & 0x40;
	if (h[4])
		WRITE_ONCE(id->conf6.hop_limit, h[4]);
	if (get32(h + 8))
		WRITE_ONCE(id->parms6.reachable_ms, (int)min(max(get32(h + 8), 1000u), 3600000u));
	if (get32(h + 12))
		WRITE_ONCE(id->parms6.retrans_ms, (int)min(max(get32(h + 12), 10u), 60000u));
	if (id->conf6.accept_ra_defrtr)
		default_route(net, id, &ip_cb(p)->src, get16(h + 6), now);
	n = neigh_get(net, p->dev, &ip_cb(p)->src, o.slla != NULL);
	if (n) {
		(void)neigh_update(n, o.slla, NUD_STALE, NEIGH_OVERRIDE | NEIGH_IS_ROUTER);
		neigh_put(n);
	}
	if (id->conf6.accept_ra_pinfo)
		for (u32 i = 0; i < o.nr_prefix; i++)
			prefix_info(net, id, o.prefix[i], now);
	if (o.mtu && id->conf6.accept_ra_mtu) {
		u32 mtu = get32(o.mtu + 4);

		if (mtu >= 1280 && mtu <= p->dev->mtu && mtu != (u32)id->conf6.mtu) {
			WRITE_ONCE(id->conf6.mtu, (int)mtu);
			route_cache_bump(net);
		}
	}
}

void ra6_not_router(struct net *net, struct pkt *p)
{
	struct ipaddr gw = ip6_addr(p->data + 8);
	struct wanted w = { .dev = p->dev, .gw = &gw, .dst_len = 0, .protocol = RTPROT_RA };

	while (find(net, &w))
		drop(net, w.found);
}

/* --- redirects --- */

/* Does what goes to dst go by this gateway now? */
static bool is_hop(struct net *net, struct net_device *dev, const struct ipaddr *dst, const struct ipaddr *gw)
{
	struct flow f = { .dst = *dst, .family = AF_INET6, .oif = dev->ifindex };
	struct route r;
	bool yes;

	if (route_output(net, &f, &r))
		return false;
	yes = r.dev == dev && r.type == RTN_UNICAST && r.has_gw && ipaddr_eq(&r.gw, gw);
	route_put(&r);
	return yes;
}

void redirect6_receive(struct net *net, struct pkt *p)
{
	struct ipaddr target = ip6_addr(p->data + 8), dst = ip6_addr(p->data + 24);
	struct inet_dev *id = dev_inet(p->dev);
	bool onlink = ipaddr_eq(&target, &dst);
	struct wanted w = { .dev = p->dev, .dst = &dst, .dst_len = 128, .protocol = RTPROT_REDIRECT };
	struct nd_opts o;
	struct neigh *n;

	if (!id || !ip6_dev(id) || !ip6_dev(id)->up || !id->conf6.accept_redirects || id->conf6.forwarding ||
	    ipaddr_multicast(&dst) || ipaddr_is4(&dst) || ipaddr_linklocal6(&dst) || (!onlink && !ipaddr_linklocal6(&target)) ||
	    !nd_opts_parse(p->data + 40, p->len - 40, &o) || !is_hop(net, p->dev, &dst, &ip_cb(p)->src))
		return;
	while (find(net, &w))
		drop(net, w.found);
	n = o.tlla ? neigh_get(net, p->dev, &target, true) : NULL;
	if (n) {
		(void)neigh_update(n, o.tlla, NUD_STALE, NEIGH_OVERRIDE | (onlink ? 0 : NEIGH_IS_ROUTER));
		neigh_put(n);
	}
	add(net, p->dev, &dst, 128, onlink ? NULL : &target, RTPROT_REDIRECT, 1024, clock_monotonic_ns() + REDIRECT_NS);
}
