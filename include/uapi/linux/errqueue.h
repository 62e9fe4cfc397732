/* SPDX-License-Identifier: MPL-2.0 */
/* What comes by the error queue of a socket. Source: ip(7), Linux's documentation of timestamping. */
#ifndef UAPI_LINUX_ERRQUEUE_H
#define UAPI_LINUX_ERRQUEUE_H

#include <uapi/linux/types.h>

struct sock_extended_err {
	__u32 ee_errno;
	__u8 ee_origin;
	__u8 ee_type;
	__u8 ee_code;
	__u8 ee_pad;
	__u32 ee_info;
	__u32 ee_data;
};
UAPI_SIZE(struct sock_extended_err, 16);

#define SO_EE_ORIGIN_NONE	0
#define SO_EE_ORIGIN_LOCAL	1
#define SO_EE_ORIGIN_ICMP	2
#define SO_EE_ORIGIN_ICMP6	3
#define SO_EE_ORIGIN_TIMESTAMPING 4
#define SO_EE_ORIGIN_ZEROCOPY	5

#define SO_EE_CODE_ZEROCOPY_COPIED 1

#endif
