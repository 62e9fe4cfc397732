/* SPDX-License-Identifier: MPL-2.0 */
/* chdir, fchdir, getcwd: lengths, permissions, renamed parents. */
#include "ktest_user.h"

CASE(paths)
{
	char buf[256], here[128];
	long n;

	CHECK_OK(syscall(SYS_getcwd, here, sizeof(here)));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("d", "l"));
	CHECK_OK(chdir("l"));
	n = CHECK_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	CHECK_EQ(n, strlen(buf) + 1);
	CHECK_MEM(buf, here, strlen(here));
	CHECK_STR(buf + strlen(here), "/d");
	CHECK_OK(rename("../d", "../e"));
	CHECK_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	CHECK_STR(buf + strlen(here), "/e");
	CHECK_EQ(syscall(SYS_getcwd, buf, strlen(buf) + 1), strlen(buf) + 1);
	CHECK_ERR(syscall(SYS_getcwd, buf, strlen(buf)), ERANGE);
	CHECK_ERR(syscall(SYS_getcwd, buf, 0), ERANGE);
	CHECK_ERR(syscall(SYS_getcwd, 8, 256), EFAULT);
	CHECK_OK(chdir("/"));
	CHECK_EQ(syscall(SYS_getcwd, buf, sizeof(buf)), 2);
	CHECK_STR(buf, "/");
}
CASE(errors)
{
	pid_t p;

	kt_put("f", "");
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_ERR(chdir("missing"), ENOENT);
	CHECK_ERR(chdir(""), ENOENT);
	CHECK_ERR(syscall(SYS_chdir, 8), EFAULT);
	CHECK_ERR(fchdir(-1), EBADF);
	CHECK_ERR(fchdir(CHECK_OK(open("f", O_RDONLY))), ENOTDIR);
	CHECK_OK(mkdir("d", 0744));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(chdir("d"), EACCES);
		CHECK_ERR(fchdir(CHECK_OK(open("d", O_RDONLY))), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(fork_copies_it)
{
	char a[256], b[256];
	pid_t p;

	CHECK_OK(mkdir("d", 0755));
	CHECK(getcwd(a, sizeof(a)));
	CHILD(p)
		CHECK_OK(chdir("d"));
	WAIT_EXIT(p, 0);
	CHECK(getcwd(b, sizeof(b)));
	CHECK_STR(a, b);
}
CASE(in_proc)
{
	char a[256], b[256] = "";

	CHECK(getcwd(a, sizeof(a)));
	CHECK_EQ(readlink("/proc/self/cwd", b, sizeof(b)), strlen(a));
	CHECK_STR(b, a);
}
