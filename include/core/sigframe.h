/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The user-visible signal frame of x86-64 (arch/x86_64/entry/sigframe.c): ucontext with the general
 * registers and the whole XSAVE state. kernel/signal decides, this writes and reads it.
 */
#ifndef CORE_SIGFRAME_H
#define CORE_SIGFRAME_H

#include <base/compiler.h>
#include <core/regs.h>
#include <uapi/linux/signal.h>

struct sigframe_args {
	int sig;
	u64 handler, restorer, flags;	/* of the sigaction */
	u64 mask;			/* to be restored by sigreturn */
	stack_t altstack;		/* as it is now; goes into the frame */
	u64 stack_top;			/* where the frame goes: altstack end, or 0: below regs->sp's red zone */
	siginfo_t info;
};

/* Write the frame and set regs to enter the handler. 0, or -EFAULT: the task gets SIGSEGV. */
__must_check int sigframe_setup(struct pt_regs *regs, const struct sigframe_args *a);
/*
 * rt_sigreturn: read and validate the frame at regs->sp, set registers and FPU. Mask and
 * altstack for the caller to install. -EFAULT.
 */
__must_check int sigframe_restore(struct pt_regs *regs, u64 *mask, stack_t *altstack);

/* Fresh user state for execve: registers zero but ip, sp; FPU initial; segments zero. */
void user_regs_start(struct pt_regs *regs, u64 ip, u64 sp);
void fpu_reset_current(void);
/* arch_prctl and clone's TLS: bases of the current task. -EPERM when not canonical user addresses. */
__must_check int user_set_fsbase(u64 base);
__must_check int user_set_gsbase(u64 base);
u64 user_fsbase(void);
u64 user_gsbase(void);
/* Fault details of the last exception, for siginfo and sigcontext. */
void user_fault_info_set(int trapno, u64 error, u64 cr2);

#endif
