/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Taking a dying address space's private memory before its tasks have gone: the OOM killer's victim may
 * sit in the kernel waiting for something that itself waits for memory.
 *
 * Only vma locks are taken, for reading, and only when they are free at once. mm->oom_reaped is set
 * first; a fault that finds nothing under the page-table lock tests it there (mm_reaped()), so what was
 * taken does not come back as zeros, which a system call of the victim might write to a file.
 */
#include <core/rcu.h>
#include <kernel/sched.h>
#include "internal.h"

static bool takes(const struct vma *v)
{
	return !(v->flags & (VM_SHARED | VM_LOCKED | VM_SPECIAL));
}

static void reap_vma(struct mm *mm, const struct vma *v)
{
	struct pt_counts c = { { 0 } };
	struct tlb_gather g;

	tlb_gather_init(&g, mm->pt);
	pt_zap_range(mm->pt, v->start, v->end, 0, &g, &c);
	tlb_gather_finish(&g);
	counts_sub(mm, &c);
}

bool mm_reap(struct mm *mm)
{
	bool all = true;
	u64 addr = 0;

	WRITE_ONCE(mm->oom_reaped, true);
	smp_mb();		/* pairs with the page-table lock that a fault takes before it tests */
	while (addr < USER_END) {
		struct vma *v;
		u64 end;

		rcu_read_lock();
		v = vma_find(mm, addr);
		if (!v) {
			rcu_read_unlock();
			break;
		}
		end = READ_ONCE(v->end);
		if (!down_read_trylock(&v->lock)) {
			rcu_read_unlock();
			all = false;
		} else {
			rcu_read_unlock();
			if (v->mm == mm && takes(v))
				reap_vma(mm, v);
			up_read(&v->lock);
		}
		addr = max(end, addr + PAGE_SIZE);
		cond_resched();
	}
	return all;
}
