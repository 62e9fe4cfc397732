/* SPDX-License-Identifier: MPL-2.0 */
/* The task that runs on this CPU, as core sees it. */
#ifndef ARCH_CURRENT_H
#define ARCH_CURRENT_H

#include <arch/percpu.h>

struct task_core;
extern struct task_core *percpu_current;	/* per-CPU; written by the context switch */

/* Not volatile: within a task the answer never changes, so the compiler may keep it. */
static __always_inline struct task_core *current_core(void)
{
	struct task_core *t;

	__asm__("movq %%gs:%a1, %0" : "=r"(t) : "i"(&percpu_current));
	return t;
}

#endif
