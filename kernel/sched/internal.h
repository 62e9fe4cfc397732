/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Run queues and what the scheduler's files share. One queue a CPU; its lock guards every field that
 * says so, and the sched_entity of each task whose core.cpu names that queue, queued or asleep.
 *
 * The lock is held, interrupts off, across the switch of stacks: taken by the task that leaves,
 * dropped by the task that comes. So whoever holds it sees no task half switched: a task that is not
 * some queue's `curr` has its registers in memory. Because one task takes it and another one drops
 * it, it goes around lockdep. Two queues are locked in CPU order.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <base/err.h>
#include <base/math.h>
#include <core/clock.h>
#include <core/rcu.h>
#include <core/smp.h>
#include <core/timer.h>
#include <core/upcall.h>
#include <kernel/sched.h>
#include <kernel/task.h>

struct fair_rq {
	struct rb_root_cached tree;	/* [lock] waiting tasks by virtual deadline; curr is not in it */
	u32 nr;				/* [lock] runnable, curr included */
	u64 load;			/* [lock] sum of their weights */
	u64 min_vruntime;		/* [lock] never goes back */
	u64 picked;			/* [lock; racy reads] sched clock when curr got the CPU */
};

struct rt_rq {
	struct list_head queue[MAX_RT_PRIO];	/* [lock] by priority, curr at its place */
	DECLARE_BITMAP(map, MAX_RT_PRIO);	/* [lock] bit p: queue[p] is not empty */
	u32 nr;				/* [lock] */
	u64 period_start, used_ns;	/* [lock] throttling: 950 ms of each second */
};

struct rq {
	spinlock_t lock;		/* class RUNQUEUE, taken by rq_lock() only */
	int cpu;			/* [I] */
	u32 nr_running;			/* [lock; racy reads] idle not counted */
	struct task *curr;		/* [lock; racy reads] */
	struct task *idle;		/* [I] */
	u64 clock;			/* [lock] sched_clock at the last look */
	struct fair_rq fair;		/* [lock] */
	struct rt_rq rt;		/* [lock] */

	/* Idle handshake: a waker sets kick, then reads polling; idle clears polling, then reads kick. */
	u32 kick;			/* [a] look at need_resched: asked for by another CPU */
	u32 polling;			/* [a] idle watches kick, no interrupt needed */
	u64 poll_ns;			/* [o] how long to poll before halting */

	struct timer tick;		/* [o] one-shot, runs while the CPU is busy */
	bool tick_on;			/* [o] */
	bool online;			/* [lock] */

	u64 switches;			/* [lock; racy reads] */
	s64 nr_uninterruptible;		/* [lock; racy reads] sum over all queues counts */
	atomic_t nr_iowait;
	struct cpu_times times;		/* [o; racy reads] */
	u64 acct_stamp;			/* [o] up to when times is filled */
	u64 next_balance;		/* [o] */
	u64 last_progress;		/* [o; racy reads] soft lock-up detection */
} __cacheline_aligned;

DECLARE_PERCPU(struct rq, runqueue);
#define this_rq()	this_cpu_ptr(runqueue)
#define cpu_rq(c)	per_cpu_ptr(runqueue, c)

/* Why a task enters or leaves a queue. */
#define ENQ_WAKEUP	0x1u		/* it slept */
#define ENQ_NEW		0x2u		/* first time */
#define ENQ_MIGRATED	0x4u		/* comes from another queue */
#define DEQ_SLEEP	0x8u

enum sched_rank { RANK_IDLE, RANK_FAIR, RANK_RT };

/* Policy. All under the queue's lock, clock updated. */
struct sched_class {
	enum sched_rank rank;		/* a higher one always goes first */
	void (*enqueue)(struct rq *rq, struct task *t, u32 flags);
	/* Also for curr, which then gives the CPU away. */
	void (*dequeue)(struct rq *rq, struct task *t, u32 flags);
	/* Curr stays runnable and goes back among the waiting. */
	void (*put_prev)(struct rq *rq, struct task *t);
	/* A waiting task becomes curr. */
	void (*set_next)(struct rq *rq, struct task *t);
	/* The waiting task that should run next; NULL. */
	struct task *(*peek)(struct rq *rq);
	/* Should t, just queued, take the CPU from curr of the same class? */
	bool (*preempts)(struct rq *rq, struct task *curr, struct task *t);
	/* Charge curr for the time up to rq->clock. */
	void (*charge)(struct rq *rq, struct task *curr);
	/* Timer: sets need_resched if curr's share is over. ns until it wants to be asked again. */
	u64 (*tick)(struct rq *rq, struct task *curr);
	void (*yield)(struct rq *rq, struct task *curr);
};
extern const struct sched_class fair_class, rt_class, idle_class;

#define TICK_NS		(4 * NSEC_PER_MSEC)
#define SLICE_NS	(3 * NSEC_PER_MSEC)
#define RR_SLICE_NS	(100 * NSEC_PER_MSEC)

/* Counts in the load average while it sleeps. Kernel threads wait for work like that: they do not. */
static inline bool waits_as_load(const struct task *t, unsigned int state)
{
	return state & TASK_UNINTERRUPTIBLE && !(t->flags & PF_KTHREAD);
}
static inline void rq_lock(struct rq *rq)
{
	spin_lock_raw(&rq->lock);
}

static inline void rq_unlock(struct rq *rq)
{
	spin_unlock_raw(&rq->lock);
}

static inline void rq_update_clock(struct rq *rq)
{
	u64 now = sched_clock_ns();

	if (likely((s64)(now - rq->clock) > 0))
		rq->clock = now;
}

/* Interrupts off. The queue that t belongs to, locked. */
static inline struct rq *task_rq_lock(struct task *t)
{
	for (;;) {
		struct rq *rq = cpu_rq(READ_ONCE(t->core.cpu));

		rq_lock(rq);
		if (likely(rq->cpu == t->core.cpu))
			return rq;
		rq_unlock(rq);
	}
}

static inline bool task_running(const struct rq *rq, const struct task *t)
{
	return rq->curr == t;
}

/* core.c */
void resched_curr(struct rq *rq);
void rq_enqueue(struct rq *rq, struct task *t, u32 flags);
void rq_dequeue(struct rq *rq, struct task *t, u32 flags);
void rq_check_preempt(struct rq *rq, struct task *t);
/* Lock `other` while rq is locked, in order. False: rq was dropped in between (both are locked now). */
bool rq_lock_second(struct rq *rq, struct rq *other);
/* Both locked: move a waiting or sleeping task. */
void rq_move_queued(struct rq *from, struct rq *to, struct task *t);
const struct sched_class *sched_policy_class(int policy);
void sched_idle_loop_once(struct rq *rq);
void schedule_idle(void);
extern struct cpumask sched_idle_mask;		/* [a] CPUs that run their idle task */
extern struct cpumask sched_overload_mask;	/* [a] CPUs with more than one runnable task */
extern u32 sched_nr_online;			/* [a] CPUs that schedule */

/* fair.c */
void fair_init(struct rq *rq);
u32 fair_nice_weight(int nice);
void fair_set_weight(struct task *t);
void fair_place_new(struct rq *rq, struct task *t);
struct task *fair_steal(struct rq *from, int to_cpu);
void rt_init(struct rq *rq);
struct task *rt_steal(struct rq *from, int to_cpu);
bool rt_throttled(struct rq *rq);

/* balance.c */
int select_cpu(struct rq *rq, struct task *t);
int select_cpu_new(struct task *t);
/* rq locked, nothing to run: pull a waiting task from elsewhere. True if one came. */
bool balance_newidle(struct rq *rq);
void balance_tick(struct rq *rq, u64 now);
/* From finish_switch: prev left a CPU it may not use any more. Interrupts off, no lock. */
void balance_push_migrating(struct task *t);

/* cputime.c */
void cputime_tick(struct rq *rq, struct task *curr, bool user, u64 now);
void cputime_idle_enter(struct rq *rq, struct task *prev);
void cputime_idle_exit(struct rq *rq);
void tick_init(struct rq *rq);
void tick_arm(struct rq *rq);
void tick_hasten(struct rq *rq, u64 ns);	/* in ns from now at the latest; the same context */

/* loadavg.c */
void loadavg_tick(u64 now);

/* idle.c */
__noreturn void idle_loop(void);

#endif
