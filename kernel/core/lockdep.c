/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Lock checking of DEBUG kernels. Each lock has a class, classes have one order (base/lockrank.def).
 *
 * Held sleeping locks are listed in the task, held spinlocks on the CPU: so the run-queue lock, which
 * one task takes and the next gives back across the switch, needs no special case, and a lock taken in
 * an interrupt is checked against what the interrupted code holds on this CPU.
 *
 * Reported: a class that stands above one already held; two locks of a class out of subclass and
 * address order; the same lock twice; an interrupt class taken with interrupts on; unlocking what is
 * not held; too many locks. Trylocks are recorded, not judged. After a few reports it is silent.
 *
 * perturb=SEED makes lock operations take time or ask for a reschedule, at random by the seed: two real
 * CPUs alone meet few of the interleavings that are possible.
 */
#include <core/lockdep.h>

#if IS_DEBUG

#include <arch/irqflags.h>
#include <base/string.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/percpu.h>
#include <core/printk.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include "internal.h"

#define MAX_REPORTS	20

static const struct {
	const char *name;
	char kind;
} lock_classes[LC_COUNT] = {
#define LOCK_CLASS(n, k, reason)	[LC_##n] = { #n, #k[0] },
#include <base/lockrank.def>
#undef LOCK_CLASS
};

struct cpu_held {
	int nr;				/* [o, interrupts off] */
	struct held_lock held[MAX_HELD_LOCKS];
};
static DEFINE_PERCPU(struct cpu_held, cpu_held);
static u32 lockdep_reports;
static u32 lockdep_reporting;
static DECLARE_BITMAP(lockdep_seen, LC_COUNT * LC_COUNT);	/* [a] */
/* A test breaks rules on purpose: what this task does wrong is only counted. */
struct task_core *lockdep_test_task;
u32 lockdep_test_reports;		/* [o] that task */

static u64 perturb_seed;		/* [I] after boot; 0: off */
static DEFINE_PERCPU(u64, perturb_state);	/* [o] torn updates do no harm */

static __noinline void perturb_now(void)
{
	u64 x = this_cpu_read(perturb_state);

	if (!x)
		x = perturb_seed * 0x9e3779b97f4a7c15ull + (u64)this_cpu_id() + 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	this_cpu_write(perturb_state, x);
	if ((x & 0x3f) == 0)
		for (u64 n = x >> 8 & 0x7ff; n; n--)
			cpu_relax();
	if ((x >> 32 & 0x3f) == 0 && !in_irq() && threads_running())
		this_cpu_and(preempt_word, ~PREEMPT_NO_RESCHED);
}

static inline void perturb(void)
{
	if (unlikely(perturb_seed))
		perturb_now();
}

static int set_perturb(const char *value)
{
	return kstrtou64(value, 0, &perturb_seed);
}
KPARAM("perturb", set_perturb);

static bool lockdep_silent(void)
{
	return panic_in_progress || READ_ONCE(lockdep_reports) >= MAX_REPORTS || !current_core();
}

static void print_held(const struct held_lock *h, int nr)
{
	for (int i = nr - 1; i >= 0; i--)
		pr_err("  %s%s lock %p, taken at %pS\n", lock_classes[h[i].cls].name,
		       h[i].shared ? " (shared)" : "", h[i].lock, h[i].ip);
}

/* Of this CPU and the running task. */
void lockdep_print_held(void)
{
	struct task_core *t = current_core();
	struct cpu_held *c = this_cpu_ptr(cpu_held);

	if (!t || c->nr + t->nr_held == 0) {
		pr_err("no locks held\n");
		return;
	}
	pr_err("locks held, last first:\n");
	print_held(c->held, c->nr);
	print_held(t->held, t->nr_held);
}

static void report(const char *what, const void *lock, u16 cls, const void *other, u16 other_cls)
{
	if (READ_ONCE(lockdep_test_task) == current_core()) {
		lockdep_test_reports++;
		return;
	}
	/* Each pair of classes once. */
	if (test_and_set_bit((u64)cls * LC_COUNT + other_cls, lockdep_seen))
		return;
	if (xchg(&lockdep_reporting, 1))
		return;
	__atomic_fetch_add(&lockdep_reports, 1, __ATOMIC_RELAXED);
	if (other)
		pr_err("BUG: locks: %s: %s %p, while holding %s %p\n", what, lock_classes[cls].name, lock,
		       lock_classes[other_cls].name, other);
	else
		pr_err("BUG: locks: %s: %s %p\n", what, lock_classes[cls].name, lock);
	lockdep_print_held();
	stack_print(NULL);
	ktest_note_bug();
	WRITE_ONCE(lockdep_reporting, 0);
}

/* May (lock, cls, subclass) be taken when h is held? */
static void check_order(const struct held_lock *h, void *lock, u16 cls, u8 subclass)
{
	if (h->lock == lock)
		report("taken twice", lock, cls, h->lock, h->cls);
	else if (cls < h->cls)
		report("out of order", lock, cls, h->lock, h->cls);
	else if (cls == h->cls && (subclass < h->subclass ||
				   (subclass == h->subclass && lock < h->lock)))
		report("two of a class out of order", lock, cls, h->lock, h->cls);
}

static void push(struct held_lock *held, int *nr, const struct held_lock *h)
{
	if (*nr < MAX_HELD_LOCKS)
		held[(*nr)++] = *h;
	else
		report("too many held", h->lock, h->cls, NULL, 0);
}

void lockdep_acquire(struct lockdep_map *m, void *lock, unsigned int subclass, bool try, bool shared)
{
	struct held_lock h = {
		.lock = lock, .ip = __builtin_return_address(0), .cls = m->cls,
		.subclass = (u8)subclass, .shared = shared,
	};
	struct task_core *t = current_core();
	struct cpu_held *c;
	u64 flags;
	char kind;

	if (lockdep_silent())
		return;
	if (m->cls == LC_NONE_INVALID || m->cls >= LC_COUNT) {
		report("lock was never initialised", lock, 0, NULL, 0);
		return;
	}
	kind = lock_classes[m->cls].kind;
	if (kind == 'I' && !irqs_disabled())
		report("interrupt class taken with interrupts on", lock, m->cls, NULL, 0);
	flags = irq_save();
	c = this_cpu_ptr(cpu_held);
	if (!try) {
		for (int i = 0; i < c->nr; i++)
			check_order(&c->held[i], lock, m->cls, h.subclass);
		for (int i = 0; i < t->nr_held; i++)
			check_order(&t->held[i], lock, m->cls, h.subclass);
	}
	if (kind == 'M')
		push(t->held, &t->nr_held, &h);
	else
		push(c->held, &c->nr, &h);
	irq_restore(flags);
	perturb();
}

static bool pop(struct held_lock *held, int *nr, void *lock)
{
	for (int i = *nr - 1; i >= 0; i--) {
		if (held[i].lock != lock)
			continue;
		(*nr)--;
		for (; i < *nr; i++)
			held[i] = held[i + 1];
		return true;
	}
	return false;
}

void lockdep_release(struct lockdep_map *m, void *lock)
{
	struct task_core *t = current_core();
	struct cpu_held *c;
	u64 flags;
	bool found;

	if (lockdep_silent())
		return;
	flags = irq_save();
	c = this_cpu_ptr(cpu_held);
	found = pop(c->held, &c->nr, lock) || pop(t->held, &t->nr_held, lock);
	irq_restore(flags);
	if (!found)
		report("released, not held", lock, m->cls < LC_COUNT ? m->cls : 0, NULL, 0);
	perturb();
}

bool lockdep_held(void *lock)
{
	struct task_core *t = current_core();
	bool found = false;
	struct cpu_held *c;
	u64 flags;

	if (lockdep_silent())
		return true;
	flags = irq_save();
	c = this_cpu_ptr(cpu_held);
	for (int i = 0; i < c->nr; i++)
		found |= c->held[i].lock == lock;
	for (int i = 0; i < t->nr_held; i++)
		found |= t->held[i].lock == lock;
	irq_restore(flags);
	return found;
}

void lockdep_assert_none(void)
{
	struct task_core *t = current_core();
	u64 flags;
	int nr;

	if (lockdep_silent())
		return;
	flags = irq_save();
	nr = this_cpu_ptr(cpu_held)->nr + t->nr_held;
	irq_restore(flags);
	if (nr)
		report("held where none may be", NULL, 0, NULL, 0);
}

#endif
