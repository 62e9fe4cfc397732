/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Numbers of tasks, process groups and sessions. Groups and sessions are ids (struct pid) that processes
 * are attached to; all changes are made under TASKLIST.
 */
#include <core/rcu.h>
#include <kernel/syscall.h>
#include "internal.h"

long sys_getpid(void)
{
	return task_tgid_vnr(current);
}

long sys_gettid(void)
{
	return task_tid_vnr(current);
}

long sys_getppid(void)
{
	long nr;

	rcu_read_lock();
	nr = pid_vnr(rcu_dereference(current->proc->parent)->pids[PIDTYPE_TGID]);
	rcu_read_unlock();
	return nr;
}

/* The process with that number, 0: current's. Under RCU. */
static struct process *process_find(pid_t pid)
{
	struct task *t;

	if (!pid)
		return current->proc;
	t = pid_task(pid_find(pid), PIDTYPE_TGID);
	return t ? t->proc : NULL;
}

static long get_id(pid_t pid, enum pid_type type)
{
	struct process *p;
	long nr = -ESRCH;

	rcu_read_lock();
	p = process_find(pid);
	if (p)
		nr = pid_vnr(rcu_dereference(p->pids[type]));
	rcu_read_unlock();
	return nr;
}

long sys_getpgid(pid_t pid)
{
	return get_id(pid, PIDTYPE_PGID);
}

long sys_getpgrp(void)
{
	return get_id(0, PIDTYPE_PGID);
}

long sys_getsid(pid_t pid)
{
	return get_id(pid, PIDTYPE_SID);
}

/* TASKLIST held. */
static int setpgid_locked(pid_t pid, pid_t pgid)
{
	struct process *me = current->proc, *p;
	struct pid *pgrp, *session;
	struct task *t, *member;

	t = pid_task(pid_find(pid), PIDTYPE_TGID);
	if (!t)
		return -ESRCH;
	p = t->proc;
	session = me->pids[PIDTYPE_SID];
	if (p->parent == me) {
		if (p->pids[PIDTYPE_SID] != session)
			return -EPERM;
		if (!(t->flags & PF_FORKNOEXEC))
			return -EACCES;
	} else if (p != me) {
		return -ESRCH;
	}
	if (p->session_leader)
		return -EPERM;
	pgrp = p->pids[PIDTYPE_TGID];
	if (pgid != pid) {
		/* an existing group of the same session */
		pgrp = pid_find(pgid);
		member = pid_task(pgrp, PIDTYPE_PGID);
		if (!member || member->proc->pids[PIDTYPE_SID] != session)
			return -EPERM;
	}
	if (p->pids[PIDTYPE_PGID] != pgrp)
		pid_change(t, PIDTYPE_PGID, pgrp);
	return 0;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	int err;

	if (pgid < 0)
		return -EINVAL;
	if (!pid)
		pid = task_tgid_vnr(current);
	if (!pgid)
		pgid = pid;
	spin_lock(&tasklist_lock);
	err = setpgid_locked(pid, pgid);
	spin_unlock(&tasklist_lock);
	return err;
}

long sys_setsid(void)
{
	struct process *p = current->proc;
	struct pid *sid = p->pids[PIDTYPE_TGID];
	struct tty *tty;
	long res = -EPERM;

	spin_lock(&tasklist_lock);
	if (p->session_leader || pid_task(sid, PIDTYPE_PGID))
		goto out;
	p->session_leader = true;
	if (p->pids[PIDTYPE_SID] != sid)
		pid_change(p->leader, PIDTYPE_SID, sid);
	if (p->pids[PIDTYPE_PGID] != sid)
		pid_change(p->leader, PIDTYPE_PGID, sid);
	res = pid_vnr(sid);
out:
	tty = p->tty;
	spin_unlock(&tasklist_lock);
	if (res > 0 && tty && task_tty_ops)
		task_tty_ops->release(p);
	return res;
}
