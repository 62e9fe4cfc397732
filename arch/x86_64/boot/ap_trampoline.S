/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Where the other CPUs begin: real mode, at the page that the start-up interrupt names. smp.c copies
 * this there (AP_TRAMPOLINE_PHYS) and fills in the words at the end. Straight to long mode with
 * tables that map this page one to one, then to ap_start_asm in the image.
 */
#include <asm/boot.h>
#include <asm/cpu.h>

#define T(sym)	(AP_TRAMPOLINE_PHYS + (sym) - ap_trampoline_start)

	.section .rodata, "a", @progbits
	.balign 16
	.globl	ap_trampoline_start, ap_trampoline_end, ap_trampoline_cr3, ap_trampoline_entry
	.code16
ap_trampoline_start:
	cli
	cld
	xorl	%eax, %eax
	movw	%ax, %ds
	lgdtl	T(tramp_gdt_ptr)
	movl	$(CR4_PAE), %eax
	movl	%eax, %cr4
	movl	T(ap_trampoline_cr3), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	T(ap_trampoline_efer), %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | 1), %eax
	movl	%eax, %cr0
	ljmpl	$KERNEL_CS, $T(tramp64)
	.code64
tramp64:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movq	T(ap_trampoline_entry), %rax
	jmp	*%rax

	.balign 16
tramp_gdt:
	.quad	0, 0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
tramp_gdt_ptr:
	.word	. - tramp_gdt - 1
	.long	T(tramp_gdt)
	.balign 8
	.globl	ap_trampoline_efer
ap_trampoline_cr3:	.long	0
ap_trampoline_efer:	.long	0
ap_trampoline_entry:	.quad	0
ap_trampoline_end:

	.text
	.globl	ap_start_asm
ap_start_asm:
	movq	ap_boot_stack(%rip), %rsp
	movq	ap_boot_offset(%rip), %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	xorl	%ebp, %ebp
	call	ap_start
	ud2

	.section .note.GNU-stack, "", @progbits
