/* SPDX-License-Identifier: MPL-2.0 */
/* IPv4 addresses, protocols and options. */
#ifndef UAPI_LINUX_IN_H
#define UAPI_LINUX_IN_H

#include <uapi/linux/types.h>

#define IPPROTO_IP	0
#define IPPROTO_ICMP	1
#define IPPROTO_IGMP	2
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define IPPROTO_IPV6	41
#define IPPROTO_ICMPV6	58
#define IPPROTO_UDPLITE	136
#define IPPROTO_RAW	255

struct in_addr {
	__be32 s_addr;
};
UAPI_SIZE(struct in_addr, 4);

struct sockaddr_in {
	__u16 sin_family;
	__be16 sin_port;
	struct in_addr sin_addr;
	__u8 __pad[8];
};
UAPI_SIZE(struct sockaddr_in, 16);

struct in6_addr {
	__u8 s6_addr[16];
} __attribute__((aligned(4)));
UAPI_SIZE(struct in6_addr, 16);

struct sockaddr_in6 {
	__u16 sin6_family;
	__be16 sin6_port;
	__be32 sin6_flowinfo;
	struct in6_addr sin6_addr;
	__u32 sin6_scope_id;
};
UAPI_SIZE(struct sockaddr_in6, 28);

#define INADDR_ANY		0x00000000u
#define INADDR_BROADCAST	0xffffffffu
#define INADDR_LOOPBACK		0x7f000001u

#define INADDR_NONE		0xffffffffu
#define IN_LOOPBACKNET		127

/* SOL_IP */
#define IP_TOS			1
#define IP_TTL			2
#define IP_HDRINCL		3
#define IP_OPTIONS		4
#define IP_ROUTER_ALERT		5
#define IP_RECVOPTS		6
#define IP_RETOPTS		7
#define IP_PKTINFO		8
#define IP_PKTOPTIONS		9
#define IP_MTU_DISCOVER		10
#define IP_RECVERR		11
#define IP_RECVTTL		12
#define IP_RECVTOS		13
#define IP_MTU			14
#define IP_FREEBIND		15
#define IP_IPSEC_POLICY		16
#define IP_XFRM_POLICY		17
#define IP_PASSSEC		18
#define IP_TRANSPARENT		19
#define IP_ORIGDSTADDR		20
#define IP_RECVORIGDSTADDR	20
#define IP_MINTTL		21
#define IP_NODEFRAG		22
#define IP_CHECKSUM		23
#define IP_BIND_ADDRESS_NO_PORT	24
#define IP_RECVFRAGSIZE		25
#define IP_RECVERR_RFC4884	26
#define IP_MULTICAST_IF		32
#define IP_MULTICAST_TTL	33
#define IP_MULTICAST_LOOP	34
#define IP_ADD_MEMBERSHIP	35
#define IP_DROP_MEMBERSHIP	36
#define IP_UNBLOCK_SOURCE	37
#define IP_BLOCK_SOURCE		38
#define IP_ADD_SOURCE_MEMBERSHIP	39
#define IP_DROP_SOURCE_MEMBERSHIP	40
#define IP_MSFILTER		41
#define MCAST_JOIN_GROUP	42
#define MCAST_BLOCK_SOURCE	43
#define MCAST_UNBLOCK_SOURCE	44
#define MCAST_LEAVE_GROUP	45
#define MCAST_JOIN_SOURCE_GROUP	46
#define MCAST_LEAVE_SOURCE_GROUP	47
#define MCAST_MSFILTER		48
#define IP_MULTICAST_ALL	49
#define IP_UNICAST_IF		50

#define IP_PMTUDISC_DONT	0
#define IP_PMTUDISC_WANT	1
#define IP_PMTUDISC_DO		2
#define IP_PMTUDISC_PROBE	3
#define IP_PMTUDISC_INTERFACE	4
#define IP_PMTUDISC_OMIT	5

struct in_pktinfo {
	__s32 ipi_ifindex;
	struct in_addr ipi_spec_dst;
	struct in_addr ipi_addr;
};
UAPI_SIZE(struct in_pktinfo, 12);

struct ip_mreqn {
	struct in_addr imr_multiaddr;
	struct in_addr imr_address;
	__s32 imr_ifindex;
};
UAPI_SIZE(struct ip_mreqn, 12);

#endif
