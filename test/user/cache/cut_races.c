/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Holes and truncations against mappings, readers and writers: no byte comes back that was cut off, nothing
 * beside the hole changes, and in the end memory and disk agree. On memory files as well.
 */
#include "diskfile.h"

#define SPAN 64
#define PUNCH (1 | 2)	/* FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE */

static struct {
	int fd;
	char *m;
	_Atomic int stop;
	_Atomic unsigned int gen;
	_Atomic int want;	/* somebody waits for the lock to write: it is not fair */
	pthread_rwlock_t lock;
} g = { .lock = PTHREAD_RWLOCK_INITIALIZER };
static __thread sigjmp_buf bus;

/* Each case a second and a half, on however slow a machine. */
static bool more(long long since, int done, int rounds)
{
	return done < rounds && (done < 5 || kt_now() - since < 1500000000);
}

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static void setup(void)
{
	g.fd = df_make("f", SPAN, 1);
	g.m = mmap(NULL, SPAN * PG, PROT_READ | PROT_WRITE, MAP_SHARED, g.fd, 0);
	CHECK(g.m != MAP_FAILED);
	kt_handle(SIGBUS, on_bus);
}

/* What everybody sees in the end is the same, also from the disk. */
static void settle(size_t pages)
{
	char *a = malloc(pages * PG), *b = malloc(pages * PG);

	CHECK_EQ(pread(g.fd, a, pages * PG, 0), (ssize_t)(pages * PG));
	CHECK_MEM(a, g.m, pages * PG);
	CHECK_OK(fsync(g.fd));
	CHECK_OK(munmap(g.m, SPAN * PG));
	if (!kt_on_memory())
		df_drop(g.fd, pages);
	CHECK_EQ(pread(g.fd, b, pages * PG, 0), (ssize_t)(pages * PG));
	CHECK_MEM(a, b, pages * PG);
	free(a);
	free(b);
}

static void *map_writer(void *arg)
{
	unsigned int x = 1;

	while (!g.stop) {
		x = x * 1103515245 + 12345;
		g.m[(x >> 8) % (SPAN * PG)] = 'w';
	}
	return arg;
}

static void *map_reader(void *arg)
{
	unsigned int x = 7;

	while (!g.stop) {
		unsigned char c;

		x = x * 1103515245 + 12345;
		c = (unsigned char)g.m[(x >> 8) % (SPAN * PG)];
		if (c && c != 'w' && c != df_byte(1, (x >> 8) % (SPAN * PG) / PG))
			FAIL("byte %#x at %#lx", c, (x >> 8) % (SPAN * PG));
	}
	return arg;
}

CASE(punch_under_mapping)
{
	long long since = kt_now();
	pthread_t t[2];

	setup();
	CHECK_EQ(pthread_create(&t[0], NULL, map_writer, NULL), 0);
	CHECK_EQ(pthread_create(&t[1], NULL, map_reader, NULL), 0);
	for (int i = 0; more(since, i, 200); i++) {
		off_t at = i * 913 % (SPAN - 16) * (off_t)PG + (i & 1 ? 100 : 0);

		CHECK_OK(fallocate(g.fd, PUNCH, at, (off_t)(i % 15 + 1) * (off_t)PG));
		if (i % 40 == 0)
			CHECK_OK(fdatasync(g.fd));
	}
	g.stop = 1;
	CHECK_EQ(pthread_join(t[0], NULL), 0);
	CHECK_EQ(pthread_join(t[1], NULL), 0);
	settle(SPAN);
}

static void *syncer(void *arg)
{
	while (!g.stop)
		CHECK_OK(fdatasync(g.fd));
	return arg;
}

/* What is written into the hole while it is made is there afterwards or not, but the same in memory and on the disk. */
CASE(punch_under_write_back)
{
	long long since = kt_now();
	pthread_t t[3];

	setup();
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, map_writer, NULL), 0);
	CHECK_EQ(pthread_create(&t[2], NULL, syncer, NULL), 0);
	for (int i = 0; more(since, i, 100000); i++)
		CHECK_OK(fallocate(g.fd, PUNCH, i * 913 % (SPAN - 16) * (off_t)PG, (off_t)(i % 15 + 1) * (off_t)PG));
	g.stop = 1;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	settle(SPAN);
}

/* A hole is empty when the call is back, for all who look; its neighbours are whole. */
CASE(punch_is_exact)
{
	long long since = kt_now();
	char *p = malloc(SPAN * PG);

	setup();
	for (int i = 0; more(since, i, 60); i++) {
		size_t at = (size_t)(i * 7919) % (SPAN * PG - 20000), n = (size_t)(i * 331) % 20000 + 1;

		memset(g.m, 'v', SPAN * PG);
		if (i % 3 == 0)
			CHECK_OK(fsync(g.fd));
		CHECK_OK(fallocate(g.fd, PUNCH, (off_t)at, (off_t)n));
		CHECK_EQ(pread(g.fd, p, SPAN * PG, 0), SPAN * (ssize_t)PG);
		CHECK_MEM(p, g.m, SPAN * PG);
		for (size_t j = 0; j < SPAN * PG; j++)
			if (p[j] != (j >= at && j < at + n ? 0 : 'v'))
				FAIL("hole %zu+%zu: byte %zu is %#x", at, n, j, p[j]);
	}
	settle(SPAN);
	free(p);
}

/* Stores the present generation here and there; what it stores is never older than the last cut. */
static void *gen_writer(void *arg)
{
	volatile unsigned int x = (unsigned int)(uintptr_t)arg;

	while (!g.stop) {
		x = x * 1103515245 + 12345;
		while (g.want)
			sched_yield();
		pthread_rwlock_rdlock(&g.lock);
		if (!sigsetjmp(bus, 1))
			((volatile unsigned int *)g.m)[(x >> 8) % (SPAN * PG / 4)] = g.gen;
		pthread_rwlock_unlock(&g.lock);
	}
	return arg;
}

/*
 * After a cut to `small` and growing again, only what was stored since is there. Behind the end on the last
 * page a mapping may be written, so that page does not count.
 */
CASE(no_old_bytes_after_truncate)
{
	long long since = kt_now();
	static unsigned int p[SPAN * PG / 4];
	pthread_t t[2];

	setup();
	g.gen = 1;
	CHECK_OK(ftruncate(g.fd, 0));
	CHECK_OK(ftruncate(g.fd, SPAN * PG));
	for (uintptr_t i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, gen_writer, (void *)(i + 1)), 0);
	for (int i = 0; more(since, i, 150); i++) {
		size_t small = (size_t)(i * 7919) % (SPAN * PG) & ~3ul;
		unsigned int now;

		CHECK_OK(ftruncate(g.fd, (off_t)small));
		g.want = 1;
		pthread_rwlock_wrlock(&g.lock);
		g.want = 0;
		now = ++g.gen;
		CHECK_OK(ftruncate(g.fd, SPAN * PG));
		pthread_rwlock_unlock(&g.lock);
		if (i % 20 == 0)
			CHECK_OK(fdatasync(g.fd));
		CHECK_EQ(pread(g.fd, p, sizeof(p), 0), (ssize_t)sizeof(p));
		for (size_t j = (small + PG - 1) / PG * (PG / 4); j < SPAN * PG / 4; j++)
			if (p[j] && p[j] < now)
				FAIL("round %d cut at %zu: word %zu is of generation %u, it is %u now", i, small, j, p[j], now);
	}
	g.stop = 1;
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	settle(SPAN);
}

static void *appender(void *arg)
{
	char b[3000];
	int fd = CHECK_OK(open("f", O_WRONLY | O_APPEND));

	memset(b, 'a', sizeof(b));
	while (!g.stop)
		CHECK_EQ(write(fd, b, sizeof(b)), (ssize_t)sizeof(b));
	close(fd);
	return arg;
}

/* Appending against cutting: whole records behind where it was cut, no holes with old bytes. */
CASE(append_and_cut)
{
	long long since = kt_now();
	char *p = malloc(1 << 20);
	pthread_t t;

	g.fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(pthread_create(&t, NULL, appender, NULL), 0);
	for (int i = 0; more(since, i, 200); i++) {
		ssize_t n;

		CHECK_OK(ftruncate(g.fd, i * 37 % 5000));
		if (i % 25 == 0)
			CHECK_OK(fdatasync(g.fd));
		n = pread(g.fd, p, 1 << 20, 0);
		CHECK_GE(n, 0);
		for (ssize_t j = 0; j < n; j++)
			if (p[j] && p[j] != 'a')
				FAIL("byte %zd of %zd is %#x", j, n, p[j]);
	}
	g.stop = 1;
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_OK(fsync(g.fd));
	free(p);
}

/* A page beyond the end raises SIGBUS at once after the cut, and is there again after growing. */
CASE(bus_behind_the_end)
{
	volatile char *m;

	setup();
	m = g.m;
	for (int i = 0; i < 20; i++) {
		m[40 * PG] = 1;
		CHECK_OK(ftruncate(g.fd, 40 * PG));
		CHECK_EQ(kt_fault(m + 40 * PG, true, NULL), SIGBUS);
		CHECK_EQ(kt_fault(m + 39 * PG, true, NULL), 0);
		CHECK_OK(ftruncate(g.fd, SPAN * PG));
		CHECK_EQ(m[40 * PG], 0);
	}
}
