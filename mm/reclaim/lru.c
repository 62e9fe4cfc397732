/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Lists by which pages age. Two kinds: pages of files on disks, and pages that need swap to be taken (of
 * memory files, and of the swap cache; anonymous pages outside of it are on no list, their age stands in
 * the page tables: mm/vm/swapout.c). Each kind has two lists: a page starts on `inactive`; used again by
 * the time the scan reaches it, it goes to `active`; the old end of `active` comes back when inactive is
 * short. A page that comes back soon after it was dropped starts on active (workingset.c): so a working
 * set stays while a file larger than memory streams by.
 *
 * A listed folio holds no reference for the list: its last put takes it off (folio_release). New file
 * pages wait in a batch of their CPU (with a reference) and join fifteen at a time, so reading a file
 * does not take the list's lock for each page. The scan isolates a few at a time, with a reference, off
 * the lists.
 *
 * Locks: a batch's own, then lru_lock (both LRU, the latter as subclass 1).
 */
#include <core/percpu.h>
#include <core/preempt.h>
#include <core/cpumask.h>
#include <core/spinlock.h>
#include <core/upcall.h>
#include "internal.h"

#define BATCH	15u

struct lru_batch {
	spinlock_t lock;		/* class LRU */
	u32 nr;				/* [lock] */
	struct folio *folios[BATCH];	/* [lock] referenced */
};
static DEFINE_PERCPU_ALIGNED(struct lru_batch, lru_batch) = { .lock = SPINLOCK_INIT(LRU) };

static DEFINE_SPINLOCK(lru_lock, LRU);
static struct list_head lists[LRU_NR] = {
	LIST_HEAD_INIT(lists[0]), LIST_HEAD_INIT(lists[1]), LIST_HEAD_INIT(lists[2]), LIST_HEAD_INIT(lists[3]),
};
static u64 nr_on[LRU_NR];		/* [lru_lock] pages */

static const enum vm_counter counters[LRU_NR] = {
	VM_INACTIVE_ANON, VM_ACTIVE_ANON, VM_INACTIVE_FILE, VM_ACTIVE_FILE,
};

/* Which list a listed folio is on: FOLIO_ACTIVE may run ahead, FOLIO_WORKINGSET says the truth. */
static enum lru_list list_of(const struct folio *f)
{
	return (enum lru_list)((folio_test(f, FOLIO_SWAPBACKED) ? 0 : 2) + folio_test(f, FOLIO_WORKINGSET));
}

/* lru_lock held by all of these. */
static void count(enum lru_list l, s64 n)
{
	nr_on[l] += (u64)n;
	vm_count(counters[l], n);
}

static void link_to(struct folio *f, bool old_end)
{
	enum lru_list l;

	if (folio_test(f, FOLIO_LRU))
		return;
	if (folio_test(f, FOLIO_ACTIVE))
		folio_set(f, FOLIO_WORKINGSET);
	else
		folio_clear(f, FOLIO_WORKINGSET);
	l = list_of(f);
	folio_set(f, FOLIO_LRU);
	if (old_end)
		list_add_tail(&f->lru, &lists[l]);
	else
		list_add(&f->lru, &lists[l]);
	count(l, (s64)folio_nr_pages(f));
}

static void unlink(struct folio *f)
{
	list_del(&f->lru);
	count(list_of(f), -(s64)folio_nr_pages(f));
	folio_clear(f, FOLIO_LRU);
}

/* Batch's lock held. What is to be put, by the caller without the lock. */
static u32 batch_drain(struct lru_batch *b, struct folio *put[BATCH])
{
	u32 n = b->nr;

	spin_lock_nested(&lru_lock, 1);
	for (u32 i = 0; i < n; i++) {
		put[i] = b->folios[i];
		if (folio_refcount(put[i]) > 1)
			link_to(put[i], false);
	}
	spin_unlock(&lru_lock);
	b->nr = 0;
	return n;
}

static void put_all(struct folio **f, u32 n)
{
	for (u32 i = 0; i < n; i++)
		folio_put(f[i]);
}

void lru_add(struct folio *f)
{
	struct folio *put[BATCH];
	struct lru_batch *b;
	u64 flags;
	u32 n = 0;

	if (folio_test(f, FOLIO_SWAPBACKED)) {
		spin_lock_irqsave(&lru_lock, flags);
		link_to(f, false);
		spin_unlock_irqrestore(&lru_lock, flags);
		return;
	}
	folio_get(f);
	preempt_disable();
	b = this_cpu_ptr(lru_batch);
	spin_lock_irqsave(&b->lock, flags);
	b->folios[b->nr++] = f;
	if (b->nr == BATCH)
		n = batch_drain(b, put);
	spin_unlock_irqrestore(&b->lock, flags);
	preempt_enable();
	put_all(put, n);
}

void lru_drain_all(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct lru_batch *b = per_cpu_ptr(lru_batch, cpu);
		struct folio *put[BATCH];
		u64 flags;
		u32 n;

		if (!READ_ONCE(b->nr))
			continue;
		spin_lock_irqsave(&b->lock, flags);
		n = batch_drain(b, put);
		spin_unlock_irqrestore(&b->lock, flags);
		put_all(put, n);
	}
}

void lru_del(struct folio *f)
{
	u64 flags;

	if (!folio_test(f, FOLIO_LRU))
		return;
	spin_lock_irqsave(&lru_lock, flags);
	if (folio_test(f, FOLIO_LRU))
		unlink(f);
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_release(struct folio *f)
{
	lru_del(f);
}

void lru_rotate(struct folio *f)
{
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	if (folio_test(f, FOLIO_LRU) && !folio_test(f, FOLIO_WORKINGSET))
		list_move_tail(&f->lru, &lists[list_of(f)]);
	spin_unlock_irqrestore(&lru_lock, flags);
}

void lru_deactivate(struct folio *f)
{
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	folio_clear(f, FOLIO_ACTIVE);
	if (folio_test(f, FOLIO_LRU) && folio_test(f, FOLIO_WORKINGSET)) {
		unlink(f);
		link_to(f, false);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

unsigned int lru_isolate(enum lru_list l, struct folio **out, unsigned int n)
{
	unsigned int got = 0, looked = 0;
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	while (got < n && looked++ < 2 * n && !list_empty(&lists[l])) {
		struct folio *f = list_last_entry(&lists[l], struct folio, lru);

		if (folio_try_get(f)) {
			unlink(f);
			out[got++] = f;
		} else {
			list_move(&f->lru, &lists[l]);	/* about to be freed, by itself */
		}
	}
	spin_unlock_irqrestore(&lru_lock, flags);
	return got;
}

void lru_putback(struct folio **f, unsigned int n)
{
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	for (unsigned int i = 0; i < n; i++)
		if (folio_refcount(f[i]) > 1)
			link_to(f[i], false);
	spin_unlock_irqrestore(&lru_lock, flags);
	put_all(f, n);
}

u64 lru_count(enum lru_list l)
{
	return READ_ONCE(nr_on[l]);
}
