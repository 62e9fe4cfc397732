/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Slots of swap areas: which are free, how often each is used. One lock for all areas (swap_lock): it is
 * held for instants, and each slot that is taken or given back costs a page of I/O besides.
 *
 * A slot is found by a cursor that fills one cluster after the other, so pages that go together lie
 * together; clusters without free slots are skipped by their counts. Areas of equal priority take
 * turns, a cluster each. A cluster that became empty is discarded before it is used again, where that was
 * asked for (SWAP_FLAG_DISCARD_PAGES).
 */
#include <base/bits.h>
#include <base/math.h>
#include <core/init.h>
#include <core/spinlock.h>
#include <core/upcall.h>
#include <uapi/linux/swap.h>
#include "internal.h"
#include "swap.h"

DEFINE_SPINLOCK(swap_lock, SWAP);
struct swap_area *swap_areas[MAX_AREAS];
static LIST_HEAD(area_list);		/* [swap_lock] writable ones, highest priority first */
static u64 total_pages, free_pages;	/* [swap_lock] */

u64 swap_total_pages(void)
{
	return READ_ONCE(total_pages);
}

u64 swap_free_pages(void)
{
	return READ_ONCE(free_pages);
}

static u64 clusters_of(const struct swap_area *a)
{
	return DIV_ROUND_UP(a->max, CLUSTER);
}

/* --- areas come and go --- */

static void area_link(struct swap_area *a)
{
	struct list_head *at = &area_list;
	struct swap_area *o;

	list_for_each_entry(o, &area_list, link) {
		if (o->prio < a->prio) {
			at = &o->link;
			break;
		}
	}
	list_add_tail(&a->link, at);
}

void swap_area_start(struct swap_area *a)
{
	u64 flags;

	spin_lock_irqsave(&swap_lock, flags);
	swap_areas[a->nr] = a;
	a->writable = true;
	area_link(a);
	total_pages += a->nr_good;
	free_pages += a->nr_free;
	spin_unlock_irqrestore(&swap_lock, flags);
}

void swap_area_writable(struct swap_area *a, bool on)
{
	u64 flags;

	spin_lock_irqsave(&swap_lock, flags);
	if (a->writable != on) {
		a->writable = on;
		if (on)
			area_link(a);
		else
			list_del(&a->link);
		/* What is on it counts as used as long as it is. */
		total_pages += on ? a->nr_good : -a->nr_good;
		free_pages += on ? a->nr_free : -a->nr_free;
	}
	spin_unlock_irqrestore(&swap_lock, flags);
}

void swap_area_stop(struct swap_area *a)
{
	u64 flags;

	spin_lock_irqsave(&swap_lock, flags);
	VERIFY(!a->writable && a->nr_free == a->nr_good);
	swap_areas[a->nr] = NULL;
	spin_unlock_irqrestore(&swap_lock, flags);
}

/* --- taking and giving back --- */

static bool cluster_usable(const struct swap_area *a, u64 c)
{
	return a->cluster_free[c] && !(a->discard && test_bit(c, a->discard));
}

static u64 area_take(struct swap_area *a)
{
	u64 nr = clusters_of(a);

	for (u64 n = 0; a->nr_free && n <= nr; n++) {
		u64 c = a->cursor / CLUSTER, end = min((c + 1) * CLUSTER, a->max);

		for (; cluster_usable(a, c) && a->cursor < end; a->cursor++) {
			u64 slot = a->cursor;

			if (a->map[slot])
				continue;
			a->map[slot] = SLOT_CACHED;
			a->cluster_free[c]--;
			a->nr_free--;
			free_pages--;
			a->cursor++;
			if (a->cursor >= a->max)
				a->cursor = 0;
			return slot;
		}
		a->cursor = c + 1 < nr ? (c + 1) * CLUSTER : 0;
	}
	return 0;
}

/* The next of its priority has its turn after each cluster. */
static void area_turn(struct swap_area *a)
{
	if (a->cursor % CLUSTER == 0) {
		list_del(&a->link);
		area_link(a);
	}
}

u64 slot_take(void)
{
	struct swap_area *a;

	list_for_each_entry(a, &area_list, link) {
		u64 slot = area_take(a);

		if (slot) {
			area_turn(a);
			return area_entry(a, slot);
		}
	}
	return 0;
}

void slot_release(struct swap_area *a, u64 slot)
{
	u64 c = slot / CLUSTER;

	a->map[slot] = 0;
	a->nr_free++;
	if (a->writable)
		free_pages++;
	if (++a->cluster_free[c] == CLUSTER && a->discard) {
		set_bit(c, a->discard);
		work_queue(system_wq, &a->discard_work);
	}
}

void area_discard(struct work *w)
{
	struct swap_area *a = container_of(w, struct swap_area, discard_work);
	u64 flags;

	for (u64 c = 0; c < clusters_of(a); c++) {
		struct block_device *b;
		sector_t sector;

		if (!test_bit(c, a->discard))
			continue;
		/* A device is one extent; nobody takes the cluster as long as its bit is set. */
		area_locate(a, c * CLUSTER, &b, &sector);
		(void)bdev_discard(b, sector, (sector_t)CLUSTER << (PAGE_SHIFT - SECTOR_SHIFT));
		spin_lock_irqsave(&swap_lock, flags);
		clear_bit(c, a->discard);
		spin_unlock_irqrestore(&swap_lock, flags);
	}
}

/* --- uses --- */

void swap_entry_get(u64 entry)
{
	u64 flags;

	spin_lock_irqsave(&swap_lock, flags);
	VERIFY((entry_area(entry)->map[swap_entry_slot(entry)] & ~SLOT_CACHED) < SLOT_BAD - 1);
	entry_area(entry)->map[swap_entry_slot(entry)]++;
	spin_unlock_irqrestore(&swap_lock, flags);
}

u32 swap_entry_used(u64 entry)
{
	struct swap_area *a;
	u64 flags, slot = swap_entry_slot(entry);
	u32 left;

	spin_lock_irqsave(&swap_lock, flags);
	a = entry_area(entry);
	VERIFY(a && slot < a->max && (a->map[slot] & ~SLOT_CACHED) - 1 < SLOT_BAD - 1);
	left = --a->map[slot];
	if (!left)
		slot_release(a, slot);
	spin_unlock_irqrestore(&swap_lock, flags);
	return left & ~SLOT_CACHED;
}

void swap_entry_put(u64 entry)
{
	struct folio *f;

	if (swap_entry_used(entry))
		return;
	/* The copy in memory, if there is one, is of no use any more; if somebody is at it, reclaim drops it. */
	f = swap_cache_get(entry);
	if (!f)
		return;
	if (folio_trylock(f)) {
		if (folio_test(f, FOLIO_SWAPCACHE) && folio_swap_entry(f) == entry && !atomic_read(&f->mapcount) &&
		    !folio_test(f, FOLIO_WRITEBACK) && !swap_entry_count(entry))
			swap_cache_del(f);
		folio_unlock(f);
	}
	folio_put(f);
}

u32 swap_entry_count(u64 entry)
{
	struct swap_area *a;
	u64 flags;
	u32 n = 0;

	spin_lock_irqsave(&swap_lock, flags);
	a = entry_area(entry);
	if (a && swap_entry_slot(entry) < a->max)
		n = a->map[swap_entry_slot(entry)] & ~SLOT_CACHED;
	spin_unlock_irqrestore(&swap_lock, flags);
	return n;
}

bool swap_entry_scarce(u64 entry)
{
	return READ_ONCE(free_pages) < READ_ONCE(total_pages) / 2 || !READ_ONCE(entry_area(entry)->writable);
}
