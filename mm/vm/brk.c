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

/* Anonymous memory for [start, end), which is free and held. */
static int anon_map_locked(struct mm *mm, struct range_req *r, u64 start, u64 end, u32 flags)
{
	struct vma_shape s = { start, end, start >> PAGE_SHIFT, flags, NULL, NULL, NULL };
	struct vma *v;
	u64 pages = (end - start) >> PAGE_SHIFT;
	int err;

	if (!may_expand(mm, flags, pages) || READ_ONCE(mm->nr_vmas) > MAX_MAP_COUNT)
		return -ENOMEM;
	if (flags & VM_ACCOUNT) {
		err = mem_commit(mm, (s64)pages);
		if (err)
			return err;
	}
	if (vma_try_extend(mm, r, &s))
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
	vma_link(mm, v);
	return 0;
}

int mm_map_anon(struct mm *mm, u64 addr, u64 len, u32 vmflags)
{
	u64 start = PAGE_ALIGN_DOWN(addr), end = PAGE_ALIGN_UP(addr + len);
	struct range_req r;
	int err;

	if (end <= start || end > USER_END)
		return start == end ? 0 : -ENOMEM;
	vmflags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | mm->def_flags;
	if (flags_accountable(vmflags))
		vmflags |= VM_ACCOUNT;
	err = mm_lock_write(mm, &r, start, end);
	if (err)
		return err;
	err = munmap_locked(mm, &r, start, end);
	if (!err)
		err = anon_map_locked(mm, &r, start, end, vmflags);
	mm_unlock(mm, &r);
	return err;
}

/* Is [start, end) free, with a page to spare in front of what follows? */
static bool room_for(struct mm *mm, u64 start, u64 end)
{
	struct vma *next;
	bool ok;

	spin_lock(&mm->tree_lock);
	next = vma_tree_find(mm, start);
	ok = !next || end + PAGE_SIZE <= vma_start_gap(next);
	spin_unlock(&mm->tree_lock);
	return ok;
}

/* The new end, or the old one if that cannot be: heap and new range held. Grown range in *grown_from. */
static u64 brk_locked(struct mm *mm, struct range_req *r, u64 brk, u64 *grown_from)
{
	u64 old = PAGE_ALIGN_UP(mm->brk), new = PAGE_ALIGN_UP(brk), data = rlimit_cur(RLIMIT_DATA);

	if (data < ~0ul && brk - mm->start_brk + (mm->end_data - mm->start_data) > data)
		return mm->brk;
	if (new < old) {
		if (munmap_locked(mm, r, new, old))
			return mm->brk;
	} else if (new > old) {
		u64 pages = (new - old) >> PAGE_SHIFT;

		if (!room_for(mm, old, new))
			return mm->brk;
		if (mm->def_flags & VM_LOCKED && !mlock_allowed(mm, pages))
			return mm->brk;
		if (anon_map_locked(mm, r, old, new, BRK_FLAGS | mm->def_flags))
			return mm->brk;
		*grown_from = old;
	}
	WRITE_ONCE(mm->brk, brk);
	return brk;
}

long sys_brk(uaddr_t addr)
{
	struct mm *mm = current->mm;
	u64 grown = 0, res, first = PAGE_ALIGN_DOWN(mm->start_brk), end, brk = addr.v;
	struct range_req r;

	if (brk < mm->start_brk || brk > USER_END)
		return (long)READ_ONCE(mm->brk);
	/* From the page at start_brk, which all who move the end hold, to the larger of both ends. */
	for (;;) {
		end = max(PAGE_ALIGN_UP(max(brk, READ_ONCE(mm->brk))), first + PAGE_SIZE);
		if (mm_lock_write(mm, &r, first, end))
			return -EINTR;
		if (PAGE_ALIGN_UP(mm->brk) <= end)
			break;
		mm_unlock(mm, &r);
	}
	res = brk_locked(mm, &r, brk, &grown);
	mm_unlock(mm, &r);
	if (grown && mm->def_flags & VM_LOCKED && !(mm->def_flags & VM_LOCKONFAULT))
		(void)mm_populate(mm, grown, PAGE_ALIGN_UP(res), false);
	return (long)res;
}
