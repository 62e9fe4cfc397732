/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Kernel stacks and the switch between tasks (core/task_core.h). Stacks come from vmalloc, so the
 * page below each is a hole; a few freed ones wait on their CPU for the next fork.
 */
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/fpu.h>
#include <asm/pgtable.h>
#include <asm/trap.h>
#include <base/assert.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/cpumask.h>
#include <core/machine.h>
#include <core/page.h>
#include <core/percpu.h>
#include <core/pgtable.h>
#include <core/preempt.h>
#include <core/regs.h>
#include <core/sigframe.h>
#include <core/slab.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/usercopy.h>

#define STACKS_KEPT	8

struct stack_cache {
	u32 n;
	void *stack[STACKS_KEPT];
};
static DEFINE_PERCPU(struct stack_cache, stack_cache);	/* [o] interrupts off */
DEFINE_PERCPU(u64, percpu_canary);			/* of current, for the stack protector */

extern char task_start_user[], task_start_kernel[];
struct task_core *switch_stacks(struct task_core *prev, struct task_core *next);

/* First-switch marker: the new task starts at whatever depth the scheduler switched. */
#define PREEMPT_INHERIT	(~0u)

static void *stack_get(void)
{
	struct stack_cache *c;
	void *s = NULL;
	u64 f = irq_save();

	c = this_cpu_ptr(stack_cache);
	if (c->n)
		s = c->stack[--c->n];
	irq_restore(f);
	if (!s)
		s = vmalloc(KSTACK_SIZE, GFP_KERNEL);
	if (s)
		vm_count(VM_KSTACK, KSTACK_SIZE / PAGE_SIZE);
	return s;
}

static void stack_put(void *s)
{
	struct stack_cache *c;
	u64 f = irq_save();

	c = this_cpu_ptr(stack_cache);
	if (c->n < STACKS_KEPT) {
		c->stack[c->n++] = s;
		s = NULL;
	}
	irq_restore(f);
	vm_count(VM_KSTACK, -(s64)(KSTACK_SIZE / PAGE_SIZE));
	if (s)
		vfree(s);
}

/* Takes this CPU's kept stacks into the row of pointers at `arg`, which has room for all CPUs'. */
static void stacks_take(void *arg)
{
	struct stack_cache *mine = this_cpu_ptr(stack_cache), *to = (struct stack_cache *)arg + this_cpu_id();
	u64 f = irq_save();

	*to = *mine;
	mine->n = 0;
	irq_restore(f);
}

void task_stacks_trim(void)
{
	struct stack_cache *all = kcalloc((size_t)nr_cpus, sizeof(*all), GFP_KERNEL | GFP_NORETRY | GFP_NOWARN);

	if (!all)
		return;
	smp_call_mask(&cpu_online_mask, stacks_take, all, true);
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		while (all[cpu].n)
			vfree(all[cpu].stack[--all[cpu].n]);
	kfree(all);
}

int task_core_alloc(struct task_core *t, bool user)
{
	t->stack = stack_get();
	if (!t->stack)
		return -ENOMEM;
	if (user) {
		t->fpu = fpu_alloc();
		if (!t->fpu) {
			stack_put(t->stack);
			t->stack = NULL;
			return -ENOMEM;
		}
	}
	t->canary = arch_entropy_u64() & ~0xfful;
	return 0;
}

void task_core_free(struct task_core *t)
{
	fpu_free(t->fpu);
	t->fpu = NULL;
	if (t->stack)
		stack_put(t->stack);
	t->stack = NULL;
}

/* What switch_stacks() pops, and where it returns to. */
struct switch_frame {
	u64 r15, r14, r13, r12, bx, bp, ip;
};

static struct switch_frame *first_frame(struct task_core *t, const char *ip)
{
	struct switch_frame *f = (struct switch_frame *)(void *)task_user_regs(t) - 1;

	memset(f, 0, sizeof(*f));
	f->ip = (u64)ip;
	t->ksp = (u64)f;
	t->preempt_saved = PREEMPT_INHERIT;
	return f;
}

void task_core_init_kernel(struct task_core *t, void (*fn)(void *), void *arg)
{
	struct switch_frame *f;

	memset(task_user_regs(t), 0, sizeof(struct pt_regs));
	f = first_frame(t, task_start_kernel);
	f->bx = (u64)fn;
	f->r12 = (u64)arg;
	t->kthread = true;
}

void task_core_init_user(struct task_core *t, const struct pt_regs *regs, u64 sp, bool set_tls, u64 tls)
{
	struct task_core *me = current_core();
	struct pt_regs *r = task_user_regs(t);

	*r = *regs;
	r->ax = 0;
	if (sp)
		r->sp = sp;
	first_frame(t, task_start_user);
	t->kthread = false;
	if (me->fpu) {
		/* The live registers are ours: through our own area into the child's. */
		preempt_disable();
		fpu_save_current();
		memcpy(t->fpu->area, me->fpu->area, xstate_size);
		preempt_enable();
		__asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
				 : "=m"(t->fpu->ds), "=m"(t->fpu->es), "=m"(t->fpu->fs), "=m"(t->fpu->gs));
		t->fsbase = user_fsbase();
		t->gsbase = user_gsbase();
	}
	t->fpu->last_cpu = -1;
	if (set_tls) {
		t->fsbase = tls;
		t->fpu->fs = 0;
	}
}

int task_core_make_user(struct task_core *t)
{
	if (!t->fpu)
		t->fpu = fpu_alloc();
	if (!t->fpu)
		return -ENOMEM;
	t->kthread = false;
	if (t == current_core())
		fpu_reset_current();
	return 0;
}

__noreturn void task_core_enter_user(void)
{
	enter_user_asm(task_user_regs(current_core()));
}

/* The scheduler has switched the page tables (pgtable_switch). */
struct task_core *task_core_switch(struct task_core *prev, struct task_core *next)
{
	u32 word = this_cpu_read(preempt_word);

	ASSERT(irqs_disabled());
	fpu_switch_out(prev);
	prev->preempt_saved = word & ~PREEMPT_NO_RESCHED;
	this_cpu_write(percpu_current, next);
	this_cpu_write(percpu_canary, next->canary);
	set_kstack_top((u64)next->stack + KSTACK_SIZE);
	if (next->preempt_saved != PREEMPT_INHERIT)
		this_cpu_write(preempt_word, next->preempt_saved | (word & PREEMPT_NO_RESCHED));
	fpu_switch_in(next);
	return switch_stacks(prev, next);
}

/* execve: everything zero but where to begin. */
void user_regs_start(struct pt_regs *regs, u64 ip, u64 sp)
{
	memset(regs, 0, sizeof(*regs));
	regs->ip = ip;
	regs->sp = sp;
	regs->cs = USER_CS;
	regs->ss = USER_DS;
	regs->flags = FLAG_IF | 2;
	regs->orig_ax = ~0ul;
	task_work_set(current_core(), WORK_FULL_REGS);
}
