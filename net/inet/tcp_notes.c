/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a sender wants to hear of its bytes by the error queue: when they were sent and acknowledged (SO_TIMESTAMPING), and that
 * memory is its own again (MSG_ZEROCOPY). A note stands for the last byte of a call; it stays until that byte is acknowledged,
 * so what is sent again is told again. A socket that never asked has no tcp_notes, and pays for a look at that pointer.
 *
 * Data of MSG_ZEROCOPY is copied, and each completion says so (SO_EE_CODE_ZEROCOPY_COPIED); it comes, as on Linux, when the
 * bytes were acknowledged or the connection is over. Everything here is guarded by the engine. Source: Linux's documents of
 * timestamping and msg_zerocopy.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <uapi/linux/errqueue.h>
#include <uapi/linux/net_tstamp.h>

#include "tcp_impl.h"

#define TOGETHER	65483u	/* unsent bytes up to this are one burst: the last of them stands for all */
#define STAMPS_MAX	4096u	/* more than Linux has room for; then calls are told together */
#define ZC_BYTES	(1u << 19)	/* calls with more than this together are told apart */

struct tcp_note {
	struct list_head link;		/* [e] oldest first */
	u32 seq;			/* [e] of the last byte */
	u32 len;			/* [e] bytes of the call, or of the calls together */
	u32 want;			/* [e] SOF_TIMESTAMPING_TX_* */
	bool eor;			/* [e] MSG_EOR: what follows is told apart */
	u32 lo, n;			/* [e] zero copy: the calls' numbers */
	struct pkt *told;		/* zero copy: for the error queue */
};

struct tcp_notes {
	struct list_head stamps, zc;	/* [e] */
	u32 nr_stamps, nr_zc;		/* [e] */
};

/* --- asking --- */

static int stamp_cmsgs(struct inet_sock *sk, const struct msg *m, u32 *want)
{
	struct send_ctl c = { 0 };
	struct cmsghdr h;
	uaddr_t data;
	size_t off = 0;
	int r;

	while ((r = inet_cmsg_next(m, &off, &h, &data)) > 0) {
		if (h.cmsg_level == SOL_SOCKET && inet_cmsg_common(sk, &c, &h, data))
			return -EINVAL;
	}
	if (c.stamp_set)
		*want = c.stamping;
	return r ? -EINVAL : 0;
}

void tcp_ask_drop(struct tcp_ask *a)
{
	if (a->zc)
		pkt_free(a->zc->told);
	kfree(a->zc);
	kfree(a->stamp);
	kfree(a->notes);
	*a = (struct tcp_ask){ 0 };
}

int tcp_ask(struct tcp_sock *tp, const struct msg *m, struct tcp_ask *a)
{
	struct inet_sock *sk = &tp->inet;
	u32 want = READ_ONCE(sk->c.stamping);
	int err = 0;

	if (m->control && m->controllen)
		err = stamp_cmsgs(sk, m, &want);
	if (err)
		return err;
	want &= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK;
	if (want) {
		a->stamp = kzalloc(sizeof(*a->stamp), GFP_KERNEL);
		if (!a->stamp)
			return -ENOBUFS;
		a->stamp->want = want;
		a->stamp->eor = m->flags & MSG_EOR;
	}
	if (m->flags & MSG_ZEROCOPY && READ_ONCE(sk->c.zerocopy)) {
		struct tcp_notes *n = READ_ONCE(tp->notes);

		a->zc = kzalloc(sizeof(*a->zc), GFP_KERNEL);
		if (a->zc)
			a->zc->told = inet_zc_alloc(sk, n ? READ_ONCE(n->nr_zc) : 0);
		if (!a->zc || !a->zc->told)
			err = -ENOBUFS;
	}
	if (!err && (a->stamp || a->zc) && !READ_ONCE(tp->notes)) {
		a->notes = kzalloc(sizeof(*a->notes), GFP_KERNEL);
		if (a->notes) {
			list_init(&a->notes->stamps);
			list_init(&a->notes->zc);
		} else {
			err = -ENOBUFS;
		}
	}
	if (err)
		tcp_ask_drop(a);
	return err;
}

/* --- noting --- */

static struct tcp_note *last_of(struct list_head *l)
{
	return list_empty(l) ? NULL : list_last_entry(l, struct tcp_note, link);
}

/* The last byte of n has not gone out yet. */
static bool unsent(const struct tcp_sock *tp, const struct tcp_note *n)
{
	return n && TCP_SEQ_GEQ(n->seq, tp->pcb->snd_nxt);
}

static void zc_complete(struct inet_sock *sk, struct tcp_note *n)
{
	inet_zc_done(sk, n->lo, n->n, n->told);
	kfree(n);
}

static void stamp_drop(struct tcp_notes *t, struct tcp_note *n)
{
	list_del(&n->link);
	t->nr_stamps--;
	kfree(n);
}

static void note_stamp(struct tcp_sock *tp, struct tcp_note *n)
{
	struct tcp_note *last = last_of(&tp->notes->stamps);

	/* Bytes that go out as one packet have one time: that of the last. */
	if ((unsent(tp, last) && !last->eor && n->seq + 1 - tp->pcb->snd_nxt <= TOGETHER) || tp->notes->nr_stamps >= STAMPS_MAX) {
		n->want |= last->want;
		n->len += last->len;
		stamp_drop(tp->notes, last);
	}
	list_add_tail(&n->link, &tp->notes->stamps);
	tp->notes->nr_stamps++;
}

static void note_zc(struct tcp_sock *tp, struct tcp_note *n)
{
	struct tcp_note *last = last_of(&tp->notes->zc);

	n->lo = __atomic_fetch_add(&tp->inet.c.zc_key, 1, __ATOMIC_RELAXED);
	n->n = 1;
	if (!tp->pcb || TCP_SEQ_LT(n->seq, tp->pcb->lastack)) {
		zc_complete(&tp->inet, n);
		return;
	}
	if (unsent(tp, last) && last->len + n->len <= ZC_BYTES) {
		last->seq = n->seq;
		last->len += n->len;
		last->n++;
		pkt_free(n->told);
		kfree(n);
		return;
	}
	list_add_tail(&n->link, &tp->notes->zc);
	WRITE_ONCE(tp->notes->nr_zc, tp->notes->nr_zc + 1);
}

void tcp_note(struct tcp_sock *tp, struct tcp_ask *a, u32 len, bool late)
{
	u32 seq = tp->pcb ? tp->pcb->snd_lbb + tp->tx_unfed - 1 : 0;
	struct tcp_note *stamp = a->stamp, *zc = a->zc;

	if (a->notes && !tp->notes)
		WRITE_ONCE(tp->notes, a->notes);
	else
		kfree(a->notes);
	*a = (struct tcp_ask){ 0 };
	if (zc) {
		zc->seq = seq;
		zc->len = len;
		note_zc(tp, zc);
	}
	if (!stamp)
		return;
	stamp->seq = seq;
	stamp->len = len;
	/* A call that ended early because all it brought is out already is not told of, as on Linux. */
	if (!tp->pcb || (late && !unsent(tp, stamp)))
		kfree(stamp);
	else
		note_stamp(tp, stamp);
}

/* --- telling --- */

void tcp_notes_sent(struct tcp_sock *tp, u32 seq, u32 end, u32 *key, u8 *want)
{
	struct list_head *l = &tp->notes->stamps, *at;
	const struct tcp_note *n;

	*want = 0;
	/* The last within. What was sent before is near the oldest, what is new near the latest. */
	if (tp->tx.again) {
		for (at = l->next; at != l; at = at->next)
			if (TCP_SEQ_GEQ(list_entry(at, struct tcp_note, link)->seq, end))
				break;
		at = at->prev;
	} else {
		for (at = l->prev; at != l; at = at->prev)
			if (TCP_SEQ_LT(list_entry(at, struct tcp_note, link)->seq, end))
				break;
	}
	if (at == l)
		return;
	n = list_entry(at, struct tcp_note, link);
	if (TCP_SEQ_LT(n->seq, seq))
		return;
	*want = (u8)((n->want & SOF_TIMESTAMPING_TX_SOFTWARE ? 1u << PKT_SENT : 0) |
		     (n->want & SOF_TIMESTAMPING_TX_SCHED ? 1u << PKT_SCHEDULED : 0));
	*key = n->seq - READ_ONCE(tp->inet.c.stamp_key);
	if (*want)
		inet_sock_get(&tp->inet);
}

/* --- SOF_TIMESTAMPING_OPT_STATS --- */

static void put_attr(struct pkt *p, u16 type, const void *v, u32 n)
{
	const u16 head[2] = { (u16)(sizeof(head) + n), type };
	u8 *at = pkt_put(p, (u32)sizeof(head) + ((n + 3) & ~3u));

	memset(at, 0, sizeof(head) + ((n + 3) & ~3u));
	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), v, n);
}

static void put32(struct pkt *p, u16 type, u64 v) { put_attr(p, type, &(u32[]){ (u32)v }, sizeof(u32)); }
static void put64(struct pkt *p, u16 type, u64 v) { put_attr(p, type, &v, sizeof(v)); }

/* The connection as it is now, which may be in the midst of another change; queued: bytes not acknowledged. NULL: no memory. */
static struct pkt *stats(const struct tcp_sock *tp, u64 queued)
{
	struct pkt *p = pkt_alloc(0, 256, GFP_ATOMIC);
	const struct tcp_tx *x = &tp->tx;

	if (!p)
		return NULL;
	put64(p, TCP_NLA_DATA_SEGS_OUT, x->data_segs_out);
	put64(p, TCP_NLA_TOTAL_RETRANS, tp->retrans);
	put32(p, TCP_NLA_SND_CWND, x->cwnd);
	put32(p, TCP_NLA_REORDERING, x->reordering);
	put32(p, TCP_NLA_MIN_RTT, x->min_rtt_us);
	put32(p, TCP_NLA_SND_SSTHRESH, x->ssthresh);
	put32(p, TCP_NLA_DELIVERED, x->delivered);
	put32(p, TCP_NLA_DELIVERED_CE, 0);	/* nobody marks: there is no ECN */
	put32(p, TCP_NLA_SNDQ_SIZE, queued);
	put_attr(p, TCP_NLA_CA_STATE, &x->state, 1);
	put64(p, TCP_NLA_BYTES_SENT, x->bytes_sent + x->bytes_retrans);
	put64(p, TCP_NLA_BYTES_RETRANS, x->bytes_retrans);
	put32(p, TCP_NLA_DSACK_DUPS, x->dsacks);
	put32(p, TCP_NLA_REORD_SEEN, x->reord_events);
	put32(p, TCP_NLA_SRTT, x->srtt8 / 8);
	put32(p, TCP_NLA_BYTES_NOTSENT, tp->notsent);
	return p;
}

/* Without the engine. */
static void tx_stamped(struct pkt *p, u32 kind)
{
	struct inet_sock *sk = p->sk;
	struct pkt *c;

	if (likely(!(READ_ONCE(sk->c.stamping) & SOF_TIMESTAMPING_OPT_STATS))) {
		inet_tx_stamped(p, kind);
		return;
	}
	if (atomic64_read(&sk->rmem) > (s64)READ_ONCE(sk->c.rcvbuf))
		return;
	c = stats(tcp_sk(sk), (u64)atomic64_read(&tcp_sk(sk)->tx_bytes));
	if (!c)
		return;
	c->tstamp = (s64)clock_realtime_ns();
	inet_stamp_queue(sk, c, kind, p->stamp_key, 0);
}

static void stamped_free(struct pkt *p)
{
	inet_sock_put(p->sk);
}

void tcp_stamp_packet(struct pkt *p, struct tcp_sock *tp, u32 key, u8 want)
{
	p->sk = &tp->inet;
	p->destructor = stamped_free;
	p->stamped = tx_stamped;
	p->stamp_key = key;
	p->stamp_want = want;
}

/* The call's bytes, which are still queued; NULL: no memory. */
static struct pkt *call_bytes(const struct tcp_sock *tp, const struct tcp_pcb *pcb, const struct tcp_note *note)
{
	u32 len = min(note->len, TOGETHER), from = note->seq + 1 - len, at;
	struct pkt *p = pkt_alloc(0, 64, GFP_ATOMIC);

	if (!p || !tp->txq)
		return p;
	/* Where the queue begins; with a FIN queued all of it was fed. */
	at = (tp->tx_feed ? pcb->snd_lbb + tp->tx_unfed : tp->tx_last->seq_end) - (u32)atomic64_read(&tp->tx_bytes);
	for (const struct tx_frag *f = tp->txq; f && TCP_SEQ_LEQ(at, note->seq); at += f->len, f = f->next) {
		u32 skip = TCP_SEQ_GT(from, at) ? from - at : 0, n;

		if (skip >= f->len)
			continue;
		n = min(f->len - skip, note->seq + 1 - at - skip);
		folio_get(f->folio);
		if (!pkt_add_frag(p, f->folio, f->off + skip, n)) {
			folio_put(f->folio);
			break;
		}
	}
	return p;
}

static void tell_acked(struct tcp_sock *tp, const struct tcp_pcb *pcb, const struct tcp_note *n)
{
	struct inet_sock *sk = &tp->inet;
	u32 how = READ_ONCE(sk->c.stamping);
	struct pkt *p;

	if (atomic64_read(&sk->rmem) > (s64)READ_ONCE(sk->c.rcvbuf))
		return;
	p = how & SOF_TIMESTAMPING_OPT_STATS ? stats(tp, pcb->snd_lbb + tp->tx_unfed - pcb->lastack) :
		how & SOF_TIMESTAMPING_OPT_TSONLY ? pkt_alloc(0, 64, GFP_ATOMIC) : call_bytes(tp, pcb, n);
	if (!p)
		return;
	p->tstamp = (s64)clock_realtime_ns();
	inet_stamp_queue(sk, p, SCM_TSTAMP_ACK, n->seq - READ_ONCE(sk->c.stamp_key), 0);
}

void tcp_notes_acked(struct tcp_sock *tp, const struct tcp_pcb *pcb)
{
	struct tcp_notes *t = tp->notes;

	while (!list_empty(&t->stamps)) {
		struct tcp_note *n = list_first_entry(&t->stamps, struct tcp_note, link);

		if (TCP_SEQ_GEQ(n->seq, pcb->lastack))
			break;
		if (n->want & SOF_TIMESTAMPING_TX_ACK)
			tell_acked(tp, pcb, n);
		stamp_drop(t, n);
	}
	while (!list_empty(&t->zc)) {
		struct tcp_note *n = list_first_entry(&t->zc, struct tcp_note, link);

		if (TCP_SEQ_GEQ(n->seq, pcb->lastack))
			break;
		list_del(&n->link);
		WRITE_ONCE(t->nr_zc, t->nr_zc - 1);
		zc_complete(&tp->inet, n);
	}
}

void tcp_notes_end(struct tcp_sock *tp)
{
	struct tcp_notes *t = tp->notes;

	while (!list_empty(&t->stamps))
		stamp_drop(t, list_first_entry(&t->stamps, struct tcp_note, link));
	while (!list_empty(&t->zc)) {
		struct tcp_note *n = list_first_entry(&t->zc, struct tcp_note, link);

		list_del(&n->link);
		zc_complete(&tp->inet, n);
	}
	WRITE_ONCE(t->nr_zc, 0);
}

/* --- SO_TIMESTAMPING --- */

/* Numbers count bytes: from the first that is not acknowledged, or from the next that is written. */
int tcp_set_stamping(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	bool fresh = !(READ_ONCE(sk->c.stamping) & SOF_TIMESTAMPING_OPT_ID);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_net *t = tcp_net(sk->net);
	u32 want, key = 0;
	int err;

	if (len < (int)sizeof(want))
		return -EINVAL;
	if (copy_in_bytes(&want, val, sizeof(want)))
		return -EFAULT;
	fresh = fresh && want & SOF_TIMESTAMPING_OPT_ID;
	if (fresh) {
		tcp_engine_lock(t);
		err = sk->state == TCP_CLOSE || sk->state == TCP_LISTEN ? -EINVAL : 0;
		if (tp->pcb)
			key = want & SOF_TIMESTAMPING_OPT_ID_TCP ? tp->pcb->snd_lbb + tp->tx_unfed : tp->pcb->lastack;
		tcp_engine_unlock(t);
		if (err)
			return err;
	}
	err = sock_setsockopt(&sk->c, opt, val, len);
	if (!err && fresh)
		WRITE_ONCE(sk->c.stamp_key, key);
	return err;
}
