/* SPDX-License-Identifier: MPL-2.0 */
/*
 * rt_tgsigqueueinfo: value and sender reach the named thread; thread-directed before process-
 * directed.
 */
#include "ktest_user.h"

static _Atomic int value;
static __thread int id;
static _Atomic int who;
static void on_sig(int s, siginfo_t *si, void *c)
{
	value = si->si_value.sival_int;
	who = id;
}
static _Atomic pid_t tid;
static void *thread(void *x)
{
	id = 2;
	tid = gettid();
	while (!who)
		sched_yield();
	return NULL;
}
CASE(directed)
{
	siginfo_t si = { .si_code = SI_QUEUE };
	pthread_t t;

	id = 1;
	kt_handle_info(SIGUSR1, on_sig, 0);
	CHECK_EQ(pthread_create(&t, NULL, thread, NULL), 0);
	while (!tid)
		sched_yield();
	si.si_value.sival_int = 55;
	CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGUSR1, &si));
	pthread_join(t, NULL);
	CHECK_EQ(who, 2);
	CHECK_EQ(value, 55);
}
CASE(private_queue_first)
{
	union sigval v = { .sival_int = 1 };
	siginfo_t si = { .si_code = SI_QUEUE }, out;
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, SIGRTMIN);
	CHECK_OK(sigprocmask(SIG_BLOCK, &m, NULL));
	CHECK_OK(sigqueue(getpid(), SIGRTMIN, v));
	si.si_value.sival_int = 2;
	CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, &si));
	CHECK_EQ(sigwaitinfo(&m, &out), SIGRTMIN);
	CHECK_EQ(out.si_int, 2);
	CHECK_EQ(sigwaitinfo(&m, &out), SIGRTMIN);
	CHECK_EQ(out.si_int, 1);
}
