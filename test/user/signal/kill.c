/* SPDX-License-Identifier: MPL-2.0 */
/* kill, tkill, tgkill: targets, permissions, signal 0, SIGCONT within a session, init. */
#include "ktest_user.h"

CASE(errors)
{
	CHECK_OK(kill(getpid(), 0));
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_ERR(kill(4000000, 0), ESRCH);
	CHECK_ERR(kill(-4000000, 0), ESRCH);
	CHECK_ERR(kill(INT_MIN, 0), ESRCH);
	CHECK_ERR(syscall(SYS_tkill, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tkill, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tkill, 4000000, 0), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tgkill, 0, gettid(), 0), EINVAL);
	CHECK_ERR(syscall(SYS_tgkill, 1, gettid(), 0), ESRCH);
	CHECK_OK(syscall(SYS_tgkill, getpid(), gettid(), 0));
}
CASE(permissions)
{
	int ready[2];
	char c;
	pid_t a, b;

	CHECK_OK(pipe(ready));
	CHILD(a) {
		CHECK_OK(setresuid(1000, 1001, 1002));
		CHECK_EQ(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	/* the sender's real or effective id must match the target's real or saved id */
	static const struct { int r, e, s, ok; } t[] = {
		{ 1000, 5, 5, 1 }, { 5, 1000, 5, 1 }, { 1002, 5, 5, 1 }, { 5, 1002, 5, 1 },
		{ 1001, 1001, 1001, 0 }, { 5, 5, 1000, 0 }, { 5, 5, 5, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		CHILD(b) {
			CHECK_OK(setresuid(t[i].r, t[i].e, t[i].s));
			if (t[i].ok)
				CHECK_OK(kill(a, 0));
			else
				CHECK_ERR(kill(a, 0), EPERM);
			if (!t[i].ok) {
				CHECK_OK(kill(a, SIGCONT));	/* same session: always allowed */
				CHECK_ERR(kill(a, SIGTERM), EPERM);
			}
		}
		WAIT_EXIT(b, 0);
	}
	CHILD(b) {
		CHECK_OK(setsid());
		CHECK_OK(setresuid(5, 5, 5));
		CHECK_ERR(kill(a, SIGCONT), EPERM);
	}
	WAIT_EXIT(b, 0);
	CHECK_OK(kill(a, SIGKILL));
	WAIT_SIGNAL(a, SIGKILL);
}
CASE(group_with_mixed_permission)
{
	int ready[2];
	char c;
	pid_t a, b;

	CHECK_OK(pipe(ready));
	CHILD(a) {
		CHECK_OK(setpgid(0, 0));
		CHILD(b) {
			kt_become(1000, 1000);
			CHECK_EQ(write(ready[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		pid_t k;
		CHILD(k) {
			kt_become(1000, 1000);
			signal(SIGTERM, SIG_IGN);
			CHECK_OK(kill(0, SIGTERM));	/* one of them may be signalled: success */
		}
		signal(SIGTERM, SIG_IGN);
		WAIT_EXIT(k, 0);
		WAIT_SIGNAL(b, SIGTERM);
	}
	WAIT_EXIT(a, 0);
}
CASE(init_ignores_what_it_does_not_handle)
{
	CHECK_OK(kill(1, SIGKILL));
	CHECK_OK(kill(1, SIGSTOP));
	CHECK_OK(kill(1, SIGUSR1));
	CHECK_OK(kill(1, 0));
}
CASE(to_all)
{
	pid_t p, q;
	int ready[2];
	char c;

	CHECK_OK(pipe(ready));
	CHILD(p) {
		kt_become(6543, 6543);
		CHILD(q) {
			CHECK_EQ(write(ready[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		CHECK_OK(kill(-1, SIGTERM));	/* all it may signal, but not itself */
		WAIT_SIGNAL(q, SIGTERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(kill_wins_over_everything)
{
	sigset_t m;
	pid_t p;

	CHILD(p) {
		sigfillset(&m);
		sigprocmask(SIG_SETMASK, &m, NULL);
		for (int s = 1; s < 65; s++)
			signal(s, SIG_IGN);
		for (;;)
			;
	}
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
