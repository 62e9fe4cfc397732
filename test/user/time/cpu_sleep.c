/* SPDX-License-Identifier: MPL-2.0 */
/* clock_nanosleep on CPU clocks; RLIMIT_RTTIME. */
#include "ktest_user.h"

static long sleep_on(int clock, int flags, long ns, struct timespec *rem)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	return syscall(SYS_clock_nanosleep, clock, flags, &ts, rem);
}
static volatile bool stop;
static void *burn(void *arg)
{
	*(int *)arg = gettid();
	while (!stop)
		;
	return NULL;
}
static long long cpu_of(clockid_t c)
{
	struct timespec ts;

	CHECK_OK(clock_gettime(c, &ts));
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}
CASE(until_the_process_has_used_it)
{
	static volatile int tid;
	pthread_t t;
	long long before;

	CHECK_EQ(pthread_create(&t, NULL, burn, (void *)&tid), 0);
	before = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
	CHECK_OK(sleep_on(CLOCK_PROCESS_CPUTIME_ID, 0, 50000000, NULL));
	CHECK_GE(cpu_of(CLOCK_PROCESS_CPUTIME_ID) - before, 50000000);
	/* absolute, and one that is past */
	CHECK_OK(sleep_on(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, before + 120000000, NULL));
	CHECK_GE(cpu_of(CLOCK_PROCESS_CPUTIME_ID), before + 120000000);
	CHECK_OK(sleep_on(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, 1, NULL));
	/* the other thread's */
	while (!tid)
		;
	clockid_t c = (clockid_t)(~(unsigned)tid << 3 | 6);
	before = cpu_of(c);
	CHECK_OK(sleep_on(c, 0, 30000000, NULL));
	CHECK_GE(cpu_of(c) - before, 30000000);
	stop = true;
	CHECK_EQ(pthread_join(t, NULL), 0);
}
static void on_sig(int s) { }
CASE(interrupted)
{
	struct timespec rem = { 777, 777 };
	/* Again and again: the first may come before we sleep. */
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	long long used, left;

	kt_handle(SIGALRM, on_sig);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	used = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
	CHECK_ERR(sleep_on(CLOCK_PROCESS_CPUTIME_ID, 0, 100000000000, &rem), EINTR);
	used = cpu_of(CLOCK_PROCESS_CPUTIME_ID) - used;
	left = rem.tv_sec * 1000000000LL + rem.tv_nsec;
	CHECK_LE(left, 100000000000);
	CHECK_GE(left, 100000000000 - used - 50000000);
}
CASE(another_process)
{
	clockid_t c;
	pid_t p;

	CHILD(p)
		for (;;)
			;
	CHECK_EQ(clock_getcpuclockid(p, &c), 0);
	CHECK_OK(sleep_on(c, 0, 30000000, NULL));
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(sleep_on(c, 0, 1, NULL), EINVAL);
}
CASE(errors)
{
	CHECK_ERR(sleep_on(CLOCK_THREAD_CPUTIME_ID, 0, 1, NULL), EOPNOTSUPP);
	CHECK_ERR(sleep_on((clockid_t)(~0u << 3 | 6), 0, 1, NULL), EINVAL);
	CHECK_ERR(sleep_on((clockid_t)(~(unsigned)gettid() << 3 | 6), 0, 1, NULL), EINVAL);
	CHECK_ERR(sleep_on((clockid_t)(~4000000u << 3 | 2), 0, 1, NULL), EINVAL);
	CHECK_ERR(sleep_on(CLOCK_PROCESS_CPUTIME_ID, 0, -1, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, 8, NULL), EFAULT);
}
static volatile int xcpu;
static void on_xcpu(int s) { xcpu++; }
CASE(rttime)
{
	struct sched_param sp = { .sched_priority = 1 };
	struct rlimit r = { 200000, 1400000 };
	pid_t p;
	int st;

	for (int try = 0; ; try++) {
		CHILD(p) {
			long long longest = 0;

			kt_handle(SIGXCPU, on_xcpu);
			CHECK_OK(setrlimit(RLIMIT_RTTIME, &r));
			CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &sp));
			/* sleeping gives the time anew */
			for (int i = 0; i < 6; i++) {
				long long t = kt_now(), took;

				while (kt_now() - t < 50000000)
					;
				usleep(1000);
				took = kt_now() - t;
				longest = took > longest ? took : longest;
			}
			/* The machine stood still, and that was our time: once more. */
			if (xcpu && longest > 150000000)
				_exit(7);
			CHECK_EQ(xcpu, 0);
			while (!xcpu)
				;
			CHECK_OK(getrlimit(RLIMIT_RTTIME, &r));
			CHECK_EQ(r.rlim_cur, 1200000);
			for (;;)
				;
		}
		CHECK_EQ(waitpid(p, &st, 0), p);
		if (!WIFEXITED(st) || WEXITSTATUS(st) != 7 || try == 5)
			break;
	}
	if (!WIFSIGNALED(st) || WTERMSIG(st) != SIGKILL)
		FAIL("it ended with status %#x", st);
}
