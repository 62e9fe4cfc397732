/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Read-ahead: which pages to fetch before somebody asks.
 *
 *	|<----- async_size ------|
 *	start ...... mark ....... start + size
 *
 * A sequential reader has a window in file->ra. The folio at `mark` carries FOLIO_READAHEAD: whoever reads
 * it starts the next, larger window while the rest of this one is still on its way. A mark that no window of
 * this file explains belongs to another reader of it (interleaved streams): the next gap behind it is read.
 * A miss with no history around it is a random read: just what was asked for. A fault reads around its page.
 *
 * Folios of a window are added to the cache locked and are given to ->readahead in runs; the reference
 * that made them passes to it. invalidate_lock is held for reading: truncation and hole punching, which
 * hold it for writing, see no new folio appear. file->ra is racy by design: threads that share an open
 * file only disturb each other's guess.
 */
#include <core/wait.h>
#include <fs/disk.h>
#include <fs/super.h>
#include <kernel/sched.h>
#include <mm/mm.h>
#include "internal.h"

#define WINDOW_MAX	2048u	/* pages in one call, whoever asks */

/* As the device behind it has it. */
static u32 mapping_ra_pages(const struct mapping *m)
{
	return m->bdi ? READ_ONCE(m->bdi->ra_pages) : RA_PAGES_DEFAULT;
}

u32 ra_max_pages(const struct file *f, const struct mapping *m)
{
	u32 n = f && f->ra.ra_pages ? f->ra.ra_pages : mapping_ra_pages(m);

	return f && f->ra.mode == RA_SEQUENTIAL ? 2 * n : n;
}

struct folio *readahead_next(struct readahead_control *ra)
{
	struct folio *f;

	if (!ra->nr)
		return NULL;
	rcu_read_lock();
	f = xa_load(&ra->m->folios, ra->index);		/* locked by us: it stays */
	rcu_read_unlock();
	ra->index += folio_nr_pages(f);
	ra->nr -= (u32)folio_nr_pages(f);
	return f;
}

/* Hand a run over; what the file system leaves is read on demand. */
static void run_submit(struct readahead_control *ra)
{
	const struct mapping_ops *ops = ra->m->ops;
	struct folio *f;

	if (!ra->nr)
		return;
	if (ops->readahead)
		ops->readahead(ra);
	while ((f = readahead_next(ra))) {
		if (ops->readahead)
			folio_unlock(f);
		else
			(void)!ops->read_folio(ra->file, f);
		folio_put(f);
	}
}

/* The largest folio that starts at index, is aligned there and ends by `end`. */
static unsigned int window_order(const struct mapping *m, u64 index, u64 end, unsigned int order)
{
	if (!(m->flags & MAPPING_LARGE))
		return 0;
	while (order && (index & ((1ul << order) - 1) || index + (1ul << order) > end))
		order--;
	return order;
}

static bool cached(struct mapping *m, u64 index)
{
	void *e;

	rcu_read_lock();
	e = xa_load(&m->folios, index);
	rcu_read_unlock();
	return e && !xa_is_value(e);
}

/* A fresh folio at index, in the cache and locked; its order in *order. NULL: not there. */
static struct folio *window_add(struct mapping *m, u64 index, unsigned int order)
{
	gfp_t gfp = m->gfp | GFP_NORETRY | GFP_NOWARN;

	for (;; order = 0) {
		struct folio *f = folio_alloc(order, order ? gfp & ~GFP_WAIT : gfp);

		if (f) {
			f->flags |= BIT(FOLIO_LOCKED);
			if (!filemap_add(m, f, index, gfp))
				return f;
			folio_unlock(f);
			folio_put(f);
		}
		if (!order)
			return NULL;
	}
}

void readahead_window(struct file *f, struct mapping *m, u64 first, u64 nr, u64 mark, unsigned int order)
{
	u64 size = mapping_size_pages(m), end, i;
	struct readahead_control ra = { .file = f, .m = m };
	struct blk_plug plug;

	if (mapping_is_memory(m) || first >= size)
		return;
	blk_plug_start(&plug);
	end = first + min(min(nr, size - first), (u64)WINDOW_MAX);
	for (i = first; i < end;) {
		struct folio *folio = NULL;

		if (!cached(m, i)) {
			folio = window_add(m, i, window_order(m, i, end, order));
			if (!folio)
				break;
		}
		if (!folio) {
			run_submit(&ra);
			i++;
			continue;
		}
		if (!ra.nr)
			ra.index = i;
		ra.nr += (u32)folio_nr_pages(folio);
		if (mark - i < folio_nr_pages(folio))
			folio_set(folio, FOLIO_READAHEAD);
		i += folio_nr_pages(folio);
	}
	run_submit(&ra);
	blk_plug_finish(&plug);
}

void filemap_readahead(struct file *f, struct mapping *m, u64 first, u64 nr)
{
	if (mapping_is_memory(m))
		return;
	/* As much as is asked for, in pieces that leave the lock to others. */
	while (nr && first < mapping_size_pages(m)) {
		u64 n = min_t(u64, nr, WINDOW_MAX / 4);

		down_read(&m->invalidate_lock);
		readahead_window(f, m, first, n, ~0ul, 2);
		up_read(&m->invalidate_lock);
		first += n;
		nr -= n;
		if (signal_pending() && signal_pending_state(TASK_KILLABLE))
			return;
		cond_resched();
	}
}

/* --- windows of one open file --- */

static u32 first_size(u64 want, u32 most)
{
	u64 n = roundup_pow2(max_t(u64, want, 1));

	if (n <= most / 32)
		n *= 4;
	else if (n <= most / 4)
		n *= 2;
	else
		n = most;
	return (u32)n;
}

static u32 next_size(const struct file *f, u32 most)
{
	u32 n = f->ra.size;

	if (n < most / 16)
		return 4 * n;
	return n <= most / 2 ? 2 * n : most;
}

/* Read the window in file->ra, if it is not behind the end. Larger windows come in larger folios. */
static void window_read(struct file *f, struct mapping *m)
{
	u64 mark = f->ra.async_size ? f->ra.start + f->ra.size - f->ra.async_size : ~0ul;
	unsigned int order = f->ra.size >= 32 ? FOLIO_MAX_ORDER : f->ra.size >= 8 ? 2 : 0;

	down_read(&m->invalidate_lock);
	readahead_window(f, m, f->ra.start, f->ra.size, mark, order);
	up_read(&m->invalidate_lock);
}

/* Pages cached right before index, at most `most`. */
static u64 history(struct mapping *m, u64 index, u64 most)
{
	u64 n = 0;

	while (n < most && n < index && cached(m, index - n - 1))
		n++;
	return n;
}

void readahead_miss(struct file *f, struct mapping *m, u64 index, u64 want)
{
	u32 most = ra_max_pages(f, m);
	u64 before;

	if (f->ra.mode == RA_RANDOM || !most) {
		filemap_readahead(f, m, index, min_t(u64, want, max(most, 512u)));
		return;
	}
	if (index == 0 || (s64)index == f->ra.prev_pos || (s64)index == f->ra.prev_pos + 1 || want > most) {
		/* A stream begins, or goes on after its window was lost. */
		f->ra.start = index;
		f->ra.size = first_size(want, most);
		f->ra.async_size = f->ra.size > want ? f->ra.size - (u32)want : f->ra.size;
		window_read(f, m);
		return;
	}
	before = history(m, index, most);
	if (before <= want) {
		filemap_readahead(f, m, index, want);
		return;
	}
	f->ra.start = index;
	f->ra.size = (u32)min_t(u64, (before >= index ? 2 * before : before) + want, most);
	f->ra.async_size = 1;
	window_read(f, m);
}

void readahead_marked(struct file *f, struct mapping *m, struct folio *folio, u64 index, u64 want)
{
	u32 most = ra_max_pages(f, m);
	u64 next = f->ra.start + f->ra.size;

	if (folio_test(folio, FOLIO_WRITEBACK) || !folio_test_clear(folio, FOLIO_READAHEAD))
		return;
	if (!most || f->ra.mode == RA_RANDOM)
		return;
	if (f->ra.size && (folio_is_at(folio, m, next - f->ra.async_size) || index == next)) {
		f->ra.start = next;
		f->ra.size = next_size(f, most);
	} else {
		/* Another stream's mark. */
		u64 gap = folio->index + folio_nr_pages(folio);

		while (gap - index < most && cached(m, gap))
			gap++;
		if (gap - index >= most)
			return;
		f->ra.start = gap;
		f->ra.size = (u32)min_t(u64, gap - index + want, most);
		f->ra.size = next_size(f, most);
	}
	f->ra.async_size = f->ra.size;
	window_read(f, m);
}

#define MISS_LOTS	100u	/* faults that read-around did not help */

/* invalidate_lock held. */
void readahead_fault(struct file *f, struct mapping *m, u64 index, u32 vmflags)
{
	u32 most = ra_max_pages(f, m);

	if (vmflags & VM_RAND_READ || !most || f->ra.mode == RA_RANDOM)
		return;
	if (vmflags & VM_SEQ_READ) {
		f->ra.start = index;
		f->ra.size = most;
		f->ra.async_size = most / 2;
	} else {
		if (f->ra.mmap_miss < 10 * MISS_LOTS)
			f->ra.mmap_miss++;
		if (f->ra.mmap_miss > MISS_LOTS)
			return;
		f->ra.start = index > most / 2 ? index - most / 2 : 0;
		f->ra.size = most;
		f->ra.async_size = most / 4;
	}
	readahead_window(f, m, f->ra.start, f->ra.size, f->ra.start + f->ra.size - f->ra.async_size, 2);
}
