/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of fs/block share among themselves only. */
#ifndef FS_BLOCK_INTERNAL_H
#define FS_BLOCK_INTERNAL_H

#include <base/err.h>
#include <base/math.h>
#include <base/string.h>
#include <core/clock.h>
#include <core/printk.h>
#include <core/slab.h>
#include <fs/disk.h>
#include <fs/inode.h>
#include <uapi/linux/major.h>

/* bio.stage */
#define BIO_STAGE_PRE	0x1u		/* flush first */
#define BIO_STAGE_POST	0x2u		/* flush after */

/* Partitions of a disk: [open_mutex] disk.parts */
struct disk_part {
	struct list_head link;
	struct block_device *bdev;
};

static inline void bio_list_add(struct bio **first, struct bio **last, struct bio *b)
{
	b->next = NULL;
	if (*first)
		(*last)->next = b;
	else
		*first = b;
	*last = b;
}

/* stat.c. Interrupts off: counters belong to the CPU. */
enum blk_stat bio_stat(u32 op);
void stat_start(struct block_device *b, u32 op);
void stat_end(struct block_device *b, u32 op, u64 bytes, u64 ns);
void stat_cancel(struct block_device *b, u32 op);
void stat_merge(struct block_device *b, u32 op);

/* queue.c */
void queue_insert(struct blk_queue *q, struct bio *b);		/* lock held */
void queue_kill(struct blk_queue *q);
int queue_init(struct disk *d, u32 nr, u32 depth, u32 pdu_size);
void queues_free(struct disk *d);
void queue_wait_room(struct blk_queue *q);
bool queue_congested(const struct blk_queue *q, bool urgent);
bool bio_urgent(const struct bio *b);
const char *bio_op_name(u32 op);

/* submit.c */
void bio_dispatch(struct bio *b);				/* checked; past its first flush */
void bio_finish(struct bio *b);					/* all pieces are done */

/* flush.c */
void flush_enqueue(struct bio *b);
int flush_init(struct disk *d);

/* fault.c: failblk=. 0 or -errno for this bio. */
struct disk_fault *disk_fault_find(const char *name);
int disk_fault_check(struct disk_fault *f, const struct bio *b);

struct iomap_ops;

/* inode.c */
__must_check struct inode *bdev_inode_new(struct block_device *b);
void bdev_inode_gone(struct block_device *b);
void bdev_wb_start(struct block_device *b);
void bdev_inode_resize(struct block_device *b);			/* after nr_sectors changed */
extern const struct mapping_ops bdev_mapping_ops;
extern const struct iomap_ops bdev_iomap_ops;

/* disk.c */
struct block_device *bdev_get_by_dev(dev_t dev);		/* referenced; NULL */
/* Like bdev_open without the check for a read-only device. */
int bdev_open_ref(struct block_device *b, u32 how, void *holder);
struct block_device *bdev_alloc(struct disk *d, u32 partno, dev_t dev, const char *name);
int bdev_register(struct block_device *b);
void bdev_unregister(struct block_device *b);
int ext_minor_alloc(void);
void ext_minor_free(u32 minor);

#endif
