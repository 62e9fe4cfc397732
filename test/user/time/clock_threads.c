/* SPDX-License-Identifier: MPL-2.0 */
/* Clocks read by threads on all CPUs never run backwards between them. */
#include "ktest_user.h"

static _Atomic long long last;
static _Atomic bool stop;
static void *reader(void *x)
{
	while (!stop) {
		long long before = last, v = kt_now();

		CHECK_GE(v, before);
		if (v > before)
			atomic_compare_exchange_strong(&last, &before, v);
	}
	return NULL;
}
CASE(shared_monotony)
{
	pthread_t t[4];
	long long end = kt_now() + 300000000;

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, reader, NULL), 0);
	while (kt_now() < end)
		sched_yield();
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}
