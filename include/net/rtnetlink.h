/* SPDX-License-Identifier: MPL-2.0 */
/* rtnetlink (net/netlink/rtnetlink.c): who answers which message. Source: rtnetlink(7). */
#ifndef NET_RTNETLINK_H
#define NET_RTNETLINK_H

#include <net/netlink.h>
#include <uapi/linux/rtnetlink.h>

/*
 * One kind of message of one address family (AF_UNSPEC: of all that have no handler of their own). Filled in and
 * registered at boot, stays for ever. doit runs under rtnl; changes (all but RTM_GET*) were found privileged. dump
 * runs without it, as include/net/netlink.h says; with AF_UNSPEC asked for and no handler for that, the dumps of
 * all families follow each other.
 */
struct rtnl_handler {
	u16 type;			/* RTM_* */
	u8 family;
	int (*doit)(struct nl_request *r, const struct nlmsghdr *h);	/* NULL: -EOPNOTSUPP */
	int (*dump)(struct nl_dump *d, struct nlbuf *b);		/* for RTM_GET* */
	struct rtnl_handler *next;	/* [I] after boot */
};
void rtnl_handler_register(struct rtnl_handler *h);
/* Several, and who hears of the events that they tell. At boot. */
struct net_notifier;
void rtnl_part_register(struct rtnl_handler *h, u32 n, struct net_notifier *notifier);

/* Tell a group: fill() appends one message; nothing is built when nobody listens. May sleep. but: as nl_multicast(). */
void rtnl_notify(struct net *net, u32 group, u32 but, void (*fill)(struct nlbuf *b, const void *object, u16 type),
		 const void *object, u16 type);

/* How one message that describes an object is to begin. */
struct rt_msg {
	u32 portid, seq;
	u16 type, flags;
};
/*
 * The same for what a request of the kind of m->type may have caused: then its number and sequence are in the message,
 * and with NLM_F_ECHO its sender gets it too. From any thread.
 */
void rtnl_event(struct net *net, u32 group, u16 type, u16 flags, void (*fill)(struct nlbuf *b, const void *object,
		const struct rt_msg *m), const void *object);
/* What the request that this thread answers wanted (NLM_F_*), if it is of the kind of type; else 0. */
u16 rtnl_request_flags(u16 type);

#endif
