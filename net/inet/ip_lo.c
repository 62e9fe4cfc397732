/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The short way of TCP and UDP between two sockets here: a packet with its IP header goes straight to the transport, when lo
 * would bring it back unseen (no taps, no fragments, no options) and route_input() has said before that it is ours. What the
 * long way counts is counted. TCP collects: whoever sets ip_out.short_lo for it calls inet_deliver_flush() afterwards.
 */
#include <base/string.h>

#include "ip6_impl.h"
#include "ip_impl.h"
#include "route_impl.h"

static void read4(const struct ip_hdr *h, struct ip_cb *cb)
{
	*cb = (struct ip_cb){ .src = ipaddr_v4(h->src), .dst = ipaddr_v4(h->dst), .family = AF_INET, .proto = h->proto,
		.tos = h->tos, .ttl = h->ttl };
}

static void read6(const struct ip6_hdr *h, struct ip_cb *cb)
{
	u32 word = be32(h->ver_tc_flow);

	*cb = (struct ip_cb){ .src = ip6_addr(h->src), .dst = ip6_addr(h->dst), .family = AF_INET6, .proto = h->next_hdr,
		.tos = word >> 20 & 0xff, .ttl = h->hop_limit, .flowinfo = word & 0x0fffffffu };
}

bool ip_lo_deliver(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	bool v4 = p->protocol.raw == to_be16(ETH_P_IP).raw;
	u32 hl = v4 ? sizeof(struct ip_hdr) : sizeof(struct ip6_hdr);
	struct flow f = { .iif = r->dev->ifindex, .mark = p->mark };
	struct route in = { 0 };
	struct ip_cb cb;

	if (!o || !o->short_lo || o->opt_len || o->ext_len || r->type != RTN_LOCAL || !(r->dev->flags & IFF_LOOPBACK))
		return false;
	if (v4)
		read4((struct ip_hdr *)p->data, &cb);
	else
		read6((struct ip6_hdr *)p->data, &cb);
	if (cb.proto != o->proto || (v4 && be16(((struct ip_hdr *)p->data)->frag_off) & (IP_MF | IP_OFFMASK)))
		return false;
	f.src = cb.src;
	f.dst = cb.dst;
	f.tos = cb.tos;
	if (!lo_route_find(net, &f, &in) || !loopback_pass(r->dev, p))
		return false;
	cb.iif = v4 || !in.local_ifindex ? r->dev->ifindex : in.local_ifindex;
	*ip_cb(p) = cb;
	if (v4) {
		NET_INC(net, IP_INRECEIVES);
		NET_ADD(net, IPEXT_INOCTETS, p->len);
		NET_INC(net, IP_INDELIVERS);
	} else {
		NET_INC(net, IP6_INRECEIVES);
		NET_INC(net, IP6_INDELIVERS);
	}
	pkt_pull(p, hl);
	pkt_set_trans(p);
	if (!inet_deliver(net, p))
		pkt_free(p);	/* cannot be: the two transports are always there */
	return true;
}
