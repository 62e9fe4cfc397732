/* SPDX-License-Identifier: MPL-2.0 */
/* symlink and readlink: contents, truncation, following, loops, long targets. */
#include "ktest_user.h"

CASE(contents)
{
	char buf[32];

	CHECK_OK(symlink("any text  at /all", "l"));
	memset(buf, 'z', sizeof(buf));
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 17);
	CHECK_MEM(buf, "any text  at /allz", 18);
	CHECK_EQ(readlink("l", buf, 3), 3);
	CHECK_ERR(syscall(SYS_readlink, "l", buf, 0), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", buf, -1), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", 8, 10), EFAULT);
	CHECK_ERR(readlink(".", buf, 10), EINVAL);
	CHECK_ERR(readlink("missing", buf, 10), ENOENT);
	CHECK_ERR(readlink("", buf, 10), ENOENT);
}
CASE(errors)
{
	char t[PATH_MAX + 8];
	int most = kt_block() < PATH_MAX ? (int)kt_block() : PATH_MAX;	/* one block of a disk, with the zero */

	kt_put("f", "");
	CHECK_ERR(symlink("x", "f"), EEXIST);
	CHECK_ERR(symlink("", "l"), ENOENT);
	CHECK_ERR(symlink("x", ""), ENOENT);
	CHECK_ERR(symlink("x", "missing/l"), ENOENT);
	CHECK_ERR(symlink("x", "l/"), ENOENT);
	CHECK_ERR(symlink("x", "f/l"), ENOTDIR);
	CHECK_ERR(syscall(SYS_symlink, 8, "l"), EFAULT);
	memset(t, 'a', sizeof(t));
	t[PATH_MAX] = 0;
	CHECK_ERR(symlink(t, "l"), ENAMETOOLONG);
	t[most] = 0;
	CHECK_ERR(symlink(t, "l"), ENAMETOOLONG);
	t[most - 1] = 0;
	CHECK_OK(symlink(t, "l"));
	CHECK_ERR(access("l", F_OK), ENAMETOOLONG);
	CHECK_OK(unlink("l"));
	for (int i = 1; i < most - 1; i += 2)
		t[i] = '/';
	t[0] = t[2] = '.';
	for (int i = 0; i < most - 1; i += 2)
		t[i] = '.';
	CHECK_OK(symlink(t, "l"));
	CHECK_OK(access("l", F_OK));
}
CASE(following)
{
	struct stat a, b;
	char buf[8];

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "x");
	CHECK_OK(symlink("d", "ld"));
	CHECK_OK(symlink("ld/f", "lf"));
	CHECK_OK(stat("lf", &a));
	CHECK_OK(stat("d/f", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(symlink("../d/f", "d/up"));
	CHECK_EQ(kt_get("ld/up", buf, 8), 1);
	CHECK_OK(stat("ld/..", &a));
	CHECK_OK(stat(".", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(symlink("/", "root"));
	CHECK_OK(access("root/tmp", F_OK));
}
CASE(at_calls)
{
	char buf[8];
	int d;

	CHECK_OK(mkdir("d", 0755));
	d = CHECK_OK(open("d", O_RDONLY));
	CHECK_OK(symlinkat("t", d, "l"));
	CHECK_EQ(readlinkat(d, "l", buf, 8), 1);
	CHECK_EQ(readlink("d/l", buf, 8), 1);
	CHECK_ERR(symlinkat("t", -1, "l"), EBADF);
	CHECK_ERR(readlinkat(-1, "l", buf, 8), EBADF);
	CHECK_ERR(readlinkat(d, "", buf, 8), ENOENT);
}
CASE(many_in_one_path)
{
	char path[512] = "";

	CHECK_OK(symlink(".", "s"));
	for (int i = 0; i < 40; i++)
		strcat(path, "s/");
	CHECK_OK(access(path, F_OK));
	strcat(path, "s/");
	CHECK_ERR(access(path, F_OK), ELOOP);
}
