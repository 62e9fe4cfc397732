/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Process and thread CPU clocks: of others too, clock_getcpuclockid, times and getrusage agree.
 */
#include "ktest_user.h"

static void burn(long ms)
{
	struct timespec a, b;

	CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a));
	do
		CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b));
	while ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < ms);
}
static void *burner(void *x)
{
	burn(30);
	return NULL;
}
CASE(process_is_the_sum_of_threads)
{
	struct timespec t0, t1, p0, p1;
	pthread_t t;

	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &p0));
	CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t0));
	CHECK_EQ(pthread_create(&t, NULL, burner, NULL), 0);
	pthread_join(t, NULL);
	CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t1));
	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &p1));	/* around the other pair */
	long long all = (p1.tv_sec - p0.tv_sec) * 1000000000LL + p1.tv_nsec - p0.tv_nsec;
	long long own = (t1.tv_sec - t0.tv_sec) * 1000000000LL + t1.tv_nsec - t0.tv_nsec;

	CHECK_GE(all, 30000000);
	CHECK_GE(all - own, 30000000);	/* what the other thread used is not ours */
}
CASE(of_another_process)
{
	struct timespec ts;
	int ready[2];
	clockid_t c;
	char x;
	pid_t p;

	CHECK_OK(pipe(ready));
	CHILD(p) {
		burn(30);
		CHECK_EQ(write(ready[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &x, 1), 1);
	CHECK_EQ(clock_getcpuclockid(p, &c), 0);
	CHECK_OK(clock_gettime(c, &ts));
	CHECK_GE(ts.tv_nsec + ts.tv_sec * 1000000000, 30000000);
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
	CHECK_ERR(clock_gettime(c, &ts), EINVAL);
}
CASE(rusage_and_times)
{
	struct rusage ru;
	struct tms t;
	struct timespec ts;
	long long us;

	burn(60);
	CHECK_OK(getrusage(RUSAGE_SELF, &ru));
	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	us = (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000LL + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
	CHECK_GE(us, 55000);
	CHECK_LE(us, ts.tv_sec * 1000000LL + ts.tv_nsec / 1000 + 1000);
	CHECK_GT(times(&t), 0);
	CHECK_GE(t.tms_utime + t.tms_stime, 5);
	CHECK_OK(getrusage(RUSAGE_THREAD, &ru));
	CHECK_ERR(getrusage(99, &ru), EINVAL);
	CHECK_ERR(syscall(SYS_getrusage, RUSAGE_SELF, 8), EFAULT);
	CHECK_ERR(syscall(SYS_times, 8), EFAULT);
}
