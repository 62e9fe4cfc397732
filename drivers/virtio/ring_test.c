/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The split virtqueue against a device played by the test: an honest one, with and without indirect
 * tables and EVENT_IDX, across many turns of the indexes; and lying ones.
 * host-test: ring.c
 */
#include <base/alloc.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>

#include "ring.h"

#define NUM	8u
#define IND_MAX	10u
#define IND_BASE 0x40000000ull	/* "device address" of the indirect tables */

/* The device's side. */
struct dev {
	struct vring r;
	struct vring_desc *ind;
	u16 seen;		/* next avail entry to take */
	u16 done;		/* used->idx */
};

static struct dev *dev_make(bool indirect, bool event_idx, u32 align)
{
	struct dev *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct vring_slot *slots = kcalloc(NUM, sizeof(*slots), GFP_KERNEL);
	void *mem = kzalloc(vring_bytes(NUM, align), GFP_KERNEL);

	if (d && indirect)
		d->ind = kzalloc(vring_indirect_bytes(NUM, IND_MAX), GFP_KERNEL);
	if (!d || !slots || !mem || (indirect && !d->ind)) {
		kfree(mem);
		kfree(slots);
		kfree(d);
		return NULL;
	}
	vring_init(&d->r, NUM, align, mem, d->ind, IND_BASE, IND_MAX, slots, event_idx);
	return d;
}

static void dev_free(struct dev *d)
{
	kfree(d->ind);
	kfree(d->r.slots);
	kfree(d->r.desc);
	kfree(d);
}

/* Head of the next request, or -1. */
static int dev_take(struct dev *d)
{
	if (d->seen == le16(d->r.avail->idx))
		return -1;
	return le16(d->r.avail->ring[d->seen++ % NUM]);
}

/* Walk a request: number of pieces and writable bytes. */
static unsigned int dev_walk(struct dev *d, int head, u32 *writable)
{
	const struct vring_desc *t = d->r.desc;
	unsigned int n = 0;
	u16 at = (u16)head;

	*writable = 0;
	if (le16(t[at].flags) & 4) {
		KEXPECT_EQ(le64(t[at].addr), IND_BASE + (u64)at * IND_MAX * 16);
		t = d->ind + (le64(t[at].addr) - IND_BASE) / 16;
		at = 0;
	}
	for (;;) {
		n++;
		if (le16(t[at].flags) & 2)
			*writable += le32(t[at].len);
		if (!(le16(t[at].flags) & 1) || n > 64)
			return n;
		at = le16(t[at].next);
	}
}

static void dev_answer(struct dev *d, u32 id, u32 len)
{
	d->r.used->ring[d->done % NUM] = (struct vring_used_elem){ to_le32(id), to_le32(len) };
	d->done++;
	d->r.used->idx = to_le16(d->done);
}

static const struct virtio_sg sg[12] = {
	{ 0x1000, 1 }, { 0x2000, 2 }, { 0x3000, 4 }, { 0x4000, 8 }, { 0x5000, 16 }, { 0x6000, 32 }, { 0x7000, 64 },
	{ 0x8000, 128 }, { 0x9000, 256 }, { 0xa000, 512 }, { 0xb000, 1024 }, { 0xc000, 2048 },
};

/* Many requests of changing shape, answered out of order; nothing is lost and all slots come back. */
static void run_honest(bool indirect, bool event_idx)
{
	struct dev *d = dev_make(indirect, event_idx, indirect ? 4 : 4096);
	static int tokens[NUM];
	u64 rounds = 0;

	KREQUIRE(d);
	while (rounds++ < 20000) {
		unsigned int out = (unsigned int)(rounds % 4), in = (unsigned int)(rounds / 4 % 3) + !out, got = 0;
		int heads[NUM], n = 0;

		while (n < (int)NUM && vring_add(&d->r, sg, out, in, &tokens[n]) == 0)
			n++;
		KEXPECT(n >= 1);
		if (n < 1)
			break;
		for (int i = 0; i < n; i++) {
			u32 writable, want = 0;

			heads[i] = dev_take(d);
			KEXPECT(heads[i] >= 0 && heads[i] < (int)NUM);
			KEXPECT_EQ(dev_walk(d, heads[i], &writable), out + in);
			for (unsigned int k = out; k < out + in; k++)
				want += sg[k].len;
			KEXPECT_EQ(writable, want);
		}
		KEXPECT_EQ(dev_take(d), -1);
		for (int i = n - 1; i >= 0; i--)
			dev_answer(d, (u32)heads[i], 1);
		for (void *t; (t = vring_get(&d->r, NULL)) != NULL; got++)
			KEXPECT_EQ((int *)t - tokens, n - 1 - (int)got);
		KEXPECT_EQ(got, n);
		KEXPECT_EQ(d->r.nr_free, NUM);
		KEXPECT(!d->r.broken);
	}
	dev_free(d);
}

KTEST(vring, honest_chains) { run_honest(false, false); }
KTEST(vring, honest_chains_event) { run_honest(false, true); }
KTEST(vring, honest_indirect) { run_honest(true, false); }
KTEST(vring, honest_indirect_event) { run_honest(true, true); }

/* With most of four requests to wait for, the interrupt is asked for behind the third. */
KTEST(vring, delayed_interrupt)
{
	struct dev *d = dev_make(false, true, 4);
	int t;

	KREQUIRE(d);
	for (int i = 0; i < 4; i++)
		KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	vring_disable_cb(&d->r);
	KEXPECT(vring_enable_cb_delayed(&d->r));
	KEXPECT_EQ(le16(d->r.avail->ring[NUM]), 3);
	/* All four are finished before anybody looked: the caller must poll again. */
	for (u16 i = 0; i < 4; i++)
		d->r.used->ring[i] = (struct vring_used_elem){ .id = to_le32(i) };
	d->r.used->idx = to_le16(4);
	KEXPECT(!vring_enable_cb_delayed(&d->r));
	for (int i = 0; i < 4; i++)
		KEXPECT(vring_get(&d->r, NULL) == &t);
	KEXPECT(vring_get(&d->r, NULL) == NULL);
	dev_free(d);
}

KTEST(vring, limits)
{
	struct dev *d = dev_make(true, false, 4);
	int t;

	KREQUIRE(d);
	KEXPECT_EQ(vring_add(&d->r, sg, 0, 0, &t), -EINVAL);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, NULL), -EINVAL);
	KEXPECT_EQ(vring_add(&d->r, sg, 9, 3, &t), -ENOSPC);	/* too many for a table and for the ring */
	for (unsigned int i = 0; i < NUM; i++)
		KEXPECT_EQ(vring_add(&d->r, sg, 4, 4, &t), 0);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), -ENOSPC);
	for (unsigned int i = 0; i < NUM; i++)
		KEXPECT(vring_detach(&d->r) == &t);
	KEXPECT(vring_detach(&d->r) == NULL);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), -EIO);
	dev_free(d);
}

/* The device is told exactly when it asked to be. */
KTEST(vring, kick)
{
	struct dev *d = dev_make(false, true, 4);
	le16_t *avail_event;
	int t;

	KREQUIRE(d);
	avail_event = (le16_t *)&d->r.used->ring[NUM];
	KEXPECT(!vring_kick_needed(&d->r));
	*avail_event = to_le16(0);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	KEXPECT(vring_kick_needed(&d->r));
	KEXPECT(!vring_kick_needed(&d->r));
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);		/* index 1; it waits for 2 */
	*avail_event = to_le16(2);
	KEXPECT(!vring_kick_needed(&d->r));
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	KEXPECT(vring_kick_needed(&d->r));
	dev_free(d);

	d = dev_make(false, false, 4);
	KREQUIRE(d);
	d->r.used->flags = to_le16(1);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	KEXPECT(!vring_kick_needed(&d->r));
	d->r.used->flags = to_le16(0);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	KEXPECT(vring_kick_needed(&d->r));
	dev_free(d);
}

KTEST(vring, interrupts)
{
	struct dev *d = dev_make(false, true, 4);
	const le16_t *used_event;
	int t;

	KREQUIRE(d);
	used_event = &d->r.avail->ring[NUM];
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	vring_disable_cb(&d->r);
	KEXPECT_EQ(le16(*used_event), 0xffff);
	dev_answer(d, (u32)dev_take(d), 0);
	KEXPECT(!vring_enable_cb(&d->r));			/* something is there */
	KEXPECT(vring_get(&d->r, NULL) == &t);
	KEXPECT_EQ(le16(*used_event), 1);			/* and the next one interrupts */
	KEXPECT(vring_enable_cb(&d->r));
	dev_free(d);
	d = dev_make(false, false, 4);
	KREQUIRE(d);
	vring_disable_cb(&d->r);
	KEXPECT_EQ(le16(d->r.avail->flags), 1);
	KEXPECT(vring_enable_cb(&d->r));
	KEXPECT_EQ(le16(d->r.avail->flags), 0);
	dev_free(d);
}

/* --- lies --- */

static void expect_broken(struct dev *d)
{
	int t;

	KEXPECT(vring_get(&d->r, NULL) == NULL);
	KEXPECT(d->r.broken);
	KEXPECT(vring_get(&d->r, NULL) == NULL);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), -EIO);
	KEXPECT(!vring_kick_needed(&d->r));
	KEXPECT(vring_enable_cb(&d->r) && vring_enable_cb_delayed(&d->r));	/* who polls while there is more ends */
	dev_free(d);
}

KTEST(vring, lie_id_outside)
{
	struct dev *d = dev_make(false, false, 4);
	int t;

	KREQUIRE(d);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 1, &t), 0);
	dev_answer(d, 0xfffffff0, 1);
	expect_broken(d);
}

KTEST(vring, lie_id_not_given)
{
	struct dev *d = dev_make(false, false, 4);
	int t;

	KREQUIRE(d);
	KEXPECT_EQ(vring_add(&d->r, sg, 2, 1, &t), 0);	/* descriptors 0, 1, 2: only 0 is a head */
	dev_answer(d, 1, 1);
	expect_broken(d);
}

KTEST(vring, lie_twice)
{
	struct dev *d = dev_make(true, true, 4);
	int a, b;

	KREQUIRE(d);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 1, &a), 0);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 1, &b), 0);
	dev_answer(d, 0, 1);
	dev_answer(d, 0, 1);
	KEXPECT(vring_get(&d->r, NULL) == &a);
	expect_broken(d);
}

KTEST(vring, lie_index_runs_ahead)
{
	struct dev *d = dev_make(false, false, 4);
	int t;

	KREQUIRE(d);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 1, &t), 0);
	d->r.used->idx = to_le16(5);
	expect_broken(d);
	d = dev_make(false, false, 4);
	KREQUIRE(d);
	d->r.used->idx = to_le16(0x8000);	/* nothing was asked at all */
	expect_broken(d);
}

/* More bytes than the buffers hold, and descriptors changed behind our back: our own notes count. */
KTEST(vring, lie_length_and_descriptors)
{
	struct dev *d = dev_make(false, false, 4);
	u32 len = 0;
	int t;

	KREQUIRE(d);
	KEXPECT_EQ(vring_add(&d->r, sg, 1, 2, &t), 0);
	memset(d->r.desc, 0xff, NUM * sizeof(struct vring_desc));
	d->r.avail->idx = to_le16(0x1234);
	dev_answer(d, 0, 0xffffffff);
	KEXPECT(vring_get(&d->r, &len) == &t);
	KEXPECT_EQ(len, 2 + 4);
	KEXPECT_EQ(d->r.nr_free, NUM);
	for (unsigned int i = 0; i < NUM; i++)
		KEXPECT_EQ(vring_add(&d->r, sg, 1, 0, &t), 0);
	KEXPECT_EQ(le16(d->r.avail->idx), 1 + NUM);
	dev_free(d);
}

/* Random writes into everything shared: never outside, whatever else. ASan watches on the host. */
KTEST(vring, lie_at_random)
{
	u64 x = 88172645463325252ull;

	for (int run = 0; run < 300; run++) {
		struct dev *d = dev_make(run & 1, run & 2, 4);
		u8 *mem;
		int t;

		KREQUIRE(d);
		mem = (u8 *)d->r.desc;
		for (int i = 0; i < 200; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (x & 1)
				(void)!vring_add(&d->r, sg, (unsigned int)(x >> 8 & 3), (unsigned int)(x >> 10 & 3) , &t);
			if (x & 2)
				mem[(x >> 16) % vring_bytes(NUM, 4)] = (u8)(x >> 40);
			if (x & 4)
				d->r.used->idx = to_le16((u16)(d->r.last_used + (x >> 50 & 1)));
			(void)vring_get(&d->r, NULL);
			(void)vring_kick_needed(&d->r);
			KEXPECT(d->r.nr_free <= NUM && d->r.pending <= NUM);
		}
		while (vring_detach(&d->r))
			;
		KEXPECT_EQ(d->r.nr_free, NUM);
		KEXPECT_EQ(d->r.pending, 0);
		dev_free(d);
	}
}
