/* SPDX-License-Identifier: MPL-2.0 */
/* Netlink sockets. */
#ifndef UAPI_LINUX_NETLINK_H
#define UAPI_LINUX_NETLINK_H

#include <uapi/linux/types.h>

#define NETLINK_ROUTE		0
#define NETLINK_USERSOCK	2
#define NETLINK_SOCK_DIAG	4
#define NETLINK_AUDIT		9
#define NETLINK_KOBJECT_UEVENT	15
#define NETLINK_GENERIC		16
#define MAX_LINKS		32

struct sockaddr_nl {
	__u16 nl_family;
	__u16 nl_pad;
	__u32 nl_pid;
	__u32 nl_groups;
};
UAPI_SIZE(struct sockaddr_nl, 12);

struct nlmsghdr {
	__u32 nlmsg_len;
	__u16 nlmsg_type;
	__u16 nlmsg_flags;
	__u32 nlmsg_seq;
	__u32 nlmsg_pid;
};
UAPI_SIZE(struct nlmsghdr, 16);

#define NLM_F_REQUEST	0x01
#define NLM_F_MULTI	0x02
#define NLM_F_ACK	0x04
#define NLM_F_ECHO	0x08
#define NLM_F_ROOT	0x100
#define NLM_F_MATCH	0x200
#define NLM_F_ATOMIC	0x400
#define NLM_F_DUMP	(NLM_F_ROOT | NLM_F_MATCH)
#define NLM_F_REPLACE	0x100
#define NLM_F_EXCL	0x200
#define NLM_F_CREATE	0x400
#define NLM_F_APPEND	0x800
#define NLMSG_NOOP	0x1
#define NLMSG_ERROR	0x2
#define NLMSG_DONE	0x3
#define NLM_F_DUMP_INTR	0x10
#define NLM_F_DUMP_FILTERED 0x20
#define NLM_F_CAPPED	0x100
#define NLM_F_ACK_TLVS	0x200
#define NLMSG_ALIGNTO	4U
#define NLMSG_HDRLEN	16
#define NLMSG_MIN_TYPE	0x10

struct nlmsgerr {
	__s32 error;
	struct nlmsghdr msg;
};
UAPI_SIZE(struct nlmsgerr, 20);

struct nlattr {
	__u16 nla_len;
	__u16 nla_type;
};
UAPI_SIZE(struct nlattr, 4);

#define NLA_F_NESTED		(1 << 15)
#define NLA_F_NET_BYTEORDER	(1 << 14)
#define NLA_TYPE_MASK		~(NLA_F_NESTED | NLA_F_NET_BYTEORDER)
#define NLA_HDRLEN	4

#define NETLINK_ADD_MEMBERSHIP	1
#define NETLINK_DROP_MEMBERSHIP	2
#define NETLINK_PKTINFO		3
#define NETLINK_BROADCAST_ERROR	4
#define NETLINK_NO_ENOBUFS	5
#define NETLINK_LISTEN_ALL_NSID	8
#define NETLINK_LIST_MEMBERSHIPS 9
#define NETLINK_CAP_ACK		10
#define NETLINK_EXT_ACK		11
#define NETLINK_GET_STRICT_CHK	12

#define NLMSGERR_ATTR_MSG	1
#define NLMSGERR_ATTR_OFFS	2

struct nl_pktinfo {
	__u32 group;
};

#endif
