/* SPDX-License-Identifier: MPL-2.0 */
/* splice, tee and vmsplice between pipes and files. */
#include "ktest_user.h"
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

CASE(file_to_pipe_to_file)
{
	char buf[16];
	loff_t off = 2;
	int p[2], a, b;

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	CHECK_OK(pipe(p));
	SKIP_IF_ENOSYS(splice(a, &off, p[1], NULL, 0, 0));
	CHECK_EQ(splice(a, &off, p[1], NULL, 5, 0), 5);
	CHECK_EQ(off, 7);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 0);
	CHECK_EQ(splice(p[0], NULL, b, NULL, 100, 0), 5);
	CHECK_EQ(pread(b, buf, 16, 0), 5);
	CHECK_MEM(buf, "23456", 5);
	CHECK_EQ(splice(a, NULL, p[1], NULL, 100, 0), 10);
	CHECK_EQ(splice(a, NULL, p[1], NULL, 100, 0), 0);
}
CASE(tee)
{
	char buf[16];
	int p[2], q[2];

	CHECK_OK(pipe(p));
	CHECK_OK(pipe(q));
	SKIP_IF_ENOSYS(tee(p[0], q[1], 0, 0));
	CHECK_EQ(write(p[1], "hello", 5), 5);
	CHECK_EQ(tee(p[0], q[1], 3, 0), 3);
	CHECK_EQ(read(q[0], buf, 16), 3);
	CHECK_EQ(read(p[0], buf, 16), 5);
	CHECK_MEM(buf, "hello", 5);
	CHECK_ERR(tee(p[0], q[1], 3, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(tee(p[0], p[1], 3, 0), EINVAL);
}
CASE(errors)
{
	loff_t off = 0;
	int p[2], a, b;

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	CHECK_OK(pipe(p));
	SKIP_IF_ENOSYS(splice(a, &off, p[1], NULL, 0, 0));
	CHECK_ERR(splice(a, NULL, b, NULL, 5, 0), EINVAL);
	CHECK_ERR(splice(p[0], &off, b, NULL, 5, 0), ESPIPE);
	CHECK_ERR(splice(-1, NULL, p[1], NULL, 5, 0), EBADF);
	CHECK_ERR(splice(p[1], NULL, b, NULL, 5, 0), EBADF);
	CHECK_ERR(splice(a, NULL, p[1], NULL, 5, 0x100), EINVAL);
	CHECK_ERR(splice(p[0], NULL, b, NULL, 5, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_OK(fcntl(b, F_SETFL, O_APPEND));
	CHECK_ERR(splice(p[0], NULL, b, NULL, 5, 0), EINVAL);
}
CASE(vmsplice)
{
	char buf[16];
	struct iovec v[2] = { { "abc", 3 }, { "defg", 4 } };
	int p[2];

	CHECK_OK(pipe(p));
	SKIP_IF_ENOSYS(vmsplice(p[1], v, 0, 0));
	CHECK_EQ(vmsplice(p[1], v, 2, 0), 7);
	CHECK_EQ(read(p[0], buf, 16), 7);
	CHECK_MEM(buf, "abcdefg", 7);
}

static int sock_end, pipe_end;
static volatile pid_t splicer, writer;
static volatile int signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

/* Its letter in /proc; 'X': it is through. */
static char thread_state(pid_t tid)
{
	char path[64], stat[512], *end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (!kt_try_get(path, stat, sizeof(stat)))
		return 'X';
	end = strrchr(stat, ')');
	return end && end[1] ? end[2] : '?';
}

/* The thread waits for something, or is through. */
static bool at_rest(pid_t tid)
{
	char state = thread_state(tid);

	return state == 'S' || state == 'D' || state == 'X';
}

static bool all_read(int fd)
{
	int left;

	CHECK_OK(ioctl(fd, FIONREAD, &left));
	return !left;
}

static void *socket_to_pipe(void *unused)
{
	(void)unused;
	splicer = gettid();
	return (void *)splice(sock_end, NULL, pipe_end, NULL, 100, 0);
}

static void *page_to_pipe(void *unused)
{
	static char b[4096];

	(void)unused;
	memset(b, 'b', sizeof(b));
	writer = gettid();
	return (void *)write(pipe_end, b, sizeof(b));
}

/* While a splice waits for a socket others write into the pipe: what it then reads has its place, signals or not. */
CASE(others_write_meanwhile)
{
	struct sigaction a = { .sa_handler = count_signal };
	static char b[8192];
	int p[2], s[2], n[2] = { 0 };
	pthread_t t[2];
	void *res[2];

	CHECK_OK(sigaction(SIGUSR1, &a, NULL));
	CHECK_OK(pipe(p));
	CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 4096), 4096);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	sock_end = s[0];
	pipe_end = p[1];
	CHECK_EQ(pthread_create(&t[0], NULL, socket_to_pipe, NULL), 0);
	AWAIT(splicer);
	WAIT_THREAD_BLOCKED(splicer);
	CHECK_EQ(pthread_create(&t[1], NULL, page_to_pipe, NULL), 0);
	AWAIT(writer && at_rest(writer));
	memset(b, 'a', 100);
	CHECK_EQ(write(s[1], b, 100), 100);
	AWAIT(all_read(s[0]) && at_rest(splicer));
	(void)pthread_kill(t[0], SIGUSR1);
	AWAIT((signals && at_rest(splicer)) || thread_state(splicer) == 'X');
	while (n[0] + n[1] < 4196) {
		struct pollfd f = { .fd = p[0], .events = POLLIN };
		ssize_t k;

		if (poll(&f, 1, kt_wait_ms()) != 1)
			FAIL("%d bytes of the socket and %d of the page came", n[0], n[1]);
		k = CHECK_OK(read(p[0], b, sizeof(b)));
		for (ssize_t i = 0; i < k; i++)
			n[b[i] - 'a']++;
	}
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(t[i], &res[i]), 0);
	CHECK_EQ((long)res[0], 100);
	CHECK_EQ((long)res[1], 4096);
	CHECK_EQ(n[0], 100);
	CHECK_EQ(n[1], 4096);
}
