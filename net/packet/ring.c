/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PACKET_RX_RING: frames in memory shared with user space, with heads of version 1 or 2 (blocks of version 3 and rings
 * for sending are refused as by a kernel that does not know them; libpcap then takes version 2). Source: packet(7).
 *
 * A block is one folio. The ring is made and undone with the tap taken out and the mutex held, so the tap's function
 * finds it whole or not at all; a mapping keeps the file, and with it the socket and the ring. The status word hands a
 * frame over: written last by us, and read first.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <mm/vma_frames.h>

#include "internal.h"

#define HEAD	32u		/* of both versions */
static_assert(sizeof(struct tpacket_hdr) == HEAD && sizeof(struct tpacket2_hdr) == HEAD, "offsets in a frame");
#define FIXED	(HEAD + (u32)sizeof(struct sockaddr_ll))
#define BLOCKS_MAX	4096u

static u32 tp_align(u32 n) { return (n + TPACKET_ALIGNMENT - 1) & ~(TPACKET_ALIGNMENT - 1); }

static u8 *frame_at(const struct packet_ring *r, u32 i)
{
	return (u8 *)kmap_local(r->blocks[i / r->per_block], 0) + (u64)(i % r->per_block) * r->frame;
}

/* V1's status is a long; only the low half is ever used. Little endian. */
static u32 *status_of(u8 *frame) { return (u32 *)frame; }

void packet_ring_free(struct packet_ring *r)
{
	for (u32 i = 0; r->blocks && i < r->nr_blocks; i++)
		if (r->blocks[i])
			folio_put(r->blocks[i]);
	kvfree(r->blocks);
	r->blocks = NULL;
	r->nr_blocks = 0;
}

/* --- filling --- */

static void write_head(const struct packet_ring *r, u8 *at, u32 whole, u32 snap, u32 mac, u32 net)
{
	s64 now = clock_realtime_ns();
	u32 sec = (u32)(now / NSEC_PER_SEC), nsec = (u32)(now % NSEC_PER_SEC);

	if (r->version == TPACKET_V1) {
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

bool packet_ring_put(struct packet_sock *k, const struct pkt *p, const struct sockaddr_ll *from, u32 whole)
{
	struct packet_ring *r = &k->ring;
	u32 link = k->c.type == SOCK_DGRAM ? 0 : p->mac_len, status = TP_STATUS_USER, mac, net, snap = p->len;
	u8 *at = frame_at(r, r->head);

	/* Acquire: pairs with the user's store that gave the frame back. */
	if (__atomic_load_n(status_of(at), __ATOMIC_ACQUIRE) != TP_STATUS_KERNEL)
		return false;
	net = (k->c.type == SOCK_DGRAM ? tp_align(FIXED) + 16 : tp_align(FIXED + max(link, 16u))) + r->reserve;
	mac = net - link;
	if (mac > 0xffff)
		return false;
	if (mac + snap > r->frame)
		snap = mac < r->frame ? r->frame - mac : 0;
	if (snap && pkt_read(p, 0, at + mac, snap))
		return false;
	write_head(r, at, whole, snap, mac, net);
	memcpy(at + HEAD, from, sizeof(*from));
	if (p->csum_state == CSUM_PARTIAL)
		status |= TP_STATUS_CSUMNOTREADY;
	else if (p->csum_state == CSUM_UNNECESSARY && p->type != PKT_OUTGOING)
		status |= TP_STATUS_CSUM_VALID;
	if (k->drops)
		status |= TP_STATUS_LOSING;
	__atomic_store_n(status_of(at), status, __ATOMIC_RELEASE);
	r->head = r->head + 1 == r->nr ? 0 : r->head + 1;
	return true;
}

/* There is a frame that user space has not given back: the last one filled. */
bool packet_ring_ready(struct packet_sock *k)
{
	struct packet_ring *r = &k->ring;
	bool ready = false;
	u64 flags;

	spin_lock_irqsave(&k->lock, flags);
	if (r->blocks) {
		u8 *last = frame_at(r, (r->head ? r->head : r->nr) - 1);

		ready = __atomic_load_n(status_of(last), __ATOMIC_ACQUIRE) != TP_STATUS_KERNEL;
	}
	spin_unlock_irqrestore(&k->lock, flags);
	return ready;
}

/* --- making --- */

static int check(const struct packet_ring *r, const struct tpacket_req *q)
{
	u32 per;

	if (!q->tp_block_nr)
		return q->tp_frame_nr ? -EINVAL : 0;
	if (!q->tp_block_size || q->tp_block_size % PAGE_SIZE || q->tp_block_size > (u64)PAGE_SIZE << MAX_ORDER ||
	    q->tp_frame_size < FIXED + r->reserve || q->tp_frame_size % TPACKET_ALIGNMENT)
		return -EINVAL;
	per = q->tp_block_size / q->tp_frame_size;
	if (!per || q->tp_block_nr > 0xffffffffu / per || per * q->tp_block_nr != q->tp_frame_nr)
		return -EINVAL;
	return q->tp_block_nr > BLOCKS_MAX ? -ENOMEM : 0;
}

static int make(struct packet_ring *r, const struct tpacket_req *q)
{
	u64 pages = q->tp_block_size / PAGE_SIZE;

	r->order = 0;
	while (1ul << r->order < pages)
		r->order++;
	/* Whole orders only: a mapping of the ring shows the blocks one behind the other. */
	if (1ul << r->order != pages)
		return -EINVAL;
	r->blocks = kvmalloc(q->tp_block_nr * sizeof(*r->blocks), GFP_KERNEL | GFP_ZERO);
	if (!r->blocks)
		return -ENOMEM;
	r->nr_blocks = q->tp_block_nr;
	for (u32 i = 0; i < r->nr_blocks; i++) {
		r->blocks[i] = folio_alloc(r->order, GFP_KERNEL | GFP_ZERO | GFP_NORETRY | GFP_NOWARN);
		if (!r->blocks[i]) {
			packet_ring_free(r);
			return -ENOMEM;
		}
	}
	r->per_block = q->tp_block_size / q->tp_frame_size;
	r->frame = q->tp_frame_size;
	r->nr = q->tp_frame_nr;
	return 0;
}

int packet_set_ring(struct packet_sock *k, uaddr_t val, int len)
{
	struct packet_ring fresh = { 0 }, old;
	struct tpacket_req q;
	bool was;
	int err;
	u64 flags;

	if (len < (int)sizeof(q))
		return -EINVAL;
	if (copy_in_bytes(&q, val, sizeof(q)))
		return -EFAULT;
	mutex_lock(&k->mutex);
	err = k->ring.mapped || (k->ring.blocks && q.tp_block_nr) ? -EBUSY : check(&k->ring, &q);
	if (!err && q.tp_block_nr)
		err = make(&fresh, &q);
	if (!err) {
		fresh.version = k->ring.version;
		fresh.reserve = k->ring.reserve;
		was = k->hooked;
		packet_unhook(k);
		spin_lock_irqsave(&k->lock, flags);
		old = k->ring;
		k->ring = fresh;
		spin_unlock_irqrestore(&k->lock, flags);
		packet_ring_free(&old);
		if (was)
			packet_rehook(k);
	}
	mutex_unlock(&k->mutex);
	return err;
}

int packet_ring_option(struct packet_sock *k, int opt, uaddr_t val, int len)
{
	u32 v;
	int err = 0;

	if (len != (int)sizeof(v))
		return -EINVAL;
	if (copy_in_bytes(&v, val, sizeof(v)))
		return -EFAULT;
	if (opt == PACKET_VERSION ? v > TPACKET_V2 : v > 0x7fffffff)
		return -EINVAL;
	mutex_lock(&k->mutex);
	if (k->ring.blocks)
		err = -EBUSY;
	else if (opt == PACKET_VERSION)
		WRITE_ONCE(k->ring.version, v);
	else
		WRITE_ONCE(k->ring.reserve, v);
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
	if (v != TPACKET_V1 && v != TPACKET_V2)
		return -EINVAL;
	v = HEAD;
	return sockopt_out(val, ulen, &v, sizeof(v));
}

int packet_mmap(struct socket *s, struct vma *v)
{
	struct packet_sock *k = pk(s);
	u64 pages;
	int err = -EINVAL;

	mutex_lock(&k->mutex);
	pages = (u64)k->ring.nr_blocks << k->ring.order;
	if (pages && !v->pgoff && (v->end - v->start) >> PAGE_SHIFT == pages) {
		err = 0;
		for (u32 i = 0; i < k->ring.nr_blocks && !err; i++)
			err = vma_map_frames_at(v, (u64)i << k->ring.order, folio_pfn(k->ring.blocks[i]),
						1ul << k->ring.order, false);
		k->ring.mapped = true;
	}
	mutex_unlock(&k->mutex);
	return err;
}
