/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Injected failures. A few armed sites in an array under a spinlock that is only taken while any is
 * armed. failpoint=SITE[:NTH[:INTERVAL]], several with commas, arms for all tasks at boot.
 */
#include <base/errno.h>
#include <base/string.h>
#include <core/failpoint.h>
#include <core/init.h>
#include <core/spinlock.h>
#include <core/task_core.h>

#define MAX_POINTS	8

static struct failpoint_site {
	char site[24];			/* [lock] "" free; a pattern */
	struct task_core *task;		/* [lock] compared only; NULL: all */
	u32 countdown;			/* [lock] calls until the next failure */
	u32 interval;			/* [lock] 0: once */
} points[MAX_POINTS];
static DEFINE_SPINLOCK(points_lock, PRINTK);	/* the last rank: any caller may hold any lock */
bool failpoints_armed;

#if IS_DEBUG
static bool nth_used;			/* [a] some task counts, or did */

static bool nth_counted(void) { return READ_ONCE(nth_used); }

void failpoint_set_nth(struct task_core *t, u32 n)
{
	WRITE_ONCE(t->fail_nth, n);
	if (n) {
		WRITE_ONCE(nth_used, true);
		WRITE_ONCE(failpoints_armed, true);
	}
}

u32 failpoint_nth(const struct task_core *t)
{
	return READ_ONCE(t->fail_nth);
}

/* Allocations that the task makes for itself. */
static bool nth_hit(const char *site)
{
	struct task_core *t = current_core();
	u32 left = t && !in_irq() ? READ_ONCE(t->fail_nth) : 0;

	if (!left || (!streq(site, "kmalloc") && !streq(site, "page_alloc")))
		return false;
	WRITE_ONCE(t->fail_nth, left - 1);
	return left == 1;
}
#else
static bool nth_counted(void) { return false; }
static bool nth_hit(const char *site)
{
	(void)site;
	return false;
}
#endif

static void update_armed(void)
{
	bool any = nth_counted();

	for (int i = 0; i < MAX_POINTS; i++)
		any |= points[i].site[0] != '\0';
	WRITE_ONCE(failpoints_armed, any);
}

bool failpoint_hit(const char *site)
{
	bool hit = false;
	u64 flags;

	if (in_nmi())
		return false;
	if (nth_hit(site))
		return true;
	spin_lock_irqsave(&points_lock, flags);
	for (int i = 0; i < MAX_POINTS; i++) {
		struct failpoint_site *p = &points[i];

		if (!p->site[0] || !glob_match(p->site, site))
			continue;
		if (p->task && (p->task != current_core() || in_irq()))
			continue;
		if (--p->countdown)
			continue;
		hit = true;
		p->countdown = p->interval;
		if (!p->interval)
			p->site[0] = '\0';
	}
	if (hit)
		update_armed();
	spin_unlock_irqrestore(&points_lock, flags);
	return hit;
}

void failpoint_arm(const char *site, bool all_tasks, u32 nth, u32 interval)
{
	u64 flags;

	spin_lock_irqsave(&points_lock, flags);
	for (int i = 0; i < MAX_POINTS; i++) {
		struct failpoint_site *p = &points[i];

		if (p->site[0])
			continue;
		if (strscpy(p->site, site, sizeof(p->site)) < 0)
			p->site[0] = '\0';
		p->task = all_tasks ? NULL : current_core();
		p->countdown = nth ? nth : 1;
		p->interval = interval;
		break;
	}
	update_armed();
	spin_unlock_irqrestore(&points_lock, flags);
}

void failpoint_disarm(const char *site)
{
	u64 flags;

	spin_lock_irqsave(&points_lock, flags);
	for (int i = 0; i < MAX_POINTS; i++)
		if (streq(points[i].site, site))
			points[i].site[0] = '\0';
	update_armed();
	spin_unlock_irqrestore(&points_lock, flags);
}

/* "slab:100:50,folio": kvalue is changed, so work on a copy. */
static int set_failpoint(const char *value)
{
	char copy[128], *rest = copy, *one;

	if (strscpy(copy, value, sizeof(copy)) <= 0)
		return -EINVAL;
	while ((one = strsep(&rest, ","))) {
		char *site = strsep(&one, ":"), *nth = strsep(&one, ":");
		u32 n = 1, interval = 0;

		if (nth && kstrtou32(nth, 10, &n))
			return -EINVAL;
		if (one && kstrtou32(one, 10, &interval))
			return -EINVAL;
		failpoint_arm(site, true, n, interval);
	}
	return 0;
}
KPARAM("failpoint", set_failpoint);
