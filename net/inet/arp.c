/* SPDX-License-Identifier: MPL-2.0 */
/* ARP: questions and answers about IPv4's link addresses. Source: RFC 826, RFC 5227 for probes. */
#include <base/err.h>
#include <base/string.h>

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

static void arp_solicit(struct neigh *n, bool unicast)
{
	struct ipaddr src = { 0 };
	u8 ha[NETDEV_MAX_ADDR];

	(void)inet_select_addr(n->dev->net, n->dev, &n->addr, RT_SCOPE_LINK, &src);
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

/* Shall we answer for tip on this device? */
static bool answers(struct net *net, struct net_device *dev, const struct ipaddr *tip)
{
	struct inet_dev *id;
	struct net_ifaddr *a;
	bool yes;

	rcu_read_lock();
	id = dev_inet(dev);
	a = inet_addr_find(net, tip, id && id->conf4.arp_ignore ? dev : NULL);
	yes = id && a && a->scope < RT_SCOPE_HOST;
	rcu_read_unlock();
	return yes;
}

static void arp_one(struct net_device *dev, struct pkt *p)
{
	struct net *net = dev->net;
	struct ipaddr sip, tip;
	struct arp_hdr h;
	struct neigh *n;
	bool ours;
	u16 op;

	if (dev->flags & (IFF_NOARP | IFF_LOOPBACK) || pkt_read(p, 0, &h, sizeof(h)))
		return;
	op = be16(h.op);
	if (be16(h.hrd) != dev->type || be16(h.pro) != ETH_P_IP || h.hln != ETH_ALEN || h.pln != 4 ||
	    (op != ARPOP_REQUEST && op != ARPOP_REPLY))
		return;
	sip = ipaddr_v4(h.sip);
	tip = ipaddr_v4(h.tip);
	if (ipaddr_multicast(&tip) || ipaddr_loopback(&tip) || ipaddr_loopback(&sip) || ipaddr_multicast(&sip))
		return;
	ours = answers(net, dev, &tip);
	if (op == ARPOP_REQUEST && ours && (ipaddr_any(&sip) || !inet_addr_find(net, &sip, NULL)))
		arp_send(dev, ARPOP_REPLY, h.sha, h.tip, h.sip, h.sha);
	if (ipaddr_any(&sip))
		return;
	/* Learn from questions to us, and from answers about those we know. */
	n = neigh_get(net, dev, &sip, ours && op == ARPOP_REQUEST);
	if (!n)
		return;
	(void)neigh_update(n, h.sha, op == ARPOP_REPLY && p->type == PKT_HOST ? NUD_REACHABLE : NUD_STALE, NEIGH_OVERRIDE);
	neigh_put(n);
}

static void arp_receive(struct net_device *dev, struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL) {
		arp_one(dev, p);
		pkt_free(p);
	}
}

static const struct net_proto arp_proto = { .ethertype = ETH_P_ARP, .receive = arp_receive };

void arp_init(void)
{
	neigh_ops_register(&arp_ops);
	(void)net_proto_register(&arp_proto);
}
