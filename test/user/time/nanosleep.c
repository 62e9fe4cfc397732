/* SPDX-License-Identifier: MPL-2.0 */
/*
 * nanosleep and clock_nanosleep: relative, absolute, remainder, clocks, errors, accuracy
 * downwards.
 */
#include "ktest_user.h"

CASE(at_least_that_long)
{
	static const long t[] = { 1, 1000, 50000, 1000000, 20000000 };

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct timespec ts = { 0, t[i] };
		long long a = kt_now();

		CHECK_OK(nanosleep(&ts, NULL));
		CHECK_GE(kt_now() - a, t[i]);
	}
}
CASE(absolute)
{
	struct timespec ts;
	long long end;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
	end = ts.tv_sec * 1000000000LL + ts.tv_nsec + 15000000;
	ts = (struct timespec){ end / 1000000000, end % 1000000000 };
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK_GE(kt_now(), end);
	ts = (struct timespec){ 1, 0 };
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
}
CASE(clocks)
{
	struct timespec ts = { 0, 1000000 };

	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &ts, NULL), 0);
	CHECK_EQ(clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL), 0);
	CHECK_EQ(clock_nanosleep(CLOCK_TAI, 0, &ts, NULL), 0);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_clock_nanosleep, 99, 0, &ts, NULL), EINVAL);
}
CASE(errors)
{
	struct timespec ts = { 0, 1000000000 }, neg = { -1, 0 };

	CHECK_ERR(nanosleep(&ts, NULL), EINVAL);
	CHECK_ERR(nanosleep(&neg, NULL), EINVAL);
	ts.tv_nsec = -1;
	CHECK_ERR(nanosleep(&ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, 8, NULL), EFAULT);
	ts = (struct timespec){ 0, 0 };
	CHECK_OK(nanosleep(&ts, NULL));
}
static void on_sig(int s) { }
CASE(absolute_remainder_is_untouched)
{
	pid_t p;

	CHILD(p) {
		struct timespec ts, rem = { 77, 88 };
		kt_handle(SIGUSR1, on_sig);
		CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
		ts.tv_sec += 1000;
		CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, &rem), EINTR);
		CHECK_EQ(rem.tv_sec, 77);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(bad_remainder_pointer)
{
	pid_t p;

	CHILD(p) {
		struct timespec ts = { 1000, 0 };
		kt_handle(SIGUSR1, on_sig);
		CHECK_ERR(syscall(SYS_nanosleep, &ts, 8), EFAULT);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(many_sleepers_wake_in_order)
{
	enum { N = 20 };
	_Atomic int *seq = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long long base = kt_now() + 100000000;
	pid_t p[N];

	for (int i = 0; i < N; i++)
		CHILD(p[i]) {
			long long end = base + (N - i) * 5000000LL;
			struct timespec ts = { end / 1000000000, end % 1000000000 };
			CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
			CHECK_GE(kt_now(), end);
			++*seq;
		}
	for (int i = 0; i < N; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(*seq, N);
}
