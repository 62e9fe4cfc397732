/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of kernel/futex share: keys, buckets and waiters.
 *
 * A waiter hangs in the bucket of its key; waiter.bucket, read without the lock and checked under
 * it, says in which one (requeue moves it) and is NULL once it was woken. Two buckets are locked in
 * address order.
 */
#ifndef KERNEL_FUTEX_INTERNAL_H
#define KERNEL_FUTEX_INTERNAL_H

#include <base/list.h>
#include <core/spinlock.h>
#include <kernel/futex.h>
#include <kernel/task.h>

struct inode;

/* What a futex word is: an address in one address space, or a place in a file. */
struct futex_key {
	void *object;		/* mm or inode */
	u64 offset;		/* user address, or byte offset in the file */
	bool shared;		/* inode: referenced */
};

struct futex_bucket {
	atomic_t waiters;	/* those queued or about to be: wakers skip the lock at zero */
	spinlock_t lock;	/* class FUTEX */
	struct list_head list;	/* [lock] */
} __cacheline_aligned;

struct futex_waiter {
	struct list_head link;		/* [bucket lock] */
	struct futex_bucket *bucket;	/* [bucket lock; a] NULL: woken */
	struct task *task;
	struct futex_key key;		/* [bucket lock] */
	u32 bitset;
};

#define FLAGS_SHARED	0x1u
#define FLAGS_REALTIME	0x2u

/* core.c */
__must_check int futex_get_key(u64 addr, bool shared, struct futex_key *key);	/* -EINVAL, -EFAULT */
void futex_put_key(struct futex_key *key);
bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
struct futex_bucket *futex_bucket(const struct futex_key *key);
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);
/* Bucket lock held. */
void futex_enqueue(struct futex_waiter *w, struct futex_bucket *b);
void futex_wake_one(struct futex_waiter *w);
/* Off the queue, wherever it is. True: it had been woken before. */
bool futex_dequeue(struct futex_waiter *w);

/* wait.c */
long futex_wait(u64 addr, u32 flags, u32 val, u64 deadline, u32 bitset);
/* wake.c */
int futex_wake(u64 addr, u32 flags, int nr, u32 bitset);
int futex_wake_op(u64 addr, u32 flags, u64 addr2, int nr, int nr2, u32 op);
int futex_requeue(u64 addr, u32 flags, u64 addr2, int nr_wake, int nr_requeue, const u32 *cmpval);

#endif
