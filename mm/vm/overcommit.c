/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Overcommit accounting: pages that private writable and shared anonymous mappings may need one day.
 * Policy 0 refuses only what could never fit, 1 nothing, 2 keeps the sum below a limit.
 */
#include <base/atomic.h>
#include <kernel/cred.h>
#include <mm/swap.h>
#include "internal.h"
#include <uapi/linux/mman.h>

int overcommit_memory = OVERCOMMIT_GUESS;	/* [a] /proc/sys/vm/overcommit_memory */
int overcommit_ratio = 50;			/* [a] percent; 0 while kbytes says it */
u64 overcommit_kbytes;				/* [a] */
u64 user_reserve_kbytes = 128 << 10;		/* [a] what one process leaves to others, at most */
u64 admin_reserve_kbytes = 8 << 10;		/* [a] what is left to root */
static atomic64_t committed;

u64 mem_commit_limit(void)
{
	u64 kb = READ_ONCE(overcommit_kbytes), own = mem_total_pages() * (u64)READ_ONCE(overcommit_ratio) / 100;

	return (kb ? kb >> (PAGE_SHIFT - 10) : own) + swap_total_pages();
}

static bool commit_fits(struct mm *mm, s64 pages, s64 sum)
{
	s64 limit;

	switch (READ_ONCE(overcommit_memory)) {
	case OVERCOMMIT_ALWAYS:
		return true;
	case OVERCOMMIT_GUESS:
		return pages <= (s64)(mem_total_pages() + swap_total_pages());
	default:
		limit = (s64)mem_commit_limit();
		/* Keep some for root to recover with, and keep one process from taking all. */
		if (!capable(CAP_SYS_ADMIN))
			limit -= (s64)READ_ONCE(admin_reserve_kbytes) >> (PAGE_SHIFT - 10);
		if (mm)
			limit -= min(atomic64_read(&mm->total_vm) / 32,
				     (s64)READ_ONCE(user_reserve_kbytes) >> (PAGE_SHIFT - 10));
		return sum < limit;
	}
}

int mem_commit(struct mm *mm, s64 pages)
{
	s64 sum = atomic64_add_return(&committed, pages);

	if (unlikely(!commit_fits(mm, pages, sum))) {
		atomic64_sub(&committed, pages);
		return -ENOMEM;
	}
	if (mm)
		atomic64_add(&mm->committed, pages);
	vm_count(VM_COMMITTED, pages);
	return 0;
}

void mem_uncommit(struct mm *mm, s64 pages)
{
	atomic64_sub(&committed, pages);
	if (mm)
		atomic64_sub(&mm->committed, pages);
	vm_count(VM_COMMITTED, -pages);
}
