/* SPDX-License-Identifier: MPL-2.0 */
/* POSIX message queues: mq_overview(7) call by call, notification, limits, the mqueue file system. */
#include <mqueue.h>
#include <sys/resource.h>
#include <sys/statfs.h>

#include "ktest_user.h"

static mqd_t make(long msgs, long size, int flags)
{
	struct mq_attr a = { .mq_maxmsg = msgs, .mq_msgsize = size };

	mq_unlink("/kt");
	return CHECK_OK(mq_open("/kt", O_CREAT | O_EXCL | O_RDWR | flags, 0600, &a));
}

static struct timespec in_ms(int ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += ms * 1000000L;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

CASE(open_and_names)
{
	struct mq_attr a, bad = { .mq_maxmsg = 0, .mq_msgsize = 1 };
	char name[300];
	mqd_t q, r;

	mq_unlink("/kt");
	CHECK_ERR(mq_open("/kt", O_RDWR), ENOENT);
	CHECK_ERR(mq_unlink("/kt"), ENOENT);
	q = CHECK_OK(mq_open("/kt", O_CREAT | O_RDONLY, 0600, NULL));
	CHECK_OK(mq_getattr(q, &a));
	CHECK_EQ(a.mq_maxmsg, 10);
	CHECK_EQ(a.mq_msgsize, 8192);
	CHECK_EQ(a.mq_curmsgs, 0);
	CHECK_EQ(a.mq_flags, 0);
	CHECK_ERR(mq_open("/kt", O_CREAT | O_EXCL | O_RDWR, 0600, NULL), EEXIST);
	CHECK_EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
	r = CHECK_OK(mq_open("/kt", O_CREAT | O_WRONLY | O_NONBLOCK, 0600, &bad));	/* there: attr is not looked at */
	CHECK_OK(mq_getattr(r, &a));
	CHECK_EQ(a.mq_flags, O_NONBLOCK);
	CHECK_OK(mq_unlink("/kt"));
	CHECK_OK(mq_send(r, "still here", 10, 1));
	CHECK_ERR(mq_open("/kt", O_RDWR), ENOENT);
	CHECK_OK(mq_close(q));
	CHECK_OK(mq_close(r));
	CHECK_ERR(syscall(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, NULL), ENOENT);
	CHECK_ERR(syscall(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, "/a", O_RDWR | O_CREAT, 0600, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, "..", O_RDWR | O_CREAT, 0600, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, (char *)8, O_RDWR | O_CREAT, 0600, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_mq_open, "kt", O_RDWR | O_CREAT, 0600, (void *)8), EFAULT);
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	CHECK_ERR(syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG);
	name[255] = '\0';
	CHECK_OK(syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL));
	CHECK_OK(syscall(SYS_mq_unlink, name));
	CHECK_ERR(syscall(SYS_mq_unlink, "x/y"), EACCES);
}
CASE(sizes_asked_for)
{
	static const long bad[][2] = {
		{ 0, 1 }, { 1, 0 }, { -1, 1 }, { 1, -1 }, { 65537, 1 }, { 1, (16L << 20) + 1 }
	};
	struct mq_attr a = { .mq_maxmsg = 11, .mq_msgsize = 1 };
	pid_t p;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mq_attr b = { .mq_maxmsg = bad[i][0], .mq_msgsize = bad[i][1] };

		CHECK_ERR(mq_open("/kt", O_CREAT | O_RDWR, 0600, &b), EINVAL);
	}
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(mq_open("/kt2", O_CREAT | O_RDWR, 0600, &a), EINVAL);
		a.mq_maxmsg = 10;
		a.mq_msgsize = 8193;
		CHECK_ERR(mq_open("/kt2", O_CREAT | O_RDWR, 0600, &a), EINVAL);
		a.mq_msgsize = 8192;
		CHECK_OK(mq_open("/kt2", O_CREAT | O_RDWR, 0600, &a));
		CHECK_OK(mq_unlink("/kt2"));
	}
	WAIT_EXIT(p, 0);
}
CASE(order)
{
	mqd_t q = make(10, 16, O_NONBLOCK);
	unsigned prio;
	char b[16];

	CHECK_OK(mq_send(q, "low1", 5, 0));
	CHECK_OK(mq_send(q, "high1", 6, 7));
	CHECK_OK(mq_send(q, "mid", 4, 3));
	CHECK_OK(mq_send(q, "high2", 6, 7));
	CHECK_OK(mq_send(q, "low2", 5, 0));
	CHECK_OK(mq_send(q, "", 0, 32767));
	CHECK_EQ(mq_receive(q, b, 16, &prio), 0);
	CHECK_EQ(prio, 32767);
	CHECK_EQ(mq_receive(q, b, 16, &prio), 6);
	CHECK_STR(b, "high1");
	CHECK_EQ(mq_receive(q, b, 16, &prio), 6);
	CHECK_STR(b, "high2");
	CHECK_EQ(prio, 7);
	CHECK_EQ(mq_receive(q, b, 16, NULL), 4);
	CHECK_EQ(mq_receive(q, b, 16, NULL), 5);
	CHECK_STR(b, "low1");
	CHECK_EQ(mq_receive(q, b, 16, NULL), 5);
	CHECK_STR(b, "low2");
	CHECK_ERR(mq_receive(q, b, 16, NULL), EAGAIN);
	CHECK_OK(mq_unlink("/kt"));
}
CASE(errors)
{
	mqd_t q = make(2, 16, O_NONBLOCK), r, w;
	struct timespec bad = { 0, 1000000000 }, neg = { -1, 0 };
	int fd = open("/dev/null", O_RDWR);
	struct mq_attr a = { .mq_flags = 1 };
	char b[17];

	CHECK_ERR(mq_send(q, b, 17, 0), EMSGSIZE);
	CHECK_ERR(mq_send(q, b, 1, 32768), EINVAL);
	CHECK_ERR(mq_receive(q, b, 15, NULL), EMSGSIZE);
	CHECK_ERR(mq_send(fd, b, 1, 0), EBADF);
	CHECK_ERR(mq_receive(fd, b, 16, NULL), EBADF);
	CHECK_ERR(mq_send(-1, b, 1, 0), EBADF);
	CHECK_ERR(mq_getattr(fd, &a), EBADF);
	CHECK_ERR(mq_notify(fd, NULL), EBADF);
	CHECK_ERR(mq_setattr(q, &a, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_mq_timedsend, q, (void *)8, 1, 0, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_mq_timedsend, q, b, 1, 0, (void *)8), EFAULT);
	CHECK_ERR(syscall(SYS_mq_timedsend, q, b, 1, 0, &bad), EINVAL);
	CHECK_ERR(syscall(SYS_mq_timedreceive, q, b, 16, NULL, &neg), EINVAL);
	CHECK_OK(mq_send(q, "x", 1, 0));
	CHECK_ERR(syscall(SYS_mq_timedreceive, q, (void *)8, 16, NULL, NULL), EFAULT);
	CHECK_OK(mq_send(q, "x", 1, 0));
	CHECK_OK(mq_send(q, "x", 1, 0));
	CHECK_ERR(mq_send(q, "x", 1, 0), EAGAIN);
	r = CHECK_OK(mq_open("/kt", O_RDONLY));
	w = CHECK_OK(mq_open("/kt", O_WRONLY));
	CHECK_ERR(mq_send(r, b, 1, 0), EBADF);
	CHECK_ERR(mq_receive(w, b, 16, NULL), EBADF);
	CHECK_ERR(mq_open("/kt", O_ACCMODE), EINVAL);
	CHECK_OK(mq_unlink("/kt"));
}
CASE(timeouts)
{
	mqd_t q = make(1, 16, 0);
	long long t = kt_now();
	struct timespec ts = in_ms(60);
	char b[16];

	CHECK_ERR(mq_timedreceive(q, b, 16, NULL, &ts), ETIMEDOUT);
	CHECK_GE(kt_now() - t, 55000000);
	CHECK_OK(mq_send(q, "x", 1, 0));
	ts = in_ms(30);
	CHECK_ERR(mq_timedsend(q, b, 1, 0, &ts), ETIMEDOUT);
	ts = (struct timespec){ 1, 0 };	/* long past */
	CHECK_ERR(mq_timedsend(q, b, 1, 0, &ts), ETIMEDOUT);
	CHECK_EQ(mq_timedreceive(q, b, 16, NULL, &ts), 1);	/* but it need not wait */
	CHECK_OK(mq_unlink("/kt"));
}
static volatile sig_atomic_t caught;
static siginfo_t got;
static int told[2];
static void note(int sig) { (void)sig; caught++; }
static void tell(int sig)
{
	note(sig);
	CHECK_EQ(write(told[1], "", 1), 1);
}
static void note_info(int sig, siginfo_t *i, void *x)
{
	(void)sig;
	(void)x;
	got = *i;
	caught++;
}
CASE(waiting)
{
	mqd_t q = make(1, 16, 0);
	char b[16];
	pid_t p, s;

	CHILD(p) {
		CHECK_EQ(mq_receive(q, b, 16, NULL), 2);
		CHECK_MEM(b, "hi", 2);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(mq_send(q, "hi", 2, 0));
	WAIT_EXIT(p, 0);
	CHECK_OK(mq_send(q, "1", 1, 0));
	CHILD(s)
		CHECK_OK(mq_send(q, "2", 1, 9));
	WAIT_BLOCKED(s);
	CHECK_EQ(mq_receive(q, b, 16, NULL), 1);
	WAIT_EXIT(s, 0);
	CHECK_EQ(b[0], '1');
	CHECK_EQ(mq_receive(q, b, 16, NULL), 1);
	CHECK_EQ(b[0], '2');
	CHILD(p) {
		kt_handle(SIGUSR1, note);
		CHECK_ERR(mq_receive(q, b, 16, NULL), EINTR);
	}
	WAIT_BLOCKED(p);
	kill(p, SIGUSR1);
	WAIT_EXIT(p, 0);
	/* restarted where the handler says so */
	CHECK_OK(pipe(told));
	CHILD(p) {
		struct sigaction sa = { .sa_handler = tell, .sa_flags = SA_RESTART };

		sigaction(SIGUSR1, &sa, NULL);
		CHECK_EQ(mq_receive(q, b, 16, NULL), 3);
		CHECK_EQ(caught, 1);
	}
	WAIT_BLOCKED(p);
	kill(p, SIGUSR1);
	CHECK_EQ(read(told[0], b, 1), 1);
	WAIT_BLOCKED(p);
	CHECK_OK(mq_send(q, "abc", 3, 0));
	WAIT_EXIT(p, 0);
	CHECK_OK(mq_unlink("/kt"));
}
CASE(notification)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 };
	mqd_t q = make(4, 16, O_NONBLOCK), second;
	char b[16];
	pid_t p;

	kt_handle_info(SIGUSR1, note_info, SA_SIGINFO);
	ev.sigev_notify = 99;
	CHECK_ERR(mq_notify(q, &ev), EINVAL);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = 65;
	CHECK_ERR(mq_notify(q, &ev), EINVAL);
	ev.sigev_signo = SIGUSR1;
	CHECK_OK(mq_notify(q, NULL));
	CHECK_OK(mq_notify(q, &ev));
	CHECK_ERR(mq_notify(q, &ev), EBUSY);
	CHILD(p) {
		CHECK_ERR(mq_notify(q, &ev), EBUSY);
		CHECK_OK(mq_notify(q, NULL));	/* not ours: nothing happens */
		CHECK_OK(mq_send(q, "x", 1, 0));
	}
	WAIT_EXIT(p, 0);
	kt_wait_caught(SIGUSR1, &caught, 1);
	CHECK_EQ(got.si_code, SI_MESGQ);
	CHECK_EQ(got.si_value.sival_int, 42);
	CHECK_EQ(got.si_pid, p);
	CHECK_EQ(got.si_uid, 0);
	/* once only, and only when the queue was empty */
	CHECK_OK(mq_notify(q, &ev));
	CHECK_OK(mq_send(q, "y", 1, 0));
	CHECK_EQ(caught, 1);
	CHECK_EQ(mq_receive(q, b, 16, NULL), 1);
	CHECK_EQ(mq_receive(q, b, 16, NULL), 1);
	/* not when somebody waits for it */
	CHILD(p) {
		struct mq_attr a = { 0 };

		CHECK_OK(mq_setattr(q, &a, NULL));
		CHECK_EQ(mq_receive(q, b, 16, NULL), 1);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(mq_send(q, "z", 1, 0));
	WAIT_EXIT(p, 0);
	CHECK_EQ(caught, 1);
	CHECK_ERR(mq_notify(q, &ev), EBUSY);
	/* closing any descriptor of it ends that */
	second = CHECK_OK(mq_open("/kt", O_RDONLY));
	CHECK_OK(mq_close(second));
	CHECK_OK(mq_notify(q, &ev));
	CHECK_OK(mq_notify(q, NULL));
	ev.sigev_notify = SIGEV_NONE;
	CHECK_OK(mq_notify(q, &ev));
	CHECK_ERR(mq_notify(q, &ev), EBUSY);
	CHECK_OK(mq_send(q, "n", 1, 0));
	CHECK_OK(mq_notify(q, &ev));
	CHECK_EQ(caught, 1);
	CHECK_OK(mq_unlink("/kt"));
}
/* As C libraries do SIGEV_THREAD: the kernel sends a cookie to a netlink socket. */
CASE(notification_by_socket)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD };
	mqd_t q = make(4, 16, O_NONBLOCK);
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), null = open("/dev/null", O_RDWR), s[2];
	char cookie[32] = "thirty-two bytes, the last is 0", b[64];

	CHECK(sock >= 0);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ev.sigev_value.sival_ptr = (void *)8;
	ev.sigev_signo = sock;
	CHECK_ERR(syscall(SYS_mq_notify, q, &ev), EFAULT);
	ev.sigev_value.sival_ptr = cookie;
	ev.sigev_signo = -1;
	CHECK_ERR(syscall(SYS_mq_notify, q, &ev), EBADF);
	ev.sigev_signo = null;
	CHECK_ERR(syscall(SYS_mq_notify, q, &ev), ENOTSOCK);
	ev.sigev_signo = s[0];
	CHECK_ERR(syscall(SYS_mq_notify, q, &ev), EINVAL);
	ev.sigev_signo = sock;
	CHECK_ERR(syscall(SYS_mq_notify, null, &ev), EBADF);
	CHECK_OK(syscall(SYS_mq_notify, q, &ev));
	CHECK_ERR(syscall(SYS_mq_notify, q, &ev), EBUSY);
	CHECK_ERR(recv(sock, b, sizeof(b), MSG_DONTWAIT), EAGAIN);
	CHECK_OK(mq_send(q, "x", 1, 0));
	CHECK_EQ(recv(sock, b, sizeof(b), 0), 32);
	CHECK_MEM(b, cookie, 31);
	CHECK_EQ(b[31], 1);		/* woken */
	CHECK_OK(syscall(SYS_mq_notify, q, &ev));
	CHECK_OK(mq_notify(q, NULL));
	CHECK_EQ(recv(sock, b, sizeof(b), 0), 32);
	CHECK_EQ(b[31], 2);		/* removed */
	/* the socket goes first */
	CHECK_OK(syscall(SYS_mq_notify, q, &ev));
	close(sock);
	CHECK_OK(mq_receive(q, b, 16, NULL));
	CHECK_OK(mq_send(q, "y", 1, 0));
	CHECK_OK(mq_unlink("/kt"));
}
CASE(polling)
{
	mqd_t q = make(1, 16, 0);
	struct pollfd f = { .fd = q, .events = POLLIN | POLLOUT };
	char b[16];
	pid_t p;

	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(f.revents, POLLOUT);
	CHECK_OK(mq_send(q, "x", 1, 0));
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(f.revents, POLLIN);
	CHILD(p) {
		f.events = POLLOUT;
		CHECK_EQ(poll(&f, 1, -1), 1);
	}
	WAIT_BLOCKED(p);
	CHECK_EQ(mq_receive(q, b, 16, NULL), 1);
	WAIT_EXIT(p, 0);
	CHILD(p) {
		f.events = POLLIN;
		CHECK_EQ(poll(&f, 1, -1), 1);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(mq_send(q, "x", 1, 0));
	WAIT_EXIT(p, 0);
	CHECK_OK(mq_unlink("/kt"));
}
CASE(limit_of_bytes)
{
	struct mq_attr a = { .mq_maxmsg = 10, .mq_msgsize = 1000 };
	/* messages, and what Linux counts for each and for each priority */
	struct rlimit r = { 10 * 1000 + 10 * 48 + 10 * 48, 1 << 20 };
	mqd_t q;
	pid_t p;

	mq_unlink("/kt3");
	CHILD(p) {
		CHECK_OK(setrlimit(RLIMIT_MSGQUEUE, &r));
		kt_become(4343, 4343);
		q = CHECK_OK(mq_open("/kt3", O_CREAT | O_RDWR, 0600, &a));
		CHECK_ERR(mq_open("/kt4", O_CREAT | O_RDWR, 0600, &a), EMFILE);
		CHECK_OK(mq_unlink("/kt3"));
		CHECK_ERR(mq_open("/kt4", O_CREAT | O_RDWR, 0600, &a), EMFILE);	/* it is still there */
		CHECK_OK(mq_close(q));
		q = CHECK_OK(mq_open("/kt4", O_CREAT | O_RDWR, 0600, &a));
		CHECK_OK(mq_unlink("/kt4"));
		CHECK_OK(mq_close(q));
		r.rlim_cur--;
		CHECK_OK(setrlimit(RLIMIT_MSGQUEUE, &r));
		CHECK_ERR(mq_open("/kt4", O_CREAT | O_RDWR, 0600, &a), EMFILE);
	}
	WAIT_EXIT(p, 0);
}
CASE(permissions)
{
	mqd_t q = make(1, 16, 0);
	pid_t p;

	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(mq_open("/kt", O_RDONLY), EACCES);
		CHECK_ERR(syscall(SYS_mq_unlink, "kt"), EPERM);	/* sticky */
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(fchmod(q, 0604));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(mq_open("/kt", O_RDONLY));
		CHECK_ERR(mq_open("/kt", O_RDWR), EACCES);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(mq_unlink("/kt"));
}
CASE(file_system)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	char text[128], want[128];
	mqd_t q = make(4, 16, 0);
	struct statfs fs;
	struct stat st;
	int fd;

	CHECK_OK(mkdir("mq", 0755));
	CHECK_OK(mount("none", "mq", "mqueue", 0, NULL));
	CHECK_OK(statfs("mq", &fs));
	CHECK_EQ(fs.f_type, 0x19800202);
	CHECK_OK(stat("mq", &st));
	CHECK_EQ(st.st_mode, S_IFDIR | 01777);
	CHECK_OK(stat("mq/kt", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	CHECK_EQ(st.st_size, 80);
	kt_get("mq/kt", text, sizeof(text));
	CHECK_STR(text, "QSIZE:0          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
	CHECK_OK(mq_notify(q, &ev));
	snprintf(want, sizeof(want), "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 0, 0, SIGUSR2, getpid());
	/* reading closes a descriptor of the queue, which ends the request: read it by the one that we have */
	CHECK_EQ(pread(q, text, sizeof(text), 0), strlen(want));
	text[strlen(want)] = '\0';
	CHECK_STR(text, want);
	CHECK_OK(mq_notify(q, NULL));
	CHECK_OK(mq_send(q, "12345", 5, 0));
	CHECK_OK(mq_send(q, "678", 3, 1));
	kt_get("mq/kt", text, sizeof(text));
	CHECK(!strncmp(text, "QSIZE:8 ", 8));
	/* a file made there is a queue, and a descriptor got by its path is as good as any */
	fd = CHECK_OK(open("mq/by_hand", O_CREAT | O_RDWR, 0600));
	CHECK_OK(mq_send(fd, "q", 1, 0));
	CHECK_EQ(mq_unlink("/by_hand"), 0);
	CHECK_ERR(stat("mq/by_hand", &st), ENOENT);
	close(fd);
	CHECK_ERR(mkdir("mq/dir", 0755), EPERM);
	CHECK_ERR(symlink("x", "mq/link"), EPERM);
	CHECK_OK(unlink("mq/kt"));
	CHECK_ERR(mq_open("/kt", O_RDWR), ENOENT);
	CHECK_OK(umount("mq"));
}
CASE(limits)
{
	char old[32];
	mqd_t q[2];

	kt_get("/proc/sys/fs/mqueue/queues_max", old, sizeof(old));
	CHECK_STR(old, "256\n");
	kt_get("/proc/sys/fs/mqueue/msg_max", old, sizeof(old));
	CHECK_STR(old, "10\n");
	kt_get("/proc/sys/fs/mqueue/msgsize_max", old, sizeof(old));
	CHECK_STR(old, "8192\n");
	kt_put("/proc/sys/fs/mqueue/msg_default", "3");
	kt_put("/proc/sys/fs/mqueue/msgsize_default", "200");
	for (int i = 0; i < 2; i++) {
		struct mq_attr a;

		q[i] = CHECK_OK(mq_open(i ? "/l1" : "/l0", O_CREAT | O_RDWR, 0600, NULL));
		CHECK_OK(mq_getattr(q[i], &a));
		CHECK_EQ(a.mq_maxmsg, 3);
		CHECK_EQ(a.mq_msgsize, 200);
	}
	kt_put("/proc/sys/fs/mqueue/msg_default", "10");
	kt_put("/proc/sys/fs/mqueue/msgsize_default", "8192");
	kt_put("/proc/sys/fs/mqueue/queues_max", "1");
	pid_t p;

	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(mq_open("/l2", O_CREAT | O_RDWR, 0600, NULL), ENOSPC);
	}
	WAIT_EXIT(p, 0);
	kt_put("/proc/sys/fs/mqueue/queues_max", "256");
	CHECK_OK(mq_unlink("/l0"));
	CHECK_OK(mq_unlink("/l1"));
}
CASE(many_through)
{
	mqd_t q = make(5, 64, 0);
	pid_t p[3];
	char b[64];

	for (int i = 0; i < 3; i++)
		CHILD(p[i])
			for (int j = 0; j < 300; j++) {
				int v[2] = { i, j };

				CHECK_OK(mq_send(q, (char *)v, sizeof(v), (unsigned)j % 4));
			}
	for (int j = 0; j < 900; j++)
		CHECK_EQ(mq_receive(q, b, 64, NULL), 8);
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_OK(mq_unlink("/kt"));
}
