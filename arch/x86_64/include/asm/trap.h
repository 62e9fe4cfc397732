/* SPDX-License-Identifier: MPL-2.0 */
/* Private to arch/x86_64: between entry code, traps, signal frames and FPU. */
#ifndef ASM_TRAP_H
#define ASM_TRAP_H

#include <base/compiler.h>
#include <base/types.h>
#include <core/sigframe.h>

struct pt_regs;
struct task_core;

/* Called by entry.S. */
void exception_entry(struct pt_regs *regs, unsigned int vector);
void interrupt_entry(struct pt_regs *regs);
struct pt_regs *fix_bad_iret(struct pt_regs *fault);
void bad_iret_signal(struct pt_regs *regs);
bool syscall_traced(struct pt_regs *regs);
bool exit_to_user_work(struct pt_regs *regs);
void task_first_return(struct task_core *prev, struct pt_regs *regs);
__noreturn void enter_user_asm(struct pt_regs *regs);

/* cpu/ipi.c: an NMI came. */
void smp_nmi(struct pt_regs *regs);

/* The address to go on at after a fault at `ip`; 0: none registered. */
u64 extable_fixup(u64 ip);
/* mm/fault.c */
void page_fault(struct pt_regs *regs, u64 error);
/* A fault in the kernel that has no fixup: die. */
__noreturn void kernel_fault(const struct pt_regs *regs, const char *what, u64 error, u64 addr);

/* What the last exception in user mode was: sigcontext's trapno, err, cr2. Kept in struct fpu_state's header. */
struct fault_info {
	u64 trapno, error, cr2;
};
struct fault_info *current_fault_info(void);

#endif
