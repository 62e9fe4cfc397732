/* SPDX-License-Identifier: MPL-2.0 */
/* A step of the wall clock: absolute timers and sleeps on it follow, relative ones do not. */
#include "ktest_user.h"

CASE(absolute_sleep_ends)
{
	struct timespec now, ts;
	pid_t p;

	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	CHILD(p) {
		ts = (struct timespec){ now.tv_sec + 10000, 0 };
		CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
	}
	WAIT_BLOCKED(p);
	ts = (struct timespec){ now.tv_sec + 20000, 0 };
	CHECK_OK(clock_settime(CLOCK_REALTIME, &ts));
	WAIT_EXIT(p, 0);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
	ts.tv_sec -= 20000;
	CHECK_OK(clock_settime(CLOCK_REALTIME, &ts));
}
CASE(timerfd_cancel)
{
	struct itimerspec its = { 0 };
	struct timespec now;
	uint64_t n;
	int fd = CHECK_OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));

	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	its.it_value.tv_sec = now.tv_sec + 10000;
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &its, NULL));
	CHECK_ERR(read(fd, &n, 8), EAGAIN);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	CHECK_OK(clock_settime(CLOCK_REALTIME, &now));
	CHECK_ERR(read(fd, &n, 8), ECANCELED);
}
CASE(relative_is_unmoved)
{
	struct itimerspec its = { .it_value = { 1000, 0 } }, cur;
	struct timespec now, ts;
	int fd = CHECK_OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	uint64_t n;

	CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	ts = now;
	ts.tv_sec += 5000;
	CHECK_OK(clock_settime(CLOCK_REALTIME, &ts));
	CHECK_ERR(read(fd, &n, 8), EAGAIN);
	CHECK_OK(timerfd_gettime(fd, &cur));
	CHECK_GE(cur.it_value.tv_sec, 990);
	CHECK_LE(cur.it_value.tv_sec, 1000);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
	ts.tv_sec -= 5000;
	CHECK_OK(clock_settime(CLOCK_REALTIME, &ts));
}
