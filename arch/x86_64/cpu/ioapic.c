/* SPDX-License-Identifier: MPL-2.0 */
/* IOAPICs: each has some redirection entries, from its first global system interrupt on. */
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/fixmap.h>
#include <base/errno.h>
#include <core/printk.h>
#include <core/spinlock.h>

static DEFINE_SPINLOCK(lock, IRQ_DESC);		/* index and data registers */
static u32 nr_entries[ACPI_MAX_IOAPICS];		/* [I] */
static u32 nr __ro_after_init;

#define ENTRY_MASKED	(1u << 16)
#define ENTRY_LEVEL	(1u << 15)
#define ENTRY_LOW	(1u << 13)

static volatile u32 *regs(u32 i)
{
	return (volatile u32 *)((volatile char *)fixmap_addr(FIX_IOAPIC0 + i) + (acpi.ioapics[i].address & 0xfff));
}

static u32 reg_read(u32 i, u32 reg)
{
	regs(i)[0] = reg;
	return regs(i)[4];
}

static void reg_write(u32 i, u32 reg, u32 v)
{
	regs(i)[0] = reg;
	regs(i)[4] = v;
}

bool ioapic_present(void) { return nr > 0; }

void __init ioapic_init(void)
{
	for (u32 i = 0; i < acpi.nr_ioapics; i++) {
		fixmap_set(FIX_IOAPIC0 + i, acpi.ioapics[i].address);
		if (reg_read(i, 1) == 0xffffffff) {
			pr_warn("no IOAPIC answers at %#llx\n", (unsigned long long)acpi.ioapics[i].address);
			continue;
		}
		nr_entries[i] = (reg_read(i, 1) >> 16 & 0xff) + 1;
		for (u32 e = 0; e < nr_entries[i]; e++)
			reg_write(i, 0x10 + 2 * e, ENTRY_MASKED);
		pr_info("IOAPIC at %#llx: interrupts %u to %u\n", (unsigned long long)acpi.ioapics[i].address,
			acpi.ioapics[i].gsi_base, acpi.ioapics[i].gsi_base + nr_entries[i] - 1);
	}
	nr = acpi.nr_ioapics;
}

static int find(u32 gsi, u32 *entry)
{
	for (u32 i = 0; i < nr; i++) {
		u32 base = acpi.ioapics[i].gsi_base;

		if (gsi >= base && gsi - base < nr_entries[i]) {
			*entry = gsi - base;
			return (int)i;
		}
	}
	return -EINVAL;
}

int ioapic_route(u32 gsi, u32 vector, u32 apic_id, bool level, bool active_low)
{
	u32 e, low = vector | ENTRY_MASKED | (level ? ENTRY_LEVEL : 0) | (active_low ? ENTRY_LOW : 0);
	int i = find(gsi, &e);
	u64 flags;

	if (i < 0)
		return -EINVAL;
	spin_lock_irqsave(&lock, flags);
	reg_write((u32)i, 0x10 + 2 * e, low);
	reg_write((u32)i, 0x11 + 2 * e, apic_id << 24);
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

void ioapic_mask(u32 gsi, bool mask)
{
	u32 e, v;
	int i = find(gsi, &e);
	u64 flags;

	if (i < 0)
		return;
	spin_lock_irqsave(&lock, flags);
	v = reg_read((u32)i, 0x10 + 2 * e) & ~ENTRY_MASKED;
	reg_write((u32)i, 0x10 + 2 * e, v | (mask ? ENTRY_MASKED : 0));
	spin_unlock_irqrestore(&lock, flags);
}
