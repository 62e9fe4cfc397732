/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Dynamic per-CPU memory. A pointer p names CPU i's copy as p + percpu_offset[i], as with static
 * per-CPU variables: p itself lies where the image's per-CPU section ends (first chunk) or at
 * an address that nothing is mapped at (later chunks).
 *
 * The first chunk is what arch left behind the static part in each CPU's area. Areas lie `stride`
 * bytes apart; a later chunk is a kernel virtual range of one unit per CPU with the same stride,
 * so that one offset table serves all. A chunk is cut in 8-byte grains, marked in a bitmap; a
 * second bitmap marks the last grain of each allocation.
 *
 * Locks: percpu_lock (mutex): allocation and free may sleep. The memory itself is the owner's.
 */
#include <base/assert.h>
#include <base/bits.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/mm_init.h>
#include <core/mutex.h>
#include <core/page.h>
#include <core/percpu.h>
#include "frames.h"
#include "internal.h"

#define GRAIN		8ul
#define CHUNK_GRAINS	4096u			/* 32 KiB a CPU at most */

struct chunk {
	struct chunk *next;
	u64 base;				/* [I] the pointer of grain 0 */
	u64 va;					/* [I] first CPU's copy (later chunks), for kva */
	u32 grains, free;			/* grains: [I]; free [percpu_lock] */
	DECLARE_BITMAP(used, CHUNK_GRAINS);	/* [percpu_lock] */
	DECLARE_BITMAP(last, CHUNK_GRAINS);	/* [percpu_lock] last grain of each allocation */
};

static struct chunk first_chunk;
static struct chunk *chunks = &first_chunk;	/* [percpu_lock] */
static u64 unit_stride __ro_after_init;
static DEFINE_MUTEX(percpu_lock, LEAF_MUTEX);

void percpu_init_first(u64 image_start, u64 static_size, u64 size, u64 stride)
{
	u64 start = ALIGN_UP(image_start + static_size, 64ul);
	u64 end = image_start + size;

	unit_stride = stride;
	first_chunk.base = start;
	first_chunk.grains = end > start ? min_t(u32, (u32)((end - start) / GRAIN), CHUNK_GRAINS) : 0;
	first_chunk.free = first_chunk.grains;
	/* arch may leave the rest of its areas dirty. */
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		memset((void *)(start + percpu_offset[cpu]), 0, first_chunk.grains * GRAIN);
}

static void *chunk_take(struct chunk *c, u32 n, size_t align)
{
	u32 at = 0;

	if (c->free < n)
		return NULL;
	for (;;) {
		at = (u32)bitmap_find_zero_area(c->used, c->grains, at, n);
		if (at + n > c->grains)
			return NULL;
		if (IS_ALIGNED(c->base + at * GRAIN, align))
			break;
		at++;
	}
	bitmap_set(c->used, at, n);
	bitmap_set_bit(c->last, at + n - 1);
	c->free -= n;
	return (void *)(c->base + at * GRAIN);
}

/* Map a fresh chunk for all CPUs. */
static struct chunk *chunk_create(void)
{
	u64 unit = min_t(u64, CHUNK_GRAINS * GRAIN, ALIGN_DOWN(unit_stride, PAGE_SIZE));
	u64 span = unit_stride * (u64)(nr_cpus - 1) + unit;
	struct chunk *c = kvmalloc(sizeof(*c), GFP_KERNEL);
	u64 va;

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	va = kva_alloc(span);
	if (!va) {
		kvfree(c);
		return NULL;
	}
	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		u64 at = va + (percpu_offset[cpu] - percpu_offset[0]);

		for (u64 off = 0; off < unit; off += PAGE_SIZE) {
			struct folio *f = folio_alloc(0, GFP_KERNEL | GFP_ZERO);

			/* Out of memory here: what was mapped stays with the range, which is lost. Rare, bounded. */
			if (!f || kmap_range(at + off, frame_phys(f), PAGE_SIZE, KPT_RW)) {
				if (f)
					folio_put(f);
				kvfree(c);
				return NULL;
			}
			vm_count(VM_PERCPU, 1);
		}
	}
	c->va = va;
	c->base = va - percpu_offset[0];
	c->grains = c->free = (u32)(unit / GRAIN);
	return c;
}

void *percpu_alloc(size_t size, size_t align)
{
	u32 n = (u32)(ALIGN_UP(size, GRAIN) / GRAIN);
	void *p = NULL;
	struct chunk *c;
	int cpu;

	if (!n || n > CHUNK_GRAINS / 2)
		return NULL;
	mutex_lock(&percpu_lock);
	for (c = chunks; c && !p; c = c->next)
		p = chunk_take(c, n, align);
	mutex_unlock(&percpu_lock);
	if (!p) {
		if (!slab_ready)
			return NULL;
		/* Outside the lock: the chunk's own memory comes from allocators above us. */
		c = chunk_create();
		if (!c)
			return NULL;
		mutex_lock(&percpu_lock);
		c->next = chunks->next;
		chunks->next = c;
		p = chunk_take(c, n, align);
		mutex_unlock(&percpu_lock);
		if (!p)
			return NULL;
	}
	for_each_possible_cpu(cpu)
		memset(percpu_ptr(p, cpu), 0, size);
	return p;
}

void percpu_free(void *p)
{
	struct chunk *c;

	if (!p)
		return;
	mutex_lock(&percpu_lock);
	for (c = chunks; c; c = c->next) {
		u64 at = ((u64)p - c->base) / GRAIN;
		u32 n = 1;

		if ((u64)p < c->base || at >= c->grains)
			continue;
		VERIFY(test_bit(at, c->used));
		while (!test_bit(at + n - 1, c->last))
			n++;
		bitmap_clear_bit(c->last, at + n - 1);
		bitmap_clear(c->used, at, n);
		c->free += n;
		break;
	}
	VERIFY(c);
	mutex_unlock(&percpu_lock);
}

int percpu_counter_init(struct percpu_counter *c)
{
	c->pcp = percpu_alloc(sizeof(s64), sizeof(s64));
	return c->pcp ? 0 : -ENOMEM;
}

void percpu_counter_destroy(struct percpu_counter *c)
{
	percpu_free(c->pcp);
	c->pcp = NULL;
}

void percpu_counter_add(struct percpu_counter *c, s64 n)
{
	/* One instruction on this CPU's copy: safe against interrupts and preemption. */
	__asm__ volatile("addq %1, %%gs:%0" : "+m"(*c->pcp) : "er"(n) : "cc");
}

s64 percpu_counter_sum(const struct percpu_counter *c)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*percpu_ptr(c->pcp, cpu));
	return sum;
}
