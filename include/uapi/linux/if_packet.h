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
#define PACKET_TX_RING		13
#define PACKET_LOSS		14
#define PACKET_VNET_HDR		15
#define PACKET_TX_TIMESTAMP	16
#define PACKET_TIMESTAMP	17
#define PACKET_FANOUT		18
#define PACKET_QDISC_BYPASS	20
#define PACKET_ROLLOVER_STATS	21
#define PACKET_IGNORE_OUTGOING	23

#define PACKET_FANOUT_HASH	0
#define PACKET_FANOUT_LB	1
#define PACKET_FANOUT_CPU	2
#define PACKET_FANOUT_ROLLOVER	3
#define PACKET_FANOUT_RND	4
#define PACKET_FANOUT_QM	5
#define PACKET_FANOUT_FLAG_ROLLOVER	0x1000
#define PACKET_FANOUT_FLAG_UNIQUEID	0x2000
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#define PACKET_FANOUT_FLAG_DEFRAG	0x8000

struct fanout_args {
	__u16 id;
	__u16 type_flags;
	__u32 max_num_members;
};
UAPI_SIZE(struct fanout_args, 8);

struct tpacket_rollover_stats {
	__u64 tp_all, tp_huge, tp_failed;
};

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

struct tpacket_stats_v3 {
	__u32 tp_packets, tp_drops, tp_freeze_q_cnt;
};

struct tpacket_auxdata {
	__u32 tp_status, tp_len, tp_snaplen;
	__u16 tp_mac, tp_net, tp_vlan_tci, tp_vlan_tpid;
};
UAPI_SIZE(struct tpacket_auxdata, 20);

/* A frame's head in a ring, by version; a sockaddr_ll follows it, at a multiple of 16. */
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

struct tpacket_hdr_variant1 {
	__u32 tp_rxhash, tp_vlan_tci;
	__u16 tp_vlan_tpid, tp_padding;
};

struct tpacket3_hdr {
	__u32 tp_next_offset, tp_sec, tp_nsec, tp_snaplen, tp_len, tp_status;
	__u16 tp_mac, tp_net;
	union {
		struct tpacket_hdr_variant1 hv1;
	};
	__u8 tp_padding[8];
};
UAPI_SIZE(struct tpacket3_hdr, 48);

/* At the head of each block of TPACKET_V3. */
struct tpacket_bd_ts {
	__u32 ts_sec;
	union {
		__u32 ts_usec, ts_nsec;
	};
};

struct tpacket_hdr_v1 {
	__u32 block_status, num_pkts, offset_to_first_pkt, blk_len;
	__u64 seq_num;
	struct tpacket_bd_ts ts_first_pkt, ts_last_pkt;
};

union tpacket_bd_header_u {
	struct tpacket_hdr_v1 bh1;
};

struct tpacket_block_desc {
	__u32 version, offset_to_priv;
	union tpacket_bd_header_u hdr;
};
UAPI_SIZE(struct tpacket_block_desc, 48);

struct tpacket_req {
	__u32 tp_block_size, tp_block_nr, tp_frame_size, tp_frame_nr;
};

struct tpacket_req3 {		/* begins with what tpacket_req is */
	__u32 tp_block_size, tp_block_nr, tp_frame_size, tp_frame_nr;
	__u32 tp_retire_blk_tov, tp_sizeof_priv, tp_feature_req_word;
};
UAPI_SIZE(struct tpacket_req3, 28);
#define TP_FT_REQ_FILL_RXHASH	1

#define TP_STATUS_KERNEL	0
#define TP_STATUS_USER		(1 << 0)
#define TP_STATUS_COPY		(1 << 1)
#define TP_STATUS_LOSING	(1 << 2)
#define TP_STATUS_CSUMNOTREADY	(1 << 3)
#define TP_STATUS_VLAN_VALID	(1 << 4)
#define TP_STATUS_BLK_TMO	(1 << 5)
#define TP_STATUS_CSUM_VALID	(1 << 7)
#define TP_STATUS_TS_SOFTWARE	(1u << 29)

/* Of a frame to be sent. */
#define TP_STATUS_AVAILABLE	0
#define TP_STATUS_SEND_REQUEST	(1 << 0)
#define TP_STATUS_SENDING	(1 << 1)
#define TP_STATUS_WRONG_FORMAT	(1 << 2)

#endif
