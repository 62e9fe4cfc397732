/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Addresses, routes, rules and neighbours of IPv4 and IPv6 as other modules see them: rtnetlink, the
 * ioctls, /proc/net, raw and packet sockets. The sockets themselves are private to net/inet.
 *
 * One form of address for both: 128 bits, IPv4 as ::ffff:a.b.c.d. Tables are kept by family, so a
 * mapped prefix in the IPv6 table means itself. Prefix lengths are those of the family (0..32, 0..128).
 *
 * Locks: changes under rtnl; look-ups in an RCU section (or under rtnl). Objects are counted and freed by RCU.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include <base/list.h>
#include <base/ref.h>
#include <base/string.h>
#include <core/rcu.h>
#include <core/work.h>
#include <net/netdev.h>
#include <net/pkt.h>
#include <uapi/linux/in.h>
#include <uapi/linux/socket.h>

struct cred;
struct sock_common;

/* --- addresses --- */

struct ipaddr {
	be32_t w[4];
};

static inline struct ipaddr ipaddr_v4(be32_t a) { return (struct ipaddr){ { { 0 }, { 0 }, { 0xffff0000u }, a } }; }
static inline struct ipaddr ipaddr_v6(const struct in6_addr *a) { struct ipaddr r; memcpy(&r, a, 16); return r; }
static inline void ipaddr_to6(const struct ipaddr *a, struct in6_addr *out) { memcpy(out, a, 16); }
static inline bool ipaddr_is4(const struct ipaddr *a)
{
	return !(a->w[0].raw | a->w[1].raw) && a->w[2].raw == 0xffff0000u;
}
static inline bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
	return !((a->w[0].raw ^ b->w[0].raw) | (a->w[1].raw ^ b->w[1].raw) |
		 (a->w[2].raw ^ b->w[2].raw) | (a->w[3].raw ^ b->w[3].raw));
}
/* The wildcard of either family. */
static inline bool ipaddr_any(const struct ipaddr *a)
{
	return !(a->w[0].raw | a->w[1].raw | a->w[3].raw) && (!a->w[2].raw || a->w[2].raw == 0xffff0000u);
}
static inline bool ipaddr_multicast(const struct ipaddr *a)
{
	return ipaddr_is4(a) ? (be32(a->w[3]) >> 28) == 14 : (be32(a->w[0]) >> 24) == 0xff;
}
static inline bool ipaddr_loopback(const struct ipaddr *a)
{
	return ipaddr_is4(a) ? (be32(a->w[3]) >> 24) == 127 : !(a->w[0].raw | a->w[1].raw | a->w[2].raw) && be32(a->w[3]) == 1;
}
static inline bool ipaddr_linklocal6(const struct ipaddr *a) { return (be32(a->w[0]) & 0xffc00000u) == 0xfe800000u; }
/* Keyed: whoever chooses addresses does not choose the bucket. */
u32 ipaddr_hash(const struct ipaddr *a, u32 seed);
/* As text, at least 46 bytes: %pI4-like forms for /proc and messages. */
char *ipaddr_str(const struct ipaddr *a, char *buf, size_t n);

/* Scopes and route types are those of rtnetlink. */
#define RT_SCOPE_UNIVERSE	0
#define RT_SCOPE_SITE	200
#define RT_SCOPE_LINK	253
#define RT_SCOPE_HOST	254
#define RT_SCOPE_NOWHERE	255
#define RTN_UNSPEC	0
#define RTN_UNICAST	1
#define RTN_LOCAL	2
#define RTN_BROADCAST	3
#define RTN_ANYCAST	4
#define RTN_MULTICAST	5
#define RTN_BLACKHOLE	6
#define RTN_UNREACHABLE	7
#define RTN_PROHIBIT	8
#define RTN_THROW	9
#define RT_TABLE_UNSPEC	0
#define RT_TABLE_DEFAULT	253
#define RT_TABLE_MAIN	254
#define RT_TABLE_LOCAL	255
#define RTPROT_REDIRECT	1
#define RTPROT_KERNEL	2
#define RTPROT_BOOT	3
#define RTPROT_STATIC	4
#define RTPROT_RA	9
#define RTPROT_DHCP	16
#define IFA_F_SECONDARY	0x01u	/* on IPv6: temporary */
#define IFA_F_NODAD	0x02u
#define IFA_F_DADFAILED	0x08u
#define IFA_F_DEPRECATED	0x20u
#define IFA_F_TENTATIVE	0x40u
#define IFA_F_PERMANENT	0x80u
#define IFA_F_MANAGETEMPADDR	0x100u
#define IFA_F_NOPREFIXROUTE	0x200u
#define INFINITY_LIFE	0xffffffffu

/* One address of a device. */
struct net_ifaddr {
	struct list_head link;		/* [rtnl; r] inet_dev.addrs4 or addrs6 */
	struct hlist_node hash;		/* [rtnl; r] by local address */
	struct ref ref;
	struct rcu_head rcu;
	struct net_device *dev;		/* [I] borrowed: goes with the device */
	u8 family, prefixlen, scope;	/* [I] */
	u8 proto;			/* [rtnl] IFAPROT_* */
	u32 flags;			/* [rtnl; a] IFA_F_* */
	struct ipaddr local, peer, broadcast;	/* [I] peer: other end, or local again */
	char label[IFNAMSIZ];		/* [I] */
	u32 valid_lft, preferred_lft;	/* [rtnl] seconds; INFINITY_LIFE */
	u64 created_ns, updated_ns;	/* [rtnl] monotonic */
	u32 metric;			/* [rtnl] of the prefix route; 0: the usual */
	/* IPv6. */
	bool slaac;			/* [I] made from an advertised prefix: its route is the prefix's own */
	u8 dad_left;			/* [rtnl] probes to send */
	u8 dad_nonce[6];		/* [rtnl; a] of our probes: what comes back with it is our own */
	bool announce;			/* [rtnl] the link address changed: tell */
	u8 dad_conflict;		/* [a] somebody else has it */
	u64 dad_ns;			/* [rtnl] when DAD goes on; 0: not running */
};

/* sysctls of /proc/sys/net/ipv{4,6}/conf/NAME; [a]. What conf/all and a device say together: CONF4_OR() and its kin. */
struct inet_conf4 {
	int forwarding, rp_filter, accept_local, accept_redirects, send_redirects, secure_redirects, shared_media, arp_ignore,
		arp_announce, arp_filter, arp_accept, arp_notify, drop_gratuitous_arp, drop_unicast_in_l2_multicast, log_martians,
		proxy_arp, proxy_arp_pvlan, promote_secondaries, route_localnet, src_valid_mark, force_igmp_version,
		igmpv2_unsolicited_report_interval, igmpv3_unsolicited_report_interval;
};
struct inet_conf6 {
	int forwarding, hop_limit, mtu, accept_ra, accept_redirects, autoconf, dad_transmits, router_solicitations,
		router_solicitation_interval, router_solicitation_delay, use_tempaddr, temp_valid_lft, temp_prefered_lft,
		accept_ra_defrtr, accept_ra_pinfo, accept_ra_mtu, disable_ipv6, accept_dad, optimistic_dad,
			addr_gen_mode, ra_metric, ndisc_notify;
};

/* /proc/sys/net/ipv{4,6}/neigh/NAME; [a]. */
struct neigh_parms {
	int mcast_probes, ucast_probes, retrans_ms, reachable_ms, delay_ms, gc_stale_s, queue_bytes, locktime_ms;
};

/* What a device knows of those who ask for its groups, for one family (net/inet/mc_dev.c). */
struct mc_querier {
	u64 general_ns;			/* [inet_dev.mc_lock] when everything is to be told; 0: nobody asked */
	u64 v1_until, v2_until;		/* [inet_dev.mc_lock; a] older versions are spoken until then; MLD has version 1 only */
	u64 interval_ns;		/* [inet_dev.mc_lock] the querier's; 0: not told */
	u32 robustness;			/* [inet_dev.mc_lock] 0: not told */
	struct list_head gone;		/* [inet_dev.mc_lock] mc_gone: groups that were left: to be told */
};

/* Per device; from registration on. */
struct inet_dev {
	struct net_device *dev;		/* [I] */
	struct list_head addrs4, addrs6;	/* [rtnl; r] net_ifaddr; primary ones of a subnet before its secondary */
	struct inet_conf4 conf4;	/* [a] */
	struct inet_conf6 conf6;	/* [a] */
	struct neigh_parms parms4, parms6;	/* [a] */
	u64 conf4_set, conf6_set, parms4_set, parms6_set;	/* [rtnl] a bit for each int that was set here: default's no more */
	spinlock_t mc_lock;		/* class INET_DEV */
	struct list_head mc4, mc6;	/* [mc_lock; r] ip_mc_dev: group memberships */
	struct mc_querier igmp, mld;	/* [mc_lock] */
	void *ndisc;			/* [I] struct ip6_dev: net/inet/addrconf6.c */
	struct mib6_dev *mib6;		/* [I] one for each CPU: net/inet/mib6.c */
	struct rcu_head rcu;
};

/* Under rtnl. -EEXIST, -EADDRNOTAVAIL, -ENOMEM, -ENOBUFS. add: a copy of *a goes in; makes local, broadcast and
   prefix routes; flags SECONDARY is set by it. */
int inet_addr_add(struct net *net, struct net_device *dev, const struct net_ifaddr *a);
int inet_addr_del(struct net *net, struct net_device *dev, u8 family, const struct ipaddr *local, u8 prefixlen);
/* Under rtnl: this one. a may be gone afterwards. */
void inet_addr_remove(struct net *net, struct net_ifaddr *a);
/* Under rtnl: lifetimes from now on, metric and origin of one that is there. */
void inet_addr_change(struct net *net, struct net_ifaddr *a, u32 valid, u32 preferred, u32 metric, u8 proto);
/* Seconds that are left; INFINITY_LIFE. */
void inet_addr_left(const struct net_ifaddr *a, u32 *valid, u32 *preferred);
/* RCU or rtnl: the device that has this local address; NULL. dev given: only there. */
struct net_ifaddr *inet_addr_find(struct net *net, const struct ipaddr *local, struct net_device *dev);
/* Lifetimes (updated_ns) or flags of an address were changed in place: its timers are set anew, a notice is sent. Under rtnl. */
void inet_addr_changed(struct net *net, struct net_ifaddr *a);
/* Source address for talking to dst by dev (scope rules, RFC 6724 for IPv6). False: none. */
bool inet_select_addr(struct net *net, struct net_device *dev, const struct ipaddr *dst, u8 scope, struct ipaddr *out);
/* RTN_* of an address as a destination of ours: LOCAL, BROADCAST, MULTICAST, UNICAST. */
int inet_addr_type(struct net *net, struct net_device *dev, const struct ipaddr *a);
/* Does the device want what src sends to a group? */
bool inet_mc_member(struct net_device *dev, const struct ipaddr *group, const struct ipaddr *src);
/* RCU or rtnl: are both in one subnet of an address of the device? */
bool inet_addr_onlink(const struct inet_dev *id, const struct ipaddr *a, const struct ipaddr *b);
/* RCU or rtnl (IPv4): is `local` an address of ours of at most this scope, on id's device if given, in one subnet with dst
   unless that is the wildcard? */
bool inet_addr_confirm(struct net *net, const struct inet_dev *id, const struct ipaddr *dst, const struct ipaddr *local, u8 scope);
static inline struct inet_dev *dev_inet(const struct net_device *dev) { return rcu_dereference(((struct net_device *)dev)->inet); }

/* --- routes --- */

#define FIB_MAX_NH	16
#define RTNH_F_DEAD	1u
#define RTNH_F_ONLINK	4u
#define RTNH_F_LINKDOWN	16u

struct fib_nh {
	struct net_device *dev;		/* referenced; NULL: blackhole and its like */
	struct ipaddr gw;
	bool has_gw;
	u8 flags;			/* RTNH_F_* */
	u8 scope;
	u32 weight;			/* 1.. */
};

enum { FIB_METRIC_MTU, FIB_METRIC_ADVMSS, FIB_METRIC_WINDOW, FIB_METRIC_RTT, FIB_METRIC_HOPLIMIT, FIB_METRIC_INITCWND,
	FIB_METRIC_INITRWND, FIB_METRIC_QUICKACK, FIB_METRIC_COUNT };

struct fib_route {
	struct list_head link;		/* [rtnl; r] among the routes of one prefix: by tos, priority */
	struct ref ref;
	struct rcu_head rcu;
	u8 family, dst_len, tos, type, scope, protocol;	/* [I] */
	u32 table, priority;		/* [I] */
	u32 flags;			/* [rtnl] RTM_F_*, RTF_* of IPv6 */
	u64 expires_ns;			/* [rtnl] monotonic; 0: never */
	struct ipaddr dst, prefsrc;	/* [I] */
	bool has_prefsrc;
	u32 metrics[FIB_METRIC_COUNT];	/* [I] 0: none */
	u8 mtu_locked;
	u32 nr_nh;			/* [I] */
	struct fib_nh nh[];		/* [I] */
};

struct fib_rule {
	struct list_head link;		/* [rtnl; r] by priority */
	struct ref ref;
	struct rcu_head rcu;
	u8 family, src_len, dst_len, tos, action, ipproto;	/* [I] action: FR_ACT_TO_TBL 1, UNREACHABLE 7, ... */
	u32 priority, table, mark, mark_mask, flags;
	u32 uid_start, uid_end;
	bool has_uid;
	struct ipaddr src, dst;
	char iifname[IFNAMSIZ], oifname[IFNAMSIZ];
	u8 protocol;
	u32 target;			/* FR_ACT_GOTO: priority of the rule to go on with */
	u32 suppress;			/* a prefix shorter than this does not count; 0: each does */
};

/* What is looked up. Zero what does not matter. */
struct flow {
	struct ipaddr dst, src;		/* src: any: to be chosen */
	int oif, iif;			/* ifindex or 0 */
	u32 mark;
	u8 family, tos, proto, scope;
	bool onlink;			/* SO_DONTROUTE */
	kuid_t uid;
	u32 hash;			/* for multipath */
};

/* A resolved way. Holds references; route_put when done. May be kept (sockets do) while route_valid. */
struct route {
	struct net_device *dev;		/* referenced; out device, lo for local ones */
	struct fib_route *fib;		/* referenced; NULL: made up */
	struct ipaddr gw;		/* next hop: gateway or destination itself */
	struct ipaddr src;		/* preferred source */
	u8 family, type;		/* RTN_* */
	bool has_gw;
	bool redirect;			/* input: the sender can reach gw by itself */
	u32 mtu;			/* path MTU at the time */
	u32 gen;			/* of the tables when it was made */
	int local_ifindex;		/* of a local destination: the device that owns it */
};

/* Output: -ENETUNREACH, -EHOSTUNREACH, -EACCES (prohibit, broadcast is the caller's test), -EINVAL (blackhole),
   -EADDRNOTAVAIL. */
__must_check int route_output(struct net *net, const struct flow *f, struct route *r);
/* Input: type LOCAL, BROADCAST, MULTICAST or UNICAST (to be forwarded); -EINVAL martian, -EXDEV rp_filter. */
__must_check int route_input(struct net *net, struct net_device *dev, const struct ipaddr *src,
	const struct ipaddr *dst, u8 tos, u32 mark, struct route *r);
void route_put(struct route *r);
bool route_valid(struct net *net, const struct route *r);
void route_copy(struct route *to, const struct route *from);	/* more references */
/* The MTU to dst was found smaller (ICMP): remembered for 10 minutes; 0 from get: none known. */
void pmtu_update(struct net *net, const struct ipaddr *dst, u32 mtu);
/* A router said that gw is nearer to dst than `old`, through which it is reached now. */
void route_redirect(struct net *net, const struct ipaddr *dst, const struct ipaddr *old, const struct ipaddr *gw);
u32 pmtu_get(struct net *net, const struct ipaddr *dst);
void route_cache_bump(struct net *net);		/* something changed: kept routes are looked up again */

/* Configuration: under rtnl. `r` from fib_route_alloc, consumed. nlm_flags: NLM_F_CREATE, EXCL, REPLACE, APPEND. */
__must_check struct fib_route *fib_route_alloc(u32 nr_nh, gfp_t gfp);
int fib_route_add(struct net *net, struct fib_route *r, u32 nlm_flags);
/* Deletes the first that matches what is set (family, dst, dst_len, table, and tos, type, scope, protocol,
   priority, gw, oif, metrics where not 0; scope: unless RT_SCOPE_NOWHERE; tos: as it is). -ESRCH. */
int fib_route_del(struct net *net, const struct fib_route *match);
void fib_route_put(struct fib_route *r);
/* Each route of a family (table 0: all); fn under rtnl or RCU (no sleeping); non-zero ends and is returned. */
int fib_walk(struct net *net, u8 family, u32 table, int (*fn)(struct fib_route *r, void *arg), void *arg);
/* In words, why the last change of routes was refused; NULL: nothing to say. [rtnl] */
extern const char *fib_why;
bool fib_table_exists(struct net *net, u8 family, u32 table);	/* RCU or rtnl */
__must_check int fib_rule_add(struct net *net, const struct fib_rule *rule);
__must_check int fib_rule_del(struct net *net, const struct fib_rule *match);
int fib_rule_walk(struct net *net, u8 family, int (*fn)(struct fib_rule *r, void *arg), void *arg);

/* --- neighbours --- */

#define NUD_INCOMPLETE	0x01
#define NUD_REACHABLE	0x02
#define NUD_STALE	0x04
#define NUD_DELAY	0x08
#define NUD_PROBE	0x10
#define NUD_FAILED	0x20
#define NUD_NOARP	0x40
#define NUD_PERMANENT	0x80
#define NUD_NONE	0x00
#define NUD_VALID	(NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define NTF_EXT_LEARNED	0x10	/* somebody else looks after it: not forgotten */
#define NTF_ROUTER	0x80
#define NTF_PROXY	0x08

struct neigh {
	struct hlist_node hash;		/* [table lock; r] */
	struct ref ref;
	struct rcu_head rcu;
	struct net_device *dev;		/* [I] referenced */
	struct ipaddr addr;		/* [I] */
	u8 family;			/* [I] */
	spinlock_t lock;		/* class NEIGH */
	u8 state;			/* [lock; a] NUD_* */
	u8 flags;			/* [lock; a] NTF_* */
	u8 protocol;			/* [lock; a] RTPROT_* of who added it; 0: nobody said */
	bool dead;			/* [lock] off the table */
	u8 ha[NETDEV_MAX_ADDR];		/* [lock] */
	struct pkt_list queue;		/* [lock] waiting for the address; at most 100 */
	u32 probes;			/* [lock] */
	u64 updated_ns, confirmed_ns, used_ns;	/* [lock; a] */
	u64 next_ns;			/* [lock] when the state machine acts again */
	struct delayed_work timer;	/* [lock] queued with a reference: for next_ns */
};

/* How a family asks: called without locks. unicast: to n->ha. */
struct neigh_ops {
	u8 family;
	void (*solicit)(struct neigh *n, bool unicast);
	void (*error)(struct neigh *n, struct pkt *p);	/* unreachable: consumes p */
};
void neigh_ops_register(const struct neigh_ops *ops);

/* Send p (data at network header) by dev to the next hop; consumes it. Thread context, no spinlock. 0 or -errno. */
int neigh_output(struct net *net, struct net_device *dev, const struct ipaddr *next_hop, struct pkt *p);
/* With a reference; create: makes it. NULL: none, or no memory / table full. */
struct neigh *neigh_get(struct net *net, struct net_device *dev, const struct ipaddr *addr, bool create);
void neigh_put(struct neigh *n);
/* What was learnt: from ARP/ND (override as RFC 4861) or from the administrator. ha NULL: keep. */
#define NEIGH_OVERRIDE	0x1u
#define NEIGH_ADMIN	0x2u
#define NEIGH_IS_ROUTER	0x4u
#define NEIGH_NOT_ROUTER	0x8u
int neigh_update(struct neigh *n, const u8 *ha, u8 state, u32 flags);
/* As if a packet were sent to it: asks if the address is not known, doubts one that is old. */
void neigh_use(struct neigh *n);
void neigh_confirm(struct net *net, struct net_device *dev, const struct ipaddr *addr);	/* upper layer saw progress */
__must_check int neigh_delete(struct net *net, struct net_device *dev, const struct ipaddr *addr);
void neigh_flush_dev(struct net *net, struct net_device *dev);
/* Of a device, or what new devices get (NULL). */
struct neigh_parms neigh_parms_of(struct net *net, const struct net_device *dev, u8 family);
/* In an RCU section. */
int neigh_walk(struct net *net, u8 family, int (*fn)(struct neigh *n, void *arg), void *arg);

/* --- for /proc/net and sock_diag --- */

struct inet_sock_info {
	/* state: TCP_ESTABLISHED 1 ...; timer: 0 none, 1 rto, 2 keepalive, 3 time wait, 4 probe */
	u8 family, protocol, state, timer;
	struct ipaddr src, dst;
	u16 sport, dport;		/* host order */
	int ifindex;
	u32 uid, tx_queue, rx_queue, retransmits, probes, mark;
	u64 timer_left_ns, ino, cookie;
	s32 refs;
	u32 drops;
	u32 backlog, backlog_max;	/* listeners: accepted queue and its limit */
	const void *sk;			/* for %pK-like columns and TCP_INFO below */
	/* For sock_diag: */
	bool bound_port, v6only, recverr, is_icsk, freebind, hdrincl, mc_all, transparent, mc_loop, bind_no_port, defer;
	u8 shutdown, tos, tclass;
	u32 priority, rcvbuf, sndbuf, rmem, wmem;
	const char *cong;		/* TCP's congestion control */
};
/* Every socket of protocol (IPPROTO_TCP, UDP, UDPLITE no, RAW: any raw, ICMP: ping) of one address family (0:
   both). fn may sleep. */
int inet_sock_walk(struct net *net, u8 family, u8 protocol, int (*fn)(const struct inet_sock_info *i, void *arg), void *arg);
/* Of a socket found by the same walk, inside fn only: end it with ECONNABORTED. -EOPNOTSUPP: what is no socket. */
__must_check int inet_sock_abort(const struct inet_sock_info *i);
struct tcp_info;
/* Of a socket found by the same walk, inside fn only. */
bool inet_sock_tcp_info(const struct inet_sock_info *i, struct tcp_info *out);
/* Counters of /proc/net/sockstat. */
struct inet_sockstat { u32 tcp_inuse, tcp_orphan, tcp_tw, tcp_alloc, udp_inuse, raw_inuse, frag_inuse; u64 tcp_mem,
	udp_mem, frag_mem; };
void inet_sockstat(struct net *net, struct inet_sockstat *s);

/* --- sysctls of /proc/sys/net; [a] --- */

struct inet_sysctl {
	int ip_forward, ip_default_ttl, ip_local_port_min, ip_local_port_max, ip_unprivileged_port_start,
		ip_no_pmtu_disc, ip_nonlocal_bind,
		icmp_echo_ignore_all, icmp_echo_ignore_broadcasts, icmp_ratelimit, icmp_ratemask, icmp_msgs_per_sec,
		icmp_msgs_burst, icmp_errors_use_inbound_ifaddr, ping_group_min, ping_group_max,
		ipfrag_high_thresh, ipfrag_time, igmp_max_memberships, igmp_max_msf, igmp_qrv, igmp_link_local_mcast_reports,
		mtu_expires, min_pmtu, redirect_number, redirect_load_ms, redirect_silence_ms;
	int tcp_syn_retries, tcp_synack_retries, tcp_retries1, tcp_retries2, tcp_fin_timeout, tcp_keepalive_time,
		tcp_keepalive_probes,
		tcp_keepalive_intvl, tcp_max_syn_backlog, tcp_max_tw_buckets, tcp_tw_reuse,
			tcp_syncookies, tcp_sack,
		tcp_timestamps, tcp_window_scaling, tcp_abort_on_overflow, tcp_moderate_rcvbuf, tcp_slow_start_after_idle,
		tcp_rfc1337, tcp_orphan_retries, tcp_ecn, tcp_mtu_probing;
	int tcp_rmem[3], tcp_wmem[3], udp_mem[3], udp_rmem_min, udp_wmem_min;
	char tcp_congestion[16];
	int neigh_gc_thresh[3], neigh6_gc_thresh[3];
	int v6_bindv6only, v6_hop_limit, v6_ip6frag_high_thresh, v6_ip6frag_time, v6_auto_flowlabels;
};
struct inet_sysctl *inet_sysctls(struct net *net);
/* Ports that are given to those who ask for none: the first and how many. */
static inline u32 inet_port_range(const struct inet_sysctl *s, u32 *low)
{
	u32 lo = (u32)READ_ONCE(s->ip_local_port_min), hi = (u32)READ_ONCE(s->ip_local_port_max);

	*low = lo;
	return hi < lo ? 1 : hi - lo + 1;	/* between the writes of both */
}
/* conf/all and conf/default. */
struct inet_conf4 *inet_conf4_all(struct net *net);
struct inet_conf4 *inet_conf4_default(struct net *net);
struct inet_conf6 *inet_conf6_all(struct net *net);
struct inet_conf6 *inet_conf6_default(struct net *net);
/* A value of inet_conf6 was written by the administrator and something must follow. dev NULL: in `all`. Under rtnl.
   -EINVAL: not a value that has an effect here (call check first, store, then call changed). */
enum inet_conf6_item { CONF6_DISABLE_IPV6, CONF6_FORWARDING, CONF6_ADDR_GEN_MODE, CONF6_USE_TEMPADDR, CONF6_MTU };
__must_check int inet_conf6_check(struct net_device *dev, enum inet_conf6_item what, int value);
void inet_conf6_changed(struct net *net, struct net_device *dev, enum inet_conf6_item what);

#endif
