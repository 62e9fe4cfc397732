/* SPDX-License-Identifier: MPL-2.0 */
/* posix_fadvise and readahead: what they do and refuse; the knobs of write-back; sync_file_range. */
#include "diskfile.h"

static int resident(int fd, size_t pages)
{
	unsigned char vec[256];
	char *m = mmap(NULL, pages * PG, PROT_READ, MAP_SHARED, fd, 0);
	int n = 0;

	CHECK(m != MAP_FAILED);
	CHECK_OK(mincore(m, pages * PG, vec));
	for (size_t i = 0; i < pages; i++)
		n += vec[i] & 1;
	CHECK_OK(munmap(m, pages * PG));
	return n;
}

static int make(size_t pages)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *p = malloc(PG);

	for (size_t i = 0; i < pages; i++) {
		memset(p, (int)i, PG);
		CHECK_EQ(write(fd, p, PG), (ssize_t)PG);
	}
	CHECK_OK(fsync(fd));
	return fd;
}

CASE(dontneed_and_willneed)
{
	int fd;

	if (kt_on_memory())
		SKIP("memory files are never dropped");
	fd = make(128);
	CHECK_EQ(resident(fd, 128), 128);
	CHECK_EQ(posix_fadvise(fd, 16 * PG, 32 * PG, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(resident(fd, 128), 96);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(resident(fd, 128), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 64 * PG, POSIX_FADV_WILLNEED), 0);
	AWAIT(resident(fd, 128) >= 64);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_OK(readahead(fd, 0, 32 * PG));
	AWAIT(resident(fd, 128) >= 32);
}

/* A page here and there brings nothing else in; a reader in order finds the next pages there. */
CASE(random_and_sequential)
{
	char b[PG];
	int fd;

	if (kt_on_memory())
		SKIP("memory files are never dropped");
	fd = make(128);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(pread(fd, b, PG, (off_t)((i * 37 + 5) % 128 * PG)), (ssize_t)PG);
	CHECK_EQ(resident(fd, 128), 8);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	for (int i = 0; i < 16; i++) {
		CHECK_EQ(pread(fd, b, PG, (off_t)(i * PG)), (ssize_t)PG);
		CHECK_EQ((unsigned char)b[17], i);
	}
	CHECK_GT(resident(fd, 128), 20);
}

CASE(refused)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), p[2];

	CHECK_OK(pipe(p));
	CHECK_EQ(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	CHECK_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
	CHECK_EQ(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL), EINVAL);
	CHECK_EQ(posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL), EBADF);
	CHECK_ERR(readahead(-1, 0, PG), EBADF);
	CHECK_ERR(readahead(p[0], 0, PG), EINVAL);
	CHECK_ERR(readahead(CHECK_OK(open("f", O_WRONLY)), 0, PG), EBADF);
}

static long knob(const char *name)
{
	char path[128], buf[32] = "";

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	kt_get(path, buf, sizeof(buf));
	return atol(buf);
}

static int knob_set(const char *name, const char *v)
{
	char path[128];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	fd = CHECK_OK(open(path, O_WRONLY));
	n = write(fd, v, strlen(v)) < 0 ? -errno : 0;
	close(fd);
	return n;
}

CASE(knobs)
{
	long ratio = knob("dirty_ratio");
	char old[32];

	CHECK_GT(knob("dirty_writeback_centisecs") + 1, 0);
	CHECK_GT(knob("dirty_expire_centisecs"), 0);
	CHECK_EQ(knob_set("dirty_bytes", "16777216"), 0);
	CHECK_EQ(knob("dirty_bytes"), 16777216);
	CHECK_EQ(knob("dirty_ratio"), 0);
	CHECK_EQ(knob_set("dirty_ratio", "101"), -EINVAL);
	snprintf(old, sizeof(old), "%ld", ratio ? ratio : 20);
	CHECK_EQ(knob_set("dirty_ratio", old), 0);
	CHECK_EQ(knob("dirty_bytes"), 0);
	CHECK_EQ(knob("dirty_ratio"), ratio ? ratio : 20);
}

static long vmstat(const char *name)
{
	char line[128];
	long v = -1;
	FILE *f = fopen("/proc/vmstat", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ' ')
			v = atol(line + strlen(name));
	fclose(f);
	return v;
}

CASE(counted)
{
	long dirtied = vmstat("nr_dirtied"), written = vmstat("nr_written");
	int fd;

	CHECK_GE(dirtied, 0);
	CHECK_GE(written, 0);
	CHECK_GE(vmstat("nr_dirty"), 0);
	CHECK_GE(vmstat("pgpgin"), 0);
	CHECK_GT(vmstat("nr_dirty_threshold"), 0);
	if (kt_on_memory())
		return;
	fd = make(256);
	CHECK_GE(vmstat("nr_dirtied") - dirtied, 200);
	CHECK_GE(vmstat("nr_written") - written, 200);
	close(fd);
}

/* Written back by age, nobody asks. */
CASE(by_age)
{
	char was[2][32], page[PG] = "old";
	long long sectors;
	int fd;

	if (kt_on_memory())
		SKIP("memory files are never written");
	snprintf(was[0], 32, "%ld", knob("dirty_expire_centisecs"));
	snprintf(was[1], 32, "%ld", knob("dirty_writeback_centisecs"));
	CHECK_EQ(knob_set("dirty_expire_centisecs", "50"), 0);
	CHECK_EQ(knob_set("dirty_writeback_centisecs", "20"), 0);
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	sectors = df_still();
	for (int i = 0; i < 64; i++)
		CHECK_EQ(write(fd, page, PG), (ssize_t)PG);
	AWAIT(df_disk(7) - sectors >= 64 * 8);
	CHECK_EQ(knob_set("dirty_expire_centisecs", was[0]), 0);
	CHECK_EQ(knob_set("dirty_writeback_centisecs", was[1]), 0);
	/* Drops only what is clean. */
	CHECK_EQ(syscall(SYS_sync_file_range, fd, 0, 0, 0), 0);
}

CASE(sync_file_range_flags)
{
	int fd = make(16);

	for (unsigned int fl = 0; fl < 8; fl++) {
		CHECK_EQ(pwrite(fd, "x", 1, (off_t)(fl * PG)), 1);
		CHECK_OK(syscall(SYS_sync_file_range, fd, 0, 0, fl));
		CHECK_OK(syscall(SYS_sync_file_range, fd, PG, 3 * PG, fl));
	}
	CHECK_ERR(syscall(SYS_sync_file_range, fd, -1L, 0, 7), EINVAL);
	CHECK_ERR(syscall(SYS_sync_file_range, fd, 0, -1L, 7), EINVAL);
	CHECK_ERR(syscall(SYS_sync_file_range, fd, 0, 0, 8), EINVAL);
}
