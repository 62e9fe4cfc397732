/* SPDX-License-Identifier: MPL-2.0 */
/* The scheduler seen from kernel threads: wake-ups are not lost, shares follow nice, affinity moves, real time goes first. */
#include "internal.h"
#include <core/ktest.h>
#include <core/printk.h>
#include <core/wait.h>
#include <core/work.h>

struct pair {
	struct task_core *a, *b;
	u32 turn;			/* [a] */
	u32 rounds;
	struct completion done;
	int cpu_a, cpu_b;
};

static void wait_turn(struct pair *p, u32 me)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(p->turn) == me)
			break;
		schedule();
	}
	set_current_state_relaxed(TASK_RUNNING);
}

static int ping(void *arg)
{
	struct pair *p = arg;

	for (u32 i = 0; i < p->rounds; i++) {
		wait_turn(p, 0);
		WRITE_ONCE(p->turn, 1);
		sched_wake(p->b, TASK_NORMAL);
	}
	complete(&p->done);
	return 0;
}

static int pong(void *arg)
{
	struct pair *p = arg;

	for (u32 i = 0; i < p->rounds; i++) {
		wait_turn(p, 1);
		WRITE_ONCE(p->turn, 0);
		sched_wake(p->a, TASK_NORMAL);
	}
	complete(&p->done);
	return 0;
}

/* Two threads wake each other; a lost wake-up ends in a time-out. */
static void ping_pong(int cpu_a, int cpu_b, u32 rounds)
{
	struct pair p = { .rounds = rounds, .turn = 2 };

	completion_init(&p.done);
	p.a = kthread_run(ping, &p, cpu_a, "ping");
	p.b = kthread_run(pong, &p, cpu_b, "pong");
	KREQUIRE(!IS_ERR(p.a) && !IS_ERR(p.b));
	WRITE_ONCE(p.turn, 0);
	sched_wake(p.a, TASK_NORMAL);
	for (int i = 0; i < 2; i++)
		KEXPECT_EQ(wait_for_completion_until(&p.done, clock_monotonic_ns() + 60 * NSEC_PER_SEC), 0);
}

KTEST(sched, ping_pong_one_cpu)
{
	ping_pong(0, 0, 2000);
}

KTEST(sched, ping_pong_two_cpus)
{
	if (sched_nr_online < 2) {
		ktest_skip("one CPU");
		return;
	}
	ping_pong(0, 1, 2000);
}

KTEST(sched, ping_pong_anywhere)
{
	ping_pong(-1, -1, 2000);
}

struct burner {
	bool stop;			/* [a] */
	u64 ns[2];
	struct completion done;
	struct task_core *t[2];
	int cpu_seen;
};

struct burn_arg {
	struct burner *b;
	int i, nice;
};

static int burn(void *arg)
{
	struct burn_arg *a = arg;

	sched_set_nice(current, a->nice);
	while (!READ_ONCE(a->b->stop))
		cpu_relax();
	a->b->ns[a->i] = task_cputime_ns(current);
	complete(&a->b->done);
	return 0;
}

static void burn_two(int nice0, int nice1, struct burner *b)
{
	struct burn_arg a[2] = { { b, 0, nice0 }, { b, 1, nice1 } };

	completion_init(&b->done);
	for (int i = 0; i < 2; i++)
		KREQUIRE(!IS_ERR(kthread_run(burn, &a[i], 0, "burn")));
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_monotonic_ns() + 400 * NSEC_PER_MSEC);
	WRITE_ONCE(b->stop, true);
	wait_for_completion(&b->done);
	wait_for_completion(&b->done);
}

KTEST(sched, equal_shares)
{
	struct burner b;
	bool even = false;

	/* A host that takes its CPU away for long charges one of them: try again. */
	for (int try = 0; try < 10 && !even; try++) {
		b = (struct burner){ 0 };
		burn_two(0, 0, &b);
		even = b.ns[0] > b.ns[1] / 2 && b.ns[1] > b.ns[0] / 2;
	}
	KEXPECT(even);
}

KTEST(sched, nice_shares)
{
	struct burner b;
	bool as_weighted = false;

	for (int try = 0; try < 10 && !as_weighted; try++) {
		b = (struct burner){ 0 };
		burn_two(0, 10, &b);		/* weights 1024 and 110 */
		as_weighted = b.ns[0] > 4 * b.ns[1] && b.ns[1] > 0;
	}
	KEXPECT(as_weighted);
}

static int spin_where(void *arg)
{
	struct burner *b = arg;

	while (!READ_ONCE(b->stop))
		WRITE_ONCE(b->cpu_seen, this_cpu_id());
	complete(&b->done);
	return 0;
}

KTEST(sched, affinity_moves_running_task)
{
	struct burner b = { .cpu_seen = -1 };
	struct cpumask m;
	struct task_core *t;

	if (sched_nr_online < 2) {
		ktest_skip("one CPU");
		return;
	}
	completion_init(&b.done);
	t = kthread_run(spin_where, &b, -1, "spin");
	KREQUIRE(!IS_ERR(t));
	for (int i = 0; i < 40; i++) {
		int cpu = i % (int)sched_nr_online;

		cpumask_zero(&m);
		cpumask_set(cpu, &m);
		KEXPECT_EQ(sched_set_affinity(core_task(t), &m), 0);
		KEXPECT_EQ(sched_task_cpu(core_task(t)), cpu);
	}
	cpumask_zero(&m);
	cpumask_set(MAX_CPUS - 1, &m);
	KEXPECT_EQ(sched_set_affinity(core_task(t), &m), -EINVAL);
	WRITE_ONCE(b.stop, true);
	wait_for_completion(&b.done);
}

static int note_order(void *arg)
{
	struct burner *b = arg;

	b->ns[0] = sched_clock_ns();
	complete(&b->done);
	return 0;
}

/* A real-time thread that is woken preempts a fair one that never sleeps. */
static bool preempts_soon(void)
{
	struct burner b = { 0 }, r = { 0 };
	struct burn_arg a = { &b, 0, -20 };
	struct sched_attr attr = { .sched_policy = SCHED_FIFO, .sched_priority = 10 };
	struct task_core *t;
	u64 start;

	completion_init(&b.done);
	completion_init(&r.done);
	if (IS_ERR(kthread_run(burn, &a, 0, "burn")))
		return false;
	t = task_create_kthread(note_order, &r, 0, "rt");
	VERIFY(!IS_ERR(t));
	sched_set_scheduler(core_task(t), &attr);
	start = sched_clock_ns();
	sched_wake(t, TASK_NEW);
	KEXPECT_EQ(wait_for_completion_until(&r.done, clock_monotonic_ns() + 60 * NSEC_PER_SEC), 0);
	WRITE_ONCE(b.stop, true);
	wait_for_completion(&b.done);
	return r.ns[0] - start < 200 * NSEC_PER_MSEC;
}

/* At once, but for what the host takes away. */
KTEST(sched, realtime_preempts)
{
	bool soon = false;

	for (int try = 0; try < 10 && !soon; try++)
		soon = preempts_soon();
	KEXPECT(soon);
}

KTEST(sched, cost_of_a_switch)
{
	u64 start = sched_clock_ns(), switches = sched_nr_switches();

	ping_pong(0, 0, 5000);
	switches = sched_nr_switches() - switches;
	pr_info("# %llu ns a wake-up and switch\n", (unsigned long long)((sched_clock_ns() - start) / (switches ? switches : 1)));
	KEXPECT(switches >= 9000);
}
