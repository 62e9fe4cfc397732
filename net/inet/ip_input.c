/* SPDX-License-Identifier: MPL-2.0 */
/*
 * IPv4 up: header checks, options, the question whose packet it is, reassembly, delivery to transports of
 * both families, forwarding. Runs in the thread that brought the batch.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>

#include "ip_impl.h"
#include "route_impl.h"

static const struct inet_transport *transports[256];	/* [a] set once */
bool (*raw_receive_hook)(struct net *net, struct pkt *p);
void (*raw_error_hook)(struct net *net, struct pkt *p, u8 proto, const struct icmp_err *e);
bool (*ping_receive_hook)(struct net *net, struct pkt *p);
void (*ping_error_hook)(struct net *net, struct pkt *p, const struct icmp_err *e);

void inet_transport_register(const struct inet_transport *t)
{
	WRITE_ONCE(transports[t->proto], t);
}

const struct inet_transport *inet_transport_find(u8 proto)
{
	return READ_ONCE(transports[proto]);
}

u32 inet_pseudo(const struct ipaddr *src, const struct ipaddr *dst, u8 proto, u32 len)
{
	u32 sum = ipaddr_is4(dst) ? csum_add(src->w[3].raw, dst->w[3].raw) : csum_partial(dst, 16, csum_partial(src, 16, 0));

	sum = csum_add(sum, (u32)to_be16(proto).raw);
	return csum_add(sum, to_be32(len).raw);
}

bool inet_csum_ok(struct pkt *p, u8 proto)
{
	struct ip_cb *cb = ip_cb(p);

	if (p->csum_state == CSUM_UNNECESSARY || p->csum_state == CSUM_PARTIAL)
		return true;
	return !csum_fold(pkt_csum(p, 0, p->len, inet_pseudo(&cb->src, &cb->dst, proto, p->len))).raw;
}

bool inet_deliver(struct net *net, struct pkt *p)
{
	const struct inet_transport *t = inet_transport_find(ip_cb(p)->proto);
	bool raw = raw_receive_hook && raw_receive_hook(net, p);
	struct pkt_list l = PKT_LIST_INIT;

	/* A card, or who sends by PACKET_VNET_HDR, may call anything segments of TCP: an answer made of it would be cut as such. */
	if (p->gso_size && !(p->gso_type & GSO_UDP_L4) && ip_cb(p)->proto != IPPROTO_TCP)
		p->gso_size = p->gso_segs = p->gso_type = 0;
	/* The two that are of one family. */
	if (ip_cb(p)->proto == (ip_cb(p)->family == AF_INET ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		t = NULL;
	if (!t) {
		if (raw)
			pkt_free(p);
		return raw;
	}
	pkt_list_add(&l, p);
	t->receive(net, &l);
	return true;
}

void inet_deliver_flush(struct net *net)
{
	tcp_receive_flush(net);
}

/* --- header --- */

/* Source routes are refused, as Linux does by default; the others need no action of an end system. */
static bool options_ok(const u8 *o, u32 len)
{
	for (u32 i = 0; i < len; ) {
		if (o[i] == 0)
			break;
		if (o[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= len || o[i + 1] < 2 || i + o[i + 1] > len)
			return false;
		if (o[i] == 131 || o[i] == 137)
			return false;
		i += o[i + 1];
	}
	return true;
}

/* Check and fill ip_cb; data stays at the IP header. False: counted, drop it. */
static bool header_ok(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct ip_hdr *h;
	u32 hl, len;

	if (!pkt_pull_ok(p, sizeof(*h)))
		goto bad;
	h = (struct ip_hdr *)p->data;
	hl = ip_hdr_len(h);
	if (h->ver_ihl >> 4 != 4 || hl < sizeof(*h) || !pkt_pull_ok(p, hl))
		goto bad;
	h = (struct ip_hdr *)p->data;
	if (csum_fold(csum_partial(h, hl, 0)).raw)
		goto bad;
	len = be16(h->tot_len);
	if (len > p->len) {
		NET_INC(net, IPEXT_INTRUNCATEDPKTS);
		return false;
	}
	if (len < hl)
		goto bad;
	pkt_trim(p, len);
	pkt_set_net(p);
	/* Who leaves a sum to be filled in says where: not here, where it would change what was looked at. */
	if (p->csum_state == CSUM_PARTIAL && p->csum_start < p->data - p->head + hl)
		goto bad;
	memset(cb, 0, sizeof(*cb));
	cb->src = ipaddr_v4(h->src);
	cb->dst = ipaddr_v4(h->dst);
	cb->iif = p->dev->ifindex;
	cb->family = AF_INET;
	cb->proto = h->proto;
	cb->tos = h->tos;
	cb->ttl = h->ttl;
	cb->opt_len = (u8)(hl - sizeof(*h));
	if (cb->opt_len && !options_ok(p->data + sizeof(*h), cb->opt_len)) {
		icmp_send(net, p, ICMP_PARAMETERPROB, 0, 0);
		goto bad;
	}
	return true;
bad:
	NET_INC(net, IP_INHDRERRORS);
	return false;
}

/* --- whose is it --- */

static void local(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct ip_hdr *h = (struct ip_hdr *)p->data;

	if (be16(h->frag_off) & (IP_MF | IP_OFFMASK)) {
		p = ip_reassemble(net, p);
		if (!p)
			return;
		cb = ip_cb(p);
		h = (struct ip_hdr *)p->data;
	}
	pkt_pull(p, ip_hdr_len(h));
	pkt_set_trans(p);
	if (inet_deliver(net, p)) {
		NET_INC(net, IP_INDELIVERS);
		return;
	}
	NET_INC(net, IP_INUNKNOWNPROTOS);
	icmp_send(net, p, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
	(void)cb;
	pkt_free(p);
}

static void forward(struct net *net, struct pkt *p, struct route *r)
{
	struct pkt_list cut = PKT_LIST_INIT;
	struct ip_hdr *h;
	u32 len = pkt_segment_len(p);

	if (p->type != PKT_HOST || !len)
		goto drop;
	if (ip_cb(p)->ttl <= 1) {
		NET_INC(net, IP_INHDRERRORS);
		icmp_send(net, p, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		goto drop;
	}
	if (r->redirect && !ip_cb(p)->opt_len)
		icmp_redirect_send(net, p, &r->gw);
	if (pkt_writable(p, PKT_HEADROOM, GFP_ATOMIC)) {
		NET_INC(net, IP_INDISCARDS);
		goto drop;
	}
	h = (struct ip_hdr *)p->data;
	if (len > r->mtu && be16(h->frag_off) & IP_DF) {
		NET_INC(net, IP_FRAGFAILS);
		icmp_send(net, p, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, r->mtu);
		goto drop;
	}
	h->ttl--;
	h->csum.raw = 0;
	h->csum = csum_fold(csum_partial(h, ip_hdr_len(h), 0));
	NET_INC(net, IP_FORWDATAGRAMS);
	if (len <= r->mtu || !p->gso_size) {
		(void)ip_transmit(net, r, p, NULL);
		return;
	}
	/* Segments too large for this way, which may be cut. */
	if (pkt_gso_segment(p, &cut)) {
		NET_INC(net, IP_FRAGFAILS);
		return;
	}
	while ((p = pkt_list_pop(&cut)) != NULL)
		(void)ip_transmit(net, r, p, NULL);
	return;
drop:
	pkt_free(p);
}

/* An address nobody may have, or one that cannot come from there. At most 10 lines in 5 seconds. */
static void martian(struct net *net, struct pkt *p, bool source)
{
	static u64 since;	/* [a] races cost a line */
	static u32 lines;
	u64 now = clock_monotonic_coarse_ns();
	char src[48], dst[48];
	struct inet_dev *id;
	bool log;

	rcu_read_lock();
	id = dev_inet(p->dev);
	log = id && CONF4_OR(net, id, log_martians);
	rcu_read_unlock();
	if (!log)
		return;
	if (now > READ_ONCE(since) + 5 * NSEC_PER_SEC) {
		WRITE_ONCE(since, now);
		WRITE_ONCE(lines, 0);
	}
	if (__atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED) >= 10)
		return;
	ipaddr_str(&ip_cb(p)->src, src, sizeof(src));
	ipaddr_str(&ip_cb(p)->dst, dst, sizeof(dst));
	if (source)
		pr_warn("IPv4: martian source %s from %s, on dev %s\n", dst, src, p->dev->name);
	else
		pr_warn("IPv4: martian destination %s from %s, dev %s\n", dst, src, p->dev->name);
}

static bool is_router(struct net_device *dev)
{
	bool yes;

	rcu_read_lock();
	yes = dev_inet(dev) && READ_ONCE(dev_inet(dev)->conf4.forwarding);
	rcu_read_unlock();
	return yes;
}

/* No way for it, or none that it may take. */
static void refused(struct net *net, struct pkt *p, int err)
{
	struct ip_cb *cb = ip_cb(p);
	bool router = is_router(p->dev);

	if (err == -EINVAL || err == -EXDEV) {
		bool dst_bad = ipaddr_any(&cb->dst) || ipaddr_loopback(&cb->dst);

		if (err == -EXDEV)
			NET_INC(net, TCPEXT_IPREVERSEPATHFILTER);
		martian(net, p, !dst_bad);
		return;
	}
	if (err == -ENETUNREACH) {
		NET_INC(net, IPEXT_INNOROUTES);
		if (router)
			icmp_send(net, p, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
	} else if (err == -EHOSTUNREACH) {
		NET_INC(net, IP_INADDRERRORS);
		if (router)
			icmp_send(net, p, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	} else if (err == -EACCES && router) {
		icmp_send(net, p, ICMP_DEST_UNREACH, 13, 0);
	}
}

/* A unicast packet in a frame for many (RFC 1122, 3.3.6; "hole-196"). */
static bool unicast_in_many(struct net *net, const struct pkt *p)
{
	struct inet_dev *id;
	bool drop;

	if (p->type != PKT_BROADCAST && p->type != PKT_MULTICAST)
		return false;
	rcu_read_lock();
	id = dev_inet(p->dev);
	drop = id && CONF4_OR(net, id, drop_unicast_in_l2_multicast);
	rcu_read_unlock();
	return drop;
}

static void one(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct route r;
	int err;

	NET_INC(net, IP_INRECEIVES);
	NET_ADD(net, IPEXT_INOCTETS, p->len);
	if (!header_ok(net, p))
		goto drop;
	if (ipaddr_multicast(&cb->dst)) {
		cb->multicast = true;
		NET_INC(net, IPEXT_INMCASTPKTS);
		if (ipaddr_multicast(&cb->src) || !inet_mc_member(p->dev, &cb->dst, &cb->src))
			goto drop;
		local(net, p);
		return;
	}
	err = route_input(net, p->dev, &cb->src, &cb->dst, cb->tos, p->mark, &r);
	if (err) {
		refused(net, p, err);
		goto drop;
	}
	if (r.type == RTN_BROADCAST) {
		cb->broadcast = true;
		NET_INC(net, IPEXT_INBCASTPKTS);
	}
	if (r.type == RTN_LOCAL && unicast_in_many(net, p)) {
		route_put(&r);
		goto drop;
	}
	if (r.type == RTN_LOCAL || r.type == RTN_BROADCAST)
		local(net, p);
	else if (p->dev->flags & IFF_LOOPBACK && !is_router(p->dev))
		pkt_free(p);	/* a route sent it here, and it is nobody's: not round again until its TTL ends */
	else
		forward(net, p, &r);
	route_put(&r);
	return;
drop:
	pkt_free(p);
}

void ip_receive(struct net_device *dev, struct pkt_list *l)
{
	struct net *net = dev->net;
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL)
		one(net, p);
	inet_deliver_flush(net);
}

static const struct net_proto ip_proto = { .ethertype = ETH_P_IP, .receive = ip_receive };

void ip_input_init(void)
{
	(void)net_proto_register(&ip_proto);
}
