/* SPDX-License-Identifier: MPL-2.0 */
/* NETLINK_SOCK_DIAG: what sockets there are. Source: sock_diag(7). */
#ifndef UAPI_LINUX_SOCK_DIAG_H
#define UAPI_LINUX_SOCK_DIAG_H

#include <uapi/linux/types.h>

#define TCPDIAG_GETSOCK		18
#define DCCPDIAG_GETSOCK	19
#define SOCK_DIAG_BY_FAMILY	20
#define SOCK_DESTROY		21

struct sock_diag_req {
	__u8 sdiag_family, sdiag_protocol;
};

enum { SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_RCVBUF, SK_MEMINFO_WMEM_ALLOC, SK_MEMINFO_SNDBUF, SK_MEMINFO_FWD_ALLOC,
	SK_MEMINFO_WMEM_QUEUED, SK_MEMINFO_OPTMEM, SK_MEMINFO_BACKLOG, SK_MEMINFO_DROPS, SK_MEMINFO_VARS };

/* --- AF_INET, AF_INET6 --- */

struct inet_diag_sockid {
	__be16 idiag_sport, idiag_dport;
	__be32 idiag_src[4], idiag_dst[4];
	__u32 idiag_if, idiag_cookie[2];
};
UAPI_SIZE(struct inet_diag_sockid, 48);
#define INET_DIAG_NOCOOKIE	(~0U)

struct inet_diag_req_v2 {
	__u8 sdiag_family, sdiag_protocol, idiag_ext, pad;
	__u32 idiag_states;
	struct inet_diag_sockid id;
};
UAPI_SIZE(struct inet_diag_req_v2, 56);

struct inet_diag_req {
	__u8 idiag_family, idiag_src_len, idiag_dst_len, idiag_ext;
	struct inet_diag_sockid id;
	__u32 idiag_states, idiag_dbs;
};
UAPI_SIZE(struct inet_diag_req, 60);

struct inet_diag_msg {
	__u8 idiag_family, idiag_state, idiag_timer, idiag_retrans;
	struct inet_diag_sockid id;
	__u32 idiag_expires, idiag_rqueue, idiag_wqueue, idiag_uid, idiag_inode;
};
UAPI_SIZE(struct inet_diag_msg, 72);

#define INET_DIAG_REQ_BYTECODE	1
#define INET_DIAG_REQ_SK_BPF_STORAGES 2
#define INET_DIAG_REQ_PROTOCOL	3

struct inet_diag_bc_op {
	__u8 code, yes;
	__u16 no;
};
enum { INET_DIAG_BC_NOP, INET_DIAG_BC_JMP, INET_DIAG_BC_S_GE, INET_DIAG_BC_S_LE, INET_DIAG_BC_D_GE, INET_DIAG_BC_D_LE,
	INET_DIAG_BC_AUTO, INET_DIAG_BC_S_COND, INET_DIAG_BC_D_COND, INET_DIAG_BC_DEV_COND, INET_DIAG_BC_MARK_COND,
	INET_DIAG_BC_S_EQ, INET_DIAG_BC_D_EQ, INET_DIAG_BC_CGROUP_COND };
struct inet_diag_hostcond {
	__u8 family, prefix_len;
	__s32 port;
	__be32 addr[];
};
UAPI_SIZE(struct inet_diag_hostcond, 8);
struct inet_diag_markcond {
	__u32 mark, mask;
};
struct inet_diag_meminfo {
	__u32 idiag_rmem, idiag_wmem, idiag_fmem, idiag_tmem;
};

#define INET_DIAG_MEMINFO	1
#define INET_DIAG_INFO		2
#define INET_DIAG_CONG		4
#define INET_DIAG_TOS		5
#define INET_DIAG_TCLASS	6
#define INET_DIAG_SKMEMINFO	7
#define INET_DIAG_SHUTDOWN	8
#define INET_DIAG_PROTOCOL	10
#define INET_DIAG_SKV6ONLY	11
#define INET_DIAG_MARK		15
#define INET_DIAG_CLASS_ID	17
#define INET_DIAG_SOCKOPT	22

/* --- AF_UNIX --- */

struct unix_diag_req {
	__u8 sdiag_family, sdiag_protocol;
	__u16 pad;
	__u32 udiag_states, udiag_ino, udiag_show, udiag_cookie[2];
};
UAPI_SIZE(struct unix_diag_req, 24);
#define UDIAG_SHOW_NAME		0x01
#define UDIAG_SHOW_VFS		0x02
#define UDIAG_SHOW_PEER		0x04
#define UDIAG_SHOW_ICONS	0x08
#define UDIAG_SHOW_RQLEN	0x10
#define UDIAG_SHOW_MEMINFO	0x20
#define UDIAG_SHOW_UID		0x40
struct unix_diag_msg {
	__u8 udiag_family, udiag_type, udiag_state, pad;
	__u32 udiag_ino, udiag_cookie[2];
};
UAPI_SIZE(struct unix_diag_msg, 16);
enum { UNIX_DIAG_NAME, UNIX_DIAG_VFS, UNIX_DIAG_PEER, UNIX_DIAG_ICONS, UNIX_DIAG_RQLEN, UNIX_DIAG_MEMINFO, UNIX_DIAG_SHUTDOWN,
	UNIX_DIAG_UID };
struct unix_diag_vfs {
	__u32 udiag_vfs_ino, udiag_vfs_dev;
};
struct unix_diag_rqlen {
	__u32 udiag_rqueue, udiag_wqueue;
};

/* --- AF_NETLINK --- */

struct netlink_diag_req {
	__u8 sdiag_family, sdiag_protocol;
	__u16 pad;
	__u32 ndiag_ino, ndiag_show, ndiag_cookie[2];
};
UAPI_SIZE(struct netlink_diag_req, 20);
#define NDIAG_PROTO_ALL		0xff
#define NDIAG_SHOW_MEMINFO	0x1
#define NDIAG_SHOW_GROUPS	0x2
#define NDIAG_SHOW_FLAGS	0x8
struct netlink_diag_msg {
	__u8 ndiag_family, ndiag_type, ndiag_protocol, ndiag_state;
	__u32 ndiag_portid, ndiag_dst_portid, ndiag_dst_group, ndiag_ino, ndiag_cookie[2];
};
UAPI_SIZE(struct netlink_diag_msg, 28);
enum { NETLINK_DIAG_MEMINFO, NETLINK_DIAG_GROUPS, NETLINK_DIAG_RX_RING, NETLINK_DIAG_TX_RING, NETLINK_DIAG_FLAGS };
#define NDIAG_FLAG_CB_RUNNING	0x01
#define NDIAG_FLAG_PKTINFO	0x02
#define NDIAG_FLAG_BROADCAST_ERROR 0x04
#define NDIAG_FLAG_NO_ENOBUFS	0x08
#define NDIAG_FLAG_LISTEN_ALL_NSID 0x10
#define NDIAG_FLAG_CAP_ACK	0x20

/* --- AF_PACKET --- */

struct packet_diag_req {
	__u8 sdiag_family, sdiag_protocol;
	__u16 pad;
	__u32 pdiag_ino, pdiag_show, pdiag_cookie[2];
};
UAPI_SIZE(struct packet_diag_req, 20);
#define PACKET_SHOW_INFO	0x01
#define PACKET_SHOW_MCLIST	0x02
#define PACKET_SHOW_MEMINFO	0x10
#define PACKET_SHOW_FILTER	0x20
struct packet_diag_msg {
	__u8 pdiag_family, pdiag_type;
	__u16 pdiag_num;
	__u32 pdiag_ino, pdiag_cookie[2];
};
UAPI_SIZE(struct packet_diag_msg, 16);
enum { PACKET_DIAG_INFO, PACKET_DIAG_MCLIST, PACKET_DIAG_RX_RING, PACKET_DIAG_TX_RING, PACKET_DIAG_FANOUT, PACKET_DIAG_UID,
	PACKET_DIAG_MEMINFO, PACKET_DIAG_FILTER };
struct packet_diag_info {
	__u32 pdi_index, pdi_version, pdi_reserve, pdi_copy_thresh, pdi_tstamp, pdi_flags;
};
#define PDI_RUNNING		0x1
#define PDI_AUXDATA		0x2
#define PDI_ORIGDEV		0x4
#define PDI_VNETHDR		0x8
#define PDI_LOSS		0x10
struct packet_diag_mclist {
	__u32 pdmc_index, pdmc_count;
	__u16 pdmc_type, pdmc_alen;
	__u8 pdmc_addr[32];
};
UAPI_SIZE(struct packet_diag_mclist, 44);

#endif
