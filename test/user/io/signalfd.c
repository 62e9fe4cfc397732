/* SPDX-License-Identifier: MPL-2.0 */
/* signalfd: reading signals with their data, masks, blocking, several at once. */
#include "ktest_user.h"

static void block(int sig)
{
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, sig);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
}
CASE(kill_and_queue)
{
	struct signalfd_siginfo si[4];
	union sigval v = { .sival_int = 1234 };
	sigset_t m;
	int fd;

	block(SIGUSR1);
	block(SIGRTMIN);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigaddset(&m, SIGRTMIN);
	fd = CHECK_OK(signalfd(-1, &m, SFD_NONBLOCK | SFD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(read(fd, si, sizeof(si)), EAGAIN);
	CHECK_ERR(read(fd, si, 10), EINVAL);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_OK(sigqueue(getpid(), SIGRTMIN, v));
	v.sival_int++;
	CHECK_OK(sigqueue(getpid(), SIGRTMIN, v));
	struct pollfd f = { fd, POLLIN, 0 };
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(read(fd, si, sizeof(si)), 3 * sizeof(si[0]));
	CHECK_EQ(sizeof(si[0]), 128);
	CHECK_EQ(si[0].ssi_signo, SIGUSR1);
	CHECK_EQ(si[0].ssi_code, SI_USER);
	CHECK_EQ(si[0].ssi_pid, getpid());
	CHECK_EQ(si[0].ssi_uid, 0);
	CHECK_EQ(si[1].ssi_signo, SIGRTMIN);
	CHECK_EQ(si[1].ssi_code, SI_QUEUE);
	CHECK_EQ(si[1].ssi_int, 1234);
	CHECK_EQ(si[2].ssi_int, 1235);
}
CASE(child_exit)
{
	struct signalfd_siginfo si;
	sigset_t m;
	pid_t p;
	int fd;

	block(SIGCHLD);
	sigemptyset(&m);
	sigaddset(&m, SIGCHLD);
	fd = CHECK_OK(signalfd(-1, &m, 0));
	CHILD(p)
		_exit(7);
	CHECK_EQ(read(fd, &si, sizeof(si)), sizeof(si));
	CHECK_EQ(si.ssi_code, CLD_EXITED);
	CHECK_EQ(si.ssi_pid, p);
	CHECK_EQ(si.ssi_status, 7);
	WAIT_EXIT(p, 7);
}
CASE(mask_changed)
{
	struct signalfd_siginfo si;
	sigset_t m;
	int fd;

	block(SIGUSR1);
	block(SIGUSR2);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	fd = CHECK_OK(signalfd(-1, &m, SFD_NONBLOCK));
	CHECK_OK(raise(SIGUSR2));
	CHECK_ERR(read(fd, &si, sizeof(si)), EAGAIN);
	sigaddset(&m, SIGUSR2);
	CHECK_EQ(signalfd(fd, &m, 0), fd);
	CHECK_EQ(read(fd, &si, sizeof(si)), sizeof(si));
	CHECK_EQ(si.ssi_signo, SIGUSR2);
}
CASE(blocks_until_signalled)
{
	struct signalfd_siginfo si;
	sigset_t m;
	pid_t p;

	block(SIGUSR1);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHILD(p) {
		int fd = CHECK_OK(signalfd(-1, &m, 0));
		CHECK_EQ(read(fd, &si, sizeof(si)), sizeof(si));
		CHECK_EQ(si.ssi_pid, getppid());
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(errors)
{
	sigset_t m;

	sigemptyset(&m);
	CHECK_ERR(signalfd(0, &m, 0), EINVAL);
	CHECK_ERR(signalfd(99, &m, 0), EBADF);
	CHECK_ERR(signalfd(-1, &m, 0x100), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, -1, &m, 4, 0), EINVAL);
	CHECK_ERR(syscall(SYS_signalfd4, -1, 8, 8, 0), EFAULT);
}
