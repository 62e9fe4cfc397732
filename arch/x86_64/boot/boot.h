/* SPDX-License-Identifier: MPL-2.0 */
/* Private to arch/x86_64/boot: the first steps. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <base/bootinfo.h>
#include <base/types.h>

/* What entry.S hands over; the tables are physical addresses. */
struct boot_low {
	u64 tsc;		/* at the first instruction */
	u64 info_pa;		/* the loader's structure */
	u64 protocol;		/* 0: multiboot2, 1: PVH */
	u64 pml4, pdpt_high, pd, pd_high, pdpt_direct;
	u64 start, end;		/* of .boot */
};
extern struct boot_low boot_low;

/* Parse what the loader left; works from the first C line on. */
int early_boot_info(struct boot_info *bi);
u64 early_random(void);
u64 kaslr_relocate(void);
__noreturn void arch_start(void);

/* early_map.c */
void early_direct_map(const struct boot_info *bi);
void final_map(const struct boot_info *bi);
/* A region that is not RAM and yet in the direct map: what the firmware took off the end of low RAM, its tables. */
bool firmware_memory(const struct boot_info *bi, const struct boot_region *r);
/* earlycon.c */
void earlycon_init(const char *cmdline);

#endif
