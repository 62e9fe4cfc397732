/* SPDX-License-Identifier: MPL-2.0 */
/* munmap: whole, partial, across several mappings, holes, errors. */
#include "ktest_user.h"

static bool mapped(void *p)
{
	unsigned char v;

	return mincore(p, PG, &v) == 0;
}
CASE(middle)
{
	char *m = kt_map(5, PROT_READ | PROT_WRITE);
	int code;

	memset(m, 3, 5 * PG);
	CHECK_OK(munmap(m + 2 * PG, PG));
	CHECK_EQ(m[2 * PG - 1], 3);
	CHECK_EQ(m[3 * PG], 3);
	CHECK_EQ(kt_fault(m + 2 * PG, false, &code), SIGSEGV);
	CHECK_EQ(code, SEGV_MAPERR);
	CHECK(mapped(m + PG) && !mapped(m + 2 * PG) && mapped(m + 3 * PG));
	CHECK_OK(munmap(m, 5 * PG));	/* over the hole */
	CHECK(!mapped(m) && !mapped(m + 4 * PG));
}
CASE(several_mappings)
{
	char *m = kt_map(9, PROT_NONE);

	for (int i = 0; i < 9; i += 2)
		CHECK_OK(mprotect(m + i * PG, PG, PROT_READ | PROT_WRITE));
	CHECK_OK(munmap(m + PG + 0, 7 * PG));
	CHECK(mapped(m) && mapped(m + 8 * PG));
	for (int i = 1; i < 8; i++)
		CHECK(!mapped(m + i * PG));
}
CASE(lengths_round_up)
{
	char *m = kt_map(3, PROT_READ);

	CHECK_OK(munmap(m + PG, 1));
	CHECK(mapped(m) && !mapped(m + PG) && mapped(m + 2 * PG));
}
CASE(errors)
{
	char *m = kt_map(1, PROT_READ);

	CHECK_ERR(munmap(m, 0), EINVAL);
	CHECK_ERR(munmap(m + 1, PG), EINVAL);
	CHECK_ERR(syscall(SYS_munmap, 0xffff800000000000UL, PG), EINVAL);
	CHECK_ERR(syscall(SYS_munmap, m, -1L), EINVAL);
	CHECK_ERR(syscall(SYS_munmap, m, 1UL << 62), EINVAL);
	CHECK_OK(munmap(m, PG));
	CHECK_OK(munmap(m, PG));	/* nothing there is fine */
}
CASE(too_many_mappings)
{
	enum { N = 70000 };
	char *m = mmap(NULL, 2UL * N * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int i;

	CHECK(m != MAP_FAILED);
	for (i = 0; i < N; i++)
		if (mprotect(m + 2UL * i * PG, PG, PROT_READ))
			break;
	CHECK_EQ(errno, ENOMEM);
	CHECK_GT(i, 32000);
	CHECK_LT(i, 33000);	/* vm.max_map_count is 65530 */
	CHECK_ERR(munmap(m + 2UL * N * PG - 3 * PG, PG), ENOMEM);
	CHECK_OK(munmap(m, 2UL * N * PG));
}
