/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The three load averages: every 5 s the number of running and uninterruptible tasks enters a decaying
 * mean over 1, 5 and 15 minutes, in fixed point with 11 bits. There is no timer: the tick of any busy
 * CPU looks. A period whose end no tick saw ended while all CPUs idled: nothing ran then, whatever runs now.
 */
#include "internal.h"

#define FSHIFT		11
#define FIXED_1		(1ul << FSHIFT)
#define LOAD_NS		(5 * NSEC_PER_SEC)
#define LATE_NS		(50 * NSEC_PER_MSEC)	/* a busy CPU would have ticked */

/* exp(-5/60), exp(-5/300), exp(-5/900) in 11 bits */
static const u64 decay[3] = { 1884, 2014, 2037 };
static u64 avenrun[3];		/* [lock; atomic reads] */
static u64 next_update;		/* [lock; racy reads] */
static DEFINE_SPINLOCK(load_lock, CLOCK);

static u64 count_active(bool running)
{
	s64 n = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		const struct rq *rq = cpu_rq(cpu);

		n += (running ? READ_ONCE(rq->nr_running) : 0) + READ_ONCE(rq->nr_uninterruptible);
	}
	return n > 0 ? (u64)n : 0;
}

static void load_step(u64 active)
{
	for (int i = 0; i < 3; i++) {
		u64 v = avenrun[i] * decay[i] + active * FIXED_1 * (FIXED_1 - decay[i]);

		if (active * FIXED_1 >= avenrun[i])
			v += FIXED_1 - 1;
		WRITE_ONCE(avenrun[i], v >> FSHIFT);
	}
}

void loadavg_tick(u64 now)
{
	u64 flags;

	if (likely(now < READ_ONCE(next_update)))
		return;
	spin_lock_irqsave(&load_lock, flags);
	if (now >= next_update) {
		if (!next_update)
			next_update = now;
		for (int i = 0; i < 500 && next_update <= now; i++) {
			load_step(count_active(now - next_update < LATE_NS));
			next_update += LOAD_NS;
		}
		if (next_update <= now)
			next_update = now + LOAD_NS;
	}
	spin_unlock_irqrestore(&load_lock, flags);
}

void sched_loadavg(u64 avg[3])
{
	loadavg_tick(clock_monotonic_ns());
	for (int i = 0; i < 3; i++)
		avg[i] = READ_ONCE(avenrun[i]);
}
