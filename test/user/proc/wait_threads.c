/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Children and threads: any thread may wait, __WNOTHREAD only for its own, exit of the parent
 * thread.
 */
#include "ktest_user.h"

static _Atomic pid_t child;
static void *forker(void *x)
{
	pid_t p;

	CHILD(p)
		_exit(5);
	child = p;
	return NULL;
}
CASE(child_of_another_thread)
{
	pthread_t t;
	int st;

	CHECK_EQ(pthread_create(&t, NULL, forker, NULL), 0);
	pthread_join(t, NULL);	/* the thread that forked is gone, the process still is the parent */
	CHECK_EQ(waitpid(child, &st, 0), child);
	CHECK_EQ(WEXITSTATUS(st), 5);
}
static _Atomic int done;
static void *lasting(void *x)
{
	pid_t p;

	CHILD(p)
		_exit(6);
	child = p;
	while (!done)
		sched_yield();
	return NULL;
}
CASE(nothread)
{
	pthread_t t;
	int st;

	CHECK_EQ(pthread_create(&t, NULL, lasting, NULL), 0);
	while (!child)
		sched_yield();
	CHECK_ERR(syscall(SYS_wait4, child, &st, 0x20000000 /* __WNOTHREAD */, NULL), ECHILD);
	CHECK_EQ(waitpid(child, &st, 0), child);
	done = 1;
	pthread_join(t, NULL);
}
static void *waiter(void *x)
{
	int st;
	pid_t p = waitpid(-1, &st, 0);

	return (void *)(long)p;
}
CASE(two_waiters_one_child)
{
	pthread_t t[2];
	void *r[2];
	int go[2];
	char c;
	pid_t p;

	CHECK_OK(pipe(go));
	CHILD(p) {
		close(go[1]);
		read(go[0], &c, 1);
	}
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, waiter, NULL), 0);
	close(go[1]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], &r[i]);
	CHECK((r[0] == (void *)(long)p) + (r[1] == (void *)(long)p) == 1);
	CHECK((r[0] == (void *)-1L) + (r[1] == (void *)-1L) == 1);
}
