/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The set of locked ranges against what it promises: no two granted requests conflict, order of
 * arrival is kept, whoever is not blocked runs.
 * host-test: range.c
 */
#include <base/math.h>
#include <base/string.h>
#include <core/ktest.h>
#include <mm/range.h>

#define NR	24u

static struct range_req reqs[NR];
static bool in[NR];
static unsigned int woken;

static void wake(struct range_req *r)
{
	r->blockers = 0;
	woken++;
}

static bool meet(const struct range_req *a, const struct range_req *b)
{
	return (a->write || b->write) && a->start < b->end && b->start < a->end;
}

static bool good(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		bool meets = false;

		if (!in[i])
			continue;
		for (unsigned int j = 0; j < NR; j++) {
			if (i == j || !in[j] || !meet(&reqs[i], &reqs[j]))
				continue;
			meets = true;
			if (!reqs[i].blockers && !reqs[j].blockers)
				return false;
		}
		/* Who waits meets somebody. */
		if (reqs[i].blockers && !meets)
			return false;
	}
	return true;
}

KTEST(range, order)
{
	struct range_set s;
	struct range_req a, b, c, d, e;

	range_set_init(&s);
	woken = 0;
	KEXPECT(range_add(&s, &a, 0, 10, true));
	KEXPECT(range_add(&s, &b, 10, 20, true));
	KEXPECT(!range_add(&s, &c, 5, 15, true));
	KEXPECT_EQ(c.blockers, 2);
	KEXPECT(!range_add(&s, &d, 14, 15, false));	/* behind b and c */
	KEXPECT(range_add(&s, &e, 20, 30, false));
	KEXPECT(range_meets(&s, 25, 40) == &e);
	KEXPECT(!range_meets(&s, 30, 40));
	range_del(&s, &b, wake);
	KEXPECT_EQ(woken, 0);
	range_del(&s, &c, wake);			/* gives up */
	KEXPECT_EQ(woken, 1);
	KEXPECT_EQ(d.blockers, 0);
	KEXPECT(!range_widen(&s, &a, 0, 15));
	KEXPECT(range_widen(&s, &a, 0, 14));
	KEXPECT(!range_add(&s, &b, 12, 13, false));
	range_narrow(&s, &a, 0, 12, wake);
	KEXPECT_EQ(b.blockers, 0);
	range_del(&s, &a, wake);
	range_del(&s, &b, wake);
	range_del(&s, &d, wake);
	range_del(&s, &e, wake);
	KEXPECT(list_empty(&s.reqs));
}

KTEST(range, random)
{
	struct range_set s;
	u64 seed = 5;

	range_set_init(&s);
	memset(in, 0, sizeof(in));
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int i, what;
		u64 a, n;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		i = (unsigned int)(seed >> 33) % NR;
		what = (unsigned int)(seed >> 40) % 8;
		a = (seed >> 44) % 60;
		n = (seed >> 52) % 12 + 1;
		if (!in[i]) {
			in[i] = true;
			range_add(&s, &reqs[i], a, a + n, what & 1);
		} else if (what < 4) {
			range_del(&s, &reqs[i], wake);
			in[i] = false;
		} else if (!reqs[i].blockers && what == 4) {
			(void)range_widen(&s, &reqs[i], a, a + n);
		} else if (!reqs[i].blockers && what == 5 && reqs[i].end - reqs[i].start > 1) {
			range_narrow(&s, &reqs[i], reqs[i].start + 1, reqs[i].end, wake);
		}
		KREQUIRE(good());
	}
	for (unsigned int round = 0; round < NR; round++)
		for (unsigned int i = 0; i < NR; i++)
			if (in[i] && !reqs[i].blockers) {
				range_del(&s, &reqs[i], wake);
				in[i] = false;
			}
	KEXPECT(list_empty(&s.reqs));
}
