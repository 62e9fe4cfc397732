/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A network namespace: every device and table hangs under one (net/core/net.c). Today there is
 * init_net alone, but nothing may reach a table in any other way.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <base/list.h>
#include <base/ref.h>
#include <core/mutex.h>
#include <core/spinlock.h>
#include <net/mib.h>

struct net;
struct net_device;
struct user_ns;

/* What happened, to whom: the argument of a notifier is the object in brackets. */
enum net_event {
	NETDEV_REGISTER,	/* [net_device] */
	NETDEV_UNREGISTER,	/* [net_device] is down already; drop references */
	NETDEV_UP, NETDEV_GOING_DOWN, NETDEV_DOWN,
	NETDEV_CHANGE,		/* flags, carrier */
	NETDEV_CHANGEMTU, NETDEV_CHANGEADDR, NETDEV_CHANGENAME, NETDEV_FEATURES,
	NET_ADDR_ADD, NET_ADDR_DEL,		/* [net_ifaddr] of include/net/inet.h */
	NET_ROUTE_ADD, NET_ROUTE_REPLACE, NET_ROUTE_DEL,	/* [fib_route] */
	NET_RULE_ADD, NET_RULE_DEL,		/* [fib_rule] */
	NET_NEIGH_UPDATE, NET_NEIGH_DEL,	/* [neigh]; may come without rtnl, from a thread, no spinlock held */
};

struct net_notifier {
	struct list_head link;		/* [rtnl] */
	/* Device, address, route and rule events come under rtnl. May sleep. */
	void (*fn)(struct net_notifier *n, struct net *net, enum net_event ev, void *object);
};

struct net {
	struct ref ref;
	struct user_ns *user_ns;	/* [I] */
	u64 inum;			/* [I] of /proc/PID/ns/net */
	struct list_head devs;		/* [rtnl; r] net_device.link, by index */
	int last_ifindex;		/* [rtnl] */
	u32 dev_seq;			/* [rtnl] changes of the list, for dumps */
	struct net_device *lo;		/* [I] */
	struct mib *mib;		/* [o] per CPU: counters of /proc/net/snmp and netstat */
	/* What the modules keep here; each sets its own at boot. */
	struct inet_net *inet;		/* [I] net/inet: tables of IPv4 and IPv6 */
	void *netlink;			/* [I] net/netlink */
	void *packet;			/* [I] net/packet */
};
extern struct net init_net;

/* Configuration lock: devices, addresses, routes, rules. Mutex of class RTNL, taken before any socket lock. */
void rtnl_lock(void);
void rtnl_unlock(void);
__must_check int rtnl_lock_killable(void);
__must_check bool rtnl_trylock(void);
bool rtnl_is_locked(void);

/* Under rtnl. A new one hears of what is there only by asking. */
void net_notifier_register(struct net_notifier *n);
void net_notifier_unregister(struct net_notifier *n);
void net_notify(struct net *net, enum net_event ev, void *object);

/* Count: any context. NET_INC(net, IP_INRECEIVES). */
#define NET_ADD(net_, field, n)	do { \
	preempt_disable(); \
	percpu_this((net_)->mib)->v[MIB_##field] += (n); \
	preempt_enable(); \
	} while (0)
#define NET_INC(net_, field)	NET_ADD(net_, field, 1)
u64 net_mib_sum(const struct net *net, enum mib_item i);

#endif
