/* SPDX-License-Identifier: MPL-2.0 */
/* What sockets of datagrams share: the receive queue, waiting, copying out with names and control messages, the error queue. */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <kernel/task.h>
#include <net/filter.h>
#include <net/scm.h>
#include <uapi/linux/errqueue.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/net_tstamp.h>

#include "inet_impl.h"

/* --- receive queue --- */

static void rfree(struct pkt *p)
{
	struct inet_sock *sk = p->sk;

	atomic64_sub(&sk->rmem, p->charged);
}

int inet_queue_rcv(struct inet_sock *sk, struct pkt *p)
{
	u32 keep, back = sk->c.protocol == IPPROTO_UDP && sk->c.type == SOCK_DGRAM ? sizeof(struct udp_hdr) : 0;
	u64 flags;

	/* A filter of UDP sees the header. */
	if (back)
		(void)pkt_push(p, back);
	keep = sock_filter_run(&sk->c, p);
	if (keep)
		pkt_trim(p, max(keep, back));
	if (back)
		(void)pkt_pull(p, back);
	if (!keep) {
		pkt_free(p);
		return -EPERM;
	}
	if (atomic64_add_return(&sk->rmem, p->truesize) > (s64)READ_ONCE(sk->c.rcvbuf) + p->truesize) {
		atomic64_sub(&sk->rmem, p->truesize);
		__atomic_fetch_add(&sk->drops, 1, __ATOMIC_RELAXED);
		pkt_free(p);
		return -ENOMEM;
	}
	pkt_orphan(p);
	p->charged = p->truesize;
	p->sk = sk;
	p->destructor = rfree;
	p->dev = NULL;
	if (!p->tstamp)
		p->tstamp = sock_wants_stamp(&sk->c) ? clock_realtime_ns() : clock_realtime_coarse_ns();
	spin_lock_irqsave(&sk->qlock, flags);
	pkt_list_add(&sk->rxq, p);
	spin_unlock_irqrestore(&sk->qlock, flags);
	inet_sock_wake(sk, EPOLLIN | EPOLLRDNORM);
	return 0;
}

static struct pkt *take(struct inet_sock *sk, bool peek)
{
	struct pkt *p;
	u64 flags;

	spin_lock_irqsave(&sk->qlock, flags);
	p = peek ? sk->rxq.first : pkt_list_pop(&sk->rxq);
	if (p && peek) {
		p = pkt_clone(p, GFP_ATOMIC);
		if (!p)
			p = ERR_PTR(-ENOMEM);
	}
	spin_unlock_irqrestore(&sk->qlock, flags);
	return p;
}

struct pkt *inet_dequeue(struct inet_sock *sk, u32 msg_flags, u32 file_flags)
{
	u64 deadline = sock_recv_deadline(&sk->c, msg_flags, file_flags);

	for (;;) {
		struct pkt *p = take(sk, msg_flags & MSG_PEEK);
		int err;

		if (p)
			return p;
		err = sock_take_error(&sk->c);
		if (err)
			return ERR_PTR(err);
		if (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
			return NULL;
		if (!deadline)
			return ERR_PTR(-EAGAIN);
		err = WAIT_EVENT(&sk->wait,
			READ_ONCE(sk->rxq.first) || READ_ONCE(sk->c.err) || READ_ONCE(sk->shutdown) & RCV_SHUTDOWN,
			TASK_INTERRUPTIBLE, 0, deadline);
		if (err)
			return ERR_PTR(sock_wait_result(err, deadline));
	}
}

ssize_t inet_recv_copy(struct inet_sock *sk, struct msg *m, struct pkt *p, u32 off, u16 sport, size_t len)
{
	u32 have = p->len - off, n = (u32)min_t(size_t, len, have);
	struct ip_cb *cb = ip_cb(p);
	ssize_t res = n;

	if (have > n)
		m->out_flags |= MSG_TRUNC;
	if (pkt_to_iter(p, off, n, &m->iter) != n) {
		res = -EFAULT;
		goto out;
	}
	m->namelen = inet_addr_out(sk, &cb->src, sport, cb->iif, &m->name);
	sk->last_stamp = p->tstamp;
	if (sock_wants_stamp(&sk->c))
		sock_put_stamp(&sk->c, m, p->tstamp);
	if (sk->c.family == AF_INET6)
		ip6_cmsg_recv(sk, m, p);
	if (cb->family == AF_INET)
		inet_cmsg_ip(sk, m, p);
	if (m->flags & MSG_TRUNC)
		res = have;
out:
	pkt_free(p);
	return res;
}

/* --- errors --- */

static void queue_err(struct inet_sock *sk, struct pkt *c, const struct err_cb *e)
{
	u64 flags;

	memcpy(c->cb, e, sizeof(*e));
	atomic64_add(&sk->rmem, c->truesize);
	c->charged = c->truesize;
	c->sk = sk;
	c->destructor = rfree;
	spin_lock_irqsave(&sk->qlock, flags);
	pkt_list_add(&sk->errq, c);
	spin_unlock_irqrestore(&sk->qlock, flags);
	inet_sock_wake(sk, EPOLLERR);
}

void inet_stamp_queue(struct inet_sock *sk, struct pkt *c, u32 kind, u32 key, int iif)
{
	struct err_cb e = { .ee = { .ee_errno = ENOMSG, .origin = SO_EE_ORIGIN_TIMESTAMPING, .info = kind },
		.family = (u8)sk->c.family, .iif = iif };
	u32 want = READ_ONCE(sk->c.stamping);

	if (want & SOF_TIMESTAMPING_OPT_ID)
		e.ee.data = key;
	e.stats = c->len && want & SOF_TIMESTAMPING_OPT_STATS;	/* no bytes of the packet come with that */
	queue_err(sk, c, &e);
}

void inet_queue_err(struct inet_sock *sk, const struct err_cb *e, struct pkt *p)
{
	bool want = e->family == AF_INET ? sk->o.recverr : sk->o.recverr6;
	struct pkt *c;

	if (!want || atomic64_read(&sk->rmem) > (s64)READ_ONCE(sk->c.rcvbuf))
		return;
	c = p ? pkt_clone(p, GFP_ATOMIC) : pkt_alloc(0, 64, GFP_ATOMIC);
	if (!c)
		return;
	c->dev = NULL;
	queue_err(sk, c, e);
}

/* sk is there as long as p. */
void inet_tx_stamped(struct pkt *p, u32 kind)
{
	struct inet_sock *sk = p->sk;
	struct pkt *c;

	if (atomic64_read(&sk->rmem) > (s64)READ_ONCE(sk->c.rcvbuf))
		return;
	c = sock_stamped(&sk->c, p);
	if (c)
		inet_stamp_queue(sk, c, kind, p->stamp_key, c->len && p->dev ? p->dev->ifindex : 0);
}

/* Where a packet of ours went, and how: that it can be told, bytes must have been kept of it. */
static int sent_cmsgs(struct inet_sock *sk, struct msg *m, struct pkt *p, struct sockaddr_storage *from)
{
	int iif = ((struct err_cb *)p->cb)->iif;
	u32 l3 = p->net_off - (u32)(p->data - p->head);
	struct ip_cb *cb = ip_cb(p);
	u8 h[40];

	if (p->head + p->net_off < p->data || pkt_read(p, l3, h, sizeof(struct ip_hdr)))
		return 0;
	*cb = (struct ip_cb){ .iif = iif, .sent = true, .family = h[0] >> 4 == 4 ? AF_INET : AF_INET6 };
	if (cb->family == AF_INET) {
		const struct ip_hdr *ip = (const struct ip_hdr *)h;

		cb->src = ipaddr_v4(ip->src);
		cb->dst = ipaddr_v4(ip->dst);
		cb->ttl = ip->ttl;
		cb->tos = ip->tos;
	} else {
		const struct ip6_hdr *ip = (const struct ip6_hdr *)h;

		if (pkt_read(p, l3, h, sizeof(*ip)))
			return 0;
		memcpy(&cb->src, &ip->src, 16);
		memcpy(&cb->dst, &ip->dst, 16);
		cb->ttl = ip->hop_limit;
		cb->tos = (u8)(be32(ip->ver_tc_flow) >> 20);
	}
	if (sk->c.family == AF_INET6)
		ip6_cmsg_recv(sk, m, p);
	if (cb->family == AF_INET)
		inet_cmsg_ip(sk, m, p);
	return inet_addr_out(sk, &cb->src, 0, iif, from);
}

/* --- MSG_ZEROCOPY --- */

#define ZC_CHARGE	768	/* what Linux takes for each of net.core.optmem_max */

struct pkt *inet_zc_alloc(struct inet_sock *sk, u32 pending)
{
	(void)sk;
	return pending + 1 > (u32)READ_ONCE(sysctl_optmem_max) / ZC_CHARGE ? NULL : pkt_alloc(0, 64, GFP_KERNEL);
}

void inet_zc_done(struct inet_sock *sk, u32 lo, u32 n, struct pkt *told)
{
	struct err_cb e = { .ee = { .origin = SO_EE_ORIGIN_ZEROCOPY, .code = SO_EE_CODE_ZEROCOPY_COPIED, .info = lo,
		.data = lo + n - 1 }, .family = (u8)sk->c.family };
	bool joined = false;
	struct pkt *last;
	u64 flags;

	spin_lock_irqsave(&sk->qlock, flags);
	last = sk->errq.last;
	if (last) {
		struct sock_err *ee = &((struct err_cb *)last->cb)->ee;

		joined = ee->origin == SO_EE_ORIGIN_ZEROCOPY && ee->data + 1 == lo && ee->data - ee->info < ~n;
		if (joined)
			ee->data += n;
	}
	spin_unlock_irqrestore(&sk->qlock, flags);
	if (!joined) {
		queue_err(sk, told, &e);
		return;
	}
	pkt_free(told);
	inet_sock_wake(sk, EPOLLERR);
}

void inet_ask_stamp(struct inet_sock *sk, const struct send_ctl *c, struct pkt *p)
{
	u32 want = c->stamp_set ? c->stamping : READ_ONCE(sk->c.stamping);

	if (want)
		sock_ask_stamp(&sk->c, want, p, inet_tx_stamped);
}

static bool from_icmp(const struct pkt *p)
{
	u8 origin = ((const struct err_cb *)p->cb)->ee.origin;

	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6;
}

ssize_t inet_recv_errqueue(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct { struct sock_err ee; struct sockaddr_in6 off; } out = { 0 };
	struct sockaddr_storage off;
	struct err_cb *e;
	struct pkt *p, *next;
	ssize_t res;
	u64 flags;
	int n, size, blank;

	spin_lock_irqsave(&sk->qlock, flags);
	p = pkt_list_pop(&sk->errq);
	next = sk->errq.first;
	if (next && from_icmp(next))
		WRITE_ONCE(sk->c.err, (int)((struct err_cb *)next->cb)->ee.ee_errno);
	else if (p && from_icmp(p))
		WRITE_ONCE(sk->c.err, 0);
	spin_unlock_irqrestore(&sk->qlock, flags);
	if (!p)
		return -EAGAIN;
	e = (struct err_cb *)p->cb;
	n = (int)(p->len > e->data_off ? p->len - e->data_off : 0);
	res = (ssize_t)min_t(size_t, len, (size_t)n);
	if ((size_t)n > len)
		m->out_flags |= MSG_TRUNC;
	if (res && pkt_to_iter(p, e->data_off, (u32)res, &m->iter) != (size_t)res)
		res = -EFAULT;
	m->out_flags |= MSG_ERRQUEUE;
	m->namelen = e->ee.origin == SO_EE_ORIGIN_TIMESTAMPING || e->ee.origin == SO_EE_ORIGIN_ZEROCOPY ? 0 :
		inet_addr_out(sk, &e->dst, e->dport, e->iif, &m->name);
	if (p->tstamp && sock_wants_stamp(&sk->c))
		sock_put_stamp(&sk->c, m, p->tstamp);
	if (e->stats && READ_ONCE(sk->c.stamping) & SOF_TIMESTAMPING_SOFTWARE)
		(void)scm_put_cmsg(m, SOL_SOCKET, SCM_TIMESTAMPING_OPT_STATS, p->data, p->len);
	out.ee = e->ee;
	size = from_icmp(p) ? inet_addr_out(sk, &e->offender, 0, e->iif, &off) : 0;
	blank = e->family == AF_INET && sk->c.family == AF_INET ? 16 : 28;
	/* From here on the place of *e is another's. */
	if (out.ee.origin == SO_EE_ORIGIN_TIMESTAMPING && e->iif &&
	    (sk->c.family == AF_INET6 || READ_ONCE(sk->c.stamping) & SOF_TIMESTAMPING_OPT_CMSG))
		size = sent_cmsgs(sk, m, p, &off);
	if (size)
		memcpy(&out.off, &off, (size_t)size);
	else
		size = blank;
	if (sk->c.family == AF_INET)
		(void)scm_put_cmsg(m, SOL_IP, IP_RECVERR, &out, sizeof(out.ee) + (size_t)size);
	else
		(void)scm_put_cmsg(m, SOL_IPV6, 25 /* IPV6_RECVERR */, &out, sizeof(out.ee) + (size_t)size);
	pkt_free(p);
	return res;
}

void inet_too_large(struct inet_sock *sk, const struct send_ctl *c, u32 mtu)
{
	bool v4 = ipaddr_is4(&c->dst);
	struct err_cb ec = { .ee = { .ee_errno = EMSGSIZE, .origin = SO_EE_ORIGIN_LOCAL, .info = mtu }, .dst = c->dst,
		.dport = c->port, .family = v4 ? AF_INET : AF_INET6 };

	if (!v4 && c->dontfrag)
		ip6_pathmtu_note(sk, &c->dst, c->port, mtu);
	else
		inet_queue_err(sk, &ec, NULL);
}

/* --- send side --- */

void inet_out_opts(struct inet_sock *sk, const struct send_ctl *c, const struct route *r, struct ip_out *o)
{
	bool v4 = ipaddr_is4(&c->dst), group = r->type == RTN_MULTICAST;
	u8 disc = v4 ? sk->o.pmtudisc : sk->o.pmtudisc6;

	o->dst = c->dst;
	o->src = r->src;
	o->tos = (u8)(c->tos >= 0 ? c->tos : v4 ? sk->o.tos : sk->o.tclass);
	o->ttl = (s16)(c->ttl >= 0 ? c->ttl : v4 ? (group ? sk->o.mc_ttl : sk->o.ttl) : group ? sk->o.mc_hops : sk->o.hops);
	o->mark = c->mark;
	o->priority = c->priority;
	o->sk = sk;
	o->noprobe = disc == IP_PMTUDISC_PROBE || disc == IP_PMTUDISC_INTERFACE;
	o->df = disc == IP_PMTUDISC_DO || disc == IP_PMTUDISC_PROBE;
	if (v4) {
		o->opt_len = sk->o.ip_options_len;
		o->options = sk->o.ip_options;
		return;
	}
	o->df = o->df || disc == IP_PMTUDISC_INTERFACE || c->dontfrag;
	o->flowlabel = c->flowlabel;
	o->label = inet_autoflow(sk) ? LABEL_AUTO : LABEL_NONE;
	if (c->ext_len) {
		o->ext = c->ext;
		o->ext_len = c->ext_len;
		o->ext_first = c->ext_proto;
		c->ext[c->ext_last] = o->proto;
	}
}

int inet_send_route(struct inet_sock *sk, const struct send_ctl *c, struct route *r)
{
	bool v4 = ipaddr_is4(&c->dst);
	struct flow f;
	int err;

	inet_sock_flow(sk, &c->dst, c->oif, &f);
	if (!ipaddr_any(&c->src))
		f.src = c->src;
	else if (!v4 && !ipaddr_any(&sk->o.pktinfo_addr6))
		f.src = sk->o.pktinfo_addr6;
	if (!v4 && !f.oif)
		f.oif = sk->o.pktinfo_if6;
	if (ipaddr_multicast(&c->dst)) {
		if (!f.oif)
			f.oif = v4 ? sk->o.mc_ifindex : sk->o.mc_ifindex6;
		if (v4 && ipaddr_any(&f.src) && ipaddr_is4(&sk->o.mc_addr) && !ipaddr_any(&sk->o.mc_addr))
			f.src = sk->o.mc_addr;
	} else if (!f.oif) {
		f.oif = v4 ? sk->o.unicast_if : sk->o.unicast_if6;
	}
	err = route_output(sk->net, &f, r);
	if (err == -ENETUNREACH)
		inet_count_no_route(sk->net, &f);
	if (err)
		return err;
	if (r->type == RTN_BROADCAST && !sk->c.broadcast)
		err = -EACCES;
	else if (!v4 && ipaddr_is4(&sk->laddr))
		err = -EAFNOSUPPORT;	/* bound to an address of the other version */
	if (err) {
		route_put(r);
		return err;
	}
	if (!v4 && sk->o.frag_size6 && sk->o.frag_size6 < r->mtu)
		r->mtu = sk->o.frag_size6;
	return 0;
}

static void wfree(struct pkt *p)
{
	struct inet_sock *sk = p->sk;

	atomic64_sub(&sk->wmem, p->charged);
	if (atomic64_read(&sk->wmem) * 2 < (s64)READ_ONCE(sk->c.sndbuf))
		inet_sock_wake(sk, EPOLLOUT | EPOLLWRNORM);
	inet_sock_put(sk);
}

void inet_charge_wmem(struct inet_sock *sk, struct pkt *p)
{
	inet_sock_get(sk);
	atomic64_add(&sk->wmem, p->truesize);
	p->charged = p->truesize;
	p->sk = sk;
	p->destructor = wfree;
}

static bool has_room(struct inet_sock *sk)
{
	return atomic64_read(&sk->wmem) < (s64)READ_ONCE(sk->c.sndbuf);
}

int inet_wait_wmem(struct inet_sock *sk, u32 msg_flags, u32 file_flags)
{
	u64 deadline = sock_send_deadline(&sk->c, msg_flags, file_flags);

	for (;;) {
		int err = sock_take_error(&sk->c);

		if (err)
			return err;
		if (READ_ONCE(sk->shutdown) & SEND_SHUTDOWN)
			return -EPIPE;
		if (has_room(sk))
			return 0;
		WRITE_ONCE(sk->c.nospace, true);
		if (!deadline)
			return -EAGAIN;
		err = WAIT_EVENT(&sk->wait, has_room(sk) || READ_ONCE(sk->c.err) || READ_ONCE(sk->shutdown) & SEND_SHUTDOWN,
			TASK_INTERRUPTIBLE, 0, deadline);
		if (err)
			return sock_wait_result(err, deadline);
	}
}

/* --- peers and ports --- */

int inet_dgram_joined(struct inet_sock *sk, const struct ipaddr *dst, u16 port, int ifindex, struct route *r)
{
	if (r->type == RTN_BROADCAST && !sk->c.broadcast) {
		route_put(r);
		return -EACCES;
	}
	route_put(&sk->dst);
	if (!sk->bound_addr)
		sk->laddr = r->src;
	if (ifindex && !sk->bound_if)
		sk->bound_if = ifindex;
	sk->raddr = *dst;
	sk->rport = port;
	sk->state = TCP_ESTABLISHED;
	sk->dst = *r;
	return 0;
}

void inet_dgram_left(struct inet_sock *sk)
{
	sk->state = TCP_CLOSE;
	sk->rport = 0;
	sk->raddr = inet_any(sk);
	sk->laddr = sk->rcv_addr;
	route_put(&sk->dst);
}

/* Readers end even where nothing is connected, as on Linux; the caller learns of it. */
int inet_dgram_shutdown(struct inet_sock *sk, u32 how)
{
	WRITE_ONCE(sk->shutdown, sk->shutdown | how);
	inet_sock_wake(sk, EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLRDHUP);
	return sk->state == TCP_ESTABLISHED ? 0 : -ENOTCONN;
}

void inet_port_put(struct inet_sock *sk, struct inet_bucket *b)
{
	bool in;

	if (!sk->lport)
		return;
	spin_lock(&b->lock);
	in = !hlist_unhashed(&sk->hash_link);
	if (in)
		hlist_del_init_rcu(&sk->hash_link);
	sk->lport = 0;
	spin_unlock(&b->lock);
	if (in)
		inet_sock_put(sk);
}

/* --- poll and ioctl --- */

u32 inet_dgram_poll(struct inet_sock *sk)
{
	u32 ev = 0, down = READ_ONCE(sk->shutdown);

	if (READ_ONCE(sk->c.err) || READ_ONCE(sk->errq.first))
		ev |= EPOLLERR;
	if (down & RCV_SHUTDOWN)
		ev |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (down == (RCV_SHUTDOWN | SEND_SHUTDOWN))
		ev |= EPOLLHUP;
	if (READ_ONCE(sk->rxq.first))
		ev |= EPOLLIN | EPOLLRDNORM;
	if (has_wmem(sk))
		ev |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return ev;
}

int inet_dgram_ioctl(struct inet_sock *sk, u32 cmd, u64 arg)
{
	int v = 0;
	u64 flags;

	switch (cmd) {
	case TIOCOUTQ:
		v = (int)atomic64_read(&sk->wmem);
		break;
	case FIONREAD:
		spin_lock_irqsave(&sk->qlock, flags);
		v = sk->rxq.first ? (int)sk->rxq.first->len : 0;
		spin_unlock_irqrestore(&sk->qlock, flags);
		break;
	default:
		return -ENOIOCTLCMD;
	}
	return copy_out_bytes(uaddr(arg), &v, sizeof(v));
}
