/* SPDX-License-Identifier: MPL-2.0 */
/* ICMPv6: echo replies, errors sent (rate limited) and errors received (to transports and raw sockets); what else comes
   goes to neighbour discovery and MLD. Source: RFC 4443, 8201. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>

#include "ip6_impl.h"

#define QUOTE_MAX	(1280u - 40u - 8u)

/* Checksum and send p (data at the ICMP header). src any: the route's. */
static void push(struct net *net, struct pkt *p, const struct ipaddr *src, const struct ipaddr *dst, u8 tos, int oif)
{
	struct flow f = { .dst = *dst, .src = *src, .family = AF_INET6, .tos = tos, .proto = IPPROTO_ICMPV6,
		.oif = ipaddr_linklocal6(dst) || ipaddr_multicast(dst) ? oif : 0 };
	struct icmp_hdr *h = (struct icmp_hdr *)p->data;
	struct ip_out o = { .dst = *dst, .proto = IPPROTO_ICMPV6, .tos = tos, .ttl = -1 };
	struct route r;

	if (route_output(net, &f, &r)) {
		IP6_INC(net, NULL, ICMP6_OUTERRORS);
		pkt_free(p);
		return;
	}
	o.src = ipaddr_any(src) ? r.src : *src;
	h->csum.raw = 0;
	h->csum = csum_fold(pkt_csum(p, 0, p->len, inet_pseudo(&o.src, dst, IPPROTO_ICMPV6, p->len)));
	icmp6_count(net, r.dev, h->type, true);
	(void)ip6_output(net, &r, p, &o);
	route_put(&r);
}

static void echo(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct ipaddr any = { 0 };
	struct pkt *n;

	if (ipaddr_any(&cb->src))
		return;
	n = pkt_copy(p, PKT_HEADROOM, GFP_ATOMIC);
	if (!n)
		return;
	n->csum_state = CSUM_NONE;
	n->dev = NULL;
	((struct icmp_hdr *)n->data)->type = ICMP6_ECHOREPLY;
	push(net, n, cb->multicast ? &any : &cb->dst, &cb->src, cb->tos, cb->iif);
}

/* --- errors that we send --- */

/* May an error be sent about the packet whose header begins at h, n bytes of it at hand? */
static bool is_eligible(const u8 *h, u32 n)
{
	struct ip6_walk w;

	/* What does not read cannot be told from an error. The pointed problem may lie in what was read. */
	if (!ip6_walk(h, n, &w))
		return n >= 40 && h[6] != IPPROTO_ICMPV6;
	if (w.proto != IPPROTO_ICMPV6)
		return true;
	if (w.frag & 0xfff8 || w.off >= n)
		return false;
	return h[w.off] >= 128 && h[w.off] != ICMP6_REDIRECT;
}

void icmp6_send(struct net *net, struct pkt *p, u8 type, u8 code, u32 info)
{
	const u8 *ih = pkt_net(p);
	u32 back = (u32)(p->data - ih), near = back + pkt_linear(p), room = min(p->len + back, QUOTE_MAX);
	bool to_group = code == ICMP6_UNKNOWN_OPTION_MCAST || type == ICMP6_TOO_BIG;
	struct ipaddr src, dst, from = { 0 };
	struct icmp_hdr *h;
	struct pkt *n;

	if (near < sizeof(struct ip6_hdr) || !is_eligible(ih, near))
		return;
	src = ip6_addr(((const struct ip6_hdr *)ih)->src);
	dst = ip6_addr(((const struct ip6_hdr *)ih)->dst);
	if (ipaddr_any(&src) || ipaddr_multicast(&src) || ((p->type != PKT_HOST || ipaddr_multicast(&dst)) && !to_group))
		return;
	if (!ipaddr_multicast(&dst) && inet_addr_type(net, NULL, &dst) == RTN_LOCAL)
		from = dst;
	if (!ipaddr_loopback(&src) && type != ICMP6_TOO_BIG && !icmp_allowed(net))
		return;
	n = pkt_alloc(PKT_HEADROOM, (u32)sizeof(*h) + room, GFP_ATOMIC);
	if (!n)
		return;
	h = (struct icmp_hdr *)pkt_put(n, sizeof(*h));
	*h = (struct icmp_hdr){ .type = type, .code = code == ICMP6_UNKNOWN_OPTION_MCAST ? ICMP6_UNKNOWN_OPTION : code };
	if (type == ICMP6_TOO_BIG || type == ICMP6_PARAM_PROBLEM)
		h->word = to_be32(info);
	memcpy(pkt_put(n, min(back, room)), ih, min(back, room));
	if (room > back && pkt_read(p, 0, pkt_put(n, room - back), room - back)) {
		pkt_free(n);
		return;
	}
	push(net, n, &from, &src, 0, ip_cb(p)->iif);
}

/* --- errors about what we sent --- */

static const struct { int err; bool hard; } unreach[] = {
	{ ENETUNREACH, false }, { EACCES, true }, { EHOSTUNREACH, false }, { EHOSTUNREACH, false }, { ECONNREFUSED, true },
	{ EACCES, true }, { EACCES, true },
};

static void classify(const struct icmp_hdr *h, struct icmp_err *e)
{
	switch (h->type) {
	case ICMP6_UNREACH:
		e->hard = h->code < sizeof(unreach) / sizeof(unreach[0]) ? unreach[h->code].hard : true;
		e->err = h->code < sizeof(unreach) / sizeof(unreach[0]) ? unreach[h->code].err : EPROTO;
		break;
	case ICMP6_TOO_BIG:
		e->err = EMSGSIZE;
		e->info = be32(h->word);
		break;
	case ICMP6_PARAM_PROBLEM:
		e->err = EPROTO;
		e->hard = true;
		e->info = be32(h->word);
		break;
	case ICMP6_TIME_EXCEEDED:
		e->err = EHOSTUNREACH;
		break;
	default:
		e->err = EPROTO;
		break;
	}
}

/* The quoted packet: data goes to its transport header, ip_cb to what it says. False: not ours, or too short. */
static bool quoted(struct net *net, struct pkt *c, int iif)
{
	struct ip_cb *cb = ip_cb(c);
	struct ip6_hdr *h;
	struct ip6_walk w;

	if (!pkt_pull_ok(c, min(c->len, QUOTE_MAX)) || !ip6_walk(c->data, pkt_linear(c), &w) || w.frag & 0xfff8 ||
	    pkt_linear(c) < w.off + 8)
		return false;
	h = (struct ip6_hdr *)c->data;
	pkt_set_net(c);
	memset(cb, 0, sizeof(*cb));
	cb->src = ip6_addr(h->src);
	cb->dst = ip6_addr(h->dst);
	cb->family = AF_INET6;
	cb->proto = w.proto;
	cb->iif = iif;
	pkt_pull(c, w.off);
	pkt_set_trans(c);
	return !ipaddr_is4(&cb->src) && !ipaddr_is4(&cb->dst) && inet_addr_type(net, NULL, &cb->src) == RTN_LOCAL;
}

/* p: data at the ICMP header. */
static void error(struct net *net, struct pkt *p)
{
	struct icmp_hdr *h = (struct icmp_hdr *)p->data;
	struct icmp_err e = { .family = AF_INET6, .type = h->type, .code = h->code, .offender = ip_cb(p)->src };
	struct pkt *c = pkt_clone(p, GFP_ATOMIC);
	const struct inet_transport *t;
	u8 proto;

	if (!c)
		return;
	classify(h, &e);
	pkt_pull(c, sizeof(*h));
	if (!quoted(net, c, ip_cb(p)->iif))
		goto out;
	if (e.type == ICMP6_TOO_BIG) {
		/* Less than IPv6 demands is a lie (RFC 8200, 8201). */
		e.info = max(e.info, 1280u);
		pmtu_update(net, &ip_cb(c)->dst, e.info);
	}
	proto = ip_cb(c)->proto;
	if (raw_error_hook)
		raw_error_hook(net, c, proto, &e);
	if (proto == IPPROTO_ICMPV6 && ping_error_hook)
		ping_error_hook(net, c, &e);
	t = inet_transport_find(proto);
	if (t && t->error)
		t->error(net, c, &e);
out:
	pkt_free(c);
}

/* --- what comes --- */

static void one(struct net *net, struct pkt *p)
{
	struct icmp_hdr *h;

	IP6_INC(net, p->dev, ICMP6_INMSGS);
	if (!inet_csum_ok(p, IPPROTO_ICMPV6)) {
		IP6_INC(net, p->dev, ICMP6_INCSUMERRORS);
		IP6_INC(net, p->dev, ICMP6_INERRORS);
		return;
	}
	if (!pkt_pull_ok(p, sizeof(*h))) {
		IP6_INC(net, p->dev, ICMP6_INERRORS);
		return;
	}
	h = (struct icmp_hdr *)p->data;
	icmp6_count(net, p->dev, h->type, false);
	switch (h->type) {
	case ICMP6_ECHO:
		echo(net, p);
		break;
	case ICMP6_ECHOREPLY:
		if (ping_receive_hook)
			(void)ping_receive_hook(net, p);
		break;
	case ICMP6_MLD_QUERY:
	case ICMP6_MLD_REPORT:
		mld_receive(net, p);
		break;
	case ICMP6_RS:
	case ICMP6_RA:
	case ICMP6_NS:
	case ICMP6_NA:
	case ICMP6_REDIRECT:
		ndisc_receive(net, p);
		break;
	default:
		if (h->type < 128)
			error(net, p);	/* an unknown error is the transport's, too (RFC 4443, 2.4) */
		break;
	}
}

static void icmp6_receive(struct net *net, struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL) {
		one(net, p);
		pkt_free(p);
	}
}

static const struct inet_transport icmp6_transport = { .proto = IPPROTO_ICMPV6, .receive = icmp6_receive };

void icmp6_init(void)
{
	icmp6_send_hook = icmp6_send;
	inet_transport_register(&icmp6_transport);
}
