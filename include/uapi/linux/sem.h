/* SPDX-License-Identifier: MPL-2.0 */
/* System V semaphores. */
#ifndef UAPI_LINUX_SEM_H
#define UAPI_LINUX_SEM_H

#include <uapi/linux/ipc.h>

#define SEM_UNDO	0x1000

/* semctl */
#define GETPID		11
#define GETVAL		12
#define GETALL		13
#define GETNCNT		14
#define GETZCNT		15
#define SETVAL		16
#define SETALL		17
#define SEM_STAT	18
#define SEM_INFO	19
#define SEM_STAT_ANY	20

#define SEMMNI		32000
#define SEMMSL		32000
#define SEMMNS		(SEMMNI * SEMMSL)
#define SEMOPM		500
#define SEMVMX		32767
#define SEMAEM		SEMVMX
#define SEMUME		SEMOPM
#define SEMMNU		SEMMNS
#define SEMMAP		SEMMNS
#define SEMUSZ		20

struct sembuf {
	__u16 sem_num;
	__s16 sem_op;
	__s16 sem_flg;
};
UAPI_SIZE(struct sembuf, 6);

struct semid64_ds {
	struct ipc64_perm sem_perm;
	__s64 sem_otime;
	__u64 __unused1;
	__s64 sem_ctime;
	__u64 __unused2;
	__u64 sem_nsems;
	__u64 __unused3;
	__u64 __unused4;
};
UAPI_SIZE(struct semid64_ds, 104);

struct seminfo {
	__s32 semmap;
	__s32 semmni;
	__s32 semmns;
	__s32 semmnu;
	__s32 semmsl;
	__s32 semopm;
	__s32 semume;
	__s32 semusz;
	__s32 semvmx;
	__s32 semaem;
};
UAPI_SIZE(struct seminfo, 40);

#endif
