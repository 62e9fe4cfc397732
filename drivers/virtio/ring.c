/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The split virtqueue; ring.h has the overview. A request is a chain of descriptors, or one that points
 * at the slot's indirect table. The chain is remembered on our side (slots), since the device could
 * overwrite what lies in the shared table.
 *
 * Order: descriptors before avail->idx (release); avail->idx before the look at avail_event (full
 * barrier, pairs with the device's between writing avail_event and reading avail->idx); used->idx
 * (acquire) before the used element; used_event before the look at used->idx (full barrier).
 */
#include <base/atomic.h>
#include <base/errno.h>
#include <base/math.h>

#include "ring.h"

#define DESC_NEXT	1
#define DESC_WRITE	2
#define DESC_INDIRECT	4
#define AVAIL_NO_INTERRUPT 1
#define USED_NO_NOTIFY	1

static le16_t *used_event(struct vring *r) { return &r->avail->ring[r->num]; }
static const le16_t *avail_event(const struct vring *r) { return (const le16_t *)&r->used->ring[r->num]; }

void vring_init(struct vring *r, u16 num, u32 align, void *mem, struct vring_desc *ind, u64 ind_device, u32 ind_max,
		struct vring_slot *slots, bool event_idx)
{
	*r = (struct vring){ .num = num, .event_idx = event_idx, .desc = mem, .ind = ind, .ind_device = ind_device,
			     .ind_max = ind_max, .slots = slots, .nr_free = num };
	r->avail = (struct vring_avail *)(r->desc + num);
	r->used = (struct vring_used *)((u8 *)mem + vring_used_offset(num, align));
	for (u16 i = 0; i < num; i++)
		slots[i] = (struct vring_slot){ .next = (u16)(i + 1) };
}

static void fill(struct vring_desc *d, const struct virtio_sg *sg, u16 flags, u16 next)
{
	d->addr = to_le64(sg->addr);
	d->len = to_le32(sg->len);
	d->flags = to_le16(flags);
	d->next = to_le16(next);
}

/* The slot's table holds all pieces. */
static void add_indirect(struct vring *r, u16 head, const struct virtio_sg *sg, unsigned int out, unsigned int n)
{
	struct vring_desc *t = &r->ind[(u64)head * r->ind_max];
	struct virtio_sg table = {
		.addr = r->ind_device + (u64)head * r->ind_max * sizeof(*t),
		.len = (u32)(n * sizeof(*t)),
	};

	for (unsigned int i = 0; i < n; i++)
		fill(&t[i], &sg[i], (u16)((i >= out ? DESC_WRITE : 0) | (i + 1 < n ? DESC_NEXT : 0)), (u16)(i + 1));
	fill(&r->desc[head], &table, DESC_INDIRECT, 0);
}

static void add_chain(struct vring *r, u16 head, const struct virtio_sg *sg, unsigned int out, unsigned int n)
{
	u16 at = head;

	for (unsigned int i = 0; i < n; i++) {
		u16 next = r->slots[at].next;

		fill(&r->desc[at], &sg[i], (u16)((i >= out ? DESC_WRITE : 0) | (i + 1 < n ? DESC_NEXT : 0)), next);
		at = next;
	}
}

int vring_add(struct vring *r, const struct virtio_sg *sg, unsigned int out, unsigned int in, void *token)
{
	unsigned int n = out + in, count;
	struct vring_slot *s;
	u64 in_len = 0;
	u16 head, at;

	if (r->broken)
		return -EIO;
	if (!n || !token)
		return -EINVAL;
	count = r->ind && n > 1 && n <= r->ind_max ? 1 : n;
	if (count > r->nr_free)
		return -ENOSPC;
	for (unsigned int i = out; i < n; i++)
		in_len += sg[i].len;
	head = at = r->free_head;
	for (unsigned int i = 1; i < count; i++)
		at = r->slots[at].next;
	if (count < n)
		add_indirect(r, head, sg, out, n);
	else
		add_chain(r, head, sg, out, n);
	r->free_head = r->slots[at].next;
	r->nr_free -= (u16)count;
	s = &r->slots[head];
	s->token = token;
	s->count = (u16)count;
	s->in_len = (u32)min_t(u64, in_len, ~0u);
	r->pending++;
	WRITE_ONCE(r->avail->ring[r->avail_idx & (r->num - 1)].raw, to_le16(head).raw);
	r->avail_idx++;
	smp_store_release(&r->avail->idx.raw, to_le16(r->avail_idx).raw);
	return 0;
}

bool vring_kick_needed(struct vring *r)
{
	u16 old = r->kicked_idx, now = r->avail_idx;

	if (r->broken || old == now)
		return false;
	r->kicked_idx = now;
	smp_mb();
	if (r->event_idx) {
		u16 event = le16((le16_t){ READ_ONCE(avail_event(r)->raw) });

		return (u16)(now - event - 1) < (u16)(now - old);
	}
	return !(le16((le16_t){ READ_ONCE(r->used->flags.raw) }) & USED_NO_NOTIFY);
}

static u16 used_idx(const struct vring *r)
{
	return le16((le16_t){ smp_load_acquire(&r->used->idx.raw) });
}

bool vring_more(const struct vring *r)
{
	return !r->broken && used_idx(r) != r->last_used;
}

/* Give the chain back to the free list. */
static void *release(struct vring *r, u16 head)
{
	struct vring_slot *s = &r->slots[head];
	void *token = s->token;
	u16 at = head;

	for (u16 i = 1; i < s->count; i++)
		at = r->slots[at].next;
	r->slots[at].next = r->free_head;
	r->free_head = head;
	r->nr_free += s->count;
	r->pending--;
	s->token = NULL;
	return token;
}

void *vring_get(struct vring *r, u32 *len)
{
	u16 idx = used_idx(r);
	struct vring_used_elem *e;
	u32 id, n;

	if (r->broken || idx == r->last_used)
		return NULL;
	e = &r->used->ring[r->last_used & (r->num - 1)];
	id = le32((le32_t){ READ_ONCE(e->id.raw) });
	n = le32((le32_t){ READ_ONCE(e->len.raw) });
	/* More answers than questions, or an answer to what was not asked. */
	if ((u16)(idx - r->last_used) > r->pending || id >= r->num || !r->slots[id].token) {
		r->broken = true;
		return NULL;
	}
	r->last_used++;
	if (len)
		*len = min(n, r->slots[id].in_len);
	if (r->event_idx && !r->cb_off) {
		WRITE_ONCE(used_event(r)->raw, to_le16(r->last_used).raw);
		smp_mb();
	}
	return release(r, (u16)id);
}

void vring_disable_cb(struct vring *r)
{
	r->cb_off = true;
	/* An index that the device has just passed: the next interrupt is 65,535 requests away. */
	if (r->event_idx)
		WRITE_ONCE(used_event(r)->raw, to_le16((u16)(r->last_used - 1)).raw);
	else
		WRITE_ONCE(r->avail->flags.raw, to_le16(AVAIL_NO_INTERRUPT).raw);
}

bool vring_enable_cb(struct vring *r)
{
	r->cb_off = false;
	if (r->event_idx)
		WRITE_ONCE(used_event(r)->raw, to_le16(r->last_used).raw);
	else
		WRITE_ONCE(r->avail->flags.raw, 0);
	smp_mb();
	return !vring_more(r);
}

bool vring_enable_cb_delayed(struct vring *r)
{
	u16 wait = (u16)(r->pending * 3u / 4u);

	if (!r->event_idx)
		return vring_enable_cb(r);
	r->cb_off = false;
	WRITE_ONCE(used_event(r)->raw, to_le16((u16)(r->last_used + wait)).raw);
	smp_mb();
	return r->broken || (u16)(used_idx(r) - r->last_used) <= wait;
}

void *vring_detach(struct vring *r)
{
	r->broken = true;
	for (u16 i = 0; i < r->num; i++)
		if (r->slots[i].token)
			return release(r, i);
	return NULL;
}
