/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The doors into the kernel and back: system calls, exceptions, interrupts.
 *
 * System call: straight through when no work bit is set; the six registers that C preserves are not
 * loaded again on that way, so whoever changes a task's registers from inside a call sets
 * WORK_FULL_REGS (sigreturn, execve) and leaves by the slow path. The slow path uses SYSRET only if
 * the registers still look as SYSCALL made them, else IRET.
 *
 * Exceptions and interrupts swap GS by the interrupted code segment. The four that may hit between
 * any two instructions (NMI, debug, double fault, machine check) run on IST stacks and do not look
 * at GS: the CPU's per-CPU distance lies right above their stack (cpu/gdt.c).
 *
 * An IRET to user mode may fault (bad selectors): that comes back as an exception at iret_to_user_insn,
 * with GS the user's, and becomes a signal with the user's registers put together again.
 */
#include <asm/alternative.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/entry.h>
#include <generated/asm_offsets.h>

	.section .entry.text, "ax", @progbits
	.balign	64
	.globl	syscall_entry
	.type	syscall_entry, @function
syscall_entry:
	swapgs
	movq	%rsp, %gs:percpu_user_sp
	movq	%gs:percpu_kstack_top, %rsp
	pushq	$USER_DS
	pushq	%gs:percpu_user_sp
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
	pushq	%rax
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	$-38			/* ax: -ENOSYS until there is a result */
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%gs:percpu_current, %rbx
	xorl	%ebp, %ebp
	sti
	testl	$WORK_ENTRY_MASK, TC_WORK(%rbx)
	jnz	syscall_slow
	cmpq	$SYSCALL_NR_LIMIT, %rax
	jae	2f
	/* A mispredicted compare must not index the table beyond its end. */
	sbbq	%rcx, %rcx
	andq	%rcx, %rax
	movq	%rsp, %rdi
	call	*syscall_table(, %rax, 8)
	movq	%rax, PT_AX(%rsp)
2:	cli
	testl	$WORK_EXIT_MASK, TC_WORK(%rbx)
	jnz	syscall_exit_work
	movq	PT_BP(%rsp), %rbp
	movq	PT_BX(%rsp), %rbx
	movq	PT_AX(%rsp), %rax
	movq	PT_FLAGS(%rsp), %r11
	movq	PT_R10(%rsp), %r10
	movq	PT_R9(%rsp), %r9
	movq	PT_R8(%rsp), %r8
	movq	PT_IP(%rsp), %rcx
	movq	PT_DX(%rsp), %rdx
	movq	PT_SI(%rsp), %rsi
	movq	PT_DI(%rsp), %rdi
	movq	PT_SP(%rsp), %rsp
	swapgs
	sysretq

syscall_slow:
	movq	%rsp, %rdi
	call	syscall_traced		/* leaves interrupts off and no work */
	jmp	3f
syscall_exit_work:
	movq	%rsp, %rdi
	call	exit_to_user_work	/* the same; al: SYSRET is possible */
3:	testb	%al, %al
	jz	iret_to_user
	POP_REGS
	movq	24(%rsp), %rsp		/* rcx and r11 are as SYSCALL set them: ip and flags */
	swapgs
	sysretq

	.globl	syscall32_entry
	.type	syscall32_entry, @function
syscall32_entry:
	movl	$-38, %eax
	sysretl

/* Interrupts on or off; rsp at the task's pt_regs. */
	.globl	return_to_user
	.type	return_to_user, @function
return_to_user:
	cli
	movq	%gs:percpu_current, %rax
	testl	$WORK_EXIT_MASK, TC_WORK(%rax)
	jnz	4f
	testl	$0x80000000, %gs:preempt_word
	jnz	iret_to_user
4:	movq	%rsp, %rdi
	call	exit_to_user_work
iret_to_user:
	POP_REGS
	swapgs
	.globl	iret_to_user_insn
iret_to_user_insn:
	iretq

/* void task_core_enter_user(struct pt_regs *regs): for the first process, whose stack has no entry below. */
	.globl	enter_user_asm
	.type	enter_user_asm, @function
enter_user_asm:
	cli
	movq	%rdi, %rsp
	jmp	return_to_user

/* A new user task, from switch_stacks(): rax is the task before. rsp at its pt_regs. */
	.globl	task_start_user
	.type	task_start_user, @function
task_start_user:
	movq	%rax, %rdi
	movq	%rsp, %rsi
	xorl	%ebp, %ebp
	call	task_first_return
	jmp	return_to_user

/* A new kernel thread: function in rbx, argument in r12. */
	.globl	task_start_kernel
	.type	task_start_kernel, @function
task_start_kernel:
	movq	%rax, %rdi
	xorl	%ebp, %ebp
	call	sched_finish_first_switch
	movq	%r12, %rdi
	call	*%rbx
	ud2

/* ---- exceptions ---- */

.macro EXC_STUB vec, has_error, kind
exc_stub_\vec:
	.if \has_error == 0
	pushq	$0
	.endif
	PUSH_REGS
	movl	$\vec, %esi
	jmp	\kind
.endm

	.balign 16
	EXC_STUB 0, 0, exc_common
	EXC_STUB 1, 0, paranoid_common
	EXC_STUB 2, 0, paranoid_common
	EXC_STUB 3, 0, exc_common
	EXC_STUB 4, 0, exc_common
	EXC_STUB 5, 0, exc_common
	EXC_STUB 6, 0, exc_common
	EXC_STUB 7, 0, exc_common
	EXC_STUB 8, 1, paranoid_common
	EXC_STUB 9, 0, exc_common
	EXC_STUB 10, 1, exc_common
	EXC_STUB 11, 1, exc_common
	EXC_STUB 12, 1, exc_common
	EXC_STUB 13, 1, exc_common
	EXC_STUB 14, 1, exc_common
	EXC_STUB 15, 0, exc_common
	EXC_STUB 16, 0, exc_common
	EXC_STUB 17, 1, exc_common
	EXC_STUB 18, 0, paranoid_common
	EXC_STUB 19, 0, exc_common
	EXC_STUB 20, 0, exc_common
	EXC_STUB 21, 1, exc_common
	EXC_STUB 22, 0, exc_common
	EXC_STUB 23, 0, exc_common
	EXC_STUB 24, 0, exc_common
	EXC_STUB 25, 0, exc_common
	EXC_STUB 26, 0, exc_common
	EXC_STUB 27, 0, exc_common
	EXC_STUB 28, 0, exc_common
	EXC_STUB 29, 1, exc_common
	EXC_STUB 30, 1, exc_common
	EXC_STUB 31, 0, exc_common

exc_common:
	cld
	CLAC_GATE
	testb	$3, PT_CS(%rsp)
	jz	5f
	swapgs
exc_from_user:
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	exception_entry
	jmp	return_to_user
5:	leaq	iret_to_user_insn(%rip), %rax
	cmpq	%rax, PT_IP(%rsp)
	je	bad_iret
	movq	%rsp, %rdi
	leaq	PT_BP(%rsp), %rbp	/* the frame-pointer chain goes on in the interrupted code */
	call	exception_entry
return_to_kernel:
	POP_REGS
	iretq

bad_iret:
	swapgs
	movq	%rsp, %rdi
	call	fix_bad_iret		/* rax: the user's registers at the stack's top */
	movq	%rax, %rsp
	movq	%rax, %rdi
	xorl	%ebp, %ebp
	call	bad_iret_signal
	jmp	return_to_user

paranoid_common:
	cld
	CLAC_GATE
	testb	$3, PT_CS(%rsp)
	jnz	6f
	/* From the kernel: GS may be the user's still or already. */
	movl	%esi, %r12d
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	movl	%eax, %ebx
	shlq	$32, %rdx
	orq	%rdx, %rbx
	movq	PT_SIZE(%rsp), %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	wrmsr
	movq	%rsp, %rdi
	movl	%r12d, %esi
	leaq	PT_BP(%rsp), %rbp
	call	exception_entry
	movl	$MSR_GS_BASE, %ecx
	movl	%ebx, %eax
	movq	%rbx, %rdx
	shrq	$32, %rdx
	wrmsr
	jmp	return_to_kernel
6:	/* From user mode GS is surely the user's. */
	swapgs
	cmpl	$VEC_DB, %esi
	je	7f
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	exception_entry
	POP_REGS
	swapgs
	iretq
7:	/* A debug trap becomes a signal: go on, on the task's own stack. */
	movl	%esi, %r12d
	movq	%rsp, %rsi
	movq	%gs:percpu_kstack_top, %rdi
	subq	$PT_SIZE, %rdi
	movl	$(PT_SIZE / 8), %ecx
	movq	%rdi, %rsp
	rep movsq
	movl	%r12d, %esi
	jmp	exc_from_user

/* ---- interrupts ---- */

	.balign 16
irq_stub_start:
	vector = 32
	.rept 224
	.balign 16
	pushq	$vector
	jmp	irq_common
	vector = vector + 1
	.endr

irq_common:
	PUSH_REGS
	cld
	CLAC_GATE
	movq	%rsp, %rdi
	testb	$3, PT_CS(%rsp)
	jz	8f
	swapgs
	xorl	%ebp, %ebp
	call	interrupt_entry
	jmp	return_to_user
8:	leaq	PT_BP(%rsp), %rbp
	call	interrupt_entry
	jmp	return_to_kernel

	.section .rodata, "a", @progbits
	.balign 8
	.globl	exception_stubs, irq_stubs
exception_stubs:
	.irp v, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.quad	exc_stub_\v
	.endr
irq_stubs:
	vector = 0
	.rept 224
	.quad	irq_stub_start + vector * 16
	vector = vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
