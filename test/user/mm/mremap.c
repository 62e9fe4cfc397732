/* SPDX-License-Identifier: MPL-2.0 */
/* mremap: growing in place, moving, shrinking, MREMAP_FIXED, MREMAP_DONTUNMAP, errors. */
#include "ktest_user.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
CASE(grow_in_place)
{
	char *m = kt_map(8, PROT_READ | PROT_WRITE), *n;

	m[0] = 1;
	CHECK_OK(munmap(m + 2 * PG, 6 * PG));
	n = mremap(m, 2 * PG, 5 * PG, 0);
	CHECK_EQ(n, m);
	CHECK_EQ(n[0], 1);
	CHECK_EQ(n[4 * PG], 0);
	n[5 * PG - 1] = 2;
}
CASE(blocked_growth)
{
	char *m = kt_map(8, PROT_READ | PROT_WRITE), *n;

	memset(m, 7, 2 * PG);
	CHECK_ERR(mremap(m, 2 * PG, 4 * PG, 0), ENOMEM);
	n = mremap(m, 2 * PG, 16 * PG, MREMAP_MAYMOVE);
	CHECK(n != MAP_FAILED && n != m);
	CHECK_EQ(n[2 * PG - 1], 7);
	CHECK_EQ(n[2 * PG], 0);
	CHECK_EQ(kt_fault(m, false, NULL), SIGSEGV);
	CHECK_EQ(kt_fault(m + 2 * PG, false, NULL), 0);
}
CASE(shrink)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	m[0] = 1;
	CHECK_EQ(mremap(m, 4 * PG, PG, 0), m);
	CHECK_EQ(m[0], 1);
	CHECK_EQ(kt_fault(m + PG, false, NULL), SIGSEGV);
}
CASE(fixed)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE), *t = kt_map(4, PROT_READ | PROT_WRITE), *n;

	m[0] = 1;
	m[PG] = 2;
	t[PG] = 3;
	n = mremap(m, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, t + PG);
	CHECK_EQ(n, t + PG);
	CHECK_EQ(t[PG], 1);
	CHECK_EQ(t[2 * PG], 2);
	CHECK_EQ(kt_fault(m, false, NULL), SIGSEGV);
	CHECK_ERR(mremap(t, PG, PG, MREMAP_FIXED, m), EINVAL);
	CHECK_ERR(mremap(t, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, t + PG), EINVAL);
	CHECK_ERR(mremap(t, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, t + 5), EINVAL);
}
CASE(dontunmap)
{
	char *m = kt_map(2, PROT_READ | PROT_WRITE), *n;

	m[0] = 5;
	n = mremap(m, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	CHECK(n != MAP_FAILED && n != m);
	CHECK_EQ(n[0], 5);
	CHECK_EQ(m[0], 0);	/* still mapped, now empty */
	CHECK_ERR(mremap(m, 2 * PG, 3 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL), EINVAL);
	CHECK_ERR(mremap(m, 2 * PG, 2 * PG, MREMAP_DONTUNMAP, NULL), EINVAL);
}
CASE(shared_duplicate)
{
	char *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *n;

	m[0] = 1;
	n = mremap(m, 0, PG, MREMAP_MAYMOVE);
	CHECK(n != MAP_FAILED && n != m);
	n[0] = 2;
	CHECK_EQ(m[0], 2);
	m = kt_map(1, PROT_READ);
	CHECK_ERR(mremap(m, 0, PG, MREMAP_MAYMOVE), EINVAL);
}
CASE(errors)
{
	char *m = kt_map(4, PROT_READ | PROT_WRITE);

	CHECK_ERR(mremap(m + 1, PG, PG, 0), EINVAL);
	CHECK_ERR(mremap(m, PG, 0, 0), EINVAL);
	CHECK_ERR(mremap(m, PG, PG, 0x100), EINVAL);
	CHECK_OK(munmap(m + PG, PG));
	CHECK_ERR(mremap(m, 3 * PG, 8 * PG, MREMAP_MAYMOVE), EFAULT);	/* a hole */
	CHECK_ERR(mremap(m + PG, PG, 2 * PG, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERR(mremap(m, PG, 1UL << 48, MREMAP_MAYMOVE), ENOMEM);
}
CASE(file_mapping_keeps_its_offset)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char *m;

	CHECK_OK(ftruncate(fd, 8 * PG));
	for (int i = 0; i < 8; i++)
		CHECK_EQ(pwrite(fd, &(char){ i + 1 }, 1, i * PG), 1);
	m = mmap(NULL, 2 * PG, PROT_READ, MAP_SHARED, fd, 3 * PG);
	CHECK(m != MAP_FAILED);
	m = mremap(m, 2 * PG, 4 * PG, MREMAP_MAYMOVE);
	CHECK(m != MAP_FAILED);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(m[i * PG], 4 + i);
}
