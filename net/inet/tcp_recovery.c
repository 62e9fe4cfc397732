/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What acknowledgements and timers tell the sender: the round trip, what is lost, how much may be under way.
 *
 * tcp_tx_before() reads an acknowledgement while lwIP still has the segments it covers; lwIP then frees them;
 * tcp_tx_after() draws the conclusions. Losses are found by time as RACK has it (RFC 8985), with a probe for lost tails; the
 * window goes down by proportional rate reduction (RFC 6937) and what proves a mistake (a timestamp older than the
 * retransmission, RFC 3522; duplicates reported for all of them, RFC 3708) takes it back. Without SACK (RFC 6582) repeated
 * acknowledgements count. Time-outs: RFC 6298 with Linux's least time of 200 ms.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>

#include "tcp_impl.h"

#define RTO_MIN_US	200000u
#define RTO_MAX_US	120000000u
#define RTO_INIT_US	1000000u
#define INIT_CWND	10u
#define SSTHRESH_NONE	0x7fffffffu
#define REO_STEPS_MAX	255u
#define REO_PERSIST	16u
#define TLP_MIN_NS	(2 * TICK_NS)

void tcp_tx_init(struct tcp_sock *tp)
{
	const struct tcp_cc *cc = tp->tx.cc;

	memset(&tp->tx, 0, sizeof(tp->tx));
	tp->tx.cwnd = INIT_CWND;
	tp->tx.ssthresh = SSTHRESH_NONE;
	tp->tx.reordering = 3;
	tp->tx.reo_steps = 1;
	tp->tx.rto_us = RTO_INIT_US;
	tp->tx.mdev4 = RTO_INIT_US;
	tp->tx.min_rtt_us = ~0u;
	if (!cc)
		cc = tcp_cc_find(net_inet(tp->inet.net)->sysctl.tcp_congestion);
	tcp_cc_set(&tp->tx, cc ? cc : tcp_cc_find("cubic"));
}

/* --- round trips --- */

/* A measure: smoothed value and deviation; the deviation falls only once a round trip. */
static void tcp_rtt(struct tcp_sock *tp, u32 us)
{
	struct tcp_tx *x = &tp->tx;
	s32 m = (s32)max(us, 1u);

	x->min_rtt_us = min(x->min_rtt_us, (u32)m);
	if (!x->srtt8) {
		x->srtt8 = (u32)m * 8;
		x->mdev4 = (u32)m * 2;
		x->rttvar4 = x->mdev_max4 = max(x->mdev4, RTO_MIN_US);
		x->rtt_seq = tp->pcb->snd_nxt;
	} else {
		m -= (s32)(x->srtt8 / 8);
		x->srtt8 = (u32)((s32)x->srtt8 + m);
		if (m < 0) {
			m = -m;
			m -= (s32)(x->mdev4 / 4);
			if (m > 0)
				m /= 8;		/* a shorter way is no reason to wait longer */
		} else {
			m -= (s32)(x->mdev4 / 4);
		}
		x->mdev4 = (u32)((s32)x->mdev4 + m);
		if (x->mdev4 > x->mdev_max4) {
			x->mdev_max4 = x->mdev4;
			x->rttvar4 = max(x->rttvar4, x->mdev_max4);
		}
		if (TCP_SEQ_GT(tp->pcb->lastack, x->rtt_seq)) {
			if (x->mdev_max4 < x->rttvar4)
				x->rttvar4 -= (x->rttvar4 - x->mdev_max4) / 4;
			x->rtt_seq = tp->pcb->snd_nxt;
			x->mdev_max4 = RTO_MIN_US;
		}
	}
	x->rto_us = min(x->srtt8 / 8 + x->rttvar4, RTO_MAX_US);
}

static u64 rto_ns(const struct tcp_sock *tp)
{
	u64 us = tp->tx.rto_us;

	/* TCP_THIN_LINEAR_TIMEOUTS: few segments, no doubling for the first six. */
	if (!(tp->thin_lto && tp->tx.packets < 4 && tp->tx.ssthresh < SSTHRESH_NONE && tp->pcb->nrtx <= 6))
		us <<= min((u32)tp->pcb->nrtx, 12u);
	return min(us, (u64)RTO_MAX_US) * 1000;
}

/* --- reading an acknowledgement --- */

static bool sent_after(u64 t1, u32 seq1, u64 t2, u32 seq2)
{
	return t1 > t2 || (t1 == t2 && TCP_SEQ_GT(seq1, seq2));
}

/* A segment arrived: the latest one that did is the measure for the others. */
static void rack_advance(struct tcp_sock *tp, struct tx_seg *s, u64 now)
{
	struct tcp_tx *x = &tp->tx;
	u32 end = seg_end(&s->seg), rtt = (u32)min((now - s->sent_ns) / 1000, (u64)0xffffffff);

	/* Sooner than any round trip after it was sent again: the first copy came. */
	if (s->flags & SEG_EVER && rtt < x->min_rtt_us)
		return;
	x->rack_rtt_us = rtt;
	if (sent_after(s->sent_ns, end, x->rack_sent, x->rack_end)) {
		x->rack_sent = s->sent_ns;
		x->rack_end = end;
	}
}

static void saw_reordering(struct tcp_tx *x, u32 seq, u32 mss)
{
	u32 n = (x->fack - seq) / max(mss, 1u) + 1;

	x->reordering = min(max(x->reordering, n), 300u);
	x->reord_seen = true;
	x->reord_events++;
}

static void forget(struct tcp_tx *x, struct tx_seg *s)
{
	if (s->flags & SEG_RETRANS)
		x->retrans--;
	if (s->flags & SEG_LOST)
		x->lost--;
	if (s->flags & SEG_SACKED)
		x->sacked--;
	s->flags &= SEG_EVER;
}

/* What the number acknowledges is about to be freed. */
static void read_cumulative(struct tcp_sock *tp, u64 now, u64 *first, u64 *last)
{
	struct tcp_tx *x = &tp->tx;
	struct tcp_seg *seg;

	for (seg = tp->pcb->unacked; seg && TCP_SEQ_LEQ(seg_end(seg), x->a.ack); seg = seg->next) {
		struct tx_seg *s = tx_seg(seg);

		if (!(s->flags & SEG_EVER)) {
			if (!*first)
				*first = s->sent_ns;
			*last = s->sent_ns;
			if (!(s->flags & SEG_SACKED) && x->sacked && TCP_SEQ_LT(seg_end(seg), x->fack))
				saw_reordering(x, seg_seq(seg), tp->pcb->mss);
		}
		if (!(s->flags & SEG_SACKED)) {
			x->delivered++;
			rack_advance(tp, s, now);
		}
		forget(x, s);
		x->packets--;
		x->a.acked++;
	}
	if (!seg)
		x->tail = NULL;
}

/* The first block may report a duplicate: what was acknowledged before, or lies within the second block (RFC 2883). */
static u32 read_dsack(struct tcp_sock *tp, const struct tcp_in *in)
{
	struct tcp_tx *x = &tp->tx;
	u32 l = in->sack[0].left, r = in->sack[0].right;

	if (!(TCP_SEQ_LT(l, in->ack) || (in->nr_sack > 1 && TCP_SEQ_GEQ(l, in->sack[1].left) &&
	      TCP_SEQ_LEQ(r, in->sack[1].right))))
		return 0;
	/* More duplicates than we made: the line does, and it proves nothing. */
	if (++x->dsacks > tp->retrans)
		return 1;
	x->a.dsack = true;
	if (x->undo && x->undo_retrans > 0 && TCP_SEQ_GT(r, x->undo_marker) && TCP_SEQ_LEQ(r, x->a.prior_una))
		x->undo_retrans -= (s32)min((r - l + tp->pcb->mss - 1) / max((u32)tp->pcb->mss, 1u), (u32)x->undo_retrans);
	/* RACK gives reordering more time, a quarter of a round trip more each time, but once a round trip. */
	if (TCP_SEQ_GEQ(tp->pcb->lastack, x->dsack_seen) || !x->dsack_seen) {
		x->reo_steps = min(x->reo_steps + 1, REO_STEPS_MAX);
		x->reo_persist = REO_PERSIST;
		x->dsack_seen = tp->pcb->snd_nxt;
	}
	return 1;
}

static void read_sacks(struct tcp_sock *tp, const struct tcp_in *in, u64 now, u64 *first)
{
	u32 from = read_dsack(tp, in), high = in->ack;
	struct tcp_tx *x = &tp->tx;

	for (u32 i = from; i < in->nr_sack; i++)
		if (TCP_SEQ_GT(in->sack[i].right, high))
			high = in->sack[i].right;
	if (TCP_SEQ_GT(high, tp->pcb->snd_nxt))
		return;		/* nonsense */
	for (struct tcp_seg *seg = tp->pcb->unacked; seg && TCP_SEQ_LT(seg_seq(seg), high); seg = seg->next) {
		struct tx_seg *s = tx_seg(seg);
		u32 seq = seg_seq(seg), end = seg_end(seg), i;

		if (s->flags & SEG_SACKED || TCP_SEQ_LEQ(end, in->ack))
			continue;
		for (i = from; i < in->nr_sack; i++)
			if (TCP_SEQ_GEQ(seq, in->sack[i].left) && TCP_SEQ_LEQ(end, in->sack[i].right))
				break;
		if (i == in->nr_sack)
			continue;
		if (!(s->flags & SEG_EVER)) {
			if (!*first)
				*first = s->sent_ns;
			if (x->sacked && TCP_SEQ_LT(end, x->fack))
				saw_reordering(x, seq, tp->pcb->mss);
		}
		rack_advance(tp, s, now);
		forget(x, s);
		s->flags |= SEG_SACKED;
		x->sacked++;
		x->delivered++;
		x->a.sacked = true;
		if (x->sacked == 1 || TCP_SEQ_GT(end, x->fack))
			x->fack = end;
	}
}

/* Without SACK a repeated acknowledgement says that some segment arrived. */
static void read_repeated(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	if (x->a.advanced) {
		u32 gone = x->a.acked ? x->a.acked - 1 : 0;

		x->sacked -= min(x->sacked, gone);
		if (x->sacked > x->packets)
			x->sacked = x->packets;
	} else if (x->a.dup && x->sacked + x->lost < x->packets) {
		x->sacked++;
		x->delivered++;
		x->a.sacked = true;
	}
}

void tcp_tx_before(struct tcp_sock *tp, const struct tcp_in *in)
{
	struct tcp_pcb *pcb = tp->pcb;
	struct tcp_tx *x = &tp->tx;
	u64 now = tcp_now(), first = 0, last = 0, sack_first = 0;

	x->a = (struct tcp_ack){ .ack = in->ack, .prior_una = pcb->lastack, .prior_delivered = x->delivered, .prior_lost = x->lost,
		.tsecr = in->has_ts ? in->tsecr : 0 };
	pcb->dupacks = 0;	/* lwIP's own recovery never starts */
	if (!(in->flags & TCPF_ACK) || in->flags & (TCPF_RST | TCPF_SYN) || pcb->state < ESTABLISHED ||
	    !TCP_SEQ_BETWEEN(in->ack, pcb->lastack, pcb->snd_nxt))
		return;
	x->a.valid = true;
	x->a.advanced = in->ack != pcb->lastack;
	x->a.dup = !x->a.advanced && !in->len && x->packets && (u32)in->wnd << pcb->snd_scale == pcb->snd_wnd;
	if (x->a.advanced)
		read_cumulative(tp, now, &first, &last);
	if (pcb->flags & TF_SACK) {
		if (in->nr_sack)
			read_sacks(tp, in, now, &sack_first);
	} else {
		read_repeated(tp);
	}
	if (first)
		tcp_rtt(tp, (u32)min((now - first) / 1000, (u64)RTO_MAX_US));
	else if (sack_first && !x->a.advanced)
		tcp_rtt(tp, (u32)min((now - sack_first) / 1000, (u64)RTO_MAX_US));
	else if (x->a.advanced && x->a.tsecr && tcp_now_ts() - x->a.tsecr < RTO_MAX_US / 1000)
		tcp_rtt(tp, max(tcp_now_ts() - x->a.tsecr, 1u) * 1000);
	/* The last bytes of a round trip can be as late as the peer delays: the newest is the better bound. */
	if (last)
		x->min_rtt_us = min(x->min_rtt_us, max((u32)((now - last) / 1000), 1u));
}

/* --- what is lost --- */

static void mark_lost(struct tcp_tx *x, struct tx_seg *s)
{
	if (s->flags & SEG_RETRANS) {
		s->flags &= ~SEG_RETRANS;
		x->retrans--;
	}
	if (!(s->flags & (SEG_LOST | SEG_SACKED))) {
		s->flags |= SEG_LOST;
		x->lost++;
	}
}

static u32 reo_window_us(const struct tcp_sock *tp)
{
	const struct tcp_tx *x = &tp->tx;
	u32 steps = x->reo_steps;

	if (!x->reord_seen && (x->state >= CA_RECOVERY || x->sacked >= x->reordering))
		return 0;
	return min((u32)min((u64)(x->min_rtt_us / 4) * steps, (u64)0x7fffffff), x->srtt8 / 8);
}

/* Us until s counts as lost, by how long the latest delivered one took; 0 or less: now. */
static s64 rack_left(const struct tcp_tx *x, const struct tx_seg *s, u32 window, u64 now)
{
	return (s64)x->rack_rtt_us + window - (s64)((now - s->sent_ns) / 1000);
}

static void rack_detect(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;
	u32 window = reo_window_us(tp);
	s64 longest = 0;

	x->reo_at = 0;
	if (!x->rack_sent || !x->packets)
		return;
	for (struct tcp_seg *seg = tp->pcb->unacked; seg; seg = seg->next) {
		struct tx_seg *s = tx_seg(seg);
		s64 left;

		if (s->flags & SEG_SACKED || (s->flags & (SEG_LOST | SEG_RETRANS)) == SEG_LOST)
			continue;
		if (!sent_after(x->rack_sent, x->rack_end, s->sent_ns, seg_end(seg))) {
			if (s->flags & SEG_RETRANS)
				continue;
			break;		/* sent later, and so are those behind it */
		}
		left = rack_left(x, s, window, now);
		if (left <= 0)
			mark_lost(x, s);
		else
			longest = max(longest, left);
	}
	if (longest)
		x->reo_at = now + (u64)longest * 1000 + NSEC_PER_MSEC;
}

/* Without SACK: three repeated acknowledgements, or in recovery one that goes a part of the way, speak of the first. */
static void newreno_detect(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;
	struct tcp_seg *head = tp->pcb->unacked;

	if (head && (x->sacked >= 3 || (x->state >= CA_RECOVERY && x->a.advanced)) &&
	    !(tx_seg(head)->flags & (SEG_LOST | SEG_RETRANS))) {
		if (x->sacked + x->lost >= x->packets && x->sacked)
			x->sacked--;
		mark_lost(x, tx_seg(head));
	}
}

static void detect(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;

	if (!(tp->pcb->flags & TF_SACK))
		newreno_detect(tp);
	else if (x->sacked || x->lost || x->retrans)
		rack_detect(tp, now);
	else
		x->reo_at = 0;
}

/* --- less, and back --- */

bool tcp_tx_cwnd_reduction(const struct tcp_tx *x)
{
	return x->state == CA_CWR || x->state == CA_RECOVERY;
}

static void undo_begin(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	x->undo = true;
	x->undo_marker = tp->pcb->lastack;
	x->undo_retrans = x->retrans ? (s32)x->retrans : -1;
	x->retrans_ts = 0;
}

static void reduction_begin(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	x->high_seq = tp->pcb->snd_nxt;
	x->tlp = false;
	x->cwnd_acc = 0;
	x->prior_cwnd = x->cwnd;
	x->prr_delivered = x->prr_out = 0;
	x->ssthresh = x->cc->ssthresh(x);
}

static void recovery_begin(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	x->prior_ssthresh = x->ssthresh;
	undo_begin(tp);
	if (!tcp_tx_cwnd_reduction(x))
		reduction_begin(tp);
	x->high_seq = tp->pcb->snd_nxt;
	x->state = CA_RECOVERY;
}

static void reduction_end(struct tcp_tx *x)
{
	if (x->ssthresh < SSTHRESH_NONE && (x->state == CA_CWR || x->undo))
		x->cwnd = x->ssthresh;
}

/* Proportional rate reduction. */
static void reduce(struct tcp_tx *x, u32 delivered, bool lost_more)
{
	s64 delta = (s64)x->ssthresh - tx_in_flight(x), n;

	if (!delivered || !x->prior_cwnd)
		return;
	x->prr_delivered += delivered;
	if (delta < 0) {
		n = (s64)(((u64)x->ssthresh * x->prr_delivered + x->prior_cwnd - 1) / x->prior_cwnd) - x->prr_out;
	} else {
		n = max((s64)x->prr_delivered - x->prr_out, (s64)delivered);
		if (x->a.advanced && !lost_more)
			n++;
		n = min(delta, n);
	}
	n = max(n, (s64)!x->prr_out);
	x->cwnd = tx_in_flight(x) + (u32)n;
}

static bool was_mistake(const struct tcp_tx *x)
{
	if (!x->undo)
		return false;
	return !x->undo_retrans || (x->retrans_ts && x->a.tsecr && (s32)(x->a.tsecr - x->retrans_ts) < 0);
}

static void unreduce(struct tcp_sock *tp, bool all_sent_anew)
{
	struct tcp_tx *x = &tp->tx;

	if (all_sent_anew) {
		for (struct tcp_seg *s = tp->pcb->unacked; s; s = s->next)
			if (tx_seg(s)->flags & SEG_LOST) {
				tx_seg(s)->flags &= ~SEG_LOST;
				x->lost--;
			}
	}
	x->cwnd = max(x->cwnd, x->prior_cwnd);
	if (x->prior_ssthresh > x->ssthresh)
		x->ssthresh = x->prior_ssthresh;
	x->undo = false;
	x->rack_sent = 0;
}

static void open_again(struct tcp_tx *x)
{
	x->state = x->sacked || x->lost ? CA_DISORDER : CA_OPEN;
}

/* All that was under way when recovery began is acknowledged. */
static void recovery_over(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	if (x->state == CA_CWR) {
		if (x->a.ack == x->high_seq)
			return;		/* something above it must be acknowledged */
		reduction_end(x);
	} else {
		if (was_mistake(x))
			unreduce(tp, x->state == CA_LOSS);
		else if (x->state == CA_RECOVERY)
			reduction_end(x);
		if (x->reo_persist && !--x->reo_persist)
			x->reo_steps = 1;
	}
	if (!(tp->pcb->flags & TF_SACK))
		x->sacked = 0;
	x->retrans_ts = 0;	/* x->undo stays: what tells of a mistake may come a round trip later */
	open_again(x);
}

/* The answer to a probe of the tail: a loss that it mended counts, or there was none. */
static void tlp_answered(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	if (!x->tlp || TCP_SEQ_LT(x->a.ack, x->tlp_high))
		return;
	if (!x->tlp_retrans || x->a.dsack) {
		x->tlp = false;
	} else if (TCP_SEQ_GT(x->a.ack, x->tlp_high)) {
		x->prior_ssthresh = x->ssthresh;
		reduction_begin(tp);
		x->state = CA_CWR;
		x->undo = false;
		reduction_end(x);
		open_again(x);
	} else if (!x->a.advanced && !x->a.sacked) {
		x->tlp = false;
	}
}

static bool window_used(const struct tcp_tx *x)
{
	return x->cwnd < x->ssthresh ? x->cwnd < 2 * x->max_packets : x->limited;
}

static void conclude(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;
	u32 delivered = x->delivered - x->a.prior_delivered;

	tlp_answered(tp);
	detect(tp, now);
	if (x->state != CA_OPEN && x->state != CA_DISORDER && TCP_SEQ_GEQ(x->a.ack, x->high_seq))
		recovery_over(tp);
	switch (x->state) {
	case CA_LOSS:
		if (was_mistake(x)) {
			unreduce(tp, true);
			open_again(x);
		}
		break;
	case CA_RECOVERY:
		if (x->a.advanced && was_mistake(x)) {
			unreduce(tp, true);
			open_again(x);
		}
		break;
	default:
		if (x->a.dsack && x->undo && !x->undo_retrans)
			unreduce(tp, false);
		if (x->lost)
			recovery_begin(tp);
		else if (x->state != CA_CWR)
			open_again(x);
		break;
	}
	if (tcp_tx_cwnd_reduction(x))
		reduce(x, delivered, x->lost > x->a.prior_lost);
	else if (x->a.advanced && x->a.acked && window_used(x))
		x->cc->avoid(x, delivered ? delivered : x->a.acked, now);
}

/* More room to queue as the window grows: twice what may be under way. */
static void grow_sndbuf(struct tcp_sock *tp)
{
	u32 most = (u32)net_inet(tp->inet.net)->sysctl.tcp_wmem[2], want;

	if (tp->sndbuf_locked)
		return;
	want = (u32)min((u64)2 * max(tp->tx.cwnd, tp->tx.reordering + 1) * (tp->pcb->mss + 256u), (u64)most);
	if (want > tp->inet.c.sndbuf)
		WRITE_ONCE(tp->inet.c.sndbuf, want);
}

void tcp_tx_after(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;
	u64 now = tcp_now();

	if (!x->a.valid)
		return;
	x->a.valid = false;
	if (!x->packets && !x->a.advanced)
		return;
	if (x->a.advanced) {
		tp->bytes_acked += x->a.ack - x->a.prior_una;
		x->rto_at = x->packets ? now + rto_ns(tp) : 0;
	}
	conclude(tp, now);
	if (x->a.advanced)
		grow_sndbuf(tp);
	if (!x->packets)
		x->tlp_at = x->reo_at = 0;
	else if (x->a.advanced || x->a.sacked)
		tcp_tx_rearm(tp);
}

void tcp_tx_recount(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;

	x->packets = x->sacked = x->lost = x->retrans = 0;
	x->tail = NULL;
	for (struct tcp_seg *s = tp->pcb->unacked; s; s = s->next) {
		tx_seg(s)->flags = 0;
		x->packets++;
		x->tail = s;
	}
}

void tcp_tx_established(struct tcp_sock *tp, u32 tries, u64 syn_sent)
{
	struct tcp_tx *x = &tp->tx;

	tcp_tx_recount(tp);
	x->state = CA_OPEN;
	x->rto_at = x->tlp_at = x->reo_at = 0;
	x->cwnd = tries > 1 ? 1 : INIT_CWND;
	x->ssthresh = SSTHRESH_NONE;
	x->undo = false;
	x->rto_us = RTO_INIT_US;
	x->snd_sml = x->high_seq = x->fack = tp->pcb->lastack;
	if (!tries && syn_sent)
		tcp_rtt(tp, (u32)min((tcp_now() - syn_sent) / 1000, (u64)RTO_MAX_US));
}

void tcp_tx_mtu(struct tcp_sock *tp)
{
	u32 most = tp->pcb->mss - (tp->pcb->flags & TF_TIMESTAMP ? 12u : 0u);

	for (struct tcp_seg *s = tp->pcb->unacked; s; s = s->next)
		if (s->len > most)
			mark_lost(&tp->tx, tx_seg(s));
}

/* --- timers --- */

/* A probe, when nothing else will bring an answer sooner than the time-out: two round trips. */
void tcp_tx_rearm(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;
	u64 now = tcp_now(), pto;

	if (!x->rto_at && x->packets)
		x->rto_at = now + rto_ns(tp);
	x->tlp_at = 0;
	if (!(tp->pcb->flags & TF_SACK) || !x->packets || x->sacked || (x->state != CA_OPEN && x->state != CA_CWR) || x->tlp ||
	    tp->pcb->state < ESTABLISHED || tp->pcb->nrtx)
		return;
	pto = x->srtt8 ? (u64)(x->srtt8 / 4) * 1000 : NSEC_PER_SEC;
	/* One segment may wait for the peer's delayed acknowledgement. */
	pto += x->packets == 1 ? RTO_MIN_US * 1000ull : TLP_MIN_NS;
	if (now + pto < x->rto_at)
		x->tlp_at = now + pto;
}

static void send_probe(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;

	x->tlp_at = 0;
	if (!x->packets || x->tlp)
		return;
	x->tlp_retrans = false;
	if (!tcp_tx_probe_new(tp)) {
		if (!x->tail || tcp_tx_retransmit(tp, x->tail) != ERR_OK)
			return;
		x->tlp_retrans = true;
	}
	x->tlp = true;
	x->tlp_high = tp->pcb->snd_nxt;
	x->rto_at = now + rto_ns(tp);
}

/* Time ran out. */
static void loss_begin(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;
	struct tcp_seg *head = tp->pcb->unacked;
	bool reneged = head && tx_seg(head)->flags & SEG_SACKED, sack = tp->pcb->flags & TF_SACK;

	if (x->state <= CA_DISORDER || TCP_SEQ_LEQ(x->high_seq, tp->pcb->lastack) || (x->state == CA_LOSS && !tp->pcb->nrtx)) {
		x->prior_ssthresh = x->ssthresh;
		x->prior_cwnd = x->cwnd;
		x->ssthresh = x->cc->ssthresh(x);
		if (x->cc->lost)
			x->cc->lost(x);
		undo_begin(tp);
	}
	if (!sack)
		x->sacked = 0;
	for (struct tcp_seg *s = head; s; s = s->next) {
		if (reneged)
			forget(x, tx_seg(s));
		/* What was sent a moment ago may still arrive. */
		if (s == head || reneged || !sack || !x->rack_sent || rack_left(x, tx_seg(s), 0, now) <= 0)
			mark_lost(x, tx_seg(s));
	}
	x->cwnd = tx_in_flight(x) + 1;
	x->cwnd_acc = 0;
	x->state = CA_LOSS;
	x->high_seq = tp->pcb->snd_nxt;
	x->tlp = false;
	x->reo_at = x->tlp_at = 0;
}

static void time_out(struct tcp_sock *tp, u64 now)
{
	struct tcp_pcb *pcb = tp->pcb;

	NET_INC(tp->inet.net, TCPEXT_TIMEOUTS);
	tp->stuck_tried = tp->stuck_tried ? tp->stuck_tried : now;
	loss_begin(tp, now);
	if (pcb->nrtx < 0xff)
		pcb->nrtx++;
	tp->tx.rto_at = now + rto_ns(tp);
	(void)tcp_output(pcb);
}

void tcp_tx_timers(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;

	if (x->rto_at && now >= x->rto_at) {
		x->rto_at = 0;
		if (tp->pcb->unacked)
			time_out(tp, now);
		return;
	}
	if (x->tlp_at && now >= x->tlp_at)
		send_probe(tp, now);
	if (x->reo_at && now >= x->reo_at) {
		u32 before = x->lost;

		x->a = (struct tcp_ack){ .ack = tp->pcb->lastack, .prior_delivered = x->delivered };
		detect(tp, now);
		if (x->lost > before) {
			if (!tcp_tx_cwnd_reduction(x) && x->state != CA_LOSS)
				recovery_begin(tp);
			else if (x->state == CA_CWR)
				recovery_begin(tp);
			if (x->state == CA_RECOVERY)
				reduce(x, 1, true);
		}
		(void)tcp_output(tp->pcb);
	}
}
