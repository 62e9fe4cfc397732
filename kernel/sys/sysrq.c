/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SysRq keys that ask about tasks and memory, end processes or write data back. Listing is done at once, in
 * whatever context the key came, as the system may be stuck; what takes locks goes to a worker.
 */
#include <core/init.h>
#include <core/page.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/sysrq.h>
#include <core/upcall.h>
#include <core/work.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/syscall.h>
#include <kernel/task.h>

static void show_tasks(char key)
{
	(void)key;
	sched_show_tasks();
}

static void show_blocked(char key)
{
	struct task *t;

	(void)key;
	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link) {
		if (!(READ_ONCE(t->core.state) & TASK_UNINTERRUPTIBLE) || READ_ONCE(t->core.on_cpu) || t->flags & PF_KTHREAD)
			continue;
		pr_info("task %s (%d) is blocked\n", t->comm, t->tid);
		stack_print_task(&t->core);
	}
	rcu_read_unlock();
}

static unsigned long long kb(s64 pages)
{
	return pages > 0 ? (unsigned long long)pages << 2 : 0;
}

static void show_memory(char key)
{
	(void)key;
	pr_info("Mem-Info: total %llu kB, free %llu kB, files %llu kB, shared %llu kB, anonymous %llu kB\n",
		kb((s64)mem_total_pages()), kb((s64)mem_free_pages()), kb(vm_counter_read(VM_FILE)),
		kb(vm_counter_read(VM_SHMEM)), kb(vm_counter_read(VM_ANON)));
	pr_info("slab %llu kB (%llu kB reclaimable), page tables %llu kB, kernel stacks %llu kB, dirty %llu kB\n",
		kb(vm_counter_read(VM_SLAB)), kb(vm_counter_read(VM_SLAB_RECLAIMABLE)), kb(vm_counter_read(VM_PGTABLE)),
		kb(vm_counter_read(VM_KSTACK)), kb(vm_counter_read(VM_DIRTY)));
}

/* ---- in a worker ---- */

static u32 asked;		/* [a] bit n: letter n */

static void signal_all(int sig)
{
	struct task *t;

	rcu_read_lock();
	list_for_each_entry_rcu(t, &task_list, all_link) {
		if (t->flags & PF_KTHREAD || t->proc == current->proc || !task_is_leader(t) || t->tid == 1)
			continue;
		(void)signal_send(t, sig, SEND_PRIV, SIG_TO_PROCESS);
	}
	rcu_read_unlock();
}

static void asked_fn(struct work *w)
{
	u32 keys = xchg(&asked, 0);

	(void)w;
	if (keys & 1u << ('e' - 'a'))
		signal_all(SIGTERM);
	if (keys & 1u << ('i' - 'a'))
		signal_all(SIGKILL);
	if (keys & 1u << ('f' - 'a') && !oom_kill(0, GFP_KERNEL))
		pr_info("sysrq: nobody to kill\n");
	if (keys & 1u << ('s' - 'a')) {
		(void)sys_sync();
		pr_info("Emergency Sync complete\n");
	}
}

static void later(char key)
{
	static struct work work = { .link = LIST_HEAD_INIT(work.link), .fn = asked_fn };

	__atomic_fetch_or(&asked, 1u << (key - 'a'), __ATOMIC_SEQ_CST);
	work_queue(system_wq, &work);
}

static struct sysrq_op ops[] = {
	{ .key = 't', .mask = SYSRQ_DUMP, .help = "show-task-states(t)", .what = "Show State", .fn = show_tasks },
	{ .key = 'w', .mask = SYSRQ_DUMP, .help = "show-blocked-tasks(w)", .what = "Show Blocked State", .fn = show_blocked },
	{ .key = 'm', .mask = SYSRQ_DUMP, .help = "show-memory-usage(m)", .what = "Show Memory", .fn = show_memory },
	{ .key = 'e', .mask = SYSRQ_SIGNAL, .help = "terminate-all-tasks(e)", .what = "Terminate All Tasks", .fn = later },
	{ .key = 'i', .mask = SYSRQ_SIGNAL, .help = "kill-all-tasks(i)", .what = "Kill All Tasks", .fn = later },
	{ .key = 'f', .mask = SYSRQ_SIGNAL, .help = "memory-full-oom-kill(f)", .what = "Manual OOM execution", .fn = later },
	{ .key = 's', .mask = SYSRQ_SYNC, .help = "sync(s)", .what = "Emergency Sync", .fn = later },
};

static int sysrq_ops_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		if (sysrq_register(&ops[i]))
			pr_warn("sysrq: %s: the key is taken\n", ops[i].help);
	return 0;
}
INITCALL_LATE(sysrq_ops_init);
