/* SPDX-License-Identifier: MPL-2.0 */
/* What a process is and has used: stat, status, statm, limits, io. Formats as proc(5) gives them. */
#include <base/math.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <drivers/tty.h>
#include <mm/mm.h>
#include <kernel/seccomp.h>

#include "internal.h"

#define TICK_NS		10000000ull	/* USER_HZ */

/* What needs the sighand lock, taken once. */
struct sig_view {
	u64 pending, shared, blocked, ignored, caught;
	int nr_threads;
	u32 filters;
	u64 queued;
	int exit_code;
};

static void sig_view_get(struct task *t, struct sig_view *v)
{
	struct sighand *s;
	u64 flags;

	memset(v, 0, sizeof(*v));
	s = sighand_lock(t, &flags);
	if (!s)
		return;
	v->pending = t->pending.mask;
	v->shared = t->proc->shared_pending.mask;
	v->blocked = t->blocked;
	v->nr_threads = t->proc->nr_threads;
	v->filters = seccomp_filter_count(t);
	for (int i = 0; i < NSIG; i++) {
		if (s->action[i].handler == SIG_IGN)
			v->ignored |= 1ull << i;
		else if (s->action[i].handler != SIG_DFL)
			v->caught |= 1ull << i;
	}
	sighand_unlock(s, flags);
}

static int parent_nr(struct task *t)
{
	struct process *p;
	int nr = 0;

	rcu_read_lock();
	p = rcu_dereference(t->proc->parent);
	if (p && p->pids[PIDTYPE_TGID])
		nr = pid_vnr(p->pids[PIDTYPE_TGID]);
	rcu_read_unlock();
	return nr;
}

static int nr_of(struct task *t, enum pid_type type)
{
	struct pid *p;
	int nr = 0;

	rcu_read_lock();
	p = rcu_dereference(t->proc->pids[type]);
	if (p)
		nr = pid_vnr(p);
	rcu_read_unlock();
	return nr;
}

/* user-space form of a device number, as stat's tty_nr has it. */
static int tty_nr(dev_t d)
{
	return (int)((dev_minor(d) & 0xff) | dev_major(d) << 8 | (dev_minor(d) & ~0xffu) << 12);
}

int proc_show_stat(struct seq_file *s, struct task *t)
{
	bool may_look = ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS);
	bool whole = task_is_leader(t) && !pid_inode(s->file->inode)->thread;
	struct mm *mm = task_mm_get(t);
	struct mm_layout l = { 0 };
	struct process *p = t->proc;
	struct cputime ct, child;
	struct sig_view v;
	char comm[TASK_COMM_LEN];
	int fg;
	dev_t tty = tty_proc_dev(p, &fg);

	if (mm)
		mm_layout_get(mm, &l);
	task_get_comm(t, comm);
	sig_view_get(t, &v);
	if (whole)
		process_cputime(p, &ct);
	else
		task_cputime(t, &ct);
	child = p->child_time;
	seq_printf(s, "%d (%s) %c %d %d %d %d %d %u", task_tid_vnr(t), comm, task_state_char(t), parent_nr(t),
		   nr_of(t, PIDTYPE_PGID), nr_of(t, PIDTYPE_SID), tty_nr(tty), fg, t->flags);
	seq_printf(s, " %llu %llu %llu %llu %llu %llu %llu %llu",
		   (unsigned long long)(whole ? p->min_flt + t->min_flt : t->min_flt),
		   (unsigned long long)p->cmin_flt, (unsigned long long)(whole ? p->maj_flt + t->maj_flt : t->maj_flt),
		   (unsigned long long)p->cmaj_flt, (unsigned long long)(ct.utime_ns / TICK_NS),
		   (unsigned long long)(ct.stime_ns / TICK_NS), (unsigned long long)(child.utime_ns / TICK_NS),
		   (unsigned long long)(child.stime_ns / TICK_NS));
	seq_printf(s, " %d %d %d 0 %llu %llu %llu %llu", sched_task_prio(t), sched_task_nice(t), v.nr_threads,
		   (unsigned long long)(t->start_boot_ns / TICK_NS),
		   (unsigned long long)(mm ? mm_total_vm(mm) << PAGE_SHIFT : 0),
		   (unsigned long long)(mm ? mm_rss_pages(mm) : 0),
		   (unsigned long long)task_rlimit(t, RLIMIT_RSS));
	seq_printf(s, " %llu %llu %llu 0 0", (unsigned long long)(mm ? may_look ? l.start_code : 1 : 0),
		   (unsigned long long)(mm ? may_look ? l.end_code : 1 : 0),
		   (unsigned long long)(mm && may_look ? l.start_stack : 0));
	seq_printf(s, " %llu %llu %llu %llu 0 0 0 %d %d %d %d 0 0 0",
		   (unsigned long long)(v.pending & 0x7fffffff), (unsigned long long)(v.blocked & 0x7fffffff),
		   (unsigned long long)(v.ignored & 0x7fffffff), (unsigned long long)(v.caught & 0x7fffffff),
		   task_is_leader(t) ? t->exit_signal : -1, sched_task_cpu(t), t->se.rt_priority, t->se.policy);
	if (mm && may_look)
		seq_printf(s, " %llu %llu %llu %llu %llu %llu %llu %d\n", (unsigned long long)l.start_data,
			   (unsigned long long)l.end_data, (unsigned long long)l.start_brk,
			   (unsigned long long)l.arg_start, (unsigned long long)l.arg_end,
			   (unsigned long long)l.env_start, (unsigned long long)l.env_end,
			   may_look ? t->exit_code : 0);
	else
		seq_printf(s, " 0 0 0 0 0 0 0 %d\n", may_look ? t->exit_code : 0);
	if (mm)
		mm_put(mm);
	return 0;
}

static const char *state_name(char c)
{
	switch (c) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 't': return "t (tracing stop)";
	case 'Z': return "Z (zombie)";
	case 'X': return "X (dead)";
	case 'I': return "I (idle)";
	default: return "P (parked)";
	}
}

static void show_ids(struct seq_file *s, struct task *t)
{
	const struct cred *c = task_cred_get(t);

	seq_printf(s, "Uid:\t%u\t%u\t%u\t%u\n", c->uid.v, c->euid.v, c->suid.v, c->fsuid.v);
	seq_printf(s, "Gid:\t%u\t%u\t%u\t%u\n", c->gid.v, c->egid.v, c->sgid.v, c->fsgid.v);
	seq_printf(s, "FDSize:\t%u\nGroups:\t", files_table_size(t));
	for (u32 i = 0; c->groups && i < c->groups->nr; i++)
		seq_printf(s, "%u ", c->groups->gid[i].v);
	if (!c->groups || !c->groups->nr)
		seq_putc(s, ' ');
	seq_putc(s, '\n');
	cred_put(c);
}

static void show_memory(struct seq_file *s, struct mm *mm)
{
	struct mm_layout l;
	u64 anon = mm_counter(mm, MM_ANON), file = mm_counter(mm, MM_FILE), shm = mm_counter(mm, MM_SHMEM);
	u64 rss = anon + file + shm, text, exec;

	mm_layout_get(mm, &l);
	text = (PAGE_ALIGN_UP(l.end_code) - PAGE_ALIGN_DOWN(l.start_code)) >> 10;
	exec = l.exec_vm << 2;
#define KB(name, v)	seq_printf(s, name ":\t%8llu kB\n", (unsigned long long)(v))
	KB("VmPeak", l.hiwater_vm << 2);
	KB("VmSize", l.total_vm << 2);
	KB("VmLck", l.locked_vm << 2);
	KB("VmPin", 0);
	KB("VmHWM", (l.hiwater_rss > rss ? l.hiwater_rss : rss) << 2);
	KB("VmRSS", rss << 2);
	KB("RssAnon", anon << 2);
	KB("RssFile", file << 2);
	KB("RssShmem", shm << 2);
	KB("VmData", l.data_vm << 2);
	KB("VmStk", l.stack_vm << 2);
	KB("VmExe", text);
	KB("VmLib", exec > text ? exec - text : 0);
	KB("VmPTE", l.table_pages << 2);
	KB("VmSwap", mm_counter(mm, MM_SWAP) << 2);
	KB("HugetlbPages", 0);
#undef KB
	seq_puts(s, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

static void show_cpus(struct seq_file *s, const struct cpumask *m)
{
	int cpu, from = -1, prev = -2;
	bool first = true;

	seq_printf(s, "Cpus_allowed:\t");
	if (nr_cpus > 32)
		seq_printf(s, "%08x,%08x\n", (u32)(m->bits[0] >> 32), (u32)m->bits[0]);
	else
		seq_printf(s, "%x\n", (u32)m->bits[0]);
	seq_puts(s, "Cpus_allowed_list:\t");
	for_each_cpu(cpu, m) {
		if (cpu >= nr_cpus)
			break;
		if (cpu == prev + 1) {
			prev = cpu;
			continue;
		}
		if (from >= 0)
			seq_printf(s, from == prev ? "%s%d" : "%s%d-%d", first ? "" : ",", from, prev);
		if (from >= 0)
			first = false;
		from = prev = cpu;
	}
	if (from >= 0)
		seq_printf(s, from == prev ? "%s%d" : "%s%d-%d", first ? "" : ",", from, prev);
	seq_puts(s, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

int proc_show_status(struct seq_file *s, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	const struct cred *c;
	struct cpumask cpus;
	char comm[TASK_COMM_LEN];
	struct sig_view v;
	u32 umask = 022;

	task_get_comm(t, comm);
	sig_view_get(t, &v);
	spin_lock(&t->alloc_lock);
	if (t->fs)
		umask = t->fs->umask;
	spin_unlock(&t->alloc_lock);
	seq_printf(s, "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		   comm, umask, state_name(task_state_char(t)), nr_of(t, PIDTYPE_TGID), task_tid_vnr(t), parent_nr(t), 0);
	show_ids(s, t);
	seq_printf(s, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", nr_of(t, PIDTYPE_TGID), task_tid_vnr(t),
		   nr_of(t, PIDTYPE_PGID), nr_of(t, PIDTYPE_SID));
	if (mm)
		show_memory(s, mm);
	c = task_cred_get(t);
	seq_printf(s, "Threads:\t%d\nSigQ:\t%lld/%llu\n", v.nr_threads, (long long)atomic64_read(&c->user->sigpending),
		   (unsigned long long)task_rlimit(t, RLIMIT_SIGPENDING));
	seq_printf(s, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		   (unsigned long long)v.pending, (unsigned long long)v.shared, (unsigned long long)v.blocked,
		   (unsigned long long)v.ignored, (unsigned long long)v.caught);
	seq_printf(s, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n",
		   (unsigned long long)c->inheritable.v, (unsigned long long)c->permitted.v,
		   (unsigned long long)c->effective.v, (unsigned long long)c->bset.v, (unsigned long long)c->ambient.v);
	cred_put(c);
	seq_printf(s, "NoNewPrivs:\t%d\nSeccomp:\t%u\nSeccomp_filters:\t%u\n", t->no_new_privs, t->seccomp_mode,
		   v.filters);
	seq_puts(s, "Speculation_Store_Bypass:\tvulnerable\nSpeculationIndirectBranch:\talways enabled\n");
	sched_get_affinity(t, &cpus);
	show_cpus(s, &cpus);
	seq_printf(s, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		   (unsigned long long)t->nvcsw, (unsigned long long)t->nivcsw);
	if (mm)
		mm_put(mm);
	return 0;
}

int proc_show_statm(struct seq_file *s, struct task *t)
{
	struct mm *mm = task_mm_get(t);
	struct mm_layout l;
	u64 shared, text;

	if (!mm) {
		seq_puts(s, "0 0 0 0 0 0 0\n");
		return 0;
	}
	mm_layout_get(mm, &l);
	shared = mm_counter(mm, MM_FILE) + mm_counter(mm, MM_SHMEM);
	text = (PAGE_ALIGN_UP(l.end_code) - PAGE_ALIGN_DOWN(l.start_code)) >> PAGE_SHIFT;
	seq_printf(s, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)l.total_vm,
		   (unsigned long long)(mm_counter(mm, MM_ANON) + shared), (unsigned long long)shared,
		   (unsigned long long)text, (unsigned long long)(l.data_vm + l.stack_vm));
	mm_put(mm);
	return 0;
}

static const struct { const char *name, *unit; } limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void show_limit(struct seq_file *s, u64 v)
{
	if (v == RLIM_INFINITY)
		seq_printf(s, "%-20s ", "unlimited");
	else
		seq_printf(s, "%-20llu ", (unsigned long long)v);
}

int proc_show_limits(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		seq_printf(s, "%-25s ", limit_names[i].name);
		show_limit(s, t->proc->rlim[i].rlim_cur);
		show_limit(s, t->proc->rlim[i].rlim_max);
		if (*limit_names[i].unit)
			seq_printf(s, "%-10s\n", limit_names[i].unit);
		else
			seq_putc(s, '\n');
	}
	return 0;
}

int proc_show_io(struct seq_file *s, struct task *t)
{
	struct task_io io = t->io;
	struct task *u;

	if (!ptrace_may_access(t, PTRACE_MODE_READ | PTRACE_MODE_FSCREDS))
		return -EACCES;
	if (!pid_inode(s->file->inode)->thread) {
		io = t->proc->io;
		rcu_read_lock();
		for_each_thread(t->proc, u) {
			io.rchar += u->io.rchar;
			io.wchar += u->io.wchar;
			io.syscr += u->io.syscr;
			io.syscw += u->io.syscw;
			io.read_bytes += u->io.read_bytes;
			io.write_bytes += u->io.write_bytes;
			io.cancelled += u->io.cancelled;
		}
		rcu_read_unlock();
	}
	seq_printf(s, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\nread_bytes: %llu\nwrite_bytes: %llu\n"
		   "cancelled_write_bytes: %llu\n", (unsigned long long)io.rchar, (unsigned long long)io.wchar,
		   (unsigned long long)io.syscr, (unsigned long long)io.syscw, (unsigned long long)io.read_bytes,
		   (unsigned long long)io.write_bytes, (unsigned long long)io.cancelled);
	return 0;
}

int proc_show_schedstat(struct seq_file *s, struct task *t)
{
	seq_printf(s, "%llu %llu %llu\n", (unsigned long long)t->se.sum_exec_ns, (unsigned long long)t->se.run_delay_ns,
		   (unsigned long long)t->se.nr_switches);
	return 0;
}
