/* SPDX-License-Identifier: MPL-2.0 */
/* Between the files of block special files: fops.c, ioctl.c. */
#ifndef FS_BLOCK_FOPS_H
#define FS_BLOCK_FOPS_H

#include <fs/file.h>

#include "internal.h"

long blk_ioctl(struct file *f, u32 cmd, u64 arg);
/* Bytes [start, end) of the page cache are written and dropped: they will be changed behind its back. */
__must_check int blk_drop_range(struct block_device *b, loff_t start, loff_t end);

#endif
