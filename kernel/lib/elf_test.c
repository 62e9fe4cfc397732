/* SPDX-License-Identifier: MPL-2.0 */
/* ELF headers: a good program, and each thing that can be wrong with one. */
#include <base/elf.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>

#define LIMIT 0x7ffffffff000ul

static struct elf64_hdr h;
static struct elf64_phdr ph[4];
static struct elf_layout l;

static void make(u16 type)
{
	memset(&h, 0, sizeof(h));
	memset(ph, 0, sizeof(ph));
	memcpy(h.e_ident, ELFMAG "\2\1\1", 7);
	h.e_type = type;
	h.e_machine = EM_X86_64;
	h.e_phoff = 64;
	h.e_phentsize = 56;
	h.e_phnum = 4;
	h.e_entry = 0x401000;
	ph[0] = (struct elf64_phdr){ PT_LOAD, PF_R, 0, 0x400000, 0, 0x1000, 0x1000, 0x1000 };
	ph[1] = (struct elf64_phdr){ PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0, 0x234, 0x234, 0x200000 };
	ph[2] = (struct elf64_phdr){ PT_LOAD, PF_R | PF_W, 0x1e10, 0x403e10, 0, 0x200, 0x5000, 0x1000 };
	ph[3] = (struct elf64_phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 };
}

KTEST(elf, good)
{
	make(ET_EXEC);
	KEXPECT_EQ(elf_check_header(&h), 0);
	KREQUIRE(elf_check_phdrs(&h, ph, LIMIT, &l) == 0);
	KEXPECT(!l.pie && l.nr_load == 3 && l.stack_exec == 0 && !l.interp_len);
	KEXPECT(l.start == 0x400000 && l.end == 0x409000 && l.brk == 0x408e10);
	KEXPECT_EQ(l.align, 0x200000);
	KEXPECT_EQ(l.phdr, 0x400040);
	KEXPECT(l.code_start == 0x401000 && l.code_end == 0x401234);
	KEXPECT(l.data_start == 0x403e10 && l.data_end == 0x404010);
	KEXPECT_EQ(elf_segment_prot(&ph[1]), 5);
	make(ET_DYN);
	ph[3] = (struct elf64_phdr){ PT_INTERP, PF_R, 0x300, 0x400300, 0, 28, 28, 1 };
	KREQUIRE(elf_check_phdrs(&h, ph, LIMIT, &l) == 0);
	KEXPECT(l.pie && l.interp_off == 0x300 && l.interp_len == 28 && l.stack_exec == -1);
}

KTEST(elf, bad_headers)
{
	make(ET_EXEC);
	h.e_ident[1] = 'e';
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	make(ET_EXEC);
	h.e_ident[EI_CLASS] = ELFCLASS32;
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	make(ET_REL);
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	make(ET_EXEC);
	h.e_machine = EM_386;
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	make(ET_EXEC);
	h.e_phentsize = 32;
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	make(ET_EXEC);
	h.e_phnum = 0;
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	h.e_phnum = PN_XNUM;
	KEXPECT_EQ(elf_check_header(&h), -ENOEXEC);
	make(ET_EXEC);
	h.e_phoff = ~0ul - 100;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -ENOEXEC);
}

KTEST(elf, bad_segments)
{
	make(ET_EXEC);
	ph[1].p_filesz = 0x300;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
	make(ET_EXEC);
	ph[2].p_vaddr = ~0ul - 0xfff + 0xe10;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
	make(ET_EXEC);
	ph[2].p_vaddr = LIMIT - 0x1000 + 0xe10;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
	make(ET_EXEC);
	ph[2].p_offset++;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
	make(ET_EXEC);
	ph[1].p_offset = ~0ul - 0xfff;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
	make(ET_EXEC);
	ph[0].p_type = ph[1].p_type = ph[2].p_type = PT_NULL;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -ENOEXEC);
	make(ET_EXEC);
	h.e_entry = LIMIT;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
	make(ET_DYN);
	ph[3] = (struct elf64_phdr){ PT_INTERP, PF_R, 0x300, 0, 0, 1, 1, 1 };
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -ENOEXEC);
	ph[3].p_filesz = 5000;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -ENOEXEC);
	make(ET_DYN);
	ph[0].p_align = 3;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), 0);
	ph[0].p_align = 1ul << 60;
	KEXPECT_EQ(elf_check_phdrs(&h, ph, LIMIT, &l), -EINVAL);
}
