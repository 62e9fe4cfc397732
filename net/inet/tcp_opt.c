/* SPDX-License-Identifier: MPL-2.0 */
/* Options of SOL_TCP, TCP_INFO, and what SOL_SOCKET options mean for TCP. Source: tcp(7). */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <uapi/linux/tcp.h>

#include "tcp_impl.h"

void tcp_pcb_options(struct tcp_sock *tp)
{
	struct tcp_pcb *pcb = tp->pcb;

	if (tp->nodelay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	if (tp->inet.c.keepalive)
		pcb->so_options |= SOF_KEEPALIVE;
	else
		pcb->so_options &= (u8)~SOF_KEEPALIVE;
	pcb->keep_idle = tp->keep_idle * 1000;
	pcb->keep_intvl = tp->keep_intvl * 1000;
	pcb->keep_cnt = tp->keep_cnt;
	if (pcb->state == ESTABLISHED && !tp->sndbuf_locked)
		tp->inet.c.sndbuf = max(tp->inet.c.sndbuf, min(max(40u * pcb->mss, 87040u), 2626560u));
}

/* Bytes of data in a full segment of `mss`: time stamps, where they are used, take their share of each. */
static u32 payload(const struct tcp_sock *tp, u32 mss)
{
	return tp->pcb && tp->pcb->flags & TF_TIMESTAMP && mss > 12 ? mss - 12 : mss;
}

void tcp_quick_ack(struct tcp_sock *tp)
{
	if (!READ_ONCE(tp->quickack) || !(tp->pcb->flags & TF_ACK_DELAY))
		return;
	tcp_ack_now(tp->pcb);
	(void)tcp_output(tp->pcb);
}

/* Apply to the PCB there is, and send what may go now. */
static void apply(struct tcp_sock *tp)
{
	struct tcp_net *t = tcp_net(tp->inet.net);

	tcp_engine_lock(t);
	if (tp->pcb) {
		tcp_enter(tp);
		tcp_pcb_options(tp);
		tcp_push_pending(tp);
		tcp_quick_ack(tp);
		tcp_leave(tp);
	}
	tcp_engine_unlock(t);
}

void tcp_sockopt_changed(struct inet_sock *sk, int opt)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (opt == SO_SNDBUF || opt == SO_SNDBUFFORCE)
		tp->sndbuf_locked = true;
	else if (opt == SO_RCVBUF || opt == SO_RCVBUFFORCE)
		tp->rcvbuf_locked = true;
	else if (opt == SO_KEEPALIVE)
		apply(tp);
}

static int set_cc(struct tcp_sock *tp, uaddr_t val, int len)
{
	struct tcp_net *t = tcp_net(tp->inet.net);
	const struct tcp_cc *cc;
	char name[17] = { 0 };

	if (len < 1)
		return -EINVAL;
	if (copy_in_bytes(name, val, (size_t)min(len, 15)))
		return -EFAULT;
	cc = tcp_cc_find(name);
	if (!cc)
		return -ENOENT;
	tcp_engine_lock(t);
	if (tp->tx.cc != cc)
		tcp_cc_set(&tp->tx, cc);
	tcp_engine_unlock(t);
	return 0;
}

static int set_cork(struct tcp_sock *tp, int val)
{
	struct tcp_net *t = tcp_net(tp->inet.net);

	tcp_engine_lock(t);
	tp->corked = val != 0;
	if (!val)
		tp->more = false;
	tcp_engine_unlock(t);
	if (!val)
		apply(tp);
	return 0;
}

static int range(int v, int low, int high, u32 *out)
{
	if (v < low || v > high)
		return -EINVAL;
	WRITE_ONCE(*out, (u32)v);
	return 0;
}

int tcp_setsockopt(struct inet_sock *sk, int level, int opt, uaddr_t uval, int len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int v, err = 0;

	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	if (opt == TCP_CONGESTION)
		return set_cc(tp, uval, len);
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, uval, sizeof(v)))
		return -EFAULT;
	switch (opt) {
	case TCP_NODELAY:
		WRITE_ONCE(tp->nodelay, v != 0);
		apply(tp);
		return 0;
	case TCP_CORK:
		return set_cork(tp, v);
	case TCP_MAXSEG:
		if (v && (v < 88 || v > 32767))
			return -EINVAL;
		tp->maxseg = (u32)v;
		return 0;
	case TCP_KEEPIDLE:
		err = range(v, 1, 32767, &tp->keep_idle);
		break;
	case TCP_KEEPINTVL:
		err = range(v, 1, 32767, &tp->keep_intvl);
		break;
	case TCP_KEEPCNT:
		err = range(v, 1, 127, &tp->keep_cnt);
		break;
	case TCP_SYNCNT:
		return range(v, 1, 127, &tp->syn_cnt);
	case TCP_DEFER_ACCEPT:
		WRITE_ONCE(tp->defer_accept, (u32)max(v, 0));
		return 0;
	case TCP_QUICKACK:
		tcp_engine_lock(tcp_net(sk->net));
		WRITE_ONCE(tp->quickack, v != 0);
		tp->pingpong = !v;
		tcp_engine_unlock(tcp_net(sk->net));
		break;
	case TCP_USER_TIMEOUT:
		if (v < 0)
			return -EINVAL;
		tp->user_timeout = (u32)v;
		break;
	case TCP_FASTOPEN:	/* kept, as where net.ipv4.tcp_fastopen is off */
		if (v < 0 || (sk->state != TCP_CLOSE && sk->state != TCP_LISTEN))
			return -EINVAL;
		WRITE_ONCE(tp->fastopen_qlen, (u32)v);
		return 0;
	case TCP_FASTOPEN_CONNECT:
		return v < 0 || v > 1 ? -EINVAL : -EOPNOTSUPP;
	case TCP_LINGER2:
		WRITE_ONCE(tp->linger2, v < 0 ? -1 : min(v, 120));
		return 0;
	case TCP_WINDOW_CLAMP:
		if (!v && sk->state != TCP_CLOSE)
			return -EINVAL;
		WRITE_ONCE(tp->wnd_clamp, v ? max((u32)v, 1152u) : 0);
		return 0;
	case TCP_NOTSENT_LOWAT:
		WRITE_ONCE(tp->notsent_lowat, (u32)v == ~0u ? 0 : (u32)v);
		inet_sock_wake(sk, EPOLLOUT | EPOLLWRNORM);
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		if (v < 0 || v > 1)
			return -EINVAL;
		WRITE_ONCE(tp->thin_lto, v);
		return 0;
	case TCP_THIN_DUPACK:	/* Linux keeps the name only */
		return v < 0 || v > 1 ? -EINVAL : 0;
	case TCP_REPAIR:
	case TCP_REPAIR_QUEUE:
	case TCP_QUEUE_SEQ:
	case TCP_REPAIR_OPTIONS:
		return -EPERM;
	default:
		return -ENOPROTOOPT;
	}
	if (!err)
		apply(tp);
	return err;
}

static void fill_tx(const struct tcp_tx *x, struct tcp_info *i)
{
	i->tcpi_ca_state = x->state;
	i->tcpi_rtt = x->srtt8 / 8;
	i->tcpi_rttvar = x->mdev4 / 4;
	i->tcpi_min_rtt = x->min_rtt_us;
	i->tcpi_snd_ssthresh = x->ssthresh;
	i->tcpi_snd_cwnd = x->cwnd;
	i->tcpi_unacked = x->packets;
	i->tcpi_sacked = x->sacked;
	i->tcpi_lost = x->lost;
	i->tcpi_retrans = x->retrans;
	i->tcpi_reordering = x->reordering;
	i->tcpi_reord_seen = (u32)x->reord_events;
	i->tcpi_delivered = x->delivered;
	i->tcpi_bytes_sent = x->bytes_sent + x->bytes_retrans;
	i->tcpi_bytes_retrans = x->bytes_retrans;
	i->tcpi_dsack_dups = (u32)x->dsacks;
	i->tcpi_data_segs_out = (u32)x->data_segs_out;
}

static void fill_info(struct tcp_sock *tp, struct tcp_info *i)
{
	struct tcp_net *t = tcp_net(tp->inet.net);
	struct tcp_pcb *pcb;

	memset(i, 0, sizeof(*i));
	tcp_engine_lock(t);
	pcb = tp->pcb;
	i->tcpi_state = tp->inet.state;
	i->tcpi_total_retrans = (u32)tp->retrans;
	i->tcpi_segs_in = (u32)tp->segs_in;
	i->tcpi_segs_out = (u32)tp->segs_out;
	i->tcpi_bytes_received = tp->bytes_received;
	i->tcpi_bytes_acked = tp->bytes_acked;
	i->tcpi_notsent_bytes = tp->tx_unfed;
	i->tcpi_pmtu = tp->inet.dst.mtu;
	i->tcpi_advmss = payload(tp, tp->adv_mss);
	if (pcb) {
		i->tcpi_options = (u8)((pcb->flags & TF_TIMESTAMP ? 1 : 0) | (pcb->flags & TF_SACK ? 2 : 0) |
			(pcb->flags & TF_WND_SCALE ? 4 : 0));
		i->__tcpi_wscale = (u8)((pcb->snd_scale & 15) | (pcb->rcv_scale & 15) << 4);
		i->tcpi_retransmits = pcb->nrtx;
		i->tcpi_probes = pcb->persist_probe;
		i->tcpi_rto = tp->tx.rto_us;
		i->tcpi_ato = 40000;
		i->tcpi_snd_mss = payload(tp, pcb->mss);
		i->tcpi_rcv_mss = min(tp->adv_mss, 536u);
		i->tcpi_backoff = pcb->nrtx;
		fill_tx(&tp->tx, i);
		i->tcpi_rcv_space = tp->wnd_max;
		i->tcpi_snd_wnd = pcb->snd_wnd;
	}
	if (tp->inet.state == TCP_LISTEN) {
		i->tcpi_unacked = tp->accept_nr;
		i->tcpi_sacked = tp->accept_max;
	}
	tcp_engine_unlock(t);
}

bool inet_sock_tcp_info(const struct inet_sock_info *i, struct tcp_info *out)
{
	if (i->protocol != IPPROTO_TCP || !i->sk)
		return false;
	fill_info((struct tcp_sock *)(uintptr_t)i->sk, out);
	return true;
}

int tcp_getsockopt(struct inet_sock *sk, int level, int opt, uaddr_t uval, uaddr_t ulen)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_info i;
	int v;

	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	switch (opt) {
	case TCP_INFO:
		fill_info(tp, &i);
		return sockopt_out(uval, ulen, &i, sizeof(i));
	case TCP_CONGESTION: {
		char name[16] = { 0 };

		strscpy(name, tp->tx.cc ? tp->tx.cc->name : "cubic", sizeof(name));
		return sockopt_out(uval, ulen, name, sizeof(name));
	}
	case TCP_NODELAY: v = tp->nodelay; break;
	case TCP_CORK: v = tp->corked; break;
	case TCP_MAXSEG:
		tcp_engine_lock(tcp_net(sk->net));
		v = (int)(tp->pcb ? payload(tp, tp->adv_mss) : tp->maxseg ? tp->maxseg : 536u);
		tcp_engine_unlock(tcp_net(sk->net));
		break;
	case TCP_KEEPIDLE: v = (int)tp->keep_idle; break;
	case TCP_KEEPINTVL: v = (int)tp->keep_intvl; break;
	case TCP_KEEPCNT: v = (int)tp->keep_cnt; break;
	case TCP_SYNCNT: v = tp->syn_cnt ? (int)tp->syn_cnt : net_inet(sk->net)->sysctl.tcp_syn_retries; break;
	case TCP_DEFER_ACCEPT: v = (int)tp->defer_accept; break;
	case TCP_QUICKACK: v = tp->quickack || !tp->pingpong; break;
	case TCP_USER_TIMEOUT: v = (int)tp->user_timeout; break;
	case TCP_LINGER2: v = tp->linger2 ? tp->linger2 : net_inet(sk->net)->sysctl.tcp_fin_timeout; break;
	case TCP_WINDOW_CLAMP: v = (int)tp->wnd_clamp; break;
	case TCP_NOTSENT_LOWAT: v = (int)tp->notsent_lowat; break;
	case TCP_THIN_LINEAR_TIMEOUTS: v = tp->thin_lto; break;
	case TCP_FASTOPEN: v = (int)tp->fastopen_qlen; break;
	case TCP_THIN_DUPACK:
	case TCP_FASTOPEN_CONNECT:
	case TCP_REPAIR: v = 0; break;
	default: return -ENOPROTOOPT;
	}
	return sockopt_out(uval, ulen, &v, sizeof(v));
}
