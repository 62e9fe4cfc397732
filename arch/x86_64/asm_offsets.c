/* SPDX-License-Identifier: MPL-2.0 */
/* Numbers that assembly needs of C: compiled to text, never linked (see the Makefile). */
#include <asm/features.h>
#include <core/preempt.h>
#include <core/regs.h>
#include <core/syscall_table.h>
#include <core/task_core.h>

#define DEF(name, v)	__asm__ volatile("\n.ascii \"->" #name " %0\"" :: "i"((u64)(v)))
#define OFF(name, s, f)	DEF(name, offsetof(struct s, f))

void asm_offsets(void);
void asm_offsets(void)
{
	OFF(PT_R15, pt_regs, r15);
	OFF(PT_R14, pt_regs, r14);
	OFF(PT_R13, pt_regs, r13);
	OFF(PT_R12, pt_regs, r12);
	OFF(PT_BP, pt_regs, bp);
	OFF(PT_BX, pt_regs, bx);
	OFF(PT_R11, pt_regs, r11);
	OFF(PT_R10, pt_regs, r10);
	OFF(PT_R9, pt_regs, r9);
	OFF(PT_R8, pt_regs, r8);
	OFF(PT_AX, pt_regs, ax);
	OFF(PT_CX, pt_regs, cx);
	OFF(PT_DX, pt_regs, dx);
	OFF(PT_SI, pt_regs, si);
	OFF(PT_DI, pt_regs, di);
	OFF(PT_ORIG_AX, pt_regs, orig_ax);
	OFF(PT_IP, pt_regs, ip);
	OFF(PT_CS, pt_regs, cs);
	OFF(PT_FLAGS, pt_regs, flags);
	OFF(PT_SP, pt_regs, sp);
	OFF(PT_SS, pt_regs, ss);
	DEF(PT_SIZE, sizeof(struct pt_regs));
	OFF(TC_KSP, task_core, ksp);
	OFF(TC_STACK, task_core, stack);
	OFF(TC_WORK, task_core, work);
	OFF(TC_FPU, task_core, fpu);
	OFF(TC_CANARY, task_core, canary);
	DEF(KSTACK_BYTES, KSTACK_SIZE);
	DEF(SYSCALL_NR_LIMIT, SYSCALL_TABLE_SIZE);
	DEF(WORK_ENTRY_MASK, WORK_SYSCALL_ENTRY);
	DEF(WORK_EXIT_MASK, WORK_USER_EXIT);
#define X(sym, name, leaf, reg, bit)	DEF(FEAT_##sym, X86_##sym);
	X86_FEATURES(X)
#undef X
}
