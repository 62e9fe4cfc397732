/* SPDX-License-Identifier: MPL-2.0 */
/* O_TRUNC empties a file, needs write permission, and leaves the inode alone. */
#include "ktest_user.h"

CASE(empties)
{
	struct stat a, b;

	kt_put("f", "some text");
	CHECK_OK(stat("f", &a));
	CHECK_OK(close(CHECK_OK(open("f", O_WRONLY | O_TRUNC))));
	CHECK_OK(stat("f", &b));
	CHECK_EQ(b.st_size, 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(b.st_blocks, 0);
}
CASE(read_only_still_truncates)
{
	struct stat st;

	kt_put("f", "some text");
	CHECK_OK(close(CHECK_OK(open("f", O_RDONLY | O_TRUNC))));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_size, 0);
}
CASE(permission)
{
	struct stat st;
	pid_t p;

	kt_put("f", "some text");
	CHECK_OK(chmod("f", 0444));
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EACCES);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_size, 9);
}
CASE(other_descriptor_sees_it)
{
	char c;
	int fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_OK(open("f", O_WRONLY | O_TRUNC));
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
}
CASE(directory)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(open("d", O_RDONLY | O_TRUNC), EISDIR);
}
