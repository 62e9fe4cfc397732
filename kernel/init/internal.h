/* SPDX-License-Identifier: MPL-2.0 */
/* Between the files of kernel/init. */
#ifndef KERNEL_INIT_INTERNAL_H
#define KERNEL_INIT_INTERNAL_H

#include <base/types.h>

/* rootfs.c: was there a root=, and mount it (or panic with advice). */
bool rootfs_wanted(void);
void rootfs_mount(void);

#endif
