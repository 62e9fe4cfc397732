/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Address spaces as objects: creation, the last put that unmaps everything, counters, and what others
 * want to know about them.
 *
 * `users` counts tasks that run in it and those who look from outside; when it falls to zero all is
 * unmapped. All users together hold one of `refs`; lazy CPUs and others that only need the struct
 * and its top-level table hold the rest. When the last user goes, every CPU that still has the
 * tables loaded lazily is told to leave them; so unmapping needs no TLB flush.
 *
 * mm_unref() may be called with interrupts off (the scheduler does).
 */
#include <base/string.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/smp.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/sched.h>
#include <kernel/task.h>
#include "internal.h"

static struct kmem_cache *mm_cache __ro_after_init;

static int mm_cache_init(void)
{
	mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm), 8, 0, NULL);
	return mm_cache ? 0 : -ENOMEM;
}
INITCALL_CORE(mm_cache_init);

static DEFINE_SPINLOCK(mm_list_lock, MM_LIST);
static LIST_HEAD(mm_list);		/* [mm_list_lock] from creation until the struct goes */
static u64 nr_mms;			/* [mm_list_lock] */

static void mm_put_work(struct work *w);

struct mm *mm_create(void)
{
	struct mm *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL | GFP_ZERO);

	if (!mm)
		return ERR_PTR(-ENOMEM);
	mm->pt = pgtable_create();
	if (!mm->pt) {
		kmem_cache_free(mm_cache, mm);
		return ERR_PTR(-ENOMEM);
	}
	ref_init(&mm->users, 1);
	ref_init(&mm->refs, 1);
	spin_lock_init(&mm->tree_lock, VMA_TREE);
	range_set_init(&mm->ranges);
	lockdep_set(mm, LC_MM_RANGE);
	mm->mmap_base = aslr_mmap_base(rlimit_cur(RLIMIT_STACK), !(current->personality & 0x0040000));
	mm->dumpable = 1;
	work_init(&mm->put_work, mm_put_work);
	list_init(&mm->aio);
	spin_lock(&mm_list_lock);
	list_add_tail(&mm->list_link, &mm_list);
	nr_mms++;
	spin_unlock(&mm_list_lock);
	return mm;
}

void mm_ref(struct mm *mm)
{
	ref_get(&mm->refs);
}

void mm_unref(struct mm *mm)
{
	if (!ref_put(&mm->refs))
		return;
	ASSERT(!mm->first_vma);
	pgtable_destroy(mm->pt);
	kmem_cache_free(mm_cache, mm);
}

void counts_sub(struct mm *mm, const struct pt_counts *c)
{
	u64 rss = mm_rss_pages(mm);

	/* The peak shows just before something goes; who asks compares with what is there. Races lose little. */
	if (rss > mm->hiwater_rss)
		WRITE_ONCE(mm->hiwater_rss, rss);
	for (unsigned int i = 0; i < ARRAY_SIZE(c->n); i++)
		if (c->n[i])
			mm_count(mm, i, -c->n[i]);
	if (c->n[MM_ANON])
		vm_count(VM_ANON, -c->n[MM_ANON]);
}

void counts_add(struct mm *mm, const struct pt_counts *c)
{
	struct pt_counts neg;

	for (unsigned int i = 0; i < ARRAY_SIZE(c->n); i++)
		neg.n[i] = -c->n[i];
	counts_sub(mm, &neg);
}

static void drop_lazy_ipi(void *arg)
{
	pgtable_drop_lazy(arg);
}

/* No task runs in mm any more: get its tables off every CPU. */
static void leave_all_cpus(struct mm *mm)
{
	u64 flags = irq_save();

	pgtable_drop_lazy(mm->pt);
	irq_restore(flags);
	pgtable_drop_lazy_others(mm->pt, drop_lazy_ipi);
}

/* Vmas whose gaps are small are cleared in one go; big holes are not searched. */
static void unmap_everything(struct mm *mm)
{
	struct pt_counts c = { { 0 } };
	struct tlb_gather g;
	struct vma *v = mm->first_vma;

	tlb_gather_init(&g, mm->pt);
	g.dead = true;
	while (v) {
		u64 start = v->start, end = v->end;

		for (v = v->next; v && v->start - end < HPAGE_SIZE; v = v->next)
			end = v->end;
		pt_zap_range(mm->pt, start, end, 0, &g, &c);
		/* What lies below is clear already: a table that covers it too may go. */
		if (likely(!mm->empty_tables))
			pt_free_tables(&g, start, end, 0, v ? v->start : USER_TABLES_END);
	}
	/* munmap by several threads left tables where no mapping is now (change.c). */
	if (unlikely(mm->empty_tables))
		pt_free_tables(&g, 0, USER_TABLES_END, 0, USER_TABLES_END);
	tlb_gather_finish(&g);
	counts_sub(mm, &c);
}

static void mm_teardown(struct mm *mm)
{
	struct vma *v, *next;
	s64 committed = 0;

	might_sleep();
	leave_all_cpus(mm);
	for (v = mm->first_vma; v; v = v->next)
		if (v->file)
			rmap_erase(v);
	unmap_everything(mm);
	v = mm->first_vma;
	mm->vmas.node = NULL;
	mm->first_vma = mm->last_vma = NULL;
	mm->cached_vma = NULL;
	mm->nr_vmas = 0;
	for (; v; v = next) {
		next = v->next;
		if (v->flags & VM_ACCOUNT)
			committed += (s64)vma_pages(v);
		v->mm = NULL;
		vma_retire(v);
		if (need_resched())
			cond_resched();
	}
	if (committed)
		mem_uncommit(mm, committed);
	if (mm->exe_file) {
		allow_write(mm->exe_file->inode);	/* execve denied it */
		file_put(mm->exe_file);
	}
	mm->exe_file = NULL;
}

void (*mm_exit_aio)(struct mm *mm);

static void mm_last_put(struct mm *mm)
{
	if (!list_empty(&mm->aio))
		mm_exit_aio(mm);
	spin_lock(&mm_list_lock);
	list_del(&mm->list_link);
	nr_mms--;
	spin_unlock(&mm_list_lock);
	mm_teardown(mm);
	WRITE_ONCE(mm->oom_done, true);
	mm_unref(mm);
}

void mm_put(struct mm *mm)
{
	if (mm && ref_put(&mm->users))
		mm_last_put(mm);
}

static void mm_put_work(struct work *w)
{
	mm_last_put(container_of(w, struct mm, put_work));
}

void mm_put_async(struct mm *mm)
{
	if (ref_put(&mm->users))
		work_queue(system_wq, &mm->put_work);
}

/* --- all of them, for reclaim and swapoff --- */

/* The first one from `at` on that is in use. mm_list_lock held. */
static struct mm *mm_get_from(struct list_head *at)
{
	for (; at != &mm_list; at = at->next) {
		struct mm *mm = list_entry(at, struct mm, list_link);

		if (ref_get_unless_zero(&mm->users))
			return mm;
	}
	return NULL;
}

struct mm *mm_first(void)
{
	struct mm *mm;

	spin_lock(&mm_list_lock);
	mm = mm_get_from(mm_list.next);
	spin_unlock(&mm_list_lock);
	return mm;
}

struct mm *mm_next(struct mm *mm)
{
	struct mm *n;

	/* In use it stays on the list. */
	spin_lock(&mm_list_lock);
	n = mm_get_from(mm ? mm->list_link.next : mm_list.next);
	spin_unlock(&mm_list_lock);
	if (mm)
		mm_put_async(mm);
	return n;
}

void mm_to_end(struct mm *mm)
{
	spin_lock(&mm_list_lock);
	list_move_tail(&mm->list_link, &mm_list);
	spin_unlock(&mm_list_lock);
}

u64 mm_list_length(void)
{
	return READ_ONCE(nr_mms);
}

struct mm *task_mm_get(struct task *t)
{
	struct mm *mm;

	spin_lock(&t->alloc_lock);
	mm = t->mm;
	if (mm && (t->flags & PF_KTHREAD || !ref_get_unless_zero(&mm->users)))
		mm = NULL;
	spin_unlock(&t->alloc_lock);
	return mm;
}

struct mm *mm_switch_current(struct mm *mm)
{
	struct task *t = current;
	struct mm *old = t->mm;
	struct pgtable *from = t->core.pt;
	u64 flags;

	/*
	 * The scheduler must see mm and core.pt change together: preemption stays off. Going to no mm
	 * leaves the old tables loaded; mm_put() of the last user drops them.
	 */
	spin_lock(&t->alloc_lock);
	flags = irq_save();
	t->mm = mm;
	t->core.pt = mm ? mm->pt : NULL;
	if (from || mm)
		pgtable_switch(from, mm ? mm->pt : NULL);
	irq_restore(flags);
	spin_unlock(&t->alloc_lock);
	return old;
}

u64 mm_rss_pages(const struct mm *mm)
{
	return mm_counter(mm, MM_ANON) + mm_counter(mm, MM_FILE) + mm_counter(mm, MM_SHMEM);
}

u64 mm_total_vm(const struct mm *mm)
{
	return vm_pages(&mm->total_vm);
}
