/* SPDX-License-Identifier: MPL-2.0 */
/* System V message queues. */
#ifndef UAPI_LINUX_MSG_H
#define UAPI_LINUX_MSG_H

#include <uapi/linux/ipc.h>

/* msgrcv */
#define MSG_NOERROR	010000
#define MSG_EXCEPT	020000
#define MSG_COPY	040000

/* msgctl */
#define MSG_STAT	11
#define MSG_INFO	12
#define MSG_STAT_ANY	13

#define MSGMNI		32000
#define MSGMAX		8192
#define MSGMNB		16384
#define MSGPOOL		(MSGMNI * MSGMNB / 1024)
#define MSGTQL		MSGMNB
#define MSGMAP		MSGMNB
#define MSGSSZ		16
#define MSGSEG		0xffff

struct msqid64_ds {
	struct ipc64_perm msg_perm;
	__s64 msg_stime;
	__s64 msg_rtime;
	__s64 msg_ctime;
	__u64 msg_cbytes;
	__u64 msg_qnum;
	__u64 msg_qbytes;
	__s32 msg_lspid;
	__s32 msg_lrpid;
	__u64 __unused4;
	__u64 __unused5;
};
UAPI_SIZE(struct msqid64_ds, 120);

struct msginfo {
	__s32 msgpool;
	__s32 msgmap;
	__s32 msgmax;
	__s32 msgmnb;
	__s32 msgmni;
	__s32 msgssz;
	__s32 msgtql;
	__u16 msgseg;
};
UAPI_SIZE(struct msginfo, 32);

#endif
