/* SPDX-License-Identifier: MPL-2.0 */
/* Cross calls between CPUs (arch/x86_64/cpu/ipi.c, kernel/core/smpcall.c). */
#ifndef CORE_SMP_H
#define CORE_SMP_H

#include <core/cpumask.h>

/*
 * Run fn(arg) in hard interrupt context on each CPU of the mask that is online, this one included
 * if it is a member. With `wait` it returns after all have run it; then interrupts must be on and
 * no lock held that an interrupts-off section takes. Preemption off or on.
 */
void smp_call_mask(const struct cpumask *mask, void (*fn)(void *), void *arg, bool wait);
void smp_call_one(int cpu, void (*fn)(void *), void *arg, bool wait);
/*
 * Interrupt another CPU so that it sets its own need-resched bit (PREEMPT_NO_RESCHED is cleared by the
 * handler, between irq_enter() and irq_exit()) and looks at the work word on its way to user space.
 */
void smp_send_reschedule(int cpu);
/*
 * Nothing to do: called with interrupts off after need_resched() was found false. Lets interrupts in
 * and halts in one step, so that one that came meanwhile ends the halt. Interrupts on at return. By arch.
 */
void cpu_idle_wait(void);
/*
 * Start the other CPUs (maxcpus=, nosmp); returns when each that came is in cpu_online_mask and on
 * its way into sched_cpu_start(). kernel_start() only, thread context. By arch.
 */
void smp_boot_aps(void);
/* Park all other CPUs; panic and power-off. Any context. */
void smp_stop_others(void);

#endif
