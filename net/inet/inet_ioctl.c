/* SPDX-License-Identifier: MPL-2.0 */
/* Interface and route ioctls of Internet sockets (BusyBox ifconfig, route). Source: netdevice(7). */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <kernel/task.h>
#include <uapi/linux/capability.h>
#include <uapi/linux/if.h>
#include <uapi/linux/ioctls.h>
#include <uapi/linux/netlink.h>
#include <uapi/linux/route.h>

#include "ip6_impl.h"

static be32_t in_of(const struct ifreq *r)
{
	const struct sockaddr_in *a = (const struct sockaddr_in *)&r->ifr_ifru.ifru_addr;

	return (be32_t){ a->sin_addr.s_addr };
}

static void put_in(struct ifreq *r, be32_t v)
{
	struct sockaddr_in *a = (struct sockaddr_in *)&r->ifr_ifru.ifru_addr;

	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = v.raw;
}

static be32_t mask_of(u8 len)
{
	return to_be32(len ? ~0u << (32 - len) : 0);
}

/* The address that a name means: "eth0" the first, "eth0:1" the one with that label. */
static struct net_ifaddr *labelled(struct net_device *dev, const char *label)
{
	struct inet_dev *id = dev_inet(dev);
	struct net_ifaddr *a;

	if (!id)
		return NULL;
	list_for_each_entry(a, &id->addrs4, link)
		if (!strncmp(a->label, label, IFNAMSIZ))
			return a;
	return strchr(label, ':') || list_empty(&id->addrs4) ? NULL : list_first_entry(&id->addrs4, struct net_ifaddr, link);
}

/* Replace the address by a changed copy. */
static int readd(struct net *net, struct net_device *dev, struct net_ifaddr *old, struct net_ifaddr *n)
{
	if (old)
		(void)inet_addr_del(net, dev, AF_INET, &old->local, old->prefixlen);
	n->flags = 0;
	return inet_addr_add(net, dev, n);
}

static int set_addr(struct net *net, struct net_device *dev, struct ifreq *r, const char *label)
{
	struct net_ifaddr *a = labelled(dev, label), n = { .family = AF_INET, .valid_lft = INFINITY_LIFE,
		.preferred_lft = INFINITY_LIFE };
	be32_t v = in_of(r);
	u32 host = be32(v);

	if (r->ifr_ifru.ifru_addr.sa_family != AF_INET || host >> 28 == 15 || host >> 28 == 14)
		return -EINVAL;
	if (a && a->local.w[3].raw == v.raw)
		return 0;
	if (!host) {
		if (a)
			(void)inet_addr_del(net, dev, AF_INET, &a->local, a->prefixlen);
		return 0;
	}
	memcpy(n.label, label, IFNAMSIZ);
	n.local = n.peer = ipaddr_v4(v);
	n.prefixlen = dev->flags & IFF_POINTOPOINT ? 32 : host >> 31 == 0 ? 8 : host >> 30 == 2 ? 16 : 24;
	n.scope = ipaddr_loopback(&n.local) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	n.broadcast = ipaddr_v4((be32_t){ 0 });
	if (dev->flags & IFF_BROADCAST && n.prefixlen < 31)
		n.broadcast = ipaddr_v4((be32_t){ v.raw | ~mask_of(n.prefixlen).raw });
	return readd(net, dev, a, &n);
}

static int set_mask(struct net *net, struct net_device *dev, struct ifreq *r, struct net_ifaddr *a)
{
	struct net_ifaddr n = *a;
	be32_t old = mask_of(a->prefixlen), m = in_of(r);
	u32 host = be32(m);

	if (~host & (~host + 1))
		return -EINVAL;
	n.prefixlen = (u8)__builtin_popcount(host);
	if (dev->flags & IFF_BROADCAST && a->prefixlen < 31 && a->broadcast.w[3].raw == (a->local.w[3].raw | ~old.raw))
		n.broadcast = ipaddr_v4((be32_t){ a->local.w[3].raw | ~m.raw });
	return n.prefixlen == a->prefixlen ? 0 : readd(net, dev, a, &n);
}

static int set_other(struct net *net, struct net_device *dev, u32 cmd, struct ifreq *r, const char *label)
{
	struct net_ifaddr *a = labelled(dev, label), n;

	if (!a)
		return -EADDRNOTAVAIL;
	n = *a;
	if (cmd == SIOCSIFNETMASK)
		return set_mask(net, dev, r, a);
	if (cmd == SIOCSIFBRDADDR)
		n.broadcast = ipaddr_v4(in_of(r));
	else
		n.peer = ipaddr_v4(in_of(r));
	return readd(net, dev, a, &n);
}

static int get(struct net_device *dev, u32 cmd, struct ifreq *r, const char *label)
{
	struct net_ifaddr *a = labelled(dev, label);

	if (!a)
		return -EADDRNOTAVAIL;
	switch (cmd) {
	case SIOCGIFADDR:
		put_in(r, a->local.w[3]);
		return 0;
	case SIOCGIFBRDADDR:
		put_in(r, a->broadcast.w[3]);
		return 0;
	case SIOCGIFNETMASK:
		put_in(r, mask_of(a->prefixlen));
		return 0;
	default:
		put_in(r, a->peer.w[3]);
		return 0;
	}
}

static int ifreq_ioctl(struct net *net, u32 cmd, u64 arg)
{
	bool change = cmd == SIOCSIFADDR || cmd == SIOCSIFDSTADDR || cmd == SIOCSIFBRDADDR || cmd == SIOCSIFNETMASK;
	char label[IFNAMSIZ], name[IFNAMSIZ];
	struct net_device *dev;
	struct ifreq r;
	char *colon;
	int err;

	if (copy_in_bytes(&r, uaddr(arg), sizeof(r)))
		return -EFAULT;
	if (change && !capable(CAP_NET_ADMIN))
		return -EPERM;
	r.ifr_ifrn.ifrn_name[IFNAMSIZ - 1] = 0;
	memcpy(label, r.ifr_ifrn.ifrn_name, IFNAMSIZ);
	memcpy(name, label, IFNAMSIZ);
	colon = strchr(name, ':');
	if (colon)
		*colon = 0;
	rtnl_lock();
	dev = netdev_by_name(net, name);
	if (!dev)
		err = -ENODEV;
	else if (!change)
		err = get(dev, cmd, &r, label);
	else
		err = cmd == SIOCSIFADDR ? set_addr(net, dev, &r, label) : set_other(net, dev, cmd, &r, label);
	rtnl_unlock();
	if (!err && !change && copy_out_bytes(uaddr(arg), &r, sizeof(r)))
		return -EFAULT;
	return err;
}

/* SIOCGIFCONF: one entry for each IPv4 address. */
static int ifconf(struct net *net, u64 arg)
{
	struct net_device *dev;
	struct ifconf c;
	s32 done = 0;
	int err = 0;

	if (copy_in_bytes(&c, uaddr(arg), sizeof(c)))
		return -EFAULT;
	rtnl_lock();
	for_each_netdev(dev, net) {
		struct inet_dev *id = dev_inet(dev);
		struct net_ifaddr *a;

		if (!id)
			continue;
		list_for_each_entry(a, &id->addrs4, link) {
			struct ifreq r = { 0 };

			if (c.ifc_buf && done + (s32)sizeof(r) > c.ifc_len)
				break;
			memcpy(r.ifr_ifrn.ifrn_name, a->label[0] ? a->label : dev->name, IFNAMSIZ);
			put_in(&r, a->local.w[3]);
			if (c.ifc_buf && copy_out_bytes(uaddr(c.ifc_buf + (u64)done), &r, sizeof(r)))
				err = -EFAULT;
			done += (s32)sizeof(r);
		}
	}
	rtnl_unlock();
	c.ifc_len = done;
	return err ? err : copy_out_bytes(uaddr(arg), &c, sizeof(c)) ? -EFAULT : 0;
}

/* --- routes --- */

static int route_fill_in(struct net *net, const struct rtentry *e, struct fib_route *r)
{
	const struct sockaddr_in *dst = (const struct sockaddr_in *)&e->rt_dst, *gw = (const struct sockaddr_in *)&e->rt_gateway;
	const struct sockaddr_in *mask = (const struct sockaddr_in *)&e->rt_genmask;
	u32 m = be32((be32_t){ mask->sin_addr.s_addr });
	char name[IFNAMSIZ] = { 0 };

	if (dst->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	if (e->rt_flags & RTF_HOST)
		m = ~0u;
	if (~m & (~m + 1))
		return -EINVAL;
	r->family = AF_INET;
	r->table = RT_TABLE_MAIN;
	r->dst = ipaddr_v4((be32_t){ dst->sin_addr.s_addr });
	r->dst_len = (u8)__builtin_popcount(m);
	if (dst->sin_addr.s_addr & ~to_be32(m).raw)
		return -EINVAL;
	r->priority = e->rt_metric > 0 ? (u32)(e->rt_metric - 1) : 0;
	if (e->rt_dev) {
		if (copy_in_bytes(name, uaddr(e->rt_dev), IFNAMSIZ - 1))
			return -EFAULT;
		if (strchr(name, ':'))
			*strchr(name, ':') = 0;
		r->nh[0].dev = netdev_get_by_name(net, name);
		if (!r->nh[0].dev)
			return -ENODEV;
	}
	if (e->rt_flags & RTF_GATEWAY && gw->sin_family == AF_INET && gw->sin_addr.s_addr) {
		r->nh[0].gw = ipaddr_v4((be32_t){ gw->sin_addr.s_addr });
		r->nh[0].has_gw = true;
	}
	if (e->rt_flags & RTF_REJECT) {
		r->type = RTN_UNREACHABLE;
		r->scope = RT_SCOPE_HOST;
	} else {
		r->type = RTN_UNICAST;
		r->scope = r->nh[0].has_gw ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	}
	if (e->rt_flags & RTF_MTU)
		r->metrics[FIB_METRIC_MTU] = (u32)e->rt_mtu;
	return 0;
}

static int route_ioctl(struct net *net, u32 cmd, u64 arg)
{
	struct fib_route *r;
	struct rtentry e;
	int err;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (copy_in_bytes(&e, uaddr(arg), sizeof(e)))
		return -EFAULT;
	r = fib_route_alloc(1, GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	rtnl_lock();
	err = route_fill_in(net, &e, r);
	if (err) {
		fib_route_put(r);
	} else if (cmd == SIOCADDRT) {
		r->protocol = RTPROT_BOOT;
		if (r->type == RTN_UNREACHABLE && !r->nh[0].dev) {
			r->nh[0].dev = net->lo;
			dev_get(net->lo);
		}
		err = fib_route_add(net, r, NLM_F_CREATE | NLM_F_EXCL);
	} else {
		r->scope = RT_SCOPE_NOWHERE;
		r->type = 0;
		err = fib_route_del(net, r);
		fib_route_put(r);
	}
	rtnl_unlock();
	return err;
}

static int inet_ioctl(struct net *net, struct inet_sock *sk, u32 cmd, u64 arg)
{
	int err = sk->c.family == AF_INET6 ? inet6_ioctl(net, sk, cmd, arg) : -ENOIOCTLCMD;

	if (err != -ENOIOCTLCMD)
		return err;
	switch (cmd) {
	case SIOCGIFCONF:
		return ifconf(net, arg);
	case SIOCADDRT:
	case SIOCDELRT:
		return route_ioctl(net, cmd, arg);
	case SIOCGSTAMP: {
		struct timeval { s64 sec, usec; } tv = { sk->last_stamp / 1000000000, sk->last_stamp % 1000000000 / 1000 };

		if (!sk->last_stamp)
			return -ENOENT;
		return copy_out_bytes(uaddr(arg), &tv, sizeof(tv)) ? -EFAULT : 0;
	}
	case SIOCGIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFDSTADDR:
	case SIOCSIFADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFDSTADDR:
		return ifreq_ioctl(net, cmd, arg);
	default:
		return -ENOIOCTLCMD;	/* a device's: net/netdev */
	}
}

static int inet_ioctl_init(void)
{
	inet_ioctl_hook = inet_ioctl;
	return 0;
}
INITCALL_FS(inet_ioctl_init);
