/* SPDX-License-Identifier: MPL-2.0 */
/* statfs(2). */
#ifndef UAPI_LINUX_STATFS_H
#define UAPI_LINUX_STATFS_H

#include <uapi/linux/types.h>

struct statfs {
	__s64 f_type;		/* uapi/linux/magic.h */
	__s64 f_bsize;
	__s64 f_blocks;
	__s64 f_bfree;
	__s64 f_bavail;
	__s64 f_files;
	__s64 f_ffree;
	struct { __s32 val[2]; } f_fsid;
	__s64 f_namelen;
	__s64 f_frsize;
	__s64 f_flags;
	__s64 f_spare[4];
};
UAPI_SIZE(struct statfs, 120);

/* f_flags */
#define ST_RDONLY	0x0001
#define ST_NOSUID	0x0002
#define ST_NODEV	0x0004
#define ST_NOEXEC	0x0008
#define ST_SYNCHRONOUS	0x0010
#define ST_VALID	0x0020
#define ST_MANDLOCK	0x0040
#define ST_NOATIME	0x0400
#define ST_NODIRATIME	0x0800
#define ST_RELATIME	0x1000
#define ST_NOSYMFOLLOW	0x2000

#endif
