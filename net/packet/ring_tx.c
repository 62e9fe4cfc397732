/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PACKET_TX_RING: send(2) on a socket with one sends the frames that the program marked, in order, from where it stopped.
 * A frame is copied, so it is the program's again as soon as it is on its way. The ring is looked at under the mutex, which is
 * let go to wait and to send. What the program writes meanwhile is believed once: its length is read once.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <fs/poll.h>

#include "internal.h"

u32 *packet_tx_status(u32 version, u8 *frame)
{
	return (u32 *)(frame + (version == TPACKET_V3 ? offsetof(struct tpacket3_hdr, tp_status) : 0));
}

static u32 frame_len(u32 version, const u8 *frame)
{
	const u8 *at = frame + (version == TPACKET_V1 ? offsetof(struct tpacket_hdr, tp_len) : version == TPACKET_V2 ?
				offsetof(struct tpacket2_hdr, tp_len) : offsetof(struct tpacket3_hdr, tp_len));

	return READ_ONCE(*(const u32 *)at);
}

/* The packet of a frame. ERR_PTR. */
static struct pkt *frame_packet(struct packet_sock *k, struct net_device *dev, const u8 *frame, u16 protocol, const u8 *dst,
	u32 *len)
{
	u32 extra = k->c.type == SOCK_RAW ? dev->hard_header_len : 0, data = tp_align(packet_head_size(k->version)), n;
	u32 vnet = k->vnet ? PACKET_VNET_LEN : 0, most = READ_ONCE(dev->mtu) + extra;
	struct packet_vnet h;
	struct pkt *p;
	int err;

	n = *len = frame_len(k->version, frame);
	if (k->version == TPACKET_V3 && READ_ONCE(((const struct tpacket3_hdr *)frame)->tp_next_offset))
		return ERR_PTR(-EINVAL);	/* frames of one size only */
	if (vnet && n > k->tx.frame - data)
		return ERR_PTR(-EMSGSIZE);
	if (vnet) {
		/* Believed as it is now. */
		if (n < vnet)
			return ERR_PTR(-EINVAL);
		memcpy(&h, frame + data, sizeof(h));
		data += vnet;
		*len = n -= vnet;
		if (packet_vnet_check(&h, n))
			return ERR_PTR(-EINVAL);
		most = h.gso_type ? PACKET_GSO_MAX : most;
	}
	if (n > min(k->tx.frame - data, most))
		return ERR_PTR(-EMSGSIZE);
	if (n < extra)
		return ERR_PTR(-EINVAL);
	p = pkt_alloc(PKT_HEADROOM, min(n, FRAME_LINEAR), GFP_KERNEL);
	if (!p)
		return ERR_PTR(-ENOBUFS);
	err = pkt_append(p, frame + data, n, GFP_KERNEL);
	if (err) {
		pkt_free(p);
		return ERR_PTR(-ENOBUFS);
	}
	err = packet_finish(k, dev, p, protocol, dst);
	if (err)
		return ERR_PTR(err);
	if (vnet && packet_vnet_apply(p, &h)) {
		pkt_free(p);
		return ERR_PTR(-EINVAL);
	}
	return p;
}

/* mutex held. The next frame that is marked; NULL: there is none. ERR_PTR. */
static struct pkt *next_frame(struct packet_sock *k, struct net_device *dev, u16 protocol, const u8 *dst, u32 *len)
{
	struct packet_ring *r = &k->tx;

	if (!r->blocks)
		return ERR_PTR(-EBUSY);
	for (;;) {
		u8 *frame = packet_frame_at(r, r->head);
		u32 *status = packet_tx_status(k->version, frame);
		struct pkt *p;

		/* Acquire: pairs with the program's store that gave the frame away. */
		if (__atomic_load_n(status, __ATOMIC_ACQUIRE) != TP_STATUS_SEND_REQUEST)
			return NULL;
		p = frame_packet(k, dev, frame, protocol, dst, len);
		if (IS_ERR(p) && PTR_ERR(p) == -ENOBUFS)
			return p;	/* later */
		if (IS_ERR(p) && !k->loss) {
			__atomic_store_n(status, TP_STATUS_WRONG_FORMAT, __ATOMIC_RELEASE);
			return p;
		}
		__atomic_store_n(status, TP_STATUS_AVAILABLE, __ATOMIC_RELEASE);
		WRITE_ONCE(r->head, r->head + 1 == r->nr ? 0 : r->head + 1);
		if (!IS_ERR(p))
			return p;
	}
}

ssize_t packet_ring_send(struct packet_sock *k, struct net_device *dev, u16 protocol, const u8 *dst, u64 deadline)
{
	ssize_t total = 0;

	for (;;) {
		struct pkt *p;
		u32 len;
		int err;

		if (!packet_writable(k)) {
			err = deadline ? wait_event_interruptible_until(&k->wait, packet_writable(k), deadline) : -EAGAIN;
			if (err)
				return total ? total : sock_wait_result(err, deadline);
		}
		mutex_lock(&k->mutex);
		p = next_frame(k, dev, protocol, dst, &len);
		mutex_unlock(&k->mutex);
		if (!p)
			return total;
		if (IS_ERR(p))
			return PTR_ERR(p) == -ENOBUFS && total ? total : PTR_ERR(p);
		(void)packet_transmit(k, p);	/* what the device drops is lost, not an error of the ring */
		total += len;
	}
}
