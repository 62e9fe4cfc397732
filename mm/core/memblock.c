/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Physical memory before the page allocator lives: two sorted lists of ranges, RAM and what of it is
 * in use. Allocation goes from the top down through RAM that is not reserved. mm_core_init() hands
 * the rest to the buddy allocator; the RAM list stays for those who ask what is RAM.
 *
 * Runs on the boot CPU only: no locks.
 */
#include <base/assert.h>
#include <base/math.h>
#include <core/mm_init.h>
#include "internal.h"

#define MEMBLOCK_MAX	256

struct memblock_list {
	unsigned int nr;
	struct memblock_range r[MEMBLOCK_MAX];
};

static struct memblock_list ram, used;
static u64 limit = ~0ull;

static void range_remove(struct memblock_list *l, unsigned int i)
{
	l->nr--;
	for (; i < l->nr; i++)
		l->r[i] = l->r[i + 1];
}

static void range_insert(struct memblock_list *l, unsigned int i, u64 start, u64 end)
{
	if (l->nr == MEMBLOCK_MAX)
		panic("memory map has more than %d ranges", MEMBLOCK_MAX);
	for (unsigned int j = l->nr; j > i; j--)
		l->r[j] = l->r[j - 1];
	l->r[i] = (struct memblock_range){ start, end };
	l->nr++;
}

/* Union with [start, end): swallow every range that touches it. */
static void range_add(struct memblock_list *l, u64 start, u64 end)
{
	unsigned int i = 0;

	if (start >= end)
		return;
	while (i < l->nr && l->r[i].end < start)
		i++;
	while (i < l->nr && l->r[i].start <= end) {
		start = min(start, l->r[i].start);
		end = max(end, l->r[i].end);
		range_remove(l, i);
	}
	range_insert(l, i, start, end);
}

static void range_sub(struct memblock_list *l, u64 start, u64 end)
{
	for (unsigned int i = 0; i < l->nr;) {
		struct memblock_range r = l->r[i];

		if (r.end <= start || r.start >= end) {
			i++;
			continue;
		}
		range_remove(l, i);
		if (r.start < start)
			range_insert(l, i++, r.start, start);
		if (r.end > end)
			range_insert(l, i++, end, r.end);
	}
}

void memblock_add(u64 base, u64 size)
{
	u64 end;

	if (check_add(base, size, &end))
		end = ~0ull;
	/* Page 0 is never RAM to us: 0 means "none". */
	range_add(&ram, max_t(u64, ALIGN_UP(base, PAGE_SIZE), PAGE_SIZE), ALIGN_DOWN(end, PAGE_SIZE));
}

void memblock_cap(u64 cap)
{
	range_sub(&ram, ALIGN_DOWN(cap, PAGE_SIZE), ~0ull);
}

void memblock_reserve(u64 base, u64 size)
{
	u64 end;

	if (check_add(base, size, &end))
		end = ~0ull - PAGE_SIZE;
	if (size)
		range_add(&used, ALIGN_DOWN(base, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE));
}

void memblock_set_limit(u64 l)
{
	limit = l;
}

/* Highest place for `size` bytes in [lo, hi), which is all RAM, that no used range touches. */
static u64 range_find_top(u64 lo, u64 hi, u64 size, u64 align)
{
	for (unsigned int i = used.nr; hi > lo && hi - lo >= size; i--) {
		u64 at = ALIGN_DOWN(hi - size, align);

		if (at < lo)
			return 0;
		while (i > 0 && used.r[i - 1].start >= at + size)
			i--;
		if (i == 0 || used.r[i - 1].end <= at)
			return at;
		hi = used.r[i - 1].start;
	}
	return 0;
}

u64 memblock_alloc_range(u64 size, u64 align, u64 lo, u64 hi)
{
	size = ALIGN_UP(size, PAGE_SIZE);
	align = max_t(u64, align, PAGE_SIZE);
	hi = min(hi, limit);
	for (unsigned int i = ram.nr; i > 0; i--) {
		u64 a = max(ram.r[i - 1].start, lo), b = min(ram.r[i - 1].end, hi);
		u64 at = b > a ? range_find_top(a, b, size, align) : 0;

		if (at) {
			range_add(&used, at, at + size);
			return at;
		}
	}
	return 0;
}

bool memblock_region(unsigned int i, u64 *base, u64 *size)
{
	if (i >= ram.nr)
		return false;
	*base = ram.r[i].start;
	*size = ram.r[i].end - ram.r[i].start;
	return true;
}

u64 memblock_end(void)
{
	return ram.nr ? ram.r[ram.nr - 1].end : 0;
}

u64 memblock_total(void)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < ram.nr; i++)
		sum += ram.r[i].end - ram.r[i].start;
	return sum;
}

/* Next piece of RAM at or after `from` that nobody uses. */
bool memblock_next_free(u64 from, struct memblock_range *out)
{
	for (unsigned int i = 0; i < ram.nr; i++) {
		u64 a = max(ram.r[i].start, from), b = ram.r[i].end;

		for (unsigned int j = 0; j < used.nr && a < b; j++) {
			if (used.r[j].end <= a)
				continue;
			if (used.r[j].start >= b)
				break;
			if (used.r[j].start > a) {
				b = used.r[j].start;
				break;
			}
			a = used.r[j].end;
		}
		if (a < b) {
			*out = (struct memblock_range){ a, b };
			return true;
		}
	}
	return false;
}

#ifdef KEEL_HOST
void memblock_reset(void)
{
	ram.nr = used.nr = 0;
	limit = ~0ull;
}
#endif
