/* SPDX-License-Identifier: MPL-2.0 */
/*
 * PCI: finds the functions behind the host bridge and its bridges, sizes their BARs and hands them to
 * drivers. Addresses and bus numbers are the firmware's: nothing is assigned here; a BAR that the
 * firmware left empty cannot be mapped (-ENODEV).
 *
 * A struct pci_dev is made at boot and stays. Configuration space is read and written under core's own
 * lock; read-modify-write of the command register happens in probe and boot context only, by the
 * device's one driver.
 */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/printk.h>
#include <core/slab.h>

#include "internal.h"

/* --- configuration space --- */

u8 pci_read8(struct pci_dev *p, u16 off) { return (u8)pci_config_read(p->seg, p->bus, p->devfn, off, 1); }
u16 pci_read16(struct pci_dev *p, u16 off) { return (u16)pci_config_read(p->seg, p->bus, p->devfn, off, 2); }
u32 pci_read32(struct pci_dev *p, u16 off) { return pci_config_read(p->seg, p->bus, p->devfn, off, 4); }
void pci_write8(struct pci_dev *p, u16 off, u8 v) { pci_config_write(p->seg, p->bus, p->devfn, off, 1, v); }
void pci_write16(struct pci_dev *p, u16 off, u16 v) { pci_config_write(p->seg, p->bus, p->devfn, off, 2, v); }
void pci_write32(struct pci_dev *p, u16 off, u32 v) { pci_config_write(p->seg, p->bus, p->devfn, off, 4, v); }

/* The list is the device's: bounded, in case it runs in a circle. */
u16 pci_find_cap(struct pci_dev *p, u8 id, u16 after)
{
	u16 pos = after ? (u16)(after + 1) : PCI_CAP_PTR;

	if (!(pci_read16(p, PCI_STATUS) & PCI_STATUS_CAPS))
		return 0;
	for (int left = 48; left > 0; left--) {
		pos = pci_read8(p, pos) & 0xfc;
		if (pos < 0x40)
			return 0;
		if (pci_read8(p, pos) == id)
			return pos;
		pos++;
	}
	return 0;
}

/* --- what drivers ask for --- */

int pci_enable(struct pci_dev *p, bool bus_master)
{
	u16 cmd = pci_read16(p, PCI_COMMAND);

	for (int i = 0; i < 6; i++) {
		if (p->bar[i].addr && p->bar[i].size)
			cmd |= p->bar[i].io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	if (bus_master)
		cmd |= PCI_COMMAND_MASTER;
	pci_write16(p, PCI_COMMAND, cmd);
	return pci_read16(p, PCI_COMMAND) == 0xffff ? -ENODEV : 0;
}

int pci_map_bar(struct pci_dev *p, unsigned int bar, struct mmio_region *r)
{
	if (bar >= 6 || p->bar[bar].io || !p->bar[bar].size)
		return -EINVAL;
	if (!p->bar[bar].addr)
		return -ENODEV;
	return mmio_map(r, paddr(p->bar[bar].addr), p->bar[bar].size);
}

/* The firmware wrote into the line register which interrupt it routed the pin to. */
int pci_request_intx(struct pci_dev *p, irq_fn fn, void *data, const char *name)
{
	u16 cmd;

	if (!p->irq_pin || !p->irq_line || p->irq_line >= 16)
		return -ENODEV;
	cmd = pci_read16(p, PCI_COMMAND);
	pci_write16(p, PCI_COMMAND, cmd & (u16)~PCI_COMMAND_NO_INTX);
	return irq_request_isa(p->irq_line, fn, data, name);
}

/* --- the bus --- */

static struct pci_driver *to_pci_driver(struct driver *d) { return container_of(d, struct pci_driver, drv); }

static bool pci_match(struct device *d, struct driver *drv)
{
	const struct pci_driver *pd = to_pci_driver(drv);
	const struct pci_dev *p = to_pci_dev(d);

	if (pd->vendor != 0xffff && pd->vendor != p->vendor)
		return false;
	if (p->device < pd->device_lo || p->device > pd->device_hi)
		return false;
	return (p->class_code & pd->class_mask) == (pd->class_code & pd->class_mask);
}

struct bus pci_bus = { .name = "pci", .match = pci_match, .uevent = pci_uevent };

static int pci_driver_probe(struct device *d)
{
	return to_pci_driver(d->driver)->probe(to_pci_dev(d));
}

static void pci_driver_remove(struct device *d)
{
	struct pci_driver *pd = to_pci_driver(d->driver);

	if (pd->remove)
		pd->remove(to_pci_dev(d));
}

int pci_driver_register(struct pci_driver *d)
{
	d->drv.bus = &pci_bus;
	d->drv.probe = pci_driver_probe;
	d->drv.remove = pci_driver_remove;
	return driver_register(&d->drv);
}

/* --- finding --- */

/* Write ones, see which bits stay; decoding is off meanwhile. Returns how many registers the BAR takes. */
static unsigned int bar_size(struct pci_dev *p, unsigned int i)
{
	u16 off = (u16)(PCI_BAR0 + 4 * i);
	struct pci_bar *b = &p->bar[i];
	u32 lo = pci_read32(p, off), mask;
	u64 mask64;

	pci_write32(p, off, ~0u);
	mask = pci_read32(p, off);
	pci_write32(p, off, lo);
	if (!mask || mask == ~0u)
		return 1;
	if (lo & PCI_BAR_IO) {
		b->io = true;
		b->addr = lo & 0xfffc;
		b->size = (u16)(~(mask & 0xfffc) + 1);
		return 1;
	}
	b->prefetch = lo & PCI_BAR_PREFETCH;
	b->addr = lo & ~0xfu;
	mask64 = 0xffffffff00000000ull | (mask & ~0xfu);
	if ((lo & PCI_BAR_MEM_TYPE) == PCI_BAR_MEM_64 && i < 5) {
		u32 hi = pci_read32(p, (u16)(off + 4));

		pci_write32(p, (u16)(off + 4), ~0u);
		mask64 = (u64)pci_read32(p, (u16)(off + 4)) << 32 | (mask & ~0xfu);
		pci_write32(p, (u16)(off + 4), hi);
		b->mem64 = true;
		b->addr |= (u64)hi << 32;
	}
	b->size = ~mask64 + 1;
	return b->mem64 ? 2 : 1;
}

static void read_bars(struct pci_dev *p, unsigned int n)
{
	u16 cmd = pci_read16(p, PCI_COMMAND);

	pci_write16(p, PCI_COMMAND, cmd & (u16)~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned int i = 0; i < n; )
		i += bar_size(p, i);
	pci_write16(p, PCI_COMMAND, cmd);
}

static void pci_release(struct device *d)
{
	kfree(to_pci_dev(d));
}

static struct pci_dev *pci_dev_make(u8 bus, u8 devfn, u8 header, struct device *parent)
{
	struct pci_dev *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->bus = bus;
	p->devfn = devfn;
	p->vendor = pci_read16(p, PCI_VENDOR);
	p->device = pci_read16(p, PCI_DEVICE);
	p->revision = pci_read8(p, PCI_REVISION);
	p->class_code = pci_read32(p, PCI_REVISION) >> 8;
	p->irq_line = pci_read8(p, PCI_IRQ_LINE);
	p->irq_pin = pci_read8(p, PCI_IRQ_PIN);
	if (header == 0) {
		p->subvendor = pci_read16(p, PCI_SUBVENDOR);
		p->subdevice = pci_read16(p, PCI_SUBDEVICE);
	}
	read_bars(p, header == 0 ? 6 : header == 1 ? 2 : 0);
	p->msi_cap = pci_find_cap(p, PCI_CAP_ID_MSI, 0);
	p->pcie_cap = pci_find_cap(p, PCI_CAP_ID_PCIE, 0);
	pci_msix_init(p);
	ref_init(&p->dev.ref, 1);
	scnprintf(p->dev.name, sizeof(p->dev.name), "0000:%02x:%02x.%u", bus, devfn >> 3, devfn & 7);
	p->dev.parent = parent;
	p->dev.bus = &pci_bus;
	p->dev.attrs = pci_attrs;
	p->dev.release = pci_release;
	return p;
}

static void scan_bus(u8 bus, struct device *parent);

/* One function; true if it has siblings. */
static bool scan_function(u8 bus, u8 devfn, struct device *parent)
{
	u32 id = pci_config_read(0, bus, devfn, PCI_VENDOR, 4);
	struct pci_dev *p;
	u8 header, second;

	if ((id & 0xffff) == 0xffff || id == 0)
		return false;
	header = (u8)pci_config_read(0, bus, devfn, PCI_HEADER_TYPE, 1);
	p = pci_dev_make(bus, devfn, header & 0x7f, parent);
	if (!p) {
		pr_err("PCI: no memory for a device\n");
		return false;
	}
	if (device_register(&p->dev)) {
		pr_err("%s: cannot be registered\n", p->dev.name);
		device_put(&p->dev);
		return header & PCI_HEADER_MULTI;
	}
	pci_sysfs_config(p);
	/* Numbers grow away from the root, whatever a device claims: the recursion ends. */
	second = (header & 0x7f) == 1 ? pci_read8(p, PCI_BRIDGE_SECONDARY) : 0;
	if (second > bus)
		scan_bus(second, &p->dev);
	return header & PCI_HEADER_MULTI;
}

static void scan_bus(u8 bus, struct device *parent)
{
	for (unsigned int dev = 0; dev < 32; dev++) {
		if (!scan_function(bus, (u8)(dev << 3), parent))
			continue;
		for (unsigned int fn = 1; fn < 8; fn++)
			(void)scan_function(bus, (u8)(dev << 3 | fn), parent);
	}
}

static int pci_init(void)
{
	static struct device root = { .ref = REF_INIT(1), .name = "pci0000:00" };
	int err;

	err = bus_register(&pci_bus);
	if (err || !pci_present())
		return err;
	err = device_register(&root);
	if (err)
		return err;
	scan_bus(0, &root);
	return 0;
}
INITCALL_BUS(pci_init);
