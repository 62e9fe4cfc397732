/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Read-copy-update.
 *
 * A reader is a section with preemption off. A CPU is quiescent (has no reader from before) when it
 * switches tasks, when an interrupt finds code that may be preempted (so also user code), and while it
 * idles. One thread, rcu_gp, runs grace periods:
 *
 *   move the callbacks queued so far, per CPU, from `next` to `wait`
 *   put every CPU that does not idle into gp_mask; each takes itself out at its next quiescent moment
 *   idle CPUs are not woken: idle_seq is even while they idle, and a change means that they did
 *   after FORCE_DELAY the CPUs still missing get an interrupt, which reports or asks for a switch
 *   move `wait` to `done`; the thread of each CPU (rcu/N) runs the callbacks
 *
 * A grace period starts DELAY after the first callback, so that many share it; at once for
 * synchronize_rcu(), for barriers, and when callbacks pile up. With one CPU online synchronize_rcu()
 * needs no waiting: whoever may sleep is no reader, and there is nobody else.
 *
 * Barriers. The updater's stores come before gp_mask is set (a full barrier in gp_start). A CPU leaves
 * the mask by an atomic operation, after its old readers and before its new ones. Interrupts that hit an
 * idle CPU make idle_seq odd by an atomic operation before their handlers read anything.
 *
 * Before there are threads call_rcu() only queues.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/panic.h>
#include <core/rcu.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/timer.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include "internal.h"

#define DELAY_NS	(5 * NSEC_PER_MSEC)
#define FORCE_DELAY_NS	(2 * NSEC_PER_MSEC)
#define STALL_NS	(21 * NSEC_PER_SEC)
#define MANY_CALLBACKS	4096
#define BATCH		64
#define KFREE_OFFSET_MAX	4096ul

struct cb_list {
	struct rcu_head *head, **tail;
	u64 n;
};

struct rcu_cpu {
	spinlock_t lock;		/* class RCU */
	struct cb_list next;		/* [lock] not yet waiting */
	struct cb_list wait;		/* [rcu_gp thread] until the running grace period ends */
	struct cb_list done;		/* [lock] to be run */
	bool kicked;			/* [lock] a grace period was asked for */
	struct timer timer;		/* asks for it, DELAY after the first callback */
	struct irq_work start_timer;	/* starts that, when locks were held */
	struct task_core *thread;	/* [I] once set: rcu/N */
};

static DEFINE_PERCPU_ALIGNED(struct rcu_cpu, rcu_cpus);
DEFINE_PERCPU(u32, rcu_is_idle);
DEFINE_PERCPU(u64, cpu_switches);
static DEFINE_PERCPU(u64, idle_seq);	/* [a] even: idles and no interrupt runs */

static struct cpumask gp_mask;		/* [a] CPUs the running grace period waits for */
static struct cpumask exp_mask;		/* [a] the same for the expedited one */
static u64 gp_started, gp_done;		/* [a] counts; written by the rcu_gp thread */
static u32 gp_urgent;			/* [a] somebody waits */
static u32 gp_wanted;			/* [a] callbacks wait */
static struct task_core *gp_thread;	/* [I] once set */
static DEFINE_WAIT_QUEUE(gp_wait);	/* the rcu_gp thread: work or a mask empty */
static DEFINE_WAIT_QUEUE(gp_end_wait);	/* synchronize_rcu() */
static DEFINE_WAIT_QUEUE(exp_wait);
static DEFINE_MUTEX(exp_mutex, RCU_SYNC);
static DEFINE_MUTEX(barrier_mutex, RCU_SYNC);

static void cb_init(struct cb_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
	l->n = 0;
}

static void cb_add(struct cb_list *l, struct rcu_head *h)
{
	h->next = NULL;
	*l->tail = h;
	l->tail = &h->next;
	l->n++;
}

/* Append all of `from` to `to`. */
static void cb_move(struct cb_list *to, struct cb_list *from)
{
	if (!from->head)
		return;
	*to->tail = from->head;
	to->tail = from->tail;
	to->n += from->n;
	cb_init(from);
}

/* ---- quiescent states ---- */

/* The last CPU of a mask wakes who waits; from contexts that may hold the run-queue lock. */
static void masks_empty_fn(struct irq_work *w)
{
	wake_up_all(&gp_wait);
	wake_up_all(&exp_wait);
}
static DEFINE_PERCPU(struct irq_work, masks_empty);

static void leave_mask(struct cpumask *m, int cpu)
{
	if (cpumask_test_and_clear(cpu, m) && cpumask_empty(m))
		irq_work_queue(this_cpu_ptr(masks_empty));
}

/* This CPU has no reader right now. Preemption or interrupts off. */
static __always_inline void rcu_quiescent(void)
{
	int cpu = this_cpu_id();

	if (unlikely(cpumask_test(cpu, &gp_mask)))
		leave_mask(&gp_mask, cpu);
	if (unlikely(cpumask_test(cpu, &exp_mask)))
		leave_mask(&exp_mask, cpu);
}

/* The scheduler switches tasks, or considered it. Interrupts off. */
void rcu_note_switch(void)
{
	this_cpu_add(cpu_switches, 1);
	rcu_quiescent();
}

/* In a hard interrupt: was the interrupted code preemptible or user code? */
void rcu_note_irq(void)
{
	if (preempt_count() == HARDIRQ_UNIT)
		rcu_quiescent();
}

/*
 * The idle loop, preemption off. idle_seq changes by a full barrier: readers stay on their side. No
 * interrupt may see only one of the two words changed.
 */
void rcu_idle_enter(void)
{
	u64 flags = irq_save();

	rcu_quiescent();
	__atomic_fetch_add(this_cpu_ptr(idle_seq), 1, __ATOMIC_SEQ_CST);
	this_cpu_write(rcu_is_idle, 1);
	irq_restore(flags);
}

void rcu_idle_exit(void)
{
	u64 flags = irq_save();

	this_cpu_write(rcu_is_idle, 0);
	__atomic_fetch_add(this_cpu_ptr(idle_seq), 1, __ATOMIC_SEQ_CST);
	irq_restore(flags);
	if (unlikely(this_cpu_read(watchdog_asleep)))
		watchdog_wake();
}

/* rcu_is_idle: 1 idle, 2 in an interrupt that hit the idle CPU. */
void rcu_irq_enter_idle(void)
{
	if (this_cpu_read(rcu_is_idle) != 1)
		return;
	this_cpu_write(rcu_is_idle, 2);
	__atomic_fetch_add(this_cpu_ptr(idle_seq), 1, __ATOMIC_SEQ_CST);
}

void rcu_irq_exit_idle(void)
{
	if (this_cpu_read(rcu_is_idle) != 2)
		return;
	__atomic_fetch_add(this_cpu_ptr(idle_seq), 1, __ATOMIC_SEQ_CST);
	this_cpu_write(rcu_is_idle, 1);
}

bool rcu_cpu_idle(int cpu)
{
	return !(__atomic_load_n(per_cpu_ptr(idle_seq, cpu), __ATOMIC_SEQ_CST) & 1);
}

/* ---- waiting for all CPUs ---- */

struct idle_snap {
	u64 seq[MAX_CPUS];
};

/* Put all CPUs that do not idle into m. Returns with a full barrier behind the caller's stores. */
static void mask_fill(struct cpumask *m, struct idle_snap *snap)
{
	int cpu;

	smp_mb();
	for_each_online_cpu(cpu)
		cpumask_set(cpu, m);
	smp_mb();
	for_each_online_cpu(cpu) {
		snap->seq[cpu] = __atomic_load_n(per_cpu_ptr(idle_seq, cpu), __ATOMIC_SEQ_CST);
		if (!(snap->seq[cpu] & 1))
			cpumask_clear(cpu, m);
	}
	smp_mb();
}

/* Take out those that have idled since. */
static void mask_drop_idle(struct cpumask *m, const struct idle_snap *snap)
{
	int cpu;

	for_each_cpu(cpu, m)
		if (__atomic_load_n(per_cpu_ptr(idle_seq, cpu), __ATOMIC_SEQ_CST) != snap->seq[cpu])
			cpumask_clear(cpu, m);
	smp_mb();
}

/* Interrupt on a CPU that is missing: it may be preemptible code; if not, its end asks for a switch. */
static void force_fn(void *arg)
{
	u32 inner = preempt_count() - HARDIRQ_UNIT;

	if (inner == 0)
		rcu_quiescent();
	else
		this_cpu_and(preempt_word, ~PREEMPT_NO_RESCHED);
}

static void mask_force(struct cpumask *m)
{
	struct cpumask copy = *m;

	smp_call_mask(&copy, force_fn, NULL, false);
}

static void report_stall(const struct cpumask *m)
{
	int cpu;

	for_each_cpu(cpu, m) {
		pr_err("RCU: CPU %d had no quiescent moment for 21 s\n", cpu);
		if (!arch_nmi_backtrace(cpu))
			pr_err("RCU: no stack of CPU %d to be had\n", cpu);
	}
}

/* Wait until m is empty, with growing insistence. `q` is woken when it becomes so. */
static void mask_wait(struct cpumask *m, const struct idle_snap *snap, struct wait_queue *q, u64 patience)
{
	u64 begin = clock_monotonic_ns(), report_at = begin + STALL_NS;

	while (!cpumask_empty(m)) {
		if (!wait_event_until(q, cpumask_empty(m), clock_monotonic_ns() + patience))
			break;
		mask_drop_idle(m, snap);
		if (cpumask_empty(m))
			break;
		mask_force(m);
		patience = 10 * NSEC_PER_MSEC;
		if (clock_monotonic_ns() > report_at) {
			report_stall(m);
			report_at = ~0ull;
		}
	}
	smp_mb();
}

/* ---- grace periods ---- */

static void gp_run(void)
{
	static struct idle_snap snap;
	int cpu;

	WRITE_ONCE(gp_wanted, 0);
	WRITE_ONCE(gp_urgent, 0);
	smp_mb();
	__atomic_store_n(&gp_started, gp_started + 1, __ATOMIC_SEQ_CST);
	for_each_possible_cpu(cpu) {
		struct rcu_cpu *r = per_cpu_ptr(rcu_cpus, cpu);
		u64 flags;

		spin_lock_irqsave(&r->lock, flags);
		cb_move(&r->wait, &r->next);
		r->kicked = false;
		spin_unlock_irqrestore(&r->lock, flags);
	}
	mask_fill(&gp_mask, &snap);
	mask_wait(&gp_mask, &snap, &gp_wait, FORCE_DELAY_NS);
	for_each_possible_cpu(cpu) {
		struct rcu_cpu *r = per_cpu_ptr(rcu_cpus, cpu);
		bool run;
		u64 flags;

		spin_lock_irqsave(&r->lock, flags);
		cb_move(&r->done, &r->wait);
		run = r->done.head;
		spin_unlock_irqrestore(&r->lock, flags);
		if (run)
			sched_wake(r->thread ? r->thread : per_cpu(rcu_cpus, 0).thread, TASK_NORMAL);
	}
	__atomic_store_n(&gp_done, gp_done + 1, __ATOMIC_SEQ_CST);
	wake_up_all(&gp_end_wait);
}

static int gp_main(void *arg)
{
	for (;;) {
		wait_event(&gp_wait, READ_ONCE(gp_wanted) || READ_ONCE(gp_urgent));
		gp_run();
	}
	return 0;
}

static void gp_ask(u32 *flag)
{
	if (!xchg(flag, 1))
		wake_up_all(&gp_wait);
}

/* ---- callbacks ---- */

static void cb_invoke(struct rcu_head *h)
{
	u64 f = (u64)h->func;

	/* kfree_rcu(): the function is the offset of the head in the object. */
	if (f < KFREE_OFFSET_MAX)
		kfree((char *)h - f);
	else
		h->func(h);
}

static bool cb_take(struct rcu_cpu *r, struct cb_list *l)
{
	u64 flags;

	spin_lock_irqsave(&r->lock, flags);
	cb_move(l, &r->done);
	spin_unlock_irqrestore(&r->lock, flags);
	return l->head;
}

/* rcu/N: runs the callbacks of its CPU; rcu/0 also those of CPUs that have no thread. */
static int cb_main(void *arg)
{
	struct rcu_cpu *r = arg;

	for (;;) {
		struct cb_list l;
		unsigned int n = 0;

		cb_init(&l);
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (!cb_take(r, &l)) {
			schedule();
			continue;
		}
		set_current_state_relaxed(TASK_RUNNING);
		while (l.head) {
			struct rcu_head *h = l.head;

			l.head = h->next;
			cb_invoke(h);
			if (++n % BATCH == 0 && need_resched())
				preempt_resched();
		}
	}
	return 0;
}

static u64 cb_timer_fn(struct timer *t)
{
	gp_ask(&gp_wanted);
	return 0;
}

/* In hard interrupt context: no lock is held that the timer's could come after. */
static void cb_start_timer(struct irq_work *w)
{
	struct rcu_cpu *r = container_of(w, struct rcu_cpu, start_timer);

	if (READ_ONCE(gp_thread) && !timer_queued(&r->timer))
		timer_start_slack(&r->timer, clock_monotonic_ns() + DELAY_NS, DELAY_NS);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	u64 flags = irq_save();
	struct rcu_cpu *r = this_cpu_ptr(rcu_cpus);
	bool kick, many;

	head->func = func;
	spin_lock(&r->lock);
	cb_add(&r->next, head);
	kick = !r->kicked;
	r->kicked = true;
	spin_unlock(&r->lock);
	if (unlikely(!READ_ONCE(gp_thread))) {
		irq_restore(flags);
		return;
	}
	/* Preemption is on: no spinlock is held, so the timer's may be taken. */
	if (kick && preempt_count() == 0)
		cb_start_timer(&r->start_timer);
	else if (kick)
		irq_work_queue(&r->start_timer);
	many = r->next.n == MANY_CALLBACKS && preempt_count() == 0 && (flags & X86_EFLAGS_IF);
	irq_restore(flags);
	if (unlikely(many))
		gp_ask(&gp_urgent);
}

/* ---- waiting ---- */

void synchronize_rcu_expedited(void)
{
	static struct idle_snap snap;	/* [exp_mutex] */

	might_sleep();
	if (cpumask_weight(&cpu_online_mask) < 2) {
		smp_mb();
		return;
	}
	mutex_lock(&exp_mutex);
	mask_fill(&exp_mask, &snap);
	preempt_disable();
	cpumask_clear(this_cpu_id(), &exp_mask);	/* we run here, and read nothing */
	preempt_enable();
	mask_force(&exp_mask);
	mask_wait(&exp_mask, &snap, &exp_wait, NSEC_PER_MSEC / 2);
	mutex_unlock(&exp_mutex);
}

void synchronize_rcu(void)
{
	u64 target;

	might_sleep();
	if (cpumask_weight(&cpu_online_mask) < 2) {
		smp_mb();
		return;
	}
	if (!READ_ONCE(gp_thread)) {
		synchronize_rcu_expedited();
		return;
	}
	smp_mb();
	/*
	 * The one that starts after now. gp_run() clears the request before it counts up: so whoever asks
	 * after reading the count is served by a period with at least this number.
	 */
	target = __atomic_load_n(&gp_started, __ATOMIC_SEQ_CST) + 1;
	gp_ask(&gp_urgent);
	wait_event(&gp_end_wait, READ_ONCE(gp_done) >= target);
	smp_mb();
}

struct barrier_cb {
	struct rcu_head head;
	u32 *left;
	struct completion *done;
};
/* [barrier_mutex] one for each CPU */
static struct barrier_cb barrier_cbs[MAX_CPUS];

static void barrier_fn(struct rcu_head *h)
{
	struct barrier_cb *b = container_of(h, struct barrier_cb, head);

	if (__atomic_sub_fetch(b->left, 1, __ATOMIC_ACQ_REL) == 0)
		complete(b->done);
}

/* A callback behind all others on every CPU. */
void rcu_barrier(void)
{
	struct completion done;
	u32 left = 1;
	int cpu;

	might_sleep();
	if (!READ_ONCE(gp_thread))
		return;
	completion_init(&done);
	mutex_lock(&barrier_mutex);
	for_each_possible_cpu(cpu) {
		struct rcu_cpu *r = per_cpu_ptr(rcu_cpus, cpu);
		struct barrier_cb *b = &barrier_cbs[cpu];
		u64 flags;

		__atomic_fetch_add(&left, 1, __ATOMIC_RELAXED);
		*b = (struct barrier_cb){ .head = { NULL, barrier_fn }, .left = &left, .done = &done };
		spin_lock_irqsave(&r->lock, flags);
		cb_add(&r->next, &b->head);
		spin_unlock_irqrestore(&r->lock, flags);
	}
	gp_ask(&gp_urgent);
	if (__atomic_sub_fetch(&left, 1, __ATOMIC_ACQ_REL) == 0)
		complete(&done);
	wait_for_completion(&done);
	mutex_unlock(&barrier_mutex);
}

/* ---- srcu ---- */

/*
 * Each CPU counts entries and exits for both halves of idx. A writer waits until the sums of the old
 * half agree (exits summed first), flips, and waits again: readers that took the index just before the
 * flip are seen by the next writer's first wait.
 */
struct srcu_counts {
	u64 enter[2], leave[2];
};

int srcu_init(struct srcu *s)
{
	struct mutex *m = kmalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	s->counts = percpu_alloc(sizeof(struct srcu_counts), 8);
	if (!s->counts) {
		kfree(m);
		return -ENOMEM;
	}
	mutex_init(m, RCU_SYNC);
	s->writer = m;
	s->idx = 0;
	return 0;
}

void srcu_destroy(struct srcu *s)
{
	percpu_free(s->counts);
	kfree(s->writer);
	s->counts = NULL;
	s->writer = NULL;
}

int srcu_read_lock(struct srcu *s)
{
	u32 idx;

	preempt_disable();
	idx = READ_ONCE(s->idx) & 1;
	percpu_this(s->counts)->enter[idx]++;
	smp_mb();
	preempt_enable();
	return (int)idx;
}

void srcu_read_unlock(struct srcu *s, int idx)
{
	preempt_disable();
	smp_mb();
	percpu_this(s->counts)->leave[idx]++;
	preempt_enable();
}

static bool srcu_readers(const struct srcu *s, u32 idx)
{
	u64 enter = 0, leave = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		leave += READ_ONCE(percpu_ptr(s->counts, cpu)->leave[idx]);
	smp_mb();
	for_each_possible_cpu(cpu)
		enter += READ_ONCE(percpu_ptr(s->counts, cpu)->enter[idx]);
	return enter != leave;
}

static void srcu_wait(const struct srcu *s, u32 idx)
{
	u64 pause = 10 * NSEC_PER_USEC;

	while (srcu_readers(s, idx)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + pause);
		pause = min(pause * 2, (u64)NSEC_PER_MSEC);
	}
}

void synchronize_srcu(struct srcu *s)
{
	u32 old;

	might_sleep();
	mutex_lock(s->writer);
	smp_mb();
	old = s->idx & 1;
	srcu_wait(s, old ^ 1);
	smp_mb();
	WRITE_ONCE(s->idx, s->idx + 1);
	smp_mb();
	srcu_wait(s, old);
	smp_mb();
	mutex_unlock(s->writer);
}

/* ---- bring-up ---- */

void rcu_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rcu_cpu *r = per_cpu_ptr(rcu_cpus, cpu);

		spin_lock_init(&r->lock, RCU);
		cb_init(&r->next);
		cb_init(&r->wait);
		cb_init(&r->done);
		timer_init(&r->timer, TIMER_MONOTONIC, cb_timer_fn);
		r->start_timer = (struct irq_work)IRQ_WORK_INIT(cb_start_timer);
		*per_cpu_ptr(masks_empty, cpu) = (struct irq_work)IRQ_WORK_INIT(masks_empty_fn);
		/* Runs: odd. */
		*per_cpu_ptr(idle_seq, cpu) = 1;
	}
}

static int __init rcu_start_threads(void)
{
	struct task_core *t;
	int cpu;

	for_each_online_cpu(cpu) {
		struct rcu_cpu *r = per_cpu_ptr(rcu_cpus, cpu);
		char name[16];

		snprintf(name, sizeof(name), "rcu/%d", cpu);
		t = kthread_run(cb_main, r, cpu, name);
		if (IS_ERR(t))
			return (int)PTR_ERR(t);
		r->thread = t;
	}
	t = kthread_run(gp_main, NULL, -1, "rcu_gp");
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	WRITE_ONCE(gp_thread, t);
	/* What was queued so far. */
	gp_ask(&gp_wanted);
	return 0;
}
INITCALL_SMP(rcu_start_threads);
