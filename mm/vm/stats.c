/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What /proc/PID/maps, smaps, pagemap and clear_refs want to know of mappings: a walk over the entries of
 * one mapping at a time, under its lock for reading, so faults and changes elsewhere go on.
 *
 * A page's share (Pss) is its size by the number of entries that map it; a folio of several pages counts as
 * if all of its pages were mapped alike.
 */
#include <base/math.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <kernel/sched.h>
#include <mm/swap.h>
#include "internal.h"

/* Entries that map one page of the folio, at least the one that led here. */
static u64 page_mapcount(const struct folio *f)
{
	u64 n = (u64)max(atomic_read(&f->mapcount), 1), pages = folio_nr_pages(f);

	return pages == 1 ? n : max((n + pages / 2) / pages, 1ul);
}

static void count_swapped(struct vma_info *info, u64 entry)
{
	u32 uses = max(swap_entry_count(entry), 1u);

	info->swap += PAGE_SIZE;
	info->swap_pss += (PAGE_SIZE << VMA_PSS_SHIFT) / uses;
}

static void count_page(struct vma_info *info, pte_t e)
{
	const struct folio *f = pfn_folio(pte_pfn(e));
	u64 n = page_mapcount(f), pss = (PAGE_SIZE << VMA_PSS_SHIFT) / n;
	bool dirty = pte_dirty(e) || folio_test(f, FOLIO_DIRTY);

	info->rss += PAGE_SIZE;
	info->pss += pss;
	if (folio_test(f, FOLIO_ANON)) {
		info->anon += PAGE_SIZE;
		info->pss_anon += pss;
	} else {
		*(folio_test(f, FOLIO_SWAPBACKED) ? &info->pss_shmem : &info->pss_file) += pss;
	}
	if (pte_young(e) || folio_test(f, FOLIO_REFERENCED))
		info->referenced += PAGE_SIZE;
	if (dirty) {
		info->dirty += PAGE_SIZE;
		info->pss_dirty += pss;
	}
	if (n > 1)
		*(dirty ? &info->shared_dirty : &info->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &info->private_dirty : &info->private_clean) += PAGE_SIZE;
}

static void info_count(struct mm *mm, struct vma_info *info)
{
	u64 addr = info->start, skip;

	while (addr < info->end) {
		struct pt_cursor c;

		if (pt_cursor_open(&c, mm->pt, addr, 0, &skip)) {
			addr = skip;
			continue;
		}
		do {
			pte_t e = pt_cursor_read(&c);

			if (pte_is_swap(e))
				count_swapped(info, pte_swap_value(e));
			else if (pte_present(e) && !pte_special(e))
				count_page(info, e);
		} while (pt_cursor_next(&c, info->end));
		addr = c.addr;
		pt_cursor_close(&c);
		if (need_resched())
			cond_resched();
	}
}

static const char *info_name(struct mm *mm, const struct vma *v)
{
	if (v->name)
		return v->name;
	if (v->file)
		return NULL;
	if (v->start <= mm->brk && v->end >= mm->start_brk && mm->start_brk && mm->brk > mm->start_brk)
		return "[heap]";
	if (v->start <= mm->start_stack && v->end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

bool vma_info_next(struct mm *mm, u64 addr, struct vma_info *info, bool count)
{
	struct vma *v = vma_lock_read(mm, addr);

	if (!v)
		return false;
	*info = (struct vma_info){ .start = v->start, .end = v->end, .pgoff = v->file ? v->pgoff : 0,
				   .flags = v->flags, .file = v->file, .name = info_name(mm, v) };
	if (v->file)
		file_get(v->file);
	if (count)
		info_count(mm, info);
	vma_unlock_read(v);
	return true;
}

/* --- clear_refs --- */

static bool refs_kind(const struct vma *v, enum mm_refs which)
{
	return !(v->flags & VM_SPECIAL) && (which == MM_REFS_ALL || (which == MM_REFS_ANON) == !v->file);
}

static void clear_refs(struct mm *mm, const struct vma *v)
{
	u64 addr = v->start, skip;
	struct tlb_gather g;

	tlb_gather_init(&g, mm->pt);
	while (addr < v->end) {
		struct pt_cursor c;

		if (pt_cursor_open(&c, mm->pt, addr, 0, &skip)) {
			addr = skip;
			continue;
		}
		do {
			pte_t e = pt_cursor_read(&c);

			if (!pte_present(e) || pte_special(e))
				continue;
			if (pt_cursor_test_clear_young(&c))
				tlb_gather_range(&g, c.addr, c.addr + PAGE_SIZE);
			folio_clear(pfn_folio(pte_pfn(e)), FOLIO_REFERENCED);
		} while (pt_cursor_next(&c, v->end));
		addr = c.addr;
		pt_cursor_close(&c);
		if (need_resched())
			cond_resched();
	}
	/* Entries that CPUs remember would not become young again. */
	tlb_gather_finish(&g);
}

void mm_clear_refs(struct mm *mm, enum mm_refs which)
{
	u64 addr = 0;

	for (;;) {
		struct vma *v = vma_lock_read(mm, addr);

		if (!v)
			return;
		if (refs_kind(v, which))
			clear_refs(mm, v);
		addr = v->end;
		vma_unlock_read(v);
	}
}

void mm_reset_peak(struct mm *mm)
{
	WRITE_ONCE(mm->hiwater_rss, mm_rss_pages(mm));
}

/* --- pagemap --- */

#define PM_EXCLUSIVE	(1ul << 56)
#define PM_FILE		(1ul << 61)
#define PM_SWAP		(1ul << 62)
#define PM_PRESENT	(1ul << 63)

static u64 pagemap_word(pte_t e, bool frames)
{
	const struct folio *f;
	u64 w;

	if (pte_is_swap(e)) {
		u64 entry = pte_swap_value(e);

		return PM_SWAP | (frames ? (swap_entry_area(entry) & 31) | (swap_entry_slot(entry) << 5 & ((1ul << 55) - 1)) : 0);
	}
	if (!pte_present(e))
		return 0;
	w = PM_PRESENT | (frames ? pte_pfn(e).v : 0);
	if (pte_special(e))
		return w;
	f = pfn_folio(pte_pfn(e));
	return w | (folio_test(f, FOLIO_ANON) ? 0 : PM_FILE) | (page_mapcount(f) == 1 ? PM_EXCLUSIVE : 0);
}

void mm_pagemap(struct mm *mm, u64 addr, u64 nr, bool frames, u64 *words)
{
	u64 end = addr + (nr << PAGE_SHIFT);

	for (u64 i = 0; i < nr; i++)
		words[i] = 0;
	for (u64 at = addr; at < end;) {
		struct vma *v = vma_lock_read(mm, at);
		u64 stop, skip;

		if (!v)
			return;
		at = max(at, v->start);
		stop = min(end, v->end);
		while (at < stop) {
			struct pt_cursor c;

			if (pt_cursor_open(&c, mm->pt, at, 0, &skip)) {
				at = skip;
				continue;
			}
			do
				words[(c.addr - addr) >> PAGE_SHIFT] = pagemap_word(pt_cursor_read(&c), frames);
			while (pt_cursor_next(&c, stop));
			at = c.addr;
			pt_cursor_close(&c);
		}
		at = max(at, v->end);
		vma_unlock_read(v);
	}
}
