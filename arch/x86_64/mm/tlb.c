/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which page tables a CPU has loaded, and how the others learn that entries changed.
 *
 * pt->cpus has a bit for each CPU that has pt loaded, running it or lazily (a kernel thread runs on
 * borrowed tables). pt->tlb_gen counts changes; each CPU remembers up to which it has flushed. A
 * flusher raises the generation, then sends the range to the CPUs of the mask; lazy ones are left
 * alone (unless tables were freed: the CPU may walk those at any time) and compare generations when
 * they run user code of pt again.
 *
 *   flusher:  change entries; gen++ ; full barrier (A); read cpus and lazy
 *   switcher: set cpus bit / clear lazy ; full barrier (B); read gen; flush if behind
 *
 * With PCID a CPU keeps the entries of the last few address spaces, by id and generation; a slot that
 * is behind is flushed when loaded again, so leaving the mask costs nothing. All with interrupts off
 * on the CPU concerned; no locks.
 */
#include <asm/cpu.h>
#include <asm/boot.h>
#include <asm/features.h>
#include <asm/pgtable.h>
#include <base/assert.h>
#include <core/cpumask.h>
#include <core/hooks.h>
#include <core/pgtable.h>
#include <core/preempt.h>
#include <core/smp.h>
#include <core/task_core.h>

#define NR_SLOTS	6
#define CR3_NOFLUSH	(1ul << 63)
#define FLUSH_ALL_ABOVE	33		/* pages; beyond that one full flush is cheaper */

struct tlb_slot {
	u64 id;				/* pgtable.id, 0: free */
	u64 gen;			/* flushed up to here */
};

struct tlb_state {
	struct pgtable *loaded;		/* [o] NULL: only kernel tables */
	u32 slot;			/* [o] of loaded; PCID is slot + 1 */
	u32 next;			/* [o] slot to be taken next */
	u32 lazy;			/* [o] written here, read by flushers */
	struct tlb_slot slots[NR_SLOTS];	/* [o]; without PCID only slot 0 */
};
static DEFINE_PERCPU_ALIGNED(struct tlb_state, tlb_state);

static void load_root(u64 root, u32 slot, bool keep)
{
	if (cpu_has(X86_PCID))
		write_cr3(root | (slot + 1) | (keep ? CR3_NOFLUSH : 0));
	else
		write_cr3(root);
}

/* Find pt's slot or take the oldest. True when what it holds is up to date with gen. */
static bool slot_choose(struct tlb_state *s, const struct pgtable *pt, u64 gen)
{
	u32 i;

	if (!cpu_has(X86_PCID)) {
		s->slot = 0;
		s->slots[0] = (struct tlb_slot){ pt->id, gen };
		return false;
	}
	for (i = 0; i < NR_SLOTS; i++) {
		if (s->slots[i].id != pt->id)
			continue;
		bool fresh = s->slots[i].gen == gen;

		s->slot = i;
		s->slots[i].gen = gen;
		return fresh;
	}
	s->slot = s->next;
	s->next = (s->next + 1) % NR_SLOTS;
	s->slots[s->slot] = (struct tlb_slot){ pt->id, gen };
	return false;
}

static void flush_loaded_all(struct tlb_state *s, u64 gen)
{
	s->slots[s->slot].gen = gen;
	/* A plain load drops everything of this PCID that is not global. */
	load_root(s->loaded->root_phys, s->slot, false);
}

void pgtable_switch(struct pgtable *prev, struct pgtable *next)
{
	struct tlb_state *s = this_cpu_ptr(tlb_state);
	int cpu = this_cpu_id();
	u64 gen;

	(void)prev;
	if (!next) {
		if (s->loaded)
			WRITE_ONCE(s->lazy, 1);
		return;
	}
	if (s->loaded == next) {
		if (!s->lazy)
			return;
		WRITE_ONCE(s->lazy, 0);
		smp_mb();		/* (B) */
		gen = (u64)atomic64_read(&next->tlb_gen);
		if (s->slots[s->slot].gen != gen)
			flush_loaded_all(s, gen);
		return;
	}
	if (s->loaded)
		cpumask_clear(cpu, &s->loaded->cpus);
	WRITE_ONCE(s->loaded, next);
	WRITE_ONCE(s->lazy, 0);
	cpumask_set(cpu, &next->cpus);
	smp_mb();			/* (B) */
	gen = (u64)atomic64_read(&next->tlb_gen);
	load_root(next->root_phys, s->slot, slot_choose(s, next, gen));
}

/* Back to the kernel's own tables. */
static void leave_loaded(struct tlb_state *s)
{
	struct pgtable *pt = s->loaded;

	if (!pt)
		return;
	WRITE_ONCE(s->loaded, NULL);
	WRITE_ONCE(s->lazy, 0);
	write_cr3(kernel_root_phys());
	cpumask_clear(this_cpu_id(), &pt->cpus);
}

void pgtable_drop_lazy(struct pgtable *pt)
{
	struct tlb_state *s = this_cpu_ptr(tlb_state);
	u64 flags = irq_save();

	/* Lazily, or by a task that has given its address space up (exit) and not switched since. */
	if (s->loaded == pt && (s->lazy || current_core()->pt != pt))
		leave_loaded(s);
	irq_restore(flags);
}

/* ---- user flushes ---- */

struct flush_info {
	struct pgtable *pt;
	u64 start, end, gen;
	bool freed_tables;
};

static void flush_here(void *arg)
{
	const struct flush_info *f = arg;
	struct tlb_state *s = this_cpu_ptr(tlb_state);
	u64 have;

	if (s->loaded != f->pt)
		return;
	if (s->lazy) {
		/* It may speculate through freed tables: off them. What it holds is checked when it comes back. */
		leave_loaded(s);
		return;
	}
	have = s->slots[s->slot].gen;
	if (have >= f->gen)
		return;			/* a full flush for a later change covered ours */
	if (have + 1 == f->gen && (f->end - f->start) >> PAGE_SHIFT <= FLUSH_ALL_ABOVE) {
		for (u64 a = f->start; a < f->end; a += PAGE_SIZE)
			invlpg(a);
		s->slots[s->slot].gen = f->gen;
		return;
	}
	flush_loaded_all(s, (u64)atomic64_read(&f->pt->tlb_gen));
}

void tlb_flush_user(struct pgtable *pt, u64 start, u64 end, bool freed_tables)
{
	struct flush_info f = { pt, start & PAGE_MASK, (end + PAGE_SIZE - 1) & PAGE_MASK, 0, freed_tables };
	struct cpumask mask;
	int cpu, self;

	f.gen = (u64)atomic64_add_return(&pt->tlb_gen, 1);	/* full barrier (A) */
	preempt_disable();
	self = this_cpu_id();
	if (cpumask_test(self, &pt->cpus)) {
		u64 flags = irq_save();

		flush_here(&f);
		irq_restore(flags);
	}
	mask = pt->cpus;
	cpumask_clear(self, &mask);
	if (!freed_tables)
		for_each_cpu(cpu, &mask)
			if (READ_ONCE(per_cpu(tlb_state, cpu).lazy))
				cpumask_clear(cpu, &mask);
	if (!cpumask_empty(&mask))
		smp_call_mask(&mask, flush_here, &f, true);
	preempt_enable();
}

/* ---- kernel flushes ---- */

static void flush_all_here(void)
{
	if (cpu_has(X86_INVPCID)) {
		invpcid(2, 0, 0);
	} else if (cpu_has(X86_PGE)) {
		u64 cr4 = read_cr4();

		write_cr4(cr4 & ~(u64)CR4_PGE);	/* drops everything of every PCID, globals too */
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

static void flush_kernel_here(void *arg)
{
	const struct flush_info *f = arg;

	if ((f->end - f->start) >> PAGE_SHIFT > FLUSH_ALL_ABOVE) {
		u64 flags = irq_save();

		flush_all_here();
		irq_restore(flags);
		return;
	}
	for (u64 a = f->start; a < f->end; a += PAGE_SIZE)
		invlpg(a);
}

void tlb_flush_kernel(u64 start, u64 end)
{
	struct flush_info f = { NULL, start & PAGE_MASK, (end + PAGE_SIZE - 1) & PAGE_MASK, 0, false };
	struct cpumask mask;

	preempt_disable();
	flush_kernel_here(&f);
	mask = cpu_online_mask;
	cpumask_clear(this_cpu_id(), &mask);
	if (!cpumask_empty(&mask))
		smp_call_mask(&mask, flush_kernel_here, &f, true);
	preempt_enable();
}
