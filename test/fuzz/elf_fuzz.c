/* SPDX-License-Identifier: MPL-2.0 */
/* ELF headers: what is accepted must be mappable below the limit. */
#include <base/elf.h>
#include <base/string.h>
#include "fuzz.h"

#define LIMIT 0x7ffffffff000ul

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static struct elf64_phdr ph[ELF_MAX_PHDRS];
	struct elf_layout l;
	struct elf64_hdr h;

	if (n < sizeof(h))
		return 0;
	memcpy(&h, p, sizeof(h));
	if (elf_check_header(&h))
		return 0;
	FUZZ_CHECK(h.e_phnum && h.e_phnum <= ELF_MAX_PHDRS);
	memset(ph, 0, sizeof(ph));
	n -= sizeof(h);
	memcpy(ph, p + sizeof(h), n < sizeof(ph) ? n : sizeof(ph));
	if (elf_check_phdrs(&h, ph, LIMIT, &l))
		return 0;
	FUZZ_CHECK(l.nr_load && l.start < l.end && l.end <= LIMIT && l.brk <= l.end);
	FUZZ_CHECK(!(l.start & 4095) && !(l.end & 4095) && !(l.align & (l.align - 1)));
	FUZZ_CHECK(l.interp_len <= 4096);
	for (u32 i = 0; i < h.e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_memsz)
			FUZZ_CHECK(ph[i].p_vaddr >= l.start && ph[i].p_vaddr + ph[i].p_memsz <= l.end &&
				   ph[i].p_filesz <= ph[i].p_memsz);
	return 0;
}
