/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Mutexes and reader-writer semaphores: locks whose holders may sleep. Not in interrupts. The
 * owner spins for a short while on a holder that runs, then sleeps in FIFO order.
 */
#ifndef CORE_MUTEX_H
#define CORE_MUTEX_H

#include <base/list.h>
#include <core/spinlock.h>
#include <core/task_core.h>

struct mutex {
	u64 owner;			/* [a] task_core pointer | 1: waiters, 2: hand over to the first */
	spinlock_t wait_lock;
	struct list_head waiters;	/* [wait_lock] */
	LOCKDEP_FIELD
};

#define MUTEX_INIT(name, c) \
	{ .owner = 0, .wait_lock = SPINLOCK_INIT(WAITQ), .waiters = LIST_HEAD_INIT((name).waiters), LOCKDEP_INIT(c) }
#define DEFINE_MUTEX(name, c)	struct mutex name = MUTEX_INIT(name, c)

void mutex_init_class(struct mutex *m, enum lock_class c);
#define mutex_init(m, c)	mutex_init_class(m, LC_##c)
void mutex_lock_nested(struct mutex *m, unsigned int subclass);
static inline void mutex_lock(struct mutex *m) { mutex_lock_nested(m, 0); }
/* 0, or -ERESTARTSYS (interruptible) or -EINTR (killable) without the lock. */
__must_check int mutex_lock_interruptible(struct mutex *m);
__must_check int mutex_lock_killable(struct mutex *m);
__must_check bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
static inline bool mutex_is_locked(const struct mutex *m) { return READ_ONCE(m->owner) != 0; }

struct rwsem {
	s64 count;			/* [a] 256 a reader | 1: writer, 2: waiters, 4: first waits long */
	u64 owner;			/* [a] writer's task_core, for spinning and reports */
	spinlock_t wait_lock;
	struct list_head waiters;	/* [wait_lock] FIFO; a waiting writer holds new readers back */
	LOCKDEP_FIELD
};

#define RWSEM_INIT(name, c) \
	{ .count = 0, .wait_lock = SPINLOCK_INIT(WAITQ), .waiters = LIST_HEAD_INIT((name).waiters), LOCKDEP_INIT(c) }
#define DEFINE_RWSEM(name, c)	struct rwsem name = RWSEM_INIT(name, c)

void rwsem_init_class(struct rwsem *s, enum lock_class c);
#define rwsem_init(s, c)	rwsem_init_class(s, LC_##c)
void down_read(struct rwsem *s);
void down_read_nested(struct rwsem *s, unsigned int subclass);
__must_check int down_read_killable(struct rwsem *s);
__must_check bool down_read_trylock(struct rwsem *s);
void up_read(struct rwsem *s);
void down_write(struct rwsem *s);
void down_write_nested(struct rwsem *s, unsigned int subclass);
__must_check int down_write_killable(struct rwsem *s);
__must_check bool down_write_trylock(struct rwsem *s);
void up_write(struct rwsem *s);
void downgrade_write(struct rwsem *s);

#endif
