/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Handlers: longjmp out, exec from one, interrupted handlers, restart after two signals at
 * once.
 */
#include "ktest_user.h"

static volatile sig_atomic_t n, order[8];
static sigjmp_buf env;
static void jump(int s) { siglongjmp(env, s); }
CASE(longjmp_restores_the_mask)
{
	sigset_t m;

	kt_handle(SIGUSR1, jump);
	for (int i = 0; i < 100; i++)
		if (!sigsetjmp(env, 1)) {
			raise(SIGUSR1);
			FAIL("came back");
		}
	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &m));
	CHECK_EQ(sigismember(&m, SIGUSR1), 0);
}
CASE(longjmp_out_of_a_blocked_call)
{
	int p[2];
	char c;
	pid_t pid;

	CHECK_OK(pipe(p));
	CHILD(pid) {
		kt_handle(SIGUSR1, jump);
		if (!sigsetjmp(env, 1)) {
			read(p[0], &c, 1);
			_exit(1);
		}
	}
	WAIT_BLOCKED(pid);
	CHECK_OK(kill(pid, SIGUSR1));
	WAIT_EXIT(pid, 0);
}
static void exec_it(int s)
{
	execl("/test/aux/static", "static", "signals", NULL);
	_exit(99);
}
CASE(execve_from_a_handler)
{
	int fds[2];
	char buf[256];
	ssize_t k;
	pid_t p;

	CHECK_OK(pipe(fds));
	CHILD(p) {
		CHECK_OK(dup2(fds[1], 1));
		kt_handle(SIGUSR1, exec_it);
		raise(SIGUSR1);
	}
	WAIT_EXIT(p, 0);
	k = CHECK_OK(read(fds[0], buf, sizeof(buf) - 1));
	buf[k] = 0;
	CHECK(strstr(buf, "blocked 10\n"));	/* the mask of the handler went along */
	CHECK(!strstr(buf, "handled"));
}
static void a(int s)
{
	if (n < (int)ARRAY_SIZE(order))
		order[n] = s;
	n++;
}
CASE(several_pending_at_once)
{
	struct sigaction sa = { .sa_handler = a };
	sigset_t m;

	/* without masks the handlers nest: the highest number is delivered last and runs first */
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(sigaction(SIGUSR2, &sa, NULL));
	CHECK_OK(sigaction(SIGHUP, &sa, NULL));
	sigfillset(&m);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	raise(SIGUSR2);
	raise(SIGHUP);
	raise(SIGUSR1);
	sigemptyset(&m);
	CHECK_OK(sigprocmask(SIG_SETMASK, &m, NULL));
	CHECK_EQ(n, 3);
	CHECK_EQ(order[0], SIGUSR2);
	CHECK_EQ(order[1], SIGUSR1);
	CHECK_EQ(order[2], SIGHUP);
}
CASE(interrupts_a_loop)
{
	struct itimerval it = { { 0, 2000 }, { 0, 2000 } };

	kt_handle(SIGALRM, a);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	while (n < 6)
		;
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
}
static void bad_handler(int s) { *(volatile int *)8 = 1; }
CASE(fault_in_a_handler)
{
	pid_t p;

	CHILD(p) {
		kt_handle(SIGUSR1, bad_handler);
		raise(SIGUSR1);
	}
	WAIT_SIGNAL(p, SIGSEGV);
	CHILD(p) {
		kt_handle(SIGSEGV, bad_handler);	/* faults while SIGSEGV is blocked */
		raise(SIGSEGV);
	}
	WAIT_SIGNAL(p, SIGSEGV);
	CHILD(p) {
		signal(SIGUSR1, (void (*)(int))0xffffffff81000000);
		raise(SIGUSR1);
	}
	WAIT_SIGNAL(p, SIGSEGV);
}
CASE(many_signals)
{
	kt_handle(SIGUSR1, a);
	for (int i = 0; i < 3000; i++) {
		n = 0;
		raise(SIGUSR1);
		CHECK_EQ(n, 1);
	}
}
