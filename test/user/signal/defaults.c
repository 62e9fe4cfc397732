/* SPDX-License-Identifier: MPL-2.0 */
/* The default action of each signal: death, core bit, ignored, stop; and the exit status. */
#include "ktest_user.h"
#include <ucontext.h>
CASE(terminating)
{
	for (int s = 1; s <= 64; s++) {
		pid_t p;
		int st;

		if (s == SIGCHLD || s == SIGURG || s == SIGWINCH || s == SIGCONT || s == SIGSTOP ||
		    s == SIGTSTP || s == SIGTTIN || s == SIGTTOU)
			continue;
		CHILD(p) {
			syscall(SYS_tkill, gettid(), s);
			_exit(0);
		}
		CHECK_EQ(waitpid(p, &st, 0), p);
		if (!WIFSIGNALED(st) || WTERMSIG(st) != s)
			FAIL("signal %d gives status %#x", s, st);
	}
}
CASE(ignored)
{
	static const int sigs[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	pid_t p;

	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		CHILD(p)
			raise(sigs[i]);
		WAIT_EXIT(p, 0);
	}
}
CASE(stopping)
{
	static const int sigs[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	int st;
	pid_t p;

	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		CHILD(p) {
			CHECK_OK(setpgid(0, 0));
			raise(sigs[i]);
		}
		CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
		CHECK(WIFSTOPPED(st));
		CHECK_EQ(WSTOPSIG(st), sigs[i]);
		CHECK_OK(kill(p, SIGCONT));
		WAIT_EXIT(p, 0);
	}
}
CASE(orphaned_group_is_not_stopped_by_the_terminal_signals)
{
	pid_t p;

	CHILD(p) {
		CHECK_OK(setsid());
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
	}
	WAIT_EXIT(p, 0);
}
CASE(stop_and_cont_cancel_each_other)
{
	sigset_t m, pend;

	sigemptyset(&m);
	sigaddset(&m, SIGTSTP);
	sigaddset(&m, SIGCONT);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(raise(SIGTSTP));
	CHECK_OK(raise(SIGCONT));
	CHECK_OK(sigpending(&pend));
	CHECK_EQ(sigismember(&pend, SIGTSTP), 0);
	CHECK_OK(raise(SIGTSTP));
	CHECK_OK(sigpending(&pend));
	CHECK_EQ(sigismember(&pend, SIGTSTP), 1);
	CHECK_EQ(sigismember(&pend, SIGCONT), 0);
}
static volatile sig_atomic_t conts;
static void on_cont(int s) { conts++; }
CASE(cont_handler_runs_and_continues_even_when_ignored)
{
	int st;
	pid_t p;

	CHILD(p) {
		kt_handle(SIGCONT, on_cont);
		raise(SIGSTOP);
		CHECK_EQ(conts, 1);
		signal(SIGCONT, SIG_IGN);
		raise(SIGSTOP);
	}
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK(WIFSTOPPED(st));
	CHECK_OK(kill(p, SIGCONT));
	CHECK_EQ(waitpid(p, &st, WUNTRACED), p);
	CHECK(WIFSTOPPED(st));
	CHECK_OK(kill(p, SIGCONT));
	WAIT_EXIT(p, 0);
}
