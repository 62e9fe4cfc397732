/* SPDX-License-Identifier: MPL-2.0 */
/* System V shared memory: making, attaching, counting, removing, permissions. */
#include "ktest_user.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static int make(size_t size, int flags)
{
	return CHECK_OK(shmget(IPC_PRIVATE, size, flags));
}

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;

	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	return ds;
}

static char *attach(int id, void *at, int flags)
{
	char *p = shmat(id, at, flags);

	CHECK(p != (void *)-1);
	return p;
}

CASE(life)
{
	time_t before = time(NULL);
	int id = make(3 * PG - 100, 0600), status;
	struct shmid_ds ds = stat_of(id);
	char *p, *q;
	pid_t pid;

	CHECK_EQ(ds.shm_segsz, 3 * PG - 100);
	CHECK_EQ(ds.shm_nattch, 0);
	CHECK_EQ(ds.shm_cpid, getpid());
	CHECK_EQ(ds.shm_lpid, 0);
	CHECK_EQ(ds.shm_atime, 0);
	CHECK_EQ(ds.shm_perm.mode, 0600);
	CHECK(ds.shm_ctime >= before && ds.shm_ctime <= time(NULL));
	p = attach(id, NULL, 0);
	CHECK_EQ(p[0] | p[3 * PG - 1], 0);
	strcpy(p, "shared");
	q = attach(id, NULL, 0);
	CHECK(p != q);
	CHECK_STR(q, "shared");
	ds = stat_of(id);
	CHECK_EQ(ds.shm_nattch, 2);
	CHECK_EQ(ds.shm_lpid, getpid());
	CHECK_OK(shmdt(q));
	CHECK_EQ(stat_of(id).shm_nattch, 1);
	/* Attached in children, too; contents stay with nobody attached. */
	pid = CHECK_OK(fork());
	if (!pid) {
		if (stat_of(id).shm_nattch != 2)
			_exit(1);
		strcpy(p, "by the child");
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_STR(p, "by the child");
	CHECK_EQ(stat_of(id).shm_nattch, 1);
	CHECK_OK(shmdt(p));
	CHECK_EQ(stat_of(id).shm_nattch, 0);
	p = attach(id, NULL, SHM_RDONLY);
	CHECK_STR(p, "by the child");
	CHECK_ERR(mprotect(p, PG, PROT_READ | PROT_WRITE), EACCES);
	/* Removed: it lives until the last one detaches, without its id's key. */
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_EQ(stat_of(id).shm_perm.mode & 01000, 01000);
	CHECK_STR(p, "by the child");
	q = attach(id, NULL, 0);
	CHECK_OK(shmdt(q));
	CHECK_OK(shmdt(p));
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
	CHECK(shmat(id, NULL, 0) == (void *)-1);
	CHECK_EQ(errno, EINVAL);
}

CASE(keys)
{
	key_t key = 0x4b65 ^ getpid();
	int id;

	CHECK_ERR(shmget(key, PG, 0600), ENOENT);
	id = CHECK_OK(shmget(key, PG, IPC_CREAT | IPC_EXCL | 0640));
	CHECK_EQ(shmget(key, PG, IPC_CREAT | 0600), id);
	CHECK_EQ(shmget(key, 0, 0), id);
	CHECK_ERR(shmget(key, PG, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_ERR(shmget(key, PG + 1, 0600), EINVAL);
	CHECK_EQ(stat_of(id).shm_perm.__key, key);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_ERR(shmget(key, PG, 0600), ENOENT);
	CHECK_ERR(shmget(key, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	CHECK_ERR(shmget(IPC_PRIVATE, PG, SHM_HUGETLB | 27 << 26 | 0600), EINVAL);
	CHECK_ERR(shmctl(id, IPC_STAT, &(struct shmid_ds){ 0 }), EINVAL);
	CHECK_ERR(shmctl(-1, IPC_STAT, &(struct shmid_ds){ 0 }), EINVAL);
	CHECK_ERR(shmctl(0, 99, NULL), EINVAL);
}

CASE(addresses)
{
	int id = make(4 * PG, 0600);
	char *room = mmap(NULL, 16 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	CHECK(room != MAP_FAILED);
	CHECK(shmat(id, room + PG, 0) == (void *)-1);	/* something is there */
	CHECK_EQ(errno, EINVAL);
	CHECK(shmat(id, room + 1, SHM_REMAP) == (void *)-1);
	CHECK_EQ(errno, EINVAL);
	CHECK(shmat(id, NULL, SHM_REMAP) == (void *)-1);
	CHECK_EQ(errno, EINVAL);
	p = attach(id, room + 2 * PG + 123, SHM_REMAP | SHM_RND);
	CHECK(p == room + 2 * PG);
	CHECK_OK(munmap(room + 8 * PG, 8 * PG));
	p = attach(id, room + 8 * PG, 0);
	CHECK(p == room + 8 * PG);
	p[PG] = 7;
	CHECK_EQ(room[3 * PG], 7);
	/* Detaching goes by the address of the beginning, even when that is gone. */
	CHECK_ERR(shmdt(p + PG), EINVAL);
	CHECK_ERR(shmdt(p + 1), EINVAL);
	CHECK_OK(munmap(p, PG));
	CHECK_EQ(stat_of(id).shm_nattch, 2);
	CHECK_OK(munmap(p + 2 * PG, PG));	/* two parts are left */
	CHECK_EQ(stat_of(id).shm_nattch, 3);
	CHECK_OK(shmdt(p));
	CHECK_EQ(stat_of(id).shm_nattch, 1);
	CHECK_ERR(shmdt(p), EINVAL);
	CHECK_ERR(mprotect(p + PG, PG, PROT_READ), ENOMEM);
	CHECK_OK(shmdt(room + 2 * PG));
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_ERR(shmdt(room), EINVAL);
}

CASE(permissions)
{
	int id = make(PG, 0604), both = make(PG, 0606), status;
	struct shmid_ds ds = stat_of(id);
	pid_t pid = CHECK_OK(fork());

	if (!pid) {
		CHECK_OK(setgid(1234));
		CHECK_OK(setuid(1234));
		CHECK(shmat(id, NULL, 0) == (void *)-1);
		CHECK_EQ(errno, EACCES);
		attach(id, NULL, SHM_RDONLY);
		attach(both, NULL, 0);
		CHECK_ERR(shmctl(both, IPC_RMID, NULL), EPERM);
		CHECK_ERR(shmctl(both, IPC_SET, &ds), EPERM);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	ds.shm_perm.uid = 1234;
	ds.shm_perm.mode = 0400;
	CHECK_OK(shmctl(id, IPC_SET, &ds));
	ds = stat_of(id);
	CHECK_EQ(ds.shm_perm.uid, 1234);
	CHECK_EQ(ds.shm_perm.cuid, 0);
	CHECK_EQ(ds.shm_perm.mode, 0400);
	pid = CHECK_OK(fork());
	if (!pid) {
		CHECK_OK(setuid(1234));
		CHECK(shmat(id, NULL, 0) == (void *)-1);
		attach(id, NULL, SHM_RDONLY);
		CHECK_OK(shmctl(id, IPC_RMID, NULL));
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
	CHECK_OK(shmctl(both, SHM_LOCK, NULL));
	CHECK_EQ(stat_of(both).shm_perm.mode, 02606);
	CHECK_OK(shmctl(both, SHM_UNLOCK, NULL));
	CHECK_OK(shmctl(both, IPC_RMID, NULL));
}

CASE(listing)
{
	int id = make(5 * PG, 0600), last, found = 0;
	struct shm_info si;
	struct shmid_ds ds;
	char line[256], want[64];
	FILE *f;

	last = CHECK_OK(shmctl(0, SHM_INFO, (void *)&si));
	CHECK_GE(si.used_ids, 1);
	CHECK_GE(si.shm_tot, 5);
	for (int i = 0; i <= last; i++)
		found += shmctl(i, SHM_STAT, &ds) == id;
	CHECK_EQ(found, 1);
	f = fopen("/proc/sysvipc/shm", "r");
	CHECK(f);
	snprintf(want, sizeof(want), " %d   600 %21lu ", id, 5 * PG);
	for (found = 0; fgets(line, sizeof(line), f);)
		found += strstr(line, want) != NULL;
	CHECK_EQ(found, 1);
	fclose(f);
	attach(id, NULL, 0);
	f = fopen("/proc/self/maps", "r");
	CHECK(f);
	snprintf(want, sizeof(want), " %d ", id);
	for (found = 0; fgets(line, sizeof(line), f);)
		found += strstr(line, "/SYSV00000000 (deleted)") && strstr(line, want) && strstr(line, "rw-s");
	CHECK_EQ(found, 1);
	fclose(f);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
