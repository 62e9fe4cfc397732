/* SPDX-License-Identifier: MPL-2.0 */
/* shmctl(2): every command and errno; /proc/sysvipc/shm. */
#include "sysv.h"

static int make(size_t size) { return CHECK_OK(shmget(IPC_PRIVATE, size, 0640)); }

CASE(errors)
{
	struct shmid_ds ds;
	int id = make(PG);

	CHECK_ERR(shmctl(-1, IPC_STAT, &ds), EINVAL);
	CHECK_ERR(shmctl(id, -1, &ds), EINVAL);
	CHECK_ERR(shmctl(id, 99, &ds), EINVAL);
	CHECK_ERR(shmctl(id + 1, IPC_STAT, &ds), EINVAL);
	CHECK_ERR(shmctl(id, IPC_STAT, (void *)8), EFAULT);
	CHECK_ERR(shmctl(id, IPC_SET, (void *)8), EFAULT);
	CHECK_ERR(shmctl(0, IPC_INFO, (void *)8), EFAULT);
	CHECK_ERR(shmctl(0, SHM_INFO, (void *)8), EFAULT);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
	CHECK_ERR(shmctl(id, SHM_LOCK, NULL), EINVAL);
}
CASE(set)
{
	struct shmid_ds ds;
	int id = make(PG);

	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_perm.mode, 0640);
	CHECK_EQ(ds.shm_perm.uid, 0);
	ds.shm_perm.uid = 1000;
	ds.shm_perm.gid = 1001;
	ds.shm_perm.mode = 07777;
	ds.shm_perm.cuid = 5;
	ds.shm_segsz = 1;
	CHECK_OK(shmctl(id, IPC_SET, &ds));
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_perm.uid, 1000);
	CHECK_EQ(ds.shm_perm.gid, 1001);
	CHECK_EQ(ds.shm_perm.cuid, 0);
	CHECK_EQ(ds.shm_perm.mode, 0777);
	CHECK_EQ(ds.shm_segsz, PG);
	ds.shm_perm.uid = (uid_t)-1;
	CHECK_ERR(shmctl(id, IPC_SET, &ds), EINVAL);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(info)
{
	struct shminfo i;
	struct shm_info u, v;
	int id, top;
	char *a;

	CHECK_OK(shmctl(0, IPC_INFO, (void *)&i));
	CHECK_EQ(i.shmmin, 1);
	CHECK_EQ(i.shmmni, 4096);
	CHECK_EQ(i.shmseg, 4096);
	CHECK_EQ(i.shmmax, ~0UL - (1UL << 24));
	CHECK_EQ(i.shmall, ~0UL - (1UL << 24));
	CHECK_OK(shmctl(0, SHM_INFO, (void *)&u));
	id = make(4 * PG);
	a = shmat(id, NULL, 0);
	memset(a, 1, 3 * PG);
	top = CHECK_OK(shmctl(0, SHM_INFO, (void *)&v));
	CHECK_GE(top, id & 0x7fff);
	CHECK_EQ(v.used_ids, u.used_ids + 1);
	CHECK_EQ(v.shm_tot, u.shm_tot + 4);
	CHECK_EQ(v.shm_rss, u.shm_rss + 3);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_OK(shmdt(a));
	CHECK_OK(shmctl(0, SHM_INFO, (void *)&v));
	CHECK_EQ(v.used_ids, u.used_ids);
	CHECK_EQ(v.shm_tot, u.shm_tot);
}
CASE(by_index)
{
	struct shmid_ds ds;
	int id = make(3), top = CHECK_OK(shmctl(0, SHM_INFO, (void *)&(struct shm_info){ 0 }));
	bool found = false;

	for (int i = 0; i <= top; i++)
		if (shmctl(i, SHM_STAT, &ds) == id) {
			found = true;
			CHECK_EQ(ds.shm_segsz, 3);
			CHECK_EQ(shmctl(i, SHM_STAT_ANY, &ds), id);
			CHECK_EQ(ds.shm_perm.mode, 0640);
		}
	CHECK(found);
	CHECK_ERR(shmctl(32000, SHM_STAT, &ds), EINVAL);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(locking)
{
	struct shmid_ds ds;
	int id = make(4 * PG);
	pid_t p;

	CHECK_OK(shmctl(id, SHM_LOCK, NULL));
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_perm.mode, SHM_LOCKED | 0640);
	CHECK_OK(shmctl(id, SHM_LOCK, NULL));
	CHECK_OK(shmctl(id, SHM_UNLOCK, NULL));
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_perm.mode, 0640);
	CHECK_OK(shmctl(id, SHM_UNLOCK, NULL));
	ds.shm_perm.mode = 0666;
	CHECK_OK(shmctl(id, IPC_SET, &ds));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(shmctl(id, SHM_LOCK, NULL), EPERM);
		CHECK_ERR(shmctl(id, SHM_UNLOCK, NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		struct rlimit r = { 2 * PG, 2 * PG };
		int own;

		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &r));
		kt_become(1000, 1000);
		own = make(3 * PG);
		CHECK_ERR(shmctl(own, SHM_LOCK, NULL), ENOMEM);
		CHECK_OK(shmctl(own, IPC_RMID, NULL));
		own = make(2 * PG);
		CHECK_OK(shmctl(own, SHM_LOCK, NULL));
		CHECK_OK(shmctl(own, IPC_RMID, NULL));
		own = make(2 * PG);	/* and that was given back */
		CHECK_OK(shmctl(own, SHM_LOCK, NULL));
		CHECK_OK(shmctl(own, SHM_UNLOCK, NULL));
		r.rlim_cur = 0;
		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &r));
		CHECK_ERR(shmctl(own, SHM_LOCK, NULL), EPERM);
		CHECK_OK(shmctl(own, IPC_RMID, NULL));
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(permissions)
{
	struct shmid_ds ds;
	int id = CHECK_OK(shmget(0x4b656572, PG, IPC_CREAT | 0604));
	pid_t p;

	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_EQ(shmget(0x4b656572, PG, 0400), id);
		CHECK_EQ(shmget(0x4b656572, PG, 0), id);
		CHECK_ERR(shmget(0x4b656572, PG, 0600), EACCES);
		CHECK_ERR(shmat(id, NULL, 0), EACCES);
		CHECK_ERR(shmat(id, NULL, SHM_RDONLY | SHM_EXEC), EACCES);
		CHECK(shmat(id, NULL, SHM_RDONLY) != (void *)-1);
		CHECK_OK(shmctl(id, IPC_STAT, &ds));
		CHECK_ERR(shmctl(id, IPC_SET, &ds), EPERM);
		CHECK_ERR(shmctl(id, IPC_RMID, NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
	/* given to user 1000 */
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	ds.shm_perm.uid = 1000;
	ds.shm_perm.mode = 0200;
	CHECK_OK(shmctl(id, IPC_SET, &ds));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(shmctl(id, IPC_STAT, &ds), EACCES);
		CHECK_ERR(shmctl(id & 0x7fff, SHM_STAT, &ds), EACCES);
		CHECK_EQ(shmctl(id & 0x7fff, SHM_STAT_ANY, &ds), id);
		CHECK_ERR(shmat(id, NULL, SHM_RDONLY), EACCES);
		ds.shm_perm.mode = 0600;
		CHECK_OK(shmctl(id, IPC_SET, &ds));
		CHECK(shmat(id, NULL, 0) != (void *)-1);
		CHECK_OK(shmctl(id, IPC_RMID, NULL));
	}
	WAIT_EXIT(p, 0);
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
}
CASE(proc_file)
{
	int key, got, id = CHECK_OK(shmget(0x1234, 5000, IPC_CREAT | 0644));
	unsigned mode, cpid, lpid, uid, gid, cuid, cgid;
	unsigned long size, n, rss, swp;
	long at, dt, ct;
	char line[512], text[512];
	char *a = shmat(id, NULL, 0);
	FILE *f = fopen("/proc/sysvipc/shm", "r");

	a[0] = 1;
	CHECK(fgets(text, sizeof(text), f));
	fclose(f);
	CHECK_STR(text, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
		  "      atime      dtime      ctime                   rss                  swap\n");
	CHECK(proc_line("shm", id, line));
	CHECK_EQ(sscanf(line, "%d %d %o %lu %u %u %lu %u %u %u %u %ld %ld %ld %lu %lu", &key, &got, &mode, &size, &cpid,
			&lpid, &n, &uid, &gid, &cuid, &cgid, &at, &dt, &ct, &rss, &swp), 16);
	CHECK_EQ(key, 0x1234);
	CHECK_EQ(mode, 0644);
	CHECK_EQ(size, 5000);
	CHECK_EQ(cpid, getpid());
	CHECK_EQ(lpid, getpid());
	CHECK_EQ(n, 1);
	CHECK_EQ(rss, PG);
	CHECK_EQ(swp, 0);
	snprintf(text, sizeof(text), "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu %21lu %21lu", key, id,
		 mode, size, cpid, lpid, n, 0, 0, 0, 0, at, dt, ct, rss, swp);
	CHECK_STR(line, text);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_OK(shmdt(a));
	CHECK(!proc_line("shm", id, line));
}
