/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Interval timers of a process (setitimer(2), alarm(2)) and the CPU-time limits. ITIMER_REAL is a
 * high-resolution timer; the two CPU-time ones and RLIMIT_CPU are looked at by the scheduler's tick,
 * which runs for a process that has any of them armed (process.cpu_timers).
 */
#include <base/err.h>
#include <base/math.h>
#include <core/wait.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>

#include "internal.h"

static u64 itimer_real_fire(struct timer *t)
{
	struct process *p = container_of(t, struct process, real_timer.timer);

	(void)signal_send_process(p, SIGALRM, SEND_PRIV);
	return timer_forward(t->expires, p->real_timer.interval_ns, clock_monotonic_ns(), NULL);
}

void process_timers_init(struct process *p)
{
	timer_init(&p->real_timer.timer, TIMER_MONOTONIC, itimer_real_fire);
	p->real_timer.interval_ns = 0;
	p->cpu_itimer[0].expires_ns = p->cpu_itimer[1].expires_ns = 0;
	p->cpu_itimer[0].interval_ns = p->cpu_itimer[1].interval_ns = 0;
	p->posix_timers = NULL;
	p->cpu_timers = 0;
	list_init(&p->cpu_sleepers);
}

void itimers_exit(struct process *p)
{
	p->real_timer.interval_ns = 0;
	timer_cancel(&p->real_timer.timer);
}

u64 timer_forward(u64 expires, u64 interval, u64 now, u64 *missed)
{
	u64 n = 0;

	if (!interval)
		return 0;
	expires += interval;
	if (expires <= now) {
		n = (now - expires) / interval + 1;
		expires += n * interval;
	}
	if (missed)
		*missed = n;
	return expires;
}

struct interval {
	u64 value_ns, interval_ns;
};

/* Time used as ITIMER_VIRTUAL (0) or ITIMER_PROF (1) counts it. */
static u64 cpu_time_of(struct process *p, int which)
{
	struct cputime ct;

	process_cputime(p, &ct);
	return which ? ct.utime_ns + ct.stime_ns : ct.utime_ns;
}

static void cpu_itimer_swap(int which, const struct interval *set, struct interval *old)
{
	struct process *p = current->proc;
	u64 now = cpu_time_of(p, which), expires;

	spin_lock_irq(&current->sighand->lock);
	expires = p->cpu_itimer[which].expires_ns;
	old->interval_ns = p->cpu_itimer[which].interval_ns;
	old->value_ns = !expires ? 0 : expires > now ? expires - now : 1000000;
	if (set) {
		if (expires && !set->value_ns)
			__atomic_fetch_sub(&p->cpu_timers, 1, __ATOMIC_RELAXED);
		if (!expires && set->value_ns)
			__atomic_fetch_add(&p->cpu_timers, 1, __ATOMIC_RELAXED);
		p->cpu_itimer[which].expires_ns = set->value_ns ? now + set->value_ns : 0;
		p->cpu_itimer[which].interval_ns = set->interval_ns;
	}
	spin_unlock_irq(&current->sighand->lock);
}

static void real_itimer_swap(const struct interval *set, struct interval *old)
{
	struct process *p = current->proc;
	struct itimer *it = &p->real_timer;
	s64 left;

	old->interval_ns = it->interval_ns;
	left = timer_queued(&it->timer) ? timer_remaining(&it->timer) : 0;
	old->value_ns = !timer_queued(&it->timer) ? 0 : left < 1000 ? 1000 : (u64)left;
	if (!set)
		return;
	timer_cancel(&it->timer);
	it->interval_ns = set->interval_ns;
	if (set->value_ns)
		timer_start(&it->timer, clock_monotonic_ns() + set->value_ns);
}

static int itimer_swap(int which, const struct interval *set, struct interval *old)
{
	switch (which) {
	case ITIMER_REAL:
		real_itimer_swap(set, old);
		return 0;
	case ITIMER_VIRTUAL:
	case ITIMER_PROF:
		cpu_itimer_swap(which == ITIMER_PROF, set, old);
		return 0;
	default:
		return -EINVAL;
	}
}

static int interval_from_timeval(u64 *ns, const struct timeval *tv)
{
	if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = tv->tv_sec > 9000000000 ? 9000000000ull * NSEC_PER_SEC :
		(u64)tv->tv_sec * NSEC_PER_SEC + (u64)tv->tv_usec * 1000;
	return 0;
}

static struct timeval interval_to_timeval(u64 ns)
{
	return (struct timeval){ .tv_sec = (s64)(ns / NSEC_PER_SEC), .tv_usec = (s64)(ns % NSEC_PER_SEC / 1000) };
}

static int itimer_out(uout_itimerval u, const struct interval *v)
{
	struct itimerval it = { interval_to_timeval(v->interval_ns), interval_to_timeval(v->value_ns) };

	return copy_out(u, &it);
}

long sys_getitimer(int which, uout_itimerval value)
{
	struct interval old;
	int err = itimer_swap(which, NULL, &old);

	return err ? err : itimer_out(value, &old);
}

long sys_setitimer(int which, uin_itimerval value, uout_itimerval oldvalue)
{
	struct interval set = { 0, 0 }, old;
	struct itimerval it;
	int err;

	if (!uptr_null(value)) {
		if (copy_in(&it, value))
			return -EFAULT;
		if (interval_from_timeval(&set.value_ns, &it.it_value) ||
		    interval_from_timeval(&set.interval_ns, &it.it_interval))
			return -EINVAL;
	}
	err = itimer_swap(which, &set, &old);
	if (err || uptr_null(oldvalue))
		return err;
	return itimer_out(oldvalue, &old);
}

long sys_alarm(unsigned int seconds)
{
	struct interval set = { (u64)seconds * NSEC_PER_SEC, 0 }, old;
	u64 left;

	real_itimer_swap(&set, &old);
	left = (old.value_ns + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
	return (long)(old.value_ns && !left ? 1 : left);
}

/* --- the tick's part --- */

bool cpu_timers_armed(const struct task *t)
{
	return READ_ONCE(t->proc->cpu_timers) || task_rlimit(t, RLIMIT_CPU) != RLIM_INFINITY ||
	       task_rlimit(t, RLIMIT_RTTIME) != RLIM_INFINITY;
}

/* sighand lock held. */
static void check_cpu_itimer(struct process *p, int which, u64 now, int sig, u32 *fire)
{
	u64 expires = p->cpu_itimer[which].expires_ns, interval = p->cpu_itimer[which].interval_ns;

	if (!expires || now < expires)
		return;
	*fire |= 1u << sig;
	p->cpu_itimer[which].expires_ns = timer_forward(expires, interval, now, NULL);
	if (!p->cpu_itimer[which].expires_ns)
		__atomic_fetch_sub(&p->cpu_timers, 1, __ATOMIC_RELAXED);
}

/* RLIMIT_CPU: SIGXCPU each second beyond the soft limit, SIGKILL at the hard one. */
static void check_cpu_limit(struct process *p, u64 used_ns, u32 *fire)
{
	u64 soft = READ_ONCE(p->rlim[RLIMIT_CPU].rlim_cur), hard = READ_ONCE(p->rlim[RLIMIT_CPU].rlim_max);
	u64 secs = used_ns / NSEC_PER_SEC;

	if (soft == RLIM_INFINITY)
		return;
	if (hard != RLIM_INFINITY && secs >= hard) {
		*fire |= 1u << SIGKILL;
	} else if (secs >= soft) {
		*fire |= 1u << SIGXCPU;
		WRITE_ONCE(p->rlim[RLIMIT_CPU].rlim_cur, secs + 1);
	}
}

/* RLIMIT_RTTIME: a real-time thread that does not sleep; microseconds. SIGXCPU each second beyond the soft limit. */
static void check_rt_limit(struct task *t, u32 *fire)
{
	struct rlimit *r = &t->proc->rlim[RLIMIT_RTTIME];
	u64 soft = READ_ONCE(r->rlim_cur), hard = READ_ONCE(r->rlim_max), used_us;

	if (soft == RLIM_INFINITY || (t->se.policy != SCHED_FIFO && t->se.policy != SCHED_RR))
		return;
	used_us = (READ_ONCE(t->se.sum_exec_ns) - READ_ONCE(t->se.rt_awake_ns)) / 1000;
	if (hard != RLIM_INFINITY && used_us > hard) {
		*fire |= 1u << SIGKILL;
	} else if (used_us > soft) {
		*fire |= 1u << SIGXCPU;
		WRITE_ONCE(r->rlim_cur, soft + 1000000);
	}
}

void cpu_timers_tick(struct task *t)
{
	struct process *p = t->proc;
	struct cputime ct;
	struct sighand *s;
	u32 fire = 0;
	u64 flags;

	if (likely(!cpu_timers_armed(t)) || t->flags & PF_EXITING)
		return;
	process_cputime(p, &ct);
	s = sighand_lock(t, &flags);
	if (!s)
		return;
	check_cpu_itimer(p, 0, ct.utime_ns, SIGVTALRM, &fire);
	check_cpu_itimer(p, 1, ct.utime_ns + ct.stime_ns, SIGPROF, &fire);
	sighand_unlock(s, flags);
	check_cpu_limit(p, ct.utime_ns + ct.stime_ns, &fire);
	check_rt_limit(t, &fire);
	while (fire) {
		int sig = __builtin_ctz(fire);

		fire &= fire - 1;
		(void)signal_send_process(p, sig, SEND_PRIV);
	}
	posix_cpu_timers_check(t, &ct);
	cpu_sleepers_check(t, &ct);
}
