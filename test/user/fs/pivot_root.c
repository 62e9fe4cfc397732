/* SPDX-License-Identifier: MPL-2.0 */
/* pivot_root in a private mount namespace: old root moves, refusals. */
#include "ktest_user.h"

CASE(pivots)
{
	CHECK_OK(unshare(CLONE_NEWNS));
	CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK_OK(mkdir("jail", 0755));
	CHECK_OK(mount("none", "jail", "tmpfs", 0, NULL));
	CHECK_OK(chroot("jail"));	/* the initramfs itself cannot be pivoted away from */
	CHECK_OK(chdir("/"));
	CHECK_OK(mkdir("newroot", 0755));
	CHECK_OK(mount("none", "/newroot", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("newroot/old", 0755));
	kt_put("newroot/marker", "");
	kt_put("oldmarker", "");
	CHECK_OK(chdir("newroot"));
	CHECK_OK(syscall(SYS_pivot_root, ".", "old"));
	CHECK_OK(chroot("."));
	CHECK_OK(access("/marker", F_OK));
	CHECK_OK(access("/old/oldmarker", F_OK));
	CHECK_ERR(access("/oldmarker", F_OK), ENOENT);
	CHECK_OK(umount2("/old", MNT_DETACH));
	CHECK_ERR(access("/old/oldmarker", F_OK), ENOENT);
}
CASE(errors)
{
	pid_t p;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	kt_put("f", "");
	CHECK_ERR(syscall(SYS_pivot_root, "missing", "a"), ENOENT);
	CHECK_ERR(syscall(SYS_pivot_root, "f", "a"), ENOTDIR);
	CHECK_ERR(syscall(SYS_pivot_root, "a", "b"), EINVAL);
	CHECK_ERR(syscall(SYS_pivot_root, 8, "b"), EFAULT);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(syscall(SYS_pivot_root, "a", "b"), EPERM);
	}
	WAIT_EXIT(p, 0);
}
