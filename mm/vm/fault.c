/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Page faults. vm_fault() is core's upcall; fault_handle() serves it and everyone who faults on
 * behalf of another address space.
 *
 *	look up the mapping, take its lock for reading   (lookup.c; no mm-wide lock)
 *	may it be accessed so?                           else SIGSEGV
 *	not present:  anonymous -> anon.c      file -> v->ops->fault, map around
 *	present:      write     -> anon.c (copy on write, shared write)      else: stale TLB entry
 *
 * A fault holds one vma lock for reading and, in its last step, one page-table lock. What it waits
 * for (memory, file pages) it waits for with the vma lock held: that stops only changes of this
 * mapping. If a look-up finds nothing, it is confirmed under the range lock, since a change may have
 * been under way.
 */
#include <core/init.h>
#include <core/rcu.h>
#include <fs/file.h>
#include <fs/super.h>
#include <kernel/task.h>
#include "internal.h"

u64 vma_page_off(const struct vma *v, u64 addr)
{
	return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}

static inline bool access_allowed(const struct vma *v, enum fault_access access)
{
	u32 fl = READ_ONCE(v->flags);

	switch (access) {
	case FAULT_WRITE: return fl & VM_WRITE;
	case FAULT_EXEC: return fl & VM_EXEC;
	default: return fl & (VM_READ | VM_WRITE | VM_EXEC);
	}
}

/* May v begin at addr? Its lower neighbour keeps a distance, and nobody is at work in it (the gap is held). */
static bool stack_has_room(struct mm *mm, const struct vma *v, u64 addr)
{
	const struct vma *prev;
	bool ok = true;

	spin_lock(&mm->tree_lock);
	prev = v->prev;
	if (prev && (addr < prev->end || (prev->flags & (VM_READ | VM_WRITE | VM_EXEC) &&
					  !(prev->flags & VM_GROWSDOWN) && addr - prev->end < STACK_GUARD_GAP)))
		ok = false;
	spin_unlock(&mm->tree_lock);
	return ok;
}

/* Grow the stack above down to addr. 0 or -errno. */
int stack_expand(struct mm *mm, u64 addr)
{
	struct range_req r;
	struct vma *v;
	u64 pages, top;
	int err = -ENOMEM;

	rcu_read_lock();
	v = vma_find(mm, addr);
	top = v ? READ_ONCE(v->end) : 0;
	rcu_read_unlock();
	if (top <= addr)
		return v ? 0 : -ENOMEM;	/* changed under us: look again */
	mm_lock_write_wait(mm, &r, addr > STACK_GUARD_GAP ? addr - STACK_GUARD_GAP : 0, top);
	v = vma_first_in(mm, addr, r.end);
	if (!v)
		goto out;
	if (v->start <= addr) {
		err = 0;		/* the look-up was in the middle of a change */
		goto out;
	}
	if (!(v->flags & VM_GROWSDOWN))
		goto out;
	pages = (v->start - addr) >> PAGE_SHIFT;
	if (addr < MMAP_MIN_ADDR || v->end - addr > rlimit_cur(RLIMIT_STACK))
		goto out;
	if (!stack_has_room(mm, v, addr))
		goto out;
	if (!may_expand(mm, v->flags, pages))
		goto out;
	if (v->flags & VM_LOCKED && !mlock_allowed(mm, pages))
		goto out;
	if (v->flags & VM_ACCOUNT) {
		err = mem_commit(mm, (s64)pages);
		if (err)
			goto out;
	}
	down_write(&v->lock);
	tree_change_begin(mm);
	WRITE_ONCE(v->start, addr);
	v->pgoff -= pages;
	vma_tree_resized(v);
	tree_change_end(mm);
	up_write(&v->lock);
	vma_account(mm, v->flags, (s64)pages);
	err = 0;
out:
	mm_unlock(mm, &r);
	return err;
}

/*
 * A page of a shared file mapping becomes writable; its folio is locked. Not while a hole is punched: what the file system
 * shows for the page may be about to be freed, and the write would go there. That lock ranks above the folio's, so it is only
 * tried. FR_RETRY: give up the folio, fault_wait_cut(), come again.
 */
enum fault_result fault_mkwrite(struct vm_fault_ctx *ctx)
{
	struct mapping *m = ctx->folio->mapping;
	int err = 0;

	if (m && !down_read_trylock(&m->invalidate_lock))
		return FR_RETRY;
	if (ctx->vma->ops->page_mkwrite)
		err = ctx->vma->ops->page_mkwrite(ctx);
	else
		folio_mark_dirty(ctx->folio);
	if (m)
		up_read(&m->invalidate_lock);
	return fault_errno(err);
}

void fault_wait_cut(const struct vma *v)
{
	down_read(&vma_mapping(v)->invalidate_lock);
	up_read(&vma_mapping(v)->invalidate_lock);
}

/* Map page f->addr of the file: the folio came locked, referenced and uptodate. Both are given up. */
static enum fault_result file_map(struct fault *f, struct vm_fault_ctx *ctx)
{
	struct vma *v = f->v;
	struct folio *folio = ctx->folio;
	u32 prot = vma_prot(v) | PT_YOUNG;
	unsigned int kind = folio_test(folio, FOLIO_SWAPBACKED) ? MM_SHMEM : MM_FILE;
	struct pt_cursor c;
	int err;

	if (ctx->write && vma_is_shared(v)) {
		enum fault_result r = fault_mkwrite(ctx);

		if (r != FR_OK) {
			folio_unlock(folio);
			folio_put(folio);
			if (r == FR_RETRY)
				fault_wait_cut(v);
			return r;
		}
		prot |= PT_DIRTY;
	} else if (!vma_is_shared(v) || !(vma_mapping(v)->flags & MAPPING_NO_WRITEBACK)) {
		prot &= ~PT_WRITE;
	}
	err = pt_cursor_open(&c, f->mm->pt, f->addr, PT_ALLOC, NULL);
	if (err) {
		folio_unlock(folio);
		folio_put(folio);
		return fault_errno(err);
	}
	/* Of a private file mapping that is reaped the program's own copy may have been here. */
	if (mm_reaped(f->mm) && !vma_is_shared(v)) {
		pt_cursor_close(&c);
		folio_unlock(folio);
		folio_put(folio);
		return FR_KILLED;
	}
	if (pte_none(pt_cursor_read(&c))) {
		pt_cursor_map(&c, folio, ctx->page_nr, prot);
		pt_cursor_close(&c);
		folio_unlock(folio);
		mm_count(f->mm, kind, 1);
	} else {
		pt_cursor_close(&c);
		folio_unlock(folio);
		folio_put(folio);
	}
	return FR_OK;
}

static enum fault_result fault_file(struct fault *f)
{
	struct vma *v = f->v;
	struct vm_fault_ctx ctx = {
		.vma = v, .addr = f->addr, .pgoff = vma_page_off(v, f->addr), .write = f->access == FAULT_WRITE,
	};
	enum fault_result r;
	bool mkwrite;
	int err;

	if (unlikely(!v->ops || !v->ops->fault))
		return FR_BUS;
	if (!ctx.write && v->ops->fault == filemap_fault && !mm_reaped(f->mm)) {
		if (filemap_map_around(&ctx))
			return FR_OK;
	}
	/* Before any folio is locked: a freezer that waits for those must get on. */
	mkwrite = ctx.write && vma_is_shared(v) && v->ops->page_mkwrite && v->file;
	if (mkwrite)
		super_start(v->file->inode->sb, SB_FREEZE_PAGEFAULT);
	err = v->ops->fault(&ctx);
	f->major |= ctx.major;
	if (err) {
		r = fault_errno(err);
		goto out;
	}
	if (ctx.write && !vma_is_shared(v)) {
		r = fault_cow_from(f, ctx.folio, ctx.page_nr);
		folio_unlock(ctx.folio);
		folio_put(ctx.folio);
		goto out;
	}
	r = file_map(f, &ctx);
out:
	if (mkwrite)
		super_end(v->file->inode->sb, SB_FREEZE_PAGEFAULT);
	return r;
}

/* The entry is there and allows the access: this CPU's TLB was behind. Or it is there but not accessible. */
static enum fault_result fault_present_read(struct fault *f)
{
	struct pt_cursor c;

	if (pt_cursor_open(&c, f->mm->pt, f->addr, 0, NULL))
		return FR_OK;
	pt_cursor_refresh(&c);
	pt_cursor_close(&c);
	return FR_OK;
}

/* Nothing covers addr, or only something above: grow a stack, or wait for a change to end. FR_RETRY: look again. */
static __noinline enum fault_result fault_no_vma(struct mm *mm, u64 addr, struct vma *above)
{
	struct range_req r;
	bool covered, grows;

	if (above) {
		grows = above->flags & VM_GROWSDOWN;
		vma_unlock_read(above);
		if (grows)
			return stack_expand(mm, addr) ? FR_MAPERR : FR_RETRY;
	}
	mm_lock_read(mm, &r, addr, addr + 1);
	spin_lock(&mm->tree_lock);
	above = vma_tree_find(mm, addr);
	covered = above && above->start <= addr;
	grows = above && above->flags & VM_GROWSDOWN;
	spin_unlock(&mm->tree_lock);
	mm_unlock(mm, &r);
	if (!covered && grows)
		return stack_expand(mm, addr) ? FR_MAPERR : FR_RETRY;
	return covered ? FR_RETRY : FR_MAPERR;
}

static enum fault_result fault_once(struct fault *f, u32 flags)
{
	struct vma *v = vma_lock_read(f->mm, f->addr);
	enum fault_result r;
	bool spurious;
	pte_t e;

	if (unlikely(!v || v->start > f->addr))
		return fault_no_vma(f->mm, f->addr, v);
	f->v = v;
	if (unlikely(!access_allowed(v, f->access)))
		r = FR_ACCERR;
	else if (unlikely(!(flags & FAULT_PRESENT) && mm_counter(f->mm, MM_SWAP) &&
			  !pte_none(e = fault_swap_entry(f))))
		r = fault_swap(f, e);
	else if (!(flags & FAULT_PRESENT))
		r = vma_is_anon(v) ? fault_anon(f) : fault_file(f);
	else if (f->access == FAULT_WRITE)
		r = fault_write_protected(f, &spurious);
	else
		r = fault_present_read(f);
	vma_unlock_read(v);
	return r;
}

enum fault_result fault_handle(struct mm *mm, u64 addr, enum fault_access access, u32 flags, bool *major)
{
	struct fault f = { .mm = mm, .addr = addr & PAGE_MASK, .access = access };
	enum fault_result r;

	for (;;) {
		r = fault_once(&f, flags);
		if (likely(r == FR_OK))
			break;
		if (r == FR_OOM && !signal_fatal_pending(current_core()))
			continue;	/* the allocator waited and killed: memory comes back */
		if (r != FR_RETRY)
			break;
		if (signal_fatal_pending(current_core())) {
			r = FR_KILLED;
			break;
		}
	}
	*major = f.major;
	return r;
}

int vm_fault(u64 addr, enum fault_access access, u32 flags, int *sig, int *code)
{
	struct task *t = current;
	struct mm *mm = t->mm;
	enum fault_result r;
	bool major = false;

	*sig = SIGSEGV;
	*code = SEGV_MAPERR;
	if (unlikely(!mm || t->core.fault_disabled || addr >= USER_END))
		return -EFAULT;
	vm_count(VM_EV_FAULT, 1);
	r = fault_handle(mm, addr, access, flags, &major);
	if (unlikely(major)) {
		t->maj_flt++;
		vm_count(VM_EV_MAJFAULT, 1);
	} else {
		t->min_flt++;
	}
	if (likely(r == FR_OK))
		return 0;
	switch (r) {
	case FR_ACCERR:
		*code = SEGV_ACCERR;
		return -EFAULT;
	case FR_BUS:
		*sig = SIGBUS;
		*code = BUS_ADRERR;
		return -EFAULT;
	case FR_OOM:
	case FR_KILLED:
		/* A fatal signal is pending: user mode gets it on return; the kernel's access fails. */
		return flags & FAULT_FROM_USER ? 0 : -EFAULT;
	default:
		return -EFAULT;
	}
}

int mm_populate(struct mm *mm, u64 start, u64 end, bool write_only)
{
	u64 addr = start;

	while (addr < end) {
		struct vma *v = vma_lock_read(mm, addr);
		enum fault_access access;
		bool major;
		u64 stop;

		if (!v)
			return -ENOMEM;
		if (v->start > addr) {
			stop = v->start;
			vma_unlock_read(v);
			if (stop >= end)
				return -ENOMEM;
			addr = stop;
			continue;
		}
		stop = min(end, v->end);
		access = (v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE || write_only ? FAULT_WRITE : FAULT_READ;
		if (v->flags & VM_SPECIAL || !access_allowed(v, access)) {
			bool special = v->flags & VM_SPECIAL;

			vma_unlock_read(v);
			if (!special)
				return -ENOMEM;
			addr = stop;
			continue;
		}
		vma_unlock_read(v);
		for (; addr < stop; addr += PAGE_SIZE) {
			enum fault_result r = mm_touch(mm, addr, access, &major);

			if (r == FR_KILLED || signal_pending_state(TASK_KILLABLE))
				return -EINTR;
			if (r != FR_OK)
				return r == FR_BUS ? -EFAULT : -ENOMEM;
			if (need_resched())
				cond_resched();
		}
	}
	return 0;
}
