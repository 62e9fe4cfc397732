/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Cursors over user page tables: the only way by which mm/vm reads and changes single entries. A
 * cursor stands on one entry and holds the spinlock of the last-level table that the entry is in;
 * the hardware still sets accessed and dirty bits, so present entries change by atomic exchange.
 *
 * Contract in core/pgtable.h. Tables do not go away under an open cursor, nor between look-up and
 * lock, since callers hold a vma lock or a reverse-map lock (see pt_table.c).
 */
#include <base/assert.h>
#include <base/errno.h>
#include "pgtable.h"

static __noinline int cursor_missing(struct pt_cursor *c, u64 addr, u32 flags, unsigned int level, u64 *skip_to,
				     u64 **t)
{
	if (!(flags & PT_ALLOC)) {
		if (skip_to)
			*skip_to = (addr & ~(PT_LEVEL_SIZE(level) - 1)) + PT_LEVEL_SIZE(level);
		return -ENOENT;
	}
	*t = table_make(c->pt, addr);
	return *t ? 0 : -ENOMEM;
}

static __always_inline int cursor_find(struct pt_cursor *c, struct pgtable *pt, u64 addr, u32 flags, u64 *skip_to)
{
	unsigned int level;
	u64 *t = table_find(pt, addr, &level);

	c->pt = pt;
	c->addr = addr;
	if (unlikely(!t)) {
		int err = cursor_missing(c, addr, flags, level, skip_to, &t);

		if (err)
			return err;
	}
	c->entry = &t[PT_INDEX(addr, 1)];
	c->lock = table_lock(t);
	return 0;
}

int pt_cursor_open(struct pt_cursor *c, struct pgtable *pt, u64 addr, u32 flags, u64 *skip_to)
{
	int err = cursor_find(c, pt, addr, flags, skip_to);

	if (likely(!err))
		spin_lock(c->lock);
	return err;
}

int pt_cursor_open_nested(struct pt_cursor *c, struct pgtable *pt, u64 addr, u32 flags, u64 *skip_to)
{
	int err = cursor_find(c, pt, addr, flags, skip_to);

	if (!err)
		spin_lock_nested(c->lock, 1);
	return err;
}

void pt_cursor_close(struct pt_cursor *c)
{
	spin_unlock(c->lock);
}

static inline u64 folio_entry(const struct folio *f, u64 n, u32 prot)
{
	return (frame_phys(f) + (n << PAGE_SHIFT)) | prot_bits(prot);
}

void pt_cursor_map(struct pt_cursor *c, struct folio *f, u64 n, u32 prot)
{
	ASSERT(*c->entry == 0);
	if (atomic_fetch_add(&f->mapcount, 1) == 0 && !(f->flags & BIT(FOLIO_ANON)))
		vm_count(VM_MAPPED, 1);
	WRITE_ONCE(*c->entry, folio_entry(f, n, prot));
}

void pt_cursor_map_special(struct pt_cursor *c, pfn_t p, u32 prot)
{
	ASSERT(*c->entry == 0);
	WRITE_ONCE(*c->entry, pfn_paddr(p).v | prot_bits(prot | PT_SPECIAL));
}

void pt_cursor_set_swap(struct pt_cursor *c, u64 v)
{
	ASSERT(!pte_present(pt_cursor_read(c)));
	WRITE_ONCE(*c->entry, pte_mk_swap(v).v);
}

/* The present entry `old` at c is gone: TLBs and the folio's counts follow by the gather. */
static void entry_gone(struct pt_cursor *c, u64 old, struct tlb_gather *g)
{
	if (old & _PAGE_PRESENT)
		gather_range(g, c->addr, c->addr + PAGE_SIZE);
	if (!(old & _PAGE_SPECIAL))
		gather_add(g, frame_head(frame_of((old & PTE_PFN_MASK) >> PAGE_SHIFT)));
}

pte_t pt_cursor_clear(struct pt_cursor *c, struct tlb_gather *g)
{
	pte_t old = { xchg(c->entry, 0ul) };

	if (pte_present(old))
		entry_gone(c, old.v, g);
	return old;
}

void pt_cursor_replace(struct pt_cursor *c, struct folio *f, u64 n, u32 prot, struct tlb_gather *g)
{
	u64 old;

	atomic_inc(&f->mapcount);
	/* Zero first: no CPU may see the new page while another still writes through the old entry. */
	old = xchg(c->entry, 0ul);
	WRITE_ONCE(*c->entry, folio_entry(f, n, prot));
	if (pte_present((pte_t){ old }))
		entry_gone(c, old, g);
}

#define KEEP_BITS	(PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL | _PAGE_PCD | _PAGE_PWT)

void pt_cursor_protect(struct pt_cursor *c, u32 prot, struct tlb_gather *g)
{
	u64 old = READ_ONCE(*c->entry), want = prot_bits(prot), n;

	do {
		n = (old & KEEP_BITS) | want;
	} while (!try_cmpxchg(c->entry, &old, n));
	if (old & _PAGE_PRESENT && (!(n & _PAGE_PRESENT) || old & ~n & _PAGE_RW || n & ~old & _PAGE_NX))
		gather_range(g, c->addr, c->addr + PAGE_SIZE);
}

void pt_cursor_upgrade(struct pt_cursor *c, u32 prot)
{
	u64 old = READ_ONCE(*c->entry);

	WRITE_ONCE(*c->entry, (old & KEEP_BITS) | prot_bits(prot | PT_DIRTY | PT_YOUNG));
	tlb_flush_local(c->addr);
}

void pt_cursor_refresh(struct pt_cursor *c)
{
	u64 old = READ_ONCE(*c->entry);

	if (old & _PAGE_PRESENT) {
		__atomic_fetch_or(c->entry, _PAGE_ACCESSED, __ATOMIC_RELAXED);
		tlb_flush_local(c->addr);
	}
}

bool pt_cursor_test_clear_young(struct pt_cursor *c)
{
	return __atomic_fetch_and(c->entry, ~_PAGE_ACCESSED, __ATOMIC_RELAXED) & _PAGE_ACCESSED;
}

bool pt_cursor_test_clear_dirty(struct pt_cursor *c, struct tlb_gather *g)
{
	u64 old = __atomic_fetch_and(c->entry, ~(_PAGE_DIRTY | _PAGE_RW), __ATOMIC_SEQ_CST);

	if (old & (_PAGE_DIRTY | _PAGE_RW) && old & _PAGE_PRESENT)
		gather_range(g, c->addr, c->addr + PAGE_SIZE);
	return old & _PAGE_DIRTY;
}

void pt_cursor_copy(struct pt_cursor *dst, const struct pt_cursor *src, pte_t e, u32 prot)
{
	(void)src;
	ASSERT(*dst->entry == 0);
	ASSERT(pte_present(e));
	if (!pte_special(e))
		folio_map_get(frame_head(frame_of(pte_pfn(e).v)));
	WRITE_ONCE(*dst->entry, (e.v & KEEP_BITS) | prot_bits(prot));
}

void pt_cursor_move(struct pt_cursor *dst, struct pt_cursor *src, struct tlb_gather *g)
{
	u64 old = xchg(src->entry, 0ul);

	ASSERT(*dst->entry == 0);
	if (old & _PAGE_PRESENT)
		gather_range(g, src->addr, src->addr + PAGE_SIZE);
	WRITE_ONCE(*dst->entry, old);
}
