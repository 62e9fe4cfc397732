/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Run-time lock checking of DEBUG kernels (kernel/core/lockdep.c): rank order, sleeping or copying
 * to user space under a spinlock, interrupt-safe classes taken with interrupts on, unlock by a
 * task that does not hold. In release kernels all of it is empty and locks carry no class.
 */
#ifndef CORE_LOCKDEP_H
#define CORE_LOCKDEP_H

#include <base/assert.h>
#include <base/lockclass.h>
#include <base/types.h>

#if IS_DEBUG
struct lockdep_map {
	u16 cls;
};
#define LOCKDEP_INIT(c)		.dep = { LC_##c },
#define LOCKDEP_FIELD		struct lockdep_map dep;
#define lockdep_set(l, c)	((l)->dep.cls = (u16)(c))
void lockdep_acquire(struct lockdep_map *m, void *lock, unsigned int subclass, bool try, bool shared);
void lockdep_release(struct lockdep_map *m, void *lock);
bool lockdep_held(void *lock);
#define assert_held(l)		VERIFY(lockdep_held(l))
/* No lock at all may be held here: return to user space, end of a thread. */
void lockdep_assert_none(void);
#else
#define LOCKDEP_INIT(c)
#define LOCKDEP_FIELD
#define lockdep_set(l, c)	((void)(c))
#define lockdep_acquire(m, lock, sub, try, shared)	((void)0)
#define lockdep_release(m, lock)	((void)0)
#define assert_held(l)		((void)(l))
#define lockdep_assert_none()	((void)0)
#endif

#endif
