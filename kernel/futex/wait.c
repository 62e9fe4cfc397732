/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Waiting. The count of waiters is raised before the word is read, the waker changes the word
 * before it reads the count: one of the two sees the other.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <uapi/linux/futex.h>

#include "internal.h"

int futex_wait_setup(u64 addr, u32 flags, u32 val, struct futex_waiter *w)
{
	struct futex_bucket *b;
	u32 cur;
	int err;

retry:
	err = futex_get_key(addr, flags & FLAGS_SHARED, &w->key);
	if (err)
		return err;
	b = futex_bucket(&w->key);
	atomic_inc_return(&b->waiters);
	spin_lock(&b->lock);
	err = user_read32_nofault(&cur, uaddr(addr));
	if (!err && cur == val) {
		futex_enqueue(w, b);
		spin_unlock(&b->lock);
		return 0;
	}
	spin_unlock(&b->lock);
	atomic_dec(&b->waiters);
	futex_put_key(&w->key);
	if (!err)
		return -EAGAIN;
	err = fault_in_readable(uaddr(addr), sizeof(u32));
	if (err)
		return err;
	goto retry;
}

int futex_sleep(u32 flags, u64 deadline)
{
	if (flags & FLAGS_REALTIME && deadline != WAIT_FOREVER)
		return schedule_until_clock(TIMER_REALTIME, deadline);
	return schedule_until_slack(deadline, current->timer_slack_ns);
}

static long futex_wait_restart(struct restart_block *r)
{
	return futex_wait(r->futex.addr, r->futex.flags, r->futex.val, r->futex.expires, r->futex.bitset);
}

static long wait_interrupted(u64 addr, u32 flags, u32 val, u64 deadline, u32 bitset)
{
	struct restart_block *r = &current->restart;

	if (deadline == WAIT_FOREVER)
		return -ERESTARTSYS;
	r->fn = futex_wait_restart;
	r->futex.addr = addr;
	r->futex.flags = flags;
	r->futex.val = val;
	r->futex.expires = deadline;
	r->futex.bitset = bitset;
	return -ERESTART_RESTARTBLOCK;
}

long futex_wait(u64 addr, u32 flags, u32 val, u64 deadline, u32 bitset)
{
	struct futex_waiter w = { .task = current, .bitset = bitset };
	int expired = 0;
	bool woken;
	long err;

	if (!bitset)
		return -EINVAL;
retry:
	err = futex_wait_setup(addr, flags, val, &w);
	if (err)
		return err;
	set_current_state(TASK_INTERRUPTIBLE);
	if (READ_ONCE(w.bucket) && !signal_pending())
		expired = futex_sleep(flags, deadline) == 0;
	set_current_state(TASK_RUNNING);
	woken = futex_dequeue(&w);
	futex_put_key(&w.key);
	if (woken)
		return 0;
	if (expired)
		return -ETIMEDOUT;
	if (!signal_pending())
		goto retry;
	return wait_interrupted(addr, flags, val, deadline, bitset);
}

/* --- futex_waitv(2) --- */

static int waitv_import(struct futex_waitv *v, uin_futex_waitv u, u32 nr)
{
	if (copy_in_n(v, u, nr))
		return -EFAULT;
	for (u32 i = 0; i < nr; i++) {
		if (v[i].flags & ~(FUTEX_32 | FUTEX_PRIVATE_FLAG) || v[i].__reserved ||
		    !(v[i].flags & FUTEX_32))
			return -EINVAL;
		if (v[i].val >> 32)
			return -EINVAL;
	}
	return 0;
}

/* Take the first n waiters off their queues; index of one that was woken, or -1. */
static int waitv_dequeue(struct futex_waiter *w, u32 n)
{
	int woken = -1;

	for (u32 i = 0; i < n; i++) {
		if (futex_dequeue(&w[i]))
			woken = (int)i;
		futex_put_key(&w[i].key);
	}
	return woken;
}

static long waitv_do(struct futex_waitv *v, struct futex_waiter *w, u32 nr, u32 clock_flags, u64 deadline)
{
	int woken, expired = 0;

	for (;;) {
		for (u32 i = 0; i < nr; i++) {
			u32 flags = v[i].flags & FUTEX_PRIVATE_FLAG ? 0 : FLAGS_SHARED;
			int err;

			w[i] = (struct futex_waiter){ .task = current, .bitset = FUTEX_BITSET_MATCH_ANY };
			err = futex_wait_setup(v[i].uaddr, flags, (u32)v[i].val, &w[i]);
			if (err) {
				woken = waitv_dequeue(w, i);
				return woken >= 0 ? woken : err;
			}
		}
		set_current_state(TASK_INTERRUPTIBLE);
		for (u32 i = 0; i < nr; i++)
			if (!READ_ONCE(w[i].bucket))
				set_current_state(TASK_RUNNING);
		if (READ_ONCE(current->core.state) != TASK_RUNNING && !signal_pending())
			expired = futex_sleep(clock_flags, deadline) == 0;
		set_current_state(TASK_RUNNING);
		woken = waitv_dequeue(w, nr);
		if (woken >= 0)
			return woken;
		if (expired)
			return -ETIMEDOUT;
		if (signal_pending())
			return -ERESTARTSYS;
	}
}

long sys_futex_waitv(uin_futex_waitv waiters, unsigned int nr, unsigned int flags, uin_timespec utime, int clockid)
{
	u64 deadline = WAIT_FOREVER;
	struct futex_waiter *w = NULL;
	struct futex_waitv *v = NULL;
	struct timespec ts;
	u32 clock_flags = 0;
	long err;

	if (flags || !nr || nr > FUTEX_WAITV_MAX || uptr_null(waiters))
		return -EINVAL;
	if (!uptr_null(utime)) {
		if (clockid != CLOCK_MONOTONIC && clockid != CLOCK_REALTIME)
			return -EINVAL;
		if (copy_in(&ts, utime))
			return -EFAULT;
		if (!timespec_valid(&ts))
			return -EINVAL;
		deadline = (u64)timespec_to_ns(&ts);
		clock_flags = clockid == CLOCK_REALTIME ? FLAGS_REALTIME : 0;
	}
	v = kcalloc(nr, sizeof(*v), GFP_KERNEL);
	w = kcalloc(nr, sizeof(*w), GFP_KERNEL);
	err = v && w ? waitv_import(v, waiters, nr) : -ENOMEM;
	if (!err)
		err = waitv_do(v, w, nr, clock_flags, deadline);
	kfree(v);
	kfree(w);
	return err;
}
