/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SOCK_RAW over IPv4 and IPv6: packets of one protocol, with the IPv4 header on receive; IP_HDRINCL. Source: raw(7),
 * ipv6(7).
 *
 * A socket stands in the list of its protocol from its making to its closing; look-ups run under RCU.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>

#include "ip_impl.h"
#include "route_impl.h"

#define SOL_RAW		255
#define ICMP_FILTER	1
#define LINEAR_MAX	8000u

struct raw_sock {
	struct inet_sock inet;		/* own locks */
	u32 icmp_filter;		/* [a] types that are not wanted */
};

static struct raw_sock *raw_sk(struct inet_sock *sk) { return container_of(sk, struct raw_sock, inet); }

static spinlock_t table_lock = SPINLOCK_INIT(INET_HASH);
static struct hlist_head table[256];	/* [table_lock; r] inet_sock.hash_link by protocol */

/* --- receive --- */

static bool wanted(struct inet_sock *sk, struct net *net, const struct pkt *p)
{
	const struct ip_cb *cb = ip_cb(p);
	const u8 *icmp = p->data;

	if (sk->net != net || sk->c.protocol != cb->proto || (sk->c.family == AF_INET) != (cb->family == AF_INET))
		return false;
	if (!ipaddr_any(&sk->laddr) && !ipaddr_eq(&sk->laddr, &cb->dst))
		return false;
	if (!ipaddr_any(&sk->raddr) && !ipaddr_eq(&sk->raddr, &cb->src))
		return false;
	if (sk->bound_if && sk->bound_if != cb->iif)
		return false;
	if (cb->multicast && !inet_mc_allow(sk, &cb->dst, &cb->src, cb->iif))
		return false;
	return cb->proto != IPPROTO_ICMP || cb->family != AF_INET || !pkt_linear(p) || icmp[0] >= 32 ||
	       !(READ_ONCE(raw_sk(sk)->icmp_filter) >> icmp[0] & 1);
}

/* A copy for each; IPv4's begin with the network header. */
static void give(struct inet_sock *sk, const struct pkt *from)
{
	struct pkt *p = pkt_clone((struct pkt *)from, GFP_ATOMIC);

	if (!p)
		return;
	*ip_cb(p) = *ip_cb(from);
	if (ip_cb(p)->family == AF_INET) {
		u32 back = (u32)(p->data - (u8 *)pkt_net(p));

		p->data -= back;
		p->len += back;
	}
	(void)inet_queue_rcv(sk, p);
}

static bool raw_receive(struct net *net, struct pkt *p)
{
	struct inet_sock *sk;
	bool any = false;

	if (hlist_empty(&table[ip_cb(p)->proto]))
		return false;
	rcu_read_lock();
	hlist_for_each_entry_rcu(sk, &table[ip_cb(p)->proto], hash_link) {
		if (!wanted(sk, net, p) || !ref_get_unless_zero(&sk->ref))
			continue;
		give(sk, p);
		inet_sock_put(sk);
		any = true;
	}
	rcu_read_unlock();
	return any;
}

/* p: the quoted packet, ip_cb as quoted: its source is ours. */
static void raw_error(struct net *net, struct pkt *p, u8 proto, const struct icmp_err *e)
{
	const struct ip_cb *cb = ip_cb(p);
	struct inet_sock *sk;

	rcu_read_lock();
	hlist_for_each_entry_rcu(sk, &table[proto], hash_link) {
		if (sk->net != net || (sk->c.family == AF_INET) != (e->family == AF_INET))
			continue;
		if (!ipaddr_any(&sk->raddr) && !ipaddr_eq(&sk->raddr, &cb->dst))
			continue;
		/* Unconnected ones hear of it only if they asked for errors; connected ones of the hard ones. */
		if (e->family == AF_INET ? sk->o.recverr : sk->o.recverr6 || (sk->state == TCP_ESTABLISHED && e->hard))
			inet_sock_error(sk, e->err);
	}
	rcu_read_unlock();
}

/* --- send --- */

static int destination(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	int ifindex = 0, err;

	*c = (struct send_ctl){ .tos = -1, .ttl = -1, .mark = sk->c.mark, .priority = sk->c.priority };
	c->src = ipaddr_v4((be32_t){ 0 });
	if (m->namelen) {
		err = inet_addr_in(sk, &m->name, m->namelen, &c->dst, &c->port, &ifindex);
		if (err)
			return err;
		c->oif = ifindex;
	} else if (sk->state == TCP_ESTABLISHED) {
		c->dst = sk->raddr;
	} else {
		return -EDESTADDRREQ;
	}
	if (!m->control || !m->controllen)
		return 0;
	if (sk->c.family == AF_INET6 && inet6_sockopts.cmsg_send)
		return inet6_sockopts.cmsg_send(sk, m, c);
	return ip_cmsg_send(sk, m, c);
}

/* What the kernel fills in of a header that the program made: length and checksum always, the rest where it is 0. */
static int finish_header(struct pkt *p, const struct ipaddr *src)
{
	struct ip_hdr *h = (struct ip_hdr *)p->data;
	u32 hl;

	if (!pkt_pull_ok(p, sizeof(*h)))
		return -EINVAL;
	h = (struct ip_hdr *)p->data;
	hl = ip_hdr_len(h);
	if (hl < sizeof(*h) || hl > p->len || !pkt_pull_ok(p, hl))
		return -EINVAL;
	h = (struct ip_hdr *)p->data;
	h->tot_len = to_be16((u16)p->len);
	if (!h->src.raw)
		h->src = src->w[3];
	h->csum.raw = 0;
	h->csum = csum_fold(csum_partial(h, hl, 0));
	p->trans_off = (u16)(p->data - p->head + hl);
	return 0;
}

static int push(struct inet_sock *sk, struct msg *m, size_t len, const struct send_ctl *c, const struct route *r)
{
	bool v4 = ipaddr_is4(&c->dst), whole = v4 && (sk->o.hdrincl || sk->c.protocol == IPPROTO_RAW);
	struct ip_out o = { .src = ipaddr_any(&c->src) ? r->src : c->src, .dst = c->dst, .proto = (u8)sk->c.protocol,
		.tos = (u8)(c->tos >= 0 ? c->tos : v4 ? sk->o.tos : sk->o.tclass), .ttl = (s16)c->ttl, .mark = c->mark,
		.priority = c->priority, .sk = sk, .hdr_included = whole };
	struct pkt *p;
	int err;

	if (whole && len > r->mtu)
		return -EMSGSIZE;
	p = pkt_alloc(PKT_HEADROOM, (u32)min_t(size_t, len, LINEAR_MAX), GFP_KERNEL);
	if (!p)
		return -ENOBUFS;
	err = pkt_append_iter(p, &m->iter, (u32)len);
	if (!err && whole)
		err = finish_header(p, &o.src);
	if (err) {
		pkt_free(p);
		return err;
	}
	if (!whole)
		pkt_set_trans(p);
	if (o.ttl < 0)
		o.ttl = v4 ? (r->type == RTN_MULTICAST ? sk->o.mc_ttl : sk->o.ttl) :
			(r->type == RTN_MULTICAST ? sk->o.mc_hops : sk->o.hops);
	o.df = v4 && (sk->o.pmtudisc == IP_PMTUDISC_DO || sk->o.pmtudisc == IP_PMTUDISC_PROBE);
	if (v4 && sk->o.ip_options_len && !whole) {
		o.opt_len = sk->o.ip_options_len;
		o.options = sk->o.ip_options;
	}
	if (v4 && o.proto == IPPROTO_ICMP && !whole && pkt_linear(p))
		icmp_out_count(sk->net, p->data[0]);
	inet_charge_wmem(sk, p);
	err = inet_output(sk->net, r, p, &o);
	return err == -ENOBUFS && !(v4 ? sk->o.recverr : sk->o.recverr6) ? 0 : err;
}

static ssize_t raw_sendmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct send_ctl c;
	struct route r;
	struct flow f;
	int err;

	if (len > 65535)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = destination(sk, m, &c);
	if (err)
		return err;
	inet_sock_flow(sk, &c.dst, c.oif, &f);
	if (!ipaddr_any(&c.src))
		f.src = c.src;
	if (ipaddr_multicast(&c.dst) && !f.oif)
		f.oif = ipaddr_is4(&c.dst) ? sk->o.mc_ifindex : sk->o.mc_ifindex6;
	else if (!f.oif && ipaddr_is4(&c.dst))
		f.oif = sk->o.unicast_if;
	err = route_output(sk->net, &f, &r);
	if (err)
		return err;
	err = r.type == RTN_BROADCAST && !sk->c.broadcast ? -EACCES : inet_wait_wmem(sk, m->flags, sk->socket->file->flags);
	if (!err)
		err = push(sk, m, len, &c, &r);
	route_put(&r);
	return err ? err : (ssize_t)len;
}

static ssize_t raw_recvmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct pkt *p;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_errqueue(sk, m, len);
	p = inet_dequeue(sk, m->flags, sk->socket->file->flags);
	if (!p)
		return 0;
	return IS_ERR(p) ? PTR_ERR(p) : inet_recv_copy(sk, m, p, 0, 0, len);
}

/* --- the other calls --- */

static int raw_connect(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, u32 fflags)
{
	struct flow f;
	struct route r;
	int err;

	(void)port, (void)fflags;
	inet_sock_flow(sk, a, ifindex, &f);
	err = route_output(sk->net, &f, &r);
	if (err)
		return err;
	if (r.type == RTN_BROADCAST && !sk->c.broadcast) {
		route_put(&r);
		return -EACCES;
	}
	route_put(&sk->dst);
	if (!sk->bound_addr)
		sk->laddr = r.src;
	sk->raddr = *a;
	sk->state = TCP_ESTABLISHED;
	sk->dst = r;
	return 0;
}

static int raw_disconnect(struct inet_sock *sk)
{
	sk->state = TCP_CLOSE;
	sk->raddr = sk->c.family == AF_INET ? ipaddr_v4((be32_t){ 0 }) : (struct ipaddr){ 0 };
	sk->laddr = sk->rcv_addr;
	route_put(&sk->dst);
	return 0;
}

static int raw_shutdown(struct inet_sock *sk, u32 how)
{
	WRITE_ONCE(sk->shutdown, sk->shutdown | how);
	inet_sock_wake(sk, EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLRDHUP);
	return sk->state == TCP_ESTABLISHED ? 0 : -ENOTCONN;
}

static int raw_setsockopt(struct inet_sock *sk, int level, int opt, uaddr_t val, int len)
{
	u32 v = 0;

	if (level != SOL_RAW)
		return -ENOPROTOOPT;
	if (opt != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (sk->c.protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	if (copy_in_bytes(&v, val, min_t(size_t, (size_t)len, sizeof(v))))
		return -EFAULT;
	WRITE_ONCE(raw_sk(sk)->icmp_filter, v);
	return 0;
}

static int raw_getsockopt(struct inet_sock *sk, int level, int opt, uaddr_t val, uaddr_t len)
{
	u32 v = READ_ONCE(raw_sk(sk)->icmp_filter);

	if (level != SOL_RAW || opt != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (sk->c.protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	return sockopt_out(val, len, &v, sizeof(v));
}

static int raw_init_sock(struct inet_sock *sk)
{
	if (sk->c.protocol > 255)
		return -EPROTONOSUPPORT;
	spin_lock(&table_lock);
	hlist_add_head(&sk->hash_link, &table[sk->c.protocol]);
	spin_unlock(&table_lock);
	return 0;
}

static void raw_close(struct inet_sock *sk)
{
	WRITE_ONCE(sk->shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
	spin_lock(&table_lock);
	hlist_del_init_rcu(&sk->hash_link);
	spin_unlock(&table_lock);
}

/* Any protocol. */
static const struct inet_proto raw_proto = {
	.protocol = IPPROTO_IP, .type = SOCK_RAW, .size = sizeof(struct raw_sock), .init = raw_init_sock, .close = raw_close,
	.connect = raw_connect, .disconnect = raw_disconnect, .shutdown = raw_shutdown, .poll = inet_dgram_poll,
	.ioctl = inet_dgram_ioctl,
	.sendmsg = raw_sendmsg, .recvmsg = raw_recvmsg, .setsockopt = raw_setsockopt, .getsockopt = raw_getsockopt,
};

void raw_init(void)
{
	raw_receive_hook = raw_receive;
	raw_error_hook = raw_error;
	inet_proto_register(&raw_proto);
}
