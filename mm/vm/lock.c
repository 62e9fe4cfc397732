/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The range lock of an address space. Who changes mappings holds the addresses concerned for writing, who
 * only needs them to stand still holds them for reading; the set (range.c) is guarded by mm->tree_lock,
 * so that finding a free place and reserving it is one step.
 *
 * The rule that makes mappings stable: to change a mapping (its borders, its flags, its place in the
 * tree) one holds *all* of its old and new range for writing. So write requests are widened to whole
 * mappings where they cut one, and joining with a neighbour first widens the lock over it
 * (mm_lock_more(); if somebody else has it, nothing is joined). Hence a mapping that overlaps a range
 * one holds, for reading or writing, stands still. Neighbours outside of it do not: they are looked at
 * under tree_lock only, and not kept.
 *
 * Holders sleep (memory, faults of others, TLB); tree_lock is held for instants. A task has one request
 * at a time in an mm.
 */
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/wait.h>
#include <fs/file.h>
#include "internal.h"
#include <uapi/linux/mman.h>

#define MAP_32BIT_LO	0x40000000ul
#define MAP_32BIT_HI	0x80000000ul

static void req_wake(struct range_req *r)
{
	struct task_core *t = r->task;

	/* After the store the request may be gone. The task stays: preemption is off, RCU. */
	smp_store_release(&r->blockers, 0);
	sched_wake(t, TASK_NORMAL);
}

/* 0 or -EINTR without the lock. */
static __noinline int req_wait(struct mm *mm, struct range_req *r, unsigned int state)
{
	int err = 0;

	for (;;) {
		set_current_state(state);
		if (!smp_load_acquire(&r->blockers))
			break;
		if (signal_pending_state(state)) {
			spin_lock(&mm->tree_lock);
			if (r->blockers) {
				range_del(&mm->ranges, r, req_wake);
				err = -EINTR;
			}
			spin_unlock(&mm->tree_lock);
			break;
		}
		schedule();
	}
	set_current_state_relaxed(TASK_RUNNING);
	return err;
}

/* Mappings that stand across start or end, as a whole. tree_lock held. */
static void widen_to_vmas(struct mm *mm, u64 *start, u64 *end)
{
	struct vma *v = vma_tree_find(mm, *start);

	if (!v || v->start >= *end)
		return;
	*start = min(*start, v->start);
	if (v->end < *end)
		v = vma_tree_find(mm, *end - 1);
	if (v && v->start < *end)
		*end = max(*end, v->end);
}

static int lock_range(struct mm *mm, struct range_req *r, u64 start, u64 end, bool write, unsigned int state)
{
	might_sleep();
	r->task = current_core();
	lockdep_acquire(&mm->dep, r, 0, false, !write);
	for (;;) {
		u64 a = start, b = end;
		bool got;

		spin_lock(&mm->tree_lock);
		if (write)
			widen_to_vmas(mm, &a, &b);
		got = range_add(&mm->ranges, r, a, b, write);
		spin_unlock(&mm->tree_lock);
		if (likely(got))
			return 0;
		if (req_wait(mm, r, state)) {
			lockdep_release(&mm->dep, r);
			return -EINTR;
		}
		if (!write)
			return 0;
		/* What lies across the borders may be longer now. */
		spin_lock(&mm->tree_lock);
		widen_to_vmas(mm, &a, &b);
		got = a >= r->start && b <= r->end;
		if (!got)
			range_del(&mm->ranges, r, req_wake);
		spin_unlock(&mm->tree_lock);
		if (got)
			return 0;
	}
}

int mm_lock_write(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	return lock_range(mm, r, start, end, true, TASK_KILLABLE);
}

void mm_lock_write_wait(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	VERIFY(lock_range(mm, r, start, end, true, TASK_UNINTERRUPTIBLE) == 0);
}

void mm_lock_read(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	VERIFY(lock_range(mm, r, start, end, false, TASK_UNINTERRUPTIBLE) == 0);
}

void mm_unlock(struct mm *mm, struct range_req *r)
{
	lockdep_release(&mm->dep, r);
	spin_lock(&mm->tree_lock);
	range_del(&mm->ranges, r, req_wake);
	spin_unlock(&mm->tree_lock);
}

bool mm_lock_more(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	return range_widen(&mm->ranges, r, start, end);
}

void mm_lock_less(struct mm *mm, struct range_req *r, u64 start, u64 end)
{
	if (start <= r->start && end >= r->end)
		return;
	spin_lock(&mm->tree_lock);
	range_narrow(&mm->ranges, r, start, end, req_wake);
	spin_unlock(&mm->tree_lock);
}

/* --- free places --- */

static bool range_free(struct mm *mm, u64 addr, u64 len)
{
	struct vma *v = vma_tree_find(mm, addr);

	return !v || addr + len <= vma_start_gap(v);
}

/* Highest place in [lo, hi) that nobody has or is about to have; 0. */
static u64 place_down(struct mm *mm, u64 len, u64 lo, u64 hi)
{
	u64 at;

	while ((at = vma_tree_hole_down(mm, len, lo, hi))) {
		struct range_req *r = range_meets(&mm->ranges, at, at + len);

		if (likely(!r))
			break;
		hi = r->start;
	}
	return at;
}

static u64 place_up(struct mm *mm, u64 len, u64 lo, u64 hi)
{
	u64 at;

	while ((at = vma_tree_hole_up(mm, len, lo, hi))) {
		struct range_req *r = range_meets(&mm->ranges, at, at + len);

		if (likely(!r))
			break;
		lo = PAGE_ALIGN_UP(r->end);
		if (lo < r->end)
			return 0;
	}
	return at;
}

static u64 place_find(struct mm *mm, u64 len, u32 flags)
{
	u64 at;

	if (flags & MAP_32BIT)
		return place_up(mm, len, MAP_32BIT_LO, MAP_32BIT_HI);
	at = place_down(mm, len, MMAP_MIN_ADDR, mm->mmap_base);
	return at ? at : place_up(mm, len, mm->mmap_base, USER_END);
}

u64 unmapped_area(struct mm *mm, u64 hint, u64 len, u32 flags)
{
	u64 at = 0;

	if (len > USER_END - MMAP_MIN_ADDR)
		return (u64)-ENOMEM;
	spin_lock(&mm->tree_lock);
	if (hint) {
		hint = max(PAGE_ALIGN_UP(hint), MMAP_MIN_ADDR);
		if (hint <= USER_END - len && range_free(mm, hint, len))
			at = hint;
	}
	if (!at && flags & MAP_32BIT)
		at = vma_tree_hole_up(mm, len, MAP_32BIT_LO, MAP_32BIT_HI);
	else if (!at)
		at = vma_tree_hole_down(mm, len, MMAP_MIN_ADDR, mm->mmap_base);
	if (!at && !(flags & MAP_32BIT))
		at = vma_tree_hole_up(mm, len, mm->mmap_base, USER_END);
	spin_unlock(&mm->tree_lock);
	return at ? at : (u64)-ENOMEM;
}

/* The whole address space is locked, a place in it found, the rest given back. */
static __noinline u64 lock_place_slow(struct mm *mm, struct range_req *r, u64 hint, u64 len, u32 flags)
{
	u64 at;

	if (mm_lock_write(mm, r, 0, ~0ul))
		return (u64)-EINTR;
	at = unmapped_area(mm, hint, len, flags);
	if (IS_ERR_VALUE(at))
		mm_unlock(mm, r);
	else
		mm_lock_less(mm, r, at, at + len);
	return at;
}

u64 mm_lock_place(struct mm *mm, struct range_req *r, u64 hint, u64 len, u32 flags)
{
	u64 at = 0;

	if (len > USER_END - MMAP_MIN_ADDR)
		return (u64)-ENOMEM;
	might_sleep();
	if (hint) {
		hint = max(PAGE_ALIGN_UP(hint), MMAP_MIN_ADDR);
		if (hint > USER_END - len)
			hint = 0;
	}
	r->task = current_core();
	spin_lock(&mm->tree_lock);
	if (hint && range_free(mm, hint, len)) {
		if (range_meets(&mm->ranges, hint, hint + len))
			goto slow;	/* it matters what becomes of it */
		at = hint;
	}
	if (!at)
		at = place_find(mm, len, flags);
	if (!at)
		goto slow;
	VERIFY(range_add(&mm->ranges, r, at, at + len, true));
	spin_unlock(&mm->tree_lock);
	lockdep_acquire(&mm->dep, r, 0, false, false);
	return at;
slow:
	/* Full, or what is free is being changed. */
	spin_unlock(&mm->tree_lock);
	return lock_place_slow(mm, r, hint, len, flags);
}

/* --- mappings of a held range --- */

struct vma *vma_first_in(struct mm *mm, u64 start, u64 end)
{
	struct vma *v;

	spin_lock(&mm->tree_lock);
	v = vma_tree_first(mm, start, end);
	spin_unlock(&mm->tree_lock);
	return v;
}

struct vma *vma_next_in(struct vma *v, u64 end)
{
	struct mm *mm = v->mm;

	spin_lock(&mm->tree_lock);
	v = v->next;
	if (v && v->start >= end)
		v = NULL;
	spin_unlock(&mm->tree_lock);
	return v;
}
