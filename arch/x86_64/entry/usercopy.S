/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Accesses that may fault. Each opens SMAP's gate for its few instructions and has a line in the
 * exception table for every one that touches the doubtful memory. Blocks go by unrolled moves, or by
 * rep movsb where the CPU is fast at it (X86_REP_GOOD: emulators are not). Contracts in asm/uaccess.h.
 */
#include <asm/alternative.h>
#include <generated/asm_offsets.h>

	.text

/*
 * size_t arch_copy_to_user(u64 dst, const void *src, size_t n), arch_copy_from_user(void *dst, u64 src, size_t n)
 * One body: both sides are covered by the table. rsi and rdi are the ends, rcx counts up to zero.
 */
	.balign 32
	.globl	arch_copy_to_user, arch_copy_from_user
arch_copy_from_user:
arch_copy_to_user:
	STAC_GATE
	leaq	(%rsi, %rdx), %rsi
	leaq	(%rdi, %rdx), %rdi
	movq	%rdx, %rcx
	negq	%rcx
	addq	$64, %rcx
	jg	2f
	ALTERNATIVE "", "jmp 30f", FEAT_REP_GOOD
	ALTERNATIVE "", "jmp 40f", FEAT_VEC_COPY
10:	movq	-64(%rsi, %rcx), %r8
11:	movq	-56(%rsi, %rcx), %r9
12:	movq	-48(%rsi, %rcx), %r10
13:	movq	-40(%rsi, %rcx), %r11
14:	movq	%r8, -64(%rdi, %rcx)
15:	movq	%r9, -56(%rdi, %rcx)
16:	movq	%r10, -48(%rdi, %rcx)
17:	movq	%r11, -40(%rdi, %rcx)
18:	movq	-32(%rsi, %rcx), %r8
19:	movq	-24(%rsi, %rcx), %r9
20:	movq	-16(%rsi, %rcx), %r10
21:	movq	-8(%rsi, %rcx), %r11
22:	movq	%r8, -32(%rdi, %rcx)
23:	movq	%r9, -24(%rdi, %rcx)
24:	movq	%r10, -16(%rdi, %rcx)
25:	movq	%r11, -8(%rdi, %rcx)
	addq	$64, %rcx
	jle	10b
2:	subq	$56, %rcx
	jg	4f
3:	movq	-8(%rsi, %rcx), %rax
31:	movq	%rax, -8(%rdi, %rcx)
	addq	$8, %rcx
	jle	3b
4:	subq	$8, %rcx
	jz	6f
	cmpq	$8, %rdx
	jb	5f
	/* The last few bytes as a word that overlaps what is done already. */
32:	movq	-8(%rsi), %rax
33:	movq	%rax, -8(%rdi)
	jmp	6f
5:	movb	(%rsi, %rcx), %al
51:	movb	%al, (%rdi, %rcx)
	incq	%rcx
	jnz	5b
6:	CLAC_GATE
	xorl	%eax, %eax
	ret
30:	cmpq	$512, %rdx
	jb	10b
	subq	$64, %rcx
	addq	%rcx, %rsi
	addq	%rcx, %rdi
	movq	%rdx, %rcx
34:	rep movsb
	jmp	6b
	/*
	 * Large blocks by vector moves, where rep is slow. The registers are the user's, live because current
	 * is a user task: kept on the stack meanwhile. A switch in the middle (page fault, preemption) saves
	 * and loads what they hold as the task's, and the end puts the user's values back. Kernel threads
	 * have no such state of their own and take the plain loop.
	 */
40:	cmpq	$256, %rdx
	jb	10b
	movq	%gs:percpu_current, %rax
	cmpq	$0, TC_FPU(%rax)
	je	10b
	ALTERNATIVE "", "jmp 50f", FEAT_AVX
	subq	$64, %rsp
	movups	%xmm0, (%rsp)
	movups	%xmm1, 16(%rsp)
	movups	%xmm2, 32(%rsp)
	movups	%xmm3, 48(%rsp)
400:	movups	-64(%rsi, %rcx), %xmm0
401:	movups	-48(%rsi, %rcx), %xmm1
402:	movups	-32(%rsi, %rcx), %xmm2
403:	movups	-16(%rsi, %rcx), %xmm3
404:	movups	%xmm0, -64(%rdi, %rcx)
405:	movups	%xmm1, -48(%rdi, %rcx)
406:	movups	%xmm2, -32(%rdi, %rcx)
407:	movups	%xmm3, -16(%rdi, %rcx)
	addq	$64, %rcx
	jle	400b
	movups	(%rsp), %xmm0
	movups	16(%rsp), %xmm1
	movups	32(%rsp), %xmm2
	movups	48(%rsp), %xmm3
	addq	$64, %rsp
	jmp	2b
50:	subq	$128, %rsp
	vmovdqu	%ymm0, (%rsp)
	vmovdqu	%ymm1, 32(%rsp)
	vmovdqu	%ymm2, 64(%rsp)
	vmovdqu	%ymm3, 96(%rsp)
	addq	$64, %rcx
500:	vmovdqu	-128(%rsi, %rcx), %ymm0
501:	vmovdqu	-96(%rsi, %rcx), %ymm1
502:	vmovdqu	-64(%rsi, %rcx), %ymm2
503:	vmovdqu	-32(%rsi, %rcx), %ymm3
504:	vmovdqu	%ymm0, -128(%rdi, %rcx)
505:	vmovdqu	%ymm1, -96(%rdi, %rcx)
506:	vmovdqu	%ymm2, -64(%rdi, %rcx)
507:	vmovdqu	%ymm3, -32(%rdi, %rcx)
	subq	$-128, %rcx
	jle	500b
	vmovdqu	(%rsp), %ymm0
	vmovdqu	32(%rsp), %ymm1
	vmovdqu	64(%rsp), %ymm2
	vmovdqu	96(%rsp), %ymm3
	subq	$-128, %rsp
	subq	$64, %rcx
	jle	10b
	jmp	2b
	/* Faults in them: the user's values back first. */
67:	movups	(%rsp), %xmm0
	movups	16(%rsp), %xmm1
	movups	32(%rsp), %xmm2
	movups	48(%rsp), %xmm3
	addq	$64, %rsp
	jmp	70f
68:	vmovdqu	(%rsp), %ymm0
	vmovdqu	32(%rsp), %ymm1
	vmovdqu	64(%rsp), %ymm2
	vmovdqu	96(%rsp), %ymm3
	subq	$-128, %rsp
	subq	$64, %rcx
	jmp	70f
	/* Faults. First bring rcx to minus what is left, then byte by byte, for an exact count. */
70:	subq	$56, %rcx
71:	subq	$8, %rcx
72:	movb	(%rsi, %rcx), %al
73:	movb	%al, (%rdi, %rcx)
	incq	%rcx
	jnz	72b
74:	CLAC_GATE
	movq	%rcx, %rax
	negq	%rax
	ret
75:	CLAC_GATE
	movq	%rcx, %rax
	ret
	.irp	n, 400, 401, 402, 403, 404, 405, 406, 407
	EXTABLE	\n\()b, 67b
	.endr
	.irp	n, 500, 501, 502, 503, 504, 505, 506, 507
	EXTABLE	\n\()b, 68b
	.endr
	EXTABLE	10b, 70b
	EXTABLE	11b, 70b
	EXTABLE	12b, 70b
	EXTABLE	13b, 70b
	EXTABLE	14b, 70b
	EXTABLE	15b, 70b
	EXTABLE	16b, 70b
	EXTABLE	17b, 70b
	EXTABLE	18b, 70b
	EXTABLE	19b, 70b
	EXTABLE	20b, 70b
	EXTABLE	21b, 70b
	EXTABLE	22b, 70b
	EXTABLE	23b, 70b
	EXTABLE	24b, 70b
	EXTABLE	25b, 70b
	EXTABLE	3b, 71b
	EXTABLE	31b, 71b
	EXTABLE	32b, 72b
	EXTABLE	33b, 72b
	EXTABLE	5b, 74b
	EXTABLE	51b, 74b
	EXTABLE	34b, 75b
	EXTABLE	72b, 74b
	EXTABLE	73b, 74b

/* size_t arch_clear_user(u64 dst, size_t n) */
	.balign 16
	.globl	arch_clear_user
arch_clear_user:
	STAC_GATE
	xorl	%eax, %eax
	leaq	(%rdi, %rsi), %rdi
	movq	%rsi, %rcx
	negq	%rcx
	addq	$64, %rcx
	jg	2f
10:	movq	%rax, -64(%rdi, %rcx)
11:	movq	%rax, -56(%rdi, %rcx)
12:	movq	%rax, -48(%rdi, %rcx)
13:	movq	%rax, -40(%rdi, %rcx)
14:	movq	%rax, -32(%rdi, %rcx)
15:	movq	%rax, -24(%rdi, %rcx)
16:	movq	%rax, -16(%rdi, %rcx)
17:	movq	%rax, -8(%rdi, %rcx)
	addq	$64, %rcx
	jle	10b
2:	subq	$56, %rcx
	jg	4f
3:	movq	%rax, -8(%rdi, %rcx)
	addq	$8, %rcx
	jle	3b
4:	subq	$8, %rcx
	jz	6f
5:	movb	%al, (%rdi, %rcx)
	incq	%rcx
	jnz	5b
6:	CLAC_GATE
	movq	%rcx, %rax
	negq	%rax
	ret
70:	subq	$56, %rcx
71:	subq	$8, %rcx
72:	movb	%al, (%rdi, %rcx)
	incq	%rcx
	jnz	72b
	jmp	6b
	EXTABLE	10b, 70b
	EXTABLE	11b, 70b
	EXTABLE	12b, 70b
	EXTABLE	13b, 70b
	EXTABLE	14b, 70b
	EXTABLE	15b, 70b
	EXTABLE	16b, 70b
	EXTABLE	17b, 70b
	EXTABLE	3b, 71b
	EXTABLE	5b, 6b
	EXTABLE	72b, 6b

/*
 * Strings by words: of a word, (w - 0x01..01) & ~w & 0x80..80 has its lowest set bit in the first zero
 * byte. Words stay inside a page and inside n; where neither leaves eight bytes, one byte at a time.
 *
 * ssize_t arch_strncpy_from_user(char *dst, u64 src, size_t n)
 */
	.balign 16
	.globl	arch_strncpy_from_user
arch_strncpy_from_user:
	STAC_GATE
	xorl	%ecx, %ecx
	movabsq	$0x0101010101010101, %r8
	movabsq	$0x8080808080808080, %r9
1:	movq	%rdx, %r11
	subq	%rcx, %r11		/* room */
	jz	6f
	leaq	(%rsi, %rcx), %rax
	orq	$-4096, %rax
	negq	%rax			/* to the end of the page */
	cmpq	%rax, %r11
	cmovaq	%rax, %r11
	andq	$-8, %r11
	jz	5f
	addq	%rcx, %r11
2:	movq	(%rsi, %rcx), %rax
	movq	%rax, (%rdi, %rcx)
	movq	%rax, %r10
	subq	%r8, %r10
	notq	%rax
	andq	%rax, %r10
	andq	%r9, %r10
	jnz	4f
	addq	$8, %rcx
	cmpq	%r11, %rcx
	jb	2b
	jmp	1b
4:	bsfq	%r10, %r10
	shrq	$3, %r10
	addq	%r10, %rcx
	jmp	6f
5:	movb	(%rsi, %rcx), %al
	movb	%al, (%rdi, %rcx)
	testb	%al, %al
	jz	6f
	incq	%rcx
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
	movabsq	$0x8080808080808080, %r9
1:	movq	%rsi, %r11
	subq	%rcx, %r11
	jz	6f
	leaq	(%rdi, %rcx), %rax
	orq	$-4096, %rax
	negq	%rax
	cmpq	%rax, %r11
	cmovaq	%rax, %r11
	andq	$-8, %r11
	jz	5f
	addq	%rcx, %r11
2:	movq	(%rdi, %rcx), %rax
	movq	%rax, %r10
	subq	%r8, %r10
	notq	%rax
	andq	%rax, %r10
	andq	%r9, %r10
	jnz	4f
	addq	$8, %rcx
	cmpq	%r11, %rcx
	jb	2b
	jmp	1b
4:	bsfq	%r10, %r10
	shrq	$3, %r10
	addq	%r10, %rcx
	jmp	6f
5:	cmpb	$0, (%rdi, %rcx)
	je	6f
	incq	%rcx
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

/* int arch_user_write16_each8(u64 dst, const void *src, size_t n) */
	.balign 16
	.globl	arch_user_write16_each8
arch_user_write16_each8:
	STAC_GATE
2:	movzwl	(%rsi), %eax
	addq	$8, %rsi
1:	movw	%ax, (%rdi)
	addq	$8, %rdi
	decq	%rdx
	jnz	2b
	CLAC_GATE
	xorl	%eax, %eax
	ret
	EXTABLE	1b, access_fault

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
