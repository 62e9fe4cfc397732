/* SPDX-License-Identifier: MPL-2.0 */
/* unshare(CLONE_NEWNS): mounts of one namespace do not show in another. */
#include "ktest_user.h"

CASE(private_mounts)
{
	pid_t p;

	CHECK_OK(mkdir("m", 0755));
	CHILD(p) {
		CHECK_OK(unshare(CLONE_NEWNS));
		CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
		kt_put("m/f", "");
		CHECK_OK(access("m/f", F_OK));
	}
	WAIT_EXIT(p, 0);
	CHECK_ERR(access("m/f", F_OK), ENOENT);
	CHECK_ERR(umount2("m", 0), EINVAL);
}
CASE(old_mounts_stay)
{
	pid_t p;

	CHECK_OK(mkdir("m", 0755));
	CHECK_OK(mount("none", "m", "tmpfs", 0, NULL));
	kt_put("m/f", "");
	CHILD(p) {
		CHECK_OK(unshare(CLONE_NEWNS));
		CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		CHECK_OK(umount2("m", 0));
		CHECK_ERR(access("m/f", F_OK), ENOENT);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(access("m/f", F_OK));
	CHECK_OK(umount2("m", 0));
}
CASE(privilege)
{
	kt_become(1000, 1000);
	CHECK_ERR(unshare(CLONE_NEWNS), EPERM);
}
