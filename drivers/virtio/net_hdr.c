/* SPDX-License-Identifier: MPL-2.0 */
/* Reading and writing struct vnet_hdr; net_hdr.h has the overview. Pure. */
#include <base/errno.h>
#include <base/math.h>

#include "net_hdr.h"

#define HDR_NEEDS_CSUM	1u
#define HDR_DATA_VALID	2u
#define HDR_GSO_ECN	0x80u

int vnet_hdr_parse(const struct vnet_hdr *h, u32 frame, u32 linear, struct vnet_offload *o)
{
	*o = (struct vnet_offload){ .gso = h->gso_type & (u8)~HDR_GSO_ECN, .ecn = h->gso_type & HDR_GSO_ECN };
	if (h->flags & HDR_NEEDS_CSUM) {
		o->csum_partial = true;
		o->csum_start = le16(h->csum_start);
		o->csum_offset = le16(h->csum_offset);
		if ((u32)o->csum_start + o->csum_offset + 2 > min(linear, frame))
			return -EINVAL;
	} else {
		o->csum_valid = h->flags & HDR_DATA_VALID;
	}
	if (o->gso == VNET_GSO_NONE)
		return o->ecn ? -EINVAL : 0;
	o->gso_size = le16(h->gso_size);
	o->hdr_len = le16(h->hdr_len);	/* a hint only */
	if ((o->gso != VNET_GSO_TCPV4 && o->gso != VNET_GSO_TCPV6) || !o->gso_size)
		return -EINVAL;
	return 0;
}

void vnet_hdr_build(struct vnet_hdr *h, const struct vnet_offload *o)
{
	*h = (struct vnet_hdr){ .gso_type = o->gso };
	if (o->csum_partial) {
		h->flags = HDR_NEEDS_CSUM;
		h->csum_start = to_le16(o->csum_start);
		h->csum_offset = to_le16(o->csum_offset);
	}
	if (o->gso != VNET_GSO_NONE) {
		h->gso_type |= o->ecn ? HDR_GSO_ECN : 0;
		h->gso_size = to_le16(o->gso_size);
		h->hdr_len = to_le16(o->hdr_len);
	}
}
