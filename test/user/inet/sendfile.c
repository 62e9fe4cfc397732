/* SPDX-License-Identifier: MPL-2.0 */
/* sendfile and splice into TCP and UDP sockets: pages may go by reference, but nothing of them may be lost or changed. */
#include "inet.h"
#include <pthread.h>
#include <sys/sendfile.h>

static unsigned char at(size_t i) { return (unsigned char)(i * 31 + (i >> 12) * 7); }

static int file_of(size_t n)
{
	char *m = malloc(n);
	int f = CHECK_OK(open("f", O_CREAT | O_RDWR | O_TRUNC, 0644));

	for (size_t i = 0; i < n; i++)
		m[i] = at(i);
	CHECK_EQ(write(f, m, n), n);
	free(m);
	return f;
}

static void nonblock(int fd, bool on)
{
	CHECK_OK(fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0));
}

/* Read n bytes that should be those of the file from `from` on. */
static void expect(int fd, size_t from, size_t n)
{
	static unsigned char b[65536];

	while (n) {
		ssize_t k = CHECK_OK(read(fd, b, n < sizeof(b) ? n : sizeof(b)));

		CHECK_GT(k, 0);
		for (ssize_t i = 0; i < k; i++)
			if (b[i] != at(from + i))
				FAIL("byte %zu is %d, not %d", from + i, b[i], at(from + i));
		from += k;
		n -= k;
	}
}

/* From odd places, in one call and in many; the sizes are no multiples of a page. */
CASE(bytes)
{
	size_t n = (3 << 20) + 777;
	int f = file_of(n), s[2];
	pid_t p;

	lo_up();
	tcp_pair(s);
	CHILD(p) {
		off_t off = 12345;

		close(s[1]);
		while (off < (off_t)n)
			CHECK_GT(sendfile(s[0], f, &off, n), 0);
		CHECK_EQ(sendfile(s[0], f, &off, n), 0);
		for (off = 0; off < 200000; )
			CHECK_GT(sendfile(s[0], f, &off, 200000 - off < 1111 ? 200000 - off : 1111), 0);
	}
	close(s[0]);
	expect(s[1], 12345, n - 12345);
	expect(s[1], 0, 200000);
	CHECK_EQ(read(s[1], &p, 1), 0);
	WAIT_EXIT(p, 0);
}

/* Buffers of a pipe that are not full: more of them than pages to as many bytes. */
CASE(many_pieces)
{
	size_t n = 150 * 3000, done = 0;
	int f = file_of(n), s[2], p[2];
	static char b[150 * 3000];
	pid_t pid;

	lo_up();
	tcp_pair(s);
	CHECK_OK(pipe(p));
	CHECK_GE(fcntl(p[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
	CHECK_EQ(pread(f, b, n, 0), n);
	for (size_t i = 0; i < n; i += 1500)
		CHECK_EQ(write(p[1], b + i, 1500), 1500);
	CHILD(pid) {
		close(s[0]);
		expect(s[1], 0, n);
	}
	while (done < n) {
		ssize_t k = CHECK_OK(splice(p[0], NULL, s[0], NULL, n - done, 0));

		CHECK_GT(k, 0);
		done += (size_t)k;
	}
	WAIT_EXIT(pid, 0);
}

/* What was sent stays what it was when the file loses its pages and gets others. */
CASE(file_changes)
{
	int f = file_of(32768), s[2];
	off_t off = 0;
	char b[32768];

	lo_up();
	tcp_pair(s);
	CHECK_EQ(sendfile(s[0], f, &off, 32768), 32768);
	CHECK_OK(ftruncate(f, 0));
	memset(b, 'x', sizeof(b));
	CHECK_EQ(pwrite(f, b, sizeof(b), 0), sizeof(b));
	expect(s[1], 0, 32768);
}

static void swallow(int fd, size_t n)
{
	static char junk[65536];

	while (n) {
		ssize_t k = CHECK_OK(read(fd, junk, n < sizeof(junk) ? n : sizeof(junk)));

		CHECK_GT(k, 0);
		n -= k;
	}
}

/* What a full socket does not take stays in the pipe. */
CASE(full_socket)
{
	size_t sent = 0, total = 20000;
	int f = file_of(total), p[2], s[2], left;
	unsigned char b[20000];
	size_t full;

	lo_up();
	tcp_pair(s);
	CHECK_OK(pipe(p));
	CHECK_EQ(pread(f, b, total, 0), total);
	for (size_t i = 0; i < total; i += 500)
		CHECK_EQ(write(p[1], b + i, 500), 500);
	full = tcp_fill(s[0], 65536);
	CHECK_ERR(splice(p[0], NULL, s[0], NULL, total, 0), EAGAIN);
	CHECK_OK(ioctl(p[0], FIONREAD, &left));
	CHECK_EQ(left, total);
	CHECK_ERR(sendfile(s[0], f, &(off_t){ 0 }, total), EAGAIN);
	swallow(s[1], full);
	while (sent < total) {
		ssize_t k = splice(p[0], NULL, s[0], NULL, 7001, 0);

		if (k < 0)
			CHECK_EQ(errno, EAGAIN);
		else
			expect(s[1], sent, k), sent += k;
	}
	CHECK_OK(ioctl(p[0], FIONREAD, &left));
	CHECK_EQ(left, 0);
}

static int pipe_end, sock_end;
static volatile pid_t splicer, reader;

static void *splicing(void *unused)
{
	(void)unused;
	splicer = gettid();
	CHECK_EQ(splice(pipe_end, NULL, sock_end, NULL, 4096, 0), 4096);
	return NULL;
}

static void *reading(void *unused)
{
	static char c;

	(void)unused;
	reader = gettid();
	CHECK_EQ(read(pipe_end, &c, 1), 1);
	return &c;
}

/* While a splice waits for the socket, nobody else gets its bytes. */
CASE(other_reader)
{
	int f = file_of(4096), p[2], s[2];
	pthread_t a, b;
	char *c;
	size_t full;

	lo_up();
	tcp_pair(s);
	CHECK_OK(pipe(p));
	CHECK_EQ(sendfile(p[1], f, &(off_t){ 0 }, 4096), 4096);
	pipe_end = p[0];
	sock_end = s[0];
	full = tcp_fill(s[0], 65536);
	nonblock(s[0], false);
	CHECK_EQ(pthread_create(&a, NULL, splicing, NULL), 0);
	while (!splicer)
		sched_yield();
	WAIT_THREAD_BLOCKED(splicer);
	CHECK_EQ(pthread_create(&b, NULL, reading, NULL), 0);
	while (!reader)
		sched_yield();
	kt_wait_state(getpid(), reader, "SD");
	swallow(s[1], full);
	CHECK_EQ(pthread_join(a, NULL), 0);
	expect(s[1], 0, 4096);
	CHECK_EQ(write(p[1], "B", 1), 1);
	CHECK_EQ(pthread_join(b, (void **)&c), 0);
	CHECK_EQ(*c, 'B');
}

static double now(void)
{
	struct timespec t;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* SPLICE_F_MORE: it waits for what follows, a fifth of a second at most (a try that took too long shows nothing). */
CASE(more)
{
	bool seen = false;
	int s[2], p[2];
	char b[200];

	lo_up();
	tcp_pair(s);
	CHECK_OK(pipe(p));
	memset(b, 'm', sizeof(b));
	for (int i = 0; i < 100 && !seen; i++) {
		double begin = now();
		ssize_t k;

		CHECK_EQ(write(p[1], b, 200), 200);
		CHECK_EQ(splice(p[0], NULL, s[0], NULL, 100, SPLICE_F_MORE), 100);
		k = recv(s[1], b, sizeof(b), MSG_DONTWAIT | MSG_PEEK);
		if (now() - begin < 0.15) {
			CHECK_EQ(k, -1);
			seen = true;
		}
		CHECK_EQ(splice(p[0], NULL, s[0], NULL, 100, 0), 100);
		CHECK_EQ(recv(s[1], b, sizeof(b), MSG_WAITALL), 200);
	}
	CHECK(seen);
}

/* The pieces of one call are one datagram. */
CASE(datagram)
{
	int f = file_of(10000), port, s = -1, r;
	static char b[20000];
	lo_sa to;

	lo_up();
	r = lo_sock(SOCK_DGRAM, &port);
	s = lo_sock(SOCK_DGRAM, NULL);
	to = lo_addr(port);
	CHECK_OK(connect(s, (void *)&to, sizeof(to)));
	CHECK_EQ(sendfile(s, f, &(off_t){ 100 }, 9000), 9000);
	CHECK_EQ(recv(r, b, sizeof(b), 0), 9000);
	for (int i = 0; i < 9000; i++)
		CHECK_EQ((unsigned char)b[i], at(100 + i));
}
