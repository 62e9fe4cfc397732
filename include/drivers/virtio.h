/* SPDX-License-Identifier: MPL-2.0 */
/*
 * virtio 1.x (drivers/virtio): a device has features, a configuration space and queues, over PCI
 * (modern and transitional) or MMIO. The ring itself is pure code (drivers/virtio/ring.c), tested
 * on the host, and trusts nothing that the device writes.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include <core/io.h>
#include <core/spinlock.h>
#include <core/work.h>
#include <drivers/device.h>

struct virtio_dev;
struct virtqueue;

/* One piece of a request: kernel memory. */
struct virtio_sg {
	u64 addr;		/* device address: dma_addr_of() */
	u32 len;
};

struct virtio_transport_ops {
	u64 (*get_features)(struct virtio_dev *v);
	int (*set_features)(struct virtio_dev *v, u64 features);
	u8 (*get_status)(struct virtio_dev *v);
	void (*set_status)(struct virtio_dev *v, u8 status);
	void (*config_read)(struct virtio_dev *v, u32 off, void *buf, u32 len);
	void (*config_write)(struct virtio_dev *v, u32 off, const void *buf, u32 len);
	u32 (*config_generation)(struct virtio_dev *v);
	int (*setup_queues)(struct virtio_dev *v, unsigned int n, struct virtqueue **vqs,
		void (*const cb[])(struct virtqueue *), const char *const names[]);
	void (*del_queues)(struct virtio_dev *v);
	void (*notify)(struct virtqueue *q);
};

struct virtio_dev {
	struct device dev;
	u32 device_id;
	u64 features;			/* negotiated */
	const struct virtio_transport_ops *ops;
	void *transport;
	void (*config_changed)(struct virtio_dev *v);	/* interrupt context */
	/* A worker's: the device was reset and is off for good; end what it had. By virtio_on_break(). */
	void (*on_break)(struct virtio_dev *v);	/* [a] */
	bool broken;			/* [a] it lied, or asked for a reset: it will not answer any more */
	struct work break_work;
	void *private;			/* the driver's */
	/* The driver's wishes, before setup_queues: entries of a queue, pieces of one request; 0: the usual. */
	u32 queue_max, indirect_max;
	u32 queues_per_cpu;		/* neighbours whose interrupts go to one CPU; 0: one */
};

struct virtio_driver {
	struct driver drv;
	u32 device_id;
	u64 features;			/* what the driver understands */
	/* Take out of what both sides know the features whose requirements are missing. NULL: all are wanted. */
	u64 (*fix_features)(u64 features);
	int (*probe)(struct virtio_dev *v);
	void (*remove)(struct virtio_dev *v);
};
int virtio_driver_register(struct virtio_driver *d);
int virtio_device_register(struct virtio_dev *v);
/* DRIVER_OK: after the queues are filled. */
void virtio_ready(struct virtio_dev *v);
void virtio_fail(struct virtio_dev *v);
/* Tell the driver when the device breaks, or that it did. NULL: not any more. */
void virtio_on_break(struct virtio_dev *v, void (*fn)(struct virtio_dev *v));
static inline bool virtio_has(const struct virtio_dev *v, unsigned int bit) { return v->features >> bit & 1; }

/* Queues. The caller serialises per queue (its own lock, interrupts off if the callback takes it). */
/* -ENOSPC */
int virtqueue_add(struct virtqueue *q, const struct virtio_sg *sg, unsigned int out,
	unsigned int in, void *token);
void virtqueue_kick(struct virtqueue *q);
void *virtqueue_get(struct virtqueue *q, u32 *len);	/* finished token or NULL */
/* Interrupts off/on for this queue; on returns false if something came meanwhile: poll again. */
void virtqueue_disable_cb(struct virtqueue *q);
bool virtqueue_enable_cb(struct virtqueue *q);
/* The same, but the interrupt may wait until most of what is under way is finished. */
bool virtqueue_enable_cb_delayed(struct virtqueue *q);
/* Is something finished? A hint without the caller's lock. */
bool virtqueue_more(const struct virtqueue *q);
unsigned int virtqueue_pending(const struct virtqueue *q);	/* requests under way */
unsigned int virtqueue_free_slots(const struct virtqueue *q);
/* Pieces that one request may have, and entries of the queue. */
unsigned int virtqueue_max_pieces(const struct virtqueue *q);
unsigned int virtqueue_size(const struct virtqueue *q);
/* The device is gone: the token of a request that will not come back; NULL: no more. */
void *virtqueue_detach(struct virtqueue *q);
struct virtio_dev *virtqueue_dev(const struct virtqueue *q);
unsigned int virtqueue_index(const struct virtqueue *q);

#endif
