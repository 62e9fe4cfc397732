/* SPDX-License-Identifier: MPL-2.0 */
/* What enumeration found, checked against configuration space itself. */
#include <core/ktest.h>
#include <core/machine.h>

#include "internal.h"

KTEST(pci, devices_are_consistent)
{
	struct device *d;
	int n = 0;

	if (!pci_present()) {
		ktest_skip("no PCI here");
		return;
	}
	/* Boot made the list and nothing is plugged in later: it may be walked without its lock. */
	list_for_each_entry(d, &pci_bus.devices, bus_link) {
		struct pci_dev *p = to_pci_dev(d);

		n++;
		KEXPECT_EQ(pci_read16(p, PCI_VENDOR), p->vendor);
		KEXPECT_EQ(pci_read32(p, PCI_REVISION) >> 8, p->class_code);
		for (int i = 0; i < 6; i++) {
			const struct pci_bar *b = &p->bar[i];

			KEXPECT((b->size & (b->size - 1)) == 0);
			KEXPECT(!b->size || (b->addr & (b->size - 1)) == 0);
			KEXPECT(!b->io || b->addr < 0x10000);
		}
		if (p->msix_cap) {
			KEXPECT_EQ(pci_read8(p, p->msix_cap), PCI_CAP_ID_MSIX);
			KEXPECT(p->msix_count >= 1 && p->msix_count <= 2048);
			KEXPECT_EQ(pci_find_cap(p, PCI_CAP_ID_MSIX, p->msix_cap), 0);
		}
	}
	KEXPECT(n >= 1);
}
