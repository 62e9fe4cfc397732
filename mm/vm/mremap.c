/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mremap(2): shrink, grow in place, or move. The first two hold the range concerned; a move, which has two
 * of them, holds the whole address space. It links a second vma over the new range, moves the
 * page-table entries with both vmas locked and, for files, the reverse map held (so that truncation
 * does not miss a page on its way), then unmaps the old range.
 */
#include <fs/file.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include "internal.h"
#include <uapi/linux/mman.h>

struct move {
	struct mm *mm;
	u64 addr, old_len, new_addr, new_len;
	u32 flags;
};

static int move_entries(struct mm *mm, struct vma *old, struct vma *v, u64 from, u64 len)
{
	struct mapping *m = vma_mapping(old);
	struct tlb_gather g;
	int err = pt_make_tables(mm->pt, v->start, v->start + len);

	if (err)
		return err;
	tlb_gather_init(&g, mm->pt);
	if (m)
		down_write(&m->rmap_lock);
	pt_move_range(mm->pt, from, v->start, len, &g);
	if (m)
		up_write(&m->rmap_lock);
	tlb_gather_finish(&g);
	return 0;
}

/* A vma like old over [new_addr, new_addr + new_len), entries moved into it. */
static long move_vma(struct move *a, struct range_req *r, struct vma *old)
{
	struct mm *mm = a->mm;
	struct vma *v = vma_alloc(mm);
	u64 len = min(a->old_len, a->new_len);
	bool grow_gone = old->flags & VM_GROWSDOWN;
	u32 account = old->flags & VM_ACCOUNT;
	int err;

	if (!v)
		return -ENOMEM;
	v->start = a->new_addr;
	v->end = a->new_addr + a->new_len;
	v->flags = old->flags & ~(grow_gone ? VM_GROWSDOWN : 0);
	v->pgoff = old->pgoff + ((a->addr - old->start) >> PAGE_SHIFT);
	v->has_anon = true;
	v->file = old->file;
	v->ops = old->ops;
	v->private = old->private;
	v->name = old->name;
	if (v->file)
		file_get(v->file);
	if (v->ops && v->ops->open)
		v->ops->open(v);
	down_write(&v->lock);
	vma_link(mm, v);
	down_write_nested(&old->lock, 1);
	err = move_entries(mm, old, v, a->addr, len);
	v->has_anon = old->has_anon;
	up_write(&old->lock);
	up_write(&v->lock);
	if (!err && v->ops && v->ops->mremap)
		err = v->ops->mremap(v, a->addr);
	if (err) {
		v->flags &= ~VM_ACCOUNT;
		/* Whole vmas: cannot fail, nothing is split. */
		WARN_ONCE(munmap_locked(mm, r, a->new_addr, a->new_addr + a->new_len));
		return err;
	}
	if (v->name && mm->vdso_base == a->addr)
		mm->vdso_base = a->new_addr;
	if (a->flags & MREMAP_DONTUNMAP || !a->old_len)
		return (long)a->new_addr;
	/* The old range goes; its pages stay committed for the new one. */
	old = vma_isolate(mm, a->addr, a->addr + a->old_len);
	if (!IS_ERR(old) && old && account)
		vma_set_flags(old, old->flags & ~VM_ACCOUNT);
	/* No memory to cut it off: the old range stays, empty, as after MREMAP_DONTUNMAP. */
	if (!IS_ERR(old))
		WARN_ONCE(munmap_locked(mm, r, a->addr, a->addr + a->old_len));
	return (long)a->new_addr;
}

/* The vma at addr, if old_len of it may become new_len. Committed memory for the difference is taken. */
static struct vma *check_resize(struct move *a, s64 *charged)
{
	struct mm *mm = a->mm;
	struct vma *v = vma_first_in(mm, a->addr, a->addr + 1);
	u64 more = a->new_len > a->old_len ? (a->new_len - a->old_len) >> PAGE_SHIFT : 0, pgoff;

	*charged = 0;
	if (!v)
		return ERR_PTR(-EFAULT);
	if (!a->old_len && !(v->flags & (VM_SHARED | VM_MAYSHARE)))
		return ERR_PTR(-EINVAL);
	if (a->flags & MREMAP_DONTUNMAP && v->flags & (VM_DONTEXPAND | VM_SPECIAL))
		return ERR_PTR(-EINVAL);
	if (a->old_len > v->end - a->addr)
		return ERR_PTR(-EFAULT);
	if (a->new_len == a->old_len)
		goto locked;
	pgoff = ((a->addr - v->start) >> PAGE_SHIFT) + v->pgoff;
	if (pgoff + (a->new_len >> PAGE_SHIFT) < pgoff)
		return ERR_PTR(-EINVAL);
	if (v->flags & (VM_DONTEXPAND | VM_SPECIAL))
		return ERR_PTR(-EFAULT);
locked:
	if (v->flags & VM_LOCKED && !mlock_allowed(mm, more))
		return ERR_PTR(-EAGAIN);
	if (!may_expand(mm, v->flags, more))
		return ERR_PTR(-ENOMEM);
	if (v->flags & VM_ACCOUNT) {
		u64 pages = a->flags & MREMAP_DONTUNMAP ? a->new_len >> PAGE_SHIFT : more;

		if (mem_commit(mm, (s64)pages))
			return ERR_PTR(-ENOMEM);
		*charged = (s64)pages;
	}
	return v;
}

static long move_checked(struct move *a, struct range_req *r, struct vma *v, s64 charged)
{
	long res = move_vma(a, r, v);

	if (res < 0 && charged)
		mem_uncommit(a->mm, charged);
	return res;
}

static long mremap_fixed(struct move *a, struct range_req *r)
{
	struct mm *mm = a->mm;
	struct vma *v;
	s64 charged;
	int err;

	if (a->flags & MREMAP_FIXED) {
		if (a->new_addr & ~PAGE_MASK || a->new_len > USER_END || a->new_addr > USER_END - a->new_len)
			return -EINVAL;
		if (a->new_addr + a->new_len > a->addr && a->addr + a->old_len > a->new_addr)
			return -EINVAL;
		if (mm->nr_vmas + 2 >= MAX_MAP_COUNT - 3)
			return -ENOMEM;
		err = munmap_locked(mm, r, a->new_addr, a->new_addr + a->new_len);
		if (err)
			return err;
	}
	if (a->old_len > a->new_len) {
		err = munmap_locked(mm, r, a->addr + a->new_len, a->addr + a->old_len);
		if (err)
			return err;
		a->old_len = a->new_len;
	}
	v = check_resize(a, &charged);
	if (IS_ERR(v))
		return PTR_ERR(v);
	if (!(a->flags & MREMAP_FIXED)) {
		a->new_addr = unmapped_area(mm, a->new_addr, a->new_len, 0);
		if (IS_ERR_VALUE(a->new_addr)) {
			if (charged)
				mem_uncommit(mm, charged);
			return (long)a->new_addr;
		}
	}
	return move_checked(a, r, v, charged);
}

/* Room behind v for a longer range (which is held)? */
static bool can_grow(struct vma *v, u64 end)
{
	struct mm *mm = v->mm;
	bool ok;

	spin_lock(&mm->tree_lock);
	ok = end <= USER_END && end > v->end && (!v->next || end <= vma_start_gap(v->next));
	spin_unlock(&mm->tree_lock);
	return ok;
}

/* Shrink or grow where it is: both ranges are held. 0: that cannot be, move it. */
static long mremap_in_place(struct move *a, struct range_req *r, u64 *locked_from)
{
	struct mm *mm = a->mm;
	struct vma_shape s;
	struct vma *v;
	s64 charged;
	int err;

	if (!vma_first_in(mm, a->addr, a->addr + 1))
		return -EFAULT;
	if (a->old_len >= a->new_len && a->old_len) {
		if (a->old_len > a->new_len) {
			err = munmap_locked(mm, r, a->addr + a->new_len, a->addr + a->old_len);
			if (err)
				return err;
		}
		return (long)a->addr;
	}
	v = check_resize(a, &charged);
	if (IS_ERR(v))
		return PTR_ERR(v);
	if (a->old_len && a->old_len == v->end - a->addr && can_grow(v, a->addr + a->new_len)) {
		u64 pgoff = v->pgoff + vma_pages(v), end = v->end;

		s = (struct vma_shape){ end, a->addr + a->new_len, pgoff, v->flags, v->file, v->ops, v->name };
		v->maker = current->tid;	/* ours: vma_try_extend() may grow it */
		if (vma_try_extend(mm, r, &s)) {
			if (s.flags & VM_LOCKED)
				*locked_from = end;
			return (long)a->addr;
		}
	}
	if (charged)
		mem_uncommit(mm, charged);
	return a->flags & MREMAP_MAYMOVE ? 0 : -ENOMEM;
}

/* Everything is held. */
static long mremap_move(struct move *a, struct range_req *r, u64 *locked_from)
{
	struct mm *mm = a->mm;
	struct vma *v;
	s64 charged;

	if (!vma_first_in(mm, a->addr, a->addr + 1))
		return -EFAULT;
	if (a->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return mremap_fixed(a, r);
	v = check_resize(a, &charged);
	if (IS_ERR(v))
		return PTR_ERR(v);
	a->new_addr = mm->nr_vmas + 2 >= MAX_MAP_COUNT - 3 ? (u64)-ENOMEM : unmapped_area(mm, 0, a->new_len, 0);
	if (IS_ERR_VALUE(a->new_addr)) {
		if (charged)
			mem_uncommit(mm, charged);
		return -ENOMEM;
	}
	if (v->flags & VM_LOCKED)
		*locked_from = a->new_addr;
	return move_checked(a, r, v, charged);
}

static long mremap_locking(struct move *a, u64 *locked_from)
{
	u64 len = max(a->old_len, a->new_len);
	struct range_req r;
	long res = 0;

	if (!(a->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		if (a->addr >= USER_END)
			return -EFAULT;
		res = mm_lock_write(a->mm, &r, a->addr, a->addr + min(len, USER_END - a->addr));
		if (res)
			return res;
		res = mremap_in_place(a, &r, locked_from);
		mm_unlock(a->mm, &r);
		if (res)
			return res;
	}
	res = mm_lock_write(a->mm, &r, 0, ~0ul);
	if (res)
		return res;
	res = mremap_move(a, &r, locked_from);
	mm_unlock(a->mm, &r);
	return res;
}

long mremap_do(u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr)
{
	struct move a = { current->mm, addr, PAGE_ALIGN_UP(old_len), new_addr, PAGE_ALIGN_UP(new_len), flags };
	u64 locked_from = 0;
	long res;

	if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && old_len != new_len)
		return -EINVAL;
	if (addr & ~PAGE_MASK || !a.new_len)
		return -EINVAL;
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		a.new_addr = 0;
	res = mremap_locking(&a, &locked_from);
	if (res > 0 && locked_from)
		(void)mm_populate(a.mm, locked_from, (u64)res + a.new_len, false);
	return res;
}

long sys_mremap(uaddr_t addr, size_t old_len, size_t new_len, u64 flags, uaddr_t new_addr)
{
	if (flags >> 32)
		return -EINVAL;
	return mremap_do(addr.v, old_len, new_len, (u32)flags, new_addr.v);
}
