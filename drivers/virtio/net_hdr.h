/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The header in front of every frame of a virtio network device as pure code: what a device says of a
 * frame is checked against the frame before anybody believes it. Source: virtio 1.2, section 5.1.6.
 */
#ifndef DRIVERS_VIRTIO_NET_HDR_H
#define DRIVERS_VIRTIO_NET_HDR_H

#include <base/byteorder.h>
#include <base/compiler.h>
#include <base/types.h>

struct vnet_hdr {
	u8 flags;
	u8 gso_type;
	le16_t hdr_len;
	le16_t gso_size;
	le16_t csum_start;
	le16_t csum_offset;
	le16_t num_buffers;	/* not there on legacy devices without mergeable buffers */
};
static_assert(sizeof(struct vnet_hdr) == 12, "virtio 5.1.6");
#define VNET_HDR_LEGACY	10u

enum vnet_gso { VNET_GSO_NONE = 0, VNET_GSO_TCPV4 = 1, VNET_GSO_TCPV6 = 4 };

/* The same in the kernel's terms. Offsets count from the first byte of the frame. */
struct vnet_offload {
	bool csum_partial;	/* from csum_start to the end, to be stored at csum_start + csum_offset */
	bool csum_valid;	/* rx: the device has checked it */
	bool ecn;
	u8 gso;			/* enum vnet_gso */
	u16 csum_start, csum_offset;
	u16 gso_size, hdr_len;
};

/*
 * frame: bytes of the frame; linear: those of them that lie in its first buffer. -EINVAL: nonsense, the
 * frame is to be dropped.
 */
__must_check int vnet_hdr_parse(const struct vnet_hdr *h, u32 frame, u32 linear, struct vnet_offload *o);
void vnet_hdr_build(struct vnet_hdr *h, const struct vnet_offload *o);

#endif
