/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Multiboot2 boot information (Multiboot2 Specification 2.0, section 3.6): a total size, then tags of
 * type and size, each padded to 8 bytes, up to the end tag. Runs before there is anything else, from
 * the first page tables. keel: no-sanitize. Every tag is bounded by the total size, every field by its tag.
 */
#include <base/bootinfo.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include "boot_util.h"

#define TAG_END			0
#define TAG_CMDLINE		1
#define TAG_MODULE		3
#define TAG_BASIC_MEMINFO	4
#define TAG_MMAP		6
#define TAG_FRAMEBUFFER		8
#define TAG_EFI64_SYSTAB	12
#define TAG_ACPI_OLD		14
#define TAG_ACPI_NEW		15
#define TAG_EFI_MMAP		17

#define MB2_MAX_SIZE		(1u << 20)

struct mb2_tag {
	u32 type, size;
};

struct mb2_mmap_entry {
	u64 base, length;
	u32 type, reserved;
};

struct efi_memory {
	u32 type, pad;
	u64 phys, virt, pages, attribute;
};

static void parse_mmap(const u8 *tag, u32 size, struct boot_info *bi)
{
	struct mb2_mmap_entry e;
	u32 entry_size;

	if (size < 16)
		return;
	entry_size = boot_u32(tag + 8);
	if (entry_size < 20 || entry_size > 4096) {
		bi->dropped++;
		return;
	}
	for (u64 off = 16; off + entry_size <= size; off += entry_size) {
		memcpy(&e, tag + off, 20);
		boot_add_region(bi, e.base, e.length, e.type);
	}
}

/* Only where there is no other map: firmware memory types as E820 types. */
static void parse_efi_mmap(const u8 *tag, u32 size, struct boot_info *bi)
{
	static const u8 types[15] = { 2, 1, 1, 1, 1, 2, 2, 1, 5, 3, 4, 2, 2, 2, 2 };
	struct efi_memory m;
	u32 desc_size;

	if (size < 16)
		return;
	desc_size = boot_u32(tag + 8);
	if (desc_size < sizeof(m) || desc_size > 4096) {
		bi->dropped++;
		return;
	}
	for (u64 off = 16; off + desc_size <= size; off += desc_size) {
		u64 bytes;

		memcpy(&m, tag + off, sizeof(m));
		if (check_mul(m.pages, 4096ul, &bytes)) {
			bi->dropped++;
			continue;
		}
		boot_add_region(bi, m.phys, bytes, m.type < ARRAY_SIZE(types) ? types[m.type] : BOOT_MEM_RESERVED);
	}
}

static void parse_framebuffer(const u8 *tag, u32 size, struct boot_fb *fb)
{
	/* Type 1 is direct colour, 2 text; indexed modes are of no use here. */
	if (size < 32 || fb->addr || (tag[29] != 2 && (size < 38 || tag[29] != 1)))
		return;
	fb->addr = boot_u64(tag + 8);
	fb->pitch = boot_u32(tag + 16);
	fb->width = boot_u32(tag + 20);
	fb->height = boot_u32(tag + 24);
	fb->bpp = tag[28];
	fb->text = tag[29] == 2;
	if (fb->text) {
		if (fb->width != 80 || fb->height != 25)
			fb->addr = 0;
		return;
	}
	fb->red_pos = tag[32];
	fb->red_size = tag[33];
	fb->green_pos = tag[34];
	fb->green_size = tag[35];
	fb->blue_pos = tag[36];
	fb->blue_size = tag[37];
	if (!fb->width || !fb->height || fb->bpp < 15 || fb->bpp > 32 ||
	    (u64)fb->width * ((fb->bpp + 7) / 8) > fb->pitch || (u64)fb->pitch * fb->height > (1u << 30) ||
	    fb->red_pos > 31 || fb->green_pos > 31 || fb->blue_pos > 31 || !fb->red_size || !fb->green_size || !fb->blue_size)
		fb->addr = 0;
}

static void parse_rsdp(const u8 *tag, u32 size, struct boot_info *bi)
{
	u32 n = min(size - 8, (u32)sizeof(bi->rsdp_copy));

	/* The new form has more than the old one. */
	if (n <= bi->rsdp_copy_len || n < 20)
		return;
	memcpy(bi->rsdp_copy, tag + 8, n);
	bi->rsdp_copy_len = n;
}

static void parse_tag(const u8 *tag, u32 type, u32 size, struct boot_info *bi)
{
	switch (type) {
	case TAG_CMDLINE:
		boot_set_cmdline(bi, (const char *)tag + 8, size - 8);
		break;
	case TAG_MODULE:
		if (size >= 16)
			boot_add_module(bi, boot_u32(tag + 8), (s64)boot_u32(tag + 12) - boot_u32(tag + 8));
		break;
	case TAG_MMAP:
		parse_mmap(tag, size, bi);
		break;
	case TAG_FRAMEBUFFER:
		parse_framebuffer(tag, size, &bi->fb);
		break;
	case TAG_EFI64_SYSTAB:
		if (size >= 16)
			bi->efi_systab = boot_u64(tag + 8);
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		parse_rsdp(tag, size, bi);
		break;
	}
}

/* Walk the tags; with `only` just those of that type, else all but the EFI map. False: malformed. */
static bool walk(const u8 *p, u32 total, u32 only, struct boot_info *bi)
{
	u32 off = 8;

	while (total - off >= sizeof(struct mb2_tag)) {
		u32 type = boot_u32(p + off), size = boot_u32(p + off + 4);

		if (type == TAG_END)
			return true;
		if (size < 8 || size > total - off)
			return false;
		if (type == only)
			parse_efi_mmap(p + off, size, bi);
		else if (!only)
			parse_tag(p + off, type, size, bi);
		size = ALIGN_UP(size, 8u);
		if (size > total - off)
			return true;
		off += size;
	}
	return true;
}

int mb2_parse(const void *info, u64 info_pa, struct boot_info *bi)
{
	const u8 *p = info;
	u32 total = boot_u32(p);
	bool whole;

	memset(bi, 0, sizeof(*bi));
	bi->loader = "multiboot2";
	if (total < 16 || total > MB2_MAX_SIZE)
		return -EINVAL;
	bi->info_base = info_pa;
	bi->info_size = total;
	whole = walk(p, total, 0, bi);
	if (!bi->nr_regions)
		walk(p, total, TAG_EFI_MMAP, bi);
	if (!whole)
		bi->dropped++;
	return bi->nr_regions ? 0 : -EINVAL;
}
