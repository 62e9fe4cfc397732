/* SPDX-License-Identifier: MPL-2.0 */
/*
 * MSI-X: the table of a device's messages, in one of its BARs. All entries are masked when it is
 * enabled; pci_msix_request() fills one and unmasks it. Source: PCI Local Bus 3.0, section 6.8.2.
 */
#include <base/errno.h>
#include <base/math.h>

#include "internal.h"

#define MSIX_CONTROL		2
#define MSIX_CONTROL_ENABLE	0x8000
#define MSIX_CONTROL_MASK_ALL	0x4000
#define MSIX_TABLE		4
#define ENTRY_SIZE		16
#define ENTRY_ADDR_LO		0
#define ENTRY_ADDR_HI		4
#define ENTRY_DATA		8
#define ENTRY_CONTROL		12
#define ENTRY_MASKED		1u

void pci_msix_init(struct pci_dev *p)
{
	p->msix_cap = pci_find_cap(p, PCI_CAP_ID_MSIX, 0);
	if (p->msix_cap)
		p->msix_count = (pci_read16(p, (u16)(p->msix_cap + MSIX_CONTROL)) & 0x7ffu) + 1;
}

static int map_table(struct pci_dev *p)
{
	u32 where = pci_read32(p, (u16)(p->msix_cap + MSIX_TABLE)), bir = where & 7, off = where & ~7u;
	const struct pci_bar *b;

	if (bir >= 6)
		return -EINVAL;
	b = &p->bar[bir];
	if (b->io || !b->addr || (u64)off + p->msix_count * ENTRY_SIZE > b->size)
		return -EINVAL;
	return mmio_map(&p->msix_table, paddr(b->addr + off), (u64)p->msix_count * ENTRY_SIZE);
}

int pci_msix_enable(struct pci_dev *p, unsigned int n)
{
	u16 control = (u16)(p->msix_cap + MSIX_CONTROL);
	int err;

	if (!p->msix_cap || !n)
		return -ENODEV;
	if (!p->msix_table.base) {
		err = map_table(p);
		if (err)
			return err;
	}
	pci_write16(p, control, MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
	for (u32 i = 0; i < p->msix_count; i++)
		mmio_write32(&p->msix_table, (u64)i * ENTRY_SIZE + ENTRY_CONTROL, ENTRY_MASKED);
	pci_write16(p, control, MSIX_CONTROL_ENABLE);
	pci_write16(p, PCI_COMMAND, pci_read16(p, PCI_COMMAND) | PCI_COMMAND_NO_INTX);
	p->msix_enabled = true;
	return (int)min_t(u32, n, p->msix_count);
}

int pci_msix_request(struct pci_dev *p, unsigned int vec, int cpu, irq_fn fn, void *data, const char *name)
{
	u64 at = (u64)vec * ENTRY_SIZE;
	struct msi_msg msg;
	int irq;

	if (!p->msix_enabled || vec >= p->msix_count)
		return -EINVAL;
	irq = irq_request_msi(cpu, fn, data, name, &msg);
	if (irq < 0)
		return irq;
	mmio_write32(&p->msix_table, at + ENTRY_ADDR_LO, (u32)msg.addr);
	mmio_write32(&p->msix_table, at + ENTRY_ADDR_HI, (u32)(msg.addr >> 32));
	mmio_write32(&p->msix_table, at + ENTRY_DATA, msg.data);
	mmio_write32(&p->msix_table, at + ENTRY_CONTROL, 0);
	return irq;
}

void pci_msix_disable(struct pci_dev *p)
{
	if (!p->msix_enabled)
		return;
	pci_write16(p, (u16)(p->msix_cap + MSIX_CONTROL), 0);
	pci_write16(p, PCI_COMMAND, pci_read16(p, PCI_COMMAND) & (u16)~PCI_COMMAND_NO_INTX);
	p->msix_enabled = false;
}
