/* SPDX-License-Identifier: MPL-2.0 */
/*
 * flock: shared and exclusive, conversion, LOCK_NB, release by close, fork and dup sharing.
 */
#include "ktest_user.h"

CASE(exclusive)
{
	int a, b;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(flock(a, LOCK_EX));
	CHECK_OK(flock(a, LOCK_EX));
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EAGAIN);
	CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EAGAIN);
	CHECK_OK(flock(a, LOCK_SH));
	CHECK_OK(flock(b, LOCK_SH | LOCK_NB));
	CHECK_ERR(flock(a, LOCK_EX | LOCK_NB), EAGAIN);
	CHECK_OK(flock(b, LOCK_UN));
	CHECK_OK(flock(a, LOCK_EX | LOCK_NB));
	CHECK_OK(close(a));
	CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}
CASE(belongs_to_the_open_file)
{
	int a, b, d;
	pid_t p;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDONLY));
	b = CHECK_OK(open("f", O_RDONLY));
	d = CHECK_OK(dup(a));
	CHECK_OK(flock(a, LOCK_EX));
	CHECK_OK(flock(d, LOCK_EX | LOCK_NB));
	CHECK_OK(close(a));
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EAGAIN);
	CHILD(p)
		CHECK_OK(flock(d, LOCK_UN));	/* a child may release it */
	WAIT_EXIT(p, 0);
	CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}
static void on_usr1(int s) { }
CASE(waits_and_is_interrupted)
{
	int a, b;
	pid_t p;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDONLY));
	CHECK_OK(flock(a, LOCK_EX));
	CHILD(p) {
		b = CHECK_OK(open("f", O_RDONLY));
		kt_handle(SIGUSR1, on_usr1);
		CHECK_ERR(flock(b, LOCK_EX), EINTR);
		CHECK_OK(flock(b, LOCK_EX));
	}
	/* twice: the first signal may come before the handler is there only if not blocked yet */
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_BLOCKED(p);
	CHECK_OK(flock(a, LOCK_UN));
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	int a;

	kt_put("f", "");
	a = CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(flock(a, 0), EINVAL);
	CHECK_ERR(flock(a, LOCK_NB), EINVAL);
	CHECK_ERR(flock(a, LOCK_SH | LOCK_EX), EINVAL);
	CHECK_ERR(flock(-1, LOCK_SH), EBADF);
	CHECK_OK(flock(a, LOCK_UN));
	CHECK_OK(flock(CHECK_OK(open(".", O_RDONLY)), LOCK_EX));
}
