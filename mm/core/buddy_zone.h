/* SPDX-License-Identifier: MPL-2.0 */
/* Free blocks of one zone: the buddy policy without locks. Pure code, host-tested (buddy_test.c). */
#ifndef MM_CORE_BUDDY_ZONE_H
#define MM_CORE_BUDDY_ZONE_H

#include <base/list.h>
#include <base/types.h>
#include <core/page.h>

#define NR_ORDERS	(MAX_ORDER + 1)

struct buddy_zone {
	struct folio *frames;		/* [I] indexed by page frame number */
	u64 start, end;			/* [I] frame numbers it may hold */
	u64 nr_free_pages;		/* [zone lock; read without] */
	struct list_head free[NR_ORDERS];	/* [zone lock] by folio.lru */
	u64 nr_free[NR_ORDERS];		/* [zone lock] blocks */
};

void buddy_zone_init(struct buddy_zone *z, struct folio *frames, u64 start, u64 end);
/* A block of exactly this order, split off a larger one if need be; NULL when there is none. */
struct folio *buddy_zone_take(struct buddy_zone *z, unsigned int order);
/* Give a block back; it joins its free buddies. The frame's flags must be 0. */
void buddy_zone_give(struct buddy_zone *z, struct folio *f, unsigned int order);
/* Recount lists against totals and flags. */
bool buddy_zone_check(const struct buddy_zone *z);

#endif
