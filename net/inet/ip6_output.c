/* SPDX-License-Identifier: MPL-2.0 */
/* IPv6 down: header, fragments by fragment header, the copies of multicasts that we hear ourselves. Source: RFC 8200, 6437. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <kernel/random.h>

#include "ip6_impl.h"

static int send_one(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	struct net_device *dev = r->dev;
	struct ip6_hdr *h = (struct ip6_hdr *)p->data;
	struct ipaddr hop = r->gw, dst = ip6_addr(h->dst);
	bool mcast = ipaddr_multicast(&dst), lo = dev->flags & IFF_LOOPBACK;

	if (!ip6_dev_enabled(dev)) {
		IP6_INC(net, r->dev, IP6_OUTDISCARDS);
		pkt_free(p);
		return -ENETUNREACH;
	}
	if (mcast) {
		IP6_INC(net, dev, IP6_OUTMCASTPKTS);
		IP6_ADD(net, dev, IP6_OUTMCASTOCTETS, p->len);
	}
	p->type = mcast ? PKT_MULTICAST : PKT_HOST;
	p->protocol = to_be16(ETH_P_IPV6);
	pkt_set_net(p);
	if (mcast && !lo && (!o || !o->sk || o->sk->o.mc_loop6) && inet_mc_member(dev, &dst, NULL))
		inet_loop_back(dev, p, ip6_receive);
	if (mcast && !lo && (!h->hop_limit || ip6_mc_scope(&dst) <= 1)) {	/* not for the wire */
		pkt_free(p);
		return 0;
	}
	if (ip_lo_deliver(net, r, p, o))
		return 0;
	return neigh_output(net, dev, &hop, p);
}

/* Where a local packet may be cut: behind the headers that routers read. False: nonsense of a raw sender. */
static bool cut_point(struct pkt *p, struct ip6_walk *w)
{
	u32 n = min(p->len, 1280u);

	return pkt_pull_ok(p, n) && ip6_walk(p->data, n, w) && !w->fragmented;
}

/* One piece: payload [off, off + n) of those behind the unfragmentable part. */
static struct pkt *piece(struct pkt *p, const struct ip6_walk *w, u32 off, u32 n, bool more, be32_t id)
{
	u32 total = w->unfrag + (u32)sizeof(struct frag6_hdr) + n;
	struct pkt *f = pkt_alloc(PKT_HEADROOM, total, GFP_ATOMIC);
	struct frag6_hdr *fh;
	u8 *h;

	if (!f)
		return NULL;
	h = pkt_put(f, w->unfrag);
	memcpy(h, p->data, w->unfrag);
	fh = (struct frag6_hdr *)pkt_put(f, sizeof(*fh));
	*fh = (struct frag6_hdr){ .next = h[w->unfrag_next], .off = to_be16((u16)(off | more)), .id = id };
	h[w->unfrag_next] = IP6_FRAGMENT;
	if (pkt_read(p, w->unfrag + off, pkt_put(f, n), n)) {
		pkt_free(f);
		return NULL;
	}
	((struct ip6_hdr *)h)->payload_len = to_be16((u16)(total - sizeof(struct ip6_hdr)));
	f->hash = p->hash;
	f->hash_valid = p->hash_valid;
	f->mark = p->mark;
	f->priority = p->priority;
	return f;
}

/* Cut p in pieces of the MTU. Consumes p. */
static int fragment(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o, u32 mtu)
{
	be32_t id = { (u32)random_u64() };
	struct ip6_walk w;
	u32 total, step;
	int err = pkt_csum_help(p);

	if (!err && (!cut_point(p, &w) || mtu < w.unfrag + sizeof(struct frag6_hdr) + 8))
		err = -EMSGSIZE;
	if (err)
		goto out;
	total = p->len - w.unfrag;
	step = (mtu - w.unfrag - (u32)sizeof(struct frag6_hdr)) & ~7u;
	if (total > 65535)
		err = -EMSGSIZE;
	for (u32 off = 0; !err && off < total; off += step) {
		u32 n = min(step, total - off);
		struct pkt *f = piece(p, &w, off, n, off + n < total, id);

		err = -ENOMEM;
		if (!f)
			break;
		IP6_INC(net, r->dev, IP6_FRAGCREATES);
		err = send_one(net, r, f, o);
	}
out:
	if (err)
		IP6_INC(net, r->dev, IP6_FRAGFAILS);
	else
		IP6_INC(net, r->dev, IP6_FRAGOKS);
	pkt_free(p);
	return err;
}

int ip6_transmit(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	u32 mtu = o && o->noprobe ? READ_ONCE(r->dev->mtu) : r->mtu;

	if (p->len <= mtu || p->gso_size)
		return send_one(net, r, p, o);
	if (!o || o->df || o->hdr_included) {
		IP6_INC(net, r->dev, IP6_FRAGFAILS);
		pkt_free(p);
		return -EMSGSIZE;
	}
	return fragment(net, r, p, o, mtu);
}

static u8 hop_limit(struct net *net, const struct route *r, const struct ip_out *o)
{
	const struct inet_dev *id;
	int v = o->ttl;

	if (v < 0 && ipaddr_multicast(&o->dst))
		v = 1;
	if (v < 0 && r->fib)
		v = r->fib->metrics[FIB_METRIC_HOPLIMIT] ? (int)r->fib->metrics[FIB_METRIC_HOPLIMIT] : -1;
	if (v < 0) {
		rcu_read_lock();
		id = dev_inet(r->dev);
		v = id ? READ_ONCE(id->conf6.hop_limit) : net_inet(net)->sysctl.v6_hop_limit;
		rcu_read_unlock();
	}
	return (u8)v;
}

/* net.ipv6.auto_flowlabels: 0 never, 1 who does not refuse, 2 who asks, 3 always. The first bit says: nobody's lease (RFC 6437). */
static u32 flow_label(struct net *net, const struct pkt *p, const struct ip_out *o)
{
	int mode = READ_ONCE(net_inet(net)->sysctl.v6_auto_flowlabels);
	u32 label = o->flowlabel & 0xfffffu, hash;
	bool wanted = o->label ? o->label == LABEL_AUTO : mode & 1;

	if (label || !mode || (!wanted && mode != 3))
		return label;
	hash = p->hash_valid ? p->hash : ipaddr_hash(&o->dst, ipaddr_hash(&o->src, o->proto));
	return (hash * 0x9e3779b1u) >> 12 | 0x80000u;
}

int ip6_output(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o)
{
	u32 hl = sizeof(struct ip6_hdr) + o->ext_len;
	struct ip6_hdr *h;

	IP6_INC(net, r->dev, IP6_OUTREQUESTS);
	IP6_ADD(net, r->dev, IP6_OUTOCTETS, p->len + (o->hdr_included ? 0 : hl));
	if (o->hdr_included) {
		if (pkt_pull_ok(p, sizeof(*h)))
			return ip6_transmit(net, r, p, o);
		pkt_free(p);
		return -EINVAL;
	}
	if (p->len + o->ext_len > 65535) {
		pkt_free(p);
		return -EMSGSIZE;
	}
	if (pkt_writable(p, hl + 32, GFP_ATOMIC)) {
		IP6_INC(net, r->dev, IP6_OUTDISCARDS);
		pkt_free(p);
		return -ENOBUFS;
	}
	pkt_set_trans(p);
	if (o->ext_len)
		memcpy(pkt_push(p, o->ext_len), o->ext, o->ext_len);
	h = (struct ip6_hdr *)pkt_push(p, sizeof(*h));
	*h = (struct ip6_hdr){
		.ver_tc_flow = to_be32(6u << 28 | (u32)o->tos << 20 | flow_label(net, p, o)),
		.payload_len = to_be16((u16)(p->len - sizeof(*h))), .next_hdr = o->ext_len ? o->ext_first : o->proto,
		.hop_limit = hop_limit(net, r, o),
	};
	memcpy(h->src, &o->src, 16);
	memcpy(h->dst, &o->dst, 16);
	p->mark = o->mark;
	p->priority = o->priority;
	return ip6_transmit(net, r, p, o);
}

/* --- packets of neighbour discovery and MLD --- */

void ip6_ctl_finish(struct net_device *dev, struct pkt *p, const struct ipaddr *src, const struct ipaddr *dst, bool alert)
{
	static const u8 hbh[8] = { IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };	/* router alert: MLD */
	struct icmp_hdr *ic = (struct icmp_hdr *)p->data;
	struct ip6_hdr *h;

	pkt_set_trans(p);
	ic->csum.raw = 0;
	ic->csum = csum_fold(pkt_csum(p, 0, p->len, inet_pseudo(src, dst, IPPROTO_ICMPV6, p->len)));
	if (alert)
		memcpy(pkt_push(p, sizeof(hbh)), hbh, sizeof(hbh));
	h = (struct ip6_hdr *)pkt_push(p, sizeof(*h));
	*h = (struct ip6_hdr){ .ver_tc_flow = to_be32(6u << 28), .payload_len = to_be16((u16)(p->len - sizeof(*h))),
		.next_hdr = alert ? IP6_HOPOPTS : IPPROTO_ICMPV6, .hop_limit = alert ? 1 : 255 };
	memcpy(h->src, src, 16);
	memcpy(h->dst, dst, 16);
	pkt_set_net(p);
	p->protocol = to_be16(ETH_P_IPV6);
	p->type = ipaddr_multicast(dst) ? PKT_MULTICAST : PKT_HOST;
	p->dev = dev;
	pkt_hold_dev(p);
}

void ip6_ctl_send(struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL) {
		struct net_device *dev = p->dev;
		struct ipaddr dst;

		if (p->protocol.raw == to_be16(ETH_P_IP).raw) {		/* IGMP's come the same way */
			dst = ipaddr_v4(((struct ip_hdr *)p->data)->dst);
			NET_INC(dev->net, IP_OUTREQUESTS);
			NET_INC(dev->net, IPEXT_OUTMCASTPKTS);
			(void)neigh_output(dev->net, dev, &dst, p);
			continue;
		}
		dst = ip6_addr(((struct ip6_hdr *)p->data)->dst);
		IP6_INC(dev->net, dev, IP6_OUTREQUESTS);
		IP6_ADD(dev->net, dev, IP6_OUTOCTETS, p->len);
		if (ipaddr_multicast(&dst)) {
			IP6_INC(dev->net, dev, IP6_OUTMCASTPKTS);
			IP6_ADD(dev->net, dev, IP6_OUTMCASTOCTETS, p->len);
		}
		icmp6_count(dev->net, dev, *(const u8 *)pkt_trans(p), true);
		if (ip6_dev_enabled(dev))
			(void)neigh_output(dev->net, dev, &dst, p);
		else
			pkt_free(p);
	}
}

void ip6_output_init(void)
{
	ip6_output_hook = ip6_output;
}
