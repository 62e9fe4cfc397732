/* SPDX-License-Identifier: MPL-2.0 */
/* brk(2): the heap that grows and shrinks at its end. */
#include <kernel/syscall.h>
#include <kernel/task.h>
#include "internal.h"

#define BRK_FLAGS	(VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT)

void mm_set_brk(struct mm *mm, u64 start)
{
	mm->start_brk = mm->brk = start;
}

/* Anonymous memory for [start, end), which is free. Range lock held. */
static int anon_map_locked(struct mm *mm, u64 start, u64 end, u32 flags)
{
	struct vma_shape s = { start, end, start >> PAGE_SHIFT, flags, NULL, NULL, NULL };
	struct vma *next = vma_tree_find(mm, start), *prev = next ? next->prev : mm->last_vma, *v;
	u64 pages = (end - start) >> PAGE_SHIFT;
	int err;

	if (!may_expand(mm, flags, pages) || mm->nr_vmas > MAX_MAP_COUNT)
		return -ENOMEM;
	if (flags & VM_ACCOUNT) {
		err = mem_commit(mm, (s64)pages);
		if (err)
			return err;
	}
	if (vma_try_extend(mm, prev, &s))
		return 0;
	v = vma_alloc(mm);
	if (!v) {
		if (flags & VM_ACCOUNT)
			mem_uncommit(mm, (s64)pages);
		return -ENOMEM;
	}
	v->start = start;
	v->end = end;
	v->pgoff = s.pgoff;
	v->flags = flags;
	vma_link(mm, v, prev);
	return 0;
}

int mm_map_anon(struct mm *mm, u64 addr, u64 len, u32 vmflags)
{
	u64 start = PAGE_ALIGN_DOWN(addr), end = PAGE_ALIGN_UP(addr + len);
	int err;

	if (end <= start || end > USER_END)
		return start == end ? 0 : -ENOMEM;
	vmflags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | mm->def_flags;
	if (flags_accountable(vmflags))
		vmflags |= VM_ACCOUNT;
	err = down_write_killable(&mm->range_lock);
	if (err)
		return err;
	err = munmap_locked(mm, start, end);
	if (!err)
		err = anon_map_locked(mm, start, end, vmflags);
	up_write(&mm->range_lock);
	return err;
}

/* The new end, or the old one if that cannot be: range lock held. Grown range in *grown_from. */
static u64 brk_locked(struct mm *mm, u64 brk, u64 *grown_from)
{
	u64 old = PAGE_ALIGN_UP(mm->brk), new = PAGE_ALIGN_UP(brk), data = rlimit_cur(RLIMIT_DATA);
	struct vma *next;

	if (brk < mm->start_brk || brk > USER_END)
		return mm->brk;
	if (data < ~0ul && brk - mm->start_brk + (mm->end_data - mm->start_data) > data)
		return mm->brk;
	if (new < old) {
		if (munmap_locked(mm, new, old))
			return mm->brk;
	} else if (new > old) {
		u64 pages = (new - old) >> PAGE_SHIFT;

		next = vma_tree_find(mm, old);
		if (next && new + PAGE_SIZE > vma_start_gap(next))
			return mm->brk;
		if (mm->def_flags & VM_LOCKED && !mlock_allowed(mm, pages))
			return mm->brk;
		if (anon_map_locked(mm, old, new, BRK_FLAGS | mm->def_flags))
			return mm->brk;
		*grown_from = old;
	}
	return mm->brk = brk;
}

long sys_brk(uaddr_t brk)
{
	struct mm *mm = current->mm;
	u64 grown = 0, res;

	if (down_write_killable(&mm->range_lock))
		return -EINTR;
	res = brk_locked(mm, brk.v, &grown);
	up_write(&mm->range_lock);
	if (grown && mm->def_flags & VM_LOCKED && !(mm->def_flags & VM_LOCKONFAULT))
		(void)mm_populate(mm, grown, PAGE_ALIGN_UP(res), false);
	return (long)res;
}
