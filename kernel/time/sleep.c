/* SPDX-License-Identifier: MPL-2.0 */
/* Sleeping until a time: nanosleep(2), clock_nanosleep(2), and the helpers for calls with timeouts. */
#include <base/err.h>
#include <base/math.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>

#include "internal.h"

struct sleep_timer {
	struct timer timer;
	struct task_core *task;		/* NULL once it fired [a] */
};

static u64 sleep_timer_fire(struct timer *t)
{
	struct sleep_timer *s = container_of(t, struct sleep_timer, timer);
	struct task_core *task = s->task;

	smp_store_release(&s->task, NULL);
	sched_wake(task, TASK_ALL & ~(TASK_STOPPED | TASK_TRACED | TASK_DEAD | TASK_NEW));
	return 0;
}

int schedule_until_clock(enum timer_clock clock, u64 expires)
{
	struct sleep_timer s = { .task = current_core() };

	if (expires == WAIT_FOREVER || clock == TIMER_MONOTONIC)
		return schedule_until_slack(expires, current->timer_slack_ns);
	timer_init(&s.timer, clock, sleep_timer_fire);
	timer_start(&s.timer, expires);
	if (smp_load_acquire(&s.task))
		schedule();
	timer_cancel(&s.timer);
	set_current_state(TASK_RUNNING);
	return s.task ? 1 : 0;
}

/* 0 when the time came, else -ERESTARTNOHAND (absolute) or the restart block is to be set. */
static int sleep_until(enum timer_clock clock, u64 expires)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending()) {
			set_current_state(TASK_RUNNING);
			return -ERESTARTNOHAND;
		}
		if (schedule_until_clock(clock, expires) == 0)
			return 0;
	}
}

static int clock_to_timer(int clockid, enum timer_clock *clock)
{
	switch (clockid) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		*clock = TIMER_REALTIME;
		return 0;
	case CLOCK_MONOTONIC:
		*clock = TIMER_MONOTONIC;
		return 0;
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*clock = TIMER_BOOTTIME;
		return 0;
	case CLOCK_TAI:
		*clock = TIMER_TAI;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

static int write_rest(u64 rmtp, enum timer_clock clock, u64 expires)
{
	s64 left = (s64)(expires - timer_clock_now(clock));
	struct timespec ts;

	if (!rmtp)
		return 0;
	if (left < 1)
		left = 1;
	ts = ns_to_timespec(left);
	return copy_out_bytes(uaddr(rmtp), &ts, sizeof(ts));
}

static long relative_interrupted(struct restart_block *r)
{
	int err = write_rest(r->nanosleep.rmtp, (enum timer_clock)r->nanosleep.clock, r->nanosleep.expires);

	return err ? err : -ERESTART_RESTARTBLOCK;
}

static long nanosleep_restart(struct restart_block *r)
{
	if (!sleep_until((enum timer_clock)r->nanosleep.clock, r->nanosleep.expires))
		return 0;
	return relative_interrupted(r);
}

static long sleep_relative(enum timer_clock clock, s64 ns, u64 rmtp)
{
	struct restart_block *r = &current->restart;
	u64 expires = timer_clock_now(clock);

	if (check_add(expires, (u64)ns, &expires) || expires > 0x7fffffffffffffffull)
		expires = 0x7fffffffffffffffull;
	if (!sleep_until(clock, expires))
		return 0;
	r->fn = nanosleep_restart;
	r->nanosleep.clock = (int)clock;
	r->nanosleep.expires = expires;
	r->nanosleep.rmtp = rmtp;
	return relative_interrupted(r);
}

long sys_nanosleep(uin_timespec req, uout_timespec rem)
{
	struct timespec ts;

	if (copy_in(&ts, req))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	return sleep_relative(TIMER_MONOTONIC, timespec_to_ns(&ts), rem.addr);
}

long sys_clock_nanosleep(int clockid, int flags, uin_timespec req, uout_timespec rem)
{
	bool cpu = clockid < 0 || clockid == CLOCK_PROCESS_CPUTIME_ID;
	enum timer_clock clock = TIMER_MONOTONIC;
	struct timespec ts;
	int err = cpu ? 0 : clock_to_timer(clockid, &clock);

	if (err)
		return err;
	if (copy_in(&ts, req))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	if (cpu)
		return cpu_nanosleep(clockid, flags & TIMER_ABSTIME, timespec_to_ns(&ts), rem.addr);
	if (flags & TIMER_ABSTIME)
		return sleep_until(clock, (u64)timespec_to_ns(&ts));
	/* Setting the clock does not change how long a relative sleep lasts. */
	if (clock == TIMER_REALTIME || clock == TIMER_TAI)
		clock = TIMER_MONOTONIC;
	return sleep_relative(clock, timespec_to_ns(&ts), rem.addr);
}

int deadline_from_ns(s64 rel_ns, u64 *deadline_ns)
{
	if (rel_ns < 0)
		return -EINVAL;
	/* Zero means "do not wait", for which a deadline in the past serves. */
	if (!rel_ns)
		*deadline_ns = 0;
	else if (check_add(clock_monotonic_ns(), (u64)rel_ns, deadline_ns) || *deadline_ns > 0x7fffffffffffffffull)
		*deadline_ns = WAIT_FOREVER;
	return 0;
}

int deadline_from_user_timespec(uaddr_t uts, u64 *deadline_ns)
{
	struct timespec ts;

	*deadline_ns = WAIT_FOREVER;
	if (!uts.v)
		return 0;
	if (copy_in_bytes(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	return deadline_from_ns(timespec_to_ns(&ts), deadline_ns);
}

int deadline_rest_to_user(u64 deadline_ns, uaddr_t uts, bool timeval)
{
	struct timespec ts = { 0 };
	u64 now;

	if (!uts.v || deadline_ns == WAIT_FOREVER)
		return 0;
	now = clock_monotonic_ns();
	if (deadline_ns > now)
		ts = ns_to_timespec((s64)(deadline_ns - now));
	if (timeval)
		ts.tv_nsec /= 1000;	/* struct timeval has the same shape */
	return copy_out_bytes(uts, &ts, sizeof(ts));
}
