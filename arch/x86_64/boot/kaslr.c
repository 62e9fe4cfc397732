/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Slides the image to a random address, 2 MiB steps, before anything holds a pointer into it.
 *
 * Runs at the link address. The image stays where it was loaded in physical memory; a second mapping
 * of it is made at the new address, and every place that holds an absolute address (the table that
 * tools/mktables.py wrote) is raised by the slide. While that goes on both addresses work, so code
 * and data may be used freely. entry.S then jumps to the new one.
 * keel: no-sanitize
 */
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/pgtable.h>
#include <base/bootinfo.h>
#include <base/string.h>
#include "boot.h"

extern const u32 keel_relocs[];

u64 kernel_slide __ro_after_init;

/* Is `word` a word of the command line? */
static __init bool line_has(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = line; (p = strstr(p, word)) != NULL; p += n)
		if ((p == line || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

u64 __init early_random(void)
{
	u64 v = rdtsc() * 0x9e3779b97f4a7c15ul;
	struct cpuid_regs r = cpuid(1, 0);
	u64 hw;
	u8 ok;

	/* The PIT's counter and the interval to it jitter even where nothing else does. */
	for (int i = 0; i < 16; i++) {
		outb(0x43, 0);
		v = (v ^ inb(0x40) ^ (u64)inb(0x40) << 8 ^ rdtsc()) * 0xff51afd7ed558ccdul;
		v ^= v >> 33;
	}
	if (r.ecx & (1u << 30)) {
		for (int i = 0; i < 10; i++) {
			__asm__ volatile("rdrand %0; setc %1" : "=r"(hw), "=qm"(ok) :: "cc");
			if (ok)
				return v ^ hw;
		}
	}
	return v;
}

u64 __init kaslr_relocate(void)
{
	static struct boot_info bi __initdata;
	u64 room = KERNEL_MAP_SIZE - (u64)(_end - (char *)KERNEL_BASE) - (2ul << 20);
	u64 image = image_phys(_text) & ~0x1ffffful, slide;
	u64 *pd = (u64 *)boot_low.pd_high;
	u32 n64 = keel_relocs[0], n32 = keel_relocs[1];
	const u32 *at = keel_relocs + 2;

	if (early_boot_info(&bi) == 0 && line_has(bi.cmdline, "nokaslr"))
		return 0;
	/* Without relocations in the table (a plain link) the image must stay. */
	if (n64 + n32 == 0)
		return 0;
	slide = (early_random() % (room >> 21)) << 21;
	/* The tables of the one-to-one map serve the old address; a fresh one has old and new. */
	for (u64 pa = image; pa < image_phys(_end); pa += 2ul << 20) {
		pd[pa >> 21] = pa | _PAGE_PRESENT | _PAGE_RW | _PAGE_PSE;
		pd[(pa + slide) >> 21] = pa | _PAGE_PRESENT | _PAGE_RW | _PAGE_PSE;
	}
	if (slide < image_phys(_end) - image)
		slide = 0;		/* old and new would overlap */
	if (!slide)
		return 0;
	*(volatile u64 *)&((u64 *)boot_low.pdpt_high)[510] = boot_low.pd_high | _PAGE_PRESENT | _PAGE_RW;
	write_cr3(read_cr3());
	for (u32 i = 0; i < n64; i++)
		*(u64 *)(_text + *at++) += slide;
	for (u32 i = 0; i < n32; i++)
		*(u32 *)(_text + *at++) += (u32)slide;
	kernel_slide = slide;
	return slide;
}
