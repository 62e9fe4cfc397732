/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of AF_NETLINK share: sockets and the tables they stand in. af_netlink.c says how they live. */
#ifndef NET_NETLINK_INTERNAL_H
#define NET_NETLINK_INTERNAL_H

#include <base/list.h>
#include <core/mutex.h>
#include <core/spinlock.h>
#include <net/netlink.h>
#include <net/sock.h>
#include <net/socket.h>

#define SOL_NETLINK	270

struct nl_packet {
	struct list_head link;		/* [socket's lock] */
	struct nl_data *d;		/* referenced */
	u32 len;			/* [I] of d: what the socket's filter wants of it */
	u32 portid, group;		/* [I] sender; group it was sent to: 0 none */
	struct pid *pid;		/* [I] referenced; sender, NULL: the kernel */
	u32 uid, gid;			/* [I] */
};

struct nl_sock {
	struct sock_common c;		/* [a] its fields */
	struct ref ref;
	struct net *net;		/* [I] */
	struct socket *s;		/* [I] while the file is open */
	const struct nl_proto *proto;	/* [I] */
	struct list_head link;		/* [table lock] of all sockets of the protocol */
	u32 portid;			/* [table lock; a] 0: not bound */
	u64 groups;			/* [table lock; a] bit group - 1 */
	u32 dst_portid, dst_groups;	/* [a] connect() */
	bool all_nsid;			/* [a] there is one namespace: its messages are all there are */
	bool pktinfo, broadcast_error, no_enobufs, cap_ack, ext_ack, strict;	/* [a] */
	spinlock_t lock;		/* class SOCK_QUEUE */
	struct list_head queue;		/* [lock] nl_packet */
	u32 rmem;			/* [lock; a] cost of what waits; 0: nothing does */
	bool congested;			/* [lock] something was lost: nothing more until the reader has caught up */
	bool dead;			/* [lock] closed */
	struct wait_queue wait;
	struct mutex dump_mutex;	/* class NETLINK_DUMP */
	struct nl_dump *dump;		/* [dump_mutex] or NULL */
	u32 recv_max;			/* [a] largest buffer a reader came with */
};

struct nl_table {
	spinlock_t lock;		/* class OBJECT */
	const struct nl_proto *proto;	/* [I] once set; NULL: no such protocol */
	struct list_head socks;		/* [lock] nl_sock.link */
	u32 members;			/* [lock; a] sockets that are in any group */
};
extern struct nl_table nl_tables[MAX_LINKS];

static inline struct nl_sock *nl_sk(const struct socket *s) { return s->sk; }
static inline struct nl_table *nl_table_of(const struct nl_sock *k) { return &nl_tables[k->proto->protocol]; }

bool nl_may_listen(const struct nl_sock *k);
/* Table lock held. */
void nl_set_groups(struct nl_table *t, struct nl_sock *k, u64 groups);
int nl_setsockopt(struct socket *s, int level, int opt, uaddr_t uval, int len);
int nl_getsockopt(struct socket *s, int level, int opt, uaddr_t uval, uaddr_t ulen);

#endif
