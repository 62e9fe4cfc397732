/* SPDX-License-Identifier: MPL-2.0 */
/* Headers as they stand on the wire. Packed: nothing may be assumed about alignment. Sources: RFC 791, 826,
   768, 792, 8200, 9293. */
#ifndef NET_WIRE_H
#define NET_WIRE_H

#include <base/byteorder.h>
#include <base/compiler.h>
#include <uapi/linux/in.h>

#define ETH_ALEN	6
#define ETH_HLEN	14
#define ETH_DATA_LEN	1500
#define ETH_P_LOOP	0x0060
#define ETH_P_ALL	0x0003
#define ETH_P_802_2	0x0004
#define ETH_P_802_3_MIN	0x0600
#define ETH_P_IP	0x0800
#define ETH_P_ARP	0x0806
#define ETH_P_8021Q	0x8100
#define ETH_P_IPV6	0x86dd

#define ARPHRD_ETHER	1
#define ARPHRD_LOOPBACK	772
#define ARPHRD_VOID	0xffff

struct eth_hdr {
	u8 dst[ETH_ALEN];
	u8 src[ETH_ALEN];
	be16_t proto;
} __packed;
static_assert(sizeof(struct eth_hdr) == 14, "wire");

/* ARP for IPv4 over Ethernet. */
struct arp_hdr {
	be16_t hrd, pro;
	u8 hln, pln;
	be16_t op;
	u8 sha[ETH_ALEN];
	be32_t sip;
	u8 tha[ETH_ALEN];
	be32_t tip;
} __packed;
static_assert(sizeof(struct arp_hdr) == 28, "wire");
#define ARPOP_REQUEST	1
#define ARPOP_REPLY	2

struct ip_hdr {
	u8 ver_ihl;
	u8 tos;
	be16_t tot_len;
	be16_t id;
	be16_t frag_off;
	u8 ttl;
	u8 proto;
	be16_t csum;
	be32_t src, dst;
} __packed;
static_assert(sizeof(struct ip_hdr) == 20, "wire");
#define IP_DF		0x4000
#define IP_MF		0x2000
#define IP_OFFMASK	0x1fff
static inline u32 ip_hdr_len(const struct ip_hdr *h) { return (h->ver_ihl & 15u) * 4; }

struct ip6_hdr {
	be32_t ver_tc_flow;
	be16_t payload_len;
	u8 next_hdr;
	u8 hop_limit;
	be32_t src[4], dst[4];
} __packed;
static_assert(sizeof(struct ip6_hdr) == 40, "wire");

struct udp_hdr {
	be16_t src, dst;
	be16_t len;
	be16_t csum;
} __packed;
static_assert(sizeof(struct udp_hdr) == 8, "wire");

struct tcp_hdr_wire {
	be16_t src, dst;
	be32_t seq, ack;
	u8 doff_x;		/* data offset in words in the upper half */
	u8 flags;
	be16_t wnd;
	be16_t csum;
	be16_t urg;
} __packed;
static_assert(sizeof(struct tcp_hdr_wire) == 20, "wire");
#define TCPF_FIN	0x01u
#define TCPF_SYN	0x02u
#define TCPF_RST	0x04u
#define TCPF_PSH	0x08u
#define TCPF_ACK	0x10u
#define TCPF_URG	0x20u
#define TCPF_ECE	0x40u
#define TCPF_CWR	0x80u

struct icmp_hdr {
	u8 type, code;
	be16_t csum;
	union {
		struct { be16_t id, seq; } echo;
		struct { be16_t unused, mtu; } frag;
		be32_t gateway;
		be32_t word;
	};
} __packed;
static_assert(sizeof(struct icmp_hdr) == 8, "wire");
#define ICMP_ECHOREPLY		0
#define ICMP_DEST_UNREACH	3
#define ICMP_SOURCE_QUENCH	4
#define ICMP_REDIRECT		5
#define ICMP_ECHO		8
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETERPROB	12
#define ICMP_TIMESTAMP		13
#define ICMP_TIMESTAMPREPLY	14
#define ICMP_ADDRESS		17
#define ICMP_ADDRESSREPLY	18
#define ICMP_NET_UNREACH	0
#define ICMP_HOST_UNREACH	1
#define ICMP_PROT_UNREACH	2
#define ICMP_PORT_UNREACH	3
#define ICMP_FRAG_NEEDED	4
#define ICMP_SR_FAILED		5
#define ICMP_EXC_TTL		0
#define ICMP_EXC_FRAGTIME	1

#endif
