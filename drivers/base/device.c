/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The device model: devices in a tree, on buses with drivers, in classes. A registered device has
 * its directory under /sys/devices (with links from its class or bus and from /sys/dev), its node
 * in /dev and a uevent file.
 *
 * model_lock guards all lists and the claim of a driver on a device; probe runs without it (it may
 * register further devices), with a reference on the device.
 */
#include <base/err.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/mutex.h>
#include <core/printk.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/kernfs.h>
#include <uapi/linux/stat.h>

#include "internal.h"

static DEFINE_MUTEX(model_lock, DEVICE);
static LIST_HEAD(all_devices);		/* [model_lock] device.all_link, oldest first */
static LIST_HEAD(buses);		/* [model_lock] */

/* --- attributes --- */

struct attr_priv {
	struct attr_priv *next;		/* [I] of the same device */
	struct device *dev;
	const struct dev_attr *attr;
};

static int attr_show(struct seq_file *s, void *priv)
{
	const struct attr_priv *a = priv;
	char *page;
	ssize_t n;

	if (!a->attr->show)
		return -EIO;
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	n = a->attr->show(a->dev, page, PAGE_SIZE);
	if (n > 0)
		seq_write(s, page, (size_t)n);
	kfree(page);
	return n < 0 ? (int)n : 0;
}

static ssize_t attr_store(struct kernfs_node *n, void *priv, char *buf, size_t len)
{
	const struct attr_priv *a = priv;

	(void)n;
	if (!len)
		return 0;
	return a->attr->store ? a->attr->store(a->dev, buf, len) : -EIO;
}

static const struct kernfs_ops attr_ops = { .show = attr_show, .store = attr_store };

static void add_attr(struct device *d, const struct dev_attr *attr)
{
	struct attr_priv *a = kmalloc(sizeof(*a), GFP_KERNEL);

	if (!a)
		return;
	a->dev = d;
	a->attr = attr;
	if (IS_ERR(kernfs_create_file(d->node, attr->name, attr->mode, PAGE_SIZE, &attr_ops, a))) {
		kfree(a);
		return;
	}
	a->next = d->attr_records;
	d->attr_records = a;
}

/* The node is gone: nobody shows or stores any more. */
static void free_attrs(struct device *d)
{
	struct attr_priv *a, *next;

	for (a = d->attr_records; a; a = next) {
		next = a->next;
		kfree(a);
	}
	d->attr_records = NULL;
}

static ssize_t dev_show(struct device *d, char *buf, size_t size)
{
	return scnprintf(buf, size, "%u:%u\n", dev_major(d->devt), dev_minor(d->devt));
}

static const struct dev_attr dev_attr = { "dev", 0444, dev_show, NULL };
static const struct dev_attr uevent_attr = { "uevent", 0644, device_uevent_show, device_uevent_store };

/* --- sysfs --- */

static struct kernfs_node *dir_get(struct kernfs_node *parent, const char *name)
{
	struct kernfs_node *n = kernfs_find(parent, name);

	return n ? n : kernfs_mkdir(parent, name, 0755, NULL);
}

static struct kernfs_node *device_parent_dir(struct device *d)
{
	struct kernfs_node *virt;

	/* A child of the same class, as a partition of a disk, stands in its parent. */
	if (d->parent && d->parent->node && d->class_name && d->parent->class_name &&
	    streq(d->class_name, d->parent->class_name))
		return d->parent->node;
	if (d->parent && d->parent->node)
		return d->class_name ? dir_get(d->parent->node, d->class_name) : d->parent->node;
	if (!d->class_name)	/* neither: a root that a bus hangs its devices below */
		return d->bus ? dir_get(sysfs_devices, d->bus->name) : sysfs_devices;
	virt = dir_get(sysfs_devices, "virtual");
	return IS_ERR(virt) ? virt : dir_get(virt, d->class_name);
}

static void link_device(struct device *d)
{
	struct kernfs_node *dir = NULL;
	char nr[24];

	if (d->class_name) {
		dir = dir_get(sysfs_class, d->class_name);
		if (!IS_ERR(dir)) {
			(void)kernfs_symlink(dir, d->name, d->node);
			(void)kernfs_symlink(d->node, "subsystem", dir);
		}
	} else if (d->bus && d->bus->node) {
		dir = dir_get(d->bus->node, "devices");
		if (!IS_ERR(dir))
			(void)kernfs_symlink(dir, d->name, d->node);
		(void)kernfs_symlink(d->node, "subsystem", d->bus->node);
	}
	if (!d->devt.v)
		return;
	scnprintf(nr, sizeof(nr), "%u:%u", dev_major(d->devt), dev_minor(d->devt));
	(void)kernfs_symlink(d->is_block ? sysfs_dev_block : sysfs_dev_char, nr, d->node);
}

static void remove_link(struct kernfs_node *dir, const char *name)
{
	struct kernfs_node *n = IS_ERR_OR_NULL(dir) ? NULL : kernfs_find(dir, name);

	if (n)
		kernfs_remove(n);
}

/* The links to it that link_device() made elsewhere. */
static void unlink_device(struct device *d)
{
	char nr[24];

	if (d->class_name)
		remove_link(kernfs_find(sysfs_class, d->class_name), d->name);
	else if (d->bus && d->bus->node)
		remove_link(kernfs_find(d->bus->node, "devices"), d->name);
	if (!d->devt.v)
		return;
	scnprintf(nr, sizeof(nr), "%u:%u", dev_major(d->devt), dev_minor(d->devt));
	remove_link(d->is_block ? sysfs_dev_block : sysfs_dev_char, nr);
}

static int device_add_sysfs(struct device *d)
{
	struct kernfs_node *dir = device_parent_dir(d);

	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	d->node = kernfs_mkdir(dir, d->name, 0755, d);
	if (IS_ERR(d->node)) {
		int err = (int)PTR_ERR(d->node);

		d->node = NULL;
		return err;
	}
	if (d->devt.v)
		add_attr(d, &dev_attr);
	add_attr(d, &uevent_attr);
	for (const struct dev_attr *a = d->attrs; a && a->name; a++)
		add_attr(d, a);
	link_device(d);
	return 0;
}

/* --- binding --- */

/* drv has claimed d: let it try. */
static void probe(struct device *d, struct driver *drv)
{
	int err = drv->probe(d);

	if (!err) {
		if (d->node && d->bus->node) {
			struct kernfs_node *dir = dir_get(dir_get(d->bus->node, "drivers"), drv->name);

			(void)kernfs_symlink(d->node, "driver", dir);
			(void)kernfs_symlink(dir, d->name, d->node);
		}
		device_uevent(d, "bind");
		return;
	}
	mutex_lock(&model_lock);
	d->driver = NULL;
	mutex_unlock(&model_lock);
	if (err != -ENODEV)
		pr_err("%s: driver %s failed: error %d\n", d->name, drv->name, err);
}

/* model_lock held. */
static bool claim(struct device *d, struct driver *drv)
{
	if (d->driver || !d->bus->match(d, drv))
		return false;
	d->driver = drv;
	device_get(d);
	return true;
}

int bus_register(struct bus *b)
{
	list_init(&b->devices);
	list_init(&b->drivers);
	mutex_lock(&model_lock);
	list_add_tail(&b->link, &buses);
	mutex_unlock(&model_lock);
	b->node = kernfs_mkdir(sysfs_bus, b->name, 0755, b);
	if (IS_ERR(b->node))
		return (int)PTR_ERR(b->node);
	(void)dir_get(b->node, "devices");
	(void)dir_get(b->node, "drivers");
	return 0;
}

int driver_register(struct driver *drv)
{
	struct device *d;

	(void)dir_get(dir_get(drv->bus->node, "drivers"), drv->name);
	mutex_lock(&model_lock);
	list_add_tail(&drv->link, &drv->bus->drivers);
again:
	list_for_each_entry(d, &drv->bus->devices, bus_link) {
		if (d->probed_by == drv || !claim(d, drv))
			continue;
		d->probed_by = drv;
		mutex_unlock(&model_lock);
		probe(d, drv);
		device_put(d);
		mutex_lock(&model_lock);
		goto again;
	}
	mutex_unlock(&model_lock);
	return 0;
}

int device_register(struct device *d)
{
	umode_t mode = d->node_mode ? d->node_mode : 0600;
	struct driver *drv;
	int err;

	list_init(&d->children);
	list_init(&d->bus_link);
	err = device_add_sysfs(d);
	if (err)
		return err;
	if (d->devt.v)
		err = devtmpfs_create_node(d->node_name ? d->node_name : d->name,
					   (umode_t)((d->is_block ? S_IFBLK : S_IFCHR) | mode), d->devt);
	if (err)
		pr_warn("%s: no node in /dev: error %d\n", d->name, err);
	device_uevent(d, "add");
	mutex_lock(&model_lock);
	list_add_tail(&d->sibling, &all_devices);
	if (!d->bus) {
		mutex_unlock(&model_lock);
		return 0;
	}
	list_add_tail(&d->bus_link, &d->bus->devices);
	list_for_each_entry(drv, &d->bus->drivers, link) {	/* drivers are never taken off */
		if (!claim(d, drv))
			continue;
		mutex_unlock(&model_lock);
		probe(d, drv);
		device_put(d);
		mutex_lock(&model_lock);
	}
	mutex_unlock(&model_lock);
	return 0;
}

void device_unregister(struct device *d)
{
	/* Off the lists nobody finds it; remove() may take what is taken outside of the lock (rtnl). */
	mutex_lock(&model_lock);
	list_del_init(&d->sibling);
	if (d->bus)
		list_del_init(&d->bus_link);
	mutex_unlock(&model_lock);
	if (d->driver && d->driver->remove)
		d->driver->remove(d);
	d->driver = NULL;
	if (d->devt.v)
		(void)devtmpfs_delete_node(d->node_name ? d->node_name : d->name);
	if (d->node) {
		device_uevent(d, "remove");
		unlink_device(d);
		kernfs_remove(d->node);
		free_attrs(d);
	}
	device_put(d);
}

void device_put(struct device *d)
{
	if (d && ref_put(&d->ref) && d->release)
		d->release(d);
}

static void device_free(struct device *d)
{
	kfree(d);
}

struct device *device_create(const char *class_name, struct device *parent, dev_t devt, const char *name,
			     umode_t node_mode, void *private)
{
	struct device *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return ERR_PTR(-ENOMEM);
	ref_init(&d->ref, 1);
	/* A node may lie in a directory of /dev; the device's own name has no slash. */
	strscpy(d->name, strrchr(name, '/') ? strrchr(name, '/') + 1 : name, sizeof(d->name));
	d->class_name = class_name;
	d->parent = parent;
	d->devt = devt;
	d->node_mode = node_mode;
	d->node_name = strchr(name, '/') ? kstrdup(name, GFP_KERNEL) : NULL;
	d->private = private;
	d->release = device_free;
	err = device_register(d);
	if (err) {
		kfree(d);
		return ERR_PTR(err);
	}
	return d;
}

struct device *class_next(const char *class_name, struct device *prev)
{
	struct device *d, *found = NULL;
	bool past = !prev;

	mutex_lock(&model_lock);
	list_for_each_entry(d, &all_devices, sibling) {
		if (past && d->class_name && streq(d->class_name, class_name)) {
			found = d;
			device_get(d);
			break;
		}
		if (d == prev)
			past = true;
	}
	mutex_unlock(&model_lock);
	device_put(prev);
	return found;
}

void devices_shutdown(void)
{
	struct device *d;

	mutex_lock(&model_lock);
	list_for_each_entry_reverse(d, &all_devices, sibling)
		if (d->driver && d->driver->shutdown)
			d->driver->shutdown(d);
	mutex_unlock(&model_lock);
}
