/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ACPI tables in a small physical memory. The input is that memory from 0x1000 on; checksums are put
 * right first, since a fuzzer does not find them: the RSDP at its start, then tables at 64-byte steps.
 */
#include <base/acpi.h>
#include <base/string.h>
#include "fuzz.h"

#define BASE 0x1000u

static u8 mem[8192];
static u64 size;

static const void *map(u64 pa, u64 n)
{
	return pa >= BASE && n <= size && pa - BASE <= size - n ? mem + (pa - BASE) : NULL;
}

static void fix(u32 off, u32 at, u32 n)
{
	u8 sum = 0;

	mem[off + at] = 0;
	for (u32 i = 0; i < n; i++)
		sum = (u8)(sum + mem[off + i]);
	mem[off + at] = (u8)(0 - sum);
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	static struct acpi_info ai;
	static const char sigs[][5] = { "XSDT", "APIC", "FACP", "MCFG", "HPET", "DSDT", "RSDT" };
	u64 xsdt = BASE + 64, table;
	u32 len, rsdt = BASE + 64;

	if (n < 128 || n > sizeof(mem))
		return 0;
	memcpy(mem, p, n);
	size = n;
	memcpy(mem, "RSD PTR ", 8);
	mem[15] &= 2;
	memcpy(mem + 16, &rsdt, 4);
	len = 36;
	memcpy(mem + 20, &len, 4);
	memcpy(mem + 24, &xsdt, 8);
	fix(0, 8, 20);
	fix(0, 32, 36);
	/* The low byte of each signature chooses one, each length is brought into the memory. */
	for (u32 off = 64; off + 36 <= n; off += (len + 63) & ~63u) {
		memcpy(mem + off, sigs[off == 64 ? 0 : mem[off] % 7], 4);
		memcpy(&len, mem + off + 4, 4);
		len = 36 + len % (u32)(n - off - 35);
		memcpy(mem + off + 4, &len, 4);
		if (off == 64)
			for (u32 e = 36; e + 8 <= len; e += 8) {
				/* Entries of the root that point somewhere in here. */
				u64 to = BASE + mem[off + e] * 64u;

				memcpy(mem + off + e, &to, 8);
			}
		fix(off, 9, len);
	}
	if (acpi_parse(BASE, NULL, 0, map, &ai))
		return 0;
	FUZZ_CHECK(ai.nr_cpus <= ACPI_MAX_CPUS && ai.nr_ioapics <= ACPI_MAX_IOAPICS &&
		   ai.nr_overrides <= ACPI_MAX_OVERRIDES && ai.nr_nmis <= ACPI_MAX_NMIS &&
		   ai.nr_mcfg <= ACPI_MAX_MCFG && ai.nr_virtio_mmio <= ACPI_MAX_MMIO_DEVS);
	table = acpi_find_table(&ai, "APIC", 0, map, &len);
	FUZZ_CHECK(!table || map(table, len));
	acpi_find_rsdp(map);
	return 0;
}
