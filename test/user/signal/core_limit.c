/* SPDX-License-Identifier: MPL-2.0 */
/* With a core size of zero no core is written and the core bit of the status stays clear. */
#include "ktest_user.h"

CASE(no_core)
{
	static const int sigs[] = { SIGSEGV, SIGABRT, SIGQUIT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGXCPU, SIGXFSZ };
	struct rlimit rl = { 0, 0 };
	int st;
	pid_t p;

	CHECK_OK(setrlimit(RLIMIT_CORE, &rl));
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		CHILD(p)
			kill(getpid(), sigs[i]);
		CHECK_EQ(waitpid(p, &st, 0), p);
		CHECK_EQ(st, sigs[i]);
	}
	CHECK_ERR(access("core", F_OK), ENOENT);
}
