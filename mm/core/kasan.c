/* SPDX-License-Identifier: MPL-2.0 */
/*
 * keel: no-sanitize
 *
 * The address sanitizer of DEBUG kernels. One shadow byte stands for eight bytes of memory: 0 all may
 * be used, 1..7 so many from the start, above 0x7f none, and why. The compiler puts a call before
 * each access (__asan_load8_noabort and so on); the allocators mark memory when they hand it out and take it
 * back.
 *
 * Shadow exists for RAM in the direct map, for the image and, made on demand, for vmalloc areas;
 * accesses elsewhere (frames, registers of devices, fixmap) are not looked at. Nothing is checked
 * before kasan_init(). The stack is not instrumented: its shadow would have to exist before
 * the first C function.
 */
#include <asm/pgtable.h>
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/hooks.h>
#include <core/mm_init.h>
#include <core/panic.h>
#include <core/printk.h>
#include "frames.h"
#include "internal.h"
#include "kasan.h"

#ifdef KASAN

#define SHADOW_OFFSET	0xdffffc0000000000ul
#define KASAN_GLOBAL_REDZONE	0xf9

extern char _end[];
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void);

static bool kasan_on;
static u64 ram_end;		/* of the direct map's part with shadow */
static u32 reporting;

static inline u8 *shadow(u64 addr)
{
	return (u8 *)((addr >> 3) + SHADOW_OFFSET);
}

static inline bool has_shadow(u64 addr)
{
	return (addr >= direct_map_base && addr < ram_end) || (addr >= (u64)_text && addr < (u64)_end) ||
	       (addr >= VMALLOC_START && addr < VMALLOC_END);
}

static const char *why(u8 s)
{
	switch (s) {
	case KASAN_SLAB_FREE: return "use of a freed object";
	case KASAN_PAGE_FREE: return "use of a freed page";
	case KASAN_VMALLOC_HOLE: return "use of freed kernel virtual memory";
	case KASAN_GLOBAL_REDZONE: return "access beyond a global variable";
	default: return "access beyond an object";
	}
}

static __noinline void report(u64 addr, size_t n, bool write, u64 ip)
{
	u8 s = *shadow(addr);

	if (__atomic_exchange_n(&reporting, 1, __ATOMIC_SEQ_CST))
		return;
	kasan_on = false;
	if (s && s < 8)
		s = shadow(addr)[1] ? shadow(addr)[1] : s;
	panic("KASAN: %s: %s of %zu bytes at %#lx by %pS", why(s), write ? "write" : "read", n, (unsigned long)addr,
	      (void *)ip);
}

static __always_inline void check(u64 addr, size_t n, bool write, u64 ip)
{
	u64 last = addr + n - 1;
	u8 s;

	if (!kasan_on || !n || !has_shadow(addr))
		return;
	if (n > 16) {
		for (u64 a = addr & ~7ul; a + 8 <= last; a += 8)
			if (unlikely(*shadow(a)) && a >= addr)
				return report(a, n, write, ip);
	} else if ((addr & 7) + n > 8) {
		s = *shadow(addr);
		if (unlikely(s))
			return report(addr, n, write, ip);
	}
	s = *shadow(last);
	if (unlikely(s && (s8)(last & 7) >= (s8)s))
		report(last, n, write, ip);
}

#define CALLER	((u64)__builtin_return_address(0))
#define ACCESS(n) \
	void __asan_load##n##_noabort(u64 a); \
	void __asan_load##n##_noabort(u64 a) { check(a, n, false, CALLER); } \
	void __asan_store##n##_noabort(u64 a); \
	void __asan_store##n##_noabort(u64 a) { check(a, n, true, CALLER); }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __asan_loadN_noabort(u64 a, size_t n);
void __asan_loadN_noabort(u64 a, size_t n) { check(a, n, false, CALLER); }
void __asan_storeN_noabort(u64 a, size_t n);
void __asan_storeN_noabort(u64 a, size_t n) { check(a, n, true, CALLER); }
void __asan_handle_no_return(void);
void __asan_handle_no_return(void) { }

void kasan_poison(const void *p, size_t n, u8 code)
{
	u64 a = (u64)p, end = a + n;

	if (!kasan_on || !has_shadow(a))
		return;
	memset(shadow(a), code, (ALIGN_UP(end, 8ul) - a) >> 3);
}

void kasan_unpoison(const void *p, size_t n)
{
	u64 a = (u64)p;

	if (!kasan_on || !has_shadow(a))
		return;
	memset(shadow(a), 0, n >> 3);
	if (n & 7)
		*shadow(a + n) = n & 7;
}

/* Shadow pages for [va, va + size) that are not there yet, filled with zeros. */
static int shadow_map(u64 va, u64 size)
{
	u64 s = ALIGN_DOWN((u64)shadow(va), PAGE_SIZE), end = ALIGN_UP((u64)shadow(va + size), PAGE_SIZE);

	for (; s < end; s += PAGE_SIZE) {
		u64 pa;
		void *p;

		if (kmap_lookup(s) != ~0ul)
			continue;
		if (buddy_ready) {
			p = page_alloc(0, GFP_KERNEL | GFP_ZERO);
			if (!p)
				return -ENOMEM;
			vm_count(VM_KERNEL_MAP, 1);
			pa = virt_phys(p);
		} else {
			pa = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
			if (!pa)
				return -ENOMEM;
			memset(phys_virt(pa), 0, PAGE_SIZE);
		}
		/* Two areas may share a shadow page, and both be new: the second finds it by the look-up. */
		if (kmap_range(s, pa, PAGE_SIZE, KPT_RW))
			return -ENOMEM;
	}
	return 0;
}

int kasan_map_shadow(u64 va, u64 size)
{
	return kasan_on ? shadow_map(va, size) : 0;
}

struct asan_global {
	u64 beg, size, size_with_redzone;
	const char *name, *module;
	u64 has_dynamic_init, location, odr_indicator;
};

void __asan_register_globals(struct asan_global *g, u64 n);
void __asan_register_globals(struct asan_global *g, u64 n)
{
	for (u64 i = 0; i < n; i++) {
		u64 good = ALIGN_UP(g[i].size, 8ul);

		kasan_unpoison((void *)g[i].beg, g[i].size);
		kasan_poison((void *)(g[i].beg + good), g[i].size_with_redzone - good, KASAN_GLOBAL_REDZONE);
	}
}
void __asan_unregister_globals(struct asan_global *g, u64 n);
void __asan_unregister_globals(struct asan_global *g, u64 n) { (void)g; (void)n; }

/* Firmware tables and the like between RAM ranges: all good, by one page of zeros. */
static void shadow_map_holes(void)
{
	u64 zeros = memblock_alloc(PAGE_SIZE, PAGE_SIZE), s = (u64)shadow(direct_map_base);

	if (!zeros)
		panic("no memory for KASAN's shadow");
	memset(phys_virt(zeros), 0, PAGE_SIZE);
	for (; s < (u64)shadow(ram_end); s += PAGE_SIZE)
		if (kmap_lookup(s) == ~0ul && kmap_range(s, zeros, PAGE_SIZE, KPT_RO))
			panic("no memory for KASAN's shadow");
}

/* Before the buddy allocator exists: shadow of RAM and image from memblock. */
void kasan_init(void)
{
	u64 base, size;

	ram_end = direct_map_base + memblock_end();
	for (unsigned int i = 0; memblock_region(i, &base, &size); i++)
		if (shadow_map(direct_map_base + base, size))
			panic("no memory for KASAN's shadow");
	shadow_map_holes();
	if (shadow_map((u64)_text, (u64)(_end - _text)))
		panic("no memory for KASAN's shadow");
	if (kmap_make_root_entry((u64)shadow(VMALLOC_START)))
		panic("no memory for KASAN's shadow");
	kasan_on = true;
	for (void (*const *f)(void) = __init_array_start; f < __init_array_end; f++)
		(*f)();
}

#endif /* KASAN */
