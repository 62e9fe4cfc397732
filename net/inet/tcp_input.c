/* SPDX-License-Identifier: MPL-2.0 */
/* Segments from IP into lwIP's TCP machine: packets become pbufs over the same bytes. Inside the engine. */
#include <base/err.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>

#include "tcp_impl.h"

/*
 * The last piece that goes takes the packet along. Pieces go in any order: the header in the engine, the others where they
 * are read.
 */
static void piece_free(struct pbuf *p)
{
	struct rx_pkt *r = ((struct rx_pbuf *)p)->whole;

	if (__atomic_sub_fetch(&r->pieces, 1, __ATOMIC_ACQ_REL))
		return;
	pkt_free(r->pkt);
	kfree(r);
}

static struct pbuf *piece(struct rx_pkt *r, u32 i, const void *data, u32 len, struct pbuf *next)
{
	struct rx_pbuf *b = &r->piece[i];

	b->whole = r;
	b->custom.custom_free_function = piece_free;
	(void)pbuf_alloced_custom(PBUF_RAW, (u16_t)len, PBUF_REF, &b->custom, (void *)data, (u16_t)len);
	if (next) {
		b->custom.pbuf.next = next;
		b->custom.pbuf.tot_len = (u16_t)(len + next->tot_len);
	}
	return &b->custom.pbuf;
}

/* The packet as a chain: linear part, then fragments. Consumes p. NULL: no memory. */
static struct pbuf *rx_chain(struct pkt *p)
{
	struct rx_pkt *r = kmalloc(sizeof(*r) + (p->nr_frags + 1u) * sizeof(r->piece[0]), GFP_ATOMIC);
	struct pbuf *chain = NULL;

	if (!r) {
		pkt_free(p);
		return NULL;
	}
	r->pkt = p;
	r->pieces = p->nr_frags + 1u;
	for (u32 i = p->nr_frags; i--; )
		chain = piece(r, i + 1, kmap_local(p->frag[i].folio, p->frag[i].off), p->frag[i].len, chain);
	return piece(r, 0, p->data, pkt_linear(p), chain);
}

/* --- what a segment says --- */

void tcp_parse_in(const struct tcp_hdr_wire *h, u32 hl, u32 payload, struct tcp_in *in)
{
	const u8 *o = (const u8 *)(h + 1);
	u32 n = hl - (u32)sizeof(*h);

	*in = (struct tcp_in){ .seq = be32(h->seq), .ack = be32(h->ack), .flags = h->flags, .wnd = be16(h->wnd),
		.urg = be16(h->urg),
		.len = payload + !!(h->flags & TCPF_SYN) + !!(h->flags & TCPF_FIN) };
	/* Nearly always: two no-operations and the timestamp. */
	if (likely(n == 12)) {
		be32_t w[3];

		memcpy(w, o, sizeof(w));	/* a header may lie at an odd place */
		if (likely(be32(w[0]) == 0x0101080a)) {
			in->has_ts = true;
			in->tsval = be32(w[1]);
			in->tsecr = be32(w[2]);
			return;
		}
	}
	for (u32 i = 0; i < n && o[i]; i += o[i + 1]) {
		be32_t v[2];

		while (i < n && o[i] == 1)
			i++;
		if (i + 1 >= n || o[i] == 0 || o[i + 1] < 2 || i + o[i + 1] > n)
			return;
		if (o[i] == 8 && o[i + 1] == 10) {
			memcpy(v, o + i + 2, 8);
			in->has_ts = true;
			in->tsval = be32(v[0]);
			in->tsecr = be32(v[1]);
		} else if (o[i] == 5) {
			for (u32 k = 2; k + 8 <= o[i + 1] && in->nr_sack < 4; k += 8) {
				memcpy(v, o + i + k, 8);
				if (!TCP_SEQ_LT(be32(v[0]), be32(v[1])))
					continue;
				in->sack[in->nr_sack].left = be32(v[0]);
				in->sack[in->nr_sack++].right = be32(v[1]);
			}
		}
	}
}

/* --- what is not looked at further (RFC 9293 3.10.7.4, RFC 7323 5.3) --- */

/* Its timestamp is older than the last one. When that is long ago, the peer's clock may have gone round. */
static bool stale(const struct tcp_sock *tp, const struct tcp_in *in, u64 now)
{
	return (s32)(in->tsval - tp->pcb->ts_recent) < 0 && now - tp->last_ts <= 24ull * 86400 * NSEC_PER_SEC;
}

/* An old copy that came late: its timestamp is older than one we know to be before it. */
static bool too_old(const struct tcp_sock *tp, const struct tcp_in *in, u64 now)
{
	const struct tcp_pcb *pcb = tp->pcb;

	if (!in->has_ts || !(pcb->flags & TF_TIMESTAMP) || in->flags & TCPF_RST || !stale(tp, in, now))
		return false;
	/* Acknowledgements that overtook each other. */
	return !(!in->len && in->seq == pcb->rcv_nxt && in->ack == pcb->lastack);
}

static bool in_window(const struct tcp_pcb *pcb, const struct tcp_in *in)
{
	return TCP_SEQ_GEQ(in->seq + in->len, pcb->ts_lastacksent) && TCP_SEQ_LEQ(in->seq, pcb->rcv_nxt + pcb->rcv_wnd);
}

/*
 * Its bytes came before, out of order, in one segment. They end here: lwIP takes what begins behind a held segment's begin for
 * its continuation and cuts that segment there, which loses what it held and we said to hold.
 */
static bool held(const struct tcp_pcb *pcb, const struct tcp_in *in)
{
	if (!in->len || in->flags & (TCPF_SYN | TCPF_FIN))
		return false;
	for (const struct tcp_seg *s = pcb->ooseq; s && TCP_SEQ_LEQ(s->tcphdr->seqno, in->seq); s = s->next)
		if (TCP_SEQ_LEQ(in->seq + in->len, s->tcphdr->seqno + s->len))
			return true;
	return false;
}

/* Report a duplicate with the next acknowledgement (RFC 2883); undone by dsack_end(). */
static bool dsack_begin(struct tcp_pcb *pcb, const struct tcp_in *in, bool whole)
{
	u32 right = in->seq + in->len;

	if (!(pcb->flags & TF_SACK) || !in->len || in->flags & TCPF_SYN || !(whole || TCP_SEQ_LT(in->seq, pcb->rcv_nxt)))
		return false;
	memmove(&pcb->rcv_sacks[1], &pcb->rcv_sacks[0], sizeof(pcb->rcv_sacks) - sizeof(pcb->rcv_sacks[0]));
	pcb->rcv_sacks[0].left = in->seq;
	pcb->rcv_sacks[0].right = whole || TCP_SEQ_LT(right, pcb->rcv_nxt) ? right : pcb->rcv_nxt;
	return true;
}

static void dsack_end(struct tcp_pcb *pcb, const struct tcp_in *in)
{
	if (pcb->rcv_sacks[0].left != in->seq || !LWIP_TCP_SACK_VALID(pcb, 0))
		return;
	memmove(&pcb->rcv_sacks[0], &pcb->rcv_sacks[1], sizeof(pcb->rcv_sacks) - sizeof(pcb->rcv_sacks[0]));
	memset(&pcb->rcv_sacks[LWIP_TCP_MAX_SACK_NUM - 1], 0, sizeof(pcb->rcv_sacks[0]));
}

/* Tell the peer where we are; not more than twice a second to what carries no data, or two could go on for ever. */
static void answer_where_we_are(struct tcp_sock *tp, const struct tcp_in *in, u64 now)
{
	bool dsack;

	if (in->flags & TCPF_RST)
		return;
	if (!(in->len && !(in->flags & TCPF_SYN)) && tp->challenge_at && now - tp->challenge_at < NSEC_PER_SEC / 2)
		return;
	tp->challenge_at = now;
	dsack = dsack_begin(tp->pcb, in, false);
	(void)tcp_send_empty_ack(tp->pcb);
	if (dsack)
		dsack_end(tp->pcb, in);
}

/* Between enter and leave. False: the segment ends here. */
static bool acceptable(struct tcp_sock *tp, const struct tcp_in *in, u64 now)
{
	if (tp->pcb->state < ESTABLISHED || tp->pcb->state == TIME_WAIT)
		return true;
	if (too_old(tp, in, now)) {
		NET_INC(tp->inet.net, TCPEXT_PAWSESTAB);
		answer_where_we_are(tp, in, now);
		return false;
	}
	if (!in_window(tp->pcb, in)) {
		answer_where_we_are(tp, in, now);
		return false;
	}
	return true;
}

/* --- when it is acknowledged --- */

/* lwIP has put it off: at once nevertheless while the peer begins, after a burst in one, where a hole was filled. */
static void ack_policy(struct tcp_sock *tp, u32 payload, bool burst, bool hole, u64 now)
{
	struct tcp_pcb *pcb = tp->pcb;

	if (!payload)
		return;
	if (tp->last_rcv && now - tp->last_rcv > (u64)tp->tx.rto_us * 1000)
		tp->quick = TCP_QUICK_MAX;
	tp->last_rcv = now;
	if (!(pcb->flags & TF_ACK_DELAY))
		return;
	if (burst || hole) {
		tcp_ack_now(pcb);
	} else if (tp->quick && !tp->pingpong) {
		tp->quick--;
		tcp_ack_now(pcb);
	}
}

/*
 * On a connection that stands, the options are ours: lwIP would read them byte by byte, and take a late MSS for true. The
 * header moves over them; what the timestamp means for the next one to be sent is done here (RFC 7323 4.3).
 */
static void strip_options(struct tcp_sock *tp, struct pkt *p, const struct tcp_in *in, u32 hl)
{
	struct tcp_pcb *pcb = tp->pcb;
	u32 n = hl - (u32)sizeof(struct tcp_hdr_wire);
	struct tcp_hdr_wire *h;

	if (!n || pcb->state < ESTABLISHED)
		return;
	if (in->has_ts && TCP_SEQ_BETWEEN(pcb->ts_lastacksent, in->seq, in->seq + in->len) && !stale(tp, in, tcp_now())) {
		pcb->ts_recent = in->tsval;
		tp->last_ts = tcp_now();
	}
	memmove(p->data + n, p->data, sizeof(*h));
	pkt_pull(p, n);
	h = (struct tcp_hdr_wire *)p->data;
	h->doff_x = (u8)(sizeof(*h) / 4 << 4 | (h->doff_x & 0xf));
}

static void into_lwip(struct tcp_sock *tp, struct pbuf *pb, const struct ip_cb *cb)
{
	ipaddr_to_lwip(&cb->src, &ip_data.current_iphdr_src);
	ipaddr_to_lwip(&cb->dst, &ip_data.current_iphdr_dest);
	ip_data.current_netif = ip_data.current_input_netif = &keel_netif;
	tp->tx.hold = true;
	tcp_input(pb, &keel_netif);
	tp->tx.hold = false;
}

/* The handshake is over. */
static void established(struct tcp_sock *tp, u32 tries, u8 state)
{
	tp->established = true;
	if (state == SYN_SENT) {
		tp->copied_seq = tp->pcb->rcv_nxt;
		tp->bytes_acked = 1;	/* the SYN, as Linux counts */
	}
	tp->quick = TCP_QUICK_MAX;
	tp->last_ts = tcp_now();
	tcp_tx_established(tp, tries, tp->tx.last_sent);
	tcp_pcb_options(tp);
}

void tcp_open_child(struct tcp_sock *tp, u32 seq, u16 wnd)
{
	struct tcp_pcb *pcb = tp->pcb;

	if (!pcb || pcb->state != SYN_RCVD)
		return;
	tcp_enter(tp);
	pcb->state = ESTABLISHED;
	pcb->lastack = pcb->snd_wl2 = pcb->snd_nxt;
	pcb->snd_wl1 = seq;
	pcb->snd_wnd = pcb->snd_wnd_max = SND_WND_SCALE(pcb, (tcpwnd_size_t)wnd);
	established(tp, pcb->nrtx, SYN_RCVD);
	tcp_leave(tp);
}

/* The other side opens at the same time (RFC 9293 3.5): lwIP has read the options of its SYN; ours goes again, as an answer. */
static void both_open(struct tcp_sock *tp, const struct tcp_in *in)
{
	struct tcp_pcb *pcb = tp->pcb;

	if (!pcb->unacked)
		return;
	tcp_pcb_accepts(pcb);
	pcb->rcv_nxt = in->seq + 1;
	pcb->rcv_ann_right_edge = pcb->rcv_nxt;
	pcb->ts_lastacksent = pcb->rcv_nxt;
	pcb->snd_wl1 = in->seq - 1;
	pcb->snd_wl2 = pcb->lastack;
	pcb->snd_wnd = pcb->snd_wnd_max = in->wnd;
	pcb->state = SYN_RCVD;
	tp->copied_seq = pcb->rcv_nxt;
	TCPH_SET_FLAG(pcb->unacked->tcphdr, TCP_ACK);
	(void)tcp_tx_retransmit(tp, pcb->unacked);
}

void tcp_segment_input(struct tcp_sock *tp, struct pkt *p)
{
	struct ip_cb cb = *ip_cb(p);
	struct tcp_hdr_wire *h = (struct tcp_hdr_wire *)p->data;
	u32 hl = (u32)(h->doff_x >> 4) * 4, payload = p->len - hl, tries;
	bool burst = p->gso_segs > 1, hole, again, dsack;
	struct tcp_in in;
	struct pbuf *pb;
	u8 state;

	/* IP_MINTTL, IPV6_MINHOPCOUNT: nothing from further away. */
	if (p->len > 65535 || cb.ttl < (cb.family == AF_INET ? READ_ONCE(tp->inet.o.min_ttl) : READ_ONCE(tp->inet.o.min_hops)) ||
	    !tp->pcb) {
		pkt_free(p);
		return;
	}
	/* lwIP turns the header to host order in place. */
	if (!pkt_pull_ok(p, hl) || pkt_writable(p, 0, GFP_ATOMIC)) {
		pkt_free(p);
		return;
	}
	tcp_parse_in((struct tcp_hdr_wire *)p->data, hl, payload, &in);
	tp->segs_in++;
	tcp_enter(tp);
	if (unlikely(in.flags & TCPF_SYN) && tp->pcb->state == ESTABLISHED)
		NET_INC(tp->inet.net, TCP_INERRS);
	if (!acceptable(tp, &in, tcp_now())) {
		pkt_free(p);
		tcp_leave(tp);
		return;
	}
	state = (u8)tp->pcb->state;
	tries = tp->pcb->nrtx;
	hole = tp->pcb->ooseq;
	again = held(tp->pcb, &in);
	dsack = dsack_begin(tp->pcb, &in, again);
	if ((in.flags & TCPF_URG || tp->urg_data == URG_NOT_YET) && state >= SYN_RCVD && !(in.flags & TCPF_RST))
		tcp_urg_receive(tp, &in, p, hl);
	if (again) {
		pkt_trim(p, hl);
		payload = 0;
	}
	strip_options(tp, p, &in, hl);
	pkt_orphan(p);
	p->dev = NULL;
	pb = rx_chain(p);
	if (!pb) {
		if (dsack)
			dsack_end(tp->pcb, &in);
		tcp_leave(tp);
		return;
	}
	tcp_tx_before(tp, &in);
	into_lwip(tp, pb, &cb);
	if (tp->pcb) {
		if (again)
			(void)tcp_send_empty_ack(tp->pcb);
		if (dsack)
			dsack_end(tp->pcb, &in);
		if (state < ESTABLISHED && tp->pcb->state >= ESTABLISHED)
			established(tp, tries, state);
		else if (tp->pcb->state == SYN_SENT && (in.flags & (TCPF_SYN | TCPF_ACK | TCPF_RST)) == TCPF_SYN)
			both_open(tp, &in);
		else if (tp->pcb->state == SYN_SENT)
			tcp_tx_recount(tp);
		tcp_tx_after(tp);
		ack_policy(tp, payload, burst, hole, tcp_now());
		tcp_push_pending(tp);
		if (tp->pcb && tp->pcb->state == SYN_SENT)
			(void)tcp_output(tp->pcb);
	}
	if (tp->pcb)
		tcp_quick_ack(tp);
	tcp_leave(tp);
}
