/* SPDX-License-Identifier: MPL-2.0 */
/*
 * FPU, vector registers and user segments of tasks.
 *
 * The kernel never uses them, so a user task's are live whenever it is current. Switching away saves
 * them; switching to a task loads them, unless this CPU still holds them (it ran only kernel threads
 * since): percpu user_owner names whose they are, fpu_state.last_cpu where a state was live last.
 * XSAVEOPT, XSAVE or FXSAVE by CPUID, standard format, so the area is what a signal frame wants.
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/fpu.h>
#include <base/assert.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/machine.h>
#include <core/percpu.h>
#include <core/preempt.h>
#include <core/printk.h>
#include <core/sigframe.h>
#include <core/slab.h>
#include <core/task_core.h>
#include <core/usercopy.h>
#include <uapi/linux/signal.h>

#define XFEATURE_WANTED	0xe7ul		/* x87, SSE, AVX, AVX-512's three */

u32 xstate_size __ro_after_init = XSAVE_LEGACY;
u64 xstate_mask __ro_after_init = 3;
u32 mxcsr_mask __ro_after_init = 0xffbf;
static struct kmem_cache *cache __ro_after_init;
/* The initial state at full size, with what a signal frame wants around it; loaded and copied from. */
static struct fpu_state *init_state __ro_after_init;

/* Whose user registers this CPU holds; a kernel thread running does not change that. */
static DEFINE_PERCPU(struct task_core *, user_owner);

static void xsetbv(u64 v)
{
	__asm__ volatile("xsetbv" :: "c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

static void area_save(u8 *area)
{
	u32 lo = (u32)xstate_mask, hi = (u32)(xstate_mask >> 32);

	if (cpu_has(X86_XSAVEOPT))
		__asm__ volatile("xsaveoptq (%0)" :: "r"(area), "a"(lo), "d"(hi) : "memory");
	else if (cpu_has(X86_XSAVE))
		__asm__ volatile("xsaveq (%0)" :: "r"(area), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ volatile("fxsaveq (%0)" :: "r"(area) : "memory");
}

static int area_load(const u8 *area)
{
	return cpu_has(X86_XSAVE) ? xrstor_safe(area, xstate_mask) : fxrstor_safe(area);
}

void fpu_cpu_init(void)
{
	u32 mxcsr = 0x1f80;

	if (cpu_has(X86_XSAVE)) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		xsetbv(xstate_mask);
	}
	__asm__ volatile("fninit; ldmxcsr %0" :: "m"(mxcsr));
	this_cpu_write(user_owner, (struct task_core *)NULL);
}

/* The bytes that the CPU leaves alone and that tell a signal frame's reader what it holds. */
static void __init frame_words_init(u8 *area)
{
	struct fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1, .extended_size = xstate_size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = xstate_mask, .xstate_size = xstate_size,
	};
	u32 magic2 = FP_XSTATE_MAGIC2;

	if (!cpu_has(X86_XSAVE))
		return;
	memcpy(area + offsetof(struct fpstate, sw_reserved), &sw, sizeof(sw));
	memcpy(area + xstate_size, &magic2, sizeof(magic2));
}

void __init fpu_init(void)
{
	u8 legacy[XSAVE_LEGACY] __aligned(64), *area;
	u32 v;

	if (cpu_has(X86_XSAVE)) {
		struct cpuid_regs r = cpuid(0xd, 0);

		xstate_mask = (r.eax | (u64)r.edx << 32) & XFEATURE_WANTED;
		/* AVX-512's parts come together and with AVX. */
		if ((xstate_mask & 0xe4) != 0xe4 || !cpu_has(X86_AVX512F))
			xstate_mask &= ~0xe0ul;
		if (!cpu_has(X86_AVX))
			xstate_mask &= 3;
	}
	fpu_cpu_init();
	if (cpu_has(X86_XSAVE))
		xstate_size = cpuid(0xd, 0).ebx;	/* of what XCR0 has now */
	__asm__ volatile("fxsaveq (%0)" :: "r"(legacy) : "memory");
	memcpy(&v, legacy + 28, 4);
	if (v)
		mxcsr_mask = v;
	cache = kmem_cache_create("fpu_state", sizeof(struct fpu_state) + xstate_size + FP_XSTATE_MAGIC2_SIZE, 64, 0, NULL);
	init_state = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	if (!init_state)
		panic("no memory for FPU states");
	memset(init_state, 0, sizeof(*init_state) + xstate_size + FP_XSTATE_MAGIC2_SIZE);
	area = init_state->area;
	area[0] = 0x7f;				/* control word 0x37f: all masked, 64 bit */
	area[1] = 0x03;
	v = 0x1f80;
	memcpy(area + 24, &v, 4);
	frame_words_init(area);
	pr_info("FPU: %s, %u bytes, features %#llx\n",
		cpu_has(X86_XSAVEOPT) ? "xsaveopt" : cpu_has(X86_XSAVE) ? "xsave" : "fxsave", xstate_size,
		(unsigned long long)xstate_mask);
}

void fpu_area_seal(struct fpu_state *f)
{
	const u32 off = offsetof(struct fpstate, sw_reserved);

	memcpy(f->area + off, init_state->area + off, sizeof(struct fpx_sw_bytes));
}

void fpu_init_area(struct fpu_state *f)
{
	memcpy(f->area, init_state->area, xstate_size + FP_XSTATE_MAGIC2_SIZE);
	f->last_cpu = -1;
	f->ds = f->es = f->fs = f->gs = 0;
}

struct fpu_state *fpu_alloc(void)
{
	struct fpu_state *f = kmem_cache_alloc(cache, GFP_KERNEL);

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	fpu_init_area(f);
	return f;
}

void fpu_free(struct fpu_state *f)
{
	if (f)
		kmem_cache_free(cache, f);
}

void fpu_save_current(void)
{
	area_save(current_core()->fpu->area);
}

void fpu_save_full(void)
{
	u8 *area = current_core()->fpu->area;

	if (cpu_has(X86_XSAVE))
		__asm__ volatile("xsaveq (%0)" :: "r"(area), "a"((u32)xstate_mask), "d"((u32)(xstate_mask >> 32)) : "memory");
	else
		__asm__ volatile("fxsaveq (%0)" :: "r"(area) : "memory");
}

void fpu_load_init_current(void)
{
	VERIFY(area_load(init_state->area) == 0);
}

int fpu_load_current(void)
{
	int err = area_load(current_core()->fpu->area);

	if (err) {
		fpu_load_init_current();
		return -EINVAL;
	}
	return 0;
}

static void segments_save(struct task_core *t)
{
	struct fpu_state *f = t->fpu;

	__asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
			 : "=m"(f->ds), "=m"(f->es), "=m"(f->fs), "=m"(f->gs));
	if (cpu_has(X86_FSGSBASE)) {
		t->fsbase = rdfsbase();
		swapgs();
		t->gsbase = rdgsbase();
		swapgs();
	} else if (unlikely(f->fs | f->gs)) {
		/* A program that loads selectors by itself changes the bases with them. */
		t->fsbase = rdmsr(MSR_FS_BASE);
		t->gsbase = rdmsr(MSR_KERNEL_GS_BASE);
	}
}

/* Selectors that a user program may have put there: null, or our user data; others were faults already. */
static void selectors_load(const struct fpu_state *f)
{
	u16 now_ds, now_es, now_fs, now_gs;

	__asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
			 : "=m"(now_ds), "=m"(now_es), "=m"(now_fs), "=m"(now_gs));
	if (unlikely((now_ds ^ f->ds) | (now_es ^ f->es)))
		__asm__ volatile("movw %0, %%ds; movw %1, %%es" :: "rm"(f->ds), "rm"(f->es));
	if (unlikely(now_fs ^ f->fs))
		__asm__ volatile("movw %0, %%fs" :: "rm"(f->fs));
	/* Loading GS changes the active base, which is the kernel's: do it on the other side. */
	if (unlikely(now_gs ^ f->gs))
		__asm__ volatile("swapgs; movw %0, %%gs; swapgs" :: "rm"(f->gs) : "memory");
}

void fpu_switch_out(struct task_core *prev)
{
	if (!prev->fpu)
		return;
	area_save(prev->fpu->area);
	segments_save(prev);
}

void fpu_switch_in(struct task_core *next)
{
	struct fpu_state *f = next->fpu;
	int cpu = this_cpu_id();

	if (!f || (this_cpu_read(user_owner) == next && f->last_cpu == cpu))
		return;
	this_cpu_write(user_owner, next);
	f->last_cpu = cpu;
	if (unlikely(area_load(f->area)))
		panic("FPU state of a task is broken");
	selectors_load(f);
	if (cpu_has(X86_FSGSBASE)) {
		wrfsbase(next->fsbase);
		swapgs();
		wrgsbase(next->gsbase);
		swapgs();
	} else {
		wrmsr(MSR_FS_BASE, next->fsbase);
		wrmsr(MSR_KERNEL_GS_BASE, next->gsbase);
	}
}

/* ---- core/sigframe.h: bases, reset, fault details ---- */

void fpu_reset_current(void)
{
	struct task_core *t = current_core();

	preempt_disable();
	fpu_init_area(t->fpu);
	VERIFY(area_load(t->fpu->area) == 0);
	t->fsbase = t->gsbase = 0;
	selectors_load(t->fpu);
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	t->fpu->last_cpu = this_cpu_id();
	this_cpu_write(user_owner, t);
	preempt_enable();
}

int user_set_fsbase(u64 base)
{
	struct task_core *t = current_core();

	if (base >= USER_END)
		return -EPERM;
	preempt_disable();
	__asm__ volatile("movw %w0, %%fs" :: "r"(0));
	t->fsbase = base;
	if (cpu_has(X86_FSGSBASE))
		wrfsbase(base);
	else
		wrmsr(MSR_FS_BASE, base);
	preempt_enable();
	return 0;
}

int user_set_gsbase(u64 base)
{
	struct task_core *t = current_core();

	if (base >= USER_END)
		return -EPERM;
	preempt_disable();
	__asm__ volatile("swapgs; movw %w0, %%gs; swapgs" :: "r"(0) : "memory");
	t->gsbase = base;
	wrmsr(MSR_KERNEL_GS_BASE, base);
	preempt_enable();
	return 0;
}

u64 user_fsbase(void)
{
	return cpu_has(X86_FSGSBASE) ? rdfsbase() : current_core()->fsbase;
}

u64 user_gsbase(void)
{
	u64 v;

	if (!cpu_has(X86_FSGSBASE))
		return current_core()->gsbase;
	preempt_disable();
	v = rdmsr(MSR_KERNEL_GS_BASE);
	preempt_enable();
	return v;
}

struct fault_info *current_fault_info(void)
{
	static struct fault_info none;	/* kernel threads have none; nobody reads it */

	return current_core()->fpu ? &current_core()->fpu->fault : &none;
}

void user_fault_info_set(int trapno, u64 error, u64 cr2)
{
	*current_fault_info() = (struct fault_info){ (u64)trapno, error, cr2 };
}

/* Frame: registers, ucontext, siginfo, FPU state, red zone and alignment (AT_MINSIGSTKSZ). */
u64 arch_minsigstksz(void)
{
	return (8 + 304 + 128 + xstate_size + 4 + 64 + 128 + 63) & ~63ul;
}
