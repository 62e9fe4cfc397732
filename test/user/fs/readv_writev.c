/* SPDX-License-Identifier: MPL-2.0 */
/* readv and writev: order, short vectors, count limits, overflow and bad segments. */
#include "ktest_user.h"

CASE(gather_and_scatter)
{
	char a[4], b[4], c[8];
	struct iovec w[3] = { { "ab", 2 }, { "", 0 }, { "cdefg", 5 } };
	struct iovec r[3] = { { a, 3 }, { b, 1 }, { c, 8 } };
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(writev(fd, w, 3), 7);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, r, 3), 7);
	CHECK_MEM(a, "abc", 3);
	CHECK_MEM(b, "d", 1);
	CHECK_MEM(c, "efg", 3);
	CHECK_EQ(readv(fd, r, 3), 0);
	CHECK_EQ(writev(fd, w, 0), 0);
	CHECK_EQ(writev(fd, NULL, 0), 0);
}
CASE(limits)
{
	static struct iovec v[1025];
	char c = 'x';
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	for (int i = 0; i < 1025; i++)
		v[i] = (struct iovec){ &c, 1 };
	CHECK_EQ(writev(fd, v, 1024), 1024);
	CHECK_ERR(writev(fd, v, 1025), EINVAL);
	CHECK_ERR(syscall(SYS_writev, fd, v, -1), EINVAL);
	CHECK_ERR(syscall(SYS_readv, fd, 8, 2), EFAULT);
	v[0].iov_len = -1L;
	CHECK_ERR(writev(fd, v, 2), EINVAL);
}
CASE(bad_segment)
{
	struct iovec v[2] = { { "abc", 3 }, { (void *)8, 4 } };
	struct stat st;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(writev(fd, v, 2), 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 3);
	v[0] = v[1];
	CHECK_ERR(writev(fd, v, 2), EFAULT);
}
CASE(positioned)
{
	char a[3], b[8];
	struct iovec w[2] = { { "12", 2 }, { "345", 3 } }, r[2] = { { a, 3 }, { b, 8 } };
	int p[2], fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(pwritev(fd, w, 2, 10), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(preadv(fd, r, 2, 11), 4);
	CHECK_MEM(a, "234", 3);
	CHECK_MEM(b, "5", 1);
	CHECK_ERR(preadv(fd, r, 2, -1), EINVAL);
	CHECK_OK(pipe(p));
	CHECK_ERR(preadv(p[0], r, 2, 0), ESPIPE);
}
