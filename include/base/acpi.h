/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ACPI tables (kernel/lib/acpi_parse.c): pure, over a mapper that the caller gives, trusting nothing
 * that firmware says: every length and checksum is verified, what is malformed is dropped and counted.
 */
#ifndef BASE_ACPI_H
#define BASE_ACPI_H

#include <base/compiler.h>
#include <base/types.h>

#define ACPI_MAX_CPUS		256
#define ACPI_MAX_IOAPICS	16
#define ACPI_MAX_OVERRIDES	32
#define ACPI_MAX_NMIS		32
#define ACPI_MAX_MCFG		8
#define ACPI_MAX_MMIO_DEVS	32

/* Physical memory [pa, pa + n), or NULL if it cannot be read; valid while the parser runs. */
typedef const void *(*acpi_map_fn)(u64 pa, u64 n);

/* Generic address: a register somewhere. */
struct acpi_gas {
	u64 address;			/* 0: there is none */
	u8 space;			/* ACPI_SPACE_* */
	u8 bits, bit_offset, access;
};
#define ACPI_SPACE_MEMORY	0
#define ACPI_SPACE_IO		1
#define ACPI_SPACE_PCI		2

struct acpi_cpu {
	u32 apic_id;
	u32 uid;			/* processor id, what NMI entries name */
};

struct acpi_ioapic {
	u32 id;
	u32 gsi_base;
	u64 address;
};

/* Legacy interrupt `irq` is wired to `gsi`. flags: MPS INTI, polarity in bits 0-1, trigger in 2-3. */
struct acpi_override {
	u8 irq;
	u16 flags;
	u32 gsi;
};
#define ACPI_INTI_POLARITY(f)	((f) & 3)	/* 0 bus default, 1 high, 3 low */
#define ACPI_INTI_TRIGGER(f)	(((f) >> 2) & 3) /* 0 bus default, 1 edge, 3 level */

struct acpi_nmi {
	u32 uid;			/* ACPI_ALL_CPUS: every processor */
	u16 flags;
	u8 lint;
};
#define ACPI_ALL_CPUS	0xffffffffu

struct acpi_mcfg {
	u64 base;
	u16 segment;
	u8 bus_start, bus_end;
};

struct acpi_info {
	u64 rsdp, rsdt, xsdt;		/* physical; 0: none */
	u8 revision;
	char oem[7];
	u32 nr_tables, dropped;

	/* MADT */
	bool has_madt;
	bool has_8259;			/* PC-AT interrupt controllers must be masked */
	u64 lapic_address;
	u32 nr_cpus;			/* enabled ones */
	u32 nr_cpus_disabled;
	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	u32 nr_ioapics, nr_overrides, nr_nmis;
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	struct acpi_override overrides[ACPI_MAX_OVERRIDES];
	struct acpi_nmi nmis[ACPI_MAX_NMIS];

	/* FADT */
	bool has_fadt;
	bool hw_reduced;		/* no PM1 registers: sleep_control instead */
	bool no_8042, no_vga, no_msi, no_cmos_rtc;
	u16 sci_irq;			/* as GSI through overrides */
	u32 smi_command;		/* port; 0: already in ACPI mode */
	u8 acpi_enable, acpi_disable;
	u32 fadt_flags;
	struct acpi_gas pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm_timer, gpe0;
	u8 pm1_event_len, gpe0_len;
	bool pm_timer_32bit;
	bool power_button_fixed;	/* the power button is an event of PM1 */
	struct acpi_gas reset;		/* address 0: not supported */
	u8 reset_value;
	struct acpi_gas sleep_control, sleep_status;
	u8 century;			/* CMOS register, 0: none */
	u64 dsdt, facs;

	/* DSDT: \_S5 by its pattern */
	bool has_s5;
	u8 slp_typ_a, slp_typ_b;
	/* DSDT of microvm: virtio-mmio devices by their pattern */
	u32 nr_virtio_mmio;
	struct acpi_virtio_mmio {
		u64 base, size;
		u32 irq;
	} virtio_mmio[ACPI_MAX_MMIO_DEVS];

	/* MCFG, HPET, SPCR */
	u32 nr_mcfg;
	struct acpi_mcfg mcfg[ACPI_MAX_MCFG];
	u64 hpet_address;		/* 0: none */
	u16 hpet_min_tick;
};

/* Look for the RSDP where a BIOS leaves it. Physical address or 0. */
u64 acpi_find_rsdp(acpi_map_fn map);
/*
 * Read all tables. rsdp_pa, or a copy of the RSDP that the loader gave (copy_len bytes; 0: none).
 * 0; -ENOENT no valid RSDP or root table: *ai is then empty.
 */
__must_check int acpi_parse(u64 rsdp_pa, const void *rsdp_copy, u32 copy_len, acpi_map_fn map,
			    struct acpi_info *ai);
/* Physical address and length of the n-th table with this signature, checksum verified; 0: none. After acpi_parse. */
u64 acpi_find_table(const struct acpi_info *ai, const char sig[4], u32 n, acpi_map_fn map, u32 *len);
/* The GSI and flags of a legacy interrupt (identity, edge, high unless overridden). */
u32 acpi_irq_gsi(const struct acpi_info *ai, u8 irq, u16 *flags);

#endif
