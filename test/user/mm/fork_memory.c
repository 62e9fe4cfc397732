/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fork copies every kind of mapping: counts of pages, shared files, PROT_NONE, many regions.
 */
#include "ktest_user.h"

CASE(many_regions)
{
	enum { N = 500 };
	char *m[N];
	pid_t p;

	for (int i = 0; i < N; i++) {
		m[i] = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(m[i] != MAP_FAILED);
		CHECK_OK(mprotect(m[i] + PG, PG, i & 1 ? PROT_NONE : PROT_READ));
		m[i][0] = i;
	}
	CHILD(p) {
		for (int i = 0; i < N; i++) {
			CHECK_EQ((unsigned char)m[i][0], i & 255);
			m[i][0] = ~i;
		}
		CHECK_EQ(kt_fault(m[1] + PG, false, NULL), SIGSEGV);
		CHECK_EQ(kt_fault(m[0] + PG, false, NULL), 0);
	}
	WAIT_EXIT(p, 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ((unsigned char)m[i][0], i & 255);
}
CASE(big_process)
{
	size_t n = 32 << 20;
	char *m = kt_map(n / PG, PROT_READ | PROT_WRITE);
	pid_t p;

	for (size_t i = 0; i < n; i += PG)
		m[i] = i / PG;
	CHILD(p)
		for (size_t i = 0; i < n; i += PG)
			CHECK_EQ((unsigned char)m[i], (i / PG) & 255);
	WAIT_EXIT(p, 0);
}
CASE(fork_bomb_of_depth)
{
	int *count = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	for (int i = 0; i < 40; i++) {
		p = kt_fork();
		if (p) {
			WAIT_EXIT(p, 0);
			if (i)
				_exit(0);
			break;
		}
		++*count;
		if (i == 39)
			_exit(0);
	}
	CHECK_EQ(*count, 40);
}
