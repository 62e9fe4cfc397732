/* SPDX-License-Identifier: MPL-2.0 */
/* Several readers and writers on one pipe: every byte goes to exactly one reader. */
#include "ktest_user.h"

CASE(readers_split_the_stream)
{
	enum { N = 20000 };
	_Atomic long *sum = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int p[2];
	pid_t r[3], w[2];

	CHECK_OK(pipe(p));
	for (int i = 0; i < 3; i++)
		CHILD(r[i]) {
			unsigned char b[97];
			ssize_t n;
			close(p[1]);
			while ((n = CHECK_OK(read(p[0], b, sizeof(b)))) > 0) {
				sum[0] += n;
				for (int k = 0; k < n; k++)
					sum[1] += b[k];
			}
		}
	for (int i = 0; i < 2; i++)
		CHILD(w[i]) {
			close(p[0]);
			for (int k = 0; k < N; k += 10) {
				unsigned char b[10];
				for (int j = 0; j < 10; j++)
					b[j] = k + j;
				CHECK_EQ(write(p[1], b, 10), 10);
			}
		}
	close(p[0]);
	close(p[1]);
	long want = 0;
	for (int k = 0; k < N; k++)
		want += 2 * (k & 255);
	for (int i = 0; i < 2; i++)
		WAIT_EXIT(w[i], 0);
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(r[i], 0);
	CHECK_EQ(sum[0], 2 * N);
	CHECK_EQ(sum[1], want);
}
CASE(all_readers_see_the_end)
{
	int p[2];
	char c;
	pid_t r[5];

	CHECK_OK(pipe(p));
	for (int i = 0; i < 5; i++)
		CHILD(r[i]) {
			close(p[1]);
			CHECK_EQ(read(p[0], &c, 1), 0);
		}
	for (int i = 0; i < 5; i++)
		WAIT_BLOCKED(r[i]);
	close(p[1]);
	for (int i = 0; i < 5; i++)
		WAIT_EXIT(r[i], 0);
}
