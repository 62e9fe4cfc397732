/* SPDX-License-Identifier: MPL-2.0 */
/* rename: every combination of kinds, subtrees, dots, permissions. */
#include "ktest_user.h"

CASE(files)
{
	char buf[8];
	struct stat a, b;

	kt_put("f", "new");
	kt_put("g", "old");
	CHECK_OK(stat("f", &a));
	CHECK_OK(rename("f", "g"));
	CHECK_ERR(access("f", F_OK), ENOENT);
	kt_get("g", buf, 8);
	CHECK_STR(buf, "new");
	CHECK_OK(stat("g", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_ERR(rename("missing", "x"), ENOENT);
	CHECK_OK(rename("g", "g"));
}
CASE(hard_links_of_one_file)
{
	kt_put("f", "");
	CHECK_OK(link("f", "g"));
	CHECK_OK(rename("f", "g"));	/* does nothing */
	CHECK_OK(access("f", F_OK));
	CHECK_OK(access("g", F_OK));
}
CASE(directories)
{
	struct stat st;

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	kt_put("a/f", "");
	CHECK_OK(rename("a", "b"));
	CHECK_OK(access("b/f", F_OK));
	CHECK_OK(mkdir("a", 0755));
	CHECK_ERR(rename("a", "b"), ENOTEMPTY);
	CHECK_OK(mkdir("a/sub", 0755));
	CHECK_OK(rename("a/sub", "b/sub"));
	CHECK_OK(stat("a", &st));
	CHECK_EQ(st.st_nlink, 2);
	CHECK_OK(stat("b", &st));
	CHECK_EQ(st.st_nlink, 3);
	CHECK_OK(stat("b/sub/..", &st));
	struct stat sb;
	CHECK_OK(stat("b", &sb));
	CHECK_EQ(st.st_ino, sb.st_ino);
	CHECK_ERR(rename("b", "b/sub/x"), EINVAL);
	CHECK_ERR(rename("b", "b/x"), EINVAL);
	CHECK_ERR(rename("b/sub", "b"), ENOTEMPTY);
}
CASE(mixed)
{
	kt_put("f", "");
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(rename("f", "d"), EISDIR);
	CHECK_ERR(rename("d", "f"), ENOTDIR);
	CHECK_ERR(rename("f", "x/"), ENOTDIR);
	CHECK_OK(rename("d/", "e/"));
	CHECK_ERR(rename("e/.", "x"), EBUSY);
	CHECK_ERR(rename(".", "x"), EBUSY);
	CHECK_ERR(rename("e", "."), EBUSY);
	CHECK_ERR(rename("..", "x"), EBUSY);
	CHECK_ERR(rename("f", "e/missing/x"), ENOENT);
	CHECK_ERR(rename("f/x", "y"), ENOTDIR);
	CHECK_ERR(rename("f", "/proc/x"), EXDEV);
	CHECK_ERR(rename("", "x"), ENOENT);
	CHECK_ERR(syscall(SYS_rename, 8, "x"), EFAULT);
	CHECK_ERR(rename("/proc", "x"), EXDEV);
}
CASE(symlinks_are_renamed_themselves)
{
	struct stat st;

	kt_put("f", "");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(rename("l", "m"));
	CHECK_OK(lstat("m", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(rename("f", "m"));
	CHECK_OK(lstat("m", &st));
	CHECK(S_ISREG(st.st_mode));
}
CASE(permission)
{
	pid_t p;

	CHECK_OK(mkdir("ro", 0755));
	CHECK_OK(mkdir("rw", 0777));
	CHECK_OK(chmod("rw", 0777));
	kt_put("ro/f", "");
	kt_put("rw/f", "");
	CHECK_OK(mkdir("rw/d", 0755));
	CHECK_OK(mkdir("rw/e", 0777));
	CHECK_OK(chmod("rw/e", 0777));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(rename("ro/f", "rw/g"), EACCES);
		CHECK_ERR(rename("rw/f", "ro/g"), EACCES);
		CHECK_OK(rename("rw/f", "rw/g"));
		CHECK_OK(rename("rw/d", "rw/d2"));
		/* a directory that changes its parent must be writable itself */
		CHECK_ERR(rename("rw/d2", "rw/e/d"), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(open_file_survives_replacement)
{
	char buf[8];
	int fd;

	kt_put("f", "old");
	kt_put("g", "newer");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(rename("g", "f"));
	CHECK_EQ(read(fd, buf, 8), 3);
	CHECK_MEM(buf, "old", 3);
}
CASE(racing_renames_keep_one_name)
{
	pid_t p[2];

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	kt_put("a/f", "");
	for (int i = 0; i < 2; i++)
		CHILD(p[i])
			for (int k = 0; k < 3000; k++)
				if (i)
					rename("a/f", "b/f");
				else
					rename("b/f", "a/f");
	WAIT_EXIT(p[0], 0);
	WAIT_EXIT(p[1], 0);
	CHECK_EQ((access("a/f", F_OK) == 0) + (access("b/f", F_OK) == 0), 1);
}
CASE(racing_directory_renames_make_no_loop)
{
	pid_t p[2];

	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	for (int i = 0; i < 2; i++)
		CHILD(p[i])
			for (int k = 0; k < 2000; k++)
				if (i) {
					rename("a", "b/a");
					rename("b/a", "a");
				} else {
					rename("b", "a/b");
					rename("a/b", "b");
				}
	WAIT_EXIT(p[0], 0);
	WAIT_EXIT(p[1], 0);
	rename("a/b", "b");
	rename("b/a", "a");
	CHECK_OK(access("a", F_OK));
	CHECK_OK(access("b", F_OK));
}
