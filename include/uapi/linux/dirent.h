/* SPDX-License-Identifier: MPL-2.0 */
/* getdents(2) and getdents64(2). */
#ifndef UAPI_LINUX_DIRENT_H
#define UAPI_LINUX_DIRENT_H

#include <uapi/linux/types.h>

#define DT_UNKNOWN	0
#define DT_FIFO		1
#define DT_CHR		2
#define DT_DIR		4
#define DT_BLK		6
#define DT_REG		8
#define DT_LNK		10
#define DT_SOCK		12
#define DT_WHT		14

/* The name with its NUL follows at offset 19; records are padded to 8 bytes. */
struct linux_dirent64 {
	__u64 d_ino;
	__s64 d_off;
	__u16 d_reclen;
	__u8 d_type;
	char d_name[];
};
_Static_assert(__builtin_offsetof(struct linux_dirent64, d_name) == 19, "dirent64");

/* The old form: name at offset 18, d_type in the last byte of the record. */
struct linux_dirent {
	__u64 d_ino;
	__u64 d_off;
	__u16 d_reclen;
	char d_name[];
};
_Static_assert(__builtin_offsetof(struct linux_dirent, d_name) == 18, "dirent");

#endif
