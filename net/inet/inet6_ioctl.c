/* SPDX-License-Identifier: MPL-2.0 */
/* Addresses and routes by the ioctls of an AF_INET6 socket (BusyBox ifconfig and route). Source: netdevice(7), ipv6(7). */
#include <base/err.h>
#include <base/string.h>
#include <core/clock.h>
#include <kernel/task.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/if.h>
#include <uapi/linux/netlink.h>
#include <uapi/linux/route.h>

#include "ip6_impl.h"

struct in6_ifreq {
	struct in6_addr addr;
	u32 prefixlen;
	s32 ifindex;
};
static_assert(sizeof(struct in6_ifreq) == 24, "uapi");

struct in6_rtmsg {
	struct in6_addr dst, src, gateway;
	u32 type;
	u16 dst_len, src_len;
	u32 metric;
	u64 info;		/* seconds to live, with RTF_EXPIRES */
	u32 flags;
	s32 ifindex;
};
static_assert(sizeof(struct in6_rtmsg) == 80, "uapi");
#define RTF_EXPIRES	0x00400000u

static int addr_ioctl(struct net *net, u32 cmd, u64 arg)
{
	struct net_ifaddr a = { .family = AF_INET6, .valid_lft = INFINITY_LIFE, .preferred_lft = INFINITY_LIFE };
	struct net_device *dev;
	struct in6_ifreq q;
	int err;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_bytes(&q, uaddr(arg), sizeof(q)))
		return -EFAULT;
	if (q.prefixlen > 128)
		return -EINVAL;
	a.local = a.peer = ipaddr_v6(&q.addr);
	a.prefixlen = (u8)q.prefixlen;
	rtnl_lock();
	dev = netdev_by_index(net, q.ifindex);
	if (!dev)
		err = -ENODEV;
	else if (cmd == SIOCSIFADDR)
		err = inet_addr_add(net, dev, &a);
	else
		err = inet_addr_del(net, dev, AF_INET6, &a.local, a.prefixlen);
	rtnl_unlock();
	return err;
}

static int fill(struct net *net, const struct in6_rtmsg *m, struct fib_route *r)
{
	struct ipaddr masked;

	if (m->dst_len > 128 || m->src_len > 128 || m->src_len)
		return -EINVAL;
	r->family = AF_INET6;
	r->table = RT_TABLE_MAIN;
	r->dst = ipaddr_v6(&m->dst);
	r->dst_len = (u8)m->dst_len;
	masked = r->dst;
	ipaddr_mask(&masked, r->dst_len);
	r->dst = masked;
	r->priority = m->metric;
	r->type = m->flags & RTF_REJECT ? RTN_UNREACHABLE : RTN_UNICAST;
	if (m->ifindex) {
		r->nh[0].dev = netdev_get_by_index(net, m->ifindex);
		if (!r->nh[0].dev)
			return -ENODEV;
	}
	if (m->flags & RTF_GATEWAY) {
		r->nh[0].gw = ipaddr_v6(&m->gateway);
		r->nh[0].has_gw = true;
		if (ipaddr_any(&r->nh[0].gw) || ipaddr_multicast(&r->nh[0].gw) || ipaddr_is4(&r->nh[0].gw))
			return -EINVAL;
	}
	if (m->flags & RTF_EXPIRES)
		r->expires_ns = clock_monotonic_ns() + m->info % INFINITY_LIFE * NSEC_PER_SEC;
	return 0;
}

static int route_ioctl(struct net *net, u32 cmd, u64 arg)
{
	struct in6_rtmsg m;
	struct fib_route *r;
	int err;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_bytes(&m, uaddr(arg), sizeof(m)))
		return -EFAULT;
	r = fib_route_alloc(1, GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	rtnl_lock();
	err = fill(net, &m, r);
	if (err) {
		fib_route_put(r);
	} else if (cmd == SIOCADDRT) {
		r->protocol = RTPROT_BOOT;
		if (!r->priority)
			r->priority = 1024;
		if (r->type == RTN_UNREACHABLE && !r->nh[0].dev) {
			r->nh[0].dev = net->lo;
			dev_get(net->lo);
		}
		err = fib_route_add(net, r, NLM_F_CREATE | NLM_F_EXCL);
		if (!err)
			ip6_kick(net, clock_monotonic_ns());
	} else {
		r->type = 0;
		err = fib_route_del(net, r);
		fib_route_put(r);
	}
	rtnl_unlock();
	return err;
}

int inet6_ioctl(struct net *net, struct inet_sock *sk, u32 cmd, u64 arg)
{
	(void)sk;
	switch (cmd) {
	case SIOCADDRT:
	case SIOCDELRT:
		return route_ioctl(net, cmd, arg);
	case SIOCSIFADDR:
	case SIOCDIFADDR:
		return addr_ioctl(net, cmd, arg);
	case SIOCGIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFDSTADDR:
		return -ENOTTY;		/* IPv4's alone */
	default:
		return -ENOIOCTLCMD;
	}
}
