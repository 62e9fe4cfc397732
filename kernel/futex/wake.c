/* SPDX-License-Identifier: MPL-2.0 */
/* Waking, waking by an operation on a second word, and moving waiters to another futex. */
#include <base/err.h>
#include <core/usercopy.h>
#include <fs/inode.h>
#include <uapi/linux/futex.h>

#include "internal.h"

/* Bucket lock held. Waiters woken; -EINVAL: one is not for plain operations. */
static int wake_bucket(struct futex_bucket *b, const struct futex_key *key, int nr, u32 bitset)
{
	struct futex_waiter *w, *n;
	int woken = 0;

	list_for_each_entry_safe(w, n, &b->list, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (unlikely(w->pi))
			return -EINVAL;
		if (!(w->bitset & bitset))
			continue;
		futex_wake_one(w);
		if (++woken >= nr)
			break;
	}
	return woken;
}

int futex_wake(u64 addr, u32 flags, int nr, u32 bitset)
{
	struct futex_bucket *b;
	struct futex_key key;
	int res;

	if (!bitset)
		return -EINVAL;
	res = futex_get_key(addr, flags & FLAGS_SHARED, &key);
	if (res)
		return res;
	b = futex_bucket(&key);
	smp_mb();	/* the caller's store to the word; pairs with futex_wait_setup's increment */
	if (atomic_read(&b->waiters)) {
		spin_lock(&b->lock);
		res = wake_bucket(b, &key, nr, bitset);
		spin_unlock(&b->lock);
	}
	futex_put_key(&key);
	return res;
}

static u32 apply_op(u32 op, u32 old, u32 arg)
{
	switch (op) {
	case FUTEX_OP_SET:
		return arg;
	case FUTEX_OP_ADD:
		return old + arg;
	case FUTEX_OP_OR:
		return old | arg;
	case FUTEX_OP_ANDN:
		return old & ~arg;
	default:
		return old ^ arg;
	}
}

static bool compare_op(u32 cmp, s32 old, s32 arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	default:
		return old > arg;
	}
}

/* Apply the encoded operation to the word without faulting: 1 or 0 is the comparison's result. -EFAULT. */
static int op_on_user(u64 addr, u32 code)
{
	u32 op = code >> 28 & 7, cmp = code >> 24 & 0xf, old, arg;
	s32 oparg = (s32)(code << 8) >> 20, cmparg = (s32)(code << 20) >> 20;
	int err;

	arg = code >> 28 & FUTEX_OP_OPARG_SHIFT ? 1u << (oparg & 31) : (u32)oparg;
	if (user_read32_nofault(&old, uaddr(addr)))
		return -EFAULT;
	do
		err = user_cmpxchg32_nofault(uaddr(addr), &old, apply_op(op, old, arg));
	while (err == -EAGAIN);
	return err ? err : compare_op(cmp, (s32)old, cmparg);
}

int futex_wake_op(u64 addr, u32 flags, u64 addr2, int nr, int nr2, u32 op)
{
	struct futex_bucket *b1, *b2;
	struct futex_key k1, k2;
	int res, cond;

	if ((op >> 28 & 7) > FUTEX_OP_XOR || (op >> 24 & 0xf) > FUTEX_OP_CMP_GE)
		return -ENOSYS;
retry:
	res = futex_get_key(addr, flags & FLAGS_SHARED, &k1);
	if (res)
		return res;
	res = futex_get_key(addr2, flags & FLAGS_SHARED, &k2);
	if (res)
		goto out_key1;
	b1 = futex_bucket(&k1);
	b2 = futex_bucket(&k2);
	futex_lock_two(b1, b2);
	cond = op_on_user(addr2, op);
	if (cond >= 0) {
		res = wake_bucket(b1, &k1, nr, FUTEX_BITSET_MATCH_ANY);
		if (cond && res >= 0) {
			int more = wake_bucket(b2, &k2, nr2, FUTEX_BITSET_MATCH_ANY);

			res = more < 0 ? more : res + more;
		}
	}
	futex_unlock_two(b1, b2);
	futex_put_key(&k2);
	futex_put_key(&k1);
	if (cond >= 0)
		return res;
	res = fault_in_writeable(uaddr(addr2), sizeof(u32));
	if (res)
		return res;
	goto retry;
out_key1:
	futex_put_key(&k1);
	return res;
}

void futex_move(struct futex_waiter *w, struct futex_bucket *from, struct futex_bucket *to, const struct futex_key *key)
{
	if (from != to) {
		list_move_tail(&w->link, &to->list);
		atomic_dec(&from->waiters);
		atomic_inc(&to->waiters);
		WRITE_ONCE(w->bucket, to);
	}
	if (key->shared)
		inode_get(key->object);
	w->key = *key;
}

/*
 * Both buckets locked. Wakes, then moves; waiters touched. *moved: how many gave up their reference
 * on the first key's inode, which the caller drops after the locks.
 */
static int requeue_locked(struct futex_bucket *from, struct futex_bucket *to, const struct futex_key *k1,
			  const struct futex_key *k2, int nr_wake, int nr_requeue, int *moved)
{
	struct futex_waiter *w, *n;
	int done = 0;

	list_for_each_entry_safe(w, n, &from->list, link) {
		if (done >= nr_wake && done - nr_wake >= nr_requeue)
			break;
		if (!futex_key_equal(&w->key, k1))
			continue;
		if (unlikely(w->pi))
			return -EINVAL;
		if (done++ < nr_wake) {
			futex_wake_one(w);
			continue;
		}
		futex_move(w, from, to, k2);
		(*moved)++;
	}
	return done;
}

int futex_requeue(u64 addr, u32 flags, u64 addr2, int nr_wake, int nr_requeue, const u32 *cmpval)
{
	struct futex_bucket *b1, *b2;
	struct futex_key k1, k2;
	int res, moved = 0;
	u32 cur;

	if (nr_wake < 0 || nr_requeue < 0)
		return -EINVAL;
retry:
	res = futex_get_key(addr, flags & FLAGS_SHARED, &k1);
	if (res)
		return res;
	res = futex_get_key(addr2, flags & FLAGS_SHARED, &k2);
	if (res) {
		futex_put_key(&k1);
		return res;
	}
	b1 = futex_bucket(&k1);
	b2 = futex_bucket(&k2);
	atomic_inc_return(&b2->waiters);	/* wakers of the second must not miss those that arrive */
	futex_lock_two(b1, b2);
	if (cmpval)
		res = user_read32_nofault(&cur, uaddr(addr));
	if (!res)
		res = cmpval && cur != *cmpval ? -EAGAIN :
			requeue_locked(b1, b2, &k1, &k2, nr_wake, nr_requeue, &moved);
	futex_unlock_two(b1, b2);
	atomic_dec(&b2->waiters);
	futex_put_key(&k2);
	for (; moved; moved--)
		futex_put_key(&k1);
	futex_put_key(&k1);
	if (res != -EFAULT)
		return res;
	res = fault_in_readable(uaddr(addr), sizeof(u32));
	if (res)
		return res;
	goto retry;
}
