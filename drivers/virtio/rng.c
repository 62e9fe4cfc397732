/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio-rng: the host's random numbers into our pool, at once when the device is found and again every
 * few minutes. One buffer, given to the device or being mixed in by the worker: never both.
 */
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <core/work.h>
#include <kernel/random.h>

#include "internal.h"

#define VIRTIO_ID_RNG	4
#define RNG_BYTES	64
#define REFILL_NS	(300ull * 1000000000ull)

struct rng {
	struct virtqueue *q;		/* [lock] */
	spinlock_t lock;		/* class DEVICE_IRQ */
	u32 got;			/* [lock] bytes that came; 0: the device has the buffer or nobody */
	struct work mix;
	struct delayed_work refill;
	u8 *buf;			/* [I] contents: the device's, or mix's while got != 0 */
};

static void ask(struct rng *r)
{
	struct virtio_sg sg = { .addr = dma_addr_of(r->buf), .len = RNG_BYTES };

	spin_lock_irq(&r->lock);
	if (!virtqueue_add(r->q, &sg, 0, 1, r))
		virtqueue_kick(r->q);
	spin_unlock_irq(&r->lock);
}

static void refill_fn(struct work *w)
{
	ask(container_of(container_of(w, struct delayed_work, work), struct rng, refill));
}

static void mix_fn(struct work *w)
{
	struct rng *r = container_of(w, struct rng, mix);
	u32 n;

	spin_lock_irq(&r->lock);
	n = r->got;
	r->got = 0;
	spin_unlock_irq(&r->lock);
	if (n)
		random_add(r->buf, n, n * 8);
	memset(r->buf, 0, RNG_BYTES);
	/* A host may hand out little at a time: ask on until the pool is good. */
	if (random_ready())
		(void)delayed_work_queue(system_wq, &r->refill, REFILL_NS);
	else
		ask(r);
}

static void rng_done(struct virtqueue *q)
{
	struct rng *r = virtqueue_dev(q)->private;
	u32 len = 0;
	u64 flags;

	spin_lock_irqsave(&r->lock, flags);
	if (virtqueue_get(q, &len)) {
		r->got = len;
		work_queue(system_wq, &r->mix);
	}
	spin_unlock_irqrestore(&r->lock, flags);
}

static int rng_probe(struct virtio_dev *v)
{
	static void (*const cb[])(struct virtqueue *) = { rng_done };
	static const char *const names[] = { "virtio-rng" };
	struct rng *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err = -ENOMEM;

	if (!r)
		return -ENOMEM;
	r->buf = kzalloc(RNG_BYTES, GFP_KERNEL);
	if (!r->buf)
		goto out;
	spin_lock_init(&r->lock, DEVICE_IRQ);
	work_init(&r->mix, mix_fn);
	delayed_work_init(&r->refill, refill_fn);
	v->private = r;
	err = v->ops->setup_queues(v, 1, &r->q, cb, names);
	if (err)
		goto out;
	virtio_ready(v);
	ask(r);
	return 0;
out:
	kfree(r->buf);
	kfree(r);
	return err;
}

/* The device is reset: no interrupt comes any more once its queues' interrupts are freed. */
static void rng_remove(struct virtio_dev *v)
{
	struct rng *r = v->private;

	v->ops->del_queues(v);
	(void)work_cancel_sync(&r->mix);
	(void)delayed_work_cancel_sync(&r->refill);
	kfree(r->buf);
	kfree(r);
}

static struct virtio_driver rng_driver = {
	.drv.name = "virtio_rng", .device_id = VIRTIO_ID_RNG, .probe = rng_probe, .remove = rng_remove,
};

static int rng_init(void)
{
	return virtio_driver_register(&rng_driver);
}
INITCALL_DRIVER(rng_init);
