/* SPDX-License-Identifier: MPL-2.0 */
/* prctl: names, dumpable, no_new_privs, timer slack, seccomp query, unknown options. */
#include "ktest_user.h"

CASE(name)
{
	char buf[32] = "", file[32];

	CHECK_OK(prctl(PR_SET_NAME, "a name longer than fifteen", 0, 0, 0));
	CHECK_OK(prctl(PR_GET_NAME, buf, 0, 0, 0));
	CHECK_STR(buf, "a name longer t");
	kt_get("/proc/self/comm", file, sizeof(file));
	CHECK_STR(file, "a name longer t\n");
	kt_put("/proc/self/comm", "written");
	CHECK_OK(prctl(PR_GET_NAME, buf, 0, 0, 0));
	CHECK_STR(buf, "written");
	CHECK_ERR(prctl(PR_SET_NAME, 8, 0, 0, 0), EFAULT);
}
CASE(dumpable)
{
	CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	CHECK_OK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
}
CASE(dumpable_after_setuid)
{
	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}
CASE(no_new_privs)
{
	pid_t p;

	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHILD(p)
		CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	WAIT_EXIT(p, 0);
}
CASE(timer_slack)
{
	pid_t p;

	CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1000);
	CHILD(p) {
		CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1000);
		CHECK_OK(prctl(PR_SET_TIMERSLACK, 5, 0, 0, 0));
		CHECK_OK(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));	/* back to the inherited default */
		CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1000);
	}
	WAIT_EXIT(p, 0);
}
CASE(unknown)
{
	CHECK_ERR(prctl(99999, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_CHILD_SUBREAPER, 8, 0, 0, 0), EFAULT);
}
CASE(tsc_and_thp)
{
	int v = 0;

	CHECK_OK(prctl(PR_GET_TSC, &v, 0, 0, 0));
	CHECK_EQ(v, PR_TSC_ENABLE);
	CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
}
