/* SPDX-License-Identifier: MPL-2.0 */
/*
 * System calls touch lazy memory: untouched, copy-on-write, file and growing-stack pages as
 * buffers.
 */
#include "ktest_user.h"

CASE(untouched)
{
	char *m = kt_map(32, PROT_READ | PROT_WRITE);
	int p[2], fd;

	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], m, 16 * PG), 16 * PG);	/* zeroes from nowhere */
	CHECK_EQ(read(p[0], m + 16 * PG, 16 * PG), 16 * PG);
	for (size_t i = 0; i < 32 * PG; i += 64)
		CHECK_EQ(m[i], 0);
	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDONLY));
	m = kt_map(2, PROT_READ | PROT_WRITE);
	CHECK_EQ(read(fd, m + PG - 2, 5), 5);
	CHECK_MEM(m + PG - 2, "hello", 5);
}
CASE(read_only_destination)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE);
	int fd;
	struct stat st;

	kt_put("f", "hello");
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(mprotect(m + PG, PG, PROT_READ));
	CHECK_ERR(pread(fd, m + PG, 5, 0), EFAULT);
	CHECK_EQ(pread(fd, m + PG - 2, 5, 0), 2);
	CHECK_ERR(syscall(SYS_fstat, fd, m + PG - 8), EFAULT);
	CHECK_ERR(syscall(SYS_fstat, fd, m + PG), EFAULT);
	CHECK_OK(mprotect(m + PG, PG, PROT_NONE));
	CHECK_ERR(write(CHECK_OK(open("g", O_CREAT | O_WRONLY, 0644)), m + PG, 5), EFAULT);
	(void)st;
}
CASE(mapped_file_as_source_and_destination)
{
	int a = CHECK_OK(open("a", O_CREAT | O_RDWR, 0644)), b = CHECK_OK(open("b", O_CREAT | O_RDWR, 0644));
	char *m, *n;

	CHECK_OK(ftruncate(a, 8 * PG));
	CHECK_OK(ftruncate(b, 8 * PG));
	m = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	n = mmap(NULL, 8 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, b, 0);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(pwrite(a, &(char){ 'a' + i }, 1, i * PG), 1);
	CHECK_EQ(pwrite(b, m, 8 * PG, 0), 8 * PG);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(n[i * PG], 'a' + i);
	CHECK_EQ(pread(a, n + PG, PG, 0), PG);
	CHECK_EQ(n[PG], 'a');
}
CASE(beyond_the_end_of_a_mapped_file)
{
	int fd, p[2];
	char *m;

	kt_put("f", "x");
	fd = CHECK_OK(open("f", O_RDWR));
	m = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK_OK(pipe(p));
	CHECK_ERR(write(p[1], m + PG, 10), EFAULT);	/* would be SIGBUS outside the kernel */
	/* Linux's pipe takes a page or nothing here; taking what there is would be as good */
	ssize_t n = write(p[1], m + PG - 5, 10);
	CHECK(n == 5 || (n == -1 && errno == EFAULT));
	CHECK_EQ(write(p[1], "abc", 3), 3);
	CHECK_ERR(read(p[0], m + PG, 5), EFAULT);
}
CASE(stack_grows_for_a_call)
{
	char here;
	char *far = (char *)((uintptr_t)&here & -PG) - 60 * PG;
	int p[2];

	CHECK_OK(pipe(p));
	CHECK_EQ(write(p[1], "abc", 3), 3);
	CHECK_EQ(read(p[0], far, 3), 3);
	CHECK_MEM(far, "abc", 3);
}
