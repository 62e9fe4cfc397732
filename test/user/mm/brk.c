/* SPDX-License-Identifier: MPL-2.0 */
/* brk: query, growing, shrinking, zeroed memory, refusal, limits and collisions. */
#include "ktest_user.h"

static char *brk_(void *p) { return (char *)syscall(SYS_brk, p); }
CASE(grow_and_shrink)
{
	char *b = brk_(NULL), *n;
	int code;

	CHECK(b);
	CHECK_EQ(brk_(b), b);
	n = b + 10 * PG;
	CHECK_EQ(brk_(n), n);
	memset(b, 0x5a, 10 * PG);
	CHECK_EQ(brk_(b + 5 * PG), b + 5 * PG);
	CHECK_EQ(b[0], 0x5a);
	char *gone = (char *)(((uintptr_t)b + 5 * PG + PG - 1) & -PG);
	CHECK_EQ(kt_fault(gone, false, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_MAPERR);
	CHECK_EQ(brk_(n), n);
	CHECK_EQ(gone[0], 0);	/* fresh zeroes, not the old contents */
	CHECK_EQ(brk_(b), b);
}
CASE(byte_granular)
{
	char *b = brk_(NULL);

	for (int i = 1; i < 100; i++)
		CHECK_EQ(brk_(b + i), b + i);
	b[98] = 1;
}
CASE(refused_keeps_the_old)
{
	char *b = brk_(NULL);

	CHECK_EQ(brk_((void *)1), b);
	CHECK_EQ(brk_((void *)0x7ffffffff000), b);
	CHECK_EQ(brk_((void *)-1), b);
	CHECK_EQ(brk_(NULL), b);
}
CASE(collides_with_a_mapping)
{
	char *b = brk_(NULL);
	char *wall = (char *)(((uintptr_t)b + 16 * PG) & -PG);

	CHECK_EQ(mmap(wall, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), wall);
	CHECK_EQ(brk_(wall + 1), b);
	CHECK_EQ(brk_(wall - 4 * PG), wall - 4 * PG);
}
CASE(data_limit)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	char *b = brk_(NULL);

	CHECK_OK(setrlimit(RLIMIT_DATA, &rl));
	CHECK_EQ(brk_(b + (2 << 20)), b);
	CHECK_ERR(mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK(mmap(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}
CASE(heap_in_maps)
{
	static char buf[65536];
	char *b = brk_(NULL);

	CHECK_EQ(brk_(b + PG * 4), b + PG * 4);
	kt_get("/proc/self/maps", buf, sizeof(buf));
	CHECK(strstr(buf, "[heap]\n"));
}
