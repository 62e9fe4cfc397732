/* SPDX-License-Identifier: MPL-2.0 */
/* madvise: DONTNEED on each kind of memory, FREE, WILLNEED, DONTFORK, WIPEONFORK, errors. */
#include "ktest_user.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif
CASE(dontneed_private)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	memset(m, 1, 4 * PG);
	CHECK_OK(madvise(m + PG, 2 * PG, MADV_DONTNEED));
	CHECK_EQ(m[0], 1);
	CHECK_EQ(m[PG], 0);
	CHECK_EQ(m[3 * PG - 1], 0);
	CHECK_EQ(m[3 * PG], 1);
}
CASE(dontneed_file)
{
	char *p, *s;
	int fd;

	kt_put("f", "0123456789");
	fd = CHECK_OK(open("f", O_RDWR));
	p = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[0] = 'P';
	s[1] = 'S';
	CHECK_OK(madvise(p, PG, MADV_DONTNEED));
	CHECK_OK(madvise(s, PG, MADV_DONTNEED));
	CHECK_EQ(p[0], '0');	/* the private copy is forgotten */
	CHECK_EQ(p[1], 'S');	/* the file's data is not */
	CHECK_EQ(s[1], 'S');
}
CASE(free_keeps_or_zeroes)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE);

	memset(m, 1, 2 * PG);
	CHECK_OK(madvise(m, 2 * PG, MADV_FREE));
	CHECK(m[0] == 1 || m[0] == 0);
	m[PG] = 2;
	CHECK_EQ(m[PG], 2);
	char *s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_ERR(madvise(s, PG, MADV_FREE), EINVAL);
}
CASE(fork_advice)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE);
	pid_t p;

	memset(m, 1, 2 * PG);
	CHECK_OK(madvise(m, PG, MADV_DONTFORK));
	CHECK_OK(madvise(m + PG, PG, MADV_WIPEONFORK));
	CHILD(p) {
		CHECK_EQ(kt_fault(m, false, NULL), SIGSEGV);
		CHECK_EQ(m[PG], 0);
	}
	WAIT_EXIT(p, 0);
	CHECK_EQ(m[PG], 1);
	CHECK_OK(madvise(m, PG, MADV_DOFORK));
	CHECK_OK(madvise(m + PG, PG, MADV_KEEPONFORK));
	CHILD(p) {
		CHECK_EQ(m[0], 1);
		CHECK_EQ(m[PG], 1);
	}
	WAIT_EXIT(p, 0);
}
CASE(hints)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	for (int a = 0; a <= 3; a++)
		CHECK_OK(madvise(m, 4 * PG, a));
	CHECK_OK(madvise(m, 0, MADV_DONTNEED));
	CHECK_OK(madvise(m, 4 * PG, MADV_DONTDUMP));
	CHECK_OK(madvise(m, 4 * PG, MADV_DODUMP));
	CHECK_EQ(m[0], 0);
}
CASE(populate)
{
	unsigned char v[4];
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	if (madvise(m, 2 * PG, 23) && errno == EINVAL)	/* MADV_POPULATE_WRITE */
		SKIP("no MADV_POPULATE_WRITE");
	CHECK_OK(mincore(m, 4 * PG, v));
	CHECK_EQ(v[0] & 1, 1);
	CHECK_EQ(v[1] & 1, 1);
	CHECK_EQ(v[2] & 1, 0);
	CHECK_OK(mprotect(m, PG, PROT_READ));
	CHECK_ERR(madvise(m, PG, 23), EINVAL);
}
CASE(errors)
{
	char *m = kt_map(3, PROT_READ | PROT_WRITE);

	CHECK_ERR(madvise(m + 1, PG, MADV_DONTNEED), EINVAL);
	CHECK_ERR(madvise(m, PG, 9999), EINVAL);
	CHECK_ERR(syscall(SYS_madvise, m, -1L, MADV_DONTNEED), EINVAL);
	m[2 * PG] = 1;
	CHECK_OK(munmap(m + PG, PG));
	CHECK_ERR(madvise(m, 3 * PG, MADV_DONTNEED), ENOMEM);
	CHECK_EQ(m[2 * PG], 0);		/* it went on behind the hole */
}
