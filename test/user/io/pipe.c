/* SPDX-License-Identifier: MPL-2.0 */
/* pipe and pipe2: flags, end of file, EPIPE, capacity, partial writes, FIONREAD. */
#include "ktest_user.h"

CASE(basics)
{
	char buf[16];
	int p[2];

	CHECK_OK(pipe(p));
	CHECK_EQ(p[1], p[0] + 1);
	CHECK_EQ(write(p[1], "hello", 5), 5);
	CHECK_EQ(read(p[0], buf, 3), 3);
	CHECK_EQ(read(p[0], buf + 3, 13), 2);
	CHECK_MEM(buf, "hello", 5);
	CHECK_ERR(write(p[0], "x", 1), EBADF);
	CHECK_ERR(read(p[1], buf, 1), EBADF);
	CHECK_OK(close(p[1]));
	CHECK_EQ(read(p[0], buf, 1), 0);
	CHECK_EQ(read(p[0], buf, 1), 0);
}
CASE(flags)
{
	int p[2];

	CHECK_OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK);
	CHECK_ERR(pipe2(p, O_APPEND), EINVAL);
	CHECK_ERR(pipe2(p, 1), EINVAL);
	CHECK_ERR(syscall(SYS_pipe, 8), EFAULT);
	CHECK_EQ(dup(0), p[1] + 1);	/* the refused calls left nothing open */
}
CASE(sigpipe)
{
	int p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	CHECK_OK(close(p[0]));
	CHILD(pid) {
		write(p[1], "x", 1);
	}
	WAIT_SIGNAL(pid, SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(write(p[1], "", 0), 0);
}
CASE(capacity)
{
	static char big[70000];
	int p[2], n;

	CHECK_OK(pipe2(p, O_NONBLOCK));
	CHECK_EQ(write(p[1], big, sizeof(big)), 65536);
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
	CHECK_OK(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ(n, 65536);
	CHECK_EQ(read(p[0], big, 4096), 4096);
	CHECK_EQ(write(p[1], big, 4096), 4096);
	CHECK_EQ(read(p[0], big, sizeof(big)), 65536);
	CHECK_ERR(read(p[0], big, 1), EAGAIN);
}
CASE(atomic_small_writes)
{
	static char buf[PIPE_BUF];
	int p[2];

	CHECK_OK(pipe2(p, O_NONBLOCK));
	while (write(p[1], buf, PIPE_BUF) == PIPE_BUF)
		;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(read(p[0], buf, 100), 100);
	/* a write of PIPE_BUF or less is whole or not at all */
	CHECK_ERR(write(p[1], buf, PIPE_BUF), EAGAIN);
}
CASE(interleaved_writers_keep_records)
{
	enum { N = 300, SIZE = 1000 };
	char rec[SIZE];
	int p[2], seen[3] = { 0 };
	pid_t pid[3];

	CHECK_OK(pipe(p));
	for (int w = 0; w < 3; w++)
		CHILD(pid[w]) {
			memset(rec, 'a' + w, SIZE);
			for (int i = 0; i < N; i++)
				CHECK_EQ(write(p[1], rec, SIZE), SIZE);
		}
	CHECK_OK(close(p[1]));
	for (;;) {
		int got = 0, n;

		while (got < SIZE && (n = CHECK_OK(read(p[0], rec + got, SIZE - got))) > 0)
			got += n;
		if (!got)
			break;
		CHECK_EQ(got, SIZE);
		for (int i = 1; i < SIZE; i++)
			CHECK_EQ(rec[i], rec[0]);
		seen[rec[0] - 'a']++;
	}
	for (int w = 0; w < 3; w++) {
		CHECK_EQ(seen[w], N);
		WAIT_EXIT(pid[w], 0);
	}
}
CASE(bad_buffer_keeps_data)
{
	char c;
	int p[2];

	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(read(p[0], (void *)8, 1), EFAULT);
	CHECK_ERR(write(p[1], (void *)8, 1), EFAULT);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
}
CASE(large_transfer_is_intact)
{
	enum { N = 4 << 20 };
	unsigned char *m = malloc(N);
	int p[2], got = 0;
	pid_t pid;

	for (int i = 0; i < N; i++)
		m[i] = i ^ (i >> 8) ^ (i >> 16);
	CHECK_OK(pipe(p));
	CHILD(pid) {
		close(p[0]);
		CHECK_EQ(write(p[1], m, N), N);
	}
	CHECK_OK(close(p[1]));
	while (got < N) {
		unsigned char b[10007];
		int n = CHECK_OK(read(p[0], b, sizeof(b)));

		CHECK_GT(n, 0);
		CHECK_MEM(b, m + got, n);
		got += n;
	}
	WAIT_EXIT(pid, 0);
}
CASE(writer_is_woken_by_closing_reader)
{
	static char big[200000];
	int p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	CHILD(pid) {
		close(p[0]);
		signal(SIGPIPE, SIG_IGN);
		CHECK_EQ(write(p[1], big, sizeof(big)), 65536);
		CHECK_ERR(write(p[1], big, 1), EPIPE);
	}
	WAIT_BLOCKED(pid);
	CHECK_OK(close(p[0]));
	WAIT_EXIT(pid, 0);
}
/* By way of /proc/self/fd a pipe is opened again, also when the other side is gone already. */
CASE(opened_again)
{
	char path[40], b[8];
	int p[2], r, w;

	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "abc", 3), 3);
	CHECK_OK(close(p[1]));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	r = CHECK_OK(open(path, O_RDONLY));
	CHECK_EQ(read(r, b, sizeof(b)), 3);
	CHECK_EQ(read(r, b, sizeof(b)), 0);
	/* A writer comes back. */
	w = CHECK_OK(open(path, O_WRONLY | O_NONBLOCK));
	CHECK_EQ(write(w, "d", 1), 1);
	CHECK_EQ(read(p[0], b, sizeof(b)), 1);
	CHECK_OK(close(p[0]));
	CHECK_OK(close(r));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", w);
	r = CHECK_OK(open(path, O_WRONLY | O_NONBLOCK));
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(r, "x", 1), EPIPE);
}
