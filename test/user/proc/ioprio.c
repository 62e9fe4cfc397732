/* SPDX-License-Identifier: MPL-2.0 */
/* ioprio_get and ioprio_set: classes, inheritance, privilege, errors. */
#include "ktest_user.h"

CASE(values)
{
	long r = syscall(SYS_ioprio_get, 1, 0);

	if (r < 0 && errno == ENOSYS)
		SKIP("no ioprio");
	CHECK_OK(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5));
	CHECK_EQ(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 5);
	CHECK_OK(syscall(SYS_ioprio_set, 1, 0, 3 << 13));
	CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, 7 << 13), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, 9, 0, 2 << 13), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_get, 1, 4000000), ESRCH);
	kt_become(1000, 1000);
	CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, 1 << 13), EPERM);
}
