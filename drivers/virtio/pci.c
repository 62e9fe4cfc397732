/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio over PCI: modern devices (registers in BARs, found through vendor capabilities) and legacy
 * ones (registers in I/O BAR 0). A transitional device is driven as modern. Interrupts: MSI-X with a
 * vector for each queue and one for the configuration, with two vectors when there are not enough, or
 * the shared INTx line. Source: virtio 1.2, section 4.1.
 *
 * Queue selection and set-up happen in probe context only. Interrupt handlers read the queue array,
 * which is complete before its interrupts are requested.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <drivers/pci.h>

#include "internal.h"

#define VIRTIO_PCI_VENDOR	0x1af4
#define PCI_CAP_ID_VENDOR	0x09
#define NO_VECTOR		0xffff

/* Types of structures that capabilities point to. */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4 };

/* struct virtio_pci_common_cfg */
enum {
	COMMON_DEVICE_FEATURE_SELECT = 0x00, COMMON_DEVICE_FEATURE = 0x04, COMMON_DRIVER_FEATURE_SELECT = 0x08,
	COMMON_DRIVER_FEATURE = 0x0c, COMMON_CONFIG_VECTOR = 0x10, COMMON_NUM_QUEUES = 0x12, COMMON_STATUS = 0x14,
	COMMON_GENERATION = 0x15, COMMON_QUEUE_SELECT = 0x16, COMMON_QUEUE_SIZE = 0x18, COMMON_QUEUE_VECTOR = 0x1a,
	COMMON_QUEUE_ENABLE = 0x1c, COMMON_QUEUE_NOTIFY_OFF = 0x1e, COMMON_QUEUE_DESC = 0x20,
	COMMON_QUEUE_AVAIL = 0x28, COMMON_QUEUE_USED = 0x30, COMMON_BYTES = 0x38,
};

/* Legacy registers in BAR 0. */
enum {
	LEGACY_FEATURES = 0x00, LEGACY_GUEST_FEATURES = 0x04, LEGACY_QUEUE_PFN = 0x08, LEGACY_QUEUE_SIZE = 0x0c,
	LEGACY_QUEUE_SELECT = 0x0e, LEGACY_NOTIFY = 0x10, LEGACY_STATUS = 0x12, LEGACY_ISR = 0x13,
	LEGACY_CONFIG_VECTOR = 0x14, LEGACY_QUEUE_VECTOR = 0x16, LEGACY_CONFIG = 0x14, LEGACY_CONFIG_MSIX = 0x18,
};

/* A window of a BAR. */
struct window {
	u8 bar;
	u32 off, len;		/* len 0: not there */
};

struct vpci {
	struct virtio_dev v;
	struct pci_dev *pci;			/* [I] */
	struct mmio_region bars[6];		/* [I] mapped as capabilities need them */
	struct window common, notify, isr, config;	/* [I] */
	u32 notify_mult;			/* [I] */
	struct ioport io;			/* [I] legacy */
	bool legacy;				/* [I] */
	struct virtqueue **vqs;			/* [I] once interrupts are on */
	unsigned int nvqs;
	int intx_irq, config_irq, shared_irq;	/* [I] 0: none */
};

static struct vpci *to_vpci(struct virtio_dev *v) { return container_of(v, struct vpci, v); }

/* --- access --- */

static u8 win_read8(struct vpci *d, const struct window *w, u32 off)
{
	return mmio_read8(&d->bars[w->bar], (u64)w->off + off);
}

static u16 c_read16(struct vpci *d, u32 off) { return mmio_read16(&d->bars[d->common.bar], (u64)d->common.off + off); }
static u32 c_read32(struct vpci *d, u32 off) { return mmio_read32(&d->bars[d->common.bar], (u64)d->common.off + off); }

static void c_write8(struct vpci *d, u32 off, u8 v)
{
	mmio_write8(&d->bars[d->common.bar], (u64)d->common.off + off, v);
}

static void c_write16(struct vpci *d, u32 off, u16 v)
{
	mmio_write16(&d->bars[d->common.bar], (u64)d->common.off + off, v);
}

static void c_write32(struct vpci *d, u32 off, u32 v)
{
	mmio_write32(&d->bars[d->common.bar], (u64)d->common.off + off, v);
}

/* 64-bit fields are written in two halves. */
static void c_write64(struct vpci *d, u32 off, u64 v)
{
	c_write32(d, off, (u32)v);
	c_write32(d, off + 4, (u32)(v >> 32));
}

static u16 legacy_config(const struct vpci *d) { return d->pci->msix_enabled ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG; }

/* --- transport operations --- */

static u64 vpci_get_features(struct virtio_dev *v)
{
	struct vpci *d = to_vpci(v);
	u64 f;

	if (d->legacy)
		return ioport_read32(d->io, LEGACY_FEATURES);
	c_write32(d, COMMON_DEVICE_FEATURE_SELECT, 0);
	f = c_read32(d, COMMON_DEVICE_FEATURE);
	c_write32(d, COMMON_DEVICE_FEATURE_SELECT, 1);
	return f | (u64)c_read32(d, COMMON_DEVICE_FEATURE) << 32;
}

static int vpci_set_features(struct virtio_dev *v, u64 f)
{
	struct vpci *d = to_vpci(v);

	if (d->legacy) {
		ioport_write32(d->io, LEGACY_GUEST_FEATURES, (u32)f);
		return 0;
	}
	if (!(f & BIT(VIRTIO_F_VERSION_1)))
		return -EINVAL;
	c_write32(d, COMMON_DRIVER_FEATURE_SELECT, 0);
	c_write32(d, COMMON_DRIVER_FEATURE, (u32)f);
	c_write32(d, COMMON_DRIVER_FEATURE_SELECT, 1);
	c_write32(d, COMMON_DRIVER_FEATURE, (u32)(f >> 32));
	return 0;
}

static u8 vpci_get_status(struct virtio_dev *v)
{
	struct vpci *d = to_vpci(v);

	return d->legacy ? ioport_read8(d->io, LEGACY_STATUS) : win_read8(d, &d->common, COMMON_STATUS);
}

static void vpci_set_status(struct virtio_dev *v, u8 status)
{
	struct vpci *d = to_vpci(v);

	if (d->legacy)
		ioport_write8(d->io, LEGACY_STATUS, status);
	else
		c_write8(d, COMMON_STATUS, status);
}

static void vpci_config_read(struct virtio_dev *v, u32 off, void *buf, u32 len)
{
	struct vpci *d = to_vpci(v);
	u8 *p = buf;

	for (u32 i = 0; i < len; i++) {
		if (d->legacy)
			p[i] = ioport_read8(d->io, (u16)(legacy_config(d) + off + i));
		else
			p[i] = (u64)off + i < d->config.len ? win_read8(d, &d->config, off + i) : 0;
	}
}

static void vpci_config_write(struct virtio_dev *v, u32 off, const void *buf, u32 len)
{
	struct vpci *d = to_vpci(v);
	const u8 *p = buf;

	for (u32 i = 0; i < len; i++) {
		if (d->legacy)
			ioport_write8(d->io, (u16)(legacy_config(d) + off + i), p[i]);
		else if ((u64)off + i < d->config.len)
			mmio_write8(&d->bars[d->config.bar], (u64)d->config.off + off + i, p[i]);
	}
}

static u32 vpci_config_generation(struct virtio_dev *v)
{
	struct vpci *d = to_vpci(v);

	return d->legacy ? 0 : win_read8(d, &d->common, COMMON_GENERATION);
}

static void vpci_notify(struct virtqueue *q)
{
	struct vpci *d = to_vpci(q->dev);

	if (d->legacy)
		ioport_write16(d->io, LEGACY_NOTIFY, (u16)q->index);
	else
		mmio_write16(&d->bars[d->notify.bar], d->notify.off + q->notify_off, (u16)q->index);
}

/* --- interrupts --- */

static enum irq_result queue_interrupt(void *data)
{
	virtqueue_interrupt(data);
	return IRQ_HANDLED;
}

static enum irq_result all_queues_interrupt(void *data)
{
	struct vpci *d = data;

	for (unsigned int i = 0; i < d->nvqs; i++)
		virtqueue_interrupt(d->vqs[i]);
	return IRQ_HANDLED;
}

static enum irq_result config_interrupt(void *data)
{
	struct vpci *d = data;

	virtio_config_interrupt(&d->v);
	return IRQ_HANDLED;
}

/* Reading the ISR register also lowers the line. */
static enum irq_result intx_interrupt(void *data)
{
	struct vpci *d = data;
	u8 isr = d->legacy ? ioport_read8(d->io, LEGACY_ISR) : win_read8(d, &d->isr, 0);

	if (!isr)
		return IRQ_NONE;
	if (isr & VIRTIO_ISR_CONFIG)
		virtio_config_interrupt(&d->v);
	return all_queues_interrupt(d);
}

static int set_config_vector(struct vpci *d, u16 vec)
{
	if (d->legacy) {
		ioport_write16(d->io, LEGACY_CONFIG_VECTOR, vec);
		return ioport_read16(d->io, LEGACY_CONFIG_VECTOR) == vec ? 0 : -ENOSPC;
	}
	c_write16(d, COMMON_CONFIG_VECTOR, vec);
	return c_read16(d, COMMON_CONFIG_VECTOR) == vec ? 0 : -ENOSPC;
}

static int set_queue_vector(struct vpci *d, u16 index, u16 vec)
{
	if (d->legacy) {
		ioport_write16(d->io, LEGACY_QUEUE_SELECT, index);
		ioport_write16(d->io, LEGACY_QUEUE_VECTOR, vec);
		return ioport_read16(d->io, LEGACY_QUEUE_VECTOR) == vec ? 0 : -ENOSPC;
	}
	c_write16(d, COMMON_QUEUE_SELECT, index);
	c_write16(d, COMMON_QUEUE_VECTOR, vec);
	return c_read16(d, COMMON_QUEUE_VECTOR) == vec ? 0 : -ENOSPC;
}

static void free_irq(int *irq, void *data)
{
	if (*irq > 0)
		irq_free(*irq, data);
	*irq = 0;
}

static void free_irqs(struct vpci *d)
{
	for (unsigned int i = 0; i < d->nvqs; i++)
		if (d->vqs[i])
			free_irq(&d->vqs[i]->irq, d->vqs[i]);
	free_irq(&d->shared_irq, d);
	free_irq(&d->config_irq, d);
	free_irq(&d->intx_irq, d);
	pci_msix_disable(d->pci);
}

static int request_msix(struct vpci *d, bool per_queue)
{
	int err;

	d->config_irq = pci_msix_request(d->pci, 0, -1, config_interrupt, d, d->v.dev.name);
	if (d->config_irq < 0)
		return d->config_irq;
	err = set_config_vector(d, 0);
	if (!err && !per_queue) {
		d->shared_irq = pci_msix_request(d->pci, 1, -1, all_queues_interrupt, d, d->v.dev.name);
		err = min(d->shared_irq, 0);
	}
	for (unsigned int i = 0; i < d->nvqs && !err; i++) {
		struct virtqueue *q = d->vqs[i];

		if (per_queue) {
			q->irq = pci_msix_request(d->pci, i + 1, (int)(i / max(d->v.queues_per_cpu, 1u)), queue_interrupt, q,
						  q->name);
			err = min(q->irq, 0);
		}
		if (!err)
			err = set_queue_vector(d, (u16)i, per_queue ? (u16)(i + 1) : 1);
	}
	return err;
}

/* The queues are there and not enabled yet. msix: vectors that the function granted. */
static int request_irqs(struct vpci *d, int msix)
{
	int err = msix >= 2 ? request_msix(d, msix >= (int)d->nvqs + 1) : -ENOSPC;

	if (!err)
		return 0;
	free_irqs(d);
	if (msix > 0 && d->legacy)	/* the configuration would move: cannot fall back here */
		return err;
	d->intx_irq = pci_request_intx(d->pci, intx_interrupt, d, d->v.dev.name);
	return min(d->intx_irq, 0);
}

/* --- queues --- */

static struct virtqueue *setup_modern(struct vpci *d, u16 index, void (*cb)(struct virtqueue *), const char *name)
{
	struct virtqueue *q;
	u16 num;

	c_write16(d, COMMON_QUEUE_SELECT, index);
	num = virtqueue_pick_size(&d->v, c_read16(d, COMMON_QUEUE_SIZE));
	if (!num || c_read16(d, COMMON_QUEUE_ENABLE))
		return ERR_PTR(-ENODEV);
	q = virtqueue_create(&d->v, index, num, 4, cb, name);
	if (IS_ERR(q))
		return q;
	q->notify_off = (u64)c_read16(d, COMMON_QUEUE_NOTIFY_OFF) * d->notify_mult;
	if (q->notify_off + 2 > d->notify.len) {
		virtqueue_destroy(q);
		return ERR_PTR(-EINVAL);
	}
	c_write16(d, COMMON_QUEUE_SIZE, num);
	c_write64(d, COMMON_QUEUE_DESC, virtqueue_desc_addr(q));
	c_write64(d, COMMON_QUEUE_AVAIL, virtqueue_avail_addr(q));
	c_write64(d, COMMON_QUEUE_USED, virtqueue_used_addr(q));
	return q;
}

static struct virtqueue *setup_legacy(struct vpci *d, u16 index, void (*cb)(struct virtqueue *), const char *name)
{
	struct virtqueue *q;
	u16 num;

	ioport_write16(d->io, LEGACY_QUEUE_SELECT, index);
	num = ioport_read16(d->io, LEGACY_QUEUE_SIZE);
	if (!num || ioport_read32(d->io, LEGACY_QUEUE_PFN))
		return ERR_PTR(-ENODEV);
	q = virtqueue_create(&d->v, index, num, VIRTIO_LEGACY_ALIGN, cb, name);
	if (!IS_ERR(q))
		ioport_write32(d->io, LEGACY_QUEUE_PFN, (u32)(virtqueue_desc_addr(q) >> 12));
	return q;
}

static void vpci_del_queues(struct virtio_dev *v)
{
	struct vpci *d = to_vpci(v);

	free_irqs(d);
	for (unsigned int i = 0; i < d->nvqs; i++)
		if (d->vqs[i])
			virtqueue_destroy(d->vqs[i]);
	kfree(d->vqs);
	d->vqs = NULL;
	d->nvqs = 0;
}

static int vpci_setup_queues(struct virtio_dev *v, unsigned int n, struct virtqueue **vqs,
			     void (*const cb[])(struct virtqueue *), const char *const names[])
{
	struct vpci *d = to_vpci(v);
	int err, msix;

	d->vqs = kcalloc(n, sizeof(*d->vqs), GFP_KERNEL);
	if (!d->vqs)
		return -ENOMEM;
	/* First, since it moves a legacy device's configuration. */
	msix = pci_msix_enable(d->pci, n + 1);
	for (unsigned int i = 0; i < n; i++) {
		struct virtqueue *q = d->legacy ? setup_legacy(d, (u16)i, cb[i], names[i]) :
						  setup_modern(d, (u16)i, cb[i], names[i]);

		if (IS_ERR(q)) {
			err = (int)PTR_ERR(q);
			goto out;
		}
		vqs[i] = d->vqs[i] = q;
		d->nvqs = i + 1;
	}
	err = request_irqs(d, msix);
	if (err)
		goto out;
	for (unsigned int i = 0; i < n && !d->legacy; i++) {
		c_write16(d, COMMON_QUEUE_SELECT, (u16)i);
		c_write16(d, COMMON_QUEUE_ENABLE, 1);
	}
	return 0;
out:
	v->ops->set_status(v, 0);	/* it must forget the rings before they are freed */
	vpci_del_queues(v);
	return err;
}

static const struct virtio_transport_ops vpci_ops = {
	.get_features = vpci_get_features, .set_features = vpci_set_features,
	.get_status = vpci_get_status, .set_status = vpci_set_status,
	.config_read = vpci_config_read, .config_write = vpci_config_write,
	.config_generation = vpci_config_generation,
	.setup_queues = vpci_setup_queues, .del_queues = vpci_del_queues, .notify = vpci_notify,
};

/* --- finding the registers --- */

/* The first usable structure of a type counts; memory BARs only. */
static void take_cap(struct vpci *d, u16 pos)
{
	struct window w = {
		.bar = pci_read8(d->pci, (u16)(pos + 4)),
		.off = pci_read32(d->pci, (u16)(pos + 8)),
		.len = pci_read32(d->pci, (u16)(pos + 12)),
	};
	struct window *where[] = { [CAP_COMMON] = &d->common, [CAP_NOTIFY] = &d->notify, [CAP_ISR] = &d->isr,
				   [CAP_DEVICE] = &d->config };
	u8 type = pci_read8(d->pci, (u16)(pos + 3));

	if (type < CAP_COMMON || type > CAP_DEVICE || where[type]->len || w.bar >= 6 || d->pci->bar[w.bar].io)
		return;
	if ((u64)w.off + w.len > d->pci->bar[w.bar].size)
		return;
	if (!d->bars[w.bar].base && pci_map_bar(d->pci, w.bar, &d->bars[w.bar]))
		return;
	*where[type] = w;
	if (type == CAP_NOTIFY)
		d->notify_mult = pci_read32(d->pci, (u16)(pos + 16));
}

static bool find_modern(struct vpci *d)
{
	for (u16 pos = pci_find_cap(d->pci, PCI_CAP_ID_VENDOR, 0); pos; pos = pci_find_cap(d->pci, PCI_CAP_ID_VENDOR, pos))
		take_cap(d, pos);
	return d->common.len >= COMMON_BYTES && d->notify.len && d->isr.len;
}

static bool find_legacy(struct vpci *d)
{
	const struct pci_bar *b = &d->pci->bar[0];

	if (d->pci->device >= 0x1040 || !b->io || !b->addr || b->size < LEGACY_CONFIG)
		return false;
	d->io = (struct ioport){ .base = (u16)b->addr, .size = (u16)b->size };
	d->legacy = true;
	return true;
}

static void vpci_free(struct vpci *d)
{
	for (int i = 0; i < 6; i++)
		mmio_unmap(&d->bars[i]);
	kfree(d);
}

static void vpci_release(struct device *dev)
{
	vpci_free(to_vpci(container_of(dev, struct virtio_dev, dev)));
}

static int vpci_probe(struct pci_dev *p)
{
	struct vpci *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	d->pci = p;
	err = pci_enable(p, true);
	if (!err && !find_modern(d) && !find_legacy(d))
		err = -ENODEV;
	if (err)
		goto out;
	d->v.ops = &vpci_ops;
	d->v.transport = d;
	/* Transitional devices say what they are in the subsystem id. */
	d->v.device_id = p->device >= 0x1040 ? p->device - 0x1040u : p->subdevice;
	d->v.dev.parent = &p->dev;
	d->v.dev.release = vpci_release;
	err = virtio_device_register(&d->v);
	if (!err)
		return 0;
out:
	vpci_free(d);
	return err;
}

static struct pci_driver vpci_driver = {
	.drv.name = "virtio-pci",
	.vendor = VIRTIO_PCI_VENDOR,
	.device_lo = 0x1000,
	.device_hi = 0x107f,
	.probe = vpci_probe,
};

static int vpci_init(void)
{
	return pci_driver_register(&vpci_driver);
}
INITCALL_DRIVER(vpci_init);
