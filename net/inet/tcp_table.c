/* SPDX-License-Identifier: MPL-2.0 */
/*
 * TCP's tables: connections by 4-tuple, listeners and ports, the SYN queue, TIME_WAIT; where segments go. All under the engine.
 * Half-open and TIME_WAIT connections are small records of their own, so that neither costs a socket.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <kernel/random.h>

#include "tcp_impl.h"

#define WSCALE		TCP_RCV_SCALE
#define TABLE_TICK	(200 * NSEC_PER_MSEC)

/* --- 4-tuples --- */

static struct hlist_head *chain(struct tcp_net *t, const struct ipaddr *l, u16 lport, const struct ipaddr *r, u16 rport)
{
	return &t->ehash[ipaddr_hash(r, ipaddr_hash(l, (u32)lport << 16 | rport)) % EHASH_SIZE];
}

void tcp_hash(struct tcp_net *t, struct tcp_ent *e)
{
	hlist_add_head(&e->hash, chain(t, &e->laddr, e->lport, &e->raddr, e->rport));
}

void tcp_unhash(struct tcp_ent *e)
{
	hlist_del_init(&e->hash);
}

struct tcp_ent *tcp_find(struct tcp_net *t, const struct ipaddr *l, u16 lport, const struct ipaddr *r, u16 rport)
{
	struct tcp_ent *e;

	hlist_for_each_entry(e, chain(t, l, lport, r, rport), hash)
		if (e->lport == lport && e->rport == rport && ipaddr_eq(&e->laddr, l) && ipaddr_eq(&e->raddr, r))
			return e;
	return NULL;
}

static bool any_matches(const struct inet_sock *sk, const struct ipaddr *a)
{
	if (ipaddr_is4(&sk->rcv_addr))
		return ipaddr_is4(a);
	return !ipaddr_is4(a) || !sk->o.v6only;
}

/* p: a segment for it, with a header of hl bytes. */
static struct tcp_sock *find_listener(struct tcp_net *t, const struct ipaddr *dst, u16 port, struct pkt *p, u32 hl, u32 hash)
{
	int iif = ip_cb(p)->iif;
	struct tcp_sock *tp, *best = NULL;
	int top = -1;
	u32 same = 0;

	hlist_for_each_entry(tp, &t->listeners[port % LHASH_SIZE], listen_link) {
		struct inet_sock *sk = &tp->inet;
		int s = ipaddr_is4(&sk->rcv_addr);

		if (sk->lport != port || (sk->bound_if && sk->bound_if != iif))
			continue;
		if (ipaddr_any(&sk->rcv_addr)) {
			if (!any_matches(sk, dst))
				continue;
		} else {
			if (!ipaddr_eq(&sk->rcv_addr, dst))
				continue;
			s += 4;
		}
		s += sk->bound_if ? 2 : 0;
		if (s > top) {
			top = s;
			best = tp;
			same = 1;
		} else if (s == top && sk->c.reuseport && best->inet.c.reuseport) {
			same++;
			if ((u64)(hash * 0x9e3779b1u) * same >> 32 == 0)
				best = tp;
			hash = hash * 0x85ebca6bu + 1;
		}
	}
	if (best && unlikely(best->inet.reuse)) {
		struct inet_sock *sk = inet_reuse_choose(&best->inet, p, hl);

		best = sk ? tcp_sk(sk) : best;
	}
	return best;
}

/* --- ports --- */

static bool overlap(const struct inet_sock *a, const struct inet_sock *b)
{
	bool any_a = ipaddr_any(&a->rcv_addr), any_b = ipaddr_any(&b->rcv_addr);

	if (any_a && any_b)
		return ipaddr_is4(&a->rcv_addr) == ipaddr_is4(&b->rcv_addr) ||
			!(ipaddr_is4(&a->rcv_addr) ? b->o.v6only : a->o.v6only);
	if (any_a)
		return any_matches(a, &b->rcv_addr);
	if (any_b)
		return any_matches(b, &a->rcv_addr);
	return ipaddr_eq(&a->rcv_addr, &b->rcv_addr);
}

static bool conflict(struct tcp_net *t, const struct inet_sock *sk, u16 port)
{
	struct tcp_bind *b = &t->bind[port % INET_PORT_HASH];
	struct inet_sock *o;
	struct tcp_tw *tw;

	hlist_for_each_entry(o, &b->head, port_link) {
		if (o == sk || o->lport != port || (o->bound_if && sk->bound_if && o->bound_if != sk->bound_if))
			continue;
		if (o->c.reuseaddr && sk->c.reuseaddr && o->state != TCP_LISTEN)
			continue;
		if (o->c.reuseport && sk->c.reuseport && !sk->reuse && o->uid.v == sk->uid.v)
			continue;
		if (overlap(o, sk))
			return true;
	}
	hlist_for_each_entry(tw, &b->tws, port_link)
		if (tw->ent.lport == port && !(tw->reuse && sk->c.reuseaddr) &&
		    (ipaddr_any(&sk->rcv_addr) ? any_matches(sk, &tw->ent.laddr) : ipaddr_eq(&sk->rcv_addr, &tw->ent.laddr)))
			return true;
	return false;
}

static void take_port(struct tcp_net *t, struct inet_sock *sk, u16 port)
{
	sk->lport = port;
	hlist_add_head(&sk->port_link, &t->bind[port % INET_PORT_HASH].head);
}

int tcp_get_port(struct inet_sock *sk, u16 port)
{
	struct tcp_net *t = tcp_net(sk->net);
	const struct inet_sysctl *s = &net_inet(sk->net)->sysctl;
	u32 low, n = inet_port_range(s, &low), at = random_u32_below(n);
	int err = -EADDRINUSE;

	tcp_engine_lock(t);
	if (port) {
		if (!conflict(t, sk, port)) {
			take_port(t, sk, port);
			err = 0;
		}
	} else {
		for (u32 i = 0; i < n; i++, at = at + 1 == n ? 0 : at + 1) {
			if (conflict(t, sk, (u16)(low + at)))
				continue;
			take_port(t, sk, (u16)(low + at));
			err = 0;
			break;
		}
	}
	tcp_engine_unlock(t);
	return err;
}

void tcp_put_port_locked(struct tcp_sock *tp)
{
	if (!hlist_unhashed(&tp->inet.port_link))
		hlist_del_init(&tp->inet.port_link);
	if (tp->inet.socket && !tp->inet.bound_port)
		return;		/* getsockname still says it */
}

void tcp_put_port(struct inet_sock *sk)
{
	struct tcp_net *t = tcp_net(sk->net);

	tcp_engine_lock(t);
	tcp_put_port_locked(tcp_sk(sk));
	tcp_engine_unlock(t);
}

static void tw_free(struct tcp_net *t, struct tcp_tw *tw)
{
	tcp_unhash(&tw->ent);
	hlist_del_init(&tw->port_link);
	list_del(&tw->age);
	t->nr_tw--;
	kfree(tw);
}

/* May this 4-tuple be used? A TIME_WAIT one may after a second when it has timestamps. */
static bool tuple_free(struct tcp_net *t, struct tcp_sock *tp, u16 lport)
{
	struct inet_sock *sk = &tp->inet;
	struct tcp_ent *e = tcp_find(t, &sk->laddr, lport, &sk->raddr, sk->rport);
	struct tcp_tw *tw;

	if (!e)
		return true;
	if (e->kind != ENT_TW)
		return false;
	tw = container_of(e, struct tcp_tw, ent);
	if (!tw->has_ts || tw->expires > clock_monotonic_ns() + TW_NS - NSEC_PER_SEC)
		return false;
	tw_free(t, tw);
	NET_INC(t->net, TCPEXT_TWRECYCLED);
	return true;
}

int tcp_connect_port(struct tcp_sock *tp)
{
	struct inet_sock *sk = &tp->inet;
	struct tcp_net *t = tcp_net(sk->net);
	const struct inet_sysctl *s = &net_inet(sk->net)->sysctl;
	u32 low, n = inet_port_range(s, &low), at = random_u32_below(n);
	bool found = false;

	if (sk->lport) {
		if (!tuple_free(t, tp, sk->lport))
			return -EADDRNOTAVAIL;
	} else {
		for (u32 i = 0; i < n && !found; i++, at = at + 1 == n ? 0 : at + 1) {
			u16 port = (u16)(low + at);
			struct inet_sock *o;
			bool taken = false;

			/* Ports that somebody bound are left alone; those of other connections may be shared. */
			hlist_for_each_entry(o, &t->bind[port % INET_PORT_HASH].head, port_link) {
				if (o->lport == port && (o->bound_port || o->state == TCP_LISTEN)) {
					taken = true;
					break;
				}
			}
			if (!taken && tuple_free(t, tp, port)) {
				take_port(t, sk, port);
				found = true;
			}
		}
		if (!found)
			return -EADDRNOTAVAIL;
	}
	tp->ent.laddr = sk->laddr;
	tp->ent.raddr = sk->raddr;
	tp->ent.lport = sk->lport;
	tp->ent.rport = sk->rport;
	tp->ent.kind = ENT_SOCK;
	tcp_hash(t, &tp->ent);
	tp->hashed = true;
	inet_sock_get(sk);
	return 0;
}

/* --- TIME_WAIT --- */

void tcp_time_wait(struct tcp_sock *tp, struct tcp_pcb *pcb)
{
	struct inet_sock *sk = &tp->inet;
	struct tcp_net *t = tcp_net(sk->net);
	struct tcp_tw *tw;

	if (t->nr_tw >= (u32)net_inet(sk->net)->sysctl.tcp_max_tw_buckets) {
		NET_INC(sk->net, TCPEXT_TIMEWAITOVERFLOW);
		return;
	}
	tw = kzalloc(sizeof(*tw), GFP_ATOMIC);
	if (!tw)
		return;
	tw->ent = tp->ent;
	tw->ent.kind = ENT_TW;
	tw->ent.oif = sk->bound_if;
	tw->ent.hash = (struct hlist_node){ 0 };
	tw->rcv_nxt = pcb->rcv_nxt;
	tw->snd_nxt = pcb->snd_nxt;
	tw->wnd = pcb->rcv_wnd >> (pcb->flags & TF_WND_SCALE ? pcb->rcv_scale : 0);
	tw->has_ts = pcb->flags & TF_TIMESTAMP;
	tw->ts_recent = pcb->ts_recent;
	tw->net = sk->net;
	tw->uid = sk->uid;
	tw->reuse = sk->c.reuseaddr;
	tw->expires = clock_monotonic_ns() + TW_NS;
	/* The socket leaves the table for it. */
	if (tp->hashed) {
		tp->hashed = false;
		tcp_unhash(&tp->ent);
		inet_sock_put(sk);
	}
	tcp_hash(t, &tw->ent);
	hlist_add_head(&tw->port_link, &t->bind[tw->ent.lport % INET_PORT_HASH].tws);
	list_add_tail(&tw->age, &t->tws);
	t->nr_tw++;
	NET_INC(sk->net, TCPEXT_TW);
	(void)delayed_work_queue(system_wq, &t->work, TABLE_TICK);
}

/* --- options of a SYN --- */

struct syn_opts {
	u16 mss;
	u8 wscale;
	bool ws, ts, sack;
	u32 tsval, tsecr;
};

static void parse_opts(const u8 *o, u32 n, struct syn_opts *s)
{
	*s = (struct syn_opts){ .mss = 536 };
	for (u32 i = 0; i < n; ) {
		u32 len;

		if (o[i] == 0)
			break;
		if (o[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= n || o[i + 1] < 2 || i + o[i + 1] > n)
			break;
		len = o[i + 1];
		if (o[i] == 2 && len == 4) {
			s->mss = (u16)(o[i + 2] << 8 | o[i + 3]);
			if (s->mss < 88)
				s->mss = s->mss ? 88 : 536;
		} else if (o[i] == 3 && len == 3) {
			s->ws = true;
			s->wscale = min(o[i + 2], (u8)14);
		} else if (o[i] == 4 && len == 2) {
			s->sack = true;
		} else if (o[i] == 8 && len == 10) {
			be32_t v[2];

			memcpy(v, o + i + 2, 8);
			s->ts = true;
			s->tsval = be32(v[0]);
			s->tsecr = be32(v[1]);
		}
		i += len;
	}
}

/* --- SYN queue --- */

/* Answers to a link-local peer go out where it was heard. */
static int answer_oif(const struct ipaddr *peer, int iif)
{
	return inet_needs_scope(peer) ? iif : 0;
}

static u32 mss_to(struct net *net, const struct ipaddr *src, const struct ipaddr *dst, int oif)
{
	struct flow f = { .dst = *dst, .src = *src, .oif = oif, .family = ipaddr_is4(dst) ? AF_INET : AF_INET6,
		.proto = IPPROTO_TCP };
	struct route r;
	u32 mtu = 1500;

	if (!route_output(net, &f, &r)) {
		mtu = r.mtu;
		route_put(&r);
	}
	return min(mtu - (ipaddr_is4(dst) ? 40 : 60), 65495u);
}

/* A cookie's options ride in the low bits. Not ahead of our clock: the peer would refuse what follows as older (RFC 7323, PAWS). */
static u32 synack_ts(const struct tcp_req *q)
{
	u32 now = tcp_now_ts(), ts = q->cookie ? (now & ~31u) | q->ts_bits : now;

	return (s32)(ts - now) > 0 ? ts - 32 : ts;
}

static void send_synack(struct tcp_net *t, struct tcp_req *q)
{
	u32 mss = mss_to(t->net, &q->ent.laddr, &q->ent.raddr, q->ent.oif);
	struct inet_sock *l = &q->listener->inet;
	u8 o[24];
	u32 n = 0;
	be32_t v;

	if (q->listener->maxseg)
		mss = min(mss, q->listener->maxseg);
	o[n++] = 2;
	o[n++] = 4;
	o[n++] = (u8)(mss >> 8);
	o[n++] = (u8)mss;
	if (q->has_ts) {
		o[n++] = q->has_sack ? 4 : 1;
		o[n++] = q->has_sack ? 2 : 1;
		o[n++] = 8;
		o[n++] = 10;
		v = to_be32(synack_ts(q));
		memcpy(o + n, &v, 4);
		v = to_be32(q->ts_recent);
		memcpy(o + n + 4, &v, 4);
		n += 8;
	} else if (q->has_sack) {
		o[n++] = 1;
		o[n++] = 1;
		o[n++] = 4;
		o[n++] = 2;
	}
	if (q->has_ws) {
		o[n++] = 1;
		o[n++] = 3;
		o[n++] = 3;
		o[n++] = WSCALE;
	}
	tcp_send_bare(t, &(struct tcp_bare){ .src = q->ent.laddr, .dst = q->ent.raddr, .sport = q->ent.lport,
		.dport = q->ent.rport,
		.seq = q->iss, .ack = q->irs + 1, .wnd = (u16)min(tcp_init_wnd(q->listener), 65535u),
			.flags = TCPF_SYN | TCPF_ACK,
		.opt = o, .opt_len = n, .mark = l->c.mark,
		.tos = ipaddr_is4(&q->ent.raddr) ? l->o.tos : l->o.tclass, .oif = q->ent.oif,
		.label = inet_autoflow(l) ? LABEL_AUTO : LABEL_NONE });
	q->next_ns = clock_monotonic_ns() + (NSEC_PER_SEC << q->tries);
}

static void req_free(struct tcp_net *t, struct tcp_req *q)
{
	tcp_unhash(&q->ent);
	list_del(&q->age);
	t->nr_req--;
	q->listener->req_nr--;
	inet_sock_put(&q->listener->inet);
	kfree(q);
}

static void syn_received(struct tcp_net *t, struct tcp_sock *l, struct pkt *p, const struct tcp_hdr_wire *h, u32 hl)
{
	const struct inet_sysctl *s = &net_inet(t->net)->sysctl;
	bool full = l->req_nr >= max(min((u32)s->tcp_max_syn_backlog, l->accept_max + 1), 8u);
	struct ip_cb *cb = ip_cb(p);
	struct tcp_req *q, cookie;
	struct syn_opts o;
	ip_addr_t la, ra;

	if (l->accept_nr > l->accept_max) {
		NET_INC(t->net, TCPEXT_LISTENOVERFLOWS);
		NET_INC(t->net, TCPEXT_LISTENDROPS);
		return;
	}
	if (full && !s->tcp_syncookies) {
		NET_INC(t->net, TCPEXT_REQQFULLDROP);
		NET_INC(t->net, TCPEXT_LISTENDROPS);
		return;
	}
	q = full ? &cookie : kzalloc(sizeof(*q), GFP_ATOMIC);
	if (!q)
		return;
	if (full)
		memset(q, 0, sizeof(*q));
	parse_opts((const u8 *)(h + 1), hl - (u32)sizeof(*h), &o);
	q->ent = (struct tcp_ent){ .laddr = cb->dst, .raddr = cb->src, .lport = be16(h->dst), .rport = be16(h->src),
		.kind = ENT_REQ, .oif = l->inet.bound_if ? l->inet.bound_if : answer_oif(&cb->src, cb->iif) };
	q->irs = be32(h->seq);
	q->wnd = be16(h->wnd);
	q->peer_mss = o.mss;
	q->wscale = o.wscale;
	q->has_ws = o.ws && s->tcp_window_scaling;
	q->has_ts = o.ts && s->tcp_timestamps;
	q->has_sack = o.sack && s->tcp_sack;
	q->ts_recent = o.tsval;
	q->made_ns = clock_monotonic_ns();
	ipaddr_to_lwip(&cb->dst, &la);
	ipaddr_to_lwip(&cb->src, &ra);
	q->iss = keel_tcp_isn(&la, q->ent.lport, &ra, q->ent.rport);
	q->listener = l;
	if (full) {
		tcp_cookie_make(q);
		t->cookies_until = q->made_ns + 180 * NSEC_PER_SEC;
		NET_INC(t->net, TCPEXT_SYNCOOKIESSENT);
		send_synack(t, q);
		return;
	}
	inet_sock_get(&l->inet);
	l->req_nr++;
	t->nr_req++;
	tcp_hash(t, &q->ent);
	list_add_tail(&q->age, &t->reqs);
	send_synack(t, q);
	(void)delayed_work_queue(system_wq, &t->work, TABLE_TICK);
}

/* lwIP calls the listener of a connection when it is established. Ours are sockets; this one stands for all of them. */
static struct tcp_pcb_listen any_listener;

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg, (void)pcb;
	return err;
}

void tcp_pcb_accepts(struct tcp_pcb *pcb)
{
	pcb->listener = &any_listener;
	any_listener.accept = on_accept;
}

/* The last ACK came: a socket with a PCB in SYN_RCVD, which that ACK will open. NULL: no memory. */
static struct tcp_sock *child_make(struct tcp_net *t, struct tcp_req *q)
{
	struct tcp_sock *l = q->listener, *tp;
	struct inet_sock *sk = inet_sock_alloc(t->net, l->inet.c.family, l->inet.proto, l->inet.c.protocol, GFP_ATOMIC);
	struct tcp_pcb *pcb;
	u32 mss;

	if (!sk)
		return NULL;
	tp = tcp_sk(sk);
	tcp_enter(tp);
	pcb = sock_filter_inherit(&sk->c, &l->inet.c) ? NULL : tcp_new();
	tcp_leave(tp);
	if (!pcb) {
		inet_sock_put(sk);
		return NULL;
	}
	/* What a child has of its listener. */
	sk->c.sndbuf = l->inet.c.sndbuf;
	sk->c.rcvbuf = l->inet.c.rcvbuf;
	sk->c.sndtimeo_ns = l->inet.c.sndtimeo_ns;
	sk->c.rcvtimeo_ns = l->inet.c.rcvtimeo_ns;
	sk->c.keepalive = l->inet.c.keepalive;
	sk->c.reuseaddr = l->inet.c.reuseaddr;
	sk->c.reuseport = l->inet.c.reuseport;
	sk->c.linger = l->inet.c.linger;
	sk->c.linger_seconds = l->inet.c.linger_seconds;
	sk->c.oobinline = l->inet.c.oobinline;
	sk->c.priority = l->inet.c.priority;
	sk->c.mark = l->inet.c.mark;
	sk->c.rcvlowat = l->inet.c.rcvlowat;
	sk->c.stamp = l->inet.c.stamp;
	sk->c.stamping = l->inet.c.stamping;
	sk->c.zerocopy = l->inet.c.zerocopy;
	sk->o = l->inet.o;
	sk->uid = l->inet.uid;
	sk->bound_if = q->ent.oif;
	tp->nodelay = l->nodelay;
	tp->corked = l->corked;
	tp->keep_idle = l->keep_idle;
	tp->keep_intvl = l->keep_intvl;
	tp->keep_cnt = l->keep_cnt;
	tp->user_timeout = l->user_timeout;
	tp->thin_lto = l->thin_lto;
	tp->notsent_lowat = l->notsent_lowat;
	tp->wnd_clamp = l->wnd_clamp;
	tp->linger2 = l->linger2;
	tp->copied_seq = q->irs + 1;
	tp->tx.cc = l->tx.cc;
	tcp_tx_init(tp);
	tp->maxseg = l->maxseg;
	sk->laddr = sk->rcv_addr = q->ent.laddr;
	sk->raddr = q->ent.raddr;
	sk->lport = q->ent.lport;
	sk->rport = q->ent.rport;
	sk->bound_port = true;
	mss = min((u32)q->peer_mss, mss_to(t->net, &sk->laddr, &sk->raddr, q->ent.oif));
	tp->adv_mss = mss;
	tp->pcb = pcb;
	tcp_pcb_hooks(tp);
	ipaddr_to_lwip(&sk->laddr, &pcb->local_ip);
	ipaddr_to_lwip(&sk->raddr, &pcb->remote_ip);
	pcb->local_port = sk->lport;
	pcb->remote_port = sk->rport;
	pcb->state = SYN_RCVD;
	tcp_pcb_accepts(pcb);
	pcb->rcv_nxt = q->irs + 1;
	pcb->snd_wl1 = q->irs;
	pcb->snd_wl2 = pcb->lastack = q->iss;
	pcb->snd_nxt = pcb->snd_lbb = q->iss + 1;
	pcb->snd_wnd = pcb->snd_wnd_max = q->wnd;
	pcb->mss = (u16)mss;
	tp->wnd_max = tcp_init_wnd(tp);
	pcb->rcv_wnd = pcb->rcv_ann_wnd = q->has_ws ? tp->wnd_max : min(tp->wnd_max, 65535u);
	pcb->rcv_ann_right_edge = pcb->rcv_nxt + pcb->rcv_ann_wnd;
	if (q->has_ws) {
		pcb->snd_scale = q->wscale;
		pcb->rcv_scale = WSCALE;
		tcp_set_flags(pcb, TF_WND_SCALE);
	}
	pcb->ts_lastacksent = pcb->rcv_nxt;
	if (q->has_ts) {
		pcb->ts_recent = q->ts_recent;
		tcp_set_flags(pcb, TF_TIMESTAMP);
	}
	if (q->has_sack)
		tcp_set_flags(pcb, TF_SACK);
	tcp_pcb_options(tp);
	return tp;
}

/* A segment for a half-open connection. Consumes p. */
static void req_input(struct tcp_net *t, struct tcp_req *q, struct pkt *p, const struct tcp_hdr_wire *h, u32 hl)
{
	struct tcp_sock *l = q->listener, *tp;
	u32 seq = be32(h->seq), ack = be32(h->ack);
	u16 wnd = be16(h->wnd);

	if (h->flags & TCPF_RST) {
		if (seq == q->irs + 1) {
			NET_INC(t->net, TCP_ATTEMPTFAILS);
			req_free(t, q);
		}
		goto drop;
	}
	if (h->flags & TCPF_SYN) {
		if (seq == q->irs && !(h->flags & TCPF_ACK)) {
			NET_INC(t->net, TCP_RETRANSSEGS);
			send_synack(t, q);
		}
		goto drop;
	}
	if (!(h->flags & TCPF_ACK))
		goto drop;
	if (ack != q->iss + 1) {
		tcp_send_bare(t, &(struct tcp_bare){ .src = q->ent.laddr, .dst = q->ent.raddr, .sport = q->ent.lport,
			.dport = q->ent.rport,
			.seq = ack, .flags = TCPF_RST, .oif = q->ent.oif });
		goto drop;
	}
	if (seq - (q->irs + 1) > 65535)
		goto drop;
	if (l->defer_accept && p->len == hl && clock_monotonic_ns() < q->made_ns + l->defer_accept * NSEC_PER_SEC)
		goto drop;
	if (l->accept_nr > l->accept_max) {
		NET_INC(t->net, TCPEXT_LISTENOVERFLOWS);
		NET_INC(t->net, TCPEXT_LISTENDROPS);
		goto drop;
	}
	tp = child_make(t, q);
	if (!tp) {
		NET_INC(t->net, TCPEXT_LISTENDROPS);
		goto drop;
	}
	tcp_unhash(&q->ent);
	q->ent.hash = (struct hlist_node){ 0 };
	tp->ent = q->ent;
	tp->ent.kind = ENT_SOCK;
	tcp_hash(t, &tp->ent);
	tp->hashed = true;
	inet_sock_get(&tp->inet);
	hlist_add_head(&tp->inet.port_link, &t->bind[tp->inet.lport % INET_PORT_HASH].head);
	tp->inet.state = TCP_SYN_RECV;
	tp->established = true;
	NET_INC(t->net, TCP_PASSIVEOPENS);
	tp->tx.last_sent = q->made_ns;
	tp->pcb->nrtx = q->tries;
	/* The reference of birth belongs to the accept queue. */
	inet_sock_get(&l->inet);
	req_free(t, q);
	list_add_tail(&tp->accept_link, &l->accept_q);
	tp->parent = l;
	l->accept_nr++;
	tcp_segment_input(tp, p);
	tcp_open_child(tp, seq, wnd);
	inet_sock_wake(&l->inet, EPOLLIN | EPOLLRDNORM);
	inet_sock_put(&l->inet);
	return;
drop:
	pkt_free(p);
}

/* --- listening --- */

/* Engine held. Among those that listen where sk begins to. */
static bool join_group(struct tcp_net *t, struct inet_sock *sk)
{
	struct tcp_sock *o;

	hlist_for_each_entry(o, &t->listeners[sk->lport % LHASH_SIZE], listen_link)
		if (inet_reuse_same(sk, &o->inet))
			return inet_reuse_join(sk, &o->inet);
	return inet_reuse_join(sk, NULL);
}

int tcp_listen_start(struct tcp_sock *tp, int backlog)
{
	struct inet_sock *sk = &tp->inet;
	struct tcp_net *t = tcp_net(sk->net);
	int err = 0;

	tcp_engine_lock(t);
	tp->accept_max = (u32)backlog;
	if (sk->state != TCP_LISTEN) {
		sk->state = TCP_LISTEN;
		if (conflict(t, sk, sk->lport)) {
			sk->state = TCP_CLOSE;
			err = -EADDRINUSE;
		} else if (sk->c.reuseport && !join_group(t, sk)) {
			sk->state = TCP_CLOSE;
			err = -ENOMEM;
		} else {
			inet_sock_get(sk);
			hlist_add_head(&tp->listen_link, &t->listeners[sk->lport % LHASH_SIZE]);
		}
	}
	tcp_engine_unlock(t);
	return err;
}

void tcp_listen_stop(struct tcp_sock *tp)
{
	struct tcp_net *t = tcp_net(tp->inet.net);
	struct tcp_req *q, *n;

	hlist_del_init(&tp->listen_link);
	if (tp->inet.reuse)
		inet_reuse_leave(&tp->inet);
	tp->inet.state = TCP_CLOSE;
	list_for_each_entry_safe(q, n, &t->reqs, age)
		if (q->listener == tp)
			req_free(t, q);
	while (!list_empty(&tp->accept_q)) {
		struct tcp_sock *c = list_first_entry(&tp->accept_q, struct tcp_sock, accept_link);

		list_del_init(&c->accept_link);
		c->parent = NULL;
		tp->accept_nr--;
		c->orphan = true;
		t->nr_orphan++;
		tcp_drop_pcb(c, true);
		if (c->orphan) {	/* it had ended before */
			c->orphan = false;
			t->nr_orphan--;
		}
		tcp_put_port_locked(c);
		inet_sock_put(&c->inet);
	}
	inet_sock_put(&tp->inet);
}

/* --- where segments go --- */

static void reset_for(struct tcp_net *t, struct pkt *p, const struct tcp_hdr_wire *h, u32 hl)
{
	struct ip_cb *cb = ip_cb(p);
	struct tcp_bare b = { .src = cb->dst, .dst = cb->src, .sport = be16(h->dst), .dport = be16(h->src), .flags = TCPF_RST,
		.oif = answer_oif(&cb->src, cb->iif) };

	if (h->flags & TCPF_RST)
		return;
	if (h->flags & TCPF_ACK) {
		b.seq = be32(h->ack);
	} else {
		b.ack = be32(h->seq) + p->len - hl + !!(h->flags & TCPF_SYN) + !!(h->flags & TCPF_FIN);
		b.flags |= TCPF_ACK;
	}
	tcp_send_bare(t, &b);
}

/* True: a new connection may take its place. */
static bool tw_input(struct tcp_net *t, struct tcp_tw *tw, struct pkt *p, const struct tcp_hdr_wire *h, u32 hl)
{
	u32 seq = be32(h->seq);
	struct syn_opts o;

	parse_opts((const u8 *)(h + 1), hl - (u32)sizeof(*h), &o);
	if (h->flags & TCPF_RST)
		return false;	/* RFC 1337 */
	if (h->flags & TCPF_SYN && !(h->flags & TCPF_ACK) &&
	    ((s32)(seq - tw->rcv_nxt) > 0 || (tw->has_ts && o.ts && (s32)(o.tsval - tw->ts_recent) > 0))) {
		tw_free(t, tw);
		return true;
	}
	if (p->len > hl || h->flags & (TCPF_SYN | TCPF_FIN)) {
		if (h->flags & TCPF_FIN) {
			tw->expires = clock_monotonic_ns() + TW_NS;
			list_move_tail(&tw->age, &t->tws);
		}
		tcp_send_bare(t, &(struct tcp_bare){ .src = tw->ent.laddr, .dst = tw->ent.raddr, .sport = tw->ent.lport,
			.dport = tw->ent.rport,
			.seq = tw->snd_nxt, .ack = tw->rcv_nxt, .wnd = (u16)min(tw->wnd, 65535u), .flags = TCPF_ACK,
			.oif = tw->ent.oif });
	}
	return false;
}

/* An acknowledgement for a listener: of a SYN cookie? Then it consumes p. */
static bool cookie_input(struct tcp_net *t, struct tcp_sock *l, struct pkt *p, const struct tcp_hdr_wire *h, u32 hl)
{
	struct ip_cb *cb = ip_cb(p);
	struct tcp_req *q;
	struct tcp_in in;

	if (clock_monotonic_ns() > t->cookies_until || l->accept_nr > l->accept_max ||
	    (h->flags & (TCPF_SYN | TCPF_ACK | TCPF_RST)) != TCPF_ACK)
		return false;
	q = kzalloc(sizeof(*q), GFP_ATOMIC);
	if (!q)
		return false;
	q->ent = (struct tcp_ent){ .laddr = cb->dst, .raddr = cb->src, .lport = be16(h->dst), .rport = be16(h->src),
		.kind = ENT_REQ };
	tcp_parse_in(h, hl, p->len - hl, &in);
	if (!tcp_cookie_check(q, &in)) {
		NET_INC(t->net, TCPEXT_SYNCOOKIESFAILED);
		kfree(q);
		return false;
	}
	NET_INC(t->net, TCPEXT_SYNCOOKIESRECV);
	q->listener = l;
	q->tries = 1;		/* the round trip was not measured */
	inet_sock_get(&l->inet);
	l->req_nr++;
	t->nr_req++;
	tcp_hash(t, &q->ent);
	list_add_tail(&q->age, &t->reqs);
	q->next_ns = clock_monotonic_ns() + NSEC_PER_SEC;
	(void)delayed_work_queue(system_wq, &t->work, TABLE_TICK);
	req_input(t, q, p, h, hl);
	return true;
}

/* A filter drops segments, it cuts none: retransmissions are whole segments and would be cut again. */
static bool filter_wants(const struct inet_sock *sk, const struct pkt *p) { return sock_filter_run(&sk->c, p) != 0; }

static void segment(struct tcp_net *t, struct pkt *p)
{
	struct ip_cb *cb = ip_cb(p);
	struct tcp_hdr_wire *h = (struct tcp_hdr_wire *)p->data;
	u32 hl = (u32)(h->doff_x >> 4) * 4;
	struct tcp_sock *tp;
	struct tcp_ent *e;

	e = tcp_find(t, &cb->dst, be16(h->dst), &cb->src, be16(h->src));
	if (e && e->kind == ENT_TW) {
		if (!tw_input(t, container_of(e, struct tcp_tw, ent), p, h, hl)) {
			pkt_free(p);
			return;
		}
		e = NULL;
	}
	if (e && e->kind == ENT_REQ) {
		struct tcp_req *q = container_of(e, struct tcp_req, ent);

		if (filter_wants(&q->listener->inet, p))
			req_input(t, q, p, h, hl);
		else
			pkt_free(p);
		return;
	}
	if (e) {
		tp = container_of(e, struct tcp_sock, ent);
		inet_sock_get(&tp->inet);
		if (filter_wants(&tp->inet, p))
			tcp_segment_input(tp, p);
		else
			pkt_free(p);
		inet_sock_put(&tp->inet);
		return;
	}
	tp = find_listener(t, &cb->dst, be16(h->dst), p, hl, ipaddr_hash(&cb->src, be16(h->src)));
	if (tp && !filter_wants(&tp->inet, p)) {
		pkt_free(p);
		return;
	}
	if (tp && (h->flags & (TCPF_SYN | TCPF_ACK | TCPF_RST | TCPF_FIN)) == TCPF_SYN)
		syn_received(t, tp, p, h, hl);
	else if (tp && cookie_input(t, tp, p, h, hl))
		return;
	else if (!tp || h->flags & TCPF_ACK)
		reset_for(t, p, h, hl);
	pkt_free(p);
}

/* Collect: the burst is run under one hold of the engine. */
void tcp_rcv(struct net *net, struct pkt_list *l)
{
	struct tcp_net *t = tcp_net(net);
	struct pkt *p;
	u64 flags;

	while ((p = pkt_list_pop(l)) != NULL) {
		struct tcp_hdr_wire *h;
		u32 hl;

		if (ip_cb(p)->multicast || ip_cb(p)->broadcast) {
			pkt_free(p);
			continue;
		}
		NET_ADD(net, TCP_INSEGS, max(p->gso_segs, (u16)1));
		if (!pkt_pull_ok(p, sizeof(*h)))
			goto bad;
		h = (struct tcp_hdr_wire *)p->data;
		hl = (u32)(h->doff_x >> 4) * 4;
		if (hl < sizeof(*h) || !pkt_pull_ok(p, hl))
			goto bad;
		if (!inet_csum_ok(p, IPPROTO_TCP)) {
			NET_INC(net, TCP_INCSUMERRORS);
			goto bad;
		}
		spin_lock_irqsave(&t->in_lock, flags);
		pkt_list_add(&t->in, p);
		spin_unlock_irqrestore(&t->in_lock, flags);
		continue;
bad:
		NET_INC(net, TCP_INERRS);
		pkt_free(p);
	}
}

void tcp_receive_flush(struct net *net)
{
	struct tcp_net *t = tcp_net(net);

	while (READ_ONCE(t->in.first)) {
		struct pkt_list l;
		struct pkt *p;
		u64 flags;

		tcp_engine_lock(t);
		spin_lock_irqsave(&t->in_lock, flags);
		l = t->in;
		pkt_list_init(&t->in);
		spin_unlock_irqrestore(&t->in_lock, flags);
		while ((p = pkt_list_pop(&l)) != NULL)
			segment(t, p);
		tcp_engine_release(t);
	}
}

void tcp_icmp_error(struct net *net, struct pkt *p, const struct icmp_err *e)
{
	struct tcp_net *t = tcp_net(net);
	struct tcp_hdr_wire *h = (struct tcp_hdr_wire *)p->data;
	struct ip_cb *cb = ip_cb(p);
	struct tcp_ent *ent;
	struct tcp_sock *tp;

	tcp_engine_lock(t);
	ent = tcp_find(t, &cb->src, be16(h->src), &cb->dst, be16(h->dst));
	if (!ent || ent->kind != ENT_SOCK)
		goto out;
	tp = container_of(ent, struct tcp_sock, ent);
	inet_sock_get(&tp->inet);
	/* Only about something that is under way (RFC 5927). */
	if (tp->pcb && TCP_SEQ_GEQ(be32(h->seq), tp->pcb->lastack) && TCP_SEQ_LEQ(be32(h->seq), tp->pcb->snd_nxt)) {
		if (e->err == EMSGSIZE) {
			u32 mss = e->info > 100 ? e->info - (e->family == AF_INET ? 40 : 60) : 0;

			if (mss && mss < tp->pcb->mss) {
				tcp_enter(tp);
				tp->pcb->mss = (u16)mss;
				tcp_tx_mtu(tp);
				tcp_push_pending(tp);
				tcp_leave(tp);
			}
		} else if (tp->inet.state == TCP_SYN_SENT) {
			tcp_attempt_failed(tp);
			WRITE_ONCE(tp->inet.c.err, e->err);	/* before who connects is woken */
			tcp_drop_pcb(tp, false);
		} else {
			tp->soft_err = e->err;
			if (e->family == AF_INET ? tp->inet.o.recverr : tp->inet.o.recverr6)
				inet_sock_error(&tp->inet, e->err);
		}
	}
	inet_sock_put(&tp->inet);
out:
	tcp_engine_unlock(t);
}

/* --- time --- */

void tcp_tick_tables(struct work *w)
{
	struct tcp_net *t = container_of(container_of(w, struct delayed_work, work), struct tcp_net, work);
	u64 now = clock_monotonic_ns();
	struct tcp_req *q, *qn;
	struct tcp_tw *tw, *twn;
	bool again;

	tcp_engine_lock(t);
	list_for_each_entry_safe(q, qn, &t->reqs, age) {
		if (now < q->next_ns)
			continue;
		if (q->tries >= net_inet(t->net)->sysctl.tcp_synack_retries) {
			req_free(t, q);
			continue;
		}
		q->tries++;
		NET_INC(t->net, TCP_RETRANSSEGS);
		send_synack(t, q);
	}
	list_for_each_entry_safe(tw, twn, &t->tws, age) {
		if (now < tw->expires)
			break;
		tw_free(t, tw);
	}
	again = t->nr_req || t->nr_tw;
	tcp_engine_unlock(t);
	if (again)
		(void)delayed_work_queue(system_wq, &t->work, t->nr_req ? TABLE_TICK : NSEC_PER_SEC);
}
