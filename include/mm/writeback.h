/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Bringing dirty inodes and pages to their devices: lists of dirty inodes and a flusher thread for each
 * file-system instance that has something to write to (fs/vfs/writeback.c), limits on dirty memory and the
 * throttling of those who make it (mm/cache/dirty.c).
 */
#ifndef MM_WRITEBACK_H
#define MM_WRITEBACK_H

#include <base/err.h>
#include <base/atomic.h>
#include <base/list.h>
#include <base/types.h>

struct inode;
struct mapping;
struct super_block;
struct wb;

/*
 * What pages are written back to: a disk. Its share of the memory that may be dirty follows what it wrote
 * lately, so that a slow disk does not use up what a fast one needs.
 */
#define RA_PAGES_DEFAULT	32u
struct bdi {
	struct list_head link;		/* [bdis_lock] */
	u32 ra_pages;			/* [a] the largest read-ahead window */
	u32 min_ratio, max_ratio;	/* [bdis_lock; a] percent of the limit that are its own; that it may have */
	atomic64_t dirty, writeback;	/* pages */
	atomic64_t recent;		/* pages written, halved as time goes */
	struct wb *wb;			/* [a] flusher of the device's own page cache, once it was opened for writing */
};

/* From the registration of its owner to its end. */
void bdi_add(struct bdi *b);
void bdi_del(struct bdi *b);
/* -EINVAL: out of range, or the others' minimum leaves too little. */
__must_check int bdi_set_ratios(struct bdi *b, u32 min_ratio, u32 max_ratio);
/* The cache's part: pages of m became dirty (or clean), go to the disk (or came there: done). NULL mapping: nothing. */
void bdi_count_dirty(const struct mapping *m, s64 pages);
void bdi_count_writeback(const struct mapping *m, s64 pages);

/* --- fs/vfs/writeback.c --- */
/* From super_activate() and super_shutdown(). */
void wb_start(struct super_block *sb);
void wb_stop(struct super_block *sb);
void wb_free(struct super_block *sb);
/* Pages of it became dirty. Thread context, spinlocks of the cache may not be held. */
void inode_mark_pages_dirty(struct inode *inode);
/* It goes: nobody looks at it any more. */
void wb_forget(struct inode *inode);
/* Reference an inode that may have none and stand unused in the cache. RCU or another pin on its memory. False: it goes. */
__must_check bool inode_grab(struct inode *inode);
/* The same without waiting for its state lock; false: try again, unless I_FREEING is set. */
__must_check bool inode_trygrab(struct inode *inode);
/* Start writing all inodes that are dirty now, the oldest first; false: this instance has no list of them. */
bool wb_start_all(struct super_block *sb);
/* Memory is short, or there is too much dirty: write back what there is, all instances. Any thread context. */
void wb_wake_all(void);
/* dirty_writeback_centisecs is another: sleep by it. */
void wb_interval_changed(void);
/* Wake the flusher that writes this inode. */
void wb_wake(const struct inode *inode);
/* The flusher of a device's page cache, whose inodes are in sb; it has one after the first call. May sleep. */
void bdi_wb_start(struct bdi *b, struct super_block *sb, const char *name);
void bdi_wb_stop(struct bdi *b);

/* --- mm/cache/dirty.c --- */
struct dirty_limits {
	u64 background, limit;		/* pages: the flushers begin; writers wait */
};
void dirty_limits(struct dirty_limits *l);
/* Memory as a whole, or this disk's share (NULL: none). */
bool dirty_over_background(const struct bdi *b);
/* After dirtying pages of a file: may sleep until write-back has caught up. No locks that write-back takes. */
void balance_dirty_pages(struct inode *inode);
/* Write-back of a page ended: let writers look again. Any context. */
void dirty_progress(void);
/* /proc/sys/vm; centisecs in ns. */
u64 dirty_interval_ns(void);
u64 dirty_expire_ns(void);

enum dirty_knob {
	DIRTY_RATIO, DIRTY_BACKGROUND_RATIO, DIRTY_BYTES, DIRTY_BACKGROUND_BYTES, DIRTY_EXPIRE_CS, DIRTY_WRITEBACK_CS,
	DIRTY_KNOBS
};
u64 dirty_knob_read(enum dirty_knob k);
__must_check int dirty_knob_write(enum dirty_knob k, u64 v);	/* -EINVAL */

#endif
