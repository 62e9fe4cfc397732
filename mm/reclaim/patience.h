/* SPDX-License-Identifier: MPL-2.0 */
/*
 * When an allocation stops reclaiming and somebody is killed: pure, so that a test can ask. An attempt that freed a
 * batch begins anew; a few pages are what others let go by chance, or are needed again at once: then there are
 * IDLE_TRIES attempts with growing pauses (none, if nothing came back and nothing is dirty). While a device has pages
 * to write, more, until it has not finished one for STUCK_NS, or what it finishes does not come back to us for
 * MOVING_TRIES attempts.
 */
#ifndef MM_RECLAIM_PATIENCE_H
#define MM_RECLAIM_PATIENCE_H

#include <base/math.h>
#include <core/clock.h>
#include <core/upcall.h>

#define PATIENCE_GONE	(~0ul)
#define FREED_ENOUGH	32u		/* pages: what an attempt is to free at least */
#define IDLE_TRIES	16u
#define MOVING_TRIES	512u
#define STUCK_NS	(10 * NSEC_PER_SEC)
#define PAUSE_FIRST	(2 * NSEC_PER_MSEC)
#define PAUSE_MAX	(50 * NSEC_PER_MSEC)

/* Nanoseconds to sleep before the next attempt, or PATIENCE_GONE. */
static inline u64 patience_next(struct reclaim_patience *p, u64 freed, u64 written, bool dirty, bool writing, u64 now)
{
	bool got_on = freed >= FREED_ENOUGH;

	if (got_on || !p->moved_ns || written != p->written)
		p->moved_ns = now;
	p->written = written;
	p->idle = got_on ? 0 : p->idle + 1;
	if (got_on)
		return 0;
	if (!freed && !dirty && !writing)
		return PATIENCE_GONE;
	if (p->idle > (writing && now - p->moved_ns < STUCK_NS ? MOVING_TRIES : IDLE_TRIES))
		return PATIENCE_GONE;
	return min_t(u64, PAUSE_FIRST * p->idle, PAUSE_MAX);
}

#endif
