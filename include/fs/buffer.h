/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Metadata blocks of file systems (fs/vfs/buffer.c): one struct buffer a block, over the page cache of
 * the block device, so that a reader of the device node sees the same bytes. A buffer is found by
 * (device, block number, size), referenced, and dirty until written.
 */
#ifndef FS_BUFFER_H
#define FS_BUFFER_H

#include <fs/block.h>

struct buffer;

/* Without reading; contents undefined until uptodate. Referenced. ERR_PTR(-ENOMEM, -EINVAL: beyond the device). */
__must_check struct buffer *buffer_get(struct block_device *b, u64 block, u32 size);
/* Read in if need be. ERR_PTR(-EIO). */
__must_check struct buffer *buffer_read(struct block_device *b, u64 block, u32 size);
/* Start reading, do not wait. */
void buffer_readahead(struct block_device *b, u64 block, u32 size);
/* Fresh block: zeroed and uptodate, whatever was on disk. ERR_PTR. */
__must_check struct buffer *buffer_get_zeroed(struct block_device *b, u64 block, u32 size);
void buffer_put(struct buffer *bh);
void *buffer_data(struct buffer *bh);
u64 buffer_block(const struct buffer *bh);
bool buffer_uptodate(const struct buffer *bh);
void buffer_mark_uptodate(struct buffer *bh);
/* Sleeps; guards contents that several change (class FS_META is taken outside it). */
void buffer_lock(struct buffer *bh);
void buffer_unlock(struct buffer *bh);
/* After a change; goes out with write-back, in no order. */
void buffer_mark_dirty(struct buffer *bh);
/* Write now if dirty and wait. 0 or -errno. */
int buffer_write_sync(struct buffer *bh);
/* Start writing n of them (dirty ones), then wait for all: the first error. */
int buffers_write(struct buffer *const *bh, u32 n);
/* The block was freed: forget changes, never write it. */
void buffer_forget(struct buffer *bh);
/* All dirty buffers of a device out, and waited for; no flush. */
int buffers_sync(struct block_device *b);

#endif
