/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Wait queues (kernel/core/wait.c): the one primitive under blocking, poll, select, epoll.
 *
 *   sleeper: add entry; loop { set state; full barrier; test condition; schedule } remove entry
 *   waker:   make the condition true; wake_up()
 *
 * A wait-queue head inside an object that pollers may still look at is freed by RCU after
 * wake_up_pollfree(). Wake functions run under the head's lock with interrupts off.
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include <base/errno.h>
#include <base/list.h>
#include <core/spinlock.h>
#include <core/task_core.h>

struct wait_queue {
	spinlock_t lock;		/* class WAITQ; EPOLL_* for epoll's own */
	struct list_head entries;	/* [lock] struct wait_entry; exclusive ones at the tail */
};

struct wait_entry;
/* Returns true if it woke somebody (counts against nr_exclusive). `key`: poll events, or 0 for all. */
typedef bool (*wake_fn)(struct wait_entry *e, unsigned int states, u32 key);

#define WAIT_EXCLUSIVE	0x01u

struct wait_entry {
	struct list_head link;		/* [head lock] */
	wake_fn wake;
	struct task_core *task;
	unsigned int flags;
};

#define WAIT_QUEUE_INIT(name)	{ SPINLOCK_INIT(WAITQ), LIST_HEAD_INIT((name).entries) }
#define DEFINE_WAIT_QUEUE(name)	struct wait_queue name = WAIT_QUEUE_INIT(name)

void wait_queue_init(struct wait_queue *q);
static inline bool wait_queue_active(const struct wait_queue *q) { return !list_empty(&q->entries); }
/* As above, with the barrier that orders it after the condition was made true. */
static inline bool wait_queue_has_sleeper(const struct wait_queue *q)
{
	smp_mb();
	return wait_queue_active(q);
}

/* Wakes the task (TASK_NORMAL states) and takes the entry off the queue. */
bool wake_fn_autoremove(struct wait_entry *e, unsigned int states, u32 key);
/* Wakes the task, leaves the entry. */
bool wake_fn_default(struct wait_entry *e, unsigned int states, u32 key);

#define WAIT_ENTRY_INIT(name) \
	{ .link = LIST_HEAD_INIT((name).link), .wake = wake_fn_autoremove, .task = current_core() }
#define DEFINE_WAIT(name)	struct wait_entry name = WAIT_ENTRY_INIT(name)

void wait_queue_add(struct wait_queue *q, struct wait_entry *e);
void wait_queue_add_exclusive(struct wait_queue *q, struct wait_entry *e);
void wait_queue_remove(struct wait_queue *q, struct wait_entry *e);
/* Queue (if not queued) and set the state. */
void prepare_to_wait(struct wait_queue *q, struct wait_entry *e, unsigned int state);
void prepare_to_wait_exclusive(struct wait_queue *q, struct wait_entry *e, unsigned int state);
/* Running again; off the queue. */
void finish_wait(struct wait_queue *q, struct wait_entry *e);

/* Wake all plain waiters and nr exclusive ones (0: all). Any context. */
void wake_up_key(struct wait_queue *q, unsigned int states, int nr_exclusive, u32 key);
void wake_up_key_locked(struct wait_queue *q, unsigned int states, int nr_exclusive, u32 key);
#define wake_up(q)			wake_up_key(q, TASK_NORMAL, 1, 0)
#define wake_up_all(q)			wake_up_key(q, TASK_NORMAL, 0, 0)
#define wake_up_interruptible(q)	wake_up_key(q, TASK_INTERRUPTIBLE, 1, 0)
/* Poll events became true: EPOLLIN and so on as key. */
#define wake_up_poll(q, events)		wake_up_key(q, TASK_NORMAL, 1, events)
#define wake_up_poll_all(q, events)	wake_up_key(q, TASK_NORMAL, 0, events)
/* The head dies: every poller lets go of it (EPOLLHUP | POLLFREE). Free the head by RCU afterwards. */
#define WAKE_POLLFREE	0x4000u
void wake_up_pollfree(struct wait_queue *q);

/* kernel/core/wait.c over the upcalls: is there a signal that state lets in? */
bool signal_pending_state(unsigned int state);
/* Sleep up to the absolute monotonic time (ns; U64_MAX: for ever). 0 when it came to pass, else 1 (woken). States set before. */
#define WAIT_FOREVER	(~0ull)
int schedule_until(u64 deadline_ns);
/* The same with timer slack in ns. */
int schedule_until_slack(u64 deadline_ns, u64 slack_ns);

#define WAIT_EVENT_LOOP(q, cond, state_, exclusive, deadline, result) do { \
	DEFINE_WAIT(_we); \
	(result) = 0; \
	for (;;) { \
		if (exclusive) prepare_to_wait_exclusive(q, &_we, state_); \
		else prepare_to_wait(q, &_we, state_); \
		if (cond) break; \
		if (signal_pending_state(state_)) { (result) = -ERESTARTSYS; break; } \
		if (schedule_until(deadline) == 0) { (result) = (cond) ? 0 : -ETIMEDOUT; break; } \
	} \
	finish_wait(q, &_we); \
	} while (0)

#define WAIT_EVENT(q, cond, state_, exclusive, deadline) ({ \
	int _res = 0; \
	might_sleep(); \
	if (!(cond)) WAIT_EVENT_LOOP(q, cond, state_, exclusive, deadline, _res); \
	_res; })

/* Each may sleep. The plain form cannot fail; the others return 0, -ERESTARTSYS or (deadline forms) -ETIMEDOUT. */
#define wait_event(q, cond)	((void)WAIT_EVENT(q, cond, TASK_UNINTERRUPTIBLE, 0, WAIT_FOREVER))
#define wait_event_interruptible(q, cond)	WAIT_EVENT(q, cond, TASK_INTERRUPTIBLE, 0, WAIT_FOREVER)
#define wait_event_interruptible_exclusive(q, cond) WAIT_EVENT(q, cond, TASK_INTERRUPTIBLE, 1, WAIT_FOREVER)
#define wait_event_killable(q, cond)	WAIT_EVENT(q, cond, TASK_KILLABLE, 0, WAIT_FOREVER)
#define wait_event_until(q, cond, deadline)	WAIT_EVENT(q, cond, TASK_UNINTERRUPTIBLE, 0, deadline)
#define wait_event_interruptible_until(q, cond, deadline) WAIT_EVENT(q, cond, TASK_INTERRUPTIBLE, 0, deadline)

/* Something that happens once (or `done` times). */
struct completion {
	u32 done;			/* [wait.lock] */
	struct wait_queue wait;
};
#define COMPLETION_INIT(name)	{ 0, WAIT_QUEUE_INIT((name).wait) }
void completion_init(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);
__must_check int wait_for_completion_killable(struct completion *c);
__must_check int wait_for_completion_until(struct completion *c, u64 deadline_ns);

/* Wait on a bit of a word (folio lock, inode states) through a shared table of queues. */
void wait_on_bit(unsigned long *word, int bit, unsigned int state);
__must_check int wait_on_bit_killable(unsigned long *word, int bit);
void wake_up_bit(unsigned long *word, int bit);

#endif
