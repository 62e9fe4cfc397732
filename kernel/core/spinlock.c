/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The contended path of spinlocks. The word is zero when the lock is free and nobody waits; the
 * lowest byte says held, the upper half names the last waiter of a queue.
 *
 * On dedicated CPUs waiters queue in FIFO order, each spinning on a word of its own (per-CPU nodes;
 * four per CPU, as thread, interrupt and NMI can nest). Only the first waiter looks at the lock.
 *
 * Under a hypervisor a queue is poison: if the CPU of the next waiter is not scheduled by the host,
 * all behind it wait too. There waiters test and set, unfairly, with a growing pause between tries.
 *
 * Context: any. Preemption is off already.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/printk.h>
#include <core/spinlock.h>
#include "internal.h"

#define QUEUE_NODES	4
#define BACKOFF_MAX	64
#define LOCKUP_NS	(20 * NSEC_PER_SEC)

struct queue_node {
	struct queue_node *next;	/* [a] set by the one behind */
	u32 granted;			/* [a] set by the one in front */
};

/* [o] */
static DEFINE_PERCPU_ALIGNED(struct queue_node [QUEUE_NODES], queue_nodes);
static DEFINE_PERCPU(u32, queue_depth);
static bool spin_queued;		/* [I] after boot, but for tests */

void spinlock_init(void)
{
	spin_queued = !arch_under_hypervisor();
}

/* Reports, once, a lock that was not given free for very long. */
static void spin_check_lockup(const spinlock_t *l, u64 *since)
{
	static u32 reported;
	u64 now = sched_clock_ns();

	if (!*since) {
		*since = now;
	} else if (now - *since > LOCKUP_NS && !xchg(&reported, 1)) {
		pr_emerg("BUG: spinlock %p not released for 20 s, CPU %d waits\n", l, this_cpu_id());
		warn_at("spinlock lock-up", __FILE__, __LINE__);
	}
}

static bool spin_try_word(spinlock_t *l)
{
	u32 zero = 0;

	return READ_ONCE(l->locked) == 0 &&
	       __atomic_compare_exchange_n(&l->locked, &zero, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void spin_lock_backoff(spinlock_t *l)
{
	unsigned int pause = 1;
	u64 since = 0;

	for (u32 n = 1; !spin_try_word(l); n++) {
		for (unsigned int i = 0; i < pause; i++)
			cpu_relax();
		if (pause < BACKOFF_MAX)
			pause *= 2;
		if (unlikely((n & 0xffff) == 0))
			spin_check_lockup(l, &since);
	}
}

static struct queue_node *queue_node_of(u16 tail)
{
	return &(*per_cpu_ptr(queue_nodes, (tail >> 2) - 1))[tail & 3];
}

/* Wait until the one in front says that we are first. */
static void queue_wait_turn(struct queue_node *node, u16 prev)
{
	WRITE_ONCE(queue_node_of(prev)->next, node);
	while (!smp_load_acquire(&node->granted))
		cpu_relax();
}

/*
 * First in the queue: wait for the holder. While the upper half names somebody, nobody else can take
 * the lock, so a plain store does, except when we leave the queue empty.
 */
static void queue_take(spinlock_t *l, struct queue_node *node, u16 tail)
{
	struct queue_node *next;
	u64 since = 0;
	u32 v;

	for (u32 n = 1;; n++) {
		v = __atomic_load_n(&l->locked, __ATOMIC_ACQUIRE);
		if (v & 0xff) {
			cpu_relax();
			if (unlikely((n & 0xfffff) == 0))
				spin_check_lockup(l, &since);
			continue;
		}
		if (v >> 16 != tail)
			break;
		if (__atomic_compare_exchange_n(&l->locked, &v, 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
	}
	__atomic_store_n((u8 *)&l->locked, 1, __ATOMIC_RELAXED);
	while (!(next = READ_ONCE(node->next)))
		cpu_relax();
	smp_store_release(&next->granted, 1);
}

static void spin_lock_queue(spinlock_t *l)
{
	u32 depth = this_cpu_read(queue_depth);
	struct queue_node *node;
	u16 tail, prev;

	if (unlikely(depth >= QUEUE_NODES)) {
		spin_lock_backoff(l);
		return;
	}
	this_cpu_write(queue_depth, depth + 1);
	barrier();
	node = &(*this_cpu_ptr(queue_nodes))[depth];
	node->next = NULL;
	node->granted = 0;
	tail = (u16)((this_cpu_id() + 1) << 2 | depth);
	prev = __atomic_exchange_n((u16 *)&l->locked + 1, tail, __ATOMIC_ACQ_REL);
	if (prev)
		queue_wait_turn(node, prev);
	queue_take(l, node, tail);
	barrier();
	this_cpu_write(queue_depth, depth);
}

void spin_lock_slow(spinlock_t *l)
{
	if (spin_queued)
		spin_lock_queue(l);
	else
		spin_lock_backoff(l);
}

/* For tests: choose the way; returns the old one. No lock may be contended meanwhile. */
bool spinlock_set_queued(bool on)
{
	bool old = spin_queued;

	spin_queued = on;
	return old;
}
