/* SPDX-License-Identifier: MPL-2.0 */
/* Restartable sequences (kernel/sched/rseq.c). */
#ifndef KERNEL_RSEQ_H
#define KERNEL_RSEQ_H

#include <kernel/task.h>

struct pt_regs;

/* t leaves its CPU (or membarrier wants it to look as if): its section is to be restarted. Preemption off. */
void rseq_note(struct task *t);
static inline void rseq_switched_out(struct task *t)
{
	if (unlikely(t->rseq.addr))
		rseq_note(t);
}
/* On the way to user space with WORK_RSEQ. May sleep. */
void rseq_resume(struct pt_regs *regs);
/* A handler of current is about to be entered. May sleep. */
void rseq_signal(struct pt_regs *regs, int sig);

#endif
