/* SPDX-License-Identifier: MPL-2.0 */
/* O_TMPFILE makes a file without a name, which linkat may give one. */
#include "ktest_user.h"

CASE(nameless)
{
	struct stat st;
	int fd = CHECK_OK(open(".", O_TMPFILE | O_RDWR, 0640));

	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3);
	DIR *d = opendir(".");
	int n = 0;
	while (readdir(d))
		n++;
	CHECK_EQ(n, 2);
}
CASE(linked_by_proc_path)
{
	char path[64], buf[8];
	struct stat st;
	int fd = CHECK_OK(open(".", O_TMPFILE | O_RDWR, 0600));

	CHECK_EQ(write(fd, "abc", 3), 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	CHECK_OK(stat("named", &st));
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(kt_get("named", buf, sizeof(buf)), 3);
}
CASE(linked_by_empty_path)
{
	int fd = CHECK_OK(open(".", O_TMPFILE | O_WRONLY, 0600));

	CHECK_OK(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
	CHECK_OK(access("named", F_OK));
}
CASE(exclusive_cannot_be_linked)
{
	char path[64];
	int fd = CHECK_OK(open(".", O_TMPFILE | O_EXCL | O_RDWR, 0600));

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
}
CASE(refusals)
{
	kt_put("f", "");
	CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	CHECK_ERR(open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	CHECK_ERR(open("missing", O_TMPFILE | O_RDWR, 0600), ENOENT);
	CHECK_ERR(open("/proc", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
}
