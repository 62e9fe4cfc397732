/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PACKET_RX_RING and PACKET_TX_RING: frames in memory shared with user space. Here they are made and mapped, and received
 * frames of versions 1 and 2 are put in; ring3.c has version 3, ring_tx.c what is sent. Source: packet(7), Linux's document
 * packet_mmap.
 *
 * A block is one folio. A ring is made and undone with the tap taken out and the mutex held, so the tap's function
 * finds it whole or not at all; a mapping keeps the file, and with it the socket and the ring, and is counted: rings that are
 * mapped do not change. Mapping comes with locks of the address space held, so it takes no mutex. The status word hands
 * a frame over: written last by us, and read first.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <mm/vma_frames.h>

#include "internal.h"

#define HEAD	32u		/* of versions 1 and 2 */
static_assert(sizeof(struct tpacket_hdr) == HEAD && sizeof(struct tpacket2_hdr) == HEAD, "offsets in a frame");
#define BLOCKS_MAX	4096u

/* Head and name: the least that a frame has. */
static u32 fixed(u32 version) { return tp_align(packet_head_size(version)) + (u32)sizeof(struct sockaddr_ll); }

/* V1's status is a long; only the low half is ever used. Little endian. */
static u32 *status_of(u8 *frame) { return (u32 *)frame; }

static void ring_free(struct packet_ring *r)
{
	for (u32 i = 0; r->blocks && i < r->nr_blocks; i++)
		if (r->blocks[i])
			folio_put(r->blocks[i]);
	kvfree(r->blocks);
	r->blocks = NULL;
	r->nr_blocks = 0;
}

void packet_rings_free(struct packet_sock *k)
{
	(void)delayed_work_cancel_sync(&k->retire);
	ring_free(&k->ring);
	ring_free(&k->tx);
}

/* --- filling --- */

u64 packet_frame_time(const struct pkt *p) { return p->tstamp ? (u64)p->tstamp : (u64)clock_realtime_ns(); }

bool packet_frame_place(const struct packet_sock *k, const struct pkt *p, u32 *mac, u32 *net)
{
	u32 link = k->c.type == SOCK_DGRAM ? 0 : p->mac_len, head = fixed(k->version);

	*net = (k->c.type == SOCK_DGRAM ? tp_align(head) + 16 : tp_align(head + max(link, 16u))) + k->reserve;
	*net += k->vnet ? PACKET_VNET_LEN : 0;
	*mac = *net - link;
	return *net <= 0xffff;
}

u32 packet_frame_status(const struct pkt *p)
{
	u32 status = TP_STATUS_USER | (p->tstamp ? TP_STATUS_TS_SOFTWARE : 0);

	if (p->csum_state == CSUM_PARTIAL)
		status |= TP_STATUS_CSUMNOTREADY;
	else if (p->csum_state == CSUM_UNNECESSARY && p->type != PKT_OUTGOING)
		status |= TP_STATUS_CSUM_VALID;
	return status;
}

static void write_head(u32 version, u64 now, u8 *at, u32 whole, u32 snap, u32 mac, u32 net)
{
	u32 sec = (u32)(now / NSEC_PER_SEC), nsec = (u32)(now % NSEC_PER_SEC);

	if (version == TPACKET_V1) {
		struct tpacket_hdr *h = (struct tpacket_hdr *)at;

		h->tp_len = whole;
		h->tp_snaplen = snap;
		h->tp_mac = (u16)mac;
		h->tp_net = (u16)net;
		h->tp_sec = sec;
		h->tp_usec = nsec / 1000;
	} else {
		struct tpacket2_hdr *h = (struct tpacket2_hdr *)at;

		h->tp_len = whole;
		h->tp_snaplen = snap;
		h->tp_mac = (u16)mac;
		h->tp_net = (u16)net;
		h->tp_sec = sec;
		h->tp_nsec = nsec;
		h->tp_vlan_tci = h->tp_vlan_tpid = 0;
		memset(h->tp_padding, 0, sizeof(h->tp_padding));
	}
}

bool packet_ring_put(struct packet_sock *k, const struct pkt *p, const struct sockaddr_ll *from, u32 whole, bool *wake)
{
	struct packet_ring *r = &k->ring;
	u32 mac, net, snap = p->len;
	u8 *at;

	*wake = false;
	if (k->version == TPACKET_V3)
		return packet_block_put(k, p, from, whole, wake);
	at = packet_frame_at(r, r->head);
	/* Acquire: pairs with the user's store that gave the frame back. */
	if (__atomic_load_n(status_of(at), __ATOMIC_ACQUIRE) != TP_STATUS_KERNEL || !packet_frame_place(k, p, &mac, &net))
		return false;
	if (mac + snap > r->frame)
		snap = mac < r->frame ? r->frame - mac : 0;
	if (snap && pkt_read(p, 0, at + mac, snap))
		return false;
	if (k->vnet && mac < r->frame)
		packet_vnet_of(p, (struct packet_vnet *)(at + mac) - 1);
	write_head(k->version, packet_frame_time(p), at, whole, snap, mac, net);
	memcpy(at + HEAD, from, sizeof(*from));
	__atomic_store_n(status_of(at), packet_frame_status(p) | (k->drops ? TP_STATUS_LOSING : 0), __ATOMIC_RELEASE);
	r->head = r->head + 1 == r->nr ? 0 : r->head + 1;
	*wake = true;
	return true;
}

bool packet_ring_has_room(const struct packet_sock *k)
{
	const struct packet_ring *r = &k->ring;

	if (k->version == TPACKET_V3)
		return r->open;
	return __atomic_load_n(status_of(packet_frame_at(r, r->head)), __ATOMIC_ACQUIRE) == TP_STATUS_KERNEL;
}

/* What was filled last is still the program's: there is something to read. */
static bool readable(const struct packet_sock *k)
{
	const struct packet_ring *r = &k->ring;
	u32 *status;

	if (k->version == TPACKET_V3)
		status = &((struct tpacket_block_desc *)packet_block_at(r, (r->head ? r->head : r->nr_blocks) - 1))
			->hdr.bh1.block_status;
	else
		status = status_of(packet_frame_at(r, (r->head ? r->head : r->nr) - 1));
	return __atomic_load_n(status, __ATOMIC_ACQUIRE) != TP_STATUS_KERNEL;
}

u32 packet_ring_events(struct packet_sock *k)
{
	u32 events = 0;
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	if (k->ring.blocks && readable(k))
		events |= EPOLLIN | EPOLLRDNORM;
	if (k->tx.blocks && __atomic_load_n(packet_tx_status(k->version, packet_frame_at(&k->tx, READ_ONCE(k->tx.head))),
					   __ATOMIC_ACQUIRE) == TP_STATUS_AVAILABLE)
		events |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock_irqrestore(&k->lock, flags);
	return events;
}

/* --- making --- */

static int check(const struct packet_sock *k, bool tx, const struct tpacket_req3 *q)
{
	u32 per, least = fixed(k->version) + k->reserve;
	bool blocks = k->version == TPACKET_V3;

	if (!q->tp_block_nr)
		return q->tp_frame_nr ? -EINVAL : 0;
	if ((s32)q->tp_block_size <= 0 || q->tp_block_size % PAGE_SIZE)
		return -EINVAL;
	if (blocks && q->tp_block_size < (u64)PACKET_BLOCK_HEAD + (((u64)q->tp_sizeof_priv + 7) & ~7ull) + least)
		return -EINVAL;
	if (q->tp_frame_size < least || q->tp_frame_size % TPACKET_ALIGNMENT)
		return -EINVAL;
	per = q->tp_block_size / q->tp_frame_size;
	if (!per || q->tp_block_nr > 0xffffffffu / per || per * q->tp_block_nr != q->tp_frame_nr)
		return -EINVAL;
	if (blocks && tx && (q->tp_retire_blk_tov || q->tp_sizeof_priv || q->tp_feature_req_word))
		return -EINVAL;
	return q->tp_block_nr > BLOCKS_MAX || q->tp_block_size > (u64)PAGE_SIZE << MAX_ORDER ? -ENOMEM : 0;
}

static int make(struct packet_ring *r, const struct tpacket_req3 *q)
{
	r->pages = (u32)(q->tp_block_size / PAGE_SIZE);
	r->order = 0;
	while (1u << r->order < r->pages)
		r->order++;
	r->blocks = kvmalloc(q->tp_block_nr * sizeof(*r->blocks), GFP_KERNEL | GFP_ZERO);
	if (!r->blocks)
		return -ENOMEM;
	r->nr_blocks = q->tp_block_nr;
	for (u32 i = 0; i < r->nr_blocks; i++) {
		r->blocks[i] = folio_alloc(r->order, GFP_KERNEL | GFP_ZERO | GFP_NORETRY | GFP_NOWARN);
		if (!r->blocks[i]) {
			ring_free(r);
			return -ENOMEM;
		}
	}
	r->block = q->tp_block_size;
	r->per_block = q->tp_block_size / q->tp_frame_size;
	r->frame = q->tp_frame_size;
	r->nr = q->tp_frame_nr;
	return 0;
}

/* mutex held. *fresh: what was there before. */
static int replace(struct packet_sock *k, bool tx, struct packet_ring *fresh)
{
	struct packet_ring *slot = tx ? &k->tx : &k->ring;
	struct pkt_list waiting = PKT_LIST_INIT;
	bool was = k->hooked;
	u64 flags;
	u32 tov;
	int err;

	packet_unhook(k);
	if (!tx)
		(void)delayed_work_cancel_sync(&k->retire);
	spin_lock_irqsave(&k->lock, flags);
	err = k->maps ? -EBUSY : 0;
	if (!err) {
		struct packet_ring old = *slot;

		*slot = *fresh;
		*fresh = old;
	}
	if (!err && !tx) {	/* what waited in the queue was for who read it with recvmsg */
		pkt_list_join(&waiting, &k->rxq);
		WRITE_ONCE(k->rmem, 0);
	}
	tov = k->ring.tov_ms;
	spin_unlock_irqrestore(&k->lock, flags);
	pkt_list_free(&waiting);
	if (!tx && tov)
		(void)delayed_work_queue(system_wq, &k->retire, (u64)tov * NSEC_PER_MSEC);
	if (was)
		packet_rehook(k);
	return err;
}

int packet_set_ring(struct packet_sock *k, bool tx, uaddr_t val, int len)
{
	struct packet_ring fresh = { 0 };
	struct tpacket_req3 q = { 0 };
	u32 version = READ_ONCE(k->version);
	size_t size = version == TPACKET_V3 ? sizeof(q) : sizeof(struct tpacket_req);
	int err = 0;

	if (len < (int)size)
		return -EINVAL;
	if (copy_in_bytes(&q, val, size))
		return -EFAULT;
	mutex_lock(&k->mutex);
	if (k->version != version || ((tx ? &k->tx : &k->ring)->blocks && q.tp_block_nr))
		err = -EBUSY;
	if (!err)
		err = check(k, tx, &q);
	if (!err && q.tp_block_nr)
		err = make(&fresh, &q);
	if (!err && fresh.blocks && !tx && version == TPACKET_V3)
		packet_blocks_start(&fresh, &q);
	if (!err)
		err = replace(k, tx, &fresh);
	ring_free(&fresh);
	mutex_unlock(&k->mutex);
	return err;
}

int packet_ring_option(struct packet_sock *k, int opt, uaddr_t val, int len)
{
	u32 v;
	int err = 0;

	if (opt == PACKET_VNET_HDR ? len < (int)sizeof(v) : len != (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	if ((opt == PACKET_VERSION && v > TPACKET_V3) || (opt == PACKET_RESERVE && v > 0x7fffffff))
		return -EINVAL;
	mutex_lock(&k->mutex);
	if (k->ring.blocks || k->tx.blocks)
		err = -EBUSY;
	else if (opt == PACKET_VERSION)
		WRITE_ONCE(k->version, v);
	else if (opt == PACKET_RESERVE)
		WRITE_ONCE(k->reserve, v);
	else if (opt == PACKET_VNET_HDR)
		WRITE_ONCE(k->vnet, v != 0);
	else
		WRITE_ONCE(k->loss, v != 0);
	mutex_unlock(&k->mutex);
	return err;
}

/* The version goes in, the size of its head comes out. */
int packet_ring_hdrlen(uaddr_t val, uaddr_t ulen)
{
	int len, v;

	if (copy_in_bytes(&len, ulen, sizeof(len)))
		return -EFAULT;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	if (v < TPACKET_V1 || v > TPACKET_V3)
		return -EINVAL;
	v = (int)packet_head_size((u32)v);
	return sockopt_out(val, ulen, &v, sizeof(v));
}

/* --- mapping --- */

static void count_map(struct packet_sock *k, int n)
{
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	k->maps += n;
	spin_unlock_irqrestore(&k->lock, flags);
}

static void map_open(struct vma *v) { count_map(pk(v->file->private), 1); }
static void map_close(struct vma *v) { count_map(pk(v->file->private), -1); }
static const struct vma_ops map_ops = { .open = map_open, .close = map_close };

static int map_ring(struct vma *v, const struct packet_ring *r, u64 *at)
{
	int err = 0;

	for (u32 i = 0; i < r->nr_blocks && !err; i++, *at += r->pages)
		err = vma_map_frames_at(v, *at, folio_pfn(r->blocks[i]), r->pages, false);
	return err;
}

/* Both rings one behind the other, the receiving one first; never a part. */
int packet_mmap(struct socket *s, struct vma *v)
{
	struct packet_sock *k = pk(s);
	u64 pages, at = 0;
	int err = -EINVAL;

	count_map(k, 1);	/* from here on they stay */
	pages = (u64)k->ring.nr_blocks * k->ring.pages + (u64)k->tx.nr_blocks * k->tx.pages;
	if (pages && !v->pgoff && (v->end - v->start) >> PAGE_SHIFT == pages) {
		err = map_ring(v, &k->ring, &at);
		if (!err)
			err = map_ring(v, &k->tx, &at);
	}
	if (err)
		count_map(k, -1);
	else
		v->ops = &map_ops;
	return err;
}
