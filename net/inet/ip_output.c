/* SPDX-License-Identifier: MPL-2.0 */
/* IPv4 down: header, fragments, the copies of multicasts and broadcasts that we hear ourselves. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <kernel/random.h>

#include "ip_impl.h"
#include "route_impl.h"

int (*ip6_output_hook)(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);

static be16_t next_id(void)
{
	static u32 id;

	return to_be16((u16)__atomic_add_fetch(&id, 1, __ATOMIC_RELAXED));
}

void inet_loop_back(struct net_device *dev, struct pkt *p, void (*receive)(struct net_device *dev, struct pkt_list *l))
{
	struct pkt *c = pkt_copy(p, PKT_HEADROOM, GFP_ATOMIC);
	struct pkt_list l = PKT_LIST_INIT;

	if (!c)
		return;
	c->dev = dev;
	c->mac_off = c->net_off = (u16)(c->data - c->head);
	c->local = true;
	if (c->csum_state != CSUM_PARTIAL)
		c->csum_state = CSUM_UNNECESSARY;
	pkt_list_add(&l, c);
	receive(dev, &l);
}

static int send_one(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	struct net_device *dev = r->dev;
	struct ip_hdr *h = (struct ip_hdr *)p->data;
	struct ipaddr hop = r->gw;
	bool loop = r->type == RTN_BROADCAST;

	if (r->type == RTN_MULTICAST) {
		struct ipaddr dst = ipaddr_v4(h->dst);

		loop = (!o || !o->sk || o->sk->o.mc_loop) && inet_mc_member(dev, &dst, NULL);
		NET_INC(net, IPEXT_OUTMCASTPKTS);
	}
	if (loop && r->type == RTN_BROADCAST)
		NET_INC(net, IPEXT_OUTBCASTPKTS);
	p->type = r->type == RTN_BROADCAST ? PKT_BROADCAST : r->type == RTN_MULTICAST ? PKT_MULTICAST : PKT_HOST;
	p->protocol = to_be16(ETH_P_IP);
	pkt_set_net(p);
	NET_ADD(net, IPEXT_OUTOCTETS, p->len);
	if (loop && !(dev->flags & IFF_LOOPBACK))
		inet_loop_back(dev, p, ip_receive);
	if (r->type == RTN_MULTICAST && h->ttl == 0) {
		pkt_free(p);
		return 0;
	}
	if (ip_lo_deliver(net, r, p, o))
		return 0;
	return neigh_output(net, dev, &hop, p);
}

/* Cut p in pieces of the MTU. Consumes p. */
static int fragment(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o, u32 mtu)
{
	struct ip_hdr *h = (struct ip_hdr *)p->data;
	u32 hl = ip_hdr_len(h), total = p->len - hl, step = mtu > hl + 8 ? (mtu - hl) & ~7u : 8, base;
	int err = pkt_csum_help(p);

	h = (struct ip_hdr *)p->data;
	base = be16(h->frag_off) & (IP_OFFMASK | IP_MF);
	for (u32 off = 0; !err && off < total; off += step) {
		u32 n = min(step, total - off);
		struct pkt *f = pkt_alloc(PKT_HEADROOM, hl + n, GFP_ATOMIC);
		struct ip_hdr *fh;
		u32 fo = (base & IP_OFFMASK) + off / 8;

		err = -ENOMEM;
		if (!f)
			break;
		memcpy(pkt_put(f, hl), p->data, hl);
		err = pkt_read(p, hl + off, pkt_put(f, n), n);
		if (err) {
			pkt_free(f);
			break;
		}
		if (off + n < total || base & IP_MF)
			fo |= IP_MF;
		fh = (struct ip_hdr *)f->data;
		fh->frag_off = to_be16((u16)fo);
		fh->tot_len = to_be16((u16)(hl + n));
		fh->csum.raw = 0;
		fh->csum = csum_fold(csum_partial(fh, hl, 0));
		f->hash = p->hash;
		f->hash_valid = p->hash_valid;
		f->mark = p->mark;
		f->priority = p->priority;
		NET_INC(net, IP_FRAGCREATES);
		err = send_one(net, r, f, o);
	}
	if (err)
		NET_INC(net, IP_FRAGFAILS);
	else
		NET_INC(net, IP_FRAGOKS);
	pkt_free(p);
	return err;
}

/* Joined elsewhere from packets that are too long for this way: each of them for itself. Consumes p. */
static int cut(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	struct pkt_list l = PKT_LIST_INIT;
	int err;

	pkt_set_net(p);
	err = pkt_gso_segment(p, &l);
	if (err)
		NET_INC(net, IP_OUTDISCARDS);
	while ((p = pkt_list_pop(&l)) != NULL) {
		int e = ip_transmit(net, r, p, o);

		err = err ? err : e;
	}
	return err;
}

int ip_transmit(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	struct ip_hdr *h = (struct ip_hdr *)p->data;
	u32 mtu = o && o->noprobe ? READ_ONCE(r->dev->mtu) : r->mtu;

	if (p->gso_size && !(be16(h->frag_off) & IP_DF) && pkt_segment_len(p) > mtu)
		return cut(net, r, p, o);
	if (p->len <= mtu || p->gso_size)
		return send_one(net, r, p, o);
	if (be16(h->frag_off) & IP_DF) {
		NET_INC(net, IP_FRAGFAILS);
		pkt_free(p);
		return -EMSGSIZE;
	}
	return fragment(net, r, p, o, mtu);
}

int ip_output(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	u32 hl = sizeof(struct ip_hdr) + o->opt_len;
	struct ip_hdr *h;

	NET_INC(net, IP_OUTREQUESTS);
	if (o->hdr_included)
		return ip_transmit(net, r, p, o);
	if (p->len + hl > 65535 && !p->gso_size) {
		pkt_free(p);
		return -EMSGSIZE;
	}
	if (pkt_writable(p, hl + 32, GFP_ATOMIC)) {
		NET_INC(net, IP_OUTDISCARDS);
		pkt_free(p);
		return -ENOBUFS;
	}
	pkt_set_trans(p);
	h = (struct ip_hdr *)pkt_push(p, hl);
	*h = (struct ip_hdr){
		.ver_ihl = (u8)(0x40 | hl / 4), .tos = o->tos, .tot_len = to_be16((u16)min(p->len, 65535u)), .proto = o->proto,
		.ttl = (u8)(o->ttl >= 0 ? o->ttl : ipaddr_multicast(&o->dst) ? 1 : net_inet(net)->sysctl.ip_default_ttl),
		.src = o->src.w[3], .dst = o->dst.w[3],
	};
	if (o->opt_len)
		memcpy(h + 1, o->options, o->opt_len);
	h->frag_off = to_be16(o->df ? IP_DF : 0);
	if (!o->df || p->gso_size)
		h->id = next_id();
	h->csum = csum_fold(csum_partial(h, hl, 0));
	p->mark = o->mark;
	p->priority = o->priority;
	return ip_transmit(net, r, p, o);
}

int inet_output(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	if (ipaddr_is4(&o->dst))
		return ip_output(net, r, p, o);
	if (ip6_output_hook)
		return ip6_output_hook(net, r, p, o);
	pkt_free(p);
	return -EAFNOSUPPORT;
}
