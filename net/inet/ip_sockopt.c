/* SPDX-License-Identifier: MPL-2.0 */
/* Options of SOL_IP, and IPv4's control messages both ways. Source: ip(7). */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <kernel/task.h>
#include <net/scm.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/in6.h>

#include "igmp_impl.h"

/* --- control messages received --- */

void inet_cmsg_ip(struct inet_sock *sk, struct msg *m, const struct pkt *p)
{
	const struct ip_cb *cb = ip_cb(p);
	u32 want = sk->o.cmsg;

	if (want & CMSG_PKTINFO) {
		struct in_pktinfo i = { .ipi_ifindex = cb->iif, .ipi_addr.s_addr = cb->dst.w[3].raw,
			.ipi_spec_dst.s_addr = cb->sent ? cb->src.w[3].raw : cb->dst.w[3].raw };

		if (cb->multicast || cb->broadcast) {
			struct net_device *dev;
			struct ipaddr a;

			i.ipi_spec_dst.s_addr = 0;
			dev = netdev_get_by_index(sk->net, cb->iif);
			if (dev && inet_select_addr(sk->net, dev, &cb->src, RT_SCOPE_LINK, &a))
				i.ipi_spec_dst.s_addr = a.w[3].raw;
			if (dev)
				dev_put(dev);
		}
		(void)scm_put_cmsg(m, SOL_IP, IP_PKTINFO, &i, sizeof(i));
	}
	if (want & CMSG_TTL) {
		int v = cb->ttl;

		(void)scm_put_cmsg(m, SOL_IP, IP_TTL, &v, sizeof(v));
	}
	if (want & CMSG_TOS)
		(void)scm_put_cmsg(m, SOL_IP, IP_TOS, &cb->tos, 1);
	if (want & CMSG_RECVOPTS && cb->opt_len)
		(void)scm_put_cmsg(m, SOL_IP, IP_RECVOPTS, (u8 *)pkt_net(p) + sizeof(struct ip_hdr), cb->opt_len);
	if (want & CMSG_ORIGDST && inet_has_ports(p)) {
		struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = cb->dst.w[3].raw };
		struct udp_hdr *h = pkt_trans(p);

		memcpy(&a.sin_port, &h->dst, 2);
		(void)scm_put_cmsg(m, SOL_IP, IP_ORIGDSTADDR, &a, sizeof(a));
	}
	if (want & CMSG_FRAGSIZE && cb->frag_max) {
		int v = cb->frag_max;

		(void)scm_put_cmsg(m, SOL_IP, IP_RECVFRAGSIZE, &v, sizeof(v));
	}
}

/* --- control messages sent --- */

int inet_cmsg_next(const struct msg *m, size_t *off, struct cmsghdr *h, uaddr_t *data)
{
	size_t left = *off < m->controllen ? m->controllen - *off : 0;

	if (left < sizeof(*h))
		return 0;
	if (copy_in_bytes(h, uaddr(m->control + *off), sizeof(*h)))
		return -EFAULT;
	if (h->cmsg_len < sizeof(*h) || h->cmsg_len > left)
		return -EINVAL;
	*data = uaddr(m->control + *off + sizeof(*h));
	*off += CMSG_ALIGN(h->cmsg_len);
	return 1;
}

int inet_cmsg_common(struct inet_sock *sk, struct send_ctl *c, const struct cmsghdr *h, uaddr_t data)
{
	size_t len = h->cmsg_len - sizeof(*h);

	if (h->cmsg_level == SOL_UDP) {
		if (h->cmsg_type != 103 /* UDP_SEGMENT */ || len != sizeof(c->gso_size))
			return -EINVAL;
		return copy_in_bytes(&c->gso_size, data, sizeof(c->gso_size)) ? -EFAULT : 0;
	}
	if (h->cmsg_level != SOL_SOCKET)
		return 1;
	switch (h->cmsg_type) {
	case SO_MARK:
		if (!capable(CAP_NET_ADMIN) && !capable(CAP_NET_RAW))
			return -EPERM;
		return len != 4 ? -EINVAL : copy_in_bytes(&c->mark, data, 4) ? -EFAULT : 0;
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		if (!c->stamp_set)
			c->stamping = READ_ONCE(sk->c.stamping);
		c->stamp_set = true;
		return sock_stamp_cmsg(&c->stamping, data, len);
	case SCM_RIGHTS:
	case SCM_CREDENTIALS:
		return 0;	/* mean nothing here */
	default:
		return -EINVAL;
	}
}

/* IPV6_PKTINFO on the way to a mapped address. */
static int pktinfo_mapped(struct send_ctl *c, uaddr_t data, size_t len)
{
	struct in6_pktinfo info;
	struct ipaddr a;

	if (len < sizeof(info))
		return -EINVAL;
	if (copy_in_bytes(&info, data, sizeof(info)))
		return -EFAULT;
	a = ipaddr_v6(&info.ipi6_addr);
	if (!ipaddr_is4(&a))
		return -EINVAL;
	if (info.ipi6_ifindex)
		c->oif = info.ipi6_ifindex;
	c->src = a;
	return 0;
}

static int one_cmsg(struct inet_sock *sk, struct send_ctl *c, const struct cmsghdr *h, uaddr_t data)
{
	size_t len = h->cmsg_len - sizeof(*h);
	struct in_pktinfo info;
	int v = 0;

	if (h->cmsg_level == SOL_IPV6 && h->cmsg_type == IPV6_PKTINFO && sk->c.family == AF_INET6)
		return pktinfo_mapped(c, data, len);
	if (h->cmsg_level != SOL_IP)
		return 0;
	switch (h->cmsg_type) {
	case IP_PKTINFO:
		if (len != sizeof(info))
			return -EINVAL;
		if (copy_in_bytes(&info, data, sizeof(info)))
			return -EFAULT;
		if (info.ipi_ifindex)
			c->oif = info.ipi_ifindex;
		c->src = ipaddr_v4((be32_t){ info.ipi_spec_dst.s_addr });
		return 0;
	case IP_TTL:
		if (len != sizeof(v))
			return -EINVAL;
		if (copy_in_bytes(&v, data, sizeof(v)))
			return -EFAULT;
		if (v < 1 || v > 255)
			return -EINVAL;
		c->ttl = v;
		return 0;
	case IP_TOS:
		if (len != sizeof(v) && len != 1)
			return -EINVAL;
		if (copy_in_bytes(&v, data, len))
			return -EFAULT;
		if (v < 0 || v > 255)
			return -EINVAL;
		c->tos = v;
		return 0;
	default:
		return -EINVAL;
	}
}

int ip_cmsg_send(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	struct cmsghdr h;
	size_t off = 0;
	uaddr_t data;
	int err;

	while ((err = inet_cmsg_next(m, &off, &h, &data)) > 0) {
		err = inet_cmsg_common(sk, c, &h, data);
		if (err > 0)
			err = one_cmsg(sk, c, &h, data);
		if (err)
			break;
	}
	return err;
}

int inet_cmsg_send(struct inet_sock *sk, struct msg *m, struct send_ctl *c)
{
	return ipaddr_is4(&c->dst) ? ip_cmsg_send(sk, m, c) : ip6_cmsg_send(sk, m, c);
}

/* --- options --- */

void inet_cmsg_want(struct inet_sock *sk, u32 bit, bool on)
{
	if (on)
		__atomic_fetch_or(&sk->o.cmsg, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&sk->o.cmsg, ~bit, __ATOMIC_RELAXED);
}

void inet_errq_purge(struct inet_sock *sk)
{
	struct pkt_list l;
	u64 flags;

	spin_lock_irqsave(&sk->qlock, flags);
	l = sk->errq;
	pkt_list_init(&sk->errq);
	spin_unlock_irqrestore(&sk->qlock, flags);
	pkt_list_free(&l);
}

static int set_mc_if(struct inet_sock *sk, uaddr_t val, int len)
{
	struct ip_mreqn r = { 0 };
	struct net_device *dev;
	struct net_ifaddr *a;
	struct ipaddr addr;
	int err = 0;

	if (len < (int)sizeof(struct in_addr))
		return -EINVAL;
	if (len >= (int)sizeof(r)) {
		if (copy_in_bytes(&r, val, sizeof(r)))
			return -EFAULT;
	} else if (len >= 8) {
		if (copy_in_bytes(&r, val, 8))
			return -EFAULT;
	} else if (copy_in_bytes(&r.imr_address, val, sizeof(r.imr_address))) {
		return -EFAULT;
	}
	if (!r.imr_ifindex && !r.imr_address.s_addr) {
		sk->o.mc_ifindex = 0;
		sk->o.mc_addr = ipaddr_v4((be32_t){ 0 });
		return 0;
	}
	addr = ipaddr_v4((be32_t){ r.imr_address.s_addr });
	rcu_read_lock();
	if (r.imr_ifindex) {
		dev = netdev_by_index(sk->net, r.imr_ifindex);
	} else {
		a = inet_addr_find(sk->net, &addr, NULL);
		dev = a ? a->dev : NULL;
	}
	if (!dev || (sk->bound_if && sk->bound_if != dev->ifindex)) {
		err = dev ? -EINVAL : -EADDRNOTAVAIL;
	} else {
		sk->o.mc_ifindex = dev->ifindex;
		sk->o.mc_addr = addr;
	}
	rcu_read_unlock();
	return err;
}

static int set_options(struct inet_sock *sk, uaddr_t val, int len)
{
	u8 o[40];

	if (len < 0 || len > 40)
		return -EINVAL;
	if (len && copy_in_bytes(o, val, (size_t)len))
		return -EFAULT;
	for (int i = 0; i < len; ) {
		if (o[i] <= 1) {
			i++;
			continue;
		}
		if (i + 1 >= len || o[i + 1] < 2 || i + o[i + 1] > len)
			return -EINVAL;
		if ((o[i] == 131 || o[i] == 137) && !capable(CAP_NET_RAW))
			return -EPERM;
		i += o[i + 1];
	}
	memset(sk->o.ip_options, 0, sizeof(sk->o.ip_options));
	memcpy(sk->o.ip_options, o, (size_t)len);
	sk->o.ip_options_len = (u8)((len + 3) & ~3);
	return 0;
}

static int set_flag(struct inet_sock *sk, int opt, int v)
{
	static const struct { int opt; u32 bit; } bits[] = {
		{ IP_PKTINFO, CMSG_PKTINFO }, { IP_RECVTTL, CMSG_TTL }, { IP_RECVTOS, CMSG_TOS }, { IP_RECVOPTS, CMSG_RECVOPTS },
		{ IP_RECVORIGDSTADDR, CMSG_ORIGDST }, { IP_RECVFRAGSIZE, CMSG_FRAGSIZE },
	};

	for (u32 i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (bits[i].opt == opt) {
			inet_cmsg_want(sk, bits[i].bit, v != 0);
			return 0;
		}
	}
	switch (opt) {
	case IP_FREEBIND:
		sk->o.freebind = v != 0;
		return 0;
	case IP_TRANSPARENT:
		if (v && !capable(CAP_NET_RAW) && !capable(CAP_NET_ADMIN))
			return -EPERM;
		sk->o.transparent = v != 0;
		return 0;
	case IP_HDRINCL:
		if (sk->c.type != SOCK_RAW)
			return -ENOPROTOOPT;
		sk->o.hdrincl = v != 0;
		return 0;
	case IP_BIND_ADDRESS_NO_PORT:
		sk->o.bind_no_port = v != 0;
		return 0;
	case IP_MULTICAST_ALL:
		if (v != 0 && v != 1)
			return -EINVAL;
		sk->o.mc_all = v != 0;
		return 0;
	case IP_MULTICAST_LOOP:
		sk->o.mc_loop = v != 0;
		return 0;
	case IP_RECVERR:
		sk->o.recverr = v != 0;
		if (!v)
			inet_errq_purge(sk);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_value(struct inet_sock *sk, int opt, int v, int len)
{
	switch (opt) {
	case IP_TOS:
		if (sk->c.type == SOCK_STREAM)
			v = (v & ~3) | (sk->o.tos & 3);
		sk->o.tos = (u8)v;
		sk->c.priority = 0;
		return 0;
	case IP_TTL:
		if (len < 1 || (v != -1 && (v < 1 || v > 255)))
			return -EINVAL;
		sk->o.ttl = (s16)v;
		return 0;
	case IP_MINTTL:
		if (v < 0 || v > 255)
			return -EINVAL;
		sk->o.min_ttl = (u8)v;
		return 0;
	case IP_MTU_DISCOVER:
		if (v < IP_PMTUDISC_DONT || v > IP_PMTUDISC_OMIT)
			return -EINVAL;
		sk->o.pmtudisc = (u8)v;
		return 0;
	case IP_MULTICAST_TTL:
		if (sk->c.type == SOCK_STREAM || v < -1 || v > 255)
			return -EINVAL;
		sk->o.mc_ttl = (s16)(v == -1 ? 1 : v);
		return 0;
	case IP_UNICAST_IF:
		sk->o.unicast_if = (int)be32((be32_t){ (u32)v });
		return 0;
	default:
		return set_flag(sk, opt, v);
	}
}

int ip_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	u8 byte;
	int v = 0;

	switch (opt) {
	case IP_OPTIONS:
		return set_options(sk, val, len);
	case IP_MULTICAST_IF:
		if (sk->c.type == SOCK_STREAM)
			return -EINVAL;
		return set_mc_if(sk, val, len);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
		return igmp_setsockopt(sk, opt, val, len);
	}
	if (len >= (int)sizeof(v)) {
		if (copy_in_bytes(&v, val, sizeof(v)))
			return -EFAULT;
	} else if (len >= 1) {
		if (copy_in_bytes(&byte, val, 1))
			return -EFAULT;
		v = byte;
	} else if (opt == IP_TTL || opt == IP_MULTICAST_TTL || opt == IP_MTU_DISCOVER) {
		return -EINVAL;
	}
	return set_value(sk, opt, v, len);
}

int inet_path_mtu(struct inet_sock *sk, int *v)
{
	int err = -ENOTCONN;

	mutex_lock(&sk->lock);
	if (sk->rport || sk->state == TCP_ESTABLISHED) {
		if (!route_valid(sk->net, &sk->dst)) {
			struct flow f;

			route_put(&sk->dst);
			inet_sock_flow(sk, &sk->raddr, 0, &f);
			err = route_output(sk->net, &f, &sk->dst);
		} else {
			err = 0;
		}
		if (!err)
			*v = (int)sk->dst.mtu;
	}
	mutex_unlock(&sk->lock);
	return err ? -ENOTCONN : 0;
}

static int get_value(struct inet_sock *sk, int opt, int *v)
{
	const struct inet_opts *o = &sk->o;

	switch (opt) {
	case IP_TOS: *v = o->tos; break;
	case IP_TTL: *v = o->ttl < 0 ? net_inet(sk->net)->sysctl.ip_default_ttl : o->ttl; break;
	case IP_MINTTL: *v = o->min_ttl; break;
	case IP_MTU_DISCOVER: *v = o->pmtudisc; break;
	case IP_MULTICAST_TTL: *v = o->mc_ttl < 0 ? 1 : o->mc_ttl; break;
	case IP_UNICAST_IF: *v = (int)to_be32((u32)o->unicast_if).raw; break;
	case IP_PKTINFO: *v = !!(o->cmsg & CMSG_PKTINFO); break;
	case IP_RECVTTL: *v = !!(o->cmsg & CMSG_TTL); break;
	case IP_RECVTOS: *v = !!(o->cmsg & CMSG_TOS); break;
	case IP_RECVOPTS: *v = !!(o->cmsg & CMSG_RECVOPTS); break;
	case IP_RECVORIGDSTADDR: *v = !!(o->cmsg & CMSG_ORIGDST); break;
	case IP_RECVFRAGSIZE: *v = !!(o->cmsg & CMSG_FRAGSIZE); break;
	case IP_FREEBIND: *v = o->freebind; break;
	case IP_TRANSPARENT: *v = o->transparent; break;
	case IP_HDRINCL: *v = o->hdrincl; break;
	case IP_BIND_ADDRESS_NO_PORT: *v = o->bind_no_port; break;
	case IP_MULTICAST_ALL: *v = o->mc_all; break;
	case IP_MULTICAST_LOOP: *v = o->mc_loop; break;
	case IP_RECVERR: *v = o->recverr; break;
	case IP_MTU: return inet_path_mtu(sk, v);
	default: return -ENOPROTOOPT;
	}
	return 0;
}

int ip_getsockopt(struct inet_sock *sk, int opt, uaddr_t uval, uaddr_t ulen)
{
	int v, len, err;
	u8 byte;

	if (opt == IP_OPTIONS)
		return sockopt_out(uval, ulen, sk->o.ip_options, sk->o.ip_options_len);
	if (opt == IP_MULTICAST_IF) {
		u32 a = ipaddr_is4(&sk->o.mc_addr) ? sk->o.mc_addr.w[3].raw : 0;

		return sockopt_out(uval, ulen, &a, sizeof(a));
	}
	err = get_value(sk, opt, &v);
	if (err)
		return err;
	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	/* A caller with room for a byte gets one, when the value fits. */
	if (len > 0 && len < (int)sizeof(v) && v >= 0 && v <= 255) {
		byte = (u8)v;
		return sockopt_out(uval, ulen, &byte, 1);
	}
	return sockopt_out(uval, ulen, &v, sizeof(v));
}
