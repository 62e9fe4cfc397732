/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of kernel/futex share: keys, buckets and waiters.
 *
 * A waiter hangs in the bucket of its key; waiter.bucket, read without the lock and checked under
 * it, says in which one (requeue moves it) and is NULL once it was woken. Two buckets are locked in
 * address order. Priority inheritance has one lock for all its chains, inside the buckets'.
 */
#ifndef KERNEL_FUTEX_INTERNAL_H
#define KERNEL_FUTEX_INTERNAL_H

#include <base/list.h>
#include <base/rbtree.h>
#include <core/spinlock.h>
#include <kernel/futex.h>
#include <kernel/task.h>

struct inode;
struct pi_waiter;

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
	struct pi_waiter *pi;		/* [I] of a PI operation: not woken by plain ones */
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
/* Queue w if the word still holds val. 0; -EAGAIN; -EFAULT; -EINVAL. */
__must_check int futex_wait_setup(u64 addr, u32 flags, u32 val, struct futex_waiter *w);
/* The waiter's state was set before its last look at bucket. 0: expired. */
int futex_sleep(u32 flags, u64 deadline);
long futex_wait(u64 addr, u32 flags, u32 val, u64 deadline, u32 bitset);
/* wake.c */
int futex_wake(u64 addr, u32 flags, int nr, u32 bitset);
int futex_wake_op(u64 addr, u32 flags, u64 addr2, int nr, int nr2, u32 op);
/* A waiter moves to another bucket, both locked. Its reference on its old key is the caller's to drop. */
void futex_move(struct futex_waiter *w, struct futex_bucket *from, struct futex_bucket *to, const struct futex_key *key);
int futex_requeue(u64 addr, u32 flags, u64 addr2, int nr_wake, int nr_requeue, const u32 *cmpval);


/* pi.c */
#define FUTEX_STATE_OK		0u
#define FUTEX_STATE_EXITING	1u	/* walks its robust list: wait until it is done */
#define FUTEX_STATE_DEAD	2u

/*
 * A PI futex that has waiters. It belongs to one bucket (by its key) and, while somebody owns it, to
 * that task's list. Freed with its last waiter.
 */
struct pi_state {
	struct list_head link;		/* [PI_CHAIN] in owner->pi_state_list */
	struct task *owner;		/* [PI_CHAIN] borrowed: its exit hands the state over; NULL: nobody */
	struct rb_root_cached waiters;	/* [PI_CHAIN] struct pi_waiter by priority, then age */
	struct futex_key key;		/* [I] its object is referenced by the waiters */
	u32 refs;			/* [PI_CHAIN] waiters, and a look at it in the exit of its owner */
	bool dying;			/* [PI_CHAIN] the owner got it from a dead one and has not written the word */
};

enum pi_grant { PI_WAITS, PI_GRANTED, PI_FROM_DEAD };

/* On the waiting task's stack. */
struct pi_waiter {
	struct futex_waiter w;
	struct rb_node node;		/* [PI_CHAIN] in state->waiters */
	struct pi_state *state;		/* [bucket lock; PI_CHAIN] NULL: not on a lock (yet) */
	int prio;			/* [PI_CHAIN] */
	enum pi_grant granted;		/* [bucket lock; a] */
	bool requeue;			/* [I] waits on a plain word to be moved to key2 */
	struct futex_key key2;		/* [I] */
};

extern spinlock_t futex_pi_lock;	/* class PI_CHAIN */
struct pi_state *pi_state_alloc(void);
/*
 * Bucket locked, the word at addr is key's. Try to take the lock for t. 1: it has it (and, if
 * set_waiters, *out is its state); 0: *out is the state to wait on; -EFAULT: fault the word in; -EBUSY:
 * wait for *exiting (referenced); -EAGAIN: try again; other errors are the caller's result.
 */
int pi_lock_atomic(u64 addr, struct futex_bucket *b, const struct futex_key *key, struct task *t,
		   struct pi_state **fresh, struct pi_state **out, bool set_waiters, struct task **exiting);
/* Bucket locked: put pw on the lock. -EDEADLK. */
__must_check int pi_enqueue(struct pi_state *s, struct pi_waiter *pw);
/* Bucket locked: the state was attached, but nobody may have queued: then it goes. */
void pi_state_drop_unused(struct pi_state *s);
/* Bucket locked: pw's task, not on any lock, got what it waits for. */
void pi_grant_unqueued(struct pi_waiter *pw);
/* Sleep until the lock is ours. 0, -ETIMEDOUT, -EINTR, -EFAULT; *was_queued: it was on a lock then. */
long pi_wait(struct pi_waiter *pw, u64 addr, u32 flags, u64 deadline, bool *was_queued);
/* An error of pi_lock_atomic(), locks dropped: 0 to try again. */
__must_check int pi_lock_retry(int err, u64 addr, struct task *exiting);
void pi_exit(struct task *t, bool final);
void pi_exit_begin(struct task *t);
long futex_lock_pi(u64 addr, u32 flags, u64 deadline, bool try);
long futex_unlock_pi(u64 addr, u32 flags);
/* pi_requeue.c */
long futex_wait_requeue_pi(u64 addr, u32 flags, u32 val, u64 deadline, u64 addr2);
long futex_cmp_requeue_pi(u64 addr, u32 flags, u64 addr2, int nr_wake, int nr_requeue, u32 cmpval);

#endif
