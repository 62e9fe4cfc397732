/* SPDX-License-Identifier: MPL-2.0 */
/* Disks in memory (drivers/block/ramdisk.c), also for kernel tests of what stands on a block device. */
#ifndef DRIVERS_RAMDISK_H
#define DRIVERS_RAMDISK_H

#include <base/types.h>

struct disk;

/* Registered, one reference. disk_remove() and disk_put() end it. ERR_PTR. May sleep. */
__must_check struct disk *ramdisk_create(const char *name, u32 minor, u64 sectors);

#endif
