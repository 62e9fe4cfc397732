/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Write-back: how much is dirty is told truly, what each way of syncing writes and what it leaves, O_SYNC and
 * O_DSYNC, limits on dirty memory. What reached the disk is read from /proc/diskstats.
 */
#include "diskfile.h"

#define SLACK 300	/* pages: Linux keeps counts of each CPU back for a second */

unsigned kt_case_seconds = 90;	/* 64 MiB through a limit of 4 on a slow disk */

static long was_interval;

static void restore(void)
{
	df_knob_set("dirty_writeback_centisecs", was_interval);
}

/* Nothing is written but what the test asks for. */
static void quiet(void)
{
	was_interval = df_knob("dirty_writeback_centisecs");
	CHECK_EQ(df_knob_set("dirty_writeback_centisecs", 0), 0);
	kt_at_end(restore);
	sync();
	AWAIT(kt_field("/proc/meminfo", "Dirty") <= 100);
}

static void dirty_pages(int fd, size_t first, size_t n, int byte)
{
	char *p = malloc(16 * PG);

	memset(p, byte, 16 * PG);
	for (size_t i = 0; i < n; i += 16)
		CHECK_EQ(pwrite(fd, p, 16 * PG, (off_t)((first + i) * PG)), 16 * (ssize_t)PG);
	free(p);
}

static long long dirty_kib(void)
{
	return kt_field("/proc/meminfo", "Dirty");
}

CASE(counts)
{
	long long before, written;
	int fd;

	DISK_ONLY();
	quiet();
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	before = dirty_kib();
	written = kt_stat("/proc/vmstat", "nr_written");
	dirty_pages(fd, 0, 2048, 'x');
	CHECK_GE(dirty_kib() - before, (2048 - SLACK) * 4);
	CHECK_LE(dirty_kib() - before, (2048 + SLACK) * 4);
	CHECK_GE(kt_stat("/proc/vmstat", "nr_dirty"), 2048 - SLACK);
	CHECK_OK(fdatasync(fd));
	CHECK_LE(dirty_kib() - before, SLACK * 4);
	CHECK_LE(kt_field("/proc/meminfo", "Writeback"), SLACK * 4);
	CHECK_GE(kt_stat("/proc/vmstat", "nr_written") - written, 2048 - SLACK);
	/* What is cut off or deleted is not dirty any more, and was not written. */
	dirty_pages(fd, 0, 2048, 'y');
	written = df_disk(7);
	CHECK_OK(ftruncate(fd, 0));
	CHECK_LE(dirty_kib() - before, SLACK * 4);
	CHECK_LE(df_disk(7) - written, 512 * 8);
}

CASE(sync_file_range)
{
	long long before, sectors;
	int fd;

	DISK_ONLY();
	quiet();
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	dirty_pages(fd, 0, 2048, 'x');
	CHECK_OK(fsync(fd));
	dirty_pages(fd, 0, 2048, 'y');
	before = dirty_kib();
	sectors = df_disk(7);
	/* Waiting alone writes nothing. */
	CHECK_OK(syscall(SYS_sync_file_range, fd, 0L, 0L, 1));
	CHECK_OK(syscall(SYS_sync_file_range, fd, 0L, 0L, 4));
	CHECK_LE(df_disk(7) - sectors, 64);
	CHECK_OK(syscall(SYS_sync_file_range, fd, 0L, 1024 * PG, 7));
	CHECK_GE(df_disk(7) - sectors, 1024 * 8);
	CHECK_LE(df_disk(7) - sectors, (1024 + 256) * 8);
	CHECK_LE(dirty_kib(), before - (1024 - SLACK) * 4);
	CHECK_GE(dirty_kib(), before - (1024 + SLACK) * 4);
	/* Begun here, waited for there. */
	CHECK_OK(syscall(SYS_sync_file_range, fd, 1024 * PG, 0L, 2));
	CHECK_OK(syscall(SYS_sync_file_range, fd, 1024 * PG, 0L, 5));
	CHECK_GE(df_disk(7) - sectors, 2048 * 8);
}

static int pipe_with_z(void)
{
	static int p[2];

	if (!p[1])
		CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "z", 1), 1);
	return p[0];
}

/* One block overwritten, its time changed; what did this way of syncing write? */
static long long sectors_of(int fd, int how)
{
	long long sectors;

	df_tick(fd);		/* makes a file: what that leaves is gone before we count */
	sectors = df_still();
	if (how == 3)
		CHECK_EQ(splice(pipe_with_z(), NULL, fd, &(loff_t){ 3 }, 1, 0), 1);
	else
		CHECK_EQ(pwrite(fd, "z", 1, 3), 1);
	if (how == 1)
		CHECK_OK(fdatasync(fd));
	else if (how == 2)
		CHECK_OK(fsync(fd));
	return df_disk(7) - sectors;
}

CASE(data_and_metadata)
{
	long long flushes, n;
	int fd;

	DISK_ONLY();
	quiet();
	fd = df_make("f", 4, 1);
	CHECK_EQ(sectors_of(fd, 0), 0);
	/* The time alone is not worth a write to fdatasync. The block may be one of the file system's smaller ones. */
	n = sectors_of(fd, 1);
	CHECK_GE(n, 2);
	CHECK_LE(n, 8);
	CHECK_GT(sectors_of(fd, 2), n);
	CHECK_OK(close(fd));
	fd = CHECK_OK(open("f", O_RDWR | O_DSYNC));
	CHECK_EQ(sectors_of(fd, 0), n);
	CHECK_EQ(sectors_of(fd, 3), n);
	CHECK_OK(close(fd));
	fd = CHECK_OK(open("f", O_RDWR | O_SYNC));
	CHECK_GT(sectors_of(fd, 0), n);
	CHECK_OK(close(fd));
	/* By the call, not by the file. */
	fd = CHECK_OK(open("f", O_RDWR));
	flushes = df_still();
	CHECK_EQ(syscall(SYS_pwritev2, fd, &(struct iovec){ "q", 1 }, 1L, 2 * PG, 0L, 2 /* RWF_DSYNC */), 1);
	CHECK_EQ(df_disk(7) - flushes, n);
	/* A new size is needed to read the data: fdatasync writes it. */
	sync();
	flushes = df_disk(7);
	CHECK_EQ(pwrite(fd, "tail", 4, 4 * PG + 100), 4);
	CHECK_OK(fdatasync(fd));
	CHECK_GT(df_disk(7) - flushes, n);
	/* Nothing changed: nothing is written. */
	sync();
	flushes = df_disk(7);
	CHECK_OK(fsync(fd));
	CHECK_OK(fdatasync(fd));
	CHECK_EQ(df_disk(7), flushes);
}

/* The device may lose what it was not told to keep. (Linux without a journal does not flush after each fdatasync.) */
CASE(flushes)
{
	long long n;
	int fd;

	DISK_ONLY();
	quiet();
	fd = df_make("f", 4, 1);
	n = df_disk(16);
	if (n < 0)
		SKIP("no flushes in /proc/diskstats");
	CHECK_EQ(pwrite(fd, "z", 1, 3), 1);
	CHECK_OK(fsync(fd));
	CHECK_GT(df_disk(16), n);
	n = df_disk(16);
	CHECK_EQ(pwrite(fd, "y", 1, 3), 1);
	CHECK_OK(syscall(SYS_sync_file_range, fd, 0L, 0L, 7));
	CHECK_EQ(df_disk(16), n);
}

CASE(msync)
{
	long long sectors;
	char *m;
	int fd;

	DISK_ONLY();
	quiet();
	fd = df_make("f", 256, 1);
	m = mmap(NULL, 256 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	sectors = df_still();
	for (size_t i = 0; i < 256; i++)
		m[i * PG] = 'm';
	/* ASYNC leaves it to the flusher, who is asleep. */
	CHECK_OK(msync(m, 256 * PG, MS_ASYNC));
	CHECK_LE(df_disk(7) - sectors, 16);
	CHECK_OK(msync(m, 16 * PG, MS_SYNC));
	CHECK_GE(df_disk(7) - sectors, 16 * 8);
	CHECK_LE(df_disk(7) - sectors, 64 * 8);
	CHECK_OK(msync(m, 256 * PG, MS_SYNC));
	CHECK_GE(df_disk(7) - sectors, 256 * 8);
	/* Clean: written again only if it is changed again, through an entry that was writable before. */
	sectors = df_still();
	CHECK_OK(msync(m, 256 * PG, MS_SYNC));
	CHECK_EQ(df_disk(7), sectors);
	m[77 * PG + 1] = 'n';
	CHECK_OK(msync(m, 256 * PG, MS_SYNC));
	CHECK_GE(df_disk(7) - sectors, 2);
	CHECK_OK(msync(m, 256 * PG, MS_SYNC | MS_INVALIDATE));
	CHECK_OK(munmap(m, 256 * PG));
	df_drop(fd, 256);
	m = mmap(NULL, 256 * PG, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(m[255 * PG], 'm');
	CHECK_EQ(m[77 * PG + 1], 'n');
}

/* Who writes faster than the disk is slowed: no more is dirty than may be. */
CASE(limits)
{
	long bytes = df_knob("dirty_bytes"), ratio = df_knob("dirty_ratio");
	long bg_bytes = df_knob("dirty_background_bytes"), bg_ratio = df_knob("dirty_background_ratio");
	long long most = 0, before;
	char *p = malloc(64 * PG);
	int fd;

	DISK_ONLY();
	sync();
	memset(p, 'l', 64 * PG);
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	before = dirty_kib() + kt_field("/proc/meminfo", "Writeback");
	CHECK_EQ(df_knob_set("dirty_background_bytes", 1 << 20), 0);
	CHECK_EQ(df_knob_set("dirty_bytes", 4 << 20), 0);
	for (int i = 0; i < 256; i++) {
		long long now;

		CHECK_EQ(write(fd, p, 64 * PG), 64 * (ssize_t)PG);
		now = dirty_kib() + kt_field("/proc/meminfo", "Writeback") - before;
		most = now > most ? now : most;
	}
	CHECK_EQ(bytes ? df_knob_set("dirty_bytes", bytes) : df_knob_set("dirty_ratio", ratio), 0);
	CHECK_EQ(bg_bytes ? df_knob_set("dirty_background_bytes", bg_bytes) :
		 df_knob_set("dirty_background_ratio", bg_ratio), 0);
	if (most > 12 * 1024)
		FAIL("%lld KiB were dirty", most);
	CHECK_GT(most, 256);
}

CASE(syncfs_and_sync)
{
	long long sectors;
	int fd, d;

	DISK_ONLY();
	quiet();
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	d = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
	dirty_pages(fd, 0, 512, 'x');
	sectors = df_disk(7);
	CHECK_OK(syncfs(d));
	CHECK_GE(df_disk(7) - sectors, 512 * 8);
	dirty_pages(fd, 0, 512, 'y');
	sectors = df_disk(7);
	sync();
	CHECK_GE(df_disk(7) - sectors, 512 * 8);
	/* Also the directory by itself. */
	CHECK_OK(rename("f", "h"));
	sectors = df_disk(7);
	CHECK_OK(fsync(d));
	CHECK_GT(df_disk(7), sectors);
}
