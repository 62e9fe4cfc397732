/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every function that core calls in the layers above, and nothing else: defined there, resolved at
 * link time. The list is a golden file of `make check`; a new line needs a reason in docs/layers.md.
 */
#ifndef CORE_UPCALL_H
#define CORE_UPCALL_H

#include <base/compiler.h>
#include <base/types.h>
#include <core/syscall_table.h>

struct task_core;
struct pt_regs;
struct folio;
struct cpumask;

/* --- kernel/sched --- */
/* Give the CPU away according to current's state. Thread context, no spinlock held. */
void schedule(void);
/* Preemption: another task may run now; current stays runnable whatever its state says. Thread context. */
void schedule_preempt(void);
/* Wake a task that sleeps in one of `states`; false if it did not. Any context but NMI. Full barrier before. */
bool sched_wake(struct task_core *t, unsigned int states);
/* First thing a new task does after its first switch: finish what the scheduler began. */
void sched_finish_first_switch(struct task_core *prev);
/* The boot or an application processor enters its idle loop; never returns. */
__noreturn void sched_cpu_start(void);
/* The idle task of a CPU that arch is about to start (its stack and current). */
struct task_core *sched_idle_task(int cpu);
/* Account time at the border of user and kernel (coarse; by tick or exact at switch). */
bool sched_task_runs(const struct task_core *t);	/* for adaptive spinning: on a CPU now? */

/* --- kernel/task, kernel/signal --- */
/* A kernel thread, stopped until kthread_wake; see core/kthread.h. */
struct task_core *task_create_kthread(int (*fn)(void *), void *arg, int cpu, const char *name);
/* Exception in user mode: queue the signal; a fault in kernel mode never comes here. */
void signal_force_fault(int sig, int code, u64 addr, int trapno, u64 error);
/* Is a fatal signal pending for the task (killable sleeps)? */
bool signal_fatal_pending(const struct task_core *t);
/* Return to user space with work bits set: signals, notify, reschedule. Interrupts on entry on, on return off and nothing left. */
void user_exit_work(struct pt_regs *regs);
/* System call entry with WORK_SYSCALL_ENTRY bits: seccomp, ptrace. The call number to run or -1 to skip (result in regs). */
long user_entry_work(struct pt_regs *regs);
/* After such a call: tracers see the result. */
void user_syscall_exit_work(struct pt_regs *regs);
/* The task's user state is beyond repair (bad signal frame, stack overflow of the kernel): kill it. */
void task_kill_self(int sig);
/* id for log lines */
u32 task_core_id(const struct task_core *t);
const char *task_core_name(const struct task_core *t);

/* --- kernel/sys: the dispatch table (core/syscall_table.h) --- */
extern const syscall_fn syscall_table[SYSCALL_TABLE_SIZE];

/* --- mm/vm --- */
enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };
#define FAULT_FROM_USER		0x1u
#define FAULT_PRESENT		0x2u	/* protection violation, not a missing entry */
/*
 * A page fault at a user address; interrupts on. 0: mapped, go on. Else -errno with *sig and *code
 * for user mode (SIGSEGV, SIGBUS); kernel mode takes its fixup.
 */
int vm_fault(u64 addr, enum fault_access access, u32 flags, int *sig, int *code);

/* --- mm/cache, mm/reclaim --- */
/* The last reference of a folio goes: off LRU lists, statistics. Any context. */
void folio_release(struct folio *f);
/* A page-table entry that names a slot of swap was copied, was cleared. Page-table lock held. */
void swap_entry_get(u64 entry);
void swap_entry_put(u64 entry);
/* Nothing maps a folio of the swap cache any more; referenced. No spinlock held. */
void swap_folio_unmapped(struct folio *f);
/* Free about nr pages; returns pages freed. May sleep if gfp says so. */
u64 reclaim_pages(u64 nr, unsigned int order, gfp_t gfp);
/* What one allocation knows of its attempts so far: zeroed, then reclaim_again()'s. */
struct reclaim_patience {
	u32 idle;		/* attempts since one that freed something */
	u64 written;		/* pages that devices had written at the last look */
	u64 moved_ns;		/* when something last got on */
};
/*
 * After an attempt that freed `freed` pages and was not enough: is another one worth it? As long as pages are freed,
 * or dirty ones are on their way to a device, it is. Sleeps a little when nothing was freed.
 */
bool reclaim_again(struct reclaim_patience *p, u64 freed);
/* Nothing left to reclaim: kill somebody. True if memory will come back. */
bool oom_kill(unsigned int order, gfp_t gfp);
/* Free memory fell below the low watermark: wake the background reclaimer. Any context. */
void reclaim_wake(void);

/* --- kernel/init --- */
/* Core is up on the boot CPU, in the context of the first task: start everything else. */
__noreturn void kernel_start(void);
/* Power button, ctrl-alt-del: ask init for a clean shutdown. Any context. */
void power_button_pressed(void);

/* --- kernel/time --- */
/* The wall clock was set: absolute realtime timers of user space notice. */
void time_was_set(void);

#endif
