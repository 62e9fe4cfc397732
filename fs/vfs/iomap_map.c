/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Questions about where a file lies: SEEK_HOLE and SEEK_DATA, FS_IOC_FIEMAP, FIBMAP, the extents of a swap
 * file. They change nothing (IOMAP_REPORT). Space that is preallocated but not written counts as a hole,
 * but for what the page cache has of it.
 */
#include "internal.h"
#include "iomap_internal.h"
#include <uapi/linux/fiemap.h>

typedef int (*extent_fn)(void *arg, const struct iomap *m);

/* fn for each extent of [pos, end); it stops by 1 or -errno. */
static int walk(struct inode *inode, u64 pos, u64 end, const struct iomap_ops *ops, extent_fn fn, void *arg)
{
	while (pos < end) {
		struct iomap m;
		int err = iomap_begin(inode, pos, end - pos, IOMAP_REPORT, ops, &m);

		if (err)
			return err;
		err = fn(arg, &m);
		(void)iomap_finish(inode, pos, end - pos, 0, IOMAP_REPORT, ops, &m);
		if (err)
			return err;
		if (signal_pending() && signal_pending_state(TASK_KILLABLE))
			return -EINTR;
		pos = iomap_end_of(&m);
	}
	return 0;
}

/* --- SEEK_HOLE, SEEK_DATA --- */

struct seek {
	struct inode *inode;
	u64 pos;			/* where to begin, then the answer */
	u64 size;
	bool data;
};

/* In unwritten space: the first byte from pos on that the cache has, or has not, before end. */
static u64 seek_cached(struct mapping *m, u64 pos, u64 end, bool data)
{
	while (pos < end) {
		struct folio *f = filemap_get(m, pos >> PAGE_SHIFT);
		bool here = f && (folio_test(f, FOLIO_DIRTY) || folio_test(f, FOLIO_WRITEBACK));
		u64 next = f ? folio_pos(f) + folio_size(f) : (pos | ~PAGE_MASK) + 1;

		if (f)
			folio_put(f);
		if (here == data)
			return pos;
		pos = next;
	}
	return end;
}

static int seek_step(void *arg, const struct iomap *m)
{
	struct seek *s = arg;
	u64 from = max(s->pos, m->offset), end = min(iomap_end_of(m), s->size);

	if (m->type == IOMAP_UNWRITTEN) {
		s->pos = seek_cached(s->inode->mapping, from, end, s->data);
		return s->pos < end;
	}
	if ((m->type == IOMAP_HOLE) == !s->data) {
		s->pos = from;
		return 1;
	}
	s->pos = end;
	return 0;
}

static loff_t seek_do(struct inode *inode, loff_t pos, const struct iomap_ops *ops, bool data)
{
	u64 size = (u64)inode_size(inode);
	struct seek s = { .inode = inode, .pos = (u64)pos, .size = size, .data = data };
	int err;

	if (pos < 0 || (u64)pos >= size)
		return -ENXIO;
	err = walk(inode, s.pos, size, ops, seek_step, &s);
	if (err < 0)
		return err;
	if (err)
		return (loff_t)s.pos;
	return data ? -ENXIO : (loff_t)size;
}

loff_t iomap_seek_hole(struct inode *inode, loff_t pos, const struct iomap_ops *ops)
{
	return seek_do(inode, pos, ops, false);
}

loff_t iomap_seek_data(struct inode *inode, loff_t pos, const struct iomap_ops *ops)
{
	return seek_do(inode, pos, ops, true);
}

/* --- FIEMAP --- */

struct fiemap_walk {
	uaddr_t out;			/* of the extent array */
	u64 start, end;
	u32 max, nr;			/* 0: only count */
	struct fiemap_extent held;	/* not told yet: it may be the last */
	bool have;
};

static int fiemap_tell(struct fiemap_walk *w, bool last)
{
	if (!w->have)
		return 0;
	if (w->max && w->nr >= w->max)
		return 1;
	if (last)
		w->held.fe_flags |= FIEMAP_EXTENT_LAST;
	if (w->max && copy_out_bytes(uaddr(w->out.v + w->nr * sizeof(w->held)), &w->held, sizeof(w->held)))
		return -EFAULT;
	w->nr++;
	w->have = false;
	return 0;
}

static int fiemap_step(void *arg, const struct iomap *m)
{
	struct fiemap_walk *w = arg;
	int err;

	if (m->type == IOMAP_HOLE)
		return 0;
	err = fiemap_tell(w, false);
	if (err)
		return err;
	if (m->offset >= w->end)
		return 1;
	w->held = (struct fiemap_extent){
		.fe_logical = m->offset, .fe_length = m->length,
		.fe_physical = m->type == IOMAP_DELALLOC ? 0 : m->addr,
	};
	if (m->type == IOMAP_DELALLOC)
		w->held.fe_flags = FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC;
	else if (m->type == IOMAP_UNWRITTEN)
		w->held.fe_flags = FIEMAP_EXTENT_UNWRITTEN;
	w->have = true;
	return 0;
}

long iomap_fiemap(struct file *f, u64 arg, const struct iomap_ops *ops)
{
	struct inode *inode = f->inode;
	struct fiemap head;
	struct fiemap_walk w;
	u64 size;
	int err;

	if (copy_in_bytes(&head, uaddr(arg), sizeof(head)))
		return -EFAULT;
	if (head.fm_extent_count > ((u32)~0 - sizeof(head)) / sizeof(struct fiemap_extent))
		return -EINVAL;
	if (!head.fm_length)
		return -EINVAL;
	if (head.fm_start >= inode->sb->maxbytes)
		return -EFBIG;
	if (head.fm_flags & ~FIEMAP_FLAG_SYNC) {
		head.fm_flags &= ~FIEMAP_FLAG_SYNC;
		return copy_out_bytes(uaddr(arg), &head, sizeof(head)) ? -EFAULT : -EBADR;
	}
	if (head.fm_flags & FIEMAP_FLAG_SYNC) {
		err = filemap_write_and_wait(f->mapping, 0, LOFF_MAX);
		if (err)
			return err;
	}
	w = (struct fiemap_walk){
		.out = uaddr(arg + sizeof(head)), .start = head.fm_start, .max = head.fm_extent_count,
	};
	w.end = head.fm_start + min_t(u64, head.fm_length, ~head.fm_start);
	inode_lock_shared(inode);
	size = ALIGN_UP((u64)inode_size(inode), 1ul << inode->blkbits);
	/* One past the end asked for: whether the last one told is the file's last. */
	err = walk(inode, w.start, size, ops, fiemap_step, &w);
	inode_unlock_shared(inode);
	if (err >= 0) {
		int e = fiemap_tell(&w, err == 0);

		err = e < 0 ? e : 0;
	}
	if (err)
		return err;
	head.fm_mapped_extents = w.nr;
	return copy_out_bytes(uaddr(arg), &head, sizeof(head)) ? -EFAULT : 0;
}

/* --- FIBMAP --- */

u64 iomap_bmap(struct inode *inode, u64 block, const struct iomap_ops *ops)
{
	u64 pos = block << inode->blkbits, addr = 0;
	struct iomap m;

	if (pos >> inode->blkbits != block || pos >= (u64)inode_size(inode))
		return 0;
	(void)filemap_write_and_wait(inode->mapping, 0, LOFF_MAX);
	if (iomap_begin(inode, pos, 1ul << inode->blkbits, IOMAP_REPORT, ops, &m))
		return 0;
	if (m.type == IOMAP_MAPPED)
		addr = iomap_addr(&m, pos) >> inode->blkbits;
	(void)iomap_finish(inode, pos, 1ul << inode->blkbits, 0, IOMAP_REPORT, ops, &m);
	return addr;
}

/* --- swap files --- */

struct swap_walk {
	int (*fn)(void *arg, struct block_device *b, u64 first_page, u64 nr_pages, sector_t sector);
	void *arg;
	struct iomap run;		/* extents that continue each other, joined */
};

/* Whole pages of a run, which must lie on page borders of the file. */
static int swap_tell(struct swap_walk *w)
{
	u64 first = ALIGN_UP(w->run.offset, PAGE_SIZE), end = ALIGN_DOWN(iomap_end_of(&w->run), PAGE_SIZE);

	if (!w->run.length || first >= end)
		return 0;
	return w->fn(w->arg, w->run.bdev, first >> PAGE_SHIFT, (end - first) >> PAGE_SHIFT,
		     iomap_addr(&w->run, first) >> SECTOR_SHIFT);
}

static int swap_step(void *arg, const struct iomap *m)
{
	struct swap_walk *w = arg;
	int err;

	if (m->type != IOMAP_MAPPED && m->type != IOMAP_UNWRITTEN)
		return -EINVAL;
	if (w->run.length && w->run.bdev == m->bdev && w->run.addr + w->run.length == m->addr) {
		w->run.length += m->length;
		return 0;
	}
	err = swap_tell(w);
	w->run = *m;
	return err;
}

int iomap_swap_extents(struct inode *inode, const struct iomap_ops *ops,
	int (*fn)(void *arg, struct block_device *b, u64 first_page, u64 nr_pages, sector_t sector), void *arg)
{
	struct swap_walk w = { .fn = fn, .arg = arg };
	int err = filemap_write_and_wait(inode->mapping, 0, LOFF_MAX);

	if (!err)
		err = walk(inode, 0, ALIGN_DOWN((u64)inode_size(inode), PAGE_SIZE), ops, swap_step, &w);
	return err ? err : swap_tell(&w);
}
