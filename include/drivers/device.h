/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The device model (drivers/base): buses, devices, drivers, classes. Registering a device makes its
 * directory in sysfs, its node in devtmpfs and a uevent.
 */
#ifndef DRIVERS_DEVICE_H
#define DRIVERS_DEVICE_H

#include <base/list.h>
#include <base/ref.h>
#include <base/types.h>

struct bus;
struct device;
struct driver;
struct kernfs_node;

/* An attribute file; show writes at most PAGE_SIZE bytes, returns length or -errno. */
struct dev_attr {
	const char *name;
	umode_t mode;
	ssize_t (*show)(struct device *d, char *buf, size_t size);
	ssize_t (*store)(struct device *d, const char *buf, size_t n);
};

struct bus {
	const char *name;
	bool (*match)(struct device *d, struct driver *drv);
	/* Lines NAME=value for the device's uevent file; length. NULL: none. */
	int (*uevent)(struct device *d, char *buf, size_t size);
	struct list_head link, devices, drivers;	/* [device lock] */
	struct kernfs_node *node;
};

struct driver {
	const char *name;
	struct bus *bus;
	int (*probe)(struct device *d);			/* 0: mine; -ENODEV: not mine */
	void (*remove)(struct device *d);
	void (*shutdown)(struct device *d);
	struct list_head link;
};

struct device {
	struct ref ref;
	char name[40];			/* [I] */
	struct device *parent;		/* referenced; NULL: top */
	struct bus *bus;		/* or */
	const char *class_name;		/* "tty", "mem", "block", ... */
	struct driver *driver;		/* [device lock] */
	struct driver *probed_by;	/* [device lock] last that tried: not twice */
	dev_t devt;			/* 0: no node */
	bool is_block;
	const char *node_name;		/* in /dev, may hold directories; NULL: name */
	umode_t node_mode;		/* 0: 0600 */
	const struct dev_attr *attrs;	/* ended by a NULL name; NULL: none */
	void *attr_records;		/* [I] device.c's */
	/* More lines NAME=value for the uevent file; length. NULL: none. */
	int (*uevent)(struct device *d, char *buf, size_t size);
	struct kernfs_node *node;	/* sysfs directory */
	struct list_head bus_link, children, sibling;
	void (*release)(struct device *d);
	void *private;
};

int bus_register(struct bus *b);
int driver_register(struct driver *d);		/* probes what matches */
int device_register(struct device *d);		/* takes over the first reference */
void device_unregister(struct device *d);
/* Tell user space: "add", "remove", "change", "bind", ... (drivers/base/uevent.c). May sleep. */
void device_uevent(struct device *d, const char *action);
/* Where the text of an event goes, strings one after the other; set by net/netlink. False: nobody listens. NULL: not built. */
extern bool (*uevent_listened)(void);			/* [I] after boot */
extern void (*uevent_send)(const char *text, size_t len);	/* [I] after boot */
u64 uevent_seqnum(void);
static inline void device_get(struct device *d) { ref_get(&d->ref); }
void device_put(struct device *d);
/* Make and register in one: class device with a node. ERR_PTR. */
struct device *device_create(const char *class_name, struct device *parent, dev_t devt,
	const char *name, umode_t node_mode, void *private);
/* Devices of a class, for drivers that look for others; referenced; NULL at the end. */
struct device *class_next(const char *class_name, struct device *prev);
/* Shut all down before power-off. */
void devices_shutdown(void);

/* devtmpfs (fs/devtmpfs.c): nodes appear as devices register. mode with type bits. */
int devtmpfs_create_node(const char *name, umode_t mode, dev_t dev);
int devtmpfs_delete_node(const char *name);

#endif
