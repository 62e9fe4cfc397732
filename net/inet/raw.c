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
#include <uapi/linux/in6.h>

#include "ip_impl.h"
#include "mib6.h"
#include "route_impl.h"

#define SOL_RAW		255
#define ICMP_FILTER	1
#define LINEAR_MAX	8000u

struct raw_sock {
	struct inet_sock inet;		/* own locks */
	u32 icmp_filter;		/* [a] types that are not wanted */
	struct icmp6_filter filter6;	/* [a each word] the same for ICMPv6 */
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
	if (cb->family == AF_INET6 && cb->proto == IPPROTO_ICMPV6 && pkt_linear(p))
		return !(READ_ONCE(raw_sk(sk)->filter6.data[icmp[0] / 32]) >> icmp[0] % 32 & 1);
	return cb->proto != IPPROTO_ICMP || cb->family != AF_INET || !pkt_linear(p) || icmp[0] >= 32 ||
	       !(READ_ONCE(raw_sk(sk)->icmp_filter) >> icmp[0] & 1);
}

/* Loopback vouches for what is sent by it, but raw senders may send anything. */
static bool csum_right(struct pkt *p)
{
	if (p->csum_state == CSUM_UNNECESSARY)
		p->csum_state = CSUM_NONE;
	return inet_csum_ok(p, ip_cb(p)->proto);
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
	} else if (READ_ONCE(sk->o.csum_offset) >= 0 && !csum_right(p)) {
		pkt_free(p);
		return;
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

/* Unconnected ones hear of it only if they asked for errors; connected ones of the hard ones, too. */
static void tell(struct inet_sock *sk, struct pkt *p, const struct icmp_err *e)
{
	bool v4 = e->family == AF_INET, queue = v4 ? sk->o.recverr : sk->o.recverr6, hard = e->hard;
	const struct ip_cb *cb = ip_cb(p);
	struct err_cb ec = { .ee = { .ee_errno = (u32)e->err, .origin = v4 ? 2 : 3, .type = e->type,
		.code = e->code, .info = e->info },
		.offender = e->offender, .dst = cb->dst, .family = e->family, .iif = cb->iif };

	if (!queue && sk->state != TCP_ESTABLISHED)
		return;
	if (e->err == EMSGSIZE)
		hard = (v4 ? sk->o.pmtudisc : sk->o.pmtudisc6) == IP_PMTUDISC_DO;
	if (queue)
		inet_queue_err(sk, &ec, p);
	if (queue || hard)
		inet_sock_error(sk, e->err);
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
		if ((!ipaddr_any(&sk->raddr) && !ipaddr_eq(&sk->raddr, &cb->dst)) ||
		    (!ipaddr_any(&sk->laddr) && !ipaddr_eq(&sk->laddr, &cb->src)))
			continue;
		if (!ref_get_unless_zero(&sk->ref))
			continue;
		tell(sk, p, e);
		inet_sock_put(sk);
	}
	rcu_read_unlock();
}

/* --- send --- */

/* What stands for a port of AF_INET6 names the protocol: none, or that of the socket. */
static int name6(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)&m->name;
	be16_t p;

	if (m->namelen < 24)
		return -EINVAL;
	if (a->sin6_family && a->sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(&p, &a->sin6_port, 2);
	c->port = be16(p);
	if (c->port > 255 || (c->port && c->port != sk->c.protocol && sk->c.protocol != IPPROTO_RAW))
		return -EINVAL;
	c->dst = ipaddr_v6(&a->sin6_addr);
	if (m->namelen >= (int)sizeof(*a) && inet_needs_scope(&c->dst))
		c->oif = (int)a->sin6_scope_id;
	if (sk->o.sndflow)
		c->flowlabel = be32((be32_t){ a->sin6_flowinfo }) & IPV6_FLOWLABEL_MASK;
	if (ipaddr_any(&c->dst))
		c->dst = (struct ipaddr){ { { 0 }, { 0 }, { 0 }, to_be32(1) } };
	return ipaddr_is4(&c->dst) ? -ENETUNREACH : 0;
}

static int destination(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	int ifindex = 0, err = 0;

	*c = (struct send_ctl){ .tos = -1, .ttl = -1, .mark = sk->c.mark, .priority = sk->c.priority,
		.dontfrag = sk->o.dontfrag6 };
	c->src = ipaddr_v4((be32_t){ 0 });
	if (m->namelen && sk->c.family == AF_INET6) {
		err = name6(sk, m, c);
	} else if (m->namelen) {
		err = inet_addr_in(sk, &m->name, m->namelen, &c->dst, &c->port, &ifindex);
		c->oif = ifindex;
	} else if (sk->state == TCP_ESTABLISHED) {
		c->dst = sk->raddr;
		c->flowlabel = sk->o.flowlabel6;
	} else {
		return -EDESTADDRREQ;
	}
	if (!err && ((m->control && m->controllen) || READ_ONCE(sk->tx6)))
		err = inet_cmsg_send(sk, m, c);
	return err;
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

/* The same for IPv6: nothing but where the header ends. */
static int finish_header6(struct pkt *p)
{
	if (p->len < sizeof(struct ip6_hdr) || !pkt_pull_ok(p, sizeof(struct ip6_hdr)))
		return -EINVAL;
	p->trans_off = (u16)(p->data - p->head + sizeof(struct ip6_hdr));
	return 0;
}

/* The sum that the kernel makes: ICMPv6's, and where IPV6_CHECKSUM says. */
static int put_csum(struct inet_sock *sk, struct pkt *p, const struct ip_out *o)
{
	int off = sk->o.csum_offset;
	be16_t sum = { 0 };

	if (off < 0)
		return 0;
	if ((u32)off + 1 >= p->len || !pkt_pull_ok(p, (u32)off + 2))
		return -EINVAL;
	memcpy(p->data + off, &sum, 2);
	sum = csum_fold(pkt_csum(p, 0, p->len, inet_pseudo(&o->src, &o->dst, o->proto, p->len)));
	if (!sum.raw && o->proto == IPPROTO_UDP)
		sum.raw = 0xffff;
	memcpy(p->data + off, &sum, 2);
	return 0;
}

static int finish(struct inet_sock *sk, struct pkt *p, const struct send_ctl *c, struct ip_out *o)
{
	bool v4 = ipaddr_is4(&c->dst);

	if (o->hdr_included)
		return v4 ? finish_header(p, &o->src) : finish_header6(p);
	pkt_set_trans(p);
	return v4 ? 0 : put_csum(sk, p, o);
}

static void count(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o, bool v4)
{
	const struct ip_hdr *h = (const struct ip_hdr *)p->data;
	u32 hl = v4 && o->hdr_included ? ip_hdr_len(h) : 0;

	if (v4 && (hl ? h->proto : o->proto) == IPPROTO_ICMP && pkt_linear(p) > hl)
		icmp_out_count(net, p->data[hl]);
	else if (!v4 && o->proto == IPPROTO_ICMPV6 && !o->hdr_included && pkt_linear(p))
		icmp6_count(net, r->dev, p->data[0], true);
}

static int push(struct inet_sock *sk, struct msg *m, size_t len, const struct send_ctl *c, const struct route *r)
{
	bool v4 = ipaddr_is4(&c->dst), whole = sk->o.hdrincl;
	struct ip_out o = { .proto = (u8)sk->c.protocol, .hdr_included = whole };
	struct pkt *p;
	int err;

	if (whole && len > r->mtu) {
		inet_too_large(sk, c, r->mtu);
		return -EMSGSIZE;
	}
	inet_out_opts(sk, c, r, &o);
	if (whole)
		o.opt_len = o.ext_len = 0;
	p = pkt_alloc(PKT_HEADROOM, (u32)min_t(size_t, len, LINEAR_MAX), GFP_KERNEL);
	if (!p)
		return -ENOBUFS;
	err = pkt_append_iter(p, &m->iter, (u32)len);
	if (!err)
		err = finish(sk, p, c, &o);
	if (err) {
		pkt_free(p);
		return err;
	}
	count(sk->net, r, p, &o, v4);
	inet_charge_wmem(sk, p);
	inet_ask_stamp(sk, c, p);
	err = inet_output(sk->net, r, p, &o);
	if (err == -EMSGSIZE)
		inet_too_large(sk, c, r->mtu);
	return err == -ENOBUFS && !(v4 ? sk->o.recverr : sk->o.recverr6) ? 0 : err;
}

static ssize_t raw_sendmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct send_ctl c;
	struct route r;
	int err;

	if (len > 65535)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = destination(sk, m, &c);
	if (err)
		return err;
	err = inet_send_route(sk, &c, &r);
	if (err)
		goto out;
	err = inet_wait_wmem(sk, m->flags, sk->socket->file->flags);
	if (!err)
		err = push(sk, m, len, &c, &r);
	route_put(&r);
out:
	send_ctl_fini(&c);
	return err ? err : (ssize_t)len;
}

static ssize_t raw_recvmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct pkt *p;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->flags & MSG_ERRQUEUE)
		return inet_recv_errqueue(sk, m, len);
	if (ip6_pathmtu_recv(sk, m))
		return 0;
	p = inet_dequeue(sk, m->flags, sk->socket->file->flags);
	if (!p)
		return 0;
	return IS_ERR(p) ? PTR_ERR(p) : inet_recv_copy(sk, m, p, 0, 0, len);
}

/* --- the other calls --- */

static int raw_connect(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, u32 fflags)
{
	struct ipaddr dst = *a;
	struct flow f;
	struct route r;
	int err;

	(void)fflags;
	err = inet_connect_dst(sk, &dst, &ifindex);
	if (err)
		return err;
	if (sk->c.family == AF_INET6 && ipaddr_is4(&dst))
		return -ENETUNREACH;
	inet_sock_flow(sk, &dst, ifindex, &f);
	f.src = sk->rcv_addr;
	err = route_output(sk->net, &f, &r);
	if (err)
		return err;
	return inet_dgram_joined(sk, &dst, port, ifindex, &r);
}

static int raw_disconnect(struct inet_sock *sk)
{
	inet_dgram_left(sk);
	return 0;
}

/* IPV6_CHECKSUM and IPV6_HDRINCL, at SOL_RAW or SOL_IPV6. */
static int set6(struct inet_sock *sk, int level, int opt, uaddr_t val, int len)
{
	int v;

	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	switch (opt) {
	case IPV6_HDRINCL:
		sk->o.hdrincl = v != 0;
		return 0;
	case IPV6_CHECKSUM:
		/* ICMPv6's is the kernel's affair (RFC 3542, 3.1). */
		if ((sk->c.protocol == IPPROTO_ICMPV6 && level == SOL_IPV6) || (v > 0 && v & 1))
			return -EINVAL;
		WRITE_ONCE(sk->o.csum_offset, (s16)(v < 0 ? -1 : min(v, 0x7ffe)));
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_filter6(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	struct icmp6_filter f = raw_sk(sk)->filter6;

	if (sk->c.protocol != IPPROTO_ICMPV6)
		return -EOPNOTSUPP;
	if (opt != ICMPV6_FILTER)
		return -ENOPROTOOPT;
	if (copy_in_bytes(&f, val, min_t(size_t, (size_t)len, sizeof(f))))
		return -EFAULT;
	for (u32 i = 0; i < ARRAY_SIZE(f.data); i++)
		WRITE_ONCE(raw_sk(sk)->filter6.data[i], f.data[i]);
	return 0;
}

static int raw_setsockopt(struct inet_sock *sk, int level, int opt, uaddr_t val, int len)
{
	u32 v = 0;

	if (sk->c.family == AF_INET6 && level == SOL_ICMPV6)
		return set_filter6(sk, opt, val, len);
	if (sk->c.family == AF_INET6 && (level == SOL_RAW || level == SOL_IPV6))
		return set6(sk, level, opt, val, len);
	if (level != SOL_RAW || opt != ICMP_FILTER)
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
	int n;

	if (sk->c.family == AF_INET6 && level == SOL_ICMPV6) {
		if (sk->c.protocol != IPPROTO_ICMPV6)
			return -EOPNOTSUPP;
		if (opt != ICMPV6_FILTER)
			return -ENOPROTOOPT;
		return sockopt_out(val, len, &raw_sk(sk)->filter6, sizeof(struct icmp6_filter));
	}
	if (sk->c.family == AF_INET6 && (level == SOL_RAW || level == SOL_IPV6)) {
		if (opt != IPV6_CHECKSUM && opt != IPV6_HDRINCL)
			return -ENOPROTOOPT;
		n = opt == IPV6_HDRINCL ? sk->o.hdrincl : sk->o.csum_offset;
		return sockopt_out(val, len, &n, sizeof(n));
	}
	if (level != SOL_RAW || opt != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (sk->c.protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	return sockopt_out(val, len, &v, sizeof(v));
}

static void raw_info(struct inet_sock *sk, struct inet_sock_info *i)
{
	i->sport = (u16)sk->c.protocol;
}

static int raw_init_sock(struct inet_sock *sk)
{
	if (sk->c.protocol > 255)
		return -EPROTONOSUPPORT;
	if (sk->c.protocol == IPPROTO_RAW)
		sk->o.hdrincl = true;
	if (sk->c.family == AF_INET6 && sk->c.protocol == IPPROTO_ICMPV6)
		sk->o.csum_offset = 2;
	else if (sk->c.family == AF_INET6 && sk->c.protocol == IPPROTO_MH)
		sk->o.csum_offset = 4;
	sk->c.reuseaddr = true;		/* as on Linux */
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
	.connect = raw_connect, .disconnect = raw_disconnect, .shutdown = inet_dgram_shutdown, .poll = inet_dgram_poll,
	.ioctl = inet_dgram_ioctl,
	.sendmsg = raw_sendmsg, .recvmsg = raw_recvmsg, .setsockopt = raw_setsockopt, .getsockopt = raw_getsockopt,
	.info = raw_info,
};

void raw_init(void)
{
	raw_receive_hook = raw_receive;
	raw_error_hook = raw_error;
	inet_proto_register(&raw_proto);
}
