/* SPDX-License-Identifier: MPL-2.0 */
/* Seek, rename, access hints and the ioctls of files and block devices. */
#ifndef UAPI_LINUX_FS_H
#define UAPI_LINUX_FS_H

#include <uapi/linux/ioctl.h>
#include <uapi/linux/types.h>

#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2
#define SEEK_DATA	3
#define SEEK_HOLE	4
#define SEEK_MAX	SEEK_HOLE

#define RENAME_NOREPLACE	(1 << 0)
#define RENAME_EXCHANGE		(1 << 1)
#define RENAME_WHITEOUT		(1 << 2)

#define SYNC_FILE_RANGE_WAIT_BEFORE	1
#define SYNC_FILE_RANGE_WRITE		2
#define SYNC_FILE_RANGE_WAIT_AFTER	4

/* preadv2(2), pwritev2(2) */
#define RWF_HIPRI	0x00000001
#define RWF_DSYNC	0x00000002
#define RWF_SYNC	0x00000004
#define RWF_NOWAIT	0x00000008
#define RWF_APPEND	0x00000010
#define RWF_SUPPORTED	0x0000001f

struct file_clone_range {
	__s64 src_fd;
	__u64 src_offset;
	__u64 src_length;
	__u64 dest_offset;
};
UAPI_SIZE(struct file_clone_range, 32);

struct fstrim_range {
	__u64 start;
	__u64 len;
	__u64 minlen;
};
UAPI_SIZE(struct fstrim_range, 24);

struct fsxattr {
	__u32 fsx_xflags;
	__u32 fsx_extsize;
	__u32 fsx_nextents;
	__u32 fsx_projid;
	__u32 fsx_cowextsize;
	__u8 fsx_pad[8];
};
UAPI_SIZE(struct fsxattr, 28);

#define BLKROSET	_IO(0x12, 93)
#define BLKROGET	_IO(0x12, 94)
#define BLKRRPART	_IO(0x12, 95)
#define BLKGETSIZE	_IO(0x12, 96)
#define BLKFLSBUF	_IO(0x12, 97)
#define BLKRASET	_IO(0x12, 98)
#define BLKRAGET	_IO(0x12, 99)
#define BLKFRASET	_IO(0x12, 100)
#define BLKFRAGET	_IO(0x12, 101)
#define BLKSECTGET	_IO(0x12, 103)
#define BLKSSZGET	_IO(0x12, 104)
#define BLKBSZGET	_IOR(0x12, 112, __u64)
#define BLKBSZSET	_IOW(0x12, 113, __u64)
#define BLKGETSIZE64	_IOR(0x12, 114, __u64)
#define BLKDISCARD	_IO(0x12, 119)
#define BLKIOMIN	_IO(0x12, 120)
#define BLKIOOPT	_IO(0x12, 121)
#define BLKALIGNOFF	_IO(0x12, 122)
#define BLKPBSZGET	_IO(0x12, 123)
#define BLKDISCARDZEROES _IO(0x12, 124)
#define BLKSECDISCARD	_IO(0x12, 125)
#define BLKROTATIONAL	_IO(0x12, 126)
#define BLKZEROOUT	_IO(0x12, 127)
#define BLKGETDISKSEQ	_IOR(0x12, 128, __u64)

#define FIBMAP		_IO(0x00, 1)
#define FIGETBSZ	_IO(0x00, 2)
#define FIFREEZE	_IOWR('X', 119, int)
#define FITHAW		_IOWR('X', 120, int)
#define FITRIM		_IOWR('X', 121, struct fstrim_range)
#define FICLONE		_IOW(0x94, 9, int)
#define FICLONERANGE	_IOW(0x94, 13, struct file_clone_range)
#define FS_IOC_GETFLAGS	_IOR('f', 1, __s64)
#define FS_IOC_SETFLAGS	_IOW('f', 2, __s64)
#define FS_IOC_GETVERSION _IOR('v', 1, __s64)
#define FS_IOC_SETVERSION _IOW('v', 2, __s64)
#define FS_IOC_FSGETXATTR _IOR('X', 31, struct fsxattr)
#define FS_IOC_FSSETXATTR _IOW('X', 32, struct fsxattr)

#define FS_SECRM_FL	0x00000001
#define FS_UNRM_FL	0x00000002
#define FS_COMPR_FL	0x00000004
#define FS_SYNC_FL	0x00000008
#define FS_IMMUTABLE_FL	0x00000010
#define FS_APPEND_FL	0x00000020
#define FS_NODUMP_FL	0x00000040
#define FS_NOATIME_FL	0x00000080
#define FS_INDEX_FL	0x00001000
#define FS_DIRSYNC_FL	0x00010000
#define FS_TOPDIR_FL	0x00020000
#define FS_EXTENT_FL	0x00080000
#define FS_NOCOW_FL	0x00800000
#define FS_FL_USER_VISIBLE	0x0003DFFF
#define FS_FL_USER_MODIFIABLE	0x000380FF

#endif
