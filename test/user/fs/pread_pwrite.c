/* SPDX-License-Identifier: MPL-2.0 */
/* pread and pwrite leave the offset alone and refuse negative offsets and pipes. */
#include "ktest_user.h"

CASE(offset_unchanged)
{
	char b[4];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, "abcdef", 6), 6);
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	CHECK_EQ(pread(fd, b, 4, 1), 4);
	CHECK_MEM(b, "bcde", 4);
	CHECK_EQ(pwrite(fd, "XY", 2, 4), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
	CHECK_EQ(pread(fd, b, 4, 4), 2);
	CHECK_MEM(b, "XY", 2);
	CHECK_EQ(pread(fd, b, 4, 6), 0);
	CHECK_EQ(pread(fd, b, 4, 1000000), 0);
}
CASE(errors)
{
	char b[4];
	int p[2], fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_ERR(pread(fd, b, 1, -1), EINVAL);
	CHECK_ERR(pwrite(fd, b, 1, -1), EINVAL);
	CHECK_ERR(pwrite(fd, b, 4, LLONG_MAX - 1), EINVAL);
	CHECK_OK(pipe(p));
	CHECK_ERR(pread(p[0], b, 1, 0), ESPIPE);
	CHECK_ERR(pwrite(p[1], b, 1, 0), ESPIPE);
}
