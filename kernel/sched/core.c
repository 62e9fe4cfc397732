/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The scheduler's mechanism: queueing, picking, the switch, wake-ups, preemption. Policies are in
 * fair.c and rt.c, placement in balance.c, see internal.h for the lock.
 *
 * A sleep: the task sets its state and calls schedule(), which takes it off its queue under the
 * queue's lock if the state still says so. A wake-up takes the same lock: it finds the task either
 * still queued (then only the state changes) or switched out for good, and queues it where
 * select_cpu() says. A task whose affinity forbids the CPU it runs on is told to reschedule; schedule()
 * takes it off as `migrating`, and whoever runs next on that CPU carries it over (finish_switch).
 */
#include "internal.h"
#include <base/string.h>
#include <core/cpumask.h>
#include <core/init.h>
#include <core/pgtable.h>
#include <core/printk.h>
#include <core/wait.h>
#include <fs/block.h>
#include <kernel/futex.h>
#include <kernel/rseq.h>

DEFINE_PERCPU_ALIGNED(struct rq, runqueue);
struct cpumask sched_idle_mask, sched_overload_mask;
u32 sched_nr_online;

/* ---- need_resched ---- */

/* Ask for another look at who should run. Lock held, interrupts off. */
void resched_curr(struct rq *rq)
{
	if (rq->cpu == this_cpu_id()) {
		this_cpu_and(preempt_word, ~PREEMPT_NO_RESCHED);
		return;
	}
	if (READ_ONCE(rq->kick))
		return;
	smp_store_mb(rq->kick, 1);	/* pairs with idle_poll_end() */
	if (!READ_ONCE(rq->polling))
		smp_send_reschedule(rq->cpu);
}

static inline void clear_resched(struct rq *rq)
{
	this_cpu_or(preempt_word, PREEMPT_NO_RESCHED);
	if (unlikely(rq->kick))
		WRITE_ONCE(rq->kick, 0);
}

/* ---- queueing ---- */

const struct sched_class *sched_policy_class(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR ? &rt_class : &fair_class;
}

static inline void note_load(struct rq *rq)
{
	if (sched_nr_online <= 1)
		return;
	if (rq->nr_running > 1) {
		if (!cpumask_test(rq->cpu, &sched_overload_mask))
			cpumask_set(rq->cpu, &sched_overload_mask);
	} else if (cpumask_test(rq->cpu, &sched_overload_mask)) {
		cpumask_clear(rq->cpu, &sched_overload_mask);
	}
}

void rq_enqueue(struct rq *rq, struct task *t, u32 flags)
{
	t->se.on_rq = true;
	t->se.migrating = false;
	t->se.last_queued = rq->clock;
	rq->nr_running++;
	t->se.cls->enqueue(rq, t, flags);
	note_load(rq);
}

void rq_dequeue(struct rq *rq, struct task *t, u32 flags)
{
	t->se.on_rq = false;
	rq->nr_running--;
	t->se.cls->dequeue(rq, t, flags);
	note_load(rq);
}

bool rq_lock_second(struct rq *rq, struct rq *other)
{
	if (other->cpu > rq->cpu) {
		rq_lock(other);
		return true;
	}
	if (likely(spin_is_locked(&other->lock) == false)) {
		u32 zero = 0;

		if (__atomic_compare_exchange_n(&other->lock.locked, &zero, 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	}
	rq_unlock(rq);
	rq_lock(other);
	rq_lock(rq);
	return false;
}

void rq_move_queued(struct rq *from, struct rq *to, struct task *t)
{
	bool queued = t->se.on_rq;

	if (queued)
		rq_dequeue(from, t, 0);
	if (t->se.cls == &fair_class)
		t->se.vruntime += to->fair.min_vruntime - from->fair.min_vruntime;
	WRITE_ONCE(t->core.cpu, to->cpu);
	t->se.nr_migrations++;
	if (queued) {
		rq_update_clock(to);
		rq_enqueue(to, t, ENQ_MIGRATED);
		rq_check_preempt(to, t);
	}
}

/* t was just queued: should it take the CPU? */
void rq_check_preempt(struct rq *rq, struct task *t)
{
	struct task *curr = rq->curr;

	if (curr->se.cls == t->se.cls) {
		if (t->se.cls->preempts(rq, curr, t))
			resched_curr(rq);
	} else if (t->se.cls->rank > curr->se.cls->rank) {
		resched_curr(rq);
	}
}

/* ---- picking ---- */

/* The next to run, as curr of its class. prev has not been put back if it is still runnable. */
static struct task *pick_next(struct rq *rq, struct task *prev, bool prev_queued)
{
	const struct sched_class *c;
	struct task *best;

	if (unlikely(!rq->nr_running)) {
		if (sched_nr_online <= 1 || !balance_newidle(rq))
			return rq->idle;
		prev_queued = false;
	}
	if (unlikely(rq->rt.nr) && (!rt_throttled(rq) || !rq->fair.nr))
		c = &rt_class;
	else
		c = &fair_class;
	if (prev_queued)
		prev->se.cls->put_prev(rq, prev);
	best = c->peek(rq);
	c->set_next(rq, best);
	return best;
}

/* ---- the switch ---- */

/* Kernel threads keep the tables that are loaded; mm_put() takes a dead address space off every CPU. */
static inline void switch_tables(struct task *prev, struct task *next)
{
	if (prev->core.pt != next->core.pt)
		pgtable_switch(prev->core.pt, next->core.pt);
}

/* The rare rest of a switch, after the lock was dropped. Interrupts off. */
static __noinline void finish_switch_slow(struct task *prev, u32 prev_state, bool migrating)
{
	if (migrating)
		balance_push_migrating(prev);
	if (prev_state == TASK_DEAD)
		task_put(prev);
}

/* First thing after a switch: prev's registers are saved, others may have it now. Interrupts off. */
static inline void finish_switch(struct task *prev)
{
	struct rq *rq = this_rq();
	u32 prev_state = prev->core.state;
	bool migrating = prev->se.migrating;

	smp_store_release(&prev->core.on_cpu, 0);
	rq_unlock(rq);
	if (unlikely(prev_state == TASK_DEAD || migrating))
		finish_switch_slow(prev, prev_state, migrating);
	if (unlikely(!rq->tick_on) && rq->curr != rq->idle)
		tick_arm(rq);
}

/* How long it ran since it woke: what select_cpu() expects of it next time. */
static inline void note_burst(struct sched_entity *se)
{
	se->avg_burst_ns += (se->sum_exec_ns - se->prev_sum_exec_ns) / 4 - se->avg_burst_ns / 4;
}

enum sched_how {
	SCHED_SLEEP,		/* as the state says */
	SCHED_PREEMPT,		/* stays runnable whatever its state */
	SCHED_YIELD,		/* the same, and goes behind the others */
};

/* Preemption off, depth 1. */
static __always_inline void schedule_core(enum sched_how how)
{
	struct task *prev = current, *next;
	u64 flags = irq_save();
	struct rq *rq = this_rq();
	bool queued = true;
	u32 state;

	rcu_note_switch();
	rq_lock(rq);
	rq_update_clock(rq);
	clear_resched(rq);
	state = READ_ONCE(prev->core.state);
	if (prev == rq->idle) {
		queued = false;
	} else if (how == SCHED_SLEEP && state != TASK_RUNNING) {
		if (unlikely((state & TASK_INTERRUPTIBLE) && (prev->core.work & WORK_SIGNAL))) {
			WRITE_ONCE(prev->core.state, TASK_RUNNING);
		} else {
			rq_dequeue(rq, prev, DEQ_SLEEP);
			note_burst(&prev->se);
			if (waits_as_load(prev, state))
				rq->nr_uninterruptible++;
			prev->se.last_sleep = rq->clock;
			prev->nvcsw++;
			queued = false;
		}
	} else {
		if (unlikely(!cpumask_test(rq->cpu, &prev->se.affinity)) && prev->se.nr_allowed) {
			rq_dequeue(rq, prev, 0);
			prev->se.migrating = true;
			queued = false;
		} else if (how == SCHED_YIELD && rq->nr_running > 1) {
			prev->se.cls->yield(rq, prev);
		}
	}
	next = pick_next(rq, prev, queued);
	if (likely(next != prev)) {
		if (queued)
			prev->nivcsw++;
		rseq_switched_out(prev);
		next->se.exec_start = rq->clock;
		next->se.nr_switches++;
		rq->switches++;
		WRITE_ONCE(rq->curr, next);
		WRITE_ONCE(next->core.on_cpu, 1);
		if (unlikely(next == rq->idle))
			cputime_idle_enter(rq, prev);
		else if (unlikely(prev == rq->idle))
			cputime_idle_exit(rq);
		switch_tables(prev, next);
		prev = core_task(task_core_switch(&prev->core, &next->core));
		finish_switch(prev);
	} else {
		rq_unlock(rq);
	}
	irq_restore(flags);
}

void schedule(void)
{
	ASSERT(!in_irq());
	if (unlikely(current->plug))
		blk_plug_sleep(current->plug);
	do {
		preempt_disable();
		schedule_core(SCHED_SLEEP);
		preempt_enable_no_resched();
	} while (unlikely(need_resched()));
}

void schedule_preempt(void)
{
	do {
		preempt_disable();
		schedule_core(SCHED_PREEMPT);
		preempt_enable_no_resched();
	} while (unlikely(need_resched()));
}

void sched_yield_do(void)
{
	preempt_disable();
	schedule_core(SCHED_YIELD);
	preempt_enable_no_resched();
	if (unlikely(need_resched()))
		schedule_preempt();
}

/* The end of a task: it holds nothing any more; finish_switch() drops the queue's reference. */
__noreturn void sched_dead(void)
{
	preempt_disable();
	WRITE_ONCE(current->core.state, TASK_DEAD);
	schedule_core(SCHED_SLEEP);
	panic("a dead task runs");
}

/* The idle loop, with preemption off all along. */
void schedule_idle(void)
{
	schedule_core(SCHED_SLEEP);
}

/* New tasks come out of their first switch here: interrupts off, preemption depth 1. */
void sched_finish_first_switch(struct task_core *prev)
{
	finish_switch(core_task(prev));
	irq_enable();
	preempt_enable();
	if (unlikely(current->set_child_tid))
		task_store_child_tid();
}

int sched_cond_resched(void)
{
	if (likely(!need_resched()) || !preemptible())
		return 0;
	schedule_preempt();
	return 1;
}

/* ---- wake-ups ---- */

/* Queue a task that is on no queue, its queue's lock held. Returns the locked queue it is on now; NULL: state changed. */
static struct rq *activate(struct rq *rq, struct task *t, unsigned int states)
{
	int cpu = select_cpu(rq, t);
	u32 enq = t->core.state == TASK_NEW ? ENQ_NEW : ENQ_WAKEUP;

	if (cpu != rq->cpu) {
		struct rq *to = cpu_rq(cpu);

		if (!rq_lock_second(rq, to) &&
		    (rq->cpu != t->core.cpu || !(t->core.state & states) || t->se.on_rq ||
		     !cpumask_test(cpu, &t->se.affinity))) {
			rq_unlock(to);
			return NULL;
		}
		rq_move_queued(rq, to, t);
		if (waits_as_load(t, t->core.state))
			rq->nr_uninterruptible--;
		rq_unlock(rq);
		rq = to;
	} else if (waits_as_load(t, t->core.state)) {
		rq->nr_uninterruptible--;
	}
	WRITE_ONCE(t->core.state, TASK_RUNNING);
	t->se.prev_sum_exec_ns = t->se.sum_exec_ns;
	rq_update_clock(rq);
	rq_enqueue(rq, t, enq);
	rq_check_preempt(rq, t);
	return rq;
}

bool sched_wake(struct task_core *tc, unsigned int states)
{
	struct task *t = core_task(tc);
	bool woken = false;
	struct rq *rq;
	u64 flags;

	smp_mb();	/* what the waker changed, before the state is read; pairs with set_current_state() */
	if (!(READ_ONCE(tc->state) & states))
		return false;
	preempt_disable();
	flags = irq_save();
	if (unlikely(t == current)) {
		WRITE_ONCE(tc->state, TASK_RUNNING);	/* an interrupt between set state and schedule() */
		woken = true;
		goto out;
	}
	for (;;) {
		rq = task_rq_lock(t);
		if (unlikely(!(tc->state & states)))
			break;
		woken = true;
		if (t->se.on_rq) {
			WRITE_ONCE(tc->state, TASK_RUNNING);
			break;
		}
		{
			struct rq *on = activate(rq, t, states);

			if (likely(on)) {
				rq = on;
				break;
			}
		}
		woken = false;
		rq_unlock(rq);
	}
	rq_unlock(rq);
out:
	irq_restore(flags);
	if (likely(flags & X86_EFLAGS_IF))
		preempt_enable();
	else
		preempt_enable_no_resched();
	return woken;
}

void sched_wake_new(struct task *child)
{
	sched_wake(&child->core, TASK_NEW);
}

bool sched_task_runs(const struct task_core *t)
{
	return READ_ONCE(t->on_cpu);
}

/* ---- life of tasks ---- */

/* Class and real-time priority by policy and inheritance. */
static void set_effective(struct sched_entity *se)
{
	se->rt_eff = sched_policy_class(se->policy) == &rt_class ? max(se->rt_priority, se->pi_prio) : se->pi_prio;
	se->cls = se->rt_eff ? &rt_class : sched_policy_class(se->policy);
}

void sched_fork(struct task *child)
{
	struct sched_entity *se = &child->se;
	const struct sched_entity *pse = &current->se;

	*se = (struct sched_entity){
		.policy = pse->policy, .static_nice = pse->static_nice, .rt_priority = pse->rt_priority,
		.reset_on_fork = false, .weight = pse->weight, .slice_ns = pse->slice_ns,
		.affinity = pse->affinity, .nr_allowed = pse->nr_allowed, .cls = pse->cls,
	};
	rb_clear_node(&se->node);
	list_init(&se->rt_link);
	if (unlikely(pse->reset_on_fork)) {
		if (se->policy == SCHED_FIFO || se->policy == SCHED_RR) {
			se->policy = SCHED_NORMAL;
			se->rt_priority = 0;
			se->static_nice = 0;
		} else if (se->static_nice < 0) {
			se->static_nice = 0;
		}
	}
	if (current->flags & PF_IDLE) {
		se->policy = SCHED_NORMAL;
		se->static_nice = 0;
		se->slice_ns = SLICE_NS;
		se->affinity = cpu_possible_mask;
		se->nr_allowed = (u32)nr_cpus;
	}
	set_effective(se);
	fair_set_weight(child);
	se->rr_left_ns = RR_SLICE_NS;
	se->avg_burst_ns = SLICE_NS;	/* nothing is known yet */
	preempt_disable();
	child->core.cpu = this_cpu_id();
	se->vruntime = this_rq()->fair.min_vruntime;
	preempt_enable();
	child->core.state = TASK_NEW;
	child->core.on_cpu = 0;
}

/* Nothing is kept per task outside its queue; the last schedule() takes it off. */
void sched_exit(struct task *t)
{
	(void)t;
}

/* Kernel threads inherit nothing from who made them. Before the first wake-up. */
void sched_reset_new(struct task *t, int cpu)
{
	struct sched_entity *se = &t->se;

	se->policy = SCHED_NORMAL;
	se->static_nice = 0;
	se->rt_priority = 0;
	se->rt_eff = 0;
	se->slice_ns = SLICE_NS;
	se->cls = &fair_class;
	fair_set_weight(t);
	if (cpu < 0) {
		se->affinity = cpu_possible_mask;
		se->nr_allowed = (u32)nr_cpus;
		return;
	}
	cpumask_zero(&se->affinity);
	cpumask_set(cpu, &se->affinity);
	se->nr_allowed = 1;
	t->core.cpu = cpu;
	se->vruntime = cpu_rq(cpu)->fair.min_vruntime;
}

/* ---- bring-up ---- */

static void rq_init(struct rq *rq, int cpu)
{
	spin_lock_init(&rq->lock, RUNQUEUE);
	rq->cpu = cpu;
	fair_init(rq);
	rt_init(rq);
	tick_init(rq);
}

static void rq_set_idle(struct rq *rq, struct task *idle)
{
	idle->se.cls = &idle_class;
	idle->se.policy = SCHED_NORMAL;
	idle->core.cpu = rq->cpu;
	idle->core.on_cpu = 1;
	idle->core.state = TASK_RUNNING;
	idle->flags |= PF_IDLE | PF_KTHREAD;
	rq->idle = idle;
	rq->curr = idle;
}

void sched_init(void)
{
	int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		rq_init(cpu_rq(cpu), cpu);
	init_task.se.affinity = cpu_possible_mask;
	init_task.se.nr_allowed = (u32)nr_cpus;
	rq_set_idle(cpu_rq(0), &init_task);
	cpu_rq(0)->online = true;
	cpu_rq(0)->clock = sched_clock_ns();
	sched_nr_online = 1;
}

struct task_core *sched_idle_task(int cpu)
{
	struct rq *rq;

	/* arch asks for the boot CPU's before there is a per-CPU area or any memory. */
	if (cpu == 0)
		return &init_task.core;
	rq = cpu_rq(cpu);
	if (!rq->idle) {
		struct task *t = task_create_idle(cpu);

		if (IS_ERR(t)) {
			pr_err("no memory for the idle task of CPU %d\n", cpu);
			return NULL;
		}
		rq_set_idle(rq, t);
	}
	return &rq->idle->core;
}

__noreturn void sched_cpu_start(void)
{
	struct rq *rq;

	irq_disable();
	this_cpu_write(preempt_word, 1);	/* and look at the queue first */
	rq = this_rq();
	rq_lock(rq);
	rq_update_clock(rq);
	rq->acct_stamp = rq->clock;
	if (rq->cpu != 0) {
		rq->online = true;
		__atomic_fetch_add(&sched_nr_online, 1, __ATOMIC_SEQ_CST);
	}
	cpumask_set(rq->cpu, &sched_idle_mask);
	rq_unlock(rq);
	irq_enable();
	idle_loop();
}

/* ---- affinity ---- */

/* Is t, if it runs, on a CPU that it may use (its mask may have been changed again)? */
static bool affinity_reached(struct task *t)
{
	u64 flags = irq_save();
	struct rq *rq = task_rq_lock(t);
	bool ok = cpumask_test(rq->cpu, &t->se.affinity) || !(task_running(rq, t) || t->se.migrating);

	rq_unlock(rq);
	irq_restore(flags);
	return ok;
}

/* A running task leaves within an interrupt's time, unless it is in a section that cannot be preempted. */
static void wait_for_move(struct task *t)
{
	for (int i = 0; !affinity_reached(t); i++) {
		if (i < 100) {
			cpu_relax();
			continue;
		}
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + NSEC_PER_MSEC / 2);
	}
}

int sched_set_affinity(struct task *t, const struct cpumask *mask)
{
	struct cpumask allowed;
	struct rq *rq, *to;
	u64 flags;
	int cpu;

	cpumask_and(&allowed, mask, &cpu_online_mask);
	if (cpumask_empty(&allowed))
		return -EINVAL;
	cpu = cpumask_first(&allowed);
	preempt_disable();
	flags = irq_save();
again:
	rq = task_rq_lock(t);
	t->se.affinity = *mask;
	t->se.nr_allowed = (u32)cpumask_weight(mask);
	if (!cpumask_test(rq->cpu, mask)) {
		if (task_running(rq, t)) {
			resched_curr(rq);
		} else if (t->se.on_rq) {
			to = cpu_rq(cpu);
			if (!rq_lock_second(rq, to)) {
				rq_unlock(to);
				rq_unlock(rq);
				goto again;
			}
			rq_update_clock(rq);
			rq_move_queued(rq, to, t);
			rq_unlock(to);
		}
	}
	rq_unlock(rq);
	irq_restore(flags);
	preempt_enable();
	if (t == current)
		return 0;		/* preempt_enable() moved us */
	wait_for_move(t);
	return 0;
}

void sched_get_affinity(struct task *t, struct cpumask *mask)
{
	u64 flags = irq_save();
	struct rq *rq = task_rq_lock(t);

	*mask = t->se.affinity;
	rq_unlock(rq);
	irq_restore(flags);
}

/* prev was taken off a CPU that its affinity forbids: queue it on one that it allows. */
void balance_push_migrating(struct task *t)
{
	struct cpumask allowed;
	struct rq *rq, *to;
	int cpu;

	rq = task_rq_lock(t);
	for (;;) {
		if (!t->se.migrating || t->se.on_rq)
			break;			/* a waker was faster */
		cpumask_and(&allowed, &t->se.affinity, &cpu_online_mask);
		cpu = cpumask_first(&allowed);
		if (cpu >= MAX_CPUS)
			cpu = rq->cpu;
		if (cpu != rq->cpu) {
			to = cpu_rq(cpu);
			if (!rq_lock_second(rq, to) &&
			    (rq->cpu != t->core.cpu || !t->se.migrating || t->se.on_rq ||
			     !cpumask_test(cpu, &t->se.affinity))) {
				rq_unlock(to);
				if (rq->cpu != t->core.cpu) {
					rq_unlock(rq);
					rq = task_rq_lock(t);
				}
				continue;
			}
			rq_move_queued(rq, to, t);
			rq_unlock(rq);
			rq = to;
		}
		rq_update_clock(rq);
		rq_enqueue(rq, t, ENQ_MIGRATED);
		rq_check_preempt(rq, t);
		break;
	}
	rq_unlock(rq);
}

/* ---- policy changes ---- */

/* Change what the queue sorts by, around `fn`. */
static void change_entity(struct task *t, void (*fn)(struct task *t, const void *arg), const void *arg)
{
	u64 flags = irq_save();
	struct rq *rq = task_rq_lock(t);
	bool queued = t->se.on_rq, running = task_running(rq, t);
	const struct sched_class *old = t->se.cls;

	rq_update_clock(rq);
	if (running)
		t->se.cls->charge(rq, t);
	if (queued)
		rq_dequeue(rq, t, 0);
	fn(t, arg);
	/* Its virtual time stood still meanwhile, perhaps on another queue: it comes as new ones do. */
	if (t->se.cls == &fair_class && old != &fair_class)
		t->se.vruntime = rq->fair.min_vruntime;
	if (queued) {
		rq_enqueue(rq, t, 0);
		if (running) {
			t->se.cls->set_next(rq, t);
			resched_curr(rq);
		} else {
			rq_check_preempt(rq, t);
		}
	}
	rq_unlock(rq);
	irq_restore(flags);
	if (t == current && need_resched() && preemptible())
		schedule_preempt();
}

static void set_nice(struct task *t, const void *arg)
{
	t->se.static_nice = *(const int *)arg;
	fair_set_weight(t);
}

void sched_set_nice(struct task *t, int nice)
{
	nice = clamp_t(int, nice, -20, 19);
	if (t->se.static_nice != nice)
		change_entity(t, set_nice, &nice);
}

static void set_attr(struct task *t, const void *arg)
{
	const struct sched_attr *a = arg;
	struct sched_entity *se = &t->se;
	int old = se->policy;

	if (!(a->sched_flags & SCHED_FLAG_KEEP_POLICY)) {
		se->policy = (int)a->sched_policy;
		se->reset_on_fork = a->sched_flags & SCHED_FLAG_RESET_ON_FORK;
	}
	if (!(a->sched_flags & SCHED_FLAG_KEEP_PARAMS)) {
		if (se->policy == SCHED_FIFO || se->policy == SCHED_RR) {
			se->rt_priority = (int)a->sched_priority;
		} else {
			se->rt_priority = 0;
			se->static_nice = a->sched_nice;
		}
	}
	set_effective(se);
	if (se->policy == SCHED_RR && old != SCHED_RR)
		se->rr_left_ns = RR_SLICE_NS;
	fair_set_weight(t);
}

/* The values were checked (kernel/sched/sched_sys.c). */
int sched_set_scheduler(struct task *t, const struct sched_attr *attr)
{
	change_entity(t, set_attr, attr);
	futex_pi_update(t);
	return 0;
}

/* ---- priority inheritance ---- */

int sched_pi_prio(const struct task *t)
{
	return READ_ONCE(t->se.rt_eff);
}

static void set_pi_prio(struct task *t, const void *arg)
{
	t->se.pi_prio = *(const int *)arg;
	set_effective(&t->se);
}

void sched_boost(struct task *t, int prio)
{
	if (t->se.pi_prio != prio)
		change_entity(t, set_pi_prio, &prio);
}

/* ---- questions ---- */

int sched_task_nice(const struct task *t) { return t->se.static_nice; }
int sched_task_cpu(const struct task *t) { return READ_ONCE(t->core.cpu); }
bool sched_task_on_cpu(const struct task *t) { return READ_ONCE(t->core.on_cpu); }

/* As /proc/PID/stat counts: 20 + nice, or below zero for real time. */
int sched_task_prio(const struct task *t)
{
	if (t->se.cls == &rt_class)
		return -1 - t->se.rt_eff;
	return 20 + t->se.static_nice;
}

struct task *sched_cpu_curr(int cpu)
{
	return READ_ONCE(cpu_rq(cpu)->curr);
}

u64 sched_nr_running(void)
{
	u64 n = 0;
	int cpu;

	for_each_online_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->nr_running);
	return n;
}

u64 sched_nr_switches(void)
{
	u64 n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(cpu_rq(cpu)->switches);
	return n;
}

u64 sched_rq_running(int cpu)
{
	return READ_ONCE(cpu_rq(cpu)->nr_running);
}

void io_schedule(void)
{
	struct rq *rq;

	preempt_disable();
	rq = this_rq();
	preempt_enable();
	atomic_inc(&rq->nr_iowait);
	schedule();
	atomic_dec(&rq->nr_iowait);
}
