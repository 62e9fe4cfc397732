/* SPDX-License-Identifier: MPL-2.0 */
/* Threads: creation, TLS, join, detach, ids, exit of one and of all, exit_group status. */
#include "ktest_user.h"

static __thread int tls = 5;
static __thread char big_tls[5000];
static void *body(void *x)
{
	CHECK_EQ(tls, 5);
	CHECK_EQ(big_tls[4999], 0);
	tls = (long)x;
	big_tls[4999] = 1;
	sched_yield();
	CHECK_EQ(tls, (long)x);
	return (void *)((long)x * 2);
}
CASE(create_and_join)
{
	pthread_t t[20];
	void *r;

	for (long i = 0; i < 20; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, body, (void *)i), 0);
	for (long i = 0; i < 20; i++) {
		CHECK_EQ(pthread_join(t[i], &r), 0);
		CHECK_EQ((long)r, 2 * i);
	}
	CHECK_EQ(tls, 5);
}
static void *ids(void *x)
{
	pid_t *p = x;

	p[0] = getpid();
	p[1] = gettid();
	p[2] = getppid();
	return NULL;
}
CASE(ids_of_threads)
{
	pthread_t t;
	pid_t p[3];

	CHECK_EQ(pthread_create(&t, NULL, ids, p), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(p[0], getpid());
	CHECK_NE(p[1], getpid());
	CHECK_EQ(p[2], getppid());
	CHECK_EQ(gettid(), getpid());
}
static void *sleeper(void *x)
{
	for (;;)
		pause();
	return NULL;
}
CASE(exit_group_ends_all)
{
	pthread_t t;
	pid_t p;

	CHILD(p) {
		for (int i = 0; i < 5; i++)
			CHECK_EQ(pthread_create(&t, NULL, sleeper, NULL), 0);
		_exit(33);
	}
	WAIT_EXIT(p, 33);
}
static void *exiter(void *x)
{
	_exit(44);
	return NULL;
}
CASE(exit_group_from_a_thread)
{
	pthread_t t;
	pid_t p;

	CHILD(p) {
		CHECK_EQ(pthread_create(&t, NULL, exiter, NULL), 0);
		for (;;)
			pause();
	}
	WAIT_EXIT(p, 44);
}
static void *late(void *x)
{
	kt_wait_state(getpid(), 0, "Z");	/* the leader is gone, the process is not */
	_exit(55);
	return NULL;
}
CASE(leader_exits_first)
{
	pthread_t t;
	pid_t p;

	CHILD(p) {
		CHECK_EQ(pthread_create(&t, NULL, late, NULL), 0);
		syscall(SYS_exit, 7);
	}
	WAIT_EXIT(p, 55);
}
CASE(fatal_signal_kills_all)
{
	pthread_t t;
	pid_t p;

	CHILD(p) {
		for (int i = 0; i < 3; i++)
			CHECK_EQ(pthread_create(&t, NULL, sleeper, NULL), 0);
		kill(getpid(), SIGTERM);
		for (;;)
			pause();
	}
	WAIT_SIGNAL(p, SIGTERM);
}
static void *execer(void *x)
{
	char *argv[] = { "static", "ok", "12", NULL };

	execve("/test/aux/static", argv, argv + 3);
	return NULL;
}
CASE(execve_from_a_thread)
{
	pthread_t t;
	pid_t p;

	CHILD(p) {
		CHECK_EQ(pthread_create(&t, NULL, sleeper, NULL), 0);
		CHECK_EQ(pthread_create(&t, NULL, execer, NULL), 0);
		for (;;)
			pause();
	}
	WAIT_EXIT(p, 12);	/* under the leader's pid */
}
static void *nothing(void *x) { return NULL; }
CASE(many_times)
{
	pthread_t t[8];

	for (int i = 0; i < 60; i++) {
		for (int k = 0; k < 8; k++)
			CHECK_EQ(pthread_create(&t[k], NULL, nothing, NULL), 0);
		for (int k = 0; k < 8; k++)
			CHECK_EQ(pthread_join(t[k], NULL), 0);
	}
}
CASE(task_directory)
{
	pthread_t t[3];
	char path[64];
	DIR *d;
	struct dirent *e;
	int n = 0;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, sleeper, NULL), 0);
	d = opendir("/proc/self/task");
	CHECK(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	CHECK_EQ(n, 4);
	CHECK_EQ(kt_field("/proc/self/status", "Threads"), 4);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	CHECK_OK(access(path, R_OK));
}
CASE(set_tid_address)
{
	int x;

	CHECK_EQ(syscall(SYS_set_tid_address, &x), getpid());
}
