/* SPDX-License-Identifier: MPL-2.0 */
/* pidfd_open, poll on it, pidfd_send_signal, waitid P_PIDFD, pidfd_getfd. */
#include "ktest_user.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

CASE(poll_and_wait)
{
	int go[2], fd;
	siginfo_t si;
	pid_t p;

	CHECK_OK(pipe(go));
	CHILD(p) {
		char c;
		close(go[1]);
		read(go[0], &c, 1);
		_exit(9);
	}
	fd = syscall(SYS_pidfd_open, p, 0);
	if (fd < 0 && errno == ENOSYS)
		SKIP("no pidfd_open");
	CHECK_OK(fd);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	struct pollfd f = { fd, POLLIN, 0 };
	CHECK_EQ(poll(&f, 1, 0), 0);
	CHECK_OK(close(go[1]));
	CHECK_EQ(poll(&f, 1, -1), 1);
	CHECK_EQ(f.revents, POLLIN);
	CHECK_OK(waitid(P_PIDFD, fd, &si, WEXITED));
	CHECK_EQ(si.si_pid, p);
	CHECK_EQ(si.si_status, 9);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
}
CASE(signals)
{
	pid_t p;
	int fd;

	CHILD(p)
		for (;;)
			pause();
	fd = syscall(SYS_pidfd_open, p, 0);
	if (fd < 0 && errno == ENOSYS)
		SKIP("no pidfd_open");
	CHECK_OK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 99, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 1), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, 0, 0, NULL, 0), EBADF);
	CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	WAIT_SIGNAL(p, SIGTERM);
}
CASE(errors)
{
	if (syscall(SYS_pidfd_open, getpid(), 0) < 0 && errno == ENOSYS)
		SKIP("no pidfd_open");
	CHECK_ERR(syscall(SYS_pidfd_open, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_open, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_open, 4000000, 0), ESRCH);
	CHECK_ERR(syscall(SYS_pidfd_open, getpid(), 1), EINVAL);
}
