/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Timekeeping. A clock source counts cycles; time = base + (cycles since base) * mult >> 32, with a
 * 128-bit product, so a wide counter needs no periodic update at all. Counters that wrap within
 * days get a timer that moves the base at half their period.
 *
 * A change of rate takes effect from the cycle at which the writer reads the counter. A reader who still went
 * by the old rate after that cycle could see more than the next one does, so the writer (clock_lock) closes the
 * clock before it reads the counter: readers in the kernel (master_seq) and in user space (the vDSO's count) wait
 * until both have the new parameters. Those who cannot wait (NMIs, messages, the bare source, which has one rate for
 * ever) read a latch: the parameters exist twice, the writer changes copy 0 while an odd number sends readers to
 * copy 1, then the other way round; a reader retries if the number moved.
 *
 * A source marked `vdso` is the TSC, and is read here without an indirect call.
 */
#include <base/errno.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/hooks.h>
#include <core/init.h>
#include <core/printk.h>
#include <core/spinlock.h>
#include <core/timer.h>
#include <core/upcall.h>
#include <core/vdso.h>
#include "internal.h"

#define FRAC_MASK	((1ull << CLOCK_SHIFT) - 1)
#define MAX_SOURCES	8
/* A counter with more than this many seconds before it wraps needs no help. */
#define WRAP_SAFE_SECONDS	(10ull * 365 * 86400)

struct timekeeper {
	struct clock_source *src;
	struct clock_params p;
};

static DEFINE_SPINLOCK(clock_lock, CLOCK);
static struct timekeeper master;	/* [clock_lock; read under master_seq] */
static u32 master_seq;			/* [a] odd while the master changes */
static s64 freq_ppm;			/* [clock_lock] 2^-16 ppm */
static int tai_seconds;			/* [clock_lock] */
static struct clock_source *sources[MAX_SOURCES];	/* [clock_lock] */
static unsigned int nr_sources;
static char wanted_source[16];		/* [I] after boot: clocksource= */
static struct timer wrap_timer;
static bool started;

static struct {
	u32 seq;			/* [a] lowest bit chooses the copy to read */
	struct timekeeper copy[2];
} latch;

static __always_inline u64 rdtsc_ordered(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return (u64)hi << 32 | lo;
}

static __always_inline u64 source_read(const struct timekeeper *tk)
{
	if (likely(tk->p.vdso))
		return rdtsc_ordered();
	return tk->src ? tk->src->read() : 0;
}

/* Cycles since the base; a CPU whose counter is a little behind sees zero, not ages. */
static __always_inline u64 cycles_since(const struct timekeeper *tk)
{
	u64 d = (source_read(tk) - tk->p.cycle_last) & tk->p.mask;

	return unlikely(d > tk->p.mask >> 1) ? 0 : d;
}

static __always_inline u64 mono_of(const struct timekeeper *tk)
{
	return tk->p.mono_ns + (u64)(((unsigned __int128)cycles_since(tk) * tk->p.mult + tk->p.mono_frac)
				     >> CLOCK_SHIFT);
}

static __always_inline u64 raw_of(const struct timekeeper *tk)
{
	return tk->p.raw_ns + (u64)(((unsigned __int128)cycles_since(tk) * tk->p.raw_mult + tk->p.raw_frac)
				    >> CLOCK_SHIFT);
}

#define LATCH_READ(expr) ({ \
	const struct timekeeper *tk; \
	__typeof__((expr) + 0) _v; \
	u32 _s; \
	do { \
		_s = smp_load_acquire(&latch.seq); \
		tk = &latch.copy[_s & 1]; \
		_v = (expr); \
		smp_rmb(); \
	} while (unlikely(READ_ONCE(latch.seq) != _s)); \
	_v; })

#define MASTER_READ(expr) ({ \
	const struct timekeeper *tk = &master; \
	__typeof__((expr) + 0) _v; \
	u32 _s; \
	do { \
		while (unlikely((_s = smp_load_acquire(&master_seq)) & 1)) \
			cpu_relax(); \
		_v = (expr); \
		smp_rmb(); \
	} while (unlikely(READ_ONCE(master_seq) != _s)); \
	_v; })

/* No reader gets past here until clock_publish(). clock_lock held. */
static void clock_close(void)
{
	WRITE_ONCE(master_seq, master_seq + 1);
	if (started)
		vdso_close();
	/* Before the counter is read: who read the clock without waiting read the counter earlier. */
	smp_mb();
}

/* Bring the master's new state to the readers. clock_lock held, after clock_close(). */
static void clock_publish(void)
{
	WRITE_ONCE(latch.seq, latch.seq + 1);
	smp_wmb();
	latch.copy[0] = master;
	smp_wmb();
	WRITE_ONCE(latch.seq, latch.seq + 1);
	smp_wmb();
	latch.copy[1] = master;
	smp_wmb();
	if (started)
		vdso_publish();
	smp_store_release(&master_seq, master_seq + 1);
}

/* Move the base to now. The clock is closed. */
static void clock_forward(void)
{
	u64 d = cycles_since(&master);
	unsigned __int128 m = (unsigned __int128)d * master.p.mult + master.p.mono_frac;
	unsigned __int128 r = (unsigned __int128)d * master.p.raw_mult + master.p.raw_frac;

	master.p.mono_ns += (u64)(m >> CLOCK_SHIFT);
	master.p.mono_frac = (u64)m & FRAC_MASK;
	master.p.raw_ns += (u64)(r >> CLOCK_SHIFT);
	master.p.raw_frac = (u64)r & FRAC_MASK;
	master.p.cycle_last = (master.p.cycle_last + d) & master.p.mask;
}

static void clock_apply_freq(void)
{
	s64 raw = (s64)master.p.raw_mult;

	master.p.mult = (u64)(raw + (s64)((__int128)raw * freq_ppm / (65536 * 1000000ll)));
}

/* Take src from here on. clock_lock held. */
static void clock_switch(struct clock_source *src)
{
	clock_close();
	clock_forward();
	master.src = src;
	master.p.mask = src->mask;
	master.p.vdso = src->vdso;
	master.p.cycle_last = source_read(&master) & src->mask;
	master.p.raw_mult = (u64)(((unsigned __int128)NSEC_PER_SEC << CLOCK_SHIFT) / src->freq_hz);
	clock_apply_freq();
	clock_publish();
}

static u64 wrap_timer_fn(struct timer *t)
{
	u64 flags, period;

	spin_lock_irqsave(&clock_lock, flags);
	clock_close();
	clock_forward();
	clock_publish();
	period = mul_div_u64(master.p.mask, NSEC_PER_SEC / 4, master.src->freq_hz);
	if (master.p.mask / master.src->freq_hz > WRAP_SAFE_SECONDS)
		period = 0;
	spin_unlock_irqrestore(&clock_lock, flags);
	return period ? clock_monotonic_ns() + period : 0;
}

/* clock_lock held: the best that is not out; the wanted one before all. */
static struct clock_source *source_best(void)
{
	struct clock_source *best = NULL;

	for (unsigned int i = 0; i < nr_sources; i++) {
		if (sources[i]->rating <= 0)
			continue;
		if (wanted_source[0] && streq(sources[i]->name, wanted_source))
			return sources[i];
		if (!best || sources[i]->rating > best->rating)
			best = sources[i];
	}
	return best;
}

static void clock_select(void)
{
	struct clock_source *best, *old;
	bool wraps = false;
	u64 flags;

	spin_lock_irqsave(&clock_lock, flags);
	best = source_best();
	old = master.src;
	if (best && best != old) {
		clock_switch(best);
		wraps = started && best->mask / best->freq_hz <= WRAP_SAFE_SECONDS;
	}
	spin_unlock_irqrestore(&clock_lock, flags);
	if (wraps)
		timer_start(&wrap_timer, clock_monotonic_ns());
	if (best && best != old)
		pr_info("clock: using %s, %llu.%03llu MHz\n", best->name,
			(unsigned long long)(best->freq_hz / 1000000),
			(unsigned long long)(best->freq_hz / 1000 % 1000));
}

void clock_source_register(struct clock_source *cs)
{
	u64 flags;

	spin_lock_irqsave(&clock_lock, flags);
	if (!WARN_ONCE(nr_sources == MAX_SOURCES || !cs->freq_hz))
		sources[nr_sources++] = cs;
	spin_unlock_irqrestore(&clock_lock, flags);
	clock_select();
}

void clock_source_demote(struct clock_source *cs)
{
	u64 flags;

	pr_warn("clock: %s is not reliable\n", cs->name);
	spin_lock_irqsave(&clock_lock, flags);
	cs->rating = 0;
	spin_unlock_irqrestore(&clock_lock, flags);
	clock_select();
}

void clock_start(s64 realtime_seconds, u64 since_boot_ns)
{
	u64 flags;

	spin_lock_irqsave(&clock_lock, flags);
	started = true;
	clock_close();
	clock_forward();
	master.p.mono_ns = since_boot_ns;
	master.p.raw_ns = since_boot_ns;
	master.p.real_off = realtime_seconds * (s64)NSEC_PER_SEC - (s64)since_boot_ns;
	master.p.tai_off = master.p.real_off;
	clock_publish();
	spin_unlock_irqrestore(&clock_lock, flags);
	timer_init(&wrap_timer, TIMER_MONOTONIC, wrap_timer_fn);
	if (master.src && master.p.mask / master.src->freq_hz <= WRAP_SAFE_SECONDS)
		timer_start(&wrap_timer, since_boot_ns + NSEC_PER_MSEC);
}

void clock_params_get(struct clock_params *p)
{
	*p = master.p;
}

u64 clock_monotonic_ns(void) { return MASTER_READ(mono_of(tk)); }
u64 clock_monotonic_nmi_ns(void) { return LATCH_READ(mono_of(tk)); }
u64 clock_raw_ns(void) { return LATCH_READ(raw_of(tk)); }
u64 clock_boottime_ns(void) { return MASTER_READ(mono_of(tk) + (u64)tk->p.boot_off); }
s64 clock_realtime_ns(void) { return MASTER_READ((s64)mono_of(tk) + tk->p.real_off); }
s64 clock_tai_ns(void) { return MASTER_READ((s64)mono_of(tk) + tk->p.tai_off); }
/* There is no tick whose time these could show: they are as exact as the others. */
u64 clock_monotonic_coarse_ns(void) { return clock_monotonic_ns(); }
s64 clock_realtime_coarse_ns(void) { return clock_realtime_ns(); }
u32 clock_resolution_ns(void) { return 1; }

/* Offset of a clock from monotonic time. */
s64 clock_offset(enum timer_clock clock)
{
	switch (clock) {
	case TIMER_REALTIME:
		return LATCH_READ(tk->p.real_off);
	case TIMER_BOOTTIME:
		return LATCH_READ(tk->p.boot_off);
	case TIMER_TAI:
		return LATCH_READ(tk->p.tai_off);
	default:
		return 0;
	}
}

u64 sched_clock_ns(void)
{
	return clock_raw_ns();
}

void clock_set_realtime(s64 ns)
{
	u64 flags;

	spin_lock_irqsave(&clock_lock, flags);
	clock_close();
	clock_forward();
	master.p.real_off = ns - (s64)mono_of(&master);
	master.p.tai_off = master.p.real_off + tai_seconds * (s64)NSEC_PER_SEC;
	clock_publish();
	spin_unlock_irqrestore(&clock_lock, flags);
	timer_clock_was_set();
	time_was_set();
}

void clock_set_tai_offset(int seconds)
{
	u64 flags;

	spin_lock_irqsave(&clock_lock, flags);
	clock_close();
	tai_seconds = seconds;
	master.p.tai_off = master.p.real_off + seconds * (s64)NSEC_PER_SEC;
	clock_publish();
	spin_unlock_irqrestore(&clock_lock, flags);
	timer_clock_was_set();
}

int clock_tai_offset(void)
{
	return READ_ONCE(tai_seconds);
}

void clock_set_freq(s64 ppm_scaled)
{
	u64 flags;

	spin_lock_irqsave(&clock_lock, flags);
	clock_close();
	clock_forward();
	freq_ppm = ppm_scaled;
	clock_apply_freq();
	clock_publish();
	spin_unlock_irqrestore(&clock_lock, flags);
}

s64 clock_freq(void)
{
	return READ_ONCE(freq_ppm);
}

const char *clock_source_name(void)
{
	struct clock_source *s = LATCH_READ(tk->src);

	return s ? s->name : "none";
}

bool clock_vdso_usable(void)
{
	return LATCH_READ(tk->p.vdso);
}

void udelay(u32 us)
{
	u64 end;

	if (unlikely(!READ_ONCE(latch.copy[0].src))) {
		/* No clock yet: a write to the diagnostic port takes about a microsecond. */
		while (us--)
			__asm__ volatile("outb %%al, $0x80" ::: "memory");
		return;
	}
	end = clock_raw_ns() + us * NSEC_PER_USEC;
	while (clock_raw_ns() < end)
		cpu_relax();
}

static int set_clocksource(const char *value)
{
	if (strscpy(wanted_source, value, sizeof(wanted_source)) <= 0)
		return -EINVAL;
	return 0;
}
EARLY_KPARAM("clocksource", set_clocksource);
