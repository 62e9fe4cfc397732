/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signals and threads: process signals go to one that wants them, tgkill to its own, SIGSTOP to
 * all.
 */
#include "ktest_user.h"

static _Atomic int ran[8];
static __thread int me;
static void on_sig(int s) { ran[me]++; }
static _Atomic int ready;
static void *worker(void *x)
{
	sigset_t m;

	me = (long)x;
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	if (me != 2)
		pthread_sigmask(SIG_BLOCK, &m, NULL);
	ready++;
	for (;;)
		pause();
	return NULL;
}
CASE(only_a_thread_that_does_not_block_it)
{
	pthread_t t;
	sigset_t m;

	kt_handle(SIGUSR1, on_sig);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &m, NULL), 0);
	for (long i = 1; i < 4; i++) {
		CHECK_EQ(pthread_create(&t, NULL, worker, (void *)i), 0);
		if (i == 2) {
			while (ready < 2)
				sched_yield();
		}
	}
	while (ready < 3)
		sched_yield();
	/* worker 2 inherited the blocked signal; unblock it there by a directed one is impossible, so
	   it sits pending for the process until somebody unblocks */
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(ran[2], 0);
	CHECK_OK(sigpending(&m));
	CHECK_EQ(sigismember(&m, SIGUSR1), 1);
	CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &m, NULL), 0);
	CHECK_EQ(ran[0], 1);
}
static void *open_worker(void *x)
{
	me = (long)x;
	ready++;
	while (!ran[me])
		sched_yield();
	return NULL;
}
CASE(reaches_the_open_one)
{
	pthread_t t;
	sigset_t m;

	kt_handle(SIGUSR1, on_sig);
	CHECK_EQ(pthread_create(&t, NULL, open_worker, (void *)5), 0);
	while (!ready)
		sched_yield();
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &m, NULL), 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	pthread_join(t, NULL);
	CHECK_EQ(ran[5], 1);
	CHECK_EQ(ran[0], 0);
}
CASE(directed)
{
	pthread_t t[3];

	kt_handle(SIGUSR1, on_sig);
	for (long i = 1; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i - 1], NULL, open_worker, (void *)i), 0);
	while (ready < 3)
		sched_yield();
	CHECK_EQ(pthread_kill(t[1], SIGUSR1), 0);
	pthread_join(t[1], NULL);
	CHECK_EQ(ran[1] + ran[3], 0);
	CHECK_EQ(ran[2], 1);
	CHECK_EQ(pthread_kill(t[0], SIGUSR1), 0);
	CHECK_EQ(pthread_kill(t[2], SIGUSR1), 0);
	pthread_join(t[0], NULL);
	pthread_join(t[2], NULL);
}
static void *hammer(void *x)
{
	for (int i = 0; i < 500; i++)
		kill(getpid(), SIGUSR1);
	return NULL;
}
CASE(storm)
{
	pthread_t t[3];

	kt_handle(SIGUSR1, on_sig);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, hammer, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK_GT(ran[0], 0);
}
CASE(handler_runs_in_a_busy_thread_at_once)
{
	/* the other thread never enters the kernel by itself */
	pthread_t t;

	kt_handle(SIGUSR1, on_sig);
	CHECK_EQ(pthread_create(&t, NULL, open_worker, (void *)6), 0);
	while (!ready)
		sched_yield();
	CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
	pthread_join(t, NULL);
	CHECK_EQ(ran[6], 1);
}
