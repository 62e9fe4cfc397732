/* SPDX-License-Identifier: MPL-2.0 */
/* HDIO_GETGEO: cylinders, heads and sectors, as old programs want them. */
#ifndef UAPI_LINUX_HDREG_H
#define UAPI_LINUX_HDREG_H

#include <uapi/linux/types.h>

#define HDIO_GETGEO	0x0301

struct hd_geometry {
	__u8 heads;
	__u8 sectors;
	__u16 cylinders;
	__u64 start;
};
UAPI_SIZE(struct hd_geometry, 16);

#endif
