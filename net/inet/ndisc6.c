/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Neighbour discovery: questions and answers about link addresses, what a received message must be to be believed.
 * Advertisements of routers and redirects are only checked here; the worker takes them in (ra6.c). The states
 * of neighbours are in neigh.c. Sources: RFC 4861, 4862, 6980 (no fragments), 7527 (nonce).
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>

#include "ip6_impl.h"

#define NA_ROUTER	0x80u
#define NA_SOLICITED	0x40u
#define NA_OVERRIDE	0x20u
#define MSG_MAX		1500u

/* NS, NA and the beginning of a redirect; RS has only the first part. */
struct nd_hdr {
	u8 type, code;
	be16_t csum;
	u8 flags, reserved[3];
	be32_t target[4];
} __packed;
static_assert(sizeof(struct nd_hdr) == 24, "wire");

/* --- making --- */

static struct pkt *message(const struct net_device *dev, u8 type, u8 flags, const struct ipaddr *target)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 128, GFP_ATOMIC);
	u32 size = target ? sizeof(struct nd_hdr) : 8;
	struct nd_hdr *h;

	(void)dev;
	if (!p)
		return NULL;
	h = (struct nd_hdr *)pkt_put(p, size);
	memset(h, 0, size);
	h->type = type;
	h->flags = flags;
	if (target)
		memcpy(h->target, target, 16);
	return p;
}

static void put_option(struct pkt *p, u8 type, const u8 *data, u32 n)
{
	u8 *o = pkt_put(p, 8);

	memset(o, 0, 8);
	o[0] = type;
	o[1] = 1;
	memcpy(o + 2, data, n);
}

static void put_link(struct net_device *dev, struct pkt *p, u8 type)
{
	if (dev->addr_len == ETH_ALEN)
		put_option(p, type, dev->addr, ETH_ALEN);
}

void ndisc_make_ns(struct net_device *dev, const struct ipaddr *src, const struct ipaddr *dst, const struct ipaddr *target,
	const u8 *nonce, struct pkt_list *out)
{
	struct pkt *p = message(dev, ICMP6_NS, 0, target);

	if (!p)
		return;
	if (!ipaddr_any(src))
		put_link(dev, p, ND_OPT_SLLA);
	if (nonce)
		put_option(p, ND_OPT_NONCE, nonce, 6);
	ip6_ctl_finish(dev, p, src, dst, false);
	pkt_list_add(out, p);
}

void ndisc_make_na(struct net_device *dev, const struct ipaddr *src, const struct ipaddr *dst, const struct ipaddr *target,
	bool solicited, bool override, struct pkt_list *out)
{
	const struct inet_dev *id;
	struct pkt *p;
	u8 flags = (u8)((solicited ? NA_SOLICITED : 0) | (override ? NA_OVERRIDE : 0));

	rcu_read_lock();
	id = dev_inet(dev);
	if (id && READ_ONCE(id->conf6.forwarding))
		flags |= NA_ROUTER;
	rcu_read_unlock();
	p = message(dev, ICMP6_NA, flags, target);
	if (!p)
		return;
	put_link(dev, p, ND_OPT_TLLA);
	ip6_ctl_finish(dev, p, src, dst, false);
	pkt_list_add(out, p);
}

void ndisc_make_rs(struct net_device *dev, const struct ipaddr *src, struct pkt_list *out)
{
	struct ipaddr routers = IP6_ADDR(0xff020000u, 0, 0, 2);
	struct pkt *p = message(dev, ICMP6_RS, 0, NULL);

	if (!p)
		return;
	put_link(dev, p, ND_OPT_SLLA);
	ip6_ctl_finish(dev, p, src, &routers, false);
	pkt_list_add(out, p);
}

/* --- neigh.c asks --- */

/* Whom the neighbour shall answer: the sender of what waits for it, if that is us, else the link-local address. */
static bool asker(struct neigh *n, struct ipaddr *src)
{
	struct net *net = n->dev->net;
	bool found = false;

	spin_lock(&n->lock);
	if (n->queue.first && pkt_linear(n->queue.first) >= sizeof(struct ip6_hdr)) {
		*src = ip6_addr(((struct ip6_hdr *)n->queue.first->data)->src);
		found = true;
	}
	spin_unlock(&n->lock);
	rcu_read_lock();
	if (found) {
		const struct net_ifaddr *a = inet_addr_find(net, src, n->dev);

		found = a && !(READ_ONCE(a->flags) & IFA_F_TENTATIVE);
	}
	if (!found)
		found = ip6_linklocal(n->dev, src);
	rcu_read_unlock();
	return found || ip6_select_addr(net, n->dev, &n->addr, src);
}

static void ndisc_solicit(struct neigh *n, bool unicast)
{
	struct ipaddr src, dst = unicast ? n->addr : ip6_solicited_node(&n->addr);
	struct pkt_list out = PKT_LIST_INIT;

	if (!asker(n, &src))
		return;
	ndisc_make_ns(n->dev, &src, &dst, &n->addr, NULL, &out);
	ip6_ctl_send(&out);
}

static void ndisc_error(struct neigh *n, struct pkt *p)
{
	memset(ip_cb(p), 0, sizeof(struct ip_cb));
	ip_cb(p)->iif = n->dev->ifindex;
	p->type = PKT_HOST;
	pkt_set_net(p);
	icmp6_send(n->dev->net, p, ICMP6_UNREACH, ICMP6_ADDR_UNREACH, 0);
	pkt_free(p);
}

static const struct neigh_ops ndisc_ops = { .family = AF_INET6, .solicit = ndisc_solicit, .error = ndisc_error };

/* --- what comes --- */

static void learn(struct net *net, struct net_device *dev, const struct ipaddr *addr, const u8 *ha, u32 flags)
{
	struct neigh *n = ha && !ipaddr_any(addr) ? neigh_get(net, dev, addr, true) : NULL;

	if (!n)
		return;
	(void)neigh_update(n, ha, NUD_STALE, NEIGH_OVERRIDE | flags);
	neigh_put(n);
}

static bool is_solicited_node(const struct ipaddr *a)
{
	return be32(a->w[0]) == 0xff020000u && !a->w[1].raw && be32(a->w[2]) == 1 && be32(a->w[3]) >> 24 == 0xff;
}

enum mine { NOT_MINE, MINE, MINE_TENTATIVE };

/* Is target an address of this device; a probe for a tentative one that did not come from us is a conflict. */
static enum mine is_mine(struct net *net, struct net_device *dev, const struct ipaddr *target, bool claims, const u8 *nonce)
{
	enum mine m = NOT_MINE;
	struct net_ifaddr *a;

	rcu_read_lock();
	a = inet_addr_find(net, target, dev);
	if (a) {
		m = READ_ONCE(a->flags) & IFA_F_TENTATIVE ? MINE_TENTATIVE : MINE;
		if (m == MINE_TENTATIVE && claims && !(nonce && !memcmp(nonce + 2, a->dad_nonce, sizeof(a->dad_nonce))))
			addrconf6_conflict(net, a);
	}
	rcu_read_unlock();
	return m;
}

static bool receive_ns(struct net *net, struct pkt *p, const struct nd_hdr *h, const struct nd_opts *o)
{
	struct ipaddr target = ip6_addr(h->target), all = IP6_ADDR(0xff020000u, 0, 0, 1);
	struct ip_cb *cb = ip_cb(p);
	bool probe = ipaddr_any(&cb->src);
	struct pkt_list out = PKT_LIST_INIT;

	if (ipaddr_multicast(&target) || (probe && (!is_solicited_node(&cb->dst) || o->slla)))
		return false;
	if (is_mine(net, p->dev, &target, probe, o->nonce) != MINE)
		return true;
	if (!probe)
		learn(net, p->dev, &cb->src, o->slla, 0);
	ndisc_make_na(p->dev, &target, probe ? &all : &cb->src, &target, !probe, true, &out);
	ip6_ctl_send(&out);
	return true;
}

static bool receive_na(struct net *net, struct pkt *p, const struct nd_hdr *h, const struct nd_opts *o)
{
	struct ipaddr target = ip6_addr(h->target);
	bool router = h->flags & NA_ROUTER, was;
	struct neigh *n;
	struct pkt *c;

	if (ipaddr_multicast(&target) || (ip_cb(p)->multicast && h->flags & NA_SOLICITED))
		return false;
	if (is_mine(net, p->dev, &target, true, NULL) != NOT_MINE)
		return true;
	n = neigh_get(net, p->dev, &target, false);
	if (!n)
		return true;
	if (!o->tlla && !(READ_ONCE(n->state) & NUD_VALID)) {
		neigh_put(n);
		return true;
	}
	spin_lock(&n->lock);
	was = n->flags & NTF_ROUTER;
	spin_unlock(&n->lock);
	(void)neigh_update(n, o->tlla, h->flags & NA_SOLICITED ? NUD_REACHABLE : NUD_STALE,
		(h->flags & NA_OVERRIDE ? NEIGH_OVERRIDE : 0) | (router ? NEIGH_IS_ROUTER : NEIGH_NOT_ROUTER));
	neigh_put(n);
	if (was && !router) {
		c = pkt_clone(p, GFP_ATOMIC);
		if (c)
			ip6_defer(net, c);
	}
	return true;
}

static bool receive_rs(struct net *net, struct pkt *p, const struct nd_opts *o)
{
	const struct inet_dev *id;
	bool router;

	if (ipaddr_any(&ip_cb(p)->src))
		return !o->slla;
	rcu_read_lock();
	id = dev_inet(p->dev);
	router = id && READ_ONCE(id->conf6.forwarding);
	rcu_read_unlock();
	if (router)
		learn(net, p->dev, &ip_cb(p)->src, o->slla, NEIGH_NOT_ROUTER);
	return true;
}

/* What the worker does with the rest: it gets a clone. */
static bool to_worker(struct net *net, struct pkt *p)
{
	struct pkt *c;

	if (!ipaddr_linklocal6(&ip_cb(p)->src))
		return false;
	c = pkt_clone(p, GFP_ATOMIC);
	if (c)
		ip6_defer(net, c);
	return true;
}

static bool receive(struct net *net, struct pkt *p)
{
	static const u8 least[] = { 8, 16, 24, 24, 40 };
	struct nd_hdr *h = (struct nd_hdr *)p->data;
	u32 size = least[h->type - ICMP6_RS];
	struct ip_cb *cb = ip_cb(p);
	struct nd_opts o;

	if (cb->ttl != 255 || h->code || cb->frag_max || p->len < size || p->len > MSG_MAX || !pkt_pull_ok(p, p->len))
		return false;
	h = (struct nd_hdr *)p->data;
	if (!nd_opts_parse(p->data + size, p->len - size, &o))
		return false;
	switch (h->type) {
	case ICMP6_NS:
		return receive_ns(net, p, h, &o);
	case ICMP6_NA:
		return receive_na(net, p, h, &o);
	case ICMP6_RS:
		return receive_rs(net, p, &o);
	default:
		return to_worker(net, p);
	}
}

void ndisc_receive(struct net *net, struct pkt *p)
{
	if (p->dev->flags & IFF_LOOPBACK || p->dev->addr_len != ETH_ALEN)
		return;
	if (!receive(net, p))
		IP6_INC(net, p->dev, ICMP6_INERRORS);
}

/* --- as a router --- */

void ndisc_send_redirect(struct net *net, struct pkt *p, const struct route *r)
{
	struct ip_cb *cb = ip_cb(p);
	struct flow f = { .dst = cb->src, .family = AF_INET6, .oif = p->dev->ifindex };
	struct ipaddr target = r->has_gw ? r->gw : cb->dst, src;
	struct pkt_list out = PKT_LIST_INIT;
	u32 quote = min(p->len, 1280u - 40 - 40 - 16) & ~7u;
	struct route back;
	struct pkt *m;
	bool direct, have;

	/* Only to a neighbour, and to a gateway that it can name. */
	if (p->type != PKT_HOST || (r->has_gw && !ipaddr_linklocal6(&target)) || !icmp_allowed(net) || route_output(net, &f, &back))
		return;
	direct = back.type == RTN_UNICAST && !back.has_gw && back.dev == p->dev;
	route_put(&back);
	rcu_read_lock();
	have = ip6_linklocal(p->dev, &src);
	rcu_read_unlock();
	m = direct && have ? pkt_alloc(PKT_HEADROOM, 48 + quote, GFP_ATOMIC) : NULL;
	if (!m)
		return;
	memset(pkt_put(m, 48), 0, 48);
	m->data[0] = ICMP6_REDIRECT;
	memcpy(m->data + 8, &target, 16);
	memcpy(m->data + 24, &cb->dst, 16);
	m->data[40] = ND_OPT_REDIRECTED;
	m->data[41] = (u8)(1 + quote / 8);
	if (pkt_read(p, 0, pkt_put(m, quote), quote)) {
		pkt_free(m);
		return;
	}
	ip6_ctl_finish(p->dev, m, &src, &cb->src, false);
	pkt_list_add(&out, m);
	ip6_ctl_send(&out);
}

void ndisc_init(void)
{
	neigh_ops_register(&ndisc_ops);
}
