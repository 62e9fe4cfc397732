/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The side of block devices that drivers see (fs/block; docs/block.md): a disk with its limits and
 * hardware queues, and the requests that bios become. File systems use fs/block.h.
 *
 * Life of a disk: disk_alloc, fill in limits, disk_add (node, sysfs, partitions); disk_remove (no new
 * I/O, what is under way ends, nodes go); disk_put: freed with the last opener, ops->free tells.
 *
 * Two kinds of drivers. With hardware queues: ops->queue gets requests, at most `depth` at once a queue,
 * and answers each by request_end(). Without (nr_queues 0): ops->submit gets each bio as it is, in the
 * submitter's context, and answers by bio_end().
 */
#ifndef FS_DISK_H
#define FS_DISK_H

#include <base/ref.h>
#include <core/mutex.h>
#include <core/percpu.h>
#include <core/wait.h>
#include <fs/block.h>
#include <mm/writeback.h>

struct blk_queue;

struct disk_limits {
	u32 logical_block, physical_block;	/* bytes, powers of two from 512 to PAGE_SIZE */
	u32 io_min, io_opt;			/* bytes; 0: none said */
	u32 alignment_offset;
	u32 max_sectors;			/* of one request */
	u32 max_segments, max_segment_bytes;
	u32 max_discard, discard_granularity;	/* sectors, bytes; 0: cannot */
	u32 max_write_zeroes;			/* sectors; 0: cannot */
	bool write_cache;			/* volatile: flushes matter */
	bool fua;
	bool rotational;
};

/* A request under way: whole bios that lie one after the other, or a piece of a single one. */
struct request {
	struct request *next_free;	/* [queue lock] */
	struct blk_queue *q;		/* [I] */
	struct bio *first, *last;	/* [queue lock] linked by bio.next */
	u32 op;				/* [queue lock] BIO_* with flags of the first */
	u32 tag;			/* [I] */
	u32 nr_segs;			/* [queue lock] */
	u64 skip, bytes;		/* [queue lock] skip: bytes of the (single) bio before this piece */
	sector_t sector;		/* [queue lock] on the whole disk */
	sector_t nr_sectors;		/* [queue lock] */
	u64 start_ns;			/* [queue lock] */
	u64 pdu[];			/* [queue lock; the driver's] pdu_size bytes */
};

/* Each piece of memory of a request, in order. */
struct request_iter {
	const struct bio *b;
	u32 vec;
	u64 skip, left;
};
static inline void request_iter_init(struct request_iter *it, const struct request *rq)
{
	*it = (struct request_iter){ .b = rq->first, .skip = rq->skip, .left = rq->bytes };
}
/* False at the end. */
bool request_iter_next(struct request_iter *it, struct bio_vec *v);

struct blk_queue {
	spinlock_t lock;		/* class DEVICE_IRQ: this, the driver's ring and its requests */
	struct disk *disk;		/* [I] */
	u32 index, depth;		/* [I] */
	u32 pdu_size;			/* [I] */
	u8 *requests;			/* [I] depth of them */
	struct request *free;		/* [lock] */
	u32 nr_free;			/* [lock] */
	struct {
		struct bio *first, *last;
	} urgent, later;		/* [lock] waiting bios: reads and what somebody waits for; the rest */
	u32 nr_waiting;			/* [lock; a] bios in both */
	u32 urgent_run;			/* [lock] urgent ones taken while others waited */
	bool stalled;			/* [lock] the driver had no room: wait for a completion */
	atomic_t congested;		/* sleepers on wait */
	struct wait_queue wait;
	void *driver, *driver_scratch;	/* [I] the driver's */
};

struct disk_ops {
	/* Start it. Queue lock held, interrupts off. 0; -EBUSY: no room until something completes; -errno: failed. */
	int (*queue)(struct blk_queue *q, struct request *rq);
	/* After one or several queue(): tell the device. Queue lock held. */
	void (*commit)(struct blk_queue *q);
	/* Disks without queues. May sleep. */
	void (*submit)(struct disk *d, struct bio *b);
	/* Open mutex held. First and each further open; last and each earlier close. NULL: nothing to do. */
	int (*open)(struct disk *d, u32 how);
	void (*release)(struct disk *d);
	/* -ENOIOCTLCMD: not mine. */
	long (*ioctl)(struct block_device *b, u32 how, u32 cmd, u64 arg);
	/* The text of /sys/block/NAME/serial, 0-ended; false: none. */
	bool (*serial)(struct disk *d, char buf[64]);
	/* Nobody refers to it any more. */
	void (*free)(struct disk *d);
};

/* Numbers for diskstats, one set a CPU. */
enum blk_stat { STAT_READ, STAT_WRITE, STAT_DISCARD, STAT_FLUSH, NR_BLK_STATS };
struct blk_stats {
	u64 ios[NR_BLK_STATS], merges[NR_BLK_STATS], sectors[NR_BLK_STATS], ns[NR_BLK_STATS];
	s64 in_flight[2];		/* reads; all others */
};

#define DISK_NAME_MAX	32
struct block_device {
	struct ref ref;			/* registration, openers, look-ups */
	struct list_head link;		/* [bdevs_lock] in order of registration */
	struct disk *disk;		/* [I] */
	u32 partno;			/* [I] 0: the whole disk */
	dev_t dev;			/* [I] */
	char name[DISK_NAME_MAX];	/* [I] */
	sector_t start, nr_sectors;	/* [disk's open mutex; atomic reads] */
	bool read_only;			/* [a] */
	bool registered;		/* [bdevs_lock] */
	u32 soft_block;			/* [a] BLKBSZGET: bytes */
	struct inode *inode;		/* [I] referenced; its mapping is the page cache */
	struct blk_stats *stats;	/* [I] per CPU */
	u64 stamp_ms, busy_ms;		/* [a] diskstats' io_ticks */
	u32 openers;			/* [disk's open mutex] */
	u32 write_openers;		/* [disk's open mutex] */
	void *holder;			/* [claim_lock] */
	u32 holders;			/* [claim_lock] */
	u32 part_claims;		/* [claim_lock] whole disk: partitions that are claimed */
	char partuuid[40];		/* [I] text, or "" */
	char partlabel[112];		/* [I] UTF-8, or "" */
	void *device;			/* [I] drivers/block/model.c */
};

struct disk {
	struct block_device *whole;	/* [I] */
	struct list_head parts;		/* [open_mutex] struct disk_part */
	struct mutex open_mutex;	/* class DISK_OPEN: opens, closes, partitions */
	const struct disk_ops *ops;	/* [I] */
	void *private;			/* [I] the driver's */
	u32 major, first_minor, minors;	/* [I] */
	struct disk_limits limits;	/* [I] once added; loop changes it while nobody has it open */
	bool read_only;			/* [a] the device itself */
	bool removable, has_geometry;	/* [I] */
	bool no_partitions;		/* [open_mutex] the table is not looked at */
	bool dead;			/* [a] removed: I/O fails */
	bool rescan;			/* [open_mutex] scan at the next open */
	u64 seq;			/* [a] diskseq */
	void *parent;			/* [I] struct device of the controller, or NULL */
	u32 nr_queues;			/* [I] */
	struct blk_queue **queues;	/* [I] */
	struct {
		spinlock_t lock;	/* class DEVICE_IRQ */
		struct bio *wait_first, *wait_last;	/* [flush.lock] for the next flush */
		struct bio *run;	/* [flush.lock] whose flush is under way */
		bool busy;		/* [flush.lock] */
		struct bio *bio;	/* [flush.lock] ours */
	} flush;
	struct bdi bdi;			/* write-back and read-ahead */
	struct disk_fault *fault;	/* [I] failblk= */
};

/*
 * name: "vda". minors: numbers from first_minor on for the disk and its partitions; further ones get dynamic
 * numbers. nr_queues 0: ops->submit. ERR_PTR(-ENOMEM). May sleep, as all here.
 */
__must_check struct disk *disk_alloc(const char *name, u32 major, u32 first_minor, u32 minors, const struct disk_ops *ops,
	u32 nr_queues, u32 depth, u32 pdu_size, void *private);
__must_check int disk_add(struct disk *d);
void disk_remove(struct disk *d);
void disk_put(struct disk *d);
/* In sectors of 512 bytes. The page cache beyond goes. */
void disk_set_capacity(struct disk *d, sector_t sectors);
/* Another medium is in it: a new sequence number. */
void disk_new_medium(struct disk *d);
void disk_set_read_only(struct disk *d, bool ro);
static inline const char *disk_name(const struct disk *d) { return d->whole->name; }

/* Bios done, to be ended once the lock is gone. */
struct bio_batch {
	struct bio *first, *last;
};
/* Queue lock held. status: 0 or -errno. */
void request_end(struct request *rq, int status, struct bio_batch *done);
/* After the request_end()s: start what waits, unlock, end the bios. */
void blk_queue_finish(struct blk_queue *q, struct bio_batch *done, u64 flags);
/* Drivers without queues: the bio is done. Any context. */
void bio_end(struct bio *b, int status);
static inline u64 bio_bytes(const struct bio *b)
{
	u32 op = bio_op(b);

	return op == BIO_DISCARD || op == BIO_WRITE_ZEROES ? (u64)b->nr_sectors << SECTOR_SHIFT : b->size;
}
/* Where on the whole disk. */
static inline sector_t bio_disk_sector(const struct bio *b) { return b->bdev->start + b->sector; }

/* "vda", ... "vdz", "vdaa". */
void disk_letter_name(char *buf, size_t size, const char *prefix, u32 index);

/* Majors, for /proc/devices. */
__must_check int blkdev_register(u32 major, const char *name);
void blkdevs_show(struct seq_file *s);

/* The device model stands above this layer: drivers/block/model.c fills this in at boot. */
struct blk_model_ops {
	int (*add)(struct block_device *b);		/* node, sysfs; b->device */
	void (*remove)(struct block_device *b);
	void (*changed)(struct block_device *b);	/* size or medium */
};
extern const struct blk_model_ops *blk_model;
/* Sum of a device's counters. */
void bdev_stats_sum(const struct block_device *b, struct blk_stats *sum);
u64 bdev_busy_ms(struct block_device *b);

/* Read the partition table anew. Open mutex held. -EBUSY: a partition is in use. */
int disk_rescan(struct disk *d);
/* Next registered device after prev (whose reference goes), referenced; NULL at the end. */
struct block_device *bdev_next(struct block_device *prev);
void bdev_put(struct block_device *b);

#endif
