/* SPDX-License-Identifier: MPL-2.0 */
/* Attributes of PCI devices in /sys/bus/pci/devices, as lspci and udev read them. */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <core/cpumask.h>
#include <fs/kernfs.h>
#include <kernel/cred.h>
#include <kernel/task.h>

#include "internal.h"

/* Linux's resource flags, which the resource file prints. */
#define RES_IO		0x40101u
#define RES_MEM		0x40200u
#define RES_PREFETCH	0x2008u
#define RES_MEM_64	0x100004u
#define PCI_CONFIG_STD	64

#define ATTR_HEX(field, fmt, value) \
static ssize_t field##_show(struct device *d, char *buf, size_t size) \
{ \
	const struct pci_dev *p = to_pci_dev(d); \
	return scnprintf(buf, size, fmt "\n", value); \
}

ATTR_HEX(vendor, "0x%04x", p->vendor)
ATTR_HEX(device, "0x%04x", p->device)
ATTR_HEX(subsystem_vendor, "0x%04x", p->subvendor)
ATTR_HEX(subsystem_device, "0x%04x", p->subdevice)
ATTR_HEX(class, "0x%06x", p->class_code)
ATTR_HEX(revision, "0x%02x", p->revision)
ATTR_HEX(irq, "%u", p->irq_pin ? p->irq_line : 0u)

static ssize_t modalias_show(struct device *d, char *buf, size_t size)
{
	const struct pci_dev *p = to_pci_dev(d);

	return scnprintf(buf, size, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", p->vendor, p->device, p->subvendor,
			 p->subdevice, p->class_code >> 16, p->class_code >> 8 & 0xff, p->class_code & 0xff);
}

static ssize_t resource_show(struct device *d, char *buf, size_t size)
{
	const struct pci_dev *p = to_pci_dev(d);
	int n = 0;

	for (int i = 0; i < 7; i++) {		/* the seventh is the ROM's, which is not looked at */
		struct pci_bar none = { 0 };
		const struct pci_bar *b = i < 6 && p->bar[i].size && p->bar[i].addr ? &p->bar[i] : &none;
		u32 flags = 0;

		if (b != &none)
			flags = b->io ? RES_IO : RES_MEM | (b->prefetch ? RES_PREFETCH : 0) | (b->mem64 ? RES_MEM_64 : 0);
		n += scnprintf(buf + n, size - (size_t)n, "0x%016llx 0x%016llx 0x%016x\n", (unsigned long long)b->addr,
			       (unsigned long long)(b->size ? b->addr + b->size - 1 : 0), flags);
	}
	return n;
}

static ssize_t enable_show(struct device *d, char *buf, size_t size)
{
	u16 cmd = pci_read16(to_pci_dev(d), PCI_COMMAND);

	return scnprintf(buf, size, "%d\n", d->driver && cmd & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY) ? 1 : 0);
}

static ssize_t numa_node_show(struct device *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "-1\n");
}

const struct dev_attr pci_attrs[] = {
	{ "vendor", 0444, vendor_show, NULL }, { "device", 0444, device_show, NULL },
	{ "subsystem_vendor", 0444, subsystem_vendor_show, NULL },
	{ "subsystem_device", 0444, subsystem_device_show, NULL },
	{ "class", 0444, class_show, NULL }, { "revision", 0444, revision_show, NULL },
	{ "irq", 0444, irq_show, NULL }, { "resource", 0444, resource_show, NULL },
	{ "modalias", 0444, modalias_show, NULL }, { "enable", 0444, enable_show, NULL },
	{ "numa_node", 0444, numa_node_show, NULL },
	{ NULL, 0, NULL, NULL },
};

int pci_uevent(struct device *d, char *buf, size_t size)
{
	const struct pci_dev *p = to_pci_dev(d);
	int n = 0;

	/* The host bridge's own directory is on no bus and comes here never. */
	n += scnprintf(buf, size, "PCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\nMODALIAS=",
		       p->class_code, p->vendor, p->device, p->subvendor, p->subdevice, d->name);
	return n + (int)modalias_show(d, buf + n, size - (size_t)n);
}

static u32 config_size(const struct pci_dev *p)
{
	return p->pcie_cap ? 4096 : 256;
}

/* All may read the header; the rest is for CAP_SYS_ADMIN. */
static ssize_t config_read(struct kernfs_node *node, void *priv, char *buf, size_t len, loff_t off)
{
	struct pci_dev *p = priv;
	u64 end = capable(CAP_SYS_ADMIN) ? config_size(p) : PCI_CONFIG_STD;

	if (off < 0 || (u64)off >= end)
		return 0;
	len = min_t(u64, len, end - (u64)off);
	for (size_t i = 0; i < len; i++)
		buf[i] = (char)pci_read8(p, (u16)((u64)off + i));
	return (ssize_t)len;
}

static const struct kernfs_ops config_ops = { .read_bin = config_read };

void pci_sysfs_config(struct pci_dev *p)
{
	if (p->dev.node)
		(void)kernfs_create_file(p->dev.node, "config", 0444, config_size(p), &config_ops, p);
}
