/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The end of the road: panic(), die(), failed assertions and warnings, and printed stacks.
 *
 * panic() may be called in any context and state: it stops the other CPUs, lets the log out to the
 * consoles without locks, and ends as panic= says: >0 restart after so many seconds, 0 halt, <0 at
 * once with a status for the test runner (also when kernel tests run). A second CPU that panics meanwhile
 * stops; a panic inside a panic skips what it cannot rely on.
 */
#include <base/atomic.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/regs.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include "internal.h"

#define STACK_DEPTH	32

int panic_in_progress;
int panic_timeout;
static int panic_cpu = -1;		/* [a] who panics */
static u32 panic_depth;			/* [a] */

static void print_ips(const u64 *ips, unsigned int n)
{
	pr_err("stack:\n");
	for (unsigned int i = 0; i < n; i++) {
		u64 off, size;
		/* A return address may be the first of the next function: look up the call. */
		const char *name = symbol_lookup(i ? ips[i] - 1 : ips[i], &off, &size);
		unsigned int again = 0;

		pr_err("  [<%016llx>] %s+0x%llx/0x%llx\n", (unsigned long long)ips[i], name,
		       (unsigned long long)(i ? off + 1 : off), (unsigned long long)size);
		for (; i + 1 < n && ips[i + 1] == ips[i]; i++)
			again++;
		if (again)
			pr_err("  ... and %u times more\n", again);
	}
}

void stack_print(const struct pt_regs *regs)
{
	u64 ips[STACK_DEPTH];

	print_ips(ips, arch_stack_walk(regs, NULL, ips, STACK_DEPTH));
}

void stack_print_task(struct task_core *t)
{
	u64 ips[STACK_DEPTH];

	print_ips(ips, arch_stack_walk(NULL, t, ips, STACK_DEPTH));
}

unsigned int stack_save(u64 *ips, unsigned int max)
{
	return arch_stack_walk(NULL, NULL, ips, max);
}

unsigned int stack_save_task(struct task_core *t, u64 *ips, unsigned int max)
{
	return arch_stack_walk(NULL, t, ips, max);
}

static void print_context(void)
{
	struct task_core *t = current_core();

	pr_emerg("CPU %d, %s %s (%u), preempt count %#x\n", this_cpu_id(),
		 t && t->kthread ? "thread" : "task", t && threads_running() ? task_core_name(t) : "boot",
		 t && threads_running() ? task_core_id(t) : 0, preempt_count());
}

static __noreturn void panic_end(void)
{
	if (panic_timeout < 0 || ktest_running())
		machine_exit_status(EXIT_STATUS_PANIC);
	if (panic_timeout > 0) {
		pr_emerg("restart in %d seconds\n", panic_timeout);
		for (int i = 0; i < panic_timeout * 1000; i++)
			udelay(1000);
		machine_restart();
	}
	pr_emerg("halted\n");
	machine_halt();
}

static void panic_begin(void)
{
	int none = -1, me;

	irq_disable();
	me = this_cpu_id();
	if (!__atomic_compare_exchange_n(&panic_cpu, &none, me, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST) && none != me)
		for (;;)		/* another was first and will stop us */
			cpu_relax();
	WRITE_ONCE(panic_in_progress, 1);
	if (panic_depth++ == 0)
		smp_stop_others();
}

static __noreturn void panic_common(const char *msg, const struct pt_regs *regs, bool trapped)
{
	panic_begin();
	if (panic_depth > 2)
		panic_end();
	pr_emerg("Kernel panic: %s\n", msg);
	if (panic_depth == 1) {
		print_context();
		arch_regs_print(regs);
		stack_print(trapped ? regs : NULL);
		lockdep_print_held();
	}
	pr_emerg("---[ end of panic: %s ]---\n", msg);
	printk_panic_flush();
	panic_end();
}

void panic(const char *fmt, ...)
{
	struct pt_regs regs;
	char msg[256];
	va_list ap;

	arch_regs_here(&regs);
	regs.ip = (u64)__builtin_return_address(0);
	va_start(ap, fmt);
	vscnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	panic_common(msg, &regs, false);
}

void die(const char *what, const struct pt_regs *regs)
{
	panic_common(what, regs, true);
}

void assert_failed(const char *expr, const char *file, int line, u64 a, u64 b)
{
	if (a || b)
		panic("%s:%d: not true: %s (%#llx, %#llx)", file, line, expr, (unsigned long long)a,
		      (unsigned long long)b);
	panic("%s:%d: not true: %s", file, line, expr);
}

void warn_at(const char *expr, const char *file, int line)
{
	pr_err("WARNING: %s:%d: %s\n", file, line, expr);
	if (panic_in_progress)
		return;
	print_context();
	stack_print(NULL);
	ktest_note_bug();
}

static int set_panic(const char *value)
{
	return kstrtoint(value, 0, &panic_timeout);
}
EARLY_KPARAM("panic", set_panic);
