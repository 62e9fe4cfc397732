/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Addresses of IPv6 that come by themselves, and the time of all of them: loopback's, link-local ones (EUI-64), duplicate
 * address detection, router solicitations, lifetimes, groups that a node listens to, settings that act when written.
 * What routers advertise is in ra6.c. Temporary and stable-privacy identifiers are not there; their settings are refused.
 *
 * One worker under rtnl does what is due (ip6_impl.h says why). Locks: rtnl; ip6_net.lock for the timer and what
 * was deferred. Sources: RFC 4862, 7527, 4291.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/timer.h>
#include <kernel/random.h>
#include <uapi/linux/netlink.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

#define DEFERRED_MAX	64u
#define RS_WAIT_MAX	(3600 * NSEC_PER_SEC)

struct ip6_net {
	spinlock_t lock;		/* class OBJECT */
	u64 at;				/* [lock] what the timer is set to; 0: nothing is due */
	struct timer timer;
	struct work work;
	struct pkt_list deferred;	/* [lock] */
	struct net *net;		/* [I] */
};

static struct ip6_net *ip6_net(const struct net *net) { return net_inet(net)->ip6; }

static u64 sooner(u64 a, u64 b)
{
	return !a || (b && b < a) ? b : a;
}

static u64 jitter(u64 max_ns)
{
	return max_ns ? random_u64() % max_ns : 0;
}

/* --- the worker's clock --- */

void ip6_kick(struct net *net, u64 at)
{
	struct ip6_net *n = ip6_net(net);

	if (!at)
		return;
	spin_lock(&n->lock);
	if (!n->at || at < n->at) {
		n->at = at;
		timer_start(&n->timer, at);
	}
	spin_unlock(&n->lock);
}

static u64 timer_fires(struct timer *t)
{
	(void)work_queue(system_wq, &container_of(t, struct ip6_net, timer)->work);
	return 0;
}

void ip6_defer(struct net *net, struct pkt *p)
{
	struct ip6_net *n = ip6_net(net);
	bool full;

	pkt_hold_dev(p);
	spin_lock(&n->lock);
	full = n->deferred.n >= DEFERRED_MAX;
	if (!full)
		pkt_list_add(&n->deferred, p);
	spin_unlock(&n->lock);
	if (full)
		pkt_free(p);
	else
		ip6_kick(net, clock_monotonic_ns());
}

/* --- addresses --- */

bool ip6_linklocal(struct net_device *dev, struct ipaddr *out)
{
	struct inet_dev *id = dev_inet(dev);
	const struct net_ifaddr *a;

	if (!id)
		return false;
	list_for_each_entry_rcu(a, &id->addrs6, link) {
		if (!ipaddr_linklocal6(&a->local) || READ_ONCE(a->flags) & IFA_F_TENTATIVE)
			continue;
		*out = a->local;
		return true;
	}
	return false;
}

static u8 scope_of(const struct ipaddr *a)
{
	if (ipaddr_loopback(a))
		return RT_SCOPE_HOST;
	if (ipaddr_linklocal6(a))
		return RT_SCOPE_LINK;
	return (be32(a->w[0]) & 0xffc00000u) == 0xfec00000u ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

static bool needs_dad(const struct inet_dev *id, const struct net_ifaddr *a)
{
	const struct inet_conf6 *all = &net_inet(id->dev->net)->conf6_all;

	return !(a->flags & IFA_F_NODAD) && !(id->dev->flags & (IFF_LOOPBACK | IFF_NOARP)) && id->conf6.dad_transmits > 0 &&
	       (id->conf6.accept_dad > 0 || all->accept_dad > 0);
}

int addrconf6_adding(struct inet_dev *id, struct net_ifaddr *a)
{
	bool lo = id->dev->flags & IFF_LOOPBACK;

	if (!ip6_dev(id))
		return -ENOBUFS;
	if (id->conf6.disable_ipv6)
		return -EACCES;
	if (ipaddr_any(&a->local) || ipaddr_is4(&a->local) || ipaddr_multicast(&a->local) || (!lo && ipaddr_loopback(&a->local)))
		return -EADDRNOTAVAIL;
	if (ipaddr_any(&a->peer))
		a->peer = a->local;
	a->scope = scope_of(&a->local);
	a->flags &= ~(IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED);
	if (!a->preferred_lft)
		a->flags |= IFA_F_DEPRECATED;
	if (needs_dad(id, a))
		a->flags |= IFA_F_TENTATIVE;
	return 0;
}

static void dad_start(struct net_ifaddr *a)
{
	const struct inet_dev *id = dev_inet(a->dev);

	if (!(a->flags & IFA_F_TENTATIVE) || !ip6_dev(id)->up)
		return;
	a->flags &= ~IFA_F_DADFAILED;
	a->dad_conflict = 0;
	a->dad_left = (u8)min(id->conf6.dad_transmits, 10);
	random_bytes(a->dad_nonce, sizeof(a->dad_nonce));
	a->dad_ns = clock_monotonic_ns() + jitter((u64)max(id->conf6.router_solicitation_delay, 0) * NSEC_PER_SEC);
}

void addrconf6_added(struct net *net, struct net_ifaddr *a)
{
	struct ipaddr g = ip6_solicited_node(&a->local);

	if (!(a->dev->flags & (IFF_LOOPBACK | IFF_NOARP)) && inet_mc_dev_join(a->dev, &g))
		pr_warn("%s: no memory for a group of IPv6\n", a->dev->name);
	dad_start(a);
	ip6_kick(net, clock_monotonic_ns());
}

void addrconf6_removed(struct net *net, struct net_ifaddr *a)
{
	struct ipaddr g = ip6_solicited_node(&a->local);

	(void)net;
	if (!(a->dev->flags & (IFF_LOOPBACK | IFF_NOARP)))
		inet_mc_dev_leave(a->dev, &g);
}

void addrconf6_conflict(struct net *net, struct net_ifaddr *a)
{
	WRITE_ONCE(a->dad_conflict, 1);
	ip6_kick(net, clock_monotonic_ns());
}

void inet_addr_changed(struct net *net, struct net_ifaddr *a)
{
	ASSERT(rtnl_is_locked());
	if (a->preferred_lft)
		a->flags &= ~IFA_F_DEPRECATED;
	else
		a->flags |= IFA_F_DEPRECATED;
	if (a->valid_lft == INFINITY_LIFE && !a->slaac)
		a->flags |= IFA_F_PERMANENT;
	else
		a->flags &= ~IFA_F_PERMANENT;
	route_cache_bump(net);
	net_notify(net, NET_ADDR_ADD, a);
	ip6_kick(net, clock_monotonic_ns());
}

/* --- duplicate address detection --- */

static bool accepts_ra(const struct inet_dev *id)
{
	return id->conf6.accept_ra >= (id->conf6.forwarding ? 2 : 1);
}

static void dad_done(struct net *net, struct inet_dev *id, struct net_ifaddr *a, u64 now, struct pkt_list *out)
{
	struct ip6_dev *d = ip6_dev(id);
	struct ipaddr all = IP6_ADDR(0xff020000u, 0, 0, 1);

	a->dad_ns = 0;
	WRITE_ONCE(a->flags, a->flags & ~IFA_F_TENTATIVE);
	inet_addr_routes(net, a, true, true);
	route_cache_bump(net);
	net_notify(net, NET_ADDR_ADD, a);
	if (id->conf6.ndisc_notify || net_inet(net)->conf6_all.ndisc_notify)
		ndisc_make_na(id->dev, &a->local, &all, &a->local, false, true, out);
	if (!ipaddr_linklocal6(&a->local))
		return;
	/* The groups were reported without a source until now, and routers can be asked. */
	mld_report_all(net, id);
	if (accepts_ra(id) && id->conf6.router_solicitations && !d->rs_ns && !d->rs_sent) {
		d->rs_ns = now;
		d->rs_wait = (u64)max(id->conf6.router_solicitation_interval, 1) * NSEC_PER_SEC;
	}
}

/* True: the address is gone. */
static bool dad_failed(struct net *net, struct net_ifaddr *a)
{
	char buf[48];

	pr_notice("%s: IPv6 duplicate address %s detected!\n", a->dev->name, ipaddr_str(&a->local, buf, sizeof(buf)));
	a->dad_ns = 0;
	WRITE_ONCE(a->flags, a->flags | IFA_F_DADFAILED);
	if (!(a->flags & IFA_F_PERMANENT)) {
		(void)inet_addr_del(net, a->dev, AF_INET6, &a->local, a->prefixlen);
		return true;
	}
	net_notify(net, NET_ADDR_ADD, a);
	return false;
}

static void dad_step(struct net *net, struct inet_dev *id, struct net_ifaddr *a, u64 now, struct pkt_list *out)
{
	struct ipaddr any = { 0 }, g = ip6_solicited_node(&a->local);

	if (!a->dad_left) {
		dad_done(net, id, a, now, out);
		return;
	}
	a->dad_left--;
	a->dad_ns = now + (u64)max(READ_ONCE(id->parms6.retrans_ms), 1) * NSEC_PER_MSEC;
	ndisc_make_ns(id->dev, &any, &g, &a->local, a->dad_nonce, out);
}

/* --- what is due --- */

static u64 life_end(const struct net_ifaddr *a, u32 seconds)
{
	return seconds == INFINITY_LIFE ? 0 : a->updated_ns + (u64)seconds * NSEC_PER_SEC;
}

/* When this address wants to be looked at again. May delete it. */
static u64 addr_tick(struct net *net, struct inet_dev *id, struct net_ifaddr *a, u64 now, struct pkt_list *out)
{
	u64 valid = life_end(a, a->valid_lft), preferred = life_end(a, a->preferred_lft);

	if (READ_ONCE(a->dad_conflict) && (a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == IFA_F_TENTATIVE && dad_failed(net, a))
		return 0;
	if (valid && now >= valid) {
		(void)inet_addr_del(net, a->dev, AF_INET6, &a->local, a->prefixlen);
		return 0;
	}
	if (a->dad_ns && now >= a->dad_ns)
		dad_step(net, id, a, now, out);
	if (a->announce) {
		struct ipaddr all = IP6_ADDR(0xff020000u, 0, 0, 1);

		a->announce = false;
		ndisc_make_na(id->dev, &a->local, &all, &a->local, false, true, out);
	}
	if (preferred && now >= preferred) {
		if (!(a->flags & IFA_F_DEPRECATED)) {
			WRITE_ONCE(a->flags, a->flags | IFA_F_DEPRECATED);
			net_notify(net, NET_ADDR_ADD, a);
		}
		preferred = 0;
	}
	return sooner(a->dad_ns, sooner(valid, preferred));
}

static void rs_step(struct inet_dev *id, u64 now, struct pkt_list *out)
{
	struct ip6_dev *d = ip6_dev(id);
	struct ipaddr src;
	bool have;

	rcu_read_lock();
	have = ip6_linklocal(id->dev, &src);
	rcu_read_unlock();
	d->rs_ns = 0;
	if (!have || !accepts_ra(id))
		return;
	ndisc_make_rs(id->dev, &src, out);
	d->rs_sent++;
	if (id->conf6.router_solicitations >= 0 && d->rs_sent >= id->conf6.router_solicitations)
		return;
	d->rs_ns = now + d->rs_wait - d->rs_wait / 10 + jitter(d->rs_wait / 5);	/* RFC 7559 */
	d->rs_wait = min(d->rs_wait * 2, (u64)RS_WAIT_MAX);
}

static u64 dev_tick(struct net *net, struct inet_dev *id, u64 now, struct pkt_list *out)
{
	struct ip6_dev *d = ip6_dev(id);
	struct net_ifaddr *a, *n;
	u64 next = 0;

	if (!d)
		return 0;
	list_for_each_entry_safe(a, n, &id->addrs6, link)
		next = sooner(next, addr_tick(net, id, a, now, out));
	if (d->rs_ns && now >= d->rs_ns)
		rs_step(id, now, out);
	next = sooner(next, d->rs_ns);
	return sooner(next, mld_tick(net, id, now, out));
}

static void deferred(struct net *net, struct pkt *p)
{
	switch (p->data[0]) {
	case ICMP6_RA:
		ra6_receive(net, p);
		break;
	case ICMP6_NA:
		ra6_not_router(net, p);
		break;
	default:
		redirect6_receive(net, p);
		break;
	}
}

static void ip6_work(struct work *w)
{
	struct ip6_net *n = container_of(w, struct ip6_net, work);
	struct pkt_list in = PKT_LIST_INIT, out = PKT_LIST_INIT;
	struct net *net = n->net;
	struct net_device *dev;
	u64 now, next;
	struct pkt *p;

	rtnl_lock();
	spin_lock(&n->lock);
	n->at = 0;
	pkt_list_join(&in, &n->deferred);
	spin_unlock(&n->lock);
	for (struct pkt *q = in.first; q; q = q->next)
		deferred(net, q);
	now = clock_monotonic_ns();
	next = ra6_expire(net, now);
	for_each_netdev(dev, net)
		if (dev_inet(dev))
			next = sooner(next, sooner(dev_tick(net, dev_inet(dev), now, &out), igmp_tick(dev_inet(dev), now, &out)));
	rtnl_unlock();
	while ((p = pkt_list_pop(&in)) != NULL)
		pkt_free(p);
	ip6_ctl_send(&out);
	ip6_kick(net, next);
}

/* --- devices --- */

static const u32 node_groups[][4] = { { 0xff020000u, 0, 0, 1 }, { 0xff010000u, 0, 0, 1 } };
static const u32 router_groups[][4] = { { 0xff020000u, 0, 0, 2 }, { 0xff010000u, 0, 0, 2 }, { 0xff050000u, 0, 0, 2 } };

static void groups(struct net_device *dev, const u32 g[][4], u32 n, bool join)
{
	for (u32 i = 0; i < n; i++) {
		struct ipaddr a = IP6_ADDR(g[i][0], g[i][1], g[i][2], g[i][3]);

		if (!join)
			inet_mc_dev_leave(dev, &a);
		else if (inet_mc_dev_join(dev, &a))
			pr_warn("%s: no memory for a group of IPv6\n", dev->name);
	}
}

static void be_router(struct inet_dev *id)
{
	struct ip6_dev *d = ip6_dev(id);
	bool want = d->up && id->conf6.forwarding;

	if (want == d->router)
		return;
	d->router = want;
	groups(id->dev, router_groups, 3, want);
}

/* ff00::/8: where groups are sent that name no device. */
static void group_route(struct net *net, struct net_device *dev)
{
	struct fib_route *r = fib_route_alloc(1, GFP_KERNEL);

	if (!r)
		return;
	r->family = AF_INET6;
	r->type = RTN_MULTICAST;
	r->table = RT_TABLE_LOCAL;
	r->protocol = RTPROT_KERNEL;
	r->priority = 256;
	r->dst = IP6_ADDR(0xff000000u, 0, 0, 0);
	r->dst_len = 8;
	r->nh[0].dev = dev;
	dev_get(dev);
	(void)fib_route_add(net, r, NLM_F_CREATE | NLM_F_APPEND);
}

static void add_own(struct net *net, struct inet_dev *id)
{
	struct net_device *dev = id->dev;
	struct net_ifaddr a = { .family = AF_INET6, .valid_lft = INFINITY_LIFE, .preferred_lft = INFINITY_LIFE };
	u8 raw[16] = { 0xfe, 0x80 };

	if (dev->flags & IFF_LOOPBACK) {
		a.local = IP6_ADDR(0, 0, 0, 1);
		a.prefixlen = 128;
	} else if (dev->type == ARPHRD_ETHER && id->conf6.addr_gen_mode == 0) {
		ip6_eui64(dev->addr, raw + 8);
		a.local = ip6_addr(raw);
		a.prefixlen = 64;
	} else {
		return;
	}
	a.peer = a.local;
	(void)inet_addr_add(net, dev, &a);
}

void addrconf6_up(struct net *net, struct inet_dev *id)
{
	struct net_device *dev = id->dev;
	struct ip6_dev *d = ip6_dev(id);
	struct net_ifaddr *a;

	if (!d || d->up || !netdev_running(dev) || !READ_ONCE(dev->carrier) || id->conf6.disable_ipv6 || dev->mtu < 1280)
		return;
	d->up = true;
	d->rs_ns = 0;
	d->rs_sent = 0;
	groups(dev, node_groups, 2, true);
	be_router(id);
	if (!(dev->flags & IFF_LOOPBACK))
		group_route(net, dev);
	list_for_each_entry(a, &id->addrs6, link) {	/* given while the device was down */
		inet_addr_routes(net, a, true, !(a->flags & IFA_F_TENTATIVE));
		dad_start(a);
	}
	add_own(net, id);
	ip6_kick(net, clock_monotonic_ns());
}

void addrconf6_down(struct net *net, struct inet_dev *id)
{
	struct ip6_dev *d = ip6_dev(id);

	if (!d)
		return;
	inet_addrs_flush(net, &id->addrs6);
	fib_flush_dev(net, id->dev, AF_INET6, true);
	if (d->up) {
		d->up = false;
		be_router(id);
		groups(id->dev, node_groups, 2, false);
	}
	d->rs_ns = 0;
	d->managed = d->other = false;
	mld_flush(id);
	id->conf6.hop_limit = net_inet(net)->conf6_default.hop_limit;
	WRITE_ONCE(id->conf6.mtu, (int)id->dev->mtu);
	route_cache_bump(net);
}

void addrconf6_change(struct net *net, struct inet_dev *id)
{
	addrconf6_up(net, id);	/* the carrier came later; lost, addresses stay */
}

void addrconf6_newmtu(struct net *net, struct inet_dev *id)
{
	WRITE_ONCE(id->conf6.mtu, (int)id->dev->mtu);
	if (id->dev->mtu < 1280)
		addrconf6_down(net, id);
	else
		addrconf6_up(net, id);
}

void addrconf6_newaddr(struct net *net, struct inet_dev *id)
{
	struct ip6_dev *d = ip6_dev(id);
	struct net_ifaddr *a;

	if (!d || !d->up || !(id->conf6.ndisc_notify || net_inet(net)->conf6_all.ndisc_notify))
		return;
	list_for_each_entry(a, &id->addrs6, link)
		if (!(a->flags & IFA_F_TENTATIVE))
			a->announce = true;
	ip6_kick(net, clock_monotonic_ns());
}

void addrconf6_attach(struct inet_dev *id)
{
	struct ip6_dev *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return;
	id->ndisc = d;
}

/* Readers may be in it until an RCU grace period is over. */
void addrconf6_detach(struct inet_dev *id)
{
	struct ip6_dev *d = ip6_dev(id);

	if (d)
		kfree_rcu(d, rcu);
}

/* --- settings --- */

int inet_conf6_check(struct net_device *dev, enum inet_conf6_item what, int value)
{
	switch (what) {
	case CONF6_ADDR_GEN_MODE:
		return value == 0 || value == 1 ? 0 : -EINVAL;
	case CONF6_USE_TEMPADDR:
		return value <= 0 ? 0 : -EINVAL;
	case CONF6_MTU:
		return !dev || (value >= 1280 && value <= (int)dev->mtu) ? 0 : -EINVAL;
	default:
		return 0;
	}
}

static void conf_apply(struct net *net, struct inet_dev *id, enum inet_conf6_item what)
{
	if (!id || !ip6_dev(id))
		return;
	switch (what) {
	case CONF6_DISABLE_IPV6:
		if (id->conf6.disable_ipv6)
			addrconf6_down(net, id);
		else
			addrconf6_up(net, id);
		break;
	case CONF6_FORWARDING:
		be_router(id);
		if (id->conf6.forwarding)
			ra6_purge(net, id->dev);
		break;
	case CONF6_ADDR_GEN_MODE:
		if (ip6_dev(id)->up)
			add_own(net, id);
		break;
	default:
		break;
	}
}

void inet_conf6_changed(struct net *net, struct net_device *dev, enum inet_conf6_item what)
{
	struct inet_net *in = net_inet(net);

	ASSERT(rtnl_is_locked());
	if (dev) {
		conf_apply(net, dev_inet(dev), what);
		route_cache_bump(net);
		return;
	}
	/* `all` goes to each device, and to those that come. */
	if (what == CONF6_DISABLE_IPV6)
		in->conf6_default.disable_ipv6 = in->conf6_all.disable_ipv6;
	else if (what == CONF6_FORWARDING)
		in->conf6_default.forwarding = in->conf6_all.forwarding;
	else
		return;
	for_each_netdev(dev, net) {
		struct inet_dev *id = dev_inet(dev);

		if (!id)
			continue;
		if (what == CONF6_DISABLE_IPV6)
			id->conf6.disable_ipv6 = in->conf6_all.disable_ipv6;
		else
			id->conf6.forwarding = in->conf6_all.forwarding;
		conf_apply(net, id, what);
	}
	route_cache_bump(net);
}

/* --- start --- */

int ip6_net_init(struct net *net)
{
	struct ip6_net *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	spin_lock_init(&n->lock, OBJECT);
	timer_init(&n->timer, TIMER_MONOTONIC, timer_fires);
	work_init(&n->work, ip6_work);
	n->net = net;
	net_inet(net)->ip6 = n;
	return 0;
}

int ip6_init(struct net *net)
{
	(void)net;
	ip6_output_init();
	icmp6_init();
	ndisc_init();
	ip6_input_init();
	return inet6_family_enable();
}
