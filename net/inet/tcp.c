/* SPDX-License-Identifier: MPL-2.0 */
/*
 * TCP sockets: the calls but for those that move data (tcp_send.c, tcp_recv.c); see tcp_impl.h for who holds what.
 * Source: tcp(7), RFC 9293.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <kernel/task.h>
#include <uapi/linux/ioctls.h>

#include "tcp_impl.h"

u32 tcp_init_wnd(struct tcp_sock *tp)
{
	u32 half = tp->inet.c.rcvbuf / 2;

	if (!tp->rcvbuf_locked)
		half = max(half, min(4 * tp->adv_mss, (u32)net_inet(tp->inet.net)->sysctl.tcp_rmem[2] / 2));
	half = max(half, 2304u);
	return tp->wnd_clamp ? min(half, tp->wnd_clamp) : half;
}

static int init(struct inet_sock *sk)
{
	const struct inet_sysctl *s = &net_inet(sk->net)->sysctl;
	struct tcp_sock *tp = tcp_sk(sk);

	mutex_init(&tp->rd, SOCKET);
	mutex_init(&tp->wr, SOCKET);
	list_init(&tp->accept_q);
	list_init(&tp->accept_link);
	tcp_timer_init(tp);
	tcp_tx_init(tp);
	tp->keep_idle = (u32)s->tcp_keepalive_time;
	tp->keep_intvl = (u32)s->tcp_keepalive_intvl;
	tp->keep_cnt = (u32)s->tcp_keepalive_probes;
	tp->adv_mss = 536;
	sk->c.sndbuf = (u32)s->tcp_wmem[1];
	sk->c.rcvbuf = (u32)s->tcp_rmem[1];
	__atomic_fetch_add(&tcp_net(sk->net)->nr_sock, 1, __ATOMIC_RELAXED);
	return 0;
}

static void destroy(struct inet_sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	ASSERT(!tp->pcb && !tp->hashed);
	tcp_rx_release_all(tp);
	tcp_tx_release_all(tp);
	if (tp->notes)
		tcp_notes_end(tp);
	kfree(tp->notes);
	frag_cache_fini(&tp->page);
	__atomic_fetch_sub(&tcp_net(sk->net)->nr_sock, 1, __ATOMIC_RELAXED);
}

/* --- connecting --- */

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg, (void)pcb;
	return err;
}

/* Engine held. The SYN goes out. */
static int start_connect(struct tcp_sock *tp)
{
	struct inet_sock *sk = &tp->inet;
	struct tcp_net *t = tcp_net(sk->net);
	struct tcp_pcb *pcb;
	ip_addr_t remote;
	int err;

	tcp_enter(tp);
	pcb = tcp_new();
	tcp_leave(tp);
	if (!pcb)
		return -ENOBUFS;
	err = tcp_connect_port(tp);
	if (err) {
		pcb->callback_arg = NULL;
		tcp_free(pcb);
		return err;
	}
	tp->pcb = pcb;
	tcp_pcb_hooks(tp);
	ipaddr_to_lwip(&sk->laddr, &pcb->local_ip);
	ipaddr_to_lwip(&sk->raddr, &remote);
	pcb->local_port = sk->lport;
	tp->adv_mss = min(sk->dst.mtu - (ipaddr_is4(&sk->raddr) ? 40 : 60), 65495u);
	if (tp->maxseg)
		tp->adv_mss = min(tp->adv_mss, tp->maxseg);
	tp->wnd_max = tcp_init_wnd(tp);
	tp->established = tp->peer_fin = tp->fin_wanted = false;
	tcp_tx_init(tp);
	tp->soft_err = 0;
	sk->shutdown = 0;
	sk->state = TCP_SYN_SENT;
	WRITE_ONCE(sk->c.nospace, true);	/* connected is news to who waits for SIGIO */
	tcp_enter(tp);
	tcp_pcb_options(tp);
	if (tcp_connect(pcb, &remote, sk->rport, on_connected) != ERR_OK) {
		tp->pcb = NULL;
		pcb->callback_arg = NULL;
		pcb->local_port = 0;
		tcp_free(pcb);
		err = -ENOBUFS;
	} else {
		pcb->mss = (u16)min(tp->adv_mss, 536u);
		NET_INC(t->net, TCP_ACTIVEOPENS);
	}
	tcp_leave(tp);
	return err;
}

static bool connecting(const struct inet_sock *sk)
{
	u8 s = READ_ONCE(sk->state);

	return s == TCP_SYN_SENT || s == TCP_SYN_RECV;
}

/* Wait for the answer; sk->lock is let go of meanwhile. */
static int wait_connect(struct inet_sock *sk, u64 deadline)
{
	int err;

	if (!deadline)
		return -EINPROGRESS;
	mutex_unlock(&sk->lock);
	err = WAIT_EVENT(&sk->wait, !connecting(sk), TASK_INTERRUPTIBLE, 0, deadline);
	mutex_lock(&sk->lock);
	if (err == -ETIMEDOUT)
		return -EINPROGRESS;
	return err ? sock_wait_result(err, deadline) : 0;
}

static int connect_result(struct inet_sock *sk)
{
	int err;

	if (sk->state != TCP_CLOSE) {
		sk->socket->state = SS_CONNECTED;
		return 0;
	}
	sk->socket->state = SS_UNCONNECTED;
	err = sock_take_error(&sk->c);
	return err ? err : -ECONNABORTED;
}

static int resolve(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex)
{
	struct ipaddr dst = *a;
	struct flow f;
	struct route r;
	int err;

	if (ipaddr_multicast(&dst))
		return -ENETUNREACH;
	err = inet_connect_dst(sk, &dst, &ifindex);
	if (err)
		return err;
	inet_sock_flow(sk, &dst, ifindex, &f);
	f.src = ipaddr_is4(&dst) == ipaddr_is4(&sk->rcv_addr) ? sk->rcv_addr :
		ipaddr_is4(&dst) ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
	if (!ipaddr_is4(&dst)) {
		if (ipaddr_any(&f.src))
			f.src = sk->o.pktinfo_addr6;
		if (!f.oif)
			f.oif = sk->o.pktinfo_if6 ? sk->o.pktinfo_if6 : sk->o.unicast_if6;
	}
	err = route_output(sk->net, &f, &r);
	if (err)
		return err;
	if (r.type == RTN_BROADCAST || r.type == RTN_MULTICAST)
		err = -ENETUNREACH;
	else if (!ipaddr_is4(&dst) && ipaddr_is4(&sk->rcv_addr))
		err = -EAFNOSUPPORT;	/* bound to an address of the other version */
	if (err) {
		route_put(&r);
		return err;
	}
	route_put(&sk->dst);
	sk->dst = r;
	if (!sk->bound_addr)
		sk->laddr = r.src;
	sk->raddr = dst;
	sk->rport = port;
	if (ifindex && !sk->bound_if)
		sk->bound_if = ifindex;
	return 0;
}

static int connect(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, u32 fflags)
{
	u64 deadline = sock_send_deadline(&sk->c, 0, fflags);
	struct tcp_net *t = tcp_net(sk->net);
	int err;

	switch (sk->socket->state) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		if (connecting(sk) && !deadline)
			return -EALREADY;
		break;
	default:
		if (sk->state != TCP_CLOSE)
			return -EISCONN;
		if (!sk->bound_port && hlist_unhashed(&sk->port_link))
			sk->lport = 0;
		err = resolve(sk, a, port, ifindex);
		if (err)
			return err;
		tcp_engine_lock(t);
		err = start_connect(tcp_sk(sk));
		tcp_engine_unlock(t);
		if (err) {
			sk->rport = 0;
			return err;
		}
		sk->socket->state = SS_CONNECTING;
		if (!deadline)
			return -EINPROGRESS;	/* even if the answer is there: programs count on it */
	}
	if (connecting(sk)) {
		err = wait_connect(sk, deadline);
		if (err)
			return err;
	}
	return connect_result(sk);
}

static int disconnect(struct inet_sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_net *t = tcp_net(sk->net);

	tcp_engine_lock(t);
	if (sk->state == TCP_LISTEN)
		tcp_listen_stop(tp);
	else
		tcp_drop_pcb(tp, sk->state != TCP_SYN_SENT);
	sk->state = TCP_CLOSE;
	if (!sk->bound_port) {
		tcp_put_port_locked(tp);
		sk->lport = 0;
	}
	sk->rport = 0;
	sk->raddr = inet_any(sk);
	sk->laddr = sk->rcv_addr;
	sk->shutdown = 0;
	tp->peer_fin = tp->established = false;
	tcp_engine_unlock(t);
	tcp_rx_drop(tp);
	route_put(&sk->dst);
	sk->socket->state = SS_UNCONNECTED;
	WRITE_ONCE(sk->c.err, 0);
	inet_sock_wake(sk, EPOLLHUP | EPOLLOUT);
	return 0;
}

/* --- listening --- */

static int listen(struct inet_sock *sk, int backlog)
{
	int err;

	if (sk->state != TCP_CLOSE && sk->state != TCP_LISTEN)
		return -EINVAL;
	if (sk->socket->state != SS_UNCONNECTED)
		return -EINVAL;
	err = inet_autobind(sk);
	if (!err)
		err = tcp_listen_start(tcp_sk(sk), backlog);
	if (!err)
		sk->c.listening = true;
	return err;
}

static struct tcp_sock *take_child(struct tcp_sock *tp)
{
	struct tcp_net *t = tcp_net(tp->inet.net);
	struct tcp_sock *c = NULL;

	tcp_engine_lock(t);
	if (!list_empty(&tp->accept_q)) {
		c = list_first_entry(&tp->accept_q, struct tcp_sock, accept_link);
		list_del_init(&c->accept_link);
		c->parent = NULL;
		WRITE_ONCE(tp->accept_nr, tp->accept_nr - 1);
	}
	tcp_engine_unlock(t);
	return c;
}

static int accept(struct inet_sock *sk, struct socket *newsock, u32 fflags)
{
	struct tcp_sock *tp = tcp_sk(sk), *c;
	u64 deadline = sock_recv_deadline(&sk->c, 0, fflags);
	struct inet_sock *unused;

	for (;;) {
		int err;

		if (READ_ONCE(sk->state) != TCP_LISTEN)
			return -EINVAL;
		c = take_child(tp);
		if (c)
			break;
		if (!deadline)
			return -EAGAIN;
		err = WAIT_EVENT(&sk->wait, READ_ONCE(tp->accept_nr) || READ_ONCE(sk->state) != TCP_LISTEN,
			TASK_INTERRUPTIBLE, 1, deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
	unused = inet_sk(newsock);
	unused->socket = NULL;
	wake_up_pollfree(&unused->wait);
	inet_sock_put(unused);
	mutex_lock(&c->inet.lock);
	inet_sock_graft(&c->inet, newsock);
	newsock->state = SS_CONNECTED;
	mutex_unlock(&c->inet.lock);
	return 0;
}

/* --- ending --- */

static int shutdown(struct inet_sock *sk, u32 how)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_net *t = tcp_net(sk->net);

	switch (sk->state) {
	case TCP_CLOSE:
		/* Readers end even so, as on Linux. */
		WRITE_ONCE(sk->shutdown, sk->shutdown | how);
		inet_sock_wake(sk, EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLRDHUP);
		return -ENOTCONN;
	case TCP_LISTEN:
		if (!(how & RCV_SHUTDOWN))
			return 0;
		sk->c.listening = false;
		return disconnect(sk);
	case TCP_SYN_SENT:
		return disconnect(sk);
	default:
		break;
	}
	tcp_engine_lock(t);
	WRITE_ONCE(sk->shutdown, sk->shutdown | how);
	if (how & SEND_SHUTDOWN && tp->pcb &&
	    (sk->state == TCP_ESTABLISHED || sk->state == TCP_CLOSE_WAIT || sk->state == TCP_SYN_RECV)) {
		tp->fin_wanted = true;
		tp->corked = tp->more = false;
		tcp_enter(tp);
		tcp_push_pending(tp);
		tcp_leave(tp);
	}
	tcp_engine_unlock(t);
	inet_sock_wake(sk, EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLRDHUP);
	return 0;
}

static bool fin_done(const struct inet_sock *sk)
{
	u8 s = READ_ONCE(sk->state);

	return s == TCP_CLOSE || s == TCP_FIN_WAIT2 || s == TCP_TIME_WAIT;
}

/* Does close() reset the connection, and why? Engine held; there is one. */
static bool close_aborts(struct tcp_sock *tp)
{
	struct inet_sock *sk = &tp->inet;

	if (READ_ONCE(tp->rx_bytes)) {
		NET_INC(sk->net, TCPEXT_ABORTONCLOSE);
		return true;
	}
	if (sk->c.linger && !sk->c.linger_seconds) {
		NET_INC(sk->net, TCPEXT_ABORTONDATA);
		return true;
	}
	if (sk->state == TCP_FIN_WAIT2 && tp->linger2 < 0) {
		NET_INC(sk->net, TCPEXT_ABORTONLINGER);
		return true;
	}
	return sk->state == TCP_SYN_SENT;
}

static void close(struct inet_sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_net *t = tcp_net(sk->net);
	bool linger = sk->c.linger && sk->c.linger_seconds;

	WRITE_ONCE(sk->shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
	tcp_engine_lock(t);
	tp->orphan = true;
	t->nr_orphan++;
	if (sk->state == TCP_LISTEN) {
		tcp_listen_stop(tp);
	} else if (tp->pcb && close_aborts(tp)) {
		tcp_drop_pcb(tp, sk->state != TCP_SYN_SENT);
	} else if (tp->pcb) {
		u8 s = sk->state;

		tp->pcb->flags |= TF_RXCLOSED;
		if (s == TCP_ESTABLISHED || s == TCP_CLOSE_WAIT || s == TCP_SYN_RECV)
			tp->fin_wanted = true;
		tp->corked = tp->more = false;
		tcp_enter(tp);
		tp->pcb->tmr = tcp_ticks;
		if (tp->fin_wanted)
			tcp_push_pending(tp);
		tcp_leave(tp);
	}
	if (!tp->pcb) {
		if (tp->orphan) {
			tp->orphan = false;
			t->nr_orphan--;
		}
		tcp_put_port_locked(tp);
	}
	tcp_engine_unlock(t);
	if (linger && tp->pcb) {
		u64 deadline = clock_monotonic_ns() + (u64)sk->c.linger_seconds * NSEC_PER_SEC;

		mutex_unlock(&sk->lock);
		(void)WAIT_EVENT(&sk->wait, fin_done(sk), TASK_INTERRUPTIBLE, 0, deadline);
		mutex_lock(&sk->lock);
	}
}

/* --- states, numbers --- */

static u32 tcp_poll(struct inet_sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 down = READ_ONCE(sk->shutdown), ev = 0;
	u8 state = READ_ONCE(sk->state);

	if (state == TCP_LISTEN)
		return READ_ONCE(tp->accept_nr) ? EPOLLIN | EPOLLRDNORM : 0;
	if (down == (RCV_SHUTDOWN | SEND_SHUTDOWN) || state == TCP_CLOSE)
		ev |= EPOLLHUP;
	if (down & RCV_SHUTDOWN)
		ev |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (state != TCP_SYN_SENT && state != TCP_SYN_RECV) {
		u32 want = (u32)max(READ_ONCE(sk->c.rcvlowat), 1), low = READ_ONCE(tp->notsent_lowat);

		if (unlikely(READ_ONCE(tp->urg_data))) {
			if (READ_ONCE(tp->urg_data) & URG_VALID)
				ev |= EPOLLPRI;
			want += tcp_at_mark(tp) && !sk->c.oobinline;	/* it is passed over */
		}
		if (READ_ONCE(tp->rx_bytes) >= want)
			ev |= EPOLLIN | EPOLLRDNORM;
		if (down & SEND_SHUTDOWN || (atomic64_read(&tp->tx_bytes) * 3 < (s64)READ_ONCE(sk->c.sndbuf) * 2 &&
		    (!low || (u64)READ_ONCE(tp->notsent) * 2 < low)))
			ev |= EPOLLOUT | EPOLLWRNORM;
	}
	smp_rmb();
	if (READ_ONCE(sk->c.err) || READ_ONCE(sk->errq.first))
		ev |= EPOLLERR;
	return ev;
}

static int tcp_ioctl(struct inet_sock *sk, u32 cmd, u64 arg)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int v;

	switch (cmd) {
	case FIONREAD:
		if (sk->state == TCP_LISTEN)
			return -EINVAL;
		v = (int)READ_ONCE(tp->rx_bytes);
		/* Up to the urgent byte. */
		if (READ_ONCE(tp->urg_data) && !sk->c.oobinline && TCP_SEQ_GEQ(tp->urg_seq, tp->copied_seq))
			v = (int)min((u32)v, tp->urg_seq - tp->copied_seq);
		break;
	case SIOCATMARK:
		v = tcp_at_mark(tp);
		break;
	case TIOCOUTQ:
		if (sk->state == TCP_LISTEN)
			return -EINVAL;
		v = (int)atomic64_read(&tp->tx_bytes);
		break;
	default:
		return -ENOIOCTLCMD;
	}
	return copy_out_bytes(uaddr(arg), &v, sizeof(v)) ? -EFAULT : 0;
}

static void info(struct inet_sock *sk, struct inet_sock_info *i)
{
	struct tcp_sock *tp = tcp_sk(sk);

	i->tx_queue = (u32)atomic64_read(&tp->tx_bytes);
	i->rx_queue = READ_ONCE(tp->rx_bytes);
	if (sk->state == TCP_LISTEN) {
		i->backlog = i->rx_queue = READ_ONCE(tp->accept_nr);
		i->backlog_max = tp->accept_max;
	}
	i->is_icsk = true;
	i->cong = tp->tx.cc ? tp->tx.cc->name : NULL;
	tcp_diag_timer(tp, i);
}

static const struct inet_proto tcp_proto = {
	.protocol = IPPROTO_TCP, .type = SOCK_STREAM, .size = sizeof(struct tcp_sock), .init = init, .close = close,
		.destroy = destroy,
	.get_port = tcp_get_port, .put_port = tcp_put_port, .connect = connect, .disconnect = disconnect, .listen = listen,
	.accept = accept, .shutdown = shutdown, .poll = tcp_poll, .ioctl = tcp_ioctl, .sendmsg = tcp_sendmsg,
		.recvmsg = tcp_recvmsg,
	.setsockopt = tcp_setsockopt, .getsockopt = tcp_getsockopt, .sockopt_changed = tcp_sockopt_changed,
	.set_stamping = tcp_set_stamping, .info = info,
};

static const struct inet_transport tcp_transport = { .proto = IPPROTO_TCP, .receive = tcp_rcv, .error = tcp_icmp_error };

int tcp_init_net(struct net *net)
{
	struct tcp_net *t = kvmalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	t->net = net;
	list_init(&t->reqs);
	list_init(&t->tws);
	delayed_work_init(&t->work, tcp_tick_tables);
	tcp_engine_init(t);
	net_inet(net)->tcp = t;
	inet_proto_register(&tcp_proto);
	inet_transport_register(&tcp_transport);
	return 0;
}

void inet_sockstat(struct net *net, struct inet_sockstat *s)
{
	struct tcp_net *t = tcp_net(net);

	memset(s, 0, sizeof(*s));
	s->tcp_inuse = s->tcp_alloc = READ_ONCE(t->nr_sock);
	s->tcp_orphan = READ_ONCE(t->nr_orphan);
	s->tcp_tw = READ_ONCE(t->nr_tw);
}
