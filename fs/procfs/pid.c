/* SPDX-License-Identifier: MPL-2.0 */
/* /proc/PID and /proc/PID/task/TID: what stands there, and how it is found. See proc(5). */
#include <base/err.h>
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/failpoint.h>
#include <core/init.h>
#include <core/panic.h>
#include <core/regs.h>
#include <core/slab.h>
#include <fs/mount.h>
#include <fs/poll.h>
#include <mm/mm.h>
#include <uapi/linux/dirent.h>

#include "internal.h"

struct task *proc_task_get(const struct inode *inode)
{
	struct pid_inode *p = pid_inode(inode);

	return pid_task_get(p->pid, p->thread ? PIDTYPE_TID : PIDTYPE_TGID);
}

/* --- small files --- */

static int show_comm(struct seq_file *s, struct task *t)
{
	char comm[TASK_COMM_LEN];

	task_get_comm(t, comm);
	seq_printf(s, "%s\n", comm);
	return 0;
}

static ssize_t store_comm(struct task *t, const char *text)
{
	char comm[TASK_COMM_LEN];
	size_t n = strcspn(text, "\n");

	if (!task_same_process(t, current))
		return -EINVAL;
	n = min_t(size_t, n, TASK_COMM_LEN - 1);
	memcpy(comm, text, n);
	comm[n] = '\0';
	task_set_comm(t, comm);
	return 0;
}

static int show_oom_score(struct seq_file *s, struct task *t)
{
	long points = oom_badness(t);

	seq_printf(s, "%ld\n", points < 0 ? 0 : points);
	return 0;
}

static int show_oom_score_adj(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%d\n", READ_ONCE(t->proc->oom_score_adj));
	return 0;
}

static ssize_t store_oom_score_adj(struct task *t, const char *text)
{
	int v, err = kstrtoint(text, 10, &v);

	if (err)
		return err;
	if (v < -1000 || v > 1000)
		return -EINVAL;
	if (v < READ_ONCE(t->proc->oom_score_adj) && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	WRITE_ONCE(t->proc->oom_score_adj, v);
	return 0;
}

static int show_personality(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%08x\n", t->personality);
	return 0;
}

static int show_cgroup(struct seq_file *s, struct task *t)
{
	(void)t;
	seq_puts(s, "0::/\n");
	return 0;
}

/* The user who logged in, kept through su; pam_loginuid(8) sets it once. */
static int show_loginuid(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%u", READ_ONCE(t->login) - 1);
	return 0;
}

static int show_sessionid(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%u", READ_ONCE(t->login_session) - 1);
	return 0;
}

static ssize_t store_loginuid(struct task *t, const char *text)
{
	static atomic_t sessions = ATOMIC_INIT(0);
	u32 uid;
	int err = kstrtou32(text, 10, &uid);

	if (err)
		return err;
	if (t != current)
		return -EPERM;
	if (t->login && !capable(CAP_AUDIT_CONTROL))
		return -EPERM;
	t->login = uid + 1;
	t->login_session = uid == ~0u ? 0 : (u32)atomic_inc_return(&sessions) + 1;
	return 0;
}

#define STACK_DEPTH	64

/* Return addresses of a task that sleeps; 0 of one that runs. What changes meanwhile is left out. */
static unsigned int sleeping_stack(struct task *t, u64 ips[STACK_DEPTH])
{
	if (t == current || sched_task_on_cpu(t) || READ_ONCE(t->core.state) == TASK_RUNNING)
		return 0;
	return stack_save_task(&t->core, ips, STACK_DEPTH);
}

/* Functions through which everybody sleeps: who called them is what one wants to know. */
static bool is_sleep_function(const char *name)
{
	static const char *const prefixes[] = {
		"schedule", "switch_stacks", "task_core_switch", "io_schedule", "wait_", "mutex_lock", "down_", "do_wait",
		"futex_sleep", "sleep_until",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strstarts(name, prefixes[i]))
			return true;
	return false;
}

static int show_wchan(struct seq_file *s, struct task *t)
{
	u64 ips[STACK_DEPTH], off, size;
	unsigned int n = 0;

	if (ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS))
		n = sleeping_stack(t, ips);
	for (unsigned int i = 0; i < n; i++) {
		const char *name = symbol_lookup(ips[i], &off, &size);

		if (!is_sleep_function(name)) {
			seq_puts(s, name);
			return 0;
		}
	}
	seq_puts(s, "0");
	return 0;
}

static int show_stack(struct seq_file *s, struct task *t)
{
	u64 ips[STACK_DEPTH];
	unsigned int n;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	n = t == current ? stack_save(ips, STACK_DEPTH) : sleeping_stack(t, ips);
	for (unsigned int i = 0; i < n; i++)
		seq_printf(s, "[<0>] %pS\n", (void *)ips[i]);
	return 0;
}

/* The call that a sleeping task is in, its arguments, stack pointer and place. */
static int show_syscall(struct seq_file *s, struct task *t)
{
	const struct pt_regs *r = task_user_regs(&t->core);

	if (!ptrace_may_access(t, PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS))
		return -EPERM;
	if (t != current && (sched_task_on_cpu(t) || READ_ONCE(t->core.state) == TASK_RUNNING)) {
		seq_puts(s, "running\n");
		return 0;
	}
	if (t->flags & PF_KTHREAD)
		seq_puts(s, "-1 0x0 0x0\n");
	else if (!regs_in_syscall(r))
		seq_printf(s, "-1 0x%llx 0x%llx\n", (unsigned long long)r->sp, (unsigned long long)r->ip);
	else
		seq_printf(s, "%d 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx\n", (int)r->orig_ax,
			   (unsigned long long)r->di, (unsigned long long)r->si, (unsigned long long)r->dx,
			   (unsigned long long)r->r10, (unsigned long long)r->r8, (unsigned long long)r->r9,
			   (unsigned long long)r->sp, (unsigned long long)r->ip);
	return 0;
}

static int show_timerslack(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%llu\n", (unsigned long long)t->timer_slack_ns);
	return 0;
}

static ssize_t store_timerslack(struct task *t, const char *text)
{
	u64 v;
	int err = kstrtou64(text, 10, &v);

	if (err)
		return err;
	if (t != current && !capable(CAP_SYS_NICE))
		return -EPERM;
	t->timer_slack_ns = v ? v : t->default_timer_slack_ns;
	return 0;
}

static int show_id_map(struct seq_file *s, struct task *t)
{
	(void)t;
	seq_puts(s, "         0          0 4294967295\n");
	return 0;
}

static int show_setgroups(struct seq_file *s, struct task *t)
{
	(void)t;
	seq_puts(s, "allow\n");
	return 0;
}

static int show_mounts_kind(struct seq_file *s, struct task *t, int which)
{
	struct mnt_ns *ns = NULL;
	struct path root;

	spin_lock(&t->alloc_lock);
	if (t->nsproxy && t->fs) {
		ns = t->nsproxy->mnt;
		ref_get(&ns->ref);
		fs_get_root(t->fs, &root);
	}
	spin_unlock(&t->alloc_lock);
	if (!ns)
		return -EINVAL;
	mounts_show(s, ns, &root, which);
	path_put(&root);
	mnt_ns_put(ns);
	return 0;
}

static int show_mounts(struct seq_file *s, struct task *t) { return show_mounts_kind(s, t, 0); }
static int show_mountinfo(struct seq_file *s, struct task *t) { return show_mounts_kind(s, t, 1); }
static int show_mountstats(struct seq_file *s, struct task *t) { return show_mounts_kind(s, t, 2); }

/* --- links --- */

static int fs_path(struct task *t, struct path *res, void (*get)(struct fs_struct *, struct path *))
{
	int err = -ENOENT;

	spin_lock(&t->alloc_lock);
	if (t->fs) {
		get(t->fs, res);
		err = 0;
	}
	spin_unlock(&t->alloc_lock);
	return err;
}

static int link_cwd(struct task *t, struct path *res) { return fs_path(t, res, fs_get_pwd); }
static int link_root(struct task *t, struct path *res) { return fs_path(t, res, fs_get_root); }

static int link_exe(struct task *t, struct path *res)
{
	struct mm *mm = task_mm_get(t);
	struct file *f;
	int err = -ENOENT;

	if (!mm)
		return err;
	f = mm_exe_file_get(mm);
	if (f) {
		*res = f->path;
		path_get(res);
		file_put(f);
		err = 0;
	}
	mm_put(mm);
	return err;
}

static int pid_follow(struct inode *inode, struct path *res)
{
	struct task *t = proc_task_get(inode);
	int err = -ESRCH;

	if (!t)
		return err;
	err = ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS) ? pid_inode(inode)->entry->link(t, res) : -EACCES;
	task_put(t);
	return err;
}

static void free_text(void *p) { kfree(p); }

const char *proc_magic_readlink(struct inode *inode, struct dentry *d, struct delayed_put *done)
{
	struct path p;
	char *buf, *text;
	int err;

	if (!d)
		return ERR_PTR(-ECHILD);
	err = inode->ops->follow_magic(inode, &p);
	if (err)
		return ERR_PTR(err);
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	text = buf ? path_text_current(&p, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	path_put(&p);
	if (IS_ERR(text)) {
		kfree(buf);
		return text;
	}
	done->fn = free_text;
	done->arg = buf;
	return text;
}

static const struct inode_ops link_iops = { .get_link = proc_magic_readlink, .follow_magic = pid_follow };

/* --- files --- */

static int pid_show(struct seq_file *s, void *v)
{
	struct inode *inode = s->private;
	struct task *t = proc_task_get(inode);
	int err;

	(void)v;
	if (!t)
		return -ESRCH;
	err = pid_inode(inode)->entry->show(s, t);
	task_put(t);
	return err;
}

static int pid_open(struct file *f, struct inode *inode)
{
	return seq_open_single(f, pid_show, inode);
}

static ssize_t pid_write_iter(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = f->inode;
	size_t n = iov_iter_count(from);
	ssize_t err = -ESRCH;
	struct task *t;
	char text[64];

	if (!pid_inode(inode)->entry->store)
		return -EINVAL;
	n = min_t(size_t, n, sizeof(text) - 1);
	if (copy_from_iter(text, n, from) != n)
		return -EFAULT;
	text[n] = '\0';
	t = proc_task_get(inode);
	if (t) {
		err = pid_inode(inode)->entry->store(t, text);
		task_put(t);
	}
	if (err)
		return err;
	iov_iter_advance(from, iov_iter_count(from));
	k->pos += (loff_t)n;
	return (ssize_t)n;
}

static const struct file_ops pid_fops = {
	.open = pid_open, .read_iter = seq_read_iter, .write_iter = pid_write_iter, .llseek = seq_llseek,
	.release = seq_release,
};

#if IS_DEBUG
/* Neither call allocates between the setting of the number and the look at it. */
static ssize_t fail_nth_write(struct file *f, struct kiocb *k, struct iov_iter *from)
{
	size_t n = min_t(size_t, iov_iter_count(from), 15);
	char text[16];
	struct task *t;
	u32 v;

	(void)k;
	if (copy_from_iter(text, n, from) != n)
		return -EFAULT;
	text[n] = '\0';
	if (kstrtou32(strstrip(text), 0, &v))
		return -EINVAL;
	t = proc_task_get(f->inode);
	if (!t)
		return -ESRCH;
	failpoint_set_nth(&t->core, v);
	task_put(t);
	return (ssize_t)n;
}

static ssize_t fail_nth_read(struct file *f, struct kiocb *k, struct iov_iter *to)
{
	struct task *t = proc_task_get(f->inode);
	char text[16];
	size_t n, at = (size_t)k->pos;

	if (!t)
		return -ESRCH;
	n = (size_t)scnprintf(text, sizeof(text), "%u\n", failpoint_nth(&t->core));
	task_put(t);
	if (k->pos < 0 || at >= n)
		return 0;
	n = copy_to_iter(text + at, min(n - at, iov_iter_count(to)), to);
	k->pos += (loff_t)n;
	return n ? (ssize_t)n : -EFAULT;
}

static const struct file_ops fail_nth_fops = {
	.read_iter = fail_nth_read, .write_iter = fail_nth_write, .llseek = generic_llseek,
};
#endif

/* The tables of mounts: a change of the namespace is an event for poll (proc(5)). */
static int mounts_open(struct file *f, struct inode *inode)
{
	f->ra.start = READ_ONCE(current->nsproxy->mnt->seq);
	return pid_open(f, inode);
}

static u32 mounts_poll(struct file *f, struct poll_table *pt)
{
	u32 events = EPOLLIN | EPOLLRDNORM;
	u64 now;

	poll_wait(f, &mnt_ns_wait, pt);
	now = READ_ONCE(current->nsproxy->mnt->seq);
	if (f->ra.start != now) {
		f->ra.start = now;
		events |= EPOLLERR | EPOLLPRI;
	}
	return events;
}

static const struct file_ops mounts_fops = {
	.open = mounts_open, .read_iter = seq_read_iter, .llseek = seq_llseek, .release = seq_release, .poll = mounts_poll,
};

/* --- the directory --- */

static const struct inode_ops task_dir_iops, pid_dir_iops, file_iops;
static const struct file_ops task_dir_fops, pid_dir_fops;

#define FILE_ENTRY(n, m, fn)	{ .name = n, .mode = m, .kind = PID_FILE, .show = fn }
#define FOPS_ENTRY(n, m, ops)	{ .name = n, .mode = m, .kind = PID_FILE, .fops = ops }
#define LINK_ENTRY(n, fn)	{ .name = n, .mode = 0777, .kind = PID_LINK, .link = fn }
#define DIR_ENTRY(n, m, i, f)	{ .name = n, .mode = m, .kind = PID_DIR, .dir_iops = i, .dir_fops = f }

static const struct pid_entry entries[] = {
	{ .name = "task", .mode = 0555, .kind = PID_DIR, .process_only = true, .dir_iops = &task_dir_iops,
	  .dir_fops = &task_dir_fops },
	DIR_ENTRY("fd", 0500, &proc_fd_dir_iops, &proc_fd_dir_fops),
	DIR_ENTRY("fdinfo", 0555, &proc_fdinfo_dir_iops, &proc_fdinfo_dir_fops),
	FOPS_ENTRY("environ", 0400, &proc_environ_fops),
	FILE_ENTRY("auxv", 0400, proc_show_auxv),
	FILE_ENTRY("status", 0444, proc_show_status),
	FILE_ENTRY("personality", 0400, show_personality),
	FILE_ENTRY("limits", 0444, proc_show_limits),
	{ .name = "comm", .mode = 0644, .kind = PID_FILE, .show = show_comm, .store = store_comm },
	FILE_ENTRY("cmdline", 0444, proc_show_cmdline),
	FILE_ENTRY("stat", 0444, proc_show_stat),
	FILE_ENTRY("statm", 0444, proc_show_statm),
	FOPS_ENTRY("maps", 0444, &proc_maps_fops),
	FOPS_ENTRY("mem", 0600, &proc_mem_fops),
	LINK_ENTRY("cwd", link_cwd),
	LINK_ENTRY("root", link_root),
	LINK_ENTRY("exe", link_exe),
	{ .name = "mounts", .mode = 0444, .kind = PID_FILE, .show = show_mounts, .fops = &mounts_fops },
	{ .name = "mountinfo", .mode = 0444, .kind = PID_FILE, .show = show_mountinfo, .fops = &mounts_fops },
	FILE_ENTRY("mountstats", 0400, show_mountstats),
	FOPS_ENTRY("smaps", 0444, &proc_smaps_fops),
	FOPS_ENTRY("clear_refs", 0200, &proc_clear_refs_fops),
	FOPS_ENTRY("pagemap", 0400, &proc_pagemap_fops),
	FILE_ENTRY("smaps_rollup", 0444, proc_show_smaps_rollup),
	FILE_ENTRY("wchan", 0444, show_wchan),
	FILE_ENTRY("stack", 0400, show_stack),
	FILE_ENTRY("syscall", 0400, show_syscall),
	FILE_ENTRY("schedstat", 0444, proc_show_schedstat),
	FILE_ENTRY("cgroup", 0444, show_cgroup),
	FILE_ENTRY("oom_score", 0444, show_oom_score),
	{ .name = "oom_score_adj", .mode = 0644, .kind = PID_FILE, .show = show_oom_score_adj, .store = store_oom_score_adj },
	{ .name = "loginuid", .mode = 0644, .kind = PID_FILE, .show = show_loginuid, .store = store_loginuid },
	FILE_ENTRY("sessionid", 0444, show_sessionid),
	FILE_ENTRY("io", 0400, proc_show_io),
	FILE_ENTRY("uid_map", 0444, show_id_map),
	FILE_ENTRY("gid_map", 0444, show_id_map),
	FILE_ENTRY("setgroups", 0444, show_setgroups),
#if IS_DEBUG
	FOPS_ENTRY("fail-nth", 0644, &fail_nth_fops),
#endif
	{ .name = "timerslack_ns", .mode = 0666, .kind = PID_FILE, .show = show_timerslack, .store = store_timerslack },
};

struct inode *proc_pid_inode_new(struct super_block *sb, struct task *t, const struct pid_entry *e, bool thread,
				 umode_t mode)
{
	struct inode *inode = inode_new(sb);
	struct pid_inode *p;
	const struct cred *c;

	if (!inode)
		return NULL;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p) {
		inode_put(inode);
		return NULL;
	}
	rcu_read_lock();
	p->pid = pid_get(thread ? t->pid : t->proc->pids[PIDTYPE_TGID]);
	rcu_read_unlock();
	if (!p->pid) {
		kfree(p);
		inode_put(inode);
		return NULL;
	}
	p->entry = e;
	p->thread = thread;
	p->fd = -1;
	inode->private = p;
	inode->generation = PROC_PID_GENERATION;
	inode->ino = inode_next_ino();
	inode->mode = mode;
	c = task_cred_get(t);
	inode->uid = c->euid;
	inode->gid = c->egid;
	cred_put(c);
	return inode;
}

static struct inode *entry_inode(struct super_block *sb, struct task *t, const struct pid_entry *e, bool thread)
{
	static const umode_t types[] = { S_IFREG, S_IFLNK, S_IFDIR };
	struct inode *inode = proc_pid_inode_new(sb, t, e, thread, (umode_t)(types[e->kind] | e->mode));

	if (!inode)
		return NULL;
	switch (e->kind) {
	case PID_FILE:
		inode->ops = &file_iops;
		inode->fops = e->fops ? e->fops : &pid_fops;
		break;
	case PID_LINK:
		inode->ops = &link_iops;
		break;
	case PID_DIR:
		inode->ops = e->dir_iops;
		inode->fops = e->dir_fops;
		inode_set_nlink(inode, 2);
		break;
	}
	return inode;
}

static struct dentry *pid_dir_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	struct task *t = proc_task_get(dir);
	bool thread = pid_inode(dir)->thread;
	struct inode *inode = NULL;

	(void)flags;
	if (!t)
		return ERR_PTR(-ENOENT);
	for (unsigned int i = 0; i < ARRAY_SIZE(entries); i++) {
		if (!streq(entries[i].name, d->name.name) || (thread && entries[i].process_only))
			continue;
		inode = entry_inode(dir->sb, t, &entries[i], thread);
		if (!inode) {
			task_put(t);
			return ERR_PTR(-ENOMEM);
		}
		break;
	}
	task_put(t);
	return inode ? dentry_splice(d, inode) : ERR_PTR(-ENOENT);
}

static int pid_dir_iterate(struct file *f, struct dir_context *ctx)
{
	bool thread = pid_inode(f->inode)->thread;
	static const u32 types[] = { DT_REG, DT_LNK, DT_DIR };

	if (!dir_emit_dots(f, ctx))
		return 0;
	for (; (size_t)ctx->pos - 2 < ARRAY_SIZE(entries); ctx->pos++) {
		const struct pid_entry *e = &entries[ctx->pos - 2];

		if (thread && e->process_only)
			continue;
		if (!dir_emit(ctx, e->name, strlen(e->name), (u64)ctx->pos + 100, types[e->kind]))
			return 0;
	}
	return 0;
}

/* Nothing is found below the directory of a process that is gone. */
static int pid_dir_permission(struct inode *inode, int mask)
{
	struct task *t = proc_task_get(inode);

	if (!t)
		return -ESRCH;
	task_put(t);
	return generic_permission(inode, mask);
}

static const struct inode_ops pid_dir_iops = { .lookup = pid_dir_lookup, .permission = pid_dir_permission };
static const struct file_ops pid_dir_fops = { .iterate = pid_dir_iterate, .llseek = generic_llseek };
static const struct inode_ops file_iops = { .setattr = NULL };

/* The directory of a process or thread. */
static struct dentry *instantiate_dir(struct inode *dir, struct dentry *d, struct task *t, bool thread)
{
	struct inode *inode = proc_pid_inode_new(dir->sb, t, NULL, thread, S_IFDIR | 0555);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->ops = &pid_dir_iops;
	inode->fops = &pid_dir_fops;
	inode_set_nlink(inode, 2);
	return dentry_splice(d, inode);
}

static int name_to_pid(const struct dentry *d)
{
	u64 nr = 0;

	if (d->name.len > 10 || d->name.name[0] == '0')
		return -1;
	for (u32 i = 0; i < d->name.len; i++) {
		if (!isdigit(d->name.name[i]))
			return -1;
		nr = nr * 10 + (u64)(d->name.name[i] - '0');
	}
	return nr && nr < 0x7fffffff ? (int)nr : -1;
}

struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *d)
{
	int nr = name_to_pid(d);
	struct task *t = nr > 0 ? task_find_get(nr) : NULL;
	struct dentry *res;

	if (!t)
		return ERR_PTR(-ENOENT);
	/* Any thread's id opens a directory, though only leaders are listed; as Linux. */
	res = instantiate_dir(dir, d, t, !task_is_leader(t));
	task_put(t);
	return res;
}

int proc_pid_iterate(struct file *f, struct dir_context *ctx)
{
	struct pid_ns *ns = current->nsproxy->pid_for_children;
	int nr = (int)ctx->pos;

	(void)f;
	for (;;) {
		struct pid *pid = pid_next(nr + 1, ns);
		bool leader, full = false;
		char name[12];
		int len;

		if (!pid)
			return 0;
		nr = pid_nr_ns(pid, ns);
		rcu_read_lock();
		leader = pid_task(pid, PIDTYPE_TGID) != NULL;
		rcu_read_unlock();
		len = scnprintf(name, sizeof(name), "%d", nr);
		if (leader)
			full = !dir_emit(ctx, name, (size_t)len, (u64)nr + 0x1000000, DT_DIR);
		pid_put(pid);
		if (full)
			return 0;
		ctx->pos = nr;
	}
}

/* --- /proc/PID/task --- */

static struct dentry *task_dir_lookup(struct inode *dir, struct dentry *d, u32 flags)
{
	struct task *leader = proc_task_get(dir), *t;
	int nr = name_to_pid(d);
	struct dentry *res;

	(void)flags;
	if (!leader)
		return ERR_PTR(-ENOENT);
	t = nr > 0 ? task_find_get(nr) : NULL;
	if (t && task_same_process(t, leader))
		res = instantiate_dir(dir, d, t, true);
	else
		res = dentry_splice(d, NULL);
	if (t)
		task_put(t);
	task_put(leader);
	return res;
}

/* The position is the last thread id given, so that threads that end meanwhile do no harm. */
static int task_dir_iterate(struct file *f, struct dir_context *ctx)
{
	struct task *leader = proc_task_get(f->inode), *t;

	if (!leader)
		return -ENOENT;
	if (!dir_emit_dots(f, ctx))
		goto out;
	for (;;) {
		int best = 0, last = (int)ctx->pos - 2, len;
		char name[12];

		rcu_read_lock();
		for_each_thread(leader->proc, t) {
			int nr = task_tid_vnr(t);

			if (nr > last && (!best || nr < best))
				best = nr;
		}
		rcu_read_unlock();
		if (!best)
			break;
		len = scnprintf(name, sizeof(name), "%d", best);
		if (!dir_emit(ctx, name, (size_t)len, (u64)best + 0x2000000, DT_DIR))
			break;
		ctx->pos = best + 2;
	}
out:
	task_put(leader);
	return 0;
}

static int task_dir_getattr(struct inode *inode, const struct path *path, struct kstat *st, u32 mask)
{
	struct task *t = proc_task_get(inode);
	int err = simple_getattr(inode, path, st, mask);

	if (t) {
		st->nlink += (u32)t->proc->nr_threads;
		task_put(t);
	}
	return err;
}

static const struct inode_ops task_dir_iops = { .lookup = task_dir_lookup, .getattr = task_dir_getattr };
static const struct file_ops task_dir_fops = { .iterate = task_dir_iterate, .llseek = generic_llseek };

/* pidfd_send_signal(2) takes a process's directory for a pidfd. */
static struct pid *dir_pid(struct file *f)
{
	if (f->ops != &pid_dir_fops || f->inode->generation != PROC_PID_GENERATION || pid_inode(f->inode)->thread)
		return NULL;
	return pid_inode(f->inode)->pid;
}

static int pid_files_init(void)
{
	pid_of_file = dir_pid;
	return 0;
}
INITCALL_FS(pid_files_init);

/* --- dentries --- */

/* A process's names are good while it lives; its owner may change. Static entries always are. */
static int pid_revalidate(struct dentry *d, u32 flags)
{
	struct inode *inode = d->inode;
	const struct cred *c;
	struct task *t;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	if (!inode)
		return 0;
	if (inode->generation != PROC_PID_GENERATION)
		return !proc_entry_dead(inode);
	t = proc_task_get(inode);
	if (!t)
		return 0;
	c = task_cred_get(t);
	inode->uid = c->euid;
	inode->gid = c->egid;
	cred_put(c);
	if (pid_inode(inode)->fd >= 0) {
		struct file *f = fget_task(t, pid_inode(inode)->fd);

		if (f)
			file_put(f);
		else {
			task_put(t);
			return 0;
		}
	}
	task_put(t);
	return 1;
}

static bool pid_delete(const struct dentry *d)
{
	return !d->inode || d->inode->generation == PROC_PID_GENERATION;
}

const struct dentry_ops proc_pid_dops = { .revalidate = pid_revalidate, .delete = pid_delete };
