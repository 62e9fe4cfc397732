/* SPDX-License-Identifier: MPL-2.0 */
/* Anonymous mappings: zeroes, alignment, hints, sizes, errors, protection of nothing. */
#include "ktest_user.h"

CASE(zeroed)
{
	char *m = kt_map(64, PROT_READ | PROT_WRITE);

	for (size_t i = 0; i < 64 * PG; i++)
		CHECK_EQ(m[i], 0);
	memset(m, 1, 64 * PG);
	CHECK_OK(munmap(m, 64 * PG));
	m = kt_map(64, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < 64 * PG; i += 512)
		CHECK_EQ(m[i], 0);
	CHECK_EQ((uintptr_t)m % PG, 0);
}
CASE(sizes)
{
	char *m;

	CHECK_ERR(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mmap, 0, -1L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	CHECK_ERR(syscall(SYS_mmap, 0, 1L << 48, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	m = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	m[PG - 1] = 1;
	/* far more than the memory there is: only touched pages cost */
	m = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(m != MAP_FAILED);
	m[1UL << 39] = 1;
	CHECK_EQ(m[1UL << 39], 1);
	CHECK_EQ(m[(1UL << 40) - 1], 0);
	CHECK_OK(munmap(m, 1UL << 40));
}
CASE(flags)
{
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK(mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 77, 0) != MAP_FAILED);
	CHECK(mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED);
	CHECK(mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0) != MAP_FAILED);
	char *low = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	CHECK_LT((uintptr_t)low, 1UL << 32);
}
CASE(hint)
{
	char *m = kt_map(8, PROT_READ), *h;

	CHECK_OK(munmap(m, 8 * PG));
	h = mmap(m, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(h, m);		/* a free hint is taken */
	h = mmap(m, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_NE(h, m);		/* a used one is not */
	CHECK(h != MAP_FAILED);
	h = mmap(m + 4 * PG + 5, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ((uintptr_t)h % PG, 0);
}
CASE(fixed)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE), *f;

	memset(m, 1, 4 * PG);
	f = mmap(m + PG, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK_EQ(f, m + PG);
	CHECK_EQ(m[PG - 1], 1);
	CHECK_EQ(m[PG], 0);
	CHECK_EQ(m[2 * PG], 1);
	CHECK_ERR(mmap(m + 5, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(mmap((void *)(1UL << 62), 2 * PG, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
	CHECK_ERR(syscall(SYS_mmap, 0xffff800000000000UL, PG, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
	CHECK_ERR(mmap(m, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0), EEXIST);
	CHECK_OK(munmap(m, PG));
	CHECK_EQ(mmap(m, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0), m);
}
CASE(low_addresses_need_privilege)
{
	pid_t p;

	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
		CHECK(mmap((void *)8, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	}
	WAIT_EXIT(p, 0);
}
