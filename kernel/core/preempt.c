/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Kernel preemption: what happens when the preempt word of a CPU becomes zero, that is, when code
 * that may be preempted runs and the scheduler wants the CPU. And the check behind might_sleep().
 *
 * Both ways in use schedule_preempt(), not schedule(): a task that has set its state to sleep and is
 * preempted before it tested its condition must stay runnable, or the wake-up is lost.
 */
#include <core/hooks.h>
#include <core/irq.h>
#include <core/panic.h>
#include <core/preempt.h>
#include <core/printk.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include "internal.h"

DEFINE_PERCPU(u32, preempt_word) = PREEMPT_NO_RESCHED;
DEFINE_PERCPU(const struct pt_regs *, percpu_irq_regs);

/* From preempt_enable(). With interrupts off it stays pending: the next interrupt's end takes it up. */
void preempt_resched(void)
{
	if (irqs_disabled())
		return;
	do {
		schedule_preempt();
	} while (this_cpu_read(preempt_word) == 0);
}

void preempt_irq_resched(void)
{
	while (this_cpu_read(preempt_word) == 0) {
		irq_enable();
		schedule_preempt();
		irq_disable();
	}
}

bool irq_interrupted_user(void)
{
	const struct pt_regs *regs = this_cpu_read(percpu_irq_regs);

	return regs && regs_from_user(regs);
}

#if IS_DEBUG
/* Sleeping is for thread context with preemption and interrupts on. Quiet until there are threads. */
void might_sleep_check(const char *file, int line)
{
	static u32 reports;

	if (likely(preempt_count() == 0 && !irqs_disabled()) || !current_core() || panic_in_progress)
		return;
	if (!threads_running() || reports >= 10)
		return;
	reports++;
	pr_err("BUG: sleeping function called from %s at %s:%d (preempt count %#x, interrupts %s)\n",
	       in_irq() ? "an interrupt" : "a section that must not sleep", file, line,
	       preempt_count(), irqs_disabled() ? "off" : "on");
	lockdep_print_held();
	stack_print(NULL);
	ktest_note_bug();
}
#endif
