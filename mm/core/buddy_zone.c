/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The buddy system of one zone. Free memory stands in blocks of 2^order pages, aligned to their size,
 * on one list per order. A free block's first frame has FOLIO_BUDDY set and its order in priv_u64;
 * no other frame of it has the bit. Invariant: no two free buddies of an order below MAX_ORDER
 * exist side by side, since giving one back joins them.
 *
 * The frame array must be readable for every frame of every MAX_ORDER block that touches [start,
 * end); frames that are no RAM never have FOLIO_BUDDY. Locks: the caller's zone lock.
 */
#include <base/assert.h>
#include "buddy_zone.h"

void buddy_zone_init(struct buddy_zone *z, struct folio *frames, u64 start, u64 end)
{
	z->frames = frames;
	z->start = start;
	z->end = end;
	z->nr_free_pages = 0;
	for (unsigned int i = 0; i < NR_ORDERS; i++) {
		list_init(&z->free[i]);
		z->nr_free[i] = 0;
	}
}

static void block_insert(struct buddy_zone *z, struct folio *f, unsigned int order)
{
	f->flags = BIT(FOLIO_BUDDY);
	f->priv_u64 = order;
	list_add(&f->lru, &z->free[order]);
	z->nr_free[order]++;
}

static void block_remove(struct buddy_zone *z, struct folio *f, unsigned int order)
{
	list_del(&f->lru);
	f->flags = 0;
	f->private = NULL;
	z->nr_free[order]--;
}

struct folio *buddy_zone_take(struct buddy_zone *z, unsigned int order)
{
	unsigned int o = order;
	struct folio *f;

	while (o < NR_ORDERS && !z->nr_free[o])
		o++;
	if (o >= NR_ORDERS)
		return NULL;
	f = list_first_entry(&z->free[o], struct folio, lru);
	VERIFY(f->flags == BIT(FOLIO_BUDDY) && f->priv_u64 == o);
	block_remove(z, f, o);
	/* Keep the lower half, give the upper one back, until the size fits. */
	while (o > order) {
		o--;
		block_insert(z, f + (1ul << o), o);
	}
	z->nr_free_pages -= 1ul << order;
	return f;
}

void buddy_zone_give(struct buddy_zone *z, struct folio *f, unsigned int order)
{
	u64 nr = (u64)(f - z->frames);

	VERIFY(!(f->flags & BIT(FOLIO_BUDDY)));
	ASSERT((nr & ((1ul << order) - 1)) == 0);
	z->nr_free_pages += 1ul << order;
	while (order < MAX_ORDER) {
		u64 bnr = nr ^ (1ul << order);
		struct folio *b = z->frames + bnr;

		if (bnr < z->start || bnr + (1ul << order) > z->end)
			break;
		if (!(b->flags & BIT(FOLIO_BUDDY)) || b->priv_u64 != order)
			break;
		block_remove(z, b, order);
		nr &= ~(1ul << order);
		order++;
	}
	block_insert(z, z->frames + nr, order);
}

bool buddy_zone_check(const struct buddy_zone *z)
{
	u64 pages = 0;

	for (unsigned int o = 0; o < NR_ORDERS; o++) {
		const struct folio *f;
		u64 n = 0;

		list_for_each_entry(f, &z->free[o], lru) {
			u64 nr = (u64)(f - z->frames);

			if (f->flags != BIT(FOLIO_BUDDY) || f->priv_u64 != o)
				return false;
			if (nr & ((1ul << o) - 1) || nr < z->start || nr + (1ul << o) > z->end)
				return false;
			n++;
		}
		if (n != z->nr_free[o])
			return false;
		pages += n << o;
	}
	return pages == z->nr_free_pages;
}
