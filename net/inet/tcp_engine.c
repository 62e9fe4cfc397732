/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The engine around lwIP's TCP machine: entering and leaving for one PCB, what goes out, timers.
 *
 * lwIP counts time in ticks of its timer functions. Nobody calls those periodically here: at each entry the PCB's counters
 * are advanced by the ticks since the last one, and a timer for each socket brings us back when the PCB needs it.
 */
#include <base/err.h>
#include <base/hash.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/slab.h>
#include <kernel/random.h>

#include <lwip/sys.h>

#include "tcp_impl.h"

#define TSO_MAX		65000u
#define LANE_ROUNDS	16
#define TIMER_STAYS_NS	(2 * NSEC_PER_SEC)
#define SMALL		256u	/* payloads up to this are copied into the packet */

/* What a packet on the engine's list needs when it is sent. */
struct xmit {
	struct route route;
	struct ip_out out;
	struct tcp_sock *owner;		/* for joining; not referenced */
	u32 seq_end, hdr;
	u16 mss;
	u8 stamp_want;			/* owner is referenced then; see tcp_notes_sent() */
	u32 stamp_key;
};
struct xmit_cb { struct xmit *x; };

static struct kmem_cache *xmit_cache;
static struct tcp_sock *current_sk;	/* [e] between enter and leave */
static struct siphash_key isn_key;

u64 tcp_entered_ns;

/* lwIP's clock, inside tcp_enter(). */
static u32 now_ticks(void)
{
	return (u32)(tcp_now() / TICK_NS) + 1;
}

/* lwIP, for the timestamp option. */
u32_t sys_now(void)
{
	return (u32_t)(tcp_now() / NSEC_PER_MSEC);
}

u32 tcp_now_ts(void)
{
	return (u32)(clock_monotonic_ns() / NSEC_PER_MSEC);
}

void ipaddr_to_lwip(const struct ipaddr *a, ip_addr_t *out)
{
	memset(out, 0, sizeof(*out));
	if (ipaddr_is4(a)) {
		ip4_addr_t v4 = { .addr = a->w[3].raw };

		ip_addr_copy_from_ip4(*out, v4);
	} else {
		ip6_addr_t v6 = { 0 };

		memcpy(v6.addr, a, 16);
		ip_addr_copy_from_ip6(*out, v6);
	}
}

static struct ipaddr lwip_to_ipaddr(const ip_addr_t *a)
{
	struct ipaddr r;

	if (IP_IS_V4(a))
		return ipaddr_v4((be32_t){ ip_2_ip4(a)->addr });
	memcpy(&r, ip_2_ip6(a)->addr, 16);
	return r;
}

/* RFC 6528: a keyed hash of the connection, and time. */
u32 keel_tcp_isn(const void *lip, u16 lport, const void *rip, u16 rport)
{
	struct { struct ipaddr l, r; u16 lp, rp; u32 zero; } k = { 0 };

	k.l = lwip_to_ipaddr(lip);
	k.r = lwip_to_ipaddr(rip);
	k.lp = lport;
	k.rp = rport;
	return (u32)siphash(&k, sizeof(k), &isn_key) + (u32)(clock_monotonic_ns() >> 6);
}

/* --- entering, leaving --- */

void tcp_engine_lock(struct tcp_net *t)
{
	spin_lock(&t->lock);
}

static void send_out(struct net *net, struct pkt *p)
{
	struct xmit *x = ((struct xmit_cb *)p->cb)->x;

	if (p->len - x->hdr > x->mss && x->mss) {
		p->gso_size = x->mss;
		p->gso_type = x->route.family == AF_INET ? GSO_TCPV4 : GSO_TCPV6;
		p->gso_segs = (u16)((p->len - x->hdr + x->mss - 1) / x->mss);
	}
	memset(p->cb, 0, sizeof(p->cb));
	if (unlikely(x->stamp_want)) {
		tcp_stamp_packet(p, x->owner, x->stamp_key, x->stamp_want);
		x->out.short_lo = false;
	}
	(void)inet_output(net, &x->route, p, &x->out);
	route_put(&x->route);
	kmem_cache_free(xmit_cache, x);
}

/* From t->out to the lanes; those that nobody was at are ours. Engine held. */
static u32 lanes_fill(struct tcp_net *t)
{
	u32 ours = 0;

	while (t->out.first) {
		u32 i = t->out.first->hash % TCP_LANES;
		struct tcp_lane *lane = &t->lanes[i];

		spin_lock(&lane->lock);
		do {
			pkt_list_add(&lane->list, pkt_list_pop(&t->out));
		} while (t->out.first && t->out.first->hash % TCP_LANES == i);
		if (!lane->busy)
			ours |= 1u << i;
		lane->busy = true;
		spin_unlock(&lane->lock);
	}
	return ours;
}

/* lane->busy is ours. After LANE_ROUNDS it is a worker's: others may put out packets for as long as they like. */
static void lane_run(struct tcp_net *t, struct tcp_lane *lane)
{
	struct pkt_list l;
	struct pkt *p;

	for (int round = 0; round < LANE_ROUNDS; round++) {
		spin_lock(&lane->lock);
		l = lane->list;
		pkt_list_init(&lane->list);
		lane->busy = !pkt_list_empty(&l);
		spin_unlock(&lane->lock);
		if (pkt_list_empty(&l))
			return;
		while ((p = pkt_list_pop(&l)) != NULL)
			send_out(t->net, p);
	}
	(void)work_queue(system_wq, &lane->work);
}

static void lane_work(struct work *w)
{
	struct tcp_lane *lane = container_of(w, struct tcp_lane, work);

	lane_run(lane->engine, lane);
	tcp_receive_flush(lane->engine->net);
}

void tcp_engine_release(struct tcp_net *t)
{
	u32 ours = lanes_fill(t);

	spin_unlock(&t->lock);
	for (; ours; ours &= ours - 1)
		lane_run(t, &t->lanes[__builtin_ctz(ours)]);
}

void tcp_engine_unlock(struct tcp_net *t)
{
	tcp_engine_release(t);
	tcp_receive_flush(t->net);	/* what came by the short way */
}

/* How long FIN_WAIT_2 lasts when nobody holds the socket: TCP_LINGER2. */
static u32 tcp_fin_wait_ms(const struct tcp_sock *tp)
{
	int s = READ_ONCE(tp->linger2);

	return s < 0 ? 0 : (u32)(s ? s : net_inet(tp->inet.net)->sysctl.tcp_fin_timeout) * 1000;
}

void tcp_enter(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;
	const struct inet_sysctl *s = &net_inet(tp->inet.net)->sysctl;

	ASSERT(!current_sk);
	current_sk = tp;
	tcp_entered_ns = clock_monotonic_ns();
	tcp_bound_pcbs = NULL;
	tcp_listen_pcbs.pcbs = NULL;
	tcp_tw_pcbs = NULL;
	tcp_active_pcbs = NULL;
	keel_tcp_wnd = tp->wnd_max;
	keel_tcp_mss = tp->adv_mss;
	keel_tcp_fin_ms = tcp_fin_wait_ms(tp);
	keel_tcp_maxrtx = (u32)(!tp->orphan ? s->tcp_retries2 : s->tcp_orphan_retries ? s->tcp_orphan_retries : 8);
	keel_tcp_synmaxrtx = tp->syn_cnt ? tp->syn_cnt : (u32)s->tcp_syn_retries;
	if (!pcb)
		return;
	pcb->next = NULL;
	if (pcb->state == TIME_WAIT)
		tcp_tw_pcbs = pcb;
	else if (pcb->state == CLOSED)
		tcp_bound_pcbs = pcb;
	else
		tcp_active_pcbs = pcb;
	tcp_ticks = now_ticks();
	pcb->rttest = 0;	/* round trips and time-outs are ours */
	pcb->rtime = -1;
}

/* lwIP's state is behind while the FIN waits for bytes that it does not have yet. */
static u8 state_of(const struct tcp_sock *tp)
{
	static const u8 map[] = { TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT, TCP_SYN_RECV, TCP_ESTABLISHED, TCP_FIN_WAIT1,
		TCP_FIN_WAIT2,
		TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT };

	if (tp->fin_wanted && tp->pcb->state == ESTABLISHED)
		return TCP_FIN_WAIT1;
	if (tp->fin_wanted && tp->pcb->state == CLOSE_WAIT)
		return TCP_LAST_ACK;
	return map[tp->pcb->state];
}

void keel_tcp_pcb_freed(struct tcp_pcb *pcb)
{
	struct tcp_sock *tp = pcb->callback_arg;

	if (!tp || tp->pcb != pcb)
		return;
	if (unlikely(tp->notes))
		tcp_notes_acked(tp, pcb);
	tp->pcb = NULL;
}

/* --- received bytes --- */

static void chunk_add(struct tcp_sock *tp, struct rx_chunk *c)
{
	c->next = NULL;
	if (tp->rx_new_last)
		tp->rx_new_last->next = c;
	else
		tp->rx_new = c;
	tp->rx_new_last = c;
}

/* lwIP's receive callback: p is ours; NULL: the peer's FIN. */
static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct tcp_sock *tp = arg;

	(void)pcb, (void)err;
	if (!p) {
		tp->peer_fin = true;
		return ERR_OK;
	}
	/* Both halves are shut: the peer must know that what it said was not heard. */
	if (READ_ONCE(tp->inet.shutdown) & RCV_SHUTDOWN &&
	    (tp->inet.state == TCP_FIN_WAIT1 || tp->inet.state == TCP_FIN_WAIT2)) {
		pbuf_free(p);
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	tp->bytes_received += p->tot_len;
	while (p) {
		struct pbuf *next = p->next;
		struct rx_chunk *last = tp->rx_new_last, *c;

		p->next = NULL;
		p->tot_len = p->len;
		if (!p->len) {
			pbuf_free(p);
		} else if (p->len <= 512 && last && !last->pbuf && last->cap - last->len >= p->len) {
			memcpy(last->data + last->len, p->payload, p->len);
			last->len += p->len;
			pbuf_free(p);
		} else {
			u32 cap = p->len <= 512 ? 2048 : 0;

			c = cap ? kmalloc(sizeof(*c) + cap, GFP_ATOMIC) : NULL;
			if (!c) {
				cap = 0;
				c = &((struct rx_pbuf *)p)->chunk;
			}
			*c = (struct rx_chunk){ .cap = cap, .len = p->len };
			if (cap) {
				c->data = (u8 *)(c + 1);
				memcpy(c->data, p->payload, p->len);
				pbuf_free(p);
			} else {
				c->pbuf = p;
				c->data = p->payload;
			}
			chunk_add(tp, c);
		}
		p = next;
	}
	return ERR_OK;
}

/* Show readers what came. */
static bool rx_publish(struct tcp_sock *tp)
{
	struct rx_chunk *c;
	u32 n = 0;
	u64 flags;

	if (!tp->rx_new)
		return false;
	for (c = tp->rx_new; c; c = c->next)
		n += c->len;
	spin_lock_irqsave(&tp->inet.qlock, flags);
	if (tp->rx_last)
		tp->rx_last->next = tp->rx_new;
	else
		tp->rxq = tp->rx_new;
	tp->rx_last = tp->rx_new_last;
	WRITE_ONCE(tp->rx_bytes, tp->rx_bytes + n);
	if (sock_wants_stamp(&tp->inet.c))
		WRITE_ONCE(tp->inet.last_stamp, clock_realtime_ns());
	spin_unlock_irqrestore(&tp->inet.qlock, flags);
	tp->rx_new = tp->rx_new_last = NULL;
	return true;
}

/* --- other callbacks --- */

static void on_err(void *arg, err_t err)
{
	struct tcp_sock *tp = arg;
	u8 state = tp->inet.state;
	int e = 0;

	if (err == ERR_RST) {
		e = state == TCP_SYN_SENT ? ECONNREFUSED : state == TCP_CLOSE_WAIT ? EPIPE : ECONNRESET;
	} else if (err == ERR_ABRT && tp->tx.hold) {	/* data came for nobody */
		if (!tp->orphan || state != TCP_FIN_WAIT2)
			NET_INC(tp->inet.net, TCPEXT_ABORTONDATA);
		e = ECONNRESET;
	} else if (err == ERR_ABRT) {
		if (state != TCP_FIN_WAIT2)
			NET_INC(tp->inet.net, TCPEXT_ABORTONTIMEOUT);
		e = state == TCP_FIN_WAIT2 || state == TCP_LAST_ACK ? 0 : tp->soft_err ? tp->soft_err : ETIMEDOUT;
	}
	tp->pcb = NULL;
	if (state == TCP_LAST_ACK || state == TCP_TIME_WAIT)
		e = 0;
	if (e)
		WRITE_ONCE(tp->inet.c.err, e);
	tcp_attempt_failed(tp);
}

void tcp_attempt_failed(struct tcp_sock *tp)
{
	if (tp->inet.state == TCP_SYN_SENT || tp->inet.state == TCP_SYN_RECV)
		NET_INC(tp->inet.net, TCP_ATTEMPTFAILS);
}

void tcp_pcb_hooks(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;

	tcp_arg(pcb, tp);
	tcp_recv(pcb, on_recv);
	tcp_err(pcb, on_err);
}

/* --- harvest --- */

/* The connection is over: off the tables. */
static void finish(struct tcp_sock *tp)
{
	struct tcp_net *t = tcp_net(tp->inet.net);

	if (tp->inet.state == TCP_ESTABLISHED || tp->inet.state == TCP_CLOSE_WAIT)
		NET_INC(tp->inet.net, TCP_ESTABRESETS);
	WRITE_ONCE(tp->inet.state, TCP_CLOSE);
	WRITE_ONCE(tp->inet.shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
	tcp_tx_release_all(tp);
	if (unlikely(tp->notes))
		tcp_notes_end(tp);
	tp->delack_at = tp->persist_at = tp->retry_at = 0;
	if (tp->hashed) {
		tp->hashed = false;
		tcp_unhash(&tp->ent);
		inet_sock_put(&tp->inet);
	}
	if (tp->orphan || !tp->inet.bound_port)
		tcp_put_port_locked(tp);
	if (tp->orphan) {
		tp->orphan = false;
		t->nr_orphan--;
	}
}

static void set_deadlines(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;
	u64 now = tcp_now();

	if (!(pcb->flags & TF_ACK_DELAY))
		tp->delack_at = 0;
	else if (!tp->delack_at)
		tp->delack_at = now + DELACK_NS;
	if (!pcb->persist_backoff) {
		tp->persist_at = 0;
	} else if (!tp->persist_at) {
		u64 ns = (u64)tp->tx.rto_us * 1000 << min(pcb->persist_backoff - 1, 10);

		tp->persist_at = now + min(ns, (u64)(120 * NSEC_PER_SEC));
	}
	/* Something to send, nothing that would remind us: no memory, no route. */
	if (pcb->flags & TF_NAGLEMEMERR || (pcb->unsent && !pcb->unacked && !pcb->persist_backoff) || pcb->refused_data ||
	    (!pcb->unacked && !pcb->unsent && tcp_unfed(tp))) {
		if (!tp->retry_at)
			tp->retry_at = now + 50 * NSEC_PER_MSEC;
	} else {
		tp->retry_at = 0;
	}
	if (pcb->unacked || pcb->persist_backoff) {
		if (!tp->stuck_since || tp->stuck_una != pcb->lastack) {
			tp->stuck_since = now;
			tp->stuck_una = pcb->lastack;
			tp->stuck_tried = 0;
		}
	} else {
		tp->stuck_since = 0;
	}
}

/* When TCP_USER_TIMEOUT ends it, 0: not yet. It must have been tried again, and that try had time: a timer may be late. */
static u64 stuck_end(const struct tcp_sock *tp)
{
	if (!tp->user_timeout || !tp->stuck_since || !tp->stuck_tried)
		return 0;
	return max(tp->stuck_since + (u64)tp->user_timeout * NSEC_PER_MSEC, tp->stuck_tried + TRY_NS);
}

/* A keepalive probe whose timer comes late is still sent, and the next one has its whole interval. */
static void keepalive_late(struct tcp_pcb *pcb)
{
	u32 due = (pcb->keep_idle + pcb->keep_cnt_sent * pcb->keep_intvl) / 4 + 1;

	if (pcb->so_options & SOF_KEEPALIVE && (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) &&
	    pcb->keep_cnt_sent < pcb->keep_cnt && (u32)(tcp_ticks - pcb->tmr) > due)
		pcb->tmr = tcp_ticks - due;
}

static u64 earlier(u64 a, u64 b)
{
	return !a ? b : !b ? a : min(a, b);
}

void tcp_arm(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;
	u64 at = 0, now = tcp_now();

	if (pcb) {
		u32 tick = now_ticks();

		at = earlier(earlier(tp->delack_at, tp->persist_at), tp->retry_at);
		at = earlier(at, tp->cork_until);
		at = earlier(earlier(at, tp->tx.rto_at), earlier(tp->tx.tlp_at, tp->tx.reo_at));
		at = earlier(at, stuck_end(tp));
		if (pcb->so_options & SOF_KEEPALIVE && (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT)) {
			u32 idle = (pcb->keep_idle + pcb->keep_cnt_sent * pcb->keep_intvl) / 4 + 1;

			at = earlier(at, now + (u64)max((s32)(pcb->tmr + idle - tick) + 1, 1) * TICK_NS);
		}
		if (pcb->state == FIN_WAIT_2 && pcb->flags & TF_RXCLOSED)
			at = earlier(at, now + (u64)max((s32)(pcb->tmr + tcp_fin_wait_ms(tp) / 4 - tick) + 2, 1) * TICK_NS);
	}
	tp->wanted_at = at;
	if (!at) {
		/* One that will fire soon does no harm, and the next segment needs it again. */
		if (pcb && tp->timer_at && tp->timer_at < now + TIMER_STAYS_NS)
			return;
		if (tp->timer_at && timer_try_cancel(&tp->timer) == 1) {
			tp->timer_at = 0;
			inet_sock_put(&tp->inet);
		}
		return;
	}
	/* A timer that fires too early only looks again. */
	if (tp->timer_at && tp->timer_at <= at)
		return;
	if (!tp->timer_at) {
		inet_sock_get(&tp->inet);
	} else if (timer_try_cancel(&tp->timer) != 1) {
		return;		/* firing now: it looks for itself */
	}
	tp->timer_at = at;
	timer_start(&tp->timer, at);
}

void tcp_leave(struct tcp_sock *tp)
{
	struct inet_sock *sk = &tp->inet;
	u8 old = sk->state;
	u32 events = 0;

	current_sk = NULL;
	if (unlikely(tp->notes) && tp->pcb)
		tcp_notes_acked(tp, tp->pcb);
	if (rx_publish(tp))
		events |= EPOLLIN | EPOLLRDNORM;
	if (tp->pcb && tp->pcb->state == TIME_WAIT) {
		struct tcp_pcb *pcb = tp->pcb;

		tcp_time_wait(tp, pcb);
		tcp_pcb_remove(&tcp_tw_pcbs, pcb);
		tcp_free(pcb);
		tp->pcb = NULL;
	}
	tcp_active_pcbs = tcp_tw_pcbs = tcp_bound_pcbs = NULL;
	if (tp->peer_fin && !(sk->shutdown & RCV_SHUTDOWN)) {
		WRITE_ONCE(sk->shutdown, sk->shutdown | RCV_SHUTDOWN);
		events |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	}
	if (!tp->pcb) {
		if (old != TCP_CLOSE && old != TCP_LISTEN) {
			finish(tp);
			events |= EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDHUP;
		}
	} else {
		tp->pcb->cwnd = tp->tx.cwnd * tp->pcb->mss;
		WRITE_ONCE(tp->notsent, tp->pcb->snd_lbb + tp->tx_unfed - tp->pcb->snd_nxt);
		if (tp->urg_mode && TCP_SEQ_GEQ(tp->pcb->lastack, tp->snd_up))
			tp->urg_mode = false;
		if (tp->notsent_lowat && tp->notsent * 2 < tp->notsent_lowat)
			events |= EPOLLOUT | EPOLLWRNORM;
		tcp_tx_release(tp);
		if (tp->pcb->state != CLOSED)
			WRITE_ONCE(sk->state, state_of(tp));
		if (sk->state == TCP_FIN_WAIT2 && old != TCP_FIN_WAIT2)
			tp->pcb->tmr = tcp_ticks;	/* its time begins now, not with close() */
		set_deadlines(tp);
		if (old == TCP_SYN_SENT && sk->state == TCP_ESTABLISHED)
			events |= EPOLLOUT | EPOLLWRNORM;
		if (sk->state != old)
			events |= EPOLLHUP | EPOLLOUT;
	}
	tcp_arm(tp);
	if (events)
		inet_sock_wake(sk, events);
}

void tcp_drop_pcb(struct tcp_sock *tp, bool reset)
{
	if (!tp->pcb)
		return;
	tcp_enter(tp);
	tcp_err(tp->pcb, NULL);
	if (tp->pcb->state == CLOSED) {
		tp->pcb->local_port = 0;
		tcp_bound_pcbs = NULL;
		tcp_free(tp->pcb);
	} else {
		tcp_abandon(tp->pcb, reset);
	}
	tcp_leave(tp);
}

/* --- down --- */

int tcp_reroute(struct tcp_sock *tp)
{
	struct inet_sock *sk = &tp->inet;
	struct flow f;
	struct route r;
	int err;

	if (route_valid(sk->net, &sk->dst))
		return 0;
	inet_sock_flow(sk, &sk->raddr, 0, &f);
	f.src = sk->laddr;
	err = route_output(sk->net, &f, &r);
	if (err)
		return err;
	route_put(&sk->dst);
	sk->dst = r;
	return 0;
}

static bool queue_out(struct tcp_net *t, struct pkt *p, struct xmit *x)
{
	((struct xmit_cb *)p->cb)->x = x;
	pkt_list_add(&t->out, p);
	return true;
}

/* lwIP joins bytes that follow each other in memory, also from one folio to the next: a piece of a folio each. */
static u32 pieces(const u8 *at, u32 len)
{
	u32 n = 0;

	while (len) {
		struct folio *f = virt_folio(at);
		u32 k = min(len, (u32)(folio_size(f) - (u64)(at - (u8 *)kmap_local(f, 0))));

		at += k;
		len -= k;
		n++;
	}
	return n;
}

static bool add_pieces(struct pkt *p, const u8 *at, u32 len)
{
	while (len) {
		struct folio *f = virt_folio(at);
		u32 off = (u32)(at - (u8 *)kmap_local(f, 0)), k = min(len, (u32)folio_size(f) - off);

		folio_get(f);
		if (!pkt_add_frag(p, f, off, k)) {
			folio_put(f);
			return false;
		}
		at += k;
		len -= k;
	}
	return true;
}

/* Into pages of our own: there are more pieces than a packet has room for. */
static bool copy_pieces(struct pkt *p, const struct pbuf *q)
{
	struct folio *f = NULL;
	u32 off = 0;

	for (; q; q = q->next) {
		for (u32 done = 0, k; done < q->len; done += k) {
			if (!f || off == PAGE_SIZE) {
				f = folio_alloc(0, GFP_ATOMIC);
				off = 0;
			} else {
				folio_get(f);
			}
			if (!f)
				return false;
			k = min(q->len - done, (u32)PAGE_SIZE - off);
			memcpy(kmap_local(f, off), (const u8 *)q->payload + done, k);
			if (!pkt_add_frag(p, f, off, k)) {
				folio_put(f);
				return false;
			}
			off += k;
		}
	}
	return true;
}

/* Append the payload of p (a whole segment that follows) to the last packet of the burst. */
static bool try_join(struct tcp_net *t, struct tcp_sock *tp, struct pbuf *seg, u32 hdr, u32 seq)
{
	struct pkt *last = t->out.last;
	struct xmit *x = last ? ((struct xmit_cb *)last->cb)->x : NULL;
	struct tcp_hdr_wire *h, *n = seg->payload;
	u32 payload = seg->tot_len - hdr, at = 0;
	struct pbuf *q;

	if (!x || x->owner != tp || x->stamp_want || x->hdr != hdr || x->seq_end != seq || !payload ||
	    (last->len - hdr) % x->mss || payload > x->mss ||
	    last->len + payload > TSO_MAX)
		return false;
	h = (struct tcp_hdr_wire *)last->data;
	if ((h->flags | n->flags) & ~(TCPF_ACK | TCPF_PSH) || h->flags & TCPF_PSH)
		return false;
	if (seg->len != hdr)
		return false;
	for (q = seg->next; q; q = q->next)
		at += pieces(q->payload, q->len);
	if (last->nr_frags + at > PKT_FRAGS)
		return false;
	for (q = seg->next; q; q = q->next)
		if (!add_pieces(last, q->payload, q->len))
			return false;	/* cannot be: room was checked */
	h->flags |= n->flags & TCPF_PSH;
	x->seq_end += payload;
	return true;
}

/* A packet of the segment: headers copied, payload by reference when it is large. */
static struct pkt *segment_pkt(struct pbuf *seg, u32 hdr)
{
	bool copy = seg->tot_len - hdr <= SMALL || seg->len != hdr;
	struct pkt *p = pkt_alloc(PKT_HEADROOM, copy ? seg->tot_len : hdr, GFP_ATOMIC);
	struct pbuf *q;

	if (!p)
		return NULL;
	memcpy(pkt_put(p, seg->len), seg->payload, seg->len);
	for (q = seg->next; q; q = q->next) {
		if (copy) {
			memcpy(pkt_put(p, q->len), q->payload, q->len);
			continue;
		}
		if (add_pieces(p, q->payload, q->len))
			continue;
		pkt_free(p);
		p = pkt_alloc(PKT_HEADROOM, hdr, GFP_ATOMIC);
		if (!p)
			return NULL;
		memcpy(pkt_put(p, hdr), seg->payload, hdr);
		if (copy_pieces(p, seg->next))
			return p;
		pkt_free(p);
		return NULL;
	}
	return p;
}

static void seal(struct pkt *p, const struct ipaddr *src, const struct ipaddr *dst, u32 hash)
{
	struct tcp_hdr_wire *h = (struct tcp_hdr_wire *)p->data;

	h->csum.raw = (u16)~csum_fold(inet_pseudo(src, dst, IPPROTO_TCP, p->len)).raw;
	pkt_set_trans(p);
	p->csum_state = CSUM_PARTIAL;
	p->csum_start = p->trans_off;
	p->csum_offset = offsetof(struct tcp_hdr_wire, csum);
	p->hash = hash;
	p->hash_valid = true;
}

/* OutSegs has none that went before: those are RetransSegs. */
static void count_out(const struct tcp_sock *tp, const struct tcp_hdr_wire *h)
{
	if (tp->tx.again)
		NET_INC(tp->inet.net, TCP_RETRANSSEGS);
	else
		NET_INC(tp->inet.net, TCP_OUTSEGS);
	if (h->flags & TCPF_RST)
		NET_INC(tp->inet.net, TCP_OUTRSTS);
}

err_t keel_tcp_segment_out(struct pbuf *seg, const ip_addr_t *src, const ip_addr_t *dst, u8_t ttl, u8_t tos)
{
	struct tcp_sock *tp = current_sk;
	struct inet_sock *sk = &tp->inet;
	struct tcp_net *t = tcp_net(sk->net);
	struct tcp_hdr_wire *h = seg->payload;
	u32 hdr = (u32)(h->doff_x >> 4) * 4, seq = be32(h->seq), hash;
	struct xmit *x;
	struct pkt *p;
	bool v4;

	(void)src, (void)dst, (void)ttl;
	if (tcp_reroute(tp))
		return ERR_RTE;
	if (unlikely(tp->urg_mode || h->flags & TCPF_URG))
		tcp_urg_send(tp, h, seq);
	tp->segs_out++;
	if (try_join(t, tp, seg, hdr, seq)) {
		count_out(tp, h);
		x = ((struct xmit_cb *)t->out.last->cb)->x;
		if (unlikely(tp->notes))
			tcp_notes_sent(tp, seq, x->seq_end, &x->stamp_key, &x->stamp_want);
		return ERR_OK;
	}
	x = kmem_cache_alloc(xmit_cache, GFP_ATOMIC);
	p = x ? segment_pkt(seg, hdr) : NULL;
	if (!p) {
		if (x)
			kmem_cache_free(xmit_cache, x);
		return ERR_MEM;
	}
	x->owner = tp;
	x->hdr = hdr;
	x->mss = tp->pcb ? tp->pcb->mss : (u16)tp->adv_mss;
	if (tp->pcb && tp->pcb->flags & TF_TIMESTAMP && x->mss > 12)
		x->mss = (u16)(x->mss - 12);
	x->seq_end = seq + seg->tot_len - hdr;
	x->stamp_want = 0;
	if (unlikely(tp->notes))
		tcp_notes_sent(tp, seq, x->seq_end, &x->stamp_key, &x->stamp_want);
	route_copy(&x->route, &sk->dst);
	v4 = ipaddr_is4(&sk->raddr);
	hash = ipaddr_hash(&sk->raddr, ipaddr_hash(&sk->laddr, (u32)sk->lport << 16 | sk->rport));
	x->out = (struct ip_out){ .src = sk->laddr, .dst = sk->raddr, .proto = IPPROTO_TCP,
		.tos = tos ? tos : v4 ? sk->o.tos : sk->o.tclass, .ttl = v4 ? sk->o.ttl : sk->o.hops,
		/* Cut before the path took less: IP may cut it again. */
		.short_lo = true, .df = (v4 ? sk->o.pmtudisc : sk->o.pmtudisc6) != IP_PMTUDISC_DONT && seg->tot_len - hdr <= x->mss,
		.mark = sk->c.mark, .priority = sk->c.priority, .flowlabel = sk->o.flowlabel6,
		.label = inet_autoflow(sk) ? LABEL_AUTO : LABEL_NONE };
	seal(p, &sk->laddr, &sk->raddr, hash);
	count_out(tp, h);
	(void)queue_out(t, p, x);
	return ERR_OK;
}

void tcp_send_bare(struct tcp_net *t, const struct tcp_bare *b)
{
	struct flow f = { .dst = b->dst, .src = b->src, .family = ipaddr_is4(&b->dst) ? AF_INET : AF_INET6, .proto = IPPROTO_TCP,
		.mark = b->mark, .oif = b->oif };
	u32 len = (u32)sizeof(struct tcp_hdr_wire) + b->opt_len;
	struct xmit *x = kmem_cache_alloc(xmit_cache, GFP_ATOMIC);
	struct pkt *p = pkt_alloc(PKT_HEADROOM, len, GFP_ATOMIC);
	struct tcp_hdr_wire *h;

	if (!x || !p)
		goto fail;
	memset(x, 0, sizeof(*x));
	if (route_output(t->net, &f, &x->route))
		goto fail;
	h = (struct tcp_hdr_wire *)pkt_put(p, len);
	*h = (struct tcp_hdr_wire){ .src = to_be16(b->sport), .dst = to_be16(b->dport), .seq = to_be32(b->seq),
		.ack = to_be32(b->ack),
		.doff_x = (u8)(len / 4 << 4), .flags = b->flags, .wnd = to_be16(b->wnd) };
	if (b->opt_len)
		memcpy(h + 1, b->opt, b->opt_len);
	x->hdr = len;
	x->out = (struct ip_out){ .src = b->src, .dst = b->dst, .proto = IPPROTO_TCP, .tos = b->tos, .ttl = -1,
		.short_lo = true, .df = true, .mark = b->mark, .label = b->label };
	NET_INC(t->net, TCP_OUTSEGS);
	if (b->flags & TCPF_RST)
		NET_INC(t->net, TCP_OUTRSTS);
	seal(p, &b->src, &b->dst, ipaddr_hash(&b->dst, ipaddr_hash(&b->src, (u32)b->sport << 16 | b->dport)));
	(void)queue_out(t, p, x);
	return;
fail:
	if (x)
		kmem_cache_free(xmit_cache, x);
	pkt_free(p);
}

/* --- timers --- */

static u64 on_timer(struct timer *tm)
{
	struct tcp_sock *tp = container_of(tm, struct tcp_sock, timer);
	struct tcp_net *t = tcp_net(tp->inet.net);
	bool wake = false;
	u64 flags;

	spin_lock_irqsave(&t->due_lock, flags);
	if (!tp->due_queued) {
		tp->due_queued = true;
		wake = list_empty(&t->due);
		list_add_tail(&tp->due, &t->due);
	}
	spin_unlock_irqrestore(&t->due_lock, flags);
	if (wake)
		wake_up(&t->due_wait);
	return 0;
}

/* Engine held: what time has come for. */
static void run_timers(struct tcp_sock *tp)
{
	u64 now = clock_monotonic_ns();
	struct tcp_pcb *pcb;

	tp->timer_at = 0;
	if (!tp->pcb)
		return;
	tcp_enter(tp);
	pcb = tp->pcb;
	if (stuck_end(tp) && now >= stuck_end(tp)) {
		tcp_err(pcb, NULL);
		tcp_abandon(pcb, 1);
		WRITE_ONCE(tp->inet.c.err, tp->soft_err ? tp->soft_err : ETIMEDOUT);
		NET_INC(tp->inet.net, TCPEXT_ABORTONTIMEOUT);
		tcp_attempt_failed(tp);
		tcp_leave(tp);
		return;
	}
	if (tp->cork_until && now >= tp->cork_until) {
		tcp_push_all(tp);
		if (tp->cork_until)	/* not all of it could go: what is left is corked again */
			tp->cork_until = tp->corked ? now + CORK_NS : 0;
	}
	if (tp->pcb && tp->delack_at && now >= tp->delack_at && pcb->flags & TF_ACK_DELAY) {
		NET_INC(tp->inet.net, TCPEXT_DELAYEDACKS);
		tcp_clear_flags(pcb, TF_ACK_DELAY);
		tcp_ack_now(pcb);
		(void)tcp_output(pcb);
		tp->delack_at = 0;
		tp->pingpong = false;	/* no answer came to carry it */
	}
	if (tp->pcb && tp->retry_at && now >= tp->retry_at) {
		tp->retry_at = 0;
		if (pcb->refused_data)
			(void)tcp_process_refused_data(pcb);
		if (tp->pcb)
			tcp_push_pending(tp);
	}
	if (tp->pcb) {
		/* lwIP's own step, as if the last tick had just come. */
		bool probe = tp->persist_at && now >= tp->persist_at;
		u8 kept = pcb->keep_cnt_sent;

		pcb->persist_cnt = probe ? 0xff : 0;
		if (probe) {
			tp->persist_at = 0;
			tp->stuck_tried = tp->stuck_tried ? tp->stuck_tried : now;
		}
		/* It ends a connection that was tried often enough, but only when the last try's time is over. */
		if (!probe && !(tp->tx.rto_at && now >= tp->tx.rto_at))
			keel_tcp_maxrtx = keel_tcp_synmaxrtx = 0x1000;
		if (pcb->state == LAST_ACK)
			pcb->tmr = tcp_ticks;	/* it lasts as long as retransmissions go on */
		keepalive_late(pcb);
		tcp_ticks--;
		tcp_slowtmr();
		if (tp->pcb && pcb->keep_cnt_sent != kept)
			NET_INC(tp->inet.net, TCPEXT_KEEPALIVE);
		if (tp->pcb)
			tcp_tx_timers(tp, now);
	}
	tcp_leave(tp);
}

/* One socket whose time has come. False: there is none. The thread's step, and the host program's (test/fuzz/net). */
bool tcp_timers_run(struct tcp_net *t)
{
	struct tcp_sock *tp;

	spin_lock_irq(&t->due_lock);
	tp = list_empty(&t->due) ? NULL : list_first_entry(&t->due, struct tcp_sock, due);
	if (tp) {
		list_del(&tp->due);
		tp->due_queued = false;
	}
	spin_unlock_irq(&t->due_lock);
	if (!tp)
		return false;
	tcp_engine_lock(t);
	run_timers(tp);
	tcp_engine_unlock(t);
	inet_sock_put(&tp->inet);	/* the timer's */
	return true;
}

static int timer_thread(void *arg)
{
	struct tcp_net *t = arg;

	for (;;) {
		wait_event(&t->due_wait, !list_empty(&t->due));
		while (tcp_timers_run(t))
			;
	}
	return 0;
}

void tcp_timer_init(struct tcp_sock *tp)
{
	timer_init(&tp->timer, TIMER_MONOTONIC, on_timer);
	list_init(&tp->due);
}

static struct tcp_net *the_net;

void tcp_engine_init(struct tcp_net *t)
{
	random_bytes(&isn_key, sizeof(isn_key));
	spin_lock_init(&t->lock, NET_ENGINE);
	spin_lock_init(&t->in_lock, SOCK_QUEUE);
	for (u32 i = 0; i < TCP_LANES; i++) {
		spin_lock_init(&t->lanes[i].lock, OBJECT);
		work_init(&t->lanes[i].work, lane_work);
		t->lanes[i].engine = t;
	}
	spin_lock_init(&t->due_lock, OBJECT_IRQ);
	list_init(&t->due);
	wait_queue_init(&t->due_wait);
	the_net = t;
}

static int tcp_engine_start(void)
{
	struct task_core *k;

	xmit_cache = kmem_cache_create("tcp_xmit", sizeof(struct xmit), 8, 0, NULL);
	if (!xmit_cache || !the_net)
		return -ENOMEM;
	k = kthread_run(timer_thread, the_net, -1, "ktcp");
	return PTR_ERR_OR_ZERO(k);
}
INITCALL_BUS(tcp_engine_start);
