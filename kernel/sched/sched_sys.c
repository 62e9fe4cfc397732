/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The system calls of the scheduler (sched(7)): policies and priorities, nice values, affinity, yield.
 * SCHED_DEADLINE is not built: -EINVAL, as for any unknown policy. Utilisation clamps likewise
 * (-EOPNOTSUPP).
 */
#include "internal.h"
#include <base/string.h>
#include <kernel/syscall.h>

/* ---- who ---- */

/* The task with that number, referenced; 0: current. NULL. */
static struct task *find_task(pid_t pid)
{
	if (pid)
		return task_find_get(pid);
	task_get(current);
	return current;
}

/* Same user, or CAP_SYS_NICE. */
static bool may_change(struct task *t)
{
	const struct cred *c = current_cred(), *tc;
	bool ok;

	rcu_read_lock();
	tc = rcu_dereference(t->real_cred);
	ok = uid_eq(c->euid, tc->euid) || uid_eq(c->euid, tc->uid) || ns_capable(c, tc->user_ns, CAP_SYS_NICE);
	rcu_read_unlock();
	return ok;
}

/* RLIMIT_NICE counts 1..40 for nice 19..-20. */
static bool may_nice(struct task *t, int nice)
{
	return nice >= t->se.static_nice || (u64)(20 - nice) <= task_rlimit(t, RLIMIT_NICE) || capable(CAP_SYS_NICE);
}

/* ---- policies ---- */

static bool policy_rt(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_fair(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static int check_rights(struct task *t, const struct sched_attr *a, int policy)
{
	u64 rtprio = task_rlimit(t, RLIMIT_RTPRIO);

	if (capable(CAP_SYS_NICE))
		return 0;
	if (!may_change(t))
		return -EPERM;
	if (policy_fair(policy)) {
		if (!(a->sched_flags & SCHED_FLAG_KEEP_PARAMS) && !may_nice(t, a->sched_nice))
			return -EPERM;
		/* Out of SCHED_IDLE only who may have that nice value. */
		if (t->se.policy == SCHED_IDLE && policy != SCHED_IDLE &&
		    (u64)(20 - t->se.static_nice) > task_rlimit(t, RLIMIT_NICE))
			return -EPERM;
	} else {
		if (policy != t->se.policy && !rtprio)
			return -EPERM;
		if ((int)a->sched_priority > t->se.rt_priority && a->sched_priority > rtprio)
			return -EPERM;
	}
	if (t->se.reset_on_fork && !(a->sched_flags & SCHED_FLAG_RESET_ON_FORK))
		return -EPERM;
	return 0;
}

static int set_attr_checked(struct task *t, struct sched_attr *a)
{
	int policy = a->sched_flags & SCHED_FLAG_KEEP_POLICY ? t->se.policy : (int)a->sched_policy, err;

	if (!policy_rt(policy) && !policy_fair(policy))
		return -EINVAL;
	if (a->sched_flags & ~(u64)SCHED_FLAG_ALL)
		return -EINVAL;
	if (a->sched_flags & SCHED_FLAG_UTIL_CLAMP)
		return -EOPNOTSUPP;
	if (!(a->sched_flags & SCHED_FLAG_KEEP_PARAMS)) {
		if (a->sched_priority >= MAX_RT_PRIO || policy_rt(policy) != (a->sched_priority != 0))
			return -EINVAL;
		a->sched_nice = clamp_t(int, a->sched_nice, -20, 19);
	}
	err = check_rights(t, a, policy);
	return err ? err : sched_set_scheduler(t, a);
}

static long setscheduler(pid_t pid, int policy, uin_sched_param param)
{
	struct sched_attr a = { .size = sizeof(a) };
	struct sched_param p;
	struct task *t;
	long err;

	if (pid < 0 || uptr_null(param))
		return -EINVAL;
	if (copy_in(&p, param))
		return -EFAULT;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	if (policy < 0) {		/* sched_setparam: keep it */
		policy = t->se.policy;
		a.sched_flags = t->se.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	} else if (policy & SCHED_RESET_ON_FORK) {
		a.sched_flags = SCHED_FLAG_RESET_ON_FORK;
		policy &= ~SCHED_RESET_ON_FORK;
	}
	a.sched_policy = (u32)policy;
	a.sched_priority = (u32)p.sched_priority;
	a.sched_nice = t->se.static_nice;
	err = set_attr_checked(t, &a);
	task_put(t);
	return err;
}

long sys_sched_setscheduler(pid_t pid, int policy, uin_sched_param param)
{
	return policy < 0 ? -EINVAL : setscheduler(pid, policy, param);
}

long sys_sched_setparam(pid_t pid, uin_sched_param param)
{
	return setscheduler(pid, -1, param);
}

long sys_sched_getscheduler(pid_t pid)
{
	struct task *t;
	long res;

	if (pid < 0)
		return -EINVAL;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	res = t->se.policy | (t->se.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	task_put(t);
	return res;
}

long sys_sched_getparam(pid_t pid, uout_sched_param param)
{
	struct sched_param p;
	struct task *t;

	if (pid < 0 || uptr_null(param))
		return -EINVAL;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	p.sched_priority = policy_rt(t->se.policy) ? t->se.rt_priority : 0;
	task_put(t);
	return copy_out(param, &p);
}

long sys_sched_setattr(pid_t pid, uio_sched_attr attr, unsigned int flags)
{
	struct sched_attr a = { 0 };
	struct task *t;
	u32 size;
	long err;

	if (pid < 0 || flags || uptr_null(attr))
		return -EINVAL;
	if (copy_in_bytes(&size, uptr_addr(attr), sizeof(size)))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		goto size;
	if (copy_in_bytes(&a, uptr_addr(attr), min_t(size_t, size, sizeof(a))))
		return -EFAULT;
	for (u32 off = sizeof(a); off < size; off++) {
		u8 b;

		if (copy_in_bytes(&b, uaddr(attr.addr + off), 1))
			return -EFAULT;
		if (b)
			goto size;
	}
	if ((int)a.sched_policy < 0)
		return -EINVAL;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	if (a.sched_flags & SCHED_FLAG_KEEP_POLICY)
		a.sched_policy = (u32)t->se.policy;
	err = set_attr_checked(t, &a);
	task_put(t);
	return err;
size:
	size = sizeof(a);
	return copy_out_bytes(uptr_addr(attr), &size, sizeof(size)) ? -EFAULT : -E2BIG;
}

long sys_sched_getattr(pid_t pid, uout_sched_attr attr, unsigned int size, unsigned int flags)
{
	struct sched_attr a = { 0 };
	struct task *t;

	if (pid < 0 || flags || uptr_null(attr) || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -EINVAL;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	a.size = min_t(u32, size, sizeof(a));
	a.sched_policy = (u32)t->se.policy;
	a.sched_flags = t->se.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (policy_rt(t->se.policy))
		a.sched_priority = (u32)t->se.rt_priority;
	else
		a.sched_nice = t->se.static_nice;
	task_put(t);
	if (copy_out_bytes(uptr_addr(attr), &a, a.size))
		return -EFAULT;
	/* A longer buffer is zero beyond what we know. */
	if (size > sizeof(a) && clear_user(uaddr(attr.addr + sizeof(a)), size - sizeof(a)))
		return -EFAULT;
	return 0;
}

long sys_sched_get_priority_max(int policy)
{
	if (policy_rt(policy))
		return MAX_RT_PRIO - 1;
	return policy_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy_rt(policy))
		return 1;
	return policy_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(pid_t pid, uout_timespec interval)
{
	struct timespec ts = { 0, 0 };
	struct task *t;

	if (pid < 0)
		return -EINVAL;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	if (t->se.policy == SCHED_RR)
		ts.tv_nsec = (s64)RR_SLICE_NS;
	else if (policy_fair(t->se.policy))
		ts.tv_nsec = (s64)t->se.slice_ns;
	task_put(t);
	return copy_out(interval, &ts);
}

/* ---- nice ---- */

static int set_one_nice(struct task *t, int nice, int err)
{
	const struct cred *c = current_cred(), *tc;
	bool mine;

	rcu_read_lock();
	tc = rcu_dereference(t->real_cred);
	mine = uid_eq(tc->uid, c->euid) || uid_eq(tc->euid, c->euid) || ns_capable(c, tc->user_ns, CAP_SYS_NICE);
	rcu_read_unlock();
	if (!mine)
		return -EPERM;
	if (!may_nice(t, nice))
		return -EACCES;
	if (err == -ESRCH)
		err = 0;
	sched_set_nice(t, nice);
	return err;
}

/*
 * Call fn for each thread that (which, who) names; its result so far is handed on. TASKLIST is held, so
 * that groups and users stay whole.
 */
static int for_priority_target(int which, int who, int (*fn)(struct task *t, int arg, int res), int arg)
{
	int res = -ESRCH;
	struct task *t, *u;
	struct pid *pgrp;
	kuid_t uid;

	spin_lock(&tasklist_lock);
	switch (which) {
	case PRIO_PROCESS:
		t = who ? task_find(who) : current;
		if (t)
			res = fn(t, arg, res);
		break;
	case PRIO_PGRP:
		pgrp = who ? pid_find(who) : task_pgrp(current);
		if (pgrp)
			for_each_pid_task(t, pgrp, PIDTYPE_PGID)
				for_each_thread(t->proc, u)
					res = fn(u, arg, res);
		break;
	default:
		uid = who ? make_kuid(current_cred()->user_ns, (u32)who) : current_cred()->uid;
		list_for_each_entry(t, &task_list, all_link)
			if (uid_eq(t->real_cred->uid, uid) && !(t->flags & PF_KTHREAD && !pid_vnr(t->pid)))
				res = fn(t, arg, res);
		break;
	}
	spin_unlock(&tasklist_lock);
	return res;
}

long sys_setpriority(int which, int who, int prio)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return for_priority_target(which, who, set_one_nice, clamp_t(int, prio, -20, 19));
}

static int get_one_nice(struct task *t, int arg, int res)
{
	(void)arg;
	return max(res, 20 - t->se.static_nice);
}

/* 40..1 for nice -20..19; the library turns it round. */
long sys_getpriority(int which, int who)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return for_priority_target(which, who, get_one_nice, 0);
}

/* ---- affinity ---- */

long sys_sched_setaffinity(pid_t pid, unsigned int len, uin_void mask)
{
	struct cpumask m = { 0 };
	struct task *t;
	long err;

	if (copy_in_bytes(&m, uptr_addr(mask), min_t(size_t, len, sizeof(m))))
		return -EFAULT;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	if (t->flags & PF_KTHREAD && t->se.nr_allowed == 1)
		err = -EINVAL;		/* bound to its CPU */
	else if (!may_change(t))
		err = -EPERM;
	else
		err = sched_set_affinity(t, &m);
	task_put(t);
	return err;
}

long sys_sched_getaffinity(pid_t pid, unsigned int len, uout_void mask)
{
	size_t n = min_t(size_t, len, sizeof(struct cpumask));
	struct cpumask m;
	struct task *t;

	if (len * 8 < (u32)nr_cpus || len % sizeof(long))
		return -EINVAL;
	t = find_task(pid);
	if (!t)
		return -ESRCH;
	sched_get_affinity(t, &m);
	task_put(t);
	cpumask_and(&m, &m, &cpu_online_mask);
	return copy_out_bytes(uptr_addr(mask), &m, n) ? -EFAULT : (long)n;
}

/* ---- small ones ---- */

long sys_sched_yield(void)
{
	sched_yield_do();
	return 0;
}

long sys_getcpu(uout_u32 cpu, uout_u32 node, uaddr_t unused)
{
	u32 c = (u32)this_cpu_id(), zero = 0;

	(void)unused;
	if (!uptr_null(cpu) && copy_out(cpu, &c))
		return -EFAULT;
	if (!uptr_null(node) && copy_out(node, &zero))
		return -EFAULT;
	return 0;
}
