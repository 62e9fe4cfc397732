/* SPDX-License-Identifier: MPL-2.0 */
/* shmat(2), shmdt(2): shared contents, places, rights, and who counts as attached through fork, exec, exit, munmap. */
#include "sysv.h"

static int id;

static long nattch(void)
{
	struct shmid_ds ds;

	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	return (long)ds.shm_nattch;
}

static char *attach(void *where, int flags)
{
	char *m = shmat(id, where, flags);

	if (m == (void *)-1)
		FAIL("shmat: %s", strerror(errno));
	return m;
}

static void make(size_t size)
{
	id = CHECK_OK(shmget(IPC_PRIVATE, size, 0600));
}

CASE(shared)
{
	char *a, *b;
	pid_t p;

	make(3 * PG);
	a = attach(NULL, 0);
	b = attach(NULL, 0);
	CHECK(a != b);
	CHECK_EQ(a[PG], 0);
	a[PG] = 7;
	CHECK_EQ(b[PG], 7);
	CHILD(p) {
		char *c = attach(NULL, 0);

		CHECK_EQ(c[PG], 7);
		c[PG] = 8;
		a[2 * PG] = 9;
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(b[PG], 8);
	CHECK_EQ(b[2 * PG], 9);
	CHECK_EQ(nattch(), 2);
	CHECK_OK(shmdt(a));
	CHECK_EQ(nattch(), 1);
	CHECK_EQ(b[PG], 8);
	CHECK_OK(shmdt(b));
	CHECK_EQ(nattch(), 0);
	/* it stays while nobody has it */
	a = attach(NULL, 0);
	CHECK_EQ(a[PG], 8);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(last_page_of_an_odd_size)
{
	char *a;
	int code;

	make(PG + 10);
	a = attach(NULL, 0);
	a[PG + 9] = 1;
	a[2 * PG - 1] = 2;
	CHECK_EQ(a[2 * PG - 1], 2);
	/* mremap makes the mapping longer, not the segment */
	a = mremap(a, 2 * PG, 4 * PG, MREMAP_MAYMOVE);
	CHECK(a != MAP_FAILED);
	CHECK_EQ(a[2 * PG - 1], 2);
	CHECK(kt_fault(a + 2 * PG, false, &code));
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(places)
{
	char *room = mmap(NULL, 16 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(room != MAP_FAILED);
	CHECK_OK(munmap(room, 16 * PG));
	make(2 * PG);
	CHECK(attach(room, 0) == room);
	CHECK_ERR(shmat(id, room, 0), EINVAL);		/* taken */
	CHECK_ERR(shmat(id, room + PG, 0), EINVAL);
	CHECK_ERR(shmat(id, room + 4 * PG + 1, 0), EINVAL);
	CHECK(attach(room + 4 * PG + 1, SHM_RND) == room + 4 * PG);
	CHECK_ERR(shmat(id, NULL, SHM_REMAP), EINVAL);
	CHECK_ERR(shmat(id, (void *)1, SHM_REMAP | SHM_RND), EINVAL);
	room[PG] = 5;
	CHECK(attach(room + PG, SHM_REMAP) == room + PG);
	CHECK_EQ(nattch(), 3);
	CHECK_EQ(room[0], 0);
	CHECK_EQ(room[2 * PG], 5);
	CHECK_ERR(shmat(id, (void *)(1L << 60), SHM_REMAP), ENOMEM);
	CHECK_ERR(shmat(id, (void *)-PG, 0), EINVAL);	/* wraps */
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(errors)
{
	char *a;

	CHECK_ERR(shmat(-1, NULL, 0), EINVAL);
	CHECK_ERR(shmat(0x7fffffff, NULL, 0), EINVAL);
	make(PG);
	a = attach(NULL, 0);
	CHECK_ERR(shmdt(a + 1), EINVAL);
	CHECK_ERR(shmdt(a + PG), EINVAL);
	CHECK_ERR(shmdt(kt_map(1, PROT_READ)), EINVAL);
	CHECK_OK(shmdt(a));
	CHECK_ERR(shmdt(a), EINVAL);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(rights)
{
	char *r, *w, *x;
	int code;

	make(PG);
	w = attach(NULL, 0);
	w[0] = (char)0xc3;	/* ret */
	r = attach(NULL, SHM_RDONLY);
	CHECK_EQ(r[0], (char)0xc3);
	CHECK(kt_fault(r, true, &code));
	CHECK_ERR(mprotect(r, PG, PROT_READ | PROT_WRITE), EACCES);
	x = attach(NULL, SHM_EXEC);
	((void (*)(void))(void *)x)();
	x[1] = 1;
	x = attach(NULL, SHM_EXEC | SHM_RDONLY);
	((void (*)(void))(void *)x)();
	CHECK_EQ(nattch(), 4);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(removed_while_attached)
{
	struct shmid_ds ds;
	char *a, *b;

	id = CHECK_OK(shmget(0x4b656570, PG, IPC_CREAT | 0600));
	a = attach(NULL, 0);
	a[0] = 1;
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_perm.mode & 07777, SHM_DEST | 0600);
	CHECK_EQ(ds.shm_perm.__key, IPC_PRIVATE);
	CHECK_ERR(shmget(0x4b656570, PG, 0600), ENOENT);
	/* Linux lets others attach it still */
	b = attach(NULL, 0);
	CHECK_EQ(b[0], 1);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_OK(shmdt(a));
	CHECK_EQ(nattch(), 1);
	CHECK_OK(shmdt(b));
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
}
CASE(fork_attaches)
{
	int go[2], done[2];
	char c, *a;
	pid_t p;

	make(PG);
	a = attach(NULL, 0);
	CHECK_OK(pipe(go));
	CHECK_OK(pipe(done));
	CHILD(p) {
		CHECK_EQ(write(done[1], "x", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
		CHECK_OK(shmdt(a));
		CHECK_EQ(write(done[1], "x", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
	}
	CHECK_EQ(read(done[0], &c, 1), 1);
	CHECK_EQ(nattch(), 2);
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_EQ(read(done[0], &c, 1), 1);
	CHECK_EQ(nattch(), 1);
	CHECK_EQ(write(go[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
	CHECK_EQ(nattch(), 1);
	CHILD(p)
		CHECK_EQ(nattch(), 2);
	WAIT_EXIT(p, 0);
	CHECK_EQ(nattch(), 1);
	CHECK_OK(madvise(a, PG, MADV_DONTFORK));
	CHILD(p)
		CHECK_EQ(nattch(), 1);
	WAIT_EXIT(p, 0);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
int kt_helper(int argc, char **argv)
{
	(void)argc;
	id = atoi(argv[2]);
	return nattch() == 0 ? 0 : 1;
}
CASE(exec_detaches)
{
	char text[16];
	pid_t p;

	make(PG);
	snprintf(text, sizeof(text), "%d", id);
	CHILD(p) {
		attach(NULL, 0);
		attach(NULL, SHM_RDONLY);
		CHECK_EQ(nattch(), 2);
		execl("/proc/self/exe", "prog", "@exec", text, NULL);
		FAIL("execl: %s", strerror(errno));
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(nattch(), 0);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(killed_detaches)
{
	pid_t p;

	make(PG);
	CHILD(p) {
		attach(NULL, 0);
		CHECK_OK(shmctl(id, IPC_RMID, NULL));
		kill(getpid(), SIGKILL);
	}
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(shmctl(id, IPC_RMID, NULL), EINVAL);
}
CASE(pieces)
{
	struct shmid_ds ds;
	char *a;

	make(8 * PG);
	a = attach(NULL, 0);
	a[5 * PG] = 5;
	CHECK_OK(munmap(a + 2 * PG, PG));
	CHECK_EQ(nattch(), 2);
	CHECK_OK(mprotect(a + 5 * PG, PG, PROT_READ));
	CHECK_EQ(nattch(), 4);
	CHECK_OK(munmap(a, 2 * PG));
	CHECK_EQ(nattch(), 3);
	/* something of ours in the hole stays */
	CHECK(mmap(a + 2 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a + 2 * PG);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_OK(shmdt(a));
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
	CHECK_EQ(a[2 * PG], 0);
	CHECK_OK(munmap(a + 2 * PG, PG));
	CHECK_ERR(shmdt(a), EINVAL);
}
CASE(moved)
{
	char *a, *b;

	make(2 * PG);
	a = attach(NULL, 0);
	a[PG] = 3;
	b = mremap(a, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, a + 16 * PG);
	CHECK(b == a + 16 * PG);
	CHECK_EQ(b[PG], 3);
	CHECK_EQ(nattch(), 1);
	CHECK_ERR(shmdt(a), EINVAL);
	CHECK_OK(shmdt(b));
	CHECK_EQ(nattch(), 0);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(times_and_pids)
{
	struct shmid_ds ds;
	time_t t = time(NULL);
	char *a;
	pid_t p;

	make(PG);
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_atime, 0);
	CHECK_EQ(ds.shm_dtime, 0);
	CHECK_GE(ds.shm_ctime, t);
	CHECK_EQ(ds.shm_cpid, getpid());
	CHECK_EQ(ds.shm_lpid, 0);
	CHECK_EQ(ds.shm_segsz, PG);
	a = attach(NULL, 0);
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_GE(ds.shm_atime, t);
	CHECK_EQ(ds.shm_dtime, 0);
	CHECK_EQ(ds.shm_lpid, getpid());
	CHILD(p)
		CHECK_OK(shmdt(a));
	WAIT_EXIT(p, 0);
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHECK_GE(ds.shm_dtime, t);
	CHECK_EQ(ds.shm_lpid, p);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
CASE(maps_line)
{
	char want[64], line[512], *a;
	bool found = false;
	FILE *f;

	id = CHECK_OK(shmget(0xbeef, 2 * PG, IPC_CREAT | 0600));
	a = attach(NULL, 0);
	snprintf(want, sizeof(want), "%lx-%lx rw-s 00000000 00:01 %d ", (long)a, (long)a + 2 * PG, id);
	f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, want, strlen(want))) {
			found = true;
			CHECK(strstr(line, " /SYSV0000beef (deleted)\n"));
		}
	fclose(f);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK(found);
}
CASE(meminfo_counts_it)
{
	long long before, after;
	char *a;

	make(16 << 20);
	a = attach(NULL, 0);
	before = kt_field("/proc/meminfo", "Shmem");
	memset(a, 1, 16 << 20);
	after = kt_field("/proc/meminfo", "Shmem");
	CHECK_GE(after - before, 12 << 10);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	CHECK_OK(shmdt(a));
	CHECK_LE(kt_field("/proc/meminfo", "Shmem"), after - (12 << 10));
}
CASE(rmid_forced)
{
	struct shmid_ds ds;
	char *a;
	pid_t p;

	make(PG);
	CHILD(p) {
		id = CHECK_OK(shmget(0x4b656571, PG, IPC_CREAT | 0600));
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(shmget(0x4b656571, PG, 0600));
	/* the one whose maker is gone goes at once, ours not */
	sysctl_set("shm_rmid_forced", "1");
	CHECK_ERR(shmget(0x4b656571, PG, 0600), ENOENT);
	CHECK_OK(shmctl(id, IPC_STAT, &ds));
	CHILD(p)
		CHECK_OK(shmget(0x4b656571, PG, IPC_CREAT | 0600));
	WAIT_EXIT(p, 0);
	CHECK_ERR(shmget(0x4b656571, PG, 0600), ENOENT);
	a = attach(NULL, 0);
	CHECK_OK(shmdt(a));
	CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
	sysctl_set("shm_rmid_forced", "0");
}
static void *detacher(void *x)
{
	for (int i = 0; i < 200; i++) {
		char *a = attach(NULL, 0);

		a[0]++;
		CHECK_OK(shmdt(a));
	}
	return x;
}
CASE(threads)
{
	pthread_t t[4];

	make(PG);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, detacher, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(nattch(), 0);
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
