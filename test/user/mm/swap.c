/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Swap, on a loop device over a memory file: pages go and come back with their contents, through fork,
 * mremap, munmap and swapoff; what the calls refuse; what /proc shows. A disk for it can be named in
 * KEEL_SWAP_DEVICE.
 */
#include "ktest_user.h"
#include "swapdev.h"

static char dev[64];
static void device(void) { swap_device(dev, sizeof(dev)); }

CASE(out_and_back)
{
	size_t n = 300;
	unsigned long *m;
	unsigned char vec[300];
	long total;

	device();
	CHECK_OK(swapon(dev, 0));
	total = proc_number("/proc/meminfo", "SwapTotal:");
	CHECK(total >= (long)(SLOTS - 1) * 4);
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 7);
	swap_out(m, n, n * 4 * 9 / 10);
	CHECK(proc_number("/proc/meminfo", "SwapFree:") <= total - (long)n * 36 / 10);
	CHECK_OK(mincore(m, n * PG, vec));
	swap_check(m, n, 7);
	CHECK_OK(mincore(m, n * PG, vec));
	for (size_t i = 0; i < n; i++)
		CHECK(vec[i] & 1);
	swap_fill(m, n, 9);
	swap_check(m, n, 9);
	CHECK_EQ(swap_exactly(), 0);
	/* and once more, with pages that lie in slots already */
	swap_out(m, n, n * 4 * 9 / 10);
	swap_check(m, n, 9);
	CHECK_OK(munmap(m, n * PG));
	CHECK_OK(swapoff(dev));
	CHECK_EQ(proc_number("/proc/meminfo", "SwapTotal:"), total - (long)(SLOTS - 1) * 4);
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
	swap_fill(m, n, 3);
	swap_out(m, n, n * 4 * 9 / 10);
	CHILD(p) {
		close(fd[1]);
		CHECK_EQ(read(fd[0], &c, 1), 1);
		CHECK_EQ(swap_exactly(), 0);
		swap_check(m, n, 3);
		swap_fill(m, n, 4);
		swap_check(m, n, 4);
	}
	CHECK_OK(swapoff(dev));
	CHECK_EQ(swap_exactly(), 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	swap_check(m, n, 3);
	WAIT_EXIT(p, 0);
	swap_check(m, n, 3);
}
CASE(forked)
{
	size_t n = 100;
	unsigned long *m;
	pid_t p;

	device();
	CHECK_OK(swapon(dev, 0));
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 3);
	swap_out(m, n, n * 4 * 9 / 10);
	for (int round = 0; round < 3; round++) {
		CHILD(p) {
			swap_check(m, n, 3);
			swap_fill(m, n / 2, 50 + round);
			swap_out(m, n / 2, 1);
			swap_check(m, n / 2, 50 + round);
			swap_check(m + n / 2 * PG / 8, 1, 3 + n / 2 * 1000);
		}
		WAIT_EXIT(p, 0);
		swap_check(m, n, 3);
		swap_out(m, n, 1);
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
	free0 = proc_number("/proc/meminfo", "SwapFree:");
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 3);
	swap_out(m, n, n * 4 * 9 / 10);
	q = mmap(NULL, n * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(q != MAP_FAILED);
	CHECK(mremap(m, n * PG, n * PG, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
	swap_check(q, n / 2, 3);
	CHECK_OK(mprotect(q, n * PG, PROT_READ));
	swap_check(q, n, 3);
	CHECK_OK(mprotect(q, n * PG, PROT_READ | PROT_WRITE));
	swap_fill(q, n, 5);
	swap_out(q, n, n * 4 * 9 / 10);
	CHECK_OK(madvise(q, n / 2 * PG, MADV_DONTNEED));
	CHECK_EQ(q[0], 0);
	CHECK_OK(munmap(q, n * PG));
	swap_free_at_least(free0);
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
	swap_fill(m, 8, 3);
	swap_out(m, 16, 8 * 4);
	swap_check(m, 8, 3);
	CHECK_EQ(m[9 * PG / 8], 0);
	CHECK_OK(swapoff(dev));
	swap_check(m, 8, 3);
}
CASE(refused)
{
	int fd;
	pid_t p;

	swap_loop(dev, sizeof(dev), SLOTS);
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
	swap_header(fd, SLOTS + 1, 0, 0);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	swap_header(fd, 1, 0, 0);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	swap_header(fd, SLOTS, 1, SLOTS);
	CHECK_ERR(swapon(dev, 0), EINVAL);
	swap_header(fd, SLOTS, 1, 7);
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
	char buf[2048], type[32];
	long size, used;
	int prio;

	device();
	CHECK_OK(swapon(dev, SWAP_FLAG_PREFER | 5));
	kt_get("/proc/swaps", buf, sizeof(buf));
	CHECK(!strncmp(buf, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", 39));
	CHECK(swap_listed(dev, type, &size, &used, &prio));
	CHECK_STR(type, "partition");
	CHECK_EQ(size, (long)(SLOTS - 1) * 4);
	CHECK_EQ(used, 0);
	CHECK_EQ(prio, 5);
	CHECK_OK(swapoff(dev));
	CHECK(!swap_listed(dev, type, &size, &used, &prio));
}

static long used_of(const char *name, int *prio)
{
	char type[32];
	long size, used;

	CHECK(swap_listed(name, type, &size, &used, prio));
	return used;
}
/* Higher priorities first; equal ones share; without one each is below the one before. */
CASE(priorities)
{
	char a[64], b[64], c[64];
	size_t n = 600;
	unsigned long *m;
	int prio, last;

	swap_loop(a, sizeof(a), 301);
	swap_loop(b, sizeof(b), SLOTS);
	swap_loop(c, sizeof(c), SLOTS);
	CHECK_OK(swapon(a, SWAP_FLAG_PREFER | 9));
	CHECK_OK(swapon(b, SWAP_FLAG_PREFER | 7));
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 1);
	swap_out(m, 200, 190 * 4);
	CHECK_GE(used_of(a, &prio), 190 * 4);
	CHECK_EQ(used_of(b, &prio), 0);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	CHECK_GE(used_of(b, &prio), 200 * 4);
	swap_check(m, n, 1);
	CHECK_OK(munmap(m, n * PG));
	CHECK_OK(swapoff(b));
	CHECK_OK(swapoff(a));
	CHECK_OK(swapon(a, 0));
	CHECK_OK(swapon(b, 0));
	CHECK_OK(swapon(c, 0));
	used_of(a, &last);
	CHECK_LT(last, 0);
	used_of(b, &prio);
	CHECK_EQ(prio, last - 1);
	used_of(c, &prio);
	CHECK_EQ(prio, last - 2);
	/* What stood below one that goes moves up. */
	CHECK_OK(swapoff(b));
	used_of(c, &prio);
	CHECK_EQ(prio, last - 1);
	CHECK_OK(swapon(b, 0));
	used_of(b, &prio);
	CHECK_EQ(prio, last - 2);
	CHECK_OK(swapoff(a));
	CHECK_OK(swapoff(b));
	CHECK_OK(swapoff(c));
	/* Both of equal ones are used. */
	CHECK_OK(swapon(b, SWAP_FLAG_PREFER | 3));
	CHECK_OK(swapon(c, SWAP_FLAG_PREFER | 3));
	n = 2000;
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 2);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	CHECK_GT(used_of(b, &prio), 0);
	CHECK_GT(used_of(c, &prio), 0);
	swap_check(m, n, 2);
	CHECK_OK(swapoff(b));
	CHECK_OK(swapoff(c));
	swap_check(m, n, 2);
}
CASE(flags)
{
	static const int flags[] = { SWAP_FLAG_DISCARD, SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE,
		SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_PAGES, SWAP_FLAG_DISCARD_PAGES,
		SWAP_FLAG_PREFER | 32767 | SWAP_FLAG_DISCARD };
	size_t n = 1500;
	unsigned long *m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);

	swap_loop(dev, sizeof(dev), SLOTS);
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		CHECK_OK(swapon(dev, flags[i]));
		/* Around the area more than once, with clusters that fall empty. */
		for (unsigned r = 0; r < 4; r++) {
			swap_fill(m, n, i * 100 + r);
			swap_out(m, n, (long)n * 4 * 9 / 10);
			swap_check(m, n, i * 100 + r);
		}
		CHECK_OK(swapoff(dev));
		swap_check(m, n, i * 100 + 3);
	}
	CHECK_ERR(swapon(dev, 0x80000), EINVAL);
	CHECK_ERR(swapon(".", 0), EISDIR);
	CHECK_OK(mkfifo("fifo", 0600));
	CHECK_ERR(swapon("fifo", 0), EINVAL);
	CHECK_ERR(swapoff("fifo"), EINVAL);
	CHECK_OK(mkdir("mnt", 0700));
	CHECK_OK(mount("none", "mnt", "tmpfs", 0, NULL));
	CHECK_EQ(close(CHECK_OK(open("mnt/f", O_CREAT | O_RDWR, 0600))), 0);
	CHECK_OK(mount("none", "mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(swapon("mnt/f", 0), EROFS);
	CHECK_OK(umount("mnt"));
	CHECK_ERR(swapon((char *)8, 0), EFAULT);
}
static bool all_in(void *m, size_t n)
{
	unsigned char vec[128];
	int in = 1;

	CHECK_LE(n, sizeof(vec));
	CHECK_OK(mincore(m, n * PG, vec));
	for (size_t k = 0; k < n; k++)
		in &= vec[k];
	return in;
}
CASE(locked_and_advised)
{
	size_t n = 128;
	unsigned long *m;
	long free0;

	device();
	CHECK_OK(swapon(dev, 0));
	free0 = proc_number("/proc/meminfo", "SwapFree:");
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 3);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	/* mlock brings back what is out, and keeps it. */
	CHECK_OK(mlock(m, n * PG));
	CHECK_EQ(swap_exactly(), 0);
	CHECK_ERR(madvise(m, n * PG, MADV_PAGEOUT), EINVAL);
	CHECK_ERR(madvise(m, n * PG, MADV_COLD), EINVAL);
	swap_check(m, n, 3);
	CHECK_EQ(swap_exactly(), 0);
	CHECK_OK(munlock(m, n * PG));
	swap_out(m, n, (long)n * 4 * 9 / 10);
	CHECK_OK(madvise(m, n * PG, MADV_COLD));
	swap_check(m, n, 3);
	/* Read before it is asked for. */
	swap_out(m, n, (long)n * 4 * 9 / 10);
	CHECK_OK(madvise(m, n * PG, MADV_WILLNEED));
	AWAIT(all_in(m, n));
	CHECK_GE(swap_of_self(), (long)n * 4 * 8 / 10);
	swap_check(m, n, 3);
	/* Given up while it is out. */
	swap_out(m, n, (long)n * 4 * 9 / 10);
	CHECK_OK(madvise(m, n / 2 * PG, MADV_FREE));
	for (size_t i = 0; i < n / 2; i++)
		CHECK(m[i * PG / 8] == 0 || m[i * PG / 8] == 3 + i * 1000);
	CHECK_OK(madvise(m + n / 2 * PG / 8, n / 2 * PG, MADV_DONTNEED));
	for (size_t i = n / 2; i < n; i++)
		CHECK_EQ(m[i * PG / 8], 0);
	CHECK_EQ(swap_exactly(), 0);
	CHECK_OK(munmap(m, n * PG));
	swap_free_at_least(free0);
	CHECK_OK(swapoff(dev));
}
CASE(what_proc_tells)
{
	size_t n = 256;
	unsigned long *m;
	unsigned long long words[256];
	long out0, in0, major0, kb, pss, out = 0;
	struct rusage ru0, ru;
	pid_t p;
	int fd[2], pm;
	char c;

	device();
	CHECK_OK(swapon(dev, 0));
	out0 = proc_number("/proc/vmstat", "pswpout ");
	in0 = proc_number("/proc/vmstat", "pswpin ");
	major0 = proc_number("/proc/vmstat", "pgmajfault ");
	CHECK(out0 >= 0 && in0 >= 0 && major0 >= 0);
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	swap_fill(m, n, 3);
	swap_out(m, n, (long)n * 4 * 9 / 10);
	kb = swap_of_self();
	CHECK_GE(proc_number("/proc/vmstat", "pswpout "), out0 + (long)n * 9 / 10);
	CHECK_GE(proc_number("/proc/self/smaps_rollup", "\nSwap:"), kb);
	pss = proc_number("/proc/self/smaps_rollup", "\nSwapPss:");
	CHECK(pss >= kb - 4 && pss <= kb + 4);
	pm = CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
	CHECK_EQ(pread(pm, words, sizeof(words), (long)((unsigned long)m / PG * 8)), (long)sizeof(words));
	for (size_t i = 0; i < n; i++)
		out += words[i] >> 62 == 1;
	CHECK_GE(out, (long)n * 8 / 10);
	CHECK_LE(out * 4, swap_exactly());
	/* Shared with a child, each has half of it. */
	CHECK_OK(pipe(fd));
	CHILD(p)
		CHECK_EQ(read(fd[0], &c, 1), 1);
	pss = proc_number("/proc/self/smaps_rollup", "\nSwapPss:");
	CHECK(pss >= kb / 2 - 8 && pss <= kb / 2 + 8);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
	/* Coming back means reading for those that left the swap cache too; nobody can make them. */
	CHECK_OK(getrusage(RUSAGE_SELF, &ru0));
	swap_check(m, n, 3);
	CHECK_OK(getrusage(RUSAGE_SELF, &ru));
	if (proc_number("/proc/vmstat", "pswpin ") > in0) {
		CHECK_GT(ru.ru_majflt, ru0.ru_majflt);
		CHECK_GT(proc_number("/proc/vmstat", "pgmajfault "), major0);
	}
	CHECK_EQ(swap_exactly(), 0);
	CHECK_OK(swapoff(dev));
}
/* Memory that processes share: out by advice, back for each of them. */
CASE(shared_memory)
{
	size_t n = 200;
	unsigned long *m, *q;
	long total, free0;
	int fd;
	pid_t p;

	device();
	CHECK_OK(swapon(dev, 0));
	total = proc_number("/proc/meminfo", "SwapTotal:");
	CHECK(total > 0);
	free0 = proc_number("/proc/meminfo", "SwapFree:");
	fd = CHECK_OK(memfd_create("m", 0));
	CHECK_OK(ftruncate(fd, (off_t)(n * PG)));
	m = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	swap_fill(m, n, 5);
	AWAIT(madvise(m, n * PG, MADV_PAGEOUT) == 0 &&
	      free0 - proc_number("/proc/meminfo", "SwapFree:") >= (long)n * 4 * 8 / 10);
	CHILD(p) {
		swap_check(m, n, 5);
		swap_fill(m, n / 2, 6);
	}
	WAIT_EXIT(p, 0);
	swap_check(m, n / 2, 6);
	for (size_t i = n / 2; i < n; i++)
		CHECK_EQ(m[i * PG / 8], 5 + i * 1000);
	/* Cut and punched while it is out. */
	for (int i = 0; i < 3; i++)
		CHECK_OK(madvise(m, n * PG, MADV_PAGEOUT));
	CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)(10 * PG)));
	CHECK_OK(ftruncate(fd, (off_t)(n / 2 * PG)));
	CHECK_OK(ftruncate(fd, (off_t)(n * PG)));
	CHECK_EQ(m[0], 0);
	CHECK_EQ(m[9 * PG / 8], 0);
	CHECK_EQ(m[10 * PG / 8], 6 + 10 * 1000);
	CHECK_EQ(m[n / 2 * PG / 8], 0);
	/* A shared mapping without a file; two names for one memory. */
	q = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(q != MAP_FAILED);
	swap_fill(q, n, 8);
	for (int i = 0; i < 3; i++)
		CHECK_OK(madvise(q, n * PG, MADV_PAGEOUT));
	CHECK_OK(swapoff(dev));
	swap_check(q, n, 8);
	CHECK_OK(munmap(m, n * PG));
	CHECK_OK(munmap(q, n * PG));
}
/* A swapoff that is killed leaves the area as it was. */
CASE(swapoff_killed)
{
	size_t n = 3500;
	unsigned long *m;
	pid_t p;
	int st, prio, tries = 0, killed = 0;
	char type[32];
	long size, used;

	device();
	CHECK_OK(swapon(dev, SWAP_FLAG_PREFER | 4));
	m = (unsigned long *)kt_map(n, PROT_READ | PROT_WRITE);
	for (; tries < 5 && !killed; tries++) {
		long out;

		swap_fill(m, n, 3);
		swap_out(m, n, (long)n * 4 * 8 / 10);
		out = swap_exactly();
		p = kt_fork();
		if (!p)
			_exit(swapoff(dev) ? 1 : 0);
		/* In the middle of it: some pages are back. Not AWAIT, which looks too seldom. */
		while (swap_exactly() == out)
			;
		CHECK_OK(kill(p, SIGKILL));
		CHECK_EQ(waitpid(p, &st, 0), p);
		/* The kill may come when all is done. */
		killed = WIFSIGNALED(st) && swap_listed(dev, type, &size, &used, &prio);
		if (killed) {
			CHECK_EQ(prio, 4);
			swap_check(m, n, 3);
		} else {
			swap_check(m, n, 3);
			CHECK_OK(swapon(dev, SWAP_FLAG_PREFER | 4));
		}
	}
	swap_out(m, n, (long)n * 4 * 8 / 10);
	CHECK_OK(swapoff(dev));
	swap_check(m, n, 3);
}
