/* SPDX-License-Identifier: MPL-2.0 */
/* Threads map, touch and unmap at the same time, in separate and in shared regions. */
#include "ktest_user.h"

static _Atomic bool stop;
static void *mapper(void *x)
{
	unsigned seed = (uintptr_t)x;

	for (int i = 0; i < 60; i++) {
		size_t n = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 16;
		char *m = mmap(NULL, n * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(m != MAP_FAILED);
		for (size_t k = 0; k < n; k++) {
			CHECK_EQ(m[k * PG], 0);
			m[k * PG] = seed;
		}
		for (size_t k = 0; k < n; k++)
			CHECK_EQ(m[k * PG], (char)seed);
		if (n > 2)
			CHECK_OK(mprotect(m + PG, PG, PROT_NONE));
		CHECK_OK(munmap(m, n * PG));
	}
	return NULL;
}
CASE(separate)
{
	pthread_t t[4];

	for (long i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, mapper, (void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
static char *region;
static void *reader(void *x)
{
	while (!stop) {
		sched_yield();
		for (int i = 0; i < 64; i++) {
			char c = *(volatile char *)(region + i * PG);

			CHECK(c == 0 || c == 1);
		}
	}
	return NULL;
}
CASE(dontneed_against_readers)
{
	pthread_t t[2];

	region = kt_map(64, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, reader, NULL), 0);
	for (int i = 0; i < 8; i++) {
		for (int k = 0; k < 64; k += 3)
			region[k * PG] = 1;
		CHECK_OK(madvise(region, 64 * PG, MADV_DONTNEED));
		CHECK_EQ(region[0], 0);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}
CASE(fork_while_threads_fault)
{
	pthread_t t[2];
	pid_t p;

	for (long i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, mapper, (void *)(i + 1)), 0);
	for (int i = 0; i < 8; i++) {
		CHILD(p)
			_exit(0);
		WAIT_EXIT(p, 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}
