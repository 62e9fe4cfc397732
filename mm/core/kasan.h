/* SPDX-License-Identifier: MPL-2.0 */
/* What the allocators tell the address sanitizer (mm/core/kasan.c); nothing in other kernels. */
#ifndef MM_CORE_KASAN_H
#define MM_CORE_KASAN_H

#include <base/types.h>

#define KASAN_SLAB_FREE		0xfb
#define KASAN_PAGE_FREE		0xff
#define KASAN_VMALLOC_HOLE	0xf8

#ifdef KASAN
void kasan_init(void);
/* Bytes [p, p + n) may be used (p aligned to 8); may not. */
void kasan_unpoison(const void *p, size_t n);
void kasan_poison(const void *p, size_t n, u8 why);
/* Shadow for fresh kernel virtual memory. 0 or -ENOMEM. */
int kasan_map_shadow(u64 va, u64 size);
#else
static inline void kasan_init(void) { }
static inline void kasan_unpoison(const void *p, size_t n) { (void)p; (void)n; }
static inline void kasan_poison(const void *p, size_t n, u8 why) { (void)p; (void)n; (void)why; }
static inline int kasan_map_shadow(u64 va, u64 size) { (void)va; (void)size; return 0; }
#endif

#endif
