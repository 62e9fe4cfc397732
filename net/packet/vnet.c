/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PACKET_VNET_HDR: before each frame of a raw socket stands a struct virtio_net_hdr, which says what of the checksum and of the
 * cutting into segments is still to be done. What a sender claims is checked against the frame before anything acts on it.
 * Refused: fragments of UDP (EINVAL), and segments of UDP as on Linux 6.1. Source: packet(7), the virtio specification 5.1.6.
 */
#include <base/ip6.h>
#include <base/math.h>
#include <base/string.h>

#include "internal.h"

#define NEEDS_CSUM	1u
#define DATA_VALID	2u
#define TYPE_TCPV4	1u
#define TYPE_TCPV6	4u
#define TYPE_UDP_L4	5u
#define TYPE_ECN	0x80u

int packet_vnet_check(struct packet_vnet *h, u32 len)
{
	u32 hdr = le16(h->hdr_len), end = (u32)le16(h->csum_start) + le16(h->csum_offset) + 2;

	if (h->flags & NEEDS_CSUM)
		hdr = max(hdr, end);
	return hdr > len ? -EINVAL : 0;
}

/* --- sending --- */

/* Where the TCP header of a frame that is to be cut lies; 0: there is none. */
static u32 tcp_at(struct pkt *p, const struct packet_vnet *h)
{
	u32 l3 = p->mac_len, claimed = h->flags & NEEDS_CSUM ? le16(h->csum_start) : 0, at;
	bool v6 = (h->gso_type & (u8)~TYPE_ECN) == TYPE_TCPV6;
	const u8 *ip;

	if (l3 != ETH_HLEN || !pkt_pull_ok(p, l3 + (v6 ? 40u : 20u)))
		return 0;
	if (be16(((const struct eth_hdr *)p->data)->proto) != (v6 ? ETH_P_IPV6 : ETH_P_IP))
		return 0;
	ip = p->data + l3;
	if (v6) {
		struct ip6_walk w;
		u32 n = min(p->len, l3 + 1280u);

		if (ip[0] >> 4 != 6 || !pkt_pull_ok(p, n) || !ip6_walk(p->data + l3, n - l3, &w) ||
		    w.proto != IPPROTO_TCP || w.fragmented)
			return 0;
		at = l3 + w.off;
	} else {
		at = l3 + (ip[0] & 15u) * 4;
		if (ip[0] >> 4 != 4 || at < l3 + 20 || ip[9] != IPPROTO_TCP)
			return 0;
	}
	return claimed && claimed != at ? 0 : at;
}

/* The sum of the addresses, which the sender left out. */
static void seed_csum(struct pkt *p, u32 l3, u32 l4)
{
	const u8 *ip = p->data + l3;
	u32 sum = ip[0] >> 4 == 6 ? csum_partial(ip + 8, 32, 0) : csum_partial(ip + 12, 8, 0);
	be16_t seed;

	sum = csum_add(sum, (u32)to_be16(IPPROTO_TCP).raw);
	sum = csum_add(sum, to_be32(p->len - l4).raw);
	seed.raw = (u16)~csum_fold(sum).raw;
	memcpy(p->data + l4 + offsetof(struct tcp_hdr_wire, csum), &seed, sizeof(seed));
}

static void csum_from(struct pkt *p, u32 start, u32 offset)
{
	p->csum_state = CSUM_PARTIAL;
	p->csum_start = p->trans_off = (u16)(p->data - p->head + start);
	p->csum_offset = (u16)offset;
}

static int apply_gso(struct pkt *p, const struct packet_vnet *h)
{
	u32 type = h->gso_type & ~TYPE_ECN, size = le16(h->gso_size), l4, hdr;

	if ((type != TYPE_TCPV4 && type != TYPE_TCPV6) || !size || size == 0xffff)
		return -EINVAL;
	l4 = tcp_at(p, h);
	if (!l4 || !pkt_pull_ok(p, l4 + 20))
		return -EINVAL;
	hdr = l4 + (u32)(((const struct tcp_hdr_wire *)(p->data + l4))->doff_x >> 4) * 4;
	if (hdr < l4 + 20 || !pkt_pull_ok(p, hdr))
		return -EINVAL;
	if (!(h->flags & NEEDS_CSUM))
		seed_csum(p, p->mac_len, l4);
	else if (le16(h->csum_offset) != offsetof(struct tcp_hdr_wire, csum))
		return -EINVAL;
	csum_from(p, l4, offsetof(struct tcp_hdr_wire, csum));
	/* What fits in one is one. */
	if (p->len - hdr <= size)
		return 0;
	p->gso_type = (u8)((type == TYPE_TCPV6 ? GSO_TCPV6 : GSO_TCPV4) | (h->gso_type & TYPE_ECN ? GSO_ECN : 0));
	p->gso_size = (u16)size;
	p->gso_segs = (u16)DIV_ROUND_UP(p->len - hdr, size);
	return 0;
}

int packet_vnet_apply(struct pkt *p, const struct packet_vnet *h)
{
	u32 start = le16(h->csum_start), offset = le16(h->csum_offset);

	if (h->flags & NEEDS_CSUM) {
		if (start < p->mac_len || (u32)(p->data - p->head) + start > 0xffff || !pkt_pull_ok(p, start + offset + 2))
			return -EINVAL;
		csum_from(p, start, offset);
	}
	return h->gso_type ? apply_gso(p, h) : 0;
}

/* --- receiving --- */

void packet_vnet_of(const struct pkt *p, struct packet_vnet *h)
{
	*h = (struct packet_vnet){ 0 };
	if (p->gso_size) {
		h->hdr_len = to_le16((u16)min(pkt_linear(p), 0xffffu));
		h->gso_size = to_le16(p->gso_size);
		h->gso_type = p->gso_type & GSO_TCPV4 ? TYPE_TCPV4 : p->gso_type & GSO_TCPV6 ? TYPE_TCPV6 : TYPE_UDP_L4;
		if (p->gso_type & GSO_ECN)
			h->gso_type |= TYPE_ECN;
	}
	if (p->csum_state == CSUM_PARTIAL) {
		h->flags = NEEDS_CSUM;
		h->csum_start = to_le16((u16)(p->csum_start - (p->data - p->head)));
		h->csum_offset = to_le16(p->csum_offset);
	} else if (p->csum_state == CSUM_UNNECESSARY && p->type != PKT_OUTGOING) {
		h->flags = DATA_VALID;
	}
}
