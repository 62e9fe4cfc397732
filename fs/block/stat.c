/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Counters of block devices, as /proc/diskstats and /sys/block/NAME/stat show them: per CPU, touched with
 * interrupts off. A partition's I/O counts for its disk too. The time a device was busy (io_ticks) is
 * counted in whole milliseconds through one stamp a device.
 */
#include <core/cpumask.h>
#include <fs/seq_file.h>

#include "internal.h"

enum blk_stat bio_stat(u32 op)
{
	switch (op & BIO_OP_MASK) {
	case BIO_READ:
		return STAT_READ;
	case BIO_DISCARD:
		return STAT_DISCARD;
	case BIO_FLUSH:
		return STAT_FLUSH;
	}
	return STAT_WRITE;
}

static s64 in_flight(const struct block_device *b)
{
	s64 n = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct blk_stats *s = percpu_ptr(b->stats, cpu);

		n += READ_ONCE(s->in_flight[0]) + READ_ONCE(s->in_flight[1]);
	}
	return max_t(s64, n, 0);
}

/* A millisecond counts as busy if something was under way in it. */
static void touch_busy(struct block_device *b, bool end)
{
	u64 now = clock_monotonic_ns() / NSEC_PER_MSEC, old = READ_ONCE(b->stamp_ms);

	if (now > old && try_cmpxchg(&b->stamp_ms, &old, now) && (end || in_flight(b)))
		__atomic_fetch_add(&b->busy_ms, now - old, __ATOMIC_RELAXED);
}

static void start_one(struct block_device *b, bool write)
{
	touch_busy(b, false);
	percpu_this(b->stats)->in_flight[write]++;
}

void stat_start(struct block_device *b, u32 op)
{
	bool write = (op & BIO_OP_MASK) != BIO_READ;

	start_one(b, write);
	if (b->partno)
		start_one(b->disk->whole, write);
}

static void end_one(struct block_device *b, u32 op, u64 bytes, u64 ns)
{
	struct blk_stats *s = percpu_this(b->stats);
	enum blk_stat k = bio_stat(op);

	touch_busy(b, true);
	s->in_flight[(op & BIO_OP_MASK) != BIO_READ]--;
	s->ios[k]++;
	s->sectors[k] += bytes >> SECTOR_SHIFT;
	s->ns[k] += ns;
}

void stat_end(struct block_device *b, u32 op, u64 bytes, u64 ns)
{
	end_one(b, op, bytes, ns);
	if (b->partno)
		end_one(b->disk->whole, op, bytes, ns);
}

void stat_cancel(struct block_device *b, u32 op)
{
	bool write = (op & BIO_OP_MASK) != BIO_READ;

	percpu_this(b->stats)->in_flight[write]--;
	if (b->partno)
		percpu_this(b->disk->whole->stats)->in_flight[write]--;
}

void stat_merge(struct block_device *b, u32 op)
{
	percpu_this(b->stats)->merges[bio_stat(op)]++;
	if (b->partno)
		percpu_this(b->disk->whole->stats)->merges[bio_stat(op)]++;
}

void bdev_stats_sum(const struct block_device *b, struct blk_stats *sum)
{
	int cpu;

	*sum = (struct blk_stats){ 0 };
	for_each_possible_cpu(cpu) {
		const struct blk_stats *s = percpu_ptr(b->stats, cpu);

		for (int k = 0; k < NR_BLK_STATS; k++) {
			sum->ios[k] += READ_ONCE(s->ios[k]);
			sum->merges[k] += READ_ONCE(s->merges[k]);
			sum->sectors[k] += READ_ONCE(s->sectors[k]);
			sum->ns[k] += READ_ONCE(s->ns[k]);
		}
		sum->in_flight[0] += READ_ONCE(s->in_flight[0]);
		sum->in_flight[1] += READ_ONCE(s->in_flight[1]);
	}
	sum->in_flight[0] = max_t(s64, sum->in_flight[0], 0);
	sum->in_flight[1] = max_t(s64, sum->in_flight[1], 0);
}

u64 bdev_busy_ms(struct block_device *b)
{
	touch_busy(b, false);
	return READ_ONCE(b->busy_ms);
}

/* --- /proc --- */

static unsigned long long ms(u64 ns) { return ns / NSEC_PER_MSEC; }

void diskstats_show(struct seq_file *s)
{
	struct block_device *b = NULL;

	while ((b = bdev_next(b)) != NULL) {
		unsigned long long v[NR_BLK_STATS][4];
		struct blk_stats t;

		if (!b->nr_sectors)
			continue;
		bdev_stats_sum(b, &t);
		for (int k = 0; k < NR_BLK_STATS; k++) {
			v[k][0] = t.ios[k];
			v[k][1] = t.merges[k];
			v[k][2] = t.sectors[k];
			v[k][3] = ms(t.ns[k]);
		}
		seq_printf(s, "%4u %7u %s %llu %llu %llu %llu %llu %llu %llu %llu %lld %llu %llu %llu %llu %llu %llu %llu %llu\n",
			   dev_major(b->dev), dev_minor(b->dev), b->name,
			   v[STAT_READ][0], v[STAT_READ][1], v[STAT_READ][2], v[STAT_READ][3],
			   v[STAT_WRITE][0], v[STAT_WRITE][1], v[STAT_WRITE][2], v[STAT_WRITE][3],
			   (long long)(t.in_flight[0] + t.in_flight[1]), (unsigned long long)bdev_busy_ms(b),
			   ms(t.ns[STAT_READ] + t.ns[STAT_WRITE] + t.ns[STAT_DISCARD] + t.ns[STAT_FLUSH]),
			   v[STAT_DISCARD][0], v[STAT_DISCARD][1], v[STAT_DISCARD][2], v[STAT_DISCARD][3],
			   v[STAT_FLUSH][0], v[STAT_FLUSH][3]);
	}
}

void partitions_show(struct seq_file *s)
{
	struct block_device *b = NULL;

	seq_puts(s, "major minor  #blocks  name\n\n");
	while ((b = bdev_next(b)) != NULL)
		if (b->nr_sectors)
			seq_printf(s, "%4u  %7u %10llu %s\n", dev_major(b->dev), dev_minor(b->dev),
				   (unsigned long long)b->nr_sectors / 2, b->name);
}
