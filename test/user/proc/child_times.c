/* SPDX-License-Identifier: MPL-2.0 */
/* CPU times of children: added when waited for, not before, grandchildren included. */
#include "ktest_user.h"

static void burn(long us)
{
	struct rusage ru;

	do
		CHECK_OK(getrusage(RUSAGE_SELF, &ru));
	while (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec < us);
}
static long children(void)
{
	struct rusage ru;

	CHECK_OK(getrusage(RUSAGE_CHILDREN, &ru));
	return ru.ru_utime.tv_usec + ru.ru_stime.tv_usec + (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000;
}
CASE(added_on_wait)
{
	pid_t p, q;

	CHILD(p) {
		CHILD(q)
			burn(30000);
		WAIT_EXIT(q, 0);
		burn(20000);
	}
	kt_wait_state(p, 0, "Z");
	CHECK_EQ(children(), 0);
	WAIT_EXIT(p, 0);
	CHECK_GE(children(), 50000);
	struct tms t;
	times(&t);
	CHECK_GE(t.tms_cutime + t.tms_cstime, 4);
}
CASE(not_when_ignored)
{
	pid_t p;
	int st;

	signal(SIGCHLD, SIG_IGN);
	CHILD(p)
		burn(20000);
	CHECK_ERR(waitpid(p, &st, 0), ECHILD);
	CHECK_EQ(children(), 0);
}
