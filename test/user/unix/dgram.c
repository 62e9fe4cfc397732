/* SPDX-License-Identifier: MPL-2.0 */
/*
 * AF_UNIX datagram sockets: borders, sendto, connected pairs, truncation, full queue, errors.
 */
#include "ktest_user.h"

static int bound(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));

	strcpy(a.sun_path, path);
	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	return s;
}
static struct sockaddr_un to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, path);
	return a;
}
CASE(borders_and_addresses)
{
	char b[16];
	struct sockaddr_un a = to("one"), from;
	socklen_t n = sizeof(from);
	int one = bound("one"), two = bound("two");

	CHECK_EQ(sendto(two, "abc", 3, 0, (void *)&a, sizeof(a)), 3);
	CHECK_EQ(sendto(two, "defg", 4, 0, (void *)&a, sizeof(a)), 4);
	CHECK_EQ(sendto(two, "", 0, 0, (void *)&a, sizeof(a)), 0);
	CHECK_EQ(recvfrom(one, b, 16, 0, (void *)&from, &n), 3);
	CHECK_STR(from.sun_path, "two");
	CHECK_EQ(recv(one, b, 2, 0), 2);	/* the rest is lost */
	CHECK_EQ(recv(one, b, 16, 0), 0);
	CHECK_ERR(recv(one, b, 16, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sendto(two, "abcdef", 6, 0, (void *)&a, sizeof(a)), 6);
	CHECK_EQ(recv(one, b, 2, MSG_TRUNC), 6);	/* the true length */
}
CASE(connected)
{
	char b[16];
	struct sockaddr_un a = to("one"), t;
	int one = bound("one"), two = bound("two"), three = bound("three");

	CHECK_OK(connect(two, (void *)&a, sizeof(a)));
	CHECK_EQ(write(two, "x", 1), 1);
	CHECK_EQ(read(one, b, 16), 1);
	t = to("two");
	CHECK_OK(connect(one, (void *)&t, sizeof(t)));
	a = to("one");
	CHECK_ERR(sendto(three, "y", 1, 0, (void *)&a, sizeof(a)), EPERM);	/* connected to another */
	CHECK_OK(close(one));
	CHECK_ERR(write(two, "x", 1), ECONNREFUSED);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	CHECK_OK(connect(two, &none, sizeof(none)));
	CHECK_ERR(write(two, "x", 1), ENOTCONN);
}
CASE(pair)
{
	char b[8];
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	CHECK_EQ(write(s[0], "ab", 2), 2);
	CHECK_EQ(write(s[0], "cd", 2), 2);
	CHECK_EQ(read(s[1], b, 8), 2);
	CHECK_EQ(read(s[1], b, 8), 2);
	CHECK_OK(close(s[0]));
	CHECK_ERR(write(s[1], "x", 1), ECONNREFUSED);
}
CASE(queue_fills)
{
	char b[8];
	struct sockaddr_un a = to("one");
	int one = bound("one"), two = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)), n = 0;

	while (sendto(two, "x", 1, 0, (void *)&a, sizeof(a)) == 1)
		CHECK_LT(++n, 10000);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(n, 11);	/* net.unix.max_dgram_qlen is 10 */
	CHECK_OK(connect(two, (void *)&a, sizeof(a)));
	struct pollfd p = { two, POLLOUT, 0 };
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(read(one, b, 8), 1);
	CHECK_EQ(poll(&p, 1, 0), 1);
}
CASE(errors)
{
	static char big[1 << 20];
	struct sockaddr_un a = to("one");
	int one = bound("one"), two = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0)), st;

	CHECK_ERR(sendto(two, big, sizeof(big), 0, (void *)&a, sizeof(a)), EMSGSIZE);
	a = to("missing");
	CHECK_ERR(sendto(two, "x", 1, 0, (void *)&a, sizeof(a)), ENOENT);
	CHECK_ERR(send(two, "x", 1, 0), ENOTCONN);
	CHECK_ERR(listen(one, 1), EOPNOTSUPP);
	CHECK_ERR(accept(one, NULL, NULL), EOPNOTSUPP);
	st = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	a = to("one");
	CHECK_ERR(connect(st, (void *)&a, sizeof(a)), EPROTOTYPE);
	CHECK_ERR(sendto(st, "x", 1, 0, (void *)&a, sizeof(a)), EOPNOTSUPP);
}
