/* SPDX-License-Identifier: MPL-2.0 */
/* reboot: magic numbers, commands and privilege are checked (nothing here reboots). */
#include "ktest_user.h"

CASE(errors)
{
	pid_t p;

	CHECK_ERR(syscall(SYS_reboot, 1, 2, 3, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 1, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x1234, NULL), EINVAL);
	CHECK_OK(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));	/* CAD_OFF */
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x1234567, NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
}
