/* SPDX-License-Identifier: MPL-2.0 */
/* How long an allocation waits for memory before somebody is killed. */
#include <core/ktest.h>

#include "patience.h"

/* Attempts that pass, each a millisecond and the pause long, until it gives up; at most `max`. */
static u32 attempts(bool dirty, bool writing, u64 each_written, u64 freed_every, u32 max)
{
	struct reclaim_patience p = { 0 };
	u64 now = 1, written = 0;
	u32 n = 0;

	while (n < max) {
		u64 wait;

		n++;
		written += each_written;
		now += NSEC_PER_MSEC;
		wait = patience_next(&p, freed_every && n % freed_every == 0 ? FREED_ENOUGH : 0, written, dirty, writing, now);
		if (wait == PATIENCE_GONE)
			break;
		now += wait;
	}
	return n;
}

KTEST(reclaim, patience)
{
	/* Nothing is freed, nothing under way: at once, or soon. */
	KEXPECT_EQ(attempts(false, false, 0, 0, 10000), 1);
	KEXPECT_EQ(attempts(true, false, 0, 0, 10000), IDLE_TRIES + 1);
	/* What is freed now and then: for ever, whatever others write. */
	KEXPECT_EQ(attempts(true, false, 0, IDLE_TRIES, 10000), 10000u);
	KEXPECT_EQ(attempts(false, true, 1, IDLE_TRIES, 10000), 10000u);
	/* A device at work is waited for, but not one that hangs. */
	KEXPECT_EQ(attempts(false, true, 1, 0, 10000), MOVING_TRIES + 1);
	KEXPECT_EQ(attempts(false, true, 1, 100, 10000), 10000u);
	KEXPECT(attempts(false, true, 0, 0, 10000) < MOVING_TRIES);
	KEXPECT(attempts(false, true, 0, 0, 10000) > 4 * IDLE_TRIES);
}
