/* SPDX-License-Identifier: MPL-2.0 */
/* unlink, unlinkat and rmdir: what they take, what they refuse, sticky directories. */
#include "ktest_user.h"

CASE(unlink_kinds)
{
	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(unlink("l"));
	CHECK_OK(access("f", F_OK));
	CHECK_OK(unlink("p"));
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_OK(unlink("f"));
	CHECK_ERR(unlink("f"), ENOENT);
	CHECK_ERR(unlink(""), ENOENT);
	CHECK_ERR(unlink("."), EISDIR);
	CHECK_ERR(unlink(".."), EISDIR);
	CHECK_ERR(unlink("/"), EISDIR);
	kt_put("f", "");
	CHECK_ERR(unlink("f/"), ENOTDIR);
	CHECK_ERR(unlink("d/"), EISDIR);
	CHECK_ERR(unlink("f/x"), ENOTDIR);
	CHECK_ERR(syscall(SYS_unlink, 8), EFAULT);
}
CASE(rmdir)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	kt_put("f", "");
	CHECK_OK(symlink("d", "l"));
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(rmdir("d/."), EINVAL);
	CHECK_ERR(rmdir("d/.."), ENOTEMPTY);
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(rmdir("l"), ENOTDIR);
	CHECK_ERR(rmdir("missing"), ENOENT);
	CHECK_ERR(rmdir("/"), EBUSY);
	CHECK_ERR(rmdir("/proc"), EBUSY);
	CHECK_OK(rmdir("d/e/"));
	CHECK_OK(rmdir("d"));
	CHECK_ERR(rmdir(""), ENOENT);
}
CASE(unlinkat)
{
	int d;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	kt_put("d/f", "");
	d = CHECK_OK(open("d", O_RDONLY));
	CHECK_ERR(unlinkat(d, "e", 0), EISDIR);
	CHECK_ERR(unlinkat(d, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_OK(unlinkat(d, "e", AT_REMOVEDIR));
	CHECK_OK(unlinkat(d, "f", 0));
	CHECK_ERR(unlinkat(d, "f", 1), EINVAL);
	CHECK_ERR(unlinkat(-1, "f", 0), EBADF);
}
CASE(sticky)
{
	pid_t p;

	CHECK_OK(mkdir("d", 0777));
	CHECK_OK(chmod("d", 01777));
	kt_put("d/root", "");
	kt_put("d/mine", "");
	CHECK_OK(chown("d/mine", 1000, 1000));
	CHECK_OK(mkdir("d/rootdir", 0777));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(unlink("d/root"), EPERM);
		CHECK_ERR(rename("d/root", "d/x"), EPERM);
		CHECK_ERR(rename("d/mine", "d/root"), EPERM);
		CHECK_ERR(rmdir("d/rootdir"), EPERM);
		CHECK_OK(unlink("d/mine"));
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(chown("d", 1000, 1000));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(unlink("d/root"));	/* the directory's owner may */
	}
	WAIT_EXIT(p, 0);
}
CASE(permission)
{
	pid_t p;

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "");
	CHECK_OK(chmod("d/f", 0777));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(unlink("d/f"), EACCES);
		CHECK_ERR(unlink("d/missing"), ENOENT);
	}
	WAIT_EXIT(p, 0);
}
CASE(removed_working_directory)
{
	char buf[256];

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chdir("d"));
	CHECK_OK(rmdir("../d"));
	CHECK_ERR(open("x", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERR(mkdir("x", 0755), ENOENT);
	CHECK_ERR(syscall(SYS_getcwd, buf, sizeof(buf)), ENOENT);
	CHECK_OK(access(".", F_OK));
	CHECK_OK(chdir(".."));
	CHECK_ERR(access("d", F_OK), ENOENT);
}
