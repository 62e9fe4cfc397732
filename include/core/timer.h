/* SPDX-License-Identifier: MPL-2.0 */
/*
 * High-resolution timers (kernel/core/timer.c): a red-black tree per CPU and per clock, driven by
 * the CPU's one-shot event device. Callbacks run in hard interrupt context: short, or hand over to
 * a worker. A timer runs on the CPU that started it (unless that is idle-moved by nobody: no move).
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <base/rbtree.h>
#include <base/types.h>

enum timer_clock { TIMER_MONOTONIC, TIMER_REALTIME, TIMER_BOOTTIME, TIMER_TAI, TIMER_NR_CLOCKS };

struct timer;
/* Return 0 to end, or the next absolute expiry in the timer's clock. */
typedef u64 (*timer_fn)(struct timer *t);

struct timer {
	struct rb_node node;		/* [base lock] */
	u64 expires;			/* [base lock] absolute ns in its clock: not before */
	u64 deadline;			/* [base lock] expires + slack: not later; the tree's key */
	timer_fn fn;			/* [I] */
	enum timer_clock clock;		/* [I] */
	int cpu;			/* [base lock] whose base it is queued on */
	u32 state;			/* [a] idle, queued, running */
};

void timer_init(struct timer *t, enum timer_clock clock, timer_fn fn);
/* (Re)start for an absolute time; in the past: fires at once. Any context but NMI. */
void timer_start(struct timer *t, u64 expires_ns);
/* As above, but may be put off by slack to be served together with others. */
void timer_start_slack(struct timer *t, u64 expires_ns, u64 slack_ns);
/* True if it was queued. Waits for a running callback: not from that, nor under a lock it takes. */
bool timer_cancel(struct timer *t);
/* 1 was queued, 0 was idle, -1 callback is running now. Never waits. */
int timer_try_cancel(struct timer *t);
bool timer_queued(const struct timer *t);
/* ns until expiry in its clock, may be negative. */
s64 timer_remaining(const struct timer *t);
u64 timer_clock_now(enum timer_clock clock);
/* The wall clock was set or TAI moved: look at its timers on all CPUs. Thread context. */
void timer_clock_was_set(void);

/* Event device of this CPU, by arch: fire the interrupt at that monotonic time. */
void arch_timer_program(u64 monotonic_ns);
/* This CPU's device works from now on: timers may have been started before. Any context. */
void timer_device_up(void);
/* From the interrupt. */
void timer_interrupt(void);
/* Earliest expiry on this CPU, WAIT_FOREVER when none (idle). */
u64 timer_next_event(void);

#endif
