/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How much of memory may be dirty. Above `background` the flushers write without pause. Between that and
 * `limit` writers are slowed, the more the nearer they come to it; at the limit they wait until
 * write-back has brought it down. Memory that could be dirty at all: free pages and pages of files.
 *
 * Both are divided among the disks by what each wrote lately, never less than a sixteenth: a writer is slowed
 * only if all disks together and its own have too much. So who writes to a fast disk does not wait for a slow one.
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

static DEFINE_SPINLOCK(bdis_lock, OBJECT);
static LIST_HEAD(bdis);			/* [bdis_lock] bdi.link */
static atomic64_t recent_all;		/* sum of bdi.recent, nearly */
#define RECENT_MAX	16384		/* pages: then all is halved */
#define SHARE_MIN	16		/* of the limit, at least 1/this for each disk */

/* --- disks --- */

void bdi_add(struct bdi *b)
{
	b->ra_pages = RA_PAGES_DEFAULT;
	b->max_ratio = 100;
	spin_lock(&bdis_lock);
	list_add_tail(&b->link, &bdis);
	spin_unlock(&bdis_lock);
}

void bdi_del(struct bdi *b)
{
	spin_lock(&bdis_lock);
	list_del_init(&b->link);
	atomic64_sub(&recent_all, atomic64_read(&b->recent));
	spin_unlock(&bdis_lock);
}

int bdi_set_ratios(struct bdi *b, u32 min_ratio, u32 max_ratio)
{
	u32 sum = min_ratio;
	struct bdi *o;
	int err = 0;

	spin_lock(&bdis_lock);
	list_for_each_entry(o, &bdis, link)
		sum += o == b ? 0 : o->min_ratio;
	if (max_ratio > 100 || min_ratio > max_ratio || sum >= 100) {
		err = -EINVAL;
	} else {
		WRITE_ONCE(b->min_ratio, min_ratio);
		WRITE_ONCE(b->max_ratio, max_ratio);
	}
	spin_unlock(&bdis_lock);
	return err;
}

void bdi_count_dirty(const struct mapping *m, s64 pages)
{
	vm_count(VM_DIRTY, pages);
	if (m && m->bdi)
		atomic64_add(&m->bdi->dirty, pages);
}

void bdi_count_writeback(const struct mapping *m, s64 pages)
{
	vm_count(VM_WRITEBACK, pages);
	if (!m || !m->bdi)
		return;
	atomic64_add(&m->bdi->writeback, pages);
	if (pages < 0) {
		atomic64_sub(&m->bdi->recent, pages);
		atomic64_sub(&recent_all, pages);
	}
}

/* Old times count less. */
static void forget(void)
{
	struct bdi *b;
	s64 sum = 0;

	if (atomic64_read(&recent_all) < RECENT_MAX)
		return;
	spin_lock(&bdis_lock);
	list_for_each_entry(b, &bdis, link) {
		atomic64_sub(&b->recent, atomic64_read(&b->recent) / 2);
		sum += atomic64_read(&b->recent);
	}
	atomic64_set(&recent_all, sum);
	spin_unlock(&bdis_lock);
}

static u64 bdi_now(const struct bdi *b)
{
	s64 n = atomic64_read(&b->dirty) + atomic64_read(&b->writeback);

	return n < 0 ? 0 : (u64)n;
}

/* Its part of so many pages. */
static u64 bdi_share(const struct bdi *b, u64 pages)
{
	s64 own = atomic64_read(&b->recent), all = atomic64_read(&recent_all);
	u64 share = pages;

	if (all > 0 && own < all)
		share = pages * (u64)max(own, 0l) / (u64)all;
	share = max(share, pages / SHARE_MIN) + pages * READ_ONCE(b->min_ratio) / 100;
	return max_t(u64, min(share, pages * READ_ONCE(b->max_ratio) / 100), 8);
}

/* --- limits --- */

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

bool dirty_over_background(const struct bdi *b)
{
	struct dirty_limits l;

	dirty_limits(&l);
	return (u64)vm_counter_read(VM_DIRTY) > l.background ||
	       (b && atomic64_read(&b->dirty) > (s64)bdi_share(b, l.background));
}

void dirty_progress(void)
{
	static u32 ended;	/* [a] racy: a rate, and those who wait look again by themselves */

	if (unlikely(wait_queue_active(&throttled)) && !(++ended & 31))
		wake_up_all(&throttled);
}

/* Nobody has to wait: all together, or this disk, are below the middle of the two limits. */
static bool runs_free(const struct bdi *b, const struct dirty_limits *l, u64 *now, u64 *limit, u64 *free_run)
{
	*limit = l->limit;
	*free_run = (l->background + l->limit) / 2;
	*now = dirty_now();
	if (*now <= *free_run)
		return true;
	if (!b)
		return false;
	*limit = bdi_share(b, l->limit);
	*free_run = bdi_share(b, *free_run);
	*now = bdi_now(b);
	return *now <= *free_run;
}

static bool free_again(const struct bdi *b)
{
	struct dirty_limits l;
	u64 now, limit, free_run;

	dirty_limits(&l);
	return runs_free(b, &l, &now, &limit, &free_run);
}

/* Above the middle of the two limits: sleep until it is better, or for a time that grows towards the limit. */
static void throttle(struct inode *inode)
{
	const struct bdi *b = inode->mapping->bdi;

	for (;;) {
		u64 now, limit, free_run, pause = PAUSE_MAX;
		struct dirty_limits l;

		dirty_limits(&l);
		forget();
		if (runs_free(b, &l, &now, &limit, &free_run))
			return;
		wb_wake(inode);
		if (now < limit)
			pause = pause / 8 * (now - free_run) / (limit - free_run) + NSEC_PER_MSEC;
		(void)WAIT_EVENT(&throttled, free_again(b), TASK_KILLABLE, 0, clock_monotonic_ns() + pause);
		if (now < limit || signal_pending_state(TASK_KILLABLE))
			return;
	}
}

void balance_dirty_pages(struct inode *inode)
{
	struct task *t = current;

	if (!mapping_can_writeback(inode->mapping) || t->flags & (PF_KTHREAD | PF_MEMALLOC))
		return;
	if (++t->dirtied < CHECK_EVERY)
		return;
	t->dirtied = 0;
	if (!dirty_over_background(inode->mapping->bdi))
		return;
	wb_wake(inode->mapping->host);
	throttle(inode->mapping->host);
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
