/* SPDX-License-Identifier: MPL-2.0 */
/*
 * AF_INET and AF_INET6 sockets: life, addresses in and out, and the calls as far as the transports have them in common.
 * A transport's functions are in its inet_proto.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/work.h>
#include <kernel/task.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/in6.h>
#include <uapi/linux/ioctls.h>

#include "igmp_impl.h"
#include "ip_impl.h"
#include "route_impl.h"

#define PROTOS_MAX	16

static const struct inet_proto *protos[PROTOS_MAX];	/* [a] set once */
int (*inet_ioctl_hook)(struct net *net, struct inet_sock *sk, u32 cmd, u64 arg);
static const struct proto_ops inet_ops, inet6_ops;

void inet_proto_register(const struct inet_proto *p)
{
	for (int i = 0; i < PROTOS_MAX; i++)
		if (!cmpxchg(&protos[i], NULL, p))
			return;
}

const struct inet_proto *inet_proto_nth(u32 i)
{
	return i < PROTOS_MAX ? READ_ONCE(protos[i]) : NULL;
}

/* --- life --- */

struct inet_sock *inet_sock_alloc(struct net *net, int family, const struct inet_proto *p, int protocol, gfp_t gfp)
{
	struct inet_sock *sk = kzalloc(p->size, gfp);
	struct inet_net *in = net_inet(net);

	if (!sk)
		return NULL;
	sock_common_init(&sk->c, family, p->type, protocol);
	ref_init(&sk->ref, 1);
	mutex_init(&sk->lock, SOCKET);
	wait_queue_init(&sk->wait);
	spin_lock_init(&sk->qlock, SOCK_QUEUE);
	list_init(&sk->mc_list);
	sk->net = net;
	sk->proto = p;
	sk->state = TCP_CLOSE;
	sk->o.ttl = sk->o.mc_ttl = sk->o.hops = sk->o.mc_hops = -1;
	sk->o.mc_loop = sk->o.mc_all = sk->o.mc_loop6 = sk->o.mc_all6 = true;
	sk->o.pmtudisc = in->sysctl.ip_no_pmtu_disc ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
	sk->o.pmtudisc6 = IP_PMTUDISC_WANT;
	sk->o.csum_offset = -1;
	sk->o.v6only = in->sysctl.v6_bindv6only;
	if (family == AF_INET) {
		sk->laddr = sk->raddr = sk->rcv_addr = ipaddr_v4((be32_t){ 0 });
	}
	if (p->init && p->init(sk)) {
		kfree(sk);
		return NULL;
	}
	spin_lock(&in->socks_lock);
	list_add_tail(&sk->all_link, &in->socks);
	spin_unlock(&in->socks_lock);
	return sk;
}

static void sock_rcu(struct rcu_head *h)
{
	kfree(container_of(h, struct inet_sock, rcu));
}

static void sock_end(struct inet_sock *sk)
{
	if (sk->proto->destroy)
		sk->proto->destroy(sk);
	if (sk->reuse)
		inet_reuse_leave(sk);
	pkt_list_free(&sk->rxq);
	pkt_list_free(&sk->errq);
	ip6_txopts_free(sk);
	route_put(&sk->dst);
	sock_common_fini(&sk->c);
	call_rcu(&sk->rcu, sock_rcu);
}

/* The last reference may go under a spinlock (TCP's engine), the end of a socket sleeps: a worker does it then. */
static DEFINE_SPINLOCK(dead_lock, OBJECT_IRQ);
static LIST_HEAD(dead);			/* [dead_lock] inet_sock.all_link */

static void reap(struct work *w)
{
	(void)w;
	for (;;) {
		struct inet_sock *sk;

		spin_lock_irq(&dead_lock);
		sk = list_empty(&dead) ? NULL : list_first_entry(&dead, struct inet_sock, all_link);
		if (sk)
			list_del(&sk->all_link);
		spin_unlock_irq(&dead_lock);
		if (!sk)
			return;
		sock_end(sk);
	}
}

static struct work reap_work = { .link = LIST_HEAD_INIT(reap_work.link), .fn = reap };

void inet_sock_put(struct inet_sock *sk)
{
	struct inet_net *in = net_inet(sk->net);
	u64 flags;

	if (!ref_put(&sk->ref))
		return;
	spin_lock(&in->socks_lock);
	list_del(&sk->all_link);
	spin_unlock(&in->socks_lock);
	if (preemptible()) {
		sock_end(sk);
		return;
	}
	spin_lock_irqsave(&dead_lock, flags);
	list_add_tail(&sk->all_link, &dead);
	spin_unlock_irqrestore(&dead_lock, flags);
	(void)work_queue(system_wq, &reap_work);
}

void inet_sock_graft(struct inet_sock *sk, struct socket *s)
{
	s->sk = sk;
	s->common = &sk->c;
	sk->socket = s;
	sk->ino = s->file && s->file->inode ? s->file->inode->ino : 0;
}

void inet_sock_wake(struct inet_sock *sk, u32 events)
{
	if (wait_queue_has_sleeper(&sk->wait))
		wake_up_poll_all(&sk->wait, events);
	sock_async(&sk->c, events);
}

void inet_sock_error(struct inet_sock *sk, int err)
{
	WRITE_ONCE(sk->c.err, err < 0 ? -err : err);
	inet_sock_wake(sk, EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP);
}

static int create(struct net *net, struct socket *s, int protocol, int family)
{
	const struct inet_proto *p = NULL;
	bool type_known = false;
	struct inet_sock *sk;
	int err;

	if (protocol < 0 || protocol >= 263)
		return -EINVAL;
	for (int i = 0; i < PROTOS_MAX && protos[i]; i++) {
		if (protos[i]->type != s->type)
			continue;
		type_known = true;
		if (protos[i]->protocol == protocol || (!protocol && s->type != SOCK_RAW) || protos[i]->protocol == IPPROTO_IP) {
			p = protos[i];
			break;
		}
	}
	if (!p || (s->type == SOCK_RAW && !protocol))
		return type_known ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
	if (s->type == SOCK_RAW && !capable(CAP_NET_RAW))
		return -EPERM;
	err = p->permit ? p->permit(family, protocol) : 0;
	if (err)
		return err;
	sk = inet_sock_alloc(net, family, p, protocol ? protocol : p->protocol, GFP_KERNEL);
	if (!sk)
		return -ENOBUFS;
	sk->uid = current_fsuid();
	s->sk = sk;
	s->common = &sk->c;
	sk->socket = s;
	s->ops = family == AF_INET ? &inet_ops : &inet6_ops;
	s->protocol = sk->c.protocol;
	return 0;
}

static int inet_create(struct net *net, struct socket *s, int protocol)
{
	return create(net, s, protocol, AF_INET);
}

static int inet6_create(struct net *net, struct socket *s, int protocol)
{
	return create(net, s, protocol, AF_INET6);
}

static int inet_release(struct socket *s)
{
	struct inet_sock *sk = inet_sk(s);

	if (!sk)
		return 0;
	mutex_lock(&sk->lock);
	if (sk->proto->close)
		sk->proto->close(sk);
	sk->socket = NULL;
	mutex_unlock(&sk->lock);
	if (!list_empty(&sk->mc_list)) {
		rtnl_lock();
		inet_mc_drop(sk);
		rtnl_unlock();
	}
	wake_up_pollfree(&sk->wait);
	s->sk = NULL;
	inet_sock_put(sk);
	return 0;
}

/* --- addresses --- */

bool inet_needs_scope(const struct ipaddr *a)
{
	u32 w = be32(a->w[0]);

	/* fe80::/10, ff01::/16, ff02::/16 (whatever their flags) */
	return !ipaddr_is4(a) && (ipaddr_linklocal6(a) || (w & 0xff0f0000u) == 0xff010000u || (w & 0xff0f0000u) == 0xff020000u);
}

static int addr_in6(const struct inet_sock *sk, const struct sockaddr_in6 *a, int len, struct ipaddr *out, u16 *port,
	int *ifindex)
{
	be16_t p;

	if (len < 24)		/* RFC 2133's had no scope id */
		return -EINVAL;
	if (a->sin6_family != AF_INET6)
		return sk->c.type == SOCK_DGRAM ? -EINVAL : -EAFNOSUPPORT;
	*out = ipaddr_v6(&a->sin6_addr);
	memcpy(&p, &a->sin6_port, 2);
	*port = be16(p);
	if (len >= (int)sizeof(*a) && inet_needs_scope(out))
		*ifindex = (int)a->sin6_scope_id;
	return 0;
}

int inet_addr_in(const struct inet_sock *sk, const struct sockaddr_storage *a, int len, struct ipaddr *out, u16 *port,
	int *ifindex)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	be16_t p;

	*ifindex = 0;
	if (len < 2)
		return -EINVAL;
	/* Datagrams of AF_INET6 go to a sockaddr_in, too. */
	if (sk->c.family == AF_INET6 && (a->ss_family != AF_INET || sk->c.type != SOCK_DGRAM))
		return addr_in6(sk, (const struct sockaddr_in6 *)a, len, out, port, ifindex);
	if (len < (int)sizeof(*a4))
		return -EINVAL;
	if (a4->sin_family != AF_INET && !(a4->sin_family == AF_UNSPEC && sk->c.family == AF_INET))
		return -EAFNOSUPPORT;
	if (sk->c.family == AF_INET6 && sk->o.v6only)
		return -ENETUNREACH;
	memcpy(&p, &a4->sin_port, 2);
	*port = be16(p);
	*out = ipaddr_v4((be32_t){ a4->sin_addr.s_addr });
	return 0;
}

int inet_addr_out(const struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex, struct sockaddr_storage *out)
{
	be16_t p = to_be16(port);

	memset(out, 0, sizeof(*out));
	if (sk->c.family == AF_INET) {
		struct sockaddr_in *a4 = (struct sockaddr_in *)out;

		a4->sin_family = AF_INET;
		memcpy(&a4->sin_port, &p, 2);
		a4->sin_addr.s_addr = a->w[3].raw;
		return sizeof(*a4);
	} else {
		struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)out;

		a6->sin6_family = AF_INET6;
		memcpy(&a6->sin6_port, &p, 2);
		ipaddr_to6(a, &a6->sin6_addr);
		if (inet_needs_scope(a))
			a6->sin6_scope_id = (u32)ifindex;
		return sizeof(*a6);
	}
}

int inet_connect_dst(struct inet_sock *sk, struct ipaddr *dst, int *ifindex)
{
	int bound = READ_ONCE(sk->bound_if);

	if (ipaddr_any(dst)) {
		if (ipaddr_is4(dst) || ipaddr_is4(&sk->rcv_addr))
			*dst = ipaddr_v4(to_be32(INADDR_LOOPBACK));
		else
			*dst = (struct ipaddr){ { { 0 }, { 0 }, { 0 }, to_be32(1) } };
	}
	if (sk->c.family != AF_INET6)
		return 0;
	if (ipaddr_is4(dst))
		return sk->o.v6only ? -ENETUNREACH : 0;
	if (!inet_needs_scope(dst))
		return 0;
	if (*ifindex && bound && *ifindex != bound)
		return -EINVAL;
	if (!*ifindex && !bound && ipaddr_multicast(dst))
		*ifindex = sk->o.mc_ifindex6;
	return *ifindex || bound ? 0 : -EINVAL;
}

int inet_autobind(struct inet_sock *sk)
{
	if (sk->lport || !sk->proto->get_port)
		return 0;
	return sk->proto->get_port(sk, 0);
}

void inet_sock_flow(const struct inet_sock *sk, const struct ipaddr *dst, int oif, struct flow *f)
{
	*f = (struct flow){
		.dst = *dst, .src = sk->laddr, .oif = oif ? oif : READ_ONCE(sk->bound_if), .mark = sk->c.mark,
		.family = ipaddr_is4(dst) ? AF_INET : AF_INET6, .tos = sk->o.tos & 0x1e, .proto = (u8)sk->c.protocol,
		.onlink = sk->c.dontroute, .uid = sk->uid,
	};
	if (f->family == AF_INET && !ipaddr_is4(&f->src))
		f->src = ipaddr_v4((be32_t){ 0 });
	if (f->family == AF_INET6 && ipaddr_is4(&f->src))
		f->src = (struct ipaddr){ 0 };
}

bool inet_autoflow(const struct inet_sock *sk)
{
	int mode = net_inet(sk->net)->sysctl.v6_auto_flowlabels;	/* 0 off, 1 on, 2 who asks, 3 always */

	return sk->o.autoflow_set ? sk->o.autoflow : mode & 1;
}

/* --- the calls --- */

/* May the socket have this address? *ifindex: the device that comes with it, 0: none. lock held. */
static int bind_check(struct inet_sock *sk, const struct ipaddr *a, int *ifindex)
{
	bool nonlocal = sk->o.freebind || sk->o.transparent || net_inet(sk->net)->sysctl.ip_nonlocal_bind;
	struct net_device *dev = NULL;
	int type, err = 0, bound;

	if (ipaddr_is4(a)) {
		if (sk->c.family == AF_INET6 && sk->c.type == SOCK_RAW)
			return -EADDRNOTAVAIL;
		if (sk->c.family == AF_INET6 && sk->proto->ids)
			return -EINVAL;
		if (sk->c.family == AF_INET6 && sk->o.v6only)
			return -EINVAL;
		if (ipaddr_any(a) || nonlocal)
			return 0;
		type = inet_addr_type(sk->net, NULL, a);
		if (sk->proto->ids)
			return type == RTN_LOCAL ? 0 : -EADDRNOTAVAIL;
		return type == RTN_LOCAL || type == RTN_MULTICAST || type == RTN_BROADCAST ? 0 : -EADDRNOTAVAIL;
	}
	if (ipaddr_multicast(a) && (sk->c.type == SOCK_STREAM || sk->proto->ids))
		return -EINVAL;
	if (ipaddr_any(a))
		return 0;
	bound = *ifindex ? *ifindex : sk->bound_if;
	if (inet_needs_scope(a) && !bound)
		return -EINVAL;
	rcu_read_lock();
	if (bound) {
		dev = netdev_by_index(sk->net, bound);
		if (!dev)
			err = -ENODEV;
	}
	if (!err && !ipaddr_multicast(a) && !nonlocal) {
		struct net_ifaddr *ifa = inet_addr_find(sk->net, a, dev);

		if (!ifa || ifa->flags & IFA_F_TENTATIVE)
			err = -EADDRNOTAVAIL;
	}
	rcu_read_unlock();
	return err;
}

static int bind_locked(struct inet_sock *sk, const struct ipaddr *a, u16 port, int ifindex)
{
	bool only = sk->o.v6only;
	int err;

	if (sk->state != TCP_CLOSE || sk->lport)
		return -EINVAL;
	err = bind_check(sk, a, &ifindex);
	if (err)
		return err;
	sk->rcv_addr = sk->laddr = *a;
	if (ifindex)
		sk->bound_if = ifindex;
	/* Who has an address of IPv6 hears nothing of IPv4. */
	if (!ipaddr_is4(a) && !ipaddr_any(a))
		sk->o.v6only = true;
	if (sk->proto->get_port && (port || !sk->o.bind_no_port)) {
		err = sk->proto->get_port(sk, port);
		if (err) {
			sk->o.v6only = only;
			sk->rcv_addr = sk->laddr = inet_any(sk);
			return err;
		}
	}
	sk->bound_addr = !ipaddr_any(a);
	sk->bound_port = port != 0;
	route_put(&sk->dst);
	return 0;
}

static int inet_bind(struct socket *s, const struct sockaddr_storage *sa, int len)
{
	struct inet_sock *sk = inet_sk(s);
	struct ipaddr a;
	int ifindex, err;
	u16 port;

	if (sk->c.family == AF_INET6 && len >= 24 && sa->ss_family != AF_INET6)
		return sk->c.type == SOCK_RAW ? -EINVAL : -EAFNOSUPPORT;
	if (sk->c.family == AF_INET6 && len < 24)
		return -EINVAL;
	err = inet_addr_in(sk, sa, len, &a, &port, &ifindex);
	if (!err && sk->c.family == AF_INET && sa->ss_family == AF_UNSPEC && !ipaddr_any(&a))
		err = -EAFNOSUPPORT;
	if (err)
		return err;
	if (port && sk->proto->get_port && !sk->proto->ids && port < net_inet(sk->net)->sysctl.ip_unprivileged_port_start &&
	    !capable(CAP_NET_BIND_SERVICE))
		return -EACCES;
	mutex_lock(&sk->lock);
	sk->ino = s->file->inode->ino;
	err = bind_locked(sk, &a, port, ifindex);
	mutex_unlock(&sk->lock);
	return err;
}

static int inet_connect(struct socket *s, const struct sockaddr_storage *sa, int len, u32 fflags)
{
	struct inet_sock *sk = inet_sk(s);
	struct ipaddr a;
	int ifindex, err;
	u16 port;

	if (len < 2)
		return -EINVAL;
	if (sa->ss_family == AF_UNSPEC) {
		mutex_lock(&sk->lock);
		err = sk->proto->disconnect ? sk->proto->disconnect(sk) : -EOPNOTSUPP;
		mutex_unlock(&sk->lock);
		return err;
	}
	err = inet_addr_in(sk, sa, len, &a, &port, &ifindex);
	if (sk->c.family == AF_INET6 && (err == -ENETUNREACH || (err == -EINVAL && len >= 24)))
		err = -EAFNOSUPPORT;	/* the family, said in connect's way */
	if (err)
		return err;
	mutex_lock(&sk->lock);
	sk->ino = s->file->inode->ino;
	if (sk->o.sndflow && sa->ss_family == AF_INET6)
		sk->o.flowlabel6 = be32((be32_t){ ((const struct sockaddr_in6 *)sa)->sin6_flowinfo }) & IPV6_FLOWLABEL_MASK;
	err = sk->proto->connect ? sk->proto->connect(sk, &a, port, ifindex, fflags) : -EOPNOTSUPP;
	mutex_unlock(&sk->lock);
	return err;
}

static int inet_accept(struct socket *s, struct socket *newsock, u32 fflags)
{
	struct inet_sock *sk = inet_sk(s);

	return sk->proto->accept ? sk->proto->accept(sk, newsock, fflags) : -EOPNOTSUPP;
}

static int inet_listen(struct socket *s, int backlog)
{
	struct inet_sock *sk = inet_sk(s);
	int err = -EOPNOTSUPP;

	mutex_lock(&sk->lock);
	if (sk->proto->listen)
		err = sk->proto->listen(sk, backlog);
	mutex_unlock(&sk->lock);
	return err;
}

static int inet_shutdown(struct socket *s, int how)
{
	struct inet_sock *sk = inet_sk(s);
	int err = -ENOTCONN;

	mutex_lock(&sk->lock);
	if (sk->proto->shutdown)
		err = sk->proto->shutdown(sk, (u32)how + 1);
	mutex_unlock(&sk->lock);
	return err;
}

static int inet_getname(struct socket *s, struct sockaddr_storage *a, bool peer)
{
	struct inet_sock *sk = inet_sk(s);

	int len;

	if (!peer)
		return inet_addr_out(sk, &sk->laddr, sk->lport, sk->bound_if, a);
	if (!sk->rport || ((1u << sk->state) & (1u << TCP_CLOSE | 1u << TCP_SYN_SENT)))
		return -ENOTCONN;
	len = inet_addr_out(sk, &sk->raddr, sk->rport, sk->bound_if, a);
	if (sk->c.family == AF_INET6 && sk->o.sndflow)
		((struct sockaddr_in6 *)a)->sin6_flowinfo = to_be32(sk->o.flowlabel6).raw;
	return len;
}

static u32 inet_poll(struct socket *s, struct file *f, struct poll_table *pt)
{
	struct inet_sock *sk = inet_sk(s);

	poll_wait(f, &sk->wait, pt);
	return sk->proto->poll(sk);
}

static int inet_ioctl_op(struct socket *s, u32 cmd, u64 arg)
{
	struct inet_sock *sk = inet_sk(s);
	int err = sk->proto->ioctl ? sk->proto->ioctl(sk, cmd, arg) : -ENOIOCTLCMD;

	if (err == -ENOIOCTLCMD && inet_ioctl_hook)
		err = inet_ioctl_hook(sk->net, sk, cmd, arg);
	return err;
}

static ssize_t inet_sendmsg(struct socket *s, struct msg *m, size_t len)
{
	struct inet_sock *sk = inet_sk(s);

	return sk->proto->sendmsg(sk, m, len);
}

static ssize_t inet_recvmsg(struct socket *s, struct msg *m, size_t len)
{
	struct inet_sock *sk = inet_sk(s);

	return sk->proto->recvmsg(sk, m, len);
}

/* --- options --- */

static int bind_to_device(struct inet_sock *sk, uaddr_t val, int len)
{
	char name[IFNAMSIZ] = { 0 };
	struct net_device *dev;

	if (len < 0)
		return -EINVAL;
	len = min(len, IFNAMSIZ - 1);
	if (len && copy_in_bytes(name, val, (size_t)len))
		return -EFAULT;
	if (sk->bound_if && !capable(CAP_NET_RAW))
		return -EPERM;
	if (!name[0]) {
		sk->bound_if = 0;
	} else {
		dev = netdev_get_by_name(sk->net, name);
		if (!dev)
			return -ENODEV;
		sk->bound_if = dev->ifindex;
		dev_put(dev);
	}
	mutex_lock(&sk->lock);
	route_put(&sk->dst);
	mutex_unlock(&sk->lock);
	return 0;
}

static int bound_device(struct inet_sock *sk, uaddr_t val, uaddr_t ulen)
{
	char name[IFNAMSIZ] = { 0 };
	struct net_device *dev;
	int len;

	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (!sk->bound_if)
		return sockopt_out(val, ulen, name, 0);
	if (len < IFNAMSIZ)
		return -EINVAL;
	dev = netdev_get_by_index(sk->net, sk->bound_if);
	if (!dev)
		return -ENODEV;
	netdev_name(dev, name);
	dev_put(dev);
	return sockopt_out(val, ulen, name, (int)strlen(name) + 1);
}

static bool raw6(const struct inet_sock *sk) { return sk->c.family == AF_INET6 && sk->c.type == SOCK_RAW; }

static int inet_setsockopt(struct socket *s, int level, int opt, uaddr_t val, int len)
{
	struct inet_sock *sk = inet_sk(s);
	int err;

	switch (level) {
	case SOL_SOCKET:
		if (opt == SO_BINDTODEVICE)
			return bind_to_device(sk, val, len);
		if (opt == SO_ATTACH_REUSEPORT_CBPF || opt == SO_ATTACH_REUSEPORT_EBPF || opt == SO_DETACH_REUSEPORT_BPF)
			return inet_reuse_option(sk, opt, val, len);
		if ((opt == SO_TIMESTAMPING_OLD || opt == SO_TIMESTAMPING_NEW) && sk->proto->set_stamping)
			return sk->proto->set_stamping(sk, opt, val, len);
		err = sock_setsockopt(&sk->c, opt, val, len);
		if (!err && sk->proto->sockopt_changed)
			sk->proto->sockopt_changed(sk, opt);
		return err;
	case SOL_IP:
		return raw6(sk) ? -ENOPROTOOPT : ip_setsockopt(sk, opt, val, len);
	case SOL_IPV6:
		if (sk->c.family != AF_INET6)
			return -ENOPROTOOPT;
		if (raw6(sk) && (opt == IPV6_CHECKSUM || opt == IPV6_HDRINCL))
			return sk->proto->setsockopt(sk, level, opt, val, len);
		return ip6_setsockopt(sk, opt, val, len);
	default:
		return sk->proto->setsockopt ? sk->proto->setsockopt(sk, level, opt, val, len) : -ENOPROTOOPT;
	}
}

static int inet_getsockopt(struct socket *s, int level, int opt, uaddr_t val, uaddr_t len)
{
	struct inet_sock *sk = inet_sk(s);

	switch (level) {
	case SOL_SOCKET:
		if (opt == SO_BINDTODEVICE)
			return bound_device(sk, val, len);
		return sock_getsockopt(&sk->c, opt, val, len);
	case SOL_IP:
		return raw6(sk) ? -ENOPROTOOPT : ip_getsockopt(sk, opt, val, len);
	case SOL_IPV6:
		if (sk->c.family != AF_INET6)
			return -EOPNOTSUPP;
		if (raw6(sk) && (opt == IPV6_CHECKSUM || opt == IPV6_HDRINCL))
			return sk->proto->getsockopt(sk, level, opt, val, len);
		return ip6_getsockopt(sk, opt, val, len);
	default:
		/* A level that nobody has: as Linux says it of this family. */
		if (sk->c.family == AF_INET && level != SOL_RAW && level != sk->c.protocol)
			return -EOPNOTSUPP;
		return sk->proto->getsockopt ? sk->proto->getsockopt(sk, level, opt, val, len) : -ENOPROTOOPT;
	}
}

#define INET_OPS(f) { \
	.family = f, .release = inet_release, .bind = inet_bind, .connect = inet_connect, .accept = inet_accept, \
	.listen = inet_listen, .shutdown = inet_shutdown, .getname = inet_getname, .poll = inet_poll, .ioctl = inet_ioctl_op, \
	.sendmsg = inet_sendmsg, .recvmsg = inet_recvmsg, .setsockopt = inet_setsockopt, .getsockopt = inet_getsockopt, }
static const struct proto_ops inet_ops = INET_OPS(AF_INET), inet6_ops = INET_OPS(AF_INET6);

void inet_addrform(struct inet_sock *sk)
{
	if (!ipaddr_is4(&sk->rcv_addr))
		sk->rcv_addr = ipaddr_v4((be32_t){ 0 });
	sk->c.family = AF_INET;
	WRITE_ONCE(sk->socket->ops, &inet_ops);
	ip6_txopts_free(sk);
}

static const struct net_family inet_family = { .family = AF_INET, .create = inet_create };
static const struct net_family inet6_family = { .family = AF_INET6, .create = inet6_create };

int inet6_family_enable(void)
{
	return net_family_register(&inet6_family);
}

/* --- walks --- */

static void describe_options(const struct inet_sock *sk, struct inet_sock_info *i)
{
	i->bound_port = sk->bound_port;
	i->shutdown = (u8)READ_ONCE(sk->shutdown);
	i->tos = sk->o.tos;
	i->tclass = sk->o.tclass;
	i->v6only = sk->o.v6only;
	i->recverr = sk->c.family == AF_INET6 ? sk->o.recverr6 : sk->o.recverr;
	i->freebind = sk->o.freebind;
	i->hdrincl = sk->o.hdrincl;
	i->transparent = sk->o.transparent;
	i->mc_loop = sk->c.family == AF_INET6 ? sk->o.mc_loop6 : sk->o.mc_loop;
	i->mc_all = sk->o.mc_all;
	i->bind_no_port = sk->o.bind_no_port;
	i->priority = READ_ONCE(sk->c.priority);
	i->rcvbuf = READ_ONCE(sk->c.rcvbuf);
	i->sndbuf = READ_ONCE(sk->c.sndbuf);
	i->rmem = (u32)atomic64_read(&sk->rmem);
	i->wmem = (u32)atomic64_read(&sk->wmem);
}

int inet_sock_abort(const struct inet_sock_info *i)
{
	struct inet_sock *sk = (struct inet_sock *)(uintptr_t)i->sk;
	int err = 0;

	if (!sk || sk->c.type == SOCK_RAW)
		return -EOPNOTSUPP;
	mutex_lock(&sk->lock);
	if (i->protocol == IPPROTO_TCP)
		tcp_diag_abort(sk);
	inet_sock_error(sk, ECONNABORTED);
	if (i->protocol != IPPROTO_TCP && sk->proto->disconnect)
		err = sk->proto->disconnect(sk);
	mutex_unlock(&sk->lock);
	return err;
}

int inet_sock_walk(struct net *net, u8 family, u8 protocol, int (*fn)(const struct inet_sock_info *i, void *arg), void *arg)
{
	struct inet_net *in = net_inet(net);
	struct inet_sock *sk, *prev = NULL;
	int err = 0;

	spin_lock(&in->socks_lock);
	list_for_each_entry(sk, &in->socks, all_link) {
		struct inet_sock_info i;

		if ((family && sk->c.family != family) || (protocol == IPPROTO_RAW ? sk->c.type != SOCK_RAW :
		    sk->c.protocol != protocol || sk->c.type == SOCK_RAW))
			continue;
		if (!ref_get_unless_zero(&sk->ref))
			continue;
		spin_unlock(&in->socks_lock);
		if (prev)
			inet_sock_put(prev);
		prev = sk;
		i = (struct inet_sock_info){
			.family = (u8)sk->c.family, .protocol = (u8)sk->c.protocol, .state = sk->state,
				.src = sk->laddr, .dst = sk->raddr,
			.sport = sk->lport, .dport = sk->rport, .ifindex = sk->bound_if, .uid = sk->uid.v, .mark = sk->c.mark,
			.ino = sk->ino, .cookie = sk->c.cookie,
			.refs = ref_read(&sk->ref) - 1, .drops = sk->drops, .sk = sk,
			.rx_queue = (u32)atomic64_read(&sk->rmem), .tx_queue = (u32)atomic64_read(&sk->wmem),
		};
		describe_options(sk, &i);
		if (sk->proto->info)
			sk->proto->info(sk, &i);
		err = i.sport || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) ? fn(&i, arg) : 0;
		spin_lock(&in->socks_lock);
		if (err)
			break;
	}
	spin_unlock(&in->socks_lock);
	if (prev)
		inet_sock_put(prev);
	return !err && protocol == IPPROTO_TCP ? tcp_diag_walk(net, family, fn, arg) : err;
}

struct inet_sysctl *inet_sysctls(struct net *net) { return &net_inet(net)->sysctl; }
struct inet_conf4 *inet_conf4_all(struct net *net) { return &net_inet(net)->conf4_all; }
struct inet_conf4 *inet_conf4_default(struct net *net) { return &net_inet(net)->conf4_default; }
struct inet_conf6 *inet_conf6_all(struct net *net) { return &net_inet(net)->conf6_all; }
struct inet_conf6 *inet_conf6_default(struct net *net) { return &net_inet(net)->conf6_default; }

/* --- start --- */

static const struct inet_sysctl defaults = {
	.ip_default_ttl = 64, .ip_local_port_min = 32768, .ip_local_port_max = 60999, .ip_unprivileged_port_start = 1024,
	.icmp_echo_ignore_broadcasts = 1, .icmp_ratelimit = 1000, .icmp_ratemask = 6168, .icmp_msgs_per_sec = 1000,
	.icmp_msgs_burst = 50, .ping_group_min = 1,
	.ipfrag_high_thresh = 4194304, .ipfrag_time = 30, .igmp_max_memberships = 20, .igmp_max_msf = 10, .igmp_qrv = 2,
	.igmp_link_local_mcast_reports = 1,
	.mtu_expires = 600, .min_pmtu = 552, .redirect_number = 9, .redirect_load_ms = 20, .redirect_silence_ms = 20480,
	.tcp_syn_retries = 6, .tcp_synack_retries = 5, .tcp_retries1 = 3, .tcp_retries2 = 15, .tcp_fin_timeout = 60,
	.tcp_keepalive_time = 7200, .tcp_keepalive_probes = 9, .tcp_keepalive_intvl = 75, .tcp_max_syn_backlog = 512,
	.tcp_max_tw_buckets = 16384, .tcp_tw_reuse = 2, .tcp_syncookies = 1, .tcp_sack = 1,
	.tcp_timestamps = 1, .tcp_window_scaling = 1, .tcp_moderate_rcvbuf = 1, .tcp_slow_start_after_idle = 1,
	.tcp_rmem = { 4096, 131072, 6291456 }, .tcp_wmem = { 4096, 16384, 4194304 }, .udp_mem = { 22000, 30000, 45000 },
	.udp_rmem_min = 4096, .udp_wmem_min = 4096, .tcp_congestion = "cubic",
	.neigh_gc_thresh = { 128, 512, 1024 }, .neigh6_gc_thresh = { 128, 512, 1024 },
	.v6_hop_limit = 64, .v6_ip6frag_high_thresh = 4194304, .v6_ip6frag_time = 60, .v6_auto_flowlabels = 1,
};

static int inet_init(void)
{
	struct inet_net *in = kvmalloc(sizeof(*in), GFP_KERNEL);
	struct net *net = &init_net;
	int err;

	if (!in)
		return -ENOMEM;
	memset(in, 0, sizeof(*in));
	in->sysctl = defaults;
	in->parms4_default = (struct neigh_parms){ .mcast_probes = 3, .ucast_probes = 3, .retrans_ms = 1000, .reachable_ms = 30000,
		.delay_ms = 5000, .gc_stale_s = 60, .queue_bytes = 212992, .locktime_ms = 1000 };
	in->parms6_default = in->parms4_default;
	in->parms6_default.locktime_ms = 0;
	in->conf4_default = (struct inet_conf4){ .accept_redirects = 1, .send_redirects = 1, .secure_redirects = 1,
		.shared_media = 1, .igmpv2_unsolicited_report_interval = 10000, .igmpv3_unsolicited_report_interval = 1000 };
	in->conf4_all = in->conf4_default;
	in->conf6_default = (struct inet_conf6){ .hop_limit = 64, .mtu = 1280, .accept_ra = 1, .accept_redirects = 1,
		.autoconf = 1,
		.dad_transmits = 1, .router_solicitations = -1, .router_solicitation_interval = 4, .router_solicitation_delay = 1,
		.temp_valid_lft = 604800, .temp_prefered_lft = 86400, .accept_ra_defrtr = 1, .accept_ra_pinfo = 1,
			.accept_ra_mtu = 1,
		.accept_dad = 1, .ra_metric = 1024 };
	in->conf6_all = in->conf6_default;
	spin_lock_init(&in->socks_lock, OBJECT);
	list_init(&in->socks);
	in->route_gen = 1;
	net->inet = in;
	err = route_hint_init(net);
	if (!err)
		err = fib_init(net);
	if (!err)
		err = neigh_init(net);
	if (!err)
		err = ip_frag_init(net);
	if (!err)
		err = ip6_net_init(net);
	if (!err)
		err = udp_init(net);
	if (!err)
		err = tcp_init_net(net);
	if (err)
		return err;
	raw_init();
	ping_init();
	devinet_init(net);
	arp_init();
	icmp_init(net);
	igmp_msg_init();
	ip_input_init();
	err = ip6_init(net);
	return err ? err : net_family_register(&inet_family);
}
INITCALL_FS(inet_init);
