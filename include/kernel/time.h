/* SPDX-License-Identifier: MPL-2.0 */
/* User-visible time (kernel/time): conversions, clocks by id, timers of a process. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <base/types.h>
#include <core/clock.h>
#include <core/timer.h>
#include <core/usercopy.h>
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

__must_check int clock_get_do(int clockid, s64 *ns);	/* all ids, also CPU clocks of others */
/* End of a process and exec: timers. */
void posix_timers_exit(struct process *p);
void posix_timers_exec(struct process *p);
void itimers_exit(struct process *p);
/* At tick: CPU-time timers and RLIMIT_CPU of the running task. Interrupt context. */
void cpu_timers_tick(struct task *t);

#endif
