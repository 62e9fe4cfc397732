/* SPDX-License-Identifier: MPL-2.0 */
/* Files on a disk: what of them is in memory, what the disk was asked for; knobs of the page cache. */
#ifndef KTEST_DISKFILE_H
#define KTEST_DISKFILE_H

#include "ktest_user.h"

#define DISK_ONLY() do { if (kt_on_memory()) SKIP("for files on disks"); } while (0)

/* Pages of the file in memory. */
static inline int df_resident(int fd, size_t pages)
{
	unsigned char *vec = malloc(pages);
	char *m = mmap(NULL, pages * PG, PROT_READ, MAP_SHARED, fd, 0);
	int n = 0;

	CHECK(m != MAP_FAILED && vec);
	CHECK_OK(mincore(m, pages * PG, vec));
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	CHECK_OK(munmap(m, pages * PG));
	free(vec);
	return n;
}

static inline unsigned char df_byte(unsigned int seed, size_t page)
{
	return (unsigned char)(seed + page * 7 + page / 251 + 1);
}

/* A file of so many pages, each full of its own byte, safe on the disk. */
static inline int df_make(const char *path, size_t pages, unsigned int seed)
{
	int fd = CHECK_OK(open(path, O_CREAT | O_RDWR | O_TRUNC, 0644));
	char *p = malloc(PG);

	for (size_t i = 0; i < pages; i++) {
		memset(p, df_byte(seed, i), PG);
		CHECK_EQ(write(fd, p, PG), (ssize_t)PG);
	}
	free(p);
	CHECK_OK(fsync(fd));
	return fd;
}

static inline void df_check(int fd, size_t pages, unsigned int seed)
{
	unsigned char *p = malloc(PG);

	for (size_t i = 0; i < pages; i++) {
		CHECK_EQ(pread(fd, p, PG, (off_t)(i * PG)), (ssize_t)PG);
		for (size_t j = 0; j < PG; j += 31)
			if (p[j] != df_byte(seed, i))
				FAIL("page %zu byte %zu is %#x, not %#x", i, j, p[j], df_byte(seed, i));
	}
	free(p);
}

/* Out of memory with all of it. It is clean and nobody maps it. */
static inline void df_drop(int fd, size_t pages)
{
	AWAIT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 && !df_resident(fd, pages));
}

static inline void df_wait_resident(int fd, size_t pages, int want)
{
	AWAIT(df_resident(fd, pages) >= want);
}

/* Fields of /proc/diskstats for the disk under the current directory: 1 reads, 3 sectors read, 5 writes, 7 sectors
   written, 9 under way, 16 flushes. */
static inline long long df_disk(int field)
{
	char line[512];
	struct stat st;
	FILE *f = fopen("/proc/diskstats", "r");
	long long v = -1;

	CHECK(f);
	CHECK_OK(stat(".", &st));
	while (fgets(line, sizeof(line), f)) {
		char *p = line, *save;
		unsigned long ma = strtoul(strtok_r(p, " ", &save), NULL, 10), mi = strtoul(strtok_r(NULL, " ", &save), NULL, 10);

		strtok_r(NULL, " ", &save);
		if (ma != major(st.st_dev) || mi != minor(st.st_dev))
			continue;
		for (int i = 1; i <= field; i++)
			p = strtok_r(NULL, " \n", &save);
		v = p ? atoll(p) : -1;
	}
	fclose(f);
	return v;
}

/* The disk has written all there was to write; field 7 then. */
static inline long long df_still(void)
{
	sync();
	AWAIT(df_disk(9) == 0);
	return df_disk(7);
}

/* Until a write gives the file another time: inodes of 128 bytes have whole seconds. */
static inline void df_tick(int fd)
{
	bool fine = kt_fine_times();
	struct timespec now;
	struct stat st;

	CHECK_OK(fstat(fd, &st));
	do {
		usleep(5000);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == st.st_mtim.tv_sec && !fine);
}

static inline long df_knob(const char *name)
{
	char path[128], buf[32] = "";

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	kt_get(path, buf, sizeof(buf));
	return atol(buf);
}

/* 0 or -errno. */
static inline int df_knob_set(const char *name, long v)
{
	char path[128], text[32];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	snprintf(text, sizeof(text), "%ld", v);
	fd = CHECK_OK(open(path, O_WRONLY));
	n = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return n;
}

#endif
