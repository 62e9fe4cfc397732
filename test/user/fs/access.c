/* SPDX-License-Identifier: MPL-2.0 */
/* access, faccessat, faccessat2: real ids, root's powers, AT_EACCESS, flags. */
#include "ktest_user.h"

CASE(root)
{
	kt_put("f", "");
	CHECK_OK(chmod("f", 0));
	CHECK_OK(access("f", R_OK | W_OK));
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_OK(chmod("f", 0001));
	CHECK_OK(access("f", X_OK));
	CHECK_OK(mkdir("d", 0));
	CHECK_OK(access("d", R_OK | W_OK | X_OK));
}
CASE(user)
{
	pid_t p;

	kt_put("f", "");
	CHECK_OK(chmod("f", 0754));
	CHECK_OK(chown("f", 1000, 1001));
	CHILD(p) {
		kt_become(1000, 1);
		CHECK_OK(access("f", R_OK | W_OK | X_OK));
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		kt_become(2000, 1001);
		CHECK_OK(access("f", R_OK | X_OK));
		CHECK_ERR(access("f", W_OK), EACCES);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		kt_become(2000, 2000);
		CHECK_OK(access("f", R_OK));
		CHECK_ERR(access("f", R_OK | X_OK), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(real_ids_decide)
{
	pid_t p;

	kt_put("f", "");
	CHECK_OK(chmod("f", 0600));
	CHILD(p) {
		CHECK_OK(setresuid(1000, 0, 0));
		CHECK_ERR(access("f", R_OK), EACCES);
		CHECK_OK(open("f", O_RDONLY));
		SKIP_IF_ENOSYS(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0));
		CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0), EACCES);
		CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	}
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	int fd;

	kt_put("f", "");
	CHECK_ERR(access("missing", F_OK), ENOENT);
	CHECK_ERR(access("f", 8), EINVAL);
	CHECK_ERR(access("f", -1), EINVAL);
	CHECK_ERR(access("f/x", F_OK), ENOTDIR);
	CHECK_ERR(syscall(SYS_access, 8, F_OK), EFAULT);
	CHECK_ERR(syscall(SYS_faccessat, -1, "f", F_OK), EBADF);
	CHECK_OK(symlink("nowhere", "l"));
	CHECK_ERR(access("l", F_OK), ENOENT);
	SKIP_IF_ENOSYS(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0));
	CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x4), EINVAL);
}
