/* SPDX-License-Identifier: MPL-2.0 */
/* Generic netlink: families found by name. Source: Linux's Documentation of the interface, libnl's. */
#ifndef UAPI_LINUX_GENETLINK_H
#define UAPI_LINUX_GENETLINK_H

#include <uapi/linux/types.h>

#define GENL_NAMSIZ	16
#define GENL_ID_CTRL	0x10

struct genlmsghdr {
	__u8 cmd, version;
	__u16 reserved;
};
UAPI_SIZE(struct genlmsghdr, 4);

#define GENL_ADMIN_PERM		0x01
#define GENL_CMD_CAP_DO		0x02
#define GENL_CMD_CAP_DUMP	0x04
#define GENL_CMD_CAP_HASPOL	0x08

#define CTRL_CMD_NEWFAMILY	1
#define CTRL_CMD_GETFAMILY	3
#define CTRL_CMD_GETPOLICY	10

#define CTRL_ATTR_FAMILY_ID	1
#define CTRL_ATTR_FAMILY_NAME	2
#define CTRL_ATTR_VERSION	3
#define CTRL_ATTR_HDRSIZE	4
#define CTRL_ATTR_MAXATTR	5
#define CTRL_ATTR_OPS		6
#define CTRL_ATTR_MCAST_GROUPS	7
#define CTRL_ATTR_POLICY	8
#define CTRL_ATTR_OP_POLICY	9
#define CTRL_ATTR_OP		10
#define CTRL_ATTR_OP_ID		1
#define CTRL_ATTR_OP_FLAGS	2
#define CTRL_ATTR_MCAST_GRP_NAME 1
#define CTRL_ATTR_MCAST_GRP_ID	2
#define CTRL_ATTR_POLICY_DO	1
#define CTRL_ATTR_POLICY_DUMP	2

#define NL_ATTR_TYPE_BINARY	10
#define NL_ATTR_TYPE_U8		2
#define NL_ATTR_TYPE_U16	3
#define NL_ATTR_TYPE_U32	4
#define NL_ATTR_TYPE_U64	5
#define NL_ATTR_TYPE_STRING	11
#define NL_ATTR_TYPE_NUL_STRING	12
#define NL_ATTR_TYPE_NESTED	13
#define NL_POLICY_TYPE_ATTR_TYPE 1
#define NL_POLICY_TYPE_ATTR_MIN_LENGTH 6
#define NL_POLICY_TYPE_ATTR_MAX_LENGTH 7

#endif
