/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Wait queues, sleeping with a time limit, completions, and waiting on bits.
 *
 * A sleeper sets its state, then tests its condition; a waker makes the condition true, then looks at
 * the state: with a full barrier on both sides one of them sees the other. An entry usually lies on
 * its sleeper's stack. wake_fn_autoremove takes it off while the sleeper may already be returning, so
 * its last store must be one that finish_wait() can see without the lock (entry_gone()).
 */
#include <base/hash.h>
#include <base/math.h>
#include <core/hooks.h>
#include <core/timer.h>
#include <core/upcall.h>
#include <core/wait.h>
#include "internal.h"

void wait_queue_init(struct wait_queue *q)
{
	spin_lock_init(&q->lock, WAITQ);
	list_init(&q->entries);
}

/* Empty the link so that `next == itself` is the last store. */
static void entry_unlink(struct list_head *l)
{
	list_unlink(l->prev, l->next);
	WRITE_ONCE(l->prev, l);
	smp_store_release(&l->next, l);
}

static bool entry_gone(const struct list_head *l)
{
	return smp_load_acquire(&l->next) == l && READ_ONCE(l->prev) == l;
}

bool wake_fn_default(struct wait_entry *e, unsigned int states, u32 key)
{
	return sched_wake(e->task, states);
}

bool wake_fn_autoremove(struct wait_entry *e, unsigned int states, u32 key)
{
	if (!sched_wake(e->task, states))
		return false;
	entry_unlink(&e->link);
	return true;
}

void wait_queue_add(struct wait_queue *q, struct wait_entry *e)
{
	u64 flags;

	spin_lock_irqsave(&q->lock, flags);
	e->flags &= ~WAIT_EXCLUSIVE;
	list_add(&e->link, &q->entries);
	spin_unlock_irqrestore(&q->lock, flags);
}

void wait_queue_add_exclusive(struct wait_queue *q, struct wait_entry *e)
{
	u64 flags;

	spin_lock_irqsave(&q->lock, flags);
	e->flags |= WAIT_EXCLUSIVE;
	list_add_tail(&e->link, &q->entries);
	spin_unlock_irqrestore(&q->lock, flags);
}

void wait_queue_remove(struct wait_queue *q, struct wait_entry *e)
{
	u64 flags;

	spin_lock_irqsave(&q->lock, flags);
	if (!list_empty(&e->link))
		list_del_init(&e->link);
	spin_unlock_irqrestore(&q->lock, flags);
}

static void prepare(struct wait_queue *q, struct wait_entry *e, unsigned int state, bool exclusive)
{
	u64 flags;

	spin_lock_irqsave(&q->lock, flags);
	if (list_empty(&e->link)) {
		if (exclusive) {
			e->flags |= WAIT_EXCLUSIVE;
			list_add_tail(&e->link, &q->entries);
		} else {
			e->flags &= ~WAIT_EXCLUSIVE;
			list_add(&e->link, &q->entries);
		}
	}
	/* Who was interrupted will not sleep: it must not look as if it did, to who waits in /proc for it to sleep again. */
	set_current_state(signal_pending_state(state) ? TASK_RUNNING : state);
	spin_unlock_irqrestore(&q->lock, flags);
}

void prepare_to_wait(struct wait_queue *q, struct wait_entry *e, unsigned int state)
{
	prepare(q, e, state, false);
}

void prepare_to_wait_exclusive(struct wait_queue *q, struct wait_entry *e, unsigned int state)
{
	prepare(q, e, state, true);
}

void finish_wait(struct wait_queue *q, struct wait_entry *e)
{
	set_current_state_relaxed(TASK_RUNNING);
	if (!entry_gone(&e->link))
		wait_queue_remove(q, e);
}

/* The queue's lock is held, interrupts off. A wake function may take its entry off, no other. */
void wake_up_key_locked(struct wait_queue *q, unsigned int states, int nr_exclusive, u32 key)
{
	struct wait_entry *e, *n;

	list_for_each_entry_safe(e, n, &q->entries, link) {
		bool exclusive = e->flags & WAIT_EXCLUSIVE;

		if (e->wake(e, states, key) && exclusive && nr_exclusive && --nr_exclusive == 0)
			break;
	}
}

void wake_up_key(struct wait_queue *q, unsigned int states, int nr_exclusive, u32 key)
{
	u64 flags;

	spin_lock_irqsave(&q->lock, flags);
	wake_up_key_locked(q, states, nr_exclusive, key);
	spin_unlock_irqrestore(&q->lock, flags);
}

void wake_up_pollfree(struct wait_queue *q)
{
	/* EPOLLHUP | POLLFREE: pollers take their entries off. */
	wake_up_key(q, TASK_NORMAL, 0, 0x10u | WAKE_POLLFREE);
	ASSERT(list_empty(&q->entries));
}

bool signal_pending_state(unsigned int state)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)))
		return false;
	if (!signal_pending())
		return false;
	return (state & TASK_INTERRUPTIBLE) || signal_fatal_pending(current_core());
}

struct sleep_timer {
	struct timer timer;
	struct task_core *task;		/* NULL after it fired */
};

static u64 sleep_timer_fn(struct timer *t)
{
	struct sleep_timer *s = container_of(t, struct sleep_timer, timer);
	struct task_core *task = s->task;

	WRITE_ONCE(s->task, NULL);
	sched_wake(task, TASK_NORMAL);
	return 0;
}

int schedule_until_slack(u64 deadline_ns, u64 slack_ns)
{
	struct sleep_timer s;

	if (deadline_ns == WAIT_FOREVER) {
		schedule();
		return 1;
	}
	timer_init(&s.timer, TIMER_MONOTONIC, sleep_timer_fn);
	s.task = current_core();
	timer_start_slack(&s.timer, deadline_ns, slack_ns);
	if (likely(READ_ONCE(s.task)))
		schedule();
	timer_cancel(&s.timer);
	set_current_state_relaxed(TASK_RUNNING);
	return s.task ? 1 : 0;
}

int schedule_until(u64 deadline_ns)
{
	return schedule_until_slack(deadline_ns, 0);
}

/* ---- completions ---- */

#define DONE_ALL	(~0u)

void completion_init(struct completion *c)
{
	c->done = 0;
	wait_queue_init(&c->wait);
}

void complete(struct completion *c)
{
	u64 flags;

	spin_lock_irqsave(&c->wait.lock, flags);
	if (c->done != DONE_ALL)
		c->done++;
	wake_up_key_locked(&c->wait, TASK_NORMAL, 1, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

void complete_all(struct completion *c)
{
	u64 flags;

	spin_lock_irqsave(&c->wait.lock, flags);
	c->done = DONE_ALL;
	wake_up_key_locked(&c->wait, TASK_NORMAL, 0, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

/*
 * All under the lock, to the end: when we return the owner may free the completion, and complete()
 * must be through with it.
 */
static int wait_done(struct completion *c, unsigned int state, u64 deadline)
{
	DEFINE_WAIT(e);
	int err = 0;
	u64 flags;

	might_sleep();
	spin_lock_irqsave(&c->wait.lock, flags);
	e.flags = WAIT_EXCLUSIVE;
	while (!c->done) {
		if (err)
			break;
		if (signal_pending_state(state)) {
			err = -ERESTARTSYS;
			break;
		}
		if (list_empty(&e.link))
			list_add_tail(&e.link, &c->wait.entries);
		set_current_state(state);
		spin_unlock_irqrestore(&c->wait.lock, flags);
		if (schedule_until(deadline) == 0)
			err = -ETIMEDOUT;
		spin_lock_irqsave(&c->wait.lock, flags);
	}
	set_current_state_relaxed(TASK_RUNNING);
	if (!list_empty(&e.link))
		list_del_init(&e.link);
	if (c->done) {
		err = 0;
		if (c->done != DONE_ALL)
			c->done--;
	} else if (err == -ERESTARTSYS) {
		/* A wake-up that we took with us is another's. */
		wake_up_key_locked(&c->wait, TASK_NORMAL, 1, 0);
	}
	spin_unlock_irqrestore(&c->wait.lock, flags);
	return err;
}

void wait_for_completion(struct completion *c)
{
	VERIFY(wait_done(c, TASK_UNINTERRUPTIBLE, WAIT_FOREVER) == 0);
}

int wait_for_completion_killable(struct completion *c)
{
	return wait_done(c, TASK_KILLABLE, WAIT_FOREVER);
}

int wait_for_completion_until(struct completion *c, u64 deadline_ns)
{
	return wait_done(c, TASK_UNINTERRUPTIBLE, deadline_ns);
}

/* ---- bits ---- */

#define BIT_QUEUES_SHIFT	8

static struct wait_queue bit_queues[1u << BIT_QUEUES_SHIFT];

struct bit_wait {
	struct wait_entry entry;
	unsigned long *word;
	int bit;
};

static struct wait_queue *bit_queue(const unsigned long *word, int bit)
{
	return &bit_queues[hash_u64((u64)word << 6 | (u64)bit, BIT_QUEUES_SHIFT)];
}

void wait_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bit_queues); i++)
		wait_queue_init(&bit_queues[i]);
}

/* wake_up_bit() passes the address and bit through the entry it is called for: compare with those. */
struct bit_key {
	unsigned long *word;
	int bit;
};
static DEFINE_PERCPU(const struct bit_key *, bit_key);	/* [o] while the queue's lock is held */

static bool bit_wake(struct wait_entry *e, unsigned int states, u32 key)
{
	struct bit_wait *w = container_of(e, struct bit_wait, entry);
	const struct bit_key *k = this_cpu_read(bit_key);

	if (w->word != k->word || w->bit != k->bit)
		return false;
	return wake_fn_autoremove(e, states, key);
}

static int wait_bit(unsigned long *word, int bit, unsigned int state)
{
	struct wait_queue *q = bit_queue(word, bit);
	struct bit_wait w = {
		.entry = WAIT_ENTRY_INIT(w.entry), .word = word, .bit = bit,
	};
	int err = 0;

	might_sleep();
	w.entry.wake = bit_wake;
	for (;;) {
		prepare_to_wait(q, &w.entry, state);
		if (!test_bit((u64)bit, word))
			break;
		if (signal_pending_state(state)) {
			err = -EINTR;
			break;
		}
		schedule();
	}
	finish_wait(q, &w.entry);
	return err;
}

void wait_on_bit(unsigned long *word, int bit, unsigned int state)
{
	while (test_bit((u64)bit, word))
		if (wait_bit(word, bit, state))
			return;
}

int wait_on_bit_killable(unsigned long *word, int bit)
{
	return test_bit((u64)bit, word) ? wait_bit(word, bit, TASK_KILLABLE) : 0;
}

/* The bit was cleared before; the barrier orders that before the look at the queue. */
void wake_up_bit(unsigned long *word, int bit)
{
	struct wait_queue *q = bit_queue(word, bit);
	struct bit_key k = { word, bit };
	u64 flags;

	if (!wait_queue_has_sleeper(q))
		return;
	spin_lock_irqsave(&q->lock, flags);
	this_cpu_write(bit_key, &k);
	wake_up_key_locked(q, TASK_NORMAL, 0, 0);
	spin_unlock_irqrestore(&q->lock, flags);
}
