/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Dirty pages on their way to the file, and errors that happen there. A folio is dirty from its first
 * write (or first writable mapping) until write-back takes it: then all its page-table entries lose
 * the write right first, so the next write through a mapping makes it dirty again.
 *
 * Errors are kept per mapping as a sequence (wb_err): errno in the low 12 bits, a bit "somebody saw
 * it", and a counter above; each open file remembers the last value it reported.
 */
#include <core/pgtable.h>
#include <mm/mm.h>
#include <mm/rmap.h>
#include "internal.h"

#define ERR_MASK	0xfffu
#define ERR_SEEN	0x1000u
#define ERR_STEP	0x2000u

bool folio_mark_dirty(struct folio *f)
{
	struct mapping *m = f->mapping;
	u64 flags;

	if (folio_test(f, FOLIO_DIRTY) || folio_test_set(f, FOLIO_DIRTY))
		return false;
	if (!m || m->flags & MAPPING_NO_WRITEBACK)
		return true;
	if (m->ops->dirty_folio)
		return m->ops->dirty_folio(m, f);
	spin_lock_irqsave(&m->lock, flags);
	if (f->mapping == m)
		xa_set_mark(&m->folios, f->index, MARK_DIRTY);
	spin_unlock_irqrestore(&m->lock, flags);
	vm_count(VM_DIRTY, 1);
	inode_mark_dirty(m->host);
	return true;
}

static void set_mark(struct folio *f, enum xa_mark mark, bool on)
{
	struct mapping *m = f->mapping;
	u64 flags;

	if (!m)
		return;
	spin_lock_irqsave(&m->lock, flags);
	if (on)
		xa_set_mark(&m->folios, f->index, mark);
	else
		xa_clear_mark(&m->folios, f->index, mark);
	spin_unlock_irqrestore(&m->lock, flags);
}

void folio_start_writeback(struct folio *f)
{
	ASSERT(folio_test(f, FOLIO_LOCKED));
	folio_set(f, FOLIO_WRITEBACK);
	set_mark(f, MARK_WRITEBACK, true);
	vm_count(VM_WRITEBACK, 1);
	folio_get(f);
}

void folio_end_writeback(struct folio *f, int error)
{
	if (error && f->mapping)
		mapping_set_error(f->mapping, error);
	set_mark(f, MARK_WRITEBACK, false);
	vm_count(VM_WRITEBACK, -1);
	folio_clear_wake(f, FOLIO_WRITEBACK);
	folio_put(f);
}

static bool clean_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	pte_t e = pt_cursor_read(c);
	struct folio *f = arg;

	if (v->flags & VM_SHARED && pte_present(e) && !pte_special(e) && pte_pfn(e).v == folio_pfn(f).v)
		(void)pt_cursor_test_clear_dirty(c, g);
	return true;
}

/* Take the dirty mark of a locked folio for writing. False: it is clean. */
bool folio_clear_dirty_for_io(struct folio *f)
{
	if (!folio_test(f, FOLIO_DIRTY))
		return false;
	if (atomic_read(&f->mapcount))
		rmap_walk_page(f->mapping, f->index, clean_entry, f);
	if (!folio_test_clear(f, FOLIO_DIRTY))
		return false;
	set_mark(f, MARK_DIRTY, false);
	vm_count(VM_DIRTY, -1);
	return true;
}

/* Write one dirty page, or see that somebody else did. */
static int write_one(struct mapping *m, u64 index, struct writeback_control *wbc)
{
	struct folio *f = filemap_lock_folio(m, index);
	int err;

	if (!f)
		return 0;
	if (folio_test(f, FOLIO_WRITEBACK)) {
		if (wbc->mode != WB_ALL) {
			folio_unlock(f);
			folio_put(f);
			return 0;
		}
		folio_wait_bit(f, FOLIO_WRITEBACK);
	}
	if (!folio_clear_dirty_for_io(f)) {
		folio_unlock(f);
		folio_put(f);
		return 0;
	}
	err = m->ops->writepage(f, wbc);	/* unlocks */
	folio_put(f);
	return err;
}

static int write_range(struct mapping *m, struct writeback_control *wbc)
{
	u64 index = wbc->start >> PAGE_SHIFT, last = wbc->end >> PAGE_SHIFT;
	int err, first_err = 0;

	while (index <= last) {
		struct folio *f;

		rcu_read_lock();
		f = xa_find_marked(&m->folios, &index, last, MARK_DIRTY);
		rcu_read_unlock();
		if (!f)
			break;
		err = write_one(m, index, wbc);
		if (err) {
			mapping_set_error(m, err);
			first_err = first_err ? first_err : err;
		}
		if (--wbc->nr_to_write <= 0 && wbc->mode == WB_NONE)
			break;
		if (index++ == ~0ul)
			break;
	}
	return first_err;
}

static void wait_range(struct mapping *m, u64 first, u64 last)
{
	u64 index = first;

	while (index <= last) {
		struct folio *f;

		rcu_read_lock();
		f = xa_find_marked(&m->folios, &index, last, MARK_WRITEBACK);
		rcu_read_unlock();
		if (!f)
			return;
		f = filemap_get(m, index);
		if (f) {
			folio_wait_bit(f, FOLIO_WRITEBACK);
			folio_put(f);
		}
		if (index++ == ~0ul)
			return;
	}
}

int filemap_write_and_wait(struct mapping *m, loff_t start, loff_t end)
{
	struct writeback_control wbc = { (u64)start, (u64)end, WB_ALL, (s64)(~0ul >> 1) };
	int err;

	if (m->flags & MAPPING_NO_WRITEBACK || !m->ops || !m->ops->writepage)
		return 0;
	err = write_range(m, &wbc);
	wait_range(m, (u64)start >> PAGE_SHIFT, (u64)end >> PAGE_SHIFT);
	return err;
}

int filemap_flush(struct mapping *m)
{
	struct writeback_control wbc = { 0, ~0ul >> 1, WB_NONE, (s64)(~0ul >> 1) };

	if (m->flags & MAPPING_NO_WRITEBACK || !m->ops || !m->ops->writepage)
		return 0;
	return write_range(m, &wbc);
}

/* --- errors --- */

void mapping_set_error(struct mapping *m, int error)
{
	u32 old = READ_ONCE(m->wb_err), n;

	if (!error)
		return;
	do {
		n = (old & ~(ERR_MASK | ERR_SEEN)) | ((u32)-error & ERR_MASK);
		if (old & ERR_SEEN)
			n += ERR_STEP;
	} while (!try_cmpxchg(&m->wb_err, &old, n));
}

u32 mapping_error_sample(struct mapping *m)
{
	u32 v = READ_ONCE(m->wb_err);

	/* An error that nobody saw yet is for the next who asks. */
	return v & ERR_SEEN || !(v & ERR_MASK) ? v : 0;
}

int mapping_check_error(struct mapping *m, u32 *seen)
{
	u32 v = READ_ONCE(m->wb_err), n;

	if (v == *seen)
		return 0;
	n = v | ERR_SEEN;
	if (n != v)
		try_cmpxchg(&m->wb_err, &v, n);
	*seen = n;
	return -(int)(n & ERR_MASK);
}
