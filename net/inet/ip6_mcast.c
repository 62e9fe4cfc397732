/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Group options of SOL_IPV6: joining and leaving, source filters. The memberships themselves are kept by igmp.c for both
 * families; what routers are told is mld6.c's. Sources: ipv6(7), RFC 3493, RFC 3678. Everything under rtnl.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/slab.h>
#include <uapi/linux/in6.h>

#include "igmp_impl.h"

struct group_req {
	u32 ifindex, pad;
	struct sockaddr_storage group;
};

struct group_source_req {
	u32 ifindex, pad;
	struct sockaddr_storage group, source;
};

struct group_filter {
	u32 ifindex, pad;
	struct sockaddr_storage group;
	u32 mode, nr;			/* mode 1: only the sources listed; 0: all but them */
};
static_assert(sizeof(struct group_filter) == 144, "uapi");

static struct ipaddr addr_of(const struct sockaddr_storage *a)
{
	return ipaddr_v6(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* The device that the route to the group goes by. 0: none. */
static int route_dev(struct inet_sock *sk, const struct ipaddr *g)
{
	struct flow f = { .dst = *g, .family = AF_INET6 };
	struct route r;
	int ifindex;

	if (route_output(sk->net, &f, &r))
		return 0;
	ifindex = r.dev->ifindex;
	route_put(&r);
	return ifindex;
}

static int join(struct inet_sock *sk, const struct ipaddr *g, int ifindex, bool include)
{
	if (ipaddr_is4(g) || !ipaddr_multicast(g))
		return -EINVAL;
	if (inet_mc_find(sk, g, ifindex))
		return -EADDRINUSE;
	if (!ifindex)
		ifindex = route_dev(sk, g);
	return ifindex ? inet_mc_join(sk, g, ifindex, include) : -ENODEV;
}

static int leave(struct inet_sock *sk, const struct ipaddr *g, int ifindex)
{
	if (ipaddr_is4(g) || !ipaddr_multicast(g))
		return -EINVAL;
	return inet_mc_leave(sk, g, ifindex);
}

static int set_group(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	struct ipv6_mreq r;
	struct group_req q;
	struct ipaddr g;
	int ifindex, err;

	if (opt == IPV6_JOIN_GROUP || opt == IPV6_LEAVE_GROUP) {
		if (len < (int)sizeof(r))
			return -EINVAL;
		if (sk->c.type == SOCK_STREAM)
			return -EPROTO;
		if (copy_in_bytes(&r, val, sizeof(r)))
			return -EFAULT;
		g = ipaddr_v6(&r.ipv6mr_multiaddr);
		ifindex = r.ipv6mr_ifindex;
	} else {
		if (len < (int)sizeof(q))
			return -EINVAL;
		if (copy_in_bytes(&q, val, sizeof(q)))
			return -EFAULT;
		if (q.group.ss_family != AF_INET6)
			return -EADDRNOTAVAIL;
		g = addr_of(&q.group);
		ifindex = (int)q.ifindex;
	}
	rtnl_lock();
	if (opt == IPV6_JOIN_GROUP || opt == MCAST_JOIN_GROUP)
		err = join(sk, &g, ifindex, false);
	else
		err = leave(sk, &g, ifindex);
	rtnl_unlock();
	return err;
}

static int set_source(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	bool include = opt == MCAST_JOIN_SOURCE_GROUP || opt == MCAST_LEAVE_SOURCE_GROUP;
	bool add = opt == MCAST_JOIN_SOURCE_GROUP || opt == MCAST_BLOCK_SOURCE;
	struct group_source_req q;
	struct ipaddr g, s;
	int err = 0;

	if (len < (int)sizeof(q))
		return -EINVAL;
	if (copy_in_bytes(&q, val, sizeof(q)))
		return -EFAULT;
	if (q.group.ss_family != AF_INET6 || q.source.ss_family != AF_INET6)
		return -EADDRNOTAVAIL;
	g = addr_of(&q.group);
	s = addr_of(&q.source);
	rtnl_lock();
	if (opt == MCAST_JOIN_SOURCE_GROUP)
		err = join(sk, &g, (int)q.ifindex, true);
	if (!err || err == -EADDRINUSE)		/* one more source of a group that is joined is fine */
		err = ipaddr_multicast(&g) ? inet_mc_source(sk, &g, &s, (int)q.ifindex, include, add) : -EINVAL;
	rtnl_unlock();
	return err;
}

static int set_filter(struct inet_sock *sk, uaddr_t val, int len)
{
	struct sockaddr_storage *list;
	struct ip_mc_sock *m;
	struct group_filter f;
	struct ipaddr g;
	int err = -EINVAL;

	if (len < (int)sizeof(f))
		return -EINVAL;
	if (copy_in_bytes(&f, val, sizeof(f)))
		return -EFAULT;
	if (f.nr > MC_SOURCES)
		return -ENOBUFS;
	if (sizeof(f) + f.nr * sizeof(*list) > (size_t)len || f.mode > 1)
		return -EINVAL;
	g = addr_of(&f.group);
	if (ipaddr_is4(&g) || !ipaddr_multicast(&g))
		return -EINVAL;
	list = kmalloc((f.nr + 1) * sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOBUFS;
	if (f.nr && copy_in_bytes(list, uaddr_add(val, sizeof(f)), f.nr * sizeof(*list))) {
		kfree(list);
		return -EFAULT;
	}
	rtnl_lock();
	m = inet_mc_find(sk, &g, (int)f.ifindex);
	if (m && f.mode && !f.nr) {
		err = inet_mc_leave(sk, &g, (int)f.ifindex);	/* nothing is to be heard */
	} else if (m) {
		struct ipaddr *src = (struct ipaddr *)list;	/* in place: each is smaller than what it comes from */

		for (u32 i = 0; i < f.nr; i++)
			src[i] = addr_of(&list[i]);
		err = inet_mc_sources(sk, m, src, f.nr, f.mode == 1);
	}
	rtnl_unlock();
	kfree(list);
	return err;
}

int ip6_mc_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len)
{
	switch (opt) {
	case MCAST_MSFILTER:
		return set_filter(sk, val, len);
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
		return set_source(sk, opt, val, len);
	default:
		return set_group(sk, opt, val, len);
	}
}

/* MCAST_MSFILTER: how many sources there are, and as many of them as the caller has room for. */
int ip6_mc_getsockopt(struct inet_sock *sk, uaddr_t val, uaddr_t ulen)
{
	struct sockaddr_storage *list;
	struct ip_mc_sock *m;
	struct group_filter f;
	struct ipaddr g;
	u32 room, n = 0;
	int len, err = -EADDRNOTAVAIL;

	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (len < (int)sizeof(f))
		return -EINVAL;
	if (copy_in_bytes(&f, val, sizeof(f)))
		return -EFAULT;
	g = addr_of(&f.group);
	if (f.group.ss_family != AF_INET6 || ipaddr_is4(&g) || !ipaddr_multicast(&g))
		return f.group.ss_family != AF_INET6 ? -EADDRNOTAVAIL : -EINVAL;
	room = min(f.nr, (u32)((size_t)len - sizeof(f)) / (u32)sizeof(*list));
	list = kzalloc(MC_SOURCES * sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOBUFS;
	rtnl_lock();
	m = inet_mc_find(sk, &g, (int)f.ifindex);
	if (m) {
		f.mode = m->include;
		f.nr = m->nr;
		n = min(m->nr, room);
		for (u32 i = 0; i < n; i++) {
			struct sockaddr_in6 *a = (struct sockaddr_in6 *)&list[i];

			a->sin6_family = AF_INET6;
			ipaddr_to6(&m->source[i], &a->sin6_addr);
		}
		err = 0;
	}
	rtnl_unlock();
	len = (int)(sizeof(f) + n * sizeof(*list));
	if (!err && (copy_out_bytes(ulen, &len, sizeof(len)) || copy_out_bytes(val, &f, sizeof(f)) ||
		     (n && copy_out_bytes(uaddr_add(val, sizeof(f)), list, n * sizeof(*list)))))
		err = -EFAULT;
	kfree(list);
	return err;
}
