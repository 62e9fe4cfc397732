/* SPDX-License-Identifier: MPL-2.0 */
/*
 * POSIX timers (timer_create(2)). A timer belongs to a process and owns one preallocated signal
 * entry; while that is queued the timer is not rearmed, and the periods that pass are its overrun,
 * counted when the signal is taken. Timers on CPU clocks are checked by the scheduler's tick.
 *
 * Life: made by timer_create, found by id in the process's table, freed by RCU after timer_delete,
 * exec or the end of the process. Locks: table lock (mutex) for making and removing, the sighand
 * lock over delivery, timer->lock inside it for the setting.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <base/xarray.h>
#include <core/mutex.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>

#include "internal.h"

struct posix_timer {
	int id;				/* [I] */
	int clockid;			/* [I] */
	int notify;			/* [I] SIGEV_* */
	bool cpu;			/* [I] on a CPU clock */
	bool thread_clock;		/* [I] of the thread that made it */
	spinlock_t lock;		/* class OBJECT_IRQ */
	struct timer timer;
	u64 expires;			/* [lock] 0: not armed */
	u64 interval;			/* [lock] */
	s64 overrun, overrun_last;	/* [lock] */
	bool waiting;			/* [lock] signal sent, not taken: rearm then */
	struct sigqueue *q;		/* [I] owned */
	struct pid *target;		/* [I] referenced: process or thread */
	struct pid *clock_pid;		/* [I] referenced: whose CPU clock */
	enum sig_target where;		/* [I] */
	struct rcu_head rcu;
};

struct posix_timers {
	struct mutex lock;		/* class LEAF_MUTEX */
	struct xarray timers;		/* [lock; r] id -> struct posix_timer */
	atomic_t nr_cpu;
};

static int clock_of_timer(int clockid, enum timer_clock *clock)
{
	switch (clockid) {
	case CLOCK_REALTIME:
		*clock = TIMER_REALTIME;
		return 0;
	case CLOCK_MONOTONIC:
		*clock = TIMER_MONOTONIC;
		return 0;
	case CLOCK_BOOTTIME:
		*clock = TIMER_BOOTTIME;
		return 0;
	case CLOCK_TAI:
		*clock = TIMER_TAI;
		return 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!capable(CAP_WAKE_ALARM))
			return -EPERM;
		*clock = clockid == CLOCK_REALTIME_ALARM ? TIMER_REALTIME : TIMER_BOOTTIME;
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* Tell the process. True: the signal is ignored, the timer goes on by itself. */
static bool notify(struct posix_timer *pt)
{
	if (pt->notify == SIGEV_NONE)
		return true;
	pt->q->info.si_overrun = 0;
	return sigqueue_send(pt->q, pt->target, pt->where) == 1;
}

static u64 posix_timer_fire(struct timer *t)
{
	struct posix_timer *pt = container_of(t, struct posix_timer, timer);
	u64 next = 0;
	bool ignored;

	spin_lock(&pt->lock);
	pt->waiting = true;
	spin_unlock(&pt->lock);
	ignored = notify(pt);
	spin_lock(&pt->lock);
	if (ignored) {
		pt->waiting = false;
		/* Nobody looks: no more often than each millisecond. */
		if (pt->interval)
			next = timer_forward(pt->expires, max_t(u64, pt->interval, NSEC_PER_MSEC),
					     timer_clock_now(t->clock), NULL);
		pt->expires = next;
	} else if (!pt->interval) {
		pt->expires = 0;
	}
	spin_unlock(&pt->lock);
	return next;
}

static struct posix_timer *timer_find(int id)
{
	struct posix_timers *pts = READ_ONCE(current->proc->posix_timers);

	return pts && id >= 0 ? xa_load(&pts->timers, (u64)id) : NULL;
}

static u64 cpu_now(struct posix_timer *pt)
{
	struct cputime ct = { 0, 0 };
	struct task *t;

	rcu_read_lock();
	t = pid_task(pt->clock_pid, pt->thread_clock ? PIDTYPE_TID : PIDTYPE_TGID);
	if (t && pt->thread_clock)
		task_cputime(t, &ct);
	else if (t)
		process_cputime(t->proc, &ct);
	rcu_read_unlock();
	return ct.utime_ns + ct.stime_ns;
}

static u64 now_of(struct posix_timer *pt)
{
	return pt->cpu ? cpu_now(pt) : timer_clock_now(pt->timer.clock);
}

/* The signal is taken by current: count what was missed and arm for the next period. sighand lock held. */
void posix_timer_signal_taken(struct sigqueue *q, siginfo_t *info)
{
	struct posix_timer *pt;
	u64 missed = 0;

	rcu_read_lock();
	pt = timer_find(info->si_tid);
	if (!pt || pt->q != q)
		goto out;
	spin_lock(&pt->lock);
	if (pt->waiting && pt->interval && pt->expires) {
		pt->expires = timer_forward(pt->expires, pt->interval, now_of(pt), &missed);
		if (!pt->cpu)
			timer_start(&pt->timer, pt->expires);
	}
	pt->waiting = false;
	pt->overrun_last = (s64)min_t(u64, missed, 0x7fffffff);
	info->si_overrun = (int)pt->overrun_last;
	spin_unlock(&pt->lock);
out:
	rcu_read_unlock();
}

void posix_cpu_timers_check(struct task *t, const struct cputime *ct)
{
	struct posix_timers *pts = READ_ONCE(t->proc->posix_timers);
	struct posix_timer *pt;
	u64 id;

	if (!pts || !atomic_read(&pts->nr_cpu))
		return;
	rcu_read_lock();
	xa_for_each(&pts->timers, id, pt) {
		struct cputime own = *ct;
		bool due;

		if (!pt->cpu)
			continue;
		if (pt->thread_clock) {
			if (pt->clock_pid != t->pid)
				continue;
			task_cputime(t, &own);
		}
		spin_lock(&pt->lock);
		due = pt->expires && !pt->waiting && own.utime_ns + own.stime_ns >= pt->expires;
		if (due) {
			pt->waiting = pt->interval != 0;
			if (!pt->interval)
				pt->expires = 0;
		}
		spin_unlock(&pt->lock);
		if (due)
			(void)notify(pt);
	}
	rcu_read_unlock();
}

/* --- making --- */

static struct posix_timers *table_get(void)
{
	struct process *p = current->proc;
	struct posix_timers *pts = READ_ONCE(p->posix_timers), *old;

	if (pts)
		return pts;
	pts = kzalloc(sizeof(*pts), GFP_KERNEL);
	if (!pts)
		return NULL;
	mutex_init(&pts->lock, LEAF_MUTEX);
	xa_init(&pts->timers);
	old = cmpxchg(&p->posix_timers, NULL, pts);
	if (old) {
		kfree(pts);
		return old;
	}
	return pts;
}

/* Whose CPU clock: 0 and pid set, or -EINVAL. */
static int cpu_clock_target(struct posix_timer *pt, int clockid)
{
	s64 ns;
	int err;

	pt->cpu = true;
	if (clockid == CLOCK_PROCESS_CPUTIME_ID || clockid == CLOCK_THREAD_CPUTIME_ID) {
		pt->thread_clock = clockid == CLOCK_THREAD_CPUTIME_ID;
		pt->clock_pid = pid_get(pt->thread_clock ? current->pid : current->proc->pids[PIDTYPE_TGID]);
		return 0;
	}
	err = clock_get_do(clockid, &ns);
	if (err)
		return -EINVAL;
	pt->thread_clock = clockid & 4;
	pt->clock_pid = ~clockid >> 3 ? pid_find_get(~clockid >> 3) :
		pid_get(pt->thread_clock ? current->pid : current->proc->pids[PIDTYPE_TGID]);
	return pt->clock_pid ? 0 : -EINVAL;
}

static int set_target(struct posix_timer *pt, const struct sigevent *ev)
{
	struct task *t;

	pt->notify = ev->sigev_notify;
	pt->where = SIG_TO_PROCESS;
	if (pt->notify != SIGEV_NONE && (ev->sigev_signo <= 0 || ev->sigev_signo > NSIG))
		return -EINVAL;
	switch (pt->notify) {
	case SIGEV_THREAD_ID | SIGEV_SIGNAL:
		rcu_read_lock();
		t = task_find(ev->sigev_tid);
		if (t && task_same_process(t, current))
			pt->target = pid_get(t->pid);
		rcu_read_unlock();
		pt->where = SIG_TO_THREAD;
		return pt->target ? 0 : -EINVAL;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
	case SIGEV_NONE:
		pt->target = pid_get(current->proc->pids[PIDTYPE_TGID]);
		return 0;
	default:
		return -EINVAL;
	}
}

static void timer_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct posix_timer, rcu));
}

/* Stopped and off the table. A queued signal of it is still delivered. */
static void timer_release(struct posix_timer *pt)
{
	u64 flags;

	if (pt->q) {
		spin_lock_irqsave(&current->sighand->lock, flags);
		if (list_empty(&pt->q->link))
			sigqueue_free(pt->q);
		else
			pt->q->flags &= ~SIGQUEUE_PREALLOC;
		spin_unlock_irqrestore(&current->sighand->lock, flags);
	}
	if (pt->target)
		pid_put(pt->target);
	if (pt->clock_pid)
		pid_put(pt->clock_pid);
	call_rcu(&pt->rcu, timer_free_rcu);
}

static int timer_setup(struct posix_timer *pt, int clockid, const struct sigevent *ev)
{
	enum timer_clock clock = TIMER_MONOTONIC;
	int err;

	pt->clockid = clockid;
	spin_lock_init(&pt->lock, OBJECT_IRQ);
	if (clockid < 0 || clockid == CLOCK_PROCESS_CPUTIME_ID || clockid == CLOCK_THREAD_CPUTIME_ID)
		err = cpu_clock_target(pt, clockid);
	else
		err = clock_of_timer(clockid, &clock);
	if (err)
		return err;
	timer_init(&pt->timer, clock, posix_timer_fire);
	err = set_target(pt, ev);
	if (err)
		return err;
	pt->q = sigqueue_alloc();
	return pt->q ? 0 : -EAGAIN;
}

static void fill_signal(struct posix_timer *pt, const struct sigevent *ev, bool default_event)
{
	siginfo_t *info = &pt->q->info;

	memset(info, 0, sizeof(*info));
	info->si_signo = ev->sigev_signo;
	info->si_code = SI_TIMER;
	info->si_tid = pt->id;
	if (default_event)
		info->si_int = pt->id;
	else
		info->si_value = ev->sigev_value;
}

long sys_timer_create(int clockid, uin_sigevent uev, uout_s32 uid)
{
	struct sigevent ev = { .sigev_signo = SIGALRM, .sigev_notify = SIGEV_SIGNAL };
	struct posix_timers *pts;
	struct posix_timer *pt;
	u64 id = 0;
	int err;

	if (!uptr_null(uev) && copy_in(&ev, uev))
		return -EFAULT;
	pts = table_get();
	pt = kzalloc(sizeof(*pt), GFP_KERNEL);
	if (!pts || !pt) {
		kfree(pt);
		return -EAGAIN;
	}
	err = timer_setup(pt, clockid, &ev);
	if (err)
		goto fail;
	mutex_lock(&pts->lock);
	err = xa_alloc(&pts->timers, &id, pt, 0, 0x7fffffff, GFP_KERNEL);
	pt->id = (int)id;
	if (!err)
		fill_signal(pt, &ev, uptr_null(uev));
	mutex_unlock(&pts->lock);
	if (err)
		goto fail;
	if (pt->cpu)
		atomic_inc(&pts->nr_cpu);
	if (copy_out(uid, &pt->id)) {
		(void)sys_timer_delete(pt->id);
		return -EFAULT;
	}
	return 0;
fail:
	timer_release(pt);
	return err;
}

/* --- setting and asking --- */

static void setting_get(struct posix_timer *pt, struct itimerspec *it)
{
	u64 now = now_of(pt), expires = pt->expires;

	it->it_interval = ns_to_timespec((s64)pt->interval);
	/* Between its signal and the delivery the time until the next period counts. */
	if (expires && expires <= now && pt->interval)
		expires = timer_forward(expires, pt->interval, now, NULL);
	if (!expires || (pt->notify == SIGEV_NONE && expires <= now))
		it->it_value = (struct timespec){ 0, 0 };
	else
		it->it_value = ns_to_timespec(expires > now ? (s64)(expires - now) : 1);
}

static void setting_change(struct posix_timer *pt, int flags, const struct itimerspec *it)
{
	u64 value = (u64)timespec_to_ns(&it->it_value);
	u64 flags_irq;

	/* The callback takes pt->lock: it is stopped before. */
	timer_cancel(&pt->timer);
	spin_lock_irqsave(&pt->lock, flags_irq);
	if (pt->cpu && !pt->expires && value)
		__atomic_fetch_add(&current->proc->cpu_timers, 1, __ATOMIC_RELAXED);
	if (pt->cpu && pt->expires && !value)
		__atomic_fetch_sub(&current->proc->cpu_timers, 1, __ATOMIC_RELAXED);
	pt->waiting = false;
	pt->overrun_last = 0;
	pt->interval = (u64)timespec_to_ns(&it->it_interval);
	pt->expires = 0;
	if (value) {
		pt->expires = flags & TIMER_ABSTIME ? value : now_of(pt) + value;
		if (!pt->expires)
			pt->expires = 1;
		if (!pt->cpu)
			timer_start(&pt->timer, pt->expires);
	}
	spin_unlock_irqrestore(&pt->lock, flags_irq);
}

long sys_timer_settime(int id, int flags, uin_itimerspec value, uout_itimerspec uold)
{
	struct posix_timers *pts = READ_ONCE(current->proc->posix_timers);
	struct itimerspec it, old;
	struct posix_timer *pt;

	if (uptr_null(value))
		return -EINVAL;
	if (copy_in(&it, value))
		return -EFAULT;
	if (!timespec_valid(&it.it_value) || !timespec_valid(&it.it_interval))
		return -EINVAL;
	if (!pts)
		return -EINVAL;
	mutex_lock(&pts->lock);
	pt = timer_find(id);
	if (pt) {
		setting_get(pt, &old);
		setting_change(pt, flags, &it);
	}
	mutex_unlock(&pts->lock);
	if (!pt)
		return -EINVAL;
	return uptr_null(uold) ? 0 : copy_out(uold, &old);
}

long sys_timer_gettime(int id, uout_itimerspec value)
{
	struct posix_timers *pts = READ_ONCE(current->proc->posix_timers);
	struct posix_timer *pt = NULL;
	struct itimerspec it;

	if (!pts)
		return -EINVAL;
	mutex_lock(&pts->lock);
	pt = timer_find(id);
	if (pt)
		setting_get(pt, &it);
	mutex_unlock(&pts->lock);
	return pt ? copy_out(value, &it) : -EINVAL;
}

long sys_timer_getoverrun(int id)
{
	struct posix_timer *pt;
	long res = -EINVAL;

	rcu_read_lock();
	pt = timer_find(id);
	if (pt)
		res = READ_ONCE(pt->overrun_last);
	rcu_read_unlock();
	return res;
}

static void timer_remove(struct posix_timers *pts, struct posix_timer *pt)
{
	xa_erase(&pts->timers, (u64)pt->id);
	timer_cancel(&pt->timer);
	if (pt->cpu) {
		atomic_dec(&pts->nr_cpu);
		if (pt->expires)
			__atomic_fetch_sub(&current->proc->cpu_timers, 1, __ATOMIC_RELAXED);
	}
	timer_release(pt);
}

long sys_timer_delete(int id)
{
	struct posix_timers *pts = READ_ONCE(current->proc->posix_timers);
	struct posix_timer *pt;

	if (!pts)
		return -EINVAL;
	mutex_lock(&pts->lock);
	pt = timer_find(id);
	if (pt)
		timer_remove(pts, pt);
	mutex_unlock(&pts->lock);
	return pt ? 0 : -EINVAL;
}

static void remove_all(struct posix_timers *pts)
{
	struct posix_timer *pt;
	u64 id;

	mutex_lock(&pts->lock);
	xa_for_each(&pts->timers, id, pt)
		timer_remove(pts, pt);
	mutex_unlock(&pts->lock);
}

void posix_timers_exec(struct process *p)
{
	if (p->posix_timers)
		remove_all(p->posix_timers);
}

/* Last thread, sighand still there. */
void posix_timers_exit(struct process *p)
{
	struct posix_timers *pts = p->posix_timers;

	if (!pts)
		return;
	remove_all(pts);
	p->posix_timers = NULL;
	xa_destroy(&pts->timers);
	synchronize_rcu();
	kfree(pts);
}
