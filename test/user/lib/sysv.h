/* SPDX-License-Identifier: MPL-2.0 */
/* What the System V tests share. */
#ifndef KTEST_SYSV_H
#define KTEST_SYSV_H

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "ktest_user.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef MSG_EXCEPT
#define MSG_EXCEPT 020000
#endif

/* Some versions of musl do not declare it. */
static inline int kt_semtimedop(int id, struct sembuf *ops, size_t n, const struct timespec *ts)
{
	return (int)syscall(SYS_semtimedop, id, ops, n, ts);
}
#define semtimedop kt_semtimedop
#define used_ids __used_ids

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static inline int val_of(int id, int n) { return semctl(id, n, GETVAL); }
static inline void set_val(int id, int n, int v) { CHECK_OK(semctl(id, n, SETVAL, (union semun){ .val = v })); }

static inline int sem_op(int id, int num, int op, int flags)
{
	struct sembuf s = { (unsigned short)num, (short)op, (short)flags };

	return semop(id, &s, 1);
}

static inline int sem_op_ms(int id, int num, int op, int flags, int ms)
{
	struct sembuf s = { (unsigned short)num, (short)op, (short)flags };
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	return semtimedop(id, &s, 1, &ts);
}

/* The line of an id in /proc/sysvipc/NAME, split at blanks: false when there is none. */
static inline bool proc_line(const char *name, int id, char line[512])
{
	static char text[1 << 20];
	char path[64], *save, *l;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", name);
	kt_get(path, text, sizeof(text));
	for (l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		int key, got;

		if (sscanf(l, "%d %d", &key, &got) == 2 && got == id) {
			snprintf(line, 512, "%s", l);
			return true;
		}
	}
	return false;
}

static inline long long sysctl_get(const char *name)
{
	char path[96], text[64];

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	kt_get(path, text, sizeof(text));
	return strtoll(text, NULL, 10);
}

static inline void sysctl_set(const char *name, const char *text)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = CHECK_OK(open(path, O_WRONLY));
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#endif
