/* SPDX-License-Identifier: MPL-2.0 */
/*
 * BusyBox's shell on a pseudo terminal: prompt, arithmetic, Ctrl-C, Ctrl-Z, fg, bg, jobs, exit.
 */
#include "ktest_user.h"
#include "pty.h"

static char seen[65536];
static size_t have;
/* Reads the terminal until this text appears behind what was consumed before. */
static void expect(const char *text)
{
	static size_t from;

	for (;;) {
		char *at = strstr(seen + from, text);
		struct pollfd p = { pty_master, POLLIN, 0 };
		ssize_t n;

		if (at) {
			from = at - seen + strlen(text);
			return;
		}
		if (poll(&p, 1, 20000) != 1)
			FAIL("no \"%s\" after \"%s\"", text, seen + from);
		n = read(pty_master, seen + have, sizeof(seen) - 1 - have);
		if (n <= 0)
			FAIL("terminal ended, no \"%s\" after \"%s\"", text, seen + from);
		have += n;
		seen[have] = 0;
	}
}
CASE(session)
{
	pid_t p;

	if (access("/bin/sh", X_OK))
		SKIP("no shell in this initramfs");
	pty_open();
	CHILD(p) {
		char *argv[] = { "sh", "-i", NULL }, *envp[] = { "PS1=READY> ", "PATH=/bin", "HOME=/", NULL };

		alarm(0);
		close(pty_master);
		pty_control();
		for (int i = 0; i < 3; i++)
			CHECK_OK(dup2(pty_slave, i));
		if (pty_slave > 2)
			close(pty_slave);
		execve("/bin/sh", argv, envp);
	}
	close(pty_slave);
	expect("READY> ");
	pty_type("echo $((6*7))x\n");
	expect("42x");
	expect("READY> ");
	/* what the job writes comes after the shell has given the terminal away */
	pty_type("(echo st''arted; sleep 1000)\n");
	expect("started");
	pty_type("\003");
	expect("READY> ");
	pty_type("(echo st''arted; sleep 2000)\n");
	expect("started");
	pty_type("\032");
	expect("Stopped");
	expect("READY> ");
	pty_type("jobs; echo done=$?\n");
	expect("Stopped");
	expect("done=0");
	expect("READY> ");
	pty_type("bg\n");
	expect("sleep 2000");
	expect("READY> ");
	pty_type("fg\n");
	expect("sleep 2000");
	/* nothing is written when a job that already runs comes to the foreground */
	AWAIT(tcgetpgrp(pty_master) != p);
	pty_type("\003");
	expect("READY> ");
	pty_type("echo one | cat | cat; (exit 7); echo code=$?\n");
	expect("one");
	expect("code=7");
	expect("READY> ");
	pty_type("trap 'echo trapped' INT; (echo st''arted; sleep 3000)\n");
	expect("started");
	pty_type("\003");
	expect("trapped");
	expect("READY> ");
	pty_type("exit 9\n");
	WAIT_EXIT(p, 9);
}
CASE(end_of_file_ends_it)
{
	pid_t p;

	if (access("/bin/sh", X_OK))
		SKIP("no shell in this initramfs");
	pty_open();
	CHILD(p) {
		char *argv[] = { "sh", "-i", NULL }, *envp[] = { "PS1=READY> ", NULL };

		close(pty_master);
		pty_control();
		for (int i = 0; i < 3; i++)
			CHECK_OK(dup2(pty_slave, i));
		execve("/bin/sh", argv, envp);
	}
	expect("READY> ");
	pty_type("\004");
	WAIT_EXIT(p, 0);
}
