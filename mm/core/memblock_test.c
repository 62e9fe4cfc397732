/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The boot-time memory lists; on the host only, since the kernel has just one of them.
 * host-test: memblock.c
 */
#ifdef KEEL_HOST
#include <core/ktest.h>
#include <core/mm_init.h>
#include "internal.h"

void memblock_reset(void);

KTEST(memblock, union_of_ranges)
{
	u64 base, size;

	memblock_reset();
	memblock_add(0x100000, 0x100000);
	memblock_add(0x300000, 0x100000);
	memblock_add(0x180000, 0x200000);
	memblock_add(0x900123, 0x2000);
	KEXPECT(memblock_region(0, &base, &size) && base == 0x100000 && size == 0x300000);
	KEXPECT(memblock_region(1, &base, &size) && base == 0x901000 && size == 0x1000);
	KEXPECT(!memblock_region(2, &base, &size));
	KEXPECT_EQ(memblock_total(), 0x301000);
	memblock_cap(0x200000);
	KEXPECT_EQ(memblock_end(), 0x200000);
}

KTEST(memblock, alloc_avoids_reserved)
{
	struct memblock_range r;
	u64 a, b, sum = 0, from = 0;

	memblock_reset();
	memblock_add(0, 16 << 20);
	memblock_reserve(15 << 20, 1 << 20);
	memblock_reserve((14 << 20) + 5, 1);
	a = memblock_alloc(1 << 20, 1 << 20);
	KEXPECT_EQ(a, 13 << 20);
	b = memblock_alloc(0x3000, 0x1000);
	KEXPECT_EQ(b, (15 << 20) - 0x3000);
	KEXPECT_EQ(memblock_alloc_range(0x1000, 0x1000, 0, 0x1000), 0);
	KEXPECT_EQ(memblock_alloc_range(0x1000, 0x1000, 0, 0x2000), 0x1000);
	memblock_set_limit(4 << 20);
	KEXPECT((a = memblock_alloc(0x1000, 0x1000)) && a < 4 << 20);
	KEXPECT_EQ(memblock_alloc(32 << 20, 0x1000), 0);
	while (memblock_next_free(from, &r)) {
		KEXPECT(r.start >= from && r.start < r.end);
		sum += r.end - r.start;
		from = r.end;
	}
	KEXPECT_EQ(sum, (16 << 20) - 0x1000 - (1 << 20) - 0x1000 - (1 << 20) - 0x3000 - 0x1000 - 0x1000);
}
#endif
