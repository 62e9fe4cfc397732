/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From the tables of entry.S to the final ones. early_direct_map() chooses the random bases and maps
 * the first 4 GiB of RAM at direct_map_base in the boot tables, so that memblock's memory can be
 * used. final_map() builds the kernel's own top table: the direct map (1 GiB and 2 MiB pages, all RAM
 * and firmware tables), the image with its rights, the fixmap; loads it and forgets the one-to-one map.
 * keel: no-sanitize
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/features.h>
#include <asm/fixmap.h>
#include <asm/layout.h>
#include <asm/pgtable.h>
#include <base/assert.h>
#include <base/string.h>
#include <core/init.h>
#include <core/mm_init.h>
#include <core/pgtable.h>
#include <core/printk.h>
#include "boot.h"

#define EARLY_LIMIT	(4ull << 30)

u64 direct_map_base __ro_after_init = DIRECT_MAP_START;
u64 pt_nx_mask __ro_after_init;
static bool no_kaslr __initdata;
static u64 boot_range_start, boot_range_end;	/* of .boot; boot_low itself is init data */

static int __init nokaslr_param(const char *v)
{
	(void)v;
	no_kaslr = true;	/* kaslr.c has looked for it already; here for the bases */
	return 0;
}
EARLY_KPARAM("nokaslr", nokaslr_param);

/* Somewhere in the window, 1 GiB steps, with room for all that will be mapped. */
static void __init choose_base(u64 end)
{
	u64 window = DIRECT_MAP_END - DIRECT_MAP_START;
	u64 need = ((end > EARLY_LIMIT ? end : EARLY_LIMIT) + (1ul << 30) - 1) & ~((1ul << 30) - 1);

	if (need > window)
		panic("%llu GiB of memory: more than the direct map can hold", (unsigned long long)(end >> 30));
	if (!no_kaslr)
		direct_map_base = DIRECT_MAP_START + (early_random() % ((window - need) >> 30) << 30);
}

void __init early_direct_map(const struct boot_info *bi)
{
	u64 *pml4 = (u64 *)boot_low.pml4, *pdpt = (u64 *)boot_low.pdpt_direct;
	u64 va, i;

	(void)bi;
	pt_nx_mask = cpu_has(X86_NX) ? _PAGE_NX : 0;
	choose_base(memblock_end());
	for (i = 0; i < 4; i++) {
		va = direct_map_base + (i << 30);
		/* Two level-3 tables in case the four entries lie across their border. */
		u64 *t = pdpt + (PT_INDEX(va, 4) != PT_INDEX(direct_map_base, 4) ? 512 : 0);

		t[PT_INDEX(va, 3)] = (boot_low.pd + (i << 12)) | KPT_TABLE;
		pml4[PT_INDEX(va, 4)] = (u64)t | KPT_TABLE;
	}
	write_cr3(read_cr3());
	memblock_set_limit(EARLY_LIMIT);
}

static u64 *__init table_below(u64 *table, u64 va, u32 level)
{
	u64 *e = &table[PT_INDEX(va, level)];

	if (!(*e & _PAGE_PRESENT)) {
		u64 pa = memblock_alloc(PAGE_SIZE, PAGE_SIZE);

		if (!pa)
			panic("no memory for the direct map");
		memset(phys_virt(pa), 0, PAGE_SIZE);
		*e = pa | KPT_TABLE;
	}
	return phys_virt(*e & PTE_PFN_MASK);
}

static void __init map_direct(u64 start, u64 end)
{
	const u64 giant = 1ul << 30;

	start &= PAGE_MASK;
	end = (end + PAGE_SIZE - 1) & PAGE_MASK;
	while (start < end) {
		u64 n = end - start, va = direct_map_base + start;

		if (cpu_has(X86_GBPAGES) && !(start & (giant - 1)) && n >= giant) {
			u64 *t = table_below(kernel_pgtable->root, va, 4);

			t[PT_INDEX(va, 3)] = start | (KPT_RW & ~(_PAGE_NX & ~pt_nx_mask)) | _PAGE_PSE;
			start += giant;
			continue;
		}
		if (cpu_has(X86_GBPAGES)) {
			u64 to_next = giant - (start & (giant - 1));

			n = n < to_next ? n : to_next;
		}
		if (kmap_range(va, start, n, KPT_RW) < 0)
			panic("no memory for the direct map");
		start += n;
	}
}

bool __init firmware_memory(const struct boot_info *bi, const struct boot_region *r)
{
	u64 low_end = 1ul << 20;

	if (r->type == BOOT_MEM_ACPI || r->type == BOOT_MEM_NVS)
		return true;
	for (u32 i = 0; i < bi->nr_regions; i++) {
		u64 end = bi->regions[i].base + bi->regions[i].size;

		if (bi->regions[i].type == BOOT_MEM_RAM && end <= EARLY_LIMIT && end > low_end)
			low_end = end;
	}
	return r->type != BOOT_MEM_RAM && r->type != BOOT_MEM_BAD && r->size <= (64ul << 20) &&
	       r->base < low_end + (16ul << 20) && r->base + r->size <= EARLY_LIMIT;
}

/* Everything below the end of low RAM that is not a hole, and all RAM above. */
static void __init map_all_memory(const struct boot_info *bi)
{
	u64 done = 0;

	map_direct(0, 1ul << 20);
	done = 1ul << 20;
	/* Sorted walk over RAM and the firmware's tables: repeatedly take the lowest range not yet done. */
	for (;;) {
		u64 best = ~0ull, best_end = 0;

		for (u32 i = 0; i < bi->nr_regions; i++) {
			const struct boot_region *r = &bi->regions[i];
			u64 s = r->base & PAGE_MASK, e = (r->base + r->size + PAGE_SIZE - 1) & PAGE_MASK;

			if (r->type != BOOT_MEM_RAM && !firmware_memory(bi, r))
				continue;
			if (r->type == BOOT_MEM_RAM && e > memblock_end())
				e = memblock_end();
			if (s < done)
				s = done;
			if (s < e && s < best) {
				best = s;
				best_end = e;
			}
		}
		if (best == ~0ull)
			break;
		map_direct(best, best_end);
		done = best_end;
	}
}

static void __init map_image(char *start, char *end, u64 bits)
{
	if (kmap_range((u64)start, image_phys(start), (u64)(end - start), bits) < 0)
		panic("no memory for the kernel's page tables");
}

void __init final_map(const struct boot_info *bi)
{
	u64 root = memblock_alloc(PAGE_SIZE, PAGE_SIZE);

	boot_range_start = boot_low.start;
	boot_range_end = boot_low.end;
	if (!root)
		panic("no memory for the kernel's page tables");
	memset(phys_virt(root), 0, PAGE_SIZE);
	kernel_pgtable->root = phys_virt(root);
	kernel_pgtable->root_phys = root;
	map_all_memory(bi);
	map_image(_text, _etext, KPT_RX);
	map_image(_rodata, _erodata, KPT_RO);
	map_image(_data, __init_begin, KPT_RW);
	map_image(__init_begin, __init_text_end, KPT_RX | _PAGE_RW);
	map_image(__init_text_end, _end, KPT_RW);
	fixmap_init();
	/* Every top entry of the kernel half exists from now on: address spaces copy them once. */
	for (u32 i = 256; i < 512; i++)
		if (i == PT_INDEX(VMALLOC_START, 4) || i == PT_INDEX(VMEMMAP_BASE, 4) || i == 511)
			table_below(kernel_pgtable->root, (u64)i << 39, 4);
	/*
	 * The text is still written once, by alternatives_apply(), through the writable direct map.
	 * Global entries of the boot tables do not exist: a plain load drops them all.
	 */
	write_cr3(root);
	memblock_set_limit(~0ull);
}

/* Where kernel_pgtable lies, for CR3. */
u64 kernel_root_phys(void) { return kernel_pgtable->root_phys; }

/*
 * Rights of the image for good: text and constants read-only in the direct map as well. Called once
 * after mm_core_init(), and again when boot ends, for what is read-only after it.
 */
static void protect(const char *start, const char *end, u64 bits)
{
	u64 pa = image_phys(start), size = (u64)(end - start);

	if (kmap_protect(direct_map_base + pa, size, bits) < 0)
		pr_warn("cannot protect %#llx in the direct map\n", (unsigned long long)pa);
}

void arch_protect_image(void)
{
	protect(_text, _etext, KPT_RO);
	protect(_rodata, _erodata, KPT_RO);
}

void arch_protect_ro_after_init(void)
{
	u64 size = (u64)(__ro_after_init_end - __ro_after_init_start);

	if (kmap_protect((u64)__ro_after_init_start, size, KPT_RO) < 0)
		pr_warn("data that should be read-only now is not\n");
	protect(__ro_after_init_start, __ro_after_init_end, KPT_RO);
}

/* The init sections, and .boot before them, go to the page allocator; their mappings in the image's range go away. */
void arch_free_init(void)
{
	u64 from = image_phys(__init_begin), to = image_phys(__init_end);

	kunmap_range((u64)__init_begin, (u64)(__init_end - __init_begin));
	mem_release(from, to);
	mem_release(boot_range_start, boot_range_end);
	pr_info("freed %llu KiB of init memory\n",
		(unsigned long long)((to - from) + (boot_range_end - boot_range_start)) >> 10);
}
