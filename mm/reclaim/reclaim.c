/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Taking memory back: file pages by age, anonymous memory by swap, objects of caches. Called by tasks that
 * found no memory (direct reclaim) and by a thread that is woken below the low watermark.
 *
 * A pass looks at a growing share of everything (1/4096 to all) until enough is free, so what is cheap goes
 * first and each kind gives in proportion to its size. Between files and anonymous memory the share is
 * weighed by swappiness and by what each kind cost lately: pages that had to be read again.
 *
 * Reclaim never enters a file system's allocation path: it drops clean pages, asks the flusher to write
 * dirty ones, and writes only to swap by itself, where GFP_IO allows it. A task inside it may use all
 * of the reserve (task_core.memalloc), so its own allocations never come here again.
 *
 * Direct reclaimers that find only pages under write-back wait for one of them rather than go on looking.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include <fs/inode.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <mm/writeback.h>
#include "internal.h"
#include "patience.h"

#define SCAN_BATCH	32u
#define WRITEBACK_PAUSE	(5 * NSEC_PER_MSEC)
#define TRIM_PAUSE	(200 * NSEC_PER_MSEC)
#define PRIORITY_MAX	12		/* the first look: size >> 12 */

int vm_swappiness = 60;			/* [a] /proc/sys/vm/swappiness */

struct scan {
	gfp_t gfp;
	u64 wanted, freed;
	u64 scanned;
	u32 writeback;			/* pages seen on their way to a disk */
	struct folio *wait;		/* one of them, referenced */
};

/* --- one page --- */

struct map_state {
	struct folio *f;
	u64 page;			/* of the folio, looked for at the moment */
	bool referenced, locked, exec;
	bool unknown;			/* who maps it could not be asked now */
};

static bool maps_it(pte_t e, const struct map_state *s)
{
	return pte_present(e) && !pte_special(e) && pte_pfn(e).v == folio_pfn(s->f).v + s->page;
}

static bool look_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	struct map_state *s = arg;

	(void)g;
	if (!maps_it(pt_cursor_read(c), s))
		return true;
	if (v->flags & VM_LOCKED)
		s->locked = true;
	if (pt_cursor_test_clear_young(c)) {
		s->referenced = true;
		s->exec |= (v->flags & VM_EXEC) != 0;
	}
	return !s->locked;
}

static bool unmap_entry(struct pt_cursor *c, struct vma *v, struct tlb_gather *g, void *arg)
{
	struct map_state *s = arg;

	if (!maps_it(pt_cursor_read(c), s))
		return true;
	(void)pt_cursor_clear(c, g);
	mm_count(v->mm, folio_test(s->f, FOLIO_SWAPBACKED) ? MM_SHMEM : MM_FILE, -1);
	return true;
}

/*
 * All mappings of all pages of the folio; it is locked, so its place in the file stays. It never waits: who allocates may
 * hold a lock of a file system, or that of this very file's mappings.
 */
static void walk_mappings(struct folio *f, rmap_fn fn, struct map_state *s)
{
	u64 n = folio_nr_pages(f);

	for (s->page = 0; s->page < n && atomic_read(&f->mapcount) && !s->locked && !s->unknown; s->page++)
		s->unknown = !rmap_try_walk_page(f->mapping, f->index + s->page, fn, s);
}

enum verdict { KEEP, ACTIVATE, GONE };

/* A page of a file; locked, one reference is ours. */
static enum verdict reclaim_file(struct folio *f, struct scan *sc)
{
	struct mapping *m = f->mapping;
	struct map_state s = { .f = f };
	u64 index = f->index, n = folio_nr_pages(f);

	if (!m || m->flags & MAPPING_UNEVICTABLE)
		return KEEP;
	if (atomic_read(&f->mapcount))
		walk_mappings(f, look_entry, &s);
	if (s.unknown)
		return KEEP;
	/* Read once is no use yet: FOLIO_ACTIVE comes with the second time. A mapped page has one round to be used again. */
	if (s.locked || folio_test(f, FOLIO_ACTIVE) || (s.referenced && (s.exec || folio_test(f, FOLIO_REFERENCED))))
		return ACTIVATE;
	if (s.referenced) {
		folio_set(f, FOLIO_REFERENCED);
		return KEEP;
	}
	if (folio_test(f, FOLIO_WRITEBACK)) {
		sc->writeback++;
		if (!sc->wait) {
			folio_get(f);
			sc->wait = f;
		}
		return KEEP;
	}
	if (folio_test(f, FOLIO_DIRTY)) {
		sc->writeback++;
		if (sc->gfp & GFP_FS && sc->gfp & GFP_IO)
			wb_wake(m->host);	/* write-back is the flusher's work */
		return KEEP;
	}
	if (atomic_read(&f->mapcount))
		walk_mappings(f, unmap_entry, &s);
	if (!folio_drop_clean(f))
		return KEEP;
	for (u64 i = 0; i < n; i++)
		workingset_evicted(m, index + i);
	sc->freed += n;
	return GONE;
}

/* A page of the swap cache, or of a memory file. Unlocks. */
static enum verdict reclaim_swapbacked(struct folio *f, struct scan *sc)
{
	if (folio_test(f, FOLIO_SWAPCACHE) && !atomic_read(&f->mapcount) && sc->gfp & GFP_IO) {
		if (swap_folio_reclaim(f)) {
			sc->freed++;
			return GONE;
		}
		if (folio_test(f, FOLIO_WRITEBACK))
			sc->writeback++;
		return KEEP;
	}
	if (f->mapping && !(READ_ONCE(f->mapping->flags) & MAPPING_LOCKED) && sc->gfp & GFP_IO && swap_free_pages()) {
		struct map_state s = { .f = f };

		if (atomic_read(&f->mapcount))
			walk_mappings(f, look_entry, &s);
		if (s.unknown) {
			folio_unlock(f);
			return KEEP;
		}
		if (s.locked || s.referenced || folio_test_clear(f, FOLIO_REFERENCED) || folio_test(f, FOLIO_ACTIVE)) {
			folio_unlock(f);
			return ACTIVATE;
		}
		if (atomic_read(&f->mapcount))
			walk_mappings(f, unmap_entry, &s);
		if (folio_test(f, FOLIO_UPTODATE) && !atomic_read(&f->mapcount) && shmem_swap_out(f)) {
			swap_write(f);		/* unlocks */
			sc->writeback++;
			return KEEP;
		}
	}
	folio_unlock(f);
	return KEEP;
}

static enum verdict reclaim_folio(struct folio *f, struct scan *sc)
{
	enum verdict v;

	if (!folio_trylock(f))
		return KEEP;
	if (folio_test(f, FOLIO_SWAPBACKED))
		return reclaim_swapbacked(f, sc);
	v = reclaim_file(f, sc);
	folio_unlock(f);
	return v;
}

/* --- lists --- */

static void scan_inactive(enum lru_kind kind, struct scan *sc)
{
	struct folio *batch[SCAN_BATCH];
	unsigned int n = lru_isolate((enum lru_list)(kind * 2), batch, SCAN_BATCH);

	vm_count(VM_EV_SCAN, n);
	for (unsigned int i = 0; i < n; i++) {
		sc->scanned += folio_nr_pages(batch[i]);
		if (reclaim_folio(batch[i], sc) == ACTIVATE)
			folio_set(batch[i], FOLIO_ACTIVE);
	}
	lru_putback(batch, n);
}

/* The old end of the active list has another look at life on the inactive one. */
static void shrink_active(enum lru_kind kind)
{
	struct folio *batch[SCAN_BATCH];
	unsigned int n = lru_isolate((enum lru_list)(kind * 2 + 1), batch, SCAN_BATCH);

	for (unsigned int i = 0; i < n; i++)
		if (!folio_test_clear(batch[i], FOLIO_REFERENCED))
			folio_clear(batch[i], FOLIO_ACTIVE);
	lru_putback(batch, n);
}

/* Inactive is to be at least a third of the kind, half in small machines. */
static bool inactive_low(enum lru_kind kind)
{
	u64 active = lru_count((enum lru_list)(kind * 2 + 1)), inactive = lru_count((enum lru_list)(kind * 2));

	return inactive * (mem_total_pages() > (1ul << 18) ? 2 : 1) < active;
}

static u64 kind_size(enum lru_kind kind)
{
	return lru_count((enum lru_list)(kind * 2)) + lru_count((enum lru_list)(kind * 2 + 1));
}

static void scan_lists(enum lru_kind kind, u64 nr, struct scan *sc)
{
	u64 end = sc->scanned + nr;

	while (sc->scanned < end && sc->freed < sc->wanted) {
		u64 before = sc->scanned;

		if (inactive_low(kind))
			shrink_active(kind);
		scan_inactive(kind, sc);
		if (sc->scanned == before)
			break;
		cond_resched();
	}
}

/* --- a pass --- */

/* What each kind cost lately: [a], halved as they grow, so old times are forgotten. */
static u64 cost_seen[2], cost[2];

static void costs_update(void)
{
	u64 now[2] = { (u64)vm_counter_read(VM_EV_SWPIN), (u64)vm_counter_read(VM_EV_REFAULT) };

	for (int i = 0; i < 2; i++) {
		WRITE_ONCE(cost[i], READ_ONCE(cost[i]) + now[i] - READ_ONCE(cost_seen[i]));
		WRITE_ONCE(cost_seen[i], now[i]);
	}
	if (READ_ONCE(cost[0]) + READ_ONCE(cost[1]) > kind_size(LRU_FILE) / 4 + 1024)
		for (int i = 0; i < 2; i++)
			WRITE_ONCE(cost[i], READ_ONCE(cost[i]) / 2);
}

/* Weight of anonymous memory in 1/256 of all that is looked at. */
static u64 anon_weight(const struct scan *sc)
{
	u64 sum = READ_ONCE(cost[0]) + READ_ONCE(cost[1]) + 64, swappiness = (u64)READ_ONCE(vm_swappiness), a, f;

	if (!swap_free_pages() || !(sc->gfp & GFP_IO) || !swappiness)
		return 0;
	/* Next to no file pages left: what there is, is needed. */
	if (kind_size(LRU_FILE) < mem_total_pages() / 64)
		return 255;
	a = swappiness * 256 * sum / (READ_ONCE(cost[0]) + sum / 2);
	f = (200 - swappiness) * 256 * sum / (READ_ONCE(cost[1]) + sum / 2);
	return a * 256 / (a + f + 1);
}

static void pass(struct scan *sc, int priority)
{
	u64 weight = anon_weight(sc), file = kind_size(LRU_FILE) >> priority;
	u64 anon = ((u64)vm_counter_read(VM_ANON) + kind_size(LRU_ANON)) >> priority;

	/* Equal weights mean: in proportion to size. */
	file = max_t(u64, file * (256 - weight) / 128, SCAN_BATCH);
	anon = weight ? max_t(u64, anon * weight / 128, SCAN_BATCH) : 0;
	scan_lists(LRU_FILE, file, sc);
	if (kind_size(LRU_ANON) && sc->gfp & GFP_IO)
		scan_lists(LRU_ANON, max_t(u64, kind_size(LRU_ANON) >> priority, SCAN_BATCH), sc);
	if (anon && sc->freed < sc->wanted)
		sc->writeback += (u32)swapout_scan(anon, max_t(u64, sc->wanted, SCAN_BATCH));
	if (sc->freed < sc->wanted && sc->gfp & GFP_FS)
		(void)shrinkers_run(1ul << priority, sc->gfp);
}

/* All that is old is on its way to a disk: wait for some of it to arrive. */
static void wait_for_writeback(struct scan *sc)
{
	if (sc->wait && folio_test(sc->wait, FOLIO_WRITEBACK)) {
		if (folio_wait_bit_killable(sc->wait, FOLIO_WRITEBACK))
			return;		/* being killed: look at what there is */
	} else {
		set_current_state(TASK_KILLABLE);
		schedule_until(clock_monotonic_ns() + WRITEBACK_PAUSE);
	}
}

/* What allocators keep for themselves. It interrupts all CPUs, so not each time, but before giving up. */
static void trim_caches(bool now)
{
	static u64 next;		/* [a] */
	u64 t = clock_monotonic_ns(), due = READ_ONCE(next);

	if (!now && (t < due || !try_cmpxchg(&next, &due, t + TRIM_PAUSE)))
		return;
	slab_shrink_all();
}

static u64 reclaim_some(u64 nr, gfp_t gfp)
{
	struct scan sc = { .gfp = gfp, .wanted = nr };
	u64 before = mem_free_pages(), after;

	lru_drain_all();
	costs_update();
	for (int priority = PRIORITY_MAX; priority >= 0 && sc.freed < nr; priority--) {
		sc.writeback = 0;
		pass(&sc, priority);
		after = mem_free_pages();
		if (after > before && after - before >= nr)
			break;
		if (sc.freed < nr && sc.writeback > SCAN_BATCH / 2 && priority < PRIORITY_MAX - 2 && gfp & GFP_IO)
			wait_for_writeback(&sc);
		if (sc.wait) {
			folio_put(sc.wait);
			sc.wait = NULL;
		}
		if (signal_fatal_pending(current_core()))
			break;
	}
	if (sc.freed < nr)
		trim_caches(!sc.freed && !sc.writeback);
	/* What is dirty will be clean: better to wait for it than to kill (reclaim_again()). */
	if (!sc.freed && gfp & GFP_IO && sc.writeback)
		wait_for_writeback(&sc);
	vm_count(VM_EV_STEAL, (s64)sc.freed);
	after = mem_free_pages();
	return max(sc.freed, after > before ? after - before : 0ul);
}

u64 reclaim_pages(u64 nr, unsigned int order, gfp_t gfp)
{
	struct task *t = current;
	u64 freed;

	(void)order;
	if (!(gfp & GFP_WAIT) || t->core.memalloc)
		return 0;
	might_sleep();
	t->core.memalloc = true;
	t->flags |= PF_MEMALLOC;
	freed = reclaim_some(nr, gfp);
	t->flags &= ~PF_MEMALLOC;
	t->core.memalloc = false;
	return freed;
}

bool reclaim_again(struct reclaim_patience *p, u64 freed)
{
	u64 now = clock_monotonic_ns();
	u64 wait = patience_next(p, freed, (u64)vm_counter_read(VM_EV_WRITTEN), vm_counter_read(VM_DIRTY) > 0,
				 vm_counter_read(VM_WRITEBACK) > 0, now);

	if (wait && wait != PATIENCE_GONE) {
		set_current_state(TASK_KILLABLE);
		schedule_until(now + wait);
	}
	return wait != PATIENCE_GONE;
}

/* --- the background thread --- */

static DEFINE_WAIT_QUEUE(kswapd_wait);
static bool kswapd_wanted;		/* [a] */
static bool kswapd_runs;		/* [a] */
static bool kswapd_hopeless;		/* [a] it found nothing: direct reclaim's findings wake it again */

void reclaim_wake(void)
{
	if (!READ_ONCE(kswapd_runs) || READ_ONCE(kswapd_wanted) || READ_ONCE(kswapd_hopeless))
		return;
	WRITE_ONCE(kswapd_wanted, true);
	wake_up(&kswapd_wait);
}

/* Up to the high watermarks. It does not rest before, unless nothing can be had any more. */
static int kswapd(void *unused)
{
	int failures = 0;

	(void)unused;
	WRITE_ONCE(kswapd_runs, true);
	for (;;) {
		u64 want;

		(void)wait_event_interruptible(&kswapd_wait, READ_ONCE(kswapd_wanted));
		while ((want = buddy_pages_wanted())) {
			if (reclaim_pages(min(want, 1024ul), 0, GFP_KERNEL))
				failures = 0;
			else if (++failures >= 16)
				break;
			cond_resched();
		}
		WRITE_ONCE(kswapd_wanted, false);
		if (!want) {
			failures = 0;
			continue;
		}
		/* Direct reclaim, and then the OOM killer, have the word; look again a little later. */
		WRITE_ONCE(kswapd_hopeless, true);
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + 50 * NSEC_PER_MSEC);
		WRITE_ONCE(kswapd_hopeless, false);
		failures = 8;
	}
	return 0;
}

static int reclaim_init(void)
{
	struct task_core *t = kthread_run(kswapd, NULL, -1, "kswapd0");

	return PTR_ERR_OR_ZERO(t);
}
INITCALL_SMP(reclaim_init);
