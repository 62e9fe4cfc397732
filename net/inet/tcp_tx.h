/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The sender of a TCP connection: what it knows of each segment under way, loss recovery (tcp_recovery.c), congestion control
 * (tcp_cong.c), output (tcp_output.c). lwIP keeps the segments (pcb->unacked, sent; pcb->unsent) and frees those that are
 * acknowledged; everything that decides what is sent when is here. Windows are counted in segments, as Linux does.
 * All of it under the engine.
 */
#ifndef NET_INET_TCP_TX_H
#define NET_INET_TCP_TX_H

#include <keel_lwip.h>

struct tcp_sock;
struct tcp_tx;

/* struct tx_seg.flags */
#define SEG_SACKED	0x01u	/* the peer has it, out of order */
#define SEG_LOST	0x02u
#define SEG_RETRANS	0x04u	/* sent again, and that copy is under way */
#define SEG_EVER	0x08u	/* sent again at some time: no measure of the round trip */

/* The values of tcpi_ca_state. */
enum tcp_ca_state { CA_OPEN, CA_DISORDER, CA_CWR, CA_RECOVERY, CA_LOSS };

struct tcp_cc {
	const char *name;
	void (*init)(struct tcp_tx *x);
	u32 (*ssthresh)(struct tcp_tx *x);	/* after a loss */
	void (*avoid)(struct tcp_tx *x, u32 acked, u64 now);	/* segments acknowledged, with the window in full use */
	void (*lost)(struct tcp_tx *x);		/* time ran out: what was learnt is void; may be NULL */
};

struct cubic {
	u32 cnt, last_max, origin, w_est, est_acc;
	u32 k_ms;
	u64 epoch;			/* 0: begins with the next acknowledgement */
};

/* What an acknowledgement said, from before lwIP sees it until we act on it. */
struct tcp_ack {
	bool valid, advanced, sacked, dsack, dup;
	u32 ack, prior_una, prior_delivered, prior_lost;
	u32 tsecr;			/* 0: none */
	u32 acked;			/* segments acknowledged by the number */
};

struct tcp_tx {				/* [e] */
	const struct tcp_cc *cc;
	struct tcp_seg *tail;		/* last of pcb->unacked, if there is one */
	bool hold;			/* lwIP is processing: nothing goes out */
	bool again;			/* what goes out now was sent before */
	u8 state;			/* enum tcp_ca_state */
	u32 cwnd, ssthresh, cwnd_acc;	/* segments; fraction of one in acknowledged segments */
	u32 packets, sacked, lost, retrans;	/* segments under way: sent; of them SACKED, LOST, RETRANS */
	u32 delivered;
	u32 high_seq;			/* recovery ends when this is acknowledged */
	u32 undo_marker;		/* with `undo`: what was reduced can be taken back */
	bool undo;
	s32 undo_retrans;		/* retransmissions not yet reported as duplicates */
	u32 retrans_ts;			/* timestamp of the first retransmission of this recovery; 0: none */
	u32 prior_cwnd, prior_ssthresh;
	u32 prr_delivered, prr_out;
	u32 fack;			/* end of the highest segment that was SACKed */
	u32 reordering;
	bool reord_seen;
	u32 reo_steps;			/* RACK's window in quarters of the least round trip */
	u32 reo_persist;		/* recoveries until the window shrinks again */
	u32 dsack_seen;			/* snd_nxt when it was widened last */
	u64 rack_sent;			/* when the latest delivered segment was sent */
	u32 rack_end, rack_rtt_us;
	u32 srtt8, mdev4, rttvar4, mdev_max4, rtt_seq;	/* us; see tcp_rtt() */
	u32 min_rtt_us;
	u32 rto_us;
	u32 tlp_high;			/* with `tlp`: a probe is under way, sent up to here */
	bool tlp, tlp_retrans;
	bool limited;			/* the window kept us from sending */
	u32 max_packets, max_seq;
	u32 snd_sml;			/* end of the last segment that was not full (Nagle, Minshall) */
	u64 last_sent;
	u64 rto_at, tlp_at, reo_at;	/* 0: not running */
	struct tcp_ack a;
	struct cubic cubic;
	u64 bytes_sent, bytes_retrans, dsacks, reord_events, data_segs_out;	/* TCP_INFO */
};

/* --- options of a received segment --- */

struct tcp_in {
	u32 seq, ack, len;		/* len: with SYN and FIN */
	u16 wnd, urg;
	u8 flags;
	bool has_ts;
	u32 tsval, tsecr;
	u32 nr_sack;
	struct { u32 left, right; } sack[4];
};

static inline struct tx_seg *tx_seg(struct tcp_seg *s) { return (struct tx_seg *)s; }
static inline u32 seg_seq(const struct tcp_seg *s) { return lwip_ntohl(s->tcphdr->seqno); }
static inline u32 seg_end(const struct tcp_seg *s) { return seg_seq(s) + TCP_TCPLEN(s); }
static inline u32 tx_in_flight(const struct tcp_tx *x) { return x->packets - x->sacked - x->lost + x->retrans; }

/* --- tcp_recovery.c --- */

void tcp_tx_init(struct tcp_sock *tp);
/* Around tcp_input() for an acknowledgement. */
void tcp_tx_before(struct tcp_sock *tp, const struct tcp_in *in);
void tcp_tx_after(struct tcp_sock *tp);
/* The SYN was answered, the connection is there. */
void tcp_tx_established(struct tcp_sock *tp, u32 tries, u64 syn_sent);
void tcp_tx_recount(struct tcp_sock *tp);	/* lwIP moved segments by itself (SYN_SENT) */
/* What is due of the three timers. */
void tcp_tx_timers(struct tcp_sock *tp, u64 now);
/* Segments are larger than the path takes now. */
void tcp_tx_mtu(struct tcp_sock *tp);
void tcp_tx_rearm(struct tcp_sock *tp);		/* after something was sent */
bool tcp_tx_cwnd_reduction(const struct tcp_tx *x);

/* --- tcp_output.c --- */

err_t tcp_tx_retransmit(struct tcp_sock *tp, struct tcp_seg *s);
/* One new segment in spite of the window of congestion. False: there is none, or the peer's window is full. */
bool tcp_tx_probe_new(struct tcp_sock *tp);

/* --- tcp_cong.c --- */

const struct tcp_cc *tcp_cc_find(const char *name);	/* NULL: none */
void tcp_cc_set(struct tcp_tx *x, const struct tcp_cc *cc);
/* Slow start: what of `acked` it did not use up. */
u32 tcp_cc_slow_start(struct tcp_tx *x, u32 acked);
extern const char tcp_cc_names[];		/* for /proc/sys/net/ipv4/tcp_available_congestion_control */

#endif
