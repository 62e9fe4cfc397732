/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The short way of TCP and UDP between two sockets here: a packet with its IP header goes straight to the transport, when lo
 * would bring it back unseen (no taps, no fragments, no options) and route_input() says that it is ours. What the
 * long way counts is counted. TCP collects: whoever sets ip_out.short_lo for it calls inet_deliver_flush() afterwards.
 */
#include <base/string.h>

#include "ip6_impl.h"
#include "ip_impl.h"
#include "route_impl.h"

/* Into cb what both heads of IP say. False: a fragment. */
static bool read4(const struct ip_hdr *h, struct ip_cb *cb)
{
	cb->src = ipaddr_v4(h->src);
	cb->dst = ipaddr_v4(h->dst);
	cb->family = AF_INET;
	cb->proto = h->proto;
	cb->tos = h->tos;
	cb->ttl = h->ttl;
	return !(h->frag_off.raw & to_be16(IP_MF | IP_OFFMASK).raw);
}

static void read6(const struct ip6_hdr *h, struct ip_cb *cb)
{
	u32 word = be32(h->ver_tc_flow);

	cb->src = ip6_addr(h->src);
	cb->dst = ip6_addr(h->dst);
	cb->family = AF_INET6;
	cb->proto = h->next_hdr;
	cb->tos = word >> 20 & 0xff;
	cb->ttl = h->hop_limit;
	cb->flowinfo = word & 0x0fffffffu;
}

/*
 * Would route_input() say that it is ours? It is asked where it is not known: the long way instead would let what follows overtake
 * this packet, and a pure ACK that comes when its connection is over may look like a new one's (SYN cookies).
 */
static bool is_ours(struct net *net, struct net_device *lo, const struct ip_cb *cb, u32 mark, int *owner)
{
	struct route in;
	bool ours;

	if (lo_route_find(net, &cb->src, &cb->dst, cb->tos, mark, owner))
		return true;
	if (route_input(net, lo, &cb->src, &cb->dst, cb->tos, mark, &in))
		return false;
	ours = in.type == RTN_LOCAL && !in.has_gw && !in.dev && !in.fib;
	*owner = in.local_ifindex;
	route_put(&in);
	return ours;
}

bool ip_lo_deliver(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	bool v4 = p->protocol.raw == to_be16(ETH_P_IP).raw;
	u32 hl = v4 ? sizeof(struct ip_hdr) : sizeof(struct ip6_hdr);
	struct ip_cb *cb = ip_cb(p);
	int owner;

	if (!o || !o->short_lo || o->opt_len || o->ext_len || r->type != RTN_LOCAL || !(r->dev->flags & IFF_LOOPBACK))
		return false;
	memset(cb, 0, sizeof(*cb));
	if (!v4)
		read6((struct ip6_hdr *)p->data, cb);
	else if (!read4((struct ip_hdr *)p->data, cb))
		return false;
	if (cb->proto != o->proto || !is_ours(net, r->dev, cb, p->mark, &owner) || !loopback_pass(r->dev, p))
		return false;
	cb->iif = v4 || !owner ? r->dev->ifindex : owner;
	if (v4) {
		NET_INC(net, IP_INRECEIVES);
		NET_ADD(net, IPEXT_INOCTETS, p->len);
		NET_INC(net, IP_INDELIVERS);
	} else {
		IP6_INC(net, r->dev, IP6_INRECEIVES);
		IP6_ADD(net, r->dev, IP6_INOCTETS, p->len);
		mib6_ecn(net, r->dev, cb->tos, p->gso_segs > 1 ? p->gso_segs : 1);
		IP6_INC(net, r->dev, IP6_INDELIVERS);
	}
	pkt_pull(p, hl);
	pkt_set_trans(p);
	if (!inet_deliver(net, p))
		pkt_free(p);	/* cannot be: the two transports are always there */
	return true;
}
