/* SPDX-License-Identifier: MPL-2.0 */
/* Clocks read by threads on all CPUs never run backwards between them, also while the rate changes. */
#include "ktest_user.h"
#include <sys/timex.h>

#define READERS 4

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
/* Readers run until 300 ms are over; meanwhile `between` is called again and again. */
static void read_while(void (*between)(void))
{
	pthread_t t[READERS];
	long long end = kt_now() + 300000000;

	for (int i = 0; i < READERS; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, reader, NULL), 0);
	while (kt_now() < end)
		between();
	stop = true;
	for (int i = 0; i < READERS; i++)
		pthread_join(t[i], NULL);
}
static void give_way(void)
{
	sched_yield();
}
CASE(shared_monotony)
{
	read_while(give_way);
}
static void set_frequency(long ppm)
{
	struct timex t = { .modes = ADJ_FREQUENCY, .freq = ppm * 65536 };

	CHECK_GE(adjtimex(&t), 0);
}
static void swing(void)
{
	set_frequency(500);
	set_frequency(-500);
}
static void straight(void)
{
	set_frequency(0);
}
CASE(rate_changes)
{
	kt_at_end(straight);
	read_while(swing);
}
