/* SPDX-License-Identifier: MPL-2.0 */
/*
 * execve takes apart what was shared: descriptor table, address space of vfork, threads, futex
 * lists.
 */
#include "ktest_user.h"

static char stack[65536] __attribute__((aligned(16)));
static int exec_it(void *x)
{
	execl("/test/aux/static", "static", "ok", "3", NULL);
	return 99;
}
CASE(files)
{
	int fd = CHECK_OK(open("/", O_RDONLY | O_CLOEXEC));
	pid_t p = clone(exec_it, stack + sizeof(stack), CLONE_FILES | CLONE_VM | CLONE_FS | SIGCHLD, NULL);

	CHECK_GT(p, 0);
	WAIT_EXIT(p, 3);
	CHECK_OK(fcntl(fd, F_GETFD));	/* its close-on-exec did not reach us */
}
CASE(sighand)
{
	struct sigaction sa;
	pid_t p;

	signal(SIGUSR1, (void (*)(int))0x1234567);
	p = clone(exec_it, stack + sizeof(stack), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
	CHECK_GT(p, 0);
	WAIT_EXIT(p, 3);
	CHECK_OK(sigaction(SIGUSR1, NULL, &sa));
	CHECK_EQ(sa.sa_handler, (void (*)(int))0x1234567);
}
static void *many(void *x)
{
	for (;;)
		sched_yield();
	return NULL;
}
CASE(busy_threads_are_ended)
{
	pthread_t t;
	pid_t p;

	for (int i = 0; i < 10; i++) {
		CHILD(p) {
			for (int k = 0; k < 4; k++)
				CHECK_EQ(pthread_create(&t, NULL, many, NULL), 0);
			exec_it(NULL);
		}
		WAIT_EXIT(p, 3);
	}
}
