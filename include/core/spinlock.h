/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Spinlocks: held for short, never across a sleep. Taking one turns preemption off. A class marked
 * I in lockrank.def is also taken in interrupts: use the _irqsave or _irq form everywhere.
 * The contended path (kernel/core/spinlock.c) queues on dedicated CPUs and backs off under a
 * hypervisor.
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include <base/atomic.h>
#include <core/lockdep.h>
#include <core/preempt.h>

typedef struct spinlock {
	u32 locked;		/* [a] lowest byte: held; upper half: end of the queue */
	LOCKDEP_FIELD
} spinlock_t;

#define SPINLOCK_INIT(c)	{ .locked = 0, LOCKDEP_INIT(c) }
#define DEFINE_SPINLOCK(name, c)	spinlock_t name = SPINLOCK_INIT(c)

static inline void spin_lock_init_class(spinlock_t *l, enum lock_class c)
{
	l->locked = 0;
	lockdep_set(l, c);
}
/* spin_lock_init(&x->lock, OBJECT) */
#define spin_lock_init(l, c)	spin_lock_init_class(l, LC_##c)

void spin_lock_slow(spinlock_t *l);

static __always_inline void spin_lock_raw(spinlock_t *l)
{
	u32 zero = 0;

	if (unlikely(!__atomic_compare_exchange_n(&l->locked, &zero, 1, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		spin_lock_slow(l);
}

static __always_inline void spin_unlock_raw(spinlock_t *l)
{
	__atomic_store_n((u8 *)&l->locked, 0, __ATOMIC_RELEASE);
}

static __always_inline void spin_lock(spinlock_t *l)
{
	preempt_disable();
	lockdep_acquire(&l->dep, l, 0, false, false);
	spin_lock_raw(l);
}

static __always_inline void spin_lock_nested(spinlock_t *l, unsigned int subclass)
{
	preempt_disable();
	lockdep_acquire(&l->dep, l, subclass, false, false);
	(void)subclass;
	spin_lock_raw(l);
}

static __always_inline bool spin_trylock(spinlock_t *l)
{
	u32 zero = 0;

	preempt_disable();
	if (__atomic_compare_exchange_n(&l->locked, &zero, 1, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED)) {
		lockdep_acquire(&l->dep, l, 0, true, false);
		return true;
	}
	preempt_enable();
	return false;
}

static __always_inline void spin_unlock(spinlock_t *l)
{
	lockdep_release(&l->dep, l);
	spin_unlock_raw(l);
	preempt_enable();
}

static __always_inline void spin_lock_irq(spinlock_t *l)
{
	irq_disable();
	spin_lock(l);
}

static __always_inline void spin_unlock_irq(spinlock_t *l)
{
	lockdep_release(&l->dep, l);
	spin_unlock_raw(l);
	irq_enable();
	preempt_enable();
}

#define spin_lock_irqsave(l, flags)	do { (flags) = irq_save(); spin_lock(l); } while (0)
#define spin_unlock_irqrestore(l, flags)	do { \
	lockdep_release(&(l)->dep, (l)); spin_unlock_raw(l); irq_restore(flags); preempt_enable(); } while (0)

static inline bool spin_is_locked(const spinlock_t *l) { return READ_ONCE(l->locked) != 0; }

#endif
