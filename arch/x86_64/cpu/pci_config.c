/* SPDX-License-Identifier: MPL-2.0 */
/* PCI configuration space: ECAM where the MCFG has the bus, else the two ports. One lock: both are index and data. */
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/fixmap.h>
#include <base/errno.h>
#include <core/machine.h>
#include <core/spinlock.h>

static DEFINE_SPINLOCK(lock, IRQ_DESC);

static bool ecam_has(u16 seg, u8 bus)
{
	const struct acpi_mcfg *m = &acpi.mcfg[0];

	return acpi.nr_mcfg && seg == m->segment && bus >= m->bus_start && bus <= m->bus_end;
}

/* The page of one function; the slot is ours under the lock. */
static volatile void *ecam(u8 bus, u8 devfn, u16 off)
{
	u64 pa = acpi.mcfg[0].base + ((u64)bus << 20 | (u64)devfn << 12);

	return (volatile char *)fixmap_set(FIX_ECAM, pa) + off;
}

static u32 port_address(u8 bus, u8 devfn, u16 off)
{
	return 0x80000000u | (u32)bus << 16 | (u32)devfn << 8 | (off & 0xfcu);
}

u32 pci_config_read(u16 seg, u8 bus, u8 devfn, u16 off, u8 size)
{
	u32 v = ~0u;
	u64 flags;

	spin_lock_irqsave(&lock, flags);
	if (ecam_has(seg, bus) && off < 4096) {
		volatile void *p = ecam(bus, devfn, off);

		v = size == 1 ? *(volatile u8 *)p : size == 2 ? *(volatile u16 *)p : *(volatile u32 *)p;
	} else if (seg == 0 && off < 256) {
		outl(0xcf8, port_address(bus, devfn, off));
		v = size == 1 ? inb((u16)(0xcfc + (off & 3))) : size == 2 ? inw((u16)(0xcfc + (off & 2))) : inl(0xcfc);
	}
	spin_unlock_irqrestore(&lock, flags);
	return v;
}

void pci_config_write(u16 seg, u8 bus, u8 devfn, u16 off, u8 size, u32 v)
{
	u64 flags;

	spin_lock_irqsave(&lock, flags);
	if (ecam_has(seg, bus) && off < 4096) {
		volatile void *p = ecam(bus, devfn, off);

		if (size == 1)
			*(volatile u8 *)p = (u8)v;
		else if (size == 2)
			*(volatile u16 *)p = (u16)v;
		else
			*(volatile u32 *)p = v;
	} else if (seg == 0 && off < 256) {
		outl(0xcf8, port_address(bus, devfn, off));
		if (size == 1)
			outb((u16)(0xcfc + (off & 3)), (u8)v);
		else if (size == 2)
			outw((u16)(0xcfc + (off & 2)), (u16)v);
		else
			outl(0xcfc, v);
	}
	spin_unlock_irqrestore(&lock, flags);
}

/* A host bridge answers at 0:0.0, or the ports hold what is written. */
bool pci_present(void)
{
	u32 v;

	if (acpi.nr_mcfg)
		return true;
	outl(0xcf8, 0x80000000u);
	if (inl(0xcf8) != 0x80000000u)
		return false;
	v = pci_config_read(0, 0, 0, 0, 4);
	return v != ~0u && v != 0;
}
