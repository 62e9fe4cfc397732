/* SPDX-License-Identifier: MPL-2.0 */
/* PCI devices as drivers see them (drivers/pci). */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <core/io.h>
#include <core/irq.h>
#include <drivers/device.h>

struct pci_bar {
	u64 addr, size;
	bool io, mem64, prefetch;
};

struct pci_dev {
	struct device dev;
	u8 bus, devfn;
	u16 seg, vendor, device, subvendor, subdevice;
	u32 class_code;			/* class << 16 | subclass << 8 | prog-if */
	u8 revision, irq_pin, irq_line;
	struct pci_bar bar[6];
	bool msix_enabled, msi_enabled;
	u16 msix_cap, msi_cap, pcie_cap;
	struct mmio_region msix_table;
	u32 msix_count;
};

struct pci_driver {
	struct driver drv;
	u16 vendor;			/* 0xffff: any */
	u16 device_lo, device_hi;
	u32 class_code, class_mask;	/* mask 0: do not look */
	int (*probe)(struct pci_dev *p);
	void (*remove)(struct pci_dev *p);
};
int pci_driver_register(struct pci_driver *d);
static inline struct pci_dev *to_pci_dev(struct device *d) { return container_of(d, struct pci_dev, dev); }

u8 pci_read8(struct pci_dev *p, u16 off);
u16 pci_read16(struct pci_dev *p, u16 off);
u32 pci_read32(struct pci_dev *p, u16 off);
void pci_write8(struct pci_dev *p, u16 off, u8 v);
void pci_write16(struct pci_dev *p, u16 off, u16 v);
void pci_write32(struct pci_dev *p, u16 off, u32 v);
u16 pci_find_cap(struct pci_dev *p, u8 id, u16 after);	/* 0: none */
int pci_enable(struct pci_dev *p, bool bus_master);
int pci_map_bar(struct pci_dev *p, unsigned int bar, struct mmio_region *r);
/* The INTx line (shared). irq > 0 or -errno. */
int pci_request_intx(struct pci_dev *p, irq_fn fn, void *data, const char *name);
/* MSI-X: enable with up to n vectors; number granted or -errno. Then request each. */
int pci_msix_enable(struct pci_dev *p, unsigned int n);
void pci_msix_disable(struct pci_dev *p);	/* all vectors freed by irq_free before */
int pci_msix_request(struct pci_dev *p, unsigned int vec, int cpu, irq_fn fn, void *data, const char *name);

#endif
