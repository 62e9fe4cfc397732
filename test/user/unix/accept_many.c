/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Many clients at once, several accepting processes: each connection is served exactly once.
 */
#include "ktest_user.h"

CASE(served_once)
{
	enum { CLIENTS = 40, SERVERS = 3 };
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	_Atomic int *served = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t sv[SERVERS], cl[CLIENTS];

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 8));
	for (int i = 0; i < SERVERS; i++)
		CHILD(sv[i])
			for (;;) {
				int c = CHECK_OK(accept(s, NULL, NULL));
				unsigned char n;
				CHECK_EQ(read(c, &n, 1), 1);
				served[n]++;
				CHECK_EQ(write(c, &n, 1), 1);
				close(c);
			}
	for (int i = 0; i < CLIENTS; i++)
		CHILD(cl[i]) {
			int c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
			unsigned char n = i, r;
			CHECK_OK(connect(c, (void *)&a, sizeof(a)));
			CHECK_EQ(write(c, &n, 1), 1);
			CHECK_EQ(read(c, &r, 1), 1);
			CHECK_EQ(r, n);
			CHECK_EQ(read(c, &r, 1), 0);
		}
	for (int i = 0; i < CLIENTS; i++)
		WAIT_EXIT(cl[i], 0);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_EQ(served[i], 1);
	for (int i = 0; i < SERVERS; i++) {
		CHECK_OK(kill(sv[i], SIGKILL));
		WAIT_SIGNAL(sv[i], SIGKILL);
	}
}
