/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Between the page cache and a file system on a block device (fs/vfs/iomap*.c): the file system says
 * where a range of a file lies, the code here reads, writes, zeroes, seeks and maps by it. One call
 * for each extent, not for each page.
 */
#ifndef FS_IOMAP_H
#define FS_IOMAP_H

#include <fs/block.h>
#include <fs/file.h>
#include <mm/filemap.h>

#define IOMAP_HOLE	0u
#define IOMAP_DELALLOC	1u		/* space reserved, no place yet */
#define IOMAP_MAPPED	2u
#define IOMAP_UNWRITTEN	3u		/* has a place; reads as zeros until written */

#define IOMAP_F_NEW	0x1u		/* fresh blocks: the rest of them must be zeroed */
#define IOMAP_F_DIRTY	0x2u		/* metadata not on disk yet: O_DSYNC must write it */
#define IOMAP_NULL_ADDR	(~0ull)

struct iomap {
	u64 offset, length;		/* bytes of the file; holds the position asked for */
	u64 addr;			/* bytes on the device; IOMAP_NULL_ADDR */
	u16 type, flags;
	struct block_device *bdev;
	void *private;
};

/* What the mapping is for. */
#define IOMAP_WRITE	0x1u		/* reserve or allocate */
#define IOMAP_ZERO	0x2u		/* zeroing: holes may stay */
#define IOMAP_REPORT	0x4u		/* SEEK_HOLE, FIEMAP: change nothing */
#define IOMAP_DIRECT	0x8u		/* allocate now, no delalloc */
#define IOMAP_NOWAIT	0x10u		/* -EAGAIN rather than sleep on I/O */
#define IOMAP_FAULT	0x20u		/* from page_mkwrite */

struct iomap_ops {
	/* One extent that holds pos. May sleep. -ENOSPC, -EIO, ... */
	int (*begin)(struct inode *inode, loff_t pos, u64 length, u32 flags, struct iomap *out);
	/* `done` bytes of it were used: release what was reserved too much. NULL: nothing to do. */
	int (*end)(struct inode *inode, loff_t pos, u64 length, u64 done, u32 flags, struct iomap *m);
	/*
	 * Write-back: where does the dirty range go? Allocates what was only reserved; must be MAPPED. Called
	 * with the folio locked; may start transactions, must not touch the page cache of this file.
	 */
	int (*map_blocks)(struct inode *inode, loff_t pos, u64 length, struct iomap *out);
	/* Data of a write-back extent is on the device (not flushed): thread context. NULL. */
	void (*written)(struct inode *inode, loff_t pos, u64 length, const struct iomap *m, int error);
	/* Direct writes over existing blocks are on the device (not flushed): any context. NULL. */
	void (*overwritten)(struct inode *inode);
};

struct readahead_control;

/*
 * For mapping_ops; the file system wraps the first three with its ops and takes the others as they are
 * (all three: they own folio->private).
 */
int iomap_read_folio(struct folio *f, const struct iomap_ops *ops);
void iomap_readahead(struct readahead_control *ra, const struct iomap_ops *ops);
int iomap_writepages(struct mapping *m, struct writeback_control *wbc, const struct iomap_ops *ops);
bool iomap_release_folio(struct folio *f);
void iomap_invalidate_folio(struct folio *f, size_t off, size_t len);
bool iomap_dirty_folio(struct mapping *m, struct folio *f);

/* For file_ops. Inode lock held exclusively for write; checks done. Advances k->pos. */
ssize_t iomap_file_write(struct kiocb *k, struct iov_iter *from, const struct iomap_ops *ops);
/* O_DIRECT: -EINVAL unless aligned to the logical block; keeps the page cache coherent. Reads: inode lock shared. */
ssize_t iomap_dio_read(struct kiocb *k, struct iov_iter *to, const struct iomap_ops *ops);
ssize_t iomap_dio_write(struct kiocb *k, struct iov_iter *from, const struct iomap_ops *ops);
/* Inode lock held exclusively: wait for direct requests that nobody waits for, before blocks are taken away. */
void inode_dio_wait(struct inode *inode);
/* vma_ops.page_mkwrite of a file: reserve blocks, mark dirty. Folio locked on entry and return. */
struct vm_fault_ctx;
int iomap_page_mkwrite(struct vm_fault_ctx *f, const struct iomap_ops *ops);
/* Zero bytes of the file through the cache (truncate's tail, punch hole). */
int iomap_zero_range(struct inode *inode, loff_t pos, u64 len, const struct iomap_ops *ops);
loff_t iomap_seek_hole(struct inode *inode, loff_t pos, const struct iomap_ops *ops);
loff_t iomap_seek_data(struct inode *inode, loff_t pos, const struct iomap_ops *ops);
/* FS_IOC_FIEMAP and FIBMAP. */
long iomap_fiemap(struct file *f, u64 arg, const struct iomap_ops *ops);
u64 iomap_bmap(struct inode *inode, u64 block, const struct iomap_ops *ops);
/* swapon of a file: extents in page order; -EINVAL with holes. fn is called for each run of sectors. */
int iomap_swap_extents(struct inode *inode, const struct iomap_ops *ops,
	int (*fn)(void *arg, struct block_device *b, u64 first_page, u64 nr_pages, sector_t sector), void *arg);

#endif
