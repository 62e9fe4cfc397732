/* SPDX-License-Identifier: MPL-2.0 */
/* The controlling terminal over fork, execve and setsid; /dev/tty follows the session. */
#include "ktest_user.h"
#include "pty.h"

CASE(fork_keeps_setsid_drops)
{
	pid_t p, q;

	pty_open();
	CHILD(p) {
		pty_control();
		CHILD(q) {
			CHECK_OK(close(CHECK_OK(open("/dev/tty", O_RDWR))));
			CHECK_OK(setpgid(0, 0));
			CHECK_OK(close(CHECK_OK(open("/dev/tty", O_RDWR))));
		}
		WAIT_EXIT(q, 0);
		CHILD(q) {
			CHECK_OK(setsid());
			CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
			CHECK_ERR(tcgetpgrp(pty_slave), ENOTTY);
		}
		WAIT_EXIT(q, 0);
	}
	WAIT_EXIT(p, 0);
}
CASE(dev_tty_is_the_terminal)
{
	struct stat st;
	pid_t p;

	pty_open();
	CHILD(p) {
		pty_control();
		int fd = CHECK_OK(open("/dev/tty", O_RDWR));
		CHECK(isatty(fd));
		struct winsize w = { 11, 22, 0, 0 }, r;
		CHECK_OK(ioctl(fd, TIOCSWINSZ, &w));
		CHECK_OK(ioctl(pty_slave, TIOCGWINSZ, &r));
		CHECK_EQ(r.ws_row, 11);
		CHECK_OK(fstat(fd, &st));
		CHECK_EQ(st.st_rdev, makedev(5, 0));
		char name[64] = "", path[64];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		CHECK_GT(readlink(path, name, 63), 0);
		CHECK_STR(name, "/dev/tty");
	}
	WAIT_EXIT(p, 0);
}
