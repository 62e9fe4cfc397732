/* SPDX-License-Identifier: MPL-2.0 */
/* One page-table page of our own for device registers at fixed addresses. */
#include <asm/cpu.h>
#include <asm/fixmap.h>
#include <asm/pgtable.h>
#include <base/assert.h>
#include <base/compiler.h>
#include <core/pgtable.h>

static u64 table[512] __aligned(4096) __section(".bss.page_aligned");

void __init fixmap_init(void)
{
	u64 *t = kernel_pgtable->root, va = FIXMAP_BASE;

	/* The image's tables cover the last GiB but one; ours the last: level 3 exists, level 2 may not. */
	static u64 level2[512] __aligned(4096) __section(".bss.page_aligned");

	t = phys_virt(t[PT_INDEX(va, 4)] & PTE_PFN_MASK);
	if (!(t[PT_INDEX(va, 3)] & _PAGE_PRESENT))
		t[PT_INDEX(va, 3)] = image_phys(level2) | KPT_TABLE;
	t = phys_virt(t[PT_INDEX(va, 3)] & PTE_PFN_MASK);
	t[PT_INDEX(va, 2)] = image_phys(table) | KPT_TABLE;
}

volatile void *fixmap_set(enum fixmap_slot slot, u64 pa)
{
	u64 va = (u64)fixmap_addr(slot);

	VERIFY(slot < FIX_SLOTS);
	WRITE_ONCE(table[PT_INDEX(va, 1)], ((pa & PAGE_MASK) | KPT_UC) & (~_PAGE_NX | pt_nx_mask));
	invlpg(va);
	return (volatile char *)va + (pa & ~PAGE_MASK);
}
