/* SPDX-License-Identifier: MPL-2.0 */
/*
 * F_SETPIPE_SZ with data inside: kept in order, refused when it does not fit, limits for users.
 */
#include "ktest_user.h"

CASE(keeps_data)
{
	static char buf[70000];
	int p[2];

	CHECK_OK(pipe2(p, O_NONBLOCK));
	for (int i = 0; i < 8192; i++)
		buf[i] = i * 7;
	CHECK_EQ(write(p[1], buf, 8192), 8192);
	CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 131072), 131072);
	CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 8192), 8192);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
	CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 65536), 65536);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(read(p[0], buf + 10000, sizeof(buf) - 10000), 8193);
	CHECK_MEM(buf + 10000, buf, 8192);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 0x80000001), EINVAL);
}
CASE(limit_for_users)
{
	int p[2];

	kt_become(1000, 1000);
	CHECK_OK(pipe(p));
	CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 1 << 20), 1 << 20);
	CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 2 << 20), EPERM);
}
