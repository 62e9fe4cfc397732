/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The address space of a child: every mapping is duplicated; page-table entries are copied only where
 * the child could not fault them in again: private mappings that may hold pages of their own. Those
 * lose the write right on both sides, and the first writer copies (anon.c).
 *
 * All of the parent's range is held for writing all the while, so its mappings stand still; its other
 * threads may go on faulting. The TLB is flushed once at the end if the parent lost rights.
 */
#include <base/string.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include "internal.h"

static void fields_copy(struct mm *mm, const struct mm *old)
{
	mm->mmap_base = old->mmap_base;
	mm->start_code = old->start_code;
	mm->end_code = old->end_code;
	mm->start_data = old->start_data;
	mm->end_data = old->end_data;
	mm->start_brk = old->start_brk;
	mm->brk = old->brk;
	mm->start_stack = old->start_stack;
	mm->arg_start = old->arg_start;
	mm->arg_end = old->arg_end;
	mm->env_start = old->env_start;
	mm->env_end = old->env_end;
	mm->vdso_base = old->vdso_base;
	mm->dumpable = old->dumpable;
	mm->membarrier_state = old->membarrier_state;
	memcpy(mm->saved_auxv, old->saved_auxv, sizeof(mm->saved_auxv));
	/* Locks are not inherited, neither is MCL_FUTURE. */
}

/* A linked copy of v in mm; NULL: no memory. */
static struct vma *vma_copy(struct mm *mm, const struct vma *v)
{
	struct vma *n = vma_alloc(mm);

	if (!n)
		return NULL;
	n->start = v->start;
	n->end = v->end;
	n->flags = v->flags & ~(VM_LOCKED | VM_LOCKONFAULT);
	n->has_anon = v->has_anon;
	n->pgoff = v->pgoff;
	n->file = v->file;
	n->ops = v->ops;
	n->private = v->private;
	n->name = v->name;
	if (n->file)
		file_get(n->file);
	if (n->ops && n->ops->open)
		n->ops->open(n);
	return n;
}

static bool needs_entries(const struct vma *v)
{
	if (v->flags & VM_SPECIAL)
		return !v->ops || !v->ops->fault;
	return READ_ONCE(v->has_anon) && !(v->flags & VM_WIPEONFORK);
}

static int vmas_copy(struct mm *mm, struct mm *old, const struct task *child, struct pt_counts *counts, bool *flush)
{
	s64 committed = 0;
	int err = 0;

	for (struct vma *v = old->first_vma; v && !err; v = v->next) {
		struct vma *n;

		if (v->flags & VM_DONTCOPY)
			continue;
		if (v->flags & VM_ACCOUNT) {
			committed = (s64)vma_pages(v);
			err = mem_commit(mm, committed);
			if (err)
				break;
		}
		n = vma_copy(mm, v);
		if (!n) {
			if (v->flags & VM_ACCOUNT)
				mem_uncommit(mm, committed);
			return -ENOMEM;
		}
		if (v->flags & VM_WIPEONFORK)
			n->has_anon = false;
		vma_link(mm, n);
		n->maker = v->maker == current->tid && child ? child->tid : v->maker;
		if (needs_entries(v))
			err = pt_copy_range(mm->pt, old->pt, v->start, v->end,
					    vma_is_shared(v) ? 0 : PT_COPY_COW, counts, flush);
		if (need_resched())
			cond_resched();
	}
	return err;
}

struct mm *mm_fork(struct mm *old, struct task *child)
{
	struct mm *mm = mm_create();
	struct pt_counts counts = { { 0 } };
	struct range_req r;
	bool flush = false;
	int err;

	if (IS_ERR(mm))
		return mm;
	err = mm_lock_write(old, &r, 0, ~0ul);
	if (err)
		goto out_put;
	fields_copy(mm, old);
	err = vmas_copy(mm, old, child, &counts, &flush);
	counts_add(mm, &counts);
	if (flush) {
		struct tlb_gather g;

		tlb_gather_init(&g, old->pt);
		tlb_gather_range(&g, 0, USER_END);
		tlb_gather_finish(&g);
	}
	mm_unlock(old, &r);
	if (err)
		goto out_put;
	mm->exe_file = old->exe_file;
	if (mm->exe_file) {
		file_get(mm->exe_file);
		VERIFY(deny_write(mm->exe_file->inode) == 0);	/* denied already: cannot fail */
	}
	return mm;
out_put:
	mm_put(mm);
	return ERR_PTR(err);
}
