/* SPDX-License-Identifier: MPL-2.0 */
/* The multiplexer by its two names, and the serial port. */
#include "ktest_user.h"

CASE(ptmx_names)
{
	struct stat a, b;

	CHECK_OK(stat("/dev/ptmx", &a));
	CHECK_OK(stat("/dev/pts/ptmx", &b));
	CHECK_EQ(a.st_rdev, makedev(5, 2));
	CHECK_EQ(b.st_rdev, makedev(5, 2));
}
CASE(serial_port)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);
	char buf[64];

	if (fd < 0)
		SKIP("no serial port");
	CHECK(isatty(fd));
	CHECK_OK(ioctl(fd, TIOCMGET, buf));
	struct stat st;
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_rdev, makedev(4, 64));
}
