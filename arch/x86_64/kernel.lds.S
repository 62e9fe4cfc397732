/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel image. Two address ranges: .boot runs at its load address, 16 MiB and up (multiboot2
 * header, 32-bit entry, first page tables); the rest is linked 2 GiB below the top of the address
 * space and loaded right behind. Segments carry their true rights; arch_protect_image() sets the
 * same in the page tables. From __init_begin to __init_end the memory is given back after boot.
 * Addresses from _text on may be slid by KASLR, which is why mktables.py counts from there.
 */
#include <asm/layout.h>

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(multiboot2_entry)

PHDRS
{
	boot PT_LOAD FLAGS(7);
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	init PT_LOAD FLAGS(7);
	bss PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

#define LMA(s) AT(ADDR(s) - KERNEL_BASE)

SECTIONS
{
	. = KERNEL_PHYS_BASE;
	_boot_start = .;
	.boot : { KEEP(*(.boot.header)) *(.boot.text) *(.boot.data) . = ALIGN(4096); } :boot
	.boot.bss (NOLOAD) : { *(.boot.bss) . = ALIGN(4096); } :boot
	_boot_end = .;

	. = . + KERNEL_BASE;
	_text = .;
	.text : LMA(.text) {
		*(.entry.text)
		*(.text.hot .text.hot.*)
		*(.text .text.*)
		*(.fixup)
		. = ALIGN(4096);
	} :text
	_etext = .;

	_rodata = .;
	.rodata : LMA(.rodata) {
		*(.rodata .rodata.*)
		. = ALIGN(16);
		__extable_start = .; KEEP(*(.extable)) __extable_end = .;
		. = ALIGN(16);
		__ktest_start = .; KEEP(*(.ktest)) __ktest_end = .;
		. = ALIGN(8);
		__init_array_start = .; KEEP(*(SORT(.init_array.*) .init_array)) __init_array_end = .;
		. = ALIGN(4096);
		vdso_image_start = .; KEEP(*(.vdso_image)) . = ALIGN(4096); vdso_image_end = .;
	} :rodata
	.note.pvh : LMA(.note.pvh) { KEEP(*(.note.pvh)) } :rodata :note
	.keel_symtab : LMA(.keel_symtab) { KEEP(*(.keel_symtab)) . = ALIGN(4096); } :rodata
	_erodata = .;

	. = ALIGN(4096);
	_data = .;
	__ro_after_init_start = .;
	.data.ro_after_init : LMA(.data.ro_after_init) { *(.data.ro_after_init) . = ALIGN(4096); } :data
	__ro_after_init_end = .;
	.data : LMA(.data) {
		*(.data.page_aligned)
		. = ALIGN(64);
		*(.data.cacheline_aligned)
		*(.data .data.[a-zA-Z_]* .data.rel .data.rel.*)
		. = ALIGN(4096);
	} :data
	_edata = .;

	__init_begin = .;
	.init.text : LMA(.init.text) { *(.init.text .init.text.*) . = ALIGN(4096); } :init
	__init_text_end = .;
	.init.data : LMA(.init.data) {
		*(.init.data .init.data.* .init.rodata .init.rodata.*)
		. = ALIGN(16);
		__alt_start = .; KEEP(*(.altinstructions)) __alt_end = .;
		*(.altreplacement)
		. = ALIGN(16);
		__kparam_start = .; KEEP(*(.kparam)) __kparam_end = .;
		. = ALIGN(16);
		__initcall_level1 = .; KEEP(*(.initcall.1))
		__initcall_level2 = .; KEEP(*(.initcall.2))
		__initcall_level3 = .; KEEP(*(.initcall.3))
		__initcall_level4 = .; KEEP(*(.initcall.4))
		__initcall_level5 = .; KEEP(*(.initcall.5))
		__initcall_level6 = .; KEEP(*(.initcall.6))
		__initcall_level7 = .; KEEP(*(.initcall.7))
		__initcall_end = .;
		. = ALIGN(16);
	} :init
	.keel_relocs : LMA(.keel_relocs) { KEEP(*(.keel_relocs)) } :init
	/* The copy that every CPU's area begins with. */
	. = ALIGN(4096);
	.data..percpu : LMA(.data..percpu) {
		__percpu_start = .;
		*(.data..percpu..first)
		*(.data..percpu..aligned)
		. = ALIGN(64);
		*(.data..percpu)
		. = ALIGN(64);
		__percpu_end = .;
		. = ALIGN(4096);
	} :init
	__init_end = .;

	.bss (NOLOAD) : LMA(.bss) {
		__bss_start = .;
		*(.bss.page_aligned)
		. = ALIGN(64);
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		__bss_end = .;
	} :bss
	_end = .;
	_end_phys = ABSOLUTE(. - KERNEL_BASE);

	/DISCARD/ : { *(.note.gnu.*) *(.eh_frame*) *(.comment) *(.note.GNU-stack) *(.gnu.*) }
}
