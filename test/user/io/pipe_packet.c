/* SPDX-License-Identifier: MPL-2.0 */
/* pipe2 with O_DIRECT: packet mode, each write is one read. */
#include "ktest_user.h"

CASE(packets)
{
	char buf[16];
	int p[2];

	CHECK_OK(pipe2(p, O_DIRECT));
	CHECK_EQ(write(p[1], "abc", 3), 3);
	CHECK_EQ(write(p[1], "defgh", 5), 5);
	CHECK_EQ(read(p[0], buf, 16), 3);
	CHECK_EQ(read(p[0], buf, 2), 2);	/* the rest of the packet is dropped */
	CHECK_EQ(write(p[1], "z", 1), 1);
	CHECK_EQ(read(p[0], buf, 16), 1);
	CHECK_EQ(buf[0], 'z');
}
