/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mutexes. The owner word holds the task and two flags; without contention lock and unlock are one
 * compare-and-swap each. A contender first spins while the owner runs on another CPU, for a bounded
 * time, then sleeps in a FIFO.
 *
 * Unlock with waiters wakes the first, which then competes: a spinner may be faster. A waiter that was
 * woken and lost once sets HANDOFF; the next unlock gives it the lock by name, so nobody starves.
 *
 * WAITERS and HANDOFF change only under wait_lock. A waiter lives on its task's stack and leaves only
 * under wait_lock, so the unlocker may use it while it holds that. The owner's task is looked at with
 * preemption off: tasks are freed by RCU.
 */
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/mutex.h>
#include <core/upcall.h>
#include <core/wait.h>
#include "internal.h"

#define MUTEX_WAITERS	1ul
#define MUTEX_HANDOFF	2ul
#define MUTEX_FLAGS	7ul
#define SPIN_LIMIT	2000u

struct mutex_waiter {
	struct list_head link;		/* [wait_lock] */
	struct task_core *task;
};

void mutex_init_class(struct mutex *m, enum lock_class c)
{
	m->owner = 0;
	spin_lock_init(&m->wait_lock, WAITQ);
	list_init(&m->waiters);
	lockdep_set(m, c);
}

static __always_inline bool mutex_try_fast(struct mutex *m)
{
	u64 zero = 0;

	return __atomic_compare_exchange_n(&m->owner, &zero, (u64)current_core(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Take it if it has no owner, whatever the flags; keep WAITERS. */
static bool mutex_try_flags(struct mutex *m, u64 refuse)
{
	u64 old = READ_ONCE(m->owner);

	while (!(old & ~MUTEX_FLAGS) && !(old & refuse))
		if (__atomic_compare_exchange_n(&m->owner, &old,
						(u64)current_core() | (old & MUTEX_WAITERS), false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* The first waiter's try: it may also have been given the lock. */
static bool mutex_try_first(struct mutex *m)
{
	if ((READ_ONCE(m->owner) & ~MUTEX_FLAGS) == (u64)current_core())
		return true;
	return mutex_try_flags(m, 0);
}

/* Spin while the owner runs elsewhere. True with the lock. */
static bool mutex_spin(struct mutex *m)
{
	bool got = false;

	if (cpumask_weight(&cpu_online_mask) < 2)
		return false;
	preempt_disable();
	for (unsigned int n = 0; n < SPIN_LIMIT && !need_resched(); n++) {
		u64 old = READ_ONCE(m->owner);
		struct task_core *owner = (struct task_core *)(old & ~MUTEX_FLAGS);

		if (old & MUTEX_HANDOFF)
			break;
		if (!owner) {
			got = mutex_try_flags(m, MUTEX_HANDOFF);
			if (got)
				break;
		} else if (!sched_task_runs(owner)) {
			break;
		}
		cpu_relax();
	}
	preempt_enable();
	return got;
}

/* Off the list; flags follow. wait_lock held. */
static void mutex_waiter_leave(struct mutex *m, struct mutex_waiter *w)
{
	bool first = m->waiters.next == &w->link;
	u64 clear = first ? MUTEX_HANDOFF : 0;

	list_del(&w->link);
	if (list_empty(&m->waiters))
		clear |= MUTEX_WAITERS;
	__atomic_fetch_and(&m->owner, ~clear, __ATOMIC_RELAXED);
}

/* Queue and sleep. 0 with the lock, or the error of a signal that `state` lets in. */
static int mutex_lock_slow(struct mutex *m, unsigned int state)
{
	struct mutex_waiter w = { .task = current_core() };
	bool woken = false;
	u64 flags;
	int err = 0;

	if (mutex_spin(m))
		return 0;
	spin_lock_irqsave(&m->wait_lock, flags);
	list_add_tail(&w.link, &m->waiters);
	__atomic_fetch_or(&m->owner, MUTEX_WAITERS, __ATOMIC_RELAXED);
	for (;;) {
		bool first = m->waiters.next == &w.link;

		set_current_state(state);
		if (first && mutex_try_first(m))
			break;
		if (signal_pending_state(state)) {
			err = -EINTR;
			break;
		}
		if (first && woken)
			__atomic_fetch_or(&m->owner, MUTEX_HANDOFF, __ATOMIC_RELAXED);
		/* The owner may have left between our try and the flag; it then did not see it. */
		if (first && woken && mutex_try_first(m))
			break;
		spin_unlock_irqrestore(&m->wait_lock, flags);
		schedule();
		spin_lock_irqsave(&m->wait_lock, flags);
		woken = first;
	}
	set_current_state_relaxed(TASK_RUNNING);
	mutex_waiter_leave(m, &w);
	/* A wake-up that was meant for us goes to the next. */
	if (err && !list_empty(&m->waiters) && !(READ_ONCE(m->owner) & ~MUTEX_FLAGS))
		sched_wake(list_first_entry(&m->waiters, struct mutex_waiter, link)->task, TASK_NORMAL);
	spin_unlock_irqrestore(&m->wait_lock, flags);
	return err;
}

void mutex_lock_nested(struct mutex *m, unsigned int subclass)
{
	might_sleep();
	lockdep_acquire(&m->dep, m, subclass, false, false);
	(void)subclass;
	if (likely(mutex_try_fast(m)))
		return;
	/* TASK_UNINTERRUPTIBLE lets no signal in: it cannot fail. */
	VERIFY(mutex_lock_slow(m, TASK_UNINTERRUPTIBLE) == 0);
}

static int mutex_lock_state(struct mutex *m, unsigned int state, int signal_err)
{
	might_sleep();
	lockdep_acquire(&m->dep, m, 0, false, false);
	if (likely(mutex_try_fast(m)))
		return 0;
	if (mutex_lock_slow(m, state) == 0)
		return 0;
	lockdep_release(&m->dep, m);
	return signal_err;
}

int mutex_lock_interruptible(struct mutex *m)
{
	return mutex_lock_state(m, TASK_INTERRUPTIBLE, -ERESTARTSYS);
}

int mutex_lock_killable(struct mutex *m)
{
	return mutex_lock_state(m, TASK_KILLABLE, -EINTR);
}

bool mutex_trylock(struct mutex *m)
{
	if (!mutex_try_fast(m) && !mutex_try_flags(m, MUTEX_HANDOFF))
		return false;
	lockdep_acquire(&m->dep, m, 0, true, false);
	return true;
}

static __noinline void mutex_unlock_slow(struct mutex *m)
{
	struct mutex_waiter *w;
	u64 flags, old;

	spin_lock_irqsave(&m->wait_lock, flags);
	old = READ_ONCE(m->owner);
	VERIFY_CMP(old & ~MUTEX_FLAGS, ==, (u64)current_core());
	w = list_first_entry_or_null(&m->waiters, struct mutex_waiter, link);
	if (!w) {
		smp_store_release(&m->owner, 0);
	} else {
		smp_store_release(&m->owner, old & MUTEX_HANDOFF ? (u64)w->task | MUTEX_WAITERS :
								   MUTEX_WAITERS);
		sched_wake(w->task, TASK_NORMAL);
	}
	spin_unlock_irqrestore(&m->wait_lock, flags);
}

void mutex_unlock(struct mutex *m)
{
	u64 me = (u64)current_core();

	lockdep_release(&m->dep, m);
	if (likely(__atomic_compare_exchange_n(&m->owner, &me, 0, false, __ATOMIC_RELEASE,
					       __ATOMIC_RELAXED)))
		return;
	mutex_unlock_slow(m);
}
