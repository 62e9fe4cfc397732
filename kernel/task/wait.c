/* SPDX-License-Identifier: MPL-2.0 */
/*
 * wait4 and waitid. A look at the children under TASKLIST finds one in a state that was asked for; an
 * exited one is taken (ZOMBIE -> DEAD) under that lock, so only one waiter gets it, and released after
 * its numbers were read. A sleeper queues on its own process's wait queue before it looks.
 *
 * Times: what a child used, and what its own waited-for children used, is added to the parent's sums.
 */
#include <base/math.h>
#include <core/clock.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <fs/file.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/mm.h>
#include <uapi/linux/wait.h>
#include "internal.h"

struct wait_ctx {
	enum pid_type type;	/* which id `pid` is: TGID, PGID; MAX: any child */
	struct pid *pid;
	int options;
	/* found */
	int child;		/* its number for the caller; 0: none yet */
	int code, status;	/* CLD_*, and exit status or signal */
	int wstatus;		/* the same as wait4 encodes it */
	u32 uid;
	struct rusage *usage;
	bool any;		/* there is a child that may do what was asked for */
	struct task *reap;
};

/* ---- resource usage ---- */

static struct timeval ns_to_timeval(u64 ns)
{
	return (struct timeval){ .tv_sec = (s64)(ns / NSEC_PER_SEC), .tv_usec = (s64)(ns % NSEC_PER_SEC / 1000) };
}

static void rusage_times(struct rusage *r, u64 utime, u64 stime)
{
	r->ru_utime = ns_to_timeval(utime);
	r->ru_stime = ns_to_timeval(stime);
}

static void rusage_thread(struct task *t, struct rusage *r)
{
	struct cputime ct;

	task_cputime(t, &ct);
	rusage_times(r, ct.utime_ns, ct.stime_ns);
	r->ru_minflt = (s64)t->min_flt;
	r->ru_majflt = (s64)t->maj_flt;
	r->ru_nvcsw = (s64)t->nvcsw;
	r->ru_nivcsw = (s64)t->nivcsw;
	r->ru_inblock = (s64)(t->io.read_bytes / 512);
	r->ru_oublock = (s64)(t->io.write_bytes / 512);
}

void rusage_get(struct task *t, int who, struct rusage *r)
{
	struct process *p = t->proc;
	struct cputime ct = { 0, 0 };
	u64 maxrss = 0, rd = 0, wr = 0;
	struct task *u;
	struct mm *mm;

	*r = (struct rusage){ 0 };
	if (who == RUSAGE_THREAD) {
		rusage_thread(t, r);
		maxrss = p->maxrss;
		goto rss;
	}
	if (who != RUSAGE_CHILDREN) {
		process_cputime(p, &ct);
		rcu_read_lock();
		for_each_thread(p, u) {
			r->ru_minflt += (s64)u->min_flt;
			r->ru_majflt += (s64)u->maj_flt;
			r->ru_nvcsw += (s64)u->nvcsw;
			r->ru_nivcsw += (s64)u->nivcsw;
			rd += u->io.read_bytes;
			wr += u->io.write_bytes;
		}
		rcu_read_unlock();
		r->ru_minflt += (s64)p->min_flt;
		r->ru_majflt += (s64)p->maj_flt;
		r->ru_nvcsw += (s64)p->nvcsw;
		r->ru_nivcsw += (s64)p->nivcsw;
		rd += p->io.read_bytes;
		wr += p->io.write_bytes;
		maxrss = p->maxrss;
	}
	if (who != RUSAGE_SELF) {
		ct.utime_ns += p->child_time.utime_ns;
		ct.stime_ns += p->child_time.stime_ns;
		r->ru_minflt += (s64)p->cmin_flt;
		r->ru_majflt += (s64)p->cmaj_flt;
		r->ru_nvcsw += (s64)p->cnvcsw;
		r->ru_nivcsw += (s64)p->cnivcsw;
		maxrss = max(maxrss, p->cmaxrss);
	}
	rusage_times(r, ct.utime_ns, ct.stime_ns);
	r->ru_inblock = (s64)(rd / 512);
	r->ru_oublock = (s64)(wr / 512);
rss:
	if (who != RUSAGE_CHILDREN && t == current && (mm = t->mm) != NULL)
		maxrss = max(maxrss, max_t(u64, mm->hiwater_rss, mm_rss_pages(mm)));
	r->ru_maxrss = (s64)(maxrss * (PAGE_SIZE / 1024));
}

/* What the parent learns to have spent on a child that it waited for. TASKLIST held. */
static void account_child(struct process *p, struct process *c)
{
	struct task *leader = c->leader;
	struct cputime ct;

	process_cputime(c, &ct);
	spin_lock_irq(&current->sighand->lock);
	p->child_time.utime_ns += ct.utime_ns + c->child_time.utime_ns;
	p->child_time.stime_ns += ct.stime_ns + c->child_time.stime_ns;
	p->cmin_flt += leader->min_flt + c->min_flt + c->cmin_flt;
	p->cmaj_flt += leader->maj_flt + c->maj_flt + c->cmaj_flt;
	p->cnvcsw += leader->nvcsw + c->nvcsw + c->cnvcsw;
	p->cnivcsw += leader->nivcsw + c->nivcsw + c->cnivcsw;
	p->cmaxrss = max(p->cmaxrss, max(c->maxrss, c->cmaxrss));
	spin_unlock_irq(&current->sighand->lock);
}

/* ---- looking ---- */

static void found(struct wait_ctx *w, struct process *c, int code, int status, int wstatus)
{
	w->child = pid_vnr(c->pids[PIDTYPE_TGID]);
	w->uid = from_kuid(&init_user_ns, rcu_dereference(c->leader->real_cred)->uid);
	w->code = code;
	w->status = status;
	w->wstatus = wstatus;
	if (w->usage)
		rusage_get(c->leader, RUSAGE_BOTH, w->usage);
}

static bool eligible(struct wait_ctx *w, struct process *c)
{
	if (w->type != PIDTYPE_MAX && c->pids[w->type] != w->pid)
		return false;
	if ((w->options & __WNOTHREAD) && c->leader->real_creator != current)
		return false;
	/* A clone that does not signal with SIGCHLD is seen only by who asks for such. */
	if (!(w->options & __WALL) && (c->leader->exit_signal != SIGCHLD) != !!(w->options & __WCLONE))
		return false;
	return true;
}

static bool wait_zombie(struct wait_ctx *w, struct process *c)
{
	struct task *leader = c->leader;
	int code = c->flags & PROC_GROUP_EXIT ? c->group_exit_code : leader->exit_code;

	if (!(w->options & WEXITED))
		return false;
	if (code & 0x7f)
		found(w, c, code & 0x80 ? CLD_DUMPED : CLD_KILLED, code & 0x7f, code);
	else
		found(w, c, CLD_EXITED, (code >> 8) & 0xff, code);
	if (w->options & WNOWAIT)
		return true;
	leader->exit_state = EXIT_DEAD;
	account_child(current->proc, c);
	w->reap = leader;
	return true;
}

static bool wait_stopped(struct wait_ctx *w, struct process *c)
{
	struct sighand *s = c->leader->sighand;
	int sig = 0;

	if (!(w->options & WSTOPPED) || !(c->flags & PROC_STOP_STOPPED))
		return false;
	spin_lock_irq(&s->lock);
	if (c->flags & PROC_STOP_STOPPED) {
		sig = c->group_exit_code;
		if (!(w->options & WNOWAIT))
			c->group_exit_code = 0;
	}
	spin_unlock_irq(&s->lock);
	if (!sig)
		return false;		/* was told already */
	found(w, c, CLD_STOPPED, sig, (sig << 8) | 0x7f);
	return true;
}

static bool wait_continued(struct wait_ctx *w, struct process *c)
{
	struct sighand *s = c->leader->sighand;
	bool yes;

	if (!(w->options & WCONTINUED) || !(c->flags & PROC_STOP_CONTINUED))
		return false;
	spin_lock_irq(&s->lock);
	yes = c->flags & PROC_STOP_CONTINUED;
	if (!(w->options & WNOWAIT))
		c->flags &= ~PROC_STOP_CONTINUED;
	spin_unlock_irq(&s->lock);
	if (yes)
		found(w, c, CLD_CONTINUED, SIGCONT, 0xffff);
	return yes;
}

static bool consider(struct wait_ctx *w, struct process *c)
{
	struct task *leader = c->leader;

	if (!eligible(w, c) || leader->exit_state == EXIT_DEAD)
		return false;
	w->any = true;
	if (leader->exit_state == EXIT_ZOMBIE && c->nr_threads == 1)
		return wait_zombie(w, c);
	return wait_stopped(w, c) || wait_continued(w, c);
}

/* TASKLIST held. */
static bool look(struct wait_ctx *w)
{
	struct process *p = current->proc, *c;

	if (w->type == PIDTYPE_TGID) {
		struct task *t = pid_task(w->pid, PIDTYPE_TGID);

		return t && t->proc->parent == p && consider(w, t->proc);
	}
	list_for_each_entry(c, &p->children, sibling)
		if (consider(w, c))
			return true;
	return false;
}

static bool look_and_reap(struct wait_ctx *w)
{
	bool yes;

	w->any = false;
	w->reap = NULL;
	spin_lock(&tasklist_lock);
	yes = look(w);
	spin_unlock(&tasklist_lock);
	if (w->reap)
		task_release(w->reap);
	return yes;
}

/* Number of the child; 0: WNOHANG and none; -ECHILD, -ERESTARTSYS. */
static int wait_do(struct wait_ctx *w)
{
	struct process *p = current->proc;
	int err = 0;

	if (look_and_reap(w))
		return w->child;
	if (!w->any)
		return -ECHILD;
	if (w->options & WNOHANG)
		return 0;
	{
		DEFINE_WAIT(entry);

		for (;;) {
			prepare_to_wait(&p->wait_chldexit, &entry, TASK_INTERRUPTIBLE);
			if (look_and_reap(w))
				break;
			if (!w->any) {
				err = -ECHILD;
				break;
			}
			if (signal_pending()) {
				err = -ERESTARTSYS;
				break;
			}
			schedule();
		}
		finish_wait(&p->wait_chldexit, &entry);
	}
	return err ? err : w->child;
}

/* ---- system calls ---- */

#define WAIT_CLONE_BITS	(__WNOTHREAD | __WCLONE | __WALL)

/* Reference on *pid if one is set. */
static int wait_who(pid_t pid, struct wait_ctx *w)
{
	if (pid == -1) {
		w->type = PIDTYPE_MAX;
		return 0;
	}
	if (pid < 0 || pid == 0) {
		w->type = PIDTYPE_PGID;
		if (pid == 0) {
			rcu_read_lock();
			w->pid = pid_get(task_pgrp(current));
			rcu_read_unlock();
		} else {
			w->pid = pid_find_get(-pid);
		}
	} else {
		w->type = PIDTYPE_TGID;
		w->pid = pid_find_get(pid);
	}
	return w->pid ? 0 : -ECHILD;
}

long sys_wait4(pid_t pid, uout_s32 status, int options, uout_rusage usage)
{
	struct rusage r;
	struct wait_ctx w = { .options = options | WEXITED, .usage = uptr_null(usage) ? NULL : &r };
	long res;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WAIT_CLONE_BITS))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	res = wait_who(pid, &w);
	if (res)
		return res;
	res = wait_do(&w);
	pid_put(w.pid);
	if (res <= 0)
		return res;
	if (!uptr_null(status) && copy_out(status, &w.wstatus))
		return -EFAULT;
	if (w.usage && copy_out(usage, &r))
		return -EFAULT;
	return res;
}

static int waitid_who(int which, pid_t id, struct wait_ctx *w)
{
	switch (which) {
	case P_ALL:
		w->type = PIDTYPE_MAX;
		return 0;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		w->type = PIDTYPE_TGID;
		w->pid = pid_find_get(id);
		return w->pid ? 0 : -ECHILD;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		return wait_who(-id, w);
	case P_PIDFD: {
		u32 flags;
		struct pid *pid;

		if (id < 0)
			return -EINVAL;
		pid = pidfd_get_pid(id, &flags);
		if (IS_ERR(pid))
			return (int)PTR_ERR(pid);
		w->type = PIDTYPE_TGID;
		w->pid = pid;
		if (flags & O_NONBLOCK)
			w->options |= WNOHANG;
		return 0;
	}
	default:
		return -EINVAL;
	}
}

long sys_waitid(int which, pid_t id, uout_siginfo info, int options, uout_rusage usage)
{
	struct rusage r;
	struct wait_ctx w = { .options = options, .usage = uptr_null(usage) ? NULL : &r };
	siginfo_t si = { 0 };
	long res;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WAIT_CLONE_BITS))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	res = waitid_who(which, id, &w);
	if (res)
		return res;
	res = wait_do(&w);
	pid_put(w.pid);
	if (res == 0 && (w.options & WNOHANG) && !(options & WNOHANG))
		return -EAGAIN;		/* a non-blocking pidfd */
	if (res < 0)
		return res;
	if (res > 0) {
		si.si_signo = SIGCHLD;
		si.si_code = w.code;
		si.si_pid = w.child;
		si.si_uid = w.uid;
		si.si_status = w.status;
		if (w.usage && copy_out(usage, &r))
			return -EFAULT;
	}
	if (uptr_null(info))
		return 0;
	/* Only these fields are written; the rest of the buffer stays. */
	if (copy_out_bytes(uptr_addr(info), &si, offsetof(siginfo_t, si_status) + sizeof(si.si_status)))
		return -EFAULT;
	return 0;
}

long sys_getrusage(int who, uout_rusage usage)
{
	struct rusage r;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	rusage_get(current, who, &r);
	return copy_out(usage, &r);
}

long sys_times(uout_tms buf)
{
	struct process *p = current->proc;
	struct cputime ct;
	struct tms tms;

	if (!uptr_null(buf)) {
		process_cputime(p, &ct);
		tms.tms_utime = (s64)(ct.utime_ns / 10000000);
		tms.tms_stime = (s64)(ct.stime_ns / 10000000);
		tms.tms_cutime = (s64)(p->child_time.utime_ns / 10000000);
		tms.tms_cstime = (s64)(p->child_time.stime_ns / 10000000);
		if (copy_out(buf, &tms))
			return -EFAULT;
	}
	return (long)(clock_boottime_ns() / 10000000);
}
