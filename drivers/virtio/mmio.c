/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio over memory-mapped registers, version 2 and legacy version 1. Devices come from the command
 * line, virtio_mmio.device=SIZE@BASE:IRQ[:ID], and from ACPI. Source: virtio 1.2, section 4.2.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/printk.h>
#include <core/slab.h>

#include "internal.h"

enum {
	REG_MAGIC = 0x000, REG_VERSION = 0x004, REG_DEVICE_ID = 0x008, REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014, REG_DRIVER_FEATURES = 0x020, REG_DRIVER_FEATURES_SEL = 0x024,
	REG_PAGE_SIZE = 0x028, REG_QUEUE_SEL = 0x030, REG_QUEUE_NUM_MAX = 0x034, REG_QUEUE_NUM = 0x038,
	REG_QUEUE_ALIGN = 0x03c, REG_QUEUE_PFN = 0x040, REG_QUEUE_READY = 0x044, REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060, REG_INTERRUPT_ACK = 0x064, REG_STATUS = 0x070, REG_QUEUE_DESC = 0x080,
	REG_QUEUE_AVAIL = 0x090, REG_QUEUE_USED = 0x0a0, REG_GENERATION = 0x0fc, REG_CONFIG = 0x100,
};
#define MAGIC	0x74726976u	/* "virt" */

struct vmmio {
	struct virtio_dev v;
	struct mmio_region regs;	/* [I] */
	u32 version;			/* [I] */
	u32 gsi;			/* [I] */
	enum irq_trigger trigger;	/* [I] */
	int irq;			/* [I] while there are queues */
	struct virtqueue **vqs;		/* [I] while the interrupt is on */
	unsigned int nvqs;
};

static struct vmmio *to_vmmio(struct virtio_dev *v) { return container_of(v, struct vmmio, v); }
static u32 rd(struct vmmio *d, u32 reg) { return mmio_read32(&d->regs, reg); }
static void wr(struct vmmio *d, u32 reg, u32 v) { mmio_write32(&d->regs, reg, v); }

static void wr64(struct vmmio *d, u32 reg, u64 v)
{
	wr(d, reg, (u32)v);
	wr(d, reg + 4, (u32)(v >> 32));
}

static u64 vmmio_get_features(struct virtio_dev *v)
{
	struct vmmio *d = to_vmmio(v);
	u64 f;

	wr(d, REG_DEVICE_FEATURES_SEL, 1);
	f = (u64)rd(d, REG_DEVICE_FEATURES) << 32;
	wr(d, REG_DEVICE_FEATURES_SEL, 0);
	f |= rd(d, REG_DEVICE_FEATURES);
	return d->version == 1 ? (u32)f : f;
}

static int vmmio_set_features(struct virtio_dev *v, u64 f)
{
	struct vmmio *d = to_vmmio(v);

	if (d->version == 2 && !(f & BIT(VIRTIO_F_VERSION_1)))
		return -EINVAL;
	wr(d, REG_DRIVER_FEATURES_SEL, 1);
	wr(d, REG_DRIVER_FEATURES, (u32)(f >> 32));
	wr(d, REG_DRIVER_FEATURES_SEL, 0);
	wr(d, REG_DRIVER_FEATURES, (u32)f);
	return 0;
}

static u8 vmmio_get_status(struct virtio_dev *v) { return (u8)rd(to_vmmio(v), REG_STATUS); }

static void vmmio_set_status(struct virtio_dev *v, u8 status)
{
	struct vmmio *d = to_vmmio(v);

	wr(d, REG_STATUS, status);
	/* A legacy device forgets the page size when it is reset. */
	if (!status && d->version == 1)
		wr(d, REG_PAGE_SIZE, PAGE_SIZE);
}

static void vmmio_config_read(struct virtio_dev *v, u32 off, void *buf, u32 len)
{
	struct vmmio *d = to_vmmio(v);
	u8 *p = buf;

	/* Fields are to be read as wide as they are; bytes do for legacy devices and are split reads for all. */
	for (u32 i = 0; i < len; ) {
		u32 at = REG_CONFIG + off + i;

		if (d->version == 2 && !(at & 3) && len - i >= 4) {
			u32 w = rd(d, at);

			memcpy(p + i, &w, 4);
			i += 4;
		} else if (d->version == 2 && !(at & 1) && len - i >= 2) {
			u16 w = mmio_read16(&d->regs, at);

			memcpy(p + i, &w, 2);
			i += 2;
		} else {
			p[i++] = mmio_read8(&d->regs, at);
		}
	}
}

static void vmmio_config_write(struct virtio_dev *v, u32 off, const void *buf, u32 len)
{
	struct vmmio *d = to_vmmio(v);
	const u8 *p = buf;

	if (len == 4 && !(off & 3)) {
		u32 w;

		memcpy(&w, buf, 4);
		wr(d, REG_CONFIG + off, w);
		return;
	}
	for (u32 i = 0; i < len; i++)
		mmio_write8(&d->regs, REG_CONFIG + off + i, p[i]);
}

static u32 vmmio_config_generation(struct virtio_dev *v)
{
	struct vmmio *d = to_vmmio(v);

	return d->version == 1 ? 0 : rd(d, REG_GENERATION);
}

static void vmmio_notify(struct virtqueue *q)
{
	wr(to_vmmio(q->dev), REG_QUEUE_NOTIFY, q->index);
}

/* Acknowledged before the queues are looked at: what comes after raises it anew. */
static enum irq_result vmmio_interrupt(void *data)
{
	struct vmmio *d = data;
	u32 status = rd(d, REG_INTERRUPT_STATUS);

	if (!status)
		return IRQ_NONE;
	wr(d, REG_INTERRUPT_ACK, status);
	if (status & VIRTIO_ISR_CONFIG)
		virtio_config_interrupt(&d->v);
	for (unsigned int i = 0; i < d->nvqs; i++)
		virtqueue_interrupt(d->vqs[i]);
	return IRQ_HANDLED;
}

static struct virtqueue *setup_queue(struct vmmio *d, u32 index, void (*cb)(struct virtqueue *), const char *name)
{
	struct virtqueue *q;
	u16 num;

	wr(d, REG_QUEUE_SEL, index);
	if (rd(d, d->version == 1 ? REG_QUEUE_PFN : REG_QUEUE_READY))
		return ERR_PTR(-ENODEV);
	num = virtqueue_pick_size(&d->v, rd(d, REG_QUEUE_NUM_MAX));
	if (!num)
		return ERR_PTR(-ENODEV);
	q = virtqueue_create(&d->v, index, num, d->version == 1 ? VIRTIO_LEGACY_ALIGN : 4, cb, name);
	if (IS_ERR(q))
		return q;
	wr(d, REG_QUEUE_NUM, num);
	if (d->version == 1) {
		wr(d, REG_QUEUE_ALIGN, VIRTIO_LEGACY_ALIGN);
		wr(d, REG_QUEUE_PFN, (u32)(virtqueue_desc_addr(q) >> PAGE_SHIFT));
		return q;
	}
	wr64(d, REG_QUEUE_DESC, virtqueue_desc_addr(q));
	wr64(d, REG_QUEUE_AVAIL, virtqueue_avail_addr(q));
	wr64(d, REG_QUEUE_USED, virtqueue_used_addr(q));
	wr(d, REG_QUEUE_READY, 1);
	return q;
}

static void vmmio_del_queues(struct virtio_dev *v)
{
	struct vmmio *d = to_vmmio(v);

	if (d->irq > 0)
		irq_free(d->irq, d);
	d->irq = 0;
	for (unsigned int i = 0; i < d->nvqs; i++)
		virtqueue_destroy(d->vqs[i]);
	kfree(d->vqs);
	d->vqs = NULL;
	d->nvqs = 0;
}

static int vmmio_setup_queues(struct virtio_dev *v, unsigned int n, struct virtqueue **vqs,
			      void (*const cb[])(struct virtqueue *), const char *const names[])
{
	struct vmmio *d = to_vmmio(v);
	int err = 0;

	d->vqs = kcalloc(n, sizeof(*d->vqs), GFP_KERNEL);
	if (!d->vqs)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		struct virtqueue *q = setup_queue(d, i, cb[i], names[i]);

		if (IS_ERR(q)) {
			err = (int)PTR_ERR(q);
			goto out;
		}
		vqs[i] = d->vqs[i] = q;
		d->nvqs = i + 1;
	}
	d->irq = irq_request_gsi(d->gsi, d->trigger, vmmio_interrupt, d, v->dev.name);
	if (d->irq > 0)
		return 0;
	err = d->irq;
out:
	v->ops->set_status(v, 0);	/* it must forget the rings before they are freed */
	vmmio_del_queues(v);
	return err;
}

static const struct virtio_transport_ops vmmio_ops = {
	.get_features = vmmio_get_features, .set_features = vmmio_set_features,
	.get_status = vmmio_get_status, .set_status = vmmio_set_status,
	.config_read = vmmio_config_read, .config_write = vmmio_config_write,
	.config_generation = vmmio_config_generation,
	.setup_queues = vmmio_setup_queues, .del_queues = vmmio_del_queues, .notify = vmmio_notify,
};

/* --- finding --- */

static void vmmio_free(struct vmmio *d)
{
	mmio_unmap(&d->regs);
	kfree(d);
}

static void vmmio_release(struct device *dev)
{
	vmmio_free(to_vmmio(container_of(dev, struct virtio_dev, dev)));
}

/* A slot without a device has device id 0. */
static int vmmio_add(u64 base, u64 size, u32 gsi, enum irq_trigger trigger)
{
	struct vmmio *d;
	int err = -EINVAL;

	if (size < REG_CONFIG)
		return -EINVAL;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	d->gsi = gsi;
	d->trigger = trigger;
	err = mmio_map(&d->regs, paddr(base), size);
	if (err)
		goto out;
	err = -ENODEV;
	d->version = rd(d, REG_VERSION);
	if (rd(d, REG_MAGIC) != MAGIC || d->version < 1 || d->version > 2)
		goto out;
	d->v.device_id = rd(d, REG_DEVICE_ID);
	if (!d->v.device_id)
		goto out;
	if (d->version == 1)
		wr(d, REG_PAGE_SIZE, PAGE_SIZE);
	d->v.ops = &vmmio_ops;
	d->v.transport = d;
	d->v.dev.release = vmmio_release;
	err = virtio_device_register(&d->v);
	if (!err)
		return 0;
out:
	vmmio_free(d);
	return err;
}

#define MAX_PARAMS	64
static struct {
	u64 base, size;
	u32 gsi;
} params[MAX_PARAMS];			/* [I] after the command line was read */
static unsigned int nr_params;

/* SIZE@BASE:IRQ[:ID] */
static int param_parse(const char *value)
{
	const char *s = value;
	char *end;
	u64 size = memparse(s, &end), base, irq;

	if (end == s || *end != '@' || nr_params >= MAX_PARAMS)
		return -EINVAL;
	s = end + 1;
	base = memparse(s, &end);
	if (end == s || *end != ':')
		return -EINVAL;
	s = end + 1;
	irq = memparse(s, &end);
	if (end == s || (*end && *end != ':') || irq > 1023)
		return -EINVAL;
	params[nr_params].base = base;
	params[nr_params].size = size;
	params[nr_params++].gsi = (u32)irq;
	return 0;
}
KPARAM("virtio_mmio.device", param_parse);

static int vmmio_init(void)
{
	u64 base, size;
	u32 gsi;

	for (unsigned int i = 0; platform_virtio_mmio(i, &base, &size, &gsi); i++)
		(void)vmmio_add(base, size, gsi, IRQ_LEVEL_HIGH);
	for (unsigned int i = 0; i < nr_params; i++)
		if (vmmio_add(params[i].base, params[i].size, params[i].gsi, IRQ_EDGE_HIGH))
			pr_info("virtio_mmio: no device at 0x%llx\n", (unsigned long long)params[i].base);
	return 0;
}
INITCALL_DRIVER(vmmio_init);
