/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Object caches (mm/core/slab.c): slabs of equal objects with magazines per CPU in front. kmalloc
 * (base/alloc.h) stands on a ladder of them. DEBUG kernels poison, red-zone and quarantine.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include <base/alloc.h>
#include <base/types.h>

#define SLAB_TYPESAFE_RCU	0x01u	/* a freed object's memory stays of this type for a grace period */
#define SLAB_RECLAIMABLE	0x02u	/* a shrinker can give its objects back */
#define SLAB_ACCOUNT		0x04u	/* charged to the memory cgroup */
#define SLAB_CACHELINE		0x08u	/* objects aligned to 64 bytes */

struct kmem_cache;
/* ctor (may be NULL) runs once for each object of a new slab; objects return in constructed state. NULL if no memory. May sleep. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags, void (*ctor)(void *));
/* All objects must be free. May sleep. */
void kmem_cache_destroy(struct kmem_cache *c);
__must_check void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *c, void *obj);
/* Give back empty slabs, magazines, and what CPUs keep of stacks and page tables; slab pages freed. May sleep. */
u64 slab_shrink_all(void);

struct slab_info {
	const char *name;
	u64 active, total;
	u32 size, per_slab, pages_per_slab;
};
/* For /proc/slabinfo: the i-th cache, false at the end. May sleep. */
bool slab_info(unsigned int i, struct slab_info *info);

/* Kernel virtual memory (mm/core/vmalloc.c): pages mapped one after the other, with a guard page. May sleep. */
__must_check void *vmalloc(size_t size, gfp_t gfp);
u64 vmalloc_total_pages(void);	/* of addresses */
void vfree(void *p);

#endif
