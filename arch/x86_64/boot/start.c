/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The way of the boot CPU from entry.S to kernel_start(): early console, boot information, command
 * line, memory map, page tables, per-CPU areas, descriptor tables, CPU features, allocators,
 * interrupt controllers, clocks. Interrupts stay off until kernel_start() turns them on. Also the
 * questions of core/machine.h about what the boot loader brought.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/layout.h>
#include <asm/pgtable.h>
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/machine.h>
#include <core/mm_init.h>
#include <core/printk.h>
#include <core/task_core.h>
#include <core/upcall.h>
#include "boot.h"

static struct boot_info info __ro_after_init;
static u64 mem_limit __initdata = ~0ull;

/* Stack of the boot CPU, later of its idle task. */
char boot_cpu_stack[KSTACK_SIZE] __aligned(4096) __section(".bss.page_aligned");
const u64 boot_cpu_stack_size = KSTACK_SIZE;
DEFINE_PERCPU(struct task_core *, percpu_current);
const u64 pt_regs_size = sizeof(struct pt_regs);

static const void *map_low(u64 pa, u64 n)
{
	/* The early tables map 4 GiB one to one; a structure at 0 is never right. */
	return pa && pa < (4ull << 30) && n <= (4ull << 30) - pa ? (const void *)pa : NULL;
}

int __init early_boot_info(struct boot_info *bi)
{
	if (boot_low.protocol == 1)
		return pvh_parse(boot_low.info_pa, map_low, bi);
	if (!map_low(boot_low.info_pa, 8))
		return -1;
	return mb2_parse((const void *)boot_low.info_pa, boot_low.info_pa, bi);
}

static int __init mem_param(const char *v)
{
	char *end;
	u64 limit = memparse(v, &end);

	if (*end || limit < (16ul << 20))
		return -EINVAL;
	mem_limit = limit;
	return 0;
}
EARLY_KPARAM("mem", mem_param);

static const char *region_name(u32 type)
{
	static const char *const names[] = { "reserved", "usable", "reserved", "ACPI data", "ACPI NVS", "unusable" };

	return names[type < ARRAY_SIZE(names) ? type : 0];
}

/* The pages of [*start, *end) that are in region i, if it is RAM. False: none. */
static bool clip_to_ram(u32 i, u64 *start, u64 *end)
{
	const struct boot_region *r = &info.regions[i];

	*start = max(*start & PAGE_MASK, r->base);
	*end = min((*end + PAGE_SIZE - 1) & PAGE_MASK, r->base + r->size);
	return r->type == BOOT_MEM_RAM && *start < *end;
}

/*
 * Up to where is there memory without a gap from `at` on: RAM, or what the firmware keeps of it for itself beside RAM
 * (early_map.c maps that too)? QEMU lays an initrd over what SeaBIOS has taken for the rings of its third disk.
 */
static u64 __init memory_until(u64 at)
{
	bool more = true;

	while (more) {
		more = false;
		for (u32 i = 0; i < info.nr_regions; i++) {
			const struct boot_region *r = &info.regions[i];
			u64 end = r->base + r->size;

			if (r->base > at || end <= at || (r->type != BOOT_MEM_RAM && !firmware_memory(&info, r)))
				continue;
			at = end;
			more = true;
		}
	}
	return at;
}

/* Modules stay where the loader put them, above mem= as well: they are read there and then let go. */
static void __init modules_keep(void)
{
	u64 last[BOOT_MAX_MODULES];

	for (u32 i = 0; i < info.nr_modules; i++)
		last[i] = memory_until(info.modules[i].base);
	if (mem_limit != ~0ull)
		memblock_cap(mem_limit);
	for (u32 i = 0; i < info.nr_modules; i++) {
		const struct boot_module *m = &info.modules[i];
		u64 kept = 0;

		if (m->base + m->size > last[i] || m->base + m->size < m->base)
			panic("boot module %u at %#llx, %#llx bytes long, lies outside of memory: give the machine more memory",
			      i, (unsigned long long)m->base, (unsigned long long)m->size);
		for (u32 k = 0; k < info.nr_regions; k++) {
			u64 start = m->base, end = m->base + m->size;

			if (!clip_to_ram(k, &start, &end))
				continue;
			if (end > mem_limit)
				memblock_add(start, end - start);
			memblock_reserve(start, end - start);
			kept += end - start;
		}
		if (kept < m->size)
			pr_info("boot module %u lies on %llu KiB that the firmware keeps for itself\n", i,
				(unsigned long long)(m->size - kept + 1023) >> 10);
	}
}

static void __init memory_map(void)
{
	u64 image_end = image_phys(_end);
	bool image_ok = false;

	for (u32 i = 0; i < info.nr_regions; i++) {
		const struct boot_region *r = &info.regions[i];

		pr_info("memory %#014llx - %#014llx %s\n", (unsigned long long)r->base,
			(unsigned long long)(r->base + r->size - 1), region_name(r->type));
		if (r->type != BOOT_MEM_RAM)
			continue;
		memblock_add(r->base, r->size);
		if (r->base <= boot_low.start && r->base + r->size >= image_end)
			image_ok = true;
	}
	if (!image_ok)
		pr_warn("the boot loader put the kernel at %#llx - %#llx, which is not all usable memory\n",
			(unsigned long long)boot_low.start, (unsigned long long)image_end);
	/* The first page holds the BIOS's variables; the last 384 KiB of the first MiB its areas and the ROMs. */
	memblock_reserve(0, 0x1000);
	memblock_reserve(0x9f000, 0x100000 - 0x9f000);
	memblock_reserve(AP_TRAMPOLINE_PHYS, PAGE_SIZE);
	memblock_reserve(boot_low.start, image_end - boot_low.start);
	memblock_reserve(info.info_base, info.info_size);
	modules_keep();
	if (memblock_total() < (12ul << 20))
		panic("only %llu KiB of memory: Keel needs 16 MiB or more", (unsigned long long)memblock_total() >> 10);
}

/* The boot code runs as what will be the idle task of CPU 0. */
static void __init become_idle_task(void)
{
	struct task_core *t = sched_idle_task(0);

	t->stack = boot_cpu_stack;
	t->kthread = true;
	t->on_cpu = 1;
	t->canary = early_random() & ~0xfful;
	this_cpu_write(percpu_canary, t->canary);
	this_cpu_write(percpu_current, t);
	/* Nobody above us returns, so no one has read the old value. */
	this_cpu_write(percpu_canary, t->canary);
}

void __init arch_start(void)
{
	int err;

	become_idle_task();
	idt_init_early();
	features_init();
	err = early_boot_info(&info);
	earlycon_init(info.cmdline);
	cmdline_init(info.cmdline);
	features_apply_switches();
	features_cpu_setup();
	pr_info("Keel starts by %s, command line: %s\n", info.loader ? info.loader : "?", info.cmdline);
	if (err)
		panic("the boot loader's information is broken: no memory map");
	if (info.cmdline_cut)
		pr_warn("command line too long: cut at %d bytes\n", BOOT_CMDLINE_MAX - 1);
	if (info.dropped)
		pr_warn("boot information: %u entries dropped: too many or malformed\n", info.dropped);

	memory_map();
	early_direct_map(&info);
	final_map(&info);
	acpi_init(info.rsdp, info.rsdp_copy, info.rsdp_copy_len);
	smp_find_cpus();
	percpu_areas_init();
	gdt_cpu_init(0);
	alternatives_apply();
	core_early_init();
	mm_core_init();
	arch_protect_image();
	gdt_alloc_ist(0);
	idt_use_ist();
	fpu_init();
	apic_init();
	clocks_init();
	kernel_start();
}

/* ---- core/machine.h ---- */

const void *boot_module(unsigned int i, size_t *size)
{
	if (i >= info.nr_modules)
		return NULL;
	*size = info.modules[i].size;
	return phys_virt(info.modules[i].base);
}

void boot_modules_free(void)
{
	for (u32 i = 0; i < info.nr_modules; i++) {
		for (u32 k = 0; k < info.nr_regions; k++) {
			u64 start = info.modules[i].base, end = start + info.modules[i].size;

			if (clip_to_ram(k, &start, &end))
				mem_release(start, end);
		}
	}
	info.nr_modules = 0;
}

bool boot_framebuffer(struct boot_framebuffer *fb)
{
	if (!info.fb.addr)
		return false;
	fb->addr = paddr(info.fb.addr);
	fb->width = info.fb.width;
	fb->height = info.fb.height;
	fb->pitch = info.fb.pitch;
	fb->bpp = info.fb.bpp;
	fb->red_pos = info.fb.red_pos;
	fb->red_size = info.fb.red_size;
	fb->green_pos = info.fb.green_pos;
	fb->green_size = info.fb.green_size;
	fb->blue_pos = info.fb.blue_pos;
	fb->blue_size = info.fb.blue_size;
	fb->text = info.fb.text;
	return true;
}
