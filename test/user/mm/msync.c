/* SPDX-License-Identifier: MPL-2.0 */
/* msync: flags, holes, data reaches the file. */
#include "ktest_user.h"

CASE(calls)
{
	char buf[8], *m;
	int fd;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDWR));
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	m[0] = 'J';
	CHECK_OK(msync(m, PG, MS_SYNC));
	kt_get("f", buf, 8);
	CHECK_STR(buf, "Jello");
	CHECK_OK(msync(m, PG, MS_ASYNC));
	CHECK_OK(msync(m, PG, MS_SYNC | MS_INVALIDATE));
	CHECK_OK(msync(m, 0, MS_SYNC));
	CHECK_OK(msync(m, PG, 0));
}
CASE(errors)
{
	char *m = kt_map(3, PROT_READ | PROT_WRITE);

	CHECK_ERR(msync(m, PG, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR(msync(m, PG, 0x100), EINVAL);
	CHECK_ERR(msync(m + 1, PG, MS_SYNC), EINVAL);
	CHECK_OK(munmap(m + PG, PG));
	CHECK_ERR(msync(m, 3 * PG, MS_SYNC), ENOMEM);
	CHECK_ERR(msync(m + PG, PG, MS_SYNC), ENOMEM);
}
