/* SPDX-License-Identifier: MPL-2.0 */
/* waitid: id types, WNOWAIT, siginfo fields, WNOHANG result, errors. */
#include "ktest_user.h"

CASE(fields)
{
	siginfo_t si;
	pid_t p;

	CHILD(p) {
		CHECK_OK(setresuid(1000, 1000, 1000));
		_exit(300 & 0xff);
	}
	CHECK_OK(waitid(P_PID, p, &si, WEXITED | WNOWAIT));
	memset(&si, 0xff, sizeof(si));
	CHECK_OK(waitid(P_ALL, 0, &si, WEXITED));
	CHECK_EQ(si.si_signo, SIGCHLD);
	CHECK_EQ(si.si_errno, 0);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_EQ(si.si_pid, p);
	CHECK_EQ(si.si_uid, 1000);
	CHECK_EQ(si.si_status, 44);
	CHECK_ERR(waitid(P_PID, p, &si, WEXITED), ECHILD);
}
CASE(nohang_leaves_zeroes)
{
	siginfo_t si;
	pid_t p;

	CHILD(p)
		for (;;)
			pause();
	memset(&si, 0xff, sizeof(si));
	CHECK_OK(waitid(P_PID, p, &si, WEXITED | WNOHANG));
	CHECK_EQ(si.si_pid, 0);
	CHECK_EQ(si.si_signo, 0);
	CHECK_OK(kill(p, SIGKILL));
	CHECK_OK(syscall(SYS_waitid, P_PGID, getpgrp(), NULL, WEXITED, NULL));
}
CASE(errors)
{
	siginfo_t si;
	pid_t p;

	CHECK_ERR(waitid(P_ALL, 0, &si, WEXITED), ECHILD);
	CHECK_ERR(waitid(P_ALL, 0, &si, 0), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, &si, WNOHANG), EINVAL);
	CHECK_ERR(waitid(P_ALL, 0, &si, WEXITED | 0x100), EINVAL);
	CHECK_ERR(waitid(77, 0, &si, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PID, 0, &si, WEXITED), EINVAL);
	CHECK_ERR(waitid(P_PID, -1, &si, WEXITED), EINVAL);
	CHILD(p)
		_exit(0);
	kt_wait_state(p, 0, "Z");
	CHECK_ERR(syscall(SYS_waitid, P_PID, p, 8, WEXITED, NULL), EFAULT);
}
