/* SPDX-License-Identifier: MPL-2.0 */
/* The siginfo of each source: kill, tkill, sigqueue, timers, children, faults, pipes. */
#include "ktest_user.h"

static siginfo_t info;
static volatile sig_atomic_t n;
static void on_sig(int s, siginfo_t *si, void *c)
{
	info = *si;
	n++;
}
CASE(kill_)
{
	kt_handle_info(SIGUSR1, on_sig, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_errno, 0);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(info.si_uid, 0);
}
CASE(tkill_)
{
	kt_handle_info(SIGUSR1, on_sig, 0);
	CHECK_OK(syscall(SYS_tkill, gettid(), SIGUSR1));
	CHECK_EQ(info.si_code, SI_TKILL);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_OK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
	CHECK_EQ(info.si_code, SI_TKILL);
}
CASE(queue)
{
	union sigval v = { .sival_ptr = (void *)0x123456789abcdef };

	kt_handle_info(SIGUSR1, on_sig, 0);
	CHECK_OK(sigqueue(getpid(), SIGUSR1, v));
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_ptr, 0x123456789abcdef);
	CHECK_EQ(info.si_pid, getpid());
}
CASE(uid_of_the_sender)
{
	pid_t p, me = getpid();

	kt_handle_info(SIGUSR1, on_sig, 0);
	CHILD(p) {
		CHECK_OK(setresuid(1234, 1234, 0));
		CHECK_OK(kill(me, SIGUSR1) == 0 || errno == EPERM ? 0 : -1);
		CHECK_OK(setresuid(-1, 0, -1));
		CHECK_OK(kill(me, SIGUSR1));
	}
	WAIT_EXIT(p, 0);
	CHECK_GE(n, 1);
	CHECK_EQ(info.si_uid, 1234);	/* the real uid */
	CHECK_EQ(info.si_pid, p);
}
CASE(alarm_)
{
	struct itimerval it = { { 0, 0 }, { 0, 1000 } };
	sigset_t none, m;

	sigemptyset(&none);
	sigemptyset(&m);
	sigaddset(&m, SIGALRM);
	kt_handle_info(SIGALRM, on_sig, 0);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	sigsuspend(&none);
	CHECK_EQ(info.si_code, SI_KERNEL);
}
CASE(posix_timer)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 77 };
	struct itimerspec its = { { 0, 0 }, { 0, 1000000 } };
	sigset_t none, m;
	timer_t t;

	sigemptyset(&none);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	kt_handle_info(SIGUSR2, on_sig, 0);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &t));
	CHECK_OK(timer_settime(t, 0, &its, NULL));
	sigsuspend(&none);
	CHECK_EQ(info.si_code, SI_TIMER);
	CHECK_EQ(info.si_value.sival_int, 77);
	CHECK_EQ(info.si_overrun, 0);
}
CASE(child)
{
	sigset_t none, m;
	pid_t p;

	sigemptyset(&none);
	sigemptyset(&m);
	sigaddset(&m, SIGCHLD);
	kt_handle_info(SIGCHLD, on_sig, 0);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHILD(p)
		_exit(19);
	sigsuspend(&none);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_pid, p);
	CHECK_EQ(info.si_status, 19);
	CHECK_GE(info.si_utime, 0);
	WAIT_EXIT(p, 19);
	CHILD(p)
		raise(SIGKILL);
	sigsuspend(&none);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGKILL);
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(sigpipe)
{
	int p[2];

	kt_handle_info(SIGPIPE, on_sig, 0);
	CHECK_OK(pipe(p));
	CHECK_OK(close(p[0]));
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(n, 1);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
}
