/* SPDX-License-Identifier: MPL-2.0 */
/* Device pages at fixed virtual addresses, for what is needed before (or in) the allocators. */
#ifndef ASM_FIXMAP_H
#define ASM_FIXMAP_H

#include <asm/layout.h>

enum fixmap_slot { FIX_LAPIC, FIX_IOAPIC0, FIX_IOAPIC_LAST = FIX_IOAPIC0 + 15, FIX_HPET, FIX_ECAM, FIX_SLEEP, FIX_SLOTS };

void fixmap_init(void);
/* Map the page of pa uncached; address of pa itself. Any context; the slot is the caller's. */
volatile void *fixmap_set(enum fixmap_slot slot, u64 pa);
static inline volatile void *fixmap_addr(enum fixmap_slot slot)
{
	return (volatile void *)(FIXMAP_BASE + (u64)slot * 4096);
}

#endif
