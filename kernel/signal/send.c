/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sending: who may, whether the signal counts at all, on which queue it goes, and which thread is
 * woken for it. A signal to a process goes to any thread that does not block it; a fatal one ends
 * all threads at once, so that none sees the others half dead.
 *
 * Locks: the receiver's sighand lock; groups and sessions are walked under TASKLIST.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/rcu.h>
#include <core/sigframe.h>
#include <core/smp.h>
#include <core/upcall.h>
#include <uapi/linux/eventpoll.h>

#include "internal.h"

void signal_wake(struct task *t, bool fatal)
{
	unsigned int states = TASK_INTERRUPTIBLE;

	if (fatal)
		states |= TASK_WAKEKILL | TASK_STOPPED | TASK_TRACED;
	task_work_set(&t->core, WORK_SIGNAL);
	/* One that runs in user mode must enter the kernel to see it. */
	if (!sched_wake(&t->core, states) && t != current && READ_ONCE(t->core.on_cpu))
		smp_send_reschedule(READ_ONCE(t->core.cpu));
}

void signal_wake_fatal(struct task *t)
{
	signal_wake(t, true);
}

bool signal_is_ignored(struct task *t, int sig)
{
	u64 handler = t->sighand->action[sig - 1].handler;

	return handler == SIG_IGN || (handler == SIG_DFL && sig_in(sig, SIG_DEFAULT_IGNORE));
}

/* sighand lock held. `forced`: from the kernel, reaches even init. */
static bool drop_signal(struct task *t, int sig, bool forced)
{
	struct process *p = t->proc;
	u64 handler = t->sighand->action[sig - 1].handler;

	if (p->flags & PROC_GROUP_EXIT)
		return sig != SIGKILL;
	if (sig_in(sig, SIG_STOPS))
		signal_prepare_stop(p);
	else if (sig == SIGCONT)
		signal_prepare_continue(p);
	/* A blocked signal is kept: its handler may change before it is unblocked. */
	if (sig_in(sig, t->blocked | t->real_blocked))
		return false;
	if (unlikely(p->flags & PROC_UNKILLABLE) && handler == SIG_DFL && !forced)
		return true;
	return signal_is_ignored(t, sig);
}

static bool wants_signal(struct task *t, int sig)
{
	if (sig_in(sig, t->blocked) || t->flags & PF_EXITING)
		return false;
	if (sig == SIGKILL)
		return true;
	if (READ_ONCE(t->core.state) & (TASK_STOPPED | TASK_TRACED))
		return false;
	return t == current || !(READ_ONCE(t->core.work) & WORK_SIGNAL);
}

/* The thread to wake for a signal to t, or to any thread of its process; NULL: all block it. */
static struct task *choose_receiver(struct task *t, int sig, enum sig_target where)
{
	struct process *p = t->proc;
	struct task *u;

	if (wants_signal(t, sig))
		return t;
	if (where == SIG_TO_THREAD || p->nr_threads <= 1)
		return NULL;
	for_each_thread(p, u)
		if (wants_signal(u, sig))
			return u;
	return NULL;
}

void signal_group_kill(struct process *p, int exit_code)
{
	struct task *t;

	p->flags = (p->flags & ~(PROC_STOP_PENDING | PROC_STOP_STOPPED)) | PROC_GROUP_EXIT;
	p->group_exit_code = exit_code;
	p->group_stop_count = 0;
	for_each_thread(p, t) {
		t->jobctl &= ~JOBCTL_STOP_PENDING;
		if (t->exit_state)
			continue;
		WRITE_ONCE(t->pending.mask, t->pending.mask | SIGMASK(SIGKILL));
		signal_wake(t, true);
	}
}

static void complete_signal(struct task *t, int sig, enum sig_target where)
{
	struct process *p = t->proc;
	struct task *r = choose_receiver(t, sig, where);

	if (!r)
		return;
	if (sig_default_fatal(sig) && !(p->flags & (PROC_GROUP_EXIT | PROC_UNKILLABLE)) &&
	    !sig_in(sig, r->real_blocked) &&
	    t->sighand->action[sig - 1].handler == SIG_DFL && !sig_in(sig, SIG_COREDUMP)) {
		signal_group_kill(p, sig);
		return;
	}
	signal_wake(r, sig == SIGKILL);
}

/* sighand lock held. */
static int send_locked(struct task *t, int sig, const siginfo_t *info, enum sig_target where, bool forced)
{
	struct sigpending *pending = where == SIG_TO_PROCESS ? &t->proc->shared_pending : &t->pending;
	int err;

	if (drop_signal(t, sig, forced))
		return 0;
	err = sigpending_add(t, pending, sig, info);
	if (err)
		return err;
	if (wait_queue_active(&t->sighand->signalfd_wait))
		wake_up_poll_all(&t->sighand->signalfd_wait, EPOLLIN);
	complete_signal(t, sig, where);
	return 0;
}

int signal_send(struct task *t, int sig, const siginfo_t *info, enum sig_target where)
{
	struct sighand *s;
	u64 flags;
	int err = 0;

	s = sighand_lock(t, &flags);
	if (!s)
		return -ESRCH;
	if (sig)
		err = send_locked(t, sig, info, where, info == SEND_PRIV);
	sighand_unlock(s, flags);
	return err;
}

int signal_send_process(struct process *p, int sig, const siginfo_t *info)
{
	struct task *leader;
	int err;

	/* exec may exchange the leader: then the old one has no sighand any more; look again. */
	do {
		rcu_read_lock();
		leader = rcu_dereference(p->leader);
		err = leader ? signal_send(leader, sig, info, SIG_TO_PROCESS) : -ESRCH;
		rcu_read_unlock();
	} while (err == -ESRCH && leader && leader != READ_ONCE(p->leader));
	return err;
}

int signal_send_pid(struct pid *pid, int sig, const siginfo_t *info)
{
	struct task *t;
	int err = -ESRCH;

	rcu_read_lock();
	t = pid_task(pid, PIDTYPE_TGID);
	if (t)
		err = signal_send_process(t->proc, sig, info);
	rcu_read_unlock();
	return err;
}

int signal_send_pgrp(struct pid *pgrp, int sig, const siginfo_t *info)
{
	struct task *t;
	int err = -ESRCH;

	spin_lock(&tasklist_lock);
	for_each_pid_task(t, pgrp, PIDTYPE_PGID) {
		int e = info == SEND_NOINFO ? signal_check_permission(t, sig, info) : 0;

		if (!e)
			e = signal_send(t, sig, info, SIG_TO_PROCESS);
		if (err)
			err = e;	/* success if one was reached */
	}
	spin_unlock(&tasklist_lock);
	return err;
}

/* kill(2): CAP_KILL, or a sender's uid that matches; SIGCONT within the session. */
int signal_check_permission(struct task *t, int sig, const siginfo_t *info)
{
	const struct cred *c = current_cred(), *tc;
	int err = -EPERM;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (info == SEND_PRIV || (info != SEND_NOINFO && info->si_code > 0 && info->si_code != SI_USER))
		return 0;
	if (task_same_process(t, current))
		return 0;
	rcu_read_lock();
	tc = rcu_dereference(t->real_cred);
	if (uid_eq(c->euid, tc->suid) || uid_eq(c->euid, tc->uid) || uid_eq(c->uid, tc->suid) ||
	    uid_eq(c->uid, tc->uid) || ns_capable(c, tc->user_ns, CAP_KILL))
		err = 0;
	else if (sig == SIGCONT && task_session(t) == task_session(current))
		err = 0;
	rcu_read_unlock();
	return err;
}

/* A fault of current: if it blocks or ignores the signal, it dies of it. */
void signal_force(int sig, const siginfo_t *info)
{
	struct task *t = current;
	struct ksigaction *a;
	u64 flags;
	bool blocked, ignored;

	spin_lock_irqsave(&t->sighand->lock, flags);
	a = &t->sighand->action[sig - 1];
	blocked = sig_in(sig, t->blocked);
	ignored = a->handler == SIG_IGN;
	if (blocked || ignored) {
		a->handler = SIG_DFL;
		t->blocked &= ~SIGMASK(sig);
	}
	/* Without a handler not even init survives its own fault. */
	if (a->handler == SIG_DFL)
		t->proc->flags &= ~PROC_UNKILLABLE;
	(void)send_locked(t, sig, info, SIG_TO_THREAD, true);
	signal_recalc(t);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

void signal_force_sigsegv(int sig)
{
	u64 flags;

	/* The handler of SIGSEGV itself has no stack: it would fault for ever. */
	if (sig == SIGSEGV) {
		spin_lock_irqsave(&current->sighand->lock, flags);
		current->sighand->action[SIGSEGV - 1].handler = SIG_DFL;
		spin_unlock_irqrestore(&current->sighand->lock, flags);
	}
	signal_force(SIGSEGV, SEND_PRIV);
}

void signal_force_fault(int sig, int code, u64 addr, int trapno, u64 error)
{
	siginfo_t info = { .si_signo = sig, .si_code = code };

	info.si_addr = addr;
	user_fault_info_set(trapno, error, addr);
	signal_force(sig, &info);
}

void task_kill_self(int sig)
{
	do_group_exit(sig);
}

bool signal_fatal_pending(const struct task_core *t)
{
	return sig_in(SIGKILL, READ_ONCE(((const struct task *)t)->pending.mask));
}

int sigqueue_send(struct sigqueue *q, struct pid *pid, enum sig_target where)
{
	enum pid_type type = where == SIG_TO_PROCESS ? PIDTYPE_TGID : PIDTYPE_TID;
	int sig = q->info.si_signo, res = -ESRCH;
	struct sigpending *p;
	struct sighand *s;
	struct task *t;
	u64 flags;

	rcu_read_lock();
	t = pid_task(pid, type);
	s = t ? sighand_lock(t, &flags) : NULL;
	if (!s)
		goto out;
	res = 1;
	if (drop_signal(t, sig, false))
		goto unlock;
	res = 0;
	if (!list_empty(&q->link))	/* not yet delivered: the timer counts an overrun */
		goto unlock;
	p = where == SIG_TO_PROCESS ? &t->proc->shared_pending : &t->pending;
	list_add_tail(&q->link, &p->queue);
	WRITE_ONCE(p->mask, p->mask | SIGMASK(sig));
	if (wait_queue_active(&s->signalfd_wait))
		wake_up_poll_all(&s->signalfd_wait, EPOLLIN);
	complete_signal(t, sig, where);
unlock:
	sighand_unlock(s, flags);
out:
	rcu_read_unlock();
	return res;
}
