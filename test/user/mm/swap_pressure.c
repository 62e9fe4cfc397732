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

/* Files of tmpfs that do not fit: written, read, mapped, cut. */
CASE(memory_files)
{
	struct sysinfo si;
	size_t pages, step = 3;
	unsigned long *m;
	int fd, st;
	pid_t p;

	CHECK_OK(sysinfo(&si));
	if (si.totalram * si.mem_unit > 200UL << 20 || si.freeswap * si.mem_unit < 2 * si.totalram * si.mem_unit)
		SKIP("needs little memory and much swap");
	alarm(0);
	pages = si.totalram * si.mem_unit / PG * 12 / 10;
	fd = CHECK_OK(memfd_create("big", 0));
	for (size_t i = 0; i < pages; i++) {
		unsigned long v[2] = { value(1, i, 1), value(2, i, 1) };

		CHECK_EQ(pwrite(fd, v, sizeof(v), (off_t)(i * PG + 16)), (long)sizeof(v));
	}
	for (size_t i = 0; i < pages; i++) {
		unsigned long v[2];

		CHECK_EQ(pread(fd, v, sizeof(v), (off_t)(i * PG + 16)), (long)sizeof(v));
		CHECK(v[0] == value(1, i, 1) && v[1] == value(2, i, 1));
	}
	m = mmap(NULL, pages * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (size_t i = 0; i < pages; i += step)
		m[i * PG / 8 + 2] = value(1, i, 2);
	CHILD(p) {
		alarm(0);
		for (size_t i = 0; i < pages; i++)
			CHECK_EQ(m[i * PG / 8 + 2], value(1, i, i % step ? 1 : 2));
	}
	CHECK_EQ(waitpid(p, &st, 0), p);
	CHECK_EQ(st, 0);
	CHECK_OK(fstat(fd, &(struct stat){ 0 }));
	CHECK_OK(ftruncate(fd, (off_t)(pages / 2 * PG + 24)));
	CHECK_OK(ftruncate(fd, (off_t)(pages * PG)));
	for (size_t i = 0; i < pages; i++) {
		unsigned long v[2];

		CHECK_EQ(pread(fd, v, sizeof(v), (off_t)(i * PG + 16)), (long)sizeof(v));
		CHECK_EQ(v[0], i <= pages / 2 ? value(1, i, i % step ? 1 : 2) : 0);
		CHECK_EQ(v[1], i < pages / 2 ? value(2, i, 1) : 0);
	}
}
