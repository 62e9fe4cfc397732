/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What programs wrote, between socket and lwIP: it waits in tp->txq, is handed to lwIP by reference as it can be sent, and is let
 * go of when no segment refers to it any more. All within the engine's lock.
 */
#include <base/math.h>
#include <core/slab.h>
#include <uapi/linux/eventpoll.h>

#include "tcp_impl.h"

static void tx_pop(struct tcp_sock *tp)
{
	struct tx_frag *f = tp->txq;

	tp->txq = f->next;
	if (!tp->txq)
		tp->tx_last = NULL;
	atomic64_sub(&tp->tx_bytes, f->len);
	folio_put(f->folio);
	kfree(f);
}

/* Let go of what no segment refers to any more. */
void tcp_tx_release(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;
	u32 una = pcb->snd_lbb;
	bool freed = false;

	if (pcb->unsent)
		una = lwip_ntohl(pcb->unsent->tcphdr->seqno);
	if (pcb->unacked && TCP_SEQ_LT(lwip_ntohl(pcb->unacked->tcphdr->seqno), una))
		una = lwip_ntohl(pcb->unacked->tcphdr->seqno);
	while (tp->txq && tp->txq != tp->tx_feed && TCP_SEQ_LEQ(tp->txq->seq_end, una)) {
		tx_pop(tp);
		freed = true;
	}
	if (freed && atomic64_read(&tp->tx_bytes) * 3 < (s64)READ_ONCE(tp->inet.c.sndbuf) * 2)
		inet_sock_wake(&tp->inet, EPOLLOUT | EPOLLWRNORM);
}

void tcp_tx_release_all(struct tcp_sock *tp)
{
	while (tp->txq)
		tx_pop(tp);
	tp->tx_feed = NULL;
	tp->feed_off = 0;
	tp->tx_unfed = 0;
}

/* All that lwIP does not have yet waits for more; but in a full buffer there is no room for what it would wait for. */
static bool held_back(const struct tcp_sock *tp)
{
	return (tp->corked || tp->more) && tp->tx_unfed < tp->pcb->mss && !tp->fin_wanted &&
		!tcp_writer_waits(tp);
}

bool tcp_unfed(const struct tcp_sock *tp)
{
	if (tp->pcb->state != ESTABLISHED && tp->pcb->state != CLOSE_WAIT)
		return false;
	return tp->fin_wanted || (tp->tx_feed && !held_back(tp));
}

/*
 * Hand lwIP as much as it is about to be able to send, and a little more. To a peer whose window was never more than a few bytes
 * it sends as small segments, so there a little is little.
 */
static void feed(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;
	u32 ahead = min(max(4u * pcb->mss, 65536u), 4u * max(pcb->snd_wnd_max, 536u));

	while (tp->tx_feed && pcb->snd_lbb - pcb->snd_nxt < ahead) {
		struct tx_frag *f = tp->tx_feed;
		u32 n = min(f->len - tp->feed_off, 65000u);
		bool last = n == tp->tx_unfed;

		if (last && held_back(tp))
			break;
		n = min(n, ahead);
		if (tcp_write(pcb, kmap_local(f->folio, f->off + tp->feed_off), (u16_t)n,
			last ? 0 : TCP_WRITE_FLAG_MORE) != ERR_OK)
			break;
		tp->feed_off += n;
		tp->tx_unfed -= n;
		if (tp->feed_off == f->len) {
			f->seq_end = pcb->snd_lbb;
			tp->tx_feed = f->next;
			tp->feed_off = 0;
		}
	}
	if (!tp->tx_feed)
		tp->cork_until = 0;
}

void tcp_push_pending(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;

	if (!pcb || pcb->state == CLOSED || pcb->state == SYN_SENT || pcb->state == SYN_RCVD)
		return;
	if (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) {
		feed(tp);
		if (tp->fin_wanted && !tp->tx_feed) {
			if (tcp_shutdown(pcb, 0, 1) == ERR_OK)
				tp->fin_wanted = false;
			if (!tp->pcb)
				return;
			if (pcb->flags & TF_CLOSEPEND) {	/* no memory for the FIN: it is tried again from here */
				tcp_clear_flags(pcb, TF_CLOSEPEND);
				tp->fin_wanted = true;
			}
		}
	}
	(void)tcp_output(pcb);
}

/* The same, and nothing is held back for what may follow. */
void tcp_push_all(struct tcp_sock *tp)
{
	bool corked = tp->corked;

	tp->corked = tp->more = false;
	tcp_push_pending(tp);
	tp->corked = corked;
}
