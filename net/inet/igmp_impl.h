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

#define MC_EXCLUDE	0
#define MC_INCLUDE	1

/* A source that some socket of a device's group names. */
struct ip_mc_src {
	struct list_head link;		/* [inet_dev.mc_lock; r] ip_mc_dev.srcs */
	struct rcu_head rcu;
	struct ipaddr addr;		/* [I] */
	u32 count[2];			/* [mc_lock; a] who do not want it, who want it */
	u8 left;			/* [mc_lock] reports that it came or went */
	bool was, asked;		/* [mc_lock] listed before the change; a query names it */
};

/* A device's membership: what all its sockets want together. */
struct ip_mc_dev {
	struct list_head link;		/* [inet_dev.mc_lock; r] */
	struct rcu_head rcu;
	struct ipaddr group;		/* [I] */
	u32 users;			/* [mc_lock; a] */
	u32 count[2];			/* [mc_lock; a] members that exclude, that include */
	struct list_head srcs;		/* [mc_lock; r] */
	u8 mode_left;			/* [mc_lock] reports that the mode changed */
	bool reporter, by_source;	/* [mc_lock] we told last; only sources that are `asked` */
	u64 report_ns, query_ns;	/* [mc_lock; a] when changes are told, a query answered; 0: not */
};

/* What one member wants of a group. Not a member: all zero. */
struct mc_filter {
	bool member, include;
	const struct ipaddr *src;
	u32 nr;
};

/* --- mc_dev.c --- */

/* A member changes its mind. Under rtnl. -ENODEV, -ENOMEM; what shrinks does not fail. */
__must_check int inet_mc_filter(struct net_device *dev, const struct ipaddr *g, const struct mc_filter *from,
	const struct mc_filter *to);

/* Records of a report, IGMPv3 and MLDv2 alike. */
#define MODE_IS_INCLUDE	1
#define MODE_IS_EXCLUDE	2
#define TO_INCLUDE	3
#define TO_EXCLUDE	4
#define ALLOW_NEW	5
#define BLOCK_OLD	6
#define REPORT_RECORDS	60u
#define REPORT_SOURCES	300u
#define REPORT_BYTES	1200u

struct mc_report {
	bool old;			/* for a version without records: who tells of a group is its reporter */
	u32 nr, nr_src, bytes;
	struct mc_record {
		u8 type;
		bool gone, reporter;	/* the group was left; we told of it last */
		u16 nr;
		u32 first;		/* in src */
		struct ipaddr group;
	} r[REPORT_RECORDS];
	struct ipaddr src[REPORT_SOURCES];
};

static inline struct mc_querier *mc_querier(struct inet_dev *id, bool v4) { return v4 ? &id->igmp : &id->mld; }
/* What is due at `now`, at most one report's worth; the next time, 0: none. mc_lock held. */
u64 mc_collect(struct inet_dev *id, bool v4, u64 now, u64 interval, struct mc_report *rep);
/* A query that is to be answered at a random time within max_ns; g any: all groups; sources n: their addresses on the wire. */
void mc_query(struct inet_dev *id, bool v4, const struct ipaddr *g, const u8 *src, u32 n, u64 max_ns);
/* All is told anew; nothing is told any more. */
void mc_tell_all(struct inet_dev *id, bool v4);
void mc_flush(struct inet_dev *id, bool v4);
/* Older versions: somebody else told of the group. */
void mc_heard(struct inet_dev *id, const struct ipaddr *g);
/* The code of a time in 16 or 8 bits with a floating form. */
static inline u64 mc_float(u32 code, u32 mant_bits)
{
	u32 top = 1u << (mant_bits + 3);

	return code < top ? code : (u64)((code & ((1u << mant_bits) - 1)) | 1u << mant_bits) << ((code >> mant_bits & 7) + 3);
}

/* --- igmp_msg.c --- */

void igmp_up(struct inet_dev *id);	/* under rtnl: the device came up, goes down */
void igmp_down(struct inet_dev *id);
u64 igmp_tick(struct inet_dev *id, u64 now, struct pkt_list *out);
int igmp_version(const struct inet_dev *id);	/* that is spoken now */
void igmp_msg_init(void);

int igmp_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len);
/* Under rtnl. For both families. */
__must_check int inet_mc_join(struct inet_sock *sk, const struct ipaddr *group, int ifindex, bool include);
__must_check int inet_mc_leave(struct inet_sock *sk, const struct ipaddr *group, int ifindex);
/* A source of a membership: listed ones are the only ones heard (include) or the ones not heard. -EINVAL: no such
   membership or one of the other kind; -EADDRNOTAVAIL: there already, or not there; -ENOBUFS. */
__must_check int inet_mc_source(struct inet_sock *sk, const struct ipaddr *group, const struct ipaddr *source, int ifindex,
	bool include, bool add);
/* The sources at once. */
__must_check int inet_mc_sources(struct inet_sock *sk, struct ip_mc_sock *m, const struct ipaddr *src, u32 nr, bool include);
struct ip_mc_sock *inet_mc_find(struct inet_sock *sk, const struct ipaddr *group, int ifindex);	/* ifindex 0: any */

/* ip6_mcast.c: group options of SOL_IPV6. */
int ip6_mc_setsockopt(struct inet_sock *sk, int opt, uaddr_t val, int len);
int ip6_mc_getsockopt(struct inet_sock *sk, uaddr_t val, uaddr_t ulen);

#endif
