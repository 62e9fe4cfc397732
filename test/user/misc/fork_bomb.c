/* SPDX-License-Identifier: MPL-2.0 */
/* A fork bomb of an ordinary user under RLIMIT_NPROC ends in EAGAIN and can be killed. */
#include "ktest_user.h"

CASE(bounded)
{
	struct rlimit rl = { 40, 40 };
	_Atomic int *failed = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int full[2];
	char c;
	pid_t p;

	CHECK_OK(pipe(full));
	CHILD(p) {
		CHECK_OK(setpgid(0, 0));
		CHECK_OK(setrlimit(RLIMIT_NPROC, &rl));
		kt_become(31337, 31337);
		for (;;)
			if (fork() < 0 && errno == EAGAIN && ++*failed == 2000)
				write(full[1], "x", 1);
	}
	CHECK_EQ(read(full[0], &c, 1), 1);
	pid_t q;
	CHILD(q) {	/* another user is not affected */
		kt_become(31338, 31338);
		pid_t r;
		CHILD(r)
			_exit(3);
		WAIT_EXIT(r, 3);
	}
	WAIT_EXIT(q, 0);
	while (kill(-p, SIGKILL) == 0)
		if (waitpid(p, NULL, WNOHANG) > 0 && kill(-p, 0))
			break;
}
