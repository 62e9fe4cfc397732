/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Controlling terminals: TIOCSCTTY, TIOCNOTTY, tcsetpgrp rules, SIGTTIN, SIGTTOU, hang-up of
 * the session.
 */
#include "ktest_user.h"
#include "pty.h"

CASE(acquire)
{
	int sid;
	pid_t p;

	pty_open();
	CHILD(p) {
		CHECK_ERR(ioctl(pty_slave, TIOCSCTTY, 0), EPERM);	/* not a session leader */
		CHECK_OK(setsid());
		CHECK_ERR(tcgetpgrp(pty_slave), ENOTTY);
		CHECK_OK(ioctl(pty_slave, TIOCSCTTY, 0));
		CHECK_EQ(tcgetpgrp(pty_slave), getpid());
		CHECK_OK(ioctl(pty_slave, TIOCGSID, &sid));
		CHECK_EQ(sid, getpid());
		CHECK_OK(close(CHECK_OK(open("/dev/tty", O_RDWR))));
		CHECK_OK(ioctl(pty_slave, TIOCSCTTY, 0));	/* again: no change */
	}
	WAIT_EXIT(p, 0);
}
CASE(by_open)
{
	pid_t p;

	pty_open();
	CHILD(p) {
		CHECK_OK(setsid());
		int no = CHECK_OK(open(pty_name, O_RDWR | O_NOCTTY));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(tcgetpgrp(no), ENOTTY);
		CHECK_EQ(fcntl(no, F_GETFL) & O_NOCTTY, 0);
		CHECK_OK(open(pty_name, O_RDWR));	/* without O_NOCTTY */
		CHECK_EQ(tcgetpgrp(pty_slave), getpid());
		int fd = CHECK_OK(open("/dev/tty", O_RDWR));
		CHECK_EQ(write(fd, "via tty", 7), 7);
	}
	WAIT_EXIT(p, 0);
	MASTER_SEES("via tty");
}
CASE(taken)
{
	int fds[2];
	char c;
	pid_t p, q;

	pty_open();
	CHECK_OK(pipe(fds));
	CHILD(p) {
		pty_control();
		CHECK_EQ(write(fds[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHILD(q) {
		CHECK_OK(setsid());
		CHECK_ERR(ioctl(pty_slave, TIOCSCTTY, 0), EPERM);
		CHECK_ERR(ioctl(pty_slave, TIOCSCTTY, 2), EPERM);
		CHECK_OK(ioctl(pty_slave, TIOCSCTTY, 1));	/* root may steal it */
		CHECK_EQ(tcgetpgrp(pty_slave), getpid());
	}
	WAIT_EXIT(q, 0);
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(notty)
{
	pid_t p;

	pty_open();
	CHILD(p) {
		signal(SIGHUP, SIG_IGN);
		pty_control();
		CHECK_OK(ioctl(pty_slave, TIOCNOTTY));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(ioctl(pty_slave, TIOCNOTTY), ENOTTY);
	}
	WAIT_EXIT(p, 0);
}
CASE(set_foreground_group)
{
	pid_t p, q;

	pty_open();
	CHILD(p) {
		pty_control();
		int pg = 4000000;
		CHECK_ERR(ioctl(pty_slave, TIOCSPGRP, &pg), ESRCH);
		pg = -1;
		CHECK_ERR(ioctl(pty_slave, TIOCSPGRP, &pg), EINVAL);
		pg = 1;
		CHECK_ERR(ioctl(pty_slave, TIOCSPGRP, &pg), EPERM);	/* another session */
		CHILD(q) {
			CHECK_OK(setpgid(0, 0));
			signal(SIGTTOU, SIG_IGN);
			CHECK_OK(tcsetpgrp(pty_slave, getpid()));
			CHECK_EQ(tcgetpgrp(pty_slave), getpid());
		}
		WAIT_EXIT(q, 0);
		CHECK_EQ(tcgetpgrp(pty_slave), q);	/* stays, though the group is gone */
	}
	WAIT_EXIT(p, 0);
}
CASE(background_read)
{
	int st;
	pid_t p, q;

	pty_open();
	CHILD(p) {
		char c;
		pty_control();
		CHILD(q) {
			CHECK_OK(setpgid(0, 0));
			CHECK_EQ(read(pty_slave, &c, 1), 1);
		}
		CHECK_EQ(waitpid(q, &st, WUNTRACED), q);
		CHECK_EQ(WSTOPSIG(st), SIGTTIN);
		CHECK_OK(kill(q, SIGKILL));
		WAIT_SIGNAL(q, SIGKILL);
		CHILD(q) {	/* ignored or blocked: EIO */
			CHECK_OK(setpgid(0, 0));
			signal(SIGTTIN, SIG_IGN);
			CHECK_ERR(read(pty_slave, &c, 1), EIO);
		}
		WAIT_EXIT(q, 0);
	}
	WAIT_EXIT(p, 0);
}
CASE(background_write)
{
	struct termios t;
	int st;
	pid_t p, q;

	pty_open();
	CHILD(p) {
		pty_control();
		CHILD(q) {
			CHECK_OK(setpgid(0, 0));
			CHECK_EQ(write(pty_slave, "ok", 2), 2);	/* without TOSTOP it may write */
		}
		WAIT_EXIT(q, 0);
		pty_flags('l', 0, TOSTOP);
		CHILD(q) {
			CHECK_OK(setpgid(0, 0));
			write(pty_slave, "no", 2);
		}
		CHECK_EQ(waitpid(q, &st, WUNTRACED), q);
		CHECK_EQ(WSTOPSIG(st), SIGTTOU);
		CHECK_OK(kill(q, SIGKILL));
		WAIT_SIGNAL(q, SIGKILL);
		CHILD(q) {	/* ignoring SIGTTOU lets it write */
			CHECK_OK(setpgid(0, 0));
			signal(SIGTTOU, SIG_IGN);
			CHECK_EQ(write(pty_slave, "ig", 2), 2);
		}
		WAIT_EXIT(q, 0);
		CHILD(q) {	/* changing attributes from the background stops too */
			CHECK_OK(setpgid(0, 0));
			tcgetattr(pty_slave, &t);
			tcsetattr(pty_slave, TCSANOW, &t);
		}
		CHECK_EQ(waitpid(q, &st, WUNTRACED), q);
		CHECK_EQ(WSTOPSIG(st), SIGTTOU);
		CHECK_OK(kill(q, SIGKILL));
		WAIT_SIGNAL(q, SIGKILL);
	}
	WAIT_EXIT(p, 0);
	MASTER_SEES("okig");
}
CASE(orphaned_background_read_is_eio)
{
	int up[2], done[2], st;
	char c;
	pid_t leader, mid, q;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pty_open();
	CHECK_OK(pipe(up));
	CHECK_OK(pipe(done));
	CHILD(leader) {
		pty_control();
		CHILD(mid) {
			CHILD(q) {
				pid_t parent = getppid();
				CHECK_OK(setpgid(0, 0));
				CHECK_EQ(write(up[1], "x", 1), 1);
				while (getppid() == parent)
					sched_yield();
				/* its new parent is in another session: the group is orphaned */
				CHECK_ERR(read(pty_slave, &c, 1), EIO);
			}
			CHECK_EQ(read(up[0], &c, 1), 1);
		}
		WAIT_EXIT(mid, 0);
		CHECK_EQ(read(done[0], &c, 1), 1);
	}
	/* the orphan comes to us; the leader still waits for our word */
	q = CHECK_OK(wait(&st));
	CHECK_NE(q, leader);
	CHECK_EQ(st, 0);
	CHECK_EQ(write(done[1], "x", 1), 1);
	WAIT_EXIT(leader, 0);
}
CASE(leader_exit_signals_the_foreground)
{
	int up[2], st;
	char c;
	pid_t p, q;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pty_open();
	CHECK_OK(pipe(up));
	CHILD(p) {
		pty_control();
		CHILD(q) {	/* in the foreground group */
			CHECK_EQ(write(up[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(up[0], &c, 1), 1);
	}
	WAIT_EXIT(p, 0);
	CHECK_GT(wait(&st), 0);
	CHECK_EQ(WTERMSIG(st), SIGHUP);
	/* a pseudo terminal itself is not hung up by that, and is free for another session */
	CHECK_EQ(write(pty_slave, "x", 1), 1);
	MASTER_SEES("x");
	CHILD(p) {
		pty_control();
		signal(SIGHUP, SIG_IGN);
	}
	WAIT_EXIT(p, 0);
}
CASE(closing_the_master_hangs_up)
{
	int up[2];
	char c;
	pid_t p;

	pty_open();
	CHECK_OK(pipe(up));
	CHILD(p) {
		close(pty_master);
		pty_control();
		CHECK_EQ(write(up[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	CHECK_OK(close(pty_master));
	WAIT_SIGNAL(p, SIGHUP);
}
CASE(stat_shows_the_terminal)
{
	char buf[512], *s;
	int ppid, pgrp, sid, tty, fg, n;
	pid_t p;

	pty_open();
	CHECK_EQ(sscanf(pty_name, "/dev/pts/%d", &n), 1);
	CHILD(p) {
		pty_control();
		kt_get("/proc/self/stat", buf, sizeof(buf));
		s = strrchr(buf, ')');
		CHECK_EQ(sscanf(s + 4, "%d %d %d %d %d", &ppid, &pgrp, &sid, &tty, &fg), 5);
		CHECK_EQ(sid, getpid());
		CHECK_EQ(pgrp, getpid());
		CHECK_EQ(fg, getpid());
		CHECK_EQ(tty, 136 << 8 | n);
	}
	WAIT_EXIT(p, 0);
}
