/* SPDX-License-Identifier: MPL-2.0 */
/* O_DIRECT on files: overwriting from many threads, holes and ends, appending; skipped where the file system has none. */
#include "ktest_user.h"

#define BLOCKS 64

static char *aligned(size_t n)
{
	char *m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(m != MAP_FAILED);
	return m;
}

static int open_direct(int flags)
{
	int fd = open("f", O_CREAT | O_RDWR | O_DIRECT | flags, 0644);

	if (fd < 0 && errno == EINVAL)
		SKIP("no O_DIRECT here");
	return CHECK_OK(fd);
}

static struct {
	int fd;
	_Atomic int bad;
} g;

static void *overwriter(void *arg)
{
	long id = (long)arg;
	char *buf = aligned(2 * PG);

	for (int round = 0; round < 40; round++) {
		long block = id + 8 * (round * 5 % (BLOCKS / 8));

		memset(buf, (int)(id * 40 + round), PG);
		if (pwrite(g.fd, buf, PG, block * (off_t)PG) != (ssize_t)PG ||
		    pread(g.fd, buf + PG, PG, block * (off_t)PG) != (ssize_t)PG || memcmp(buf, buf + PG, PG))
			g.bad++;
	}
	munmap(buf, 2 * PG);
	return NULL;
}

CASE(many_overwrite)
{
	char *buf = aligned(BLOCKS * PG);
	pthread_t t[8];

	g.fd = open_direct(0);
	CHECK_EQ(pwrite(g.fd, buf, BLOCKS * PG, 0), (ssize_t)(BLOCKS * PG));
	CHECK_OK(fsync(g.fd));
	for (long i = 0; i < 8; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, overwriter, (void *)i), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(g.bad, 0);
	CHECK_OK(fdatasync(g.fd));
}

/* One write over data, a hole, data, and behind the end. */
CASE(hole_and_end)
{
	size_t n = 16 * PG;
	char *a = aligned(n), *b = aligned(n);
	struct stat st;
	int fd = open_direct(0);

	for (size_t i = 0; i < n; i++)
		a[i] = (char)(i / PG + i);
	CHECK_EQ(pwrite(fd, b, 4 * PG, 0), (ssize_t)(4 * PG));
	CHECK_EQ(pwrite(fd, b, 4 * PG, 8 * PG), (ssize_t)(4 * PG));
	CHECK_OK(fsync(fd));
	CHECK_EQ(pwrite(fd, a, n, 0), (ssize_t)n);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, (off_t)n);
	CHECK_EQ(pread(fd, b, n, 0), (ssize_t)n);
	CHECK(!memcmp(a, b, n));
	CHECK_EQ(pread(fd, b, n, n), 0);
}

CASE(append)
{
	char *a = aligned(PG);
	struct stat st;
	int fd = open_direct(O_APPEND);

	for (int i = 0; i < 5; i++)
		CHECK_EQ(write(fd, a, PG), (ssize_t)PG);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, (off_t)(5 * PG));
}

CASE(not_aligned)
{
	char *a = aligned(2 * PG);
	int fd = open_direct(0);

	CHECK_EQ(pwrite(fd, a, 2 * PG, 0), (ssize_t)(2 * PG));
	CHECK_OK(fsync(fd));
	CHECK_ERR(pwrite(fd, a, 100, 0), EINVAL);
	CHECK_ERR(pwrite(fd, a + 1, PG, 0), EINVAL);
	CHECK_ERR(pwrite(fd, a, PG, 100), EINVAL);
	CHECK_ERR(pread(fd, a + 1, PG, 0), EINVAL);
}

/* The rights that a write takes away go with a direct one too. */
CASE(takes_suid)
{
	char *a = aligned(PG);
	struct stat st;
	int fd = open_direct(0);

	CHECK_EQ(pwrite(fd, a, PG, 0), (ssize_t)PG);
	CHECK_OK(fsync(fd));
	CHECK_OK(fchown(fd, 1000, 1000));
	CHECK_OK(fchmod(fd, 06777));
	if (fork() == 0) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(1);
		_exit(pwrite(fd, a, PG, 0) != (ssize_t)PG);
	}
	CHECK(wait(NULL) > 0);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 06000, 0);
}
