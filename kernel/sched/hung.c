/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reports on tasks that do not get on: a thread looks every 30 s for tasks that have slept
 * uninterruptibly for more than two minutes, and SysRq-t lists all tasks with their stacks.
 */
#include "internal.h"
#include <core/init.h>
#include <core/ktest.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/work.h>

#define LOOK_NS		(30 * NSEC_PER_SEC)

int hung_task_timeout_secs = 120;	/* sysctl; 0: no look */

static int hung_reports_left = 10;

static void show_task(struct task *t)
{
	pr_info("%-15s %c cpu %d tid %d ran %llu ms\n", t->comm, task_state_char(t), t->core.cpu, t->tid,
		t->se.sum_exec_ns / NSEC_PER_MSEC);
	if (!READ_ONCE(t->core.on_cpu))
		stack_print_task(&t->core);
}

void sched_show_tasks(void)
{
	struct task *t;

	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link)
		show_task(t);
	rcu_read_unlock();
}

static void look_for_hung(void)
{
	u64 now = sched_clock_ns(), limit = (u64)READ_ONCE(hung_task_timeout_secs) * NSEC_PER_SEC;
	struct task *t;

	if (!limit)
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link) {
		if (READ_ONCE(t->core.state) != TASK_UNINTERRUPTIBLE || (t->flags & PF_KTHREAD))
			continue;
		if ((s64)(now - t->se.last_sleep) < (s64)limit || hung_reports_left <= 0)
			continue;
		hung_reports_left--;
		pr_err("task %s (%d) has been blocked for more than %llu seconds\n", t->comm, t->tid,
		       limit / NSEC_PER_SEC);
		show_task(t);
	}
	rcu_read_unlock();
}

static int hung_thread(void *arg)
{
	(void)arg;
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_until_slack(clock_monotonic_ns() + LOOK_NS, NSEC_PER_SEC);
		look_for_hung();
	}
	return 0;
}

static int hung_init(void)
{
	return PTR_ERR_OR_ZERO(kthread_run(hung_thread, NULL, -1, "khungtaskd"));
}
INITCALL_LATE(hung_init);

static struct completion looked;

/* Blocks as a user task would that waits for a broken device. */
static int blocked_thread(void *arg)
{
	current->flags &= ~PF_KTHREAD;
	wait_for_completion(&looked);
	current->flags |= PF_KTHREAD;
	return 0;
}

/* With the fatal ones, because it leaves a report: the scenario of test/boot looks for it. */
KTEST(fatal, hung_task)
{
	int was = hung_task_timeout_secs, left = hung_reports_left;
	struct task_core *t;

	completion_init(&looked);
	t = kthread_run(blocked_thread, NULL, -1, "blocked");
	if (IS_ERR(t)) {
		ktest_skip("no thread");
		return;
	}
	hung_task_timeout_secs = 1;
	for (int i = 0; i < 60 && hung_reports_left == left; i++) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + 2 * NSEC_PER_SEC);
		look_for_hung();
	}
	hung_task_timeout_secs = was;
	complete(&looked);
}
