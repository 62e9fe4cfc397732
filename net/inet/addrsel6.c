/* SPDX-License-Identifier: MPL-2.0 */
/* Which of our addresses a packet gets as its source: the rules of RFC 6724, section 5, in their order. */
#include <base/math.h>

#include "ip6_impl.h"

static u32 scope(const struct ipaddr *a)
{
	if (ipaddr_multicast(a))
		return ip6_mc_scope(a);
	if (ipaddr_linklocal6(a) || ipaddr_loopback(a))
		return 2;
	return (be32(a->w[0]) & 0xffc00000u) == 0xfec00000u ? 5 : 14;
}

/* The policy table; only whether two labels are the same matters. */
static u32 label(const struct ipaddr *a)
{
	u32 w0 = be32(a->w[0]);

	if (ipaddr_loopback(a))
		return 0;
	if (ipaddr_is4(a))
		return 4;
	if (!(a->w[0].raw | a->w[1].raw | a->w[2].raw))
		return 3;
	if (w0 == 0x20010000u)
		return 6;
	if (w0 >> 4 == 0x2001001u)
		return 7;
	if (w0 >> 16 == 0x2002)
		return 2;
	if (w0 >> 16 == 0x3ffe)
		return 12;
	if (w0 >> 22 == 0xfec00000u >> 22)
		return 11;
	return w0 >> 25 == 0xfc000000u >> 25 ? 5 : 1;
}

static u32 common(const struct ipaddr *a, const struct ipaddr *b, u32 most)
{
	for (u32 i = 0; i < 4; i++) {
		u32 diff = be32(a->w[i]) ^ be32(b->w[i]);

		if (diff)
			return min(i * 32 + (u32)__builtin_clz(diff), most);
	}
	return min(128u, most);
}

/* Is a to be preferred to b? dev: the device it goes out by, may be NULL. */
static bool better(const struct net_ifaddr *a, const struct net_ifaddr *b, const struct net_device *dev, const struct ipaddr *dst)
{
	u32 sa = scope(&a->local), sb = scope(&b->local), sd = scope(dst), ld = label(dst);
	bool da = READ_ONCE(a->flags) & IFA_F_DEPRECATED, db = READ_ONCE(b->flags) & IFA_F_DEPRECATED;
	bool la, lb;

	if (ipaddr_eq(&a->local, dst) != ipaddr_eq(&b->local, dst))
		return ipaddr_eq(&a->local, dst);
	if (sa != sb)
		return sa < sb ? sa >= sd : sb < sd;
	if (da != db)
		return db;
	if (dev && (a->dev == dev) != (b->dev == dev))
		return a->dev == dev;
	la = label(&a->local) == ld;
	lb = label(&b->local) == ld;
	if (la != lb)
		return la;
	return common(&a->local, dst, a->prefixlen) > common(&b->local, dst, b->prefixlen);
}

bool ip6_select_addr(struct net *net, struct net_device *dev, const struct ipaddr *dst, struct ipaddr *out)
{
	/* What stays on a link must come from an address there. */
	bool strict = dev && (ipaddr_linklocal6(dst) || (ipaddr_multicast(dst) && ip6_mc_scope(dst) <= 2));
	const struct net_ifaddr *a, *best = NULL;
	struct net_device *d;

	rcu_read_lock();
	for_each_netdev_rcu(d, net) {
		struct inet_dev *id = dev_inet(d);

		if (!id || (strict && d != dev))
			continue;
		list_for_each_entry_rcu(a, &id->addrs6, link) {
			if (READ_ONCE(a->flags) & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
				continue;
			/* ::1 and another link's addresses mean nothing out there. */
			if (dev && d != dev && (ipaddr_loopback(&a->local) || ipaddr_linklocal6(&a->local)))
				continue;
			if (!best || better(a, best, dev, dst))
				best = a;
		}
	}
	if (best)
		*out = best->local;
	rcu_read_unlock();
	return best != NULL;
}
