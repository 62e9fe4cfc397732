/* SPDX-License-Identifier: MPL-2.0 */
/* shmget(2): keys, flags, sizes and each errno; ids of removed segments are not found and do not come back soon. */
#include "sysv.h"

CASE(private_is_new_each_time)
{
	int a = CHECK_OK(shmget(IPC_PRIVATE, 1, 0600)), b = CHECK_OK(shmget(IPC_PRIVATE, 1, 0600));

	CHECK_NE(a, b);
	CHECK_OK(shmctl(a, IPC_RMID, NULL));
	CHECK_OK(shmctl(b, IPC_RMID, NULL));
}
CASE(by_key)
{
	int a;

	CHECK_ERR(shmget(0x4b65656c, 100, 0600), ENOENT);
	a = CHECK_OK(shmget(0x4b65656c, 100, IPC_CREAT | 0600));
	CHECK_EQ(shmget(0x4b65656c, 100, 0600), a);
	CHECK_EQ(shmget(0x4b65656c, 0, 0), a);
	CHECK_EQ(shmget(0x4b65656c, 100, IPC_CREAT | 0600), a);
	CHECK_EQ(shmget(0x4b65656c, 50, IPC_EXCL), a);	/* EXCL alone means nothing */
	CHECK_ERR(shmget(0x4b65656c, 100, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_ERR(shmget(0x4b65656c, 101, 0600), EINVAL);
	CHECK_OK(shmctl(a, IPC_RMID, NULL));
	CHECK_ERR(shmget(0x4b65656c, 100, 0600), ENOENT);
}
CASE(sizes)
{
	char old[64];

	CHECK_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	CHECK_ERR(shmget(0x4b65656d, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(shmget(IPC_PRIVATE, ~0UL, 0600), EINVAL);
	/* more than there is memory */
	CHECK_ERR(shmget(IPC_PRIVATE, 1UL << 50, 0600), ENOMEM);
	kt_get("/proc/sys/kernel/shmmax", old, sizeof(old));
	sysctl_set("shmmax", "8192");
	CHECK_ERR(shmget(IPC_PRIVATE, 8193, 0600), EINVAL);
	CHECK_OK(shmctl(CHECK_OK(shmget(IPC_PRIVATE, 8192, 0600)), IPC_RMID, NULL));
	sysctl_set("shmmax", old);
	CHECK_OK(shmctl(CHECK_OK(shmget(IPC_PRIVATE, 8193, 0600)), IPC_RMID, NULL));
}
CASE(limit_of_pages)
{
	struct shm_info i;
	char old[64], now[64];
	int a;

	CHECK_OK(shmctl(0, SHM_INFO, (void *)&i));
	kt_get("/proc/sys/kernel/shmall", old, sizeof(old));
	snprintf(now, sizeof(now), "%lu", i.shm_tot + 3);
	sysctl_set("shmall", now);
	a = CHECK_OK(shmget(IPC_PRIVATE, 2 * PG, 0600));
	CHECK_ERR(shmget(IPC_PRIVATE, PG + 1, 0600), ENOSPC);
	CHECK_OK(shmctl(CHECK_OK(shmget(IPC_PRIVATE, PG, 0600)), IPC_RMID, NULL));
	CHECK_OK(shmctl(a, IPC_RMID, NULL));
	sysctl_set("shmall", old);
}
CASE(limit_of_segments)
{
	struct shm_info i;
	char old[64], now[64];
	int a;

	CHECK_OK(shmctl(0, SHM_INFO, (void *)&i));
	kt_get("/proc/sys/kernel/shmmni", old, sizeof(old));
	snprintf(now, sizeof(now), "%d", i.used_ids + 1);
	sysctl_set("shmmni", now);
	a = CHECK_OK(shmget(IPC_PRIVATE, 1, 0600));
	CHECK_ERR(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	CHECK_OK(shmctl(a, IPC_RMID, NULL));
	sysctl_set("shmmni", old);
}
CASE(huge_pages_without_any)
{
	CHECK_ERR(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600), ENOMEM);
	CHECK_ERR(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 21 << 26 | 0600), ENOMEM);
	CHECK_ERR(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 13 << 26 | 0600), EINVAL);
}
CASE(noreserve)
{
	int a = CHECK_OK(shmget(IPC_PRIVATE, 1UL << 40, SHM_NORESERVE | 0600));
	char *m = shmat(a, NULL, 0);

	CHECK_OK(shmctl(a, IPC_RMID, NULL));
	CHECK(m != (void *)-1);
	m[1UL << 39] = 1;
	CHECK_EQ(m[(1UL << 39) + 1], 0);
	CHECK_OK(shmdt(m));
}
CASE(ids_do_not_come_back)
{
	int seen[50];

	for (int i = 0; i < 50; i++) {
		seen[i] = CHECK_OK(shmget(IPC_PRIVATE, 1, 0600));
		for (int j = 0; j < i; j++)
			CHECK_NE(seen[i], seen[j]);
		CHECK_OK(shmctl(seen[i], IPC_RMID, NULL));
		CHECK_ERR(shmctl(seen[i], IPC_RMID, NULL), EINVAL);
		CHECK_ERR(shmat(seen[i], NULL, 0), EINVAL);
	}
}
CASE(next_id)
{
	int a;

	CHECK_EQ(sysctl_get("shm_next_id"), -1);
	sysctl_set("shm_next_id", "1234567");
	CHECK_EQ(sysctl_get("shm_next_id"), 1234567);
	a = CHECK_OK(shmget(IPC_PRIVATE, 1, 0600));
	CHECK_EQ(a, 1234567);
	CHECK_EQ(sysctl_get("shm_next_id"), -1);
	CHECK_OK(shmctl(a, IPC_RMID, NULL));
}
