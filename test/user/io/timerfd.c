/* SPDX-License-Identifier: MPL-2.0 */
/* timerfd: relative and absolute, intervals, gettime, overruns, blocking, errors. */
#include "ktest_user.h"

CASE(one_shot)
{
	struct itimerspec its = { .it_value = { 0, 10000000 } }, old;
	uint64_t n;
	long long t = kt_now();
	int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
	CHECK_EQ(read(fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	CHECK_GE(kt_now() - t, 10000000);
	CHECK_OK(timerfd_gettime(fd, &old));
	CHECK_EQ(old.it_value.tv_sec | old.it_value.tv_nsec, 0);
}
/* Have all expirations up to now been read? */
static bool counted(int fd, long long start, uint64_t *total)
{
	uint64_t want = (uint64_t)(kt_now() - start) / 1000000, n;

	if (read(fd, &n, 8) == 8)
		*total += n;
	else
		CHECK_EQ(errno, EAGAIN);
	return *total >= want;
}
CASE(interval_counts_overruns)
{
	struct itimerspec its = { { 0, 1000000 }, { 0, 1000000 } };
	struct timespec ts = { 0, 20000000 };
	long long start;
	uint64_t n, total = 0;
	int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));

	CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
	start = kt_now();
	CHECK_OK(nanosleep(&ts, NULL));
	/* None is missing; they come later where the timer's CPU stands still. */
	AWAIT(counted(fd, start, &total));
	CHECK_GE(total, 19);
	CHECK_OK(timerfd_gettime(fd, &its));
	CHECK_EQ(its.it_interval.tv_nsec, 1000000);
	CHECK_LE(its.it_value.tv_nsec, 1000000);
	its = (struct itimerspec){ { 0, 0 }, { 0, 0 } };
	CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
	CHECK_ERR(read(fd, &n, 8), EAGAIN);
}
CASE(absolute)
{
	struct itimerspec its = { { 0, 0 }, { 0, 1 } }, old;
	struct timespec now;
	uint64_t n;
	int fd = CHECK_OK(timerfd_create(CLOCK_REALTIME, 0));

	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));	/* long ago */
	CHECK_EQ(read(fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &its.it_value));
	its.it_value.tv_sec += 1000;
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	CHECK_OK(timerfd_gettime(fd, &old));
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	CHECK_GE(old.it_value.tv_sec, its.it_value.tv_sec - now.tv_sec - 1);
	CHECK_LE(old.it_value.tv_sec, 1000);
}
CASE(poll_and_old_value)
{
	struct itimerspec its = { { 500, 0 }, { 0, 5000000 } }, old;
	struct pollfd f;
	int fd = CHECK_OK(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK));

	f = (struct pollfd){ fd, POLLIN | POLLOUT, 0 };
	CHECK_EQ(poll(&f, 1, 0), 0);
	CHECK_OK(timerfd_settime(fd, 0, &its, NULL));
	CHECK_EQ(poll(&f, 1, kt_wait_ms()), 1);
	CHECK_EQ(f.revents, POLLIN);
	CHECK_OK(timerfd_settime(fd, 0, &its, &old));	/* resets the count */
	CHECK_EQ(old.it_interval.tv_sec, 500);
	uint64_t n;
	CHECK_EQ(poll(&f, 1, kt_wait_ms()), 1);
	CHECK_EQ(read(fd, &n, 8), 8);
	CHECK_EQ(n, 1);
}
CASE(errors)
{
	struct itimerspec its = { { 0, 0 }, { 0, 1000000000 } };
	int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
	uint64_t n;

	CHECK_ERR(timerfd_create(77, 0), EINVAL);
	CHECK_ERR(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 0x100), EINVAL);
	CHECK_ERR(timerfd_settime(fd, 0, &its, NULL), EINVAL);
	its.it_value.tv_nsec = 0;
	CHECK_ERR(timerfd_settime(fd, 0x100, &its, NULL), EINVAL);
	CHECK_ERR(timerfd_settime(0, 0, &its, NULL), EINVAL);
	CHECK_ERR(timerfd_settime(-1, 0, &its, NULL), EBADF);
	CHECK_ERR(timerfd_gettime(0, &its), EINVAL);
	CHECK_ERR(syscall(SYS_timerfd_settime, fd, 0, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_timerfd_gettime, fd, 8), EFAULT);
	CHECK_ERR(read(fd, &n, 4), EINVAL);
	CHECK_ERR(write(fd, &n, 8), EINVAL);
}
