/* SPDX-License-Identifier: MPL-2.0 */
/* Spinlocks (both ways to wait), mutexes and rwsems: exclusion, trylock, readers together, no waiter forgotten. */
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/ktest.h>
#include <core/mutex.h>
#include <core/spinlock.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/wait.h>
#include "internal.h"

static DEFINE_SPINLOCK(test_lock, OBJECT);
static DEFINE_MUTEX(test_mutex, LEAF_MUTEX);
static DEFINE_RWSEM(test_sem, LEAF_MUTEX);

/* Two words that only agree when nobody else is inside. */
static struct {
	volatile u64 a, b;
} shared;

static void shared_bump(void)
{
	u64 v = shared.a;

	KEXPECT_EQ(shared.b, v);
	shared.a = v + 1;
	for (int i = 0; i < 5; i++)
		cpu_relax();
	shared.b = v + 1;
}

static void sleep_us(u64 us)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(clock_monotonic_ns() + us * NSEC_PER_USEC);
}

static void spin_worker(int i, void *arg)
{
	for (int n = 0; n < *(int *)arg; n++) {
		spin_lock(&test_lock);
		shared_bump();
		spin_unlock(&test_lock);
	}
}

static void spin_test(bool queued)
{
	bool old = spinlock_set_queued(queued);
	/* With fewer host CPUs than ours each hand-over in a queue may cost a host's time slice. */
	int times = queued ? 60 : 3000;

	shared.a = shared.b = 0;
	ktest_parallel(4, spin_worker, &times);
	KEXPECT_EQ(shared.a, 4 * times);
	KEXPECT_EQ(test_lock.locked, 0);
	spinlock_set_queued(old);
}

KTEST(spinlock, excludes_with_backoff)
{
	spin_test(false);
}

KTEST(spinlock, excludes_with_queue)
{
	spin_test(true);
}

KTEST(spinlock, trylock)
{
	KREQUIRE(spin_trylock(&test_lock));
	KEXPECT(preempt_count() == 1);
	KEXPECT(!spin_trylock(&test_lock));
	KEXPECT(spin_is_locked(&test_lock));
	spin_unlock(&test_lock);
	KEXPECT(!spin_is_locked(&test_lock));
	KEXPECT(preempt_count() == 0);
}

KTEST(spinlock, irqsave_restores)
{
	static DEFINE_SPINLOCK(l, OBJECT_IRQ);
	u64 flags;

	spin_lock_irqsave(&l, flags);
	KEXPECT(irqs_disabled());
	spin_unlock_irqrestore(&l, flags);
	KEXPECT(!irqs_disabled());
}

static void mutex_worker(int i, void *arg)
{
	for (int n = 0; n < 400; n++) {
		if (i & 1 && mutex_trylock(&test_mutex)) {
			shared_bump();
			mutex_unlock(&test_mutex);
			continue;
		}
		mutex_lock(&test_mutex);
		shared_bump();
		if (n % 50 == 0)
			sleep_us(20);
		if (n % 7 == 0)
			preempt_disable(), preempt_enable();
		mutex_unlock(&test_mutex);
	}
}

KTEST(mutex, excludes)
{
	shared.a = shared.b = 0;
	ktest_parallel(6, mutex_worker, NULL);
	KEXPECT_EQ(shared.a, 6 * 400);
	KEXPECT(!mutex_is_locked(&test_mutex));
	KEXPECT(list_empty(&test_mutex.waiters));
}

static void trylock_elsewhere(int i, void *arg)
{
	*(bool *)arg = mutex_trylock(&test_mutex);
	if (*(bool *)arg)
		mutex_unlock(&test_mutex);
}

KTEST(mutex, trylock)
{
	bool got = true;

	mutex_lock(&test_mutex);
	ktest_parallel(1, trylock_elsewhere, &got);
	KEXPECT(!got);
	mutex_unlock(&test_mutex);
	ktest_parallel(1, trylock_elsewhere, &got);
	KEXPECT(got);
}

/* A waiter gets the lock although another thread takes it again and again. */
static void hog(int i, void *arg)
{
	u32 *state = arg;
	u64 end = clock_monotonic_ns() + 60 * NSEC_PER_SEC;

	if (i == 0) {
		while (!READ_ONCE(*state) && clock_monotonic_ns() < end) {
			mutex_lock(&test_mutex);
			for (int n = 0; n < 100; n++)
				cpu_relax();
			mutex_unlock(&test_mutex);
		}
		KEXPECT(READ_ONCE(*state));
	} else {
		sleep_us(1000);
		for (int n = 0; n < 20; n++) {
			mutex_lock(&test_mutex);
			mutex_unlock(&test_mutex);
			sleep_us(10);
		}
		WRITE_ONCE(*state, 1);
	}
}

KTEST(mutex, waiter_not_starved)
{
	u32 state = 0;

	ktest_parallel(2, hog, &state);
}

static u32 readers_in, readers_max;

static void rwsem_worker(int i, void *arg)
{
	for (int n = 0; n < 300; n++) {
		if (i < 2) {
			down_write(&test_sem);
			KEXPECT_EQ(__atomic_load_n(&readers_in, __ATOMIC_SEQ_CST), 0);
			shared_bump();
			if (n % 40 == 0)
				sleep_us(20);
			if (n % 3 == 0) {
				downgrade_write(&test_sem);
				KEXPECT_EQ(shared.a, shared.b);
				up_read(&test_sem);
			} else {
				up_write(&test_sem);
			}
		} else {
			u32 in;

			down_read(&test_sem);
			in = __atomic_add_fetch(&readers_in, 1, __ATOMIC_SEQ_CST);
			if (in > READ_ONCE(readers_max))
				WRITE_ONCE(readers_max, in);
			KEXPECT_EQ(shared.a, shared.b);
			if (n % 20 == 0)
				sleep_us(50);
			__atomic_fetch_sub(&readers_in, 1, __ATOMIC_SEQ_CST);
			up_read(&test_sem);
		}
	}
}

KTEST(rwsem, readers_and_writers)
{
	shared.a = shared.b = 0;
	readers_in = readers_max = 0;
	ktest_parallel(6, rwsem_worker, NULL);
	KEXPECT_EQ(shared.a, 2 * 300);
	KEXPECT_EQ(test_sem.count, 0);
	KEXPECT(list_empty(&test_sem.waiters));
	/* Some readers slept inside, so others must have come in beside them. */
	KEXPECT(readers_max > 1);
}

static void rwsem_try_elsewhere(int i, void *arg)
{
	bool *got = arg;

	got[0] = down_read_trylock(&test_sem);
	if (got[0])
		up_read(&test_sem);
	got[1] = down_write_trylock(&test_sem);
	if (got[1])
		up_write(&test_sem);
}

KTEST(rwsem, trylock)
{
	bool got[2];

	down_read(&test_sem);
	ktest_parallel(1, rwsem_try_elsewhere, got);
	KEXPECT(got[0] && !got[1]);
	up_read(&test_sem);
	down_write(&test_sem);
	ktest_parallel(1, rwsem_try_elsewhere, got);
	KEXPECT(!got[0] && !got[1]);
	up_write(&test_sem);
	ktest_parallel(1, rwsem_try_elsewhere, got);
	KEXPECT(got[0] && got[1]);
}

struct fifo {
	u32 order;		/* [a] who got in, in turn */
	bool held;		/* [a] by the first reader */
};

static u32 rwsem_waiters(void)
{
	struct list_head *p;
	u64 flags;
	u32 n = 0;

	spin_lock_irqsave(&test_sem.wait_lock, flags);
	list_for_each(p, &test_sem.waiters)
		n++;
	spin_unlock_irqrestore(&test_sem.wait_lock, flags);
	return n;
}

/* A writer that waits holds new readers back, and gets in. */
static void fifo_worker(int i, void *arg)
{
	struct fifo *f = arg;

	if (i == 0) {
		down_read(&test_sem);
		WRITE_ONCE(f->held, true);
		while (rwsem_waiters() < 2 && !READ_ONCE(f->order))
			sleep_us(100);
		up_read(&test_sem);
	} else if (i == 1) {
		while (!READ_ONCE(f->held))
			sleep_us(100);
		down_write(&test_sem);
		KEXPECT_EQ(__atomic_fetch_add(&f->order, 1, __ATOMIC_SEQ_CST), 0);
		up_write(&test_sem);
	} else {
		while (!rwsem_waiters())
			sleep_us(100);
		down_read(&test_sem);
		KEXPECT_EQ(__atomic_fetch_add(&f->order, 1, __ATOMIC_SEQ_CST), 1);
		up_read(&test_sem);
	}
}

KTEST(rwsem, writer_before_later_reader)
{
	struct fifo f = { 0 };

	ktest_parallel(3, fifo_worker, &f);
	KEXPECT_EQ(f.order, 2);
}
