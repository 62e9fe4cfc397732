/* SPDX-License-Identifier: MPL-2.0 */
/* poll: events of pipes, files and closed descriptors, timeouts, limits, interruption. */
#include "ktest_user.h"

CASE(pipe_events)
{
	int p[2];
	struct pollfd f[2];
	static char big[65536];

	CHECK_OK(pipe(p));
	f[0] = (struct pollfd){ p[0], POLLIN, 0 };
	f[1] = (struct pollfd){ p[1], POLLOUT, 0 };
	CHECK_EQ(poll(f, 2, 0), 1);
	CHECK_EQ(f[0].revents, 0);
	CHECK_EQ(f[1].revents, POLLOUT);
	CHECK_EQ(write(p[1], big, sizeof(big)), 65536);
	CHECK_EQ(poll(f, 2, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN);
	CHECK_EQ(f[1].revents, 0);
	f[0].events = POLLIN | POLLRDNORM | POLLPRI | POLLOUT;
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN | POLLRDNORM);
	CHECK_OK(close(p[1]));
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLIN | POLLRDNORM | POLLHUP);
	CHECK_EQ(read(p[0], big, 65536), 65536);
	CHECK_EQ(poll(f, 1, 0), 1);
	CHECK_EQ(f[0].revents, POLLHUP);
}
CASE(writer_without_reader)
{
	int p[2];
	struct pollfd f;

	CHECK_OK(pipe(p));
	CHECK_OK(close(p[0]));
	f = (struct pollfd){ p[1], POLLOUT, 0 };
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(f.revents, POLLOUT | POLLERR);
	f.events = 0;
	CHECK_EQ(poll(&f, 1, -1), 1);
	CHECK_EQ(f.revents, POLLERR);
}
CASE(bad_and_negative_descriptors)
{
	struct pollfd f[3] = { { -1, POLLIN, 77 }, { 900, POLLIN, 0 }, { -5, 0, 0 } };

	CHECK_EQ(poll(f, 3, -1), 1);
	CHECK_EQ(f[0].revents, 0);
	CHECK_EQ(f[1].revents, POLLNVAL);
}
CASE(regular_files_are_always_ready)
{
	struct pollfd f[2];

	kt_put("f", "");
	f[0] = (struct pollfd){ CHECK_OK(open("f", O_RDWR)), POLLIN | POLLOUT | POLLPRI, 0 };
	f[1] = (struct pollfd){ CHECK_OK(open(".", O_RDONLY)), POLLIN | POLLOUT, 0 };
	CHECK_EQ(poll(f, 2, 0), 2);
	CHECK_EQ(f[0].revents, POLLIN | POLLOUT);
	CHECK_EQ(f[1].revents, POLLIN | POLLOUT);
}
CASE(timeout)
{
	long long t = kt_now();

	CHECK_EQ(poll(NULL, 0, 30), 0);
	CHECK_GE(kt_now() - t, 30000000);
	CHECK_EQ(poll(NULL, 0, 0), 0);
}
static void on_sig(int s) { }
CASE(interrupted_even_with_restart)
{
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_RESTART };
	pid_t p;

	CHILD(p) {
		CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
		CHECK_ERR(poll(NULL, 0, -1), EINTR);
	}
	WAIT_BLOCKED(p);
	CHECK_OK(kill(p, SIGUSR1));
	WAIT_EXIT(p, 0);
}
CASE(woken_by_another_process)
{
	int p[2];
	pid_t pid;

	CHECK_OK(pipe(p));
	CHILD(pid) {
		struct pollfd f = { p[0], POLLIN, 0 };
		CHECK_EQ(poll(&f, 1, -1), 1);
		CHECK_EQ(f.revents, POLLIN);
	}
	WAIT_BLOCKED(pid);
	CHECK_EQ(write(p[1], "x", 1), 1);
	WAIT_EXIT(pid, 0);
}
CASE(errors)
{
	struct rlimit rl;

	CHECK_ERR(syscall(SYS_poll, 8, 1, 0), EFAULT);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &rl));
	CHECK_ERR(syscall(SYS_poll, NULL, rl.rlim_cur + 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_poll, NULL, -1, 0), EINVAL);
}
CASE(ppoll_mask_and_timeout)
{
	struct timespec ts = { 0, 20000000 }, bad = { 0, 1000000000 };
	sigset_t m, all;
	pid_t p;

	CHECK_EQ(syscall(SYS_ppoll, NULL, 0, &ts, NULL, 8), 0);
	CHECK_EQ(ts.tv_nsec, 0);	/* the remaining time is written back */
	CHECK_ERR(syscall(SYS_ppoll, NULL, 0, &bad, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_ppoll, NULL, 0, NULL, &m, 4), EINVAL);
	CHILD(p) {
		kt_handle(SIGUSR1, on_sig);
		sigfillset(&all);
		CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
		CHECK_OK(raise(SIGUSR1));
		sigfillset(&m);
		sigdelset(&m, SIGUSR1);
		CHECK_ERR(ppoll(NULL, 0, NULL, &m), EINTR);
		CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &m));
		CHECK_EQ(sigismember(&m, SIGUSR1), 1);
	}
	WAIT_EXIT(p, 0);
}
