/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a page-table entry says, for readers in every layer; only core writes entries. Three kinds
 * are not zero: present; present without access (PROT_NONE: hardware does not see it, the folio is
 * still mapped); and swap entries, which carry 58 bits of mm's.
 */
#ifndef ARCH_PTE_H
#define ARCH_PTE_H

#include <base/types.h>

typedef struct { u64 v; } pte_t;

#define PTE_HW_PRESENT	0x001ul
#define PTE_HW_WRITE	0x002ul
#define PTE_HW_ACCESSED	0x020ul
#define PTE_HW_DIRTY	0x040ul
#define PTE_HW_PSE	0x080ul
#define PTE_SW_PROTNONE	0x100ul		/* global bit of entries that are not present */
#define PTE_SW_SPECIAL	0x200ul
#define PTE_SW_SWAP	0x1000000000000000ul	/* bit 60 */
#define PTE_HW_NX	0x8000000000000000ul
#define PTE_FRAME_MASK	0x000ffffffffff000ul

static inline bool pte_none(pte_t e) { return e.v == 0; }
static inline bool pte_present(pte_t e) { return e.v & (PTE_HW_PRESENT | PTE_SW_PROTNONE); }
static inline bool pte_accessible(pte_t e) { return e.v & PTE_HW_PRESENT; }
static inline bool pte_writable(pte_t e) { return e.v & PTE_HW_WRITE; }
static inline bool pte_executable(pte_t e) { return !(e.v & PTE_HW_NX); }
static inline bool pte_dirty(pte_t e) { return e.v & PTE_HW_DIRTY; }
static inline bool pte_young(pte_t e) { return e.v & PTE_HW_ACCESSED; }
static inline bool pte_special(pte_t e) { return e.v & PTE_SW_SPECIAL; }
static inline pfn_t pte_pfn(pte_t e) { return pfn((e.v & PTE_FRAME_MASK) >> PAGE_SHIFT); }
static inline bool pte_is_swap(pte_t e) { return e.v && !pte_present(e); }
/* Value bits 0-6 go to 1-7, 7-57 to 9-59: bits 0 and 8 stay clear. */
static inline pte_t pte_mk_swap(u64 v)
{
	return (pte_t){ PTE_SW_SWAP | (v & 0x7f) << 1 | ((v >> 7) & 0x7fffffffffffful) << 9 };
}
static inline u64 pte_swap_value(pte_t e)
{
	return ((e.v >> 1) & 0x7f) | ((e.v >> 9) & 0x7fffffffffffful) << 7;
}

#endif
