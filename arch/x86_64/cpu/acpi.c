/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ACPI tables that boot needs: MADT (CPUs, interrupt controllers), FADT (power, PM timer), HPET,
 * MCFG, and the S5 values out of the DSDT by their pattern (there is no AML interpreter). Without
 * ACPI the Intel MP table, and without that what every PC has. Tables are read in the direct map;
 * every length is checked against the table's.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/pgtable.h>
#include <base/compiler.h>
#include <base/string.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/printk.h>

struct acpi_info acpi __ro_after_init;
static bool acpi_off __initdata;
static u64 rsdt_pa __initdata;
static bool is_xsdt __initdata;

struct sdt {
	char sig[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

static int __init acpi_param(const char *v)
{
	if (streq(v, "off"))
		acpi_off = true;
	return 0;
}
EARLY_KPARAM("acpi", acpi_param);

static u16 __init get16(const u8 *p) { u16 v; memcpy(&v, p, 2); return v; }
static u32 __init get32(const u8 *p) { u32 v; memcpy(&v, p, 4); return v; }
static u64 __init get64(const u8 *p) { u64 v; memcpy(&v, p, 8); return v; }

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

static const struct sdt *__init table_at(u64 pa, const char *sig)
{
	const struct sdt *t = fw(pa, sizeof(*t));

	if (!t || t->length < sizeof(*t) || t->length > (16u << 20) || (sig && memcmp(t->sig, sig, 4)))
		return NULL;
	t = fw(pa, t->length);
	if (!t || (!sum_ok(t, t->length) && (!sig || memcmp(sig, "DSDT", 4)))) {
		if (t)
			pr_warn("ACPI table at %#llx: wrong checksum, ignored\n", (unsigned long long)pa);
		return NULL;
	}
	return t;
}

static const struct sdt *__init table_find(const char *sig)
{
	const struct sdt *r = table_at(rsdt_pa, is_xsdt ? "XSDT" : "RSDT");
	u32 w = is_xsdt ? 8 : 4;

	if (!r)
		return NULL;
	for (const u8 *p = (const u8 *)(r + 1); p + w <= (const u8 *)r + r->length; p += w) {
		u64 pa = is_xsdt ? get64(p) : get32(p);
		const struct sdt *t = fw(pa, sizeof(*t));

		if (t && !memcmp(t->sig, sig, 4))
			return table_at(pa, sig);
	}
	return NULL;
}

static bool __init take_rsdp(const u8 *p)
{
	if (!p || memcmp(p, "RSD PTR ", 8) || !sum_ok(p, 20))
		return false;
	is_xsdt = p[15] >= 2 && get64(p + 24);
	rsdt_pa = is_xsdt ? get64(p + 24) : get32(p + 16);
	return true;
}

static bool __init find_rsdp(u64 pa, const void *copy, u32 copy_len)
{
	u64 ebda;

	if (copy_len >= 20 && (((const u8 *)copy)[15] < 2 || copy_len >= 36) && take_rsdp(copy))
		return true;
	if (pa && take_rsdp(fw(pa, 36)))
		return true;
	ebda = (u64)get16(phys_virt(0x40e)) << 4;
	for (u64 a = ebda; ebda >= 0x80000 && a < ebda + 1024 && a < 0x100000 - 36; a += 16)
		if (take_rsdp(phys_virt(a)))
			return true;
	for (u64 a = 0xe0000; a < 0x100000 - 36; a += 16)
		if (take_rsdp(phys_virt(a)))
			return true;
	return false;
}

static void __init add_cpu(u32 id)
{
	if (acpi.nr_cpus < MAX_CPUS)
		acpi.apic_ids[acpi.nr_cpus++] = id;
	else
		pr_warn_once("more than %d CPUs: the others stay off\n", MAX_CPUS);
}

static void __init set_override(u32 isa, u32 gsi, u32 flags)
{
	if (isa >= 16)
		return;
	acpi.isa[isa].set = true;
	acpi.isa[isa].gsi = gsi;
	/* Polarity: 0 as the bus has it (ISA: high), 1 high, 3 low; trigger in the next two bits: 1 edge, 3 level. */
	acpi.isa[isa].active_low = (flags & 3) == 3;
	acpi.isa[isa].level = (flags >> 2 & 3) == 3;
}

static void __init parse_madt(const struct sdt *t)
{
	const u8 *p = (const u8 *)t + 44, *end = (const u8 *)t + t->length;

	if (t->length < 44)
		return;
	acpi.has_madt = true;
	acpi.lapic_addr = get32((const u8 *)t + 36);
	acpi.has_8259 = get32((const u8 *)t + 40) & 1;
	for (; p + 2 <= end && p[1] >= 2 && p + p[1] <= end; p += p[1]) {
		switch (p[0]) {
		case 0:
			if (p[1] >= 8 && (get32(p + 4) & 1) && p[3] != 0xff)
				add_cpu(p[3]);
			break;
		case 1:
			if (p[1] >= 12 && acpi.nr_ioapics < MAX_IOAPICS)
				acpi.ioapics[acpi.nr_ioapics++] = (struct ioapic_info){ p[2], get32(p + 8), get32(p + 4) };
			break;
		case 2:
			if (p[1] >= 10)
				set_override(p[3], get32(p + 4), get16(p + 8));
			break;
		case 5:
			if (p[1] >= 12)
				acpi.lapic_addr = get64(p + 4);
			break;
		case 9:
			if (p[1] >= 16 && (get32(p + 8) & 1) && get32(p + 4) >= 255)
				add_cpu(get32(p + 4));
			break;
		}
	}
}

/* \_S5 is a package of small integers; find its name in the byte code and decode the first two. */
static void __init find_s5(const struct sdt *dsdt)
{
	const u8 *p = (const u8 *)(dsdt + 1), *end = (const u8 *)dsdt + dsdt->length;
	u32 vals[2] = { 0, 0 };

	for (; p + 8 <= end; p++) {
		if (memcmp(p, "_S5_", 4) || p[4] != 0x12)
			continue;
		p += 5;
		p += (*p >> 6) + 2;		/* package length, then the number of elements */
		for (int i = 0; i < 2 && p < end; i++) {
			if (*p == 0x0a && p + 1 < end) {
				vals[i] = p[1];
				p += 2;
			} else {		/* ZeroOp, OneOp */
				vals[i] = *p == 1;
				p++;
			}
		}
		acpi.has_s5 = true;
		acpi.s5_a = (u8)(vals[0] & 7);
		acpi.s5_b = (u8)(vals[1] & 7);
		return;
	}
}

static struct acpi_gas __init gas(const u8 *p)
{
	return (struct acpi_gas){ p[0], p[1], get64(p + 4) };
}

static void __init parse_fadt(const struct sdt *t)
{
	const u8 *p = (const u8 *)t;
	u32 len = t->length, flags;
	u64 dsdt;

	if (len < 116)
		return;
	flags = get32(p + 112);
	acpi.sci = get16(p + 46);
	acpi.smi_cmd = get32(p + 48);
	acpi.acpi_enable = p[52];
	acpi.pm1a_evt = get32(p + 56);
	acpi.pm1b_evt = get32(p + 60);
	acpi.pm1a_cnt = get32(p + 64);
	acpi.pm1b_cnt = get32(p + 68);
	acpi.pm_timer = get32(p + 76);
	acpi.gpe0 = get32(p + 80);
	acpi.pm1_evt_len = p[88];
	acpi.gpe0_len = p[92];
	acpi.pm_timer_32 = flags & (1u << 8);
	acpi.hw_reduced = flags & (1u << 20);
	acpi.fixed_power_button = !(flags & (1u << 4));
	if (t->revision >= 2)
		acpi.no_cmos_rtc = get16(p + 109) & 0x20;
	acpi.reset_ok = (flags & (1u << 10)) && len >= 129;
	if (acpi.reset_ok) {
		acpi.reset_reg = gas(p + 116);
		acpi.reset_value = p[128];
	}
	dsdt = len >= 148 && get64(p + 140) ? get64(p + 140) : get32(p + 40);
	if (len >= 268) {
		acpi.sleep_ctl = gas(p + 244);
		acpi.sleep_sts = gas(p + 256);
	}
	t = table_at(dsdt, "DSDT");
	if (t)
		find_s5(t);
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

	acpi.lapic_addr = get32(t + 36);
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
			if ((p[3] & 1) && acpi.nr_ioapics < MAX_IOAPICS) {
				u32 base = acpi.nr_ioapics ? acpi.ioapics[acpi.nr_ioapics - 1].gsi_base + 24 : 0;

				acpi.ioapics[acpi.nr_ioapics++] = (struct ioapic_info){ p[1], base, get32(p + 4) };
			}
			break;
		case 3:
			if (p[1] == 0 && (isa_bus[p[4] / 8] >> p[4] % 8 & 1) && acpi.nr_ioapics <= 1)
				set_override(p[5], p[7], get16(p + 2));
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

static const char *__init interrupt_tables(void)
{
	const struct sdt *t = acpi.present ? table_find("APIC") : NULL;

	if (t)
		parse_madt(t);
	if (acpi.nr_cpus)
		return "ACPI";
	acpi.nr_ioapics = 0;
	if (mp_table())
		return "MP table";
	return "none";
}

void __init acpi_init(u64 rsdp_pa, const void *copy, u32 copy_len)
{
	const struct sdt *t;
	const char *from;

	acpi.lapic_addr = 0xfee00000;
	acpi.has_8259 = true;
	acpi.present = !acpi_off && find_rsdp(rsdp_pa, copy, copy_len);
	from = interrupt_tables();
	if (!acpi.nr_ioapics) {
		/* Where every PC has one; no answer there is found out by ioapic_init(). */
		acpi.ioapics[0] = (struct ioapic_info){ 0, 0, 0xfec00000 };
		acpi.nr_ioapics = 1;
	}
	pr_info("ACPI %s; CPUs and interrupts by %s: %u CPUs, %u IOAPICs\n", acpi.present ? "found" : "not found", from,
		acpi.nr_cpus ? acpi.nr_cpus : 1, acpi.nr_ioapics);
	if (!acpi.present)
		return;
	t = table_find("FACP");
	if (t)
		parse_fadt(t);
	t = table_find("HPET");
	if (t && t->length >= 56 && ((const u8 *)t)[40] == 0)
		acpi.hpet_addr = get64((const u8 *)t + 44);
	t = table_find("MCFG");
	if (t && t->length >= 60) {
		acpi.ecam_addr = get64((const u8 *)t + 44);
		acpi.ecam_bus_start = ((const u8 *)t)[54];
		acpi.ecam_bus_end = ((const u8 *)t)[55];
	}
}
