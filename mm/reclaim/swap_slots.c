/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Slots of swap areas: which are free, how often each is used, and which page in memory equals it (the swap
 * cache's index; swap_cache.c has the folios' side). All of it is one word a slot, so that putting a page into
 * the cache needs no memory.
 *
 * An area is cut into clusters. Each CPU has one of its own, which it fills from hint to end, so pages
 * that go together lie together and CPUs do not meet; when it is full the CPU takes a free one, else one with
 * holes, else a slot out of another CPU's. A cluster has its lock, for its slots; the area's lock, inside of
 * it, is taken when a cluster goes from list to list: once in 256 slots. Areas of equal priority take turns, a
 * cluster each: a CPU stays with an area for that long (swap_cpu) and asks avail_lock then. No step's
 * cost grows with the area's size.
 *
 * A cluster that became empty is discarded before it is used again, where that was asked for
 * (SWAP_FLAG_DISCARD_PAGES), unless nothing else is left.
 *
 * Areas are found under RCU: who holds an entry in use keeps its area; whoever looks with an old one finds the
 * area gone, or the slot not in use or somebody else's, and has to compare.
 */
#include <base/bits.h>
#include <base/math.h>
#include <core/cpumask.h>
#include <core/percpu.h>
#include <core/rcu.h>
#include <core/spinlock.h>
#include <core/upcall.h>
#include <uapi/linux/swap.h>
#include "internal.h"
#include "swap.h"

struct swap_area *swap_areas[MAX_AREAS];

/* Writable areas in the order in which they are filled. */
static DEFINE_SPINLOCK(avail_lock, SWAP_AREAS);
static LIST_HEAD(avail);		/* [avail_lock] swap_area.link, highest priority first */
static u32 avail_gen;			/* [avail_lock; a] changes with the list */

struct swap_cpu {
	struct swap_area *area;		/* valid while gen is avail_gen; own CPU, preemption off */
	u32 gen, left;			/* slots until the next area has its turn */
};
static DEFINE_PERCPU(struct swap_cpu, swap_cpu);

u64 swap_total_pages(void)
{
	u64 n = 0;

	rcu_read_lock();
	for (u32 i = 0; i < MAX_AREAS; i++) {
		const struct swap_area *a = rcu_dereference(swap_areas[i]);

		if (a && READ_ONCE(a->writable))
			n += a->nr_good;
	}
	rcu_read_unlock();
	return n;
}

/* What is on an area that is being switched off counts as used as long as it is. */
u64 swap_free_pages(void)
{
	u64 n = 0;

	rcu_read_lock();
	for (u32 i = 0; i < MAX_AREAS; i++) {
		const struct swap_area *a = rcu_dereference(swap_areas[i]);

		if (a && READ_ONCE(a->writable))
			n += (u64)atomic64_read(&a->nr_free);
	}
	rcu_read_unlock();
	return n;
}

/* --- areas come and go --- */

int area_slots_init(struct swap_area *a)
{
	a->nr_clusters = DIV_ROUND_UP(a->max, CLUSTER);
	a->slots = kvmalloc(a->max * sizeof(*a->slots), GFP_KERNEL | GFP_ZERO);
	a->clusters = kvmalloc(a->nr_clusters * sizeof(*a->clusters), GFP_KERNEL | GFP_ZERO);
	a->cpu_cluster = kcalloc((size_t)nr_cpus, sizeof(*a->cpu_cluster), GFP_KERNEL);
	if (!a->slots || !a->clusters || !a->cpu_cluster)
		return -ENOMEM;
	spin_lock_init(&a->lock, SWAP);
	list_init(&a->free);
	list_init(&a->partial);
	list_init(&a->discard);
	for (u64 c = 0; c < a->nr_clusters; c++)
		spin_lock_init(&a->clusters[c].lock, SWAP);
	area_slots_bad(a, 0);
	return 0;
}

void area_slots_bad(struct swap_area *a, u64 slot)
{
	a->slots[slot] = SLOT_BAD;
}

void area_slots_ready(struct swap_area *a)
{
	for (u64 c = 0; c < a->nr_clusters; c++) {
		struct swap_cluster *cl = &a->clusters[c];

		for (u32 i = 0; i < CLUSTER; i++) {
			u64 slot = c * CLUSTER + i;

			if (slot >= a->max || a->slots[slot])
				cl->used[i / 64] |= 1ul << (i % 64);
			else
				cl->good++;
		}
		cl->free = cl->good;
		cl->state = cl->good ? CLUSTER_FREE : CLUSTER_FULL;
		list_init(&cl->link);
		if (cl->good)
			list_add_tail(&cl->link, &a->free);
		a->nr_good += cl->good;
	}
	atomic64_set(&a->nr_free, (s64)a->nr_good);
}

void area_slots_free(struct swap_area *a)
{
	kvfree(a->slots);
	kvfree(a->clusters);
	kfree(a->cpu_cluster);
}

/* avail_lock held. Behind those of the same priority. */
static void area_link(struct swap_area *a)
{
	struct list_head *at = &avail;
	struct swap_area *o;

	list_for_each_entry(o, &avail, link) {
		if (o->prio < a->prio) {
			at = &o->link;
			break;
		}
	}
	list_add_tail(&a->link, at);
}

void swap_area_start(struct swap_area *a)
{
	rcu_assign_pointer(swap_areas[a->nr], a);
	swap_area_writable(a, true);
}

void swap_area_writable(struct swap_area *a, bool on)
{
	u64 flags;

	spin_lock_irqsave(&avail_lock, flags);
	if (a->writable != on) {
		WRITE_ONCE(a->writable, on);
		if (on)
			area_link(a);
		else
			list_del(&a->link);
		WRITE_ONCE(avail_gen, avail_gen + 1);
	}
	spin_unlock_irqrestore(&avail_lock, flags);
	if (!on)
		synchronize_rcu_expedited();	/* a slot_take() that chose it before */
}

void swap_area_raise(struct swap_area *a)
{
	u64 flags;

	spin_lock_irqsave(&avail_lock, flags);
	a->prio++;
	spin_unlock_irqrestore(&avail_lock, flags);
}

void swap_area_stop(struct swap_area *a)
{
	VERIFY(!a->writable && (u64)atomic64_read(&a->nr_free) == a->nr_good);
	rcu_assign_pointer(swap_areas[a->nr], NULL);
	synchronize_rcu_expedited();
}

/* --- clusters --- */

/* The next free slot of the cluster at or behind the hint, else before it; CLUSTER: none. Its lock held. */
static u32 find_free(const struct swap_cluster *cl)
{
	u32 at = cl->hint % CLUSTER;

	for (u32 n = 0; n <= CLUSTER_WORDS; n++) {
		u32 w = (at / 64 + n) % CLUSTER_WORDS;
		u64 free = ~cl->used[w];

		/* The hint's own word comes twice: what is behind it first, the rest last. */
		if (!n)
			free &= ~0ul << (at % 64);
		if (free)
			return w * 64 + (u32)__builtin_ctzl(free);
	}
	return CLUSTER;
}

/* A slot of the cluster gets the word: its number, or 0 (which is the header's). */
static u64 cluster_take(struct swap_area *a, u64 c, u64 word)
{
	struct swap_cluster *cl = &a->clusters[c];
	u64 flags, slot = 0;

	spin_lock_irqsave(&cl->lock, flags);
	if (cl->free) {
		u32 i = find_free(cl);

		slot = c * CLUSTER + i;
		VERIFY(i < CLUSTER && !a->slots[slot]);
		cl->used[i / 64] |= 1ul << (i % 64);
		cl->hint = (u16)(i + 1);
		cl->free--;
		a->slots[slot] = word;
		atomic64_dec(&a->nr_free);
	}
	spin_unlock_irqrestore(&cl->lock, flags);
	return slot;
}

/* This CPU's cluster has nothing left. False: it has again. */
static bool cluster_leave(struct swap_area *a, u64 c)
{
	struct swap_cluster *cl = &a->clusters[c];
	u64 flags;
	bool left;

	spin_lock_irqsave(&cl->lock, flags);
	left = !cl->free;
	if (left) {
		spin_lock_nested(&a->lock, 1);
		cl->state = CLUSTER_FULL;
		spin_unlock(&a->lock);
	}
	spin_unlock_irqrestore(&cl->lock, flags);
	return left;
}

/* Another cluster for this CPU: its number and one more; 0: there is none. */
static u32 cluster_get(struct swap_area *a)
{
	struct list_head *const lists[] = { &a->free, &a->partial, &a->discard };
	struct swap_cluster *cl = NULL;
	u64 flags;

	spin_lock_irqsave(&a->lock, flags);
	for (u32 i = 0; i < ARRAY_SIZE(lists) && !cl; i++)
		cl = list_first_entry_or_null(lists[i], struct swap_cluster, link);
	if (cl) {
		list_del_init(&cl->link);
		cl->state = CLUSTER_OWNED;
	}
	spin_unlock_irqrestore(&a->lock, flags);
	return cl ? (u32)(cl - a->clusters) + 1 : 0;
}

/* Preemption is off. */
static u64 area_take(struct swap_area *a, u64 word)
{
	u32 *mine = &a->cpu_cluster[this_cpu_id()];
	u64 slot;
	int cpu;

	while (atomic64_read(&a->nr_free) > 0) {
		if (*mine) {
			slot = cluster_take(a, *mine - 1, word);
			if (slot)
				return slot;
			if (!cluster_leave(a, *mine - 1))
				continue;
		}
		WRITE_ONCE(*mine, cluster_get(a));
		if (!*mine)
			break;
	}
	/* The last ones are in other CPUs' hands. */
	for_each_possible_cpu(cpu) {
		u32 c = READ_ONCE(a->cpu_cluster[cpu]);

		slot = c ? cluster_take(a, c - 1, word) : 0;
		if (slot)
			return slot;
	}
	return 0;
}

/* The slot's word is 0 now. Its cluster's lock held. */
static void slot_freed(struct swap_area *a, struct swap_cluster *cl, u64 slot)
{
	u32 i = (u32)(slot % CLUSTER);

	cl->used[i / 64] &= ~(1ul << (i % 64));
	cl->free++;
	atomic64_inc(&a->nr_free);
	if (cl->free != 1 && cl->free != cl->good)
		return;
	spin_lock_nested(&a->lock, 1);
	if (cl->state == CLUSTER_FULL || cl->state == CLUSTER_PARTIAL) {
		bool empty = cl->free == cl->good;

		list_del_init(&cl->link);
		cl->hint = 0;
		cl->state = !empty ? CLUSTER_PARTIAL : a->want_discard ? CLUSTER_DISCARD : CLUSTER_FREE;
		list_add_tail(&cl->link, !empty ? &a->partial : a->want_discard ? &a->discard : &a->free);
		if (empty && a->want_discard)
			work_queue(system_wq, &a->discard_work);
	}
	spin_unlock(&a->lock);
}

/* --- taking --- */

/* From the areas by priority; equal ones change places. */
static u64 take_slow(struct swap_cpu *me, u64 word)
{
	struct swap_area *a;
	u64 flags, entry = 0;

	spin_lock_irqsave(&avail_lock, flags);
	list_for_each_entry(a, &avail, link) {
		u64 slot;

		if (atomic64_read(&a->nr_free) <= 0)
			continue;
		slot = area_take(a, word);
		if (!slot)
			continue;
		entry = area_entry(a, slot);
		list_del(&a->link);
		area_link(a);
		me->area = a;
		me->gen = avail_gen;
		me->left = CLUSTER - 1;
		break;
	}
	spin_unlock_irqrestore(&avail_lock, flags);
	return entry;
}

u64 slot_take(const struct folio *f)
{
	u64 word = folio_pfn(f).v << SLOT_PFN_SHIFT, slot, entry = 0;
	struct swap_cpu *me;

	VERIFY(slot_pfn(word) == folio_pfn(f).v);
	rcu_read_lock();
	me = this_cpu_ptr(swap_cpu);
	if (me->left && me->gen == READ_ONCE(avail_gen)) {
		slot = area_take(me->area, word);
		if (slot) {
			me->left--;
			entry = area_entry(me->area, slot);
		}
	}
	if (!entry)
		entry = take_slow(me, word);
	rcu_read_unlock();
	return entry;
}

/* --- discarding --- */

/* A device is one extent; nobody takes a cluster that is on no list. */
static void area_discard(struct work *w)
{
	struct swap_area *a = container_of(w, struct swap_area, discard_work);
	struct block_device *b;
	struct swap_cluster *cl;
	sector_t sector;
	u64 flags;

	for (;;) {
		spin_lock_irqsave(&a->lock, flags);
		cl = list_first_entry_or_null(&a->discard, struct swap_cluster, link);
		if (cl) {
			list_del_init(&cl->link);
			cl->state = CLUSTER_DISCARDING;
		}
		spin_unlock_irqrestore(&a->lock, flags);
		if (!cl)
			return;
		/* The first has the header, the last may be short: only whole ones. */
		if (cl->good == CLUSTER) {
			area_locate(a, (u64)(cl - a->clusters) * CLUSTER, &b, &sector);
			(void)bdev_discard(b, sector, (sector_t)CLUSTER << (PAGE_SHIFT - SECTOR_SHIFT));
		}
		spin_lock_irqsave(&a->lock, flags);
		cl->state = CLUSTER_FREE;
		list_add_tail(&cl->link, &a->free);
		spin_unlock_irqrestore(&a->lock, flags);
	}
}

void area_discard_init(struct swap_area *a)
{
	work_init(&a->discard_work, area_discard);
}

/* --- one slot --- */

/* The cluster of an entry, locked; NULL: there is no such slot. */
static struct swap_cluster *entry_lock(u64 entry, struct swap_area **area, u64 *flags)
{
	u64 slot = swap_entry_slot(entry);
	struct swap_cluster *cl;
	struct swap_area *a;

	rcu_read_lock();
	a = entry_area(entry);
	if (unlikely(!a || slot >= a->max)) {
		rcu_read_unlock();
		return NULL;
	}
	cl = &a->clusters[slot / CLUSTER];
	spin_lock_irqsave(&cl->lock, *flags);
	*area = a;
	return cl;
}

static void entry_unlock(struct swap_cluster *cl, u64 flags)
{
	spin_unlock_irqrestore(&cl->lock, flags);
	rcu_read_unlock();
}

u64 slot_word(const struct swap_area *a, u64 slot)
{
	return READ_ONCE(a->slots[slot]);
}

void swap_entry_get(u64 entry)
{
	struct swap_cluster *cl;
	struct swap_area *a;
	u64 flags, *word;

	if (unlikely(swap_entry_is_lost(entry)))
		return;
	cl = entry_lock(entry, &a, &flags);
	VERIFY(cl);
	word = &a->slots[swap_entry_slot(entry)];
	VERIFY(*word && slot_uses(*word) < SLOT_BAD - 1);
	++*word;
	entry_unlock(cl, flags);
}

u32 swap_entry_used(u64 entry)
{
	struct swap_cluster *cl;
	struct swap_area *a;
	u64 flags, *word;
	u32 left;

	if (unlikely(swap_entry_is_lost(entry)))
		return 1;
	cl = entry_lock(entry, &a, &flags);
	VERIFY(cl);
	word = &a->slots[swap_entry_slot(entry)];
	VERIFY(slot_uses(*word) - 1 < SLOT_BAD - 1);
	--*word;
	left = slot_uses(*word);
	if (!*word)
		slot_freed(a, cl, swap_entry_slot(entry));
	entry_unlock(cl, flags);
	return left;
}

void swap_entry_put(u64 entry)
{
	struct folio *f;

	if (swap_entry_used(entry))
		return;
	/* The copy in memory, if there is one, is of no use any more; if somebody is at it, reclaim drops it. */
	f = swap_cache_get(entry);
	if (!f)
		return;
	if (folio_trylock(f)) {
		if (folio_test(f, FOLIO_SWAPCACHE) && folio_swap_entry(f) == entry && !atomic_read(&f->mapcount) &&
		    !folio_test(f, FOLIO_WRITEBACK) && !swap_entry_count(entry))
			swap_cache_del(f);
		folio_unlock(f);
	}
	folio_put(f);
}

u32 swap_entry_count(u64 entry)
{
	struct swap_cluster *cl;
	struct swap_area *a;
	u64 flags;
	u32 n;

	cl = entry_lock(entry, &a, &flags);
	if (!cl)
		return 0;
	n = slot_uses(a->slots[swap_entry_slot(entry)]);
	entry_unlock(cl, flags);
	return n;
}

bool swap_entry_scarce(u64 entry)
{
	return swap_free_pages() < swap_total_pages() / 2 || !READ_ONCE(entry_area(entry)->writable);
}

/* --- the page in memory --- */

struct folio *swap_cache_get(u64 entry)
{
	struct folio *f = NULL;
	struct swap_cluster *cl;
	struct swap_area *a;
	u64 flags, frame;

	cl = entry_lock(entry, &a, &flags);
	if (!cl)
		return NULL;
	frame = slot_pfn(a->slots[swap_entry_slot(entry)]);
	if (frame) {
		f = pfn_folio(pfn(frame));
		folio_get(f);
	}
	entry_unlock(cl, flags);
	return f;
}

int slot_cache(u64 entry, const struct folio *f)
{
	struct swap_cluster *cl;
	struct swap_area *a;
	u64 flags, *word;
	int err = 0;

	cl = entry_lock(entry, &a, &flags);
	if (!cl)
		return -ENOENT;
	word = &a->slots[swap_entry_slot(entry)];
	if (!*word || slot_uses(*word) == SLOT_BAD)
		err = -ENOENT;
	else if (slot_pfn(*word))
		err = -EEXIST;
	else
		*word |= folio_pfn(f).v << SLOT_PFN_SHIFT;
	entry_unlock(cl, flags);
	return err;
}

void slot_uncache(u64 entry, const struct folio *f)
{
	struct swap_cluster *cl;
	struct swap_area *a;
	u64 flags, *word;

	cl = entry_lock(entry, &a, &flags);
	VERIFY(cl);
	word = &a->slots[swap_entry_slot(entry)];
	VERIFY(slot_pfn(*word) == folio_pfn(f).v);
	*word &= SLOT_USES;
	if (!*word)
		slot_freed(a, cl, swap_entry_slot(entry));
	entry_unlock(cl, flags);
}
