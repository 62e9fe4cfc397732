/* SPDX-License-Identifier: MPL-2.0 */
/*
 * MAP_HUGETLB without reserved huge pages is refused; THP advice changes nothing that one can
 * see.
 */
#include "ktest_user.h"

CASE(refused)
{
	CHECK_ERR(mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0), ENOMEM);
}
CASE(transparent)
{
	size_t n = 6 << 20;
	char *m = kt_map(n / PG, PROT_READ | PROT_WRITE);
	pid_t p;

	madvise(m, n, MADV_HUGEPAGE);
	for (size_t i = 0; i < n; i += PG)
		m[i] = i >> 12;
	CHECK_OK(mprotect(m + (3 << 20) + PG, PG, PROT_READ));	/* splits */
	CHECK_OK(munmap(m + (1 << 20), PG));
	CHILD(p) {
		for (size_t i = 0; i < n; i += PG) {
			if (i == 1 << 20)
				continue;
			CHECK_EQ(m[i], (char)(i >> 12));
			if (i != (3 << 20) + PG)
				m[i] = 1;
		}
	}
	WAIT_EXIT(p, 0);
	for (size_t i = 0; i < n; i += PG)
		if (i != 1 << 20)
			CHECK_EQ(m[i], (char)(i >> 12));
}
