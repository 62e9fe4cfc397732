/* SPDX-License-Identifier: MPL-2.0 */
/* Clocks, time values, interval timers. */
#ifndef UAPI_LINUX_TIME_H
#define UAPI_LINUX_TIME_H

#include <uapi/linux/types.h>

struct timespec {
	__s64 tv_sec;
	__s64 tv_nsec;
};
UAPI_SIZE(struct timespec, 16);

struct timeval {
	__s64 tv_sec;
	__s64 tv_usec;
};
UAPI_SIZE(struct timeval, 16);

struct timezone {
	__s32 tz_minuteswest;
	__s32 tz_dsttime;
};
UAPI_SIZE(struct timezone, 8);

struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};
UAPI_SIZE(struct itimerspec, 32);

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};
UAPI_SIZE(struct itimerval, 32);

#define ITIMER_REAL	0
#define ITIMER_VIRTUAL	1
#define ITIMER_PROF	2

#define CLOCK_REALTIME			0
#define CLOCK_MONOTONIC			1
#define CLOCK_PROCESS_CPUTIME_ID	2
#define CLOCK_THREAD_CPUTIME_ID		3
#define CLOCK_MONOTONIC_RAW		4
#define CLOCK_REALTIME_COARSE		5
#define CLOCK_MONOTONIC_COARSE		6
#define CLOCK_BOOTTIME			7
#define CLOCK_REALTIME_ALARM		8
#define CLOCK_BOOTTIME_ALARM		9
#define CLOCK_TAI			11
#define MAX_CLOCKS			16

#define TIMER_ABSTIME	0x01

#endif
