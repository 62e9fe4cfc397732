/* SPDX-License-Identifier: MPL-2.0 */
/* vfork: the parent waits, memory is shared, execve and _exit both release it. */
#include "ktest_user.h"

CASE(shared_and_waits)
{
	volatile int x = 1;
	pid_t p = vfork();

	if (p == 0) {
		x = 2;
		_exit(5);
	}
	CHECK_EQ(x, 2);
	WAIT_EXIT(p, 5);
}
CASE(execve_releases)
{
	char *argv[] = { "static", "ok", "6", NULL };
	pid_t p = vfork();

	if (p == 0) {
		execve("/test/aux/static", argv, argv + 3);
		_exit(99);
	}
	WAIT_EXIT(p, 6);
}
CASE(failed_execve_does_not)
{
	char *argv[] = { "x", NULL };
	volatile int after = 0;
	pid_t p = vfork();

	if (p == 0) {
		execve("/missing", argv, argv + 1);
		after = errno;
		_exit(3);
	}
	CHECK_EQ(after, ENOENT);
	WAIT_EXIT(p, 3);
}
CASE(killed_child_releases)
{
	pid_t p = vfork();

	if (p == 0) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	WAIT_SIGNAL(p, SIGKILL);
}
CASE(descriptors_are_apart)
{
	pid_t p = vfork();

	if (p == 0) {
		close(2);
		_exit(0);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(fcntl(2, F_GETFD));
}
