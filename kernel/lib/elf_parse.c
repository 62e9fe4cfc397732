/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Checks of an ELF program: all that can be decided from its headers is decided here, before anything
 * is mapped, so that the loader that follows only maps. What Linux accepts is accepted: overlapping
 * and unsorted segments too, as long as each can be mapped.
 */
#include <base/elf.h>
#include <base/errno.h>
#include <base/math.h>
#include <uapi/linux/limits.h>
#include <uapi/linux/mman.h>

int elf_check_header(const struct elf64_hdr *h)
{
	if (__builtin_memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return -ENOEXEC;
	if (h->e_machine != EM_X86_64 || h->e_phentsize != sizeof(struct elf64_phdr))
		return -ENOEXEC;
	if (h->e_phnum == 0 || h->e_phnum > ELF_MAX_PHDRS)
		return -ENOEXEC;
	return 0;
}

/* One PT_LOAD with memory: can it be mapped at all, whatever the offset of a PIE? */
static int check_load(const struct elf64_phdr *p, u64 limit)
{
	u64 end;

	if (p->p_filesz > p->p_memsz)
		return -EINVAL;
	if (check_add(p->p_vaddr, p->p_memsz, &end) || end > limit)
		return -EINVAL;
	if (check_add(p->p_offset, p->p_filesz, &end) || end > (u64)INT64_MAX)
		return -EINVAL;
	/* File page and memory page must be the same page. */
	if (p->p_filesz && (p->p_vaddr ^ p->p_offset) & (PAGE_SIZE - 1))
		return -EINVAL;
	return 0;
}

static void note_load(const struct elf64_hdr *h, const struct elf64_phdr *p, struct elf_layout *out)
{
	u64 start = PAGE_ALIGN_DOWN(p->p_vaddr), end = p->p_vaddr + p->p_memsz;
	u64 file_end = p->p_vaddr + p->p_filesz;
	u64 phdrs_end = h->e_phoff + (u64)h->e_phnum * sizeof(*p);

	if (!out->nr_load++) {
		out->start = start;
		out->code_start = ~0ull;
	}
	out->start = min(out->start, start);
	out->end = max(out->end, PAGE_ALIGN_UP(end));
	out->brk = max(out->brk, end);
	/* Only a power of two can be an alignment; anything else asks for nothing. */
	if (is_pow2(p->p_align))
		out->align = max(out->align, p->p_align);
	if (h->e_phoff >= p->p_offset && phdrs_end <= p->p_offset + p->p_filesz)
		out->phdr = p->p_vaddr + (h->e_phoff - p->p_offset);
	if (p->p_flags & PF_X) {
		out->code_start = min(out->code_start, p->p_vaddr);
		out->code_end = max(out->code_end, file_end);
	}
	/* As Linux has it: the data is where the last segment of the file lies. */
	if (p->p_vaddr >= out->data_start)
		out->data_start = p->p_vaddr;
	out->data_end = max(out->data_end, file_end);
}

int elf_check_phdrs(const struct elf64_hdr *h, const struct elf64_phdr *ph, u64 limit,
		    struct elf_layout *out)
{
	*out = (struct elf_layout){
		.pie = h->e_type == ET_DYN, .entry = h->e_entry, .align = PAGE_SIZE, .stack_exec = -1,
	};
	if (h->e_phoff > (u64)INT64_MAX - ELF_MAX_PHDRS * sizeof(*ph))
		return -ENOEXEC;
	for (u32 i = 0; i < h->e_phnum; i++) {
		const struct elf64_phdr *p = &ph[i];
		int err;

		switch (p->p_type) {
		case PT_LOAD:
			if (!p->p_memsz)
				break;
			err = check_load(p, limit);
			if (err)
				return err;
			note_load(h, p, out);
			break;
		case PT_INTERP:
			if (out->interp_len)
				break;
			/* Name and NUL, so at least two bytes. */
			if (p->p_filesz < 2 || p->p_filesz > PATH_MAX || p->p_offset > (u64)INT64_MAX - PATH_MAX)
				return -ENOEXEC;
			out->interp_off = p->p_offset;
			out->interp_len = p->p_filesz;
			break;
		case PT_GNU_STACK:
			out->stack_exec = (p->p_flags & PF_X) != 0;
			break;
		}
	}
	if (!out->nr_load)
		return -ENOEXEC;
	if (out->code_start == ~0ull)
		out->code_start = out->start;
	/* Entry points outside of all segments fault when they run, as on Linux; outside of user space they cannot be. */
	if (!out->pie && out->entry >= limit)
		return -EINVAL;
	if (out->align > limit)
		return -EINVAL;
	return 0;
}

u32 elf_segment_prot(const struct elf64_phdr *ph)
{
	u32 prot = 0;

	if (ph->p_flags & PF_R)
		prot |= PROT_READ;
	if (ph->p_flags & PF_W)
		prot |= PROT_WRITE;
	if (ph->p_flags & PF_X)
		prot |= PROT_EXEC;
	return prot;
}
