/* SPDX-License-Identifier: MPL-2.0 */
/* read and write: counts, offsets, holes, end of file, bad buffers, huge counts. */
#include "ktest_user.h"

CASE(counts_and_offset)
{
	char buf[16];
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, "hello world", 11), 11);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
	CHECK_EQ(read(fd, buf, 16), 0);
	CHECK_EQ(lseek(fd, 6, SEEK_SET), 6);
	CHECK_EQ(read(fd, buf, 16), 5);
	CHECK_MEM(buf, "world", 5);
	CHECK_EQ(write(fd, "", 0), 0);
	CHECK_EQ(read(fd, buf, 0), 0);
}
CASE(hole_reads_zero)
{
	char buf[8192 + 4], zero[8192] = { 0 };
	struct stat st;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(pwrite(fd, "end", 3, 1 << 20), 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, (1 << 20) + 3);
	CHECK_LE(st.st_blocks * 512, 16384);
	CHECK_EQ(pread(fd, buf, 8192, 4096), 8192);
	CHECK_MEM(buf, zero, 8192);
	CHECK_EQ(pread(fd, buf, sizeof(buf), (1 << 20) - 8192), 8195);
	CHECK_MEM(buf, zero, 8192);
	CHECK_MEM(buf + 8192, "end", 3);
}
CASE(bad_buffers)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct stat st;

	CHECK_EQ(write(fd, "abcd", 4), 4);
	CHECK_ERR(write(fd, (void *)8, 10), EFAULT);
	CHECK_ERR(pread(fd, (void *)8, 4, 0), EFAULT);
	CHECK_ERR(syscall(SYS_pread64, fd, 0xffff800000000000UL, 4, 0), EFAULT);
	CHECK_ERR(syscall(SYS_write, fd, -4096L, 4), EFAULT);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 4);
}
CASE(partly_bad_buffer_moves_what_it_can)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct stat st;

	memset(m, 'a', PG);
	CHECK_OK(munmap(m + PG, PG));
	CHECK_EQ(write(fd, m + PG - 100, 200), 100);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 100);
	CHECK_EQ(pwrite(fd, m, PG, 0), PG);
	CHECK_EQ(pread(fd, m + PG - 100, 4096, 0), 100);
}
CASE(huge_count)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *m = kt_map(1, PROT_READ | PROT_WRITE);

	kt_put("g", "abc");
	CHECK_ERR(syscall(SYS_write, fd, m, -1L), EFAULT);
	fd = CHECK_OK(open("g", O_RDONLY));
	CHECK_ERR(syscall(SYS_read, fd, m, -1L), EFAULT);
	CHECK_EQ(syscall(SYS_read, fd, m, 0x7fffffffL), 3);
}
CASE(large_transfer)
{
	size_t n = 3 << 20;
	unsigned char *a = malloc(n), *b = malloc(n);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	for (size_t i = 0; i < n; i++)
		a[i] = i * 7 + (i >> 8) * 13;
	CHECK_EQ(write(fd, a, n), n);
	CHECK_EQ(pread(fd, b, n, 0), n);
	CHECK_MEM(a, b, n);
	CHECK_EQ(pread(fd, b, 10000, 123457), 10000);
	CHECK_MEM(a + 123457, b, 10000);
	CHECK_EQ(pwrite(fd, a + 1, 70001, 65535), 70001);
	CHECK_EQ(pread(fd, b, n, 0), n);
	memmove(a + 65535, a + 1, 70001);
	CHECK_MEM(a, b, n);
}
CASE(bad_descriptors)
{
	char c;

	CHECK_ERR(read(-1, &c, 1), EBADF);
	CHECK_ERR(write(-1, &c, 1), EBADF);
	CHECK_ERR(read(500, &c, 1), EBADF);
	CHECK_ERR(read(-1, (void *)8, 1), EBADF);
}
