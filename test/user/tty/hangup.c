/* SPDX-License-Identifier: MPL-2.0 */
/*
 * vhangup and TIOCVHANGUP: everybody's descriptors of the terminal die, SIGHUP and SIGCONT to
 * the session.
 */
#include "ktest_user.h"
#include "pty.h"

static volatile sig_atomic_t hups, conts;
static void on_hup(int s) { hups++; }
static void on_cont(int s) { conts++; }
CASE(vhangup_)
{
	pid_t p;

	pty_open();
	CHILD(p) {
		char c;
		pty_control();
		kt_handle(SIGHUP, on_hup);
		kt_handle(SIGCONT, on_cont);
		CHECK_OK(syscall(SYS_vhangup));
		CHECK_EQ(hups, 1);
		CHECK_EQ(conts, 1);
		CHECK_EQ(read(pty_slave, &c, 1), 0);
		CHECK_ERR(write(pty_slave, "x", 1), EIO);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	}
	WAIT_EXIT(p, 0);
}
CASE(privilege)
{
	kt_become(1000, 1000);
	CHECK_ERR(syscall(SYS_vhangup), EPERM);
}
