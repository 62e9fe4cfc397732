/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Process ids. A struct pid is made with a number in its namespace and in each ancestor, and is named
 * by the tasks attached to it: as thread, process, group, session. Numbers are handed out upwards and
 * start again at RESERVED_PIDS when pid_max is reached.
 *
 * References: the attached tasks hold one together, pidfds and others one each. The memory goes by RCU,
 * so a look-up needs no lock. Locks: the namespace's lock for numbers, TASKLIST for attachment.
 */
#include <base/err.h>
#include <base/math.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/pid.h>
#include <kernel/task.h>
#include <uapi/linux/eventpoll.h>
#include "internal.h"

#define RESERVED_PIDS	300
#define PID_MAX_LIMIT	(4 * 1024 * 1024)

int pid_max = 32768;
static struct kmem_cache *pid_cache;	/* for the initial namespace: one number */

static struct kmem_cache *get_pid_cache(void)
{
	if (unlikely(!pid_cache))
		pid_cache = kmem_cache_create("pid", sizeof(struct pid) + sizeof(struct pid_number), 8, 0, NULL);
	return pid_cache;
}

static int pid_init(void)
{
	pid_max = clamp_t(int, nr_cpus * 1024, 32768, PID_MAX_LIMIT);
	return get_pid_cache() ? 0 : -ENOMEM;
}
INITCALL_CORE(pid_init);

/* ns lock held. */
static int number_alloc(struct pid_ns *ns, struct pid *pid, int want)
{
	u64 index = 0;
	int err;

	if (want) {
		err = xa_insert(&ns->pids, (u64)want, pid, GFP_ATOMIC);
		return err == -EBUSY ? -EEXIST : err ? err : want;
	}
	err = xa_alloc(&ns->pids, &index, pid, (u64)ns->last_pid + 1, (u64)pid_max - 1, GFP_ATOMIC);
	if (err == -EBUSY) {
		u64 low = ns->last_pid < RESERVED_PIDS ? 1 : RESERVED_PIDS;

		err = xa_alloc(&ns->pids, &index, pid, low, (u64)pid_max - 1, GFP_ATOMIC);
	}
	if (err)
		return err == -EBUSY ? -EAGAIN : err;
	ns->last_pid = (int)index;
	return (int)index;
}

/* ns lock held. */
static void number_free(struct pid_ns *ns, int nr)
{
	xa_erase(&ns->pids, (u64)nr);
	ns->nr--;
}

/* Look-ups find the number as soon as it is in the array; until a task is attached they find no task. */
struct pid *pid_alloc(struct pid_ns *ns, const int *set_tid, size_t set_tid_size)
{
	struct pid_ns *at = ns;
	struct pid *pid;
	u64 flags;
	int nr = 0, i;

	if (set_tid_size > ns->level + 1)
		return ERR_PTR(-EINVAL);
	if (likely(ns->level == 0))
		pid = get_pid_cache() ? kmem_cache_alloc(pid_cache, GFP_KERNEL) : NULL;
	else
		pid = kmalloc(sizeof(*pid) + (ns->level + 1) * sizeof(struct pid_number), GFP_KERNEL);
	if (!pid)
		return ERR_PTR(-ENOMEM);
	ref_init(&pid->ref, 1);
	pid->level = ns->level;
	pid->hashed = true;
	for (i = 0; i < PIDTYPE_MAX; i++)
		pid->tasks[i].first = NULL;
	wait_queue_init(&pid->poll_wait);
	for (i = (int)ns->level; i >= 0; i--, at = at->parent) {
		u32 idx = ns->level - (u32)i;
		int want = idx < set_tid_size ? set_tid[idx] : 0;

		if (want && (want < 1 || want >= pid_max)) {
			nr = -EINVAL;
			goto undo;
		}
		if (want && !ns_capable(current_cred(), at->user_ns, CAP_CHECKPOINT_RESTORE) &&
		    !ns_capable(current_cred(), at->user_ns, CAP_SYS_ADMIN)) {
			nr = -EPERM;
			goto undo;
		}
		pid->numbers[i].ns = at;
		spin_lock_irqsave(&at->lock, flags);
		nr = number_alloc(at, pid, want);
		if (nr > 0) {
			pid->numbers[i].nr = nr;
			at->nr++;
		}
		spin_unlock_irqrestore(&at->lock, flags);
		if (nr < 0)
			goto undo;
	}
	return pid;
undo:
	for (i++; i <= (int)ns->level; i++) {
		at = pid->numbers[i].ns;
		spin_lock_irqsave(&at->lock, flags);
		number_free(at, pid->numbers[i].nr);
		spin_unlock_irqrestore(&at->lock, flags);
	}
	pid->hashed = false;
	pid_put(pid);
	return ERR_PTR(nr);
}

static void pid_free_rcu(struct rcu_head *head)
{
	struct pid *pid = container_of(head, struct pid, rcu);

	if (likely(pid->level == 0))
		kmem_cache_free(pid_cache, pid);
	else
		kfree(pid);
}

void pid_put(struct pid *pid)
{
	if (!pid || !ref_put(&pid->ref))
		return;
	wake_up_pollfree(&pid->poll_wait);
	call_rcu(&pid->rcu, pid_free_rcu);
}

/* Nobody is attached any more. */
static void pid_unhash(struct pid *pid)
{
	u64 flags;

	if (pid == &init_struct_pid)
		return;
	for (u32 i = 0; i <= pid->level; i++) {
		struct pid_ns *ns = pid->numbers[i].ns;

		spin_lock_irqsave(&ns->lock, flags);
		if (pid->hashed)
			number_free(ns, pid->numbers[i].nr);
		if (i == pid->level)
			pid->hashed = false;
		spin_unlock_irqrestore(&ns->lock, flags);
	}
	pid_put(pid);
}

/* A pid that never got a task (a failed clone). */
void pid_discard(struct pid *pid)
{
	pid_unhash(pid);
}

void pid_attach(struct task *t, enum pid_type type, struct pid *pid)
{
	assert_held(&tasklist_lock);
	if (type == PIDTYPE_TID)
		WRITE_ONCE(t->pid, pid);
	else
		WRITE_ONCE(t->proc->pids[type], pid);
	hlist_add_head(&t->pid_links[type], &pid->tasks[type]);
}

void pid_detach(struct task *t, enum pid_type type)
{
	struct pid *pid = type == PIDTYPE_TID ? t->pid : t->proc->pids[type];

	assert_held(&tasklist_lock);
	if (!pid)
		return;
	hlist_del_init_rcu(&t->pid_links[type]);
	if (type == PIDTYPE_TID)
		WRITE_ONCE(t->pid, NULL);
	else
		WRITE_ONCE(t->proc->pids[type], NULL);
	for (int i = 0; i < PIDTYPE_MAX; i++)
		if (!hlist_empty(&pid->tasks[i]))
			return;
	pid_unhash(pid);
}

void pid_change(struct task *t, enum pid_type type, struct pid *pid)
{
	pid_detach(t, type);
	pid_attach(t, type, pid);
}

void pid_notify_exit(struct pid *pid)
{
	if (wait_queue_has_sleeper(&pid->poll_wait))
		wake_up_poll_all(&pid->poll_wait, EPOLLIN | EPOLLRDNORM);
}

/* ---- questions ---- */

int pid_nr_ns(const struct pid *pid, const struct pid_ns *ns)
{
	if (!pid || ns->level > pid->level || pid->numbers[ns->level].ns != ns)
		return 0;
	return pid->numbers[ns->level].nr;
}

int pid_nr(const struct pid *pid)
{
	return pid ? pid->numbers[0].nr : 0;
}

/* The namespace current lives in: the innermost one of its own id. */
static inline struct pid_ns *active_ns(void)
{
	const struct pid *pid = current->pid;

	return pid ? pid->numbers[pid->level].ns : &init_pid_ns;
}

int pid_vnr(const struct pid *pid)
{
	return pid_nr_ns(pid, active_ns());
}

struct pid *pid_find_ns(int nr, struct pid_ns *ns)
{
	return nr > 0 ? xa_load(&ns->pids, (u64)nr) : NULL;
}

struct pid *pid_find(int nr)
{
	return pid_find_ns(nr, active_ns());
}

struct pid *pid_find_get(int nr)
{
	struct pid *pid;

	rcu_read_lock();
	pid = pid_find(nr);
	if (pid && !ref_get_unless_zero(&pid->ref))
		pid = NULL;
	rcu_read_unlock();
	return pid;
}

struct pid *pid_next(int nr, struct pid_ns *ns)
{
	u64 index = (u64)nr;
	struct pid *pid;

	rcu_read_lock();
	for (;;) {
		pid = xa_find(&ns->pids, &index, PID_MAX_LIMIT);
		if (!pid || ref_get_unless_zero(&pid->ref))
			break;
		index++;
	}
	rcu_read_unlock();
	return pid;
}

struct task *pid_task(struct pid *pid, enum pid_type type)
{
	if (!pid)
		return NULL;
	return hlist_entry_safe(rcu_dereference(pid->tasks[type].first), struct task, pid_links[type]);
}

struct task *pid_task_get(struct pid *pid, enum pid_type type)
{
	struct task *t;

	rcu_read_lock();
	t = pid_task(pid, type);
	if (t && !ref_get_unless_zero(&t->ref))
		t = NULL;
	rcu_read_unlock();
	return t;
}

struct task *task_find(int tid)
{
	return pid_task(pid_find(tid), PIDTYPE_TID);
}

struct task *task_find_get(int tid)
{
	struct task *t;

	rcu_read_lock();
	t = task_find(tid);
	if (t && !ref_get_unless_zero(&t->ref))
		t = NULL;
	rcu_read_unlock();
	return t;
}
