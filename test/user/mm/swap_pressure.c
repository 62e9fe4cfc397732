/* SPDX-License-Identifier: MPL-2.0 */
/*
 * More anonymous memory than there is memory: processes that fill, share and check it all the time. Needs
 * swap that is switched on already and large enough (a boot scenario provides it).
 */
#include "ktest_user.h"

static unsigned long value(unsigned long who, unsigned long page, unsigned long gen)
{
	return (who * 1000003 + page) * 0x9e3779b97f4a7c15UL + gen;
}

static void work(unsigned long who, size_t pages, int rounds)
{
	unsigned long *m = (unsigned long *)kt_map(pages, PROT_READ | PROT_WRITE);
	unsigned char *gen = calloc(pages, 1);
	unsigned long seed = who + 1;

	alarm(0);
	for (int r = 0; r < rounds; r++) {
		for (size_t i = 0; i < pages; i++) {
			unsigned long *p = m + i * PG / 8;

			CHECK_EQ(p[0], gen[i] ? value(who, i, gen[i]) : 0);
			CHECK_EQ(p[PG / 8 - 1], gen[i] ? value(who, i, gen[i]) : 0);
			seed = seed * 6364136223846793005UL + 1442695040888963407UL;
			if (r && seed >> 62)
				continue;
			gen[i]++;
			p[0] = p[PG / 8 - 1] = value(who, i, gen[i]);
		}
		/* A child sees what we had, and changes its own. */
		if (r % 2 == 1) {
			pid_t p;

			CHILD(p) {
				alarm(0);
				for (size_t i = 0; i < pages; i += 7) {
					CHECK_EQ(m[i * PG / 8], value(who, i, gen[i]));
					m[i * PG / 8] = 1;
					CHECK_EQ(m[i * PG / 8 + PG / 8 - 1], value(who, i, gen[i]));
				}
			}
			WAIT_EXIT(p, 0);
		}
	}
}

CASE(more_than_memory)
{
	struct sysinfo si;
	pid_t p[2];
	size_t pages;

	CHECK_OK(sysinfo(&si));
	if (si.totalram * si.mem_unit > 200UL << 20 || si.freeswap * si.mem_unit < 2 * si.totalram * si.mem_unit)
		SKIP("needs little memory and much swap");
	alarm(0);
	pages = si.totalram * si.mem_unit / PG * 6 / 10;
	for (int i = 0; i < 2; i++)
		CHILD(p[i])
			work(i, pages, 4);
	for (int i = 0; i < 2; i++)
		WAIT_EXIT(p[i], 0);
}
