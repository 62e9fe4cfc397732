/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Making tasks: clone and its kin, kernel threads, idle tasks. What the child shares and what it copies
 * follows the CLONE_ flags; everything that can fail is done before the child is linked into the process
 * tree, and undone in reverse. The child is visible (to signals, wait, /proc) from the moment it is linked
 * under TASKLIST, and runs when sched_wake_new() says so.
 *
 * References: a task starts with two, the tree's (dropped by task_release) and the scheduler's (dropped
 * after its last switch). Each task holds one on its process.
 */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/init.h>
#include <core/rcu.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <core/usercopy.h>
#include <core/work.h>
#include <fs/file.h>
#include <fs/path.h>
#include <kernel/ipc.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/mm.h>
#include "internal.h"

static struct kmem_cache *task_cache, *process_cache;
int max_threads;
const struct task_tty_ops *task_tty_ops;

static bool caches_ready(void)
{
	if (likely(task_cache && process_cache))
		return true;
	if (!task_cache)
		task_cache = kmem_cache_create("task", sizeof(struct task), 64, 0, NULL);
	if (!process_cache)
		process_cache = kmem_cache_create("process", sizeof(struct process), 64, 0, NULL);
	return task_cache && process_cache;
}

/* How many threads memory is good for: an eighth of it in kernel stacks. */
static int task_limits_init(void)
{
	u64 n = mem_total_pages() * PAGE_SIZE / (8 * KSTACK_SIZE);

	max_threads = (int)clamp_t(u64, n, 20, 1u << 22);
	for (int i = 0; i < 2; i++) {
		struct rlimit *r = &init_process.rlim[i ? RLIMIT_SIGPENDING : RLIMIT_NPROC];

		r->rlim_cur = (u64)max_threads / 2;
		r->rlim_max = r->rlim_cur;
	}
	return caches_ready() ? 0 : -ENOMEM;
}
INITCALL_CORE(task_limits_init);

/* ---- processes ---- */

void process_get(struct process *p)
{
	ref_get(&p->ref);
}

static void process_free(struct rcu_head *head)
{
	kmem_cache_free(process_cache, container_of(head, struct process, rcu));
}

void process_put(struct process *p)
{
	if (ref_put(&p->ref))
		call_rcu(&p->rcu, process_free);
}

static struct process *process_alloc(const struct process *parent)
{
	struct process *p = kmem_cache_alloc(process_cache, GFP_KERNEL | GFP_ZERO);

	if (!p)
		return NULL;
	ref_init(&p->ref, 1);
	list_init(&p->threads);
	list_init(&p->children);
	list_init(&p->sibling);
	wait_queue_init(&p->wait_chldexit);
	sigpending_init(&p->shared_pending);
	memcpy(p->rlim, parent->rlim, sizeof(p->rlim));
	p->nr_threads = 1;
	atomic_set(&p->live, 1);
	p->oom_score_adj = parent->oom_score_adj;
	if (parent->flags & (PROC_CHILD_SUBREAPER | PROC_HAS_SUBREAPER))
		p->flags |= PROC_HAS_SUBREAPER;
	process_timers_init(p);
	return p;
}

/* ---- the task itself ---- */

static struct task *task_alloc(bool user)
{
	struct task *t = caches_ready() ? kmem_cache_alloc(task_cache, GFP_KERNEL | GFP_ZERO) : NULL;

	if (!t)
		return NULL;
	if (task_core_alloc(&t->core, user)) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	ref_init(&t->ref, 2);
	t->core.kthread = !user;
	t->core.state = TASK_NEW;
	list_init(&t->thread_link);
	list_init(&t->all_link);
	spin_lock_init(&t->alloc_lock, TASK_ALLOC);
	sigpending_init(&t->pending);
	t->restart.fn = restart_block_none;
	list_init(&t->pi_state_list);
	list_init(&t->shm_made);
	list_init(&t->work_list);
	list_init(&t->put_files);
	list_init(&t->traced);
	list_init(&t->traced_link);
	t->sas_flags = SS_DISABLE;
	t->start_ns = clock_monotonic_ns();
	t->start_boot_ns = t->start_ns + (clock_boottime_ns() - clock_monotonic_ns());
	return t;
}

static void task_free_rcu(struct rcu_head *head)
{
	struct task *t = container_of(head, struct task, rcu);

	task_core_free(&t->core);
	if (t->real_cred) {
		cred_put(t->real_cred);
		cred_put(t->cred);
	}
	if (t->proc)
		process_put(t->proc);
	kmem_cache_free(task_cache, t);
}

void task_put(struct task *t)
{
	if (ref_put(&t->ref))
		call_rcu(&t->rcu, task_free_rcu);
}

static void task_set_creds(struct task *t, const struct cred *c)
{
	ref_get(&((struct cred *)c)->ref);
	ref_get(&((struct cred *)c)->ref);
	t->cred = c;
	t->real_cred = c;
	atomic64_inc(&c->user->processes);
}

static void inherit_from_current(struct task *t, u64 flags)
{
	const struct task *cur = current;

	memcpy(t->comm, cur->comm, TASK_COMM_LEN);
	t->flags = PF_FORKNOEXEC | (cur->flags & PF_NPROC_EXCEEDED);
	t->blocked = cur->blocked;
	if ((flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
		t->sas_sp = cur->sas_sp;
		t->sas_size = cur->sas_size;
		t->sas_flags = cur->sas_flags;
	}
	if (!(flags & CLONE_VM) && cur->rseq.addr) {
		t->rseq = cur->rseq;
		t->rseq.event = true;
	}
	t->timer_slack_ns = cur->timer_slack_ns;
	t->default_timer_slack_ns = cur->timer_slack_ns;
	t->personality = cur->personality;
	t->login = cur->login;
	t->login_session = cur->login_session;
	t->sessionid = cur->sessionid;
	t->core.work = (cur->core.work & WORK_STRACE) | (t->rseq.addr ? WORK_RSEQ : 0);
}

/* ---- what clone shares or copies ---- */

static int copy_files(struct task *t, u64 flags)
{
	struct files *old = current->files, *n;

	if (!old)
		return 0;
	if (flags & CLONE_FILES) {
		ref_get(&old->ref);
		t->files = old;
		return 0;
	}
	n = files_copy(old, ~0u);
	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	t->files = n;
	return 0;
}

static int copy_fs(struct task *t, u64 flags)
{
	struct fs_struct *old = current->fs;

	if (flags & CLONE_FS) {
		spin_lock(&old->lock);
		if (old->in_exec) {
			spin_unlock(&old->lock);
			return -EAGAIN;
		}
		ref_get(&old->ref);
		spin_unlock(&old->lock);
		t->fs = old;
		return 0;
	}
	t->fs = fs_struct_copy(old);
	return t->fs ? 0 : -ENOMEM;
}

static int copy_mm(struct task *t, u64 flags)
{
	struct mm *old = current->mm, *mm;

	if (!old)
		return 0;
	if (flags & CLONE_VM) {
		mm_get(old);
		mm = old;
	} else {
		mm = mm_fork(old, t);
		if (IS_ERR(mm))
			return (int)PTR_ERR(mm);
	}
	t->mm = mm;
	t->core.pt = mm->pt;
	t->min_flt = 0;
	return 0;
}

static int copy_process_parts(struct task *t, u64 flags)
{
	int err;

	t->sighand = sighand_copy(current->sighand, flags & CLONE_SIGHAND, flags & CLONE_CLEAR_SIGHAND);
	if (!t->sighand)
		return -ENOMEM;
	if (flags & CLONE_THREAD) {
		process_get(current->proc);
		t->proc = current->proc;
	} else {
		t->proc = process_alloc(current->proc);
		if (!t->proc)
			return -ENOMEM;
		t->proc->leader = t;
		if (current->proc->tty && task_tty_ops)
			task_tty_ops->inherit(t->proc);
	}
	err = ipc_fork(t, flags);
	if (!err)
		err = io_context_clone(t, flags & CLONE_IO);
	if (!err)
		err = copy_files(t, flags);
	if (!err)
		err = copy_fs(t, flags);
	if (!err)
		err = copy_mm(t, flags);
	if (!err) {
		struct nsproxy *ns = nsproxy_copy(flags, current->nsproxy, t->fs);

		if (IS_ERR(ns))
			return (int)PTR_ERR(ns);
		t->nsproxy = ns;
	}
	return err;
}

/* Undo all of a task that was never linked. */
static void task_discard(struct task *t, u64 flags)
{
	if (t->nsproxy)
		nsproxy_put(t->nsproxy);
	io_context_put(t->io_context);
	ipc_exit_sem(t);
	if (t->mm)
		mm_put(t->mm);
	if (t->fs)
		fs_struct_put(t->fs);
	if (t->files)
		files_put(t->files);
	if (t->sighand)
		sighand_put(t->sighand);
	if (t->proc && !(flags & CLONE_THREAD) && t->proc->tty && task_tty_ops)
		task_tty_ops->release(t->proc);
	if (t->real_cred)
		atomic64_dec(&t->real_cred->user->processes);
	atomic_dec(&nr_threads_total);
	ref_init(&t->ref, 1);
	task_put(t);
}

/* ---- flags ---- */

static int check_flags(const struct clone_args_k *a)
{
	u64 f = a->flags;

	if ((f & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS) ||
	    (f & (CLONE_NEWUSER | CLONE_FS)) == (CLONE_NEWUSER | CLONE_FS))
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && (f & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_PARENT) && (current->proc->flags & PROC_UNKILLABLE))
		return -EINVAL;
	if ((f & CLONE_THREAD) && (f & (CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD)))
		return -EINVAL;
	if ((f & CLONE_PIDFD) && (f & CLONE_DETACHED))
		return -EINVAL;
	if (f & CLONE_INTO_CGROUP)
		return -EINVAL;		/* no cgroups */
	return 0;
}

/* One more task for this user and for the machine? */
static int check_limits(void)
{
	const struct cred *c = current->real_cred;

	if ((u64)atomic64_read(&c->user->processes) >= rlimit_cur(RLIMIT_NPROC) && !uid_eq(c->uid, kuid(0)) &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -EAGAIN;
	if (atomic_inc_return(&nr_threads_total) > max_threads && max_threads) {
		atomic_dec(&nr_threads_total);
		return -EAGAIN;
	}
	current->flags &= ~PF_NPROC_EXCEEDED;
	return 0;
}

/* ---- linking ---- */

static void link_thread(struct task *t)
{
	struct process *p = t->proc;

	t->exit_signal = -1;
	p->nr_threads++;
	atomic_inc(&p->live);
	list_add_tail(&t->thread_link, &p->threads);
	signal_join_stop(t);
}

static void link_process(struct task *t, struct process *parent, struct pid *pid)
{
	struct process *p = t->proc;

	p->parent = parent;
	list_add_tail(&p->sibling, &parent->children);
	list_add_tail(&t->thread_link, &p->threads);
	pid_attach(t, PIDTYPE_TGID, pid);
	pid_attach(t, PIDTYPE_PGID, current->proc->pids[PIDTYPE_PGID]);
	pid_attach(t, PIDTYPE_SID, current->proc->pids[PIDTYPE_SID]);
}

/* -ERESTARTNOINTR: a signal came first. */
static int link_task(struct task *t, const struct clone_args_k *a, struct pid *pid)
{
	struct task *cur = current;

	t->tid = pid_nr(pid);
	spin_lock(&tasklist_lock);
	spin_lock_irq(&cur->sighand->lock);
	signal_recalc(cur);
	if (unlikely(cur->core.work & WORK_SIGNAL)) {
		spin_unlock_irq(&cur->sighand->lock);
		spin_unlock(&tasklist_lock);
		return -ERESTARTNOINTR;
	}
	seccomp_fork(t);
	if (a->flags & CLONE_THREAD) {
		t->real_creator = cur->real_creator;
		link_thread(t);
	} else if (a->flags & CLONE_PARENT) {
		t->exit_signal = cur->proc->leader->exit_signal;
		t->real_creator = cur->real_creator;
		link_process(t, cur->proc->parent, pid);
	} else {
		t->exit_signal = a->exit_signal;
		t->real_creator = cur;
		link_process(t, cur->proc, pid);
	}
	pid_attach(t, PIDTYPE_TID, pid);
	list_add_tail(&t->all_link, &task_list);
	total_forks++;
	spin_unlock_irq(&cur->sighand->lock);
	spin_unlock(&tasklist_lock);
	return 0;
}

/* ---- clone ---- */

static void wait_for_vfork(struct task *child, struct completion *done)
{
	if (wait_for_completion_killable(done)) {
		spin_lock(&child->alloc_lock);
		child->vfork_done = NULL;
		spin_unlock(&child->alloc_lock);
	}
}

/* CLONE_CHILD_SETTID, in the child's own context: sched_finish_first_switch() of a new task. */
void task_store_child_tid(void)
{
	int tid = task_tid_vnr(current);

	(void)!copy_out_bytes(uaddr(current->set_child_tid), &tid, sizeof(tid));
	current->set_child_tid = 0;
}

/* A task as the flags ask, complete but not linked. ERR_PTR. */
static struct task *clone_prepare(const struct clone_args_k *a, const struct pt_regs *regs)
{
	struct task *t;
	int err;

	err = check_flags(a);
	if (!err)
		err = check_limits();
	if (err)
		return ERR_PTR(err);
	t = task_alloc(true);
	if (!t) {
		atomic_dec(&nr_threads_total);
		return ERR_PTR(-ENOMEM);
	}
	task_set_creds(t, current->real_cred);
	inherit_from_current(t, a->flags);
	sched_fork(t);
	err = copy_process_parts(t, a->flags);
	if (err) {
		task_discard(t, a->flags);
		return ERR_PTR(err);
	}
	if (a->flags & CLONE_VFORK)
		t->flags |= PF_VFORK;
	if (a->flags & CLONE_CHILD_SETTID)
		t->set_child_tid = a->child_tid;
	if (a->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = a->child_tid;
	task_core_init_user(&t->core, regs, a->stack ? a->stack + a->stack_size : 0,
			    a->flags & CLONE_SETTLS, a->tls);
	return t;
}

long task_clone(const struct clone_args_k *a, const struct pt_regs *regs)
{
	struct completion vfork_done;
	struct file *pidfile = NULL;
	int err, fd = -1, nr;
	struct pid *pid;
	struct task *t;

	t = clone_prepare(a, regs);
	if (IS_ERR(t))
		return PTR_ERR(t);
	pid = pid_alloc(t->nsproxy->pid_for_children, a->set_tid, a->set_tid_size);
	if (IS_ERR(pid)) {
		err = (int)PTR_ERR(pid);
		goto out_task;
	}
	if (a->flags & CLONE_PIDFD) {
		fd = pidfd_prepare(pid, O_CLOEXEC, &pidfile);
		err = fd < 0 ? fd : copy_out_bytes(uaddr(a->pidfd), &fd, sizeof(fd));
		if (err)
			goto out_pidfd;
	}
	if (a->flags & CLONE_VFORK) {
		completion_init(&vfork_done);
		t->vfork_done = &vfork_done;
		task_get(t);
	}
	nr = pid_vnr(pid);
	err = link_task(t, a, pid);
	if (err)
		goto out_pidfd;
	if (pidfile)
		fd_install(fd, pidfile);
	if (a->flags & CLONE_PARENT_SETTID)
		(void)!copy_out_bytes(uaddr(a->parent_tid), &nr, sizeof(nr));
	sched_wake_new(t);
	if (a->flags & CLONE_VFORK) {
		wait_for_vfork(t, &vfork_done);
		task_put(t);
	}
	return nr;

out_pidfd:
	if (fd >= 0) {
		fd_release(fd);
		file_put(pidfile);
	}
	pid_discard(pid);
out_task:
	task_discard(t, a->flags);
	return err;
}

/* ---- kernel threads and idle tasks ---- */

/* Each is a process of its own, a child of the first one; it reaps itself (exit.c). */
static void link_kthread(struct task *t, struct pid *pid)
{
	struct process *p = t->proc;

	t->tid = pid_nr(pid);
	t->real_creator = &init_task;
	spin_lock(&tasklist_lock);
	if (t->tid == 1) {		/* becomes init */
		init_pid_ns.child_reaper = t;
		p->flags |= PROC_UNKILLABLE;
	}
	p->parent = &init_process;
	list_add_tail(&p->sibling, &init_process.children);
	list_add_tail(&t->thread_link, &p->threads);
	pid_attach(t, PIDTYPE_TID, pid);
	pid_attach(t, PIDTYPE_TGID, pid);
	pid_attach(t, PIDTYPE_PGID, &init_struct_pid);
	pid_attach(t, PIDTYPE_SID, &init_struct_pid);
	list_add_tail(&t->all_link, &task_list);
	total_forks++;
	spin_unlock(&tasklist_lock);
}

static void kthread_entry(void *arg)
{
	struct task *t = current;

	(void)arg;
	do_exit(t->kthread_fn(t->kthread_arg));
}

struct task_core *task_create_kthread(int (*fn)(void *), void *arg, int cpu, const char *name)
{
	struct task *t = task_alloc(false);
	struct pid *pid;
	int err;

	if (!t)
		return ERR_PTR(-ENOMEM);
	atomic_inc(&nr_threads_total);
	task_set_creds(t, &init_cred);
	strscpy(t->comm, name, sizeof(t->comm));
	t->flags = PF_KTHREAD;
	t->blocked = ~0ull;
	t->timer_slack_ns = 50000;
	t->default_timer_slack_ns = 50000;
	t->kthread_fn = fn;
	t->kthread_arg = arg;
	sched_fork(t);
	sched_reset_new(t, cpu);
	t->sighand = sighand_copy(&init_sighand, true, false);
	t->proc = process_alloc(&init_process);
	err = -ENOMEM;
	if (!t->proc)
		goto out;
	t->proc->leader = t;
	t->fs = &init_fs;
	ref_get(&init_fs.ref);
	t->nsproxy = &init_nsproxy;
	nsproxy_get(&init_nsproxy);
	task_core_init_kernel(&t->core, kthread_entry, NULL);
	pid = pid_alloc(&init_pid_ns, NULL, 0);
	err = (int)PTR_ERR(pid);
	if (IS_ERR(pid))
		goto out;
	link_kthread(t, pid);
	return &t->core;
out:
	task_discard(t, 0);
	return ERR_PTR(err);
}

struct task *task_create_idle(int cpu)
{
	struct task *t = task_alloc(false);

	if (!t)
		return ERR_PTR(-ENOMEM);
	snprintf(t->comm, sizeof(t->comm), "swapper/%d", cpu);
	t->flags = PF_KTHREAD | PF_IDLE;
	t->blocked = ~0ull;
	task_set_creds(t, &init_cred);
	process_get(&init_process);
	t->proc = &init_process;
	t->pid = &init_struct_pid;
	t->fs = &init_fs;
	t->nsproxy = &init_nsproxy;
	t->sighand = &init_sighand;
	t->se.affinity = cpu_possible_mask;
	t->se.nr_allowed = (u32)nr_cpus;
	t->se.weight = NICE_0_WEIGHT;
	return t;
}

u32 task_core_id(const struct task_core *c)
{
	return (u32)((const struct task *)c)->tid;
}

const char *task_core_name(const struct task_core *c)
{
	return ((const struct task *)c)->comm;
}

void task_set_comm(struct task *t, const char *name)
{
	spin_lock(&t->alloc_lock);
	strscpy(t->comm, name, sizeof(t->comm));
	spin_unlock(&t->alloc_lock);
}

void task_get_comm(struct task *t, char buf[TASK_COMM_LEN])
{
	spin_lock(&t->alloc_lock);
	memcpy(buf, t->comm, TASK_COMM_LEN);
	spin_unlock(&t->alloc_lock);
}

char task_state_char(const struct task *t)
{
	u32 state = READ_ONCE(t->core.state);

	if (READ_ONCE(t->exit_state) == EXIT_ZOMBIE)
		return 'Z';
	if (READ_ONCE(t->exit_state) == EXIT_DEAD)
		return 'X';
	if (state & TASK_STOPPED)
		return 'T';
	if (state & TASK_TRACED)
		return 't';
	if (state & TASK_INTERRUPTIBLE)
		return 'S';
	if (state & TASK_UNINTERRUPTIBLE)
		return t->flags & PF_KTHREAD && !(state & TASK_WAKEKILL) ? 'I' : 'D';
	return t->flags & PF_IDLE ? 'I' : 'R';
}
