/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reports on tasks that do not get on: a thread looks every 30 s for tasks that have slept
 * uninterruptibly for more than two minutes, and SysRq-t lists all tasks with their stacks.
 */
#include "internal.h"
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/work.h>

#define HUNG_NS		(120 * NSEC_PER_SEC)
#define LOOK_NS		(30 * NSEC_PER_SEC)

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
	u64 now = sched_clock_ns();
	struct task *t;

	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link) {
		if (READ_ONCE(t->core.state) != TASK_UNINTERRUPTIBLE || (t->flags & PF_KTHREAD))
			continue;
		if ((s64)(now - t->se.last_sleep) < (s64)HUNG_NS || hung_reports_left <= 0)
			continue;
		hung_reports_left--;
		pr_err("task %s (%d) has been blocked for more than %llu seconds\n", t->comm, t->tid,
		       HUNG_NS / NSEC_PER_SEC);
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
