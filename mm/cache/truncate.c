/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Taking pages out of the cache: truncation, punching holes, the end of an inode, dropping clean
 * pages. Order for truncation (caller: inode lock, new size set): invalidate lock, unmap, drop, unmap
 * again; the second unmapping catches pages that were mapped without the folio lock in between.
 */
#include <base/string.h>
#include <kernel/sched.h>
#include "internal.h"

/* Zero bytes [from, to) of one page, if it is there. */
static void zero_part(struct mapping *m, u64 index, u64 from, u64 to)
{
	struct folio *f = filemap_lock_folio(m, index);
	char *p;

	if (unlikely(!f && !list_empty(&m->swap_link))) {
		f = shmem_swap_in(m, index);
		if (IS_ERR(f))
			return;		/* not readable by anybody */
	}

	if (!f)
		return;
	if (folio_test(f, FOLIO_UPTODATE) || folio_test(f, FOLIO_DIRTY)) {
		folio_wait_bit(f, FOLIO_WRITEBACK);
		p = kmap_local(f, ((index - f->index) << PAGE_SHIFT) + from);
		memset(p, 0, to - from);
		kunmap_local(p);
		/* With blocks smaller than folios the file system zeroes what must be on disk. */
		if (!m->ops || !m->ops->writepages)
			folio_mark_dirty(f);
	}
	folio_unlock(f);
	folio_put(f);
}

/*
 * Pages [first, last] of a locked folio that is larger: they read as zeros from now on. It stays, so nobody may have it mapped
 * writable who could write there once more, into blocks that are free soon: writable entries are made under the folio's lock.
 */
static void zero_pages(struct mapping *m, struct folio *f, u64 first, u64 last)
{
	u64 a = max(first, f->index) - f->index, b = min(last, f->index + folio_nr_pages(f) - 1) - f->index + 1;
	char *p;

	if (atomic_read(&f->mapcount))
		unmap_mapping_range(m, f->index + a, b - a, false);
	p = kmap_local(f, a << PAGE_SHIFT);
	memset(p, 0, (b - a) << PAGE_SHIFT);
	kunmap_local(p);
	if (m->ops && m->ops->invalidate_folio)
		m->ops->invalidate_folio(f, a << PAGE_SHIFT, (b - a) << PAGE_SHIFT);
}

/* Drop all pages with index in [first, last]. */
static void drop_range(struct mapping *m, u64 first, u64 last)
{
	u64 index = first;
	struct folio *f;

	while (index <= last) {
		u64 next = index + 1;

		rcu_read_lock();
		f = xa_find(&m->folios, &index, last);
		rcu_read_unlock();
		if (!f)
			return;
		next = index + 1;
		f = filemap_lock_folio(m, index);
		if (unlikely(!f && !list_empty(&m->swap_link) && shmem_drop_swapped(m, index)))
			continue;
		if (f) {
			next = f->index + folio_nr_pages(f);
			folio_wait_bit(f, FOLIO_WRITEBACK);
			if (unlikely(f->index < first || next - 1 > last)) {
				zero_pages(m, f, first, last);
			} else {
				if (m->ops && m->ops->invalidate_folio)
					m->ops->invalidate_folio(f, 0, folio_size(f));
				filemap_remove(f);
			}
			folio_unlock(f);
			folio_put(f);
		}
		if (!next)
			return;
		index = next;
		if (need_resched())
			cond_resched();
	}
}

/* Bytes [start, end); end is a page border or ~0. Invalidate lock held. */
static void drop_bytes(struct mapping *m, u64 start, u64 end)
{
	u64 first = (start + PAGE_SIZE - 1) >> PAGE_SHIFT, stop = end >> PAGE_SHIFT, off = PAGE_OFFSET_IN(start);

	if (end == ~0ul)
		stop = ~0ul >> PAGE_SHIFT;
	if (off) {
		u64 to = (start >> PAGE_SHIFT) == (end >> PAGE_SHIFT) && end != ~0ul ? PAGE_OFFSET_IN(end) : PAGE_SIZE;

		zero_part(m, start >> PAGE_SHIFT, off, to);
		if (to != PAGE_SIZE)
			return;
	}
	if (end != ~0ul && PAGE_OFFSET_IN(end) && (end >> PAGE_SHIFT) >= first)
		zero_part(m, end >> PAGE_SHIFT, 0, PAGE_OFFSET_IN(end));
	if (first >= stop)
		return;
	unmap_mapping_range(m, first, stop - first, true);
	drop_range(m, first, stop - 1);
	unmap_mapping_range(m, first, stop - first, true);
}

void truncate_range_locked(struct mapping *m, loff_t start, loff_t end)
{
	if (start >= end)
		return;
	__atomic_fetch_add(&m->cut_seq, 1, __ATOMIC_SEQ_CST);
	if (!xa_empty(&m->folios))
		drop_bytes(m, (u64)start, (u64)end);
}

void truncate_range(struct mapping *m, loff_t start, loff_t end)
{
	down_write(&m->invalidate_lock);
	truncate_range_locked(m, start, end);
	up_write(&m->invalidate_lock);
}

void truncate_pagecache(struct mapping *m, loff_t newsize)
{
	down_write(&m->invalidate_lock);
	__atomic_fetch_add(&m->cut_seq, 1, __ATOMIC_SEQ_CST);
	if (!xa_empty(&m->folios))
		drop_bytes(m, (u64)newsize, ~0ul);
	up_write(&m->invalidate_lock);
}

void truncate_all(struct mapping *m)
{
	/* No user is left: no mapping, no new pages. */
	if (!xa_empty(&m->folios))
		drop_range(m, 0, ~0ul);
	shmem_forget(m);
	ASSERT(m->nr_pages == 0);
	xa_destroy(&m->folios);
}

int invalidate_clean(struct mapping *m, u64 first, u64 last)
{
	u64 index = first;
	int n = 0;

	if (mapping_is_memory(m))
		return 0;
	while (index <= last) {
		struct folio *f;

		rcu_read_lock();
		f = xa_find(&m->folios, &index, last);
		rcu_read_unlock();
		if (!f)
			break;
		f = filemap_get(m, index);
		if (f) {
			if (folio_trylock(f)) {
				/* Not one that is asked for only in part. */
				if (f->mapping == m && f->index >= first && f->index + folio_nr_pages(f) - 1 <= last) {
					int pages = (int)folio_nr_pages(f);

					if (folio_drop_clean(f))
						n += pages;
				}
				folio_unlock(f);
			}
			folio_put(f);
		}
		if (index++ == ~0ul)
			break;
		if (need_resched())
			cond_resched();
	}
	return n;
}

int invalidate_range_sync(struct mapping *m, u64 first, u64 last)
{
	u64 index = first;
	int err = 0;

	if (mapping_is_memory(m))
		return 0;
	/* Whoever faults it in again meanwhile is the next one's trouble. */
	unmap_mapping_range(m, first, last - first + 1, false);
	while (index <= last) {
		struct folio *f;

		rcu_read_lock();
		f = xa_find(&m->folios, &index, last);
		rcu_read_unlock();
		if (!f)
			break;
		f = filemap_lock_folio(m, index);
		if (f) {
			index = f->index + folio_nr_pages(f) - 1;
			folio_wait_bit(f, FOLIO_WRITEBACK);
			/* Faults map under the folio's lock, but for those around a fault, which only one round can miss. */
			for (int i = 0; i < 2 && atomic_read(&f->mapcount); i++)
				unmap_mapping_range(m, f->index, folio_nr_pages(f), false);
			/* A reader may hold a reference for a moment: its page is what was there when it looked. */
			if (folio_test(f, FOLIO_DIRTY) || atomic_read(&f->mapcount)) {
				err = -EBUSY;
			} else {
				if (m->ops->invalidate_folio)
					m->ops->invalidate_folio(f, 0, folio_size(f));
				filemap_remove(f);
			}
			folio_unlock(f);
			folio_put(f);
		}
		index++;
		if (need_resched())
			cond_resched();
	}
	return err;
}

/*
 * Remove a clean, unmapped, idle folio from its mapping. Locked by the caller, who holds one reference.
 * False: it is in use.
 */
bool folio_drop_clean(struct folio *f)
{
	struct mapping *m = f->mapping;
	u64 busy = BIT(FOLIO_DIRTY) | BIT(FOLIO_WRITEBACK);

	if (!m || mapping_is_memory(m) || READ_ONCE(f->flags) & busy || atomic_read(&f->mapcount))
		return false;
	if (folio_test(f, FOLIO_PRIVATE) && m->ops->release_folio && !m->ops->release_folio(f))
		return false;
	/* A fresh one may still wait in a batch for its place on the lists. */
	if (unlikely(folio_refcount(f) == 3 && !folio_test(f, FOLIO_LRU)))
		lru_drain_all();
	return filemap_remove_idle(f);
}
