/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Finds CPUs that are stuck.
 *
 *   soft: kernel code that cannot be preempted has run for 20 s without a task switch. Each CPU's own
 *         timer sees it; user code and preemptible kernel code are fine, they hold nobody up.
 *   hard: a CPU whose timer does not run, interrupts off: its neighbour sees that its beat is old.
 *
 * The timer runs every 4 s on a CPU that works. On one that idles it stops (watchdog_asleep), and
 * rcu_idle_exit() starts it again. Limits are long: virtual CPUs are held up by their hosts. Each
 * kind is reported once per CPU until it recovered. nowatchdog turns all of it off.
 */
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/percpu.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/timer.h>
#include <core/upcall.h>
#include "internal.h"

#define PERIOD_NS	(4 * NSEC_PER_SEC)
#define SOFT_LIMIT_NS	(20 * NSEC_PER_SEC)
#define HARD_LIMIT_NS	(30 * NSEC_PER_SEC)

struct watchdog {
	struct timer timer;
	u64 beat;			/* [a] last time the timer ran; 0: not watched */
	u64 switches;			/* [o] cpu_switches then */
	u64 stuck_since;		/* [o] */
	bool reported;			/* [o] soft */
	bool hard_reported;		/* the neighbour's */
};

static DEFINE_PERCPU(struct watchdog, watchdogs);
DEFINE_PERCPU(u32, watchdog_asleep);
static bool watchdog_off __ro_after_init;

static void soft_check(struct watchdog *w, u64 now)
{
	u64 switches = this_cpu_read(cpu_switches);

	if (switches != w->switches || preempt_count() == HARDIRQ_UNIT) {
		w->switches = switches;
		w->stuck_since = now;
		w->reported = false;
		return;
	}
	if (now - w->stuck_since < SOFT_LIMIT_NS || w->reported)
		return;
	w->reported = true;
	pr_emerg("BUG: soft lockup: CPU %d has not switched for %llu s, running %s\n", this_cpu_id(),
		 (unsigned long long)((now - w->stuck_since) / NSEC_PER_SEC),
		 task_core_name(current_core()));
	lockdep_print_held();
	stack_print(this_cpu_read(percpu_irq_regs));
	ktest_note_bug();
}

static void hard_check(u64 now)
{
	int cpu = cpumask_next(this_cpu_id(), &cpu_online_mask);
	struct watchdog *w;
	u64 beat;

	if (cpu >= MAX_CPUS)
		cpu = cpumask_first(&cpu_online_mask);
	if (cpu == this_cpu_id())
		return;
	w = per_cpu_ptr(watchdogs, cpu);
	beat = READ_ONCE(w->beat);
	if (!beat || now < beat + HARD_LIMIT_NS || rcu_cpu_idle(cpu)) {
		w->hard_reported = false;
		return;
	}
	if (w->hard_reported)
		return;
	w->hard_reported = true;
	pr_emerg("BUG: hard lockup: CPU %d takes no interrupts for %llu s\n", cpu,
		 (unsigned long long)((now - beat) / NSEC_PER_SEC));
	if (!arch_nmi_backtrace(cpu))
		pr_emerg("no stack of CPU %d to be had\n", cpu);
	ktest_note_bug();
}

static u64 watchdog_fn(struct timer *t)
{
	struct watchdog *w = container_of(t, struct watchdog, timer);
	u64 now = clock_monotonic_ns();

	soft_check(w, now);
	hard_check(now);
	if (this_cpu_read(rcu_is_idle)) {
		WRITE_ONCE(w->beat, 0);
		this_cpu_write(watchdog_asleep, 1);
		return 0;
	}
	WRITE_ONCE(w->beat, now);
	return now + PERIOD_NS;
}

/* Back from idle, preemption off. */
void watchdog_wake(void)
{
	struct watchdog *w = this_cpu_ptr(watchdogs);
	u64 now = clock_monotonic_ns();

	this_cpu_write(watchdog_asleep, 0);
	w->stuck_since = now;
	w->switches = this_cpu_read(cpu_switches);
	WRITE_ONCE(w->beat, now);
	timer_start_slack(&w->timer, now + PERIOD_NS, PERIOD_NS / 8);
}

static void watchdog_start_here(void *arg)
{
	timer_init(&this_cpu_ptr(watchdogs)->timer, TIMER_MONOTONIC, watchdog_fn);
	watchdog_wake();
}

static int __init watchdog_start(void)
{
	if (!watchdog_off)
		smp_call_mask(&cpu_online_mask, watchdog_start_here, NULL, true);
	return 0;
}
INITCALL_SMP(watchdog_start);

static int __init set_nowatchdog(const char *value)
{
	watchdog_off = true;
	return 0;
}
KPARAM("nowatchdog", set_nowatchdog);
