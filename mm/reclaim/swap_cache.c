/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The swap cache and its I/O. A folio enters on its way out, when it gets a slot (dirty), or on its way
 * in, before it is read (locked until that is done). It leaves under its lock when it is the only copy
 * that is wanted: written to, freed, or the area switched off.
 *
 * Folios of the cache are on the LRU lists, as inactive; reclaim finishes what the scan of page tables
 * began: writes what is dirty and no longer mapped, and drops it when that is done.
 *
 * Reading takes the neighbours along (READ_WINDOW slots, aligned): pages are written in the order of their
 * addresses, so they are likely wanted together.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/printk.h>
#include <core/upcall.h>
#include <core/task_core.h>
#include "internal.h"
#include "swap.h"

#define READ_WINDOW	8u
#define PAGE_SECTORS	(PAGE_SIZE / SECTOR_SIZE)

struct folio *swap_cache_get(u64 entry)
{
	struct swap_area *a;
	struct folio *f = NULL;
	u64 flags;

	spin_lock_irqsave(&swap_lock, flags);
	a = entry_area(entry);
	if (a)
		f = xa_load(&a->cache, swap_entry_slot(entry));
	if (f)
		folio_get(f);
	spin_unlock_irqrestore(&swap_lock, flags);
	return f;
}

/* swap_lock held; the folio is locked. */
static int cache_insert(struct swap_area *a, u64 slot, struct folio *f)
{
	int err = xa_insert(&a->cache, slot, f, GFP_NOWAIT | GFP_HIGHPRI);

	if (err)
		return err;
	folio_get(f);
	f->priv_u64 = area_entry(a, slot);
	folio_set(f, FOLIO_SWAPCACHE);
	vm_count(VM_SWAPCACHE, 1);
	return 0;
}

bool swap_cache_prepare(struct folio *f)
{
	bool ok = false;
	u64 flags, entry;

	ASSERT(folio_test(f, FOLIO_LOCKED) && !folio_test(f, FOLIO_SWAPCACHE));
	spin_lock_irqsave(&swap_lock, flags);
	entry = slot_take();
	if (entry) {
		folio_set(f, FOLIO_DIRTY);
		ok = !cache_insert(entry_area(entry), swap_entry_slot(entry), f);
		if (!ok)
			slot_release(entry_area(entry), swap_entry_slot(entry));
	}
	spin_unlock_irqrestore(&swap_lock, flags);
	if (ok)
		lru_add(f);
	return ok;
}

void swap_cache_del(struct folio *f)
{
	u64 flags, entry = folio_swap_entry(f), slot = swap_entry_slot(entry);
	struct swap_area *a;

	ASSERT(folio_test(f, FOLIO_LOCKED) && folio_test(f, FOLIO_SWAPCACHE) && !folio_test(f, FOLIO_WRITEBACK));
	spin_lock_irqsave(&swap_lock, flags);
	a = entry_area(entry);
	VERIFY(xa_erase(&a->cache, slot) == f);
	a->map[slot] &= ~SLOT_CACHED;
	if (!a->map[slot])
		slot_release(a, slot);
	folio_clear(f, FOLIO_SWAPCACHE);
	folio_clear(f, FOLIO_DIRTY);
	f->priv_u64 = 0;
	spin_unlock_irqrestore(&swap_lock, flags);
	vm_count(VM_SWAPCACHE, -1);
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

static void read_done(struct bio *b)
{
	struct folio *f = b->private;
	int err = b->status;

	bio_put(b);
	if (err)
		pr_err("swap: read error %d on entry 0x%lx\n", err, (unsigned long)folio_swap_entry(f));
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
	u64 slot = swap_entry_slot(entry), flags;
	struct folio *f = folio_alloc(0, gfp);
	struct swap_area *a;
	int err = -ENOENT;

	if (!f)
		return -ENOMEM;
	f->flags = BIT(FOLIO_LOCKED) | BIT(FOLIO_ANON) | BIT(FOLIO_SWAPBACKED);
	spin_lock_irqsave(&swap_lock, flags);
	a = swap_entry_area(entry) < MAX_AREAS ? entry_area(entry) : NULL;
	if (a && slot < a->max && a->map[slot] && a->map[slot] != SLOT_BAD) {
		err = a->map[slot] & SLOT_CACHED ? -EEXIST : cache_insert(a, slot, f);
		if (!err)
			a->map[slot] |= SLOT_CACHED;
	}
	spin_unlock_irqrestore(&swap_lock, flags);
	if (err) {
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
	u64 slot = swap_entry_slot(entry), first = ALIGN_DOWN(slot, READ_WINDOW);

	for (u64 s = max(first, 1ul); s < first + READ_WINDOW; s++) {
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
