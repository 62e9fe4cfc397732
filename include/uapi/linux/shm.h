/* SPDX-License-Identifier: MPL-2.0 */
/* System V shared memory. */
#ifndef UAPI_LINUX_SHM_H
#define UAPI_LINUX_SHM_H

#include <uapi/linux/ipc.h>

#define SHMMIN		1
#define SHMMNI		4096

/* shmget: beside IPC_CREAT, IPC_EXCL and the permissions */
#define SHM_HUGETLB	04000
#define SHM_NORESERVE	010000
#define SHM_HUGE_SHIFT	26
#define SHM_HUGE_MASK	0x3f

/* shmat */
#define SHM_RDONLY	010000
#define SHM_RND		020000
#define SHM_REMAP	040000
#define SHM_EXEC	0100000

/* shmctl */
#define SHM_LOCK	11
#define SHM_UNLOCK	12
#define SHM_STAT	13
#define SHM_INFO	14
#define SHM_STAT_ANY	15

/* in the mode that IPC_STAT tells */
#define SHM_DEST	01000
#define SHM_LOCKED	02000

struct shmid64_ds {
	struct ipc64_perm shm_perm;
	__u64 shm_segsz;
	__s64 shm_atime;
	__s64 shm_dtime;
	__s64 shm_ctime;
	__s32 shm_cpid;
	__s32 shm_lpid;
	__u64 shm_nattch;
	__u64 __unused4;
	__u64 __unused5;
};
UAPI_SIZE(struct shmid64_ds, 112);

struct shminfo64 {
	__u64 shmmax;
	__u64 shmmin;
	__u64 shmmni;
	__u64 shmseg;
	__u64 shmall;
	__u64 __unused1;
	__u64 __unused2;
	__u64 __unused3;
	__u64 __unused4;
};
UAPI_SIZE(struct shminfo64, 72);

struct shm_info {
	__s32 used_ids;
	__u64 shm_tot;
	__u64 shm_rss;
	__u64 shm_swp;
	__u64 swap_attempts;
	__u64 swap_successes;
};
UAPI_SIZE(struct shm_info, 48);

#endif
