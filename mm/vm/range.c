/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The set of locked ranges of one address space: a list in order of arrival. A list and no tree: its
 * length is the number of threads that change or look at mappings of one mm at this moment.
 *
 * Invariant: a waiting request counts each granted or earlier request that it conflicts with, once. A
 * granted request conflicts with no other granted one. Earlier requests count at arrival; a widened
 * request makes itself counted by those waiting requests that it did not meet before, whether they came
 * earlier or later. So whoever leaves is uncounted thus: a granted one by all waiting requests that it
 * meets (an earlier waiting one that it met on arrival would have kept it waiting), a waiting one by
 * all later ones.
 */
#include <base/math.h>
#include <core/task_core.h>
#include <mm/range.h>

static bool overlaps(const struct range_req *r, u64 start, u64 end)
{
	return r->start < end && start < r->end;
}

static bool conflict(const struct range_req *a, const struct range_req *b)
{
	return (a->write || b->write) && overlaps(a, b->start, b->end);
}

static void unblock(struct range_req *r, range_wake_fn wake)
{
	if (r->blockers > 1)
		r->blockers--;
	else
		wake(r);		/* sets 0 as the last thing it does with it */
}

bool range_add(struct range_set *s, struct range_req *r, u64 start, u64 end, bool write)
{
	struct range_req *o;

	r->start = start;
	r->end = end;
	r->write = write;
	r->blockers = 0;
	list_for_each_entry(o, &s->reqs, link)
		if (conflict(o, r))
			r->blockers++;
	list_add_tail(&r->link, &s->reqs);
	return !r->blockers;
}

void range_del(struct range_set *s, struct range_req *r, range_wake_fn wake)
{
	struct list_head *from = r->blockers ? r->link.next : s->reqs.next, *next;

	for (; from != &s->reqs; from = next) {
		struct range_req *o = list_entry(from, struct range_req, link);

		next = from->next;
		if (o != r && o->blockers && conflict(o, r))
			unblock(o, wake);
	}
	list_del(&r->link);
}

bool range_widen(struct range_set *s, struct range_req *r, u64 start, u64 end)
{
	struct range_req *o, n = *r;

	n.start = min(start, r->start);
	n.end = max(end, r->end);
	if (n.start == r->start && n.end == r->end)
		return true;
	list_for_each_entry(o, &s->reqs, link)
		if (o != r && !o->blockers && conflict(o, &n))
			return false;
	list_for_each_entry(o, &s->reqs, link)
		if (o != r && o->blockers && conflict(o, &n) && !conflict(o, r))
			o->blockers++;
	r->start = n.start;
	r->end = n.end;
	return true;
}

void range_narrow(struct range_set *s, struct range_req *r, u64 start, u64 end, range_wake_fn wake)
{
	struct range_req *o, *next, old = *r;

	r->start = max(start, r->start);
	r->end = min(end, r->end);
	list_for_each_entry_safe(o, next, &s->reqs, link)
		if (o != r && o->blockers && conflict(o, &old) && !conflict(o, r))
			unblock(o, wake);
}

struct range_req *range_meets(const struct range_set *s, u64 start, u64 end)
{
	struct range_req *o;

	list_for_each_entry(o, &s->reqs, link)
		if (overlaps(o, start, end))
			return o;
	return NULL;
}
