/* SPDX-License-Identifier: MPL-2.0 */
/*
 * IPv6 up: header checks, extension headers, the question whose packet it is, reassembly, delivery, forwarding.
 * Runs in the thread that brought the batch. While headers are walked, data stays at the IPv6 header; pkt_pull_ok
 * may move the bytes, so pointers are taken anew after it. Sources: RFC 8200, 5095, 5722, 6946, 8504.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>

#include "ip6_impl.h"

/* Bytes of the transport header that a first fragment must hold. */
static u32 upper_least(u8 proto)
{
	return proto == IPPROTO_TCP ? 20 : proto == IPPROTO_UDP || proto == IPPROTO_ICMPV6 ? 8 : 1;
}

static void problem(struct net *net, struct pkt *p, u8 code, u32 at)
{
	IP6_INC(net, p->dev, IP6_INHDRERRORS);
	icmp6_send(net, p, ICMP6_PARAM_PROBLEM, code, at);
}

bool ip6_dev_enabled(const struct net_device *dev)
{
	const struct inet_dev *id;
	bool on;

	rcu_read_lock();
	id = dev_inet(dev);
	on = id && !READ_ONCE(id->conf6.disable_ipv6);
	rcu_read_unlock();
	return on;
}

/* --- header --- */

static bool addrs_ok(const struct pkt *p, const struct ip_cb *cb)
{
	bool lo = p->dev->flags & IFF_LOOPBACK;

	/* Mapped addresses would be taken for IPv4's. */
	if (ipaddr_is4(&cb->src) || ipaddr_is4(&cb->dst) || ipaddr_multicast(&cb->src) || ipaddr_any(&cb->dst))
		return false;
	if (lo || p->local)
		return true;
	if (ipaddr_loopback(&cb->src) || ipaddr_loopback(&cb->dst))
		return false;
	return !ipaddr_multicast(&cb->dst) || ip6_mc_scope(&cb->dst) > 1;
}

/* Check and fill ip_cb; data stays at the IPv6 header. False: counted, drop it. */
static bool header_ok(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct ip6_hdr *h;
	u32 len, word;

	if (!pkt_pull_ok(p, sizeof(*h)))
		goto bad;
	h = (struct ip6_hdr *)p->data;
	word = be32(h->ver_tc_flow);
	if (word >> 28 != 6)
		goto bad;
	len = be16(h->payload_len) + (u32)sizeof(*h);
	if (len > p->len) {
		IP6_INC(net, p->dev, IP6_INTRUNCATEDPKTS);
		return false;
	}
	pkt_trim(p, len);
	pkt_set_net(p);
	memset(cb, 0, sizeof(*cb));
	cb->src = ip6_addr(h->src);
	cb->dst = ip6_addr(h->dst);
	cb->iif = p->dev->ifindex;
	cb->family = AF_INET6;
	cb->proto = h->next_hdr;
	cb->tos = word >> 20 & 0xff;
	cb->ttl = h->hop_limit;
	cb->flowinfo = word & 0x0fffffffu;
	if (addrs_ok(p, cb))
		return true;
bad:
	IP6_INC(net, p->dev, IP6_INHDRERRORS);
	return false;
}

/* --- extension headers --- */

/* Options at off, `size` bytes, pulled. False: dropped and told. */
static bool options(struct net *net, struct pkt *p, u32 off, u32 size, bool hop_by_hop)
{
	struct ip6_opts o;

	switch (ip6_opts_check(p->data + off, size, hop_by_hop, &o)) {
	case IP6_OPTS_OK:
		return true;
	case IP6_OPTS_PROBLEM:
		problem(net, p, ICMP6_UNKNOWN_OPTION_MCAST, off + o.at);
		break;
	case IP6_OPTS_PROBLEM_UNICAST:
		problem(net, p, ICMP6_UNKNOWN_OPTION, off + o.at);
		break;
	case IP6_OPTS_BAD:
		problem(net, p, ICMP6_BAD_FIELD, off + o.at);
		break;
	default:
		IP6_INC(net, p->dev, IP6_INHDRERRORS);
		break;
	}
	return false;
}

/* We are no router on anybody's list: a route that is done is passed over, any other refused (RFC 5095, 8200 4.4). */
static bool routing(struct net *net, struct pkt *p, u32 off)
{
	const u8 *h = p->data + off;

	if (!h[3])
		return true;
	problem(net, p, ICMP6_BAD_FIELD, off + 2);
	return false;
}

/* Where the fragment header of a whole packet in linear memory stands. */
static u32 find_fragment(const struct pkt *p, u32 *next_off)
{
	u32 off = sizeof(struct ip6_hdr), len = pkt_linear(p);

	*next_off = 6;
	while (p->data[*next_off] != IP6_FRAGMENT) {
		if (!ip6_is_ext(p->data[*next_off]) || len - off < 8)
			return 0;
		*next_off = off;
		off += (p->data[off + 1] + 1u) * 8;
		if (off > len)
			return 0;
	}
	return len - off < 8 ? 0 : off;
}

/* The fragment header of a packet that is complete now goes out of it. */
static bool cut_fragment(struct pkt *p, u32 *off, u32 *next_off)
{
	u32 at = find_fragment(p, next_off);
	struct ip6_hdr *h;

	if (!at || p->len - 8 - sizeof(*h) > 65535)
		return false;
	p->data[*next_off] = p->data[at];
	memmove(p->data + 8, p->data, at);
	pkt_pull(p, 8);
	pkt_set_net(p);
	h = (struct ip6_hdr *)p->data;
	h->payload_len = to_be16((u16)(p->len - sizeof(*h)));
	*off = at;
	return true;
}

/* RFC 8200, 4.5: the first fragment holds all headers. */
static bool first_complete(struct pkt *p)
{
	u32 n = min(p->len, 1280u);
	struct ip6_walk w;

	return pkt_pull_ok(p, n) && ip6_walk(p->data, n, &w) && w.off + upper_least(w.proto) <= p->len;
}

/* The fragment header is at *off (pulled). The whole packet, *off and *next_off in it; NULL: not yet, or not at all. */
static struct pkt *reassemble(struct net *net, struct pkt *p, u32 *off, u32 *next_off)
{
	struct frag6_hdr fh;
	struct frag_key k = { .src = ip_cb(p)->src, .dst = ip_cb(p)->dst, .family = AF_INET6 };
	u32 payload = p->len - *off - (u32)sizeof(fh), at;
	struct net_device *dev = p->dev;

	memcpy(&fh, p->data + *off, sizeof(fh));
	at = be16(fh.off) & 0xfff8u;
	IP6_INC(net, dev, IP6_REASMREQDS);
	if (be16(fh.off) & 1 && payload % 8) {
		problem(net, p, ICMP6_BAD_FIELD, offsetof(struct ip6_hdr, payload_len));
		goto drop;
	}
	if (at + payload > 65535) {
		problem(net, p, ICMP6_BAD_FIELD, *off + (u32)offsetof(struct frag6_hdr, off));
		goto drop;
	}
	if (!at && !first_complete(p)) {
		problem(net, p, ICMP6_FIRST_INCOMPLETE, 0);
		goto drop;
	}
	if (pkt_csum_help(p))
		goto drop;
	k.id = fh.id.raw;
	if (!(dev->flags & IFF_LOOPBACK) && (ipaddr_linklocal6(&k.dst) || ipaddr_multicast(&k.dst)))
		k.iif = dev->ifindex;
	pkt_pull(p, *off + (u32)sizeof(fh));
	p = frag_add(net, &k, p, at, be16(fh.off) & 1);
	if (!p)
		return NULL;
	p->dev = dev;
	if (!cut_fragment(p, off, next_off))
		goto drop;
	IP6_INC(net, dev, IP6_REASMOKS);
	return p;
drop:
	IP6_INC(net, dev, IP6_REASMFAILS);
	pkt_free(p);
	return NULL;
}

/* Each header up to the transport's; then delivery. Consumes p. */
static void local(struct net *net, struct pkt *p)
{
	u32 off = sizeof(struct ip6_hdr), next_off = 6, size;
	const struct net_device *dev;
	u8 type = ip_cb(p)->proto;

	for (u32 n = 0; ip6_is_ext(type) && (type != IP6_HOPOPTS || off == sizeof(struct ip6_hdr)); n++) {
		if (n == IP6_EXT_MAX || !pkt_pull_ok(p, off + 8))
			goto bad;
		size = type == IP6_FRAGMENT ? 8 : (p->data[off + 1] + 1u) * 8;
		if (!pkt_pull_ok(p, off + size))
			goto bad;
		/* What is whole in one fragment needs no queue (RFC 6946). */
		if (type == IP6_FRAGMENT && (p->data[off + 2] || p->data[off + 3] & 0xf9)) {
			p = reassemble(net, p, &off, &next_off);
			if (!p)
				return;
			type = p->data[next_off];
			continue;
		}
		if (type == IP6_DSTOPTS && !options(net, p, off, size, false))
			goto drop;
		if (type == IP6_ROUTING && !routing(net, p, off))
			goto drop;
		next_off = off;
		type = p->data[off];
		off += size;
	}
	ip_cb(p)->proto = type;
	pkt_pull(p, off);
	pkt_set_trans(p);
	dev = p->dev;
	if (inet_deliver(net, p)) {
		IP6_INC(net, dev, IP6_INDELIVERS);
		return;
	}
	if (type != IP6_NONE) {
		IP6_INC(net, p->dev, IP6_INUNKNOWNPROTOS);
		icmp6_send(net, p, ICMP6_PARAM_PROBLEM, ICMP6_UNKNOWN_NEXT, next_off);
	}
	goto drop;
bad:
	IP6_INC(net, p->dev, IP6_INHDRERRORS);
drop:
	pkt_free(p);
}

/* --- whose is it --- */

static void forward(struct net *net, struct pkt *p, struct route *r)
{
	struct ip_cb *cb = ip_cb(p);
	u32 len = pkt_segment_len(p);

	if (!len)
		goto drop;
	if (!READ_ONCE(net_inet(net)->conf6_all.forwarding) || p->type != PKT_HOST || ipaddr_loopback(&cb->src) ||
	    ipaddr_any(&cb->src) || ipaddr_linklocal6(&cb->dst)) {
		IP6_INC(net, p->dev, IP6_INADDRERRORS);
		goto drop;
	}
	if (ipaddr_linklocal6(&cb->src)) {
		IP6_INC(net, p->dev, IP6_INADDRERRORS);
		icmp6_send(net, p, ICMP6_UNREACH, ICMP6_BEYOND_SCOPE, 0);
		goto drop;
	}
	if (cb->ttl <= 1) {
		IP6_INC(net, p->dev, IP6_INHDRERRORS);
		icmp6_send(net, p, ICMP6_TIME_EXCEEDED, 0, 0);
		goto drop;
	}
	if (len > r->mtu) {
		IP6_INC(net, p->dev, IP6_INTOOBIGERRORS);
		icmp6_send(net, p, ICMP6_TOO_BIG, 0, r->mtu);
		goto drop;
	}
	if (r->dev == p->dev)
		ndisc_send_redirect(net, p, r);
	if (pkt_writable(p, PKT_HEADROOM, GFP_ATOMIC)) {
		IP6_INC(net, r->dev, IP6_OUTDISCARDS);
		goto drop;
	}
	((struct ip6_hdr *)p->data)->hop_limit--;
	IP6_INC(net, r->dev, IP6_OUTFORWDATAGRAMS);
	(void)ip6_transmit(net, r, p, NULL);
	return;
drop:
	pkt_free(p);
}

static void unicast(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct route r;
	int err = route_input(net, p->dev, &cb->src, &cb->dst, cb->tos, p->mark, &r);

	if (err) {
		if (err == -ENETUNREACH || err == -EHOSTUNREACH || err == -EACCES) {
			IP6_INC(net, p->dev, IP6_INNOROUTES);
			if (READ_ONCE(net_inet(net)->conf6_all.forwarding))
				icmp6_send(net, p, ICMP6_UNREACH, err == -EACCES ? 1 : ICMP6_NOROUTE, 0);
		} else {
			IP6_INC(net, p->dev, IP6_INADDRERRORS);
		}
		pkt_free(p);
		return;
	}
	if (r.type == RTN_LOCAL || r.type == RTN_ANYCAST) {
		/* What we sent to ourselves came by the device that has the address: scope ids must fit. */
		if (p->dev->flags & IFF_LOOPBACK && r.local_ifindex)
			cb->iif = r.local_ifindex;
		local(net, p);
	} else if (r.type == RTN_UNICAST) {
		forward(net, p, &r);
	} else {
		pkt_free(p);
	}
	route_put(&r);
}

static void one(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);

	IP6_INC(net, p->dev, IP6_INRECEIVES);
	IP6_ADD(net, p->dev, IP6_INOCTETS, p->len);
	if (!ip6_dev_enabled(p->dev)) {
		IP6_INC(net, p->dev, IP6_INDISCARDS);
		goto drop;
	}
	if (!header_ok(net, p))
		goto drop;
	mib6_ecn(net, p->dev, cb->tos, p->gso_segs > 1 ? p->gso_segs : 1);
	/* Hop-by-hop options are everybody's, also a router's. */
	if (cb->proto == IP6_HOPOPTS) {
		u32 off = sizeof(struct ip6_hdr);

		if (!pkt_pull_ok(p, off + 8) || !pkt_pull_ok(p, off + (p->data[off + 1] + 1u) * 8)) {
			IP6_INC(net, p->dev, IP6_INHDRERRORS);
			goto drop;
		}
		if (!options(net, p, off, (p->data[off + 1] + 1u) * 8, true))
			goto drop;
	}
	if (!ipaddr_multicast(&cb->dst)) {
		unicast(net, p);
		return;
	}
	cb->multicast = true;
	IP6_INC(net, p->dev, IP6_INMCASTPKTS);
	IP6_ADD(net, p->dev, IP6_INMCASTOCTETS, p->len);
	if (!inet_mc_member(p->dev, &cb->dst, &cb->src))
		goto drop;
	local(net, p);
	return;
drop:
	pkt_free(p);
}

void ip6_receive(struct net_device *dev, struct pkt_list *l)
{
	struct net *net = dev->net;
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL)
		one(net, p);
	inet_deliver_flush(net);
}

static const struct net_proto ip6_proto = { .ethertype = ETH_P_IPV6, .receive = ip6_receive };

void ip6_input_init(void)
{
	(void)net_proto_register(&ip6_proto);
}
