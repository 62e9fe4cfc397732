/* SPDX-License-Identifier: MPL-2.0 */
/* Inside mm/core: making entries, tables and their locks. Used by pt_cursor.c, pt_bulk.c, pt_table.c. */
#ifndef MM_CORE_PGTABLE_H
#define MM_CORE_PGTABLE_H

#include <asm/pgtable.h>
#include <core/pgtable.h>
#include "frames.h"

static_assert(PTE_HW_WRITE == _PAGE_RW && PTE_HW_DIRTY == _PAGE_DIRTY && PTE_SW_SPECIAL == _PAGE_SPECIAL &&
	      PTE_SW_PROTNONE == _PAGE_GLOBAL && PTE_FRAME_MASK == PTE_PFN_MASK, "arch/pte.h and asm/pgtable.h");

/* A zeroed table page, FOLIO_PGTABLE, counted in pt; NULL: no memory. May sleep. */
u64 *table_create(struct pgtable *pt);
/* All its entries are zero and no CPU can walk it. */
void table_destroy(struct pgtable *pt, u64 *t);

/* The lock of a last-level table lies in its frame. */
static inline spinlock_t *table_lock(const u64 *t)
{
	static_assert(sizeof(spinlock_t) <= 8, "folio.pt_lock");
	return (spinlock_t *)&virt_frame(t)->pt_lock;
}

static inline u64 *entry_table(u64 e) { return phys_virt(e & PTE_PFN_MASK); }

/* Hardware bits for PT_* rights. */
static inline u64 prot_bits(u32 prot)
{
	u64 b = _PAGE_PRESENT | _PAGE_USER;

	if (unlikely(!(prot & (PT_READ | PT_WRITE | PT_EXEC))))
		b = PTE_SW_PROTNONE;
	if (prot & PT_WRITE)
		b |= _PAGE_RW;
	if (!(prot & PT_EXEC))
		b |= pt_nx_mask;
	if (prot & PT_DIRTY)
		b |= _PAGE_DIRTY;
	if (prot & PT_YOUNG)
		b |= _PAGE_ACCESSED;
	if (unlikely(prot & PT_UNCACHED))
		b |= _PAGE_PCD | _PAGE_PWT;
	if (unlikely(prot & PT_SPECIAL))
		b |= _PAGE_SPECIAL;
	return b;
}

/* Reference and mapcount are neighbours: one atomic operation for both. */
#define FOLIO_MAP_UNIT	((1l << 32) + 1)
static_assert(offsetof(struct folio, mapcount) == offsetof(struct folio, refcount) + 4 &&
	      offsetof(struct folio, refcount) % 8 == 0, "FOLIO_MAP_UNIT");
static inline void folio_map_get(struct folio *f)
{
	__atomic_fetch_add((s64 *)&f->refcount, FOLIO_MAP_UNIT, __ATOMIC_RELAXED);
}
/* The same for a folio of the swap cache (pt_table.c). */
void folio_swap_unmap(struct folio *f);
static inline void folio_map_put(struct folio *f)
{
	u64 flags = READ_ONCE(f->flags);	/* before others may free it */
	s64 left;

	if (unlikely(flags & BIT(FOLIO_SWAPCACHE)))
		return folio_swap_unmap(f);
	left = __atomic_sub_fetch((s64 *)&f->refcount, FOLIO_MAP_UNIT, __ATOMIC_ACQ_REL);
	if (left >> 32 == 0 && !(flags & BIT(FOLIO_ANON)))
		vm_count(VM_MAPPED, -1);
	if ((s32)left == 0)
		folio_free_last(f);
}

/* Index of pt_counts for a mapped folio. */
static inline unsigned int folio_kind(const struct folio *f)
{
	u64 fl = READ_ONCE(f->flags);

	return fl & BIT(FOLIO_ANON) ? 0 : fl & BIT(FOLIO_SWAPBACKED) ? 2 : 1;
}

/* Put one mapping into the gather. */
void gather_add_slow(struct tlb_gather *g);
static inline void gather_add(struct tlb_gather *g, struct folio *f)
{
	if (unlikely(g->nr == ARRAY_SIZE(g->batch)))
		gather_add_slow(g);
	g->batch[g->nr++] = f;
}
static inline void gather_range(struct tlb_gather *g, u64 start, u64 end)
{
	if (start < g->start)
		g->start = start;
	if (end > g->end)
		g->end = end;
}

/* Last-level table for addr, or NULL; with the level at which it is missing in *level. */
static inline u64 *table_find(const struct pgtable *pt, u64 addr, unsigned int *level)
{
	u64 e = READ_ONCE(pt->root[PT_INDEX(addr, 4)]);

	*level = 4;
	if (unlikely(!(e & _PAGE_PRESENT)))
		return NULL;
	*level = 3;
	e = READ_ONCE(entry_table(e)[PT_INDEX(addr, 3)]);
	if (unlikely(!(e & _PAGE_PRESENT)))
		return NULL;
	*level = 2;
	e = READ_ONCE(entry_table(e)[PT_INDEX(addr, 2)]);
	if (unlikely(!(e & _PAGE_PRESENT)))
		return NULL;
	return entry_table(e);
}
/* The same, making what is missing. NULL: no memory. May sleep. */
u64 *table_make(struct pgtable *pt, u64 addr);

#endif
