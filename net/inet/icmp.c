/* SPDX-License-Identifier: MPL-2.0 */
/* ICMP: echo and timestamp replies, errors sent (rate limited) and errors received (to transports and raw
   sockets). Source: RFC 792, 1122, 1191. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>

#include "ip_impl.h"
#include "route_impl.h"

static const struct ipaddr any4 = { { { 0 }, { 0 }, { 0xffff0000u }, { 0 } } };
void (*icmp6_send_hook)(struct net *net, struct pkt *p, u8 type, u8 code, u32 info);

/* Messages of the limited types that may go out in all: a bucket of icmp_msgs_burst that fills with icmp_msgs_per_sec. */
static struct {
	spinlock_t lock;	/* class OBJECT */
	u64 stamp;		/* [lock] */
	u32 credit;		/* [lock] */
} limit = { .lock = SPINLOCK_INIT(OBJECT), .credit = 50 };

/* And to one host: a small table in which a newcomer takes over the place of whom it collides with. */
#define PEERS		256u
#define PEER_BURST	6u
static struct peer {
	struct ipaddr addr;
	u64 stamp, tokens_ms;		/* errors */
	u64 redirect_ns;		/* the last one */
	u32 redirects;
} peers[PEERS];				/* [limit.lock] */

bool icmp_allowed(struct net *net)
{
	const struct inet_sysctl *s = &net_inet(net)->sysctl;
	u64 now = clock_monotonic_ns(), gain;
	u32 burst = (u32)max(READ_ONCE(s->icmp_msgs_burst), 0);
	bool ok;

	spin_lock(&limit.lock);
	gain = (now - limit.stamp) / NSEC_PER_MSEC * (u64)READ_ONCE(s->icmp_msgs_per_sec) / 1000;
	if (gain) {
		limit.credit = (u32)min(limit.credit + gain, (u64)burst);
		limit.stamp = now;
	}
	ok = limit.credit > 0;
	limit.credit -= ok;
	spin_unlock(&limit.lock);
	return ok;
}

/* limit.lock held. */
static struct peer *peer_of(const struct ipaddr *a)
{
	struct peer *p = &peers[ipaddr_hash(a, 3) % PEERS];

	if (!ipaddr_eq(&p->addr, a))
		*p = (struct peer){ .addr = *a, .tokens_ms = ~0u };	/* a full burst, cut to it below */
	return p;
}

static bool peer_allowed(const struct inet_sysctl *s, const struct ipaddr *to)
{
	u64 now = clock_monotonic_ns() / NSEC_PER_MSEC, each = (u64)READ_ONCE(s->icmp_ratelimit);
	struct peer *p;
	bool ok;

	if (!each)
		return true;
	spin_lock(&limit.lock);
	p = peer_of(to);
	p->tokens_ms = min(p->tokens_ms + (now - p->stamp), PEER_BURST * each);
	p->stamp = now;
	ok = p->tokens_ms >= each;
	if (ok)
		p->tokens_ms -= each;
	spin_unlock(&limit.lock);
	return ok;
}

/* Are both limits kept? Only the types in icmp_ratemask have one, path MTU discovery never. */
static bool may_send(struct net *net, u8 type, u8 code, const struct ipaddr *to)
{
	const struct inet_sysctl *s = &net_inet(net)->sysctl;

	if (type >= 32 || !((u32)READ_ONCE(s->icmp_ratemask) >> type & 1) || ipaddr_loopback(to) ||
	    (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED) || inet_addr_type(net, NULL, to) == RTN_LOCAL)
		return true;
	if (!icmp_allowed(net)) {
		NET_INC(net, ICMP_OUTRATELIMITGLOBAL);
		return false;
	}
	if (!peer_allowed(s, to)) {
		NET_INC(net, ICMP_OUTRATELIMITHOST);
		return false;
	}
	return true;
}

void icmp_out_count(struct net *net, u8 type)
{
	NET_INC(net, ICMP_OUTMSGS);
	switch (type) {
	case ICMP_ECHOREPLY: NET_INC(net, ICMP_OUTECHOREPS); break;
	case ICMP_DEST_UNREACH: NET_INC(net, ICMP_OUTDESTUNREACHS); break;
	case ICMP_SOURCE_QUENCH: NET_INC(net, ICMP_OUTSRCQUENCHS); break;
	case ICMP_REDIRECT: NET_INC(net, ICMP_OUTREDIRECTS); break;
	case ICMP_ECHO: NET_INC(net, ICMP_OUTECHOS); break;
	case ICMP_TIME_EXCEEDED: NET_INC(net, ICMP_OUTTIMEEXCDS); break;
	case ICMP_PARAMETERPROB: NET_INC(net, ICMP_OUTPARMPROBS); break;
	case ICMP_TIMESTAMP: NET_INC(net, ICMP_OUTTIMESTAMPS); break;
	case ICMP_TIMESTAMPREPLY: NET_INC(net, ICMP_OUTTIMESTAMPREPS); break;
	case ICMP_ADDRESS: NET_INC(net, ICMP_OUTADDRMASKS); break;
	case ICMP_ADDRESSREPLY: NET_INC(net, ICMP_OUTADDRMASKREPS); break;
	}
}

/* Checksum and send p (data at the ICMP header). */
static void push(struct net *net, struct pkt *p, const struct ipaddr *src, const struct ipaddr *dst, u8 tos, int oif, u32 mark)
{
	struct flow f = { .dst = *dst, .src = *src, .family = AF_INET, .tos = tos & 0x1e, .proto = IPPROTO_ICMP, .oif = oif,
		.mark = mark };
	struct icmp_hdr *h = (struct icmp_hdr *)p->data;
	struct ip_out o = { .dst = *dst, .proto = IPPROTO_ICMP, .tos = tos, .ttl = -1, .mark = mark };
	u8 type = h->type;
	struct route r;

	if (!may_send(net, type, h->code, dst)) {
		pkt_free(p);
		return;
	}
	h->csum.raw = 0;
	h->csum = csum_fold(pkt_csum(p, 0, p->len, 0));
	if (route_output(net, &f, &r)) {
		pkt_free(p);
		return;
	}
	o.src = ipaddr_any(src) ? r.src : *src;
	icmp_out_count(net, type);
	(void)ip_output(net, &r, p, &o);
	route_put(&r);
}

static void echo(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct pkt *n;

	if (net_inet(net)->sysctl.icmp_echo_ignore_all)
		return;
	n = pkt_copy(p, PKT_HEADROOM, GFP_ATOMIC);
	if (!n) {
		NET_INC(net, ICMP_OUTERRORS);
		return;
	}
	n->csum_state = CSUM_NONE;
	n->dev = NULL;
	((struct icmp_hdr *)n->data)->type = ICMP_ECHOREPLY;
	push(net, n, cb->multicast || cb->broadcast ? &any4 : &cb->dst, &cb->src, cb->tos, 0, 0);
}

static void timestamp(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	be32_t now = to_be32((u32)(clock_realtime_ns() / 1000000 % 86400000));
	struct pkt *n;

	if (p->len < 20) {
		NET_INC(net, ICMP_INERRORS);
		return;
	}
	if (cb->multicast || cb->broadcast)
		return;
	n = pkt_copy(p, PKT_HEADROOM, GFP_ATOMIC);
	if (!n) {
		NET_INC(net, ICMP_OUTERRORS);
		return;
	}
	n->csum_state = CSUM_NONE;
	pkt_trim(n, 20);
	((struct icmp_hdr *)n->data)->type = ICMP_TIMESTAMPREPLY;
	memcpy(n->data + 12, &now, 4);
	memcpy(n->data + 16, &now, 4);
	push(net, n, &cb->dst, &cb->src, cb->tos, 0, 0);
}

void icmp_send(struct net *net, struct pkt *p, u8 type, u8 code, u32 info)
{
	struct ip_hdr *ih = pkt_net(p);
	struct ipaddr src, dst, from = ipaddr_v4((be32_t){ 0 });
	struct icmp_hdr *h;
	struct pkt *n;
	u32 back, total, room;

	back = (u32)(p->data - (u8 *)ih);
	total = p->len + back;
	src = ipaddr_v4(ih->src);
	dst = ipaddr_v4(ih->dst);
	if (p->type == PKT_BROADCAST || p->type == PKT_MULTICAST || be16(ih->frag_off) & IP_OFFMASK || ipaddr_multicast(&dst) ||
	    ipaddr_any(&src) || inet_addr_type(net, NULL, &dst) == RTN_BROADCAST)
		return;
	/* Never about an error. */
	if (ih->proto == IPPROTO_ICMP) {
		u8 *inner = (u8 *)ih + ip_hdr_len(ih);

		if (inner >= p->tail || (*inner != ICMP_ECHO && *inner != ICMP_ECHOREPLY && *inner != ICMP_TIMESTAMP &&
					 *inner != ICMP_TIMESTAMPREPLY))
			return;
	}
	if (inet_addr_type(net, NULL, &dst) == RTN_LOCAL)
		from = dst;
	else if (READ_ONCE(net_inet(net)->sysctl.icmp_errors_use_inbound_ifaddr) && p->dev)
		(void)inet_select_addr(net, p->dev, NULL, RT_SCOPE_LINK, &from);
	room = min(total, 576u - 28u);
	n = pkt_alloc(PKT_HEADROOM, sizeof(*h) + room, GFP_ATOMIC);
	if (!n) {
		NET_INC(net, ICMP_OUTERRORS);
		return;
	}
	h = (struct icmp_hdr *)pkt_put(n, sizeof(*h));
	*h = (struct icmp_hdr){ .type = type, .code = code };
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED)
		h->frag.mtu = to_be16((u16)info);
	else if (type == ICMP_PARAMETERPROB)
		h->word = to_be32(info << 24);
	else if (type == ICMP_REDIRECT)
		h->word.raw = info;
	memcpy(pkt_put(n, back), ih, back);
	if (room > back && pkt_read(p, 0, pkt_put(n, room - back), room - back)) {
		pkt_free(n);
		return;
	}
	push(net, n, &from, &src, (u8)((ih->tos & 0x1e) | 0xc0), 0, 0);
}

/* As Linux: at first one for each packet, then after ever longer pauses, then none until the host was quiet for a while. */
void icmp_redirect_send(struct net *net, struct pkt *p, const struct ipaddr *gw)
{
	const struct inet_sysctl *s = &net_inet(net)->sysctl;
	u64 now = clock_monotonic_ns();
	struct peer *q;
	bool send = false;

	spin_lock(&limit.lock);
	q = peer_of(&ip_cb(p)->src);
	if (now > q->redirect_ns + (u64)s->redirect_silence_ms * NSEC_PER_MSEC)
		q->redirects = 0;
	if ((int)q->redirects >= READ_ONCE(s->redirect_number)) {
		q->redirect_ns = now;
	} else if (!q->redirects || now > q->redirect_ns + ((u64)s->redirect_load_ms << q->redirects) * NSEC_PER_MSEC) {
		q->redirect_ns = now;
		q->redirects++;
		send = true;
	}
	spin_unlock(&limit.lock);
	if (send)
		icmp_send(net, p, ICMP_REDIRECT, 1, gw->w[3].raw);
}

void icmp_port_unreach(struct net *net, struct pkt *p)
{
	if (ip_cb(p)->family == AF_INET)
		icmp_send(net, p, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	else if (icmp6_send_hook)
		icmp6_send_hook(net, p, 1, 4, 0);
}

/* --- errors about what we sent --- */

static const struct { int err; bool hard; } unreach[] = {
	{ ENETUNREACH, false }, { EHOSTUNREACH, false }, { ENOPROTOOPT, true }, { ECONNREFUSED, true }, { EMSGSIZE, false },
	{ EOPNOTSUPP, false }, { ENETUNREACH, true }, { EHOSTDOWN, true }, { ENONET, true }, { ENETUNREACH, true },
	{ EHOSTUNREACH, true }, { ENETUNREACH, false }, { EHOSTUNREACH, false }, { EHOSTUNREACH, true }, { EHOSTUNREACH, true },
	{ EHOSTUNREACH, true },
};

/* RFC 1191, 5: a router may not say. */
static u32 learn_mtu(struct net *net, const struct ipaddr *dst, u32 old, u32 mtu)
{
	if (mtu < 68)
		mtu = old > 1492 ? 1492 : old > 1006 ? 1006 : 576;
	pmtu_update(net, dst, mtu);
	return mtu;
}

/* The router we use for the quoted packet names a better one. Believed as conf/{all,DEV} say. */
static void redirect(struct net *net, struct net_device *dev, const struct icmp_hdr *h, const struct ip_cb *from,
	const struct ip_hdr *quoted)
{
	struct flow f = { .dst = ipaddr_v4(quoted->dst), .src = ipaddr_v4(quoted->src), .family = AF_INET,
		.tos = quoted->tos & 0x1e, .proto = quoted->proto };
	struct ipaddr gw = ipaddr_v4(h->gateway);
	const struct inet_dev *id;
	struct route r;
	bool ok = false;

	if (h->code > 3 || ipaddr_multicast(&gw) || ipaddr_any(&gw) || ipaddr_eq(&gw, &from->src) || route_output(net, &f, &r))
		return;
	rcu_read_lock();
	id = dev_inet(dev);
	if (id && r.has_gw && r.dev == dev && ipaddr_eq(&r.gw, &from->src)) {
		ok = READ_ONCE(id->conf4.forwarding) ? CONF4_AND(net, id, accept_redirects) : CONF4_OR(net, id, accept_redirects);
		if (CONF4_OR(net, id, shared_media))
			ok &= inet_addr_type(net, NULL, &gw) == RTN_UNICAST;
		else
			ok &= inet_addr_onlink(id, &gw, &from->src) &&
				!(CONF4_OR(net, id, secure_redirects) && !fib_is_default_gw(net, dev, &gw));
	}
	rcu_read_unlock();
	if (ok)
		route_redirect(net, &f.dst, &from->src, &gw);
	route_put(&r);
}

/* p: data at the ICMP header. */
static void error(struct net *net, struct pkt *p)
{
	struct icmp_hdr *h = (struct icmp_hdr *)p->data;
	struct icmp_err e = { .family = AF_INET, .type = h->type, .code = h->code, .offender = ip_cb(p)->src };
	const struct inet_transport *t;
	struct ip_hdr *ih;
	struct pkt *c;
	u32 hl;

	if (h->type == ICMP_REDIRECT) {
		e.err = 0;
	} else if (h->type == ICMP_DEST_UNREACH) {
		if (h->code >= sizeof(unreach) / sizeof(unreach[0]))
			return;
		e.err = unreach[h->code].err;
		e.hard = unreach[h->code].hard;
		e.info = h->code == ICMP_FRAG_NEEDED ? be16(h->frag.mtu) : 0;
	} else if (h->type == ICMP_PARAMETERPROB) {
		e.err = EPROTO;
		e.hard = true;
		e.info = be32(h->word) >> 24;
	} else {
		e.err = EHOSTUNREACH;
	}
	c = pkt_clone(p, GFP_ATOMIC);
	if (!c)
		return;
	pkt_pull(c, sizeof(*h));
	if (!pkt_pull_ok(c, sizeof(*ih)))
		goto bad;
	ih = (struct ip_hdr *)c->data;
	hl = ip_hdr_len(ih);
	if (hl < sizeof(*ih) || !pkt_pull_ok(c, hl + 8))
		goto bad;
	ih = (struct ip_hdr *)c->data;
	if (ih->ver_ihl >> 4 != 4 || be16(ih->frag_off) & IP_OFFMASK)
		goto out;
	ih = (struct ip_hdr *)c->data;
	pkt_set_net(c);
	memset(ip_cb(c), 0, sizeof(struct ip_cb));
	ip_cb(c)->src = ipaddr_v4(ih->src);
	ip_cb(c)->dst = ipaddr_v4(ih->dst);
	ip_cb(c)->family = AF_INET;
	ip_cb(c)->proto = ih->proto;
	ip_cb(c)->iif = p->dev->ifindex;
	if (inet_addr_type(net, NULL, &ip_cb(c)->src) != RTN_LOCAL)
		goto out;
	if (h->type == ICMP_REDIRECT) {
		redirect(net, p->dev, h, ip_cb(p), ih);
		goto out;
	}
	if (h->type == ICMP_DEST_UNREACH && h->code == ICMP_FRAG_NEEDED) {
		int how = READ_ONCE(net_inet(net)->sysctl.ip_no_pmtu_disc);

		if (how == 2 || (how == 3 && ih->proto != IPPROTO_TCP))
			goto out;
		e.info = how == 0 || how == 3 ? learn_mtu(net, &ip_cb(c)->dst, be16(ih->tot_len), e.info) : 0;
	}
	pkt_pull(c, hl);
	pkt_set_trans(c);
	if (raw_error_hook)
		raw_error_hook(net, c, ih->proto, &e);
	if (ih->proto == IPPROTO_ICMP && ping_error_hook)
		ping_error_hook(net, c, &e);
	t = inet_transport_find(ih->proto);
	if (t && t->error)
		t->error(net, c, &e);
	goto out;
bad:
	NET_INC(net, ICMP_INERRORS);
out:
	pkt_free(c);
}

/* To a group or to all: questions, where they are wanted, and nothing else (RFC 1122, 3.2.2). */
static bool may_be_for_many(struct net *net, const struct pkt *p, u8 type)
{
	const struct ip_cb *cb = ip_cb((struct pkt *)p);

	if (!cb->multicast && !cb->broadcast)
		return true;
	if (type == ICMP_ECHO || type == ICMP_TIMESTAMP)
		return !READ_ONCE(net_inet(net)->sysctl.icmp_echo_ignore_broadcasts);
	return type == ICMP_ADDRESS || type == ICMP_ADDRESSREPLY;
}

static void in_count(struct net *net, u8 type)
{
	switch (type) {
	case ICMP_ECHOREPLY: NET_INC(net, ICMP_INECHOREPS); break;
	case ICMP_DEST_UNREACH: NET_INC(net, ICMP_INDESTUNREACHS); break;
	case ICMP_SOURCE_QUENCH: NET_INC(net, ICMP_INSRCQUENCHS); break;
	case ICMP_REDIRECT: NET_INC(net, ICMP_INREDIRECTS); break;
	case ICMP_ECHO: NET_INC(net, ICMP_INECHOS); break;
	case ICMP_TIME_EXCEEDED: NET_INC(net, ICMP_INTIMEEXCDS); break;
	case ICMP_PARAMETERPROB: NET_INC(net, ICMP_INPARMPROBS); break;
	case ICMP_TIMESTAMP: NET_INC(net, ICMP_INTIMESTAMPS); break;
	case ICMP_TIMESTAMPREPLY: NET_INC(net, ICMP_INTIMESTAMPREPS); break;
	case ICMP_ADDRESS: NET_INC(net, ICMP_INADDRMASKS); break;
	case ICMP_ADDRESSREPLY: NET_INC(net, ICMP_INADDRMASKREPS); break;
	}
}

static void one(struct net *net, struct pkt *p)
{
	struct icmp_hdr *h;

	NET_INC(net, ICMP_INMSGS);
	if (!pkt_pull_ok(p, sizeof(*h))) {
		NET_INC(net, ICMP_INERRORS);
		return;
	}
	if (p->csum_state != CSUM_UNNECESSARY && csum_fold(pkt_csum(p, 0, p->len, 0)).raw) {
		NET_INC(net, ICMP_INCSUMERRORS);
		NET_INC(net, ICMP_INERRORS);
		return;
	}
	h = (struct icmp_hdr *)p->data;
	in_count(net, h->type);
	if (h->type > ICMP_ADDRESSREPLY || !may_be_for_many(net, p, h->type)) {
		NET_INC(net, ICMP_INERRORS);
		return;
	}
	switch (h->type) {
	case ICMP_ECHO:
		echo(net, p);
		break;
	case ICMP_TIMESTAMP:
		timestamp(net, p);
		break;
	case ICMP_ECHOREPLY:
		if (ping_receive_hook)
			(void)ping_receive_hook(net, p);
		break;
	case ICMP_DEST_UNREACH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		error(net, p);
		break;
	default:
		break;
	}
}

static void icmp_receive(struct net *net, struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL) {
		one(net, p);
		pkt_free(p);
	}
}

static const struct inet_transport icmp_transport = { .proto = IPPROTO_ICMP, .receive = icmp_receive };

void icmp_init(struct net *net)
{
	(void)net;
	inet_transport_register(&icmp_transport);
}
