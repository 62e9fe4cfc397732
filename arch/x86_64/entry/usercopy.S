/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Accesses that may fault. Each opens SMAP's gate for its few instructions and has a line in the
 * exception table for every one that touches the doubtful memory. Copies go eight bytes at a time,
 * and by rep movsb where the CPU is fast at it and the block is large. Contracts in asm/uaccess.h.
 */
#include <asm/alternative.h>
#include <generated/asm_offsets.h>

	.text

/*
 * size_t arch_copy_to_user(u64 dst, const void *src, size_t n), arch_copy_from_user(void *dst, u64 src, size_t n)
 * rdi, rsi, rdx; returns what is left in rax. One body: both sides are covered by the table.
 */
	.balign 32
	.globl	arch_copy_to_user, arch_copy_from_user
arch_copy_from_user:
arch_copy_to_user:
	STAC_GATE
	movq	%rdx, %rcx
	cmpq	$64, %rcx
	jae	10f
1:	cmpq	$8, %rcx
	jb	3f
2:	movq	(%rsi), %rax
20:	movq	%rax, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rcx
	cmpq	$8, %rcx
	jae	2b
3:	testq	%rcx, %rcx
	jz	5f
4:	movb	(%rsi), %al
40:	movb	%al, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jnz	4b
5:	CLAC_GATE
	xorl	%eax, %eax
	ret
	/* Large: whole words by rep movsq, or bytes where that is as fast; the tail above. */
10:	ALTERNATIVE "jmp 12f", "", FEAT_ERMS
11:	rep movsb
	jmp	5b
12:	movl	%ecx, %edx
	andl	$7, %edx
	shrq	$3, %rcx
13:	rep movsq
	movl	%edx, %ecx
	jmp	3b
	/* Faults: rcx bytes are left (words: rcx * 8 + edx). Try the rest byte by byte, for an exact count. */
14:	leaq	(%rdx, %rcx, 8), %rcx
15:	testq	%rcx, %rcx
	jz	17f
16:	movb	(%rsi), %al
160:	movb	%al, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jnz	16b
17:	CLAC_GATE
	movq	%rcx, %rax
	ret
	EXTABLE	2b, 15b
	EXTABLE	20b, 15b
	EXTABLE	4b, 17b
	EXTABLE	40b, 17b
	EXTABLE	11b, 15b
	EXTABLE	13b, 14b
	EXTABLE	16b, 17b
	EXTABLE	160b, 17b

/* size_t arch_clear_user(u64 dst, size_t n) */
	.balign 16
	.globl	arch_clear_user
arch_clear_user:
	STAC_GATE
	xorl	%eax, %eax
	movq	%rsi, %rcx
	movl	%esi, %edx
	andl	$7, %edx
	shrq	$3, %rcx
1:	rep stosq
	movl	%edx, %ecx
2:	rep stosb
3:	CLAC_GATE
	movq	%rcx, %rax
	ret
4:	leaq	(%rdx, %rcx, 8), %rcx
	jmp	2b
	EXTABLE	1b, 4b
	EXTABLE	2b, 3b

/* ssize_t arch_strncpy_from_user(char *dst, u64 src, size_t n) */
	.balign 16
	.globl	arch_strncpy_from_user
arch_strncpy_from_user:
	STAC_GATE
	xorl	%ecx, %ecx
	movabsq	$0x0101010101010101, %r8
	movq	%r8, %r9
	shlq	$7, %r9			/* 0x80 in each byte */
	/* Eight bytes at a time while the source is aligned (no word crosses a page) and there is room. */
1:	leaq	8(%rcx), %rax
	cmpq	%rdx, %rax
	ja	4f
	leaq	(%rsi, %rcx), %rax
	testb	$7, %al
	jnz	4f
2:	movq	(%rsi, %rcx), %rax
	movq	%rax, %r10
	movq	%rax, %r11
	subq	%r8, %r10
	notq	%r11
	andq	%r11, %r10
	testq	%r9, %r10
	jnz	4f			/* a zero byte is among them: finish by bytes */
	movq	%rax, (%rdi, %rcx)
	addq	$8, %rcx
	jmp	1b
4:	cmpq	%rdx, %rcx
	jae	6f
5:	movb	(%rsi, %rcx), %al
	movb	%al, (%rdi, %rcx)
	testb	%al, %al
	jz	6f
	incq	%rcx
	leaq	(%rsi, %rcx), %rax
	testb	$7, %al
	jnz	4b
	jmp	1b
6:	CLAC_GATE
	movq	%rcx, %rax
	ret
7:	CLAC_GATE
	movq	$-14, %rax
	ret
	EXTABLE	2b, 7b
	EXTABLE	5b, 7b

/* ssize_t arch_strnlen_user(u64 src, size_t n) */
	.balign 16
	.globl	arch_strnlen_user
arch_strnlen_user:
	STAC_GATE
	xorl	%ecx, %ecx
	movabsq	$0x0101010101010101, %r8
	movq	%r8, %r9
	shlq	$7, %r9
1:	leaq	8(%rcx), %rax
	cmpq	%rsi, %rax
	ja	4f
	leaq	(%rdi, %rcx), %rax
	testb	$7, %al
	jnz	4f
2:	movq	(%rdi, %rcx), %rax
	movq	%rax, %r10
	subq	%r8, %r10
	notq	%rax
	andq	%rax, %r10
	testq	%r9, %r10
	jnz	4f
	addq	$8, %rcx
	jmp	1b
4:	cmpq	%rsi, %rcx
	jae	6f
5:	cmpb	$0, (%rdi, %rcx)
	je	6f
	incq	%rcx
	leaq	(%rdi, %rcx), %rax
	testb	$7, %al
	jnz	4b
	jmp	1b
6:	CLAC_GATE
	movq	%rcx, %rax
	ret
7:	CLAC_GATE
	movq	$-14, %rax
	ret
	EXTABLE	2b, 7b
	EXTABLE	5b, 7b

/* Single accesses: int f(type *val, u64 addr), int f(type val, u64 addr). */
.macro USER_READ name, insn, reg, store
	.balign 16
	.globl	\name
\name:
	STAC_GATE
1:	\insn	(%rsi), \reg
	CLAC_GATE
	\store	\reg, (%rdi)
	xorl	%eax, %eax
	ret
	EXTABLE	1b, access_fault
.endm
	USER_READ arch_user_read8, movb, %al, movb
	USER_READ arch_user_read32, movl, %eax, movl
	USER_READ arch_user_read64, movq, %rax, movq

.macro USER_WRITE name, insn, reg
	.balign 16
	.globl	\name
\name:
	STAC_GATE
1:	\insn	\reg, (%rsi)
	CLAC_GATE
	xorl	%eax, %eax
	ret
	EXTABLE	1b, access_fault
.endm
	USER_WRITE arch_user_write8, movb, %dil
	USER_WRITE arch_user_write32, movl, %edi
	USER_WRITE arch_user_write64, movq, %rdi

/* int arch_user_cmpxchg32(u64 addr, u32 *old, u32 val) */
	.balign 16
	.globl	arch_user_cmpxchg32
arch_user_cmpxchg32:
	movl	(%rsi), %eax
	STAC_GATE
1:	lock cmpxchgl %edx, (%rdi)
	CLAC_GATE
	movl	%eax, (%rsi)
	movl	$-11, %eax
	movl	$0, %ecx
	cmovzl	%ecx, %eax
	ret
	EXTABLE	1b, access_fault

access_fault:
	CLAC_GATE
	movl	$-14, %eax
	ret

/* int arch_kernel_read64(u64 *val, const void *addr) */
	.globl	arch_kernel_read64
arch_kernel_read64:
1:	movq	(%rsi), %rax
	movq	%rax, (%rdi)
	xorl	%eax, %eax
	ret
2:	movl	$-14, %eax
	ret
	EXTABLE	1b, 2b

/* int rdmsr_safe(u32 msr, u64 *v), int wrmsr_safe(u32 msr, u64 v) */
	.globl	rdmsr_safe, wrmsr_safe
rdmsr_safe:
	movl	%edi, %ecx
1:	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, (%rsi)
	xorl	%eax, %eax
	ret
2:	movl	$-14, %eax
	ret
	EXTABLE	1b, 2b
wrmsr_safe:
	movl	%edi, %ecx
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
1:	wrmsr
	xorl	%eax, %eax
	ret
2:	movl	$-14, %eax
	ret
	EXTABLE	1b, 2b

/* int fxrstor/xrstor of memory that was checked, but whose contents a user wrote: 0 or -EFAULT (#GP). */
	.globl	fxrstor_safe, xrstor_safe
fxrstor_safe:
1:	fxrstorq (%rdi)
	xorl	%eax, %eax
	ret
2:	movl	$-14, %eax
	ret
	EXTABLE	1b, 2b
xrstor_safe:
	movq	%rsi, %rdx
	shrq	$32, %rdx
	movl	%esi, %eax
1:	xrstorq	(%rdi)
	xorl	%eax, %eax
	ret
2:	movl	$-14, %eax
	ret
	EXTABLE	1b, 2b

	.section .note.GNU-stack, "", @progbits
