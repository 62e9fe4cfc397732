/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the firmware says about the machine: ACPI through kernel/lib/acpi_parse.c, else Intel's MP
 * table, which is read here into the same structure, else what every PC has. Tables are read in the
 * direct map, which covers the firmware's memory.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/pgtable.h>
#include <base/compiler.h>
#include <base/string.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/printk.h>

struct acpi_info acpi __ro_after_init;
bool acpi_present __ro_after_init;
static bool acpi_off __initdata;

static int __init acpi_param(const char *v)
{
	if (streq(v, "off"))
		acpi_off = true;
	return 0;
}
EARLY_KPARAM("acpi", acpi_param);

static u16 __init get16(const u8 *p) { u16 v; memcpy(&v, p, 2); return v; }
static u32 __init get32(const u8 *p) { u32 v; memcpy(&v, p, 4); return v; }

static bool __init sum_ok(const void *p, size_t n)
{
	const u8 *b = p;
	u8 s = 0;

	while (n--)
		s = (u8)(s + *b++);
	return s == 0;
}

/* Memory of the firmware, or NULL where the direct map has nothing. */
static const void *__init fw(u64 pa, u64 n)
{
	if (!pa || pa + n < pa)
		return NULL;
	for (u64 a = pa & PAGE_MASK; a < pa + n; a += PAGE_SIZE)
		if (kmap_lookup(direct_map_base + a) == ~0ull)
			return NULL;
	return phys_virt(pa);
}

static void __init add_cpu(u32 id)
{
	if (acpi.nr_cpus < ACPI_MAX_CPUS)
		acpi.cpus[acpi.nr_cpus++].apic_id = id;
}

static void __init add_override(u8 irq, u32 gsi, u16 flags)
{
	if (acpi.nr_overrides < ACPI_MAX_OVERRIDES)
		acpi.overrides[acpi.nr_overrides++] = (struct acpi_override){ irq, flags, gsi };
}

/* ---- Intel's MultiProcessor table ---- */

static const u8 *__init mp_floating(u64 from, u64 to)
{
	for (u64 a = from; a + 16 <= to; a += 16) {
		const u8 *p = phys_virt(a);

		if (!memcmp(p, "_MP_", 4) && p[8] == 1 && sum_ok(p, 16))
			return p;
	}
	return NULL;
}

static void __init mp_entries(const u8 *t)
{
	const u8 *p = t + 44, *end = t + get16(t + 4);
	u8 isa_bus[32] = { 0 };	/* bit a bus id */

	acpi.lapic_address = get32(t + 36);
	/* The count of entries is 0 in qboot's table: its length decides. */
	while (p + 8 <= end) {
		switch (p[0]) {
		case 0:
			if (p + 20 <= end && (p[3] & 1))
				add_cpu(p[1]);
			p += 20;
			continue;
		case 1:
			if (!memcmp(p + 2, "ISA", 3))
				isa_bus[p[1] / 8] |= (u8)(1 << p[1] % 8);
			break;
		case 2:
			if ((p[3] & 1) && acpi.nr_ioapics < ACPI_MAX_IOAPICS) {
				u32 base = acpi.nr_ioapics ? acpi.ioapics[acpi.nr_ioapics - 1].gsi_base + 24 : 0;

				acpi.ioapics[acpi.nr_ioapics++] = (struct acpi_ioapic){ p[1], base, get32(p + 4) };
			}
			break;
		case 3:
			if (p[1] == 0 && (isa_bus[p[4] / 8] >> p[4] % 8 & 1) && acpi.nr_ioapics <= 1)
				add_override(p[5], p[7], get16(p + 2));
			break;
		}
		p += 8;
	}
}

static bool __init mp_table(void)
{
	u64 ebda = (u64)get16(phys_virt(0x40e)) << 4;
	const u8 *f = ebda >= 0x80000 && ebda < 0xa0000 ? mp_floating(ebda, ebda + 1024) : NULL, *t;

	if (!f)
		f = mp_floating(0x9fc00, 0xa0000);
	if (!f)
		f = mp_floating(0xe0000, 0x100000);
	if (!f)
		return false;
	t = fw(get32(f + 4), 44);
	if (!t || memcmp(t, "PCMP", 4) || !fw(get32(f + 4), get16(t + 4)) || !sum_ok(t, get16(t + 4)))
		return false;
	mp_entries(t);
	return acpi.nr_cpus > 0;
}

void __init acpi_init(u64 rsdp_pa, const void *copy, u32 copy_len)
{
	const char *from = "ACPI";

	acpi_present = !acpi_off && acpi_parse(rsdp_pa, copy, copy_len, fw, &acpi) == 0;
	if (!acpi.nr_cpus) {
		acpi.nr_ioapics = acpi.nr_overrides = 0;
		from = mp_table() ? "MP table" : "none";
	}
	if (!acpi.lapic_address)
		acpi.lapic_address = 0xfee00000;
	if (!acpi.nr_ioapics) {
		/* Where every PC has one; no answer there is found out by ioapic_init(). */
		acpi.ioapics[0] = (struct acpi_ioapic){ 0, 0, 0xfec00000 };
		acpi.nr_ioapics = 1;
	}
	pr_info("ACPI %s; CPUs and interrupts by %s: %u CPUs, %u IOAPICs\n", acpi_present ? "found" : "not found", from,
		acpi.nr_cpus ? acpi.nr_cpus : 1, acpi.nr_ioapics);
	if (acpi.dropped)
		pr_warn("ACPI: %u malformed tables or entries ignored\n", acpi.dropped);
}

/* core/machine.h */
bool platform_virtio_mmio(unsigned int i, u64 *base, u64 *size, u32 *gsi)
{
	if (i >= acpi.nr_virtio_mmio)
		return false;
	*base = acpi.virtio_mmio[i].base;
	*size = acpi.virtio_mmio[i].size;
	*gsi = acpi.virtio_mmio[i].irq;
	return true;
}
