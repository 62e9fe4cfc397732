/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The first instructions. Two doors, both in 32-bit protected mode without paging:
 *   multiboot2 (GRUB on BIOS and UEFI): eax = magic, ebx = information
 *   PVH (Xen ELF note; qemu -kernel):   ebx = hvm_start_info
 * Both go to long mode with tables that map the first 4 GiB one to one and the image at its link
 * address. Then kaslr_relocate() slides the image, and arch_start() runs where it will stay.
 */
#include <asm/cpu.h>
#include <asm/layout.h>

#define MB2_MAGIC	0xe85250d6
#define MB2_LENGTH	(mb2_end - mb2_header)

	.section .boot.header, "aw", @progbits
	.balign 8
mb2_header:
	.long	MB2_MAGIC, 0, MB2_LENGTH, -(MB2_MAGIC + MB2_LENGTH)
	/* information request: memory map, command line, modules, both RSDPs */
	.balign 8
	.word	1, 1
	.long	8 + 5 * 4
	.long	1, 3, 6, 14, 15
	/* framebuffer, optional, any size */
	.balign 8
	.word	5, 1
	.long	20, 0, 0, 32
	/* modules on page boundaries */
	.balign 8
	.word	6, 0
	.long	8
	.balign 8
	.word	0, 0
	.long	8
mb2_end:

	.section .note.pvh, "a", @note
	.balign 4
	.long	4, 8, 18		/* name, descriptor, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.quad	pvh_entry

	.section .boot.text, "awx", @progbits
	.code32
	.globl	multiboot2_entry
multiboot2_entry:
	movl	$0, %ebp
	cmpl	$0x36d76289, %eax
	je	start32
	movl	$msg_loader, %esi
	jmp	die32

	.globl	pvh_entry
pvh_entry:
	movl	$1, %ebp

start32:
	cli
	cld
	movl	%ebx, boot_info_pa
	movl	%ebp, boot_protocol
	movl	$boot_stack_end, %esp
	rdtsc
	movl	%eax, boot_tsc
	movl	%edx, boot_tsc + 4
	testl	%ebp, %ebp
	jnz	pvh_check
checked:

	/* A 64-bit CPU? */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode
	xorl	%edi, %edi
	btl	$20, %edx
	jnc	1f
	movl	$EFER_NXE, %edi
1:
	/* Level 2: 4 GiB one to one in 2 MiB pages; the same first GiB serves the image. */
	movl	$boot_pd, %ebx
	movl	$0x83, %eax
	xorl	%ecx, %ecx
2:	movl	%eax, (%ebx, %ecx, 8)
	movl	$0, 4(%ebx, %ecx, 8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$2048, %ecx
	jb	2b
	/* Level 3. */
	movl	$boot_pdpt, %ebx
	movl	$boot_pd + 3, %eax
	xorl	%ecx, %ecx
3:	movl	%eax, (%ebx, %ecx, 8)
	movl	$0, 4(%ebx, %ecx, 8)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jb	3b
	movl	$boot_pd + 3, boot_pdpt_high + 510 * 8
	/* Level 4. */
	movl	$boot_pdpt + 3, boot_pml4
	movl	$boot_pdpt_high + 3, boot_pml4 + 511 * 8

	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$(CR4_PAE | CR4_PGE), %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	orl	%edi, %eax
	wrmsr
	movl	%cr0, %eax
	andl	$~(CR0_EM | CR0_TS), %eax
	orl	$(CR0_PG | CR0_WP | CR0_NE | CR0_MP), %eax
	movl	%eax, %cr0
	lgdt	boot_gdt_ptr
	ljmp	$KERNEL_CS, $start64

no_long_mode:
	movl	$msg_cpu, %esi
	/* Say it on the first serial port and on the VGA text screen, then stop. */
die32:
	movl	$0xb8000, %edi
4:	movb	(%esi), %al
	testb	%al, %al
	jz	6f
	movb	%al, (%edi)
	movb	$7, 1(%edi)
	addl	$2, %edi
	movb	%al, %bl
	movw	$0x3fd, %dx
5:	inb	%dx, %al
	testb	$0x20, %al
	jz	5b
	movw	$0x3f8, %dx
	movb	%bl, %al
	outb	%al, %dx
	incl	%esi
	jmp	4b
6:	cli
	hlt
	jmp	6b

	/*
	 * QEMU's PVH loader puts the initramfs at the end of memory and does not look whether the kernel is
	 * there, nor whether the kernel fits. This page is intact in either case: say it before anything
	 * behind it is used. ebx: hvm_start_info.
	 */
pvh_check:
	cmpl	$0x336ec578, (%ebx)
	jne	checked			/* early_boot_info() complains */
	movl	12(%ebx), %ecx		/* modules: address, size, ... 32 bytes each */
	movl	16(%ebx), %esi
7:	testl	%ecx, %ecx
	jz	8f
	cmpl	$0, 4(%esi)
	jne	9f
	movl	(%esi), %eax
	cmpl	$_end_phys, %eax
	jae	9f
	addl	8(%esi), %eax
	cmpl	$KERNEL_PHYS_BASE, %eax
	jbe	9f
	movl	$msg_overlap, %esi
	jmp	die32
9:	addl	$32, %esi
	decl	%ecx
	jmp	7b
8:	cmpl	$1, 4(%ebx)		/* version 1 has the memory map: address, size, type, 24 bytes each */
	jb	checked
	movl	48(%ebx), %ecx
	movl	40(%ebx), %esi
	testl	%ecx, %ecx
	jz	checked
10:	cmpl	$1, 16(%esi)
	jne	11f
	cmpl	$0, 4(%esi)
	jne	11f
	cmpl	$KERNEL_PHYS_BASE, (%esi)
	ja	11f
	cmpl	$0, 12(%esi)
	jne	checked
	movl	(%esi), %eax
	addl	8(%esi), %eax
	jc	checked
	cmpl	$_end_phys, %eax
	jae	checked
11:	addl	$24, %esi
	decl	%ecx
	jnz	10b
	movl	$msg_small, %esi
	jmp	die32

	.code64
start64:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movabsq	$start_high, %rax
	jmp	*%rax

	.section .boot.data, "aw", @progbits
	.balign 16
boot_gdt:
	.quad	0, 0
	.quad	0x00af9b000000ffff	/* KERNEL_CS */
	.quad	0x00cf93000000ffff	/* KERNEL_DS */
boot_gdt_ptr:
	.word	. - boot_gdt - 1
	.long	boot_gdt
	.balign 8
boot_tsc:	.quad	0
boot_info_pa:	.long	0
boot_protocol:	.long	0
msg_loader:	.asciz	"Keel: started by neither multiboot2 nor PVH; use GRUB's multiboot2 command"
msg_overlap:	.asciz	"Keel: too little memory: the initramfs lies over the kernel; give the machine more (-m)\n"
msg_small:	.asciz	"Keel: too little memory: the kernel does not fit; give the machine more (-m)\n"
msg_cpu:	.asciz	"Keel: this CPU has no 64-bit mode; Keel needs x86-64"

	.section .boot.bss, "aw", @nobits
	.balign 4096
boot_pml4:	.skip	4096
boot_pdpt:	.skip	4096
boot_pdpt_high:	.skip	4096
boot_pd:	.skip	4096 * 4
boot_pd_high:	.skip	4096		/* the image, when it slides */
boot_pdpt_direct: .skip	4096 * 2
	.skip	1024
boot_stack_end:

	.section .init.text, "ax", @progbits
start_high:
	leaq	boot_cpu_stack(%rip), %rsp
	addq	boot_cpu_stack_size(%rip), %rsp
	xorl	%ebp, %ebp
	/* GS is a distance: zero means the image's own copy. */
	xorl	%eax, %eax
	xorl	%edx, %edx
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	/* The low variables are out of reach for C, which addresses relative to rip: copy them up. */
	movq	boot_tsc, %rax
	movq	%rax, boot_low(%rip)
	movl	boot_info_pa, %eax
	movq	%rax, boot_low + 8(%rip)
	movl	boot_protocol, %eax
	movq	%rax, boot_low + 16(%rip)
	call	kaslr_relocate		/* rax: the slide */
	addq	%rax, %rsp
	leaq	1f(%rip), %rdx
	addq	%rax, %rdx
	jmp	*%rdx
1:	call	arch_start
	ud2

	/* struct boot_low of boot.h */
	.section .init.data, "aw", @progbits
	.balign 8
	.globl	boot_low
boot_low:
	.quad	0, 0, 0
	.quad	boot_pml4, boot_pdpt_high, boot_pd, boot_pd_high, boot_pdpt_direct
	.quad	_boot_start, _boot_end

	.section .note.GNU-stack, "", @progbits
