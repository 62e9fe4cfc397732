/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The part of a task that the core needs: stack, saved registers, FPU, state and the work word. It
 * is the first member of struct task (kernel/task.h), which the core never sees.
 */
#ifndef CORE_TASK_CORE_H
#define CORE_TASK_CORE_H

#include <arch/current.h>
#include <base/atomic.h>
#include <base/bits.h>
#include <base/types.h>
#include <core/lockdep.h>

#if IS_DEBUG
#define KSTACK_SIZE	(32 * 1024ul)
#else
#define KSTACK_SIZE	(16 * 1024ul)
#endif
#define MAX_HELD_LOCKS	24

/* task_core.state: 0 runs or waits for a CPU. */
#define TASK_RUNNING		0u
#define TASK_INTERRUPTIBLE	0x01u	/* woken by any signal */
#define TASK_UNINTERRUPTIBLE	0x02u
#define TASK_STOPPED		0x04u	/* job control */
#define TASK_TRACED		0x08u
#define TASK_DEAD		0x10u	/* never runs again */
#define TASK_WAKEKILL		0x20u	/* also woken by a fatal signal */
#define TASK_PARKED		0x40u
#define TASK_NEW		0x80u	/* not started yet */
#define TASK_KILLABLE		(TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_ALL		0xffu

/* task_core.work: what must be looked at on the way to user space. Zero is the fast path. */
#define WORK_KEPT_CPU		BIT(0)	/* from a task that woke: sched_kept_cpu() */
#define WORK_SIGNAL		BIT(1)	/* signal_pending() */
#define WORK_NOTIFY		BIT(2)	/* task work is queued: last fput, ... */
#define WORK_RESTORE_MASK	BIT(3)	/* sigsuspend and kin: put the saved mask back */
#define WORK_SINGLESTEP		BIT(4)
#define WORK_RSEQ		BIT(5)
#define WORK_PTRACE_EVENT	BIT(6)
#define WORK_FULL_REGS	BIT(7)	/* entry code's own: registers were replaced inside the call, load all of them */
/* On the way in (and for some on the way out as well). */
#define WORK_SYSCALL_TRACE	BIT(16)	/* ptrace */
#define WORK_SECCOMP		BIT(17)
#define WORK_STRACE		BIT(18)	/* kernel command line strace= */
#define WORK_SYSCALL_ENTRY	(WORK_SYSCALL_TRACE | WORK_SECCOMP | WORK_STRACE)
#define WORK_USER_EXIT		0xffffu

struct fpu_state;
struct kthread;
struct pgtable;
struct pt_regs;

struct held_lock {
	void *lock;
	const void *ip;
	u16 cls;
	u8 subclass;
	u8 shared;
};

struct task_core {
	u64 ksp;		/* saved stack pointer while switched out */
	void *stack;		/* [I] lowest address of the kernel stack */
	u64 canary;		/* [I] stack protector's value */
	u32 state;		/* [a] TASK_*, set by the task itself, to 0 by wakers */
	u32 on_cpu;		/* [a] 1 while its registers are live on some CPU */
	unsigned long work;	/* [a] WORK_* */
	u32 preempt_saved;	/* preempt_word while switched out */
	int fault_disabled;	/* [o task] depth of pagefault_disable() */
	bool memalloc;		/* [o task] works for reclaim: may use all of the reserve, waits for nobody */
	u32 alloc_scope;	/* [o task] gfp flags taken away: memalloc_nofs_save() */
	int cpu;		/* CPU it runs or last ran on; changed under the run-queue lock */
	u64 fsbase, gsbase;	/* user segment bases while switched out */
	struct fpu_state *fpu;	/* NULL for kernel threads */
	struct pgtable *pt;	/* user page tables, NULL for kernel threads; lazy: last one stays loaded */
	bool kthread;		/* [I] */
	struct kthread *kt;	/* [I] of kernel/core/kthread.c, NULL for others */
#if IS_DEBUG
	int nr_held;		/* [o task] */
	struct held_lock held[MAX_HELD_LOCKS];
	void *kasan_stack_base;
	u32 fail_nth;		/* [a] allocations until one fails: core/failpoint.h */
#endif
};

static __always_inline bool signal_pending(void)
{
	return unlikely(READ_ONCE(current_core()->work) & WORK_SIGNAL);
}

static inline void task_work_set(struct task_core *t, unsigned long bits)
{
	__atomic_fetch_or(&t->work, bits, __ATOMIC_SEQ_CST);
}

static inline void task_work_clear(struct task_core *t, unsigned long bits)
{
	__atomic_fetch_and(&t->work, ~bits, __ATOMIC_SEQ_CST);
}

/* Set own state before testing a condition and calling schedule(); orders as wait and wake need. */
#define set_current_state(s)	smp_store_mb(current_core()->state, (s))
#define set_current_state_relaxed(s)	WRITE_ONCE(current_core()->state, (s))

/* The user registers saved at the top of a task's kernel stack. */
static inline struct pt_regs *task_user_regs(const struct task_core *t)
{
	extern const u64 pt_regs_size;

	return (struct pt_regs *)((char *)t->stack + KSTACK_SIZE - pt_regs_size);
}

/* --- arch/x86_64, for kernel/task and kernel/sched --- */

/* Allocate stack (with guard page) and, for user tasks, FPU memory. -ENOMEM. May sleep. */
__must_check int task_core_alloc(struct task_core *t, bool user);
/* Give them back: after the task was switched away from for good. */
void task_core_free(struct task_core *t);
/* Give the stacks that CPUs keep for the next fork back. May sleep. */
void task_stacks_trim(void);
/* First run enters fn(arg) with preemption as schedule() leaves it; fn never returns. */
void task_core_init_kernel(struct task_core *t, void (*fn)(void *), void *arg);
/*
 * First run returns to user space with a copy of `regs`, result 0, and the given stack pointer
 * (0: unchanged) and, if set_tls, FS base. Copies current's FPU state.
 */
void task_core_init_user(struct task_core *t, const struct pt_regs *regs, u64 sp, bool set_tls, u64 tls);
/* Switch stacks, FPU, segments and CPU's current; interrupts off, run-queue lock held. Returns the task we came from. */
struct task_core *task_core_switch(struct task_core *prev, struct task_core *next);
/* Leave for user space with the registers at task_user_regs(current): the first process after its execve. */
__noreturn void task_core_enter_user(void);
/* kthread to user task: give it FPU state and user registers (execve by pid 1). -ENOMEM. */
__must_check int task_core_make_user(struct task_core *t);

/* pagefault_disable: user copies return short instead of sleeping in a fault. */
static inline void pagefault_disable(void) { current_core()->fault_disabled++; barrier(); }
static inline void pagefault_enable(void) { barrier(); current_core()->fault_disabled--; }

/* Keep reclaim out of file systems (nofs) or devices (noio) for a scope. Returns what restore wants. */
static inline u32 memalloc_scope_save(u32 gfp_away)
{
	u32 old = current_core()->alloc_scope;

	current_core()->alloc_scope = old | gfp_away;
	return old;
}
static inline void memalloc_scope_restore(u32 old) { current_core()->alloc_scope = old; }

#endif
