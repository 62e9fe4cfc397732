/* SPDX-License-Identifier: MPL-2.0 */
/* SMBIOS: the strings of /sys/class/dmi/id, copied once. From the anchor below 1 MiB; EFI machines without one have none. */
#include <asm/boot.h>
#include <asm/pgtable.h>
#include <base/alloc.h>
#include <base/string.h>
#include <core/init.h>
#include <core/machine.h>

struct dmi_field {
	const char *name;
	u8 type, offset;
	const char *value;	/* [I] after boot */
};

static struct dmi_field fields[] = {
	{ "bios_vendor", 0, 4, NULL }, { "bios_version", 0, 5, NULL }, { "bios_date", 0, 8, NULL },
	{ "sys_vendor", 1, 4, NULL }, { "product_name", 1, 5, NULL }, { "product_version", 1, 6, NULL },
	{ "product_serial", 1, 7, NULL }, { "product_sku", 1, 0x19, NULL }, { "product_family", 1, 0x1a, NULL },
	{ "board_vendor", 2, 4, NULL }, { "board_name", 2, 5, NULL }, { "board_version", 2, 6, NULL },
	{ "board_serial", 2, 7, NULL }, { "board_asset_tag", 2, 8, NULL },
	{ "chassis_vendor", 3, 4, NULL }, { "chassis_version", 3, 6, NULL }, { "chassis_serial", 3, 7, NULL },
	{ "chassis_asset_tag", 3, 8, NULL },
};

const char *dmi_string(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		if (streq(fields[i].name, name))
			return fields[i].value;
	return NULL;
}

/* The n-th string behind a structure. */
static const char *dmi_nth(const u8 *s, const u8 *end, u8 n)
{
	const u8 *p = s + s[1];

	while (n > 1 && p < end && *p) {
		p += strnlen((const char *)p, (size_t)(end - p)) + 1;
		n--;
	}
	return n && p < end && *p && memchr(p, 0, (size_t)(end - p)) ? (const char *)p : NULL;
}

static void take(const u8 *s, const u8 *end)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		struct dmi_field *f = &fields[i];
		const char *v;

		if (f->type != s[0] || f->value || f->offset >= s[1])
			continue;
		v = dmi_nth(s, end, s[f->offset]);
		if (v)
			f->value = kstrdup(v, GFP_KERNEL);
	}
}

static bool sum_zero(const u8 *p, u32 n)
{
	u8 s = 0;

	while (n--)
		s = (u8)(s + *p++);
	return !s;
}

static int dmi_init(void)
{
	const u8 *p = NULL, *t, *end;
	u64 pa = 0;
	u32 len = 0;

	for (u64 a = 0xf0000; a < 0x100000 - 32 && !pa; a += 16) {
		p = phys_virt(a);
		if (!memcmp(p, "_SM3_", 5) && p[6] <= 32 && sum_zero(p, p[6])) {
			memcpy(&pa, p + 16, 8);
			memcpy(&len, p + 12, 4);
		} else if (!memcmp(p, "_SM_", 4) && p[5] <= 32 && sum_zero(p, p[5])) {
			memcpy(&pa, p + 24, 4);
			len = p[22] | (u32)p[23] << 8;
		}
	}
	if (!pa || len > 65536 || kmap_lookup(direct_map_base + (pa & PAGE_MASK)) == ~0ull ||
	    kmap_lookup(direct_map_base + ((pa + len - 1) & PAGE_MASK)) == ~0ull)
		return 0;
	t = phys_virt(pa);
	end = t + len;
	while (t + 4 <= end && t[1] >= 4 && t + t[1] <= end && t[0] != 127) {
		take(t, end);
		t += t[1];
		while (t + 1 < end && (t[0] || t[1]))
			t++;
		t += 2;
	}
	return 0;
}
INITCALL_BUS(dmi_init);
