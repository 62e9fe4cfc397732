/* SPDX-License-Identifier: MPL-2.0 */
/* Memory files without a name, for memfd_create(2) (fs/tmpfs.c). */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include <fs/file.h>

struct fs_type;
struct super_block;

/* Sealable by F_ADD_SEALS unless `seals` holds F_SEAL_SEAL. Opened O_RDWR. ERR_PTR. */
__must_check struct file *tmpfs_file_create(const char *name, u64 size, u32 seals);

/* The one instance of a type that is a tmpfs inside (devtmpfs): for fs_type.mount. */
struct super_block *tmpfs_get_single(struct fs_type *t, u32 flags, const char *options);

#endif
