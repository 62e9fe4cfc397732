/* SPDX-License-Identifier: MPL-2.0 */
/* poll of a thousand descriptors and of the same one many times. */
#include "ktest_user.h"

CASE(thousand)
{
	static struct pollfd f[1000];
	struct rlimit rl = { 1100, 4096 };
	uint64_t v = 1;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &rl));
	for (int i = 0; i < 1000; i++) {
		f[i].fd = CHECK_OK(eventfd(0, 0));
		f[i].events = POLLIN;
	}
	CHECK_EQ(poll(f, 1000, 0), 0);
	CHECK_EQ(write(f[7].fd, &v, 8), 8);
	CHECK_EQ(write(f[999].fd, &v, 8), 8);
	CHECK_EQ(poll(f, 1000, -1), 2);
	CHECK_EQ(f[7].revents, POLLIN);
	CHECK_EQ(f[999].revents, POLLIN);
	CHECK_EQ(f[500].revents, 0);
}
CASE(one_many_times)
{
	struct pollfd f[200];
	int p[2];
	pid_t c;

	CHECK_OK(pipe(p));
	for (int i = 0; i < 200; i++)
		f[i] = (struct pollfd){ p[0], POLLIN, 0 };
	CHILD(c)
		CHECK_EQ(poll(f, 200, -1), 200);
	WAIT_BLOCKED(c);
	CHECK_EQ(write(p[1], "x", 1), 1);
	WAIT_EXIT(c, 0);
}
