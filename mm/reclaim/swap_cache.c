/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The swap cache and its I/O. A folio enters on its way out, when it gets a slot (dirty), or on its way
 * in, before it is read (locked until that is done). It leaves under its lock when it is the only copy
 * that is wanted: written to, freed, or the area switched off.
 *
 * Folios of the cache are on the LRU lists, as inactive; reclaim finishes what the scan of page tables
 * began: writes what is dirty and no longer mapped, and drops it when that is done.
 *
 * Reading takes the neighbours along (as many as vm.page-cluster says, aligned): pages are written in the order of their
 * addresses, so they are likely wanted together.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/upcall.h>
#include <core/task_core.h>
#include "internal.h"
#include "swap.h"

int swap_page_cluster = 3;		/* [a] /proc/sys/vm/page-cluster: log2 of the pages read at once */
#define PAGE_SECTORS	(PAGE_SIZE / SECTOR_SIZE)

/* The locked folio and its slot know each other from here on. Before others can find it, or while it is locked. */
static void cache_mark(struct folio *f, u64 entry)
{
	folio_get(f);
	f->priv_u64 = entry;
	folio_set(f, FOLIO_SWAPCACHE);
	vm_count(VM_SWAPCACHE, 1);
}

static void cache_unmark(struct folio *f)
{
	folio_clear(f, FOLIO_SWAPCACHE);
	f->priv_u64 = 0;
	vm_count(VM_SWAPCACHE, -1);
}

bool swap_cache_prepare(struct folio *f)
{
	u64 entry;

	ASSERT(folio_test(f, FOLIO_LOCKED) && !folio_test(f, FOLIO_SWAPCACHE));
	entry = slot_take(f);
	if (!entry)
		return false;
	folio_set(f, FOLIO_DIRTY);
	cache_mark(f, entry);
	lru_add(f);
	return true;
}

void swap_cache_del(struct folio *f)
{
	ASSERT(folio_test(f, FOLIO_LOCKED) && folio_test(f, FOLIO_SWAPCACHE) && !folio_test(f, FOLIO_WRITEBACK));
	slot_uncache(folio_swap_entry(f), f);
	cache_unmark(f);
	folio_clear(f, FOLIO_DIRTY);
	lru_del(f);
	folio_put(f);
}

/* --- I/O --- */

void area_locate(const struct swap_area *a, u64 slot, struct block_device **b, sector_t *sector)
{
	u32 lo = 0, hi = a->nr_extents - 1;
	const struct swap_extent *e;

	while (lo < hi) {
		u32 mid = (lo + hi + 1) / 2;

		if (a->extents[mid].page <= slot)
			lo = mid;
		else
			hi = mid - 1;
	}
	e = &a->extents[lo];
	ASSERT(slot >= e->page && slot - e->page < e->nr);
	*b = e->bdev;
	*sector = e->sector + (slot - e->page) * PAGE_SECTORS;
}

static struct bio *page_bio(const struct swap_area *a, u64 slot, struct folio *f, u32 op)
{
	struct block_device *b;
	struct bio *bio;
	sector_t sector;

	area_locate(a, slot, &b, &sector);
	bio = bio_alloc(b, 1, op, GFP_NOIO);	/* with GFP_WAIT: comes from a pool at last */
	bio->sector = sector;
	bio->private = f;
	VERIFY(bio_add(bio, f, 0, PAGE_SIZE));
	return bio;
}

/* One line a second at most: a bad area has many pages. */
static void report_read(const struct folio *f, int err)
{
	static int lost;			/* [a] since the last line */
	static u64 next;			/* [a] when another line may come */
	u64 now = clock_monotonic_ns(), due = READ_ONCE(next);
	int n;

	(void)__atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
	if (now < due || !try_cmpxchg(&next, &due, now + NSEC_PER_SEC))
		return;
	n = xchg(&lost, 0);
	pr_err("swap: read error %d on entry 0x%lx: %d page%s lost\n", err, (unsigned long)folio_swap_entry(f), n,
	       n == 1 ? "" : "s");
}

static void read_done(struct bio *b)
{
	struct folio *f = b->private;
	int err = b->status;

	bio_put(b);
	if (err)
		report_read(f, err);
	folio_set(f, err ? FOLIO_ERROR : FOLIO_UPTODATE);
	folio_unlock(f);
	folio_put(f);
}

static void read_start(struct folio *f)
{
	u64 entry = folio_swap_entry(f);
	struct bio *b = page_bio(entry_area(entry), swap_entry_slot(entry), f, BIO_READ);

	b->end_io = read_done;
	folio_get(f);
	vm_count(VM_EV_SWPIN, 1);
	bio_submit(b);
}

static void write_done(struct bio *b)
{
	struct folio *f = b->private;
	struct swap_area *a = entry_area(folio_swap_entry(f));
	int err = b->status;

	bio_put(b);
	if (unlikely(err)) {
		folio_set(f, FOLIO_DIRTY);
		if (!xchg(&a->failed, true))
			pr_err("swap: write error %d on area %u: pages stay in memory\n", err, a->nr);
	} else {
		lru_rotate(f);
	}
	vm_count(VM_WRITEBACK, -1);
	vm_count(VM_EV_WRITTEN, 1);
	folio_clear_wake(f, FOLIO_WRITEBACK);
	folio_put(f);
}

void swap_write(struct folio *f)
{
	u64 entry = folio_swap_entry(f);
	struct bio *b = page_bio(entry_area(entry), swap_entry_slot(entry), f, BIO_WRITE);

	ASSERT(folio_test(f, FOLIO_LOCKED) && !folio_test(f, FOLIO_WRITEBACK));
	b->end_io = write_done;
	folio_clear(f, FOLIO_DIRTY);
	folio_set(f, FOLIO_WRITEBACK);
	vm_count(VM_WRITEBACK, 1);
	vm_count(VM_EV_SWPOUT, 1);
	folio_get(f);
	bio_submit(b);
	folio_unlock(f);
}

bool swap_folio_reclaim(struct folio *f)
{
	/* Somebody looks at it or will: the cache has one reference, we have one. */
	if (folio_test(f, FOLIO_WRITEBACK) || folio_refcount(f) != 2) {
		folio_unlock(f);
		return false;
	}
	if (folio_test(f, FOLIO_DIRTY) && swap_entry_count(folio_swap_entry(f))) {
		swap_write(f);
		return false;
	}
	swap_cache_del(f);
	folio_unlock(f);
	return true;
}

/* --- reading --- */

/* A fresh locked folio in the cache for a slot that is in use. -EEXIST: there is one; -ENOENT: not in use. */
static int cache_add_fresh(u64 entry, gfp_t gfp, struct folio **out)
{
	struct folio *f = folio_alloc(0, gfp);
	int err;

	if (!f)
		return -ENOMEM;
	f->flags = BIT(FOLIO_LOCKED) | BIT(FOLIO_ANON) | BIT(FOLIO_SWAPBACKED);
	cache_mark(f, entry);
	err = slot_cache(entry, f);
	if (err) {
		cache_unmark(f);
		folio_put(f);
		folio_unlock(f);
		folio_put(f);
		return err;
	}
	lru_add(f);
	*out = f;
	return 0;
}

static void read_neighbours(u64 entry)
{
	u64 slot = swap_entry_slot(entry), window = 1ul << READ_ONCE(swap_page_cluster), first = ALIGN_DOWN(slot, window);

	for (u64 s = max(first, 1ul); s < first + window; s++) {
		struct folio *f;

		if (s == slot || cache_add_fresh(entry - slot + s, GFP_NOIO | GFP_NORETRY | GFP_NOWARN, &f))
			continue;
		read_start(f);
		folio_put(f);
	}
}

struct folio *swap_read(u64 entry, bool *major)
{
	for (;;) {
		struct folio *f = swap_cache_get(entry);
		struct blk_plug plug;
		int err;

		if (f)
			return f;
		err = cache_add_fresh(entry, GFP_USER, &f);
		if (err == -EEXIST)
			continue;
		if (err)
			return ERR_PTR(err);
		*major = true;
		blk_plug_start(&plug);
		read_start(f);
		read_neighbours(entry);
		blk_plug_finish(&plug);
		return f;
	}
}
