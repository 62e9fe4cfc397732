/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The queues of a virtio network card: receive buffers, frames in, frames out. net.h has the overview.
 *
 * Receive: buffers are pieces of larger folios, as long as frames have been lately, so that small frames do
 * not hold whole pages; a long frame takes several buffers where the device can do so (mergeable buffers). A
 * short frame is copied, so that its buffer's folio does not wait for a slow reader.
 *
 * Transmit: the header goes into the packet's headroom or into its private bytes; the packet is the token.
 * While somebody sends, finished packets are freed by the sender; the last ones by the thread, on an
 * interrupt that comes when most of them are out.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/slab.h>
#include <kernel/sched.h>

#include "net.h"

#define RX_BATCH	64u
#define RX_COPY		256u		/* shorter frames are copied */
#define RX_ALIGN	64u
#define AVG_SHIFT	6
#define RX_RETRY_NS	(20 * NSEC_PER_MSEC)
#define TX_PIECES	(PKT_FRAGS + 2u)
#define TX_GRACE	(TX_PIECES + 1u)	/* free entries before a full queue is called free again */

/* --- receive buffers --- */

/* Bytes of the next buffer. */
static u32 rx_buf_len(const struct vnet_pair *p)
{
	u32 hdr = p->n->hdr_len, len = p->n->rx_max;

	if (p->n->mergeable)
		len = clamp_t(u32, p->avg_len >> AVG_SHIFT, VNET_RX_MIN, PAGE_SIZE - hdr);
	return (u32)ALIGN_UP(len + hdr, RX_ALIGN);
}

static int rx_give(struct vnet_pair *p)
{
	u32 want = rx_buf_len(p), i = p->free_bufs[p->nr_free - 1];
	struct vnet_rx_buf *b = &p->bufs[i];
	struct virtio_sg sg[2];
	u32 n = 1;
	int err;

	b->folio = frag_alloc(&p->cache, want, want, &b->off, &b->len, GFP_KERNEL | GFP_NORETRY | GFP_NOWARN);
	if (!b->folio) {
		p->rx_no_memory++;
		return -ENOMEM;
	}
	sg[0] = (struct virtio_sg){ dma_addr_folio(b->folio, b->off), b->len };
	if (!p->n->any_layout && !p->n->mergeable) {
		/* Old devices want the header in a piece of its own. */
		sg[1] = (struct virtio_sg){ sg[0].addr + p->n->hdr_len, b->len - p->n->hdr_len };
		sg[0].len = p->n->hdr_len;
		n = 2;
	}
	err = virtqueue_add(p->rx, sg, 0, n, b);
	if (err) {
		folio_put(b->folio);
		b->folio = NULL;
		return err;
	}
	p->nr_free--;
	return 0;
}

/* Give the device all that it can hold. False: there was no memory, and it has nothing at all. */
static bool rx_fill(struct vnet_pair *p)
{
	bool added = false;
	int err = 0;

	while (p->nr_free && !err) {
		err = rx_give(p);
		added |= !err;
	}
	if (added) {
		p->rx_kicks++;
		virtqueue_kick(p->rx);
	}
	return err != -ENOMEM || virtqueue_pending(p->rx);
}

/* Our entry for a buffer is free; the folio reference is the caller's now. */
static struct vnet_rx_buf rx_take(struct vnet_pair *p, struct vnet_rx_buf *b)
{
	struct vnet_rx_buf was = *b;

	b->folio = NULL;
	p->free_bufs[p->nr_free++] = (u32)(b - p->bufs);
	return was;
}

/* --- receive --- */

static struct pkt *rx_first(struct vnet_pair *p, struct vnet_rx_buf b, u32 frame)
{
	u32 hdr = p->n->hdr_len;
	struct pkt *k;

	if (frame > RX_COPY) {
		k = pkt_from_folio(b.folio, b.off, b.len, hdr, frame, GFP_KERNEL);
		if (!k)
			folio_put(b.folio);
		return k;
	}
	k = pkt_alloc(PKT_HEADROOM, frame, GFP_KERNEL);
	if (k) {
		const u8 *src = kmap_local(b.folio, b.off + hdr);

		memcpy(pkt_put(k, frame), src, frame);
		kunmap_local(src);
	}
	folio_put(b.folio);
	return k;
}

/* The rest of a frame that came in nr buffers: all are taken, also when the frame cannot be kept. */
static bool rx_rest(struct vnet_pair *p, struct pkt *k, u32 nr)
{
	bool ok = k != NULL;

	for (u32 i = 1; i < nr; i++) {
		struct vnet_rx_buf *token, b;
		u32 len;

		token = virtqueue_get(p->rx, &len);
		if (!token)
			return false;		/* it promised more than it gave */
		b = rx_take(p, token);
		if (!ok || !len || len > b.len || !pkt_add_frag(k, b.folio, b.off, len)) {
			folio_put(b.folio);
			ok = false;
		}
	}
	return ok;
}

/* Where TCP's header is in a frame that the device joined and did not say so; 0: it is none. */
static u16 tcp_at(struct pkt *k, u8 gso)
{
	const u8 *h = k->data + ETH_HLEN;
	u32 len = gso == VNET_GSO_TCPV6 ? 40 : 20;

	if (pkt_linear(k) < ETH_HLEN + len || h[0] >> 4 != (gso == VNET_GSO_TCPV6 ? 6 : 4))
		return 0;
	if (h[gso == VNET_GSO_TCPV6 ? 6 : 9] != IPPROTO_TCP)
		return 0;
	return (u16)(ETH_HLEN + (gso == VNET_GSO_TCPV6 ? len : (h[0] & 15) * 4u));
}

/* False: nonsense. */
static bool rx_offload(struct pkt *k, const struct vnet_offload *o)
{
	u16 base = (u16)(k->data - k->head), trans;

	static const u8 kinds[] = { [VNET_GSO_TCPV4] = GSO_TCPV4, [VNET_GSO_TCPV6] = GSO_TCPV6 };

	if (o->csum_partial) {
		k->csum_state = CSUM_PARTIAL;
		k->csum_start = (u16)(base + o->csum_start);
		k->csum_offset = o->csum_offset;
	} else {
		k->csum_state = o->csum_valid ? CSUM_UNNECESSARY : CSUM_NONE;
	}
	if (o->gso == VNET_GSO_NONE)
		return true;
	/* Who sends it on has to know. */
	trans = o->csum_partial ? o->csum_start : tcp_at(k, o->gso);
	if (!trans)
		return false;
	k->trans_off = (u16)(base + trans);
	k->gso_type = kinds[o->gso] | (o->ecn ? GSO_ECN : 0);
	k->gso_size = o->gso_size;
	k->gso_segs = (u16)max_t(u32, DIV_ROUND_UP(k->len, o->gso_size), 1);
	return true;
}

/* One frame, perhaps of several buffers, whose first is `token`. NULL: dropped and counted. */
static struct pkt *rx_frame(struct vnet_pair *p, struct vnet_rx_buf *token, u32 len)
{
	struct vnet_rx_buf b = rx_take(p, token);
	struct net_device *dev = p->n->dev;
	struct vnet_hdr h = { 0 };
	struct vnet_offload o;
	struct pkt *k;
	const u8 *src;
	u32 frame, nr;

	if (len < p->n->hdr_len + ETH_HLEN || len > b.len) {
		folio_put(b.folio);
		p->rx_drops++;
		DEV_STAT_ADD(dev, rx_length_errors, 1);
		DEV_STAT_ADD(dev, rx_errors, 1);
		return NULL;
	}
	src = kmap_local(b.folio, b.off);
	memcpy(&h, src, p->n->hdr_len);
	kunmap_local(src);
	frame = len - p->n->hdr_len;
	nr = p->n->mergeable ? le16(h.num_buffers) : 1;
	k = rx_first(p, b, frame);
	if (!k)
		DEV_STAT_ADD(dev, rx_dropped, 1);
	if (!rx_rest(p, k, nr) || !nr || vnet_hdr_parse(&h, k->len, pkt_linear(k), &o) || !rx_offload(k, &o)) {
		if (k) {
			DEV_STAT_ADD(dev, rx_frame_errors, 1);
			DEV_STAT_ADD(dev, rx_errors, 1);
		}
		p->rx_drops++;
		pkt_free(k);
		return NULL;
	}
	p->rx_packets++;
	p->rx_bytes += k->len;
	p->avg_len += min(k->len, (u32)PAGE_SIZE) - (p->avg_len >> AVG_SHIFT);
	k->dev = dev;
	k->queue = (u16)p->index;
	return k;
}

/* Frames that are there, RX_BATCH at most; how many were looked at. */
static u32 rx_poll(struct vnet_pair *p)
{
	struct pkt_list batch = PKT_LIST_INIT;
	struct vnet_rx_buf *token;
	u32 n = 0, len;

	while (n < RX_BATCH && (token = virtqueue_get(p->rx, &len)) != NULL) {
		struct pkt *k = rx_frame(p, token, len);

		if (k)
			pkt_list_add(&batch, k);
		n++;
	}
	if (p->nr_free > min(RX_BATCH, virtqueue_size(p->rx) / 2))
		(void)rx_fill(p);
	if (!pkt_list_empty(&batch))
		netdev_receive(p->n->dev, p->index, &batch);
	return n;
}

/* --- transmit --- */

/* What was sent, for freeing without the lock. tx_lock held. */
static void tx_reap(struct vnet_pair *p, struct pkt_list *done)
{
	struct pkt *k;

	while ((k = virtqueue_get(p->tx, NULL)) != NULL)
		pkt_list_add(done, k);
}

static void tx_header(const struct pkt *k, struct vnet_hdr *h)
{
	struct vnet_offload o = { 0 };

	if (k->csum_state == CSUM_PARTIAL) {
		o.csum_partial = true;
		o.csum_start = (u16)(k->head + k->csum_start - k->data);
		o.csum_offset = k->csum_offset;
	}
	if (k->gso_type) {
		const struct tcp_hdr_wire *t = pkt_trans(k);

		o.gso = k->gso_type & GSO_TCPV6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4;
		o.ecn = k->gso_type & GSO_ECN;
		o.gso_size = k->gso_size;
		o.hdr_len = (u16)(k->head + k->trans_off - k->data + (t->doff_x >> 4) * 4);
	}
	vnet_hdr_build(h, &o);
}

/* tx_lock held. -ENOSPC: the queue is full. */
static int tx_add(struct vnet_pair *p, struct pkt *k)
{
	u32 n = 0, hdr = p->n->hdr_len;
	struct virtio_sg sg[TX_PIECES];
	struct vnet_hdr h;

	static_assert(sizeof(struct vnet_hdr) <= PKT_CB, "the header fits");
	tx_header(k, &h);
	if (p->n->any_layout && !k->shared && pkt_headroom(k) >= hdr) {
		/* Not pushed: the packet must look the same if it has to wait. */
		memcpy(k->data - hdr, &h, hdr);
		sg[n++] = (struct virtio_sg){ dma_addr_of(k->data - hdr), pkt_linear(k) + hdr };
	} else {
		memcpy(k->cb, &h, hdr);
		sg[n++] = (struct virtio_sg){ dma_addr_of(k->cb), hdr };
		if (pkt_linear(k))
			sg[n++] = (struct virtio_sg){ dma_addr_of(k->data), pkt_linear(k) };
	}
	for (u32 i = 0; i < k->nr_frags; i++)
		sg[n++] = (struct virtio_sg){ dma_addr_folio(k->frag[i].folio, k->frag[i].off), k->frag[i].len };
	return virtqueue_add(p->tx, sg, n, 0, k);
}

/* The queue is full: true if room came up meanwhile, else an interrupt will tell. tx_lock held. */
static bool tx_room(struct vnet_pair *p, struct pkt_list *done)
{
	if (virtqueue_enable_cb_delayed(p->tx)) {
		p->tx_full = true;
		return false;
	}
	virtqueue_disable_cb(p->tx);
	tx_reap(p, done);
	return true;
}

void vnet_xmit(struct net_device *dev, u32 queue, struct pkt_list *batch)
{
	struct vnet_pair *p = &to_vnet(dev)->pairs[queue];
	struct pkt_list done = PKT_LIST_INIT;
	struct pkt *k;

	spin_lock(&p->tx_lock);
	virtqueue_disable_cb(p->tx);
	tx_reap(p, &done);
	while ((k = batch->first) != NULL) {
		int err = tx_add(p, k);

		if (err == -ENOSPC) {
			if (tx_room(p, &done))
				continue;
			break;
		}
		(void)pkt_list_pop(batch);
		p->tx_packets += !err;
		p->tx_bytes += err ? 0 : k->len;
		if (err) {		/* the queue is broken: nothing will go out any more */
			DEV_STAT_ADD(dev, tx_errors, 1);
			DEV_STAT_ADD(dev, tx_dropped, 1);
			pkt_list_add(&done, k);
		}
	}
	p->tx_kicks++;
	virtqueue_kick(p->tx);
	if (!p->tx_full)
		while (virtqueue_pending(p->tx) && !virtqueue_enable_cb_delayed(p->tx)) {
			virtqueue_disable_cb(p->tx);
			tx_reap(p, &done);
		}
	spin_unlock(&p->tx_lock);
	pkt_list_free(&done);
}

/* The thread's part of it. */
static void tx_poll(struct vnet_pair *p)
{
	struct pkt_list done = PKT_LIST_INIT;
	bool wake = false;

	spin_lock(&p->tx_lock);
	if (virtqueue_pending(p->tx)) {
		virtqueue_disable_cb(p->tx);
		do
			tx_reap(p, &done);
		while (virtqueue_pending(p->tx) && !virtqueue_enable_cb(p->tx));
	}
	if (p->tx_full && (virtqueue_free_slots(p->tx) >= min(TX_GRACE, virtqueue_size(p->tx)) || !virtqueue_pending(p->tx))) {
		p->tx_full = false;
		wake = true;
	}
	spin_unlock(&p->tx_lock);
	pkt_list_free(&done);
	if (wake)
		netdev_tx_wake(p->n->dev, p->index);
}

/* --- the thread --- */

static int vnet_thread(void *arg)
{
	struct vnet_pair *p = arg;
	u64 until = WAIT_FOREVER;

	while (!kthread_should_stop()) {
		u32 n;

		WRITE_ONCE(p->kicked, false);
		virtqueue_disable_cb(p->rx);
		tx_poll(p);
		n = rx_poll(p);
		if (n == RX_BATCH) {
			cond_resched();
			WRITE_ONCE(p->kicked, true);
			continue;
		}
		until = rx_fill(p) ? WAIT_FOREVER : clock_monotonic_ns() + RX_RETRY_NS;
		if (!virtqueue_enable_cb(p->rx))
			continue;
		(void)WAIT_EVENT(&p->wait, READ_ONCE(p->kicked) || kthread_should_stop(), TASK_INTERRUPTIBLE, 0, until);
	}
	/*
	 * The device may not use this queue any more (vnet_set_channels()): what it gave before is not lost. More than it could
	 * hold is what still comes, and who stops us has rtnl.
	 */
	for (u32 n = 0; n < virtqueue_size(p->rx) && rx_poll(p) == RX_BATCH; n += RX_BATCH)
		cond_resched();
	return 0;
}

static void pair_wake(struct vnet_pair *p)
{
	WRITE_ONCE(p->kicked, true);
	wake_up(&p->wait);
}

void vnet_rx_interrupt(struct virtqueue *q)
{
	struct vnet *n = virtqueue_dev(q)->private;

	if (virtqueue_more(q))
		pair_wake(&n->pairs[virtqueue_index(q) / 2]);
}

void vnet_tx_interrupt(struct virtqueue *q) { vnet_rx_interrupt(q); }

/* --- life --- */

int vnet_pair_init(struct vnet_pair *p, struct vnet *n, u32 index)
{
	u32 size = virtqueue_size(p->rx);

	p->n = n;
	p->index = index;
	wait_queue_init(&p->wait);
	spin_lock_init(&p->tx_lock, OBJECT);
	p->bufs = kcalloc(size, sizeof(*p->bufs), GFP_KERNEL);
	p->free_bufs = kcalloc(size, sizeof(*p->free_bufs), GFP_KERNEL);
	if (!p->bufs || !p->free_bufs)
		return -ENOMEM;
	while (p->nr_free < size) {
		p->free_bufs[p->nr_free] = size - 1 - p->nr_free;
		p->nr_free++;
	}
	return 0;
}

void vnet_pair_fini(struct vnet_pair *p)
{
	struct vnet_rx_buf *b;
	struct pkt *k;

	while (p->rx && (b = virtqueue_detach(p->rx)) != NULL)
		folio_put(b->folio);
	while (p->tx && (k = virtqueue_detach(p->tx)) != NULL)
		pkt_free(k);
	frag_cache_fini(&p->cache);
	kfree(p->bufs);
	kfree(p->free_bufs);
}

/* Nothing comes back any more. What was to be sent is freed, buffers for receiving stay until the card goes. */
void vnet_pair_broken(struct vnet_pair *p)
{
	struct pkt_list done = PKT_LIST_INIT;
	struct pkt *k;

	spin_lock(&p->tx_lock);
	while ((k = virtqueue_detach(p->tx)) != NULL)
		pkt_list_add(&done, k);
	p->tx_full = false;
	spin_unlock(&p->tx_lock);
	pkt_list_free(&done);
	if (p->index < p->n->cur_pairs)
		netdev_tx_wake(p->n->dev, p->index);
}

int vnet_pair_start(struct vnet_pair *p)
{
	char name[16];
	struct task_core *t;

	snprintf(name, sizeof(name), "vnet/%d-%u", p->n->dev->ifindex, p->index);
	t = kthread_run(vnet_thread, p, p->n->nr_pairs > 1 ? (int)(p->index % (u32)cpumask_weight(&cpu_online_mask)) : -1, name);
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	p->thread = t;
	return 0;
}

/* The thread, awake by interrupts, frees what was sent. */
void vnet_pair_drain(struct vnet_pair *p)
{
	u64 deadline = clock_monotonic_ns() + NSEC_PER_SEC;

	while (clock_monotonic_ns() < deadline) {
		tx_poll(p);
		if (!READ_ONCE(p->n->v->broken) && virtqueue_pending(p->tx)) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
			continue;
		}
		return;
	}
}

/* What is on its way out gets a second to be gone, since its senders wait for it. */
void vnet_pair_stop(struct vnet_pair *p)
{
	u64 deadline = clock_monotonic_ns() + NSEC_PER_SEC;
	int err = 0;

	if (!p->thread)
		return;
	(void)kthread_stop(p->thread);
	p->thread = NULL;
	for (;;) {
		WRITE_ONCE(p->kicked, false);
		tx_poll(p);
		if (!virtqueue_pending(p->tx) || err)
			return;
		err = WAIT_EVENT(&p->wait, READ_ONCE(p->kicked), TASK_UNINTERRUPTIBLE, 0, deadline);
	}
}
