/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_ROUTE: links, addresses, routes, neighbours, rules. Source: rtnetlink(7). */
#ifndef UAPI_LINUX_RTNETLINK_H
#define UAPI_LINUX_RTNETLINK_H

#include <uapi/linux/types.h>

#define RTM_NEWLINK	16
#define RTM_DELLINK	17
#define RTM_GETLINK	18
#define RTM_SETLINK	19
#define RTM_NEWADDR	20
#define RTM_DELADDR	21
#define RTM_GETADDR	22
#define RTM_NEWROUTE	24
#define RTM_DELROUTE	25
#define RTM_GETROUTE	26
#define RTM_NEWNEIGH	28
#define RTM_DELNEIGH	29
#define RTM_GETNEIGH	30
#define RTM_NEWRULE	32
#define RTM_DELRULE	33
#define RTM_GETRULE	34
#define RTM_NEWNEIGHTBL	64
#define RTM_GETNEIGHTBL	66
#define RTM_SETNEIGHTBL	67
#define RTM_NEWNETCONF	80
#define RTM_GETNETCONF	82
#define RTM_NEWNSID	88
#define RTM_DELNSID	89
#define RTM_GETNSID	90

#define RTNLGRP_LINK		1
#define RTNLGRP_NOTIFY		2
#define RTNLGRP_NEIGH		3
#define RTNLGRP_IPV4_IFADDR	5
#define RTNLGRP_IPV4_ROUTE	7
#define RTNLGRP_IPV4_RULE	8
#define RTNLGRP_IPV6_IFADDR	9
#define RTNLGRP_IPV6_ROUTE	11
#define RTNLGRP_IPV6_RULE	19
#define RTNLGRP_IPV4_NETCONF	24
#define RTNLGRP_IPV6_NETCONF	25

struct rtgenmsg {
	__u8 rtgen_family;
};

struct ifinfomsg {
	__u8 ifi_family;
	__u8 __ifi_pad;
	__u16 ifi_type;
	__s32 ifi_index;
	__u32 ifi_flags;
	__u32 ifi_change;
};
UAPI_SIZE(struct ifinfomsg, 16);

struct ifaddrmsg {
	__u8 ifa_family, ifa_prefixlen, ifa_flags, ifa_scope;
	__u32 ifa_index;
};
UAPI_SIZE(struct ifaddrmsg, 8);

struct ifa_cacheinfo {
	__u32 ifa_prefered, ifa_valid, cstamp, tstamp;
};

struct rtmsg {
	__u8 rtm_family, rtm_dst_len, rtm_src_len, rtm_tos, rtm_table, rtm_protocol, rtm_scope, rtm_type;
	__u32 rtm_flags;
};
UAPI_SIZE(struct rtmsg, 12);

struct rtnexthop {
	__u16 rtnh_len;
	__u8 rtnh_flags, rtnh_hops;
	__s32 rtnh_ifindex;
};
UAPI_SIZE(struct rtnexthop, 8);

struct ndmsg {
	__u8 ndm_family, ndm_pad1;
	__u16 ndm_pad2;
	__s32 ndm_ifindex;
	__u16 ndm_state;
	__u8 ndm_flags, ndm_type;
};
UAPI_SIZE(struct ndmsg, 12);

struct nda_cacheinfo {
	__u32 ndm_confirmed, ndm_used, ndm_updated, ndm_refcnt;
};

struct fib_rule_hdr {
	__u8 family, dst_len, src_len, tos, table, res1, res2, action;
	__u32 flags;
};
UAPI_SIZE(struct fib_rule_hdr, 12);

#define IFLA_ADDRESS	1
#define IFLA_BROADCAST	2
#define IFLA_IFNAME	3
#define IFLA_MTU	4
#define IFLA_LINK	5
#define IFLA_QDISC	6
#define IFLA_STATS	7
#define IFLA_MASTER	10
#define IFLA_TXQLEN	13
#define IFLA_MAP	14
#define IFLA_OPERSTATE	16
#define IFLA_LINKMODE	17
#define IFLA_LINKINFO	18
#define IFLA_NET_NS_PID	19
#define IFLA_STATS64	23
#define IFLA_AF_SPEC	26
#define IFLA_GROUP	27
#define IFLA_NET_NS_FD	28
#define IFLA_EXT_MASK	29
#define IFLA_PROMISCUITY 30
#define IFLA_NUM_TX_QUEUES 31
#define IFLA_NUM_RX_QUEUES 32
#define IFLA_CARRIER	33
#define IFLA_CARRIER_CHANGES 35
#define IFLA_PROTO_DOWN	39
#define IFLA_GSO_MAX_SEGS 40
#define IFLA_GSO_MAX_SIZE 41
#define IFLA_CARRIER_UP_COUNT 47
#define IFLA_CARRIER_DOWN_COUNT 48
#define IFLA_MIN_MTU	50
#define IFLA_MAX_MTU	51
#define IFLA_ALT_IFNAME	53
#define IFLA_PERM_ADDRESS 54
#define IFLA_PARENT_DEV_NAME 56
#define IFLA_PARENT_DEV_BUS_NAME 57
#define IFLA_GRO_MAX_SIZE 58
#define IFLA_TSO_MAX_SIZE 59
#define IFLA_TSO_MAX_SEGS 60
#define IFLA_ALLMULTI	61
#define RTEXT_FILTER_SKIP_STATS 8

#define IFA_ADDRESS	1
#define IFA_LOCAL	2
#define IFA_LABEL	3
#define IFA_BROADCAST	4
#define IFA_CACHEINFO	6
#define IFA_FLAGS	8
#define IFA_RT_PRIORITY	9
#define IFA_PROTO	11

#define RTA_DST		1
#define RTA_SRC		2
#define RTA_IIF		3
#define RTA_OIF		4
#define RTA_GATEWAY	5
#define RTA_PRIORITY	6
#define RTA_PREFSRC	7
#define RTA_METRICS	8
#define RTA_MULTIPATH	9
#define RTA_CACHEINFO	12
#define RTA_FLOW	11
#define RTA_TABLE	15
#define RTA_MARK	16
#define RTA_VIA		18
#define RTA_PREF	20
#define RTA_ENCAP_TYPE	21
#define RTA_ENCAP	22
#define RTA_EXPIRES	23
#define RTA_UID		25
#define RTA_TTL_PROPAGATE 26
#define RTA_IP_PROTO	27
#define RTA_SPORT	28
#define RTA_DPORT	29
#define RTA_NH_ID	30

struct rta_cacheinfo {
	__u32 rta_clntref, rta_lastuse, rta_expires, rta_error, rta_used, rta_id, rta_ts, rta_tsage;
};
UAPI_SIZE(struct rta_cacheinfo, 32);

#define RTAX_LOCK	1
#define RTAX_MTU	2
#define RTAX_WINDOW	3
#define RTAX_RTT	4
#define RTAX_ADVMSS	8
#define RTAX_HOPLIMIT	10
#define RTAX_INITCWND	11
#define RTAX_INITRWND	14
#define RTAX_RTTVAR	5
#define RTAX_SSTHRESH	6
#define RTAX_CWND	7
#define RTAX_REORDERING	9
#define RTAX_FEATURES	12
#define RTAX_RTO_MIN	13
#define RTAX_QUICKACK	15
#define RTAX_CC_ALGO	16
#define RTAX_MAX	17

#define RTCF_BROADCAST	0x10000000
#define RTCF_MULTICAST	0x20000000
#define RTCF_LOCAL	0x80000000u
#define RT_TABLE_COMPAT	252

#define NDA_DST		1
#define NDA_LLADDR	2
#define NDA_CACHEINFO	3
#define NDA_PROBES	4
#define NDA_VLAN	5
#define NDA_PORT	6
#define NDA_VNI		7
#define NDA_IFINDEX	8
#define NDA_MASTER	9
#define NDA_PROTOCOL	12
#define NDA_NH_ID	13
#define NDA_FLAGS_EXT	15
#define NDA_MAX		17

struct ndtmsg {
	__u8 ndtm_family, ndtm_pad1;
	__u16 ndtm_pad2;
};

#define NDTA_NAME	1
#define NDTA_THRESH1	2
#define NDTA_THRESH2	3
#define NDTA_THRESH3	4
#define NDTA_CONFIG	5
#define NDTA_PARMS	6
#define NDTA_STATS	7
#define NDTA_GC_INTERVAL 8
#define NDTPA_IFINDEX	1
#define NDTPA_REFCNT	2
#define NDTPA_REACHABLE_TIME 3
#define NDTPA_BASE_REACHABLE_TIME 4
#define NDTPA_RETRANS_TIME 5
#define NDTPA_GC_STALETIME 6
#define NDTPA_DELAY_PROBE_TIME 7
#define NDTPA_QUEUE_LEN	8
#define NDTPA_APP_PROBES 9
#define NDTPA_UCAST_PROBES 10
#define NDTPA_MCAST_PROBES 11
#define NDTPA_ANYCAST_DELAY 12
#define NDTPA_PROXY_DELAY 13
#define NDTPA_PROXY_QLEN 14
#define NDTPA_LOCKTIME	15
#define NDTPA_QUEUE_LENBYTES 16
#define NDTPA_MCAST_REPROBES 17

struct ndt_stats {
	__u64 ndts_allocs, ndts_destroys, ndts_hash_grows, ndts_res_failed, ndts_lookups, ndts_hits, ndts_rcv_probes_mcast,
		ndts_rcv_probes_ucast, ndts_periodic_gc_runs, ndts_forced_gc_runs, ndts_table_fulls;
};
struct ndt_config {
	__u16 ndtc_key_len, ndtc_entry_size;
	__u32 ndtc_entries, ndtc_last_flush, ndtc_last_rand, ndtc_hash_rnd, ndtc_hash_mask, ndtc_hash_chain_gc, ndtc_proxy_qlen;
};
UAPI_SIZE(struct ndt_config, 32);

struct netconfmsg {
	__u8 ncm_family;
};
#define NETCONFA_IFINDEX 1
#define NETCONFA_FORWARDING 2
#define NETCONFA_RP_FILTER 3
#define NETCONFA_MC_FORWARDING 4
#define NETCONFA_PROXY_NEIGH 5
#define NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN 6
#define NETCONFA_BC_FORWARDING 8
#define NETCONFA_IFINDEX_ALL (-1)
#define NETCONFA_IFINDEX_DEFAULT (-2)

#define NETNSA_NSID	1
#define NETNSA_PID	2
#define NETNSA_FD	3
#define NETNSA_TARGET_NSID 4
#define NETNSA_CURRENT_NSID 5

#define FRA_DST		1
#define FRA_SRC		2
#define FRA_IIFNAME	3
#define FRA_PRIORITY	6
#define FRA_FWMARK	10
#define FRA_TABLE	15
#define FRA_FWMASK	16
#define FRA_OIFNAME	17
#define FRA_UID_RANGE	20
#define FRA_PROTOCOL	21
#define FRA_IP_PROTO	22
#define FRA_GOTO	4
#define FRA_FLOW	11
#define FRA_TUN_ID	12
#define FRA_SUPPRESS_IFGROUP 13
#define FRA_SUPPRESS_PREFIXLEN 14
#define FRA_L3MDEV	19
#define FRA_SPORT_RANGE	23
#define FRA_DPORT_RANGE	24

#define FR_ACT_TO_TBL	1
#define FR_ACT_GOTO	2
#define FR_ACT_NOP	3
#define FR_ACT_BLACKHOLE 6
#define FR_ACT_UNREACHABLE 7
#define FR_ACT_PROHIBIT	8
#define FIB_RULE_PERMANENT 1
#define FIB_RULE_INVERT	2
#define FIB_RULE_UNRESOLVED 4
#define FIB_RULE_IIF_DETACHED 8
#define FIB_RULE_OIF_DETACHED 16

struct fib_rule_uid_range {
	__u32 start, end;
};
struct fib_rule_port_range {
	__u16 start, end;
};

#define RTM_F_NOTIFY	0x100
#define RTM_F_CLONED	0x200
#define RTM_F_PREFIX	0x800
#define RTM_F_LOOKUP_TABLE 0x1000
#define RTM_F_FIB_MATCH	0x2000

#endif
