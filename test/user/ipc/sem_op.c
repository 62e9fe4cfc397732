/* SPDX-License-Identifier: MPL-2.0 */
/* semop(2), semtimedop(2): each operation, waiting, fairness, atomic sets, and each errno. */
#include "sysv.h"

static int id;

static void make(int n) { id = CHECK_OK(semget(IPC_PRIVATE, n, 0600)); }
static void gone(void) { CHECK_OK(semctl(id, 0, IPC_RMID)); }

CASE(get)
{
	int a;

	CHECK_ERR(semget(IPC_PRIVATE, 0, 0600), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, -1, 0600), EINVAL);
	CHECK_ERR(semget(IPC_PRIVATE, 32001, 0600), EINVAL);
	CHECK_ERR(semget(0x4b656573, 1, 0600), ENOENT);
	a = CHECK_OK(semget(0x4b656573, 3, IPC_CREAT | 0600));
	CHECK_EQ(semget(0x4b656573, 0, 0), a);
	CHECK_EQ(semget(0x4b656573, 3, 0600), a);
	CHECK_ERR(semget(0x4b656573, 4, 0600), EINVAL);
	CHECK_ERR(semget(0x4b656573, 3, IPC_CREAT | IPC_EXCL), EEXIST);
	CHECK_OK(semctl(a, 0, IPC_RMID));
	a = CHECK_OK(semget(IPC_PRIVATE, 32000, 0600));
	set_val(a, 31999, 7);
	CHECK_EQ(val_of(a, 31999), 7);
	CHECK_OK(semctl(a, 0, IPC_RMID));
}
CASE(errors)
{
	struct sembuf s[2] = { { 0, 1, 0 }, { 1, 1, 0 } }, many[501];
	struct timespec bad = { 0, 1000000000 }, neg = { -1, 0 };

	make(2);
	CHECK_ERR(semop(id, s, 0), EINVAL);
	CHECK_ERR(semop(-1, s, 1), EINVAL);
	CHECK_ERR(semop(id + 1, s, 1), EINVAL);
	CHECK_ERR(semop(id, (void *)8, 1), EFAULT);
	memset(many, 0, sizeof(many));
	CHECK_ERR(semop(id, many, 501), E2BIG);
	CHECK_OK(semop(id, many, 500));
	s[1].sem_num = 2;
	CHECK_ERR(semop(id, s, 2), EFBIG);
	CHECK_EQ(val_of(id, 0), 0);
	CHECK_ERR(semtimedop(id, s, 1, &bad), EINVAL);
	CHECK_ERR(semtimedop(id, s, 1, &neg), EINVAL);
	CHECK_ERR(semtimedop(id, s, 1, (void *)8), EFAULT);
	CHECK_OK(semtimedop(id, s, 1, NULL));
	set_val(id, 0, 32767);
	CHECK_ERR(sem_op(id, 0, 1, 0), ERANGE);
	CHECK_ERR(sem_op(id, 0, 0, IPC_NOWAIT), EAGAIN);
	CHECK_ERR(sem_op(id, 1, -1, IPC_NOWAIT), EAGAIN);
	gone();
	CHECK_ERR(sem_op(id, 0, 1, 0), EINVAL);
}
CASE(all_or_nothing)
{
	struct sembuf s[3] = { { 0, -1, 0 }, { 1, -2, IPC_NOWAIT }, { 2, 5, 0 } };
	struct sembuf same[3] = { { 0, 3, 0 }, { 0, -2, 0 }, { 0, -1, 0 } };
	struct sembuf zero[2] = { { 0, 0, 0 }, { 0, 1, 0 } };

	make(3);
	set_val(id, 0, 1);
	set_val(id, 1, 1);
	CHECK_ERR(semop(id, s, 3), EAGAIN);
	CHECK_EQ(val_of(id, 0), 1);
	CHECK_EQ(val_of(id, 1), 1);
	CHECK_EQ(val_of(id, 2), 0);
	set_val(id, 1, 2);
	CHECK_OK(semop(id, s, 3));
	CHECK_EQ(val_of(id, 0), 0);
	CHECK_EQ(val_of(id, 1), 0);
	CHECK_EQ(val_of(id, 2), 5);
	/* in order, on one semaphore */
	CHECK_OK(semop(id, same, 3));
	CHECK_EQ(val_of(id, 0), 0);
	CHECK_OK(semop(id, zero, 2));
	CHECK_EQ(val_of(id, 0), 1);
	zero[0].sem_flg = IPC_NOWAIT;
	CHECK_ERR(semop(id, zero, 2), EAGAIN);
	gone();
}
CASE(timeout)
{
	long long t;

	make(1);
	t = kt_now();
	CHECK_ERR(sem_op_ms(id, 0, -1, 0, 60), EAGAIN);
	CHECK_GE(kt_now() - t, 60000000);
	CHECK_ERR(sem_op_ms(id, 0, -1, 0, 0), EAGAIN);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	set_val(id, 0, 1);
	CHECK_OK(sem_op_ms(id, 0, -1, 0, 1000));
	gone();
}
static void nothing(int sig) { (void)sig; }
CASE(signals_never_restart)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	pid_t p;

	make(2);
	CHILD(p) {
		sigaction(SIGUSR1, &sa, NULL);
		CHECK_ERR(sem_op(id, 0, -1, 0), EINTR);
		CHECK_OK(sem_op(id, 1, 1, 0));
		CHECK_ERR(sem_op_ms(id, 0, -1, 0, 100000), EINTR);
	}
	for (int i = 0; i < 2; i++) {
		AWAIT(val_of(id, 1) == i && semctl(id, 0, GETNCNT) == 1);
		WAIT_BLOCKED(p);
		kill(p, SIGUSR1);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	gone();
}
CASE(removal_wakes)
{
	pid_t p[3];

	make(3);
	set_val(id, 2, 1);
	for (int i = 0; i < 3; i++)
		CHILD(p[i]) {
			struct sembuf s[2] = { { 0, -1, 0 }, { 1, -1, 0 } };

			if (i == 0)
				CHECK_ERR(sem_op(id, 0, -1, SEM_UNDO), EIDRM);
			else if (i == 1)
				CHECK_ERR(semop(id, s, 2), EIDRM);
			else
				CHECK_ERR(sem_op(id, 2, 0, 0), EIDRM);
		}
	for (int i = 0; i < 3; i++)
		WAIT_BLOCKED(p[i]);
	gone();
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(p[i], 0);
}
CASE(waits_for_zero)
{
	pid_t p;

	make(1);
	set_val(id, 0, 2);
	CHILD(p)
		CHECK_OK(sem_op(id, 0, 0, 0));
	WAIT_BLOCKED(p);
	CHECK_EQ(semctl(id, 0, GETZCNT), 1);
	CHECK_EQ(semctl(id, 0, GETNCNT), 0);
	CHECK_OK(sem_op(id, 0, -1, 0));
	WAIT_BLOCKED(p);
	CHECK_OK(sem_op(id, 0, -1, 0));
	WAIT_EXIT(p, 0);
	gone();
}
/* Children take one each; the parent sees in which order they came out. */
CASE(first_come_first_served)
{
	int out[2];
	pid_t p[5];
	char c;

	make(1);
	CHECK_OK(pipe(out));
	for (int i = 0; i < 5; i++) {
		CHILD(p[i]) {
			char me = (char)('0' + i);

			CHECK_OK(sem_op(id, 0, -1, 0));
			CHECK_EQ(write(out[1], &me, 1), 1);
		}
		AWAIT(semctl(id, 0, GETNCNT) == i + 1);
	}
	for (int i = 0; i < 5; i++) {
		CHECK_OK(sem_op(id, 0, 1, 0));
		CHECK_EQ(read(out[0], &c, 1), 1);
		CHECK_EQ(c, '0' + i);
		WAIT_EXIT(p[i], 0);
	}
	gone();
}
/* A large request does not starve nor block small ones behind it that can be met. */
CASE(a_large_one_waits)
{
	pid_t big, small;

	make(1);
	CHILD(big)
		CHECK_OK(sem_op(id, 0, -3, 0));
	WAIT_BLOCKED(big);
	CHILD(small)
		CHECK_OK(sem_op(id, 0, -1, 0));
	WAIT_BLOCKED(small);
	CHECK_OK(sem_op(id, 0, 1, 0));
	WAIT_EXIT(small, 0);
	CHECK_EQ(semctl(id, 0, GETNCNT), 1);
	CHECK_OK(sem_op(id, 0, 4, 0));
	WAIT_EXIT(big, 0);
	CHECK_EQ(val_of(id, 0), 1);
	gone();
}
/* Several operations at once and single ones, mixed: what one waiter does lets an older one go on. */
CASE(chains)
{
	pid_t a, b, c;

	make(3);
	CHILD(a) {
		struct sembuf s[2] = { { 0, -1, 0 }, { 1, -1, 0 } };

		CHECK_OK(semop(id, s, 2));
	}
	WAIT_BLOCKED(a);
	CHILD(b) {
		struct sembuf s[2] = { { 2, -1, 0 }, { 0, 1, 0 } };

		CHECK_OK(semop(id, s, 2));
	}
	WAIT_BLOCKED(b);
	CHILD(c) {
		CHECK_OK(sem_op(id, 2, -1, 0));
		CHECK_OK(sem_op(id, 1, 1, 0));
	}
	WAIT_BLOCKED(c);
	CHECK_EQ(semctl(id, 0, GETNCNT), 1);	/* by what they wait for now */
	CHECK_EQ(semctl(id, 1, GETNCNT), 0);
	CHECK_EQ(semctl(id, 2, GETNCNT), 2);
	CHECK_OK(sem_op(id, 2, 2, 0));
	WAIT_EXIT(c, 0);
	WAIT_EXIT(b, 0);
	WAIT_EXIT(a, 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(val_of(id, i), 0);
	gone();
}
CASE(nowait_inside_a_set)
{
	pid_t p;

	/* first waits for 0; when that comes, the second fails at once */
	make(2);
	CHILD(p) {
		struct sembuf s[2] = { { 0, -1, 0 }, { 1, -1, IPC_NOWAIT } };

		CHECK_ERR(semop(id, s, 2), EAGAIN);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(sem_op(id, 0, 1, 0));
	WAIT_EXIT(p, 0);
	CHECK_EQ(val_of(id, 0), 1);
	gone();
}
CASE(pid_and_times)
{
	struct semid_ds ds;
	time_t t = time(NULL);
	pid_t p;

	make(2);
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
	CHECK_EQ(ds.sem_otime, 0);
	CHECK_GE(ds.sem_ctime, t);
	CHECK_EQ(ds.sem_nsems, 2);
	CHECK_EQ(semctl(id, 0, GETPID), 0);
	CHILD(p)
		CHECK_OK(sem_op(id, 0, 1, 0));
	WAIT_EXIT(p, 0);
	CHECK_EQ(semctl(id, 0, GETPID), p);
	CHECK_EQ(semctl(id, 1, GETPID), 0);
	CHECK_OK(sem_op(id, 1, 0, 0));
	CHECK_EQ(semctl(id, 1, GETPID), getpid());
	CHECK_OK(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
	CHECK_GE(ds.sem_otime, t);
	gone();
}
static long *counter;
CASE(mutual_exclusion)
{
	pid_t p[4];
	int shm = CHECK_OK(shmget(IPC_PRIVATE, PG, 0600));

	counter = shmat(shm, NULL, 0);
	CHECK_OK(shmctl(shm, IPC_RMID, NULL));
	make(1);
	set_val(id, 0, 1);
	for (int i = 0; i < 4; i++)
		CHILD(p[i])
			for (int j = 0; j < 500; j++) {
				long v;

				CHECK_OK(sem_op(id, 0, -1, j & 1 ? SEM_UNDO : 0));
				v = *(volatile long *)counter;
				if (j % 50 == 0)
					sched_yield();
				*(volatile long *)counter = v + 1;
				CHECK_OK(sem_op(id, 0, 1, j & 1 ? SEM_UNDO : 0));
			}
	for (int i = 0; i < 4; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(*counter, 2000);
	CHECK_EQ(val_of(id, 0), 1);
	gone();
}
CASE(ping_pong)
{
	pid_t p;

	make(2);
	CHILD(p)
		for (int i = 0; i < 1000; i++) {
			CHECK_OK(sem_op(id, 0, -1, 0));
			CHECK_OK(sem_op(id, 1, 1, 0));
		}
	for (int i = 0; i < 1000; i++) {
		CHECK_OK(sem_op(id, 0, 1, 0));
		CHECK_OK(sem_op(id, 1, -1, 0));
	}
	WAIT_EXIT(p, 0);
	gone();
}
