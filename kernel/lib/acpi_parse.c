/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ACPI tables (ACPI Specification 6.4, chapter 5): RSDP, root table, then each table by signature.
 * There is no AML interpreter: the sleep type of S5 and microvm's virtio-mmio devices are found in the
 * DSDT by the byte patterns that firmware writes for them. keel: no-sanitize (early boot).
 *
 * A table is looked at only after its header, its whole length and its checksum were verified.
 */
#include <base/acpi.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include "boot_util.h"

#define TABLE_MAX	(8u << 20)
#define HEADER_SIZE	36

static u8 sum_bytes(const u8 *p, u64 n)
{
	u8 sum = 0;

	while (n--)
		sum = (u8)(sum + *p++);
	return sum;
}

static bool sig_is(const u8 *p, const char *sig)
{
	return memcmp(p, sig, 4) == 0;
}

/* ---- RSDP and root table ---- */

static bool rsdp_valid(const u8 *p, u64 n)
{
	if (n < 20 || memcmp(p, "RSD PTR ", 8) != 0 || sum_bytes(p, 20) != 0)
		return false;
	return true;
}

u64 acpi_find_rsdp(acpi_map_fn map)
{
	const u8 *ebda_ptr = map(0x40e, 2);
	u64 areas[2][2] = { { ebda_ptr ? (u64)boot_u16(ebda_ptr) << 4 : 0, 1024 }, { 0xe0000, 0x20000 } };

	for (int a = 0; a < 2; a++) {
		u64 base = areas[a][0];
		const u8 *p;

		if (base < 0x400)
			continue;
		p = map(base, areas[a][1]);
		for (u64 off = 0; p && off + 20 <= areas[a][1]; off += 16)
			if (rsdp_valid(p + off, 20))
				return base + off;
	}
	return 0;
}

/* The whole table at pa, checked; NULL if it cannot be one. */
static const u8 *map_table(u64 pa, acpi_map_fn map, u32 *len)
{
	const u8 *p = pa ? map(pa, HEADER_SIZE) : NULL;
	u32 n;

	if (!p)
		return NULL;
	n = boot_u32(p + 4);
	if (n < HEADER_SIZE || n > TABLE_MAX)
		return NULL;
	p = map(pa, n);
	if (!p || sum_bytes(p, n) != 0)
		return NULL;
	*len = n;
	return p;
}

/* FACS has no checksum and the DSDT is not in the root table: only tables of the root are asked for here. */
static u64 root_entry(const u8 *root, u32 len, bool wide, u32 i)
{
	u32 size = wide ? 8 : 4;

	if (i >= (len - HEADER_SIZE) / size)
		return 0;
	return wide ? boot_u64(root + HEADER_SIZE + i * 8) : boot_u32(root + HEADER_SIZE + i * 4);
}

static u32 root_count(u32 len, bool wide)
{
	return (len - HEADER_SIZE) / (wide ? 8 : 4);
}

/* Pick the root table: XSDT if it is whole, else RSDT. */
static const u8 *map_root(const struct acpi_info *ai, acpi_map_fn map, u32 *len, bool *wide)
{
	const u8 *root = map_table(ai->xsdt, map, len);

	*wide = root != NULL;
	return root ? root : map_table(ai->rsdt, map, len);
}

u64 acpi_find_table(const struct acpi_info *ai, const char sig[4], u32 n, acpi_map_fn map, u32 *len)
{
	u32 root_len, count;
	bool wide;
	const u8 *root = map_root(ai, map, &root_len, &wide);

	count = root ? root_count(root_len, wide) : 0;
	for (u32 i = 0; i < count; i++) {
		u64 pa;
		const u8 *t;

		/* The mapper may have only one window: map the root again after each table. */
		root = map_root(ai, map, &root_len, &wide);
		if (!root)
			return 0;
		pa = root_entry(root, root_len, wide, i);
		t = pa ? map(pa, 4) : NULL;
		if (!t || !sig_is(t, sig))
			continue;
		if (map_table(pa, map, len) && n-- == 0)
			return pa;
	}
	return 0;
}

/* ---- MADT ---- */

#define LAPIC_ENABLED		1u
#define LAPIC_ONLINE_CAPABLE	2u

static void add_cpu(struct acpi_info *ai, u32 apic_id, u32 uid, u32 flags)
{
	if (!(flags & LAPIC_ENABLED)) {
		ai->nr_cpus_disabled += (flags & LAPIC_ONLINE_CAPABLE) != 0;
		return;
	}
	/* Firmware lists small ids in both forms now and then. */
	for (u32 i = 0; i < ai->nr_cpus; i++)
		if (ai->cpus[i].apic_id == apic_id)
			return;
	if (ai->nr_cpus == ACPI_MAX_CPUS) {
		ai->dropped++;
		return;
	}
	ai->cpus[ai->nr_cpus++] = (struct acpi_cpu){ apic_id, uid };
}

static void add_ioapic(struct acpi_info *ai, u32 id, u64 address, u32 gsi_base)
{
	if (ai->nr_ioapics == ACPI_MAX_IOAPICS || !address)
		ai->dropped++;
	else
		ai->ioapics[ai->nr_ioapics++] = (struct acpi_ioapic){ id, gsi_base, address };
}

static void add_override(struct acpi_info *ai, const u8 *e)
{
	/* Bus 0 is ISA, the only one defined; 16 interrupts. */
	if (e[2] != 0 || e[3] > 15)
		return;
	if (ai->nr_overrides == ACPI_MAX_OVERRIDES)
		ai->dropped++;
	else
		ai->overrides[ai->nr_overrides++] =
			(struct acpi_override){ .irq = e[3], .gsi = boot_u32(e + 4), .flags = boot_u16(e + 8) };
}

static void add_nmi(struct acpi_info *ai, u32 uid, u16 flags, u8 lint)
{
	if (ai->nr_nmis == ACPI_MAX_NMIS)
		ai->dropped++;
	else
		ai->nmis[ai->nr_nmis++] = (struct acpi_nmi){ uid, flags, lint };
}

static void parse_madt_entry(struct acpi_info *ai, const u8 *e, u8 len)
{
	switch (e[0]) {
	case 0:
		if (len >= 8)
			add_cpu(ai, e[3], e[2], boot_u32(e + 4));
		break;
	case 1:
		if (len >= 12)
			add_ioapic(ai, e[2], boot_u32(e + 4), boot_u32(e + 8));
		break;
	case 2:
		if (len >= 10)
			add_override(ai, e);
		break;
	case 4:
		if (len >= 6)
			add_nmi(ai, e[2] == 0xff ? ACPI_ALL_CPUS : e[2], boot_u16(e + 3), e[5]);
		break;
	case 5:
		if (len >= 12)
			ai->lapic_address = boot_u64(e + 4);
		break;
	case 9:
		if (len >= 16)
			add_cpu(ai, boot_u32(e + 4), boot_u32(e + 12), boot_u32(e + 8));
		break;
	case 10:
		if (len >= 12)
			add_nmi(ai, boot_u32(e + 4), boot_u16(e + 2), e[8]);
		break;
	}
}

static void parse_madt(struct acpi_info *ai, const u8 *t, u32 len)
{
	if (len < 44 || ai->has_madt) {
		ai->dropped++;
		return;
	}
	ai->has_madt = true;
	ai->lapic_address = boot_u32(t + 36);
	ai->has_8259 = t[40] & 1;
	for (u32 off = 44; off + 2 <= len;) {
		u8 n = t[off + 1];

		if (n < 2 || n > len - off) {
			ai->dropped++;
			break;
		}
		parse_madt_entry(ai, t + off, n);
		off += n;
	}
}

u32 acpi_irq_gsi(const struct acpi_info *ai, u8 irq, u16 *flags)
{
	for (u32 i = 0; i < ai->nr_overrides; i++)
		if (ai->overrides[i].irq == irq) {
			if (flags)
				*flags = ai->overrides[i].flags;
			return ai->overrides[i].gsi;
		}
	if (flags)
		*flags = 0;
	return irq;
}

/* ---- FADT ---- */

#define FADT_PWR_BUTTON		(1u << 4)	/* set: it is not a fixed feature */
#define FADT_TMR_VAL_EXT	(1u << 8)
#define FADT_RESET_SUP		(1u << 10)
#define FADT_HW_REDUCED		(1u << 20)

static struct acpi_gas read_gas(const u8 *t, u32 len, u32 off)
{
	struct acpi_gas g = { 0 };

	if (off + 12 <= len) {
		g.space = t[off];
		g.bits = t[off + 1];
		g.bit_offset = t[off + 2];
		g.access = t[off + 3];
		g.address = boot_u64(t + off + 4);
	}
	return g;
}

/* A block by its extended address if there is one, else by its old port. */
static struct acpi_gas read_block(const u8 *t, u32 len, u32 port_off, u32 length_off, u32 gas_off)
{
	struct acpi_gas g = read_gas(t, len, gas_off);

	if (g.address)
		return g;
	g = (struct acpi_gas){ .space = ACPI_SPACE_IO };
	if (port_off + 4 <= len && length_off < len && t[length_off]) {
		g.address = boot_u32(t + port_off);
		g.bits = (u8)min(t[length_off] * 8, 255);
	}
	return g;
}

static void parse_fadt(struct acpi_info *ai, const u8 *t, u32 len)
{
	u16 boot_arch;

	if (len < 116 || ai->has_fadt) {
		ai->dropped++;
		return;
	}
	ai->has_fadt = true;
	ai->facs = boot_u32(t + 36);
	ai->dsdt = boot_u32(t + 40);
	ai->sci_irq = boot_u16(t + 46);
	ai->smi_command = boot_u32(t + 48);
	ai->acpi_enable = t[52];
	ai->acpi_disable = t[53];
	ai->pm1_event_len = t[88];
	ai->gpe0_len = t[92];
	ai->century = t[108];
	ai->fadt_flags = boot_u32(t + 112);
	ai->pm1a_event = read_block(t, len, 56, 88, 148);
	ai->pm1b_event = read_block(t, len, 60, 88, 160);
	ai->pm1a_control = read_block(t, len, 64, 89, 172);
	ai->pm1b_control = read_block(t, len, 68, 89, 184);
	ai->pm_timer = read_block(t, len, 76, 91, 208);
	ai->gpe0 = read_block(t, len, 80, 92, 220);
	ai->pm_timer_32bit = ai->fadt_flags & FADT_TMR_VAL_EXT;
	ai->power_button_fixed = !(ai->fadt_flags & FADT_PWR_BUTTON);
	ai->hw_reduced = len >= 268 && (ai->fadt_flags & FADT_HW_REDUCED);
	if (t[8] >= 3) {
		/* These bits began with revision 2 of the table; before, the bytes were reserved. */
		boot_arch = boot_u16(t + 109);
		ai->no_8042 = !(boot_arch & 2);
		ai->no_vga = boot_arch & 4;
		ai->no_msi = boot_arch & 8;
		ai->no_cmos_rtc = boot_arch & 32;
	}
	if (len >= 129 && (ai->fadt_flags & FADT_RESET_SUP)) {
		ai->reset = read_gas(t, len, 116);
		ai->reset_value = t[128];
	}
	if (len >= 148 && boot_u64(t + 140))
		ai->dsdt = boot_u64(t + 140);
	if (len >= 140 && boot_u64(t + 132))
		ai->facs = boot_u64(t + 132);
	ai->sleep_control = read_gas(t, len, 244);
	ai->sleep_status = read_gas(t, len, 256);
}

/* ---- DSDT, by pattern ---- */

#define AML_ZERO	0x00
#define AML_ONE		0x01
#define AML_NAME	0x08
#define AML_BYTE	0x0a
#define AML_WORD	0x0b
#define AML_DWORD	0x0c
#define AML_PACKAGE	0x12
#define AML_SCOPE_ROOT	'\\'

/* A small integer at *off. -1: something else stands there. */
static int aml_small_int(const u8 *p, u32 len, u32 *off)
{
	u32 i = *off;

	if (i >= len)
		return -1;
	switch (p[i]) {
	case AML_ZERO: case AML_ONE:
		*off = i + 1;
		return p[i];
	case AML_BYTE:
		if (len - i < 2)
			return -1;
		*off = i + 2;
		return p[i + 1];
	case AML_WORD:
		if (len - i < 3 || p[i + 2])
			return -1;
		*off = i + 3;
		return p[i + 1];
	case AML_DWORD:
		if (len - i < 5 || p[i + 2] || p[i + 3] || p[i + 4])
			return -1;
		*off = i + 5;
		return p[i + 1];
	}
	return -1;
}

/* Name(\_S5, Package(){ a, b, ... }) */
static bool parse_s5_at(struct acpi_info *ai, const u8 *p, u32 len, u32 at)
{
	u32 off = at + 4;
	int a, b;

	/* NameOp stands before the name, perhaps with the root prefix between. */
	if (at == 0 || !(p[at - 1] == AML_NAME || (at >= 2 && p[at - 1] == AML_SCOPE_ROOT && p[at - 2] == AML_NAME)))
		return false;
	if (len - off < 4 || p[off] != AML_PACKAGE)
		return false;
	/* Package length (its own size in the top two bits), then the number of elements. */
	off += 1;
	off += 1 + (p[off] >> 6);
	if (off >= len || p[off] < 1)
		return false;
	b = p[off++] >= 2;
	a = aml_small_int(p, len, &off);
	if (a < 0)
		return false;
	b = b ? aml_small_int(p, len, &off) : 0;
	ai->has_s5 = true;
	ai->slp_typ_a = a & 7;
	ai->slp_typ_b = b < 0 ? a & 7 : b & 7;
	return true;
}

/*
 * A device with _HID "LNRO0005" is virtio-mmio; its _CRS that follows has a 32-bit fixed memory
 * descriptor (0x86, length 9) and an extended interrupt descriptor (0x89, length 6, one interrupt).
 */
static u32 parse_virtio_mmio_at(struct acpi_info *ai, const u8 *p, u32 len, u32 at)
{
	struct acpi_virtio_mmio d = { 0 };
	u32 end = min(len, at + 160), off;

	for (off = at + 8; off < end; off++) {
		if (!d.base && end - off >= 12 && p[off] == 0x86 && p[off + 1] == 9 && p[off + 2] == 0) {
			d.base = boot_u32(p + off + 4);
			d.size = boot_u32(p + off + 8);
			off += 11;
		} else if (d.base && end - off >= 9 && p[off] == 0x89 && p[off + 1] == 6 && p[off + 4] == 1) {
			d.irq = boot_u32(p + off + 5);
			if (ai->nr_virtio_mmio == ACPI_MAX_MMIO_DEVS)
				ai->dropped++;
			else
				ai->virtio_mmio[ai->nr_virtio_mmio++] = d;
			return off + 9;
		} else if (end - off >= 8 && memcmp(p + off, "LNRO0005", 8) == 0) {
			break;
		}
	}
	return at + 8;
}

static void parse_dsdt(struct acpi_info *ai, acpi_map_fn map)
{
	u32 len;
	const u8 *p = map_table(ai->dsdt, map, &len);

	if (!p || !sig_is(p, "DSDT"))
		return;
	for (u32 i = HEADER_SIZE; i + 8 <= len;) {
		const u8 *hit = memchr(p + i, '_', len - 8 - i + 1), *dev = memchr(p + i, 'L', len - 8 - i + 1);

		if (dev && (!hit || dev < hit)) {
			i = (u32)(dev - p);
			i = memcmp(dev, "LNRO0005", 8) == 0 ? parse_virtio_mmio_at(ai, p, len, i) : i + 1;
			continue;
		}
		if (!hit)
			break;
		i = (u32)(hit - p);
		if (!ai->has_s5 && sig_is(hit, "_S5_"))
			parse_s5_at(ai, p, len, i);
		i++;
	}
}

/* ---- the small ones ---- */

static void parse_mcfg(struct acpi_info *ai, const u8 *t, u32 len)
{
	for (u32 off = 44; off + 16 <= len; off += 16) {
		struct acpi_mcfg m = { boot_u64(t + off), boot_u16(t + off + 8), t[off + 10], t[off + 11] };

		if (ai->nr_mcfg == ACPI_MAX_MCFG || m.bus_end < m.bus_start || !m.base)
			ai->dropped++;
		else
			ai->mcfg[ai->nr_mcfg++] = m;
	}
}

static void parse_hpet(struct acpi_info *ai, const u8 *t, u32 len)
{
	struct acpi_gas g = read_gas(t, len, 40);

	if (len < 56 || g.space != ACPI_SPACE_MEMORY || ai->hpet_address) {
		ai->dropped++;
		return;
	}
	ai->hpet_address = g.address;
	ai->hpet_min_tick = boot_u16(t + 53);
}

static void parse_table(struct acpi_info *ai, u64 pa, acpi_map_fn map)
{
	u32 len;
	const u8 *t = map_table(pa, map, &len);

	if (!t) {
		ai->dropped++;
		return;
	}
	ai->nr_tables++;
	if (sig_is(t, "APIC"))
		parse_madt(ai, t, len);
	else if (sig_is(t, "FACP"))
		parse_fadt(ai, t, len);
	else if (sig_is(t, "MCFG"))
		parse_mcfg(ai, t, len);
	else if (sig_is(t, "HPET"))
		parse_hpet(ai, t, len);
}

static bool read_rsdp(struct acpi_info *ai, const u8 *p, u64 n)
{
	if (!rsdp_valid(p, n))
		return false;
	memcpy(ai->oem, p + 9, 6);
	ai->revision = p[15];
	ai->rsdt = boot_u32(p + 16);
	if (ai->revision >= 2 && n >= 36 && boot_u32(p + 20) >= 36 && sum_bytes(p, 36) == 0)
		ai->xsdt = boot_u64(p + 24);
	return true;
}

int acpi_parse(u64 rsdp_pa, const void *rsdp_copy, u32 copy_len, acpi_map_fn map, struct acpi_info *ai)
{
	const u8 *p = rsdp_copy;
	u64 n = copy_len;
	u32 len, count;
	bool wide;

	memset(ai, 0, sizeof(*ai));
	if (rsdp_pa) {
		p = map(rsdp_pa, 36);
		n = p ? 36 : 20;
		if (!p)
			p = map(rsdp_pa, 20);
		ai->rsdp = rsdp_pa;
	}
	if (!p || !n || !read_rsdp(ai, p, n) || !(p = map_root(ai, map, &len, &wide))) {
		memset(ai, 0, sizeof(*ai));
		return -ENOENT;
	}
	count = root_count(len, wide);
	for (u32 i = 0; i < count; i++) {
		u64 pa;

		p = map_root(ai, map, &len, &wide);
		pa = p ? root_entry(p, len, wide, i) : 0;
		if (pa)
			parse_table(ai, pa, map);
	}
	if (ai->dsdt)
		parse_dsdt(ai, map);
	/* A PC without FADT's word on it has the old controllers. */
	if (!ai->has_madt)
		ai->has_8259 = true;
	return 0;
}
