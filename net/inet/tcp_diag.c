/* SPDX-License-Identifier: MPL-2.0 */
/* What sock_diag and /proc/net/tcp show of TCP besides its sockets: connections that begin or linger, timers; and ending one. */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>

#include "tcp_impl.h"

/* Which timer runs: what waits for an acknowledgement first, then a closed window, then keepalive. */
void tcp_diag_timer(struct tcp_sock *tp, struct inet_sock_info *i)
{
	struct tcp_net *t = tcp_net(tp->inet.net);
	u64 now = clock_monotonic_ns();

	tcp_engine_lock(t);
	if (tp->pcb && tp->wanted_at && i->state != TCP_LISTEN) {
		i->timer = tp->persist_at ? 4 : i->tx_queue || i->state == TCP_SYN_SENT ? 1 : tp->inet.c.keepalive ? 2 : 0;
		i->timer_left_ns = i->timer && tp->wanted_at > now ? tp->wanted_at - now : 0;
		i->retransmits = tp->pcb->nrtx;
		i->probes = tp->pcb->persist_probe;
	}
	tcp_engine_unlock(t);
}

static void describe(struct inet_sock_info *i, const struct tcp_ent *e, u8 state, u8 timer, u64 left)
{
	*i = (struct inet_sock_info){ .family = ipaddr_is4(&e->laddr) ? AF_INET : AF_INET6, .protocol = IPPROTO_TCP, .state = state,
		.timer = timer, .src = e->laddr, .dst = e->raddr, .sport = e->lport, .dport = e->rport, .timer_left_ns = left,
		.refs = 1, .cookie = ipaddr_hash(&e->raddr, ipaddr_hash(&e->laddr, (u32)e->lport << 16 | e->rport)),
		.is_icsk = state == TCP_SYN_RECV };
}

/* At most `room`; how many. Engine held. */
static u32 collect(struct tcp_net *t, struct inet_sock_info *out, u32 room)
{
	u64 now = clock_monotonic_ns();
	struct tcp_req *q;
	struct tcp_tw *tw;
	u32 n = 0;

	list_for_each_entry(q, &t->reqs, age) {
		if (n == room)
			return n;
		describe(&out[n], &q->ent, TCP_SYN_RECV, 1, q->next_ns > now ? q->next_ns - now : 0);
		out[n].uid = q->listener->inet.uid.v;
		out[n].mark = q->listener->inet.c.mark;
		out[n++].retransmits = q->tries;
	}
	list_for_each_entry(tw, &t->tws, age) {
		if (n == room)
			return n;
		describe(&out[n++], &tw->ent, TCP_TIME_WAIT, 3, tw->expires > now ? tw->expires - now : 0);
	}
	return n;
}

int tcp_diag_walk(struct net *net, u8 family, int (*fn)(const struct inet_sock_info *i, void *arg), void *arg)
{
	struct tcp_net *t = tcp_net(net);
	u32 room = READ_ONCE(t->nr_req) + READ_ONCE(t->nr_tw) + 16, n;
	struct inet_sock_info *all;
	int err = 0;

	if (room == 16 && !READ_ONCE(t->nr_req) && !READ_ONCE(t->nr_tw))
		return 0;
	all = kvmalloc(room * sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	tcp_engine_lock(t);
	n = collect(t, all, room);
	tcp_engine_unlock(t);
	for (u32 k = 0; k < n && !err; k++)
		if (!family || all[k].family == family)
			err = fn(&all[k], arg);
	kvfree(all);
	return err;
}

/* sk->lock held. */
void tcp_diag_abort(struct inet_sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_net *t = tcp_net(sk->net);

	tcp_engine_lock(t);
	if (sk->state == TCP_LISTEN) {
		sk->c.listening = false;
		tcp_listen_stop(tp);
	} else {
		tcp_drop_pcb(tp, true);
	}
	tcp_engine_unlock(t);
}
