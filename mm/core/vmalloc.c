/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Kernel virtual memory: areas between VMALLOC_START and VMALLOC_END, each followed by an unmapped
 * guard page. vmalloc() fills an area with single pages; MMIO windows and per-CPU chunks take bare
 * areas (kva_alloc).
 *
 * An area is in the tree from its allocation until a purge. Freed areas are unmapped at once but
 * keep their addresses ("lazy"): only when LAZY_MAX pages of them have gathered, one flush of all TLBs
 * makes the addresses usable again. Addresses are handed out upwards from the last one (next fit), and
 * from the lowest again after a purge: page tables and KASAN's shadow of them do not grow without end.
 *
 * Kernel stacks come and go with every fork: each CPU keeps a few areas of that size mapped
 * (stash), contents undefined.
 *
 * Locks: kva_lock (VMALLOC) for tree and lists. The rest is owned by the area's owner.
 */
#include <base/assert.h>
#include <base/errno.h>
#include <base/list.h>
#include <base/math.h>
#include <base/rbtree.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/machine.h>
#include <core/page.h>
#include <core/slab.h>
#include <core/smp.h>
#include <core/spinlock.h>
#include <core/task_core.h>
#include "frames.h"
#include "internal.h"
#include "kasan.h"

#define LAZY_MAX	4096ul		/* pages */
#define STASH_PAGES	(KSTACK_SIZE / PAGE_SIZE)
#define STASH_NR	8u

struct kva {
	struct rb_node node;		/* [kva_lock] */
	u64 start, size;		/* [I] without the guard page */
	bool lazy;			/* [kva_lock] */
	struct list_head lazy_link;	/* [kva_lock] */
	u64 nr_pages;			/* [I] of vmalloc */
	struct folio *pages[];		/* [I] */
};

static DEFINE_SPINLOCK(kva_lock, VMALLOC);
static struct rb_root kvas = RB_ROOT;		/* [kva_lock] */
static LIST_HEAD(lazy_list);			/* [kva_lock] */
static u64 lazy_pages;				/* [kva_lock] */
static u64 kva_base __ro_after_init;
static u64 kva_hint;				/* [kva_lock] where the search goes on */

struct stash {
	u32 busy;
	u32 nr;
	void *areas[STASH_NR];
};
static DEFINE_PERCPU(struct stash, stash);

/* First area that ends above va. kva_lock held. */
static struct kva *kva_above(u64 va)
{
	struct rb_node *n = kvas.node;
	struct kva *best = NULL;

	while (n) {
		struct kva *k = rb_entry(n, struct kva, node);

		if (k->start + k->size + PAGE_SIZE > va) {
			best = k;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

/* A hole of `need` bytes in [from, to); 0 when there is none. kva_lock held. */
static u64 hole_find(u64 from, u64 to, u64 need)
{
	struct kva *k = kva_above(from);

	for (;;) {
		u64 end = k ? min(k->start, to) : to;

		if (end > from && end - from >= need)
			return from;
		if (!k || end == to)
			return 0;
		from = k->start + k->size + PAGE_SIZE;
		k = rb_entry_safe(rb_next(&k->node), struct kva, node);
	}
}

static void kva_link(struct kva *k)
{
	struct rb_node **p = &kvas.node, *parent = NULL;

	while (*p) {
		parent = *p;
		p = k->start < rb_entry(parent, struct kva, node)->start ? &parent->left : &parent->right;
	}
	rb_link_node(&k->node, parent, p);
	rb_insert(&k->node, &kvas);
}

/* Flush once, then the addresses of all lazy areas are free. May sleep: interrupts on. */
static void kva_purge(void)
{
	LIST_HEAD(dead);
	struct kva *k, *n;
	u64 flags;

	spin_lock_irqsave(&kva_lock, flags);
	list_splice_init(&lazy_list, &dead);
	lazy_pages = 0;
	kva_hint = kva_base;
	spin_unlock_irqrestore(&kva_lock, flags);
	if (list_empty(&dead))
		return;
	tlb_flush_kernel(VMALLOC_START, VMALLOC_END);
	list_for_each_entry_safe(k, n, &dead, lazy_link) {
		spin_lock_irqsave(&kva_lock, flags);
		rb_erase(&k->node, &kvas);
		spin_unlock_irqrestore(&kva_lock, flags);
		kvfree(k);
	}
}

static int kva_place(struct kva *k)
{
	u64 flags, at;

	for (int tries = 0; tries < 2; tries++) {
		spin_lock_irqsave(&kva_lock, flags);
		at = hole_find(kva_hint, VMALLOC_END, k->size + PAGE_SIZE);
		if (!at)
			at = hole_find(kva_base, VMALLOC_END, k->size + PAGE_SIZE);
		if (at) {
			k->start = at;
			kva_hint = at + k->size + PAGE_SIZE;
			kva_link(k);
			spin_unlock_irqrestore(&kva_lock, flags);
			if (!kasan_map_shadow(k->start, k->size))
				return 0;
			/* Nothing was ever mapped there: nobody has to hear that the address is free again. */
			spin_lock_irqsave(&kva_lock, flags);
			rb_erase(&k->node, &kvas);
			spin_unlock_irqrestore(&kva_lock, flags);
			return -ENOMEM;
		}
		spin_unlock_irqrestore(&kva_lock, flags);
		kva_purge();
	}
	return -ENOMEM;
}

/* Nothing is mapped in the area any more. May sleep. */
static void kva_retire(struct kva *k)
{
	u64 flags, pages;

	spin_lock_irqsave(&kva_lock, flags);
	k->lazy = true;
	list_add(&k->lazy_link, &lazy_list);
	lazy_pages += k->size >> PAGE_SHIFT;
	pages = lazy_pages;
	spin_unlock_irqrestore(&kva_lock, flags);
	if (pages > LAZY_MAX)
		kva_purge();
}

static struct kva *kva_find(u64 va)
{
	struct kva *k;
	u64 flags;

	spin_lock_irqsave(&kva_lock, flags);
	k = kva_above(va);
	spin_unlock_irqrestore(&kva_lock, flags);
	VERIFY(k && k->start == va && !k->lazy);
	return k;
}

u64 kva_alloc(u64 size)
{
	struct kva *k = kzalloc(sizeof(*k), GFP_KERNEL);

	if (!k)
		return 0;
	k->size = ALIGN_UP(size, PAGE_SIZE);
	if (kva_place(k)) {
		kfree(k);
		return 0;
	}
	kasan_unpoison((void *)k->start, k->size);
	return k->start;
}

void kva_free(u64 va)
{
	kva_retire(kva_find(va));
}

static void pages_free(struct kva *k)
{
	while (k->nr_pages)
		folio_put(k->pages[--k->nr_pages]);
}

static int pages_fill(struct kva *k, u64 nr, gfp_t gfp)
{
	while (k->nr_pages < nr) {
		struct folio *f = folio_alloc(0, gfp & ~GFP_MOVABLE);

		if (!f)
			return -ENOMEM;
		k->pages[k->nr_pages++] = f;
	}
	for (u64 i = 0; i < nr; i++)
		if (kmap_range(k->start + i * PAGE_SIZE, frame_phys(k->pages[i]), PAGE_SIZE, KPT_RW))
			return -ENOMEM;
	return 0;
}

static void *stash_take(void)
{
	struct stash *s;
	void *p = NULL;

	preempt_disable();
	s = this_cpu_ptr(stash);
	if (!s->busy) {
		s->busy = 1;
		barrier();
		if (s->nr)
			p = s->areas[--s->nr];
		barrier();
		s->busy = 0;
	}
	preempt_enable();
	return p;
}

static bool stash_give(void *p)
{
	struct stash *s;
	bool ok = false;

	preempt_disable();
	s = this_cpu_ptr(stash);
	if (!s->busy) {
		s->busy = 1;
		barrier();
		if (s->nr < STASH_NR) {
			s->areas[s->nr++] = p;
			ok = true;
		}
		barrier();
		s->busy = 0;
	}
	preempt_enable();
	return ok;
}

u64 vmalloc_total_pages(void)
{
	return VMALLOC_SIZE >> PAGE_SHIFT;
}

void *vmalloc(size_t size, gfp_t gfp)
{
	u64 nr = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
	struct kva *k;
	void *p;

	might_sleep();
	if (!size || nr > mem_total_pages())
		return NULL;
	if (nr == STASH_PAGES) {
		p = stash_take();
		if (p) {
			kasan_unpoison(p, size);
			if (gfp & GFP_ZERO)
				memset(p, 0, nr * PAGE_SIZE);
			return p;
		}
	}
	k = kvmalloc(sizeof(*k) + nr * sizeof(k->pages[0]), GFP_KERNEL);
	if (!k)
		return NULL;
	memset(k, 0, sizeof(*k));
	k->size = nr * PAGE_SIZE;
	if (kva_place(k)) {
		kvfree(k);
		return NULL;
	}
	if (pages_fill(k, nr, gfp)) {
		kunmap_clear(k->start, k->size);
		pages_free(k);
		kva_retire(k);
		return NULL;
	}
	vm_count(VM_VMALLOC, (s64)nr);
	kasan_unpoison((void *)k->start, size);
	return (void *)k->start;
}

/* Other CPUs' TLBs may hold the pages a little longer; only a stray pointer would use that. */
static void kva_release(struct kva *k)
{
	might_sleep();
	vm_count(VM_VMALLOC, -(s64)k->nr_pages);
	kunmap_clear(k->start, k->size);
	pages_free(k);
	kva_retire(k);
}

void vfree(void *p)
{
	struct kva *k;

	if (!p)
		return;
	k = kva_find((u64)p);
	kasan_poison(p, k->size, KASAN_VMALLOC_HOLE);
	if (k->nr_pages == STASH_PAGES && stash_give(p))
		return;
	kva_release(k);
}

/* Takes this CPU's stash into the one at `arg`, which has one for each CPU. */
static void stash_empty(void *arg)
{
	struct stash *s = this_cpu_ptr(stash), *to = (struct stash *)arg + this_cpu_id();

	if (s->busy)
		return;
	*to = *s;
	s->nr = 0;
}

void vmalloc_trim(void)
{
	struct stash *all = kcalloc((size_t)nr_cpus, sizeof(*all), GFP_KERNEL | GFP_NORETRY | GFP_NOWARN);

	if (all) {
		smp_call_mask(&cpu_online_mask, stash_empty, all, true);
		for (int cpu = 0; cpu < nr_cpus; cpu++)
			while (all[cpu].nr)
				kva_release(kva_find((u64)all[cpu].areas[--all[cpu].nr]));
		kfree(all);
	}
	kva_purge();
}

void vmalloc_init(void)
{
	u64 r = arch_entropy_u64();

	if (kmap_make_root_entry(VMALLOC_START))
		panic("no memory for kernel page tables");
	/* Random start within the first half, in 2 MiB steps. */
	kva_base = VMALLOC_START + (r % (VMALLOC_SIZE / 2 / HPAGE_SIZE)) * HPAGE_SIZE;
	kva_hint = kva_base;
}
