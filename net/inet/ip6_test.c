/* SPDX-License-Identifier: MPL-2.0 */
/*
 * IPv6 on a device of the test's own: an address by itself, answers to neighbours, what a router advertises and a
 * redirect does, errors; then frames that are wrong in every place. The device is unregistered at the end, which waits
 * for each reference to it: a leak hangs.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/ktest.h>
#include <core/wait.h>
#include <uapi/linux/netlink.h>

#include "ip6_impl.h"

static struct {
	spinlock_t lock;		/* class OBJECT */
	struct pkt_list l;		/* [lock] */
} sent = { .lock = SPINLOCK_INIT(OBJECT) };

static const u8 peer_mac[6] = { 2, 0, 0, 0, 0, 0x99 };
static u32 seed = 4711;
static u64 nothing_at;			/* expect()'s last look before the message it found came then */

static void nap(u64 ms)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	(void)schedule_until(clock_monotonic_ns() + ms * NSEC_PER_MSEC);
}

static u32 rnd(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static void t_xmit(struct net_device *dev, u32 queue, struct pkt_list *batch)
{
	struct pkt_list drop = PKT_LIST_INIT;
	struct pkt *p;

	(void)dev, (void)queue;
	spin_lock(&sent.lock);
	while ((p = pkt_list_pop(batch)) != NULL)
		pkt_list_add(sent.l.n < 64 ? &sent.l : &drop, p);
	spin_unlock(&sent.lock);
	pkt_list_free(&drop);
}

static const struct netdev_ops t_ops = { .xmit = t_xmit };

static void forget(void)
{
	struct pkt_list l = PKT_LIST_INIT;

	spin_lock(&sent.lock);
	pkt_list_join(&l, &sent.l);
	spin_unlock(&sent.lock);
	pkt_list_free(&l);
}

/* The first ICMPv6 message of this type that goes out within a while; NULL. The caller frees it. */
static struct pkt *expect(u8 type)
{
	u64 now, end = clock_monotonic_ns() + 20 * NSEC_PER_SEC;

	while ((now = clock_monotonic_ns()) < end) {
		struct pkt *p;

		spin_lock(&sent.lock);
		p = pkt_list_pop(&sent.l);
		spin_unlock(&sent.lock);
		if (!p) {
			nothing_at = now;
			nap(5);
			continue;
		}
		if (pkt_pull_ok(p, 58) && p->data[20] == IPPROTO_ICMPV6 && p->data[54] == type)
			return p;
		pkt_free(p);
	}
	return NULL;
}

static struct ipaddr lladdr(void) { return IP6_ADDR(0xfe800000u, 0, 0x000000ffu, 0xfe000001u); }
static struct ipaddr peer(void) { return IP6_ADDR(0xfe800000u, 0, 0, 0x99); }

/* retrans_ms: how long an address is tentative. */
static struct net_device *slow_device(int retrans_ms)
{
	struct net_device *dev = netdev_alloc(0, "kt6", 1, 1);

	if (!dev)
		return NULL;
	netdev_setup_ether(dev);
	memcpy(dev->addr, "\2\0\0\0\0\1", 6);
	dev->ops = &t_ops;
	dev->carrier = true;
	if (netdev_register(dev)) {
		dev_put(dev);
		return NULL;
	}
	rtnl_lock();
	dev_inet(dev)->conf6.router_solicitation_delay = 0;
	dev_inet(dev)->parms6.retrans_ms = retrans_ms;
	KEXPECT_EQ(netdev_change_flags(dev, IFF_UP, IFF_UP), 0);
	rtnl_unlock();
	return dev;
}

static struct net_device *device(void) { return slow_device(1000); }

static void gone(struct net_device *dev)
{
	rtnl_lock();
	KEXPECT_EQ(netdev_change_flags(dev, 0, IFF_UP), 0);
	KEXPECT(list_empty(&dev_inet(dev)->addrs6));
	rtnl_unlock();
	forget();
	netdev_unregister(dev);
	dev_put(dev);
}

/* A frame; what is behind the IPv6 header is n bytes at data; an ICMP one (next 58) gets its checksum. */
static void receive(struct net_device *dev, const struct ipaddr *src, const struct ipaddr *dst, u8 next, u8 hops, const void *data,
	u32 n)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 54 + n, GFP_KERNEL);
	struct pkt_list l = PKT_LIST_INIT;
	struct ip6_hdr *h;
	u8 *b;

	KREQUIRE(p);
	b = pkt_put(p, 14);
	memcpy(b, dev->addr, 6);
	if (ipaddr_multicast(dst)) {
		b[0] = b[1] = 0x33;
		memcpy(b + 2, &dst->w[3], 4);
	}
	memcpy(b + 6, peer_mac, 6);
	b[12] = 0x86;
	b[13] = 0xdd;
	h = (struct ip6_hdr *)pkt_put(p, 40);
	*h = (struct ip6_hdr){ .ver_tc_flow = to_be32(6u << 28), .payload_len = to_be16((u16)n), .next_hdr = next,
		.hop_limit = hops };
	memcpy(h->src, src, 16);
	memcpy(h->dst, dst, 16);
	b = pkt_put(p, n);
	memcpy(b, data, n);
	if (next == IPPROTO_ICMPV6 && n >= 4) {
		be16_t sum;

		b[2] = b[3] = 0;
		sum = csum_fold(csum_partial(b, n, inet_pseudo(src, dst, IPPROTO_ICMPV6, n)));
		memcpy(b + 2, &sum, 2);
	}
	pkt_list_add(&l, p);
	netdev_receive(dev, 0, &l);
}

static bool wait_addr(struct net_device *dev, const struct ipaddr *a)
{
	u64 end = clock_monotonic_ns() + 20 * NSEC_PER_SEC;
	bool ok = false;

	while (!ok && clock_monotonic_ns() < end) {
		rcu_read_lock();
		ok = inet_addr_type(dev->net, dev, a) == RTN_LOCAL;
		rcu_read_unlock();
		if (!ok)
			nap(10);
	}
	return ok;
}

static void put_addr(u8 *at, const struct ipaddr *a) { memcpy(at, a, 16); }

/* The peer asks for us, so that it is known. */
static void greet(struct net_device *dev)
{
	struct ipaddr ll = lladdr(), from = peer(), g = ip6_solicited_node(&ll);
	u8 b[32] = { ICMP6_NS };

	put_addr(b + 8, &ll);
	b[24] = ND_OPT_SLLA;
	b[25] = 1;
	memcpy(b + 26, peer_mac, 6);
	receive(dev, &from, &g, IPPROTO_ICMPV6, 255, b, 32);
}

static u32 make_ra(u8 *b)
{
	struct ipaddr prefix = IP6_ADDR(0x20010db8u, 0x77, 0, 0);
	static const u8 lives[8] = { 0, 0, 0x0e, 0x10, 0, 0, 7, 8 };

	memset(b, 0, 64);
	b[0] = ICMP6_RA;
	b[4] = 33;		/* hop limit */
	b[6] = 7;		/* lifetime 1800 */
	b[7] = 8;
	b[16] = ND_OPT_SLLA;
	b[17] = 1;
	memcpy(b + 18, peer_mac, 6);
	b[24] = ND_OPT_MTU;
	b[25] = 1;
	b[30] = 1400 >> 8;
	b[31] = 1400 & 255;
	b[32] = ND_OPT_PREFIX;
	b[33] = 4;
	b[34] = 64;
	b[35] = 0xc0;
	memcpy(b + 36, lives, 8);
	put_addr(b + 48, &prefix);
	return 64;
}

static bool via(struct net_device *dev, const struct ipaddr *dst, const struct ipaddr *gw)
{
	struct flow f = { .dst = *dst, .family = AF_INET6 };
	struct route r;
	bool yes;

	if (route_output(dev->net, &f, &r))
		return false;
	yes = r.dev == dev && (gw ? r.has_gw && ipaddr_eq(&r.gw, gw) : !r.has_gw);
	route_put(&r);
	return yes;
}

static bool wait_via(struct net_device *dev, const struct ipaddr *dst, const struct ipaddr *gw)
{
	for (int i = 0; i < 2000; i++) {
		if (via(dev, dst, gw))
			return true;
		nap(10);
	}
	return false;
}

KTEST(ip6, neighbours_and_routers)
{
	struct ipaddr ll = lladdr(), from = peer(), all = IP6_ADDR(0xff020000u, 0, 0, 1), g = ip6_solicited_node(&ll), any = { 0 };
	struct ipaddr slaac = IP6_ADDR(0x20010db8u, 0x77, 0x000000ffu, 0xfe000001u), far = IP6_ADDR(0x20010db8u, 0x99, 0, 5), got;
	struct ipaddr other = IP6_ADDR(0xfe800000u, 0, 0, 0x55);
	struct net_device *dev = device();
	struct pkt *p;
	bool early;
	u8 b[64];

	KREQUIRE(dev);
	nothing_at = clock_monotonic_ns();
	p = expect(ICMP6_NS);	/* duplicate address detection */
	KEXPECT(p && p->data[21] == 255 && !memcmp(p->data + 22, &any, 16) && !memcmp(p->data + 38, &g, 16));
	KEXPECT(p && !memcmp(p->data + 62, &ll, 16));
	pkt_free(p);
	/* Tentative for a second from then on. */
	early = inet_addr_type(dev->net, dev, &ll) == RTN_LOCAL;
	KEXPECT(!early || clock_monotonic_ns() >= nothing_at + NSEC_PER_SEC);
	KEXPECT(wait_addr(dev, &ll));
	p = expect(ICMP6_RS);
	KEXPECT(p && !memcmp(p->data + 22, &ll, 16));
	pkt_free(p);
	/* A question is answered, and its asker known. */
	memset(b, 0, sizeof(b));
	b[0] = ICMP6_NS;
	put_addr(b + 8, &ll);
	b[24] = ND_OPT_SLLA;
	b[25] = 1;
	memcpy(b + 26, peer_mac, 6);
	receive(dev, &from, &g, IPPROTO_ICMPV6, 254, b, 32);	/* came over a router: not to be believed */
	receive(dev, &from, &g, IPPROTO_ICMPV6, 255, b, 32);
	p = expect(ICMP6_NA);
	KEXPECT(p && !memcmp(p->data, peer_mac, 6) && p->data[58] == 0x60 && !memcmp(p->data + 62, &ll, 16));
	KEXPECT(p && p->data[78] == ND_OPT_TLLA);
	pkt_free(p);
	b[0] = ICMP6_ECHO;
	receive(dev, &from, &ll, IPPROTO_ICMPV6, 64, b, 20);
	p = expect(ICMP6_ECHOREPLY);
	KEXPECT(p && p->len == 74 && !memcmp(p->data + 22, &ll, 16));
	pkt_free(p);
	/* Nobody takes protocol 200. */
	receive(dev, &from, &ll, 200, 64, b, 20);
	p = expect(ICMP6_PARAM_PROBLEM);
	KEXPECT(p && p->data[55] == ICMP6_UNKNOWN_NEXT && p->data[61] == 6);
	pkt_free(p);
	/* A router. */
	receive(dev, &from, &all, IPPROTO_ICMPV6, 255, b, make_ra(b));
	KEXPECT(wait_addr(dev, &slaac));
	KEXPECT(wait_via(dev, &far, &from));
	KEXPECT_EQ(dev_inet(dev)->conf6.mtu, 1400);
	KEXPECT_EQ(dev_inet(dev)->conf6.hop_limit, 33);
	KEXPECT(ip6_select_addr(dev->net, dev, &far, &got) && ipaddr_eq(&got, &slaac));
	KEXPECT(ip6_select_addr(dev->net, dev, &from, &got) && ipaddr_eq(&got, &ll));
	/* It knows a better way; another machine that says so is not believed. */
	memset(b, 0, 40);
	b[0] = ICMP6_REDIRECT;
	put_addr(b + 8, &other);
	put_addr(b + 24, &far);
	receive(dev, &other, &ll, IPPROTO_ICMPV6, 255, b, 40);
	receive(dev, &from, &ll, IPPROTO_ICMPV6, 255, b, 40);
	KEXPECT(wait_via(dev, &far, &other));
	/* And it is none any more. */
	make_ra(b);
	b[6] = b[7] = 0;
	receive(dev, &from, &all, IPPROTO_ICMPV6, 255, b, 64);
	far.w[3] = to_be32(6);
	for (int i = 0; i < 2000 && via(dev, &far, &from); i++)
		nap(10);
	KEXPECT(!via(dev, &far, &from));
	gone(dev);
}

/* Addresses that differ in one byte spread over a table. */
KTEST(ip6, address_hash)
{
	static u16 chain[1024];

	for (u32 at = 0; at < 16; at++) {
		struct ipaddr a = lladdr();
		u32 longest = 0;

		memset(chain, 0, sizeof(chain));
		for (u32 v = 0; v < 256; v++) {
			((u8 *)&a)[at] = (u8)v;
			longest = max(longest, (u32)++chain[ipaddr_hash(&a, 5) % ARRAY_SIZE(chain)]);
		}
		KEXPECT(longest <= 8);
	}
}

static int count_waiting(struct neigh *n, void *arg)
{
	*(u32 *)arg += n->queue.n;
	return 0;
}

/* Packets that wait for addresses about which nobody answers are given up, however many. */
KTEST(ip6, unanswered)
{
	struct net_device *dev = device();
	struct ipaddr from = lladdr(), to = peer();
	u64 end = clock_monotonic_ns() + 20 * NSEC_PER_SEC;
	u32 waiting;

	KREQUIRE(dev);
	KEXPECT(wait_addr(dev, &from));
	dev_inet(dev)->parms6.retrans_ms = 20;
	for (u32 i = 0; i < 400; i++) {
		struct pkt *p = pkt_alloc(PKT_HEADROOM, 40, GFP_KERNEL);
		u8 *h;

		KREQUIRE(p);
		h = pkt_put(p, 40);
		memset(h, 0, 40);
		h[0] = 0x60;
		h[6] = 59;	/* nothing follows */
		put_addr(h + 8, &from);
		to.w[1 + i % 2] = to_be32(i << 16);
		put_addr(h + 24, &to);
		pkt_set_net(p);
		KEXPECT_EQ(neigh_output(dev->net, dev, &to, p), 0);
	}
	do {
		forget();
		nap(20);
		waiting = 0;
		rcu_read_lock();
		(void)neigh_walk(dev->net, AF_INET6, count_waiting, &waiting);
		rcu_read_unlock();
	} while (waiting && clock_monotonic_ns() < end);
	KEXPECT_EQ(waiting, 0);
	gone(dev);
}

/* Somebody has our address: it is not taken. */
KTEST(ip6, duplicate)
{
	struct ipaddr ll = lladdr(), all = IP6_ADDR(0xff020000u, 0, 0, 1);
	struct net_device *dev = slow_device(20000);
	struct net_ifaddr *a;
	bool failed = false;
	struct pkt *p;
	u8 b[32] = { ICMP6_NA, 0, 0, 0, 0x20 };

	KREQUIRE(dev);
	p = expect(ICMP6_NS);
	KEXPECT(p);
	pkt_free(p);
	put_addr(b + 8, &ll);
	b[24] = ND_OPT_TLLA;
	b[25] = 1;
	memcpy(b + 26, peer_mac, 6);
	receive(dev, &ll, &all, IPPROTO_ICMPV6, 255, b, 32);
	for (int i = 0; i < 2000 && !failed; i++) {
		rcu_read_lock();
		a = inet_addr_find(dev->net, &ll, dev);
		failed = a && READ_ONCE(a->flags) & IFA_F_DADFAILED;
		rcu_read_unlock();
		nap(10);
	}
	KEXPECT(failed);
	KEXPECT(inet_addr_type(dev->net, dev, &ll) != RTN_LOCAL);
	gone(dev);
}

/* A datagram in two pieces, each order; then overlapping ones, of which nothing comes. */
KTEST(ip6, fragments)
{
	struct ipaddr ll = lladdr(), from = peer();
	struct net_device *dev = device();
	u8 whole[64] = { ICMP6_ECHO }, f[48];
	struct pkt *p;
	be16_t sum;

	KREQUIRE(dev);
	KEXPECT(wait_addr(dev, &ll));
	greet(dev);
	for (u32 i = 8; i < 64; i++)
		whole[i] = (u8)i;
	sum = csum_fold(csum_partial(whole, 64, inet_pseudo(&from, &ll, IPPROTO_ICMPV6, 64)));
	memcpy(whole + 2, &sum, 2);
	for (u32 order = 0; order < 3; order++) {
		for (u32 k = 0; k < 2; k++) {
			u32 part = order == 1 ? 1 - k : k, at = part * (order == 2 ? 24 : 32);

			memset(f, 0, 8);
			f[0] = IPPROTO_ICMPV6;
			f[3] = (u8)(at | !part);
			f[7] = (u8)(order + 1);
			memcpy(f + 8, whole + at, part ? 64 - at : 32);
			receive(dev, &from, &ll, IP6_FRAGMENT, 64, f, 8 + (part ? 64 - at : 32));
		}
		if (order == 2)
			break;
		p = expect(ICMP6_ECHOREPLY);
		KEXPECT(p && p->len == 54 + 64 && !memcmp(p->data + 62, whole + 8, 56));
		pkt_free(p);
	}
	nap(50);
	spin_lock(&sent.lock);
	for (p = sent.l.first; p; p = p->next)
		KEXPECT(p->data[54] != ICMP6_ECHOREPLY);
	spin_unlock(&sent.lock);
	gone(dev);
}

/* --- wrong in every place --- */

static u32 random_payload(u8 *b, u8 *next, u8 *hops)
{
	static const u8 types[] = { ICMP6_UNREACH, ICMP6_TOO_BIG, ICMP6_PARAM_PROBLEM, ICMP6_ECHO, ICMP6_MLD_QUERY,
		ICMP6_MLD_REPORT, ICMP6_RS, ICMP6_RA, ICMP6_NS, ICMP6_NA, ICMP6_REDIRECT };
	struct ipaddr ll = lladdr(), from = peer();
	u32 n = 8 + rnd() % 120;

	for (u32 i = 0; i < n; i++)
		b[i] = rnd() % 3 ? (u8)(rnd() % 5) : (u8)rnd();
	*next = IPPROTO_ICMPV6;
	*hops = rnd() % 4 ? 255 : 1;
	if (rnd() % 5 == 0) {
		static const u8 exts[] = { IP6_HOPOPTS, IP6_ROUTING, IP6_FRAGMENT, IP6_DSTOPTS, IP6_NONE, 6, 17, 1 };

		*next = exts[rnd() % 8];
		b[0] = exts[rnd() % 8];
		b[1] = (u8)(rnd() % 4);
		if (*next == IP6_FRAGMENT)
			b[2] = b[4] = b[5] = b[6] = 0;
		return n;
	}
	b[0] = types[rnd() % sizeof(types)];
	b[1] = rnd() % 8 ? 0 : b[1];
	if (rnd() % 3 == 0 && b[0] == ICMP6_RA)
		n = make_ra(b);
	if (b[0] == ICMP6_NS || b[0] == ICMP6_NA || b[0] == ICMP6_REDIRECT)
		put_addr(b + 8, rnd() % 3 ? &ll : &from);
	if (b[0] < 128 && n >= 64) {	/* quotes something of ours */
		memset(b + 8, 0, 40);
		b[8] = 0x60;
		b[14] = rnd() % 2 ? 17 : (u8)rnd();
		put_addr(b + 16, &ll);
		put_addr(b + 32, &from);
	}
	for (u32 k = rnd() % 4; k; k--)
		b[1 + rnd() % (n - 1)] = (u8)rnd();
	return rnd() % 4 ? n : 1 + rnd() % n;
}

KTEST(ip6, wrong_frames)
{
	struct ipaddr ll = lladdr(), from = peer(), all = IP6_ADDR(0xff020000u, 0, 0, 1), g = ip6_solicited_node(&ll);
	struct net_device *dev = device();
	struct pkt *p;
	u8 b[160];

	KREQUIRE(dev);
	KEXPECT(wait_addr(dev, &ll));
	for (u32 i = 0; i < 12000; i++) {
		const struct ipaddr *dst = rnd() % 3 ? &ll : rnd() % 2 ? &all : &g;
		struct ipaddr src = from;
		u8 next, hops;
		u32 n = random_payload(b, &next, &hops);

		if (rnd() % 8 == 0)
			src.w[3] = to_be32(rnd() % 300);
		receive(dev, &src, dst, next, hops, b, n);
		if (i % 256 == 0)
			forget();
		if (i % 4096 == 0)	/* the worker has its turn */
			nap(20);
	}
	/* It lives. The address may have been called into question only while it was tentative. */
	forget();
	memset(b, 0, 20);
	b[0] = ICMP6_ECHO;
	receive(dev, &from, &ll, IPPROTO_ICMPV6, 64, b, 20);
	greet(dev);
	p = expect(ICMP6_ECHOREPLY);
	KEXPECT(p);
	pkt_free(p);
	gone(dev);
}
