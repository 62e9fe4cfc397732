/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Restartable sequences (rseq(2)). A thread shares an area with the kernel: there it reads on which CPU
 * it runs, and names a critical section. A thread that was switched out, or gets a signal, inside its
 * section goes on at the section's abort address. Leaving the CPU sets WORK_RSEQ; the area is looked at
 * on the way to user space, where user memory may be touched. A wrong area is SIGSEGV.
 */
#include "internal.h"
#include <core/sigframe.h>
#include <core/usercopy.h>
#include <kernel/rseq.h>
#include <kernel/syscall.h>
#include <uapi/linux/rseq.h>

static uaddr_t field(const struct task *t, size_t off)
{
	return uaddr(t->rseq.addr + off);
}

void rseq_note(struct task *t)
{
	t->rseq.event = true;
	task_work_set(&t->core, WORK_RSEQ);
}

static int write_cpu(struct task *t, u32 start, u32 id)
{
	return copy_out_bytes(field(t, offsetof(struct rseq, cpu_id_start)), &start, sizeof(start)) ||
	       copy_out_bytes(field(t, offsetof(struct rseq, cpu_id)), &id, sizeof(id)) ? -EFAULT : 0;
}

/* The section that the area names; its start_ip is 0: none. */
static int read_section(struct task *t, struct rseq_cs *cs)
{
	u32 sig;
	u64 at;

	cs->start_ip = 0;
	if (copy_in_bytes(&at, field(t, offsetof(struct rseq, rseq_cs)), sizeof(at)))
		return -EFAULT;
	if (!at)
		return 0;
	if (copy_in_bytes(cs, uaddr(at), sizeof(*cs)))
		return -EFAULT;
	if (cs->version || cs->start_ip >= USER_END || cs->abort_ip >= USER_END ||
	    cs->start_ip + cs->post_commit_offset >= USER_END || cs->start_ip + cs->post_commit_offset < cs->start_ip)
		return -EINVAL;
	if (cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EINVAL;
	/* So that nobody can be made to go on just anywhere. */
	if (copy_in_bytes(&sig, uaddr(cs->abort_ip - sizeof(sig)), sizeof(sig)))
		return -EFAULT;
	return sig == t->rseq.sig ? 0 : -EINVAL;
}

static int clear_section(struct task *t)
{
	u64 zero = 0;

	return copy_out_bytes(field(t, offsetof(struct rseq, rseq_cs)), &zero, sizeof(zero));
}

/* The flags once asked not to restart; nothing may be set in them any more. */
static int check_flags(struct task *t, const struct rseq_cs *cs)
{
	u32 flags;

	if (copy_in_bytes(&flags, field(t, offsetof(struct rseq, flags)), sizeof(flags)))
		return -EFAULT;
	return flags || cs->flags ? -EINVAL : 0;
}

static int fix_ip(struct task *t, struct pt_regs *regs)
{
	struct rseq_cs cs;
	bool event;
	int err = read_section(t, &cs);

	if (err || !cs.start_ip)
		return err;
	/* Past it, or somewhere else: the section is over. */
	if (regs->ip - cs.start_ip >= cs.post_commit_offset)
		return clear_section(t);
	err = check_flags(t, &cs);
	if (err)
		return err;
	preempt_disable();
	event = t->rseq.event;
	t->rseq.event = false;
	preempt_enable();
	if (!event)
		return 0;
	err = clear_section(t);
	if (!err)
		regs->ip = cs.abort_ip;
	return err;
}

void rseq_resume(struct pt_regs *regs)
{
	struct task *t = current;
	u32 cpu = (u32)this_cpu_id();

	if (!t->rseq.addr || t->flags & PF_EXITING)
		return;
	if (fix_ip(t, regs) || write_cpu(t, cpu, cpu))
		signal_force_sigsegv(0);
}

void rseq_signal(struct pt_regs *regs, int sig)
{
	struct task *t = current;

	if (likely(!t->rseq.addr))
		return;
	rseq_note(t);
	if (fix_ip(t, regs))
		signal_force_sigsegv(sig);
}

long sys_rseq(uaddr_t area, u32 len, int flags, u32 sig)
{
	struct task *t = current;

	if (flags & RSEQ_FLAG_UNREGISTER) {
		if (flags & ~RSEQ_FLAG_UNREGISTER)
			return -EINVAL;
		if (!t->rseq.addr || t->rseq.addr != area.v || len != sizeof(struct rseq))
			return -EINVAL;
		if (sig != t->rseq.sig)
			return -EPERM;
		if (write_cpu(t, 0, (u32)RSEQ_CPU_ID_UNINITIALIZED))
			return -EFAULT;
		t->rseq.addr = 0;
		return 0;
	}
	if (flags)
		return -EINVAL;
	if (t->rseq.addr) {
		if (t->rseq.addr != area.v || len != sizeof(struct rseq))
			return -EINVAL;
		return sig != t->rseq.sig ? -EPERM : -EBUSY;
	}
	if (area.v % 32 || len != sizeof(struct rseq))
		return -EINVAL;
	if (!area.v || !user_range_ok(area, len))
		return area.v ? -EFAULT : -EINVAL;
	t->rseq.len = len;
	t->rseq.sig = sig;
	t->rseq.addr = area.v;
	/* The CPU's number is there before the call returns. */
	rseq_note(t);
	return 0;
}
