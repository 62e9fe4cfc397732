/* SPDX-License-Identifier: MPL-2.0 */
/* Address spaces when memory fails: what a call did not do whole, it did not do, and a fault goes on until it can. */
#include "failnth.h"

unsigned kt_case_seconds = 330;
static char *area;		/* 64 pages, every one with its number */
static int file;

static long anon(void)
{
	void *p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : (long)p;
}
static void unmap8(long p) { CHECK_OK(munmap((void *)p, 8 * PG)); }
static long shared(void)
{
	void *p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : (long)p;
}
static long of_file(void)
{
	void *p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	return p == MAP_FAILED ? -1 : (long)p;
}
static long populated(void)
{
	void *p = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? -1 : (long)p;
}
static long touched(void)
{
	char *p = (char *)anon();

	if ((long)p == -1)
		return -1;
	for (int i = 0; i < 8; i++)
		p[i * PG] = (char)i;
	for (int i = 0; i < 8; i++)
		CHECK_EQ(p[i * PG], i);
	return (long)p;
}
static long over(void)
{
	void *p = mmap(area + 10 * PG, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}
static void refill(long r)
{
	for (int i = 10; i < 14; i++)
		area[i * PG] = (char)i;
}
static long protect(void) { return mprotect(area + 20 * PG, 3 * PG, PROT_READ); }
static void unprotect(long r) { CHECK_OK(mprotect(area + 20 * PG, 3 * PG, PROT_READ | PROT_WRITE)); }
static long hole(void) { return munmap(area + 30 * PG, PG); }
static void fill_hole(long r)
{
	char *p = mmap(area + 30 * PG, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(p == area + 30 * PG);
	*p = 30;
}
static long moved(void)
{
	char *p = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
	int e;

	if (p == MAP_FAILED)
		return -1;
	p[0] = 11;
	p[3 * PG] = 12;
	q = mremap(p, 4 * PG, 40 * PG, MREMAP_MAYMOVE);
	e = errno;
	fail_pause();
	if (q == MAP_FAILED) {
		CHECK(p[0] == 11 && p[3 * PG] == 12);
		CHECK_OK(munmap(p, 4 * PG));
	} else {
		CHECK(q[0] == 11 && q[3 * PG] == 12);
		CHECK_OK(munmap(q, 40 * PG));
	}
	errno = e;
	return q == MAP_FAILED ? -1 : 0;
}
static long locked(void) { return mlock(area + 40 * PG, 3 * PG); }
static void unlocked(long r) { CHECK_OK(munlock(area + 40 * PG, 3 * PG)); }
static long advise_merge(void) { return madvise(area + 45 * PG, 2 * PG, MADV_DONTFORK); }
static void advise_back(long r) { CHECK_OK(madvise(area + 45 * PG, 2 * PG, MADV_DOFORK)); }
static long away(void)
{
	if (madvise(area + 50 * PG, 2 * PG, MADV_DONTNEED))
		return -1;
	CHECK_EQ(area[50 * PG], 0);
	area[50 * PG] = 50;
	area[51 * PG] = 51;
	return 0;
}
static long more_heap(void)
{
	char *old = sbrk(0), *now = (char *)syscall(SYS_brk, old + 64 * PG);

	if (now == old) {
		errno = ENOMEM;
		return -1;
	}
	CHECK(now == old + 64 * PG);
	old[63 * PG] = 1;
	fail_pause();
	return (long)old;
}
static void less_heap(long old) { CHECK_EQ(syscall(SYS_brk, old), old); }
/* A page of a file's private mapping is copied. */
static long copied(void)
{
	char *p = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);

	if (p == MAP_FAILED)
		return -1;
	p[0] = 77;
	p[PG] = 78;
	CHECK(p[0] == 77 && p[PG] == 78 && p[2 * PG] == 5);
	fail_pause();
	CHECK_OK(munmap(p, 4 * PG));
	return 0;
}
static long resident(void)
{
	static unsigned char v[64];

	return mincore(area, 64 * PG, v);
}
static long other_memory(void)
{
	static char b[3 * PG];
	struct iovec l = { b, sizeof(b) }, r = { area, sizeof(b) };

	return process_vm_readv(getpid(), &l, 1, &r, 1, 0);
}
static long maps(void)
{
	static char b[8192];
	int fd = open("/proc/self/maps", O_RDONLY), e;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, b, sizeof(b));
	e = errno;
	fail_pause();
	close(fd);
	errno = e;
	return n;
}
/* Both share pages until one writes. */
static long cow(void)
{
	pid_t p = (pid_t)syscall(SYS_fork);
	int st;

	if (!p) {
		for (int i = 0; i < 64; i++)
			if (area[i * PG] != i)
				_exit(1);
		area[5 * PG] = 1;
		_exit(0);
	}
	if (p < 0)
		return -1;
	for (int i = 0; i < 8; i++)
		area[i * PG] = (char)i;
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK_EQ(st, 0);
	return 0;
}

CASE(mappings)
{
	static const struct fail_call calls[] = {
		{ "mmap", anon, unmap8, { 0 } },
		{ "mmap, shared", shared, unmap8, { ENFILE } },
		{ "mmap of a file", of_file, unmap8, { 0 } },
		{ "mmap MAP_POPULATE", populated, unmap8, { 0 } },
		{ "first touches", touched, unmap8, { 0 } },
		{ "mmap over others", over, refill, { 0 } },
		{ "mprotect", protect, unprotect, { 0 } },
		{ "munmap of a hole", hole, fill_hole, { 0 } },
		{ "mremap", moved, NULL, { 0 } },
		{ "mlock", locked, unlocked, { EAGAIN } },
		{ "MADV_DONTFORK", advise_merge, advise_back, { EAGAIN } },
		{ "MADV_DONTNEED", away, NULL, { EAGAIN } },
		{ "brk", more_heap, less_heap, { 0 } },
		{ "copies of a file's pages", copied, NULL, { 0 } },
		{ "mincore", resident, NULL, { EAGAIN } },
		{ "process_vm_readv", other_memory, NULL, { EFAULT } },
		{ "/proc/self/maps", maps, NULL, { ENFILE } },
		{ "fork and copies", cow, NULL, { EAGAIN } },
	};
	static char b[8 * PG];

	memset(b, 5, sizeof(b));
	file = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(file, b, sizeof(b)), (long)sizeof(b));
	area = kt_map(64, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 64; i++)
		area[i * PG] = (char)i;
	FAIL_GROUP(calls);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(area[i * PG], i);
}
