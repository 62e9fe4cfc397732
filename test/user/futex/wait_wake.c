/* SPDX-License-Identifier: MPL-2.0 */
/* futex WAIT and WAKE: value check, counts, time-outs, private and shared, errors. */
#include "ktest_user.h"
#include <linux/futex.h>

static long futex(void *a, int op, unsigned v, void *t, void *a2, unsigned v3)
{
	return syscall(SYS_futex, a, op, v, t, a2, v3);
}
CASE(value_differs)
{
	unsigned w = 5;

	CHECK_ERR(futex(&w, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERR(futex(&w, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
	CHECK_EQ(futex(&w, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}
CASE(timeout)
{
	unsigned w = 5;
	struct timespec ts = { 0, 10000000 }, bad = { 0, 1000000000 };
	long long t = kt_now();

	CHECK_ERR(futex(&w, FUTEX_WAIT, 5, &ts, NULL, 0), ETIMEDOUT);
	CHECK_GE(kt_now() - t, 10000000);
	CHECK_ERR(futex(&w, FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL);
	ts = (struct timespec){ 0, 0 };
	CHECK_ERR(futex(&w, FUTEX_WAIT, 5, &ts, NULL, 0), ETIMEDOUT);
	/* WAIT_BITSET takes an absolute time */
	ts = (struct timespec){ 1, 0 };
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET, 5, &ts, NULL, -1U), ETIMEDOUT);
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &ts, NULL, -1U), ETIMEDOUT);
	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
	ts.tv_nsec += 10000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	CHECK_ERR(futex(&w, FUTEX_WAIT_BITSET, 5, &ts, NULL, -1U), ETIMEDOUT);
}
CASE(errors)
{
	unsigned w[2] = { 5, 5 };

	CHECK_ERR(futex((char *)w + 1, FUTEX_WAIT, 5, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex((void *)8, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex((void *)0xffff800000000000, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex((void *)8, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(w, 99, 5, NULL, NULL, 0), ENOSYS);
	CHECK_ERR(futex(w, FUTEX_WAIT, 5, (void *)8, NULL, 0), EFAULT);
	CHECK_ERR(futex(w, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex(w, FUTEX_WAKE_BITSET, 5, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex(w, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
}
static unsigned word;
static _Atomic int woken;
static void *waiter(void *x)
{
	*(_Atomic pid_t *)x = gettid();
	while (futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0)
		;
	woken++;
	return NULL;
}
CASE(counts)
{
	pthread_t t[5];
	_Atomic pid_t tid[5];

	for (int i = 0; i < 5; i++) {
		tid[i] = 0;
		CHECK_EQ(pthread_create(&t[i], NULL, waiter, (void *)&tid[i]), 0);
		while (!tid[i])
			sched_yield();
		WAIT_THREAD_BLOCKED(tid[i]);
	}
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0), 2);
	pthread_join(t[0], NULL);	/* first come, first served */
	pthread_join(t[1], NULL);
	CHECK_EQ(woken, 2);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 3);
	for (int i = 2; i < 5; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
}
CASE(between_processes)
{
	unsigned *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHILD(p)
		CHECK_OK(futex(m, FUTEX_WAIT, 0, NULL, NULL, 0));
	WAIT_BLOCKED(p);
	CHECK_EQ(futex(m, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);	/* a private key is another one */
	CHECK_EQ(futex(m, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	WAIT_EXIT(p, 0);
}
CASE(same_file_at_two_addresses)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	unsigned *a, *b;
	pid_t p;

	CHECK_OK(ftruncate(fd, 2 * PG));
	a = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PG);
	b = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PG);
	CHECK(a != MAP_FAILED && b != MAP_FAILED && a != b);
	CHILD(p)
		CHECK_OK(futex(a + 3, FUTEX_WAIT, 0, NULL, NULL, 0));
	WAIT_BLOCKED(p);
	CHECK_EQ(futex(b + 4, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	CHECK_EQ(futex(b + 3, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	WAIT_EXIT(p, 0);
}
CASE(read_only_mapping)
{
	unsigned *a = kt_map(1, PROT_READ | PROT_WRITE);

	a[0] = 1;
	CHECK_OK(mprotect(a, PG, PROT_READ));
	CHECK_ERR(futex(a, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
	CHECK_EQ(futex(a, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
}
static void on_sig(int s) { }
CASE(interrupted)
{
	struct timespec hour = { 3600, 0 };
	pid_t p;

	for (int restart = 0; restart < 2; restart++) {
		CHILD(p) {
			struct sigaction sa = { .sa_handler = on_sig, .sa_flags = restart ? SA_RESTART : 0 };
			unsigned w = 0;
			CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
			if (restart)	/* with a time-out even SA_RESTART gives EINTR */
				CHECK_ERR(futex(&w, FUTEX_WAIT, 0, &hour, NULL, 0), EINTR);
			else
				CHECK_ERR(futex(&w, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
		}
		WAIT_BLOCKED(p);
		CHECK_OK(kill(p, SIGUSR1));
		WAIT_EXIT(p, 0);
	}
}
CASE(bitsets)
{
	unsigned *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t a, b;

	CHILD(a)
		CHECK_OK(futex(m, FUTEX_WAIT_BITSET, 0, NULL, NULL, 1));
	CHILD(b)
		CHECK_OK(futex(m, FUTEX_WAIT_BITSET, 0, NULL, NULL, 6));
	WAIT_BLOCKED(a);
	WAIT_BLOCKED(b);
	CHECK_EQ(futex(m, FUTEX_WAKE_BITSET, 10, NULL, NULL, 8), 0);
	CHECK_EQ(futex(m, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
	WAIT_EXIT(b, 0);
	CHECK_EQ(futex(m, FUTEX_WAKE, 10, NULL, NULL, 0), 1);
	WAIT_EXIT(a, 0);
}
CASE(ping_pong)
{
	_Atomic unsigned *m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHILD(p)
		for (int i = 0; i < 2000; i++) {
			while (m[0] != 1)
				futex((void *)m, FUTEX_WAIT, 0, NULL, NULL, 0);
			m[0] = 0;
			futex((void *)m, FUTEX_WAKE, 1, NULL, NULL, 0);
		}
	for (int i = 0; i < 2000; i++) {
		while (m[0] != 0)
			futex((void *)m, FUTEX_WAIT, 1, NULL, NULL, 0);
		m[0] = 1;
		futex((void *)m, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	WAIT_EXIT(p, 0);
}
