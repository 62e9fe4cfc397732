/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What conf/{all,DEV} decide, with two cards that are not there: frames are handed up by netdev_receive() and what goes
 * down is caught. t0 is 10.9.0.1/24, t1 10.8.0.1/24. Addresses of hosts: 10.9.0.N has link address 02:..:09:N, of 10.8 :08:N.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/ktest.h>
#include <core/slab.h>

#include "route_impl.h"

struct catch {
	struct pkt_list out;		/* [o] of the test: nobody else sends by these cards, which have no IPv6 */
};

static struct net_device *card[2];

static void card_xmit(struct net_device *dev, u32 queue, struct pkt_list *l)
{
	struct catch *c = dev->priv;

	(void)queue;
	pkt_list_join(&c->out, l);
}

static const struct netdev_ops card_ops = { .xmit = card_xmit };

static void quiet(void)
{
	for (int i = 0; i < 2; i++)
		pkt_list_free(&((struct catch *)card[i]->priv)->out);
}

/* The next packet of this protocol that went out by card i; the caller frees it. */
static struct pkt *sent(int i, u16 proto)
{
	struct catch *c = card[i]->priv;
	struct pkt *p;

	while ((p = pkt_list_pop(&c->out)) != NULL) {
		if (be16(p->protocol) == proto)
			return p;
		pkt_free(p);
	}
	return NULL;
}

static be32_t ip(u8 net8, u8 host) { return to_be32(10u << 24 | (u32)net8 << 16 | host); }

static bool make(int i, const char *name)
{
	struct net_ifaddr a = { .family = AF_INET, .prefixlen = 24, .valid_lft = INFINITY_LIFE, .preferred_lft = INFINITY_LIFE };
	struct net_device *dev = netdev_alloc(sizeof(struct catch), name, 1, 1);
	u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, (u8)(0xa0 + i) };
	int err;

	if (!dev)
		return false;
	netdev_setup_ether(dev);
	memcpy(dev->addr, mac, ETH_ALEN);
	dev->ops = &card_ops;
	dev->carrier = true;
	if (netdev_register(dev)) {
		dev_put(dev);
		return false;
	}
	card[i] = dev;
	a.local = a.peer = ipaddr_v4(ip((u8)(9 - i), 1));
	a.broadcast = ipaddr_v4(ip((u8)(9 - i), 255));
	rtnl_lock();
	dev_inet(dev)->conf6.disable_ipv6 = 1;
	err = netdev_change_flags(dev, dev->flags | IFF_UP, IFF_UP);
	err = err ? err : inet_addr_add(&init_net, dev, &a);
	rtnl_unlock();
	return !err;
}

static bool setup(void)
{
	return make(0, "kt0") && make(1, "kt1");
}

static void teardown(void)
{
	for (int i = 0; i < 2; i++) {
		if (!card[i])
			continue;
		netdev_unregister(card[i]);
		pkt_list_free(&((struct catch *)card[i]->priv)->out);
		dev_put(card[i]);
		card[i] = NULL;
	}
}

static void up(int i, struct pkt *p)
{
	struct pkt_list l = PKT_LIST_INIT;

	pkt_list_add(&l, p);
	netdev_receive(card[i], 0, &l);
}

static struct pkt *frame(int i, u16 proto, const u8 *src, bool all)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 256, GFP_KERNEL);
	struct eth_hdr *h;

	if (!p)
		return NULL;
	h = (struct eth_hdr *)pkt_put(p, ETH_HLEN);
	memcpy(h->dst, all ? card[i]->broadcast : card[i]->addr, ETH_ALEN);
	memcpy(h->src, src, ETH_ALEN);
	h->proto = to_be16(proto);
	return p;
}

static const u8 peer_mac[ETH_ALEN] = { 2, 0, 0, 0, 9, 9 };

static void arp_in(int i, u16 op, be32_t sip, be32_t tip)
{
	struct pkt *p = frame(i, ETH_P_ARP, peer_mac, true);
	struct arp_hdr *h;

	if (!p)
		return;
	h = (struct arp_hdr *)pkt_put(p, sizeof(*h));
	*h = (struct arp_hdr){ .hrd = to_be16(ARPHRD_ETHER), .pro = to_be16(ETH_P_IP), .hln = 6, .pln = 4, .op = to_be16(op),
		.sip = sip, .tip = tip };
	memcpy(h->sha, peer_mac, ETH_ALEN);
	up(i, p);
}

/* Did card i answer the question of sip for tip? */
static bool answered(int i, be32_t sip, be32_t tip)
{
	struct pkt *p;
	bool yes;

	quiet();
	arp_in(i, ARPOP_REQUEST, sip, tip);
	p = sent(i, ETH_P_ARP);
	yes = p && be16(((struct arp_hdr *)(p->data + ETH_HLEN))->op) == ARPOP_REPLY;
	pkt_free(p);
	return yes;
}

/* An echo request; a reply goes out at once when the sender's link address is known. */
static void echo_in(int i, be32_t src, be32_t dst, u8 ttl)
{
	struct pkt *p = frame(i, ETH_P_IP, peer_mac, false);
	struct icmp_hdr *c;
	struct ip_hdr *h;

	if (!p)
		return;
	h = (struct ip_hdr *)pkt_put(p, sizeof(*h));
	c = (struct icmp_hdr *)pkt_put(p, sizeof(*c));
	*c = (struct icmp_hdr){ .type = ICMP_ECHO };
	c->csum = csum_fold(csum_partial(c, sizeof(*c), 0));
	*h = (struct ip_hdr){ .ver_ihl = 0x45, .tot_len = to_be16(sizeof(*h) + sizeof(*c)), .ttl = ttl, .proto = IPPROTO_ICMP,
		.src = src, .dst = dst };
	h->csum = csum_fold(csum_partial(h, sizeof(*h), 0));
	up(i, p);
}

static bool known(int i, be32_t a)
{
	struct ipaddr addr = ipaddr_v4(a);
	struct neigh *n = neigh_get(&init_net, card[i], &addr, true);
	int err = n ? neigh_update(n, peer_mac, NUD_PERMANENT, NEIGH_ADMIN | NEIGH_OVERRIDE) : -ENOMEM;

	if (n)
		neigh_put(n);
	return !err;
}

/* The ICMP type of what went out by card i; -1: nothing did. */
static int icmp_sent(int i)
{
	struct pkt *p = sent(i, ETH_P_IP);
	int type = p ? p->data[ETH_HLEN + sizeof(struct ip_hdr)] : -1;

	pkt_free(p);
	return type;
}

static struct inet_conf4 *conf(int i) { return &dev_inet(card[i])->conf4; }

static void rp_filter_tests(void)
{
	/* 10.8.0.5 lives behind kt1: it must not come by kt0 when that is asked for. */
	KEXPECT(known(1, ip(8, 5)));
	KEXPECT(known(0, ip(9, 5)));
	quiet();
	echo_in(0, ip(9, 5), ip(9, 1), 64);
	KEXPECT_EQ(icmp_sent(0), ICMP_ECHOREPLY);
	echo_in(0, ip(8, 5), ip(9, 1), 64);
	KEXPECT_EQ(icmp_sent(1), ICMP_ECHOREPLY);
	conf(0)->rp_filter = 1;
	echo_in(0, ip(8, 5), ip(9, 1), 64);
	KEXPECT_EQ(icmp_sent(1), -1);
	echo_in(0, ip(9, 5), ip(9, 1), 64);
	KEXPECT_EQ(icmp_sent(0), ICMP_ECHOREPLY);
	conf(0)->rp_filter = 2;		/* loose: any way back will do */
	echo_in(0, ip(8, 5), ip(9, 1), 64);
	KEXPECT_EQ(icmp_sent(1), ICMP_ECHOREPLY);
	conf(0)->rp_filter = 0;
	/* Our own address from outside is forged; loopback's always. */
	echo_in(0, ip(8, 1), ip(9, 1), 64);
	KEXPECT_EQ(net_mib_sum(&init_net, MIB_IP_INDELIVERS) > 0, 1);
	KEXPECT_EQ(icmp_sent(0), -1);
	echo_in(0, to_be32(0x7f000001u), ip(9, 1), 64);
	KEXPECT_EQ(icmp_sent(0), -1);
}

static void arp_tests(void)
{
	KEXPECT(answered(0, ip(9, 7), ip(9, 1)));
	KEXPECT(answered(0, ip(9, 7), ip(8, 1)));	/* any address of ours, by any card */
	conf(0)->arp_ignore = 1;
	KEXPECT(answered(0, ip(9, 7), ip(9, 1)));
	KEXPECT(!answered(0, ip(9, 7), ip(8, 1)));
	conf(0)->arp_ignore = 2;
	KEXPECT(answered(0, ip(9, 7), ip(9, 1)));
	KEXPECT(!answered(0, ip(7, 7), ip(9, 1)));
	conf(0)->arp_ignore = 8;
	KEXPECT(!answered(0, ip(9, 7), ip(9, 1)));
	conf(0)->arp_ignore = 0;
	conf(0)->arp_filter = 1;			/* 10.8.0.7's answers would go by kt1 */
	KEXPECT(!answered(0, ip(8, 7), ip(9, 1)));
	KEXPECT(answered(0, ip(9, 7), ip(9, 1)));
	conf(0)->arp_filter = 0;
	/* For others: only a router does, and only when told to. */
	KEXPECT(!answered(0, ip(9, 7), ip(8, 9)));
	conf(0)->proxy_arp = 1;
	KEXPECT(!answered(0, ip(9, 7), ip(8, 9)));
	conf(0)->forwarding = 1;
	KEXPECT(answered(0, ip(9, 7), ip(8, 9)));
	KEXPECT(!answered(0, ip(9, 7), ip(9, 9)));
	conf(0)->proxy_arp = 0;
	conf(0)->proxy_arp_pvlan = 1;
	KEXPECT(answered(0, ip(9, 7), ip(9, 9)));
	conf(0)->proxy_arp_pvlan = conf(0)->forwarding = 0;
}

static void forward_tests(void)
{
	struct fib_route *r;
	int type;

	KEXPECT(known(1, ip(8, 5)));
	KEXPECT(known(0, ip(9, 5)));
	KEXPECT(known(0, ip(9, 254)));
	quiet();
	echo_in(0, ip(9, 5), ip(8, 5), 64);
	KEXPECT_EQ(icmp_sent(1), -1);
	conf(0)->forwarding = 1;
	echo_in(0, ip(9, 5), ip(8, 5), 64);
	KEXPECT_EQ(icmp_sent(1), ICMP_ECHO);
	echo_in(0, ip(9, 5), ip(8, 5), 1);
	KEXPECT_EQ(icmp_sent(1), -1);
	KEXPECT_EQ(icmp_sent(0), ICMP_TIME_EXCEEDED);
	/* Back where it came from: the sender is told, the packet goes on. */
	r = fib_route_alloc(1, GFP_KERNEL);
	KREQUIRE(r);
	r->family = AF_INET;
	r->type = RTN_UNICAST;
	r->protocol = RTPROT_STATIC;
	r->dst = ipaddr_v4(ip(7, 0));
	r->dst_len = 24;
	r->nh[0].has_gw = true;
	r->nh[0].gw = ipaddr_v4(ip(9, 254));
	rtnl_lock();
	KEXPECT_EQ(fib_route_add(&init_net, r, 0x400), 0);
	rtnl_unlock();
	quiet();
	echo_in(0, ip(9, 5), ip(7, 3), 64);
	type = icmp_sent(0);
	KEXPECT_EQ(type, ICMP_REDIRECT);
	KEXPECT_EQ(icmp_sent(0), ICMP_ECHO);
	conf(0)->send_redirects = net_inet(&init_net)->conf4_all.send_redirects = 0;
	echo_in(0, ip(9, 5), ip(7, 3), 64);
	KEXPECT_EQ(icmp_sent(0), ICMP_ECHO);
	conf(0)->send_redirects = net_inet(&init_net)->conf4_all.send_redirects = 1;
	conf(0)->forwarding = 0;
}

/* A burst of TCP from 10.9.0.5 to 10.8.0.5: segments of 1000 bytes, which fit the way in. */
static void burst_in(u16 frag_off)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 4096, GFP_KERNEL);
	struct tcp_hdr_wire *t;
	struct eth_hdr *e;
	struct ip_hdr *h;

	if (!p)
		return;
	e = (struct eth_hdr *)pkt_put(p, ETH_HLEN);
	*e = (struct eth_hdr){ .proto = to_be16(ETH_P_IP) };
	memcpy(e->dst, card[0]->addr, ETH_ALEN);
	memcpy(e->src, peer_mac, ETH_ALEN);
	h = (struct ip_hdr *)pkt_put(p, sizeof(*h));
	t = (struct tcp_hdr_wire *)pkt_put(p, sizeof(*t));
	memset(pkt_put(p, 2500), 'b', 2500);
	*h = (struct ip_hdr){ .ver_ihl = 0x45, .tot_len = to_be16(sizeof(*h) + sizeof(*t) + 2500), .frag_off = to_be16(frag_off),
		.ttl = 64, .proto = IPPROTO_TCP, .src = ip(9, 5), .dst = ip(8, 5) };
	h->csum = csum_fold(csum_partial(h, sizeof(*h), 0));
	*t = (struct tcp_hdr_wire){ .src = to_be16(1), .dst = to_be16(2), .doff_x = 5 << 4, .flags = TCPF_ACK };
	p->trans_off = (u16)((u8 *)t - p->head);
	p->csum_state = CSUM_PARTIAL;
	p->csum_start = p->trans_off;
	p->csum_offset = offsetof(struct tcp_hdr_wire, csum);
	p->gso_size = 1000;
	p->gso_segs = 3;
	p->gso_type = GSO_TCPV4;
	up(0, p);
}

/* It goes on in packets of the way out, or not at all. */
static void burst_tests(void)
{
	u32 bytes = 0, n = 0;
	struct pkt *p;

	KEXPECT(known(1, ip(8, 5)));
	KEXPECT(known(0, ip(9, 5)));
	conf(0)->forwarding = 1;
	rtnl_lock();
	KEXPECT_EQ(netdev_set_mtu(card[1], 576), 0);
	rtnl_unlock();
	quiet();
	burst_in(0);
	for (; (p = sent(1, ETH_P_IP)) != NULL; n++) {
		KEXPECT(p->len <= ETH_HLEN + 576);
		bytes += p->len - ETH_HLEN - (u32)sizeof(struct ip_hdr);
		pkt_free(p);
	}
	KEXPECT_EQ(n, 5);
	KEXPECT_EQ(bytes, 2500 + 3 * sizeof(struct tcp_hdr_wire));
	burst_in(IP_DF);
	KEXPECT(!sent(1, ETH_P_IP));
	KEXPECT_EQ(icmp_sent(0), ICMP_DEST_UNREACH);
	conf(0)->forwarding = 0;
}

/* A router's redirect about what we sent to 10.7.0.3 through 10.9.0.254. */
static void redirect_in(be32_t from, be32_t gw)
{
	struct pkt *p = frame(0, ETH_P_IP, peer_mac, false);
	struct ip_hdr *h, *q;
	struct icmp_hdr *c;

	if (!p)
		return;
	h = (struct ip_hdr *)pkt_put(p, sizeof(*h));
	c = (struct icmp_hdr *)pkt_put(p, sizeof(*c));
	q = (struct ip_hdr *)pkt_put(p, sizeof(*q));
	memset(pkt_put(p, 8), 0, 8);
	*q = (struct ip_hdr){ .ver_ihl = 0x45, .tot_len = to_be16(28), .ttl = 64, .proto = IPPROTO_UDP, .src = ip(9, 1),
		.dst = ip(7, 3) };
	*c = (struct icmp_hdr){ .type = ICMP_REDIRECT, .code = 1, .gateway = gw };
	c->csum = csum_fold(csum_partial(c, sizeof(*c) + sizeof(*q) + 8, 0));
	*h = (struct ip_hdr){ .ver_ihl = 0x45, .tot_len = to_be16((u16)(2 * sizeof(*h) + sizeof(*c) + 8)), .ttl = 64,
		.proto = IPPROTO_ICMP, .src = from, .dst = ip(9, 1) };
	h->csum = csum_fold(csum_partial(h, sizeof(*h), 0));
	up(0, p);
}

static be32_t way(void)
{
	struct flow f = { .dst = ipaddr_v4(ip(7, 3)), .src = ipaddr_v4((be32_t){ 0 }), .family = AF_INET };
	be32_t gw = { 0 };
	struct route r;

	if (!route_output(&init_net, &f, &r)) {
		gw = r.gw.w[3];
		route_put(&r);
	}
	return gw;
}

static void redirect_tests(void)
{
	KEXPECT_EQ(way().raw, ip(9, 254).raw);
	redirect_in(ip(9, 77), ip(9, 253));	/* not from our router */
	KEXPECT_EQ(way().raw, ip(9, 254).raw);
	conf(0)->accept_redirects = net_inet(&init_net)->conf4_all.accept_redirects = 0;
	redirect_in(ip(9, 254), ip(9, 253));
	KEXPECT_EQ(way().raw, ip(9, 254).raw);
	conf(0)->accept_redirects = net_inet(&init_net)->conf4_all.accept_redirects = 1;
	redirect_in(ip(9, 254), ip(9, 253));
	KEXPECT_EQ(way().raw, ip(9, 253).raw);
	pmtu_flush(&init_net);
	KEXPECT_EQ(way().raw, ip(9, 254).raw);
}

KTEST(inet, policy)
{
	if (!setup()) {
		ktest_fail(__FILE__, __LINE__, "two cards", 0, 0);
		teardown();
		return;
	}
	rp_filter_tests();
	arp_tests();
	forward_tests();
	redirect_tests();
	burst_tests();
	teardown();
}
