/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A page unmapped by one thread faults at once in another that was using it; and is reusable.
 */
#include "ktest_user.h"

static char *volatile page;
static _Atomic int *stage;
static void *user(void *x)
{
	page[0] = 1;
	*stage = 1;
	while (*stage != 2)
		sched_yield();
	page[0] = 2;
	return NULL;
}
CASE(stale_translation)
{
	for (int i = 0; i < 20; i++) {
		pid_t p;

		stage = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CHILD(p) {
			pthread_t t;

			page = kt_map(1, PROT_READ | PROT_WRITE);
			CHECK_EQ(pthread_create(&t, NULL, user, NULL), 0);
			while (*stage != 1)
				sched_yield();
			CHECK_OK(munmap(page, PG));
			*stage = 2;
			pthread_join(t, NULL);
		}
		WAIT_SIGNAL(p, SIGSEGV);
		CHECK_OK(munmap((void *)stage, PG));
	}
}
