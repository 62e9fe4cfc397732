/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ageing of file pages: two lists. A page starts on `inactive`; when it was used again by the time the scan
 * reaches it, it goes to `active`; the tail of `active` comes back when inactive is the shorter list.
 * Pages of memory files and anonymous pages are on no list: without swap nobody can take them.
 *
 * A listed folio holds no reference for the list: its last put takes it off (folio_release). The scan
 * takes one with folio_try_get() under the list lock.
 *
 * Locks: lru_lock (LRU).
 */
#include <core/spinlock.h>
#include <core/upcall.h>
#include "internal.h"

static DEFINE_SPINLOCK(lru_lock, LRU);
static struct list_head lists[LRU_NR] = {
	LIST_HEAD_INIT(lists[LRU_INACTIVE]), LIST_HEAD_INIT(lists[LRU_ACTIVE]),
};
static u64 nr_on[LRU_NR];		/* [lru_lock] */

static enum vm_counter counter_of(enum lru_list l)
{
	return l == LRU_ACTIVE ? VM_ACTIVE_FILE : VM_INACTIVE_FILE;
}

static void link_to(struct folio *f, enum lru_list l)
{
	list_add(&f->lru, &lists[l]);
	nr_on[l]++;
	vm_count(counter_of(l), 1);
}

static void unlink_from(struct folio *f, enum lru_list l)
{
	list_del(&f->lru);
	nr_on[l]--;
	vm_count(counter_of(l), -1);
}

/* Which list a listed folio is on: FOLIO_ACTIVE may run ahead, FOLIO_WORKINGSET says the truth. */
static enum lru_list list_of(const struct folio *f)
{
	return folio_test(f, FOLIO_WORKINGSET) ? LRU_ACTIVE : LRU_INACTIVE;
}

void lru_add(struct folio *f)
{
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	if (!folio_test(f, FOLIO_LRU)) {
		folio_set(f, FOLIO_LRU);
		link_to(f, LRU_INACTIVE);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

void folio_release(struct folio *f)
{
	u64 flags;

	if (!folio_test(f, FOLIO_LRU))
		return;
	spin_lock_irqsave(&lru_lock, flags);
	if (folio_test(f, FOLIO_LRU)) {
		unlink_from(f, list_of(f));
		folio_clear(f, FOLIO_LRU);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

/* Move a listed folio to the head of a list. */
void lru_move(struct folio *f, enum lru_list to)
{
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	if (folio_test(f, FOLIO_LRU)) {
		unlink_from(f, list_of(f));
		if (to == LRU_ACTIVE) {
			folio_set(f, FOLIO_WORKINGSET);
			folio_set(f, FOLIO_ACTIVE);
		} else {
			folio_clear(f, FOLIO_WORKINGSET);
			folio_clear(f, FOLIO_ACTIVE);
		}
		link_to(f, to);
	}
	spin_unlock_irqrestore(&lru_lock, flags);
}

/* Up to n folios from the tail of a list, referenced; they move to its head, so the next call sees others. */
unsigned int lru_peek(enum lru_list l, struct folio **out, unsigned int n)
{
	unsigned int got = 0, looked = 0;
	u64 flags;

	spin_lock_irqsave(&lru_lock, flags);
	while (got < n && looked++ < 2 * n && !list_empty(&lists[l])) {
		struct folio *f = list_last_entry(&lists[l], struct folio, lru);

		list_move(&f->lru, &lists[l]);
		if (folio_try_get(f))
			out[got++] = f;
	}
	spin_unlock_irqrestore(&lru_lock, flags);
	return got;
}

u64 lru_count(enum lru_list l)
{
	return READ_ONCE(nr_on[l]);
}
