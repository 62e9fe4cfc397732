/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Work queues: items run by a pool of threads that all queues share.
 *
 * An item waits in pool.ready, or, when its queue is ordered and already has one running, in the
 * queue's own `held` list. Idle workers sleep on pool.idle, the last to sleep is woken first. The last
 * idle worker starts another before it runs an item, up to MAX_WORKERS: an item may wait for another.
 * Idle ones beyond a few end after a while. Workers are not bound: the scheduler places
 * them.
 *
 * A queue for memory reclaim has a rescuer thread: if no worker is idle when an item is queued, the
 * rescuer takes it, so such an item never waits for a thread to be created.
 *
 * An item never runs on two threads at once: a worker that finds it running elsewhere hands it to
 * that worker. An item's memory may be freed by its own function: after fn() began, only the worker's
 * `current_work` (compared, never followed) names it.
 *
 * One lock, class WORKQUEUE; wake-ups of tasks are done under it, wake-ups of wait queues are not.
 */
#include <base/alloc.h>
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/work.h>
#include "internal.h"

#define MAX_WORKERS	64
#define MIN_IDLE	2
#define IDLE_TIME_NS	(30 * NSEC_PER_SEC)

struct worker {
	struct list_head link;		/* [pool.lock] pool.idle or pool.busy */
	struct list_head scheduled;	/* [pool.lock] items that were found running here */
	struct task_core *task;
	struct work *current_work;	/* [pool.lock] compared only */
	struct workqueue *current_wq;	/* [pool.lock] */
	bool idle;			/* [pool.lock] */
	struct workqueue *rescues;	/* [I] a rescuer's queue, NULL for the pool's */
};

struct workqueue {
	char name[24];
	u32 flags;
	u32 nr_running;			/* [pool.lock] items ready or running; ordered: at most 1 */
	u64 nr_pending;			/* [pool.lock] items held, ready or running */
	struct list_head held;		/* [pool.lock] ordered queue: waits for the running one */
	struct task_core *rescuer;	/* [I] */
	struct worker *rescue_worker;	/* [I] */
};

static struct {
	spinlock_t lock;
	struct list_head ready;		/* [lock] items, oldest first */
	struct list_head idle, busy;	/* [lock] workers */
	u32 nr_workers, nr_idle;	/* [lock] rescuers not counted */
	u32 nr_waiters;			/* [lock] sleeping on `done` */
} pool = {
	.lock = SPINLOCK_INIT(WORKQUEUE),
	.ready = LIST_HEAD_INIT(pool.ready),
	.idle = LIST_HEAD_INIT(pool.idle),
	.busy = LIST_HEAD_INIT(pool.busy),
};

static DEFINE_WAIT_QUEUE(work_done);	/* an item ended; flushers look again */
struct workqueue *system_wq;

static int worker_main(void *arg);

/* ---- queueing; pool.lock held ---- */

static void wake_worker(struct workqueue *wq)
{
	struct worker *w = list_first_entry_or_null(&pool.idle, struct worker, link);

	if (w) {
		/* Off the idle list now: the next item wakes another. */
		w->idle = false;
		pool.nr_idle--;
		list_move(&w->link, &pool.busy);
		sched_wake(w->task, TASK_NORMAL);
	} else if (wq->rescuer) {
		sched_wake(wq->rescuer, TASK_NORMAL);
	}
}

static void make_ready(struct workqueue *wq, struct work *w)
{
	wq->nr_running++;
	list_add_tail(&w->link, &pool.ready);
	wake_worker(wq);
}

static void queue_locked(struct workqueue *wq, struct work *w)
{
	w->wq = wq;
	wq->nr_pending++;
	if ((wq->flags & WQ_ORDERED) && wq->nr_running)
		list_add_tail(&w->link, &wq->held);
	else
		make_ready(wq, w);
}

/* An item of wq ended or was taken away after it had been ready. */
static void item_over(struct workqueue *wq)
{
	wq->nr_running--;
	wq->nr_pending--;
	if (!list_empty(&wq->held) && (!(wq->flags & WQ_ORDERED) || !wq->nr_running)) {
		struct work *next = list_first_entry(&wq->held, struct work, link);

		list_del_init(&next->link);
		make_ready(wq, next);
	}
}

bool work_queue(struct workqueue *wq, struct work *w)
{
	u64 flags;

	if (xchg(&w->pending, 1))
		return false;
	spin_lock_irqsave(&pool.lock, flags);
	queue_locked(wq, w);
	spin_unlock_irqrestore(&pool.lock, flags);
	return true;
}

/* ---- workers ---- */

static struct worker *worker_running(const struct work *w, const struct worker *but)
{
	struct worker *o;

	list_for_each_entry(o, &pool.busy, link)
		if (o != but && o->current_work == w)
			return o;
	return NULL;
}

/* Next item for me; those running elsewhere go there. pool.lock held. */
static struct work *next_work(struct worker *me)
{
	struct work *w, *n;

	if (!list_empty(&me->scheduled))
		return list_first_entry(&me->scheduled, struct work, link);
	list_for_each_entry_safe(w, n, &pool.ready, link) {
		struct worker *other;

		if (me->rescues && w->wq != me->rescues)
			continue;
		other = worker_running(w, me);
		if (!other)
			return w;
		list_move_tail(&w->link, &other->scheduled);
	}
	return NULL;
}

/* pool.lock held, dropped while it runs. */
static void run_work(struct worker *me, struct work *w, u64 *flags)
{
	struct workqueue *wq = w->wq;
	work_fn fn = w->fn;
	bool waiters;

	list_del_init(&w->link);
	me->current_work = w;
	me->current_wq = wq;
	smp_store_release(&w->pending, 0);
	spin_unlock_irqrestore(&pool.lock, *flags);
	fn(w);
	if (IS_DEBUG && (preempt_count() || irqs_disabled()))
		panic("work %pS left with preempt count %#x", fn, preempt_count());
	lockdep_assert_none();
	spin_lock_irqsave(&pool.lock, *flags);
	me->current_work = NULL;
	me->current_wq = NULL;
	item_over(wq);
	waiters = pool.nr_waiters;
	if (waiters) {
		spin_unlock_irqrestore(&pool.lock, *flags);
		wake_up_all(&work_done);
		spin_lock_irqsave(&pool.lock, *flags);
	}
}

static struct worker *worker_alloc(struct workqueue *rescues)
{
	struct worker *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	list_init(&w->scheduled);
	list_init(&w->link);
	w->rescues = rescues;
	return w;
}

/* One more worker, counted by the caller. */
static void worker_create(void)
{
	static u32 id;
	struct worker *w = worker_alloc(NULL);
	struct task_core *t = ERR_PTR(-ENOMEM);
	char name[16];
	u64 flags;

	if (w) {
		snprintf(name, sizeof(name), "worker/%u", __atomic_fetch_add(&id, 1, __ATOMIC_RELAXED));
		t = kthread_run(worker_main, w, -1, name);
	}
	if (!IS_ERR(t))
		return;
	kfree(w);
	spin_lock_irqsave(&pool.lock, flags);
	pool.nr_workers--;
	spin_unlock_irqrestore(&pool.lock, flags);
}

/*
 * About to run an item, which may block on another: somebody idle must be left, or made first.
 * pool.lock held, dropped to create.
 */
static void maybe_grow(u64 *flags)
{
	if (pool.nr_idle || pool.nr_workers >= MAX_WORKERS)
		return;
	pool.nr_workers++;
	spin_unlock_irqrestore(&pool.lock, *flags);
	worker_create();
	spin_lock_irqsave(&pool.lock, *flags);
}

/* Sleep until woken off the idle list; false: end. pool.lock held, dropped meanwhile. */
static bool worker_sleep(struct worker *me, u64 *flags)
{
	u64 end = clock_monotonic_ns() + IDLE_TIME_NS;

	me->idle = true;
	pool.nr_idle++;
	list_move(&me->link, &pool.idle);
	while (me->idle) {
		bool timed_out;

		set_current_state(TASK_UNINTERRUPTIBLE);
		spin_unlock_irqrestore(&pool.lock, *flags);
		/* The few that stay need no timer. */
		timed_out = !schedule_until_slack(pool.nr_idle > MIN_IDLE ? end : WAIT_FOREVER, NSEC_PER_SEC);
		spin_lock_irqsave(&pool.lock, *flags);
		if (me->idle && timed_out && pool.nr_idle > MIN_IDLE) {
			pool.nr_idle--;
			list_del_init(&me->link);
			set_current_state_relaxed(TASK_RUNNING);
			return false;
		}
	}
	set_current_state_relaxed(TASK_RUNNING);
	return true;
}

static int worker_main(void *arg)
{
	struct worker *me = arg;
	struct work *w;
	u64 flags;

	me->task = current_core();
	spin_lock_irqsave(&pool.lock, flags);
	list_add(&me->link, &pool.busy);
	for (;;) {
		while ((w = next_work(me))) {
			maybe_grow(&flags);
			/* The lock was dropped perhaps: look again. */
			w = next_work(me);
			if (w)
				run_work(me, w, &flags);
		}
		if (!worker_sleep(me, &flags))
			break;
	}
	pool.nr_workers--;
	spin_unlock_irqrestore(&pool.lock, flags);
	kfree(me);
	return 0;
}

/* Takes its own queue's items when the pool has nobody idle. Ends by kthread_stop(). */
static int rescuer_main(void *arg)
{
	struct worker *me = arg;
	struct work *w;
	u64 flags;

	me->task = current_core();
	spin_lock_irqsave(&pool.lock, flags);
	list_add(&me->link, &pool.busy);
	for (;;) {
		while ((w = next_work(me)))
			run_work(me, w, &flags);
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		spin_unlock_irqrestore(&pool.lock, flags);
		schedule();
		spin_lock_irqsave(&pool.lock, flags);
	}
	set_current_state_relaxed(TASK_RUNNING);
	list_del_init(&me->link);
	spin_unlock_irqrestore(&pool.lock, flags);
	return 0;
}

/* ---- waiting and taking back ---- */

static bool work_busy(struct work *w)
{
	bool busy;
	u64 flags;

	spin_lock_irqsave(&pool.lock, flags);
	busy = READ_ONCE(w->pending) || worker_running(w, NULL);
	spin_unlock_irqrestore(&pool.lock, flags);
	return busy;
}

static void waiters_add(int n)
{
	u64 flags;

	spin_lock_irqsave(&pool.lock, flags);
	pool.nr_waiters += (u32)n;
	spin_unlock_irqrestore(&pool.lock, flags);
}

void work_flush(struct work *w)
{
	might_sleep();
	if (!work_busy(w))
		return;
	waiters_add(1);
	wait_event(&work_done, !work_busy(w));
	waiters_add(-1);
}

/* Off whatever list it waits on. */
static bool work_take_back(struct work *w)
{
	bool taken = false;
	u64 flags;

	spin_lock_irqsave(&pool.lock, flags);
	if (READ_ONCE(w->pending) && !list_empty(&w->link)) {
		struct workqueue *wq = w->wq;
		struct work *h;
		bool held = false;

		list_for_each_entry(h, &wq->held, link)
			held |= h == w;
		list_del_init(&w->link);
		if (held)
			wq->nr_pending--;
		else
			item_over(wq);
		smp_store_release(&w->pending, 0);
		taken = true;
	}
	spin_unlock_irqrestore(&pool.lock, flags);
	return taken;
}

bool work_cancel_sync(struct work *w)
{
	bool taken = work_take_back(w);

	work_flush(w);
	return taken;
}

static bool queue_busy(struct workqueue *wq)
{
	u64 flags, n;

	spin_lock_irqsave(&pool.lock, flags);
	n = wq->nr_pending;
	spin_unlock_irqrestore(&pool.lock, flags);
	return n;
}

void workqueue_flush(struct workqueue *wq)
{
	might_sleep();
	if (!queue_busy(wq))
		return;
	waiters_add(1);
	wait_event(&work_done, !queue_busy(wq));
	waiters_add(-1);
}

/* ---- delayed work: `pending` is set while the timer runs too ---- */

static u64 delayed_fn(struct timer *t)
{
	struct delayed_work *d = container_of(t, struct delayed_work, timer);

	spin_lock(&pool.lock);
	queue_locked(d->wq, &d->work);
	spin_unlock(&pool.lock);
	return 0;
}

void delayed_work_init(struct delayed_work *d, work_fn fn)
{
	work_init(&d->work, fn);
	timer_init(&d->timer, TIMER_MONOTONIC, delayed_fn);
	d->wq = NULL;
}

bool delayed_work_queue(struct workqueue *wq, struct delayed_work *d, u64 delay_ns)
{
	if (!delay_ns)
		return work_queue(wq, &d->work);
	if (xchg(&d->work.pending, 1))
		return false;
	d->wq = wq;
	timer_start_slack(&d->timer, clock_monotonic_ns() + delay_ns, delay_ns / 16);
	return true;
}

bool delayed_work_mod(struct workqueue *wq, struct delayed_work *d, u64 delay_ns)
{
	bool waited = timer_try_cancel(&d->timer) == 1;

	if (!waited && xchg(&d->work.pending, 1))
		return false;		/* due, or its timer fires right now */
	d->wq = wq;
	timer_start_slack(&d->timer, clock_monotonic_ns() + delay_ns, delay_ns / 16);
	return !waited;
}

bool delayed_work_try_cancel(struct delayed_work *d)
{
	if (timer_try_cancel(&d->timer) != 1)
		return false;
	smp_store_release(&d->work.pending, 0);
	return true;
}

bool delayed_work_cancel_sync(struct delayed_work *d)
{
	if (timer_cancel(&d->timer)) {
		smp_store_release(&d->work.pending, 0);
		work_flush(&d->work);
		return true;
	}
	return work_cancel_sync(&d->work);
}

/* ---- queues ---- */

struct workqueue *workqueue_create(const char *name, u32 flags)
{
	struct workqueue *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	struct task_core *t;

	if (!wq)
		return NULL;
	if (strscpy(wq->name, name, sizeof(wq->name)) < 0)
		wq->name[sizeof(wq->name) - 1] = '\0';
	wq->flags = flags;
	list_init(&wq->held);
	if (!(flags & WQ_RECLAIM))
		return wq;
	wq->rescue_worker = worker_alloc(wq);
	if (!wq->rescue_worker)
		goto free_wq;
	t = kthread_run(rescuer_main, wq->rescue_worker, -1, wq->name);
	if (IS_ERR(t))
		goto free_worker;
	wq->rescuer = t;
	return wq;

free_worker:
	kfree(wq->rescue_worker);
free_wq:
	kfree(wq);
	return NULL;
}

void workqueue_destroy(struct workqueue *wq)
{
	workqueue_flush(wq);
	if (wq->rescuer) {
		kthread_stop(wq->rescuer);
		kfree(wq->rescue_worker);
	}
	kfree(wq);
}

/* Before INITCALL_SMP items may be queued to system_wq, but nobody runs them. */
static int __init workqueue_init(void)
{
	system_wq = workqueue_create("system", 0);
	return system_wq ? 0 : -ENOMEM;
}
INITCALL_CORE(workqueue_init);

static int __init workqueue_start(void)
{
	for (int i = 0; i < MIN_IDLE; i++) {
		spin_lock_irq(&pool.lock);
		pool.nr_workers++;
		spin_unlock_irq(&pool.lock);
		worker_create();
	}
	return pool.nr_workers ? 0 : -ENOMEM;
}
INITCALL_SMP(workqueue_start);
