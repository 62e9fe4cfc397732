/* SPDX-License-Identifier: MPL-2.0 */
/* open with O_CREAT: mode, umask, existing files, and what O_CREAT refuses. */
#include "ktest_user.h"

CASE(mode_and_umask)
{
	struct stat st;
	int fd;

	umask(027);
	fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0777));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0750);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 1);
	umask(0);
	CHECK_OK(open("g", O_CREAT | O_RDWR, 07777));
	CHECK_OK(stat("g", &st));
	CHECK_EQ(st.st_mode & 07777, 07777);
}
CASE(existing_keeps_mode)
{
	struct stat st;

	kt_put("f", "hello");
	CHECK_OK(chmod("f", 0600));
	CHECK_OK(open("f", O_CREAT | O_RDWR, 0777));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_EQ(st.st_size, 5);
}
CASE(mode_need_not_allow_own_open)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_WRONLY, 0));

	CHECK_EQ(write(fd, "x", 1), 1);
}
CASE(exclusive)
{
	CHECK_OK(close(CHECK_OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0644))));
	CHECK_ERR(open("f", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
	CHECK_OK(symlink("nowhere", "l"));
	CHECK_ERR(open("l", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(open("d", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
	CHECK_ERR(access("nowhere", F_OK), ENOENT);
}
CASE(through_dangling_symlink)
{
	CHECK_OK(symlink("target", "l"));
	CHECK_OK(close(CHECK_OK(open("l", O_CREAT | O_RDWR, 0644))));
	CHECK_OK(access("target", F_OK));
}
CASE(refusals)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(open("d", O_CREAT | O_RDONLY, 0644), EISDIR);
	CHECK_ERR(open("missing/f", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERR(open("f/", O_CREAT | O_RDWR, 0644), EISDIR);
	CHECK_ERR(open("", O_CREAT | O_RDWR, 0644), ENOENT);
	kt_put("plain", "");
	CHECK_ERR(open("plain/x", O_CREAT | O_RDWR, 0644), ENOTDIR);
}
CASE(gid_of_setgid_directory)
{
	struct stat st;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(chown("d", 0, 77));
	CHECK_OK(chmod("d", 02755));
	CHECK_OK(close(CHECK_OK(open("d/f", O_CREAT | O_RDWR, 0644))));
	CHECK_OK(stat("d/f", &st));
	CHECK_EQ(st.st_gid, 77);
	CHECK_OK(mkdir("d/sub", 0755));
	CHECK_OK(stat("d/sub", &st));
	CHECK_EQ(st.st_gid, 77);
	CHECK_EQ(st.st_mode & 07777, 02755);
}
