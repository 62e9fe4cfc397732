/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Device interrupts (core/irq.h). An irq number stands for a line (global system interrupt) or for one
 * message; it has a vector on one CPU and a list of handlers. irq numbers of lines are gsi + 1, those
 * of messages follow. All CPUs share one vector space: 188 vectors are plenty for our machines, and
 * an interrupt's target can change without a new vector.
 *
 * irq_free() waits until no CPU is in the handler: `running` counts CPUs inside each irq.
 */
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/trap.h>
#include <base/alloc.h>
#include <base/assert.h>
#include <base/errno.h>
#include <base/list.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/hooks.h>
#include <core/mutex.h>
#include <core/percpu.h>
#include <core/printk.h>
#include <core/rcu.h>

#define NR_LINES	96
#define NR_IRQS		256

struct irq_action {
	struct irq_action *next;	/* [r] */
	irq_fn fn;
	void *data;
	const char *name;
};

struct irq_desc {
	struct irq_action *actions;	/* [r] writers under irq_mutex */
	u32 vector;			/* [irq_mutex] 0: none */
	u32 gsi;
	bool msi, level;
	int cpu;			/* target */
	int running;			/* [a] CPUs in its handlers */
	u32 unhandled;			/* [handler] in a row */
};

static DEFINE_MUTEX(irq_mutex, LEAF_MUTEX);
static struct irq_desc descs[NR_IRQS];
static vector_fn vectors[256] __ro_after_init;
static u16 vector_irq[256];			/* [irq_mutex], read in interrupts: irq of a device vector */
static DEFINE_PERCPU(u32, irq_counts[NR_IRQS]);
static DEFINE_PERCPU(u64, irq_sum);
static int next_target;				/* [irq_mutex] */

void vector_set(unsigned int vector, vector_fn fn)
{
	vectors[vector] = fn;
}

static void handle_device(unsigned int vector)
{
	u32 irq = READ_ONCE(vector_irq[vector]);
	struct irq_desc *d = &descs[irq];
	bool handled = false;

	if (!irq) {
		apic_eoi();
		return;
	}
	this_cpu_ptr(irq_counts)[0][irq]++;
	__atomic_fetch_add(&d->running, 1, __ATOMIC_SEQ_CST);
	/* An edge that comes while handlers run must not be lost: acknowledge first. Levels stay until served. */
	if (!d->level)
		apic_eoi();
	for (struct irq_action *a = rcu_dereference(d->actions); a; a = rcu_dereference(a->next))
		handled |= a->fn(a->data) == IRQ_HANDLED;
	if (d->level) {
		if (handled) {
			d->unhandled = 0;
		} else if (++d->unhandled > 10000) {
			ioapic_mask(d->gsi, true);
			pr_warn("interrupt %u: nobody cares, switched off\n", irq);
		}
		apic_eoi();
	}
	__atomic_fetch_sub(&d->running, 1, __ATOMIC_RELEASE);
}

void interrupt_entry(struct pt_regs *regs)
{
	unsigned int vector = (unsigned int)regs->orig_ax;

	regs->orig_ax = ~0ul;
	irq_enter(regs);
	this_cpu_inc(irq_sum);
	if (vector >= VEC_DEVICE_FIRST && vector <= VEC_DEVICE_LAST) {
		handle_device(vector);
	} else if (vectors[vector]) {
		if (vector != VEC_SPURIOUS)
			apic_eoi();
		vectors[vector](vector);
	} else {
		pr_warn_once("interrupt on vector %#x that nobody asked for\n", vector);
	}
	irq_exit();
	if (!regs_from_user(regs) && (regs->flags & FLAG_IF) && this_cpu_read(preempt_word) == 0)
		preempt_irq_resched();
}

void __init irq_vectors_init(void) { }

/* ---- core/irq.h ---- */

static u32 vector_alloc(u32 irq)
{
	/* Spread over priority classes: sixteen apart. */
	for (u32 step = 0; step < 16; step++) {
		for (u32 v = VEC_DEVICE_FIRST + step; v <= VEC_DEVICE_LAST; v += 16) {
			if (!vector_irq[v]) {
				WRITE_ONCE(vector_irq[v], (u16)irq);
				return v;
			}
		}
	}
	return 0;
}

static int pick_cpu(int cpu)
{
	if (cpu >= 0 && cpumask_test(cpu, &cpu_online_mask))
		return cpu;
	next_target = cpumask_next(next_target, &cpu_online_mask);
	if (next_target >= MAX_CPUS)
		next_target = cpumask_first(&cpu_online_mask);
	return next_target;
}

static struct irq_action *action_make(irq_fn fn, void *data, const char *name)
{
	struct irq_action *a = kmalloc(sizeof(*a), GFP_KERNEL);

	if (a)
		*a = (struct irq_action){ NULL, fn, data, name };
	return a;
}

static int line_request(u32 gsi, bool level, bool low, irq_fn fn, void *data, const char *name)
{
	u32 irq = gsi + 1;
	struct irq_desc *d = &descs[irq];
	struct irq_action *a;
	int err = 0;

	if (gsi >= NR_LINES)
		return -EINVAL;
	a = action_make(fn, data, name);
	if (!a)
		return -ENOMEM;
	mutex_lock(&irq_mutex);
	if (!d->vector) {
		d->vector = vector_alloc(irq);
		d->gsi = gsi;
		d->level = level;
		d->cpu = pick_cpu(-1);
		err = d->vector ? ioapic_route(gsi, d->vector, cpu_apic_ids[d->cpu], level, low) : -ENOSPC;
		if (err) {
			if (d->vector)
				vector_irq[d->vector] = 0;
			d->vector = 0;
			goto out;
		}
	} else if (d->level != level) {
		err = -EBUSY;
		goto out;
	}
	a->next = d->actions;
	rcu_assign_pointer(d->actions, a);
	ioapic_mask(gsi, false);
	mutex_unlock(&irq_mutex);
	return (int)irq;
out:
	mutex_unlock(&irq_mutex);
	kfree(a);
	return err;
}

int irq_request_gsi(u32 gsi, enum irq_trigger trig, irq_fn fn, void *data, const char *name)
{
	bool level = trig != IRQ_EDGE_HIGH, low = trig == IRQ_LEVEL_LOW || trig == IRQ_TRIGGER_DEFAULT;

	/* A line that is an ISA interrupt's place keeps what the MADT says about it. */
	if (trig == IRQ_TRIGGER_DEFAULT) {
		for (u8 isa = 0; isa < 16; isa++) {
			u16 flags;

			if (acpi_irq_gsi(&acpi, isa, &flags) == gsi && flags) {
				level = ACPI_INTI_TRIGGER(flags) == 3;
				low = ACPI_INTI_POLARITY(flags) == 3;
			}
		}
	}
	return line_request(gsi, level, low, fn, data, name);
}

int irq_request_isa(u32 isa, irq_fn fn, void *data, const char *name)
{
	u16 flags;
	u32 gsi;

	if (isa >= 16)
		return -EINVAL;
	gsi = acpi_irq_gsi(&acpi, (u8)isa, &flags);
	return line_request(gsi, ACPI_INTI_TRIGGER(flags) == 3, ACPI_INTI_POLARITY(flags) == 3, fn, data, name);
}

int irq_request_msi(int cpu, irq_fn fn, void *data, const char *name, struct msi_msg *msg)
{
	struct irq_action *a = action_make(fn, data, name);
	u32 irq;
	struct irq_desc *d;

	if (!a)
		return -ENOMEM;
	mutex_lock(&irq_mutex);
	for (irq = NR_LINES + 1; irq < NR_IRQS && descs[irq].vector; irq++)
		;
	if (irq == NR_IRQS)
		goto out_nospace;
	d = &descs[irq];
	d->vector = vector_alloc(irq);
	if (!d->vector)
		goto out_nospace;
	d->msi = true;
	d->level = false;
	d->cpu = pick_cpu(cpu);
	rcu_assign_pointer(d->actions, a);
	msg->addr = 0xfee00000ul | (u64)(cpu_apic_ids[d->cpu] & 0xff) << 12;
	msg->data = d->vector;
	mutex_unlock(&irq_mutex);
	return (int)irq;
out_nospace:
	mutex_unlock(&irq_mutex);
	kfree(a);
	return -ENOSPC;
}

void irq_free(int irq, void *data)
{
	struct irq_desc *d = &descs[irq];
	struct irq_action **p, *a;

	mutex_lock(&irq_mutex);
	for (p = &d->actions; (a = *p) != NULL; p = &a->next)
		if (a->data == data)
			break;
	if (!a) {
		mutex_unlock(&irq_mutex);
		WARN_ONCE(true);
		return;
	}
	rcu_assign_pointer(*p, a->next);
	if (!d->actions) {
		if (!d->msi)
			ioapic_mask(d->gsi, true);
		WRITE_ONCE(vector_irq[d->vector], 0);
		d->vector = 0;
		d->msi = false;
	}
	mutex_unlock(&irq_mutex);
	while (READ_ONCE(d->running))
		cpu_relax();
	synchronize_rcu();
	kfree(a);
}

bool irq_stat_next(int *irq, struct irq_stat *st)
{
	for (int i = *irq; i < NR_IRQS; i++) {
		struct irq_desc *d = &descs[i];
		struct irq_action *a;
		int cpu;

		if (!READ_ONCE(d->vector))
			continue;
		memset(st, 0, sizeof(*st));
		st->irq = d->msi ? i : i - 1;
		st->chip = d->msi ? "PCI-MSI" : "IO-APIC";
		preempt_disable();
		a = rcu_dereference(d->actions);
		st->name = a ? a->name : "";
		preempt_enable();
		for_each_possible_cpu(cpu)
			st->count[cpu] = per_cpu_ptr(irq_counts, cpu)[0][i];
		*irq = i + 1;
		return true;
	}
	return false;
}

u64 irq_total(int cpu)
{
	return per_cpu(irq_sum, cpu);
}
