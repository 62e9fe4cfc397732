/* SPDX-License-Identifier: MPL-2.0 */
/*
 * clock_nanosleep(2) on CPU clocks: sleep until a process, or another thread of one's own, has used so
 * much CPU time. A sleeper lives on its task's stack and hangs on the process that it watches; the
 * scheduler's tick, which looks at a process that has any (process.cpu_timers), wakes it.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/time.h>

#include "internal.h"

struct cpu_sleeper {
	struct list_head link;		/* [sleepers_lock] in process.cpu_sleepers */
	struct task *sleeper;
	struct task *thread;		/* [I] referenced: whose clock; NULL: the process's */
	int which;			/* [I] as in the clock's id */
	u64 expires;			/* [I] */
	u32 done;			/* [a] */
};

static DEFINE_SPINLOCK(sleepers_lock, OBJECT_IRQ);

static void sleeper_wake(struct cpu_sleeper *s)
{
	struct task *t = s->sleeper;

	list_del_init(&s->link);
	/* It may be gone with its stack after this; the lock is a reader's section for the task. */
	smp_store_release(&s->done, 1);
	sched_wake(&t->core, TASK_INTERRUPTIBLE);
}

void cpu_sleepers_check(struct task *t, const struct cputime *ct)
{
	struct process *p = t->proc;
	struct cpu_sleeper *s, *n;
	struct cputime own;

	if (likely(list_empty(&p->cpu_sleepers)))
		return;
	task_cputime(t, &own);
	spin_lock(&sleepers_lock);
	list_for_each_entry_safe(s, n, &p->cpu_sleepers, link)
		if ((!s->thread || s->thread == t) && cpu_clock_pick(s->thread ? &own : ct, s->which) >= s->expires)
			sleeper_wake(s);
	spin_unlock(&sleepers_lock);
}

static u64 clock_now(struct task *t, bool thread, int which)
{
	struct cputime ct;

	if (thread)
		task_cputime(t, &ct);
	else
		process_cputime(t->proc, &ct);
	return cpu_clock_pick(&ct, which);
}

/* 0, or -EINTR. */
static int wait_for(struct task *t, bool thread, int which, u64 expires)
{
	struct cpu_sleeper s = {
		.sleeper = current, .thread = thread ? t : NULL, .which = which, .expires = expires,
	};
	struct process *p = t->proc;

	if (clock_now(t, thread, which) >= expires)
		return 0;
	spin_lock_irq(&sleepers_lock);
	list_add(&s.link, &p->cpu_sleepers);
	spin_unlock_irq(&sleepers_lock);
	__atomic_fetch_add(&p->cpu_timers, 1, __ATOMIC_RELAXED);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (smp_load_acquire(&s.done) || signal_pending())
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	__atomic_fetch_sub(&p->cpu_timers, 1, __ATOMIC_RELAXED);
	spin_lock_irq(&sleepers_lock);
	list_del(&s.link);
	spin_unlock_irq(&sleepers_lock);
	return s.done ? 0 : -EINTR;
}

static int sleep_until(int clockid, u64 expires, u64 rmtp, bool restartable)
{
	struct timespec ts;
	bool thread;
	struct task *t = cpu_clock_task(clockid, &thread);
	int err;
	s64 left;

	if (!t)
		return -EINVAL;
	err = wait_for(t, thread, CPUCLOCK_WHICH(clockid), expires);
	left = max_t(s64, 1, (s64)(expires - clock_now(t, thread, CPUCLOCK_WHICH(clockid))));
	task_put(t);
	if (!err)
		return 0;
	if (!restartable)
		return -ERESTARTNOHAND;
	ts = ns_to_timespec(left);
	if (rmtp && copy_out_bytes(uaddr(rmtp), &ts, sizeof(ts)))
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

static long cpu_sleep_restart(struct restart_block *r)
{
	return sleep_until(r->nanosleep.clock, r->nanosleep.expires, r->nanosleep.rmtp, true);
}

long cpu_nanosleep(int clockid, bool absolute, s64 ns, u64 rmtp)
{
	struct restart_block *r = &current->restart;
	struct task *t;
	bool thread;
	u64 expires = (u64)ns;

	/* Asleep, one's own clock stands still. */
	if (clockid < 0 && CPUCLOCK_THREAD(clockid) &&
	    (!CPUCLOCK_PID(clockid) || CPUCLOCK_PID(clockid) == task_tid_vnr(current)))
		return -EINVAL;
	t = cpu_clock_task(clockid, &thread);
	if (!t)
		return -EINVAL;
	if (!absolute && check_add(clock_now(t, thread, CPUCLOCK_WHICH(clockid)), expires, &expires))
		expires = WAIT_FOREVER;
	task_put(t);
	r->fn = cpu_sleep_restart;
	r->nanosleep.clock = clockid;
	r->nanosleep.expires = expires;
	r->nanosleep.rmtp = rmtp;
	return sleep_until(clockid, expires, rmtp, !absolute);
}
