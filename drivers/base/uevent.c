/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Events of devices for user space, and their uevent files: what udev reads. Source: Documentation/ABI/testing/
 * sysfs-uevent. An event is numbered also when nobody listens, since /sys/kernel/uevent_seqnum shows the number.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/slab.h>
#include <fs/kernfs.h>

#include "internal.h"

#define EVENT_BYTES	2048

bool (*uevent_listened)(void);
void (*uevent_send)(const char *text, size_t len);
static u64 seqnum;		/* [a] */

u64 uevent_seqnum(void) { return __atomic_load_n(&seqnum, __ATOMIC_RELAXED); }

/* The lines that the file shows and the event carries. */
ssize_t device_uevent_show(struct device *d, char *buf, size_t size)
{
	int n = 0;

	if (d->devt.v)
		n = scnprintf(buf, size, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\n", dev_major(d->devt), dev_minor(d->devt),
			      d->node_name ? d->node_name : d->name);
	if (d->driver)
		n += scnprintf(buf + n, size - (size_t)n, "DRIVER=%s\n", d->driver->name);
	if (d->uevent)
		n += d->uevent(d, buf + n, size - (size_t)n);
	if (d->bus && d->bus->uevent)
		n += d->bus->uevent(d, buf + n, size - (size_t)n);
	return n;
}

/* Lines become strings. */
static size_t build(struct device *d, const char *action, const char *synth, u64 number, char *buf, size_t size)
{
	const char *subsystem = d->class_name ? d->class_name : d->bus ? d->bus->name : NULL;
	size_t n, first;
	int path;

	n = (size_t)scnprintf(buf, size, "%s@", action);
	path = kernfs_path(d->node, buf + n, size - n);
	if (path < 0)
		return 0;
	n = first = n + (size_t)path + 1;
	n += (size_t)scnprintf(buf + n, size - n, "ACTION=%s\nDEVPATH=%s\n", action, buf + strlen(action) + 1);
	if (subsystem)
		n += (size_t)scnprintf(buf + n, size - n, "SUBSYSTEM=%s\n", subsystem);
	if (synth)
		n += (size_t)scnprintf(buf + n, size - n, "SYNTH_UUID=%s\n", synth);
	n += (size_t)device_uevent_show(d, buf + n, size - n);
	n += (size_t)scnprintf(buf + n, size - n, "SEQNUM=%llu\n", (unsigned long long)number);
	for (size_t i = first; i < n; i++)
		if (buf[i] == '\n')
			buf[i] = '\0';
	return n;
}

static void send(struct device *d, const char *action, const char *synth)
{
	u64 number = __atomic_add_fetch(&seqnum, 1, __ATOMIC_RELAXED);
	char *buf;
	size_t n;

	if (!d->node || !uevent_send || !uevent_listened())
		return;
	buf = kmalloc(EVENT_BYTES, GFP_KERNEL);
	if (!buf)
		return;
	n = build(d, action, synth, number, buf, EVENT_BYTES);
	if (n)
		uevent_send(buf, n);
	kfree(buf);
}

void device_uevent(struct device *d, const char *action)
{
	send(d, action, NULL);
}

/* "add" makes user space look at the device anew. Behind it may stand an identifier that comes back in the event. */
ssize_t device_uevent_store(struct device *d, const char *buf, size_t n)
{
	static const char *const actions[] = { "add", "remove", "change", "move", "online", "offline", "bind", "unbind" };
	size_t len = strcspn(buf, " \n");
	char uuid[37] = "0";

	for (u32 i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strlen(actions[i]) != len || memcmp(actions[i], buf, len))
			continue;
		if (buf[len] == ' ') {
			const char *u = buf + len + 1;

			if (strcspn(u, " \n") != sizeof(uuid) - 1)
				return -EINVAL;
			memcpy(uuid, u, sizeof(uuid) - 1);
		}
		send(d, actions[i], uuid);
		return (ssize_t)n;
	}
	return -EINVAL;
}
