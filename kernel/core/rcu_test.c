/* SPDX-License-Identifier: MPL-2.0 */
/* Grace periods: no callback and no synchronize_rcu() before readers from before are done. */
#include <base/alloc.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/ktest.h>
#include <core/rcu.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/wait.h>
#include "internal.h"

struct node {
	u64 magic;
	struct rcu_head rcu;
};
#define ALIVE	0x600dull
#define DEAD	0xdeadull

static struct node *published;
static u32 stop, freed, bad;

static void node_free(struct rcu_head *h)
{
	struct node *n = container_of(h, struct node, rcu);

	WRITE_ONCE(n->magic, DEAD);
	kfree(n);
	__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
}

static struct node *node_new(void)
{
	struct node *n = kmalloc(sizeof(*n), GFP_KERNEL);

	if (n)
		n->magic = ALIVE;
	return n;
}

static void read_nodes(void)
{
	struct node *n;

	rcu_read_lock();
	n = rcu_dereference(published);
	for (int i = 0; i < 50 && n; i++) {
		if (READ_ONCE(n->magic) != ALIVE)
			__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
		cpu_relax();
	}
	rcu_read_unlock();
}

static void rcu_worker(int i, void *arg)
{
	u32 rounds = 200;
	int mode = *(int *)arg;

	if (i) {
		while (!READ_ONCE(stop))
			read_nodes();
		return;
	}
	while (rounds--) {
		struct node *n = node_new(), *old = published;

		rcu_assign_pointer(published, n);
		if (!old)
			continue;
		if (mode == 0) {
			call_rcu(&old->rcu, node_free);
		} else if (mode == 1) {
			if (rounds % 20)
				synchronize_rcu_expedited();
			else
				synchronize_rcu();
			node_free(&old->rcu);
		} else {
			kfree_rcu(old, rcu);
		}
	}
	WRITE_ONCE(stop, 1);
}

static void rcu_test(int mode)
{
	struct node *last;

	stop = freed = bad = 0;
	published = NULL;
	ktest_parallel(4, rcu_worker, &mode);
	last = published;
	published = NULL;
	synchronize_rcu();
	kfree(last);
	rcu_barrier();
	KEXPECT_EQ(bad, 0);
	if (mode < 2)
		KEXPECT_EQ(freed, 199);
}

KTEST(rcu, callbacks_wait_for_readers) { rcu_test(0); }
KTEST(rcu, synchronize_waits_for_readers) { rcu_test(1); }
KTEST(rcu, kfree_rcu) { rcu_test(2); }

static void mark(struct rcu_head *h)
{
	__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
}

KTEST(rcu, barrier_runs_all)
{
	static struct rcu_head heads[100];

	freed = 0;
	for (int i = 0; i < 100; i++)
		call_rcu(&heads[i], mark);
	rcu_barrier();
	KEXPECT_EQ(freed, 100);
}

/* From a section that holds a spinlock with interrupts off: it must not wake anybody there. */
KTEST(rcu, call_under_lock)
{
	static struct rcu_head h;
	u64 flags = irq_save(), end;

	freed = 0;
	preempt_disable();
	call_rcu(&h, mark);
	preempt_enable();
	irq_restore(flags);
	end = clock_monotonic_ns() + 60 * NSEC_PER_SEC;
	while (!READ_ONCE(freed) && clock_monotonic_ns() < end) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_until(clock_monotonic_ns() + 10 * NSEC_PER_MSEC);
	}
	KEXPECT_EQ(freed, 1);
}

/* A CPU that loops in preemptible kernel code does not hold grace periods up. */
static void spinner(int i, void *arg)
{
	if (i) {
		while (!READ_ONCE(stop))
			cpu_relax();
		return;
	}
	for (int n = 0; n < 3; n++) {
		u64 begin = clock_monotonic_ns();

		synchronize_rcu();
		KEXPECT(clock_monotonic_ns() - begin < 60 * NSEC_PER_SEC);
	}
	WRITE_ONCE(stop, 1);
}

KTEST(rcu, busy_cpu_is_quiescent)
{
	stop = 0;
	ktest_parallel(2, spinner, NULL);
}

static struct srcu test_srcu;
static u32 srcu_value;

static void srcu_worker(int i, void *arg)
{
	if (i) {
		while (!READ_ONCE(stop)) {
			int idx = srcu_read_lock(&test_srcu);
			u32 v = READ_ONCE(srcu_value);

			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule_until(clock_monotonic_ns() + 100 * NSEC_PER_USEC);
			/* At most the one change that the writer made before it waits for us. */
			if (READ_ONCE(srcu_value) - v > 1)
				__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
			srcu_read_unlock(&test_srcu, idx);
		}
		return;
	}
	for (int n = 0; n < 30; n++) {
		WRITE_ONCE(srcu_value, srcu_value + 1);
		synchronize_srcu(&test_srcu);
	}
	WRITE_ONCE(stop, 1);
}

KTEST(rcu, srcu_readers_sleep)
{
	KREQUIRE(srcu_init(&test_srcu) == 0);
	stop = bad = 0;
	ktest_parallel(3, srcu_worker, NULL);
	KEXPECT_EQ(bad, 0);
	srcu_destroy(&test_srcu);
}
