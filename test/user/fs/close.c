/* SPDX-License-Identifier: MPL-2.0 */
/* close, close_range and what happens to the file underneath. */
#include "ktest_user.h"

CASE(bad_descriptors)
{
	CHECK_ERR(close(-1), EBADF);
	CHECK_ERR(close(1000), EBADF);
	int fd = CHECK_OK(open(".", O_RDONLY));
	CHECK_OK(close(fd));
	CHECK_ERR(close(fd), EBADF);
}
CASE(lowest_free_is_reused)
{
	int a = CHECK_OK(open(".", O_RDONLY)), b = CHECK_OK(open(".", O_RDONLY));

	CHECK_EQ(b, a + 1);
	CHECK_OK(close(a));
	CHECK_EQ(CHECK_OK(open(".", O_RDONLY)), a);
	CHECK_EQ(CHECK_OK(open(".", O_RDONLY)), b + 1);
}
CASE(range)
{
	SKIP_IF_ENOSYS(syscall(SYS_close_range, 900, 901, 0));
	for (int i = 20; i < 30; i++)
		CHECK_EQ(dup2(0, i), i);
	CHECK_OK(syscall(SYS_close_range, 22, 25, 0));
	for (int i = 20; i < 30; i++)
		CHECK_EQ(fcntl(i, F_GETFD) >= 0, i < 22 || i > 25);
	CHECK_OK(syscall(SYS_close_range, 26, 27, 4));	/* CLOSE_RANGE_CLOEXEC */
	CHECK_EQ(fcntl(26, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(28, F_GETFD), 0);
	CHECK_OK(syscall(SYS_close_range, 20, ~0U, 0));
	CHECK_ERR(fcntl(29, F_GETFD), EBADF);
	CHECK_ERR(syscall(SYS_close_range, 10, 5, 0), EINVAL);
	CHECK_ERR(syscall(SYS_close_range, 5, 10, 0x80), EINVAL);
}
CASE(unlinked_file_lives_until_close)
{
	char buf[8];
	struct stat st;
	int fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_OK(unlink("f"));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, buf, 8, 0), 3);
	CHECK_EQ(pwrite(fd, "defg", 4, 3), 4);
	CHECK_EQ(pread(fd, buf, 8, 0), 7);
}
