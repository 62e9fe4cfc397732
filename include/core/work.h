/* SPDX-License-Identifier: MPL-2.0 */
/* Kernel threads, and work handed to pools of them (kernel/core/{kthread,workqueue}.c). */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include <base/list.h>
#include <core/timer.h>
#include <core/wait.h>

/* Create and start a thread; cpu -1: anywhere. ERR_PTR. May sleep. */
__must_check struct task_core *kthread_run(int (*fn)(void *), void *arg, int cpu, const char *name);
/* In the thread's loop: has kthread_stop() been called? */
bool kthread_should_stop(void);
/* Ask it to end and wait until it has; its result. The thread must not end by itself. May sleep. */
int kthread_stop(struct task_core *t);

struct work;
struct workqueue;
typedef void (*work_fn)(struct work *w);

struct work {
	struct list_head link;		/* [queue lock] */
	work_fn fn;			/* [I] */
	struct workqueue *wq;		/* [pool lock] where it is queued */
	u32 pending;			/* [a] queued and not begun */
};

struct delayed_work {
	struct work work;
	struct timer timer;
	struct workqueue *wq;
};

static inline void work_init(struct work *w, work_fn fn)
{
	list_init(&w->link);
	w->fn = fn;
	w->wq = NULL;
	w->pending = 0;
}
void delayed_work_init(struct delayed_work *w, work_fn fn);

#define WQ_RECLAIM	0x1u		/* memory reclaim may wait for it: has a rescuer thread */
#define WQ_ORDERED	0x2u		/* one item at a time, in order */
struct workqueue;
struct workqueue *workqueue_create(const char *name, u32 flags);	/* NULL: no memory */
void workqueue_destroy(struct workqueue *wq);
extern struct workqueue *system_wq;

/* False if it was already queued. Any context but NMI. */
bool work_queue(struct workqueue *wq, struct work *w);
bool delayed_work_queue(struct workqueue *wq, struct delayed_work *w, u64 delay_ns);
/*
 * The same, and if its time has not come yet it gets another one. True: it was not queued. For one w the caller sees to it that
 * only one at a time calls this or the next.
 */
bool delayed_work_mod(struct workqueue *wq, struct delayed_work *w, u64 delay_ns);
/* True: it was queued, its time had not come, and now it is not queued. False: it is not, or runs soon. Never waits. */
bool delayed_work_try_cancel(struct delayed_work *w);
/* Wait until w is not queued and not running. May sleep. cancel: true if it was queued. */
void work_flush(struct work *w);
bool work_cancel_sync(struct work *w);
bool delayed_work_cancel_sync(struct delayed_work *w);
void workqueue_flush(struct workqueue *wq);

#endif
