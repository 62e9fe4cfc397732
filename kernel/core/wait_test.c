/* SPDX-License-Identifier: MPL-2.0 */
/* Wait queues, completions, bit waits, sleeping with limits, threads, work queues, cross calls. */
#include <base/bits.h>
#include <base/err.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/hooks.h>
#include <core/ktest.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <core/work.h>
#include "internal.h"

static DEFINE_WAIT_QUEUE(queue);
static u32 ball, rounds;

/* Two threads pass a word back and forth: a lost wake-up hangs. */
static void ping_pong(int i, void *arg)
{
	for (u32 n = 0; n < 500; n++) {
		wait_event(&queue, (READ_ONCE(ball) & 1) == (u32)i);
		WRITE_ONCE(ball, ball + 1);
		wake_up_all(&queue);
	}
}

KTEST(wait, ping_pong)
{
	ball = 0;
	ktest_parallel(2, ping_pong, NULL);
	KEXPECT_EQ(ball, 1000);
	KEXPECT(!wait_queue_active(&queue));
}

static bool take_round(void)
{
	u32 n = __atomic_load_n(&rounds, __ATOMIC_SEQ_CST);

	while (n)
		if (__atomic_compare_exchange_n(&rounds, &n, n - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
	return false;
}

static void exclusive(int i, void *arg)
{
	int err;

	if (i < 3) {
		err = wait_event_interruptible_exclusive(&queue, take_round());
		KEXPECT_EQ(err, 0);
		return;
	}
	for (int n = 0; n < 3; n++) {
		while (__atomic_load_n(&rounds, __ATOMIC_SEQ_CST))
			KEXPECT_EQ(wait_event_until(&queue, false, clock_monotonic_ns() + NSEC_PER_MSEC), -ETIMEDOUT);
		__atomic_fetch_add(&rounds, 1, __ATOMIC_SEQ_CST);
		wake_up(&queue);
	}
}

KTEST(wait, exclusive_waiters_one_each)
{
	rounds = 0;
	ktest_parallel(4, exclusive, NULL);
	KEXPECT_EQ(rounds, 0);
}

KTEST(wait, time_limit)
{
	u64 begin = clock_monotonic_ns(), d;
	int err = wait_event_until(&queue, false, begin + 5 * NSEC_PER_MSEC);

	d = clock_monotonic_ns() - begin;
	KEXPECT_EQ(err, -ETIMEDOUT);
	KEXPECT(d >= 5 * NSEC_PER_MSEC);
	KEXPECT(d < 60 * NSEC_PER_SEC);	/* not in other units; a host may stand still for seconds */
	/* In the past: does not sleep for ever. */
	err = wait_event_until(&queue, false, 1);
	KEXPECT_EQ(err, -ETIMEDOUT);
}

static struct completion comp;

static void completer(int i, void *arg)
{
	for (int n = 0; n < 200; n++) {
		if (i)
			complete(&comp);
		else
			wait_for_completion(&comp);
	}
}

KTEST(wait, completion_counts)
{
	completion_init(&comp);
	ktest_parallel(2, completer, NULL);
	KEXPECT_EQ(comp.done, 0);
	KEXPECT_EQ(wait_for_completion_until(&comp, clock_monotonic_ns() + NSEC_PER_MSEC), -ETIMEDOUT);
	complete_all(&comp);
	wait_for_completion(&comp);
	wait_for_completion(&comp);
}

static unsigned long bit_word;

static void bit_worker(int i, void *arg)
{
	for (int n = 0; n < 300; n++) {
		while (test_and_set_bit(3, &bit_word))
			wait_on_bit(&bit_word, 3, TASK_UNINTERRUPTIBLE);
		ball++;
		clear_bit(3, &bit_word);
		smp_mb();
		wake_up_bit(&bit_word, 3);
	}
}

KTEST(wait, bit_lock)
{
	ball = 0;
	bit_word = 0;
	ktest_parallel(4, bit_worker, NULL);
	KEXPECT_EQ(ball, 1200);
	KEXPECT_EQ(bit_word, 0);
}

static int until_stopped(void *arg)
{
	u32 n = 0;

	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule_until(clock_monotonic_ns() + NSEC_PER_SEC);
		set_current_state_relaxed(TASK_RUNNING);
		n++;
	}
	return n ? 42 : 43;
}

KTEST(kthread, stop_returns_result)
{
	for (int i = 0; i < 20; i++) {
		struct task_core *t = kthread_run(until_stopped, NULL, -1, "stopme");

		KREQUIRE(!IS_ERR(t));
		KEXPECT((kthread_stop(t) | 1) == 43);
	}
}

static int tell_cpu(void *arg)
{
	*(int *)arg = this_cpu_id();
	while (!kthread_should_stop()) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		set_current_state_relaxed(TASK_RUNNING);
	}
	return this_cpu_id();
}

KTEST(kthread, bound_to_cpu)
{
	int cpu;

	for_each_online_cpu(cpu) {
		int seen = -1;
		struct task_core *t = kthread_run(tell_cpu, &seen, cpu, "bound");

		KREQUIRE(!IS_ERR(t));
		KEXPECT_EQ(kthread_stop(t), cpu);
		KEXPECT_EQ(seen, cpu);
	}
}

static u32 works_run, work_inside;

static void count_work(struct work *w)
{
	__atomic_fetch_add(&works_run, 1, __ATOMIC_RELAXED);
}

KTEST(workqueue, runs_once_per_queueing)
{
	struct work w;

	works_run = 0;
	work_init(&w, count_work);
	for (u32 i = 1; i <= 50; i++) {
		KEXPECT(work_queue(system_wq, &w));
		work_flush(&w);
		KEXPECT_EQ(works_run, i);
	}
	KEXPECT(!work_cancel_sync(&w));
}

static void ordered_work(struct work *w)
{
	KEXPECT_EQ(__atomic_fetch_add(&work_inside, 1, __ATOMIC_SEQ_CST), 0);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_monotonic_ns() + 50 * NSEC_PER_USEC);
	works_run++;
	__atomic_fetch_sub(&work_inside, 1, __ATOMIC_SEQ_CST);
}

KTEST(workqueue, ordered_one_at_a_time)
{
	static struct work w[40];
	struct workqueue *wq = workqueue_create("test", WQ_ORDERED | WQ_RECLAIM);

	KREQUIRE(wq);
	works_run = work_inside = 0;
	for (int i = 0; i < 40; i++) {
		work_init(&w[i], ordered_work);
		work_queue(wq, &w[i]);
	}
	workqueue_flush(wq);
	KEXPECT_EQ(works_run, 40);
	workqueue_destroy(wq);
}

/* An item that waits for another item of the same queue must not wait for ever. */
static struct work inner_work;

static void outer_fn(struct work *w)
{
	work_queue(system_wq, &inner_work);
	work_flush(&inner_work);
}

KTEST(workqueue, item_waits_for_item)
{
	static struct work w[8];

	works_run = 0;
	work_init(&inner_work, count_work);
	for (int i = 0; i < 8; i++) {
		work_init(&w[i], outer_fn);
		work_queue(system_wq, &w[i]);
	}
	for (int i = 0; i < 8; i++)
		work_flush(&w[i]);
	KEXPECT(works_run >= 1);
}

KTEST(workqueue, delayed)
{
	struct delayed_work d;
	u64 begin = clock_monotonic_ns();

	works_run = 0;
	delayed_work_init(&d, count_work);
	KEXPECT(delayed_work_queue(system_wq, &d, 3 * NSEC_PER_MSEC));
	work_flush(&d.work);
	KEXPECT_EQ(works_run, 1);
	KEXPECT(clock_monotonic_ns() - begin >= 3 * NSEC_PER_MSEC);
	KEXPECT(delayed_work_queue(system_wq, &d, 3600 * NSEC_PER_SEC));
	KEXPECT(!delayed_work_queue(system_wq, &d, 3 * NSEC_PER_MSEC));
	KEXPECT(delayed_work_cancel_sync(&d));
	KEXPECT(!delayed_work_cancel_sync(&d));
	KEXPECT_EQ(works_run, 1);
	/* Its time is another one now; what has not begun can be taken back without waiting. */
	KEXPECT(delayed_work_mod(system_wq, &d, 3600 * NSEC_PER_SEC));
	KEXPECT(!delayed_work_mod(system_wq, &d, NSEC_PER_MSEC));
	work_flush(&d.work);
	KEXPECT_EQ(works_run, 2);
	KEXPECT(!delayed_work_try_cancel(&d));
	KEXPECT(delayed_work_mod(system_wq, &d, 3600 * NSEC_PER_SEC));
	KEXPECT(delayed_work_try_cancel(&d));
	KEXPECT(!delayed_work_try_cancel(&d));
	KEXPECT(delayed_work_queue(system_wq, &d, 0));
	work_flush(&d.work);
	KEXPECT_EQ(works_run, 3);
}

/* ---- cross calls ---- */

static u32 calls;
static struct cpumask called;

/* However long the host takes a CPU away. */
static void wait_for_calls(u32 n)
{
	u64 end = clock_monotonic_ns() + 60 * NSEC_PER_SEC;

	while (READ_ONCE(calls) < n && clock_monotonic_ns() < end)
		cpu_relax();
}

static void call_fn(void *arg)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
	if (!in_irq())
		__atomic_fetch_add(&calls, 1000000, __ATOMIC_RELAXED);
	cpumask_set(this_cpu_id(), &called);
}

KTEST(smp, call_all)
{
	u32 n = (u32)cpumask_weight(&cpu_online_mask);

	calls = 0;
	cpumask_zero(&called);
	for (int i = 0; i < 100; i++)
		smp_call_mask(&cpu_online_mask, call_fn, NULL, true);
	KEXPECT_EQ(calls, 100 * n);
	KEXPECT_EQ(cpumask_weight(&called), n);
}

static void caller(int i, void *arg)
{
	for (int n = 0; n < 200; n++)
		smp_call_mask(&cpu_online_mask, call_fn, NULL, n & 1);
}

KTEST(smp, many_callers)
{
	u32 n = (u32)cpumask_weight(&cpu_online_mask);

	calls = 0;
	ktest_parallel(4, caller, NULL);
	/* The last ones without wait are behind this one. */
	smp_call_mask(&cpu_online_mask, call_fn, NULL, true);
	wait_for_calls(801 * n);
	KEXPECT_EQ(calls, 801 * n);
}

static void irq_work_fn(struct irq_work *w)
{
	WRITE_ONCE(calls, in_irq() ? 1 : 2);
}

KTEST(smp, irq_work)
{
	static struct irq_work w = IRQ_WORK_INIT(irq_work_fn);
	u64 flags = irq_save();

	calls = 0;
	irq_work_queue(&w);
	KEXPECT_EQ(calls, 0);
	irq_restore(flags);
	wait_for_calls(1);
	KEXPECT_EQ(calls, 1);
}
