/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Inside layer 1: what arch/x86_64 and kernel/core ask of each other. Nothing here is for the layers
 * above (none of it is exported). First what arch provides, then what arch calls, then the symbols
 * that the linker script defines.
 */
#ifndef CORE_HOOKS_H
#define CORE_HOOKS_H

#include <core/cpumask.h>
#include <core/init.h>
#include <core/ktest.h>
#include <core/preempt.h>
#include <core/regs.h>

struct task_core;

/* ---- arch provides, kernel/core calls ---- */

/* CPUID's hypervisor bit: then waiters back off instead of queueing. Valid before the first contention. */
bool arch_under_hypervisor(void);
/*
 * Make each CPU of the mask (own included) run smp_call_interrupt() as soon as it takes interrupts.
 * Any context, NMI included. Before the local APIC is up: does nothing.
 */
void arch_send_call_ipi(const struct cpumask *mask);
/* Print registers (and CR2, CR3, ...) of an exception through printk. */
void arch_regs_print(const struct pt_regs *regs);
/* The registers as they are here, but for ip; who calls it may have lost those that calls do not keep. */
void arch_regs_here(struct pt_regs *regs);
/*
 * Return addresses, innermost first: of an exception's context (regs), of a task that does not run
 * (t), or of the caller (both NULL). Never faults. Number stored.
 */
unsigned int arch_stack_walk(const struct pt_regs *regs, const struct task_core *t, u64 *ips, unsigned int max);
/* Make another CPU print its stack through NMI; false where that cannot be done. */
bool arch_nmi_backtrace(int cpu);

/* ---- kernel/core provides, arch calls ---- */

/* Interrupt gate, after switching to kernel GS; `regs` of the interrupted context. Interrupts off between. */
DECLARE_PERCPU(const struct pt_regs *, percpu_irq_regs);
/* Nonzero while the CPU idles and RCU does not watch it: interrupts must tell. */
DECLARE_PERCPU(u32, rcu_is_idle);
void rcu_irq_enter_idle(void);
void rcu_irq_exit_idle(void);

static __always_inline void irq_enter(const struct pt_regs *regs)
{
	this_cpu_add(preempt_word, HARDIRQ_UNIT);
	this_cpu_write(percpu_irq_regs, regs);
	if (this_cpu_read(rcu_is_idle))
		rcu_irq_enter_idle();
}

/* Then, if the interrupted context is kernel code with preempt_word == 0: preempt_irq_resched(). */
static __always_inline void irq_exit(void)
{
	if (this_cpu_read(rcu_is_idle))
		rcu_irq_exit_idle();
	this_cpu_write(percpu_irq_regs, (const struct pt_regs *)NULL);
	this_cpu_sub(preempt_word, HARDIRQ_UNIT);
}

/* kernel/core/preempt.c: preempt kernel code on the way out of an interrupt. Interrupts off before and after. */
void preempt_irq_resched(void);
/* Handler of the call IPI (also runs deferred irq work). Between irq_enter() and irq_exit(). */
void smp_call_interrupt(void);
/*
 * The command line, before memory is set up: keeps a copy (boot_command_line) and runs the
 * EARLY_KPARAMs. Call with a string in memory that is mapped now.
 */
void cmdline_init(const char *line);
/*
 * Clocks: called once, after the first clock_source_register(), with the wall time from the CMOS
 * clock and the ns that passed since the first instruction (so that monotonic time starts there).
 */
void clock_start(s64 realtime_seconds, u64 since_boot_ns);
/* What a reader needs; arch copies it into the vDSO page in vdso_publish(). Times at cycle_last. */
struct clock_params {
	u64 cycle_last, mask;		/* time = base + (((cycles - cycle_last) & mask) * mult + frac) >> CLOCK_SHIFT */
	u64 mult;			/* ns per cycle << CLOCK_SHIFT, 128-bit product */
	u64 raw_mult;
	u64 mono_ns, mono_frac;
	u64 raw_ns, raw_frac;
	s64 real_off;			/* realtime - monotonic */
	s64 tai_off;			/* tai - monotonic */
	s64 boot_off;			/* boottime - monotonic */
	bool vdso;			/* user space may read the source (TSC) */
};
#define CLOCK_SHIFT	32
/* Under the clock's lock, from vdso_publish() only. */
void clock_params_get(struct clock_params *p);
/*
 * Called by arch on the boot CPU when the per-CPU areas of all possible CPUs exist: locks, RCU, timers
 * of each CPU.
 */
void core_early_init(void);
/* Timers of another CPU, before it goes online (harmless twice). */
void timer_cpu_init(int cpu);

/* ---- work to be done in hard interrupt context soon, asked for from any context (NMI, under locks) ---- */

struct irq_work {
	struct irq_work *next;
	void (*fn)(struct irq_work *w);
	u32 pending;			/* [a] */
};
#define IRQ_WORK_INIT(f)	{ NULL, f, 0 }
/* Runs fn once on this CPU; asking again before it began does nothing. */
void irq_work_queue(struct irq_work *w);

/* ---- linker script ---- */

/* Where the sections .initcall.1 to .initcall.7 begin, and the end of the last. */
extern const struct initcall __initcall_level1[], __initcall_level2[], __initcall_level3[], __initcall_level4[],
	__initcall_level5[], __initcall_level6[], __initcall_level7[], __initcall_end[];
extern const struct kparam __kparam_start[], __kparam_end[];
extern const struct ktest __ktest_start[], __ktest_end[];
extern char _text[], _etext[], __init_begin[], __init_text_end[];
extern const u32 keel_symtab[];

#endif
