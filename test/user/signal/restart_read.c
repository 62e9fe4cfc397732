/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SA_RESTART on reads and writes of pipes and sockets: restarted with, EINTR without, short
 * counts.
 */
#include "ktest_user.h"

static volatile sig_atomic_t n;
static void on_sig(int s) { n++; }
static void arm(bool restart)
{
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = restart ? SA_RESTART : 0 };

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
}
/* Signals p twice in its sleep, then lets go by running the block that follows. */
static void poke(pid_t p, bool restart)
{
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	if (restart)
		WAIT_BLOCKED(p);
}
CASE(pipe_read)
{
	for (int restart = 0; restart < 2; restart++) {
		int f[2];
		pid_t p;
		char c;

		CHECK_OK(pipe(f));
		CHILD(p) {
			arm(restart);
			if (restart)
				CHECK_EQ(read(f[0], &c, 1), 1);
			else
				CHECK_ERR(read(f[0], &c, 1), EINTR);
			if (!restart)
				CHECK_EQ(n, 1);
		}
		poke(p, restart);
		if (restart)
			CHECK_EQ(write(f[1], "x", 1), 1);
		WAIT_EXIT(p, 0);
	}
}
CASE(pipe_write)
{
	static char big[65536];

	for (int restart = 0; restart < 2; restart++) {
		int f[2];
		pid_t p;

		CHECK_OK(pipe(f));
		CHECK_EQ(write(f[1], big, sizeof(big)), 65536);
		CHILD(p) {
			arm(restart);
			if (restart)
				CHECK_EQ(write(f[1], "x", 1), 1);
			else
				CHECK_ERR(write(f[1], "x", 1), EINTR);
		}
		poke(p, restart);
		if (restart)
			CHECK_EQ(read(f[0], big, 65536), 65536);
		WAIT_EXIT(p, 0);
	}
}
CASE(partial_write_is_a_short_count)
{
	static char big[100000];
	int f[2];
	pid_t p;

	CHECK_OK(pipe(f));
	CHILD(p) {
		arm(true);
		CHECK_EQ(write(f[1], big, sizeof(big)), 65536);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(socket_receive)
{
	for (int restart = 0; restart < 2; restart++) {
		int s[2];
		char c;
		pid_t p;

		CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
		CHILD(p) {
			arm(restart);
			if (restart)
				CHECK_EQ(recv(s[0], &c, 1, 0), 1);
			else
				CHECK_ERR(recv(s[0], &c, 1, 0), EINTR);
		}
		poke(p, restart);
		if (restart)
			CHECK_EQ(send(s[1], "x", 1, 0), 1);
		WAIT_EXIT(p, 0);
	}
}
CASE(accept_and_timeouts)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	struct timeval tv = { 100, 0 };
	int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	pid_t p;

	CHECK_OK(bind(s, (void *)&a, sizeof(a)));
	CHECK_OK(listen(s, 1));
	CHILD(p) {
		arm(false);
		CHECK_ERR(accept(s, NULL, NULL), EINTR);
	}
	poke(p, false);
	WAIT_EXIT(p, 0);
	/* with a receive time-out set even SA_RESTART gives EINTR */
	CHECK_OK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CHILD(p) {
		arm(true);
		CHECK_ERR(accept(s, NULL, NULL), EINTR);
	}
	poke(p, false);
	WAIT_EXIT(p, 0);
}
CASE(ignored_and_stop_signals_do_not_interrupt)
{
	int f[2], st;
	pid_t p;
	char c;

	CHECK_OK(pipe(f));
	CHILD(p) {
		signal(SIGUSR2, SIG_IGN);
		CHECK_EQ(read(f[0], &c, 1), 1);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR2));
	CHECK_OK(kill(p, SIGSTOP));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK_OK(kill(p, SIGCONT));
	WAIT_BLOCKED(p);
	CHECK_EQ(write(f[1], "x", 1), 1);
	WAIT_EXIT(p, 0);
}
