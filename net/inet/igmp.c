/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Multicast membership: which groups a device receives and which a socket wants, with source filters. Both families use it;
 * the messages to routers (IGMP, MLD) are sent by whoever listens to joins and leaves, not here.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/rcu.h>
#include <core/slab.h>

#include "igmp_impl.h"
#include "ip6_impl.h"

struct source_req {
	u32 group, interface, source;
};

static struct list_head *dev_list(struct inet_dev *id, const struct ipaddr *g)
{
	return ipaddr_is4(g) ? &id->mc4 : &id->mc6;
}

static void group_mac(const struct ipaddr *g, u8 mac[NETDEV_MAX_ADDR])
{
	u32 low = be32(g->w[3]);
	u8 m4[6] = { 1, 0, 0x5e, (u8)(low >> 16 & 0x7f), (u8)(low >> 8), (u8)low };
	u8 m6[6] = { 0x33, 0x33, (u8)(low >> 24), (u8)(low >> 16), (u8)(low >> 8), (u8)low };

	memset(mac, 0, NETDEV_MAX_ADDR);
	memcpy(mac, ipaddr_is4(g) ? m4 : m6, 6);
}

int inet_mc_dev_join(struct net_device *dev, const struct ipaddr *g)
{
	struct inet_dev *id = dev_inet(dev);
	struct ip_mc_dev *m, *n = kzalloc(sizeof(*n), GFP_KERNEL);
	u8 mac[NETDEV_MAX_ADDR];

	if (!id || !n) {
		kfree(n);
		return id ? -ENOMEM : -ENODEV;
	}
	n->group = *g;
	n->users = 1;
	spin_lock(&id->mc_lock);
	list_for_each_entry(m, dev_list(id, g), link) {
		if (ipaddr_eq(&m->group, g)) {
			m->users++;
			spin_unlock(&id->mc_lock);
			kfree(n);
			return 0;
		}
	}
	list_add_tail(&n->link, dev_list(id, g));
	spin_unlock(&id->mc_lock);
	if (!ipaddr_is4(g))
		mld_joined(dev, g);
	group_mac(g, mac);
	return netdev_mc_add(dev, mac);
}

void inet_mc_dev_leave(struct net_device *dev, const struct ipaddr *g)
{
	struct inet_dev *id = dev_inet(dev);
	struct ip_mc_dev *m;
	u8 mac[NETDEV_MAX_ADDR];

	if (!id)
		return;
	spin_lock(&id->mc_lock);
	list_for_each_entry(m, dev_list(id, g), link) {
		if (!ipaddr_eq(&m->group, g))
			continue;
		if (--m->users)
			break;
		list_del_rcu(&m->link);
		spin_unlock(&id->mc_lock);
		kfree_rcu(m, rcu);
		if (!ipaddr_is4(g))
			mld_left(dev, g);
		group_mac(g, mac);
		netdev_mc_del(dev, mac);
		return;
	}
	spin_unlock(&id->mc_lock);
}

void inet_mc_dev_flush(struct inet_dev *id)
{
	struct list_head *lists[] = { &id->mc4, &id->mc6 };
	struct ip_mc_dev *m, *n;

	spin_lock(&id->mc_lock);
	for (u32 i = 0; i < 2; i++) {
		list_for_each_entry_safe(m, n, lists[i], link) {
			list_del_rcu(&m->link);
			kfree_rcu(m, rcu);
		}
	}
	spin_unlock(&id->mc_lock);
}

bool inet_mc_member(struct net_device *dev, const struct ipaddr *group, const struct ipaddr *src)
{
	struct inet_dev *id;
	struct ip_mc_dev *m;
	bool found = false;

	(void)src;
	if (ipaddr_is4(group) && be32(group->w[3]) == 0xe0000001u)
		return true;	/* all hosts */
	rcu_read_lock();
	id = dev_inet(dev);
	if (id) {
		list_for_each_entry_rcu(m, dev_list(id, group), link) {
			if (ipaddr_eq(&m->group, group)) {
				found = true;
				break;
			}
		}
	}
	rcu_read_unlock();
	return found;
}

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
	err = inet_mc_dev_join(dev, g);
	if (err) {
		kfree(m);
		return err;
	}
	list_add_tail(&m->link, &sk->mc_list);
	return 0;
}

static void drop(struct inet_sock *sk, struct ip_mc_sock *m)
{
	struct net_device *dev = netdev_by_index(sk->net, m->ifindex);

	list_del_rcu(&m->link);
	if (dev)
		inet_mc_dev_leave(dev, &m->group);
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

int inet_mc_source(struct inet_sock *sk, const struct ipaddr *g, const struct ipaddr *s, int ifindex, bool include, bool add)
{
	struct ip_mc_sock *m = inet_mc_find(sk, g, ifindex);
	u32 i;

	if (!m)
		return -EINVAL;
	if (m->include != include) {
		if (m->nr)
			return -EINVAL;
		m->include = include;
	}
	for (i = 0; i < m->nr && !ipaddr_eq(&m->source[i], s); i++)
		;
	if (add) {
		if (i < m->nr)
			return -EADDRNOTAVAIL;
		if (m->nr >= (ipaddr_is4(g) ? 10u : MC_SOURCES))
			return -ENOBUFS;
		m->source[m->nr] = *s;
		smp_store_release(&m->nr, m->nr + 1);
		return 0;
	}
	if (i == m->nr)
		return -EADDRNOTAVAIL;
	m->source[i] = m->source[m->nr - 1];
	WRITE_ONCE(m->nr, m->nr - 1);
	if (!m->nr && include)
		drop(sk, m);
	return 0;
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
