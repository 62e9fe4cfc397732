/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the IPv6 files share. Everything of IPv6 that has a time (DAD, router solicitations, lifetimes, MLD reports) and
 * everything that arrives and changes configuration (router advertisements, redirects) is done by one worker under
 * rtnl (addrconf6.c): a receive thread never takes rtnl, since taking a device down waits for that thread. What the
 * worker wants to send is put on a list and goes out after rtnl is released.
 */
#ifndef NET_INET_IP6_IMPL_H
#define NET_INET_IP6_IMPL_H

#include <base/ip6.h>
#include <core/work.h>

#include "ip_impl.h"
#include "mib6.h"
#include "route_impl.h"

#define ICMP6_UNREACH		1
#define ICMP6_TOO_BIG		2
#define ICMP6_TIME_EXCEEDED	3
#define ICMP6_PARAM_PROBLEM	4
#define ICMP6_ECHO		128
#define ICMP6_ECHOREPLY		129
#define ICMP6_MLD_QUERY		130
#define ICMP6_MLD_REPORT	131
#define ICMP6_MLD_DONE		132
#define ICMP6_RS		133
#define ICMP6_RA		134
#define ICMP6_NS		135
#define ICMP6_NA		136
#define ICMP6_REDIRECT		137
#define ICMP6_MLD2_REPORT	143

#define ICMP6_NOROUTE		0	/* of UNREACH */
#define ICMP6_BEYOND_SCOPE	2
#define ICMP6_ADDR_UNREACH	3
#define ICMP6_PORT_UNREACH	4
#define ICMP6_BAD_FIELD		0	/* of PARAM_PROBLEM */
#define ICMP6_UNKNOWN_NEXT	1
#define ICMP6_UNKNOWN_OPTION	2
#define ICMP6_UNKNOWN_OPTION_MCAST 0x82	/* for icmp6_send: the option wants an answer to a group, too */
#define ICMP6_FIRST_INCOMPLETE	3

struct frag6_hdr {
	u8 next, reserved;
	be16_t off;		/* in 8 bytes << 3 | M */
	be32_t id;
} __packed;
static_assert(sizeof(struct frag6_hdr) == 8, "wire");

/* 128 bits from the packed fields of a header. */
static inline struct ipaddr ip6_addr(const void *a) { struct ipaddr r; memcpy(&r, a, 16); return r; }
#define IP6_ADDR(a, b, c, d)	((struct ipaddr){ { to_be32(a), to_be32(b), to_be32(c), to_be32(d) } })
static inline u8 ip6_mc_scope(const struct ipaddr *a) { return be32(a->w[0]) >> 16 & 15; }
static inline struct ipaddr ip6_solicited_node(const struct ipaddr *a)
{
	return IP6_ADDR(0xff020000u, 0, 1, 0xff000000u | (be32(a->w[3]) & 0xffffffu));
}

/* IPv6's part of a device. Lives as long as its inet_dev. */
struct ip6_dev {
	bool up;			/* [rtnl] addresses are configured: running, with carrier, not disabled */
	bool managed, other;		/* [rtnl] M and O of the last advertisement */
	u64 rs_ns;			/* [rtnl] next router solicitation; 0: none */
	u64 rs_wait;			/* [rtnl] interval behind that */
	int rs_sent;			/* [rtnl] */
	bool router;			/* [rtnl] in the routers' groups */
	struct rcu_head rcu;
};

/* --- ip6_input.c --- */
void ip6_receive(struct net_device *dev, struct pkt_list *l);
void ip6_input_init(void);
/* Does IPv6 work on this device? */
bool ip6_dev_enabled(const struct net_device *dev);

/* --- ip6_output.c --- */
int ip6_output(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);
/* p has its header. o may be NULL. Consumes p. */
int ip6_transmit(struct net *net, const struct route *r, struct pkt *p, const struct ip_out *o);
/* A packet of neighbour discovery or MLD: p with data at the ICMP header, checksum not yet; alert: behind a router alert
   option. Puts headers in front of it (PKT_HEADROOM has the room) and holds the device. */
void ip6_ctl_finish(struct net_device *dev, struct pkt *p, const struct ipaddr *src, const struct ipaddr *dst,
	bool alert);
/* Send such packets, each by its p->dev, to what their headers say. No lock. */
void ip6_ctl_send(struct pkt_list *l);
void ip6_output_init(void);

/* --- icmp6.c --- */
void icmp6_init(void);

/* --- ndisc6.c --- */
/* From icmp6.c: checksum right, data at the ICMP header. Does not consume. */
void ndisc_receive(struct net *net, struct pkt *p);
void ndisc_init(void);
/* Onto a list, for after rtnl. nonce: 6 bytes or NULL. */
void ndisc_make_ns(struct net_device *dev, const struct ipaddr *src, const struct ipaddr *dst, const struct ipaddr *target,
	const u8 *nonce, struct pkt_list *out);
void ndisc_make_na(struct net_device *dev, const struct ipaddr *src, const struct ipaddr *dst, const struct ipaddr *target,
	bool solicited, bool override, struct pkt_list *out);
void ndisc_make_rs(struct net_device *dev, const struct ipaddr *src, struct pkt_list *out);
/* A packet goes out where it came in: tell its sender of the better way. */
void ndisc_send_redirect(struct net *net, struct pkt *p, const struct route *r);

/* --- addrconf6.c --- */
static inline struct ip6_dev *ip6_dev(const struct inet_dev *id) { return id->ndisc; }
/* Something is due at that time (monotonic): the worker runs not later. Any thread context. */
void ip6_kick(struct net *net, u64 at);
/* Give p (validated, linear, a clone of its own) to the worker: router advertisement, redirect, NA. Consumes p. */
void ip6_defer(struct net *net, struct pkt *p);
/* Called by devinet.c, under rtnl. */
void addrconf6_attach(struct inet_dev *id);
void addrconf6_detach(struct inet_dev *id);
void addrconf6_up(struct net *net, struct inet_dev *id);
void addrconf6_down(struct net *net, struct inet_dev *id);
void addrconf6_change(struct net *net, struct inet_dev *id);		/* flags, carrier */
void addrconf6_newmtu(struct net *net, struct inet_dev *id);
void addrconf6_newaddr(struct net *net, struct inet_dev *id);		/* another link address */
/* In inet_addr_add before the address is linked: -EACCES disabled; sets TENTATIVE where DAD is due. */
int addrconf6_adding(struct inet_dev *id, struct net_ifaddr *a);
void addrconf6_added(struct net *net, struct net_ifaddr *a);
void addrconf6_removed(struct net *net, struct net_ifaddr *a);
/* Somebody else has that address (an advertisement or a probe says so); in an RCU section. */
void addrconf6_conflict(struct net *net, struct net_ifaddr *a);
/* The link-local address of a device that may be used. In an RCU section. */
bool ip6_linklocal(struct net_device *dev, struct ipaddr *out);

/* --- ra6.c: router advertisements and redirects, under rtnl --- */
void ra6_receive(struct net *net, struct pkt *p);
void redirect6_receive(struct net *net, struct pkt *p);
/* Routes whose time is over go; the next time, 0: none. */
u64 ra6_expire(struct net *net, u64 now);
/* p: the neighbour advertisement that says it is no router any more. */
void ra6_not_router(struct net *net, struct pkt *p);
void ra6_purge(struct net *net, struct net_device *dev);	/* default routes that were advertised there */

/* --- addrsel6.c --- */
bool ip6_select_addr(struct net *net, struct net_device *dev, const struct ipaddr *dst, struct ipaddr *out);

/* --- devinet.c --- */
void inet_addrs_flush(struct net *net, struct list_head *list);
void inet_addr_routes(struct net *net, struct net_ifaddr *a, bool add, bool local);

/* --- mld6.c --- */
/* From icmp6.c. Does not consume. */
void mld_receive(struct net *net, struct pkt *p);
/* Reports that are due; the next time, 0: none. Under rtnl. */
u64 mld_tick(struct net *net, struct inet_dev *id, u64 now, struct pkt_list *out);
void mld_flush(struct inet_dev *id);
/* Everything is reported again: the link-local address is there now. */
void mld_report_all(struct net *net, struct inet_dev *id);
/* Device memberships, for the stack's own groups (mc_dev.c). */
__must_check int inet_mc_dev_join(struct net_device *dev, const struct ipaddr *g);
void inet_mc_dev_leave(struct net_device *dev, const struct ipaddr *g);
void inet_mc_dev_flush(struct inet_dev *id);	/* the device goes: both families */

/* --- inet6_ioctl.c --- */
int inet6_ioctl(struct net *net, struct inet_sock *sk, u32 cmd, u64 arg);

#endif
