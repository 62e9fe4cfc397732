/* SPDX-License-Identifier: MPL-2.0 */
/* semctl(2): every command and errno; SEM_UNDO by exit, exec, threads; limits; /proc/sysvipc/sem. */
#include "sysv.h"

static int id;

static void make(int n) { id = CHECK_OK(semget(IPC_PRIVATE, n, 0640)); }
static void gone(void) { CHECK_OK(semctl(id, 0, IPC_RMID)); }

CASE(values)
{
	unsigned short v[3] = { 5, 0, 32767 }, w[3];

	make(3);
	CHECK_OK(semctl(id, 0, SETALL, (union semun){ .array = v }));
	CHECK_OK(semctl(id, 0, GETALL, (union semun){ .array = w }));
	CHECK_MEM(v, w, sizeof(v));
	CHECK_EQ(semctl(id, 2, GETPID), getpid());
	v[1] = 32768;
	CHECK_ERR(semctl(id, 0, SETALL, (union semun){ .array = v }), ERANGE);
	CHECK_EQ(val_of(id, 0), 5);
	CHECK_ERR(semctl(id, 0, SETVAL, (union semun){ .val = -1 }), ERANGE);
	CHECK_ERR(semctl(id, 0, SETVAL, (union semun){ .val = 32768 }), ERANGE);
	CHECK_ERR(semctl(id, 3, SETVAL, (union semun){ .val = 1 }), EINVAL);
	CHECK_ERR(semctl(id, -1, SETVAL, (union semun){ .val = 1 }), EINVAL);
	CHECK_ERR(semctl(id, 3, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, -1, GETPID), EINVAL);
	CHECK_ERR(semctl(id, 3, GETNCNT), EINVAL);
	CHECK_ERR(semctl(id, 3, GETZCNT), EINVAL);
	CHECK_ERR(semctl(id, 0, GETALL, (union semun){ .array = (void *)8 }), EFAULT);
	CHECK_ERR(semctl(id, 0, SETALL, (union semun){ .array = (void *)8 }), EFAULT);
	gone();
}
CASE(errors)
{
	struct semid_ds ds;

	make(1);
	CHECK_ERR(semctl(-1, 0, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, 0, 99), EINVAL);
	CHECK_ERR(semctl(id + 1, 0, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, 0, IPC_STAT, (union semun){ .buf = (void *)8 }), EFAULT);
	CHECK_ERR(semctl(id, 0, IPC_SET, (union semun){ .buf = (void *)8 }), EFAULT);
	gone();
	CHECK_ERR(semctl(id, 0, IPC_RMID), EINVAL);
	CHECK_ERR(semctl(id, 0, GETVAL), EINVAL);
	CHECK_ERR(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }), EINVAL);
}
CASE(setting_wakes)
{
	unsigned short v[2] = { 1, 0 };
	pid_t p, q;

	make(2);
	CHILD(p)
		CHECK_OK(sem_op(id, 0, -2, 0));
	WAIT_BLOCKED(p);
	set_val(id, 0, 1);
	WAIT_BLOCKED(p);
	set_val(id, 0, 2);
	WAIT_EXIT(p, 0);
	set_val(id, 1, 3);
	CHILD(p)
		CHECK_OK(sem_op(id, 0, -1, 0));
	CHILD(q)
		CHECK_OK(sem_op(id, 1, 0, 0));
	WAIT_BLOCKED(p);
	WAIT_BLOCKED(q);
	CHECK_OK(semctl(id, 0, SETALL, (union semun){ .array = v }));
	WAIT_EXIT(p, 0);
	WAIT_EXIT(q, 0);
	gone();
}
CASE(stat_set_and_info)
{
	struct seminfo i, j;
	struct semid_ds ds;
	bool found = false;
	int top;

	CHECK_OK(semctl(0, 0, SEM_INFO, (union semun){ .info = &j }));
	make(5);
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
	CHECK_EQ(ds.sem_perm.mode, 0640);
	ds.sem_perm.uid = 1000;
	ds.sem_perm.mode = 01777;
	CHECK_OK(semctl(id, 0, IPC_SET, (union semun){ .buf = &ds }));
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
	CHECK_EQ(ds.sem_perm.mode, 0777);
	CHECK_EQ(ds.sem_perm.uid, 1000);
	CHECK_EQ(ds.sem_perm.cuid, 0);
	CHECK_OK(semctl(0, 0, IPC_INFO, (union semun){ .info = &i }));
	CHECK_EQ(i.semmni, 32000);
	CHECK_EQ(i.semmsl, 32000);
	CHECK_EQ(i.semmns, 1024000000);
	CHECK_EQ(i.semopm, 500);
	CHECK_EQ(i.semvmx, 32767);
	CHECK_EQ(i.semaem, 32767);
	CHECK_EQ(i.semusz, 20);
	CHECK_EQ(i.semume, 500);
	CHECK_EQ(i.semmap, 1024000000);
	CHECK_EQ(i.semmnu, 1024000000);
	top = CHECK_OK(semctl(0, 0, SEM_INFO, (union semun){ .info = &i }));
	CHECK_EQ(i.semusz, j.semusz + 1);
	CHECK_EQ(i.semaem, j.semaem + 5);
	for (int n = 0; n <= top; n++)
		if (semctl(n, 0, SEM_STAT, (union semun){ .buf = &ds }) == id) {
			found = true;
			CHECK_EQ(ds.sem_nsems, 5);
			CHECK_EQ(semctl(n, 0, SEM_STAT_ANY, (union semun){ .buf = &ds }), id);
		}
	CHECK(found);
	gone();
}
CASE(permissions)
{
	struct semid_ds ds;
	pid_t p;

	id = CHECK_OK(semget(0x4b656574, 1, IPC_CREAT | 0604));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(semget(0x4b656574, 1, 0200), EACCES);
		CHECK_EQ(semget(0x4b656574, 1, 0400), id);
		CHECK_OK(sem_op(id, 0, 0, 0));
		CHECK_ERR(sem_op(id, 0, 1, 0), EACCES);
		CHECK_ERR(semctl(id, 0, SETVAL, (union semun){ .val = 1 }), EACCES);
		CHECK_EQ(val_of(id, 0), 0);
		CHECK_OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
		CHECK_ERR(semctl(id, 0, IPC_SET, (union semun){ .buf = &ds }), EPERM);
		CHECK_ERR(semctl(id, 0, IPC_RMID), EPERM);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
	ds.sem_perm.mode = 0060;
	ds.sem_perm.gid = 1000;
	CHECK_OK(semctl(id, 0, IPC_SET, (union semun){ .buf = &ds }));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(sem_op(id, 0, 1, 0));
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		kt_become(1001, 1001);
		CHECK_ERR(val_of(id, 0), EACCES);
		CHECK_EQ(semctl(id & 0x7fff, 0, SEM_STAT_ANY, (union semun){ .buf = &ds }), id);
	}
	WAIT_EXIT(p, 0);
	gone();
}

/* --- SEM_UNDO --- */

CASE(undo_at_exit)
{
	pid_t p;

	make(3);
	set_val(id, 0, 5);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, -2, SEM_UNDO));
		CHECK_OK(sem_op(id, 0, -1, 0));
		CHECK_OK(sem_op(id, 1, 4, SEM_UNDO));
		CHECK_OK(sem_op(id, 1, 1, SEM_UNDO));
		CHECK_OK(sem_op(id, 2, 3, SEM_UNDO));
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 4);
	CHECK_EQ(val_of(id, 1), 0);
	CHECK_EQ(val_of(id, 2), 0);
	CHECK_EQ(semctl(id, 0, GETPID), p);
	gone();
}
CASE(undo_when_killed_wakes)
{
	pid_t p, q;

	make(1);
	set_val(id, 0, 1);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, -1, SEM_UNDO));
		pause();
	}
	CHECK_OK(sem_op(id, 0, 0, 0));
	CHILD(q)
		CHECK_OK(sem_op(id, 0, -1, 0));
	WAIT_BLOCKED(q);
	kill(p, SIGKILL);
	WAIT_SIGNAL(p, SIGKILL);
	WAIT_EXIT(q, 0);
	gone();
}
CASE(undo_stops_at_zero)
{
	pid_t p;
	int go[2];
	char c;

	make(1);
	CHECK_OK(pipe(go));
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, 5, SEM_UNDO));
		CHECK_EQ(read(go[0], &c, 1), 1);
	}
	CHECK_OK(sem_op(id, 0, -3, 0));
	CHECK_EQ(write(go[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 0);
	gone();
}
CASE(setval_forgets_undo)
{
	unsigned short v[2] = { 7, 7 };
	pid_t p;

	make(2);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, 3, SEM_UNDO));
		CHECK_OK(sem_op(id, 1, 3, SEM_UNDO));
		set_val(id, 0, 9);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 9);
	CHECK_EQ(val_of(id, 1), 0);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, -3, SEM_UNDO));
		CHECK_OK(sem_op(id, 1, 3, SEM_UNDO));
		CHECK_OK(semctl(id, 0, SETALL, (union semun){ .array = v }));
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 7);
	CHECK_EQ(val_of(id, 1), 7);
	gone();
}
CASE(undo_range)
{
	pid_t p;

	make(1);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, 32767, SEM_UNDO));
		CHECK_OK(sem_op(id, 0, -32767, 0));
		CHECK_OK(sem_op(id, 0, 1, SEM_UNDO));	/* -32768 is allowed */
		CHECK_ERR(sem_op(id, 0, 1, SEM_UNDO), ERANGE);
		CHECK_EQ(val_of(id, 0), 1);
	}
	WAIT_EXIT(p, 0);
	gone();
}
CASE(fork_does_not_inherit_undo)
{
	pid_t p, q;

	make(1);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, 3, SEM_UNDO));
		CHILD(q)
			;
		WAIT_EXIT(q, 0);
		CHECK_EQ(val_of(id, 0), 3);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 0);
	gone();
}
int kt_helper(int argc, char **argv)
{
	(void)argc;
	id = atoi(argv[2]);
	return val_of(id, 0) == 3 ? 0 : 1;
}
CASE(exec_keeps_undo)
{
	char text[16];
	pid_t p;

	make(1);
	snprintf(text, sizeof(text), "%d", id);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, 3, SEM_UNDO));
		execl("/proc/self/exe", "prog", "@undo", text, NULL);
		FAIL("execl");
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 0);
	gone();
}
static void *up(void *x)
{
	CHECK_OK(sem_op(id, 0, 2, SEM_UNDO));
	return x;
}
CASE(threads_share_undo)
{
	pthread_t t;
	pid_t p;

	make(1);
	CHILD(p) {
		CHECK_EQ(pthread_create(&t, NULL, up, NULL), 0);
		pthread_join(t, NULL);
		CHECK_EQ(val_of(id, 0), 2);	/* the thread's end alone does not undo */
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 0);
	gone();
}
static int clone_fn(void *x)
{
	(void)x;
	return sem_op(id, 0, 2, SEM_UNDO) ? 1 : 0;
}
CASE(clone_sysvsem)
{
	static char stack[65536];
	pid_t p;

	make(1);
	p = CHECK_OK(clone(clone_fn, stack + sizeof(stack), CLONE_SYSVSEM | SIGCHLD, NULL));
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 2);
	CHECK_OK(unshare(CLONE_SYSVSEM));	/* we are the last that has the list */
	CHECK_EQ(val_of(id, 0), 0);
	gone();
}
CASE(removed_then_exit)
{
	pid_t p;

	make(2);
	CHILD(p) {
		CHECK_OK(sem_op(id, 0, 2, SEM_UNDO));
		gone();
		CHECK_ERR(sem_op(id, 0, 2, SEM_UNDO), EINVAL);
		make(1);
		CHECK_OK(sem_op(id, 0, 1, SEM_UNDO));
		gone();
	}
	WAIT_EXIT(p, 0);
}
CASE(limits)
{
	struct seminfo i;
	char old[128], now[128];
	int a;

	kt_get("/proc/sys/kernel/sem", old, sizeof(old));
	CHECK_STR(old, "32000\t1024000000\t500\t32000\n");
	CHECK_OK(semctl(0, 0, SEM_INFO, (union semun){ .info = &i }));
	snprintf(now, sizeof(now), "10 %d 3 %d", i.semaem + 12, i.semusz + 2);
	sysctl_set("sem", now);
	CHECK_ERR(semget(IPC_PRIVATE, 11, 0600), EINVAL);
	a = CHECK_OK(semget(IPC_PRIVATE, 10, 0600));
	CHECK_ERR(semget(IPC_PRIVATE, 3, 0600), ENOSPC);	/* semmns */
	make(1);
	CHECK_ERR(semget(IPC_PRIVATE, 1, 0600), ENOSPC);	/* semmni */
	CHECK_ERR(semop(a, (struct sembuf[4]){ { 0 } }, 4), E2BIG);
	gone();
	CHECK_OK(semctl(a, 0, IPC_RMID));
	sysctl_set("sem", old);
}
CASE(proc_file)
{
	unsigned mode, nsems, uid, gid, cuid, cgid;
	char line[512], text[512];
	int key, got;
	long ot, ct;
	FILE *f = fopen("/proc/sysvipc/sem", "r");

	CHECK(fgets(text, sizeof(text), f));
	fclose(f);
	CHECK_STR(text, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
	id = CHECK_OK(semget(0x4321, 4, IPC_CREAT | 0604));
	CHECK(proc_line("sem", id, line));
	CHECK_EQ(sscanf(line, "%d %d %o %u %u %u %u %u %ld %ld", &key, &got, &mode, &nsems, &uid, &gid, &cuid, &cgid, &ot,
			&ct), 10);
	CHECK_EQ(nsems, 4);
	CHECK_EQ(ot, 0);
	snprintf(text, sizeof(text), "%10d %10d  %4o %10u %5u %5u %5u %5u %10lu %10lu", 0x4321, id, 0604, 4, 0, 0, 0, 0, 0L, ct);
	CHECK_STR(line, text);
	gone();
}
