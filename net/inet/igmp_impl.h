/* SPDX-License-Identifier: MPL-2.0 */
/* Memberships of sockets and devices, both families. */
#ifndef NET_INET_IGMP_IMPL_H
#define NET_INET_IGMP_IMPL_H

#include "inet_impl.h"

#define MC_SOURCES	64

/* A socket's membership. */
struct ip_mc_sock {
	struct list_head link;		/* [rtnl; r] inet_sock.mc_list */
	struct rcu_head rcu;
	struct ipaddr group;		/* [I] */
	int ifindex;			/* [I] */
	bool include;			/* [rtnl; a] only the listed sources; else all but them */
	u32 nr;				/* [rtnl; a] */
	struct ipaddr source[MC_SOURCES];	/* [rtnl; a] */
};

/* A device's membership. */
struct ip_mc_dev {
	struct list_head link;		/* [inet_dev.mc_lock; r] */
	struct rcu_head rcu;
	struct ipaddr group;		/* [I] */
	u32 users;			/* [mc_lock] */
	u32 reports_left;		/* [mc_lock] MLD: changes to be told */
	u64 report_ns;			/* [mc_lock] when; 0: nothing to tell */
};

int igmp_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len);
/* Under rtnl. For both families. */
__must_check int inet_mc_join(struct inet_sock *sk, const struct ipaddr *group, int ifindex, bool include);
__must_check int inet_mc_leave(struct inet_sock *sk, const struct ipaddr *group, int ifindex);
/* A source of a membership: listed ones are the only ones heard (include) or the ones not heard. -EINVAL: no such
   membership or one of the other kind; -EADDRNOTAVAIL: there already, or not there; -ENOBUFS. */
__must_check int inet_mc_source(struct inet_sock *sk, const struct ipaddr *group, const struct ipaddr *source, int ifindex,
	bool include, bool add);
struct ip_mc_sock *inet_mc_find(struct inet_sock *sk, const struct ipaddr *group, int ifindex);	/* ifindex 0: any */

/* ip6_mcast.c: group options of SOL_IPV6. */
int ip6_mc_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len);
int ip6_mc_getsockopt(struct inet_sock *sk, uaddr_t val, uaddr_t ulen);

#endif
