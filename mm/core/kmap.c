/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel half of the page tables: mapping of frames, vmalloc areas, device registers, and changes
 * of rights. Every user page table copies the kernel's top-level entries when it is made, so those
 * must all exist before the first one; below the top everything is shared.
 *
 * Missing tables are installed with compare-and-swap; leaf entries belong to whoever owns the
 * virtual range, so no lock is needed. Tables are never freed.
 */
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/mm_init.h>
#include <core/pgtable.h>
#include "frames.h"
#include "internal.h"

/* keel: no-sanitize (runs before the shadow exists) */

static u64 fix_bits(u64 bits)
{
	return bits & (~_PAGE_NX | pt_nx_mask);
}

static u64 *table_alloc(void)
{
	u64 *t, pa;

	if (buddy_ready) {
		t = page_alloc(0, (preemptible() ? GFP_KERNEL : GFP_ATOMIC) | GFP_ZERO);
		if (t)
			vm_count(VM_KERNEL_MAP, 1);
		return t;
	}
	pa = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!pa)
		return NULL;
	memset(phys_virt(pa), 0, PAGE_SIZE);
	return phys_virt(pa);
}

/* Replace a large entry by a table of entries that map the same. */
static int split_large(u64 *e, unsigned int level)
{
	u64 *t = table_alloc();
	u64 old = *e, bits = old & ~PTE_PFN_MASK, pa = old & PTE_PFN_MASK & ~(PT_LEVEL_SIZE(level) - 1);

	if (!t)
		return -ENOMEM;
	if (level == 2)
		bits &= ~_PAGE_PSE;
	for (unsigned int i = 0; i < PTRS_PER_TABLE; i++)
		t[i] = (pa + i * PT_LEVEL_SIZE(level - 1)) | bits;
	__atomic_store_n(e, virt_phys(t) | KPT_TABLE, __ATOMIC_RELEASE);
	return 0;
}

/* The entry of `level` for va; with `make`, missing tables are made and large entries split. NULL: none or no memory. */
static u64 *walk(u64 va, unsigned int level, bool make)
{
	u64 *t = kernel_pgtable->root;

	for (unsigned int l = PT_LEVELS; l > level; l--) {
		u64 *e = &t[PT_INDEX(va, l)], v = __atomic_load_n(e, __ATOMIC_ACQUIRE);

		if (!(v & _PAGE_PRESENT)) {
			u64 *n;

			if (!make)
				return NULL;
			n = table_alloc();
			if (!n)
				return NULL;
			if (!__atomic_compare_exchange_n(e, &v, virt_phys(n) | KPT_TABLE, false,
							 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
				if (buddy_ready) {
					vm_count(VM_KERNEL_MAP, -1);
					page_free(n, 0);
				}
			} else {
				v = virt_phys(n) | KPT_TABLE;
			}
		} else if (v & _PAGE_PSE) {
			if (!make || split_large(e, l))
				return NULL;
			v = *e;
		}
		t = phys_virt(v & PTE_PFN_MASK);
	}
	return &t[PT_INDEX(va, level)];
}

int kmap_range(u64 va, u64 pa, u64 size, u64 bits)
{
	u64 end = va + size;

	bits = fix_bits(bits);
	while (va < end) {
		bool large = IS_ALIGNED(va | pa, PT_LEVEL_SIZE(2)) && end - va >= PT_LEVEL_SIZE(2);
		u64 *e = walk(va, large ? 2 : 1, true);

		if (!e)
			return -ENOMEM;
		if (large && *e & _PAGE_PRESENT) {	/* a table is there already */
			large = false;
			e = walk(va, 1, true);
			if (!e)
				return -ENOMEM;
		}
		*e = pa | bits | (large ? _PAGE_PSE : 0);
		va += large ? PT_LEVEL_SIZE(2) : PAGE_SIZE;
		pa += large ? PT_LEVEL_SIZE(2) : PAGE_SIZE;
	}
	return 0;
}

/* Entry of any level that maps va, and its level; NULL. */
static u64 *lookup(u64 va, unsigned int *level)
{
	u64 *t = kernel_pgtable->root;

	for (unsigned int l = PT_LEVELS; l; l--) {
		u64 *e = &t[PT_INDEX(va, l)];

		if (!(*e & _PAGE_PRESENT))
			return NULL;
		if (l == 1 || *e & _PAGE_PSE) {
			*level = l;
			return e;
		}
		t = phys_virt(*e & PTE_PFN_MASK);
	}
	return NULL;
}

void kunmap_clear(u64 va, u64 size)
{
	for (u64 a = va; a < va + size;) {
		unsigned int level;
		u64 *e = lookup(a, &level);

		if (!e) {
			a += PAGE_SIZE;
			continue;
		}
		*e = 0;
		a = ALIGN_DOWN(a, PT_LEVEL_SIZE(level)) + PT_LEVEL_SIZE(level);
	}
}

void kunmap_range(u64 va, u64 size)
{
	kunmap_clear(va, size);
	tlb_flush_kernel(va, va + size);
}

int kmap_protect(u64 va, u64 size, u64 bits)
{
	u64 end = va + size, start = va;

	bits = fix_bits(bits);
	while (va < end) {
		unsigned int level;
		u64 *e = lookup(va, &level), sz;

		if (!e) {
			va += PAGE_SIZE;
			continue;
		}
		sz = PT_LEVEL_SIZE(level);
		if (level > 1 && (!IS_ALIGNED(va, sz) || end - va < sz)) {
			if (split_large(e, level))
				return -ENOMEM;
			continue;
		}
		*e = (*e & PTE_PFN_MASK & ~(sz - 1)) | bits | (level > 1 ? _PAGE_PSE : 0);
		va += sz;
	}
	tlb_flush_kernel(start, end);
	return 0;
}

u64 kmap_lookup(u64 va)
{
	unsigned int level;
	u64 *e = lookup(va, &level);

	if (!e)
		return ~0ul;
	return (*e & PTE_PFN_MASK & ~(PT_LEVEL_SIZE(level) - 1)) | (va & (PT_LEVEL_SIZE(level) - 1));
}

/* The top-level entry for va exists from now on, so that every page table can share it. */
int kmap_make_root_entry(u64 va)
{
	return walk(va, PT_LEVELS - 1, true) ? 0 : -ENOMEM;
}
