/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sched_setaffinity and sched_getaffinity: masks, migration of a running task, errors, getcpu.
 */
#include "ktest_user.h"

CASE(masks)
{
	cpu_set_t all, one;
	long r;
	pid_t p;

	r = CHECK_OK(syscall(SYS_sched_getaffinity, 0, sizeof(all), &all));
	CHECK_GE(r, 8);
	CHECK_EQ(r % 8, 0);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 4, &all), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 8, 8), EFAULT);
	CPU_ZERO(&one);
	CHECK_ERR(sched_setaffinity(0, sizeof(one), &one), EINVAL);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
	CHECK_EQ(CPU_COUNT(&all), 1);
	CHILD(p) {
		CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
		CHECK_EQ(CPU_COUNT(&all), 1);
	}
	WAIT_EXIT(p, 0);
	CHECK_ERR(sched_setaffinity(4000000, sizeof(one), &one), ESRCH);
	CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 8, 8), EFAULT);
	CPU_ZERO(&one);
	CPU_SET(1000, &one);
	CHECK_ERR(sched_setaffinity(0, sizeof(one), &one), EINVAL);
}
CASE(runs_where_told)
{
	cpu_set_t all, one;
	unsigned cpu, node;

	CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
	for (int c = 0; c < 64; c++) {
		if (!CPU_ISSET(c, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(c, &one);
		CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
		CHECK_EQ(sched_getcpu(), c);
		CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
		CHECK_EQ(cpu, c);
		CHECK_EQ(node, 0);
	}
}
CASE(moves_a_running_task)
{
	_Atomic int *where = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t all, one;
	pid_t p;

	CHECK_OK(sched_getaffinity(0, sizeof(all), &all));
	*where = -1;
	CHILD(p)
		for (;;)
			*where = sched_getcpu();
	for (int round = 0; round < 4; round++)
		for (int c = 0; c < 8; c++) {
			if (!CPU_ISSET(c, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(c, &one);
			CHECK_OK(sched_setaffinity(p, sizeof(one), &one));
			while (*where != c)
				sched_yield();
		}
	CHECK_OK(kill(p, SIGKILL));
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(permission)
{
	cpu_set_t one;
	pid_t p;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_ERR(sched_setaffinity(1, sizeof(one), &one), EPERM);
		CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	}
	WAIT_EXIT(p, 0);
}
CASE(allowed_in_status)
{
	static char buf[4096];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	kt_get("/proc/self/status", buf, sizeof(buf));
	CHECK(strstr(buf, "\nCpus_allowed_list:\t0\n"));
}
