/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Global descriptor table and task state segment of each CPU, its IST stacks, and the MSRs of
 * SYSCALL. The word right above each IST stack holds the CPU's per-CPU distance: an entry that
 * cannot trust GS (entry.S, paranoid) reads it from there.
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/layout.h>
#include <base/assert.h>
#include <core/percpu.h>
#include <core/slab.h>
#include <core/task_core.h>

struct cpu_desc {
	u64 gdt[12];
	struct tss tss;
};
static DEFINE_PERCPU_ALIGNED(struct cpu_desc, cpu_desc);
DEFINE_PERCPU(u64, percpu_kstack_top);
DEFINE_PERCPU(u64, percpu_user_sp);	/* scratch of the SYSCALL entry */
DEFINE_PERCPU(u64, percpu_this_offset);
DEFINE_PERCPU(u32, percpu_cpu_id);
u64 percpu_offset[MAX_CPUS] __ro_after_init;

extern char syscall_entry[], syscall32_entry[], boot_cpu_stack[];
extern const u64 boot_cpu_stack_size;

void set_kstack_top(u64 top)
{
	this_cpu_write(percpu_kstack_top, top);
	this_cpu_write(cpu_desc.tss.rsp[0], top);
}

static void fill_gdt(struct cpu_desc *d, int cpu)
{
	u64 tss = (u64)&d->tss;

	d->gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;
	d->gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
	/* No 32-bit user code segment: there are no 32-bit programs (design.md). SYSRET needs only the place. */
	d->gdt[USER_DS / 8] = 0x00cff3000000ffff;
	d->gdt[USER_CS / 8] = 0x00affb000000ffff;
	d->gdt[TSS_SEL / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	d->gdt[TSS_SEL / 8 + 1] = tss >> 32;
	/* A data segment whose limit user space reads with LSL: the CPU's number. */
	d->gdt[CPU_SEL / 8] = 0x0040f50000000000ull | (u64)cpu;
}

void gdt_cpu_init(int cpu)
{
	struct cpu_desc *d = per_cpu_ptr(cpu_desc, cpu);
	struct desc_ptr p = { sizeof(d->gdt) - 1, (u64)d->gdt };

	fill_gdt(d, cpu);
	d->tss.iomap_base = sizeof(struct tss);
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:\n\t"
			 "movl %2, %%ss\n\tmovl %3, %%ds\n\tmovl %3, %%es"
			 :: "m"(p), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(0) : "rax", "memory");
	__asm__ volatile("ltr %w0" :: "r"(TSS_SEL));
	idt_cpu_load();
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_CSTAR, (u64)syscall32_entry);
	wrmsr(MSR_SFMASK, FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_OF |
	      FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_AC | FLAG_ID);
	set_kstack_top((u64)boot_cpu_stack + boot_cpu_stack_size);
}

void gdt_alloc_ist(int cpu)
{
	struct cpu_desc *d = per_cpu_ptr(cpu_desc, cpu);

	for (int i = 0; i < NR_IST; i++) {
		char *stack = vmalloc(IST_STACK_SIZE, GFP_KERNEL);
		u64 *top;

		if (!stack)
			panic("no memory for the exception stacks of CPU %d", cpu);
		top = (u64 *)(stack + IST_STACK_SIZE - 16);
		*top = percpu_offset[cpu];
		d->tss.ist[i] = (u64)top;
	}
}
