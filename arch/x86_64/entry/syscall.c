/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The slow ways of a system call: on entry when tracer, seccomp or strace want to see it; on exit
 * when work is pending. Also the first return of a new task to user space.
 */
#include <asm/cpu.h>
#include <asm/trap.h>
#include <base/errno.h>
#include <core/lockdep.h>
#include <core/preempt.h>
#include <core/regs.h>
#include <core/syscall_table.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include <core/usercopy.h>

/* May SYSRET take these registers home? rcx becomes rip and r11 rflags. */
static bool sysret_fits(const struct pt_regs *r)
{
	return r->cx == r->ip && r->r11 == r->flags && r->cs == USER_CS && r->ss == USER_DS &&
	       r->ip < USER_END && !(r->flags & (FLAG_RF | FLAG_TF));
}

/*
 * Do what the work word asks, until nothing is left. Entered and left with interrupts off. True when
 * the registers may go home by SYSRET.
 */
bool exit_to_user_work(struct pt_regs *regs)
{
	struct task_core *t = current_core();

	for (;;) {
		unsigned long work = READ_ONCE(t->work) & WORK_USER_EXIT;

		if (work & WORK_FULL_REGS)
			task_work_clear(t, WORK_FULL_REGS);
		if (!(work & ~WORK_FULL_REGS) && !need_resched())
			break;
		irq_enable();
		user_exit_work(regs);
		irq_disable();
	}
	lockdep_assert_none();
	return sysret_fits(regs);
}

bool syscall_traced(struct pt_regs *regs)
{
	long nr = user_entry_work(regs);

	if (nr >= 0 && nr < SYSCALL_TABLE_SIZE)
		regs->ax = (u64)syscall_table[nr](regs);
	if (READ_ONCE(current_core()->work) & WORK_SYSCALL_ENTRY)
		user_syscall_exit_work(regs);
	irq_disable();
	return exit_to_user_work(regs);
}

void task_first_return(struct task_core *prev, struct pt_regs *regs)
{
	sched_finish_first_switch(prev);
	if (READ_ONCE(current_core()->work) & WORK_SYSCALL_ENTRY)
		user_syscall_exit_work(regs);
}
