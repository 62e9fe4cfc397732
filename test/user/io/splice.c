/* SPDX-License-Identifier: MPL-2.0 */
/* splice, tee and vmsplice between pipes and files. */
#include "ktest_user.h"

CASE(file_to_pipe_to_file)
{
	char buf[16];
	loff_t off = 2;
	int p[2], a, b;

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	CHECK_OK(pipe(p));
	SKIP_IF_ENOSYS(splice(a, &off, p[1], NULL, 0, 0));
	CHECK_EQ(splice(a, &off, p[1], NULL, 5, 0), 5);
	CHECK_EQ(off, 7);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 0);
	CHECK_EQ(splice(p[0], NULL, b, NULL, 100, 0), 5);
	CHECK_EQ(pread(b, buf, 16, 0), 5);
	CHECK_MEM(buf, "23456", 5);
	CHECK_EQ(splice(a, NULL, p[1], NULL, 100, 0), 10);
	CHECK_EQ(splice(a, NULL, p[1], NULL, 100, 0), 0);
}
CASE(tee)
{
	char buf[16];
	int p[2], q[2];

	CHECK_OK(pipe(p));
	CHECK_OK(pipe(q));
	SKIP_IF_ENOSYS(tee(p[0], q[1], 0, 0));
	CHECK_EQ(write(p[1], "hello", 5), 5);
	CHECK_EQ(tee(p[0], q[1], 3, 0), 3);
	CHECK_EQ(read(q[0], buf, 16), 3);
	CHECK_EQ(read(p[0], buf, 16), 5);
	CHECK_MEM(buf, "hello", 5);
	CHECK_ERR(tee(p[0], q[1], 3, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR(tee(p[0], p[1], 3, 0), EINVAL);
}
CASE(errors)
{
	loff_t off = 0;
	int p[2], a, b;

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	CHECK_OK(pipe(p));
	SKIP_IF_ENOSYS(splice(a, &off, p[1], NULL, 0, 0));
	CHECK_ERR(splice(a, NULL, b, NULL, 5, 0), EINVAL);
	CHECK_ERR(splice(p[0], &off, b, NULL, 5, 0), ESPIPE);
	CHECK_ERR(splice(-1, NULL, p[1], NULL, 5, 0), EBADF);
	CHECK_ERR(splice(p[1], NULL, b, NULL, 5, 0), EBADF);
	CHECK_ERR(splice(a, NULL, p[1], NULL, 5, 0x100), EINVAL);
	CHECK_ERR(splice(p[0], NULL, b, NULL, 5, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_OK(fcntl(b, F_SETFL, O_APPEND));
	CHECK_ERR(splice(p[0], NULL, b, NULL, 5, 0), EINVAL);
}
CASE(vmsplice)
{
	char buf[16];
	struct iovec v[2] = { { "abc", 3 }, { "defg", 4 } };
	int p[2];

	CHECK_OK(pipe(p));
	SKIP_IF_ENOSYS(vmsplice(p[1], v, 0, 0));
	CHECK_EQ(vmsplice(p[1], v, 2, 0), 7);
	CHECK_EQ(read(p[0], buf, 16), 7);
	CHECK_MEM(buf, "abcdefg", 7);
}
