/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The last resort: when reclaim finds nothing, the process that holds the most memory (as corrected by
 * oom_score_adj) is killed, with a report. Its private memory is taken at once by a thread of its own
 * (oom_reaper; mm/vm/reap.c), whatever its tasks wait for. One victim at a time: until its memory is
 * back or the reaper has done what it can, others wait; then another may be chosen.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include "internal.h"

#define REAP_TRIES	10
#define REAP_PAUSE	(100 * NSEC_PER_MSEC)
#define ADJ_MIN		(-1000)

static DEFINE_MUTEX(oom_lock, LEAF_MUTEX);
static struct mm *victim;		/* [oom_lock] mm_ref */

static DEFINE_WAIT_QUEUE(reaper_wait);
static struct mm *to_reap;		/* [a] users raised; the reaper's. The rest is written before it */
static pid_t to_reap_pid;
static bool to_reap_shared;		/* with a process that cannot be killed: leave the memory alone */

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
	/* What is going on is its doing: swapoff. Before all others. */
	if (unlikely(READ_ONCE(t->flags) & PF_OOM_ORIGIN))
		return (s64)mem_total_pages() * 2;
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

static void dump_tasks(void)
{
	struct task *t;

	pr_info("Tasks state (memory values in pages):\n");
	pr_info("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n");
	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link) {
		struct task *m = task_is_leader(t) && !(t->flags & PF_KTHREAD) ? thread_with_mm(t->proc) : NULL;
		char name[TASK_COMM_LEN];

		if (!m)
			continue;
		task_get_comm(m, name);
		spin_lock(&m->alloc_lock);
		if (m->mm)
			pr_info("[%7d] %5u %5d %8lu %8lu %8lu %8lu         %5d %s\n", m->tid,
				rcu_dereference(m->real_cred)->uid.v, t->tid, (unsigned long)mm_total_vm(m->mm),
				(unsigned long)mm_rss_pages(m->mm), (unsigned long)pgtable_pages(m->mm->pt) * PAGE_SIZE,
				(unsigned long)mm_counter(m->mm, MM_SWAP), READ_ONCE(t->proc->oom_score_adj),
				name);
		spin_unlock(&m->alloc_lock);
	}
	rcu_read_unlock();
}

static void report(struct task *t, const struct mm *mm, long points, unsigned int order, gfp_t gfp)
{
	char name[TASK_COMM_LEN];

	pr_warn("%s invoked oom-killer: gfp_mask=0x%x, order=%u\n", task_core_name(current_core()), gfp, order);
	pr_warn("Mem-Info: total:%lukB free:%lukB anon:%lukB file:%lukB shmem:%lukB slab:%lukB pagetables:%lukB\n",
		(unsigned long)mem_total_pages() * 4, (unsigned long)mem_free_pages() * 4,
		(unsigned long)vm_counter_read(VM_ANON) * 4, (unsigned long)vm_counter_read(VM_FILE) * 4,
		(unsigned long)vm_counter_read(VM_SHMEM) * 4,
		(unsigned long)(vm_counter_read(VM_SLAB) + vm_counter_read(VM_SLAB_RECLAIMABLE)) * 4,
		(unsigned long)vm_counter_read(VM_PGTABLE) * 4);
	dump_tasks();
	task_get_comm(t, name);
	pr_err("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d points:%ld\n",
	       t->tid, name, (unsigned long)mm_total_vm(mm) * 4, (unsigned long)mm_counter(mm, MM_ANON) * 4,
	       (unsigned long)mm_counter(mm, MM_FILE) * 4, (unsigned long)mm_counter(mm, MM_SHMEM) * 4,
	       t->real_cred->uid.v, (unsigned long)pgtable_pages(mm->pt) * 4, t->proc->oom_score_adj, points);
}

/*
 * Every process that runs in the victim's memory must go, or nothing comes back. False: one of them
 * cannot be killed, the memory stays in use.
 */
static bool kill_sharers(struct task *t, const struct mm *mm)
{
	siginfo_t info = { .si_signo = SIGKILL, .si_code = SI_KERNEL };
	struct task *o;
	bool all = true;

	signal_send_process(t->proc, SIGKILL, &info);
	rcu_read_lock();
	list_for_each_entry_rcu(o, &task_list, all_link) {
		if (o->proc == t->proc || READ_ONCE(o->mm) != mm || o->flags & PF_KTHREAD)
			continue;
		if (o->proc->flags & PROC_UNKILLABLE || READ_ONCE(o->proc->oom_score_adj) == ADJ_MIN)
			all = false;
		else
			signal_send_process(o->proc, SIGKILL, &info);
	}
	rcu_read_unlock();
	return all;
}

/* oom_lock held. */
static bool victim_dying(void)
{
	if (!victim)
		return false;
	if (!READ_ONCE(victim->oom_done))
		return true;
	mm_unref(victim);
	victim = NULL;
	return false;
}

static void victim_set(struct task *t, struct mm *mm, long points, unsigned int order, gfp_t gfp)
{
	report(t, mm, points, order, gfp);
	vm_count(VM_EV_OOM, 1);
	WRITE_ONCE(mm->oom_victim, true);
	victim = mm;
	mm_ref(mm);
	ASSERT(!to_reap);
	to_reap_shared = !kill_sharers(t, mm);
	to_reap_pid = t->tid;
	smp_store_release(&to_reap, mm);	/* with the users count: its last put is not for us */
	wake_up(&reaper_wait);
}

bool oom_kill(unsigned int order, gfp_t gfp)
{
	struct mm *mm;
	struct task *t;
	long points;

	if (signal_fatal_pending(current_core()))
		return true;
	/* It would be the one to go; it can say ENOMEM instead, and what it brought in can go out again. */
	if (current->flags & PF_OOM_ORIGIN)
		return false;
	if (!mutex_trylock(&oom_lock))
		return true;		/* somebody else is at it */
	if (victim_dying()) {
		mutex_unlock(&oom_lock);
		return true;
	}
	t = choose(&points);
	mm = t ? task_mm_get(t) : NULL;
	if (mm)
		victim_set(t, mm, points, order, gfp);
	else if (!t)
		pr_err("Out of memory, and no process that could be killed\n");
	mutex_unlock(&oom_lock);
	if (t)
		task_put(t);
	return t != NULL;
}

/* --- the reaper --- */

static void reap(struct mm *mm)
{
	int tries = 0;

	while (!mm_reap(mm) && ++tries < REAP_TRIES && ref_read(&mm->users) > 1) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + REAP_PAUSE);
	}
	pr_info("oom_reaper: %s process %d, now anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB\n",
		tries < REAP_TRIES ? "reaped" : "unable to reap all of", to_reap_pid,
		(unsigned long)mm_counter(mm, MM_ANON) * 4, (unsigned long)mm_counter(mm, MM_FILE) * 4,
		(unsigned long)mm_counter(mm, MM_SHMEM) * 4);
}

static int oom_reaper(void *unused)
{
	(void)unused;
	for (;;) {
		struct mm *mm;

		(void)wait_event_interruptible(&reaper_wait, READ_ONCE(to_reap));
		mm = smp_load_acquire(&to_reap);
		if (!mm)
			continue;
		if (!to_reap_shared)
			reap(mm);
		smp_store_release(&to_reap, NULL);
		WRITE_ONCE(mm->oom_done, true);
		mm_put(mm);
	}
	return 0;
}

static int oom_init(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(oom_reaper, NULL, -1, "oom_reaper"));
}
INITCALL_SMP(oom_init);
