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
#include <kernel/sched.h>
#include <kernel/task.h>
#include <fs/block.h>
#include <fs/super.h>
#include <mm/rmap.h>
#include <mm/writeback.h>
#include "internal.h"

#define ERR_MASK	0xfffu
#define ERR_SEEN	0x1000u
#define ERR_STEP	0x2000u

bool filemap_dirty_folio(struct mapping *m, struct folio *f)
{
	u64 flags;

	if (folio_test(f, FOLIO_DIRTY) || folio_test_set(f, FOLIO_DIRTY))
		return false;
	spin_lock_irqsave(&m->lock, flags);
	if (unlikely(f->mapping != m)) {
		spin_unlock_irqrestore(&m->lock, flags);
		return true;		/* truncated */
	}
	xa_set_mark(&m->folios, f->index, MARK_DIRTY);
	spin_unlock_irqrestore(&m->lock, flags);
	bdi_count_dirty(m, (s64)folio_nr_pages(f));
	vm_count(VM_EV_DIRTIED, (s64)folio_nr_pages(f));
	current->io.write_bytes += folio_size(f);
	inode_mark_pages_dirty(m->host);
	return true;
}

bool folio_mark_dirty(struct folio *f)
{
	struct mapping *m = f->mapping;

	if (!m || m->flags & MAPPING_NO_WRITEBACK)
		return !folio_test(f, FOLIO_DIRTY) && !folio_test_set(f, FOLIO_DIRTY);
	return m->ops->dirty_folio ? m->ops->dirty_folio(m, f) : filemap_dirty_folio(m, f);
}

void folio_redirty(struct folio *f)
{
	(void)filemap_dirty_folio(f->mapping, f);
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
	bdi_count_writeback(f->mapping, (s64)folio_nr_pages(f));
	folio_get(f);
}

void folio_end_writeback(struct folio *f, int error)
{
	if (error && f->mapping)
		mapping_set_error(f->mapping, error);
	set_mark(f, MARK_WRITEBACK, false);
	bdi_count_writeback(f->mapping, -(s64)folio_nr_pages(f));
	vm_count(VM_EV_WRITTEN, (s64)folio_nr_pages(f));
	dirty_progress();
	folio_clear_wake(f, FOLIO_WRITEBACK);
	folio_put(f);
}

static bool clean_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	pte_t e = pt_cursor_read(c);
	struct folio *f = arg;

	if (v->flags & VM_SHARED && pte_present(e) && !pte_special(e) && pte_pfn(e).v - folio_pfn(f).v < folio_nr_pages(f))
		(void)pt_cursor_test_clear_dirty(c, g);
	return true;
}

/*
 * The bit is gone; the mark goes unless somebody has set the bit again: who unmaps a page passes its dirty bit on without
 * the folio's lock.
 */
static void clear_dirty_mark(struct folio *f)
{
	struct mapping *m = f->mapping;
	u64 flags;

	if (!m)
		return;
	spin_lock_irqsave(&m->lock, flags);
	if (!folio_test(f, FOLIO_DIRTY))
		xa_clear_mark(&m->folios, f->index, MARK_DIRTY);
	spin_unlock_irqrestore(&m->lock, flags);
}

/* Take the dirty mark of a locked folio for writing. False: it is clean. */
bool folio_clear_dirty_for_io(struct folio *f)
{
	if (!folio_test(f, FOLIO_DIRTY))
		return false;
	if (atomic_read(&f->mapcount))
		for (u64 i = 0; i < folio_nr_pages(f); i++)
			rmap_walk_page(f->mapping, f->index + i, clean_entry, f);
	if (!folio_test_clear(f, FOLIO_DIRTY))
		return false;
	clear_dirty_mark(f);
	bdi_count_dirty(f->mapping, -(s64)folio_nr_pages(f));
	return true;
}

/* Lock a dirty folio for writing; NULL: somebody else did it, or is at it. */
static struct folio *take_dirty(struct mapping *m, u64 index, const struct writeback_control *wbc)
{
	struct folio *f = filemap_get(m, index);

	if (!f)
		return NULL;
	if (wbc->mode == WB_NONE && folio_test(f, FOLIO_WRITEBACK))
		goto put;
	folio_lock(f);
	if (!folio_is_at(f, m, index))
		goto unlock;
	if (folio_test(f, FOLIO_WRITEBACK)) {
		if (wbc->mode != WB_ALL)
			goto unlock;
		folio_wait_bit(f, FOLIO_WRITEBACK);
	}
	if (folio_clear_dirty_for_io(f))
		return f;
unlock:
	folio_unlock(f);
put:
	folio_put(f);
	return NULL;
}

/* Marks stand at a folio's first page: look from where a large one that holds index may begin. */
static struct folio *next_marked(struct mapping *m, u64 *index, u64 last, enum xa_mark mark)
{
	struct folio *f;

	rcu_read_lock();
	f = xa_find_marked(&m->folios, index, last, mark);
	rcu_read_unlock();
	return f;
}

static inline u64 first_mark(const struct mapping *m, u64 index)
{
	return m->flags & MAPPING_LARGE ? index & ~((1ul << FOLIO_MAX_ORDER) - 1) : index;
}

struct folio *writeback_next(struct mapping *m, struct writeback_control *wbc, u64 *index)
{
	u64 first = wbc->start >> PAGE_SHIFT, last = wbc->end >> PAGE_SHIFT;

	if (*index <= first)
		*index = first_mark(m, first);
	while (*index <= last && (wbc->mode == WB_ALL || wbc->nr_to_write > 0)) {
		struct folio *f;

		if (!next_marked(m, index, last, MARK_DIRTY))
			break;
		f = take_dirty(m, *index, wbc);
		if (f && f->index + folio_nr_pages(f) <= first) {
			folio_redirty(f);
			*index = f->index + folio_nr_pages(f);
			folio_unlock(f);
			folio_put(f);
			continue;
		}
		++*index;
		if (f) {
			*index = f->index + folio_nr_pages(f);
			wbc->nr_to_write -= (s64)folio_nr_pages(f);
			return f;
		}
		if (need_resched())
			cond_resched();
	}
	return NULL;
}

int mapping_writepages(struct mapping *m, struct writeback_control *wbc)
{
	int err, first_err = 0;
	struct blk_plug plug;
	struct folio *f;
	u64 index = 0;

	if (!mapping_can_writeback(m) || !xa_marked(&m->folios, MARK_DIRTY))
		return 0;
	if (m->ops->writepages)
		return m->ops->writepages(m, wbc);
	blk_plug_start(&plug);
	while ((f = writeback_next(m, wbc, &index))) {
		err = m->ops->writepage(f, wbc);	/* unlocks */
		folio_put(f);
		if (err) {
			mapping_set_error(m, err);
			first_err = first_err ? first_err : err;
		}
	}
	blk_plug_finish(&plug);
	return first_err;
}

void filemap_wait_range(struct mapping *m, u64 start, u64 end)
{
	u64 index = first_mark(m, start >> PAGE_SHIFT), last = end >> PAGE_SHIFT;

	while (index <= last) {
		struct folio *f = next_marked(m, &index, last, MARK_WRITEBACK);

		if (!f)
			return;
		f = filemap_get(m, index);
		if (f) {
			if (index + folio_nr_pages(f) > start >> PAGE_SHIFT)
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

	if (!mapping_can_writeback(m) || !m->nr_pages)
		return 0;
	err = mapping_writepages(m, &wbc);
	filemap_wait_range(m, (u64)start, (u64)end);
	return err;
}

int filemap_flush(struct mapping *m)
{
	struct writeback_control wbc = { 0, ~0ul >> 1, WB_NONE, (s64)(~0ul >> 1) };

	return mapping_writepages(m, &wbc);
}

/* --- errors --- */

void errseq_set(u32 *seq, int error)
{
	u32 old = READ_ONCE(*seq), n;

	if (!error)
		return;
	do {
		n = (old & ~(ERR_MASK | ERR_SEEN)) | ((u32)-error & ERR_MASK);
		if (old & ERR_SEEN)
			n += ERR_STEP;
	} while (!try_cmpxchg(seq, &old, n));
}

u32 errseq_sample(const u32 *seq)
{
	u32 v = READ_ONCE(*seq);

	/* An error that nobody saw yet is for the next who asks. */
	return v & ERR_SEEN || !(v & ERR_MASK) ? v : 0;
}

int errseq_check(u32 *seq, u32 *seen)
{
	u32 v = READ_ONCE(*seq), n;

	if (v == *seen)
		return 0;
	n = v | ERR_SEEN;
	if (n != v)
		try_cmpxchg(seq, &v, n);
	*seen = n;
	return -(int)(n & ERR_MASK);
}

void mapping_set_error(struct mapping *m, int error)
{
	errseq_set(&m->wb_err, error);
	errseq_set(&m->host->sb->wb_err, error);
}

u32 mapping_error_sample(struct mapping *m)
{
	return errseq_sample(&m->wb_err);
}

int mapping_check_error(struct mapping *m, u32 *seen)
{
	return errseq_check(&m->wb_err, seen);
}
