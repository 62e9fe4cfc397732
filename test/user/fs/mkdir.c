/* SPDX-License-Identifier: MPL-2.0 */
/* mkdir, mkdirat: mode, umask, setgid, dots, names, counts and errors. */
#include "ktest_user.h"

CASE(mode)
{
	struct stat st;

	umask(022);
	CHECK_OK(mkdir("d", 0777));
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_mode, S_IFDIR | 0755);
	umask(0);
	CHECK_OK(mkdir("e", 07777));
	CHECK_OK(stat("e", &st));
	CHECK_EQ(st.st_mode, S_IFDIR | 01777);
}
CASE(errors)
{
	char name[300];

	CHECK_OK(mkdir("d/", 0755));
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK_ERR(mkdir("..", 0755), EEXIST);
	CHECK_ERR(mkdir("/", 0755), EEXIST);
	CHECK_ERR(mkdir("", 0755), ENOENT);
	CHECK_ERR(mkdir("a/b", 0755), ENOENT);
	CHECK_ERR(mkdir("d/x/.", 0755), ENOENT);
	kt_put("f", "");
	CHECK_ERR(mkdir("f", 0755), EEXIST);
	CHECK_ERR(mkdir("f/x", 0755), ENOTDIR);
	CHECK_OK(symlink("nowhere", "l"));
	CHECK_ERR(mkdir("l", 0755), EEXIST);
	memset(name, 'x', 256);
	name[256] = 0;
	CHECK_ERR(mkdir(name, 0755), ENAMETOOLONG);
	name[255] = 0;
	CHECK_OK(mkdir(name, 0755));
	CHECK_ERR(syscall(SYS_mkdir, 8, 0755), EFAULT);
	CHECK_ERR(mkdirat(-1, "x", 0755), EBADF);
	int fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(mkdirat(fd, "x", 0755), ENOTDIR);
	fd = CHECK_OK(open("d", O_RDONLY));
	CHECK_OK(mkdirat(fd, "x", 0755));
	CHECK_OK(access("d/x", F_OK));
}
CASE(dots)
{
	struct stat a, b;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(stat("d/.", &a));
	CHECK_OK(stat("d", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(stat("d/..", &a));
	CHECK_OK(stat(".", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(stat("/..", &a));
	CHECK_OK(stat("/", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
}
CASE(owner_is_fs_ids)
{
	struct stat st;
	pid_t p;

	CHECK_OK(chmod(".", 0777));
	CHILD(p) {
		kt_become(1000, 1001);
		CHECK_OK(mkdir("d", 0755));
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(stat("d", &st));
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 1001);
}
CASE(deep_tree)
{
	for (int i = 0; i < 600; i++) {
		CHECK_OK(mkdir("d", 0755));
		CHECK_OK(chdir("d"));
	}
	char buf[PATH_MAX];
	CHECK_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	CHECK_GT(strlen(buf), 1200);
	CHECK_ERR(syscall(SYS_getcwd, buf, 100), ERANGE);
	for (int i = 0; i < 600; i++) {
		CHECK_OK(chdir(".."));
		CHECK_OK(rmdir("d"));
	}
}
