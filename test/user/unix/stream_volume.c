/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A megabyte both ways through a stream pair, threads at each end, nothing lost or swapped.
 */
#include "ktest_user.h"

enum { N = 1 << 20 };
static int s[2];
static void *sender(void *x)
{
	int fd = s[(long)x];
	unsigned char b[3000];

	for (unsigned i = 0; i < N;) {
		unsigned n = 1 + (i * 2654435761u >> 20) % sizeof(b);

		n = n > N - i ? N - i : n;
		for (unsigned k = 0; k < n; k++)
			b[k] = (i + k) * 7 + (long)x;
		for (unsigned sent = 0; sent < n;)
			sent += CHECK_OK(write(fd, b + sent, n - sent));
		i += n;
	}
	return NULL;
}
static void *receiver(void *x)
{
	int fd = s[(long)x];
	unsigned char b[5000];

	for (unsigned i = 0; i < N;) {
		ssize_t n = CHECK_OK(read(fd, b, sizeof(b)));

		CHECK_GT(n, 0);
		for (int k = 0; k < n; k++)
			CHECK_EQ(b[k], (unsigned char)((i + k) * 7 + (1 - (long)x)));
		i += n;
	}
	return NULL;
}
CASE(both_ways)
{
	pthread_t t[4];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	for (long i = 0; i < 2; i++) {
		CHECK_EQ(pthread_create(&t[2 * i], NULL, sender, (void *)i), 0);
		CHECK_EQ(pthread_create(&t[2 * i + 1], NULL, receiver, (void *)i), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
