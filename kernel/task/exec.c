/* SPDX-License-Identifier: MPL-2.0 */
/*
 * execve: replace the program of a process. Steps, in order:
 *
 *   open the file, deny writing it, copy the argument strings into pages of their own
 *   find who can load it: a script names another file and it begins again; ELF is loaded
 *   [the loader checks all it can, then calls exec_point_of_no_return()]
 *   other threads are gone, the new address space is current's, descriptors and handlers are reset
 *   segments are mapped, tables written, credentials change, registers start
 *
 * Up to the point of no return every failure leaves the caller as it was. After it a failure kills.
 */
#include <base/math.h>
#include <base/string.h>
#include <core/printk.h>
#include <core/sigframe.h>
#include <core/rcu.h>
#include <core/upcall.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/strace.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/mm.h>
#include "exec.h"
#include "internal.h"

/* For execution: nobody may write it until exec_close(). */
struct file *exec_open(int dirfd, const struct filename *name, u32 flags)
{
	struct file *f = file_open_exec(dirfd, name, flags);
	int err;

	if (IS_ERR(f))
		return f;
	err = deny_write(f->inode);
	if (err) {
		file_put(f);
		return ERR_PTR(err);
	}
	return f;
}

void exec_close(struct file *f)
{
	allow_write(f->inode);
	file_put(f);
}

int exec_read(struct file *f, u64 off, void *buf, size_t n)
{
	loff_t pos = (loff_t)off;
	ssize_t got = kernel_read(f, buf, n, &pos);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -ENOEXEC;
}

int exec_read_head(struct exec_ctx *x)
{
	loff_t pos = 0;
	ssize_t got;

	memset(x->head, 0, sizeof(x->head));
	got = kernel_read(x->file, x->head, sizeof(x->head), &pos);
	return got < 0 ? (int)got : 0;
}

/* ---- threads ---- */

/* Tell all other threads to go; how many there are. Sighand lock held. */
static int zap_others(struct process *p)
{
	struct task *t;
	int n = 0;

	p->group_stop_count = 0;
	for_each_thread(p, t) {
		if (t == current)
			continue;
		n++;
		t->jobctl = 0;
		if (t->exit_state)
			continue;
		WRITE_ONCE(t->pending.mask, t->pending.mask | SIGMASK(SIGKILL));
		signal_wake_fatal(t);
	}
	return n;
}

/* Current, another thread, becomes the leader: number, links and place of the zombie leader. TASKLIST held. */
static void take_over(struct task *t, struct task *leader)
{
	struct process *p = t->proc;
	struct pid *pgid = p->pids[PIDTYPE_PGID], *sid = p->pids[PIDTYPE_SID];
	struct pid *mine = t->pid, *theirs = leader->pid;

	t->real_creator = leader->real_creator;
	t->start_ns = leader->start_ns;
	t->start_boot_ns = leader->start_boot_ns;
	/* the two exchange their thread numbers */
	hlist_del_init_rcu(&t->pid_links[PIDTYPE_TID]);
	hlist_del_init_rcu(&leader->pid_links[PIDTYPE_TID]);
	pid_attach(t, PIDTYPE_TID, theirs);
	pid_attach(leader, PIDTYPE_TID, mine);
	swap(t->tid, leader->tid);
	/* the process is named by its new leader */
	hlist_del_init_rcu(&leader->pid_links[PIDTYPE_TGID]);
	hlist_del_init_rcu(&leader->pid_links[PIDTYPE_PGID]);
	hlist_del_init_rcu(&leader->pid_links[PIDTYPE_SID]);
	pid_attach(t, PIDTYPE_TGID, theirs);
	pid_attach(t, PIDTYPE_PGID, pgid);
	pid_attach(t, PIDTYPE_SID, sid);
	rcu_assign_pointer(p->leader, t);
	if (init_pid_ns.child_reaper == leader)
		init_pid_ns.child_reaper = t;
	t->exit_signal = SIGCHLD;
	leader->exit_signal = -1;
	leader->exit_state = EXIT_DEAD;
}

/* Wait until the leader is a zombie, then become it. -EAGAIN: killed meanwhile. */
static int replace_leader(struct task *t)
{
	struct process *p = t->proc;
	struct task *leader = p->leader;

	for (;;) {
		spin_lock(&tasklist_lock);
		spin_lock_irq(&t->sighand->lock);
		p->notify_count = -1;
		spin_unlock_irq(&t->sighand->lock);
		if (leader->exit_state)
			break;
		set_current_state(TASK_KILLABLE);
		spin_unlock(&tasklist_lock);
		schedule();
		if (signal_fatal_pending(&t->core))
			return -EAGAIN;
	}
	take_over(t, leader);
	spin_unlock(&tasklist_lock);
	task_release(leader);
	return 0;
}

int task_dethread(void)
{
	struct task *t = current;
	struct process *p = t->proc;
	int err = 0;

	if (p->nr_threads == 1 && p->leader == t)
		return 0;
	spin_lock_irq(&t->sighand->lock);
	if (p->flags & PROC_GROUP_EXIT || p->group_exec_task) {
		spin_unlock_irq(&t->sighand->lock);
		return -EAGAIN;
	}
	p->group_exec_task = t;
	p->notify_count = zap_others(p);
	if (p->leader != t)
		p->notify_count--;
	while (p->notify_count > 0) {
		set_current_state(TASK_KILLABLE);
		spin_unlock_irq(&t->sighand->lock);
		schedule();
		if (signal_fatal_pending(&t->core))
			err = -EAGAIN;
		spin_lock_irq(&t->sighand->lock);
		if (err)
			break;
	}
	WRITE_ONCE(t->core.state, TASK_RUNNING);
	spin_unlock_irq(&t->sighand->lock);
	if (!err && p->leader != t)
		err = replace_leader(t);
	WRITE_ONCE(t->core.state, TASK_RUNNING);
	spin_lock_irq(&t->sighand->lock);
	p->group_exec_task = NULL;
	p->notify_count = 0;
	spin_unlock_irq(&t->sighand->lock);
	if (!err)
		t->exit_signal = SIGCHLD;
	return err;
}

/* ---- the point of no return ---- */

static void use_new_mm(struct exec_ctx *x)
{
	struct mm *old;

	x->mm->exe_file = x->file;	/* with the write denial: mm_put() gives both back */
	file_get(x->file);
	VERIFY(deny_write(x->file->inode) == 0);
	if (current->mm) {
		u64 rss = max_t(u64, current->mm->hiwater_rss, mm_rss_pages(current->mm));

		current->proc->maxrss = max(current->proc->maxrss, rss);
	}
	task_mm_release(current);
	old = mm_switch_current(x->mm);
	mm_put(old);
}

static void reset_task(struct exec_ctx *x)
{
	struct task *t = current;
	const char *base = strrchr(x->filename, '/');

	/* Before the name: who sees the new one counts on setpgid() being refused. */
	t->flags &= ~(PF_FORKNOEXEC | PF_KTHREAD | PF_VFORK | PF_NPROC_EXCEEDED);
	t->did_exec = true;
	task_set_comm(t, base ? base + 1 : x->filename);
	strace_exec(t->comm);
	t->sas_sp = 0;
	t->sas_size = 0;
	t->sas_flags = SS_DISABLE;
	t->robust_list = 0;
	t->set_child_tid = 0;
	t->rseq.addr = 0;
	t->rseq.len = 0;
	t->timer_slack_ns = t->default_timer_slack_ns;
	t->restart.fn = restart_block_none;
	fpu_reset_current();
	(void)!user_set_fsbase(0);
	(void)!user_set_gsbase(0);
}

/* Identity of the new image; who gains rights by it loses what an unprivileged caller prepared. */
static int change_identity(struct exec_ctx *x)
{
	struct task *t = current;
	struct cred *c = x->cred;
	bool same = uid_eq(c->euid, t->cred->uid) && gid_eq(c->egid, t->cred->gid);
	int err;

	WRITE_ONCE(x->mm->dumpable, !x->secure && same && !inode_check_permission(x->file->inode, MAY_READ));
	if (x->secure) {
		struct rlimit *r = &t->proc->rlim[RLIMIT_STACK];

		t->pdeath_signal = 0;
		if (r->rlim_cur > 8 * 1024 * 1024)
			WRITE_ONCE(r->rlim_cur, 8 * 1024 * 1024);
	}
	if (!uid_eq(c->euid, t->cred->euid) || !gid_eq(c->egid, t->cred->egid))
		t->pdeath_signal = 0;
	err = cred_commit(c);
	x->cred = NULL;
	return err;
}

int exec_point_of_no_return(struct exec_ctx *x)
{
	struct task *t = current;
	int err;

	if (t->flags & PF_NPROC_EXCEEDED && user_over_nproc(t))
		return -EAGAIN;
	err = cred_for_exec(x->cred, x->file, &x->secure);
	if (err)
		return err;
	err = task_dethread();
	if (err)
		return err;
	x->point_of_no_return = true;
	use_new_mm(x);
	err = files_unshare_exec();
	if (!err)
		err = signal_unshare_exec();
	if (err)
		return err;
	posix_timers_exec(t->proc);
	reset_task(x);
	return change_identity(x);
}

/* ---- the call ---- */

static int load(struct exec_ctx *x)
{
	int err;

	for (int depth = 0; depth <= EXEC_MAX_SCRIPTS; depth++) {
		err = exec_read_head(x);
		if (err)
			return err;
		err = script_load(x);
		if (err == -ENOEXEC)
			return elf_load(x);
		if (err)
			return err;
	}
	return -ELOOP;
}

static int prepare_creds(struct exec_ctx *x)
{
	x->cred = cred_prepare();
	return x->cred ? 0 : -ENOMEM;
}

static u64 arg_limit(void)
{
	u64 limit = rlimit_cur(RLIMIT_STACK) / 4;

	/* three quarters of the default stack at most, 32 pages at least */
	return max_t(u64, min_t(u64, limit, 6 * 1024 * 1024), 32 * PAGE_SIZE);
}

static void start(struct exec_ctx *x)
{
	user_regs_start(current_user_regs(), x->entry, x->sp);
	current->in_execve = false;
}

/* x->file, filename and strings are there. Consumes all. */
static int exec_run(struct exec_ctx *x)
{
	int err;

	x->mm = mm_create();
	if (IS_ERR(x->mm)) {
		err = (int)PTR_ERR(x->mm);
		x->mm = NULL;
		goto out;
	}
	err = prepare_creds(x);
	if (!err)
		err = load(x);
	if (!err)
		start(x);
out:
	if (x->cred)
		cred_abort(x->cred);
	if (x->mm && !x->point_of_no_return)
		mm_put(x->mm);
	exec_free_strings(x);
	if (x->file)
		exec_close(x->file);
	kfree(x->interp_buf);
	current->in_execve = false;
	return err;
}

/* Frees all that is left; without an image there is nothing to come back to, and this does not return. */
static int exec_end(struct exec_ctx *x, struct filename *name, int err)
{
	bool lost = err && x && x->point_of_no_return;

	kfree(x);
	filename_put(name);
	if (lost) {
		if (current == init_pid_ns.child_reaper)
			pr_err("init: the program is cut off or damaged (error %d while it was loaded): make the initramfs anew\n", err);
		task_kill_self(SIGSEGV);
	}
	return err;
}

/* The name under which the program learns to have been started, for a descriptor without a path. */
static char *fd_name(int dirfd, const struct filename *name)
{
	if (name->len)
		return kasprintf(GFP_KERNEL, "/dev/fd/%d/%s", dirfd, name->name);
	return kasprintf(GFP_KERNEL, "/dev/fd/%d", dirfd);
}

int execve_do(int dirfd, uin_str path, uin_argv argv, uin_argv envp, u32 flags)
{
	struct filename *name;
	struct exec_ctx *x;
	char *made = NULL;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	name = filename_get(path, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	x = kzalloc(sizeof(*x), GFP_KERNEL);
	err = -ENOMEM;
	if (!x)
		goto out_name;
	x->filename = name->name;
	if (dirfd != AT_FDCWD && name->name[0] != '/') {
		made = fd_name(dirfd, name);
		if (!made)
			goto out;
		x->filename = made;
		x->cloexec_fd = fd_cloexec(dirfd);
	}
	x->interp = x->filename;
	x->limit = arg_limit();
	x->file = exec_open(dirfd, name, flags);
	if (IS_ERR(x->file)) {
		err = (int)PTR_ERR(x->file);
		goto out;
	}
	current->in_execve = true;
	err = exec_push_kernel(x, x->filename);
	x->execfn_used = x->used;
	if (!err)
		err = exec_push_user(x, envp, &x->envc);
	if (!err)
		err = exec_push_user(x, argv, &x->argc);
	if (!err && !x->argc) {		/* a program never sees argc 0 */
		err = exec_push_kernel(x, "");
		x->argc = 1;
	}
	if (err) {
		exec_free_strings(x);
		exec_close(x->file);
		current->in_execve = false;
	} else {
		err = exec_run(x);
	}
out:
	kfree(made);
out_name:
	return exec_end(x, name, err);
}

int execve_kernel(const char *path, char *const argv[], char *const envp[])
{
	struct filename *name = filename_kernel(path);
	struct exec_ctx *x;
	int err;

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	x = kzalloc(sizeof(*x), GFP_KERNEL);
	err = -ENOMEM;
	if (!x)
		goto out;
	x->filename = name->name;
	x->interp = x->filename;
	x->limit = arg_limit();
	x->file = exec_open(AT_FDCWD, name, 0);
	if (IS_ERR(x->file)) {
		err = (int)PTR_ERR(x->file);
		goto out;
	}
	err = exec_push_kernel(x, x->filename);
	x->execfn_used = x->used;
	if (!err)
		err = exec_push_array(x, envp, &x->envc);
	if (!err)
		err = exec_push_array(x, argv, &x->argc);
	if (err) {
		exec_free_strings(x);
		exec_close(x->file);
	} else {
		err = exec_run(x);
	}
out:
	return exec_end(x, name, err);
}

long sys_execve(uin_str path, uin_argv argv, uin_argv envp)
{
	return execve_do(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(int dirfd, uin_str path, uin_argv argv, uin_argv envp, int flags)
{
	return execve_do(dirfd, path, argv, envp, (u32)flags);
}
