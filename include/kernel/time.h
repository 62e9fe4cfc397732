/* SPDX-License-Identifier: MPL-2.0 */
/* User-visible time (kernel/time): conversions, clocks by id, timers of a process. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <base/types.h>
#include <core/clock.h>
#include <core/timer.h>
#include <core/usercopy.h>
#include <uapi/linux/signal.h>
#include <uapi/linux/time.h>

struct task;
struct process;

static inline struct timespec ns_to_timespec(s64 ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += 1000000000;
	}
	return ts;
}
static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && (u64)ts->tv_nsec < 1000000000u;
}
/* Saturates at S64_MAX. */
static inline s64 timespec_to_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= 9223372036)
		return 0x7fffffffffffffffl;
	return ts->tv_sec * 1000000000 + ts->tv_nsec;
}
/*
 * A relative timeout argument (NULL: for ever) as absolute monotonic deadline. -EFAULT, -EINVAL.
 */
__must_check int deadline_from_user_timespec(uaddr_t uts, u64 *deadline_ns);
__must_check int deadline_from_ns(s64 rel_ns, u64 *deadline_ns);
/* Write back what is left of it (select, ppoll), unless NULL. */
int deadline_rest_to_user(u64 deadline_ns, uaddr_t uts, bool timeval);

/* schedule_until() for any clock: 0 when the time came (setting the clock counts), 1 when woken. State set before. */
int schedule_until_clock(enum timer_clock clock, u64 expires_ns);

__must_check int clock_get_do(int clockid, s64 *ns);	/* all ids, also CPU clocks of others */
/* The wall clock was set: TFD_TIMER_CANCEL_ON_SET (fs/vfs/timerfd.c). */
void timerfd_clock_was_set(void);
/* A fresh process: no timer runs. */
void process_timers_init(struct process *p);
/* End of a process and exec: timers. */
void posix_timers_exit(struct process *p);
void posix_timers_exec(struct process *p);
void itimers_exit(struct process *p);
/* A POSIX timer's signal is about to be delivered: rearm, fill in the overrun. sighand lock held. */
struct sigqueue;
void posix_timer_signal_taken(struct sigqueue *q, siginfo_t *info);
/* Must the tick run for this task's CPU-time timers, even when it is alone on its CPU? */
bool cpu_timers_armed(const struct task *t);
/* At tick: CPU-time timers and RLIMIT_CPU of the running task. Interrupt context. */
void cpu_timers_tick(struct task *t);

#endif
