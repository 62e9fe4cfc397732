/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Receive rings with heads of version 3: blocks. One is open and filled packet by packet; it is given to the program when the
 * next packet does not fit or when it was open for two periods of the timer. If the program holds the block that is next,
 * the ring is frozen, and packets are dropped until it lets go. Everything under packet_sock.lock. Source: packet_mmap.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <fs/poll.h>

#include "internal.h"

#define DEFAULT_TOV_MS	8u

static struct tpacket_block_desc *current_block(const struct packet_ring *r)
{
	return (struct tpacket_block_desc *)packet_block_at(r, r->head);
}

/* What a block takes besides its own head and the program's part. */
static u32 block_room(const struct packet_ring *r) { return r->block - PACKET_BLOCK_HEAD - r->priv; }

/* The block at head becomes the one that is filled; it is ours. */
static void block_open(struct packet_ring *r)
{
	struct tpacket_block_desc *d = current_block(r);
	u64 now = (u64)clock_realtime_ns();

	r->next = PACKET_BLOCK_HEAD + r->priv;
	r->count = 0;
	*d = (struct tpacket_block_desc){ .version = TPACKET_V3, .offset_to_priv = PACKET_BLOCK_HEAD,
		.hdr.bh1 = { .offset_to_first_pkt = r->next, .blk_len = r->next, .seq_num = ++r->seq,
			.ts_first_pkt = { (u32)(now / NSEC_PER_SEC), { (u32)(now % NSEC_PER_SEC) } } } };
	r->open = true;
	r->frozen = false;
}

static void block_close(struct packet_ring *r, u32 status)
{
	struct tpacket_block_desc *d = current_block(r);

	if (r->count) {
		struct tpacket3_hdr *last = (struct tpacket3_hdr *)((u8 *)d + r->prev);

		last->tp_next_offset = 0;
		d->hdr.bh1.ts_last_pkt.ts_sec = last->tp_sec;
		d->hdr.bh1.ts_last_pkt.ts_nsec = last->tp_nsec;
	}
	__atomic_store_n(&d->hdr.bh1.block_status, TP_STATUS_USER | status, __ATOMIC_RELEASE);
	r->open = r->idle = false;
	r->head = r->head + 1 == r->nr_blocks ? 0 : r->head + 1;
}

/* Is the block at head ours? Acquire: pairs with the program's store that gave it back. */
static bool block_free(const struct packet_ring *r)
{
	return __atomic_load_n(&current_block(r)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) == TP_STATUS_KERNEL;
}

void packet_blocks_start(struct packet_ring *r, const struct tpacket_req3 *q)
{
	r->priv = packet_priv_size(q->tp_sizeof_priv);
	r->tov_ms = q->tp_retire_blk_tov ? q->tp_retire_blk_tov : DEFAULT_TOV_MS;
	r->feature = q->tp_feature_req_word;
	block_open(r);
}

/* There is an open block with `need` bytes free. */
static bool block_ready(struct packet_ring *r, u32 need, u32 losing, bool *wake)
{
	if (r->open) {
		if (r->next + need < r->block)
			return true;
		block_close(r, losing);
		*wake = true;
		if (!block_free(r)) {
			r->frozen = true;
			r->freezes++;
			return false;
		}
	} else if (!block_free(r)) {
		return false;
	}
	block_open(r);
	return true;
}

bool packet_block_put(struct packet_sock *k, const struct pkt *p, const struct sockaddr_ll *from, u32 whole, bool *wake)
{
	u32 mac, net, need, snap = p->len, losing = k->drops ? TP_STATUS_LOSING : 0;
	struct packet_ring *r = &k->ring;
	struct tpacket_block_desc *d;
	struct tpacket3_hdr *h;
	u64 now;

	if (!packet_frame_place(k, p, &mac, &net))
		return false;
	if (mac + snap > block_room(r)) {
		snap = mac < block_room(r) ? block_room(r) - mac : 0;
		mac = min(mac, block_room(r));
	}
	need = (mac + snap + 7) & ~7u;
	if (!block_ready(r, need, losing, wake))
		return false;
	d = current_block(r);
	h = (struct tpacket3_hdr *)((u8 *)d + r->next);
	if (snap && pkt_read(p, 0, (u8 *)h + mac, snap))
		return false;
	if (k->vnet && mac < block_room(r))
		packet_vnet_of(p, (struct packet_vnet *)((u8 *)h + mac) - 1);
	now = packet_frame_time(p);
	*h = (struct tpacket3_hdr){ .tp_next_offset = need, .tp_sec = (u32)(now / NSEC_PER_SEC),
		.tp_nsec = (u32)(now % NSEC_PER_SEC), .tp_snaplen = snap, .tp_len = whole,
		.tp_status = packet_frame_status(p) | losing, .tp_mac = (u16)mac, .tp_net = (u16)net };
	if (r->feature & TP_FT_REQ_FILL_RXHASH && p->hash_valid)
		h->hv1.tp_rxhash = p->hash;
	memcpy((u8 *)h + sizeof(*h), from, sizeof(*from));
	r->prev = r->next;
	r->next += need;
	r->count++;
	d->hdr.bh1.blk_len += need;
	d->hdr.bh1.num_pkts = r->count;
	return true;
}

/* One period of the timer is over. */
void packet_retire(struct work *w)
{
	struct packet_sock *k = container_of(container_of(w, struct delayed_work, work), struct packet_sock, retire);
	struct packet_ring *r = &k->ring;
	bool wake = false;
	u64 flags;
	u32 tov;

	spin_lock_irqsave(&k->lock, flags);
	if (r->open && r->count && r->idle) {
		block_close(r, TP_STATUS_BLK_TMO | (k->drops ? TP_STATUS_LOSING : 0));
		wake = true;
		if (block_free(r)) {
			block_open(r);
		} else {
			r->frozen = true;
			r->freezes++;
		}
	} else if (!r->open && block_free(r)) {
		block_open(r);
	}
	r->idle = true;
	tov = r->tov_ms;
	spin_unlock_irqrestore(&k->lock, flags);
	if (wake)
		wake_up_poll(&k->wait, EPOLLIN | EPOLLRDNORM);
	(void)delayed_work_queue(system_wq, &k->retire, (u64)tov * NSEC_PER_MSEC);
}
