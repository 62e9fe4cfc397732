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
#define NLMSG_ALIGNTO	4U
#define NLMSG_HDRLEN	16

#endif
