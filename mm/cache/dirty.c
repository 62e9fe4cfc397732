/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How much of memory may be dirty. Above `background` the flushers write without pause. Between that and
 * `limit` writers are slowed, the more the nearer they come to it; at the limit they wait until
 * write-back has brought it down. Memory that could be dirty at all: free pages and pages of files.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/wait.h>
#include <fs/super.h>
#include <kernel/task.h>
#include <mm/writeback.h>
#include "internal.h"

#define CHECK_EVERY	32u		/* pieces written by one task between looks */
#define PAUSE_MAX	(200 * NSEC_PER_MSEC)

static u64 knobs[DIRTY_KNOBS] = {	/* [a] */
	[DIRTY_RATIO] = 20, [DIRTY_BACKGROUND_RATIO] = 10, [DIRTY_EXPIRE_CS] = 3000, [DIRTY_WRITEBACK_CS] = 500,
};

static DEFINE_WAIT_QUEUE(throttled);

void dirty_limits(struct dirty_limits *l)
{
	u64 can = (u64)vm_counter_read(VM_FREE) + (u64)vm_counter_read(VM_FILE);
	u64 limit_bytes = READ_ONCE(knobs[DIRTY_BYTES]), bg_bytes = READ_ONCE(knobs[DIRTY_BACKGROUND_BYTES]);

	l->limit = limit_bytes ? DIV_ROUND_UP(limit_bytes, PAGE_SIZE) : can * READ_ONCE(knobs[DIRTY_RATIO]) / 100;
	l->background = bg_bytes ? DIV_ROUND_UP(bg_bytes, PAGE_SIZE) :
				   can * READ_ONCE(knobs[DIRTY_BACKGROUND_RATIO]) / 100;
	l->limit = max_t(u64, l->limit, 8);
	if (l->background >= l->limit)
		l->background = l->limit / 2;
}

static u64 dirty_now(void)
{
	return (u64)vm_counter_read(VM_DIRTY) + (u64)vm_counter_read(VM_WRITEBACK);
}

bool dirty_over_background(void)
{
	struct dirty_limits l;

	dirty_limits(&l);
	return (u64)vm_counter_read(VM_DIRTY) > l.background;
}

void dirty_progress(void)
{
	static u32 ended;	/* [a] racy: a rate, and those who wait look again by themselves */

	if (unlikely(wait_queue_active(&throttled)) && !(++ended & 31))
		wake_up_all(&throttled);
}

/* Above the middle of the two limits: sleep until it is better, or for a time that grows towards the limit. */
static void throttle(void)
{
	for (;;) {
		struct dirty_limits l;
		u64 now = dirty_now(), free_run, pause;

		dirty_limits(&l);
		free_run = (l.background + l.limit) / 2;
		if (now <= free_run)
			return;
		wb_wake_all();
		pause = PAUSE_MAX;
		if (now < l.limit)
			pause = pause / 8 * (now - free_run) / (l.limit - free_run) + NSEC_PER_MSEC;
		(void)WAIT_EVENT(&throttled, dirty_now() <= free_run, TASK_KILLABLE, 0, clock_monotonic_ns() + pause);
		if (now < l.limit || signal_pending_state(TASK_KILLABLE))
			return;
	}
}

void balance_dirty_pages(struct inode *inode)
{
	struct task *t = current;
	struct dirty_limits l;

	if (!mapping_can_writeback(inode->mapping) || t->flags & (PF_KTHREAD | PF_MEMALLOC))
		return;
	if (++t->dirtied < CHECK_EVERY)
		return;
	t->dirtied = 0;
	dirty_limits(&l);
	if (dirty_now() <= l.background)
		return;
	wb_wake(inode->sb);
	throttle();
}

u64 dirty_interval_ns(void) { return READ_ONCE(knobs[DIRTY_WRITEBACK_CS]) * 10 * NSEC_PER_MSEC; }
u64 dirty_expire_ns(void) { return READ_ONCE(knobs[DIRTY_EXPIRE_CS]) * 10 * NSEC_PER_MSEC; }

u64 dirty_knob_read(enum dirty_knob k)
{
	return READ_ONCE(knobs[k]);
}

int dirty_knob_write(enum dirty_knob k, u64 v)
{
	/* A share and a number of bytes replace each other. */
	static const struct { enum dirty_knob k, other; u64 lo, hi; } rules[] = {
		{ DIRTY_RATIO, DIRTY_BYTES, 0, 100 }, { DIRTY_BACKGROUND_RATIO, DIRTY_BACKGROUND_BYTES, 0, 100 },
		{ DIRTY_BYTES, DIRTY_RATIO, 2 * PAGE_SIZE, ~0ul >> 1 },
		{ DIRTY_BACKGROUND_BYTES, DIRTY_BACKGROUND_RATIO, 1, ~0ul >> 1 },
	};

	if (k >= DIRTY_EXPIRE_CS && v > 0x7fffffff)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].k != k)
			continue;
		if (v < rules[i].lo || v > rules[i].hi)
			return -EINVAL;
		if (v != READ_ONCE(knobs[k]))
			WRITE_ONCE(knobs[rules[i].other], 0);
	}
	WRITE_ONCE(knobs[k], v);
	if (k == DIRTY_WRITEBACK_CS)
		wb_interval_changed();
	return 0;
}
