/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The root file system on a disk: root=, rootfstype=, rootflags=, ro, rw, rootwait, rootdelay=. Taken when
 * the initramfs has no /init of its own (or there is none), as on Linux: the device is mounted, devtmpfs
 * on its /dev where it has one, and it becomes the root of everything.
 */
#include <base/err.h>
#include <base/parse.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/wait.h>
#include <fs/block.h>
#include <fs/path.h>
#include <fs/super.h>
#include <uapi/linux/mount.h>
#include <uapi/linux/stat.h>

#include "internal.h"

#define POLL_NS	(5 * NSEC_PER_MSEC)

static const char *root_spec, *root_types, *root_options;	/* [I] from the command line; NULL */
static bool root_rw, root_wait;
static u32 root_delay;

static int set_root(const char *value)
{
	if (!*value)
		return -EINVAL;
	root_spec = value;
	return 0;
}
KPARAM("root", set_root);

static int set_rootfstype(const char *value)
{
	root_types = value;
	return 0;
}
KPARAM("rootfstype", set_rootfstype);

static int set_rootflags(const char *value)
{
	root_options = value;
	return 0;
}
KPARAM("rootflags", set_rootflags);

static int set_ro(const char *value)
{
	root_rw = false;
	return *value ? -EINVAL : 0;
}
KPARAM("ro", set_ro);

static int set_rw(const char *value)
{
	root_rw = true;
	return *value ? -EINVAL : 0;
}
KPARAM("rw", set_rw);

static int set_rootwait(const char *value)
{
	root_wait = true;
	return 0;
}
KPARAM("rootwait", set_rootwait);

static int set_rootdelay(const char *value)
{
	char *end;
	u64 v = memparse(value, &end);

	if (end == value || *end || v > 3600)
		return -EINVAL;
	root_delay = (u32)v;
	return 0;
}
KPARAM("rootdelay", set_rootdelay);

static void nap(u64 ns)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	(void)schedule_until(clock_monotonic_ns() + ns);
}

static dev_t find_root(void)
{
	dev_t dev = bdev_find(root_spec);

	if (dev.v || !root_wait)
		return dev;
	pr_notice("waiting for root device %s ...\n", root_spec);
	do
		nap(POLL_NS);
	while (!(dev = bdev_find(root_spec)).v);
	return dev;
}

static void types_show_log(void)
{
	char line[128], name[32];
	int n = 0;

	line[0] = '\0';
	for (u32 i = 0; fs_type_disk_name(i, name, sizeof(name)); i++)
		n += scnprintf(line + n, sizeof(line) - (size_t)n, " %s", name);
	pr_err("the file systems that a disk can hold are:%s\n", n ? line : " none");
}

static __noreturn void no_root(const char *why, int err)
{
	pr_err("root=%s: %s (error %d)\n", root_spec, why, err);
	bdevs_show_log();
	types_show_log();
	panic("cannot mount the root file system: root=%s rootfstype=%s: %s. Name one of the devices above with root=",
	      root_spec, root_types ? root_types : "(any)", why);
}

/* /dev/NAME for the device, where the root file system of memory has none yet. */
static void make_node(dev_t dev, char *path, size_t size)
{
	struct block_device *b = bdev_open(dev, BDEV_READ, NULL);

	if (IS_ERR(b))
		no_root("the device cannot be opened", (int)PTR_ERR(b));
	snprintf(path, size, "/dev/%s", bdev_name(b));
	if (!root_types)
		root_types = bdev_probe_fstype(b);
	bdev_close(b, BDEV_READ, NULL);
	(void)!kern_mkdir("/dev", 0755);
	(void)!kern_mknod(path, S_IFBLK | 0600, dev);
}

/* One type. -EACCES: the device is read-only, so is the mount. */
static int try_type(const char *path, const char *type, u32 *flags)
{
	int err = ksys_mount(path, "/root", type, *flags, root_options);

	if (err == -EACCES && !(*flags & MS_RDONLY)) {
		pr_warn("root: %s is read-only, so is its file system\n", path);
		*flags |= MS_RDONLY;
		err = ksys_mount(path, "/root", type, *flags, root_options);
	}
	return err;
}

/* The types of the list (with commas), or all that want a device. *type: the one that did. */
static int try_types(const char *path, u32 *flags, char *type, size_t size)
{
	const char *list = root_types;
	int err = -ENODEV, e;

	for (u32 i = 0; ; i++) {
		if (list) {
			const char *end = strchr(list, ',');
			size_t n = end ? (size_t)(end - list) : strlen(list);

			if (!n || n >= size)
				return err;
			memcpy(type, list, n);
			type[n] = '\0';
			list += n + (end != NULL);
		} else if (root_types || !fs_type_disk_name(i, type, size)) {
			return err;
		}
		e = try_type(path, type, flags);
		if (!e)
			return 0;
		/* What a type that does not know the disk says counts less than a real error. */
		if (e != -EINVAL || err == -ENODEV)
			err = e;
		if (root_types && !*list)
			return err;
	}
}

static void mount_dev(void)
{
	int err = ksys_mount("devtmpfs", "dev", "devtmpfs", MS_SILENT, NULL);

	if (err)
		pr_warn("devtmpfs: not mounted on /dev of the root file system: error %d%s\n", err,
			err == -ENOENT ? " (no such directory)" : "");
}

bool rootfs_wanted(void)
{
	return root_spec;
}

void rootfs_mount(void)
{
	u32 flags = MS_SILENT | (root_rw ? 0 : MS_RDONLY);
	char path[48], type[32];
	dev_t dev;
	int err;

	if (root_delay) {
		pr_notice("waiting %u s before the root file system is mounted\n", root_delay);
		nap(root_delay * NSEC_PER_SEC);
	}
	dev = find_root();
	if (!dev.v)
		no_root("there is no such device", -ENODEV);
	make_node(dev, path, sizeof(path));
	(void)!kern_mkdir("/root", 0700);
	err = try_types(path, &flags, type, sizeof(type));
	if (err)
		no_root(err == -EINVAL || err == -ENODEV ? "no file system type knows what is on it" : "the mount failed", err);
	pr_notice("root: %s (%s), %s\n", path, type, flags & MS_RDONLY ? "read-only" : "read-write");
	err = ksys_chdir("/root");
	if (!err) {
		mount_dev();
		err = ksys_mount(".", "/", NULL, MS_MOVE, NULL);
	}
	if (!err)
		err = kern_chroot_mount_init();
	if (err)
		no_root("it cannot be made the root", err);
}
