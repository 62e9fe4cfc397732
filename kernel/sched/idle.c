/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The idle task of a CPU. Before it halts it watches the queue's kick word for a while: a wake-up from
 * another CPU then costs a store instead of an interrupt and the end of a halt, which is dear under a
 * hypervisor. How long adapts: it grows when a wake-up came soon after the halt, and shrinks when
 * polling did not pay. With one CPU nobody can store, so it halts at once. `idle=poll` never halts,
 * `idle=halt` never polls. No timer is needed here: the tick of a busy CPU stops by itself.
 *
 * RCU counts the CPU as quiescent all the time, also while it polls.
 */
#include "internal.h"
#include <base/string.h>
#include <core/init.h>

#define POLL_MAX_NS	(200 * NSEC_PER_USEC)
#define POLL_MIN_NS	(10 * NSEC_PER_USEC)

static enum { IDLE_ADAPT, IDLE_POLL, IDLE_HALT } idle_mode __ro_after_init = IDLE_ADAPT;

static int set_idle_mode(const char *v)
{
	if (streq(v, "poll"))
		idle_mode = IDLE_POLL;
	else if (streq(v, "halt"))
		idle_mode = IDLE_HALT;
	else
		return -EINVAL;
	return 0;
}
KPARAM("idle", set_idle_mode);

static inline bool idle_has_work(struct rq *rq)
{
	return need_resched() || READ_ONCE(rq->kick);
}

/* Watch for work; true if some came. Interrupts on. */
static bool idle_poll(struct rq *rq)
{
	u64 limit = idle_mode == IDLE_POLL ? ~0ull : rq->poll_ns, start;

	if (!limit || sched_nr_online <= 1 || idle_mode == IDLE_HALT)
		return idle_has_work(rq);
	smp_store_mb(rq->polling, 1);
	start = sched_clock_ns();
	for (;;) {
		for (int i = 0; i < 32; i++) {
			if (idle_has_work(rq))
				return true;
			cpu_relax();
		}
		if (sched_clock_ns() - start > limit)
			return false;
	}
}

/* No more watching: from here on wakers must interrupt. Full barrier: pairs with resched_curr(). */
static inline void idle_poll_end(struct rq *rq)
{
	if (rq->polling)
		smp_store_mb(rq->polling, 0);
}

/*
 * Work came. Polling spares the interrupt of another CPU's wake-up; that of a timer or a device comes all
 * the same, and polling for it only burns the host's time.
 */
static void idle_adapt(struct rq *rq, u64 halted_ns)
{
	if (halted_ns < POLL_MAX_NS && READ_ONCE(rq->kick)) {
		rq->poll_ns = rq->poll_ns ? min_t(u64, rq->poll_ns * 2, POLL_MAX_NS) : POLL_MIN_NS;
	} else if (rq->poll_ns) {
		rq->poll_ns /= 2;
		if (rq->poll_ns < POLL_MIN_NS)
			rq->poll_ns = 0;
	}
}

static void idle_wait(struct rq *rq)
{
	u64 start;

	rcu_idle_enter();
	if (idle_poll(rq)) {
		if (!READ_ONCE(rq->kick))
			idle_adapt(rq, POLL_MAX_NS);
	} else {
		irq_disable();
		idle_poll_end(rq);
		if (idle_has_work(rq)) {
			irq_enable();
		} else if (sched_nr_online <= 1) {
			cpu_idle_wait();
		} else {
			start = sched_clock_ns();
			cpu_idle_wait();
			if (idle_has_work(rq))
				idle_adapt(rq, sched_clock_ns() - start);
		}
	}
	idle_poll_end(rq);
	rcu_idle_exit();
}

__noreturn void idle_loop(void)
{
	for (;;) {
		struct rq *rq = this_rq();

		while (!idle_has_work(rq))
			idle_wait(rq);
		schedule_idle();
	}
}

/* The class of the idle task: never queued, picked when nothing else is there. */
static void idle_charge(struct rq *rq, struct task *curr)
{
	curr->se.exec_start = rq->clock;
}

static bool idle_preempts(struct rq *rq, struct task *curr, struct task *t)
{
	(void)rq, (void)curr, (void)t;
	return false;
}

static void idle_put_prev(struct rq *rq, struct task *t)
{
	(void)rq, (void)t;
}

static u64 idle_tick(struct rq *rq, struct task *curr)
{
	(void)rq, (void)curr;
	return 0;
}

const struct sched_class idle_class = {
	.rank = RANK_IDLE,
	.charge = idle_charge, .preempts = idle_preempts, .put_prev = idle_put_prev, .set_next = idle_put_prev,
	.tick = idle_tick, .yield = idle_put_prev,
};
