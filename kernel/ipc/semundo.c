/* SPDX-License-Identifier: MPL-2.0 */
/*
 * SEM_UNDO: what a process did to semaphores is taken back when it ends. Adjustments hang on two lists: that of
 * the tasks which share them, and that of the array. Both removals, of an array and of the last such
 * task, take them off both; the array's lock decides who does.
 */
#include <core/slab.h>
#include <kernel/sched.h>
#include <uapi/linux/sched.h>
#include "sem.h"

static struct sem_undo_list *list_get(struct task *t)
{
	struct sem_undo_list *l = t->sem_undo;

	if (l)
		return l;
	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	ref_init(&l->ref, 1);
	spin_lock_init(&l->lock, OBJECT);
	list_init(&l->undos);
	t->sem_undo = l;
	return l;
}

int ipc_fork(struct task *child, u64 clone_flags)
{
	struct sem_undo_list *l;

	if (!(clone_flags & CLONE_SYSVSEM))
		return 0;
	l = list_get(current);
	if (!l)
		return -ENOMEM;
	ref_get(&l->ref);
	child->sem_undo = l;
	return 0;
}

/* l is locked. */
static struct sem_undo *undo_find(struct sem_undo_list *l, int semid)
{
	struct sem_undo *u;

	list_for_each_entry(u, &l->undos, list_link)
		if (u->semid == semid)
			return u;
	return NULL;
}

static struct sem_undo *undo_find_locked(struct sem_undo_list *l, int semid)
{
	struct sem_undo *u;

	spin_lock(&l->lock);
	u = undo_find(l, semid);
	spin_unlock(&l->lock);
	return u;
}

/* Link fresh adjustments for nsems semaphores, unless a thread was faster: what counts then, or ERR_PTR. Under RCU. */
static struct sem_undo *undo_link(struct ipc_ns *ns, struct sem_undo_list *l, struct sem_undo *fresh, u32 nsems)
{
	struct sem_array *a = sem_find(ns, fresh->semid);
	struct sem_undo *u;

	if (IS_ERR(a))
		return ERR_PTR(-EIDRM);
	spin_lock(&a->o.lock);
	if (a->o.deleted || a->nsems != nsems) {
		u = ERR_PTR(-EIDRM);
	} else {
		spin_lock(&l->lock);
		u = undo_find(l, fresh->semid);
		if (!u) {
			u = fresh;
			list_add(&u->list_link, &l->undos);
			list_add(&u->array_link, &a->undos);
		}
		spin_unlock(&l->lock);
	}
	spin_unlock(&a->o.lock);
	return u;
}

struct sem_undo *sem_undo_get(struct ipc_ns *ns, int semid)
{
	struct sem_undo_list *l = list_get(current);
	struct sem_undo *u, *fresh;
	struct sem_array *a;
	u32 nsems;

	if (!l)
		return ERR_PTR(-ENOMEM);
	rcu_read_lock();
	u = undo_find_locked(l, semid);
	if (u)
		return u;
	a = sem_find(ns, semid);
	if (IS_ERR(a)) {
		rcu_read_unlock();
		return ERR_CAST(a);
	}
	nsems = a->nsems;
	rcu_read_unlock();
	fresh = kzalloc(sizeof(*fresh) + nsems * sizeof(fresh->adj[0]), GFP_KERNEL);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->list = l;
	fresh->semid = semid;
	rcu_read_lock();
	u = undo_link(ns, l, fresh, nsems);
	if (u != fresh)
		kfree(fresh);
	if (IS_ERR(u))
		rcu_read_unlock();
	return u;
}

void sem_undo_drop_all(struct sem_array *a)
{
	struct sem_undo *u, *n;

	list_for_each_entry_safe(u, n, &a->undos, array_link) {
		struct sem_undo_list *l = u->list;

		list_del(&u->array_link);
		spin_lock(&l->lock);
		u->semid = -1;
		list_del_rcu(&u->list_link);
		spin_unlock(&l->lock);
		kfree_rcu(u, rcu);
	}
}

/* The array is locked: take everything back, as far as values can go. */
static void undo_apply(struct sem_array *a, const struct sem_undo *u)
{
	int pid = ipc_my_pid();

	for (u32 i = 0; i < a->nsems; i++) {
		struct sem *s = &a->sems[i];
		int val = s->val + u->adj[i];

		if (!u->adj[i])
			continue;
		s->val = val < 0 ? 0 : val > SEMVMX ? SEMVMX : val;
		s->pid = pid;
	}
	a->otime = ipc_now();
	sem_update(a, NULL, 0);
}

/* One of l's adjustments is applied, or found gone with its array. False: none is left. */
static bool undo_one(struct ipc_ns *ns, struct sem_undo_list *l)
{
	struct sem_undo *u;
	struct sem_array *a;
	int semid;

	rcu_read_lock();
	spin_lock(&l->lock);
	u = list_first_entry_or_null(&l->undos, struct sem_undo, list_link);
	semid = u ? u->semid : 0;
	spin_unlock(&l->lock);
	a = u ? sem_find(ns, semid) : NULL;
	/* Removal takes the adjustments off the list before the array can no longer be found. */
	if (!u || IS_ERR(a)) {
		rcu_read_unlock();
		return u;
	}
	spin_lock(&a->o.lock);
	spin_lock(&l->lock);
	u = a->o.deleted ? NULL : undo_find(l, semid);
	if (u) {
		list_del(&u->array_link);
		list_del_rcu(&u->list_link);
	}
	spin_unlock(&l->lock);
	if (u)
		undo_apply(a, u);
	spin_unlock(&a->o.lock);
	rcu_read_unlock();
	if (u)
		kfree_rcu(u, rcu);
	return true;
}

void ipc_exit_sem(struct task *t)
{
	struct sem_undo_list *l = t->sem_undo;

	if (likely(!l))
		return;
	t->sem_undo = NULL;
	if (!ref_put(&l->ref))
		return;
	while (undo_one(ipc_ns_current(), l))
		if (need_resched())
			cond_resched();
	kfree(l);
}
