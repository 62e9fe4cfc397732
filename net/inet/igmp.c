/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Multicast memberships of sockets, with source filters; both families use it. What follows of them for a device is in
 * mc_dev.c, what routers are told in igmp_msg.c and mld6.c.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/slab.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

struct source_req {
	u32 group, interface, source;
};

/* In an RCU section. */
bool inet_mc_allow(const struct inet_sock *sk, const struct ipaddr *group, const struct ipaddr *src, int iif)
{
	const struct ip_mc_sock *m;

	list_for_each_entry_rcu(m, &sk->mc_list, link) {
		u32 n = READ_ONCE(m->nr);

		if (!ipaddr_eq(&m->group, group) || (m->ifindex && m->ifindex != iif))
			continue;
		for (u32 i = 0; i < n; i++)
			if (ipaddr_eq(&m->source[i], src))
				return m->include;
		return !m->include;
	}
	return ipaddr_is4(group) ? sk->o.mc_all : sk->o.mc_all6;
}

struct ip_mc_sock *inet_mc_find(struct inet_sock *sk, const struct ipaddr *g, int ifindex)
{
	struct ip_mc_sock *m;

	list_for_each_entry(m, &sk->mc_list, link)
		if (ipaddr_eq(&m->group, g) && (!ifindex || m->ifindex == ifindex))
			return m;
	return NULL;
}

int inet_mc_join(struct inet_sock *sk, const struct ipaddr *g, int ifindex, bool include)
{
	struct net_device *dev = netdev_by_index(sk->net, ifindex);
	struct ip_mc_sock *m;
	u32 n = 0;
	int err;

	if (!dev)
		return -ENODEV;
	if (inet_mc_find(sk, g, ifindex))
		return -EADDRINUSE;
	list_for_each_entry(m, &sk->mc_list, link)
		n++;
	if (ipaddr_is4(g) && n >= (u32)net_inet(sk->net)->sysctl.igmp_max_memberships)
		return -ENOBUFS;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->group = *g;
	m->ifindex = ifindex;
	m->include = include;
	err = inet_mc_filter(dev, g, &(struct mc_filter){ 0 }, &(struct mc_filter){ .member = true, .include = include });
	if (err) {
		kfree(m);
		return err;
	}
	list_add_tail(&m->link, &sk->mc_list);
	return 0;
}

static void drop(struct inet_sock *sk, struct ip_mc_sock *m)
{
	struct mc_filter was = { .member = true, .include = m->include, .src = m->source, .nr = m->nr };
	struct net_device *dev = netdev_by_index(sk->net, m->ifindex);

	list_del_rcu(&m->link);
	if (dev && inet_mc_filter(dev, &m->group, &was, &(struct mc_filter){ 0 }))
		pr_warn("%s: a group was lost\n", dev->name);
	kfree_rcu(m, rcu);
}

int inet_mc_leave(struct inet_sock *sk, const struct ipaddr *g, int ifindex)
{
	struct ip_mc_sock *m = inet_mc_find(sk, g, ifindex);

	if (!m)
		return -EADDRNOTAVAIL;
	drop(sk, m);
	return 0;
}

int inet_mc_sources(struct inet_sock *sk, struct ip_mc_sock *m, const struct ipaddr *src, u32 nr, bool include)
{
	struct mc_filter from = { .member = true, .include = m->include, .src = m->source, .nr = m->nr },
		to = { .member = true, .include = include, .src = src, .nr = nr };
	struct net_device *dev = netdev_by_index(sk->net, m->ifindex);
	int err = dev ? inet_mc_filter(dev, &m->group, &from, &to) : 0;

	if (err)
		return err;
	WRITE_ONCE(m->nr, 0);
	memcpy(m->source, src, nr * sizeof(*src));
	WRITE_ONCE(m->include, include);
	smp_store_release(&m->nr, nr);
	return 0;
}

int inet_mc_source(struct inet_sock *sk, const struct ipaddr *g, const struct ipaddr *s, int ifindex, bool include, bool add)
{
	struct ip_mc_sock *m = inet_mc_find(sk, g, ifindex);
	struct ipaddr *list;
	u32 i, nr;
	int err;

	if (!m || (m->include != include && m->nr))
		return -EINVAL;
	nr = m->nr;
	for (i = 0; i < nr && !ipaddr_eq(&m->source[i], s); i++)
		;
	if (add == (i < nr))
		return -EADDRNOTAVAIL;
	if (add && nr >= (ipaddr_is4(g) ? 10u : MC_SOURCES))
		return -ENOBUFS;
	list = kmalloc((nr + 1) * sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOBUFS;
	memcpy(list, m->source, nr * sizeof(*list));
	if (add)
		list[nr++] = *s;
	else
		list[i] = list[--nr];
	if (!nr && include) {
		drop(sk, m);
		err = 0;
	} else {
		err = inet_mc_sources(sk, m, list, nr, include);
	}
	kfree(list);
	return err;
}

void inet_mc_drop(struct inet_sock *sk)
{
	struct ip_mc_sock *m, *n;

	list_for_each_entry_safe(m, n, &sk->mc_list, link)
		drop(sk, m);
}

/* --- SOL_IP --- */

/* The device for a join: by index, by its address, or by the route to the group. */
static int pick_dev(struct inet_sock *sk, const struct ipaddr *g, int ifindex, u32 addr)
{
	struct ipaddr a = ipaddr_v4((be32_t){ addr });
	struct net_ifaddr *ifa;
	struct flow f = { .dst = *g, .src = ipaddr_v4((be32_t){ 0 }), .family = AF_INET };
	struct route r;
	int i = ifindex;

	if (!i && addr) {
		rcu_read_lock();
		ifa = inet_addr_find(sk->net, &a, NULL);
		i = ifa ? ifa->dev->ifindex : 0;
		rcu_read_unlock();
	} else if (!i && !route_output(sk->net, &f, &r)) {
		i = r.dev->ifindex;
		route_put(&r);
	}
	return i;
}

static int source(struct inet_sock *sk, int opt, const struct ipaddr *g, const struct ipaddr *s, int ifindex)
{
	bool include = opt == IP_ADD_SOURCE_MEMBERSHIP || opt == IP_DROP_SOURCE_MEMBERSHIP;
	bool add = opt == IP_ADD_SOURCE_MEMBERSHIP || opt == IP_BLOCK_SOURCE;

	if (opt == IP_ADD_SOURCE_MEMBERSHIP && !inet_mc_find(sk, g, ifindex)) {
		int err = inet_mc_join(sk, g, ifindex, true);

		if (err)
			return err;
	}
	return inet_mc_source(sk, g, s, ifindex, include, add);
}

int igmp_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	struct ip_mreqn r = { 0 };
	struct source_req s = { 0 };
	struct ipaddr g, src = { 0 };
	int ifindex = 0, err;

	if (sk->c.type == SOCK_STREAM)
		return -EPROTO;
	if (opt == MCAST_JOIN_GROUP || opt == MCAST_LEAVE_GROUP) {
		struct { u32 ifindex, pad; struct sockaddr_storage group; } q;
		const struct sockaddr_in *a = (const struct sockaddr_in *)&q.group;

		if (len < (int)sizeof(q))
			return -EINVAL;
		if (copy_in_bytes(&q, val, sizeof(q)))
			return -EFAULT;
		if (a->sin_family != AF_INET)
			return -EINVAL;
		r.imr_multiaddr = a->sin_addr;
		r.imr_ifindex = (s32)q.ifindex;
		opt = opt == MCAST_JOIN_GROUP ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
	} else if (opt == IP_ADD_MEMBERSHIP || opt == IP_DROP_MEMBERSHIP) {
		if (len < 8)
			return -EINVAL;
		if (copy_in_bytes(&r, val, len >= (int)sizeof(r) ? sizeof(r) : 8))
			return -EFAULT;
	} else {
		if (len != (int)sizeof(s))
			return -EINVAL;
		if (copy_in_bytes(&s, val, sizeof(s)))
			return -EFAULT;
		r.imr_multiaddr.s_addr = s.group;
		r.imr_address.s_addr = s.interface;
		src = ipaddr_v4((be32_t){ s.source });
	}
	g = ipaddr_v4((be32_t){ r.imr_multiaddr.s_addr });
	if (!ipaddr_multicast(&g))
		return -EINVAL;
	rtnl_lock();
	if (opt != IP_DROP_MEMBERSHIP || r.imr_ifindex || r.imr_address.s_addr)
		ifindex = pick_dev(sk, &g, r.imr_ifindex, r.imr_address.s_addr);
	if (!ifindex && opt != IP_DROP_MEMBERSHIP)
		err = -ENODEV;
	else if (opt == IP_ADD_MEMBERSHIP)
		err = inet_mc_join(sk, &g, ifindex, false);
	else if (opt == IP_DROP_MEMBERSHIP)
		err = inet_mc_leave(sk, &g, ifindex);
	else
		err = source(sk, opt, &g, &src, ifindex);
	rtnl_unlock();
	return err;
}
