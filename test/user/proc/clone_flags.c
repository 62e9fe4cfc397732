/* SPDX-License-Identifier: MPL-2.0 */
/* clone: each sharing flag, refused combinations, tid pointers, exit signal. */
#include "ktest_user.h"
#include <linux/sched.h>
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static char stack[65536] __attribute__((aligned(16)));
static int shared_value;

static int set_value(void *arg)
{
	shared_value = (long)arg;
	return 0;
}
static int do_chdir(void *arg) { umask(0); return chdir("/"); }
static int do_close(void *arg) { return close((long)arg); }
static void on_sig(int s) { }
static int do_signal(void *arg)
{
	signal(SIGUSR1, SIG_IGN);
	return 0;
}
static pid_t run(int (*fn)(void *), int flags, void *arg)
{
	return clone(fn, stack + sizeof(stack), flags, arg);
}
CASE(vm)
{
	pid_t p = CHECK_OK(run(set_value, CLONE_VM | SIGCHLD, (void *)5));

	WAIT_EXIT(p, 0);
	CHECK_EQ(shared_value, 5);
	p = CHECK_OK(run(set_value, SIGCHLD, (void *)6));
	WAIT_EXIT(p, 0);
	CHECK_EQ(shared_value, 5);
}
CASE(fs)
{
	char a[256], b[256];
	pid_t p;

	CHECK(getcwd(a, sizeof(a)));
	umask(077);
	p = CHECK_OK(run(do_chdir, SIGCHLD, NULL));
	WAIT_EXIT(p, 0);
	CHECK(getcwd(b, sizeof(b)));
	CHECK_STR(a, b);
	p = CHECK_OK(run(do_chdir, CLONE_FS | SIGCHLD, NULL));
	WAIT_EXIT(p, 0);
	CHECK(getcwd(b, sizeof(b)));
	CHECK_STR(b, "/");
	CHECK_EQ(umask(0), 0);
}
CASE(files)
{
	int fd = CHECK_OK(open("/", O_RDONLY));
	pid_t p = CHECK_OK(run(do_close, SIGCHLD, (void *)(long)fd));

	WAIT_EXIT(p, 0);
	CHECK_OK(fcntl(fd, F_GETFD));
	p = CHECK_OK(run(do_close, CLONE_FILES | SIGCHLD, (void *)(long)fd));
	WAIT_EXIT(p, 0);
	CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
}
CASE(sighand)
{
	struct sigaction sa;
	pid_t p;

	kt_handle(SIGUSR1, on_sig);
	p = CHECK_OK(run(do_signal, SIGCHLD, NULL));
	WAIT_EXIT(p, 0);
	CHECK_OK(sigaction(SIGUSR1, NULL, &sa));
	CHECK_EQ(sa.sa_handler, on_sig);
	p = CHECK_OK(run(do_signal, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
	WAIT_EXIT(p, 0);
	CHECK_OK(sigaction(SIGUSR1, NULL, &sa));
	CHECK_EQ(sa.sa_handler, SIG_IGN);
}
CASE(refused)
{
	CHECK_ERR(run(set_value, CLONE_SIGHAND | SIGCHLD, NULL), EINVAL);
	CHECK_ERR(run(set_value, CLONE_THREAD | CLONE_VM | SIGCHLD, NULL), EINVAL);
	CHECK_ERR(run(set_value, CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL), EINVAL);
	CHECK_ERR(run(set_value, CLONE_NEWUSER | CLONE_FS | SIGCHLD, NULL), EINVAL);
}
CASE(tid_pointers)
{
	pid_t parent_tid = 0, child_tid = 0, p;

	p = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &parent_tid,
		    &child_tid, 0);
	CHECK_GE(p, 0);
	if (p == 0)
		_exit(child_tid != getpid());
	CHECK_EQ(parent_tid, p);
	CHECK_EQ(child_tid, 0);
	WAIT_EXIT(p, 0);
}
CASE(exit_signal)
{
	sigset_t m;
	siginfo_t si;
	int st;
	pid_t p;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	p = CHECK_OK(run(set_value, SIGUSR1, NULL));
	CHECK_EQ(sigwaitinfo(&m, &si), SIGUSR1);
	CHECK_EQ(si.si_pid, p);
	CHECK_EQ(si.si_code, CLD_EXITED);
	CHECK_ERR(waitpid(p, &st, 0), ECHILD);	/* a "clone child" */
	CHECK_EQ(waitpid(p, &st, __WCLONE), p);
	p = CHECK_OK(run(set_value, 0, NULL));
	CHECK_EQ(waitpid(p, &st, __WALL), p);
}
CASE(parent_flag)
{
	int up[2];
	pid_t p, g;

	CHECK_OK(pipe(up));
	CHILD(p) {
		g = CHECK_OK(run(set_value, CLONE_PARENT | SIGCHLD, NULL));
		CHECK_EQ(write(up[1], &g, sizeof(g)), sizeof(g));
	}
	CHECK_EQ(read(up[0], &g, sizeof(g)), sizeof(g));
	WAIT_EXIT(g, 0);	/* our child, not our grandchild */
	WAIT_EXIT(p, 0);
}
CASE(pidfd)
{
	int fd = -1;
	pid_t p = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, 0);

	if (p == 0)
		_exit(3);
	if (p < 0 && errno == EINVAL)
		SKIP("no CLONE_PIDFD");
	CHECK_GE(fd, 0);
	struct pollfd f = { fd, POLLIN, 0 };
	CHECK_EQ(poll(&f, 1, -1), 1);
	WAIT_EXIT(p, 3);
}
