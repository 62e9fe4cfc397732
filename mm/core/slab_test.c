/* SPDX-License-Identifier: MPL-2.0 */
/* Object caches, kmalloc, vmalloc and per-CPU memory in the running kernel. */
#include <base/math.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/ktest.h>
#include <core/page.h>
#include <core/percpu.h>
#include <core/rcu.h>
#include <core/slab.h>

#define NR	300u

static void *objs[NR];

KTEST(slab, cache_life)
{
	struct kmem_cache *c = kmem_cache_create("ktest", 120, 8, 0, NULL);

	KREQUIRE(c != NULL);
	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = 0; i < NR; i++) {
			objs[i] = kmem_cache_alloc(c, GFP_KERNEL);
			KREQUIRE(objs[i] != NULL);
			memset(objs[i], (int)i, 120);
		}
		for (unsigned int i = 0; i < NR; i++) {
			KEXPECT_EQ(((u8 *)objs[i])[0], (u8)i);
			KEXPECT_EQ(((u8 *)objs[i])[119], (u8)i);
		}
		for (unsigned int i = 0; i < NR; i++)
			kmem_cache_free(c, objs[(i * 7) % NR]);
	}
	kmem_cache_destroy(c);
}

static void ctor(void *p)
{
	*(u64 *)p = 0x1234;
}

KTEST(slab, constructed_objects)
{
	struct kmem_cache *c = kmem_cache_create("ktest-ctor", 40, 8, SLAB_TYPESAFE_RCU, ctor);

	KREQUIRE(c != NULL);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < NR; i++) {
			objs[i] = kmem_cache_alloc(c, GFP_KERNEL);
			KREQUIRE(objs[i] != NULL);
			KEXPECT_EQ(*(u64 *)objs[i], 0x1234);
		}
		for (unsigned int i = 0; i < NR; i++)
			kmem_cache_free(c, objs[i]);
	}
	kmem_cache_destroy(c);
}

KTEST(slab, kmalloc_ladder)
{
	for (size_t size = 1; size <= 70000; size += size / 3 + 1) {
		u8 *p = kmalloc(size, GFP_KERNEL | GFP_ZERO);

		KREQUIRE(p != NULL);
		KEXPECT(IS_ALIGNED((u64)p, 8u));
		if (is_pow2(size) && size >= 64)
			KEXPECT(IS_ALIGNED((u64)p, 64u));
		KEXPECT(p[0] == 0 && p[size - 1] == 0);
		memset(p, 0xff, size);
		kfree(p);
	}
	KEXPECT(kmalloc(~0ul, GFP_KERNEL | GFP_NOWARN) == NULL);
	KEXPECT(kcalloc(1ul << 40, 1ul << 40, GFP_KERNEL) == NULL);
}

KTEST(slab, realloc_keeps)
{
	char *p = kstrdup("hello", GFP_KERNEL), *q;

	KREQUIRE(p != NULL);
	q = krealloc(p, 5000, GFP_KERNEL);
	KREQUIRE(q != NULL);
	KEXPECT(streq(q, "hello"));
	q = krealloc(q, 6, GFP_KERNEL);
	KEXPECT(q && streq(q, "hello"));
	kfree(q);
	p = kasprintf(GFP_KERNEL, "%d-%s", 42, "x");
	KEXPECT(p && streq(p, "42-x"));
	kfree(p);
}

KTEST(vmalloc, pages_and_guard)
{
	static void *p[20];

	for (u64 i = 0; i < ARRAY_SIZE(p); i++) {
		size_t n = (i + 1) * 5000;

		p[i] = vmalloc(n, GFP_KERNEL);
		KREQUIRE(p[i] != NULL);
		memset(p[i], (int)i, n);
	}
	for (u64 i = 0; i < ARRAY_SIZE(p); i++) {
		KEXPECT_EQ(((u8 *)p[i])[(i + 1) * 5000 - 1], i);
		vfree(p[i]);
	}
	KEXPECT(vmalloc(1ul << 45, GFP_KERNEL) == NULL);
}

KTEST(percpu, dynamic)
{
	static u64 *p[200];
	int cpu;

	for (u64 i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = percpu_alloc(8 + i * 4, 8);
		KREQUIRE(p[i] != NULL);
		for_each_possible_cpu(cpu) {
			KEXPECT_EQ(*percpu_ptr(p[i], cpu), 0);
			*percpu_ptr(p[i], cpu) = i * 100 + (u64)cpu;
		}
	}
	for (u64 i = 0; i < ARRAY_SIZE(p); i++) {
		for_each_possible_cpu(cpu)
			KEXPECT_EQ(*percpu_ptr(p[i], cpu), i * 100 + (u64)cpu);
		percpu_free(p[i]);
	}
}

KTEST(percpu, counter)
{
	struct percpu_counter c;

	KREQUIRE(percpu_counter_init(&c) == 0);
	percpu_counter_add(&c, 5);
	percpu_counter_add(&c, -7);
	KEXPECT_EQ(percpu_counter_sum(&c), -2);
	percpu_counter_destroy(&c);
}
