/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What counts as committed memory, and what the three policies refuse: /proc/meminfo's Committed_AS and
 * CommitLimit, vm.overcommit_memory, overcommit_ratio, overcommit_kbytes.
 */
#include "swapdev.h"

#define MB	(1UL << 20)

static long committed(void) { return proc_number("/proc/meminfo", "Committed_AS:"); }
static long limit_kb(void) { return proc_number("/proc/meminfo", "CommitLimit:"); }

static char old_mode[16], old_ratio[16];
static void restore(void)
{
	kt_put("/proc/sys/vm/overcommit_memory", old_mode);
	kt_put("/proc/sys/vm/overcommit_ratio", old_ratio);
}
static void mode(const char *m)
{
	if (!old_mode[0]) {
		kt_get("/proc/sys/vm/overcommit_memory", old_mode, sizeof(old_mode));
		kt_get("/proc/sys/vm/overcommit_ratio", old_ratio, sizeof(old_ratio));
		kt_at_end(restore);
	}
	kt_put("/proc/sys/vm/overcommit_memory", m);
}

/* Committed_AS grew by mb; others may come and go a little. */
static long base;
static void grown(int line, long mb)
{
	long long end = 0;
	long now;

	do {
		now = committed() - base;
		if (now >= mb * 1024 - 4096 && now <= mb * 1024 + 4096)
			return;
	} while (kt_look_again(&end));
	FAIL("line %d: committed grew by %ld KiB, not %ld MiB", line, now, mb);
}
#define GROWN(mb) grown(__LINE__, mb)

static char *map(int prot, int flags, size_t mb)
{
	char *p = mmap(NULL, mb * MB, prot, flags | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

CASE(what_counts)
{
	char *p, *q;
	int fd;
	pid_t c;

	mode("0\n");
	base = committed();
	p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, 64);
	GROWN(64);
	CHECK_OK(munmap(p, 32 * MB));
	GROWN(32);
	CHECK_OK(munmap(p + 32 * MB, 32 * MB));
	GROWN(0);
	/* Read-only memory needs none until it may be written; then it does for good. */
	p = map(PROT_READ, MAP_PRIVATE, 64);
	GROWN(0);
	CHECK_OK(mprotect(p, 64 * MB, PROT_READ | PROT_WRITE));
	GROWN(64);
	CHECK_OK(mprotect(p, 64 * MB, PROT_READ));
	GROWN(64);
	CHECK_OK(munmap(p, 64 * MB));
	GROWN(0);
	p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, 64);
	GROWN(0);
	CHECK_OK(munmap(p, 64 * MB));
	/* Shared memory, at once and once. */
	p = map(PROT_READ | PROT_WRITE, MAP_SHARED, 64);
	GROWN(64);
	CHILD(c) {
		GROWN(64);
		p[0] = 1;
	}
	WAIT_EXIT(c, 0);
	CHECK_OK(munmap(p, 64 * MB));
	GROWN(0);
	p = map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, 64);
	GROWN(0);
	memset(p, 1, 16 * MB);
	GROWN(16);
	CHECK_OK(munmap(p, 64 * MB));
	GROWN(0);
	/* A memory file by its pages. */
	fd = CHECK_OK(memfd_create("m", 0));
	CHECK_OK(ftruncate(fd, 64 * MB));
	GROWN(0);
	p = mmap(NULL, 64 * MB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	GROWN(0);
	memset(p, 1, 16 * MB);
	GROWN(16);
	CHECK_OK(ftruncate(fd, 8 * MB));
	GROWN(8);
	close(fd);
	CHECK_OK(munmap(p, 64 * MB));
	GROWN(0);
	/* A private mapping of it counts like any. */
	fd = CHECK_OK(memfd_create("m", 0));
	CHECK_OK(ftruncate(fd, 64 * MB));
	p = mmap(NULL, 64 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	GROWN(64);
	CHECK_OK(munmap(p, 64 * MB));
	close(fd);
	GROWN(0);
	/* fork may need all of it twice. */
	p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, 64);
	CHILD(c)
		GROWN(128);
	WAIT_EXIT(c, 0);
	GROWN(64);
	q = mremap(p, 64 * MB, 96 * MB, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	GROWN(96);
	q = mremap(q, 96 * MB, 16 * MB, 0);
	CHECK(q != MAP_FAILED);
	GROWN(16);
	CHECK_OK(munmap(q, 16 * MB));
	GROWN(0);
	p = sbrk(32 * MB);
	CHECK(p == (void *)-1 || true);
	if (p != (void *)-1) {
		GROWN(32);
		CHECK(sbrk(-(long)(32 * MB)) != (void *)-1);
		GROWN(0);
	}
}
/* 0: what could never fit; 1: nothing is refused; 2: the sum. */
CASE(policies)
{
	unsigned long total = (unsigned long)proc_number("/proc/meminfo", "MemTotal:") * 1024, n;
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	char *p;

	(void)setrlimit(RLIMIT_AS, &r);
	mode("0\n");
	CHECK_ERR((long)mmap(NULL, total * 2 + (1UL << 30), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	p = mmap(NULL, total * 2 + (1UL << 30), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_OK(munmap(p, total * 2 + (1UL << 30)));
	p = mmap(NULL, total / 4 * 3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_OK(munmap(p, total / 4 * 3));
	mode("1\n");
	p = mmap(NULL, total * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_OK(munmap(p, total * 8));
	kt_put("/proc/sys/vm/overcommit_ratio", "80\n");
	mode("2\n");
	n = (unsigned long)(limit_kb() - committed()) * 1024;
	CHECK_ERR((long)mmap(NULL, n + 16 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	/* Here nothing is exempt. */
	CHECK_ERR((long)mmap(NULL, n + 16 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		  ENOMEM);
	CHECK_ERR((long)mmap(NULL, n + 16 * MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
	p = mmap(NULL, n / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR((long)mremap(p, n / 2, n + 32 * MB, MREMAP_MAYMOVE), ENOMEM);
	CHECK_OK(munmap(p, n / 2));
	p = mmap(NULL, n + 16 * MB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, n + 16 * MB, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK_OK(munmap(p, n + 16 * MB));
	mode("0\n");
}
/* Swap adds to what may be committed. */
CASE(limit)
{
	char dev[64];
	long total, was;

	mode("0\n");
	kt_put("/proc/sys/vm/overcommit_ratio", "50\n");
	total = proc_number("/proc/meminfo", "MemTotal:");
	was = limit_kb();
	CHECK(was > total / 2 - 1024 && was < total / 2 + proc_number("/proc/meminfo", "SwapTotal:") + 1024);
	swap_device(dev, sizeof(dev));
	CHECK_OK(swapon(dev, 0));
	CHECK_EQ(limit_kb(), was + (long)(SLOTS - 1) * 4);
	CHECK_OK(swapoff(dev));
	CHECK_EQ(limit_kb(), was);
	kt_put("/proc/sys/vm/overcommit_kbytes", "100000\n");
	CHECK_EQ(limit_kb(), 100000 + proc_number("/proc/meminfo", "SwapTotal:"));
	CHECK_EQ(proc_number("/proc/sys/vm/overcommit_ratio", ""), 0);
	kt_put("/proc/sys/vm/overcommit_ratio", "50\n");
	CHECK_EQ(proc_number("/proc/sys/vm/overcommit_kbytes", ""), 0);
	CHECK_EQ(limit_kb(), was);
}
