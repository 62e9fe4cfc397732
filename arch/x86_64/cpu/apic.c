/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The local APIC of each CPU: x2APIC (MSRs) where CPUID has it, else the memory-mapped one; its
 * one-shot timer, by TSC deadline where that works, else counting down. The 8259s are told to use
 * harmless vectors and masked.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/features.h>
#include <asm/fixmap.h>
#include <base/assert.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/timer.h>

enum {
	APIC_ID = 0x20, APIC_VERSION = 0x30, APIC_TPR = 0x80, APIC_EOI = 0xb0, APIC_LDR = 0xd0, APIC_DFR = 0xe0,
	APIC_SVR = 0xf0, APIC_ESR = 0x280, APIC_ICR = 0x300, APIC_ICR_HIGH = 0x310, APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330, APIC_LVT_PERF = 0x340, APIC_LVT_LINT0 = 0x350, APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370, APIC_TIMER_INIT = 0x380, APIC_TIMER_NOW = 0x390, APIC_TIMER_DIV = 0x3e0,
};
#define LVT_MASKED		(1u << 16)
#define LVT_DEADLINE		(2u << 17)
#define ICR_PENDING		(1u << 12)
#define ICR_ASSERT		(1u << 14)
#define APIC_BASE_ENABLE	(1u << 11)
#define APIC_BASE_X2		(1u << 10)

bool apic_up __ro_after_init;
static bool x2 __ro_after_init, deadline __ro_after_init;
static u64 timer_hz __ro_after_init;	/* of the counter, after division */
static u64 ticks_per_ns __ro_after_init;	/* of what is programmed, << 32 */

static u32 apic_read(u32 reg)
{
	if (x2)
		return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
	return *(volatile u32 *)((volatile char *)fixmap_addr(FIX_LAPIC) + reg);
}

static void apic_write(u32 reg, u32 v)
{
	if (x2)
		wrmsr(MSR_X2APIC + (reg >> 4), v);
	else
		*(volatile u32 *)((volatile char *)fixmap_addr(FIX_LAPIC) + reg) = v;
}

bool x2apic_active(void) { return x2; }
void apic_eoi(void) { apic_write(APIC_EOI, 0); }
u32 cpu_apic_id(int cpu) { return cpu_apic_ids[cpu]; }

u32 apic_read_id(void)
{
	return x2 ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

static void icr_write(u32 apic_id, u32 v)
{
	u64 flags;

	if (x2) {
		/* Not ordered with earlier stores by itself, as the memory-mapped one is. */
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)apic_id << 32 | v);
		return;
	}
	flags = irq_save();
	while (apic_read(APIC_ICR) & ICR_PENDING)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR, v);
	irq_restore(flags);
}

void apic_send_ipi(u32 id, u32 vector) { icr_write(id, ICR_ASSERT | vector); }
void apic_send_nmi(u32 id) { icr_write(id, ICR_ASSERT | 4u << 8); }
void apic_send_init(u32 id) { icr_write(id, ICR_ASSERT | 5u << 8); }
void apic_send_startup(u32 id, u32 page) { icr_write(id, ICR_ASSERT | 6u << 8 | page); }

/* ---- the timer ---- */

void arch_timer_program(u64 monotonic_ns)
{
	u64 now, delta, ticks;

	if (!apic_up)
		return;
	if (monotonic_ns == ~0ull) {
		if (deadline)
			wrmsr(MSR_TSC_DEADLINE, 0);
		else
			apic_write(APIC_TIMER_INIT, 0);
		return;
	}
	now = clock_monotonic_ns();
	delta = monotonic_ns > now ? monotonic_ns - now : 0;
	if (delta > 60ull * NSEC_PER_SEC)
		delta = 60ull * NSEC_PER_SEC;	/* asked again then */
	if (deadline) {
		ticks = (u64)((unsigned __int128)delta * ticks_per_ns >> 32);
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + ticks + 1);
		return;
	}
	ticks = (u64)((unsigned __int128)delta * ticks_per_ns >> 32) + 1;
	if (ticks > 0xffffffff)
		ticks = 0xffffffff;
	apic_write(APIC_TIMER_INIT, (u32)ticks);
}

static void timer_vector(unsigned int v)
{
	(void)v;
	timer_interrupt();
}

/* Boot CPU: how fast does the counter run, against the clock that is running already? */
void __init apic_timer_calibrate(void)
{
	u64 best = 0;

	if (cpu_has(X86_TSC_DEADLINE) && tsc_works()) {
		deadline = true;
	} else {
		for (int i = 0; i < 3; i++) {
			u64 t0, t1;
			u32 left;

			apic_write(APIC_LVT_TIMER, LVT_MASKED | VEC_TIMER);
			apic_write(APIC_TIMER_DIV, 0x3);	/* by 16 */
			t0 = clock_raw_ns();
			apic_write(APIC_TIMER_INIT, 0xffffffff);
			do {
				t1 = clock_raw_ns();
			} while (t1 - t0 < 3 * NSEC_PER_MSEC);
			left = apic_read(APIC_TIMER_NOW);
			t1 = clock_raw_ns();
			best += (u64)(0xffffffff - left) * NSEC_PER_SEC / (t1 - t0);
		}
		timer_hz = best / 3;
		apic_write(APIC_TIMER_INIT, 0);
		if (!timer_hz)
			panic("the local APIC's timer does not count");
	}
	if (deadline)
		pr_info("APIC timer: TSC deadline\n");
	else
		pr_info("APIC timer: %llu kHz\n", (unsigned long long)timer_hz / 1000);
	ticks_per_ns = (u64)(((unsigned __int128)(deadline ? tsc_hz() : timer_hz) << 32) / NSEC_PER_SEC);
	vector_set(VEC_TIMER, timer_vector);
}

static void timer_cpu_setup(void)
{
	apic_write(APIC_TIMER_DIV, 0x3);
	apic_write(APIC_LVT_TIMER, VEC_TIMER | (deadline ? LVT_DEADLINE : 0));
	if (deadline)
		__asm__ volatile("mfence" ::: "memory");	/* before the first write of the deadline */
}

/* ---- set-up ---- */

static void mask_8259(void)
{
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, VEC_LEGACY_PIC);
	outb(0xa1, VEC_LEGACY_PIC + 8);
	outb(0x21, 4);
	outb(0xa1, 2);
	outb(0x21, 1);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

static void error_vector(unsigned int v)
{
	u32 esr;

	(void)v;
	apic_write(APIC_ESR, 0);
	esr = apic_read(APIC_ESR);
	pr_warn_once("local APIC error %#x\n", esr);
}

static void spurious_vector(unsigned int v)
{
	(void)v;
}

/* Local APIC on, all sources of its own masked but the timer; accepts everything. */
void apic_cpu_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	base |= APIC_BASE_ENABLE;
	if (x2 && !(base & APIC_BASE_X2)) {
		wrmsr(MSR_APIC_BASE, base);
		base |= APIC_BASE_X2;
	}
	wrmsr(MSR_APIC_BASE, base);
	apic_write(APIC_TPR, 0);
	if (!x2) {
		apic_write(APIC_DFR, 0xffffffff);
		apic_write(APIC_LDR, 0x01000000);
	}
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, 4u << 8);		/* NMI */
	if ((apic_read(APIC_VERSION) >> 16 & 0xff) >= 4)
		apic_write(APIC_LVT_PERF, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, VEC_ERROR);
	apic_write(APIC_ESR, 0);
	apic_write(APIC_SVR, 0x100 | VEC_SPURIOUS);
	timer_cpu_setup();
}

void __init apic_init(void)
{
	mask_8259();
	irq_vectors_init();
	ipi_init();
	vector_set(VEC_ERROR, error_vector);
	vector_set(VEC_SPURIOUS, spurious_vector);
	if (!cpu_has(X86_APIC))
		panic("this machine has no local APIC; Keel needs one");
	x2 = cpu_has(X86_X2APIC) || (rdmsr(MSR_APIC_BASE) & APIC_BASE_X2);
	fixmap_set(FIX_LAPIC, acpi.lapic_address);
	apic_cpu_init();
	ioapic_init();
	pr_info("local APIC at %#llx%s, boot CPU has id %u\n", (unsigned long long)acpi.lapic_address,
		x2 ? " (x2APIC)" : "", apic_read_id());
	apic_up = true;
}
