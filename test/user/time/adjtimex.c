/* SPDX-License-Identifier: MPL-2.0 */
/* adjtimex and clock_adjtime: reading is free, setting needs privilege, errors. */
#include "ktest_user.h"
#include <sys/timex.h>
CASE(read_only)
{
	struct timex t = { 0 };
	int r;

	r = syscall(SYS_adjtimex, &t);
	if (r < 0 && errno == ENOSYS)
		SKIP("no adjtimex");
	CHECK_GE(r, 0);
	CHECK_GT(t.time.tv_sec, 1600000000);
	CHECK_EQ(t.tick, 10000);
	CHECK_ERR(syscall(SYS_adjtimex, 8), EFAULT);
	memset(&t, 0, sizeof(t));
	CHECK_GE(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t), 0);
	CHECK_ERR(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_adjtime, 99, &t), EINVAL);
	CHECK_OK(setresuid(1000, 1000, 1000));
	t.modes = ADJ_FREQUENCY;
	CHECK_ERR(syscall(SYS_adjtimex, &t), EPERM);
}
