/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Processes that share an open file: writes do not overlap, reads split the file without loss.
 */
#include "ktest_user.h"

CASE(writes)
{
	enum { N = 400, SIZE = 100 };
	char rec[SIZE], *buf = malloc(4 * N * SIZE);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), seen[4] = { 0 };
	pid_t p[4];

	for (int i = 0; i < 4; i++)
		CHILD(p[i]) {
			memset(rec, 'a' + i, SIZE);
			for (int k = 0; k < N; k++)
				CHECK_EQ(write(fd, rec, SIZE), SIZE);
		}
	for (int i = 0; i < 4; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4 * N * SIZE);
	CHECK_EQ(pread(fd, buf, 4 * N * SIZE, 0), 4 * N * SIZE);
	for (int r = 0; r < 4 * N; r++) {
		for (int k = 1; k < SIZE; k++)
			CHECK_EQ(buf[r * SIZE + k], buf[r * SIZE]);
		seen[buf[r * SIZE] - 'a']++;
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(seen[i], N);
}
CASE(reads)
{
	enum { N = 4000 };
	_Atomic unsigned char *seen = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	pid_t p[3];

	for (unsigned short i = 0; i < N; i++)
		CHECK_EQ(write(fd, &i, 2), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (int i = 0; i < 3; i++)
		CHILD(p[i]) {
			unsigned short v;
			while (CHECK_OK(read(fd, &v, 2)) == 2)
				seen[v]++;
		}
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(p[i], 0);
	for (int i = 0; i < N; i++)
		CHECK_EQ(seen[i], 1);
}
