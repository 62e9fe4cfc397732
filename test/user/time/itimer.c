/* SPDX-License-Identifier: MPL-2.0 */
/* setitimer and alarm: real, virtual and profiling timers, intervals, old values, errors. */
#include "ktest_user.h"

static volatile sig_atomic_t n;
static void on_sig(int s) { n++; }
CASE(real)
{
	struct itimerval it = { { 0, 3000 }, { 0, 3000 } }, old;
	long long t = kt_now();

	kt_handle(SIGALRM, on_sig);
	CHECK_OK(setitimer(ITIMER_REAL, &it, &old));
	kt_wait_caught(SIGALRM, &n, 5);
	CHECK_GE(kt_now() - t, 14000000);
	CHECK_OK(getitimer(ITIMER_REAL, &old));
	CHECK_EQ(old.it_interval.tv_usec, 3000);
	CHECK_LE(old.it_value.tv_usec, 3000);
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	CHECK_OK(setitimer(ITIMER_REAL, &it, &old));
	CHECK_EQ(old.it_interval.tv_usec, 3000);
	CHECK_OK(getitimer(ITIMER_REAL, &old));
	CHECK_EQ(old.it_value.tv_usec | old.it_value.tv_sec, 0);
}
static long user_us(void)
{
	struct rusage ru;

	CHECK_OK(getrusage(RUSAGE_SELF, &ru));
	return ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec;
}
CASE(virtual_counts_user_time_only)
{
	struct itimerval it = { { 0, 0 }, { 0, 200000 } };
	struct timespec ts = { 0, 300000000 };

	kt_handle(SIGVTALRM, on_sig);
	for (int try = 0; ; try++) {
		long before = user_us();

		n = 0;
		CHECK_OK(setitimer(ITIMER_VIRTUAL, &it, NULL));
		CHECK_OK(nanosleep(&ts, NULL));
		if (!n)
			break;		/* sleeping does not count */
		/* But standing still does, if it meets us in our own code. */
		if (user_us() - before < 100000 || try == 10)
			FAIL("the time slept counts");
	}
	while (!n)
		;
	CHECK_GE(user_us(), 150000);
}
CASE(prof_counts_both)
{
	struct itimerval it = { { 0, 0 }, { 0, 20000 } };

	kt_handle(SIGPROF, on_sig);
	CHECK_OK(setitimer(ITIMER_PROF, &it, NULL));
	while (!n)
		getppid();
}
CASE(alarm_)
{
	kt_handle(SIGALRM, on_sig);
	CHECK_GT(alarm(100), 0);	/* the harness' own */
	CHECK_GE(alarm(200), 50);
	struct itimerval it;
	CHECK_OK(getitimer(ITIMER_REAL, &it));	/* the same timer */
	CHECK_GE(it.it_value.tv_sec, 150);
	CHECK_GE(alarm(0), 150);
	CHECK_EQ(alarm(0), 0);
}
CASE(errors)
{
	struct itimerval it = { { 0, 0 }, { 0, 1000000 } };

	CHECK_ERR(setitimer(9, &it, NULL), EINVAL);
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it.it_value.tv_usec = -1;
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	CHECK_ERR(getitimer(9, &it), EINVAL);
	CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_getitimer, ITIMER_REAL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, NULL, 8), EFAULT);
}
