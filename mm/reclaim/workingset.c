/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Pages that were dropped a while ago: does one that comes back belong to the working set?
 *
 * A page that is read again after `distance` other pages were dropped would still be here if the
 * inactive list had been so much longer. If that is no more than what the active list holds, the page
 * is at least as hot as something there: it starts as active. A stream that is read once never comes
 * back; a loop that is too long for memory comes back at a distance that is too long.
 *
 * What was dropped is remembered in a table of fixed size, about one word for each page of memory: buckets of
 * 15 short names, each with a hand that goes round. Name and bucket are a hash of mapping and index. How
 * far the hand has gone since, times the number of buckets, is the distance. There are no entries to be
 * freed, and a name that is met by mistake (once in some hundred million) does no harm.
 *
 * Without locks: hands move by atomic addition, a lost name is a page whose age is not known.
 */
#include <base/math.h>
#include <core/init.h>
#include <core/page.h>
#include "internal.h"

#define NAMES	15u

struct bucket {
	u32 hand;			/* [a] names ever put in */
	u32 name[NAMES];		/* [a] 0: none */
};
static_assert(sizeof(struct bucket) == 64, "one line of the cache");

static struct bucket *buckets;		/* [I] NULL: no memory for it */
static u64 nr_buckets __ro_after_init;
static bool used;			/* [a] something was dropped */

static u64 hash(const struct mapping *m, u64 index)
{
	u64 h = ((u64)m >> 4) * 0x9e3779b97f4a7c15ul ^ index * 0xc2b2ae3d27d4eb4ful;

	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ul;
	return h ^ h >> 32;
}

static u32 name_of(u64 h)
{
	return (u32)(h >> 32) | 1;
}

void workingset_evicted(struct mapping *m, u64 index)
{
	u64 h = hash(m, index);
	struct bucket *b;

	if (!buckets)
		return;
	b = &buckets[(u32)h % nr_buckets];
	WRITE_ONCE(b->name[__atomic_fetch_add(&b->hand, 1, __ATOMIC_RELAXED) % NAMES], name_of(h));
	if (!READ_ONCE(used))
		WRITE_ONCE(used, true);
}

bool workingset_refault(struct mapping *m, u64 index)
{
	u64 h, active = lru_count(LRU_ACTIVE_FILE), inactive = lru_count(LRU_INACTIVE_FILE), distance;
	struct bucket *b;
	u32 hand;

	if (!READ_ONCE(used))
		return false;
	h = hash(m, index);
	b = &buckets[(u32)h % nr_buckets];
	for (u32 i = 0; i < NAMES; i++) {
		if (READ_ONCE(b->name[i]) != name_of(h))
			continue;
		hand = READ_ONCE(b->hand);
		WRITE_ONCE(b->name[i], 0);
		/* Names written after it: from i + 1 up to the hand. */
		distance = (u64)((hand - 1 - i) % NAMES) * nr_buckets;
		vm_count(VM_EV_REFAULT, 1);
		if (distance > max(active, inactive / 8))
			return false;
		vm_count(VM_EV_ACTIVATE, 1);
		return true;
	}
	return false;
}

static int workingset_init(void)
{
	nr_buckets = max(mem_total_pages() / NAMES, 1ul);
	buckets = kvmalloc(nr_buckets * sizeof(*buckets), GFP_KERNEL | GFP_ZERO);
	return 0;
}
INITCALL_SMP(workingset_init);
