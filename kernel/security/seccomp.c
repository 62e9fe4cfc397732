/* SPDX-License-Identifier: MPL-2.0 */
/*
 * seccomp(2): a task gives up system calls. In strict mode all but four; else filters decide, classic BPF
 * programs over the call's number and arguments. Filters are a chain, newest first, shared by reference
 * with children and threads; all of them run, and the most severe answer counts. Neither can be taken
 * back.
 *
 * Locks: a task's chain and mode change under the sighand lock of its process (by itself, or by a thread
 * that synchronises the others); the task itself reads them without. Handing calls to another process
 * (user notification) is not built: its flag is EINVAL, its action ENOSYS.
 */
#include <base/bpf.h>
#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/regs.h>
#include <core/slab.h>
#include <core/upcall.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <uapi/linux/audit.h>
#include <uapi/linux/seccomp.h>

#define MAX_PATH_INSNS	32768u		/* of a whole chain, with 4 for each filter */
#define MAX_ERRNO_DATA	4095u
#define FLAGS_KNOWN	(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | \
			 SECCOMP_FILTER_FLAG_TSYNC_ESRCH)

struct seccomp_filter {
	struct ref ref;
	struct seccomp_filter *prev;	/* [I] referenced; NULL: the oldest */
	bool log;			/* [I] answers other than "allow" go to the log */
	u32 len;			/* [I] */
	struct sock_filter insns[];	/* [I] checked */
};

static void filter_put(struct seccomp_filter *f)
{
	while (f && ref_put(&f->ref)) {
		struct seccomp_filter *prev = f->prev;

		kvfree(f);
		f = prev;
	}
}

/* --- what a call may --- */

/* A few lines a second at most. */
static void log_call(int nr, u32 action)
{
	static u64 second, lines;	/* racy: a line more or less does not matter */
	u64 now = clock_monotonic_ns() / NSEC_PER_SEC;

	if (now != READ_ONCE(second)) {
		WRITE_ONCE(second, now);
		WRITE_ONCE(lines, 0);
	}
	if (READ_ONCE(lines) >= 10)
		return;
	WRITE_ONCE(lines, lines + 1);
	pr_info("seccomp: %s[%d] call %d: action %#x\n", current->comm, current->tid, nr, action);
}

static u32 run_filters(const struct seccomp_data *d, bool *log)
{
	u32 worst = SECCOMP_RET_ALLOW;

	for (const struct seccomp_filter *f = current->seccomp; f; f = f->prev) {
		u32 res = bpf_run_words(f->insns, d, sizeof(*d));

		if ((s32)(res & SECCOMP_RET_ACTION_FULL) < (s32)(worst & SECCOMP_RET_ACTION_FULL)) {
			worst = res;
			*log = f->log;
		}
	}
	return worst;
}

static void send_sigsys(const struct seccomp_data *d, u32 data)
{
	siginfo_t info = { .si_signo = SIGSYS, .si_code = SYS_SECCOMP, .si_errno = (s32)data };

	info.si_call_addr = d->instruction_pointer;
	info.si_syscall = d->nr;
	info.si_arch = d->arch;
	signal_force(SIGSYS, &info);
}

static __noreturn void kill_for(u32 action, int nr)
{
	log_call(nr, action);
	current->flags |= PF_SIGNALED;
	if (action != SECCOMP_RET_KILL_THREAD || atomic_read(&current->proc->live) == 1)
		do_group_exit(SIGSYS);
	do_exit(SIGSYS);
}

static bool filters_allow(struct pt_regs *regs)
{
	struct seccomp_data d = {
		.nr = (s32)regs->orig_ax, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = regs->ip,
		.args = { regs->di, regs->si, regs->dx, regs->r10, regs->r8, regs->r9 },
	};
	bool log = false;
	u32 res = run_filters(&d, &log), data = res & SECCOMP_RET_DATA;

	switch (res & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		log_call(d.nr, res);
		return true;
	case SECCOMP_RET_ERRNO:
		regs_set_result(regs, -(long)min(data, MAX_ERRNO_DATA));
		break;
	case SECCOMP_RET_TRAP:
		regs->ax = regs->orig_ax;
		send_sigsys(&d, data);
		break;
	case SECCOMP_RET_TRACE:		/* nobody traces */
	case SECCOMP_RET_USER_NOTIF:	/* nobody listens */
		regs_set_result(regs, -ENOSYS);
		break;
	default:
		kill_for(res & SECCOMP_RET_ACTION_FULL, d.nr);
	}
	if (log)
		log_call(d.nr, res);
	return false;
}

bool seccomp_allows(struct pt_regs *regs)
{
	if (READ_ONCE(current->seccomp_mode) == SECCOMP_MODE_FILTER)
		return filters_allow(regs);
	switch ((int)regs->orig_ax) {
	case 0:			/* read */
	case 1:			/* write */
	case 15:		/* rt_sigreturn */
	case 60:		/* exit */
		return true;
	}
	log_call((int)regs->orig_ax, SECCOMP_RET_KILL_THREAD);
	current->flags |= PF_SIGNALED;
	do_exit(SIGKILL);
}

/* --- setting it --- */

/* Sighand lock held. */
static void mode_set(struct task *t, u32 mode)
{
	WRITE_ONCE(t->seccomp_mode, mode);
	task_work_set(&t->core, WORK_SECCOMP);
}

static long set_strict(void)
{
	struct task *t = current;
	long err = -EINVAL;

	spin_lock_irq(&t->sighand->lock);
	if (t->seccomp_mode == SECCOMP_MODE_DISABLED || t->seccomp_mode == SECCOMP_MODE_STRICT) {
		mode_set(t, SECCOMP_MODE_STRICT);
		err = 0;
	}
	spin_unlock_irq(&t->sighand->lock);
	return err;
}

/* Is `old` somewhere in the chain of `f`? An empty one is everywhere. */
static bool is_ancestor(const struct seccomp_filter *old, const struct seccomp_filter *f)
{
	if (!old)
		return true;
	for (; f; f = f->prev)
		if (f == old)
			return true;
	return false;
}

/* Sighand lock held: a thread that cannot take over our filters; NULL. */
static struct task *sync_obstacle(void)
{
	struct task *t;

	for_each_thread(current->proc, t) {
		if (t == current || t->flags & PF_EXITING)
			continue;
		if (t->seccomp_mode == SECCOMP_MODE_STRICT || !is_ancestor(t->seccomp, current->seccomp))
			return t;
	}
	return NULL;
}

/* Sighand lock held. What the threads had is left in old[], for the caller to put. */
static void sync_threads(struct seccomp_filter **old, u32 max, u32 *nr)
{
	struct task *t, *cur = current;

	for_each_thread(cur->proc, t) {
		if (t == cur || t->flags & PF_EXITING || *nr >= max)
			continue;
		ref_get(&cur->seccomp->ref);
		old[(*nr)++] = t->seccomp;
		smp_store_release(&t->seccomp, cur->seccomp);
		if (cur->no_new_privs)
			t->no_new_privs = true;
		mode_set(t, SECCOMP_MODE_FILTER);
	}
}

static long filter_attach(struct seccomp_filter *f, u32 flags)
{
	struct task *t = current, *bad = NULL;
	struct seccomp_filter **old = NULL, *p;
	u32 total = f->len, nr = 0, max = 0;
	long res = 0;

	for (p = t->seccomp; p; p = p->prev)
		total += p->len + 4;
	if (total > MAX_PATH_INSNS)
		return -ENOMEM;
again:
	if (flags & SECCOMP_FILTER_FLAG_TSYNC) {
		kvfree(old);
		max = (u32)READ_ONCE(t->proc->nr_threads) + 16;
		old = kvmalloc(max * sizeof(struct seccomp_filter *), GFP_KERNEL);
		if (!old)
			return -ENOMEM;
	}
	spin_lock_irq(&t->sighand->lock);
	if (t->seccomp_mode == SECCOMP_MODE_STRICT) {
		res = -EINVAL;
	} else if (flags & SECCOMP_FILTER_FLAG_TSYNC) {
		if ((u32)t->proc->nr_threads > max) {
			spin_unlock_irq(&t->sighand->lock);
			goto again;
		}
		bad = sync_obstacle();
		if (bad)
			res = flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : task_tid_vnr(bad);
	}
	if (!res) {
		f->prev = t->seccomp;
		smp_store_release(&t->seccomp, f);
		mode_set(t, SECCOMP_MODE_FILTER);
		if (flags & SECCOMP_FILTER_FLAG_TSYNC)
			sync_threads(old, max, &nr);
	}
	spin_unlock_irq(&t->sighand->lock);
	/* A thread may be in the middle of its old chain: ours holds that as well, so only the counts go. */
	while (nr)
		filter_put(old[--nr]);
	kvfree(old);
	return res;
}

static long set_filter(u32 flags, uaddr_t uprog)
{
	struct seccomp_filter *f;
	struct sock_fprog prog;
	size_t bytes;
	long res;

	if (flags & ~(u32)FLAGS_KNOWN)
		return -EINVAL;
	if (copy_in_bytes(&prog, uprog, sizeof(prog)))
		return -EFAULT;
	if (!prog.len || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (!current->no_new_privs && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	bytes = prog.len * sizeof(struct sock_filter);
	f = kvmalloc(sizeof(*f) + bytes, GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	ref_init(&f->ref, 1);
	f->prev = NULL;
	f->len = prog.len;
	f->log = flags & SECCOMP_FILTER_FLAG_LOG;
	res = -EFAULT;
	if (!copy_in_bytes(f->insns, uaddr(prog.filter), bytes))
		res = bpf_check_words(f->insns, f->len, sizeof(struct seccomp_data));
	if (!res)
		res = filter_attach(f, flags);
	if (res)
		kvfree(f);
	return res;
}

static long action_avail(u32 flags, uaddr_t uaction)
{
	u32 action;

	if (flags)
		return -EINVAL;
	if (copy_in_bytes(&action, uaction, sizeof(action)))
		return -EFAULT;
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

long sys_seccomp(unsigned int op, unsigned int flags, uio_void args)
{
	switch (op) {
	case SECCOMP_SET_MODE_STRICT:
		return flags || args.addr ? -EINVAL : set_strict();
	case SECCOMP_SET_MODE_FILTER:
		return set_filter(flags, uptr_addr(args));
	case SECCOMP_GET_ACTION_AVAIL:
		return action_avail(flags, uptr_addr(args));
	default:
		return -EINVAL;
	}
}

long seccomp_prctl(u64 mode, u64 filter)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return set_strict();
	case SECCOMP_MODE_FILTER:
		return set_filter(0, uaddr(filter));
	default:
		return -EINVAL;
	}
}

/* --- life --- */

void seccomp_fork(struct task *child)
{
	const struct task *t = current;

	child->no_new_privs = t->no_new_privs;
	if (likely(t->seccomp_mode == SECCOMP_MODE_DISABLED))
		return;
	if (t->seccomp)
		ref_get(&t->seccomp->ref);
	child->seccomp = t->seccomp;
	mode_set(child, t->seccomp_mode);
}

void seccomp_release(struct task *t)
{
	filter_put(xchg(&t->seccomp, NULL));
}

u32 seccomp_filter_count(const struct task *t)
{
	u32 n = 0;

	for (const struct seccomp_filter *f = READ_ONCE(t->seccomp); f; f = f->prev)
		n++;
	return n;
}
