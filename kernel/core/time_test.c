/* SPDX-License-Identifier: MPL-2.0 */
/* Clocks and timers, symbols, failpoints. */
#include <base/string.h>
#include <core/clock.h>
#include <core/cpumask.h>
#include <core/failpoint.h>
#include <core/ktest.h>
#include <core/panic.h>
#include <core/printk.h>
#include <core/smp.h>
#include <core/task_core.h>
#include <core/timer.h>
#include <core/upcall.h>
#include <core/wait.h>
#include "internal.h"

KTEST(clock, monotonic_goes_on)
{
	u64 last = clock_monotonic_ns(), begin = last, now;

	for (int i = 0; i < 20000; i++) {
		now = clock_monotonic_ns();
		KEXPECT(now >= last);
		last = now;
	}
	KEXPECT(last > begin);
	/* Since 1970: the CMOS clock was read. */
	KEXPECT(clock_realtime_ns() > 1500000000ll * (s64)NSEC_PER_SEC);
}

static void monotonic_reads(u64 *last, int count)
{
	for (int n = 0; n < count; n++) {
		u64 seen = __atomic_load_n(last, __ATOMIC_SEQ_CST), now = clock_monotonic_ns();

		KEXPECT(now >= seen);
		__atomic_store_n(last, now, __ATOMIC_SEQ_CST);
	}
}

static void monotonic_worker(int i, void *arg)
{
	monotonic_reads(arg, 20000);
}

KTEST(clock, monotonic_across_cpus)
{
	u64 last = 0;

	ktest_parallel(2, monotonic_worker, &last);
}

struct swing {
	u64 last;
	bool over;		/* [a] */
};

/* One turns the rate up and down by a fifth as fast as it can, the others watch. */
static void swing_worker(int i, void *arg)
{
	struct swing *s = arg;

	if (i) {
		while (!READ_ONCE(s->over))
			monotonic_reads(&s->last, 100);
		return;
	}
	for (int n = 0; n < 20000; n++)
		clock_set_freq(n & 1 ? -100000ll << 16 : 100000ll << 16);
	clock_set_freq(0);
	WRITE_ONCE(s->over, true);
}

/* The old rate ends where the new one begins. */
KTEST(clock, rate_changes_under_readers)
{
	struct swing s = { 0 };

	ktest_parallel(3, swing_worker, &s);
}

KTEST(clock, set_realtime)
{
	s64 before = clock_realtime_ns(), after, tai;
	u64 mono = clock_monotonic_ns(), went;

	clock_set_realtime(1000 * (s64)NSEC_PER_SEC);
	after = clock_realtime_ns();
	went = clock_monotonic_ns() - mono;
	KEXPECT(after >= 1000 * (s64)NSEC_PER_SEC && after <= 1000 * (s64)NSEC_PER_SEC + (s64)went);
	KEXPECT(went < 1000 * NSEC_PER_SEC);	/* unmoved */
	clock_set_tai_offset(37);
	after = clock_realtime_ns();
	tai = clock_tai_ns();
	KEXPECT(tai >= after + 37 * (s64)NSEC_PER_SEC);
	KEXPECT(tai <= clock_realtime_ns() + 37 * (s64)NSEC_PER_SEC);
	clock_set_tai_offset(0);
	clock_set_realtime(before + (s64)(clock_monotonic_ns() - mono));
}

/* A reading of the clock, and of the raw one before and after it: between them may lie any time. */
struct between {
	u64 before, at, after;
};

static struct between between(void)
{
	struct between b;

	b.before = clock_raw_ns();
	b.at = clock_monotonic_ns();
	b.after = clock_raw_ns();
	return b;
}

KTEST(clock, frequency)
{
	struct between a, b;
	u64 least, most, went;

	clock_set_freq(500ll << 16);	/* 500 ppm fast */
	a = between();
	udelay(20000);
	b = between();
	clock_set_freq(0);
	least = b.before - a.after;
	most = b.after - a.before;
	went = b.at - a.at;
	/* 20 ms are 10 us more; 1 us for rounding. */
	KEXPECT(went + 1000 >= least + least / 2000);
	KEXPECT(went <= most + most / 2000 + 1000);
	KEXPECT_EQ(clock_freq(), 0);
}

struct test_timer {
	struct timer t;
	u64 fired_at;
	u32 fired, again;
	int cpu;
};

static u64 test_timer_fn(struct timer *t)
{
	struct test_timer *tt = container_of(t, struct test_timer, t);

	WRITE_ONCE(tt->fired_at, clock_monotonic_ns());
	tt->cpu = this_cpu_id();
	KEXPECT(in_irq());
	__atomic_fetch_add(&tt->fired, 1, __ATOMIC_RELAXED);
	if (tt->again) {
		tt->again--;
		return t->expires + 100 * NSEC_PER_USEC;
	}
	return 0;
}

/* Soon, but a host may stand still for seconds. */
static bool fires(struct test_timer *t, u32 n)
{
	u64 end = clock_monotonic_ns() + 60 * NSEC_PER_SEC;

	while (READ_ONCE(t->fired) < n && clock_monotonic_ns() < end)
		cpu_relax();
	return READ_ONCE(t->fired) >= n;
}

KTEST(timer, fires_in_time)
{
	struct test_timer t = { .fired = 0 };
	u64 at, flags;

	timer_init(&t.t, TIMER_MONOTONIC, test_timer_fn);
	flags = irq_save();	/* it cannot fire before we look, however long that takes */
	at = clock_monotonic_ns() + NSEC_PER_MSEC;
	timer_start(&t.t, at);
	KEXPECT(timer_queued(&t.t));
	irq_restore(flags);
	KEXPECT(fires(&t, 1));
	KEXPECT(t.fired_at >= at);
	KEXPECT(!timer_cancel(&t.t));
	/* In the past. */
	t.fired = 0;
	timer_start(&t.t, 1);
	KEXPECT(fires(&t, 1));
	timer_cancel(&t.t);
}

KTEST(timer, restarts_itself)
{
	struct test_timer t = { .again = 9 };

	timer_init(&t.t, TIMER_MONOTONIC, test_timer_fn);
	timer_start(&t.t, clock_monotonic_ns() + 100 * NSEC_PER_USEC);
	KEXPECT(fires(&t, 10));
	timer_cancel(&t.t);
	KEXPECT_EQ(t.fired, 10);
}

KTEST(timer, cancel_and_move)
{
	struct test_timer t = { .fired = 0 };
	u64 now = clock_monotonic_ns();

	timer_init(&t.t, TIMER_MONOTONIC, test_timer_fn);
	timer_start(&t.t, now + 3600 * NSEC_PER_SEC);
	KEXPECT(timer_remaining(&t.t) > 3500 * (s64)NSEC_PER_SEC);
	KEXPECT_EQ(timer_try_cancel(&t.t), 1);
	KEXPECT_EQ(timer_try_cancel(&t.t), 0);
	timer_start(&t.t, now + 3600 * NSEC_PER_SEC);
	timer_start(&t.t, clock_monotonic_ns() + NSEC_PER_MSEC);
	KEXPECT(fires(&t, 1));
	KEXPECT_EQ(t.fired, 1);
	timer_cancel(&t.t);
}

/* Earlier ones first, whatever the order of starting; all of them. */
KTEST(timer, many_in_order)
{
	static struct test_timer t[32];
	u64 flags = irq_save(), base = clock_monotonic_ns() + 2 * NSEC_PER_MSEC;

	/* None fires before all are started, however long that takes. */
	for (u32 i = 0; i < 32; i++) {
		u32 k = i * 13 % 32;

		t[k] = (struct test_timer){ .fired = 0 };
		timer_init(&t[k].t, TIMER_MONOTONIC, test_timer_fn);
		timer_start(&t[k].t, base + k * 20 * NSEC_PER_USEC);
	}
	irq_restore(flags);
	for (u32 i = 0; i < 32; i++) {
		KEXPECT(fires(&t[i], 1));
		KEXPECT(t[i].fired_at >= base + i * 20 * NSEC_PER_USEC);
		if (i && t[i].cpu == t[i - 1].cpu)
			KEXPECT(t[i].fired_at >= t[i - 1].fired_at);
		timer_cancel(&t[i].t);
	}
}

KTEST(timer, realtime_follows_the_clock)
{
	struct test_timer t = { .fired = 0 };
	s64 real = clock_realtime_ns();
	u64 mono = clock_monotonic_ns();

	timer_init(&t.t, TIMER_REALTIME, test_timer_fn);
	timer_start(&t.t, (u64)real + 1000 * NSEC_PER_SEC);
	KEXPECT_EQ(t.fired, 0);
	clock_set_realtime(real + 2000 * (s64)NSEC_PER_SEC);
	KEXPECT(fires(&t, 1));
	timer_cancel(&t.t);
	clock_set_realtime(real + (s64)(clock_monotonic_ns() - mono));
}

static struct test_timer contended;

static void timer_worker(int i, void *arg)
{
	for (int n = 0; n < 500; n++) {
		if (n % 3 == 0)
			timer_cancel(&contended.t);
		else
			timer_start(&contended.t, clock_monotonic_ns() + (u64)(n % 5) * 2000);
	}
}

KTEST(timer, start_and_cancel_from_all_cpus)
{
	contended = (struct test_timer){ .fired = 0 };
	timer_init(&contended.t, TIMER_MONOTONIC, test_timer_fn);
	ktest_parallel(4, timer_worker, NULL);
	timer_cancel(&contended.t);
	KEXPECT(!timer_queued(&contended.t));
}

KTEST(timer, short_sleep)
{
	u64 best = ~0ull;

	for (int i = 0; i < 50; i++) {
		u64 begin = clock_monotonic_ns(), d;

		set_current_state(TASK_UNINTERRUPTIBLE);
		KEXPECT_EQ(schedule_until(begin + 50 * NSEC_PER_USEC), 0);
		d = clock_monotonic_ns() - begin;
		KEXPECT(d >= 50 * NSEC_PER_USEC);
		if (d < best)
			best = d;
	}
	pr_info("timer: a sleep of 50 us takes %llu us at best\n", (unsigned long long)best / 1000);
	KEXPECT(best < 20 * NSEC_PER_MSEC);
}

/* ---- symbols ---- */

KTEST(symtab, finds_functions)
{
	u64 off, size;

	KEXPECT(streq(symbol_lookup((u64)clock_monotonic_ns, &off, &size), "clock_monotonic_ns"));
	KEXPECT_EQ(off, 0);
	KEXPECT(streq(symbol_lookup((u64)clock_monotonic_ns + 3, &off, &size), "clock_monotonic_ns"));
	KEXPECT_EQ(off, 3);
	KEXPECT(streq(symbol_lookup(0, &off, &size), "?"));
	KEXPECT(streq(symbol_lookup(~0ull, &off, &size), "?"));
}

KTEST(symtab, stack_has_us)
{
	u64 ips[16], off, size;
	unsigned int n = stack_save(ips, 16);
	bool seen = false;

	for (unsigned int i = 0; i < n; i++)
		seen |= streq(symbol_lookup(ips[i], &off, &size), "ktest_run");
	KEXPECT(seen);
}

/* ---- failpoints ---- */

KTEST(failpoint, counts)
{
	KEXPECT(!failpoint("test_site"));
	failpoint_arm("test_site", false, 3, 2);
	KEXPECT(!failpoint("other_site"));
	KEXPECT(!failpoint("test_site"));
	KEXPECT(!failpoint("test_site"));
	KEXPECT(failpoint("test_site"));
	KEXPECT(!failpoint("test_site"));
	KEXPECT(failpoint("test_site"));
	failpoint_disarm("test_site");
	KEXPECT(!failpoint("test_site"));
	failpoint_arm("test_*", false, 1, 0);
	KEXPECT(failpoint("test_site"));
	KEXPECT(!failpoint("test_site"));
	KEXPECT(!failpoints_armed);
}
