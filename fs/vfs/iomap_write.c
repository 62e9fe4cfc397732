/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Writing files on block devices through the page cache: one begin() an extent, then folio by folio.
 * Of a block that is only partly overwritten the rest is read first; of a fresh one it is zeroed. The
 * copy runs with page faults off under the folio lock (the source may be the very page); where it
 * stops, the lock is dropped and the source faulted in.
 *
 * The inode lock is held for writing: no truncation and no other writer, so an extent stays what it is.
 */
#include "internal.h"
#include "iomap_internal.h"
#include <kernel/sched.h>
#include <mm/mm.h>
#include <mm/writeback.h>

/* One edge of the change, the block at `off`: [from, to) of the folio is about to be overwritten. */
static int prepare_block(struct folio *f, struct folio_blocks *b, u64 off, u64 bs, u64 from, u64 to,
			 const struct iomap *m, u64 size, bool nowait)
{
	int err;

	if (folio_block_is_uptodate(f, b, off) || (from <= off && to >= off + bs))
		return 0;
	/* Behind the end of the file and in fresh blocks there is nothing to read. */
	if (iomap_is_zeros(m, folio_pos(f) + off) || folio_pos(f) + off >= size) {
		folio_zero_bytes(f, off, max(from, off));
		folio_zero_bytes(f, min(to, off + bs), off + bs);
		return 0;
	}
	if (nowait)
		return -EAGAIN;
	err = iomap_read_sync(f, m, off, bs);
	if (!err)
		folio_blocks_uptodate(f, b, off, bs);
	return err;
}

struct folio *iomap_write_begin(struct inode *inode, u64 pos, u64 len, const struct iomap *m, bool nowait)
{
	struct mapping *mp = inode->mapping;
	u64 bs = 1ul << inode->blkbits, from, to, first, last, size = (u64)inode_size(inode);
	struct folio_blocks *b;
	struct folio *f;
	int err;

	f = filemap_grab_range(mp, pos >> PAGE_SHIFT, (pos + len - 1) >> PAGE_SHIFT, mp->gfp);
	if (IS_ERR(f))
		return f;
	if (mp->flags & MAPPING_STABLE_WRITES)
		folio_wait_bit(f, FOLIO_WRITEBACK);
	from = pos - folio_pos(f);
	to = min(from + len, folio_size(f));
	b = folio_blocks_make(inode, f);
	err = PTR_ERR_OR_ZERO(b);
	if (!err && !folio_test(f, FOLIO_UPTODATE)) {
		/* One block a folio: its size is the folio's. */
		bs = min(bs, folio_size(f));
		first = from & ~(bs - 1);
		last = (to - 1) & ~(bs - 1);
		err = prepare_block(f, b, first, bs, from, to, m, size, nowait);
		if (!err && last != first)
			err = prepare_block(f, b, last, bs, from, to, m, size, nowait);
	}
	if (err) {
		folio_unlock(f);
		folio_put(f);
		return ERR_PTR(err);
	}
	return f;
}

void iomap_write_done(struct inode *inode, struct folio *f, u64 pos, u64 n)
{
	struct folio_blocks *b = folio_private(f);
	u64 off = pos - folio_pos(f);

	folio_blocks_uptodate(f, b, off, n);
	folio_blocks_dirty(b, off, n);
	(void)filemap_dirty_folio(inode->mapping, f);
}

/* Up to len bytes at pos, within one folio: bytes taken; 0: nothing came, *short_copy says how far it got. */
static ssize_t write_piece(struct inode *inode, u64 pos, u64 len, struct iov_iter *from, const struct iomap *m,
			   bool nowait, size_t *short_copy)
{
	struct folio *f = iomap_write_begin(inode, pos, len, m, nowait);
	size_t got, n;
	u64 off;

	if (IS_ERR(f))
		return PTR_ERR(f);
	off = pos - folio_pos(f);
	n = min(len, folio_size(f) - off);
	got = copy_folio_from_iter_nofault(f, off, n, from);
	*short_copy = got;
	/* Blocks that were to be overwritten whole were not read: all or nothing. */
	if (unlikely(got < n) && !folio_test(f, FOLIO_UPTODATE)) {
		iov_iter_revert(from, got);
		got = 0;
	}
	if (got) {
		iomap_write_done(inode, f, pos, got);
		if (pos + got > (u64)inode_size(inode)) {
			/* Under the folio lock: write-back must see the new size. */
			inode_set_size(inode, (loff_t)(pos + got));
			inode_mark_dirty(inode);
		}
		folio_mark_accessed(f);
	}
	folio_unlock(f);
	folio_put(f);
	return (ssize_t)got;
}

/* The source lies in memory that must be brought in first. */
static int fault_in(const struct iov_iter *from, u64 n, size_t short_copy)
{
	if (short_copy)
		return 0;
	if (iov_iter_fault_in_readable(from, min_t(size_t, n, iov_iter_count(from))) == n)
		return -EFAULT;
	return 0;
}

/*
 * As much as one extent holds. Bytes written, or -errno if none. *limit: bytes at most; what could be copied
 * when the source had to be faulted in: then the extent is asked for anew, since a block that was fresh may
 * have been half filled, written and dropped meanwhile.
 */
static ssize_t write_extent(struct kiocb *k, struct iov_iter *from, const struct iomap *m, u64 *limit)
{
	struct inode *inode = k->file->mapping->host;
	bool nowait = k->flags & IOCB_NOWAIT;
	ssize_t done = 0, err = 0;
	u64 most = *limit;

	*limit = 0;
	while (iov_iter_count(from) && iomap_covers(m, (u64)k->pos)) {
		u64 len = min_t(u64, iov_iter_count(from), iomap_end_of(m) - (u64)k->pos);
		size_t copied = 0;
		ssize_t got;

		len = min_t(u64, len, PAGE_SIZE << FOLIO_MAX_ORDER);
		len = min(len, most);
		got = write_piece(inode, (u64)k->pos, len, from, m, nowait, &copied);
		if (unlikely(got <= 0)) {
			err = got;
			if (!err && signal_pending_state(TASK_KILLABLE))
				err = -EINTR;
			if (!err)
				err = fault_in(from, len, copied);
			if (!err)
				*limit = copied ? copied : PAGE_SIZE - PAGE_OFFSET_IN((u64)k->pos);
			break;
		}
		k->pos += got;
		done += got;
		if (!nowait)
			balance_dirty_pages(inode);
		if (need_resched())
			cond_resched();
		if (unlikely(signal_pending()) && signal_pending_state(TASK_KILLABLE)) {
			err = -EINTR;
			break;
		}
		if (most != ~0ul) {
			*limit = ~0ul;
			break;
		}
	}
	return done ? done : err;
}

/* The page that holds the old end may have been written behind it through a mapping: that must not show now. */
static void zero_old_tail(struct inode *inode, u64 size, u64 pos)
{
	struct folio *f;

	if (pos <= size || !PAGE_OFFSET_IN(size))
		return;
	f = filemap_lock_folio(inode->mapping, size >> PAGE_SHIFT);
	if (!f)
		return;
	folio_wait_bit(f, FOLIO_WRITEBACK);
	folio_zero_bytes(f, size - folio_pos(f), folio_size(f));
	folio_unlock(f);
	folio_put(f);
}

ssize_t iomap_file_write(struct kiocb *k, struct iov_iter *from, const struct iomap_ops *ops)
{
	struct inode *inode = k->file->mapping->host;
	u32 flags = IOMAP_WRITE | (k->flags & IOCB_NOWAIT ? IOMAP_NOWAIT : 0);
	u64 limit = ~0ul;
	ssize_t done = 0;

	zero_old_tail(inode, (u64)inode_size(inode), (u64)k->pos);
	while (iov_iter_count(from)) {
		u64 pos = (u64)k->pos, len = iov_iter_count(from);
		struct iomap m;
		ssize_t got;
		int err = iomap_begin(inode, pos, len, flags, ops, &m);

		if (err)
			return done ? done : err;
		got = write_extent(k, from, &m, &limit);
		err = iomap_finish(inode, pos, min(len, iomap_end_of(&m) - pos), got > 0 ? (u64)got : 0, flags, ops, &m);
		if (got < 0)
			return done ? done : got;
		done += got;
		if (err)
			return done ? done : err;
		if (!limit && iomap_covers(&m, (u64)k->pos))
			return done;		/* stopped inside the extent: a signal */
		limit = limit ? limit : ~0ul;
	}
	return done;
}

/* --- mappings --- */

int iomap_page_mkwrite(struct vm_fault_ctx *ctx, const struct iomap_ops *ops)
{
	struct folio *f = ctx->folio;
	struct inode *inode = folio_mapping(f)->host;
	u64 pos = folio_pos(f), size = (u64)inode_size(inode), at = ctx->page_nr << PAGE_SHIFT, end;
	struct folio_blocks *b;

	if (pos + at >= size)
		return -EFAULT;
	end = min(size - pos, at + PAGE_SIZE);
	b = folio_blocks_make(inode, f);
	if (IS_ERR(b))
		return PTR_ERR(b);
	for (u64 off = at; off < end;) {
		struct iomap m;
		u64 n;
		int err = iomap_begin(inode, pos + off, end - off, IOMAP_WRITE | IOMAP_FAULT, ops, &m);

		if (err)
			return err;
		n = min(end - off, iomap_end_of(&m) - (pos + off));
		err = iomap_finish(inode, pos + off, n, n, IOMAP_WRITE | IOMAP_FAULT, ops, &m);
		if (err)
			return err;
		off += n;
	}
	folio_blocks_dirty(b, at, end - at);
	(void)filemap_dirty_folio(folio_mapping(f), f);
	if (folio_mapping(f)->flags & MAPPING_STABLE_WRITES)
		folio_wait_bit(f, FOLIO_WRITEBACK);
	return 0;
}

/* --- zeroing --- */

/* Zero what is cached of [pos, pos + len): where nothing is on the device a folio may hold more than that. */
static void zero_cached(struct inode *inode, u64 pos, u64 len)
{
	u64 end = pos + len;

	while (pos < end) {
		struct folio *f = filemap_lock_folio(inode->mapping, pos >> PAGE_SHIFT);
		u64 n = min(end - pos, PAGE_SIZE - PAGE_OFFSET_IN(pos));

		if (f) {
			n = min(end - pos, folio_size(f) - (pos - folio_pos(f)));
			folio_wait_bit(f, FOLIO_WRITEBACK);
			folio_zero_bytes(f, pos - folio_pos(f), pos - folio_pos(f) + n);
			folio_unlock(f);
			folio_put(f);
		}
		pos += n;
	}
}

static int zero_extent(struct inode *inode, u64 pos, u64 len, const struct iomap *m)
{
	u64 end = pos + len;

	if (m->type == IOMAP_HOLE || m->type == IOMAP_UNWRITTEN) {
		zero_cached(inode, pos, len);
		return 0;
	}
	while (pos < end) {
		struct folio *f = iomap_write_begin(inode, pos, end - pos, m, false);
		u64 off, n;

		if (IS_ERR(f))
			return PTR_ERR(f);
		off = pos - folio_pos(f);
		n = min(end - pos, folio_size(f) - off);
		folio_wait_bit(f, FOLIO_WRITEBACK);
		folio_zero_bytes(f, off, off + n);
		iomap_write_done(inode, f, pos, n);
		folio_unlock(f);
		folio_put(f);
		pos += n;
		if (need_resched())
			cond_resched();
	}
	return 0;
}

int iomap_zero_range(struct inode *inode, loff_t start, u64 len, const struct iomap_ops *ops)
{
	u64 pos = (u64)start, end = pos + len;

	while (pos < end) {
		struct iomap m;
		u64 n;
		int e, err = iomap_begin(inode, pos, end - pos, IOMAP_ZERO, ops, &m);

		if (err)
			return err;
		n = min(end - pos, iomap_end_of(&m) - pos);
		err = zero_extent(inode, pos, n, &m);
		e = iomap_finish(inode, pos, n, err ? 0 : n, IOMAP_ZERO, ops, &m);
		err = err ? err : e;
		if (err)
			return err;
		pos += n;
	}
	return 0;
}
