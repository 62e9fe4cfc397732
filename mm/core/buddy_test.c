/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The buddy policy on a small zone of its own, and the real allocator in the kernel.
 * host-test: buddy_zone.c
 */
#include <base/string.h>
#include <core/ktest.h>
#include "buddy_zone.h"

#define NR	4096u

static struct folio *frames;
static struct buddy_zone *zone;

static bool setup(u64 start, u64 end)
{
	frames = kvmalloc(NR * sizeof(*frames), GFP_KERNEL);
	zone = kzalloc(sizeof(*zone), GFP_KERNEL);
	if (!frames || !zone) {
		kvfree(frames);
		kfree(zone);
		return false;
	}
	memset(frames, 0, NR * sizeof(*frames));
	buddy_zone_init(zone, frames, start, end);
	return true;
}

static void teardown(void)
{
	kvfree(frames);
	kfree(zone);
}

KTEST(buddy, split_merge)
{
	struct folio *a, *b;

	if (!setup(0, NR))
		return;
	for (u64 i = 0; i < NR; i += 1ul << MAX_ORDER)
		buddy_zone_give(zone, frames + i, MAX_ORDER);
	KEXPECT_EQ(zone->nr_free_pages, NR);
	a = buddy_zone_take(zone, 0);
	b = buddy_zone_take(zone, 3);
	KEXPECT(a && b && buddy_zone_check(zone));
	KEXPECT_EQ(zone->nr_free_pages, NR - 9);
	KEXPECT(((u64)(b - frames) & 7) == 0);
	buddy_zone_give(zone, a, 0);
	buddy_zone_give(zone, b, 3);
	KEXPECT(buddy_zone_check(zone));
	KEXPECT_EQ(zone->nr_free[MAX_ORDER], NR >> MAX_ORDER);
	teardown();
}

KTEST(buddy, holes_at_borders)
{
	/* A zone that begins and ends in the middle of large blocks. */
	if (!setup(5, NR - 3))
		return;
	for (u64 i = 5; i < NR - 3; i++)
		buddy_zone_give(zone, frames + i, 0);
	KEXPECT(buddy_zone_check(zone));
	KEXPECT_EQ(zone->nr_free_pages, NR - 8);
	KEXPECT(zone->nr_free[MAX_ORDER] >= 2);
	for (u64 i = 0; i < NR - 8; i++)
		KEXPECT(buddy_zone_take(zone, 0) != NULL);
	KEXPECT(buddy_zone_take(zone, 0) == NULL);
	teardown();
}

KTEST(buddy, random_load)
{
	static struct { struct folio *f; unsigned int order; } held[256];
	u64 seed = 12345, nr = 0;

	if (!setup(0, NR))
		return;
	for (u64 i = 0; i < NR; i += 1ul << MAX_ORDER)
		buddy_zone_give(zone, frames + i, MAX_ORDER);
	for (unsigned int step = 0; step < 20000; step++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (nr < 256 && (seed >> 33) & 1) {
			unsigned int order = (unsigned int)(seed >> 40) % 6;
			struct folio *f = buddy_zone_take(zone, order);

			if (f) {
				held[nr].f = f;
				held[nr++].order = order;
			}
		} else if (nr) {
			u64 i = (seed >> 35) % nr;

			buddy_zone_give(zone, held[i].f, held[i].order);
			held[i] = held[--nr];
		}
		if (step % 1000 == 0)
			KEXPECT(buddy_zone_check(zone));
	}
	while (nr) {
		nr--;
		buddy_zone_give(zone, held[nr].f, held[nr].order);
	}
	KEXPECT(buddy_zone_check(zone));
	KEXPECT_EQ(zone->nr_free[MAX_ORDER], NR >> MAX_ORDER);
	teardown();
}

#ifndef KEEL_HOST
static void take_and_give(void)
{
	struct folio *f[64];

	for (int i = 0; i < 64; i++) {
		f[i] = folio_alloc(i % 5, GFP_KERNEL | GFP_ZERO);
		KREQUIRE(f[i] != NULL);
		KEXPECT_EQ(folio_order(f[i]), i % 5);
		KEXPECT_EQ(*(u64 *)kmap_local(f[i], folio_size(f[i]) - 8), 0);
		memset(kmap_local(f[i], 0), 0xa5, folio_size(f[i]));
		KEXPECT(pfn_folio(pfn(folio_pfn(f[i]).v + folio_nr_pages(f[i]) - 1)) == f[i]);
	}
	for (int i = 0; i < 64; i++)
		folio_put(f[i]);
	KEXPECT(buddy_check());
}

KTEST(page, alloc_free)
{
	bool back = false;

	/* Others take memory too, but not each time. */
	for (int try = 0; try < 5 && !back; try++) {
		u64 before = mem_free_pages();

		take_and_give();
		back = mem_free_pages() + 64 >= before;
	}
	KEXPECT(back);
}

KTEST(page, copy_and_clear)
{
	struct folio *a = folio_alloc(1, GFP_KERNEL), *b = folio_alloc(1, GFP_KERNEL);

	KREQUIRE(a && b);
	for (u64 i = 0; i < folio_size(a); i++)
		((u8 *)kmap_local(a, 0))[i] = (u8)(i * 7 + (i >> 8));
	folio_zero(b);
	for (u64 i = 0; i < folio_size(b); i += 8)
		KEXPECT_EQ(*(u64 *)kmap_local(b, i), 0);
	folio_copy(b, a);
	KEXPECT_EQ(memcmp(kmap_local(a, 0), kmap_local(b, 0), folio_size(a)), 0);
	folio_copy_page(b, a, 1);
	KEXPECT_EQ(memcmp(kmap_local(a, PAGE_SIZE), kmap_local(b, 0), PAGE_SIZE), 0);
	folio_put(a);
	folio_put(b);
}
#endif
