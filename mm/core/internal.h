/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of mm/core share among themselves. */
#ifndef MM_CORE_INTERNAL_H
#define MM_CORE_INTERNAL_H

#include <base/types.h>

/* memblock.c */
struct memblock_range {
	u64 start, end;
};
bool memblock_next_free(u64 from, struct memblock_range *out);

/* buddy.c; called once each by mm_core_init() in this order. */
void frames_init(void);
void buddy_init(void);
void slab_init(void);
void vmalloc_init(void);
/* True once page_alloc() works. */
extern bool buddy_ready;

/* What CPUs keep for the next allocation is given back: freed kernel stacks' areas, page tables. May sleep. */
void vmalloc_trim(void);
void tables_trim(void);

/* kmap.c: clear without a flush; make a top-level entry. */
void kunmap_clear(u64 va, u64 size);
int kmap_make_root_entry(u64 va);

/*
 * vmalloc.c: kernel virtual ranges without anything mapped. size in bytes, whole pages; a guard page follows.
 * 0: none. kva_free: nothing is mapped there any more, but TLBs may still hold it.
 */
u64 kva_alloc(u64 size);
void kva_free(u64 va);

/* pagecopy.c */
void page_clear(void *p, u64 n);
void page_copy(void *dst, const void *src, u64 n);
extern bool copy_is_wide;	/* copy_user_avx() may and should be used */
size_t copy_user_avx(void *dst, const void *src, size_t n);	/* copy_vec.S */

/* buddy_zone.c: the policy of one zone, pure code (host-tested). */
struct buddy_zone;

/* Percpu memory before the slab exists comes from the first chunk only. */
extern bool slab_ready;

#endif
