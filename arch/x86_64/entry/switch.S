/* SPDX-License-Identifier: MPL-2.0 */
/* struct task_core *switch_stacks(struct task_core *prev, struct task_core *next): returns prev, on next's stack. */
#include <generated/asm_offsets.h>

	.text
	.balign	16
	.globl	switch_stacks
	.type	switch_stacks, @function
switch_stacks:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, TC_KSP(%rdi)
	movq	TC_KSP(%rsi), %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdi, %rax
	ret

	.section .note.GNU-stack, "", @progbits
