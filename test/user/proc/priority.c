/* SPDX-License-Identifier: MPL-2.0 */
/* nice, getpriority, setpriority: ranges, who, permissions. */
#include "ktest_user.h"

CASE(values)
{
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 15);	/* the raw call says 20 - nice */
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 100));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -100));
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), -20);
}
CASE(groups_and_users)
{
	pid_t p;

	CHILD(p) {
		CHECK_OK(setpgid(0, 0));
		CHECK_OK(setpriority(PRIO_PGRP, 0, 3));
		CHECK_EQ(getpriority(PRIO_PGRP, getpid()), 3);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 3);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		kt_become(5555, 5555);
		CHECK_OK(setpriority(PRIO_USER, 5555, 4));
		CHECK_EQ(getpriority(PRIO_USER, 0), 4);
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 4);
	}
	WAIT_EXIT(p, 0);
}
CASE(permissions)
{
	pid_t p;

	CHILD(p) {
		kt_become(1000, 1000);
		CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
		CHECK_ERR(setpriority(PRIO_PROCESS, 0, 4), EACCES);
		CHECK_ERR(setpriority(PRIO_PROCESS, 1, 10), EPERM);
	}
	WAIT_EXIT(p, 0);
	CHILD(p) {
		struct rlimit rl = { 20, 20 };
		CHECK_OK(setrlimit(RLIMIT_NICE, &rl));
		kt_become(1000, 1000);
		CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
		CHECK_OK(setpriority(PRIO_PROCESS, 0, 0));
		CHECK_ERR(setpriority(PRIO_PROCESS, 0, -1), EACCES);
	}
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	CHECK_ERR(getpriority(9, 0), EINVAL);
	CHECK_ERR(setpriority(9, 0, 0), EINVAL);
	CHECK_ERR(getpriority(PRIO_PROCESS, 4000000), ESRCH);
	CHECK_ERR(setpriority(PRIO_PROCESS, 4000000, 0), ESRCH);
}
CASE(weight_shows)
{
	_Atomic long *n = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int done[2];
	cpu_set_t one;
	pid_t p[2];
	char c;

	CHECK_OK(pipe(done));
	/* two loops on one CPU: nice 0 gets far more than nice 19 (about 68 to 1) */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	for (int i = 0; i < 2; i++)
		CHILD(p[i]) {
			CHECK_OK(setpriority(PRIO_PROCESS, 0, i ? 19 : 0));
			n[10 + i] = 1;
			while (!n[10] || !n[11])
				sched_yield();
			for (;;)
				if (++n[i] == 30000000 && i == 0)
					write(done[1], "x", 1);
		}
	CHECK_EQ(read(done[0], &c, 1), 1);
	CHECK_GT(n[0], 4 * n[1]);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(kill(p[i], SIGKILL));
		WAIT_SIGNAL(p[i], SIGKILL);
	}
}
