/* SPDX-License-Identifier: MPL-2.0 */
/*
 * User copies with wide vector moves, for emulators: there each instruction costs, however wide it is.
 *
 * size_t copy_user_avx(void *dst, const void *src, size_t n)
 * n is a multiple of 256, not 0. Returns bytes not copied, in steps of 256 (up to 255 more may have been).
 * Context: preemption and page faults off. The vector registers are given back as they were.
 */
#include <asm/alternative.h>

	.text
	.balign 32
	.globl	copy_user_avx
copy_user_avx:
	pushq	%rbp
	movq	%rsp, %rbp
	subq	$128, %rsp
	vmovdqu	%ymm0, (%rsp)
	vmovdqu	%ymm1, 32(%rsp)
	vmovdqu	%ymm2, 64(%rsp)
	vmovdqu	%ymm3, 96(%rsp)
	STAC_GATE
	addq	%rdx, %rsi
	addq	%rdx, %rdi
	movq	%rdx, %rcx
	negq	%rcx
	.balign 16
10:	vmovdqu	(%rsi, %rcx), %ymm0
11:	vmovdqu	32(%rsi, %rcx), %ymm1
12:	vmovdqu	64(%rsi, %rcx), %ymm2
13:	vmovdqu	96(%rsi, %rcx), %ymm3
14:	vmovdqu	%ymm0, (%rdi, %rcx)
15:	vmovdqu	%ymm1, 32(%rdi, %rcx)
16:	vmovdqu	%ymm2, 64(%rdi, %rcx)
17:	vmovdqu	%ymm3, 96(%rdi, %rcx)
18:	vmovdqu	128(%rsi, %rcx), %ymm0
19:	vmovdqu	160(%rsi, %rcx), %ymm1
20:	vmovdqu	192(%rsi, %rcx), %ymm2
21:	vmovdqu	224(%rsi, %rcx), %ymm3
22:	vmovdqu	%ymm0, 128(%rdi, %rcx)
23:	vmovdqu	%ymm1, 160(%rdi, %rcx)
24:	vmovdqu	%ymm2, 192(%rdi, %rcx)
25:	vmovdqu	%ymm3, 224(%rdi, %rcx)
	addq	$256, %rcx
	jnz	10b
	/* Done, or stopped by a fault: rcx is minus what is left. */
30:	CLAC_GATE
	vmovdqu	(%rsp), %ymm0
	vmovdqu	32(%rsp), %ymm1
	vmovdqu	64(%rsp), %ymm2
	vmovdqu	96(%rsp), %ymm3
	movq	%rcx, %rax
	negq	%rax
	leave
	ret
	EXTABLE	10b, 30b
	EXTABLE	11b, 30b
	EXTABLE	12b, 30b
	EXTABLE	13b, 30b
	EXTABLE	14b, 30b
	EXTABLE	15b, 30b
	EXTABLE	16b, 30b
	EXTABLE	17b, 30b
	EXTABLE	18b, 30b
	EXTABLE	19b, 30b
	EXTABLE	20b, 30b
	EXTABLE	21b, 30b
	EXTABLE	22b, 30b
	EXTABLE	23b, 30b
	EXTABLE	24b, 30b
	EXTABLE	25b, 30b

	.section .note.GNU-stack, "", @progbits
