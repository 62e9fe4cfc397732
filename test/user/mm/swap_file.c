/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Swap files on a disk file system: pages go to the file's blocks and come back; the file stands still as long
 * as it is in use; files with holes are refused. Skips where the tests' directory is not on a disk.
 */
#include "swapdev.h"
#include <sys/vfs.h>

static void on_disk(void)
{
	struct statfs s;

	CHECK_OK(statfs(".", &s));
	if (s.f_type != 0xef53)
		SKIP("not on ext2");
}

/* A file of this many pages without holes, with a header. */
static int make(const char *name, unsigned long pages)
{
	int fd = CHECK_OK(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));
	char page[PG];

	memset(page, 0x5a, sizeof(page));
	for (unsigned long i = 0; i < pages; i++)
		CHECK_EQ(write(fd, page, PG), PG);
	swap_header(fd, pages, 0, 0);
	return fd;
}

/* The area's name in /proc/swaps is its path. */
static bool listed(const char *name, char type[32], long *size, long *used, int *prio)
{
	char path[PATH_MAX];

	CHECK(realpath(name, path) != NULL);
	return swap_listed(path, type, size, used, prio);
}

CASE(out_and_back)
{
	size_t n = 700;
	unsigned long *m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	char type[32];
	long size, used;
	int fd, prio;

	on_disk();
	fd = make("swap", 1024);
	for (int round = 0; round < 3; round++) {
		CHECK_OK(swapon("swap", SWAP_FLAG_PREFER | 100));
		CHECK(listed("swap", type, &size, &used, &prio));
		CHECK_STR(type, "file");
		CHECK_EQ(size, 1023 * 4);
		CHECK_EQ(prio, 100);
		swap_fill(m, n, 3 + (unsigned)round);
		swap_out(m, n, (long)n * 4 * 9 / 10);
		CHECK(listed("swap", type, &size, &used, &prio));
		CHECK_GE(used, (long)n * 4 * 9 / 10);
		swap_check(m, n / 2, 3 + (unsigned)round);
		CHECK_OK(swapoff("swap"));
		swap_check(m, n, 3 + (unsigned)round);
		CHECK(!listed("swap", type, &size, &used, &prio));
	}
	close(fd);
	CHECK_OK(unlink("swap"));
}

/* Pieces all over the disk, grown together with another file. */
CASE(in_pieces)
{
	size_t n = 300;
	unsigned long *m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	int a, b;
	char page[PG];

	on_disk();
	a = CHECK_OK(open("a", O_RDWR | O_CREAT, 0600));
	b = CHECK_OK(open("b", O_RDWR | O_CREAT, 0600));
	memset(page, 1, sizeof(page));
	for (unsigned i = 0; i < 400; i++) {
		CHECK_EQ(pwrite(a, page, PG, (off_t)((399 - i) * PG)), PG);
		if (i % 3 == 0)
			CHECK_OK(fsync(a));
		CHECK_EQ(pwrite(b, page, PG, (off_t)(i * PG)), PG);
		if (i % 5 == 0)
			CHECK_OK(fsync(b));
	}
	swap_header(a, 400, 0, 0);
	CHECK_OK(swapon("a", 0));
	swap_fill(m, n, 3);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	/* The other file has its own blocks yet. */
	for (unsigned i = 0; i < 400; i++) {
		CHECK_EQ(pread(b, page, PG, (off_t)(i * PG)), PG);
		CHECK(page[0] == 1 && page[PG - 1] == 1);
	}
	swap_check(m, n, 3);
	CHECK_OK(swapoff("a"));
}

CASE(stands_still)
{
	int fd, other;
	char page[PG] = { 0 };

	on_disk();
	fd = make("swap", 64);
	other = make("other", 4);
	CHECK_OK(swapon("swap", 0));
	CHECK_ERR(swapon("swap", 0), EBUSY);
	CHECK_ERR(write(fd, page, PG), ETXTBSY);
	CHECK_ERR(pwrite(fd, page, 1, 0), ETXTBSY);
	CHECK_ERR(ftruncate(fd, 0), ETXTBSY);
	CHECK_ERR(ftruncate(fd, 63 * PG), ETXTBSY);
	CHECK_ERR(truncate("swap", 1), ETXTBSY);
	CHECK_ERR(open("swap", O_WRONLY | O_TRUNC), ETXTBSY);
	CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PG), ETXTBSY);
	CHECK_ERR(copy_file_range(other, &(off_t){ 0 }, fd, &(off_t){ 0 }, PG, 0), ETXTBSY);
	CHECK_ERR((long)mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), ETXTBSY);
	CHECK_ERR(unlink("swap"), EPERM);
	CHECK_ERR(rename("swap", "new"), EPERM);
	CHECK_ERR(rename("other", "swap"), EPERM);
	/* Reading and attributes are free, and so is opening. */
	CHECK_EQ(pread(fd, page, PG, 0), PG);
	CHECK(!memcmp(page + PG - 10, "SWAPSPACE2", 10));
	CHECK_OK(fchmod(fd, 0400));
	CHECK_EQ(close(CHECK_OK(open("swap", O_RDWR))), 0);
	CHECK_OK(swapoff("swap"));
	CHECK_ERR(swapoff("swap"), EINVAL);
	CHECK_EQ(pwrite(fd, page, 1, 0), 1);
	CHECK_OK(ftruncate(fd, 0));
	CHECK_OK(rename("swap", "new"));
	CHECK_OK(unlink("new"));
}

CASE(refused)
{
	char page[PG] = { 0 };
	int fd;

	on_disk();
	/* Nothing in it; no header; too short for its header. */
	fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	CHECK_ERR(swapon("f", 0), EINVAL);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(write(fd, page, PG), PG);
	CHECK_ERR(swapon("f", 0), EINVAL);
	swap_header(fd, 65, 0, 0);
	CHECK_ERR(swapon("f", 0), EINVAL);
	swap_header(fd, 64, 1, 64);
	CHECK_ERR(swapon("f", 0), EINVAL);
	/* It is a file like any other again. */
	CHECK_EQ(pwrite(fd, page, 1, 0), 1);
	swap_header(fd, 64, 0, 0);
	CHECK_OK(swapon("f", 0));
	CHECK_OK(swapoff("f"));
	/* A hole, in the middle and at the end. */
	fd = make("holes", 64);
	CHECK_OK(ftruncate(fd, 96 * PG));
	swap_header(fd, 96, 0, 0);
	CHECK_ERR(swapon("holes", 0), EINVAL);
	CHECK_EQ(pwrite(fd, page, PG, 95 * PG), PG);
	CHECK_ERR(swapon("holes", 0), EINVAL);
	for (int i = 64; i < 96; i++)
		CHECK_EQ(pwrite(fd, page, PG, i * (off_t)PG), PG);
	CHECK_OK(swapon("holes", 0));
	CHECK_OK(swapoff("holes"));
	/* Part of a page at the end does not count. */
	CHECK_OK(ftruncate(fd, 96 * PG - 1));
	CHECK_ERR(swapon("holes", 0), EINVAL);
	swap_header(fd, 95, 0, 0);
	CHECK_OK(swapon("holes", 0));
	CHECK_OK(swapoff("holes"));
}

/* The file may be gone from its directory; the swap area is not. */
CASE(without_a_name)
{
	size_t n = 100;
	unsigned long *m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	char path[64];
	int fd;

	on_disk();
	fd = make("swap", 256);
	CHECK_OK(unlink("swap"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(swapon(path, 0));
	swap_fill(m, n, 3);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	swap_check(m, n, 3);
	CHECK_OK(swapoff(path));
	swap_check(m, n, 3);
}
