/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The last resort: when reclaim finds nothing, the process that holds the most memory (as corrected by
 * oom_score_adj) is killed, with a report. One victim at a time: while one is dying and its memory is not back
 * yet, others wait; a victim that does not manage in VICTIM_PATIENCE is given up and another chosen.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include "internal.h"

#define VICTIM_PATIENCE	(3 * NSEC_PER_SEC)
#define ADJ_MIN		(-1000)

static DEFINE_MUTEX(oom_lock, LEAF_MUTEX);
static struct task *victim;		/* [oom_lock] referenced */
static u64 victim_since;		/* [oom_lock] */

/* Pages that killing t's process would give back, plus its adjustment; negative: never. TASKLIST held or t is referenced. */
long oom_badness(struct task *t)
{
	struct mm *mm;
	s64 points;
	int adj;

	if (t->flags & PF_KTHREAD || !t->proc || t->proc->flags & PROC_UNKILLABLE)
		return -1;
	adj = READ_ONCE(t->proc->oom_score_adj);
	if (adj == ADJ_MIN)
		return -1;
	spin_lock(&t->alloc_lock);
	mm = t->mm;
	if (!mm || mm->oom_victim) {
		spin_unlock(&t->alloc_lock);
		return -1;
	}
	points = (s64)(mm_rss_pages(mm) + mm_counter(mm, MM_SWAP) + pgtable_pages(mm->pt));
	spin_unlock(&t->alloc_lock);
	points += (s64)adj * (s64)mem_total_pages() / 1000;
	return points > 0 ? points : 0;
}

/* A thread of the process that still has the memory; the leader may have exited first. */
static struct task *thread_with_mm(struct process *p)
{
	struct task *t;

	for_each_thread(p, t)
		if (READ_ONCE(t->mm))
			return t;
	return NULL;
}

static struct task *choose(long *best_points)
{
	struct task *t, *best = NULL;

	*best_points = -1;
	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link) {
		struct task *m;
		long points;

		if (!task_is_leader(t))
			continue;
		m = thread_with_mm(t->proc);
		points = m ? oom_badness(m) : -1;
		if (points > *best_points && ref_get_unless_zero(&m->ref)) {
			if (best)
				task_put(best);
			best = m;
			*best_points = points;
		}
	}
	rcu_read_unlock();
	return best;
}

static void report(struct task *t, long points, unsigned int order, gfp_t gfp)
{
	struct mm *mm = task_mm_get(t);
	char name[TASK_COMM_LEN];

	task_get_comm(t, name);
	pr_warn("%s invoked oom-killer: gfp_mask=0x%x, order=%u\n", task_core_name(current_core()), gfp, order);
	pr_warn("Mem-Info: total:%lukB free:%lukB anon:%lukB file:%lukB shmem:%lukB slab:%lukB pagetables:%lukB\n",
		(unsigned long)mem_total_pages() * 4, (unsigned long)mem_free_pages() * 4,
		(unsigned long)vm_counter_read(VM_ANON) * 4, (unsigned long)vm_counter_read(VM_FILE) * 4,
		(unsigned long)vm_counter_read(VM_SHMEM) * 4,
		(unsigned long)(vm_counter_read(VM_SLAB) + vm_counter_read(VM_SLAB_RECLAIMABLE)) * 4,
		(unsigned long)vm_counter_read(VM_PGTABLE) * 4);
	if (!mm)
		return;
	pr_err("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d points:%ld\n",
	       t->tid, name, (unsigned long)mm_total_vm(mm) * 4, (unsigned long)mm_counter(mm, MM_ANON) * 4,
	       (unsigned long)mm_counter(mm, MM_FILE) * 4, (unsigned long)mm_counter(mm, MM_SHMEM) * 4,
	       t->real_cred->uid.v, (unsigned long)pgtable_pages(mm->pt) * 4, t->proc->oom_score_adj, points);
	mm->oom_victim = true;
	mm_put(mm);
}

/* Every process that runs in the victim's memory must go, or nothing comes back. */
static void kill_sharers(struct task *t)
{
	const struct mm *mm = READ_ONCE(t->mm);
	siginfo_t info = { .si_signo = SIGKILL, .si_code = SI_KERNEL };
	struct task *o;

	signal_send_process(t->proc, SIGKILL, &info);
	rcu_read_lock();
	list_for_each_entry_rcu(o, &task_list, all_link)
		if (mm && o->proc != t->proc && READ_ONCE(o->mm) == mm && !(o->flags & PF_KTHREAD) &&
		    !(o->proc->flags & PROC_UNKILLABLE))
			signal_send_process(o->proc, SIGKILL, &info);
	rcu_read_unlock();
}

static bool victim_dying(void)
{
	if (!victim)
		return false;
	if (READ_ONCE(victim->mm) && clock_monotonic_ns() - victim_since < VICTIM_PATIENCE)
		return true;
	task_put(victim);
	victim = NULL;
	return false;
}

bool oom_kill(unsigned int order, gfp_t gfp)
{
	struct task *t;
	long points;

	if (signal_fatal_pending(current_core()))
		return true;
	if (!mutex_trylock(&oom_lock))
		return true;		/* somebody else is at it */
	if (victim_dying()) {
		mutex_unlock(&oom_lock);
		return true;
	}
	t = choose(&points);
	if (t) {
		report(t, points, order, gfp);
		vm_count(VM_EV_OOM, 1);
		victim = t;
		victim_since = clock_monotonic_ns();
		kill_sharers(t);
	} else {
		pr_err("Out of memory, and no process that could be killed\n");
	}
	mutex_unlock(&oom_lock);
	return t != NULL;
}
