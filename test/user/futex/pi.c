/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Priority-inheritance futexes: LOCK_PI, TRYLOCK_PI, UNLOCK_PI, errors; skipped where absent.
 */
#include "ktest_user.h"
#include <linux/futex.h>

static long futex(void *a, int op, unsigned v, void *t) { return syscall(SYS_futex, a, op, v, t, NULL, 0); }
CASE(lock)
{
	unsigned *w = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	SKIP_IF_ENOSYS(futex(w, FUTEX_TRYLOCK_PI, 0, NULL));
	CHECK_EQ(*w, gettid());
	CHECK_ERR(futex(w, FUTEX_LOCK_PI, 0, NULL), EDEADLK);
	CHILD(p) {
		CHECK_ERR(futex(w, FUTEX_TRYLOCK_PI, 0, NULL), EAGAIN);
		CHECK_ERR(futex(w, FUTEX_UNLOCK_PI, 0, NULL), EPERM);
		CHECK_OK(futex(w, FUTEX_LOCK_PI, 0, NULL));
		CHECK_EQ(*w & FUTEX_TID_MASK, gettid());
		CHECK_OK(futex(w, FUTEX_UNLOCK_PI, 0, NULL));
	}
	WAIT_BLOCKED(p);
	CHECK_EQ(*w & FUTEX_WAITERS, FUTEX_WAITERS);
	CHECK_OK(futex(w, FUTEX_UNLOCK_PI, 0, NULL));
	WAIT_EXIT(p, 0);
	CHECK_EQ(*w & FUTEX_TID_MASK, 0);
}
CASE(bad_owner)
{
	unsigned w = 4000000;

	SKIP_IF_ENOSYS(futex(&(unsigned){ 0 }, FUTEX_TRYLOCK_PI, 0, NULL));
	CHECK_ERR(futex(&w, FUTEX_LOCK_PI, 0, NULL), ESRCH);
}

/* --- inheritance; the processes share a page of words --- */
static _Atomic unsigned *m;

static long fx(int i, int op, unsigned v, void *t) { return futex((void *)(m + i), op, v, t); }
static void setup(void)
{
	m = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	SKIP_IF_ENOSYS(fx(100, FUTEX_TRYLOCK_PI, 0, NULL));
	CHECK_OK(fx(100, FUTEX_UNLOCK_PI, 0, NULL));
}
static int prio_of(pid_t p)
{
	char path[32], buf[512], *s;
	int v;

	snprintf(path, sizeof(path), "/proc/%d/stat", p);
	kt_get(path, buf, sizeof(buf));
	s = strrchr(buf, ')');
	CHECK_EQ(sscanf(s + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %d", &v), 1);
	return v;
}
static void set_rt(int prio)
{
	struct sched_param sp = { .sched_priority = prio };

	/* musl's own wrapper refuses */
	CHECK_OK(syscall(SYS_sched_setscheduler, 0, prio ? SCHED_FIFO : SCHED_OTHER, &sp));
}
/* A child that takes word `first` (or none: -1), waits for word `then`, notes its turn, and gives all back. */
static pid_t locker(int prio, int first, int then)
{
	pid_t p;

	CHILD(p) {
		set_rt(prio);
		if (first >= 0)
			CHECK_OK(fx(first, FUTEX_LOCK_PI, 0, NULL));
		CHECK_OK(fx(then, FUTEX_LOCK_PI, 0, NULL));
		m[200 + m[199]++] = (unsigned)prio;
		CHECK_OK(fx(then, FUTEX_UNLOCK_PI, 0, NULL));
		if (first >= 0)
			CHECK_OK(fx(first, FUTEX_UNLOCK_PI, 0, NULL));
	}
	WAIT_BLOCKED(p);
	return p;
}
CASE(owner_inherits_and_gives_back)
{
	pid_t a, b;

	setup();
	CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
	CHECK_EQ(prio_of(getpid()), 20);
	a = locker(30, -1, 0);
	CHECK_EQ(prio_of(getpid()), -31);
	b = locker(40, -1, 0);
	CHECK_EQ(prio_of(getpid()), -41);
	CHECK_EQ(m[0], (unsigned)getpid() | FUTEX_WAITERS);
	/* a child does not inherit what was inherited */
	pid_t c;
	CHILD(c)
		CHECK_EQ(prio_of(getpid()), 20);
	WAIT_EXIT(c, 0);
	CHECK_EQ(sched_getscheduler(0) == SCHED_OTHER || errno == ENOSYS, 1);
	CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	CHECK_EQ(prio_of(getpid()), 20);
	WAIT_EXIT(a, 0);
	WAIT_EXIT(b, 0);
	CHECK_EQ(m[200], 40);		/* the higher one first */
	CHECK_EQ(m[201], 30);
}
CASE(waiters_by_priority)
{
	static const int prio[] = { 10, 30, 20, 0, 25 }, order[] = { 30, 25, 20, 10, 0 };
	pid_t p[5];

	setup();
	CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
	for (int i = 0; i < 5; i++)
		p[i] = locker(prio[i], -1, 0);
	CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	for (int i = 0; i < 5; i++)
		WAIT_EXIT(p[i], 0);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(m[200 + i], order[i]);
}
CASE(chain)
{
	pid_t a, b, c;

	setup();
	CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
	a = locker(0, 1, 0);
	b = locker(5, 2, 1);
	CHECK_EQ(prio_of(getpid()), -6);
	c = locker(50, -1, 2);
	CHECK_EQ(prio_of(b), -51);
	CHECK_EQ(prio_of(a), -51);
	CHECK_EQ(prio_of(getpid()), -51);
	/* the last in the chain gives up: all fall back */
	CHECK_OK(kill(c, SIGKILL));
	WAIT_SIGNAL(c, SIGKILL);
	CHECK_EQ(prio_of(b), -6);
	CHECK_EQ(prio_of(getpid()), -6);
	/* a waiter's own priority changes */
	struct sched_param sp = { .sched_priority = 60 };
	CHECK_OK(syscall(SYS_sched_setscheduler, b, SCHED_FIFO, &sp));
	CHECK_EQ(prio_of(a), -61);
	CHECK_EQ(prio_of(getpid()), -61);
	CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	WAIT_EXIT(a, 0);
	WAIT_EXIT(b, 0);
}
CASE(cycle_is_refused)
{
	pid_t a, b;

	setup();
	CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
	a = locker(0, 1, 0);
	b = locker(0, 2, 1);
	CHECK_ERR(fx(1, FUTEX_LOCK_PI, 0, NULL), EDEADLK);
	CHECK_ERR(fx(2, FUTEX_LOCK_PI, 0, NULL), EDEADLK);
	CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	WAIT_EXIT(a, 0);
	WAIT_EXIT(b, 0);
}
CASE(timeouts)
{
	struct timespec ts;
	pid_t p;

	setup();
	CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
	CHILD(p) {
		set_rt(9);
		CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
		ts.tv_nsec += 20000000;
		if (ts.tv_nsec >= 1000000000)
			ts.tv_sec++, ts.tv_nsec -= 1000000000;
		CHECK_ERR(fx(0, FUTEX_LOCK_PI, 0, &ts), ETIMEDOUT);
		CHECK_EQ(prio_of(getppid()), 20);
		CHECK_ERR(fx(0, 13 | FUTEX_CLOCK_REALTIME, 0, &ts), ETIMEDOUT);
		CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
		CHECK_ERR(fx(0, 13 /* LOCK_PI2 */, 0, &ts), ETIMEDOUT);
		ts.tv_nsec = 1000000000;
		CHECK_ERR(fx(0, FUTEX_LOCK_PI, 0, &ts), EINVAL);
		CHECK_ERR(fx(0, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL), ENOSYS);
	}
	WAIT_EXIT(p, 0);
	CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
}
CASE(owner_dies)
{
	pid_t o, w;
	unsigned tid;

	setup();
	CHILD(o) {
		CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
		for (;;)
			pause();
	}
	while (!m[0])
		sched_yield();
	CHILD(w) {
		CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
		CHECK_EQ(m[0] & ~FUTEX_WAITERS, (unsigned)getpid() | FUTEX_OWNER_DIED);
		CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	}
	WAIT_BLOCKED(w);
	CHECK_OK(kill(o, SIGKILL));
	WAIT_SIGNAL(o, SIGKILL);
	WAIT_EXIT(w, 0);
	/* without a waiter nobody is told: the number stays in the word */
	CHILD(o)
		CHECK_OK(fx(1, FUTEX_LOCK_PI, 0, NULL));
	WAIT_EXIT(o, 0);
	tid = m[1];
	CHECK_EQ(tid, (unsigned)o);
	CHECK_ERR(fx(1, FUTEX_LOCK_PI, 0, NULL), ESRCH);
	CHECK_ERR(fx(1, FUTEX_TRYLOCK_PI, 0, NULL), ESRCH);
	/* what a robust list leaves behind can be taken */
	m[2] = FUTEX_OWNER_DIED;
	CHECK_OK(fx(2, FUTEX_LOCK_PI, 0, NULL));
	CHECK_EQ(m[2], (unsigned)getpid() | FUTEX_OWNER_DIED);
	CHECK_OK(fx(2, FUTEX_UNLOCK_PI, 0, NULL));
	CHECK_EQ(m[2], 0);
}
CASE(kinds_do_not_mix)
{
	pid_t p;

	setup();
	CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
	p = locker(0, -1, 0);
	CHECK_ERR(fx(0, FUTEX_WAKE, 1, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_futex, m, FUTEX_REQUEUE, 1, 1, m + 5, 0), EINVAL);
	CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	WAIT_EXIT(p, 0);
	/* a plain waiter on the word */
	m[3] = 7;
	CHILD(p)
		CHECK_OK(fx(3, FUTEX_WAIT, 7, NULL));
	WAIT_BLOCKED(p);
	CHECK_ERR(fx(3, FUTEX_LOCK_PI, 0, NULL), EINVAL);
	m[3] = (unsigned)getpid();
	CHECK_ERR(fx(3, FUTEX_UNLOCK_PI, 0, NULL), EINVAL);
	CHECK_EQ(fx(3, FUTEX_WAKE, 1, NULL), 1);
	WAIT_EXIT(p, 0);
}
CASE(arguments)
{
	unsigned *ro = mmap(NULL, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setup();
	CHECK_ERR(futex((char *)m + 1, FUTEX_LOCK_PI, 0, NULL), EINVAL);
	CHECK_ERR(futex((void *)8, FUTEX_LOCK_PI, 0, NULL), EFAULT);
	CHECK_ERR(futex((void *)8, FUTEX_UNLOCK_PI, 0, NULL), EFAULT);
	CHECK_ERR(futex(ro, FUTEX_LOCK_PI, 0, NULL), EFAULT);
	CHECK_ERR(fx(0, FUTEX_UNLOCK_PI, 0, NULL), EPERM);
	m[0] = 2;			/* a kernel thread */
	CHECK_ERR(fx(0, FUTEX_LOCK_PI, 0, NULL), EPERM);
}
CASE(killed_waiter_leaves_the_lock_usable)
{
	pid_t p;

	setup();
	for (int i = 0; i < 50; i++) {
		CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
		CHILD(p) {
			if (!fx(0, FUTEX_LOCK_PI, 0, NULL))
				fx(0, FUTEX_UNLOCK_PI, 0, NULL);
		}
		if (i % 2)
			WAIT_BLOCKED(p);
		CHECK_OK(kill(p, SIGKILL));
		WAIT_SIGNAL(p, SIGKILL);
		CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
	}
}
CASE(contended)
{
	pid_t p[6];

	setup();
	for (int i = 0; i < 6; i++)
		CHILD(p[i])
			for (int n = 0; n < 500; n++) {
				unsigned zero = 0, me = (unsigned)getpid();

				if (!atomic_compare_exchange_strong(m, &zero, me))
					CHECK_OK(fx(0, FUTEX_LOCK_PI, 0, NULL));
				unsigned v = m[10];
				if (n % 16 == 0)
					sched_yield();
				m[10] = v + 1;
				if (!atomic_compare_exchange_strong(m, &me, 0))
					CHECK_OK(fx(0, FUTEX_UNLOCK_PI, 0, NULL));
			}
	for (int i = 0; i < 6; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(m[10], 3000);
}

/* --- condition variables --- */
static long requeue_pi(int from, int to, int wake, int move, unsigned val)
{
	return syscall(SYS_futex, m + from, FUTEX_CMP_REQUEUE_PI, wake, (long)move, m + to, val);
}
static pid_t cond_waiter(int prio, int on, int lock)
{
	pid_t p;

	CHILD(p) {
		set_rt(prio);
		CHECK_OK(syscall(SYS_futex, m + on, FUTEX_WAIT_REQUEUE_PI, 0, NULL, m + lock, 0));
		CHECK_EQ(m[lock] & FUTEX_TID_MASK, getpid());
		m[200 + m[199]++] = (unsigned)prio;
		CHECK_OK(fx(lock, FUTEX_UNLOCK_PI, 0, NULL));
	}
	WAIT_BLOCKED(p);
	return p;
}
CASE(requeue_to_a_free_lock)
{
	pid_t p[3];

	setup();
	for (int i = 0; i < 3; i++)
		p[i] = cond_waiter(10 * (i + 1), 0, 1);
	CHECK_ERR(requeue_pi(0, 1, 1, 5, 99), EAGAIN);
	CHECK_EQ(requeue_pi(0, 1, 1, 5, 0), 3);
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(m[199], 3);
}
CASE(requeue_to_a_held_lock)
{
	pid_t p[3];

	setup();
	CHECK_OK(fx(1, FUTEX_LOCK_PI, 0, NULL));
	for (int i = 0; i < 3; i++)
		p[i] = cond_waiter(10 * (i + 1), 0, 1);
	CHECK_EQ(requeue_pi(0, 1, 1, 0, 0), 1);
	CHECK_EQ(requeue_pi(0, 1, 1, INT_MAX, 0), 2);
	CHECK_EQ(prio_of(getpid()), -31);
	CHECK_OK(fx(1, FUTEX_UNLOCK_PI, 0, NULL));
	for (int i = 0; i < 3; i++)
		WAIT_EXIT(p[i], 0);
	CHECK_EQ(m[200], 30);
	CHECK_EQ(m[201], 20);
	CHECK_EQ(m[202], 10);
}
CASE(requeue_errors)
{
	struct timespec ts;
	pid_t p;

	setup();
	CHECK_ERR(requeue_pi(0, 0, 1, 1, 0), EINVAL);
	CHECK_ERR(requeue_pi(0, 1, 2, 1, 0), EINVAL);
	CHECK_ERR(requeue_pi(0, 1, 1, -1, 0), EINVAL);
	CHECK_EQ(requeue_pi(0, 1, 1, 1, 0), 0);
	CHECK_ERR(syscall(SYS_futex, m, FUTEX_WAIT_REQUEUE_PI, 0, NULL, m, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, m, FUTEX_WAIT_REQUEUE_PI, 5, NULL, m + 1, 0), EAGAIN);
	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &ts));
	CHECK_ERR(syscall(SYS_futex, m, FUTEX_WAIT_REQUEUE_PI, 0, &ts, m + 1, 0), ETIMEDOUT);
	p = cond_waiter(0, 0, 1);
	CHECK_ERR(requeue_pi(0, 2, 1, 1, 0), EINVAL);	/* it waits for another lock */
	CHECK_ERR(fx(0, FUTEX_WAKE, 1, NULL), EINVAL);
	CHECK_EQ(requeue_pi(0, 1, 1, 1, 0), 1);
	WAIT_EXIT(p, 0);
	/* plain waiters are not moved */
	CHILD(p)
		CHECK_OK(fx(0, FUTEX_WAIT, 0, NULL));
	WAIT_BLOCKED(p);
	CHECK_ERR(requeue_pi(0, 1, 1, 1, 0), EINVAL);
	CHECK_EQ(fx(0, FUTEX_WAKE, 1, NULL), 1);
	WAIT_EXIT(p, 0);
}
CASE(pthread_mutex)
{
	pthread_mutexattr_t a;
	pthread_mutex_t mx;

	setup();
	CHECK_EQ(pthread_mutexattr_init(&a), 0);
	if (pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT))
		SKIP("no such protocol");
	CHECK_EQ(pthread_mutex_init(&mx, &a), 0);
	CHECK_EQ(pthread_mutex_lock(&mx), 0);
	CHECK_EQ(pthread_mutex_unlock(&mx), 0);
}
