/* SPDX-License-Identifier: MPL-2.0 */
/* sigtimedwait and sigwaitinfo: order, siginfo, time-outs, unblocked ones, errors. */
#include "ktest_user.h"

static void block(int a, int b)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, a);
	sigaddset(&m, b);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
}
CASE(takes_pending)
{
	union sigval v = { .sival_int = 9 };
	sigset_t m;
	siginfo_t si;

	block(SIGUSR1, SIGRTMIN);
	sigemptyset(&m);
	sigaddset(&m, SIGRTMIN);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_OK(sigqueue(getpid(), SIGRTMIN, v));
	v.sival_int = 10;
	CHECK_OK(sigqueue(getpid(), SIGRTMIN, v));
	CHECK_EQ(sigwaitinfo(&m, &si), SIGRTMIN);
	CHECK_EQ(si.si_int, 9);
	CHECK_EQ(si.si_code, SI_QUEUE);
	CHECK_EQ(sigwaitinfo(&m, &si), SIGRTMIN);
	CHECK_EQ(si.si_int, 10);
	sigaddset(&m, SIGUSR1);
	CHECK_EQ(sigwaitinfo(&m, &si), SIGUSR1);
	CHECK_EQ(si.si_code, SI_USER);
}
CASE(timeout)
{
	struct timespec ts = { 0, 10000000 }, zero = { 0, 0 }, bad = { 0, -1 };
	sigset_t m;
	long long t = kt_now();

	block(SIGUSR1, SIGUSR2);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_ERR(sigtimedwait(&m, NULL, &ts), EAGAIN);
	CHECK_GE(kt_now() - t, 10000000);
	CHECK_ERR(sigtimedwait(&m, NULL, &zero), EAGAIN);
	CHECK_ERR(sigtimedwait(&m, NULL, &bad), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigtimedwait, &m, NULL, &ts, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigtimedwait, 8, NULL, &ts, 8), EFAULT);
}
static volatile sig_atomic_t handled;
static void on_sig(int s) { handled++; }
CASE(other_signal_interrupts)
{
	sigset_t m;
	pid_t p;

	CHILD(p) {
		kt_handle(SIGUSR2, on_sig);
		sigemptyset(&m);
		sigaddset(&m, SIGUSR1);
		CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
		CHECK_ERR(syscall(SYS_rt_sigtimedwait, &m, NULL, NULL, 8), EINTR);	/* musl retries */
		CHECK_EQ(handled, 1);
		CHECK_EQ(sigwaitinfo(&m, NULL), SIGUSR1);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR2));
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(waits_for_unblocked_too)
{
	sigset_t m;
	pid_t p;

	CHILD(p) {
		kt_handle(SIGUSR1, on_sig);
		sigemptyset(&m);
		sigaddset(&m, SIGUSR1);
		CHECK_EQ(sigwaitinfo(&m, NULL), SIGUSR1);	/* taken, the handler does not run */
		CHECK_EQ(handled, 0);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(suspend)
{
	sigset_t m, old;

	kt_handle(SIGUSR1, on_sig);
	block(SIGUSR1, SIGUSR2);
	CHECK_OK(kill(getpid(), SIGUSR1));
	sigemptyset(&m);
	CHECK_ERR(sigsuspend(&m), EINTR);
	CHECK_EQ(handled, 1);
	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &old));
	CHECK_EQ(sigismember(&old, SIGUSR1), 1);
	CHECK_ERR(syscall(SYS_rt_sigsuspend, &m, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigsuspend, 8, 8), EFAULT);
}
