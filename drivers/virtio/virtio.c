/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The virtio bus: a transport (pci.c, mmio.c) registers a device, which meets its driver here.
 *
 *   reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK, driver's probe (queues, then virtio_ready()), or
 *   FAILED. Source: virtio 1.2, section 3.1.
 *
 * A device's queues belong to its driver, which serialises each with a lock of its own.
 *
 * A device that answers what was not asked, or says that it needs a reset, is reset by a worker, so that it
 * writes to no memory any more; then its driver ends with errors what was under way, and the device stays off.
 */
#include <base/err.h>
#include <base/ida.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/failpoint.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/slab.h>

#include "internal.h"

static struct virtio_dev *to_virtio(struct device *d) { return container_of(d, struct virtio_dev, dev); }
static struct virtio_driver *to_virtio_driver(struct driver *d) { return container_of(d, struct virtio_driver, drv); }

static struct workqueue *break_wq;	/* [I] what reclaim waits for ends here */

/* --- a device that breaks --- */

static void reset(struct virtio_dev *v)
{
	v->ops->set_status(v, 0);
	/* Modern devices may take their time. */
	for (int i = 0; i < 1000000 && v->ops->get_status(v); i++)
		cpu_relax();
}

static void break_fn(struct work *w)
{
	struct virtio_dev *v = container_of(w, struct virtio_dev, break_work);
	void (*fn)(struct virtio_dev *) = READ_ONCE(v->on_break);

	reset(v);
	virtio_fail(v);
	if (fn)
		fn(v);
}

/* Any context. */
static void virtio_break(struct virtio_dev *v, const char *queue)
{
	if (xchg(&v->broken, true))
		return;
	if (queue)
		pr_err("%s: queue %s: the device answers what was not asked; it is shut down\n", v->dev.name, queue);
	else
		pr_err("%s: the device needs a reset; it is shut down\n", v->dev.name);
	work_queue(break_wq, &v->break_work);
}

void virtio_on_break(struct virtio_dev *v, void (*fn)(struct virtio_dev *v))
{
	(void)xchg(&v->on_break, fn);
	if (fn && READ_ONCE(v->broken))
		work_queue(break_wq, &v->break_work);
}

/* --- queues --- */

u16 virtqueue_pick_size(const struct virtio_dev *v, u32 offered)
{
	offered = min_t(u32, offered, v->queue_max ? v->queue_max : VIRTIO_QUEUE_MAX);
	return offered ? (u16)(1u << ilog2(offered)) : 0;
}

struct virtqueue *virtqueue_create(struct virtio_dev *v, u32 index, u16 num, u32 align,
				   void (*cb)(struct virtqueue *), const char *name)
{
	u32 ind_max = max(v->indirect_max, VRING_INDIRECT_MIN);
	struct virtqueue *q;

	if (!is_pow2(num))
		return ERR_PTR(-EINVAL);
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->slots = kcalloc(num, sizeof(*q->slots), GFP_KERNEL);
	if (!q->slots || dma_alloc(&q->mem, vring_bytes(num, align), GFP_KERNEL))
		goto out_nomem;
	/* Large tables are worth having, not worth failing for. */
	while (virtio_has(v, VIRTIO_F_INDIRECT_DESC) && dma_alloc(&q->ind, vring_indirect_bytes(num, ind_max), GFP_KERNEL)) {
		if (ind_max == VRING_INDIRECT_MIN)
			goto out_nomem;
		ind_max = VRING_INDIRECT_MIN;
	}
	vring_init(&q->ring, num, align, q->mem.cpu, q->ind.cpu, q->ind.device, ind_max, q->slots,
		   virtio_has(v, VIRTIO_F_EVENT_IDX));
	q->dev = v;
	q->index = index;
	q->cb = cb;
	q->name = name;
	return q;
out_nomem:
	virtqueue_destroy(q);
	return ERR_PTR(-ENOMEM);
}

void virtqueue_destroy(struct virtqueue *q)
{
	dma_free(&q->ind);
	dma_free(&q->mem);
	kfree(q->slots);
	kfree(q);
}

/* failpoint=used/virtio-blk:100: the ring is spoilt on purpose (test/boot/virtio-broken.toml). */
static bool lie(const struct virtqueue *q, const char *what)
{
	char site[32];

	if (likely(!READ_ONCE(failpoints_armed)))
		return false;
	snprintf(site, sizeof(site), "%s/%s", what, q->name);
	return failpoint(site);
}

int virtqueue_add(struct virtqueue *q, const struct virtio_sg *sg, unsigned int out, unsigned int in, void *token)
{
	return vring_add(&q->ring, sg, out, in, token);
}

void virtqueue_kick(struct virtqueue *q)
{
	/* On purpose: QEMU's devices say then that they need a reset. From then on each time, as the next request puts it right. */
	if (lie(q, "avail"))
		q->spoil_avail = true;
	if (unlikely(q->spoil_avail))
		q->ring.avail->idx = to_le16((u16)(q->ring.avail_idx + 2 * q->ring.num));
	if (vring_kick_needed(&q->ring))
		q->dev->ops->notify(q);
}

void *virtqueue_get(struct virtqueue *q, u32 *len)
{
	void *token;

	/* On purpose: a device that claims more than there was. Each time: the device may just be writing what is true. */
	if (lie(q, "used"))
		q->spoil_used = true;
	if (unlikely(q->spoil_used))
		q->ring.used->idx = to_le16((u16)(q->ring.last_used + q->ring.pending + 1));
	token = vring_get(&q->ring, len);
	if (unlikely(q->ring.broken))
		virtio_break(q->dev, q->name);
	return token;
}

void virtqueue_disable_cb(struct virtqueue *q) { vring_disable_cb(&q->ring); }
bool virtqueue_enable_cb(struct virtqueue *q) { return vring_enable_cb(&q->ring); }
bool virtqueue_enable_cb_delayed(struct virtqueue *q) { return vring_enable_cb_delayed(&q->ring); }
bool virtqueue_more(const struct virtqueue *q) { return vring_more(&q->ring); }
unsigned int virtqueue_pending(const struct virtqueue *q) { return q->ring.pending; }
unsigned int virtqueue_max_pieces(const struct virtqueue *q)
{
	return q->ind.cpu ? q->ring.ind_max : q->ring.num;
}
unsigned int virtqueue_size(const struct virtqueue *q) { return q->ring.num; }
void *virtqueue_detach(struct virtqueue *q) { return vring_detach(&q->ring); }
unsigned int virtqueue_free_slots(const struct virtqueue *q) { return q->ring.nr_free; }
struct virtio_dev *virtqueue_dev(const struct virtqueue *q) { return q->dev; }
unsigned int virtqueue_index(const struct virtqueue *q) { return q->index; }

void virtqueue_interrupt(struct virtqueue *q)
{
	if (q->cb)
		q->cb(q);
}

void virtio_config_interrupt(struct virtio_dev *v)
{
	void (*fn)(struct virtio_dev *) = READ_ONCE(v->config_changed);

	if (v->ops->get_status(v) & VIRTIO_STATUS_NEEDS_RESET)
		virtio_break(v, NULL);
	else if (fn)
		fn(v);
}

/* --- status --- */

static void add_status(struct virtio_dev *v, u8 bits)
{
	v->ops->set_status(v, v->ops->get_status(v) | bits);
}

void virtio_ready(struct virtio_dev *v)
{
	add_status(v, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_fail(struct virtio_dev *v)
{
	add_status(v, VIRTIO_STATUS_FAILED);
}

static int negotiate(struct virtio_dev *v, const struct virtio_driver *drv)
{
	u64 offered = v->ops->get_features(v), want = drv->features;
	int err;

	want |= BIT(VIRTIO_F_INDIRECT_DESC) | BIT(VIRTIO_F_EVENT_IDX) | BIT(VIRTIO_F_VERSION_1) |
		BIT(VIRTIO_F_ACCESS_PLATFORM);
	v->features = offered & want;
	if (drv->fix_features)
		v->features = drv->fix_features(v->features);
	err = v->ops->set_features(v, v->features);
	if (err || !virtio_has(v, VIRTIO_F_VERSION_1))
		return err;
	add_status(v, VIRTIO_STATUS_FEATURES_OK);
	return v->ops->get_status(v) & VIRTIO_STATUS_FEATURES_OK ? 0 : -ENODEV;
}

static int virtio_probe(struct device *d)
{
	struct virtio_dev *v = to_virtio(d);
	struct virtio_driver *drv = to_virtio_driver(d->driver);
	int err;

	reset(v);
	add_status(v, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(v, VIRTIO_STATUS_DRIVER);
	err = negotiate(v, drv);
	if (!err)
		err = drv->probe(v);
	if (err)
		virtio_fail(v);
	else if (!(v->ops->get_status(v) & VIRTIO_STATUS_DRIVER_OK))
		virtio_ready(v);
	return err;
}

/* The device forgets all its queues before their memory goes. */
static void virtio_remove(struct device *d)
{
	struct virtio_dev *v = to_virtio(d);
	struct virtio_driver *drv = to_virtio_driver(d->driver);

	virtio_on_break(v, NULL);
	(void)work_cancel_sync(&v->break_work);
	reset(v);
	if (drv->remove)
		drv->remove(v);
	v->ops->del_queues(v);
}

/* --- bus and sysfs --- */

static bool virtio_match(struct device *d, struct driver *drv)
{
	return to_virtio(d)->device_id == to_virtio_driver(drv)->device_id;
}

#define VIRTIO_VENDOR	0x1af4		/* of every emulator that we know; the id says what it is */

static ssize_t modalias_show(struct device *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "virtio:d%08Xv%08X\n", to_virtio(d)->device_id, VIRTIO_VENDOR);
}

static int virtio_uevent(struct device *d, char *buf, size_t size)
{
	int n = scnprintf(buf, size, "MODALIAS=");

	return n + (int)modalias_show(d, buf + n, size - (size_t)n);
}

static struct bus virtio_bus = { .name = "virtio", .match = virtio_match, .uevent = virtio_uevent };

static ssize_t device_show(struct device *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "0x%04x\n", to_virtio(d)->device_id);
}

static ssize_t vendor_show(struct device *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "0x%04x\n", VIRTIO_VENDOR);
}

static ssize_t status_show(struct device *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "0x%08x\n", to_virtio(d)->ops->get_status(to_virtio(d)));
}

static ssize_t features_show(struct device *d, char *buf, size_t size)
{
	char bits[65];

	for (unsigned int i = 0; i < 64; i++)
		bits[i] = virtio_has(to_virtio(d), i) ? '1' : '0';
	bits[64] = '\0';
	return scnprintf(buf, size, "%s\n", bits);
}

static const struct dev_attr virtio_attrs[] = {
	{ "device", 0444, device_show, NULL }, { "vendor", 0444, vendor_show, NULL },
	{ "status", 0444, status_show, NULL }, { "features", 0444, features_show, NULL },
	{ "modalias", 0444, modalias_show, NULL }, { NULL, 0, NULL, NULL },
};

int virtio_driver_register(struct virtio_driver *d)
{
	d->drv.bus = &virtio_bus;
	d->drv.probe = virtio_probe;
	d->drv.remove = virtio_remove;
	return driver_register(&d->drv);
}

int virtio_device_register(struct virtio_dev *v)
{
	static DEFINE_MUTEX(ids_lock, LEAF_MUTEX);
	static struct ida ids = IDA_INIT;	/* [ids_lock] */
	int id;

	mutex_lock(&ids_lock);
	id = ida_alloc(&ids, 0, 0xffff, GFP_KERNEL);
	mutex_unlock(&ids_lock);
	if (id < 0)
		return id;
	ref_init(&v->dev.ref, 1);
	work_init(&v->break_work, break_fn);
	scnprintf(v->dev.name, sizeof(v->dev.name), "virtio%d", id);
	v->dev.bus = &virtio_bus;
	v->dev.attrs = virtio_attrs;
	return device_register(&v->dev);
}

static int virtio_init(void)
{
	break_wq = workqueue_create("virtio", WQ_RECLAIM);
	return break_wq ? bus_register(&virtio_bus) : -ENOMEM;
}
INITCALL_BUS(virtio_init);
