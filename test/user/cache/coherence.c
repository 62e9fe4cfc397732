/* SPDX-License-Identifier: MPL-2.0 */
/* One copy of a file's data: read, write, shared mappings, truncation and O_DIRECT see the same bytes. */
#include "ktest_user.h"

static void fill(char *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(seed + i * 7 + i / 251);
}

CASE(mmap_sees_write)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *m, buf[64];

	CHECK_OK(ftruncate(fd, 4 * PG));
	m = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (int round = 0; round < 20; round++) {
		size_t at = (size_t)round * 813 % (4 * PG - 64);

		memset(buf, 'a' + round, sizeof(buf));
		CHECK_EQ(pwrite(fd, buf, sizeof(buf), (off_t)at), 64);
		CHECK(!memcmp(m + at, buf, 64));
		memset(m + at, 'A' + round, 64);
		CHECK_EQ(pread(fd, buf, 64, (off_t)at), 64);
		CHECK(!memcmp(m + at, buf, 64));
		if (round % 5 == 0)
			CHECK_OK(fsync(fd));
	}
}

/* What a mapping wrote behind the end is not there when the file grows. */
CASE(tail_is_zero)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *m, buf[PG];

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	m[5] = 'x';
	CHECK_OK(fsync(fd));
	CHECK_OK(ftruncate(fd, 5));
	CHECK_OK(ftruncate(fd, PG));
	CHECK_EQ(pread(fd, buf, PG, 0), (ssize_t)PG);
	CHECK(!memcmp(buf, "01234", 5));
	for (size_t i = 5; i < PG; i++)
		CHECK_EQ(buf[i], 0);
}

CASE(truncate_under_mapping)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	size_t n = 64 * PG;
	char *a = malloc(n), *b = malloc(n), *m;

	fill(a, n, 1);
	CHECK_EQ(pwrite(fd, a, n, 0), (ssize_t)n);
	m = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK(!memcmp(a, m, n));
	for (size_t size = n; size > PG; size -= 3 * PG + 777) {
		CHECK_OK(ftruncate(fd, (off_t)size));
		CHECK_OK(ftruncate(fd, (off_t)n));
		memset(a + size, 0, n - size);
		CHECK_EQ(pread(fd, b, n, 0), (ssize_t)n);
		CHECK(!memcmp(a, b, n));
		CHECK(!memcmp(a, m, n));
		if (size < 4 * PG + 777)
			break;
	}
	CHECK_OK(fsync(fd));
	CHECK_OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	CHECK_EQ(pread(fd, b, n, 0), (ssize_t)n);
	CHECK(!memcmp(a, b, n));
}

/* Small writes at odd places, dropped from the cache and read again: blocks that are only partly overwritten. */
CASE(odd_pieces)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	size_t n = 300000;
	char *a = calloc(1, n), *b = malloc(n);
	unsigned int seed = 12345;

	CHECK_OK(ftruncate(fd, (off_t)n));
	for (int round = 0; round < 400; round++) {
		size_t at, len;

		seed = seed * 1103515245 + 12345;
		len = seed % 3000 + 1;
		seed = seed * 1103515245 + 12345;
		at = seed % (n - len);
		fill(a + at, len, seed);
		CHECK_EQ(pwrite(fd, a + at, len, (off_t)at), (ssize_t)len);
		if (round % 40 == 39) {
			CHECK_OK(fdatasync(fd));
			CHECK_OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
			CHECK_EQ(pread(fd, b, n, 0), (ssize_t)n);
			CHECK(!memcmp(a, b, n));
		}
	}
}

/* The source of a write is a page that must be faulted in, or is missing after a while. */
CASE(source_faults)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), src = CHECK_OK(open("s", O_CREAT | O_RDWR, 0644));
	char *m, *b = malloc(8 * PG), *hole = kt_map(8, PROT_READ | PROT_WRITE);

	fill(b, 8 * PG, 3);
	CHECK_EQ(write(src, b, 8 * PG), 8 * (ssize_t)PG);
	CHECK_OK(fsync(src));
	CHECK_OK(posix_fadvise(src, 0, 0, POSIX_FADV_DONTNEED));
	m = mmap(NULL, 8 * PG, PROT_READ, MAP_SHARED, src, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(pwrite(fd, m + 100, 7 * PG, 50), 7 * (ssize_t)PG);
	CHECK_EQ(pread(fd, hole, 7 * PG, 50), 7 * (ssize_t)PG);
	CHECK(!memcmp(hole, b + 100, 7 * PG));
	CHECK_OK(munmap(hole + 3 * PG, 5 * PG));
	memset(hole, 'h', 3 * PG);
	CHECK_EQ(pwrite(fd, hole + PG / 2, 6 * PG, 0), 2 * (ssize_t)PG + (ssize_t)PG / 2);
	CHECK_ERR(pwrite(fd, hole + 4 * PG, PG, 0), EFAULT);
	/* A file written from a mapping of itself. */
	m = mmap(NULL, 2 * PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(pwrite(fd, m, PG, PG / 2), (ssize_t)PG);
}

CASE(direct)
{
	size_t n = 64 * PG;
	char *a, *b, *m;
	int fd = open("f", O_CREAT | O_RDWR | O_DIRECT, 0644), fb;

	if (fd < 0 && errno == EINVAL)
		SKIP("no O_DIRECT here");
	CHECK_OK(fd);
	fb = CHECK_OK(open("f", O_RDWR));
	a = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(a != MAP_FAILED && b != MAP_FAILED);
	fill(a, n, 9);
	CHECK_EQ(pwrite(fd, a, n, 0), (ssize_t)n);
	CHECK_EQ(pread(fb, b, n, 0), (ssize_t)n);
	CHECK(!memcmp(a, b, n));
	/* Buffered, then direct reads it; direct, then the cache has it. */
	memset(a + 5 * PG, 'q', PG);
	CHECK_EQ(pwrite(fb, a + 5 * PG, PG, 5 * PG), (ssize_t)PG);
	memset(b, 0, n);
	CHECK_EQ(pread(fd, b, n, 0), (ssize_t)n);
	CHECK(!memcmp(a, b, n));
	m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fb, 0);
	CHECK(m != MAP_FAILED);
	CHECK(!memcmp(a, m, n));
	memset(a + 8 * PG, 'd', 4 * PG);
	CHECK_EQ(pwrite(fd, a + 8 * PG, 4 * PG, 8 * PG), 4 * (ssize_t)PG);
	CHECK(!memcmp(a, m, n));
	m[20 * PG] = 'M';
	a[20 * PG] = 'M';
	CHECK_EQ(pread(fd, b, n, 0), (ssize_t)n);
	CHECK(!memcmp(a, b, n));
	CHECK_EQ(pread(fd, b, PG, (off_t)n), 0);
}

static struct {
	int fd;
	_Atomic int stop;
} g;

static void *truncater(void *arg)
{
	while (!g.stop) {
		CHECK_OK(ftruncate(g.fd, 3 * PG + 100));
		CHECK_OK(ftruncate(g.fd, 64 * PG));
	}
	return arg;
}

static void *writer(void *arg)
{
	static char buf[16 * PG];

	memset(buf, 'w', sizeof(buf));
	while (!g.stop)
		CHECK_EQ(pwrite(g.fd, buf, sizeof(buf), 10 * PG), (ssize_t)sizeof(buf));
	return arg;
}

/* Truncation against writers and readers: each byte is what somebody wrote, or zero. */
CASE(races)
{
	pthread_t t[2];
	char *b = malloc(64 * PG);

	g.fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	CHECK_OK(ftruncate(g.fd, 64 * PG));
	CHECK_EQ(pthread_create(&t[0], NULL, truncater, NULL), 0);
	CHECK_EQ(pthread_create(&t[1], NULL, writer, NULL), 0);
	for (int i = 0; i < 300; i++) {
		ssize_t n = pread(g.fd, b, 64 * PG, 0);

		CHECK(n >= 0);
		for (ssize_t j = 0; j < n; j++)
			CHECK(b[j] == 0 || (b[j] == 'w' && j >= 10 * (ssize_t)PG));
		if (i % 30 == 0)
			CHECK_OK(fdatasync(g.fd));
	}
	g.stop = 1;
	CHECK_EQ(pthread_join(t[0], NULL), 0);
	CHECK_EQ(pthread_join(t[1], NULL), 0);
}
