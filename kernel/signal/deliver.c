/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Delivery, on the way to user space: take the next signal, do its default action or enter its
 * handler, and see to it that an interrupted system call ends or restarts as signal(7) says.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/printk.h>
#include <core/sigframe.h>
#include <core/upcall.h>
#include <core/usercopy.h>
#include <kernel/rseq.h>

#include "internal.h"

struct delivery {
	int sig;
	siginfo_t info;
	struct ksigaction action;
};

extern int print_fatal_signals;
int print_fatal_signals;	/* /proc/sys/kernel/print-fatal-signals [a] */

/* End the process by a signal. No lock held. */
static __noreturn void die_of_signal(int sig)
{
	current->flags |= PF_SIGNALED;
	if (print_fatal_signals && sig != SIGKILL && sig != SIGPIPE && sig != SIGTERM)
		pr_info("%s[%d]: killed by signal %d\n", current->comm, current->tid, sig);
	do_group_exit(sig);
}

/*
 * Default action of a signal without handler. Sighand lock held on entry; true: it was dropped (the
 * task stopped, or the group turned out to be orphaned).
 */
static bool default_action(int sig)
{
	struct task *t = current;

	if (sig_in(sig, SIG_DEFAULT_IGNORE))
		return false;
	if (t->proc->flags & PROC_UNKILLABLE && !sig_in(sig, SIG_KERNEL_ONLY))
		return false;
	if (sig_in(sig, SIG_STOPS)) {
		bool orphaned = false;

		if (sig != SIGSTOP) {
			/* Nobody could continue it: POSIX says the terminal's stops are ignored. */
			spin_unlock_irq(&t->sighand->lock);
			spin_lock(&tasklist_lock);
			orphaned = pgrp_is_orphaned(task_pgrp(t), NULL);
			spin_unlock(&tasklist_lock);
			spin_lock_irq(&t->sighand->lock);
		}
		return !orphaned && signal_do_stop(sig);
	}
	spin_unlock_irq(&t->sighand->lock);
	die_of_signal(sig);
}

/* Find a signal that has a handler. False: none. */
static bool get_signal(struct delivery *d)
{
	struct task *t = current;
	struct process *p = t->proc;
	struct ksigaction *a;

relock:
	spin_lock_irq(&t->sighand->lock);
	if (signal_report_continue())
		goto relock;
	for (;;) {
		if (p->flags & PROC_GROUP_EXIT || (p->group_exec_task && p->group_exec_task != t)) {
			spin_unlock_irq(&t->sighand->lock);
			do_group_exit(p->group_exit_code);
		}
		if (t->jobctl & JOBCTL_STOP_PENDING && signal_do_stop(0))
			goto relock;
		d->sig = signal_dequeue_synchronous(&d->info);
		if (!d->sig)
			d->sig = signal_dequeue(t, t->blocked, &d->info);
		if (!d->sig)
			break;
		a = &t->sighand->action[d->sig - 1];
		if (a->handler == SIG_IGN)
			continue;
		if (a->handler == SIG_DFL) {
			if (default_action(d->sig))
				goto relock;
			continue;
		}
		d->action = *a;
		if (a->flags & SA_RESETHAND)
			a->handler = SIG_DFL;
		break;
	}
	signal_recalc(t);
	spin_unlock_irq(&t->sighand->lock);
	return d->sig != 0;
}

static bool on_altstack(const struct task *t, u64 sp)
{
	return !(t->sas_flags & SS_AUTODISARM) && sp > t->sas_sp && sp - t->sas_sp <= t->sas_size;
}

static u64 frame_stack(const struct task *t, const struct delivery *d, const struct pt_regs *regs)
{
	if (!(d->action.flags & SA_ONSTACK) || !t->sas_size || on_altstack(t, regs->sp))
		return 0;
	return t->sas_sp + t->sas_size;
}

/* How a system call that returned an internal restart code goes on after a handler. */
static void fix_result_for_handler(struct pt_regs *regs, const struct delivery *d)
{
	switch (regs_result(regs)) {
	case -ERESTART_RESTARTBLOCK:
	case -ERESTARTNOHAND:
		regs_set_result(regs, -EINTR);
		break;
	case -ERESTARTSYS:
		if (!(d->action.flags & SA_RESTART)) {
			regs_set_result(regs, -EINTR);
			break;
		}
		fallthrough;
	case -ERESTARTNOINTR:
		regs_restart_syscall(regs);
		break;
	}
}

static void enter_handler(struct pt_regs *regs, struct delivery *d)
{
	struct task *t = current;
	struct sigframe_args args = {
		.sig = d->sig, .handler = d->action.handler, .restorer = d->action.restorer,
		.flags = d->action.flags, .info = d->info,
	};
	u64 block;
	int err;

	if (regs_in_syscall(regs))
		fix_result_for_handler(regs, d);
	rseq_signal(regs, d->sig);
	args.mask = READ_ONCE(t->core.work) & WORK_RESTORE_MASK ? t->saved_mask : t->blocked;
	args.altstack = (stack_t){ .ss_sp = t->sas_sp, .ss_flags = (s32)t->sas_flags, .ss_size = t->sas_size };
	args.stack_top = frame_stack(t, d, regs);
	err = d->action.restorer || d->action.flags & SA_RESTORER ? sigframe_setup(regs, &args) : -EFAULT;
	if (err) {
		signal_force_sigsegv(d->sig);
		return;
	}
	task_work_clear(&t->core, WORK_RESTORE_MASK);
	if (args.stack_top && t->sas_flags & SS_AUTODISARM) {
		t->sas_sp = 0;
		t->sas_size = 0;
		t->sas_flags = SS_DISABLE;
	}
	block = t->blocked | d->action.mask;
	if (!(d->action.flags & SA_NODEFER))
		block |= SIGMASK(d->sig);
	signal_set_mask(block);
}

/* No handler ran: a restartable call is simply made again. */
static void restart_without_handler(struct pt_regs *regs)
{
	switch (regs_result(regs)) {
	case -ERESTARTNOHAND:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		regs_restart_syscall(regs);
		break;
	case -ERESTART_RESTARTBLOCK:
		regs_restart_block(regs, 219);
		break;
	}
}

void signal_deliver(struct pt_regs *regs)
{
	struct delivery d;

	if (get_signal(&d)) {
		enter_handler(regs, &d);
		return;
	}
	if (regs_in_syscall(regs))
		restart_without_handler(regs);
	signal_restore_mask();
}

void signal_set_mask(u64 mask)
{
	struct task *t = current;

	mask &= ~SIG_KERNEL_ONLY;
	spin_lock_irq(&t->sighand->lock);
	if (t->proc->nr_threads > 1) {
		/* Signals to the process that we stop taking: another thread may take them. */
		u64 newly = mask & ~t->blocked & t->proc->shared_pending.mask;
		struct task *u;

		if (newly)
			for_each_thread(t->proc, u)
				if (u != t && !(u->flags & PF_EXITING) && newly & ~u->blocked)
					signal_wake(u, false);
	}
	t->blocked = mask;
	signal_recalc(t);
	spin_unlock_irq(&t->sighand->lock);
}

void signal_set_temp_mask(u64 mask)
{
	struct task *t = current;

	t->saved_mask = t->blocked;
	signal_set_mask(mask);
	task_work_set(&t->core, WORK_RESTORE_MASK);
}

void signal_restore_mask(void)
{
	struct task *t = current;

	if (READ_ONCE(t->core.work) & WORK_RESTORE_MASK) {
		task_work_clear(&t->core, WORK_RESTORE_MASK);
		signal_set_mask(t->saved_mask);
	}
}

void signal_restore_mask_unless(bool interrupted)
{
	if (!interrupted)
		signal_restore_mask();
}

int signal_set_user_mask(uaddr_t set, size_t size)
{
	u64 mask;

	if (!set.v)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (copy_in_bytes(&mask, set, sizeof(mask)))
		return -EFAULT;
	signal_set_temp_mask(mask);
	return 0;
}

long restart_block_none(struct restart_block *r)
{
	(void)r;
	return -EINTR;
}
