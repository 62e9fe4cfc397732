/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The border to user space: what is done on the way out when the work word is not zero, and what looks at
 * a system call on the way in and out (strace=, seccomp; ptrace when it exists).
 */
#include <core/upcall.h>
#include <kernel/rseq.h>
#include <kernel/seccomp.h>
#include <kernel/strace.h>
#include <kernel/syscall.h>
#include <kernel/task.h>

void user_exit_work(struct pt_regs *regs)
{
	unsigned long work;

	if (READ_ONCE(current->core.work) & WORK_KEPT_CPU)
		sched_kept_cpu();
	if (need_resched())
		schedule_preempt();
	work = READ_ONCE(current->core.work);
	if (work & WORK_NOTIFY) {
		task_work_clear(&current->core, WORK_NOTIFY);
		task_work_run();
	}
	if (work & (WORK_SIGNAL | WORK_RESTORE_MASK))
		signal_deliver(regs);
	if (work & WORK_RSEQ) {
		task_work_clear(&current->core, WORK_RSEQ);
		rseq_resume(regs);
	}
	/* What nobody implements must not keep us here. */
	if (work & (WORK_SINGLESTEP | WORK_PTRACE_EVENT))
		task_work_clear(&current->core, WORK_SINGLESTEP | WORK_PTRACE_EVENT);
}

long user_entry_work(struct pt_regs *regs)
{
	if (current->core.work & WORK_STRACE)
		strace_enter(regs);
	if (current->core.work & WORK_SECCOMP && !seccomp_allows(regs))
		return -1;
	return (long)regs->orig_ax;
}

void user_syscall_exit_work(struct pt_regs *regs)
{
	if (current->core.work & WORK_STRACE)
		strace_exit(regs);
}
