/* SPDX-License-Identifier: MPL-2.0 */
/* Routes by ioctl: SIOCADDRT, SIOCDELRT. */
#ifndef UAPI_LINUX_ROUTE_H
#define UAPI_LINUX_ROUTE_H

#include <uapi/linux/socket.h>
#include <uapi/linux/types.h>

struct rtentry {
	__u64 rt_pad1;
	struct sockaddr rt_dst;
	struct sockaddr rt_gateway;
	struct sockaddr rt_genmask;
	__u16 rt_flags;
	__s16 rt_pad2;
	__u64 rt_pad3;
	__u64 rt_pad4;
	__s16 rt_metric;
	__u64 rt_dev;		/* user address of the name */
	__u64 rt_mtu;
	__u64 rt_window;
	__u16 rt_irtt;
};
UAPI_SIZE(struct rtentry, 120);

#define RTF_UP		0x0001
#define RTF_GATEWAY	0x0002
#define RTF_HOST	0x0004
#define RTF_REINSTATE	0x0008
#define RTF_DYNAMIC	0x0010
#define RTF_MODIFIED	0x0020
#define RTF_MTU		0x0040
#define RTF_WINDOW	0x0080
#define RTF_IRTT	0x0100
#define RTF_REJECT	0x0200

#endif
