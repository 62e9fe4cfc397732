/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ranges that are locked, as a set (mm/vm/range.c): pure code without waiting; the caller guards the
 * set by a spinlock. Requests stand in order of arrival. One that meets an earlier one which it may not
 * share waits until all such are gone: `blockers` counts them. So nobody starves, and requests for
 * different places never wait for each other.
 */
#ifndef MM_RANGE_H
#define MM_RANGE_H

#include <base/list.h>
#include <base/types.h>

struct task_core;

/* Lives on its holder's stack from range_add() to range_del(). */
struct range_req {
	struct list_head link;		/* [set's lock] */
	u64 start, end;			/* [set's lock to write; the holder reads] */
	u32 blockers;			/* [a] how many it waits for; written under the set's lock; 0: granted */
	bool write;			/* [I] */
	struct task_core *task;		/* [I] who waits */
};

struct range_set {
	struct list_head reqs;		/* [set's lock] */
};

/* A request has no blockers left: called under the set's lock; it may be gone when this returns. */
typedef void (*range_wake_fn)(struct range_req *r);

static inline void range_set_init(struct range_set *s) { list_init(&s->reqs); }
/* Join the set. True: granted at once. */
bool range_add(struct range_set *s, struct range_req *r, u64 start, u64 end, bool write);
/* A granted request, or one that gives up waiting, leaves. */
void range_del(struct range_set *s, struct range_req *r, range_wake_fn wake);
/* Enlarge a granted request to hold [start, end) too, if no other granted one is in the way. */
bool range_widen(struct range_set *s, struct range_req *r, u64 start, u64 end);
/* Give back what lies outside of [start, end). */
void range_narrow(struct range_set *s, struct range_req *r, u64 start, u64 end, range_wake_fn wake);
/* The first request, granted or not, that a write request for [start, end) would meet; NULL. */
struct range_req *range_meets(const struct range_set *s, u64 start, u64 end);

#endif
