/* SPDX-License-Identifier: MPL-2.0 */
/*
 * msgsnd(2) and msgrcv(2). A sender hands its message straight to the first receiver that waits for one like it;
 * else it queues. Senders that find the queue full wait in order; a receiver that makes room wakes those
 * whose message fits now.
 *
 * As with semaphores, a waiter sleeps without a reference to the queue: while its status is unset under RCU, the
 * queue is there.
 */
#include <base/math.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include "msg.h"

enum match { MATCH_ANY, MATCH_EQUAL, MATCH_NOT, MATCH_UP_TO, MATCH_NUMBER };

struct msg_receiver {
	struct list_head link;		/* [queue's lock] */
	struct task *task;		/* [I] */
	enum match how;			/* [I] */
	s64 type;			/* [I] */
	size_t max_size;		/* [I] larger ones give -E2BIG */
	struct msg *msg;		/* [a] NULL: none yet; ERR_PTR */
};

struct msg_sender {
	struct list_head link;		/* [queue's lock] */
	struct task *task;		/* [I] */
	size_t size;			/* [I] of its message */
	int status;			/* [a] SENDER_WAITS; 0: look again; -EIDRM */
};
#define SENDER_WAITS	1

/* --- messages --- */

static struct msg *msg_alloc(size_t size)
{
	return kvmalloc(sizeof(struct msg) + size, GFP_KERNEL);
}

static bool matches(const struct msg *m, enum match how, s64 type)
{
	switch (how) {
	case MATCH_EQUAL:
		return m->type == type;
	case MATCH_NOT:
		return m->type != type;
	case MATCH_UP_TO:
		return m->type <= type;
	default:
		return true;
	}
}

/* The first that matches; MATCH_UP_TO: the first of the lowest type. NULL. */
static struct msg *queue_search(struct msg_queue *q, enum match how, s64 type)
{
	struct msg *m, *found = NULL;
	s64 at = 0;

	list_for_each_entry(m, &q->messages, link) {
		if (how == MATCH_NUMBER) {
			if (at++ == type)
				return m;
			continue;
		}
		if (!matches(m, how, type))
			continue;
		if (how != MATCH_UP_TO || m->type == 1)
			return m;
		found = m;
		type = m->type - 1;
	}
	return found;
}

static bool fits(const struct msg_queue *q, size_t size)
{
	return q->bytes + size <= q->max_bytes && q->nr + 1 <= q->max_bytes;
}

/* --- waking: the tasks are freed by RCU, and the lock keeps us inside a reader's section --- */

static void receiver_give(struct msg_receiver *r, struct msg *m)
{
	struct task *t = r->task;

	list_del(&r->link);
	smp_store_release(&r->msg, m);
	sched_wake(&t->core, TASK_NORMAL);
}

void msg_wake_receivers(struct msg_queue *q, int status)
{
	struct msg_receiver *r, *n;

	list_for_each_entry_safe(r, n, &q->receivers, link)
		receiver_give(r, ERR_PTR(status));
}

static void sender_wake(struct msg_sender *s, int status)
{
	struct task *t = s->task;

	list_del(&s->link);
	smp_store_release(&s->status, status);
	sched_wake(&t->core, TASK_NORMAL);
}

void msg_wake_senders(struct msg_queue *q, int status)
{
	struct msg_sender *s, *n;

	list_for_each_entry_safe(s, n, &q->senders, link)
		sender_wake(s, status == -EAGAIN ? 0 : status);
}

/* There is room: wake those whose messages fit together. */
static void wake_fitting(struct msg_queue *q)
{
	struct msg_sender *s, *n;
	u64 bytes = 0, nr = 0;

	list_for_each_entry_safe(s, n, &q->senders, link) {
		if (q->bytes + bytes + s->size > q->max_bytes || q->nr + nr + 1 > q->max_bytes)
			continue;
		bytes += s->size;
		nr++;
		sender_wake(s, 0);
	}
}

/* A receiver that waits for it takes m. */
static bool hand_over(struct msg_queue *q, struct msg *m)
{
	struct msg_receiver *r, *n;

	list_for_each_entry_safe(r, n, &q->receivers, link) {
		if (!matches(m, r->how, r->type))
			continue;
		if (r->max_size < m->size) {
			receiver_give(r, ERR_PTR(-E2BIG));
			continue;
		}
		q->lrpid = pid_nr(r->task->proc->pids[PIDTYPE_TGID]);
		q->rtime = ipc_now();
		receiver_give(r, m);
		return true;
	}
	return false;
}

/* --- msgsnd --- */

/* The queue, locked, for what `mode` says; ERR_PTR. */
static struct msg_queue *queue_lock(struct ipc_ns *ns, int id, u32 mode)
{
	struct msg_queue *q;
	int err = 0;

	rcu_read_lock();
	q = msg_find(ns, id);
	if (IS_ERR(q)) {
		rcu_read_unlock();
		return q;
	}
	spin_lock(&q->o.lock);
	rcu_read_unlock();
	if (q->o.deleted)
		err = -EIDRM;
	else if (!ipc_allowed(ns, &q->o, mode))
		err = -EACCES;
	if (!err)
		return q;
	spin_unlock(&q->o.lock);
	return ERR_PTR(err);
}

/* Lock q again after a sleep, if *word, which removal sets, is still unset. */
#define relock_if(q, unset) ({ \
	bool _ok; \
	rcu_read_lock(); \
	_ok = (unset); \
	if (_ok) \
		spin_lock(&(q)->o.lock); \
	rcu_read_unlock(); \
	_ok; })

/* q is locked and full; unlocks. 0: look again. */
static int wait_for_room(struct msg_queue *q, size_t size)
{
	struct msg_sender s = { .task = current, .size = size, .status = SENDER_WAITS };

	list_add_tail(&s.link, &q->senders);
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&q->o.lock);
	while (smp_load_acquire(&s.status) == SENDER_WAITS && !signal_pending()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	set_current_state_relaxed(TASK_RUNNING);
	if (relock_if(q, smp_load_acquire(&s.status) == SENDER_WAITS)) {
		if (READ_ONCE(s.status) == SENDER_WAITS)
			list_del(&s.link);
		spin_unlock(&q->o.lock);
	}
	if (READ_ONCE(s.status) == -EIDRM)
		return -EIDRM;
	return signal_pending() ? -ERESTARTNOHAND : 0;
}

static void queue_put(struct ipc_ns *ns, struct msg_queue *q, struct msg *m)
{
	q->lspid = ipc_my_pid();
	q->stime = ipc_now();
	if (hand_over(q, m))
		return;
	list_add_tail(&m->link, &q->messages);
	q->bytes += m->size;
	q->nr++;
	atomic64_add(&ns->msg_bytes, (s64)m->size);
	atomic64_inc(&ns->msg_hdrs);
}

static int send(struct ipc_ns *ns, int id, struct msg *m, int flags)
{
	for (;;) {
		struct msg_queue *q = queue_lock(ns, id, 0222);
		int err;

		if (IS_ERR(q))
			return (int)PTR_ERR(q);
		if (fits(q, m->size)) {
			queue_put(ns, q, m);
			spin_unlock(&q->o.lock);
			return 0;
		}
		if (flags & IPC_NOWAIT) {
			spin_unlock(&q->o.lock);
			return -EAGAIN;
		}
		err = wait_for_room(q, m->size);
		if (err)
			return err;
	}
}

long sys_msgsnd(int id, uin_void msg, size_t size, int flags)
{
	struct ipc_ns *ns = ipc_ns_current();
	struct msg *m;
	s64 type;
	int err;

	if (copy_in_bytes(&type, uaddr(msg.addr), sizeof(type)))
		return -EFAULT;
	if (size > (u64)READ_ONCE(ns->msg_max) || id < 0 || type < 1)
		return -EINVAL;
	m = msg_alloc(size);
	if (!m)
		return -ENOMEM;
	m->type = type;
	m->size = size;
	err = copy_in_bytes(m->data, uaddr(msg.addr + sizeof(type)), size) ? -EFAULT : send(ns, id, m, flags);
	if (err)
		kvfree(m);
	return err;
}

/* --- msgrcv --- */

static enum match match_decode(s64 *type, int flags)
{
	if (flags & MSG_COPY)
		return MATCH_NUMBER;
	if (!*type)
		return MATCH_ANY;
	if (*type < 0) {
		*type = *type == -0x7fffffffffffffffl - 1 ? 0x7fffffffffffffffl : -*type;
		return MATCH_UP_TO;
	}
	return flags & MSG_EXCEPT ? MATCH_NOT : MATCH_EQUAL;
}

/* Off the queue. */
static void queue_take(struct ipc_ns *ns, struct msg_queue *q, struct msg *m)
{
	list_del(&m->link);
	q->nr--;
	q->bytes -= m->size;
	q->rtime = ipc_now();
	q->lrpid = ipc_my_pid();
	atomic64_sub(&ns->msg_bytes, (s64)m->size);
	atomic64_dec(&ns->msg_hdrs);
	wake_fitting(q);
}

/* MSG_COPY: m stays, and what it says goes to copy. */
static struct msg *msg_duplicate(const struct msg *m, struct msg *copy, size_t room)
{
	if (m->size > room)
		return ERR_PTR(-EINVAL);
	copy->type = m->type;
	copy->size = m->size;
	__builtin_memcpy(copy->data, m->data, m->size);
	return copy;
}

/* q is locked and has nothing for r; unlocks. A message, an error, -EAGAIN: look again. */
static struct msg *wait_for_message(struct msg_queue *q, struct msg_receiver *r)
{
	struct msg *m;

	r->msg = NULL;
	list_add_tail(&r->link, &q->receivers);
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&q->o.lock);
	while (!smp_load_acquire(&r->msg) && !signal_pending()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	set_current_state_relaxed(TASK_RUNNING);
	if (relock_if(q, !smp_load_acquire(&r->msg))) {
		if (!READ_ONCE(r->msg))
			list_del(&r->link);
		spin_unlock(&q->o.lock);
	}
	m = smp_load_acquire(&r->msg);
	return m ? m : ERR_PTR(-ERESTARTNOHAND);
}

struct receive {
	int id, flags;
	size_t size;			/* room at the user's */
	size_t copy_room;		/* MSG_COPY: room in copy */
	struct msg *copy;
};

static struct msg *receive(struct ipc_ns *ns, const struct receive *a, struct msg_receiver *r)
{
	for (;;) {
		struct msg_queue *q = queue_lock(ns, a->id, 0444);
		struct msg *m;

		if (IS_ERR(q))
			return ERR_CAST(q);
		m = queue_search(q, r->how, r->type);
		if (m) {
			if (a->size < m->size && !(a->flags & MSG_NOERROR))
				m = ERR_PTR(-E2BIG);
			else if (a->copy)
				m = msg_duplicate(m, a->copy, a->copy_room);
			else
				queue_take(ns, q, m);
			spin_unlock(&q->o.lock);
			return m;
		}
		if (a->flags & IPC_NOWAIT) {
			spin_unlock(&q->o.lock);
			return ERR_PTR(-ENOMSG);
		}
		m = wait_for_message(q, r);
		if (PTR_ERR(m) != -EAGAIN)
			return m;
	}
}

static long give_to_user(uaddr_t buf, const struct msg *m, size_t size)
{
	size = min(size, m->size);
	if (copy_out_bytes(buf, &m->type, sizeof(m->type)) ||
	    copy_out_bytes(uaddr(buf.v + sizeof(m->type)), m->data, size))
		return -EFAULT;
	return (long)size;
}

long sys_msgrcv(int id, uout_void msg, size_t size, s64 type, int flags)
{
	struct receive a = { .id = id, .flags = flags, .size = size };
	struct msg_receiver r = { .task = current, .max_size = flags & MSG_NOERROR ? ~0ul : size };
	struct ipc_ns *ns = ipc_ns_current();
	struct msg *m;
	long res;

	if (id < 0 || (ssize_t)size < 0)
		return -EINVAL;
	if (flags & MSG_COPY) {
		if (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT))
			return -EINVAL;
		a.copy_room = min(size, (size_t)READ_ONCE(ns->msg_max));
		a.copy = msg_alloc(a.copy_room);
		if (!a.copy)
			return -ENOMEM;
	}
	r.how = match_decode(&type, flags);
	r.type = type;
	m = receive(ns, &a, &r);
	if (IS_ERR(m)) {
		kvfree(a.copy);
		return PTR_ERR(m);
	}
	res = give_to_user(uaddr(msg.addr), m, size);
	kvfree(m);
	return res;
}
