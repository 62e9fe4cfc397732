/* SPDX-License-Identifier: MPL-2.0 */
/* The system calls about signals: sigaction(2), sigprocmask(2), kill(2) and their families. */
#include <base/string.h>
#include <core/sigframe.h>
#include <core/upcall.h>
#include <kernel/syscall.h>
#include <kernel/time.h>

#include "internal.h"

#define SA_KNOWN	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS | SA_RESTORER | \
	SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

static int sigaction_do(int sig, const struct ksigaction *act, struct ksigaction *old)
{
	struct task *t = current, *u;
	struct ksigaction *a;

	if (sig < 1 || sig > NSIG || (act && sig_in(sig, SIG_KERNEL_ONLY)))
		return -EINVAL;
	a = &t->sighand->action[sig - 1];
	spin_lock_irq(&t->sighand->lock);
	*old = *a;
	if (act) {
		*a = *act;
		a->mask &= ~SIG_KERNEL_ONLY;
		/* POSIX: setting to ignore throws a pending one away. */
		if (signal_is_ignored(t, sig)) {
			sigpending_flush_mask(&t->proc->shared_pending, SIGMASK(sig));
			for_each_thread(t->proc, u)
				sigpending_flush_mask(&u->pending, SIGMASK(sig));
			signal_recalc(t);
		}
	}
	spin_unlock_irq(&t->sighand->lock);
	return 0;
}

long sys_rt_sigaction(int sig, uin_sigaction uact, uout_sigaction uold, size_t sigsetsize)
{
	struct ksigaction act, old;
	struct sigaction sa;
	int err;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (!uptr_null(uact)) {
		if (copy_in(&sa, uact))
			return -EFAULT;
		/* What this kernel does not know is cleared, so that programs can probe for it. */
		act = (struct ksigaction){ .handler = sa.sa_handler, .flags = sa.sa_flags & SA_KNOWN,
					   .restorer = sa.sa_restorer, .mask = sa.sa_mask };
	}
	err = sigaction_do(sig, uptr_null(uact) ? NULL : &act, &old);
	if (err || uptr_null(uold))
		return err;
	sa = (struct sigaction){ .sa_handler = old.handler, .sa_flags = old.flags,
				 .sa_restorer = old.restorer, .sa_mask = old.mask };
	return copy_out(uold, &sa) ? -EFAULT : 0;
}

long sys_rt_sigprocmask(int how, uin_sigset uset, uout_sigset uold, size_t sigsetsize)
{
	u64 old = current->blocked, set;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (!uptr_null(uset)) {
		if (copy_in_bytes(&set, uptr_addr(uset), sizeof(set)))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			signal_set_mask(old | set);
			break;
		case SIG_UNBLOCK:
			signal_set_mask(old & ~set);
			break;
		case SIG_SETMASK:
			signal_set_mask(set);
			break;
		default:
			return -EINVAL;
		}
	}
	if (!uptr_null(uold) && copy_out_bytes(uptr_addr(uold), &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(uout_sigset uset, size_t sigsetsize)
{
	struct task *t = current;
	u64 set;

	if (sigsetsize > sizeof(sigset_t))
		return -EINVAL;
	spin_lock_irq(&t->sighand->lock);
	set = signal_pending_set(t) & t->blocked;
	spin_unlock_irq(&t->sighand->lock);
	return copy_out_bytes(uptr_addr(uset), &set, sigsetsize);
}

/* Wait for one of `which`; number, -EAGAIN at the deadline, -EINTR by another signal. */
static int sigtimedwait_do(u64 which, siginfo_t *info, u64 deadline)
{
	struct task *t = current;
	u64 mask = ~(which & ~SIG_KERNEL_ONLY);
	int sig, expired = 0;

	spin_lock_irq(&t->sighand->lock);
	sig = signal_dequeue(t, mask, info);
	if (!sig && deadline) {
		/* While we wait the set counts as unblocked, so that senders wake us for it. */
		t->real_blocked = t->blocked;
		t->blocked &= mask;
		signal_recalc(t);
		set_current_state(TASK_INTERRUPTIBLE);
		spin_unlock_irq(&t->sighand->lock);
		if (!signal_pending())
			expired = schedule_until(deadline) == 0;
		set_current_state(TASK_RUNNING);
		spin_lock_irq(&t->sighand->lock);
		t->blocked = t->real_blocked;
		t->real_blocked = 0;
		sig = signal_dequeue(t, mask, info);
	}
	spin_unlock_irq(&t->sighand->lock);
	if (sig)
		return sig;
	return !deadline || expired ? -EAGAIN : -EINTR;
}

long sys_rt_sigtimedwait(uin_sigset uset, uout_siginfo uinfo, uin_timespec uts, size_t sigsetsize)
{
	u64 set, deadline = WAIT_FOREVER;
	struct timespec ts;
	siginfo_t info;
	int sig;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (copy_in_bytes(&set, uptr_addr(uset), sizeof(set)))
		return -EFAULT;
	if (!uptr_null(uts)) {
		if (copy_in(&ts, uts))
			return -EFAULT;
		if (!timespec_valid(&ts))
			return -EINVAL;
		deadline = timespec_to_ns(&ts) ? clock_monotonic_ns() + (u64)timespec_to_ns(&ts) : 0;
	}
	sig = sigtimedwait_do(set, &info, deadline);
	if (sig > 0 && !uptr_null(uinfo) && copy_out(uinfo, &info))
		return -EFAULT;
	return sig;
}

long sys_rt_sigsuspend(uin_sigset uset, size_t sigsetsize)
{
	u64 mask;

	if (sigsetsize != sizeof(sigset_t))
		return -EINVAL;
	if (copy_in_bytes(&mask, uptr_addr(uset), sizeof(mask)))
		return -EFAULT;
	signal_set_temp_mask(mask);
	return sys_pause();
}

long sys_pause(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending())
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return -ERESTARTNOHAND;
}

/* alt: new stack or NULL; sp: current stack pointer of the user. */
static int sigaltstack_do(const stack_t *alt, stack_t *old, u64 sp)
{
	struct task *t = current;
	bool on_it = !(t->sas_flags & SS_AUTODISARM) && sp > t->sas_sp && sp - t->sas_sp <= t->sas_size;
	u32 mode;

	*old = (stack_t){ .ss_sp = t->sas_sp, .ss_size = t->sas_size };
	old->ss_flags = (s32)(t->sas_flags & SS_FLAG_BITS) |
			(!t->sas_size ? SS_DISABLE : on_it ? SS_ONSTACK : 0);
	if (!alt)
		return 0;
	if (on_it)
		return -EPERM;
	mode = (u32)alt->ss_flags & ~SS_FLAG_BITS;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		t->sas_sp = 0;
		t->sas_size = 0;
	} else {
		if (alt->ss_size < MINSIGSTKSZ)
			return -ENOMEM;
		t->sas_sp = alt->ss_sp;
		t->sas_size = alt->ss_size;
	}
	t->sas_flags = (u32)alt->ss_flags;
	return 0;
}

long sys_sigaltstack(uin_stack uss, uout_stack uold)
{
	stack_t ss, old;
	int err;

	if (!uptr_null(uss) && copy_in(&ss, uss))
		return -EFAULT;
	err = sigaltstack_do(uptr_null(uss) ? NULL : &ss, &old, current_user_regs()->sp);
	if (!err && !uptr_null(uold) && copy_out(uold, &old))
		return -EFAULT;
	return err;
}

long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = current_user_regs();
	stack_t ss, old;
	u64 mask;

	if (sigframe_restore(regs, &mask, &ss)) {
		signal_force(SIGSEGV, SEND_PRIV);
		return 0;
	}
	signal_set_mask(mask);
	/* A bad stack in the frame is ignored, as is one while we are on it. */
	(void)sigaltstack_do(&ss, &old, regs->sp);
	regs->orig_ax = (u64)-1;
	return regs_result(regs);
}

long sys_restart_syscall(void)
{
	struct restart_block *r = &current->restart;

	return r->fn ? r->fn(r) : -EINTR;
}

/* --- kill and kin --- */

static siginfo_t user_info(int sig, int code)
{
	siginfo_t info = { .si_signo = sig, .si_code = code };

	info.si_pid = task_tgid_vnr(current);
	info.si_uid = from_kuid(&init_user_ns, current_uid());
	return info;
}

static int kill_one(int pid, int sig, const siginfo_t *info)
{
	struct task *t;
	struct pid *p;
	int err = -ESRCH;

	rcu_read_lock();
	p = pid_find(pid);
	t = p ? pid_task(p, PIDTYPE_TGID) : NULL;
	if (t) {
		err = signal_check_permission(t, sig, info);
		if (!err)
			err = signal_send_process(t->proc, sig, info);
	}
	rcu_read_unlock();
	return err;
}

static int kill_group(struct pid *pgrp, int sig, const siginfo_t *info)
{
	int err = -ESRCH;
	struct task *t;

	if (!pgrp)
		return -ESRCH;
	spin_lock(&tasklist_lock);
	for_each_pid_task(t, pgrp, PIDTYPE_PGID) {
		int e = signal_check_permission(t, sig, info);

		if (!e)
			e = signal_send(t, sig, info, SIG_TO_PROCESS);
		if (err)
			err = e;
	}
	spin_unlock(&tasklist_lock);
	return err;
}

/* kill(-1): everyone but init and ourselves. */
static int kill_everyone(int sig, const siginfo_t *info)
{
	int err = -ESRCH;
	struct task *t;

	spin_lock(&tasklist_lock);
	list_for_each_entry(t, &task_list, all_link) {
		int e;

		if (!task_is_leader(t) || t->flags & PF_KTHREAD || t->tid <= 1 ||
		    task_same_process(t, current))
			continue;
		e = signal_check_permission(t, sig, info);
		if (!e)
			e = signal_send(t, sig, info, SIG_TO_PROCESS);
		if (e != -EPERM)
			err = e;
	}
	spin_unlock(&tasklist_lock);
	return err;
}

long sys_kill(pid_t pid, int sig)
{
	siginfo_t info = user_info(sig, SI_USER);
	struct pid *pgrp;
	int err;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (pid > 0)
		return kill_one(pid, sig, &info);
	if (pid == -1)
		return kill_everyone(sig, &info);
	if (pid == (pid_t)0x80000000)
		return -ESRCH;
	pgrp = pid ? pid_find_get(-pid) : pid_get(task_pgrp(current));
	err = kill_group(pgrp, sig, &info);
	pid_put(pgrp);
	return err;
}

static int send_thread(pid_t tgid, pid_t tid, int sig, const siginfo_t *info)
{
	struct task *t;
	int err = -ESRCH;

	rcu_read_lock();
	t = task_find(tid);
	if (t && (tgid <= 0 || task_tgid_vnr(t) == tgid)) {
		err = signal_check_permission(t, sig, info);
		if (!err)
			err = signal_send(t, sig, info, SIG_TO_THREAD);
		/* Gone between look-up and sending: as if it had been sent before. */
		if (err == -ESRCH && tgid > 0)
			err = 0;
	}
	rcu_read_unlock();
	return err;
}

long sys_tkill(pid_t tid, int sig)
{
	siginfo_t info = user_info(sig, SI_TKILL);

	if (tid <= 0 || sig < 0 || sig > NSIG)
		return -EINVAL;
	return send_thread(0, tid, sig, &info);
}

long sys_tgkill(pid_t tgid, pid_t tid, int sig)
{
	siginfo_t info = user_info(sig, SI_TKILL);

	if (tgid <= 0 || tid <= 0 || sig < 0 || sig > NSIG)
		return -EINVAL;
	return send_thread(tgid, tid, sig, &info);
}

/* Only to oneself may a process pretend to be kill(2) or the kernel. */
static bool forged(const siginfo_t *info, pid_t pid)
{
	return (info->si_code >= 0 || info->si_code == SI_TKILL) && task_tgid_vnr(current) != pid &&
	       task_tid_vnr(current) != pid;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, uin_siginfo uinfo)
{
	siginfo_t info;

	if (copy_in(&info, uinfo))
		return -EFAULT;
	info.si_signo = sig;
	if (forged(&info, pid))
		return -EPERM;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	return kill_one(pid, sig, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, uin_siginfo uinfo)
{
	siginfo_t info;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	if (copy_in(&info, uinfo))
		return -EFAULT;
	info.si_signo = sig;
	if (forged(&info, tgid))
		return -EPERM;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	return send_thread(tgid, tid, sig, &info);
}
