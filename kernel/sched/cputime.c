/* SPDX-License-Identifier: MPL-2.0 */
/*
 * CPU time. How long a task ran is exact, charged at every switch (sum_exec_ns). How that divides into
 * user and system time is sampled by the tick, as is what the CPU did while not idle; the samples scale
 * the exact sum. The tick is a one-shot timer that rearms itself while the CPU is busy (at most TICK_NS
 * ahead, less when a slice ends sooner) and lapses when it fires in the idle task.
 */
#include "internal.h"
#include <core/irq.h>
#include <kernel/time.h>

static void charge_cpu(struct rq *rq, struct task *t, bool user, u64 delta)
{
	if (user) {
		if (t->se.static_nice > 0)
			rq->times.nice += delta;
		else
			rq->times.user += delta;
		t->time.utime_ns += delta;
	} else {
		rq->times.system += delta;
		t->time.stime_ns += delta;
	}
}

void cputime_tick(struct rq *rq, struct task *curr, bool user, u64 now)
{
	u64 delta = now - rq->acct_stamp;

	if ((s64)delta <= 0)
		return;
	rq->acct_stamp = now;
	if (curr == rq->idle)
		return;
	charge_cpu(rq, curr, user, delta);
}

/* The last stretch before idling was not sampled: it goes to the kind that prev mostly was. */
void cputime_idle_enter(struct rq *rq, struct task *prev)
{
	u64 delta = rq->clock - rq->acct_stamp;

	if ((s64)delta > 0) {
		if (prev->time.utime_ns > prev->time.stime_ns)
			rq->times.user += delta;
		else
			rq->times.system += delta;
	}
	rq->acct_stamp = rq->clock;
	if (sched_nr_online > 1)
		cpumask_set(rq->cpu, &sched_idle_mask);
}

void cputime_idle_exit(struct rq *rq)
{
	u64 delta = rq->clock - rq->acct_stamp;

	if ((s64)delta > 0) {
		if (atomic_read(&rq->nr_iowait) > 0)
			rq->times.iowait += delta;
		else
			rq->times.idle += delta;
	}
	rq->acct_stamp = rq->clock;
	if (sched_nr_online > 1)
		cpumask_clear(rq->cpu, &sched_idle_mask);
}

void sched_cpu_times(int cpu, struct cpu_times *t)
{
	struct rq *rq = cpu_rq(cpu);
	u64 delta;

	*t = rq->times;
	if (READ_ONCE(rq->curr) == rq->idle && rq->online) {
		delta = sched_clock_ns() - READ_ONCE(rq->acct_stamp);
		if ((s64)delta > 0)
			t->idle += delta;
	}
}

/* Exact time of a task: charged so far, plus the stretch it is in. */
static u64 task_exec_ns(struct task *t)
{
	u64 flags, ns;
	struct rq *rq;

	if (!READ_ONCE(t->core.on_cpu))
		return READ_ONCE(t->se.sum_exec_ns);
	flags = irq_save();
	rq = task_rq_lock(t);
	if (task_running(rq, t)) {
		rq_update_clock(rq);
		t->se.cls->charge(rq, t);
	}
	ns = t->se.sum_exec_ns;
	rq_unlock(rq);
	irq_restore(flags);
	return ns;
}

/* Divide an exact sum by the samples. */
static void cputime_scale(u64 exact, u64 user, u64 system, struct cputime *ct)
{
	if (!system) {
		ct->utime_ns = exact;
		ct->stime_ns = 0;
	} else if (!user) {
		ct->utime_ns = 0;
		ct->stime_ns = exact;
	} else {
		ct->stime_ns = mul_div_u64(exact, system, user + system);
		ct->utime_ns = exact - ct->stime_ns;
	}
}

void task_cputime(struct task *t, struct cputime *ct)
{
	cputime_scale(task_exec_ns(t), READ_ONCE(t->time.utime_ns), READ_ONCE(t->time.stime_ns), ct);
}

u64 task_cputime_ns(struct task *t)
{
	return task_exec_ns(t);
}

/* All threads, the gone ones included. */
void process_cputime(struct process *p, struct cputime *ct)
{
	u64 exact = 0, user = 0, system = 0;
	struct task *t;

	rcu_read_lock();
	for_each_thread(p, t) {
		exact += task_exec_ns(t);
		user += READ_ONCE(t->time.utime_ns);
		system += READ_ONCE(t->time.stime_ns);
	}
	rcu_read_unlock();
	cputime_scale(exact, user, system, ct);
	ct->utime_ns += READ_ONCE(p->dead_time.utime_ns);
	ct->stime_ns += READ_ONCE(p->dead_time.stime_ns);
}

/* ---- the tick ---- */

static u64 tick_fire(struct timer *timer)
{
	struct rq *rq = this_rq();
	struct task *curr = rq->curr;
	u64 next, mono;

	(void)timer;
	if (curr == rq->idle) {
		rq->tick_on = false;
		return 0;
	}
	rq_lock(rq);
	rq_update_clock(rq);
	cputime_tick(rq, curr, irq_interrupted_user(), rq->clock);
	next = curr->se.cls->tick(rq, curr);
	rq_unlock(rq);
	mono = clock_monotonic_ns();
	if (!(curr->flags & PF_KTHREAD))
		cpu_timers_tick(curr);
	balance_tick(rq, mono);
	loadavg_tick(mono);
	return mono + next;
}

void tick_init(struct rq *rq)
{
	timer_init(&rq->tick, TIMER_MONOTONIC, tick_fire);
}

/* Interrupts off, on the queue's own CPU, its lock not held. */
void tick_arm(struct rq *rq)
{
	rq->tick_on = true;
	timer_start_slack(&rq->tick, clock_monotonic_ns() + TICK_NS, NSEC_PER_MSEC / 2);
}

void tick_hasten(struct rq *rq, u64 ns)
{
	u64 at = clock_monotonic_ns() + ns;

	if (rq->tick_on && READ_ONCE(rq->tick.expires) > at)
		timer_start(&rq->tick, at);
}
