/* SPDX-License-Identifier: MPL-2.0 */
/* copy_file_range between and within files, offsets, errors. */
#include "ktest_user.h"

CASE(copies)
{
	char buf[32];
	off_t in = 2, out = 5;
	int a, b;

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	SKIP_IF_ENOSYS(syscall(SYS_copy_file_range, a, NULL, b, NULL, 0, 0));
	CHECK_EQ(copy_file_range(a, &in, b, &out, 4, 0), 4);
	CHECK_EQ(in, 6);
	CHECK_EQ(out, 9);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 0);
	CHECK_EQ(copy_file_range(a, NULL, b, NULL, 3, 0), 3);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 3);
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 3);
	CHECK_EQ(pread(b, buf, 32, 0), 9);
	CHECK_MEM(buf, "012\0\0" "2345", 9);
	in = 100;
	CHECK_EQ(copy_file_range(a, &in, b, &out, 4, 0), 0);
	in = 0;
	out = 20;
	CHECK_EQ(copy_file_range(a, &in, a, &out, 5, 0), 5);
}
CASE(errors)
{
	off_t in = 0, out = 2;
	int a, b, p[2];

	kt_put("f", "0123456789");
	a = CHECK_OK(open("f", O_RDWR));
	b = CHECK_OK(open("g", O_CREAT | O_RDWR, 0644));
	SKIP_IF_ENOSYS(syscall(SYS_copy_file_range, a, NULL, b, NULL, 0, 0));
	CHECK_ERR(copy_file_range(a, NULL, b, NULL, 3, 1), EINVAL);
	CHECK_ERR(copy_file_range(a, &in, a, &out, 5, 0), EINVAL);	/* overlap */
	CHECK_ERR(copy_file_range(-1, NULL, b, NULL, 3, 0), EBADF);
	CHECK_ERR(copy_file_range(a, NULL, CHECK_OK(open("g", O_RDONLY)), NULL, 3, 0), EBADF);
	CHECK_ERR(copy_file_range(CHECK_OK(open(".", O_RDONLY)), NULL, b, NULL, 3, 0), EISDIR);
	CHECK_OK(pipe(p));
	CHECK_ERR(copy_file_range(p[0], NULL, b, NULL, 3, 0), EINVAL);
	CHECK_ERR(copy_file_range(a, NULL, CHECK_OK(open("g", O_WRONLY | O_APPEND)), NULL, 3, 0), EBADF);
}
