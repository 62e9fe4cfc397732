/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Shared and private file mappings: coherence with read and write, tails, private copies,
 * descriptors.
 */
#include "ktest_user.h"

CASE(shared_is_coherent)
{
	char buf[8];
	char *m;
	int fd;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_OK(close(fd));
	CHECK_MEM(m, "0123456789", 10);
	CHECK_EQ(m[10], 0);
	m[0] = 'A';
	kt_get("f", buf, 8);
	CHECK_EQ(buf[0], 'A');
	fd = CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(pwrite(fd, "B", 1, 1), 1);
	CHECK_EQ(m[1], 'B');
	m[20] = 'X';	/* past the end: does not change the file's size */
	struct stat st;
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10);
	CHECK_OK(munmap(m, PG));
}
CASE(private_copies)
{
	char buf[8];
	char *m, *s;
	int fd;
	pid_t p;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDONLY));
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	s = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED && s != MAP_FAILED);
	m[0] = 'A';
	CHECK_EQ(s[0], '0');
	kt_get("f", buf, 8);
	CHECK_EQ(buf[0], '0');
	CHILD(p) {
		CHECK_EQ(m[0], 'A');
		m[0] = 'B';
		m[1] = 'C';
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(m[0], 'A');
	CHECK_EQ(m[1], '1');
}
CASE(between_processes)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	_Atomic int *m;
	pid_t p[4];

	CHECK_OK(ftruncate(fd, PG));
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (int i = 0; i < 4; i++)
		CHILD(p[i]) {
			_Atomic int *own = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			CHECK(own != MAP_FAILED);
			for (int k = 0; k < 10000; k++)
				atomic_fetch_add(own, 1);
		}
	for (int i = 0; i < 4; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(*m, 40000);
}
CASE(offset)
{
	char *m;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pwrite(fd, &(char){ 'a' + i }, 1, i * PG), 1);
	m = mmap(NULL, 2 * PG, PROT_READ, MAP_SHARED, fd, 2 * PG);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(m[0], 'c');
	CHECK_EQ(m[PG], 'd');
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 100), EINVAL);
	CHECK_ERR(syscall(SYS_mmap, 0, PG, PROT_READ, MAP_SHARED, fd, -4096L), EOVERFLOW);
}
CASE(beyond_end)
{
	char *m;
	int code, fd;

	kt_put("f", "abc");
	fd = CHECK_OK(open("f", O_RDWR));
	m = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(kt_fault(m + PG, false, &code), SIGBUS);
	CHECK_EQ(code, BUS_ADRERR);
	CHECK_OK(ftruncate(fd, PG + 1));
	CHECK_EQ(kt_fault(m + PG, true, NULL), 0);
}
CASE(permissions)
{
	int r, w, p[2];

	kt_put("f", "abc");
	r = CHECK_OK(open("f", O_RDONLY));
	w = CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(mmap(NULL, PG, PROT_WRITE, MAP_SHARED, r, 0), EACCES);
	CHECK(mmap(NULL, PG, PROT_WRITE, MAP_PRIVATE, r, 0) != MAP_FAILED);
	CHECK_ERR(mmap(NULL, PG, PROT_WRITE, MAP_SHARED, w, 0), EACCES);
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_SHARED, CHECK_OK(open(".", O_RDONLY)), 0), ENODEV);
	CHECK_OK(pipe(p));
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_SHARED, p[0], 0), ENODEV);
	CHECK_ERR(mmap(NULL, PG, PROT_READ, MAP_SHARED, -1, 0), EBADF);
	char *m = mmap(NULL, PG, PROT_READ, MAP_SHARED, r, 0);
	CHECK(m != MAP_FAILED);
	CHECK_ERR(mprotect(m, PG, PROT_READ | PROT_WRITE), EACCES);
}
CASE(read_into_own_mapping)
{
	char *m;
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_OK(ftruncate(fd, 2 * PG));
	m = mmap(NULL, 2 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	memset(m, 'q', PG);
	CHECK_EQ(pread(fd, m + PG, PG, 0), PG);
	CHECK_EQ(m[2 * PG - 1], 'q');
	CHECK_OK(madvise(m, 2 * PG, MADV_DONTNEED));
	CHECK_EQ(pwrite(fd, m, PG, 0), PG);	/* the source is the page written to */
	CHECK_EQ(m[0], 'q');
}
