/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sigaction: values given back, refused signals, flags that are not ours, SA_RESETHAND,
 * SA_NODEFER.
 */
#include "ktest_user.h"

static volatile sig_atomic_t n, depth, maxdepth;
static void on_sig(int s) { n++; }
CASE(old_value)
{
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_RESTART }, old;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR2);
	CHECK_OK(sigaction(SIGUSR1, &sa, &old));
	CHECK_EQ(old.sa_handler, SIG_DFL);
	CHECK_OK(sigaction(SIGUSR1, NULL, &old));
	CHECK_EQ(old.sa_handler, on_sig);
	CHECK_EQ(old.sa_flags & SA_RESTART, SA_RESTART);
	CHECK_EQ(sigismember(&old.sa_mask, SIGUSR2), 1);
	CHECK_EQ(sigismember(&old.sa_mask, SIGUSR1), 0);
}
CASE(errors)
{
	struct { void *h; unsigned long flags; void *r; uint64_t mask; } k = { on_sig, 0, NULL, 0 }, o;

	CHECK_ERR(syscall(SYS_rt_sigaction, 0, &k, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, 65, &k, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, -1, NULL, &o, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGKILL, &k, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGSTOP, &k, NULL, 8), EINVAL);
	CHECK_OK(syscall(SYS_rt_sigaction, SIGKILL, NULL, &o, 8));
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, &k, NULL, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, 8, NULL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, 8, 8), EFAULT);
	CHECK_OK(syscall(SYS_rt_sigaction, 64, NULL, &o, 8));
}
CASE(resethand)
{
	struct sigaction sa = { .sa_handler = on_sig, .sa_flags = SA_RESETHAND };
	pid_t p;

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(n, 1);
	CHECK_OK(sigaction(SIGUSR1, NULL, &sa));
	CHECK_EQ(sa.sa_handler, SIG_DFL);
	CHILD(p)
		raise(SIGUSR1);
	WAIT_SIGNAL(p, SIGUSR1);
}
static void nest(int s)
{
	if (++depth > maxdepth)
		maxdepth = depth;
	if (n++ < 3)
		raise(s);
	depth--;
}
CASE(nodefer)
{
	struct sigaction sa = { .sa_handler = nest, .sa_flags = SA_NODEFER };

	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(maxdepth, 4);
	n = depth = maxdepth = 0;
	sa.sa_flags = 0;
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(maxdepth, 1);
	CHECK_EQ(n, 4);
}
CASE(unknown_flags_are_cleared)
{
	struct { void *h; unsigned long flags; void *r; uint64_t mask; } k = { on_sig, 0x04000000 | 0x00400000, NULL, -1ULL }, o;

	k.r = k.h;
	CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR2, &k, NULL, 8));
	CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &o, 8));
	CHECK_EQ(o.flags, 0x04000000);
	CHECK_EQ(o.mask, ~((1ULL << (SIGKILL - 1)) | (1ULL << (SIGSTOP - 1))));
}
CASE(setting_ignore_discards_pending)
{
	sigset_t m;

	sigfillset(&m);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	kt_handle(SIGUSR1, on_sig);
	CHECK_OK(raise(SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	CHECK_OK(sigpending(&m));
	CHECK_EQ(sigismember(&m, SIGUSR1), 0);
	kt_handle(SIGUSR1, on_sig);
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &m, NULL));
	CHECK_EQ(n, 0);
}
