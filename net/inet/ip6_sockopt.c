/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Options of SOL_IPV6 on AF_INET6 sockets. Sources: ipv6(7), RFC 3493, RFC 3542. What would have no effect here is refused:
 * routing headers to send, flow label leases, anycast groups, address preferences, router alerts.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <kernel/task.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/in6.h>

#include "igmp_impl.h"

/* Options that ask for a control message. */
static u32 cmsg_bit(int opt)
{
	static const struct { int opt; u32 bit; } bits[] = {
		{ IPV6_RECVPKTINFO, CMSG6_PKTINFO }, { IPV6_2292PKTINFO, CMSG6_OPKTINFO }, { IPV6_RECVHOPLIMIT, CMSG6_HOPLIMIT },
		{ IPV6_2292HOPLIMIT, CMSG6_OHOPLIMIT }, { IPV6_RECVRTHDR, CMSG6_RTHDR }, { IPV6_2292RTHDR, CMSG6_ORTHDR },
		{ IPV6_RECVHOPOPTS, CMSG6_HOPOPTS }, { IPV6_2292HOPOPTS, CMSG6_OHOPOPTS }, { IPV6_RECVDSTOPTS, CMSG6_DSTOPTS },
		{ IPV6_2292DSTOPTS, CMSG6_ODSTOPTS }, { IPV6_RECVTCLASS, CMSG6_TCLASS }, { IPV6_FLOWINFO, CMSG6_FLOWINFO },
		{ IPV6_RECVPATHMTU, CMSG6_PATHMTU }, { IPV6_RECVORIGDSTADDR, CMSG6_ORIGDST },
		{ IPV6_RECVFRAGSIZE, CMSG6_FRAGSIZE },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		if (bits[i].opt == opt)
			return bits[i].bit;
	return 0;
}

/* --- ADDRFORM --- */

static bool has_form(const struct inet_sock *sk)
{
	return sk->c.type != SOCK_RAW && (sk->c.protocol == IPPROTO_TCP || sk->c.protocol == IPPROTO_UDP);
}

static int set_form(struct inet_sock *sk, int v)
{
	int err = 0;

	if (v != AF_INET)
		return -EINVAL;
	if (!has_form(sk))
		return -ENOPROTOOPT;
	mutex_lock(&sk->lock);
	if (sk->state != TCP_ESTABLISHED)
		err = -ENOTCONN;
	else if (sk->o.v6only || !ipaddr_is4(&sk->raddr))
		err = -EADDRNOTAVAIL;
	else
		inet_addrform(sk);
	mutex_unlock(&sk->lock);
	return err;
}

static int get_form(struct inet_sock *sk, int *v)
{
	if (!has_form(sk))
		return -ENOPROTOOPT;
	if (sk->state != TCP_ESTABLISHED)
		return -ENOTCONN;
	*v = sk->c.family;
	return 0;
}

static int get_value(struct inet_sock *sk, int opt, int *v)
{
	const struct inet_opts *o = &sk->o;
	int hops = inet_conf6_all(sk->net)->hop_limit;
	u32 bit = cmsg_bit(opt);

	if (bit) {
		*v = !!(o->cmsg & bit);
		return 0;
	}
	switch (opt) {
	case IPV6_ADDRFORM: return get_form(sk, v);
	case IPV6_MTU: return inet_path_mtu(sk, v);
	case IPV6_V6ONLY: *v = o->v6only; break;
	case IPV6_TCLASS: *v = o->tclass; break;
	case IPV6_TRANSPARENT: *v = o->transparent; break;
	case IPV6_FREEBIND: *v = o->freebind; break;
	case IPV6_UNICAST_HOPS: *v = o->hops < 0 ? hops : o->hops; break;
	case IPV6_MULTICAST_HOPS: *v = o->mc_hops < 0 ? 1 : o->mc_hops; break;
	case IPV6_MULTICAST_LOOP: *v = o->mc_loop6; break;
	case IPV6_MULTICAST_IF: *v = o->mc_ifindex6; break;
	case IPV6_MULTICAST_ALL: *v = o->mc_all6; break;
	case IPV6_UNICAST_IF: *v = (int)to_be32((u32)o->unicast_if6).raw; break;
	case IPV6_MTU_DISCOVER: *v = o->pmtudisc6; break;
	case IPV6_RECVERR: *v = o->recverr6; break;
	case IPV6_FLOWINFO_SEND: *v = o->sndflow; break;
	case IPV6_MINHOPCOUNT: *v = o->min_hops; break;
	case IPV6_DONTFRAG: *v = o->dontfrag6; break;
	case IPV6_AUTOFLOWLABEL: *v = inet_autoflow(sk); break;
	default: return -ENOPROTOOPT;
	}
	return 0;
}

/* --- devices --- */

static bool dev_there(struct inet_sock *sk, int ifindex)
{
	bool there;

	rcu_read_lock();
	there = netdev_by_index(sk->net, ifindex) != NULL;
	rcu_read_unlock();
	return there;
}

static int set_mc_if(struct inet_sock *sk, int ifindex)
{
	if (sk->c.type == SOCK_STREAM)
		return -ENOPROTOOPT;
	if (ifindex) {
		if (!dev_there(sk, ifindex))
			return -ENODEV;
		if (sk->bound_if && sk->bound_if != ifindex)
			return -EINVAL;
	}
	WRITE_ONCE(sk->o.mc_ifindex6, ifindex);
	return 0;
}

static int set_unicast_if(struct inet_sock *sk, int v, int len)
{
	int ifindex = (int)be32((be32_t){ (u32)v });

	if (len != (int)sizeof(v))
		return -EINVAL;
	if (ifindex) {
		if (!dev_there(sk, ifindex))
			return -EADDRNOTAVAIL;
		if (sk->bound_if)
			return -EINVAL;
	}
	WRITE_ONCE(sk->o.unicast_if6, ifindex);
	return 0;
}

static int set_pktinfo(struct inet_sock *sk, uaddr_t val, int len)
{
	struct in6_pktinfo i;

	if (len < (int)sizeof(i))
		return -EINVAL;
	if (copy_in_bytes(&i, val, sizeof(i)))
		return -EFAULT;
	if (sk->bound_if && i.ipi6_ifindex && i.ipi6_ifindex != sk->bound_if)
		return -EINVAL;
	mutex_lock(&sk->lock);
	sk->o.pktinfo_if6 = i.ipi6_ifindex;
	sk->o.pktinfo_addr6 = ipaddr_v6(&i.ipi6_addr);
	route_put(&sk->dst);
	mutex_unlock(&sk->lock);
	return 0;
}

/* --- values --- */

static int set_tclass(struct inet_sock *sk, int v)
{
	if (v < -1 || v > 255)
		return -EINVAL;
	v = max(v, 0);
	if (sk->c.type == SOCK_STREAM)
		v = (v & ~3) | (sk->o.tclass & 3);
	sk->o.tclass = (u8)v;
	return 0;
}

static int set_hops(struct inet_sock *sk, int opt, int v)
{
	if (opt == IPV6_MULTICAST_HOPS && sk->c.type == SOCK_STREAM)
		return -ENOPROTOOPT;
	if (v < -1 || v > 255)
		return -EINVAL;
	if (opt == IPV6_UNICAST_HOPS)
		sk->o.hops = (s16)v;
	else
		sk->o.mc_hops = (s16)(v < 0 ? 1 : v);
	return 0;
}

static int set_v6only(struct inet_sock *sk, int v)
{
	int err = 0;

	mutex_lock(&sk->lock);
	if (sk->lport || sk->bound_port)
		err = -EINVAL;
	else
		sk->o.v6only = v != 0;
	mutex_unlock(&sk->lock);
	return err;
}

static int set_flag(struct inet_sock *sk, int opt, int v)
{
	switch (opt) {
	case IPV6_TRANSPARENT:
		if (v && !capable(CAP_NET_RAW) && !capable(CAP_NET_ADMIN))
			return -EPERM;
		sk->o.transparent = v != 0;
		return 0;
	case IPV6_FREEBIND:
		sk->o.freebind = v != 0;
		return 0;
	case IPV6_MULTICAST_LOOP:
		if (v != 0 && v != 1)
			return -EINVAL;
		sk->o.mc_loop6 = v != 0;
		return 0;
	case IPV6_MULTICAST_ALL:
		sk->o.mc_all6 = v != 0;
		return 0;
	case IPV6_RECVERR:
		sk->o.recverr6 = v != 0;
		if (!v)
			inet_errq_purge(sk);
		return 0;
	case IPV6_FLOWINFO_SEND:
		sk->o.sndflow = v != 0;
		return 0;
	case IPV6_DONTFRAG:
		sk->o.dontfrag6 = v != 0;
		return 0;
	case IPV6_AUTOFLOWLABEL:
		sk->o.autoflow = v != 0;
		sk->o.autoflow_set = true;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_value(struct inet_sock *sk, int opt, int v, int len)
{
	u32 bit = cmsg_bit(opt);

	/* These look at no length. */
	if (opt == IPV6_DONTFRAG || opt == IPV6_AUTOFLOWLABEL)
		return set_flag(sk, opt, v);
	if (opt == IPV6_RECVFRAGSIZE)
		len = sizeof(v);
	if (opt == IPV6_MULTICAST_HOPS && sk->c.type == SOCK_STREAM)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(v))
		return get_value(sk, opt, &v) == -ENOPROTOOPT ? -ENOPROTOOPT : -EINVAL;
	if (bit) {
		inet_cmsg_want(sk, bit, v != 0);
		return 0;
	}
	switch (opt) {
	case IPV6_ADDRFORM:
		return set_form(sk, v);
	case IPV6_V6ONLY:
		return set_v6only(sk, v);
	case IPV6_TCLASS:
		return set_tclass(sk, v);
	case IPV6_UNICAST_HOPS:
	case IPV6_MULTICAST_HOPS:
		return set_hops(sk, opt, v);
	case IPV6_UNICAST_IF:
		return set_unicast_if(sk, v, len);
	case IPV6_MULTICAST_IF:
		return set_mc_if(sk, v);
	case IPV6_MTU_DISCOVER:
		if (v < IP_PMTUDISC_DONT || v > IP_PMTUDISC_OMIT)
			return -EINVAL;
		sk->o.pmtudisc6 = (u8)v;
		return 0;
	case IPV6_MTU:
		if (v && v < IPV6_MIN_MTU)
			return -EINVAL;
		sk->o.frag_size6 = (u16)min(v, 65535);
		return 0;
	case IPV6_MINHOPCOUNT:
		if (v < 0 || v > 255)
			return -EINVAL;
		sk->o.min_hops = (u8)v;
		return 0;
	default:
		return set_flag(sk, opt, v);
	}
}

int ip6_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	int v = 0;

	switch (opt) {
	case IPV6_PKTINFO:
		return set_pktinfo(sk, val, len);
	case IPV6_HOPOPTS:
	case IPV6_RTHDRDSTOPTS:
	case IPV6_DSTOPTS:
		if (sk->c.type == SOCK_STREAM)
			return -ENOPROTOOPT;
		return ip6_txopts_set(sk, opt, val, len);
	case IPV6_JOIN_GROUP:
	case IPV6_LEAVE_GROUP:
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
	case MCAST_MSFILTER:
		return ip6_mc_setsockopt(sk, opt, val, len);
	}
	if (len >= (int)sizeof(v) && copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	return set_value(sk, opt, v, len);
}

/* --- asking --- */

static int get_pathmtu(struct inet_sock *sk, uaddr_t val, uaddr_t ulen)
{
	struct ip6_mtuinfo i = { 0 };
	int len, mtu, err;

	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (len < (int)sizeof(i))
		return -EINVAL;
	err = inet_path_mtu(sk, &mtu);
	if (err)
		return err;
	i.ip6m_mtu = (u32)mtu;
	return sockopt_out(val, ulen, &i, sizeof(i));
}

int ip6_getsockopt(struct inet_sock *sk, int opt, uaddr_t val, uaddr_t ulen)
{
	int v, err;

	switch (opt) {
	case IPV6_HOPOPTS:
	case IPV6_RTHDRDSTOPTS:
	case IPV6_DSTOPTS:
		return ip6_txopts_get(sk, opt, val, ulen);
	case IPV6_PATHMTU:
		return get_pathmtu(sk, val, ulen);
	case MCAST_MSFILTER:
		return ip6_mc_getsockopt(sk, val, ulen);
	}
	err = get_value(sk, opt, &v);
	return err ? err : sockopt_out(val, ulen, &v, sizeof(v));
}
