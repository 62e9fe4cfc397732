/* SPDX-License-Identifier: MPL-2.0 */
/* mprotect(2): rights of a range. Each vma is cut to the range, its flags change, then its entries. */
#include <kernel/syscall.h>
#include <kernel/task.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define RIGHTS		(VM_READ | VM_WRITE | VM_EXEC)
#define MAY_SHIFT	4	/* VM_MAYREAD and so on stand four bits above VM_READ... */
static_assert(VM_MAYREAD == VM_READ << MAY_SHIFT && VM_MAYWRITE == VM_WRITE << MAY_SHIFT &&
	      VM_MAYEXEC == VM_EXEC << MAY_SHIFT, "MAY_SHIFT");

/* New flags for v, with what they cost paid; or -errno. */
static long flags_for(struct mm *mm, struct vma *v, u64 pages, u32 rights)
{
	u32 fl = (v->flags & ~RIGHTS) | rights;
	int err;

	if (rights & ~(fl >> MAY_SHIFT))
		return -EACCES;
	if (rights & VM_WRITE && !(v->flags & VM_WRITE)) {
		if (!flags_data(v->flags) && flags_data(fl) && !may_expand(mm, fl, 0))
			return -ENOMEM;
		if (flags_data(fl) && vm_pages(&mm->data_vm) + pages > rlimit_cur(RLIMIT_DATA) >> PAGE_SHIFT)
			return -ENOMEM;
		if (!(v->flags & (VM_ACCOUNT | VM_SHARED | VM_NORESERVE))) {
			err = mem_commit(mm, (s64)pages);
			if (err)
				return err;
			fl |= VM_ACCOUNT;
		}
	}
	if (v->ops && v->ops->may_mprotect) {
		err = v->ops->may_mprotect(v, fl);
		if (err) {
			if (fl & ~v->flags & VM_ACCOUNT)
				mem_uncommit(mm, (s64)pages);
			return err;
		}
	}
	return (long)fl;
}

/* One vma, cut to [start, end). Returns the vma that holds the range afterwards. ERR_PTR. */
static struct vma *protect_vma(struct range_req *r, struct vma *v, u64 start, u64 end, u32 rights,
			       struct tlb_gather *g)
{
	struct mm *mm = v->mm;
	long fl;

	if ((v->flags & RIGHTS) == rights)
		return v;
	fl = flags_for(mm, v, (end - start) >> PAGE_SHIFT, rights);
	if (fl < 0)
		return ERR_PTR(fl);
	v = vma_isolate(mm, start, end);
	if (IS_ERR(v)) {
		if ((u32)fl & VM_ACCOUNT)
			mem_uncommit(mm, (s64)((end - start) >> PAGE_SHIFT));
		return v;
	}
	vma_set_flags(v, (u32)fl);
	/* Entries that are read-only stay so: the next write fault decides about copying. */
	pt_protect_range(mm->pt, start, end, vma_prot(v), true, g);
	return vma_merge_around(r, v);
}

static int mprotect_locked(struct mm *mm, struct range_req *r, u64 start, u64 end, u32 rights, u32 grows)
{
	struct vma *v = vma_first_in(mm, start, end);
	struct tlb_gather g;
	int err = -ENOMEM;
	u64 at;

	if (!v)
		return -ENOMEM;
	if (grows & PROT_GROWSDOWN) {
		start = v->start;
		if (!(v->flags & VM_GROWSDOWN))
			return -EINVAL;
	} else if (v->start > start) {
		return -ENOMEM;
	} else if (grows & PROT_GROWSUP) {
		return -EINVAL;		/* no mapping grows up here */
	}
	tlb_gather_init(&g, mm->pt);
	for (at = start; at < end;) {
		u64 stop;

		if (!v || v->start > at) {
			err = -ENOMEM;
			break;
		}
		stop = min(v->end, end);
		v = protect_vma(r, v, at, stop, rights, &g);
		if (IS_ERR(v)) {
			err = (int)PTR_ERR(v);
			break;
		}
		err = 0;
		at = stop;
		if (at < end && v->end <= at)
			v = vma_next_in(v, end);
	}
	tlb_gather_finish(&g);
	return err;
}

int mprotect_do(struct mm *mm, u64 addr, u64 len, u32 prot)
{
	u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP), rights = 0;
	struct range_req r;
	int err;

	prot &= ~grows;
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	len = PAGE_ALIGN_UP(len);
	if (addr + len <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (prot & PROT_READ && current->personality & 0x0400000)
		prot |= PROT_EXEC;
	rights = (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
		 (prot & PROT_EXEC ? VM_EXEC : 0);
	err = mm_lock_write(mm, &r, addr, addr + len);
	if (err)
		return err;
	err = mprotect_locked(mm, &r, addr, addr + len, rights, grows);
	mm_unlock(mm, &r);
	return err;
}

long sys_mprotect(uaddr_t addr, size_t len, u64 prot)
{
	return mprotect_do(current->mm, addr.v, len, (u32)prot);
}

/* Protection keys: the CPU feature is not used. As Linux answers without it. */
long sys_pkey_mprotect(uaddr_t addr, size_t len, u64 prot, int pkey)
{
	return pkey == -1 ? mprotect_do(current->mm, addr.v, len, (u32)prot) : -EINVAL;
}

long sys_pkey_alloc(u64 flags, u64 init_val)
{
	if (flags || init_val & ~(u64)PKEY_ACCESS_MASK)
		return -EINVAL;
	return -ENOSPC;
}

long sys_pkey_free(int pkey)
{
	(void)pkey;
	return -EINVAL;
}
