/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Transmit: from a protocol to a device's queue. A queue is run by whoever finds it idle; others leave their packets to
 * that thread. The runner calls ops->xmit without the lock, so the order within a queue is kept and drivers
 * need no lock of their own against other senders. After RUN_BUDGET rounds a runner hands over to a worker.
 *
 * lo's xmit receives, and what is received may send, by another queue: its runner is the same task. Such a queue waits until
 * the one that runs is through, or the stack would grow with each. After NEST_BUDGET of them workers get the rest.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/task.h>

#include "internal_dev.h"

#define RUN_BUDGET	64
#define NEST_BUDGET	(2 * RUN_BUDGET)	/* queues that one run may take on */
#define RUN_BATCH	64u

struct queue_work {
	struct work work;
	struct netdev_queue *q;
};

static struct workqueue *xmit_wq;

void netdev_queue_init(struct netdev_queue *q, struct net_device *dev, u32 index)
{
	spin_lock_init(&q->lock, NET_XMIT);
	q->dev = dev;
	q->index = index;
	q->dead = true;
	pkt_list_init(&q->list);
	list_init(&q->nested);
}

/* What goes to the driver now: counted (one to be cut in segments is one, as on Linux), and senders who asked are told. */
static void count_sent(struct net_device *dev, const struct pkt_list *l)
{
	u64 bytes = 0;

	for (struct pkt *p = l->first; p; p = p->next) {
		bytes += p->len - min(p->len, (u32)dev->unseen_len);
		pkt_tell_stamp(p, PKT_SENT);
	}
	DEV_STAT_ADD(dev, tx_packets, l->n);
	DEV_STAT_ADD(dev, tx_bytes, bytes);
}

/* Take back what a list held before and what the driver left of it: the rest is uncounted. */
static void uncount(struct net_device *dev, const struct pkt_list *l)
{
	u64 bytes = 0;

	for (const struct pkt *p = l->first; p; p = p->next) {
		bytes += p->len - min(p->len, (u32)dev->unseen_len);
	}
	DEV_STAT_ADD(dev, tx_packets, -(u64)l->n);
	DEV_STAT_ADD(dev, tx_bytes, -bytes);
}

static void take_batch(struct netdev_queue *q, struct pkt_list *l)
{
	struct pkt *p;

	while (l->n < RUN_BATCH && (p = pkt_list_pop(&q->list)) != NULL)
		pkt_list_add(l, p);
}

static void run_later(struct work *w);

/* q->running, ours, becomes the worker's. False: no memory. q->lock held, also on return. */
static bool leave_to_worker(struct netdev_queue *q)
{
	struct queue_work *w = kmalloc(sizeof(*w), GFP_ATOMIC);

	if (!w)
		return false;
	work_init(&w->work, run_later);
	w->q = q;
	dev_get(q->dev);
	(void)work_queue(xmit_wq, &w->work);
	return true;
}

/* q->lock held and q->running ours; both let go of at the end. */
static void queue_run_one(struct netdev_queue *q)
{
	struct net_device *dev = q->dev;

	for (int round = 0; !pkt_list_empty(&q->list) && !q->stopped && !q->dead; round++) {
		struct pkt_list l = PKT_LIST_INIT;

		if (round == RUN_BUDGET && leave_to_worker(q)) {
			spin_unlock(&q->lock);
			return;		/* still running: the worker goes on */
		}
		take_batch(q, &l);
		q->woken = false;
		spin_unlock(&q->lock);
		count_sent(dev, &l);
		dev->ops->xmit(dev, q->index, &l);
		WRITE_ONCE(dev->trans_start, clock_monotonic_coarse_ns());
		if (!pkt_list_empty(&l))
			uncount(dev, &l);
		spin_lock(&q->lock);
		if (!pkt_list_empty(&l)) {
			pkt_list_join(&l, &q->list);
			q->list = l;
			q->stopped = !q->woken;
		}
	}
	q->running = false;
	spin_unlock(&q->lock);
}

/* The same, and then those queues that turned up meanwhile. Within another run it only joins them. */
static void queue_run(struct netdev_queue *q)
{
	struct list_head *outer = current->xmit_queues, mine;

	if (outer) {
		list_add_tail(&q->nested, outer);
		spin_unlock(&q->lock);
		return;
	}
	list_init(&mine);
	current->xmit_queues = &mine;
	queue_run_one(q);
	for (int n = 1; !list_empty(&mine); n++) {
		q = list_first_entry(&mine, struct netdev_queue, nested);
		list_del_init(&q->nested);
		spin_lock(&q->lock);
		if (n > NEST_BUDGET && leave_to_worker(q))
			spin_unlock(&q->lock);
		else
			queue_run_one(q);
	}
	current->xmit_queues = NULL;
}

static void run_later(struct work *w)
{
	struct netdev_queue *q = container_of(w, struct queue_work, work)->q;
	struct net_device *dev = q->dev;

	kfree(container_of(w, struct queue_work, work));
	spin_lock(&q->lock);
	queue_run(q);
	dev_put(dev);
}

/* A queue for p, locked. Not one that was taken out of use meanwhile. */
static struct netdev_queue *pick_queue(struct net_device *dev, const struct pkt *p)
{
	for (;;) {
		u32 n = READ_ONCE(dev->real_txq);
		struct netdev_queue *q = &dev->txq[(p->hash_valid ? p->hash : (u32)this_cpu_id()) % n];

		spin_lock(&q->lock);
		if (!q->dead || n == READ_ONCE(dev->real_txq))
			return q;
		spin_unlock(&q->lock);
	}
}

static int enqueue(struct net_device *dev, struct pkt *p)
{
	struct netdev_queue *q = pick_queue(dev, p);

	if (q->dead || (!dev->no_queue && q->list.n >= READ_ONCE(dev->txqueuelen))) {
		int err = q->dead ? -ENETDOWN : -ENOBUFS;

		q->drops++;
		spin_unlock(&q->lock);
		pkt_free(p);
		return err;
	}
	pkt_list_add(&q->list, p);
	if (q->running || q->stopped) {
		spin_unlock(&q->lock);
		return 0;
	}
	q->running = true;
	queue_run(q);
	return 0;
}

void netdev_tx_wake(struct net_device *dev, u32 queue)
{
	struct netdev_queue *q = &dev->txq[queue];

	spin_lock(&q->lock);
	q->woken = true;
	q->stopped = false;
	if (q->running || q->dead || pkt_list_empty(&q->list)) {
		spin_unlock(&q->lock);
		return;
	}
	q->running = true;
	queue_run(q);
}

static void queue_start(struct netdev_queue *q)
{
	spin_lock(&q->lock);
	q->dead = false;
	q->stopped = false;
	spin_unlock(&q->lock);
}

void netdev_queues_start(struct net_device *dev)
{
	for (u32 i = 0; i < dev->real_txq; i++)
		queue_start(&dev->txq[i]);
}

/* No xmit runs for it any more; what was in it comes to *rest. */
static void queue_stop(struct netdev_queue *q, struct pkt_list *rest)
{
	bool running;

	spin_lock(&q->lock);
	q->dead = true;
	running = q->running;
	spin_unlock(&q->lock);
	while (running) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC);
		spin_lock(&q->lock);
		running = q->running;
		spin_unlock(&q->lock);
	}
	spin_lock(&q->lock);
	pkt_list_join(rest, &q->list);
	spin_unlock(&q->lock);
}

void netdev_queues_stop(struct net_device *dev)
{
	for (u32 i = 0; i < dev->nr_txq; i++) {
		struct pkt_list l = PKT_LIST_INIT;

		queue_stop(&dev->txq[i], &l);
		pkt_list_free(&l);
	}
}

void netdev_set_txqs(struct net_device *dev, u32 n)
{
	struct pkt_list l = PKT_LIST_INIT;
	u32 was = dev->real_txq;
	struct pkt *p;

	ASSERT(n && n <= dev->nr_txq);
	for (u32 i = was; i < n && netdev_running(dev); i++)
		queue_start(&dev->txq[i]);
	/* Pairs with pick_queue(): who finds a queue dead looks again. */
	__atomic_store_n(&dev->real_txq, n, __ATOMIC_SEQ_CST);
	for (u32 i = n; i < was; i++)
		queue_stop(&dev->txq[i], &l);
	while ((p = pkt_list_pop(&l)) != NULL)
		(void)enqueue(dev, p);
}

/* --- what a device cannot do is done here --- */

static bool needs_segments(const struct net_device *dev, const struct pkt *p, u32 features)
{
	u32 f;

	if (!p->gso_size)
		return false;
	f = p->gso_type & GSO_TCPV4 ? NETIF_TSO4 : p->gso_type & GSO_TCPV6 ? NETIF_TSO6 : NETIF_UFO_L4;
	f |= p->gso_type & GSO_ECN ? NETIF_TSO_ECN : 0;
	return (features & f) != f || (dev->gso_max && p->len > dev->gso_max) || p->csum_state != CSUM_PARTIAL;
}

static int send_one(struct net_device *dev, struct pkt *p)
{
	u32 features = READ_ONCE(dev->features);

	if (p->csum_state == CSUM_PARTIAL && !(features & NETIF_CSUM) && pkt_csum_help(p))
		goto drop;
	if (p->nr_frags && !(features & NETIF_SG) && !pkt_make_linear(p, p->len))
		goto drop;
	return enqueue(dev, p);
drop:
	DEV_STAT_ADD(dev, tx_dropped, 1);
	pkt_free(p);
	return -ENOMEM;
}

int netdev_xmit(struct pkt *p)
{
	struct net_device *dev = p->dev;
	struct pkt_list l = PKT_LIST_INIT;
	int err = 0;

	/* Routes of such a device are gone, but for lo's. Who asks for a device by name (packet(7)) has looked. */
	if (!netdev_running(dev)) {
		pkt_free(p);
		return 0;
	}
	pkt_set_mac(p);
	if (net_taps_active(dev))
		net_taps_transmit(dev, p);
	pkt_tell_stamp(p, PKT_SCHEDULED);
	if (!needs_segments(dev, p, READ_ONCE(dev->features)))
		return send_one(dev, p);
	pkt_tell_stamp(p, PKT_SENT);
	if (pkt_gso_segment(p, &l)) {
		DEV_STAT_ADD(dev, tx_dropped, 1);
		return -ENOBUFS;
	}
	while ((p = pkt_list_pop(&l)) != NULL) {
		int e = send_one(dev, p);

		err = err ? err : e;
	}
	return err;
}

void netdev_xmit_list(struct pkt_list *l)
{
	struct pkt *p;

	while ((p = pkt_list_pop(l)) != NULL)
		(void)netdev_xmit(p);
}

int netdev_header(struct pkt *p, struct net_device *dev, u16 proto, const u8 *dst)
{
	struct eth_hdr *h;

	p->protocol = to_be16(proto);
	p->dev = dev;
	if (!dev->hard_header_len)
		return 0;
	if (pkt_writable(p, ETH_HLEN, GFP_ATOMIC))
		return -ENOMEM;
	h = (struct eth_hdr *)pkt_push(p, ETH_HLEN);
	memcpy(h->dst, dst ? dst : dev->broadcast, ETH_ALEN);
	memcpy(h->src, dev->addr, ETH_ALEN);
	h->proto = to_be16(proto);
	pkt_set_mac(p);
	p->mac_len = ETH_HLEN;
	return 0;
}

static int xmit_init(void)
{
	xmit_wq = workqueue_create("net_xmit", 0);
	return xmit_wq ? 0 : -ENOMEM;
}
INITCALL_VFS(xmit_init);
