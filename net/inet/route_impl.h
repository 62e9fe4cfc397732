/* SPDX-License-Identifier: MPL-2.0 */
/* What the address, route and neighbour files of net/inet share. */
#ifndef NET_INET_ROUTE_IMPL_H
#define NET_INET_ROUTE_IMPL_H

#include "inet_impl.h"

/* Prefix length in the 128-bit form. */
static inline u32 inet_key_len(u8 family, u32 len) { return family == AF_INET ? 96 + len : len; }
void ipaddr_mask(struct ipaddr *a, u32 key_len);
bool ipaddr_prefix_eq(const struct ipaddr *a, const struct ipaddr *b, u32 key_len);

struct fib_tables {
	struct list_head tables;	/* [rtnl; r] */
	struct list_head rules4, rules6;	/* [rtnl; r] */
};

/* In an RCU section: the route and the hop of it, not referenced. -EAGAIN: this table has nothing; -errno: refused there. */
int fib_table_lookup(struct net *net, u32 id, const struct flow *f, struct fib_route **found, const struct fib_nh **hop);
/* The same by the rules. -ENETUNREACH: nothing. */
int fib_lookup(struct net *net, const struct flow *f, struct fib_route **found, const struct fib_nh **hop);
__must_check int fib_rules_init(struct net *net, struct fib_tables *t);

/* LOCAL, BROADCAST or UNICAST by table local; dev: only its own addresses count. */
int fib_local_type(struct net *net, struct net_device *dev, const struct ipaddr *a);
/* Under rtnl: drop the routes by dev; family 0: both; all: local ones too. Those whose source address is gone. */
void fib_flush_dev(struct net *net, struct net_device *dev, u8 family, bool all);
void fib_flush_src(struct net *net, const struct ipaddr *src);

__must_check int fib_init(struct net *net);
__must_check int route_hint_init(struct net *net);
/* RCU: the router that another router named for dst instead of *gw takes its place. */
void route_redirected(struct net *net, const struct ipaddr *dst, struct ipaddr *gw);
__must_check int neigh_init(struct net *net);
__must_check int ip_frag_init(struct net *net);
void devinet_init(struct net *net);
/* RCU: is gw the router of a default route by dev (IPv4)? */
bool fib_is_default_gw(struct net *net, struct net_device *dev, const struct ipaddr *gw);
/* route_lo.c: has route_input() said of such a packet by lo that it is ours? owner: the device that has the address. What it says
   is kept by the generation that was read before the lookup. */
bool lo_route_find(struct net *net, const struct ipaddr *src, const struct ipaddr *dst, u8 tos, u32 mark, int *owner);
void lo_route_keep(struct net *net, const struct flow *f, const struct route *r, u32 gen);
void pmtu_flush(struct net *net);	/* forget path MTUs and redirects */
void arp_init(void);
void icmp_init(struct net *net);
__must_check int udp_init(struct net *net);
void raw_init(void);
/* net/inet/tcp_diag.c: connections that are no sockets; the timer of one that is; its end (sk->lock held). */
struct tcp_sock;
int tcp_diag_walk(struct net *net, u8 family, int (*fn)(const struct inet_sock_info *i, void *arg), void *arg);
void tcp_diag_timer(struct tcp_sock *tp, struct inet_sock_info *i);
void tcp_diag_abort(struct inet_sock *sk);
void ping_init(void);
__must_check int ip6_net_init(struct net *net);	/* before devices are attached */
__must_check int ip6_init(struct net *net);
__must_check int tcp_init_net(struct net *net);

#endif
