/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Metadata blocks of file systems (fs/vfs/buffer.c): one struct buffer a block, over the page cache of
 * the block device, so that a reader of the device node sees the same bytes. A buffer is found by
 * (device, block number, size), referenced, and stays in memory while it is referenced.
 *
 * The page below is read whole before a buffer of it is handed out. Who writes it, and when, is
 * the file system's: it keeps what it changed on lists of its own (link, state, owner are its fields) and
 * calls buffers_write(); or it says buffer_mark_dirty() for blocks that need no order.
 */
#ifndef FS_BUFFER_H
#define FS_BUFFER_H

#include <base/list.h>
#include <fs/block.h>

struct buffer {
	struct block_device *bdev;	/* [I] */
	u64 block;			/* [I] in units of size */
	u32 size;			/* [I] */
	u32 off;			/* [I] in the folio */
	struct folio *folio;		/* [I] referenced */
	void *data;			/* [I] address of the contents */
	int ref;			/* [hash lock] */
	bool dirty;			/* [hash lock] on the dirty list: written by background write-back */
	bool dead;			/* [hash lock] forgotten: freed with its last reference */
	struct hlist_node hash;		/* [hash lock] */
	struct list_head lru;		/* [hash lock] unused, or dirty */
	int error;			/* [write owner] of the last write */
	/* The file system's own, under its own locks. */
	struct list_head link;
	u32 state;
	void *owner;
};

/*
 * Without reading, for a block that is overwritten whole; contents are what was there. Referenced.
 * ERR_PTR(-ENOMEM, -EIO, -EINVAL: beyond the device).
 */
__must_check struct buffer *buffer_get(struct block_device *b, u64 block, u32 size);
/* Referenced, if there is one; NULL. */
struct buffer *buffer_find(struct block_device *b, u64 block, u32 size);
/* Read in if need be. ERR_PTR(-EIO). */
__must_check struct buffer *buffer_read(struct block_device *b, u64 block, u32 size);
/* Start reading, do not wait. */
void buffer_readahead(struct block_device *b, u64 block, u32 size);
/* If `block` is not in memory, start reading the nr blocks from `first` on, which it belongs to. */
void buffer_readahead_from(struct block_device *b, u64 block, u64 first, u32 nr, u32 size);
/* Fresh block: zeroed and uptodate, whatever was on disk. ERR_PTR. */
__must_check struct buffer *buffer_get_zeroed(struct block_device *b, u64 block, u32 size);
/* One more reference. */
void buffer_hold(struct buffer *bh);
void buffer_put(struct buffer *bh);
static inline void *buffer_data(struct buffer *bh) { return bh->data; }
static inline u64 buffer_block(const struct buffer *bh) { return bh->block; }
/* After a change; goes out with write-back, in no order. */
void buffer_mark_dirty(struct buffer *bh);
/* Write now and wait. 0 or -errno. */
int buffer_write_sync(struct buffer *bh);
/* Write n of them, neighbours in one request (sorts the array by block), and wait for all: the first error. */
int buffers_write(struct buffer **bh, u32 n);
/* The block was freed: forget changes, never write it. Consumes the reference. */
void buffer_forget(struct buffer *bh);
/* All dirty buffers of a device out, and waited for; no flush. */
int buffers_sync(struct block_device *b);
/* No buffer of the device is in use any more: let go of them all. */
void buffers_drop(struct block_device *b);
/* Let go of all that nobody uses: their pages can leave the cache. */
void buffers_drop_unused(void);

#endif
