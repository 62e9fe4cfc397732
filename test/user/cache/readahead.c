/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What advice does to a file's pages, as mincore, fault counts, /proc/self/io and /proc/vmstat show it:
 * WILLNEED, RANDOM, SEQUENTIAL, COLD, PAGEOUT, POPULATE_READ; drop_caches.
 */
#include "diskfile.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static long major_faults(void)
{
	struct rusage u;

	CHECK_OK(getrusage(RUSAGE_SELF, &u));
	return u.ru_majflt;
}

static long long io(const char *name)
{
	return kt_field("/proc/self/io", name);
}

static char *map_file(int fd, size_t pages, int flags)
{
	char *m = mmap(NULL, pages * PG, PROT_READ, flags, fd, 0);

	CHECK(m != MAP_FAILED);
	return m;
}

CASE(willneed)
{
	int fd;
	char *m;
	long faults;

	DISK_ONLY();
	fd = df_make("f", 128, 1);
	df_drop(fd, 128);
	m = map_file(fd, 128, MAP_SHARED);
	CHECK_OK(madvise(m, 64 * PG, MADV_WILLNEED));
	df_wait_resident(fd, 128, 64);
	faults = major_faults();
	for (size_t i = 0; i < 64; i++)
		CHECK_EQ((unsigned char)m[i * PG], df_byte(1, i));
	CHECK_EQ(major_faults(), faults);
	/* Without advice somebody has to wait. */
	CHECK_EQ((unsigned char)m[127 * PG], df_byte(1, 127));
	CHECK_GT(major_faults(), faults);
}

CASE(random_and_sequential)
{
	int fd, n = 0;
	char *m;

	DISK_ONLY();
	fd = df_make("f", 256, 2);
	df_drop(fd, 256);
	m = map_file(fd, 256, MAP_SHARED);
	CHECK_OK(madvise(m, 256 * PG, MADV_RANDOM));
	for (size_t i = 0; i < 8; i++, n++)
		CHECK_EQ((unsigned char)m[(i * 37 + 5) % 256 * PG], df_byte(2, (i * 37 + 5) % 256));
	CHECK_EQ(df_resident(fd, 256), n);
	CHECK_OK(munmap(m, 256 * PG));
	df_drop(fd, 256);
	m = map_file(fd, 256, MAP_SHARED);
	CHECK_OK(madvise(m, 256 * PG, MADV_SEQUENTIAL));
	for (size_t i = 0; i < 16; i++)
		CHECK_EQ((unsigned char)m[i * PG], df_byte(2, i));
	CHECK_GT(df_resident(fd, 256), 20);
}

CASE(populate_read)
{
	int fd;
	char *m;
	long faults;

	DISK_ONLY();
	fd = df_make("f", 64, 3);
	df_drop(fd, 64);
	m = map_file(fd, 64, MAP_PRIVATE);
	CHECK_OK(madvise(m, 64 * PG, MADV_POPULATE_READ));
	CHECK_EQ(df_resident(fd, 64), 64);
	faults = major_faults();
	for (size_t i = 0; i < 64; i++)
		CHECK_EQ((unsigned char)m[i * PG + 9], df_byte(3, i));
	CHECK_EQ(major_faults(), faults);
}

CASE(accounts)
{
	char *p = malloc(64 * PG);
	long long read_bytes, rchar, write_bytes, pgpgin;
	struct rusage a, b;
	int fd;

	DISK_ONLY();
	fd = df_make("f", 64, 4);
	df_drop(fd, 64);
	if (io("read_bytes") < 0)
		SKIP("no /proc/self/io");
	CHECK_OK(getrusage(RUSAGE_SELF, &a));
	read_bytes = io("read_bytes");
	rchar = io("rchar");
	pgpgin = kt_stat("/proc/vmstat", "pgpgin");
	CHECK_EQ(pread(fd, p, 64 * PG, 0), 64 * (ssize_t)PG);
	CHECK_GE(io("read_bytes") - read_bytes, 64 * PG);
	CHECK_LE(io("read_bytes") - read_bytes, 80 * PG);
	CHECK_GE(io("rchar") - rchar, 64 * PG);
	CHECK_GE(kt_stat("/proc/vmstat", "pgpgin") - pgpgin, 64 * 4);
	CHECK_OK(getrusage(RUSAGE_SELF, &b));
	CHECK_GE(b.ru_inblock - a.ru_inblock, 64 * 8);
	/* From memory: nothing is read from the disk. */
	read_bytes = io("read_bytes");
	CHECK_EQ(pread(fd, p, 64 * PG, 0), 64 * (ssize_t)PG);
	CHECK_LE(io("read_bytes") - read_bytes, PG);
	/* Who made a page dirty will have caused its write, also if another does it. */
	write_bytes = io("write_bytes");
	CHECK_EQ(pwrite(fd, p, 32 * PG, 0), 32 * (ssize_t)PG);
	CHECK_GE(io("write_bytes") - write_bytes, 32 * PG);
	CHECK_LE(io("write_bytes") - write_bytes, 48 * PG);
	write_bytes = io("write_bytes");
	CHECK_EQ(pwrite(fd, p, 32 * PG, 0), 32 * (ssize_t)PG);
	CHECK_LE(io("write_bytes") - write_bytes, 16 * PG);
	CHECK_OK(getrusage(RUSAGE_SELF, &b));
	CHECK_GE(b.ru_oublock - a.ru_oublock, 32 * 8);
	/* Dirty pages that are cut off were written by nobody. */
	read_bytes = io("cancelled_write_bytes");
	CHECK_OK(ftruncate(fd, 0));
	CHECK_GE(io("cancelled_write_bytes") - read_bytes, 32 * PG);
	free(p);
}

/* Read and sent out again: pages that a CPU's batch holds may need another try. */
static bool paged_out(int fd, char *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK_EQ((unsigned char)m[i * PG], df_byte(5, i));
	CHECK_EQ(df_resident(fd, n), n);
	CHECK_OK(madvise(m, n * PG, MADV_PAGEOUT));
	return df_resident(fd, n) <= (int)n / 4;
}

CASE(pageout)
{
	int fd, left = 0;
	char *m;
	pid_t p;
	int go[2];

	DISK_ONLY();
	fd = df_make("f", 128, 5);
	m = map_file(fd, 128, MAP_SHARED);
	AWAIT(paged_out(fd, m, 128));
	for (size_t i = 0; i < 128; i++)
		CHECK_EQ((unsigned char)m[i * PG], df_byte(5, i));
	/* Pages that another one uses stay. */
	CHECK_OK(pipe(go));
	CHILD(p) {
		char *other = map_file(fd, 128, MAP_SHARED), c;

		for (size_t i = 0; i < 128; i++)
			CHECK_EQ((unsigned char)other[i * PG], df_byte(5, i));
		CHECK_EQ(write(go[1], "x", 1), 1);
		CHECK_OK(close(go[1]));
		for (;;)
			pause();
		(void)c;
	}
	CHECK_EQ(read(go[0], &left, 1), 1);
	for (size_t i = 0; i < 128; i++)
		CHECK_EQ((unsigned char)m[i * PG], df_byte(5, i));
	CHECK_OK(madvise(m, 128 * PG, MADV_PAGEOUT));
	CHECK_GE(df_resident(fd, 128), 120);
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}

/* Dirty pages are not lost, whatever the advice; part of a range leaves the rest alone. */
CASE(pageout_dirty_and_part)
{
	int fd, n;
	char *m;

	DISK_ONLY();
	fd = df_make("f", 64, 6);
	m = mmap(NULL, 64 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (size_t i = 0; i < 64; i++)
		m[i * PG + 1] = 'd';
	CHECK_OK(madvise(m, 64 * PG, MADV_PAGEOUT));
	CHECK_OK(madvise(m, 64 * PG, MADV_COLD));
	for (size_t i = 0; i < 64; i++) {
		CHECK_EQ((unsigned char)m[i * PG], df_byte(6, i));
		CHECK_EQ(m[i * PG + 1], 'd');
	}
	CHECK_OK(msync(m, 64 * PG, MS_SYNC));
	CHECK_EQ(df_resident(fd, 64), 64);
	CHECK_OK(madvise(m + 32 * PG, 32 * PG, MADV_PAGEOUT));
	n = df_resident(fd, 64);
	CHECK_GE(n, 32);
	CHECK_OK(madvise(m, 64 * PG, MADV_COLD));
	CHECK_EQ(df_resident(fd, 64), n);
	for (size_t i = 0; i < 64; i++)
		CHECK_EQ(m[i * PG + 1], 'd');
}

/* Another's file that one may not write: its pages are not ours to take away, nor do we learn which are there. */
CASE(foreign)
{
	pid_t p;
	int fd;

	DISK_ONLY();
	CHECK_OK(chmod(".", 0755));
	fd = df_make("f", 64, 7);
	CHECK_OK(chmod("f", 0644));
	CHILD(p) {
		char *m;

		kt_become(1000, 1000);
		m = map_file(CHECK_OK(open("f", O_RDONLY)), 64, MAP_PRIVATE);
		for (size_t i = 0; i < 64; i++)
			CHECK_EQ((unsigned char)m[i * PG], df_byte(7, i));
		CHECK_OK(madvise(m, 64 * PG, MADV_PAGEOUT));
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(df_resident(fd, 64), 64);
	df_drop(fd, 64);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_EQ(df_resident(CHECK_OK(open("f", O_RDONLY)), 64), 64);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(df_resident(fd, 64), 0);
}

CASE(cold_refused)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	memset(m, 1, 4 * PG);
	CHECK_OK(madvise(m, 4 * PG, MADV_COLD));
	CHECK_EQ(m[3 * PG], 1);
	CHECK_OK(mlock(m, PG));
	CHECK_ERR(madvise(m, 4 * PG, MADV_COLD), EINVAL);
	CHECK_ERR(madvise(m, 4 * PG, MADV_PAGEOUT), EINVAL);
	CHECK_OK(munlock(m, PG));
	CHECK_OK(madvise(m, 4 * PG, MADV_PAGEOUT));
	CHECK_EQ(m[0], 1);
}

CASE(drop_caches)
{
	int fd, dirty, mapped;
	char *m, path[32];

	DISK_ONLY();
	fd = df_make("f", 64, 8);
	dirty = df_make("dirty", 64, 9);
	mapped = df_make("mapped", 64, 10);
	sync();
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "file%d", i);
		kt_put(path, path);
	}
	for (size_t i = 0; i < 64; i++)
		CHECK_EQ(pwrite(dirty, "new", 3, (off_t)(i * PG)), 3);
	m = map_file(mapped, 64, MAP_SHARED);
	for (size_t i = 0; i < 64; i++)
		CHECK_EQ((unsigned char)m[i * PG], df_byte(10, i));
	CHECK_EQ(df_knob_set("drop_caches", 1), 0);
	/* What is in use or not written stays; a few pages may wait in a batch. */
	CHECK_LE(df_resident(fd, 64), 16);
	CHECK_EQ(df_resident(mapped, 64), 64);
	CHECK_EQ(df_resident(dirty, 64), 64);
	CHECK_EQ(df_knob_set("drop_caches", 2), 0);
	CHECK_EQ(df_knob_set("drop_caches", 3), 0);
	CHECK_EQ(df_knob_set("drop_caches", 0), -EINVAL);
	CHECK_EQ(df_knob_set("drop_caches", 8), -EINVAL);
	df_check(fd, 64, 8);
	for (int i = 0; i < 200; i++) {
		char text[32];

		snprintf(path, sizeof(path), "file%d", i);
		kt_get(path, text, sizeof(text));
		CHECK_STR(text, path);
	}
	for (size_t i = 0; i < 64; i++) {
		unsigned char b[4];

		CHECK_EQ(pread(dirty, b, 4, (off_t)(i * PG)), 4);
		CHECK_MEM(b, "new", 3);
		CHECK_EQ(b[3], df_byte(9, i));
	}
}
