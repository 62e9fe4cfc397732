/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The header of network frames: what is built is read back; what a lying device says is refused.
 * host-test: net_hdr.c
 */
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>

#include "net_hdr.h"

KTEST(vnet_hdr, round_trip)
{
	struct vnet_offload o = { .csum_partial = true, .csum_start = 34, .csum_offset = 16, .gso = VNET_GSO_TCPV6,
				  .ecn = true, .gso_size = 1440, .hdr_len = 86 }, got;
	struct vnet_hdr h;

	vnet_hdr_build(&h, &o);
	KEXPECT_EQ(h.flags, 1);
	KEXPECT_EQ(h.gso_type, 0x84);
	KEXPECT_EQ(vnet_hdr_parse(&h, 3000, 128, &got), 0);
	KEXPECT(!memcmp(&o, &got, sizeof(o)));
}

KTEST(vnet_hdr, plain_frame)
{
	struct vnet_hdr h = { 0 };
	struct vnet_offload o;

	KEXPECT_EQ(vnet_hdr_parse(&h, 60, 60, &o), 0);
	KEXPECT(!o.csum_partial && !o.csum_valid && o.gso == VNET_GSO_NONE);
	h.flags = 2;
	KEXPECT_EQ(vnet_hdr_parse(&h, 60, 60, &o), 0);
	KEXPECT(o.csum_valid);
}

KTEST(vnet_hdr, lies)
{
	struct vnet_hdr h = { .flags = 1, .csum_start = to_le16(34), .csum_offset = to_le16(16) };
	struct vnet_offload o;

	KEXPECT_EQ(vnet_hdr_parse(&h, 60, 52, &o), 0);
	KEXPECT_EQ(vnet_hdr_parse(&h, 60, 51, &o), -EINVAL);	/* the checksum lies in another buffer */
	KEXPECT_EQ(vnet_hdr_parse(&h, 51, 60, &o), -EINVAL);	/* behind the end */
	h.csum_start = h.csum_offset = to_le16(0xffff);
	KEXPECT_EQ(vnet_hdr_parse(&h, 65535, 65535, &o), -EINVAL);	/* a sum above 16 bits */
	h = (struct vnet_hdr){ .gso_type = VNET_GSO_TCPV4 };
	KEXPECT_EQ(vnet_hdr_parse(&h, 4000, 4000, &o), -EINVAL);	/* segments of no bytes */
	h.gso_size = to_le16(1448);
	KEXPECT_EQ(vnet_hdr_parse(&h, 4000, 4000, &o), 0);
	h.gso_type = 3;						/* UDP fragments: never negotiated */
	KEXPECT_EQ(vnet_hdr_parse(&h, 4000, 4000, &o), -EINVAL);
	h.gso_type = 0x80;
	KEXPECT_EQ(vnet_hdr_parse(&h, 4000, 4000, &o), -EINVAL);
}
