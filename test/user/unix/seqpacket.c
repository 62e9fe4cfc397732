/* SPDX-License-Identifier: MPL-2.0 */
/* AF_UNIX seqpacket: connections with record borders, end of record, truncation. */
#include "ktest_user.h"

CASE(records)
{
	char b[16];
	int s[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	CHECK_EQ(write(s[0], "abc", 3), 3);
	CHECK_EQ(write(s[0], "de", 2), 2);
	CHECK_EQ(read(s[1], b, 16), 3);
	CHECK_EQ(read(s[1], b, 1), 1);
	struct iovec v = { b, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	CHECK_EQ(write(s[0], "xyz", 3), 3);
	CHECK_EQ(recvmsg(s[1], &m, 0), 1);
	CHECK_EQ(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
	CHECK_OK(close(s[0]));
	CHECK_EQ(read(s[1], b, 16), 0);
}
CASE(connect_and_accept)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0)), c = CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0)), f;
	char b[8];

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 1));
	CHECK_OK(connect(c, (void *)&a, sizeof(a)));
	f = CHECK_OK(accept(s, NULL, NULL));
	CHECK_EQ(write(f, "hi", 2), 2);
	CHECK_EQ(read(c, b, 8), 2);
}
