/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Capabilities (capabilities(7)): who has one, and who may look into another process (ptrace(2),
 * "Ptrace access mode checking"). What execve makes of the sets is in exec_caps.c.
 */
#include <base/err.h>
#include <core/rcu.h>
#include <fs/inode.h>
#include <kernel/task.h>
#include <mm/mm.h>

bool ns_capable(const struct cred *c, const struct user_ns *ns, int cap)
{
	for (;;) {
		if (likely(ns == c->user_ns))
			return c->effective.v & CAP_BIT(cap);
		if (!ns->parent)
			return false;
		/* Who made a namespace has all capabilities in it. */
		if (ns->parent == c->user_ns && uid_eq(ns->owner, c->euid))
			return true;
		ns = ns->parent;
	}
}

bool capable(int cap)
{
	if (!ns_capable(current_cred(), &init_user_ns, cap))
		return false;
	if (!(current->flags & PF_SUPERPRIV))
		current->flags |= PF_SUPERPRIV;
	return true;
}

static bool same_ids(const struct cred *c, const struct cred *t, bool fs)
{
	kuid_t uid = fs ? c->fsuid : c->uid;
	kgid_t gid = fs ? c->fsgid : c->gid;

	return uid_eq(uid, t->euid) && uid_eq(uid, t->suid) && uid_eq(uid, t->uid) &&
	       gid_eq(gid, t->egid) && gid_eq(gid, t->sgid) && gid_eq(gid, t->gid);
}

bool ptrace_may_access(struct task *t, u32 mode)
{
	const struct cred *c = current_cred(), *tc;
	bool ok, mighty;
	struct mm *mm;

	if (task_same_process(t, current))
		return true;
	rcu_read_lock();
	tc = rcu_dereference(t->real_cred);
	mighty = ns_capable(c, tc->user_ns, CAP_SYS_PTRACE);
	ok = mighty || same_ids(c, tc, mode & PTRACE_MODE_FSCREDS);
	smp_rmb();			/* pairs with cred_commit() */
	/* The caller's capabilities must cover the target's. */
	if (ok && !mighty && (tc->permitted.v & ~(mode & PTRACE_MODE_FSCREDS ? c->effective.v : c->permitted.v)))
		ok = false;
	rcu_read_unlock();
	if (!ok || mighty)
		return ok;
	spin_lock(&t->alloc_lock);
	mm = t->mm;
	ok = !mm || READ_ONCE(mm->dumpable) == 1;
	spin_unlock(&t->alloc_lock);
	return ok;
}

/* If current is traced: may its tracer see what a more privileged program does? */
bool ptrace_tracer_capable(void)
{
	return true;
}
