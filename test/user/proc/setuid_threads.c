/* SPDX-License-Identifier: MPL-2.0 */
/* setuid in one thread reaches all through libc; the raw call changes only its own. */
#include "ktest_user.h"

static _Atomic int stage;
static uid_t seen;
static void *other(void *x)
{
	stage = 1;
	while (stage != 2)
		sched_yield();
	seen = syscall(SYS_geteuid);
	return NULL;
}
CASE(libc_changes_all)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, other, NULL), 0);
	while (stage != 1)
		sched_yield();
	CHECK_OK(seteuid(1000));
	stage = 2;
	pthread_join(t, NULL);
	CHECK_EQ(seen, 1000);
}
CASE(raw_changes_one)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, other, NULL), 0);
	while (stage != 1)
		sched_yield();
	CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
	stage = 2;
	pthread_join(t, NULL);
	CHECK_EQ(seen, 0);
}
