/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Window size: set and get on both sides, SIGWINCH to the foreground group only when it
 * changes.
 */
#include "ktest_user.h"
#include "pty.h"

static volatile sig_atomic_t n;
static void on_winch(int s) { n++; }
CASE(values)
{
	struct winsize w = { 24, 80, 1, 2 }, r;

	pty_open();
	CHECK_OK(ioctl(pty_slave, TIOCGWINSZ, &r));
	CHECK_EQ(r.ws_row + r.ws_col, 0);
	CHECK_OK(ioctl(pty_master, TIOCSWINSZ, &w));
	CHECK_OK(ioctl(pty_slave, TIOCGWINSZ, &r));
	CHECK_MEM(&w, &r, sizeof(w));
	w.ws_col = 132;
	CHECK_OK(ioctl(pty_slave, TIOCSWINSZ, &w));
	CHECK_OK(ioctl(pty_master, TIOCGWINSZ, &r));
	CHECK_EQ(r.ws_col, 132);
	CHECK_ERR(syscall(SYS_ioctl, pty_slave, TIOCGWINSZ, 8), EFAULT);
	CHECK_ERR(syscall(SYS_ioctl, pty_slave, TIOCSWINSZ, 8), EFAULT);
}
CASE(signal_)
{
	struct winsize w = { 24, 80, 0, 0 };
	int up[2], go[2];
	char c;
	pid_t p;

	pty_open();
	CHECK_OK(pipe(up));
	CHECK_OK(pipe(go));
	CHILD(p) {
		sigset_t m, old;
		pty_control();
		kt_handle(SIGWINCH, on_winch);
		sigemptyset(&m);
		sigaddset(&m, SIGWINCH);
		CHECK_OK(sigprocmask(SIG_BLOCK, &m, &old));
		CHECK_EQ(write(up[1], "x", 1), 1);
		sigsuspend(&old);
		CHECK_EQ(n, 1);
		CHECK_EQ(write(up[1], "x", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
		CHECK_OK(sigpending(&m));
		CHECK_EQ(sigismember(&m, SIGWINCH), 0);
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	CHECK_OK(ioctl(pty_master, TIOCSWINSZ, &w));
	CHECK_EQ(read(up[0], &c, 1), 1);
	CHECK_OK(ioctl(pty_master, TIOCSWINSZ, &w));	/* the same size: no signal */
	CHECK_EQ(write(go[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
}
