/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Read-copy-update (kernel/core/rcu.c). A reader is a section with preemption off that does not
 * sleep. A CPU is quiescent when it switches tasks, runs user code or idles. Callbacks run in a
 * thread of their CPU, may not sleep long, and are batched. srcu is for readers that sleep.
 */
#ifndef CORE_RCU_H
#define CORE_RCU_H

#include <base/alloc.h>
#include <base/atomic.h>
#include <core/preempt.h>

static __always_inline void rcu_read_lock(void) { preempt_disable(); }
static __always_inline void rcu_read_unlock(void) { preempt_enable(); }

#define rcu_dereference(p)	__atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), v, __ATOMIC_RELEASE)

/* Wait until every reader that may run now is done. May sleep. */
void synchronize_rcu(void);
/* The same, hastened by interrupts to the other CPUs; for memory pressure and rare control paths. */
void synchronize_rcu_expedited(void);
/* Wait until every callback queued so far has run. May sleep. */
void rcu_barrier(void);
/* kfree(p) after a grace period; `field` is its struct rcu_head. */
#define kfree_rcu(p, field) do { \
	static_assert(offsetof(__typeof__(*(p)), field) < 4096, "rcu_head too far into the object"); \
	call_rcu(&(p)->field, (void (*)(struct rcu_head *))offsetof(__typeof__(*(p)), field)); } while (0)

/* Hooks for scheduler, user entry and idle (core and sched only). */
void rcu_note_switch(void);
void rcu_idle_enter(void);
void rcu_idle_exit(void);

struct srcu_counts;
struct srcu {
	struct srcu_counts *counts;	/* [o] per CPU: entries and exits of each half */
	u32 idx;		/* [a] which of the pair new readers take */
	void *writer;		/* serialises synchronize_srcu() */
};
__must_check int srcu_init(struct srcu *s);
void srcu_destroy(struct srcu *s);
int srcu_read_lock(struct srcu *s);
void srcu_read_unlock(struct srcu *s, int idx);
void synchronize_srcu(struct srcu *s);

#endif
