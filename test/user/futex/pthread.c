/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What libc builds on futexes: mutex, condition, barrier, semaphore, rwlock, once under
 * contention.
 */
#include "ktest_user.h"
#include <semaphore.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static long counter, queue;
static void *inc(void *x)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mu);
		counter++;
		pthread_mutex_unlock(&mu);
	}
	return NULL;
}
static void run(void *(*fn)(void *), int n)
{
	pthread_t t[16];

	for (long i = 0; i < n; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, fn, (void *)i), 0);
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}
CASE(mutex)
{
	run(inc, 4);
	CHECK_EQ(counter, 20000);
}
static void *prodcons(void *x)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mu);
		if ((long)x & 1) {
			queue++;
			pthread_cond_signal(&cv);
		} else {
			while (queue == 0)
				pthread_cond_wait(&cv, &mu);
			queue--;
		}
		pthread_mutex_unlock(&mu);
	}
	return NULL;
}
CASE(condition)
{
	run(prodcons, 4);
	CHECK_EQ(queue, 0);
}
static pthread_barrier_t ba;
static _Atomic int phase[50];
static void *barrier(void *x)
{
	for (int i = 0; i < 50; i++) {
		phase[i]++;
		pthread_barrier_wait(&ba);
		CHECK_EQ(phase[i], 4);
	}
	return NULL;
}
CASE(barriers)
{
	CHECK_EQ(pthread_barrier_init(&ba, NULL, 4), 0);
	run(barrier, 4);
}
static sem_t sem;
static void *post(void *x)
{
	for (int i = 0; i < 1000; i++)
		if ((long)x & 1)
			sem_post(&sem);
		else
			sem_wait(&sem);
	return NULL;
}
CASE(semaphore)
{
	CHECK_EQ(sem_init(&sem, 0, 0), 0);
	run(post, 4);
	CHECK_EQ(sem_trywait(&sem), -1);
}
CASE(semaphore_between_processes)
{
	sem_t *s = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t p;

	CHECK_EQ(sem_init(s, 1, 0), 0);
	CHECK_EQ(sem_init(s + 1, 1, 0), 0);
	CHILD(p)
		for (int i = 0; i < 500; i++) {
			sem_wait(s);
			sem_post(s + 1);
		}
	for (int i = 0; i < 500; i++) {
		sem_post(s);
		sem_wait(s + 1);
	}
	WAIT_EXIT(p, 0);
}
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];
static void *rwlock(void *x)
{
	for (int i = 0; i < 2000; i++)
		if (x) {
			pthread_rwlock_rdlock(&rw);
			CHECK_EQ(pair[0], pair[1]);
			pthread_rwlock_unlock(&rw);
		} else {
			pthread_rwlock_wrlock(&rw);
			pair[0]++;
			pair[1]++;
			pthread_rwlock_unlock(&rw);
		}
	return NULL;
}
CASE(readers_and_writers)
{
	run(rwlock, 4);
}
CASE(timed_wait)
{
	struct timespec ts;

	CHECK_OK(clock_gettime(CLOCK_REALTIME, &ts));
	ts.tv_nsec += 5000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&mu);
	CHECK_EQ(pthread_cond_timedwait(&cv, &mu, &ts), ETIMEDOUT);
	pthread_mutex_unlock(&mu);
}
