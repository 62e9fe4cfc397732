/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How memory comes up, for arch's boot code. In this order:
 *
 *   memblock_add(), memblock_reserve()     the memory map; kernel image, modules, tables in use
 *   memblock_set_limit()                   how far the early tables map RAM at direct_map_base
 *   ... arch builds the direct map with memblock_alloc(), sets kernel_pgtable->root, raises the limit
 *   percpu areas: memblock_alloc(), percpu_offset[], percpu_init_first()
 *   mm_core_init()                         frames, buddy, slab, vmalloc: kmalloc() works after this
 *
 * memblock is not for use after mm_core_init(), but for memblock_for_each_* (kept) and mem_release().
 */
#ifndef CORE_MM_INIT_H
#define CORE_MM_INIT_H

#include <base/compiler.h>
#include <base/types.h>

/* RAM. Overlapping and unsorted input is fine; partial pages are dropped. */
void memblock_add(u64 base, u64 size);
/* Forget RAM at and above `limit` bytes (mem=). */
void memblock_cap(u64 limit);
/* In use: never handed out; partial pages count as used. */
void memblock_reserve(u64 base, u64 size);
/* Allocations come from below this physical address. */
void memblock_set_limit(u64 limit);
/* Physical address of fresh memory within [lo, hi), highest first; 0 when there is none. Not zeroed. */
u64 memblock_alloc_range(u64 size, u64 align, u64 lo, u64 hi);
static inline u64 memblock_alloc(u64 size, u64 align) { return memblock_alloc_range(size, align, 0, ~0ull); }
/* i-th RAM range, sorted; false at the end. */
bool memblock_region(unsigned int i, u64 *base, u64 *size);
u64 memblock_end(void);		/* first byte above all RAM */
u64 memblock_total(void);

/*
 * The boot CPUs' areas: CPU i's copy of the image's per-CPU section lies at base + i * stride, and
 * each has `size - static` bytes after the static part for dynamic use. Uniform stride is required: chunks
 * that are added later copy it. percpu_offset[] must be set.
 */
void percpu_init_first(u64 image_start, u64 static_size, u64 size, u64 stride);
#define PERCPU_DYNAMIC_FIRST	(16 * 1024ul)	/* what arch should leave for it */

/* Everything of mm/core that boot needs, on the boot CPU, interrupts off. */
void mm_core_init(void);
/* Give reserved pages (init sections, initramfs) to the allocator: [start, end) physical, whole pages. */
void mem_release(u64 start, u64 end);

#endif
