/* SPDX-License-Identifier: MPL-2.0 */
/* Sockets: families, types, options, messages. */
#ifndef UAPI_LINUX_SOCKET_H
#define UAPI_LINUX_SOCKET_H

#include <uapi/linux/types.h>
#include <uapi/linux/uio.h>

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_LOCAL	1
#define AF_INET		2
#define AF_AX25		3
#define AF_IPX		4
#define AF_APPLETALK	5
#define AF_X25		9
#define AF_INET6	10
#define AF_KEY		15
#define AF_NETLINK	16
#define AF_ROUTE	AF_NETLINK
#define AF_PACKET	17
#define AF_TIPC		30
#define AF_BLUETOOTH	31
#define AF_ALG		38
#define AF_VSOCK	40
#define AF_XDP		44
#define AF_MAX		46
#define PF_UNSPEC	AF_UNSPEC
#define PF_UNIX		AF_UNIX
#define PF_LOCAL	AF_LOCAL
#define PF_INET		AF_INET
#define PF_INET6	AF_INET6
#define PF_NETLINK	AF_NETLINK
#define PF_PACKET	AF_PACKET
#define PF_VSOCK	AF_VSOCK

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define SOCK_RAW	3
#define SOCK_RDM	4
#define SOCK_SEQPACKET	5
#define SOCK_DCCP	6
#define SOCK_PACKET	10
#define SOCK_MAX	11
#define SOCK_TYPE_MASK	0xf
#define SOCK_CLOEXEC	02000000
#define SOCK_NONBLOCK	00004000

#define SHUT_RD		0
#define SHUT_WR		1
#define SHUT_RDWR	2

#define SOMAXCONN	4096

struct sockaddr {
	__u16 sa_family;
	char sa_data[14];
};
UAPI_SIZE(struct sockaddr, 16);

/* Room for the address of any family. */
struct sockaddr_storage {
	__u16 ss_family;
	char ss_data[118];
	__u64 ss_align;
};
UAPI_SIZE(struct sockaddr_storage, 128);

struct linger {
	__s32 l_onoff;
	__s32 l_linger;		/* seconds */
};
UAPI_SIZE(struct linger, 8);

struct ucred {
	__s32 pid;
	__u32 uid;
	__u32 gid;
};
UAPI_SIZE(struct ucred, 12);

/* As sendmsg(2) and recvmsg(2) pass it. */
struct user_msghdr {
	__u64 msg_name;
	__s32 msg_namelen;
	__u64 msg_iov;
	__u64 msg_iovlen;
	__u64 msg_control;
	__u64 msg_controllen;
	__u32 msg_flags;
};
UAPI_SIZE(struct user_msghdr, 56);

struct mmsghdr {
	struct user_msghdr msg_hdr;
	__u32 msg_len;
};
UAPI_SIZE(struct mmsghdr, 64);

struct cmsghdr {
	__u64 cmsg_len;		/* with this header */
	__s32 cmsg_level;
	__s32 cmsg_type;
};
UAPI_SIZE(struct cmsghdr, 16);
#define CMSG_ALIGN(len)	(((len) + 7ul) & ~7ul)
#define CMSG_LEN(len)	(sizeof(struct cmsghdr) + (len))
#define CMSG_SPACE(len)	(sizeof(struct cmsghdr) + CMSG_ALIGN(len))

#define SCM_RIGHTS	0x01
#define SCM_CREDENTIALS	0x02
#define SCM_SECURITY	0x03
#define SCM_MAX_FD	253

#define MSG_OOB		0x1
#define MSG_PEEK	0x2
#define MSG_DONTROUTE	0x4
#define MSG_CTRUNC	0x8
#define MSG_PROBE	0x10
#define MSG_TRUNC	0x20
#define MSG_DONTWAIT	0x40
#define MSG_EOR		0x80
#define MSG_WAITALL	0x100
#define MSG_FIN		0x200
#define MSG_SYN		0x400
#define MSG_CONFIRM	0x800
#define MSG_RST		0x1000
#define MSG_ERRQUEUE	0x2000
#define MSG_NOSIGNAL	0x4000
#define MSG_MORE	0x8000
#define MSG_WAITFORONE	0x10000
#define MSG_BATCH	0x40000
#define MSG_ZEROCOPY	0x4000000
#define MSG_FASTOPEN	0x20000000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SOL_IP		0
#define SOL_SOCKET	1
#define SOL_TCP		6
#define SOL_UDP		17
#define SOL_IPV6	41
#define SOL_ICMPV6	58
#define SOL_RAW		255
#define SOL_PACKET	263
#define SOL_NETLINK	270
#define SOL_VSOCK	287

#define SO_DEBUG	1
#define SO_REUSEADDR	2
#define SO_TYPE		3
#define SO_ERROR	4
#define SO_DONTROUTE	5
#define SO_BROADCAST	6
#define SO_SNDBUF	7
#define SO_RCVBUF	8
#define SO_KEEPALIVE	9
#define SO_OOBINLINE	10
#define SO_NO_CHECK	11
#define SO_PRIORITY	12
#define SO_LINGER	13
#define SO_BSDCOMPAT	14
#define SO_REUSEPORT	15
#define SO_PASSCRED	16
#define SO_PEERCRED	17
#define SO_RCVLOWAT	18
#define SO_SNDLOWAT	19
#define SO_RCVTIMEO	20
#define SO_RCVTIMEO_OLD	20
#define SO_SNDTIMEO	21
#define SO_SNDTIMEO_OLD	21
#define SO_BINDTODEVICE	25
#define SO_ATTACH_FILTER 26
#define SO_DETACH_FILTER 27
#define SO_GET_FILTER	SO_ATTACH_FILTER
#define SO_PEERNAME	28
#define SO_TIMESTAMP	29
#define SO_TIMESTAMP_OLD 29
#define SO_ACCEPTCONN	30
#define SO_PEERSEC	31
#define SO_SNDBUFFORCE	32
#define SO_RCVBUFFORCE	33
#define SO_PASSSEC	34
#define SO_TIMESTAMPNS	35
#define SO_TIMESTAMPNS_OLD 35
#define SO_MARK		36
#define SO_TIMESTAMPING	37
#define SO_TIMESTAMPING_OLD 37
#define SO_PROTOCOL	38
#define SO_DOMAIN	39
#define SO_RXQ_OVFL	40
#define SO_PEEK_OFF	42
#define SO_NOFCS	43
#define SO_LOCK_FILTER	44
#define SO_SELECT_ERR_QUEUE 45
#define SO_BUSY_POLL	46
#define SO_MAX_PACING_RATE 47
#define SO_INCOMING_CPU	49
#define SO_ATTACH_BPF	50
#define SO_ATTACH_REUSEPORT_CBPF 51
#define SO_ATTACH_REUSEPORT_EBPF 52
#define SO_CNX_ADVICE	53
#define SO_MEMINFO	55
#define SO_INCOMING_NAPI_ID 56
#define SO_COOKIE	57
#define SO_PEERGROUPS	59
#define SO_ZEROCOPY	60
#define SO_TXTIME	61
#define SO_BINDTOIFINDEX 62
#define SO_TIMESTAMP_NEW 63
#define SO_TIMESTAMPNS_NEW 64
#define SO_TIMESTAMPING_NEW 65
#define SO_RCVTIMEO_NEW	66
#define SO_SNDTIMEO_NEW	67
#define SO_DETACH_REUSEPORT_BPF 68
#define SO_PREFER_BUSY_POLL 69
#define SO_NETNS_COOKIE	71
#define SO_BUF_LOCK	72
#define SO_RESERVE_MEM	73
#define SO_TXREHASH	74
#define SO_RCVMARK	75
#define SCM_TIMESTAMP	SO_TIMESTAMP
#define SCM_TIMESTAMPNS	SO_TIMESTAMPNS
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#define SCM_TIMESTAMPING_OPT_STATS 54

#endif
