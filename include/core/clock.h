/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Timekeeping (kernel/core/clock.c over the clock sources of arch/x86_64/cpu). All times are u64 or
 * s64 nanoseconds. Reads take no lock; they wait while the rate or the base changes (some instructions), so that no CPU
 * sees time go back, and cannot be used in an NMI: clock_monotonic_nmi_ns(), clock_raw_ns() and sched_clock_ns() can.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <base/types.h>

#define NSEC_PER_SEC	1000000000ull
#define NSEC_PER_MSEC	1000000ull
#define NSEC_PER_USEC	1000ull
#define USEC_PER_SEC	1000000ull

u64 clock_monotonic_ns(void);		/* never set, slewed by adjtime */
/* The same in every context; as much as the change of a rate makes in some microseconds it may go back. */
u64 clock_monotonic_nmi_ns(void);
u64 clock_raw_ns(void);			/* the bare source */
u64 clock_boottime_ns(void);
s64 clock_realtime_ns(void);
s64 clock_tai_ns(void);
u64 clock_monotonic_coarse_ns(void);
s64 clock_realtime_coarse_ns(void);
u32 clock_resolution_ns(void);
/* Cheap per-CPU time for the scheduler; may differ between CPUs by little. */
u64 sched_clock_ns(void);

/* Set the wall clock; timers on it are woken up (timer_clock_was_set). */
void clock_set_realtime(s64 ns);
void clock_set_tai_offset(int seconds);
int clock_tai_offset(void);
/* Rate correction in 2^-16 ppm, as adjtimex has it. */
void clock_set_freq(s64 ppm_scaled);
s64 clock_freq(void);

const char *clock_source_name(void);
/* True when user space can read the source: vDSO. */
bool clock_vdso_usable(void);

/* A source: registered by arch; the best rating usable wins, `clocksource=` chooses by name. */
struct clock_source {
	const char *name;
	int rating;
	u64 (*read)(void);
	u64 freq_hz;
	u64 mask;
	bool vdso;			/* the vDSO can read it (TSC) */
};
void clock_source_register(struct clock_source *cs);
/* The watchdog found it wrong: take the next best. */
void clock_source_demote(struct clock_source *cs);

/* Spin; early boot and drivers with hard timing only. */
void udelay(u32 us);

#endif
