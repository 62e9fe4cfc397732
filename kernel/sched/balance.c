/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where tasks run. A waking task goes back to its CPU if that is idle (its cache is warm), else to an
 * idle CPU it may use, else stays. A CPU that runs out of work pulls a waiting task from a busy one
 * before it idles; busy CPUs look now and then whether an idle one should come and pull, or whether
 * another is much fuller.
 */
#include "internal.h"

#define BALANCE_NS	(16 * NSEC_PER_MSEC)
#define SHORT_BURST_NS	(25 * NSEC_PER_USEC)

static inline bool cpu_idle_now(int cpu)
{
	const struct rq *rq = cpu_rq(cpu);

	return READ_ONCE(rq->nr_running) == 0 && READ_ONCE(rq->curr) == rq->idle;
}

/* An idle CPU of the task's, after `from`; one that polls is woken cheapest. MAX_CPUS: none. */
static int find_idle(const struct task *t, int from)
{
	int found = MAX_CPUS, cpu, n = nr_cpus;

	if (cpumask_empty(&sched_idle_mask))
		return MAX_CPUS;
	for (int i = 1; i <= n; i++) {
		cpu = from + i < n ? from + i : from + i - n;
		if (!cpumask_test(cpu, &sched_idle_mask) || !cpumask_test(cpu, &t->se.affinity) ||
		    !cpumask_test(cpu, &cpu_online_mask) || !cpu_idle_now(cpu))
			continue;
		if (READ_ONCE(cpu_rq(cpu)->polling))
			return cpu;
		if (found == MAX_CPUS)
			found = cpu;
	}
	return found;
}

/* The CPU whose curr a real-time task outranks most. */
static int find_lower_rt(const struct task *t, int prev)
{
	int best = prev, best_prio = MAX_RT_PRIO, cpu;

	for_each_online_cpu(cpu) {
		const struct task *curr = READ_ONCE(cpu_rq(cpu)->curr);
		int prio = curr->se.cls == &rt_class ? curr->se.rt_eff : curr->se.cls == &fair_class ? 0 : -1;

		if (!cpumask_test(cpu, &t->se.affinity))
			continue;
		if (prio < best_prio || (prio == best_prio && cpu == prev)) {
			best = cpu;
			best_prio = prio;
		}
	}
	return best;
}

static int any_allowed(const struct task *t, int prev)
{
	struct cpumask m;
	int cpu;

	cpumask_and(&m, &t->se.affinity, &cpu_online_mask);
	if (cpumask_test(prev, &m))
		return prev;
	cpu = cpumask_first(&m);
	return cpu < MAX_CPUS ? cpu : prev;
}

/*
 * Does the waker give its CPU away at once? Then the woken task waits there for less than the interrupt
 * to an idle CPU would take: two tasks that hand a token to and fro stay together. Both must have run
 * only for moments between their sleeps, and nobody else may want that CPU.
 */
static bool waker_yields(const struct task *t, int here)
{
	const struct task *waker = current;

	if (in_irq() || t->core.state == TASK_NEW || READ_ONCE(cpu_rq(here)->nr_running) != 1 ||
	    waker->flags & PF_IDLE || !cpumask_test(here, &t->se.affinity))
		return false;
	return waker->flags & PF_EXITING ||
	       (waker->se.avg_burst_ns < SHORT_BURST_NS && t->se.avg_burst_ns < SHORT_BURST_NS);
}

/* For a task that wakes up or is new; its queue is locked. */
int select_cpu(struct rq *rq, struct task *t)
{
	int prev = rq->cpu, cpu, here;

	if (sched_nr_online <= 1 || rq->curr == t)
		return prev;			/* the second: it is still on its way out there */
	if (unlikely(!cpumask_test(prev, &t->se.affinity) || !cpumask_test(prev, &cpu_online_mask)))
		prev = any_allowed(t, prev);
	if (t->se.nr_allowed == 1)
		return prev;
	here = this_cpu_id();
	if (likely(t->se.cls == &fair_class) && waker_yields(t, here))
		return here;
	if (cpu_idle_now(prev))
		return prev;
	if (unlikely(t->se.cls == &rt_class))
		return find_lower_rt(t, prev);
	if (t->core.state == TASK_NEW && (t->flags & PF_VFORK))
		return prev;			/* the parent sleeps at once */
	if (here != prev && cpu_idle_now(here) && cpumask_test(here, &t->se.affinity))
		return here;			/* an interrupt on an idle CPU */
	cpu = find_idle(t, prev);
	if (cpu < MAX_CPUS)
		return cpu;
	if (here != prev && cpumask_test(here, &t->se.affinity) &&
	    READ_ONCE(cpu_rq(here)->nr_running) + 1 < READ_ONCE(cpu_rq(prev)->nr_running))
		return here;
	return prev;
}

/* Take one waiting task from `from`. Both locked. */
static bool pull_one(struct rq *rq, struct rq *from)
{
	struct task *t = NULL;

	if (from->nr_running < 2)
		return false;
	if (from->rt.nr > (from->curr->se.cls == &rt_class ? 1u : 0u))
		t = rt_steal(from, rq->cpu);
	if (!t)
		t = fair_steal(from, rq->cpu);
	if (!t)
		return false;
	rq_update_clock(from);
	rq_move_queued(from, rq, t);
	return true;
}

/* The lock of rq may be dropped for a moment; then something else may have come. */
bool balance_newidle(struct rq *rq)
{
	int cpu;

	if (!rq->online || cpumask_empty(&sched_overload_mask))
		return false;
	for_each_cpu(cpu, &sched_overload_mask) {
		struct rq *from = cpu_rq(cpu);
		bool pulled;

		if (from == rq || READ_ONCE(from->nr_running) < 2)
			continue;
		rq_lock_second(rq, from);
		pulled = !rq->nr_running && pull_one(rq, from);
		rq_unlock(from);
		if (pulled || rq->nr_running)
			break;
	}
	return rq->nr_running != 0;
}

/* From the tick, no lock held: interrupts off. */
void balance_tick(struct rq *rq, u64 now)
{
	struct rq *busiest = NULL;
	int cpu;

	if (sched_nr_online <= 1 || now < rq->next_balance)
		return;
	rq->next_balance = now + BALANCE_NS;
	if (READ_ONCE(rq->nr_running) > 1 && !cpumask_empty(&sched_idle_mask)) {
		for_each_cpu(cpu, &sched_idle_mask) {
			if (cpu_idle_now(cpu)) {
				struct rq *idle = cpu_rq(cpu);

				rq_lock(idle);
				resched_curr(idle);	/* it pulls on its way through schedule() */
				rq_unlock(idle);
				return;
			}
		}
	}
	for_each_cpu(cpu, &sched_overload_mask) {
		struct rq *r = cpu_rq(cpu);

		if (r != rq && READ_ONCE(r->nr_running) > READ_ONCE(rq->nr_running) + 1 &&
		    (!busiest || r->nr_running > busiest->nr_running))
			busiest = r;
	}
	if (!busiest)
		return;
	rq_lock(rq);
	rq_lock_second(rq, busiest);
	if (busiest->nr_running > rq->nr_running + 1)
		pull_one(rq, busiest);
	rq_unlock(busiest);
	rq_unlock(rq);
}
