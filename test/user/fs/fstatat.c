/* SPDX-License-Identifier: MPL-2.0 */
/* newfstatat: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT and bad flags. */
#include "ktest_user.h"

CASE(flags)
{
	struct stat st;
	int d, f;

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "12");
	CHECK_OK(symlink("f", "d/l"));
	d = CHECK_OK(open("d", O_RDONLY));
	f = CHECK_OK(open("d/f", O_RDONLY));
	CHECK_OK(syscall(SYS_newfstatat, d, "l", &st, 0));
	CHECK(S_ISREG(st.st_mode));
	CHECK_OK(syscall(SYS_newfstatat, d, "l", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(syscall(SYS_newfstatat, f, "", &st, AT_EMPTY_PATH));
	CHECK_EQ(st.st_size, 2);
	CHECK_ERR(syscall(SYS_newfstatat, f, "", &st, 0), ENOENT);
	CHECK_OK(syscall(SYS_newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_OK(syscall(SYS_newfstatat, d, "f", &st, AT_NO_AUTOMOUNT));
	CHECK_ERR(syscall(SYS_newfstatat, d, "f", &st, 0x10000), EINVAL);
	CHECK_ERR(syscall(SYS_newfstatat, f, "x", &st, 0), ENOTDIR);
	CHECK_ERR(syscall(SYS_newfstatat, -1, "x", &st, 0), EBADF);
	CHECK_ERR(syscall(SYS_newfstatat, -1, "", &st, AT_EMPTY_PATH), EBADF);
}
