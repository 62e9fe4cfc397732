/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one preempt word of a CPU: how deep it is in sections that may not be preempted, in hard
 * interrupts and in NMIs, and (inverted, so that zero means "preempt now") whether a reschedule is
 * wanted. It belongs to the running task and is saved by the context switch.
 */
#ifndef CORE_PREEMPT_H
#define CORE_PREEMPT_H

#include <arch/irqflags.h>
#include <core/percpu.h>
#include <base/assert.h>

#define PREEMPT_MASK		0x000000ffu	/* depth of preempt_disable(), spinlocks included */
#define HARDIRQ_UNIT		0x00000100u
#define HARDIRQ_MASK		0x0000ff00u
#define NMI_UNIT		0x00010000u
#define NMI_MASK		0x000f0000u
#define PREEMPT_NO_RESCHED	0x80000000u	/* set: no reschedule wanted */

DECLARE_PERCPU(u32, preempt_word);

/* kernel/core/preempt.c: calls schedule() until no reschedule is wanted. */
void preempt_resched(void);

static __always_inline u32 preempt_count(void) { return this_cpu_read(preempt_word) & ~PREEMPT_NO_RESCHED; }
static __always_inline bool in_irq(void) { return this_cpu_read(preempt_word) & (HARDIRQ_MASK | NMI_MASK); }
static __always_inline bool in_nmi(void) { return this_cpu_read(preempt_word) & NMI_MASK; }
/* May the running code sleep? */
static __always_inline bool preemptible(void) { return preempt_count() == 0 && !irqs_disabled(); }
static __always_inline bool need_resched(void) { return !(this_cpu_read(preempt_word) & PREEMPT_NO_RESCHED); }

static __always_inline void preempt_disable(void) { this_cpu_add(preempt_word, 1); barrier(); }
static __always_inline void preempt_enable_no_resched(void) { barrier(); this_cpu_sub(preempt_word, 1); }
static __always_inline void preempt_enable(void)
{
	barrier();
	this_cpu_sub(preempt_word, 1);
	if (unlikely(this_cpu_read(preempt_word) == 0))
		preempt_resched();
}

/* First line of every function that can sleep. */
#if IS_DEBUG
void might_sleep_check(const char *file, int line);
#define might_sleep()	might_sleep_check(__FILE__, __LINE__)
#else
#define might_sleep()	((void)0)
#endif

#endif
