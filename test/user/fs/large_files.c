/* SPDX-License-Identifier: MPL-2.0 */
/* Offsets above 2 and 4 GiB: write, read, seek, truncate and map sparse files. */
#include "ktest_user.h"

CASE(sparse)
{
	static const off_t at[] = {
		0x7ffffffe, 0x80000000, 0xfffffffe, 0x100000000, 0x31234589a, 0x123456789a, 1LL << 40, 1LL << 42
	};
	/* ext2 counts 512-byte blocks in 32 bits: no file above 2 TiB; with small blocks its index ends before. */
	size_t nr = ARRAY_SIZE(at);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	struct stat st;
	char b[4];

	while (at[nr - 1] > kt_largest() - 4)
		nr--;
	for (size_t i = 0; i < nr; i++) {
		CHECK_EQ(lseek(fd, at[i], SEEK_SET), at[i]);
		CHECK_EQ(write(fd, "abcd", 4), 4);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), at[i] + 4);
		CHECK_OK(fstat(fd, &st));
		CHECK_EQ(st.st_size, at[i] + 4);
	}
	for (size_t i = 0; i < nr; i++) {
		CHECK_EQ(pread(fd, b, 4, at[i]), 4);
		if (i != 0 && i != 2)	/* those two are half overwritten by the next */
			CHECK_EQ(b[3], 'd');
	}
	CHECK_OK(fsync(fd));
	CHECK_OK(fstat(fd, &st));
	CHECK_LE(st.st_blocks, 200);
	if (nr < ARRAY_SIZE(at)) {
		CHECK_ERR(lseek(fd, at[nr], SEEK_SET), EINVAL);
		CHECK_ERR(pwrite(fd, "abcd", 4, at[nr]), EFBIG);
		CHECK_ERR(ftruncate(fd, at[nr]), EFBIG);
	}
	char *m = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, 0x312345000);
	CHECK(m != MAP_FAILED);
	CHECK_EQ(m[0x89a], 'a');
	CHECK_OK(ftruncate(fd, 0x100000002));
	CHECK_EQ(pread(fd, b, 4, 0x100000000), 2);
}
CASE(limit_of_the_file_system)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_OK(ftruncate(fd, LLONG_MAX - 4095) == 0 || errno == EFBIG || errno == EINVAL ? 0 : -1);
	CHECK_ERR(pwrite(fd, "x", 1, LLONG_MAX), EINVAL);
}
