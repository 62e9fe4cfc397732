/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Output: lwIP's tcp_output() asks here (net/port/patches). First what is lost, then what is new, as far as the window of
 * congestion (ours, in segments) and the peer's go; then an acknowledgement if none of them carried it.
 */
#include <base/math.h>

#include "tcp_impl.h"

err_t tcp_output_segment(struct tcp_seg *seg, struct tcp_pcb *pcb, struct netif *netif);

static u32 option_len(const struct tcp_pcb *pcb)
{
	return pcb->flags & TF_TIMESTAMP ? 12 : 0;
}

/* --- again --- */

err_t tcp_tx_retransmit(struct tcp_sock *tp, struct tcp_seg *seg)
{
	struct tx_seg *s = tx_seg(seg);
	struct tcp_pcb *pcb = tp->pcb;
	struct tcp_tx *x = &tp->tx;
	err_t err;

	x->again = true;
	err = tcp_output_segment(seg, pcb, &keel_netif);
	x->again = false;
	if (err != ERR_OK)
		return err;
	tp->retrans++;
	tcp_clear_flags(pcb, TF_ACK_DELAY | TF_ACK_NOW);
	if (!(s->flags & SEG_RETRANS))
		x->retrans++;
	s->flags |= SEG_RETRANS | SEG_EVER;
	s->sent_ns = x->last_sent = tcp_now();
	x->bytes_retrans += seg->len;
	if (!x->retrans_ts)
		x->retrans_ts = max(tcp_now_ts(), 1u);
	x->undo_retrans = max(x->undo_retrans, 0) + 1;
	if (tcp_tx_cwnd_reduction(x))
		x->prr_out++;
	return ERR_OK;
}

static err_t retransmit_lost(struct tcp_sock *tp)
{
	struct tcp_tx *x = &tp->tx;
	struct tcp_pcb *pcb = tp->pcb;
	struct tcp_seg *seg, *head = pcb->unacked;
	err_t err = ERR_OK;

	for (seg = head; seg && x->lost && err == ERR_OK && tx_in_flight(x) < x->cwnd; seg = seg->next) {
		if ((tx_seg(seg)->flags & (SEG_LOST | SEG_RETRANS)) != SEG_LOST)
			continue;
		if (seg != head && seg_end(seg) - pcb->lastack > pcb->snd_wnd)
			break;
		err = tcp_tx_retransmit(tp, seg);
	}
	return err;
}

/* --- new --- */

static void idle_restart(struct tcp_sock *tp, u64 now)
{
	struct tcp_tx *x = &tp->tx;
	u64 idle = now - x->last_sent, rto = (u64)x->rto_us * 1000;

	if (x->packets || !x->last_sent || idle <= rto || !net_inet(tp->inet.net)->sysctl.tcp_slow_start_after_idle ||
	    x->state == CA_RECOVERY)
		return;
	x->ssthresh = max(x->ssthresh, x->cwnd / 4 * 3);
	while (idle > rto && x->cwnd > 10) {
		x->cwnd = max(x->cwnd / 2, 10u);
		idle -= rto;
	}
	x->cwnd_acc = 0;
	x->max_packets = 0;
}

/* A segment that is not full waits while another such is under way, or for the rest if more is said to come. */
static bool nagle_waits(const struct tcp_sock *tp, const struct tcp_seg *seg)
{
	const struct tcp_pcb *pcb = tp->pcb;

	if (seg->next || seg->len + option_len(pcb) >= pcb->mss || pcb->flags & (TF_NODELAY | TF_FIN | TF_NAGLEMEMERR))
		return false;
	if (tp->tx_unfed)
		return true;		/* it will be filled */
	if (tcp_writer_waits(tp))
		return false;
	return tp->tx.packets && TCP_SEQ_GT(tp->tx.snd_sml, pcb->lastack);
}

static err_t send_one(struct tcp_sock *tp, struct tcp_seg *seg)
{
	struct tcp_pcb *pcb = tp->pcb;
	struct tcp_tx *x = &tp->tx;
	u32 end = seg_end(seg);
	err_t err;

	if (pcb->state != SYN_SENT)
		TCPH_SET_FLAG(seg->tcphdr, TCP_ACK);
	err = tcp_output_segment(seg, pcb, &keel_netif);
	if (err != ERR_OK)
		return err;
	pcb->unsent = seg->next;
	if (pcb->state != SYN_SENT)
		tcp_clear_flags(pcb, TF_ACK_DELAY | TF_ACK_NOW);
	if (TCP_SEQ_LT(pcb->snd_nxt, end))
		pcb->snd_nxt = end;
	if (!TCP_TCPLEN(seg)) {
		tcp_seg_free(seg);
		return ERR_OK;
	}
	if (seg->len && seg->len + option_len(pcb) < pcb->mss)
		x->snd_sml = end;
	seg->next = NULL;
	if (pcb->unacked)
		x->tail->next = seg;
	else
		pcb->unacked = seg;
	x->tail = seg;
	tx_seg(seg)->flags = 0;
	tx_seg(seg)->sent_ns = x->last_sent = tcp_now();
	x->packets++;
	x->bytes_sent += seg->len;
	x->data_segs_out += !!seg->len;
	if (tcp_tx_cwnd_reduction(x))
		x->prr_out++;
	return ERR_OK;
}

/* Nothing is under way and the next does not fit: the peer must be asked. */
static void ask_window(struct tcp_pcb *pcb)
{
	if (pcb->unacked || pcb->persist_backoff)
		return;
	pcb->persist_cnt = 0;
	pcb->persist_backoff = 1;
	pcb->persist_probe = 0;
}

static bool fits(const struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
	return seg_seq(seg) - pcb->lastack + seg->len <= pcb->snd_wnd;
}

static err_t send_new(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;
	struct tcp_tx *x = &tp->tx;
	struct tcp_seg *seg;
	bool limited = false, any = false;
	err_t err = ERR_OK;

	if (!pcb->unsent)
		return ERR_OK;
	idle_restart(tp, tcp_now());
	while (err == ERR_OK && (seg = pcb->unsent) != NULL) {
		if (!fits(pcb, seg)) {
			ask_window(pcb);
			break;
		}
		pcb->persist_backoff = 0;
		/* The last FIN asks no window of congestion. */
		if (tx_in_flight(x) >= x->cwnd && seg->len) {
			limited = true;
			break;
		}
		if (nagle_waits(tp, seg))
			break;
		err = send_one(tp, seg);
		any = true;
	}
	if (any || limited) {
		if (TCP_SEQ_GEQ(pcb->lastack, x->max_seq) || limited || (!x->limited && x->packets > x->max_packets)) {
			x->max_packets = x->packets;
			x->limited = limited;
			x->max_seq = pcb->snd_nxt;
		}
	}
	if (any)
		tcp_tx_rearm(tp);
	return err;
}

bool tcp_tx_probe_new(struct tcp_sock *tp)
{
	struct tcp_seg *seg = tp->pcb->unsent;

	return seg && fits(tp->pcb, seg) && send_one(tp, seg) == ERR_OK;
}

err_t keel_tcp_output(struct tcp_pcb *pcb)
{
	struct tcp_sock *tp = pcb->callback_arg;
	u32 retrans;
	err_t err;

	if (!tp || tp->pcb != pcb || tp->tx.hold)
		return ERR_OK;
	retrans = tp->tx.retrans;
	err = retransmit_lost(tp);
	if (tp->tx.retrans != retrans && !tp->tx.rto_at)
		tcp_tx_rearm(tp);
	if (err == ERR_OK)
		err = send_new(tp);
	if (err != ERR_OK) {
		tcp_set_flags(pcb, TF_NAGLEMEMERR);
		return err;
	}
	tcp_clear_flags(pcb, TF_NAGLEMEMERR);
	return pcb->flags & TF_ACK_NOW ? tcp_send_empty_ack(pcb) : ERR_OK;
}
