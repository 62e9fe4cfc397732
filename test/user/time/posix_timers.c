/* SPDX-License-Identifier: MPL-2.0 */
/*
 * timer_create and friends: signals, SIGEV_NONE, overruns, thread target, CPU clocks, errors.
 */
#include "ktest_user.h"

static volatile sig_atomic_t n, val;
static void on_sig(int s, siginfo_t *si, void *c)
{
	n++;
	val = si->si_value.sival_int;
}
CASE(one_shot_and_interval)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 5 };
	struct itimerspec its = { { 0, 2000000 }, { 0, 2000000 } }, cur;
	timer_t t;

	kt_handle_info(SIGUSR1, on_sig, 0);
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &t));
	CHECK_OK(timer_gettime(t, &cur));
	CHECK_EQ(cur.it_value.tv_sec | cur.it_value.tv_nsec, 0);
	CHECK_OK(timer_settime(t, 0, &its, NULL));
	kt_wait_caught(SIGUSR1, &n, 4);
	CHECK_EQ(val, 5);
	CHECK_OK(timer_gettime(t, &cur));
	CHECK_EQ(cur.it_interval.tv_nsec, 2000000);
	CHECK_OK(timer_delete(t));
	CHECK_ERR(syscall(SYS_timer_gettime, 9999, &cur), EINVAL);
}
CASE(none_and_absolute)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	struct itimerspec its = { { 0, 0 }, { 0, 0 } }, cur;
	timer_t t;

	CHECK_OK(timer_create(CLOCK_REALTIME, &ev, &t));
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &its.it_value));
	its.it_value.tv_sec += 1000;
	CHECK_OK(timer_settime(t, TIMER_ABSTIME, &its, NULL));
	CHECK_OK(timer_gettime(t, &cur));
	CHECK_GE(cur.it_value.tv_sec, 970);
	CHECK_LE(cur.it_value.tv_sec, 1000);
	its.it_value.tv_sec = 1;
	CHECK_OK(timer_settime(t, TIMER_ABSTIME, &its, &cur));
	CHECK_GE(cur.it_value.tv_sec, 970);
}
CASE(overrun)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec its = { { 0, 1000000 }, { 0, 1000000 } };
	struct timespec ts = { 0, 30000000 };
	sigset_t m;
	siginfo_t si;
	timer_t t;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(timer_create(CLOCK_MONOTONIC, &ev, &t));
	CHECK_OK(timer_settime(t, 0, &its, NULL));
	CHECK_OK(nanosleep(&ts, NULL));
	CHECK_EQ(sigwaitinfo(&m, &si), SIGUSR1);
	CHECK_EQ(si.si_code, SI_TIMER);
	CHECK_GE(si.si_overrun, 20);
	CHECK_GE(timer_getoverrun(t), 20);
	CHECK_OK(timer_delete(t));
}
CASE(cpu_clock)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec its = { { 0, 0 }, { 0, 20000000 } };
	struct timespec a, b;
	timer_t t;

	kt_handle_info(SIGUSR1, on_sig, 0);
	CHECK_OK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &t));
	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a));
	CHECK_OK(timer_settime(t, 0, &its, NULL));
	while (!n)
		;
	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b));
	CHECK_GE((b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec, 20000000);
}
CASE(to_a_thread)
{
	struct sigevent ev = { .sigev_notify = 4 /* SIGEV_THREAD_ID */, .sigev_signo = SIGUSR1 };
	struct itimerspec its = { { 0, 0 }, { 0, 1000000 } };
	int id;

	kt_handle_info(SIGUSR1, on_sig, 0);
	((int *)&ev)[4] = gettid();
	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id));
	CHECK_OK(syscall(SYS_timer_settime, id, 0, &its, NULL));
	kt_wait_caught(SIGUSR1, &n, 1);
	((int *)&ev)[4] = 4000000;
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), EINVAL);
}
CASE(default_event)
{
	struct itimerspec its = { { 0, 0 }, { 0, 1000000 } };
	int id;
	pid_t p;

	CHILD(p) {
		CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
		CHECK_OK(syscall(SYS_timer_settime, id, 0, &its, NULL));
		for (;;)
			pause();
	}
	WAIT_SIGNAL(p, SIGALRM);
}
CASE(not_inherited)
{
	int id;
	struct itimerspec its;
	pid_t p;

	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	CHILD(p)
		CHECK_ERR(syscall(SYS_timer_gettime, id, &its), EINVAL);
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65 };
	struct itimerspec its = { { 0, 0 }, { 0, 1000000000 } };
	int id;

	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), EINVAL);
	ev.sigev_signo = SIGUSR1;
	ev.sigev_notify = 77;
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), EINVAL);
	CHECK_ERR(syscall(SYS_timer_create, 99, NULL, &id), EINVAL);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, 8), EFAULT);
	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, &its, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_timer_delete, 9999), EINVAL);
	CHECK_ERR(syscall(SYS_timer_getoverrun, 9999), EINVAL);
}
