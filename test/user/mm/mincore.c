/* SPDX-License-Identifier: MPL-2.0 */
/* mincore: residency before and after touching, holes, errors. */
#include "ktest_user.h"

CASE(anonymous)
{
	unsigned char v[8];
	char *m = kt_map(8, PROT_READ | PROT_WRITE);

	CHECK_OK(mincore(m, 8 * PG, v));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(v[i] & 1, 0);
	m[3 * PG] = 1;
	CHECK_OK(mincore(m, 8 * PG, v));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(v[i] & 1, i == 3);
	CHECK_OK(madvise(m, 8 * PG, MADV_DONTNEED));
	CHECK_OK(mincore(m, 8 * PG, v));
	CHECK_EQ(v[3] & 1, 0);
}
CASE(errors)
{
	unsigned char v[8];
	char *m = kt_map(3, PROT_READ);

	CHECK_ERR(mincore(m + 1, PG, v), EINVAL);
	CHECK_ERR(syscall(SYS_mincore, m, PG, 8), EFAULT);
	CHECK_OK(munmap(m + PG, PG));
	CHECK_ERR(mincore(m, 3 * PG, v), ENOMEM);
	CHECK_ERR(syscall(SYS_mincore, m, -1L, v), ENOMEM);
	CHECK_OK(mincore(m, 0, v));
}
