/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Clock sources: TSC, HPET, ACPI PM timer. The TSC's rate comes from tsc_early_khz= or CPUID where it says (or
 * the hypervisor does), else it is measured against HPET, PM timer or, where there is nothing else, the
 * PIT. It is trusted when CPUID calls it invariant, or when no CPU saw it run backwards against
 * another at start (warp test). A later comparison with another clock is not there yet.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/features.h>
#include <asm/fixmap.h>
#include <base/assert.h>
#include <base/errno.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/machine.h>
#include <core/printk.h>
#include <core/timer.h>
#include "../boot/boot.h"

#define PIT_HZ		1193182u
#define PMTIMER_HZ	3579545u

static u64 hz __ro_after_init;
static bool usable __ro_after_init;
u64 hpet_hz __ro_after_init;
u64 boot_tsc_start __ro_after_init;

u64 tsc_hz(void) { return hz; }
u64 tsc_khz(void) { return hz / 1000; }
bool tsc_works(void) { return usable; }

static u64 tsc_read(void) { return rdtsc_ordered(); }
static struct clock_source tsc_source = { .name = "tsc", .rating = 300, .read = tsc_read, .mask = ~0ull, .vdso = true };

/* ---- HPET ---- */

static volatile u64 *hpet_reg(u32 off)
{
	return (volatile u64 *)((volatile char *)fixmap_addr(FIX_HPET) + (acpi.hpet_address & 0xfff) + off);
}

u64 hpet_read_raw(void)
{
	/* The low half is enough, wraps are the clock code's: 32-bit parts tear no reads. */
	return *(volatile u32 *)hpet_reg(0xf0);
}

static struct clock_source hpet_source = { .name = "hpet", .rating = 250, .read = hpet_read_raw, .mask = 0xffffffff };

bool hpet_init(void)
{
	u64 cap, period;

	if (!acpi.hpet_address)
		return false;
	fixmap_set(FIX_HPET, acpi.hpet_address);
	cap = *hpet_reg(0);
	period = cap >> 32;		/* femtoseconds */
	if (!period || period > 100000000 || cap == ~0ull)
		return false;
	hpet_hz = 1000000000000000ull / period;
	*hpet_reg(0x10) = *hpet_reg(0x10) | 1;
	hpet_source.freq_hz = hpet_hz;
	return true;
}

/* ---- ACPI PM timer ---- */

u32 pmtimer_read_raw(void) { return inl((u16)acpi.pm_timer.address) & 0xffffff; }
static u64 pmtimer_read(void) { return pmtimer_read_raw(); }
static struct clock_source pm_source = {
	.name = "acpi_pm", .rating = 200, .read = pmtimer_read, .freq_hz = PMTIMER_HZ, .mask = 0xffffff,
};

bool pmtimer_init(void)
{
	u32 a;

	if (acpi.pm_timer.space != ACPI_SPACE_IO || !acpi.pm_timer.address)
		return false;
	a = pmtimer_read_raw();
	for (int i = 0; i < 10000; i++)
		if (pmtimer_read_raw() != a)
			return true;
	return false;
}

/* ---- calibration ---- */

/*
 * Channel 0 counts down from 65536 again and again (its interrupt is masked); reading it latches. Used
 * rather than channel 2, whose gate and output are in a port that small machines lack.
 */
static u64 pit_ticks;		/* [boot CPU] unfolded */
static u16 pit_last;

static void pit_start(void)
{
	outb(0x43, 0x34);
	outb(0x40, 0);
	outb(0x40, 0);
	pit_last = 0;
}

static u64 pit_read(void)
{
	u16 now;

	outb(0x43, 0);
	now = inb(0x40);
	now |= (u16)(inb(0x40) << 8);
	pit_ticks += (u16)(pit_last - now);
	pit_last = now;
	return pit_ticks;
}

static bool pit_works(void)
{
	u64 a;

	pit_start();
	a = pit_read();
	for (int i = 0; i < 100000; i++)
		if (pit_read() - a > 100)
			return true;
	return false;
}

static u64 __init measure(u64 (*read)(void), u64 mask, u64 ref_hz, u32 us)
{
	u64 want = ref_hz * us / 1000000, r0, r1, t0, t1;

	r0 = read();
	t0 = rdtsc_ordered();
	do {
		r1 = (read() - r0) & mask;
	} while (r1 < want);
	t1 = rdtsc_ordered();
	return (u64)((unsigned __int128)(t1 - t0) * ref_hz / r1);
}

/* tsc_early_khz=: the rate, where CPUID tells that of another machine (an emulator's model does). */
static u64 given_hz __initdata;
static int __init set_tsc_khz(const char *value)
{
	u64 khz;
	int err = kstrtou64(value, 10, &khz);

	if (err || !khz || khz > 100000000)
		return -EINVAL;
	given_hz = khz * 1000;
	return 0;
}
EARLY_KPARAM("tsc_early_khz", set_tsc_khz);

static u64 __init from_cpuid(void)
{
	if (cpu_has(X86_HYPERVISOR)) {
		u32 max = cpuid(0x40000000, 0).eax;

		if (max >= 0x40000010 && max < 0x40010000 && cpuid(0x40000010, 0).eax)
			return cpuid(0x40000010, 0).eax * 1000ull;
	}
	if (cpuid(0, 0).eax >= 0x15) {
		struct cpuid_regs r = cpuid(0x15, 0);
		u64 crystal = r.ecx;

		if (r.eax && r.ebx && !crystal && cpuid(0, 0).eax >= 0x16)
			crystal = cpuid(0x16, 0).eax * 1000000ull * r.eax / r.ebx;
		if (r.eax && r.ebx && crystal)
			return crystal * r.ebx / r.eax;
	}
	return 0;
}

/* Twice, and again until two agree to a thousandth: an emulator may lose the CPU in the middle. */
static u64 __init calibrate(bool hpet, bool pm, const char **how)
{
	u64 last = 0, v = given_hz;

	*how = "tsc_early_khz=";
	if (v)
		return v;
	v = from_cpuid();
	*how = "CPUID";
	if (v)
		return v;
	for (int i = 0; i < 6; i++) {
		if (hpet) {
			*how = "HPET";
			v = measure(hpet_read_raw, 0xffffffff, hpet_hz, 5000);
		} else if (pm) {
			*how = "PM timer";
			v = measure(pmtimer_read, 0xffffff, PMTIMER_HZ, 5000);
		} else {
			*how = "PIT";
			v = pit_works() ? measure(pit_read, ~0ull, PIT_HZ, 5000) : 0;
		}
		if (last && v && (v > last ? v - last : last - v) < v / 1000)
			return (v + last) / 2;
		last = v;
	}
	return v;
}

void __init clocks_init(void)
{
	bool hpet = hpet_init(), pm = pmtimer_init();
	const char *how = "none";
	u64 since = 0;

	if (cpu_has(X86_TSC))
		hz = calibrate(hpet, pm, &how);
	usable = hz != 0;
	boot_tsc_start = boot_low.tsc;
	if (usable) {
		tsc_source.freq_hz = hz;
		clock_source_register(&tsc_source);
		since = (u64)((unsigned __int128)(rdtsc() - boot_tsc_start) * NSEC_PER_SEC / hz);
		pr_info("TSC: %llu.%03llu MHz by %s%s\n", (unsigned long long)hz / 1000000,
			(unsigned long long)hz / 1000 % 1000, how, cpu_has(X86_INVARIANT_TSC) ? ", invariant" : "");
	}
	if (hpet)
		clock_source_register(&hpet_source);
	if (pm)
		clock_source_register(&pm_source);
	if (!usable && !hpet && !pm)
		panic("no clock: neither TSC nor HPET nor ACPI PM timer works");
	clock_start(rtc_read(), since);
	apic_timer_calibrate();
	apic_cpu_init();	/* again: the timer's mode is known now */
	timer_device_up();	/* clock_start() has one for clocks that wrap */
}

u64 boot_time_to_now_ns(void)
{
	return usable ? (u64)((unsigned __int128)(rdtsc() - boot_tsc_start) * NSEC_PER_SEC / hz) : clock_monotonic_ns();
}

void tsc_udelay(u64 us)
{
	u64 t0 = rdtsc(), n = (hz ? hz : 2000000000ull) / 1000000 * us;

	while (rdtsc() - t0 < n)
		__asm__ volatile("pause");
}

/* ---- warp test: boot CPU and one other read in turns under a lock of their own ---- */

#define WARP_ROUNDS	1000

static u32 warp_lock, warp_here, warp_go, warp_done;	/* [a] */
static u64 warp_last, warp_worst;			/* [warp_lock] */

static void warp_loop(void)
{
	for (int i = 0; i < WARP_ROUNDS; i++) {
		u64 now, last;

		while (__atomic_exchange_n(&warp_lock, 1, __ATOMIC_ACQUIRE))
			__asm__ volatile("pause");
		last = warp_last;
		now = rdtsc_ordered();
		warp_last = now;
		if (now < last && last - now > warp_worst)
			warp_worst = last - now;
		__atomic_store_n(&warp_lock, 0, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&warp_done, 1, __ATOMIC_SEQ_CST);
}

void tsc_warp_source(void)
{
	while (!__atomic_load_n(&warp_here, __ATOMIC_ACQUIRE))
		__asm__ volatile("pause");
	warp_last = 0;
	__atomic_store_n(&warp_done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&warp_here, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&warp_go, 1, __ATOMIC_RELEASE);
	warp_loop();
	while (__atomic_load_n(&warp_done, __ATOMIC_ACQUIRE) != 2)
		__asm__ volatile("pause");
	__atomic_store_n(&warp_go, 0, __ATOMIC_RELEASE);
}

void tsc_warp_target(void)
{
	__atomic_store_n(&warp_here, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&warp_go, __ATOMIC_ACQUIRE))
		__asm__ volatile("pause");
	warp_loop();
	while (__atomic_load_n(&warp_go, __ATOMIC_ACQUIRE))
		__asm__ volatile("pause");
}

void tsc_warp_verdict(void)
{
	if (!warp_worst || cpu_has(X86_INVARIANT_TSC))
		return;
	pr_warn("TSC runs backwards between CPUs by up to %llu cycles: not used\n", (unsigned long long)warp_worst);
	if (hpet_hz || acpi.pm_timer.address)
		clock_source_demote(&tsc_source);
}
