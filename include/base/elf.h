/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Checks of an ELF program before anything is mapped (kernel/lib/elf_parse.c). The file is hostile.
 */
#ifndef BASE_ELF_H
#define BASE_ELF_H

#include <base/compiler.h>
#include <base/types.h>
#include <uapi/linux/elf.h>

#define ELF_MAX_PHDRS	73	/* a page of them, as on Linux */

/* What a program's segments ask for. Addresses are as in the file; for ET_DYN an offset is added. */
struct elf_layout {
	bool pie;		/* ET_DYN */
	u64 entry;
	u32 nr_load;
	u64 start, end;		/* pages of all PT_LOAD: rounded down and up */
	u64 align;		/* largest p_align of a PT_LOAD, >= PAGE_SIZE */
	u64 phdr;		/* where the program headers land in memory; 0: in no segment */
	u64 interp_off, interp_len;	/* of the interpreter's name in the file, with NUL; len 0: none */
	u64 code_start, code_end;	/* for /proc */
	u64 data_start, data_end;
	u64 brk;		/* end of the highest segment in memory, not rounded */
	int stack_exec;		/* PT_GNU_STACK: 1 executable, 0 not, -1 not said */
};

/* The header alone: 0; -ENOEXEC not a 64-bit x86-64 ELF program; then phdrs are at e_phoff, e_phnum of them. */
__must_check int elf_check_header(const struct elf64_hdr *h);
/*
 * The program headers. `limit`: first address that user space cannot have. 0; -ENOEXEC malformed;
 * -EINVAL segments that cannot be (wrap, memsz < filesz, beyond limit, bad alignment).
 */
__must_check int elf_check_phdrs(const struct elf64_hdr *h, const struct elf64_phdr *ph, u64 limit,
				 struct elf_layout *out);
/* PROT_* bits of a segment. */
u32 elf_segment_prot(const struct elf64_phdr *ph);

#endif
