/* SPDX-License-Identifier: MPL-2.0 */
/* What the parsers of boot information share: unaligned reads, and adding to a struct boot_info with checks. */
#ifndef LIB_BOOT_UTIL_H
#define LIB_BOOT_UTIL_H

#include <base/bootinfo.h>
#include <base/math.h>
#include <base/string.h>

static inline u16 boot_u16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 boot_u32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 boot_u64(const void *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* Empty regions are left out; those that wrap or find no room are counted as dropped. */
static inline void boot_add_region(struct boot_info *bi, u64 base, u64 size, u32 type)
{
	struct boot_region *r;

	if (!size)
		return;
	if (base + size < base || bi->nr_regions == BOOT_MAX_REGIONS) {
		bi->dropped++;
		return;
	}
	r = &bi->regions[bi->nr_regions++];
	r->base = base;
	r->size = size;
	r->type = type >= BOOT_MEM_RAM && type <= BOOT_MEM_BAD ? type : BOOT_MEM_RESERVED;
}

/* A size below 0 is an end before its begin. */
static inline void boot_add_module(struct boot_info *bi, u64 base, s64 size)
{
	struct boot_module *m;

	if (!size)
		return;
	if (size < 0 || base + (u64)size < base || bi->nr_modules == BOOT_MAX_MODULES) {
		bi->dropped++;
		return;
	}
	m = &bi->modules[bi->nr_modules++];
	m->base = base;
	m->size = (u64)size;
}

static inline void boot_set_cmdline(struct boot_info *bi, const char *s, size_t max)
{
	size_t n = strnlen(s, max);

	bi->cmdline_cut = n >= sizeof(bi->cmdline);
	if (bi->cmdline_cut)
		n = sizeof(bi->cmdline) - 1;
	memcpy(bi->cmdline, s, n);
	bi->cmdline[n] = '\0';
}

#endif
