/* SPDX-License-Identifier: MPL-2.0 */
/* getrandom: flags, sizes, difference, errors. */
#include "ktest_user.h"
#include <sys/random.h>
CASE(bytes)
{
	unsigned char a[256] = { 0 }, b[256] = { 0 };
	int zero = 0;

	CHECK_EQ(getrandom(a, 256, 0), 256);
	CHECK_EQ(getrandom(b, 256, GRND_NONBLOCK), 256);
	CHECK(memcmp(a, b, 256));
	for (int i = 0; i < 256; i++)
		zero += !a[i];
	CHECK_LT(zero, 20);
	CHECK_EQ(getrandom(a, 100, GRND_RANDOM), 100);
	CHECK_EQ(getrandom(a, 0, 0), 0);
	CHECK_EQ(getrandom(a, 16, 4), 16);	/* GRND_INSECURE */
	CHECK_ERR(getrandom(a, 16, 0x100), EINVAL);
	CHECK_ERR(getrandom(a, 16, 6), EINVAL);
	CHECK_ERR(syscall(SYS_getrandom, 8, 16, 0), EFAULT);
}
CASE(large)
{
	enum { N = 1 << 20 };
	unsigned char *m = malloc(N);
	unsigned count[256] = { 0 };
	ssize_t got = 0;

	while (got < N)
		got += CHECK_OK(getrandom(m + got, N - got, 0));
	for (int i = 0; i < N; i++)
		count[m[i]]++;
	for (int i = 0; i < 256; i++) {
		CHECK_GT(count[i], 3400);
		CHECK_LT(count[i], 4800);
	}
}
CASE(differs_in_forks)
{
	unsigned long *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHILD(p)
		CHECK_EQ(getrandom(&m[0], 8, 0), 8);
	WAIT_EXIT(p, 0);
	CHILD(p)
		CHECK_EQ(getrandom(&m[1], 8, 0), 8);
	WAIT_EXIT(p, 0);
	CHECK_NE(m[0], m[1]);
}
