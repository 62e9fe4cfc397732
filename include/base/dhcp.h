/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Messages of DHCP and BOOTP (kernel/lib/dhcp.c), from the UDP payload's first byte on. Pure: nothing is read beyond the
 * length given, whatever the bytes say. Addresses are in host order, 0: not told. Sources: RFC 951, 2131, 2132.
 */
#ifndef BASE_DHCP_H
#define BASE_DHCP_H

#include <base/types.h>

#define DHCP_SERVER_PORT	67
#define DHCP_CLIENT_PORT	68
#define DHCP_MSG_SIZE		548u	/* what we send: the options fill up what every host takes */
#define DHCP_MSG_MIN		240u	/* fixed part and cookie */

#define DHCP_BOOTP	0		/* no DHCP: a reply without a type */
#define DHCP_DISCOVER	1
#define DHCP_OFFER	2
#define DHCP_REQUEST	3
#define DHCP_ACK	5
#define DHCP_NAK	6

struct dhcp_request {
	u8 type;			/* DHCP_BOOTP, DISCOVER, REQUEST */
	u8 mac[6];
	u16 seconds;			/* since the client began */
	u32 xid;
	u32 address, server;		/* REQUEST: what was offered, by whom */
	const char *host;		/* our name, if it is known; NULL */
};

struct dhcp_reply {
	u8 type;
	u8 prefixlen;			/* of the mask; 0: not told */
	u32 address, server, boot_server;
	u32 router, dns[3], ntp[3];
	u32 mtu;
	char host[65], domain[65], nis_domain[65], root_path[256];	/* empty: not told */
};

/* m has DHCP_MSG_SIZE bytes, all of which are to be sent. */
void dhcp_build(u8 *m, const struct dhcp_request *q);
/* False: not a reply, not to this request and card, or broken. */
bool dhcp_parse(const u8 *m, u32 len, u32 xid, const u8 mac[6], struct dhcp_reply *r);

#endif
