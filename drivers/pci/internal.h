/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of drivers/pci share among themselves only. Register numbers: PCI Local Bus 3.0, chapter 6. */
#ifndef DRIVERS_PCI_INTERNAL_H
#define DRIVERS_PCI_INTERNAL_H

#include <drivers/pci.h>

#define PCI_VENDOR		0x00
#define PCI_DEVICE		0x02
#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x0001
#define PCI_COMMAND_MEMORY	0x0002
#define PCI_COMMAND_MASTER	0x0004
#define PCI_COMMAND_NO_INTX	0x0400
#define PCI_STATUS		0x06
#define PCI_STATUS_CAPS		0x0010
#define PCI_REVISION		0x08
#define PCI_CLASS_PROG		0x09
#define PCI_HEADER_TYPE		0x0e
#define PCI_HEADER_MULTI	0x80
#define PCI_BAR0		0x10
#define PCI_BAR_IO		0x1
#define PCI_BAR_MEM_TYPE	0x6
#define PCI_BAR_MEM_64		0x4
#define PCI_BAR_PREFETCH	0x8
#define PCI_SUBVENDOR		0x2c
#define PCI_SUBDEVICE		0x2e
#define PCI_CAP_PTR		0x34
#define PCI_IRQ_LINE		0x3c
#define PCI_IRQ_PIN		0x3d
#define PCI_BRIDGE_SECONDARY	0x19

#define PCI_CAP_ID_MSI		0x05
#define PCI_CAP_ID_PCIE		0x10
#define PCI_CAP_ID_MSIX		0x11

extern struct bus pci_bus;

/* msi.c: the capability's size and table, told once when the device is found. */
void pci_msix_init(struct pci_dev *p);
/* sysfs.c */
extern const struct dev_attr pci_attrs[];
int pci_uevent(struct device *d, char *buf, size_t size);
void pci_sysfs_config(struct pci_dev *p);

#endif
