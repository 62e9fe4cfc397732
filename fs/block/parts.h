/* SPDX-License-Identifier: MPL-2.0 */
/* Partitions as devices (parts.c). Sectors of 512 bytes. */
#ifndef FS_BLOCK_PARTS_H
#define FS_BLOCK_PARTS_H

#include <base/types.h>

struct disk;

/* BLKPG: -EBUSY (number or place taken), -ENXIO (no such), -EINVAL. They take the open mutex. */
int part_add_user(struct disk *d, u32 number, u64 start, u64 sectors);
int part_delete(struct disk *d, u32 number);
int part_resize(struct disk *d, u32 number, u64 start, u64 sectors);

#endif
