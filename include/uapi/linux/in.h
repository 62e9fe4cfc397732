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

#endif
