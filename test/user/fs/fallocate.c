/* SPDX-License-Identifier: MPL-2.0 */
/* fallocate on tmpfs: allocation, KEEP_SIZE, PUNCH_HOLE, refused modes; posix_fadvise. */
#include "ktest_user.h"

#define KEEP 1
#define PUNCH 2
#define COLLAPSE 8
#define ZERO 16

CASE(allocates)
{
	struct stat st;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_OK(fallocate(fd, 0, 0, 10000));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_blocks, 24);
	CHECK_OK(fallocate(fd, KEEP, 0, 20000));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_blocks, 40);
}
CASE(punches)
{
	char page[PG], zero[PG] = { 0 };
	struct stat st;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	memset(page, 'x', PG);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(write(fd, page, PG), PG);
	CHECK_OK(fallocate(fd, PUNCH | KEEP, PG - 10, PG + 20));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 4 * PG);
	CHECK_EQ(st.st_blocks, 24);
	CHECK_EQ(pread(fd, page, PG, PG), PG);
	CHECK_MEM(page, zero, PG);
	CHECK_EQ(pread(fd, page, PG, 0), PG);
	CHECK_EQ(page[PG - 11], 'x');
	CHECK_EQ(page[PG - 10], 0);
	CHECK_EQ(pread(fd, page, PG, 2 * PG), PG);
	CHECK_EQ(page[9], 0);
	CHECK_EQ(page[10], 'x');
}
CASE(errors)
{
	int p[2], fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
	CHECK_ERR(fallocate(fd, 0, -1, 5), EINVAL);
	CHECK_ERR(fallocate(fd, 0, 0, -1), EINVAL);
	CHECK_ERR(fallocate(fd, PUNCH, 0, 5), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, COLLAPSE, 0, PG), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, ZERO, 0, PG), EOPNOTSUPP);
	CHECK_ERR(fallocate(CHECK_OK(open("f", O_RDONLY)), 0, 0, 5), EBADF);
	CHECK_ERR(fallocate(-1, 0, 0, 5), EBADF);
	CHECK_OK(pipe(p));
	CHECK_ERR(fallocate(p[1], 0, 0, 5), ESPIPE);
	CHECK_ERR(fallocate(CHECK_OK(open(".", O_RDONLY)), 0, 0, 5), EBADF);
	CHECK_ERR(fallocate(fd, 0, LLONG_MAX - 2, 1000), EFBIG);
}
CASE(fadvise)
{
	int p[2], fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	for (int a = 0; a <= 5; a++)
		CHECK_OK(syscall(SYS_fadvise64, fd, 0, 0, a));
	CHECK_ERR(syscall(SYS_fadvise64, fd, 0, 0, 77), EINVAL);
	CHECK_ERR(syscall(SYS_fadvise64, -1, 0, 0, 0), EBADF);
	CHECK_OK(pipe(p));
	CHECK_ERR(syscall(SYS_fadvise64, p[0], 0, 0, 0), ESPIPE);
}
