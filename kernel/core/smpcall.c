/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Functions run on other CPUs, and work that asks to run in hard interrupt context of its own CPU.
 *
 * Each pair (caller, target) has one slot. The caller fills it and pushes it on the target's lock-free
 * list; the one who finds the list empty sends the interrupt. The target takes the whole list, turns
 * it round, runs the entries and frees the slots. A slot still in use from an earlier call without
 * `wait` is waited for.
 *
 * Who waits with interrupts off (an async call from such a section, its slot still busy) runs its own
 * list meanwhile: two CPUs may be waiting for each other.
 */
#include <base/math.h>
#include <core/hooks.h>
#include <core/smp.h>
#include <core/task_core.h>
#include "internal.h"

struct call_slot {
	struct call_slot *next;		/* [a] */
	void (*fn)(void *);
	void *arg;
	u32 busy;			/* [a] 1 from fill until it has run */
};

struct call_row {
	struct call_slot to[MAX_CPUS];	/* [o] the caller's, with preemption off */
};

static DEFINE_PERCPU_ALIGNED(struct call_row, call_rows);
static DEFINE_PERCPU_ALIGNED(struct call_slot *, call_list);	/* [a] calls to this CPU, newest first */
static DEFINE_PERCPU(struct irq_work *, irq_works);		/* [a] newest first */

/* Run all calls to this CPU, oldest first. Interrupts off. */
static void run_calls(void)
{
	struct call_slot *s = __atomic_exchange_n(this_cpu_ptr(call_list), NULL, __ATOMIC_ACQUIRE);
	struct call_slot *ordered = NULL;

	while (s) {
		struct call_slot *next = s->next;

		s->next = ordered;
		ordered = s;
		s = next;
	}
	while (ordered) {
		s = ordered;
		ordered = s->next;
		s->fn(s->arg);
		smp_store_release(&s->busy, 0);
	}
}

void smp_call_interrupt(void)
{
	run_calls();
	irq_work_run();
}

static void wait_slot(struct call_slot *s)
{
	while (smp_load_acquire(&s->busy)) {
		if (irqs_disabled())
			run_calls();
		cpu_relax();
	}
}

/* Queue the call; true if the target needs an interrupt. */
static bool post(int cpu, struct call_slot *s, void (*fn)(void *), void *arg)
{
	struct call_slot **list = per_cpu_ptr(call_list, cpu), *head;

	wait_slot(s);
	s->fn = fn;
	s->arg = arg;
	WRITE_ONCE(s->busy, 1);
	head = READ_ONCE(*list);
	do {
		s->next = head;
	} while (!try_cmpxchg(list, &head, s));
	return !head;
}

static void run_here(void (*fn)(void *), void *arg)
{
	u64 flags = irq_save();

	this_cpu_add(preempt_word, HARDIRQ_UNIT);
	fn(arg);
	this_cpu_sub(preempt_word, HARDIRQ_UNIT);
	irq_restore(flags);
}

void smp_call_mask(const struct cpumask *mask, void (*fn)(void *), void *arg, bool wait)
{
	struct cpumask sent, ipi;
	struct call_row *row;
	int cpu, self;

	ASSERT(!wait || !irqs_disabled() || cpumask_weight(&cpu_online_mask) < 2);
	preempt_disable();
	self = this_cpu_id();
	row = this_cpu_ptr(call_rows);
	cpumask_zero(&ipi);
	cpumask_and(&sent, mask, &cpu_online_mask);
	bitmap_clear_bit(sent.bits, (u64)self);
	for_each_cpu(cpu, &sent)
		if (post(cpu, &row->to[cpu], fn, arg))
			bitmap_set_bit(ipi.bits, (u64)cpu);
	if (!cpumask_empty(&ipi))
		arch_send_call_ipi(&ipi);
	if (cpumask_test(self, mask))
		run_here(fn, arg);
	if (wait)
		for_each_cpu(cpu, &sent)
			wait_slot(&row->to[cpu]);
	preempt_enable();
}

void smp_call_one(int cpu, void (*fn)(void *), void *arg, bool wait)
{
	struct cpumask m = { { 0 } };

	bitmap_set_bit(m.bits, (u64)cpu);
	smp_call_mask(&m, fn, arg, wait);
}

/* ---- irq work ---- */

void irq_work_queue(struct irq_work *w)
{
	struct irq_work **list, *head;
	struct cpumask self = { { 0 } };

	if (xchg(&w->pending, 1))
		return;
	preempt_disable();
	list = this_cpu_ptr(irq_works);
	head = READ_ONCE(*list);
	do {
		w->next = head;
	} while (!try_cmpxchg(list, &head, w));
	if (!head) {
		bitmap_set_bit(self.bits, (u64)this_cpu_id());
		arch_send_call_ipi(&self);
	}
	preempt_enable();
}

/* Interrupts off, hard interrupt context. */
void irq_work_run(void)
{
	struct irq_work *w;

	if (likely(!this_cpu_read(irq_works)))
		return;
	w = __atomic_exchange_n(this_cpu_ptr(irq_works), NULL, __ATOMIC_ACQUIRE);
	while (w) {
		struct irq_work *next = w->next;

		/* From here on it may be queued again. */
		smp_store_release(&w->pending, 0);
		w->fn(w);
		w = next;
	}
}
