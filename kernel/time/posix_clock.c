/* SPDX-License-Identifier: MPL-2.0 */
/* The clocks by id: clock_gettime(2) and kin, gettimeofday(2), time(2). */
#include <base/err.h>
#include <base/math.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include "internal.h"

/* What the coarse clocks promise, as Linux with HZ=250; ours are in fact as fine as the others. */
#define COARSE_RESOLUTION_NS	4000000

u64 cpu_clock_pick(const struct cputime *ct, int which)
{
	return which == 1 ? ct->utime_ns : ct->utime_ns + ct->stime_ns;
}

struct task *cpu_clock_task(int id, bool *thread)
{
	struct task *t;
	int pid;

	if (id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID) {
		*thread = id == CLOCK_THREAD_CPUTIME_ID;
		pid = 0;
	} else {
		*thread = CPUCLOCK_THREAD(id);
		pid = CPUCLOCK_PID(id);
	}
	if (id < 0 && CPUCLOCK_WHICH(id) == 3)
		return NULL;
	rcu_read_lock();
	t = pid ? task_find(pid) : current;
	if (t && (*thread ? !task_same_process(t, current) : !task_is_leader(t) && pid))
		t = NULL;
	if (t)
		task_get(t);
	rcu_read_unlock();
	return t;
}

static int cpu_clock_get(int id, s64 *ns)
{
	struct cputime ct;
	struct task *t;
	bool thread;

	t = cpu_clock_task(id, &thread);
	if (!t)
		return -EINVAL;
	if (thread)
		task_cputime(t, &ct);
	else
		process_cputime(t->proc, &ct);
	*ns = (s64)cpu_clock_pick(&ct, CPUCLOCK_WHICH(id));
	task_put(t);
	return 0;
}

int clock_get_do(int clockid, s64 *ns)
{
	struct cputime ct;

	switch (clockid) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		*ns = clock_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
		*ns = (s64)clock_monotonic_ns();
		return 0;
	case CLOCK_MONOTONIC_RAW:
		*ns = (s64)clock_raw_ns();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = clock_realtime_coarse_ns();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = (s64)clock_monotonic_coarse_ns();
		return 0;
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = (s64)clock_boottime_ns();
		return 0;
	case CLOCK_TAI:
		*ns = clock_tai_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		process_cputime(current->proc, &ct);
		*ns = (s64)cpu_clock_pick(&ct, 2);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		task_cputime(current, &ct);
		*ns = (s64)cpu_clock_pick(&ct, 2);
		return 0;
	default:
		return clockid < 0 ? cpu_clock_get(clockid, ns) : -EINVAL;
	}
}

long sys_clock_gettime(int clockid, uout_timespec uts)
{
	struct timespec ts;
	s64 ns;
	int err = clock_get_do(clockid, &ns);

	if (err)
		return err;
	ts = ns_to_timespec(ns);
	return copy_out(uts, &ts);
}

long sys_clock_getres(int clockid, uout_timespec ures)
{
	struct timespec ts = { .tv_nsec = 1 };
	s64 ns;
	int err = clock_get_do(clockid, &ns);

	if (err)
		return err;
	if (clockid == CLOCK_REALTIME_COARSE || clockid == CLOCK_MONOTONIC_COARSE)
		ts.tv_nsec = COARSE_RESOLUTION_NS;
	return uptr_null(ures) ? 0 : copy_out(ures, &ts);
}

/* Step the wall clock; the monotonic one must stay above zero. */
static int set_realtime(s64 sec, s64 nsec)
{
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (sec < 0 || sec >= 8277292036 || (u64)nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (sec * (s64)NSEC_PER_SEC + nsec < (s64)clock_monotonic_ns())
		return -EINVAL;
	clock_set_realtime(sec * (s64)NSEC_PER_SEC + nsec);
	return 0;
}

long sys_clock_settime(int clockid, uin_timespec uts)
{
	struct timespec ts;
	s64 ns;

	if (clockid != CLOCK_REALTIME)
		return clockid < 0 && clock_get_do(clockid, &ns) == 0 ? -EPERM : -EINVAL;
	if (copy_in(&ts, uts))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	return set_realtime(ts.tv_sec, ts.tv_nsec);
}

static struct timezone system_tz;	/* [a] as Linux: kept for programs that ask, no effect */

long sys_gettimeofday(uout_timeval utv, uout_timezone utz)
{
	s64 ns = clock_realtime_ns();
	struct timeval tv = { .tv_sec = ns / 1000000000, .tv_usec = ns % 1000000000 / 1000 };

	if (!uptr_null(utv) && copy_out(utv, &tv))
		return -EFAULT;
	if (!uptr_null(utz) && copy_out(utz, &system_tz))
		return -EFAULT;
	return 0;
}

long sys_settimeofday(uin_timeval utv, uin_timezone utz)
{
	struct timezone tz;
	struct timeval tv;

	if (!uptr_null(utv)) {
		if (copy_in(&tv, utv))
			return -EFAULT;
		if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
			return -EINVAL;
	}
	if (!uptr_null(utz)) {
		if (copy_in(&tz, utz))
			return -EFAULT;
		if (!capable(CAP_SYS_TIME))
			return -EPERM;
		if (tz.tz_minuteswest > 15 * 60 || tz.tz_minuteswest < -15 * 60)
			return -EINVAL;
		system_tz = tz;
	}
	return uptr_null(utv) ? 0 : set_realtime(tv.tv_sec, tv.tv_usec * 1000);
}

long sys_time(uout_s64 ut)
{
	s64 now = clock_realtime_coarse_ns() / 1000000000;

	if (!uptr_null(ut) && copy_out(ut, &now))
		return -EFAULT;
	return now;
}

void time_was_set(void)
{
	/* Timers on CLOCK_REALTIME follow by themselves (kernel/core/timer.c); timerfd's cancel-on-set asks. */
	timerfd_clock_was_set();
}
