/* SPDX-License-Identifier: MPL-2.0 */
/*
 * UDP over both IP versions: ports, demultiplexing, sending (with MSG_MORE and UDP_SEGMENT), errors from ICMP. Source: RFC 768,
 * udp(7).
 *
 * Sockets with a port stand in the bucket of that port; a datagram goes to the one that matches best, a multicast or
 * broadcast to all that match. Look-ups run under RCU, changes under the bucket's lock.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <kernel/random.h>
#include <kernel/task.h>
#include <net/scm.h>
#include <uapi/linux/in6.h>

#include "ip_impl.h"
#include "route_impl.h"

#define UDP_CORK	1
#define UDP_ENCAP	100
#define UDP_SEGMENT	103
#define UDP_GRO		104
#define LINEAR_MAX	8000u

struct udp_sock {
	struct inet_sock inet;		/* own locks */
	struct mutex cork_lock;		/* class SOCKET; not with sk->lock */
	struct pkt *cork;		/* [cork_lock] under construction: data at the UDP header */
	struct send_ctl cork_ctl;	/* [cork_lock] */
	/* Parts of it came with MSG_ZEROCOPY: the completion of zc_n calls from zc_lo on. */
	struct pkt *cork_told;		/* [cork_lock] */
	u32 zc_lo, zc_n;		/* [cork_lock] */
	bool corked;			/* [a] UDP_CORK */
	u16 gso_size;			/* [a] UDP_SEGMENT */
	bool gro;			/* [a] UDP_GRO: a burst is received as one */
};

/* Counts for the family of the packet. */
#define UDP_INC(net, family, item)	do { \
	if ((family) == AF_INET) \
		NET_INC(net, UDP_##item); \
	else \
		NET_INC(net, UDP6_##item); \
	} while (0)

static struct udp_sock *udp_sk(struct inet_sock *sk) { return container_of(sk, struct udp_sock, inet); }

static struct inet_bucket *bucket(struct net *net, u16 port)
{
	return &net_inet(net)->udp_port[port % INET_PORT_HASH];
}

/* --- ports --- */

static bool any_matches(const struct inet_sock *sk, const struct ipaddr *a)
{
	if (ipaddr_is4(&sk->laddr))
		return ipaddr_is4(a);
	return !ipaddr_is4(a) || !sk->o.v6only;
}

/* Could a datagram be for both? A connected socket has an address even if bind(2) named none. */
static bool overlap(const struct inet_sock *a, const struct inet_sock *b)
{
	bool any_a = ipaddr_any(&a->laddr), any_b = ipaddr_any(&b->laddr);

	if (any_a && any_b)
		return ipaddr_is4(&a->laddr) == ipaddr_is4(&b->laddr) ||
			!(ipaddr_is4(&a->laddr) ? b->o.v6only : a->o.v6only);
	if (any_a)
		return any_matches(a, &b->laddr);
	if (any_b)
		return any_matches(b, &a->laddr);
	return ipaddr_eq(&a->laddr, &b->laddr);
}

/* bucket lock held. */
static bool conflict(const struct inet_bucket *b, const struct inet_sock *sk, u16 port)
{
	struct inet_sock *o;

	hlist_for_each_entry(o, &b->head, hash_link) {
		if (o == sk || o->net != sk->net || o->lport != port)
			continue;
		if (o->bound_if && sk->bound_if && o->bound_if != sk->bound_if)
			continue;
		if ((o->c.reuseaddr && sk->c.reuseaddr) || !overlap(o, sk))
			continue;
		if (o->c.reuseport && sk->c.reuseport && !sk->reuse && o->uid.v == sk->uid.v)
			continue;
		return true;
	}
	return false;
}

/* sk has its port, and shares it. bucket lock held. */
static bool join_group(const struct inet_bucket *b, struct inet_sock *sk)
{
	struct inet_sock *o;

	hlist_for_each_entry(o, &b->head, hash_link)
		if (inet_reuse_same(sk, o))
			break;
	return inet_reuse_join(sk, o);
}

static bool try_port(struct inet_sock *sk, u16 port)
{
	struct inet_bucket *b = bucket(sk->net, port);
	bool ok;

	spin_lock(&b->lock);
	ok = !conflict(b, sk, port);
	if (ok) {
		sk->lport = port;
		ok = !sk->c.reuseport || join_group(b, sk);
	}
	if (ok) {
		inet_sock_get(sk);
		hlist_add_head(&sk->hash_link, &b->head);
	} else {
		sk->lport = 0;
	}
	spin_unlock(&b->lock);
	return ok;
}

static int udp_get_port(struct inet_sock *sk, u16 port)
{
	const struct inet_sysctl *s = &net_inet(sk->net)->sysctl;
	u32 low, n = inet_port_range(s, &low), at;

	if (port)
		return try_port(sk, port) ? 0 : -EADDRINUSE;
	at = random_u32_below(n);
	for (u32 i = 0; i < n; i++, at = at + 1 == n ? 0 : at + 1)
		if (try_port(sk, (u16)(low + at)))
			return 0;
	return -EADDRINUSE;
}

static void udp_put_port(struct inet_sock *sk)
{
	if (sk->reuse)
		inet_reuse_leave(sk);
	inet_port_put(sk, bucket(sk->net, sk->lport));
}

/* --- demultiplexing --- */

/* How well a datagram from src:sport to dst:dport fits; -1: not at all. */
static int score(const struct inet_sock *sk, struct net *net, const struct ipaddr *src, u16 sport,
	const struct ipaddr *dst, u16 dport, int iif)
{
	int s = ipaddr_is4(&sk->laddr) ? 2 : 1;

	if (sk->lport != dport || sk->net != net)
		return -1;
	if (ipaddr_any(&sk->laddr)) {
		if (!any_matches(sk, dst))
			return -1;
	} else {
		if (!ipaddr_eq(&sk->laddr, dst))
			return -1;
		s += 4;
	}
	if (sk->rport) {
		if (sk->rport != sport || !ipaddr_eq(&sk->raddr, src))
			return -1;
		s += 8;
	}
	if (sk->bound_if) {
		if (sk->bound_if != iif)
			return -1;
		s += 4;
	}
	return s;
}

/* RCU. With a reference; NULL: none. p: what it is for, with hdr bytes before its payload; NULL: not to be looked at. */
static struct inet_sock *lookup(struct net *net, const struct ipaddr *src, u16 sport, const struct ipaddr *dst,
	u16 dport, int iif, struct pkt *p, u32 hdr)
{
	struct inet_sock *sk, *best = NULL;
	u32 same = 0, hash = 0;
	int top = -1;

	hlist_for_each_entry_rcu(sk, &bucket(net, dport)->head, hash_link) {
		int s = score(sk, net, src, sport, dst, dport, iif);

		if (s < 0 || s < top)
			continue;
		if (s > top) {
			top = s;
			best = sk;
			same = 1;
			continue;
		}
		/* A group of SO_REUSEPORT: each flow always to the same one. */
		if (sk->c.reuseport && best->c.reuseport) {
			if (!hash)
				hash = ipaddr_hash(src, ipaddr_hash(dst, (u32)sport << 16 | dport)) | 1;
			same++;
			if ((u64)(hash * 0x9e3779b1u) * same >> 32 == 0)
				best = sk;
			hash = hash * 0x85ebca6bu + 1;
		}
	}
	if (best && unlikely(READ_ONCE(best->reuse)) && p && !best->rport) {
		sk = inet_reuse_choose(best, p, hdr);
		best = sk ? sk : best;
	}
	return best && ref_get_unless_zero(&best->ref) ? best : NULL;
}

static int lookup_iif(const struct pkt *p)
{
	return ip_cb(p)->iif;
}

static void deliver(struct net *net, struct inet_sock *sk, struct pkt *p)
{
	u8 family = ip_cb(p)->family;
	int err = inet_queue_rcv(sk, p);

	if (!err)
		return;
	UDP_INC(net, family, INERRORS);
	if (err == -ENOMEM)
		UDP_INC(net, family, RCVBUFERRORS);
	else
		__atomic_fetch_add(&sk->drops, 1, __ATOMIC_RELAXED);	/* by its filter */
}

/* Who wants this multicast or broadcast: at most `room` of them, referenced, in found. How many there are. */
static u32 listeners(struct net *net, const struct pkt *p, u16 sport, u16 dport, struct inet_sock **found, u32 room)
{
	const struct ip_cb *cb = ip_cb((struct pkt *)p);
	struct inet_sock *sk;
	u32 n = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(sk, &bucket(net, dport)->head, hash_link) {
		if (score(sk, net, &cb->src, sport, &cb->dst, dport, cb->iif) < 0)
			continue;
		if (cb->multicast && !inet_mc_allow(sk, &cb->dst, &cb->src, cb->iif))
			continue;
		if (n >= room)
			n++;
		else if (ref_get_unless_zero(&sk->ref))
			found[n++] = sk;
	}
	rcu_read_unlock();
	return n;
}

/* To all that want it. Consumes p. */
static void deliver_all(struct net *net, struct pkt *p, u16 sport, u16 dport)
{
	struct inet_sock *few[16], **found = few;
	u8 family = ip_cb(p)->family;
	u32 room = ARRAY_SIZE(few), n = listeners(net, p, sport, dport, found, room);

	if (n > room) {
		struct inet_sock **more = kcalloc(n, sizeof(*more), GFP_ATOMIC);

		if (more) {
			for (u32 i = 0; i < room; i++)
				inet_sock_put(few[i]);
			found = more;
			room = n;
			n = listeners(net, p, sport, dport, found, room);
		}
	}
	if (!n)
		UDP_INC(net, family, IGNOREDMULTI);
	for (u32 i = 0; i < min(n, room); i++) {
		struct pkt *c = pkt_clone(p, GFP_ATOMIC);

		if (c) {
			deliver(net, found[i], c);
		} else {
			__atomic_fetch_add(&found[i]->drops, 1, __ATOMIC_RELAXED);
			UDP_INC(net, family, RCVBUFERRORS);
			UDP_INC(net, family, INERRORS);
		}
		inet_sock_put(found[i]);
	}
	if (found != few)
		kfree(found);
	pkt_free(p);
}

static void udp_one(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	bool v6 = cb->family == AF_INET6;
	struct inet_sock *sk;
	struct udp_hdr *h;
	u16 sport, dport;
	u32 len;

	if (!pkt_pull_ok(p, sizeof(*h)))
		goto bad;
	h = (struct udp_hdr *)p->data;
	len = be16(h->len);
	if (len > p->len || len < sizeof(*h))
		goto bad;
	if (!p->gso_size)
		pkt_trim(p, len);
	sport = be16(h->src);
	dport = be16(h->dst);
	/* IPv6 has no sum of its own, so a datagram without one is no datagram (RFC 8200, 8.1). */
	if ((!h->csum.raw && v6 && p->csum_state != CSUM_PARTIAL) || ((h->csum.raw || v6) && !inet_csum_ok(p, IPPROTO_UDP))) {
		UDP_INC(net, cb->family, INCSUMERRORS);
		goto bad;
	}
	pkt_pull(p, sizeof(*h));
	cb->udp_off = sport;
	if (cb->multicast || cb->broadcast) {
		deliver_all(net, p, sport, dport);
		return;
	}
	rcu_read_lock();
	sk = lookup(net, &cb->src, sport, &cb->dst, dport, lookup_iif(p), p, 0);
	rcu_read_unlock();
	if (!sk) {
		UDP_INC(net, cb->family, NOPORTS);
		p->data -= sizeof(*h);
		p->len += (u32)sizeof(*h);
		icmp_port_unreach(net, p);
		pkt_free(p);
		return;
	}
	deliver(net, sk, p);
	inet_sock_put(sk);
	return;
bad:
	UDP_INC(net, cb->family, INERRORS);
	pkt_free(p);
}

/* Does the reader of this burst want it in one piece? */
static bool wants_burst(struct net *net, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct inet_sock *sk;
	struct udp_hdr *h;
	bool gro;

	if (cb->multicast || cb->broadcast || !pkt_pull_ok(p, sizeof(*h)))
		return false;
	h = (struct udp_hdr *)p->data;
	rcu_read_lock();
	sk = lookup(net, &cb->src, be16(h->src), &cb->dst, be16(h->dst), lookup_iif(p), p, sizeof(*h));
	rcu_read_unlock();
	gro = sk && READ_ONCE(udp_sk(sk)->gro);
	if (sk)
		inet_sock_put(sk);
	return gro;
}

static void udp_receive(struct net *net, struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL) {
		struct pkt_list segs = PKT_LIST_INIT;

		/* A burst of UDP_SEGMENT that came over loopback whole is cut for its readers. */
		if (p->gso_size && p->gso_type & GSO_UDP_L4 && !wants_burst(net, p)) {
			struct ip_cb cb = *ip_cb(p);
			u32 back = (u32)(p->data - (u8 *)pkt_net(p));

			p->data -= back;
			p->len += back;
			if (pkt_gso_segment(p, &segs))
				continue;
			while ((p = pkt_list_pop(&segs)) != NULL) {
				*ip_cb(p) = cb;
				pkt_pull(p, back);
				udp_one(net, p);
			}
			continue;
		}
		udp_one(net, p);
	}
}

static void udp_error(struct net *net, struct pkt *p, const struct icmp_err *e)
{
	struct udp_hdr *h = (struct udp_hdr *)p->data;
	struct ip_cb *cb = ip_cb(p);
	struct inet_sock *sk;
	struct err_cb ec = { 0 };
	bool hard = e->hard;
	int err = e->err;

	rcu_read_lock();
	sk = lookup(net, &cb->dst, be16(h->dst), &cb->src, be16(h->src), cb->iif, NULL, 0);
	rcu_read_unlock();
	if (!sk)
		return;
	if (err == EMSGSIZE) {
		u8 disc = e->family == AF_INET ? sk->o.pmtudisc : sk->o.pmtudisc6;

		hard = disc != IP_PMTUDISC_DONT;
		if (!hard)
			goto out;
	}
	ec.ee.ee_errno = (u32)err;
	ec.ee.origin = e->family == AF_INET ? 2 : 3;
	ec.ee.type = e->type;
	ec.ee.code = e->code;
	ec.ee.info = e->info;
	ec.offender = e->offender;
	ec.dst = cb->dst;
	ec.dport = be16(h->dst);
	ec.family = e->family;
	ec.data_off = sizeof(*h);
	ec.iif = cb->iif;
	if (e->family == AF_INET ? sk->o.recverr : sk->o.recverr6)
		inet_queue_err(sk, &ec, p);
	else if (!hard || sk->state != TCP_ESTABLISHED)
		goto out;
	inet_sock_error(sk, err);
out:
	inet_sock_put(sk);
}

static const struct inet_transport udp_transport = { .proto = IPPROTO_UDP, .receive = udp_receive, .error = udp_error };

/* --- sending --- */

/* What lies in front of the UDP header. */
static u32 room_for_headers(const struct inet_sock *sk, const struct send_ctl *c)
{
	return ipaddr_is4(&c->dst) ? 20u + sk->o.ip_options_len : 40u + c->ext_len;
}

static int set_segments(struct inet_sock *sk, struct pkt *p, const struct send_ctl *c, u32 mtu)
{
	u32 data = p->len - (u32)sizeof(struct udp_hdr);

	if (!c->gso_size || data <= c->gso_size)
		return 0;
	if (data > (u32)c->gso_size * 64 || c->gso_size + 8u + room_for_headers(sk, c) > mtu || c->ext_len)
		return -EINVAL;
	p->gso_size = c->gso_size;
	p->gso_type = GSO_UDP_L4;
	p->gso_segs = (u16)((data + c->gso_size - 1) / c->gso_size);
	return 0;
}

/* Ports, length, checksum; then down. Consumes p (data at the UDP header). */
static int push(struct inet_sock *sk, struct pkt *p, const struct send_ctl *c, const struct route *r)
{
	bool v4 = ipaddr_is4(&c->dst);
	u32 whole = p->len + room_for_headers(sk, c);
	struct ip_out o = { .proto = IPPROTO_UDP, .short_lo = !p->gso_size };
	struct udp_hdr *h = (struct udp_hdr *)p->data;
	int err;

	inet_out_opts(sk, c, r, &o);
	h->src = to_be16(sk->lport);
	h->dst = to_be16(c->port);
	h->len = to_be16((u16)p->len);
	h->csum.raw = (u16)~csum_fold(inet_pseudo(&o.src, &o.dst, IPPROTO_UDP, p->len)).raw;
	pkt_set_trans(p);
	p->csum_state = CSUM_PARTIAL;
	p->csum_start = p->trans_off;
	p->csum_offset = offsetof(struct udp_hdr, csum);
	p->hash = ipaddr_hash(&o.dst, ipaddr_hash(&o.src, (u32)sk->lport << 16 | c->port));
	p->hash_valid = true;
	err = set_segments(sk, p, c, r->mtu);
	if (err) {
		pkt_free(p);
		return err;
	}
	if (v4 && sk->o.pmtudisc == IP_PMTUDISC_WANT && whole <= r->mtu)
		o.df = true;
	inet_charge_wmem(sk, p);
	inet_ask_stamp(sk, c, p);
	o.short_lo &= !p->stamped;
	err = inet_output(sk->net, r, p, &o);
	if (!err)
		UDP_INC(sk->net, v4 ? AF_INET : AF_INET6, OUTDATAGRAMS);
	else if (err == -ENOBUFS)
		UDP_INC(sk->net, v4 ? AF_INET : AF_INET6, SNDBUFERRORS);
	else if (err == -EMSGSIZE)
		inet_too_large(sk, c, r->mtu);
	return err == -ENOBUFS && !(v4 ? sk->o.recverr : sk->o.recverr6) ? 0 : err;
}

/* The way to c->dst: the connection's if it still holds. References in *r. */
static int find_route(struct inet_sock *sk, const struct send_ctl *c, bool connected, struct route *r)
{
	bool keep = connected && !c->oif && ipaddr_any(&c->src);
	int err;

	if (keep) {
		mutex_lock(&sk->lock);
		if (route_valid(sk->net, &sk->dst)) {
			route_copy(r, &sk->dst);
			mutex_unlock(&sk->lock);
			return 0;
		}
		mutex_unlock(&sk->lock);
	}
	err = inet_send_route(sk, c, r);
	if (!err && keep) {
		mutex_lock(&sk->lock);
		route_put(&sk->dst);
		route_copy(&sk->dst, r);
		mutex_unlock(&sk->lock);
	}
	return err;
}

/* Where to: the name given, or the peer. */
static int send_name(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&m->name;
	int ifindex = 0, err;

	if (!m->namelen) {
		if (sk->state != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		c->dst = sk->raddr;
		c->port = sk->rport;
		c->flowlabel = sk->o.flowlabel6;
		return 0;
	}
	err = inet_addr_in(sk, &m->name, m->namelen, &c->dst, &c->port, &ifindex);
	if (err)
		return err;
	if (ipaddr_any(&c->dst) && ipaddr_is4(&sk->laddr))
		c->dst = ipaddr_any(&sk->laddr) ? ipaddr_v4(to_be32(INADDR_LOOPBACK)) : sk->laddr;
	else if (ipaddr_any(&c->dst))
		c->dst = (struct ipaddr){ { { 0 }, { 0 }, { 0 }, to_be32(1) } };
	if (sk->c.family == AF_INET6 && sk->o.v6only && ipaddr_is4(&c->dst))
		return -ENETUNREACH;
	if (!c->port)
		return -EINVAL;
	c->oif = ifindex;
	if (sk->o.sndflow && a6->sin6_family == AF_INET6)
		c->flowlabel = be32((be32_t){ a6->sin6_flowinfo }) & IPV6_FLOWLABEL_MASK;
	return 0;
}

static int send_dest(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	bool ctl = m->control && m->controllen;
	int err;

	*c = (struct send_ctl){ .tos = -1, .ttl = -1, .mark = sk->c.mark, .priority = sk->c.priority,
		.gso_size = udp_sk(sk)->gso_size, .dontfrag = sk->o.dontfrag6 };
	c->src = ipaddr_v4((be32_t){ 0 });
	/* AF_UNSPEC names nobody. */
	if (sk->c.family == AF_INET6 && m->namelen >= 2 && m->name.ss_family == AF_UNSPEC)
		m->namelen = 0;
	err = send_name(sk, m, c);
	if (!err && (ctl || (READ_ONCE(sk->tx6) && !ipaddr_is4(&c->dst))))
		err = inet_cmsg_send(sk, m, c);
	return err;
}

/* One datagram's packet: header room and `len` bytes. */
static struct pkt *build(struct msg *m, size_t len)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, 8 + (len <= LINEAR_MAX ? (u32)len : 0), GFP_KERNEL);
	int err;

	if (!p)
		return ERR_PTR(-ENOBUFS);
	(void)pkt_put(p, 8);
	err = pkt_append_iter(p, &m->iter, (u32)len);
	if (err) {
		pkt_free(p);
		return ERR_PTR(err);
	}
	return p;
}

/* The parts that came with MSG_ZEROCOPY are no longer needed; they were copied. cork_lock held. */
static void cork_complete(struct inet_sock *sk)
{
	struct udp_sock *u = udp_sk(sk);

	if (likely(!u->cork_told))
		return;
	inet_zc_done(sk, u->zc_lo, u->zc_n, u->cork_told);
	u->cork_told = NULL;
}

/* One more part came with it. told: consumed. */
static void cork_note(struct inet_sock *sk, struct pkt *told)
{
	struct udp_sock *u = udp_sk(sk);
	u32 key = __atomic_fetch_add(&sk->c.zc_key, 1, __ATOMIC_RELAXED);

	if (u->cork_told) {
		u->zc_n++;
		pkt_free(told);
		return;
	}
	u->cork_told = told;
	u->zc_lo = key;
	u->zc_n = 1;
}

static int cork_flush(struct inet_sock *sk)
{
	struct udp_sock *u = udp_sk(sk);
	struct pkt *p = u->cork;
	struct route r;
	int err;

	if (!p)
		return 0;
	u->cork = NULL;
	err = find_route(sk, &u->cork_ctl, false, &r);
	if (err) {
		pkt_free(p);
	} else {
		err = push(sk, p, &u->cork_ctl, &r);
		route_put(&r);
	}
	cork_complete(sk);
	send_ctl_fini(&u->cork_ctl);
	return err;
}

/* MSG_MORE, UDP_CORK: data joins the datagram that waits. */
static ssize_t send_corked(struct inet_sock *sk, struct msg *m, size_t len, bool more, struct pkt *told)
{
	struct udp_sock *u = udp_sk(sk);
	ssize_t err = 0;

	mutex_lock(&u->cork_lock);
	if (!u->cork) {
		struct pkt *p;

		err = send_dest(sk, m, &u->cork_ctl);
		p = err ? NULL : build(m, len);
		if (IS_ERR(p)) {
			err = PTR_ERR(p);
			send_ctl_fini(&u->cork_ctl);
		} else if (p) {
			u->cork = p;
		}
	} else {
		err = u->cork->len + len > 65535 - 20 ? -EMSGSIZE : pkt_append_iter(u->cork, &m->iter, (u32)len);
		if (err) {
			pkt_free(u->cork);
			u->cork = NULL;
			cork_complete(sk);
			send_ctl_fini(&u->cork_ctl);
		}
	}
	if (told && !err)
		cork_note(sk, told);
	else
		pkt_free(told);
	if (!err && !more)
		err = cork_flush(sk);
	mutex_unlock(&u->cork_lock);
	return err ? err : (ssize_t)len;
}

static ssize_t udp_sendmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	u32 fflags = sk->socket->file->flags;
	bool more = m->flags & MSG_MORE || READ_ONCE(udp_sk(sk)->corked), connected;
	struct send_ctl c;
	struct route r;
	struct pkt *p, *told = NULL;
	int err;

	if (len > 65535)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB && sk->c.family == AF_INET)
		return -EOPNOTSUPP;	/* over IPv6 it means nothing */
	if (READ_ONCE(sk->shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	mutex_lock(&sk->lock);
	err = inet_autobind(sk);
	mutex_unlock(&sk->lock);
	if (err)
		return err == -EADDRINUSE ? -EAGAIN : err;
	if (unlikely(m->flags & MSG_ZEROCOPY) && READ_ONCE(sk->c.zerocopy)) {
		told = inet_zc_alloc(sk, 0);
		if (!told)
			return -ENOBUFS;
	}
	if (more || READ_ONCE(udp_sk(sk)->cork))
		return send_corked(sk, m, len, more, told);
	err = send_dest(sk, m, &c);
	if (err) {
		pkt_free(told);
		return err;
	}
	err = -EMSGSIZE;
	if (len > 65535u - 8 - (ipaddr_is4(&c.dst) ? 20 : 0))
		goto out_ctl;
	connected = !m->namelen;
	err = find_route(sk, &c, connected, &r);
	if (err)
		goto out_ctl;
	err = inet_wait_wmem(sk, m->flags, fflags);
	if (err == -EAGAIN)
		UDP_INC(sk->net, ipaddr_is4(&c.dst) ? AF_INET : AF_INET6, SNDBUFERRORS);
	if (err)
		goto out;
	if (m->flags & MSG_CONFIRM && r.dev)
		neigh_confirm(sk->net, r.dev, &r.gw);
	p = build(m, len);
	err = IS_ERR(p) ? (int)PTR_ERR(p) : push(sk, p, &c, &r);
out:
	route_put(&r);
out_ctl:
	send_ctl_fini(&c);
	/* All was copied: what is sent, however long it is under way, is ours. */
	if (unlikely(told)) {
		if (!err)
			inet_zc_done(sk, __atomic_fetch_add(&sk->c.zc_key, 1, __ATOMIC_RELAXED), 1, told);
		else
			pkt_free(told);
	}
	return err ? err : (ssize_t)len;
}

static ssize_t udp_recvmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct pkt *p;
	ssize_t n;
	u8 family;

	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_errqueue(sk, m, len);
	if (ip6_pathmtu_recv(sk, m))
		return 0;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	p = inet_dequeue(sk, m->flags, sk->socket->file->flags);
	if (!p)
		return 0;
	if (IS_ERR(p))
		return PTR_ERR(p);
	if (READ_ONCE(udp_sk(sk)->gro) && p->gso_size) {
		int size = p->gso_size;

		(void)scm_put_cmsg(m, SOL_UDP, UDP_GRO, &size, sizeof(size));
	}
	family = ip_cb(p)->family;
	n = inet_recv_copy(sk, m, p, 0, ip_cb(p)->udp_off, len);
	if (m->flags & MSG_PEEK)
		return n;
	if (n >= 0) {
		UDP_INC(sk->net, family, INDATAGRAMS);
	} else {
		UDP_INC(sk->net, family, INERRORS);
		__atomic_fetch_add(&sk->drops, 1, __ATOMIC_RELAXED);
	}
	return n;
}

/* --- connecting --- */

static int udp_connect(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, u32 fflags)
{
	struct ipaddr dst = *a;
	struct flow f;
	struct route r;
	int err;

	(void)fflags;
	err = inet_connect_dst(sk, &dst, &ifindex);
	if (err)
		return err;
	route_put(&sk->dst);
	inet_sock_flow(sk, &dst, ifindex, &f);
	f.src = ipaddr_is4(&dst) == ipaddr_is4(&sk->laddr) ? sk->laddr :
		ipaddr_is4(&dst) ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
	if (!ipaddr_is4(&dst) && ipaddr_any(&f.src))
		f.src = sk->o.pktinfo_addr6;
	if (!f.oif && ipaddr_multicast(&dst))
		f.oif = ipaddr_is4(&dst) ? sk->o.mc_ifindex : sk->o.mc_ifindex6;
	else if (!f.oif && !ipaddr_is4(&dst))
		f.oif = sk->o.pktinfo_if6 ? sk->o.pktinfo_if6 : sk->o.unicast_if6;
	err = route_output(sk->net, &f, &r);
	if (err == -ENETUNREACH)
		inet_count_no_route(sk->net, &f);
	if (err)
		return err;
	if (r.type == RTN_BROADCAST && !sk->c.broadcast)
		err = -EACCES;
	else if (!ipaddr_is4(&dst) && ipaddr_is4(&sk->laddr))
		err = -EAFNOSUPPORT;	/* so also after a connect to a mapped address */
	if (err) {
		route_put(&r);
		return err;
	}
	err = inet_autobind(sk);
	if (err) {
		route_put(&r);
		return -EAGAIN;
	}
	spin_lock(&bucket(sk->net, sk->lport)->lock);
	if (!sk->bound_addr && sk->reuse)
		inet_reuse_leave(sk);	/* its address is another now */
	if (!sk->bound_addr)
		sk->laddr = r.src;
	if (ifindex && !sk->bound_if)
		sk->bound_if = ifindex;
	sk->raddr = dst;
	sk->rport = port;
	sk->state = TCP_ESTABLISHED;
	spin_unlock(&bucket(sk->net, sk->lport)->lock);
	sk->dst = r;
	return 0;
}

static int udp_disconnect(struct inet_sock *sk)
{
	struct inet_bucket *b = bucket(sk->net, sk->lport);

	spin_lock(&b->lock);
	sk->state = TCP_CLOSE;
	sk->rport = 0;
	sk->raddr = inet_any(sk);
	sk->laddr = sk->rcv_addr;
	spin_unlock(&b->lock);
	route_put(&sk->dst);
	if (!sk->bound_port)
		udp_put_port(sk);
	return 0;
}

static int udp_setsockopt(struct inet_sock *sk, int level, int opt, uaddr_t uval, int len)
{
	struct udp_sock *u = udp_sk(sk);
	int val, err = 0;

	if (level != SOL_UDP)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(val))
		return -EINVAL;
	if (copy_in_bytes(&val, uval, sizeof(val)))
		return -EFAULT;
	switch (opt) {
	case UDP_CORK:
		WRITE_ONCE(u->corked, val != 0);
		if (!val) {
			mutex_lock(&u->cork_lock);
			err = cork_flush(sk);
			mutex_unlock(&u->cork_lock);
		}
		return err;
	case UDP_SEGMENT:
		if (val < 0 || val > 65535)
			return -EINVAL;
		WRITE_ONCE(u->gso_size, (u16)val);
		return 0;
	case UDP_GRO:
		WRITE_ONCE(u->gro, val != 0);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int udp_getsockopt(struct inet_sock *sk, int level, int opt, uaddr_t uval, uaddr_t ulen)
{
	int val;

	if (level != SOL_UDP)
		return -ENOPROTOOPT;
	if (opt == UDP_CORK)
		val = udp_sk(sk)->corked;
	else if (opt == UDP_SEGMENT)
		val = udp_sk(sk)->gso_size;
	else if (opt == UDP_GRO)
		val = udp_sk(sk)->gro;
	else
		return -ENOPROTOOPT;
	return sockopt_out(uval, ulen, &val, sizeof(val));
}

static int udp_init_sock(struct inet_sock *sk)
{
	mutex_init(&udp_sk(sk)->cork_lock, SOCKET);
	return 0;
}

static void udp_close(struct inet_sock *sk)
{
	WRITE_ONCE(sk->shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
	udp_put_port(sk);
	if (udp_sk(sk)->cork)
		send_ctl_fini(&udp_sk(sk)->cork_ctl);
	pkt_free(udp_sk(sk)->cork);
	pkt_free(udp_sk(sk)->cork_told);
	udp_sk(sk)->cork = udp_sk(sk)->cork_told = NULL;
}

static const struct inet_proto udp_proto = {
	.protocol = IPPROTO_UDP, .type = SOCK_DGRAM, .size = sizeof(struct udp_sock), .init = udp_init_sock, .close = udp_close,
	.get_port = udp_get_port, .put_port = udp_put_port, .connect = udp_connect, .disconnect = udp_disconnect,
	.shutdown = inet_dgram_shutdown, .poll = inet_dgram_poll,
	.ioctl = inet_dgram_ioctl, .sendmsg = udp_sendmsg, .recvmsg = udp_recvmsg,
	.setsockopt = udp_setsockopt, .getsockopt = udp_getsockopt,
};

int udp_init(struct net *net)
{
	for (u32 i = 0; i < INET_PORT_HASH; i++)
		spin_lock_init(&net_inet(net)->udp_port[i].lock, INET_HASH);
	inet_transport_register(&udp_transport);
	inet_proto_register(&udp_proto);
	return 0;
}
