/* SPDX-License-Identifier: MPL-2.0 */
/* BLKPG: partitions one by one. */
#ifndef UAPI_LINUX_BLKPG_H
#define UAPI_LINUX_BLKPG_H

#include <uapi/linux/ioctl.h>
#include <uapi/linux/types.h>

#define BLKPG			_IO(0x12, 105)
#define BLKPG_ADD_PARTITION	1
#define BLKPG_DEL_PARTITION	2
#define BLKPG_RESIZE_PARTITION	3
#define BLKPG_DEVNAMELTH	64
#define BLKPG_VOLNAMELTH	64

struct blkpg_ioctl_arg {
	int op;
	int flags;
	int datalen;
	__u64 data __attribute__((aligned(8)));		/* pointer to a struct blkpg_partition */
};
UAPI_SIZE(struct blkpg_ioctl_arg, 24);

struct blkpg_partition {
	__s64 start;			/* bytes */
	__s64 length;
	int pno;
	char devname[BLKPG_DEVNAMELTH];	/* not used */
	char volname[BLKPG_VOLNAMELTH];
};
UAPI_SIZE(struct blkpg_partition, 152);

#endif
