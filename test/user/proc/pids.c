/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Process numbers: unique while in use, growing, found by kill and /proc, threads share the
 * space.
 */
#include "ktest_user.h"

static _Atomic pid_t tid;
static void *thread(void *x)
{
	tid = gettid();
	return NULL;
}
CASE(unique)
{
	enum { N = 60 };
	pid_t p[N];
	pthread_t t;

	for (int i = 0; i < N; i++)
		CHILD(p[i])
			for (;;)
				pause();
	for (int i = 0; i < N; i++) {
		CHECK_OK(kill(p[i], 0));
		for (int k = 0; k < i; k++)
			CHECK_NE(p[i], p[k]);
	}
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	pthread_join(t, NULL);
	for (int i = 0; i < N; i++)
		CHECK_NE(tid, p[i]);
	for (int i = 0; i < N; i++) {
		CHECK_OK(kill(p[i], SIGKILL));
		WAIT_SIGNAL(p[i], SIGKILL);
		CHECK_ERR(kill(p[i], 0), ESRCH);
	}
}
CASE(reused_after_wrap)
{
	char old[32];
	pid_t p, last;
	bool wrapped = false;

	kt_get("/proc/sys/kernel/pid_max", old, sizeof(old));
	/* a small space just above where we are: the next processes wrap round */
	CHILD(p)
		_exit(0);
	WAIT_EXIT(p, 0);
	if (p > 30000)
		SKIP("too many processes before");
	char small[32];
	snprintf(small, sizeof(small), "%d\n", p + 50 > 310 ? p + 50 : 310);
	kt_put("/proc/sys/kernel/pid_max", small);
	last = p;
	for (int i = 0; i < 400 && !wrapped; i++) {
		CHILD(p)
			_exit(0);
		WAIT_EXIT(p, 0);
		CHECK_LT(p, atoi(small));
		CHECK_NE(p, getpid());
		CHECK_NE(p, getppid());
		wrapped = p < last;
		last = p;
	}
	kt_put("/proc/sys/kernel/pid_max", old);
	CHECK(wrapped);
	CHECK_GE(last, 300);	/* low numbers are left to the system's own */
}
