/* SPDX-License-Identifier: MPL-2.0 */
/* clock_gettime and clock_getres of every clock: order, monotony, relation, errors. */
#include "ktest_user.h"

static long long ns(clockid_t c)
{
	struct timespec ts;

	CHECK_OK(syscall(SYS_clock_gettime, c, &ts));
	CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}
CASE(all_exist)
{
	static const clockid_t c[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
		CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM, CLOCK_TAI };
	struct timespec ts;

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		long r = syscall(SYS_clock_gettime, c[i], &ts);

		if (r && (c[i] == CLOCK_REALTIME_ALARM || c[i] == CLOCK_BOOTTIME_ALARM))
			continue;	/* need a clock chip */
		if (r)
			FAIL("clock %d: errno %d", c[i], errno);
		CHECK_OK(clock_getres(c[i], &ts));
	}
}
CASE(never_backwards)
{
	static const clockid_t c[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE,
		CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		long long last = ns(c[i]), v;

		for (int k = 0; k < 2000; k++) {
			v = ns(c[i]);
			CHECK_GE(v, last);
			last = v;
		}
	}
}
CASE(never_backwards_over_cpus)
{
	cpu_set_t all, one;
	struct timespec ts;
	long long last = 0, v;

	CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
	for (int round = 0; round < 50; round++)
		for (int c = 0; c < 8; c++) {
			if (!CPU_ISSET(c, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(c, &one);
			CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
			CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
			v = ts.tv_sec * 1000000000LL + ts.tv_nsec;
			CHECK_GE(v, last);
			last = v;
			v = ns(CLOCK_MONOTONIC);
			CHECK_GE(v, last);
			last = v;
		}
}
/* Never ahead; behind by a tick, or by as long as the CPU stood still that turns it. */
static bool follows(clockid_t coarse, clockid_t fine)
{
	long long before = ns(fine), c = ns(coarse);

	CHECK_LE(c, ns(fine));
	return c > before - 50000000;
}
CASE(relations)
{
	long long m = ns(CLOCK_MONOTONIC), b = ns(CLOCK_BOOTTIME), r = ns(CLOCK_REALTIME), t = ns(CLOCK_TAI);

	CHECK_GE(b, m);
	CHECK_GT(r, 1600000000LL * 1000000000);	/* the CMOS clock was read */
	CHECK_LT(llabs(t - r), 60LL * 1000000000);
	AWAIT(follows(CLOCK_REALTIME_COARSE, CLOCK_REALTIME));
	AWAIT(follows(CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC));
}
CASE(resolution)
{
	struct timespec ts;

	CHECK_OK(clock_getres(CLOCK_MONOTONIC, &ts));
	CHECK_EQ(ts.tv_sec, 0);
	CHECK_EQ(ts.tv_nsec, 1);
	CHECK_OK(clock_getres(CLOCK_REALTIME, &ts));
	CHECK_EQ(ts.tv_nsec, 1);
	CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
	CHECK_OK(clock_getres(CLOCK_MONOTONIC_COARSE, &ts));
	CHECK_GT(ts.tv_nsec, 1);
}
CASE(errors)
{
	struct timespec ts;

	CHECK_ERR(syscall(SYS_clock_gettime, 99, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
	CHECK_ERR(syscall(SYS_clock_getres, 99, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &ts), EINVAL);
	ts = (struct timespec){ 1, 1000000000 };
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, 8), EFAULT);
}
CASE(time_and_gettimeofday)
{
	struct timeval tv;
	time_t t, a, b, end;

	a = ns(CLOCK_REALTIME_COARSE) / 1000000000;
	CHECK_OK(syscall(SYS_gettimeofday, &tv, NULL));
	b = syscall(SYS_time, &t);
	end = ns(CLOCK_REALTIME) / 1000000000;
	CHECK_EQ(b, t);
	CHECK_GE(tv.tv_sec, a);
	CHECK_LE(tv.tv_sec, end);
	CHECK_GE(b, a);
	CHECK_LE(b, end);
	CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	CHECK_ERR(syscall(SYS_gettimeofday, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_time, 8), EFAULT);
}
CASE(setting_the_time)
{
	struct timespec ts, now;
	long long m = ns(CLOCK_MONOTONIC), r = ns(CLOCK_REALTIME), went;
	pid_t p;

	ts = (struct timespec){ r / 1000000000 + 1000, 0 };
	CHECK_OK(clock_settime(CLOCK_REALTIME, &ts));
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	CHECK_GE(now.tv_sec, ts.tv_sec);
	went = ns(CLOCK_MONOTONIC) - m;
	CHECK_LE(now.tv_sec, ts.tv_sec + went / 1000000000 + 1);
	CHECK_LT(went, 500000000000LL);		/* unmoved */
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &ts), EPERM);
		struct timeval tv = { 1000000000, 0 };
		CHECK_ERR(syscall(SYS_settimeofday, &tv, NULL), EPERM);
	}
	WAIT_EXIT(p, 0);
	ts = (struct timespec){ r / 1000000000, 0 };
	CHECK_OK(clock_settime(CLOCK_REALTIME, &ts));
	struct timeval bad = { 0, 1000000 };
	CHECK_ERR(syscall(SYS_settimeofday, &bad, NULL), EINVAL);
}
