/* SPDX-License-Identifier: MPL-2.0 */
/* ARP: questions and answers about IPv4's link addresses. Source: RFC 826, RFC 5227 for probes. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>

#include "route_impl.h"

static void arp_send(struct net_device *dev, u16 op, const u8 *to, be32_t sip, be32_t tip, const u8 *tha)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, sizeof(struct arp_hdr), GFP_ATOMIC);
	struct arp_hdr *h;

	if (!p)
		return;
	h = (struct arp_hdr *)pkt_put(p, sizeof(*h));
	*h = (struct arp_hdr){ .hrd = to_be16(dev->type), .pro = to_be16(ETH_P_IP), .hln = ETH_ALEN, .pln = 4,
		.op = to_be16(op) };
	memcpy(h->sha, dev->addr, ETH_ALEN);
	h->sip = sip;
	if (tha)
		memcpy(h->tha, tha, ETH_ALEN);
	h->tip = tip;
	pkt_set_net(p);
	p->type = PKT_HOST;
	if (netdev_header(p, dev, ETH_P_ARP, to)) {
		pkt_free(p);
		return;
	}
	(void)netdev_xmit(p);
}

/* Whose address the question carries: that of the packet that waits, as far as arp_announce lets it be told. */
static struct ipaddr announce(struct neigh *n)
{
	struct net_device *dev = n->dev;
	struct net *net = dev->net;
	struct ipaddr src = ipaddr_v4((be32_t){ 0 }), waiting = src;
	const struct inet_dev *id;
	int how = 2;

	spin_lock(&n->lock);
	if (n->queue.first && pkt_linear(n->queue.first) >= sizeof(struct ip_hdr))
		waiting = ipaddr_v4(((const struct ip_hdr *)n->queue.first->data)->src);
	spin_unlock(&n->lock);
	rcu_read_lock();
	id = dev_inet(dev);
	if (id)
		how = CONF4_MAX(net, id, arp_announce);
	if (how < 2 && !ipaddr_any(&waiting) && inet_addr_type(net, NULL, &waiting) == RTN_LOCAL &&
	    (!how || inet_addr_onlink(id, &n->addr, &waiting)))
		src = waiting;
	rcu_read_unlock();
	if (ipaddr_any(&src))
		(void)inet_select_addr(net, dev, &n->addr, RT_SCOPE_LINK, &src);
	return src;
}

static void arp_solicit(struct neigh *n, bool unicast)
{
	struct ipaddr src = announce(n);
	u8 ha[NETDEV_MAX_ADDR];

	spin_lock(&n->lock);
	memcpy(ha, n->ha, sizeof(ha));
	spin_unlock(&n->lock);
	arp_send(n->dev, ARPOP_REQUEST, unicast ? ha : NULL, src.w[3], n->addr.w[3], NULL);
}

static void arp_error(struct neigh *n, struct pkt *p)
{
	(void)n;
	icmp_send(n->dev->net, p, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	pkt_free(p);
}

static const struct neigh_ops arp_ops = { .family = AF_INET, .solicit = arp_solicit, .error = arp_error };

/* arp_ignore: addresses of ours about which we say nothing here. RCU. */
static bool ignored(struct net *net, const struct inet_dev *id, const struct ipaddr *sip, const struct ipaddr *tip)
{
	static const struct ipaddr any = { { { 0 }, { 0 }, { 0xffff0000u }, { 0 } } };

	switch (CONF4_MAX(net, id, arp_ignore)) {
	case 1:
		return !inet_addr_confirm(net, id, &any, tip, RT_SCOPE_HOST);
	case 2:
		return !inet_addr_confirm(net, id, sip, tip, RT_SCOPE_HOST);
	case 3:
		return !inet_addr_confirm(net, NULL, &any, tip, RT_SCOPE_LINK);
	case 8:
		return true;
	default:
		return false;
	}
}

/* arp_filter: would our packets to sip go by another device? */
static bool filtered(struct net *net, struct net_device *dev, const struct ipaddr *sip, const struct ipaddr *tip)
{
	struct flow f = { .dst = *sip, .src = *tip, .family = AF_INET };
	struct route r;
	bool other;

	if (route_output(net, &f, &r))
		return true;
	other = r.dev != dev;
	if (other)
		NET_INC(net, TCPEXT_ARPFILTER);
	route_put(&r);
	return other;
}

/* Shall we answer sip's question for tip on this device, for ourselves or (proxy) for who is behind us? */
static bool answers(struct net *net, struct net_device *dev, const struct ipaddr *sip, const struct ipaddr *tip)
{
	const struct inet_dev *id;
	struct route r;
	bool yes = false, filter = false;

	rcu_read_lock();
	id = dev_inet(dev);
	if (!id)
		goto out;
	if (ipaddr_any(sip)) {	/* somebody wants the address for itself */
		yes = inet_addr_type(net, NULL, tip) == RTN_LOCAL && !ignored(net, id, sip, tip);
		goto out;
	}
	if (route_input(net, dev, sip, tip, 0, 0, &r))
		goto out;
	if (r.type == RTN_LOCAL) {
		yes = !ignored(net, id, sip, tip);
		filter = yes && CONF4_OR(net, id, arp_filter);
	} else if (r.type == RTN_UNICAST && READ_ONCE(id->conf4.forwarding)) {
		yes = r.dev != dev ? CONF4_OR(net, id, proxy_arp) : CONF4_OR(net, id, proxy_arp_pvlan);
	}
	route_put(&r);
out:
	rcu_read_unlock();
	return yes && !(filter && filtered(net, dev, sip, tip));
}

/* Unasked news of sip: are they for us? */
static bool accepts(struct net *net, struct net_device *dev, bool gratuitous, bool *drop)
{
	const struct inet_dev *id;
	bool yes;

	rcu_read_lock();
	id = dev_inet(dev);
	*drop = !id || (gratuitous && CONF4_OR(net, id, drop_gratuitous_arp));
	yes = id && CONF4_OR(net, id, arp_accept);
	rcu_read_unlock();
	return yes;
}

static void learn(struct net_device *dev, const struct arp_hdr *h, const struct ipaddr *sip, bool create, bool garp, bool sure)
{
	struct net *net = dev->net;
	struct inet_dev *id;
	struct neigh *n = neigh_get(net, dev, sip, create);
	u64 locked = 0;

	if (!n)
		return;
	/* Of several answers to one question (proxies) the first counts. */
	rcu_read_lock();
	id = dev_inet(dev);
	if (id)
		locked = (u64)max(READ_ONCE(id->parms4.locktime_ms), 0) * NSEC_PER_MSEC;
	rcu_read_unlock();
	(void)neigh_update(n, h->sha, sure ? NUD_REACHABLE : NUD_STALE,
		garp || clock_monotonic_ns() > READ_ONCE(n->updated_ns) + locked ? NEIGH_OVERRIDE : 0);
	neigh_put(n);
}

static void arp_one(struct net_device *dev, struct pkt *p)
{
	struct net *net = dev->net;
	struct ipaddr sip, tip;
	bool asked, garp, drop, accept;
	struct arp_hdr h;
	u16 op;

	if (dev->flags & (IFF_NOARP | IFF_LOOPBACK) || pkt_read(p, 0, &h, sizeof(h)))
		return;
	op = be16(h.op);
	if (be16(h.hrd) != dev->type || be16(h.pro) != ETH_P_IP || h.hln != ETH_ALEN || h.pln != 4 ||
	    (op != ARPOP_REQUEST && op != ARPOP_REPLY))
		return;
	sip = ipaddr_v4(h.sip);
	tip = ipaddr_v4(h.tip);
	if (ipaddr_multicast(&tip) || ipaddr_multicast(&sip) || (op == ARPOP_REPLY && !memcmp(h.sha, dev->addr, ETH_ALEN)))
		return;
	if (ipaddr_loopback(&tip) || ipaddr_loopback(&sip)) {
		bool ok;

		rcu_read_lock();
		ok = dev_inet(dev) && CONF4_OR(net, dev_inet(dev), route_localnet);
		rcu_read_unlock();
		if (!ok)
			return;
	}
	garp = ipaddr_eq(&sip, &tip);
	accept = accepts(net, dev, garp, &drop);
	if (drop)
		return;
	asked = op == ARPOP_REQUEST && answers(net, dev, &sip, &tip);
	if (asked)
		arp_send(dev, ARPOP_REPLY, h.sha, h.tip, h.sip, h.sha);
	if (ipaddr_any(&sip))
		return;
	/* Learn from questions to us, and from answers about those we know. */
	if (asked)
		learn(dev, &h, &sip, true, false, false);
	else
		learn(dev, &h, &sip, accept && (garp || op == ARPOP_REPLY) && inet_addr_type(net, NULL, &sip) == RTN_UNICAST, garp,
		      op == ARPOP_REPLY && p->type == PKT_HOST);
}

static void arp_receive(struct net_device *dev, struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL) {
		arp_one(dev, p);
		pkt_free(p);
	}
}

/* arp_notify: tell the link of our addresses when the device comes up or changes its own. Under rtnl. */
static void arp_event(struct net_notifier *n, struct net *net, enum net_event ev, void *object)
{
	struct net_device *dev = object;
	const struct net_ifaddr *a;
	const struct inet_dev *id;

	(void)n;
	if (ev != NETDEV_UP && ev != NETDEV_CHANGEADDR)
		return;
	id = dev_inet(dev);
	if (!id || dev->flags & (IFF_NOARP | IFF_LOOPBACK) || !netdev_running(dev) || !CONF4_OR(net, id, arp_notify))
		return;
	list_for_each_entry(a, &id->addrs4, link)
		arp_send(dev, ARPOP_REQUEST, NULL, a->local.w[3], a->local.w[3], NULL);
}

static struct net_notifier arp_notifier = { .fn = arp_event };

static const struct net_proto arp_proto = { .ethertype = ETH_P_ARP, .receive = arp_receive };

void arp_init(void)
{
	neigh_ops_register(&arp_ops);
	rtnl_lock();
	net_notifier_register(&arp_notifier);
	rtnl_unlock();
	(void)net_proto_register(&arp_proto);
}
