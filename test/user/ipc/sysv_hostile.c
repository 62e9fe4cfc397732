/* SPDX-License-Identifier: MPL-2.0 */
/* Nonsense arguments, many objects, removal against use: nothing crashes, nothing is left behind. */
#include "sysv.h"

static unsigned long seed;

static unsigned rnd(void)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(seed >> 33);
}

static long odd(void)
{
	static const long v[] = {
		0, 1, -1, 2, 7, 4096, 8191, 0x7fffffff, -0x80000000L, 0x7fffffffffffffffL, 1L << 47, 32767, 32768
	};

	return rnd() % 4 ? v[rnd() % ARRAY_SIZE(v)] : (long)rnd();
}

/* An id that may exist, or anything. */
static long some_id(const int *ids, int n)
{
	return rnd() % 3 ? ids[rnd() % (unsigned)n] : odd();
}

static void counts(int c[3])
{
	struct shm_info s;
	struct seminfo e;
	struct msginfo m;

	CHECK_OK(shmctl(0, SHM_INFO, (void *)&s));
	CHECK_OK(semctl(0, 0, SEM_INFO, (union semun){ .info = &e }));
	CHECK_OK(msgctl(0, MSG_INFO, (void *)&m));
	c[0] = s.used_ids;
	c[1] = e.semusz;
	c[2] = m.msgpool;
}

static void remove_all_of(uid_t uid)
{
	struct shmid_ds s;
	struct semid_ds e;
	struct msqid_ds m;

	for (int i = 0; i < 32768; i++) {
		int id = shmctl(i, SHM_STAT, &s);

		if (id >= 0 && s.shm_perm.cuid == uid)
			shmctl(id, IPC_RMID, NULL);
		id = semctl(i, 0, SEM_STAT, (union semun){ .buf = &e });
		if (id >= 0 && e.sem_perm.cuid == uid)
			semctl(id, 0, IPC_RMID);
		id = msgctl(i, MSG_STAT, &m);
		if (id >= 0 && m.msg_perm.cuid == uid)
			msgctl(id, IPC_RMID, NULL);
	}
}

CASE(random_calls)
{
	int before[3], after[3];
	pid_t p[2];

	counts(before);
	for (int k = 0; k < 2; k++)
		CHILD(p[k]) {
			static char buf[1 << 16];
			int ids[24];

			alarm(0);
			kt_become(4242, 4242);
			seed = (unsigned long)k + 12345;
			for (int i = 0; i < 8; i++) {
				ids[i] = semget(4242 + i, 1 + i * 3, IPC_CREAT | 0666);
				ids[8 + i] = msgget(4242 + i, IPC_CREAT | 0666);
				ids[16 + i] = shmget(4242 + i, (size_t)i * 5000 + 1, IPC_CREAT | 0666);
			}
			for (int i = 0; i < 6000; i++) {
				void *at = rnd() % 3 ? buf : (void *)odd();
				long id = some_id(ids, 24), r;
				struct timespec ts = { 0, rnd() % 1000 };
				int key = 4242 + (int)(rnd() % 8);

				for (int j = 0; j < 8; j++)
					((struct sembuf *)buf)[j] = (struct sembuf){ (unsigned short)(rnd() % 30),
						(short)(rnd() % 5 - 2), (short)(rnd() % 2 ? SEM_UNDO : IPC_NOWAIT) };
				switch (rnd() % 12) {
				case 0: syscall(SYS_semtimedop, id, at, rnd() % 9, &ts); break;
				case 1: syscall(SYS_semctl, id, odd() % 32, rnd() % 24, at); break;
				case 2: syscall(SYS_msgsnd, id, at, rnd() % 9000, IPC_NOWAIT | (int)odd()); break;
				case 3: syscall(SYS_msgrcv, id, at, rnd() % 9000, odd() % 10, IPC_NOWAIT | (int)odd()); break;
				case 4: syscall(SYS_msgctl, id, rnd() % 16, at); break;
				case 5:
					r = syscall(SYS_shmat, id, NULL, odd() & ~SHM_REMAP);
					if (r > 0 && rnd() % 4)
						shmdt((void *)r);
					break;
				case 6: syscall(SYS_shmctl, id, rnd() % 18, at); break;
				case 7:
					ids[rnd() % 8] = (int)syscall(SYS_semget, key, odd(), IPC_CREAT | 0666);
					break;
				case 8:
					ids[8 + rnd() % 8] = (int)syscall(SYS_msgget, key, odd() | IPC_CREAT | 0600);
					break;
				case 9:
					ids[16 + rnd() % 8] = (int)syscall(SYS_shmget, key, odd(),
									   (odd() & ~SHM_HUGETLB) | IPC_CREAT | 0600);
					break;
				case 10: syscall(SYS_shmdt, odd()); break;
				case 11: syscall(SYS_semget, IPC_PRIVATE, rnd() % 100, 0); break;
				}
			}
		}
	for (int k = 0; k < 2; k++)
		WAIT_EXIT(p[k], 0);
	remove_all_of(4242);
	counts(after);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(after[i], before[i]);
}
CASE(many_objects)
{
	int first[3], last[3], n = 0, *ids = malloc(32768 * sizeof(int));

	counts(first);
	while (n < 32768 && (ids[n] = semget(IPC_PRIVATE, 1, 0600)) >= 0)
		n++;
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(n, 32000 - first[1]);
	/* back again, from the middle */
	for (int i = 0; i < n; i++)
		CHECK_OK(semctl(ids[(i + n / 2) % n], 0, IPC_RMID));
	counts(last);
	CHECK_EQ(last[1], first[1]);
	free(ids);
}
CASE(removal_against_use)
{
	pid_t p[3];

	for (int k = 0; k < 3; k++)
		CHILD(p[k])
			for (int i = 0; i < 300; i++) {
				int s = semget(0x777, 2, IPC_CREAT | 0600), q = msgget(0x777, IPC_CREAT | 0600);
				int m = shmget(0x777, 10000, IPC_CREAT | 0600);
				char *a = shmat(m, NULL, 0);
				struct { long t; char c[10]; } msg = { 1, "" };

				sem_op_ms(s, 0, (i + k) % 3 - 1, SEM_UNDO, 1);
				msgsnd(q, &msg, 10, IPC_NOWAIT);
				if (a != (void *)-1)
					a[0]++;
				if (i % 3 == k) {
					semctl(s, 0, IPC_RMID);
					msgctl(q, IPC_RMID, NULL);
					shmctl(m, IPC_RMID, NULL);
				} else {
					msgrcv(q, &msg, 10, 0, IPC_NOWAIT);
				}
				if (a != (void *)-1)
					CHECK_OK(shmdt(a));
			}
	for (int k = 0; k < 3; k++)
		WAIT_EXIT(p[k], 0);
	semctl(semget(0x777, 0, 0), 0, IPC_RMID);
	msgctl(msgget(0x777, 0), IPC_RMID, NULL);
	shmctl(shmget(0x777, 0, 0), IPC_RMID, NULL);
}
