/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Swap, on a loop device over a memory file: pages go and come back with their contents, through fork,
 * mremap, munmap and swapoff; what the calls refuse; what /proc shows. A disk for it can be named in
 * KEEL_SWAP_DEVICE.
 */
#include "ktest_user.h"
#include <sys/swap.h>
#include <linux/loop.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#define SLOTS	4096UL

static char dev[64];

static void header(int fd, unsigned long pages, unsigned nr_bad, unsigned bad0)
{
	static unsigned char h[PG];
	unsigned *v = (unsigned *)(h + 1024);

	memset(h, 0, sizeof(h));
	v[0] = 1;
	v[1] = pages - 1;
	v[2] = nr_bad;
	v[128] = bad0;
	memcpy(h + PG - 10, "SWAPSPACE2", 10);
	CHECK_EQ(pwrite(fd, h, PG, 0), PG);
	CHECK_OK(fsync(fd));
}

/* A device with a header on it. */
static void device(void)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int ctl, n, fd, mem;

	if (getenv("KEEL_SWAP_DEVICE")) {
		snprintf(dev, sizeof(dev), "%s", getenv("KEEL_SWAP_DEVICE"));
		fd = CHECK_OK(open(dev, O_RDWR));
		header(fd, SLOTS, 0, 0);
		close(fd);
		return;
	}
	ctl = open("/dev/loop-control", O_RDWR);
	if (ctl < 0)
		SKIP("no loop devices");
	n = ioctl(ctl, LOOP_CTL_GET_FREE);
	if (n < 0)
		SKIP("no free loop device");
	snprintf(dev, sizeof(dev), "/dev/loop%d", n);
	mem = CHECK_OK(memfd_create("swap", 0));
	CHECK_OK(ftruncate(mem, SLOTS * PG));
	fd = CHECK_OK(open(dev, O_RDWR));
	CHECK_OK(ioctl(fd, LOOP_SET_FD, mem));
	header(fd, SLOTS, 0, 0);
	CHECK_OK(ioctl(fd, LOOP_SET_STATUS64, &info));
	/* It stays open: autoclear frees it at the end of the test. */
	close(mem);
	close(ctl);
}

static long field(const char *file, const char *name)
{
	char buf[8192], *p;
	int fd = CHECK_OK(open(file, O_RDONLY));
	ssize_t n = 0, r;

	while ((r = read(fd, buf + n, sizeof(buf) - 1 - n)) > 0)
		n += r;
	close(fd);
	buf[n] = 0;
	p = strstr(buf, name);
	CHECK(p != NULL);
	return strtol(p + strlen(name), NULL, 10);
}
static long vmswap(void) { return field("/proc/self/status", "VmSwap:"); }

static void fill(unsigned long *m, size_t n, unsigned long seed)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PG / 8; k += 64)
			m[i * PG / 8 + k] = seed + i * 1000 + k;
}
static void check(unsigned long *m, size_t n, unsigned long seed)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PG / 8; k += 64)
			CHECK_EQ(m[i * PG / 8 + k], seed + i * 1000 + k);
}
/* Out they go; pages that a CPU's batch holds may need another try. */
static void out(void *m, size_t n, long at_least_kb)
{
	for (int i = 0; i < 20 && vmswap() < at_least_kb; i++) {
		CHECK_OK(madvise(m, n * PG, MADV_PAGEOUT));
		usleep(1000);
	}
	CHECK(vmswap() >= at_least_kb);
}

CASE(out_and_back)
{
	size_t n = 300;
	unsigned long *m;
	unsigned char vec[300];
	long total;

	device();
	CHECK_OK(swapon(dev, 0));
	total = field("/proc/meminfo", "SwapTotal:");
	CHECK(total >= (long)(SLOTS - 1) * 4);
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	fill(m, n, 7);
	out(m, n, n * 4 * 9 / 10);
	CHECK(field("/proc/meminfo", "SwapFree:") <= total - (long)n * 36 / 10);
	CHECK_OK(mincore(m, n * PG, vec));
	check(m, n, 7);
	CHECK_OK(mincore(m, n * PG, vec));
	for (size_t i = 0; i < n; i++)
		CHECK(vec[i] & 1);
	fill(m, n, 9);
	check(m, n, 9);
	CHECK_EQ(vmswap(), 0);
	/* and once more, with pages that lie in slots already */
	out(m, n, n * 4 * 9 / 10);
	check(m, n, 9);
	CHECK_OK(munmap(m, n * PG));
	CHECK_OK(swapoff(dev));
	CHECK_EQ(field("/proc/meminfo", "SwapTotal:"), total - (long)(SLOTS - 1) * 4);
}
CASE(swapoff_brings_back)
{
	size_t n = 200;
	unsigned long *m;
	pid_t p;
	int fd[2];
	char c;

	device();
	CHECK_OK(swapon(dev, 0));
	CHECK_OK(pipe(fd));
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	fill(m, n, 3);
	out(m, n, n * 4 * 9 / 10);
	CHILD(p) {
		close(fd[1]);
		CHECK_EQ(read(fd[0], &c, 1), 1);
		CHECK_EQ(vmswap(), 0);
		check(m, n, 3);
		fill(m, n, 4);
		check(m, n, 4);
	}
	CHECK_OK(swapoff(dev));
	CHECK_EQ(vmswap(), 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	check(m, n, 3);
	WAIT_EXIT(p, 0);
	check(m, n, 3);
}
CASE(forked)
{
	size_t n = 100;
	unsigned long *m;
	pid_t p;

	device();
	CHECK_OK(swapon(dev, 0));
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	fill(m, n, 3);
	out(m, n, n * 4 * 9 / 10);
	for (int round = 0; round < 3; round++) {
		CHILD(p) {
			check(m, n, 3);
			fill(m, n / 2, 50 + round);
			out(m, n / 2, 1);
			check(m, n / 2, 50 + round);
			check(m + n / 2 * PG / 8, 1, 3 + n / 2 * 1000);
		}
		WAIT_EXIT(p, 0);
		check(m, n, 3);
		out(m, n, 1);
	}
	CHECK_OK(munmap(m, n * PG));
	CHECK_OK(swapoff(dev));
}
CASE(moved_and_cut)
{
	size_t n = 64;
	unsigned long *m, *q;
	long free0;

	device();
	CHECK_OK(swapon(dev, 0));
	free0 = field("/proc/meminfo", "SwapFree:");
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	fill(m, n, 3);
	out(m, n, n * 4 * 9 / 10);
	q = mmap(NULL, n * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(q != MAP_FAILED);
	CHECK(mremap(m, n * PG, n * PG, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	check(q, n / 2, 3);
	CHECK_OK(mprotect(q, n * PG, PROT_READ));
	check(q, n, 3);
	CHECK_OK(mprotect(q, n * PG, PROT_READ | PROT_WRITE));
	fill(q, n, 5);
	out(q, n, n * 4 * 9 / 10);
	CHECK_OK(madvise(q, n / 2 * PG, MADV_DONTNEED));
	CHECK_EQ(q[0], 0);
	CHECK_OK(munmap(q, n * PG));
	/* Pages on their way out hold their slots a little longer. */
	for (int i = 0; i < 100 && field("/proc/meminfo", "SwapFree:") < free0; i++)
		usleep(10000);
	CHECK_OK(swapoff(dev));
}
CASE(private_file_pages)
{
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	unsigned long *m;

	device();
	CHECK_OK(swapon(dev, 0));
	CHECK_OK(ftruncate(fd, 16 * PG));
	m = mmap(NULL, 16 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(m != MAP_FAILED);
	fill(m, 8, 3);
	out(m, 16, 8 * 4);
	check(m, 8, 3);
	CHECK_EQ(m[9 * PG / 8], 0);
	CHECK_OK(swapoff(dev));
	check(m, 8, 3);
}
CASE(refused)
{
	int fd;
	pid_t p;

	device();
	CHECK_ERR(swapon(dev, 0x100000), EINVAL);
	CHECK_ERR(swapon("/nowhere", 0), ENOENT);
	CHECK_ERR(swapon("/dev/null", 0), EINVAL);
	CHECK_ERR(swapoff("/dev/null"), EINVAL);
	CHECK_ERR(swapoff(dev), EINVAL);
	fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
	CHECK_OK(ftruncate(fd, 16 * PG));
	CHECK_ERR(swapon("file", 0), EINVAL);
	fd = CHECK_OK(open(dev, O_RDWR));
	CHECK_EQ(pwrite(fd, "x", 1, PG - 10), 1);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	header(fd, SLOTS + 1, 0, 0);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	header(fd, 1, 0, 0);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	header(fd, SLOTS, 1, SLOTS);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	header(fd, SLOTS, 1, 7);
	close(fd);
	CHECK_OK(swapon(dev, 0));
	CHECK_ERR(swapon(dev, 0), EBUSY);
	CHECK_OK(swapoff(dev));
	CHILD(p) {
		CHECK_OK(setuid(1000));
		CHECK_ERR(swapon(dev, 0), EPERM);
		CHECK_ERR(swapoff(dev), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(proc_swaps)
{
	char buf[2048], type[32], name[64];
	long size, used;
	int prio;
	char *line;

	device();
	CHECK_OK(swapon(dev, SWAP_FLAG_PREFER | 5));
	kt_get("/proc/swaps", buf, sizeof(buf));
	CHECK(!strncmp(buf, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", 39));
	line = strstr(buf, dev);
	CHECK(line != NULL);
	CHECK_EQ(sscanf(line, "%63s %31s %ld %ld %d", name, type, &size, &used, &prio), 5);
	CHECK_STR(name, dev);
	CHECK_STR(type, "partition");
	CHECK_EQ(size, (long)(SLOTS - 1) * 4);
	CHECK_EQ(used, 0);
	CHECK_EQ(prio, 5);
	CHECK_OK(swapoff(dev));
}
