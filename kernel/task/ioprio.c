/* SPDX-License-Identifier: MPL-2.0 */
/*
 * I/O priorities (ioprio_set(2)): a class and a level, kept in an object that CLONE_IO shares. Without
 * one, the priority follows from policy and nice value. No elevator reorders by them: as on Linux with
 * the "none" scheduler they are remembered, inherited and shown.
 */
#include <base/math.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <kernel/syscall.h>
#include <uapi/linux/ioprio.h>
#include "internal.h"

struct io_context {
	struct ref ref;
	u32 ioprio;		/* [a] */
};

static struct io_context *io_context_alloc(u32 ioprio)
{
	struct io_context *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (c) {
		ref_init(&c->ref, 1);
		c->ioprio = ioprio;
	}
	return c;
}

void io_context_put(struct io_context *c)
{
	if (c && ref_put(&c->ref))
		kfree(c);
}

int io_context_clone(struct task *t, bool share)
{
	struct io_context *c = current->io_context;

	if (!c)
		return 0;
	if (share) {
		ref_get(&c->ref);
		t->io_context = c;
		return 0;
	}
	if (IOPRIO_PRIO_CLASS(c->ioprio) == IOPRIO_CLASS_NONE)
		return 0;
	t->io_context = io_context_alloc(c->ioprio);
	return t->io_context ? 0 : -ENOMEM;
}

/* ---- one task ---- */

static u32 ioprio_of(struct task *t)
{
	u32 prio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0);

	spin_lock(&t->alloc_lock);
	if (t->io_context) {
		prio = READ_ONCE(t->io_context->ioprio);
		if (IOPRIO_PRIO_CLASS(prio) == IOPRIO_CLASS_NONE) {
			u32 cls = t->se.policy == SCHED_IDLE ? IOPRIO_CLASS_IDLE :
				t->se.policy == SCHED_FIFO || t->se.policy == SCHED_RR ? IOPRIO_CLASS_RT :
				IOPRIO_CLASS_BE;

			prio = IOPRIO_PRIO_VALUE(cls, (u32)(t->se.static_nice + 20) / 5);
		}
	}
	spin_unlock(&t->alloc_lock);
	return prio;
}

static int set_one(struct task *t, u32 ioprio, struct io_context **fresh)
{
	const struct cred *c = current_cred(), *tc = rcu_dereference(t->real_cred);

	if (!uid_eq(tc->uid, c->euid) && !uid_eq(tc->uid, c->uid) && !capable(CAP_SYS_NICE))
		return -EPERM;
	spin_lock(&t->alloc_lock);
	if (!t->io_context && !(t->flags & PF_EXITING)) {
		t->io_context = *fresh;
		*fresh = NULL;
	} else if (t->io_context) {
		WRITE_ONCE(t->io_context->ioprio, ioprio);
	}
	spin_unlock(&t->alloc_lock);
	return 0;
}

/* ---- who ---- */

struct ioprio_op {
	bool set;
	u32 ioprio;
	struct io_context *fresh;	/* to be used by the next that has none */
	int err;			/* -ENOMEM: drop the lock, allocate, begin again */
};

static u32 best_of(u32 a, u32 b)
{
	if (IOPRIO_PRIO_CLASS(a) == IOPRIO_CLASS_NONE)
		a = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NORM);
	if (IOPRIO_PRIO_CLASS(b) == IOPRIO_CLASS_NONE)
		b = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NORM);
	return min(a, b);
}

/* RCU and TASKLIST held. False: stop. */
static bool visit(struct ioprio_op *op, struct task *t, int *res)
{
	if (op->set) {
		if (!op->fresh && !t->io_context) {
			op->err = -ENOMEM;
			return false;
		}
		*res = set_one(t, op->ioprio, &op->fresh);
		return *res == 0;
	}
	*res = *res < 0 ? (int)ioprio_of(t) : (int)best_of((u32)*res, ioprio_of(t));
	return true;
}

static int for_each_target(int which, int who, struct ioprio_op *op)
{
	struct task *t, *u;
	struct pid *pgrp;
	int res = -ESRCH;
	kuid_t uid;

	switch (which) {
	case IOPRIO_WHO_PROCESS:
		t = who ? task_find(who) : current;
		if (t)
			visit(op, t, &res);
		return res;
	case IOPRIO_WHO_PGRP:
		pgrp = who ? pid_find(who) : task_pgrp(current);
		if (pgrp)
			for_each_pid_task(t, pgrp, PIDTYPE_PGID)
				for_each_thread(t->proc, u)
					if (!visit(op, u, &res))
						return res;
		return res;
	case IOPRIO_WHO_USER:
		uid = who ? make_kuid(current_cred()->user_ns, (u32)who) : current_cred()->uid;
		list_for_each_entry(t, &task_list, all_link)
			if (uid_eq(rcu_dereference(t->real_cred)->uid, uid) && pid_vnr(t->pid) &&
			    !visit(op, t, &res))
				return res;
		return res;
	default:
		return -EINVAL;
	}
}

static int check_value(u32 ioprio)
{
	u32 level = ioprio & IOPRIO_PRIO_MASK;

	switch (IOPRIO_PRIO_CLASS(ioprio)) {
	case IOPRIO_CLASS_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		fallthrough;
	case IOPRIO_CLASS_BE:
		return level >= IOPRIO_NR_LEVELS ? -EINVAL : 0;
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return level ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

long sys_ioprio_set(int which, int who, int ioprio)
{
	struct ioprio_op op = { .set = true, .ioprio = (u32)ioprio };
	int res = check_value((u32)ioprio);

	if (res)
		return res;
	do {
		if (!op.fresh)
			op.fresh = io_context_alloc((u32)ioprio);
		if (!op.fresh)
			return -ENOMEM;
		op.err = 0;
		spin_lock(&tasklist_lock);
		res = for_each_target(which, who, &op);
		spin_unlock(&tasklist_lock);
	} while (op.err);
	io_context_put(op.fresh);
	return res;
}

long sys_ioprio_get(int which, int who)
{
	struct ioprio_op op = { .set = false };
	int res;

	spin_lock(&tasklist_lock);
	res = for_each_target(which, who, &op);
	spin_unlock(&tasklist_lock);
	return res;
}
