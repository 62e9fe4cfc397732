/* SPDX-License-Identifier: MPL-2.0 */
/* Stand-ins for the page cache and iomap: which blocks of which file are dirty, and their way to the device. */
#include "host.h"

extern const struct iomap_ops ext2_iomap_ops;

struct dirty {
	struct inode *inode;
	u64 lblk;
};
static struct dirty *dirty;
static u32 nr_dirty, max_dirty;

static void add(struct inode *inode, u64 lblk)
{
	for (u32 i = 0; i < nr_dirty; i++)
		if (dirty[i].inode == inode && dirty[i].lblk == lblk)
			return;
	if (nr_dirty == max_dirty) {
		max_dirty = max_dirty ? max_dirty * 2 : 256;
		dirty = realloc(dirty, max_dirty * sizeof(*dirty));
	}
	dirty[nr_dirty++] = (struct dirty){ inode, lblk };
}

static void check_map(struct inode *inode, const struct iomap *m, u64 pos)
{
	if (!m->length || pos < m->offset || pos >= m->offset + m->length)
		host_die("extent %llu+%llu does not hold %llu", (unsigned long long)m->offset, (unsigned long long)m->length,
		    (unsigned long long)pos);
	if (m->type == IOMAP_MAPPED && (m->addr >= dev.bytes || m->length > dev.bytes - m->addr))
		host_die("extent beyond the device");
}

int data_write(struct inode *inode, loff_t pos, u64 len)
{
	u64 at = (u64)pos, end = (u64)pos + len;

	while (at < end) {
		struct iomap m = { 0 };
		u64 n;
		int err = ext2_iomap_ops.begin(inode, (loff_t)at, end - at, IOMAP_WRITE, &m);

		if (err)
			return err;
		check_map(inode, &m, at);
		n = min(end - at, m.offset + m.length - at);
		/* At times not all of it is copied. */
		if (below(16) == 0)
			n = below((u32)min_t(u64, n, 1u << 30)) + 1;
		for (u64 b = at >> inode->blkbits; b <= (at + n - 1) >> inode->blkbits; b++)
			add(inode, b);
		(void)ext2_iomap_ops.end(inode, (loff_t)at, end - at, n, IOMAP_WRITE, &m);
		at += n;
		if ((loff_t)at > inode->size) {
			inode->size = (loff_t)at;
			inode_mark_dirty(inode);
		}
	}
	return 0;
}

void data_forget(struct inode *inode, loff_t from, loff_t to)
{
	u32 k = 0;
	u64 bs = 1ull << inode->blkbits, first = ((u64)from + bs - 1) >> inode->blkbits, end = (u64)to >> inode->blkbits;

	for (u32 i = 0; i < nr_dirty; i++)
		if (dirty[i].inode != inode || dirty[i].lblk < first || dirty[i].lblk >= end)
			dirty[k++] = dirty[i];
	nr_dirty = k;
}

int data_flush(struct inode *inode)
{
	int err = 0;

	for (;;) {
		u64 lblk = ~0ull, n = 0, pos, len;
		struct iomap m = { 0 };
		u32 k = 0;
		int e;

		for (u32 i = 0; i < nr_dirty; i++)
			if (dirty[i].inode == inode && dirty[i].lblk < lblk)
				lblk = dirty[i].lblk;
		if (lblk == ~0ull)
			return err;
		do {
			u32 i;

			for (i = 0; i < nr_dirty && !(dirty[i].inode == inode && dirty[i].lblk == lblk + n); i++)
				;
			if (i == nr_dirty)
				break;
			n++;
		} while (n < 16);
		pos = lblk << inode->blkbits;
		len = n << inode->blkbits;
		if (pos >= (u64)inode->size) {
			data_forget(inode, (loff_t)pos, (loff_t)(pos + len));
			continue;
		}
		e = ext2_iomap_ops.map_blocks(inode, (loff_t)pos, len, &m);
		if (!e) {
			check_map(inode, &m, pos);
			if (m.type != IOMAP_MAPPED)
				host_die("write-back got no place");
			len = min(len, m.offset + m.length - pos);
			dev_data_write(m.addr + (pos - m.offset), len);
			if (++dev.writes == dev.fail_write)
				e = -EIO;
			ext2_iomap_ops.written(inode, (loff_t)pos, min(len, (u64)inode->size - pos), &m, e);
		}
		err = err ? err : e;
		for (u32 i = 0; i < nr_dirty; i++)
			if (dirty[i].inode != inode || dirty[i].lblk < lblk || dirty[i].lblk >= lblk + (len >> inode->blkbits))
				dirty[k++] = dirty[i];
		nr_dirty = k;
	}
}

/* --- the page cache's functions --- */

void mapping_init(struct mapping *m, struct inode *host, const struct mapping_ops *ops)
{
	m->host = host;
	m->ops = ops;
}

void mapping_set_error(struct mapping *m, int error) { }
int mapping_check_error(struct mapping *m, u32 *seen) { return 0; }
void truncate_all(struct mapping *m) { if (m->host) data_forget(m->host, 0, (loff_t)(~0ull >> 1)); }
void truncate_pagecache(struct mapping *m, loff_t size) { data_forget(m->host, size, (loff_t)(~0ull >> 1)); }
void truncate_range_locked(struct mapping *m, loff_t start, loff_t end) { data_forget(m->host, start, end); }
int filemap_write_and_wait(struct mapping *m, loff_t start, loff_t end) { return data_flush(m->host); }

int iomap_zero_range(struct inode *inode, loff_t pos, u64 len, const struct iomap_ops *ops)
{
	u64 at = (u64)pos, end = at + len;

	while (at < end) {
		struct iomap m = { 0 };
		int err = ops->begin(inode, (loff_t)at, end - at, IOMAP_WRITE | IOMAP_ZERO, &m);
		u64 n;

		if (err)
			return err;
		check_map(inode, &m, at);
		n = min(end - at, m.offset + m.length - at);
		if (m.type != IOMAP_HOLE)
			for (u64 b = at >> inode->blkbits; b <= (at + n - 1) >> inode->blkbits; b++)
				add(inode, b);
		at += n;
	}
	return 0;
}

void inode_dio_wait(struct inode *inode) { }

/* --- what the walk does not use --- */

#define UNUSED(ret, name, ...) ret name(__VA_ARGS__) { host_die(#name); }
UNUSED(ssize_t, filemap_read, struct kiocb *k, struct iov_iter *to)
UNUSED(int, filemap_mmap, struct file *f, struct vma *v)
UNUSED(int, filemap_fault, struct vm_fault_ctx *f)
UNUSED(loff_t, generic_llseek, struct file *f, loff_t off, int whence)
UNUSED(loff_t, generic_llseek_size, struct file *f, loff_t off, int whence, loff_t max, loff_t eof)
UNUSED(ssize_t, generic_write_checks, struct kiocb *k, struct iov_iter *from)
UNUSED(u64, iomap_bmap, struct inode *inode, u64 block, const struct iomap_ops *ops)
UNUSED(ssize_t, iomap_dio_read, struct kiocb *k, struct iov_iter *to, const struct iomap_ops *ops)
UNUSED(ssize_t, iomap_dio_write, struct kiocb *k, struct iov_iter *from, const struct iomap_ops *ops)
UNUSED(bool, iomap_dirty_folio, struct mapping *m, struct folio *f)
UNUSED(long, iomap_fiemap, struct file *f, u64 arg, const struct iomap_ops *ops)
UNUSED(ssize_t, iomap_file_write, struct kiocb *k, struct iov_iter *from, const struct iomap_ops *ops)
UNUSED(int, iomap_swap_extents, struct inode *inode, const struct iomap_ops *ops,
       int (*fn)(void *arg, struct block_device *b, u64 first_page, u64 nr_pages, sector_t sector), void *arg)
UNUSED(void, iomap_invalidate_folio, struct folio *f, size_t off, size_t len)
UNUSED(int, iomap_page_mkwrite, struct vm_fault_ctx *f, const struct iomap_ops *ops)
UNUSED(int, iomap_read_folio, struct folio *f, const struct iomap_ops *ops)
UNUSED(void, iomap_readahead, struct readahead_control *ra, const struct iomap_ops *ops)
UNUSED(bool, iomap_release_folio, struct folio *f)
UNUSED(loff_t, iomap_seek_data, struct inode *inode, loff_t pos, const struct iomap_ops *ops)
UNUSED(loff_t, iomap_seek_hole, struct inode *inode, loff_t pos, const struct iomap_ops *ops)
UNUSED(int, iomap_writepages, struct mapping *m, struct writeback_control *wbc, const struct iomap_ops *ops)
