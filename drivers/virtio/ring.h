/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A split virtqueue (virtio 1.2, section 2.7) as pure code: descriptors, indirect tables, EVENT_IDX. The
 * caller gives the memory and serialises. Nothing the device writes is believed: a nonsensical answer
 * breaks the ring (it gives and takes nothing more), it never leads outside our arrays.
 */
#ifndef DRIVERS_VIRTIO_RING_H
#define DRIVERS_VIRTIO_RING_H

#include <base/byteorder.h>
#include <base/compiler.h>
#include <base/types.h>
#include <drivers/virtio.h>

struct vring_desc {
	le64_t addr;
	le32_t len;
	le16_t flags;
	le16_t next;
};
static_assert(sizeof(struct vring_desc) == 16, "virtio 2.7.5");

struct vring_avail {
	le16_t flags;
	le16_t idx;
	le16_t ring[];		/* num, then used_event */
};

struct vring_used_elem {
	le32_t id;
	le32_t len;
};
static_assert(sizeof(struct vring_used_elem) == 8, "virtio 2.7.8");

struct vring_used {
	le16_t flags;
	le16_t idx;
	struct vring_used_elem ring[];	/* num, then avail_event */
};

/* Pieces of a request that fit into its slot's indirect table, unless the driver asks for more. */
#define VRING_INDIRECT_MIN	8u

struct vring_slot {
	void *token;		/* NULL: not the head of a request under way */
	u32 in_len;		/* bytes the device may have written */
	u16 next;		/* of the free list or of the chain, as we wrote it */
	u16 count;		/* descriptors of the chain */
};

/* All fields: the caller's serialisation; the three tables are shared with the device. */
struct vring {
	u16 num;		/* power of two */
	bool event_idx, broken, cb_off;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_desc *ind;	/* num tables; NULL: no indirect descriptors */
	u64 ind_device;		/* its address for the device */
	u32 ind_max;		/* descriptors of each table */
	struct vring_slot *slots;
	u16 free_head, nr_free;
	u16 avail_idx;		/* what avail->idx holds */
	u16 kicked_idx;		/* avail_idx at the last kick */
	u16 last_used;
	u16 pending;		/* requests under way */
};

static inline u64 vring_used_offset(u32 num, u32 align)
{
	u64 end = 16ull * num + 6 + 2ull * num;

	return (end + align - 1) & ~(u64)(align - 1);
}
/* Bytes of the three tables when the used one is aligned to `align` (4; 4096 for legacy devices). */
static inline u64 vring_bytes(u32 num, u32 align) { return vring_used_offset(num, align) + 6 + 8ull * num; }
static inline u64 vring_indirect_bytes(u32 num, u32 ind_max) { return (u64)num * ind_max * sizeof(struct vring_desc); }

/* mem: zeroed, vring_bytes() long. ind: vring_indirect_bytes(), may be NULL. slots: num of them. */
void vring_init(struct vring *r, u16 num, u32 align, void *mem, struct vring_desc *ind, u64 ind_device, u32 ind_max,
		struct vring_slot *slots, bool event_idx);
/* 0; -ENOSPC; -EINVAL (nothing to send); -EIO: broken. token is not NULL. */
__must_check int vring_add(struct vring *r, const struct virtio_sg *sg, unsigned int out, unsigned int in, void *token);
/* After adding: must the device be told? */
bool vring_kick_needed(struct vring *r);
/* A finished request's token and how much was written (never more than asked for); NULL: none. */
void *vring_get(struct vring *r, u32 *len);
bool vring_more(const struct vring *r);
void vring_disable_cb(struct vring *r);
/* False: something is there already. */
bool vring_enable_cb(struct vring *r);
/* As vring_enable_cb(), but an interrupt may wait until most of what is under way is finished. */
bool vring_enable_cb_delayed(struct vring *r);
/* Tear-down: the token of any request that is still under way; NULL: none. */
void *vring_detach(struct vring *r);

#endif
