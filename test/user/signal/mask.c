/* SPDX-License-Identifier: MPL-2.0 */
/* sigprocmask: how, KILL and STOP, mask in handlers, sigpending, per-thread masks. */
#include "ktest_user.h"

static volatile sig_atomic_t n;
static sigset_t inside;
static void on_sig(int s)
{
	n++;
	sigprocmask(SIG_SETMASK, NULL, &inside);
}
CASE(how)
{
	sigset_t a, b, cur;

	sigemptyset(&a);
	sigaddset(&a, SIGUSR1);
	sigemptyset(&b);
	sigaddset(&b, SIGUSR2);
	CHECK_OK(sigprocmask(SIG_SETMASK, &a, NULL));
	CHECK_OK(sigprocmask(SIG_BLOCK, &b, &cur));
	CHECK_EQ(sigismember(&cur, SIGUSR1) * 2 + sigismember(&cur, SIGUSR2), 2);
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &a, &cur));
	CHECK_EQ(sigismember(&cur, SIGUSR1) * 2 + sigismember(&cur, SIGUSR2), 3);
	CHECK_OK(sigprocmask(99, NULL, &cur));
	CHECK_EQ(sigismember(&cur, SIGUSR1) * 2 + sigismember(&cur, SIGUSR2), 1);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 99, &a, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &a, NULL, 16), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8), EFAULT);
}
CASE(kill_and_stop_cannot_be_blocked)
{
	uint64_t all = -1ULL, now;

	CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
	CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8));
	CHECK_EQ(now, ~((1ULL << (SIGKILL - 1)) | (1ULL << (SIGSTOP - 1))));
}
CASE(pending_until_unblocked)
{
	sigset_t m, pend;

	kt_handle(SIGUSR1, on_sig);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	for (int i = 0; i < 5; i++)
		CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_OK(sigpending(&pend));
	CHECK_EQ(sigismember(&pend, SIGUSR1), 1);
	CHECK_EQ(n, 0);
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &m, NULL));
	CHECK_EQ(n, 1);		/* ordinary signals do not queue */
	CHECK_OK(sigpending(&pend));
	CHECK_EQ(sigismember(&pend, SIGUSR1), 0);
	CHECK_ERR(syscall(SYS_rt_sigpending, 8, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigpending, &pend, 99), EINVAL);
}
CASE(in_the_handler)
{
	struct sigaction sa = { .sa_handler = on_sig };
	sigset_t cur;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGHUP);
	CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(sigismember(&inside, SIGUSR1), 1);
	CHECK_EQ(sigismember(&inside, SIGHUP), 1);
	CHECK_EQ(sigismember(&inside, SIGUSR2), 0);
	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &cur));
	CHECK_EQ(sigismember(&cur, SIGUSR1), 0);
	CHECK_EQ(sigismember(&cur, SIGHUP), 0);
}
static void *thread(void *x)
{
	sigset_t m;

	pthread_sigmask(SIG_SETMASK, NULL, &m);
	CHECK_EQ(sigismember(&m, SIGUSR1), 1);	/* inherited from the creator */
	sigemptyset(&m);
	pthread_sigmask(SIG_SETMASK, &m, NULL);
	return NULL;
}
CASE(threads_have_their_own)
{
	pthread_t t;
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	pthread_join(t, NULL);
	CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &m));
	CHECK_EQ(sigismember(&m, SIGUSR1), 1);
}
CASE(in_proc_status)
{
	static char buf[4096];
	sigset_t m;

	signal(SIGUSR1, SIG_IGN);
	kt_handle(SIGUSR2, on_sig);
	sigemptyset(&m);
	sigaddset(&m, SIGHUP);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(kill(getpid(), SIGHUP));
	kt_get("/proc/self/status", buf, sizeof(buf));
	CHECK(strstr(buf, "\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000000200\nSigCgt:\t0000000000000800\n"));
	CHECK(strstr(buf, "\nShdPnd:\t0000000000000001\n"));
	CHECK(strstr(buf, "\nSigPnd:\t0000000000000000\n"));
}
