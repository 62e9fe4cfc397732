/* SPDX-License-Identifier: MPL-2.0 */
/* Common part of the System V IPC calls. */
#ifndef UAPI_LINUX_IPC_H
#define UAPI_LINUX_IPC_H

#include <uapi/linux/types.h>

#define IPC_PRIVATE	0
#define IPC_CREAT	00001000
#define IPC_EXCL	00002000
#define IPC_NOWAIT	00004000
#define IPC_RMID	0
#define IPC_SET		1
#define IPC_STAT	2
#define IPC_INFO	3

struct ipc64_perm {
	__s32 key;
	__u32 uid;
	__u32 gid;
	__u32 cuid;
	__u32 cgid;
	__u32 mode;
	__u16 seq;
	__u16 __pad2;
	__u64 __unused1;
	__u64 __unused2;
};
UAPI_SIZE(struct ipc64_perm, 48);

#endif
