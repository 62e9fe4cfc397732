/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of drivers/base share. */
#ifndef DRIVERS_BASE_INTERNAL_H
#define DRIVERS_BASE_INTERNAL_H

#include <drivers/device.h>

/* The uevent file of every device (uevent.c). */
ssize_t device_uevent_show(struct device *d, char *buf, size_t size);
ssize_t device_uevent_store(struct device *d, const char *buf, size_t n);

#endif
