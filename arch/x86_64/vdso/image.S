/* SPDX-License-Identifier: MPL-2.0 */
/* The vDSO's ELF file, as it is mapped into programs. */
	.section .vdso_image, "a", @progbits
	.balign	4096
	.incbin	"vdso.so"
	.balign	4096
	.section .note.GNU-stack, "", @progbits
