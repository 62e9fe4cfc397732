/* SPDX-License-Identifier: MPL-2.0 */
/*
 * High-resolution timers. Each CPU has one base: a tree per clock, sorted by the time at which a timer
 * must have run (expires + slack), and the monotonic time for which the event device is programmed.
 * There is no tick: the device is programmed for the earliest deadline, and only if that is earlier
 * than what it is set to. Cancelling does not touch the device; an interrupt that finds nothing due
 * programs it anew.
 *
 * A timer belongs to the base of timer->cpu, whose lock protects it. It moves to the CPU that starts
 * it, but not while its callback runs: then it stays, so that timer_cancel() knows where to look.
 * Callbacks run without the lock, base->running names them. After a callback returned 0 the timer is
 * not touched any more: it may have been freed.
 *
 * Context: any but NMI. Lock class TIMER.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/percpu.h>
#include <core/smp.h>
#include <core/spinlock.h>
#include <core/timer.h>
#include <core/wait.h>
#include "internal.h"

#define TIMER_IDLE	0u
#define TIMER_QUEUED	1u
#define MAX_PASSES	3
#define HANG_DELAY_NS	(20 * NSEC_PER_USEC)

struct timer_base {
	spinlock_t lock;
	struct rb_root_cached tree[TIMER_NR_CLOCKS];	/* [lock] */
	struct timer *running;		/* [lock] whose callback runs */
	u64 hw_next;			/* [lock] what the device is set to; WAIT_FOREVER: nothing */
	bool in_interrupt;		/* [lock] the device is programmed at the end */
};

static DEFINE_PERCPU_ALIGNED(struct timer_base, timer_bases);

void timer_cpu_init(int cpu)
{
	struct timer_base *b = per_cpu_ptr(timer_bases, cpu);

	spin_lock_init(&b->lock, TIMER);
	for (int i = 0; i < TIMER_NR_CLOCKS; i++)
		b->tree[i] = (struct rb_root_cached)RB_ROOT_CACHED;
	b->running = NULL;
	b->hw_next = WAIT_FOREVER;
	b->in_interrupt = false;
}

void timer_init(struct timer *t, enum timer_clock clock, timer_fn fn)
{
	rb_clear_node(&t->node);
	t->expires = 0;
	t->deadline = 0;
	t->fn = fn;
	t->clock = clock;
	t->cpu = this_cpu_id();
	t->state = TIMER_IDLE;
}

/* When `deadline` of a clock comes, in monotonic time. */
static u64 to_monotonic(enum timer_clock clock, u64 deadline)
{
	s64 off, mono;

	if (clock == TIMER_MONOTONIC || deadline == WAIT_FOREVER)
		return deadline;
	off = clock_offset(clock);
	if (check_sub((s64)deadline, off, &mono))
		return WAIT_FOREVER;
	return mono < 0 ? 0 : (u64)mono;
}

u64 timer_clock_now(enum timer_clock clock)
{
	return clock_monotonic_ns() + (u64)clock_offset(clock);
}

/* Negative times of the wall clock are in the past, not in the far future. */
static bool is_due(const struct timer *t, u64 now)
{
	return t->expires <= now || (t->clock != TIMER_MONOTONIC && (s64)t->expires < 0 && t->expires != WAIT_FOREVER);
}

static struct timer *tree_first(struct timer_base *b, int clock)
{
	return rb_entry_safe(b->tree[clock].leftmost, struct timer, node);
}

static void enqueue(struct timer_base *b, struct timer *t)
{
	struct rb_root_cached *tree = &b->tree[t->clock];
	struct rb_node **link = &tree->root.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (t->deadline < rb_entry(parent, struct timer, node)->deadline) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_cached(&t->node, tree, leftmost);
	WRITE_ONCE(t->state, TIMER_QUEUED);
}

static void dequeue(struct timer_base *b, struct timer *t)
{
	rb_erase_cached(&t->node, &b->tree[t->clock]);
	WRITE_ONCE(t->state, TIMER_IDLE);
}

/* Lock the base that t belongs to. Interrupts off. */
static struct timer_base *lock_base(const struct timer *t)
{
	for (;;) {
		int cpu = READ_ONCE(t->cpu);
		struct timer_base *b = per_cpu_ptr(timer_bases, cpu);

		spin_lock(&b->lock);
		if (likely(READ_ONCE(t->cpu) == cpu))
			return b;
		spin_unlock(&b->lock);
	}
}

static u64 base_earliest(struct timer_base *b)
{
	u64 first = WAIT_FOREVER;

	for (int c = 0; c < TIMER_NR_CLOCKS; c++) {
		struct timer *t = tree_first(b, c);

		if (t)
			first = min(first, to_monotonic((enum timer_clock)c, t->deadline));
	}
	return first;
}

/* Set the device of this CPU if `when` comes before what it is set to. b is this CPU's, locked. */
static void base_program(struct timer_base *b, u64 when)
{
	if (b->in_interrupt || when >= b->hw_next)
		return;
	b->hw_next = when;
	arch_timer_program(when);
}

void timer_device_up(void)
{
	u64 flags = irq_save();
	struct timer_base *b = this_cpu_ptr(timer_bases);

	spin_lock(&b->lock);
	b->hw_next = WAIT_FOREVER;
	base_program(b, base_earliest(b));
	spin_unlock(&b->lock);
	irq_restore(flags);
}

void timer_start_slack(struct timer *t, u64 expires_ns, u64 slack_ns)
{
	u64 flags = irq_save();
	struct timer_base *b = lock_base(t);
	int cpu = this_cpu_id();

	if (t->state == TIMER_QUEUED)
		dequeue(b, t);
	if (t->cpu != cpu && b->running != t) {
		WRITE_ONCE(t->cpu, cpu);
		spin_unlock(&b->lock);
		b = lock_base(t);
		/* Somebody else may have started it in between. */
		if (t->state == TIMER_QUEUED)
			dequeue(b, t);
	}
	t->expires = expires_ns;
	if (check_add(expires_ns, slack_ns, &t->deadline))
		t->deadline = WAIT_FOREVER;
	enqueue(b, t);
	/* On another CPU its callback runs right now: that CPU programs its device afterwards. */
	if (likely(t->cpu == cpu))
		base_program(b, to_monotonic(t->clock, t->deadline));
	spin_unlock(&b->lock);
	irq_restore(flags);
}

void timer_start(struct timer *t, u64 expires_ns)
{
	timer_start_slack(t, expires_ns, 0);
}

int timer_try_cancel(struct timer *t)
{
	u64 flags = irq_save();
	struct timer_base *b = lock_base(t);
	int res = 0;

	if (t->state == TIMER_QUEUED) {
		dequeue(b, t);
		res = 1;
	} else if (b->running == t) {
		res = -1;
	}
	spin_unlock(&b->lock);
	irq_restore(flags);
	return res;
}

bool timer_cancel(struct timer *t)
{
	bool was_queued = false, runs;

	for (;;) {
		u64 flags = irq_save();
		struct timer_base *b = lock_base(t);

		if (t->state == TIMER_QUEUED) {
			dequeue(b, t);
			was_queued = true;
		}
		runs = b->running == t;
		spin_unlock(&b->lock);
		irq_restore(flags);
		if (likely(!runs))
			return was_queued;
		cpu_relax();
	}
}

bool timer_queued(const struct timer *t)
{
	return READ_ONCE(t->state) == TIMER_QUEUED;
}

s64 timer_remaining(const struct timer *t)
{
	return (s64)(READ_ONCE(t->expires) - timer_clock_now(t->clock));
}

/* Run one callback, lock dropped meanwhile. */
static void base_run(struct timer_base *b, struct timer *t)
{
	u64 next;

	dequeue(b, t);
	b->running = t;
	spin_unlock(&b->lock);
	next = t->fn(t);
	spin_lock(&b->lock);
	/* An explicit start during the callback wins over its answer. */
	if (next && t->state != TIMER_QUEUED) {
		t->expires = next;
		t->deadline = next;
		enqueue(b, t);
	}
	b->running = NULL;
}

static void base_expire(struct timer_base *b, u64 mono)
{
	for (int c = 0; c < TIMER_NR_CLOCKS; c++) {
		struct timer *t;
		u64 now;

		if (!tree_first(b, c))
			continue;
		now = mono + (u64)clock_offset((enum timer_clock)c);
		while ((t = tree_first(b, c)) && is_due(t, now))
			base_run(b, t);
	}
}

/* The device's interrupt, or a look at everything after the clock was set. Interrupts off. */
void timer_interrupt(void)
{
	struct timer_base *b = this_cpu_ptr(timer_bases);
	u64 now, next;

	spin_lock(&b->lock);
	if (unlikely(b->in_interrupt)) {
		/* A cross call served from within a callback: the loop below us looks again. */
		spin_unlock(&b->lock);
		return;
	}
	b->in_interrupt = true;
	b->hw_next = WAIT_FOREVER;
	for (int pass = 0;; pass++) {
		now = clock_monotonic_ns();
		base_expire(b, now);
		next = base_earliest(b);
		if (next > now)
			break;
		if (pass == MAX_PASSES) {
			/* Timers in the past without end: let others run in between. */
			next = now + HANG_DELAY_NS;
			break;
		}
	}
	b->in_interrupt = false;
	base_program(b, next);
	spin_unlock(&b->lock);
	irq_work_run();
	rcu_note_irq();
}

u64 timer_next_event(void)
{
	u64 flags = irq_save(), next;
	struct timer_base *b = this_cpu_ptr(timer_bases);

	spin_lock(&b->lock);
	next = base_earliest(b);
	spin_unlock(&b->lock);
	irq_restore(flags);
	return next;
}

static void recheck(void *arg)
{
	timer_interrupt();
}

void timer_clock_was_set(void)
{
	if (threads_running())
		smp_call_mask(&cpu_online_mask, recheck, NULL, true);
}
