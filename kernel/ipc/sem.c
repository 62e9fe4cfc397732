/* SPDX-License-Identifier: MPL-2.0 */
/*
 * semop(2) and semtimedop(2). One lock an array; one operation on one semaphore, the usual case, needs
 * neither memory nor a look at any other semaphore.
 *
 * Who cannot go on queues: with one operation at its semaphore, with several at the array. Whoever changes
 * values tries the waiters that the change may help, in the order in which they came, does their operations for
 * them and wakes them with the result. So a woken task never has to try again, and the order is fair. While
 * someone waits with several operations, all that change something queue at the array, in one order.
 *
 * A waiter sleeps without a reference to the array. Removal sets every waiter's status; who finds its
 * status unset under RCU may still lock the array.
 */
#include <core/slab.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include "sem.h"

#define OPS_ON_STACK	64u

/* --- one set of operations --- */

/* Take the first n operations back. */
static void ops_revert(struct sem_array *a, const struct sem_wait *w, u32 n)
{
	while (n--) {
		const struct sembuf *op = &w->ops[n];

		a->sems[op->sem_num].val -= op->sem_op;
		if (op->sem_flg & SEM_UNDO)
			w->undo->adj[op->sem_num] = (s16)(w->undo->adj[op->sem_num] + op->sem_op);
	}
}

/* All or nothing: 0 done; SEM_WAITING not now; -EAGAIN the same with IPC_NOWAIT; -ERANGE. Array locked. */
static int ops_try(struct sem_array *a, struct sem_wait *w)
{
	int err = 0;
	u32 i;

	for (i = 0; i < w->nr; i++) {
		const struct sembuf *op = &w->ops[i];
		struct sem *s = &a->sems[op->sem_num];
		int val = s->val + op->sem_op;

		if (val < 0 || (!op->sem_op && s->val)) {
			w->blocking = op;
			err = op->sem_flg & IPC_NOWAIT ? -EAGAIN : SEM_WAITING;
			break;
		}
		if (val > SEMVMX) {
			err = -ERANGE;
			break;
		}
		if (op->sem_flg & SEM_UNDO) {
			int adj = w->undo->adj[op->sem_num] - op->sem_op;

			if (adj < -SEMAEM - 1 || adj > SEMAEM) {
				err = -ERANGE;
				break;
			}
			w->undo->adj[op->sem_num] = (s16)adj;
		}
		s->val = val;
	}
	if (err) {
		ops_revert(a, w, i);
		return err;
	}
	for (i = 0; i < w->nr; i++)
		a->sems[w->ops[i].sem_num].pid = w->pid;
	a->otime = ipc_now();
	return 0;
}

/* --- queues --- */

/* With the first waiter of several operations all that change something stand in one queue. */
static void queues_merge(struct sem_array *a)
{
	for (u32 i = 0; i < a->nsems; i++) {
		struct sem_wait *w;

		list_for_each_entry(w, &a->sems[i].alter, link)
			w->global = true;
		list_splice_tail_init(&a->sems[i].alter, &a->alter);
	}
}

/* The last waiter of several operations went. */
static void queues_unmerge(struct sem_array *a)
{
	struct sem_wait *w, *n;

	if (a->nr_complex)
		return;
	list_for_each_entry_safe(w, n, &a->alter, link) {
		w->global = false;
		list_move_tail(&w->link, &a->sems[w->ops[0].sem_num].alter);
	}
}

static void enqueue(struct sem_array *a, struct sem_wait *w)
{
	if (w->nr > 1) {
		if (!a->nr_complex++)
			queues_merge(a);
		w->global = true;
		list_add_tail(&w->link, w->alters ? &a->alter : &a->zero);
	} else if (!w->alters) {
		w->global = false;
		list_add_tail(&w->link, &a->sems[w->ops[0].sem_num].zero);
	} else {
		w->global = a->nr_complex;
		list_add_tail(&w->link, w->global ? &a->alter : &a->sems[w->ops[0].sem_num].alter);
	}
}

static void dequeue(struct sem_array *a, struct sem_wait *w)
{
	list_del(&w->link);
	if (w->nr > 1)
		a->nr_complex--;
}

/* w is off its queue. Its task is freed by RCU, and the array's lock keeps us inside a reader's section. */
static void wake(struct sem_wait *w, int status)
{
	struct task *t = w->task;

	smp_store_release(&w->status, status);
	sched_wake(&t->core, TASK_NORMAL);
}

/* --- letting others go on --- */

/* Those of a queue that only wait for zero. True: some went on. */
static bool update_zero(struct sem_array *a, struct list_head *queue)
{
	struct sem_wait *w, *n;
	bool done = false;

	list_for_each_entry_safe(w, n, queue, link) {
		int res = ops_try(a, w);

		if (res == SEM_WAITING)
			continue;
		dequeue(a, w);
		wake(w, res);
		done |= !res;
	}
	return done;
}

/* After these operations (NULL: anything may have changed). */
static void update_zeros(struct sem_array *a, const struct sembuf *ops, u32 nr)
{
	bool some = false;

	for (u32 i = 0; i < (ops ? nr : a->nsems); i++) {
		struct sem *s = &a->sems[ops ? ops[i].sem_num : i];

		if (s->val)
			continue;
		some = true;
		if (!list_empty(&s->zero))
			update_zero(a, &s->zero);
	}
	if (some && !list_empty(&a->zero))
		update_zero(a, &a->zero);
}

/*
 * Those of a queue that change something, oldest first. In the array's queue what one does may help an older
 * one, so after each the look begins anew; at one semaphore (s) they can only lower it.
 */
static void update_alter(struct sem_array *a, struct list_head *queue, const struct sem *s)
{
	struct sem_wait *w, *n;

again:
	list_for_each_entry_safe(w, n, queue, link) {
		int res;

		if (s && !s->val)
			return;
		res = ops_try(a, w);
		if (res == SEM_WAITING)
			continue;
		dequeue(a, w);
		if (!res)
			update_zeros(a, w->ops, w->nr);
		wake(w, res);
		if (!res && !s)
			goto again;
	}
}

void sem_update(struct sem_array *a, const struct sembuf *ops, u32 nr)
{
	update_zeros(a, ops, nr);
	if (!list_empty(&a->alter)) {
		update_alter(a, &a->alter, NULL);
		queues_unmerge(a);
		return;
	}
	for (u32 i = 0; i < (ops ? nr : a->nsems); i++) {
		struct sem *s = &a->sems[ops ? ops[i].sem_num : i];

		if (!list_empty(&s->alter) && (!ops || ops[i].sem_op > 0))
			update_alter(a, &s->alter, s);
	}
}

static void wake_queue(struct sem_array *a, struct list_head *queue, int status)
{
	struct sem_wait *w, *n;

	list_for_each_entry_safe(w, n, queue, link) {
		dequeue(a, w);
		wake(w, status);
	}
}

void sem_wake_all(struct sem_array *a, int status)
{
	wake_queue(a, &a->alter, status);
	wake_queue(a, &a->zero, status);
	for (u32 i = 0; i < a->nsems; i++) {
		wake_queue(a, &a->sems[i].alter, status);
		wake_queue(a, &a->sems[i].zero, status);
	}
}

/* --- the calls --- */

/* w is queued at the locked array; unlocks. The result. */
static int wait_done(struct sem_array *a, struct sem_wait *w, u64 deadline)
{
	bool expired = false;
	int status;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock(&a->o.lock);
		if (smp_load_acquire(&w->status) == SEM_WAITING && !signal_pending())
			expired = schedule_until_slack(deadline, current->timer_slack_ns) == 0;
		set_current_state_relaxed(TASK_RUNNING);
		status = smp_load_acquire(&w->status);
		if (status != SEM_WAITING)
			return status;
		/* Not removed as of now: RCU keeps the array. */
		rcu_read_lock();
		status = smp_load_acquire(&w->status);
		if (status != SEM_WAITING) {
			rcu_read_unlock();
			return status;
		}
		spin_lock(&a->o.lock);
		rcu_read_unlock();
		status = READ_ONCE(w->status);
		if (status == SEM_WAITING && !expired && !signal_pending())
			continue;
		if (status == SEM_WAITING) {
			dequeue(a, w);
			queues_unmerge(a);
			status = expired ? -EAGAIN : -EINTR;
		}
		spin_unlock(&a->o.lock);
		return status;
	}
}

static int lock_and_try(struct ipc_ns *ns, int semid, u32 highest, struct sem_wait *w, struct sem_array **res)
{
	struct sem_array *a = sem_find(ns, semid);
	int err;

	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	if (highest >= a->nsems)
		return -EFBIG;
	if (!ipc_allowed(ns, &a->o, w->alters ? 0222 : 0444))
		return -EACCES;
	spin_lock(&a->o.lock);
	/* An id may come again: then the adjustments belonged to another array. */
	if (a->o.deleted || (w->undo && w->undo->semid == -1)) {
		spin_unlock(&a->o.lock);
		return -EIDRM;
	}
	err = ops_try(a, w);
	if (err == SEM_WAITING) {
		enqueue(a, w);
		*res = a;
		return err;		/* locked */
	}
	if (!err && w->alters)
		sem_update(a, w->ops, w->nr);
	spin_unlock(&a->o.lock);
	return err;
}

static int semop_do(int semid, const struct sembuf *ops, u32 nr, u64 deadline)
{
	struct sem_wait w = { .task = current, .ops = ops, .nr = nr, .status = SEM_WAITING };
	struct ipc_ns *ns = ipc_ns_current();
	struct sem_array *a = NULL;
	u32 highest = 0;
	bool undo = false;
	int err;

	for (u32 i = 0; i < nr; i++) {
		if (ops[i].sem_num > highest)
			highest = ops[i].sem_num;
		undo |= (ops[i].sem_flg & SEM_UNDO) != 0;
		w.alters |= ops[i].sem_op != 0;
	}
	w.pid = ipc_my_pid();
	if (undo) {
		w.undo = sem_undo_get(ns, semid);
		if (IS_ERR(w.undo))
			return (int)PTR_ERR(w.undo);
	} else {
		rcu_read_lock();
	}
	err = lock_and_try(ns, semid, highest, &w, &a);
	rcu_read_unlock();
	return err == SEM_WAITING ? wait_done(a, &w, deadline) : err;
}

static long semop_user(int semid, uaddr_t uops, unsigned int nr, u64 deadline)
{
	struct sembuf small[OPS_ON_STACK], *ops = small;
	long err;

	if (nr > (u32)READ_ONCE(ipc_ns_current()->sem_ctls[2]))
		return -E2BIG;
	if (nr < 1)
		return -EINVAL;
	if (nr > OPS_ON_STACK) {
		ops = kvmalloc(nr * sizeof(*ops), GFP_KERNEL);
		if (!ops)
			return -ENOMEM;
	}
	err = copy_in_bytes(ops, uops, nr * sizeof(*ops)) ? -EFAULT : 0;
	if (!err)
		err = semid < 0 ? -EINVAL : semop_do(semid, ops, nr, deadline);
	if (ops != small)
		kvfree(ops);
	return err;
}

long sys_semop(int semid, uin_void ops, unsigned int nr)
{
	return semop_user(semid, uaddr(ops.addr), nr, WAIT_FOREVER);
}

long sys_semtimedop(int semid, uin_void ops, unsigned int nr, uin_timespec timeout)
{
	u64 deadline = WAIT_FOREVER;
	struct timespec ts;

	if (uptr_null(timeout))
		return semop_user(semid, uaddr(ops.addr), nr, WAIT_FOREVER);
	if (copy_in(&ts, timeout))
		return -EFAULT;
	if (nr > (u32)READ_ONCE(ipc_ns_current()->sem_ctls[2]))
		return -E2BIG;
	if (!timespec_valid(&ts) || deadline_from_ns(timespec_to_ns(&ts), &deadline))
		return -EINVAL;
	return semop_user(semid, uaddr(ops.addr), nr, deadline);
}
