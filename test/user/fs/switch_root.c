/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What switch_root does: move the mounts, MS_MOVE the new root onto /, chroot; in a namespace
 * of its own.
 */
#include "ktest_user.h"

CASE(moves_root)
{
	CHECK_OK(unshare(CLONE_NEWNS));
	CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK_OK(mkdir("new", 0755));
	CHECK_OK(mount("none", "new", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("new/proc", 0755));
	kt_put("new/marker", "");
	CHECK_OK(mount("/proc", "new/proc", NULL, MS_MOVE, NULL));
	CHECK_OK(chdir("new"));
	CHECK_OK(mount(".", "/", NULL, MS_MOVE, NULL));
	CHECK_OK(chroot("."));
	CHECK_OK(chdir("/"));
	CHECK_OK(access("/marker", F_OK));
	CHECK_OK(access("/proc/self/stat", F_OK));
	CHECK_ERR(access("/test", F_OK), ENOENT);
	char buf[64];
	CHECK_EQ(syscall(SYS_getcwd, buf, sizeof(buf)), 2);
}
