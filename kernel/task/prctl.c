/* SPDX-License-Identifier: MPL-2.0 */
/*
 * prctl(2) and arch_prctl(2): settings of a task or process that have no call of their own. An option
 * that Linux has only with a feature that is not built gets Linux's error for that: -EINVAL.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/rcu.h>
#include <core/sigframe.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <mm/mm.h>
#include <uapi/linux/prctl.h>
#include "internal.h"

static int set_name(u64 addr)
{
	char comm[TASK_COMM_LEN] = "";

	/* at most 15 bytes are looked at, shorter strings end where they end */
	if (strncpy_in(comm, (uin_str){ .addr = addr }, sizeof(comm) - 1) == -EFAULT)
		return -EFAULT;
	comm[sizeof(comm) - 1] = 0;
	task_set_comm(current, comm);
	return 0;
}

static int get_name(u64 addr)
{
	char comm[TASK_COMM_LEN];

	task_get_comm(current, comm);
	return copy_out_bytes(uaddr(addr), comm, sizeof(comm));
}

/* ---- capabilities ---- */

static long bset_drop(u64 cap)
{
	struct cred *n;

	if (!ns_capable(current_cred(), current_cred()->user_ns, CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	n->bset.v &= ~CAP_BIT(cap);
	return cred_commit(n);
}

static long set_securebits(u64 bits)
{
	const struct cred *old = current_cred();
	struct cred *n;
	u32 locks = old->securebits & SECURE_ALL_LOCKS;

	if ((((u32)old->securebits ^ bits) & (locks >> 1)) ||	/* a locked bit would change */
	    (locks & ~bits) ||					/* a lock would be taken off */
	    (bits & ~(u64)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) || !capable(CAP_SETPCAP))
		return -EPERM;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	n->securebits = (u32)bits;
	return cred_commit(n);
}

static long set_keepcaps(u64 on)
{
	struct cred *n;

	if (on > 1)
		return -EINVAL;
	if (current_cred()->securebits & (1u << SECURE_KEEP_CAPS_LOCKED))
		return -EPERM;
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	if (on)
		n->securebits |= 1u << SECURE_KEEP_CAPS;
	else
		n->securebits &= ~(1u << SECURE_KEEP_CAPS);
	return cred_commit(n);
}

static long cap_ambient(u64 what, u64 cap, u64 arg4, u64 arg5)
{
	const struct cred *old = current_cred();
	struct cred *n;

	if (what == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (cap || arg4 || arg5)
			return -EINVAL;
		n = cred_prepare();
		if (!n)
			return -ENOMEM;
		n->ambient = CAP_NONE;
		return cred_commit(n);
	}
	if (cap > CAP_LAST_CAP || arg4 || arg5)
		return -EINVAL;
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET:
		return !!(old->ambient.v & CAP_BIT(cap));
	case PR_CAP_AMBIENT_RAISE:
		if (!(old->permitted.v & old->inheritable.v & CAP_BIT(cap)) ||
		    old->securebits & (1u << SECURE_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		break;
	case PR_CAP_AMBIENT_LOWER:
		break;
	default:
		return -EINVAL;
	}
	n = cred_prepare();
	if (!n)
		return -ENOMEM;
	if (what == PR_CAP_AMBIENT_RAISE)
		n->ambient.v |= CAP_BIT(cap);
	else
		n->ambient.v &= ~CAP_BIT(cap);
	return cred_commit(n);
}

/* ---- the process tree ---- */

/* All that descend from p know that a subreaper may be above them. TASKLIST held. */
static void mark_descendants(struct process *p)
{
	struct process *c = p, *next;

	for (;;) {
		if (!list_empty(&c->children)) {
			c = list_first_entry(&c->children, struct process, sibling);
		} else {
			for (;;) {
				if (c == p)
					return;
				next = c->parent;
				if (!list_is_last(&c->sibling, &next->children)) {
					c = list_next_entry(c, sibling);
					break;
				}
				c = next;
			}
		}
		__atomic_fetch_or(&c->flags, PROC_HAS_SUBREAPER, __ATOMIC_RELAXED);
	}
}

static long set_subreaper(u64 on)
{
	struct process *p = current->proc;

	spin_lock(&tasklist_lock);
	spin_lock_irq(&current->sighand->lock);
	if (on)
		p->flags |= PROC_CHILD_SUBREAPER;
	else
		p->flags &= ~PROC_CHILD_SUBREAPER;
	spin_unlock_irq(&current->sighand->lock);
	if (on)
		mark_descendants(p);
	spin_unlock(&tasklist_lock);
	return 0;
}

static long put_int(u64 addr, int v)
{
	return copy_out_bytes(uaddr(addr), &v, sizeof(v));
}

static long set_pdeathsig(u64 sig)
{
	if (sig > _NSIG)
		return -EINVAL;
	current->pdeath_signal = (int)sig;
	return 0;
}

static long set_no_new_privs(u64 on, u64 a3, u64 a4, u64 a5)
{
	if (on != 1 || a3 || a4 || a5)
		return -EINVAL;
	current->no_new_privs = true;
	return 0;
}

static long set_timerslack(u64 ns)
{
	if (current->se.policy == SCHED_FIFO || current->se.policy == SCHED_RR)
		return 0;
	current->timer_slack_ns = (s64)ns <= 0 ? current->default_timer_slack_ns : ns;
	return 0;
}

/* Options with identity and privileges. */
static long prctl_cred(int option, u64 a2, u64 a3, u64 a4, u64 a5)
{
	switch (option) {
	case PR_CAPBSET_READ:
		if (a2 > CAP_LAST_CAP)
			return -EINVAL;
		return !!(current_cred()->bset.v & CAP_BIT(a2));
	case PR_CAPBSET_DROP:
		return bset_drop(a2);
	case PR_GET_SECUREBITS:
		return current_cred()->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(a2);
	case PR_GET_KEEPCAPS:
		return !!(current_cred()->securebits & (1u << SECURE_KEEP_CAPS));
	case PR_SET_KEEPCAPS:
		return set_keepcaps(a2);
	case PR_CAP_AMBIENT:
		return cap_ambient(a2, a3, a4, a5);
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(a2, a3, a4, a5);
	case PR_GET_NO_NEW_PRIVS:
		return a2 || a3 || a4 || a5 ? -EINVAL : current->no_new_privs;
	default:
		return -EINVAL;
	}
}

long sys_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct task *t = current;

	switch (option) {
	case PR_SET_PDEATHSIG:
		return set_pdeathsig(a2);
	case PR_GET_PDEATHSIG:
		return put_int(a2, t->pdeath_signal);
	case PR_GET_DUMPABLE:
		return READ_ONCE(t->mm->dumpable);
	case PR_SET_DUMPABLE:
		if (a2 > 1)
			return -EINVAL;
		WRITE_ONCE(t->mm->dumpable, (u32)a2);
		return 0;
	case PR_SET_NAME:
		return set_name(a2);
	case PR_GET_NAME:
		return get_name(a2);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_SET_TIMERSLACK:
		return set_timerslack(a2);
	case PR_GET_TIMERSLACK:
		return (long)min_t(u64, t->timer_slack_ns, INT64_MAX);
	case PR_SET_CHILD_SUBREAPER:
		return set_subreaper(a2);
	case PR_GET_CHILD_SUBREAPER:
		return put_int(a2, !!(t->proc->flags & PROC_CHILD_SUBREAPER));
	case PR_GET_TID_ADDRESS:
		return copy_out_bytes(uaddr(a2), &t->clear_child_tid, sizeof(t->clear_child_tid));
	case PR_SET_SECCOMP:
		return seccomp_prctl(a2, a3);
	case PR_GET_SECCOMP:
		return (long)t->seccomp_mode;
	case PR_GET_TSC:
		return put_int(a2, PR_TSC_ENABLE);
	case PR_SET_TSC:
		return a2 == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_THP_DISABLE:
		return a2 || a3 || a4 || a5 ? -EINVAL : 0;
	case PR_MCE_KILL_GET:
		return a2 || a3 || a4 || a5 ? -EINVAL : PR_MCE_KILL_DEFAULT;
	default:
		return prctl_cred(option, a2, a3, a4, a5);
	}
}

long sys_arch_prctl(int option, u64 arg)
{
	u64 base;

	switch (option) {
	case ARCH_SET_FS:
		return user_set_fsbase(arg);
	case ARCH_SET_GS:
		return user_set_gsbase(arg);
	case ARCH_GET_FS:
		base = user_fsbase();
		return copy_out_bytes(uaddr(arg), &base, sizeof(base));
	case ARCH_GET_GS:
		base = user_gsbase();
		return copy_out_bytes(uaddr(arg), &base, sizeof(base));
	case ARCH_GET_CPUID:
		return 1;		/* CPUID can be used */
	case ARCH_SET_CPUID:
		return -ENODEV;		/* and cannot be made to fault */
	default:
		return -EINVAL;
	}
}
