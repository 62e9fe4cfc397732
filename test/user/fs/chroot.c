/* SPDX-License-Identifier: MPL-2.0 */
/* chroot: the new root, dot-dot, escapes by descriptor, privilege. */
#include "ktest_user.h"

CASE(new_root)
{
	struct stat a, b;
	char buf[64];
	pid_t p;

	CHECK_OK(mkdir("jail", 0755));
	kt_put("jail/f", "in");
	CHECK_OK(symlink("/f", "jail/l"));
	CHECK_OK(stat("jail", &a));
	CHILD(p) {
		CHECK_OK(chroot("jail"));
		CHECK_OK(chdir("/"));
		CHECK_OK(stat("/", &b));
		CHECK_EQ(a.st_ino, b.st_ino);
		CHECK_OK(stat("/../..", &b));
		CHECK_EQ(a.st_ino, b.st_ino);
		CHECK_ERR(access("/tmp", F_OK), ENOENT);
		CHECK_EQ(kt_get("/l", buf, 64), 2);
		CHECK_EQ(syscall(SYS_getcwd, buf, sizeof(buf)), 2);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(access("/tmp", F_OK));
}
CASE(cwd_outside_is_unreachable)
{
	char buf[300];

	CHECK_OK(mkdir("jail", 0755));
	kt_put("outside", "");
	CHECK_OK(chroot("jail"));
	CHECK_OK(access("outside", F_OK));	/* the working directory stays */
	CHECK_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	CHECK_MEM(buf, "(unreachable)/", 14);
}
CASE(errors)
{
	pid_t p;

	kt_put("f", "");
	CHECK_ERR(chroot("f"), ENOTDIR);
	CHECK_ERR(chroot("missing"), ENOENT);
	CHECK_ERR(syscall(SYS_chroot, 8), EFAULT);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(chroot("."), EPERM);
	}
	WAIT_EXIT(p, 0);
}
