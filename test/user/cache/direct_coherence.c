/* SPDX-License-Identifier: MPL-2.0 */
/*
 * O_DIRECT on a disk: what must be aligned, holes, the end of the file, memory that cannot be written, and
 * the same bytes for those who read, map or write the file through the page cache at the same time.
 */
#include "diskfile.h"

static char *memory(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

CASE(alignment)
{
	char *p = memory(4 * PG);
	struct iovec v[3];
	int fd, fb;

	DISK_ONLY();
	fb = df_make("f", 4, 1);
	fd = CHECK_OK(open("f", O_RDWR | O_DIRECT));
	/* Place, length and memory count in sectors. */
	CHECK_ERR(pread(fd, p, PG, 100), EINVAL);
	CHECK_ERR(pread(fd, p, 100, 0), EINVAL);
	CHECK_ERR(pread(fd, p + 1, PG, 0), EINVAL);
	CHECK_ERR(pwrite(fd, p, PG, 100), EINVAL);
	CHECK_ERR(pwrite(fd, p, 100, 0), EINVAL);
	CHECK_ERR(pwrite(fd, p + 1, PG, 0), EINVAL);
	df_check(fb, 4, 1);
	CHECK_EQ(pread(fd, p, 0, 0), 0);
	CHECK_EQ(pwrite(fd, p, 0, 0), 0);
	CHECK_EQ(pread(fd, p + 512, 512, 1024), 512);
	CHECK_EQ((unsigned char)p[512], df_byte(1, 0));
	CHECK_EQ(p[1024], 0);
	/* A sector in the middle of a block, and pieces that are not side by side. */
	memset(p, 'S', PG);
	CHECK_EQ(pwrite(fd, p, 512, PG + 512), 512);
	v[0] = (struct iovec){ p + PG, 512 };
	v[1] = (struct iovec){ p + 2 * PG + 512, 1024 };
	v[2] = (struct iovec){ p + 3 * PG, 512 };
	CHECK_EQ(preadv(fd, v, 3, PG), 2048);
	CHECK_EQ((unsigned char)p[PG], df_byte(1, 1));
	CHECK_EQ(p[2 * PG + 512], 'S');
	CHECK_EQ((unsigned char)p[2 * PG + 1024], df_byte(1, 1));
	CHECK_EQ((unsigned char)p[3 * PG], df_byte(1, 1));
	CHECK_EQ(pread(fb, p, PG, PG), (ssize_t)PG);
	CHECK_EQ((unsigned char)p[511], df_byte(1, 1));
	CHECK_EQ(p[512], 'S');
	CHECK_EQ(p[1023], 'S');
	CHECK_EQ((unsigned char)p[1024], df_byte(1, 1));
	v[1].iov_len = 1000;
	CHECK_ERR(preadv(fd, v, 3, PG), EINVAL);
}

CASE(ends)
{
	char *p = memory(4 * PG), zero[PG] = { 0 };
	struct stat st;
	int fd;

	DISK_ONLY();
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR | O_DIRECT, 0644));
	CHECK_EQ(pread(fd, p, PG, 0), 0);
	/* Behind the end: the file becomes longer, what lies between is a hole. */
	memset(p, 'a', PG);
	CHECK_EQ(pwrite(fd, p, PG, 3 * PG), (ssize_t)PG);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 4 * PG);
	CHECK_EQ(st.st_blocks, kt_used(3 * PG, 4 * PG));
	CHECK_EQ(pread(fd, p, 4 * PG, 0), 4 * (ssize_t)PG);
	CHECK_MEM(p, zero, PG);
	CHECK_MEM(p + 2 * PG, zero, PG);
	CHECK_EQ(p[3 * PG], 'a');
	/* Into the hole. */
	memset(p, 'b', PG);
	CHECK_EQ(pwrite(fd, p, 512, PG + 512), 512);
	CHECK_EQ(pread(fd, p, PG, PG), (ssize_t)PG);
	CHECK_MEM(p, zero, 512);
	CHECK_EQ(p[512], 'b');
	CHECK_EQ(p[1023], 'b');
	CHECK_MEM(p + 1024, zero, PG - 1024);
	/* An end that is no multiple of a sector. */
	CHECK_OK(ftruncate(fd, 3 * PG + 904));
	CHECK_EQ(pread(fd, p, 2 * PG, 3 * PG), 904);
	CHECK_EQ(p[903], 'a');
	CHECK_EQ(pread(fd, p, PG, 3 * PG + 512), 904 - 512);
	CHECK_EQ(pread(fd, p, PG, 3 * PG + 1024), 0);
	CHECK_EQ(pread(fd, p, PG, 8 * PG), 0);
	CHECK_EQ(pread(fd, p, 100, 8 * PG + 7), 0);
	memset(p, 'c', 512);
	CHECK_EQ(pwrite(fd, p, 512, 3 * PG + 512), 512);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3 * PG + 1024);
	/* What was cut off does not come back. */
	CHECK_OK(ftruncate(fd, 3 * PG + 600));
	CHECK_OK(ftruncate(fd, 4 * PG));
	CHECK_EQ(pread(fd, p, PG, 3 * PG), (ssize_t)PG);
	CHECK_EQ(p[599], 'c');
	CHECK_MEM(p + 600, zero, PG - 600);
	/* At the end, by O_APPEND; the offset moves on. */
	CHECK_OK(close(fd));
	fd = CHECK_OK(open("f", O_WRONLY | O_APPEND | O_DIRECT));
	memset(p, 'e', 2 * PG);
	CHECK_EQ(write(fd, p, PG), (ssize_t)PG);
	CHECK_EQ(write(fd, p, PG), (ssize_t)PG);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6 * PG);
	CHECK_OK(fcntl(fd, F_SETFL, O_APPEND));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 6 * PG + 1);
	CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_DIRECT));
	CHECK_ERR(write(fd, p, PG), EINVAL);
}

CASE(bad_memory)
{
	char *p = memory(4 * PG);
	int fd;
	ssize_t n;

	DISK_ONLY();
	df_make("f", 8, 2);
	fd = CHECK_OK(open("f", O_RDWR | O_DIRECT));
	CHECK_OK(mprotect(p + PG, PG, PROT_READ));
	CHECK_OK(munmap(p + 3 * PG, PG));
	CHECK_ERR(pread(fd, p + PG, PG, 0), EFAULT);
	CHECK_ERR(pread(fd, p + 3 * PG, PG, 0), EFAULT);
	CHECK_ERR(pwrite(fd, p + 3 * PG, PG, 0), EFAULT);
	/* Writing out what one may only read is right. */
	CHECK_EQ(pwrite(fd, p + PG, PG, 7 * PG), (ssize_t)PG);
	n = pread(fd, p + 2 * PG, 2 * PG, 0);
	CHECK(n == (ssize_t)PG || (n == -1 && errno == EFAULT));
	CHECK_OK(close(fd));
	df_check(CHECK_OK(open("f", O_RDONLY)), 7, 2);
}

/* From and to pages of another file's mapping, and memory that is shared with a child. */
CASE(other_memory)
{
	char *m, *s = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd, other;
	pid_t p;

	DISK_ONLY();
	df_make("f", 4, 3);
	fd = CHECK_OK(open("f", O_RDWR | O_DIRECT));
	other = df_make("g", 4, 77);
	m = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(pread(fd, m, 4 * PG, 0), 4 * (ssize_t)PG);
	CHECK_OK(msync(m, 4 * PG, MS_SYNC));
	CHECK_OK(munmap(m, 4 * PG));
	df_drop(other, 4);
	df_check(other, 4, 3);
	CHILD(p)
		CHECK_EQ(pread(fd, s, 4 * PG, 0), 4 * (ssize_t)PG);
	WAIT_EXIT(p, 0);
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ((unsigned char)s[i * PG + 9], df_byte(3, i));
	/* Read while a fork copies the address space: the parent has what was read. */
	m = memory(PG);
	m[0] = 1;
	CHILD(p)
		m[1] = 1;
	CHECK_EQ(pread(fd, m, PG, 0), (ssize_t)PG);
	CHECK_EQ((unsigned char)m[0], df_byte(3, 0));
	WAIT_EXIT(p, 0);
}

/* A shared mapping changes a page; direct reads see it; a direct write is seen by the mapping, not by a private copy. */
CASE(mappings)
{
	char *p = memory(8 * PG), *m, *own;
	int fd, fb;

	DISK_ONLY();
	fb = df_make("f", 8, 4);
	fd = CHECK_OK(open("f", O_RDWR | O_DIRECT));
	m = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fb, 0);
	own = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fb, 0);
	CHECK(m != MAP_FAILED && own != MAP_FAILED);
	own[2 * PG] = 'o';
	for (int round = 0; round < 20; round++) {
		m[3 * PG + 5] = (char)('A' + round);
		CHECK_EQ(pread(fd, p, PG, 3 * PG), (ssize_t)PG);
		CHECK_EQ(p[5], 'A' + round);
		memset(p, 'a' + round, 3 * PG);
		CHECK_EQ(pwrite(fd, p, 3 * PG, 2 * PG), 3 * (ssize_t)PG);
		CHECK_EQ(m[2 * PG], 'a' + round);
		CHECK_EQ(m[4 * PG + 4095], 'a' + round);
		CHECK_EQ(own[4 * PG], 'a' + round);
		CHECK_EQ(own[2 * PG], 'o');
		CHECK_EQ(pread(fb, p, PG, 3 * PG), (ssize_t)PG);
		CHECK_EQ(p[5], 'a' + round);
	}
	CHECK_OK(fsync(fb));
	CHECK_EQ((unsigned char)m[PG], df_byte(4, 1));
	CHECK_EQ((unsigned char)m[5 * PG], df_byte(4, 5));
}

static struct {
	int fd, fb;
	char *m;
	_Atomic int stop;
} g;

#define SPAN 16

/* Everybody writes whole pages of one letter, the same letter for the same writer. */
static void *direct_writer(void *arg)
{
	char *p = memory(4 * PG);

	memset(p, 'd', 4 * PG);
	for (unsigned int i = 0; !g.stop; i++)
		CHECK_EQ(pwrite(g.fd, p, 4 * PG, (off_t)(i * 3 % (SPAN - 4) * PG)), 4 * (ssize_t)PG);
	return arg;
}

static void *cache_writer(void *arg)
{
	char *p = memory(2 * PG);

	memset(p, 'c', 2 * PG);
	for (unsigned int i = 0; !g.stop; i++)
		CHECK_EQ(pwrite(g.fb, p, 2 * PG, (off_t)(i * 5 % (SPAN - 2) * PG)), 2 * (ssize_t)PG);
	return arg;
}

static void *map_writer(void *arg)
{
	for (unsigned int i = 0; !g.stop; i++)
		g.m[i * 7 % (SPAN * PG)] = 'm';
	return arg;
}

/*
 * At once: every byte is one that somebody wrote, and in the end everybody sees the same. With writers through
 * mappings Linux may find that it could not keep the cache right; it says so by EIO, and only then may they differ.
 */
static void race(int nr)
{
	void *(*const fns[])(void *) = { direct_writer, cache_writer, map_writer };
	char *p = memory(SPAN * PG), *q = memory(SPAN * PG);
	long long since = kt_now();
	pthread_t t[3];
	int err;

	g.fb = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	memset(p, 'c', SPAN * PG);
	CHECK_EQ(write(g.fb, p, SPAN * PG), SPAN * (ssize_t)PG);
	CHECK_OK(fsync(g.fb));
	g.fd = CHECK_OK(open("f", O_RDWR | O_DIRECT));
	g.m = mmap(NULL, SPAN * PG, PROT_READ | PROT_WRITE, MAP_SHARED, g.fb, 0);
	CHECK(g.m != MAP_FAILED);
	for (int i = 0; i < nr; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, fns[i], NULL), 0);
	for (int i = 0; i < 60 && (i < 5 || kt_now() - since < 2000000000); i++) {
		CHECK_EQ(pread(i & 1 ? g.fd : g.fb, p, SPAN * PG, 0), SPAN * (ssize_t)PG);
		for (size_t j = 0; j < SPAN * PG; j++)
			if (!p[j] || !strchr("dcm", p[j]))
				FAIL("byte %zu is %#x", j, p[j]);
	}
	g.stop = 1;
	for (int i = 0; i < nr; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	err = fsync(g.fb) ? errno : 0;
	if (err && (nr < 3 || err != EIO))
		FAIL("fsync: %s", strerror(err));
	CHECK_EQ(pread(g.fd, p, SPAN * PG, 0), SPAN * (ssize_t)PG);
	CHECK_EQ(pread(g.fb, q, SPAN * PG, 0), SPAN * (ssize_t)PG);
	if (err)
		return;
	CHECK_MEM(p, q, SPAN * PG);
	CHECK_MEM(p, g.m, SPAN * PG);
	CHECK_OK(munmap(g.m, SPAN * PG));
	df_drop(g.fb, SPAN);
	CHECK_EQ(pread(g.fb, q, SPAN * PG, 0), SPAN * (ssize_t)PG);
	CHECK_MEM(p, q, SPAN * PG);
}

CASE(races)
{
	DISK_ONLY();
	race(2);
}

CASE(races_with_mappings)
{
	DISK_ONLY();
	race(3);
}

/* Past the cache: nothing of the file comes into memory, and the disk was really asked. */
CASE(past_the_cache)
{
	char *p = memory(32 * PG);
	long long sectors;
	int fd, fb;

	DISK_ONLY();
	fb = df_make("f", 64, 5);
	df_drop(fb, 64);
	fd = CHECK_OK(open("f", O_RDWR | O_DIRECT));
	sectors = df_disk(3);
	CHECK_EQ(pread(fd, p, 32 * PG, 0), 32 * (ssize_t)PG);
	CHECK_GE(df_disk(3) - sectors, 32 * 8);
	CHECK_EQ(df_resident(fb, 64), 0);
	for (size_t i = 0; i < 32; i++)
		CHECK_EQ((unsigned char)p[i * PG + 77], df_byte(5, i));
	sectors = df_disk(7);
	CHECK_EQ(pwrite(fd, p, 32 * PG, 0), 32 * (ssize_t)PG);
	CHECK_GE(df_disk(7) - sectors, 32 * 8);
	CHECK_EQ(df_resident(fb, 64), 0);
	df_check(fb, 64, 5);
}
