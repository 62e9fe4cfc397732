/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Real-time signals: queued in order with their values, lowest number first, the queue's limit.
 */
#include "ktest_user.h"

static int got[64], value[64], n;
static void on_rt(int s, siginfo_t *si, void *c)
{
	got[n] = s;
	value[n++] = si->si_int;
}
static void block_all(void)
{
	sigset_t m;

	sigfillset(&m);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
}
static void unblock_all(void)
{
	sigset_t m;

	sigemptyset(&m);
	CHECK_OK(sigprocmask(SIG_SETMASK, &m, NULL));
}
static void queue(int sig, int v)
{
	union sigval sv = { .sival_int = v };

	CHECK_OK(sigqueue(getpid(), sig, sv));
}
CASE(order)
{
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		kt_handle_info(s, on_rt, 0);
	block_all();
	queue(SIGRTMIN + 3, 1);
	queue(SIGRTMIN + 1, 2);
	queue(SIGRTMIN + 3, 3);
	queue(SIGRTMIN + 1, 4);
	queue(SIGRTMAX, 5);
	/* handlers nest: each later one interrupts the one before, so the last delivered runs first;
	   a full mask in the handlers would keep the order: set it */
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++) {
		struct sigaction sa = { .sa_sigaction = on_rt, .sa_flags = SA_SIGINFO };
		sigfillset(&sa.sa_mask);
		CHECK_OK(sigaction(s, &sa, NULL));
	}
	unblock_all();
	CHECK_EQ(n, 5);
	CHECK_EQ(value[0], 2);
	CHECK_EQ(value[1], 4);
	CHECK_EQ(value[2], 1);
	CHECK_EQ(value[3], 3);
	CHECK_EQ(value[4], 5);
	CHECK_EQ(got[4], SIGRTMAX);
}
CASE(standard_before_realtime)
{
	struct sigaction sa = { .sa_sigaction = on_rt, .sa_flags = SA_SIGINFO };

	sigfillset(&sa.sa_mask);
	CHECK_OK(sigaction(SIGRTMIN, &sa, NULL));
	CHECK_OK(sigaction(SIGUSR2, &sa, NULL));
	CHECK_OK(sigaction(SIGHUP, &sa, NULL));
	block_all();
	queue(SIGRTMIN, 1);
	CHECK_OK(kill(getpid(), SIGUSR2));
	CHECK_OK(kill(getpid(), SIGHUP));
	unblock_all();
	CHECK_EQ(got[0], SIGHUP);
	CHECK_EQ(got[1], SIGUSR2);
	CHECK_EQ(got[2], SIGRTMIN);
}
CASE(kill_queues_realtime_too)
{
	kt_handle_info(SIGRTMIN, on_rt, 0);
	block_all();
	for (int i = 0; i < 3; i++)
		CHECK_OK(kill(getpid(), SIGRTMIN));
	unblock_all();
	CHECK_EQ(n, 3);
}
CASE(limit)
{
	struct rlimit rl = { 10, 10 };
	union sigval v = { 0 };
	int k = 0;

	CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &rl));
	CHECK_OK(setresuid(7777, 7777, 7777));
	block_all();
	while (k < 100 && sigqueue(getpid(), SIGRTMIN, v) == 0)
		k++;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(k, 10);
	CHECK_OK(kill(getpid(), SIGUSR1));	/* kill always works */
	sigset_t m;
	CHECK_OK(sigpending(&m));
	CHECK_EQ(sigismember(&m, SIGUSR1), 1);
	CHECK_OK(kill(getpid(), SIGRTMIN) == 0 || errno == EAGAIN ? 0 : -1);
}
CASE(sigqueue_errors)
{
	siginfo_t si = { .si_code = SI_QUEUE };
	union sigval v = { 0 };
	pid_t p;

	CHECK_ERR(sigqueue(getpid(), 65, v), EINVAL);
	CHECK_ERR(sigqueue(4000000, SIGUSR1, v), ESRCH);
	CHECK_OK(sigqueue(getpid(), 0, v));
	CHILD(p)
		for (;;)
			pause();
	si.si_code = SI_USER;	/* only the kernel may say so, to another process */
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, p, SIGUSR1, &si), EPERM);
	si.si_code = SI_TKILL;
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, p, SIGUSR1, &si), EPERM);
	si.si_code = 5;
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, p, SIGUSR1, &si), EPERM);
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, p, SIGUSR1, 8), EFAULT);
	si.si_code = SI_QUEUE;
	CHECK_OK(syscall(SYS_rt_sigqueueinfo, p, SIGTERM, &si));
	WAIT_SIGNAL(p, SIGTERM);
	CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, getpid(), 4000000, SIGUSR1, &si), ESRCH);
	CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, 0, getpid(), SIGUSR1, &si), EINVAL);
}
