/* SPDX-License-Identifier: MPL-2.0 */
/* SO_PEEK_OFF and MSG_PEEK walk through a stream; MSG_TRUNC on datagrams. */
#include "ktest_user.h"

CASE(offset)
{
	int s[2], off = 0;
	char b[8];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ(write(s[0], "abcdef", 6), 6);
	if (setsockopt(s[1], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)) && errno == ENOPROTOOPT)
		SKIP("no SO_PEEK_OFF");
	CHECK_EQ(recv(s[1], b, 2, MSG_PEEK), 2);
	CHECK_MEM(b, "ab", 2);
	CHECK_EQ(recv(s[1], b, 2, MSG_PEEK), 2);
	CHECK_MEM(b, "cd", 2);
	CHECK_EQ(recv(s[1], b, 2, 0), 2);
	CHECK_MEM(b, "ab", 2);
	CHECK_EQ(recv(s[1], b, 2, MSG_PEEK), 2);
	CHECK_MEM(b, "ef", 2);
}
