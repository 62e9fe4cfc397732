/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of kernel/core share among themselves. */
#ifndef KERNEL_CORE_INTERNAL_H
#define KERNEL_CORE_INTERNAL_H

#include <base/types.h>
#include <core/hooks.h>
#include <core/lockdep.h>
#include <core/timer.h>

struct pt_regs;
struct task_core;

/* spinlock.c */
void spinlock_init(void);
bool spinlock_set_queued(bool on);

/* lockdep.c */
#if IS_DEBUG
void lockdep_print_held(void);
extern struct task_core *lockdep_test_task;
extern u32 lockdep_test_reports;
#else
static inline void lockdep_print_held(void) { }
#endif

/* kthread.c: true once schedule() may be called. */
extern bool threads_up;
static inline bool threads_running(void) { return READ_ONCE(threads_up); }

/* ktest.c: a report that makes the running test fail. */
void ktest_note_bug(void);
/* Tests run: a panic must end the machine with a status. */
bool ktest_running(void);

/* printk.c */
void printk_panic_flush(void);

/* wait.c */
void wait_init(void);

/* clock.c: of a clock from monotonic time. */
s64 clock_offset(enum timer_clock clock);

/* smpcall.c */
void irq_work_run(void);

/* rcu.c: per-CPU and thread-less state. */
void rcu_init(void);
bool rcu_cpu_idle(int cpu);
/* From interrupts that hit code which may be preempted, or user code. */
void rcu_note_irq(void);

/* watchdog.c */
DECLARE_PERCPU(u32, watchdog_asleep);
void watchdog_wake(void);
/* rcu_note_switch() counts here: signs of life. */
DECLARE_PERCPU(u64, cpu_switches);

/* symtab.c */
bool symbol_is_text(u64 addr);

#endif
