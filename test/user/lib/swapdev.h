/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Swap areas for tests: a loop device over a memory file, or the disk that KEEL_SWAP_DEVICE names (of the
 * kernel's command line); and numbers out of /proc.
 */
#ifndef KTEST_SWAPDEV_H
#define KTEST_SWAPDEV_H

#include <sys/swap.h>
#include <linux/loop.h>

#include "ktest_user.h"

#ifndef MADV_PAGEOUT
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef SWAP_FLAG_DISCARD_ONCE
#define SWAP_FLAG_DISCARD_ONCE 0x20000
#define SWAP_FLAG_DISCARD_PAGES 0x40000
#endif
#define SLOTS	4096UL

static inline void swap_header(int fd, unsigned long pages, unsigned nr_bad, unsigned bad0)
{
	static unsigned char h[PG];
	unsigned *v = (unsigned *)(h + 1024);

	memset(h, 0, sizeof(h));
	v[0] = 1;
	v[1] = (unsigned)pages - 1;
	v[2] = nr_bad;
	v[128] = bad0;
	memcpy(h + PG - 10, "SWAPSPACE2", 10);
	CHECK_EQ(pwrite(fd, h, PG, 0), PG);
	CHECK_OK(fsync(fd));
}

/* A loop device of so many pages with a header on it. It frees itself at the end of the test. */
static inline void swap_loop(char *dev, size_t size, unsigned long slots)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), n, fd, mem;

	if (ctl < 0)
		SKIP("no loop devices");
	mem = CHECK_OK(memfd_create("swap", MFD_CLOEXEC));
	CHECK_OK(ftruncate(mem, (off_t)(slots * PG)));
	for (int tries = 0; ; tries++) {
		n = ioctl(ctl, LOOP_CTL_GET_FREE);
		if (n < 0)
			SKIP("no free loop device");
		snprintf(dev, size, "/dev/loop%d", n);
		fd = CHECK_OK(open(dev, O_RDWR | O_CLOEXEC));
		if (!ioctl(fd, LOOP_SET_FD, mem))
			break;
		if (errno != EBUSY || tries > 20)
			FAIL("LOOP_SET_FD of %s: %s", dev, strerror(errno));
		close(fd);
	}
	swap_header(fd, slots, 0, 0);
	CHECK_OK(ioctl(fd, LOOP_SET_STATUS64, &info));
	close(mem);
	close(ctl);
}

static inline void swap_device(char *dev, size_t size)
{
	const char *disk = getenv("KEEL_SWAP_DEVICE");
	int fd;

	if (!disk) {
		swap_loop(dev, size, SLOTS);
		return;
	}
	snprintf(dev, size, "%s", disk);
	fd = CHECK_OK(open(dev, O_RDWR));
	swap_header(fd, SLOTS, 0, 0);
	close(fd);
}

/* The number behind `name` in a file of /proc; -1: no such line. */
static inline long proc_number(const char *file, const char *name)
{
	static char buf[65536];
	int fd = CHECK_OK(open(file, O_RDONLY));
	ssize_t n = 0, r;
	char *p;

	while ((r = read(fd, buf + n, sizeof(buf) - 1 - (size_t)n)) > 0)
		n += r;
	close(fd);
	buf[n] = 0;
	p = strstr(buf, name);
	return p ? strtol(p + strlen(name), NULL, 10) : -1;
}
static inline long swap_of_self(void) { return proc_number("/proc/self/status", "VmSwap:"); }

/* VmSwap lags behind by what threads have counted on their own; this does not. */
static inline long swap_exactly(void) { return proc_number("/proc/self/smaps_rollup", "\nSwap:"); }

/* The line of an area in /proc/swaps: false if it is not there. KiB. */
static inline bool swap_listed(const char *name, char type[32], long *size, long *used, int *prio)
{
	char buf[4096], got[256], *line;

	kt_get("/proc/swaps", buf, sizeof(buf));
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		if (sscanf(line, "%255s %31s %ld %ld %d", got, type, size, used, prio) == 5 && !strcmp(got, name))
			return true;
	return false;
}

/* Every 64th word of n pages gets a value of its own, or has it. */
static inline void swap_fill(unsigned long *m, size_t n, unsigned long seed)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PG / 8; k += 64)
			m[i * PG / 8 + k] = seed + i * 1000 + k;
}
static inline void swap_check(unsigned long *m, size_t n, unsigned long seed)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PG / 8; k += 64)
			CHECK_EQ(m[i * PG / 8 + k], seed + i * 1000 + k);
}
/* Out they go; pages that a CPU's batch holds may need another try. */
static inline void swap_out(void *m, size_t n, long at_least_kb)
{
	AWAIT(madvise(m, n * PG, MADV_PAGEOUT) == 0 && swap_of_self() >= at_least_kb);
}
/* Pages on their way out hold their slots a little longer, and Linux's CPUs keep some. */
static inline void swap_free_at_least(long kb)
{
	AWAIT(proc_number("/proc/meminfo", "SwapFree:") >= kb - 1024);
}

#endif
