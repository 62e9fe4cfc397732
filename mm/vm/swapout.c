/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Anonymous pages age in the page tables (docs/decisions/004-anonymous-ageing.md): a hand goes round over
 * all address spaces. An entry used since the last time (accessed bit) loses the bit and stays; one that was
 * not is replaced by a swap entry, its page goes to the swap cache and, when nothing maps it any more, to
 * the disk. No list and no reverse map is needed: faults and forks pay nothing for it.
 *
 * The scan works on one last-level table at a time: candidates are found and locked under its lock; get
 * slots without it; are replaced under it again, if they are still there and were not used since; and are
 * written after the TLB flush, so nobody writes to a page on its way. A fault meanwhile finds the swap
 * entry, the page in the cache, and waits for its lock.
 *
 * Locks: vma locks, for reading and only if free at once (the caller may hold any); folio locks likewise.
 */
#include <core/rcu.h>
#include <kernel/sched.h>
#include <mm/swap.h>
#include "internal.h"

#define BATCH	32u

struct batch {
	u32 nr;
	bool full;			/* no slot could be had */
	struct folio *folio[BATCH];	/* locked, referenced; NULL: given up */
	u64 addr[BATCH];
};

/* May this page go? Table lock held. Takes reference and lock. */
static bool candidate(struct pt_cursor *c, pte_t e, u32 flags, struct folio **out)
{
	struct folio *f;

	if (!pte_present(e) || pte_special(e))
		return false;
	f = pfn_folio(pte_pfn(e));
	if (!folio_test(f, FOLIO_ANON) || folio_order(f))
		return false;
	if (flags & SWAPOUT_FORCE) {
		if (atomic_read(&f->mapcount) != 1)
			return false;	/* others use it too */
	} else if (pt_cursor_test_clear_young(c)) {
		return false;
	}
	/* Somebody else holds it (the kernel reads or writes it now). */
	if (folio_refcount(f) != atomic_read(&f->mapcount) + folio_test(f, FOLIO_SWAPCACHE))
		return false;
	if (!folio_trylock(f))
		return false;
	folio_get(f);
	*out = f;
	return true;
}

/* Candidates of one table from addr on; where it stopped. */
static u64 collect(struct mm *mm, u64 addr, u64 end, u32 flags, struct batch *b, u64 *scanned)
{
	struct pt_cursor c;
	u64 skip;

	b->nr = 0;
	if (pt_cursor_open(&c, mm->pt, addr, 0, &skip))
		return skip;
	do {
		pte_t e = pt_cursor_read(&c);

		if (pte_none(e))
			continue;
		(*scanned)++;
		if (candidate(&c, e, flags, &b->folio[b->nr]))
			b->addr[b->nr++] = c.addr;
	} while (pt_cursor_next(&c, end) && b->nr < BATCH);
	addr = c.addr;
	pt_cursor_close(&c);
	return addr;
}

static void give_up(struct batch *b, u32 i)
{
	folio_unlock(b->folio[i]);
	folio_put(b->folio[i]);
	b->folio[i] = NULL;
}

/* Each gets a slot, unless it has one. */
static void prepare(struct batch *b)
{
	for (u32 i = 0; i < b->nr; i++) {
		if (folio_test(b->folio[i], FOLIO_SWAPCACHE))
			continue;
		if (!b->full && swap_cache_prepare(b->folio[i]))
			continue;
		b->full = true;
		give_up(b, i);
	}
}

/* Table lock held: put the swap entry there, if the page is still there and idle. */
static bool replace(struct mm *mm, struct pt_cursor *c, struct folio *f, u32 flags, struct tlb_gather *g)
{
	u64 entry = folio_swap_entry(f);
	pte_t e = pt_cursor_read(c);

	if (!pte_present(e) || pte_special(e) || pte_pfn(e).v != folio_pfn(f).v)
		return false;
	if (pte_young(e) && !(flags & SWAPOUT_FORCE))
		return false;
	mm_count(mm, MM_SWAP, 1);
	swap_entry_get(entry);
	(void)pt_cursor_clear(c, g);
	pt_cursor_set_swap(c, entry);
	mm_count(mm, MM_ANON, -1);
	vm_count(VM_ANON, -1);
	return true;
}

static u64 take_batch(struct mm *mm, u32 flags, struct batch *b)
{
	struct tlb_gather g;
	struct pt_cursor c;
	u64 gone = 0;

	prepare(b);
	tlb_gather_init(&g, mm->pt);
	for (u32 i = 0; i < b->nr; i++) {
		if (!b->folio[i] || pt_cursor_open(&c, mm->pt, b->addr[i], 0, NULL))
			continue;
		(void)replace(mm, &c, b->folio[i], flags, &g);
		pt_cursor_close(&c);
	}
	tlb_gather_finish(&g);
	for (u32 i = 0; i < b->nr; i++) {
		struct folio *f = b->folio[i];

		if (!f)
			continue;
		if (atomic_read(&f->mapcount)) {
			folio_unlock(f);	/* others map it yet, or it was used: the cache keeps its slot */
		} else {
			(void)swap_folio_reclaim(f);
			gone++;
		}
		folio_put(f);
	}
	return gone;
}

static bool vma_swappable(const struct vma *v)
{
	return READ_ONCE(v->has_anon) && !(v->flags & (VM_SHARED | VM_LOCKED | VM_SPECIAL));
}

bool swapout_range(struct mm *mm, const struct vma *v, u64 addr, u64 end, u32 flags, u64 *scanned, u64 *gone)
{
	struct batch b = { .full = false };

	if (!vma_swappable(v))
		return true;
	while (addr < end && !b.full) {
		addr = collect(mm, addr, end, flags, &b, scanned);
		if (b.nr)
			*gone += take_batch(mm, flags, &b);
		if (need_resched())
			cond_resched();
	}
	return !b.full;
}

/* --- the hand --- */

/* One address space, from its own hand on; false: it was seen up to its end. */
static bool swapout_mm(struct mm *mm, u64 nr_scan, u64 nr_wanted, u64 *scanned, u64 *gone)
{
	u64 addr = READ_ONCE(mm->swap_hand);

	while (*scanned < nr_scan && *gone < nr_wanted) {
		struct vma *v;
		u64 start, end;
		bool ok;

		rcu_read_lock();
		v = vma_find(mm, addr);
		if (!v) {
			rcu_read_unlock();
			WRITE_ONCE(mm->swap_hand, 0);
			return false;
		}
		end = READ_ONCE(v->end);
		ok = down_read_trylock(&v->lock);
		rcu_read_unlock();
		if (ok) {
			start = max(addr, v->start);
			end = v->mm == mm ? v->end : end;
			/* A few tables at a time. */
			if (start < end && end - start > 4 * HPAGE_SIZE)
				end = start + 4 * HPAGE_SIZE;
			if (v->mm == mm && start < end && !swapout_range(mm, v, start, end, 0, scanned, gone)) {
				up_read(&v->lock);
				*scanned = nr_scan;	/* swap is full */
				return true;
			}
			up_read(&v->lock);
		}
		addr = max(end, addr + PAGE_SIZE);
		WRITE_ONCE(mm->swap_hand, addr);
	}
	return true;
}

u64 swapout_scan(u64 nr_scan, u64 nr_wanted)
{
	u64 scanned = 0, gone = 0, left = mm_list_length() + 1;

	while (scanned < nr_scan && gone < nr_wanted && left--) {
		struct mm *mm = mm_first();

		if (!mm)
			break;
		if (!mm_counter(mm, MM_ANON) || !swapout_mm(mm, nr_scan, nr_wanted, &scanned, &gone))
			mm_to_end(mm);
		mm_put_async(mm);
	}
	return gone;
}
