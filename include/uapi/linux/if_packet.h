/* SPDX-License-Identifier: MPL-2.0 */
/* Packet sockets. Source: packet(7). */
#ifndef UAPI_LINUX_IF_PACKET_H
#define UAPI_LINUX_IF_PACKET_H

#include <uapi/linux/types.h>

struct sockaddr_ll {
	__u16 sll_family;
	__u16 sll_protocol;	/* network order */
	__s32 sll_ifindex;
	__u16 sll_hatype;
	__u8 sll_pkttype;
	__u8 sll_halen;
	__u8 sll_addr[8];
};
UAPI_SIZE(struct sockaddr_ll, 20);

#define PACKET_ADD_MEMBERSHIP	1
#define PACKET_DROP_MEMBERSHIP	2
#define PACKET_RX_RING		5
#define PACKET_STATISTICS	6
#define PACKET_AUXDATA		8
#define PACKET_ORIGDEV		9
#define PACKET_VERSION		10
#define PACKET_HDRLEN		11
#define PACKET_RESERVE		12
#define PACKET_IGNORE_OUTGOING	23

#define PACKET_MR_MULTICAST	0
#define PACKET_MR_PROMISC	1
#define PACKET_MR_ALLMULTI	2

struct packet_mreq {
	__s32 mr_ifindex;
	__u16 mr_type;
	__u16 mr_alen;
	__u8 mr_address[8];
};
UAPI_SIZE(struct packet_mreq, 16);

struct tpacket_stats {
	__u32 tp_packets, tp_drops;
};

struct tpacket_auxdata {
	__u32 tp_status, tp_len, tp_snaplen;
	__u16 tp_mac, tp_net, tp_vlan_tci, tp_vlan_tpid;
};
UAPI_SIZE(struct tpacket_auxdata, 20);

/* A frame's head in a ring: V1 and V2. */
#define TPACKET_V1		0
#define TPACKET_V2		1
#define TPACKET_V3		2
#define TPACKET_ALIGNMENT	16u

struct tpacket_hdr {
	__u64 tp_status;
	__u32 tp_len, tp_snaplen;
	__u16 tp_mac, tp_net;
	__u32 tp_sec, tp_usec;
	__u32 pad;
};
UAPI_SIZE(struct tpacket_hdr, 32);

struct tpacket2_hdr {
	__u32 tp_status, tp_len, tp_snaplen;
	__u16 tp_mac, tp_net;
	__u32 tp_sec, tp_nsec;
	__u16 tp_vlan_tci, tp_vlan_tpid;
	__u8 tp_padding[4];
};
UAPI_SIZE(struct tpacket2_hdr, 32);

struct tpacket_req {
	__u32 tp_block_size, tp_block_nr, tp_frame_size, tp_frame_nr;
};

#define TP_STATUS_KERNEL	0
#define TP_STATUS_USER		(1 << 0)
#define TP_STATUS_LOSING	(1 << 2)
#define TP_STATUS_CSUMNOTREADY	(1 << 3)
#define TP_STATUS_VLAN_VALID	(1 << 4)
#define TP_STATUS_CSUM_VALID	(1 << 7)

#endif
