/* SPDX-License-Identifier: MPL-2.0 */
/* Shared anonymous memory: seen by children, survives partial unmapping, atomics work. */
#include "ktest_user.h"

CASE(children_share)
{
	_Atomic long *m = mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p[4];

	CHECK(m != MAP_FAILED);
	for (int i = 0; i < 4; i++)
		CHILD(p[i])
			for (int k = 0; k < 5000; k++) {
				atomic_fetch_add(m, 1);
				m[512 + i] = k;
			}
	for (int i = 0; i < 4; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(m[0], 20000);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(m[512 + i], 4999);
}
CASE(untouched_pages_too)
{
	char *m = mmap(NULL, 16 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHECK(m != MAP_FAILED);
	CHILD(p)
		memset(m, 7, 16 * PG);	/* first touch happens in the child */
	WAIT_EXIT(p, 0);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(m[i * PG], 7);
}
CASE(outlives_its_creator)
{
	char *m;
	int up[2], go[2];
	char c;
	pid_t p;

	CHECK_OK(pipe(up));
	CHECK_OK(pipe(go));
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	m[0] = 5;
	CHILD(p) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		CHECK_EQ(m[0], 5);
		m[0] = 6;
		CHECK_EQ(m[0], 6);
	}
	CHECK_OK(munmap(m, PG));
	CHECK_EQ(write(go[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
}
CASE(mremap_and_fork)
{
	char *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *n;
	int code;

	CHECK(m != MAP_FAILED);
	m[0] = 9;
	n = mremap(m, PG, 2 * PG, MREMAP_MAYMOVE);
	CHECK(n != MAP_FAILED);
	CHECK_EQ(n[0], 9);
	CHECK_EQ(kt_fault(n + PG, false, &code), SIGBUS);	/* the object did not grow */
}
