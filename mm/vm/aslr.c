/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where things go in a fresh address space: random as /proc/sys/kernel/randomize_va_space (0 off, 1
 * without the heap, 2 all) and the process's personality say. Bits of entropy as Linux has them
 * on x86-64: 28 for mmap and position-independent programs, 22 for the stack, 13 for the heap.
 */
#include <core/init.h>
#include <core/usercopy.h>
#include <kernel/random.h>
#include "internal.h"

int randomize_va_space = 2;		/* [a] */

#define STACK_RND_PAGES		(1ul << 22)
#define MMAP_RND_PAGES		(1ul << 28)
#define BRK_RND			0x02000000ul

static u64 random_pages(u64 n, bool randomize)
{
	return randomize && READ_ONCE(randomize_va_space) ? (random_u64() % n) << PAGE_SHIFT : 0;
}

u64 aslr_mmap_base(u64 stack_limit, bool randomize)
{
	u64 gap = stack_limit, pad = STACK_GUARD_GAP;

	if (randomize)
		pad += STACK_RND_PAGES << PAGE_SHIFT;
	if (gap + pad > gap)
		gap += pad;
	gap = clamp_t(u64, gap, 128ul << 20, USER_END / 6 * 5);
	return PAGE_ALIGN_UP(USER_END - gap - random_pages(MMAP_RND_PAGES, randomize));
}

u64 aslr_stack_top(bool randomize)
{
	return USER_END - random_pages(STACK_RND_PAGES, randomize);
}

u64 aslr_pie_base(bool randomize)
{
	return PAGE_ALIGN_DOWN(USER_END / 3 * 2) + random_pages(MMAP_RND_PAGES, randomize);
}

u64 aslr_brk(u64 start, bool randomize)
{
	if (!randomize || READ_ONCE(randomize_va_space) < 2)
		return start;
	return PAGE_ALIGN_UP(start) + ((random_u64() % (BRK_RND >> PAGE_SHIFT)) << PAGE_SHIFT);
}

static int norandmaps(const char *v)
{
	(void)v;
	randomize_va_space = 0;
	return 0;
}
KPARAM("norandmaps", norandmaps);
