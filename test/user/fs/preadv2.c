/* SPDX-License-Identifier: MPL-2.0 */
/* preadv2 and pwritev2: offset -1, RWF_APPEND, RWF_NOWAIT and refused flags. */
#include "ktest_user.h"

#ifndef RWF_HIPRI
#define RWF_HIPRI 1
#define RWF_DSYNC 2
#define RWF_SYNC 4
#define RWF_NOWAIT 8
#define RWF_APPEND 16
#endif
static long pv2(int nr, int fd, const char *buf, size_t n, long off, int flags)
{
	struct iovec v = { (void *)buf, n };

	return syscall(nr, fd, &v, 1, off, 0, flags);
}
CASE(current_offset)
{
	char b[8];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(pv2(SYS_pwritev2, fd, "abc", 3, -1, 0), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_EQ(pv2(SYS_pwritev2, fd, "X", 1, 0, RWF_SYNC), 1);
	CHECK_EQ(pv2(SYS_pwritev2, fd, "Y", 1, 1, RWF_DSYNC), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
	CHECK_EQ(pv2(SYS_preadv2, fd, b, 8, -1, 0), 2);
	CHECK_MEM(b, "Yc", 2);
}
CASE(append)
{
	char b[8];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(pv2(SYS_pwritev2, fd, "d", 1, 0, RWF_APPEND), 1);
	CHECK_EQ(pv2(SYS_preadv2, fd, b, 8, 0, 0), 4);
	CHECK_MEM(b, "abcd", 4);
}
CASE(refused)
{
	char b[8];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_ERR(pv2(SYS_preadv2, fd, b, 8, 0, 0x1000), EOPNOTSUPP);
	CHECK_ERR(pv2(SYS_pwritev2, fd, b, 8, 0, 0x1000), EOPNOTSUPP);
	CHECK_ERR(pv2(SYS_preadv2, fd, b, 8, -2, 0), EINVAL);
	CHECK_ERR(pv2(SYS_preadv2, -1, b, 8, 0, 0), EBADF);
}
