/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signals from the keyboard: VINTR, VQUIT, VSUSP to the foreground group, NOFLSH, ISIG off.
 */
#include "ktest_user.h"
#include "pty.h"

static volatile sig_atomic_t got;
static void on_sig(int s) { got = s; }
/* A child that owns the terminal and waits for input. */
static pid_t start(int *ready)
{
	int fds[2];
	char c;
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		char buf[64];
		pty_control();
		close(pty_master);
		kt_handle(SIGINT, on_sig);
		kt_handle(SIGQUIT, on_sig);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		for (;;) {
			ssize_t n = read(pty_slave, buf, sizeof(buf));
			if (n < 0 && errno == EINTR)
				_exit(got);
			if (n > 0 && buf[0] == 'q')
				_exit(100 + n);
		}
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	(void)ready;
	return p;
}
CASE(interrupt)
{
	pid_t p;

	pty_open();
	p = start(NULL);
	WAIT_BLOCKED(p);
	pty_type("\003");
	WAIT_EXIT(p, SIGINT);
	MASTER_SEES("^C");
}
CASE(quit)
{
	pid_t p;

	pty_open();
	p = start(NULL);
	WAIT_BLOCKED(p);
	pty_type("\034");
	WAIT_EXIT(p, SIGQUIT);
	MASTER_SEES("^\\");
}
CASE(isig_off)
{
	pid_t p;

	pty_open();
	pty_flags('l', ISIG, 0);
	p = start(NULL);
	pty_type("q\003\n");
	WAIT_EXIT(p, 103);
}
CASE(input_is_flushed)
{
	pid_t p;

	pty_open();
	pty_flags('l', ECHO, 0);
	p = start(NULL);
	WAIT_BLOCKED(p);
	pty_type("q and more\003");
	WAIT_EXIT(p, SIGINT);
}
CASE(only_the_foreground_group)
{
	int fds[2], st;
	char c;
	pid_t p, bg = 0;
	pid_t *share = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	pty_open();
	CHECK_OK(pipe(fds));
	CHILD(p) {
		pty_control();
		CHILD(bg) {
			CHECK_OK(setpgid(0, 0));
			CHECK_EQ(write(fds[1], "x", 1), 1);
			for (;;)
				pause();
		}
		share[0] = bg;
		kt_handle(SIGINT, on_sig);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		kt_wait_caught(SIGINT, &got, 1);
		CHECK_EQ(waitpid(bg, &st, WNOHANG), 0);	/* the background one lives */
		CHECK_OK(kill(bg, SIGKILL));
		WAIT_SIGNAL(bg, SIGKILL);
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	pty_type("\003");
	WAIT_EXIT(p, 0);
}
CASE(suspend_and_resume)
{
	int st, fds[2];
	char c;
	pid_t p, job = 0;

	pty_open();
	CHECK_OK(pipe(fds));
	CHILD(p) {
		pty_control();
		signal(SIGTTOU, SIG_IGN);
		CHILD(job) {
			CHECK_OK(setpgid(0, 0));
			CHECK_OK(tcsetpgrp(pty_slave, getpid()));
			signal(SIGTTOU, SIG_DFL);
			CHECK_EQ(write(fds[1], "x", 1), 1);
			char buf[16];
			CHECK_EQ(read(pty_slave, buf, sizeof(buf)), 3);
		}
		CHECK_EQ(waitpid(job, &st, WUNTRACED), job);
		CHECK(WIFSTOPPED(st));
		CHECK_EQ(WSTOPSIG(st), SIGTSTP);
		CHECK_OK(tcsetpgrp(pty_slave, getpgrp()));
		CHECK_EQ(write(fds[1], "s", 1), 1);
		CHECK_OK(tcsetpgrp(pty_slave, job));
		CHECK_OK(kill(-job, SIGCONT));
		WAIT_EXIT(job, 0);
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	pty_type("\032");
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(c, 's');
	pty_type("go\n");
	WAIT_EXIT(p, 0);
}
