/* SPDX-License-Identifier: MPL-2.0 */
/* Interrupts between CPUs: reschedule, function calls, stop, and the NMI that prints a stack. */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/trap.h>
#include <base/assert.h>
#include <base/atomic.h>
#include <core/cpumask.h>
#include <core/hooks.h>
#include <core/panic.h>
#include <core/preempt.h>
#include <core/printk.h>
#include <core/smp.h>

static struct cpumask stopped;		/* [a] parked CPUs */
static struct cpumask backtrace_wanted;	/* [a] */
static int stopping;			/* [a] */

void smp_send_reschedule(int cpu)
{
	if (apic_up)
		apic_send_ipi(cpu_apic_ids[cpu], VEC_RESCHEDULE);
}

void arch_send_call_ipi(const struct cpumask *mask)
{
	int cpu;

	if (!apic_up)
		return;
	for_each_cpu(cpu, mask)
		apic_send_ipi(cpu_apic_ids[cpu], VEC_CALL);
}

static void reschedule_vector(unsigned int v)
{
	(void)v;
	this_cpu_and(preempt_word, ~PREEMPT_NO_RESCHED);
}

static void call_vector(unsigned int v)
{
	(void)v;
	smp_call_interrupt();
}

static __noreturn void park(void)
{
	cpumask_set(this_cpu_id(), &stopped);
	cpumask_clear(this_cpu_id(), &cpu_online_mask);
	for (;;) {
		irq_disable();
		halt_cpu();
	}
}

static void stop_vector(unsigned int v)
{
	(void)v;
	park();
}

static bool others_stopped(const struct cpumask *want)
{
	int cpu;

	for_each_cpu(cpu, want)
		if (!cpumask_test(cpu, &stopped))
			return false;
	return true;
}

/* First by interrupt, then, for those that have them off, by NMI. */
void smp_stop_others(void)
{
	struct cpumask want = cpu_online_mask;
	int cpu, self = this_cpu_id();

	cpumask_clear(self, &want);
	if (!apic_up || cpumask_empty(&want))
		return;
	if (xchg(&stopping, 1)) {
		/* Two CPUs stop each other: the later one parks. */
		if (!cpumask_test(self, &stopped) && !in_nmi())
			park();
		return;
	}
	for_each_cpu(cpu, &want)
		apic_send_ipi(cpu_apic_ids[cpu], VEC_STOP);
	for (int i = 0; i < 100 && !others_stopped(&want); i++)
		tsc_udelay(1000);
	if (others_stopped(&want))
		return;
	for_each_cpu(cpu, &want)
		if (!cpumask_test(cpu, &stopped))
			apic_send_nmi(cpu_apic_ids[cpu]);
	for (int i = 0; i < 100 && !others_stopped(&want); i++)
		tsc_udelay(1000);
}

bool arch_nmi_backtrace(int cpu)
{
	if (!apic_up || cpu == this_cpu_id())
		return false;
	cpumask_set(cpu, &backtrace_wanted);
	apic_send_nmi(cpu_apic_ids[cpu]);
	for (int i = 0; i < 1000 && cpumask_test(cpu, &backtrace_wanted); i++)
		tsc_udelay(100);
	return !cpumask_test(cpu, &backtrace_wanted);
}

void smp_nmi(struct pt_regs *regs)
{
	int cpu = this_cpu_id();

	if (cpumask_test(cpu, &backtrace_wanted)) {
		printk(LOG_WARNING, "CPU %d:\n", cpu);
		if (regs_from_user(regs)) {
			printk(LOG_WARNING, "  in user mode at %#llx\n", (unsigned long long)regs->ip);
		} else {
			printk(LOG_WARNING, "  at %pS\n", (void *)regs->ip);
			stack_print(regs);
		}
		cpumask_clear(cpu, &backtrace_wanted);
		return;
	}
	if (READ_ONCE(stopping))
		park();
	pr_warn_once("NMI for no known reason on CPU %d\n", cpu);
}

void __init ipi_init(void)
{
	vector_set(VEC_RESCHEDULE, reschedule_vector);
	vector_set(VEC_CALL, call_vector);
	vector_set(VEC_STOP, stop_vector);
}
