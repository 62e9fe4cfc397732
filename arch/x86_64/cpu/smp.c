/* SPDX-License-Identifier: MPL-2.0 */
/*
 * CPUs: which there are, their per-CPU areas, and their start (INIT, start-up interrupt, trampoline).
 * One at a time: the boot CPU prepares stack and area, sends, waits until the other says it is in
 * cpu_online_mask. maxcpus=n starts n in all, nosmp and maxcpus=0 only the boot CPU.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/layout.h>
#include <asm/pgtable.h>
#include <base/assert.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/mm_init.h>
#include <core/page.h>
#include <core/percpu.h>
#include <core/pgtable.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/upcall.h>

u32 cpu_apic_ids[MAX_CPUS] __ro_after_init;
static int max_cpus __ro_after_init = MAX_CPUS;
static u32 online_ack;			/* [a] number of the CPU that came up last */

/* Read by ap_start_asm. */
u64 ap_boot_stack, ap_boot_offset;
static u32 percpu_boot_cpu;		/* [a] who is being started */

extern char ap_trampoline_start[], ap_trampoline_end[], ap_trampoline_cr3[], ap_trampoline_efer[],
	ap_trampoline_entry[], ap_start_asm[];
__noreturn void ap_start(void);

static int __init maxcpus_param(const char *v)
{
	int n, err = kstrtoint(v, 10, &n);

	if (err || n < 0)
		return -EINVAL;
	max_cpus = n ? n : 1;
	return 0;
}
EARLY_KPARAM("maxcpus", maxcpus_param);

static int __init nosmp_param(const char *v)
{
	(void)v;
	max_cpus = 1;
	return 0;
}
EARLY_KPARAM("nosmp", nosmp_param);

/* Number the CPUs: the boot CPU is 0, the others in the table's order. */
void __init smp_find_cpus(void)
{
	u32 boot_id = cpuid(1, 0).ebx >> 24;

	if (cpu_has(X86_X2APIC) && cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx)
		boot_id = cpuid(0xb, 0).edx;
	cpu_apic_ids[0] = boot_id;
	nr_cpus = 1;
	for (u32 i = 0; i < acpi.nr_cpus; i++) {
		if (acpi.cpus[i].apic_id == boot_id || nr_cpus >= MAX_CPUS || nr_cpus >= max_cpus)
			continue;
		if (acpi.cpus[i].apic_id > 255 && !cpu_has(X86_X2APIC))
			continue;
		cpu_apic_ids[nr_cpus] = acpi.cpus[i].apic_id;
		cpumask_set(nr_cpus++, &cpu_possible_mask);
	}
}

void __init percpu_areas_init(void)
{
	u64 static_size = (u64)(__percpu_end - __percpu_start);
	u64 size = ALIGN_UP(static_size + PERCPU_DYNAMIC_FIRST, PAGE_SIZE);
	u64 pa = memblock_alloc(size * (u64)nr_cpus, PAGE_SIZE);
	char *base;

	if (!pa)
		panic("no memory for the areas of %d CPUs", nr_cpus);
	base = phys_virt(pa);
	memset(base, 0, size * (u64)nr_cpus);
	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		char *area = base + (u64)cpu * size;

		memcpy(area, __percpu_start, static_size);
		percpu_offset[cpu] = (u64)area - (u64)__percpu_start;
		per_cpu(percpu_this_offset, cpu) = percpu_offset[cpu];
		per_cpu(percpu_cpu_id, cpu) = (u32)cpu;
	}
	wrmsr(MSR_GS_BASE, percpu_offset[0]);
	percpu_init_first((u64)__percpu_start, static_size, size, size);
}

/* The trampoline needs its page one to one below 4 GiB: a top table of its own beside the kernel's half. */
static u64 *trampoline_tables(u64 **mem)
{
	u64 *t = page_alloc(2, GFP_KERNEL | GFP_ZERO | GFP_DMA32);

	if (!t)
		return NULL;
	*mem = t;
	memcpy(t + 256, kernel_pgtable->root + 256, 256 * sizeof(u64));
	t[0] = virt_phys(t + 512) | KPT_TABLE;
	t[512] = virt_phys(t + 1024) | KPT_TABLE;
	t[1024] = 0 | _PAGE_PRESENT | _PAGE_RW | _PAGE_PSE;
	return t;
}

static void trampoline_prepare(const u64 *tables, u64 low_copy)
{
	char *p = phys_virt(AP_TRAMPOLINE_PHYS);
	u64 entry = (u64)ap_start_asm;
	u32 cr3 = (u32)low_copy, efer = EFER_LME | (cpu_has(X86_NX) ? EFER_NXE : 0);

	(void)tables;
	memcpy(p, ap_trampoline_start, (size_t)(ap_trampoline_end - ap_trampoline_start));
	memcpy(p + (ap_trampoline_cr3 - ap_trampoline_start), &cr3, 4);
	memcpy(p + (ap_trampoline_efer - ap_trampoline_start), &efer, 4);
	memcpy(p + (ap_trampoline_entry - ap_trampoline_start), &entry, 8);
}

/* First C of another CPU: on its idle task's stack, with its GS base, interrupts off. */
__noreturn void ap_start(void)
{
	int cpu = (int)__atomic_load_n(&percpu_boot_cpu, __ATOMIC_ACQUIRE);

	write_cr3(kernel_root_phys());
	features_cpu_setup();
	gdt_cpu_init(cpu);
	wrmsr(MSR_GS_BASE, percpu_offset[cpu]);
	fpu_cpu_init();
	apic_cpu_init();
	timer_cpu_init(cpu);
	cpumask_set(cpu, &cpu_online_mask);
	__atomic_store_n(&online_ack, (u32)cpu, __ATOMIC_RELEASE);
	tsc_warp_target();
	sched_cpu_start();
}

static bool wait_ack(int cpu, u32 ms)
{
	for (u32 i = 0; i < ms * 20; i++) {
		if (__atomic_load_n(&online_ack, __ATOMIC_ACQUIRE) == (u32)cpu)
			return true;
		tsc_udelay(50);
	}
	return false;
}

static int boot_one(int cpu)
{
	struct task_core *idle = sched_idle_task(cpu);

	if (!idle || !idle->stack)
		return -ENOMEM;
	gdt_alloc_ist(cpu);
	per_cpu(percpu_current, cpu) = idle;
	per_cpu(percpu_canary, cpu) = idle->canary;
	idle->cpu = cpu;
	idle->on_cpu = 1;
	ap_boot_stack = (u64)task_user_regs(idle);
	ap_boot_offset = percpu_offset[cpu];
	__atomic_store_n(&percpu_boot_cpu, (u32)cpu, __ATOMIC_RELEASE);
	apic_send_init(cpu_apic_ids[cpu]);
	/* Old machines want 10 ms here; emulated and modern ones nothing. */
	tsc_udelay(cpu_has(X86_HYPERVISOR) ? 100 : 10000);
	apic_send_startup(cpu_apic_ids[cpu], AP_TRAMPOLINE_PHYS >> 12);
	if (wait_ack(cpu, 10))
		return 0;
	apic_send_startup(cpu_apic_ids[cpu], AP_TRAMPOLINE_PHYS >> 12);
	return wait_ack(cpu, 2000) ? 0 : -ENODEV;
}

void smp_boot_aps(void)
{
	u64 *mem = NULL, *tables;
	int up = 1;

	if (nr_cpus == 1)
		return;
	tables = trampoline_tables(&mem);
	if (!tables || virt_phys(tables) >= 1ull << 32) {
		pr_err("no memory to start the other CPUs\n");
		return;
	}
	trampoline_prepare(tables, virt_phys(tables));
	for (int cpu = 1; cpu < nr_cpus; cpu++) {
		int err = boot_one(cpu);

		if (err) {
			pr_err("CPU %d (APIC id %u) does not start: %d\n", cpu, cpu_apic_ids[cpu], err);
			/* A late riser must not find a stack that another uses: stop here. */
			break;
		}
		tsc_warp_source();
		up++;
	}
	tsc_warp_verdict();
	page_free(mem, 2);
	pr_info("%d of %d CPUs run\n", up, nr_cpus);
}

void cpu_topology(int cpu, u32 *package, u32 *core, u32 *cores, u32 *siblings)
{
	u32 smt_shift = 0, core_shift = 0, id = cpu_apic_ids[cpu];

	if (cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx) {
		smt_shift = cpuid(0xb, 0).eax & 31;
		core_shift = cpuid(0xb, 1).ebx ? cpuid(0xb, 1).eax & 31 : smt_shift;
	} else if (cpu_has(X86_HT)) {
		u32 n = cpuid(1, 0).ebx >> 16 & 0xff;

		while ((1u << core_shift) < n)
			core_shift++;
	}
	*package = id >> core_shift;
	*core = (id & ((1u << core_shift) - 1)) >> smt_shift;
	*cores = *siblings = 0;
	for (int i = 0; i < nr_cpus; i++) {
		if (cpu_apic_ids[i] >> core_shift != *package || !cpumask_test(i, &cpu_online_mask))
			continue;
		(*siblings)++;
		if (!(cpu_apic_ids[i] & ((1u << smt_shift) - 1)))
			(*cores)++;
	}
	if (!*cores)
		*cores = 1;
}

/* The scheduler has polled already if that pays (kernel/sched/idle.c). */
void cpu_idle_wait(void)
{
	irq_enable_and_halt();
}
