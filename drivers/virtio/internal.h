/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of drivers/virtio share among themselves only. */
#ifndef DRIVERS_VIRTIO_INTERNAL_H
#define DRIVERS_VIRTIO_INTERNAL_H

#include <base/bits.h>
#include <core/irq.h>
#include <drivers/virtio.h>

#include "ring.h"

#define VIRTIO_STATUS_ACKNOWLEDGE	0x01
#define VIRTIO_STATUS_DRIVER		0x02
#define VIRTIO_STATUS_DRIVER_OK		0x04
#define VIRTIO_STATUS_FEATURES_OK	0x08
#define VIRTIO_STATUS_NEEDS_RESET	0x40
#define VIRTIO_STATUS_FAILED		0x80

#define VIRTIO_F_INDIRECT_DESC		28
#define VIRTIO_F_EVENT_IDX		29
#define VIRTIO_F_VERSION_1		32
#define VIRTIO_F_ACCESS_PLATFORM	33

#define VIRTIO_ISR_QUEUE		0x1
#define VIRTIO_ISR_CONFIG		0x2

/* Queues of one size suit all drivers so far; a legacy device dictates its own. */
#define VIRTIO_QUEUE_MAX		256
#define VIRTIO_LEGACY_ALIGN		4096u

struct virtqueue {
	struct vring ring;		/* [caller's lock] */
	struct virtio_dev *dev;		/* [I] */
	void (*cb)(struct virtqueue *q);	/* [I] */
	const char *name;		/* [I] */
	u32 index;			/* [I] */
	u64 notify_off;			/* [I] transport's */
	int irq;			/* [I] transport's; 0: shares the device's */
	struct dma_buf mem, ind;	/* [I] ind.cpu NULL: no indirect tables */
	struct vring_slot *slots;	/* [I] */
	bool spoil_avail, spoil_used;	/* [caller's lock] tests: the ring is broken on purpose */
};

/* Ring of num entries (a power of two) in fresh memory. ERR_PTR. May sleep. */
__must_check struct virtqueue *virtqueue_create(struct virtio_dev *v, u32 index, u16 num, u32 align,
						void (*cb)(struct virtqueue *), const char *name);
void virtqueue_destroy(struct virtqueue *q);
static inline u64 virtqueue_desc_addr(const struct virtqueue *q) { return q->mem.device; }
static inline u64 virtqueue_avail_addr(const struct virtqueue *q) { return q->mem.device + 16ull * q->ring.num; }
static inline u64 virtqueue_used_addr(const struct virtqueue *q)
{
	return q->mem.device + (u64)((u8 *)q->ring.used - (u8 *)q->mem.cpu);
}
/* From the transport's interrupt. */
void virtqueue_interrupt(struct virtqueue *q);
void virtio_config_interrupt(struct virtio_dev *v);
/* Largest power of two that is not above what the device offers nor our own limit. */
u16 virtqueue_pick_size(const struct virtio_dev *v, u32 offered);

#endif
