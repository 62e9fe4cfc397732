/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Block devices (fs/block; docs/block.md). A disk is what a driver registers; a block_device is the
 * whole disk or a partition of it: what file systems, swap and /dev nodes open. I/O is a bio: a run of
 * sectors and pieces of folios. Bios become requests of the disk's queues, merged and plugged on the way.
 *
 * Life of a bio: bio_alloc, bio_add..., bio_submit; end_io runs exactly once; bio_put by whoever owns it
 * (end_io itself, usually). The folios must stay referenced until end_io.
 *
 * Stands below file systems and swap, which both use it: hence layer 2 (docs/decisions/003-block-layer-2.md).
 */
#ifndef FS_BLOCK_H
#define FS_BLOCK_H

#include <base/err.h>
#include <base/list.h>
#include <base/types.h>
#include <core/page.h>

struct bdi;
struct block_device;
struct disk;
struct inode;
struct mapping;
struct seq_file;

typedef u64 sector_t;			/* always in units of 512 bytes */
#define SECTOR_SHIFT	9
#define SECTOR_SIZE	512u

/* bio.op: the operation in the low byte, flags above. */
#define BIO_READ		0u
#define BIO_WRITE		1u
#define BIO_FLUSH		2u	/* no data: what was reported done before is on the medium after it */
#define BIO_DISCARD		3u
#define BIO_WRITE_ZEROES	4u
#define BIO_OP_MASK		0xffu
#define BIO_FUA			0x100u	/* this write is on the medium when done */
#define BIO_PREFLUSH		0x200u	/* flush, then this write */
#define BIO_SYNC		0x400u	/* somebody waits for it */
#define BIO_META		0x800u
#define BIO_RAHEAD		0x1000u	/* may fail when it would have to wait: -EAGAIN */
#define BIO_NOUNMAP		0x2000u	/* WRITE_ZEROES: keep the space allocated */

struct bio_vec {
	struct folio *folio;
	u32 off, len;			/* within the whole folio; len multiple of 512 */
};

/* Owned by the submitter until bio_submit and from end_io on; by the block layer between. */
struct bio {
	struct bio *next;		/* list of the owner at the moment */
	struct block_device *bdev;
	u32 op;
	u16 nr_vecs, max_vecs;
	int status;			/* 0 or -errno, at end_io */
	u32 size;			/* bytes in vecs; for DISCARD and WRITE_ZEROES see nr_sectors */
	sector_t sector;		/* first, relative to bdev */
	sector_t nr_sectors;		/* DISCARD, WRITE_ZEROES */
	/* Any context, also hard interrupt; must not sleep. */
	void (*end_io)(struct bio *b);
	void *private;			/* submitter's */
	/* The block layer's own, between submit and end_io: */
	atomic_t parts;			/* [a] pieces under way (split at limits) */
	u8 stage;			/* flushes still to come */
	u8 pool;			/* where its memory came from */
	u64 issued;			/* bytes that are in requests already */
	u64 start_ns;
	struct bio_vec *vecs;		/* inline_vecs, or a separate array */
	struct bio_vec inline_vecs[4];
};

/* NULL only without GFP_WAIT: with it, a pool guarantees progress. max vecs: BIO_MAX_VECS. */
#define BIO_MAX_VECS	256u
__must_check struct bio *bio_alloc(struct block_device *b, u32 nr_vecs, u32 op, gfp_t gfp);
void bio_put(struct bio *b);
/* Append a piece (joined with the last one where they touch). False: full or over the device's limit: submit, start another. */
__must_check bool bio_add(struct bio *b, struct folio *f, u32 off, u32 len);
static inline u32 bio_op(const struct bio *b) { return b->op & BIO_OP_MASK; }
/* May sleep for a free request (not in atomic context). Errors come through end_io. */
void bio_submit(struct bio *b);
/* Submit and wait, uninterruptible. The status. Does not put. */
int bio_submit_wait(struct bio *b);

/* Hold back bios of the current task between start and finish, so that neighbours merge; sleeping flushes it. */
struct blk_plug {
	struct bio *first, *last;
	u32 count;
	bool unsorted;
};
void blk_plug_start(struct blk_plug *p);
void blk_plug_finish(struct blk_plug *p);
void blk_plug_sleep(struct blk_plug *p);	/* schedule()'s: takes spinlocks only */

/* --- opening --- */
#define BDEV_READ	0x1u
#define BDEV_WRITE	0x2u
#define BDEV_EXCL	0x4u		/* claim for `holder`: -EBUSY if another holds it or a part of it */
/* -ENXIO: no such device; -EROFS/-EACCES: read-only; -EBUSY. ERR_PTR. May sleep. */
__must_check struct block_device *bdev_open(dev_t dev, u32 how, void *holder);
/* Path of a block special file: -ENOTBLK, and what the walk says. */
__must_check struct block_device *bdev_open_path(const char *path, u32 how, void *holder);
void bdev_close(struct block_device *b, u32 how, void *holder);
/*
 * root= and friends: /dev/NAME, MAJOR:MINOR, NAME, UUID=, PARTUUID=, LABEL=, PARTLABEL=. 0: none such.
 * File systems register how to recognise theirs (superblock probes).
 */
dev_t bdev_find(const char *spec);
struct fs_probe {
	const char *fstype;
	u64 offset;			/* bytes where the super block stands */
	u32 len;			/* at most 4096 */
	/* Is it one? Fills uuid (16 bytes) and label (NUL-ended, 64). */
	bool (*probe)(const u8 *data, u8 uuid[16], char label[64]);
	struct list_head link;
};
void fs_probe_register(struct fs_probe *p);
/* Which file system is on it: name of the type or NULL. */
const char *bdev_probe_fstype(struct block_device *b);
/* Make a list of devices for the message "cannot find the root device". */
void bdevs_show_log(void);

/* --- looking at one --- */
dev_t bdev_dev(const struct block_device *b);
const char *bdev_name(const struct block_device *b);	/* "vda1" */
u64 bdev_bytes(const struct block_device *b);
u32 bdev_logical_block_size(const struct block_device *b);
u32 bdev_physical_block_size(const struct block_device *b);
bool bdev_read_only(const struct block_device *b);
bool bdev_has_flush(const struct block_device *b);	/* a volatile write cache */
u64 bdev_max_discard(const struct block_device *b);	/* sectors; 0: cannot */
/* The device's own page cache and inode: block special files and metadata buffers share it. */
struct mapping *bdev_mapping(struct block_device *b);
struct bdi *bdev_bdi(struct block_device *b);		/* of its disk */
struct inode *bdev_inode(struct block_device *b);
struct block_device *inode_bdev(const struct inode *i);	/* of an opened block special file; NULL */

/* --- whole-device work; all wait --- */
int bdev_flush(struct block_device *b);			/* cache of the device to the medium */
int bdev_discard(struct block_device *b, sector_t first, sector_t n);	/* -EOPNOTSUPP */
int bdev_write_zeroes(struct block_device *b, sector_t first, sector_t n, bool keep);
int bdev_sync(struct block_device *b);			/* page cache written, device flushed */
void bdev_invalidate(struct block_device *b);		/* drop clean cache */

/* --- for /proc --- */
void partitions_show(struct seq_file *s);
void diskstats_show(struct seq_file *s);

#endif
