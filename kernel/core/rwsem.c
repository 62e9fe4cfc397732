/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reader-writer semaphores. One count: 256 for each reader, and flags. Uncontended, each operation is
 * one atomic instruction.
 *
 * Waiters stand in a FIFO. Readers are let in by whoever wakes them: all at the front of the queue up
 * to the first writer, their shares of the count added on their behalf (waiter->task becomes NULL). A
 * writer at the front is only woken and takes the lock itself; a spinning writer may be faster, until
 * the first waiter that lost once sets HANDOFF. While anybody waits, new readers queue.
 *
 * A reader that finds the lock closed has already added its share: for a moment the count shows a
 * reader that is none. It takes the share back under wait_lock and, if that left the lock free, wakes
 * the front of the queue itself.
 *
 * WAITERS and HANDOFF change under wait_lock, which also pins waiters (they live on stacks).
 */
#include <core/cpumask.h>
#include <core/mutex.h>
#include <core/upcall.h>
#include <core/wait.h>
#include "internal.h"

#define RW_WRITER	1l
#define RW_WAITERS	2l
#define RW_HANDOFF	4l
#define RW_READER	256l
#define RW_CLOSED	(RW_WRITER | RW_WAITERS | RW_HANDOFF)	/* new readers queue */
#define RW_HELD		(~(RW_WAITERS | RW_HANDOFF))		/* any of these: somebody has it */
#define SPIN_LIMIT	2000u

struct rwsem_waiter {
	struct list_head link;		/* [wait_lock] */
	struct task_core *task;		/* [a] NULL: the reader was let in */
	bool writer;
};

void rwsem_init_class(struct rwsem *s, enum lock_class c)
{
	s->count = 0;
	s->owner = 0;
	spin_lock_init(&s->wait_lock, WAITQ);
	list_init(&s->waiters);
	lockdep_set(s, c);
}

static __always_inline s64 rw_add(struct rwsem *s, s64 n, int order)
{
	return __atomic_add_fetch(&s->count, n, order);
}

static struct rwsem_waiter *rw_first(struct rwsem *s)
{
	return list_first_entry_or_null(&s->waiters, struct rwsem_waiter, link);
}

/* Let the readers at the front in; `first` is one. wait_lock held. */
static void rwsem_admit_readers(struct rwsem *s, struct rwsem_waiter *first)
{
	struct rwsem_waiter *w, *n;
	LIST_HEAD(admitted);
	s64 adjust = 0;

	/* Claim a share before we look: a writer that steals now sees it, or we see the writer. */
	if (__atomic_fetch_add(&s->count, RW_READER, __ATOMIC_ACQUIRE) & RW_WRITER) {
		/* Its up_write() finds WAITERS set and comes here again. */
		rw_add(s, -RW_READER, __ATOMIC_RELAXED);
		return;
	}
	adjust = -RW_READER;
	w = first;
	list_for_each_entry_safe(w, n, &s->waiters, link) {
		if (w->writer)
			break;
		list_move_tail(&w->link, &admitted);
		adjust += RW_READER;
	}
	if (list_empty(&s->waiters))
		adjust -= RW_WAITERS;
	rw_add(s, adjust, __ATOMIC_RELAXED);
	list_for_each_entry_safe(w, n, &admitted, link) {
		struct task_core *t = w->task;

		/* After the store the waiter may be gone. The task stays: preemption is off, RCU. */
		smp_store_release(&w->task, NULL);
		sched_wake(t, TASK_NORMAL);
	}
}

/* Somebody at the front may go. wait_lock held. */
static void rwsem_wake_locked(struct rwsem *s)
{
	struct rwsem_waiter *first = rw_first(s);

	if (!first)
		return;
	if (first->writer)
		sched_wake(first->task, TASK_NORMAL);
	else
		rwsem_admit_readers(s, first);
}

static __noinline void rwsem_wake(struct rwsem *s)
{
	u64 flags;

	spin_lock_irqsave(&s->wait_lock, flags);
	rwsem_wake_locked(s);
	spin_unlock_irqrestore(&s->wait_lock, flags);
}

/* Leave the queue without the lock. wait_lock held. */
static void rwsem_waiter_leave(struct rwsem *s, struct rwsem_waiter *w)
{
	s64 clear = s->waiters.next == &w->link ? RW_HANDOFF : 0;

	list_del(&w->link);
	if (list_empty(&s->waiters))
		clear |= RW_WAITERS;
	__atomic_fetch_and(&s->count, ~clear, __ATOMIC_RELAXED);
	/* We may have held others back, or eaten a wake-up. */
	if (!(READ_ONCE(s->count) & RW_WRITER))
		rwsem_wake_locked(s);
}

/* The caller's share of the count is already added. 0 or -EINTR without lock and share. */
static __noinline int down_read_slow(struct rwsem *s, unsigned int state)
{
	struct rwsem_waiter w = { .task = current_core(), .writer = false };
	u64 flags;
	s64 count;
	int err = 0;

	spin_lock_irqsave(&s->wait_lock, flags);
	if (list_empty(&s->waiters) && !(__atomic_load_n(&s->count, __ATOMIC_ACQUIRE) & RW_CLOSED)) {
		spin_unlock_irqrestore(&s->wait_lock, flags);
		return 0;
	}
	count = rw_add(s, list_empty(&s->waiters) ? RW_WAITERS - RW_READER : -RW_READER, __ATOMIC_ACQ_REL);
	list_add_tail(&w.link, &s->waiters);
	if (!(count & RW_HELD) || (!(count & RW_WRITER) && rw_first(s) == &w))
		rwsem_wake_locked(s);
	spin_unlock_irqrestore(&s->wait_lock, flags);

	for (;;) {
		set_current_state(state);
		if (!smp_load_acquire(&w.task))
			break;
		if (signal_pending_state(state)) {
			spin_lock_irqsave(&s->wait_lock, flags);
			if (w.task) {
				rwsem_waiter_leave(s, &w);
				err = -EINTR;
			}
			spin_unlock_irqrestore(&s->wait_lock, flags);
			break;
		}
		schedule();
	}
	set_current_state_relaxed(TASK_RUNNING);
	return err;
}

static __always_inline int down_read_state(struct rwsem *s, unsigned int subclass, unsigned int state)
{
	might_sleep();
	lockdep_acquire(&s->dep, s, subclass, false, true);
	(void)subclass;
	if (likely(!(rw_add(s, RW_READER, __ATOMIC_ACQUIRE) & RW_CLOSED)))
		return 0;
	if (down_read_slow(s, state) == 0)
		return 0;
	lockdep_release(&s->dep, s);
	return -EINTR;
}

void down_read(struct rwsem *s)
{
	VERIFY(down_read_state(s, 0, TASK_UNINTERRUPTIBLE) == 0);
}

void down_read_nested(struct rwsem *s, unsigned int subclass)
{
	VERIFY(down_read_state(s, subclass, TASK_UNINTERRUPTIBLE) == 0);
}

int down_read_killable(struct rwsem *s)
{
	return down_read_state(s, 0, TASK_KILLABLE);
}

bool down_read_trylock(struct rwsem *s)
{
	s64 c = READ_ONCE(s->count);

	while (!(c & RW_CLOSED)) {
		if (__atomic_compare_exchange_n(&s->count, &c, c + RW_READER, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED)) {
			lockdep_acquire(&s->dep, s, 0, true, true);
			return true;
		}
	}
	return false;
}

void up_read(struct rwsem *s)
{
	s64 c;

	lockdep_release(&s->dep, s);
	c = rw_add(s, -RW_READER, __ATOMIC_RELEASE);
	ASSERT(c >= 0);
	if (unlikely((c & RW_WAITERS) && !(c & RW_HELD)))
		rwsem_wake(s);
}

/* Nobody has it and `refuse` is not set: take it. */
static bool rwsem_try_write(struct rwsem *s, s64 refuse)
{
	s64 c = READ_ONCE(s->count);

	while (!(c & (RW_HELD | refuse))) {
		if (__atomic_compare_exchange_n(&s->count, &c, c | RW_WRITER, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED)) {
			WRITE_ONCE(s->owner, (u64)current_core());
			return true;
		}
	}
	return false;
}

/* Spin while a writer that runs has it, or it is free. */
static bool rwsem_spin(struct rwsem *s)
{
	bool got = false;

	if (cpumask_weight(&cpu_online_mask) < 2)
		return false;
	preempt_disable();
	for (unsigned int n = 0; n < SPIN_LIMIT && !need_resched(); n++) {
		struct task_core *owner = (struct task_core *)READ_ONCE(s->owner);
		s64 c = READ_ONCE(s->count);

		if (c & RW_HANDOFF)
			break;
		if (!(c & RW_HELD)) {
			got = rwsem_try_write(s, RW_HANDOFF);
			if (got)
				break;
		} else if (!(c & RW_WRITER) || (owner && !sched_task_runs(owner))) {
			break;
		}
		cpu_relax();
	}
	preempt_enable();
	return got;
}

static __noinline int down_write_slow(struct rwsem *s, unsigned int state)
{
	struct rwsem_waiter w = { .task = current_core(), .writer = true };
	bool woken = false;
	u64 flags;
	int err = 0;

	if (rwsem_spin(s))
		return 0;
	spin_lock_irqsave(&s->wait_lock, flags);
	list_add_tail(&w.link, &s->waiters);
	__atomic_fetch_or(&s->count, RW_WAITERS, __ATOMIC_RELAXED);
	for (;;) {
		bool first = rw_first(s) == &w;

		set_current_state(state);
		if (first && rwsem_try_write(s, 0)) {
			s64 clear = RW_HANDOFF;

			list_del(&w.link);
			if (list_empty(&s->waiters))
				clear |= RW_WAITERS;
			__atomic_fetch_and(&s->count, ~clear, __ATOMIC_RELAXED);
			break;
		}
		if (signal_pending_state(state)) {
			rwsem_waiter_leave(s, &w);
			err = -EINTR;
			break;
		}
		if (first && woken && !(__atomic_fetch_or(&s->count, RW_HANDOFF, __ATOMIC_RELAXED) & RW_HELD))
			continue;	/* it became free just now */
		spin_unlock_irqrestore(&s->wait_lock, flags);
		schedule();
		spin_lock_irqsave(&s->wait_lock, flags);
		woken = first;
	}
	spin_unlock_irqrestore(&s->wait_lock, flags);
	set_current_state_relaxed(TASK_RUNNING);
	return err;
}

static __always_inline int down_write_state(struct rwsem *s, unsigned int subclass, unsigned int state)
{
	s64 zero = 0;

	might_sleep();
	lockdep_acquire(&s->dep, s, subclass, false, false);
	(void)subclass;
	if (likely(__atomic_compare_exchange_n(&s->count, &zero, RW_WRITER, false, __ATOMIC_ACQUIRE,
					       __ATOMIC_RELAXED))) {
		WRITE_ONCE(s->owner, (u64)current_core());
		return 0;
	}
	if (down_write_slow(s, state) == 0)
		return 0;
	lockdep_release(&s->dep, s);
	return -EINTR;
}

void down_write(struct rwsem *s)
{
	VERIFY(down_write_state(s, 0, TASK_UNINTERRUPTIBLE) == 0);
}

void down_write_nested(struct rwsem *s, unsigned int subclass)
{
	VERIFY(down_write_state(s, subclass, TASK_UNINTERRUPTIBLE) == 0);
}

int down_write_killable(struct rwsem *s)
{
	return down_write_state(s, 0, TASK_KILLABLE);
}

bool down_write_trylock(struct rwsem *s)
{
	s64 zero = 0;

	if (!__atomic_compare_exchange_n(&s->count, &zero, RW_WRITER, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	WRITE_ONCE(s->owner, (u64)current_core());
	lockdep_acquire(&s->dep, s, 0, true, false);
	return true;
}

void up_write(struct rwsem *s)
{
	s64 c;

	lockdep_release(&s->dep, s);
	WRITE_ONCE(s->owner, 0);
	c = rw_add(s, -RW_WRITER, __ATOMIC_RELEASE);
	ASSERT(!(c & RW_WRITER));
	if (unlikely(c & RW_WAITERS))
		rwsem_wake(s);
}

/* Keep it as a reader; others that wait to read come in. */
void downgrade_write(struct rwsem *s)
{
	lockdep_release(&s->dep, s);
	WRITE_ONCE(s->owner, 0);
	lockdep_acquire(&s->dep, s, 0, true, true);
	if (rw_add(s, RW_READER - RW_WRITER, __ATOMIC_RELEASE) & RW_WAITERS)
		rwsem_wake(s);
}
