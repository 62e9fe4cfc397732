/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Job control: a process stops and continues as a whole. The thread that takes a stop signal asks
 * the others (JOBCTL_STOP_PENDING); each goes to sleep in TASK_STOPPED on its way to user space, and
 * the last one tells the parent. SIGCONT undoes all of it when it is sent, delivered or not.
 *
 * Locks: everything here under the sighand lock; the parent is told under TASKLIST.
 */
#include <base/string.h>
#include <core/upcall.h>
#include <kernel/time.h>

#include "internal.h"

/* A stop signal is sent: a pending SIGCONT no longer counts. */
void signal_prepare_stop(struct process *p)
{
	struct task *t;

	sigpending_flush_mask(&p->shared_pending, SIGMASK(SIGCONT));
	for_each_thread(p, t)
		sigpending_flush_mask(&t->pending, SIGMASK(SIGCONT));
}

/* SIGCONT is sent: pending stops no longer count, stopped threads run. */
void signal_prepare_continue(struct process *p)
{
	struct task *t;
	u32 why = 0;

	sigpending_flush_mask(&p->shared_pending, SIG_STOPS);
	for_each_thread(p, t) {
		sigpending_flush_mask(&t->pending, SIG_STOPS);
		t->jobctl &= ~JOBCTL_STOP_PENDING;
		sched_wake(&t->core, TASK_STOPPED);
	}
	if (p->flags & PROC_STOP_STOPPED)
		why = PROC_CLD_CONTINUED;
	else if (p->group_stop_count)
		why = PROC_CLD_STOPPED;	/* it had begun to stop: the parent sees that first */
	if (!why)
		return;
	p->flags &= ~(PROC_STOP_STOPPED | PROC_CLD_STOPPED | PROC_CLD_CONTINUED);
	p->flags |= why | PROC_STOP_CONTINUED;
	p->group_stop_count = 0;
	p->group_exit_code = 0;
}

static siginfo_t child_info(struct task *t, int code, int status)
{
	siginfo_t info = { .si_signo = SIGCHLD, .si_code = code };
	struct cputime ct;

	process_cputime(t->proc, &ct);
	info.si_pid = pid_nr(t->proc->pids[PIDTYPE_TGID]);
	info.si_uid = from_kuid(&init_user_ns, rcu_dereference(t->real_cred)->uid);
	info.si_status = status;
	info.si_utime = (s64)(ct.utime_ns / 10000000);
	info.si_stime = (s64)(ct.stime_ns / 10000000);
	return info;
}

void signal_notify_parent_stop(struct task *t, int why)
{
	struct process *parent = t->proc->parent;
	int status = why == CLD_CONTINUED ? SIGCONT : t->proc->group_exit_code & 0x7f;
	siginfo_t info;
	struct sighand *s;
	bool send;
	u64 flags;

	assert_held(&tasklist_lock);
	if (!parent)
		return;
	info = child_info(t, why, status);
	s = sighand_lock(parent->leader, &flags);
	if (!s)
		return;
	send = s->action[SIGCHLD - 1].handler != SIG_IGN &&
	       !(s->action[SIGCHLD - 1].flags & SA_NOCLDSTOP);
	sighand_unlock(s, flags);
	if (send)
		(void)signal_send_process(parent, SIGCHLD, &info);
	wake_up_all(&parent->wait_chldexit);
}

/* The process of t is a zombie now. True: nobody will wait for it, reap at once. */
bool signal_notify_parent_exit(struct task *t, int sig)
{
	struct process *parent = t->proc->parent;
	int code = t->exit_code;
	bool autoreap = false, send = sig > 0;
	struct sighand *s;
	siginfo_t info;
	u64 flags;

	assert_held(&tasklist_lock);
	if (!parent)
		return true;
	if (code & 0x80)
		info = child_info(t, CLD_DUMPED, code & 0x7f);
	else if (code & 0x7f)
		info = child_info(t, CLD_KILLED, code & 0x7f);
	else
		info = child_info(t, CLD_EXITED, code >> 8);
	info.si_signo = sig;
	s = sighand_lock(parent->leader, &flags);
	if (s) {
		const struct ksigaction *a = &s->action[SIGCHLD - 1];

		if (sig == SIGCHLD && (a->handler == SIG_IGN || a->flags & SA_NOCLDWAIT)) {
			autoreap = true;
			send = send && a->handler != SIG_IGN;
		}
		sighand_unlock(s, flags);
	}
	if (send)
		(void)signal_send_process(parent, sig, &info);
	wake_up_all(&parent->wait_chldexit);
	return autoreap;
}

static void ask_threads_to_stop(struct process *p)
{
	struct task *t;

	p->group_stop_count = 0;
	for_each_thread(p, t) {
		if (t->flags & PF_EXITING || t->exit_state ||
		    (t->jobctl & (JOBCTL_STOP_PENDING | JOBCTL_STOPPED)))
			continue;
		t->jobctl |= JOBCTL_STOP_PENDING;
		p->group_stop_count++;
		if (t != current)
			signal_wake(t, false);
	}
}

/* Current has done what a group stop asks of it. True: it was the last. */
static bool take_part(struct process *p, struct task *t)
{
	t->jobctl &= ~JOBCTL_STOP_PENDING;
	if (p->group_stop_count > 0)
		p->group_stop_count--;
	if (p->group_stop_count || p->flags & PROC_STOP_STOPPED)
		return false;
	p->flags &= ~PROC_STOP_CONTINUED;
	p->flags |= PROC_STOP_STOPPED;
	return true;
}

/*
 * Stop, or begin a stop with `sig`. Called with the sighand lock (interrupts off). True: the lock
 * was dropped and the task has slept; false: nothing happened, the lock is still held.
 */
bool signal_do_stop(int sig)
{
	struct task *t = current;
	struct process *p = t->proc;
	bool tell;

	if (!(t->jobctl & JOBCTL_STOP_PENDING)) {
		if (p->flags & PROC_GROUP_EXIT || p->group_exec_task)
			return false;
		if (!(p->flags & PROC_STOP_STOPPED))
			p->group_exit_code = sig;
		ask_threads_to_stop(p);
	}
	tell = take_part(p, t);
	t->jobctl |= JOBCTL_STOPPED;
	set_current_state(TASK_STOPPED);
	spin_unlock_irq(&t->sighand->lock);
	if (tell) {
		spin_lock(&tasklist_lock);
		signal_notify_parent_stop(t, CLD_STOPPED);
		spin_unlock(&tasklist_lock);
	}
	schedule();
	spin_lock_irq(&t->sighand->lock);
	t->jobctl &= ~JOBCTL_STOPPED;
	signal_recalc(t);
	spin_unlock_irq(&t->sighand->lock);
	return true;
}

/*
 * After SIGCONT the first thread on its way to user space tells the parent. Sighand lock held; true:
 * it was dropped.
 */
bool signal_report_continue(void)
{
	struct task *t = current;
	struct process *p = t->proc;
	int why;

	if (likely(!(p->flags & (PROC_CLD_STOPPED | PROC_CLD_CONTINUED))))
		return false;
	why = p->flags & PROC_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
	p->flags &= ~(PROC_CLD_STOPPED | PROC_CLD_CONTINUED);
	spin_unlock_irq(&t->sighand->lock);
	spin_lock(&tasklist_lock);
	signal_notify_parent_stop(t, why);
	spin_unlock(&tasklist_lock);
	return true;
}

void signal_handle_stop(void)
{
	struct task *t = current;

	spin_lock_irq(&t->sighand->lock);
	if (t->jobctl & JOBCTL_STOP_PENDING && signal_do_stop(0))
		return;
	spin_unlock_irq(&t->sighand->lock);
}

/* A thread leaves a process that is stopping: it counts no longer. Sighand lock held. True: tell the parent. */
bool signal_exit_stop(struct task *t)
{
	if (!(t->jobctl & JOBCTL_STOP_PENDING))
		return false;
	return take_part(t->proc, t);
}

/* A new thread joins a process that is stopping or stopped. Sighand lock held. */
void signal_join_stop(struct task *child)
{
	struct process *p = child->proc;

	if (current->jobctl & JOBCTL_STOP_PENDING) {
		child->jobctl |= JOBCTL_STOP_PENDING;
		p->group_stop_count++;
		task_work_set(&child->core, WORK_SIGNAL);
	}
}
