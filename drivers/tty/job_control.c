/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Terminals and sessions: the controlling terminal, the foreground group, the signals for those in
 * the background. Source: POSIX 11.1, termios(3), tty_ioctl(4).
 *
 * A process's tty pointer is read under RCU and exchanged as a whole; tty->session and tty->pgrp by ctrl_lock,
 * taken outside the sighand lock (TTY_CTRL ranks above SIGHAND).
 */
#include <base/err.h>
#include <core/init.h>
#include <core/rcu.h>
#include <kernel/syscall.h>
#include <uapi/linux/ioctls.h>

#include "internal.h"

struct tty *tty_current_get(void)
{
	struct tty *t;

	/* It may be taken away and put at this moment; the memory stays for a grace period. */
	rcu_read_lock();
	t = READ_ONCE(current->proc->tty);
	if (t && !ref_get_unless_zero(t->refp))
		t = NULL;
	rcu_read_unlock();
	return t;
}

/* t becomes the terminal of current's session, whose leader current is. */
static void set_controlling(struct tty *t)
{
	struct pid *old_session, *old_pgrp;

	spin_lock_irq(&t->ctrl_lock);
	old_session = t->session;
	old_pgrp = t->pgrp;
	t->session = pid_get(task_session(current));
	t->pgrp = pid_get(task_pgrp(current));
	spin_unlock_irq(&t->ctrl_lock);
	tty_put(xchg(&current->proc->tty, tty_get(t)));
	pid_put(old_session);
	pid_put(old_pgrp);
}

/* A session leader without terminal that opens a free one gets it. */
void tty_take_controlling(struct tty *t)
{
	if (current->proc->session_leader && !READ_ONCE(current->proc->tty) && !READ_ONCE(t->session))
		set_controlling(t);
}

/* The pointer is taken exactly once, whoever comes first: exit, setsid, hang-up. */
void tty_proc_clear(struct process *p)
{
	tty_put(xchg(&p->tty, NULL));
}

static void tty_inherit(struct process *child)
{
	child->tty = tty_current_get();
}

/* Take the terminal away from every process of a session. */
static void session_clear_tty(struct pid *session)
{
	struct task *t;

	spin_lock(&tasklist_lock);
	for_each_pid_task(t, session, PIDTYPE_SID)
		tty_proc_clear(t->proc);
	spin_unlock(&tasklist_lock);
}

/* Let the session go; returns its session and group (references are the caller's). */
static void tty_forget_session(struct tty *t, struct pid **session, struct pid **pgrp)
{
	spin_lock_irq(&t->ctrl_lock);
	*session = t->session;
	*pgrp = t->pgrp;
	t->session = NULL;
	t->pgrp = NULL;
	t->flow_stopped = false;
	spin_unlock_irq(&t->ctrl_lock);
}

void tty_vhangup_session(struct tty *t)
{
	struct pid *session, *pgrp;
	struct task *leader;

	tty_forget_session(t, &session, &pgrp);
	if (!session)
		goto out;
	rcu_read_lock();
	leader = pid_task(session, PIDTYPE_SID);
	if (leader) {
		(void)signal_send_pid(session, SIGHUP, SEND_PRIV);
		(void)signal_send_pid(session, SIGCONT, SEND_PRIV);
	}
	rcu_read_unlock();
	if (pgrp)
		(void)signal_send_pgrp(pgrp, SIGHUP, SEND_PRIV);
	session_clear_tty(session);
out:
	pid_put(session);
	pid_put(pgrp);
}

/* current gives its terminal up: TIOCNOTTY, or the leader exits. */
void tty_disassociate(bool on_exit)
{
	struct tty *t = tty_current_get();
	struct pid *session, *pgrp;

	if (!current->proc->session_leader) {
		if (t)
			tty_proc_clear(current->proc);
		tty_put(t);
		return;
	}
	if (!t)
		return;
	if (on_exit && !t->is_pts && !t->is_ptm) {
		/* The line is hung up when the session ends. */
		spin_lock_irq(&t->ctrl_lock);
		pgrp = pid_get(t->pgrp);
		spin_unlock_irq(&t->ctrl_lock);
		if (pgrp) {
			(void)signal_send_pgrp(pgrp, SIGHUP, SEND_PRIV);
			(void)signal_send_pgrp(pgrp, SIGCONT, SEND_PRIV);
		}
		pid_put(pgrp);
		tty_forget_session(t, &session, &pgrp);
	} else {
		tty_forget_session(t, &session, &pgrp);
		if (pgrp) {
			(void)signal_send_pgrp(pgrp, SIGHUP, SEND_PRIV);
			(void)signal_send_pgrp(pgrp, SIGCONT, SEND_PRIV);
		}
	}
	session_clear_tty(task_session(current));
	pid_put(session);
	pid_put(pgrp);
	tty_put(t);
}

void tty_signal_pgrp(struct tty *t, int sig)
{
	struct pid *pgrp;
	u64 flags;

	spin_lock_irqsave(&t->ctrl_lock, flags);
	pgrp = pid_get(t->pgrp);
	spin_unlock_irqrestore(&t->ctrl_lock, flags);
	if (pgrp)
		(void)signal_send_pgrp(pgrp, sig, SEND_PRIV);
	pid_put(pgrp);
}

/* May current, perhaps in the background, do this? Else its group gets `sig`. */
int tty_check_change(struct tty *t, int sig)
{
	struct pid *pgrp, *mine = task_pgrp(current);
	bool orphaned;
	int err = 0;

	if (READ_ONCE(current->proc->tty) != t)
		return 0;
	spin_lock_irq(&t->ctrl_lock);
	pgrp = t->pgrp;
	spin_unlock_irq(&t->ctrl_lock);
	if (!pgrp || pgrp == mine)
		return 0;
	if (current->blocked & SIGMASK(sig) || current->sighand->action[sig - 1].handler == SIG_IGN)
		return sig == SIGTTIN ? -EIO : 0;
	spin_lock(&tasklist_lock);
	orphaned = pgrp_is_orphaned(mine, NULL);
	spin_unlock(&tasklist_lock);
	if (orphaned)
		return -EIO;
	(void)signal_send_pgrp(mine, sig, SEND_PRIV);
	task_work_set(&current->core, WORK_SIGNAL);
	err = -ERESTARTSYS;
	return err;
}

static int set_pgrp(struct tty *t, struct tty *real, u64 arg)
{
	struct pid *pgrp, *old;
	struct task *member;
	int nr, err = tty_check_change(real, SIGTTOU);

	if (err == -EIO)
		return -ENOTTY;
	if (err)
		return err;
	if (READ_ONCE(current->proc->tty) != real || READ_ONCE(real->session) != task_session(current))
		return -ENOTTY;
	(void)t;
	if (copy_in_bytes(&nr, uaddr(arg), sizeof(nr)))
		return -EFAULT;
	if (nr < 0)
		return -EINVAL;
	pgrp = pid_find_get(nr);
	if (!pgrp)
		return -ESRCH;
	rcu_read_lock();
	member = pid_task(pgrp, PIDTYPE_PGID);
	if (!member)	/* no group, but a process: its session decides the error */
		member = pid_task(pgrp, PIDTYPE_TID);
	err = !member ? -ESRCH : task_session(member) != task_session(current) ? -EPERM : 0;
	rcu_read_unlock();
	if (err) {
		pid_put(pgrp);
		return err;
	}
	spin_lock_irq(&real->ctrl_lock);
	old = real->pgrp;
	real->pgrp = pgrp;
	spin_unlock_irq(&real->ctrl_lock);
	pid_put(old);
	return 0;
}

static int get_id(struct tty *t, struct tty *real, u64 arg, bool session)
{
	int nr = 0;

	/* The master may ask about its slave's; others only about their own terminal. */
	if (t == real && READ_ONCE(current->proc->tty) != real)
		return -ENOTTY;
	spin_lock_irq(&real->ctrl_lock);
	if (session && !real->session) {
		spin_unlock_irq(&real->ctrl_lock);
		return -ENOTTY;
	}
	nr = pid_vnr(session ? real->session : real->pgrp);
	spin_unlock_irq(&real->ctrl_lock);
	return copy_out_bytes(uaddr(arg), &nr, sizeof(nr));
}

static int take_controlling(struct tty *t, struct file *f, u64 arg)
{
	struct pid *session;

	if (current->proc->session_leader && READ_ONCE(t->session) == task_session(current))
		return 0;
	if (!current->proc->session_leader || READ_ONCE(current->proc->tty))
		return -EPERM;
	spin_lock_irq(&t->ctrl_lock);
	session = pid_get(t->session);
	spin_unlock_irq(&t->ctrl_lock);
	if (session) {
		/* Stealing it takes privilege and an argument of 1. */
		if (arg != 1 || !capable(CAP_SYS_ADMIN)) {
			pid_put(session);
			return -EPERM;
		}
		session_clear_tty(session);
		pid_put(session);
	}
	if (!(f->mode & FMODE_READ) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	set_controlling(t);
	return 0;
}

long tty_job_ioctl(struct tty *t, struct file *f, u32 cmd, u64 arg)
{
	struct tty *real = t->is_ptm ? t->link : t;

	switch (cmd) {
	case TIOCSCTTY:
		return take_controlling(real, f, arg);
	case TIOCNOTTY:
		if (READ_ONCE(current->proc->tty) != t)
			return -ENOTTY;
		tty_disassociate(false);
		return 0;
	case TIOCGPGRP:
		return get_id(t, real, arg, false);
	case TIOCSPGRP:
		return set_pgrp(t, real, arg);
	case TIOCGSID:
		return get_id(t, real, arg, true);
	default:
		return -ENOIOCTLCMD;
	}
}

dev_t tty_proc_dev(struct process *p, int *fg_pgrp)
{
	dev_t devt = { 0 };
	struct tty *t;

	*fg_pgrp = -1;
	rcu_read_lock();
	t = READ_ONCE(p->tty);
	if (t) {
		devt = t->devt;
		spin_lock_irq(&t->ctrl_lock);
		if (t->pgrp)
			*fg_pgrp = pid_vnr(t->pgrp);
		spin_unlock_irq(&t->ctrl_lock);
	}
	rcu_read_unlock();
	return devt;
}

long sys_vhangup(void)
{
	struct tty *t;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	t = tty_current_get();
	if (t)
		tty_hangup(t);
	tty_put(t);
	return 0;
}

static const struct task_tty_ops tty_task_ops = {
	.inherit = tty_inherit,
	.release = tty_proc_clear,
	.disassociate = tty_disassociate,
};

static int job_control_init(void)
{
	task_tty_ops = &tty_task_ops;
	return 0;
}
INITCALL_BUS(job_control_init);
