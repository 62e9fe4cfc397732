/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Condition variables over PI locks: a task waits on a plain word (WAIT_REQUEUE_PI) and CMP_REQUEUE_PI
 * moves it to the lock, or gives it the lock if that is free, without waking it in between. Both sides
 * name the lock; they must agree. Objects and locks: pi.c.
 */
#include <base/err.h>
#include <core/slab.h>
#include <core/usercopy.h>
#include <kernel/time.h>
#include <uapi/linux/futex.h>

#include "internal.h"

long futex_wait_requeue_pi(u64 addr, u32 flags, u32 val, u64 deadline, u64 addr2)
{
	struct pi_waiter pw = {
		.w = { .task = current, .bitset = FUTEX_BITSET_MATCH_ANY }, .requeue = true,
	};
	struct futex_key key;
	bool was_queued = false;
	long res;

	if (addr == addr2)
		return -EINVAL;
	pw.w.pi = &pw;
	res = futex_get_key(addr2, flags & FLAGS_SHARED, &pw.key2);
	if (res)
		return res;
	res = futex_get_key(addr, flags & FLAGS_SHARED, &key);
	if (res)
		goto out;
	if (futex_key_equal(&key, &pw.key2))
		res = -EINVAL;
	futex_put_key(&key);
	if (!res)
		res = futex_wait_setup(addr, flags, val, &pw.w);
	if (res)
		goto out;
	res = pi_wait(&pw, addr2, flags, deadline, &was_queued);
	/* Once on the lock, starting again would only find that the word has changed. */
	if (res == -EINTR)
		res = was_queued ? -EAGAIN : -ERESTARTNOINTR;
	futex_put_key(&pw.w.key);
out:
	futex_put_key(&pw.key2);
	return res;
}

struct requeue {
	struct futex_bucket *b1, *b2;
	struct futex_key k1, k2;
	u64 addr2;
	int nr_wake, nr_requeue;
	struct pi_state *fresh, *state;
	struct task *exiting;
	int done, moved;
};

/* Is w one that may go to our lock? */
static bool may_move(const struct requeue *r, const struct futex_waiter *w)
{
	return w->pi && w->pi->requeue && !w->pi->state && futex_key_equal(&w->pi->key2, &r->k2);
}

/* Try to get the lock for the first waiter. 1: it has it; 0: no waiter, or r->state is what to wait on. */
static int lock_for_first(struct requeue *r)
{
	struct futex_waiter *w;
	int res;

	list_for_each_entry(w, &r->b1->list, link) {
		if (!futex_key_equal(&w->key, &r->k1))
			continue;
		if (!may_move(r, w))
			return -EINVAL;
		res = pi_lock_atomic(r->addr2, r->b2, &r->k2, w->task, &r->fresh, &r->state, r->nr_requeue > 0,
				     &r->exiting);
		if (res == 1)
			pi_grant_unqueued(w->pi);
		return res;
	}
	return 0;
}

/* Both buckets locked. 0, or what stopped it. */
static int requeue_locked(struct requeue *r)
{
	struct futex_waiter *w, *n;
	int res = lock_for_first(r);

	if (res < 0)
		return res;
	r->done = res;
	list_for_each_entry_safe(w, n, &r->b1->list, link) {
		if (r->done - r->nr_wake >= r->nr_requeue)
			break;
		if (!futex_key_equal(&w->key, &r->k1))
			continue;
		if (!may_move(r, w))
			return -EINVAL;
		res = pi_enqueue(r->state, w->pi);
		if (res)
			return res;
		futex_move(w, r->b1, r->b2, &r->k2);
		r->moved++;
		r->done++;
	}
	return 0;
}

/* One attempt, from keys to locks and back. */
static int requeue_once(struct requeue *r, u64 addr, u32 flags, u32 cmpval, bool *first_word)
{
	u32 cur;
	int res;

	r->state = NULL;
	*first_word = false;
	res = futex_get_key(addr, flags & FLAGS_SHARED, &r->k1);
	if (res)
		return res;
	res = futex_get_key(r->addr2, flags & FLAGS_SHARED, &r->k2);
	if (res)
		goto out_key1;
	res = -EINVAL;
	if (futex_key_equal(&r->k1, &r->k2))
		goto out;
	r->b1 = futex_bucket(&r->k1);
	r->b2 = futex_bucket(&r->k2);
	futex_lock_two(r->b1, r->b2);
	res = user_read32_nofault(&cur, uaddr(addr));
	if (res)
		*first_word = true;
	else if (cur != cmpval)
		res = -EINPROGRESS;	/* the caller's -EAGAIN, which is no reason to try again */
	else
		res = requeue_locked(r);
	if (r->state)
		pi_state_drop_unused(r->state);
	futex_unlock_two(r->b1, r->b2);
	for (; r->moved; r->moved--)
		futex_put_key(&r->k1);
out:
	futex_put_key(&r->k2);
out_key1:
	futex_put_key(&r->k1);
	return res;
}

long futex_cmp_requeue_pi(u64 addr, u32 flags, u64 addr2, int nr_wake, int nr_requeue, u32 cmpval)
{
	struct requeue r = { .addr2 = addr2, .nr_wake = nr_wake, .nr_requeue = nr_requeue };
	bool first_word;
	int res;

	if (nr_wake < 0 || nr_requeue < 0)
		return -EINVAL;
	/* One is woken at most: it gets the lock. */
	if (addr == addr2 || nr_wake != 1)
		return -EINVAL;
	for (;;) {
		if (!r.fresh)
			r.fresh = pi_state_alloc();
		if (!r.fresh)
			return -ENOMEM;
		res = requeue_once(&r, addr, flags, cmpval, &first_word);
		if (!res || res == -EINVAL || res == -EINPROGRESS || r.done)
			break;
		res = first_word ? fault_in_readable(uaddr(addr), sizeof(u32)) :
				   pi_lock_retry(res, addr2, r.exiting);
		if (res)
			break;
	}
	kfree(r.fresh);
	if (res == -EINPROGRESS)
		return -EAGAIN;
	return res ? res : r.done;
}
