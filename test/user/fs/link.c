/* SPDX-License-Identifier: MPL-2.0 */
/* link and linkat: counts, kinds, flags, permissions and the errors. */
#include "ktest_user.h"

CASE(two_names_one_file)
{
	struct stat a, b;
	char buf[8];

	kt_put("f", "abc");
	CHECK_OK(link("f", "g"));
	CHECK_OK(stat("f", &a));
	CHECK_OK(stat("g", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_nlink, 2);
	kt_put("g", "changed");
	CHECK_EQ(kt_get("f", buf, 8), 7);
	CHECK_OK(unlink("f"));
	CHECK_OK(stat("g", &b));
	CHECK_EQ(b.st_nlink, 1);
}
CASE(errors)
{
	kt_put("f", "");
	kt_put("g", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(link("f", "g"), EEXIST);
	CHECK_ERR(link("f", "d"), EEXIST);
	CHECK_ERR(link("missing", "x"), ENOENT);
	CHECK_ERR(link("f", "missing/x"), ENOENT);
	CHECK_ERR(link("d", "x"), EPERM);
	CHECK_ERR(link("f", "g/x"), ENOTDIR);
	CHECK_ERR(link("f", "x/"), ENOENT);
	CHECK_ERR(link("f/", "x"), ENOTDIR);
	CHECK_ERR(link("/proc/version", "x"), EXDEV);
	CHECK_ERR(link("", "x"), ENOENT);
	CHECK_ERR(link("f", ""), ENOENT);
	CHECK_ERR(syscall(SYS_link, 8, "x"), EFAULT);
	CHECK_ERR(syscall(SYS_link, "f", 8), EFAULT);
}
CASE(symlinks)
{
	struct stat st;

	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(link("l", "hard"));	/* link does not follow on Linux */
	CHECK_OK(lstat("hard", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_nlink, 2);
	CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
	CHECK_OK(lstat("followed", &st));
	CHECK(S_ISREG(st.st_mode));
	CHECK_ERR(linkat(AT_FDCWD, "f", AT_FDCWD, "x", 0x100), EINVAL);
	CHECK_OK(symlink("dangling", "dl"));
	CHECK_ERR(link("f", "dl"), EEXIST);
}
CASE(permission)
{
	pid_t p;

	kt_put("f", "");
	CHECK_OK(chown("f", 1000, 1000));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(link("f", "g"), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(descriptors)
{
	int a, b;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	kt_put("a/f", "");
	a = CHECK_OK(open("a", O_RDONLY));
	b = CHECK_OK(open("b", O_PATH));
	CHECK_OK(linkat(a, "f", b, "g", 0));
	CHECK_OK(access("b/g", F_OK));
	CHECK_ERR(linkat(-1, "f", b, "h", 0), EBADF);
	CHECK_ERR(linkat(a, "f", -1, "h", 0), EBADF);
}
