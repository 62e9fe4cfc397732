/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Block devices in the device model: the node in /dev, the directory of a disk below its controller (or
 * in /sys/devices/virtual/block) with queue/ in it, partitions inside of it, the links in /sys/block,
 * /sys/class/block and /sys/dev/block. fs/block calls through blk_model.
 */
#include <base/err.h>
#include <base/parse.h>
#include <base/printf.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/init.h>
#include <core/slab.h>
#include <drivers/device.h>
#include <fs/disk.h>
#include <fs/kernfs.h>
#include <uapi/linux/major.h>

static struct block_device *to_bdev(struct device *d) { return d->private; }
static const struct disk_limits *limits(struct device *d) { return &to_bdev(d)->disk->limits; }

/* --- files of both --- */

static ssize_t size_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%llu\n", (unsigned long long)to_bdev(d)->nr_sectors);
}

static ssize_t ro_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%d\n", bdev_read_only(to_bdev(d)));
}

static ssize_t stat_show(struct device *d, char *buf, size_t n)
{
	struct block_device *b = to_bdev(d);
	struct blk_stats t;
	int len = 0;

	bdev_stats_sum(b, &t);
	for (int k = STAT_READ; k <= STAT_WRITE; k++)
		len += scnprintf(buf + len, n - (size_t)len, "%8llu %8llu %8llu %8llu ", (unsigned long long)t.ios[k],
				 (unsigned long long)t.merges[k], (unsigned long long)t.sectors[k],
				 (unsigned long long)(t.ns[k] / NSEC_PER_MSEC));
	len += scnprintf(buf + len, n - (size_t)len, "%8llu %8llu %8llu ",
			 (unsigned long long)(t.in_flight[0] + t.in_flight[1]), (unsigned long long)bdev_busy_ms(b),
			 (unsigned long long)((t.ns[STAT_READ] + t.ns[STAT_WRITE] + t.ns[STAT_DISCARD] + t.ns[STAT_FLUSH]) /
					      NSEC_PER_MSEC));
	len += scnprintf(buf + len, n - (size_t)len, "%8llu %8llu %8llu %8llu %8llu %8llu\n",
			 (unsigned long long)t.ios[STAT_DISCARD], (unsigned long long)t.merges[STAT_DISCARD],
			 (unsigned long long)t.sectors[STAT_DISCARD], (unsigned long long)(t.ns[STAT_DISCARD] / NSEC_PER_MSEC),
			 (unsigned long long)t.ios[STAT_FLUSH], (unsigned long long)(t.ns[STAT_FLUSH] / NSEC_PER_MSEC));
	return len;
}

static ssize_t inflight_show(struct device *d, char *buf, size_t n)
{
	struct blk_stats t;

	bdev_stats_sum(to_bdev(d), &t);
	return scnprintf(buf, n, "%8llu %8llu\n", (unsigned long long)t.in_flight[0], (unsigned long long)t.in_flight[1]);
}

static ssize_t alignment_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%u\n", limits(d)->alignment_offset);
}

static ssize_t zero_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "0\n");
}

/* --- of the whole disk --- */

static ssize_t removable_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%d\n", to_bdev(d)->disk->removable);
}

static ssize_t range_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%u\n", to_bdev(d)->disk->minors);
}

static ssize_t ext_range_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%d\n", to_bdev(d)->disk->no_partitions ? 1 : 256);
}

static ssize_t diskseq_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%llu\n", (unsigned long long)READ_ONCE(to_bdev(d)->disk->seq));
}

static ssize_t serial_show(struct device *d, char *buf, size_t n)
{
	struct disk *disk = to_bdev(d)->disk;
	char text[64];

	if (!disk->ops->serial(disk, text))
		return -EIO;
	return scnprintf(buf, n, "%s", text);
}

static ssize_t cache_type_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%s\n", limits(d)->write_cache ? "write back" : "write through");
}

#define DISK_ATTRS \
	{ "alignment_offset", 0444, alignment_show, NULL }, { "capability", 0444, zero_show, NULL }, \
	{ "discard_alignment", 0444, zero_show, NULL }, { "diskseq", 0444, diskseq_show, NULL }, \
	{ "ext_range", 0444, ext_range_show, NULL }, { "hidden", 0444, zero_show, NULL }, \
	{ "inflight", 0444, inflight_show, NULL }, { "range", 0444, range_show, NULL }, \
	{ "removable", 0444, removable_show, NULL }, { "ro", 0444, ro_show, NULL }, \
	{ "size", 0444, size_show, NULL }, { "stat", 0444, stat_show, NULL }
static const struct dev_attr disk_attrs[] = { DISK_ATTRS, { NULL, 0, NULL, NULL } };
static const struct dev_attr serial_disk_attrs[] = {
	DISK_ATTRS, { "serial", 0444, serial_show, NULL }, { "cache_type", 0444, cache_type_show, NULL }, { NULL, 0, NULL, NULL },
};

/* --- of a partition --- */

static ssize_t partition_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%u\n", to_bdev(d)->partno);
}

static ssize_t start_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%llu\n", (unsigned long long)to_bdev(d)->start);
}

static const struct dev_attr part_attrs[] = {
	{ "alignment_offset", 0444, zero_show, NULL }, { "discard_alignment", 0444, zero_show, NULL },
	{ "inflight", 0444, inflight_show, NULL }, { "partition", 0444, partition_show, NULL },
	{ "ro", 0444, ro_show, NULL }, { "size", 0444, size_show, NULL }, { "start", 0444, start_show, NULL },
	{ "stat", 0444, stat_show, NULL }, { NULL, 0, NULL, NULL },
};

/* --- queue/ --- */

enum queue_file {
	Q_DISCARD_GRAN, Q_DISCARD_MAX, Q_FUA, Q_HW_SECTOR, Q_LOGICAL, Q_MAX_KB, Q_SEGMENTS, Q_SEGMENT_SIZE, Q_IO_MIN,
	Q_REQUESTS, Q_IO_OPT, Q_PHYSICAL, Q_ROTATIONAL, Q_ZEROES_MAX, Q_ZERO, Q_ONE, Q_DISCARD_SEGS, Q_RA, Q_SCHEDULER,
	Q_WRITE_CACHE, Q_ZONED, Q_NR,
};
struct queue_attr {
	const char *name;
	enum queue_file what;
};
static const struct queue_attr queue_attrs[] = {
	{ "add_random", Q_ZERO }, { "chunk_sectors", Q_ZERO }, { "dax", Q_ZERO },
	{ "discard_granularity", Q_DISCARD_GRAN }, { "discard_max_bytes", Q_DISCARD_MAX },
	{ "discard_max_hw_bytes", Q_DISCARD_MAX }, { "discard_zeroes_data", Q_ZERO }, { "fua", Q_FUA },
	{ "hw_sector_size", Q_LOGICAL }, { "io_poll", Q_ZERO }, { "iostats", Q_ONE }, { "logical_block_size", Q_LOGICAL },
	{ "max_discard_segments", Q_DISCARD_SEGS }, { "max_hw_sectors_kb", Q_MAX_KB }, { "max_integrity_segments", Q_ZERO },
	{ "max_sectors_kb", Q_MAX_KB }, { "max_segments", Q_SEGMENTS }, { "max_segment_size", Q_SEGMENT_SIZE },
	{ "minimum_io_size", Q_IO_MIN }, { "nomerges", Q_ZERO }, { "nr_requests", Q_REQUESTS }, { "nr_zones", Q_ZERO },
	{ "optimal_io_size", Q_IO_OPT }, { "physical_block_size", Q_PHYSICAL }, { "rotational", Q_ROTATIONAL },
	{ "rq_affinity", Q_ONE }, { "scheduler", Q_SCHEDULER }, { "stable_writes", Q_ZERO }, { "virt_boundary_mask", Q_ZERO },
	{ "write_cache", Q_WRITE_CACHE }, { "write_same_max_bytes", Q_ZERO }, { "write_zeroes_max_bytes", Q_ZEROES_MAX },
	{ "zone_append_max_bytes", Q_ZERO }, { "zone_write_granularity", Q_ZERO }, { "zoned", Q_ZONED }, { "read_ahead_kb", Q_RA },
};

struct queue_file_priv {
	struct disk *disk;		/* [I] the node goes before it */
	enum queue_file what;		/* [I] */
};

/* What hangs at a device of ours. */
struct model_dev {
	struct device dev;
	struct device *bdi;			/* [I] whole disks; NULL: no memory for it */
	struct queue_file_priv queue[ARRAY_SIZE(queue_attrs)];	/* [I] whole disks */
};

static u64 queue_number(const struct disk *d, enum queue_file what)
{
	const struct disk_limits *l = &d->limits;

	switch (what) {
	case Q_DISCARD_GRAN:
		return l->discard_granularity;
	case Q_DISCARD_MAX:
		return (u64)l->max_discard << SECTOR_SHIFT;
	case Q_FUA:
		return l->fua;
	case Q_LOGICAL:
	case Q_HW_SECTOR:
		return l->logical_block;
	case Q_MAX_KB:
		return l->max_sectors / 2;
	case Q_SEGMENTS:
		return l->max_segments;
	case Q_SEGMENT_SIZE:
		return l->max_segment_bytes;
	case Q_IO_MIN:
		return l->io_min;
	case Q_REQUESTS:
		return d->nr_queues ? d->queues[0]->depth : 128;
	case Q_IO_OPT:
		return l->io_opt;
	case Q_PHYSICAL:
		return l->physical_block;
	case Q_ROTATIONAL:
		return l->rotational;
	case Q_ZEROES_MAX:
		return (u64)l->max_write_zeroes << SECTOR_SHIFT;
	case Q_DISCARD_SEGS:
		return l->max_discard != 0;
	case Q_RA:
		return (u64)READ_ONCE(d->bdi.ra_pages) << (PAGE_SHIFT - 10);
	case Q_ONE:
		return 1;
	default:
		return 0;
	}
}

static int queue_show(struct seq_file *s, void *priv)
{
	const struct queue_file_priv *q = priv;

	if (q->what == Q_SCHEDULER)
		seq_puts(s, "[none]\n");
	else if (q->what == Q_WRITE_CACHE)
		seq_puts(s, q->disk->limits.write_cache ? "write back\n" : "write through\n");
	else if (q->what == Q_ZONED)
		seq_puts(s, "none\n");
	else
		seq_printf(s, "%llu\n", (unsigned long long)queue_number(q->disk, q->what));
	return 0;
}

static ssize_t ra_write(struct disk *d, const char *buf, size_t len)
{
	u64 kb;

	if (kstrtou64(buf, 10, &kb) || kb > ~0u)
		return -EINVAL;
	WRITE_ONCE(d->bdi.ra_pages, (u32)(kb >> (PAGE_SHIFT - 10)));
	return (ssize_t)len;
}

static ssize_t read_ahead_store(struct kernfs_node *n, void *priv, char *buf, size_t len)
{
	const struct queue_file_priv *q = priv;

	return ra_write(q->disk, buf, len);
}

static const struct kernfs_ops queue_ops = { .show = queue_show };
static const struct kernfs_ops queue_ra_ops = { .show = queue_show, .store = read_ahead_store };

static void make_queue_dir(struct model_dev *m, struct disk *d)
{
	struct kernfs_node *dir = kernfs_mkdir(m->dev.node, "queue", 0755, NULL);

	if (IS_ERR(dir))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(queue_attrs); i++) {
		bool ra = queue_attrs[i].what == Q_RA;

		m->queue[i] = (struct queue_file_priv){ d, queue_attrs[i].what };
		(void)kernfs_create_file(dir, queue_attrs[i].name, ra ? 0644 : 0444, PAGE_SIZE, ra ? &queue_ra_ops : &queue_ops,
					 &m->queue[i]);
	}
}

/* --- write-back: /sys/class/bdi --- */

static struct disk *bdi_disk(struct device *d) { return d->private; }

static ssize_t bdi_ra_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%llu\n", (unsigned long long)queue_number(bdi_disk(d), Q_RA));
}

static ssize_t bdi_ra_store(struct device *d, const char *buf, size_t n)
{
	return ra_write(bdi_disk(d), buf, n);
}

static ssize_t min_ratio_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%u\n", READ_ONCE(bdi_disk(d)->bdi.min_ratio));
}

static ssize_t max_ratio_show(struct device *d, char *buf, size_t n)
{
	return scnprintf(buf, n, "%u\n", READ_ONCE(bdi_disk(d)->bdi.max_ratio));
}

static ssize_t ratio_write(struct device *d, const char *buf, size_t n, bool max)
{
	struct bdi *b = &bdi_disk(d)->bdi;
	u64 v;
	int err;

	if (kstrtou64(buf, 10, &v) || v > 100)
		return -EINVAL;
	err = max ? bdi_set_ratios(b, READ_ONCE(b->min_ratio), (u32)v) : bdi_set_ratios(b, (u32)v, READ_ONCE(b->max_ratio));
	return err ? err : (ssize_t)n;
}

static ssize_t min_ratio_store(struct device *d, const char *buf, size_t n) { return ratio_write(d, buf, n, false); }
static ssize_t max_ratio_store(struct device *d, const char *buf, size_t n) { return ratio_write(d, buf, n, true); }

static const struct dev_attr bdi_attrs[] = {
	{ "read_ahead_kb", 0644, bdi_ra_show, bdi_ra_store }, { "min_ratio", 0644, min_ratio_show, min_ratio_store },
	{ "max_ratio", 0644, max_ratio_show, max_ratio_store }, { "stable_pages_required", 0444, zero_show, NULL },
	{ NULL, 0, NULL, NULL },
};

static void bdi_release(struct device *d)
{
	kfree(d);
}

static struct device *make_bdi(struct block_device *b)
{
	struct device *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	ref_init(&d->ref, 1);
	snprintf(d->name, sizeof(d->name), "%u:%u", dev_major(b->dev), dev_minor(b->dev));
	d->class_name = "bdi";
	d->attrs = bdi_attrs;
	d->release = bdi_release;
	d->private = b->disk;
	if (device_register(d)) {
		kfree(d);
		return NULL;
	}
	return d;
}

/* --- devices --- */

static int bdev_uevent(struct device *d, char *buf, size_t n)
{
	const struct block_device *b = to_bdev(d);
	int len = scnprintf(buf, n, "DEVTYPE=%s\nDISKSEQ=%llu\n", b->partno ? "partition" : "disk",
			    (unsigned long long)READ_ONCE(b->disk->seq));

	if (b->partno)
		len += scnprintf(buf + len, n - (size_t)len, "PARTN=%u\n", b->partno);
	if (b->partlabel[0])
		len += scnprintf(buf + len, n - (size_t)len, "PARTNAME=%s\n", b->partlabel);
	return len;
}

static void model_release(struct device *d)
{
	kfree(container_of(d, struct model_dev, dev));
}

static int model_add(struct block_device *b)
{
	struct model_dev *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct device *d = &m->dev;
	int err;

	if (!m)
		return -ENOMEM;
	ref_init(&d->ref, 1);
	strscpy(d->name, b->name, sizeof(d->name));
	d->class_name = "block";
	d->parent = b->partno ? b->disk->whole->device : b->disk->parent;
	d->devt = b->dev;
	d->is_block = true;
	d->attrs = b->partno ? part_attrs : b->disk->ops->serial ? serial_disk_attrs : disk_attrs;
	d->uevent = bdev_uevent;
	d->release = model_release;
	d->private = b;
	err = device_register(d);
	if (err) {
		kfree(m);
		return err;
	}
	b->device = d;
	(void)kernfs_mkdir(d->node, "holders", 0755, NULL);
	if (b->partno)
		return 0;
	(void)kernfs_mkdir(d->node, "slaves", 0755, NULL);
	make_queue_dir(m, b->disk);
	m->bdi = make_bdi(b);
	if (m->bdi)
		(void)kernfs_symlink(d->node, "bdi", m->bdi->node);
	if (d->parent)
		(void)kernfs_symlink(d->node, "device", d->parent->node);
	(void)kernfs_symlink(sysfs_block, d->name, d->node);
	return 0;
}

static void model_remove(struct block_device *b)
{
	struct device *d = b->device;
	struct kernfs_node *link;

	if (!d)
		return;
	if (!b->partno) {
		link = kernfs_find(sysfs_block, d->name);
		if (link)
			kernfs_remove(link);
	}
	b->device = NULL;
	if (container_of(d, struct model_dev, dev)->bdi)
		device_unregister(container_of(d, struct model_dev, dev)->bdi);
	device_unregister(d);
}

static void model_changed(struct block_device *b)
{
	struct device *d = b->device;
	struct kernfs_node *n = d && d->node ? kernfs_find(d->node, "size") : NULL;

	if (n)
		kernfs_notify(n);
}

static const struct blk_model_ops model_ops = { .add = model_add, .remove = model_remove, .changed = model_changed };

static int model_init(void)
{
	blk_model = &model_ops;
	return blkdev_register(BLOCK_EXT_MAJOR, "blkext");
}
INITCALL_BUS(model_init);
