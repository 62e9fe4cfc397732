/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mlock(2) and relatives: memory that stays. A locked vma's pages are faulted in and never reclaimed
 * (reclaim looks at the vmas that map a page); MLOCK_ONFAULT leaves out the first part.
 */
#include <kernel/syscall.h>
#include <kernel/task.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define LOCK_FLAGS	(VM_LOCKED | VM_LOCKONFAULT)

/* Set or clear the lock flags of [start, end), held for writing. */
static int lock_range(struct mm *mm, struct range_req *r, u64 start, u64 end, u32 flags)
{
	struct vma *v = vma_first_in(mm, start, end);

	while (start < end) {
		u64 stop;

		if (!v || v->start > start)
			return -ENOMEM;
		stop = min(end, v->end);
		if ((v->flags & LOCK_FLAGS) != flags && !(v->flags & VM_SPECIAL)) {
			v = vma_isolate(mm, start, stop);
			if (IS_ERR(v))
				return (int)PTR_ERR(v);
			vma_set_flags(v, (v->flags & ~LOCK_FLAGS) | flags);
			v = vma_merge_around(r, v);
		}
		start = stop;
		if (start < end && v->end <= start)
			v = vma_next_in(v, end);
	}
	return 0;
}

static u64 already_locked(struct mm *mm, u64 start, u64 end)
{
	u64 n = 0;

	for (struct vma *v = vma_first_in(mm, start, end); v; v = vma_next_in(v, end))
		if (v->flags & VM_LOCKED)
			n += (min(end, v->end) - max(start, v->start)) >> PAGE_SHIFT;
	return n;
}

static int mlock_do(u64 addr, u64 len, u32 flags)
{
	struct mm *mm = current->mm;
	struct range_req r;
	u64 start = PAGE_ALIGN_DOWN(addr), end;
	int err;

	if (!mlock_capable())
		return -EPERM;
	len = PAGE_ALIGN_UP(len + PAGE_OFFSET_IN(addr));
	end = start + len;
	if (end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	err = mm_lock_write(mm, &r, start, end);
	if (err)
		return err;
	err = -ENOMEM;
	if (mlock_allowed(mm, (len >> PAGE_SHIFT) - already_locked(mm, start, end)))
		err = lock_range(mm, &r, start, end, flags);
	mm_unlock(mm, &r);
	if (err || flags & VM_LOCKONFAULT)
		return err;
	err = mm_populate(mm, start, end, false);
	return err == -EFAULT ? -ENOMEM : err;
}

long sys_mlock(uaddr_t addr, size_t len)
{
	return mlock_do(addr.v, len, VM_LOCKED);
}

long sys_mlock2(uaddr_t addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mlock_do(addr.v, len, VM_LOCKED | (flags & MLOCK_ONFAULT ? VM_LOCKONFAULT : 0));
}

long sys_munlock(uaddr_t addr, size_t len)
{
	struct mm *mm = current->mm;
	struct range_req r;
	u64 start = PAGE_ALIGN_DOWN(addr.v), end = start + PAGE_ALIGN_UP(len + PAGE_OFFSET_IN(addr.v));
	int err;

	if (end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	err = mm_lock_write(mm, &r, start, end);
	if (err)
		return err;
	err = lock_range(mm, &r, start, end, 0);
	mm_unlock(mm, &r);
	return err;
}

/* All vmas get these flags; those that cannot be locked are left out. */
static void lock_all(struct mm *mm, u32 flags)
{
	for (struct vma *v = mm->first_vma; v; v = v->next) {
		if (v->flags & VM_SPECIAL || (v->flags & LOCK_FLAGS) == flags)
			continue;
		vma_set_flags(v, (v->flags & ~LOCK_FLAGS) | flags);
	}
}

static void populate_all(struct mm *mm)
{
	u64 addr = 0;

	for (;;) {
		struct vma *v = vma_lock_read(mm, addr);
		u64 start, end;

		if (!v)
			return;
		start = max(v->start, addr);
		end = v->end;
		vma_unlock_read(v);
		(void)mm_populate(mm, start, end, false);
		if (signal_fatal_pending(current_core()))
			return;
		addr = end;
	}
}

long sys_mlockall(int flags)
{
	struct mm *mm = current->mm;
	u32 fl = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
	struct range_req r;
	int err;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!mlock_capable())
		return -EPERM;
	err = mm_lock_write(mm, &r, 0, ~0ul);
	if (err)
		return err;
	err = -ENOMEM;
	if (!(flags & MCL_CURRENT) || vm_pages(&mm->total_vm) <= rlimit_cur(RLIMIT_MEMLOCK) >> PAGE_SHIFT ||
	    capable(CAP_IPC_LOCK)) {
		err = 0;
		mm->def_flags = flags & MCL_FUTURE ? fl : 0;
		if (flags & MCL_CURRENT)
			lock_all(mm, fl);
	}
	mm_unlock(mm, &r);
	if (!err && flags & MCL_CURRENT && !(flags & MCL_ONFAULT))
		populate_all(mm);
	return err;
}

long sys_munlockall(void)
{
	struct mm *mm = current->mm;
	struct range_req r;
	int err = mm_lock_write(mm, &r, 0, ~0ul);

	if (err)
		return err;
	mm->def_flags = 0;
	lock_all(mm, 0);
	mm_unlock(mm, &r);
	return 0;
}
