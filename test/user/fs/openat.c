/* SPDX-License-Identifier: MPL-2.0 */
/* openat: directory descriptors, AT_FDCWD, absolute paths and bad descriptors. */
#include "ktest_user.h"

CASE(relative_to_descriptor)
{
	int d, fd;
	char buf[8];

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "in d");
	kt_put("f", "outside");
	d = CHECK_OK(open("d", O_RDONLY));
	fd = CHECK_OK(openat(d, "f", O_RDONLY));
	CHECK_EQ(read(fd, buf, 8), 4);
	fd = CHECK_OK(openat(d, "../f", O_RDONLY));
	CHECK_EQ(read(fd, buf, 8), 7);
	CHECK_OK(openat(d, "/", O_RDONLY));
	CHECK_OK(openat(-12345, "/", O_RDONLY));	/* unused with an absolute path */
	CHECK_OK(openat(AT_FDCWD, "f", O_RDONLY));
}
CASE(errors)
{
	int fd;

	kt_put("f", "");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(openat(fd, "x", O_RDONLY), ENOTDIR);
	CHECK_ERR(openat(-1, "x", O_RDONLY), EBADF);
	CHECK_ERR(openat(999, "x", O_RDONLY), EBADF);
	CHECK_ERR(openat(fd, "", O_RDONLY), ENOENT);
}
CASE(directory_removed_or_moved)
{
	int d;

	CHECK_OK(mkdir("d", 0755));
	kt_put("d/f", "");
	d = CHECK_OK(open("d", O_RDONLY));
	CHECK_OK(rename("d", "e"));
	CHECK_OK(openat(d, "f", O_RDONLY));
	CHECK_OK(unlink("e/f"));
	CHECK_OK(rmdir("e"));
	CHECK_ERR(openat(d, "f", O_RDONLY), ENOENT);
	CHECK_ERR(openat(d, "f", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_OK(openat(d, ".", O_RDONLY));
}
