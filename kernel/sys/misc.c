/* SPDX-License-Identifier: MPL-2.0 */
/* Small calls of no family: membarrier, kcmp, ports that user space never gets. */
#include <core/cpumask.h>
#include <core/rcu.h>
#include <core/smp.h>
#include <fs/file.h>
#include <kernel/rseq.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <mm/mm.h>
#include <uapi/linux/kcmp.h>
#include <uapi/linux/membarrier.h>

/* ---- membarrier ---- */

/* mm->membarrier_state: which expedited kinds were registered for. */
#define REG_GLOBAL	0x1u
#define REG_PRIVATE	0x2u
#define REG_SYNC_CORE	0x4u
#define REG_RSEQ	0x8u

static void barrier_on_cpu(void *arg)
{
	(void)arg;
	smp_mb();	/* the interrupt itself serialises, and returning by IRET serialises the core */
}

/* Whatever sequence is under way there begins anew. */
static void rseq_on_cpu(void *arg)
{
	(void)arg;
	rseq_switched_out(current);
}

/* The CPU that runs a thread of ours, or all of them (-1), restart their sequences. */
static long membarrier_rseq(int cpu)
{
	struct mm *mm = current->mm;
	struct cpumask m = { 0 };
	int i;

	if (!(READ_ONCE(mm->membarrier_state) & REG_RSEQ))
		return -EPERM;
	if (ref_read(&mm->users) == 1 && current->proc->nr_threads == 1)
		return 0;
	if (cpu >= nr_cpus)
		return 0;
	smp_mb();
	rcu_read_lock();
	for_each_online_cpu(i) {
		struct task *t = sched_cpu_curr(i);

		if (i != this_cpu_id() && (cpu < 0 || i == cpu) && READ_ONCE(t->mm) == mm)
			cpumask_set(i, &m);
	}
	rcu_read_unlock();
	if (!cpumask_empty(&m))
		smp_call_mask(&m, rseq_on_cpu, NULL, true);
	smp_mb();
	return 0;
}

/* Interrupt the other CPUs that run a thread of mm (NULL: anything registered). */
static void barrier_others(struct mm *mm)
{
	struct cpumask m = { 0 };
	int cpu;

	smp_mb();
	rcu_read_lock();
	for_each_online_cpu(cpu) {
		struct task *t = sched_cpu_curr(cpu);
		struct mm *tm = READ_ONCE(t->mm);

		if (cpu == this_cpu_id() || !tm)
			continue;
		if (mm ? tm == mm : (READ_ONCE(tm->membarrier_state) & REG_GLOBAL) != 0)
			cpumask_set(cpu, &m);
	}
	rcu_read_unlock();
	if (!cpumask_empty(&m))
		smp_call_mask(&m, barrier_on_cpu, NULL, true);
	smp_mb();
}

static long membarrier_register(u32 bit)
{
	__atomic_fetch_or(&current->mm->membarrier_state, bit, __ATOMIC_SEQ_CST);
	synchronize_rcu_expedited();	/* every switch from now on is seen by barrier_others() */
	return 0;
}

static long membarrier_private(u32 bit)
{
	if (!(READ_ONCE(current->mm->membarrier_state) & bit))
		return -EPERM;
	if (ref_read(&current->mm->users) > 1 || current->proc->nr_threads > 1)
		barrier_others(current->mm);
	return 0;
}

long sys_membarrier(int cmd, unsigned int flags, int cpu)
{
	if (cmd == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ) {
		if (flags & ~(u32)MEMBARRIER_CMD_FLAG_CPU)
			return -EINVAL;
		return membarrier_rseq(flags ? cpu : -1);
	}
	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
		       MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
		       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
		       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
		       MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
	case MEMBARRIER_CMD_GLOBAL:
		synchronize_rcu();
		return 0;
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		barrier_others(NULL);
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
		return membarrier_register(REG_GLOBAL);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return membarrier_private(REG_PRIVATE);
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
		return membarrier_register(REG_PRIVATE);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return membarrier_private(REG_SYNC_CORE);
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		return membarrier_register(REG_SYNC_CORE);
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		return membarrier_register(REG_RSEQ);
	default:
		return -EINVAL;
	}
}

/* ---- kcmp ---- */

/* An order of kernel objects that does not tell where they lie. */
static long compare(const void *a, const void *b)
{
	u64 x = (u64)a * 0x9e3779b97f4a7c15ull, y = (u64)b * 0x9e3779b97f4a7c15ull;

	return x == y ? 0 : x < y ? 1 : 2;
}

static long compare_files(struct task *a, struct task *b, u64 i, u64 j)
{
	struct file *x = fget_task(a, (int)i), *y = fget_task(b, (int)j);
	long res = x && y ? compare(x, y) : -EBADF;

	if (x)
		file_put(x);
	if (y)
		file_put(y);
	return res;
}

long sys_kcmp(pid_t pid1, pid_t pid2, int type, u64 idx1, u64 idx2)
{
	struct task *a = task_find_get(pid1), *b = task_find_get(pid2);
	long res = -ESRCH;

	if (!a || !b)
		goto out;
	res = -EPERM;
	if (!ptrace_may_access(a, PTRACE_MODE_READ | PTRACE_MODE_REALCREDS) ||
	    !ptrace_may_access(b, PTRACE_MODE_READ | PTRACE_MODE_REALCREDS))
		goto out;
	switch (type) {
	case KCMP_FILE:
		res = compare_files(a, b, idx1, idx2);
		break;
	case KCMP_VM:
		res = compare(a->mm, b->mm);
		break;
	case KCMP_FILES:
		res = compare(a->files, b->files);
		break;
	case KCMP_FS:
		res = compare(a->fs, b->fs);
		break;
	case KCMP_SIGHAND:
		res = compare(a->sighand, b->sighand);
		break;
	case KCMP_IO:
		res = compare(a->io_context, b->io_context);
		break;
	case KCMP_SYSVSEM:
		res = -EOPNOTSUPP;	/* as Linux without System V semaphores */
		break;
	default:
		res = -EINVAL;
	}
out:
	if (a)
		task_put(a);
	if (b)
		task_put(b);
	return res;
}

/* ---- ports: iopl and ioperm need hardware access that no user program is given ---- */

long sys_iopl(unsigned int level)
{
	if (level > 3)
		return -EINVAL;
	return level ? -EPERM : 0;
}

long sys_ioperm(u64 from, u64 num, int turn_on)
{
	if (from + num <= from || from + num > 65536)
		return -EINVAL;
	return turn_on ? -EPERM : 0;
}
