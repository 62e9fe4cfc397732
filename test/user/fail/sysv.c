/* SPDX-License-Identifier: MPL-2.0 */
/* System V shared memory, semaphores and message queues when memory fails: ENOMEM, nothing left behind, nothing lost. */
#include "failnth.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

unsigned kt_case_seconds = 330;

/* --- shared memory --- */

static int shm = -1;

static long shm_new(void) { return shmget(IPC_PRIVATE, 5 * PG, 0600); }
static long shm_by_key(void) { return shmget(0x5ca1e, 3 * PG, IPC_CREAT | 0600); }
static void shm_del(long id) { CHECK_OK(shmctl((int)id, IPC_RMID, NULL)); }
static long shm_at(void)
{
	void *p = shmat(shm, NULL, 0);

	return p == (void *)-1 ? -1 : (long)p;
}
static long shm_at_read(void)
{
	void *p = shmat(shm, NULL, SHM_RDONLY);

	return p == (void *)-1 ? -1 : (long)p;
}
static void shm_dt(long p) { CHECK_OK(shmdt((void *)p)); }
static long shm_stat(void)
{
	static struct shmid_ds ds;

	return shmctl(shm, IPC_STAT, &ds);
}
static long shm_set(void)
{
	static struct shmid_ds ds;

	ds.shm_perm.mode = 0600;
	return shmctl(shm, IPC_SET, &ds);
}
static long shm_lock(void) { return shmctl(shm, SHM_LOCK, NULL); }
static void shm_unlock(long r) { CHECK_OK(shmctl(shm, SHM_UNLOCK, NULL)); }
/* Removed while attached; the last detach ends it. */
static long shm_whole_life(void)
{
	int id = shmget(IPC_PRIVATE, 2 * PG, 0600);
	char *p;
	int e;

	if (id < 0)
		return -1;
	p = shmat(id, NULL, 0);
	e = errno;
	fail_pause();
	CHECK_OK(shmctl(id, IPC_RMID, NULL));
	if (p == (void *)-1) {
		errno = e;
		return -1;
	}
	fail_resume();
	*p = 1;
	fail_pause();
	CHECK_OK(shmdt(p));
	return 0;
}

CASE(shm)
{
	static const struct fail_call calls[] = {
		{ "shmget", shm_new, shm_del, { 0 } },
		{ "shmget with a key", shm_by_key, shm_del, { 0 } },
		{ "shmat", shm_at, shm_dt, { 0 } },
		{ "shmat to read", shm_at_read, shm_dt, { 0 } },
		{ "shmctl IPC_STAT", shm_stat, NULL, { 0 } },
		{ "shmctl IPC_SET", shm_set, NULL, { 0 } },
		{ "shmctl SHM_LOCK", shm_lock, shm_unlock, { 0 } },
		{ "a segment's life", shm_whole_life, NULL, { 0 } },
	};
	struct shmid_ds ds;

	fail_open();
	shm = CHECK_OK(shmget(IPC_PRIVATE, 4 * PG, 0600));
	FAIL_GROUP(calls);
	CHECK_OK(shmctl(shm, IPC_STAT, &ds));
	CHECK_EQ(ds.shm_nattch, 0);
	CHECK_OK(shmctl(shm, IPC_RMID, NULL));
	CHECK_EQ(shmctl(0, SHM_INFO, (struct shmid_ds *)&(struct shm_info){ 0 }) >= 0, 1);
}

/* --- semaphores --- */

#define NSEMS	300
static int sems = -1;
static unsigned short all[NSEMS];

static long sem_new(void) { return semget(IPC_PRIVATE, NSEMS, 0600); }
static long sem_by_key(void) { return semget(0x5ca1f, 3, IPC_CREAT | 0600); }
static void sem_del(long id) { CHECK_OK(semctl((int)id, 0, IPC_RMID)); }
static long sem_one(void) { return semop(sems, &(struct sembuf){ 1, 1, 0 }, 1); }
static void sem_one_back(long r) { CHECK_OK(semop(sems, &(struct sembuf){ 1, -1, IPC_NOWAIT }, 1)); }
static long sem_many(void)
{
	static struct sembuf ops[100];

	for (int i = 0; i < 100; i++)
		ops[i] = (struct sembuf){ (unsigned short)i, 1, 0 };
	return semop(sems, ops, 100);
}
static void sem_many_back(long r)
{
	static struct sembuf ops[100];

	for (int i = 0; i < 100; i++)
		ops[i] = (struct sembuf){ (unsigned short)i, -1, IPC_NOWAIT };
	CHECK_OK(semop(sems, ops, 100));
}
static long sem_undo(void)
{
	struct sembuf ops[2] = { { 2, 1, SEM_UNDO }, { 250, 2, SEM_UNDO } };

	return semop(sems, ops, 2);
}
static long sem_getall(void) { return semctl(sems, 0, GETALL, all); }
static long sem_setall(void) { return semctl(sems, 0, SETALL, all); }
static long sem_setval(void) { return semctl(sems, 3, SETVAL, 5); }
static long sem_stat(void)
{
	static struct semid_ds ds;

	return semctl(sems, 0, IPC_STAT, &ds);
}
/* Sleeps until its time is out. */
static long sem_wait(void)
{
	static const struct timespec ts = { 0, 2000000 };

	return syscall(SYS_semtimedop, sems, &(struct sembuf){ 7, -100, 0 }, 1, &ts);
}

CASE(sem)
{
	static const struct fail_call calls[] = {
		{ "semget", sem_new, sem_del, { 0 } },
		{ "semget with a key", sem_by_key, sem_del, { 0 } },
		{ "semop", sem_one, sem_one_back, { 0 } },
		{ "semop with many", sem_many, sem_many_back, { 0 } },
		{ "semop SEM_UNDO", sem_undo, NULL, { 0 }, .apart = true },
		{ "semctl GETALL", sem_getall, NULL, { 0 } },
		{ "semctl SETALL", sem_setall, NULL, { 0 } },
		{ "semctl SETVAL", sem_setval, NULL, { 0 } },
		{ "semctl IPC_STAT", sem_stat, NULL, { 0 } },
		{ "semtimedop", sem_wait, NULL, { EAGAIN }, .loose = true },
	};

	fail_open();
	sems = CHECK_OK(semget(IPC_PRIVATE, NSEMS, 0600));
	FAIL_GROUP(calls);
	/* All was undone. */
	for (int i = 0; i < NSEMS; i++)
		if (i != 3)
			CHECK_EQ(semctl(sems, i, GETVAL), 0);
	CHECK_OK(semctl(sems, 0, IPC_RMID));
}

/* --- messages --- */

static int msgs = -1;
static struct { long type; char text[8000]; } mbuf = { .type = 1 }, rbuf;

static long msg_new(void) { return msgget(IPC_PRIVATE, 0600); }
static long msg_by_key(void) { return msgget(0x5ca20, IPC_CREAT | 0600); }
static void msg_del(long id) { CHECK_OK(msgctl((int)id, IPC_RMID, NULL)); }
static long msg_small(void) { return msgsnd(msgs, &mbuf, 10, IPC_NOWAIT); }
static long msg_large(void) { return msgsnd(msgs, &mbuf, 8000, IPC_NOWAIT); }
static void msg_take(long r) { CHECK_GT(msgrcv(msgs, &rbuf, sizeof(rbuf.text), 0, IPC_NOWAIT), 0); }
static long msg_recv(void) { return msgrcv(msgs, &rbuf, sizeof(rbuf.text), 0, IPC_NOWAIT); }
static void msg_again(long r) { CHECK_OK(msgsnd(msgs, &mbuf, 8000, IPC_NOWAIT)); }
static long msg_copy(void) { return msgrcv(msgs, &rbuf, sizeof(rbuf.text), 0, IPC_NOWAIT | MSG_COPY); }
static long msg_stat(void)
{
	static struct msqid_ds ds;

	return msgctl(msgs, IPC_STAT, &ds);
}

CASE(msg)
{
	static const struct fail_call calls[] = {
		{ "msgget", msg_new, msg_del, { 0 } },
		{ "msgget with a key", msg_by_key, msg_del, { 0 } },
		{ "msgsnd", msg_small, msg_take, { 0 } },
		{ "msgsnd, large", msg_large, msg_take, { 0 } },
		{ "msgctl IPC_STAT", msg_stat, NULL, { 0 } },
	};
	static const struct fail_call full[] = {
		{ "msgrcv", msg_recv, msg_again, { 0 } },
		{ "msgrcv MSG_COPY", msg_copy, NULL, { ENOSYS }, .loose = true },
	};
	struct msqid_ds ds;

	fail_open();
	memset(&rbuf, 1, sizeof(rbuf));
	msgs = CHECK_OK(msgget(IPC_PRIVATE, 0600));
	FAIL_GROUP(calls);
	CHECK_OK(msgctl(msgs, IPC_STAT, &ds));
	CHECK_EQ(ds.msg_qnum, 0);
	CHECK_EQ(ds.msg_cbytes, 0);
	CHECK_OK(msgsnd(msgs, &mbuf, 8000, 0));
	FAIL_GROUP(full);
	CHECK_OK(msgctl(msgs, IPC_STAT, &ds));
	CHECK_EQ(ds.msg_qnum, 1);
	CHECK_EQ(ds.msg_cbytes, 8000);
	CHECK_OK(msgctl(msgs, IPC_RMID, NULL));
}
