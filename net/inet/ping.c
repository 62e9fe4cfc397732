/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ping sockets: SOCK_DGRAM of IPPROTO_ICMP and IPPROTO_ICMPV6, for those whose group is in net.ipv4.ping_group_range. They send
 * echo requests and get the replies with their identifier, which takes the place of a port. Source: icmp(7).
 *
 * A socket with an identifier stands in the bucket of that number (both families), with a reference; look-ups run under RCU,
 * changes under the bucket's lock.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <kernel/task.h>

#include "ip6_impl.h"
#include "ip_impl.h"
#include "route_impl.h"

#define PING_HASH	64u
#define LINEAR_MAX	8000u

static struct inet_bucket table[PING_HASH];
static u32 rover;		/* [a] where the search for a free identifier goes on */

static struct inet_bucket *bucket(u16 id) { return &table[id % PING_HASH]; }
static bool is4(const struct inet_sock *sk) { return sk->c.family == AF_INET; }

/* --- who may --- */

static int ping_permit(int family, int protocol)
{
	const struct inet_sysctl *s = &net_inet(&init_net)->sysctl;
	u32 low = (u32)READ_ONCE(s->ping_group_min), high = (u32)READ_ONCE(s->ping_group_max);
	const struct cred *c = current_cred();
	const struct group_info *g = c->groups;

	if ((family == AF_INET) != (protocol == IPPROTO_ICMP))
		return -EPROTONOSUPPORT;
	if (c->egid.v >= low && c->egid.v <= high)
		return 0;
	for (u32 i = 0; g && i < g->nr; i++)
		if (g->gid[i].v >= low && g->gid[i].v <= high)
			return 0;
	return -EACCES;
}

/* --- identifiers --- */

static bool try_id(struct inet_sock *sk, u16 id)
{
	struct inet_bucket *b = bucket(id);
	struct inet_sock *o;
	bool ok = true;

	spin_lock(&b->lock);
	hlist_for_each_entry(o, &b->head, hash_link)
		if (o != sk && o->net == sk->net && o->lport == id && !(o->c.reuseaddr && sk->c.reuseaddr))
			ok = false;
	if (ok) {
		sk->lport = id;
		inet_sock_get(sk);
		hlist_add_head(&sk->hash_link, &b->head);
	}
	spin_unlock(&b->lock);
	return ok;
}

static int ping_get_port(struct inet_sock *sk, u16 id)
{
	if (id)
		return try_id(sk, id) ? 0 : -EADDRINUSE;
	for (u32 i = 0; i < 65535; i++) {
		u16 next = (u16)(__atomic_add_fetch(&rover, 1, __ATOMIC_RELAXED) % 65535 + 1);

		if (try_id(sk, next))
			return 0;
	}
	return -EADDRINUSE;
}

static void ping_put_port(struct inet_sock *sk)
{
	inet_port_put(sk, bucket(sk->lport));
}

/* With a reference; NULL: none. */
static struct inet_sock *lookup(struct net *net, u8 family, u16 id, const struct ipaddr *local, int iif)
{
	struct inet_sock *sk, *found = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(sk, &bucket(id)->head, hash_link) {
		if (sk->net != net || sk->lport != id || sk->c.family != family)
			continue;
		if ((!ipaddr_any(&sk->laddr) && !ipaddr_eq(&sk->laddr, local)) || (sk->bound_if && sk->bound_if != iif))
			continue;
		if (ref_get_unless_zero(&sk->ref)) {
			found = sk;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/* --- receive --- */

static bool ping_receive(struct net *net, struct pkt *p)
{
	const struct ip_cb *cb = ip_cb(p);
	const struct icmp_hdr *h = (const struct icmp_hdr *)p->data;
	struct inet_sock *sk = lookup(net, cb->family, be16(h->echo.id), &cb->dst, cb->iif);
	struct pkt *c;

	if (!sk)
		return false;
	c = pkt_clone(p, GFP_ATOMIC);
	if (c) {
		*ip_cb(c) = *cb;
		(void)inet_queue_rcv(sk, c);
	}
	inet_sock_put(sk);
	return true;
}

/* p: our request as quoted, data at its ICMP header. */
static void ping_error(struct net *net, struct pkt *p, const struct icmp_err *e)
{
	const struct icmp_hdr *h = (const struct icmp_hdr *)p->data;
	const struct ip_cb *cb = ip_cb(p);
	bool v4 = e->family == AF_INET, hard = e->hard;
	struct err_cb ec = { 0 };
	struct inet_sock *sk;

	if (h->type != (v4 ? ICMP_ECHO : ICMP6_ECHO))
		return;
	sk = lookup(net, e->family, be16(h->echo.id), &cb->src, cb->iif);
	if (!sk)
		return;
	if (e->err == EMSGSIZE && v4) {
		hard = sk->o.pmtudisc != IP_PMTUDISC_DONT;
		if (!hard)
			goto out;
	}
	ec.ee = (struct sock_err){ .ee_errno = (u32)e->err, .origin = v4 ? 2 : 3, .type = e->type,
		.code = e->code, .info = e->info };
	ec.offender = e->offender;
	ec.dst = cb->dst;
	ec.family = e->family;
	ec.iif = cb->iif;
	if (v4 ? sk->o.recverr : sk->o.recverr6)
		inet_queue_err(sk, &ec, p);
	else if (!hard || sk->state != TCP_ESTABLISHED)
		goto out;
	inet_sock_error(sk, e->err);
out:
	inet_sock_put(sk);
}

static ssize_t ping_recvmsg(struct inet_sock *sk, struct msg *m, size_t len)
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
	if (IS_ERR(p))
		return PTR_ERR(p);
	m->flags &= ~MSG_TRUNC;		/* Linux does not give the whole length here */
	return inet_recv_copy(sk, m, p, 0, 0, len);
}

/* --- send --- */

static int destination(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	int ifindex = 0, bound = READ_ONCE(sk->bound_if), err;

	*c = (struct send_ctl){ .tos = -1, .ttl = -1, .mark = sk->c.mark, .priority = sk->c.priority,
		.dontfrag = sk->o.dontfrag6 };
	c->src = ipaddr_v4((be32_t){ 0 });
	if (m->namelen) {
		if (m->namelen >= (is4(sk) ? 16 : 24) && m->name.ss_family != sk->c.family)
			return -EAFNOSUPPORT;
		err = inet_addr_in(sk, &m->name, m->namelen, &c->dst, &c->port, &ifindex);
		if (err)
			return err;
		c->oif = ifindex;
	} else if (sk->state == TCP_ESTABLISHED) {
		c->dst = sk->raddr;
	} else {
		return -EDESTADDRREQ;
	}
	if (ipaddr_is4(&c->dst) != is4(sk) || (c->oif && bound && c->oif != bound))
		return -EINVAL;
	if (!is4(sk) && inet_needs_scope(&c->dst) && !c->oif && !bound)
		return -EINVAL;
	if (ipaddr_any(&c->dst))	/* this machine */
		c->dst = is4(sk) ? ipaddr_v4(to_be32(INADDR_LOOPBACK)) : (struct ipaddr){ { { 0 }, { 0 }, { 0 }, to_be32(1) } };
	return (m->control && m->controllen) || READ_ONCE(sk->tx6) ? inet_cmsg_send(sk, m, c) : 0;
}

/* Only echo requests; identifier and checksum are ours. ERR_PTR. */
static struct pkt *build(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct pkt *p = pkt_alloc(PKT_HEADROOM, (u32)min_t(size_t, len, LINEAR_MAX), GFP_KERNEL);
	struct icmp_hdr *h;
	int err;

	if (!p)
		return ERR_PTR(-ENOBUFS);
	err = pkt_append_iter(p, &m->iter, (u32)len);
	if (!err && !pkt_pull_ok(p, sizeof(*h)))
		err = -ENOBUFS;
	h = (struct icmp_hdr *)p->data;
	if (!err && (h->type != (is4(sk) ? ICMP_ECHO : ICMP6_ECHO) || h->code))
		err = -EINVAL;
	if (err) {
		pkt_free(p);
		return ERR_PTR(err);
	}
	h->echo.id = to_be16(READ_ONCE(sk->lport));
	h->csum.raw = 0;
	pkt_set_trans(p);
	return p;
}

static int push(struct inet_sock *sk, struct pkt *p, const struct send_ctl *c, const struct route *r)
{
	struct icmp_hdr *h = (struct icmp_hdr *)p->data;
	struct ip_out o = { .proto = (u8)sk->c.protocol };
	bool v4 = is4(sk);
	int err;

	inet_out_opts(sk, c, r, &o);
	if (v4 && sk->o.pmtudisc == IP_PMTUDISC_WANT && p->len + 20u + o.opt_len <= r->mtu)
		o.df = true;
	h->csum = csum_fold(pkt_csum(p, 0, p->len, v4 ? 0 : inet_pseudo(&o.src, &o.dst, IPPROTO_ICMPV6, p->len)));
	if (v4)
		icmp_out_count(sk->net, ICMP_ECHO);
	else
		icmp6_count(sk->net, r->dev, ICMP6_ECHO, true);
	inet_charge_wmem(sk, p);
	inet_ask_stamp(sk, c, p);
	err = inet_output(sk->net, r, p, &o);
	if (err == -EMSGSIZE)
		inet_too_large(sk, c, r->mtu);
	return err == -ENOBUFS && !(v4 ? sk->o.recverr : sk->o.recverr6) ? 0 : err;
}

static int send_to(struct inet_sock *sk, struct msg *m, struct pkt *p)
{
	struct send_ctl c;
	struct route r;
	int err;

	err = destination(sk, m, &c);
	if (!err)
		err = inet_send_route(sk, &c, &r);
	if (err) {
		pkt_free(p);
		goto out;
	}
	if (m->flags & MSG_CONFIRM && r.dev)
		neigh_confirm(sk->net, r.dev, &r.gw);
	err = inet_wait_wmem(sk, m->flags, sk->socket->file->flags);
	if (err)
		pkt_free(p);
	else
		err = push(sk, p, &c, &r);
	route_put(&r);
out:
	send_ctl_fini(&c);
	return err;
}

static ssize_t ping_sendmsg(struct inet_sock *sk, struct msg *m, size_t len)
{
	struct pkt *p;
	int err;

	mutex_lock(&sk->lock);
	err = inet_autobind(sk);
	mutex_unlock(&sk->lock);
	if (err)
		return -EAGAIN;
	if (len > 65535)
		return -EMSGSIZE;
	if (len < sizeof(struct icmp_hdr))
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	p = build(sk, m, len);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = send_to(sk, m, p);
	return err ? err : (ssize_t)len;
}

/* --- the other calls --- */

static int ping_connect(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, u32 fflags)
{
	struct ipaddr dst = *a;
	struct flow f;
	struct route r;
	int err;

	(void)fflags;
	if (ipaddr_is4(a) != is4(sk))
		return -EINVAL;
	err = inet_autobind(sk);
	if (err)
		return -EAGAIN;
	err = inet_connect_dst(sk, &dst, &ifindex);
	if (err)
		return err;
	inet_sock_flow(sk, &dst, ifindex, &f);
	f.src = sk->rcv_addr;
	if (!f.oif && ipaddr_multicast(&dst))
		f.oif = is4(sk) ? sk->o.mc_ifindex : sk->o.mc_ifindex6;
	err = route_output(sk->net, &f, &r);
	if (err == -ENETUNREACH)
		inet_count_no_route(sk->net, &f);
	if (err)
		return err;
	return inet_dgram_joined(sk, &dst, port, ifindex, &r);
}

static int ping_disconnect(struct inet_sock *sk)
{
	inet_dgram_left(sk);
	if (!sk->bound_port)
		ping_put_port(sk);
	return 0;
}

static void ping_close(struct inet_sock *sk)
{
	WRITE_ONCE(sk->shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
	ping_put_port(sk);
}

/* As Linux has it: identifiers are shared unless SO_REUSEADDR is taken back. */
static int ping_init_sock(struct inet_sock *sk)
{
	sk->c.reuseaddr = true;
	return 0;
}

#define PING(p)	{ \
	.protocol = p, .type = SOCK_DGRAM, .size = sizeof(struct inet_sock), .permit = ping_permit, .init = ping_init_sock, \
	.close = ping_close, .get_port = ping_get_port, .put_port = ping_put_port, .connect = ping_connect, \
	.disconnect = ping_disconnect, \
	.shutdown = inet_dgram_shutdown, .poll = inet_dgram_poll, .sendmsg = ping_sendmsg, .recvmsg = ping_recvmsg, \
	.ids = true, }
static const struct inet_proto ping4 = PING(IPPROTO_ICMP), ping6 = PING(IPPROTO_ICMPV6);

void ping_init(void)
{
	for (u32 i = 0; i < PING_HASH; i++)
		spin_lock_init(&table[i].lock, INET_HASH);
	ping_receive_hook = ping_receive;
	ping_error_hook = ping_error;
	inet_proto_register(&ping4);
	inet_proto_register(&ping6);
}
