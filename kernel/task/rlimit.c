/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Resource limits (getrlimit(2)). They belong to the process; each word is read without a lock, changed
 * under the owner's leader's alloc_lock.
 */
#include <core/rcu.h>
#include <kernel/syscall.h>
#include "internal.h"

/* May current read or change the limits of t? */
static int check_target(struct task *t)
{
	const struct cred *c = current_cred(), *tc;
	int err = 0;

	if (t == current || task_same_process(t, current))
		return 0;
	rcu_read_lock();
	tc = rcu_dereference(t->real_cred);
	if (!(uid_eq(c->uid, tc->euid) && uid_eq(c->uid, tc->suid) && uid_eq(c->uid, tc->uid) &&
	      gid_eq(c->gid, tc->egid) && gid_eq(c->gid, tc->sgid) && gid_eq(c->gid, tc->gid)) &&
	    !ns_capable(c, tc->user_ns, CAP_SYS_RESOURCE))
		err = -EPERM;
	rcu_read_unlock();
	return err;
}

static int rlimit_do(struct task *t, unsigned int which, const struct rlimit *value, struct rlimit *old)
{
	struct rlimit *r;
	int err = 0;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (value) {
		if (value->rlim_cur > value->rlim_max)
			return -EINVAL;
		if (which == RLIMIT_NOFILE && value->rlim_max > 1048576)
			return -EPERM;		/* fs.nr_open */
	}
	r = &t->proc->rlim[which];
	spin_lock(&t->proc->leader->alloc_lock);
	if (old)
		*old = *r;
	if (value) {
		if (value->rlim_max > r->rlim_max && !capable(CAP_SYS_RESOURCE)) {
			err = -EPERM;
		} else {
			WRITE_ONCE(r->rlim_cur, value->rlim_cur);
			WRITE_ONCE(r->rlim_max, value->rlim_max);
		}
	}
	spin_unlock(&t->proc->leader->alloc_lock);
	return err;
}

long sys_getrlimit(unsigned int resource, uout_rlimit rlim)
{
	struct rlimit r;
	int err = rlimit_do(current, resource, NULL, &r);

	return err ? err : copy_out(rlim, &r);
}

long sys_setrlimit(unsigned int resource, uin_rlimit rlim)
{
	struct rlimit r;

	if (copy_in(&r, rlim))
		return -EFAULT;
	return rlimit_do(current, resource, &r, NULL);
}

long sys_prlimit64(pid_t pid, unsigned int resource, uin_rlimit64 value, uout_rlimit64 old)
{
	struct rlimit64 v64;
	struct rlimit v, o;
	struct task *t = current;
	int err;

	if (!uptr_null(value)) {
		if (copy_in(&v64, value))
			return -EFAULT;
		v = (struct rlimit){ v64.rlim_cur, v64.rlim_max };
	}
	if (pid) {
		t = task_find_get(pid);
		if (!t)
			return -ESRCH;
	} else {
		task_get(t);
	}
	err = check_target(t);
	if (!err)
		err = rlimit_do(t, resource, uptr_null(value) ? NULL : &v, uptr_null(old) ? NULL : &o);
	task_put(t);
	if (!err && !uptr_null(old)) {
		v64 = (struct rlimit64){ o.rlim_cur, o.rlim_max };
		err = copy_out(old, &v64);
	}
	return err;
}
