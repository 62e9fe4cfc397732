/* SPDX-License-Identifier: MPL-2.0 */
/* fallocate on tmpfs and ext2: allocation, KEEP_SIZE, PUNCH_HOLE, refused modes; posix_fadvise. */
#include "ktest_user.h"

#define KEEP 1
#define PUNCH 2
#define COLLAPSE 8
#define ZERO 16

CASE(allocates)
{
	struct stat st;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	if (!kt_on_memory())
		SKIP("the next case is for disks");
	CHECK_OK(fallocate(fd, 0, 0, 10000));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_blocks, 24);
	CHECK_OK(fallocate(fd, KEEP, 0, 20000));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_blocks, 40);
}
/* ext2 cannot say that a block was not written: a kernel allocates zeroed blocks, or it refuses and changes nothing. */
CASE(allocates_on_ext2)
{
	char page[3 * PG], zero[3 * PG] = { 0 };
	struct stat st;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	if (kt_on_memory())
		SKIP("the case before is for memory files");
	CHECK_EQ(write(fd, "hello", 5), 5);
	if (fallocate(fd, 0, 0, 10000)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		CHECK_ERR(fallocate(fd, KEEP, 0, 20000), EOPNOTSUPP);
		CHECK_OK(fstat(fd, &st));
		CHECK_EQ(st.st_size, 5);
		CHECK_EQ(posix_fallocate(fd, 0, 10000), EOPNOTSUPP);
		return;
	}
	CHECK_OK(fsync(fd));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_blocks, kt_used(0, 10000));
	/* Blocks behind the end of a file are damage there. */
	CHECK_ERR(fallocate(fd, KEEP, 0, 20000), EOPNOTSUPP);
	CHECK_OK(fallocate(fd, KEEP, 0, 10000));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10000);
	CHECK_EQ(st.st_blocks, kt_used(0, 10000));
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(pread(fd, page, sizeof(page), 0), 10000);
	CHECK_MEM(page, "hello", 5);
	CHECK_MEM(page + 5, zero, 10000 - 5);
	/* A hole in the middle of a file is filled, what is around it stays. */
	CHECK_OK(ftruncate(fd, 0));
	CHECK_EQ(pwrite(fd, "a", 1, 0), 1);
	CHECK_EQ(pwrite(fd, "z", 1, 9 * PG), 1);
	CHECK_OK(fallocate(fd, 0, 0, 8 * PG));
	CHECK_OK(fsync(fd));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_blocks, kt_used(0, 8 * PG) + kt_block() / 512);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 8 * PG);
	CHECK_EQ(pread(fd, page, 2, 0), 2);
	CHECK_MEM(page, "a", 2);
	CHECK_EQ(pread(fd, page, 1, 9 * PG), 1);
	CHECK_EQ(page[0], 'z');
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
	CHECK_EQ(st.st_blocks, kt_used(0, 4 * PG) - (long)PG / 512);
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
