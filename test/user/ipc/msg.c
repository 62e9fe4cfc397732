/* SPDX-License-Identifier: MPL-2.0 */
/* msgget(2), msgsnd(2), msgrcv(2), msgctl(2): types, flags, waiting, order, limits, each errno. */
#include "sysv.h"

static int id;
static struct { long type; char text[16384]; } b;

static void make(void) { id = CHECK_OK(msgget(IPC_PRIVATE, 0640)); }
static void gone(void) { CHECK_OK(msgctl(id, IPC_RMID, NULL)); }

static int snd(long type, const char *text, int flags)
{
	b.type = type;
	strcpy(b.text, text);
	return msgsnd(id, &b, strlen(text), flags);
}

/* The text received, "" with errno for none. */
static const char *rcv(long type, int flags)
{
	ssize_t n;

	errno = 0;
	n = msgrcv(id, &b, sizeof(b.text) - 1, type, flags | IPC_NOWAIT);
	b.text[n < 0 ? 0 : n] = '\0';
	return b.text;
}

CASE(get)
{
	int a;

	CHECK_ERR(msgget(0x4b656575, 0600), ENOENT);
	a = CHECK_OK(msgget(0x4b656575, IPC_CREAT | 0600));
	CHECK_EQ(msgget(0x4b656575, 0), a);
	CHECK_ERR(msgget(0x4b656575, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_OK(msgctl(a, IPC_RMID, NULL));
	CHECK_ERR(msgctl(a, IPC_RMID, NULL), EINVAL);
}
CASE(types)
{
	make();
	CHECK_OK(snd(3, "c1", 0));
	CHECK_OK(snd(1, "a1", 0));
	CHECK_OK(snd(2, "b1", 0));
	CHECK_OK(snd(3, "c2", 0));
	CHECK_OK(snd(1, "a2", 0));
	CHECK_STR(rcv(2, 0), "b1");
	CHECK_EQ(b.type, 2);
	CHECK_STR(rcv(0, 0), "c1");
	CHECK_STR(rcv(-2, 0), "a1");
	CHECK_EQ(b.type, 1);
	CHECK_STR(rcv(1, MSG_EXCEPT), "c2");
	CHECK_STR(rcv(7, 0), "");
	CHECK_EQ(errno, ENOMSG);
	CHECK_STR(rcv(1, MSG_EXCEPT), "");
	CHECK_OK(snd(9, "i", 0));
	CHECK_OK(snd(5, "e", 0));
	CHECK_STR(rcv(LONG_MIN, 0), "a2");
	CHECK_STR(rcv(-9, 0), "e");	/* the lowest, not the first */
	CHECK_STR(rcv(-8, 0), "");
	CHECK_STR(rcv(-9, 0), "i");
	gone();
}
CASE(sizes)
{
	make();
	CHECK_OK(snd(1, "0123456789", 0));
	CHECK_ERR(msgrcv(id, &b, 9, 0, 0), E2BIG);
	memset(b.text, 'z', 20);
	CHECK_EQ(msgrcv(id, &b, 4, 0, MSG_NOERROR), 4);
	CHECK_MEM(b.text, "0123zz", 6);
	CHECK_ERR(msgrcv(id, &b, 4, 0, IPC_NOWAIT), ENOMSG);	/* the rest is gone */
	CHECK_OK(snd(1, "", 0));
	CHECK_EQ(msgrcv(id, &b, 0, 0, 0), 0);
	b.type = 1;
	CHECK_OK(msgsnd(id, &b, 8192, 0));
	CHECK_ERR(msgsnd(id, &b, 8193, 0), EINVAL);
	CHECK_EQ(msgrcv(id, &b, sizeof(b.text), 0, 0), 8192);
	gone();
}
CASE(errors)
{
	make();
	CHECK_ERR(snd(0, "x", 0), EINVAL);
	CHECK_ERR(snd(-1, "x", 0), EINVAL);
	CHECK_ERR(msgsnd(-1, &b, 1, 0), EINVAL);
	b.type = 1;
	CHECK_ERR(msgsnd(id + 1, &b, 1, 0), EINVAL);
	CHECK_ERR(msgsnd(id, &b, (size_t)-1, 0), EINVAL);
	CHECK_ERR(msgsnd(id, (void *)8, 1, 0), EFAULT);
	CHECK_ERR(msgrcv(-1, &b, 1, 0, 0), EINVAL);
	CHECK_ERR(msgrcv(id, &b, (size_t)-1, 0, 0), EINVAL);
	CHECK_ERR(msgrcv(id + 1, &b, 1, 0, 0), EINVAL);
	CHECK_OK(snd(1, "x", 0));
	CHECK_ERR(msgrcv(id, (void *)8, 1, 0, 0), EFAULT);
	CHECK_ERR(msgctl(-1, IPC_STAT, NULL), EINVAL);
	CHECK_ERR(msgctl(id, 99, NULL), EINVAL);
	CHECK_ERR(msgctl(id, IPC_STAT, (void *)8), EFAULT);
	CHECK_ERR(msgctl(id, IPC_SET, (void *)8), EFAULT);
	gone();
	b.type = 1;
	CHECK_ERR(msgsnd(id, &b, 1, 0), EINVAL);
}
CASE(copy)
{
	make();
	CHECK_OK(snd(4, "first", 0));
	CHECK_OK(snd(5, "second", 0));
	CHECK_ERR(msgrcv(id, &b, 100, 0, MSG_COPY), EINVAL);
	CHECK_ERR(msgrcv(id, &b, 100, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
	CHECK_STR(rcv(1, MSG_COPY), "second");
	CHECK_EQ(b.type, 5);
	CHECK_STR(rcv(0, MSG_COPY), "first");
	CHECK_ERR(msgrcv(id, &b, 3, 0, MSG_COPY | IPC_NOWAIT), E2BIG);
	CHECK_ERR(msgrcv(id, &b, 3, 0, MSG_COPY | MSG_NOERROR | IPC_NOWAIT), EINVAL);
	CHECK_STR(rcv(2, MSG_COPY), "");
	CHECK_EQ(errno, ENOMSG);
	CHECK_STR(rcv(0, 0), "first");
	CHECK_STR(rcv(0, 0), "second");
	gone();
}
CASE(full)
{
	struct msqid_ds ds;
	pid_t p;

	make();
	memset(b.text, 'q', sizeof(b.text));
	b.type = 1;
	CHECK_OK(msgsnd(id, &b, 8192, 0));
	CHECK_OK(msgsnd(id, &b, 8192, 0));
	CHECK_ERR(msgsnd(id, &b, 1, IPC_NOWAIT), EAGAIN);
	CHILD(p)
		CHECK_OK(snd(2, "later", 0));
	WAIT_BLOCKED(p);
	CHECK_OK(msgctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.msg_qnum, 2);
	CHECK_EQ(ds.msg_cbytes, 16384);
	CHECK_EQ(msgrcv(id, &b, sizeof(b.text), 0, 0), 8192);
	WAIT_EXIT(p, 0);
	CHECK_STR(rcv(2, 0), "later");
	/* empty messages count too */
	ds.msg_qbytes = 8194;
	CHECK_OK(msgctl(id, IPC_SET, &ds));
	CHECK_OK(snd(3, "", 0));
	CHECK_OK(snd(3, "ab", 0));
	CHECK_ERR(snd(3, "c", IPC_NOWAIT), EAGAIN);
	/* a raised limit lets the sender go on */
	CHILD(p)
		CHECK_OK(snd(3, "c", 0));
	WAIT_BLOCKED(p);
	ds.msg_qbytes = 16384;
	CHECK_OK(msgctl(id, IPC_SET, &ds));
	WAIT_EXIT(p, 0);
	CHILD(p) {
		kt_become(1000, 1000);
		make();
		CHECK_OK(msgctl(id, IPC_STAT, &ds));
		ds.msg_qbytes = 16385;
		CHECK_ERR(msgctl(id, IPC_SET, &ds), EPERM);
		ds.msg_qbytes = 2;
		CHECK_OK(msgctl(id, IPC_SET, &ds));
		CHECK_OK(snd(1, "", 0));
		CHECK_OK(snd(1, "", 0));
		CHECK_ERR(snd(1, "", IPC_NOWAIT), EAGAIN);
		gone();
	}
	WAIT_EXIT(p, 0);
	gone();
}
static void nothing(int sig) { (void)sig; }
CASE(waiting)
{
	int again[2];
	pid_t p, q, r;
	char c;

	make();
	CHILD(p) {
		CHECK_EQ(msgrcv(id, &b, 10, 5, 0), 3);
		CHECK_MEM(b.text, "abc", 3);
	}
	CHILD(q)
		CHECK_ERR(msgrcv(id, &b, 2, 0, 0), E2BIG);
	CHILD(r) {
		CHECK_EQ(msgrcv(id, &b, 2, 6, MSG_NOERROR), 2);
	}
	WAIT_BLOCKED(p);
	WAIT_BLOCKED(q);
	WAIT_BLOCKED(r);
	CHECK_OK(snd(6, "xyz", 0));	/* too long for q, which asked before r or after it */
	WAIT_EXIT(r, 0);
	CHECK_OK(snd(5, "abc", 0));
	WAIT_EXIT(p, 0);
	/* by now q had a message that was too long for it, or gets one */
	(void)snd(7, "long", 0);
	WAIT_EXIT(q, 0);
	gone();
	CHECK_OK(pipe(again));
	make();
	CHILD(p) {
		struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

		sigaction(SIGUSR1, &sa, NULL);
		CHECK_ERR(msgrcv(id, &b, 10, 5, 0), EINTR);
		CHECK_EQ(write(again[1], "", 1), 1);
		CHECK_ERR(msgrcv(id, &b, 10, 5, 0), EIDRM);
	}
	WAIT_BLOCKED(p);
	kill(p, SIGUSR1);
	CHECK_EQ(read(again[0], &c, 1), 1);
	WAIT_BLOCKED(p);
	gone();
	WAIT_EXIT(p, 0);
	make();
	memset(b.text, 0, sizeof(b.text));
	b.type = 1;
	CHECK_OK(msgsnd(id, &b, 8192, 0));
	CHECK_OK(msgsnd(id, &b, 8192, 0));
	CHILD(p) {
		struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };

		sigaction(SIGUSR1, &sa, NULL);
		CHECK_ERR(snd(1, "no room", 0), EINTR);
		CHECK_EQ(write(again[1], "", 1), 1);
		CHECK_ERR(snd(1, "no room", 0), EIDRM);
	}
	WAIT_BLOCKED(p);
	kill(p, SIGUSR1);
	CHECK_EQ(read(again[0], &c, 1), 1);
	WAIT_BLOCKED(p);
	gone();
	WAIT_EXIT(p, 0);
}
CASE(stat_and_info)
{
	struct msqid_ds ds;
	struct msginfo i, j;
	time_t t = time(NULL);
	bool found = false;
	int top;
	pid_t p;

	CHECK_OK(msgctl(0, MSG_INFO, (void *)&j));
	make();
	CHECK_OK(msgctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.msg_qbytes, 16384);
	CHECK_EQ(ds.msg_stime, 0);
	CHECK_EQ(ds.msg_rtime, 0);
	CHECK_GE(ds.msg_ctime, t);
	CHECK_EQ(ds.msg_lspid, 0);
	CHECK_EQ(ds.msg_perm.mode, 0640);
	CHECK_OK(snd(1, "hello", 0));
	CHECK_OK(snd(2, "you", 0));
	CHILD(p)
		CHECK_STR(rcv(2, 0), "you");
	WAIT_EXIT(p, 0);
	CHECK_OK(msgctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.msg_qnum, 1);
	CHECK_EQ(ds.msg_cbytes, 5);
	CHECK_EQ(ds.msg_lspid, getpid());
	CHECK_EQ(ds.msg_lrpid, p);
	CHECK_GE(ds.msg_stime, t);
	CHECK_GE(ds.msg_rtime, t);
	top = CHECK_OK(msgctl(0, MSG_INFO, (void *)&i));
	CHECK_EQ(i.msgpool, j.msgpool + 1);
	CHECK_EQ(i.msgmap, j.msgmap + 1);
	CHECK_EQ(i.msgtql, j.msgtql + 5);
	for (int n = 0; n <= top; n++)
		if (msgctl(n, MSG_STAT, &ds) == id) {
			found = true;
			CHECK_EQ(msgctl(n, MSG_STAT_ANY, &ds), id);
		}
	CHECK(found);
	CHECK_OK(msgctl(0, IPC_INFO, (void *)&i));
	CHECK_EQ(i.msgmax, 8192);
	CHECK_EQ(i.msgmnb, 16384);
	CHECK_EQ(i.msgmni, 32000);
	CHECK_EQ(i.msgssz, 16);
	CHECK_EQ(i.msgpool, 512000);
	CHECK_EQ(i.msgmap, 16384);
	CHECK_EQ(i.msgtql, 16384);
	CHECK_EQ(i.msgseg, 0xffff);
	gone();
	CHECK_OK(msgctl(0, MSG_INFO, (void *)&i));
	CHECK_EQ(i.msgmap, j.msgmap);
	CHECK_EQ(i.msgtql, j.msgtql);
}
CASE(permissions)
{
	struct msqid_ds ds;
	pid_t p;

	id = CHECK_OK(msgget(0x4b656576, IPC_CREAT | 0602));
	CHECK_OK(snd(1, "x", 0));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(msgget(0x4b656576, 0400), EACCES);
		CHECK_EQ(msgget(0x4b656576, 0200), id);
		CHECK_OK(snd(2, "y", 0));
		CHECK_ERR(msgrcv(id, &b, 10, 0, 0), EACCES);
		CHECK_ERR(msgctl(id, IPC_STAT, &ds), EACCES);
		CHECK_EQ(msgctl(id & 0x7fff, MSG_STAT_ANY, &ds), id);
		CHECK_ERR(msgctl(id, IPC_SET, &ds), EPERM);
		CHECK_ERR(msgctl(id, IPC_RMID, NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
	gone();
}
CASE(limits)
{
	struct msginfo i;
	char text[64], old[64];

	kt_get("/proc/sys/kernel/msgmni", old, sizeof(old));
	CHECK_OK(msgctl(0, MSG_INFO, (void *)&i));
	snprintf(text, sizeof(text), "%d", i.msgpool + 1);
	sysctl_set("msgmni", text);
	make();
	CHECK_ERR(msgget(IPC_PRIVATE, 0600), ENOSPC);
	sysctl_set("msgmni", old);
	sysctl_set("msgmax", "12000");
	b.type = 1;
	CHECK_OK(msgsnd(id, &b, 12000, 0));
	CHECK_ERR(msgsnd(id, &b, 12001, 0), EINVAL);
	sysctl_set("msgmax", "8192");
	gone();
	sysctl_set("msgmnb", "100");
	make();
	CHECK_OK(msgsnd(id, &b, 100, IPC_NOWAIT));
	CHECK_ERR(msgsnd(id, &b, 1, IPC_NOWAIT), EAGAIN);
	sysctl_set("msgmnb", "16384");
	gone();
}
CASE(proc_file)
{
	char line[512], text[512];
	FILE *f = fopen("/proc/sysvipc/msg", "r");
	struct msqid_ds ds;

	CHECK(fgets(text, sizeof(text), f));
	fclose(f);
	CHECK_STR(text, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
		  "      stime      rtime      ctime\n");
	id = CHECK_OK(msgget(0x5678, IPC_CREAT | 0604));
	CHECK_OK(snd(1, "abc", 0));
	CHECK_OK(msgctl(id, IPC_STAT, &ds));
	CHECK(proc_line("msg", id, line));
	snprintf(text, sizeof(text), "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10lu %10lu %10lu", 0x5678, id, 0604, 3L,
		 1L, getpid(), 0, 0, 0, 0, 0, (long)ds.msg_stime, 0L, (long)ds.msg_ctime);
	CHECK_STR(line, text);
	gone();
}
CASE(many_through)
{
	pid_t p[3];
	long sum = 0;

	make();
	for (int i = 0; i < 3; i++)
		CHILD(p[i])
			for (int j = 0; j < 400; j++) {
				struct { long type; int v; char pad[700]; } m = { i + 1, j, { 0 } };

				CHECK_OK(msgsnd(id, &m, sizeof(m) - sizeof(long), 0));
			}
	for (int j = 0; j < 1200; j++) {
		static int next[4];
		struct { long type; int v; char pad[700]; } m;

		CHECK_EQ(msgrcv(id, &m, sizeof(m) - sizeof(long), 0, 0), 704);
		CHECK_EQ(m.v, next[m.type]++);
		sum += m.v;
	}
	CHECK_EQ(sum, 3 * 399 * 200);
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(p[i], 0);
	gone();
}
