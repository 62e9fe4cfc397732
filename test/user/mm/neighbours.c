/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Threads change neighbouring parts of the same mappings at the same time: map, unmap, protect, move and
 * fault next to each other, while others fork, grow the heap and read the list of mappings. Each
 * thread finds in its own part just what it put there.
 */
#include "ktest_user.h"

#define NT	4
#define SLICE	8UL			/* pages of each thread */

static char *area;
static _Atomic bool stop;

/* Thread `id` owns pages [id * SLICE, (id + 1) * SLICE) of the area, which begins as one mapping. */
static void *changer(void *x)
{
	unsigned long id = (uintptr_t)x, seed = id * 7919 + 1;
	unsigned char want[SLICE] = { 0 };	/* 0: zero page, or value */
	bool mapped[SLICE], writable[SLICE];
	char *base = area + id * SLICE * PG;

	for (unsigned i = 0; i < SLICE; i++)
		mapped[i] = writable[i] = true;
	for (int step = 0; step < 120; step++) {
		unsigned i, n;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		i = (seed >> 33) % SLICE;
		n = 1 + (seed >> 40) % (SLICE - i);
		switch ((seed >> 50) % 5) {
		case 0:
			CHECK_OK(munmap(base + i * PG, n * PG));
			for (unsigned k = i; k < i + n; k++)
				mapped[k] = writable[k] = false;
			break;
		case 1:
			CHECK(mmap(base + i * PG, n * PG, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == base + i * PG);
			for (unsigned k = i; k < i + n; k++) {
				mapped[k] = writable[k] = true;
				want[k] = 0;
			}
			break;
		case 2: {
			bool all = true, w = seed >> 60 & 1;

			for (unsigned k = i; k < i + n; k++)
				all &= mapped[k];
			if (!all)
				break;
			CHECK_OK(mprotect(base + i * PG, n * PG, w ? PROT_READ | PROT_WRITE : PROT_READ));
			for (unsigned k = i; k < i + n; k++)
				writable[k] = w;
			break;
		}
		case 3:
			if (!mapped[i])
				break;
			CHECK_OK(madvise(base + i * PG, PG, MADV_DONTNEED));
			want[i] = 0;
			break;
		default:
			for (unsigned k = i; k < i + n; k++)
				if (writable[k])
					base[k * PG + 5] = (char)(want[k] = (unsigned char)(seed >> 20) | 1);
		}
		for (unsigned k = 0; k < SLICE; k++)
			if (mapped[k])
				CHECK_EQ((unsigned char)((volatile char *)base)[k * PG + 5], want[k]);
	}
	return NULL;
}

static void run_changers(void)
{
	pthread_t t[NT];

	for (uintptr_t i = 0; i < NT; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, changer, (void *)i), 0);
	for (int i = 0; i < NT; i++)
		pthread_join(t[i], NULL);
}

static void reserve(void)
{
	area = mmap(NULL, NT * SLICE * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
}

CASE(slices_of_one_mapping)
{
	for (int i = 0; i < 2; i++) {
		reserve();
		run_changers();
		CHECK_OK(munmap(area, NT * SLICE * PG));
	}
}

static void *forker(void *x)
{
	while (!stop) {
		pid_t p;

		CHILD(p)
			_exit(0);
		WAIT_EXIT(p, 0);
	}
	return x;
}
CASE(slices_against_fork)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, forker, NULL), 0);
	reserve();
	run_changers();
	stop = true;
	pthread_join(t, NULL);
}

static void *looker(void *x)
{
	static char buf[65536];		/* not malloc(), which has its own opinion of where the heap ends */

	while (!stop) {
		int fd = open("/proc/self/maps", O_RDONLY);
		ssize_t n, len = 0;

		CHECK(fd >= 0);
		while ((n = read(fd, buf + len, 65535 - len)) > 0)
			len += n;
		close(fd);
		buf[len] = 0;
		for (char *p = buf; *p; p = strchr(p, '\n') + 1) {
			unsigned long a, b;

			CHECK_EQ(sscanf(p, "%lx-%lx", &a, &b), 2);
			CHECK(b > a);
		}
		sched_yield();
	}
	return x;
}
static void *heaper(void *x)
{
	char *p = (char *)syscall(SYS_brk, 0);

	while (!stop) {
		CHECK_EQ(syscall(SYS_brk, p + 3 * PG), (long)(p + 3 * PG));
		/* the rest of the page that the old end lies in is the program's */
		for (int i = 1; i < 3; i++)
			CHECK_EQ(p[i * PG], 0);
		p[2 * PG] = 1;
		CHECK_EQ(syscall(SYS_brk, p), (long)p);
		sched_yield();
	}
	return x;
}
CASE(slices_against_lookers_and_heap)
{
	pthread_t t[2];

	reserve();
	CHECK_EQ(pthread_create(&t[0], NULL, looker, NULL), 0);
	CHECK_EQ(pthread_create(&t[1], NULL, heaper, NULL), 0);
	run_changers();
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}
CASE(slices_against_lookers)
{
	pthread_t t;

	reserve();
	CHECK_EQ(pthread_create(&t, NULL, looker, NULL), 0);
	run_changers();
	stop = true;
	pthread_join(t, NULL);
}

/* Mappings found by the kernel never overlap, whoever asks, and moving keeps contents. */
static void *placer(void *x)
{
	uintptr_t id = (uintptr_t)x;
	char *m[8] = { NULL };
	size_t n[8];

	for (unsigned i = 0; i < 100; i++) {
		unsigned k = i % 8;

		if (m[k]) {
			for (size_t p = 0; p < n[k]; p++)
				CHECK_EQ(((unsigned long *)(m[k] + p * PG))[0], id * 1000 + k);
			if (i % 3) {
				size_t more = n[k] + 1 + i % 5;
				char *q = mremap(m[k], n[k] * PG, more * PG, MREMAP_MAYMOVE);

				CHECK(q != MAP_FAILED);
				for (size_t p = n[k]; p < more; p++)
					CHECK_EQ(((unsigned long *)(q + p * PG))[0], 0);
				m[k] = q;
				n[k] = more;
			}
			CHECK_OK(munmap(m[k], n[k] * PG));
		}
		n[k] = 1 + (i * 7 + id) % 9;
		m[k] = mmap(NULL, n[k] * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(m[k] != MAP_FAILED);
		for (size_t p = 0; p < n[k]; p++) {
			CHECK_EQ(((unsigned long *)(m[k] + p * PG))[0], 0);
			((unsigned long *)(m[k] + p * PG))[0] = id * 1000 + k;
		}
	}
	return NULL;
}
CASE(places)
{
	pthread_t t[NT];

	for (uintptr_t i = 0; i < NT; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, placer, (void *)(i + 1)), 0);
	for (int i = 0; i < NT; i++)
		pthread_join(t[i], NULL);
}
