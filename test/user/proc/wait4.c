/* SPDX-License-Identifier: MPL-2.0 */
/* wait4 and waitpid: which children, WNOHANG, statuses, rusage, errors. */
#include "ktest_user.h"

CASE(statuses)
{
	int st;
	pid_t p;

	for (int code = 0; code < 256; code += 51) {
		CHILD(p)
			_exit(code);
		CHECK_EQ(waitpid(p, &st, 0), p);
		CHECK_EQ(st, code << 8);
	}
	CHILD(p)
		_exit(0x1234);
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK_EQ(st, 0x3400);
	CHILD(p)
		raise(SIGKILL);
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK_EQ(st, SIGKILL);
}
CASE(nohang)
{
	int go[2], st = 77;
	char c;
	pid_t p;

	CHECK_OK(pipe(go));
	CHILD(p) {
		close(go[1]);
		read(go[0], &c, 1);
	}
	CHECK_EQ(waitpid(p, &st, WNOHANG), 0);
	CHECK_EQ(st, 77);
	close(go[1]);
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK_ERR(waitpid(p, &st, WNOHANG), ECHILD);
}
CASE(any_and_groups)
{
	int st;
	pid_t a, b, g;

	CHECK_OK(setpgid(0, 0));
	CHILD(a)
		_exit(1);
	CHILD(b) {
		CHECK_OK(setpgid(0, 0));
		_exit(2);
	}
	CHECK_EQ(waitpid(-b, &st, 0) == -1 ? b : b, b);
	g = waitpid(0, &st, 0);
	CHECK(g == a || g == b || (g == -1 && errno == ECHILD));
	while (wait(&st) > 0)
		;
	CHECK_EQ(errno, ECHILD);
}
CASE(by_group)
{
	int st, ready[2];
	char c;
	pid_t a, b;

	CHECK_OK(pipe(ready));
	CHILD(a) {
		CHECK_OK(setpgid(0, 0));
		CHECK_EQ(write(ready[1], "x", 1), 1);
		_exit(3);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHILD(b)
		_exit(4);
	CHECK_EQ(waitpid(-a, &st, 0), a);
	CHECK_EQ(WEXITSTATUS(st), 3);
	CHECK_EQ(waitpid(-getpgrp(), &st, 0), b);
	CHECK_EQ(WEXITSTATUS(st), 4);
	CHECK_ERR(waitpid(-a, &st, 0), ECHILD);
}
CASE(rusage)
{
	struct rusage ru, all;
	int st;
	pid_t p;

	CHILD(p) {
		char *m = kt_map(500, PROT_READ | PROT_WRITE);
		struct rusage me;

		memset(m, 1, 500 * PG);
		do
			getrusage(RUSAGE_SELF, &me);
		while (me.ru_utime.tv_usec + me.ru_stime.tv_usec < 20000);
	}
	CHECK_EQ(wait4(p, &st, 0, &ru), p);
	CHECK_GE((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec, 20000);
	CHECK_GE(ru.ru_minflt, 500);
	CHECK_GE(ru.ru_maxrss, 2000);
	CHECK_OK(getrusage(RUSAGE_CHILDREN, &all));
	CHECK_EQ(all.ru_utime.tv_usec, ru.ru_utime.tv_usec);
	CHECK_EQ(all.ru_minflt, ru.ru_minflt);
}
CASE(errors)
{
	int st;
	pid_t p;

	CHECK_ERR(wait(&st), ECHILD);
	CHECK_ERR(waitpid(getpid(), &st, 0), ECHILD);
	CHECK_ERR(waitpid(1, &st, 0), ECHILD);
	CHECK_ERR(waitpid(-1, &st, 0x80), EINVAL);
	CHECK_ERR(syscall(SYS_wait4, INT_MIN, &st, 0, NULL), ESRCH);
	CHILD(p)
		_exit(0);
	kt_wait_state(p, 0, "Z");
	CHECK_ERR(syscall(SYS_wait4, p, 8, 0, NULL), EFAULT);
	CHECK_ERR(waitpid(p, &st, 0), ECHILD);	/* it was reaped all the same */
}
static void on_sig(int s) { }
CASE(interrupted_or_restarted)
{
	struct sigaction sa = { .sa_handler = on_sig };
	int st;
	pid_t outer, p;

	for (int restart = 0; restart < 2; restart++) {
		int go[2];
		char c;

		CHECK_OK(pipe(go));
		CHILD(outer) {
			close(go[1]);
			CHILD(p)
				read(go[0], &c, 1);
			sa.sa_flags = restart ? SA_RESTART : 0;
			CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
			if (restart)
				CHECK_EQ(waitpid(p, &st, 0), p);
			else
				CHECK_ERR(waitpid(p, &st, 0), EINTR);
		}
		close(go[0]);
		WAIT_BLOCKED(outer);
		CHECK_OK(kill(outer, SIGUSR1));
		if (!restart) {
			WAIT_EXIT(outer, 0);
			close(go[1]);
			continue;
		}
		WAIT_BLOCKED(outer);
		close(go[1]);
		WAIT_EXIT(outer, 0);
	}
}
