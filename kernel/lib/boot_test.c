/* SPDX-License-Identifier: MPL-2.0 */
/* Boot information of both kinds and ACPI tables, well formed, cut short at every byte, and with every byte changed. */
#include <base/acpi.h>
#include <base/bootinfo.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/ktest.h>

/* ---- a little physical memory: what lies outside cannot be read ---- */

#define MEM_SIZE	8192
#define MEM_BASE	0x7000

static u8 mem[MEM_SIZE] __aligned(8);
static u64 mem_end;

static const void *map(u64 pa, u64 n)
{
	if (pa < MEM_BASE || n > mem_end || pa - MEM_BASE > mem_end - n)
		return NULL;
	return mem + (pa - MEM_BASE);
}

static u32 at;

static void put(const void *p, u32 n)
{
	memcpy(mem + at, p, n);
	at += n;
}

static void put32(u32 v) { put(&v, 4); }
static void put64(u64 v) { put(&v, 8); }
static void put8(u8 v) { put(&v, 1); }

static void begin(void)
{
	memset(mem, 0, sizeof(mem));
	at = 0;
	mem_end = MEM_SIZE;
}

/* ---- multiboot2 ---- */

static struct boot_info bi;

static void tag(u32 type, u32 size)
{
	at = (at + 7) & ~7u;
	put32(type);
	put32(size);
}

static u32 make_mb2(void)
{
	begin();
	put64(0);
	tag(1, 8 + 18);
	put("console=ttyS0 a=b", 18);
	tag(3, 18);
	put32(0x100000);
	put32(0x180000);
	put("i", 2);
	tag(6, 16 + 3 * 24);
	put32(24);
	put32(0);
	put64(0); put64(0x9fc00); put32(1); put32(0);
	put64(0x100000); put64(0x7ee0000); put32(1); put32(0);
	put64(0xfffc0000); put64(0x40000); put32(77); put32(0);
	tag(8, 38);
	put64(0xfd000000); put32(4096); put32(1024); put32(768); put8(32); put8(1); put8(0); put8(0);
	put8(16); put8(8); put8(8); put8(8); put8(0); put8(8);
	tag(15, 8 + 36);
	put("RSD PTR 01234567890123456789012345678", 36);
	tag(12, 16);
	put64(0x123456789a);
	tag(0, 8);
	memcpy(mem, &at, 4);
	return at;
}

KTEST(boot, mb2_whole)
{
	make_mb2();
	KREQUIRE(mb2_parse(mem, MEM_BASE, &bi) == 0);
	KEXPECT(streq(bi.cmdline, "console=ttyS0 a=b") && !bi.cmdline_cut);
	KEXPECT(bi.nr_modules == 1 && bi.modules[0].base == 0x100000 && bi.modules[0].size == 0x80000);
	KEXPECT_EQ(bi.nr_regions, 3);
	KEXPECT(bi.regions[1].base == 0x100000 && bi.regions[1].type == BOOT_MEM_RAM);
	KEXPECT_EQ(bi.regions[2].type, BOOT_MEM_RESERVED);
	KEXPECT(bi.fb.addr == 0xfd000000 && bi.fb.width == 1024 && bi.fb.red_pos == 16);
	KEXPECT_EQ(bi.rsdp_copy_len, 36);
	KEXPECT_EQ(bi.efi_systab, 0x123456789a);
	KEXPECT(bi.info_base == MEM_BASE && bi.info_size == at && !bi.dropped);
}

/* The parser may say no, or see less; under the sanitizers of the host it must not read outside. */
KTEST(boot, mb2_cut_and_changed)
{
	u32 total = make_mb2();

	for (u32 n = 0; n < total; n++) {
		make_mb2();
		memcpy(mem, &n, 4);
		if (mb2_parse(mem, MEM_BASE, &bi) == 0)
			KEXPECT(bi.nr_regions > 0);
	}
	for (u32 i = 4; i < total; i++)
		for (int v = 0; v < 3; v++) {
			make_mb2();
			mem[i] = v == 0 ? 0xff : v == 1 ? 0x80 : (u8)(mem[i] + 1);
			if (mb2_parse(mem, MEM_BASE, &bi) == 0)
				KEXPECT(bi.nr_regions <= BOOT_MAX_REGIONS && bi.nr_modules <= BOOT_MAX_MODULES);
		}
}

KTEST(boot, mb2_long_cmdline_is_cut)
{
	begin();
	put64(0);
	tag(1, 8 + 5000);
	memset(mem + at, 'x', 5000);
	at += 5000;
	tag(6, 16 + 24);
	put32(24);
	put32(0);
	put64(0); put64(0x9fc00); put32(1); put32(0);
	tag(0, 8);
	memcpy(mem, &at, 4);
	KREQUIRE(mb2_parse(mem, MEM_BASE, &bi) == 0);
	KEXPECT(bi.cmdline_cut);
	KEXPECT_EQ(strlen(bi.cmdline), BOOT_CMDLINE_MAX - 1);
}

/* ---- PVH ---- */

static void make_pvh(u32 version)
{
	begin();
	put32(0x336ec578);
	put32(version);
	put32(0);
	put32(1);
	put64(MEM_BASE + 0x100);
	put64(MEM_BASE + 0xff0);
	put64(0xf5a20);
	put64(MEM_BASE + 0x200);
	put32(2);
	put32(0);
	at = 0x100;
	put64(0x7f00000); put64(0x1000); put64(0); put64(0);
	at = 0x200;
	put64(0); put64(0x9fc00); put32(1); put32(0);
	put64(0x100000); put64(0x7ee0000); put32(1); put32(0);
	at = 0xff0;
	put("across the page of the line", 28);
}

KTEST(boot, pvh_whole)
{
	make_pvh(1);
	KREQUIRE(pvh_parse(MEM_BASE, map, &bi) == 0);
	KEXPECT(streq(bi.cmdline, "across the page of the line"));
	KEXPECT(bi.nr_modules == 1 && bi.modules[0].base == 0x7f00000);
	KEXPECT(bi.nr_regions == 2 && bi.regions[1].size == 0x7ee0000);
	KEXPECT_EQ(bi.rsdp, 0xf5a20);
	/* Version 0 has no memory map, so nothing can be booted with it. */
	make_pvh(0);
	KEXPECT_EQ(pvh_parse(MEM_BASE, map, &bi), -EINVAL);
	mem[0] ^= 1;
	KEXPECT_EQ(pvh_parse(MEM_BASE, map, &bi), -EINVAL);
	KEXPECT_EQ(pvh_parse(MEM_BASE + MEM_SIZE, map, &bi), -EINVAL);
}

KTEST(boot, pvh_cut_and_changed)
{
	for (u64 n = 0; n < 0x1100; n += 3) {
		make_pvh(1);
		mem_end = n;
		if (pvh_parse(MEM_BASE, map, &bi) == 0)
			KEXPECT(bi.nr_regions > 0);
	}
	for (u32 i = 4; i < 0x240; i++) {
		make_pvh(1);
		mem[i] ^= 0xff;
		if (pvh_parse(MEM_BASE, map, &bi) == 0)
			KEXPECT(bi.nr_regions <= BOOT_MAX_REGIONS);
	}
}

/* ---- ACPI ---- */

static struct acpi_info ai;

static void fix_sum(u32 off, u32 sum_at, u32 n)
{
	u8 sum = 0;

	mem[off + sum_at] = 0;
	for (u32 i = 0; i < n; i++)
		sum = (u8)(sum + mem[off + i]);
	mem[off + sum_at] = (u8)(0 - sum);
}

static u32 table_begin(const char *sig, u8 revision)
{
	u32 off = at;

	put(sig, 4);
	put32(0);
	put8(revision);
	at = off + 36;
	return off;
}

static u64 table_end(u32 off)
{
	u32 n = at - off;

	memcpy(mem + off + 4, &n, 4);
	fix_sum(off, 9, n);
	at = (at + 15) & ~15u;
	return MEM_BASE + off;
}

static u64 make_dsdt(void)
{
	static const u8 s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00 };
	static const u8 crs[] = { 0x86, 9, 0, 1, 0x00, 0x0e, 0xb0, 0xfe, 0, 2, 0, 0, 0x89, 6, 0, 1, 1, 12, 0, 0, 0, 0x79, 0 };
	u32 t = table_begin("DSDT", 2);

	put("_S5_ in a string must not be taken", 34);
	put(s5, sizeof(s5));
	for (int i = 0; i < 2; i++) {
		put("\x0dLNRO0005", 10);
		put("junk", 4);
		put(crs, sizeof(crs));
	}
	return table_end(t);
}

static u64 make_fadt(u64 dsdt)
{
	u32 t = table_begin("FACP", 3);

	at = t + 40; put32((u32)dsdt);
	at = t + 46; put8(9);
	at = t + 48; put32(0xb2); put8(2); put8(3);
	at = t + 56; put32(0x600);
	at = t + 64; put32(0x604);
	at = t + 76; put32(0x608);
	mem[t + 88] = 4; mem[t + 89] = 2; mem[t + 91] = 4;
	mem[t + 108] = 0x32;
	at = t + 109; put8(2);
	at = t + 112; put32(1u << 10 | 1u << 8);
	put8(1); put8(8); put8(0); put8(1); put64(0xcf9); put8(0x0f);
	at = t + 244;
	return table_end(t);
}

static u64 make_madt(void)
{
	u32 t = table_begin("APIC", 3);

	put32(0xfee00000);
	put32(1);
	for (u8 i = 0; i < 3; i++) {
		put8(0); put8(8); put8(i); put8(i); put32(i < 2);
	}
	put8(9); put8(16); put8(0); put8(0); put32(300); put32(1); put32(7);
	put8(1); put8(12); put8(4); put8(0); put32(0xfec00000); put32(0);
	put8(2); put8(10); put8(0); put8(0); put32(2); put8(0); put8(0);
	put8(2); put8(10); put8(0); put8(9); put32(9); put8(0x0d); put8(0);
	put8(4); put8(6); put8(0xff); put8(0); put8(0); put8(1);
	return table_end(t);
}

static u32 rsdp_off, tables_end;

static void make_acpi(bool xsdt)
{
	u64 dsdt, fadt, madt, mcfg, hpet, root;
	u32 t;

	begin();
	dsdt = make_dsdt();
	fadt = make_fadt(dsdt);
	madt = make_madt();
	t = table_begin("MCFG", 1);
	put64(0); put64(0xb0000000); put32(0xff000000); put32(0);
	mcfg = table_end(t);
	t = table_begin("HPET", 1);
	put32(0x8086a201); put8(0); put8(64); put8(0); put8(0); put64(0xfed00000); put8(0); put8(100); put8(0); put8(0);
	hpet = table_end(t);
	t = table_begin(xsdt ? "XSDT" : "RSDT", 1);
	if (xsdt) {
		put64(fadt); put64(madt); put64(0); put64(mcfg); put64(hpet); put64(0xdead0000);
	} else {
		put32((u32)fadt); put32((u32)madt); put32((u32)mcfg); put32((u32)hpet);
	}
	root = table_end(t);
	tables_end = at;
	rsdp_off = at;
	put("RSD PTR ", 8);
	put8(0);
	put("KEEL  ", 6);
	put8(xsdt ? 2 : 0);
	put32(xsdt ? 0 : (u32)root);
	put32(36);
	put64(xsdt ? root : 0);
	put32(0);
	fix_sum(rsdp_off, 8, 20);
	fix_sum(rsdp_off, 32, 36);
}

static void check_acpi(void)
{
	u16 flags;

	KEXPECT(streq(ai.oem, "KEEL  "));
	KEXPECT(ai.has_madt && ai.has_fadt && ai.has_8259);
	KEXPECT_EQ(ai.nr_cpus, 3);
	KEXPECT(ai.cpus[2].apic_id == 300 && ai.cpus[2].uid == 7);
	KEXPECT(ai.nr_ioapics == 1 && ai.ioapics[0].id == 4 && ai.ioapics[0].address == 0xfec00000);
	KEXPECT_EQ(acpi_irq_gsi(&ai, 0, &flags), 2);
	KEXPECT_EQ(acpi_irq_gsi(&ai, 9, &flags), 9);
	KEXPECT(ACPI_INTI_TRIGGER(flags) == 3 && ACPI_INTI_POLARITY(flags) == 1);
	KEXPECT_EQ(acpi_irq_gsi(&ai, 5, &flags), 5);
	KEXPECT(ai.nr_nmis == 1 && ai.nmis[0].uid == ACPI_ALL_CPUS && ai.nmis[0].lint == 1);
	KEXPECT(ai.sci_irq == 9 && ai.smi_command == 0xb2 && ai.acpi_enable == 2);
	KEXPECT(ai.pm1a_control.address == 0x604 && ai.pm1a_control.space == ACPI_SPACE_IO);
	KEXPECT(!ai.pm1b_control.address && ai.pm_timer.address == 0x608 && ai.pm_timer_32bit);
	KEXPECT(ai.reset.address == 0xcf9 && ai.reset_value == 0x0f && ai.century == 0x32);
	KEXPECT(!ai.no_8042 && ai.power_button_fixed && !ai.hw_reduced);
	KEXPECT(ai.has_s5 && ai.slp_typ_a == 5 && ai.slp_typ_b == 1);
	KEXPECT(ai.nr_mcfg == 1 && ai.mcfg[0].base == 0xb0000000 && ai.mcfg[0].bus_end == 255);
	KEXPECT(ai.hpet_address == 0xfed00000 && ai.hpet_min_tick == 100);
	KEXPECT(ai.nr_virtio_mmio == 2 && ai.virtio_mmio[1].base == 0xfeb00e00);
	KEXPECT(ai.virtio_mmio[0].size == 512 && ai.virtio_mmio[0].irq == 12);
}

KTEST(acpi, whole)
{
	u32 len;

	make_acpi(true);
	KREQUIRE(acpi_parse(MEM_BASE + rsdp_off, NULL, 0, map, &ai) == 0);
	check_acpi();
	KEXPECT_EQ(ai.dropped, 1);
	KEXPECT(acpi_find_table(&ai, "HPET", 0, map, &len) && len == 56);
	KEXPECT(!acpi_find_table(&ai, "HPET", 1, map, &len));
	KEXPECT(!acpi_find_table(&ai, "SRAT", 0, map, &len));
	make_acpi(false);
	KREQUIRE(acpi_parse(MEM_BASE + rsdp_off, NULL, 0, map, &ai) == 0);
	check_acpi();
	/* Through the copy that GRUB hands over. */
	KREQUIRE(acpi_parse(0, mem + rsdp_off, 20, map, &ai) == 0);
	check_acpi();
}

KTEST(acpi, broken)
{
	make_acpi(true);
	mem[rsdp_off + 3] ^= 1;
	KEXPECT_EQ(acpi_parse(MEM_BASE + rsdp_off, NULL, 0, map, &ai), -ENOENT);
	KEXPECT_EQ(acpi_parse(0, NULL, 0, map, &ai), -ENOENT);
	KEXPECT_EQ(acpi_parse(MEM_BASE + MEM_SIZE, NULL, 0, map, &ai), -ENOENT);
	/* One byte of one table: that table is gone, the rest stands. */
	make_acpi(true);
	for (u32 i = 0; i < tables_end; i++) {
		mem[i] ^= 0x55;
		if (acpi_parse(MEM_BASE + rsdp_off, NULL, 0, map, &ai) == 0)
			KEXPECT(ai.nr_tables <= 4);
		mem[i] ^= 0x55;
	}
	/* Every length cut. */
	for (u64 n = 0; n < at; n += 5) {
		mem_end = n;
		KEXPECT(acpi_parse(0, mem + rsdp_off, 36, map, &ai) <= 0);
	}
}

/* The contents of a table are hostile too, though its checksum is right. */
KTEST(acpi, changed_with_good_checksums)
{
	for (u32 i = 0; i < 900; i++) {
		make_acpi(true);
		if (i >= tables_end)
			break;
		mem[i] = (u8)(mem[i] ^ (0x11 << (i % 4)));
		for (u32 off = 0; off + 36 <= tables_end; off = (off + 16) & ~15u) {
			u32 n;

			memcpy(&n, mem + off + 4, 4);
			if (n >= 36 && n <= tables_end - off) {
				fix_sum(off, 9, n);
				off += n - 1;
			}
		}
		KEXPECT(acpi_parse(0, mem + rsdp_off, 36, map, &ai) <= 0);
		KEXPECT(ai.nr_cpus <= ACPI_MAX_CPUS);
	}
}
