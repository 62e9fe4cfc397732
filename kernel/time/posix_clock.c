/* SPDX-License-Identifier: MPL-2.0 */
/* The clocks by id: clock_gettime(2) and kin, gettimeofday(2), time(2), adjtimex(2). */
#include <base/err.h>
#include <base/math.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <uapi/linux/timex.h>

/*
 * A negative id names the CPU clock of a process or thread: bits 3 and up are the complement of its
 * pid, bit 2 says thread, bits 0-1 which time (0 user+system by tick, 1 user, 2 exact).
 */
#define CPUCLOCK_PID(id)	(~(id) >> 3)
#define CPUCLOCK_THREAD(id)	((id) & 4)
#define CPUCLOCK_WHICH(id)	((id) & 3)

/* What the coarse clocks promise, as Linux with HZ=250; ours are in fact as fine as the others. */
#define COARSE_RESOLUTION_NS	4000000

static s64 pick_time(const struct cputime *ct, int which)
{
	return (s64)(which == 1 ? ct->utime_ns : ct->utime_ns + ct->stime_ns);
}

static int cpu_clock_get(int id, s64 *ns)
{
	struct cputime ct;
	struct task *t;
	int pid = CPUCLOCK_PID(id), err = 0;

	if (CPUCLOCK_WHICH(id) == 3)
		return -EINVAL;
	rcu_read_lock();
	t = pid ? task_find(pid) : current;
	if (!t || (CPUCLOCK_THREAD(id) ? !task_same_process(t, current) : !task_is_leader(t) && pid))
		err = -EINVAL;
	else if (CPUCLOCK_THREAD(id))
		task_cputime(t, &ct);
	else
		process_cputime(t->proc, &ct);
	rcu_read_unlock();
	if (!err)
		*ns = pick_time(&ct, CPUCLOCK_WHICH(id));
	return err;
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
		*ns = pick_time(&ct, 2);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		task_cputime(current, &ct);
		*ns = pick_time(&ct, 2);
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

/* --- adjtimex(2): what an NTP daemon sets and reads back --- */

static DEFINE_SPINLOCK(ntp_lock, OBJECT);
static struct {
	s64 maxerror, esterror, constant, tick;
	int status;
} ntp = { .maxerror = 16000000, .esterror = 16000000, .constant = 2, .tick = 10000, .status = STA_UNSYNC };

#define ADJ_KNOWN (ADJ_FREQUENCY | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_TIMECONST | ADJ_TAI | \
	ADJ_SETOFFSET | ADJ_MICRO | ADJ_NANO | ADJ_TICK)
#define STA_RONLY_BITS (STA_PPSSIGNAL | STA_PPSJITTER | STA_PPSWANDER | STA_PPSERROR | STA_CLOCKERR | \
	STA_NANO | STA_MODE | STA_CLK)

static int adjtimex_set(const struct timex *tx)
{
	if (tx->modes & ADJ_SETOFFSET) {
		s64 ns = tx->time.tv_usec * (tx->modes & ADJ_NANO ? 1 : 1000);

		if (ns < 0 || ns >= (s64)NSEC_PER_SEC)
			return -EINVAL;
		clock_set_realtime(clock_realtime_ns() + tx->time.tv_sec * (s64)NSEC_PER_SEC + ns);
	}
	spin_lock(&ntp_lock);
	if (tx->modes & ADJ_STATUS)
		ntp.status = (ntp.status & (int)STA_RONLY_BITS) | (tx->status & ~(int)STA_RONLY_BITS);
	if (tx->modes & ADJ_NANO)
		ntp.status |= STA_NANO;
	if (tx->modes & ADJ_MICRO)
		ntp.status &= ~STA_NANO;
	if (tx->modes & ADJ_MAXERROR)
		ntp.maxerror = tx->maxerror;
	if (tx->modes & ADJ_ESTERROR)
		ntp.esterror = tx->esterror;
	if (tx->modes & ADJ_TIMECONST)
		ntp.constant = tx->constant;
	if (tx->modes & ADJ_TICK)
		ntp.tick = tx->tick;
	spin_unlock(&ntp_lock);
	if (tx->modes & ADJ_TAI && tx->constant >= 0)
		clock_set_tai_offset((int)tx->constant);
	/* A tick of other than 10,000 us is a coarse rate correction: 100 ppm each. */
	if (tx->modes & (ADJ_FREQUENCY | ADJ_TICK)) {
		s64 freq = tx->modes & ADJ_FREQUENCY ? tx->freq : clock_freq();

		freq = clamp_t(s64, freq, -32768000, 32768000);
		clock_set_freq(freq + (tx->modes & ADJ_TICK ? (tx->tick - 10000) * 100 * 65536 : 0));
	}
	return 0;
}

static long adjtimex_do(struct timex *tx)
{
	s64 now;
	int err, status;

	if (tx->modes & ~ADJ_KNOWN)
		return -EINVAL;		/* slewing by an offset is missing: docs/abi-coverage.md */
	if (tx->modes && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (tx->modes & ADJ_TICK && (tx->tick < 9000 || tx->tick > 11000))
		return -EINVAL;
	err = adjtimex_set(tx);
	if (err)
		return err;
	now = clock_realtime_ns();
	spin_lock(&ntp_lock);
	status = ntp.status;
	tx->maxerror = ntp.maxerror;
	tx->esterror = ntp.esterror;
	tx->constant = ntp.constant;
	tx->tick = ntp.tick;
	spin_unlock(&ntp_lock);
	tx->offset = 0;
	tx->freq = clock_freq();
	tx->status = status;
	tx->precision = 1;
	tx->tolerance = 32768000;
	tx->tai = clock_tai_offset();
	tx->time.tv_sec = now / 1000000000;
	tx->time.tv_usec = now % 1000000000 / (status & STA_NANO ? 1 : 1000);
	return status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : TIME_OK;
}

long sys_adjtimex(uio_timex utx)
{
	struct timex tx;
	long res;

	if (copy_in(&tx, utx))
		return -EFAULT;
	res = adjtimex_do(&tx);
	return res < 0 ? res : copy_out(utx, &tx) ? -EFAULT : res;
}

long sys_clock_adjtime(int clockid, uio_timex utx)
{
	s64 ns;

	if (clockid == CLOCK_REALTIME)
		return sys_adjtimex(utx);
	return clock_get_do(clockid, &ns) ? -EINVAL : -EOPNOTSUPP;
}

void time_was_set(void)
{
	/* Timers on CLOCK_REALTIME follow by themselves (kernel/core/timer.c); timerfd's cancel-on-set asks. */
	timerfd_clock_was_set();
}
