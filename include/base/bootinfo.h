/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a boot loader tells, in one form for all of them. Filled by pure parsers (kernel/lib/mb2_parse.c,
 * pvh_parse.c) that trust nothing: each length is checked, what does not fit is dropped and counted.
 */
#ifndef BASE_BOOTINFO_H
#define BASE_BOOTINFO_H

#include <base/compiler.h>
#include <base/types.h>

#define BOOT_MAX_REGIONS	128
#define BOOT_MAX_MODULES	8
#define BOOT_CMDLINE_MAX	4096

enum boot_mem_type {		/* as in E820; anything else is read as RESERVED */
	BOOT_MEM_RAM = 1,
	BOOT_MEM_RESERVED = 2,
	BOOT_MEM_ACPI = 3,
	BOOT_MEM_NVS = 4,
	BOOT_MEM_BAD = 5,
};

struct boot_region {
	u64 base, size;
	u32 type;
};

struct boot_module {
	u64 base, size;		/* physical */
};

struct boot_fb {
	u64 addr;		/* 0: none */
	u32 width, height, pitch, bpp;
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
	bool text;		/* VGA text: width columns, height rows */
};

struct boot_info {
	const char *loader;	/* "multiboot2", "pvh" */
	char cmdline[BOOT_CMDLINE_MAX];
	bool cmdline_cut;
	u32 nr_regions, nr_modules, dropped;
	struct boot_region regions[BOOT_MAX_REGIONS];
	struct boot_module modules[BOOT_MAX_MODULES];
	u64 rsdp;		/* physical; 0: not told */
	u8 rsdp_copy[36];	/* multiboot2 gives a copy instead */
	u32 rsdp_copy_len;	/* 0: none */
	u64 efi_systab;		/* 0: not EFI */
	struct boot_fb fb;
	u64 info_base, info_size;	/* the loader's own structure: reserve it */
};

/* Physical memory as the parser sees it: [pa, pa + n), or NULL if it cannot be read. */
typedef const void *(*boot_map_fn)(u64 pa, u64 n);

/* `info` points to the multiboot2 information (8-aligned), readable over its total size. 0 or -EINVAL. */
__must_check int mb2_parse(const void *info, u64 info_pa, struct boot_info *bi);
/* Xen's hvm_start_info at pa, which names further structures. 0 or -EINVAL. */
__must_check int pvh_parse(u64 pa, boot_map_fn map, struct boot_info *bi);

#endif
