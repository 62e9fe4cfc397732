/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page-table pages and whole page tables: creation, destruction, the gather that frees after the
 * TLB flush.
 *
 * A table page is born zeroed, and when it dies all its entries are zero again; so dead ones go to a
 * stash on each CPU and are reborn without being cleared. The same holds for top-level tables, whose
 * upper half is the kernel's and never changes after boot (mm/core/kmap.c).
 *
 * Life of a table below the top: installed by compare-and-swap under the vma lock of a mapping that
 * needs it; unlinked by pt_free_tables() under the mm's range lock when no mapping is near; freed
 * after the flush. Therefore who holds a vma lock (or the reverse map that leads to the vma) may walk.
 */
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/percpu.h>
#include <core/preempt.h>
#include <core/smp.h>
#include <core/upcall.h>
#include <core/usercopy.h>
#include "internal.h"
#include "pgtable.h"

#define STASH_TABLES	32u
#define STASH_ROOTS	8u
#define ROOT_KERNEL	256u		/* first top-level entry of the kernel half */

struct table_stash {
	u32 nr;				/* [o] preemption off */
	u32 nr_roots;			/* [o] */
	u32 busy;			/* [o] the trimming interrupt keeps off */
	u64 *tables[STASH_TABLES];
	u64 *roots[STASH_ROOTS];
};

static DEFINE_PERCPU(struct table_stash, table_stash);
static struct pgtable init_pgtable;
struct pgtable *const kernel_pgtable = &init_pgtable;
static atomic64_t next_id = ATOMIC_INIT(1);

static __always_inline struct table_stash *stash_lock(void)
{
	struct table_stash *s;

	preempt_disable();
	s = this_cpu_ptr(table_stash);
	s->busy = 1;
	barrier();
	return s;
}

static __always_inline void stash_unlock(struct table_stash *s)
{
	barrier();
	s->busy = 0;
	preempt_enable();
}

u64 *table_create(struct pgtable *pt)
{
	struct table_stash *s;
	struct folio *f;
	u64 *t = NULL;

	s = stash_lock();
	if (likely(s->nr))
		t = s->tables[--s->nr];
	stash_unlock(s);
	if (unlikely(!t)) {
		f = folio_alloc(0, GFP_KERNEL | GFP_ZERO);
		if (!f)
			return NULL;
		f->flags = BIT(FOLIO_PGTABLE);
		t = frame_virt(f);
		spin_lock_init(table_lock(t), PAGE_TABLE);
	}
	atomic64_inc(&pt->tables);
	vm_count(VM_PGTABLE, 1);
	return t;
}

/* Takes this CPU's stash into the one at `arg`, which has one for each CPU. */
static void stash_take(void *arg)
{
	struct table_stash *s = this_cpu_ptr(table_stash), *to = (struct table_stash *)arg + this_cpu_id();

	if (s->busy)
		return;
	*to = *s;
	s->nr = s->nr_roots = 0;
}

void tables_trim(void)
{
	struct table_stash *all = kcalloc((size_t)nr_cpus, sizeof(*all), GFP_KERNEL | GFP_NORETRY | GFP_NOWARN);

	if (!all)
		return;
	smp_call_mask(&cpu_online_mask, stash_take, all, true);
	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		while (all[cpu].nr)
			folio_put(virt_frame(all[cpu].tables[--all[cpu].nr]));
		while (all[cpu].nr_roots)
			page_free(all[cpu].roots[--all[cpu].nr_roots], 0);
	}
	kfree(all);
}

static void table_check_zero(const u64 *t, unsigned int n)
{
	if (IS_DEBUG)
		for (unsigned int i = 0; i < n; i++)
			VERIFY_CMP(t[i], ==, 0);
}

void table_destroy(struct pgtable *pt, u64 *t)
{
	struct table_stash *s;
	bool kept = false;

	table_check_zero(t, PTRS_PER_TABLE);
	atomic64_dec(&pt->tables);
	vm_count(VM_PGTABLE, -1);
	s = stash_lock();
	if (likely(s->nr < STASH_TABLES)) {
		s->tables[s->nr++] = t;
		kept = true;
	}
	stash_unlock(s);
	if (!kept)
		folio_put(virt_frame(t));
}

struct pgtable *pgtable_create(void)
{
	struct pgtable *pt = kzalloc(sizeof(*pt), GFP_KERNEL);
	struct table_stash *s;
	u64 *root = NULL;

	if (!pt)
		return NULL;
	s = stash_lock();
	if (s->nr_roots)
		root = s->roots[--s->nr_roots];
	stash_unlock(s);
	if (!root) {
		root = page_alloc(0, GFP_KERNEL);
		if (!root) {
			kfree(pt);
			return NULL;
		}
		memset(root, 0, ROOT_KERNEL * 8);
		memcpy(root + ROOT_KERNEL, kernel_pgtable->root + ROOT_KERNEL, ROOT_KERNEL * 8);
	}
	pt->root = root;
	pt->root_phys = virt_phys(root);
	pt->id = (u64)atomic64_fetch_add(&next_id, 1);
	atomic64_set(&pt->tables, 1);
	vm_count(VM_PGTABLE, 1);
	return pt;
}

void pgtable_destroy(struct pgtable *pt)
{
	struct table_stash *s;
	bool kept = false;

	ASSERT(pt != kernel_pgtable && cpumask_empty(&pt->cpus));
	table_check_zero(pt->root, ROOT_KERNEL);
	VERIFY_CMP(atomic64_read(&pt->tables), ==, 1);
	vm_count(VM_PGTABLE, -1);
	s = stash_lock();
	if (s->nr_roots < STASH_ROOTS) {
		s->roots[s->nr_roots++] = pt->root;
		kept = true;
	}
	stash_unlock(s);
	if (!kept)
		page_free(pt->root, 0);
	kfree(pt);
}

void pgtable_drop_lazy_others(struct pgtable *pt, void (*fn)(void *pt))
{
	if (!cpumask_empty(&pt->cpus))
		smp_call_mask(&pt->cpus, fn, pt, true);
}

u64 pgtable_pages(const struct pgtable *pt)
{
	return (u64)atomic64_read(&pt->tables);
}

/* --- making tables --- */

static u64 *table_step(struct pgtable *pt, u64 *e)
{
	u64 v = READ_ONCE(*e), *n;

	if (v & _PAGE_PRESENT)
		return entry_table(v);
	n = table_create(pt);
	if (!n)
		return NULL;
	if (__atomic_compare_exchange_n(e, &v, virt_phys(n) | UPT_TABLE, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return n;
	table_destroy(pt, n);		/* another fault was faster */
	return entry_table(v);
}

u64 *table_make(struct pgtable *pt, u64 addr)
{
	u64 *t = pt->root;

	for (unsigned int l = PT_LEVELS; t && l > 1; l--)
		t = table_step(pt, &t[PT_INDEX(addr, l)]);
	return t;
}

/* --- freeing tables --- */

static void table_unlink(struct tlb_gather *g, u64 *e)
{
	u64 *t = entry_table(*e);

	*e = 0;
	g->freed_tables = true;
	list_add(&virt_frame(t)->lru, &g->tables);
}

/*
 * Free what lies below table t (of `level`, covering addresses from `base`) inside [lo, hi), which
 * is already cut to whole blocks of the level below where neighbours need the rest.
 */
static void tables_free_below(struct tlb_gather *g, u64 *t, unsigned int level, u64 base, u64 start, u64 end,
			      u64 floor, u64 ceiling)
{
	u64 size = PT_LEVEL_SIZE(level), i = (start - base) / size, last = (end - 1 - base) / size;

	for (; i <= last; i++) {
		u64 a = base + i * size, b = a + size;

		if (!(t[i] & _PAGE_PRESENT))
			continue;
		if (level > 2)
			tables_free_below(g, entry_table(t[i]), level - 1, a, max(a, start), min(b, end), floor,
					  ceiling);
		if (a >= floor && b <= ceiling) {
			gather_range(g, max(a, start), min(b, end));
			table_unlink(g, &t[i]);
		}
	}
}

void pt_free_tables(struct tlb_gather *g, u64 start, u64 end, u64 floor, u64 ceiling)
{
	if (start < end)
		tables_free_below(g, g->pt->root, PT_LEVELS, 0, start, end, floor, ceiling);
}

/* --- the gather --- */

void folio_swap_unmap(struct folio *f)
{
	if (atomic_fetch_add(&f->mapcount, -1) == 1) {
		if (!folio_test(f, FOLIO_ANON))
			vm_count(VM_MAPPED, -1);
		swap_folio_unmapped(f);
	}
	folio_put(f);
}

#define GATHER_PAGE_NR	510u
struct gather_page {
	struct gather_page *next;
	u64 nr;
	struct folio *folios[GATHER_PAGE_NR];
};
static_assert(sizeof(struct gather_page) <= PAGE_SIZE, "one page");

void tlb_gather_init(struct tlb_gather *g, struct pgtable *pt)
{
	g->pt = pt;
	g->start = ~0ul;
	g->end = 0;
	g->freed_tables = false;
	g->dead = false;
	g->nr = 0;
	g->more = NULL;
	list_init(&g->tables);
}

/* The batch is full: move it to a page of its own. Callers test tlb_gather_full() first, so there is room. */
void gather_add_slow(struct tlb_gather *g)
{
	struct gather_page *p = g->more;

	VERIFY(p && p->nr + ARRAY_SIZE(g->batch) <= GATHER_PAGE_NR);
	memcpy(&p->folios[p->nr], g->batch, sizeof(g->batch));
	p->nr += ARRAY_SIZE(g->batch);
	g->nr = 0;
}

bool tlb_gather_full(const struct tlb_gather *cg)
{
	struct tlb_gather *g = (struct tlb_gather *)cg;
	struct gather_page *p;

	if (likely(g->nr < ARRAY_SIZE(g->batch)))
		return false;
	if (g->dead)
		return true;		/* nothing to wait for: free at once */
	if (g->more && g->more->nr + ARRAY_SIZE(g->batch) <= GATHER_PAGE_NR)
		return false;
	p = page_alloc(0, GFP_NOWAIT);
	if (!p)
		return true;
	p->next = g->more;
	p->nr = 0;
	g->more = p;
	return false;
}

void tlb_gather_range(struct tlb_gather *g, u64 start, u64 end)
{
	gather_range(g, start, end);
}

void tlb_gather_finish(struct tlb_gather *g)
{
	struct gather_page *p;

	if (!g->dead && g->start < g->end)
		tlb_flush_user(g->pt, g->start, g->end, g->freed_tables);
	for (u32 i = 0; i < g->nr; i++)
		folio_map_put(g->batch[i]);
	while ((p = g->more)) {
		for (u64 i = 0; i < p->nr; i++)
			folio_map_put(p->folios[i]);
		g->more = p->next;
		page_free(p, 0);
	}
	while (!list_empty(&g->tables)) {
		struct folio *f = list_first_entry(&g->tables, struct folio, lru);

		list_del(&f->lru);
		spin_lock_init((spinlock_t *)&f->pt_lock, PAGE_TABLE);
		table_destroy(g->pt, frame_virt(f));
	}
	g->start = ~0ul;
	g->end = 0;
	g->freed_tables = false;
	g->nr = 0;
}
