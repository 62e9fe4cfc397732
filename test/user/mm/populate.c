/* SPDX-License-Identifier: MPL-2.0 */
/* MAP_POPULATE, MAP_LOCKED and page-fault counters. */
#include "ktest_user.h"

static long minflt(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt;
}
CASE(faults_are_counted)
{
	char *m = kt_map(200, PROT_READ | PROT_WRITE);
	long a;

	madvise(m, 200 * PG, MADV_NOHUGEPAGE);
	a = minflt();
	for (int i = 0; i < 200; i++)
		m[i * PG] = 1;
	CHECK_GE(minflt() - a, 200);
	CHECK_LT(minflt() - a, 230);
	a = minflt();
	for (int i = 0; i < 200; i++)
		m[i * PG] = 1;
	CHECK_LT(minflt() - a, 10);
}
CASE(populated_pages_do_not_fault)
{
	char *m = mmap(NULL, 200 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	unsigned char v[200];
	long a;

	CHECK(m != MAP_FAILED);
	CHECK_OK(mincore(m, 200 * PG, v));
	for (int i = 0; i < 200; i++)
		CHECK_EQ(v[i] & 1, 1);
	a = minflt();
	for (int i = 0; i < 200; i++)
		m[i * PG] = 1;
	CHECK_LT(minflt() - a, 10);
}
