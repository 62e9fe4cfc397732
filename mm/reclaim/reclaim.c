/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Taking memory back: clean file pages by age, then objects of caches. Called by tasks that found no
 * memory (direct reclaim) and by a thread that is woken below the low watermark.
 *
 * Reclaim never enters a file system's allocation path: it drops clean pages and starts write-back of
 * dirty ones only where GFP_FS and GFP_IO allow it. A task inside it carries PF_MEMALLOC, so that its own
 * allocations dip into the reserve instead of coming here again.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include <fs/inode.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <mm/rmap.h>
#include "internal.h"

#define SCAN_BATCH	32u

struct map_state {
	struct folio *f;
	bool referenced, locked, unmapped_all;
};

static bool look_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	struct map_state *s = arg;
	pte_t e = pt_cursor_read(c);

	(void)g;
	if (!pte_present(e) || pte_special(e) || pte_pfn(e).v != folio_pfn(s->f).v)
		return true;
	if (v->flags & VM_LOCKED)
		s->locked = true;
	if (pt_cursor_test_clear_young(c))
		s->referenced = true;
	return true;
}

static bool unmap_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	struct map_state *s = arg;
	pte_t e = pt_cursor_read(c);

	if (!pte_present(e) || pte_special(e) || pte_pfn(e).v != folio_pfn(s->f).v)
		return true;
	(void)pt_cursor_clear(c, g);
	mm_count(v->mm, MM_FILE, -1);
	return true;
}

/* Try to free one file page; locked, one reference is ours. */
static bool reclaim_folio(struct folio *f, gfp_t gfp)
{
	struct mapping *m = f->mapping;
	struct map_state s = { .f = f };

	if (!m || m->flags & MAPPING_UNEVICTABLE)
		return false;
	if (atomic_read(&f->mapcount))
		rmap_walk_page(m, f->index, look_entry, &s);
	if (s.locked || s.referenced || folio_test_clear(f, FOLIO_REFERENCED)) {
		lru_move(f, LRU_ACTIVE);
		return false;
	}
	if (folio_test(f, FOLIO_WRITEBACK))
		return false;
	if (folio_test(f, FOLIO_DIRTY)) {
		if (gfp & GFP_FS && gfp & GFP_IO)
			inode_mark_dirty(m->host);	/* write-back is the file system's thread's work */
		return false;
	}
	if (atomic_read(&f->mapcount))
		rmap_walk_page(m, f->index, unmap_entry, &s);
	return folio_drop_clean(f);
}

static u64 scan_inactive(gfp_t gfp)
{
	struct folio *batch[SCAN_BATCH];
	unsigned int n = lru_peek(LRU_INACTIVE, batch, SCAN_BATCH);
	u64 freed = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct folio *f = batch[i];

		if (folio_trylock(f)) {
			if (reclaim_folio(f, gfp))
				freed++;
			folio_unlock(f);
		}
		folio_put(f);
	}
	return freed;
}

/* Let the tail of the active list have another look at life on the inactive one. */
static void balance_lists(void)
{
	struct folio *batch[SCAN_BATCH];
	unsigned int n;

	if (lru_count(LRU_INACTIVE) >= lru_count(LRU_ACTIVE))
		return;
	n = lru_peek(LRU_ACTIVE, batch, SCAN_BATCH);
	for (unsigned int i = 0; i < n; i++) {
		if (!folio_test_clear(batch[i], FOLIO_REFERENCED))
			lru_move(batch[i], LRU_INACTIVE);
		folio_put(batch[i]);
	}
}

static u64 reclaim_some(u64 nr, gfp_t gfp)
{
	u64 freed = 0, before = mem_free_pages(), after;

	for (u64 share = 16; share && freed < nr; share /= 4) {
		u64 rounds = (lru_count(LRU_INACTIVE) + lru_count(LRU_ACTIVE)) / share / SCAN_BATCH + 1;

		while (rounds-- && freed < nr) {
			balance_lists();
			freed += scan_inactive(gfp);
		}
		if (freed < nr && gfp & GFP_FS)
			(void)shrinkers_run(share, gfp);
	}
	if (freed < nr)
		slab_shrink_all();
	after = mem_free_pages();
	return max(freed, after > before ? after - before : 0ul);
}

u64 reclaim_pages(u64 nr, unsigned int order, gfp_t gfp)
{
	struct task *t = current;
	u64 freed;

	(void)order;
	if (!(gfp & GFP_WAIT) || t->flags & PF_MEMALLOC)
		return 0;
	might_sleep();
	t->flags |= PF_MEMALLOC;
	freed = reclaim_some(nr, gfp);
	t->flags &= ~PF_MEMALLOC;
	return freed;
}

/* --- the background thread --- */

static DEFINE_WAIT_QUEUE(kswapd_wait);
static u32 kswapd_wanted;		/* [a] */
static bool kswapd_runs;		/* [a] */

void reclaim_wake(void)
{
	if (!READ_ONCE(kswapd_runs) || READ_ONCE(kswapd_wanted))
		return;
	WRITE_ONCE(kswapd_wanted, 1);
	wake_up(&kswapd_wait);
}

static int kswapd(void *unused)
{
	(void)unused;
	WRITE_ONCE(kswapd_runs, true);
	for (;;) {
		u64 want;

		(void)wait_event_interruptible(&kswapd_wait, READ_ONCE(kswapd_wanted));
		for (int tries = 0; tries < 16 && (want = buddy_pages_wanted()); tries++)
			if (!reclaim_pages(want, 0, GFP_KERNEL))
				break;
		/* If nothing helped, do not run again at once. */
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + 20 * NSEC_PER_MSEC);
		WRITE_ONCE(kswapd_wanted, 0);
	}
	return 0;
}

static int reclaim_init(void)
{
	struct task_core *t = kthread_run(kswapd, NULL, -1, "kswapd0");

	return PTR_ERR_OR_ZERO(t);
}
INITCALL_SMP(reclaim_init);
