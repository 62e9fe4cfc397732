/* SPDX-License-Identifier: MPL-2.0 */
/*
 * TCP: what tcp*.c share. A tcp_sock has a lwIP PCB while it is connecting or connected. The engine lock (tcp_net.lock)
 * guards lwIP's static state, every PCB, the tables and lists here, and the fields marked [e].
 *
 * Senders: wr (mutex) -> copy into page fragments -> engine: queue, feed lwIP, output. Readers: rd (mutex) -> take bytes from
 * the receive queue (qlock) -> copy -> engine: open the window. Neither mutex is held while waiting.
 */
#ifndef NET_INET_TCP_IMPL_H
#define NET_INET_TCP_IMPL_H

#include <core/timer.h>
#include <core/work.h>
#include <keel_lwip.h>
#include <net/filter.h>

#include "ip_impl.h"
#include "route_impl.h"
#include "tcp_tx.h"

#define TICK_NS		(4 * NSEC_PER_MSEC)
#define EHASH_SIZE	16384u
#define LHASH_SIZE	1024u
#define DELACK_NS	(40 * NSEC_PER_MSEC)
#define CORK_NS		(200 * NSEC_PER_MSEC)
#define TRY_NS		(200 * NSEC_PER_MSEC)	/* what a retransmission has to be answered in */
#define TW_NS		(60 * NSEC_PER_SEC)

enum ent_kind { ENT_SOCK, ENT_REQ, ENT_TW };

/* A 4-tuple in the demultiplexing table. */
struct tcp_ent {
	struct hlist_node hash;		/* [e] */
	struct ipaddr laddr, raddr;	/* [I] while hashed */
	u16 lport, rport;
	u8 kind;
	int oif;			/* [I] device that the peer is reached by; 0: as the routes say */
};

/* Received bytes in order. */
struct rx_chunk {
	struct rx_chunk *next;
	struct pbuf *pbuf;		/* owned; NULL: bytes follow this struct */
	u8 *data;
	u32 off, len, cap;		/* read so far; there; room (own bytes only) */
};

/* Bytes to send: referenced until lwIP holds no segment of them. */
struct tx_frag {
	struct tx_frag *next;
	struct folio *folio;
	u32 off, len;
	u32 seq_end;			/* [e] once fed */
};

/* The SYN queue: a connection that is not yet one. */
struct tcp_req {
	struct tcp_ent ent;
	struct list_head age;		/* [e] tcp_net.reqs */
	struct tcp_sock *listener;	/* referenced */
	u32 irs, iss, ts_recent, peer_ts;
	u16 peer_mss, wnd;
	u8 wscale, tries;
	bool has_ws, has_ts, has_sack;
	bool cookie;			/* tcp_cookie.c; ts_bits: low bits of our timestamp */
	u32 ts_bits;
	u64 next_ns, made_ns;
};

struct tcp_tw {
	struct tcp_ent ent;
	struct list_head age;		/* [e] tcp_net.tws */
	struct hlist_node port_link;	/* [e] */
	u32 rcv_nxt, snd_nxt, ts_recent;
	u32 wnd;
	bool has_ts, reuse;
	u64 expires;
	struct net *net;
	kuid_t uid;
};

struct tcp_sock {
	struct inet_sock inet;		/* own locks */
	struct tcp_ent ent;		/* [e] */
	bool hashed;			/* [e] */
	struct tcp_pcb *pcb;		/* [e] */
	bool orphan;			/* [e] the file is gone */
	bool fin_wanted;		/* [e] after the last byte */
	bool peer_fin;			/* [e] what came before it may not be shown to readers yet: they look at shutdown */
	bool established;		/* [e] was once: errors are told apart by it */
	bool scheduled;			/* [e] in the timer thread's list */
	int soft_err;			/* [e] ICMP's, told when time runs out */

	struct mutex rd, wr;		/* class SOCKET: one reader, one sender copies */
	struct rx_chunk *rxq, *rx_last;	/* [qlock] */
	struct rx_chunk *rx_new, *rx_new_last;	/* [e] delivered in this entry, not yet shown */
	u32 rx_bytes;			/* [qlock; a] */
	u32 rx_credit;			/* [rd] read, window not yet opened */
	u32 wnd_max;			/* [e] */
	u32 copied_seq;			/* [rd; a] where the stream's reader is */
	u32 urg_seq;			/* [qlock; a] see tcp_urg.c */
	u16 urg_data;			/* [a] 0: none; URG_* */
	bool urg_mode;			/* [e] urgent bytes up to snd_up are not acknowledged yet */
	u32 snd_up;			/* [e] */
	u32 notsent;			/* [e; a] bytes that never went out, for TCP_NOTSENT_LOWAT */
	u32 notsent_lowat;		/* [a] 0: no limit */
	u32 wnd_clamp;			/* [a] TCP_WINDOW_CLAMP; 0: none */
	int linger2;			/* [a] s; 0: net.ipv4.tcp_fin_timeout; below: none */
	u32 fastopen_qlen;		/* [a] kept: fast open is off */
	u64 rx_total, rx_mark;		/* [rd] for autotuning: bytes read; at the last measure */
	u64 rx_mark_ns;			/* [rd] */

	struct frag_cache page;		/* [wr] */
	struct tx_frag *txq, *tx_last;	/* [e] oldest first */
	struct tx_frag *tx_feed;	/* [e] first that lwIP does not have in whole */
	u32 feed_off;			/* [e] bytes of it that lwIP has */
	u32 tx_unfed;			/* [e; a] bytes lwIP does not have yet */
	atomic64_t tx_bytes;		/* queued: charged against sndbuf */
	bool corked, more;		/* [e] TCP_CORK; last send had MSG_MORE */
	bool nodelay;			/* [a] */
	bool sndbuf_locked, rcvbuf_locked;	/* [a] set by the user: no tuning */
	u64 cork_until;			/* [e] what is held back goes at that time; 0: nothing is */

	struct tcp_tx tx;		/* [e] */
	struct tcp_notes *notes;	/* [e; a] tcp_notes.c; NULL: no call ever asked */
	bool thin_lto;			/* [a] TCP_THIN_LINEAR_TIMEOUTS */
	u32 quick;			/* [e] acknowledgements that still go at once: the peer is in slow start */
	bool pingpong;			/* [e] we answer: acknowledgements ride on data */
	u64 last_rcv, last_ts;		/* [e] data came; a segment with a timestamp */
	u64 challenge_at;		/* [e] the last answer to a segment that fits nowhere */
	struct timer timer;
	u64 timer_at;			/* [e] 0: not armed; may be earlier than it need be */
	u64 wanted_at;			/* [e] when something is to be done; 0: nothing */
	struct list_head due;		/* [tcp_net.due_lock] */
	bool due_queued;		/* [tcp_net.due_lock] */
	u64 delack_at, persist_at, retry_at;	/* [e] 0: none */
	u32 adv_mss;			/* [e] what we announce */

	/* Listening. */
	struct hlist_node listen_link;	/* [e] */
	struct list_head accept_q;	/* [e] established children: accept_link */
	struct list_head accept_link;	/* [e] */
	struct tcp_sock *parent;	/* [e] borrowed while in its accept_q */
	u32 accept_nr, accept_max, req_nr;	/* [e; a] */
	u32 defer_accept;		/* [a] seconds */

	/* Options. */
	/* [a] */
	u32 keep_idle, keep_intvl, keep_cnt, user_timeout, maxseg, syn_cnt, quickack;
	u64 retrans, segs_in, segs_out, bytes_acked, bytes_received;	/* [e] TCP_INFO */
	/* [e] for TCP_USER_TIMEOUT: nothing past stuck_una is acknowledged since; it was tried again at (0: not yet) */
	u64 stuck_since, stuck_tried;
	u32 stuck_una;
};

struct tcp_bind {
	struct hlist_head head;		/* [e] sockets: inet.port_link; */
	struct hlist_head tws;		/* [e] tcp_tw.port_link */
};

/*
 * What the engine puts out is sent without its lock, but a connection's packets leave in their order, whichever CPUs do it: one
 * at a time sends a lane's. Who finds it busy leaves its packets there.
 */
#define TCP_LANES	16u
struct tcp_lane {
	spinlock_t lock;		/* class OBJECT */
	struct pkt_list list;		/* [lock] */
	bool busy;			/* [lock] somebody sends, and will look again */
	struct work work;		/* who has sent for long leaves the rest to it */
	struct tcp_net *engine;		/* [I] */
};

struct tcp_net {
	spinlock_t lock;		/* class NET_ENGINE: the engine */
	struct hlist_head ehash[EHASH_SIZE];	/* [e] */
	struct hlist_head listeners[LHASH_SIZE];	/* [e] by port */
	struct tcp_bind bind[INET_PORT_HASH];	/* [e] */
	struct list_head reqs, tws;	/* [e] oldest first */
	u32 nr_req, nr_tw, nr_orphan, nr_sock;	/* [e; a] */
	struct pkt_list out;		/* [e] to be sent after release */
	struct tcp_lane lanes[TCP_LANES];	/* [their own locks] by the connection's hash */
	spinlock_t in_lock;		/* class SOCK_QUEUE: of in */
	struct pkt_list in;		/* [in_lock] received, for the next flush */
	spinlock_t due_lock;		/* class OBJECT_IRQ */
	struct list_head due;		/* [due_lock] sockets whose timer fired; referenced */
	struct wait_queue due_wait;
	u64 cookies_until;		/* [e] some were sent lately */
	struct delayed_work work;	/* SYN queue and TIME_WAIT */
	struct net *net;		/* [I] */
};

static inline struct tcp_sock *tcp_sk(struct inet_sock *sk) { return container_of(sk, struct tcp_sock, inet); }
static inline struct tcp_net *tcp_net(const struct net *net) { return net_inet(net)->tcp; }

/* --- tcp_engine.c --- */

void tcp_engine_lock(struct tcp_net *t);
/* What was put out meanwhile is sent, or being sent elsewhere; unlock: and what of it came back is taken in. */
void tcp_engine_release(struct tcp_net *t);
void tcp_engine_unlock(struct tcp_net *t);
/* Around each call into lwIP for tp's PCB. */
void tcp_enter(struct tcp_sock *tp);
void tcp_leave(struct tcp_sock *tp);
void tcp_arm(struct tcp_sock *tp);
/* The route of a connection, looked up again when tables changed. [e] */
__must_check int tcp_reroute(struct tcp_sock *tp);
/* A bare segment: SYN-ACKs, resets, ACKs of TIME_WAIT. opt: options, padded to words. [e] */
struct tcp_bare {
	struct ipaddr src, dst;
	u16 sport, dport;
	u32 seq, ack;
	u16 wnd;
	u8 flags, tos;
	const u8 *opt;
	u32 opt_len;
	u32 mark;
	int oif;
	enum ip_label label;
};
void tcp_attempt_failed(struct tcp_sock *tp);	/* counts, where it was one. [e] */
void tcp_send_bare(struct tcp_net *t, const struct tcp_bare *b);
void ipaddr_to_lwip(const struct ipaddr *a, ip_addr_t *out);
/* The PCB goes without a word; everything that hung on it too. [e] */
void tcp_drop_pcb(struct tcp_sock *tp, bool reset);

/* --- tcp_feed.c: between enter and leave --- */

/* Give lwIP bytes and let it send what it may. */
void tcp_push_pending(struct tcp_sock *tp);
void tcp_push_all(struct tcp_sock *tp);
/* Is there what lwIP should have by now? */
bool tcp_unfed(const struct tcp_sock *tp);
/* Let go of what no segment refers to any more; of everything. */
void tcp_tx_release(struct tcp_sock *tp);
void tcp_tx_release_all(struct tcp_sock *tp);

/* --- received packets --- */

/* A piece of a received packet, linear or a fragment, as lwIP's pbuf (tcp_input.c). */
struct rx_pbuf {
	struct pbuf_custom custom;
	struct rx_pkt *whole;
	struct rx_chunk chunk;		/* its place in the receive queue */
};

/* A received packet: gone with the last of its pieces. */
struct rx_pkt {
	struct pkt *pkt;		/* owned: it keeps the bytes */
	u32 pieces;			/* [a] */
	struct rx_pbuf piece[];
};

/* tcp_sock.urg_data */
#define URG_VALID	0x100u
#define URG_NOT_YET	0x200u
#define URG_READ	0x400u
void tcp_urg_receive(struct tcp_sock *tp, const struct tcp_in *in, const struct pkt *p, u32 hl);
ssize_t tcp_recv_urgent(struct tcp_sock *tp, struct msg *m, size_t len);
bool tcp_at_mark(const struct tcp_sock *tp);
u32 tcp_urg_limit(const struct tcp_sock *tp, u32 pos, u32 n, bool *skip);
void tcp_urg_send(const struct tcp_sock *tp, struct tcp_hdr_wire *h, u32 seq);

/* TCP_QUICKACK: an acknowledgement that waits goes now. Inside tcp_enter(); tp->pcb. */
void tcp_quick_ack(struct tcp_sock *tp);
#define TCP_QUICK_MAX	16u
void tcp_segment_input(struct tcp_sock *tp, struct pkt *p);	/* [e] consumes */
/* The segment that acknowledged our SYN did not get through for want of memory: it counts all the same. [e] */
void tcp_open_child(struct tcp_sock *tp, u32 seq, u16 wnd);
void tcp_rx_drop(struct tcp_sock *tp);		/* what waits for a reader. [rd] */
void tcp_rx_release_all(struct tcp_sock *tp);	/* nobody reads any more */
/* Calls of struct inet_proto. */
ssize_t tcp_sendmsg(struct inet_sock *sk, struct msg *m, size_t len);
ssize_t tcp_recvmsg(struct inet_sock *sk, struct msg *m, size_t len);
void tcp_engine_init(struct tcp_net *t);
void tcp_timer_init(struct tcp_sock *tp);
bool tcp_timers_run(struct tcp_net *t);	/* serves one that is due */
void tcp_pcb_hooks(struct tcp_sock *tp);
u32 tcp_now_ts(void);
/* When the engine was entered: one reading of the clock serves all that is done for a segment. Inside tcp_enter(). */
extern u64 tcp_entered_ns;	/* [e] */
static inline u64 tcp_now(void) { return tcp_entered_ns; }
u32 tcp_init_wnd(struct tcp_sock *tp);

/* --- tcp_notes.c: when bytes were sent (SO_TIMESTAMPING), when their memory is free (MSG_ZEROCOPY) --- */

struct tcp_note;
struct tcp_notes;
/* What one call asks; all NULL: nothing. */
struct tcp_ask {
	struct tcp_note *stamp, *zc;
	struct tcp_notes *notes;	/* the socket's first */
};
static inline bool tcp_may_ask(const struct tcp_sock *tp, const struct msg *m)
{
	return READ_ONCE(tp->inet.c.stamping) || m->controllen || m->flags & MSG_ZEROCOPY;
}
/* *a is zero. -EINVAL: its control messages; -ENOBUFS. */
__must_check int tcp_ask(struct tcp_sock *tp, const struct msg *m, struct tcp_ask *a);
void tcp_ask_drop(struct tcp_ask *a);
/* The call's last byte, of len, is the last that is queued. late: it may have gone out. Takes what is in *a. [e] */
void tcp_note(struct tcp_sock *tp, struct tcp_ask *a, u32 len, bool late);
static inline bool tcp_asks(const struct tcp_ask *a) { return a->stamp || a->zc; }
/* [seq, end) goes out. *want: 1 << PKT_SENT and its kin where its time is wanted, of byte *key; with a reference. tp->notes. [e] */
void tcp_notes_sent(struct tcp_sock *tp, u32 seq, u32 end, u32 *key, u8 *want);
void tcp_stamp_packet(struct pkt *p, struct tcp_sock *tp, u32 key, u8 want);	/* a reference to tp becomes p's */
void tcp_notes_acked(struct tcp_sock *tp, const struct tcp_pcb *pcb);	/* tp->notes. [e] */
void tcp_notes_end(struct tcp_sock *tp);	/* the connection is over. tp->notes. [e] */
int tcp_set_stamping(struct inet_sock *sk, int opt, uaddr_t val, int len);

/* --- tcp_table.c: demultiplexing, ports, SYN queue, TIME_WAIT --- */

void tcp_hash(struct tcp_net *t, struct tcp_ent *e);
void tcp_unhash(struct tcp_ent *e);
struct tcp_ent *tcp_find(struct tcp_net *t, const struct ipaddr *l, u16 lport, const struct ipaddr *r, u16 rport);
void tcp_time_wait(struct tcp_sock *tp, struct tcp_pcb *pcb);
int tcp_get_port(struct inet_sock *sk, u16 port);
void tcp_put_port(struct inet_sock *sk);
void tcp_put_port_locked(struct tcp_sock *tp);
__must_check int tcp_connect_port(struct tcp_sock *tp);	/* a port for the 4-tuple; hashes. [e] */
void tcp_tick_tables(struct work *w);
int tcp_listen_start(struct tcp_sock *tp, int backlog);
void tcp_listen_stop(struct tcp_sock *tp);	/* [e] children are reset */
void tcp_pcb_accepts(struct tcp_pcb *pcb);	/* in SYN_RCVD: what lwIP asks for then */
void tcp_rcv(struct net *net, struct pkt_list *l);
void tcp_icmp_error(struct net *net, struct pkt *p, const struct icmp_err *e);

/* --- tcp_cookie.c --- */

void tcp_cookie_make(struct tcp_req *q);	/* choose the sequence number by what the SYN said */
/* The ent is set: was it us who sent what this acknowledges? Fills in the rest. */
u32 tcp_cookie_ts(const struct tcp_req *q);	/* the time that the answer to the SYN says */
bool tcp_cookie_check(struct tcp_req *q, const struct tcp_in *in);
/* A header's options (tcp_input.c). */
void tcp_parse_in(const struct tcp_hdr_wire *h, u32 hl, u32 payload, struct tcp_in *in);

/* --- tcp_opt.c --- */

int tcp_setsockopt(struct inet_sock *sk, int level, int opt, uaddr_t val, int len);
int tcp_getsockopt(struct inet_sock *sk, int level, int opt, uaddr_t val, uaddr_t len);
void tcp_sockopt_changed(struct inet_sock *sk, int opt);
/* What follows from options for a fresh PCB. [e] */
void tcp_pcb_options(struct tcp_sock *tp);

/* A writer who found the buffer full hears of room only later: until then nothing is held back for what more may come. */
static inline bool tcp_writer_waits(const struct tcp_sock *tp)
{
	return atomic64_read(&tp->tx_bytes) * 3 >= (s64)READ_ONCE(tp->inet.c.sndbuf) * 2;
}

#endif
