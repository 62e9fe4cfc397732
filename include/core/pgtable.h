/* SPDX-License-Identifier: MPL-2.0 */
/*
 * User page tables as handles. Only core writes entries; mm/vm walks and changes them through
 * cursors. One spinlock per last-level table page (class PAGE_TABLE); tables are freed by RCU.
 *
 *   err = pt_cursor_open(&c, pt, addr, PT_ALLOC);     tables down to addr exist, table locked
 *   do { pte = pt_cursor_read(&c); ... } while (pt_cursor_next(&c, end));
 *   pt_cursor_close(&c);
 *
 * A cursor holds the lock of one table page (512 entries, or one 2 MiB entry). Context: thread,
 * mm range or vma lock held as mm/vm's rules say; no sleeping between open and close.
 */
#ifndef CORE_PGTABLE_H
#define CORE_PGTABLE_H

#include <arch/pte.h>
#include <base/compiler.h>
#include <base/list.h>
#include <base/types.h>
#include <core/page.h>
#include <core/spinlock.h>

struct pgtable;			/* one address space's tables, CPU mask, TLB generation */

/* What a mapping allows. */
#define PT_READ		0x1u
#define PT_WRITE	0x2u
#define PT_EXEC		0x4u
#define PT_USER		0x8u		/* set for all user mappings */
#define PT_DIRTY	0x10u
#define PT_YOUNG	0x20u
#define PT_UNCACHED	0x40u		/* device memory */
#define PT_SPECIAL	0x80u		/* no folio behind it: device memory, vDSO data; never counted */

__must_check struct pgtable *pgtable_create(void);	/* NULL: no memory. Kernel half shared. May sleep */
/* No CPU runs it any more, all user ranges are unmapped. */
void pgtable_destroy(struct pgtable *pt);
/* Load it on this CPU (context switch; interrupts off). NULL: keep what is loaded, lazily. */
void pgtable_switch(struct pgtable *prev, struct pgtable *next);
/* This CPU goes back to kernel tables only, if it runs pt lazily: before pgtable_destroy(). */
void pgtable_drop_lazy(struct pgtable *pt);
/* Run fn(pt) on every CPU but this that has pt loaded. May sleep; interrupts on. */
void pgtable_drop_lazy_others(struct pgtable *pt, void (*fn)(void *pt));
/* The kernel's own tables. */
extern struct pgtable *const kernel_pgtable;

/* pte_t and its readers pte_present(), pte_writable(), pte_pfn()... are in arch/pte.h. */

#define PT_ALLOC	0x1u		/* make missing tables */

struct pt_cursor {
	struct pgtable *pt;
	u64 addr;
	u64 *entry;			/* core's: the entry for addr */
	spinlock_t *lock;		/* held */
};

/*
 * 0: open at addr; -ENOMEM (PT_ALLOC only); -ENOENT: no table there: nothing is mapped up to
 * *skip_to (written when not NULL).
 */
__must_check int pt_cursor_open(struct pt_cursor *c, struct pgtable *pt, u64 addr, u32 flags, u64 *skip_to);
void pt_cursor_close(struct pt_cursor *c);
/* Step to the next entry below `end` under the same lock; false: close and open again (at c->addr, already advanced). */
static inline bool pt_cursor_next(struct pt_cursor *c, u64 end)
{
	c->addr += PAGE_SIZE;
	c->entry++;
	return c->addr < end && (c->addr & (HPAGE_SIZE - 1));
}

/* Cross-CPU invalidations collected while entries change; pages are freed after the flush. */
struct tlb_gather {
	struct pgtable *pt;
	u64 start, end;			/* range to flush; start >= end: none */
	bool freed_tables;
	bool dead;			/* no CPU runs pt any more: no flush is needed */
	u32 nr;
	struct gather_page *more;	/* full batches; [0] is the one being filled */
	struct list_head tables;	/* table pages to free after the flush */
	struct folio *batch[64];	/* mappings (reference and mapcount) to drop after the flush */
};
void tlb_gather_init(struct tlb_gather *g, struct pgtable *pt);
/* Flush and drop. Interrupts on, no spinlock held. */
void tlb_gather_finish(struct tlb_gather *g);
/* Is it time to flush in the middle (batch full, no memory for another)? Then close the cursor and finish. */
bool tlb_gather_full(const struct tlb_gather *g);
void tlb_gather_range(struct tlb_gather *g, u64 start, u64 end);
/* Free the tables that cover only [start, end) between floor and ceiling (neighbouring mappings); nothing is mapped there. */
void pt_free_tables(struct tlb_gather *g, u64 start, u64 end, u64 floor, u64 ceiling);

static inline pte_t pt_cursor_read(const struct pt_cursor *c) { return (pte_t){ READ_ONCE(*c->entry) }; }
/*
 * Map page `n` of a folio with PT_* rights where nothing is mapped. The caller gives one folio
 * reference to the entry; mapcount is raised here.
 */
void pt_cursor_map(struct pt_cursor *c, struct folio *f, u64 n, u32 prot);
/* Map device memory or a kernel page for good: no reference, no count. */
void pt_cursor_map_special(struct pt_cursor *c, pfn_t p, u32 prot);
/* Put a swap entry where nothing is present. */
void pt_cursor_set_swap(struct pt_cursor *c, u64 v);
/*
 * Clear the entry, return what it was with the hardware's dirty and young bits final. A present
 * folio entry's mapcount and reference go to the gather. The caller moves the dirty bit to the folio
 * before it closes the cursor, where the folio does not count as dirty since its write fault.
 */
pte_t pt_cursor_clear(struct pt_cursor *c, struct tlb_gather *g);
/* Replace by another folio (copy on write): old reference to the gather. */
void pt_cursor_replace(struct pt_cursor *c, struct folio *f, u64 n, u32 prot, struct tlb_gather *g);
/* Change rights of a present entry (keeps dirty and young); flush recorded if rights were lost. */
void pt_cursor_protect(struct pt_cursor *c, u32 prot, struct tlb_gather *g);
/* Make writable and dirty, young: no flush needed, local entry refreshed. */
void pt_cursor_upgrade(struct pt_cursor *c, u32 prot);
/* This CPU's TLB was behind a present entry: forget what it has, mark the entry young. */
void pt_cursor_refresh(struct pt_cursor *c);
/* Clear and return young or dirty, for reclaim and write-back. Dirty records a flush. */
bool pt_cursor_test_clear_young(struct pt_cursor *c);
bool pt_cursor_test_clear_dirty(struct pt_cursor *c, struct tlb_gather *g);
/* fork: copy the entry of `src` to the empty entry of `dst` (same level) with rights `prot`; raises reference and mapcount. */
void pt_cursor_copy(struct pt_cursor *dst, const struct pt_cursor *src, pte_t e, u32 prot);
/* mremap: move the entry to an empty one in another table, both locked (open the lower address first). */
void pt_cursor_move(struct pt_cursor *dst, struct pt_cursor *src, struct tlb_gather *g);
/* Open a second cursor while one is held (fork, mremap): nested lock. */
__must_check int pt_cursor_open_nested(struct pt_cursor *c, struct pgtable *pt, u64 addr, u32 flags, u64 *skip_to);

/*
 * Whole ranges at once, for munmap, exit and fork. Entries by what was behind them: memory of the
 * process alone, file pages, memory files (FOLIO_SWAPBACKED without FOLIO_ANON), swap.
 */
struct pt_counts {
	s64 n[4];			/* enum mm_counter of mm/mm.h: anon, file, shmem, swap */
};
#define PT_ZAP_KEEP_ANON	0x1u	/* leave private copies (truncation, not even_private) */
/* Clear [start, end). Finishes the gather in the middle where it is full. */
void pt_zap_range(struct pgtable *pt, u64 start, u64 end, u32 flags, struct tlb_gather *g, struct pt_counts *removed);
#define PT_COPY_COW		0x1u	/* private: both sides lose the write right */
/*
 * Copy the entries of [start, end) to dst, which has none there. 0, -ENOMEM (dst partly
 * filled). `src_flush` is set if src lost rights.
 */
__must_check int pt_copy_range(struct pgtable *dst, struct pgtable *src, u64 start, u64 end, u32 flags,
			       struct pt_counts *added, bool *src_flush);
/* Change rights of all present entries of [start, end) to prot; `keep_ro`: entries without the write right do not gain it. */
void pt_protect_range(struct pgtable *pt, u64 start, u64 end, u32 prot, bool keep_ro, struct tlb_gather *g);
/* Make all last-level tables for [start, end). 0, -ENOMEM. */
__must_check int pt_make_tables(struct pgtable *pt, u64 start, u64 end);
/* Move all entries of [from, from + len) to `to`, whose tables exist and are empty; no overlap. */
void pt_move_range(struct pgtable *pt, u64 from, u64 to, u64 len, struct tlb_gather *g);
/* Next address at or after addr, below end, that has an entry; end when there is none. Takes no lock. */
u64 pt_next_present(struct pgtable *pt, u64 addr, u64 end);

/* Pages used for tables, for RSS-like counters. */
u64 pgtable_pages(const struct pgtable *pt);

#endif
