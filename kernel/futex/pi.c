/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Futexes with priority inheritance. The word holds the owner's thread number; only contended locks
 * come here. Such a lock has a struct pi_state with its owner and its waiters by priority. An owner runs
 * with the highest priority of all who wait for its locks, and if it waits itself, hands that on: the
 * chain of owners is followed until nothing changes (pi_propagate).
 *
 * An unlock gives the lock to the first waiter: its number is in the word and its ownership recorded
 * before it wakes, so a woken waiter has nothing left to do. When an owner dies the first waiter gets the
 * lock too, but must write the word itself (PI_FROM_DEAD); until then the state is `dying`.
 *
 * Locks: the bucket's lock for finding and queueing, inside it PI_CHAIN, one for all chains: it is taken
 * only for locks that are contended, for moments, and spares the dance of locking a chain hand over hand.
 * User words are touched with faults disabled.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <core/usercopy.h>
#include <core/wait.h>
#include <kernel/time.h>
#include <uapi/linux/futex.h>

#include "internal.h"

#define MAX_CHAIN	1024		/* owners in a row: longer is taken for a cycle */

spinlock_t futex_pi_lock;
static struct wait_queue exit_wait;	/* those who wait for a FUTEX_STATE_EXITING to end */

static int pi_init(void)
{
	spin_lock_init(&futex_pi_lock, PI_CHAIN);
	wait_queue_init(&exit_wait);
	return 0;
}
INITCALL_CORE(pi_init);

struct pi_state *pi_state_alloc(void)
{
	struct pi_state *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (s)
		list_init(&s->link);
	return s;
}

/* --- chains: PI_CHAIN held --- */

static struct pi_waiter *top_of(const struct pi_state *s)
{
	return rb_entry_safe(s->waiters.leftmost, struct pi_waiter, node);
}

static void waiter_insert(struct pi_state *s, struct pi_waiter *pw)
{
	struct rb_node **link = &s->waiters.root.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (pw->prio > rb_entry(parent, struct pi_waiter, node)->prio) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_link_node(&pw->node, parent, link);
	rb_insert_cached(&pw->node, &s->waiters, first);
}

static int inherited_prio(const struct task *t)
{
	const struct pi_state *s;
	int prio = 0;

	list_for_each_entry(s, &t->pi_state_list, link) {
		const struct pi_waiter *top = top_of(s);

		if (top)
			prio = max(prio, top->prio);
	}
	return prio;
}

/* What t inherits or its own priority may have changed: set it, and so on along the chain of owners. */
static void pi_propagate(struct task *t)
{
	for (int depth = 0; t && depth < MAX_CHAIN; depth++) {
		struct pi_waiter *w;
		int prio;

		sched_boost(t, inherited_prio(t));
		w = t->pi_blocked;
		prio = sched_pi_prio(t);
		if (!w || w->prio == prio)
			return;
		rb_erase_cached(&w->node, &w->state->waiters);
		w->prio = prio;
		waiter_insert(w->state, w);
		t = w->state->owner;
	}
}

/* Would t, waiting for s, wait for itself? */
static bool would_deadlock(const struct pi_state *s, const struct task *t)
{
	const struct task *owner = s->owner;

	for (int depth = 0; owner; depth++) {
		if (owner == t || depth >= MAX_CHAIN)
			return true;
		owner = owner->pi_blocked ? owner->pi_blocked->state->owner : NULL;
	}
	return false;
}

static void state_own(struct pi_state *s, struct task *t)
{
	s->owner = t;
	list_move(&s->link, &t->pi_state_list);
}

static void state_put(struct pi_state *s)
{
	if (--s->refs)
		return;
	list_del(&s->link);
	kfree(s);
}

void futex_pi_update(struct task *t)
{
	u64 flags;

	spin_lock_irqsave(&futex_pi_lock, flags);
	pi_propagate(t);
	spin_unlock_irqrestore(&futex_pi_lock, flags);
}

/* --- attaching to a lock: bucket lock held --- */

static struct futex_waiter *first_waiter(struct futex_bucket *b, const struct futex_key *key)
{
	struct futex_waiter *w;

	list_for_each_entry(w, &b->list, link)
		if (futex_key_equal(&w->key, key))
			return w;
	return NULL;
}

/* The word says that somebody owns it whom we do not find alive. */
static int owner_gone(u64 addr, u32 word)
{
	u32 now;

	if (user_read32_nofault(&now, uaddr(addr)))
		return -EFAULT;
	return now == word ? -ESRCH : -EAGAIN;
}

/* First waiter: a state for the owner that the word names. */
static int attach_owner(u64 addr, u32 word, const struct futex_key *key, struct pi_state **fresh,
			struct pi_state **out, struct task **exiting)
{
	u32 tid = word & FUTEX_TID_MASK;
	struct pi_state *s;
	struct task *t;
	int err = 0;

	if (!tid)
		return -EAGAIN;
	rcu_read_lock();
	t = task_find((int)tid);
	if (!t || t->flags & PF_KTHREAD) {
		rcu_read_unlock();
		return t ? -EPERM : owner_gone(addr, word);
	}
	spin_lock_irq(&futex_pi_lock);
	switch (t->futex_state) {
	case FUTEX_STATE_OK:
		s = *fresh;
		*fresh = NULL;
		s->key = *key;
		state_own(s, t);
		*out = s;
		break;
	case FUTEX_STATE_EXITING:
		task_get(t);
		*exiting = t;
		err = -EBUSY;
		break;
	default:
		err = owner_gone(addr, word);
		break;
	}
	spin_unlock_irq(&futex_pi_lock);
	rcu_read_unlock();
	return err;
}

/* Others wait already: the word must agree with what we know of the owner. */
static int attach_state(u32 word, const struct futex_waiter *w, struct pi_state **out)
{
	struct pi_state *s = w->pi ? w->pi->state : NULL;
	u32 tid = word & FUTEX_TID_MASK;
	int err = 0;

	if (!s)
		return -EINVAL;
	spin_lock_irq(&futex_pi_lock);
	if (word & FUTEX_OWNER_DIED && !tid)
		;	/* nobody has it, or its next owner has not got so far as to write it */
	else if (s->dying || !s->owner || tid != (u32)task_tid_vnr(s->owner))
		err = -EINVAL;
	spin_unlock_irq(&futex_pi_lock);
	*out = s;
	return err;
}

int pi_lock_atomic(u64 addr, struct futex_bucket *b, const struct futex_key *key, struct task *t,
		   struct pi_state **fresh, struct pi_state **out, bool set_waiters, struct task **exiting)
{
	u32 tid = (u32)task_tid_vnr(t), word, val;
	struct futex_waiter *w;
	int err;

	if (user_read32_nofault(&word, uaddr(addr)))
		return -EFAULT;
	if ((word & FUTEX_TID_MASK) == tid)
		return -EDEADLK;
	w = first_waiter(b, key);
	if (w)
		return attach_state(word, w, out);
	if (!(word & FUTEX_TID_MASK)) {
		val = (word & FUTEX_OWNER_DIED) | tid | (set_waiters ? FUTEX_WAITERS : 0);
		err = user_cmpxchg32_nofault(uaddr(addr), &word, val);
		if (!err && set_waiters)
			err = attach_owner(addr, val, key, fresh, out, exiting);
		return err ? err : 1;
	}
	val = word | FUTEX_WAITERS;
	err = user_cmpxchg32_nofault(uaddr(addr), &word, val);
	return err ? err : attach_owner(addr, val, key, fresh, out, exiting);
}

int pi_lock_retry(int err, u64 addr, struct task *exiting)
{
	switch (err) {
	case -EFAULT:
		return fault_in_writeable(uaddr(addr), sizeof(u32));
	case -EBUSY:
		wait_event(&exit_wait, READ_ONCE(exiting->futex_state) != FUTEX_STATE_EXITING);
		task_put(exiting);
		return 0;
	case -EAGAIN:
		sched_cond_resched();
		return 0;
	default:
		return err;
	}
}

int pi_enqueue(struct pi_state *s, struct pi_waiter *pw)
{
	struct task *t = pw->w.task;
	int err = 0;

	spin_lock_irq(&futex_pi_lock);
	if (would_deadlock(s, t)) {
		err = -EDEADLK;
	} else {
		s->refs++;
		pw->state = s;
		pw->prio = sched_pi_prio(t);
		waiter_insert(s, pw);
		t->pi_blocked = pw;
		pi_propagate(s->owner);
	}
	spin_unlock_irq(&futex_pi_lock);
	return err;
}

void pi_state_drop_unused(struct pi_state *s)
{
	spin_lock_irq(&futex_pi_lock);
	if (!s->refs) {
		list_del(&s->link);
		kfree(s);
	}
	spin_unlock_irq(&futex_pi_lock);
}

/* --- giving the lock away: bucket lock held --- */

static void grant(struct pi_waiter *pw, enum pi_grant how)
{
	struct task *t = pw->w.task;

	/* The waiter and its stack may be gone after this; the task is freed by RCU, and the lock is a reader's section. */
	smp_store_release(&pw->granted, how);
	sched_wake(&t->core, TASK_NORMAL);
}

/* Off the bucket; the waiter leaves for good when it sees bucket NULL and granted. */
static void unqueue(struct pi_waiter *pw)
{
	list_del(&pw->w.link);
	atomic_dec(&pw->w.bucket->waiters);
	WRITE_ONCE(pw->w.bucket, NULL);
}

void pi_grant_unqueued(struct pi_waiter *pw)
{
	unqueue(pw);
	grant(pw, PI_GRANTED);
}

/* PI_CHAIN held: pw waits no more. */
static void leave_tree(struct pi_waiter *pw)
{
	rb_erase_cached(&pw->node, &pw->state->waiters);
	pw->w.task->pi_blocked = NULL;
}

/* PI_CHAIN held. The word names the new owner already. */
static void hand_over(struct pi_state *s, struct pi_waiter *next)
{
	struct task *old = s->owner, *t = next->w.task;

	leave_tree(next);
	state_own(s, t);
	unqueue(next);
	next->state = NULL;
	state_put(s);
	pi_propagate(old);
	pi_propagate(t);
	grant(next, PI_GRANTED);
}

/* PI_CHAIN held. The owner died, or cannot reach the word: the next one writes it. */
static void hand_over_dead(struct pi_state *s)
{
	struct pi_waiter *next = top_of(s);

	s->dying = true;
	s->owner = NULL;
	list_del_init(&s->link);
	if (!next)
		return;
	leave_tree(next);
	state_own(s, next->w.task);
	pi_propagate(next->w.task);
	grant(next, PI_FROM_DEAD);
}

/* --- waiting --- */

/* The waiter's bucket, locked; NULL: it is on none any more. */
static struct futex_bucket *lock_waiter(struct pi_waiter *pw)
{
	struct futex_bucket *b;

	while ((b = READ_ONCE(pw->w.bucket))) {
		spin_lock(&b->lock);
		if (b == pw->w.bucket)
			return b;
		spin_unlock(&b->lock);
	}
	return NULL;
}

/* The lock came from a dead owner and the word must say so. Bucket lock held; dropped. */
static long take_from_dead(struct pi_waiter *pw, u64 addr, struct futex_bucket *b)
{
	u32 word, mine = (u32)task_tid_vnr(current) | FUTEX_WAITERS | FUTEX_OWNER_DIED;
	struct pi_state *s = pw->state;
	long err;

	for (;;) {
		err = user_read32_nofault(&word, uaddr(addr));
		while (!err && (err = user_cmpxchg32_nofault(uaddr(addr), &word, mine)) == -EAGAIN)
			err = 0;
		if (!err)
			break;
		spin_unlock(&b->lock);
		err = fault_in_writeable(uaddr(addr), sizeof(u32));
		spin_lock(&b->lock);
		if (err)
			break;
	}
	spin_lock_irq(&futex_pi_lock);
	s->dying = false;
	unqueue(pw);
	if (err)
		hand_over_dead(s);
	state_put(s);
	pi_propagate(current);
	spin_unlock_irq(&futex_pi_lock);
	spin_unlock(&b->lock);
	return err;
}

/* Awake: with the lock, or without. */
static long wait_finish(struct pi_waiter *pw, u64 addr, bool expired, bool *was_queued)
{
	struct futex_bucket *b = lock_waiter(pw);
	struct pi_state *s;

	if (!b) {
		/* The grant follows the unqueueing: it is the last access to us. */
		while (smp_load_acquire(&pw->granted) == PI_WAITS)
			cpu_relax();
		return 0;
	}
	s = pw->state;
	*was_queued = s != NULL;
	if (pw->granted == PI_FROM_DEAD)
		return take_from_dead(pw, addr, b);
	unqueue(pw);
	if (s) {
		spin_lock_irq(&futex_pi_lock);
		leave_tree(pw);
		pi_propagate(s->owner);
		state_put(s);
		spin_unlock_irq(&futex_pi_lock);
	}
	spin_unlock(&b->lock);
	return expired ? -ETIMEDOUT : -EINTR;
}

long pi_wait(struct pi_waiter *pw, u64 addr, u32 flags, u64 deadline, bool *was_queued)
{
	bool expired = false;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(pw->granted) != PI_WAITS || expired || signal_pending())
			break;
		expired = futex_sleep(flags, deadline) == 0;
	}
	set_current_state(TASK_RUNNING);
	return wait_finish(pw, addr, expired, was_queued);
}

/* --- lock and unlock --- */

long futex_lock_pi(u64 addr, u32 flags, u64 deadline, bool try)
{
	struct pi_waiter pw = { .w = { .task = current, .bitset = FUTEX_BITSET_MATCH_ANY } };
	struct pi_state *fresh = NULL, *s = NULL;
	struct task *exiting = NULL;
	struct futex_bucket *b;
	bool was_queued;
	long res;

	pw.w.pi = &pw;
retry:
	if (!fresh)
		fresh = pi_state_alloc();
	if (!fresh)
		return -ENOMEM;
	res = futex_get_key(addr, flags & FLAGS_SHARED, &pw.w.key);
	if (res)
		goto out;
	b = futex_bucket(&pw.w.key);
	spin_lock(&b->lock);
	res = pi_lock_atomic(addr, b, &pw.w.key, current, &fresh, &s, false, &exiting);
	if (res) {
		spin_unlock(&b->lock);
		futex_put_key(&pw.w.key);
		if (res == 1) {
			res = 0;
			goto out;
		}
		res = pi_lock_retry((int)res, addr, exiting);
		if (!res)
			goto retry;
		goto out;
	}
	res = try ? -EAGAIN : pi_enqueue(s, &pw);
	if (res) {
		pi_state_drop_unused(s);
		spin_unlock(&b->lock);
		goto out_key;
	}
	atomic_inc(&b->waiters);
	futex_enqueue(&pw.w, b);
	spin_unlock(&b->lock);
	res = pi_wait(&pw, addr, flags, deadline, &was_queued);
	if (res == -EINTR)
		res = -ERESTARTNOINTR;
out_key:
	futex_put_key(&pw.w.key);
out:
	kfree(fresh);
	return res;
}

/* Bucket lock held, somebody waits. 0, -EINVAL, -EFAULT, -EAGAIN: read the word anew. */
static int unlock_to_waiter(u64 addr, u32 word, const struct futex_waiter *w)
{
	struct pi_state *s = w->pi ? w->pi->state : NULL;
	u32 found = word;
	struct pi_waiter *next;
	int err;

	if (!s)
		return -EINVAL;
	spin_lock_irq(&futex_pi_lock);
	next = top_of(s);
	if (s->owner != current || !next) {
		err = -EINVAL;
	} else {
		err = user_cmpxchg32_nofault(uaddr(addr), &found,
					     FUTEX_WAITERS | (u32)task_tid_vnr(next->w.task));
		if (err == -EAGAIN && ((found ^ word) & FUTEX_TID_MASK))
			err = -EINVAL;
		if (!err)
			hand_over(s, next);
	}
	spin_unlock_irq(&futex_pi_lock);
	return err;
}

long futex_unlock_pi(u64 addr, u32 flags)
{
	struct futex_bucket *b;
	struct futex_waiter *w;
	struct futex_key key;
	u32 word;
	int err;

	for (;;) {
		if (addr % sizeof(u32))
			return -EINVAL;
		if (copy_in_bytes(&word, uaddr(addr), sizeof(word)))
			return -EFAULT;
		if ((word & FUTEX_TID_MASK) != (u32)task_tid_vnr(current))
			return -EPERM;
		err = futex_get_key(addr, flags & FLAGS_SHARED, &key);
		if (err)
			return err;
		b = futex_bucket(&key);
		spin_lock(&b->lock);
		w = first_waiter(b, &key);
		err = w ? unlock_to_waiter(addr, word, w) : user_cmpxchg32_nofault(uaddr(addr), &word, 0);
		spin_unlock(&b->lock);
		futex_put_key(&key);
		if (err != -EFAULT && !(err == -EAGAIN && w))
			return err;
		if (err == -EFAULT && fault_in_writeable(uaddr(addr), sizeof(u32)))
			return -EFAULT;
		sched_cond_resched();
	}
}

/* --- exit --- */

void pi_exit_begin(struct task *t)
{
	if (likely(!t->robust_list && list_empty(&t->pi_state_list)))
		return;
	spin_lock_irq(&futex_pi_lock);
	t->futex_state = FUTEX_STATE_EXITING;
	spin_unlock_irq(&futex_pi_lock);
}

/* Every lock of t's that somebody waits for goes to the first of them. */
static void exit_states(struct task *t)
{
	spin_lock_irq(&futex_pi_lock);
	while (!list_empty(&t->pi_state_list)) {
		struct pi_state *s = list_first_entry(&t->pi_state_list, struct pi_state, link);
		struct futex_bucket *b = futex_bucket(&s->key);

		s->refs++;
		spin_unlock_irq(&futex_pi_lock);
		spin_lock(&b->lock);
		spin_lock_irq(&futex_pi_lock);
		if (s->owner == t)
			hand_over_dead(s);
		state_put(s);
		spin_unlock_irq(&futex_pi_lock);
		spin_unlock(&b->lock);
		spin_lock_irq(&futex_pi_lock);
	}
	spin_unlock_irq(&futex_pi_lock);
}

void pi_exit(struct task *t, bool final)
{
	bool told = t->futex_state == FUTEX_STATE_EXITING;

	spin_lock_irq(&futex_pi_lock);
	/* From here on nobody can make t an owner; exec lets them again at the end. */
	t->futex_state = final ? FUTEX_STATE_DEAD : FUTEX_STATE_EXITING;
	spin_unlock_irq(&futex_pi_lock);
	exit_states(t);
	if (!final) {
		spin_lock_irq(&futex_pi_lock);
		pi_propagate(t);
		t->futex_state = FUTEX_STATE_OK;
		spin_unlock_irq(&futex_pi_lock);
	}
	if (told || !final)
		wake_up_all(&exit_wait);
}
