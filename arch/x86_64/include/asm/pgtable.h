/* SPDX-License-Identifier: MPL-2.0 */
/*
 * x86-64 page tables as the core sees them: entry bits, kernel address layout, direct map, struct
 * pgtable, and the TLB interface between mm/core (cursors, gathers) and arch/x86_64/mm/tlb.c.
 * On core's include path only.
 *
 * Kernel half of the address space (KASLR moves the starts marked *):
 *   ffff8880 00000000 *  direct map of all RAM              (direct_map_base)
 *   ffffc900 00000000 *  vmalloc, stacks, MMIO, per-CPU chunks  (one top-level entry, 512 GiB)
 *   ffffea00 00000000    page frames (struct folio)         (VMEMMAP_BASE)
 *   ffffec00 00000000    KASAN shadow, DEBUG kernels only
 *   ffffffff 80000000 *  kernel image
 */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#define _PAGE_PRESENT	0x001ul
#define _PAGE_RW	0x002ul
#define _PAGE_USER	0x004ul
#define _PAGE_PWT	0x008ul
#define _PAGE_PCD	0x010ul
#define _PAGE_ACCESSED	0x020ul
#define _PAGE_DIRTY	0x040ul
#define _PAGE_PSE	0x080ul		/* large page, levels 2 and 3 */
#define _PAGE_GLOBAL	0x100ul
#define _PAGE_SPECIAL	0x200ul		/* software: no folio behind it */
#define _PAGE_SOFT2	0x400ul
#define _PAGE_SOFT3	0x800ul
#define _PAGE_NX	0x8000000000000000ul
#define PTE_PFN_MASK	0x000ffffffffff000ul

#define PTRS_PER_TABLE	512
#define PT_LEVELS	4
/* Bytes that one entry of a level covers: level 1: 4 KiB, 2: 2 MiB, 3: 1 GiB, 4: 512 GiB. */
#define PT_LEVEL_SHIFT(l)	(12 + 9 * ((l) - 1))
#define PT_LEVEL_SIZE(l)	(1ul << PT_LEVEL_SHIFT(l))
#define PT_INDEX(addr, l)	(((addr) >> PT_LEVEL_SHIFT(l)) & 511)

#define DIRECT_MAP_START	0xffff888000000000ul
#define DIRECT_MAP_END		0xffffc88000000000ul
#define VMALLOC_START		0xffffc90000000000ul
#define VMALLOC_SIZE		0x0000008000000000ul	/* 512 GiB: one top-level entry */
#define VMALLOC_END		(VMALLOC_START + VMALLOC_SIZE)
#define VMEMMAP_BASE		0xffffea0000000000ul
#define VMEMMAP_END		0xffffeb0000000000ul
#define KASAN_SHADOW_START	0xffffec0000000000ul
#define KASAN_SHADOW_END	0xfffffc0000000000ul
#define KERNEL_IMAGE_START	0xffffffff80000000ul

/* Kernel mappings. */
#define KPT_RW		(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_NX)
#define KPT_RO		(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_GLOBAL | _PAGE_NX)
#define KPT_RX		(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_GLOBAL)
#define KPT_UC		(KPT_RW | _PAGE_PCD | _PAGE_PWT)
#define KPT_WC		(KPT_RW | _PAGE_PWT)	/* entry 1 of the PAT: features_cpu_setup() */
/* Entries that point to a lower table. */
#define KPT_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
#define UPT_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)

#ifndef __ASSEMBLY__

#include <base/atomic.h>
#include <base/types.h>
#include <core/cpumask.h>
#include <core/spinlock.h>

/* [I] after boot: set by arch when the direct map is built (arch/x86_64/boot). */
extern u64 direct_map_base;
/* [I] after boot: _PAGE_NX where the CPU has it, else 0; all entries are masked with ~_PAGE_NX | pt_nx_mask. */
extern u64 pt_nx_mask;

static inline void *phys_virt(u64 pa) { return (void *)(pa + direct_map_base); }
/* For direct-map addresses only. */
static inline u64 virt_phys(const void *va) { return (u64)va - direct_map_base; }

/* One address space. Lives from pgtable_create() to pgtable_destroy(); owned by mm. */
struct pgtable {
	u64 *root;		/* [I] top-level table */
	u64 root_phys;		/* [I] */
	u64 id;			/* [I] never used twice: identifies it in per-CPU PCID slots */
	atomic64_t tlb_gen;	/* [a] raised before each flush; CPUs compare on switch */
	atomic64_t tables;	/* [a] table pages in use, all levels */
	struct cpumask cpus;	/* [a] CPUs that have it loaded (lazily or not); arch/x86_64/mm/tlb.c */
};

/*
 * arch/x86_64/mm/tlb.c. Flush user addresses [start, end) of pt on every CPU that runs it and wait
 * for the acknowledgements; lazy CPUs are told only if tables were freed. Above about 33 pages
 * everything goes. Interrupts on, no spinlock held.
 */
void tlb_flush_user(struct pgtable *pt, u64 start, u64 end, bool freed_tables);
/* Kernel addresses, all CPUs. Same context. */
void tlb_flush_kernel(u64 start, u64 end);
/* This CPU only, one page of the loaded address space. */
static inline void tlb_flush_local(u64 addr)
{
	__asm__ volatile("invlpg (%0)" :: "r"(addr) : "memory");
}

/*
 * Kernel mappings (mm/core/kmap.c): [va, va + size) to physical pa (4 KiB units; 2 MiB entries are
 * used where both are aligned) with KPT_* bits. Tables come from memblock before mm_core_init() and from the
 * buddy allocator after it. 0 or -ENOMEM. Unmap clears and flushes all CPUs; it keeps the tables.
 */
__must_check int kmap_range(u64 va, u64 pa, u64 size, u64 bits);
void kunmap_range(u64 va, u64 size);
/* Change the bits of mapped 4 KiB or wholly covered large entries; splits large ones. Flushes. */
__must_check int kmap_protect(u64 va, u64 size, u64 bits);
/* Physical address behind a kernel address, through the tables; ~0 when not mapped. */
u64 kmap_lookup(u64 va);

#endif
#endif
