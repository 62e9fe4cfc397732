/* SPDX-License-Identifier: MPL-2.0 */
/* The vDSO image and its data pages (arch/x86_64/vdso); mm/vm maps them at execve. */
#ifndef CORE_VDSO_H
#define CORE_VDSO_H

#include <base/types.h>
#include <core/page.h>

/* Layout in user space: data pages [vvar] first, then the image [vdso]. */
u64 vdso_data_pages(void);
u64 vdso_image_pages(void);
/* Frame of the i-th data or image page; mapped PT_SPECIAL. */
pfn_t vdso_data_pfn(u64 i);
pfn_t vdso_image_pfn(u64 i);
/*
 * Called by kernel/core/clock.c under the clock's lock when readings change: user space waits from the first until the
 * second has brought the new parameters.
 */
void vdso_close(void);
void vdso_publish(void);

#endif
