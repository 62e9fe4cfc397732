/* SPDX-License-Identifier: MPL-2.0 */
/* Linux AIO: io_setup, io_submit, io_getevents, io_cancel, io_destroy and what they refuse. */
#include "ktest_user.h"
#include <linux/aio_abi.h>

static long io_setup(unsigned int n, aio_context_t *c) { return syscall(SYS_io_setup, n, c); }
static long io_destroy(aio_context_t c) { return syscall(SYS_io_destroy, c); }
static long io_submit(aio_context_t c, long n, struct iocb **p) { return syscall(SYS_io_submit, c, n, p); }
static long io_cancel(aio_context_t c, struct iocb *p, struct io_event *e) { return syscall(SYS_io_cancel, c, p, e); }

static long io_getevents(aio_context_t c, long min, long n, struct io_event *e, struct timespec *t)
{
	return syscall(SYS_io_getevents, c, min, n, e, t);
}

static struct iocb prep(int op, int fd, void *buf, size_t n, off_t off)
{
	return (struct iocb){ .aio_lio_opcode = op, .aio_fildes = fd, .aio_buf = (uint64_t)buf, .aio_nbytes = n,
			      .aio_offset = off, .aio_data = 77 };
}

static aio_context_t setup(unsigned int n)
{
	aio_context_t c = 0;

	SKIP_IF_ENOSYS(io_setup(0, &c));
	CHECK_OK(io_setup(n, &c));
	CHECK(c != 0);
	return c;
}

/* One request that is taken; its result. */
static long one(aio_context_t c, struct iocb *cb)
{
	struct iocb *list[1] = { cb };
	struct io_event ev;

	CHECK_EQ(io_submit(c, 1, list), 1);
	CHECK_EQ(io_getevents(c, 1, 1, &ev, NULL), 1);
	CHECK_EQ(ev.obj, (uint64_t)cb);
	CHECK_EQ(ev.data, 77);
	CHECK_EQ(ev.res2, 0);
	return (long)ev.res;
}

CASE(contexts)
{
	aio_context_t c = 0, d;

	SKIP_IF_ENOSYS(io_setup(0, &c));
	CHECK_ERR(io_setup(0, &c), EINVAL);
	c = 5;
	CHECK_ERR(io_setup(1, &c), EINVAL);
	CHECK_ERR(io_setup(1, (void *)8), EFAULT);
	c = 0;
	CHECK_ERR(io_setup(0x7fffffff, &c), EINVAL);
	CHECK_OK(io_setup(10, &c));
	d = 0;
	CHECK_OK(io_setup(10, &d));
	CHECK(c != d);
	CHECK_OK(io_destroy(c));
	CHECK_ERR(io_destroy(c), EINVAL);
	CHECK_ERR(io_submit(c, 0, NULL), EINVAL);
	CHECK_ERR(io_getevents(c, 0, 0, NULL, NULL), EINVAL);
	CHECK_EQ(io_submit(d, 0, NULL), 0);
	CHECK_ERR(io_submit(d, -1, NULL), EINVAL);
	CHECK_ERR(io_submit(d, 1, (void *)8), EFAULT);
	CHECK_ERR(io_getevents(d, 2, 1, NULL, NULL), EINVAL);
	CHECK_ERR(io_getevents(d, -1, 1, NULL, NULL), EINVAL);
	CHECK_EQ(io_getevents(d, 0, 1, NULL, NULL), 0);
	/* A child has none of its parent's. */
	if (fork() == 0)
		_exit(!(io_destroy(d) == -1 && errno == EINVAL));
	CHECK_OK(wait(&(int){ 0 }));
	CHECK_OK(io_destroy(d));
}

CASE(read_write)
{
	aio_context_t c = setup(8);
	char a[300], b[300];
	struct iovec v[2] = { { b, 100 }, { b + 100, 200 } };
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct iocb cb;

	for (int i = 0; i < 300; i++)
		a[i] = (char)(i * 3);
	cb = prep(IOCB_CMD_PWRITE, fd, a, 300, 50);
	CHECK_EQ(one(c, &cb), 300);
	cb = prep(IOCB_CMD_PREAD, fd, b, 300, 50);
	CHECK_EQ(one(c, &cb), 300);
	CHECK(!memcmp(a, b, 300));
	cb = prep(IOCB_CMD_PREAD, fd, b, 300, 1000);
	CHECK_EQ(one(c, &cb), 0);
	memset(b, 0, sizeof(b));
	cb = prep(IOCB_CMD_PREADV, fd, v, 2, 50);
	CHECK_EQ(one(c, &cb), 300);
	CHECK(!memcmp(a, b, 300));
	cb = prep(IOCB_CMD_PWRITEV, fd, v, 2, 400);
	CHECK_EQ(one(c, &cb), 300);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	cb = prep(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
	CHECK_EQ(one(c, &cb), 0);
	cb = prep(IOCB_CMD_FDSYNC, fd, NULL, 0, 0);
	CHECK_EQ(one(c, &cb), 0);
	CHECK_OK(io_destroy(c));
}

CASE(refusals)
{
	aio_context_t c = setup(4);
	char buf[16];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), ro = CHECK_OK(open("f", O_RDONLY));
	struct iocb good = prep(IOCB_CMD_PWRITE, fd, buf, 16, 0), bad = good, *list[2] = { &good, &bad };
	struct io_event ev[2];

	bad.aio_lio_opcode = 99;
	CHECK_EQ(io_submit(c, 2, list), 1);
	CHECK_ERR(io_submit(c, 1, list + 1), EINVAL);
	bad = good;
	bad.aio_fildes = 999;
	CHECK_ERR(io_submit(c, 1, list + 1), EBADF);
	bad.aio_fildes = ro;
	CHECK_ERR(io_submit(c, 1, list + 1), EBADF);
	bad = good;
	bad.aio_reserved2 = 1;
	CHECK_ERR(io_submit(c, 1, list + 1), EINVAL);
	bad = good;
	bad.aio_offset = -1;
	CHECK_ERR(io_submit(c, 1, list + 1), EINVAL);
	bad = good;
	bad.aio_rw_flags = 0x4000;
	CHECK_ERR(io_submit(c, 1, list + 1), EOPNOTSUPP);
	bad = good;
	bad.aio_flags = IOCB_FLAG_RESFD;
	bad.aio_resfd = 999;
	CHECK_ERR(io_submit(c, 1, list + 1), EBADF);
	bad.aio_resfd = fd;
	CHECK_ERR(io_submit(c, 1, list + 1), EINVAL);
	bad = prep(IOCB_CMD_FSYNC, fd, buf, 0, 0);
	CHECK_ERR(io_submit(c, 1, list + 1), EINVAL);
	list[1] = (void *)8;
	CHECK_ERR(io_submit(c, 1, list + 1), EFAULT);
	/* A source that is not there is found when it is read: an event. */
	list[1] = &bad;
	bad = prep(IOCB_CMD_PWRITE, fd, (void *)4096, 16, 0);
	CHECK_EQ(io_submit(c, 1, list + 1), 1);
	CHECK_EQ(io_getevents(c, 2, 2, ev, NULL), 2);
	CHECK_EQ(ev[0].res, 16);
	CHECK_EQ(ev[1].res, -EFAULT);
	CHECK_ERR(io_cancel(c, &good, ev), EINVAL);
	CHECK_OK(io_destroy(c));
}

/* As many as were asked for, and no endless number. */
CASE(room)
{
	aio_context_t c = setup(32);
	static struct iocb cb[32];
	struct iocb *list[32];
	struct io_event ev[32];
	struct timespec none = { 0, 0 };
	char buf[32];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), total = 0, n;

	for (int i = 0; i < 32; i++) {
		cb[i] = prep(IOCB_CMD_PWRITE, fd, buf + i, 1, i);
		cb[i].aio_data = i;
		list[i] = &cb[i];
	}
	CHECK_EQ(io_submit(c, 32, list), 32);
	for (n = 32; n == 32 && total < 100000; total += n)
		n = io_submit(c, 32, list);
	CHECK(n == -1 ? errno == EAGAIN : n < 32);
	CHECK_EQ(io_getevents(c, 0, 32, ev, &none), 32);
	for (int i = 0; i < 32; i++)
		CHECK_EQ(ev[i].data, i);
	CHECK_EQ(io_submit(c, 32, list), 32);
	for (total = 0; (n = io_getevents(c, 0, 32, ev, &none)) > 0;)
		total += n;
	CHECK(total >= 32);
	CHECK_OK(io_destroy(c));
}

CASE(event_file)
{
	aio_context_t c = setup(4);
	int e = CHECK_OK(eventfd(0, EFD_NONBLOCK)), fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct iocb cb = prep(IOCB_CMD_PWRITE, fd, "abc", 3, 0);
	uint64_t v;

	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = e;
	CHECK_EQ(one(c, &cb), 3);
	CHECK_EQ(one(c, &cb), 3);
	CHECK_EQ(read(e, &v, 8), 8);
	CHECK_EQ(v, 2);
	CHECK_OK(io_destroy(c));
}

static int p[2];

static void *late_writer(void *x)
{
	WAIT_THREAD_BLOCKED(getpid());
	CHECK_EQ(write(p[1], "x", 1), 1);
	return x;
}

CASE(poll)
{
	aio_context_t c = setup(4);
	struct timespec soon = { 0, 20000000 };
	struct io_event ev;
	pthread_t t;
	struct iocb cb, *list[1] = { &cb };
	char x;

	CHECK_OK(pipe(p));
	/* Ready at once. */
	cb = prep(IOCB_CMD_POLL, p[1], (void *)(long)POLLOUT, 0, 0);
	CHECK_EQ(one(c, &cb), POLLOUT);
	/* Later. */
	cb = prep(IOCB_CMD_POLL, p[0], (void *)(long)POLLIN, 0, 0);
	CHECK_EQ(io_submit(c, 1, list), 1);
	CHECK_EQ(io_getevents(c, 1, 1, &ev, &soon), 0);
	CHECK_EQ(pthread_create(&t, NULL, late_writer, NULL), 0);
	CHECK_EQ(io_getevents(c, 1, 1, &ev, NULL), 1);
	CHECK(ev.res & POLLIN);		/* Linux: what came with the wake-up, asked for or not */
	pthread_join(t, NULL);
	CHECK_EQ(read(p[0], &x, 1), 1);
	/* Cancelled: its event comes. */
	CHECK_EQ(io_submit(c, 1, list), 1);
	CHECK_ERR(io_cancel(c, &cb, &ev), EINPROGRESS);
	CHECK_EQ(io_getevents(c, 1, 1, &ev, NULL), 1);
	CHECK_EQ(ev.res, 0);
	CHECK_ERR(io_cancel(c, &cb, &ev), EINVAL);
	/* What would never come does not keep a context, nor a process, from its end. */
	CHECK_EQ(io_submit(c, 1, list), 1);
	CHECK_OK(io_destroy(c));
	c = 0;
	CHECK_OK(io_setup(4, &c));
	CHECK_EQ(io_submit(c, 1, list), 1);
}

static void on_alarm(int s)
{
	(void)s;
}

CASE(interrupted)
{
	aio_context_t c = setup(4);
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval it = { { 0, 30000 }, { 0, 30000 } };	/* again and again: the first may come before the call */
	struct io_event ev;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK_ERR(io_getevents(c, 1, 1, &ev, NULL), EINTR);
	it = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK_OK(io_destroy(c));
}

struct ring {
	unsigned int id, nr, head, tail, magic, compat, incompat, header_length;
	struct io_event ev[];
};

CASE(ring_is_mapped)
{
	aio_context_t c = setup(4);
	volatile struct ring *r = (void *)c;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct iocb cb = prep(IOCB_CMD_PWRITE, fd, "abc", 3, 0), *list[1] = { &cb };
	struct timespec none = { 0, 0 };
	struct io_event ev;

	CHECK_EQ(r->magic, 0xa10a10a1u);
	CHECK_EQ(r->header_length, 32);
	CHECK(r->nr >= 4);
	CHECK_EQ(r->head, r->tail);
	CHECK_EQ(io_submit(c, 1, list), 1);
	CHECK_EQ((r->head + 1) % r->nr, r->tail);
	CHECK_EQ(r->ev[r->head].res, 3);
	/* Taken by the user himself. */
	r->head = r->tail;
	CHECK_EQ(io_getevents(c, 0, 1, &ev, &none), 0);
	CHECK_OK(io_destroy(c));
}

#define DEPTH 32

/* O_DIRECT, many at a time: everything arrives, and the data is right. */
CASE(direct)
{
	aio_context_t c = setup(DEPTH);
	int fd = open("f", O_CREAT | O_RDWR | O_DIRECT, 0644), left;
	static struct iocb cb[DEPTH];
	struct iocb *list[DEPTH];
	struct io_event ev[DEPTH];
	char *a, *b;
	size_t n = DEPTH * 4 * PG;

	if (fd < 0 && errno == EINVAL)
		SKIP("no O_DIRECT here");
	CHECK_OK(fd);
	a = mmap(NULL, 2 * n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(a != MAP_FAILED);
	b = a + n;
	CHECK_EQ(pwrite(fd, a, n, 0), (ssize_t)n);
	CHECK_OK(fsync(fd));
	for (size_t i = 0; i < n; i++)
		a[i] = (char)(i * 7 + i / PG);
	for (int rd = 0; rd < 2; rd++) {
		for (int i = 0; i < DEPTH; i++) {
			int at = i * 13 % DEPTH;

			cb[i] = prep(rd ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE, fd, (rd ? b : a) + at * 4 * PG, 4 * PG,
				     at * 4 * (off_t)PG);
			list[i] = &cb[i];
		}
		CHECK_EQ(io_submit(c, DEPTH, list), DEPTH);
		for (left = DEPTH; left;) {
			long k = io_getevents(c, 1, DEPTH, ev, NULL);

			CHECK(k > 0);
			for (int i = 0; i < k; i++)
				CHECK_EQ(ev[i].res, 4 * (long)PG);
			left -= (int)k;
		}
	}
	CHECK(!memcmp(a, b, n));
	/* Truncation waits for what is under way; what comes after it finds the end. */
	CHECK_EQ(io_submit(c, DEPTH, list), DEPTH);
	CHECK_OK(ftruncate(fd, 0));
	CHECK_EQ(io_getevents(c, DEPTH, DEPTH, ev, NULL), DEPTH);
	cb[0] = prep(IOCB_CMD_PREAD, fd, b, PG, 0);
	CHECK_EQ(one(c, &cb[0]), 0);
	/* Leaving with requests under way. */
	CHECK_EQ(pwrite(fd, a, n, 0), (ssize_t)n);
	for (int i = 0; i < DEPTH; i++)
		cb[i] = prep(IOCB_CMD_PREAD, fd, b + i * 4 * PG, 4 * PG, i * 4 * (off_t)PG);
	CHECK_EQ(io_submit(c, DEPTH, list), DEPTH);
}
