/* SPDX-License-Identifier: MPL-2.0 */
/* membarrier: query, registration, private and global commands, errors. */
#include "ktest_user.h"

CASE(commands)
{
	long q = syscall(SYS_membarrier, 0, 0, 0);

	if (q < 0 && errno == ENOSYS)
		SKIP("no membarrier");
	CHECK_GT(q, 0);
	if (q & 8) {
		CHECK_ERR(syscall(SYS_membarrier, 8, 0, 0), EPERM);	/* not registered */
		CHECK_OK(syscall(SYS_membarrier, 16, 0, 0));
		CHECK_OK(syscall(SYS_membarrier, 8, 0, 0));
	}
	if (q & 1)
		CHECK_OK(syscall(SYS_membarrier, 1, 0, 0));
	CHECK_ERR(syscall(SYS_membarrier, 1 << 20, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_membarrier, 0, 0x100, 0), EINVAL);
}
