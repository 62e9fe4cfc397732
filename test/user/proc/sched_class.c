/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sched_setscheduler and friends: FIFO, RR, BATCH, IDLE, priorities, reset on fork,
 * permissions.
 */
#include "ktest_user.h"

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
static int set(int policy, int prio)
{
	struct sched_param sp = { .sched_priority = prio };

	return syscall(SYS_sched_setscheduler, 0, policy, &sp);
}
CASE(policies)
{
	struct sched_param sp;

	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	CHECK_OK(set(SCHED_FIFO, 10));
	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO);
	CHECK_OK(syscall(SYS_sched_getparam, 0, &sp));
	CHECK_EQ(sp.sched_priority, 10);
	sp.sched_priority = 20;
	CHECK_OK(syscall(SYS_sched_setparam, 0, &sp));
	CHECK_OK(set(SCHED_RR, 1));
	CHECK_OK(set(SCHED_BATCH, 0));
	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
	CHECK_OK(set(SCHED_IDLE, 0));
	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_IDLE);
	CHECK_OK(set(SCHED_OTHER, 0));
}
CASE(errors)
{
	struct sched_param sp = { 0 };

	CHECK_ERR(set(SCHED_FIFO, 0), EINVAL);
	CHECK_ERR(set(SCHED_FIFO, 100), EINVAL);
	CHECK_ERR(set(SCHED_OTHER, 1), EINVAL);
	CHECK_ERR(set(77, 0), EINVAL);
	CHECK_ERR(set(-1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 4000000, 0, &sp), ESRCH);
	CHECK_ERR(syscall(SYS_sched_setscheduler, -1, 0, &sp), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_sched_setscheduler, 0, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getscheduler, 4000000), ESRCH);
}
CASE(ranges)
{
	CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
	CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
	CHECK_EQ(sched_get_priority_max(SCHED_RR), 99);
	CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
	CHECK_EQ(sched_get_priority_min(SCHED_IDLE), 0);
	CHECK_ERR(sched_get_priority_max(77), EINVAL);
}
CASE(reset_on_fork)
{
	pid_t p;

	CHECK_OK(set(SCHED_RR, 5));
	CHILD(p)
		CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_RR);
	WAIT_EXIT(p, 0);
	CHECK_OK(set(SCHED_RR | SCHED_RESET_ON_FORK, 5));
	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_RR | SCHED_RESET_ON_FORK);
	CHILD(p)
		CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	WAIT_EXIT(p, 0);
}
CASE(permission)
{
	pid_t p;

	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(set(SCHED_FIFO, 1), EPERM);
		CHECK_OK(set(SCHED_BATCH, 0));
		CHECK_OK(set(SCHED_IDLE, 0));
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		struct rlimit rl = { 10, 10 };
		CHECK_OK(setrlimit(RLIMIT_RTPRIO, &rl));
		kt_become(1000, 1000);
		CHECK_OK(set(SCHED_FIFO, 10));
		CHECK_ERR(set(SCHED_FIFO, 11), EPERM);
	}
	WAIT_EXIT(p, 0);
}
CASE(attributes)
{
	struct attr a = { .size = sizeof(a), .policy = SCHED_OTHER, .nice = 7 }, b;

	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	memset(&b, 0xff, sizeof(b));
	CHECK_OK(syscall(SYS_sched_getattr, 0, &b, sizeof(b), 0));
	CHECK_EQ(b.policy, SCHED_OTHER);
	CHECK_EQ(b.nice, 7);
	CHECK_EQ(b.size, 48);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
	a.policy = SCHED_FIFO;
	a.nice = 0;
	a.priority = 3;
	CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO);
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
	a.size = 4096 * 2;
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, &b, 8, 0), EINVAL);
}
CASE(fifo_runs_first)
{
	_Atomic long *n = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t one;
	int runs[2];
	char c;
	pid_t p;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	CHECK_OK(pipe(runs));
	CHECK_OK(set(SCHED_FIFO, 50));
	CHILD(p) {
		CHECK_OK(set(SCHED_OTHER, 0));
		write(runs[1], "x", 1);
		for (;;)
			++*n;
	}
	CHECK_EQ(read(runs[0], &c, 1), 1);
	AWAIT(*n > 0);
	for (int try = 0; ; try++) {
		struct timespec ts = { 1, 200000000 };
		long long begin = kt_now(), t;
		long v, went;

		/* A new second begins for the throttle, which leaves 95 % of one to real-time tasks. */
		CHECK_OK(nanosleep(&ts, NULL));
		v = *n;
		t = kt_now();
		while (kt_now() - t < 20000000)
			;
		went = *n - v;
		if (!went)
			break;
		/* If the machine stood still, that may have been most of the second. */
		if (kt_now() - begin < 1700000000 || try == 6)
			FAIL("it went on for %ld rounds", went);
	}
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(rr_interval)
{
	struct timespec ts;

	CHECK_OK(set(SCHED_RR, 5));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &ts));
	CHECK_EQ(ts.tv_sec, 0);
	CHECK_GT(ts.tv_nsec, 0);
	CHECK_OK(set(SCHED_FIFO, 5));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &ts));
	CHECK_EQ(ts.tv_nsec, 0);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, 4000000, &ts), ESRCH);
	CHECK_ERR(syscall(SYS_sched_rr_get_interval, 0, 8), EFAULT);
}
