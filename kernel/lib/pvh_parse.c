/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PVH boot information: Xen's struct hvm_start_info (xen/include/public/arch-x86/hvm/start_info.h
 * describes it), which QEMU, Firecracker and Cloud Hypervisor fill. It names a command line, modules
 * and, from version 1 on, a memory map, all by physical address. keel: no-sanitize (first steps of boot).
 */
#include <base/bootinfo.h>
#include <base/errno.h>
#include <base/string.h>
#include "boot_util.h"

#define PVH_MAGIC	0x336ec578u
#define MAX_ENTRIES	4096u

struct pvh_start {
	u32 magic, version, flags, nr_modules;
	u64 modules, cmdline, rsdp;
	/* version 1 */
	u64 memmap;
	u32 memmap_entries, reserved;
};
static_assert(sizeof(struct pvh_start) == 56, "hvm_start_info");

struct pvh_module {
	u64 base, size, cmdline, reserved;
};

struct pvh_memory {
	u64 base, size;
	u32 type, reserved;
};

/* The line's length is not told: find its end page by page, so that no more is asked for than there is. */
static void read_cmdline(u64 pa, boot_map_fn map, struct boot_info *bi)
{
	size_t len = 0;

	while (len < BOOT_CMDLINE_MAX) {
		size_t n = PAGE_SIZE - ((pa + len) & (PAGE_SIZE - 1)), part;
		const char *p = map(pa + len, n);

		if (!p)
			break;
		part = strnlen(p, n);
		if (part > BOOT_CMDLINE_MAX - 1 - len) {
			part = BOOT_CMDLINE_MAX - 1 - len;
			bi->cmdline_cut = true;
		}
		memcpy(bi->cmdline + len, p, part);
		len += part;
		if (part < n)
			break;
	}
	bi->cmdline[len < BOOT_CMDLINE_MAX ? len : BOOT_CMDLINE_MAX - 1] = '\0';
}

static void read_modules(const struct pvh_start *s, boot_map_fn map, struct boot_info *bi)
{
	for (u32 i = 0; i < s->nr_modules; i++) {
		const void *p = i < MAX_ENTRIES ? map(s->modules + i * sizeof(struct pvh_module), sizeof(struct pvh_module)) : NULL;
		struct pvh_module m;

		if (!p) {
			bi->dropped++;
			return;
		}
		memcpy(&m, p, sizeof(m));
		boot_add_module(bi, m.base, (s64)m.size);
	}
}

static void read_memory_map(const struct pvh_start *s, boot_map_fn map, struct boot_info *bi)
{
	for (u32 i = 0; i < s->memmap_entries; i++) {
		const void *p = i < MAX_ENTRIES ? map(s->memmap + i * sizeof(struct pvh_memory), sizeof(struct pvh_memory)) : NULL;
		struct pvh_memory m;

		if (!p) {
			bi->dropped++;
			return;
		}
		memcpy(&m, p, sizeof(m));
		boot_add_region(bi, m.base, m.size, m.type);
	}
}

int pvh_parse(u64 pa, boot_map_fn map, struct boot_info *bi)
{
	struct pvh_start s = { 0 };
	const void *p = map(pa, 40);

	memset(bi, 0, sizeof(*bi));
	bi->loader = "pvh";
	if (!p)
		return -EINVAL;
	memcpy(&s, p, 40);
	if (s.magic != PVH_MAGIC)
		return -EINVAL;
	bi->info_base = pa;
	bi->info_size = 40;
	if (s.version >= 1) {
		p = map(pa, sizeof(s));
		if (p) {
			memcpy(&s, p, sizeof(s));
			bi->info_size = sizeof(s);
		}
	}
	bi->rsdp = s.rsdp;
	if (s.cmdline)
		read_cmdline(s.cmdline, map, bi);
	read_modules(&s, map, bi);
	read_memory_map(&s, map, bi);
	return bi->nr_regions ? 0 : -EINVAL;
}
