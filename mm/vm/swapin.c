/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Pages that come back from swap: the fault on a swap entry, and swapoff's walk over all address spaces.
 *
 * The slot is read into the swap cache without page-table lock; then, under the folio's lock and that
 * of the table, the entry is tested again and replaced. A read leaves the page in the cache, clean and
 * mapped read-only, so that it can be taken again without writing; a write, when the page is nobody
 * else's, takes it out of the cache at once. Others that share the slot find the page in the cache.
 */
#include <core/rcu.h>
#include <core/upcall.h>
#include <fs/block.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include <mm/swap.h>
#include "internal.h"

/* The folio is locked, referenced, and in the cache for the entry, which c is open on. Consumes both uses. */
static void map_swapped(struct fault *f, struct pt_cursor *c, struct folio *folio, u64 entry)
{
	u32 left = swap_entry_used(entry), prot = vma_prot(f->v) | PT_YOUNG;
	bool alone = !left && !atomic_read(&folio->mapcount) && folio_refcount(folio) == 2;

	if (!left && !folio_test(folio, FOLIO_WRITEBACK) &&
	    (swap_entry_scarce(entry) || (alone && f->access == FAULT_WRITE)))
		swap_cache_del(folio);
	else
		alone = false;
	/* No longer equal to any slot, and nobody else's: it may be written. */
	prot = alone ? prot | PT_DIRTY : prot & ~PT_WRITE;
	(void)pt_cursor_clear(c, NULL);
	pt_cursor_map(c, folio, 0, prot);
	mm_count(f->mm, MM_ANON, 1);
	mm_count(f->mm, MM_SWAP, -1);
	vm_count(VM_ANON, 1);
}

enum fault_result fault_swap(struct fault *f, pte_t e)
{
	u64 entry = pte_swap_value(e);
	enum fault_result r = FR_OK;
	struct folio *folio;
	struct pt_cursor c;

	if (unlikely(swap_entry_is_lost(entry)))
		return FR_BUS;
	folio = swap_read(entry, &f->major);
	if (IS_ERR(folio))
		return PTR_ERR(folio) == -ENOMEM ? FR_OOM : FR_OK;	/* the entry went meanwhile */
	if (folio_lock_killable(folio)) {
		folio_put(folio);
		return FR_KILLED;
	}
	if (!folio_test(folio, FOLIO_SWAPCACHE) || folio_swap_entry(folio) != entry)
		goto out;
	if (!folio_test(folio, FOLIO_UPTODATE)) {
		r = FR_BUS;
		goto out;
	}
	if (f->access == FAULT_WRITE)
		folio_wait_bit(folio, FOLIO_WRITEBACK);
	if (pt_cursor_open(&c, f->mm->pt, f->addr, 0, NULL))
		goto out;
	if (pt_cursor_read(&c).v == e.v) {
		map_swapped(f, &c, folio, entry);
		pt_cursor_close(&c);
		folio_unlock(folio);
		return FR_OK;		/* our reference is the entry's now */
	}
	pt_cursor_close(&c);
out:
	folio_unlock(folio);
	folio_put(folio);
	return r;
}

/* What the entry of the fault is, if it is a swap entry; else none. */
pte_t fault_swap_entry(const struct fault *f)
{
	struct pt_cursor c;
	pte_t e = { 0 };

	if (!pt_cursor_open(&c, f->mm->pt, f->addr, 0, NULL)) {
		e = pt_cursor_read(&c);
		pt_cursor_close(&c);
	}
	return pte_is_swap(e) ? e : (pte_t){ 0 };
}

/*
 * A write to a read-only anonymous page that is in the swap cache: if nobody else wants the slot, take it
 * out, so that the page is its owner's alone. False: copy.
 */
bool swap_make_private(struct folio *folio)
{
	bool ok = false;

	folio_lock(folio);
	if (folio_test(folio, FOLIO_SWAPCACHE)) {
		folio_wait_bit(folio, FOLIO_WRITEBACK);
		/* One mapping, the cache, and the caller. */
		if (atomic_read(&folio->mapcount) == 1 && folio_refcount(folio) == 3 &&
		    !swap_entry_count(folio_swap_entry(folio))) {
			swap_cache_del(folio);
			ok = true;
		}
	}
	folio_unlock(folio);
	return ok;
}

void swap_folio_unmapped(struct folio *f)
{
	if (!folio_trylock(f))
		return;			/* who has it, or reclaim, sees to it */
	if (folio_test(f, FOLIO_SWAPCACHE) && !atomic_read(&f->mapcount) && !folio_test(f, FOLIO_WRITEBACK) &&
	    !swap_entry_count(folio_swap_entry(f)))
		swap_cache_del(f);
	folio_unlock(f);
}

/* --- walks --- */

#define ANY_AREA	~0u

/* Next entry of the area (or ANY_AREA) in [addr, end) of v; end: none. */
static u64 next_entry(struct mm *mm, u64 addr, u64 end, u32 area, pte_t *e)
{
	u64 skip;

	while (addr < end) {
		struct pt_cursor c;

		if (pt_cursor_open(&c, mm->pt, addr, 0, &skip)) {
			addr = skip;
			continue;
		}
		do {
			*e = pt_cursor_read(&c);
			if (pte_is_swap(*e) && (area == ANY_AREA || swap_entry_area(pte_swap_value(*e)) == area)) {
				addr = c.addr;
				pt_cursor_close(&c);
				return addr;
			}
		} while (pt_cursor_next(&c, end));
		addr = c.addr;
		pt_cursor_close(&c);
	}
	return end;
}

/* Begin to read what is in swap of a range of v (locked). */
void swapin_willneed(struct mm *mm, u64 start, u64 end)
{
	struct blk_plug plug;
	u64 addr = start;

	blk_plug_start(&plug);
	while (addr < end) {
		struct folio *f;
		bool major;
		pte_t e;

		addr = next_entry(mm, addr, end, ANY_AREA, &e);
		if (addr >= end)
			break;
		addr += PAGE_SIZE;
		f = swap_read(pte_swap_value(e), &major);
		if (!IS_ERR(f))
			folio_put(f);
		else if (PTR_ERR(f) == -ENOMEM)
			break;
		if (need_resched())
			cond_resched();
	}
	blk_plug_finish(&plug);
}

/* --- swapoff --- */

/* It cannot be read, and the area goes: whoever touches the page is told. */
static void mark_lost(const struct fault *f, pte_t e)
{
	struct pt_cursor c;
	bool same;

	if (pt_cursor_open(&c, f->mm->pt, f->addr, 0, NULL))
		return;
	same = pt_cursor_read(&c).v == e.v;
	if (same) {
		(void)pt_cursor_clear(&c, NULL);
		pt_cursor_set_swap(&c, SWAP_ENTRY_LOST);
	}
	pt_cursor_close(&c);
	if (same)
		swap_entry_put(pte_swap_value(e));
}

static int mm_unswap(struct mm *mm, u32 area)
{
	u64 addr = 0;

	while (mm_counter(mm, MM_SWAP) && addr < USER_END) {
		struct vma *v = vma_lock_read(mm, addr);
		struct fault f = { .mm = mm, .v = v, .access = FAULT_READ };
		enum fault_result r = FR_OK;
		pte_t e = { 0 };

		if (!v)
			break;
		for (addr = max(addr, v->start); addr < v->end && r == FR_OK;) {
			addr = next_entry(mm, addr, v->end, area, &e);
			if (addr >= v->end)
				break;
			f.addr = addr;
			r = fault_swap(&f, e);
			if (r == FR_BUS) {
				mark_lost(&f, e);
				r = FR_OK;
			}
			if (need_resched())
				cond_resched();
		}
		addr = v->end;
		vma_unlock_read(v);
		if (r == FR_KILLED || signal_pending_state(TASK_INTERRUPTIBLE))
			return -EINTR;
		if (r == FR_OOM)
			return -ENOMEM;
	}
	return 0;
}

int mms_unswap(u32 area)
{
	struct mm *mm = NULL;
	int err = 0;

	while (!err && (mm = mm_next(mm)))
		err = mm_unswap(mm, area);
	if (mm)
		mm_put(mm);
	return err;
}
