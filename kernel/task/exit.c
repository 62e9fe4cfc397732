/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The end of tasks. do_exit() gives back what the task owns from the outside in: group state, memory,
 * files, terminal, namespaces; then, under TASKLIST, it hands its children over, tells its parent and
 * becomes a zombie; then it leaves the CPU for good. A zombie leader keeps its number and its times until
 * the parent waits for it; threads, kernel threads and children nobody waits for are released at once.
 *
 * A leader may exit before its threads: it stays a zombie that cannot be waited for until the last of
 * them is released, which then tells the parent.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <fs/file.h>
#include <fs/path.h>
#include <kernel/futex.h>
#include <kernel/ipc.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/mm.h>
#include "internal.h"

/* ---- task work ---- */

static struct task_work work_exited;	/* marks a list that takes no more */

int task_work_add(struct task *t, struct task_work *w)
{
	struct task_work *head = READ_ONCE(t->work_head);

	do {
		if (head == &work_exited)
			return -ESRCH;
		w->next = head;
	} while (!try_cmpxchg(&t->work_head, &head, w));
	task_work_set(&t->core, WORK_NOTIFY);
	return 0;
}

static void run_work(struct task_work *end)
{
	struct task_work *list, *next, *rev;

	for (;;) {
		list = READ_ONCE(current->work_head);
		do {
			if (list == end && !list)
				return;
		} while (!try_cmpxchg(&current->work_head, &list, list ? NULL : end));
		if (!list)
			return;
		/* oldest first */
		for (rev = NULL; list; list = next) {
			next = list->next;
			list->next = rev;
			rev = list;
		}
		for (; rev; rev = next) {
			next = rev->next;
			rev->fn(rev);
		}
	}
}

void task_work_run(void)
{
	if (READ_ONCE(current->work_head) && current->work_head != &work_exited)
		run_work(NULL);
}

/* ---- the address space ---- */

void task_mm_release(struct task *t)
{
	futex_exit_task(t);
	if (t->clear_child_tid) {
		int zero = 0;

		if (t->mm && ref_read(&t->mm->users) > 1) {
			(void)!copy_out_bytes(uaddr(t->clear_child_tid), &zero, sizeof(zero));
			futex_wake_addr(t->clear_child_tid, 1);
		}
		t->clear_child_tid = 0;
	}
	if (t->vfork_done) {
		spin_lock(&t->alloc_lock);
		if (t->vfork_done)
			complete(t->vfork_done);
		t->vfork_done = NULL;
		spin_unlock(&t->alloc_lock);
	}
}

static void exit_mm(struct task *t)
{
	struct mm *mm = t->mm;
	u64 rss;

	if (!mm) {
		task_mm_release(t);
		return;
	}
	rss = max_t(u64, mm->hiwater_rss, mm_rss_pages(mm));
	if (rss > t->proc->maxrss)
		t->proc->maxrss = rss;
	task_mm_release(t);
	mm_put(mm_switch_current(NULL));
}

static void exit_files(struct task *t)
{
	struct files *files = t->files;
	struct fs_struct *fs = t->fs;

	spin_lock(&t->alloc_lock);
	t->files = NULL;
	spin_unlock(&t->alloc_lock);
	if (files)
		files_put(files);
	spin_lock(&t->alloc_lock);
	t->fs = NULL;
	spin_unlock(&t->alloc_lock);
	if (fs)
		fs_struct_put(fs);
}

static void exit_io_context(struct task *t)
{
	struct io_context *c;

	spin_lock(&t->alloc_lock);
	c = t->io_context;
	t->io_context = NULL;
	spin_unlock(&t->alloc_lock);
	io_context_put(c);
}

/* ---- signals ---- */

/* From now on no signal wakes us; what waits for any thread is offered to the others. */
static void exit_signals(struct task *t)
{
	struct process *p = t->proc;
	struct task *u;
	bool tell;

	spin_lock_irq(&t->sighand->lock);
	t->flags |= PF_EXITING;
	tell = signal_exit_stop(t);
	if (p->nr_threads > 1 && !(p->flags & PROC_GROUP_EXIT) && p->shared_pending.mask & ~t->blocked) {
		for_each_thread(p, u) {
			if (u == t || u->flags & PF_EXITING)
				continue;
			signal_recalc(u);
			if (u->core.work & WORK_SIGNAL)
				sched_wake(&u->core, TASK_INTERRUPTIBLE);
		}
	}
	spin_unlock_irq(&t->sighand->lock);
	if (unlikely(tell)) {
		spin_lock(&tasklist_lock);
		signal_notify_parent_stop(t, CLD_STOPPED);
		spin_unlock(&tasklist_lock);
	}
}

/* ---- the process tree: all under TASKLIST ---- */

static bool process_alive(const struct process *p)
{
	return atomic_read(&p->live) > 0;
}

/* A thread of p that can be a creator of children; NULL: all exit. */
static struct task *alive_thread(struct process *p, const struct task *except)
{
	struct task *t;

	for_each_thread(p, t)
		if (t != except && !(t->flags & PF_EXITING))
			return t;
	return NULL;
}

static struct process *find_reaper(struct process *p)
{
	struct process *r;

	if (p->flags & PROC_HAS_SUBREAPER)
		for (r = p->parent; r && r != &init_process && !(r->flags & PROC_UNKILLABLE); r = r->parent)
			if (r->flags & PROC_CHILD_SUBREAPER && process_alive(r))
				return r;
	return init_pid_ns.child_reaper ? init_pid_ns.child_reaper->proc : &init_process;
}

bool pgrp_is_orphaned(struct pid *pgrp, struct process *ignored)
{
	struct task *t;

	for_each_pid_task(t, pgrp, PIDTYPE_PGID) {
		struct process *p = t->proc, *parent = p->parent;

		if (p == ignored || (t->exit_state && p->nr_threads == 1) || parent->flags & PROC_UNKILLABLE ||
		    parent == &init_process)
			continue;
		if (parent->pids[PIDTYPE_PGID] != pgrp && parent->pids[PIDTYPE_SID] == p->pids[PIDTYPE_SID])
			return false;
	}
	return true;
}

static bool has_stopped_jobs(struct pid *pgrp)
{
	struct task *t;

	for_each_pid_task(t, pgrp, PIDTYPE_PGID)
		if (t->proc->flags & PROC_STOP_STOPPED)
			return true;
	return false;
}

static void hup_pgrp(struct pid *pgrp)
{
	struct task *t;

	for_each_pid_task(t, pgrp, PIDTYPE_PGID) {
		signal_send(t, SIGHUP, SEND_PRIV, SIG_TO_PROCESS);
		signal_send(t, SIGCONT, SEND_PRIV, SIG_TO_PROCESS);
	}
}

/*
 * p leaves its place below `parent`. If its group had no other link to the session's other groups, and
 * members are stopped, nobody would continue them: SIGHUP and SIGCONT (POSIX, _exit).
 */
static void check_orphaned_pgrp(struct process *p, struct process *parent, struct process *ignored)
{
	struct pid *pgrp = p->pids[PIDTYPE_PGID];

	if (parent->pids[PIDTYPE_PGID] != pgrp && parent->pids[PIDTYPE_SID] == p->pids[PIDTYPE_SID] &&
	    pgrp_is_orphaned(pgrp, ignored) && has_stopped_jobs(pgrp))
		hup_pgrp(pgrp);
}

static void reparent_child(struct process *c, struct process *from, struct process *to, struct list_head *dead)
{
	struct task *t, *creator = alive_thread(to, NULL);

	c->parent = to;
	for_each_thread(c, t) {
		t->real_creator = creator ? creator : to->leader;
		if (t->pdeath_signal)
			signal_send(t, t->pdeath_signal, SEND_NOINFO, SIG_TO_PROCESS);
	}
	list_move_tail(&c->sibling, &to->children);
	if (c->leader->exit_state == EXIT_DEAD)
		return;
	c->leader->exit_signal = SIGCHLD;
	if (c->leader->exit_state == EXIT_ZOMBIE && c->nr_threads == 1 &&
	    signal_notify_parent_exit(c->leader, SIGCHLD)) {
		c->leader->exit_state = EXIT_DEAD;
		list_add(&c->leader->traced_link, dead);
	}
	check_orphaned_pgrp(c, from, from);
}

/* Children that t made get another creator, or, when the whole process ends, another parent. */
static void forget_children(struct task *t, struct list_head *dead)
{
	struct process *p = t->proc, *c, *n, *reaper;
	struct task *other, *u;

	if (list_empty(&p->children))
		return;
	other = alive_thread(p, t);
	if (other) {
		list_for_each_entry(c, &p->children, sibling)
			for_each_thread(c, u) {
				if (u->real_creator != t)
					continue;
				u->real_creator = other;
				if (u->pdeath_signal)
					signal_send(u, u->pdeath_signal, SEND_NOINFO, SIG_TO_PROCESS);
			}
		return;
	}
	reaper = find_reaper(p);
	list_for_each_entry_safe(c, n, &p->children, sibling)
		reparent_child(c, p, reaper, dead);
}

/* t becomes a zombie. True: it releases itself. */
static bool exit_notify(struct task *t, struct list_head *dead)
{
	struct process *p = t->proc;
	bool autoreap = true, whole;

	spin_lock(&tasklist_lock);
	forget_children(t, dead);
	whole = !process_alive(p);
	if (whole && p->parent)
		check_orphaned_pgrp(p, p->parent, p);
	t->exit_state = EXIT_ZOMBIE;
	if (task_is_leader(t)) {
		autoreap = false;
		if (t->flags & PF_KTHREAD)
			autoreap = true;
		else if (p->nr_threads == 1)
			autoreap = signal_notify_parent_exit(t, t->exit_signal);
		if (p->nr_threads == 1)
			pid_notify_exit(t->pid);
	}
	if (autoreap)
		t->exit_state = EXIT_DEAD;
	if (unlikely(p->group_exec_task)) {
		/* execve by another thread waits for the leader to become a zombie */
		spin_lock_irq(&t->sighand->lock);
		if (p->notify_count < 0 && p->group_exec_task)
			sched_wake(&p->group_exec_task->core, TASK_KILLABLE);
		spin_unlock_irq(&t->sighand->lock);
	}
	spin_unlock(&tasklist_lock);
	return autoreap;
}

/* ---- release ---- */

/* The times of a thread that goes stay with its process. Sighand lock held. */
static void account_dead(struct task *t, struct process *p)
{
	struct cputime ct;

	task_cputime(t, &ct);
	p->dead_time.utime_ns += ct.utime_ns;
	p->dead_time.stime_ns += ct.stime_ns;
	p->min_flt += t->min_flt;
	p->maj_flt += t->maj_flt;
	p->nvcsw += t->nvcsw;
	p->nivcsw += t->nivcsw;
	p->io.rchar += t->io.rchar;
	p->io.wchar += t->io.wchar;
	p->io.syscr += t->io.syscr;
	p->io.syscw += t->io.syscw;
	p->io.read_bytes += t->io.read_bytes;
	p->io.write_bytes += t->io.write_bytes;
	p->io.cancelled += t->io.cancelled;
}

/* Take t out of every list. TASKLIST held. */
static void unlink_task(struct task *t)
{
	struct process *p = t->proc;
	struct sighand *s = t->sighand;
	bool last;

	spin_lock_irq(&s->lock);
	last = p->nr_threads == 1;
	account_dead(t, p);
	p->nr_threads--;
	list_del_rcu(&t->thread_link);
	list_del_rcu(&t->all_link);
	if (p->curr_target == t)
		p->curr_target = NULL;
	if (p->notify_count > 0 && !--p->notify_count && p->group_exec_task)
		sched_wake(&p->group_exec_task->core, TASK_KILLABLE);
	rcu_assign_pointer(t->sighand, NULL);
	spin_unlock_irq(&s->lock);
	pid_detach(t, PIDTYPE_TID);
	if (last) {
		list_del(&p->sibling);
		pid_detach(t, PIDTYPE_TGID);
		pid_detach(t, PIDTYPE_PGID);
		pid_detach(t, PIDTYPE_SID);
	}
}

void task_release(struct task *t)
{
	struct process *p;
	struct sighand *s;
	struct task *leader;
	bool whole;

again:
	p = t->proc;
	s = t->sighand;
	leader = NULL;
	spin_lock(&tasklist_lock);
	whole = p->nr_threads == 1;
	unlink_task(t);
	if (!whole && p->nr_threads == 1 && p->leader != t && p->leader->exit_state == EXIT_ZOMBIE) {
		leader = p->leader;
		pid_notify_exit(leader->pid);
		if (signal_notify_parent_exit(leader, leader->exit_signal))
			leader->exit_state = EXIT_DEAD;
		else
			leader = NULL;
	}
	spin_unlock(&tasklist_lock);
	sigpending_flush(&t->pending);
	seccomp_release(t);
	if (whole) {
		sigpending_flush(&p->shared_pending);
		if (p->tty && task_tty_ops)
			task_tty_ops->release(p);
	}
	sighand_put(s);
	atomic64_dec(&t->real_cred->user->processes);
	atomic_dec(&nr_threads_total);
	task_put(t);
	if (unlikely(leader)) {
		t = leader;
		goto again;
	}
}

/* ---- the end ---- */

static void exit_group_dead(struct task *t)
{
	struct process *p = t->proc;

	if (unlikely(p->flags & PROC_UNKILLABLE) || t == init_pid_ns.child_reaper)
		panic("init (pid 1) has ended with status %#x: there is nobody left to run the system",
		      p->group_exit_code ? p->group_exit_code : t->exit_code);
	itimers_exit(p);
	posix_timers_exit(p);
}

__noreturn void do_exit(int code)
{
	struct task *t = current, *z, *n;
	struct process *p = t->proc;
	LIST_HEAD(dead);
	bool group_dead;

	if (unlikely(in_irq() || (t->flags & PF_IDLE)))
		panic("exit in %s", in_irq() ? "an interrupt" : "the idle task");
	if (unlikely(t->flags & PF_EXITING)) {
		pr_err("recursive fault in the exit of %s (%d): left as it is\n", t->comm, t->tid);
		for (;;) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			schedule();
		}
	}
	exit_signals(t);
	t->exit_code = code;
	group_dead = atomic_dec_and_test(&p->live);
	if (group_dead && !(t->flags & PF_KTHREAD))
		exit_group_dead(t);
	exit_mm(t);
	ipc_exit_sem(t);
	ipc_exit_shm(t);
	exit_files(t);
	if (group_dead && p->session_leader && task_tty_ops)
		task_tty_ops->disassociate(true);
	exit_io_context(t);
	if (t->nsproxy) {
		struct nsproxy *ns = t->nsproxy;

		spin_lock(&t->alloc_lock);
		t->nsproxy = NULL;
		spin_unlock(&t->alloc_lock);
		nsproxy_put(ns);
	}
	run_work(&work_exited);
	if (exit_notify(t, &dead))
		list_add(&t->traced_link, &dead);
	list_for_each_entry_safe(z, n, &dead, traced_link) {
		list_del_init(&z->traced_link);
		task_release(z);
	}
	lockdep_assert_none();
	sched_dead();
}

__noreturn void do_group_exit(int code)
{
	struct task *t = current;
	struct process *p = t->proc;

	if (READ_ONCE(p->flags) & PROC_GROUP_EXIT) {
		code = p->group_exit_code;
	} else if (p->group_exec_task) {
		code = 0;		/* another thread executes a program: we only make room */
	} else {
		spin_lock_irq(&t->sighand->lock);
		if (p->flags & PROC_GROUP_EXIT)
			code = p->group_exit_code;
		else if (p->group_exec_task)
			code = 0;
		else if (p->nr_threads > 1)
			signal_group_kill(p, code);
		else
			p->flags |= PROC_GROUP_EXIT, p->group_exit_code = code;
		spin_unlock_irq(&t->sighand->lock);
	}
	do_exit(code);
}

long sys_exit(int status)
{
	do_exit((status & 0xff) << 8);
}

long sys_exit_group(int status)
{
	do_group_exit((status & 0xff) << 8);
}
