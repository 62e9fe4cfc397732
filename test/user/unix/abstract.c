/* SPDX-License-Identifier: MPL-2.0 */
/* Abstract names: no file, any bytes, length matters, autobind, gone with the socket. */
#include "ktest_user.h"

CASE(names)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, r;
	socklen_t n = sizeof(r);
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), t = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), c;

	memcpy(a.sun_path, "\0a\0b", 4);
	CHECK_OK(bind(s, (void *)&a, 2 + 4));
	CHECK_OK(listen(s, 1));
	CHECK_ERR(bind(t, (void *)&a, 2 + 4), EADDRINUSE);
	CHECK_OK(bind(t, (void *)&a, 2 + 5));	/* one byte longer: another name */
	CHECK_OK(getsockname(s, (void *)&r, &n));
	CHECK_EQ(n, 6);
	CHECK_MEM(r.sun_path, "\0a\0b", 4);
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(connect(c, (void *)&a, 2 + 4));
	CHECK_OK(close(s));
	c = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_ERR(connect(c, (void *)&a, 2 + 4), ECONNREFUSED);
	s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK(bind(s, (void *)&a, 2 + 4));
}
CASE(autobind)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, r;
	socklen_t n = sizeof(r);
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	CHECK_OK(bind(s, (void *)&a, 2));
	CHECK_OK(getsockname(s, (void *)&r, &n));
	CHECK_EQ(n, 2 + 6);
	CHECK_EQ(r.sun_path[0], 0);
	for (int i = 1; i < 6; i++)
		CHECK(strchr("0123456789abcdef", r.sun_path[i]));
}
CASE(path_of_full_length)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct { struct sockaddr_un a; char more[8]; } r;
	socklen_t n = sizeof(r);
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));

	memset(a.sun_path, 'p', sizeof(a.sun_path));	/* no terminator */
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(getsockname(s, (void *)&r, &n));
	CHECK_EQ(n, sizeof(a) + 1);
}
